"""Lives of cases in three towns, one step after the other, and what a plain recount of their rows finds.

The towns A, B and C are four columns of squares wide; from 15 October 2026 on the fifth belongs to A too. Quarters are
the southern and the northern half of each town, with their names: A1, A2 and so on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from numpy.random import Generator
from sqlalchemy import insert, text, update
from sqlalchemy.orm import Session

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cases.measures import Dimension, Measure
from gridmgmt.cases.models import Case
from gridmgmt.cases.rules import CaseState
from gridmgmt.casework.facts import CaseFacts, columns_of
from gridmgmt.casework.machine import LogEntry
from gridmgmt.casework.replay import replay
from gridmgmt.clock import LOCAL_ZONE, local_date
from gridmgmt.demo.stories import SOURCES, Earlier, begun, reported_at
from gridmgmt.indicators.rules import Tally
from tests.support.casework import CALENDAR, CATALOGUE, COVER, INVESTMENT, STALL
from tests.support.division import block, draw, spot
from tests.support.drafts import take_into_force

DISTRICT = "310113"
WIDTH, OUTSIDE = 12.0, 12.6
MOVED_ON = date(2026, 10, 15)
END = datetime(2026, 10, 31, 18, tzinfo=LOCAL_ZONE)
DAYS = 28
TOWNS = {"A": (0.0, 4.0), "B": (4.0, 8.0), "C": (8.0, 12.0)}
TOWNS_LATER = TOWNS | {"A": (0.0, 5.0), "B": (5.0, 8.0)}

_BORN = (
    "kind", "type", "source", "reported_at", "component_code", "cell_code", "quarter_code", "middle_code", "town_code",
    "district_code", "post_code",
)  # fmt: skip


def divide(session: Session) -> None:
    """Put the district, its towns and quarters in force, and later the other border."""
    first = date(2020, 1, 1)
    edges = {f"{code}{half + 1}": (west, 6 * half, east) for code, (west, east) in TOWNS.items() for half in (0, 1)}
    layers = {
        AreaLevel.DISTRICT: {DISTRICT: block(0, 0, WIDTH, 12)},
        AreaLevel.TOWN: {code: block(west, 0, east, 12) for code, (west, east) in TOWNS.items()},
        AreaLevel.RESIDENTIAL_QUARTER: {
            code: block(west, south, east, south + 6) for code, (west, south, east) in edges.items()
        },
    }
    for level, surfaces in layers.items():
        draw(session, level, first, surfaces, level)
        take_into_force(session, level)
    draw(session, "moved", MOVED_ON, {code: block(west, 0, east, 12) for code, (west, east) in TOWNS_LATER.items()})
    take_into_force(session, "moved")


def _holding(column: float, on: date) -> str | None:
    towns = TOWNS_LATER if on >= MOVED_ON else TOWNS
    return next((code for code, (west, east) in towns.items() if west <= column < east), None)


@dataclass(frozen=True)
class Step:
    """One entry of the log of one case."""

    at: datetime
    case: int
    place: tuple[float, float]
    facts: CaseFacts


def lives(rng: Generator, count: int) -> list[Step]:
    """Return the steps of all lives in the order of time."""
    steps: list[Step] = []
    last: dict[str, Earlier] = {}
    for number, at in enumerate(reported_at(rng, END, DAYS, count)):
        column, row = float(rng.uniform(0.0, OUTSIDE)), float(rng.uniform(0.0, 12.0))
        type_ = str(rng.choice([COVER, STALL, INVESTMENT], p=[0.5, 0.4, 0.1]))
        born = CaseFacts(
            CaseState.REPORTED, CATALOGUE.types[type_].kind, type_,
            str(rng.choice([str(each) for each in SOURCES], p=list(SOURCES.values()))), at,
            **_areas(column, row, local_date(at)),
        )  # fmt: skip
        story = begun(born, CALENDAR, CATALOGUE, END, rng).told(last.get(type_))
        if story.facts.duplicate_of is None:
            last[type_] = Earlier(number, f"C{number}", type_, None, at)
        steps += _steps(number, spot(column, row), story.entries)
    return sorted(steps, key=lambda step: step.at)


def _areas(column: float, row: float, on: date) -> dict[str, Any]:
    """Return the codes of a place; outside the towns there are none but sometimes a district."""
    town = _holding(column, on)
    if town is None:
        return {}
    by_column = _holding(column, date(2020, 1, 1))
    quarter = f"{by_column}{1 + int(row >= 6)}"
    post = f"P{quarter}" if column % 1 < 0.8 else None
    return {
        "district_code": DISTRICT, "town_code": town, "quarter_code": quarter, "post_code": post,
        "middle_code": f"{town}-U1" if row < 3 else None, "cell_code": f"{int(column):02}{int(row):02}",
    }  # fmt: skip


def _steps(number: int, place: tuple[float, float], entries: list[LogEntry]) -> Iterator[Step]:
    for length in range(1, len(entries) + 1):
        facts = replay(entries[:length])
        assert facts is not None
        yield Step(entries[length - 1].at, number, place, facts)


class Register:
    """Writes steps into the table of cases."""

    def __init__(self) -> None:
        self._ids: dict[int, int] = {}

    def write(self, session: Session, step: Step) -> None:
        """Write what one step has made of its case."""
        master = step.facts.duplicate_of
        facts = replace(step.facts, duplicate_of=None if master is None else self._ids[master])
        values = {**columns_of(facts), "updated_at": step.at}
        if (case_id := self._ids.get(step.case)) is not None:
            session.execute(update(Case).where(Case.case_id == case_id).values(values))
            return
        values |= {name: getattr(facts, name) for name in _BORN}
        lon, lat = step.place
        values |= {"case_no": f"C{step.case:05}", "geom": f"SRID=4326;POINT({lon!r} {lat!r})"}
        self._ids[step.case] = session.scalars(insert(Case).values(values).returning(Case.case_id)).one()


CODES = {
    None: "NULL",
    Dimension.DISTRICT: "district_code",
    Dimension.TOWN: "town_code",
    Dimension.MIDDLE: "middle_code",
    Dimension.QUARTER: "quarter_code",
    Dimension.CELL: "cell_code",
    Dimension.DEPARTMENT: "department_code",
    Dimension.MAJOR: "substr(type, 1, 2)",
    Dimension.TYPE: "type",
    Dimension.SOURCE: "source",
    Dimension.KIND: "kind",
    Dimension.POST: "post_code",
}
TOWN_LATER = (
    "CASE WHEN ST_X(geom) < 121.405 THEN 'A' WHEN ST_X(geom) < 121.408 THEN 'B' WHEN ST_X(geom) < 121.412 THEN 'C' END"
)
"""The town that holds a case from 15 October on, by its longitude."""

RECOUNT = """
WITH dated AS (
    SELECT *,
           (reported_at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN :first AND :last AS r,
           (accepted_at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN :first AND :last AS a,
           (registered_at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN :first AND :last AS g,
           (dispatched_at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN :first AND :last AS d,
           (handled_at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN :first AND :last AS h,
           (closed_at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN :first AND :last AS c,
           (due_at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN :first AND :last AND due_at <= :now
               AND state NOT IN ('voided', 'duplicate', 'rejected') AND paused_at IS NULL AS u
    FROM cases
)
SELECT {code} AS code,
       count(*) FILTER (WHERE r),
       count(*) FILTER (WHERE r AND state = 'rejected'),
       count(*) FILTER (WHERE r AND state = 'voided'),
       count(*) FILTER (WHERE r AND state = 'duplicate'),
       count(*) FILTER (WHERE a),
       count(*) FILTER (WHERE a AND registered_at IS NOT NULL),
       count(*) FILTER (WHERE g),
       count(*) FILTER (WHERE g AND extension_count > 0),
       count(*) FILTER (WHERE d),
       count(*) FILTER (WHERE d AND send_back_count = 0),
       count(*) FILTER (WHERE h),
       count(*) FILTER (WHERE h AND rework_count > 0),
       count(*) FILTER (WHERE c AND state = 'closed'),
       count(*) FILTER (WHERE c AND state = 'closed' AND dispatched_at IS NULL AND edition_id IS NULL),
       count(*) FILTER (WHERE c AND state = 'closed' AND forced),
       count(*) FILTER (WHERE u),
       count(*) FILTER (WHERE u AND state = 'closed'),
       count(*) FILTER (WHERE u AND state = 'closed' AND closed_at <= due_at),
       count(*) FILTER (WHERE u AND dispatched_at IS NOT NULL),
       count(*) FILTER (
           WHERE u AND dispatched_at IS NOT NULL AND (
               handled_at <= due_at OR (handled_at IS NULL AND state = 'closed' AND closed_at <= due_at)
           )
       ),
       count(*) FILTER (WHERE c AND satisfied IS NOT NULL),
       count(*) FILTER (WHERE c AND satisfied),
       coalesce(sum(round(extract(epoch FROM handled_at - dispatched_at))) FILTER (WHERE h), 0),
       count(*) FILTER (WHERE h AND dispatched_at IS NOT NULL)
FROM dated
WHERE (r OR a OR g OR d OR h OR c OR u) AND {met}
GROUP BY 1
"""


def recount(
    session: Session, code: str, period: tuple[date, date], now: datetime, met: str = "true"
) -> dict[str | None, Tally]:
    """Return the tallies that one plain statement over the cases finds, by the codes of an expression."""
    values = {"first": period[0], "last": period[1], "now": now}
    rows = session.execute(text(RECOUNT.format(code=code, met=met)), values).all()
    found = {}
    for told, *numbers in rows:
        *counts, handling_s, handling_n = map(int, numbers)
        found[told] = Tally(dict(zip(Measure, counts, strict=True)), handling_s, handling_n)
    return {told: tally for told, tally in found.items() if any(tally.counts.values())}


def between(rng: Generator, now: datetime) -> tuple[date, date]:
    """Return a period at random, about the days of the lives and up to some days from now."""
    first = local_date(END) - timedelta(days=int(rng.integers(0, DAYS + 5)))
    return first, first + timedelta(days=int(rng.integers(0, 20)))
