"""The ways people walk in OpenStreetMap files (PBF, XML), with what stands on their nodes."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gridmgmt.ingest.files import OSM_SUFFIXES, check_file
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


def _objects(path: Path, *, planet: bool) -> OsmObjects:
    """Return nodes and ways of a file: by columns where it is as planet extracts are, else by the library."""
    if planet:
        with suppress(UnusualPbf):
            return read_objects(path, node_keys=_NODE_KEYS, way_key=_WAY_KEY, kept=_WAY_TAGS)
    from gridmgmt.ingest.osm_library import objects_by_library  # noqa: PLC0415 -- most extracts need no library

    return objects_by_library(path, node_keys=_NODE_KEYS, way_key=_WAY_KEY, kept=_WAY_TAGS)


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
