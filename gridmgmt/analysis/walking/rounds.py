"""Trips where the ways there and back have costs of their own: gates let out on one and in on the other."""

from gridmgmt.analysis.graph import WalkGraph
from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts, Trip
from gridmgmt.analysis.walking.search import MOST_ROUND_LIMIT_CS, Nearest, mirrored, nearest

__all__ = ["mirrored", "nearest_trip"]


def nearest_trip(
    graph: WalkGraph,
    there: EdgeCosts,
    back: EdgeCosts,
    *,
    points: Snap,
    places: Snap,
    trip: Trip,
    limit_cs: int = NO_WAY,
) -> Nearest:
    """Return the nearest points of every place and node, with costs for the way to a point and for the way from it.

    As :func:`gridmgmt.analysis.walking.search.nearest`; a round trip is the least sum of the way there and the way back
    over single points, never of two different ones, and where both ways must be searched at most four hours long.
    """
    if trip is Trip.FROM_POINT:
        return nearest(graph, back, points=points, places=places, trip=trip, limit_cs=limit_cs)
    if trip is Trip.ROUND and not mirrored(there, back):
        limit_cs = min(limit_cs, MOST_ROUND_LIMIT_CS)
    return nearest(graph, there, points=points, places=places, trip=trip, limit_cs=limit_cs, back=back)
