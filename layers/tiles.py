"""Tile arithmetic: the square of the world that z/x/y names, in web mercator (EPSG:3857) and in degrees."""

import math
import re
from dataclasses import dataclass

from gridmgmt.errors import InputError

MAX_ZOOM = 22
EXTENT_UNITS = 4096
"""Coordinates inside a tile run from 0 to this, so one unit is the finest detail a tile can hold."""

BUFFER_UNITS = 64
"""How far beyond its border a tile draws, so that symbols and lines on the border are whole."""

HALF_WORLD_M = math.pi * 6_378_137.0
"""Half the width of the web mercator square, in its own metres."""

_WHOLE_NUMBER = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)

Bounds = tuple[float, float, float, float]
"""West, south, east, north."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile: zoom, column from the west, row from the north.

    Raises
    ------
    InputError
        When there is no such tile.
    """

    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        if not 0 <= self.z <= MAX_ZOOM:
            raise InputError("tile_zoom_impossible", field="z", value=self.z, largest=MAX_ZOOM)
        for field, value in (("x", self.x), ("y", self.y)):
            if not 0 <= value < 2**self.z:
                raise InputError("tile_number_impossible", field=field, value=value, zoom=self.z, largest=2**self.z - 1)

    @property
    def unit_m(self) -> float:
        """Return the size of one unit of the tile in web mercator metres."""
        return 2 * HALF_WORLD_M / (1 << self.z) / EXTENT_UNITS

    def bounds(self, margin_units: float = 0.0) -> Bounds:
        """Return west, south, east and north in degrees, widened on each side by a margin.

        Longitudes may pass ±180° by the margin; latitudes stay within those of the web mercator square.
        """
        margin = margin_units / EXTENT_UNITS
        return (
            _longitude_deg((self.x - margin) / 2**self.z),
            _latitude_deg(min((self.y + 1 + margin) / 2**self.z, 1.0)),
            _longitude_deg((self.x + 1 + margin) / 2**self.z),
            _latitude_deg(max((self.y - margin) / 2**self.z, 0.0)),
        )


def parse_tile(z: str, x: str, y: str) -> Tile:
    """Return the tile that three texts name.

    Raises
    ------
    InputError
        When one is not a whole number in plain decimal digits, or there is no such tile.
    """
    for field, value in (("z", z), ("x", x), ("y", y)):
        if _WHOLE_NUMBER.fullmatch(value) is None:
            raise InputError("tile_number_malformed", field=field, value=value)
    return Tile(int(z), int(x), int(y))


def tile_at(lon: float, lat: float, z: int) -> Tile:
    """Return the tile that holds a point; a point on a border belongs to the tile east and south of it.

    Latitudes beyond the web mercator square (about ±85.05°) belong to its outermost rows.

    >>> tile_at(121.47, 31.2, 10)
    Tile(z=10, x=857, y=418)
    """
    column = (lon + 180) / 360
    row = (1 - math.asinh(math.tan(math.radians(max(min(lat, 89.9), -89.9)))) / math.pi) / 2
    last = 2**z - 1
    return Tile(z, min(max(int(column * 2**z), 0), last), min(max(int(row * 2**z), 0), last))


def tiles_over(bounds: Bounds, z: int) -> list[Tile]:
    """Return the tiles of a zoom that a box in degrees touches, row by row from the north-west."""
    west, south, east, north = bounds
    first, last = tile_at(west, north, z), tile_at(east, south, z)
    return [Tile(z, x, y) for y in range(first.y, last.y + 1) for x in range(first.x, last.x + 1)]


def _longitude_deg(column: float) -> float:
    return column * 360 - 180


def _latitude_deg(row: float) -> float:
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row))))
