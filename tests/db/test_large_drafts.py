"""What a draft of thousands of areas costs: counted in rows and statements, since times tell of the machine."""

from datetime import date

import pytest
import shapely
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from gridmgmt.areas import service as areas
from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import area_frame, in_force_on
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.editions.service import open_draft
from gridmgmt.frames import compiled_text
from tests.support.division import block, draw
from tests.support.drafts import take_into_force
from tests.support.paper_district import FIRST, SECOND, described

SIDE = 40
CELL = AreaLevel.GRID_CELL


def cells() -> dict[str, shapely.Geometry]:
    return {f"{x:02d}{y:02d}": block(x, y, x + 1, y + 1) for x in range(SIDE) for y in range(SIDE)}


@pytest.fixture
def grid(session) -> Session:
    """1,600 cells in force."""
    draw(session, "first", FIRST, cells(), CELL)
    take_into_force(session, "first")
    return session


def ids(session: Session, on: date) -> list[int]:
    return area_frame(session, on)["area_id"].astype(int).tolist()


def rows_handled(session: Session, statement) -> int:
    """How many rows all steps of a statement's plan pass on."""
    sql, values = compiled_text(statement)
    explained = session.connection().exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values).scalar_one()

    def passed_on(step) -> int:
        return step["Actual Rows"] * step["Actual Loops"] + sum(map(passed_on, step.get("Plans", ())))

    return passed_on(explained[0]["Plan"])


def test_a_draft_after_one_that_was_given_up_is_not_searched_row_by_row(grid) -> None:
    """What a rollback leaves is pages without rows, after which the planner takes the endings for none."""
    given_up = grid.begin_nested()
    areas.end(grid, open_draft(grid, described("given up", SECOND)), ids(grid, SECOND))
    given_up.rollback()
    grid.execute(text("ANALYZE area_endings"))
    draft = open_draft(grid, described("next", SECOND))
    areas.end(grid, draft, ids(grid, SECOND))
    for view in (draft.edition_id, None):
        handled = rows_handled(grid, select(Area.area_id).where(in_force_on(SECOND, view)))
        assert handled < 20 * SIDE**2
