"""The vocabulary of coverage, apart from its kernels: whoever only names a status need not load a compiler."""

from enum import IntEnum

LIMIT_TOLERANCE_S = 1e-6
"""A walk of exactly the limit is inside; sums of floating-point legs differ from it by about 1e-12 of their size."""


class PlaceStatus(IntEnum):
    """What is true of a place; each place has exactly one."""

    COVERED = 0
    UNCOVERED = 1
    NOT_CONNECTABLE = 2
    OUTSIDE = 3
