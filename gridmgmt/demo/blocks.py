"""Superblocks cut into blocks, and what each block is used for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from gridmgmt.demo.arrangement import Arrangement, Line
from gridmgmt.demo.lattice import Skeleton
from gridmgmt.demo.subdivision import subdivide
from gridmgmt.demo.towns import TOWNS, Town, Zone

Use = Literal["residential", "village", "industrial", "commercial", "park", "farmland"]

BLOCK_M2: dict[Zone, float] = {"dense": 40_000.0, "suburban": 62_000.0, "rural": 240_000.0}
DENSEST_M2 = 24_000.0
"""Blocks of a town with more than `CROWDED` quarters per km²."""
CROWDED = 6.0
RAGGED_M = 420.0
"""How far the edge of a built-up core wanders, standard deviation in metres."""
USES: dict[Zone, tuple[tuple[Use, float], ...]] = {
    "dense": (("residential", 0.84), ("commercial", 0.07), ("park", 0.05), ("industrial", 0.04)),
    "suburban": (("residential", 0.60), ("industrial", 0.27), ("park", 0.06), ("commercial", 0.07)),
    "rural": (("village", 0.80), ("farmland", 0.20)),
}
"""Share of blocks of each use in a zone."""


@dataclass(frozen=True)
class Block:
    """One face between streets: its town, its zone, its use, and its middle in metres."""

    face: int
    town: Town
    zone: Zone
    use: Use
    centre: NDArray[np.float64]


def build_blocks(skeleton: Skeleton, names: Iterator[str], rng: Generator) -> list[Block]:
    """Cut every superblock into blocks of the size of its zone."""
    arrangement = skeleton.arrangement
    towns = {town.letter: town for town in TOWNS}
    middles = {face: arrangement.ring_m(face).mean(axis=0) for face in skeleton.town_of}
    cores = {
        letter: np.mean([middles[face] for face, other in skeleton.town_of.items() if other == letter], axis=0)
        for letter in towns
    }
    blocks: list[Block] = []
    for face, letter in skeleton.town_of.items():
        town = towns[letter]
        distance_m = float(np.hypot(*(middles[face] - cores[letter]))) + rng.normal(0.0, RAGGED_M)
        zone = town.core if distance_m < town.core_m else town.rest
        pieces = _cut(arrangement, face, _block_m2(town, zone), zone, names, rng)
        blocks += [Block(p, town, zone, _use(zone, rng), arrangement.ring_m(p).mean(axis=0)) for p in pieces]
    return blocks


def _cut(
    arrangement: Arrangement, face: int, target_m2: float, zone: Zone, names: Iterator[str], rng: Generator
) -> list[int]:
    def line_at(depth: int) -> Line:
        if zone == "rural":
            return Line("unclassified", next(names))
        return Line("tertiary" if depth == 0 else "residential", next(names))

    return subdivide(arrangement, face, target_m2, line_at, rng)


def _block_m2(town: Town, zone: Zone) -> float:
    if zone == "dense" and town.quarters / town.area_km2 > CROWDED:
        return DENSEST_M2
    return BLOCK_M2[zone]


def _use(zone: Zone, rng: Generator) -> Use:
    shares = [share for _, share in USES[zone]]
    return USES[zone][int(rng.choice(len(shares), p=shares))][0]
