"""Residents of whole areas spread over buildings or streets, through the import to the coverage document.

The town of :mod:`tests.support.paper_town` with two blocks of flats in the west: one at (200, 20) of 20 m x 30 m with
six levels, one at (900, 0) of the same size with two: three quarters and a quarter of the floor area. The first is
within 20 minutes of the open point on foot (230 m of 996), the second too (910 m), within five minutes (249 m) the
first alone.
"""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from gridmgmt import imports
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.coverage.document import CoverageDocument, Figures
from gridmgmt.coverage.queries import run_by_id
from gridmgmt.coverage.rules import make_request
from gridmgmt.coverage.service import document_of, request_run
from gridmgmt.db import migrated_sessions
from gridmgmt.editions.models import Edition
from gridmgmt.errors import FileRefusedError, InputError, NotFoundError
from gridmgmt.ingest.areas import read_areas
from gridmgmt.ingest.population_by_area import PopulationByArea, read_population_by_area
from gridmgmt.population.models import PopulationPlace
from gridmgmt.reports.coverage_html import coverage_html
from gridmgmt.reports.coverage_tables import reading_tables
from gridmgmt.reports.public import public_form
from gridmgmt.work import finish_coverage
from tests.support.actors import TESTER
from tests.support.drafts import take_into_force
from tests.support.paper_town import DAY, degrees, geojson, labels

WEST, EAST = "310113001", "310113002"
NEXT_YEAR = date(2027, 1, 1)


def table(folder: Path, *rows: tuple[object, ...], header: str = "code,residents_60_plus") -> Path:
    path = folder / "by_area.csv"
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n", encoding="utf-8")
    return path


def flats(folder: Path) -> Path:
    def ring(x: float, y: float) -> list[list[list[float]]]:
        corners = [(x - 10, y - 15), (x + 10, y - 15), (x + 10, y + 15), (x - 10, y + 15), (x - 10, y - 15)]
        return [degrees(corners)]

    return geojson(
        folder / "flats.geojson",
        [({"levels": 6}, "Polygon", ring(200, 20)), ({"levels": 2}, "Polygon", ring(900, 0))],
    )


@pytest.fixture
def town(paper_town_url) -> sessionmaker[Session]:
    with migrated_sessions(paper_town_url) as sessions:
        yield sessions


def take(session: Session, given: PopulationByArea, name: str = "by area", **said: object) -> imports.Outcome:
    said = {"valid_from": NEXT_YEAR, **said}
    return imports.import_population_by_area(session, TESTER, given, labels(name, **said), level=AreaLevel.TOWN)


def places(session: Session) -> list[PopulationPlace]:
    statement = (
        select(PopulationPlace)
        .join(Edition, Edition.edition_id == PopulationPlace.edition_id)
        .where(Edition.counting == "spread")
        .order_by(PopulationPlace.place_no)
    )
    return list(session.scalars(statement))


def test_flats_take_residents_by_floor_area_and_streets_by_frontage(town, tmp_path) -> None:
    """100 in the west: 75 and 25. 60 in the east, which has no flats: along its streets, alike for each piece."""
    given = read_population_by_area(table(tmp_path, (WEST, 100), (EAST, 60)), buildings=flats(tmp_path))
    with town.begin() as session:
        outcome = take(session, given)
        found = places(session)
    assert (outcome.read, outcome.refused, outcome.taken) == (2, 0, len(found))
    assert ("areas_without_buildings", {"named": f"{EAST} (3)"}) in outcome.warnings
    assert (outcome.details["areas_by_floor_area"], outcome.details["areas_by_frontage"]) == (1, 1)
    houses = [place for place in found if place.spread_from == WEST]
    assert [place.residents_60_plus for place in houses] == pytest.approx([75, 25], rel=1e-5)
    # Of 100 the larger holds at least 100 - 2·25 and at most 100 - 25/2, the smaller what is left.
    assert [(p.residents_60_plus_low, p.residents_60_plus_high) for p in houses] == [
        pytest.approx((50, 87.5), rel=1e-5),
        pytest.approx((12.5, 50), rel=1e-5),
    ]
    pieces = [place for place in found if place.spread_from == EAST]
    # 500 + 1500 + 1000 m of streets, in pieces of at most 30 m: 17 + 50 + 34.
    assert len(pieces) == 17 + 50 + 34
    assert max(p.residents_60_plus for p in pieces) == pytest.approx(60 * 30 / 3000, rel=1e-3)
    assert sum(p.residents_60_plus for p in pieces) == 60


def test_the_bands_of_an_area_are_kept_exactly(town, tmp_path) -> None:
    header = "code,60_64,65_69,70_74,75_79,80_plus"
    given = read_population_by_area(table(tmp_path, (WEST, 1, 2, 3, 4, 5.5), header=header))
    with town.begin() as session:
        take(session, given)
        found = places(session)
        names = ("residents_60_64", "residents_80_plus", "residents_60_plus")
        assert [sum(getattr(place, name) for place in found) for name in names] == [1, 5.5, 15.5]


def test_bad_rows_are_named_and_left_out_only_where_that_is_said(town, tmp_path) -> None:
    rows = (("310113009", 5), (WEST, 100), (EAST, -1))
    given = read_population_by_area(table(tmp_path, *rows))
    with town.begin() as session:
        with pytest.raises(FileRefusedError) as refusal:
            take(session, given)
        assert [(p.row, p.code) for p in refusal.value.problems] == [
            (2, "spread_area_unknown"),
            (4, "number_out_of_range"),
        ]
        assert "310113009" in refusal.value.problems[0].message("en")
        outcome = take(session, given, partial=True)
        assert (outcome.read, outcome.refused) == (3, 2)
        assert {place.spread_from for place in places(session)} == {WEST}


def test_an_area_with_nothing_to_live_in_is_refused_with_its_row(town, tmp_path) -> None:
    """The streets end at 3000 m: a town beyond them has neither streets nor flats."""
    far = [(4000, 0), (5000, 0), (5000, 900), (4000, 900), (4000, 0)]
    file = geojson(tmp_path / "far.geojson", [({"code": "310113003", "name": "远镇"}, "Polygon", [degrees(far)])])
    with town.begin() as session:
        imports.import_areas(session, TESTER, read_areas(file), labels("far"), level="town")
        take_into_force(session, "far")
        given = read_population_by_area(table(tmp_path, (WEST, 100), ("310113003", 8)))
        with pytest.raises(FileRefusedError) as refusal:
            take(session, given)
        assert [(p.row, p.code) for p in refusal.value.problems] == [(3, "area_without_places")]
        assert "310113003" in refusal.value.problems[0].message("zh")
        empty = read_population_by_area(table(tmp_path, (WEST, 100), ("310113003", 0)))
        outcome = take(session, empty)
        assert ("areas_without_residents", {"named": "310113003 (3)"}) in outcome.warnings


def test_without_streets_nothing_is_spread(session, tmp_path) -> None:
    with pytest.raises(NotFoundError) as refusal:
        take(session, read_population_by_area(table(tmp_path, (WEST, 1))))
    assert refusal.value.code == "no_network_in_force"


def test_a_table_with_some_bands_only_is_refused(tmp_path) -> None:
    with pytest.raises(InputError) as refusal:
        read_population_by_area(table(tmp_path, (WEST, 1), header="code,60_64"))
    assert refusal.value.code == "bands_incomplete"


def test_counts_of_the_coverage_carry_their_range(town, tmp_path) -> None:
    """Within five minutes is the larger house of 75, which may hold 50 … 87.5 of the 100; within twenty are both."""
    given = read_population_by_area(table(tmp_path, (WEST, 100)), buildings=flats(tmp_path))
    with town.begin() as session:
        take(session, given)
    document = answered(town)
    assert (document.counting, document.counts) == ("spread", "residents")
    assert "spread" in [note.code for note in document.notes]
    (level,) = document.levels
    west = next(area.figures for area in level.areas if area.code == WEST)
    for figures in (document.totals, west):
        ranges = {each.name: (each.least, each.most) for each in figures.ranges}
        assert ranges["bands.300"] == pytest.approx((50, 87.5), rel=1e-5)
        assert ranges["residents"] == ranges["covered"] == ranges["bands.1200"] == (100, 100)
        assert ranges["uncovered"] == (0, 0)
        assert_contained(figures)
    east = next(area.figures for area in level.areas if area.code == EAST)
    assert {(each.least, each.most) for each in east.ranges} == {(0, 0)}


def test_along_streets_every_count_lies_in_its_range(town, tmp_path) -> None:
    with town.begin() as session:
        take(session, read_population_by_area(table(tmp_path, (WEST, 100), (EAST, 33.3))))
    document = answered(town)
    for level in document.levels:
        for area in level.areas:
            assert_contained(area.figures)
    within = next(band.covered for band in document.totals.bands if band.limit_s == 900)
    bounds = next(each for each in document.totals.ranges if each.name == "bands.900")
    assert within / 2 <= bounds.least < within < bounds.most <= 2 * within


def test_reports_show_the_least_and_the_most(town, tmp_path) -> None:
    with town.begin() as session:
        take(session, read_population_by_area(table(tmp_path, (WEST, 100))))
    document = answered(town, minutes=5)
    ranges = next(each for each in reading_tables(document, "en") if each.key == "ranges")
    (_, name, residents, covered, least, most), *areas = ranges.rows
    assert (name, residents, len(areas)) == ("Total", 100, 2)
    assert covered / 2 <= least < covered < most <= 2 * covered
    assert "At least" in coverage_html(document, "en")
    public = public_form(document, 10)
    assert "ranges" not in [each.key for each in reading_tables(public, "en")]


def test_counted_residents_have_no_range(town) -> None:
    document = answered(town, on=DAY)
    assert document.totals.ranges == ()


def assert_contained(figures: Figures) -> None:
    counts = {name: getattr(figures, name) for name in ("residents", "covered", "uncovered", "not_connectable")}
    counts |= {band.name: band.covered for band in figures.bands}
    ranges = {each.name: each for each in figures.ranges}
    assert ranges.keys() >= counts.keys()
    for name, count in counts.items():
        assert ranges[name].least <= count + 1e-9
        assert count <= ranges[name].most + 1e-9


def answered(town: sessionmaker[Session], on: date = NEXT_YEAR, minutes: float = 20) -> CoverageDocument:
    with town.begin() as session:
        run = request_run(session, TESTER, make_request(minutes=minutes), on=on)
        run_id, job_id = run.run_id, run.job_id
    finish_coverage(town, run_id, job_id, lease_s=60)
    with town.begin() as session:
        return document_of(run_by_id(session, run_id))
