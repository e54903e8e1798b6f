"""Coverage that is kept up to date: an edit recomputes the nodes and places that it touches, and no others.

Labels, nearest points and counts are to the bit those of a full run on the edited network (see
:mod:`gridmgmt.analysis.walking.repair` for the method).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridmgmt.analysis.graph import WalkGraph
from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.edits import Change, Edit
from gridmgmt.analysis.walking.live_network import NONE, LiveNetwork, Step
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts, Trip
from gridmgmt.analysis.walking.records import Int32s, Int64s
from gridmgmt.analysis.walking.repair import Counted, Rules, Scratch, put_labels, repair
from gridmgmt.analysis.walking.search import Nearest, checked_round_limit, nearest
from gridmgmt.analysis.walking.spots import NOWHERE, TIME_SHIFT, limit_of, split
from gridmgmt.analysis.walking.tally import Cells, Tally, check_groups, check_weights, checked_bands, plain
from gridmgmt.errors import InputError

_Kept = tuple[Int32s, Int64s]
"""Nodes, and the labels that they had."""


@dataclass(frozen=True, eq=False)
class Counting:
    """What is counted of the places.

    Parameters
    ----------
    weights
        Residents in 2⁻³⁴ parts, ``(n_places, n_columns)``, see :func:`gridmgmt.analysis.walking.tally.to_fixed`.
    within
        Which places lie within the network's extent, ``(n_places,)``; a place that joins no edge is not connectable
        there, and outside elsewhere.
    covered_cs
        Times up to this are covered.
    bands_cs
        Upper ends of the time bands, rising.
    groups
        For each level, the group of every place (-1 for none) and the number of groups.
    """

    weights: Int64s
    within: NDArray[np.bool_]
    covered_cs: int
    bands_cs: ArrayLike
    groups: Sequence[tuple[NDArray[np.integer], int]]

    @classmethod
    def nothing(cls, n_places: int) -> "Counting":
        """Return the counting of nothing."""
        return cls(np.empty((n_places, 0), dtype=np.int64), np.zeros(n_places, dtype=np.bool_), 0, [], [])


class LiveCoverage:
    """A network with points and places, the nearest point of every node and place, and their tallies.

    One edit at a time: other threads wait.

    Parameters
    ----------
    graph, costs, points, places, trip, limit_cs
        As :func:`gridmgmt.analysis.walking.search.nearest` takes them; nothing of them is changed.
    mirrored
        Whether round trips take the costs for those of the way there alone, and every walk back costs what the same
        walk there does: so it is with gates that let residents out on the way there and in on the way back.
    counting
        What is counted; None for nothing.

    Raises
    ------
    InputError
        As :func:`~gridmgmt.analysis.walking.search.nearest`, and when the counting does not fit the places.
    """

    def __init__(
        self,
        graph: WalkGraph,
        costs: EdgeCosts,
        *,
        points: Snap,
        places: Snap,
        trip: Trip = Trip.TO_POINT,
        mirrored: bool = False,
        limit_cs: int = NO_WAY,
        counting: Counting | None = None,
    ) -> None:
        self.trip, self.limit_cs, self._lock, self._epoch = trip, limit_cs, RLock(), 0
        self._by_pairs = trip is Trip.ROUND and not mirrored
        self._network = LiveNetwork(graph, costs, points, places, trip)
        n_places = len(places.edge)
        wanted = counting or Counting.nothing(n_places)
        self._counted, self._first_rows = _counted(wanted, n_places)
        factor, limit = 2 if trip is Trip.ROUND else 1, limit_of(limit_cs)
        self._rules = Rules(limit // factor, limit, int(wanted.covered_cs), factor)
        self._one_way = True
        self._scratch: Scratch | None = None
        self._check_limit()
        all_edges, all_places = (np.arange(n, dtype=np.int32) for n in (self._network.n_edges, n_places))
        self._update([Step(lambda: None, all_edges, all_places)])

    @property
    def nearest(self) -> Nearest:
        """Return the nearest point of every place and node, as a full search does."""
        with self._lock:
            town = self._network.town
            node = self._reported(town.node["label"][: self._network.n_nodes])
            return Nearest(*split(town.place["label"]), *split(node))

    @property
    def nbytes(self) -> int:
        """Return the bytes held, without the weights, which are the caller's."""
        held = [*self._network.town, *(self._scratch or ()), *self._counted]
        return int(sum(array.nbytes for array in held)) - self._counted.weights.nbytes

    def tally(self, level: int = 0) -> Tally:
        """Return the counts by the groups of a level of the counting."""
        with self._lock:
            return Cells(self._counted.places, self._counted.sums).tally(*self._first_rows[level])

    def town(self) -> tuple[WalkGraph, EdgeCosts, Snap, Snap]:
        """Return graph, costs, points and places as they stand after the edits."""
        with self._lock:
            return self._network.frozen()

    def apply(self, *edits: Edit) -> Change:
        """Make the edits, all or none, and return what has changed.

        Raises
        ------
        InputError
            When an edit names an edge, node, point or place that does not exist, or a cost or spot is impossible.
        """
        with self._lock:
            return self._update(self._make(edits))[0]

    @contextmanager
    def what_if(self, *edits: Edit) -> Iterator[Change]:
        """Make the edits for as long as the block lasts.

        Raises
        ------
        InputError
            As :meth:`apply`.
        """
        with self._lock:
            one_way, steps = self._one_way, self._make(edits)
            change, (node, label) = self._update(steps)
            try:
                yield change
            finally:
                _unmake(steps)
                self._one_way = one_way
                self._network.town.node["label"][node] = label
                self._put(change.place, change.place_before)

    def _make(self, edits: Sequence[Edit]) -> list[Step]:
        """Change the network, by all of the edits or none."""
        steps: list[Step] = []
        try:
            for edit in edits:
                steps.append(self._network.make(edit))  # noqa: PERF401 - what is made is unmade when a later one fails
            self._check_limit()
        except InputError:
            _unmake(steps)
            raise
        return steps

    def _check_limit(self) -> None:
        if self._by_pairs and self._network.lopsided:
            checked_round_limit(self.limit_cs)

    def _update(self, steps: Sequence[Step]) -> tuple[Change, _Kept]:
        """Bring labels and counts up to date; return what has changed, and what its nodes' labels were."""
        edges = np.concatenate([NONE, *(step.edges for step in steps)])
        moved = np.concatenate([NONE, *(step.places for step in steps)])
        if self._by_pairs and (self._network.lopsided or not self._one_way):
            return self._compute_anew()
        town, scratch = self._network.town, self._room()
        self._epoch += 1
        loose = moved[town.place["edge"][moved] < 0]
        n_nodes, n_places = repair(town, edges, loose, self._counted, self._rules, self._epoch, scratch)
        order = np.argsort(scratch.place[:n_places])
        place, before = scratch.place[:n_places][order], scratch.place_before[:n_places][order]
        node, kept = scratch.node[:n_nodes].copy(), scratch.node_before[:n_nodes].copy()
        return Change(place, before, town.place["label"][place], node, full=False), (node, kept)

    def _compute_anew(self) -> tuple[Change, _Kept]:
        """Replace all labels by those of a full search."""
        graph, costs, points, places = self._network.frozen()
        found = nearest(graph, costs, points=points, places=places, trip=self.trip, limit_cs=self.limit_cs)
        label = self._network.town.node["label"][: graph.n_nodes]
        kept, node_before, node_after = label.copy(), self._reported(label), _labels(found.node_cs, found.node_point)
        self._one_way = costs.symmetric
        label[:] = _halved(node_after) if self._one_way else node_after
        before = self._network.town.place.copy()
        self._put(np.arange(len(before), dtype=np.int32), _labels(found.place_cs, found.place_point))
        after = self._network.town.place
        place = _different(before["label"], after["label"], before["slot"], after["slot"])
        change = Change(
            place, before["label"][place], after["label"][place], _different(node_before, node_after), full=True
        )
        return change, (np.arange(graph.n_nodes, dtype=np.int32), kept)

    def _put(self, place: Int32s, label: Int64s) -> None:
        put_labels(place, label, self._network.town.place, self._counted, self._rules)

    def _reported(self, node_label: Int64s) -> Int64s:
        """Return the labels of nodes for whole trips."""
        if self._rules.factor == 1 or not self._one_way:
            return node_label.copy()
        return np.where(node_label == NOWHERE, NOWHERE, node_label + (node_label >> TIME_SHIFT << TIME_SHIFT))

    def _room(self) -> Scratch:
        """Return room for the lists of one edit."""
        sizes = len(self._network.town.node), len(self._network.town.edge)
        if self._scratch is None or sizes != (len(self._scratch.node), len(self._scratch.edge)):
            self._scratch = _scratch(*sizes, len(self._network.town.place))
        return self._scratch


def _unmake(steps: Sequence[Step]) -> None:
    for step in reversed(steps):
        step.undo()


def _counted(wanted: Counting, n_places: int) -> tuple[Counted, list[tuple[int, int]]]:
    """Return empty cells for what is wanted, and the first row and number of groups of each level."""
    check_weights(wanted.weights, n_places)
    bands, rows, levels, n_rows = checked_bands(wanted.bands_cs), [], [], 0
    for field, array in (("within", wanted.within), *(("groups", group) for group, _ in wanted.groups)):
        if array.shape != (n_places,):
            raise InputError("array_shape_invalid", field=field, value=array.shape, expected=(n_places,))
    for group, n_groups in wanted.groups:
        check_groups("groups", group, n_groups)
        rows.append(np.where(group >= 0, group + n_rows, -1))
        levels.append((n_rows, n_groups))
        n_rows += n_groups
    row = np.column_stack(rows).astype(np.int32) if rows else np.empty((n_places, 0), dtype=np.int32)
    cells = Cells.none(n_rows, len(bands), wanted.weights.shape[1])
    weights, within = plain(wanted.weights, np.int64), plain(wanted.within, np.bool_)
    return Counted(row, weights, within, bands, cells.places, cells.sums), levels


def _scratch(n_nodes: int, n_edges: int, n_places: int) -> Scratch:
    return Scratch(
        visited=np.zeros(n_edges, dtype=np.int32),
        root=np.empty(n_nodes, dtype=np.int32),
        node=np.empty(n_nodes, dtype=np.int32),
        node_before=np.empty(n_nodes, dtype=np.int64),
        edge=np.empty(n_edges, dtype=np.int32),
        place=np.empty(n_places, dtype=np.int32),
        place_before=np.empty(n_places, dtype=np.int64),
        # A node enters once for being asked or lost, and once for each of its steps at most.
        heap=np.empty(2 * (n_nodes + n_edges), dtype=np.int64),
    )


def _different(*before_and_after: NDArray[np.integer]) -> Int32s:
    """Return where any of pairs of vectors differ."""
    pairs = zip(before_and_after[::2], before_and_after[1::2], strict=True)
    return np.flatnonzero(np.any([before != after for before, after in pairs], axis=0)).astype(np.int32)


def _labels(time_cs: Int32s, point: Int32s) -> Int64s:
    return time_cs.astype(np.int64) << TIME_SHIFT | point.astype(np.int64) & 0xFFFFFFFF


def _halved(label: Int64s) -> Int64s:
    """Return the labels of single ways from those of ways there and back."""
    return np.where(label == NOWHERE, NOWHERE, label - (label >> TIME_SHIFT + 1 << TIME_SHIFT))
