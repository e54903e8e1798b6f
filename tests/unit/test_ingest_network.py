"""Walk networks from hand-drawn OSM files and lines, with every edge counted on paper."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import Geod

from gridmgmt.errors import FileRefusedError
from gridmgmt.ingest.network import NetworkIntake, read_network
from gridmgmt.ingest.walk_access import BARRIERS, WAYS, decide

GEOD = Geod(ellps="WGS84")
Tags = Mapping[str, str]


def _osm(
    path: Path,
    nodes: Mapping[int, tuple[float, float]],
    ways: Sequence[tuple[int, Sequence[int], Tags]],
    tagged: Mapping[int, Tags] | None = None,
) -> Path:
    def xml_tags(tags: Tags) -> str:
        return "".join(f'<tag k="{k}" v="{v}"/>' for k, v in tags.items())

    lines = ['<?xml version="1.0"?><osm version="0.6">']
    lines += [
        f'<node id="{i}" lon="{x}" lat="{y}">{xml_tags((tagged or {}).get(i, {}))}</node>'
        for i, (x, y) in nodes.items()
    ]
    for way, refs, tags in ways:
        lines.append(f'<way id="{way}">' + "".join(f'<nd ref="{ref}"/>' for ref in refs) + xml_tags(tags) + "</way>")
    path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")
    return path


def _edges(network: NetworkIntake) -> set[tuple[int, int, int]]:
    """Edges as (way, smaller OSM node, larger OSM node)."""
    assert network.node_osm_id is not None
    ends = np.sort(network.node_osm_id[np.column_stack([network.source, network.target])], axis=1)
    return set(zip(network.way_id.tolist(), *ends.T.tolist(), strict=True))


LATTICE = {i: (121.40 + 0.001 * (i % 10), 31.30 + 0.001 * (i // 10)) for i in range(1, 40)}
STREET = {"highway": "residential"}


def test_ways_are_split_at_shared_nodes_only(tmp_path: Path) -> None:
    """One street of five nodes, crossed in its middle; a bridge passes over without a shared node.

    ::

        11        13
                  |
        1--2--3---...      way 100: 1 2 3 4 5; way 200: 13 3 23 (shares 3); way 300: 14 24 (shares none)
    """
    path = _osm(
        tmp_path / "a.osm",
        LATTICE,
        [(100, [1, 2, 3, 4, 5], STREET), (200, [13, 3, 23], STREET), (300, [14, 24], STREET)],
    )
    network = read_network(path)
    assert _edges(network) == {(100, 1, 3), (100, 3, 5), (200, 3, 13), (200, 3, 23), (300, 14, 24)}
    assert len(network.node_lonlat) == 7
    assert sorted(network.component.tolist()) == [0, 0, 0, 0, 1]
    assert network.details["components"] == 2


def test_lengths_are_geodesic_and_geometry_runs_from_source_to_target(tmp_path: Path) -> None:
    network = read_network(_osm(tmp_path / "a.osm", LATTICE, [(1, [1, 2, 12, 13], STREET)]))
    lon, lat = zip(*(LATTICE[i] for i in (1, 2, 12, 13)), strict=True)
    assert network.length_m.tolist() == [pytest.approx(GEOD.line_length(lon, lat), abs=1e-6)]
    line = network.geometry[0]
    assert line.coords[0] == pytest.approx(tuple(network.node_lonlat[network.source[0]]))
    assert line.coords[-1] == pytest.approx(tuple(network.node_lonlat[network.target[0]]))
    assert len(line.coords) == 4


def test_a_loop_is_halved_so_that_it_has_two_ends(tmp_path: Path) -> None:
    path = _osm(tmp_path / "a.osm", LATTICE, [(1, [1, 2], STREET), (2, [2, 3, 13, 12, 2], STREET)])
    network = read_network(path)
    assert network.details["loops_halved"] == 1
    assert np.all(network.source != network.target)
    assert len(network.source) == 3
    lon, lat = zip(*(LATTICE[i] for i in (2, 3, 13, 12, 2)), strict=True)
    around = GEOD.line_length(lon, lat)
    assert network.length_m[network.way_id == 2].sum() == pytest.approx(around, abs=1e-6)
    assert sorted(network.node_osm_id.tolist()) == [-1, 1, 2]  # type: ignore[union-attr]  # an OSM file has ids


def test_repeats_go_and_parallel_ways_stay(tmp_path: Path) -> None:
    ways = [
        (1, [1, 2, 3], STREET),
        (2, [3, 2, 1], STREET),
        (3, [1, 12, 3], STREET),
        (4, [4, 4, 5], STREET),
        (5, [6, 6], STREET),
    ]
    network = read_network(_osm(tmp_path / "a.osm", LATTICE, ways))
    assert network.details["repeated_edges"] == 2  # way 2 repeats both edges of way 1: node 2 is shared
    assert _edges(network) == {(1, 1, 2), (1, 2, 3), (3, 1, 3), (4, 4, 5)}


def test_gates_let_through_and_shut_ones_part_the_way(tmp_path: Path) -> None:
    tagged = {2: {"barrier": "gate"}, 4: {"barrier": "gate", "access": "private"}}
    network = read_network(_osm(tmp_path / "a.osm", LATTICE, [(1, [1, 2, 3, 4, 5], STREET)], tagged))
    assert _edges(network) == {(1, 1, 2), (1, 2, 4), (1, 4, 5)}
    assert network.details["components"] == 2
    assert [tags.get("barrier") for tags in network.tags] == ["gate", "gate", "gate"]
    assert sorted(network.node_component.tolist()) == [0, 0, 0, 1, 1]


def test_an_extract_that_lacks_nodes_keeps_the_pieces_it_has(tmp_path: Path) -> None:
    network = read_network(_osm(tmp_path / "a.osm", LATTICE, [(1, [1, 2, 999, 3, 4, 998, 5], STREET)]))
    assert _edges(network) == {(1, 1, 2), (1, 3, 4)}
    assert network.details["ways_incomplete"] == 1


@pytest.mark.parametrize(
    ("tags", "rule", "walked"),
    [
        ({"highway": "footway"}, "walked", True),
        ({"highway": "steps"}, "walked", True),
        ({"highway": "motorway"}, "motor_only", False),
        ({"highway": "motorway", "foot": "yes"}, "foot_allowed", True),
        ({"highway": "trunk"}, "motor_only", False),
        ({"highway": "trunk", "sidewalk": "both"}, "sidewalk", True),
        ({"highway": "primary", "foot": "no"}, "foot_forbidden", False),
        ({"highway": "service", "access": "private"}, "not_public", False),
        ({"highway": "service", "access": "private", "foot": "yes"}, "foot_allowed", True),
        ({"highway": "pedestrian", "area": "yes"}, "area", False),
        ({"highway": "construction", "foot": "yes"}, "not_built", False),
        ({"highway": "primary", "motorroad": "yes"}, "motor_road", False),
        ({"highway": "secondary", "tunnel": "yes"}, "road_tunnel", False),
        ({"highway": "footway", "tunnel": "yes"}, "walked", True),
        ({"highway": "corridor", "indoor": "yes"}, "indoor", False),
        ({"highway": "raceway"}, "motor_only", False),
        ({"highway": "bus_stop"}, "unknown", False),
        ({"route": "ferry"}, "unknown", False),
    ],
)  # fmt: skip
def test_the_access_table_decides(tags: Tags, rule: str, walked: bool) -> None:
    decided = decide(WAYS, tags)
    assert (decided.name, decided.passable) == (rule, walked)


@pytest.mark.parametrize(
    ("tags", "passable"),
    [
        ({"barrier": "gate"}, True),
        ({"barrier": "bollard"}, True),
        ({"barrier": "gate", "access": "private"}, False),
        ({"barrier": "gate", "access": "private", "foot": "yes"}, True),
        ({"barrier": "gate", "locked": "yes"}, False),
        ({"barrier": "wall"}, False),
    ],
)
def test_the_barrier_table_decides(tags: Tags, passable: bool) -> None:
    assert decide(BARRIERS, tags).passable is passable


def test_every_rule_has_its_reason_and_the_last_catches_all() -> None:
    for table in (WAYS, BARRIERS):
        assert all(rule.reason for rule in table)
        assert len({rule.name for rule in table}) == len(table)
        assert table[-1].when == {}


def test_lines_join_by_their_ends_and_not_by_node_columns(tmp_path: Path) -> None:
    """Columns u and v contradict the geometry, as in real files; lines that cross in the middle do not join."""
    lines = [
        shapely.LineString([(121.40, 31.30), (121.41, 31.30)]),
        shapely.LineString([(121.42, 31.30), (121.41, 31.30 + 4e-9)]),
        shapely.LineString([(121.405, 31.29), (121.405, 31.31)]),
        shapely.MultiLineString([[(121.42, 31.30), (121.43, 31.30)], [(121.43, 31.30), (121.44, 31.30)]]),
        shapely.LineString([(121.40, 31.30), (121.40, 31.35)]),
        None,
    ]
    frame = gpd.GeoDataFrame(
        {
            "u": [1, 2, 3, 4, 5, 6], "v": [2, 9, 4, 5, 6, 7],
            "highway": ["road", "primary", "path", "footway", "motorway", "path"],
        },
        geometry=np.array(lines, dtype=object), crs=4326,
    )  # fmt: skip
    frame.to_crs(4549).to_parquet(tmp_path / "a.parquet")
    network = read_network(tmp_path / "a.parquet")
    assert network.crs_declared
    assert len(network.source) == 5
    assert len(network.node_lonlat) == 7
    assert network.way_id.tolist() == [1, 2, 3, 4, 4]
    assert np.bincount(network.node_component).tolist() == [5, 2]
    assert network.details["ways_by_rule"] == {"walked": 5, "motor_only": 1}
    assert [(problem.row, problem.code) for problem in network.problems] == [(6, "geometry_missing")]
    with pytest.raises(FileRefusedError):
        network.whole()
    assert network.whole(partial=True) is network


def test_the_same_file_gives_the_same_arrays(tmp_path: Path) -> None:
    path = _osm(tmp_path / "a.osm", LATTICE, [(1, [1, 2, 3], STREET), (2, [12, 2, 22], STREET)])
    first, second = read_network(path), read_network(path)
    assert first.file_sha256 == second.file_sha256
    for name in ("node_lonlat", "source", "target", "length_m", "way_id", "component"):
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()


@pytest.mark.parametrize("content", [b"", b"not osm at all", b'<?xml version="1.0"?><osm><node id="1"'])
def test_damaged_osm_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.osm").write_bytes(content)
    with pytest.raises(FileRefusedError):
        read_network(tmp_path / "a.osm")


def test_an_osm_file_without_ways_has_nothing_to_keep(tmp_path: Path) -> None:
    network = read_network(_osm(tmp_path / "a.osm", LATTICE, []))
    assert len(network.source) == 0
    with pytest.raises(FileRefusedError) as refusal:
        network.whole()
    assert refusal.value.code == "nothing_to_take"
