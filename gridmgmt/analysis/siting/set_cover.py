"""The fewest points that bring everybody within the limit (LSCP: Toregas et al. 1971, Operations Research 19.6).

The problem is reduced, falls into parts that share nothing, and each part is given to a greedy cover and to HiGHS.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from gridmgmt.analysis.siting.feasible import adjacency
from gridmgmt.analysis.siting.model import Candidates, Demand, Effort, Siting
from gridmgmt.analysis.siting.pace import Pace
from gridmgmt.analysis.siting.set_cover_reductions import reduce
from gridmgmt.analysis.siting.set_cover_search import Part, greedy_cover
from gridmgmt.errors import InputError

Indices = NDArray[np.int32]


def uncoverable(demand: Demand, candidates: Candidates, *, limit_cs: int) -> NDArray[np.bool_]:
    """Return which places ``(n,)`` with residents neither an open point nor any candidate has within the limit."""
    reached = demand.before_cs <= limit_cs
    reached[candidates.times.place[candidates.times.cs <= limit_cs]] = True
    return ~reached & (demand.weight > 0)


def set_cover(demand: Demand, candidates: Candidates, *, limit_cs: int, effort: Effort | None = None) -> Siting:
    """Return the fewest new points with which everybody who can be is within the limit.

    Those whom nothing can cover (:func:`uncoverable`) and places where nobody lives are left out. The objective and
    the bound are numbers of points; the plan is in order of the residents that each brings within the limit.

    Raises
    ------
    InputError
        ``siting_cover_impossible`` when the conflicts keep every plan from covering all, or no plan that does was
        found in the time.
    """
    pace = Pace(effort)
    rows = open_rows(demand, candidates, limit_cs)
    reduced = reduce(rows, adjacency(candidates))
    if not reduced.coverable:
        raise InputError("siting_cover_impossible", places=rows.shape[0])
    parts = _parts(reduced.rows, reduced.columns, candidates)
    _search(parts, reduced.mandatory, pace)
    if any(part.chosen is None for part in parts):
        raise InputError("siting_cover_impossible", places=rows.shape[0])
    chosen = _together(parts, reduced.mandatory)
    bound = float(len(reduced.mandatory) + sum(part.bound for part in parts))
    return Siting(
        chosen=by_residents(demand, candidates, chosen, limit_cs),
        objective=float(len(chosen)),
        bound=bound,
        proven=bound == len(chosen),
        solver="highs" if any(part.searched for part in parts) else "reduction",
        nodes=sum(part.nodes for part in parts),
        seconds=pace.seconds,
    )


def open_rows(demand: Demand, candidates: Candidates, limit_cs: int) -> sparse.csr_array:
    """Return the candidates that cover each place that is to be covered and can be ``(r, m)``, indices rising."""
    times, m = candidates.times, len(candidates)
    candidate = np.repeat(np.arange(m, dtype=np.int32), np.diff(times.indptr))
    asked = (demand.weight > 0) & (demand.before_cs > limit_cs)
    kept = (times.cs <= limit_cs) & asked[times.place]
    pairs = np.ones(int(kept.sum()), dtype=np.int32), (times.place[kept], candidate[kept])
    matrix = sparse.csr_array(pairs, shape=(len(demand.weight), m))
    matrix = matrix[np.flatnonzero(np.diff(matrix.indptr))]
    matrix.sort_indices()
    return matrix


def by_residents(demand: Demand, candidates: Candidates, chosen: Indices, limit_cs: int) -> Indices:
    """Return the chosen in order of the residents that each brings within the limit, ties by the lower index."""
    times, left, order = candidates.times, sorted(int(one) for one in chosen), []
    value = np.where(demand.before_cs > limit_cs, demand.weight, 0)
    within = {one: _row(times.place, times.cs, times.indptr[one : one + 2], limit_cs) for one in left}
    while left:
        best = max(left, key=lambda one: (int(value[within[one]].sum(dtype=np.uint64)), -one))
        value[within[best]] = 0
        left.remove(best)
        order.append(best)
    return np.array(order, dtype=np.int32)


def _row(place: Indices, cs: Indices, ends: NDArray[np.int64], limit_cs: int) -> Indices:
    here = slice(int(ends[0]), int(ends[1]))
    return place[here][cs[here] <= limit_cs]


def _parts(rows: sparse.csr_array, columns: Indices, candidates: Candidates) -> list[Part]:
    """Return the problems that share no candidate, no place and no conflict, those with the fewest candidates first."""
    if not rows.shape[0]:
        return []
    clashes = adjacency(candidates)[columns][:, columns]
    links = sparse.csr_array(rows.T) @ rows + clashes
    count, label = connected_components(links, directed=False)
    row_label = label[rows.indices[rows.indptr[:-1]]]
    parts = []
    for number in range(count):
        own = np.flatnonzero(label == number)
        part = Part(rows[np.flatnonzero(row_label == number)][:, own], columns[own], clashes[own][:, own])
        if part.rows.shape[0]:
            parts.append(part)
    return sorted(parts, key=lambda part: (len(part.columns), int(part.columns[0])))


def _search(parts: list[Part], mandatory: Indices, pace: Pace) -> None:
    """Search the parts one after the other and tell how far all of them are."""
    for part in parts:
        part.chosen = greedy_cover(part.rows, part.clashes)

    def tell() -> None:
        bound = float(len(mandatory) + sum(part.bound for part in parts))
        if all(part.chosen is not None for part in parts):
            chosen = _together(parts, mandatory)
            pace.tell(float(len(chosen)), bound, tuple(chosen.tolist()))
        else:
            pace.tell(float("inf"), bound, ())

    tell()
    for part in parts:
        most = None if part.chosen is None else len(part.chosen)
        if most is None or most > part.bound:
            part.search(pace, tell)
        tell()


def _together(parts: list[Part], mandatory: Indices) -> Indices:
    found = [part.columns[part.chosen] for part in parts if part.chosen is not None]
    return np.sort(np.concatenate([mandatory, *found])).astype(np.int32)
