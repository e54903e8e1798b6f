"""Setting targets, listing their points as items, and noting how far each is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from geoalchemy2 import WKBElement
from geoalchemy2.shape import from_shape
from shapely import Point
from sqlalchemy import select

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.areas.queries import ancestors, area_in_force
from gridmgmt.areas.rules import check_position
from gridmgmt.codes import is_code
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.errors import CodeFormatError, ConflictError, InputError, NotFoundError, RuleViolationError
from gridmgmt.governance.history import begin, shown
from gridmgmt.governance.queries import covers
from gridmgmt.governance.rules import require_text
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.siting.document import Chosen, parse
from gridmgmt.siting.plan_queries import plan_named, state_of
from gridmgmt.siting.plan_rules import PlanState
from gridmgmt.targets import queries
from gridmgmt.targets.models import Target, TargetItem, TargetMilestone
from gridmgmt.targets.rules import Reached, Shown, TargetStage, check_dues, check_room, check_step, check_wanted

LonLat = tuple[float, float]
MOST_BUDGET_YUAN = 10**12


@dataclass(frozen=True)
class NewTarget:
    """What is said of a target from a day on; ``kinds`` are the types of points that open its items."""

    code: str
    name: str
    area_code: str
    kinds: tuple[ServicePointType, ...]
    wanted: int
    year: int
    owner_post: str
    source: str
    valid_from: date


@dataclass(frozen=True)
class NewItem:
    """One point of a target; ``planned_on`` is the day from which it is planned."""

    name: str
    planned_on: date
    lonlat: LonLat | None = None
    budget_yuan: int | None = None
    dues: Mapping[TargetStage, date] = field(default_factory=dict)
    plan: tuple[str, int] | None = None
    card: Shown | None = None


@dataclass(frozen=True)
class FromPlan:
    """Which points of a siting plan become items: those of some ranks, or all."""

    plan: str
    planned_on: date
    ranks: tuple[int, ...] = ()
    dues: Mapping[TargetStage, date] = field(default_factory=dict)


CHANGEABLE = ("name", "lonlat", "budget_yuan", "dues", "card")
"""What a change of an item may name."""


def set_target(session: Session, actor: Actor, new: NewTarget) -> Target:
    """Say what an area wants from a day on; what was said of the same code until then ends.

    Raises
    ------
    NotFoundError
        ``area_unknown``.
    InputError
        ``target_number``, ``value_needed``, ``target_kinds``.
    RuleViolationError
        ``target_full`` when it has more items already than it would want.
    ConflictError
        ``target_of_other_area`` when the code is, or ever was, that of another area.
    """
    area = area_in_force(session, new.area_code, new.valid_from)
    require_there(session, actor, area.level, area.code, new.valid_from)
    if not is_code(new.code):
        raise CodeFormatError("target_code_malformed", field="code", value=new.code)
    check_wanted(new.wanted, new.year)
    if not new.kinds:
        raise InputError("target_kinds", field="kinds")
    check_room(new.wanted, len(queries.item_numbers(session, new.code)), 0)
    known = session.scalar(select(Target).where(Target.code == new.code).limit(1))
    if known is not None and (known.level, known.area_code) != (area.level, area.code):
        raise ConflictError("target_of_other_area", value=new.code, area=known.area_code)
    row = Target(
        code=new.code,
        name=require_text("name", new.name),
        level=area.level,
        area_code=area.code,
        kinds=sorted(str(kind) for kind in set(new.kinds)),
        wanted=new.wanted,
        year=new.year,
        owner_post=require_text("owner_post", new.owner_post),
        source=require_text("source", new.source),
        valid_from=new.valid_from,
    )
    before = begin(session, row, Target.code == new.code)
    record(session, actor, "target.set", f"target:{new.code}", before=before, after=shown(row))
    return row


def add_item(session: Session, actor: Actor, code: str, new: NewItem) -> TargetItem:
    """List one point of a target, planned from a day on.

    Raises
    ------
    NotFoundError
        ``target_unknown``.
    RuleViolationError
        ``target_full``; ``item_outside_area`` when it does not lie in the target's area.
    InputError
        ``value_needed``, ``target_number``, ``dues_unordered``, or when the position cannot be one.
    """
    return _add(session, actor, queries.target_row(session, code, new.planned_on), [new])[0]


def add_from_plan(session: Session, actor: Actor, code: str, asked: FromPlan) -> list[TargetItem]:
    """List the points of a siting plan as items of a target, at their sites and with their costs and verdicts.

    Raises
    ------
    NotFoundError
        ``target_unknown``, ``plan_unknown``; ``plan_rank_unknown``.
    ConflictError
        ``target_plan_ended`` when the plan is superseded or withdrawn; ``plan_point_taken`` when a point is an item
        already.
    RuleViolationError
        ``target_kind_other`` when the plan is of a type that the target does not want; ``target_full``;
        ``item_outside_area``.
    ForbiddenError
        Without the right to keep targets, or to see exact results.
    """
    target = queries.target_row(session, code, asked.planned_on)
    plan = plan_named(session, asked.plan)
    for permission in (Permission.TARGETS_WRITE, Permission.RESULTS_EXACT):
        require_there(session, actor, target.level, target.area_code, asked.planned_on, permission)
    if (state := state_of(plan)) in {PlanState.SUPERSEDED, PlanState.WITHDRAWN}:
        raise ConflictError("target_plan_ended", field="plan", value=plan.name, state=state)
    if plan.type not in target.kinds:
        raise RuleViolationError("target_kind_other", target=code, value=plan.type, known=", ".join(target.kinds))
    points = {point.rank: point for point in parse(plan.document).chosen}
    ranks = asked.ranks or tuple(points)
    for rank in ranks:
        if rank not in points:
            raise NotFoundError("plan_rank_unknown", plan=plan.name, value=rank, most=len(points))
    taken = queries.plan_ranks(session, code, plan.name) & set(ranks)
    if taken:
        raise ConflictError("plan_point_taken", plan=plan.name, value=min(taken), target=code)
    return _add(session, actor, target, [_of_point(plan.name, points[rank], asked) for rank in dict.fromkeys(ranks)])


def change_item(session: Session, actor: Actor, code: str, item_no: int, facts: Mapping[str, Any], on: date) -> None:
    """Change what is known of an item; ``facts`` are some of :data:`CHANGEABLE`.

    Raises
    ------
    NotFoundError
        ``target_unknown``, ``item_unknown``.
    ConflictError
        ``item_unchanged``.
    InputError
        As :func:`add_item`.
    RuleViolationError
        ``item_without_place`` when it would lose the place that its stage needs; ``item_outside_area``.
    """
    target = queries.target_row(session, code, on)
    require_there(session, actor, target.level, target.area_code, on)
    item = queries.item_row(session, code, item_no)
    before = _known(item)
    if "lonlat" in facts and facts["lonlat"] is None:
        last = queries.last_milestone(session, item)
        if last is not None and last.stage is not TargetStage.PLANNED:
            raise RuleViolationError("item_without_place", field="position", value=last.stage)
    if facts.get("lonlat") is not None:
        _check_inside(session, target, "position", facts["lonlat"], on)
    for name in CHANGEABLE:
        if name in facts:
            _put(item, name, facts[name])
    session.flush()
    session.refresh(item)
    after = _known(item)
    told = [name for name in after if after[name] != before[name]]
    if not told:
        raise ConflictError("item_unchanged", target=code, value=item_no)
    record(
        session, actor, "target_item.change", _object(item),
        before={name: before[name] for name in told}, after={name: after[name] for name in told},
    )  # fmt: skip


def note_milestone(
    session: Session,
    actor: Actor,
    code: str,
    item_no: int,
    wanted: Reached,
    *,
    today: date,
    service_point_code: str | None = None,
) -> TargetItem:
    """Note that an item came to a stage on a day; an item opens with the service point that stands there.

    Raises
    ------
    NotFoundError
        ``target_unknown``, ``item_unknown``; ``item_point_unknown`` when no point of the code is open that day.
    RuleViolationError
        ``item_without_place``; ``item_needs_point``, ``item_takes_no_point``; ``target_kind_other``;
        ``item_outside_area`` when its point does not lie in the target's area.
    ConflictError
        ``milestone_before_last``, ``stage_unchanged``; ``point_opened_other`` when the point has opened another item.
    InputError
        ``milestone_in_future``, ``milestone_reason_needed``.
    """
    target = queries.target_row(session, code, wanted.on)
    require_there(session, actor, target.level, target.area_code, wanted.on)
    item = queries.item_row(session, code, item_no)
    before = queries.last_milestone(session, item)
    check_step(before, wanted, today=today, placed=item.geom is not None)
    if wanted.stage is TargetStage.OPEN:
        _check_point(session, target, item, service_point_code, wanted.on)
    elif service_point_code is not None:
        raise RuleViolationError("item_takes_no_point", field="service_point_code", value=wanted.stage)
    item.service_point_code = service_point_code
    session.add(_milestone(item, wanted))
    session.flush()
    said = {"stage": wanted.stage, "on": wanted.on.isoformat(), "reason": wanted.reason}
    record(
        session, actor, "target_item.milestone", _object(item),
        before=None if before is None else {"stage": before.stage, "on": before.on.isoformat()},
        after=said | {"service_point_code": service_point_code},
    )  # fmt: skip
    return item


def require_there(
    session: Session, actor: Actor, level: str, code: str, on: date, permission: Permission = Permission.TARGETS_WRITE
) -> None:
    """Ask for a permission on an area and all that hold it; of one that is gone, on its code alone."""
    require(actor, permission, areas=ancestors(session, level, code, on))


def _add(session: Session, actor: Actor, target: Target, new: Sequence[NewItem]) -> list[TargetItem]:
    """Store items under the next numbers, each with its first milestone."""
    days = {each.planned_on for each in new}
    for day in days:
        require_there(session, actor, target.level, target.area_code, day)
    numbers = queries.item_numbers(session, target.code)
    check_room(target.wanted, len(numbers), len(new))
    first = max(numbers, default=0) + 1
    items = []
    for number, each in enumerate(new, start=first):
        if each.lonlat is not None:
            _check_inside(session, target, "position", each.lonlat, each.planned_on)
        item = TargetItem(target_code=target.code, item_no=number)
        if each.plan is not None:
            item.plan_name, item.plan_rank = each.plan
        for name in CHANGEABLE:
            _put(item, name, getattr(each, name))
        items.append(item)
    session.add_all(items)
    session.flush()
    session.add_all(
        _milestone(item, Reached(TargetStage.PLANNED, each.planned_on)) for item, each in zip(items, new, strict=True)
    )
    session.flush()
    for item in items:
        session.refresh(item)
        record(session, actor, "target_item.add", _object(item), after=_known(item))
    return items


def _of_point(plan: str, point: Chosen, asked: FromPlan) -> NewItem:
    card = None if point.verdict is None else {"verdict": point.verdict, "on": asked.planned_on.isoformat()}
    return NewItem(
        name=point.name or f"{point.area_name or plan} {point.rank}",
        planned_on=asked.planned_on,
        lonlat=(point.lon, point.lat),
        budget_yuan=None if point.cost_yuan is None else round(point.cost_yuan),
        dues=asked.dues,
        plan=(plan, point.rank),
        card=card,
    )


def _check_point(session: Session, target: Target, item: TargetItem, code: str | None, on: date) -> None:
    """Refuse to open an item without an open point of the target's kinds and area that has opened no other item."""
    if code is None:
        raise RuleViolationError("item_needs_point", field="service_point_code", target=target.code, value=item.item_no)
    found = queries.open_point(session, code, on)
    if found is None:
        raise NotFoundError("item_point_unknown", field="service_point_code", value=code, on=on)
    type_, place = found
    if type_ not in target.kinds:
        raise RuleViolationError("target_kind_other", target=target.code, value=type_, known=", ".join(target.kinds))
    holder = queries.holder_of_point(session, code)
    if holder not in (None, (item.target_code, item.item_no)):
        raise ConflictError("point_opened_other", field="service_point_code", value=code, holder=holder)
    _check_inside(session, target, "service_point_code", place, on)


def _check_inside(session: Session, target: Target, told_as: str, place: LonLat, on: date) -> None:
    """Refuse a place outside the target's area as it is on a day; of an area that is gone nothing is known."""
    check_position(*place)
    area_id = queries.area_id_on(session, target, on)
    if area_id is not None and not covers(session, area_id, Point(place)):
        lon, lat = place
        raise RuleViolationError(
            "item_outside_area", field=told_as, target=target.code, area=target.area_code, lon=lon, lat=lat
        )


def _milestone(item: TargetItem, reached: Reached) -> TargetMilestone:
    reason = (reached.reason or "").strip() or None
    return TargetMilestone(item_id=item.item_id, stage=reached.stage, reached_on=reached.on, reason=reason)


def _put(item: TargetItem, name: str, value: Any) -> None:  # Any: each fact has its own type
    """Set one fact of an item, once it can be one."""
    if name == "name":
        item.name = require_text("name", value)
    elif name == "lonlat":
        item.geom = _point(value)
    elif name == "dues":
        check_dues(value)
        item.dues = {str(stage): day.isoformat() for stage, day in value.items()}
    elif name == "budget_yuan":
        if value is not None and not 0 <= value <= MOST_BUDGET_YUAN:
            raise InputError("target_number", field=name, value=value, minimum=0, maximum=MOST_BUDGET_YUAN)
        item.budget_yuan = value
    else:
        item.card = value


def _point(lonlat: LonLat | None) -> WKBElement | None:
    if lonlat is None:
        return None
    check_position(*lonlat)
    return from_shape(Point(lonlat), srid=STORAGE_SRID)


def _known(item: TargetItem) -> Shown:
    names = ("name", "budget_yuan", "dues", "plan_name", "plan_rank", "card")
    place = None if item.geom is None else bytes(item.geom.data).hex()
    return {name: getattr(item, name) for name in names} | {"geom": place}


def _object(item: TargetItem) -> str:
    return f"target:{item.target_code}/{item.item_no}"
