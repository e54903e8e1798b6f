"""Reading targets with their items, milestones and progress."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Double, func, select, tuple_

from gridmgmt.areas.models import Area
from gridmgmt.areas.nesting import lying_in
from gridmgmt.areas.queries import in_force_on
from gridmgmt.db import Session
from gridmgmt.editions.queries import edition_ids_in_force
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import NotFoundError
from gridmgmt.frames import lonlat
from gridmgmt.governance.queries import held, holds_on
from gridmgmt.service_points.models import ServicePoint
from gridmgmt.service_points.rules import PointStatus
from gridmgmt.targets.models import Budget, RenewalProject, Target, TargetItem, TargetMilestone
from gridmgmt.targets.rules import (
    Progress,
    Reached,
    Shown,
    TargetStage,
    late_stages,
    progress,
    stage_on,
)


@dataclass(frozen=True)
class Item:
    """An item as it stands on a day.

    ``late`` are stages whose day is over without it; ``reached`` its milestones up to the day, the first one first;
    ``point_is_open`` tells of an item with a service point whether that serves on the day.
    """

    item_no: int
    name: str
    stage: TargetStage
    since: date | None
    lon: float | None
    lat: float | None
    budget_yuan: int | None
    dues: Mapping[TargetStage, date]
    late: tuple[TargetStage, ...]
    plan_name: str | None
    plan_rank: int | None
    card: Shown | None
    service_point_code: str | None
    point_is_open: bool | None
    reached: tuple[Reached, ...]


@dataclass(frozen=True)
class TargetView:
    """A target as it stands on a day, with its items by number."""

    code: str
    name: str
    level: str
    area_code: str
    area_name: str | None
    kinds: tuple[str, ...]
    wanted: int
    year: int
    owner_post: str
    source: str
    valid_from: date
    valid_to: date | None
    items: tuple[Item, ...]

    @property
    def progress(self) -> Progress:
        """How many of the wanted points are open, and what the others wait for."""
        late = sum(bool(item.late) for item in self.items)
        return progress(self.wanted, [item.stage for item in self.items], late=late)

    @property
    def budget_yuan(self) -> int:
        """What the items cost together, as far as it is known."""
        return sum(item.budget_yuan or 0 for item in self.items)


def targets(
    session: Session,
    on: date,
    *,
    area_id: int | None = None,
    year: int | None = None,
    after: str | None = None,
    limit: int = 100,
) -> list[TargetView]:
    """Return the targets of a day by code, at most ``limit``.

    Parameters
    ----------
    area_id
        Only those of this area and of what lies in it.
    after
        Code of the last target of the page before.
    """
    statement = select(Target).where(holds_on(Target, on)).order_by(Target.code).limit(limit)
    if area_id is not None:
        statement = statement.where(of_area(Target, area_id, on))
    if year is not None:
        statement = statement.where(Target.year == year)
    if after is not None:
        statement = statement.where(Target.code > after)
    return _viewed(session, session.scalars(statement).all(), on)


def target_on(session: Session, code: str, on: date) -> TargetView:
    """Return a target as it stands on a day.

    Raises
    ------
    NotFoundError
        ``target_unknown``.
    """
    return _viewed(session, [target_row(session, code, on)], on)[0]


def target_row(session: Session, code: str, on: date) -> Target:
    """Return what is said of a target on a day.

    Raises
    ------
    NotFoundError
        ``target_unknown``.
    """
    row = held(session, Target, on, Target.code == code)
    if row is None:
        raise NotFoundError("target_unknown", field="code", value=code, on=on)
    return row


def item_row(session: Session, code: str, item_no: int) -> TargetItem:
    """Return an item of a target, locked against other changes.

    Raises
    ------
    NotFoundError
        ``item_unknown``.
    """
    statement = select(TargetItem).where(TargetItem.target_code == code, TargetItem.item_no == item_no)
    row = session.scalar(statement.with_for_update())
    if row is None:
        raise NotFoundError("item_unknown", target=code, field="item_no", value=item_no)
    return row


def item_numbers(session: Session, code: str) -> list[int]:
    """Return the numbers of the items of a target, in order, locked against more until the transaction ends."""
    session.execute(select(func.pg_advisory_xact_lock(_ITEMS_LOCK, func.hashtext(code))))
    statement = select(TargetItem.item_no).where(TargetItem.target_code == code).order_by(TargetItem.item_no)
    return list(session.scalars(statement))


def plan_ranks(session: Session, code: str, plan: str) -> set[int]:
    """Return the ranks of the points of a siting plan that are items of a target."""
    statement = select(TargetItem.plan_rank).where(TargetItem.target_code == code, TargetItem.plan_name == plan)
    return {rank for rank in session.scalars(statement) if rank is not None}


def last_milestone(session: Session, item: TargetItem) -> Reached | None:
    """Return where an item stands by its last milestone, whatever the day."""
    statement = (
        select(TargetMilestone)
        .where(TargetMilestone.item_id == item.item_id)
        .order_by(TargetMilestone.milestone_id.desc())
        .limit(1)
    )
    row = session.scalar(statement)
    return None if row is None else Reached(TargetStage(row.stage), row.reached_on, row.reason)


def open_point(session: Session, code: str, on: date) -> tuple[str, tuple[float, float]] | None:
    """Return type and place of the open service point of a code on a day, None where there is none."""
    statement = select(ServicePoint.type, *lonlat(ServicePoint.geom)).where(
        ServicePoint.code == code,
        ServicePoint.status == PointStatus.OPEN,
        ServicePoint.edition_id.in_(edition_ids_in_force(Subject.SERVICE_POINTS, on)),
    )
    row = session.execute(statement.limit(1)).one_or_none()
    return None if row is None else (row.type, (row.lon, row.lat))


def area_id_on(session: Session, target: Target, on: date) -> int | None:
    """Return the id of a target's area on a day, None where it is gone."""
    here = (Area.level == target.level, Area.code == target.area_code)
    return session.scalar(select(Area.area_id).where(*here, in_force_on(on)))


def holder_of_point(session: Session, code: str) -> tuple[str, int] | None:
    """Return target and number of the item that a service point has opened, None where it has opened none."""
    statement = select(TargetItem.target_code, TargetItem.item_no).where(TargetItem.service_point_code == code)
    row = session.execute(statement).one_or_none()
    return None if row is None else (row.target_code, row.item_no)


_ITEMS_LOCK = 3_101_141


def of_area(model: type[Target | RenewalProject | Budget], area_id: int, on: date) -> ColumnElement[bool]:
    """Return the condition that a row is of an area, or of one that lies in it on a day."""
    return tuple_(model.level, model.area_code).in_(lying_in(model, area_id, on))


def area_names(session: Session, named: Collection[tuple[str, str]], on: date) -> dict[tuple[str, str], str]:
    """Return the names that areas have on a day, by level and code."""
    wanted = tuple_(Area.level, Area.code).in_(list(named))
    found = session.execute(select(Area.level, Area.code, Area.name).where(wanted, in_force_on(on)))
    return {(level, code): name for level, code, name in found}


def _viewed(session: Session, rows: Sequence[Target], on: date) -> list[TargetView]:
    codes = [row.code for row in rows]
    items: dict[str, list[Item]] = defaultdict(list)
    for code, item in _items(session, codes, on):
        items[code].append(item)
    called = area_names(session, {(row.level, row.area_code) for row in rows}, on)
    plain = ("code", "name", "level", "area_code", "wanted", "year", "owner_post", "source", "valid_from", "valid_to")
    return [
        TargetView(
            **{name: getattr(row, name) for name in plain},
            area_name=called.get((row.level, row.area_code)),
            kinds=tuple(row.kinds),
            items=tuple(items[row.code]),
        )
        for row in rows
    ]


def _items(session: Session, codes: Sequence[str], on: date) -> list[tuple[str, Item]]:
    """Return the items of some targets that were there on a day: those that had reached a stage by then."""
    statement = (
        select(
            TargetItem,
            func.ST_X(TargetItem.geom, type_=Double),
            func.ST_Y(TargetItem.geom, type_=Double),
            _point_is_open(on),
        )
        .where(TargetItem.target_code.in_(list(codes)))
        .order_by(TargetItem.target_code, TargetItem.item_no)
    )
    found = session.execute(statement).all()
    reached = _reached(session, [item.item_id for item, *_ in found], on)
    return [
        (item.target_code, _item(item, (lon, lat), point_is_open, reached[item.item_id], on))
        for item, lon, lat, point_is_open in found
        if reached[item.item_id]
    ]


def _point_is_open(on: date) -> ColumnElement[bool]:
    return (
        select(ServicePoint.point_id)
        .where(
            ServicePoint.code == TargetItem.service_point_code,
            ServicePoint.status == PointStatus.OPEN,
            ServicePoint.edition_id.in_(edition_ids_in_force(Subject.SERVICE_POINTS, on)),
        )
        .correlate(TargetItem)
        .exists()
    )


def _reached(session: Session, item_ids: Sequence[int], on: date) -> dict[int, list[Reached]]:
    found: dict[int, list[Reached]] = defaultdict(list)
    statement = (
        select(TargetMilestone)
        .where(TargetMilestone.item_id.in_(list(item_ids)), TargetMilestone.reached_on <= on)
        .order_by(TargetMilestone.milestone_id)
    )
    for row in session.scalars(statement):
        found[row.item_id].append(Reached(TargetStage(row.stage), row.reached_on, row.reason))
    return found


def _item(
    row: TargetItem, at: tuple[float | None, float | None], point_is_open: bool, reached: list[Reached], on: date
) -> Item:
    stage = stage_on(reached, on) or TargetStage.PLANNED
    dues = {TargetStage(name): date.fromisoformat(day) for name, day in row.dues.items()}
    return Item(
        item_no=row.item_no,
        name=row.name,
        stage=stage,
        since=reached[-1].on,
        lon=at[0],
        lat=at[1],
        budget_yuan=row.budget_yuan,
        dues=dues,
        late=tuple(late_stages(dues, stage, on)),
        plan_name=row.plan_name,
        plan_rank=row.plan_rank,
        card=row.card,
        service_point_code=row.service_point_code if stage is TargetStage.OPEN else None,
        point_is_open=point_is_open if stage is TargetStage.OPEN and row.service_point_code else None,
        reached=tuple(reached),
    )
