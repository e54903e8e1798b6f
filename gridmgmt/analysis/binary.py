"""What PostgreSQL and PostGIS write in binary, without an object for each value: bytes in, flat arrays out."""

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.compiled import compiled, inlined
from gridmgmt.analysis.placing import Surfaces

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]

_POLYGON = 3
_HAS_SRID = 0x20000000
_POINT_BYTES = 16
_COPY_HEADER_BYTES = 19
"""Signature, flags and the length of the header's extension, of which there is none."""


def copied_fields(content: Bytes, columns: int) -> tuple[Integers, Integers]:
    """Return where each field of a binary COPY begins and its bytes, (rows, columns) both; no field may be null.

    The format is that of the manual of PostgreSQL, COPY, "Binary Format".
    """
    rows = _rows(content, columns)
    begins, sizes = np.empty((rows, columns), dtype=np.int64), np.empty((rows, columns), dtype=np.int64)
    _fields(content, begins, sizes)
    return begins, sizes


@inlined
def _int32(content: Bytes, at: int) -> int:
    """Return a big-endian number of four bytes that is not negative."""
    return int(
        np.int64(content[at]) << 24
        | np.int64(content[at + 1]) << 16
        | np.int64(content[at + 2]) << 8
        | np.int64(content[at + 3])
    )


@compiled
def _rows(content: Bytes, columns: int) -> int:
    rows, at = 0, _COPY_HEADER_BYTES
    while content[at] != 0xFF:  # the trailer is -1 where a row has its number of fields
        at += 2
        for _ in range(columns):
            at += 4 + _int32(content, at)
        rows += 1
    return rows


@compiled
def _fields(content: Bytes, begins: Integers, sizes: Integers) -> None:
    at = _COPY_HEADER_BYTES
    for row in range(len(begins)):
        at += 2
        for column in range(begins.shape[1]):
            size = _int32(content, at)
            begins[row, column], sizes[row, column] = at + 4, size
            at += 4 + size


def surfaces_of_ewkb(content: Bytes, begins: Integers) -> Surfaces:
    """Return the rings of polygons and multipolygons in little-endian EWKB of two dimensions.

    Parameters
    ----------
    content
        The bytes in which the geometries stand, and whatever stands between them.
    begins
        Where each geometry begins.
    """
    rings, points = _counted(content, begins)
    coordinates = np.empty(points * _POINT_BYTES, dtype=np.uint8)
    ring_begins = np.zeros(rings + 1, dtype=np.int64)
    surface_begins = np.zeros(len(begins) + 1, dtype=np.int64)
    _copied(content, begins, coordinates, ring_begins, surface_begins)
    return Surfaces(coordinates.view("<f8").reshape(-1, 2), ring_begins, surface_begins)


@inlined
def _uint32(content: Bytes, at: int) -> int:
    """Return a little-endian number of four bytes."""
    return int(
        np.int64(content[at])
        | np.int64(content[at + 1]) << 8
        | np.int64(content[at + 2]) << 16
        | np.int64(content[at + 3]) << 24
    )


@compiled
def _polygons(content: Bytes, begin: int) -> tuple[int, int]:
    """Return how many polygons a geometry has, and where the first one begins."""
    kind = _uint32(content, begin + 1)
    after = begin + 5 + (4 if kind & _HAS_SRID else 0)
    if kind & 0xFF == _POLYGON:
        return 1, begin
    return _uint32(content, after), after + 4


@compiled
def _rings(content: Bytes, begin: int) -> tuple[int, int]:
    """Return how many rings a polygon has, and where the first one begins."""
    after = begin + 5 + (4 if _uint32(content, begin + 1) & _HAS_SRID else 0)
    return _uint32(content, after), after + 4


@compiled
def _counted(content: Bytes, begins: Integers) -> tuple[int, int]:
    """Return how many rings and points the geometries have together."""
    rings = points = 0
    for begin in begins:
        polygons, at = _polygons(content, begin)
        for _ in range(polygons):
            count, at = _rings(content, at)
            rings += count
            for _ring in range(count):
                own = _uint32(content, at)
                points += own
                at += 4 + own * _POINT_BYTES
    return rings, points


@compiled
def _copied(
    content: Bytes, begins: Integers, coordinates: Bytes, ring_begins: Integers, surface_begins: Integers
) -> None:
    """Write the coordinates of all rings one after the other, and where each ring and surface begins."""
    ring = written = 0
    for surface, begin in enumerate(begins):
        polygons, at = _polygons(content, begin)
        for _ in range(polygons):
            count, at = _rings(content, at)
            for _ring in range(count):
                own = _uint32(content, at)
                size = own * _POINT_BYTES
                coordinates[written : written + size] = content[at + 4 : at + 4 + size]
                written += size
                at += 4 + size
                ring += 1
                ring_begins[ring] = ring_begins[ring - 1] + own
        surface_begins[surface + 1] = ring
