"""Workload of grids counted by hand, and proposals that share it more evenly."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import count

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from sqlalchemy.orm import Session

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.casework import registers
from gridmgmt.editions.rules import Counting, EditionDraft, Subject
from gridmgmt.editions.service import open_edition
from gridmgmt.errors import InputError, NotFoundError
from gridmgmt.frames import copy_columns
from gridmgmt.ingest.figures import FigureRows
from gridmgmt.population import service as population
from gridmgmt.population.models import RESIDENT_COLUMNS
from gridmgmt.responsibility import service
from gridmgmt.responsibility.cover import cover_check
from gridmgmt.responsibility.proposals import propose
from gridmgmt.responsibility.queries import grid_of_cell
from gridmgmt.responsibility.workload import Weights, workload
from gridmgmt.statistics.rules import Period
from gridmgmt.statistics.service import FigureLabels, record_figures
from tests.support import paper_grids
from tests.support.actors import TESTER
from tests.support.division import EXTENT, spot
from tests.support.paper_grids import CELLS, DAY, EASTERN, FIRST, INSPECTION, LATER, TOWN, WEST, WESTERN, cell, halves

GEOD = pyproj.Geod(ellps="WGS84")
CASES_ALONE = Weights(cases=1, residents_60_plus=0, street_m=0, area_m2=0)
numbers = count(1)


@pytest.fixture
def town(session: Session) -> Session:
    paper_grids.build(session)
    return session


def edition(session: Session, subject: Subject, **more: object):
    draft = EditionDraft(
        subject=subject, name=f"{subject}{next(numbers)}", source="paper", synthetic=True, datum="wgs84",
        content_sha256="00", valid_from=FIRST, extent=EXTENT, **more,
    )  # fmt: skip
    return open_edition(session, draft)[0]


def add_cases(session: Session, places: Sequence[tuple[float, float]], day: date = date(2025, 12, 1)) -> None:
    rows = len(places)
    frame = gpd.GeoDataFrame(
        {
            "case_no": [f"C{next(numbers)}" for _ in places], "kind": ["event"] * rows, "type": ["litter"] * rows,
            "state": ["closed"] * rows, "due_at": [None] * rows, "closed_at": [None] * rows,
            "reported_at": [datetime(day.year, day.month, day.day, 4, tzinfo=UTC)] * rows,
        },
        geometry=shapely.points([spot(*place) for place in places]), crs=4326,
    )  # fmt: skip
    registers.store(session, TESTER, edition(session, Subject.CASES), frame)


def add_residents(session: Session, counts: dict[tuple[float, float], float]) -> None:
    frame = gpd.GeoDataFrame(
        {
            "row": range(1, len(counts) + 1), "residents_60_plus": counts.values(),
            **dict.fromkeys(RESIDENT_COLUMNS, np.nan),
        },
        geometry=shapely.points([spot(*place) for place in counts]), crs=4326,
    )  # fmt: skip
    population.store(session, edition(session, Subject.POPULATION, counting=Counting.COUNTED), frame)


def add_streets(session: Session, lines: Sequence[Sequence[tuple[float, float]]]) -> None:
    geometry = np.array([shapely.LineString([spot(*at) for at in line]) for line in lines])
    copy_columns(
        session, "network_edges",
        {
            "edition_id": edition(session, Subject.NETWORK).edition_id, "edge_id": np.arange(len(lines)), "source": 0,
            "target": 1, "length_m": 1.0, "component": 0, "highway": "residential", "geom": geometry,
        },
    )  # fmt: skip


def metres(*line: tuple[float, float]) -> float:
    return GEOD.geometry_length(shapely.LineString([spot(*at) for at in line]))


def test_each_grid_has_what_lies_in_its_cells(town) -> None:
    """Three cases in the west, one in the east; the street along the border between them is half each one's."""
    halves(town)
    add_cases(town, [(0.5, 0.5), (1.5, 1.5), (2.5, 0.5), (4.5, 0.5), (9.5, 9.5)])
    add_cases(town, [(4.5, 1.5)], date(2024, 1, 1))
    add_residents(town, {(0.5, 0.5): 10.5, (5.5, 0.5): 20.0, (9.0, 9.0): 7.0})
    add_streets(town, [[(0.5, 1.5), (2.5, 1.5)], [(3, -1), (3, 2)], [(4.5, 0.5), (4.5, 4.5)]])
    found = workload(town, INSPECTION, DAY, period=Period(date(2025, 1, 1), date(2026, 1, 1)))
    east, west = found.grids
    assert (west.grid, west.cells, west.cases, west.residents_60_plus) == ("W", 6, 3.0, 10.5)
    assert (east.grid, east.cells, east.cases, east.residents_60_plus) == ("E", 6, 1.0, 20.0)
    border = metres((3, 0), (3, 2)) / 2
    # A piece of at most 11 m across the edge of the town falls to one side of it, half of one on the border of two.
    assert west.street_m == pytest.approx(metres((0.5, 1.5), (2.5, 1.5)) + border, abs=6)
    assert east.street_m == pytest.approx(metres((4.5, 0.5), (4.5, 2)) + border, abs=12)
    assert found.weights == pytest.approx({"cases": 0.4, "residents_60_plus": 0.3, "street_m": 0.2, "area_m2": 0.1})
    share = west.street_m / (west.street_m + east.street_m)
    by_hand = 0.4 * 3 / 4 + 0.3 * 10.5 / 30.5 + 0.2 * share + 0.1 / 2
    assert west.load == pytest.approx(by_hand, abs=1e-6)
    assert west.load + east.load == pytest.approx(1)
    assert found.balance["cases"].max_over_mean == 1.5
    assert (found.balance["cases"].gini, found.balance["cases"].variation) == (0.25, 0.5)
    assert (west.residents, found.unassigned) == (None, None)
    alone = workload(town, INSPECTION, DAY, area=WEST).grids
    assert [grid.grid for grid in alone] == ["W"]
    assert alone[0].street_m == pytest.approx(west.street_m), "the street on the border is half the neighbour's still"


def test_all_residents_are_told_where_a_figure_knows_each_cell(town) -> None:
    halves(town)
    codes = sorted(WESTERN)
    rows = FigureRows(np.arange(6), np.array(codes, dtype=object), np.arange(6) * 10.0, (), 6)
    labels = FigureLabels("residents", AreaLevel.GRID_CELL, counted_on=FIRST, areas_on=FIRST, source="census")
    record_figures(town, TESTER, rows, labels)
    east, west = workload(town, INSPECTION, DAY).grids
    assert (west.residents, east.residents) == (150.0, None)


def test_weights_of_what_is_unknown_go_to_the_others(town) -> None:
    halves(town)
    found = workload(town, INSPECTION, DAY)
    assert found.weights == {"cases": 0, "residents_60_plus": 0, "street_m": 0, "area_m2": 1}
    assert (found.grids[0].residents_60_plus, found.grids[0].street_m, found.balance["cases"]) == (None, None, None)
    for wrong in (
        {"cases": -1.0},
        {"cases": float("nan")},
        dict.fromkeys(("cases", "residents_60_plus", "street_m", "area_m2"), 0.0),
    ):
        with pytest.raises(InputError):
            Weights(**wrong)
    with pytest.raises(NotFoundError):
        workload(town, "fishing", DAY)


def test_cells_of_no_grid_stand_apart(town) -> None:
    service.create_grid(town, TESTER, paper_grids.grid("W", WESTERN))
    found = workload(town, INSPECTION, DAY)
    assert (len(found.grids), found.unassigned.cells) == (1, 6)
    assert found.grids[0].load + found.unassigned.load == pytest.approx(1)
    (west,) = workload(town, INSPECTION, DAY, area=WEST).grids
    assert west.load == pytest.approx(1)


def in_every_cell(counts: Sequence[int]) -> list[tuple[float, float]]:
    """So many cases in each cell, southern row first, from the west."""
    places = [(column + 0.5, row + 0.5) for row in (0, 1) for column in range(6)]
    return [place for place, number in zip(places, counts, strict=True) for _ in range(number)]


def test_a_proposal_is_even_whole_and_keeps_all(town) -> None:
    """Eight cases for each grid can be had: the west has 12 of 16, four of them in its column at the border."""
    halves(town)
    add_cases(town, in_every_cell([2, 2, 2, 1, 0, 1, 2, 2, 2, 1, 1, 0]))
    found = propose(town, INSPECTION, DAY, weights=CASES_ALONE)
    before, after = ({g.grid: g.cases for g in side.grids} for side in (found.before, found.after))
    assert (before, after) == ({"W": 12.0, "E": 4.0}, {"W": 8.0, "E": 8.0})
    assert (found.before.balance["load"].max_over_mean, found.after.balance["load"].max_over_mean) == (1.5, 1.0)
    assert {(move.before, move.after) for move in found.moves} == {("W", "E")}
    assert found.least_max_over_mean == 1.0
    few = propose(town, INSPECTION, DAY, weights=CASES_ALONE, most_moves=1)
    assert (len(few.moves), [grid.cases for grid in few.after.grids]) == (1, [6.0, 10.0])
    assert set(grid_of_cell(town, INSPECTION, DAY).values()) == {"W", "E"}, "nothing is stored"
    service.move_cells(town, TESTER, INSPECTION, found.wanted, LATER)
    assert cover_check(town, INSPECTION, LATER).findings == 0
    assert cover_check(town, INSPECTION, DAY).findings == 0
    (first, second) = workload(town, INSPECTION, LATER, weights=CASES_ALONE).grids
    assert (first.cases, second.cases) == (8.0, 8.0)


def test_no_grid_crosses_a_border_that_is_to_be_kept(town) -> None:
    halves(town)
    add_cases(town, in_every_cell([2, 2, 2, 1, 0, 1, 2, 2, 2, 1, 1, 0]))
    assert propose(town, INSPECTION, DAY, weights=CASES_ALONE, keep="residential_quarter").moves == ()


def test_a_proposal_takes_in_cells_of_no_grid(town) -> None:
    service.create_grid(town, TESTER, paper_grids.grid("W", WESTERN - {cell(2, 1)}))
    service.create_grid(town, TESTER, paper_grids.grid("E", EASTERN, "P3", "P4"))
    found = propose(town, INSPECTION, DAY, area=TOWN)
    assert cell(2, 1) in found.wanted
    service.move_cells(town, TESTER, INSPECTION, found.wanted, LATER)
    assert set(grid_of_cell(town, INSPECTION, LATER)) == set(CELLS)
    with pytest.raises(InputError, match=r"police"):
        propose(town, "police", DAY)
