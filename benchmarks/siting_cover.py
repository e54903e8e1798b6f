"""Max coverage with a proof, beside spopt and HiGHS; a whole city's trade-off curve.

::

    python benchmarks/siting_cover.py [--long] [dense|large|wuhan …]

``--long`` gives HiGHS 150 s for the large problem instead of 40 s. spopt is run once: it takes minutes.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import TypeVar

import highspy
import numpy as np
import pulp
import spopt
from harness import Stages, publish, require
from scipy import sparse
from siting_data import LIMIT_CS, Question, porto_questions, wuhan_question
from spopt.locate import MCLP

from gridmgmt.analysis.siting.cover import coverage_curve, max_coverage
from gridmgmt.analysis.siting.cover_problem import CoverProblem, residents_within
from gridmgmt.analysis.siting.interchange import greedy
from gridmgmt.analysis.siting.model import Effort, Siting
from gridmgmt.analysis.walking.tally import from_fixed

T = TypeVar("T")
POINTS, WUHAN_POINTS, CURVE_POINTS = 15, 50, 30
ROUNDS = 7
MOST_MIB = 4096.0
BEYOND_CS = 10 * LIMIT_CS


def timed(run: Callable[[], T]) -> tuple[T, float]:
    """Return an answer and its seconds."""
    began = time.perf_counter()
    return run(), time.perf_counter() - began


def own(question: Question, points: int, max_s: float = 60.0) -> Siting:
    """Return our plan."""
    return max_coverage(
        question.demand, question.candidates, points=points, limit_cs=LIMIT_CS, effort=Effort(max_s=max_s)
    )  # fmt: skip


def told(found: Siting) -> dict[str, object]:
    """Return what a plan says of itself."""
    return {
        "objective": found.objective,
        "bound": found.bound,
        "gap": found.gap,
        "proven": found.proven,
        "solver": found.solver,
        "nodes": found.nodes,
    }


def recounted(question: Question, found: Siting) -> None:
    """Require that a plan covers what it says."""
    parts = residents_within(question.demand, question.candidates, found.chosen, LIMIT_CS)
    require(found.objective == float(from_fixed(parts)), "the objective is not what the plan covers")


def spopt_mclp(question: Question) -> float:
    """Return the residents whom spopt's best plan covers, with HiGHS as its solver."""
    times = question.candidates.times
    matrix = np.full((len(question.demand.weight), len(question.candidates)), float(BEYOND_CS))
    candidate = np.repeat(np.arange(len(question.candidates)), np.diff(times.indptr))
    matrix[times.place, candidate] = times.cs
    weight = from_fixed(question.demand.weight)
    model = MCLP.from_cost_matrix(matrix, weight, LIMIT_CS, p_facilities=POINTS).solve(pulp.HiGHS(msg=False))
    return float(pulp.value(model.problem.objective))


def highs_mclp(question: Question, max_s: float) -> dict[str, float | None]:
    """Return what HiGHS reaches and proves in a time, on our merged rows and from the greedy plan."""
    problem = CoverProblem.of(question.demand, question.candidates, LIMIT_CS, POINTS)
    rows, m = problem.rows, problem.rows.m
    r = len(rows.weight)
    covers = sparse.csr_array((np.ones(len(rows.row_candidate)), rows.row_candidate, rows.row_at), shape=(r, m))
    table = sparse.vstack(
        [sparse.hstack([-covers, sparse.eye_array(r)]), sparse.hstack([np.ones((1, m)), sparse.csr_array((1, r))])]
    ).tocsr()  # fmt: skip
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = m + r, r + 1
    gain = np.concatenate([np.zeros(m), from_fixed(rows.weight >> problem.shift) * problem.grain])
    model.sense_, model.col_cost_ = highspy.ObjSense.kMaximize, gain
    model.col_lower_, model.col_upper_ = np.zeros(m + r), np.ones(m + r)
    model.row_lower_ = np.concatenate([np.full(r, -highspy.kHighsInf), [POINTS]])
    model.row_upper_ = np.concatenate([np.zeros(r), [POINTS]])
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = table.indptr, table.indices, table.data
    model.integrality_ = [highspy.HighsVarType.kInteger] * m + [highspy.HighsVarType.kContinuous] * r
    highs = highspy.Highs()
    highs.silent()
    highs.setOptionValue("time_limit", max_s)
    highs.passModel(model)
    start = greedy(rows, POINTS)
    highs.setSolution(len(start), start, np.ones(len(start)))
    highs.run()
    info = highs.getInfo()
    bound = info.mip_dual_bound
    return {
        "seconds_given": max_s,
        "objective": info.objective_function_value,
        "bound": bound if np.isfinite(bound) else None,
        "gap": bound / info.objective_function_value - 1 if np.isfinite(bound) else None,
    }


def dense() -> None:
    """20,000 places and 500 candidates in the dense part of Porto, proven, beside spopt."""
    (question,) = porto_questions((20_000, 500))
    found = own(question, POINTS)  # also the warm-up
    recounted(question, found)
    require(found.proven, "not proven")
    ours = [timed(lambda: own(question, POINTS))[1] for _ in range(ROUNDS)]
    theirs, seconds = timed(lambda: spopt_mclp(question))
    require(round(theirs) == found.objective, f"spopt covers {theirs}, we {found.objective}")
    ours += [timed(lambda: own(question, POINTS))[1] for _ in range(ROUNDS)]
    publish(
        "siting_cover_dense",
        {
            **question.facts, "points": POINTS, **told(found), "rounds": 2 * ROUNDS,
            "own_s": statistics.median(ours), "own_worst_s": max(ours), "spopt_highs_s": seconds,
            "times_faster": seconds / statistics.median(ours), "spopt": spopt.__version__,
        },
        bars={"own over spopt + HiGHS": (statistics.median(ours) / seconds, 1 / 30)},
    )  # fmt: skip


def large(highs_s: float) -> None:
    """200,000 places and 2,000 candidates, beside HiGHS on the merged rows."""
    stages = Stages()
    (question,) = porto_questions((200_000, 2_000))
    own(porto_questions((2_000, 50))[0], POINTS)
    with stages("own"):
        found, seconds = timed(lambda: own(question, POINTS, max_s=30.0))
    recounted(question, found)
    peer = highs_mclp(question, highs_s)
    require((peer["bound"] or np.inf) >= found.objective * (1 - 1e-9), "the bound of HiGHS is below our plan")
    require(found.bound >= peer["objective"] * (1 - 1e-9), "our bound is below the plan of HiGHS")
    publish(
        "siting_cover_large",
        {**question.facts, "points": POINTS, **told(found), "own_s": seconds, "highs": peer, **stages.figures["own"]},
        bars={
            "certified gap": (found.gap, 0.01),
            "seconds": (seconds, 30.0),
            "peak MiB of the process": (stages.figures["own"]["peak_mib"], MOST_MIB),
        },
    )


def wuhan() -> None:
    """All elders on Wuhan's streets: 50 points, and the curve of 30."""
    stages = Stages()
    question = wuhan_question(2_000)

    def alone() -> Siting:
        return own(question, CURVE_POINTS)

    def curve() -> list[Siting]:
        return coverage_curve(question.demand, question.candidates, points=CURVE_POINTS, limit_cs=LIMIT_CS)

    alone(), curve()  # the warm-up
    with stages("own"):
        found, seconds = timed(lambda: own(question, WUHAN_POINTS))
    recounted(question, found)
    pairs = [(timed(alone)[1], timed(curve)[1]) for _ in range(ROUNDS)]
    plans, single = curve(), alone()
    for plan in plans:
        recounted(question, plan)
    require(plans[-1].objective == single.objective, "the curve ends in another plan")
    gains = np.diff([0.0, *(plan.objective for plan in plans)])
    publish(
        "siting_cover_wuhan",
        {
            **question.facts, "points": WUHAN_POINTS, **told(found), "own_s": seconds,
            "curve_points": CURVE_POINTS,
            "alone_s": statistics.median(one for one, _ in pairs),
            "curve_s": statistics.median(all_ for _, all_ in pairs),
            "curve_largest_gap": max(plan.gap for plan in plans),
            "curve_proven": sum(plan.proven for plan in plans),
            "curve_objectives": [plan.objective for plan in plans],
            "curve_first_and_last_gain": [gains[0], gains[-1]],
            **stages.figures["own"],
        },
        bars={
            "certified gap": (found.gap, 0.01),
            "seconds": (seconds, 60.0),
            "peak MiB of the process": (stages.figures["own"]["peak_mib"], MOST_MIB),
            "the curve over its last plan alone": (statistics.median(all_ / one for one, all_ in pairs), 2.0),
        },
    )  # fmt: skip


def main() -> None:
    """Run the named parts, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=["dense", "large", "wuhan", []])
    parser.add_argument("--long", action="store_true")
    args = parser.parse_args()
    run = {"wuhan": wuhan, "large": lambda: large(150.0 if args.long else 40.0), "dense": dense}
    for part in args.parts or run:
        run[part]()


if __name__ == "__main__":
    main()
