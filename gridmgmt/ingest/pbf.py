"""Nodes and ways of an OpenStreetMap PBF file, whole columns at a time.

A library that hands over one object after the other spends most of its time on making them. Here a block of the file
is an array of bytes, and numbers are decoded for all ways of a block together. The format is that of
https://wiki.openstreetmap.org/wiki/PBF_Format; files that use more of it than planet extracts do are left to the
library, see :class:`UnusualPbf`.
"""

import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Tags = dict[str, str]

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_FEATURES = frozenset({b"OsmSchema-V0.6", b"DenseNodes"})
_NANODEG_PER_UNIT = 100
UNITS_PER_DEG = 10_000_000
"""Coordinates are whole numbers of 1e-7°, as OpenStreetMap itself keeps them."""
_MOST_BYTES = 32 << 20
"""Of a block unpacked, as the format has it."""
_MOST_FIELDS = 32
"""Of a way; the format knows nine."""
_LONGEST_VARINT_BITS = 64
_PLAIN_NODES, _DENSE_NODES, _WAYS = 1, 2, 3


class UnusualPbf(Exception):  # noqa: N818 - the file is no fault
    """The file is damaged, or uses a part of the format that planet extracts do not use."""


@dataclass(frozen=True)
class OsmObjects:
    """The nodes of a file, and those of its ways that have a key.

    ``node_id`` is rising, ``node_units`` holds longitude and latitude in 1e-7°. The nodes of the ways stand one after
    the other in ``refs``, ``sizes`` of them to a way.
    """

    node_id: Ints
    node_units: NDArray[np.int32]
    node_tags: Mapping[int, Tags]
    """All tags of the nodes that have one of the keys asked for."""
    way_id: Ints
    way_tags: list[Tags]
    """Of each way the tags with a key that is kept."""
    refs: Ints
    sizes: Ints


def read_objects(path: Path, *, node_keys: Collection[str], way_key: str, kept: Collection[str]) -> OsmObjects:
    """Return all places of nodes, the tags of nodes with one of some keys, and the ways with a key.

    Raises
    ------
    UnusualPbf
        When the file is damaged or has plain nodes, history, or another compression than deflate.
    """
    found = _Found({key.encode() for key in node_keys}, way_key.encode(), {key.encode() for key in (*kept, way_key)})
    try:
        with path.open("rb") as stream:
            for kind, block in _blobs(stream.read):
                if kind == b"OSMHeader":
                    _check_header(block)
                elif kind == b"OSMData":
                    found.take(block)
        return found.objects()
    except (IndexError, KeyError, ValueError, OverflowError, zlib.error) as error:
        raise UnusualPbf(str(error)) from error


def _blobs(read: Callable[[int], bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind and the content of each blob of a file."""
    while size := read(4):
        header = dict(_fields(read(int.from_bytes(size, "big"))))
        blob = dict(_fields(read(int(header[3]))))
        kind, raw, deflated = header[1], blob.get(1), blob.get(3)
        if isinstance(kind, bytes) and isinstance(raw, bytes):
            yield kind, raw
        elif isinstance(kind, bytes) and isinstance(deflated, bytes):
            block = zlib.decompressobj().decompress(deflated, _MOST_BYTES + 1)
            if len(block) > _MOST_BYTES:
                raise UnusualPbf("a block too large")
            yield kind, block
        else:
            raise UnusualPbf("compression")


def _fields(message: bytes) -> Iterator[tuple[int, "bytes | int"]]:
    """Yield number and value of each field of a message, in its order."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        if kind == _LENGTH:
            size, at = _varint(message, at)
        else:
            size = {_FIXED64: 8, _FIXED32: 4}.get(kind, -1)
        if size < 0 or at + size > len(message):
            raise UnusualPbf("a field beyond its message")
        yield key >> 3, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, _LONGEST_VARINT_BITS, 7):
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise UnusualPbf("a number too long")


def _check_header(block: bytes) -> None:
    required = {value for number, value in _fields(block) if number == 4}
    if not required <= _FEATURES:
        raise UnusualPbf(str(required - _FEATURES))


class _Found:
    """What the blocks of a file have given so far."""

    def __init__(self, node_keys: Collection[bytes], way_key: bytes, kept: Collection[bytes]) -> None:
        self._node_keys, self._way_key, self._kept = node_keys, way_key, kept
        self._node_tags: dict[int, Tags] = {}
        self._way_tags: list[Tags] = []
        self._node_id: list[Ints] = []
        self._node_units: list[NDArray[np.int32]] = []
        self._way_id: list[Ints] = []
        self._refs: list[Ints] = []
        self._sizes: list[Ints] = []

    def take(self, block: bytes) -> None:
        """Take the nodes and ways of one block."""
        strings: list[bytes] = []
        groups: list[bytes] = []
        scale = {17: _NANODEG_PER_UNIT, 19: 0, 20: 0}  # granularity, offsets of latitude and longitude
        for number, value in _fields(block):
            if isinstance(value, int):
                scale[number] = value - (1 << 64) if value >> 63 else value
            elif number == 1:
                strings = [bytes(text) for _, text in _fields(value) if isinstance(text, bytes)]
            elif number == 2:
                groups.append(value)
        for group in groups:
            self._take_group(group, strings, scale)

    def objects(self) -> OsmObjects:
        """Return all of it, the nodes in the order of their ids."""
        node_id, units = _joined(self._node_id), _joined(self._node_units).reshape(-1, 2).astype(np.int32)
        if np.any(np.diff(node_id) <= 0):
            order = np.argsort(node_id, kind="stable")
            node_id, units = node_id[order], units[order]
        return OsmObjects(
            node_id, units, self._node_tags, _joined(self._way_id), self._way_tags, _joined(self._refs),
            _joined(self._sizes),
        )  # fmt: skip

    def _take_group(self, group: bytes, strings: list[bytes], scale: Mapping[int, int]) -> None:
        ways: list[bytes] = []
        for number, message in _fields(group):
            if number == _WAYS and isinstance(message, bytes):
                ways.append(message)
            elif number == _DENSE_NODES and isinstance(message, bytes):
                self._take_nodes(dict(_fields(message)), strings, scale)
            elif number == _PLAIN_NODES:
                raise UnusualPbf("plain nodes")
        if ways:
            self._take_ways(ways, strings)

    def _take_nodes(self, dense: Mapping[int, "bytes | int"], strings: list[bytes], scale: Mapping[int, int]) -> None:
        """Take dense nodes: differences of id, latitude and longitude, and texts of all nodes in one row."""
        ids, lat, lon = (np.cumsum(_signed(_varints(_bytes(dense.get(number, b""))))) for number in (1, 8, 9))
        nanodeg = (scale[20] + scale[17] * lon, scale[19] + scale[17] * lat)
        units = np.column_stack([np.fix(part / _NANODEG_PER_UNIT).astype(np.int32) for part in nanodeg])
        self._node_id.append(ids)
        self._node_units.append(units)
        wanted = _places(strings, self._node_keys)
        row = _varints(_bytes(dense.get(10, b""))).astype(np.int64)
        if not wanted or not len(row):
            return
        # Each node's texts are key, value, key, value … and a 0; there is none for a value of no text.
        ends = np.flatnonzero(row == 0)
        begins = np.concatenate([[0], ends[:-1] + 1])
        within = np.arange(len(row)) - np.repeat(begins, ends - begins + 1)
        hits = np.flatnonzero((within % 2 == 0) & np.isin(row, wanted))
        for node in np.unique(np.searchsorted(ends, hits)):
            texts = [strings[i].decode() for i in row[begins[node] : ends[node]]]
            self._node_tags[int(ids[node])] = dict(zip(texts[::2], texts[1::2], strict=True))

    def _take_ways(self, ways: list[bytes], strings: list[bytes]) -> None:
        """Take the ways of a group that have the key."""
        data = _bytes(b"".join(ways))
        ids, spans = _way_fields(data, np.fromiter(map(len, ways), dtype=np.int64, count=len(ways)))
        keys, counts = _packed(data, spans[2])
        values, _ = _packed(data, spans[3])
        if len(keys) != len(values):
            raise UnusualPbf("keys without values")
        owner = np.repeat(np.arange(len(ways)), counts)
        chosen = np.unique(owner[np.isin(keys, _places(strings, [self._way_key]))])
        kept = np.isin(owner, chosen) & np.isin(keys, _places(strings, self._kept))
        sizes = np.bincount(owner[kept], minlength=len(ways))[chosen]
        self._way_tags += _dicts(strings, keys[kept], values[kept], sizes)
        differences, ref_counts = _packed(data, (spans[8][0][chosen], spans[8][1][chosen]))
        total = np.cumsum(_signed(differences))
        before = np.concatenate([[0], total])[np.cumsum(ref_counts) - ref_counts]
        self._way_id.append(ids[chosen])
        self._refs.append(total - np.repeat(before, ref_counts))
        self._sizes.append(ref_counts)


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _way_fields(data: Bytes, lengths: Ints) -> tuple[Ints, dict[int, tuple[Ints, Ints]]]:
    """Return the ids of ways, and where each one's keys (2), values (3) and nodes (8) begin and end.

    All messages are walked through together, a field of each at a time.
    """
    ids = np.zeros(len(lengths), dtype=np.int64)
    ends = np.cumsum(lengths)
    at = ends - lengths
    spans = {number: (np.zeros_like(ids), np.zeros_like(ids)) for number in (2, 3, 8)}
    active = np.flatnonzero(at < ends)
    for _ in range(_MOST_FIELDS):
        if not len(active):
            return ids, spans
        key, place = _varint_of_each(data, at[active])
        value, place = _varint_of_each(data, place)
        if np.any(((key & 7) != _VARINT) & ((key & 7) != _LENGTH)):
            raise UnusualPbf("a field of fixed size in a way")
        after = place + np.where((key & 7) == _LENGTH, value, 0)
        if np.any(after > ends[active]):
            raise UnusualPbf("a field beyond its message")
        of = (key >> 3) == 1
        ids[active[of]] = value[of]
        for number, (first, last) in spans.items():
            of = (key >> 3) == number
            if np.any(last[active[of]]):
                raise UnusualPbf("a row in pieces")
            first[active[of]], last[active[of]] = place[of], after[of]
        at[active] = after
        active = active[after < ends[active]]
    raise UnusualPbf("a way of too many fields")


def _varint_of_each(data: Bytes, at: Ints) -> tuple[Ints, Ints]:
    """Return the number at each place, and the place behind it."""
    values = np.zeros(len(at), dtype=np.int64)
    place = at.copy()
    going = np.arange(len(at))
    for shift in range(0, 63, 7):
        byte = data[place[going]].astype(np.int64)
        values[going] |= (byte & 0x7F) << shift
        place[going] += 1
        going = going[byte >= 0x80]
        if not len(going):
            return values, place
    raise UnusualPbf("a number too long")


def _packed(data: Bytes, spans: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    """Return the numbers in the spans one after the other, and how many each span holds."""
    first, last = spans
    sizes = last - first
    begins = np.cumsum(sizes) - sizes
    row = data[np.arange(sizes.sum()) + np.repeat(first - begins, sizes)]
    numbers_before = np.concatenate([[0], np.cumsum(row < 0x80)])
    return _varints(row).astype(np.int64), numbers_before[begins + sizes] - numbers_before[begins]


def _varints(row: Bytes) -> NDArray[np.uint64]:
    """Return the numbers of a row: seven bits a byte, the low ones first, the high bit set but in the last."""
    last = np.flatnonzero(row < 0x80)
    if len(row) and (not len(last) or last[-1] != len(row) - 1):
        raise UnusualPbf("a row that ends within a number")
    first = np.concatenate([[0], last[:-1] + 1]) if len(last) else last
    sizes = last - first + 1
    values = np.zeros(len(last), dtype=np.uint64)
    for nth in range(int(sizes.max(initial=0))):
        longer = np.flatnonzero(sizes > nth)
        values[longer] |= (row[first[longer] + nth].astype(np.uint64) & np.uint64(0x7F)) << np.uint64(7 * nth)
    return values


def _signed(values: NDArray[Any]) -> Ints:
    """Return numbers whose sign stands in the lowest bit."""
    zigzag = values.astype(np.int64)
    return (zigzag >> 1) ^ -(zigzag & 1)


def _bytes(message: "bytes | int") -> Bytes:
    if not isinstance(message, bytes):
        raise UnusualPbf("a number for a row")
    return np.frombuffer(message, dtype=np.uint8)


def _places(strings: list[bytes], wanted: Collection[bytes]) -> list[int]:
    return [i for i, text in enumerate(strings) if text in wanted]


def _dicts(strings: list[bytes], keys: Ints, values: Ints, sizes: Ints) -> list[Tags]:
    """Return a dict for each run of keys and values, one text object for each text of the table."""
    texts = {i: strings[i].decode() for i in np.union1d(keys, values).tolist()}
    pairs = [(texts[key], texts[value]) for key, value in zip(keys.tolist(), values.tolist(), strict=True)]
    ends = np.cumsum(sizes).tolist()
    return [dict(pairs[begin:end]) for begin, end in zip([0, *ends], ends, strict=False)]
