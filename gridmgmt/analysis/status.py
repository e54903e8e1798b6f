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
