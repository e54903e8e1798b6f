"""Which areas hold places, and a place inside a quarter."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import ARRAY, Boolean, Double, cast, func, select

from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import in_force_on, last_of_code
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session


def holders(session: Session, positions: Sequence[tuple[float, float]], on: date) -> list[dict[AreaLevel, str]]:
    """Return the code by level of the areas in force on a day that hold each position (WGS 84 degrees).

    A point on a border belongs to the area with the lower code, as for
    :func:`gridmgmt.areas.queries.areas_at`.
    """
    given = (
        func.unnest(
            cast([lon for lon, _ in positions], ARRAY(Double)), cast([lat for _, lat in positions], ARRAY(Double))
        )
        .table_valued("lon", "lat", with_ordinality="place", name="given")
        .render_derived()
    )
    point = func.ST_SetSRID(func.ST_MakePoint(given.c.lon, given.c.lat), STORAGE_SRID)
    statement = (
        select(given.c.place, Area.level, Area.code)
        .join(Area, func.ST_Covers(Area.geom, point, type_=Boolean))
        .where(in_force_on(on), Area.level.in_([str(level) for level in _HOLDING]))
        .order_by(given.c.place, Area.code.desc())
    )
    found: list[dict[AreaLevel, str]] = [{} for _ in positions]
    for place, level, code in session.execute(statement):
        found[place - 1][AreaLevel(level)] = code
    return found


_HOLDING = (
    AreaLevel.DISTRICT, AreaLevel.TOWN, AreaLevel.BASIC_MANAGEMENT_UNIT, AreaLevel.SECTOR,
    AreaLevel.RESIDENTIAL_QUARTER,
)  # fmt: skip


def point_in_quarter(session: Session, quarter_code: str, on: date) -> tuple[float, float] | None:
    """Return a point (WGS 84 degrees) inside a quarter as it is on a day, or was last; it tells of no premises."""
    inside = func.ST_PointOnSurface(Area.geom)
    statement = select(func.ST_X(inside, type_=Double), func.ST_Y(inside, type_=Double)).where(
        Area.level == AreaLevel.RESIDENTIAL_QUARTER, Area.code == quarter_code, in_force_on(on)
    )
    row = session.execute(statement).first()
    found = None if row is None else (row[0], row[1])
    if found is None and (ended := last_of_code(session, quarter_code, on)) is not None:
        return ended.centre
    return found
