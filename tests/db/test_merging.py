"""Departments' grids in the database: files, comparison by day and area, merges kept whole and made again."""

import json
from datetime import date, timedelta

import pytest
import shapely
from sqlalchemy import func, select, update

from gridmgmt import imports
from gridmgmt.access.rules import Actor
from gridmgmt.analysis.ellipsoid import area_m2
from gridmgmt.cases.models import Case
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import editions
from gridmgmt.editions.rules import Counting, Subject
from gridmgmt.errors import ConflictError, FileRefusedError, ForbiddenError, InputError, NotFoundError
from gridmgmt.ingest.department_grids import read_department_grids
from gridmgmt.merging import queries, service
from gridmgmt.merging.models import DepartmentGrid, GridMerge, MergeConflict
from gridmgmt.merging.rules import MERGED, Decision, MergeAsk, Way
from layers.mvt import tile_parameters, tile_statement
from layers.selection import Selection
from layers.specs import layer_named
from layers.tiles import tile_at
from tests.support.actors import TESTER
from tests.support.departments import DEPARTMENTS, SINCE, add_all, add_department
from tests.support.division import add_cases, add_residents, block, spot
from tests.support.paper_district import GUCUN, load_district

TODAY = date(2026, 1, 15)
THREE = tuple(DEPARTMENTS)
SQUARE_M2 = area_m2(block(0, 0, 1, 1))


def written(path, of: dict[str, shapely.Geometry], **properties: object):
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "name": f"{code}网格", **properties},
            "geometry": json.loads(shapely.to_geojson(surface)),
        }
        for code, surface in of.items()
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def taken(session, path, department="police", **labels):
    intake = read_department_grids(path, department=department, department_name="公安")
    said = imports.Labels(name="2026", source="市局", valid_from=SINCE, **labels)
    return imports.import_department_grids(session, TESTER, intake, said, department=department)


def squares(session, merge: GridMerge) -> dict[str, int]:
    return {grid.code: round(grid.area_m2 / SQUARE_M2) for grid in queries.merged_grids(session, merge)}


def test_a_file_comes_in_beside_the_others(session, tmp_path) -> None:
    add_department(session, "city_operation", DEPARTMENTS["city_operation"])
    file = written(tmp_path / "police.geojson", DEPARTMENTS["police"], 责任人岗位="一号岗")
    outcome = taken(session, file, synthetic=True)
    assert (outcome.subject, outcome.taken, outcome.refused, outcome.new) == (Subject.DEPARTMENT_GRIDS, 2, 0, True)
    assert outcome.warnings == ()
    found = queries.departments(session, TODAY)
    assert [(each.department, each.name, each.grids) for each in found] == [
        ("city_operation", None, 2),
        ("police", "公安", 2),
    ]
    assert found[1].area_m2 == pytest.approx(32 * SQUARE_M2, rel=2e-4)
    grids = queries.grid_summaries(session, TODAY, department="police")
    assert [(grid.code, grid.name, grid.attributes) for grid in grids] == [
        ("P1", "P1网格", {"责任人岗位": "一号岗"}),
        ("P2", "P2网格", {"责任人岗位": "一号岗"}),
    ]
    assert not taken(session, file, synthetic=True).new, "the same again changes nothing"


def test_overlaps_and_gaps_of_a_file_are_told_and_taken(session, tmp_path) -> None:
    outcome = taken(session, written(tmp_path / "party.geojson", DEPARTMENTS["party"]), "party")
    assert outcome.taken == 2
    told = dict(outcome.warnings)
    assert {code: fields["count"] for code, fields in told.items()} == {"grids_overlap": 1, "grids_gap": 1}
    assert told["grids_overlap"]["area_m2"] == pytest.approx(SQUARE_M2, rel=2e-4)
    assert told["grids_gap"]["area_m2"] == pytest.approx(SQUARE_M2, rel=2e-4)


def test_bad_rows_are_refused_with_their_place(session, tmp_path) -> None:
    bow = shapely.Polygon([spot(0, 0), spot(1, 1), spot(1, 0), spot(0, 1)])
    file = written(tmp_path / "bad.geojson", {"A": block(0, 0, 1, 1), "B": bow, "": block(2, 0, 3, 1)})
    with pytest.raises(FileRefusedError) as refused:
        taken(session, file)
    assert {(problem.row, problem.code) for problem in refused.value.problems} == {
        (2, "geometry_invalid"),
        (3, "code_missing"),
    }
    assert session.scalar(select(func.count()).select_from(DepartmentGrid)) == 0


def test_a_department_may_not_be_called_what_results_are(session, tmp_path) -> None:
    with pytest.raises(InputError) as refused:
        taken(session, written(tmp_path / "x.geojson", DEPARTMENTS["police"]), MERGED)
    assert refused.value.code == "department_malformed"


def test_a_day_decides_which_editions_are_compared(session) -> None:
    load_district(session)
    add_all(session)
    later = {"P1": block(0, 0, 6, 4), "P2": block(6, 0, 8, 4)}
    add_department(session, "police", later, on=date(2027, 1, 1), edition="2027")
    with pytest.raises(ConflictError) as refused:
        service.compare_departments(session, MergeAsk(("city_operation", "police")), date(2027, 1, 1))
    assert refused.value.code == "department_codes_twice"
    old = next(e for e in editions(session, subject=Subject.DEPARTMENT_GRIDS) if (e.part, e.name) == ("police", "2016"))
    old.valid_to = date(2027, 1, 1)
    session.flush()
    ask = MergeAsk(("city_operation", "police"))
    columns = [
        round(service.compare_departments(session, ask, on).document()["conflicts"][0]["area_m2"] / SQUARE_M2)
        for on in (TODAY, date(2027, 1, 1))
    ]
    assert columns == [4, 8]
    with pytest.raises(NotFoundError) as unknown:
        service.compare_departments(session, MergeAsk(("police", "fire")), TODAY)
    assert unknown.value.code == "department_without_grids"
    assert "city_operation" in unknown.value.message("en")


@pytest.fixture
def ground(session):
    """The district with its cells, three departments, five places and three cases."""
    load_district(session)
    add_all(session)
    rows = [(4.5, 1.5, 30), (4.5, 2.5, 5), (1.5, 1.5, 7), (3.5, 3.5, 11), (6.5, 0.5, 100)]
    add_residents(session, SINCE, [(spot(x, y), [float(n), 0, 0, 0, 0]) for x, y, n in rows])
    times = "2026-01-01T08:00:00+08:00"
    add_cases(
        session, SINCE, [(spot(x, y), "litter", "reported", times) for x, y in ((4.5, 0.5), (4.6, 0.5), (1.5, 1.2))]
    )
    return session


def test_conflicts_tell_land_residents_and_cases(ground) -> None:
    document = service.compare_departments(ground, MergeAsk(THREE), TODAY).document()
    by_kind = {each["kind"]: each for each in document["conflicts"]}
    found = {
        kind: (round(each["area_m2"] / SQUARE_M2), each["residents_60_plus"], each["cases"])
        for kind, each in by_kind.items()
    }
    assert found == {
        "border": (4, 35.0, 2),
        "gap": (1, 7.0, 1),
        "overlap": (1, 11.0, 0),
        "sliver": (0, 0.0, 0),
        "unassigned": (0, 0.0, 0),
    }
    ways = {way["way"]: way for way in document["ways"]}
    assert set(ways) == {"lead", "cells", "common"}
    police = next(each for each in ways["common"]["changes"] if each["department"] == "police")
    assert (round(police["moved_m2"] / SQUARE_M2), police["moved_residents_60_plus"], police["moved_cases"]) == (
        4,
        35,
        2,
    )
    for way in ("lead", "common"):
        assert ways[way]["land_m2"] == pytest.approx(document["land_m2"], rel=1e-9)
        assert (ways[way]["residents_60_plus"], ways[way]["cases"]) == (153.0, 3)


def test_a_merge_is_kept_whole_and_the_same_again_changes_nothing(ground) -> None:
    ask = MergeAsk(THREE, decisions=(Decision(1, "C1", "现场踏勘"),))
    merge = service.merge(ground, TESTER, ask, TODAY, "一网统管")
    assert squares(ground, merge) == {"C1": 20, "C2": 12}
    conflicts = queries.conflicts_of(ground, merge.merge_id)
    assert [(c.conflict_no, c.kind, c.decided_to, c.reason) for c in conflicts] == [
        (1, "border", "C1", "现场踏勘"),
        (2, "gap", None, None),
        (3, "overlap", None, None),
    ]
    assert conflicts[0].grids == {"city_operation": ["C2"], "party": ["D2"], "police": ["P1"]}
    assert conflicts[0].outcomes == {"lead": ["C1"], "cells": ["C1"], "common": ["C1"]}
    edition = ground.get_one(Edition, merge.edition_id)
    assert (edition.part, edition.name, edition.valid_from, edition.synthetic) == (MERGED, "一网统管", TODAY, True)
    assert [source["department"] for source in merge.sources] == ["city_operation", "party", "police"]
    again = service.merge(ground, TESTER, ask, TODAY, "一网统管")
    assert again.merge_id == merge.merge_id
    assert ground.scalar(select(func.count()).select_from(GridMerge)) == 1
    with pytest.raises(ConflictError) as taken_name:
        service.merge(ground, TESTER, MergeAsk(THREE), TODAY, "一网统管")
    assert taken_name.value.code == "edition_name_taken"


def test_a_merge_is_made_again_from_its_sources(ground) -> None:
    merge = service.merge(ground, TESTER, MergeAsk(THREE, way=Way.LEAD, lead="police"), TODAY, "公安牵头")
    assert squares(ground, merge) == {"P1": 20, "P2": 12}
    again = service.resolved(ground, merge)
    assert again.document() == merge.document
    assert service.is_as_stored(merge, again)
    stored = {grid.code: grid.area_m2 for grid in queries.merged_grids(ground, merge)}
    assert {grid.code: grid.area_m2 for grid in again.results[Way.LEAD].grids} == stored
    later = Case.reported_at + timedelta(days=365)
    ground.execute(update(Case).where(Case.case_no == "C2").values(reported_at=later))
    assert not service.is_as_stored(merge, service.resolved(ground, merge)), "a case of that day is there no more"


def test_a_merge_by_cells_hands_its_cells_over(ground) -> None:
    drawn = {"police": {"1": block(0, 0, 5, 4)}, "party": {"1": block(0, 0, 2, 4), "2": block(2, 0, 5, 4)}}
    for name, of in drawn.items():
        add_department(ground, f"new_{name}", of)
    ask = MergeAsk(("new_police", "new_party"), area=GUCUN, way=Way.CELLS)
    merge = service.merge(ground, TESTER, ask, TODAY, "顾村")
    # The police's grid is the party's second one at heart. In the west each has a vote, and the lower code wins; of
    # quarter 003 only a half is held at all.
    assert service.cells_of(ground, merge) == [
        (f"{GUCUN}004001", "1", "1网格"),
        (f"{GUCUN}004002", "1", "1网格"),
        (f"{GUCUN}003001", "2", "2网格"),
        (f"{GUCUN}003002", "2", "2网格"),
    ]
    document = next(way for way in merge.document["ways"] if way["way"] == "cells")
    assert document["unassigned_cells"] == 4
    other = service.merge(ground, TESTER, MergeAsk(("new_police", "new_party"), area=GUCUN), TODAY, "顾村多数")
    with pytest.raises(ConflictError) as refused:
        service.cells_of(ground, other)
    assert refused.value.code == "merge_not_by_cells"


def test_places_that_nobody_counted_have_no_residents(session) -> None:
    load_district(session)
    add_all(session)
    add_residents(session, SINCE, [(spot(4.5, 1.5), [])], Counting.PLACES_ONLY)
    document = service.compare_departments(session, MergeAsk(THREE), TODAY).document()
    assert {each["residents_60_plus"] for each in document["conflicts"]} == {None}


def test_who_may_not_write_grids_may_not_merge(ground) -> None:
    with pytest.raises(ForbiddenError):
        service.merge(ground, Actor("account", "reader", account_id=1), MergeAsk(THREE), TODAY, "x")
    assert ground.scalar(select(func.count()).select_from(MergeConflict)) == 0


def test_without_cells_there_is_no_way_by_cells(session) -> None:
    add_all(session)
    document = service.compare_departments(session, MergeAsk(THREE), TODAY).document()
    assert [way["way"] for way in document["ways"]] == ["lead", "common"]
    with pytest.raises(NotFoundError) as refused:
        service.merge(session, TESTER, MergeAsk(THREE, way=Way.CELLS), TODAY, "x")
    assert refused.value.code == "no_cells_in_force"


def tile(session, name: str, z: int) -> bytes:
    connection = session.connection().connection.driver_connection
    layer = layer_named(name)
    here = tile_at(*spot(4.5, 2), z)
    parameters = tile_parameters(layer, here, Selection(TODAY), None)
    row = connection.execute(tile_statement(layer).encode(), parameters).fetchone()
    return bytes(row[2] or b"")


def test_grids_and_conflicts_are_drawn_in_tiles(ground) -> None:
    service.merge(ground, TESTER, MergeAsk(THREE), TODAY, "m")
    ground.flush()
    for zoom in (10, 15):
        grids = tile(ground, "department_grids", zoom)
        assert all(name.encode() in grids for name in (*THREE, MERGED))
        conflicts = tile(ground, "merge_conflicts", zoom)
        assert b"border" in conflicts
        assert b"residents" not in conflicts
