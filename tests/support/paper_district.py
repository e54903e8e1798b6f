"""A district of 8 by 8 squares with every level, small enough to draw.

::

    8 +-----+--------+--------+
      | 002 |        |  002   |     310113      宝山区, all of it
    6 +-----+        |  (S2)  |     310113109   顾村镇, the five columns in the west
      | 001 |        |        |     310113102   大场镇, the three columns in the east
    4 +-----+  003   +--------+     310113109-U1 菊泉新城, quarters 001 and 002 of 顾村镇
      | 004 |        |  001   |     310113102-S1, -S2: the sectors of 大场镇, a quarter each
      |     |        |  (S1)  |     cells: each quarter of 顾村镇 cut along column 1 (003 along column 3)
    0 +-----+--------+--------+
      0     2        5        8
"""

from collections.abc import Mapping
from datetime import date

import geopandas as gpd
import shapely

from gridmgmt.areas import service as areas
from gridmgmt.areas.queries import area_frame
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.rules import EditionDraft, Subject
from gridmgmt.editions.service import open_draft
from tests.support.division import EXTENT, block
from tests.support.drafts import take_into_force

FIRST, SECOND = date(2015, 1, 1), date(2030, 1, 1)
GUCUN, DACHANG, UNIT = "310113109", "310113102", "310113109-U1"

Drawn = Mapping[str, tuple[str, shapely.Geometry]]

DISTRICT: Mapping[AreaLevel, Drawn] = {
    AreaLevel.DISTRICT: {"310113": ("宝山区", block(0, 0, 8, 8))},
    AreaLevel.TOWN: {GUCUN: ("顾村镇", block(0, 0, 5, 8)), DACHANG: ("大场镇", block(5, 0, 8, 8))},
    AreaLevel.BASIC_MANAGEMENT_UNIT: {UNIT: ("菊泉新城", block(0, 4, 2, 8))},
    AreaLevel.SECTOR: {
        f"{DACHANG}-S1": ("一片区", block(5, 0, 8, 4)),
        f"{DACHANG}-S2": ("二片区", block(5, 4, 8, 8)),
    },
    AreaLevel.RESIDENTIAL_QUARTER: {
        f"{GUCUN}001": ("菊一", block(0, 4, 2, 6)),
        f"{GUCUN}002": ("菊二", block(0, 6, 2, 8)),
        f"{GUCUN}003": ("顾三", block(2, 0, 5, 8)),
        f"{GUCUN}004": ("顾四", block(0, 0, 2, 4)),
        f"{DACHANG}001": ("大一", block(5, 0, 8, 4)),
        f"{DACHANG}002": ("大二", block(5, 4, 8, 8)),
    },
    AreaLevel.GRID_CELL: {
        f"{GUCUN}001001": ("001", block(0, 4, 1, 6)),
        f"{GUCUN}001002": ("002", block(1, 4, 2, 6)),
        f"{GUCUN}002001": ("001", block(0, 6, 1, 8)),
        f"{GUCUN}002002": ("002", block(1, 6, 2, 8)),
        f"{GUCUN}003001": ("001", block(2, 0, 3, 8)),
        f"{GUCUN}003002": ("002", block(3, 0, 5, 8)),
        f"{GUCUN}004001": ("001", block(0, 0, 1, 4)),
        f"{GUCUN}004002": ("002", block(1, 0, 2, 4)),
    },
}


def load_district(session: Session, drawn: Mapping[AreaLevel, Drawn] = DISTRICT) -> Edition:
    """Put the district in force from the first day as edition "2015"."""
    draft = open_draft(session, described("2015", FIRST))
    for level, surfaces in drawn.items():
        add_areas(session, draft, level, surfaces)
    return take_into_force(session, "2015")


def described(name: str, on: date) -> EditionDraft:
    return EditionDraft(
        subject=Subject.AREAS,
        name=name,
        source="paper",
        synthetic=True,
        datum="wgs84",
        content_sha256=name,
        valid_from=on,
        extent=EXTENT,
    )


def add_areas(session: Session, draft: Edition, level: AreaLevel, drawn: Drawn) -> None:
    """Store areas of one level in a draft, by code."""
    frame = gpd.GeoDataFrame(
        {"code": list(drawn), "name": [name for name, _ in drawn.values()], "attributes": [{} for _ in drawn]},
        geometry=[shapely.MultiPolygon([surface]) for _, surface in drawn.values()],
        crs=4326,
    )
    areas.store(session, draft, frame, level)


def seen(session: Session, on: date, draft: Edition | None = None) -> dict[str, shapely.Geometry]:
    """Surfaces in force on a day by code, as a draft has them where one is named."""
    frame = area_frame(session, on, draft=None if draft is None else draft.edition_id)
    return dict(zip(frame["code"], frame.geometry, strict=True))


def parents(session: Session, on: date, draft: Edition | None = None) -> dict[str, str]:
    """The parent of each code in force on a day."""
    frame = area_frame(session, on, draft=None if draft is None else draft.edition_id)
    return frame.dropna(subset=["parent_code"]).set_index("code")["parent_code"].to_dict()


def same(one: shapely.Geometry, other: shapely.Geometry) -> bool:
    """Tell whether two surfaces are the same set of points within a square centimetre's noise."""
    return shapely.symmetric_difference(one, other).area < 1e-14
