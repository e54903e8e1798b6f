"""How evenly the balanced division shares the load of a town, beside spopt and a naive division.

::

    uv run --no-project --with spopt --with-editable . benchmarks/balance.py [--cells 400] [--grids 30] [--seeds 5]

The town is a square net of cells (rook neighbours) whose loads are lognormal, as cases by cell are; the present grids
are square blocks. All divisions have as many districts and are connected (checked); they are compared by the largest
load over the mean, the Gini coefficient and the coefficient of variation. spopt is no dependency of the project:
without it only its lines are missing.
"""

import argparse
import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.balance import balance_of, balanced, loads_of, neighbour_lists, pieces_of

Labels = NDArray[np.int64]
Method = Callable[[], Labels]


def net(side: int) -> NDArray[np.int64]:
    number = np.arange(side * side).reshape(side, side)
    east = np.column_stack([number[:, :-1].ravel(), number[:, 1:].ravel()])
    south = np.column_stack([number[:-1].ravel(), number[1:].ravel()])
    return np.concatenate([east, south])


def blocks(side: int, grids: int) -> Labels:
    """The present grids: as nearly square blocks as the number allows."""
    rows = int(np.sqrt(grids))
    while grids % rows:
        rows -= 1
    columns = grids // rows
    y, x = np.divmod(np.arange(side * side), side)
    return (y * rows // side * columns + x * columns // side).astype(np.int64)


def spopt_methods(load: NDArray[np.float64], side: int, grids: int) -> Iterator[tuple[str, Method]]:
    try:
        import geopandas as gpd
        import libpysal
        import shapely
        from spopt.region import MaxPHeuristic, RegionKMeansHeuristic, Skater, WardSpatial
    except ImportError:
        print("spopt is not installed: only the own division and the naive one")
        return
    y, x = np.divmod(np.arange(side * side), side)
    frame = gpd.GeoDataFrame({"load": load, "one": 1}, geometry=shapely.box(x, y, x + 1, y + 1))
    weights = libpysal.weights.Rook.from_dataframe(frame, use_index=False)

    def maxp() -> Labels:
        # The largest floor that still gives as many regions, by bisection.
        low, high, found = 0.0, float(load.sum() / grids), None
        for _ in range(5):
            floor = (low + high) / 2
            model = MaxPHeuristic(frame, weights, ["load"], "load", floor, 2, max_iterations_construction=10)
            np.random.seed(0)  # noqa: NPY002 -- what spopt draws from
            model.solve()
            if model.p >= grids:
                low, found = floor, model
            else:
                high = floor
        return np.asarray(found.labels_ if found is not None else np.zeros(len(load)))

    def kmeans() -> Labels:
        model = RegionKMeansHeuristic(load[:, None], grids, weights)
        model.solve()
        return np.asarray(model.labels_)

    def skater() -> Labels:
        model = Skater(
            frame, weights, ["load"], n_clusters=grids, floor=max(2, len(load) // grids // 2), islands="ignore"
        )
        model.solve()
        return np.asarray(model.labels_)

    def ward() -> Labels:
        model = WardSpatial(frame, weights, ["load"], n_clusters=grids)
        model.solve()
        return np.asarray(model.labels_)

    yield from (("spopt maxp", maxp), ("spopt region k-means", kmeans), ("spopt skater", skater), ("spopt ward", ward))


def greedy(load: NDArray[np.float64], neighbours: list[list[int]], present: Labels) -> Labels:
    """The naive division: from one seed a district, the lightest takes its lightest free neighbour."""
    grids = int(present.max()) + 1
    district = np.full(len(load), -1, dtype=np.int64)
    for own in range(grids):
        units = np.flatnonzero(present == own)
        district[units[len(units) // 2]] = own
    while (district < 0).any():
        totals = loads_of(load, district, grids)
        for own in np.argsort(totals, kind="stable").tolist():
            free = [v for u in np.flatnonzero(district == own).tolist() for v in neighbours[u] if district[v] < 0]
            if free:
                district[min(free, key=lambda unit: load[unit])] = own
                break
    return district


def run(cells: int, grids: int, seeds: int) -> None:
    side = round(cells**0.5)
    neighbours = neighbour_lists(side * side, net(side))
    results: dict[str, list[tuple[float, ...]]] = {}
    for seed in range(seeds):
        load = np.random.default_rng(seed).lognormal(0, 0.8, side * side)
        present = blocks(side, grids)
        methods: list[tuple[str, Method]] = [
            ("present blocks", lambda present=present: present),
            ("greedy", lambda load=load, present=present: greedy(load, neighbours, present)),
            ("own", lambda load=load, present=present: balanced(load, neighbours, present)),
            *spopt_methods(load, side, grids),
        ]
        for name, method in methods:
            begins = time.perf_counter()
            try:
                labels = method()
            except Exception as error:  # noqa: BLE001 -- a method that fails is a result
                print(f"{name}, seed {seed}: {type(error).__name__}: {error}")
                continue
            taken_s = time.perf_counter() - begins
            labels = np.unique(labels, return_inverse=True)[1]
            found = balance_of(loads_of(load, labels, int(labels.max()) + 1))
            pieces = sum(
                len(pieces_of(np.flatnonzero(labels == own).tolist(), neighbours)) for own in range(labels.max() + 1)
            )
            row = (labels.max() + 1, pieces, found.max_over_mean, found.gini, found.variation, taken_s)
            results.setdefault(name, []).append(row)
            print(name, seed, *(round(float(value), 4) for value in row), flush=True)
    print(f"{side * side} cells, {grids} grids, mean of {seeds} towns")
    print(f"{'':22}{'grids':>6}{'pieces':>8}{'max/mean':>10}{'gini':>8}{'cv':>8}{'seconds':>9}")
    for name, rows in results.items():
        means = np.mean(rows, axis=0)
        print(f"{name:22}{means[0]:6.1f}{means[1]:8.1f}{means[2]:10.3f}{means[3]:8.4f}{means[4]:8.4f}{means[5]:9.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("cells", 400), ("grids", 30), ("seeds", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    run(asked.cells, asked.grids, asked.seeds)
