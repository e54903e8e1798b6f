"""Who has no point within the limit: by area and age band, with the shortest walk from there and the gate it passes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.status import PlaceStatus
from gridmgmt.analysis.walking.model import NO_WAY
from gridmgmt.analysis.walking.tally import from_fixed
from gridmgmt.coverage.compute import Reach, seconds_of
from gridmgmt.coverage.document import AgeGap, Gap, Gaps, Level
from gridmgmt.units import AGE_BANDS

LISTED_GAPS = 1_000
"""How many areas with residents without a point a document lists; the number of all stands beside the list."""


@dataclass(frozen=True, eq=False)
class GapAreas:
    """The areas of one level by index, and the area of every place, -1 where it lies in none."""

    level: Level
    codes: Sequence[str]
    names: Sequence[str]
    parent_codes: Sequence[str | None]
    of_place: NDArray[np.int64]


Naming = Callable[[int], dict[str, Any]]
"""What a gap says of the way of a place, by the place's index: see :class:`gridmgmt.coverage.document.Gap`."""


def gaps(
    reach: Reach, areas: GapAreas, points: tuple[Sequence[str], Sequence[str]], gate_of: Callable[[int], str | None]
) -> Gaps:
    """Return the areas of a level whose residents have no point within the limit, most residents first.

    Parameters
    ----------
    points
        Codes and names of the service points by index.
    gate_of
        The name of the first gate on the way of a place, by its index; None where it passes none.
    """
    weight, last = reach.table.weight, len(areas.codes)
    missed = np.flatnonzero((reach.table.status != PlaceStatus.COVERED) & (weight[:, 0] > 0))
    area = np.where(areas.of_place[missed] < 0, last, areas.of_place[missed])
    order = np.lexsort((missed, reach.table.time_cs[missed], area))
    missed, area = missed[order], area[order]
    sums = np.zeros((last + 1, weight.shape[1]), dtype=np.int64)
    nearest = np.full((last + 1, weight.shape[1]), -1, dtype=np.int64)
    for column in range(weight.shape[1]):
        lived_in = np.flatnonzero(weight[missed, column] > 0)
        found, first = np.unique(area[lived_in], return_index=True)
        nearest[found, column] = missed[lived_in[first]]
        if len(found):
            sums[found, column] = np.add.reduceat(weight[missed[lived_in], column], first)
    counts = np.bincount(area, minlength=last + 1)
    residents = from_fixed(sums)
    way = _Ways(reach, points, gate_of)
    found = np.flatnonzero(counts)
    listed = found[np.lexsort((found, -sums[found, 0]))][:LISTED_GAPS]
    return Gaps(
        count=len(found),
        residents=float(from_fixed(sums[:, 0].sum())),
        listed=tuple(
            Gap(
                level=areas.level,
                code=areas.codes[i] if i < last else "",
                name=areas.names[i] if i < last else "",
                parent_code=areas.parent_codes[i] if i < last else None,
                places=int(counts[i]),
                residents=float(residents[i, 0]),
                age_bands=tuple(
                    AgeGap(band=band, residents=float(residents[i, column]), **way(int(nearest[i, column])))
                    for column, band in enumerate(AGE_BANDS[: weight.shape[1] - 1], 1)
                    if sums[i, column]
                ),
                **way(int(nearest[i, 0])),
            )
            for i in listed.tolist()
        ),
    )


@dataclass(frozen=True, eq=False)
class _Ways:
    """Tells of a place's shortest walk what a gap says of it."""

    reach: Reach
    points: tuple[Sequence[str], Sequence[str]]
    gate_of: Callable[[int], str | None]

    def __call__(self, place: int) -> dict[str, Any]:
        """Return the fields of a gap for the walk of a place."""
        time_cs, point = int(self.reach.table.time_cs[place]), int(self.reach.point[place])
        if time_cs >= NO_WAY:
            return {"nearest_s": None, "nearest_point_code": None, "nearest_point_name": None, "gate": None}
        codes, names = self.points
        return {
            "nearest_s": seconds_of(time_cs),
            "nearest_point_code": codes[point],
            "nearest_point_name": names[point],
            "gate": self.gate_of(place),
        }
