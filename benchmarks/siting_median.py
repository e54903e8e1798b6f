"""Least sums of walks, least longest walks and fewest points, each proven, beside spopt and HiGHS.

::

    python benchmarks/siting_median.py [--long] [graphs|san_francisco|streets …]

``--long`` gives spopt all twenty graphs instead of the ten smaller ones, with up to ten minutes each.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pulp
import spopt
from harness import Stages, publish, require, shared_data
from numpy.typing import NDArray
from scipy.sparse.csgraph import floyd_warshall
from siting_data import LIMIT_CS, Question, porto_questions, wuhan_question
from spopt.locate import LSCP, PCenter, PMedian

from gridmgmt.analysis.siting.center import p_center
from gridmgmt.analysis.siting.median import p_median
from gridmgmt.analysis.siting.median_problem import walked_s
from gridmgmt.analysis.siting.model import Candidates, Demand, Effort, Siting
from gridmgmt.analysis.siting.set_cover import set_cover, uncoverable
from gridmgmt.analysis.walking.matrix import SparseTimes

T = TypeVar("T")
Floats = NDArray[np.float64]
PARTS = 1 << 34
GRAPHS, SMALLER_GRAPHS = 20, 10
PER_M = 10_000
"""Tenths of a millimetre stand for hundredths of a second on San Francisco's distances in metres."""


def timed(run: Callable[[], T]) -> tuple[T, float]:
    """Return an answer and its seconds."""
    began = time.perf_counter()
    return run(), time.perf_counter() - began


def dense(walks: Floats) -> Candidates:
    """Return candidates that all places are reached from, by the walks ``(m, n)`` in hundredths of a second."""
    m, n = walks.shape
    place = np.tile(np.arange(n, dtype=np.int32), m)
    return Candidates(SparseTimes(np.arange(m + 1, dtype=np.int64) * n, place, walks.astype(np.int32).ravel()))


def graph_of(number: int) -> tuple[Floats, int, int]:
    """Return all distances of a graph of the OR-Library, how many points it asks for, and its optimum."""
    folder = shared_data("location_allocation/orlib_pmed")
    optimum = pd.read_csv(folder / "optimum.csv", index_col="instance")["optimum"][f"pmed{number}"]
    text = (folder / f"pmed{number}.txt").read_text(encoding="ascii")
    vertices, edges, points, *listed = (int(word) for word in text.split())
    lengths = np.full((vertices, vertices), np.inf)
    for i, j, length in np.array(listed[: 3 * edges]).reshape(-1, 3).tolist():
        lengths[i - 1, j - 1] = lengths[j - 1, i - 1] = length  # an edge that is listed twice: the last counts
    distances = floyd_warshall(lengths)
    np.fill_diagonal(distances, 0.0)
    return distances, points, int(optimum)


def own_graph(distances: Floats, points: int) -> Siting:
    """Return our plan of a graph; one unit of length is a second."""
    weight = np.full(len(distances), PARTS, dtype=np.int64)
    return p_median(
        Demand.of(weight), dense(100 * distances), points=points, cap_cs=int(100 * distances.max()),
        effort=Effort(max_s=60.0),
    )  # fmt: skip


def spopt_graph(distances: Floats, points: int, max_s: float) -> float | None:
    """Return the sum that spopt proves with HiGHS, None where it does not come to an end in its time."""
    model = PMedian.from_cost_matrix(distances, np.ones(len(distances)), p_facilities=points)
    _, seconds = timed(lambda: model.problem.solve(pulp.HiGHS(msg=False, timeLimit=max_s)))
    return None if seconds >= max_s else float(pulp.value(model.problem.objective))


def graphs(numbers_of_spopt: int, max_s: float) -> None:
    """Solve all graphs one after the other on one core, beside spopt on the first so many of them."""
    own_graph(*graph_of(1)[:2])  # the warm-up
    rows: list[dict[str, Any]] = []
    for number in range(1, GRAPHS + 1):
        distances, points, optimum = graph_of(number)
        found, seconds = timed(lambda d=distances, p=points: own_graph(d, p))  # type: ignore[misc]
        require(distances[found.chosen].min(axis=0).sum() == found.objective, "the sum is not that of the plan")
        rows.append({
            "graph": f"pmed{number}", "vertices": len(distances), "points": points, "optimum": optimum,
            "objective": found.objective, "bound": found.bound, "proven": found.proven, "nodes": found.nodes,
            "own_s": seconds,
        })  # fmt: skip
        if number <= numbers_of_spopt:
            theirs, spent = timed(lambda d=distances, p=points: spopt_graph(d, p, max_s))  # type: ignore[misc]
            require(theirs is None or round(theirs, 3) == found.objective, f"spopt has {theirs}, we {found.objective}")
            rows[-1] |= {"spopt_highs_s": spent, "spopt_ended": theirs is not None}
    ended = [row for row in rows if row.get("spopt_ended")]
    total = sum(row["own_s"] for row in rows)
    missed = sum(not row["proven"] or row["objective"] != row["optimum"] for row in rows)
    publish(
        "siting_median_graphs",
        {
            "graphs": rows, "own_s": total, "spopt": spopt.__version__, "spopt_max_s": max_s,
            "spopt_ended": len(ended),
            "times_faster_where_spopt_ended": sum(row["spopt_highs_s"] for row in ended)
            / sum(row["own_s"] for row in ended),
        },
        bars={"graphs without a proven optimum": (missed, 0), "seconds for all": (total, 60.0)},
    )  # fmt: skip


def san_francisco() -> None:
    """Solve three models on 205 tracts and 16 stores, beside the published answers and spopt."""
    folder = shared_data("location_allocation")
    table = pd.read_csv(
        folder / "SF_network_distance_candidateStore_16_censusTract_205_new.csv", dtype={"DestinationName": str}
    )
    metres = table.pivot_table(index="name", columns="DestinationName", values="distance")
    tracts = pd.read_csv(folder / "SF_demand_205_centroid_uniform_weight.csv", dtype={"NAME": str})
    people = tracts.set_index("NAME")["POP2000"].loc[metres.columns].to_numpy()
    walks = metres.to_numpy()
    demand, stores = Demand.of(people.astype(np.int64) * PARTS), dense(np.rint(walks * PER_M))
    solver = pulp.HiGHS(msg=False)

    def nearest(found: Siting) -> Floats:
        near: Floats = walks[found.chosen].min(axis=0)
        return near

    models: dict[str, tuple[Any, ...]] = {
        "p-median, 4 stores": (
            lambda: p_median(demand, stores, points=4, cap_cs=int(stores.times.cs.max())),
            lambda found: float((people * nearest(found)).sum()),
            lambda: PMedian.from_cost_matrix(walks.T, people, p_facilities=4),
            2848268129.7145,
            1e-4,
        ),
        "p-center, 4 stores": (
            lambda: p_center(demand, stores, points=4),
            lambda found: float(nearest(found).max()),
            lambda: PCenter.from_cost_matrix(walks.T, p_facilities=4),
            7403.063811,
            1e-6,
        ),
        "LSCP, 5 km": (
            lambda: set_cover(demand, stores, limit_cs=5_000 * PER_M),
            lambda found: float(len(found.chosen)) if nearest(found).max() <= 5_000 else np.nan,
            lambda: LSCP.from_cost_matrix(walks.T, 5_000),
            8.0,
            0.0,
        ),
    }
    rows = []
    for name, (own, recounted, model, published, within) in models.items():
        own()  # the warm-up
        found, seconds = timed(own)
        theirs, spent = timed(lambda m=model: float(pulp.value(m().solve(solver, results=False).problem.objective)))
        has = recounted(found)
        require(found.proven, f"{name}: not proven")
        require(abs(has - published) <= within, f"{name}: {has}, published {published}")
        require(abs(theirs - published) <= max(within, 1e-6 * published), f"{name}: spopt has {theirs}")
        rows.append({"model": name, "answer": has, "published": published, "own_s": seconds, "spopt_highs_s": spent})
    publish("siting_median_sf", {"tracts": walks.shape[1], "stores": walks.shape[0], "models": rows})


def spopt_fewest(question: Question) -> int:
    """Return with how many points spopt covers all who can be, with HiGHS as its solver."""
    times = question.candidates.times
    matrix = np.full((len(question.demand.weight), len(question.candidates)), 10.0 * LIMIT_CS)
    matrix[times.place, np.repeat(np.arange(len(question.candidates)), np.diff(times.indptr))] = times.cs
    coverable = ~uncoverable(question.demand, question.candidates, limit_cs=LIMIT_CS)
    model = LSCP.from_cost_matrix(matrix[coverable], LIMIT_CS).solve(pulp.HiGHS(msg=False), results=False)
    return round(pulp.value(model.problem.objective))


def walked(question: Question, points: int) -> dict[str, Any]:
    """Return our plan of the least sum of walks of up to 20 minutes, and its time."""
    demand, candidates = question.demand, question.candidates
    found, seconds = timed(
        lambda: p_median(demand, candidates, points=points, cap_cs=LIMIT_CS, effort=Effort(max_s=30.0))
    )  # fmt: skip
    require(found.objective == walked_s(demand, candidates, found.chosen, LIMIT_CS), "the sum is not that of the plan")
    return {
        "points": points, "objective": found.objective, "bound": found.bound, "gap": found.gap,
        "proven": found.proven, "solver": found.solver, "nodes": found.nodes, "own_s": seconds,
    }  # fmt: skip


def fewest(question: Question) -> tuple[Siting, float]:
    """Return our fewest points, proven, and the time."""
    found, seconds = timed(
        lambda: set_cover(question.demand, question.candidates, limit_cs=LIMIT_CS, effort=Effort(max_s=60.0))
    )
    require(found.proven, "the fewest points are not proven")
    return found, seconds


def longest(question: Question, points: int) -> dict[str, Any]:
    """Return our plan of the least longest walk, proven, and its time."""
    found, seconds = timed(
        lambda: p_center(question.demand, question.candidates, points=points, effort=Effort(max_s=60.0))
    )
    require(found.proven, "the least longest walk is not proven")
    return {"points": points, "objective": found.objective, "bound": found.bound, "proven": found.proven,
            "own_s": seconds}  # fmt: skip


def streets() -> None:
    """Compare on the dense part of Porto and all of Wuhan; spopt takes part where it can hold the question."""
    stages = Stages()
    (small,) = porto_questions((2_000, 50))
    walked(small, 5), fewest(small)  # the warm-up
    (porto,) = porto_questions((20_000, 500))
    wuhan = wuhan_question(2_000)
    with stages("own"):
        sums = {"Porto": walked(porto, 15), "Wuhan": walked(wuhan, 50)}
        covers = {"Porto": fewest(porto), "Wuhan": fewest(wuhan)}
        centers = {
            name: longest(question, round(1.2 * covers[name][0].objective))
            for name, question in (("Porto", porto), ("Wuhan", wuhan))
        }
    theirs, spent = timed(lambda: spopt_fewest(porto))
    require(theirs == covers["Porto"][0].objective, f"spopt covers with {theirs}")
    publish(
        "siting_median_streets",
        {
            "questions": {"Porto": porto.facts, "Wuhan": wuhan.facts},
            "p_median": sums,
            "set_cover": {
                name: {"points": found.objective, "bound": found.bound, "proven": found.proven, "own_s": seconds}
                for name, (found, seconds) in covers.items()
            },
            "p_center": centers,
            "spopt_highs_set_cover_porto_s": spent,
            "times_faster_set_cover_porto": spent / covers["Porto"][1],
            **stages.figures["own"],
        },
        bars={
            "certified gap of p-median, Porto": (sums["Porto"]["gap"], 0.01),
            "seconds of p-median, Porto": (sums["Porto"]["own_s"], 30.0),
        },
    )


def main() -> None:
    """Run the named parts, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    run = {
        "san_francisco": san_francisco,
        "streets": streets,
        "graphs": lambda: graphs(GRAPHS, 600.0) if args.long else graphs(SMALLER_GRAPHS, 120.0),
    }
    parser.add_argument("parts", nargs="*", choices=[*run, []])
    parser.add_argument("--long", action="store_true")
    args = parser.parse_args()
    for part in args.parts or run:
        run[part]()


if __name__ == "__main__":
    main()
