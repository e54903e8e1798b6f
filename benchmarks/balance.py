"""How evenly the balanced division shares the load of a town, beside spopt and a naive division.

The town is a square net of cells (rook neighbours) whose loads are lognormal, as cases by cell are; the present grids
are blocks. All divisions are compared by the largest load over the mean, the Gini coefficient and the coefficient of
variation; ``pieces`` equals ``grids`` where every grid is connected. spopt is no dependency of the project
(``pip install --target DIR spopt``, then ``PYTHONPATH=DIR``); without it only its lines are missing.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.balance import balance_of, balanced, loads_of, neighbour_lists, pieces_of

try:
    import geopandas as gpd
    import libpysal
    import shapely
    from spopt.region import MaxPHeuristic, RegionKMeansHeuristic, Skater, WardSpatial

    HAS_SPOPT = True
except ImportError:
    HAS_SPOPT = False

Loads = NDArray[np.float64]
Labels = NDArray[np.int64]
Method = Callable[[], Labels]
SIGMA = 0.8
"""Of the lognormal loads: the heaviest twentieth of the cells has a fifth of all."""
BISECTIONS = 5


def net(side: int) -> NDArray[np.int64]:
    """Return the pairs of neighbours of a square of cells."""
    number = np.arange(side * side).reshape(side, side)
    east = np.column_stack([number[:, :-1].ravel(), number[:, 1:].ravel()])
    south = np.column_stack([number[:-1].ravel(), number[1:].ravel()])
    return np.concatenate([east, south])


def blocks(side: int, grids: int) -> Labels:
    """Return the present grids: as nearly square blocks as their number allows."""
    rows = max(number for number in range(1, int(grids**0.5) + 1) if grids % number == 0)
    columns = grids // rows
    y, x = np.divmod(np.arange(side * side), side)
    return (y * rows // side * columns + x * columns // side).astype(np.int64)


def greedy(load: Loads, neighbours: list[list[int]], present: Labels) -> Labels:
    """Return the naive division: from one seed a grid, the lightest grid takes its lightest free neighbour."""
    grids = int(present.max()) + 1
    district = np.full(len(load), -1, dtype=np.int64)
    for own in range(grids):
        units = np.flatnonzero(present == own)
        district[units[len(units) // 2]] = own
    while (district < 0).any():
        for own in np.argsort(loads_of(load, district, grids), kind="stable").tolist():
            free = [v for u in np.flatnonzero(district == own).tolist() for v in neighbours[u] if district[v] < 0]
            if free:
                district[min(free, key=lambda unit: load[unit])] = own
                break
    return district


def spopt_methods(load: Loads, side: int, grids: int) -> Iterator[tuple[str, Method]]:
    """Yield the methods of spopt.region that can be asked for a number of grids, or a floor of their loads."""
    y, x = np.divmod(np.arange(side * side), side)
    frame = gpd.GeoDataFrame({"load": load}, geometry=shapely.box(x, y, x + 1, y + 1))
    weights = libpysal.weights.Rook.from_dataframe(frame, use_index=False)
    yield "spopt maxp", partial(_maxp, frame, weights, grids)
    smallest = len(load) // grids // 2
    models = {
        "spopt region k-means": lambda: RegionKMeansHeuristic(load[:, None], grids, weights),
        "spopt skater": lambda: Skater(frame, weights, ["load"], n_clusters=grids, floor=smallest, islands="ignore"),
        "spopt ward": lambda: WardSpatial(frame, weights, ["load"], n_clusters=grids),
    }
    for name, model in models.items():
        yield name, partial(_solved, model)


def _solved(make: Callable[[], object]) -> Labels:
    model = make()
    model.solve()  # type: ignore[attr-defined]  # all of spopt's have it
    return np.asarray(model.labels_)  # type: ignore[attr-defined]  # as above


def _maxp(frame: object, weights: object, grids: int) -> Labels:
    """Return the regions of the largest floor that still gives as many, by bisection."""
    low, high, found = 0.0, float(frame["load"].sum() / grids), None  # type: ignore[index]  # a frame
    for _ in range(BISECTIONS):
        floor = (low + high) / 2
        np.random.seed(0)  # noqa: NPY002 -- what spopt draws from
        model = MaxPHeuristic(frame, weights, ["load"], "load", floor, 2, max_iterations_construction=10)
        model.solve()
        if model.p >= grids:
            low, found = floor, model
        else:
            high = floor
    if found is None:
        raise RuntimeError("no floor gives as many regions")
    return np.asarray(found.labels_)


def measured(method: Method, load: Loads, neighbours: list[list[int]]) -> tuple[float, ...]:
    """Return grids, pieces, largest load over the mean, Gini, coefficient of variation, and seconds."""
    begins = time.perf_counter()
    labels = method()
    taken_s = time.perf_counter() - begins
    labels = np.unique(labels, return_inverse=True)[1]
    grids = int(labels.max()) + 1
    pieces = sum(len(pieces_of(np.flatnonzero(labels == own).tolist(), neighbours)) for own in range(grids))
    found = balance_of(loads_of(load, labels, grids))
    if found is None:
        raise RuntimeError("no load")
    return grids, pieces, found.max_over_mean, found.gini, found.variation, taken_s


def main() -> None:
    """Measure all methods on some towns and print their means."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("cells", 225), ("grids", 15), ("towns", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    side = round(asked.cells**0.5)
    neighbours, present = neighbour_lists(side * side, net(side)), blocks(side, asked.grids)
    results: dict[str, list[tuple[float, ...]]] = {}
    for seed in range(asked.towns):
        load = np.random.default_rng(seed).lognormal(0, SIGMA, side * side)
        methods: list[tuple[str, Method]] = [
            ("present blocks", lambda: present),
            ("greedy", partial(greedy, load, neighbours, present)),
            ("own", partial(balanced, load, neighbours, present)),
            *(spopt_methods(load, side, asked.grids) if HAS_SPOPT else ()),
        ]
        for name, method in methods:
            results.setdefault(name, []).append(measured(method, load, neighbours))
    print(f"{side * side} cells, {asked.grids} grids, mean of {asked.towns} towns")
    print(f"{'':22}{'grids':>6}{'pieces':>8}{'max/mean':>10}{'gini':>8}{'cv':>8}{'seconds':>9}")
    for name, rows in results.items():
        grids, pieces, most, gini, variation, taken_s = np.mean(rows, axis=0)
        print(f"{name:22}{grids:6.1f}{pieces:8.1f}{most:10.3f}{gini:8.4f}{variation:8.4f}{taken_s:9.2f}")


if __name__ == "__main__":
    main()
