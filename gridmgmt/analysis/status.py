"""What is true of a place by its time: status and band, apart from the kernels, so that no compiler is loaded."""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from gridmgmt.errors import InputError

LIMIT_TOLERANCE_S = 1e-6
"""A walk of exactly the limit is inside; sums of floating-point legs differ from it by about 1e-12 of their size."""


class PlaceStatus(IntEnum):
    """What is true of a place; each place has exactly one."""

    COVERED = 0
    UNCOVERED = 1
    NOT_CONNECTABLE = 2
    OUTSIDE = 3


def classify(
    time_s: NDArray[np.float64], connectable: NDArray[np.bool_], inside: NDArray[np.bool_], limit_s: float
) -> NDArray[np.int8]:
    """Return the :class:`PlaceStatus` of every place, shape ``(n,)``; covered means time ≤ ``limit_s``.

    A place outside the network's extent is OUTSIDE whatever else holds; one inside that joins no edge of the main
    network is NOT_CONNECTABLE whatever its time.
    """
    status = np.where(time_s <= limit_s + LIMIT_TOLERANCE_S, PlaceStatus.COVERED, PlaceStatus.UNCOVERED)
    status = np.where(connectable, status, PlaceStatus.NOT_CONNECTABLE)
    return np.where(inside, status, PlaceStatus.OUTSIDE).astype(np.int8)


def band_of(time_s: NDArray[np.float64], bands_s: Sequence[float]) -> NDArray[np.int8]:
    """Return the index of the first band (upper ends in seconds, ≤ is inside) of each time, ``len(bands_s)`` beyond.

    Raises
    ------
    InputError
        When the bands are not in rising order.
    """
    ends = np.asarray(bands_s, dtype=np.float64)
    if not (np.all(ends >= 0) and np.all(np.diff(ends) > 0)):
        raise InputError("limit_invalid", field="bands_s", value=list(bands_s))
    return np.searchsorted(ends + LIMIT_TOLERANCE_S, time_s, side="left").astype(np.int8)
