import math

import numpy as np
import pytest
import shapely
from pyproj import CRS, Transformer

from gridmgmt import crs
from gridmgmt.errors import CrsError

BAOSHAN = (121.295, 31.29, 121.521, 31.511)
WUHAN = (113.98, 30.38, 114.55, 30.78)
PORTO = (-8.72, 41.02, -8.45, 41.28)
BOSTON = (-71.19, 42.23, -70.99, 42.40)
SHANGHAI = (120.8568, 30.6756, 122.2471, 31.8727)


def _published_gcj02(lon: float, lat: float) -> tuple[float, float]:
    """The published algorithm in scalar form, term by term, as an independent witness."""
    x, y, pi = lon - 105.0, lat - 35.0, math.pi
    dy = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    dy += (20.0 * math.sin(6.0 * x * pi) + 20.0 * math.sin(2.0 * x * pi)) * 2.0 / 3.0
    dy += (20.0 * math.sin(y * pi) + 40.0 * math.sin(y / 3.0 * pi)) * 2.0 / 3.0
    dy += (160.0 * math.sin(y / 12.0 * pi) + 320 * math.sin(y * pi / 30.0)) * 2.0 / 3.0
    dx = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    dx += (20.0 * math.sin(6.0 * x * pi) + 20.0 * math.sin(2.0 * x * pi)) * 2.0 / 3.0
    dx += (20.0 * math.sin(x * pi) + 40.0 * math.sin(x / 3.0 * pi)) * 2.0 / 3.0
    dx += (150.0 * math.sin(x / 12.0 * pi) + 300.0 * math.sin(x / 30.0 * pi)) * 2.0 / 3.0
    a, ee = 6378245.0, 0.00669342162296594323
    magic = 1 - ee * math.sin(lat / 180.0 * pi) ** 2
    dy = (dy * 180.0) / ((a * (1 - ee)) / (magic * math.sqrt(magic)) * pi)
    dx = (dx * 180.0) / (a / math.sqrt(magic) * math.cos(lat / 180.0 * pi) * pi)
    return lon + dx, lat + dy


@pytest.mark.parametrize(
    "city", [(121.4737, 31.2304), (114.3055, 30.5928), (116.3975, 39.9087), (87.6, 43.8), (110.3, 20.0)]
)
def test_gcj02_equals_the_published_algorithm(city: tuple[float, float]) -> None:
    assert np.allclose(crs.wgs84_to_gcj02(*city), _published_gcj02(*city), rtol=0, atol=1e-12)


def test_the_shift_in_shanghai_is_the_one_measured_on_real_polygons() -> None:
    """The shared data's measured shift: about +0.0044° east and -0.0020° north."""
    lon, lat = crs.wgs84_to_gcj02(121.47, 31.23)
    assert lon - 121.47 == pytest.approx(0.0045, abs=2e-4)
    assert lat - 31.23 == pytest.approx(-0.0020, abs=2e-4)


def test_bd09_of_a_known_point() -> None:
    """GCJ-02 (116.404, 39.915) is BD-09 (116.41036949, 39.92133699): the example of the published converters."""
    lon, lat = crs.wgs84_to_bd09(*crs.gcj02_to_wgs84(116.404, 39.915))
    assert (lon, lat) == pytest.approx((116.41036949371029, 39.92133699351022), abs=1e-9)


@pytest.mark.parametrize(("extent", "epsg"), [(BAOSHAN, 4549), (WUHAN, 4547), (PORTO, 32629), (BOSTON, 32619)])
def test_the_chosen_crs_is_the_known_one_and_passes_its_own_check(extent: crs.Extent, epsg: int) -> None:
    chosen = crs.choose_metric_crs(extent)
    assert chosen.to_epsg() == epsg
    crs.check_metric_crs(chosen, extent)


def test_a_wide_extent_falls_back_until_one_fits() -> None:
    assert crs.scale_error_ppm(CRS(4550), SHANGHAI) > crs.MAX_SCALE_ERROR_PPM
    assert crs.scale_error_ppm(crs.choose_metric_crs(SHANGHAI), SHANGHAI) <= crs.MAX_SCALE_ERROR_PPM
    astride_a_utm_border = (11.0, 0.0, 13.0, 1.0)
    assert "tmerc" in crs.choose_metric_crs(astride_a_utm_border).srs


@pytest.mark.parametrize("epsg", [32650, 3857, 4549])
def test_a_crs_that_stretches_wuhan_is_refused_with_the_number_and_a_fitting_one(epsg: int) -> None:
    with pytest.raises(CrsError) as refusal:
        crs.check_metric_crs(CRS(epsg), WUHAN)
    assert refusal.value.code == "crs_scale_error"
    assert refusal.value.fields["error_ppm"] > crs.MAX_SCALE_ERROR_PPM  # type: ignore[operator]  # fields are untyped
    for lang in ("zh", "en"):
        assert "EPSG:4547" in refusal.value.message(lang)


def test_scale_error_of_transverse_mercator_equals_the_textbook_series() -> None:
    """1 + (Δλ cos φ)² / 2 · (1 + e'² cos² φ): 1.521° from the meridian 120° at 31.29° N."""
    away = math.radians(1.521) * math.cos(math.radians(31.29))
    expected_ppm = away**2 / 2 * (1 + 0.00673949674 * math.cos(math.radians(31.29)) ** 2) * 1e6
    assert crs.scale_error_ppm(CRS(4549), BAOSHAN) == pytest.approx(expected_ppm, rel=1e-3)


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("crs_not_metric", lambda: crs.scale_error_ppm(CRS(4326), BAOSHAN)),
        ("crs_not_metric", lambda: crs.scale_error_ppm(CRS(2263), BAOSHAN)),
        ("extent_malformed", lambda: crs.choose_metric_crs((31.0, 121.0, 32.0, 122.0))),
        ("extent_malformed", lambda: crs.choose_metric_crs((float("nan"), 0, 1, 1))),
        ("extent_too_wide", lambda: crs.choose_metric_crs((73.0, 18.0, 135.0, 53.0))),
    ],
)
def test_what_cannot_be_metric_is_refused_by_name(code: str, call: object) -> None:
    with pytest.raises(CrsError) as refusal:
        call()  # type: ignore[operator]  # a lambda of the table above
    assert refusal.value.code == code
    assert refusal.value.message("zh")
    assert refusal.value.message("en")


def test_geometries_are_converted_by_crs_then_datum_and_lose_z() -> None:
    lon, lat = crs.wgs84_to_gcj02(114.3, 30.6)
    gcj02_in_mercator = Transformer.from_crs(4326, 3857, always_xy=True).transform(lon, lat)
    points = np.array([shapely.Point(*gcj02_in_mercator, 12.0)], dtype=object)
    back = crs.to_wgs84(points, crs=CRS(3857), datum=crs.Datum.GCJ02)[0]
    assert not back.has_z
    assert (back.x, back.y) == pytest.approx((114.3, 30.6), abs=1e-9)


def test_cgcs2000_is_wgs84_in_practice() -> None:
    point = np.array([shapely.Point(121.4, 31.3)], dtype=object)
    assert crs.to_wgs84(point, crs=CRS(4490), datum=crs.Datum.CGCS2000)[0] == point[0]


def test_invalid_numbers_stay_invalid() -> None:
    lon, lat = crs.gcj02_to_wgs84([np.nan, 121.0], [31.0, 31.0])
    assert np.isnan(lon[0])
    assert np.isfinite(lon[1])
    assert np.isfinite(lat[1])
