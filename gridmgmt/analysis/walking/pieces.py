"""Connected pieces of a network without some of its passages, and how deep behind these they lie."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]


def pieces_of(n_nodes: int, source: Ints, target: Ints) -> Ints:
    """Return the connected piece of every node."""
    from scipy.sparse import coo_array  # noqa: PLC0415 -- networks without gates do without it
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415 -- as above

    matrix = coo_array((np.ones(len(source), dtype=np.int8), (source, target)), shape=(n_nodes, n_nodes))
    found: Ints = connected_components(matrix.tocsr(), directed=False)[1]
    return found


def depths(piece: Ints, passages: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Return behind how many passages each piece lies, seen from the largest one; 0 also for what is not behind any."""
    links: dict[int, set[int]] = defaultdict(set)
    for source, target in passages:
        links[int(piece[source])].add(int(piece[target]))
        links[int(piece[target])].add(int(piece[source]))
    sizes = np.bincount(piece)
    depth = dict.fromkeys(links, 0)
    # Each group of pieces that hang together by passages is entered at its largest.
    left = sorted(links, key=lambda p: (-int(sizes[p]), p))
    seen: set[int] = set()
    for start in left:
        if start in seen:
            continue
        ring, level = {start}, 0
        while ring:
            depth |= dict.fromkeys(ring, level)
            seen |= ring
            ring, level = {n for p in ring for n in links[p]} - seen, level + 1
    return depth
