"""Reading what hot spots are made of: areas with their neighbours, counts of cases, points of cases."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from sqlalchemy import ARRAY, BigInteger, Double, Integer, String, any_, bindparam, cast, column, func, literal, select
from sqlalchemy.orm import aliased

from gridmgmt.analysis.hotspots import Neighbours, touching
from gridmgmt.areas.models import Area
from gridmgmt.areas.placing import boundaries_counting
from gridmgmt.areas.queries import editions_in_force, in_force_on
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cases.models import Case
from gridmgmt.cases.queries import conditions
from gridmgmt.cases.rules import ENDED, CaseFilter
from gridmgmt.clock import LOCAL_ZONE
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.service import metric_crs
from gridmgmt.errors import InputError
from gridmgmt.frames import lonlat, read_numbers, read_surfaces
from gridmgmt.hotspots.rules import UNKNOWN_PLACE

Floats = NDArray[np.float64]

KEPT_GROUNDS = 4
"""Of how many levels and days neighbours are kept; 27,000 grid cells take some 10 MB."""

_CODES = {AreaLevel.GRID_CELL: Case.cell_code, AreaLevel.RESIDENTIAL_QUARTER: Case.quarter_code}


@dataclass(frozen=True, eq=False)
class Ground:
    """The areas of a level on a day, in the order of their codes; all of one length."""

    area_id: NDArray[np.int64]
    code: Sequence[str]
    area_m2: Floats
    neighbours: Neighbours


_kept: OrderedDict[tuple[object, ...], Ground] = OrderedDict()
_lock = Lock()


def ground(session: Session, on: date, level: AreaLevel) -> Ground:
    """Return the areas of a level in force on a day with who touches whom; kept for the next question.

    Raises
    ------
    InputError
        When no boundary edition is in force yet.
    """
    editions = boundaries_counting(session, on)
    if not editions:
        first = session.scalar(select(func.min(Edition.valid_from)).where(Edition.edition_id.in_(_all_editions())))
        raise InputError("period_before_editions", field="to", value=on, first=first or "—")
    key = (str(session.get_bind().engine.url), level, *editions)
    with _lock:
        if (known := _kept.get(key)) is not None:
            _kept.move_to_end(key)
            return known
    read = _read_ground(session, on, level)
    with _lock:
        _kept[key] = read
        while len(_kept) > KEPT_GROUNDS:
            _kept.popitem(last=False)
    return read


def _all_editions() -> Any:
    return editions_in_force(date.max)


def forget() -> None:
    """Let go of everything that is kept."""
    with _lock:
        _kept.clear()


def _read_ground(session: Session, on: date, level: AreaLevel) -> Ground:
    met = (Area.level == level, in_force_on(on))
    numbers = read_numbers(session, select(Area.area_id, Area.area_m2).where(*met).order_by(Area.code))
    codes, surfaces = read_surfaces(session, select(Area.code, Area.geom).where(*met).order_by(Area.code))
    rings = shapely.from_ragged_array(
        shapely.GeometryType.MULTILINESTRING,
        on_plane(session, surfaces.xy),
        (surfaces.ring_begins, surfaces.surface_begins),
    )
    return Ground(
        area_id=numbers["area_id"].to_numpy(),
        code=codes,
        area_m2=numbers["area_m2"].to_numpy(),
        neighbours=touching(np.asarray(rings, dtype=object)),
    )


@dataclass(frozen=True)
class Described:
    """What an area is called, and where it is: a point inside, and its box, in degrees."""

    name: str
    parent_name: str | None
    centre: tuple[float, float]
    bounds: tuple[float, float, float, float]


def described(session: Session, ids: Sequence[int], on: date) -> dict[int, Described]:
    """Return what areas are called on a day, and where they are, by their ids."""
    above = aliased(Area)
    parent = (
        select(above.name)
        .where(above.level == Area.parent_level, above.code == Area.parent_code, in_force_on(on, area=above))
        .scalar_subquery()
    )
    inside = func.ST_PointOnSurface(Area.geom)
    box = (func.ST_XMin(Area.geom), func.ST_YMin(Area.geom), func.ST_XMax(Area.geom), func.ST_YMax(Area.geom))
    columns = (Area.area_id, Area.name, parent, func.ST_X(inside), func.ST_Y(inside), *box)
    rows = session.execute(select(*columns).where(Area.area_id.in_(ids)))
    return {
        area_id: Described(name, parent_name, (lon, lat), (west, south, east, north))
        for area_id, name, parent_name, lon, lat, west, south, east, north in rows
    }


def on_plane(session: Session, lonlat: Floats) -> Floats:
    """Return positions ``(n, 2)`` in degrees in the metric CRS of the folder."""
    to_plane = Transformer.from_crs(STORAGE_SRID, metric_crs(session), always_xy=True)
    return np.column_stack(to_plane.transform(lonlat[:, 0], lonlat[:, 1]))


def redrawn_at(session: Session, on: date) -> datetime:
    """Return since when the boundaries of a day have been those in force."""
    begun = select(Edition.valid_from).where(Edition.edition_id.in_(editions_in_force(on)))
    newest = max(day for day in session.scalars(begun) if day is not None)
    return datetime.combine(newest, time(), LOCAL_ZONE)


def counts_by_code(session: Session, wanted: CaseFilter, level: AreaLevel) -> dict[str | None, tuple[int, int]]:
    """Return how many cases each area of a level held when they were reported, None for no area.

    Of each those whose place is known, and those whose place is not: see :data:`UNKNOWN_PLACE`.
    """
    code, unknown = _CODES[level], literal(UNKNOWN_PLACE) == any_(Case.flags)
    met = _met(session, replace(wanted, without_flag=None))
    counts = (func.count().filter(~unknown), func.count().filter(unknown))
    rows = session.execute(select(code, *counts).where(*met).group_by(code))
    return {of: (known, lost) for of, known, lost in rows}


def points(session: Session, wanted: CaseFilter) -> tuple[Floats, Floats]:
    """Return longitudes and latitudes of cases."""
    table = read_numbers(session, select(*lonlat(Case.geom)).where(*_met(session, wanted)))
    return table["lon"].to_numpy(), table["lat"].to_numpy()


def open_points(session: Session, wanted: CaseFilter) -> pa.Table:
    """Return ``lon``, ``lat`` and ``open`` (1 for what is still to be worked on, 0 for what has ended) of cases."""
    still = cast(Case.state.not_in(list(ENDED)), Integer).label("open")
    return read_numbers(session, select(*lonlat(Case.geom), still).where(*_met(session, wanted)))


def unknown_places(session: Session, wanted: CaseFilter) -> int:
    """Return how many cases are left out because nobody knows their place."""
    asked = replace(wanted, without_flag=None, flag=UNKNOWN_PLACE)
    return session.scalars(select(func.count()).where(*_met(session, asked))).one()


def types_of(session: Session, wanted: CaseFilter) -> list[str]:
    """Return the types of cases in order."""
    return sorted(session.scalars(select(Case.type).where(*_met(session, wanted)).distinct()))


def typed_points(session: Session, wanted: CaseFilter, types: Sequence[str]) -> pa.Table:
    """Return ``case_id``, ``type`` (its place in ``types``), ``lon``, ``lat`` and ``at`` (seconds) of cases."""
    known = (
        func.unnest(bindparam("types", list(types), ARRAY(String)))
        .table_valued(column("name", String), with_ordinality="place", name="known")
        .render_derived()
    )
    place = cast(known.c.place, BigInteger).label("type")
    at = cast(func.extract("epoch", Case.reported_at), Double).label("at")
    statement = (
        select(Case.case_id, place, *lonlat(Case.geom), at)
        .join_from(Case, known, Case.type == known.c.name)
        .where(*_met(session, wanted))
    )
    return read_numbers(session, statement)


def named_cases(session: Session, ids: Sequence[int]) -> dict[int, Any]:
    """Return number, address and town of cases by their ids."""
    columns = (Case.case_id, Case.case_no, Case.address, Case.town_code)
    rows = session.execute(select(*columns).where(Case.case_id.in_(ids)))
    return {row.case_id: row for row in rows}


def surfaces_geojson(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Return the surfaces of areas as GeoJSON geometries, degrees with 6 decimals (about 0.1 m)."""
    rows = session.execute(select(Area.area_id, func.ST_AsGeoJSON(Area.geom, 6)).where(Area.area_id.in_(ids)))
    return dict(rows.all())


def _met(session: Session, wanted: CaseFilter) -> list[Any]:
    """Return the conditions of a filter without words, which alone would ask what time it is."""
    return conditions(session, wanted, datetime.max.replace(tzinfo=UTC))
