"""Faces are merged into cells, best gain first."""

import heapq

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.cells.options import CellOptions
from gridmgmt.analysis.cells.worth import OFF_BARRIER, ON_BARRIER, shape_cost, size_cost

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


def merged(
    area_m2: Floats, perimeter_m: Floats, pairs: Indices, border_m: Floats, on_m: Floats, options: CellOptions
) -> Indices:
    """Return for each face the number of the cell that it is of.

    Parameters
    ----------
    pairs
        (n, 2): faces that share a border.
    border_m, on_m
        (n,): the length of the border, and how much of it is on barriers.
    """
    return _Merging(area_m2, perimeter_m, pairs, border_m, on_m, options).run()


class _Merging:
    """The cells so far with what lies beside each, and a heap of merges that were worth it when they were offered."""

    def __init__(
        self, area_m2: Floats, perimeter_m: Floats, pairs: Indices, border_m: Floats, on_m: Floats, options: CellOptions
    ) -> None:
        self.options = options
        self.area = area_m2.tolist()
        self.perimeter = perimeter_m.tolist()
        self.cost = (size_cost(area_m2, options) + shape_cost(area_m2, perimeter_m, options)).tolist()
        self.label = list(range(len(area_m2)))
        self.beside: list[dict[int, tuple[float, float]]] = [{} for _ in self.label]
        for (a, b), border, on in zip(pairs.tolist(), border_m.tolist(), on_m.tolist(), strict=True):
            self.beside[a][b] = self.beside[b][a] = (border, on)
        # What is in the heap holds while the stamps of both are as they were.
        self.stamp = [0] * len(self.label)
        self.heap: list[tuple[float, int, int, int, int]] = []

    def run(self) -> Indices:
        """Merge until nothing is gained any more; return for each face the number of its cell."""
        for a, others in enumerate(self.beside):
            self.offer(a, [b for b in others if b > a])
        while self.heap:
            _, a, b, stamp_a, stamp_b = heapq.heappop(self.heap)
            if self.stamp[a] == stamp_a and self.stamp[b] == stamp_b:
                self.merge(a, b)
        label = np.array(self.label)
        while (label != label[label]).any():
            label = label[label]
        return np.unique(label, return_inverse=True)[1].astype(np.int64).ravel()

    def offer(self, a: int, others: list[int]) -> None:
        """Put the merges of a cell with others that gain something into the heap."""
        if not others:
            return
        area = np.array([self.area[a] + self.area[b] for b in others])
        border = [self.beside[a][b] for b in others]
        perimeter = np.array(
            [self.perimeter[a] + self.perimeter[b] - 2 * m for b, (m, _) in zip(others, border, strict=True)]
        )
        cost = size_cost(area, self.options) + shape_cost(area, perimeter, self.options)
        for b, after, (length, on) in zip(others, cost.tolist(), border, strict=True):
            gain = self.cost[a] + self.cost[b] - after + OFF_BARRIER * (length - on) - ON_BARRIER * on
            if gain > 0:
                low, high = min(a, b), max(a, b)
                heapq.heappush(self.heap, (-gain, low, high, self.stamp[low], self.stamp[high]))

    def merge(self, a: int, b: int) -> None:
        """Make one cell, numbered a, of a and b."""
        border, _ = self.beside[a].pop(b)
        del self.beside[b][a]
        self.area[a] += self.area[b]
        self.perimeter[a] += self.perimeter[b] - 2 * border
        area, perimeter = np.array([self.area[a]]), np.array([self.perimeter[a]])
        self.cost[a] = float((size_cost(area, self.options) + shape_cost(area, perimeter, self.options))[0])
        for c, (length, on) in self.beside[b].items():
            del self.beside[c][b]
            had, had_on = self.beside[a].get(c, (0.0, 0.0))
            self.beside[a][c] = self.beside[c][a] = (had + length, had_on + on)
        self.beside[b] = {}
        self.label[b] = a
        self.stamp[a] += 1
        self.stamp[b] = -1
        self.offer(a, sorted(self.beside[a]))
