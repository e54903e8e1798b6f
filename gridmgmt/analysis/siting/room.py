"""Who finds room: the most residents that a plan serves when each point has a capacity, and plans made better by it.

What a plan serves is a largest flow from places to points. As a function of the plan it is submodular, so that greedy
serves at least ``1 − 1/e`` of the best. Residents are whole parts throughout: sums and flows are exact.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.compiled import compiled
from gridmgmt.analysis.siting.merging import CoverRows, Index, Long
from gridmgmt.analysis.siting.near import Near

_FAR = 1 << 30
"""The level of a point that cannot pass anybody on to one with room."""

Flags = NDArray[np.bool_]


class Reach(NamedTuple):
    """Which rows each candidate reaches: ``row[at[j]:at[j + 1]]``; what they weigh, and the room of each candidate.

    ``near[near_at[j]:near_at[j + 1]]`` are those in conflict with candidate ``j``.
    """

    at: Long
    row: Index
    weight: Long
    capacity: Long
    near_at: Long
    near: Index


class Flow(NamedTuple):
    """Who goes where in a plan: rows that it reaches, their arcs to its points, and what flows.

    ``position`` is the number of each row of the reach, -1 where the plan does not reach it; arcs of the ``a``-th row
    are ``arc_at[a]:arc_at[a + 1]`` of ``slot``, the number of the point within the plan, and of ``flow``. ``spare`` is
    what is not served of each row, ``left`` the room that each point still has.
    """

    chosen: Index
    position: Index
    rows: Index
    arc_at: Long
    slot: Index
    flow: Long
    spare: Long
    left: Long


class Rooms:
    """Plans over rows with capacities ``(m,)``."""

    def __init__(self, rows: CoverRows, capacity: Long, near: Near) -> None:
        self._reach = Reach(rows.col_at, rows.col_row, rows.weight, capacity, near.at, near.other)
        self._position = np.full(len(rows.weight), -1, dtype=np.int32)

    def served(self, chosen: Index) -> int:
        """Return how many parts a plan serves."""
        return int(_served(self._reach, chosen, self._position))

    def greedy(self, among: Index, points: int) -> Index:
        """Return candidates of ``among``, each the one that gains most after those before, ties by the lower index.

        Fewer than ``points`` where conflicts leave no more.
        """
        allowed = np.zeros(len(self._reach.capacity), dtype=bool)
        allowed[among] = True
        return _greedy(self._reach, allowed, np.empty(0, dtype=np.int32), points, self._position)

    def completed(self, chosen: Index, points: int) -> Index:
        """Return the plan with more points by greedy, fewer than ``points`` where conflicts leave no more."""
        return _greedy(self._reach, np.ones(len(self._reach.capacity), dtype=bool), chosen, points, self._position)

    def descend(self, chosen: Index) -> tuple[Index, int]:
        """Return the plan after exchanging points as long as that gains, and how many parts it serves."""
        better = chosen.copy()
        return better, int(_descend(self._reach, better, self._position))


@compiled
def _served(reach: Reach, chosen: Index, position: Index) -> int:
    plan = _assigned(reach, chosen, position)
    _forget(plan)
    served: int = plan.flow.sum()
    return served


@compiled
def _assigned(reach: Reach, chosen: Index, position: Index) -> Flow:
    """Return a largest flow; ``position`` is -1 everywhere before, and again after :func:`_forget`."""
    plan = _laid(reach, chosen, position)
    for lone in (True, False):  # those whom one point alone reaches come first
        for a in range(len(plan.rows)):
            if (plan.arc_at[a + 1] - plan.arc_at[a] == 1) == lone:
                for q in range(plan.arc_at[a], plan.arc_at[a + 1]):
                    amount = min(plan.spare[a], plan.left[plan.slot[q]])
                    plan.flow[q] += amount
                    plan.spare[a] -= amount
                    plan.left[plan.slot[q]] -= amount
    while _augmented(reach, plan) > 0:
        pass
    return plan


@compiled
def _laid(reach: Reach, chosen: Index, position: Index) -> Flow:
    """Return a plan's rows and arcs with nothing flowing."""
    total = 0
    for j in chosen:
        total += reach.at[j + 1] - reach.at[j]
    rows = np.empty(total, dtype=np.int32)
    arc_at = np.zeros(total + 1, dtype=np.int64)
    size = 0
    for j in chosen:
        for i in reach.row[reach.at[j] : reach.at[j + 1]]:
            if position[i] < 0:
                position[i] = size
                rows[size] = i
                size += 1
            arc_at[position[i] + 1] += 1
    arc_at = np.cumsum(arc_at[: size + 1])
    free = arc_at[:size].copy()
    slot = np.empty(total, dtype=np.int32)
    for s in range(len(chosen)):
        for i in reach.row[reach.at[chosen[s]] : reach.at[chosen[s] + 1]]:
            slot[free[position[i]]] = s
            free[position[i]] += 1
    rows = rows[:size].copy()
    flow = np.zeros(total, dtype=np.int64)
    return Flow(chosen, position, rows, arc_at, slot, flow, reach.weight[rows], reach.capacity[chosen])


@compiled
def _forget(plan: Flow) -> None:
    for i in plan.rows:
        plan.position[i] = -1


@compiled
def _augmented(reach: Reach, plan: Flow) -> int:
    """Serve more along the shortest chains of points that pass residents on; return how much more.

    One phase of Dinic's method (Dinitz 1970): points are levelled by how many must pass somebody on.
    """
    p = len(plan.chosen)
    level = _levels(plan)
    at = reach.at[plan.chosen]
    into, out = np.empty(p + 1, dtype=np.int64), np.empty(p + 1, dtype=np.int64)
    more = 0
    for a in range(len(plan.rows)):
        while plan.spare[a] > 0:
            into[0] = -1
            for q in range(plan.arc_at[a], plan.arc_at[a + 1]):
                if level[plan.slot[q]] < _FAR and (into[0] < 0 or level[plan.slot[q]] < level[plan.slot[into[0]]]):
                    into[0] = q
            if into[0] < 0:
                break
            more += _passed_on(reach, plan, a, (level, at, into, out))
    return more


@compiled
def _levels(plan: Flow) -> Long:
    """Return how many points must pass somebody on before there is room at each: 0 where there is."""
    level = np.where(plan.left > 0, 0, _FAR)
    depth = 0
    while (level == depth).any():
        for a in range(len(plan.rows)):
            first, last = plan.arc_at[a], plan.arc_at[a + 1]
            if last - first == 1 or not (level[plan.slot[first:last]] == depth).any():
                continue
            for q in range(first, last):
                if plan.flow[q] > 0 and level[plan.slot[q]] == _FAR:
                    level[plan.slot[q]] = depth + 1
        depth += 1
    return level


@compiled
def _passed_on(reach: Reach, plan: Flow, a: int, ways: tuple[Long, Long, Long, Long]) -> int:
    """Serve some of row ``a`` along one chain that begins with arc ``into[0]``; return how much, 0 at a blind end."""
    level, at, into, out = ways
    steps = 0
    amount = plan.spare[a]
    s = plan.slot[into[0]]
    while level[s] > 0:
        if at[s] == reach.at[plan.chosen[s] + 1]:
            level[s] = _FAR
            return 0
        mine, onward = _arcs_between(plan, plan.position[reach.row[at[s]]], s, level)
        if onward < 0 or plan.flow[mine] == 0:
            at[s] += 1
            continue
        out[steps] = mine
        steps += 1
        into[steps] = onward
        amount = min(amount, plan.flow[mine])
        s = plan.slot[onward]
    amount = min(amount, plan.left[s])
    if amount == 0:
        level[s] = _FAR
    plan.left[s] -= amount
    plan.spare[a] -= amount
    plan.flow[into[0]] += amount
    for step in range(steps):
        plan.flow[out[step]] -= amount
        plan.flow[into[step + 1]] += amount
    return int(amount)


@compiled
def _arcs_between(plan: Flow, a: int, s: int, level: Long) -> tuple[int, int]:
    """Return a row's arc to point ``s``, and one to a point that is a level nearer to room, -1 where there is none."""
    mine, onward = -1, -1
    for q in range(plan.arc_at[a], plan.arc_at[a + 1]):
        if plan.slot[q] == s:
            mine = q
        elif level[plan.slot[q]] == level[s] - 1:
            onward = q
    return mine, onward


@compiled
def _passable(plan: Flow) -> Long:
    """Return how much of each row's flow goes to points that would serve others in its stead."""
    hungry = np.zeros(len(plan.chosen), dtype=np.bool_)
    found = -1
    while found != hungry.sum():
        found = hungry.sum()
        for a in range(len(plan.rows)):
            wanted = plan.spare[a] > 0
            for q in range(plan.arc_at[a], plan.arc_at[a + 1]):
                wanted = wanted or (plan.flow[q] > 0 and hungry[plan.slot[q]])
            if wanted:
                hungry[plan.slot[plan.arc_at[a] : plan.arc_at[a + 1]]] = True
    passed = np.zeros(len(plan.rows), dtype=np.int64)
    for a in range(len(plan.rows)):
        for q in range(plan.arc_at[a], plan.arc_at[a + 1]):
            if hungry[plan.slot[q]]:
                passed[a] += plan.flow[q]
    return passed


@compiled
def _most_gain(reach: Reach, chosen: Index, position: Index) -> tuple[int, Long, Flags]:
    """Return what a plan serves, the most that each candidate can add to it, and where it adds exactly that.

    Beside the residents who are without, a new point can take those of points that would then serve others: it adds
    no more than both, and exactly the former where there are none of the latter.
    """
    plan = _assigned(reach, chosen, position)
    passed, without = _passable(plan), plan.spare.sum()
    m = len(reach.capacity)
    most, exact = np.empty(m, dtype=np.int64), np.empty(m, dtype=np.bool_)
    for j in range(m):
        direct, moved = 0, 0
        for i in reach.row[reach.at[j] : reach.at[j + 1]]:
            if position[i] < 0:
                direct += reach.weight[i]
            else:
                direct += plan.spare[position[i]]
                moved += passed[position[i]]
        most[j] = min(reach.capacity[j], direct + min(moved, without))
        exact[j] = moved == 0 or direct >= reach.capacity[j]
    _forget(plan)
    return plan.flow.sum(), most, exact


@compiled
def _best_addition(
    reach: Reach, chosen: Index, position: Index, allowed: Flags, more_than: int
) -> tuple[int, int]:  # fmt: skip
    """Return what the plan serves with its best addition, and that candidate: -1 where none gives ``more_than``."""
    served, most, exact = _most_gain(reach, chosen, position)
    best, into = more_than, -1
    plan = np.empty(len(chosen) + 1, dtype=np.int32)
    plan[: len(chosen)] = chosen
    for j in np.argsort(-most, kind="mergesort"):
        if served + most[j] < best or (served + most[j] == best and into < 0):
            break
        if not allowed[j]:
            continue
        with_it = served + most[j]
        if not exact[j]:
            plan[len(chosen)] = j
            with_it = _served(reach, plan, position)
        if with_it > best or (with_it == best and 0 <= j < into):
            best, into = with_it, j
    return best, into


@compiled
def _greedy(reach: Reach, allowed: Flags, begun: Index, points: int, position: Index) -> Index:
    chosen = np.empty(max(points, len(begun)), dtype=np.int32)
    chosen[: len(begun)] = begun
    size = 0
    while size < points:
        if size >= len(begun):
            _, into = _best_addition(reach, chosen[:size], position, allowed, -1)
            if into < 0:
                break
            chosen[size] = into
        shut(reach, allowed, chosen[size])
        size += 1
    return chosen[:size].copy()


@compiled
def shut(reach: Reach, allowed: Flags, j: int) -> None:
    """Allow no candidate that clashes with one that is in."""
    allowed[j] = False
    for k in range(reach.near_at[j], reach.near_at[j + 1]):
        allowed[reach.near[k]] = False


@compiled
def _descend(reach: Reach, chosen: Index, position: Index) -> int:
    """Exchange points of ``chosen`` in place, slot after slot, until no exchange gains; return what is served."""
    p = len(chosen)
    served = _served(reach, chosen, position)
    allowed = np.empty(len(reach.capacity), dtype=np.bool_)
    idle, s = 0, 0
    while idle < p:
        others = np.concatenate((chosen[:s], chosen[s + 1 :]))
        allowed[:] = True
        for other in others:
            shut(reach, allowed, other)
        allowed[chosen[s]] = False
        best, into = _best_addition(reach, others, position, allowed, served)
        idle += 1
        if into >= 0:
            served, idle = best, 0
            chosen[s] = into
        s = (s + 1) % p
    return served
