"""Modes, tags, organs, staffing and joint centres on a district on paper: what is kept, refused and reported."""

from dataclasses import replace
from datetime import date, timedelta

import pyproj
import pytest
import shapely
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gridmgmt.access.models import Change
from gridmgmt.access.rules import Actor, Grant, Permission, Role
from gridmgmt.areas.models import Area, TownModeDecision
from gridmgmt.areas.queries import area_summary
from gridmgmt.areas.rules import AreaLevel, TownMode
from gridmgmt.errors import (
    ConflictError,
    ForbiddenError,
    InputError,
    NotFoundError,
    RuleViolationError,
    UnauthenticatedError,
)
from gridmgmt.governance import service
from gridmgmt.governance.modes import TownReport
from gridmgmt.governance.queries import mode_report, rule_on
from gridmgmt.governance.rules import NewJointCentre, Organ, Override, Residents, TagKind
from gridmgmt.statistics.models import AreaFigure
from tests.support import governed
from tests.support.actors import TESTER
from tests.support.governed import (
    BEGIN,
    DACHANG,
    GUCUN,
    LUODIAN,
    MIAOHANG,
    UNITS,
    YANGHANG,
    YUEPU,
    ZHANGMIAO,
)

MANY = Residents(370_000, date(2014, 12, 31), "统计年鉴")
ORDER = Override("宝山区委", "宝委〔2015〕1号", "大华社区已确定", date(2014, 12, 31))
LATER = date(2016, 7, 1)
GEOD = pyproj.Geod(ellps="WGS84")


@pytest.fixture
def district(session: Session) -> Session:
    governed.build(session)
    return session


def town(session: Session, code: str, on: date = BEGIN) -> TownReport:
    return next(town for town in mode_report(session, on).towns if town.code == code)


def decide(session: Session, code: str, mode: TownMode, on: date = BEGIN, **more: object) -> TownModeDecision:
    return service.decide_mode(session, TESTER, code, mode, on, **more)


def test_the_rule_is_seeded_and_holds_from_2015(session) -> None:
    rule = rule_on(session, BEGIN)
    assert (rule.name, rule.min_residents, rule.min_area_m2, rule.strict) == ("2015", 200_000, 40e6, True)
    with pytest.raises(NotFoundError) as refusal:
        rule_on(session, BEGIN - timedelta(days=1))
    assert refusal.value.code == "mode_rule_unknown"


def test_a_later_edition_of_the_rule_judges_later_decisions(district) -> None:
    district.execute(
        text("INSERT INTO mode_rules VALUES ('2016', '2016-01-01', 100000, 1e6, false, 'made up for a test')")
    )
    assert rule_on(district, date(2015, 12, 31)).name == "2015"
    row = decide(
        district, GUCUN, TownMode.BASIC_MANAGEMENT_UNIT, LATER, delineable=True, residents=replace(MANY, number=100_000)
    )
    assert (row.rule, row.passed) == ("2016", True)


def test_the_town_s_own_surface_on_the_ellipsoid_is_what_counts(district) -> None:
    """A town of the paper district is 8 by 10 hundredths of a degree: 7.61 km by 11.09 km, 84 km²."""
    row = decide(district, GUCUN, TownMode.BASIC_MANAGEMENT_UNIT, delineable=True, residents=MANY)
    area_m2 = abs(GEOD.geometry_area_perimeter(governed.town_square(GUCUN))[0])
    facts = town(district, GUCUN).decision
    assert facts is not None
    assert facts.area_m2 == pytest.approx(area_m2, rel=1e-9)
    assert (facts.area_edition, row.area_id) == (
        "2015",
        district.scalar(select(Area.area_id).where(Area.code == GUCUN)),
    )
    assert (facts.passed, facts.override, facts.rule) == (True, None, "2015")


def small_town(session: Session, km2: float) -> None:
    """Bring 大场 into force with a surface measured on the ellipsoid, near its south-western corner."""
    west, south, _, _ = governed.town_square(DACHANG).bounds

    def surface(height: float) -> float:
        return abs(GEOD.geometry_area_perimeter(shapely.box(west, south, west + 0.05, south + height))[0])

    low, high = 0.0, 0.1
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if surface(middle) < km2 * 1e6 else (low, middle)
    edition = governed.open_edition(session, "大场", date(2015, 2, 1))
    row = (DACHANG, "大场镇", shapely.box(west, south, west + 0.05, south + low))
    governed.store(session, edition, AreaLevel.TOWN, [row])
    governed.take_into_force(session, "大场")


def test_dachang_of_27_22_km2_is_refused_without_an_override_and_shown_as_overridden_with_one(district) -> None:
    small_town(district, 27.22)
    on = date(2015, 3, 1)
    with pytest.raises(RuleViolationError) as refusal:
        decide(district, DACHANG, TownMode.BASIC_MANAGEMENT_UNIT, on, delineable=True, residents=MANY)
    assert refusal.value.code == "unit_mode_advised_against"
    assert "27.22 km²" in refusal.value.message("en")
    row = decide(district, DACHANG, TownMode.BASIC_MANAGEMENT_UNIT, on, delineable=True, residents=MANY, override=ORDER)
    assert row.passed is False
    found = town(district, DACHANG, on)
    assert found.decision is not None
    assert found.decision.override == ORDER
    assert found.area_m2 == pytest.approx(27.22e6, abs=1)


def test_no_column_takes_an_area_and_every_surface_is_the_geography_s(session) -> None:
    """Read on the plane of web tiles 27.22 km² at 31.3° N would be 37.4: no number of m² of an area can be given."""
    columns = session.execute(
        text(
            "SELECT table_name, column_name, generation_expression FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_name LIKE '%area%m2%' AND table_name IN"
            " ('areas', 'town_modes', 'joint_centres', 'centres', 'area_tags', 'area_organs', 'staffing')"
            " ORDER BY table_name"
        )
    ).all()
    assert [(table, column) for table, column, _ in columns] == [("areas", "area_m2"), ("joint_centres", "area_m2")]
    assert {expression for *_, expression in columns} == {"st_area((geom)::geography)"}
    with pytest.raises(DBAPIError, match="area_m2"):
        session.execute(text("UPDATE joint_centres SET area_m2 = 37.4e6"))


@pytest.mark.parametrize(("number", "passed"), [(200_000, False), (200_001, True)])
def test_exactly_the_limit_of_residents_is_not_enough(district, number, passed) -> None:
    counted = replace(MANY, number=number)
    if not passed:
        with pytest.raises(RuleViolationError):
            decide(district, GUCUN, TownMode.BASIC_MANAGEMENT_UNIT, delineable=True, residents=counted)
        return
    assert decide(district, GUCUN, TownMode.BASIC_MANAGEMENT_UNIT, delineable=True, residents=counted).passed


def test_residents_come_from_the_figures_where_none_are_given(district) -> None:
    with pytest.raises(NotFoundError) as refusal:
        decide(district, GUCUN, TownMode.BASIC_MANAGEMENT_UNIT, delineable=True)
    assert refusal.value.code == "residents_unknown"
    district.add(
        AreaFigure(
            level="town", area_code=GUCUN, figure="residents", value=350_000, counted_on=date(2014, 12, 31),
            areas_on=BEGIN, source="年鉴",
        )
    )  # fmt: skip
    district.flush()
    row = decide(district, GUCUN, TownMode.BASIC_MANAGEMENT_UNIT, delineable=True)
    assert (row.residents, row.residents_on, row.residents_source) == (350_000, date(2014, 12, 31), "年鉴")


def test_an_override_that_overrides_nothing_is_refused(district) -> None:
    for mode, more in (
        (TownMode.DIRECT, {}),
        (TownMode.BASIC_MANAGEMENT_UNIT, {"delineable": True, "residents": MANY}),
    ):
        with pytest.raises(RuleViolationError) as refusal:
            decide(district, GUCUN, mode, override=ORDER, **more)
        assert refusal.value.code == "override_not_needed"


def test_modes_do_not_apply_to_subdistricts(district) -> None:
    with pytest.raises(RuleViolationError) as refusal:
        decide(district, ZHANGMIAO, TownMode.DIRECT)
    assert refusal.value.code == "mode_not_applicable"


def test_a_town_has_one_mode_a_day_and_its_history_is_kept(district) -> None:
    decide(district, YUEPU, TownMode.DIRECT)
    decide(district, YUEPU, TownMode.SECTOR, LATER)
    eve = LATER - timedelta(days=1)
    assert [area_summary(district, YUEPU, on).mode for on in (BEGIN, eve, LATER)] == ["direct", "direct", "sector"]
    assert town(district, YUEPU).conflicts == ()
    assert town(district, YUEPU, LATER).conflicts == ("sector_mode_without_sector",)
    with pytest.raises(DBAPIError, match="ex_town_modes_one_a_day"), district.begin_nested():
        district.execute(
            text(
                "INSERT INTO town_modes (town_code, valid_from, valid_to, mode, decided_by)"
                " VALUES (:code, '2016-06-30', '2016-07-02', 'direct', 'x')"
            ),
            {"code": YUEPU},
        )


def test_a_mode_decided_for_the_past_ends_where_the_next_begins(district) -> None:
    decide(district, YUEPU, TownMode.SECTOR, LATER)
    assert decide(district, YUEPU, TownMode.DIRECT).valid_to == LATER
    with pytest.raises(ConflictError) as refusal:
        decide(district, YUEPU, TownMode.DIRECT, date(2016, 1, 1))
    assert refusal.value.code == "ended_already"


def test_a_decision_can_be_put_right_on_its_own_day_and_both_stay_on_record(district) -> None:
    decide(district, YUEPU, TownMode.SECTOR)
    decide(district, YUEPU, TownMode.DIRECT)
    assert area_summary(district, YUEPU, BEGIN).mode == "direct"
    assert district.scalar(select(func.count()).select_from(TownModeDecision)) == 2


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE town_modes SET mode = 'sector'",
        "UPDATE town_modes SET valid_to = NULL",
        "UPDATE town_modes SET valid_to = '2017-01-01'",
        "DELETE FROM town_modes",
    ],
)
def test_what_was_decided_is_neither_changed_nor_deleted(district, change) -> None:
    decide(district, YUEPU, TownMode.DIRECT)
    service.end_mode(district, TESTER, YUEPU, LATER)
    with pytest.raises(DBAPIError, match="they can only end, once"), district.begin_nested():
        district.execute(text(change))


def test_the_database_asks_for_an_override_and_for_all_of_it(district) -> None:
    for values in (
        "'basic_management_unit', false, NULL, NULL, NULL, NULL",
        "'direct', NULL, 'who', NULL, NULL, NULL",
    ):
        with pytest.raises(DBAPIError, match="ck_town_modes_"), district.begin_nested():
            district.execute(
                text(
                    "INSERT INTO town_modes (town_code, valid_from, mode, passed, override_by, override_document,"
                    " override_reason, override_dated, decided_by, delineable, residents, residents_on,"
                    " residents_source, area_id, rule)"
                    f" SELECT 'T', '2015-01-01', {values}, 'x', true, 1, '2015-01-01', 's', area_id, '2015'"
                    " FROM areas LIMIT 1"
                )
            )


def test_a_town_whose_mode_has_ended_is_a_gap(district) -> None:
    for code in governed.TOWNS:
        if code != YUEPU and not code.startswith("31011300"):
            decide(district, code, TownMode.DIRECT)
    assert mode_report(district, BEGIN).gaps == (YUEPU,)
    service.end_mode(district, TESTER, MIAOHANG, LATER)
    assert mode_report(district, LATER).gaps == (YUEPU, MIAOHANG)
    with pytest.raises(NotFoundError) as refusal:
        service.end_mode(district, TESTER, YUEPU, LATER)
    assert refusal.value.code == "mode_not_decided"


def test_yanghang_has_forty_quarters_in_four_types_and_one_moved_changes_two_totals(district) -> None:
    types = ("old_estate", "commercial", "resettlement", "mixed")
    for number, housing in enumerate(types, 1):
        service.tag(district, TESTER, f"{YANGHANG}-S{number}", TagKind.SECTOR_TYPE, housing, BEGIN)
    decide(district, YANGHANG, TownMode.SECTOR)
    governed.move_quarter(district, LATER)
    before, after = (
        {sector.type: sector.quarters for sector in town(district, YANGHANG, on).sectors} for on in (BEGIN, LATER)
    )
    assert before == {"old_estate": 12, "commercial": 13, "resettlement": 9, "mixed": 6}
    assert after == {"old_estate": 11, "commercial": 13, "resettlement": 9, "mixed": 7}
    assert [town(district, YANGHANG, on).quarters for on in (BEGIN, LATER)] == [40, 40]
    assert [town(district, YANGHANG, on).direct_quarters for on in (BEGIN, LATER)] == [0, 0]
    assert mode_report(district, LATER).editions == ("2015", "调整")


def test_a_sector_in_miaohang_raises_the_conflict_from_its_day(district) -> None:
    decide(district, MIAOHANG, TownMode.DIRECT)
    governed.add_sector(district, MIAOHANG, LATER)
    before = town(district, MIAOHANG)
    assert (before.quarters, before.direct_quarters, before.sectors, before.conflicts) == (19, 19, (), ())
    assert town(district, MIAOHANG, LATER).conflicts == ("direct_with_sector",)


def test_quarters_of_gucun_outside_its_units_are_direct(district) -> None:
    decide(district, GUCUN, TownMode.BASIC_MANAGEMENT_UNIT, delineable=True, residents=MANY)
    found = town(district, GUCUN)
    assert (found.quarters, found.direct_quarters, found.conflicts) == (10, 4, ())
    assert [(unit.name, unit.quarters) for unit in found.units] == [("菊泉", 4), ("共泰", 2)]


def test_the_report_names_the_four_units_in_three_towns(district) -> None:
    units = [(unit.code, unit.name) for found in mode_report(district, BEGIN).towns for unit in found.units]
    assert dict(units) == UNITS
    assert [found.code for found in mode_report(district, BEGIN).towns if found.units] == [LUODIAN, DACHANG, GUCUN]


def test_organs_of_units_and_sectors_are_named_replaced_and_dissolved(district) -> None:
    unit, sector = f"{GUCUN}-U1", f"{YANGHANG}-S1"
    service.set_organ(district, TESTER, unit, Organ.PARTY_COMMITTEE, "菊泉社区党委", BEGIN)
    service.set_organ(district, TESTER, unit, Organ.PARTY_COMMITTEE, "菊泉新城社区党委", LATER)
    service.set_organ(district, TESTER, sector, Organ.CONVENOR, "居民区党总支书记", BEGIN)
    names = [town(district, GUCUN, on).units[0].organs[Organ.PARTY_COMMITTEE] for on in (BEGIN, LATER)]
    assert names == ["菊泉社区党委", "菊泉新城社区党委"]
    assert town(district, YANGHANG).sectors[0].organs_missing == (Organ.PARTY_BRANCH, Organ.JOINT_MEETING)
    service.set_organ(district, TESTER, sector, Organ.CONVENOR, None, LATER)
    assert Organ.CONVENOR in town(district, YANGHANG, LATER).sectors[0].organs_missing
    with pytest.raises(NotFoundError):
        service.set_organ(district, TESTER, sector, Organ.PARTY_COMMITTEE, "x", BEGIN)
    with pytest.raises(NotFoundError) as refusal:
        service.set_organ(district, TESTER, sector, Organ.JOINT_MEETING, None, BEGIN)
    assert refusal.value.code == "organ_unknown"


@pytest.mark.parametrize(("posts", "plausible"), [(2, False), (3, True), (5, True), (6, False)])
def test_staffing_outside_three_to_five_is_taken_and_warned_of(district, posts, plausible) -> None:
    service.set_staffing(district, TESTER, f"{GUCUN}-U1", posts, BEGIN)
    unit = town(district, GUCUN).units[0]
    assert (unit.posts, unit.posts_plausible) == (posts, plausible)


def test_negative_posts_are_refused(district) -> None:
    with pytest.raises(InputError) as refusal:
        service.set_staffing(district, TESTER, f"{GUCUN}-U1", -1, BEGIN)
    assert refusal.value.code == "posts_negative"


def test_tags_are_many_but_types_one_at_a_time(district) -> None:
    for value in ("小马拉大车", "温馨12345"):
        service.tag(district, TESTER, GUCUN, TagKind.X, value, BEGIN)
    with pytest.raises(ConflictError) as refusal:
        service.tag(district, TESTER, GUCUN, TagKind.X, "小马拉大车", BEGIN)
    assert refusal.value.code == "tag_held"
    assert town(district, GUCUN).x == ("小马拉大车", "温馨12345")
    service.untag(district, TESTER, GUCUN, TagKind.X, "小马拉大车", LATER)
    assert town(district, GUCUN, LATER).x == ("温馨12345",)
    quarter = f"{GUCUN}001"
    service.tag(district, TESTER, quarter, TagKind.VILLAGE_TYPE, "urban_village", BEGIN)
    service.tag(district, TESTER, quarter, TagKind.COURTYARD, "茂盛村院落", BEGIN)
    service.tag(district, TESTER, quarter, TagKind.VILLAGE_TYPE, "hollow_village", LATER)
    found = [[(tag.kind, tag.value) for tag, _ in mode_report(district, on).villages] for on in (BEGIN, LATER)]
    assert found == [
        [("courtyard", "茂盛村院落"), ("village_type", "urban_village")],
        [("courtyard", "茂盛村院落"), ("village_type", "hollow_village")],
    ]
    with pytest.raises(NotFoundError):
        service.tag(district, TESTER, GUCUN, TagKind.COURTYARD, "x", BEGIN)


def xinjiayuan(km2: float = 1.52, column: float = 1.0) -> NewJointCentre:
    """馨佳园 as a rectangle in 顾村 1.5 km wide and as high as its surface asks for."""
    west, south, _, _ = governed.town_square(GUCUN).bounds
    west += column * governed.STEP
    width, height = 0.0157, 0.0
    low, high = 0.0, 0.05
    for _ in range(60):
        height = (low + high) / 2
        surface = abs(GEOD.geometry_area_perimeter(shapely.box(west, south, west + width, south + height))[0])
        low, high = (height, high) if surface < km2 * 1e6 else (low, height)
    return NewJointCentre(
        code="XJY",
        name="馨佳园",
        town_code=GUCUN,
        valid_from=BEGIN,
        geometry=shapely.box(west, south, west + width, south + height),
        source="《走进宝山》2015",
        party_branch="馨佳园居民区党总支",
        joint_service_centre="馨佳园联合服务中心",
        partner_agreements=22,
        note="“22”后的名词在原文中断行缺失",
    )


def test_xinjiayuan_is_a_service_area_of_1_52_km2_with_22_agreements_and_no_level(district) -> None:
    levels = district.scalar(select(func.count()).select_from(Area))
    service.add_joint_centre(district, TESTER, xinjiayuan())
    assert district.scalar(select(func.count()).select_from(Area)) == levels
    (found,) = mode_report(district, BEGIN).joint_centres
    assert found.area_m2 / 1e6 == pytest.approx(1.52, abs=0.01)
    assert (found.partner_agreements, found.party_branch) == (22, "馨佳园居民区党总支")
    assert found.joint_service_centre == "馨佳园联合服务中心"
    assert found.note is not None


def test_a_joint_centre_lies_in_its_town(district) -> None:
    with pytest.raises(RuleViolationError) as refusal:
        service.add_joint_centre(district, TESTER, xinjiayuan(column=-3))
    assert refusal.value.code == "joint_centre_outside"


def test_open_service_points_are_counted_by_type_and_sector(district) -> None:
    west, south, _, _ = governed.town_square(YANGHANG).bounds
    edition = district.scalar(
        text(
            "INSERT INTO editions (subject, name, valid_from, source, synthetic, datum, content_sha256, extent)"
            " VALUES ('service_points', 'p', '2015-01-01', 's', true, 'wgs84', 'x',"
            " ST_MakeEnvelope(121, 31, 122, 32, 4326)) RETURNING edition_id"
        )
    )
    border = west + 2 * governed.STEP
    for code, type_, status, lon in (
        ("a", "meal_point", "open", west + 0.001),
        ("b", "meal_point", "open", border),
        ("c", "meal_point", "closed", west + 0.001),
        ("d", "elderly_service_point", "open", border + 0.001),
    ):
        district.execute(
            text(
                "INSERT INTO service_points (edition_id, code, name, type, status, geom)"
                " VALUES (:e, :code, 'n', :type, :status, ST_Point(:lon, :lat, 4326))"
            ),
            {"e": edition, "code": code, "type": type_, "status": status, "lon": lon, "lat": south + 0.01},
        )
    counted = {s.code[-2:]: dict(s.service_points) for s in town(district, YANGHANG).sectors}
    assert counted == {"S1": {"meal_point": 2}, "S2": {"elderly_service_point": 1}, "S3": {}, "S4": {}}


def planner(area: str | None) -> Actor:
    grant = Grant(Role.PLANNER, frozenset({Permission.GOVERNANCE_WRITE}), "town" if area else None, area)
    return Actor("account", "p", grants=(grant,))


def test_who_may_act_on_a_town_may_act_on_all_in_it_and_on_nothing_else(district) -> None:
    service.decide_mode(district, planner(GUCUN), GUCUN, TownMode.DIRECT, BEGIN)
    service.set_staffing(district, planner(GUCUN), f"{GUCUN}-U1", 4, BEGIN)
    service.tag(district, planner(GUCUN), f"{GUCUN}001", TagKind.COURTYARD, "x", BEGIN)
    with pytest.raises(ForbiddenError):
        service.decide_mode(district, planner(GUCUN), MIAOHANG, TownMode.DIRECT, BEGIN)
    with pytest.raises(ForbiddenError):
        service.set_staffing(district, planner(GUCUN), f"{DACHANG}-U1", 4, BEGIN)
    with pytest.raises(UnauthenticatedError):
        service.decide_mode(district, Actor("anonymous", "anonymous"), GUCUN, TownMode.DIRECT, BEGIN)
    assert area_summary(district, MIAOHANG, BEGIN).mode is None


def test_every_change_stands_in_the_log_with_what_was_before(district) -> None:
    decide(district, YUEPU, TownMode.DIRECT)
    decide(district, YUEPU, TownMode.SECTOR, LATER)
    change = district.scalars(select(Change).order_by(Change.change_id.desc()).limit(1)).one()
    assert (change.actor, change.action, change.object) == ("tester", "mode.decide", f"town:{YUEPU}")
    assert (change.before["mode"], change.after["mode"]) == ("direct", "sector")
    assert "valid_to" not in change.before
