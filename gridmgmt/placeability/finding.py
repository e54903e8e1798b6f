"""Finding out about one spot, on the warm state: a few searches of its reach, and looking up what is around it."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.matrix import Scratch, from_one
from gridmgmt.analysis.walking.model import CS_PER_S, NO_WAY, EdgeCosts, Trip, to_cs
from gridmgmt.analysis.walking.rounds import mirrored
from gridmgmt.analysis.walking.tally import from_fixed
from gridmgmt.errors import InputError
from gridmgmt.placeability.card import (
    AreaGain,
    BandGain,
    Equity,
    Facts,
    Gain,
    GateHere,
    Load,
    NewlyCovered,
    PointNear,
    Street,
    Stress,
    Taken,
)
from gridmgmt.placeability.checks import CENTRES_AND_MEALS
from gridmgmt.placeability.gain import Reached, band_gains, newly_covered, served, taken
from gridmgmt.placeability.rules import Attributes, Norm, NormItem, Terms
from gridmgmt.placeability.standing import Spot, areas_here, gate_here, inside_compound, land_here, levels_here
from gridmgmt.placeability.warm import Prepared, Spots, Walkers
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.units import AGE_BANDS
from gridmgmt.walking.state import WalkState

LISTED_PLACES = 50
LISTED_POINTS = 5
LISTED_TAKEN = 20
_FARTHER = 3
"""Where fewer points than are listed lie within the limit, they are looked for so many times as far."""
_SCRATCH = threading.local()


@dataclass(frozen=True, eq=False)
class Finder:
    """Finds out about spots of one state under one set of terms."""

    state: WalkState
    prepared: Prepared
    terms: Terms
    norms: Sequence[Norm]

    def spot_at(self, lon: float, lat: float) -> Spot:
        """Return where a position joins the network, or why it does not."""
        network, limit_m = self.state.network, self.state.question.connection_limit_m
        lonlat = np.array([[lon, lat]])
        xy_m = network.project(lonlat)
        snap = network.snap_points(lonlat, limit_m)
        street = self._street(int(snap.edge[0]), float(snap.distance_m[0]))
        if street is None:
            on_minor = network.minor is not None and network.minor.nearest(xy_m, limit_m).edge[0] >= 0
            inside = bool(shapely.intersects_xy(network.hull, lon, lat))
            why_not = "minor_component" if on_minor else "too_far" if inside else "outside"
            street = Street(edge=None, distance_m=None, why_not=why_not)
        return Spot(lonlat, xy_m, snap, int(network.zone_of(xy_m)[0]), street)

    def spots(self, lonlat: NDArray[np.float64], snap: Snap) -> Iterator[Spot]:
        """Yield positions ``(n, 2)`` in degrees that all join the network, where their snap says."""
        network = self.state.network
        xy_m = network.project(lonlat)
        for i, zone in enumerate(network.zone_of(xy_m).tolist()):
            one = slice(i, i + 1)
            street = self._street(int(snap.edge[i]), float(snap.distance_m[i]))
            if street is None:
                raise InputError("edge_out_of_range", field="snap.edge", value=-1, last=network.graph.n_edges - 1)
            yield Spot(
                lonlat[one], xy_m[one], Snap(snap.edge[one], snap.fraction[one], snap.distance_m[one]), zone, street
            )

    def _street(self, edge: int, distance_m: float) -> Street | None:
        """Return the street of an edge; a planned path, or a way across a compound, has neither number nor name."""
        if edge < 0:
            return None
        base = int(self.state.network.base_edge[edge])
        name, highway = (
            (self.prepared.streets[column][base].as_py() if base >= 0 else None) for column in ("name", "highway")
        )
        return Street(edge=edge if base < 0 else base, name=name, highway=highway, distance_m=distance_m)

    def facts(self, spot: Spot, attributes: Attributes) -> Facts:
        """Return all that is found about a spot."""
        state, prepared = self.state, self.prepared
        gates = self._gates(spot)
        points = self._points(spot)
        reached = self._reached(spot)
        land, areas = land_here(prepared, spot), areas_here(prepared, spot)
        return Facts(
            levels=levels_here(prepared, areas),
            areas=areas,
            land_kinds=tuple(prepared.land),
            land=land,
            street=spot.street,
            inside_compound=inside_compound(state, prepared, spot),
            gates=gates,
            gates_known=len(state.network.gates),
            gain=None if reached is None else self._gain(reached),
            nearest=points[:LISTED_POINTS],
            nearest_of_type=_first(points, (self.terms.type,)),
            combined=_first(points, [type_ for type_ in CENTRES_AND_MEALS if type_ != self.terms.type]),
            types_open=tuple(sorted({ServicePointType(name) for name in prepared.types_open})),
            load=None if reached is None else self._load(spot, reached, attributes),
            equity=None if reached is None else self._equity(reached),
            stresses=() if reached is None else self._stresses(spot, gates),
        )

    def _search(
        self, spot: Spot, to: Spots, there: EdgeCosts, back: EdgeCosts, limit_cs: int
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return what is within the limit of the spot by the trip of the question, and the times."""
        graph, trip = self.state.network.graph, self.state.question.trip

        def one_way(costs: EdgeCosts, leg: Trip, within_cs: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
            return from_one(
                graph, costs, point=spot.snap, places=to.snap, by_edge=to.by_edge, trip=leg, limit_cs=within_cs,
                scratch=_scratch(self.state),
            )  # fmt: skip

        if trip is not Trip.ROUND:
            return one_way(there if trip is Trip.TO_POINT else back, trip, limit_cs)
        if mirrored(there, back):
            place, cs = one_way(there, Trip.TO_POINT, limit_cs // 2)
            return place, 2 * cs
        (place, cs), (also, cs_back) = one_way(there, Trip.TO_POINT, limit_cs), one_way(back, Trip.FROM_POINT, limit_cs)
        both, i, j = np.intersect1d(place, also, assume_unique=True, return_indices=True)
        total = cs[i] + cs_back[j]
        return both[total <= limit_cs], total[total <= limit_cs]

    def _places(self) -> Spots:
        return Spots(self.state.place_snap, self.state.by_edge)

    def _reached(self, spot: Spot) -> Reached | None:
        state = self.state
        if spot.snap.edge[0] < 0:
            return None
        found = self._search(spot, self._places(), state.costs, state.back_costs, self.prepared.limit_cs)
        return Reached.of(found, state.nearest.place_cs, state.nearest.place_point)

    def _points(self, spot: Spot) -> tuple[PointNear, ...]:
        """Return the open points of all types by their walk; farther ones where few are within the limit."""
        prepared, state = self.prepared, self.state
        if spot.snap.edge[0] < 0:
            return ()
        for factor in (1, _FARTHER):
            limit_cs = min(factor * prepared.limit_cs, NO_WAY - 1)
            index, cs = self._search(spot, prepared.point_spots, state.costs, state.back_costs, limit_cs)
            if len(index) >= min(LISTED_POINTS, len(prepared.all_names)):
                break
        order = np.lexsort((index, cs))
        return tuple(
            PointNear(code=code, name=name, type=type_, walk_time_s=time / CS_PER_S)
            for (code, name, type_), time in zip(
                (prepared.all_names[i] for i in index[order].tolist()), cs[order].tolist(), strict=True
            )
        )

    def _gates(self, spot: Spot) -> tuple[GateHere, ...]:
        """Return the gates of the compound that the spot lies in, else the nearest on foot."""
        network, prepared = self.state.network, self.prepared
        if not network.gates or spot.snap.edge[0] < 0:
            return ()
        index, cs = self._search(spot, prepared.gate_spots, self.state.costs, self.state.back_costs, prepared.limit_cs)
        time = dict(zip(index.tolist(), (cs / CS_PER_S).tolist(), strict=True))
        own = prepared.gates_of_zone.get(spot.zone, ())
        nearest = [] if own or not len(index) else [int(index[np.lexsort((index, cs))[0]])]
        minute = self.state.question.minute
        return tuple(
            gate_here(network.gates[i], minute, of_compound=bool(own), walk_time_s=time.get(i)) for i in own or nearest
        )

    def _gain(self, reached: Reached) -> Gain:
        state, prepared = self.state, self.prepared
        bands_s = self.terms.bands_s
        new = band_gains(reached, state.weights, to_cs(bands_s).tolist())
        residents = from_fixed(new)
        by_age = prepared.total[1:].any()
        whole = state.weights[reached.place, 0]
        in_reach, before = int(whole.sum()), int(whole[reached.before_cs <= prepared.limit_cs].sum())
        fresh = reached.where(newly_covered(reached, prepared.limit_cs))
        return Gain(
            residents=residents[-1, 0],
            bands=tuple(
                BandGain(
                    limit_s=limit,
                    residents=row[0],
                    ages=dict(zip(AGE_BANDS, row[1:].tolist(), strict=True)) if by_age else {},
                )
                for limit, row in zip(bands_s, residents, strict=True)
            ),
            in_reach=float(from_fixed(in_reach)),
            covered_twice_ratio=before / in_reach if in_reach else None,
            eighty_plus_ratio=_relative_share(new[-1], prepared.total),
            places_count=len(fresh.place),
            places=self._newly_covered(fresh),
            areas=self._area_gains(fresh),
        )

    def _newly_covered(self, fresh: Reached) -> tuple[NewlyCovered, ...]:
        """Return the newly covered places, most residents first."""
        prepared, weight = self.prepared, self.state.weights[fresh.place, 0]
        order = np.lexsort((fresh.place, -weight))[:LISTED_PLACES]
        return tuple(
            NewlyCovered(
                place_no=int(prepared.place_no[place]),
                lon=float(prepared.place_lonlat[place, 0]),
                lat=float(prepared.place_lonlat[place, 1]),
                residents=float(from_fixed(self.state.weights[place, 0])),
                walk_time_s=cs / CS_PER_S,
                walk_time_before_s=before / CS_PER_S if before < NO_WAY else None,
            )
            for place, cs, before in zip(
                fresh.place[order].tolist(), fresh.cs[order].tolist(), fresh.before_cs[order].tolist(), strict=True
            )
        )

    def _area_gains(self, fresh: Reached) -> tuple[AreaGain, ...]:
        """Return the areas with newly covered residents, the most first."""
        prepared = self.prepared
        if prepared.level is None or prepared.shares is None:
            return ()
        group = prepared.group[fresh.place]
        found, of = np.unique(group[group >= 0], return_inverse=True)
        more = np.zeros(len(found), dtype=np.int64)
        np.add.at(more, of, self.state.weights[fresh.place[group >= 0], 0])
        codes, shares = self.state.place_area[prepared.level].codes, prepared.shares
        rows = []
        for i in np.lexsort((found, -more)).tolist():
            area, residents = int(found[i]), int(shares.residents[found[i]])
            covered = int(shares.covered[area])
            rows.append(
                AreaGain(
                    code=codes[area],
                    name=prepared.area_names.get(codes[area], codes[area]),
                    residents=float(from_fixed(more[i])),
                    ratio_before=covered / residents if residents else None,
                    ratio_after=(covered + int(more[i])) / residents if residents else None,
                )
            )
        return tuple(rows)

    def _load(self, spot: Spot, reached: Reached, attributes: Attributes) -> Load:
        state, prepared = self.state, self.prepared
        mine = reached.where(served(reached, prepared.limit_cs))
        load = int(state.weights[mine.place, 0].sum())
        residents, capacity = float(from_fixed(load)), attributes.capacity
        return Load(
            residents=residents,
            per_capacity=residents / capacity if capacity else None,
            beyond_radius=self._beyond(spot, mine, load),
            severed_ratio=self._severed(spot, mine, load),
            taken=tuple(self._taken(*row) for row in taken(reached, state.weights, prepared.limit_cs)[:LISTED_TAKEN]),
        )

    def _taken(self, point: int, lost: int) -> Taken:
        code, name, point_id = self.prepared.point_names[point]
        before = int(self.prepared.load[point])
        return Taken(
            code=code,
            name=name,
            residents=float(from_fixed(lost)),
            load_before=float(from_fixed(before)),
            load_after=float(from_fixed(before - lost)),
            capacity=self.prepared.capacity.get(point_id),
        )

    def _beyond(self, spot: Spot, mine: Reached, load: int) -> dict[str, float]:
        """Return the share of those served that lives beyond each norm's radius or walks beyond its time."""
        if not load:
            return {}
        weight = self.state.weights[mine.place, 0]
        xy = self.prepared.place_xy_m[mine.place] - spot.xy_m
        measured = {
            NormItem.RADIUS_M: np.hypot(xy[:, 0], xy[:, 1]), NormItem.WALK_TIME_S: mine.cs / CS_PER_S,
        }  # fmt: skip
        return {
            f"{norm.item}:{norm.most:.15g}": int(weight[measured[norm.item] > norm.most].sum()) / load
            for norm in self.norms
            if norm.item in measured and norm.most is not None
        }

    def _severed(self, spot: Spot, mine: Reached, load: int) -> float | None:
        """Return the share of those served whose straight line to the spot crosses something that severs."""
        if not load:
            return None
        if not len(self.prepared.severing):
            return 0.0
        ends = self.prepared.place_xy_m[mine.place]
        lines = shapely.linestrings(np.stack([np.broadcast_to(spot.xy_m, ends.shape), ends], axis=1))
        crossing = np.unique(self.prepared.severing.query(lines, predicate="intersects")[0])
        return int(self.state.weights[mine.place[crossing], 0].sum()) / load

    def _equity(self, reached: Reached) -> Equity | None:
        prepared = self.prepared
        if prepared.level is None or prepared.shares is None:
            return None
        fresh = reached.where(newly_covered(reached, prepared.limit_cs))
        after = prepared.shares.with_more(prepared.group[fresh.place], self.state.weights[fresh.place, 0])
        (gini_before, least_before), (gini_after, least_after) = prepared.evenness, after.evenness()
        return Equity(
            level=prepared.level, areas=int((after.residents > 0).sum()), gini_before=gini_before,
            gini_after=gini_after, least_before=least_before, least_after=least_after,
        )  # fmt: skip

    def _stresses(self, spot: Spot, gates: Sequence[GateHere]) -> tuple[Stress, ...]:
        found = []
        if self.prepared.slow is not None and (pace := self.prepared.pace) is not None:
            residents = self._gain_of(spot, self.prepared.slow)
            found.append(
                Stress(kind="slow", residents=residents, speed_m_per_s=pace.speed_m_per_s, profile=pace.profile)
            )
        passed = min((gate for gate in gates if gate.walk_time_s is not None), key=_walk_time, default=None)
        if passed is not None:
            index = next(i for i, gate in enumerate(self.state.network.gates) if gate.code == passed.code)
            residents = self._gain_of(spot, self.prepared.without.walkers(self.state, index))
            found.append(Stress(kind="gate_closed", residents=residents, gate_code=passed.code))
        return tuple(found)

    def _gain_of(self, spot: Spot, walkers: Walkers) -> float:
        """Return the residents newly covered within the limit when walked otherwise, with and without the spot."""
        limit_cs = self.prepared.limit_cs
        found = self._search(spot, self._places(), walkers.there, walkers.back, limit_cs)
        reached = Reached.of(found, walkers.place_cs, walkers.place_point)
        return float(from_fixed(self.state.weights[reached.place[newly_covered(reached, limit_cs)], 0].sum()))


def _scratch(state: WalkState) -> Scratch:
    """Return this thread's buffers for searches on a state's graph."""
    graph = state.network.graph
    if getattr(_SCRATCH, "graph", None) is not graph:
        _SCRATCH.graph, _SCRATCH.buffers = graph, Scratch()
    found: Scratch = _SCRATCH.buffers
    return found


def _walk_time(gate: GateHere) -> float:
    return gate.walk_time_s or 0.0


def _first(points: Sequence[PointNear], types: Sequence[ServicePointType]) -> PointNear | None:
    return next((point for point in points if point.type in types), None)


def _relative_share(new: NDArray[np.int64], total: NDArray[np.int64]) -> float | None:
    """Return the share of 80 and over among some residents, over that among all; None where either is empty."""
    if not (new[0] and total[0] and total[-1]):
        return None
    return (int(new[-1]) / int(new[0])) / (int(total[-1]) / int(total[0]))
