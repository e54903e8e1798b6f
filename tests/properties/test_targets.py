"""Rules of targets, projects and budgets: what holds whatever the numbers."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmgmt.errors import ConflictError, GridMgmtError, InputError, RuleViolationError
from gridmgmt.targets.rules import (
    STAGES,
    Amount,
    AmountBound,
    BudgetPart,
    Period,
    Reached,
    TargetStage,
    agree,
    check_budget,
    check_dues,
    check_parts,
    check_step,
    check_within_edition,
    late_stages,
    progress,
    stage_on,
    sum_of,
)

MILLION = Decimal(10) ** 6
BASE = BudgetPart("一保", Amount(310 * MILLION, AmountBound.AT_LEAST))
ADDITIONS = tuple(
    BudgetPart(f"增{n}", Amount(Decimal(yuan) * MILLION))
    for n, yuan in enumerate(("40.78", "43.50", "40.00", "20.00"), 1)
)
TOTAL = Amount(460 * MILLION, AmountBound.MORE_THAN)
TODAY = date(2026, 11, 23)

amounts = st.builds(Amount, st.decimals(0, 10**6, places=2), st.sampled_from(AmountBound))
stages = st.sampled_from(STAGES)


def allows(amount: Amount, yuan: Decimal) -> bool:
    """Whether so much money is as the amount says."""
    if amount.bound is AmountBound.EXACT:
        return yuan == amount.yuan
    return yuan > amount.yuan or (amount.bound is AmountBound.AT_LEAST and yuan == amount.yuan)


def test_yi_bao_si_zeng_is_at_least_454_28_million_and_above_460_without_contradiction() -> None:
    """一保四增: the base is a lower bound, the total another; no bound becomes an equality."""
    found = check_budget([BASE, *ADDITIONS], TOTAL)
    assert (found.parts.yuan, found.parts.bound) == (Decimal("454.28") * MILLION, AmountBound.AT_LEAST)
    assert (str(found.parts), str(found.stated)) == ("≥ 454,280,000.00", "> 460,000,000")
    assert found.consistent is True
    assert found.left_open_yuan == Decimal("5.72") * MILLION
    equal = BudgetPart("一保", Amount(310 * MILLION))
    assert check_budget([equal, *ADDITIONS], TOTAL).consistent is False, "310 as an equality would contradict the total"


@given(st.lists(amounts, min_size=1, max_size=6), st.lists(st.decimals(0, 10**6, places=2), min_size=6, max_size=6))
def test_a_sum_allows_whatever_its_parts_allow(parts: list[Amount], extra: list[Decimal]) -> None:
    cent = Decimal("0.01")
    more = {AmountBound.EXACT: Decimal(0), AmountBound.AT_LEAST: Decimal(1), AmountBound.MORE_THAN: Decimal(1)}
    spent = [
        part.yuan + more[part.bound] * each + (cent if part.bound is AmountBound.MORE_THAN else 0)
        for part, each in zip(parts, extra, strict=False)
    ]
    assert allows(sum_of(parts), sum(spent, Decimal(0)))


@given(amounts, amounts)
def test_two_amounts_agree_when_some_money_is_as_both_say(one: Amount, other: Amount) -> None:
    cent = Decimal("0.01")
    tried = {one.yuan, other.yuan, one.yuan + cent, other.yuan + cent}
    assert agree(one, other) is agree(other, one) is any(allows(one, yuan) and allows(other, yuan) for yuan in tried)


@given(st.integers(1, 50), st.lists(stages, max_size=50))
def test_progress_counts_every_item_once(wanted: int, found: list[TargetStage]) -> None:
    told = progress(wanted, found)
    assert sum(told.by_stage.values()) == len(found)
    assert told.open == found.count(TargetStage.OPEN)
    assert told.unlisted == max(0, wanted - len(found))
    assert 0 <= told.ratio <= 1


@given(stages, stages, st.booleans(), st.integers(-3, 3))
def test_one_stage_forward_needs_no_reason_all_else_does(
    before: TargetStage, wanted: TargetStage, reasoned: bool, days: int
) -> None:
    on = date(2026, 6, 1)
    reached = Reached(wanted, on + timedelta(days), "原址另用" if reasoned else " ")
    ahead = STAGES.index(wanted) - STAGES.index(before)
    fine = days >= 0 and ahead != 0 and (ahead == 1 or reasoned)
    try:
        check_step(Reached(before, on), reached, today=TODAY, placed=True)
    except GridMgmtError:
        assert not fine
    else:
        assert fine


@pytest.mark.parametrize(
    ("before", "wanted", "placed", "code"),
    [
        (None, Reached(TargetStage.PLANNED, TODAY), False, None),
        (None, Reached(TargetStage.PLANNED, TODAY + timedelta(1)), False, "milestone_in_future"),
        (Reached(TargetStage.PLANNED, TODAY), Reached(TargetStage.LOCATED, TODAY), True, None),
        (Reached(TargetStage.PLANNED, TODAY), Reached(TargetStage.LOCATED, TODAY), False, "item_without_place"),
        (
            Reached(TargetStage.PLANNED, TODAY),
            Reached(TargetStage.BUILDING, TODAY),
            True,
            "milestone_reason_needed",
        ),
        (Reached(TargetStage.OPEN, TODAY), Reached(TargetStage.BUILDING, TODAY), True, "milestone_reason_needed"),
        (Reached(TargetStage.OPEN, TODAY), Reached(TargetStage.OPEN, TODAY, "again"), True, "stage_unchanged"),
    ],
)
def test_steps(before: Reached | None, wanted: Reached, placed: bool, code: str | None) -> None:
    if code is None:
        check_step(before, wanted, today=TODAY, placed=placed)
        return
    with pytest.raises(GridMgmtError) as refused:
        check_step(before, wanted, today=TODAY, placed=placed)
    assert refused.value.code == code


def test_the_stage_of_a_day_is_the_last_one_by_then_and_a_due_day_is_in_time() -> None:
    day = date(2026, 3, 1)
    past = [Reached(TargetStage.PLANNED, day), Reached(TargetStage.LOCATED, day + timedelta(30))]
    assert [stage_on(past, day + timedelta(n)) for n in (-1, 0, 29, 30)] == [
        None, TargetStage.PLANNED, TargetStage.PLANNED, TargetStage.LOCATED,
    ]  # fmt: skip
    dues = {TargetStage.LOCATED: day, TargetStage.OPEN: day + timedelta(60)}
    assert late_stages(dues, TargetStage.PLANNED, day) == []
    assert late_stages(dues, TargetStage.PLANNED, day + timedelta(1)) == [TargetStage.LOCATED]
    assert late_stages(dues, TargetStage.OPEN, day + timedelta(100)) == []


def test_dues_follow_the_stages() -> None:
    check_dues({TargetStage.LOCATED: TODAY, TargetStage.OPEN: TODAY})
    with pytest.raises(InputError):
        check_dues({TargetStage.OPEN: TODAY, TargetStage.LOCATED: TODAY + timedelta(1)})


@pytest.mark.parametrize(
    ("begins", "ends", "fits"),
    [
        ("2026-07-01", "2027-12-31", True),
        ("2026-06-30", "2027-12-31", False),
        ("2026-07-01", "2028-01-01", False),
        ("2026-07-01", None, False),
    ],
)
def test_a_project_lies_in_the_validity_of_its_edition(begins: str, ends: str | None, fits: bool) -> None:
    """泗塘一村成套改造: the edition is no longer in force on the day on which it ends."""
    period = Period(date.fromisoformat(begins), None if ends is None else date.fromisoformat(ends))
    asked = (period, "away", date(2026, 7, 1), date(2028, 1, 1))
    if fits:
        check_within_edition(*asked)
    else:
        with pytest.raises(RuleViolationError):
            check_within_edition(*asked)
    check_within_edition(Period(date(2026, 7, 1), None), "away", date(2026, 7, 1), None)


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([], "budget_parts"),
        ([BASE, BASE], "budget_part_twice"),
        ([BudgetPart("a", Amount(Decimal(-1)))], "amount_impossible"),
        ([BudgetPart("a", Amount(Decimal("0.001")))], "amount_impossible"),
        ([BudgetPart("a", Amount(Decimal("NaN")))], "amount_impossible"),
    ],
)
def test_parts_that_are_none(parts: list[BudgetPart], code: str) -> None:
    with pytest.raises(InputError) as refused:
        check_parts(parts)
    assert refused.value.code == code


def test_errors_are_of_their_kind() -> None:
    with pytest.raises(ConflictError):
        check_step(
            Reached(TargetStage.OPEN, TODAY),
            Reached(TargetStage.BUILDING, TODAY - timedelta(1), "r"),
            today=TODAY,
            placed=True,
        )
