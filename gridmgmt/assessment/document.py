"""A round as one document: what is answered while it is open, and what is hashed and kept when it is signed."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from gridmgmt.assessment.rules import AppealState, AssessmentDirection, AssessmentItem, Named, SchemePreset
from gridmgmt.assessment.scoring import MIN_JUDGED_WEIGHT, Held, Score, Standing

FORMAT = "assessment-round-1"
Document = dict[str, Any]  # Any: values of JSON


@dataclass(frozen=True)
class HeldEvent(Held):
    """An event with all that is known of it."""

    event_id: int
    cause: str
    occurred_on: date
    document: str
    document_sha256: str | None
    appeal_document: str | None
    decision_document: str | None


@dataclass(frozen=True)
class SchemeFacts:
    """A scheme as it was kept."""

    scheme_id: int
    name: Named
    direction: AssessmentDirection
    preset: SchemePreset | None
    valid_from: date
    source: str
    is_example: bool
    groups: Mapping[str, Named]
    items: Sequence[AssessmentItem]


@dataclass(frozen=True)
class RoundFacts:
    """A round as it was opened; both days are included."""

    round_id: int
    name: Named
    first: date
    last: date
    subjects: Sequence[str]


def round_document(
    facts: RoundFacts,
    scheme: SchemeFacts,
    names: Mapping[str, Named],
    outcome: tuple[Sequence[Standing], Sequence[Score]],
    events: Sequence[HeldEvent],
) -> Document:
    """Return a round as values of JSON: decimals are texts, so that nothing rounds them."""
    standings, scores = outcome
    return {
        "format": FORMAT,
        "round": {
            "round_id": facts.round_id, "name": _json(facts.name), "from": _json(facts.first), "to": _json(facts.last),
            "min_judged_weight": _json(MIN_JUDGED_WEIGHT),
        },
        "scheme": scheme_document(scheme),
        "standings": [{"name": _json(names[each.subject_code]), **_plain(each)} for each in standings],
        "scores": [_score(each) for each in scores],
        "events": [{**_plain(each), "counts": each.counts} for each in events],
    }  # fmt: skip


def scheme_document(scheme: SchemeFacts) -> Document:
    """Return a scheme as values of JSON."""
    return {
        **_plain(scheme),
        "groups": {code: _json(name) for code, name in scheme.groups.items()},
        "items": [_plain(item) for item in scheme.items],
    }


def canonical(document: Mapping[str, Any]) -> str:  # Any: as above
    """Return a document as the one text that is hashed: sorted keys, no spaces, characters as they are.

    >>> canonical({"b": 1, "a": "街"})
    '{"a":"街","b":1}'
    """
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_of(content: str) -> str:
    """Return the SHA-256 of a text in UTF-8."""
    return hashlib.sha256(content.encode()).hexdigest()


def _score(score: Score) -> Document:
    evidence = {"value": _json(score.evidence.value), "sample": score.evidence.sample, **score.evidence.told}
    plain = {
        name: _json(getattr(score, name))
        for name in ("subject_code", "item_code", "state", "weight", "share", "points")
    }
    return {**plain, "evidence": evidence}


def _plain(value: Any) -> Document:  # Any: any of the dataclasses here
    return {name: _json(part) for name, part in vars(value).items()}


def _json(value: object) -> Any:  # Any: as above
    if isinstance(value, Named):
        return {"zh": value.zh, "en": value.en}
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, Decimal):
        return format(value.normalize() if value else Decimal(0), "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return dict(value) if isinstance(value, Mapping) else value


def appeal_of(value: str | None) -> AppealState | None:
    """Return the state of an appeal as it is kept."""
    return None if value is None else AppealState(value)
