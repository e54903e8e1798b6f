"""The skeleton: a warped lattice of main streets, a river, canals and a railway, and the towns between them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from gridmgmt.demo.arrangement import Arrangement, Line
from gridmgmt.demo.towns import LAYOUT

SPACING_M = 712.0
ROWS, COLUMNS = len(LAYOUT), len(LAYOUT[0])
RELAXATIONS = 4
STEPS = 3
"""Pieces of each lattice edge, so that it can bend."""
WAVES = ((8200.0, 310.0), (3600.0, 70.0), (1500.0, 15.0))
"""Wavelength and amplitude of the warp, both in metres: wide enough that nothing folds over."""
RIVER_ROW, CANAL_ROWS, CANAL_COLUMN, RAIL_COLUMN = 13, (25,), 14, 22
CANAL_COLUMN_FROM_ROW = 13
RIVER_BRIDGES = (9, 13, 17, 21, 23)
CROSSING_EVERY = {"canal": 2, "rail": 3}
PRIMARY_EVERY = 4

Node = tuple[int, int]
"""Column and row of a lattice node, from the south-west."""


@dataclass(frozen=True)
class Skeleton:
    """The arrangement of superblocks, the town letter of each, and the points where main streets cross barriers."""

    arrangement: Arrangement
    town_of: dict[int, str]
    crossings: frozenset[int]


def build_skeleton(names: Iterator[str], rng: Generator) -> Skeleton:
    """Return the superblocks of the layout, warped by smooth noise; streets take the next names."""
    cells = {
        (column, ROWS - 1 - row): letter
        for row, text in enumerate(LAYOUT)
        for column, letter in enumerate(text)
        if letter != "."
    }
    warp = _Warp(rng)
    lines = _lattice_lines(names)
    builder = _Builder(cells, _relaxed(cells), warp, lines)
    town_of = {builder.face(cell): letter for cell, letter in sorted(cells.items())}
    return Skeleton(builder.arrangement, town_of, builder.crossings(lines))


def corners(cell: Node) -> tuple[Node, Node, Node, Node]:
    """Return the four nodes of a lattice cell, counter-clockwise from the south-west."""
    i, j = cell
    return (i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)


MILLIMETRE_DECIMALS = 3


class _Warp:
    """A smooth displacement field: plane waves of seeded heading and phase.

    Each wave swings across its heading, a shear that keeps areas, so that the towns keep about their sizes.
    """

    def __init__(self, rng: Generator) -> None:
        self.waves = [
            (2 * np.pi / length_m, amplitude_m, rng.uniform(0, np.pi, 3), rng.uniform(0, 2 * np.pi, 3))
            for length_m, amplitude_m in WAVES
        ]

    def __call__(self, point: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a point moved, in metres."""
        moved = point.astype(float)
        for wavenumber, amplitude_m, headings, phases in self.waves:
            along = wavenumber * (point[0] * np.cos(headings) + point[1] * np.sin(headings))
            swing_m = amplitude_m * np.sin(along + phases)
            moved += np.array([-np.sum(swing_m * np.sin(headings)), np.sum(swing_m * np.cos(headings))])
        # Sines differ between processors in their last bits; a seed means one district everywhere.
        return np.round(moved, MILLIMETRE_DECIMALS)


class _Builder:
    """Makes lattice cells into faces whose edges are shared, each edge only once."""

    def __init__(
        self,
        cells: dict[Node, str],
        places: dict[Node, NDArray[np.float64]],
        warp: _Warp,
        lines: dict[tuple[str, int], Line],
    ) -> None:
        self.arrangement = Arrangement()
        self.cells, self.places, self.warp, self.lines = cells, places, warp, lines
        self.number: dict[Node, int] = {}
        self.paths: dict[tuple[Node, Node], list[int]] = {}

    def face(self, cell: Node) -> int:
        nodes = corners(cell)
        ring: list[int] = []
        for start, end in zip(nodes, nodes[1:] + nodes[:1], strict=True):
            ring += self._path(start, end)[:-1]
        return self.arrangement.add_face(ring)

    def crossings(self, lines: dict[tuple[str, int], Line]) -> frozenset[int]:
        """Return the points of the nodes where a main street crosses a barrier."""
        found = set()
        for (i, j), number in self.number.items():
            column, row = _line_at(lines, "column", i, j), _line_at(lines, "row", j, i)
            if column.is_barrier == row.is_barrier:
                continue
            barrier, place = (row, i) if row.is_barrier else (column, j)
            if place in RIVER_BRIDGES if barrier.kind == "river" else place % CROSSING_EVERY[barrier.kind] == 0:
                found.add(number)
        return frozenset(found)

    def _path(self, start: Node, end: Node) -> list[int]:
        if (end, start) in self.paths:
            return self.paths[end, start][::-1]
        if (start, end) not in self.paths:
            line = self._line(start, end)
            path = [self._node(start), *self._between(start, end), self._node(end)]
            for u, v in pairwise(path):
                self.arrangement.add_edge(u, v, line)
            self.paths[start, end] = path
        return self.paths[start, end]

    def _node(self, node: Node) -> int:
        if node not in self.number:
            moved = self.warp(self.places[node])
            self.number[node] = self.arrangement.add_point((moved[0], moved[1]))
        return self.number[node]

    def _between(self, start: Node, end: Node) -> list[int]:
        step = (self.places[end] - self.places[start]) / STEPS
        moved = [self.warp(self.places[start] + k * step) for k in range(1, STEPS)]
        return [self.arrangement.add_point((x, y)) for x, y in moved]

    def _line(self, start: Node, end: Node) -> Line:
        low, high = min(start, end), max(start, end)
        is_column = low[0] == high[0]
        sides = (low, (low[0] - 1, low[1])) if is_column else (low, (low[0], low[1] - 1))
        if not all(side in self.cells for side in sides):
            return Line("border")
        if is_column:
            return _line_at(self.lines, "column", low[0], low[1])
        return _line_at(self.lines, "row", low[1], low[0])


def _line_at(lines: dict[tuple[str, int], Line], way: str, number: int, at: int) -> Line:
    if way == "column" and number == CANAL_COLUMN and at < CANAL_COLUMN_FROM_ROW:
        return lines["street", number]
    return lines[way, number]


def _lattice_lines(names: Iterator[str]) -> dict[tuple[str, int], Line]:
    """Return the line of each column and row; ``("street", CANAL_COLUMN)`` goes on where the canal ends."""
    lines = {("column", i): _street(i, names) for i in range(COLUMNS + 1)}
    lines |= {("row", j): _street(j, names) for j in range(ROWS + 1)}
    lines["street", CANAL_COLUMN] = lines["column", CANAL_COLUMN]
    lines["column", CANAL_COLUMN] = Line("canal", "合成泾")
    lines |= {("row", j): Line("canal", "合成河") for j in CANAL_ROWS}
    lines["column", RAIL_COLUMN] = Line("rail", "合成铁路")
    lines["row", RIVER_ROW] = Line("river", "合成浜")
    return lines


def _street(number: int, names: Iterator[str]) -> Line:
    return Line("primary" if number % PRIMARY_EVERY == 1 else "secondary", next(names))


def _relaxed(cells: dict[Node, str]) -> dict[Node, NDArray[np.float64]]:
    """Return the nodes in metres, the outline's stairs smoothed by averaging each node with its neighbours."""
    sides: dict[tuple[Node, Node], int] = {}
    for cell in sorted(cells):
        nodes = corners(cell)
        for start, end in zip(nodes, nodes[1:] + nodes[:1], strict=True):
            key = (min(start, end), max(start, end))
            sides[key] = sides.get(key, 0) + 1
    outline = {node for side, count in sides.items() if count == 1 for node in side}
    near: dict[Node, list[Node]] = {}
    for (start, end), count in sides.items():
        for node, other in ((start, end), (end, start)):
            if node not in outline or count == 1:
                near.setdefault(node, []).append(other)
    places = {(i, j): np.array([(i - COLUMNS / 2) * SPACING_M, (j - ROWS / 2) * SPACING_M]) for i, j in sorted(near)}
    for _ in range(RELAXATIONS):
        places = {
            node: place / 2 + sum(places[other] for other in near[node]) / (2 * len(near[node]))
            for node, place in places.items()
        }
    return places
