"""A district on paper for the map page of areas: two towns and a subdistrict to be, two editions."""

from datetime import date

import geopandas as gpd
import pandas as pd
import shapely

from gridmgmt.areas.rules import TownMode
from gridmgmt.boundaries.rules import EditionStatus
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.governance.modes import Decision
from gridmgmt.governance.rules import Override
from maps.areas_page import Stop, Timeline

FIRST, SECOND = date(2015, 1, 1), date(2030, 1, 1)
TODAY = date(2026, 11, 22)
OVERRIDE = Override("区地区办", "批复〔2015〕1号", "已列入四个单元", date(2014, 12, 1))

# area_id, edition, level, code, name, kind, parent's level and code, km², box in hundredths of a degree
_ROWS = (
    (1, "2015", "town", "A", "甲镇", "town", None, None, 42.0, (0, 0, 2, 2)),
    (2, "2015", "town", "B", "乙镇", "town", None, None, 21.0, (2, 0, 3, 2)),
    (3, "2015", "basic_management_unit", "A-U1", "甲社区", None, "town", "A", 10.5, (0, 0, 1, 1)),
    (4, "2015", "residential_quarter", "A01", "甲一居", None, "basic_management_unit", "A-U1", 10.5, (0, 0, 1, 1)),
    (5, "2015", "residential_quarter", "A02", "甲二村", None, "town", "A", 31.5, (0, 1, 2, 2)),
    (6, "2015", "residential_quarter", "B01", "乙一居", None, "town", "B", 21.0, (2, 0, 3, 2)),
    (7, "2030", "town", "A", "甲镇", "town", None, None, 31.5, (0, 1, 2, 2)),
    (8, "2030", "town", "C", "丙街道", "subdistrict", None, None, 10.5, (0, 0, 1, 1)),
    (9, "2030", "residential_quarter", "C01", "丙一居", None, "town", "C", 10.5, (0, 0, 1, 1)),
)
_COLUMNS = ["area_id", "edition", "level", "code", "name", "kind", "parent_level", "parent_code", "km2", "box"]


def areas() -> gpd.GeoDataFrame:
    """Every version of every area by its id."""
    rows = pd.DataFrame(_ROWS, columns=_COLUMNS).set_index("area_id")
    boxes = [
        shapely.box(*(121.4 + x / 100 if i % 2 == 0 else 31.2 + x / 100 for i, x in enumerate(box)))
        for box in rows.pop("box")
    ]
    rows["area_m2"] = rows.pop("km2") * 1e6
    rows["valid_from"] = [FIRST if edition == "2015" else SECOND for edition in rows["edition"]]
    return gpd.GeoDataFrame(rows, geometry=boxes, crs=STORAGE_SRID)


def timeline(found: gpd.GeoDataFrame | None = None) -> Timeline:
    """2015 and, scheduled for 2030, a unit that becomes a subdistrict; town A has its mode by override."""
    modes = {"A": Decision(TownMode.BASIC_MANAGEMENT_UNIT, FIRST, "a", passed=False, override=OVERRIDE)}
    return Timeline(
        stops=(
            Stop(FIRST, TODAY, (("2015", EditionStatus.IN_FORCE),), (1, 2, 3, 4, 5, 6), modes),
            Stop(SECOND, SECOND, (("2030", EditionStatus.SCHEDULED),), (7, 2, 8, 9, 5, 6), modes, frozenset("C")),
        ),
        areas=areas() if found is None else found,
        now=0,
        sources=("drawn by hand",),
        synthetic=True,
    )
