"""How the answer depends on who walks and which way: everybody's figures at other speeds and for other trips."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.walking.model import NO_WAY, Trip, WalkProfile, to_cs
from gridmgmt.analysis.walking.tally import from_fixed, tally
from gridmgmt.coverage.compute import band_figures
from gridmgmt.coverage.document import SensitivityRow

MOST_SPEEDS = 8

Search = Callable[[float, Trip], NDArray[np.int32]]
"""The walks of all places in hundredths of a second, at a speed in m/s and for a trip."""


def speeds_of(own: WalkProfile, profiles: Iterable[WalkProfile]) -> tuple[float, ...]:
    """Return the speeds to compare, rising: those of all profiles, and the asked one's always.

    Where there are more than :data:`MOST_SPEEDS`, those nearest to the asked one's are taken.
    """
    speeds = {profile.speed_m_per_s for profile in profiles} | {own.speed_m_per_s}
    nearest = sorted(speeds, key=lambda speed: (abs(speed - own.speed_m_per_s), speed))[:MOST_SPEEDS]
    return tuple(sorted(nearest))


def trips_of(asked: Trip) -> tuple[Trip, ...]:
    """Return the trips to compare: to the point and there and back, and what was asked."""
    return tuple(trip for trip in Trip if trip in {Trip.TO_POINT, Trip.ROUND, asked})


def sensitivity(
    search: Search,
    cases: Sequence[tuple[float, Trip]],
    weight: NDArray[np.int64],
    bands_s: Sequence[float],
) -> Iterator[SensitivityRow]:
    """Yield the figures of all residents for every case of speed and trip.

    Parameters
    ----------
    weight
        Residents of every place in fixed point, ``(n,)``.
    """
    status = np.zeros(len(weight), dtype=np.int8)
    group = np.zeros(len(weight), dtype=np.int32)
    residents = float(from_fixed(weight.sum()))
    for speed_m_per_s, trip in cases:
        time_cs = search(speed_m_per_s, trip)
        sums = tally(np.minimum(time_cs, NO_WAY), status, group, 1, weight[:, None], to_cs(bands_s))
        covered = from_fixed(sums.by_band[0, :, 0])
        yield SensitivityRow(trip=trip, speed_m_per_s=speed_m_per_s, bands=band_figures(covered, residents, bands_s))
