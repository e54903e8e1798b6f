"""Chains: stretches of ways or lines between two places where they can meet others, before they become edges."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.crs import Datum
from gridmgmt.ingest.files import Rows
from gridmgmt.ingest.geometry import LINES, reviewed_geometry
from gridmgmt.ingest.intake import Mask, Objects, Review
from gridmgmt.ingest.osm import Ways
from gridmgmt.ingest.values import texts
from gridmgmt.ingest.walk_access import KEPT_TAGS, decide_way, main_highway
from gridmgmt.ingest.walk_traits import slope_of, traits_of

Ints = NDArray[np.int64]

_JOIN_DECIMALS = 7
_UNITS_PER_DEG = 10**_JOIN_DECIMALS


@dataclass(frozen=True)
class Chains:
    """Runs of vertices; each goes from ``xy[first]`` to ``xy[last]``. Ends with equal keys are one node."""

    xy: NDArray[np.float64]
    first: Ints
    last: Ints
    source_key: Ints
    target_key: Ints
    source_osm_id: Ints
    target_osm_id: Ints
    way: Ints
    """Index of the way in the columns below."""
    way_id: Ints
    highway: Objects
    way_tags: Sequence[Mapping[str, str]]
    barriers: Mapping[int, str]
    """What stands on which OSM node."""
    gates: Mapping[int, Mapping[str, str]]
    """The tags of OSM nodes that are gates."""
    from_osm: bool
    details: Mapping[str, object]

    def where(self, choice: Mask | NDArray[np.intp]) -> "Chains":
        """Return the chains of a mask or of indices, as own copies."""
        names = ("first", "last", "source_key", "target_key", "source_osm_id", "target_osm_id", "way")
        return replace(self, **{name: getattr(self, name)[choice] for name in names})

    def way_traits(self) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the traits of each way and its slope in its own direction, NaN where unknown."""
        seen = [{**tags, "highway": str(highway)} for tags, highway in zip(self.way_tags, self.highway, strict=True)]
        traits = np.array([traits_of(tags) for tags in seen], dtype=np.int32)
        return traits, np.array([slope_of(tags.get("incline")) for tags in seen], dtype=np.float32)

    def lowest_key(self) -> int:
        """Return the lowest key in use, at most 0; keys below it are free."""
        return int(min(self.source_key.min(initial=0), self.target_key.min(initial=0)))

    def edge_tags(self) -> list[Mapping[str, str]]:
        """Return each chain's tags: its way's, and the barrier at one of its ends."""
        found: list[Mapping[str, str]] = [self.way_tags[way] for way in self.way]
        if self.barriers:
            known = np.fromiter(self.barriers, dtype=np.int64)
            for i in np.flatnonzero(np.isin(self.source_osm_id, known) | np.isin(self.target_osm_id, known)):
                ends = (int(self.source_osm_id[i]), int(self.target_osm_id[i]))
                found[i] = {**found[i], "barrier": next(self.barriers[end] for end in ends if end in self.barriers)}
        return found


def chains_from_ways(ways: Ways) -> Chains:
    """Split walked OSM ways where they share nodes, at gates and at barriers; at an impassable barrier they part.

    A gate is one node, open or shut: what it lets through is asked when somebody walks.
    """
    node = np.array(ways.node_ids, dtype=np.int64)
    way = np.repeat(np.arange(len(ways.sizes)), ways.sizes)
    xy = shapely.get_coordinates(shapely.from_wkb(np.array(ways.wkb, dtype=object)))
    stays = np.ones(len(node), dtype=bool)
    stays[1:] = (node[1:] != node[:-1]) | (way[1:] != way[:-1])
    node, way, xy = node[stays], way[stays], xy[stays]
    stands = np.fromiter((*ways.barriers, *ways.gates), dtype=np.int64)
    cut = np.flatnonzero(_is_cut(node, way, stands))
    joined = way[cut[:-1]] == way[cut[1:]]
    first, last = cut[:-1][joined], cut[1:][joined]
    blocked = {at: rule.name for at, (_, rule) in ways.barriers.items() if not rule.passable}
    source_key, target_key = _parted(node[first], node[last], np.fromiter(blocked, dtype=np.int64))
    return Chains(
        xy=xy, first=first, last=last, source_key=source_key, target_key=target_key, source_osm_id=node[first],
        target_osm_id=node[last], way=way[first], way_id=np.array(ways.way_id, dtype=np.int64),
        highway=np.array(ways.highway, dtype=object), way_tags=ways.tags,
        barriers={at: kind for at, (kind, _) in ways.barriers.items()}
        | {at: tags.get("barrier", "entrance") for at, tags in ways.gates.items()},
        gates=ways.gates, from_osm=True,
        details={"ways_by_rule": dict(ways.rules.most_common()), "ways_incomplete": ways.incomplete,
                 "barriers_by_rule": dict(Counter(rule.name for _, rule in ways.barriers.values()).most_common())},
    )  # fmt: skip


def chains_from_rows(rows: Rows, review: Review, datum: Datum | None) -> Chains:
    """Take the lines of a file whole, each part of a multi-line by itself; ends that meet are one node."""
    geometry = reviewed_geometry(rows, review, LINES, datum)
    tags, walked, by_rule = _line_tags(rows)
    kept = np.flatnonzero(review.good & walked)
    parts, row_of_part = shapely.get_parts(geometry[kept], return_index=True)
    xy = shapely.get_coordinates(parts)
    sizes = shapely.get_num_points(parts)
    last = np.cumsum(sizes, dtype=np.int64) - 1
    first = last - sizes + 1
    source_key, target_key = _place_keys(xy[first]), _place_keys(xy[last])
    none = np.full(len(first), -1, dtype=np.int64)
    return Chains(
        xy=xy, first=first, last=last, source_key=source_key, target_key=target_key, source_osm_id=none,
        target_osm_id=none.copy(), way=kept[row_of_part].astype(np.int64), way_id=rows.row,
        highway=np.array([row.get("highway", "road") for row in tags], dtype=object),
        way_tags=[{key: row[key] for key in KEPT_TAGS if key in row} for row in tags], barriers={}, gates={},
        from_osm=False,
        details={"ways_by_rule": by_rule},
    )  # fmt: skip


def _is_cut(node: Ints, way: Ints, stands: Ints) -> Mask:
    """Tell at which vertices ways begin, end, share a node or meet what stands on one."""
    _, group, count = np.unique(node, return_inverse=True, return_counts=True)
    cut: Mask = (count[group] > 1) | np.isin(node, stands)
    border = way[1:] != way[:-1]
    cut[1:] |= border
    cut[:-1] |= border
    cut[:1] = cut[-1:] = True
    return cut


def _parted(source: Ints, target: Ints, blocked: Ints) -> tuple[Ints, Ints]:
    """Return node keys: the OSM id, but an own negative one for each end at an impassable barrier."""
    keys = np.concatenate([source, target])
    at_barrier = np.isin(keys, blocked)
    keys[at_barrier] = min(0, int(keys.min(initial=0))) - 1 - np.arange(at_barrier.sum())
    parted_source, parted_target = np.split(keys, 2)
    return parted_source, parted_target


def _place_keys(xy: NDArray[np.float64]) -> Ints:
    """Return one number per place on a lattice of 1e-7°."""
    lon, lat = np.round((xy + np.array([180.0, 90.0])) * _UNITS_PER_DEG).astype(np.int64).T
    keys: Ints = lon * (180 * _UNITS_PER_DEG + 1) + lat
    return keys


def _line_tags(rows: Rows) -> tuple[list[dict[str, str]], Mask, dict[str, int]]:
    """Return each row's tags, whether people may walk there, and how many rows each access rule decided.

    A file without a ``highway`` column is taken to hold walk ways only.
    """
    keys = [key for key in rows.columns if key in (*KEPT_TAGS, "highway", "area", "indoor", "motorroad")]
    columns = {key: texts(rows.columns[key]) for key in keys}
    tags = [
        {key: str(value) for key, value in zip(columns, values, strict=True) if value is not None}
        for values in zip(*columns.values(), strict=True)
    ] or [{} for _ in rows.row]
    if "highway" not in columns:
        return tags, np.ones(len(tags), dtype=bool), {}
    decisions = []
    for row in tags:
        row["highway"] = main_highway(row.get("highway", "road"))
        decisions.append(decide_way(row))
    walked: Mask = np.array([rule.passable for rule in decisions], dtype=bool)
    return tags, walked, dict(Counter(rule.name for rule in decisions).most_common())
