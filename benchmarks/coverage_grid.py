"""Nearest-point coverage on a million streets: every node's time to the nearest of 500 seeded points, 20 minutes."""

from functools import partial

from harness import compare
from walk_peers import LIMIT_CS, agree, grid, igraph_run, networkx_run, pgrouting_run, scipy_run

from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.search import nearest

ROUNDS = 7


def main() -> None:
    """Compare; pandana is left out, whose contraction of a grid takes longer than all others together."""
    question = grid()
    nowhere = Snap(question.points.edge[:0], question.points.fraction[:0], question.points.distance_m[:0])
    with pgrouting_run(question) as pgrouting:
        compare(
            "coverage_grid",
            own=partial(
                nearest, question.graph, question.costs, points=question.points, places=nowhere, limit_cs=LIMIT_CS
            ),
            peers={
                "scipy": scipy_run(question),
                "igraph": igraph_run(question),
                "networkx": networkx_run(question),
                **pgrouting,
            },
            agree=agree,
            bars={"scipy": 0.85, "networkx": 1 / 25},
            rounds=ROUNDS,
            facts=question.facts,
        )


if __name__ == "__main__":
    main()
