"""What a data folder sets about working time."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.areas.models import one_of
from gridmgmt.calendars.rules import DayKind
from gridmgmt.db import Base


class CalendarDayRow(Base):
    """A day that is worked or not, whatever the week and the State Council say."""

    __tablename__ = "calendar_days"
    __table_args__ = (CheckConstraint(one_of("kind", DayKind), name="kind_known"),)

    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str | None]
    reason: Mapped[str | None]


class CalendarYear(Base):
    """A year whose holidays :class:`CalendarDayRow` holds in full."""

    __tablename__ = "calendar_years"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str]
    """The notice that announced them."""


class WorkHoursRow(Base):
    """The hours of a working day from a day on."""

    __tablename__ = "work_hours"
    __table_args__ = (CheckConstraint("cardinality(spans) > 0", name="spans_some"),)

    valid_from: Mapped[date] = mapped_column(primary_key=True)
    spans: Mapped[Sequence[str]] = mapped_column(ARRAY(String))
    """``08:30-12:00``, in order."""
    reason: Mapped[str | None]


class CalendarRevision(Base):
    """The one row that says by which tables time is told; drawn anew with every change, so that none comes twice."""

    __tablename__ = "calendar_revisions"
    __table_args__ = (CheckConstraint("only_row", name="only_row"),)

    only_row: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    revision: Mapped[UUID] = mapped_column(server_default=func.gen_random_uuid())
