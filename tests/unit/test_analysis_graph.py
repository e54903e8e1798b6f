"""The walk graph: components by size, steps from both ends, refusals."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gridmgmt.analysis.graph import build_graph, components
from gridmgmt.errors import InputError


def test_components_are_numbered_by_size_then_by_smallest_node() -> None:
    # 0 alone; 1-4 and 2-3: pairs; 5-6-7: the largest
    assert_array_equal(components(8, [4, 3, 5, 7], [1, 2, 6, 6]), [3, 1, 2, 2, 1, 0, 0, 0])


def test_an_edge_has_the_component_of_its_nodes() -> None:
    graph = build_graph(5, [0, 2, 3], [1, 3, 4], [1.0, 1.0, 1.0])
    assert_array_equal(graph.edge_component, [1, 0, 0])


def test_each_edge_is_a_step_from_both_ends() -> None:
    graph = build_graph(3, [0, 1, 1], [1, 2, 0], [5.0, 7.0, 4.0])
    steps = {
        (node, int(graph.neighbour[k]), int(graph.step_edge[k]), bool(graph.step_out[k]))
        for node in range(3)
        for k in range(graph.indptr[node], graph.indptr[node + 1])
    }
    assert steps == {
        (0, 1, 0, True),
        (1, 0, 0, False),
        (1, 2, 1, True),
        (2, 1, 1, False),
        (1, 0, 2, True),
        (0, 1, 2, False),
    }


def test_a_graph_may_be_empty() -> None:
    graph = build_graph(0, [], [], [])
    assert (graph.n_nodes, graph.n_edges, graph.indptr.tolist()) == (0, 0, [0])


@pytest.mark.parametrize(
    ("source", "target", "length_m", "code", "value"),
    [
        ([0], [2], [1.0], "node_out_of_range", 2),
        ([-1], [1], [1.0], "node_out_of_range", -1),
        ([0, 1], [1], [1.0], "array_shape_invalid", (2,)),
        ([0], [1], [-0.5], "edge_length_invalid", -0.5),
        ([0], [1], [float("inf")], "edge_length_invalid", float("inf")),
    ],
)
def test_what_is_no_graph_is_refused(source, target, length_m, code, value) -> None:
    with pytest.raises(InputError) as refused:
        build_graph(2, source, target, length_m)
    assert refused.value.code == code
    assert refused.value.fields["value"] == value
    assert str(value) in refused.value.message("en")


def test_a_length_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(InputError, match="nan"):
        build_graph(2, [0], [1], [np.nan])
