"""A district on paper in force from 2015: towns and subdistricts side by side, with units, sectors and quarters.

Squares on a lattice of hundredths of a degree; only which lies in which, and how large 馨佳园 is, matters.
"""

from collections.abc import Sequence
from datetime import date

import geopandas as gpd
import shapely

from gridmgmt.areas import service as areas
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.rules import EditionDraft, Subject
from gridmgmt.editions.service import open_draft
from tests.support.drafts import take_into_force

BEGIN = date(2015, 1, 1)
WEST, SOUTH, STEP = 121.30, 31.30, 0.01
TOWNS = {
    "310113101": "罗店镇", "310113102": "大场镇", "310113103": "杨行镇", "310113104": "月浦镇", "310113106": "罗泾镇",
    "310113109": "顾村镇", "310113111": "高境镇", "310113112": "庙行镇", "310113113": "淞南镇",
    "310113003": "友谊路街道", "310113007": "吴淞街道", "310113008": "张庙街道",
}  # fmt: skip
UNITS = {
    "310113101-U1": "罗家园", "310113102-U1": "大华社区", "310113109-U1": "菊泉", "310113109-U2": "共泰",
}  # fmt: skip
SECTORS = {f"310113103-S{number}": f"杨行片区{number}" for number in range(1, 5)}
LUODIAN, DACHANG, YANGHANG, YUEPU = "310113101", "310113102", "310113103", "310113104"
GUCUN, MIAOHANG, ZHANGMIAO = "310113109", "310113112", "310113008"

Row = tuple[str, str, shapely.Polygon]


def square(column: float, row: float, width: float = 1.0, height: float = 1.0) -> shapely.Polygon:
    """Return a rectangle, its corner and size in steps of the lattice."""
    west, south = WEST + column * STEP, SOUTH + row * STEP
    return shapely.box(west, south, west + width * STEP, south + height * STEP)


def town_square(code: str) -> shapely.Polygon:
    """Return a town: eight steps wide and ten high, beside the one before it."""
    return square(8 * list(TOWNS).index(code), 0, 8, 10)


def _strip(town: str, part: int, parts: int) -> shapely.Polygon:
    """Return one of several columns of equal width in the southern half of a town."""
    return square(8 * list(TOWNS).index(town) + 8 * part / parts, 0, 8 / parts, 5)


def _within(code: str) -> Row:
    town, _, part = code.partition("-")
    parts = 4 if part.startswith("S") else 2
    names = UNITS | SECTORS
    return code, names[code], _strip(town, int(part[1:]) - 1, parts)


def quarters(town: str, counts: Sequence[tuple[float, float, float, int]]) -> list[Row]:
    """Return quarters of a town: so many cuts of strips (column, row, width in the town), numbered on."""
    first = 8 * list(TOWNS).index(town)
    found: list[Row] = []
    for column, row, width, count in counts:
        for cut in range(count):
            code = f"{town}{len(found) + 1:03d}"
            found.append((code, f"居民区{code[-3:]}", square(first + column, row + 5 * cut / count, width, 5 / count)))
    return found


def open_edition(session: Session, name: str, begin: date) -> Edition:
    """Open a draft of the district, planned for a day."""
    draft = EditionDraft(
        subject=Subject.AREAS, name=name, source="paper", synthetic=True, datum="wgs84", content_sha256=name,
        valid_from=begin, extent=(WEST, SOUTH, WEST + 1, SOUTH + 0.1),
    )  # fmt: skip
    return open_draft(session, draft)


def store(session: Session, edition: Edition, level: AreaLevel, rows: Sequence[Row]) -> None:
    """Store areas of a level in a draft."""
    codes, names, shapes = zip(*rows, strict=True)
    multi = [shapely.MultiPolygon([shape]) for shape in shapes]
    frame = gpd.GeoDataFrame({"code": codes, "name": names, "attributes": [{}] * len(rows)}, geometry=multi, crs=4326)
    areas.store(session, edition, frame, level)


def build(session: Session) -> None:
    """Bring it into force: 杨行 with 40 quarters in four sectors, 庙行 with 19, 顾村 with 10 of which 6 in units."""
    edition = open_edition(session, "2015", BEGIN)
    store(session, edition, AreaLevel.DISTRICT, [("310113", "宝山区", square(0, 0, 8 * len(TOWNS), 10))])
    store(session, edition, AreaLevel.TOWN, [(code, name, town_square(code)) for code, name in TOWNS.items()])
    store(session, edition, AreaLevel.BASIC_MANAGEMENT_UNIT, [_within(code) for code in UNITS])
    store(session, edition, AreaLevel.SECTOR, [_within(code) for code in SECTORS])
    cuts = {
        YANGHANG: [(0, 0, 2, 12), (2, 0, 2, 13), (4, 0, 2, 9), (6, 0, 2, 6)],
        MIAOHANG: [(0, 0, 8, 10), (0, 5, 8, 9)],
        GUCUN: [(0, 0, 4, 4), (4, 0, 4, 2), (0, 5, 8, 4)],
    }
    store(
        session, edition, AreaLevel.RESIDENTIAL_QUARTER, [row for town, c in cuts.items() for row in quarters(town, c)]
    )
    take_into_force(session, "2015")


def add_sector(session: Session, town: str, begin: date) -> None:
    """Bring a boundary edition into force by which a town gets a sector."""
    edition = open_edition(session, "片区", begin)
    store(session, edition, AreaLevel.SECTOR, [(f"{town}-S1", "新片区", _strip(town, 0, 1))])
    take_into_force(session, "片区")


def move_quarter(session: Session, begin: date) -> None:
    """Bring a boundary edition into force by which the first quarter of 杨行 moves from sector 1 to sector 4."""
    edition = open_edition(session, "调整", begin)
    first = quarters(YANGHANG, [(0, 0, 2, 12)])[0][2]
    one, four = (_within(f"{YANGHANG}-S{number}") for number in (1, 4))
    smaller = shapely.difference(one[2], first)
    frame = gpd.GeoDataFrame(
        {"code": [one[0], four[0]], "name": [one[1], four[1]], "attributes": [{}, {}]},
        geometry=[shapely.MultiPolygon([smaller]), shapely.MultiPolygon([first, four[2]])],
        crs=4326,
    )
    areas.store(session, edition, frame, AreaLevel.SECTOR)
    take_into_force(session, "调整")
