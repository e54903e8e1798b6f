"""Official codes by edition."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.db import Base


class OfficialCode(Base):
    """One unit as an edition of the table has it, by its code in the shortest form.

    The parent is named, not linked: its own row may stand in another edition, or in none.
    """

    __tablename__ = "official_codes"
    __table_args__ = (
        CheckConstraint("code ~ '^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})$'", name="code_digits"),
        CheckConstraint("(parent_code IS NULL) = (length(code) = 2)", name="parent_of_all_but_provinces"),
        Index("ix_official_codes_parent_code", "parent_code"),
    )

    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.edition_id"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    parent_code: Mapped[str | None]
