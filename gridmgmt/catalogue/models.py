"""Editions of the catalogue and of the list of matters, each one row for all time."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import CheckConstraint, DateTime, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.areas.models import one_of
from gridmgmt.catalogue.matters import ListKind
from gridmgmt.db import Base

Content = Mapping[str, Sequence[Mapping[str, str]]]


class _Kept:
    """What is in force from a day until the next of its sort begins, and is never changed, which the database holds.

    Of several that begin on one day the one that was kept last counts.
    """

    name: Mapped[str]
    valid_from: Mapped[date]
    source: Mapped[str]
    content: Mapped[Content] = mapped_column(JSONB)
    """The tables as :mod:`gridmgmt.catalogue.tables` reads them."""
    content_sha256: Mapped[str]
    kept_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class CatalogueEdition(_Kept, Base):
    """One edition of the catalogue: classes, types, filing conditions, fields, bodies and departments."""

    __tablename__ = "catalogue_editions"
    __table_args__ = (Index("ix_catalogue_editions_valid_from", "valid_from", "edition_id"),)

    edition_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)


class MattersEdition(_Kept, Base):
    """One list of matters or of powers, with what became of those of the list of its kind before."""

    __tablename__ = "matters_editions"
    __table_args__ = (
        CheckConstraint(one_of("kind", ListKind), name="kind_known"),
        Index("ix_matters_editions_valid_from", "valid_from", "edition_id"),
    )

    edition_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    kind: Mapped[str] = mapped_column(server_default=text("'matters'"))
    """See :class:`gridmgmt.catalogue.matters.ListKind`."""
