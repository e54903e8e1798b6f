"""Cases that a report may repeat, ranked, each with the reasons for its place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gridmgmt.cases.rules import ENDED
from gridmgmt.casework.surroundings import Near, NearCase
from gridmgmt.catalogue.rules import CaseType

MOST = 10
"""Cases that are shown."""

_DISTANCE, _TIME, _TYPE, _COMPONENT = 0.4, 0.2, 0.2, 0.2
"""Weights of the four parts of a score, which is 1 for the same type at the same point and time on one component."""
_UNKNOWN_COMPONENT = 0.5
_SIBLING = 0.5


class DuplicateReason(StrEnum):
    """What speaks for or against two reports being of one thing."""

    SAME_COMPONENT = "same_component"
    OTHER_COMPONENT = "other_component"
    """Each names a component, and not the same."""
    SAME_TYPE = "same_type"
    SIBLING_TYPE = "sibling_type"
    CLOSE_BY = "close_by"
    """Within a fifth of the radius."""
    SAME_DAY = "same_day"
    """Reported within 24 hours of each other."""
    CLOSED = "closed"


@dataclass(frozen=True)
class Duplicate:
    """A case nearby with its score, 0–1, and what it rests on."""

    case_no: str
    type: str
    state: str
    reported_at: datetime
    distance_m: float
    score: float
    reasons: tuple[DuplicateReason, ...]


def sought(type_: CaseType, at: datetime) -> Near:
    """Return which cases may be the same as one of a type that is reported at a moment."""
    since = at - timedelta(hours=type_.duplicate_window_h)
    return Near(sorted({type_.code, *type_.siblings}), type_.duplicate_radius_m, since)


def ranked(
    near: Iterable[NearCase], type_: CaseType, at: datetime, component_code: str | None = None
) -> Sequence[Duplicate]:
    """Return the cases nearby, the likeliest first, at most ten.

    The score is 0.4 × nearness + 0.2 × recency + 0.2 × type + 0.2 × component: nearness falls from 1 at the place to 0
    at the type's radius, recency from 1 at the moment to 0 at its window; the same type counts 1, a sibling 0.5; the
    same component counts 1, another 0, and 0.5 where either names none. A choice of this project: it only orders what
    people look at.
    """
    found = [_scored(each, type_, at, component_code) for each in near]
    return sorted(found, key=lambda each: (-each.score, each.distance_m, each.case_no))[:MOST]


def _scored(case: NearCase, type_: CaseType, at: datetime, component_code: str | None) -> Duplicate:
    apart = abs(at - case.reported_at)
    nearness = max(0.0, 1 - case.distance_m / type_.duplicate_radius_m)
    recency = max(0.0, 1 - apart / timedelta(hours=type_.duplicate_window_h))
    same_type = case.type == type_.code
    both = component_code is not None and case.component_code is not None
    component = float(component_code == case.component_code) if both else _UNKNOWN_COMPONENT
    score = _DISTANCE * nearness + _TIME * recency + _TYPE * (1 if same_type else _SIBLING) + _COMPONENT * component
    speaks = {
        DuplicateReason.SAME_COMPONENT: both and component == 1,
        DuplicateReason.OTHER_COMPONENT: both and component == 0,
        DuplicateReason.SAME_TYPE: same_type,
        DuplicateReason.SIBLING_TYPE: not same_type,
        DuplicateReason.CLOSE_BY: case.distance_m <= type_.duplicate_radius_m / 5,
        DuplicateReason.SAME_DAY: apart <= timedelta(days=1),
        DuplicateReason.CLOSED: case.state in ENDED,
    }
    return Duplicate(
        case.case_no,
        case.type,
        case.state,
        case.reported_at,
        round(case.distance_m, 1),
        round(score, 3),
        tuple(reason for reason, holds in speaks.items() if holds),
    )
