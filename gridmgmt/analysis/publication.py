"""The one gate of published counts: what a small count is, what is withheld with it, how the rest is rounded.

All tables of a release go through :func:`publish` at once, with every sum that ties them. What it lets through is kept
as it is and never worked out again, so that two answers to one question cannot be subtracted from each other. What a
reader can still work out is told by :func:`possible`, and :func:`publish` asks it before it answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array

from gridmgmt.analysis.suppression import Relation, suppress
from gridmgmt.errors import InputError

THRESHOLD = 10
"""Counts above zero and below this are small."""
ROUNDING = 5
"""What is shown is rounded to a multiple of this."""
_SLACK = 1e-6
_MOST_ROUNDS = 200
_BESIDE = 1e-3
"""What moving another count beside the one in question is worth: too little to hold that one back."""


@dataclass(frozen=True)
class Published:
    """Counts as they may be shown: rounded, and -1 for what is withheld, small or not, alike."""

    shown: NDArray[np.int64]
    rounding: int
    threshold: int

    @property
    def withheld(self) -> NDArray[np.bool_]:
        """Which counts are not shown."""
        return self.shown < 0

    def bounds(self) -> NDArray[np.float64]:
        """Return least and greatest of each count, shape ``(n, 2)``, as a reader knows them who knows the rounding.

        A zero is shown as it is, so nothing that is withheld is zero, and nothing else that is shown is small.
        """
        half = (self.rounding - 1) // 2
        low = np.where(self.withheld, 1, np.where(self.shown == 0, 0, np.maximum(self.shown - half, self.threshold)))
        high = np.where(self.withheld, np.inf, np.where(self.shown == 0, 0, self.shown + half))
        return np.column_stack([low, high]).astype(np.float64)


def publish(
    counts: NDArray[np.int64],
    relations: Sequence[Relation],
    *,
    threshold: int = THRESHOLD,
    rounding: int = ROUNDING,
    complementary: bool = True,
) -> Published:
    """Return the counts as they may be shown.

    Parameters
    ----------
    counts
        Every count of every table, shape ``(n,)``.
    relations
        Every sum among them: a total that is not stated here is a way around the gate.
    threshold
        Nobody can place a small count in less than so many values.
    rounding
        Odd, and no larger than the threshold, so that nothing shown rounds to zero.
    complementary
        Only the attack in the tests does without: small counts alone are withheld, and some can be worked out.

    Raises
    ------
    InputError
        ``publication_rounding``; as :func:`gridmgmt.analysis.suppression.suppress`.
    """
    if rounding % 2 == 0 or not 1 <= rounding <= threshold:
        raise InputError("publication_rounding", field="rounding", value=rounding, threshold=threshold)
    small = (counts > 0) & (counts < threshold)
    if not complementary:
        return _shown(counts, small, rounding, threshold)
    withheld = suppress(counts.astype(np.float64), relations, float(threshold))
    search = _Search(small, threshold)
    for _ in range(_MOST_ROUNDS):
        published = _shown(counts, withheld, rounding, threshold)
        exposed = search.first_exposed(_Reader(published, relations))
        if exposed is None:
            return published
        withheld = withheld | _kin(exposed, counts, relations, withheld)
    return _shown(counts, counts > 0, rounding, threshold)


class _Search:
    """Looks for small counts that a reader can place in less than ``threshold`` values.

    Each is pushed as far down and up as what is shown allows, and others the same or the other way beside it: whatever
    a count is in a table that fits, it can be. A table that fits still fits when more is withheld, so what is found
    for one choice of what to show holds for each that shows less.
    """

    def __init__(self, small: NDArray[np.bool_], threshold: int) -> None:
        self._threshold = threshold
        self._signs = np.random.default_rng(0)
        self._low, self._high = np.full(len(small), np.inf), np.full(len(small), -np.inf)
        self._needy = np.flatnonzero(small)

    def first_exposed(self, reader: "_Reader") -> int | None:
        """Return the first count that a reader can place; he is shown no more than those asked about before."""
        while self._needy.size:
            self._push(reader)
            first = int(self._needy[0])
            self._needy = self._needy[self._high[self._needy] - self._low[self._needy] < self._threshold - _SLACK]
            if self._needy.size and self._needy[0] == first:
                return first
        return None

    def _push(self, reader: "_Reader") -> None:
        """Push the first of the needy as far as it goes, and the others beside it."""
        needy = self._needy
        goal = _BESIDE * self._signs.choice((-1.0, 1.0), len(needy))
        goal[0] = 1.0
        for sign in (1.0, -1.0):
            most = np.where(np.isfinite(self._low[needy]), self._low[needy], 1.0) + self._threshold
            most[0] = np.inf
            found = reader.extreme(needy, sign * goal, most=most)
            self._low, self._high = np.minimum(self._low, found), np.maximum(self._high, found)


def possible(published: Published, relations: Sequence[Relation], cells: Sequence[int]) -> NDArray[np.float64]:
    """Return least and greatest value that some counts can have in any table that fits all that is shown.

    Returns
    -------
    ndarray
        Shape ``(len(cells), 2)``; infinite where there is no greatest.
    """
    reader = _Reader(published, relations)
    return np.array([reader.range_of(cell) for cell in cells], dtype=np.float64).reshape(-1, 2)


class _Reader:
    """Who knows all that is shown, every sum, the rounding and the threshold, and can solve linear programmes."""

    _BEYOND = 1e6

    def __init__(self, published: Published, relations: Sequence[Relation]) -> None:
        self._far = self._BEYOND + float(published.shown.clip(min=0).sum())
        """As high as counts are looked for: a total that is withheld may be the sum of all that is shown."""
        self._bounds = np.minimum(published.bounds(), self._far)
        rows = np.repeat(np.arange(len(relations)), [1 + len(parts) for _, parts in relations])
        columns = [cell for total, parts in relations for cell in (total, *parts)]
        signs = [sign for _, parts in relations for sign in (1.0, *([-1.0] * len(parts)))]
        # One row at least: the solver takes no table without a sum.
        self._sums = csr_array((signs, (rows, columns)), shape=(max(1, len(relations)), len(published.shown)))

    def extreme(
        self, cells: NDArray[np.int64], signs: NDArray[np.float64], *, most: NDArray[np.float64] | float = np.inf
    ) -> NDArray[np.float64]:
        """Return a table that fits in which some counts, each times its sign, have the least sum.

        None of them goes beyond ``most``, so that many of them rise a little rather than one of them far.
        """
        goal = np.zeros(len(self._bounds))
        goal[cells] = signs
        bounds = self._bounds.copy()
        bounds[cells, 1] = np.minimum(bounds[cells, 1], most)
        right = np.zeros(self._sums.shape[0])
        solved = linprog(goal, A_eq=self._sums, b_eq=right, bounds=bounds, method="highs")
        if solved.status != 0:
            raise InputError("publication_inconsistent", field="counts", value=solved.message)
        table: NDArray[np.float64] = solved.x
        return table

    def range_of(self, cell: int) -> tuple[float, float]:
        """Return the least and the greatest that one count can be."""
        one = np.array([cell])
        low, high = (float(self.extreme(one, np.array([sign]))[cell]) for sign in (1.0, -1.0))
        return low, np.inf if high >= self._far - 1 else high


def _shown(counts: NDArray[np.int64], withheld: NDArray[np.bool_], rounding: int, threshold: int) -> Published:
    rounded = (counts + rounding // 2) // rounding * rounding
    return Published(np.where(withheld, -1, rounded).astype(np.int64), rounding, threshold)


def _kin(
    cell: int, counts: NDArray[np.int64], relations: Sequence[Relation], withheld: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return what to withhold for a count that can be placed: of each sum with it the largest part, and the total.

    Where all of these are withheld, their totals are held too closely, and the same is done for these, and so on up.
    Where no sum is left, nothing can be shown.
    """
    near = {cell}
    while True:
        found = np.zeros(len(counts), dtype=np.bool_)
        sums = [(total, parts) for total, parts in relations if total in near or not near.isdisjoint(parts)]
        for total, parts in sums:
            found[total] = counts[total] > 0
            free = [part for part in parts if counts[part] > 0 and not withheld[part]]
            if free:
                found[max(free, key=lambda part: counts[part])] = True
        if (found & ~withheld).any():
            return found
        totals = {total for total, _ in sums}
        if totals <= near:
            return counts > 0
        near |= totals
