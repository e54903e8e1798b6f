"""Coordinate systems and datums."""

STORAGE_SRID = 4326
