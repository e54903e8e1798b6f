"""From evidence to scores, from scores to points, from points to ranks; all in decimals, so that ties are exact."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from itertools import groupby

from gridmgmt.assessment.rules import WHOLE, AppealState, AssessmentItem, EventEffect

MIN_JUDGED_WEIGHT = Decimal(50)
"""A subject of whose 100 less than this could be judged gets no total and no rank."""
FOUR, TWO = Decimal("0.0001"), Decimal("0.01")


class ScoreState(StrEnum):
    """Whether an item could be judged."""

    JUDGED = "judged"
    INSUFFICIENT = "insufficient"
    """There is evidence, of fewer respondents or cases than the item asks for."""
    MISSING = "not_entered"
    """There is no evidence."""


@dataclass(frozen=True)
class Evidence:
    """What an item of a subject stands on.

    Parameters
    ----------
    value
        On the item's own scale; None where there is nothing to take it from.
    sample
        Respondents, or cases in the denominator; None where nothing is counted.
    told
        What can be said of it beside, as JSON has it.
    """

    value: Decimal | None
    sample: int | None = None
    told: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Score:
    """An item of a subject; ``share`` (0–1) and ``points`` are None where it is not judged: not judged is not 0."""

    subject_code: str
    item_code: str
    state: ScoreState
    weight: Decimal
    share: Decimal | None
    points: Decimal | None
    evidence: Evidence


@dataclass(frozen=True)
class Held:
    """An event that is held against a subject."""

    subject_code: str
    effect: EventEffect
    points: Decimal | None
    appeal: AppealState | None

    @property
    def counts(self) -> bool:
        """Whether it counts: unless an appeal against it was upheld."""
        return self.appeal is not AppealState.UPHELD


@dataclass(frozen=True)
class Standing:
    """A subject in a round.

    Parameters
    ----------
    points
        Earned by the items that could be judged.
    judged_weight
        What these items weigh together.
    total
        ``points`` as of 100 judged, less ``deducted``, not below 0, to two decimals; None where too little was judged.
    rank
        Equal totals share one and the next is left out; None for the vetoed and for those without a total.
    """

    subject_code: str
    points: Decimal
    judged_weight: Decimal
    deducted: Decimal
    total: Decimal | None
    vetoed: bool
    rank: int | None = None


def score(subject_code: str, item: AssessmentItem, evidence: Evidence | None) -> Score:
    """Return the score of an item of a subject."""
    found = evidence or Evidence(None)
    state = _state(item, found)
    share = item.share(found.value) if state is ScoreState.JUDGED and found.value is not None else None
    points = None if share is None else (share * item.weight).quantize(FOUR, ROUND_HALF_UP)
    return Score(subject_code, item.code, state, item.weight, share, points, found)


def _state(item: AssessmentItem, found: Evidence) -> ScoreState:
    if found.sample is not None and 0 < found.sample < item.min_sample:
        return ScoreState.INSUFFICIENT
    return ScoreState.MISSING if found.value is None else ScoreState.JUDGED


def standing(subject_code: str, scores: Iterable[Score], held: Iterable[Held]) -> Standing:
    """Return how a subject stands, without its rank.

    Scores and events of other subjects are no concern of it.
    """
    judged = [each for each in scores if each.points is not None]
    points = sum((each.points for each in judged if each.points is not None), Decimal(0))
    weight = sum((each.weight for each in judged), Decimal(0))
    counting = [each for each in held if each.counts]
    deducted = sum((each.points for each in counting if each.points is not None), Decimal(0))
    vetoed = any(each.effect is EventEffect.VETO for each in counting)
    return Standing(subject_code, points, weight, deducted, _total(points, weight, deducted), vetoed)


def _total(points: Decimal, judged_weight: Decimal, deducted: Decimal) -> Decimal | None:
    if judged_weight < MIN_JUDGED_WEIGHT:
        return None
    return max(points * WHOLE / judged_weight - deducted, Decimal(0)).quantize(TWO, ROUND_HALF_UP)


def ranked(standings: Sequence[Standing]) -> list[Standing]:
    """Return standings with their ranks: the ranked by total, then those without a rank, each by code.

    Standard competition ranking (1, 2, 2, 4). The vetoed take no place from anybody.
    """
    competing = [each for each in standings if each.total is not None and not each.vetoed]
    others = [each for each in standings if each.total is None or each.vetoed]
    competing.sort(key=lambda each: (-_or_nothing(each.total), each.subject_code))
    found: list[Standing] = []
    for _, tied in groupby(competing, key=lambda each: each.total):
        rank = len(found) + 1
        found += [replace(each, rank=rank) for each in tied]
    others.sort(key=lambda each: (-_or_nothing(each.total), each.subject_code))
    return found + others


def _or_nothing(total: Decimal | None) -> Decimal:
    return Decimal(-1) if total is None else total


def assessed(
    subjects: Sequence[str],
    items: Sequence[AssessmentItem],
    evidence: Mapping[tuple[str, str], Evidence],
    held: Sequence[Held],
) -> tuple[list[Standing], list[Score]]:
    """Return the ranked standings of subjects and all their scores, by subject and item as given.

    Parameters
    ----------
    evidence
        By the codes of subject and item.
    """
    scores = {code: [score(code, item, evidence.get((code, item.code))) for item in items] for code in subjects}
    standings = [
        standing(code, scores[code], [each for each in held if each.subject_code == code]) for code in subjects
    ]
    return ranked(standings), [each for code in subjects for each in scores[code]]
