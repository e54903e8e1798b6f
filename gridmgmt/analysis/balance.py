"""Districts of connected units whose loads are even: how uneven they are, and a division that is more even.

Units (cells) have loads and neighbours; a district is a connected set of units. From the present division, units on
borders move to lighter neighbours; then two neighbouring districts at a time are divided anew: small pairs by looking
at every division, larger ones by cutting random spanning trees where the halves are most even (the recombination step
of DeFord, Duchin and Solomon, Recombination: A family of Markov chains for redistricting, HDSR 3.1, 2021). Every step
lowers the sum of the squared loads, so the division never becomes less even; equal input gives an equal division.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from gridmgmt.errors import InputError

SEED = 20_150_101
TREES = 24
"""Spanning trees looked at for each pair of districts in one round."""
ROUNDS = 40
EXACT_UNITS = 12
"""Up to so many units, two districts are divided by looking at every division."""
TOLERANCE = 0.01
"""Two neighbours whose loads differ by less than this share of the mean load are left as they are."""
_EPSILON = 1e-12

Numbers = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Balance:
    """How even loads are: 1, 0 and 0 when all are equal.

    Parameters
    ----------
    max_over_mean
        The largest load over the mean one.
    gini
        The Gini coefficient, mean absolute difference of all pairs over twice the mean.
    variation
        The coefficient of variation, standard deviation (of all, not of a sample) over the mean.
    """

    max_over_mean: float
    gini: float
    variation: float


def balance_of(loads: Sequence[float] | Numbers) -> Balance | None:
    """Return how even loads (at least one, none negative) are; None where there is nothing to share.

    >>> balance_of([1.0, 3.0])
    Balance(max_over_mean=1.5, gini=0.25, variation=0.5)
    """
    values = np.sort(np.asarray(loads, dtype=np.float64))
    if not len(values) or values.sum() <= 0:
        return None
    mean, count = values.mean(), len(values)
    gini = float(((2 * np.arange(1, count + 1) - count - 1) * values).sum() / (count * values.sum()))
    return Balance(float(values[-1] / mean), gini, float(values.std() / mean))


def loads_of(load: Numbers, district: Labels, districts: int) -> Numbers:
    """Return the load of each district ``(districts,)`` from those of its units; units of none (-1) count nowhere."""
    inside = district >= 0
    return np.bincount(district[inside], weights=load[inside], minlength=districts).astype(np.float64)


def pieces_of(units: Iterable[int], neighbours: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return the connected pieces of some units, each in order, by their first unit."""
    left, found = set(units), []
    for first in sorted(left):
        if first in left:
            piece = _reached(first, left, neighbours)
            left -= piece
            found.append(sorted(piece))
    return found


def neighbour_lists(count: int, pairs: NDArray[np.int64]) -> list[list[int]]:
    """Return the neighbours of each of ``count`` units in order, from pairs ``(n, 2)``."""
    found: list[set[int]] = [set() for _ in range(count)]
    for one, other in pairs.tolist():
        if one != other:
            found[one].add(other)
            found[other].add(one)
    return [sorted(each) for each in found]


def least_max_over_mean(load: Numbers, neighbours: Sequence[Sequence[int]], district: Labels) -> float | None:
    """Return what the largest load over the mean one cannot be less than, whatever the division.

    No district is lighter than its heaviest unit; and districts lie in one connected piece of the units each, so that
    those of a piece share its load among them. None where there is nothing to share, or no district.

    >>> least_max_over_mean(np.array([5.0, 1.0, 1.0, 1.0]), [[1], [0, 2], [1, 3], [2]], np.array([0, 0, 1, 1]))
    1.25
    """
    count = int(district.max(initial=-1)) + 1
    if not count or load.sum() <= 0:
        return None
    mean, most = load.sum() / count, float(load.max())
    for piece in pieces_of(range(len(load)), neighbours):
        inside = len({own for own in district[piece].tolist() if own >= 0})
        most = max(most, float(load[piece].sum()) / inside if inside else 0.0)
    return float(most / mean)


def balanced(
    load: Numbers,
    neighbours: Sequence[Sequence[int]],
    district: Labels,
    *,
    most_moves: int | None = None,
    seed: int = SEED,
) -> Labels:
    """Return a division ``(n,)`` into the same districts that is at least as even, each district connected.

    A district in pieces keeps its heaviest one, units of no district (-1) come to a neighbour; only then loads may
    become less even than they were. A piece without any neighbour of another district stays.

    Parameters
    ----------
    load
        Of each unit ``(n,)``, finite and not negative.
    neighbours
        The units beside each unit; units that must not be together are no neighbours.
    district
        The district of each unit ``(n,)``, from 0; -1 for none.
    most_moves
        Only so many units move, one at a time, each where that makes loads most even; what makes districts whole is
        done besides.

    Raises
    ------
    InputError
        ``load_impossible``; ``cells_out_of_reach`` when units of no district lie beside none.
    """
    if not (np.isfinite(load).all() and (load >= 0).all()):
        raise InputError("load_impossible", field="load", value=float(load.min()))
    search = _Search(load, neighbours, district, seed)
    search.connect()
    if most_moves is not None:
        search.move_few(most_moves)
        return np.array(search.district, dtype=np.int64)
    for _ in range(ROUNDS):
        moved = search.move_borders()
        if not search.divide_pairs() and not moved:
            break
    return np.array(search.district, dtype=np.int64)


class _Search:
    """The division on its way."""

    def __init__(self, load: Numbers, neighbours: Sequence[Sequence[int]], district: Labels, seed: int) -> None:
        self.load: list[float] = load.tolist()
        self.neighbours = neighbours
        self.district: list[int] = district.tolist()
        self.random = np.random.default_rng(seed)
        count = int(district.max(initial=-1)) + 1
        self.units: list[set[int]] = [set() for _ in range(count)]
        for unit, own in enumerate(self.district):
            if own >= 0:
                self.units[own].add(unit)
        self.loads = [sum(self.load[unit] for unit in sorted(units)) for units in self.units]
        self.mean: float = sum(self.load) / max(count, 1)

    def connect(self) -> None:
        """Leave each district its heaviest piece and give all other units to a neighbour, the lightest first."""
        loose: list[int] = [unit for unit, own in enumerate(self.district) if own < 0]
        for units in self.units:
            pieces = pieces_of(units, self.neighbours)
            for piece in sorted(pieces, key=lambda piece: (-sum(self.load[u] for u in piece), piece[0]))[1:]:
                if any(
                    self.district[v] not in (self.district[piece[0]], -1) for u in piece for v in self.neighbours[u]
                ):
                    loose += piece
        for unit in loose:
            self._take(unit, -1)
        while loose:
            reached = [unit for unit in loose if self._beside(unit)]
            if not reached:
                raise InputError("cells_out_of_reach", field="cells", count=len(loose))
            unit = min(reached)
            self._take(unit, min(self._beside(unit), key=lambda other: (self.loads[other], other)))
            loose.remove(unit)

    def move_borders(self) -> bool:
        """Move units on borders to lighter neighbours while that makes loads more even; tell whether any moved."""
        moved = False
        for own in sorted(range(len(self.units)), key=lambda each: (-self.loads[each], each)):
            while (move := self._best_move(own)) is not None:
                self._take(*move[1:])
                moved = True
        return moved

    def move_few(self, most: int) -> None:
        """Move at most so many units, each time the one whose move makes loads most even."""
        best = {own: self._best_move(own) for own in range(len(self.units))}
        for _ in range(most):
            gain, own = max(((move[0], -own) for own, move in best.items() if move is not None), default=(0.0, 0))
            if (move := best[-own]) is None or not gain:
                return
            self._take(*move[1:])
            changed = {-own, move[2]}
            near = {other for each in changed for unit in self.units[each] for other in self._beside(unit)}
            best |= {each: self._best_move(each) for each in sorted(changed | near)}

    def divide_pairs(self) -> bool:
        """Divide neighbouring districts anew, the most uneven first; tell whether any changed."""
        pairs = {
            (min(own, other), max(own, other))
            for unit, own in enumerate(self.district)
            for other in self._beside(unit)
            if own >= 0
        }
        ranked = sorted(pairs, key=lambda pair: (-abs(self.loads[pair[0]] - self.loads[pair[1]]), pair))
        return sum(self._divide(*pair) for pair in ranked) > 0

    def _best_move(self, own: int) -> tuple[float, int, int] | None:
        """Return the gain, the unit of a district and the neighbour whose taking it makes loads most even, if any."""
        best: tuple[float, int, int] | None = None
        for unit in sorted(self.units[own]):
            for other in self._beside(unit):
                gain = self.load[unit] * (self.loads[own] - self.loads[other] - self.load[unit])
                better = best is None or gain > best[0]
                if gain > self._least_gain() and better and self._may_leave(unit, own):
                    best = (gain, unit, other)
        return best

    def _divide(self, one: int, other: int) -> bool:
        """Divide two neighbours anew when that makes them more even by more than the tolerance."""
        gap = abs(self.loads[one] - self.loads[other])
        if gap <= TOLERANCE * self.mean:
            return False
        units = sorted(self.units[one] | self.units[other])
        if len(_reached(units[0], set(units), self.neighbours)) < len(units):
            return False
        inside = [[units.index(v) for v in self.neighbours[u] if self.district[v] in (one, other)] for u in units]
        load = [self.load[unit] for unit in units]
        parts = _every_part(inside) if len(units) <= EXACT_UNITS else self._cut_trees(load, inside)
        best = min(parts, key=lambda part: self._rank(part, load, inside), default=None)
        if best is None or abs(2 * sum(load[i] for i in best) - sum(load)) > gap - TOLERANCE * self.mean / 2:
            return False
        chosen = {units[i] for i in best}
        if self._weight(chosen & self.units[one]) < self._weight(chosen & self.units[other]):
            chosen = set(units) - chosen
        for unit in units:
            self._take(unit, one if unit in chosen else other)
        return True

    def _rank(self, part: frozenset[int], load: Sequence[float], inside: Sequence[Sequence[int]]) -> tuple[float, ...]:
        """Prefer even halves; among those that differ within the tolerance, the shorter border between them."""
        uneven = abs(2 * sum(load[i] for i in sorted(part)) - sum(load))
        border = sum(v not in part for u in part for v in inside[u])
        steps = uneven / (TOLERANCE * self.mean) if self.mean else 0.0
        return float(int(steps)), float(border), uneven, float(min(part))

    def _cut_trees(self, load: Sequence[float], inside: Sequence[Sequence[int]]) -> Iterator[frozenset[int]]:
        """Yield, for each of some random spanning trees, the part that its most even cut cuts off."""
        edges = [(u, v) for u, beside in enumerate(inside) for v in beside if u < v]
        for _ in range(TREES):
            tree = _tree(len(inside), [edges[i] for i in self.random.permutation(len(edges)).tolist()])
            yield _most_even_cut(tree, load)

    def _beside(self, unit: int) -> list[int]:
        """Return the other districts beside a unit."""
        own = self.district[unit]
        return sorted({self.district[v] for v in self.neighbours[unit]} - {own, -1})

    def _may_leave(self, unit: int, own: int) -> bool:
        """Tell whether a district stays connected, and keeps a unit, without one of its units."""
        rest = self.units[own] - {unit}
        return bool(rest) and len(_reached(min(rest), rest, self.neighbours)) == len(rest)

    def _take(self, unit: int, new: int) -> None:
        own = self.district[unit]
        if own == new:
            return
        self.district[unit] = new
        if own >= 0:
            self.units[own].discard(unit)
            self.loads[own] = self._weight(self.units[own])
        if new >= 0:
            self.units[new].add(unit)
            self.loads[new] = self._weight(self.units[new])

    def _weight(self, units: Iterable[int]) -> float:
        return float(sum(self.load[unit] for unit in sorted(units)))

    def _least_gain(self) -> float:
        return _EPSILON * self.mean * self.mean


def _reached(first: int, units: set[int], neighbours: Sequence[Sequence[int]]) -> set[int]:
    """Return the units that a path within some units reaches from the first."""
    reached, border = {first}, [first]
    while border:
        for other in neighbours[border.pop()]:
            if other in units and other not in reached:
                reached.add(other)
                border.append(other)
    return reached


def _every_part(inside: Sequence[Sequence[int]]) -> Iterator[frozenset[int]]:
    """Yield every connected part of the units whose rest is connected too, without the last unit."""
    everything = set(range(len(inside)))
    for chosen in product((False, True), repeat=len(inside) - 1):
        part = {unit for unit, is_in in enumerate(chosen) if is_in}
        rest = everything - part
        if part and all(len(_reached(min(each), each, inside)) == len(each) for each in (part, rest)):
            yield frozenset(part)


def _tree(count: int, edges: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Return the spanning tree that takes edges in their order, as the neighbours of each unit."""
    root = list(range(count))
    tree: list[list[int]] = [[] for _ in range(count)]
    for one, other in edges:
        ends = [one, other]
        for i, end in enumerate(ends):
            while root[end] != end:
                root[end] = root[root[end]]
                end = root[end]  # noqa: PLW2901 -- walks up
            ends[i] = end
        if ends[0] != ends[1]:
            root[ends[0]] = ends[1]
            tree[one].append(other)
            tree[other].append(one)
    return tree


def _most_even_cut(tree: Sequence[Sequence[int]], load: Sequence[float]) -> frozenset[int]:
    """Return the units below the edge of a tree whose cut divides the load most evenly."""
    order, above = [0], {0: -1}
    for unit in order:
        for other in tree[unit]:
            if other != above[unit]:
                above[other] = unit
                order.append(other)
    below = list(load)
    for unit in reversed(order[1:]):
        below[above[unit]] += below[unit]
    top = min(order[1:], key=lambda unit: (abs(2 * below[unit] - below[0]), unit))
    units = set(order) - {0}
    return frozenset(_reached(top, units - {above[top]}, tree))
