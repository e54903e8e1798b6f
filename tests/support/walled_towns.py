"""Random towns of blocks with walled compounds and gates, and each person's walks in them a second time by networkx.

The other way knows no zones and no passages: a person is either at home behind the wall, and leaves by any gate that is
open, or goes where anybody may go, by gates that are open to all.
"""

from dataclasses import dataclass, field
from itertools import pairwise

import networkx as nx
import numpy as np

from gridmgmt.analysis.walking.assembly import assemble
from gridmgmt.analysis.walking.gates import Access, Gate
from gridmgmt.analysis.walking.network import WalkNetwork
from tests.support.walled import CRS, gate, outline, streets

SIDE, BLOCK_M = 6, 100.0
OPEN, SHUT = ((3_000, 4_000),), ((0, 3_000),)
"""Wednesday at ten is minute 3,480."""
AT = "wed 10:00"
LEG_M = 3.0
NOWHERE = -1

Street = tuple[int, int]
Spot = tuple[int, float]
"""A street and the share of it."""


@dataclass
class Town:
    """Streets between crossings of a square of blocks, compounds of whole crossings, gates on some streets."""

    streets: list[Street]
    compounds: list[set[int]]
    gates: dict[int, Gate] = field(default_factory=dict)
    """By the street in whose middle they stand."""

    def position(self, spot: Spot, aside_m: float = 0.0) -> tuple[float, float]:
        a, b = (np.array(divmod(end, SIDE)[::-1]) * BLOCK_M for end in self.streets[spot[0]])
        along = (b - a) / BLOCK_M
        x, y = a + (b - a) * spot[1] + aside_m * np.array([-along[1], along[0]])
        return float(x), float(y)

    def zone(self, crossing: int) -> int:
        return next((i for i, inside in enumerate(self.compounds) if crossing in inside), NOWHERE)

    def zone_at(self, spot: Spot) -> int:
        return self.zone(self.streets[spot[0]][0 if spot[1] < 0.5 else 1])

    def crosses_wall(self, street: int) -> bool:
        a, b = self.streets[street]
        return self.zone(a) != self.zone(b)

    def network(self) -> WalkNetwork:
        ends = [[self.position((i, 0.0)), self.position((i, 1.0))] for i in range(len(self.streets))]
        return assemble(
            streets(ends), CRS, gates=list(self.gates.values()), compounds=[self._wall(c) for c in self.compounds]
        )

    def _wall(self, crossings: set[int]):
        xy = np.array([divmod(c, SIDE)[::-1] for c in crossings]) * BLOCK_M
        (west, south), (east, north) = xy.min(axis=0) - 50, xy.max(axis=0) + 50
        return outline([(west, south), (east, south), (east, north), (west, north), (west, south)])

    def seconds(self, place: Spot, points: list[Spot], minute: int) -> float:
        """The walk to the nearest point at 1 m/s, with both access legs, infinite where there is none."""
        home = self.zone_at(place)
        town = self._walked_by(home, [place, *points], minute)
        found = nx.single_source_dijkstra_path_length(town, (home, place))
        return 2 * LEG_M + min((found.get((NOWHERE, point), np.inf) for point in points), default=np.inf)

    def _walked_by(self, home: int, spots: list[Spot], minute: int) -> nx.DiGraph:
        """Stops are (layer, crossing or spot or side of a gate); layer -1 is anybody, the other is at home."""
        town: nx.DiGraph = nx.DiGraph()

        def join(layer: int, here: object, there: object, metres: float) -> None:
            town.add_edge((layer, here), (layer, there), weight=metres)
            town.add_edge((layer, there), (layer, here), weight=metres)
            if layer != NOWHERE:
                for stop in (here, there):
                    town.add_edge((layer, stop), (NOWHERE, stop), weight=0.0)

        for number, (a, b) in enumerate(self.streets):
            parted = number in self.gates or self.crosses_wall(number)
            stops: list[tuple[float, object]] = [
                (share, (number, share)) for street, share in set(spots) if street == number
            ]
            stops += [(0.0, a), (1.0, b)] + ([(0.5, ("gate", number, 0)), (0.5, ("gate", number, 1))] if parted else [])
            row = sorted(stops, key=lambda stop: stop[0])
            for (at, here), (then, there) in pairwise(row):
                if parted and at == then == 0.5:
                    continue
                zone = self.zone(a if then <= 0.5 else b)
                for layer in {NOWHERE, home if zone == home else NOWHERE}:
                    join(layer, here, there, (then - at) * BLOCK_M)
            if parted:
                self._pass(town, number, home, minute)
        return town

    def _pass(self, town: nx.DiGraph, street: int, home: int, minute: int) -> None:
        sides = [("gate", street, 0), ("gate", street, 1)]
        zones = [self.zone(end) for end in self.streets[street]]
        found = self.gates.get(street)
        inner = max(zones)
        if found is None:
            of_compound = [
                g for s, g in self.gates.items() if inner in map(self.zone, self.streets[s]) and self.crosses_wall(s)
            ]
            is_open, for_all = not of_compound, True
        else:
            is_open, for_all = found.open_at(minute), found.access is Access.PUBLIC
        if not is_open:
            return
        if for_all:
            for layer in {NOWHERE, NOWHERE if self.crosses_wall(street) or inner != home else home}:
                town.add_edge((layer, sides[0]), (layer, sides[1]), weight=0.0)
                town.add_edge((layer, sides[1]), (layer, sides[0]), weight=0.0)
        if self.crosses_wall(street) and inner == home:
            within, without = sides if zones[0] == inner else sides[::-1]
            town.add_edge((home, within), (NOWHERE, without), weight=0.0)


def random_town(seed: int) -> tuple[Town, list[Spot], list[Spot]]:
    """A town, places and points in it; no place or point is near a wall, a gate or a crossing."""
    rng = np.random.default_rng(seed)
    whole = [(y * SIDE + x, y * SIDE + x + 1) for y in range(SIDE) for x in range(SIDE - 1)]
    whole += [(y * SIDE + x, (y + 1) * SIDE + x) for y in range(SIDE - 1) for x in range(SIDE)]
    graph = nx.Graph(whole)
    for street in rng.permutation(len(whole))[: int(rng.integers(0, 20))].tolist():
        graph.remove_edge(*whole[street])
        if not nx.is_connected(graph):
            graph.add_edge(*whole[street])
    lines = [street if rng.random() < 0.5 else street[::-1] for street in whole if graph.has_edge(*street)]
    # A row of crossings between them is free: whose a residents' gate between two compounds is, nobody could tell.
    compounds = []
    for west in (0, SIDE // 2):
        columns = range(west + int(rng.integers(0, 2)), west + 2)
        first = int(rng.integers(0, SIDE - 1))
        rows = range(first, min(first + int(rng.integers(1, 4)), SIDE))
        compounds.append({row * SIDE + column for row in rows for column in columns})
    town = Town(lines, compounds)
    for street in range(len(lines)):
        at_wall = town.crosses_wall(street)
        if rng.random() < (0.5 if at_wall else 0.08):
            access = rng.choice(["public", "residents", "closed"] if at_wall else ["public", "closed"])
            spans = [None, OPEN, SHUT][int(rng.integers(0, 3))]
            town.gates[street] = gate(f"G{street}", *town.position((street, 0.5)), str(access), spans)
    spots = [
        (int(rng.integers(0, len(lines))), float(rng.uniform(0.12, 0.38) + 0.5 * rng.integers(0, 2))) for _ in range(26)
    ]
    return town, spots[:20], spots[20:]
