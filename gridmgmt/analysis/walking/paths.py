"""Planned paths laid into a network."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely

from gridmgmt.analysis.walking.changes import NewPath
from gridmgmt.analysis.walking.draft import AT_END_M, Draft, Floats, project
from gridmgmt.analysis.walking.model import Trait
from gridmgmt.analysis.walking.network import NetworkFinding
from gridmgmt.errors import InputError

MOST_CROSSINGS = 400
"""Of all paths together with ways: a line that goes to and fro over a city takes minutes to lay."""

JOIN_M = 10.0
"""An end of a planned path this near to a way joins it."""

_Mark = tuple[int, float, float]
"""An edge, the share of its length, and the metres along the path at which they meet."""


def add_paths(draft: Draft, paths: Sequence[NewPath]) -> list[NetworkFinding]:
    """Lay paths into a draft, one after the other, and return what is to be told of them.

    A path joins the nearest way at either end, within 10 m, and each way that it crosses on the ground: a bridge or a
    tunnel passes over or under.

    Raises
    ------
    InputError
        When the paths cross ways at more spots than :data:`MOST_CROSSINGS`.
    """
    findings, left = [], MOST_CROSSINGS
    for path in paths:
        xy = project(shapely.get_coordinates(path.line), draft.crs)
        crossings = [] if path.traits & (Trait.BRIDGE | Trait.TUNNEL) else _crossings(draft, shapely.LineString(xy))
        left -= len(crossings)
        if left < 0:
            raise InputError("path_crosses_too_much", value=path.name, maximum=MOST_CROSSINGS)
        if not _lay(draft, xy, path.traits, crossings):
            lon, lat = path.line.coords[0]
            findings.append(NetworkFinding("path_joins_nothing", path.name, lon, lat))
    return findings


def _lay(draft: Draft, xy: Floats, traits: int, crossings: Sequence[_Mark]) -> bool:
    """Lay one path and tell whether it joins anything."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    marks = [*_joints(draft, xy), *crossings]
    stops = _cut(draft, marks)
    if not stops or stops[0][0] > AT_END_M:
        stops.insert(0, (0.0, draft.add_node(xy[0])))
    if stops[-1][0] < along[-1] - AT_END_M:
        stops.append((along[-1], draft.add_node(xy[-1])))
    for (begin, source), (end, target) in pairwise(stops):
        if source != target:
            between = xy[(along > begin) & (along < end)]
            draft.add_edge(
                source, target, np.vstack([draft.position(source), between, draft.position(target)]), traits=traits
            )
    return bool(marks)


def _joints(draft: Draft, xy: Floats) -> list[_Mark]:
    """Return where the ends of a path join the nearest way: before its first metre, and behind its last."""
    found = []
    for end, metres in ((xy[0], -np.inf), (xy[-1], np.inf)):
        nearest = draft.nearest(end, draft.meeting(shapely.points(end), JOIN_M))
        if nearest is not None:
            found.append((nearest[0], nearest[1], metres))
    return found


def _crossings(draft: Draft, line: shapely.LineString) -> list[_Mark]:
    """Return where a path crosses ways."""
    found = []
    for edge in draft.meeting(line):
        other = draft.line(edge)
        spots = shapely.get_parts(other.intersection(line))
        spots = spots[shapely.get_type_id(spots) == shapely.GeometryType.POINT]
        found += [(edge, other.project(spot) / other.length, line.project(spot)) for spot in spots]
    return found


def _cut(draft: Draft, marks: Sequence[_Mark]) -> list[tuple[float, int]]:
    """Cut the marked edges and return the nodes in order of the metres along the path."""
    by_edge: dict[int, list[_Mark]] = defaultdict(list)
    for mark in marks:
        by_edge[mark[0]].append(mark)
    stops = []
    for edge, of_edge in by_edge.items():
        nodes = draft.cut(edge, [share for _, share, _ in of_edge])
        stops += [(metres, node) for (_, _, metres), node in zip(of_edge, nodes, strict=True)]
    return sorted(stops)
