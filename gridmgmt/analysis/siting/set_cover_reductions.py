"""What of a covering problem is decided before any search: dominated rows and columns, and columns that must be in.

A row is a place and holds the candidates that cover it. A row that holds all of another row is covered with that one
and can go; a candidate whose places are all among another's can go too, where the other one clashes with nothing that
the first does not clash with. A row with one candidate left decides for it. At least one of the best plans remains.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from gridmgmt.analysis.compiled import compiled

Indices = NDArray[np.int32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """What is left of a covering problem.

    Attributes
    ----------
    mandatory
        Candidates that are in, rising.
    rows
        The places left by the candidates left ``(r, c)``.
    columns
        Which candidate each column is ``(c,)``.
    coverable
        False when a place is left with no candidate, so that no plan covers all.
    """

    mandatory: Indices
    rows: sparse.csr_array
    columns: Indices
    coverable: bool


def distinct(rows: sparse.csr_array) -> sparse.csr_array:
    """Return the rows without repetitions, the first of each."""
    columns, ends = rows.indices, rows.indptr
    first = {columns[ends[i] : ends[i + 1]].tobytes(): i for i in range(rows.shape[0] - 1, -1, -1)}
    return rows[np.sort(np.fromiter(first.values(), dtype=np.int64, count=len(first)))]


def reduce(rows: sparse.csr_array, clashes: sparse.csr_array) -> Reduced:
    """Return the problem without what is decided.

    Parameters
    ----------
    rows
        The candidates that cover each place ``(r, m)``, indices sorted.
    clashes
        The conflicts of the candidates, symmetric ``(m, m)``.
    """
    columns, left, mandatory = np.arange(rows.shape[1], dtype=np.int32), distinct(rows), np.empty(0, dtype=np.int32)
    coverable, before = True, (-1, -1)
    while coverable and left.shape != before:
        before = left.shape
        left, columns = _without_dominated(left, columns, clashes)
        alone = np.unique(left.indices[left.indptr[:-1][np.diff(left.indptr) == 1]])
        coverable = not (np.diff(left.indptr) == 0).any() and not _clash(clashes, columns[alone])
        if len(alone) and coverable:
            mandatory = np.concatenate([mandatory, columns[alone]])
            left, columns = _opened(left, columns, alone, clashes)
            coverable = not (np.diff(left.indptr) == 0).any()
    return Reduced(np.sort(mandatory), left, columns, coverable)


def _clash(clashes: sparse.csr_array, chosen: Indices) -> bool:
    return bool(clashes[chosen][:, chosen].nnz)


def _opened(
    rows: sparse.csr_array, columns: Indices, alone: Indices, clashes: sparse.csr_array
) -> tuple[sparse.csr_array, Indices]:
    """Return what is left when some columns are in: those that they clash with are out."""
    covered = np.asarray(rows[:, alone].sum(axis=1)).ravel() > 0
    out = np.asarray(clashes[columns[alone]].sum(axis=0)).ravel() > 0
    kept = ~out[columns]
    kept[alone] = False
    return _sorted(rows[~covered][:, kept]), columns[kept]


def _without_dominated(
    rows: sparse.csr_array, columns: Indices, clashes: sparse.csr_array
) -> tuple[sparse.csr_array, Indices]:
    by_column = _sorted(sparse.csr_array(rows.T))
    among = _sorted(clashes[columns][:, columns])
    inside, _ = nested(
        by_column.indptr, by_column.indices, rows.indptr, rows.indices, among.indptr, among.indices
    )  # fmt: skip
    rows, columns = _sorted(rows[:, ~inside]), columns[~inside]
    by_column = _sorted(sparse.csr_array(rows.T))
    free = np.zeros(rows.shape[0] + 1, dtype=np.int32)
    _, around = nested(
        rows.indptr, rows.indices, by_column.indptr, by_column.indices, free, np.empty(0, dtype=np.int32)
    )  # fmt: skip
    return _sorted(rows[~around]), columns


def _sorted(matrix: sparse.csr_array) -> sparse.csr_array:
    matrix.sort_indices()
    matrix.indptr, matrix.indices = matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32)
    return matrix


@compiled
def subset(some: Indices, all_of: Indices, but: int) -> bool:
    """Return whether each of ``some`` is among ``all_of`` or is ``but``; both rising."""
    at = 0
    for one in some:
        if one == but:
            continue
        while at < len(all_of) and all_of[at] < one:
            at += 1
        if at == len(all_of) or all_of[at] != one:
            return False
    return True


@compiled
def nested(
    ends: Indices, members: Indices, owner_ends: Indices, owners: Indices, clash_ends: Indices, clashing: Indices
) -> tuple[Flags, Flags]:
    """Return which sets lie inside another set, and which sets have another inside them.

    Of equal sets the later ones lie inside the first and have it inside them.

    Parameters
    ----------
    ends, members
        Set ``i`` is ``members[ends[i]:ends[i + 1]]``, rising.
    owner_ends, owners
        The sets that each member is in, rising.
    clash_ends, clashing
        What each set clashes with; a set counts as inside another only when that one clashes with nothing more.
    """
    n = len(ends) - 1
    inside, around = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
    for i in range(n):
        mine = members[ends[i] : ends[i + 1]]
        if len(mine) == 0:
            inside[i] = True
            continue
        rarest = mine[0]
        for member in mine:
            if owner_ends[member + 1] - owner_ends[member] < owner_ends[rarest + 1] - owner_ends[rarest]:
                rarest = member
        for other in owners[owner_ends[rarest] : owner_ends[rarest + 1]]:
            size = ends[other + 1] - ends[other]
            if size < len(mine) or (size == len(mine) and other >= i):
                continue  # an equal set that comes later is seen from its own side
            if subset(mine, members[ends[other] : ends[other + 1]], -1) and subset(
                clashing[clash_ends[other] : clash_ends[other + 1]], clashing[clash_ends[i] : clash_ends[i + 1]], i
            ):
                inside[i] = True
                around[other if size > len(mine) else i] = True
    return inside, around
