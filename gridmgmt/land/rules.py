"""The kinds of land features."""

from enum import StrEnum


class LandKind(StrEnum):
    """What a land feature is, as barrier, as ground, or as danger."""

    WATER = "water"
    RAIL = "rail"
    WALL = "wall"
    HAZARD = "hazard"
    LANDUSE = "landuse"
