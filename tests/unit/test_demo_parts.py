"""The parts the demo is built from, on figures small enough to check by hand."""

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
import shapely

from gridmgmt.demo.arrangement import Arrangement, Line, ring_area_m2
from gridmgmt.demo.hierarchy import grow, spread_seeds
from gridmgmt.demo.names import numeral, street_names
from gridmgmt.demo.streets import build_streets
from gridmgmt.demo.subdivision import subdivide

STREET = Line("residential", "示例路")


def rectangle(width_m: float, height_m: float, line: Line = STREET) -> tuple[Arrangement, int]:
    arrangement = Arrangement()
    ring = [arrangement.add_point(p) for p in ((0, 0), (width_m, 0), (width_m, height_m), (0, height_m))]
    for u, v in zip(ring, ring[1:] + ring[:1], strict=True):
        arrangement.add_edge(u, v, line)
    return arrangement, arrangement.add_face(ring)


def test_splitting_an_edge_puts_the_point_into_both_faces():
    """Two unit squares side by side; the point goes into the edge between them."""
    arrangement, left = rectangle(2, 1)
    bottom, top = arrangement.split_edge(0, 1, (1, 0)), arrangement.split_edge(2, 3, (1, 1))
    right = arrangement.split_face(left, [bottom, top], STREET)
    middle = arrangement.split_edge(bottom, top, (1, 0.5))
    assert middle in arrangement.faces[left]
    assert middle in arrangement.faces[right]
    assert [ring_area_m2(arrangement.ring_m(face)) for face in (left, right)] == [1.0, 1.0]
    assert arrangement.polygon(left).touches(arrangement.polygon(right))


@pytest.mark.parametrize("seed", range(20))
def test_pieces_of_a_face_tile_it(seed):
    arrangement, face = rectangle(400, 260)
    pieces = subdivide(arrangement, face, 9_000.0, lambda _depth: STREET, np.random.Generator(np.random.PCG64(seed)))
    shapes = [arrangement.polygon(piece) for piece in pieces]
    assert shapely.coverage_is_valid(shapes)
    assert sum(shape.area for shape in shapes) == pytest.approx(400 * 260, rel=1e-12)
    assert max(shape.area for shape in shapes) <= 9_000 * 1.9
    assert len(pieces) >= 7


def test_groups_grow_contiguous_and_even():
    """A 6 × 6 board gathered into 4 groups."""
    board = nx.convert_node_labels_to_integers(nx.grid_2d_graph(6, 6), label_attribute="place")
    centres = np.array([board.nodes[k]["place"] for k in board], dtype=float)
    near = {k: dict.fromkeys(board[k], 0.0) for k in board}
    labels = grow(near, centres, spread_seeds(centres, 4))
    assert sorted(np.unique(labels)) == [0, 1, 2, 3]
    for group in range(4):
        members = np.flatnonzero(labels == group)
        assert nx.is_connected(board.subgraph(members.tolist()))
        assert 6 <= len(members) <= 12


def test_a_street_ends_at_the_bank_and_a_main_street_crosses_on_a_bridge():
    """A river along y = 0, 84 m wide, and two streets across it; only the one at x = 100 has a crossing.

    ::

        100 ┬  ┬          the left street becomes two stretches of 58 m,
            │  │          the right one two such stretches and a bridge of 84 m
        ≈≈≈≈╪≈≈╪≈≈≈≈  0
            │  │
       -100 ┴  ┴
            0  100
    """
    arrangement = Arrangement()
    main = Line("secondary", "示例大道")
    river = [arrangement.add_point((x, 0)) for x in (-100, 0, 100, 200)]
    for u, v in pairwise(river):
        arrangement.add_edge(u, v, Line("river"))
    for x, middle in ((0, river[1]), (100, river[2])):
        for y in (100, -100):
            arrangement.add_edge(middle, arrangement.add_point((x, y)), main)
    streets = build_streets(arrangement, frozenset({river[2]}), shapely.box(-100, -42, 200, 42))
    lengths = sorted((street.bridge, round(shapely.LineString(street.path).length, 6)) for street in streets)
    assert lengths == [(False, 58.0)] * 4 + [(True, 84.0)]


def test_numerals():
    assert [numeral(k) for k in (1, 9, 10, 11, 20, 21, 99)] == ["一", "九", "十", "十一", "二十", "二十一", "九十九"]


def test_street_names_are_never_given_twice():
    names = list(street_names(np.random.Generator(np.random.PCG64(1))))
    assert len(names) == len(set(names)) > 6000
