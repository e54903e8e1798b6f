"""To which point residents walk: of every point, and from every area; never of a single person."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.status import PlaceStatus
from gridmgmt.analysis.walking.model import CS_PER_S
from gridmgmt.analysis.walking.tally import from_fixed
from gridmgmt.coverage.compute import Reach
from gridmgmt.coverage.document import AreaFlow, Flows, Level, PointFlow

LISTED_FLOWS = 5_000
"""How many flows from areas a document holds, most residents first."""


@dataclass(frozen=True, eq=False)
class FlowPoints:
    """The service points by index: codes and degrees ``(n, 2)``."""

    codes: Sequence[str]
    lonlat: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Walks:
    """Walks in groups: the groups with residents, and of each the residents in fixed point and seconds."""

    group: NDArray[np.int64]
    residents: NDArray[np.int64]
    mean_s: NDArray[np.float64]
    most_s: NDArray[np.float64]


def flows(reach: Reach, level: Level, codes: Sequence[str], of_place: NDArray[np.int64], points: FlowPoints) -> Flows:
    """Return who has which point as the nearest.

    Parameters
    ----------
    level, codes, of_place
        The level of areas that flows begin in, its areas' codes by index, and the area of every place, -1 for none.
    """
    weight, n_points = reach.table.weight[:, 0], len(points.codes)
    covered = np.flatnonzero((reach.table.status == PlaceStatus.COVERED) & (weight > 0))
    beyond = np.flatnonzero((reach.table.status == PlaceStatus.UNCOVERED) & (reach.point >= 0))
    later = _summed(reach.point[beyond], weight[beyond], n_points)
    served = _walks(reach, covered, reach.point[covered].astype(np.int64))
    of_point = dict(zip(served.group.tolist(), range(len(served.group)), strict=True))
    in_area = covered[of_place[covered] >= 0]
    from_areas = _walks(reach, in_area, of_place[in_area] * n_points + reach.point[in_area])
    return Flows(
        points=tuple(
            _point_flow(code, served, of_point.get(i), float(from_fixed(later[i])))
            for i, code in enumerate(points.codes)
        ),
        areas=_area_flows(from_areas, level, codes, _middles(reach, of_place, len(codes)), points),
    )


def _point_flow(code: str, walks: _Walks, at: int | None, beyond: float) -> PointFlow:
    if at is None:
        return PointFlow(code=code, residents=0, mean_s=None, most_s=None, beyond=beyond)
    return PointFlow(
        code=code,
        residents=float(from_fixed(walks.residents[at])),
        mean_s=float(walks.mean_s[at]),
        most_s=float(walks.most_s[at]),
        beyond=beyond,
    )


def _area_flows(
    walks: _Walks, level: Level, codes: Sequence[str], middles: NDArray[np.float64], points: FlowPoints
) -> tuple[AreaFlow, ...]:
    order = np.lexsort((walks.group, -walks.residents))[:LISTED_FLOWS]
    residents = from_fixed(walks.residents)
    listed = []
    for i in order.tolist():
        area, point = divmod(int(walks.group[i]), len(points.codes))
        listed.append(
            AreaFlow(
                level=level,
                area_code=codes[area],
                point_code=points.codes[point],
                residents=float(residents[i]),
                mean_s=float(walks.mean_s[i]),
                begin=(float(middles[area, 0]), float(middles[area, 1])),
                end=(float(points.lonlat[point, 0]), float(points.lonlat[point, 1])),
            )
        )
    return tuple(listed)


def _middles(reach: Reach, of_place: NDArray[np.int64], n_areas: int) -> NDArray[np.float64]:
    """Return the mean position of the residents of each area in degrees, ``(n_areas, 2)``; NaN where nobody lives."""
    inside = np.flatnonzero(of_place >= 0)
    residents = from_fixed(reach.table.weight[inside, 0])
    whole = np.bincount(of_place[inside], residents, n_areas)
    sums = [np.bincount(of_place[inside], residents * reach.lonlat[inside, axis], n_areas) for axis in (0, 1)]
    middles: NDArray[np.float64] = np.column_stack(sums) / np.where(whole > 0, whole, np.nan)[:, None]
    return middles


def _walks(reach: Reach, places: NDArray[np.intp], group: NDArray[np.int64]) -> _Walks:
    """Return the walks of places in groups; nine tenths of the residents of a group walk no longer than ``most_s``."""
    order = np.lexsort((reach.table.time_cs[places], group))
    places, group = places[order], group[order]
    found, first = np.unique(group, return_index=True)
    if not len(found):
        none = np.zeros(0)
        return _Walks(found, none.astype(np.int64), none, none)
    weight, time_s = reach.table.weight[places, 0], reach.table.time_cs[places] / CS_PER_S
    residents = np.add.reduceat(weight, first)
    mean_s = np.add.reduceat(from_fixed(weight) * time_s, first) / from_fixed(residents)
    running = np.cumsum(weight)
    before = running[first] - weight[first]
    reached = np.searchsorted(running, before + (residents * 9 + 9) // 10)
    return _Walks(found, residents, mean_s, time_s[reached])


def _summed(group: NDArray[np.integer], weight: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Return the exact sums of weights by group."""
    sums = np.zeros(n, dtype=np.int64)
    np.add.at(sums, group, weight)
    return sums
