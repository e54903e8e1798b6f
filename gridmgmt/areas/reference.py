"""Real areas as what other files are compared with; synthetic ones lie nowhere and are never a reference."""

from collections.abc import Collection, Mapping

import numpy as np
import shapely
from geoalchemy2 import Geometry
from numpy.typing import NDArray
from sqlalchemy import func, or_, select

from gridmgmt.areas.models import Area
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.frames import geometries, read_table


def reference_outlines(session: Session, box: tuple[float, float, float, float]) -> NDArray[np.object_]:
    """Return the outlines of real areas that touch a box (west, south, east, north), to compare other files with."""
    statement = (
        select(func.ST_Boundary(Area.geom, type_=Geometry).label("geom"))
        .join(Edition, Edition.edition_id == Area.edition_id)
        .where(~Edition.synthetic, func.ST_Intersects(Area.geom, func.ST_MakeEnvelope(*box, STORAGE_SRID)))
        .order_by(Area.area_id)
    )
    return geometries(read_table(session, statement)["geom"])


def areas_called(session: Session, names: Collection[str]) -> Mapping[str, shapely.Geometry]:
    """Return the real areas of some codes or names, each by what it is called; the latest where there are several.

    A name that areas of several codes have says nothing and is left out.
    """
    statement = (
        select(Area.code, Area.name, Area.geom)
        .join(Edition, Edition.edition_id == Area.edition_id)
        .where(~Edition.synthetic, or_(Area.code.in_(list(names)), Area.name.in_(list(names))))
        .order_by(func.coalesce(Edition.valid_from, Edition.planned_from), Area.area_id)
    )
    table = read_table(session, statement)
    by_code: dict[str, shapely.Geometry] = {}
    codes_of: dict[str, set[str]] = {}
    rows = zip(table["code"].to_pylist(), table["name"].to_pylist(), geometries(table["geom"]), strict=True)
    for code, name, geometry in rows:
        by_code[code] = geometry
        codes_of.setdefault(name, set()).add(code)
    named = {name: by_code[next(iter(codes))] for name, codes in codes_of.items() if len(codes) == 1}
    return {name: geometry for name, geometry in {**named, **by_code}.items() if name in set(names)}
