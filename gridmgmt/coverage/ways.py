"""Which gate a walk passes first, read off the labels of the search."""

from dataclasses import dataclass, field

import numpy as np

from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.model import CS_PER_S, NO_WAY, EdgeCosts
from gridmgmt.analysis.walking.network import WalkNetwork
from gridmgmt.analysis.walking.search import Nearest


@dataclass(frozen=True, eq=False)
class FirstGates:
    """The first gate on the way of a place to its nearest point.

    Parameters
    ----------
    costs
        Those under which ``nearest`` was found, of the walk to the point.
    places
        Where the places of ``nearest`` join the network.
    """

    network: WalkNetwork
    costs: EdgeCosts
    nearest: Nearest
    places: Snap
    _known: dict[int, int] = field(default_factory=dict)
    """Index of the first gate from each node that was asked about, -1 where there is none."""

    def __call__(self, place: int) -> str | None:
        """Return the name (or the code) of the first gate on the way of a place, None where it passes none."""
        gate = self.index(place)
        return None if gate < 0 else self.network.gates[gate].name or self.network.gates[gate].code

    def index(self, place: int) -> int:
        """Return the index of the first gate on the way of a place, -1 where it passes none."""
        if not self.network.gates or self.nearest.place_cs[place] >= NO_WAY:
            return -1
        node = self._first_node(place)
        return -1 if node is None else self._from_node(node)

    def _first_node(self, place: int) -> int | None:
        """Return the end of the place's edge that its way goes by, None where it stays on the edge."""
        edge, fraction = int(self.places.edge[place]), float(self.places.fraction[place])
        leg_cs = int(np.rint(CS_PER_S * self.places.distance_m[place] / self.costs.speed_m_per_s))
        left_cs = int(self.nearest.place_cs[place]) - leg_cs
        out, back = int(self.costs.out_cs[edge]), int(self.costs.back_cs[edge])
        ends = (
            (self.network.graph.source[edge], back, int(np.rint(fraction * back))),
            (self.network.graph.target[edge], out, out - int(np.rint(fraction * out))),
        )
        for node, whole, part in ends:
            if whole < NO_WAY and part + int(self.nearest.node_cs[node]) == left_cs:
                return int(node)
        return None

    def _from_node(self, node: int) -> int:
        """Return the index of the first gate on the way from a node, -1 where there is none."""
        passed = []
        gate = self._known.get(node)
        while gate is None:
            passed.append(node)
            gate, following = self._step(node)
            if gate is None:
                node = following
                gate = self._known.get(node)
        self._known.update(dict.fromkeys(passed, gate))
        return gate

    def _step(self, node: int) -> tuple[int | None, int]:
        """Return the gate that the next edge is, or -1 at the end of the way, or None, and the next node."""
        graph, node_cs, node_point = self.network.graph, self.nearest.node_cs, self.nearest.node_point
        for step in range(int(graph.indptr[node]), int(graph.indptr[node + 1])):
            edge, following = int(graph.step_edge[step]), int(graph.neighbour[step])
            cost = self.costs.out_cs[edge] if graph.source[edge] == node else self.costs.back_cs[edge]
            on_way = cost < NO_WAY and int(cost) + int(node_cs[following]) == int(node_cs[node])
            if on_way and node_point[following] == node_point[node]:
                gate = int(self.network.gate[edge])
                return (gate if gate >= 0 else None), following
        return -1, node
