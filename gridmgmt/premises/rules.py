"""What holds for rental premises without a database: the rubric, scores, colours, what an address may hold."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from gridmgmt.errors import InputError


class Factor(StrEnum):
    """What an inspection scores; each apart (逐项打分), and all are needed."""

    POPULATION_INFORMATION = "population_information"
    SANITATION = "sanitation"
    FIRE_SAFETY = "fire_safety"
    PUBLIC_SECURITY = "public_security"
    NEIGHBOUR_RELATIONS = "neighbour_relations"
    CARE_OF_PROPERTY = "care_of_property"
    FAMILY_PLANNING = "family_planning"


class PremisesColour(StrEnum):
    """How premises stand; those never inspected completely have none."""

    GREEN = "green"
    YELLOW = "yellow"
    WATCH = "watch"
    """At or below the cut, and cooperating: never red."""
    RED = "red"
    """At or below the cut, and not cooperating."""


class PremisesChange(StrEnum):
    """Why something new begins to be said of premises."""

    REGISTERED = "registered"
    INSPECTED = "inspected"
    FLAGGED = "flagged"
    APPEAL_UPHELD = "appeal_upheld"


class PremisesAppealReason(StrEnum):
    """On what ground an inspection is appealed against."""

    SCORE_WRONG = "score_wrong"
    COOPERATION_WRONG = "cooperation_wrong"
    REMEDIED = "remedied"
    NOT_LET = "not_let"


class PremisesAppealState(StrEnum):
    """Where an appeal is; it is decided once."""

    OPEN = "open"
    UPHELD = "upheld"
    REFUSED = "refused"


Scores = Mapping[Factor, float | None]
"""None, or no entry, where a factor was not scored: that is never a zero."""


@dataclass(frozen=True)
class Rubric:
    """One edition of how inspections are scored.

    The score is the weighted mean of each factor's share of its maximum, times ``full_score``. The source gives the
    seven factors and the cut of 5; weights, maxima, bands and terms are parameters.

    Parameters
    ----------
    weights, maxima
        By factor, above zero; weights count against one another and need no sum.
    cut
        The score at (``cut_inclusive``) or below which premises are red or on watch.
    green_from
        The least score that is green; between it and the cut lies yellow.
    due_days
        After how many days premises of a colour are to be inspected again.
    reinspection_type
        Type of the catalogue under which the re-inspection of red premises is a case.
    """

    name: str
    valid_from: date
    weights: Mapping[Factor, float]
    maxima: Mapping[Factor, float]
    cut: float = 5.0
    cut_inclusive: bool = True
    green_from: float = 8.0
    full_score: float = 10.0
    due_days: Mapping[PremisesColour, int] = field(default_factory=lambda: dict(DUE_DAYS))
    reinspection_type: str = "2102"
    source: str = "-"


DUE_DAYS: Mapping[PremisesColour, int] = {
    PremisesColour.GREEN: 180,
    PremisesColour.YELLOW: 90,
    PremisesColour.WATCH: 30,
    PremisesColour.RED: 14,
}
MOST_DAYS = 3_660
MOST_SCORE = 1e6

EVEN: Mapping[Factor, float] = dict.fromkeys(Factor, 1.0)
TENS: Mapping[Factor, float] = dict.fromkeys(Factor, 10.0)


def check_rubric(rubric: Rubric) -> None:
    """Refuse a rubric that cannot be used.

    Raises
    ------
    InputError
        ``rubric_factors`` without a weight and a maximum above zero for each of the seven; ``rubric_bands`` unless
        0 < cut < green_from ≤ full_score ≤ 1,000,000; ``rubric_due_days`` when a colour has no term of 1 to 3,660 days.
    """
    for name, values in (("weights", rubric.weights), ("maxima", rubric.maxima)):
        if set(values) != set(Factor) or not all(0 < value < float("inf") for value in values.values()):
            raise InputError("rubric_factors", field=name, value=len(values), count=len(Factor))
    if not 0 < rubric.cut < rubric.green_from <= rubric.full_score <= MOST_SCORE:
        bands = f"{rubric.cut:g} / {rubric.green_from:g} / {rubric.full_score:g}"
        raise InputError("rubric_bands", field="cut", value=bands, most=int(MOST_SCORE))
    days = rubric.due_days
    if set(days) != set(PremisesColour) or not all(1 <= each <= MOST_DAYS for each in days.values()):
        raise InputError("rubric_due_days", field="due_days", value=len(days), most=MOST_DAYS)


def score(rubric: Rubric, scores: Scores) -> float | None:
    """Return the score of an inspection with two decimals, a half rounded up; None where a factor is missing.

    What is shown is what is judged: 5.004 is 5.00.

    Raises
    ------
    InputError
        ``factor_score_range`` when one is below zero or above its maximum.

    >>> even = Rubric("2015", date(2015, 1, 1), EVEN, TENS)
    >>> score(even, dict.fromkeys(Factor, 4.9)), score(even, {**dict.fromkeys(Factor, 9.0), Factor.SANITATION: None})
    (4.9, None)
    """
    total = Decimal(0)
    for factor in Factor:
        given = scores.get(factor)
        if given is None:
            continue
        maximum = rubric.maxima[factor]
        if not 0 <= given <= maximum:
            raise InputError("factor_score_range", field=str(factor), value=given, maximum=maximum)
        total += _exact(rubric.weights[factor]) * _exact(given) / _exact(maximum)
    if any(scores.get(factor) is None for factor in Factor):
        return None
    weights = sum((_exact(weight) for weight in rubric.weights.values()), Decimal(0))
    found = total / weights * _exact(rubric.full_score)
    return float(found.quantize(Decimal("0.01"), ROUND_HALF_UP))


def colour_of(rubric: Rubric, found: float | None, *, cooperating: bool) -> PremisesColour | None:
    """Return the colour of a score; None for the score of an incomplete inspection.

    Red needs both: a score at the cut (where that is inclusive) or below it, and no cooperation.
    """
    if found is None:
        return None
    if found < rubric.cut or (rubric.cut_inclusive and found == rubric.cut):
        return PremisesColour.WATCH if cooperating else PremisesColour.RED
    return PremisesColour.GREEN if found >= rubric.green_from else PremisesColour.YELLOW


def due_on(rubric: Rubric, colour: PremisesColour, inspected_on: date) -> date:
    """Return the day on which premises of a colour are to be inspected again."""
    return inspected_on + timedelta(days=rubric.due_days[colour])


def check_day(on: date, today: date) -> None:
    """Refuse to say something of premises from a day on that has not come: nothing could be said before it.

    Raises
    ------
    InputError
        ``premises_in_future``.
    """
    if on > today:
        raise InputError("premises_in_future", field="on", value=on, today=today)


def missing(scores: Scores) -> tuple[Factor, ...]:
    """Return the factors that an inspection has not scored."""
    return tuple(factor for factor in Factor if scores.get(factor) is None)


MOST_CHARACTERS_OF_ADDRESS = 200
_LONG_NUMBER = re.compile(r"\d(?:[ -]?\d){6,}")


def check_address(address: str) -> str:
    """Return an address as it is kept.

    Raises
    ------
    InputError
        ``premises_address`` when it is blank or longer than 200 characters, or holds seven digits in a row: those
        are of a telephone or a card, and belong to a person.
    """
    kept = " ".join(address.split())
    if not kept or len(kept) > MOST_CHARACTERS_OF_ADDRESS or _LONG_NUMBER.search(kept):
        raise InputError("premises_address", field="address", value=kept[:20], most=MOST_CHARACTERS_OF_ADDRESS)
    return kept


def _exact(value: float) -> Decimal:
    return Decimal(str(value))
