"""What a spot's checks need beside the warm state of walking, and does not depend on the spot: prepared once, kept.

It is kept beside the state that it was made for, in the same cache and under the same limit of bytes.
"""

import threading
import weakref
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.edits import SetCosts
from gridmgmt.analysis.walking.incremental import LiveCoverage
from gridmgmt.analysis.walking.matrix import PlacesByEdge
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts, Trip, to_cs
from gridmgmt.analysis.walking.rounds import mirrored, nearest_trip
from gridmgmt.areas.queries import area_frame
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.coverage.document import InputEdition
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import editions
from gridmgmt.editions.rules import Subject
from gridmgmt.frames import geometries
from gridmgmt.land.queries import features
from gridmgmt.land.rules import LandKind
from gridmgmt.network.queries import profiles
from gridmgmt.placeability import queries
from gridmgmt.placeability.checks import SEVERING_KINDS
from gridmgmt.placeability.gain import Fixed, Shares, loads
from gridmgmt.placeability.rules import SlowPace, slow_pace
from gridmgmt.walking.cache import WARM
from gridmgmt.walking.live import live_coverage
from gridmgmt.walking.service import lonlat_of
from gridmgmt.walking.state import InputEdition as StateEdition
from gridmgmt.walking.state import WalkState

if TYPE_CHECKING:
    import geopandas as gpd

KEPT_GATES = 4_096
"""Of so many gates it is kept whom their closing changes."""
_EQUITY_LEVELS = (
    AreaLevel.RESIDENTIAL_QUARTER, AreaLevel.SECTOR, AreaLevel.BASIC_MANAGEMENT_UNIT, AreaLevel.TOWN,
)  # fmt: skip
"""The level whose areas are compared: the first of these that is loaded."""
DIVISIONS = (AreaLevel.BASIC_MANAGEMENT_UNIT, AreaLevel.SECTOR)
"""What some towns are divided into, by their mode, and others are not."""


@dataclass(frozen=True, eq=False)
class Shapes:
    """Shapes that are asked which of them is where, with what they are called."""

    tree: shapely.STRtree
    labels: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False)
class Walkers:
    """Costs of both ways, and times to and index of the nearest point of every place under them."""

    there: EdgeCosts
    back: EdgeCosts
    place_cs: NDArray[np.int32]
    place_point: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Spots:
    """Things on the network that are searched for as places are: service points, gates."""

    snap: Snap
    by_edge: PlacesByEdge


@dataclass(frozen=True, eq=False)
class Prepared:
    """Everything that does not depend on the spot; arrays of places are in the order of the state's."""

    limit_cs: int
    areas: Shapes
    levels: tuple[AreaLevel, ...]
    undivided: frozenset[str]
    """Codes of towns without units and sectors; a spot in one of them lies in no such area by right."""
    land: Mapping[LandKind, Shapes]
    severing: shapely.STRtree
    all_names: tuple[tuple[str, str, str], ...]
    """Code, name and type of all open points."""
    types_open: frozenset[str]
    point_spots: Spots
    gate_spots: Spots
    gates_of_zone: Mapping[int, tuple[int, ...]]
    capacity: Mapping[int, float | None]
    point_names: tuple[tuple[str, str, int], ...]
    """Code, name and id of the state's points."""
    load: Fixed
    place_xy_m: NDArray[np.float64]
    place_no: NDArray[np.int64]
    place_lonlat: NDArray[np.float64]
    total: Fixed
    level: AreaLevel | None
    group: NDArray[np.int32]
    shares: Shares | None
    evenness: tuple[float, float]
    """Gini and least of the shares as they are; nothing where there are none."""
    area_names: Mapping[str, str]
    slow: Walkers | None
    pace: SlowPace | None
    """Theirs who are slow."""
    without: "WithoutGate" = field(repr=False)
    streets: pa.Table
    """Name and kind of way of each edge of the edition, in their order."""
    inputs: tuple[InputEdition, ...]


class WithoutGate:
    """Who is nearest to what while one gate is closed: of each gate only the places that it changes are kept."""

    def __init__(self, state: WalkState, limit_cs: int) -> None:
        self._lock = threading.Lock()
        self._limit_cs = limit_cs
        self._live: LiveCoverage | None = None
        self._kept: OrderedDict[int, tuple[NDArray[np.int32], NDArray[np.int32]]] = OrderedDict()
        passages = np.flatnonzero(state.network.gate >= 0)
        self._edges = passages[np.argsort(state.network.gate[passages], kind="stable")]
        self._of = state.network.gate[self._edges]

    def walkers(self, state: WalkState, gate: int) -> Walkers:
        """Return the walkers of a state while a gate (its index) is closed; times above the limit are NO_WAY."""
        edges = self._edges[np.searchsorted(self._of, gate) : np.searchsorted(self._of, gate, side="right")]
        there = _closed(state.costs, edges)
        back = there if state.back_costs is state.costs else _closed(state.back_costs, edges)
        if state.question.trip is Trip.ROUND and not mirrored(state.costs, state.back_costs):
            return _searched(state, there, back, self._limit_cs)
        place, cs = self._changed(state, gate, edges)
        place_cs = state.nearest.place_cs.copy()
        place_cs[place] = cs
        return Walkers(there, back, place_cs, state.nearest.place_point)

    def _changed(
        self, state: WalkState, gate: int, edges: NDArray[np.int64]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the places that a gate's closing changes, and their times then."""
        with self._lock:
            if gate not in self._kept:
                if self._live is None:
                    self._live = live_coverage(state, self._limit_cs)
                closing = np.full(len(edges), NO_WAY, dtype=np.int32)
                with self._live.what_if(SetCosts(edges, closing, closing)) as change:
                    self._kept[gate] = change.place.copy(), change.after_cs
                if len(self._kept) > KEPT_GATES:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(gate)
            return self._kept[gate]


def _closed(costs: EdgeCosts, edges: NDArray[np.int64]) -> EdgeCosts:
    """Return costs under which some edges cannot be walked."""
    out_cs, back_cs = costs.out_cs.copy(), costs.back_cs.copy()
    out_cs[edges] = back_cs[edges] = NO_WAY
    return EdgeCosts(out_cs, back_cs, costs.speed_m_per_s)


def prepared(session: Session, state: WalkState, limit_s: float) -> Prepared:
    """Return what is prepared for a state and a limit, kept or made now."""
    limit_cs = int(to_cs(limit_s))
    own = state.profile.sd_m_per_s is not None
    pace = slow_pace(state.profile, () if own else profiles(session, state.question.on))
    key = ("placeability", weakref.ref(state), limit_cs, pace)
    return WARM.get(key, lambda: _prepare(session, state, limit_cs, pace))


def _prepare(session: Session, state: WalkState, limit_cs: int, pace: SlowPace | None) -> Prepared:
    on, network = state.question.on, state.network
    frame = area_frame(session, on, levels=frozenset(AreaLevel) - {AreaLevel.GRID_CELL})
    areas = Shapes(
        _tree(frame.geometry.to_numpy()),
        tuple(zip(frame["level"], frame["code"], frame["name"], strict=True)),
    )
    names = dict(zip(frame["code"], frame["name"], strict=True))
    land = _land(session, state)
    points = queries.open_points(session, on)
    lonlat = lonlat_of(state.places)
    level = next((level for level in _EQUITY_LEVELS if level in state.place_area), None)
    group = np.full(len(lonlat), -1, dtype=np.int32) if level is None else state.place_area[level].index
    place_cs, place_point = state.nearest.place_cs, state.nearest.place_point
    shares = None
    if level is not None:
        shares = Shares.of(group, state.weights, place_cs, limit_cs, len(state.place_area[level].codes))
    return Prepared(
        limit_cs=limit_cs,
        areas=areas,
        levels=tuple(level for level in AreaLevel if level in set(frame["level"])),
        undivided=_undivided(frame),
        land=land,
        severing=_tree(_segments(land)),
        all_names=tuple(zip(*(points[name].to_pylist() for name in ("code", "name", "type")), strict=True)),
        types_open=frozenset(points["type"].to_pylist()),
        point_spots=_spots(network.snap_points(lonlat_of(points), state.question.connection_limit_m), state),
        gate_spots=_gate_spots(state),
        gates_of_zone=_gates_of_zone(state),
        capacity=dict(zip(points["point_id"].to_pylist(), points["capacity"].to_pylist(), strict=True)),
        point_names=tuple(zip(*(state.points[name].to_pylist() for name in ("code", "name", "point_id")), strict=True)),
        load=loads(place_cs, place_point, state.weights, state.points.num_rows, limit_cs),
        place_xy_m=network.project(lonlat),
        place_no=state.places["place_no"].to_numpy(),
        place_lonlat=lonlat,
        total=state.weights.sum(axis=0),
        level=level,
        group=group,
        shares=shares,
        evenness=(0.0, 0.0) if shares is None else shares.evenness(),
        area_names=names,
        slow=None if pace is None else _slow(state, pace.speed_m_per_s, limit_cs),
        pace=pace,
        without=WithoutGate(state, limit_cs),
        streets=_streets(session, state),
        inputs=_inputs(session, state),
    )


def _undivided(frame: "gpd.GeoDataFrame") -> frozenset[str]:
    """Return the codes of the towns below which there are neither units nor sectors."""
    divisions = frame[frame["level"].isin(DIVISIONS) & (frame["parent_level"] == AreaLevel.TOWN)]
    return frozenset(frame.loc[frame["level"] == AreaLevel.TOWN, "code"]) - frozenset(divisions["parent_code"])


def _tree(shapes: NDArray[np.object_]) -> shapely.STRtree:
    found = np.array(shapes, dtype=object)
    shapely.prepare(found)
    return shapely.STRtree(found)


def _land(session: Session, state: WalkState) -> dict[LandKind, Shapes]:
    """Return the land features by kind, in metres; kinds that are not loaded are left out."""
    table = features(session, state.question.on, tuple(LandKind))
    shapes = shapely.transform(geometries(table["geom"]), state.network.project)
    kinds, names = np.array(table["kind"].to_pylist(), dtype=object), table["name"].to_pylist()
    found = {}
    for kind in LandKind:
        of_kind = np.flatnonzero(kinds == kind)
        if len(of_kind):
            found[kind] = Shapes(_tree(shapes[of_kind]), tuple((names[i] or "",) for i in of_kind))
    return found


def _segments(land: Mapping[LandKind, Shapes]) -> NDArray[np.object_]:
    """Return what cuts one side from the other as single stretches, so that the boxes of a tree are small."""
    shapes = [shape for kind in SEVERING_KINDS if kind in land for shape in land[kind].tree.geometries]
    lines = shapely.get_parts(shapely.boundary(shapes)) if shapes else np.empty(0, dtype=object)
    open_lines = [shape for shape in shapes if shapely.get_dimensions(shape) == 1]
    lines = np.concatenate([lines[shapely.get_dimensions(lines) == 1], shapely.get_parts(open_lines)])
    xy, line = shapely.get_coordinates(lines, return_index=True)
    follows = np.flatnonzero(line[1:] == line[:-1])
    return np.asarray(shapely.linestrings(np.stack([xy[follows], xy[follows + 1]], axis=1)), dtype=object)


def _spots(snap: Snap, state: WalkState) -> Spots:
    return Spots(snap, PlacesByEdge.build(snap, state.network.graph.n_edges))


def _streets(session: Session, state: WalkState) -> pa.Table:
    """Return the streets of the network edition; names repeat, so they are kept once."""
    edition_id = next(edition.edition_id for edition in state.inputs if edition.subject == Subject.NETWORK)
    table = queries.streets(session, edition_id)
    return pa.table({name: table[name].combine_chunks().dictionary_encode() for name in ("name", "highway")})


def _inputs(session: Session, state: WalkState) -> tuple[InputEdition, ...]:
    """Return the editions that a card stands on: those of the state, and all land that is in force."""
    known = {edition.edition_id for edition in state.inputs}
    land = editions(session, subject=Subject.LAND, on=state.question.on)
    others = (_input(each) for each in land if each.edition_id not in known)
    return (*(_input(each) for each in state.inputs), *others)


def _input(edition: StateEdition | Edition) -> InputEdition:
    """Return an input edition as cards show it."""
    level = AreaLevel(edition.part) if edition.subject == Subject.AREAS and edition.part else None
    return InputEdition.model_validate({name: getattr(edition, name) for name in _INPUT} | {"level": level})


_INPUT = tuple(name for name in InputEdition.model_fields if name != "level")


def _gate_spots(state: WalkState) -> Spots:
    """Return the passages of the gates as spots at the beginning of their edges; of a gate with several, the first."""
    network = state.network
    edges, first = np.unique(network.gate, return_index=True)
    edge = np.full(len(network.gates), -1, dtype=np.int32)
    edge[edges[edges >= 0]] = first[edges >= 0]
    n = len(edge)
    distance = np.where(edge >= 0, 0.0, np.inf)
    return _spots(Snap(edge, np.zeros(n), distance), state)


def _gates_of_zone(state: WalkState) -> dict[int, tuple[int, ...]]:
    """Return the gates through which each zone is entered."""
    network = state.network
    found: dict[int, set[int]] = {}
    passages = np.flatnonzero((network.gate >= 0) & (network.inner != 0))
    for edge in passages.tolist():
        end = network.graph.target[edge] if network.inner[edge] > 0 else network.graph.source[edge]
        inside = network.graph.step_edge[network.graph.indptr[end] : network.graph.indptr[end + 1]]
        for zone in set(network.zone[inside].tolist()) | {int(network.zone[edge])}:
            found.setdefault(zone, set()).add(int(network.gate[edge]))
    return {zone: tuple(sorted(gates)) for zone, gates in found.items() if zone >= 0}


def _slow(state: WalkState, speed_m_per_s: float, limit_cs: int) -> Walkers:
    slow, minute = replace(state.profile, speed_m_per_s=speed_m_per_s), state.question.minute
    there, back = (state.network.costs(slow, at=minute, leg=leg) for leg in (Trip.TO_POINT, Trip.FROM_POINT))
    return _searched(state, there, back, limit_cs)


def _searched(state: WalkState, there: EdgeCosts, back: EdgeCosts, limit_cs: int) -> Walkers:
    found = nearest_trip(
        state.network.graph, there, back,
        points=state.point_snap, places=state.place_snap, trip=state.question.trip, limit_cs=limit_cs,
    )  # fmt: skip
    return Walkers(there, back, found.place_cs, found.place_point)
