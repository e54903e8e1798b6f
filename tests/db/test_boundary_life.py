"""From draft to in force: checks, approval, activation, conflicts, lineage both ways, and what became of a code."""

import threading
from datetime import date

import pytest
from shapely import LineString, Point
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gridmgmt.access.rules import Actor, Grant, Permission, Role
from gridmgmt.areas.models import Area, AreaLineage
from gridmgmt.areas.queries import area_frame, area_summary
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.boundaries import service
from gridmgmt.boundaries.models import TopologyFinding
from gridmgmt.boundaries.queries import lineage, statuses, what_became_of
from gridmgmt.boundaries.rules import Direction, Named
from gridmgmt.db import make_engine, make_sessions, transaction
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import steps_of
from gridmgmt.editions.rules import EditionState
from gridmgmt.errors import ConflictError, ForbiddenError, GridMgmtError, InputError, NotFoundError, TopologyError
from tests.support.actors import TESTER
from tests.support.division import block, spot
from tests.support.drafts import take_into_force
from tests.support.paper_district import DACHANG, DISTRICT, FIRST, GUCUN, SECOND, UNIT, add_areas, load_district

NEW = "310113009"
DOCUMENT = {"document": "宝府〔2029〕1号", "dated": date(2029, 12, 1)}
THIRD = date(2031, 1, 1)


@pytest.fixture
def district(session) -> Session:
    load_district(session)
    return session


def draft_of(session: Session, name: str = "析出", on: date = SECOND) -> Edition:
    return service.open_draft(session, TESTER, name, on, "paper")


def promoted(session: Session) -> Edition:
    draft = draft_of(session)
    service.promote(session, TESTER, draft, UNIT, Named(NEW, "菊泉街道"))
    return draft


def into_force(session: Session, draft: Edition, on: date | None = None) -> Edition:
    """Check, approve with a reason for whatever the check warns of, and activate."""
    service.check(session, TESTER, draft)
    service.approve(session, TESTER, draft, **DOCUMENT, reason="paper")
    return service.activate(session, TESTER, draft, on)


def status(session: Session, name: str, on: date) -> str:
    return next(each.status for each in statuses(session, on) if each.name == name)


def test_an_empty_folder_has_no_drafts(session) -> None:
    with pytest.raises(NotFoundError) as refused:
        draft_of(session)
    assert refused.value.code == "folder_empty"


def test_a_draft_goes_step_by_step_into_force(district) -> None:
    draft = promoted(district)
    assert status(district, "析出", SECOND) == "draft"
    service.check(district, TESTER, draft)
    assert status(district, "析出", SECOND) == "checked"
    service.approve(district, TESTER, draft, **DOCUMENT, reason="paper")
    assert status(district, "析出", SECOND) == "approved"
    service.activate(district, TESTER, draft)
    assert status(district, "析出", date(2029, 12, 31)) == "scheduled"
    assert status(district, "析出", SECOND) == "in_force"
    assert [s.step for s in steps_of(district, draft.edition_id)] == [
        "opened", "edited", "checked", "approved", "in_force",
    ]  # fmt: skip
    approval = steps_of(district, draft.edition_id)[3]
    assert (approval.actor, approval.document, approval.dated) == ("tester", *DOCUMENT.values())
    assert area_summary(district, GUCUN, date(2029, 12, 31)).edition == "2015"
    assert area_summary(district, GUCUN, SECOND).edition == "析出"


def test_an_overview_counts_what_each_edition_brings_and_ends(district) -> None:
    draft = promoted(district)
    first, second = statuses(district, SECOND)
    assert (first.name, sum(first.areas.values()), first.areas["residential_quarter"], first.ended) == (
        "2015",
        20,
        6,
        {},
    )
    assert second.areas == {"town": 2, "residential_quarter": 2, "grid_cell": 4}
    assert second.ended == {"town": 1, "basic_management_unit": 1, "residential_quarter": 2, "grid_cell": 4}
    assert [step.step for step in second.steps] == ["opened", "edited"]
    assert draft.state == EditionState.DRAFT


def test_an_edition_whose_areas_all_ended_is_superseded(district) -> None:
    for name, on, text in (("a", SECOND, "新一"), ("b", THIRD, "又一")):
        draft = draft_of(district, name, on)
        service.rename(district, TESTER, draft, f"{GUCUN}001", text)
        take_into_force(district, name)
    assert (status(district, "a", SECOND), status(district, "a", THIRD)) == ("in_force", "superseded")
    assert status(district, "2015", THIRD) == "in_force"


def test_approval_and_activation_wait_for_the_step_before(district) -> None:
    draft = promoted(district)
    with pytest.raises(ConflictError) as unchecked:
        service.approve(district, TESTER, draft, **DOCUMENT)
    assert unchecked.value.code == "edition_not_checked"
    service.check(district, TESTER, draft)
    with pytest.raises(ConflictError) as unapproved:
        service.activate(district, TESTER, draft)
    assert unapproved.value.code == "edition_not_approved"
    with pytest.raises(InputError) as undocumented:
        service.approve(district, TESTER, draft, document=" ", dated=SECOND)
    assert undocumented.value.code == "approval_without_document"


def test_a_draft_with_an_error_is_not_approved_and_one_with_warnings_needs_a_reason(district) -> None:
    draft = draft_of(district)
    service.split(
        district,
        TESTER,
        draft,
        f"{GUCUN}003",
        block(3, -1, 9, 9).boundary,
        [Named(f"{GUCUN}003", "顾三"), Named("x", "y")],
    )
    service.retire(district, TESTER, draft, "x")  # a gap of 2 by 8 squares in the town
    service.check(district, TESTER, draft)
    with pytest.raises(TopologyError) as refused:
        service.approve(district, TESTER, draft, **DOCUMENT, reason="it does not matter")
    assert refused.value.code == "edition_has_errors"
    assert refused.value.fields["count"] >= 1


def test_an_edit_takes_the_findings_and_the_approval_away(district) -> None:
    draft = promoted(district)
    service.check(district, TESTER, draft)
    service.approve(district, TESTER, draft, **DOCUMENT, reason="paper")
    service.rename(district, TESTER, draft, NEW, "菊泉新城街道")
    assert draft.state == EditionState.DRAFT
    found = select(func.count()).select_from(TopologyFinding).where(TopologyFinding.edition_id == draft.edition_id)
    assert district.scalar(found) == 0


def test_other_boundaries_since_the_check_ask_for_another(district) -> None:
    draft, other = promoted(district), draft_of(district, "other")
    service.rename(district, TESTER, other, DACHANG, "大场街道")
    service.check(district, TESTER, draft)
    into_force(district, other)
    with pytest.raises(ConflictError) as refused:
        service.approve(district, TESTER, draft, **DOCUMENT, reason="paper")
    assert refused.value.code == "edition_check_outdated"
    assert into_force(district, draft).state == EditionState.IN_FORCE


def test_other_boundaries_since_the_approval_ask_for_another_check_too(district) -> None:
    draft, other = draft_of(district), draft_of(district, "other")
    service.rename(district, TESTER, draft, DACHANG, "大场街道")
    service.retire(district, TESTER, other, UNIT)
    aside = draft_of(district, "aside")
    service.rename(district, TESTER, aside, f"{DACHANG}001", "大一新村")
    for each in (draft, other, aside):
        service.check(district, TESTER, each)
        service.approve(district, TESTER, each, **DOCUMENT, reason="paper")
    service.activate(district, TESTER, other)
    assert service.activate(district, TESTER, aside).state == EditionState.IN_FORCE, "three columns east of the unit"
    with pytest.raises(ConflictError) as refused, district.begin_nested():
        service.activate(district, TESTER, draft)
    assert refused.value.code == "edition_check_outdated"
    assert into_force(district, draft).state == EditionState.IN_FORCE


def test_a_draft_comes_into_force_on_another_day_only_beside_the_same_boundaries(district) -> None:
    later = draft_of(district, "later", THIRD)
    service.retire(district, TESTER, later, UNIT)
    into_force(district, later)
    draft = draft_of(district)
    service.rename(district, TESTER, draft, GUCUN, "顾村街道")
    service.check(district, TESTER, draft)
    service.approve(district, TESTER, draft, **DOCUMENT, reason="paper")
    with pytest.raises(ConflictError) as refused, district.begin_nested():
        service.activate(district, TESTER, draft, THIRD)
    assert refused.value.code == "edition_of_another_day"
    assert service.activate(district, TESTER, draft, date(2030, 12, 31)).valid_from == date(2030, 12, 31)


def test_what_is_in_force_or_withdrawn_is_told_so_and_not_what_to_do_first(district) -> None:
    done, given_up = draft_of(district, "done"), draft_of(district, "given up")
    into_force(district, done)
    service.withdraw(district, TESTER, given_up, "not this year")
    for draft, code in ((done, "edition_in_force"), (given_up, "edition_no_draft")):
        with pytest.raises(ConflictError) as approved:
            service.approve(district, TESTER, draft, **DOCUMENT)
        with pytest.raises(ConflictError) as activated:
            service.activate(district, TESTER, draft)
        assert (approved.value.code, activated.value.code) == (code, code)


def test_nobody_but_an_administrator_approves_their_own_draft(district) -> None:
    everything = frozenset(Permission)
    planner = Actor("account", "planner", grants=(Grant(Role.PLANNER, everything),))
    chief = Actor("account", "chief", grants=(Grant(Role.DUTY_CHIEF, everything),))
    draft = service.open_draft(district, planner, "own", SECOND, "paper")
    service.rename(district, planner, draft, DACHANG, "大场街道")
    service.check(district, chief, draft)
    with pytest.raises(ForbiddenError) as refused:
        service.approve(district, planner, draft, **DOCUMENT, reason="paper")
    assert refused.value.code == "approver_drafted"
    assert service.approve(district, chief, draft, **DOCUMENT, reason="paper").state == EditionState.APPROVED


def test_a_grant_on_one_town_approves_drafts_of_that_town_alone(district) -> None:
    grant = Grant(Role.DUTY_CHIEF, frozenset(Permission), "town", GUCUN)
    chief = Actor("account", "chief", grants=(grant,))
    for code, allowed in ((f"{GUCUN}001", True), (f"{DACHANG}001", False)):
        draft = draft_of(district, code)
        service.rename(district, TESTER, draft, code, "新")
        service.check(district, TESTER, draft)
        if allowed:
            service.approve(district, chief, draft, **DOCUMENT, reason="paper")
        else:
            with pytest.raises(ForbiddenError):
                service.approve(district, chief, draft, **DOCUMENT, reason="paper")


def test_a_withdrawn_draft_stays_as_a_record(district) -> None:
    draft = promoted(district)
    service.withdraw(district, TESTER, draft, "not this year")
    assert status(district, "析出", SECOND) == "withdrawn"
    with pytest.raises(ConflictError):
        service.rename(district, TESTER, draft, NEW, "菊泉新城街道")
    assert steps_of(district, draft.edition_id)[-1].reason == "not this year"


def test_two_drafts_that_end_one_area_conflict_and_the_area_is_named(district) -> None:
    drafts = [draft_of(district, name) for name in ("a", "b")]
    for draft in drafts:
        service.rename(district, TESTER, draft, f"{GUCUN}001", draft.name)
        service.check(district, TESTER, draft)
        service.approve(district, TESTER, draft, **DOCUMENT, reason="paper")
    service.activate(district, TESTER, drafts[0])
    with pytest.raises(ConflictError) as refused:
        service.activate(district, TESTER, drafts[1], THIRD)
    assert refused.value.code == "ex_areas_base_in_force"
    assert f"{GUCUN}001" in str(refused.value)


def test_a_draft_that_another_has_overtaken_is_neither_changed_nor_checked(district) -> None:
    """Both have another name for the quarter: with the first in force, the second would have its code twice."""
    ours, theirs = draft_of(district, "ours"), draft_of(district, "theirs")
    for draft in (ours, theirs):
        service.rename(district, TESTER, draft, f"{GUCUN}001", draft.name)
    into_force(district, theirs)
    quarters = DISTRICT[AreaLevel.RESIDENTIAL_QUARTER]
    for step in (
        lambda: service.rename(district, TESTER, ours, f"{GUCUN}001", "三"),
        lambda: add_areas(district, ours, AreaLevel.RESIDENTIAL_QUARTER, quarters),
        lambda: service.check(district, TESTER, ours),
    ):
        with pytest.raises(ConflictError) as refused, district.begin_nested():
            step()
        assert refused.value.code == "ex_areas_base_in_force"
        assert f"{GUCUN}001" in str(refused.value)
    service.withdraw(district, TESTER, ours, "theirs came first")


def test_a_code_that_another_draft_brought_in_first_is_told_when_a_file_comes(district) -> None:
    new = {f"{GUCUN}009": ("顾九", block(9, 0, 10, 8))}
    ours, theirs = draft_of(district, "ours"), draft_of(district, "theirs")
    for draft in (ours, theirs):
        add_areas(district, draft, AreaLevel.RESIDENTIAL_QUARTER, new)
    take_into_force(district, "theirs")
    with pytest.raises(ConflictError) as refused:
        add_areas(district, ours, AreaLevel.RESIDENTIAL_QUARTER, new)
    assert refused.value.code == "ex_areas_code_in_force_once"
    assert f"{GUCUN}009" in str(refused.value)


def test_what_is_in_force_cannot_be_changed_by_statements_either(district) -> None:
    draft = into_force(district, promoted(district))
    row = district.scalars(select(Area).where(Area.edition_id == draft.edition_id).limit(1)).one()
    row.name = "别的"
    with pytest.raises(IntegrityError, match="only drafts"):
        district.flush()


def test_lineage_of_a_promotion_is_walked_both_ways(district) -> None:
    into_force(district, promoted(district))
    unit = [
        (p.to_level, p.to_code, p.share_of_from)
        for p in lineage(district, "basic_management_unit", UNIT, Direction.FORWARD)
    ]
    assert unit == [("town", NEW, pytest.approx(1))]
    # 8 of the town's 40 squares became the subdistrict.
    town = lineage(district, "town", GUCUN, Direction.FORWARD)
    assert [(p.from_name, p.to_name) for p in town] == [("顾村镇", "菊泉街道"), ("顾村镇", "顾村镇")]
    shares = {p.to_code: (p.share_of_from, p.share_of_to) for p in town}
    assert shares[NEW] == pytest.approx((0.2, 1), rel=1e-4)
    assert shares[GUCUN] == pytest.approx((0.8, 1), rel=1e-4)
    back = lineage(district, "residential_quarter", f"{NEW}001", Direction.BACKWARD)
    assert [(p.from_code, p.edition) for p in back] == [(f"{GUCUN}001", "析出")]
    cells = lineage(district, "grid_cell", f"{GUCUN}001001", Direction.FORWARD)
    assert [(p.to_code, p.share_of_from, p.share_of_to) for p in cells] == [(f"{NEW}001001", 1, 1)]
    assert sum(p.area_m2 for p in town) == pytest.approx(area_summary(district, GUCUN, FIRST).area_m2, rel=1e-6)


def test_lineage_goes_on_through_later_editions_and_never_back_in_time(district) -> None:
    into_force(district, promoted(district))
    later = draft_of(district, "later", THIRD)
    service.merge(district, TESTER, later, [f"{NEW}001", f"{NEW}002"], Named(f"{NEW}003", "菊三"))
    into_force(district, later)
    forward = lineage(district, "residential_quarter", f"{GUCUN}001", Direction.FORWARD)
    assert [(p.edition, p.to_code) for p in forward] == [("析出", f"{NEW}001"), ("later", f"{NEW}003")]
    backward = lineage(district, "residential_quarter", f"{NEW}003", Direction.BACKWARD)
    assert {p.from_code for p in backward} == {f"{GUCUN}001", f"{GUCUN}002", f"{NEW}001", f"{NEW}002"}
    assert lineage(district, "residential_quarter", f"{NEW}003", Direction.FORWARD) == []


def test_a_look_up_by_an_old_code_answers_with_what_became_of_it(district) -> None:
    into_force(district, promoted(district))
    fate = what_became_of(district, UNIT, SECOND)
    assert (fate.last.name, fate.ended_on, fate.ended_by) == ("菊泉新城", SECOND, "析出")
    assert [(s.level, s.code, s.name) for s in fate.successors] == [("town", NEW, "菊泉街道")]
    assert (fate.successors[0].share_of_from, fate.successors[0].share_of_to) == pytest.approx((1, 1))
    quarter = what_became_of(district, f"{GUCUN}002", THIRD)
    assert [s.code for s in quarter.successors] == [f"{NEW}002"]
    for code, on in ((UNIT, FIRST), ("nothing", SECOND)):
        with pytest.raises(NotFoundError):
            what_became_of(district, code, on)


def test_the_fate_of_a_code_is_found_on_the_map_after_several_editions(district) -> None:
    into_force(district, promoted(district))
    later = draft_of(district, "later", THIRD)
    service.move_border(district, TESTER, later, f"{NEW}001", f"{GUCUN}004", piece=block(0, 4, 1, 6))
    into_force(district, later)
    fate = what_became_of(district, UNIT, THIRD)
    # 6 of the unit's 8 squares are in the subdistrict, 2 went back to the town: 34 of its squares now.
    assert [(s.code, s.share_of_from) for s in fate.successors] == [
        (NEW, pytest.approx(0.75, rel=1e-4)),
        (GUCUN, pytest.approx(0.25, rel=1e-4)),
    ]


def test_an_unchanged_area_leaves_no_lineage(district) -> None:
    draft = draft_of(district)
    service.retire(district, TESTER, draft, UNIT)
    into_force(district, draft)
    assert district.scalar(select(func.count()).select_from(AreaLineage)) == 0
    assert what_became_of(district, UNIT, SECOND).successors == ()


def test_readers_see_a_whole_edition_or_nothing_of_it(fresh_database_url) -> None:
    engine = make_engine(fresh_database_url, pool_size=8)
    sessions = make_sessions(engine)
    with transaction(sessions) as session:
        load_district(session)
        draft = promoted(session)
        service.check(session, TESTER, draft)
        service.approve(session, TESTER, draft, **DOCUMENT, reason="paper")
    done, seen, failed = threading.Event(), set(), []

    def read() -> None:
        try:
            while True:
                last = done.is_set()
                with transaction(sessions) as session:
                    frame = area_frame(session, SECOND)
                    seen.add((len(frame), frozenset(frame["code"])))
                if last:
                    return
        except GridMgmtError as error:
            failed.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    with transaction(sessions) as session:
        service.activate(session, TESTER, session.get_one(Edition, draft.edition_id))
    done.set()
    for reader in readers:
        reader.join()
    engine.dispose()
    assert failed == []
    # 20 areas before; then the unit is gone and the subdistrict is there: 20 again, with other codes.
    assert all(n == 20 and (UNIT in codes) != (NEW in codes) for n, codes in seen)
    assert len(seen) <= 2
    assert any(NEW in codes for _, codes in seen)


def test_slanting_cuts_and_moved_borders_leave_nothing_for_the_check_to_find(session) -> None:
    levels = (AreaLevel.DISTRICT, AreaLevel.TOWN, AreaLevel.SECTOR, AreaLevel.RESIDENTIAL_QUARTER)
    drawn = {level: dict(DISTRICT[level]) for level in levels}
    load_district(session, drawn)
    draft = draft_of(session)
    one, other, new = f"{DACHANG}001", f"{DACHANG}002", f"{DACHANG}003"
    slanting = LineString([spot(5.77, -1), spot(7.31, 9)])
    service.split(session, TESTER, draft, other, slanting, [Named(other, "大二"), Named(new, "大三")])
    service.move_border(session, TESTER, draft, one, other, line=LineString([spot(4, 3.3), spot(9, 4.9)]))
    service.move_to_parent(session, TESTER, draft, new, f"{DACHANG}-S1")
    piece = Point(spot(5, 3)).buffer(0.0007)
    service.move_border(session, TESTER, draft, f"{GUCUN}003", one, piece=piece)
    assert [(f.type, f.codes, f.area_m2) for f in service.check(session, TESTER, draft)] == []
