"""A network as it is walked: edges with their traits, gates and zones; what they cost whom, and who joins it where.

A zone is what lies behind gates: a walled compound, or a piece of private ways. Its residents leave it by their gates
on the way to a point and come home by them on the way back; nobody else passes a residents' gate, so nobody walks
through a compound that is not his, nor into one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.graph import WalkGraph
from gridmgmt.analysis.snapping import EdgeIndex, Snap
from gridmgmt.analysis.walking.costs import edge_costs
from gridmgmt.analysis.walking.draft import project
from gridmgmt.analysis.walking.gates import Access, Gate
from gridmgmt.analysis.walking.model import EdgeCosts, Trait, Trip, WalkProfile
from gridmgmt.analysis.walking.pieces import depths, pieces_of

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

BY_GATE, BY_RESIDENTS, WALLED, BY_VISITORS, BY_OWN = 0, 1, 2, 3, 4
"""How a passage is passed: as its gate says (freely where it has none); by residents alone; not at all; and of a gate
of a compound whose ways are laid twice (:mod:`gridmgmt.analysis.walking.layers`), by visitors or by its residents."""

PUBLIC_ZONE = -1


@dataclass(frozen=True, eq=False)
class WalkNetwork:
    """A network edition with gates, walls and planned changes, ready for searches.

    Arrays of shape ``(n_edges,)``: ``traits``, ``slope`` (NaN unknown), ``gate`` (index into ``gates``, -1 none),
    ``passage`` (:data:`BY_GATE` …), ``inner`` (+1 the edge's target is inside, -1 its source, 0 neither), ``zone``
    (:data:`PUBLIC_ZONE` or the number of a zone), ``base_edge`` (the edge of the edition it is a part of, -1 made
    here) and ``barred`` (closed to all, by a barrier or a planned change). ``node_lonlat`` is ``(n_nodes, 2)``.

    ``main`` indexes the edges of the largest connected part outside compounds, ``public`` those of them that are
    nobody's, ``minor`` the edges of all other parts. ``compounds`` are the outlines of the zones that have one, in the
    metric system, by zone; ``within`` indexes the edges that their places join, ``visited`` those that service points
    in them join. ``hull`` is the convex hull of the largest part in EPSG:4326; what lies beyond is outside the network.
    """

    graph: WalkGraph
    traits: NDArray[np.int32]
    slope: NDArray[np.float32]
    gate: NDArray[np.int32]
    passage: NDArray[np.int8]
    inner: NDArray[np.int8]
    zone: NDArray[np.int32]
    base_edge: NDArray[np.int32]
    barred: Mask
    node_lonlat: Floats
    main: EdgeIndex
    public: EdgeIndex
    minor: EdgeIndex | None
    compounds: tuple[shapely.Geometry, ...]
    within: Mapping[int, EdgeIndex]
    visited: Mapping[int, EdgeIndex]
    hull: shapely.Geometry
    crs: pyproj.CRS
    gates: tuple[Gate, ...]
    findings: tuple["NetworkFinding", ...]
    barrier_edges: Mapping[str, int]
    """How many edges each kind of barrier closes."""

    def project(self, lonlat: Floats) -> Floats:
        """Return metric coordinates ``(n, 2)`` of degrees ``(n, 2)``."""
        return project(lonlat, self.crs)

    @property
    def has_cards(self) -> bool:
        """Tell whether any passage lets residents alone through, so that the two ways of a trip differ."""
        by_card = any(gate.access is Access.RESIDENTS for gate in self.gates)
        return by_card or bool(np.isin(self.passage, (BY_RESIDENTS, BY_OWN)).any())

    def costs(
        self,
        profile: WalkProfile,
        *,
        at: int,
        leg: Trip = Trip.TO_POINT,
        gates: Mapping[int, Gate] | None = None,
        edges: NDArray[np.intp] | None = None,
    ) -> EdgeCosts:
        """Return what each edge costs at a minute of the week, on the way to a point or back from it.

        Parameters
        ----------
        leg
            ``TO_POINT`` or ``FROM_POINT``; of a round trip each way has its own costs.
        gates
            Gates by index that are otherwise than the network has them: what if.
        edges
            Only these edges ``(k,)``; all without.
        """
        these = slice(None) if edges is None else edges
        closed_out, closed_back = self._closed(at, leg, gates or {}, these)
        length_m, traits, slope = self.graph.length_m[these], self.traits[these], self.slope[these]
        return edge_costs(length_m, traits, slope, profile, closed_out=closed_out, closed_back=closed_back)

    def _closed(
        self, at: int, leg: Trip, changed: Mapping[int, Gate], these: slice | NDArray[np.intp]
    ) -> tuple[Mask, Mask]:
        """Return which edges cannot be walked from source to target, and back."""
        out, back = self.barred[these].copy(), self.barred[these].copy()
        at_gate = np.flatnonzero(self.traits[these] & Trait.GATE)
        passage, inner = self.passage[these][at_gate], self._inner(changed)[these][at_gate]
        numbers, number = np.unique(self.gate[these][at_gate], return_inverse=True)
        gates = [changed.get(index, self.gates[index]) if index >= 0 else None for index in numbers.tolist()]
        is_open = np.array([gate is None or gate.open_at(at) for gate in gates], dtype=np.bool_)[number]
        is_open &= passage != WALLED
        asks_card = np.array(
            [gate is not None and gate.access is Access.RESIDENTS for gate in gates], dtype=np.bool_
        )[number]  # fmt: skip
        is_open &= ~(asks_card & (passage == BY_VISITORS))
        asks_card |= np.isin(passage, (BY_RESIDENTS, BY_OWN))
        wanted = -1 if leg is Trip.TO_POINT else 1
        out[at_gate] |= ~is_open | (asks_card & (inner != wanted))
        back[at_gate] |= ~is_open | (asks_card & (inner != -wanted))
        return out, back

    def _inner(self, changed: Mapping[int, Gate]) -> NDArray[np.int8]:
        """Return the inner side of every edge, also of passages that are residents' in the change alone.

        A gate in no wall cuts off what hangs on the rest by it and by other residents' gates.
        """
        by_card = np.array(
            [changed.get(index, gate).access is Access.RESIDENTS for index, gate in enumerate(self.gates)]
        )
        here = np.isin(self.gate, [index for index in changed if by_card[index]]) & (self.passage == BY_GATE)
        asked = np.flatnonzero(here & (self.inner == 0) & (self.traits & Trait.GATE > 0))
        if not len(asked):
            return self.inner
        cards = np.flatnonzero((self.traits & Trait.GATE > 0) & (self.gate >= 0))
        cards = cards[by_card[self.gate[cards]]]
        kept = np.setdiff1d(np.arange(self.graph.n_edges), cards)
        piece = pieces_of(self.graph.n_nodes, self.graph.source[kept], self.graph.target[kept])
        ends = list(zip(self.graph.source[cards].tolist(), self.graph.target[cards].tolist(), strict=True))
        depth = depths(piece, ends)
        inner = self.inner.copy()
        for edge in asked.tolist():
            outside, inside = int(piece[self.graph.source[edge]]), int(piece[self.graph.target[edge]])
            inner[edge] = np.sign(depth[inside] - depth[outside])
        return inner

    def snap_places(self, lonlat: Floats, extra_m: Floats | float, limit_m: float) -> Snap:
        """Return where places ``(n, 2)`` join the network: within ``limit_m`` plus their own ``extra_m``, or nowhere.

        A place in a compound joins the compound's own edges; where these are only ways across (:attr:`Trait.INTERIOR`)
        at any distance. All others join the largest part of the network outside compounds.
        """
        reach_m = np.broadcast_to(limit_m + np.asarray(extra_m), len(lonlat))
        return self._snap(lonlat, reach_m, self.main, self.within)

    def snap_points(self, lonlat: Floats, limit_m: float) -> Snap:
        """Return where service points ``(n, 2)`` join the network: as places do, but no private way outside."""
        return self._snap(lonlat, np.full(len(lonlat), limit_m), self.public, self.visited)

    def distance_m(self, lon: float, lat: float) -> float:
        """Return how far a position is from where a service point there would join the network."""
        return float(self._snap(np.array([[lon, lat]]), np.array([np.inf]), self.public, self.visited).distance_m[0])

    def zone_of(self, xy_m: Floats) -> NDArray[np.int64]:
        """Return the zone whose outline holds each position ``(n, 2)``, -1 where none does; the first of several."""
        found = np.full(len(xy_m), PUBLIC_ZONE)
        if len(self.compounds):
            position, zone = self._outlines.query(shapely.points(xy_m), predicate="intersects")
            order = np.lexsort((-zone, position))
            found[position[order]] = zone[order]
        return found

    @cached_property
    def _outlines(self) -> shapely.STRtree:
        return shapely.STRtree(np.array(self.compounds, dtype=object))

    def _snap(self, lonlat: Floats, reach_m: Floats, outside: EdgeIndex, within: Mapping[int, EdgeIndex]) -> Snap:
        xy = self.project(lonlat)
        snap = outside.nearest(xy, reach_m)
        zone = self.zone_of(xy)
        for number in np.unique(zone[zone >= 0]).tolist():
            if (index := within.get(number)) is None:
                continue
            here = np.flatnonzero(zone == number)
            across = bool(self.traits[index.segment_edge[0]] & Trait.INTERIOR)
            joined = index.nearest(xy[here], np.inf if across else reach_m[here])
            snap.edge[here], snap.fraction[here], snap.distance_m[here] = (
                joined.edge,
                joined.fraction,
                joined.distance_m,
            )
        return snap


@dataclass(frozen=True)
class NetworkFinding:
    """Something of the gates, compounds or changes that could not be taken as it stands: a code, what and where."""

    code: str
    object: str
    lon: float
    lat: float
    distance_m: float | None = None
