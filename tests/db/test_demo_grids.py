"""The demo's grids on a paper 张庙 and 菊泉 of square cells: whole, within quarters, covered, and made once."""

from datetime import date

import pytest
from sqlalchemy.orm import Session

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.demo import grids as demo
from gridmgmt.editions.service import open_draft
from gridmgmt.errors import NotFoundError
from gridmgmt.responsibility.cover import cover_check
from gridmgmt.responsibility.queries import grids, posts
from tests.support.actors import TESTER
from tests.support.division import block
from tests.support.drafts import take_into_force
from tests.support.paper_district import Drawn, add_areas, described

FIRST = date(2015, 1, 1)
ZHANGMIAO, GUCUN, JUQUAN = "310113008", "310113109", "310113109-U1"
QUARTERS = {f"{ZHANGMIAO}001": (0, 0, 6, 6), f"{ZHANGMIAO}002": (6, 0, 9, 6), f"{GUCUN}001": (0, 6, 9, 9)}


@pytest.fixture
def towns(session: Session) -> Session:
    """Quarters of 36, 18 and 27 cells."""
    draft = open_draft(session, described("2015", FIRST))
    add_areas(session, draft, AreaLevel.DISTRICT, {"310113": ("宝山区", block(0, 0, 9, 9))})
    surfaces: Drawn = {ZHANGMIAO: ("张庙街道", block(0, 0, 9, 6)), GUCUN: ("顾村镇", block(0, 6, 9, 9))}
    add_areas(session, draft, AreaLevel.TOWN, surfaces)
    add_areas(session, draft, AreaLevel.BASIC_MANAGEMENT_UNIT, {JUQUAN: ("菊泉新城", block(0, 6, 9, 9))})
    for quarter, (west, south, east, north) in QUARTERS.items():
        add_areas(session, draft, AreaLevel.RESIDENTIAL_QUARTER, {quarter: ("居", block(west, south, east, north))})
        places = [(x, y) for y in range(north - 1, south - 1, -1) for x in range(west, east)]
        cells = {f"{quarter}{n:03d}": ("网格", block(x, y, x + 1, y + 1)) for n, (x, y) in enumerate(places, 1)}
        add_areas(session, draft, AreaLevel.GRID_CELL, cells)
    take_into_force(session, "2015")
    return session


def test_grids_of_both_kinds_cover_both_areas_in_one_piece_each(towns: Session) -> None:
    """Of 36, 18 and 27 cells: 3, 2 and 2 grids of some 12 cells, and one of city management each."""
    assert demo.establish_grids(towns, TESTER, FIRST) == 10
    inspection = grids(towns, FIRST, kind="inspection")
    assert sorted(grid.code[:12] for grid in inspection) == sorted(
        [f"{ZHANGMIAO}001"] * 3 + [f"{ZHANGMIAO}002"] * 2 + [f"{GUCUN}001"] * 2
    )
    assert all(8 <= grid.cells <= 15 for grid in inspection)
    found = cover_check(towns, "inspection", FIRST)
    assert found.findings == 0
    city = cover_check(towns, "city_management", FIRST)
    assert (city.without_grid, city.in_pieces, city.without_post) == ((), (), ())
    assert len(posts(towns, FIRST)) == 10
    assert demo.establish_grids(towns, TESTER, FIRST) == 0, "once is enough"


def test_without_cells_there_is_nothing_to_do(session: Session) -> None:
    with pytest.raises(NotFoundError):
        demo.establish_grids(session, TESTER, FIRST)
