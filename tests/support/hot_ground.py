"""A town of twelve by twelve cells of 100 m, in four quarters, with cases to count by hand.

In hundreds of metres from the corner of `tests.support.cells_example`. Cells are numbered in rows from the south,
each row from west to east; a case stands in the middle of its cell unless it is said otherwise.
"""

from collections.abc import Iterable
from datetime import date

import shapely
from sqlalchemy import text

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.db import Session
from gridmgmt.editions.rules import Subject
from gridmgmt.editions.service import open_draft
from tests.support.cells_example import TOWN, block, degrees, described, store
from tests.support.drafts import take_into_force

SIDE = 12
FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)


def cell(column: int, row: int) -> str:
    """Return the code of a cell."""
    return f"{TOWN}{1 + column // 6 + 2 * (row // 6):03}{row:02}{column:02}"


def load_ground(session: Session, on: date = date(2020, 1, 1)) -> None:
    """Put town, quarters and cells in force from a day."""
    draft = open_draft(session, described(Subject.AREAS, "2020", on))
    whole = block(0, 0, SIDE, SIDE)
    store(session, draft, AreaLevel.DISTRICT, {"310113": ("宝山区", whole)})
    store(session, draft, AreaLevel.TOWN, {TOWN: ("顾村镇", whole)})
    quarters = {
        f"{TOWN}{1 + x + 2 * y:03}": (f"菊{1 + x + 2 * y}", block(6 * x, 6 * y, 6 * x + 6, 6 * y + 6))
        for x in range(2)
        for y in range(2)
    }
    store(session, draft, AreaLevel.RESIDENTIAL_QUARTER, quarters)
    squares = {cell(x, y): (cell(x, y), block(x, y, x + 1, y + 1)) for x in range(SIDE) for y in range(SIDE)}
    store(session, draft, AreaLevel.GRID_CELL, squares)
    take_into_force(session, "2020")


def add_cases(session: Session, places: Iterable[tuple[float, float]], **values: object) -> None:
    """Store cases at places in columns and rows, in the cell that holds each, with these values in common."""
    rows = []
    for x, y in places:
        point = degrees(shapely.Point(x, y))
        code = cell(int(x), int(y)) if 0 <= x < SIDE and 0 <= y < SIDE else None
        rows.append({**CASE, "cell": code, "lon": point.x, "lat": point.y, **values})
    session.execute(ADD, rows)


CASE = {
    "kind": "event", "type": "0101", "state": "closed", "flags": [], "address": None,
    "reported_at": "2026-06-01T08:00:00+08:00",
}  # fmt: skip
ADD = text(
    "INSERT INTO cases (case_no, kind, type, state, flags, address, reported_at, cell_code, quarter_code, town_code,"
    " geom) SELECT 'H' || nextval(pg_get_serial_sequence('cases', 'case_id')), :kind, :type, :state, :flags, :address,"
    " CAST(:reported_at AS timestamptz), CAST(:cell AS text), left(:cell, 12), left(:cell, 9),"
    " ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)"
)
