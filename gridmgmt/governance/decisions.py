"""Deciding the modes of towns, tagging areas, setting up organs and staffing."""

from datetime import date

from gridmgmt.access.rules import Actor
from gridmgmt.access.service import record
from gridmgmt.areas.models import TownModeDecision
from gridmgmt.areas.rules import AreaKind, AreaLevel, TownMode
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, InputError, NotFoundError, RuleViolationError
from gridmgmt.governance import queries
from gridmgmt.governance.history import Shown, area_acted_on, begin, ended, require_on, shown
from gridmgmt.governance.models import AreaOrgan, AreaTag, Staffing
from gridmgmt.governance.rules import (
    TAG_VALUES,
    TAGGED_LEVEL,
    Organ,
    Override,
    Residents,
    TagKind,
    TownFacts,
    check_override,
    organ_level,
    require_tag_value,
    require_text,
    require_unit_mode,
)


def decide_mode(
    session: Session,
    actor: Actor,
    town_code: str,
    mode: TownMode,
    on: date,
    *,
    delineable: bool = False,
    residents: Residents | None = None,
    override: Override | None = None,
) -> TownModeDecision:
    """Give a town its main mode from a day on; the mode it has had until then ends.

    The rule in force on the day advises on the unit mode, from the town's residents (those given, else the newest
    known figure), its surface in the boundary edition in force, and whether a unit can be delineated in it.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not.
    NotFoundError
        ``area_unknown``; ``mode_rule_unknown`` for a day before the first rule; ``residents_unknown``.
    RuleViolationError
        ``mode_not_applicable`` to subdistricts; ``unit_mode_advised_against`` without an override;
        ``override_not_needed`` with one that overrides nothing.
    InputError
        When the override is incomplete.
    ConflictError
        ``ended_already`` when a mode that ends later holds on that day.
    """
    town = area_acted_on(session, actor, AreaLevel.TOWN, town_code, on)
    if town.kind == AreaKind.SUBDISTRICT:
        raise RuleViolationError("mode_not_applicable", code=town_code, name=town.name)
    known = residents or queries.residents_of(session, town_code, on)
    row = TownModeDecision(
        town_code=town_code, valid_from=on, mode=mode, area_id=town.area_id, decided_by=actor.name, **_counted(known)
    )
    if mode == TownMode.BASIC_MANAGEMENT_UNIT:
        if known is None:
            raise NotFoundError("residents_unknown", code=town_code, on=on)
        if override is not None:
            check_override(override, on)
        rule = queries.rule_on(session, on)
        verdict = require_unit_mode(rule, town_code, TownFacts(known.number, town.area_m2, delineable), override)
        row.delineable, row.rule, row.passed = delineable, rule.name, verdict.passed
    if override is not None:
        if row.passed is not False:
            raise RuleViolationError("override_not_needed", code=town_code, mode=mode)
        row.override_by, row.override_document = override.by.strip(), override.document.strip()
        row.override_reason, row.override_dated = override.reason.strip(), override.dated
    before = begin(session, row, TownModeDecision.town_code == town_code)
    record(session, actor, "mode.decide", f"town:{town_code}", before=before, after=shown(row))
    return row


def end_mode(session: Session, actor: Actor, town_code: str, on: date) -> TownModeDecision:
    """End the mode of a town on a day without giving it another: it is not decided from then on.

    Raises
    ------
    NotFoundError
        ``mode_not_decided`` when it has none that day.
    """
    require_on(session, actor, AreaLevel.TOWN, town_code, on)
    row = queries.held(session, TownModeDecision, on, TownModeDecision.town_code == town_code)
    if row is None:
        raise NotFoundError("mode_not_decided", code=town_code, on=on)
    return ended(session, actor, row, on, ("mode.end", f"town:{town_code}"))


def tag(session: Session, actor: Actor, area_code: str, kind: TagKind, value: str, on: date) -> AreaTag:
    """Say something of an area from a day on; the kind tells its level (:data:`.rules.TAGGED_LEVEL`).

    Of village types and sector types an area has one at a time, so the one before ends.

    Raises
    ------
    NotFoundError
        ``area_unknown`` when no area of that level and code is in force.
    InputError
        When the value is blank or not one of the kind's.
    ConflictError
        ``tag_held`` when the area has that very tag.
    """
    level, value = TAGGED_LEVEL[kind], require_tag_value(kind, value)
    area_acted_on(session, actor, level, area_code, on)
    same = [AreaTag.area_code == area_code, AreaTag.kind == kind]
    if queries.held(session, AreaTag, on, *same, AreaTag.value == value) is not None:
        raise ConflictError("tag_held", code=area_code, kind=kind, value=value, on=on)
    if kind not in TAG_VALUES:
        same.append(AreaTag.value == value)
    row = AreaTag(level=level, area_code=area_code, kind=kind, value=value, valid_from=on)
    before = begin(session, row, *same)
    record(session, actor, "tag.add", f"{level}:{area_code}", before=before, after=shown(row))
    return row


def untag(session: Session, actor: Actor, area_code: str, kind: TagKind, value: str, on: date) -> AreaTag:
    """Take a tag off an area from a day on.

    Raises
    ------
    NotFoundError
        ``tag_unknown`` when the area does not have it that day.
    """
    level = TAGGED_LEVEL[kind]
    require_on(session, actor, level, area_code, on)
    same = (AreaTag.area_code == area_code, AreaTag.kind == kind, AreaTag.value == value)
    row = queries.held(session, AreaTag, on, *same)
    if row is None:
        raise NotFoundError("tag_unknown", code=area_code, kind=kind, value=value, on=on)
    return ended(session, actor, row, on, ("tag.end", f"{level}:{area_code}"))


def set_organ(
    session: Session, actor: Actor, area_code: str, organ: Organ, name: str | None, on: date
) -> AreaOrgan | None:
    """Give a unit or sector a body under a name, or a post by its office, from a day on; None dissolves it.

    The organ tells the level (:data:`.rules.ORGANS`). Names of persons do not belong here.

    Raises
    ------
    NotFoundError
        ``area_unknown``; ``organ_unknown`` when there is none to dissolve.
    InputError
        When the name is blank.
    """
    level = organ_level(organ)
    same = (AreaOrgan.area_code == area_code, AreaOrgan.organ == organ)
    if name is None:
        require_on(session, actor, level, area_code, on)
        row = queries.held(session, AreaOrgan, on, *same)
        if row is None:
            raise NotFoundError("organ_unknown", code=area_code, organ=organ, on=on)
        return ended(session, actor, row, on, ("organ.end", f"{level}:{area_code}"))
    area_acted_on(session, actor, level, area_code, on)
    row = AreaOrgan(level=level, area_code=area_code, organ=organ, name=require_text("name", name), valid_from=on)
    before = begin(session, row, *same)
    record(session, actor, "organ.set", f"{level}:{area_code}", before=before, after=shown(row))
    return row


def set_staffing(session: Session, actor: Actor, unit_code: str, posts: int, on: date) -> Staffing:
    """Say how many administrative posts a unit has from a day on; what is unusual is taken and warned of in reports.

    Raises
    ------
    NotFoundError
        ``area_unknown``.
    InputError
        ``posts_negative``.
    """
    if posts < 0:
        raise InputError("posts_negative", field="posts", value=posts)
    level = AreaLevel.BASIC_MANAGEMENT_UNIT
    area_acted_on(session, actor, level, unit_code, on)
    row = Staffing(unit_code=unit_code, posts=posts, valid_from=on)
    before = begin(session, row, Staffing.unit_code == unit_code)
    record(session, actor, "staffing.set", f"{level}:{unit_code}", before=before, after=shown(row))
    return row


def _counted(residents: Residents | None) -> Shown:
    if residents is None:
        return {}
    return {
        "residents": residents.number,
        "residents_on": residents.counted_on,
        "residents_source": residents.source,
    }
