"""What a boundary edition changes on the paper district: areas, land, residents, points and cases, counted by hand."""

from datetime import date

import pytest

from gridmgmt.analysis.ellipsoid import area_m2
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.boundaries import edits
from gridmgmt.boundaries.diff import Affected, Diff, LevelDiff, diff, diff_geojson, diff_json
from gridmgmt.boundaries.rules import ChangeKind, Named
from gridmgmt.boundaries.service import withdraw
from gridmgmt.editions.queries import boundary_edition
from gridmgmt.editions.rules import Counting
from gridmgmt.editions.service import open_draft
from gridmgmt.errors import ConflictError
from tests.support.actors import TESTER
from tests.support.division import add_cases, add_residents, add_service_points, block, spot
from tests.support.drafts import take_into_force
from tests.support.paper_district import DACHANG, FIRST, GUCUN, SECOND, UNIT, described, load_district, same

DAY = date(2026, 1, 1)
RESIDENTS = [
    (spot(0.5, 5), (3, 0, 0, 0, 2)),  # in quarter 001 of the unit
    (spot(1.5, 7), (10, 0, 0, 0, 0)),  # in quarter 002 of the unit
    (spot(2, 5), (7, 0, 0, 0, 0)),  # on the border of 001 and 003: in 001, the lower code
    (spot(4.5, 1), (20, 0, 0, 0, 0)),  # in 003
    (spot(6, 2), (40, 0, 0, 0, 0)),  # in the other town
]
POINTS = [
    (spot(1, 5), "community_canteen", "open"),
    (spot(1, 7), "medical", "open"),
    (spot(1, 6.5), "medical", "planned"),
    (spot(4.5, 1.5), "medical", "open"),
]
CASES = [
    (spot(0.5, 4.5), "litter", "reported", "2026-01-01T00:00Z"),
    (spot(0.5, 4.6), "litter", "closed", "2026-01-01T00:00Z"),
    (spot(4.2, 0.5), "litter", "handling", "2026-01-01T00:00Z"),
]


@pytest.fixture
def draft(session):
    load_district(session)
    add_residents(session, DAY, RESIDENTS)
    add_service_points(session, DAY, POINTS)
    add_cases(session, DAY, CASES)
    return open_draft(session, described("next", SECOND))


def level(found: Diff, name: AreaLevel) -> LevelDiff:
    return next(each for each in found.levels if each.level == name)


def test_an_empty_draft_changes_nothing(session, draft) -> None:
    found = diff(session, draft, DAY)
    assert (found.levels, found.affected) == ((), Affected(0, None, {}, 0))


def test_the_promotion_of_a_unit_moves_its_land_at_the_towns_and_nothing_but_codes_below(session, draft) -> None:
    new = "310113009"
    edits.promote(session, TESTER, draft, UNIT, Named(new, "菊泉街道"))
    found = diff(session, draft, DAY)
    unit_m2 = area_m2(block(0, 4, 2, 8))

    towns = level(found, AreaLevel.TOWN)
    assert {c.code: c.kinds for c in towns.changes} == {new: (ChangeKind.ADDED,), GUCUN: (ChangeKind.BORDER,)}
    assert towns.moved_m2 == pytest.approx(unit_m2, abs=1e-3)
    assert same(towns.moved, block(0, 4, 2, 8))
    # 5 + 10 residents inside and the 7 on the border, which go to 310113009, the lower code; before, all were in 顾村.
    assert towns.affected == Affected(3, 22.0, {"community_canteen": 1, "medical": 1}, 1)

    quarters = level(found, AreaLevel.RESIDENTIAL_QUARTER)
    assert quarters.moved_m2 == 0
    assert quarters.affected == Affected(0, 0.0, {}, 0)
    assert {(c.code, c.was_code) for c in quarters.changes} == {(f"{new}{n}", f"{GUCUN}{n}") for n in ("001", "002")}
    assert {c.kinds for c in quarters.changes} == {(ChangeKind.CODE, ChangeKind.PARENT)}

    units = level(found, AreaLevel.BASIC_MANAGEMENT_UNIT)
    assert [(c.code, c.kinds, c.after) for c in units.changes] == [(UNIT, (ChangeKind.ENDED,), None)]
    assert units.moved_m2 == pytest.approx(unit_m2, abs=1e-3)
    assert level(found, AreaLevel.GRID_CELL).count(ChangeKind.CODE) == 4
    assert found.affected == towns.affected


def test_a_border_that_moves_between_two_towns(session, draft) -> None:
    edits.move_border(session, TESTER, draft, f"{GUCUN}003", f"{DACHANG}001", piece=block(4, 0, 5, 2))
    found = diff(session, draft, DAY)
    piece_m2 = area_m2(block(4, 0, 5, 2))
    for name in (AreaLevel.TOWN, AreaLevel.RESIDENTIAL_QUARTER):
        of_level = level(found, name)
        assert of_level.moved_m2 == pytest.approx(piece_m2, abs=1e-3)
        assert of_level.affected == Affected(1, 20.0, {"medical": 1}, 1)
    town = next(c for c in level(found, AreaLevel.TOWN).changes if c.code == GUCUN)
    assert town.before_m2 - town.after_m2 == pytest.approx(piece_m2, abs=1e-3)
    assert same(town.before, block(0, 0, 5, 8))
    assert found.affected == Affected(1, 20.0, {"medical": 1}, 1)


def test_names_and_parents_move_no_land(session, draft) -> None:
    edits.rename(session, TESTER, draft, f"{GUCUN}001", "新一")
    edits.retire(session, TESTER, draft, UNIT)
    quarters = level(diff(session, draft, DAY), AreaLevel.RESIDENTIAL_QUARTER)
    assert [(c.code, c.name, c.was_name, c.kinds) for c in quarters.changes] == [
        (f"{GUCUN}001", "新一", "菊一", (ChangeKind.NAME, ChangeKind.PARENT)),
        (f"{GUCUN}002", "菊二", None, (ChangeKind.PARENT,)),
    ]
    assert (quarters.moved_m2, quarters.affected.places) == (0, 0)


def test_what_was_undone_is_no_change(session, draft) -> None:
    code = f"{GUCUN}001"
    edits.rename(session, TESTER, draft, code, "新一")
    edits.rename(session, TESTER, draft, code, "菊一")
    assert diff(session, draft, DAY).levels == ()


def test_places_without_residents_are_counted_as_places(session) -> None:
    load_district(session)
    add_residents(session, DAY, [(spot(4.5, 1), ())], Counting.PLACES_ONLY)
    draft = open_draft(session, described("next", SECOND))
    edits.move_border(session, TESTER, draft, f"{GUCUN}003", f"{DACHANG}001", piece=block(4, 0, 5, 2))
    assert diff(session, draft, DAY).affected == Affected(1, None, {}, 0)


def test_the_diff_stays_the_same_from_draft_to_superseded(session, draft) -> None:
    edits.promote(session, TESTER, draft, UNIT, Named("310113009", "菊泉街道"))
    drafted = diff(session, draft, DAY)
    take_into_force(session, "next")
    later = open_draft(session, described("later", date(2031, 1, 1)))
    for code in ("310113009", GUCUN):
        edits.rename(session, TESTER, later, code, "另名镇")
    take_into_force(session, "later")
    stood = diff(session, draft, DAY)
    assert diff_json(stood) == diff_json(drafted)
    assert diff_geojson(stood) == diff_geojson(drafted)
    assert level(stood, AreaLevel.TOWN).affected.residents_60_plus == 22.0
    names = level(diff(session, later, DAY), AreaLevel.TOWN).changes
    assert [(c.was_name, c.kinds) for c in names] == [(was, (ChangeKind.NAME,)) for was in ("菊泉街道", "顾村镇")]


def test_the_first_edition_adds_all(session, draft) -> None:
    first = boundary_edition(session, "2015")
    found = diff(session, first, DAY)
    towns = level(found, AreaLevel.TOWN)
    assert [(c.code, c.kinds, c.before_m2) for c in towns.changes] == [
        (code, (ChangeKind.ADDED,), None) for code in (DACHANG, GUCUN)
    ]
    assert towns.moved_m2 == pytest.approx(area_m2(block(0, 0, 8, 8)), rel=1e-9)
    assert (found.on, found.data_on) == (FIRST, FIRST)
    assert found.affected == Affected(0, None, {}, 0), "nobody had counted by then"


def test_data_are_those_of_the_first_day_or_of_today_before_it(session) -> None:
    load_district(session)
    counted, eve = date(2029, 6, 1), date(2029, 5, 31)
    add_residents(session, counted, [(spot(4.5, 1), (20, 0, 0, 0, 0))])
    draft = open_draft(session, described("next", SECOND))
    edits.move_border(session, TESTER, draft, f"{GUCUN}003", f"{DACHANG}001", piece=block(4, 0, 5, 2))
    take_into_force(session, "next")
    for today, data_on, residents in ((eve, eve, None), (counted, counted, 20.0), (date(2040, 1, 1), SECOND, 20.0)):
        found = diff(session, draft, today)
        assert (found.on, found.data_on, found.affected.residents_60_plus) == (SECOND, data_on, residents)


def test_a_withdrawn_edition_has_no_diff(session, draft) -> None:
    edits.retire(session, TESTER, draft, UNIT)
    withdraw(session, TESTER, draft, "not this year")
    with pytest.raises(ConflictError) as refused:
        diff(session, draft, DAY)
    assert refused.value.code == "edition_withdrawn"
