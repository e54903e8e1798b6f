"""Norm sets with editions, and how many questions were asked on a day."""

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gridmgmt.db import Base


class NormSet(Base):
    """One edition of a set of norms, in force from ``valid_from`` until a later one of its name begins."""

    __tablename__ = "norm_sets"
    __table_args__ = (UniqueConstraint("name", "edition"), UniqueConstraint("name", "valid_from"))

    norm_set_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    name: Mapped[str]
    edition: Mapped[str]
    title: Mapped[str]
    """What people call it, as its source writes it."""
    valid_from: Mapped[date]
    norms: Mapped[list["NormRow"]] = relationship(order_by="NormRow.norm_no", lazy="raise")


class NormRow(Base):
    """One bound: see :class:`gridmgmt.placeability.rules.Norm`."""

    __tablename__ = "norms"
    __table_args__ = (
        CheckConstraint("least IS NOT NULL OR most IS NOT NULL", name="bounded"),
        CheckConstraint("least > '-Infinity' AND least < 'Infinity'", name="least_finite"),
        CheckConstraint("most > '-Infinity' AND most < 'Infinity'", name="most_finite"),
        CheckConstraint("least <= most", name="least_below_most"),
        CheckConstraint("severity IN ('warn', 'fail')", name="severity_known"),
    )

    norm_set_id: Mapped[int] = mapped_column(ForeignKey("norm_sets.norm_set_id", ondelete="CASCADE"), primary_key=True)
    norm_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    item: Mapped[str]
    types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """The types of points that it speaks of; empty for all."""
    least: Mapped[float | None]
    most: Mapped[float | None]
    severity: Mapped[str]
    evidence: Mapped[str]
    source: Mapped[str]


class PlaceQuestions(Base):
    """How many questions those without exact results asked on a day: of an account, or of all others together (0).

    Nothing is kept of what they asked about.
    """

    __tablename__ = "place_questions"
    __table_args__ = (CheckConstraint("questions > 0", name="questions_positive"),)

    asked_on: Mapped[date] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    questions: Mapped[int]
