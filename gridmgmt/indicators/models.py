"""What has been counted of each case, the tallies by day that it went into, and the cases that wait to be counted."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Double, Index, Integer, String, Table, text

from gridmgmt.cases.counting import DAYS
from gridmgmt.cases.measures import Dimension, Measure
from gridmgmt.db import Base


def _number(name: str, kind: type[Integer] = Integer) -> Column[int]:
    return Column(name, kind, nullable=False, server_default=text("0"))


UNTALLIED = Table("untallied_cases", Base.metadata, Column("case_id", BigInteger, nullable=False))
"""Cases that have changed since they were counted, once for each change.

The database's own triggers write it with the change. Nothing in it is unique, so that no writer waits for another.
"""

COUNTED = Table(
    "counted_cases",
    Base.metadata,
    Column("case_id", BigInteger, primary_key=True, autoincrement=False),
    *(Column(dimension, String, nullable=False) for dimension in Dimension),
    *(Column(day, Date) for day in DAYS),
    Column("flags", Integer, nullable=False),
    Column("handling_s", BigInteger),
    Column("lon", Double, nullable=False),
    Column("lat", Double, nullable=False),
    *(Index(f"ix_counted_cases_{day}", day) for day in DAYS),
)
"""One row for each case as it was last counted: its codes (empty for none), its local days, of each measure in its
order one bit, set where the measure counts it on the day of the measure's moment, and where it lies (WGS 84)."""

EVERYWHERE = (Dimension.TYPE,)
"""What is tallied for all towns together too: of what has many codes; a class is told by its types."""

BY_TOWN = (
    Dimension.MIDDLE, Dimension.QUARTER, Dimension.POST, Dimension.DEPARTMENT, Dimension.TYPE, Dimension.SOURCE,
    Dimension.KIND,
)  # fmt: skip
"""What is tallied town by town."""

TALLIES = Table(
    "day_tallies",
    Base.metadata,
    Column("dimension", String, primary_key=True),
    Column("by_town", Boolean, primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),
    Column("district", String, primary_key=True),
    Column("town", String, primary_key=True),
    Column("code", String, primary_key=True),
    *(_number(measure) for measure in Measure),
    _number("handling_s", BigInteger),
    _number("handling_n"),
)
"""How many cases each measure counts on a day, by the codes of a dimension; ``by_town`` rows tell towns apart too, in
the others district and town are empty."""
