"""One door to all siting models."""

from typing import Final

from gridmgmt.analysis.siting.capacitated import capacitated
from gridmgmt.analysis.siting.center import p_center
from gridmgmt.analysis.siting.cover import max_coverage
from gridmgmt.analysis.siting.equity import equity
from gridmgmt.analysis.siting.feasible import check
from gridmgmt.analysis.siting.median import p_median
from gridmgmt.analysis.siting.model import Candidates, Demand, Effort, Siting, SitingModel
from gridmgmt.analysis.siting.set_cover import set_cover
from gridmgmt.analysis.walking.model import NO_WAY
from gridmgmt.errors import InputError

_WITHIN: Final = {
    SitingModel.MAX_COVERAGE: max_coverage,
    SitingModel.CAPACITATED: capacitated,
    SitingModel.EQUITY: equity,
}
"""The models that ask who is within the limit of so many points."""


def solve(
    model: SitingModel,
    demand: Demand,
    candidates: Candidates,
    *,
    points: int | None,
    limit_cs: int,
    effort: Effort | None = None,
) -> Siting:
    """Return the best plan of a model that could be found, with a bound on what any plan can reach.

    Parameters
    ----------
    points
        How many points to open; None for ``set_cover``, which finds it.
    limit_cs
        The longest walk that counts as covered, in hundredths of a second; for ``p_median`` what a longer walk counts
        as. ``p_center`` does not look at it.

    Raises
    ------
    InputError
        When the parts do not fit each other, the limit is negative or no walk, fewer than ``points`` candidates may
        be opened together, or a capacity or a quarter that the model needs is missing; for ``set_cover`` when
        conflicts keep every plan from covering all, and for ``p_center`` when no plan reaches all.
    """
    check(demand, candidates, None)
    if not 0 <= limit_cs < NO_WAY:
        raise InputError("limit_invalid", field="limit_cs", value=limit_cs)
    if model is SitingModel.SET_COVER:
        return set_cover(demand, candidates, limit_cs=limit_cs, effort=effort)
    if points is None:
        raise InputError("siting_points_invalid", value=0)
    if model is SitingModel.P_MEDIAN:
        return p_median(demand, candidates, points=points, cap_cs=limit_cs, effort=effort)
    if model is SitingModel.P_CENTER:
        return p_center(demand, candidates, points=points, effort=effort)
    return _WITHIN[model](demand, candidates, points=points, limit_cs=limit_cs, effort=effort)
