"""Most residents who find room at points with capacities, with a bound, beside HiGHS on the same merged rows.

::

    python benchmarks/siting_room.py [--long] [porto|wuhan …]

``--long`` gives HiGHS ten minutes instead of one.
"""

import argparse
import time
from dataclasses import replace
from typing import Any

import numpy as np
from harness import Stages, publish, require
from siting_data import LIMIT_CS, Question, porto_questions, wuhan_question

from gridmgmt.analysis.siting.capacitated import capacitated, uncovered
from gridmgmt.analysis.siting.merging import merged
from gridmgmt.analysis.siting.model import Effort, Incumbent
from gridmgmt.analysis.siting.program import maximise
from gridmgmt.analysis.siting.room_program import RoomProgram

PARTS = 1 << 34
MAX_S = 60.0
GAPS = (0.02, 0.01, 0.005)


def with_room(question: Question, residents: int) -> Question:
    """Return the question with points that serve so many residents each."""
    room = np.full(len(question.candidates), residents * PARTS, dtype=np.int64)
    return replace(question, candidates=replace(question.candidates, capacity=room))


def own(question: Question, points: int) -> dict[str, Any]:
    """Return our plan, and after how many seconds it was certainly so near to the best."""
    began, told = time.perf_counter(), []

    def heard(incumbent: Incumbent) -> None:
        told.append((time.perf_counter() - began, incumbent.bound / incumbent.objective - 1))

    found = capacitated(
        question.demand, question.candidates, points=points, limit_cs=LIMIT_CS, effort=Effort(MAX_S, watch=heard)
    )  # fmt: skip
    return {
        "objective": found.objective, "bound": found.bound, "gap": found.gap, "proven": found.proven,
        "solver": found.solver, "nodes": found.nodes, "own_s": found.seconds,
        "seconds_to_gap": {str(gap): next((s for s, has in told if has <= gap), None) for gap in GAPS},
    }  # fmt: skip


def highs(question: Question, points: int, max_s: float) -> dict[str, Any]:
    """Return what HiGHS alone finds on the merged rows: no plan to begin with, and nothing decided."""
    raw, m = uncovered(question.demand, question.candidates, LIMIT_CS), len(question.candidates)
    rows, _ = merged(raw.col_at, raw.col_row, raw.weight, raw.demands, raw.ids)
    room = question.candidates.capacity
    require(room is not None, "the candidates have no capacity")
    none = np.zeros(m, dtype=bool)
    program = RoomProgram(rows, room, question.candidates.conflicts, points, (none, none), PARTS)  # type: ignore[arg-type]
    began = time.perf_counter()
    found = maximise(program.program(), max_s=max_s)
    seconds = time.perf_counter() - began
    served = None if found.values is None else float(program.program().gain @ found.values)
    bound = found.bound if np.isfinite(found.bound) else None
    return {
        "rows": len(rows.weight), "arcs": program.arcs, "objective": served, "bound": bound, "ended": found.optimal,
        "highs_s": seconds,
    }  # fmt: skip


def run(name: str, question: Question, points: int, max_s: float) -> None:
    """Measure one question beside HiGHS."""
    stages = Stages()
    with stages("own"):
        ours = own(question, points)
    theirs = highs(question, points, max_s)
    if theirs["ended"]:
        require(abs(theirs["objective"] - ours["objective"]) <= 1e-6 * ours["objective"], "HiGHS has another answer")
    require(theirs["bound"] is None or theirs["bound"] >= ours["objective"] * (1 - 1e-6), "HiGHS is below our plan")
    publish(
        f"siting_room_{name}",
        {"question": question.facts, "points": points, "own": ours, "highs": theirs, "highs_max_s": max_s,
         "stages": stages.figures},
        bars={"certified gap": (ours["gap"], 0.02), "seconds": (ours["own_s"], MAX_S + 1)},
    )  # fmt: skip


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("questions", nargs="*", default=["porto", "wuhan"])
    asked = parser.parse_args()
    max_s = 600.0 if asked.long else 60.0
    (small,) = porto_questions((2_000, 50))
    own(with_room(small, 300), 5)  # the warm-up
    if "porto" in asked.questions:
        run("porto", with_room(porto_questions((20_000, 500))[0], 3_000), 15, max_s)
    if "wuhan" in asked.questions:
        run("wuhan", with_room(wuhan_question(2_000), 10_000), 50, max_s)


if __name__ == "__main__":
    main()
