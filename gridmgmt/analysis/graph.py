"""The walk network as a graph: which nodes an edge joins, how long it is, which piece of the network it is in."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridmgmt.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class WalkGraph:
    """An undirected graph of nodes ``0…n_nodes-1`` and edges ``0…n_edges-1``; parallel edges and loops are allowed.

    ``source``, ``target``, ``length_m`` and ``edge_component`` have shape ``(n_edges,)``. Component 0 is the largest
    by nodes (see :func:`components`). The steps from node ``i`` are ``indptr[i]:indptr[i + 1]`` of ``neighbour``,
    ``step_edge`` and ``step_out``, shape ``(2 n_edges,)``: each edge is one step from each of its ends, and
    ``step_out`` tells the one that leaves its source.
    """

    n_nodes: int
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    length_m: NDArray[np.float64]
    edge_component: NDArray[np.int32]
    indptr: NDArray[np.int64]
    neighbour: NDArray[np.int32]
    step_edge: NDArray[np.int32]
    step_out: NDArray[np.bool_]

    @property
    def n_edges(self) -> int:
        """Return the number of edges."""
        return len(self.length_m)


def build_graph(n_nodes: int, source: ArrayLike, target: ArrayLike, length_m: ArrayLike) -> WalkGraph:
    """Build the graph from its edges; ``length_m`` in metres, all three of shape ``(n_edges,)``.

    Raises
    ------
    InputError
        When the arrays differ in length, a node id is not in ``0…n_nodes-1``, or a length is negative or not finite.
    """
    lengths = np.array(length_m, dtype=np.float64)
    if (bad := np.flatnonzero(~(np.isfinite(lengths) & (lengths >= 0)))).size:
        raise InputError("edge_length_invalid", field="length_m", edge=int(bad[0]), value=float(lengths[bad[0]]))
    sources = _node_ids("source", source, n_nodes, lengths.shape)
    targets = _node_ids("target", target, n_nodes, lengths.shape)

    step_from = np.concatenate([sources, targets])
    order = np.argsort(step_from, kind="stable")
    step_edge = (order % max(len(lengths), 1)).astype(np.int32)
    return WalkGraph(
        n_nodes=n_nodes,
        source=sources,
        target=targets,
        length_m=lengths,
        edge_component=components(n_nodes, sources, targets)[sources],
        indptr=np.concatenate([[0], np.cumsum(np.bincount(step_from, minlength=n_nodes))]).astype(np.int64),
        neighbour=np.concatenate([targets, sources])[order],
        step_edge=step_edge,
        step_out=order < len(lengths),
    )


def components(n_nodes: int, source: ArrayLike, target: ArrayLike) -> NDArray[np.int32]:
    """Return the component of every node, shape ``(n_nodes,)``: 0 for the one with most nodes, then 1, 2 … by size.

    Of two components of one size, the one with the smaller node id comes first.

    Raises
    ------
    InputError
        When the arrays differ in length or a node id is not in ``0…n_nodes-1``.
    """
    shape = np.shape(source)
    sources, targets = _node_ids("source", source, n_nodes, shape), _node_ids("target", target, n_nodes, shape)
    first_node, label, size = np.unique(
        _smallest_nodes(n_nodes, sources, targets), return_inverse=True, return_counts=True
    )
    rank = np.empty(len(size), dtype=np.int32)
    rank[np.lexsort((first_node, -size))] = np.arange(len(size), dtype=np.int32)
    return rank[label]


def _smallest_nodes(n_nodes: int, source: NDArray[np.int32], target: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return for every node the smallest node that it is connected with, shape ``(n_nodes,)``.

    Trees of nodes are hung onto smaller ones they have an edge to, then flattened, until no edge joins two trees
    (Shiloach and Vishkin 1982). SciPy has the same, but takes as long to load as a city's streets take to be read.
    """
    root = np.arange(n_nodes, dtype=np.int32)
    while True:
        of_source, of_target = root[source], root[target]
        apart = of_source != of_target
        if not apart.any():
            return root
        source, target = source[apart], target[apart]
        low, high = np.minimum(of_source[apart], of_target[apart]), np.maximum(of_source[apart], of_target[apart])
        np.minimum.at(root, high, low)
        while np.any((above := root[root]) != root):
            root = above


def _node_ids(field: str, ids: ArrayLike, n_nodes: int, shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Return the ids as int32 after checking shape and range."""
    given = np.asarray(ids)
    if given.shape != shape or given.ndim != 1:
        raise InputError("array_shape_invalid", field=field, value=given.shape, expected=shape)
    if given.size and not (given.min() >= 0 and given.max() < n_nodes):
        bad = given[(given < 0) | (given >= n_nodes)][0]
        raise InputError("node_out_of_range", field=field, value=int(bad), last=n_nodes - 1)
    return given.astype(np.int32)
