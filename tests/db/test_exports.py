"""Areas out as files and back: every format and datum keeps every coordinate to a millimetre and every word."""

import json
import math
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

import numpy as np
import pyogrio
import pytest
import shapely
from pyproj import Geod

from gridmgmt import imports
from gridmgmt.errors import GridMgmtError
from gridmgmt.exports.rules import ExportAsk, ExportCrs, ExportFormat
from gridmgmt.exports.service import SUFFIXES, Exported, export_areas
from gridmgmt.file_kinds import AreasFile
from gridmgmt.ingest.areas import read_areas
from tests.support.actors import TESTER
from tests.support.drafts import take_into_force
from tests.support.paper_town import DAY, geojson, labels

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
FORMATS, SYSTEMS = get_args(ExportFormat), get_args(ExportCrs)
GEOD = Geod(ellps="WGS84")
WEST, SOUTH, SIDE = 121.41234567, 31.30765432, 0.01
LONG_NAME = "新" * 150 + "街道"


def square(column: int, row: int) -> list[list[list[float]]]:
    west, south = WEST + column * SIDE, SOUTH + row * SIDE
    east, north = west + SIDE, south + SIDE
    return [
        [[west, south], [east, south], [east, north], [west + SIDE / 3, north + 1e-4], [west, north], [west, south]]
    ]


def features(rows: list[tuple[str, str, int, int]]) -> list[tuple[dict[str, object], str, object]]:
    return [
        (
            {"code": code, "name": name, "用途": "居住", "floors": 6, "built": 1987.5, "open": True},
            "Polygon",
            square(c, r),
        )
        for code, name, c, r in rows
    ]


ROWS = [("310113001", "张庙街道", 0, 0), ("310113002", LONG_NAME, 1, 0), ("310113003", "㐂镇", 3, 0)]


@pytest.fixture
def towns(session, tmp_path):
    """Two towns side by side and one that lies apart, of about one km² each."""
    intake = read_areas(geojson(tmp_path / "towns.geojson", features(ROWS)))
    imports.import_areas(session, TESTER, intake, labels("towns"), level="town")
    take_into_force(session, "towns", DAY)
    return session


def written(session, folder: Path, format_: ExportFormat, crs: ExportCrs = "wgs84", **ask) -> Exported:
    path = folder / f"out{SUFFIXES[format_][0]}"
    return export_areas(session, ExportAsk("town", format_, crs, **ask), path, now=NOW, extent_limit_m2=2.5e6)


def gauss_kruger(lon: float, lat: float, meridian: float) -> tuple[float, float]:
    """Easting and northing in metres by Krüger's series (1912), on the ellipsoid of CGCS2000, by no library."""
    a, f = 6378137.0, 1 / 298.257222101
    n = f / (2 - f)
    radius = a / (1 + n) * (1 + n**2 / 4 + n**4 / 64)
    alphas = (n / 2 - 2 / 3 * n**2 + 5 / 16 * n**3, 13 / 48 * n**2 - 3 / 5 * n**3, 61 / 240 * n**3)
    e = math.sqrt(f * (2 - f))
    phi, delta = math.radians(lat), math.radians(lon - meridian)
    t = math.sinh(math.atanh(math.sin(phi)) - e * math.atanh(e * math.sin(phi)))
    xi, eta = math.atan2(t, math.cos(delta)), math.atanh(math.sin(delta) / math.hypot(1, t))
    north = xi + sum(k * math.sin(2 * j * xi) * math.cosh(2 * j * eta) for j, k in enumerate(alphas, 1))
    east = eta + sum(k * math.cos(2 * j * xi) * math.sinh(2 * j * eta) for j, k in enumerate(alphas, 1))
    return 500_000 + radius * east, radius * north


def turned(town: shapely.MultiPolygon) -> shapely.MultiPolygon:
    """A polygon drawn from its lowest corner on, counter-clockwise, to compare it vertex by vertex."""
    ring = shapely.get_coordinates(shapely.orient_polygons(town))[:-1]
    first = int(np.argmin(ring.sum(axis=1)))
    return shapely.MultiPolygon([shapely.Polygon(np.roll(ring, -first, axis=0))])


def opened(path: Path) -> str:
    return f"/vsizip/{path}" if path.suffix == ".zip" else str(path)


def first_corner(path: Path) -> tuple[float, float]:
    """The first vertex of the first town, as it is drawn in the file; formats turn rings and rows about."""
    _, _, geometry, fields = pyogrio.raw.read(opened(path))
    town = shapely.from_wkb(geometry)[list(fields[0]).index(ROWS[0][0])]
    corners = shapely.get_coordinates(town)
    return tuple(corners[np.argmin(corners.sum(axis=1))])


def metres_apart(one: np.ndarray, other: np.ndarray) -> float:
    """The farthest that a vertex has moved, in metres on the ellipsoid."""
    one, other = (np.array([turned(town) for town in towns]) for towns in (one, other))
    assert np.array_equal(shapely.get_num_coordinates(one), shapely.get_num_coordinates(other))
    (x, y), (u, v) = shapely.get_coordinates(one).T, shapely.get_coordinates(other).T
    return float(GEOD.inv(x, y, u, v)[2].max())


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("crs", SYSTEMS)
def test_what_is_exported_comes_back(towns, tmp_path, format_, crs) -> None:
    before = read_areas(tmp_path / "towns.geojson").frame
    done = written(towns, tmp_path, format_, crs)
    back = AreasFile(level="town").read(done.path, None)
    after = back.frame.sort_values("code", ignore_index=True)
    assert metres_apart(before.geometry.to_numpy(), after.geometry.to_numpy()) < 1e-3
    assert list(after["code"]) == [row[0] for row in ROWS]
    assert list(after["name"])[0::2] == ["张庙街道", "㐂镇"]
    said = after["attributes"][0]
    assert set(said) == {"用途", "floors", "built", "open"}
    assert (said["用途"], said["floors"], said["built"], bool(said["open"])) == ("居住", 6, 1987.5, True)
    assert back.details["stated_datum"] == ("cgcs2000" if crs == "cgcs2000-zone" else crs)


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize(("crs", "srid"), [("wgs84", 4326), ("cgcs2000", 4490), ("cgcs2000-zone", 4549)])
def test_others_read_the_coordinates_that_were_asked_for(towns, tmp_path, format_, crs, srid) -> None:
    done = written(towns, tmp_path, format_, crs)
    assert pyogrio.read_info(opened(done.path))["crs"] == f"EPSG:{srid}"
    expected = gauss_kruger(WEST, SOUTH, 120) if srid == 4549 else (WEST, SOUTH)
    assert first_corner(done.path) == pytest.approx(expected, abs=1e-3 if srid == 4549 else 1e-9)


@pytest.mark.parametrize("format_", FORMATS)
def test_gcj02_claims_no_crs(towns, tmp_path, format_) -> None:
    done = written(towns, tmp_path, format_, "gcj02")
    x, y = first_corner(done.path)
    assert GEOD.inv(WEST, SOUTH, x, y)[2] == pytest.approx(478, abs=10), "some 480 m away in Baoshan"
    # GeoJSON without a CRS is read as plain degrees by GDAL; what it says itself is "crs": null.
    assert pyogrio.read_info(opened(done.path))["crs"] in ((None, "EPSG:4326") if format_ == "geojson" else (None,))
    assert done.metadata["crs"] is None
    assert [code for code, _ in done.warnings][-1 if format_ != "shp" else -2] == "export_gcj02"


def test_a_declared_datum_must_not_contradict_what_the_file_says(towns, tmp_path) -> None:
    done = written(towns, tmp_path, "gpkg", "gcj02")
    with pytest.raises(GridMgmtError, match="gcj02"):
        AreasFile(level="town", datum="wgs84").read(done.path, None)
    with pytest.raises(GridMgmtError, match="town"):
        AreasFile(level="residential_quarter").read(done.path, None)


def test_a_geojson_says_what_it_is(towns, tmp_path) -> None:
    done = written(towns, tmp_path, "geojson")
    document = json.loads(done.path.read_text(encoding="utf-8"))
    assert "crs" not in document, "RFC 7946"
    said = document["gridmgmt"]
    assert (said["level"], said["datum"], said["crs"], said["on"]) == ("town", "wgs84", "EPSG:4326", "2026-03-01")
    assert [(e["name"], e["valid_from"], e["areas"]) for e in said["editions"]] == [("towns", "2026-01-01", 3)]
    assert said["exported_at"] == "2026-03-01T04:00:00+00:00"
    again = written(towns, tmp_path / ".", "geojson")
    assert again.path.read_bytes() == done.path.read_bytes(), "the same question, the same bytes"
    shifted = json.loads(written(towns, tmp_path, "geojson", "gcj02").path.read_text(encoding="utf-8"))
    assert shifted["crs"] is None


def test_a_continuous_extent_above_the_limit_is_warned_of(towns, tmp_path) -> None:
    """Each town is about 1.06 km²; the two that touch are 2.1 km² together, the third lies apart."""
    done = written(towns, tmp_path, "gpkg")
    assert done.metadata["largest_continuous_m2"] == pytest.approx(2 * 0.951e3 * 1.109e3 * 1.005, rel=0.01)
    assert done.warnings == ()
    strict = export_areas(
        towns, ExportAsk("town", "gpkg"), tmp_path / "strict.gpkg", now=NOW, extent_limit_m2=1.5e6
    )  # fmt: skip
    assert [code for code, _ in strict.warnings] == ["export_extent"]
    assert strict.warnings[0][1]["limit_km2"] == 1.5
    assert "2.1" in strict.metadata["warnings"][0]["en"]


def test_chinese_names_of_a_gbk_shapefile_are_never_cut_in_the_middle(towns, tmp_path) -> None:
    rows = [("310113001", "张庙街道", 0, 0), ("310113002", "a" + LONG_NAME, 1, 0)]
    intake = read_areas(geojson(tmp_path / "named.geojson", features(rows)))
    imports.import_areas(towns, TESTER, intake, labels("named"), level="residential_quarter")
    path = tmp_path / "gbk.zip"
    ask = ExportAsk("residential_quarter", "shp", edition="named", encoding="gbk")
    done = export_areas(towns, ask, path, now=NOW, extent_limit_m2=2.5e6)
    assert [code for code, _ in done.warnings] == ["export_shortened"]
    with zipfile.ZipFile(path) as archive:
        assert archive.read("residential_quarter.cpg") == b"GBK"
        assert "㐂".encode("gb18030") not in archive.read("residential_quarter.dbf")
    back = read_areas(path).frame
    assert list(back["name"]) == ["张庙街道", "a" + "新" * 126], "1 + 126 × 2 bytes: a further half would fit into 254"
    assert done.metadata["renamed"] == {"parent_level": "parent_lev", "parent_code": "parent_cod"}


def test_what_cannot_be_is_refused_with_the_remedy(towns, tmp_path) -> None:
    with pytest.raises(GridMgmtError, match="㐂"):
        export_areas(
            towns, ExportAsk("town", "shp", encoding="gbk"), tmp_path / "a.shp", now=NOW, extent_limit_m2=1e9
        )  # fmt: skip
    with pytest.raises(GridMgmtError, match=r"\.gpkg"):
        export_areas(towns, ExportAsk("town", "gpkg"), tmp_path / "a.shp", now=NOW, extent_limit_m2=1e9)
    with pytest.raises(GridMgmtError, match="grid_cell"):
        export_areas(towns, ExportAsk("grid_cell", "gpkg"), tmp_path / "a.gpkg", now=NOW, extent_limit_m2=1e9)
    with pytest.raises(GridMgmtError, match="310113999"):
        written(towns, tmp_path, "gpkg", within="310113999")
    assert not list(tmp_path.glob("a.*"))


def test_one_area_and_another_day(towns, tmp_path) -> None:
    assert written(towns, tmp_path, "fgb", within="310113002").count == 1
    with pytest.raises(GridMgmtError):
        written(towns, tmp_path, "fgb", on=date(2025, 12, 31))
    assert written(towns, tmp_path, "fgb", edition="towns").metadata["on"] == "2026-01-01"
