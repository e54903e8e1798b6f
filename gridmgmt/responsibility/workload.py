"""How much work each responsibility grid is: cases, residents, streets and land of its cells, weighed together."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from sqlalchemy import select

from gridmgmt.analysis.adjacency import near_pairs
from gridmgmt.analysis.balance import Balance, balance_of
from gridmgmt.analysis.location import area_of_points
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.editions.queries import edition_ids_in_force
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import InputError
from gridmgmt.frames import geometries, read_table
from gridmgmt.network.models import NetworkEdge
from gridmgmt.network.queries import public_ways
from gridmgmt.population.queries import places
from gridmgmt.responsibility.queries import grid_of_cell, grid_rows, kind_of_code, metric_cells
from gridmgmt.statistics.queries import counted_points, figures_of, lonlat_of
from gridmgmt.statistics.rules import CountedSubject, Period

if TYPE_CHECKING:
    import geopandas as gpd

MEASURES = ("cases", "residents_60_plus", "street_m", "area_m2")
"""What workload is weighed from."""
STREET_PIECE_DEG = 1e-4
"""Streets are measured in pieces of at most this, some 10 m."""
STREET_WITHIN_M = 1.0
"""A piece of street no further than this from several cells, as along their border, is shared by them equally."""
_GEOD = pyproj.Geod(ellps="WGS84")

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Weights:
    """How much each measure counts; only their ratios matter."""

    cases: float = 0.4
    residents_60_plus: float = 0.3
    street_m: float = 0.2
    area_m2: float = 0.1

    def __post_init__(self) -> None:
        values = [getattr(self, field.name) for field in fields(self)]
        if not (all(np.isfinite(values)) and min(values) >= 0 and sum(values) > 0):
            raise InputError("weights_impossible", field="weights", value=", ".join(map(str, values)))


@dataclass(frozen=True)
class CellLoads:
    """The measures of each cell; those that nothing is known of are None.

    Parameters
    ----------
    cells
        As :func:`gridmgmt.responsibility.queries.metric_cells` gives them.
    residents
        Residents of all ages ``(n,)`` where a figure of the cell is known, else NaN.
    """

    cells: "gpd.GeoDataFrame"
    measures: Mapping[str, Numbers | None]
    residents: Numbers

    def load(self, weights: Weights) -> Numbers:
        """Return the load of each cell ``(n,)``: its weighted shares of all measures, 1 in all."""
        return sum(
            (weight * self._share(name) for name, weight in self.used(weights).items()), np.zeros(len(self.cells))
        )

    def used(self, weights: Weights) -> dict[str, float]:
        """Return the weight of each measure, 1 in all; of those that nothing is known of, or that are 0, none."""
        given = {name: getattr(weights, name) for name in MEASURES}
        there = {name: w for name, w in given.items() if (v := self.measures[name]) is not None and v.sum() > 0}
        total = sum(there.values())
        return {name: there[name] / total if total and name in there else 0.0 for name in MEASURES}

    def _share(self, name: str) -> Numbers:
        values = self.measures[name]
        return np.zeros(len(self.cells)) if values is None or not values.sum() else values / values.sum()


@dataclass(frozen=True)
class GridLoad:
    """What a grid has to do; ``load`` is its share of the workload of all cells looked at."""

    grid: str
    name: str
    cells: int
    cases: float
    residents_60_plus: float | None
    residents: float | None
    """Of all ages, where it is known of each of its cells."""
    street_m: float | None
    area_m2: float
    load: float


@dataclass(frozen=True)
class Workload:
    """The workload of the grids of a kind, by code; ``weights`` are those really used, 1 in all.

    ``unassigned`` is what lies in cells of no grid. ``balance`` tells how even loads and single measures are, None
    where there is nothing of one.
    """

    kind: str
    on: date
    area: str | None
    period: Period | None
    weights: Mapping[str, float]
    grids: tuple[GridLoad, ...]
    unassigned: GridLoad | None
    balance: Mapping[str, Balance | None]


def workload(
    session: Session,
    kind: str,
    on: date,
    *,
    area: str | None = None,
    period: Period | None = None,
    weights: Weights | None = None,
) -> Workload:
    """Return what each grid of a kind has to do on the cells and data of a day.

    Parameters
    ----------
    area
        Only the cells in the area of this code.
    period
        Only cases reported within these days.

    Raises
    ------
    NotFoundError
        ``grid_kind_unknown``, ``area_unknown``, ``no_cells``.
    InputError
        ``weights_impossible``.
    """
    kind_of_code(session, kind)
    loads = cell_loads(session, on, area=area, period=period)
    names = {grid.code: grid.name for grid in grid_rows(session, on, kind=kind)}
    grid_of = grid_of_cell(session, kind, on)
    return summed(loads, [grid_of.get(code) for code in loads.cells["code"]], names, weights or Weights(), kind, on,
                  area=area, period=period)  # fmt: skip


def summed(
    loads: CellLoads,
    grid_of: list[str | None],
    names: Mapping[str, str],
    weights: Weights,
    kind: str,
    on: date,
    *,
    area: str | None = None,
    period: Period | None = None,
) -> Workload:
    """Return the workload of grids from that of their cells; ``grid_of`` names the grid of each cell."""
    load = loads.load(weights)
    members: dict[str | None, list[int]] = {}
    for i, code in enumerate(grid_of):
        members.setdefault(code, []).append(i)
    rows = {code: _grid_load(loads, load, code, names, units) for code, units in members.items()}
    grids = tuple(rows[code] for code in sorted(code for code in rows if code is not None))
    balance: dict[str, Balance | None] = {"load": balance_of([grid.load for grid in grids])}
    for name in MEASURES:
        known = [getattr(grid, name) for grid in grids]
        balance[name] = None if None in known else balance_of(known)
    return Workload(kind, on, area, period, loads.used(weights), grids, rows.get(None), balance)


def cell_loads(session: Session, on: date, *, area: str | None = None, period: Period | None = None) -> CellLoads:
    """Return the measures of the cells of a day, all or those of an area."""
    cells = metric_cells(session, on, area)
    surfaces = np.asarray(cells.to_crs(STORAGE_SRID).geometry.values, dtype=object)
    cases = counted_points(session, CountedSubject.CASES, on, period).lonlat
    known = figures_of(session, AreaLevel.GRID_CELL, "residents", on)
    residents = np.array([known[code].value if code in known else np.nan for code in cells["code"]])
    measures = {
        "cases": _sums(area_of_points(surfaces, cases), np.ones(len(cases)), len(cells)),
        "residents_60_plus": _residents_60_plus(session, on, surfaces),
        "street_m": _street_m(session, on, cells, cells if area is None else _with_neighbours(session, on, surfaces)),
        "area_m2": cells["area_m2"].to_numpy(dtype=np.float64),
    }
    return CellLoads(cells, measures, residents)


def _residents_60_plus(session: Session, on: date, surfaces: NDArray[np.object_]) -> Numbers | None:
    table = places(session, on)
    counts = table["residents_60_plus"].to_numpy().astype(np.float64)
    if np.isnan(counts).all():
        return None
    return _sums(area_of_points(surfaces, lonlat_of(table)), np.nan_to_num(counts), len(surfaces))


def _with_neighbours(session: Session, on: date, surfaces: NDArray[np.object_]) -> "gpd.GeoDataFrame":
    west, south, east, north = (float(edge) for edge in shapely.total_bounds(surfaces))
    away = STREET_PIECE_DEG
    return metric_cells(session, on, near=(west - away, south - away, east + away, north + away))


def _street_m(session: Session, on: date, cells: "gpd.GeoDataFrame", around: "gpd.GeoDataFrame") -> Numbers | None:
    """Return the metres of public street in each cell, on the ellipsoid; what runs along a border is shared equally.

    Parameters
    ----------
    around
        The cells with their neighbours, which take their share though they lie outside what is looked at.
    """
    editions = edition_ids_in_force(Subject.NETWORK, on)
    lines = geometries(
        read_table(session, select(NetworkEdge.geom).where(NetworkEdge.edition_id.in_(editions), public_ways()))["geom"]
    )
    if not len(lines):
        return None
    lonlat, line = shapely.get_coordinates(shapely.segmentize(lines, STREET_PIECE_DEG), return_index=True)
    inside = np.flatnonzero(line[1:] == line[:-1])
    begin, end = lonlat[inside], lonlat[inside + 1]
    length_m = _GEOD.inv(begin[:, 0], begin[:, 1], end[:, 0], end[:, 1])[2]
    to_metric = pyproj.Transformer.from_crs(STORAGE_SRID, cells.crs, always_xy=True)
    middle = shapely.points(*to_metric.transform(*((begin + end) / 2).T))
    point, _ = near_pairs(np.asarray(around.geometry.values, dtype=object), middle, STREET_WITHIN_M)
    sharing = np.bincount(point, minlength=len(middle))
    point, cell = near_pairs(np.asarray(cells.geometry.values, dtype=object), middle, STREET_WITHIN_M)
    return _sums(cell, length_m[point] / sharing[point], len(cells))


def _sums(group: NDArray[np.int64], values: Numbers, groups: int) -> Numbers:
    inside = group >= 0
    return np.bincount(group[inside], weights=values[inside], minlength=groups).astype(np.float64)


def _grid_load(
    loads: CellLoads, load: Numbers, code: str | None, names: Mapping[str, str], units: list[int]
) -> GridLoad:
    sums = {name: None if values is None else float(values[units].sum()) for name, values in loads.measures.items()}
    residents = float(loads.residents[units].sum())
    return GridLoad(
        grid=code or "",
        name=names.get(code or "", ""),
        cells=len(units),
        cases=sums["cases"] or 0.0,
        residents_60_plus=sums["residents_60_plus"],
        residents=None if np.isnan(residents) else residents,
        street_m=sums["street_m"],
        area_m2=sums["area_m2"] or 0.0,
        load=float(load[units].sum()),
    )
