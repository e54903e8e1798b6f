"""Blocks gathered into quarters, quarters into units, sectors and towns."""

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmgmt.demo.arrangement import Arrangement
from gridmgmt.demo.blocks import Block
from gridmgmt.demo.towns import HOUSING, TOWNS, UNITS, Town, Unit

BARRIER_M = 900.0
"""How much farther away a block beyond a river, canal or railway seems to a quarter."""
LLOYD_ROUNDS = 12
ROW_M = 1200.0
"""Quarters whose middles lie in the same band of this height are numbered from west to east."""
BUILT_UP_SHARE = 0.999
"""A quarter is built up when at least this share of its blocks lies outside the rural zone."""

Near = Mapping[int, Mapping[int, float]]
"""Neighbours of each thing, with the extra metres it takes to reach across."""


@dataclass(frozen=True)
class Quarter:
    """One residential quarter: its code, the town and the middle level it belongs to, and its blocks."""

    code: str
    town: Town
    parent_code: str
    number_in_parent: int
    blocks: tuple[Block, ...]
    centre: NDArray[np.float64]

    @property
    def is_built_up(self) -> bool:
        """Whether it lies in the built-up zones, not the rural one."""
        return sum(block.zone != "rural" for block in self.blocks) >= BUILT_UP_SHARE * len(self.blocks)


def build_quarters(arrangement: Arrangement, blocks: Sequence[Block]) -> list[Quarter]:
    """Gather the blocks of each town into its number of quarters, coded from north-west to south-east."""
    near = _block_neighbours(arrangement, blocks)
    quarters: list[Quarter] = []
    for town in TOWNS:
        members = [k for k, block in enumerate(blocks) if block.town is town]
        centres = np.array([blocks[k].centre for k in members])
        index = {k: n for n, k in enumerate(members)}
        local = {index[k]: {index[o]: m for o, m in near[k].items() if o in index} for k in members}
        labels = grow(local, centres, spread_seeds(centres, town.quarters))
        groups = [[blocks[members[n]] for n in np.flatnonzero(labels == q)] for q in range(town.quarters)]
        quarters += _coded(town, groups, _group_neighbours(local, labels))
    return quarters


def grow(near: Near, centres: NDArray[np.float64], seeds: Sequence[int]) -> NDArray[np.int64]:
    """Grow contiguous groups from seeds, always the smallest next, each taking its nearest neighbour.

    Returns the group of each thing; -1 where no seed could reach.
    """
    labels = np.full(len(centres), -1)
    sizes = [0] * len(seeds)
    fronts: list[list[tuple[float, int]]] = [[(0.0, seed)] for seed in seeds]
    queue = [(0, group) for group in range(len(seeds))]
    while queue:
        size, group = heapq.heappop(queue)
        front = fronts[group]
        while front and labels[front[0][1]] >= 0:
            heapq.heappop(front)
        if not front:
            continue
        _, taken = heapq.heappop(front)
        labels[taken] = group
        sizes[group] = size + 1
        for other, extra_m in sorted(near[taken].items()):
            if labels[other] < 0:
                away_m = float(np.hypot(*(centres[other] - centres[seeds[group]])))
                heapq.heappush(front, (away_m + extra_m, other))
        heapq.heappush(queue, (sizes[group], group))
    return labels


def spread_seeds(centres: NDArray[np.float64], count: int) -> list[int]:
    """Return ``count`` different things spread evenly: farthest first, then Lloyd's rounds of k-means."""
    chosen = [int(np.argmin(centres.sum(axis=1)))]
    away = np.hypot(*(centres - centres[chosen[0]]).T)
    while len(chosen) < count:
        chosen.append(int(np.argmax(away)))
        away = np.minimum(away, np.hypot(*(centres - centres[chosen[-1]]).T))
    means = centres[chosen]
    for _ in range(LLOYD_ROUNDS):
        owner = np.argmin(((centres[:, None] - means) ** 2).sum(axis=2), axis=1)
        means = np.array([centres[owner == k].mean(axis=0) if (owner == k).any() else means[k] for k in range(count)])
    return _nearest_each(centres, means)


def _nearest_each(centres: NDArray[np.float64], wanted: NDArray[np.float64]) -> list[int]:
    free = np.zeros(len(centres))
    chosen: list[int] = []
    for place in wanted:
        chosen.append(int(np.argmin(((centres - place) ** 2).sum(axis=1) + free)))
        free[chosen[-1]] = np.inf
    return chosen


def _block_neighbours(arrangement: Arrangement, blocks: Sequence[Block]) -> Near:
    block_at = {block.face: k for k, block in enumerate(blocks)}
    near: dict[int, dict[int, float]] = {k: {} for k in range(len(blocks))}
    for k, block in enumerate(blocks):
        for u, v in arrangement.edges(block.face):
            other = arrangement.left.get((v, u))
            if other is None or other not in block_at:
                continue
            extra_m = BARRIER_M if arrangement.line((u, v)).is_barrier else 0.0
            near[k][block_at[other]] = min(extra_m, near[k].get(block_at[other], np.inf))
    return near


def _group_neighbours(near: Near, labels: NDArray[np.int64]) -> Near:
    groups: dict[int, dict[int, float]] = defaultdict(dict)
    for thing, others in near.items():
        for other in others:
            if labels[thing] != labels[other]:
                groups[int(labels[thing])][int(labels[other])] = 0.0
    return groups


def _coded(town: Town, groups: Sequence[Sequence[Block]], near: Near) -> list[Quarter]:
    centres = np.array([np.mean([block.centre for block in group], axis=0) for group in groups])
    parents = _parents(town, centres, near)
    order = sorted(range(len(groups)), key=lambda q: (-round(centres[q][1] / ROW_M), centres[q][0]))
    counts: dict[str, int] = defaultdict(int)
    quarters = []
    for number, q in enumerate(order, start=1):
        counts[parents[q]] += 1
        code = f"{town.code}{number:03d}"
        quarters.append(Quarter(code, town, parents[q], counts[parents[q]], tuple(groups[q]), centres[q]))
    return quarters


def _parents(town: Town, centres: NDArray[np.float64], near: Near) -> list[str]:
    """Return the code of each quarter's parent: its unit, its sector, or the town itself."""
    low, high = centres.min(axis=0), centres.max(axis=0)
    placed = (centres - (low + high) / 2) / ((high - low) / 2)
    if town.mode == "sector":
        return [f"{town.code}-S{_sector(place)}" for place in placed]
    parents = [town.code] * len(centres)
    for unit in UNITS:
        if unit.town == town.letter:
            for q in _gather(unit, placed, near):
                parents[q] = unit.code
    return parents


def _sector(place: NDArray[np.float64]) -> int:
    away = [min(float(np.hypot(*(place - spot))) for spot in spots) for spots in HOUSING.values()]
    return int(np.argmin(away)) + 1


def _gather(unit: Unit, placed: NDArray[np.float64], near: Near) -> list[int]:
    away = np.hypot(*(placed - (unit.east, unit.north)).T)
    members = [int(np.argmin(away))]
    while len(members) < unit.quarters:
        around = sorted({other for q in members for other in near[q]} - set(members))
        members.append(min(around, key=lambda q: float(away[q])))
    return members
