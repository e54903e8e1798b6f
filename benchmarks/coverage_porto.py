"""Nearest-point coverage: walking time of every node of Porto to the nearest of 500 seeded points, limit 20 minutes."""

from functools import partial

from harness import compare
from walk_peers import (
    LIMIT_CS,
    agree,
    igraph_run,
    networkx_run,
    pandana_run,
    pgrouting_run,
    porto,
    scipy_run,
)

from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.search import nearest

ROUNDS = 11


def main() -> None:
    """Compare."""
    question = porto()
    nowhere = Snap(question.points.edge[:0], question.points.fraction[:0], question.points.distance_m[:0])
    with pgrouting_run(question) as pgrouting:
        compare(
            "coverage_porto",
            own=partial(
                nearest, question.graph, question.costs, points=question.points, places=nowhere, limit_cs=LIMIT_CS
            ),
            peers={
                "scipy": scipy_run(question),
                "igraph": igraph_run(question),
                "networkx": networkx_run(question),
                "pandana": pandana_run(question),
                **pgrouting,
            },
            agree=agree,
            bars={"scipy": 0.85, "networkx": 1 / 25, "pandana": 1 / 15},
            rounds=ROUNDS,
            facts=question.facts,
        )


if __name__ == "__main__":
    main()
