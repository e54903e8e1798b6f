"""What holds for assessments without a database: schemes and their weights, scales, entries and events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from gridmgmt.cases.measures import Ratio
from gridmgmt.codes import is_code
from gridmgmt.errors import InputError, RuleViolationError

WHOLE = Decimal(100)
"""The weights of a scheme sum to this, exactly."""
MOST_ITEMS = 200
MIN_RESPONDENTS = 10
"""No survey item may be content with fewer respondents: a mean of fewer tells of single persons."""
NARROWED_BY = ("major", "type", "source", "kind")
"""What the cases of an indicator may be narrowed by."""
SHA256_DIGITS = 64


class AssessmentDirection(StrEnum):
    """Who is assessed."""

    STREETS = "streets"
    """Towns and subdistricts, by the district and by residents."""
    DEPARTMENTS = "departments"
    """Departments of the district, by the streets (块对条)."""


class EvidenceKind(StrEnum):
    """What a score stands on."""

    INDICATOR = "indicator"
    """A rate of cases of the round's period."""
    SURVEY = "survey"
    """Count and mean of residents' or streets' opinions."""
    MANUAL = "manual"
    """A value with a document."""
    COVERAGE = "coverage"
    """The share of residents of 60 and over within reach of a service point."""


class SchemePreset(StrEnum):
    """A rule that a scheme keeps to beside that of the whole."""

    SUBDISTRICTS_2015 = "subdistricts_2015"
    """Public management, public service and public safety make 65 of 100 together."""


class RoundState(StrEnum):
    """How far a round is."""

    OPEN = "open"
    """Scores are made anew each time they are read."""
    SIGNED = "signed"
    """Scores are kept as they were signed; nothing can be written any more."""


class EventEffect(StrEnum):
    """What an event does to whom it is held against."""

    DEDUCTION = "deduction"
    """Takes points away; the rank is that of what is left."""
    VETO = "veto"
    """Out of the ranking; points are still shown."""


class EventCause(StrEnum):
    """What has happened."""

    MAJOR_ACCIDENT = "major_accident"
    ILLEGAL_LAND = "illegal_land"
    BAD_SOCIAL_EFFECT = "bad_social_effect"
    OTHER = "other_cause"
    """Of deductions alone."""


class AppealState(StrEnum):
    """How far the appeal against an event is; without one there is none."""

    OPEN = "appeal_open"
    """The event counts until it is decided."""
    UPHELD = "appeal_upheld"
    """The event counts no more."""
    REFUSED = "appeal_refused"
    """The event counts."""


CORE_GROUPS = ("public_management", "public_service", "public_safety")
CORE_WEIGHT: Mapping[SchemePreset, Decimal] = MappingProxyType({SchemePreset.SUBDISTRICTS_2015: Decimal(65)})
"""What the core groups weigh together under a preset; how it is split among them is the scheme's own."""


@dataclass(frozen=True)
class Named:
    """A name in both languages."""

    zh: str
    en: str

    def said(self, lang: str) -> str:
        """Return it in a language."""
        return self.en if lang == "en" else self.zh


@dataclass(frozen=True)
class AssessmentItem:
    """One item of a scheme.

    Parameters
    ----------
    zero_at, full_at
        The values of the evidence that earn nothing and all of the weight; linear between them, and ``zero_at`` may be
        the higher one, as for a rate of rework. Rates and shares are 0–1, means are on the survey's own scale.
    min_sample
        Fewer respondents, or cases in the denominator of a rate, do not suffice: the item is not judged then.
    ratio
        Of an indicator.
    narrowed
        Which cases an indicator counts, by some of :data:`NARROWED_BY`; all without any.
    """

    code: str
    group: str
    name: Named
    weight: Decimal
    evidence: EvidenceKind
    zero_at: Decimal = Decimal(0)
    full_at: Decimal = Decimal(1)
    min_sample: int = 1
    ratio: Ratio | None = None
    narrowed: Mapping[str, str] = field(default_factory=dict)

    def share(self, value: Decimal) -> Decimal:
        """Return which share of the weight a value of the evidence earns, 0–1 to six decimals.

        >>> item = AssessmentItem("a", "g", Named("", ""), Decimal(5), EvidenceKind.MANUAL, Decimal("0.6"), Decimal(1))
        >>> [str(item.share(Decimal(value))) for value in ("0.5", "0.6", "0.9", "1")]
        ['0.000000', '0.000000', '0.750000', '1.000000']
        """
        share = (value - self.zero_at) / (self.full_at - self.zero_at)
        return min(max(share, Decimal(0)), Decimal(1)).quantize(SIX)


SIX = Decimal("0.000001")


@dataclass(frozen=True)
class NewScheme:
    """An edition of a scheme from a day on; ``groups`` names those of its groups that have no name in every scheme."""

    name: Named
    direction: AssessmentDirection
    valid_from: date
    items: Sequence[AssessmentItem]
    source: str
    preset: SchemePreset | None = None
    groups: Mapping[str, Named] = field(default_factory=dict)
    is_example: bool = False


def check_scheme(scheme: NewScheme) -> None:
    """Refuse a scheme that cannot be.

    Raises
    ------
    RuleViolationError
        ``assessment_weights`` unless all weights sum to 100 exactly; ``assessment_core_weights`` unless the core groups
        sum to what the preset says exactly; ``assessment_preset_direction`` for a preset of streets on departments.
    InputError
        Where an item cannot be, see :func:`check_item`; ``assessment_items``, ``assessment_item_twice``,
        ``assessment_group_unnamed``, ``value_needed``.
    """
    _require_texts({"name.zh": scheme.name.zh, "name.en": scheme.name.en, "source": scheme.source})
    if not 1 <= len(scheme.items) <= MOST_ITEMS:
        raise InputError("assessment_items", field="items", found=len(scheme.items), most=MOST_ITEMS)
    seen: set[str] = set()
    for at, item in enumerate(scheme.items):
        check_item(item, scheme.direction, f"items[{at}]")
        if item.code in seen:
            raise InputError("assessment_item_twice", field=f"items[{at}].code", value=item.code)
        seen.add(item.code)
        if item.group not in CORE_GROUPS and item.group not in scheme.groups:
            raise InputError("assessment_group_unnamed", field=f"items[{at}].group", value=item.group)
    if (total := weight_of(scheme.items)) != WHOLE:
        raise RuleViolationError("assessment_weights", field="items", total=total, whole=WHOLE)
    _check_preset(scheme)


def weight_of(items: Sequence[AssessmentItem]) -> Decimal:
    """Return what items weigh together."""
    return sum((item.weight for item in items), Decimal(0))


def check_item(item: AssessmentItem, direction: AssessmentDirection, at: str) -> None:
    """Refuse an item that cannot be; ``at`` is where it stands.

    Raises
    ------
    InputError
        ``assessment_code_malformed``; ``assessment_weight`` unless above 0; ``assessment_scale`` where none and all are
        earned by the same value; ``assessment_ratio`` where an indicator has no rate, or something else has one;
        ``assessment_narrowed``; ``assessment_min_sample``; ``assessment_coverage_direction``; ``value_needed``.
    """
    _require_texts({f"{at}.name.zh": item.name.zh, f"{at}.name.en": item.name.en})
    for name in ("code", "group"):
        if not is_code(getattr(item, name)):
            raise InputError("assessment_code_malformed", field=f"{at}.{name}", value=getattr(item, name))
    if not (item.weight.is_finite() and item.weight > 0):
        raise InputError("assessment_weight", field=f"{at}.weight", value=item.weight)
    if not (item.zero_at.is_finite() and item.full_at.is_finite()) or item.zero_at == item.full_at:
        raise InputError("assessment_scale", field=f"{at}.full_at", value=item.full_at)
    counts = item.evidence is EvidenceKind.INDICATOR
    if counts != (item.ratio is not None):
        raise InputError("assessment_ratio", field=f"{at}.ratio", value=item.ratio, evidence=item.evidence)
    if not set(item.narrowed) <= set(NARROWED_BY if counts else ()):
        raise InputError("assessment_narrowed", field=f"{at}.narrowed", value=", ".join(item.narrowed))
    least = MIN_RESPONDENTS if item.evidence is EvidenceKind.SURVEY else 1
    if item.min_sample < least:
        raise InputError("assessment_min_sample", field=f"{at}.min_sample", value=item.min_sample, least=least)
    if item.evidence is EvidenceKind.COVERAGE and direction is AssessmentDirection.DEPARTMENTS:
        raise InputError("assessment_coverage_direction", field=f"{at}.evidence", value=item.evidence)


def _check_preset(scheme: NewScheme) -> None:
    if scheme.preset is None:
        return
    if scheme.direction is not AssessmentDirection.STREETS:
        raise RuleViolationError("assessment_preset_direction", field="preset", value=scheme.preset)
    core = weight_of([item for item in scheme.items if item.group in CORE_GROUPS])
    if core != (due := CORE_WEIGHT[scheme.preset]):
        raise RuleViolationError("assessment_core_weights", field="items", total=core, due=due, preset=scheme.preset)


@dataclass(frozen=True)
class NewEntry:
    """What is entered for an item of a subject: the mean of ``sample`` respondents, or a value with its document.

    Parameters
    ----------
    judge_code
        The street that judges, where departments are assessed by a survey; None elsewhere.
    document, document_sha256
        Reference of the document, and the hash of its text or file where there is one, 64 hexadecimal digits.
    """

    subject_code: str
    item_code: str
    value: Decimal
    sample: int | None = None
    judge_code: str | None = None
    document: str | None = None
    document_sha256: str | None = None


def check_entry(entry: NewEntry, item: AssessmentItem, direction: AssessmentDirection) -> None:
    """Refuse an entry that does not suit its item.

    Raises
    ------
    InputError
        ``assessment_not_entered`` for an item that is counted; ``assessment_sample_needed``,
        ``assessment_sample_unused``; ``assessment_document_needed``; ``assessment_judge_needed``,
        ``assessment_judge_unused``; ``assessment_value_off_scale``; ``assessment_sha256_malformed``.
    """
    if item.evidence not in {EvidenceKind.SURVEY, EvidenceKind.MANUAL}:
        raise InputError("assessment_not_entered", field="item", value=item.code, evidence=item.evidence)
    survey = item.evidence is EvidenceKind.SURVEY
    if survey != (entry.sample is not None) or (entry.sample is not None and entry.sample < 1):
        code = "assessment_sample_needed" if survey else "assessment_sample_unused"
        raise InputError(code, field="sample", value=entry.sample, item=item.code)
    judged = survey and direction is AssessmentDirection.DEPARTMENTS
    if judged != (entry.judge_code is not None):
        code = "assessment_judge_needed" if judged else "assessment_judge_unused"
        raise InputError(code, field="judge", value=entry.judge_code, item=item.code)
    if not survey and not (entry.document or "").strip():
        raise InputError("assessment_document_needed", field="document", item=item.code)
    low, high = sorted((item.zero_at, item.full_at))
    if not (entry.value.is_finite() and low <= entry.value <= high):
        raise InputError("assessment_value_off_scale", field="value", value=entry.value, low=low, high=high)
    check_sha256(entry.document_sha256)


def check_sha256(given: str | None) -> None:
    """Refuse what is no SHA-256 in lower-case hexadecimal digits.

    Raises
    ------
    InputError
        ``assessment_sha256_malformed``.
    """
    if given is not None and (len(given) != SHA256_DIGITS or set(given) - set("0123456789abcdef")):
        raise InputError("assessment_sha256_malformed", field="document_sha256", value=given)


@dataclass(frozen=True)
class NewEvent:
    """Something that is held against a subject; ``points`` of a deduction, none of a veto."""

    subject_code: str
    effect: EventEffect
    cause: EventCause
    occurred_on: date
    document: str
    points: Decimal | None = None
    document_sha256: str | None = None


def check_event(event: NewEvent) -> None:
    """Refuse an event that cannot be.

    Raises
    ------
    InputError
        ``assessment_points`` unless a deduction takes more than 0 and at most 100 points, and a veto none;
        ``assessment_veto_cause`` for a veto without one of the three causes; ``assessment_document_needed``;
        ``assessment_sha256_malformed``.
    """
    if event.effect is EventEffect.VETO:
        fits = event.points is None
    else:
        fits = event.points is not None and event.points.is_finite() and 0 < event.points <= WHOLE
    if not fits:
        raise InputError("assessment_points", field="points", value=event.points, effect=event.effect)
    if event.effect is EventEffect.VETO and event.cause is EventCause.OTHER:
        raise InputError("assessment_veto_cause", field="cause", value=event.cause)
    if not event.document.strip():
        raise InputError("assessment_document_needed", field="document", item=event.effect)
    check_sha256(event.document_sha256)


def _require_texts(texts: Mapping[str, str]) -> None:
    for name, value in texts.items():
        if not value.strip():
            raise InputError("value_needed", field=name)
