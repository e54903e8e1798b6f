"""Whether so many points can be opened at all: the parts fit, and enough candidates are far enough apart."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from gridmgmt.analysis.siting.model import Candidates, Demand
from gridmgmt.analysis.siting.near import cliques
from gridmgmt.analysis.siting.program import Program, maximise
from gridmgmt.analysis.walking.tally import FIXED_SHIFT, MOST_RESIDENTS
from gridmgmt.errors import InputError

_SEARCH_S = 20.0
"""As long is a set of points without conflicts looked for, where the plain ways find none."""

Indices = NDArray[np.int32]


def check(demand: Demand, candidates: Candidates, points: int | None) -> None:
    """Refuse parts that do not fit each other, and more points than may be opened together.

    Raises
    ------
    InputError
        ``siting_shapes``, ``number_out_of_range``, ``siting_points_invalid``, ``siting_points_too_many`` or
        ``siting_spacing_too_wide``; the last tells how many fit.
    """
    n, m, times = len(demand.weight), len(candidates), candidates.times
    residents = float(np.ldexp(demand.weight.sum(dtype=np.float64), -FIXED_SHIFT))
    if residents >= MOST_RESIDENTS * (1 - 1e-9):  # the sum is of rounded numbers
        raise InputError("number_out_of_range", field="residents", value=residents, minimum=0, maximum=MOST_RESIDENTS)
    if len(times.place) and not 0 <= int(times.place.min()) <= int(times.place.max()) < n:
        raise InputError("siting_shapes", value=int(times.place.max()), expected=n - 1)
    pairs = candidates.conflicts
    if len(pairs) and not 0 <= int(pairs.min()) <= int(pairs.max()) < m:
        raise InputError("siting_shapes", value=int(pairs.max()), expected=m - 1)
    if n and int(demand.group.max()) >= demand.n_groups:
        raise InputError("siting_shapes", value=int(demand.group.max()), expected=demand.n_groups - 1)
    if candidates.capacity is not None and len(candidates.capacity) != m:
        raise InputError("siting_shapes", value=len(candidates.capacity), expected=m)
    if points is not None:
        together(candidates, points)


def together(candidates: Candidates, points: int) -> Indices:
    """Return so many candidates that may be opened together, rising; without conflicts the first ones.

    Raises
    ------
    InputError
        When there are not so many (or none were found in the time of such a search), with how many there are.
    """
    m = len(candidates)
    if points < 1:
        raise InputError("siting_points_invalid", value=points)
    if points > m:
        raise InputError("siting_points_too_many", points=points, candidates=m)
    if not len(candidates.conflicts):
        return np.arange(points, dtype=np.int32)
    found = _apart(adjacency(candidates))
    if len(found) < points:
        found = max(found, _most_apart(candidates, points, found), key=len)
    if len(found) < points:
        raise InputError("siting_spacing_too_wide", points=points, most=len(found))
    return np.sort(found[:points])


def adjacency(candidates: Candidates) -> sparse.csr_array:
    """Return the conflicts as a symmetric matrix of ones ``(m, m)``."""
    m, pairs = len(candidates), candidates.conflicts
    both = np.concatenate([pairs, pairs[:, ::-1]])
    return sparse.csr_array((np.ones(len(both), dtype=np.int8), (both[:, 0], both[:, 1])), shape=(m, m))


def _apart(conflicts: sparse.csr_array) -> Indices:
    """Return candidates without a conflict, taken from those with the fewest conflicts on."""
    taken: list[int] = []
    free = np.ones(conflicts.shape[0], dtype=bool)
    for candidate in np.argsort(np.diff(conflicts.indptr), kind="stable").tolist():
        if free[candidate]:
            taken.append(candidate)
            free[conflicts.indices[conflicts.indptr[candidate] : conflicts.indptr[candidate + 1]]] = False
    return np.array(taken, dtype=np.int32)


def _most_apart(candidates: Candidates, enough: int, known: Indices) -> Indices:
    """Return the most candidates without a conflict that are found, or ``enough`` of them, beginning with those known.

    Of a set of candidates that are all in conflict with each other there is one.
    """
    m, groups = len(candidates), cliques(candidates.conflicts, len(candidates))
    ends = np.cumsum([0, *(len(group) for group in groups)])
    rows = sparse.csr_array((np.ones(ends[-1]), np.concatenate(groups), ends), shape=(len(groups), m))
    start = np.zeros(m)
    start[known] = 1.0
    most = Program(
        gain=np.ones(m), low=np.zeros(m), high=np.ones(m), whole=np.ones(m, dtype=np.bool_),
        rows=rows, row_low=np.full(len(groups), -np.inf), row_high=np.ones(len(groups)),
    )  # fmt: skip
    found = maximise(most, max_s=_SEARCH_S, start=start, enough=float(enough))
    return known if found.values is None else np.flatnonzero(found.values > 0.5).astype(np.int32)
