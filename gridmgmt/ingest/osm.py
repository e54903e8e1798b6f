"""OpenStreetMap files (PBF, XML) by pyosmium: the ways people walk, and shapes by their tags."""

from array import array
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import osmium
from numpy.typing import NDArray

from gridmgmt.errors import FileRefusedError
from gridmgmt.ingest.files import OSM_SUFFIXES, check_file, digest
from gridmgmt.ingest.intake import Objects
from gridmgmt.ingest.pbf import UNITS_PER_DEG, OsmObjects, UnusualPbf, read_objects
from gridmgmt.ingest.walk_access import BARRIERS, KEPT_TAGS, WAY_KEYS, Rule, decide, is_gate, main_highway
from gridmgmt.ingest.walk_traits import judge, slope_of

Ints = NDArray[np.int64]

_KEPT = frozenset(KEPT_TAGS)
_MOST_PIECES = 4_096
"""More nodes than OpenStreetMap lets a way have."""

_NODE_KEYS = ("barrier", "entrance")
_WAY_KEY = "highway"
_WAY_TAGS = (*KEPT_TAGS, *WAY_KEYS)


@dataclass(frozen=True)
class Ways:
    """The walked ways of a file, in its order; a way that lacks nodes in the middle comes in several pieces.

    Columns of pieces are ``way_id``, ``highway``, ``tags``, ``traits``, ``slope`` and ``sizes``; those of their nodes,
    one piece after the other, ``node_ids`` and ``xy`` (degrees).
    """

    way_id: Ints
    highway: Objects
    tags: list[dict[str, str]]
    traits: NDArray[np.int32]
    slope: NDArray[np.float32]
    sizes: Ints
    node_ids: Ints
    xy: NDArray[np.float64]
    barriers: Mapping[int, tuple[str, Rule]]
    """What stands on a node, other than a gate, and the rule that says whether a walker passes."""
    gates: Mapping[int, Mapping[str, str]]
    """The tags of nodes that are gates, on a walked way or not."""
    rules: Counter[str]
    incomplete: int
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
    suffix = check_file(path, OSM_SUFFIXES)
    found = _objects(path, planet=suffix == ".pbf")
    judged = [judge(tags) for tags in found.way_tags]
    walked = np.array([each.rule.passable for each in judged], dtype=bool)
    way, xy, node_ids, incomplete = _pieces(found, walked)
    begins = np.flatnonzero(np.diff(way, prepend=-1))
    of_file = way[begins] // _MOST_PIECES
    tags = [found.way_tags[i] for i in of_file.tolist()]
    gates = {node: of_node for node, of_node in found.node_tags.items() if is_gate(of_node)}
    return Ways(
        way_id=found.way_id[of_file],
        highway=np.array([main_highway(each["highway"]) for each in tags], dtype=object),
        tags=[{key: value for key, value in each.items() if key in _KEPT} for each in tags],
        traits=np.array([judged[i].traits for i in of_file.tolist()], dtype=np.int32),
        slope=np.array([slope_of(each.get("incline")) for each in tags], dtype=np.float32),
        sizes=np.diff(begins, append=len(way)),
        node_ids=node_ids,
        xy=xy,
        barriers={
            node: (of_node["barrier"], decide(BARRIERS, of_node))
            for node, of_node in found.node_tags.items()
            if node not in gates and "barrier" in of_node
        },
        gates=gates,
        rules=Counter(each.rule.name for each in judged),
        incomplete=incomplete,
    )


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


def _objects(path: Path, *, planet: bool) -> OsmObjects:
    """Return nodes and ways of a file: by columns where it is as planet extracts are, else by the library."""
    if planet:
        with suppress(UnusualPbf):
            return read_objects(path, node_keys=_NODE_KEYS, way_key=_WAY_KEY, kept=_WAY_TAGS)
    return objects_by_library(path, node_keys=_NODE_KEYS, way_key=_WAY_KEY, kept=_WAY_TAGS)


def objects_by_library(path: Path, *, node_keys: Collection[str], way_key: str, kept: Collection[str]) -> OsmObjects:
    """Return what :func:`gridmgmt.ingest.pbf.read_objects` does, of any format, one object after the other.

    Raises
    ------
    FileRefusedError
        When the file is damaged.
    """
    node_ids, refs = array("q"), array("q")
    units = array("i")
    node_tags: dict[int, dict[str, str]] = {}
    ways: list[tuple[int, dict[str, str], int]] = []
    with _damage_reported(path):
        for thing in osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY):
            if isinstance(thing, osmium.osm.Node):
                if not thing.location.valid():
                    continue
                node_ids.append(thing.id)
                units.extend((thing.location.x, thing.location.y))
                if len(thing.tags) and any(key in thing.tags for key in node_keys):
                    node_tags[thing.id] = {tag.k: tag.v for tag in thing.tags}
            elif isinstance(thing, osmium.osm.Way) and way_key in thing.tags:
                tags = {tag.k: tag.v for tag in thing.tags if tag.k == way_key or tag.k in kept}
                refs.extend(node.ref for node in thing.nodes)
                ways.append((thing.id, tags, len(thing.nodes)))
    ids, tags_of_all, sizes = zip(*ways, strict=True) if ways else ((), (), ())
    nodes = np.array(node_ids, dtype=np.int64)
    order = np.argsort(nodes, kind="stable")
    return OsmObjects(
        node_id=nodes[order], node_units=np.array(units, dtype=np.int32).reshape(-1, 2)[order], node_tags=node_tags,
        way_id=np.array(ids, dtype=np.int64), way_tags=list(tags_of_all), refs=np.array(refs, dtype=np.int64),
        sizes=np.array(sizes, dtype=np.int64),
    )  # fmt: skip


def _pieces(found: OsmObjects, walked: NDArray[np.bool_]) -> tuple[Ints, NDArray[np.float64], Ints, int]:
    """Return each located node of walked ways: its piece, place in degrees, and id; and how many ways lack some.

    A piece is two or more nodes in a row of which the extract knows the place; its number is that of the way times
    the most pieces a way can have, plus its own.
    """
    way = np.repeat(np.arange(len(walked)), found.sizes)
    asked = walked[way]
    way, refs = way[asked], found.refs[asked]
    at = np.minimum(np.searchsorted(found.node_id, refs), max(len(found.node_id) - 1, 0))
    known = found.node_id[at] == refs if len(found.node_id) else np.zeros(len(refs), dtype=bool)
    short = np.count_nonzero(walked & (found.sizes < 2) & ~np.isin(np.arange(len(walked)), way[~known]))
    incomplete = len(np.unique(way[~known])) + int(short)
    gaps = np.cumsum(~known)
    piece = way * _MOST_PIECES + (gaps - gaps[np.searchsorted(way, way)]) % _MOST_PIECES
    way, refs, at, piece = way[known], refs[known], at[known], piece[known]
    size = np.diff(np.flatnonzero(np.diff(piece, prepend=-1)), append=len(piece))
    long = np.repeat(size > 1, size)
    return piece[long], found.node_units[at[long]] / UNITS_PER_DEG, refs[long], incomplete


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
