"""Whatever ways are drawn over a lattice, splitting them neither joins nor parts what they connect."""

import itertools
import tempfile
from pathlib import Path

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from gridmgmt.ingest.network import NetworkIntake, read_network

GEOD = Geod(ellps="WGS84")
PLACES = {i: (121.40 + 0.001 * (i % 5), 31.30 + 0.001 * (i // 5)) for i in range(1, 25)}
WAYS = st.lists(st.lists(st.sampled_from(sorted(PLACES)), min_size=2, max_size=7), min_size=1, max_size=8)


def _read(ways: list[list[int]]) -> NetworkIntake:
    nodes = [f'<node id="{i}" lon="{x:.7f}" lat="{y:.7f}"/>' for i, (x, y) in PLACES.items()]
    drawn = [
        f'<way id="{k}">{"".join(f"""<nd ref="{i}"/>""" for i in way)}<tag k="highway" v="path"/></way>'
        for k, way in enumerate(ways, 1)
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.osm"
        path.write_text("\n".join(['<osm version="0.6">', *nodes, *drawn, "</osm>"]), encoding="utf-8")
        return read_network(path)


@settings(max_examples=60, deadline=None)
@given(WAYS)
def test_shortest_walks_between_junctions_are_those_of_the_drawn_ways(ways: list[list[int]]) -> None:
    drawn: nx.Graph[int] = nx.Graph()
    for way in ways:
        for a, b in itertools.pairwise(way):
            if a != b:
                drawn.add_edge(a, b, length_m=GEOD.inv(*PLACES[a], *PLACES[b])[2])
    network = _read(ways)
    assert network.node_osm_id is not None
    walked: nx.MultiGraph[int] = nx.MultiGraph()
    walked.add_weighted_edges_from(
        zip(network.source.tolist(), network.target.tolist(), network.length_m.tolist(), strict=True), "length_m"
    )
    place = {node: osm for node, osm in enumerate(network.node_osm_id.tolist()) if osm >= 0}
    expected = dict(nx.all_pairs_dijkstra_path_length(drawn, weight="length_m"))
    found = dict(nx.all_pairs_dijkstra_path_length(walked, weight="length_m"))
    for a, osm_a in place.items():
        reached = {place[b]: length for b, length in found[a].items() if b in place}
        assert reached.keys() == expected[osm_a].keys() & set(place.values())
        for osm_b, length in reached.items():
            assert abs(length - expected[osm_a][osm_b]) < 1e-6
    assert np.all(network.source != network.target)
