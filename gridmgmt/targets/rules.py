"""What holds for targets, projects and budgets without a database: stages, progress, periods, and sums of bounds."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final

from gridmgmt.errors import ConflictError, InputError, RuleViolationError

MOST_WANTED: Final = 1_000
FIRST_YEAR, LAST_YEAR = 1949, 2200
MOST_YUAN: Final = Decimal(10**13)
MOST_PARTS: Final = 100


class TargetStage(StrEnum):
    """How far a point of a target is, in order."""

    PLANNED = "planned"
    LOCATED = "located"
    APPROVED = "approved"
    BUILDING = "building"
    OPEN = "open"


STAGES: Final = tuple(TargetStage)


@dataclass(frozen=True, slots=True)
class Reached:
    """An item came to a stage on a day; ``reason`` says why where it skipped a stage or went back."""

    stage: TargetStage
    on: date
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of a target's points are open, of how many wanted.

    ``by_stage`` counts the items of every stage; ``unlisted`` are wanted points that have no item yet, ``late`` items
    that have missed the day of a stage.
    """

    wanted: int
    by_stage: Mapping[TargetStage, int]
    late: int

    @property
    def open(self) -> int:
        """How many points are open."""
        return self.by_stage[TargetStage.OPEN]

    @property
    def unlisted(self) -> int:
        """How many wanted points have no item."""
        return max(0, self.wanted - sum(self.by_stage.values()))

    @property
    def ratio(self) -> float:
        """The share of the wanted points that is open, 0–1."""
        return min(1.0, self.open / self.wanted)

    def __str__(self) -> str:
        """Return it as people say it.

        >>> str(progress(15, [TargetStage.OPEN] * 6))
        '6/15'
        """
        return f"{self.open}/{self.wanted}"


def progress(wanted: int, stages: Iterable[TargetStage], *, late: int = 0) -> Progress:
    """Count the items of a target by their stages.

    >>> progress(15, [TargetStage.OPEN, TargetStage.LOCATED]).unlisted
    13
    """
    counts = Counter(stages)
    return Progress(wanted, {stage: counts[stage] for stage in STAGES}, late)


def stage_on(milestones: Sequence[Reached], on: date) -> TargetStage | None:
    """Return the stage of an item on a day from its milestones in their order; None before the first."""
    reached = [each.stage for each in milestones if each.on <= on]
    return reached[-1] if reached else None


def check_step(before: Reached | None, wanted: Reached, *, today: date, placed: bool) -> None:
    """Refuse a milestone that cannot follow the one before.

    One stage forward needs nothing said; to skip a stage or to go back needs a reason.

    Parameters
    ----------
    placed
        Whether the item has a place, without which it is only planned.

    Raises
    ------
    InputError
        ``milestone_in_future``; ``milestone_reason_needed``.
    ConflictError
        ``milestone_before_last``; ``stage_unchanged``.
    RuleViolationError
        ``item_without_place``.
    """
    if wanted.on > today:
        raise InputError("milestone_in_future", field="on", value=wanted.on, today=today)
    if wanted.stage is not TargetStage.PLANNED and not placed:
        raise RuleViolationError("item_without_place", field="stage", value=wanted.stage)
    if before is None:
        return
    if wanted.on < before.on:
        raise ConflictError("milestone_before_last", field="on", value=wanted.on, last=before.on)
    if wanted.stage is before.stage:
        raise ConflictError("stage_unchanged", field="stage", value=wanted.stage, since=before.on)
    ahead = STAGES.index(wanted.stage) - STAGES.index(before.stage)
    if ahead != 1 and not (wanted.reason or "").strip():
        following = STAGES[min(STAGES.index(before.stage) + 1, len(STAGES) - 1)]
        raise InputError(
            "milestone_reason_needed", field="reason", value=wanted.stage, last=before.stage, following=following
        )


def late_stages(dues: Mapping[TargetStage, date], stage: TargetStage | None, on: date) -> list[TargetStage]:
    """Return the stages that an item has not come to though their day is over; a due day itself is in time.

    >>> day = date(2026, 6, 30)
    >>> late_stages({TargetStage.LOCATED: day, TargetStage.OPEN: day}, TargetStage.LOCATED, date(2026, 7, 1))
    [<TargetStage.OPEN: 'open'>]
    """
    at = -1 if stage is None else STAGES.index(stage)
    return [each for each in STAGES if each in dues and dues[each] < on and STAGES.index(each) > at]


def check_dues(dues: Mapping[TargetStage, date]) -> None:
    """Refuse due days that do not follow the order of the stages; two stages may share a day.

    Raises
    ------
    InputError
        ``dues_unordered`` with the first stage that is due before the one it follows.
    """
    days = [(stage, dues[stage]) for stage in STAGES if stage in dues]
    for (_, earlier), (stage, day) in pairwise(days):
        if day < earlier:
            raise InputError("dues_unordered", field="dues", stage=stage, value=day, least=earlier)


def check_wanted(wanted: int, year: int) -> None:
    """Refuse a number of points or a year that cannot be one.

    Raises
    ------
    InputError
        ``target_number``.
    """
    for name, value, least, most in (("wanted", wanted, 1, MOST_WANTED), ("year", year, FIRST_YEAR, LAST_YEAR)):
        if not least <= value <= most:
            raise InputError("target_number", field=name, value=value, minimum=least, maximum=most)


def check_room(wanted: int, held: int, more: int) -> None:
    """Refuse more items than a target wants points.

    Raises
    ------
    RuleViolationError
        ``target_full``.
    """
    if held + more > wanted:
        raise RuleViolationError("target_full", wanted=wanted, held=held, more=more)


# --- renewal projects ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Period:
    """Days from ``begins`` to ``ends``, both included; ``ends`` None is open."""

    begins: date
    ends: date | None


def check_period(begins: date, ends: date | None) -> None:
    """Refuse a period that ends before it begins.

    Raises
    ------
    InputError
        ``project_period``.
    """
    if ends is not None and ends < begins:
        raise InputError("project_period", field="ends_on", value=ends, begins=begins)


def check_within_edition(period: Period, edition: str, valid_from: date, valid_to: date | None) -> None:
    """Refuse a period of a project on any day of which an edition is not in force.

    Parameters
    ----------
    valid_from, valid_to
        First day of the edition, and the first on which it is no longer in force (None while it has no end).

    Raises
    ------
    RuleViolationError
        ``project_outside_edition``.
    """
    last = period.ends
    fits = valid_from <= period.begins and (valid_to is None or (last is not None and last < valid_to))
    if not fits:
        raise RuleViolationError(
            "project_outside_edition", edition=edition, begins=period.begins, ends=last or "…",
            valid_from=valid_from, valid_to=valid_to or "…",
        )  # fmt: skip


# --- budgets ---------------------------------------------------------------------------------------------------------


class AmountBound(StrEnum):
    """What an amount says of the money: that it is this, not below it, or above it."""

    EXACT = "exact"
    AT_LEAST = "at_least"
    MORE_THAN = "more_than"


SIGNS: Final[Mapping[AmountBound, str]] = {AmountBound.EXACT: "", AmountBound.AT_LEAST: "≥", AmountBound.MORE_THAN: ">"}


@dataclass(frozen=True, slots=True)
class Amount:
    """Money in yuan as a source states it."""

    yuan: Decimal
    bound: AmountBound = AmountBound.EXACT

    @property
    def sign(self) -> str:
        """The sign before the number: none, ≥ or >."""
        return SIGNS[self.bound]

    def __str__(self) -> str:
        """Return it in yuan with its sign.

        >>> str(Amount(Decimal(310_000_000), AmountBound.AT_LEAST))
        '≥ 310,000,000'
        """
        return f"{self.sign} {self.yuan:,}".strip()


@dataclass(frozen=True, slots=True)
class BudgetPart:
    """One part of a budget, by the name and the amount that the source gives."""

    name: str
    amount: Amount


@dataclass(frozen=True, slots=True)
class BudgetCheck:
    """What the parts of a budget come to, and whether that agrees with the stated total.

    ``left_open_yuan`` is how far the stated total lies above the sum of what the parts say at least; only bounds that
    are no equalities can fill it.
    """

    parts: Amount
    stated: Amount | None
    consistent: bool | None
    left_open_yuan: Decimal | None = field(default=None)


def sum_of(amounts: Sequence[Amount]) -> Amount:
    """Return what amounts come to: exact only where all are; above where one of them is above.

    >>> million = Decimal(10) ** 6
    >>> str(sum_of([Amount(310 * million, AmountBound.AT_LEAST), Amount(Decimal("40.78") * million)]))
    '≥ 350,780,000.00'
    """
    bounds = {amount.bound for amount in amounts}
    bound = next((each for each in (AmountBound.MORE_THAN, AmountBound.AT_LEAST) if each in bounds), AmountBound.EXACT)
    return Amount(sum((amount.yuan for amount in amounts), Decimal(0)), bound)


def agree(one: Amount, other: Amount) -> bool:
    """Tell whether some sum of money is as both amounts say; two amounts from below always leave one."""
    exact, bounded = (one, other) if one.bound is AmountBound.EXACT else (other, one)
    if exact.bound is not AmountBound.EXACT:
        return True
    if bounded.bound is AmountBound.EXACT:
        return exact.yuan == bounded.yuan
    return exact.yuan > bounded.yuan or (bounded.bound is AmountBound.AT_LEAST and exact.yuan == bounded.yuan)


def check_budget(parts: Sequence[BudgetPart], stated: Amount | None) -> BudgetCheck:
    """Return what the parts come to and whether the stated total can be true with them."""
    total = sum_of([part.amount for part in parts])
    if stated is None:
        return BudgetCheck(total, None, None)
    return BudgetCheck(total, stated, agree(total, stated), stated.yuan - total.yuan)


def check_amount(name: str, amount: Amount) -> None:
    """Refuse money below zero, beyond :data:`MOST_YUAN`, or in parts of a fen.

    Raises
    ------
    InputError
        ``amount_impossible``.
    """
    yuan = amount.yuan
    if not (yuan.is_finite() and 0 <= yuan <= MOST_YUAN and yuan == yuan.quantize(Decimal("0.01"))):
        raise InputError("amount_impossible", field=name, value=yuan, maximum=MOST_YUAN)


def check_parts(parts: Sequence[BudgetPart]) -> None:
    """Refuse a budget without parts, with too many, or with two of one name.

    Raises
    ------
    InputError
        ``budget_parts``; ``budget_part_twice``; ``amount_impossible``.
    """
    if not 0 < len(parts) <= MOST_PARTS:
        raise InputError("budget_parts", field="parts", value=len(parts), maximum=MOST_PARTS)
    names = [part.name for part in parts]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError("budget_part_twice", field="parts", value=twice)
    for part in parts:
        check_amount(part.name, part.amount)


Shown = dict[str, Any]  # Any: a cell of any type that JSON has
