"""What the interface asks and says about joint meetings, topics and self-governance projects."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from api.geometries import GeoJson
from api.schemas import Answer, Asked, Latitude, Longitude, Seconds, Shape
from gridmgmt.analysis.walking.gates import Access
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.meetings.rules import MeetingKind, MeetingRole, ProjectState, TopicMove, TopicOrigin, TopicState

MeetingCode = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w-]+$", description="Code of a meeting.")]
Said = Annotated[str, Field(min_length=1, max_length=2000)]
Title = Annotated[str, Field(min_length=1, max_length=200)]
Office = Annotated[str, Field(min_length=1, max_length=200, description="A body or office; never a person.")]
Heads = Annotated[int, Field(ge=0, le=100_000)]
Yuan = Annotated[int, Field(ge=0, le=10**12, description="Yuan.")]
ByRole = Annotated[dict[MeetingRole, Heads], Field(description="Heads by role.", examples=[{"property_firm": 1}])]
OnDay = Annotated[date | None, Field(description="The day; today without it.")]
Ratio = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class MeetingMemberOut(Answer):
    """A body, office or group with its seats."""

    role: MeetingRole
    name: str
    seats: int


class SittingOut(Answer):
    """One sitting of a meeting."""

    sitting_no: int
    held_on: date
    place: str | None
    attendance: dict[MeetingRole, int] = Field(description="Heads by role.")
    quorate: bool = Field(description="Whether all roles were there without which nothing is decided.")
    document_no: str | None


class PartnerAgreementOut(Answer):
    """Agreements with partner units; the partner is null where the source does not name it."""

    partner: str | None
    agreements: int
    subject: str
    source: str | None
    valid_from: date
    valid_to: date | None


class MeetingOut(Shape):
    """A meeting of an area with its members and sittings, the newest first."""

    code: str
    kind: MeetingKind
    name: str
    level: AreaLevel
    area_code: str
    area_name: str | None
    convenor: str
    body_code: str | None
    seats: int
    needed_roles: list[MeetingRole] = Field(description="Without these it decides nothing.")
    members: list[MeetingMemberOut]
    agreements: list[PartnerAgreementOut]
    sittings: list[SittingOut]
    topics: int = Field(description="How many topics came before it.")
    valid_from: date
    valid_to: date | None


class MeetingMemberAsk(Asked):
    """A body, office or group that is to sit."""

    role: MeetingRole
    name: Office
    seats: Annotated[int, Field(ge=1, le=1000)] = 1


class MeetingAsk(Asked):
    """A meeting to be set up."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "W1", "kind": "management_committee", "name": "社区管理工作委员会",
                    "area": "310113109", "convenor": "村委会", "seats": 11,
                    "members": [
                        {"role": "locals", "name": "本村村民", "seats": 8},
                        {"role": "newcomers", "name": "来沪人员", "seats": 3},
                    ],
                }
            ]
        }
    )  # fmt: skip

    code: MeetingCode
    kind: MeetingKind
    name: Title
    area: Annotated[str, Field(max_length=64, description="Code of the area that it is for.")]
    convenor: Office
    members: Annotated[list[MeetingMemberAsk], Field(max_length=100)]
    seats: Annotated[int | None, Field(ge=1, description="The total as stated; must be the sum of the seats.")] = None
    body_code: Annotated[str | None, Field(max_length=64)] = None
    on: OnDay = None


class MeetingEndAsk(Asked):
    """On which day a meeting ends."""

    on: OnDay = None


class SittingAsk(Asked):
    """A sitting that was held."""

    attendance: ByRole
    held_on: OnDay = None
    place: Title | None = None
    document_no: Title | None = None


class PartnerAgreementAsk(Asked):
    """An agreement with a partner, or so many with partners that are not named."""

    subject: Title
    partner: Office | None = None
    agreements: Annotated[int, Field(ge=1, le=10_000)] = 1
    source: Title | None = None
    on: OnDay = None


class TopicOut(Answer):
    """A topic as lists have it."""

    code: str = Field(examples=["YT2026-0001"])
    title: str
    detail: str | None
    origin: TopicOrigin
    origin_ref: str | None = Field(description="The case, indicator or body that it comes from.")
    level: AreaLevel
    area_code: str
    area_name: str | None
    state: TopicState
    owners_procedure: bool = Field(description="Not decided without the record of the owners' vote.")
    supporters: int | None = Field(description="Nobody is named; null in the public form where they are few.")
    supporters_needed: int
    proposed_on: date
    meeting_code: str | None
    meeting_name: str | None
    sitting_no: int | None
    sitting_on: date | None
    resolution: str | None
    result: str | None
    lon: Longitude
    lat: Latitude


class TopicStepOut(Answer):
    """A move that a topic has made."""

    move: TopicMove
    state: TopicState = Field(description="After it.")
    on: date
    note: str | None


class TopicOptionOut(Answer):
    """A way to settle a topic."""

    option_no: int
    title: str
    detail: str | None
    amount_yuan: int | None


class TopicObjectionOut(Answer):
    """What some object to."""

    office: str = Field(description="That heard it.")
    said: str
    objectors: int | None = Field(description="Null in the public form where they are few.")
    answer: str | None


class TopicHearingOut(Answer):
    """The record of a hearing."""

    held_on: date
    attendance: dict[MeetingRole, int]
    record: str
    document_no: str | None


class TopicTaskOut(Answer):
    """What an office is to do."""

    task_no: int
    title: str
    office: str
    due_on: date
    done_on: date | None
    result: str | None


class OwnersVoteAsk(Asked):
    """The record of the owners' procedure (Civil Code art. 278)."""

    owners: Annotated[int, Field(ge=1)]
    voting: Heads
    agreed: Heads
    area_share_voting: Ratio
    area_share_agreed: Ratio
    document_no: Title


class AreaEffectOut(Answer):
    """What a gate changes for the affected residents of 60 and over of an area; null where withheld."""

    code: str | None = Field(description="Null for those in no area, and in the total.")
    name: str | None = None
    residents: float | None
    before_s: Seconds
    after_s: Seconds
    saved_s: Seconds
    covered_before: float | None
    covered_after: float | None


class GateEffectsOut(Answer):
    """What a gate changes at a time of the week; areas without change are left out."""

    on: date = Field(description="The day whose network was looked at.")
    at: str
    profile: str
    limit_s: float
    level: AreaLevel | None
    total: AreaEffectOut
    areas: list[AreaEffectOut]


class TopicDecisionOut(Shape):
    """What was decided on a topic."""

    decided_on: date
    option_no: int | None
    amount_yuan: int | None
    funding: str | None
    follow_up_on: date | None
    owners_vote: OwnersVoteAsk | None
    gate_code: str | None
    gate_access: Access | None
    gate_hours: dict[str, list[str]] | None = Field(description="Null for always, and without a gate.")
    gate_edition: str | None = Field(description="The edition of gates that brings it into the network.")
    opens_on: date | None
    geometry: dict[str, Any] | None = Field(description="GeoJSON, WGS 84.")
    effects: GateEffectsOut | None


class TopicDetail(TopicOut):
    """A topic with all that was noted of it."""

    legal: list[TopicMove] = Field(description="The moves that lead on from its state.")
    needed_roles: list[MeetingRole] = Field(description="Without these its meeting decides nothing.")
    steps: list[TopicStepOut]
    options: list[TopicOptionOut]
    objections: list[TopicObjectionOut]
    hearings: list[TopicHearingOut]
    decision: TopicDecisionOut | None
    tasks: list[TopicTaskOut]


class TopicCounts(Shape):
    """How many topics are in each state."""

    by_state: dict[TopicState, int]


class TopicAsk(Asked):
    """A topic to be brought in."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"title": "开放红林路小门", "lon": 121.4427, "lat": 31.3406}]}
    )

    title: Title
    lon: Annotated[Longitude, Field(ge=-180, le=180, allow_inf_nan=False)]
    lat: Annotated[Latitude, Field(ge=-90, le=90, allow_inf_nan=False)]
    origin: TopicOrigin = TopicOrigin.RESIDENT_PROPOSAL
    origin_ref: Title | None = None
    detail: Said | None = None
    area: Annotated[str | None, Field(max_length=64, description="The smallest that holds the place without it.")] = (
        None
    )
    owners_procedure: bool = False
    on: OnDay = None


class SupportAsk(Asked):
    """More supporters, as a number."""

    supporters: Annotated[int, Field(ge=1, le=100_000)] = 1
    on: OnDay = None


class TopicMoveAsk(Asked):
    """A move: to the agenda of a meeting, refused in a sitting, finished with a result, withdrawn for a reason."""

    move: Literal["schedule", "refuse", "finish", "withdraw"]
    meeting: Annotated[str | None, Field(max_length=64, description="For schedule.")] = None
    sitting_no: Annotated[int | None, Field(ge=1, le=10**6, description="For refuse.")] = None
    note: Annotated[Said | None, Field(description="The result or the reason.")] = None
    on: OnDay = None


class TopicOptionAsk(Asked):
    """A way to settle a topic."""

    title: Title
    detail: Said | None = None
    amount_yuan: Yuan | None = None


class TopicObjectionAsk(Asked):
    """What some object to, told by the office that heard it."""

    office: Office
    said: Said
    objectors: Annotated[int, Field(ge=1, le=100_000)] = 1
    answer: Said | None = None


class TopicHearingAsk(Asked):
    """The record of a hearing."""

    attendance: ByRole
    record: Said
    document_no: Title | None = None
    on: OnDay = None


class TopicTaskAsk(Asked):
    """Something that an office is to do."""

    title: Title
    office: Office
    due_on: date


class DecidedGateAsk(Asked):
    """A gate that is there, or a new one at `lon`, `lat` (the topic's place without them)."""

    code: Annotated[str, Field(min_length=1, max_length=64)]
    opens_on: date
    access: Access = Access.PUBLIC
    hours: Annotated[
        dict[str, list[str]] | None,
        Field(description="Rules of the week, null for always.", examples=[{"mon-sun": ["06:00-22:00"]}]),
    ] = None
    name: Title | None = None
    lon: Annotated[float | None, Field(ge=-180, le=180, allow_inf_nan=False)] = None
    lat: Annotated[float | None, Field(ge=-90, le=90, allow_inf_nan=False)] = None
    at: Annotated[str, Field(max_length=20, description="Time of the week at which effects are measured.")] = (
        "wed 10:00"
    )


class TopicDecisionAsk(Asked):
    """What a sitting resolves on a topic."""

    sitting_no: Annotated[int, Field(ge=1, le=10**6)]
    resolution: Said
    option_no: Annotated[int | None, Field(ge=1, le=10**6)] = None
    owners_vote: OwnersVoteAsk | None = None
    amount_yuan: Yuan | None = None
    funding: Annotated[Title | None, Field(description="Where the money comes from.")] = None
    gate: DecidedGateAsk | None = None
    geometry: GeoJson | None = None
    tasks: Annotated[list[TopicTaskAsk], Field(default_factory=list, max_length=50)]
    follow_up_on: date | None = None


class TaskDoneAsk(Asked):
    """What came of a task."""

    result: Said
    on: OnDay = None


class TopicRuleAsk(Asked):
    """From a day on, how many supporters a proposal needs."""

    supporters: Annotated[int, Field(ge=1, le=100_000)]
    source: Title
    on: OnDay = None


class TopicRuleOut(Answer):
    """How many supporters a proposal needs from a day on."""

    supporters: int
    source: str
    valid_from: date


class SelfProjectOut(Shape):
    """A self-governance project."""

    code: str
    level: AreaLevel
    area_code: str
    area_name: str | None
    title: str
    amount_yuan: int
    state: ProjectState
    applied_on: date
    topic: str | None = Field(description="Code of the topic that it came from.")
    result: str | None


class SelfProjectAsk(Asked):
    """A project that an area applies for."""

    code: MeetingCode
    area: Annotated[str, Field(max_length=64)]
    title: Title
    amount_yuan: Yuan
    topic: Annotated[str | None, Field(max_length=64)] = None
    on: OnDay = None


class SelfProjectStep(Asked):
    """The state that follows."""

    state: ProjectState
    result: Said | None = None
    on: OnDay = None
