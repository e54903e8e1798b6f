"""Mixed-integer linear programs for HiGHS: one thread, ended by time, by closeness or by what a listener raises."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Hear = Callable[[float, float], object]
"""Hears of the best objective (infinite where none is known) and the bound, as the search goes on."""

TOLERANCE = 1e-6
"""Rows and whole numbers of HiGHS hold to within this."""


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Maximise ``gain · x`` where ``row_low ≤ rows · x ≤ row_high`` and ``low ≤ x ≤ high``.

    ``rows`` is ``(k, n)``; ``whole`` is ``(n,)`` and tells which variables are whole numbers.
    """

    gain: Floats
    low: Floats
    high: Floats
    whole: NDArray[np.bool_]
    rows: sparse.csr_array
    row_low: Floats
    row_high: Floats

    def relaxed(self) -> "Program":
        """Return the program without whole numbers."""
        return replace(self, whole=np.zeros_like(self.whole))


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What came of a program.

    ``values`` are the best that were found, None where none were; ``bound`` is as HiGHS tells it, -∞ where nothing is
    feasible; ``optimal`` tells whether the search came to its end with nothing left open.
    """

    values: Floats | None
    bound: float
    optimal: bool
    feasible: bool
    nodes: int


def maximise(
    program: Program,
    *,
    max_s: float,
    gap: float = 0.0,
    start: Floats | None = None,
    hear: Hear | None = None,
    enough: float | None = None,
    seed: int = 0,
) -> Outcome:
    """Return the best values that HiGHS finds, and its bound.

    Parameters
    ----------
    start
        Values to begin with, feasible; without them HiGHS looks for its own.
    hear
        What it raises ends the search and is raised from here.
    enough
        An objective at which the search may end.

    Notes
    -----
    A bound of HiGHS holds to within :data:`TOLERANCE`; callers round it outward.
    """
    search: Any = highspy.Highs()  # type: ignore[no-untyped-call]  # it has no types
    search.silent()
    for option, value in (
        ("threads", 1), ("random_seed", seed), ("time_limit", max(max_s, 0.0)), ("mip_rel_gap", gap),
        ("mip_abs_gap", 0.0), ("mip_feasibility_tolerance", TOLERANCE),
    ):  # fmt: skip
        search.setOptionValue(option, value)
    if enough is not None:
        search.setOptionValue("objective_target", enough)
    search.passModel(_model(program))
    if start is not None:
        search.setSolution(len(start), np.arange(len(start), dtype=np.int32), np.asarray(start, dtype=np.float64))
    raised: list[BaseException] = []
    if hear is not None:
        _listen(search, hear, raised)
    search.run()
    if raised:
        raise raised[0]
    return _outcome(search, program)


def _model(program: Program) -> Any:  # HiGHS has no types
    lp, n = highspy.HighsLp(), len(program.gain)
    lp.num_col_, lp.num_row_ = n, len(program.row_low)
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = program.gain, program.low, program.high
    lp.row_lower_, lp.row_upper_ = program.row_low, program.row_high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.num_col_, lp.a_matrix_.num_row_ = n, len(program.row_low)
    lp.a_matrix_.start_ = program.rows.indptr.astype(np.int32)
    lp.a_matrix_.index_ = program.rows.indices.astype(np.int32)
    lp.a_matrix_.value_ = program.rows.data.astype(np.float64)
    if program.whole.any():
        whole, real = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
        lp.integrality_ = [whole if one else real for one in program.whole.tolist()]
    return lp


def _listen(search: Any, hear: Hear, raised: list[BaseException]) -> None:
    def told(event: Any) -> None:
        try:
            if not raised:
                hear(event.data_out.mip_primal_bound, event.data_out.mip_dual_bound)
        except BaseException as error:  # noqa: BLE001 - it must not pass through the C++ of HiGHS; it is raised after
            raised.append(error)
        if raised:
            event.interrupt()

    search.cbMipInterrupt += told


def _outcome(search: Any, program: Program) -> Outcome:
    status, info = search.getModelStatus(), search.getInfo()
    states = highspy.HighsModelStatus
    if status == states.kInfeasible:
        return Outcome(None, -np.inf, True, False, max(int(info.mip_node_count), 0))
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    values = np.array(search.getSolution().col_value) if found else None
    optimal = status == states.kOptimal
    if program.whole.any():
        bound = float(info.mip_dual_bound)
    else:
        bound = float(info.objective_function_value) if optimal else np.inf
    return Outcome(values, bound, optimal, True, max(int(info.mip_node_count), 0))
