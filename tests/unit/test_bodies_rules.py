"""Rules of bodies and facts of areas without a database: offices 6 + 2, bounds, units, names."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmgmt.bodies.rules import (
    CHOSEN_OFFICES,
    LAID_DOWN_OFFICES,
    FactBound,
    FactUnit,
    Office,
    OrganisationKind,
    check_count,
    check_name,
    check_office,
    check_value,
    day_of,
    offices_of,
    shown_value,
    total,
)
from gridmgmt.errors import InputError

BOUNDS = st.sampled_from(list(FactBound))
PARTS = st.lists(st.tuples(st.integers(0, 10**12).map(float), BOUNDS), max_size=8)
STRENGTH = [FactBound.EXACT, FactBound.AT_LEAST, FactBound.MORE_THAN, FactBound.ABOUT]


def test_six_offices_are_laid_down_and_two_chosen() -> None:
    """街道内设机构 6 + 2: the two of the source are 社区共建 and 社区发展."""
    assert (len(LAID_DOWN_OFFICES), len(CHOSEN_OFFICES), len(Office)) == (6, 2, 8)
    assert set(CHOSEN_OFFICES) == {Office.JOINT_BUILDING, Office.DEVELOPMENT}


@given(st.sets(st.sampled_from(list(Office))))
def test_offices_held_and_missing_are_the_eight_once_each(held: set[Office]) -> None:
    found = offices_of("310113003", "友谊路街道", held)
    assert set(found.held) == held
    assert sorted([*found.held, *found.missing]) == sorted(Office)


@pytest.mark.parametrize(
    ("kind", "office", "code"),
    [
        (OrganisationKind.SUBDISTRICT_OFFICE, None, "body_office_needed"),
        (OrganisationKind.SOCIAL_ORGANISATION, Office.SAFETY, "body_office_not_of_kind"),
    ],
)
def test_an_office_is_said_of_offices_alone(kind, office, code) -> None:
    check_office(OrganisationKind.SUBDISTRICT_OFFICE, Office.SAFETY)
    with pytest.raises(InputError) as refused:
        check_office(kind, office)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("value", "bound", "shown"),
    [
        (100_000, FactBound.EXACT, "100,000"),
        (310_000_000, FactBound.AT_LEAST, "≥ 310,000,000"),
        (170, FactBound.MORE_THAN, "> 170"),
        (1_520_000.5, FactBound.ABOUT, "≈ 1,520,000.5"),
        (0.05, FactBound.EXACT, "0.05"),
    ],
)
def test_a_stated_number_keeps_its_sign(value, bound, shown) -> None:
    assert shown_value(value, bound) == shown


@given(PARTS)
def test_a_sum_says_no_more_than_the_weakest_of_its_parts(parts) -> None:
    value, bound = total(parts)
    assert value == sum(each for each, _ in parts)
    assert bound == max((each for _, each in parts), key=STRENGTH.index, default=FactBound.EXACT)


@given(PARTS, st.randoms())
def test_a_sum_does_not_depend_on_the_order_of_its_parts(parts, random) -> None:
    mixed = random.sample(parts, len(parts))
    assert total(mixed) == total(parts)


def test_a_fact_holds_for_a_day_or_for_a_year() -> None:
    assert day_of(date(2015, 3, 17), None) == date(2015, 3, 17)
    assert day_of(None, 2015) == date(2015, 1, 1)
    for on, year in ((None, None), (date(2015, 3, 17), 2015), (None, 0)):
        with pytest.raises(InputError) as refused:
            day_of(on, year)
        assert refused.value.code == "fact_day_or_year"


@pytest.mark.parametrize(
    ("value", "unit", "code"),
    [
        (-1.0, FactUnit.YUAN, "fact_value_range"),
        (float("nan"), FactUnit.YUAN, "fact_value_range"),
        (1.01, FactUnit.RATIO, "fact_value_range"),
        (2.5, FactUnit.PEOPLE, "fact_value_whole"),
    ],
)
def test_a_value_fits_its_unit(value, unit, code) -> None:
    assert check_value(1.0, unit) == 1.0
    with pytest.raises(InputError) as refused:
        check_value(value, unit)
    assert refused.value.code == code


@pytest.mark.parametrize("name", ["主任 13912345678", "委员 310113198001011234"])
def test_a_name_with_a_number_of_a_person_is_refused_without_repeating_it(name) -> None:
    assert check_name(" 居委会主任 ") == "居委会主任"
    with pytest.raises(InputError) as refused:
        check_name(name)
    assert refused.value.code == "body_personal_number"
    assert name not in str(refused.value.fields)


@pytest.mark.parametrize("count", [0, -1, 100_001])
def test_posts_are_at_least_one(count) -> None:
    with pytest.raises(InputError):
        check_count(count)
