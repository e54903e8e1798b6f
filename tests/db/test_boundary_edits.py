"""Each verb on the paper district: what it makes of the areas, their codes, their parents, and what it refuses."""

import pytest
import shapely
from shapely import LineString
from sqlalchemy import select

from gridmgmt.access.models import Change
from gridmgmt.access.rules import Actor, Grant, Permission, Role
from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import area_frame, area_in_force
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.boundaries import edits
from gridmgmt.boundaries.check import check_around, check_day
from gridmgmt.boundaries.rules import Named
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import steps_of
from gridmgmt.editions.rules import EditionState
from gridmgmt.editions.service import open_draft, put_in_state
from gridmgmt.errors import ConflictError, DuplicateCodeError, ForbiddenError, GeometryError, InputError
from tests.support.actors import TESTER
from tests.support.division import block, spot
from tests.support.drafts import take_into_force
from tests.support.paper_district import (
    DACHANG,
    DISTRICT,
    GUCUN,
    SECOND,
    UNIT,
    add_areas,
    described,
    load_district,
    parents,
    same,
    seen,
)


@pytest.fixture
def draft(session) -> Edition:
    load_district(session)
    return open_draft(session, described("next", SECOND))


def line(*corners: tuple[float, float]) -> LineString:
    return LineString([spot(*corner) for corner in corners])


def everything() -> dict[str, shapely.Geometry]:
    return {code: surface for drawn in DISTRICT.values() for code, (_, surface) in drawn.items()}


def assert_changed(session, draft: Edition, changed: dict[str, shapely.Geometry | None]) -> None:
    """The draft has everything as it was but for these surfaces, None for a code that is gone."""
    wanted = everything() | changed
    found = seen(session, SECOND, draft)
    assert set(found) == {code for code, surface in wanted.items() if surface is not None}
    assert [code for code, surface in found.items() if not same(surface, wanted[code])] == []
    assert {code: s for code, s in seen(session, SECOND).items() if not same(s, everything()[code])} == {}


def test_a_quarter_is_split_and_keeps_its_code_for_one_piece(session, draft) -> None:
    pieces = [Named(f"{GUCUN}003", "顾三"), Named(f"{GUCUN}005", "顾五")]
    found = edits.split(session, TESTER, draft, f"{GUCUN}003", line((3, -1), (3, 9)), pieces)
    assert [area.code for area in found] == [f"{GUCUN}003", f"{GUCUN}005"]
    assert_changed(session, draft, {f"{GUCUN}003": block(2, 0, 3, 8), f"{GUCUN}005": block(3, 0, 5, 8)})
    assert parents(session, SECOND, draft)[f"{GUCUN}003002"] == f"{GUCUN}005"


def test_a_split_needs_a_name_for_each_piece(session, draft) -> None:
    with pytest.raises(InputError) as refused:
        edits.split(session, TESTER, draft, f"{GUCUN}003", line((3, -1), (3, 9)), [Named("310113109005", "顾五")])
    assert (refused.value.code, refused.value.fields["made"], refused.value.fields["named"]) == ("split_pieces", 2, 1)


def test_a_town_that_is_split_reissues_the_codes_in_its_new_part(session, draft) -> None:
    new = "310113110"
    edits.split(session, TESTER, draft, GUCUN, line((-1, 4), (9, 4)), [Named(GUCUN, "顾村镇"), Named(new, "南顾村镇")])
    codes = set(seen(session, SECOND, draft))
    assert {f"{new}004", f"{new}004001", f"{new}004002", f"{GUCUN}001", f"{GUCUN}001001"} <= codes
    assert f"{GUCUN}004" not in codes


def test_merging_the_pieces_of_a_split_restores_the_surface_to_the_last_bit(session, draft) -> None:
    code = f"{GUCUN}003"
    before = area_in_force(session, code, SECOND)
    slanting = line((2.3, -1), (4.1, 9))
    edits.split(session, TESTER, draft, code, slanting, [Named(code, "顾三"), Named(f"{GUCUN}005", "顾五")])
    merged = edits.merge(session, TESTER, draft, [code, f"{GUCUN}005"], Named(code, "顾三"))
    assert merged.area_m2 == before.area_m2
    found, wanted = seen(session, SECOND, draft)[code], seen(session, SECOND)[code]
    assert shapely.equals_identical(shapely.normalize(found), shapely.normalize(wanted))


def test_areas_of_different_levels_do_not_merge(session, draft) -> None:
    for codes in ([f"{GUCUN}001", UNIT], [f"{GUCUN}001", f"{GUCUN}001"]):
        with pytest.raises(InputError) as refused:
            edits.merge(session, TESTER, draft, codes, Named(f"{GUCUN}001", "菊一"))
        assert refused.value.code == "merge_needs_one_level"


def test_a_border_moves_with_the_borders_of_the_sectors_above(session, draft) -> None:
    one, other = f"{DACHANG}001", f"{DACHANG}002"
    edits.move_border(session, TESTER, draft, one, other, line=line((4, 5), (9, 5)))
    lower, upper = block(5, 0, 8, 5), block(5, 5, 8, 8)
    assert_changed(session, draft, {one: lower, other: upper, f"{DACHANG}-S1": lower, f"{DACHANG}-S2": upper})


def test_a_piece_moves_between_quarters_of_two_towns_with_the_towns_and_the_sector(session, draft) -> None:
    giver, taker = f"{GUCUN}003", f"{DACHANG}001"
    edits.move_border(session, TESTER, draft, giver, taker, piece=block(4, 0, 6, 2))
    given = block(4, 0, 5, 2)
    lost = {code: everything()[code].difference(given) for code in (giver, GUCUN)}
    won = {code: everything()[code].union(given) for code in (taker, DACHANG, f"{DACHANG}-S1")}
    assert_changed(session, draft, lost | won)


def test_a_border_is_moved_by_a_line_or_by_a_piece(session, draft) -> None:
    with pytest.raises(InputError) as refused:
        edits.move_border(session, TESTER, draft, f"{DACHANG}001", f"{DACHANG}002")
    assert refused.value.code == "line_or_piece"


def test_a_quarter_moves_to_another_sector(session, draft) -> None:
    pieces = [Named(f"{DACHANG}002", "大二"), Named(f"{DACHANG}003", "大三")]
    edits.split(session, TESTER, draft, f"{DACHANG}002", line((7, -1), (7, 9)), pieces)
    edits.move_to_parent(session, TESTER, draft, f"{DACHANG}003", f"{DACHANG}-S1")
    found = seen(session, SECOND, draft)
    assert same(found[f"{DACHANG}-S1"], block(5, 0, 8, 4).union(block(7, 4, 8, 8)))
    assert same(found[f"{DACHANG}-S2"], block(5, 4, 7, 8))
    assert parents(session, SECOND, draft)[f"{DACHANG}003"] == f"{DACHANG}-S1"
    assert same(found[DACHANG], block(5, 0, 8, 8))


def test_a_quarter_moves_out_of_its_unit_to_the_town(session, draft) -> None:
    edits.move_to_parent(session, TESTER, draft, f"{GUCUN}001", GUCUN)
    assert_changed(session, draft, {UNIT: block(0, 6, 2, 8)})
    assert parents(session, SECOND, draft)[f"{GUCUN}001"] == GUCUN


def test_a_quarter_moves_to_another_town_under_a_code_of_that_town(session, draft) -> None:
    code = f"{DACHANG}009"
    edits.move_to_parent(session, TESTER, draft, f"{GUCUN}003", f"{DACHANG}-S2", new_code=code)
    moved = block(2, 0, 5, 8)
    gone = {f"{GUCUN}003": None, f"{GUCUN}003001": None, f"{GUCUN}003002": None}
    new = {code: moved, f"{code}001": block(2, 0, 3, 8), f"{code}002": block(3, 0, 5, 8)}
    around = {
        GUCUN: block(0, 0, 2, 8),
        DACHANG: block(2, 0, 8, 8),
        f"{DACHANG}-S2": block(5, 4, 8, 8).union(moved),
    }
    assert_changed(session, draft, gone | new | around)
    assert parents(session, SECOND, draft)[code] == f"{DACHANG}-S2"


def test_the_last_quarter_of_a_sector_cannot_leave_it(session, draft) -> None:
    with pytest.raises(GeometryError) as refused:
        edits.move_to_parent(session, TESTER, draft, f"{DACHANG}001", f"{DACHANG}-S2")
    assert refused.value.code == "piece_is_whole_giver"


def test_a_parent_is_above_and_another(session, draft) -> None:
    with pytest.raises(InputError) as refused:
        edits.move_to_parent(session, TESTER, draft, f"{GUCUN}001", f"{GUCUN}003")
    assert refused.value.code == "parent_not_above"
    with pytest.raises(ConflictError) as already:
        edits.move_to_parent(session, TESTER, draft, f"{GUCUN}001", UNIT)
    assert already.value.code == "parent_already"


def test_a_unit_is_promoted_to_a_subdistrict(session, draft) -> None:
    new = "310113009"
    town = edits.promote(session, TESTER, draft, UNIT, Named(new, "菊泉街道"))
    assert (town.level, town.kind) == ("town", "subdistrict")
    unit = block(0, 4, 2, 8)
    gone = [UNIT, *(f"{GUCUN}{rest}" for rest in ("001", "002", "001001", "001002", "002001", "002002"))]
    reissued = {code.replace(GUCUN, new): everything()[code] for code in gone[1:]}
    left = block(0, 0, 5, 8).difference(unit)
    assert_changed(session, draft, dict.fromkeys(gone) | reissued | {new: unit, GUCUN: left})
    found = parents(session, SECOND, draft)
    assert (found[f"{new}001"], found[f"{new}001001"], found[new]) == (new, f"{new}001", "310113")


def test_only_units_are_promoted(session, draft) -> None:
    with pytest.raises(InputError) as refused:
        edits.promote(session, TESTER, draft, f"{DACHANG}-S1", Named("310113009", "大一街道"))
    assert refused.value.code == "promote_needs_unit"


def test_a_renamed_town_may_become_a_subdistrict(session, draft) -> None:
    renamed = edits.rename(session, TESTER, draft, DACHANG, "大场街道")
    assert (renamed.name, renamed.kind) == ("大场街道", "subdistrict")
    assert_changed(session, draft, {})


def test_a_recoded_quarter_takes_its_cells_along(session, draft) -> None:
    edits.recode(session, TESTER, draft, f"{GUCUN}004", f"{GUCUN}014")
    wanted = {f"{GUCUN}014{end}": everything()[f"{GUCUN}004{end}"] for end in ("", "001", "002")}
    assert_changed(session, draft, dict.fromkeys(f"{GUCUN}004{end}" for end in ("", "001", "002")) | wanted)


def test_what_lay_in_a_retired_unit_belongs_to_the_town(session, draft) -> None:
    edits.retire(session, TESTER, draft, UNIT)
    assert_changed(session, draft, {UNIT: None})
    assert parents(session, SECOND, draft)[f"{GUCUN}001"] == GUCUN


def test_a_code_is_not_taken_twice_and_never_again(session, draft) -> None:
    with pytest.raises(DuplicateCodeError), session.begin_nested():
        edits.recode(session, TESTER, draft, f"{GUCUN}004", f"{GUCUN}003")
    edits.recode(session, TESTER, draft, f"{GUCUN}004", f"{GUCUN}014")
    take_into_force(session, "next")
    later = open_draft(session, described("later", SECOND.replace(year=2031)))
    with pytest.raises(ConflictError) as refused:
        edits.recode(session, TESTER, later, f"{GUCUN}003", f"{GUCUN}004")
    assert refused.value.code == "code_retired"


def test_an_edit_leaves_a_step_a_log_entry_and_another_fingerprint_and_reopens_the_draft(session, draft) -> None:
    fingerprint = draft.content_sha256
    put_in_state(session, draft, EditionState.CHECKED, actor="tester")
    edits.rename(session, TESTER, draft, f"{GUCUN}001", "新一")
    assert draft.state == EditionState.DRAFT
    assert draft.content_sha256 != fingerprint
    step = steps_of(session, draft.edition_id)[-1]
    assert (step.step, step.details) == ("edited", {"verb": "rename", "codes": [f"{GUCUN}001"], "name": "新一"})
    entry = session.scalars(select(Change).order_by(Change.change_id.desc()).limit(1)).one()
    assert (entry.action, entry.before, entry.after["areas"]) == (
        "areas.edit",
        {"areas": {f"{GUCUN}001": "菊一"}},
        {f"{GUCUN}001": "新一"},
    )


def test_an_edition_in_force_is_not_edited(session, draft) -> None:
    take_into_force(session, "next")
    with pytest.raises(ConflictError) as refused:
        edits.rename(session, TESTER, draft, f"{GUCUN}001", "新一")
    assert refused.value.code == "edition_no_draft"


def test_a_planner_of_one_town_edits_that_town_alone(session, draft) -> None:
    grant = Grant(Role.PLANNER, frozenset({Permission.AREAS_DRAFT}), "town", GUCUN)
    planner = Actor("account", "planner", grants=(grant,))
    edits.rename(session, planner, draft, f"{GUCUN}001", "新一")
    with pytest.raises(ForbiddenError):
        edits.rename(session, planner, draft, f"{DACHANG}001", "新大一")
    with pytest.raises(ForbiddenError):
        edits.move_border(session, planner, draft, f"{GUCUN}003", f"{DACHANG}001", piece=block(4, 0, 6, 2))
    assert session.scalar(select(Area.name).where(Area.edition_id == draft.edition_id)) == "新一"


def test_a_new_code_may_embed_the_old_one(session, draft) -> None:
    edits.recode(session, TESTER, draft, f"{GUCUN}004", f"{GUCUN}004A")
    wanted = {f"{GUCUN}004A{end}": everything()[f"{GUCUN}004{end}"] for end in ("", "001", "002")}
    assert_changed(session, draft, dict.fromkeys(f"{GUCUN}004{end}" for end in ("", "001", "002")) | wanted)


def test_a_recoded_district_takes_its_towns_along(session, draft) -> None:
    edits.recode(session, TESTER, draft, "310113", "310213")
    assert set(seen(session, SECOND, draft)) == {code.replace("310113", "310213") for code in everything()}


def test_the_areas_above_move_along_also_where_two_levels_share_a_code(session, draft) -> None:
    """The quarter has the code of its sector; both lose the piece that goes to the other town."""
    edits.recode(session, TESTER, draft, f"{DACHANG}001", f"{DACHANG}-S1")
    cell = {f"{DACHANG}001001": ("001", block(5, 0, 6, 4))}
    add_areas(session, draft, AreaLevel.GRID_CELL, DISTRICT[AreaLevel.GRID_CELL] | cell)
    edits.move_to_parent(session, TESTER, draft, f"{DACHANG}001001", f"{GUCUN}003")
    frame = area_frame(session, SECOND, draft=draft.edition_id).set_index(["level", "code"])
    for level in (AreaLevel.SECTOR, AreaLevel.RESIDENTIAL_QUARTER):
        assert same(frame.geometry[level, f"{DACHANG}-S1"], block(6, 0, 8, 4))


def test_around_each_edit_the_same_is_found_as_in_the_whole_draft(session, draft) -> None:
    """A quarter cut through a cell, a border moved through another, and a quarter that is gone."""
    pieces = [Named(f"{GUCUN}003", "顾三"), Named(f"{GUCUN}005", "顾五")]
    edits.split(session, TESTER, draft, f"{GUCUN}003", line((3.5, -1), (3.5, 9)), pieces)
    edits.move_border(session, TESTER, draft, f"{GUCUN}004", f"{GUCUN}001", piece=block(0, 3, 0.5, 4))
    edits.retire(session, TESTER, draft, f"{DACHANG}002")
    whole = check_day(session, SECOND, draft=draft.edition_id)
    boxes = [step.details["box"] for step in steps_of(session, draft.edition_id) if step.step == "edited"]
    assert boxes == [pytest.approx(block(*corners).bounds) for corners in ((2, 0, 5, 8), (0, 3, 0.5, 4), (5, 4, 8, 8))]
    codes = []
    for box in boxes:
        around = check_around(session, SECOND, tuple(box), draft=draft.edition_id)
        assert around == [f for f in whole if shapely.intersects(f.geometry, shapely.box(*box))]
        codes.append({code for f in around for code in f.codes})
    assert f"{GUCUN}003002" in codes[0]
    assert f"{GUCUN}004001" in codes[1]
    assert DACHANG in codes[2]
    assert check_around(session, SECOND, block(0.1, 7, 0.2, 7.1).bounds, draft=draft.edition_id) == []
