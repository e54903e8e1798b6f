"""Tile arithmetic against PROJ, and the round trip between places and tiles."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from gridmgmt.errors import InputError
from layers.tiles import HALF_WORLD_M, MAX_ZOOM, Tile, parse_tile, tile_at, tiles_over

TO_MERCATOR = Transformer.from_crs(4326, 3857, always_xy=True)
LATITUDES = st.floats(-85, 85)
LONGITUDES = st.floats(-180, 179.999_999)


@st.composite
def tiles(draw: st.DrawFn) -> Tile:
    z = draw(st.integers(0, MAX_ZOOM))
    return Tile(z, draw(st.integers(0, 2**z - 1)), draw(st.integers(0, 2**z - 1)))


@given(tiles())
def test_bounds_are_the_square_of_the_mercator_grid(tile: Tile) -> None:
    west, south, east, north = tile.bounds()
    side_m = 2 * HALF_WORLD_M / 2**tile.z
    expected = (
        -HALF_WORLD_M + tile.x * side_m,
        HALF_WORLD_M - (tile.y + 1) * side_m,
        -HALF_WORLD_M + (tile.x + 1) * side_m,
        HALF_WORLD_M - tile.y * side_m,
    )
    found = (*TO_MERCATOR.transform(west, south), *TO_MERCATOR.transform(east, north))
    assert found == pytest.approx(expected, abs=1e-6)
    assert tile.unit_m == pytest.approx(side_m / 4096)


@given(tiles())
def test_the_centre_of_a_tile_lies_in_it(tile: Tile) -> None:
    west, south, east, north = tile.bounds()
    assert tile_at((west + east) / 2, (south + north) / 2, tile.z) == tile


@given(LONGITUDES, LATITUDES, st.integers(0, MAX_ZOOM))
def test_a_place_lies_within_the_bounds_of_its_tile(lon: float, lat: float, z: int) -> None:
    west, south, east, north = tile_at(lon, lat, z).bounds()
    assert west - 1e-9 <= lon <= east + 1e-9
    assert south - 1e-9 <= lat <= north + 1e-9


@given(tiles(), st.floats(0, 4096))
def test_a_margin_widens_each_side_and_stays_on_the_globe(tile: Tile, margin: float) -> None:
    west, south, east, north = tile.bounds()
    wider = tile.bounds(margin)
    assert wider[0] <= west
    assert wider[1] <= south
    assert wider[2] >= east
    assert wider[3] >= north
    assert -85.06 < wider[1] < wider[3] < 85.06


def test_a_worked_example() -> None:
    # Zoom 1 halves the world at Greenwich and at the equator; Shanghai lies in the north-east.
    assert tile_at(121.47, 31.2, 1) == Tile(1, 1, 0)
    assert Tile(1, 1, 0).bounds() == pytest.approx((0, 0, 180, 85.0511287798), abs=1e-9)
    assert Tile(0, 0, 0).unit_m == pytest.approx(2 * math.pi * 6_378_137 / 4096)


def test_tiles_over_a_box_run_row_by_row_from_the_north_west() -> None:
    assert tiles_over((-10, -10, 10, 10), 1) == [Tile(1, 0, 0), Tile(1, 1, 0), Tile(1, 0, 1), Tile(1, 1, 1)]


@pytest.mark.parametrize(
    ("z", "x", "y", "code", "field"),
    [
        ("23", "0", "0", "tile_zoom_impossible", "z"),
        ("1", "2", "0", "tile_number_impossible", "x"),
        ("1", "0", "2", "tile_number_impossible", "y"),
        ("1.0", "0", "0", "tile_number_malformed", "z"),
        ("1", "-1", "0", "tile_number_malformed", "x"),
        ("1", "0", "1e0", "tile_number_malformed", "y"),
        ("1", "0", "", "tile_number_malformed", "y"),
        ("1", "01", "0", "tile_number_malformed", "x"),
        ("１", "0", "0", "tile_number_malformed", "z"),
        ("1", "0", "9" * 5000, "tile_number_malformed", "y"),
    ],
)
def test_impossible_tiles_are_refused_by_field(z: str, x: str, y: str, code: str, field: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_tile(z, x, y)
    assert (refused.value.code, refused.value.fields["field"]) == (code, field)
    assert refused.value.message("en") != refused.value.message("zh")
