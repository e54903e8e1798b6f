"""Grids of three departments on squares of 0.001°, that disagree in places a person has counted.

::

    4 +-------+-------+      city_operation: C1 columns 0-4, C2 columns 4-8
      |  C1   |  C2   |      police:         P1 columns 0-5, P2 columns 5-8: a column that it gives to the west
      |       |       |      party:          D1 columns 0-4 without a hole of one square (1,1),
    0 +-------+-------+                      D2 columns 3-8 in row 3, else 4-8: one square (3,3) twice
      0       4       8

The squares of a row are all alike, and rows differ by 1e-5 of their surface.
"""

from datetime import date

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.rules import EditionDraft, Subject, content_sha256
from gridmgmt.editions.service import open_edition
from gridmgmt.merging import service
from gridmgmt.merging.comparison import Grids, Ground
from tests.support.division import EXTENT, block

SINCE = date(2016, 1, 1)
PLANE = pyproj.Transformer.from_crs(4326, 32651, always_xy=True)
Drawn = dict[str, dict[str, shapely.Geometry]]

DEPARTMENTS: Drawn = {
    "city_operation": {"C1": block(0, 0, 4, 4), "C2": block(4, 0, 8, 4)},
    "police": {"P1": block(0, 0, 5, 4), "P2": block(5, 0, 8, 4)},
    "party": {
        "D1": block(0, 0, 4, 4) - block(1, 1, 2, 2),
        "D2": block(4, 0, 8, 4) | block(3, 3, 4, 4),
    },
}


def grids(drawn: Drawn) -> Grids:
    return Grids.ordered([(name, code, None, surface) for name, of in drawn.items() for code, surface in of.items()])


def ground(**changes: object) -> Ground:
    return Ground(to_plane=PLANE, **changes)  # type: ignore[arg-type]


def multi(surface: shapely.Geometry) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([part for part in shapely.get_parts(surface) if part.geom_type == "Polygon"])


def frame(of: dict[str, shapely.Geometry]) -> gpd.GeoDataFrame:
    """The grids of one department as they come from a file."""
    return gpd.GeoDataFrame(
        {"code": list(of), "name": [f"{code}网格" for code in of], "attributes": [{} for _ in of]},
        geometry=[multi(surface) for surface in of.values()],
        crs=4326,
    )


def add_department(
    session: Session, name: str, of: dict[str, shapely.Geometry], *, on: date = SINCE, edition: str = "2016"
) -> Edition:
    """Store the grids of a department as an edition."""
    rows = frame(of)
    draft = EditionDraft(
        subject=Subject.DEPARTMENT_GRIDS,
        part=name,
        name=edition,
        source=f"{name} on paper",
        synthetic=True,
        datum="wgs84",
        content_sha256=content_sha256(
            {"code": rows["code"].to_numpy(), "geometry": np.asarray(rows.geometry, dtype=object)}
        ),
        valid_from=on,
        extent=EXTENT,
    )
    stored = open_edition(session, draft)[0]
    service.store(session, stored, rows)
    return stored


def add_all(session: Session, drawn: Drawn = DEPARTMENTS) -> None:
    """Store the grids of all departments."""
    for name, of in drawn.items():
        add_department(session, name, of)
