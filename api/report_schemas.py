"""Reports of cases, as the interface takes and answers them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from api.case_schemas import CaseDetail, detail_of
from api.photo_schemas import CasePhotoAsk, ReporterAsk
from api.schemas import Answer, AreaLite, Asked, Latitude, Longitude, Moment
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cases.rules import CaseSource, CaseState
from gridmgmt.casework.asking import ReportAsk
from gridmgmt.casework.duplicates import Duplicate
from gridmgmt.casework.intake import Attached, Reported
from gridmgmt.casework.routing import Suggestion
from gridmgmt.casework.surroundings import Surroundings
from gridmgmt.casework.transitions import CaseParts
from gridmgmt.texts import Language, text

MOST_PHOTOS = 20


class ReportIn(Asked):
    """A report of a case: where, of what type, through whom."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "lon": 121.4427, "lat": 31.3406, "type": "0101", "source": "inspector",
                    "description": "井盖缺失", "client_id": "7d7f1f3e-2f58-4a50-8b0c-6f0a4f1f9e11",
                }
            ]
        }
    )  # fmt: skip

    lon: Longitude
    lat: Latitude
    type: str = Field(max_length=64, description="Code of the catalogue.", examples=["0101"])
    source: CaseSource
    description: str | None = Field(
        default=None,
        max_length=20_000,
        description="At most 4,000 characters as kept: plain text, tags and control characters are taken out.",
    )
    address: str | None = Field(default=None, max_length=2_000, description="At most 200 characters as kept.")
    fields: dict[str, Any] = Field(default_factory=dict, description="The further fields of the type, by their codes.")
    component_code: str | None = Field(default=None, max_length=64, description="The component that it is about.")
    client_id: UUID | None = Field(
        default=None, description="Made by the device: the same report sent twice is one case, answered with 200."
    )
    reported_at: Moment | None = Field(
        default=None, description="When it was captured, at most 30 days ago; now without it."
    )
    reporter: ReporterAsk | None = Field(default=None, description="Whoever reports it; only with their consent.")
    photos: list[CasePhotoAsk] = Field(
        default_factory=list, max_length=MOST_PHOTOS, description="Photos that were given before."
    )

    def asked(self) -> ReportAsk:
        """Return the report as the domain takes it."""
        return ReportAsk(
            self.lon, self.lat, self.type, self.source, self.description, self.address, self.fields,
            self.component_code, self.client_id, self.reported_at,
        )  # fmt: skip

    def attached(self) -> Attached:
        """Return what is kept apart from it."""
        reporter = self.reporter.given() if self.reporter else None
        return Attached([(each.photo, each.kind) for each in self.photos], reporter)


class BorderOut(Answer):
    """An area across a border that is near."""

    level: AreaLevel
    code: str
    name: str
    distance_m: float


class DueIfOut(Answer):
    """When handling would have to end under a filing condition, were the case registered now."""

    condition_no: int
    condition_text: str
    due_at: datetime
    due_provisional: bool


class SuggestionOut(Answer):
    """Where a case would go, and why."""

    department_code: str | None
    department_name: str | None
    officer_post: str | None = Field(description="Code of the officer post that answers for the cell.")
    officer_post_name: str | None
    why: list[str] = Field(examples=[["目录中该类案件的责任部门"]])
    near_border: list[BorderOut] = Field(description="Areas within 20 m on the other side: make sure of the side.")
    due: list[DueIfOut]


class DuplicateOut(Answer):
    """A case nearby that may be the same."""

    case_no: str
    distance_m: float
    type: str
    state: CaseState
    reported_at: datetime
    score: float = Field(ge=0, le=1, description="How much speaks for it, 0–1; it only orders them.")
    reasons: list[str]


class DuplicateList(Answer):
    """Cases nearby that may be the same, the likeliest first."""

    items: list[DuplicateOut]


class RoutingOut(SuggestionOut):
    """Where a case at a place would go, with the areas there from the highest level down."""

    areas: list[AreaLite]


class ReportedOut(CaseDetail):
    """A case as it was reported, with a suggestion of who handles it, and the cases that it may repeat."""

    suggestion: SuggestionOut | None = Field(description="Null for a case that was reported before.")
    duplicates: list[DuplicateOut] = Field(  # type: ignore[assignment]  # none is linked to it yet
        description="Cases nearby that it may repeat, the likeliest first."
    )


def routing_out(found: Suggestion, seen: Surroundings, lang: Language) -> RoutingOut:
    """Return a suggestion in words with the areas at the place."""
    areas = [AreaLite(code=code, name=name, level=level) for level, (code, name) in seen.areas.items()]
    return RoutingOut(**_suggestion(found, lang), areas=areas)


def duplicates_out(found: Sequence[Duplicate], lang: Language) -> DuplicateList:
    """Return cases nearby in words."""
    return DuplicateList.model_validate({"items": _duplicates(found, lang)})


def reported_out(parts: CaseParts, reported: Reported | None, lang: Language) -> dict[str, Any]:
    """Return a case with what its report has found, as :class:`ReportedOut` describes it.

    Nothing was found where the case was reported before.
    """
    return {
        **detail_of(parts, lang),
        "suggestion": _suggestion(reported.suggestion, lang) if reported else None,
        "duplicates": _duplicates(reported.duplicates, lang) if reported else [],
    }


def _suggestion(found: Suggestion, lang: Language) -> dict[str, Any]:
    department, post = found.department, found.post
    return {
        "department_code": department and department.code,
        "department_name": department and department.name.said(lang),
        "officer_post": post and post.code,
        "officer_post_name": post and post.name,
        "why": [why.said(lang) for why in found.why],
        "near_border": [vars(each) for each in found.across],
        "due": [
            {
                "condition_no": each.condition_no,
                "condition_text": each.text.said(lang),
                "due_at": each.due_at,
                "due_provisional": each.provisional,
            }
            for each in found.due
        ],
    }


def _duplicates(found: Sequence[Duplicate], lang: Language) -> list[dict[str, Any]]:
    return [
        {**vars(each), "reasons": [text(f"duplicate_reason.{reason}", lang) for reason in each.reasons]}
        for each in found
    ]
