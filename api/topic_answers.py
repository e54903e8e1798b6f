"""Topics as the interface answers them, small counts of people withheld in the public form."""

from dataclasses import asdict
from datetime import date
from typing import Any

from api.meeting_schemas import (
    AreaEffectOut,
    GateEffectsOut,
    OwnersVoteAsk,
    TopicDecisionOut,
    TopicDetail,
    TopicHearingOut,
    TopicObjectionOut,
    TopicOptionOut,
    TopicOut,
    TopicStepOut,
    TopicTaskOut,
)
from gridmgmt.db import Session
from gridmgmt.meetings import queries, topic_queries
from gridmgmt.meetings.decisions import effects_of
from gridmgmt.meetings.rules import AreaEffect, GateEffects, TopicState, legal_moves, told_count
from gridmgmt.meetings.topic_queries import TopicRecord, TopicSummary


def topic_out(topic: TopicSummary, threshold: float | None) -> TopicOut:
    """Return a topic as lists have it."""
    return TopicOut(**_shown(topic, threshold))


def topic_detail(session: Session, code: str, threshold: float | None, on: date = date.max) -> TopicDetail:
    """Return a topic with all that was noted of it until a day; by default until now.

    Raises
    ------
    NotFoundError
        ``topic_unknown``.
    """
    found = topic_queries.topic_record(session, code, on)
    objections = [TopicObjectionOut.model_validate(each) for each in found.objections]
    for each in objections:
        each.objectors = told_count(each.objectors or 0, threshold)
    return TopicDetail(
        **_shown(found.topic, threshold),
        legal=legal_moves(TopicState(found.topic.state)) if found.present else [],
        needed_roles=list(found.quorum),
        steps=[TopicStepOut.model_validate(each) for each in found.steps],
        options=[TopicOptionOut.model_validate(each) for each in found.options],
        objections=objections,
        hearings=[TopicHearingOut.model_validate(each) for each in found.hearings],
        decision=_decision(session, found, threshold),
        tasks=[TopicTaskOut.model_validate(each) for each in found.tasks],
    )


def _shown(topic: TopicSummary, threshold: float | None) -> dict[str, Any]:
    return {**asdict(topic), "supporters": told_count(topic.supporters, threshold)}


def _decision(session: Session, found: TopicRecord, threshold: float | None) -> TopicDecisionOut | None:
    decision = found.decision
    if decision is None:
        return None
    kept = (
        "decided_on", "option_no", "amount_yuan", "funding", "follow_up_on", "gate_code", "gate_access", "gate_hours",
        "opens_on",
    )  # fmt: skip
    effects = effects_of(decision)
    return TopicDecisionOut(
        **{name: getattr(decision, name) for name in kept},
        owners_vote=None if decision.owners_vote is None else OwnersVoteAsk(**decision.owners_vote),
        gate_edition=found.gate_edition,
        geometry=found.geometry,
        effects=None if effects is None else _effects(session, effects, threshold),
    )


def _effects(session: Session, effects: GateEffects, threshold: float | None) -> GateEffectsOut:
    if threshold is not None:
        from gridmgmt.meetings.effects import public_effects  # noqa: PLC0415 -- compiles for seconds

        effects = public_effects(effects, threshold)
    names = queries.area_names(session, effects.level or "", [area.code for area in effects.areas if area.code])
    shown = {**vars(effects), "total": _area(effects.total, {}), "areas": [_area(a, names) for a in effects.areas]}
    return GateEffectsOut(**shown)


def _area(area: AreaEffect, names: dict[str, str]) -> AreaEffectOut:
    return AreaEffectOut(**vars(area), saved_s=area.saved_s, name=names.get(area.code or ""))
