"""From the boundary editions in the database to the map page of areas."""

from collections.abc import Collection, Sequence
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridmgmt.areas.queries import area_frame, area_in_force
from gridmgmt.areas.rules import AreaKind, AreaLevel
from gridmgmt.boundaries.queries import statuses
from gridmgmt.db import Session
from gridmgmt.editions.queries import editions
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import NotFoundError
from gridmgmt.governance.queries import decisions, places
from gridmgmt.texts import Language
from maps.areas_page import Stop, Timeline, areas_page

LEVELS = tuple(level for level in AreaLevel if level is not AreaLevel.GRID_CELL)
"""What is shown where nothing else is asked for; cells of a whole district are more than a page should hold."""

MAX_VERTICES = 60_000
"""Boundaries with more corners are simplified for drawing; so many make a page of about 2 MB."""

_FIRST_TOLERANCE_M = 5
_METRES_PER_DEGREE = 111_320.0


def areas_map(
    session: Session, *, today: date, lang: Language, area: str | None = None, levels: Collection[AreaLevel] = ()
) -> str:
    """Return the page of all boundary editions in force or scheduled.

    Parameters
    ----------
    today
        The day whose boundaries are shown first, and whose modes are shown with them.
    area
        Only the area of this code and all below it.
    levels
        Only these levels; all but grid cells without any.

    Raises
    ------
    NotFoundError
        When no boundary edition is in force or scheduled, or the code is in force on no day on which one begins.
    UnavailableError
        When the set-up has not put the page's script libraries in their place.
    """
    begun = [each for each in statuses(session, today) if each.valid_from is not None]
    days = sorted({each.valid_from for each in begun if each.valid_from is not None})
    frames = {on: _frame(session, on, area, levels or LEVELS) for on in days}
    shown = [on for on in days if len(frames[on])]
    if not shown:
        raise NotFoundError("areas_map_empty") if area is None else NotFoundError("area_unknown", code=area, on=today)
    now = max((i for i, on in enumerate(shown) if on <= today), default=0)
    stops = [
        Stop(
            on=on,
            modes_on=(modes_on := today if i == now and on <= today else on),
            editions=tuple((each.name, each.status) for each in begun if each.valid_from == on),
            area_ids=tuple(int(area_id) for area_id in frames[on]["area_id"]),
            decisions=decisions(session, modes_on),
            subdistricts=_subdistricts(session, on),
        )
        for i, on in enumerate(shown)
    ]
    areas, simplified_m = for_drawing(_versions(session, [frames[on] for on in shown]))
    return areas_page(
        Timeline(
            stops=stops,
            areas=areas,
            now=now,
            sources=sorted({each.source for each in begun}),
            synthetic=any(each.synthetic for each in begun),
            simplified_m=simplified_m,
        ),
        lang,
    )


def for_drawing(areas: gpd.GeoDataFrame, max_vertices: int = MAX_VERTICES) -> tuple[gpd.GeoDataFrame, int | None]:
    """Return areas with at most so many corners where that can be, and by how many metres they are simplified.

    All levels and versions are cut into the pieces that no border crosses and simplified as one coverage: what shares
    a border shares it afterwards, whatever its level and edition. Surfaces (``area_m2``) stay as they are.
    """
    if shapely.get_num_coordinates(areas.geometry.to_numpy()).sum() <= max_vertices:
        return areas, None
    pieces, members = _pieces(areas.geometry.to_numpy())
    tolerance_m = _FIRST_TOLERANCE_M
    while True:
        drawn = _rebuilt(areas, pieces, members, tolerance_m)
        if shapely.get_num_coordinates(drawn).sum() <= max_vertices or tolerance_m >= 100 * _FIRST_TOLERANCE_M:
            return areas.set_geometry(gpd.GeoSeries(drawn, index=areas.index, crs=areas.crs)), tolerance_m
        tolerance_m *= 2


def _pieces(surfaces: NDArray[np.object_]) -> tuple[NDArray[np.object_], list[NDArray[np.int64]]]:
    """Return the pieces that surfaces cut each other into, and which of them each surface is made of."""
    lines = shapely.union_all(shapely.boundary(surfaces))
    pieces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    surface, piece = shapely.STRtree(shapely.point_on_surface(pieces)).query(surfaces, predicate="contains")
    used = np.unique(piece)
    renumbered = np.searchsorted(used, piece)
    return pieces[used], [renumbered[surface == number] for number in range(len(surfaces))]


def _rebuilt(
    areas: gpd.GeoDataFrame, pieces: NDArray[np.object_], members: Sequence[NDArray[np.int64]], tolerance_m: int
) -> list[shapely.Geometry]:
    simple = shapely.coverage_simplify(pieces, tolerance_m / _METRES_PER_DEGREE)
    return [
        shapely.coverage_union_all(simple[own]) if len(own) else exact
        for own, exact in zip(members, areas.geometry, strict=True)
    ]


def _frame(session: Session, on: date, area: str | None, levels: Collection[AreaLevel]) -> gpd.GeoDataFrame:
    """Return the areas in force on a day, none where the one that is asked for is not."""
    if area is None:
        return area_frame(session, on, levels=levels)
    try:
        within = area_in_force(session, area, on).area_id
    except NotFoundError:
        return area_frame(session, on, levels=levels).iloc[:0]
    return area_frame(session, on, levels=levels, within=within)


def _subdistricts(session: Session, on: date) -> frozenset[str]:
    return frozenset(place.code for place in places(session, on) if place.kind == AreaKind.SUBDISTRICT)


def _versions(session: Session, frames: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Return every version of an area once, with its edition's name and first day."""
    versions = pd.concat(frames).drop_duplicates("area_id").set_index("area_id")
    brought_by = {
        each.edition_id: (each.name, each.valid_from)
        for each in editions(session, subject=Subject.AREAS)
        if each.valid_from is not None
    }
    names, days = zip(*(brought_by[edition_id] for edition_id in versions["edition_id"]), strict=True)
    return versions.assign(edition=list(names), valid_from=list(days))
