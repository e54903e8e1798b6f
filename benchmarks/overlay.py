"""Departments' grids laid over each other, beside geopandas.overlay: the same faces and areas, and the seconds of each.

``python -m benchmarks.overlay`` draws three shaken lattices of 400 grids over 20 by 20 km, so that their borders cross
everywhere, and prints seconds, faces, surfaces and the ratio. The other side gets what it needs to answer the same: the
union overlay of one department after the other, exploded to polygons, measured on the same ellipsoid.
"""

import json
import statistics
import time

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from gridmgmt.analysis.ellipsoid import areas_m2
from gridmgmt.merging.comparison import Grids, Ground, compare
from gridmgmt.merging.rules import MergeAsk, Way
from gridmgmt.merging.ways import resolve

DEPARTMENTS = ("city_operation", "comprehensive", "police")
SIDE, ROUNDS = 20, 3
LEAST_M2 = 1e-4


def lattice(seed: int) -> np.ndarray:
    """Return 400 quadrangles that cover the same square, with shaken inner corners."""
    rng = np.random.default_rng(seed)
    corners = np.stack(np.meshgrid(np.arange(SIDE + 1.0), np.arange(SIDE + 1.0), indexing="ij"), -1)
    corners[1:-1, :, 0] += rng.uniform(-0.3, 0.3, corners[1:-1, :, 0].shape)
    corners[:, 1:-1, 1] += rng.uniform(-0.3, 0.3, corners[:, 1:-1, 1].shape)
    corners = np.round((121.3, 31.2) + corners / 100, 7)
    rings = np.stack([corners[:-1, :-1], corners[1:, :-1], corners[1:, 1:], corners[:-1, 1:]], 2).reshape(-1, 4, 2)
    return np.array([shapely.Polygon(ring) for ring in rings], dtype=object)


def ours(grids: Grids, ground: Ground) -> np.ndarray:
    """Return the surface of each face after a whole comparison: faces, cores, kinds of conflict."""
    return compare(grids, ground, lead=DEPARTMENTS[0], sliver_width_m=2.0).faces.area_m2


def theirs(frames: list[gpd.GeoDataFrame]) -> np.ndarray:
    """Return the surface of each face by geopandas' union overlay, which knows no cores and no conflicts."""
    found = frames[0]
    for frame in frames[1:]:
        found = gpd.overlay(found, frame, how="union", keep_geom_type=True)
    return areas_m2(found.explode(index_parts=False).geometry.to_numpy())


def main() -> None:
    """Measure and print."""
    drawn = {name: lattice(seed) for seed, name in enumerate(DEPARTMENTS)}
    rows = [(name, f"{k:03d}", None, surface) for name, of in drawn.items() for k, surface in enumerate(of)]
    grids = Grids.ordered(rows)
    ground = Ground(to_plane=pyproj.Transformer.from_crs(4326, 32651, always_xy=True))
    frames = [gpd.GeoDataFrame({name: range(len(of))}, geometry=of, crs=4326) for name, of in drawn.items()]
    seconds: dict[str, list[float]] = {"ours": [], "geopandas": [], "ways": []}
    for _ in range(ROUNDS):
        started = time.perf_counter()
        mine = ours(grids, ground)
        seconds["ours"].append(time.perf_counter() - started)
        started = time.perf_counter()
        other = theirs(frames)
        seconds["geopandas"].append(time.perf_counter() - started)
        comparison = compare(grids, ground, lead=DEPARTMENTS[0], sliver_width_m=2.0)
        started = time.perf_counter()
        for way in (Way.LEAD, Way.COMMON):
            found = resolve(comparison, MergeAsk(DEPARTMENTS), {}, way)
            assert found is not None
            assert abs(sum(grid.area_m2 for grid in found.grids) / mine.sum() - 1) < 1e-9
        seconds["ways"].append(time.perf_counter() - started)
    mine, other = np.sort(mine[mine > LEAST_M2]), np.sort(other[other > LEAST_M2])
    same = len(mine) == len(other) and np.allclose(mine, other, rtol=1e-6, atol=1e-3)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    print(
        json.dumps(
            {
                "grids": len(rows),
                "faces": len(mine),
                "faces_geopandas": len(other),
                "same_faces": bool(same),
                "largest_difference_m2": float(np.abs(mine - other).max()) if len(mine) == len(other) else None,
                "land_m2": float(mine.sum()),
                "seconds": {name: round(value, 3) for name, value in medians.items()},
                "ratio": round(medians["geopandas"] / medians["ours"], 2),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
