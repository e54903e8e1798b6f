"""A network that is edited in place, as records: what is asked of an edge, a node or a place together lies together.

Most of the time of a small edit goes into waiting for memory.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.compiled import compiled

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Records = NDArray[Any]

EDGE = np.dtype(
    [(name, np.int32) for name in ("source", "target", "out", "back", "at_source", "at_target", "places", "points")]
)
"""An edge, its costs those of the walk to the point. The steps of a node are a chain, in which ``2 e`` leaves the
source of edge e and ``2 e + 1`` its target; ``at_source`` and ``at_target`` are the next steps there. ``places`` and
``points`` are the first ones on the edge. -1 ends a chain."""

NODE = np.dtype([("label", np.int64), ("step", np.int32), ("stamp", np.int32)])
"""A node: its label, its first step, and twice the number of the edit that asked it last, one more if it changed it."""

STOP = np.dtype(
    [("label", np.int64), ("fraction", np.float64)] + [(name, np.int32) for name in ("edge", "next", "leg", "slot")]
)
"""A place or a point: its label, where it is on which edge (-1 for none), the next one there, its access leg, and how
it is counted; points use neither label nor slot."""


class Stops(NamedTuple):
    """Points or places, each array ``(n,)``: records of :data:`STOP`, and their access legs in metres."""

    record: Records
    distance_m: NDArray[np.float64]


class Town(NamedTuple):
    """The network with its labels: records of :data:`EDGE`, :data:`NODE` and, of points and places, :data:`STOP`."""

    edge: Records
    node: Records
    point: Records
    place: Records


@compiled
def set_costs(edges: Records, index: Int32s, out: Int32s, back: Int32s) -> int:
    """Give edges their costs; return by how many more edges than before do not cost the same both ways."""
    more = 0
    for k in range(len(index)):
        edge = edges[index[k]]
        more += int(out[k] != back[k]) - int(edge["out"] != edge["back"])
        edges[index[k]]["out"], edges[index[k]]["back"] = out[k], back[k]
    return more


@compiled
def join_edges(edges: Records, nodes: Records, start: int, end: int) -> None:
    """Put the edges ``start … end - 1`` into the chains of their nodes."""
    for e in range(start, end):
        source, target = edges[e]["source"], edges[e]["target"]
        edges[e]["at_source"] = nodes[source]["step"]
        nodes[source]["step"] = 2 * e
        edges[e]["at_target"] = nodes[target]["step"]
        nodes[target]["step"] = 2 * e + 1


@compiled
def drop_edges(edges: Records, nodes: Records, start: int, end: int) -> None:
    """Take the edges ``start … end - 1``, the last to be joined, out of the chains of their nodes."""
    for e in range(end - 1, start - 1, -1):
        nodes[edges[e]["target"]]["step"] = edges[e]["at_target"]
        nodes[edges[e]["source"]]["step"] = edges[e]["at_source"]


@compiled
def move_stops(edges: Records, stops: Stops, are_points: bool, index: Int32s, to: Stops) -> None:
    """Move the points or places ``index`` to the spots of ``to``."""
    record = stops.record
    for k in range(len(index)):
        i, old, new = index[k], record[index[k]]["edge"], to.record[k]["edge"]
        if old >= 0:
            at = edges[old]["points"] if are_points else edges[old]["places"]
            if at != i:
                while record[at]["next"] != i:
                    at = record[at]["next"]
                record[at]["next"] = record[i]["next"]
            elif are_points:
                edges[old]["points"] = record[i]["next"]
            else:
                edges[old]["places"] = record[i]["next"]
        record[i]["edge"], record[i]["leg"], record[i]["next"] = new, to.record[k]["leg"], -1
        record[i]["fraction"], stops.distance_m[i] = to.record[k]["fraction"], to.distance_m[k]
        if new >= 0 and are_points:
            record[i]["next"] = edges[new]["points"]
            edges[new]["points"] = i
        elif new >= 0:
            record[i]["next"] = edges[new]["places"]
            edges[new]["places"] = i
