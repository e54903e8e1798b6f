"""What a decided gate changes for those who walk: measured, and in the form for everybody.

A gate that is there is looked at on the eve of its opening, as it is and as it is to be. A new one is looked at on the
day it opens, as it is and shut, which is as if the wall had no gate.
"""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from gridmgmt.analysis.suppression import suppress
from gridmgmt.analysis.walking.gates import Access, Span
from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError
from gridmgmt.meetings.rules import AreaEffect, GateEffects
from gridmgmt.network.queries import gate_summaries
from gridmgmt.walking.gates import GateWhatIf, GroupFigures, what_if
from gridmgmt.walking.rules import make_question


def gate_effects(
    session: Session, code: str, access: Access, spans: tuple[Span, ...] | None, opens_on: date, at: str
) -> GateEffects | None:
    """Return what a gate changes that is decided and stored; None where there are no residents or streets to compare.

    Parameters
    ----------
    spans
        The stretches of the week in which it will be open, None for always.
    at
        The time of the week that is looked at, as ``wed 10:00``.
    """
    eve = opens_on - timedelta(days=1)
    known = bool(gate_summaries(session, eve, code=code))
    try:
        if known:
            return _of(what_if(session, make_question(eve, at=at), code, access=access, spans=spans))
        found = _of(what_if(session, make_question(opens_on, at=at), code, access=Access.CLOSED))
    except NotFoundError:
        return None
    return replace(found, total=_turned(found.total), areas=tuple(map(_turned, found.areas)))


def public_effects(effects: GateEffects, threshold: float) -> GateEffects:
    """Return effects for everybody: small numbers withheld, residents in multiples of the threshold, whole minutes."""
    residents = [area.residents or 0.0 for area in effects.areas]
    values = np.array([sum(residents) if residents else effects.total.residents or 0.0, *residents])
    hidden = suppress(values, [(0, range(1, len(values)))] if residents else [], threshold)
    total, *areas = (
        _public(each, threshold, hidden=bool(small))
        for each, small in zip((effects.total, *effects.areas), hidden, strict=True)
    )
    return replace(effects, total=total, areas=tuple(areas))


def _of(found: GateWhatIf) -> GateEffects:
    return GateEffects(
        on=found.question.on,
        at=found.question.at,
        profile=found.profile.name,
        limit_s=found.limit_s,
        level=None if found.level is None else str(found.level),
        total=_area(found.total),
        areas=tuple(map(_area, found.by_area)),
    )


def _area(group: GroupFigures) -> AreaEffect:
    everyone = group.ages[0]
    return AreaEffect(
        code=group.code,
        residents=everyone.residents,
        before_s=everyone.mean_before_s,
        after_s=everyone.mean_after_s,
        covered_before=everyone.covered_before,
        covered_after=everyone.covered_after,
    )


def _turned(effect: AreaEffect) -> AreaEffect:
    return replace(
        effect,
        before_s=effect.after_s, after_s=effect.before_s,
        covered_before=effect.covered_after, covered_after=effect.covered_before,
    )  # fmt: skip


def _public(effect: AreaEffect, threshold: float, *, hidden: bool) -> AreaEffect:
    if hidden:
        return AreaEffect(effect.code, None, None, None, None, None)
    before_s, after_s = (None if s is None else 60.0 * round(s / 60) for s in (effect.before_s, effect.after_s))
    residents = threshold * round((effect.residents or 0.0) / threshold)
    return AreaEffect(effect.code, residents, before_s, after_s, None, None)
