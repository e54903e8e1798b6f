"""The one door to what is counted at gates: communities, gates, pushes of bins, censuses, and looking at one's own."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

import shapely
from geoalchemy2 import Geography
from sqlalchemy import cast, func, select

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import ancestors, area_in_force, areas_at
from gridmgmt.areas.rules import AreaLevel, check_position
from gridmgmt.clock import end_of_day, local_date
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, DuplicateCodeError, ForbiddenError, GeometryError, InputError
from gridmgmt.gate_counts import queries
from gridmgmt.gate_counts.models import CountingGate, GateBin, GateCensus, GateCommunity
from gridmgmt.gate_counts.queries import Census, Flow, GateSeen
from gridmgmt.gate_counts.rules import (
    GATE_WITHIN_M,
    MOST_BINS,
    Bin,
    FlowClass,
    Occupancy,
    check_day,
    is_aligned,
    is_lost,
    occupancy,
)
from gridmgmt.gate_counts.statements import DIFFERING, PUSH, RESIDUALS

BINS_KEPT_DAYS = 30
HOURS_KEPT_DAYS = 365
_ROUNDING_DEG = 1e-7
"""So far beyond its quarter a surface may reach that was drawn along its border: about a centimetre."""


@dataclass(frozen=True)
class NewCommunity:
    """A community to be known: a surface, WGS 84, in the residential quarter that bounds who may act on it."""

    code: str
    name: str
    geometry: shapely.Polygon | shapely.MultiPolygon
    valid_from: date


@dataclass(frozen=True)
class Pushed:
    """What came of a push: bins that were new, those known already, and of the new ones those behind a census."""

    taken: int
    repeated: int
    late: int


@dataclass(frozen=True)
class OwnCounts:
    """What those see who answer for a community: exact counts of a day, who is inside, gates and censuses.

    ``inside`` is None before the first census, and when the last one is older than the hours that are kept.
    """

    community: GateCommunity
    day: date
    at: datetime
    inside: Mapping[FlowClass, Occupancy] | None
    gates: Sequence[GateSeen]
    lost: Sequence[str]
    flows: Sequence[Flow]
    censuses: Sequence[Census]


def oldest_bin(now: datetime) -> datetime:
    """Return before when bins are folded into hours, and no longer taken."""
    return end_of_day(local_date(now) - timedelta(days=BINS_KEPT_DAYS + 1))


def bounds_of_community(session: Session, community: GateCommunity, on: date) -> list[str]:
    """Return the codes of the areas that hold a community, as permissions ask for them."""
    return [community.code, *ancestors(session, AreaLevel.RESIDENTIAL_QUARTER, community.quarter_code, on)]


def add_community(session: Session, actor: Actor, new: NewCommunity) -> GateCommunity:
    """Make a community known from a day on.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        Without the right to write governance there.
    InputError
        ``gate_day_outside``.
    GeometryError
        ``gate_community_nowhere`` when it lies in no residential quarter of the day; ``gate_community_beyond`` when
        that of its middle does not cover it.
    DuplicateCodeError, ConflictError
        ``gate_community_taken``; ``gate_community_overlaps``: two that share land could be told apart by less than
        the threshold.
    """
    check_day(new.valid_from, field="valid_from")
    point = new.geometry.representative_point()
    areas = areas_at(session, point.x, point.y, new.valid_from)
    quarter = next((area.code for area in areas if area.level == AreaLevel.RESIDENTIAL_QUARTER), None)
    if quarter is None:
        raise GeometryError("gate_community_nowhere", field="geometry", on=new.valid_from)
    require(actor, Permission.GOVERNANCE_WRITE, areas=[area.code for area in areas])
    geometry = shapely.MultiPolygon([*shapely.get_parts(new.geometry)])
    placed = func.ST_GeomFromWKB(geometry.wkb, STORAGE_SRID)
    held = area_in_force(session, quarter, new.valid_from, level=AreaLevel.RESIDENTIAL_QUARTER)
    covers = func.ST_Covers(func.ST_Buffer(Area.geom, _ROUNDING_DEG), placed)
    if not session.scalar(select(covers).where(Area.area_id == held.area_id)):
        raise GeometryError("gate_community_beyond", field="geometry", value=new.code, quarter=quarter)
    queries.hold_surfaces(session)
    if session.scalar(select(GateCommunity.code).where(GateCommunity.code == new.code)) is not None:
        raise DuplicateCodeError("gate_community_taken", field="code", value=new.code)
    inside = func.ST_Relate(GateCommunity.geom, placed, "T********")
    shared = session.scalar(
        select(GateCommunity.code).where(GateCommunity.geom.op("&&")(placed), inside, GateCommunity.valid_to.is_(None))
    )
    if shared is not None:
        raise ConflictError("gate_community_overlaps", field="geometry", value=new.code, other=shared)
    row = GateCommunity(
        code=new.code, name=new.name, quarter_code=quarter, geom=placed, valid_from=new.valid_from, valid_to=None
    )
    session.add(row)
    session.flush()
    record(
        session, actor, "gate_community.add", f"gate_community:{new.code}",
        after={"name": new.name, "quarter": quarter, "valid_from": new.valid_from},
    )  # fmt: skip
    return row


def add_gate(
    session: Session, actor: Actor, community: str, code: str, lonlat: tuple[float, float], on: date
) -> CountingGate:
    """Make a gate of a community known from a day on; it stays that community's for all time.

    Raises
    ------
    InputError
        When the position cannot be one; ``gate_day_outside`` before the community is known;
        ``counting_gate_far`` from the community.
    NotFoundError
        ``gate_community_unknown``.
    ForbiddenError, UnauthenticatedError
        Without the right to write governance there.
    DuplicateCodeError
        ``counting_gate_taken``.
    """
    check_position(*lonlat)
    check_day(on, field="valid_from")
    row = queries.community_named(session, community)
    require(actor, Permission.GOVERNANCE_WRITE, areas=bounds_of_community(session, row, on))
    check_day(on, field="valid_from", first=row.valid_from)
    if session.scalar(select(CountingGate.code).where(CountingGate.code == code)) is not None:
        raise DuplicateCodeError("counting_gate_taken", field="code", value=code)
    point = func.ST_SetSRID(func.ST_MakePoint(*lonlat), STORAGE_SRID)
    near = func.ST_DWithin(cast(GateCommunity.geom, Geography), cast(point, Geography), GATE_WITHIN_M)
    if not session.scalar(select(near).where(GateCommunity.community_id == row.community_id)):
        raise InputError("counting_gate_far", field="lon", value=code, community=community, most=GATE_WITHIN_M)
    gate = CountingGate(code=code, community_id=row.community_id, geom=point, valid_from=on, valid_to=None)
    session.add(gate)
    session.flush()
    record(
        session, actor, "counting_gate.add", f"counting_gate:{code}",
        after={"community": community, "valid_from": on},
    )  # fmt: skip
    return gate


def push(session: Session, actor: Actor, bins: Sequence[Bin], now: datetime) -> Pushed:
    """Take bins of gates, whole or not at all; what is known already is not counted again.

    The bins are good by :func:`gridmgmt.gate_counts.rules.check_bin`.

    Raises
    ------
    InputError
        ``bins_too_many``; ``bin_twice`` when two bins of the push are the same quarter of an hour.
    NotFoundError
        ``counting_gate_unknown``.
    ForbiddenError, UnauthenticatedError
        Without the right to push for one of the gates.
    ConflictError
        ``bin_differs`` when a bin is known with other counts.
    """
    if len(bins) > MOST_BINS:
        raise InputError("bins_too_many", field="bins", value=len(bins), most=MOST_BINS)
    today = local_date(now)
    gates = queries.gates_named(session, sorted({each.gate for each in bins}), today)
    _require_gates(session, actor, gates, today)
    ordered = sorted(bins, key=lambda each: (each.gate, each.start, each.flow_class))
    for one, next_ in pairwise(ordered):
        if one.bin_id == next_.bin_id:
            raise InputError("bin_twice", field="bins", value=one.bin_id)
    for number in sorted({community.community_id for _, community in gates.values()}):
        queries.hold_community(session, number)
    values = {
        "gates": [gates[each.gate][0].gate_id for each in ordered],
        "starts": [each.start for each in ordered],
        "classes": [str(each.flow_class) for each in ordered],
        "entered": [each.entered for each in ordered],
        "left": [each.left for each in ordered],
    }
    taken = len(session.execute(PUSH, values).all())
    if taken < len(ordered) and (other := session.execute(DIFFERING, values).first()) is not None:
        code = next(code for code, (gate, _) in gates.items() if gate.gate_id == other.gate_id)
        known = Bin(code, other.start, FlowClass(other.flow_class), 0, 0)
        raise ConflictError("bin_differs", field="bins", value=known.bin_id)
    late = _recompute(session, gates, ordered) if taken else 0
    record(
        session, actor, "gate_counts.push", f"counting_gate:{','.join(gates)}",
        after={"taken": taken, "repeated": len(ordered) - taken, "late": late},
    )  # fmt: skip
    return Pushed(taken, len(ordered) - taken, late)


def take_census(
    session: Session, actor: Actor, community: str, at: datetime, counted: Mapping[FlowClass, int], now: datetime
) -> Census:
    """Take how many of each class were found inside at a moment: the sums begin anew, the residual is kept.

    The same census again changes nothing. A gate of its own counts itself, not the community.

    Raises
    ------
    NotFoundError
        ``gate_community_unknown``.
    InputError
        ``census_unaligned``, ``census_ahead``, ``census_too_old``; ``census_incomplete`` when a class is missing.
    ForbiddenError, UnauthenticatedError
        Without the right to push there; ``census_of_others`` with that for one gate alone.
    ConflictError
        ``census_differs`` when one of the moment is known with other counts.
    """
    row = queries.community_named(session, community)
    areas = bounds_of_community(session, row, local_date(now))
    require(actor, Permission.GATE_COUNTS_PUSH, areas=areas)
    if None not in _departments(actor, areas):
        raise ForbiddenError("census_of_others", value=community, actor=actor.name)
    if not is_aligned(at, timedelta(hours=1)):
        raise InputError("census_unaligned", field="at", value=at.isoformat())
    if at > now:
        raise InputError("census_ahead", field="at", value=at.isoformat(), now=now.isoformat())
    if at < oldest_bin(now):
        raise InputError("census_too_old", field="at", value=at.isoformat(), oldest=oldest_bin(now).isoformat())
    if missing := [str(each) for each in FlowClass if each not in counted]:
        raise InputError("census_incomplete", field="counted", missing=", ".join(missing))
    queries.hold_community(session, row.community_id)
    held = queries.censuses(session, row.community_id, until=at, limit=1)
    if held and held[0].at == at:
        if dict(held[0].counted) != dict(counted):
            raise ConflictError("census_differs", field="at", value=at.isoformat())
        return held[0]
    for each in FlowClass:
        session.add(GateCensus(community_id=row.community_id, at=at, flow_class=each, counted=counted[each]))
    session.flush()
    recompute_residuals(session, row.community_id, at - timedelta(seconds=1))
    session.expire_all()
    taken = queries.censuses(session, row.community_id, until=at, limit=1)[0]
    record(
        session, actor, "gate_counts.census", f"gate_community:{community}",
        after={"at": at, **{str(each): counted[each] for each in FlowClass}},
    )  # fmt: skip
    return taken


def recompute_residuals(session: Session, community_id: int, since: datetime) -> None:
    """Work out anew what the sums had missed at the censuses of a community after a moment."""
    session.execute(RESIDUALS, {"community": community_id, "since": since})


def inside_at(session: Session, community_id: int, at: datetime, now: datetime) -> dict[FlowClass, Occupancy] | None:
    """Return who is inside at a moment by conservation from the last census before.

    None without a census, and where hours since the last one are kept no more.
    """
    base = queries.censuses(session, community_id, until=at, limit=1)
    if not base or now - base[0].at > timedelta(days=HOURS_KEPT_DAYS):
        return None
    passed = queries.sums(session, community_id, base[0].at, at)
    return {each: occupancy(base[0].counted.get(each, 0), *passed.get(each, (0, 0))) for each in FlowClass}


def own_counts(session: Session, actor: Actor, code: str, day: date, now: datetime) -> OwnCounts:
    """Return the exact counts of a community to those who answer for it; that they have looked is in the log.

    Raises
    ------
    NotFoundError
        ``gate_community_unknown``.
    InputError
        ``gate_day_outside`` of a day that is to come, or long before all gates.
    ForbiddenError, UnauthenticatedError
        Without the right to read counts there.
    """
    row = queries.community_named(session, code)
    require(actor, Permission.GATE_COUNTS_READ, areas=bounds_of_community(session, row, local_date(now)))
    check_day(day, field="day", last=local_date(now))
    begin, at = end_of_day(day - timedelta(days=1)), min(end_of_day(day), now)
    gates = queries.gates_of(session, day, row.community_id).get(row.community_id, [])
    found = OwnCounts(
        community=row,
        day=day,
        at=at,
        inside=inside_at(session, row.community_id, at, now),
        gates=gates,
        lost=[gate.code for gate in gates if is_lost(gate.last_start, now)],
        flows=queries.hourly_flows(session, [gate.gate_id for gate in gates], begin, at),
        censuses=queries.censuses(session, row.community_id, until=at),
    )
    record(session, actor, "gate_counts.read", f"gate_community:{code}", after={"day": day})
    return found


def own_bins(session: Session, actor: Actor, code: str, day: date, now: datetime) -> Sequence[GateBin]:
    """Return the bins of a day of one gate to the gate itself, or to those who answer for its community; logged.

    Raises
    ------
    NotFoundError
        ``counting_gate_unknown``.
    InputError
        As :func:`own_counts`.
    ForbiddenError, UnauthenticatedError
        Without either right there.
    """
    gates = queries.gates_named(session, [code], local_date(now))
    gate, community = gates[code]
    areas = bounds_of_community(session, community, local_date(now))
    if not actor.may(Permission.GATE_COUNTS_READ, areas):
        _require_gates(session, actor, gates, local_date(now))
    check_day(day, field="day", last=local_date(now))
    until = min(end_of_day(day), now)
    found = queries.bins_of_day(session, gate.gate_id, end_of_day(day - timedelta(days=1)), until)
    record(session, actor, "gate_counts.read", f"counting_gate:{code}", after={"day": day})
    return found


def lost_gates(session: Session, on: date, now: datetime) -> dict[int, tuple[int, int]]:
    """Return how many gates each community has on a day, and how many of them are lost."""
    return {
        community: (len(gates), sum(is_lost(gate.last_start, now) for gate in gates))
        for community, gates in queries.gates_of(session, on).items()
    }


def _require_gates(
    session: Session, actor: Actor, gates: Mapping[str, tuple[CountingGate, GateCommunity]], on: date
) -> None:
    """Ask for the right to push for gates; a grant that names a department is for the one gate of that code."""
    bounds: dict[str, Collection[str]] = {}
    for code, (_, community) in gates.items():
        if community.code not in bounds:
            bounds[community.code] = bounds_of_community(session, community, on)
        areas = bounds[community.code]
        require(actor, Permission.GATE_COUNTS_PUSH, areas=areas)
        if not _departments(actor, areas) & {None, code}:
            raise ForbiddenError("counting_gate_of_others", value=code, actor=actor.name)


def _departments(actor: Actor, areas: Collection[str]) -> set[str | None]:
    """Return the gates alone an actor may push for in areas; None where it is all of them."""
    return {grant.department for grant in actor.grants if grant.reaches(Permission.GATE_COUNTS_PUSH, areas)}


def _recompute(session: Session, gates: Mapping[str, tuple[CountingGate, GateCommunity]], bins: Sequence[Bin]) -> int:
    """Work out anew the residuals of censuses that bins lie before, and return how many of the bins do."""
    late = 0
    for community in {community.community_id for _, community in gates.values()}:
        last = queries.censuses(session, community, limit=1)
        of_it = [each.start for each in bins if gates[each.gate][1].community_id == community]
        behind = [start for start in of_it if last and start < last[0].at]
        if behind:
            recompute_residuals(session, community, min(behind))
            late += len(behind)
    return late
