"""What the interface asks and says about assessments."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from api.schemas import Answer, Asked, Shape
from gridmgmt.assessment.rules import (
    AppealState,
    AssessmentDirection,
    EventCause,
    EventEffect,
    EvidenceKind,
    RoundState,
    SchemePreset,
)
from gridmgmt.assessment.scoring import ScoreState
from gridmgmt.cases.measures import Ratio

AssessmentFormat = Literal["json", "html", "pdf", "xlsx", "csv"]
AssessedCode = Annotated[
    str, Field(min_length=1, max_length=64, description="Code of a street or department.", examples=["310113109"])
]
DocumentText = Annotated[
    str, Field(min_length=1, max_length=500, description="Reference of the document.", examples=["宝城管〔2015〕12号"])
]
DocumentHash = Annotated[
    str | None, Field(max_length=64, description="SHA-256 of the document's text or file, in hexadecimal digits.")
]
Points = Annotated[float | None, Field(description="Null where nothing could be judged.", examples=[91.24])]

Amount = Annotated[Decimal, Field(max_digits=15, decimal_places=6)]
"""Within what sums stay exact."""


class BothLanguages(Asked):
    """A name in both languages."""

    zh: str = Field(min_length=1, max_length=200, examples=["街镇考核"])
    en: str = Field(min_length=1, max_length=200, examples=["Assessment of streets"])


class AssessmentItemAsk(Asked):
    """One item of a scheme; `params` of each kind of evidence are its scale, its sample and its rate."""

    code: str = Field(max_length=64, examples=["PM1"])
    group: str = Field(
        max_length=64, description="`public_management`, `public_service`, `public_safety`, or one named in `groups`."
    )
    name: BothLanguages
    weight: Amount = Field(description="All weights sum to 100 exactly.", examples=["8"])
    evidence: EvidenceKind
    zero_at: Amount = Field(
        default=Decimal(0),
        description="The value that earns nothing.",
        examples=["0.6"],
    )
    full_at: Amount = Field(
        default=Decimal(1),
        description="The value that earns all of it.",
        examples=["0.95"],
    )
    min_sample: int = Field(
        default=1, ge=1, le=1_000_000, description="Fewer respondents, or cases of a rate, are not judged."
    )
    ratio: Ratio | None = Field(default=None, description="Of an indicator.")
    narrowed: dict[str, str] = Field(
        default_factory=dict, description="Which cases an indicator counts: by `major`, `type`, `source`, `kind`."
    )


class AssessmentSchemeAsk(Asked):
    """An edition of a scheme from a day on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": {"zh": "街镇考核", "en": "Streets"}, "direction": "streets", "valid_from": "2015-07-01",
                    "source": "区考核办", "groups": {"other": {"zh": "其他", "en": "Other"}},
                    "items": [
                        {
                            "code": "A1", "group": "other", "name": {"zh": "按期结案率", "en": "Closed on time"},
                            "weight": "100", "evidence": "indicator", "ratio": "on_time_closing_rate",
                            "zero_at": "0.6", "full_at": "0.95", "min_sample": 10,
                        }
                    ],
                }
            ]
        }
    )  # fmt: skip

    name: BothLanguages
    direction: AssessmentDirection
    valid_from: date
    source: str = Field(min_length=1, max_length=500)
    preset: SchemePreset | None = Field(
        default=None, description="`subdistricts_2015`: the three public groups weigh 65 together, exactly."
    )
    groups: dict[str, BothLanguages] = Field(
        default_factory=dict, description="Names of the groups beside these three."
    )
    items: list[AssessmentItemAsk] = Field(min_length=1, max_length=200)


class AssessmentSchemeOut(Answer):
    """A scheme without its items."""

    scheme_id: int
    name: str
    direction: AssessmentDirection
    preset: SchemePreset | None
    valid_from: date
    source: str
    is_example: bool = Field(description="It comes with the program and is nobody's decision.")


class AssessmentGroupOut(Shape):
    """A group of items with what it weighs."""

    code: str
    name: str
    weight: float


class AssessmentItemOut(Shape):
    """One item of a scheme."""

    code: str
    name: str
    group: str
    weight: float
    evidence: EvidenceKind
    zero_at: float
    full_at: float
    min_sample: int
    ratio: Ratio | None
    narrowed: dict[str, str]


class AssessmentSchemeDetail(AssessmentSchemeOut):
    """A scheme with its groups and items."""

    groups: list[AssessmentGroupOut]
    items: list[AssessmentItemOut]


class AssessmentRoundAsk(Asked):
    """A round to be opened: a scheme, a period of whole days, and who is assessed."""

    model_config = ConfigDict(
        populate_by_name=True,
        json_schema_extra={
            "examples": [
                {
                    "scheme_id": 1,
                    "name": {"zh": "2015年7月", "en": "July 2015"},
                    "from": "2015-07-01",
                    "to": "2015-07-31",
                }
            ]
        },
    )

    scheme_id: int = Field(ge=1, le=2_147_483_647)
    name: BothLanguages
    first: date = Field(alias="from")
    last: date = Field(alias="to", description="Included.")
    subjects: list[AssessedCode] = Field(
        default_factory=list, max_length=500, description="All streets of the last day without any."
    )


class AssessmentSignature(Shape):
    """By whom a round was signed off, when, and the SHA-256 of what was."""

    at: datetime
    by: str
    sha256: str


class AssessmentRoundOut(Shape):
    """A round without its result."""

    round_id: int
    name: str
    scheme_id: int
    scheme_name: str
    direction: AssessmentDirection
    first: date
    last: date = Field(description="Included.")
    subjects: int = Field(description="How many are assessed.")
    state: RoundState
    signed: AssessmentSignature | None


class StandingOut(Shape):
    """How a subject stands."""

    code: str
    name: str
    rank: int | None = Field(description="Equal totals share one; null for the vetoed and those without a total.")
    total: Points
    points: float = Field(description="Earned by the items that could be judged.")
    judged_weight: float = Field(description="What these weigh together, of 100.")
    deducted: float
    vetoed: bool


class ScoreCell(Shape):
    """A score of the table."""

    subject: str
    item: str
    state: ScoreState
    points: Points
    share: float | None = Field(description="Of the weight, 0–1; null where it is not judged.")


class AssessmentEventOut(Shape):
    """A deduction or veto with its document and the appeal against it."""

    event_id: int
    subject: str
    effect: EventEffect
    cause: EventCause
    occurred_on: date
    points: float | None
    document: str
    document_sha256: str | None
    appeal: AppealState | None
    appeal_document: str | None
    decision_document: str | None
    counts: bool = Field(description="False once an appeal was upheld.")


class AssessmentResultOut(AssessmentRoundOut):
    """A round with its ranking, its table of scores and its events."""

    scheme: AssessmentSchemeDetail
    standings: list[StandingOut] = Field(description="By rank; then those without one.")
    scores: list[ScoreCell]
    events: list[AssessmentEventOut]
    min_judged_weight: float = Field(description="With less of 100 judged there is no total.")
    synthetic: bool


class JudgeOut(Shape):
    """What one street said of a department."""

    judge: str
    sample: int
    value: float | None = Field(description="Null where too few answered, or where another's could be worked out.")


class AssessmentEntryOut(Shape):
    """Something that was entered; the newest counts."""

    entry_id: int
    judge: str | None
    value: float | None = Field(description="Null for a survey of fewer than the smallest sample.")
    sample: int | None
    document: str | None
    document_sha256: str | None
    entered_at: datetime


class ScoreOut(ScoreCell):
    """A score with all that it stands on."""

    subject_name: str
    item_name: str
    weight: float
    evidence: EvidenceKind
    value: float | None = Field(description="On the item's own scale.")
    zero_at: float
    full_at: float
    sample: int | None = Field(description="Respondents, or cases in the denominator.")
    min_sample: int
    ratio: Ratio | None
    numerator: int | None
    denominator: int | None
    cases_numerator: str | None = Field(description="Address of the list of exactly these cases, as below.")
    cases_denominator: str | None = Field(description="The console's page /cases takes the same query.")
    coverage_run: int | None = Field(description="The run of /api/v1/coverage/runs that the share is of.")
    document: str | None
    document_sha256: str | None
    judges: list[JudgeOut]
    entries: list[AssessmentEntryOut] = Field(description="All that was ever entered, the newest first.")
    synthetic: bool


class AssessmentEntryAsk(Asked):
    """A survey's mean, or a value with its document."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"subject": "310113109", "item": "PS2", "value": "4.2", "sample": 120},
                {"subject": "310113109", "item": "PM4", "value": "0.9", "document": "宝城管〔2015〕12号"},
            ]
        }
    )

    subject: AssessedCode
    item: str = Field(min_length=1, max_length=64, examples=["PS2"])
    value: Amount = Field(description="On the item's own scale.")
    sample: int | None = Field(default=None, ge=1, le=10_000_000, description="Respondents of a survey.")
    judge: str | None = Field(default=None, max_length=64, description="The street that judges a department.")
    document: DocumentText | None = None
    document_sha256: DocumentHash = None


class DeductionAsk(Asked):
    """Points to be taken from a subject."""

    subject: AssessedCode
    points: Amount = Field(description="More than 0, at most 100.", examples=["3"])
    cause: EventCause
    occurred_on: date = Field(description="In the round's period.")
    document: DocumentText
    document_sha256: DocumentHash = None


class VetoAsk(Asked):
    """A veto of a subject."""

    subject: AssessedCode
    cause: EventCause
    occurred_on: date = Field(description="In the round's period.")
    document: DocumentText
    document_sha256: DocumentHash = None


class AssessmentAppealAsk(Asked):
    """A step of an appeal: lodged (`appeal_open`), or decided by who may sign (`appeal_upheld`, `appeal_refused`)."""

    event_id: int = Field(ge=1, le=9_223_372_036_854_775_807)
    state: AppealState
    document: DocumentText


class AssessmentVerification(Shape):
    """Whether what is kept is what was signed."""

    round_id: int
    intact: bool = Field(description="All three hashes are one.")
    kept: str = Field(description="The SHA-256 kept beside the result.")
    computed: str = Field(description="The SHA-256 of the result itself.")
    logged: str | None = Field(description="The SHA-256 in the log of changes.")


SignedDocument = dict[str, Any]
"""What was signed, as `/document` gives it."""
