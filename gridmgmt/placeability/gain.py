"""What one more point changes, counted exactly: in whole 2⁻³⁴ parts of a resident, over the places in its reach alone.

The new point has the highest index, so at one time the points that are there already keep their residents.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.accessibility import weighted_gini
from gridmgmt.analysis.walking.tally import from_fixed

Times = NDArray[np.int32]
Fixed = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Reached:
    """The places that one spot reaches: their indices, times to it, and times to and index of their nearest point."""

    place: NDArray[np.int32]
    cs: Times
    before_cs: Times
    before_point: NDArray[np.int32]

    @classmethod
    def of(cls, found: tuple[NDArray[np.int32], Times], cs: Times, point: NDArray[np.int32]) -> "Reached":
        """Return what a spot's search found beside the nearest points of all places."""
        place, time = found
        return cls(place, time, cs[place], point[place])

    def where(self, mask: NDArray[np.bool_]) -> "Reached":
        """Return those of a mask."""
        return Reached(self.place[mask], self.cs[mask], self.before_cs[mask], self.before_point[mask])


def newly_covered(reached: Reached, limit_cs: int) -> NDArray[np.bool_]:
    """Tell which places are within the limit now and were not before; the limit itself is inside."""
    return (reached.cs <= limit_cs) & (reached.before_cs > limit_cs)


def band_gains(reached: Reached, weights: Fixed, bands_cs: Sequence[int]) -> Fixed:
    """Return the residents newly covered within each band ``(n_bands, n_columns)``; bands are cumulative."""
    rows = [weights[reached.place[newly_covered(reached, int(band))]].sum(axis=0) for band in bands_cs]
    return np.array(rows, dtype=np.int64).reshape(len(bands_cs), weights.shape[1])


def served(reached: Reached, limit_cs: int) -> NDArray[np.bool_]:
    """Tell which places within the limit have the new point as their nearest."""
    return (reached.cs <= limit_cs) & (reached.cs < reached.before_cs)


def taken(reached: Reached, weights: Fixed, limit_cs: int) -> list[tuple[int, int]]:
    """Return the points whose residents within the limit change to the new one, and how many, the most first."""
    changed = reached.where(served(reached, limit_cs) & (reached.before_cs <= limit_cs) & (reached.before_point >= 0))
    points, of = np.unique(changed.before_point, return_inverse=True)
    lost = np.zeros(len(points), dtype=np.int64)
    np.add.at(lost, of, weights[changed.place, 0])
    order = np.lexsort((points, -lost))
    return [(int(points[i]), int(lost[i])) for i in order]


def loads(place_cs: Times, place_point: NDArray[np.int32], weights: Fixed, n_points: int, limit_cs: int) -> Fixed:
    """Return the residents within the limit who are nearest to each point ``(n_points,)``."""
    near = np.flatnonzero((place_point >= 0) & (place_cs <= limit_cs))
    found = np.zeros(n_points, dtype=np.int64)
    np.add.at(found, place_point[near], weights[near, 0])
    return found


@dataclass(frozen=True, eq=False)
class Shares:
    """Residents and covered residents of the areas of one level, ``(n_areas,)`` each."""

    residents: Fixed
    covered: Fixed

    @classmethod
    def of(cls, group: NDArray[np.int32], weights: Fixed, place_cs: Times, limit_cs: int, n_areas: int) -> "Shares":
        """Count the places of each area (-1: none)."""
        inside = np.flatnonzero(group >= 0)
        near = inside[place_cs[inside] <= limit_cs]
        residents, covered = np.zeros((2, n_areas), dtype=np.int64)
        np.add.at(residents, group[inside], weights[inside, 0])
        np.add.at(covered, group[near], weights[near, 0])
        return cls(residents, covered)

    def ratios(self) -> NDArray[np.float64]:
        """Return covered over residents, NaN where nobody lives."""
        nobody = self.residents == 0
        return np.where(nobody, np.nan, self.covered / np.where(nobody, 1, self.residents))

    def with_more(self, group: NDArray[np.int32], more: Fixed) -> "Shares":
        """Return them with more covered residents of some areas."""
        covered = self.covered.copy()
        inside = group >= 0
        np.add.at(covered, group[inside], more[inside])
        return Shares(self.residents, covered)

    def evenness(self) -> tuple[float, float]:
        """Return the Gini coefficient of the covered shares, weighted by residents, and the least share.

        Where nobody is covered anywhere all have the same: a Gini of 0.
        """
        some = self.residents > 0
        ratio = self.ratios()[some]
        gini = weighted_gini(ratio, from_fixed(self.residents[some]), np.zeros(len(ratio), dtype=np.int64), 1)[0]
        return (0.0 if np.isnan(gini) else float(gini)), float(ratio.min(initial=1.0))
