"""How a kernel is compiled: the one place that names the compiler and its options.

Without numba everything still runs: the kernels of walking and snapping have a second way by scipy and shapely with
the same answers, which their callers take when :data:`AVAILABLE` is false; the others run as plain Python.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

try:
    import numba
except ImportError:
    AVAILABLE = False
else:
    AVAILABLE = True
    """Whether kernels are compiled."""

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function compiled to machine code at its first call, kept on disk for later processes.

    Single-threaded and without reordered floating-point sums, so that equal input gives equal bytes. Where no folder
    for the machine code can be written, each process compiles for itself.
    """
    if not AVAILABLE:
        return function
    try:
        return cast("Callable[P, R]", numba.njit(cache=True, error_model="numpy")(function))
    except RuntimeError:  # numba's word for a cache that has no place
        return cast("Callable[P, R]", numba.njit(error_model="numpy")(function))


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function as a part that is pasted into the kernels that call it.

    For small parts that take arrays: a call of its own would count references to each array, which costs more than
    the part's work.
    """
    if not AVAILABLE:
        return function
    return cast("Callable[P, R]", numba.njit(inline="always", error_model="numpy")(function))
