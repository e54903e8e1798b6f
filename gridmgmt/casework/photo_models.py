"""Photos, which of them belong to which case, and, apart from everything else, whoever reported a case."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.areas.models import one_of
from gridmgmt.db import Base

Moment = DateTime(timezone=True)


class PhotoKind(StrEnum):
    """What a photo of a case shows."""

    NEAR = "near"
    """The thing itself."""
    FAR = "far"
    """Where it is, with its surroundings."""
    BEFORE = "before"
    """As found by whoever came to handle it."""
    AFTER = "after"
    """As left."""


class Photo(Base):
    """A photo in the folder of photos, named by what it holds."""

    __tablename__ = "photos"
    __table_args__ = (
        CheckConstraint("photo ~ '^[0-9a-f]{64}$'", name="photo_sha256"),
        Index("ix_photos_uploaded_at", "uploaded_at"),
    )

    photo: Mapped[str] = mapped_column(primary_key=True)
    """SHA-256 of the file that is kept."""
    width_px: Mapped[int]
    height_px: Mapped[int]
    bytes: Mapped[int]
    uploaded_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())
    """When it was last given; one that belongs to no case is kept for some time from then."""


class CasePhoto(Base):
    """A photo of a case, with who added it when; not in the log of moves, since it changes nothing of the case."""

    __tablename__ = "case_photos"
    __table_args__ = (
        CheckConstraint(one_of("kind", PhotoKind), name="kind_known"),
        Index("ix_case_photos_photo", "photo"),
    )

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.case_id"), primary_key=True)
    photo: Mapped[str] = mapped_column(ForeignKey("photos.photo"), primary_key=True)
    kind: Mapped[str]
    at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())
    actor: Mapped[str]
    """Name of the account; never of whoever reported the case."""


class CaseReporter(Base):
    """How to reach whoever reported a case. Read by nothing but :mod:`gridmgmt.casework.reporters`."""

    __tablename__ = "case_reporters"
    __table_args__ = (CheckConstraint("num_nonnulls(name, phone, email) > 0", name="reachable"),)

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.case_id"), primary_key=True)
    name: Mapped[str | None]
    phone: Mapped[str | None]
    email: Mapped[str | None]
    wants_notice: Mapped[bool] = mapped_column(server_default=text("true"))
    """Of what becomes of the case."""
    consented_at: Mapped[datetime] = mapped_column(Moment)
    """When they agreed to this being kept."""
