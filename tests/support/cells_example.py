"""Two quarters whose streets make the cells that a person would draw.

On the plane of EPSG:4549, from a corner in the west and the south, in hundreds of metres::

    2 +----+----+----+----+      quarter 001: columns 0–2, quarter 002: columns 2–4, of one town
      | 1  | 2  | 1  | 2  |      streets: along every hundred metres inside
    1 +----+----+----+----+      so each quarter is four cells of 10,000 m², numbered in rows from the north,
      | 3  | 4  | 3  | 4  |      each from west to east
    0 +----+----+----+----+
      0    1    2    3    4
"""

from collections.abc import Iterable
from datetime import date
from hashlib import sha256

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from sqlalchemy import func, insert

from gridmgmt.areas import service as areas
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.rules import EditionDraft, Subject
from gridmgmt.editions.service import open_draft, open_edition
from gridmgmt.land import service as land
from gridmgmt.network.models import NetworkEdge, NetworkNode
from tests.support.drafts import take_into_force

DAY, NEXT_DAY = date(2020, 1, 1), date(2025, 1, 1)
TOWN, ONE, TWO = "310113109", "310113109001", "310113109002"
CRS = pyproj.CRS.from_epsg(4549)
TO_DEGREES = pyproj.Transformer.from_crs(CRS, STORAGE_SRID, always_xy=True)
ORIGIN_M = 500_037.0, 3_470_041.0
"""No multiples of a hundred metres, on which the square net runs."""
SIDE_M = 100.0
EXTENT = (121.4, 31.3, 121.6, 31.4)

LAND_USE = {"residential": (0, 0, 2, 2), "industrial": (2, 0, 4, 2)}


def degrees(geometry: shapely.Geometry) -> shapely.Geometry:
    """Return what is given in columns and rows in degrees."""
    return shapely.transform(geometry, _to_degrees)


def _to_degrees(cells: np.ndarray) -> np.ndarray:
    return np.column_stack(TO_DEGREES.transform(*(np.asarray(cells) * SIDE_M + ORIGIN_M).T))


def block(west: float, south: float, east: float, north: float) -> shapely.MultiPolygon:
    """The surface between two corners, with a vertex every 200 m from each corner of the quarters."""
    return shapely.MultiPolygon([degrees(shapely.segmentize(shapely.box(west, south, east, north), 2))])


STREETS = (((0, 1), (4, 1)), ((1, 0), (1, 2)), ((3, 0), (3, 2)))


def load_quarters(session: Session, streets: Iterable[object] = STREETS) -> Edition:
    """Put town and quarters in force, and the streets that bound their cells."""
    draft = open_draft(session, described(Subject.AREAS, "2020"))
    store(session, draft, AreaLevel.DISTRICT, {"310113": ("宝山区", block(0, 0, 4, 2))})
    store(session, draft, AreaLevel.TOWN, {TOWN: ("顾村镇", block(0, 0, 4, 2))})
    quarters = {ONE: ("菊一", block(0, 0, 2, 2)), TWO: ("菊二", block(2, 0, 4, 2))}
    store(session, draft, AreaLevel.RESIDENTIAL_QUARTER, quarters)
    add_streets(session, streets)
    uses, _ = open_edition(session, described(Subject.LAND, "land", part="landuse"))
    frame = gpd.GeoDataFrame(
        {"name": None, "attributes": [{"class": name} for name in LAND_USE]},
        geometry=[block(*corners) for corners in LAND_USE.values()],
        crs=STORAGE_SRID,
    )
    land.store(session, uses, frame)
    return take_into_force(session, "2020")


def add_streets(session: Session, streets: Iterable[object], name: str = "streets", on: date = DAY) -> None:
    """Put streets in force from a day, each from one place to another, in columns and rows."""
    edition, _ = open_edition(session, described(Subject.NETWORK, name, on))
    node = {"edition_id": edition.edition_id, "node_id": 0, "component": 0, "geom": _wkt("POINT(0 0)")}
    session.execute(insert(NetworkNode).values(**node))
    for number, street in enumerate(streets):
        line = degrees(shapely.LineString(street))
        values = {"source": 0, "target": 0, "length_m": 1.0, "component": 0, "highway": "residential"}
        session.execute(
            insert(NetworkEdge).values(edition_id=edition.edition_id, edge_id=number, geom=_wkt(line.wkt), **values)
        )


def _wkt(text: str) -> object:
    return func.ST_GeomFromText(text, STORAGE_SRID)


def store(session: Session, draft: Edition, level: AreaLevel, drawn: dict[str, tuple[str, shapely.Geometry]]) -> None:
    """Store areas of one level in a draft, by code."""
    frame = gpd.GeoDataFrame(
        {"code": list(drawn), "name": [name for name, _ in drawn.values()], "attributes": [{} for _ in drawn]},
        geometry=[surface for _, surface in drawn.values()],
        crs=STORAGE_SRID,
    )
    areas.store(session, draft, frame, level)


def described(subject: Subject, name: str, on: date = DAY, part: str = "") -> EditionDraft:
    return EditionDraft(
        subject=subject,
        part=part,
        name=name,
        source="paper",
        synthetic=True,
        datum="wgs84",
        content_sha256=sha256(name.encode()).hexdigest(),
        valid_from=on,
        extent=EXTENT,
        metric_crs="EPSG:4549",
    )
