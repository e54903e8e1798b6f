"""Proof by branch and bound: what the bound leaves open is opened or not, the most promising first.

Each node is a smaller problem of its own: candidates that are decided leave, rows that are covered leave, and rows that
have come to have the same candidates are merged again.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.siting.interchange import Interchange, covered, greedy
from gridmgmt.analysis.siting.merging import CoverRows, Index, Long, restricted
from gridmgmt.analysis.siting.relaxation import FIRST_PACE, LEAST_PACE, NEVER, Relaxed, begun, lower

_AT_ROOT = 100, 20, 15
"""Subgradients at a time, how many without a gain shorten the steps, and how often at the most."""
_AT_NODE = 100, 8, 1
_ENOUGH_FIXED = 0.1
"""With this share of the candidates fixed the problem is made smaller before it is bounded further."""
_NEXT_PACE = 0.25
"""The least length of the steps in a problem that was made smaller."""
_KICKS, _IDLE_AT_ROOT = 32, 10
"""Exchanges at a time, and how often they may gain nothing at the root."""
_POLISHED = 8
"""A better plan is looked for in one of so many nodes."""
_MOST_BYTES = 1 << 30
"""Beyond so much memory the newest node comes first, which frees the others the soonest."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A problem that is still open.

    ``points`` of the candidates of ``rows`` are to be opened beside ``opened``, which cover ``won``; all of that covers
    no more than ``bound``, which is :data:`NEVER` where two of the opened are in conflict.
    """

    rows: CoverRows
    price: Long
    points: int
    opened: tuple[int, ...]
    won: int
    bound: int

    @property
    def nbytes(self) -> int:
        """Return the size of the arrays."""
        return self.rows.nbytes + self.price.nbytes


@dataclass(slots=True)
class Tree:
    """The state of a search.

    Attributes
    ----------
    best, plan
        What the best plan covers, and the names of its candidates.
    unit
        Coverage comes in whole multiples of this, so that a plan is better only from ``best + unit`` on.
    least
        The lowest price of a row of conflicts.
    heard
        Asked now and then; true ends the search.
    bound
        No plan covers more than this.
    price
        Prices of the first node's rows that bound it well.
    """

    best: int
    plan: tuple[int, ...]
    unit: int
    least: int
    heard: Callable[["Tree"], bool]
    bound: int
    nodes: int = 0
    price: Long | None = None
    _waiting: list[tuple[int, int, Node]] = field(default_factory=list)
    _number: int = 0
    _nbytes: int = 0

    def search(self, root: Node) -> None:
        """Search until no node can hold a better plan, or somebody says that it is enough."""
        self._add(root)
        while self._waiting:
            node = self._next()
            self.nodes += 1
            if not self._hopeless(node) and not self._open(node):
                return
        self.bound = self.best

    def _open(self, node: Node) -> bool:
        """Bound a node as closely as it pays, then split it; false where the search is to end."""
        root = self.nodes == 1
        rounds, patience, most = _AT_ROOT if root else _AT_NODE
        pace = FIRST_PACE
        while not self._decided(node):
            found = begun(node.rows, node.points, node.price, pace)
            for turn in range(most):
                need = self.best + self.unit - node.won
                lower(node.rows, found, node.points, need=need, least=self.least, rounds=rounds, patience=patience)
                if root and self.price is None:
                    self.price = found.price.copy()
                if found.bound[0] == NEVER:
                    return True
                node = replace(node, price=found.price, bound=min(node.bound, node.won + int(found.bound[0])))
                self._try(node, found.choice)
                if not self._goes_on(node):
                    return False
                smaller = np.count_nonzero(found.fixed) >= _ENOUGH_FIXED * node.rows.m
                if smaller or turn + 1 == most or found.pace[0] < LEAST_PACE:
                    break
            node, use = _fixed(node, found)
            if (root and smaller) or self.nodes % _POLISHED == 0:
                self._polish(node)
            if not smaller:
                self._split(node, use)
                return True
            pace = max(float(found.pace[0]), _NEXT_PACE)
        return True

    def _goes_on(self, node: Node) -> bool:
        """Tell of the bound while a node is being opened; false, and the node is kept, where that is enough."""
        self.bound = max([self.best, node.bound, *(-first for first, _, _ in self._waiting[:1])])
        return not self.heard(self)

    def _decided(self, node: Node) -> bool:
        """Keep the best plan of a node in which there is nothing to choose; whether it is one, or holds none better."""
        rows, points = node.rows, node.points
        if self._hopeless(node) or not 0 <= points <= rows.m:
            return True
        if points == 0:
            self._keep(node, np.empty(0, dtype=np.int32))
        elif points == rows.m:
            self._try(node, np.arange(points, dtype=np.int32))
        elif points == 1:
            self._keep(node, np.array([rows.sums(rows.weight).argmax()], dtype=np.int32))
        else:
            return False
        return True

    def _hopeless(self, node: Node) -> bool:
        return node.bound < self.best + self.unit

    def _try(self, node: Node, choice: Index) -> None:
        """Keep a plan when it is better and nothing in it is in conflict."""
        if apart(node.rows, choice):
            self._keep(node, choice)

    def _keep(self, node: Node, choice: Index) -> None:
        self.offer(node.won + covered(node.rows, choice), (*node.opened, *node.rows.ids[choice].tolist()))

    def offer(self, value: int, plan: tuple[int, ...]) -> None:
        """Keep a plan when it is better."""
        if value > self.best:
            self.best, self.plan = value, plan

    def _polish(self, node: Node) -> None:
        """Look for a better plan among what is left to choose from."""
        if 0 < node.points < node.rows.m and len(first := greedy(node.rows, node.points)) == node.points:
            exchange = Interchange(node.rows, first, seed=self.nodes)
            exchange.descend()
            idle = 0
            while idle < (_IDLE_AT_ROOT if self.nodes == 1 else 1):
                idle = 0 if exchange.kick(_KICKS) else idle + 1
            self._keep(node, exchange.chosen)

    def _split(self, node: Node, use: NDArray[np.float64]) -> None:
        """Open the candidate of which it is the least clear whether it is chosen, or not."""
        doubt = np.minimum(use, 1 - use) + 1e-6
        this, none = np.zeros((2, node.rows.m), dtype=bool)
        this[np.argmax(doubt * np.maximum(node.rows.sums(node.price), 1))] = True
        for child in (narrowed(node, none, this), narrowed(node, this, none)):
            if not self._decided(child):
                self._add(child)

    def _add(self, node: Node) -> None:
        self._number += 1
        self._nbytes += node.nbytes
        heapq.heappush(self._waiting, (-node.bound, -self._number, node))

    def _next(self) -> Node:
        """Take the most promising node, the newest of these, or the newest of all where memory is short."""
        if self._nbytes <= _MOST_BYTES:
            node = heapq.heappop(self._waiting)[-1]
        else:
            newest = min(range(len(self._waiting)), key=lambda at: self._waiting[at][1])
            node = self._waiting.pop(newest)[-1]
            heapq.heapify(self._waiting)
        self._nbytes -= node.nbytes
        return node


def apart(rows: CoverRows, choice: Index) -> bool:
    """Return whether no two candidates are in conflict."""
    if choice[-1] < 0:  # there are fewer than are to be opened
        return False
    hits = np.bincount(np.concatenate([rows.of(j) for j in choice]), minlength=len(rows.weight))
    return bool(hits[rows.demands :].max(initial=0) <= 1)


def narrowed(node: Node, opened: NDArray[np.bool_], closed: NDArray[np.bool_]) -> Node:
    """Return the node with some candidates opened and others closed; what conflicts with the opened is closed too."""
    names = tuple(node.rows.ids[opened].tolist())
    rows, price, won = restricted(node.rows, node.price, opened, closed)
    points = node.points - len(names)
    return Node(rows, price, points, node.opened + names, node.won + (won or 0), NEVER if won is None else node.bound)


def _fixed(node: Node, found: Relaxed) -> tuple[Node, NDArray[np.float64]]:
    """Return the node without what the bound has fixed, and how often each candidate left was used of late."""
    smaller = narrowed(node, found.fixed > 0, found.fixed < 0) if np.any(found.fixed) else node
    return smaller, found.use[np.isin(node.rows.ids, smaller.rows.ids, assume_unique=True)]
