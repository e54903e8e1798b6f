"""Walls and gates put into a network: what lies behind them becomes zones that are passed at their gates alone.

A zone is a walled compound by its outline, a connected piece of private ways, or what residents' gates cut off. The
steps: cut the edges at walls and gates; say which edges are in which zone; bring gates whose way is not mapped to the
network; part the nodes between zones; part the nodes at all other gates.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely

from gridmgmt.analysis.walking.draft import Draft, Floats, Ints, unproject
from gridmgmt.analysis.walking.gates import GATE_REACH_M, Access, Gate
from gridmgmt.analysis.walking.layers import lay_twice
from gridmgmt.analysis.walking.model import Trait
from gridmgmt.analysis.walking.network import BY_GATE, BY_RESIDENTS, PUBLIC_ZONE, WALLED, NetworkFinding
from gridmgmt.analysis.walking.pieces import depths, pieces_of

AT_WALL_M = 10.0
"""A gate this near to a wall is a gate in it, and a way that crosses the wall this near to the gate passes by it."""
AT_NODE_M = 2.0
LEAST_WAYS_M = 20.0
"""Ways in a compound of less than this in all lead nowhere: its inside is not mapped."""


@dataclass
class Zoning:
    """Puts gates and outlines into a draft; all shapes and positions in its metric system."""

    draft: Draft
    gates: Sequence[Gate]
    gate_xy: Floats
    outlines: Sequence[shapely.Geometry]
    findings: list[NetworkFinding] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._of_compound = self._gates_by_compound()
        self._used: set[int] = {gate for gates in self._of_compound.values() for gate in gates}
        self._inner_ends: dict[int, list[int]] = defaultdict(list)
        self._n_zones = len(self.outlines)

    def apply(self) -> None:
        """Put everything in."""
        free = self._cut()
        self._find_compound_edges()
        self._find_private_pieces()
        self._bring_gates()
        self._part_zones(free)
        self._cross_compounds()
        self._part_gates({gate: node for gate, node in free.items() if gate not in self._used})
        self._find_behind_gates(set(free))
        lay_twice(self.draft, len(self.outlines))

    def _find(self, code: str, gate: int, distance_m: float | None = None) -> None:
        found = self.gates[gate]
        self.findings.append(NetworkFinding(code, found.code, found.lon, found.lat, distance_m))

    def _gates_by_compound(self) -> dict[int, list[int]]:
        """Return the gates in the wall of each compound, in order of their number."""
        found: dict[int, list[int]] = defaultdict(list)
        if len(self.gates) and len(self.outlines):
            walls = shapely.STRtree(shapely.boundary(np.array(self.outlines, dtype=object)))
            pairs = walls.query(shapely.points(self.gate_xy), predicate="dwithin", distance=AT_WALL_M)
            for gate, compound in sorted(pairs.T.tolist()):
                found[compound].append(gate)
        return found

    def _cut(self) -> dict[int, int]:
        """Cut the edges where they cross walls and where gates stand; return the node of each gate in no wall."""
        cuts: dict[int, list[tuple[float, int]]] = defaultdict(list)
        for outline in self.outlines:
            wall = shapely.boundary(outline)
            for edge in self.draft.meeting(wall):
                line = self.draft.line(edge)
                crossing = shapely.get_parts(line.intersection(wall))
                spots = crossing[shapely.get_type_id(crossing) == shapely.GeometryType.POINT]
                cuts[edge] += [(line.project(spot) / line.length, -1) for spot in spots]
        at_node = self._gates_at_nodes()
        for gate in range(len(self.gates)):
            if gate in self._used or gate in at_node:
                continue
            spot = shapely.points(self.gate_xy[gate])
            found = self.draft.nearest(self.gate_xy[gate], self.draft.meeting(spot, GATE_REACH_M))
            if found is None:
                self._find("gate_off_network", gate)
            else:
                cuts[found[0]].append((found[1], gate))
        for edge, marks in cuts.items():
            for node, (_, gate) in zip(self.draft.cut(edge, [share for share, _ in marks]), marks, strict=True):
                if gate >= 0:
                    at_node[gate] = node
        return dict(sorted(at_node.items()))

    def _gates_at_nodes(self) -> dict[int, int]:
        """Return the node that each gate in no wall stands at."""
        free = [gate for gate in range(len(self.gates)) if gate not in self._used]
        if not free:
            return {}
        from scipy.spatial import cKDTree  # noqa: PLC0415 -- 50 MiB that networks without gates do without

        xy = self.draft.positions()
        known = np.flatnonzero(~np.isnan(xy[:, 0]))
        distance, nearest = cKDTree(xy[known]).query(self.gate_xy[free], distance_upper_bound=AT_NODE_M)
        return {gate: int(known[n]) for gate, d, n in zip(free, distance, nearest, strict=True) if np.isfinite(d)}

    def _find_compound_edges(self) -> None:
        """Put the edges in each outline into its zone; of outlines that overlap the first one counts."""
        for zone, outline in reversed(list(enumerate(self.outlines))):
            shapely.prepare(outline)
            for edge in self.draft.meeting(outline):
                middle = self.draft.line(edge).interpolate(0.5, normalized=True)
                if shapely.contains_xy(outline, middle.x, middle.y):
                    self.draft.set_zone(edge, zone)

    def _find_private_pieces(self) -> None:
        """Make a zone of each connected piece of private ways outside compounds."""
        edges = self.draft.living()
        edges = edges[(self.draft.traits_of(edges) & Trait.PRIVATE != 0) & (self.draft.zones_of(edges) == PUBLIC_ZONE)]
        if len(edges):
            source, target = self.draft.ends_of(edges)
            pieces = pieces_of(self.draft.n_nodes, source, target)
            _, number = np.unique(pieces[source], return_inverse=True)
            for edge, zone in zip(edges.tolist(), (self._n_zones + number).tolist(), strict=True):
                self.draft.set_zone(edge, zone)
            self._n_zones += int(number.max()) + 1

    def _bring_gates(self) -> None:
        """Bring gates in walls that no mapped way passes to the nearest ways on both sides."""
        if not self._of_compound:
            return
        xy = self.draft.positions()
        borders = self._borders()
        for zone, gates in self._of_compound.items():
            crossings = np.array([xy[node] for node, zones in borders.items() if zone in zones]).reshape(-1, 2)
            for gate in gates:
                if not len(crossings) or np.hypot(*(crossings - self.gate_xy[gate]).T).min() > AT_WALL_M:
                    self._bring_gate(zone, gate)

    def _bring_gate(self, zone: int, gate: int) -> None:
        here = self.gate_xy[gate]
        near = self.draft.meeting(shapely.points(here), GATE_REACH_M)
        public = [edge for edge in near if self.draft.zone_of(edge) == PUBLIC_ZONE]
        private = [edge for edge in near if self.draft.zone_of(edge) >= len(self.outlines)]
        outside = self.draft.nearest(here, public or private)
        if outside is None:
            self._find("gate_off_network", gate)
            return
        before = self._joined(outside, here, zone=self.draft.zone_of(outside[0]))
        behind = self.draft.add_node(here)
        self.draft.add_passage(before, behind, here, gate=gate, passage=BY_GATE, inner=1)
        self._inner_ends[zone].append(behind)
        inside = self.draft.nearest(here, [edge for edge in near if self.draft.zone_of(edge) == zone])
        if inside is not None:
            (node,) = self.draft.cut(inside[0], [inside[1]])
            self._link(behind, node, traits=Trait.INTERIOR, zone=zone)

    def _joined(self, found: tuple[int, float, float], here: Floats, *, zone: int) -> int:
        """Return a node at a position, joined to the spot of an edge by a short way."""
        (node,) = self.draft.cut(found[0], [found[1]])
        end = self.draft.add_node(here)
        self._link(node, end, traits=0, zone=zone)
        return end

    def _link(self, source: int, target: int, *, traits: int, zone: int) -> None:
        xy = [self.draft.position(node) for node in (source, target)]
        self.draft.add_edge(source, target, xy, traits=traits, zone=zone)

    def _borders(self) -> dict[int, list[int]]:
        """Return the nodes at which edges of more than one zone end, with the zones, ascending."""
        edges = self.draft.living()
        zone = self.draft.zones_of(edges).astype(np.int64)
        width = self._n_zones + 1
        keys = np.unique(np.concatenate([end * np.int64(width) + zone + 1 for end in self.draft.ends_of(edges)]))
        node, count = np.unique(keys // width, return_counts=True)
        shared = np.isin(keys // width, node[count > 1])
        found: dict[int, list[int]] = defaultdict(list)
        for key in keys[shared].tolist():
            found[key // width].append(key % width - 1)
        return found

    def _part_zones(self, free: dict[int, int]) -> None:
        """Part the nodes between zones: the ways of each go to a node of their own, behind a passage."""
        borders = self._borders()
        if not borders:
            return
        xy = self.draft.positions()
        at = _edges_at(self.draft, np.array(list(borders)))
        gate_at = {node: gate for gate, node in reversed(free.items())}
        without = set()
        for node, zones in borders.items():
            private = [zone for zone in zones if zone >= len(self.outlines)]
            outer = PUBLIC_ZONE if PUBLIC_ZONE in zones else private[-1] if private else None
            for zone in (zone for zone in zones if zone != outer):
                inner = self.draft.add_node(xy[node])
                for edge in at[node]:
                    if self.draft.zone_of(edge) == zone:
                        self.draft.move_end(edge, node, inner)
                if zone < len(self.outlines):
                    gate, passage = self._gate_in_wall(zone, xy[node])
                    without |= set() if gate >= 0 or passage == WALLED else {zone}
                    self._inner_ends[zone] += [inner] if passage != WALLED else []
                else:
                    gate, passage = gate_at.get(node, -1), BY_RESIDENTS
                    self._used |= {gate}
                self.draft.add_passage(node, inner, xy[node], gate=gate, passage=passage, inner=1)
        for zone in sorted(without):
            self.findings.append(self._of_outline("compound_without_gates", zone))

    def _of_outline(self, code: str, zone: int) -> NetworkFinding:
        middle = shapely.point_on_surface(self.outlines[zone])
        ((lon, lat),) = unproject(np.array([[middle.x, middle.y]]), self.draft.crs).tolist()
        return NetworkFinding(code, str(zone), lon, lat)

    def _gate_in_wall(self, zone: int, xy: Floats) -> tuple[int, int]:
        """Return the gate by which a compound's wall is passed at a position, and how it is passed."""
        gates = self._of_compound.get(zone, [])
        if not gates:
            return -1, BY_GATE
        away = np.hypot(*(self.gate_xy[gates] - xy).T)
        nearest = int(np.argmin(away))
        return (gates[nearest], BY_GATE) if away[nearest] <= AT_WALL_M else (-1, WALLED)

    def _cross_compounds(self) -> None:
        """Lay ways across compounds whose own ways are not mapped: from an inner point straight to each gate."""
        if not self._of_compound:
            return
        edges = self.draft.living()
        zone = self.draft.zones_of(edges)
        for compound in self._of_compound:
            ways_m = sum(self.draft.line(edge).length for edge in edges[zone == compound].tolist())
            if ways_m >= LEAST_WAYS_M or not self._inner_ends[compound]:
                continue
            point = shapely.point_on_surface(self.outlines[compound])
            middle = self.draft.add_node(np.array([point.x, point.y]))
            for end in self._inner_ends[compound]:
                self._link(middle, end, traits=Trait.INTERIOR, zone=compound)

    def _part_gates(self, free: dict[int, int]) -> None:
        """Part the nodes at gates in no wall: the ways at each meet behind the gate only."""
        at = _edges_at(self.draft, np.array(sorted(set(free.values())), dtype=np.int32))
        for gate, node in free.items():
            here = self.draft.position(node)
            edges = [edge for edge in at[node] if node in self.draft.ends(edge)]
            if len(edges) < 2:
                self._find("gate_at_dead_end", gate)
            # Of two ways one keeps the node; more of them meet at it, each behind a passage of its own.
            for edge in edges[1:] if len(edges) <= 2 else edges:
                end = self.draft.add_node(here)
                self.draft.move_end(edge, node, end)
                self.draft.add_passage(node, end, here, gate=gate, passage=BY_GATE, inner=0)

    def _find_behind_gates(self, free: set[int]) -> None:
        """Make zones of what residents' gates in no wall cut off, and say which side of them is inside."""
        by_card = {gate for gate in free - self._used if self.gates[gate].access is Access.RESIDENTS}
        passages = [i for i, edge in enumerate(self.draft.new) if edge.gate in by_card and edge.traits & Trait.GATE]
        if not passages:
            return
        draft, parted = self.draft, set(passages)
        others = [i for i, edge in enumerate(draft.new) if edge.alive and i not in parted]
        kept = np.concatenate([np.flatnonzero(draft.alive), draft.n_base + np.array(others, dtype=np.int64)])
        source, target = draft.ends_of(kept.astype(np.int32))
        piece = pieces_of(draft.n_nodes, source, target)
        depth = depths(piece, [(draft.new[i].source, draft.new[i].target) for i in passages])
        number = {p: self._n_zones + rank for rank, p in enumerate(sorted(p for p, d in depth.items() if d))}
        self._n_zones += len(number)
        for edge in kept[np.isin(piece[source], list(number))].tolist():
            if draft.zone_of(edge) == PUBLIC_ZONE:
                draft.set_zone(edge, number[int(piece[draft.ends(edge)[0]])])
        for i in passages:
            edge = draft.new[i]
            edge.inner = int(np.sign(depth[int(piece[edge.target])] - depth[int(piece[edge.source])]))
        for gate in sorted(by_card):
            if all(draft.new[i].inner == 0 for i in passages if draft.new[i].gate == gate):
                self._find("gate_separates_nothing", gate)


def _edges_at(draft: Draft, nodes: Ints) -> dict[int, list[int]]:
    """Return the living edges but passages that end at each of some nodes, ascending."""
    edges = draft.living()
    found: dict[int, list[int]] = {int(node): [] for node in nodes}
    source, target = draft.ends_of(edges)
    for i in np.flatnonzero(np.isin(source, nodes) | np.isin(target, nodes)).tolist():
        for node in {int(source[i]), int(target[i])} & found.keys():
            found[node].append(int(edges[i]))
    return found
