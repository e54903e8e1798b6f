"""A manifest applied: the same as by single imports, done once, going on where it was cut short."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import shapely
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from gridmgmt.access.models import Change
from gridmgmt.areas.queries import area_frame
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.catalogue import builtin
from gridmgmt.catalogue.files import workbook
from gridmgmt.catalogue.service import catalogue_on
from gridmgmt.coverage.models import CoverageRun
from gridmgmt.coverage.queries import latest_finished
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.editions.models import Edition
from gridmgmt.errors import ConflictError, FileRefusedError, NotFoundError
from gridmgmt.imports import Outcome
from gridmgmt.manifest.reading import Read, read_manifest
from gridmgmt.manifest.service import plan, settings_with, wanted
from gridmgmt.manifest.step import Hands
from gridmgmt.population.models import PopulationPlace
from gridmgmt.settings import Settings
from gridmgmt.walking.edits import read_edits
from gridmgmt.walking.scenarios import save
from tests.support import cells_example as cells
from tests.support import paper_town
from tests.support.actors import TESTER
from tests.support.paper_town import DAY, degrees

MANIFEST = """\
district: 纸上两镇
settings: {metric_crs: EPSG:4549}
areas:
  - {file: towns.geojson, level: town, valid_from: 2026-01-01}
activate:
  - {edition: towns, document: drawn on paper}
network: {file: streets.geojson}
population: {file: places.csv, counting: counted}
service_points:
  - {file: points.csv, source: paper}
coverage:
  - {minutes: 20}
"""
KINDS = ["areas", "activate", "network", "population", "service_points", "coverage"]


class KilledError(BaseException):
    """Stands for the death of the process."""


@pytest.fixture
def factory(fresh_database_url) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(fresh_database_url)
    yield make_sessions(engine)
    engine.dispose()


@pytest.fixture
def files(tmp_path) -> Path:
    """The paper town's files beside its manifest."""
    for make in (paper_town.areas_file, paper_town.streets_file, paper_town.places_file, paper_town.points_file):
        make(tmp_path)
    (tmp_path / "district.yaml").write_text(MANIFEST, encoding="utf-8")
    return tmp_path


def hands(factory: sessionmaker[Session], read: Read) -> Hands:
    return Hands(
        factory,
        TESTER,
        settings_with(Settings(), read.manifest.settings),
        DAY,
        load_demo=lambda _seed: None,
        kept=lambda _file, _outcome: None,
        stage=lambda _name, _file: nullcontext(),
    )


def states(factory: sessionmaker[Session], read: Read) -> list[str]:
    with factory() as session:
        return [each.state for each in plan(session, read, DAY)]


def applied(factory: sessionmaker[Session], read: Read, using: Hands | None = None) -> list[str]:
    """Apply a manifest and return the kinds of the steps that were done."""
    using = using or hands(factory, read)
    with factory() as session:
        planned = plan(session, read, DAY)
    done = []
    for each in planned:
        if wanted(using, each.step):
            each.step.perform(using)
            done.append(each.step.kind)
    return done


def count(factory: sessionmaker[Session], what: type) -> int:
    with factory() as session:
        return session.scalars(select(func.count()).select_from(what)).one()


def test_applied_once_it_is_done_and_twice_there_is_nothing_to_do(factory, files) -> None:
    read = read_manifest(files / "district.yaml")
    assert states(factory, read) == ["new"] * 6
    assert count(factory, Edition) == 0, "to plan is to look"
    assert applied(factory, read) == KINDS
    with factory() as session:
        run = latest_finished(session)
        assert run is not None
        assert '"covered":30.75' in (run.document or ""), "10.5 + 20.25, as by single imports"
    before = count(factory, Change), count(factory, CoverageRun)
    assert states(factory, read) == ["there"] * 6
    assert applied(factory, read) == []
    assert (count(factory, Change), count(factory, CoverageRun)) == before


def test_runs_of_other_hours_and_trips_stand_side_by_side(factory, files) -> None:
    applied(factory, read_manifest(files / "district.yaml"))
    more = "  - {minutes: 20, time: sun 23:00, trip: round, barriers: [rail, water]}\n"
    (files / "district.yaml").write_text(MANIFEST + more, encoding="utf-8")
    read = read_manifest(files / "district.yaml")
    assert states(factory, read) == ["there"] * 6 + ["new"]
    assert applied(factory, read) == ["coverage"]
    with factory() as session:
        asked = latest_finished(session).parameters
    assert (asked["at"], asked["trip"], asked["barriers"]) == ("sun 23:00", "round", ["rail", "water"])
    assert states(factory, read) == ["there"] * 7, "the one does not make the other old"


def test_a_run_with_a_scenario_is_asked_again_with_its_next_version(factory, files) -> None:
    applied(factory, read_manifest(files / "district.yaml"))
    (files / "district.yaml").write_text(MANIFEST + "  - {minutes: 20, scenario: plan}\n", encoding="utf-8")
    read = read_manifest(files / "district.yaml")
    with pytest.raises(NotFoundError, match="plan"):
        states(factory, read)
    for line in ([(500, 0), (1500, 500)], [(500, 0), (900, 400), (1500, 500)]):
        with factory.begin() as session:
            edits = read_edits([{"kind": "add_path", "line": degrees(line)}])
            save(session, TESTER, "plan", edits, on=DAY)
        assert applied(factory, read) == ["coverage"]
        assert states(factory, read) == ["there"] * 7


def test_residents_of_whole_areas_go_to_the_buildings_of_the_manifest(factory, files) -> None:
    """100 residents of the west to one house; of another file of houses they would be another edition."""
    (files / "elders.csv").write_text("code,residents_60_plus\n310113001,100\n", encoding="utf-8")
    house = [paper_town.degrees([(190, 10), (210, 10), (210, 30), (190, 30), (190, 10)])]
    paper_town.geojson(files / "houses.geojson", [({}, "Polygon", house)])
    spread = "population_by_area: {file: elders.csv, level: town, buildings: houses.geojson}"
    manifest = MANIFEST.replace("population: {file: places.csv, counting: counted}", spread)
    (files / "district.yaml").write_text(manifest, encoding="utf-8")
    read = read_manifest(files / "district.yaml")
    assert "population_by_area" in applied(factory, read)
    with factory() as session:
        assert session.execute(select(PopulationPlace.spread_from, PopulationPlace.residents_60_plus)).all() == [
            ("310113001", 100)
        ]
    assert applied(factory, read) == []
    moved = [paper_town.degrees([(290, 10), (310, 10), (310, 30), (290, 30), (290, 10)])]
    paper_town.geojson(files / "houses.geojson", [({}, "Polygon", moved)])
    assert "changed" in states(factory, read_manifest(files / "district.yaml"))
    (files / "houses.geojson").unlink()
    with pytest.raises(FileRefusedError) as refusal:
        read_manifest(files / "district.yaml")
    assert [problem.code for problem in refusal.value.problems] == ["manifest_file_missing"]


def test_it_goes_on_where_it_was_cut_short(factory, files) -> None:
    """The process dies at each file, before what it brought is kept; nothing is there by half, nothing done twice."""
    read = read_manifest(files / "district.yaml")
    died: set[Path] = set()

    def kept(file: Path, _outcome: Outcome) -> None:
        if file not in died:
            died.add(file)
            raise KilledError

    using = replace(hands(factory, read), kept=kept)
    found = []
    for _ in range(4):
        with pytest.raises(KilledError):
            applied(factory, read, using)
        found.append(states(factory, read).count("there"))
    assert found == [0, 2, 3, 4], "areas are lost; kept, and in force; the network; the places"
    assert applied(factory, read, using) == ["service_points", "coverage"]
    assert count(factory, Edition) == 4
    assert states(factory, read) == ["there"] * 6


def test_what_a_single_import_brought_is_compared_and_taken_as_it_is(factory, files) -> None:
    paper_town.load(factory, files)
    read = read_manifest(files / "district.yaml")
    assert states(factory, read)[:2] == ["unknown", "there"]
    assert "areas" in applied(factory, read)
    assert states(factory, read) == ["there"] * 6
    assert count(factory, Edition) == 4


def test_a_file_that_has_changed_is_named_and_replaces_nothing(factory, files) -> None:
    read = read_manifest(files / "district.yaml")
    applied(factory, read)
    with (files / "points.csv").open("a", encoding="utf-8") as stream:
        stream.write("N,new,elderly_service_point,open,121.4,31.3\n")
    read = read_manifest(files / "district.yaml")
    assert states(factory, read) == ["there"] * 4 + ["changed", "there"]
    with pytest.raises(ConflictError, match="points"):
        applied(factory, read)
    text = MANIFEST.replace("source: paper", "source: paper, edition: points-2, replaces: points")
    (files / "district.yaml").write_text(text, encoding="utf-8")
    assert applied(factory, read_manifest(files / "district.yaml")) == ["service_points", "coverage"]


def test_a_bad_row_stops_there_and_the_mended_file_goes_on(factory, files) -> None:
    good = (files / "points.csv").read_text(encoding="utf-8")
    (files / "points.csv").write_text(good + "X,x,castle,open,121.4,31.3\n", encoding="utf-8")
    read = read_manifest(files / "district.yaml")
    with pytest.raises(FileRefusedError) as refused:
        applied(factory, read)
    assert [problem.row for problem in refused.value.problems] == [4]
    assert states(factory, read) == ["there"] * 4 + ["new"] * 2
    (files / "points.csv").write_text(good, encoding="utf-8")
    read = read_manifest(files / "district.yaml")
    assert applied(factory, read) == ["service_points", "coverage"]


def test_real_data_do_not_go_beside_the_demo(factory, files) -> None:
    read = read_manifest(files / "district.yaml")
    applied(factory, read)
    (files / "demo.yaml").write_text("district: d\ndemo: {seed: 1}\n", encoding="utf-8")
    with pytest.raises(ConflictError), factory() as session:
        plan(session, read_manifest(files / "demo.yaml"), DAY)


def test_the_demo_is_loaded_once(factory, files) -> None:
    (files / "demo.yaml").write_text("district: d\ndemo: {seed: 7}\n", encoding="utf-8")
    read = read_manifest(files / "demo.yaml")
    seeds: list[int] = []
    using = replace(hands(factory, read), load_demo=seeds.append)
    assert applied(factory, read, using) == ["demo"]
    assert seeds == [7]


CATALOGUE = """\
district: 目录
catalogue:
  - {file: catalogue.xlsx, valid_from: 2010-01-01, source: bureau}
  - {file: departments.csv, edition: more departments, valid_from: 2016-01-01}
matters:
  - {file: matters.xlsx, edition: '2014', valid_from: 2014-01-01}
"""


def test_editions_of_the_catalogue_and_of_matters_are_taken_once(factory, tmp_path) -> None:
    (tmp_path / "catalogue.xlsx").write_bytes(workbook(builtin.catalogue_tables([]), "zh"))
    (tmp_path / "matters.xlsx").write_bytes(workbook(builtin.matters_tables("2014"), "zh"))
    (tmp_path / "departments.csv").write_text("code,body,name_zh\nonly,water,唯一的部门\n", encoding="utf-8")
    (tmp_path / "district.yaml").write_text(CATALOGUE, encoding="utf-8")
    read = read_manifest(tmp_path / "district.yaml")
    assert states(factory, read) == ["new"] * 3
    assert applied(factory, read) == ["catalogue", "catalogue", "matters"]
    assert states(factory, read) == ["there"] * 3
    assert applied(factory, read) == []
    with factory() as session:
        before, after = (catalogue_on(session, day) for day in (date(2015, 12, 31), date(2016, 1, 1)))
        assert (before.name, after.name) == ("catalogue", "more departments")
        assert list(after.departments) == ["only"]
        assert ("only" in before.departments, after.types.keys()) == (False, before.types.keys())
        assert [each.valid_from for each in after.lists] == [date(2014, 1, 1)]

    (tmp_path / "departments.csv").write_text("code,body,name_zh\nother,nobody,没有的机构\n", encoding="utf-8")
    read = read_manifest(tmp_path / "district.yaml")
    assert states(factory, read) == ["there", "changed", "there"]
    with pytest.raises(FileRefusedError) as refused:
        applied(factory, read)
    assert (refused.value.code, refused.value.problems[0].fields["field"]) == ("rows_refused", "departments.body")
    (tmp_path / "departments.csv").write_text("code,body,name_zh\nother,water,另一部门\n", encoding="utf-8")
    with pytest.raises(ConflictError) as late:
        applied(factory, read_manifest(tmp_path / "district.yaml"))
    assert late.value.code == "edition_not_last"


CELLS = """\
district: 宝山区
codes: [{file: codes.csv}]
areas:
  - {file: district.geojson, level: district, edition: "2020", valid_from: 2020-01-01}
  - {file: towns.geojson, level: town, edition: "2020", valid_from: 2020-01-01}
  - {file: quarters.geojson, level: quarter, edition: "2020", valid_from: 2020-01-01}
network: {file: streets.geojson, valid_from: 2020-01-01}
cells: [{area: "310113", edition: cells, valid_from: 2021-01-01}]
activate:
  - {edition: "2020", document: drawn on paper, reason: looked at}
  - {edition: cells, document: drawn on paper, reason: looked at}
addresses: [{file: addresses.csv}]
"""


@pytest.fixture
def quarters(tmp_path) -> Path:
    """The files of :mod:`tests.support.cells_example`: two quarters of four cells each, and a little beside them."""

    def areas(name: str, found: dict[str, tuple[float, float, float, float]]) -> None:
        shapes = {code: shapely.get_coordinates(cells.block(*corners)).tolist() for code, corners in found.items()}
        rows = [({"code": code, "name": code}, "Polygon", [ring]) for code, ring in shapes.items()]
        paper_town.geojson(tmp_path / name, rows)

    areas("district.geojson", {"310113": (0, 0, 4, 2)})
    areas("towns.geojson", {cells.TOWN: (0, 0, 4, 2)})
    areas("quarters.geojson", {cells.ONE: (0, 0, 2, 2), cells.TWO: (2, 0, 4, 2)})
    lines = [shapely.get_coordinates(cells.degrees(shapely.LineString(line))).tolist() for line in cells.STREETS]
    rows = [({"highway": "residential"}, "LineString", line) for line in lines]
    paper_town.geojson(tmp_path / "streets.geojson", rows)
    lon, lat = shapely.get_coordinates(cells.degrees(shapely.Point(1.5, 1.5)))[0]
    (tmp_path / "addresses.csv").write_text(
        f"name,address,kind,lon,lat\n菊一苑,菊太路1号,compound,{lon},{lat}\n", "utf-8"
    )
    (tmp_path / "codes.csv").write_text("code,name,parent_code\n310113109,顾村镇,310113\n", "utf-8")
    (tmp_path / "district.yaml").write_text(CELLS, encoding="utf-8")
    return tmp_path


def test_cells_codes_and_addresses(factory, quarters) -> None:
    read = read_manifest(quarters / "district.yaml")
    kinds = ["codes", "areas", "areas", "areas", "activate", "network", "cells", "activate", "addresses"]
    assert applied(factory, read) == kinds
    with factory() as session:
        drawn = area_frame(session, DAY, levels=(AreaLevel.GRID_CELL,))
    assert list(drawn["code"]) == [f"{quarter}{n:03d}" for quarter in (cells.ONE, cells.TWO) for n in range(1, 5)]
    assert drawn["area_m2"].to_numpy() == pytest.approx(10_000, rel=1e-3)
    assert states(factory, read) == ["there"] * 9
    assert applied(factory, read) == []
