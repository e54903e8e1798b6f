"""Which candidates are in conflict with which, and sets of candidates of which no two may be opened."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.compiled import compiled

Long = NDArray[np.int64]
Index = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """Candidates in conflict with candidate ``j``: ``at[j]:at[j + 1]`` of ``other``, rising."""

    at: Long
    other: Index

    @classmethod
    def of(cls, conflicts: Index, m: int) -> "Near":
        """Return them from pairs."""
        both = np.concatenate([conflicts, conflicts[:, ::-1]]).astype(np.int32)
        order = np.lexsort((both[:, 1], both[:, 0]))
        counts = np.bincount(both[:, 0], minlength=m)
        return cls(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), both[order, 1].copy())


def cliques(conflicts: Index, m: int) -> list[list[int]]:
    """Return sets of candidates that are all in conflict with each other, so that each pair is in one of them.

    Each is as large as can be, begun by a pair that is in none yet: a row for a set bounds plans more closely than
    rows for its pairs.
    """
    if not len(conflicts):
        return []
    near = Near.of(conflicts, m)
    ends, members = _cliques(near.at, near.other)
    return [sorted(part.tolist()) for part in np.split(members, ends[:-1])]


@compiled
def _cliques(at: Long, other: Index) -> tuple[Long, Index]:
    """Return the members of all sets, one set after the other, and where each ends."""
    m = len(at) - 1
    done = np.zeros(len(other), dtype=np.bool_)
    shared = np.zeros(m, dtype=np.int32)
    fresh = np.zeros(m, dtype=np.int32)
    ends, members = [0 for _ in range(0)], [np.int32(0) for _ in range(0)]
    for a in range(m):
        for k in range(at[a], at[a + 1]):
            if done[k]:
                continue
            first = len(members)
            one = a
            while one >= 0:
                members.append(np.int32(one))
                _count(at, other, done, shared, fresh, one, 1)
                size = len(members) - first
                one = other[k] if size == 1 else _next(at, other, shared, fresh, one, size)
            for i in range(first, len(members)):
                _count(at, other, done, shared, fresh, members[i], -1)
            for i in range(first, len(members)):
                for j in range(first, len(members)):
                    if i != j:
                        row = other[at[members[i]] : at[members[i] + 1]]
                        done[at[members[i]] + np.searchsorted(row, members[j])] = True
            ends.append(len(members))
    return np.array(ends, dtype=np.int64), np.array(members, dtype=np.int32)


@compiled
def _count(
    at: Long, other: Index, done: NDArray[np.bool_], shared: Index, fresh: Index, one: int | np.integer, sign: int
) -> None:  # fmt: skip
    """Count a member for those in conflict with it: ``shared`` with how many, ``fresh`` in how many new pairs."""
    for k in range(at[one], at[one + 1]):
        shared[other[k]] += sign
        if not done[k]:
            fresh[other[k]] += sign


@compiled
def _next(at: Long, other: Index, shared: Index, fresh: Index, one: int, size: int) -> int:
    """Return the candidate in conflict with all members that brings the most new pairs, -1 where there is none."""
    best = -1
    for k in range(at[one], at[one + 1]):
        c = other[k]
        if shared[c] == size and (best < 0 or fresh[c] > fresh[best]):
            best = c
    return best
