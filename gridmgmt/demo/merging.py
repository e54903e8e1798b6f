"""Grids of three departments over two towns of the demo, whose borders disagree in known places.

The city operation centre has the residential quarters as they are. The others have the same ones, but for conflicts
that are planted here, so that a comparison can be held against what was put in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
import shapely

from gridmgmt.access.rules import Actor
from gridmgmt.analysis.boundaries import cut_out, surface_of
from gridmgmt.analysis.ellipsoid import area_m2
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.db import Session
from gridmgmt.errors import GeometryError
from gridmgmt.imports import Labels, Outcome, import_department_grids
from gridmgmt.ingest.intake import Intake
from gridmgmt.merging.rules import ConflictKind, MergeAsk
from gridmgmt.merging.service import enqueue_merge
from gridmgmt.texts import text

TOWNS = ("310113008", "310113103")
"""张庙街道 and 杨行镇."""
DEPARTMENTS = ("city_operation", "police", "comprehensive")
SIDE_DEG = 0.0015
"""Planted pieces are cut out by a square of about 140 m by 170 m."""
SLIVER_DEG = 1e-5
"""A line drawn twice: about 1 m apart."""


@dataclass(frozen=True)
class Planted:
    """One conflict that was put in: where, of which kind, and how much land."""

    kind: ConflictKind
    department: str
    quarter: str
    area_m2: float
    place: shapely.Point


@dataclass(frozen=True)
class DepartmentGrids:
    """The grids by department and code, and the conflicts planted in them; surfaces in degrees."""

    grids: Mapping[str, Mapping[str, shapely.MultiPolygon]]
    names: Mapping[str, str]
    planted: tuple[Planted, ...]


class _Planting:
    """Grids that are changed one conflict at a time, each in quarters that no other conflict has touched."""

    def __init__(self, quarters: Mapping[str, shapely.Geometry]) -> None:
        self.quarters = quarters
        self.grids = {name: {code: surface_of(of) for code, of in quarters.items()} for name in DEPARTMENTS}
        self.planted: list[Planted] = []
        self._used: set[str] = set()

    def plant(self, kind: ConflictKind, department: str) -> None:
        """Plant a conflict in the first pair of free neighbours whose common border takes it."""
        for one, other in self._neighbours():
            piece = self._piece(kind, one, other)
            if piece is None:
                continue
            of = self.grids[department]
            left, taken = piece
            if kind is not ConflictKind.OVERLAP:
                of[one] = left
            if kind is not ConflictKind.GAP:
                of[other] = surface_of(shapely.union(of[other], taken))
            self._used |= {one, other}
            place = shapely.point_on_surface(taken)
            self.planted.append(Planted(kind, department, one, area_m2(taken), place))
            return
        raise ValueError(f"no neighbours left for {kind}")

    def _neighbours(self) -> list[tuple[str, str]]:
        codes = [code for code in self.quarters if code not in self._used]
        surfaces = np.array([self.quarters[code] for code in codes], dtype=object)
        one, other = shapely.STRtree(surfaces).query(surfaces, predicate="touches")
        return sorted((codes[a], codes[b]) for a, b in zip(one.tolist(), other.tolist(), strict=True) if a != b)

    def _piece(
        self, kind: ConflictKind, one: str, other: str
    ) -> tuple[shapely.MultiPolygon, shapely.MultiPolygon] | None:
        """Return what a quarter keeps and what is cut from it, None where the border does not take a clean piece."""
        border = shapely.line_merge(shapely.intersection(self.quarters[one], self.quarters[other]))
        if border.geom_type != "LineString" or shapely.length(border) < 2 * SIDE_DEG:
            return None
        if kind is ConflictKind.SLIVER:
            tool = shapely.buffer(border, SLIVER_DEG, cap_style="flat", join_style="mitre")
        else:
            middle = shapely.line_interpolate_point(border, 0.5, normalized=True)
            if kind is ConflictKind.GAP:
                middle = shapely.point_on_surface(self.quarters[one])
            x, y = shapely.get_x(middle), shapely.get_y(middle)
            tool = shapely.box(x - SIDE_DEG / 2, y - SIDE_DEG / 2, x + SIDE_DEG / 2, y + SIDE_DEG / 2)
        try:
            left, taken = cut_out(surface_of(self.quarters[one]), surface_of(tool))
        except GeometryError:
            return None
        whole = shapely.get_num_geometries(left) == 1 and shapely.get_num_geometries(taken) == 1
        return (left, taken) if whole else None


def department_grids(areas: gpd.GeoDataFrame) -> DepartmentGrids:
    """Return the grids of the three departments over the two towns; the same areas give the same grids.

    Parameters
    ----------
    areas
        The areas of the demo, as :class:`gridmgmt.demo.generator.DemoDistrict` has them.
    """
    of_towns = areas[(areas["level"] == AreaLevel.RESIDENTIAL_QUARTER) & areas["code"].str[:9].isin(TOWNS)]
    of_towns = of_towns.sort_values("code")
    planting: dict[str, _Planting] = {}
    for town in TOWNS:
        rows = of_towns[of_towns["code"].str.startswith(town)]
        planting[town] = _Planting(dict(zip(rows["code"], rows.geometry, strict=True)))
        for kind, department in (
            (ConflictKind.BORDER, "police"),
            (ConflictKind.BORDER, "comprehensive"),
            (ConflictKind.GAP, "comprehensive"),
            (ConflictKind.OVERLAP, "police"),
            (ConflictKind.SLIVER, "police"),
        ):
            planting[town].plant(kind, department)
    return DepartmentGrids(
        grids={
            department: {code: of for each in planting.values() for code, of in each.grids[department].items()}
            for department in DEPARTMENTS
        },
        names=dict(zip(of_towns["code"], of_towns["name"], strict=True)),
        planted=tuple(found for each in planting.values() for found in each.planted),
    )


def load_department_grids(session: Session, actor: Actor, areas: gpd.GeoDataFrame, labels: Labels) -> list[Outcome]:
    """Take the grids of the three departments as if they came from files."""
    made = department_grids(areas)
    found = []
    for department, grids in made.grids.items():
        frame = gpd.GeoDataFrame(
            {
                "code": list(grids),
                "name": [made.names[code] for code in grids],
                "attributes": [{} for _ in grids],
                "row": np.arange(1, len(grids) + 1),
            },
            geometry=list(grids.values()),
            crs=4326,
        )
        details = {"department": department, "department_name": text(f"demo.merging.{department}")}
        intake = Intake(frame, (), len(frame), file_sha256="", crs_declared=True, details=details)
        found.append(import_department_grids(session, actor, intake, labels, department=department))
    return found


def ask_merge(session: Session, actor: Actor, on: date, *, after: int) -> None:
    """Have the worker merge them by the majority after the job that draws the cells: whole cells are one way to."""
    enqueue_merge(session, actor, MergeAsk(DEPARTMENTS), on, text("demo.merging.merged"), after=after)
