"""Putting a network together: an edition's edges, planned paths, gates, compounds and barriers.

Everything is a change of edges: a gate cuts the street it stands on and leaves a passage of no length, an outline of a
compound is a wall that is passed at its gates, a barrier closes what crosses it. Costs come later, by profile, time of
day and way (:meth:`gridmgmt.analysis.walking.network.WalkNetwork.costs`): none of it is built anew for them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyproj
import shapely

from gridmgmt.analysis.graph import WalkGraph, build_graph, components
from gridmgmt.analysis.snapping import EdgeIndex
from gridmgmt.analysis.walking.draft import Draft, Edges
from gridmgmt.analysis.walking.gates import Gate
from gridmgmt.analysis.walking.model import Trait
from gridmgmt.analysis.walking.network import PUBLIC_ZONE, Floats, Mask, NetworkFinding, WalkNetwork, project, unproject
from gridmgmt.crs import STORAGE_SRID

__all__ = ["Changes", "Edges", "NewPath", "WalkNetwork", "assemble"]


@dataclass(frozen=True)
class NewPath:
    """A planned path: a name for findings, its line in degrees, and what it is like."""

    name: str
    line: shapely.LineString
    traits: int = 0


@dataclass(frozen=True)
class Changes:
    """What a planned change does to the edges; lines in degrees."""

    paths: Sequence[NewPath] = ()
    closed_edges: Sequence[int] = ()
    closed_lines: Sequence[shapely.LineString] = ()


def assemble(
    edges: Edges,
    crs: pyproj.CRS,
    *,
    gates: Sequence[Gate] = (),
    compounds: Sequence[shapely.Geometry] = (),
    barriers: Mapping[str, Sequence[shapely.Geometry]] = {},
    changes: Changes = Changes(),
) -> WalkNetwork:
    """Return the network of an edition's edges with gates, compounds, barriers and planned changes.

    Parameters
    ----------
    crs
        The metric system in which it is measured where something is.
    compounds
        Outlines of walled compounds, polygons in degrees.
    barriers
        Shapes in degrees by kind; edges that cross one are closed, but for bridges and tunnels.
    """
    draft = Draft(edges, project(edges.vertices, crs))
    return _Finished(draft, crs).network(tuple(gates))


@dataclass
class _Finished:
    """The arrays of a draft's living edges, in order of their numbers."""

    draft: Draft
    crs: pyproj.CRS
    findings: list[NetworkFinding] = field(default_factory=list)

    def network(self, gates: tuple[Gate, ...]) -> WalkNetwork:
        draft, base = self.draft, self.draft.base
        kept = np.flatnonzero(draft.alive)
        n = len(kept)
        barred = np.zeros(n, dtype=bool)
        zone = np.full(n, PUBLIC_ZONE, dtype=np.int32)
        graph = build_graph(draft.n_nodes, draft.source[kept], draft.target[kept], base.length_m[kept])
        main = (graph.edge_component == 0) & ~barred
        xy, offsets = draft.xy_m, base.offsets
        in_main = np.repeat(main, np.diff(offsets))
        hull = shapely.convex_hull(shapely.linestrings(base.vertices[in_main]))
        index = EdgeIndex.build(xy, offsets, main)
        node_lonlat = np.full((draft.n_nodes, 2), np.nan)
        node_lonlat[draft.source] = base.vertices[offsets[:-1]]
        node_lonlat[draft.target] = base.vertices[offsets[1:] - 1]
        return WalkNetwork(
            graph=graph, traits=base.traits, slope=base.slope, gate=np.full(n, -1, dtype=np.int32),
            passage=np.zeros(n, dtype=np.int8), inner=np.zeros(n, dtype=np.int8), zone=zone,
            base_edge=kept.astype(np.int32), barred=barred, node_lonlat=node_lonlat, main=index, public=index,
            minor=None if main.all() else EdgeIndex.build(xy, offsets, ~main), compounds=(), within={}, hull=hull,
            crs=self.crs, gates=gates, findings=tuple(self.findings), barrier_edges={},
        )  # fmt: skip
