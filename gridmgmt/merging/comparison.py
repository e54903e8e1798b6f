"""Grids of several departments compared: faces, common cores, and the conflicts between them, with who lives there."""

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from gridmgmt.analysis.location import area_of_points
from gridmgmt.analysis.overlay import (
    NONE,
    SEVERAL,
    Faces,
    assignments,
    cores_of,
    faces_of,
    mean_width_m,
    narrow,
    votes_of,
)
from gridmgmt.merging.rules import ConflictKind

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Objects = NDArray[np.object_]

AGREED = ""
"""Stands for no conflict in a list of kinds."""


@dataclass(frozen=True)
class Grids:
    """The grids of all departments, in the order of departments and codes; surfaces in degrees (EPSG:4326)."""

    department: tuple[str, ...]
    code: tuple[str, ...]
    name: tuple[str | None, ...]
    surfaces: Objects

    @classmethod
    def ordered(cls, rows: list[tuple[str, str, str | None, shapely.Geometry]]) -> "Grids":
        """Return grids, given as department, code, name and surface in any order."""
        rows = sorted(rows, key=lambda row: row[:2])
        surfaces = np.empty(len(rows), dtype=object)
        surfaces[:] = [row[3] for row in rows]
        return cls(tuple(r[0] for r in rows), tuple(r[1] for r in rows), tuple(r[2] for r in rows), surfaces)


@dataclass(frozen=True)
class Points:
    """Places or cases: positions in degrees ``(n, 2)`` and what each counts ``(n,)``."""

    lonlat: Floats
    weight: Floats

    @classmethod
    def none(cls) -> "Points":
        """Return no points."""
        return cls(np.empty((0, 2)), np.empty(0))


@dataclass(frozen=True)
class Ground:
    """What the grids lie on.

    Parameters
    ----------
    to_plane
        From degrees to metres.
    within
        The surface to compare within; None for all land that any grid holds.
    places
        Places where people live, with their residents of 60 and over.
    counted
        False where places are known but nobody has counted who lives there.
    cases
        Cases, one each.
    cell_codes, cells
        The grid cells in force, by code, and their surfaces; none where there are none.
    """

    to_plane: Transformer
    within: shapely.Geometry | None = None
    places: Points = field(default_factory=Points.none)
    counted: bool = True
    cases: Points = field(default_factory=Points.none)
    cell_codes: tuple[str, ...] = ()
    cells: Objects | None = None


@dataclass(frozen=True)
class Core:
    """Grids that are the same at heart: the code and name of the merged grid, and the code in each department."""

    code: str
    name: str | None
    members: dict[str, str]


@dataclass(frozen=True)
class Comparison:
    """Faces with what each department says of them.

    Parameters
    ----------
    assigned
        The core to which each department assigns each face, ``(f, d)``, see
        :func:`gridmgmt.analysis.overlay.assignments`.
    votes
        How many departments assign each face to each core, ``(f, cores)``.
    kinds
        What they disagree about on each face, :data:`AGREED` where they do not.
    width_m
        The mean width of faces in conflict, NaN elsewhere.
    place_face, case_face
        The face in which each place and case lies, -1 for none.
    """

    grids: Grids
    departments: tuple[str, ...]
    ground: Ground
    faces: Faces
    cores: tuple[Core, ...]
    core_of_grid: Indices
    assigned: Indices
    votes: Floats
    kinds: Objects
    width_m: Floats
    place_face: Indices
    case_face: Indices

    @cached_property
    def conflicts(self) -> Indices:
        """The faces in conflict; the place in this list, from 1, is a conflict's number. The largest come first."""
        found = np.flatnonzero(self.kinds != AGREED)
        m2 = self.faces.area_m2[found].round(3)
        order = np.lexsort([found, -m2, self.kinds[found] == ConflictKind.SLIVER])
        return np.asarray(found[order], dtype=np.int64)

    @cached_property
    def residents(self) -> Floats:
        """Residents of 60 and over on each face, ``(f,)``."""
        return counted(self.place_face, self.ground.places.weight, len(self.faces))

    @cached_property
    def cases(self) -> Floats:
        """Cases on each face, ``(f,)``."""
        return counted(self.case_face, self.ground.cases.weight, len(self.faces))

    @cached_property
    def core_m2(self) -> Floats:
        """The land that departments assign to each core, summed over departments, ``(cores,)``."""
        return np.asarray(self.faces.area_m2 @ self.votes, dtype=np.float64)


def counted(where: Indices, weight: Floats, n: int) -> Floats:
    """Return the sum of the weights of points in each of n places, -1 being nowhere."""
    inside = where >= 0
    return np.bincount(where[inside], weight[inside], n).astype(np.float64)


def compare(grids: Grids, ground: Ground, *, lead: str, sliver_width_m: float) -> Comparison:
    """Lay the grids of departments over each other.

    Parameters
    ----------
    grids
        As :meth:`Grids.ordered` returns them: who is named first must not matter.
    lead
        The department whose codes merged grids take, where it has a grid of the core.
    sliver_width_m
        Faces in conflict nowhere wider than this are slivers: the same line drawn twice.
    """
    departments = tuple(sorted(set(grids.department)))
    number = np.array([departments.index(each) for each in grids.department], dtype=np.int64)
    faces = faces_of(grids.surfaces, ground.within)
    core, cores = _by_code(cores_of(faces, number), grids, lead)
    assigned = assignments(faces, number, core, len(departments))
    kinds = _kinds(assigned)
    width_m = np.full(len(faces), np.nan)
    found = np.flatnonzero(kinds != AGREED)
    kinds[found[narrow(faces.surfaces[found], ground.to_plane, sliver_width_m)]] = ConflictKind.SLIVER
    width_m[found] = mean_width_m(faces.surfaces[found], ground.to_plane)
    return Comparison(
        grids=grids,
        departments=departments,
        ground=ground,
        faces=faces,
        cores=cores,
        core_of_grid=core,
        assigned=assigned,
        votes=votes_of(faces, number, core),
        kinds=kinds,
        width_m=width_m,
        place_face=area_of_points(faces.surfaces, ground.places.lonlat),
        case_face=area_of_points(faces.surfaces, ground.cases.lonlat),
    )


def _by_code(core: Indices, grids: Grids, lead: str) -> tuple[Indices, tuple[Core, ...]]:
    """Return the core of each grid and the cores, numbered in the order of their codes."""
    cores = _named(grids, core, lead)
    order = sorted(range(len(cores)), key=lambda k: cores[k].code)
    number = np.empty(len(cores), dtype=np.int64)
    number[order] = np.arange(len(cores))
    return number[core], tuple(cores[k] for k in order)


def _kinds(assigned: Indices) -> Objects:
    """Return what departments disagree about on each face."""
    kinds = np.full(len(assigned), AGREED, dtype=object)
    one = assigned >= 0
    top = np.where(one, assigned, -1).max(axis=1, initial=-1)
    differs = (one & (assigned != top[:, None])).any(axis=1)
    kinds[(assigned == NONE).any(axis=1)] = ConflictKind.GAP
    kinds[differs] = ConflictKind.BORDER
    kinds[(assigned == SEVERAL).any(axis=1)] = ConflictKind.OVERLAP
    kinds[(assigned == NONE).all(axis=1)] = ConflictKind.UNASSIGNED
    return kinds


def _named(grids: Grids, core: Indices, lead: str) -> tuple[Core, ...]:
    """Return the cores with the code and name of the lead's grid, else of the first department's that has one.

    Where departments use one code for different land, the department goes before it.
    """
    members: list[dict[str, int]] = [{} for _ in range(int(core.max(initial=-1)) + 1)]
    for number, each in enumerate(core):
        members[each][grids.department[number]] = number
    heads = [of.get(lead, next(iter(of.values()))) for of in members]
    times = Counter(grids.code[head] for head in heads)
    return tuple(
        Core(
            code=_code(grids, head, alone=times[grids.code[head]] == 1 or grids.department[head] == lead),
            name=grids.name[head],
            members={department: grids.code[k] for department, k in of.items()},
        )
        for head, of in zip(heads, members, strict=True)
    )


def _code(grids: Grids, head: int, *, alone: bool) -> str:
    return grids.code[head] if alone else f"{grids.department[head]}-{grids.code[head]}"
