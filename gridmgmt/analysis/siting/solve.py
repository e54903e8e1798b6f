"""One door to all siting models."""

from importlib import import_module
from typing import Any, Final

from gridmgmt.analysis.siting.feasible import check
from gridmgmt.analysis.siting.model import Candidates, Demand, Effort, Siting, SitingModel

_HORIZON: Final = {SitingModel.P_MEDIAN: "cap_cs", SitingModel.P_CENTER: None}
"""What a model calls its limit, where that is not ``limit_cs``; None where it has none."""

_ROOM: Final = {
    SitingModel.MAX_COVERAGE: "cover.max_coverage",
    SitingModel.SET_COVER: "set_cover.set_cover",
    SitingModel.P_MEDIAN: "median.p_median",
    SitingModel.P_CENTER: "center.p_center",
    SitingModel.CAPACITATED: "capacitated.capacitated",
    SitingModel.EQUITY: "equity.equity",
}


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
        When the parts do not fit each other, fewer than ``points`` candidates may be opened together, or everybody is
        to be covered and a capacity or a quarter that the model needs is missing.
    """
    check(demand, candidates, points)
    module, name = _ROOM[model].split(".")
    kernel: Any = getattr(import_module(f"gridmgmt.analysis.siting.{module}"), name)
    asked: dict[str, Any] = {"effort": effort or Effort()}
    if model is not SitingModel.SET_COVER:
        asked["points"] = points
    if (horizon := _HORIZON.get(model, "limit_cs")) is not None:
        asked[horizon] = limit_cs
    siting: Siting = kernel(demand, candidates, **asked)
    return siting
