"""A problem that takes every siting kernel, so that their machine code is there before the first question."""

from itertools import combinations

import numpy as np

from gridmgmt.analysis.siting.cover import coverage_curve, sure_points
from gridmgmt.analysis.siting.model import Candidates, Demand, SitingModel
from gridmgmt.analysis.siting.solve import solve
from gridmgmt.analysis.walking.matrix import SparseTimes
from gridmgmt.analysis.walking.model import NO_WAY

_CANDIDATES, _POINTS, _LIMIT_CS = 8, 3, 1_000
_COVERS_ALL = (SitingModel.SET_COVER, SitingModel.P_CENTER)
"""Models that want every place, which takes all candidates but one."""


def warm() -> None:
    """Solve each model where its bounds leave a gap: each pair of candidates has one place between them."""
    for spaced in (False, True):
        demand, candidates = _between(spaced=spaced)
        for model in SitingModel:
            if model not in _COVERS_ALL:
                solve(model, demand, candidates, points=_POINTS, limit_cs=_LIMIT_CS)
        plans = coverage_curve(demand, candidates, points=_POINTS, limit_cs=_LIMIT_CS)
        sure_points(demand, candidates, plans[-1], limit_cs=_LIMIT_CS)
    demand, candidates = _between(spaced=False)
    solve(SitingModel.SET_COVER, demand, candidates, points=None, limit_cs=_LIMIT_CS)
    solve(SitingModel.P_CENTER, demand, candidates, points=_CANDIDATES - 1, limit_cs=_LIMIT_CS)


def _between(*, spaced: bool) -> tuple[Demand, Candidates]:
    pairs = np.array(list(combinations(range(_CANDIDATES), 2)), dtype=np.int32)
    n = len(pairs)
    places = [np.flatnonzero((pairs == one).any(axis=1)) for one in range(_CANDIDATES)]
    place = np.concatenate(places).astype(np.int32)
    at = np.cumsum([0, *(len(one) for one in places)]).astype(np.int64)
    cs = (place * 37 % 11 * 100).astype(np.int32)
    weight = (1 + np.arange(n, dtype=np.int64) % 3) << 34
    quarter = (np.arange(n) % 3).astype(np.int32)
    conflicts = np.array([[0, 1], [0, 2]] if spaced else [], dtype=np.int32).reshape(-1, 2)
    capacity = (6 + np.arange(_CANDIDATES, dtype=np.int64) * 5 % 9) << 34
    return (
        Demand(weight, np.full(n, NO_WAY, dtype=np.int32), quarter, 3),
        Candidates(SparseTimes(at, place, cs), conflicts, capacity),
    )
