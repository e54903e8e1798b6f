"""Connected parts of any graph, beside SciPy's."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridmgmt.analysis.graph import components

SIZES = st.integers(1, 60)
GRAPHS = SIZES.flatmap(
    lambda n: st.tuples(st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=90))
)


def by_scipy(n_nodes: int, edges: list[tuple[int, int]]) -> list[int]:
    """Parts numbered by size, of equal ones that with the smaller node first, counted plainly."""
    source, target = np.array(edges, dtype=int).reshape(-1, 2).T
    adjacency = coo_array((np.ones(len(edges)), (source, target)), shape=(n_nodes, n_nodes))
    label = connected_components(adjacency, directed=False)[1].tolist()
    ranked = sorted(set(label), key=lambda of: (-label.count(of), label.index(of)))
    return [ranked.index(of) for of in label]


@given(graph=GRAPHS)
def test_parts_are_those_of_scipy(graph: tuple[int, list[tuple[int, int]]]) -> None:
    n_nodes, edges = graph
    source, target = np.array(edges, dtype=int).reshape(-1, 2).T
    assert components(n_nodes, source, target).tolist() == by_scipy(n_nodes, edges)


def test_shapes_that_are_slow_to_hang_together() -> None:
    """Long chains, up, down and at random, and stars with the highest node in the middle: one part each."""
    n_nodes = 20_000
    order = np.random.default_rng(7).permutation(n_nodes)
    rising = np.arange(n_nodes)
    for nodes in (rising, rising[::-1], order):
        assert not components(n_nodes, nodes[:-1], nodes[1:]).any()
    assert not components(n_nodes, np.full(n_nodes - 1, n_nodes - 1), np.arange(n_nodes - 1)).any()
