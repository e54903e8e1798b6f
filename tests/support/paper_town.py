"""A town small enough for paper, as files that go through the real readers and imports.

Metres in EPSG:4549 from a corner near 121.4°E 31.3°N, north up::

    1000            x = side street's end
                    |
     600       ==== |          ==== is a lane of its own, joined to nothing
                p4  |
     500            p3
     300     p5     |
       0  A----p1----p2--+-----+----+----P      p6
          0  200    900 1000  1500     3000    5000

    A: open point at (0, 10)   P: planned point at (3000, 0), which covers nobody
    p1 (200, 20)   10.5   residents: 10 + 200 + 20 = 230 m from A
    p2 (900, 0)    20.25  residents: 10 + 900      = 910 m from A
    p3 (1500, 500) 30     residents: 10 + 1500 + 500 = 2010 m from A
    p4 (1375, 610)  4     residents: 10 m from the lane of its own, 125 m from the side street
    p5 (1000, 300)  5     residents: 300 m from every street, on the border of both towns
    p6 (5000, 0)    6     residents: 2000 m beyond the last street

At 0.83 m/s twenty minutes are 996 m and five are 249 m. West town: x < 1000, east town: x > 1000.
"""

import csv
import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pyproj
from sqlalchemy.orm import sessionmaker

from gridmgmt import imports
from gridmgmt.db import Session
from gridmgmt.editions.rules import Counting
from gridmgmt.imports import Labels
from gridmgmt.ingest.areas import read_areas
from gridmgmt.ingest.network import read_network
from gridmgmt.ingest.population import read_population_points
from gridmgmt.ingest.service_points import read_service_points
from tests.support.actors import TESTER
from tests.support.drafts import take_into_force

TO_DEGREES = pyproj.Transformer.from_crs(4549, 4326, always_xy=True)
EAST_M, NORTH_M = pyproj.Transformer.from_crs(4326, 4549, always_xy=True).transform(121.4, 31.3)
DAY = date(2026, 1, 1)

STREETS = [
    [(0, 0), (500, 0)],
    [(500, 0), (1000, 0)],
    [(1000, 0), (1500, 0)],
    [(1500, 0), (3000, 0)],
    [(1500, 0), (1500, 1000)],
    [(1300, 600), (1450, 600)],
]
PLACES = [
    (200, 20, (10.5, 0, 0, 0, 0)),
    (900, 0, (10, 0, 0, 0, 10.25)),
    (1500, 500, (30, 0, 0, 0, 0)),
    (1375, 610, (4, 0, 0, 0, 0)),
    (1000, 300, (5, 0, 0, 0, 0)),
    (5000, 0, (6, 0, 0, 0, 0)),
]
POINTS = [("A", 0, 10, "open"), ("P", 3000, 0, "planned")]
TOWNS = {
    "310113001": [(-100, -100), (1000, -100), (1000, 300), (1000, 1100), (-100, 1100)],
    "310113002": [(1000, -100), (3100, -100), (3100, 1100), (1000, 1100), (1000, 300)],
}


def degrees(points: Iterable[tuple[float, float]]) -> list[list[float]]:
    """Return lon/lat, 9 decimals, of metres from the corner."""
    lonlat = (TO_DEGREES.transform(EAST_M + x, NORTH_M + y) for x, y in points)
    return [[round(lon, 9), round(lat, 9)] for lon, lat in lonlat]


def geojson(path: Path, rows: Iterable[tuple[dict[str, object], str, object]]) -> Path:
    """Write features of (properties, geometry type, coordinates)."""
    features = [
        {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": coordinates}}
        for properties, kind, coordinates in rows
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def areas_file(folder: Path) -> Path:
    rows = [
        ({"code": code, "name": f"{code}镇"}, "Polygon", [degrees([*ring, ring[0]])]) for code, ring in TOWNS.items()
    ]
    return geojson(folder / "towns.geojson", rows)


def streets_file(folder: Path) -> Path:
    return geojson(
        folder / "streets.geojson", [({"highway": "residential"}, "LineString", degrees(s)) for s in STREETS]
    )


def places_file(folder: Path) -> Path:
    path = folder / "places.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["lon", "lat", "60_64", "65_69", "70_74", "75_79", "80_plus"])
        for x, y, bands in PLACES:
            writer.writerow([*degrees([(x, y)])[0], *bands])
    return path


def points_file(folder: Path) -> Path:
    path = folder / "points.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["code", "name", "type", "status", "lon", "lat"])
        for code, x, y, status in POINTS:
            writer.writerow([code, f"点{code}", "elderly_service_point", status, *degrees([(x, y)])[0]])
    return path


def labels(name: str, **changes: object) -> Labels:
    return Labels(**{"name": name, "source": "paper", "valid_from": DAY, **changes})


def load(sessions: sessionmaker[Session], folder: Path, *, with_areas: bool = True) -> None:
    """Take the whole town in."""
    with sessions.begin() as session:
        if with_areas:
            imports.import_areas(session, TESTER, read_areas(areas_file(folder)), labels("towns"), level="town")
            take_into_force(session, "towns")
        imports.import_network(session, TESTER, read_network(streets_file(folder)), labels("streets"))
        places = read_population_points(places_file(folder))
        imports.import_population(session, TESTER, places, labels("places"), counting=Counting.COUNTED)
        imports.import_service_points(session, TESTER, read_service_points(points_file(folder)), labels("points"))
