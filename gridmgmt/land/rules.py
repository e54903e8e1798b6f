"""The kinds of land features."""

from enum import StrEnum


class LandKind(StrEnum):
    """What a land feature is, as barrier, as ground, or as danger."""

    WATER = "water"
    RAIL = "rail"
    WALL = "wall"
    HAZARD = "hazard"
    LANDUSE = "landuse"
    COMPOUND = "compound"
    """The outline of a walled compound: its border is a wall, passed at its gates."""
