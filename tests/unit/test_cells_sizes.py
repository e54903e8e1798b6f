"""The sizes that a report of cells tells are those on the ellipsoid, as everywhere."""

import numpy as np
import pyproj
import pytest
import shapely

from gridmgmt.cells.making import Quarters, draw, options_for, report

CRS = pyproj.CRS.from_epsg(4549)
GEOD = pyproj.Geod(ellps="WGS84")


def test_sizes_are_those_on_the_ellipsoid_where_the_plane_stretches() -> None:
    to_metres = pyproj.Transformer.from_crs(4326, CRS, always_xy=True)
    to_degrees = pyproj.Transformer.from_crs(CRS, 4326, always_xy=True)
    origin = np.round(to_metres.transform(121.45, 31.3))

    def degrees(geometry: shapely.Geometry) -> shapely.Geometry:
        return shapely.transform(geometry, lambda xy: np.column_stack(to_degrees.transform(*(xy + origin).T)))

    quarter = degrees(shapely.segmentize(shapely.box(0, 0, 200, 200), 100))
    streets = [degrees(shapely.LineString(line)) for line in ([(100, 0), (100, 200)], [(0, 100), (200, 100)])]
    quarters = Quarters(
        codes=["310113109001"],
        names=["paper"],
        surfaces=np.array([quarter], dtype=object),
        barriers=np.array(streets, dtype=object),
        crs=CRS,
        options=options_for(10_000),
    )
    drawn = draw(quarters, processes=1)
    # 138 km from the meridian of the zone the plane is 1 + 138²/(2·6371²) = 1.000235 times as long.
    mean_m2 = abs(GEOD.geometry_area_perimeter(quarter)[0]) / 4
    assert mean_m2 == pytest.approx(10_000 / 1.000235**2, abs=0.05)
    found = report(quarters, drawn, [{"kept": 0, "new": 4, "ended": 0}])
    assert found["quality"]["mean_m2"] == pytest.approx(mean_m2, rel=1e-7)
    assert found["naive"]["mean_m2"] == pytest.approx(4 / 9 * mean_m2, rel=1e-6), "the net cuts it into nine"
    assert found["quality"]["median_m2"] == pytest.approx(mean_m2, abs=0.1)
    assert found["quarters"][0]["mean_m2"] == found["quality"]["mean_m2"]
