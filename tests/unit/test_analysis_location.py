"""Which area a point lies in, beside shapely asked area by area."""

import geopandas as gpd
import numpy as np
import shapely

from gridmgmt.analysis.location import area_of_points


def expected(areas: gpd.GeoDataFrame, lonlat: np.ndarray) -> list[int]:
    """The first area that covers each place, -1 for none."""
    covers = [shapely.covers(area, shapely.points(lonlat)) for area in areas.geometry]
    return [next((i for i, inside in enumerate(covers) if inside[place]), -1) for place in range(len(lonlat))]


def frame(*areas: shapely.Geometry) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(areas), crs=4326)


def test_a_place_on_a_border_or_corner_falls_to_the_lowest_code() -> None:
    squares = frame(*(shapely.box(x, y, x + 1, y + 1) for y in range(2) for x in range(2)))
    lonlat = np.array(
        [(0.5, 0.5), (1.0, 0.5), (0.5, 1.0), (1.0, 1.0), (2.0, 1.0), (2.0, 2.0), (2.1, 1.0), (0.0, -1e-9)]
    )
    assert area_of_points(squares.geometry, lonlat).tolist() == [0, 0, 0, 0, 1, 3, -1, -1]


def test_holes_pieces_and_overlaps_are_as_shapely_has_them() -> None:
    ring = shapely.box(0, 0, 4, 4).difference(shapely.box(1, 1, 3, 3))
    pieces = shapely.union_all([shapely.box(2, 2, 5, 5), shapely.Point(7, 7).buffer(1)])
    areas = frame(ring, pieces, shapely.box(6, 0, 8, 8), shapely.Point(3, 3).buffer(3))
    rng = np.random.default_rng(5)
    lonlat = np.concatenate([rng.uniform(-1, 9, (4000, 2)), rng.integers(-1, 9, (500, 2))])
    assert area_of_points(areas.geometry, lonlat).tolist() == expected(areas, lonlat)


def test_a_network_of_one_straight_street_has_a_line_for_a_hull() -> None:
    street = shapely.convex_hull(shapely.linestrings([(0, 0), (1, 0), (2, 0)]))
    assert area_of_points(frame(street).geometry, np.array([(1.0, 0.0), (1.0, 0.1)])).tolist() == [0, -1]


def test_no_places_and_no_areas() -> None:
    assert area_of_points(frame(shapely.box(0, 0, 1, 1)).geometry, np.empty((0, 2))).tolist() == []
    assert area_of_points(frame().geometry, np.array([(0.0, 0.0)])).tolist() == [-1]
