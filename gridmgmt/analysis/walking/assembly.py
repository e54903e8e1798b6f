"""Putting a network together: an edition's edges, planned paths, gates, compounds and barriers.

Everything is a change of edges: a gate cuts the street it stands on and leaves a passage of no length, an outline of a
compound is a wall that is passed at its gates, a barrier closes what crosses it. Costs come later, by profile, time of
day and way (:meth:`gridmgmt.analysis.walking.network.WalkNetwork.costs`): none of it is built anew for them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.graph import WalkGraph, build_graph, components
from gridmgmt.analysis.snapping import EdgeIndex
from gridmgmt.analysis.walking.barriers import closed_by_barriers, closed_streets
from gridmgmt.analysis.walking.changes import NOTHING_PLANNED, Changes, NewPath
from gridmgmt.analysis.walking.draft import Draft, Edges, Floats, Ints, project, unproject
from gridmgmt.analysis.walking.gates import Gate
from gridmgmt.analysis.walking.model import Trait
from gridmgmt.analysis.walking.network import PUBLIC_ZONE, Mask, NetworkFinding, WalkNetwork
from gridmgmt.analysis.walking.paths import add_paths
from gridmgmt.analysis.walking.zones import Zoning

N = TypeVar("N", bound=np.generic)

__all__ = ["Changes", "Edges", "NewPath", "WalkNetwork", "assemble"]


def assemble(
    edges: Edges,
    crs: pyproj.CRS,
    *,
    gates: Sequence[Gate] = (),
    compounds: Sequence[shapely.Geometry] = (),
    barriers: Mapping[str, Sequence[shapely.Geometry]] | None = None,
    changes: Changes = NOTHING_PLANNED,
) -> WalkNetwork:
    """Return the network of an edition's edges with gates, compounds, barriers and planned changes.

    What cannot be taken as it stands is a finding of the network: nothing is refused here.

    Parameters
    ----------
    crs
        The metric system in which distances between shapes are measured.
    compounds
        Outlines of walled compounds, polygons in degrees.
    barriers
        Shapes in degrees by kind; edges that cross one are closed, but for bridges and tunnels.
    """
    draft = Draft(edges, crs)
    findings = add_paths(draft, changes.paths)
    gate_xy = project(np.array([(gate.lon, gate.lat) for gate in gates]).reshape(-1, 2), crs)
    outlines = tuple(_projected(compounds, crs))
    if len(gates) or outlines or bool((edges.traits & Trait.PRIVATE).any()):
        zoning = Zoning(draft, gates, gate_xy, outlines)
        zoning.apply()
        findings += zoning.findings
    closed = closed_streets(draft, changes.closed_edges, _projected(changes.closed_lines, crs))
    by_kind = {
        kind: closed_by_barriers(draft, _projected(shapes, crs), gate_xy if kind == "wall" else None)
        for kind, shapes in (barriers or {}).items()
    }
    parts = _Parts(draft, closed.union(*by_kind.values()))
    return parts.network(
        tuple(gates), outlines, tuple(findings), {kind: len(found) for kind, found in by_kind.items()}
    )  # fmt: skip


def _projected(shapes: Sequence[shapely.Geometry], crs: pyproj.CRS) -> list[shapely.Geometry]:
    """Return shapes in degrees in a metric system."""
    return list(shapely.transform(np.array(shapes, dtype=object), lambda xy: project(xy, crs))) if len(shapes) else []


@dataclass
class _Parts:
    """The arrays of a draft's living edges, in order of their numbers, and what is made of them."""

    draft: Draft
    closed: set[int]

    def network(
        self,
        gates: tuple[Gate, ...],
        outlines: tuple[shapely.Geometry, ...],
        findings: tuple[NetworkFinding, ...],
        barrier_edges: Mapping[str, int],
    ) -> WalkNetwork:
        """Return the network."""
        open_ = ~self.barred
        in_main = open_ & (self.graph.edge_component == 0)
        # A way across a compound is for its own places, and a passage has no length to stand at.
        a_way = self.traits & (Trait.GATE | Trait.INTERIOR) == 0
        outside = in_main & a_way & ((self.zone == PUBLIC_ZONE) | (self.zone >= len(outlines)))
        nobodys = outside & (self.traits & Trait.PRIVATE == 0)
        minor = a_way & ~(self.graph.edge_component == 0)
        main = self._index(outside)
        twice = np.unique(self.zone[self._own])
        return WalkNetwork(
            graph=self.graph,
            traits=self.traits,
            slope=self._column("slope", np.float32),
            gate=self._of_new("gate", -1, np.int32),
            passage=self._of_new("passage", 0, np.int8),
            inner=self._of_new("inner", 0, np.int8),
            zone=self.zone,
            base_edge=np.concatenate([self._kept, self._of_living("base_edge", np.int32)]).astype(np.int32),
            barred=self.barred,
            node_lonlat=self._node_lonlat(),
            main=main,
            public=main if np.array_equal(outside, nobodys) else self._index(nobodys),
            minor=self._index(minor) if minor.any() else None,
            compounds=outlines,
            within=self._within(in_main & (self._own | ~np.isin(self.zone, twice)), len(outlines)),
            visited=self._within(in_main & ~self._own, len(outlines)),
            hull=self._hull(in_main),
            crs=self.draft.crs,
            gates=gates,
            findings=findings,
            barrier_edges=barrier_edges,
        )

    @cached_property
    def _kept(self) -> Ints:
        return np.flatnonzero(self.draft.alive).astype(np.int32)

    @cached_property
    def _living(self) -> list[int]:
        return [number for number, edge in enumerate(self.draft.new) if edge.alive]

    @cached_property
    def graph(self) -> WalkGraph:
        """The graph; parts of it hang together by what is not barred."""
        source = np.concatenate([self.draft.source[self._kept], self._of_living("source", np.int32)])
        target = np.concatenate([self.draft.target[self._kept], self._of_living("target", np.int32)])
        length = np.concatenate([self.draft.base.length_m[self._kept], self.draft.lengths_m()[self._living]])
        graph = build_graph(self.draft.n_nodes, source, target, length)
        if not self.barred.any():
            return graph
        of_node = components(self.draft.n_nodes, source[~self.barred], target[~self.barred])
        return replace(graph, edge_component=of_node[graph.source])

    @cached_property
    def traits(self) -> NDArray[np.int32]:
        return self._column("traits", np.int32)

    @cached_property
    def zone(self) -> NDArray[np.int32]:
        return np.concatenate([self.draft.zone[self._kept], self._of_living("zone", np.int32)])

    @cached_property
    def _own(self) -> Mask:
        """Which edges only those who live in their zone walk."""
        return self._of_new("own", 0, np.bool_)

    @cached_property
    def barred(self) -> Mask:
        numbers = np.concatenate([self._kept, self.draft.n_base + np.array(self._living, dtype=np.int64)])
        return np.isin(numbers, sorted(self.closed))

    @cached_property
    def _xy(self) -> tuple[Floats, NDArray[np.int64]]:
        """The vertices of all edges in metres and their offsets."""
        offsets = self.draft.base.offsets
        kept = np.repeat(self.draft.alive, np.diff(offsets))
        new = [self.draft.new[number].xy for number in self._living]
        counts = np.concatenate([np.diff(offsets)[self._kept], [len(xy) for xy in new]]).astype(np.int64)
        return np.vstack([self.draft.xy_m[kept], *new]), np.concatenate([[0], np.cumsum(counts)])

    def _column(self, name: str, dtype: type[N]) -> NDArray[N]:
        return np.concatenate([getattr(self.draft.base, name)[self._kept], self._of_living(name, dtype)])

    def _of_living(self, name: str, dtype: type[N]) -> NDArray[N]:
        return np.array([getattr(self.draft.new[number], name) for number in self._living], dtype=dtype)

    def _of_new(self, name: str, otherwise: int, dtype: type[N]) -> NDArray[N]:
        return np.concatenate([np.full(len(self._kept), otherwise, dtype=dtype), self._of_living(name, dtype)])

    def _index(self, mask: Mask) -> EdgeIndex:
        return EdgeIndex.build(*self._xy, mask)

    def _within(self, in_main: Mask, n_outlines: int) -> dict[int, EdgeIndex]:
        """Return an index of each compound's own edges, of the ways across it where it has no others."""
        found = {}
        inside = np.flatnonzero(in_main & (self.zone >= 0) & (self.zone < n_outlines) & (self.traits & Trait.GATE == 0))
        xy, offsets = self._xy
        for zone in np.unique(self.zone[inside]).tolist():
            edges = inside[self.zone[inside] == zone]
            across = self.traits[edges] & Trait.INTERIOR != 0
            edges = edges if across.all() else edges[~across]
            lines = [xy[offsets[edge] : offsets[edge + 1]] for edge in edges]
            index = EdgeIndex.build(np.vstack(lines), np.concatenate([[0], np.cumsum([len(line) for line in lines])]))
            found[zone] = replace(index, segment_edge=edges[index.segment_edge].astype(np.int32))
        return found

    def _node_lonlat(self) -> Floats:
        base = self.draft.base
        lonlat = np.full((self.draft.n_nodes, 2), np.nan)
        lonlat[base.source], lonlat[base.target] = base.vertices[base.offsets[:-1]], base.vertices[base.offsets[1:] - 1]
        if self.draft.node_xy:
            lonlat[base.n_nodes :] = unproject(np.array(self.draft.node_xy), self.draft.crs)
        return lonlat

    def _hull(self, in_main: Mask) -> shapely.Geometry:
        """Return the convex hull of edges in degrees, from the edition's own degrees where it has them."""
        kept = np.repeat(self.draft.alive, np.diff(self.draft.base.offsets))
        xy, offsets = self._xy
        new = unproject(xy[np.count_nonzero(kept) :], self.draft.crs)
        lonlat = np.vstack([self.draft.base.vertices[kept], new])
        return shapely.convex_hull(shapely.LineString(lonlat[np.repeat(in_main, np.diff(offsets))]))
