"""The demo as it is loaded: the numbers of the source documents, on the boundaries of 2015 and of 2030."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import groupby
from unittest.mock import patch

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, sessionmaker

from gridmgmt.analysis.walking.gates import Access
from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import area_frame, area_in_force, areas_at
from gridmgmt.boundaries.diff import diff
from gridmgmt.boundaries.queries import draft_named, what_became_of
from gridmgmt.boundaries.rules import ChangeKind
from gridmgmt.boundaries.service import open_draft
from gridmgmt.cases.models import Case
from gridmgmt.cases.rules import ENDED, CaseSource, CaseState, Urgency
from gridmgmt.casework.models import CaseMove
from gridmgmt.casework.moves import Move
from gridmgmt.casework.queries import every_case, every_log
from gridmgmt.casework.replay import breaks, differences, replay
from gridmgmt.cells.queries import newest_generations
from gridmgmt.cells.service import GenerationAsk, generate
from gridmgmt.components.queries import ComponentFilter, component_summaries
from gridmgmt.db import migrated_sessions, transaction
from gridmgmt.demo import load
from gridmgmt.demo.components import establish_components
from gridmgmt.demo.exchange import establish_exchange
from gridmgmt.demo.load import DEMO_ACTOR, IN_FORCE_FROM, ask_demo_cells, load_demo
from gridmgmt.demo.merging import DEPARTMENTS, TOWNS, department_grids
from gridmgmt.demo.month import establish_cases
from gridmgmt.exchange.comparisons import last_of_day
from gridmgmt.exchange.queries import undelivered
from gridmgmt.governance.queries import completeness_matrix, mode_report
from gridmgmt.hours import parse_hours, rules_of_text
from gridmgmt.jobs.models import Job
from gridmgmt.merging.rules import MergeAsk
from gridmgmt.merging.service import compare_departments
from gridmgmt.statistics.queries import figure_of
from gridmgmt.walking.gates import what_if
from gridmgmt.walking.rules import make_question
from tests.conftest import copy_of
from tests.support.demo import generated

TODAY, SPLIT_OFF = date(2026, 11, 22), date(2030, 1, 1)
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
"""A Friday at 16:00, when much is under way."""
SPLIT_OFF_EDITION = "合成示例 2030 析出菊泉街道"


@pytest.fixture(scope="module")
def demo(test_cluster) -> Iterator[Session]:
    with copy_of(test_cluster) as url, migrated_sessions(url) as sessions:
        with patch.object(load, "generate", generated):
            load_demo(sessions)
        with transaction(sessions) as session:
            establish_cases(session, DEMO_ACTOR, now=NOW, cases=600)
        with transaction(sessions) as session:
            yield session


def counts(session: Session, on: date) -> dict[str, int]:
    return area_frame(session, on)["level"].value_counts().to_dict()


def test_the_boundaries_of_today_and_of_2030(demo) -> None:
    middle = {"district": 1, "sector": 4, "residential_quarter": 560}
    assert counts(demo, TODAY) == middle | {"town": 12, "basic_management_unit": 4}
    assert counts(demo, SPLIT_OFF) == middle | {"town": 13, "basic_management_unit": 3}
    assert counts(demo, date(2029, 12, 31)) == counts(demo, TODAY)


def test_every_centre_and_branch_is_there(demo) -> None:
    """9 towns × 6 = 54, 4 units × 6 = 24, 3 subdistricts × 7 = 21."""
    matrix = completeness_matrix(demo, TODAY)
    assert {t.group: (t.areas, t.expected, t.present) for t in matrix.tallies} == {
        "town": (9, 54, 54),
        "basic_management_unit": (4, 24, 24),
        "subdistrict": (3, 21, 21),
    }
    assert not matrix.findings


def test_the_new_subdistrict_lacks_its_seven_centres(demo) -> None:
    matrix = completeness_matrix(demo, SPLIT_OFF)
    assert {t.group: (t.expected, t.missing) for t in matrix.tallies} == {
        "town": (54, 0),
        "basic_management_unit": (18, 0),
        "subdistrict": (28, 7),
    }
    assert not matrix.findings


def test_modes_of_the_towns(demo) -> None:
    report = mode_report(demo, TODAY)
    towns = {town.name: town for town in report.towns}
    assert sorted(town.decision.mode for town in report.towns if town.decision) == (
        ["basic_management_unit"] * 3 + ["direct"] * 5 + ["sector"]
    )
    overridden = [town.name for town in report.towns if town.decision and town.decision.override]
    assert overridden == ["大场镇"]
    assert not towns["大场镇"].decision.passed
    assert towns["大场镇"].area_m2 < 40e6 < towns["顾村镇"].area_m2
    assert {unit.name for town in report.towns for unit in town.units} == {
        "大华社区", "菊泉社区", "共泰社区", "罗家园社区",
    }  # fmt: skip
    assert [len(towns[name].units) for name in ("大场镇", "顾村镇", "罗店镇")] == [1, 2, 1]
    assert all(3 <= unit.posts <= 5 and not unit.organs_missing for town in report.towns for unit in town.units)
    assert not report.gaps
    assert not [town.name for town in report.towns if town.conflicts]
    assert {tag.value for tag, _ in report.villages} >= {"urban_village", "empty_shell_village", "hollow_village"}


def test_sectors_of_yanghang_hold_each_quarter_once(demo) -> None:
    towns = {town.name: town for town in mode_report(demo, TODAY).towns}
    sectors = towns["杨行镇"].sectors
    assert {sector.type for sector in sectors} == {"old_estate", "commercial", "resettlement", "mixed"}
    assert sum(sector.quarters for sector in sectors) == towns["杨行镇"].quarters == 40
    assert (towns["庙行镇"].quarters, towns["庙行镇"].units, towns["庙行镇"].sectors) == (19, (), ())
    assert towns["顾村镇"].direct_quarters == 89 - 18 - 16


def test_the_joint_centre(demo) -> None:
    for on, town in ((TODAY, "310113109"), (SPLIT_OFF, "310113009")):
        (centre,) = mode_report(demo, on).joint_centres
        assert centre.area_m2 / 1e6 == pytest.approx(1.52, abs=0.01)
        assert (centre.partner_agreements, centre.town_code) == (22, town)


def test_what_became_of_the_unit_and_its_quarters(demo) -> None:
    """The whole unit went into the subdistrict; the town kept the rest; the quarters carry the new town's code."""
    unit = what_became_of(demo, "310113109-U1", SPLIT_OFF)
    assert [(s.code, round(s.share_of_from, 6)) for s in unit.successors] == [("310113009", 1.0)]
    old = area_frame(demo, TODAY)
    moved = old[old["parent_code"] == "310113109-U1"]["code"].tolist()
    assert len(moved) == 18
    for code in moved:
        assert [s.code for s in what_became_of(demo, code, SPLIT_OFF).successors] == [f"310113009{code[9:]}"]
    before = area_in_force(demo, "310113109", TODAY).area_m2
    after = sum(area_in_force(demo, code, SPLIT_OFF).area_m2 for code in ("310113109", "310113009"))
    assert after == pytest.approx(before, abs=1e-3)


def test_before_and_after_of_the_new_subdistrict(demo) -> None:
    """The unit, 8.23 km² and 18 quarters, passes from 顾村镇 to 菊泉街道; who lives there is counted on its polygon."""
    found = diff(demo, draft_named(demo, SPLIT_OFF_EDITION), TODAY)
    assert (found.on, found.data_on) == (SPLIT_OFF, TODAY)
    towns, units, quarters = found.levels
    new, old = towns.changes
    assert [(c.code, c.kinds) for c in towns.changes] == [
        ("310113009", (ChangeKind.ADDED,)),
        ("310113109", (ChangeKind.BORDER,)),
    ]
    assert (new.name, new.before_m2, round(new.after_m2 / 1e6, 2)) == ("菊泉街道", None, 8.23)
    assert old.before_m2 - old.after_m2 == pytest.approx(new.after_m2, abs=0.01)
    assert towns.moved_m2 == pytest.approx(new.after_m2, abs=0.01)
    assert [(c.code, c.kinds, c.after_m2) for c in units.changes] == [("310113109-U1", (ChangeKind.ENDED,), None)]
    assert len(quarters.changes) == 18
    assert {(c.code[:9], c.was_code) for c in quarters.changes} == {
        ("310113009", f"310113109{c.code[9:]}") for c in quarters.changes
    }
    assert {c.kinds for c in quarters.changes} == {(ChangeKind.CODE, ChangeKind.PARENT)}
    assert (quarters.moved_m2, quarters.affected.places) == (0, 0)
    inside = "FROM areas a JOIN {} t ON ST_Covers(a.geom, t.geom) WHERE a.code = '310113109-U1'"
    residents = demo.execute(text("SELECT sum(residents_60_plus) " + inside.format("population_places"))).scalar_one()
    points = text("SELECT count(*) " + inside.format("service_points") + " AND t.status = 'open'")
    cases = text(
        "SELECT count(*) "
        + inside.format("cases")
        + " AND t.state NOT IN ('closed', 'duplicate', 'rejected', 'voided')"
    )
    assert found.affected.residents_60_plus == pytest.approx(float(residents))
    assert sum(found.affected.service_points.values()) == demo.execute(points).scalar_one() > 0
    assert found.affected.open_cases == demo.execute(cases).scalar_one() > 0
    assert towns.affected == found.affected


def assert_told_by_their_logs(session: Session, number: int) -> None:
    """No entry that the machine would not have written, and from them alone every case as its row has it."""
    logs, found = groupby(every_log(session), key=lambda pair: pair[0]), 0
    for (case_id, case_no, facts), (logged, own) in zip(every_case(session), logs, strict=True):
        found += 1
        entries = [entry for _, entry in own]
        assert logged == case_id
        assert breaks(entries) == [], case_no
        assert differences(facts, replay(entries)) == {}, case_no
        assert all(entry.at < NOW for entry in entries if entry.move not in (Move.DUE_SOON, Move.OVERDUE))
    assert found == number


@pytest.mark.long
def test_the_whole_month_of_twenty_thousand(test_cluster) -> None:
    with copy_of(test_cluster) as url, migrated_sessions(url) as sessions:
        load_demo(sessions)
        with transaction(sessions) as session:
            assert establish_cases(session, DEMO_ACTOR, now=NOW) == 20_000
        with transaction(sessions) as session:
            assert_told_by_their_logs(session, 20_000)


def test_the_log_of_every_case_of_the_month_tells_the_whole_case(demo) -> None:
    assert_told_by_their_logs(demo, 600)
    assert establish_cases(demo, DEMO_ACTOR, now=NOW, cases=600) == 0


def test_the_hotline_has_a_list_of_yesterday_that_differs_in_two_orders(demo) -> None:
    assert establish_exchange(demo, DEMO_ACTOR, now=NOW) > 5
    compared = last_of_day(demo, date(2026, 11, 19))
    assert compared is not None
    assert [each["kind"] for each in compared.differences] == ["state_differs", "missing_here"]
    (failed,) = undelivered(demo)
    assert (failed.order_no, failed.event) == (compared.differences[0]["order_no"], "closed")


def test_the_month_has_something_of_everything(demo) -> None:
    assert set(demo.scalars(select(Case.source).distinct())) == {str(s) for s in CaseSource} - {"other"}
    states = dict(demo.execute(select(Case.state, func.count()).group_by(Case.state)).all())
    assert states[CaseState.CLOSED] > 300
    assert {CaseState.HANDLING, CaseState.DUPLICATE, CaseState.REJECTED, CaseState.VOIDED} <= set(states)
    urgent = demo.scalars(select(Case.urgency).where(Case.state.not_in(ENDED)).distinct())
    assert {Urgency.ON_TIME, Urgency.DUE_SOON} <= set(urgent)
    moves = set(demo.scalars(select(CaseMove.move).distinct()))
    assert {Move.REWORK, Move.SEND_BACK, Move.GRANT_EXTENSION, Move.SUPERVISE, Move.SETTLE_ON_SPOT, Move.RATE} <= moves
    numbered = demo.scalars(select(Case.case_no)).all()
    assert all(len(number) == 19 and number.startswith("310113202") for number in numbered)
    assert demo.scalar(select(func.count()).where(Case.town_code.is_(None))) == 0


def test_opening_the_side_gate_of_tianxin_garden(demo) -> None:
    """With cards its own 159 residents walk less, and 56 of them come to have a point within twenty minutes.

    Open to all it is a way through for 48 more, who live behind it.
    """
    question = make_question(TODAY)
    by_card = what_if(demo, question, "310113103-G01-2", access=Access.RESIDENTS)
    assert (by_card.gate.name, by_card.before.access, by_card.level) == ("红林路小门", "closed", "residential_quarter")
    assert {group.code: group.ages[0].residents for group in by_card.by_area} == {"310113103021": 159}
    everyone, *by_age = by_card.total.ages
    assert (everyone.covered_before, everyone.covered_after) == (103, 159)
    assert 5 * 60 < everyone.mean_before_s - everyone.mean_after_s < 8 * 60
    assert sum(each.residents for each in by_age) == 159
    assert sum(each.covered_after - each.covered_before for each in by_age) == 56
    for_all = what_if(demo, question, "310113103-G01-2", access=Access.PUBLIC)
    residents = {group.code: group.ages[0].residents for group in for_all.by_area}
    assert residents == {"310113103012": 9, "310113103021": 198}


def test_outside_its_hours_the_side_gate_is_as_if_shut(demo) -> None:
    hours = parse_hours(rules_of_text("mon-sun 06:00-21:00")).spans
    late = what_if(demo, make_question(TODAY, at="sat 22:00"), "310113103-G01-2", access=Access.RESIDENTS, spans=hours)
    assert (late.total.places, late.by_area) == (0, ())


def test_a_point_lies_in_the_areas_of_each_day(demo) -> None:
    inside = func.ST_PointOnSurface(Area.geom)
    lon, lat = demo.execute(
        select(func.ST_X(inside), func.ST_Y(inside)).where(Area.code == "310113009", Area.level == "town")
    ).one()
    levels = [(area.level, area.code) for area in areas_at(demo, lon, lat, TODAY)]
    assert levels[1:3] == [("town", "310113109"), ("basic_management_unit", "310113109-U1")]
    assert [area.code for area in areas_at(demo, lon, lat, SPLIT_OFF)][1] == "310113009"


def test_computed_and_published_surface_stand_side_by_side(demo) -> None:
    published = figure_of(demo, "town", "310113102", "published_area_m2", TODAY)
    assert published is not None
    assert published.value == 27.22e6
    assert area_in_force(demo, "310113102", TODAY).area_m2 == pytest.approx(27.22e6, rel=0.02)


def test_the_check_found_nothing_and_every_step_is_kept(demo) -> None:
    assert demo.scalar(text("SELECT count(*) FROM topology_findings")) == 0
    steps = demo.scalars(
        text(
            "SELECT step FROM edition_steps JOIN editions USING (edition_id) WHERE name LIKE '%2030%' ORDER BY step_id"
        )
    ).all()
    assert steps[0] == "opened"
    assert steps[-3:] == ["checked", "approved", "in_force"]


def test_the_conflicts_planted_in_departments_grids_are_found_to_the_square_metre(demo) -> None:
    planted = department_grids(area_frame(demo, TODAY)).planted
    assert len(planted) == 5 * len(TOWNS)
    compared = compare_departments(demo, MergeAsk(DEPARTMENTS), TODAY)
    found = sorted((row["kind"], row["area_m2"]) for row in compared.conflicts())
    expected = sorted((each.kind.value, each.area_m2) for each in planted)
    assert [kind for kind, _ in found] == [kind for kind, _ in expected]
    assert [m2 for _, m2 in found] == pytest.approx([m2 for _, m2 in expected], rel=1e-6)
    document = compared.document()
    # 张庙 has 5.19 km² and 杨行 37.9 km²; the demo's shapes have nearly as much.
    assert document["land_m2"] == pytest.approx(43.09e6, rel=0.02)
    assert document["land_m2"] - document["agreed_m2"] == pytest.approx(sum(each.area_m2 for each in planted), rel=1e-6)
    common = next(way for way in document["ways"] if way["way"] == "common")
    assert (common["grids"], common["own_pieces"], common["slivers"]) == (80, 0, 0)


def test_components_stand_beside_the_streets_as_a_file_would_bring_them(demo) -> None:
    with demo.begin_nested() as savepoint:
        assert establish_components(demo, DEMO_ACTOR, IN_FORCE_FROM, count=400) == 400
        assert establish_components(demo, DEMO_ACTOR, IN_FORCE_FROM) == 0
        found = component_summaries(demo, IN_FORCE_FROM, ComponentFilter(), limit=401)
        savepoint.rollback()
    assert len({each.code for each in found}) == 400
    assert {each.code[:6] for each in found} == {"310113"}
    assert {each.type_code: each.geometry_type for each in found} == dict.fromkeys(
        ("0102", "0103", "0114", "0203", "0303"), "POINT"
    ) | {"0401": "LINESTRING"}
    assert all(each.maintainer_code and each.name for each in found)
    assert sum(each.state == "in_use" for each in found) > 350


def test_what_workers_have_to_do_keeps_its_order_and_is_asked_once(demo) -> None:
    """Cells of 2015, those of 2030, the grids, the cases that go to their posts; all else needs the first only."""
    sessions = sessionmaker(demo.connection(), join_transaction_mode="create_savepoint")
    ask_demo_cells(sessions)
    ask_demo_cells(sessions)
    jobs = demo.scalars(select(Job).order_by(Job.job_id)).all()
    first, second = (job.job_id for job in jobs if job.kind == "cell_generation")
    grids = next(job.job_id for job in jobs if job.kind == "demo_grids")
    assert [(job.kind, job.after_job_id) for job in jobs] == [
        ("cell_generation", None),
        ("cell_generation", first),
        ("demo_grids", second),
        ("demo_cases", grids),
        ("demo_components", first),
        ("grid_merge", first),
    ]
    assert [each.area_code for each, _ in newest_generations(demo, 5)] == ["310113009", "310113"]


def test_the_cells_of_a_unit_follow_its_barriers_cover_its_quarters_and_carry_their_codes(demo) -> None:
    """菊泉, 18 quarters of 5.5 km²; the bars are those of the report: at least 0.65 of the border on barriers, …"""
    with demo.begin_nested() as savepoint:
        draft = open_draft(demo, DEMO_ACTOR, "网格", TODAY, "test")
        ask = GenerationAsk("310113109-U1", draft.name, TODAY, barriers_on=TODAY)
        document = generate(demo, DEMO_ACTOR, draft, ask, processes=1).document
        frame = area_frame(demo, TODAY, draft=draft.edition_id)
        savepoint.rollback()
    assert document is not None
    assert [bar["name"] for bar in document["bars"] if not bar["passed"]] == []
    assert document["quality"]["share_of_border_on_barriers"] >= 0.65
    assert document["quality"]["share_compactness_below_0_3"] <= 0.08, "streets are borders, and no cells"
    cells = frame[frame["level"] == "grid_cell"]
    quarters = frame[frame["code"].isin(cells["parent_code"])]
    assert len(quarters) == 18
    covered_m2 = cells.groupby("parent_code")["area_m2"].sum()
    assert covered_m2.to_dict() == pytest.approx(quarters.set_index("code")["area_m2"].to_dict(), rel=1e-6)
    for quarter, of_quarter in cells.groupby("parent_code"):
        assert sorted(of_quarter["code"]) == [f"{quarter}{number:03d}" for number in range(1, len(of_quarter) + 1)]
