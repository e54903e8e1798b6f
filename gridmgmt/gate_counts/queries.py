"""Reading what was counted at gates, and what of it was published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Subquery, and_, func, or_, select, union_all

from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError
from gridmgmt.frames import lonlat
from gridmgmt.gate_counts.models import (
    CountingGate,
    GateBin,
    GateCensus,
    GateCommunity,
    GateDay,
    GateHour,
    GateRelease,
    ReleasedBand,
    ReleasedCount,
)
from gridmgmt.gate_counts.rules import FlowClass


@dataclass(frozen=True)
class GateSeen:
    """A gate and when its last bin began; None where none has come."""

    gate_id: int
    code: str
    lon: float
    lat: float
    last_start: datetime | None


@dataclass(frozen=True)
class Census:
    """What was counted inside at a moment, by class, and what the sums had missed."""

    at: datetime
    counted: Mapping[FlowClass, int]
    residual: Mapping[FlowClass, int | None]


@dataclass(frozen=True)
class Flow:
    """How many of a class went through a gate in an hour."""

    gate_id: int
    start: datetime
    flow_class: FlowClass
    entered: int
    left: int


@dataclass(frozen=True)
class CommunityBand:
    """A community as it is published: its bands of the last released day, None where withheld or not yet released."""

    community_id: int
    code: str
    name: str
    quarter_code: str
    day: date | None
    occupancy_from: int | None
    occupancy_below: int | None
    ratio_from: float | None
    ratio_below: float | None
    gates: int | None
    gates_lost: int | None
    by_census: bool | None


@dataclass(frozen=True)
class ReleasedFlow:
    """What is shown of an hour or a day of a gate, a community or the district; None where a count is withheld."""

    community: str | None
    gate: str | None
    hour: int | None
    flow_class: str
    entered: int | None
    left: int | None


_LOCK = 3_101_237
"""With the number of a community of what is counted there, alone of all surfaces."""


def hold_community(session: Session, community_id: int) -> None:
    """Wait until nobody else pushes bins or takes a census there; who needs several takes them in order."""
    session.execute(select(func.pg_advisory_xact_lock(_LOCK, community_id)))


def hold_surfaces(session: Session) -> None:
    """Wait until nobody else makes a community known."""
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _in_force(model: type[GateCommunity] | type[CountingGate], on: date) -> ColumnElement[bool]:
    return and_(model.valid_from <= on, or_(model.valid_to.is_(None), model.valid_to > on))


def community_named(session: Session, code: str) -> GateCommunity:
    """Return a community.

    Raises
    ------
    NotFoundError
        ``gate_community_unknown``.
    """
    found = session.scalar(select(GateCommunity).where(GateCommunity.code == code))
    if found is None:
        raise NotFoundError("gate_community_unknown", field="code", value=code)
    return found


def communities_on(session: Session, on: date) -> Sequence[GateCommunity]:
    """Return the communities of a day by code."""
    return session.scalars(select(GateCommunity).where(_in_force(GateCommunity, on)).order_by(GateCommunity.code)).all()


def gates_named(session: Session, codes: Sequence[str], on: date) -> dict[str, tuple[CountingGate, GateCommunity]]:
    """Return gates that count on a day, each with its community.

    Raises
    ------
    NotFoundError
        ``counting_gate_unknown`` with the first that there is not.
    """
    statement = (
        select(CountingGate, GateCommunity)
        .join(GateCommunity, GateCommunity.community_id == CountingGate.community_id)
        .where(CountingGate.code.in_(codes), _in_force(CountingGate, on))
    )
    found = {gate.code: (gate, community) for gate, community in session.execute(statement)}
    for code in codes:
        if code not in found:
            raise NotFoundError("counting_gate_unknown", field="gate", value=code, on=on)
    return found


def gates_of(session: Session, on: date, community_id: int | None = None) -> dict[int, list[GateSeen]]:
    """Return the gates that count on a day by community, each with the beginning of its last bin, by code."""
    last = (
        select(func.max(GateBin.start)).where(GateBin.gate_id == CountingGate.gate_id).correlate(CountingGate)
    ).scalar_subquery()
    statement = (
        select(CountingGate.community_id, CountingGate.gate_id, CountingGate.code, *lonlat(CountingGate.geom), last)
        .where(_in_force(CountingGate, on))
        .order_by(CountingGate.code)
    )
    if community_id is not None:
        statement = statement.where(CountingGate.community_id == community_id)
    found: dict[int, list[GateSeen]] = {}
    for community, gate_id, code, lon, lat, start in session.execute(statement):
        found.setdefault(community, []).append(GateSeen(gate_id, code, lon, lat, start))
    return found


def _passages() -> Subquery:
    """Return bins, and hours where bins are no longer kept."""
    names = ("gate_id", "start", "flow_class", "entered", "left")
    parts = (select(*(getattr(model, name).label(name) for name in names)) for model in (GateBin, GateHour))
    return union_all(*parts).subquery("passages")


def hourly_flows(session: Session, gate_ids: Sequence[int], since: datetime, until: datetime) -> list[Flow]:
    """Return what went through gates by hour, of the bins that begin in a period."""
    passages = _passages()
    keys = (passages.c.gate_id, func.date_trunc("hour", passages.c.start).label("hour"), passages.c.flow_class)
    statement = (
        select(*keys, func.sum(passages.c.entered), func.sum(passages.c.left))
        .where(passages.c.gate_id.in_(gate_ids), passages.c.start >= since, passages.c.start < until)
        .group_by("gate_id", "hour", "flow_class")
        .order_by("gate_id", "hour", "flow_class")
    )
    return [
        Flow(gate_id, start, FlowClass(name), int(entered), int(left))
        for gate_id, start, name, entered, left in session.execute(statement)
    ]


def sums(session: Session, community_id: int, since: datetime, until: datetime) -> dict[FlowClass, tuple[int, int]]:
    """Return how many of each class went into and out of a community in a period, at all gates it ever had."""
    passages = _passages()
    statement = (
        select(passages.c.flow_class, func.sum(passages.c.entered), func.sum(passages.c.left))
        .join(CountingGate, CountingGate.gate_id == passages.c.gate_id)
        .where(CountingGate.community_id == community_id, passages.c.start >= since, passages.c.start < until)
        .group_by(passages.c.flow_class)
    )
    return {FlowClass(name): (int(entered), int(left)) for name, entered, left in session.execute(statement)}


def censuses(session: Session, community_id: int, *, until: datetime | None = None, limit: int = 30) -> list[Census]:
    """Return the last censuses of a community, up to a moment, the newest first."""
    numbers = select(
        GateCensus.at,
        func.json_object_agg(GateCensus.flow_class, GateCensus.counted),
        func.json_object_agg(GateCensus.flow_class, GateCensus.residual),
    ).where(GateCensus.community_id == community_id)
    if until is not None:
        numbers = numbers.where(GateCensus.at <= until)
    statement = numbers.group_by(GateCensus.at).order_by(GateCensus.at.desc()).limit(limit)
    return [
        Census(at, *({FlowClass(name): number for name, number in each.items()} for each in (counted, residual)))
        for at, counted, residual in session.execute(statement)
    ]


def bins_of_day(session: Session, gate_id: int, since: datetime, until: datetime) -> Sequence[GateBin]:
    """Return the bins of a gate that begin in a period, by start and class."""
    statement = (
        select(GateBin)
        .where(GateBin.gate_id == gate_id, GateBin.start >= since, GateBin.start < until)
        .order_by(GateBin.start, GateBin.flow_class)
    )
    return session.scalars(statement).all()


def starts_counted(session: Session, since: datetime, until: datetime) -> dict[int, int]:
    """Return from how many quarters of an hour of a period each gate has sent bins."""
    statement = (
        select(GateBin.gate_id, func.count(GateBin.start.distinct()))
        .where(GateBin.start >= since, GateBin.start < until)
        .group_by(GateBin.gate_id)
    )
    return dict(session.execute(statement).all())


def days_counted(session: Session, gate_id: int) -> Sequence[GateDay]:
    """Return all that is kept of the days of a gate, the newest first."""
    return session.scalars(select(GateDay).where(GateDay.gate_id == gate_id).order_by(GateDay.day.desc())).all()


def releases(session: Session) -> Sequence[GateRelease]:
    """Return the released days, the newest first."""
    return session.scalars(select(GateRelease).order_by(GateRelease.day.desc())).all()


def last_release(session: Session, on: date | None = None) -> GateRelease | None:
    """Return the newest release, or that of the newest day up to ``on``."""
    statement = select(GateRelease).order_by(GateRelease.day.desc()).limit(1)
    if on is not None:
        statement = statement.where(GateRelease.day <= on)
    return session.scalar(statement)


def release_of(session: Session, day: date) -> GateRelease:
    """Return the release of a day.

    Raises
    ------
    NotFoundError
        ``gate_release_unknown``.
    """
    found = session.get(GateRelease, day)
    if found is None:
        last = last_release(session)
        raise NotFoundError("gate_release_unknown", field="day", value=day, last="-" if last is None else last.day)
    return found


def community_bands(session: Session, on: date, day: date | None) -> list[CommunityBand]:
    """Return the communities of a day by code, with their bands of a released day."""
    names = ("occupancy_from", "occupancy_below", "ratio_from", "ratio_below", "gates", "gates_lost", "by_census")
    band = and_(ReleasedBand.community_id == GateCommunity.community_id, ReleasedBand.day == day)
    statement = (
        select(
            GateCommunity.community_id,
            GateCommunity.code,
            GateCommunity.name,
            GateCommunity.quarter_code,
            ReleasedBand.day,
            *(getattr(ReleasedBand, name) for name in names),
        )
        .outerjoin(ReleasedBand, band)
        .where(_in_force(GateCommunity, on))
        .order_by(GateCommunity.code)
    )
    return [CommunityBand(*row) for row in session.execute(statement)]


def released_flows(
    session: Session, day: date, *, community: str | None = None, gate: str | None = None
) -> list[ReleasedFlow]:
    """Return what is shown of a released day: of the district, or of a community with its gates, or of one gate."""
    names = (GateCommunity.code, CountingGate.code, ReleasedCount.hour, ReleasedCount.flow_class)
    statement = (
        select(*names, ReleasedCount.entered, ReleasedCount.left)
        .outerjoin(GateCommunity, GateCommunity.community_id == ReleasedCount.community_id)
        .outerjoin(CountingGate, CountingGate.gate_id == ReleasedCount.gate_id)
        .where(ReleasedCount.day == day)
        .order_by(*(name.nulls_first() for name in names))
    )
    if gate is not None:
        statement = statement.where(CountingGate.code == gate)
    elif community is not None:
        statement = statement.where(GateCommunity.code == community)
    else:
        statement = statement.where(ReleasedCount.gate_id.is_(None), ReleasedCount.hour.is_(None))
    return [ReleasedFlow(*row) for row in session.execute(statement)]


def last_band(session: Session, community_id: int, before: date) -> date | None:
    """Return the last released day before another on which a band of a community is shown."""
    return session.scalar(
        select(func.max(ReleasedBand.day)).where(
            ReleasedBand.community_id == community_id,
            ReleasedBand.day < before,
            ReleasedBand.occupancy_from.is_not(None),
        )
    )


def whole_days(session: Session, community_id: int, since: date, until: date) -> int:
    """Return on how many days of a period every count of persons of a whole day of a community is shown."""
    shown = func.bool_and(ReleasedCount.entered.is_not(None) & ReleasedCount.left.is_not(None))
    days = (
        select(ReleasedCount.day)
        .where(
            ReleasedCount.community_id == community_id,
            ReleasedCount.gate_id.is_(None),
            ReleasedCount.hour.is_(None),
            ReleasedCount.flow_class != str(FlowClass.VEHICLE),
            ReleasedCount.day >= since,
            ReleasedCount.day < until,
        )
        .group_by(ReleasedCount.day)
        .having(shown)
    )
    return session.scalar(select(func.count()).select_from(days.subquery())) or 0
