"""Grid cells along streets beside the square net: the densest windows of three cities, and the whole demo district.

A window is the square of 3 × 3 km with most street length on a lattice of 500 m. The barriers of the windows are the
walked streets of the files; those of the demo its streets, walls, banks and rails, and its outlines all quarters. The
net, squares of 100 m clipped to the same window, is the peer: it is compared by its figures, not by its time.
"""

import resource
import time
from collections.abc import Callable

import numpy as np
import shapely
from harness import publish, require, shared_data
from numpy.typing import NDArray
from pyproj import Transformer

from gridmgmt.analysis.cells import VERGE_M, CellOptions, CellQuality, cells_of, measure, naive_cells, of_quarters
from gridmgmt.demo.frames import M_PER_DEGREE_LAT, M_PER_DEGREE_LON
from gridmgmt.demo.generator import generate
from gridmgmt.demo.towns import CENTRE_LAT, CENTRE_LON
from gridmgmt.ingest.network import read_network

CITIES = {
    "Porto": ("networks/porto_portugal.osm.pbf", 32629, 0.65),
    "Shanghai": ("networks/shanghai_center_roads.osm.gz", 32651, 0.65),
    "Wuhan": ("networks/wuhan_streets.parquet", 32650, 0.50),
}
"""File, metric CRS, and the least share of border on streets."""
SIDE, STEP_M = 6, 500.0
"""Of a window, in steps of the lattice."""
DEMO_AT_MOST_S = 180.0
CORES = 2

Objects = NDArray[np.object_]
Move = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def main() -> None:
    """Draw the cells of all places and publish their figures."""
    places, bars = {}, {}
    for city, (file, srid, least_share) in CITIES.items():
        lines = streets(file, srid)
        window = densest(lines)
        began = time.process_time()
        cells = cells_of(window, lines)
        spent_s = time.process_time() - began
        own, net = measured(cells, window, lines), measure(naive_cells(window), window, lines)
        places[city] = figures(own, spent_s) | {
            "west_south_m": window.bounds[:2],
            "naive": net.share_of_border_on_barriers,
        }
        bars |= bars_of(city, own, least_share)
        bars[f"{city}, four times the net's share over ours"] = (
            4 * net.share_of_border_on_barriers / own.share_of_border_on_barriers, 1.0,
        )  # fmt: skip
    own, figured = demo()
    places["demo"] = figured
    bars |= bars_of("demo", own, 0.65)
    bars["demo, processor seconds a core"] = (figured["processor_s"] / CORES, DEMO_AT_MOST_S)
    publish("cells", {"places": places, "cores": CORES}, bars)


def streets(file: str, srid: int) -> Objects:
    """Return the streets of a file in a metric CRS."""
    to_metric = Transformer.from_crs(4326, srid, always_xy=True)
    return moved(read_network(shared_data(file)).geometry, lambda xy: np.column_stack(to_metric.transform(*xy.T)))


def moved(shapes: Objects, move: Move) -> Objects:
    """Return shapes in other coordinates."""
    return np.asarray(shapely.transform(np.asarray(shapes, dtype=object), move), dtype=object)


def densest(lines: Objects) -> shapely.Polygon:
    """Return the window with most street length."""
    west, south, east, north = shapely.total_bounds(lines)
    x, y = np.arange(west // STEP_M, east // STEP_M + 1), np.arange(south // STEP_M, north // STEP_M + 1)
    x, y = x * STEP_M, y * STEP_M
    squares = shapely.box(*(each.ravel() for each in np.meshgrid(x, y)), *(
        each.ravel() for each in np.meshgrid(x + STEP_M, y + STEP_M)
    ))  # fmt: skip
    square, line = shapely.STRtree(lines).query(squares)
    inside_m = shapely.length(shapely.intersection(lines[line], squares[square]))
    length_m = np.bincount(square, inside_m, len(squares)).reshape(len(y), len(x))
    windows = np.lib.stride_tricks.sliding_window_view(length_m, (SIDE, SIDE)).sum(axis=(2, 3))
    row, column = np.unravel_index(np.argmax(windows), windows.shape)
    return shapely.box(x[column], y[row], x[column] + SIDE * STEP_M, y[row] + SIDE * STEP_M)


def measured(cells: Objects, outline: shapely.Geometry, barriers: Objects) -> CellQuality:
    """Return the figures of cells, once it is certain that they cover their outline and nothing twice."""
    require(shapely.coverage_is_valid(cells), "the cells overlap or do not share their vertices")
    require(abs(shapely.area(cells).sum() / outline.area - 1) < 1e-9, "the cells do not cover their outline")
    return measure(cells, outline, barriers)


def figures(own: CellQuality, processor_s: float) -> dict[str, object]:
    """Return what is published of a place."""
    return {
        "cells": own.count,
        "mean_m2": own.mean_m2,
        "median_m2": own.median_m2,
        "outside_band": own.share_outside_band,
        "from_5000_to_20000_m2": own.share_5_20,
        "on_streets": own.share_of_border_on_barriers,
        "on_streets_with_outer_border": own.share_of_all_border_on_barriers,
        "compactness_below_0_3": own.share_compactness_below_0_3,
        "mean_compactness": own.mean_compactness,
        "histogram": own.histogram[:-1],
        "processor_s": round(processor_s, 2),
    }


def bars_of(place: str, own: CellQuality, least_share: float) -> dict[str, tuple[float, float]]:
    """Return the bars of the cells of one place, each as what may be at most so much."""
    return {
        f"{place}, share outside 2,500–40,000 m²": (own.share_outside_band, 0.005),
        f"{place}, share outside 5,000–20,000 m²": (1 - own.share_5_20, 0.10),
        f"{place}, mean m²": (own.mean_m2, 12_500),
        f"{place}, 8,000 m² over the mean": (8_000 / own.mean_m2, 1.0),
        f"{place}, share of border off barriers": (1 - own.share_of_border_on_barriers, 1 - least_share),
        f"{place}, share with compactness below 0.3": (own.share_compactness_below_0_3, 0.12),
    }


def demo() -> tuple[CellQuality, dict[str, object]]:
    """Return the figures of all quarters of the demo."""
    district = generate()

    def to_metres(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        return (lonlat - (CENTRE_LON, CENTRE_LAT)) * (M_PER_DEGREE_LON, M_PER_DEGREE_LAT)

    quarters = moved(district.areas[district.areas.level == "residential_quarter"].geometry, to_metres)
    parts = [district.streets, district.walls, district.rail]
    lines = [shapely.get_parts(moved(part.geometry, to_metres)) for part in parts]
    banks = shapely.get_rings(shapely.get_parts(moved(district.water.geometry, to_metres)))
    barriers = np.concatenate([*lines, banks])
    before_s, began = processor_s(), time.perf_counter()
    cells = of_quarters(list(quarters), barriers, options=CellOptions(strip_m=VERGE_M), processes=CORES)
    spent_s, took_s = processor_s() - before_s, time.perf_counter() - began
    for quarter, its_cells in zip(quarters, cells, strict=True):
        measured(its_cells, quarter, barriers)
    own = measure(np.concatenate(cells), shapely.union_all(quarters), barriers)
    return own, figures(own, spent_s) | {"quarters": len(quarters), "seconds": round(took_s, 1)}


def processor_s() -> float:
    """Return the processor time of this process and of those that it has ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main()
