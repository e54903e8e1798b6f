"""The map page of areas: what is coloured how, what is sent how often, and borders that stay shared when simplified."""

import dataclasses
import re

import geopandas as gpd
import numpy as np
import pytest
import shapely

from maps.areas_map import for_drawing
from maps.areas_page import CLASSES, area_classes, areas_page
from tests.support.areas_example import areas, timeline


def test_how_each_area_is_managed_by_hand() -> None:
    first = areas().loc[[1, 2, 3, 4, 5, 6]]
    assert area_classes(first, {"A": "basic_management_unit"}, {"C"}) == [
        "basic_management_unit",  # town A as decided
        "undecided",  # town B
        "basic_management_unit",  # the unit
        "basic_management_unit",  # the quarter in the unit
        "direct",  # the quarter of A outside its unit
        "undecided",  # the quarter of B, whose mode nobody has decided
    ]
    assert area_classes(areas().loc[[8, 9]], {}, {"C"}) == ["not_applicable", "not_applicable"]
    assert area_classes(areas().loc[[9]], {}, {"C"}) == ["not_applicable"], "also where its subdistrict is not shown"


def test_every_way_has_a_colour_of_its_own() -> None:
    assert len(set(CLASSES.values())) == len(CLASSES)


def test_equal_inputs_give_equal_pages() -> None:
    assert areas_page(timeline()) == areas_page(timeline())


def test_each_version_is_sent_once_whatever_the_editions() -> None:
    page = areas_page(timeline())
    assert len(re.findall(r'"type":\s*"Polygon"', page)) == len(areas())


def test_page_links_nothing() -> None:
    page = areas_page(timeline())
    assert not re.search(r"<(script|link|img|iframe)[^>]*(src|href)=", page)
    assert not re.search(r"url\((?!#)|@import|sourceMappingURL", page)


def test_names_cannot_break_out_of_the_page() -> None:
    evil = "</script><img src=x onerror=alert(1)>"
    page = areas_page(timeline(areas().assign(name=evil, edition=evil)))
    assert evil not in page
    assert page.count("</script>") == page.count("<script>")


def wavy(n: int) -> gpd.GeoDataFrame:
    """Two towns with a wavy border of n corners, quarters that share it, and a later version of one town."""
    y = np.linspace(0.0, 0.1, n)
    border = np.column_stack([0.05 + 0.002 * np.sin(y * 400), y])
    west = shapely.Polygon([(0, 0), *border, (0, 0.1)])
    east = shapely.Polygon([(0.1, 0.1), *border[::-1], (0.1, 0)])
    south_east = shapely.intersection(east, shapely.box(0, 0, 1, 0.04))
    surfaces = [west, east, west, shapely.difference(east, south_east), south_east]
    frame = areas().iloc[:5]
    return frame.set_geometry(gpd.GeoSeries(surfaces, index=frame.index, crs=4326))


def test_few_corners_are_drawn_as_they_are() -> None:
    frame = wavy(50)
    drawn, simplified_m = for_drawing(frame)
    assert simplified_m is None
    assert drawn is frame


def test_simplified_borders_are_shared_by_all_levels_and_editions() -> None:
    frame = wavy(2_000)
    drawn, simplified_m = for_drawing(frame, max_vertices=1_000)
    west, east, quarter, north_east, south_east = drawn.geometry
    assert simplified_m is not None
    assert shapely.get_num_coordinates(drawn.geometry.to_numpy()).sum() <= 1_000
    assert shapely.equals(west, quarter)
    # No gap and no overlap of more than the rounding of an overlay, 1e-12 square degrees being about 0.01 m².
    for one, other in ((west, east), (west, shapely.union(north_east, south_east))):
        assert shapely.area(shapely.intersection(one, other)) < 1e-12
        assert shapely.area(shapely.union(one, other)) == pytest.approx(0.01, abs=1e-12)
    assert shapely.area(shapely.symmetric_difference(east, shapely.union(north_east, south_east))) < 1e-12
    # The border moves by about the tolerance, not by the height of its waves.
    assert shapely.hausdorff_distance(west, frame.geometry.iloc[0]) * 111_320 < 5 * simplified_m
    assert drawn["area_m2"].tolist() == frame["area_m2"].tolist()


def test_the_page_says_that_and_how_far_borders_are_simplified() -> None:
    said = areas_page(dataclasses.replace(timeline(), simplified_m=10), "en")
    assert "simplified by about 10 m" in said
    assert "simplified by about" not in areas_page(timeline(), "en")
