"""Cells from a file: each in one quarter, with a code of the scheme; nothing is kept of a file with bad rows."""

import json
from pathlib import Path

import pytest
import shapely
from sqlalchemy import func, select

from gridmgmt.areas.models import Area
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.boundaries.queries import draft_named
from gridmgmt.cells import service
from gridmgmt.cells.queries import scheme_in_use
from gridmgmt.cells.review import check_cells
from gridmgmt.cells.rules import CELL_15
from gridmgmt.db import Session
from gridmgmt.errors import FileRefusedError, NotFoundError
from gridmgmt.file_kinds import CellsFile
from gridmgmt.imports import Outcome
from tests.support.actors import TESTER
from tests.support.cells_example import DAY, NEXT_DAY, ONE, TWO, block, load_quarters
from tests.support.drafts import take_into_force

WHOLE = {
    **{f"{ONE}{n:03d}": (n - 1, 0, n, 2) for n in (1, 2)},
    **{f"{TWO}{n:03d}": (n + 1, 0, n + 2, 2) for n in (1, 2)},
}
"""Each quarter in two halves."""


@pytest.fixture
def quarters(session: Session) -> Session:
    load_quarters(session)
    return session


def written(folder: Path, drawn: dict[str, tuple[float, float, float, float]]) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "name": code[-3:]},
            "geometry": json.loads(shapely.to_geojson(block(*corners))),
        }
        for code, corners in drawn.items()
    ]
    file = folder / "cells.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return file


def taken(session: Session, file: Path, **said: object) -> Outcome:
    kind = CellsFile(edition="files", valid_from=NEXT_DAY, datum="wgs84", **said)
    labels = kind.labels(file, today=DAY, synthetic=True)
    return kind.store(session, TESTER, kind.read(file, None), labels)


def refused(session: Session, file: Path) -> list[tuple[int | None, str, dict[str, object]]]:
    with pytest.raises(FileRefusedError) as found:
        taken(session, file)
    assert session.scalar(select(func.count()).where(Area.level == AreaLevel.GRID_CELL)) == 0
    return [(problem.row, problem.code, dict(problem.fields)) for problem in found.value.problems]


def test_good_cells_come_into_a_draft_and_are_checked(quarters, tmp_path) -> None:
    outcome = taken(quarters, written(tmp_path, WHOLE))
    assert (outcome.read, outcome.taken, outcome.refused) == (4, 4, 0)
    found = check_cells(quarters, DAY, edition=draft_named(quarters, "files"))
    assert (found.cells, found.codes) == (4, ())
    assert max(f.area_m2 for f in found.findings) < 0.1  # the drawing's edges are straight on the plane
    take_into_force(quarters, "files")
    assert check_cells(quarters, NEXT_DAY).cells == 4
    assert check_cells(quarters, DAY).cells == 0


def test_a_cell_across_two_quarters_is_refused_with_row_codes_and_m2(quarters, tmp_path) -> None:
    """From column 1.5 to 2.25: half of a column and a quarter of one, each 200 m high: 10,000 and 5,000 m²."""
    file = written(tmp_path, WHOLE | {f"{TWO}001": (1.5, 0, 2.25, 2)})
    ((row, code, fields),) = refused(quarters, file)
    assert (row, code) == (3, "cell_in_two_quarters")
    assert fields["value"] == f"{TWO}001"
    assert fields["shares"].startswith(f"{ONE} 10,00")
    assert f"{TWO} 5,00" in fields["shares"]


def test_other_bad_rows_have_their_reasons(quarters, tmp_path) -> None:
    drawn = {
        f"{ONE}01": (0, 0, 1, 1),
        f"{ONE}000": (1, 0, 2, 1),
        f"{TWO}009": (0, 1, 1, 2),
        f"{ONE}00x": (1, 1, 2, 2),
        f"{TWO}003": (8, 0, 9, 1),
        f"{TWO}004": (3, 0, 5, 1),
    }
    found = refused(quarters, written(tmp_path, drawn))
    assert [(row, code) for row, code, _ in found] == [
        (1, "cell_code_length"),
        (2, "cell_code_sequence"),
        (3, "cell_code_segment"),
        (4, "cell_code_digits"),
        (5, "cell_in_no_quarter"),
        (6, "cell_outside_quarter"),
    ]


def test_partly_taken_where_that_is_asked_for(quarters, tmp_path) -> None:
    file = written(tmp_path, WHOLE | {f"{TWO}001": (1.5, 0, 2.25, 2)})
    outcome = taken(quarters, file, partial=True)
    assert (outcome.read, outcome.taken, outcome.refused) == (4, 3, 1)
    found = check_cells(quarters, DAY, edition=draft_named(quarters, "files"))
    assert [f.type for f in found.findings if f.area_m2 > 10_000] == ["gap"]


def test_a_code_scheme_in_use_is_chosen(quarters, tmp_path) -> None:
    assert scheme_in_use(quarters) == CELL_15
    service.use_scheme(quarters, TESTER, "cell_16")
    assert {code for _, code, _ in refused(quarters, written(tmp_path, WHOLE))} == {"cell_code_length"}
    with pytest.raises(NotFoundError, match="cell_15"):
        service.use_scheme(quarters, TESTER, "cell_17")


def test_the_check_names_codes_that_are_not_of_the_scheme(quarters, tmp_path) -> None:
    taken(quarters, written(tmp_path, WHOLE))
    service.use_scheme(quarters, TESTER, "cell_16")
    found = check_cells(quarters, DAY, edition=draft_named(quarters, "files"))
    assert [problem.code for problem in found.codes] == ["cell_code_length"] * 4
