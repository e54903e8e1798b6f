"""Three ways to resolve the conflicts of a comparison into one division of the same land, and what each way moves."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.apportion import overlay
from gridmgmt.analysis.boundaries import LEAST_M2
from gridmgmt.analysis.ellipsoid import areas_m2
from gridmgmt.analysis.location import area_of_points
from gridmgmt.analysis.overlay import NONE, dissolved, narrow
from gridmgmt.merging.comparison import AGREED, Comparison, counted
from gridmgmt.merging.rules import CellWeight, ConflictKind, MergeAsk, Way

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Objects = NDArray[np.object_]

_TIE = 1e-6
"""Votes nearer to each other than this are as many: sums of halves and thirds."""


@dataclass(frozen=True)
class MergedGrid:
    """One grid of the result.

    ``members`` tells the code in each department whose grid is its core; it is empty for a piece of its own, of which
    ``conflict`` is the number. ``cells`` are the codes of its grid cells where whole cells were given. ``parts`` counts
    its pieces of land; residents are those of 60 and over.
    """

    code: str
    name: str | None
    members: Mapping[str, str]
    conflict: int | None
    cells: tuple[str, ...] | None
    surface: shapely.MultiPolygon
    area_m2: float
    residents: float
    cases: int
    parts: int


@dataclass(frozen=True)
class Change:
    """What one department would have to give: land, residents of 60 and over and cases that go to another grid.

    ``unheld_m2`` is land of the result that it had in no grid, ``unheld_residents`` and ``unheld_cases`` what is there.
    """

    department: str
    moved_m2: float
    moved_residents: float
    moved_cases: int
    unheld_m2: float
    unheld_residents: float
    unheld_cases: int


@dataclass(frozen=True)
class Result:
    """A division of the land.

    Parameters
    ----------
    face, to, area_m2
        Pieces of faces, and to which merged grid each goes: a core by its number, then the pieces that stay their own;
        -1 for land that is in no grid of the result.
    residents, cases
        What lies on each piece.
    own
        The faces that are pieces of their own.
    surfaces
        What is put together to grids (faces or cells), and ``part_of`` the grid of each, -1 for none.
    cell_codes
        The codes of the cells where the surfaces are cells.
    """

    way: Way
    comparison: Comparison
    face: Indices
    to: Indices
    area_m2: Floats
    residents: Floats
    cases: Floats
    own: Indices
    surfaces: Objects
    part_of: Indices
    cell_codes: tuple[str, ...] | None = None

    @cached_property
    def grids(self) -> list[MergedGrid]:
        """The merged grids that have land, in the order of cores and then of conflicts."""
        cores = self.comparison.cores
        n = len(cores) + len(self.own)
        inside = np.flatnonzero(self.part_of >= 0)
        found = dissolved(self.surfaces[inside], self.part_of[inside], n, noded=self.cell_codes is None)
        residents, cases = (counted(self.to, column, n) for column in (self.residents, self.cases))
        area_m2, parts = areas_m2(found), shapely.get_num_geometries(found)
        members = self._cells_of(n)
        return [
            MergedGrid(
                code=self.code_of(int(k)),
                name=cores[k].name if k < len(cores) else None,
                members=cores[k].members if k < len(cores) else {},
                conflict=None if k < len(cores) else self._conflict(int(k)),
                cells=None if members is None else members[k],
                surface=found[k],
                area_m2=float(area_m2[k]),
                residents=float(residents[k]),
                cases=round(cases[k]),
                parts=int(parts[k]),
            )
            for k in np.flatnonzero(parts > 0)
        ]

    def _cells_of(self, n: int) -> list[tuple[str, ...]] | None:
        if self.cell_codes is None:
            return None
        found: list[list[str]] = [[] for _ in range(n)]
        for code, grid in zip(self.cell_codes, self.part_of.tolist(), strict=True):
            if grid >= 0:
                found[grid].append(code)
        return [tuple(each) for each in found]

    def code_of(self, k: int) -> str:
        """Return the code of a merged grid by its number."""
        cores = self.comparison.cores
        return cores[k].code if k < len(cores) else f"conflict-{self._conflict(k)}"

    def _conflict(self, k: int) -> int:
        """Return the number of the conflict that is a piece of its own."""
        face = self.own[k - len(self.comparison.cores)]
        return int(np.flatnonzero(self.comparison.conflicts == face)[0]) + 1

    @cached_property
    def land_m2(self) -> float:
        """The land of the result."""
        return float(areas_m2(self.surfaces[self.part_of >= 0]).sum())

    def changes(self) -> list[Change]:
        """Return what each department would have to give."""
        return [self._change(k) for k in range(len(self.comparison.departments))]

    def _change(self, k: int) -> Change:
        had, inside = self.comparison.assigned[self.face, k], self.to >= 0
        unheld, moved = inside & (had == NONE), inside & (had != NONE) & (had != self.to)

        def on(where: NDArray[np.bool_]) -> tuple[float, float, int]:
            columns = (self.area_m2, self.residents, self.cases)
            m2, residents, cases = (float(column[where].sum()) for column in columns)
            return m2, residents, round(cases)

        return Change(self.comparison.departments[k], *on(moved), *on(unheld))

    def slivers(self, width_m: float) -> int:
        """Return how many pieces of merged grids are nowhere wider than this."""
        pieces = shapely.get_parts(np.array([grid.surface for grid in self.grids], dtype=object))
        return int(narrow(pieces, self.comparison.ground.to_plane, width_m).sum())

    def outcomes(self) -> list[list[str]]:
        """Return for each conflict, in their order, the codes of the merged grids that get land of it."""
        found: dict[int, list[str]] = {int(face): [] for face in self.comparison.conflicts}
        for face, to in sorted(set(zip(self.face.tolist(), self.to.tolist(), strict=True))):
            if face in found and to >= 0:
                found[face].append(self.code_of(to))
        return list(found.values())


def resolve(comparison: Comparison, ask: MergeAsk, decided: Mapping[int, int], way: Way) -> Result | None:
    """Return the division that a way makes; None for whole cells where there are none.

    Parameters
    ----------
    decided
        The core, by number, that gets the land of a conflict, by its number.
    """
    votes = comparison.votes.copy()
    faces = {int(comparison.conflicts[number - 1]): core for number, core in decided.items()}
    for face, core in faces.items():
        votes[face] = 0
        votes[face, core] = len(comparison.departments)
    if way is Way.CELLS:
        return None if comparison.ground.cells is None else _by_cells(comparison, votes, ask.cell_weight)
    to, own = _by_lead(comparison, votes, ask.leading) if way is Way.LEAD else _by_majority(comparison, votes)
    for face, core in faces.items():
        to[face] = core
    return _of_faces(comparison, way, to, own[to[own] < 0])


def _of_faces(comparison: Comparison, way: Way, to: Indices, own: Indices) -> Result:
    to[own] = len(comparison.cores) + np.arange(len(own))
    return Result(
        way=way,
        comparison=comparison,
        face=np.arange(len(to)),
        to=to,
        area_m2=comparison.faces.area_m2,
        residents=comparison.residents,
        cases=comparison.cases,
        own=own,
        surfaces=comparison.faces.surfaces,
        part_of=to,
    )


def _by_lead(comparison: Comparison, votes: Floats, lead: str) -> tuple[Indices, Indices]:
    """Follow one department's borders; where it has no grid or several, the one of them that most departments have."""
    k = comparison.departments.index(lead)
    to = comparison.assigned[:, k].copy()
    top = _first(votes)
    of_lead = np.zeros((len(to), len(comparison.cores)), dtype=bool)
    held = np.array([each == lead for each in comparison.grids.department], dtype=bool)[comparison.faces.grid]
    of_lead[comparison.faces.face[held], comparison.core_of_grid[comparison.faces.grid[held]]] = True
    of_lead[~of_lead.any(axis=1)] = True
    among = _first(np.where(of_lead, votes, -1.0))
    open_ = to < 0
    to[open_] = among[open_]
    to[top < 0] = -1
    return to, np.empty(0, dtype=np.int64)


def _by_majority(comparison: Comparison, votes: Floats) -> tuple[Indices, Indices]:
    """Give each face to the core that more than half of the departments with a grid there assign it to.

    A sliver without a majority goes to the one of its cores with most land; any other stays a piece of its own.
    """
    to, most = _first(votes), votes.max(axis=1, initial=0)
    undecided = (most > 0) & (most <= votes.sum(axis=1) / 2 + _TIE)
    thin = undecided & (comparison.kinds == ConflictKind.SLIVER)
    to[thin] = _first(np.where(votes[thin] > 0, comparison.core_m2, 0.0))
    own = np.flatnonzero(undecided & ~thin & (comparison.kinds != AGREED))
    to[own] = -1
    return to, own.astype(np.int64)


def _first(votes: Floats) -> Indices:
    """Return the column with most votes, the first of several as many; -1 where nobody votes."""
    most = votes.max(axis=1, initial=0)
    return np.where(most > 0, (votes >= most[:, None] - _TIE).argmax(axis=1), -1).astype(np.int64)


def _by_cells(comparison: Comparison, votes: Floats, weight: CellWeight) -> Result:
    """Give each cell whole to the core to which departments assign most of it, in land or in residents."""
    ground, faces = comparison.ground, comparison.faces
    cells = np.asarray(ground.cells, dtype=object)
    pieces = overlay(faces.surfaces, cells, tolerance_m2=LEAST_M2)
    inside = pieces.target < len(cells)
    face, cell, area_m2 = pieces.source[inside], pieces.target[inside], pieces.piece_m2[inside]
    place_cell, case_cell = (area_of_points(cells, points.lonlat) for points in (ground.places, ground.cases))
    residents = _on_pieces(face, cell, len(cells), comparison.place_face, place_cell, ground.places.weight)
    cases = _on_pieces(face, cell, len(cells), comparison.case_face, case_cell, ground.cases.weight)
    land = np.zeros((len(cells), len(comparison.cores)))
    people = np.zeros_like(land)
    np.add.at(land, cell, votes[face] * area_m2[:, None])
    np.add.at(people, cell, votes[face] * residents[:, None])
    by_people = (weight is CellWeight.RESIDENTS) & (people.sum(axis=1) > 0)
    to = _first(np.where(by_people[:, None], people, land))
    return Result(
        way=Way.CELLS,
        comparison=comparison,
        face=face,
        to=to[cell],
        area_m2=area_m2,
        residents=residents,
        cases=cases,
        own=np.empty(0, dtype=np.int64),
        surfaces=cells,
        part_of=to,
        cell_codes=ground.cell_codes,
    )


def _on_pieces(
    face: Indices, cell: Indices, n_cells: int, point_face: Indices, point_cell: Indices, weight: Floats
) -> Floats:
    """Return the weight of the points on each piece of a face in a cell."""
    key = face * n_cells + cell
    order = np.argsort(key)
    known = (point_face >= 0) & (point_cell >= 0)
    asked = point_face[known] * n_cells + point_cell[known]
    at = np.minimum(np.searchsorted(key[order], asked), len(key) - 1)
    there = key[order][at] == asked if len(key) else np.zeros(len(asked), dtype=bool)
    return np.bincount(order[at[there]], weight[known][there], len(key)).astype(np.float64)
