"""Quarters and their residents: which take part when the lowest share is to be raised, and the rows of their places."""

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.siting.capacitated import uncovered
from gridmgmt.analysis.siting.equity_plans import Quarters
from gridmgmt.analysis.siting.feasible import check
from gridmgmt.analysis.siting.merging import CoverRows, Index, Long, merged
from gridmgmt.analysis.siting.model import Candidates, Demand
from gridmgmt.errors import InputError

Flags = NDArray[np.bool_]


def stuck(demand: Demand, candidates: Candidates, *, limit_cs: int) -> Flags:
    """Return which quarters with residents no candidate can better ``(n_groups,)``.

    Raises
    ------
    InputError
        When the parts do not fit each other.
    """
    check(demand, candidates, None)
    raw = uncovered(demand, candidates, limit_cs)
    reached = np.zeros(raw.demands, dtype=bool)
    reached[raw.col_row] = True
    group = demand.group[wanted(demand, limit_cs)][reached]
    bettered = np.bincount(group[group >= 0], minlength=demand.n_groups) > 0
    return ~bettered & (residents(demand, demand.weight >= 0) > 0)


def wanted(demand: Demand, limit_cs: int) -> Flags:
    """Return which places have residents whom no open point has within the limit."""
    return (demand.before_cs > limit_cs) & (demand.weight > 0)


def residents(demand: Demand, which: Flags) -> Long:
    """Return the parts of residents of each quarter ``(n_groups,)`` among some places."""
    sums = np.zeros(demand.n_groups, dtype=np.int64)
    taking = which & (demand.group >= 0)
    np.add.at(sums, demand.group[taking], demand.weight[taking])
    return sums


def lowest_share(demand: Demand, limit_cs: int) -> float:
    """Return the lowest share that open points cover of a quarter with residents.

    Raises
    ------
    InputError
        When no quarter has residents.
    """
    whole, before = residents(demand, demand.weight >= 0), residents(demand, demand.before_cs <= limit_cs)
    if not (whole > 0).any():
        raise InputError("siting_quarters_missing")
    # Python divides whole numbers exactly, however large they are.
    return min(int(some) / int(every) for some, every in zip(before, whole, strict=True) if every)


def shared_out(demand: Demand, candidates: Candidates, limit_cs: int) -> tuple[CoverRows, Quarters]:
    """Return the places that are left to cover, merged within their quarters, and the quarters that take part.

    Those take part that have residents and that some candidate can better.
    """
    everybody, before = residents(demand, demand.weight >= 0), residents(demand, demand.before_cs <= limit_cs)
    taking = (everybody > 0) & ~stuck(demand, candidates, limit_cs=limit_cs)
    n, left = int(taking.sum()), wanted(demand, limit_cs)
    # A place of no quarter has the number -1, which is the last one's.
    number = np.append(np.where(taking, np.cumsum(taking) - 1, n), n).astype(np.int32)
    rows, of = _merged(uncovered(demand, candidates, limit_cs), number[demand.group[left]], n + 1)
    others = int(demand.weight.sum() - everybody[taking].sum())
    others_before = int(demand.weight[demand.before_cs <= limit_cs].sum() - before[taking].sum())
    unit = np.zeros(n + 1, dtype=np.int64)
    np.gcd.at(unit, number[demand.group], demand.weight)
    return rows, Quarters(
        of, np.append(before[taking], others_before), np.append(everybody[taking], others), np.maximum(unit, 1)
    )  # fmt: skip


def _merged(raw: CoverRows, quarter: Index, n_quarters: int) -> tuple[CoverRows, Index]:
    """Return the places merged where they have the same candidates and the same quarter, and the quarter of each row.

    Each quarter stands behind the candidates as one more while places are merged; it is the last of its rows.
    """
    m = raw.m
    ends = len(raw.col_row) + np.cumsum(np.bincount(quarter, minlength=n_quarters))
    reached = np.zeros(raw.demands, dtype=bool)
    reached[raw.col_row] = True
    at = np.concatenate([raw.col_at, ends]).astype(np.int64)
    row = np.concatenate([raw.col_row, np.argsort(quarter, kind="stable")]).astype(np.int32)
    weight = np.where(reached, raw.weight, 0)
    rows, _ = merged(at, row, weight, raw.demands, np.arange(m + n_quarters, dtype=np.int32))
    of = rows.row_candidate[rows.row_at[1:] - 1] - m
    kept = rows.row_candidate < m
    row_at = np.concatenate([[0], np.cumsum(kept)])[rows.row_at].astype(np.int64)
    col_at = rows.col_at[: m + 1]
    return CoverRows(
        rows.weight, rows.demands, row_at, rows.row_candidate[kept], col_at, rows.col_row[: col_at[-1]], raw.ids
    ), of.astype(np.int32)  # fmt: skip
