"""Counts at the gates of communities: pushed in bins, seen exactly by their own, published in releases."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.access import Caller, asks
from api.context import Context, RequestSession
from api.gate_count_schemas import (
    BinsAsk,
    CensusAsk,
    CensusOut,
    CountingGateAsk,
    CountingGateOut,
    GateBandOut,
    GateBinOut,
    GateBins,
    GateCommunityAsk,
    GateCommunityDetail,
    GateCommunityOut,
    GateReleaseOut,
    HourFlowOut,
    InsideOut,
    PushedOut,
    ReleasedFlowOut,
    ReleasedFlows,
)
from api.geometries import surface
from api.paging import Page, Pages
from api.routes import PREFIX
from api.silent_route import SilentRoute
from gridmgmt.access.rules import Permission
from gridmgmt.gate_counts import queries, service
from gridmgmt.gate_counts.queries import CommunityBand
from gridmgmt.gate_counts.rules import Bin, FlowClass, check_bin, is_lost

router = APIRouter(prefix=f"{PREFIX}/gate-counts", tags=["gate counts"], route_class=SilentRoute)
reads = [asks(Permission.READ)]
pushes = [asks(Permission.GATE_COUNTS_PUSH)]
writes = [asks(Permission.GOVERNANCE_WRITE)]

Code = Annotated[str, Path(max_length=64, description="The code of the community or the gate.")]
Day = Annotated[date | None, Query(description="A day of the district; today, or the last released one, without it.")]


@router.post("/bins", summary="Push bins of gates", dependencies=pushes)
def push_bins(session: RequestSession, context: Context, actor: Caller, ask: BinsAsk) -> PushedOut:
    """Take bins, whole or not at all; one that is known is not counted again, and refused with other counts."""
    now = context.clock()
    oldest = service.oldest_bin(now)
    bins = []
    for each in ask.bins:
        one = Bin(each.gate, each.start, each.flow_class, each.entered, each.left)
        check_bin(one, minutes=each.minutes, bin_id=each.bin_id, now=now, oldest=oldest)
        bins.append(one)
    return PushedOut.model_validate(service.push(session, actor, bins, now))


@router.post("/censuses", summary="State how many were found inside", dependencies=pushes)
def take_census(session: RequestSession, context: Context, actor: Caller, ask: CensusAsk) -> CensusOut:
    """Take a census: the sums begin anew from it, and what they had missed is kept."""
    counted = {each: int(getattr(ask, each)) for each in FlowClass}
    taken = service.take_census(session, actor, ask.community, ask.at, counted, context.clock())
    return CensusOut.model_validate(taken)


@router.get("/communities", summary="Communities with gates, in bands", dependencies=reads)
def list_communities(session: RequestSession, context: Context, pages: Pages) -> Page[GateCommunityOut]:
    """List communities as they are published; how many gates are lost is told of now."""
    after, today = pages.after(str), context.today()
    last = queries.last_release(session)
    lost = service.lost_gates(session, today, context.clock())
    rows = queries.community_bands(session, today, None if last is None else last.day)
    rows = [row for row in rows if after is None or row.code > after[0]][: pages.limit + 1]
    return pages.page(rows, lambda row: _community(row, *lost.get(row.community_id, (0, 0))), lambda row: (row.code,))


@router.get(
    "/communities/{code}", summary="The exact counts of a community", dependencies=[asks(Permission.GATE_COUNTS_READ)]
)
def read_community(
    session: RequestSession, context: Context, actor: Caller, code: Code, day: Day = None
) -> GateCommunityDetail:
    """Return who is inside, the gates, the censuses and the hours of a day, to those who answer for the community.

    That they have looked stands in the log.
    """
    now = context.clock()
    found = service.own_counts(session, actor, code, day or context.today(), now)
    codes = {gate.gate_id: gate.code for gate in found.gates}
    inside = None
    if found.inside is not None:
        inside = {each: InsideOut.model_validate(of) for each, of in found.inside.items()}
    return GateCommunityDetail(
        code=found.community.code,
        name=found.community.name,
        day=found.day,
        at=found.at,
        stale=bool(found.lost),
        inside=inside,
        gates=[CountingGateOut(**vars(gate), lost=gate.code in found.lost) for gate in found.gates],
        censuses=[CensusOut.model_validate(each) for each in found.censuses],
        hours=[
            HourFlowOut(
                gate=codes[flow.gate_id],
                start=flow.start,
                flow_class=flow.flow_class,
                entered=flow.entered,
                left=flow.left,
            )
            for flow in found.flows
        ],
    )


@router.get(
    "/gates/{code}/bins",
    summary="The bins of a gate",
    dependencies=[asks(Permission.GATE_COUNTS_PUSH, Permission.GATE_COUNTS_READ)],
)
def read_bins(session: RequestSession, context: Context, actor: Caller, code: Code, day: Day = None) -> GateBins:
    """Return the bins of a day to the gate itself, and to those who answer for its community; it stands in the log."""
    of_day = day or context.today()
    found = service.own_bins(session, actor, code, of_day, context.clock())
    return GateBins(gate=code, day=of_day, items=[GateBinOut.model_validate(each) for each in found])


@router.get("/releases", summary="Released days", dependencies=reads)
def list_releases(session: RequestSession, pages: Pages) -> Page[GateReleaseOut]:
    """List the days that are published, the newest first; each stays as it is."""
    after = pages.after(date.fromisoformat)
    rows = [row for row in queries.releases(session) if after is None or row.day < after[0]][: pages.limit + 1]
    return pages.page(rows, GateReleaseOut.model_validate, lambda row: (row.day.isoformat(),))


@router.get("/flows", summary="What passed by the hour, as it is published", dependencies=reads)
def read_flows(
    session: RequestSession,
    context: Context,
    day: Day = None,
    community: Annotated[str | None, Query(max_length=64, description="A community with its gates.")] = None,
    gate: Annotated[str | None, Query(max_length=64, description="One gate.")] = None,
) -> ReleasedFlows:
    """Return what is published of a day: of a community with its gates or of one gate by hour, else of whole days.

    Nothing but what was released can be asked for: no other areas, hours or editions.
    """
    last = queries.last_release(session)
    release = last if day is None and last is not None else queries.release_of(session, day or context.today())
    if community is not None:
        queries.community_named(session, community)
    rows = queries.released_flows(session, release.day, community=community, gate=gate)
    said = GateReleaseOut.model_validate(release).model_dump()
    return ReleasedFlows(**said, items=[ReleasedFlowOut.model_validate(row) for row in rows])


@router.post("/communities", status_code=201, summary="Make a community known", dependencies=writes)
def add_community(session: RequestSession, context: Context, actor: Caller, ask: GateCommunityAsk) -> GateCommunityOut:
    """Make a community with gates known from a day on; two that overlap are refused."""
    on = ask.valid_from or context.today()
    new = service.NewCommunity(ask.code, ask.name, surface(ask.geometry, "geometry"), on)
    row = service.add_community(session, actor, new)
    band = next(each for each in queries.community_bands(session, on, None) if each.code == row.code)
    return _community(band, 0, 0)


@router.post("/gates", status_code=201, summary="Make a gate known", dependencies=writes)
def add_gate(session: RequestSession, context: Context, actor: Caller, ask: CountingGateAsk) -> CountingGateOut:
    """Make a gate of a community known from a day on."""
    on = ask.valid_from or context.today()
    gate = service.add_gate(session, actor, ask.community, ask.code, (ask.lon, ask.lat), on)
    return CountingGateOut(
        code=gate.code, lon=ask.lon, lat=ask.lat, last_start=None, lost=is_lost(None, context.clock())
    )


def _community(row: CommunityBand, gates: int, lost: int) -> GateCommunityOut:
    occupancy = ratio = None
    if row.occupancy_from is not None:
        occupancy = GateBandOut(at_least=row.occupancy_from, below=row.occupancy_below)
    if row.ratio_from is not None:
        ratio = GateBandOut(at_least=row.ratio_from, below=row.ratio_below)
    return GateCommunityOut(
        code=row.code,
        name=row.name,
        quarter_code=row.quarter_code,
        day=row.day,
        occupancy=occupancy,
        newcomers_per_resident=ratio,
        by_census=row.by_census,
        gates=gates,
        gates_lost=lost,
        stale=lost > 0,
    )
