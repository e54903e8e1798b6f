"""What cells leave as it is: the answers of coverage runs, which have no figures of cells and do not age by them."""

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.coverage.queries import areas_reported, input_editions
from gridmgmt.db import Session
from gridmgmt.editions.rules import Subject
from gridmgmt.editions.service import open_draft
from tests.support.cells_example import DAY, NEXT_DAY, ONE, block, described, load_quarters, store
from tests.support.drafts import take_into_force


def test_an_edition_of_cells_is_no_input_of_a_run(session: Session) -> None:
    load_quarters(session)
    before = input_editions(session, NEXT_DAY, [])
    draft = open_draft(session, described(Subject.AREAS, "cells"))
    store(session, draft, AreaLevel.GRID_CELL, {f"{ONE}001": ("001", block(0, 0, 2, 2))})
    take_into_force(session, "cells")
    assert input_editions(session, NEXT_DAY, []) == before
    levels = areas_reported(session, DAY, None)["level"]
    assert set(levels) == {"district", "town", "residential_quarter"}
    assert set(areas_reported(session, DAY, ONE)["code"]) == {ONE}
    assert set(areas_reported(session, DAY, f"{ONE}001")["code"]) == {f"{ONE}001"}
