"""Chains: stretches of ways or lines between two places where they can meet others, before they become edges."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gridmgmt.ingest.intake import Mask, Objects
from gridmgmt.ingest.osm import Ways

Ints = NDArray[np.int64]


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
    way_traits: NDArray[np.int32]
    way_slope: NDArray[np.float32]
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
    node, xy = ways.node_ids, ways.xy
    way = np.repeat(np.arange(len(ways.sizes)), ways.sizes)
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
        target_osm_id=node[last], way=way[first], way_id=ways.way_id, highway=ways.highway, way_tags=ways.tags,
        way_traits=ways.traits, way_slope=ways.slope,
        barriers={at: kind for at, (kind, _) in ways.barriers.items()}
        | {at: tags.get("barrier", "entrance") for at, tags in ways.gates.items()},
        gates=ways.gates, from_osm=True,
        details={"ways_by_rule": dict(ways.rules.most_common()), "ways_incomplete": ways.incomplete,
                 "barriers_by_rule": dict(Counter(rule.name for _, rule in ways.barriers.values()).most_common())},
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
