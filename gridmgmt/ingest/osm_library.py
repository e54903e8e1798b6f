"""OpenStreetMap files (PBF, XML) by pyosmium, one object after the other: of any kind, and shapes by their tags."""

from array import array
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import osmium
from numpy.typing import NDArray

from gridmgmt.errors import FileRefusedError
from gridmgmt.ingest.files import OSM_SUFFIXES, check_file, digest
from gridmgmt.ingest.intake import Objects
from gridmgmt.ingest.pbf import OsmObjects


@dataclass(frozen=True)
class Shapes:
    """Objects picked by tags: areas and lines in WGS 84 (WKB, hex) with all their tags."""

    kind: Objects
    """``way``, ``relation`` or ``node``."""
    osm_id: NDArray[np.int64]
    wkb: Objects
    tags: list[dict[str, str]]
    file_sha256: str


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


@contextmanager
def _damage_reported(path: Path) -> Iterator[None]:
    """Translate the library's errors about a damaged file."""
    try:
        yield
    except (RuntimeError, ValueError) as error:  # the latter of numbers that are none
        raise FileRefusedError("file_unreadable", file=path.name, detail=str(error)) from error


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
