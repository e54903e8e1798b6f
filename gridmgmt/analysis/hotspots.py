"""Where values gather: the local statistic of Getis and Ord, its test by permutations, and control of false findings.

``Gi*`` of a place is the sum of the values of the place and its neighbours, in standard deviations from what a random
arrangement of the same values would give (A. Getis and J. K. Ord, Geographical Analysis 24, 1992; J. K. Ord and
A. Getis, Geographical Analysis 27, 1995, with binary weights). Its p-value is that of a conditional permutation
(L. Anselin, Geographical Analysis 27, 1995): the value of the place stays, the others are dealt out anew. Densities of
places that differ in size are no values to deal out, because chance moves those of small places more: for these a
second null is asked too, that of points strewn evenly over the ground.
"""

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import bdtr, bdtrc

from gridmgmt.analysis.adjacency import BORDER_TOLERANCE_M
from gridmgmt.analysis.compiled import compiled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Objects = NDArray[np.object_]

PERMUTATIONS = 99_999
"""The least p-value is two over one more than this: of 27,000 places, eleven can be found significant together."""
SEED = 20_041_201
_AT_ONCE = 1_000_000
"""So many draws are held in memory at once."""
ALIKE = 1e-3
"""Sums of neighbours that differ by no more than this share of the mean value are equal: surfaces of areas are known no
better, and without it cells of one size with a case each would be hot where they are a hair smaller."""


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Who lies beside whom: those of place ``i`` are ``members[begins[i]:begins[i + 1]]``, itself not among them."""

    begins: Integers
    members: Integers

    @property
    def counts(self) -> Integers:
        """How many each place has, ``(n,)``."""
        return np.diff(self.begins)

    def sums(self, values: Floats) -> Floats:
        """Return the sum of the neighbours' values for each place, ``(n,)``."""
        n = len(self.counts)
        beside = csr_array((np.ones(len(self.members)), self.members, self.begins), shape=(n, n))
        return np.asarray(beside @ values, dtype=np.float64)


def neighbours_of(pairs: NDArray[np.int64], n: int) -> Neighbours:
    """Return the neighbours of ``n`` places from pairs ``(k, 2)``, each pair once in any order."""
    both = np.concatenate([pairs, pairs[:, ::-1]])
    order = np.lexsort((both[:, 1], both[:, 0]))
    begins = np.concatenate([[0], np.cumsum(np.bincount(both[:, 0], minlength=n))])
    return Neighbours(begins.astype(np.int64), both[order, 1].astype(np.int64))


def touching(outlines: Objects) -> Neighbours:
    """Return which surfaces touch, be it in one corner (queen contiguity).

    Borders no further apart than :data:`gridmgmt.analysis.adjacency.BORDER_TOLERANCE_M` are one border.

    Parameters
    ----------
    outlines
        Surfaces that do not overlap, or their rings as lines, in a metric CRS, ``(n,)``.
    """
    bounds = shapely.bounds(outlines) + np.array([-1, -1, 1, 1]) * BORDER_TOLERANCE_M
    one, other = shapely.STRtree(outlines).query(shapely.box(*bounds.T))
    one, other = one[one < other], other[one < other]
    shapely.prepare(outlines)
    near = shapely.dwithin(outlines[one], outlines[other], BORDER_TOLERANCE_M)
    return neighbours_of(np.column_stack([one, other])[near].astype(np.int64), len(outlines))


@dataclass(frozen=True, eq=False)
class Gathering:
    """What the test says of each place; all arrays are ``(n,)``.

    Parameters
    ----------
    z
        ``Gi*``: above 0 where high values gather, below where low ones do; 0 where all values are alike.
    p
        Of the permutations, two-sided: twice the lesser of the shares at least as high and at least as low, the
        observed arrangement counted in, at most 1. A place without neighbours has 1.
    adjusted_p
        Least false discovery rate at which the place is found, see :func:`adjusted`.
    side
        1 where the neighbours' values are higher than in most permutations, -1 where they are lower, 0 in between.
    """

    z: Floats
    p: Floats
    adjusted_p: Floats
    side: Integers

    def found(self, rate: float) -> tuple[Integers, Integers]:
        """Return the places found hot and those found cold at a false discovery rate.

        A place whose own value makes ``z`` lean the other way than its neighbours is an outlier, and neither.
        """
        certain = self.adjusted_p <= rate
        hot, cold = (np.flatnonzero(certain & (self.side == side) & (self.z * side > 0)) for side in (1, -1))
        return hot.astype(np.int64), cold.astype(np.int64)


def gathering(
    values: Floats, neighbours: Neighbours, *, permutations: int = PERMUTATIONS, seed: int = SEED
) -> Gathering:
    """Return where values gather; equal input gives equal output.

    Parameters
    ----------
    values
        Finite, ``(n,)``.
    """
    high, low = permuted(values, neighbours, permutations=permutations, seed=seed)
    p = np.minimum(1.0, 2.0 * (np.minimum(high, low) + 1) / (permutations + 1))
    return Gathering(getis_ord(values, neighbours), p, adjusted(p), np.sign(low - high))


def gathering_of_points(
    counts: Integers, sizes: Floats, neighbours: Neighbours, *, permutations: int = PERMUTATIONS, seed: int = SEED
) -> Gathering:
    """Return where points gather for the size of the places that hold them; equal input gives equal output.

    The score is that of the densities. ``p`` is the greater of two: that of permutations of the densities, and that of
    :func:`strewn` towards the same side, so that a place is found only where neither null explains it. Each alone
    controls false findings under its own null, the greater one under both.

    Parameters
    ----------
    counts
        Points in each place, ``(n,)``.
    sizes
        Of the places, above 0, ``(n,)``.
    """
    dealt = gathering(counts / sizes, neighbours, permutations=permutations, seed=seed)
    p = np.maximum(dealt.p, strewn(counts, sizes, neighbours, dealt.side))
    return replace(dealt, p=p, adjusted_p=adjusted(p))


def strewn(counts: Integers, sizes: Floats, neighbours: Neighbours, side: Integers) -> Floats:
    """Return the p-value of each place were all points strewn evenly over all places, ``(n,)``.

    The points of the place stay; of the others so many fall on its neighbours as a binomial distribution has it, by
    their share of the size of all other places. Doubled, because the side (1: at least as many, -1: at most as many)
    is not known before; 1 for a place of no side or without neighbours.

    >>> row = neighbours_of(np.array([[0, 1]]), 3)
    >>> strewn(np.array([0, 3, 1]), np.array([1.0, 1.0, 1.0]), row, np.array([1, 1, 0])).round(4).tolist()
    [0.625, 1.0, 1.0]
    """
    others, beside = counts.sum() - counts, np.rint(neighbours.sums(counts.astype(np.float64)))
    left = sizes.sum() - sizes
    share = np.clip(np.divide(neighbours.sums(sizes), left, out=np.zeros_like(sizes), where=left > 0), 0.0, 1.0)
    # At least none is certain; the function of SciPy begins with more than none.
    most = np.where(beside > 0, bdtrc(np.maximum(beside - 1, 0), others, share), 1.0)
    tail = np.where(side > 0, most, bdtr(beside, others, share))
    return np.where((side == 0) | (neighbours.counts == 0), 1.0, np.minimum(1.0, 2.0 * tail))


def getis_ord(values: Floats, neighbours: Neighbours) -> Floats:
    """Return ``Gi*`` of each place, ``(n,)``, as a standard score.

    >>> row = neighbours_of(np.array([[0, 1], [1, 2], [2, 3]]), 4)
    >>> getis_ord(np.array([4.0, 2.0, 0.0, 2.0]), row).round(4).tolist()
    [1.2247, 0.0, -1.4142, -1.2247]
    """
    n = len(values)
    if not n or np.ptp(values) == 0:
        return np.zeros(n)
    away = values - values.mean()
    taken = neighbours.counts + 1
    spread = np.sqrt((away**2).mean() * taken * (n - taken) / max(n - 1, 1))
    # Whoever neighbours all others has the same sum in every arrangement.
    return np.where(taken < n, (neighbours.sums(away) + away) / np.where(taken < n, spread, 1.0), 0.0)


def permuted(values: Floats, neighbours: Neighbours, *, permutations: int, seed: int) -> tuple[Integers, Integers]:
    """Return how many conditional permutations leave each place at least as high, and how many at least as low.

    All places share the same draws: a permutation is one series of places drawn without replacement, and a place with
    ``k`` neighbours gets the first ``k`` of the series, itself left out. Since the sums of the first ``k`` are the
    same for all but the few places that are in the series themselves, they are sorted once for each ``k``, and each
    place looks its own sum up.
    """
    n, counts = len(values), neighbours.counts
    high, low = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    if not n or not counts.max():
        return high + permutations, low + permutations
    margin = ALIKE * np.abs(values).mean()
    observed = neighbours.sums(values)
    draw, deck = np.random.default_rng(seed), np.arange(n)
    length = int(counts.max()) + 1
    at_once = max(1, _AT_ONCE // length)
    for begin in range(0, permutations, at_once):
        rows = min(at_once, permutations - begin)
        series = _series(deck, draw, rows, length)
        running = np.concatenate([np.zeros((1, rows)), np.cumsum(values[series], axis=0)])
        for k in np.unique(counts).tolist():
            of_k, in_order = np.flatnonzero(counts == k), np.sort(running[k])
            high[of_k] += rows - np.searchsorted(in_order, observed[of_k] - margin, "left")
            low[of_k] += np.searchsorted(in_order, observed[of_k] + margin, "right")
        for step in range(len(series) - 1):
            # These places drew themselves: they take the next of the series instead.
            row = np.flatnonzero(counts[series[step]] > step)
            place = series[step, row]
            wrong, right = running[counts[place], row], running[counts[place] + 1, row] - values[place]
            least, most = observed[place] - margin, observed[place] + margin
            np.add.at(high, place, (right >= least).astype(np.int64) - (wrong >= least))
            np.add.at(low, place, (right <= most).astype(np.int64) - (wrong <= most))
    return high, low


def _series(deck: Integers, draw: np.random.Generator, rows: int, length: int) -> Integers:
    """Return series of places drawn without replacement, ``(length, rows)``."""
    left = len(deck) - np.arange(length)
    return _dealt(deck, draw.integers(0, left[:, None], size=(length, rows)))


@compiled
def _dealt(deck: Integers, steps: Integers) -> Integers:
    """Deal from a deck by the first steps of a Fisher–Yates shuffle, which is fair from any order of the deck."""
    dealt = np.empty_like(steps)
    for row in range(steps.shape[1]):
        for step in range(steps.shape[0]):
            at = step + steps[step, row]
            card = deck[at]
            deck[at] = deck[step]
            deck[step] = card
            dealt[step, row] = card
    return dealt


def adjusted(p: Floats) -> Floats:
    """Return for each of many p-values the least false discovery rate at which it is rejected, ``(n,)``.

    Y. Benjamini and Y. Hochberg, Journal of the Royal Statistical Society B 57, 1995.

    >>> adjusted(np.array([0.01, 0.04, 0.03, 0.8])).round(4).tolist()
    [0.04, 0.0533, 0.0533, 0.8]
    """
    order = np.argsort(p)[::-1]
    scaled = p[order] * len(p) / np.arange(len(p), 0, -1)
    found = np.empty(len(p))
    found[order] = np.minimum(1.0, np.minimum.accumulate(scaled))
    return found
