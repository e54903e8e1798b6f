"""The rule of the unit mode, organs, staffing and types of centres, on numbers of the source documents."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmgmt.areas.rules import AreaKind, AreaLevel, TownMode
from gridmgmt.errors import InputError, RuleViolationError
from gridmgmt.governance.rules import (
    SEVEN_CENTRES,
    SIX_CENTRES,
    ModeRule,
    Override,
    TagKind,
    TownFacts,
    check_override,
    expected_centres,
    judge,
    mode_conflicts,
    posts_plausible,
    require_tag_value,
    require_unit_mode,
)

RULE = ModeRule("2015", date(2015, 1, 1), 200_000, 40e6, True, "宝山区“3+X”")
ORDER = Override("宝山区委", "宝委〔2015〕1号", "已确定大华社区", date(2014, 12, 1))


@pytest.mark.parametrize(
    ("residents", "km2", "delineable", "passed"),
    [
        (200_000, 40.00, True, False),
        (200_001, 40.01, True, True),
        (200_001, 40.00, True, False),
        (200_000, 40.01, True, False),
        (200_001, 40.01, False, False),
        (370_000, 27.22, True, False),
    ],
)
def test_a_town_must_exceed_both_limits_and_be_delineable(residents, km2, delineable, passed) -> None:
    assert judge(RULE, TownFacts(residents, km2 * 1e6, delineable)).passed is passed


def test_a_rule_that_is_not_strict_takes_the_limits_themselves() -> None:
    loose = replace(RULE, strict=False)
    assert judge(loose, TownFacts(200_000, 40e6, True)).passed
    assert not judge(loose, TownFacts(199_999, 40e6, True)).passed


@given(st.integers(0, 10**7), st.floats(0, 1e9), st.booleans(), st.integers(0, 10**6), st.floats(0, 1e8))
def test_more_residents_and_more_land_never_take_the_mode_away(residents, area_m2, delineable, more, wider_m2) -> None:
    smaller = judge(RULE, TownFacts(residents, area_m2, delineable))
    larger = judge(RULE, TownFacts(residents + more, area_m2 + wider_m2, delineable))
    assert larger.passed or not smaller.passed


def test_dachang_is_refused_without_an_override_and_told_why() -> None:
    dachang = TownFacts(370_000, 27.22e6, True)
    with pytest.raises(RuleViolationError) as refusal:
        require_unit_mode(RULE, "310113102", dachang, None)
    assert refusal.value.code == "unit_mode_advised_against"
    assert (refusal.value.fields["area_km2"], refusal.value.fields["min_area_km2"]) == (27.22, 40.0)
    assert require_unit_mode(RULE, "310113102", dachang, ORDER).passed is False


@pytest.mark.parametrize("field", ["by", "document", "reason"])
def test_an_override_says_who_by_which_document_and_why(field) -> None:
    with pytest.raises(InputError) as refusal:
        check_override(replace(ORDER, **{field: "  "}), date(2015, 1, 1))
    assert refusal.value.fields["field"] == f"override.{field}"


def test_an_override_is_dated_by_the_day_the_mode_begins() -> None:
    check_override(ORDER, date(2014, 12, 1))
    with pytest.raises(InputError) as refusal:
        check_override(ORDER, date(2014, 11, 30))
    assert refusal.value.code == "override_dated_later"


@pytest.mark.parametrize(("posts", "plausible"), [(0, False), (2, False), (3, True), (4, True), (5, True), (6, False)])
def test_a_unit_has_three_to_five_posts(posts, plausible) -> None:
    assert posts_plausible(posts) is plausible


def test_six_centres_of_a_town_and_a_unit_seven_of_a_subdistrict() -> None:
    assert (len(SIX_CENTRES), len(SEVEN_CENTRES)) == (6, 7)
    assert expected_centres(AreaLevel.TOWN, AreaKind.TOWN) == SIX_CENTRES
    assert expected_centres(AreaLevel.TOWN, AreaKind.SUBDISTRICT) == SEVEN_CENTRES
    assert expected_centres(AreaLevel.BASIC_MANAGEMENT_UNIT, None) == SIX_CENTRES
    assert expected_centres(AreaLevel.SECTOR, None) == ()


@pytest.mark.parametrize(
    ("mode", "units", "sectors", "conflicts"),
    [
        (TownMode.DIRECT, 0, 0, ()),
        (TownMode.DIRECT, 0, 1, ("direct_with_sector",)),
        (TownMode.DIRECT, 1, 0, ("direct_with_unit",)),
        (TownMode.DIRECT, 1, 1, ("direct_with_unit", "direct_with_sector")),
        (TownMode.BASIC_MANAGEMENT_UNIT, 0, 0, ("unit_mode_without_unit",)),
        (TownMode.BASIC_MANAGEMENT_UNIT, 2, 0, ()),
        (TownMode.SECTOR, 0, 0, ("sector_mode_without_sector",)),
        (TownMode.SECTOR, 0, 4, ()),
        (None, 1, 1, ()),
    ],
)
def test_what_the_middle_level_has_against_the_mode(mode, units, sectors, conflicts) -> None:
    assert mode_conflicts(mode, units=units, sectors=sectors) == conflicts


def test_village_types_come_from_a_list_and_an_x_is_free() -> None:
    assert require_tag_value(TagKind.VILLAGE_TYPE, "hollow_village") == "hollow_village"
    assert require_tag_value(TagKind.X, " 小马拉大车 ") == "小马拉大车"
    with pytest.raises(InputError) as refusal:
        require_tag_value(TagKind.VILLAGE_TYPE, "城中村")
    assert "urban_village" in str(refusal.value.fields["known"])
    with pytest.raises(InputError):
        require_tag_value(TagKind.COURTYARD, "  ")
