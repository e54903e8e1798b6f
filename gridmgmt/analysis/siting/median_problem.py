"""The sum of walking times as a problem of whole numbers, so that its bounds are exact.

What a place costs when it walks to a candidate is residents × time. These products are divided by what all of them
have in common and brought by a power of two to a sum that so many points times over still fits 61 bits, which makes
multipliers fine-grained; where that makes costs smaller, they are rounded down. What no plan is below in these
numbers, no plan is below in residents and seconds.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.compiled import compiled
from gridmgmt.analysis.siting.model import Candidates, Demand
from gridmgmt.analysis.walking.model import CS_PER_S

_BITS = 61
_PARTS = (1 << 34) * CS_PER_S
"""Parts of a resident-second that the products of weights and times count."""

Long = NDArray[np.int64]
Index = NDArray[np.int32]


class Rows(NamedTuple):
    """Places, each with what it costs at the candidates that are better for it than what it has.

    The candidates of place ``i`` are ``at[i]:at[i + 1]`` of ``candidate``, ``cost`` rising, ties by the lower index;
    ``base`` is what it costs without any. ``row`` is the index of each place in the problem that this was made from.
    """

    at: Long
    candidate: Index
    cost: Long
    base: Long
    row: Index


class Columns(NamedTuple):
    """The same by candidate: those of ``j`` are ``at[j]:at[j + 1]``, ``row`` rising; ``base`` by row."""

    at: Long
    row: Index
    cost: Long
    base: Long


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A p-median problem in whole numbers.

    Attributes
    ----------
    rows, columns
        Places that some candidate improves, by place and by candidate.
    constant
        What all the other places cost, in parts of 2⁻³⁴ residents × 0.01 s.
    unit, shift
        A cost stands for ``unit · 2^shift`` such parts each, and up to one such step more where it was
        rounded.
    step
        All costs are multiples of this.
    """

    rows: Rows
    columns: Columns
    constant: int
    unit: int
    shift: int
    step: int

    @property
    def exact(self) -> bool:
        """Return whether no cost was rounded."""
        return self.shift <= 0

    def seconds_at_least(self, cost: int) -> float:
        """Return a number of resident-seconds that no plan is below when none is below the cost."""
        exact = (cost * self.unit * Fraction(2) ** self.shift + self.constant) / _PARTS
        told = float(exact)
        return told if Fraction(told) <= exact else float(np.nextafter(told, -np.inf))


def problem_of(demand: Demand, candidates: Candidates, points: int, cap_cs: int) -> Problem:
    """Return the problem of so many points in which walks beyond ``cap_cs`` count as that long."""
    times, m = candidates.times, len(candidates)
    without = np.minimum(demand.before_cs, cap_cs).astype(np.int64)
    candidate = np.repeat(np.arange(m, dtype=np.int32), np.diff(times.indptr))
    kept = (times.cs < without[times.place]) & (demand.weight[times.place] > 0)
    place, cs, candidate = times.place[kept], times.cs[kept].astype(np.int64), candidate[kept]
    better = np.zeros(len(demand.weight), dtype=bool)
    better[place] = True
    constant = _product_sum(demand.weight[~better], without[~better])
    number = (np.cumsum(better) - 1).astype(np.int32)[place]
    weight, base = demand.weight[better], without[better]
    of_weight = max(1, int(np.gcd.reduce(weight))) if len(weight) else 1
    of_time = max(1, int(np.gcd.reduce(np.concatenate([base, cs])))) if len(base) else 1
    weight, base, cs = weight // of_weight, base // of_time, cs // of_time
    shift = (points * _product_sum(weight, base)).bit_length() - _BITS
    costs, bases = _scaled(weight[number], cs, shift), _scaled(weight, base, shift)
    step = max(1, int(np.gcd(np.gcd.reduce(costs), np.gcd.reduce(bases)))) if len(base) else 1
    columns = Columns(np.searchsorted(candidate, np.arange(m + 1)).astype(np.int64), number, costs, bases)
    rows = _by_place(candidate, number, cs, weight, bases, shift)
    return Problem(rows, columns, constant, of_weight * of_time, shift, step)


def walked_s(demand: Demand, candidates: Candidates, chosen: Index, cap_cs: int) -> float:
    """Return the resident-seconds of a plan, summed exactly over the demand as it was given."""
    times, walk = candidates.times, np.minimum(demand.before_cs, cap_cs).astype(np.int64)
    for one in chosen.tolist():
        row = slice(int(times.indptr[one]), int(times.indptr[one + 1]))
        np.minimum.at(walk, times.place[row], times.cs[row])
    return float(Fraction(_product_sum(demand.weight, walk), _PARTS))


def _by_place(candidate: Index, place: Index, cs: Long, weight: Long, base: Long, shift: int) -> Rows:
    counts = np.bincount(place, minlength=len(base))
    at = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    pairs = nearest_first(place, (cs << 32) + candidate, at)
    costs = _scaled(np.repeat(weight, counts), pairs >> 32, shift)
    return Rows(at, (pairs & 0xFFFFFFFF).astype(np.int32), costs, base, np.arange(len(base), dtype=np.int32))


def _product_sum(weight: Long, cs: Long) -> int:
    return int(np.dot(weight.astype(object), cs.astype(object))) if len(weight) else 0


def _scaled(weight: Long, cs: Long, shift: int) -> Long:
    """Return ``⌊weight · cs / 2^shift⌋``, which fits 61 bits though the product may not."""
    if shift <= 0:
        return (weight * cs) << -shift
    high, low = (weight >> 32) * cs, (weight & 0xFFFFFFFF) * cs
    if shift <= 32:
        return (high << (32 - shift)) + (low >> shift)
    return (high + (low >> 32)) >> (shift - 32)


@compiled
def nearest_first(group: Index, pairs: Long, at: Long) -> Long:
    """Return the pairs by group, rising in each; those of group ``i`` are to stand at ``at[i]:at[i + 1]``."""
    free, sorted_pairs = at.copy(), np.empty_like(pairs)
    for item in range(len(group)):
        sorted_pairs[free[group[item]]] = pairs[item]
        free[group[item]] += 1
    for i in range(len(at) - 1):
        sorted_pairs[at[i] : at[i + 1]].sort()
    return sorted_pairs


@compiled
def restricted(rows: Rows, state: NDArray[np.int8]) -> tuple[Rows, int]:
    """Return the problem in which some candidates are open (1) and some are closed (-1), and what is decided by that.

    The decided part is what the places cost that no free candidate (0) is better for.
    """
    n = len(rows.base)
    at = np.zeros(n + 1, dtype=np.int64)
    candidate, cost = np.empty_like(rows.candidate), np.empty_like(rows.cost)
    base, row = np.empty_like(rows.base), np.empty_like(rows.row)
    decided, size, count = 0, 0, 0
    for i in range(n):
        without, first = rows.base[i], count
        for k in range(rows.at[i], rows.at[i + 1]):
            of = state[rows.candidate[k]]
            if of == 1:
                without = rows.cost[k]
                break
            if of == 0:
                candidate[count], cost[count] = rows.candidate[k], rows.cost[k]
                count += 1
        while count > first and cost[count - 1] >= without:
            count -= 1
        if count == first:
            decided += without
            continue
        base[size], row[size] = without, rows.row[i]
        size += 1
        at[size] = count
    return Rows(at[: size + 1], candidate[:count], cost[:count], base[:size], row[:size]), decided
