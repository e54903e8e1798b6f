"""The area of each of very many points: worked out in this process, from surfaces that are read once and kept."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ARRAY, Double, bindparam, column, func, select, text

from gridmgmt.analysis.placing import DOUBTFUL, NOWHERE, Places, place, prepare
from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import editions_in_force, in_force_on
from gridmgmt.areas.rules import AreaLevel, check_positions
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.frames import read_surfaces

Floats = NDArray[np.float64]
Objects = NDArray[np.object_]

KEPT_LEVELS = 3
"""Of how many levels and days the surfaces are kept; 27,000 grid cells take some 15 MB."""

_PLANNED_EACH_TIME = text("SET LOCAL plan_cache_mode = force_custom_plan")
"""A plan for any level and any number of points reads all areas; a driver that prepares statements would get it."""


@dataclass(frozen=True)
class _Level:
    codes: Objects
    """By surface; the last one, None, is that of no surface."""
    places: Places


_kept: OrderedDict[tuple[object, ...], _Level] = OrderedDict()
_lock = Lock()


def codes_of_points(
    session: Session, lon: Floats, lat: Floats, on: date, level: AreaLevel, *, draft: int | None = None
) -> Objects:
    """Return the code of the area of a level that each point lies in on a day, None for one in no area.

    As :func:`gridmgmt.areas.queries.areas_at` for each: a point on a shared border belongs to the area with the lower
    code. Those within rounding of a border are asked of PostGIS, with the same predicate, so that both ways always
    agree. The surfaces of boundary editions in force are kept for the next question.

    Parameters
    ----------
    lon, lat
        WGS 84 degrees, arrays of one length.
    draft
        Look as if this draft of a boundary edition were in force too.

    Raises
    ------
    InputError
        When a position cannot be one; the first such is named.
    """
    check_positions(lon, lat)
    known = _surfaces(session, on, level, draft)
    found = place(known.places, lon, lat)
    codes: Objects = known.codes[np.maximum(found, NOWHERE)]
    if len(doubtful := np.flatnonzero(found == DOUBTFUL)):
        codes[doubtful] = _by_predicate(session, lon[doubtful], lat[doubtful], on, level, draft)
    return codes


def _surfaces(session: Session, on: date, level: AreaLevel, draft: int | None) -> _Level:
    """Return the surfaces of a level: kept ones where the same editions count, read anew for a draft."""
    if draft is not None:
        return _read(session, on, level, draft)
    key = (str(session.get_bind().engine.url), level, *boundaries_counting(session, on))
    with _lock:
        if (known := _kept.get(key)) is not None:
            _kept.move_to_end(key)
            return known
    read = _read(session, on, level, None)
    with _lock:
        _kept[key] = read
        while len(_kept) > KEPT_LEVELS:
            _kept.popitem(last=False)
    return read


def forget() -> None:
    """Let go of all surfaces that are kept."""
    with _lock:
        _kept.clear()


def boundaries_counting(session: Session, on: date) -> Sequence[Any]:
    """Return what tells the boundaries of a day from all others: the editions that count, which no longer change."""
    counting = Edition.edition_id.in_(editions_in_force(on))
    identified = (Edition.edition_id, Edition.content_sha256, Edition.imported_at)
    return [tuple(row) for row in session.execute(select(*identified).where(counting).order_by(Edition.edition_id))]


def _read(session: Session, on: date, level: AreaLevel, draft: int | None) -> _Level:
    statement = select(Area.code, Area.geom).where(Area.level == level, in_force_on(on, draft)).order_by(Area.code)
    codes, surfaces = read_surfaces(session, statement)
    return _Level(np.array([*codes, None], dtype=object), prepare(surfaces))


def _by_predicate(
    session: Session, lon: Floats, lat: Floats, on: date, level: AreaLevel, draft: int | None
) -> list[str | None]:
    """Return the codes of points by the predicate of PostGIS."""
    points = (
        func.unnest(bindparam("lon", lon.tolist(), ARRAY(Double)), bindparam("lat", lat.tolist(), ARRAY(Double)))
        .table_valued(column("x", Double), column("y", Double), with_ordinality="number", name="points")
        .render_derived()
    )
    point = func.ST_SetSRID(func.ST_MakePoint(points.c.x, points.c.y), STORAGE_SRID)
    lowest = (
        select(points.c.number, func.min(Area.code))
        .join_from(points, Area, func.ST_Covers(Area.geom, point))
        .where(Area.level == level, in_force_on(on, draft))
        .group_by(points.c.number)
    )
    session.execute(_PLANNED_EACH_TIME)
    found: dict[int, str] = dict(session.execute(lowest).all())
    return [found.get(number) for number in range(1, len(lon) + 1)]
