"""A town of six by two square cells in two quarters, with posts, to put responsibility grids on.

::

    row 2  +----+----+----+----+----+----+    cells of 0.001° by 0.001°, some 95 m by 111 m
           | 01 | 02 | 03 | 01 | 02 | 03 |    quarter 001 in the west, 002 in the east
    row 1  +----+----+----+----+----+----+
           | 04 | 05 | 06 | 04 | 05 | 06 |
           +----+----+----+----+----+----+
           0    1    2    3    4    5    6
"""

from datetime import date

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.db import Session
from gridmgmt.editions.service import open_draft
from gridmgmt.responsibility import service
from gridmgmt.responsibility.rules import NewGrid, NewPost
from tests.support.actors import TESTER
from tests.support.division import block
from tests.support.drafts import take_into_force
from tests.support.paper_district import Drawn, add_areas, described

FIRST = date(2015, 1, 1)
DAY = date(2026, 1, 5)
"""A Monday."""
LATER = date(2026, 3, 1)
TOWN, WEST, EAST = "310113008", "310113008001", "310113008002"
INSPECTION = "inspection"
OFFICE = {"mon-fri": ["08:30-17:30"]}


def cell(column: int, row: int) -> str:
    """The code of a cell; columns from 0 in the west, row 1 in the north, 0 in the south."""
    quarter, first = (WEST, 1) if column < 3 else (EAST, 1)
    return f"{quarter}{first + column % 3 + (0 if row else 3):03d}"


CELLS: Drawn = {
    cell(column, row): ("网格", block(column, row, column + 1, row + 1)) for row in (0, 1) for column in range(6)
}
WESTERN = frozenset(cell(column, row) for column in range(3) for row in (0, 1))
EASTERN = frozenset(CELLS) - WESTERN


def build(session: Session) -> None:
    """Put the town in force from 2015, with four posts of inspection and one of the police."""
    draft = open_draft(session, described("2015", FIRST))
    add_areas(session, draft, AreaLevel.DISTRICT, {"310113": ("宝山区", block(0, 0, 6, 2))})
    add_areas(session, draft, AreaLevel.TOWN, {TOWN: ("张庙街道", block(0, 0, 6, 2))})
    quarters = {WEST: ("西", block(0, 0, 3, 2)), EAST: ("东", block(3, 0, 6, 2))}
    add_areas(session, draft, AreaLevel.RESIDENTIAL_QUARTER, quarters)
    add_areas(session, draft, AreaLevel.GRID_CELL, CELLS)
    take_into_force(session, "2015")
    for number in range(1, 5):
        service.define_post(session, TESTER, post(f"P{number}"))
    service.define_post(session, TESTER, post("J1", "police"))


def post(code: str, kind: str = INSPECTION) -> NewPost:
    return NewPost(code, f"巡查员岗 {code}", kind, "张庙街道城运中心", FIRST)


def grid(
    code: str, cells: frozenset[str], holder: str | None = "P1", backup: str | None = "P2", **changes: object
) -> NewGrid:
    values = {"name": f"网格 {code}", "kind": INSPECTION, "valid_from": DAY, "hours": OFFICE, **changes}
    return NewGrid(code=code, cells=cells, post=holder, backup=backup, **values)  # type: ignore[arg-type]


def halves(session: Session) -> None:
    """Create the grids W and E of the two quarters."""
    service.create_grid(session, TESTER, grid("W", WESTERN))
    service.create_grid(session, TESTER, grid("E", EASTERN, "P3", "P4"))
