"""Reading what hot spots are made of: areas with their neighbours, counts of cases, points of cases."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from sqlalchemy import ARRAY, BigInteger, Double, Integer, String, bindparam, cast, column, func, select

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
from gridmgmt.frames import geometries, lonlat, read_numbers, read_table
from gridmgmt.hotspots.rules import UNKNOWN_PLACE

Floats = NDArray[np.float64]
Objects = NDArray[np.object_]

KEPT_GROUNDS = 4
"""Of how many levels and days neighbours are kept; 27,000 grid cells take some 10 MB."""

_CODES = {AreaLevel.GRID_CELL: Case.cell_code, AreaLevel.RESIDENTIAL_QUARTER: Case.quarter_code}


@dataclass(frozen=True, eq=False)
class Ground:
    """The areas of a level on a day, in the order of their codes; all of one length."""

    area_id: NDArray[np.int64]
    code: Objects
    name: Objects
    parent_name: Objects
    """Of the area above; None without any."""
    area_m2: Floats
    bounds: Floats
    """West, south, east, north in degrees, ``(n, 4)``."""
    centre: Floats
    """A point inside, longitude and latitude, ``(n, 2)``."""
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
        raise InputError("period_before_editions", field="to", value=on, first=first)
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
    columns = (Area.area_id, Area.code, Area.name, Area.parent_level, Area.parent_code, Area.area_m2, Area.geom)
    here = in_force_on(on)
    table = read_table(session, select(*columns).where(Area.level == level, here).order_by(Area.code))
    above = session.execute(select(Area.level, Area.code, Area.name).where(Area.level != AreaLevel.GRID_CELL, here))
    names = {(of, code): name for of, code, name in above}
    parents = zip(table["parent_level"].to_pylist(), table["parent_code"].to_pylist(), strict=True)
    surfaces = geometries(table["geom"])
    inside = shapely.point_on_surface(surfaces)
    return Ground(
        area_id=table["area_id"].to_numpy(),
        code=np.array(table["code"].to_pylist(), dtype=object),
        name=np.array(table["name"].to_pylist(), dtype=object),
        parent_name=np.array([names.get(parent) for parent in parents], dtype=object),
        area_m2=table["area_m2"].to_numpy(),
        bounds=shapely.bounds(surfaces),
        centre=np.column_stack([shapely.get_x(inside), shapely.get_y(inside)]),
        neighbours=touching(shapely.transform(surfaces, lambda lonlat: on_plane(session, lonlat))),
    )


def on_plane(session: Session, lonlat: Floats) -> Floats:
    """Return positions ``(n, 2)`` in degrees in the metric CRS of the folder."""
    to_plane = Transformer.from_crs(STORAGE_SRID, metric_crs(session), always_xy=True)
    return np.column_stack(to_plane.transform(lonlat[:, 0], lonlat[:, 1]))


def redrawn_at(session: Session, on: date) -> datetime:
    """Return since when the boundaries of a day have been those in force."""
    begun = select(Edition.valid_from).where(Edition.edition_id.in_(editions_in_force(on)))
    newest = max(day for day in session.scalars(begun) if day is not None)
    return datetime.combine(newest, time(), LOCAL_ZONE)


def counts_by_code(session: Session, wanted: CaseFilter, level: AreaLevel) -> Mapping[str | None, int]:
    """Return how many cases each area of a level held when they were reported; None for no area."""
    code = _CODES[level]
    rows = session.execute(select(code, func.count()).where(*_met(session, wanted)).group_by(code))
    return dict(rows.all())


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
