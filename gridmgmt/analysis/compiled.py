"""How a kernel is compiled: the one place that names the compiler and its options."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function compiled to machine code at its first call, kept on disk for later processes.

    Single-threaded and without reordered floating-point sums, so that equal input gives equal bytes.
    """
    return cast("Callable[P, R]", numba.njit(cache=True, error_model="numpy")(function))


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function as a part that is pasted into the kernels that call it.

    For small parts that take arrays: a call of its own would count references to each array, which costs more than
    the part's work.
    """
    return cast("Callable[P, R]", numba.njit(inline="always", error_model="numpy")(function))
