"""A small hierarchy on a lattice, so that every surface in it can be worked out with paper and pencil.

One district of three towns side by side, each of 4 × 4 quarters of 0.01° × 0.01°. Town ``A`` has the unit ``A-U`` of
its four south-western quarters, town ``B`` the sectors ``B-S1`` (its west and its north-east corner: two pieces) and
``B-S2`` (the rest), town ``C`` neither. Quarter ``A11`` has four cells. Codes of quarters end in column and row,
from 0.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from pyproj import CRS

from gridmgmt.analysis.findings import AreaArrays, Finding, Tolerances
from gridmgmt.analysis.topology import check
from gridmgmt.boundaries.findings import LEVEL_RULES

WEST, SOUTH, STEP = 121.40, 31.30, 0.01
PLANE = CRS("EPSG:4549")


def x(column: float) -> float:
    return round(WEST + STEP * column, 9)


def y(row: float) -> float:
    return round(SOUTH + STEP * row, 9)


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """Return a box between columns and rows with a vertex at each whole one on the way."""
    columns = [west, *range(int(np.floor(west)) + 1, int(np.ceil(east))), east]
    rows = [south, *range(int(np.floor(south)) + 1, int(np.ceil(north))), north]
    ring = [(c, south) for c in columns[:-1]] + [(east, r) for r in rows[:-1]]
    ring += [(c, north) for c in reversed(columns[1:])] + [(west, r) for r in reversed(rows[1:])]
    return shapely.Polygon([(x(c), y(r)) for c, r in ring])


def box_m2(west: float, south: float, east: float, north: float) -> float:
    """Return the m² of a box between degrees, by the closed form of the integral over the ellipsoid."""
    a, f = 6378137.0, 1 / 298.257223563
    e = (f * (2 - f)) ** 0.5

    def q(lat: float) -> float:
        s = e * np.sin(np.radians(lat))
        return float((s / (1 - s * s) + np.arctanh(s)) / (2 * e))

    return float((a * (1 - f)) ** 2 * np.radians(east - west) * (q(north) - q(south)))


@dataclass(frozen=True)
class Row:
    level: str
    code: str
    parent: tuple[str, str] | None
    geometry: shapely.Geometry | None


def district() -> dict[str, Row]:
    rows = [Row("district", "D", None, box(0, 0, 12, 4))]
    for number, town in enumerate("ABC"):
        first = 4 * number
        rows.append(Row("town", town, ("district", "D"), box(first, 0, first + 4, 4)))
        rows += [quarter(town, first, column, row) for column in range(4) for row in range(4)]
    west, corner = box(4, 0, 6, 4), box(7, 3, 8, 4)
    rest = shapely.difference(box(6, 0, 8, 4), corner)
    unit, sector = "basic_management_unit", "sector"
    rows.append(Row(unit, "A-U", ("town", "A"), box(0, 0, 2, 2)))
    rows.append(Row(sector, "B-S1", ("town", "B"), shapely.MultiPolygon([west, corner])))
    rows.append(Row(sector, "B-S2", ("town", "B"), rest))
    halves = [(1, 1), (1.5, 1), (1, 1.5), (1.5, 1.5)]
    rows += [
        Row("grid_cell", f"A11-{n}", ("residential_quarter", "A11"), box(c, r, c + 0.5, r + 0.5))
        for n, (c, r) in enumerate(halves)
    ]
    return {row.code: row for row in rows}


def quarter(town: str, first: int, column: int, row: int) -> Row:
    parent = ("town", town)
    if town == "A" and column < 2 and row < 2:
        parent = ("basic_management_unit", "A-U")
    if town == "B":
        parent = ("sector", "B-S1" if column < 2 or (column, row) == (3, 3) else "B-S2")
    place = box(first + column, row, first + column + 1, row + 1)
    return Row("residential_quarter", f"{town}{column}{row}", parent, place)


def redrawn(rows: dict[str, Row], code: str, geometry: shapely.Geometry | None) -> dict[str, Row]:
    return rows | {code: replace(rows[code], geometry=geometry)}


def moved_to(rows: dict[str, Row], code: str, parent: tuple[str, str] | None) -> dict[str, Row]:
    return rows | {code: replace(rows[code], parent=parent)}


def without(rows: dict[str, Row], gone: Callable[[Row], bool]) -> dict[str, Row]:
    return {code: row for code, row in rows.items() if not gone(row)}


def arrays(rows: Sequence[Row]) -> AreaArrays:
    def column(values: list[object]) -> np.ndarray:
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array

    return AreaArrays(
        column([row.level for row in rows]),
        column([row.code for row in rows]),
        column([row.parent and row.parent[0] for row in rows]),
        column([row.parent and row.parent[1] for row in rows]),
        column([row.geometry for row in rows]),
    )


BORDERS_ASIDE = Tolerances(unmatched_from_m2=10_000)
"""A cut across half a column sets a vertex that the neighbour lacks; tests of other faults leave that aside."""


def found_in(
    rows: dict[str, Row], changed: set[str] | None = None, tolerances: Tolerances | None = None
) -> list[Finding]:
    """Return the findings; ``changed`` names the codes to look around."""
    mask = None if changed is None else np.array([code in changed for code in rows])
    return check(arrays(list(rows.values())), LEVEL_RULES, tolerances or BORDERS_ASIDE, PLANE, mask)
