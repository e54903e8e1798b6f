"""Every public kernel of walking and snapping asked about the same small town, and a digest of all its answers."""

import hashlib
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import shapely

from gridmgmt.analysis.snapping import EdgeIndex, flatten
from gridmgmt.analysis.walking.matrix import PlacesByEdge, from_one, times_to_nodes, times_to_places
from gridmgmt.analysis.walking.model import Trip
from gridmgmt.analysis.walking.search import nearest, nearest_k
from tests.support.walks import random_walk

LIMIT_CS = 60_000


def answers() -> str:
    """Return the digest."""
    digest = hashlib.sha256()

    def take(answer: Any) -> None:
        for array in [getattr(answer, f.name) for f in fields(answer)] if is_dataclass(answer) else answer:
            digest.update(np.ascontiguousarray(array).tobytes())

    rng = np.random.default_rng(7)
    lines = [shapely.LineString(rng.uniform(0, 900, (3, 2)).round()) for _ in range(40)]
    index = EdgeIndex.build(*flatten(lines), mask=rng.random(40) < 0.9)
    take(index.nearest(rng.uniform(-100, 1_000, (300, 2)).round(), 80.0))
    for seed in (3, 4, 5):
        graph, costs, points, places = random_walk(seed, symmetric=seed == 3)
        by_edge = PlacesByEdge.build(places, graph.n_edges)
        for trip in Trip:
            asked = {"points": points, "trip": trip, "limit_cs": LIMIT_CS}
            take(nearest(graph, costs, places=places, **asked))
            take(nearest_k(graph, costs, places=places, k=3, **asked))
            take(times_to_nodes(graph, costs, **asked))
            take(times_to_places(graph, costs, places=places, **asked))
            one = type(places)(places.edge[:1], places.fraction[:1], places.distance_m[:1])
            take(from_one(graph, costs, point=one, places=places, by_edge=by_edge, trip=trip, limit_cs=LIMIT_CS))
    return digest.hexdigest()
