"""What a request of GeoReport v2 says that a case has no place for."""

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.db import Base


class RequestMedia(Base):
    """The address of a picture or the like that whoever made a request named; never fetched from here."""

    __tablename__ = "open311_media"
    __table_args__ = (CheckConstraint("url ~* '^https?://' AND length(url) <= 2000", name="url_known"),)

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.case_id"), primary_key=True)
    url: Mapped[str]
