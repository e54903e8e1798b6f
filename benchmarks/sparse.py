"""All pairs of 500 points and the nodes within 20 minutes, as a sparse table: Porto, and a million streets.

scipy is asked for some points at a time: its answer is a table of all nodes, of which what is within the limit is kept.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from harness import compare, require
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra
from walk_peers import LIMIT_CS, Question, grid, porto

from gridmgmt.analysis.walking.matrix import times_to_nodes

POINTS_AT_ONCE = 50
MOST_PEAK_OVER_OUTPUT = 3.0
Table = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]


def scipy_rows(question: Question) -> Table:
    """Return row, node and time of all pairs by scipy."""
    rows, nodes, times = [], [], []
    for first in range(0, len(question.sources), POINTS_AT_ONCE):
        found = dijkstra(question.matrix, indices=question.sources[first : first + POINTS_AT_ONCE], limit=LIMIT_CS)
        row, node = np.nonzero(np.isfinite(found))
        rows.append(row + first)
        nodes.append(node.astype(np.int32))
        times.append(found[row, node].astype(np.int32))
    return np.concatenate(rows), np.concatenate(nodes), np.concatenate(times)


def agree(own: Any, peer: str, answer: Table) -> Mapping[str, object]:
    """Require the same pairs with the same times."""
    row, node, time = answer
    require(np.array_equal(np.repeat(np.arange(len(own.indptr) - 1), np.diff(own.indptr)), row), f"{peer}: other rows")
    require(np.array_equal(own.place, node), f"{peer}: other nodes")
    require(np.array_equal(own.cs, time), f"{peer}: other times")
    return {"pairs": len(row)}


def measure(name: str, question: Question, *, bar: float, rounds: int) -> None:
    """Compare on one network."""
    own = partial(times_to_nodes, question.graph, question.costs, points=question.points, limit_cs=LIMIT_CS)
    found = own()
    output_mib = (found.indptr.nbytes + found.place.nbytes + found.cs.nbytes) / 2**20
    compare(
        name,
        own=own,
        peers={"scipy": partial(scipy_rows, question)},
        agree=agree,
        bars={"scipy": bar},
        rounds=rounds,
        facts={**question.facts, "pairs": len(found.cs), "output_mib": round(output_mib, 2)},
        most_extra_mib=MOST_PEAK_OVER_OUTPUT * output_mib,
    )


def main() -> None:
    """Compare on both networks."""
    question = porto()
    _ = question.matrix
    measure("sparse_porto", question, bar=1 / 8, rounds=11)
    question = grid()
    _ = question.matrix
    measure("sparse_grid", question, bar=1 / 30, rounds=5)


if __name__ == "__main__":
    main()
