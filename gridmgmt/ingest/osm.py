"""OpenStreetMap files (PBF, XML) by pyosmium: the ways people walk, and shapes by their tags."""

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import osmium
import shapely
from numpy.typing import NDArray

from gridmgmt.errors import FileRefusedError
from gridmgmt.ingest.files import OSM_SUFFIXES, check_file, digest
from gridmgmt.ingest.intake import Objects
from gridmgmt.ingest.walk_access import BARRIERS, KEPT_TAGS, Rule, decide, decide_way, is_gate, main_highway

_WALK_KEYS = ("highway", "barrier", "entrance")


@dataclass
class Ways:
    """The walked ways of a file, in its order; a way that lacks nodes in the middle comes in several pieces."""

    way_id: list[int] = field(default_factory=list)
    highway: list[str] = field(default_factory=list)
    tags: list[dict[str, str]] = field(default_factory=list)
    node_ids: "array[int]" = field(default_factory=lambda: array("q"))
    """The nodes of all pieces, one after the other."""
    sizes: list[int] = field(default_factory=list)
    """How many nodes each piece has."""
    wkb: list[str] = field(default_factory=list)
    barriers: dict[int, tuple[str, Rule]] = field(default_factory=dict)
    """What stands on a node, other than a gate, and the rule that says whether a walker passes."""
    gates: dict[int, Mapping[str, str]] = field(default_factory=dict)
    """The tags of nodes that are gates, on a walked way or not."""
    rules: Counter[str] = field(default_factory=Counter)
    incomplete: int = 0
    """Ways of which the extract holds only some nodes."""

    @property
    def read(self) -> int:
        """Return how many ways with a ``highway`` the file holds."""
        return self.rules.total()


@dataclass(frozen=True)
class Shapes:
    """Objects picked by tags: areas and lines in WGS 84 (WKB, hex) with all their tags."""

    kind: Objects
    """``way``, ``relation`` or ``node``."""
    osm_id: NDArray[np.int64]
    wkb: Objects
    tags: list[dict[str, str]]
    file_sha256: str


def read_ways(path: Path) -> Ways:
    """Return the ways that the table of access rules lets people walk.

    Raises
    ------
    InputError, FileRefusedError
        When the file is absent, of another format, or damaged.
    """
    check_file(path, OSM_SUFFIXES)
    ways = Ways()
    factory = osmium.geom.WKBFactory()
    with _damage_reported(path):
        processor = osmium.FileProcessor(str(path)).with_locations()
        for thing in processor.with_filter(osmium.filter.KeyFilter(*_WALK_KEYS)):
            if isinstance(thing, osmium.osm.Node):
                _take_node(ways, thing)
            elif isinstance(thing, osmium.osm.Way) and "highway" in thing.tags:
                _take_way(ways, thing, factory)
    return ways


def read_shapes(path: Path, wanted: Mapping[str, frozenset[str]], *, closed_are_areas: bool = True) -> Shapes:
    """Return the objects that have one of the wanted keys with one of its values (no values: any).

    Closed ways and multipolygon relations become areas when ``closed_are_areas``; else all ways stay lines. Relations
    whose members the extract lacks are left out.

    Raises
    ------
    InputError, FileRefusedError
        When the file is absent, of another format, or damaged.
    """
    check_file(path, OSM_SUFFIXES)
    factory = osmium.geom.WKBFactory()
    found: list[tuple[str, int, str, dict[str, str]]] = []
    with _damage_reported(path):
        keys = osmium.filter.KeyFilter(*wanted)
        processor = osmium.FileProcessor(str(path)).with_locations()
        processor = processor.with_areas(keys) if closed_are_areas else processor
        for thing in processor.with_filter(keys):
            tags = {tag.k: tag.v for tag in thing.tags}
            if _is_wanted(tags, wanted) and (shape := _shape(thing, factory, closed_are_areas)):
                found.append((*shape, tags))
    kinds, ids, wkb, tags_of_all = zip(*found, strict=True) if found else ((), (), (), ())
    return Shapes(
        np.array(kinds, dtype=object), np.array(ids, dtype=np.int64), np.array(wkb, dtype=object), list(tags_of_all),
        digest([path]),
    )  # fmt: skip


@contextmanager
def _damage_reported(path: Path) -> Iterator[None]:
    """Translate the library's errors about a damaged file."""
    try:
        yield
    except (RuntimeError, ValueError) as error:  # the latter of numbers that are none
        raise FileRefusedError("file_unreadable", file=path.name, detail=str(error)) from error


def _take_node(ways: Ways, node: "osmium.osm.Node") -> None:
    """Note a gate, or another barrier on a node."""
    tags = {tag.k: tag.v for tag in node.tags}
    if is_gate(tags):
        ways.gates[node.id] = tags
    elif "barrier" in tags:
        ways.barriers[node.id] = (tags["barrier"], decide(BARRIERS, tags))


def _take_way(ways: Ways, way: "osmium.osm.Way", factory: "osmium.geom.WKBFactory") -> None:
    """Take a way when people may walk it."""
    tags = {tag.k: tag.v for tag in way.tags}
    tags["highway"] = main_highway(tags["highway"])
    rule = decide_way(tags)
    ways.rules[rule.name] += 1
    if not rule.passable:
        return
    node_ids = [node.ref for node in way.nodes]
    try:
        pieces = [(node_ids, factory.create_linestring(way, osmium.geom.use_nodes.ALL))]
    except (osmium.InvalidLocationError, RuntimeError):
        ways.incomplete += 1
        pieces = list(_located_pieces(way))
    kept = {key: tags[key] for key in KEPT_TAGS if key in tags}
    for piece_ids, wkb in pieces:
        ways.way_id.append(way.id)
        ways.highway.append(tags["highway"])
        ways.tags.append(kept)
        ways.node_ids.extend(piece_ids)
        ways.sizes.append(len(piece_ids))
        ways.wkb.append(wkb)


def _located_pieces(way: "osmium.osm.Way") -> Iterator[tuple[list[int], str]]:
    """Yield the runs of two and more nodes of which the extract knows the place."""
    run: list[tuple[int, float, float]] = []
    for node in [*way.nodes, None]:
        if node is not None and node.location.valid():
            run.append((node.ref, node.lon, node.lat))
            continue
        if len(run) > 1:
            line = shapely.LineString([(lon, lat) for _, lon, lat in run])
            yield [ref for ref, _, _ in run], shapely.to_wkb(line, hex=True)
        run = []


def _is_wanted(tags: Mapping[str, str], wanted: Mapping[str, frozenset[str]]) -> bool:
    """Tell whether a key has one of its wanted values."""
    return any(key in tags and (not values or tags[key] in values) for key, values in wanted.items())


def _shape(thing: object, factory: "osmium.geom.WKBFactory", closed_are_areas: bool) -> tuple[str, int, str] | None:
    """Return kind, id and WKB of an object; None for what has no shape of its own here."""
    try:
        if isinstance(thing, osmium.osm.Area):
            return "way" if thing.from_way() else "relation", thing.orig_id(), factory.create_multipolygon(thing)
        if isinstance(thing, osmium.osm.Way) and not (closed_are_areas and thing.is_closed()):
            return "way", thing.id, factory.create_linestring(thing)
        if isinstance(thing, osmium.osm.Node):
            return "node", thing.id, factory.create_point(thing)
    except (osmium.InvalidLocationError, RuntimeError):
        return None
    return None
