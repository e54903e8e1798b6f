"""PBF files made by the library, whole, in other spellings, and damaged."""

import zlib
from pathlib import Path

import numpy as np
import osmium
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmgmt.errors import FileRefusedError
from gridmgmt.ingest.network import read_network
from gridmgmt.ingest.osm_library import objects_by_library
from gridmgmt.ingest.pbf import OsmObjects, UnusualPbf, read_objects

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)
TAGS = st.dictionaries(st.sampled_from(["highway", "barrier", "name", "surface", "x"]), TEXTS, max_size=4)
IDS = st.integers(1, 2**40)
LON = st.integers(-1_800_000_000, 1_800_000_000)
LAT = st.integers(-900_000_000, 900_000_000)
NODES = st.dictionaries(IDS, st.tuples(LON, LAT, TAGS), max_size=30)
WAYS = st.dictionaries(IDS, st.tuples(st.lists(IDS, max_size=12), TAGS), max_size=20)


def write(file: Path, nodes: dict, ways: dict) -> Path:
    file.unlink(missing_ok=True)
    with osmium.SimpleWriter(str(file)) as writer:
        for number, (lon, lat, tags) in sorted(nodes.items()):
            place = osmium.osm.Location(lon / 1e7, lat / 1e7)
            writer.add_node(osmium.osm.mutable.Node(id=number, location=place, tags=tags))
        for number, (refs, tags) in sorted(ways.items()):
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=refs, tags=tags))
    return file


def read(file: Path, by: object = read_objects) -> OsmObjects:
    found = by(file, node_keys=("barrier",), way_key="highway", kept=("name",))  # type: ignore[operator]
    assert isinstance(found, OsmObjects)
    return found


@given(nodes=NODES, ways=WAYS)
def test_any_file_is_read_as_the_library_reads_it(tmp_path_factory, nodes: dict, ways: dict) -> None:
    file = write(tmp_path_factory.getbasetemp() / "any.osm.pbf", nodes, ways)
    own, library = read(file), read(file, objects_by_library)
    for column in ("node_id", "node_units", "way_id", "refs", "sizes"):
        assert getattr(own, column).tolist() == getattr(library, column).tolist()
    assert own.node_tags == library.node_tags
    assert own.way_tags == library.way_tags


def test_what_is_asked_for_and_nothing_else(tmp_path: Path) -> None:
    nodes = {7: (1_214_000_000, 313_000_000, {"barrier": "gate", "x": "y"}), 9: (-5, -7, {"x": "y"})}
    ways = {3: ([7, 9, 7], {"highway": "path", "name": "路", "x": "y"}), 4: ([9], {"name": "n"})}
    found = read(write(tmp_path / "a.osm.pbf", nodes, ways))
    assert (found.node_id.tolist(), found.node_units.tolist()) == ([7, 9], [[1_214_000_000, 313_000_000], [-5, -7]])
    assert found.node_tags == {7: {"barrier": "gate", "x": "y"}}
    assert found.way_tags == [{"highway": "path", "name": "路"}]
    assert (found.way_id.tolist(), found.refs.tolist(), found.sizes.tolist()) == ([3], [7, 9, 7], [3])


STREET = {i: (1_214_000_000 + 10_000 * i, 313_000_000, {}) for i in range(1, 5)}


@pytest.mark.parametrize("options", ["pbf_dense_nodes=false", "pbf_compression=none", "add_metadata=false"])
def test_other_spellings_give_the_same_network(tmp_path: Path, options: str) -> None:
    ways = {1: ([1, 2, 3, 4], {"highway": "residential"})}
    plain = write(tmp_path / "plain.osm.pbf", STREET, ways)
    other = tmp_path / "other.osm.pbf"
    with osmium.SimpleWriter(osmium.io.File(str(other), f"pbf,{options}")) as writer:
        for thing in osmium.FileProcessor(str(plain)):
            writer.add(thing)
    first, second = read_network(plain), read_network(other)
    assert first.length_m.tolist() == second.length_m.tolist()
    assert np.array_equal(first.node_lonlat, second.node_lonlat)
    assert len(first.source) == 1


def test_plain_nodes_are_left_to_the_library(tmp_path: Path) -> None:
    plain = write(tmp_path / "plain.osm.pbf", STREET, {})
    other = tmp_path / "other.osm.pbf"
    with osmium.SimpleWriter(osmium.io.File(str(other), "pbf,pbf_dense_nodes=false")) as writer:
        for thing in osmium.FileProcessor(str(plain)):
            writer.add(thing)
    with pytest.raises(UnusualPbf):
        read(other)


@given(cut=st.integers(0, 400), changed=st.integers(0, 255), at=st.integers(0, 400))
def test_a_damaged_file_is_refused_or_read_and_never_breaks(tmp_path_factory, cut: int, changed: int, at: int) -> None:
    folder = tmp_path_factory.getbasetemp()
    whole = write(folder / "whole.osm.pbf", STREET, {1: ([1, 2, 3], {"highway": "path"})}).read_bytes()
    content = bytearray(whole[: max(0, len(whole) - cut)])
    if at < len(content):
        content[at] = changed
    (folder / "damaged.osm.pbf").write_bytes(bytes(content))
    try:
        network = read_network(folder / "damaged.osm.pbf")
    except FileRefusedError:
        return
    assert len(network.source) <= 1


def message(*fields: tuple[int, bytes]) -> bytes:
    """A message of fields of bytes, each shorter than 2 MiB."""
    sizes = ((len(content) & 0x7F) | 0x80 for _, content in fields)
    return b"".join(
        bytes([number << 3 | 2, low, (len(content) >> 7 & 0x7F) | 0x80, len(content) >> 14]) + content
        for (number, content), low in zip(fields, sizes, strict=True)
    )


def one_block(file: Path, deflated: bytes) -> Path:
    blob = message((3, deflated))
    size = bytes([3 << 3, len(blob) & 0x7F | 0x80, len(blob) >> 7 & 0x7F | 0x80, len(blob) >> 14])
    header = message((1, b"OSMData")) + size
    file.write_bytes(len(header).to_bytes(4, "big") + header + blob)
    return file


def test_a_block_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path: Path) -> None:
    packed = zlib.compress(bytes(200 << 20), 9)
    assert len(packed) < 1 << 20
    with pytest.raises(UnusualPbf, match="too large"):
        read(one_block(tmp_path / "bomb.osm.pbf", packed))


def test_a_way_of_endless_fields_is_not_walked_through(tmp_path: Path) -> None:
    way = bytes([9 << 3, 1]) * 1000
    block = message((1, message((1, b""), (1, b"highway"))), (2, message((3, way))))
    with pytest.raises(UnusualPbf, match="too many fields"):
        read(one_block(tmp_path / "long.osm.pbf", zlib.compress(block)))
