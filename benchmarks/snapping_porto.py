"""Snapping 200,000 points, scattered 18 m about the streets of Porto, to their nearest edge."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import shapely
from harness import compare, require
from numpy.typing import NDArray
from porto import read_porto

from gridmgmt.analysis.snapping import EdgeIndex, flatten

POINTS = 200_000
SCATTER_M = 18.0
SEED = 2015
ROUNDS = 5
TOLERANCE_M = 1e-6


def scattered_points(lines: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return ``(POINTS, 2)`` metres: places spread evenly along the lines, each moved by a normal scatter."""
    rng = np.random.default_rng(SEED)
    length_m = shapely.length(lines)
    chosen = lines[rng.choice(len(lines), POINTS, p=length_m / length_m.sum())]
    on_line = shapely.get_coordinates(shapely.line_interpolate_point(chosen, rng.random(POINTS), normalized=True))
    return on_line + rng.normal(0, SCATTER_M, on_line.shape)


def main() -> None:
    """Compare; both have built their index, and shapely has its point objects."""
    porto = read_porto()
    xy_m = scattered_points(porto.lines)
    points = shapely.points(xy_m)
    index, tree = EdgeIndex.build(*flatten(porto.lines)), shapely.STRtree(porto.lines)

    def agree(own: Any, peer: str, nearest: Any) -> Mapping[str, object]:
        its_m = shapely.distance(points, porto.lines[nearest])
        largest = float(np.abs(own.distance_m - its_m).max())
        require(largest <= TOLERANCE_M, f"{peer}: a distance differs by {largest} m")
        return {"largest_difference_m": largest, "same_edge_ratio": float((own.edge == nearest).mean())}

    compare(
        "snapping_porto",
        own=partial(index.nearest, xy_m),
        peers={"STRtree": partial(tree.nearest, points)},
        agree=agree,
        bars={"STRtree": 1 / 20},
        rounds=ROUNDS,
        facts={**porto.facts, "segments": len(index.segment_edge), "points": POINTS, "scatter_m": SCATTER_M},
    )


if __name__ == "__main__":
    main()
