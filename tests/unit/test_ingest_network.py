"""Walk networks from hand-drawn OSM files and lines, with every edge counted on paper."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import Geod

from gridmgmt.analysis.walking.model import Trait
from gridmgmt.errors import FileRefusedError
from gridmgmt.ingest.network import NetworkIntake, read_network
from gridmgmt.ingest.walk_access import BARRIERS, WAYS, decide, gate_access, is_gate

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


def test_a_gate_is_a_node_open_or_shut_and_a_wall_parts_the_way(tmp_path: Path) -> None:
    """Way 1 has an open gate at 2 and the residents' own at 4; way 2 runs against a wall at 12; node 9 is on no way."""
    tagged = {
        2: {"barrier": "gate", "name": "南门", "opening_hours": "Mo-Fr 06:00-22:00"},
        4: {"barrier": "lift_gate", "access": "private", "opening_hours": "sunrise-sunset"},
        9: {"barrier": "gate"},
        12: {"barrier": "wall"},
        13: {"entrance": "main", "locked": "yes"},
    }
    ways = [(1, [1, 2, 3, 4, 5], STREET), (2, [11, 12, 13, 14], STREET)]
    network = read_network(_osm(tmp_path / "a.osm", LATTICE, ways, tagged))
    assert _edges(network) == {(1, 1, 2), (1, 2, 4), (1, 4, 5), (2, 11, 12), (2, 12, 13), (2, 13, 14)}
    assert np.bincount(network.node_component).tolist() == [4, 3, 2]
    assert [tags["barrier"] for tags in network.tags] == ["gate", "gate", "lift_gate", "wall", "wall", "entrance"]
    seen = [(g.code, g.name, str(g.access), g.hours, g.hours_text, g.hours_read, g.kind) for g in network.gates]
    assert seen == [
        ("osm-2", "南门", "public", {"mon-fri": ("06:00-22:00",)}, "Mo-Fr 06:00-22:00", True, "gate"),
        ("osm-4", None, "residents", None, "sunrise-sunset", False, "lift_gate"),
        ("osm-13", None, "closed", None, None, True, "entrance"),
    ]
    assert network.node_osm_id is not None
    assert [int(network.node_osm_id[gate.node]) for gate in network.gates] == [2, 4, 13]
    assert network.details["gates"] == {"public": 1, "residents": 1, "closed": 1}
    assert network.details["gates_hours_unread"] == 1


def test_residents_ways_are_kept_and_told_from_public_ones(tmp_path: Path) -> None:
    """Of nodes 1 to 6 in a row the last two edges are private, behind a residents' gate at 4 there are none public."""
    own = {"highway": "service", "access": "private"}
    tagged = {2: {"barrier": "gate", "access": "permit"}}
    ways = [(1, [1, 2, 3], STREET), (2, [3, 4], STREET), (3, [4, 5, 6], own), (4, [6, 16], {**own, "foot": "yes"})]
    network = read_network(_osm(tmp_path / "a.osm", LATTICE, ways, tagged))
    private = {(way, bool(traits & Trait.PRIVATE)) for way, traits in zip(network.way_id, network.traits, strict=True)}
    assert private == {(1, False), (2, False), (3, True), (4, False)}
    assert network.details["components"] == 1
    assert network.details["largest_component_ratio"] == 1
    # A stranger's pieces: 1-2 | 2-3-4 | 6-16: seven ends on paper, three of them together.
    assert network.details["largest_public_component_ratio"] == pytest.approx(3 / 7)
    assert network.details["edges_private"] == 1


def test_traits_and_slope_go_with_the_way(tmp_path: Path) -> None:
    steps = {"highway": "steps", "incline": "-30%", "ramp": "yes"}
    network = read_network(_osm(tmp_path / "a.osm", LATTICE, [(1, [1, 2, 3], steps), (2, [2, 12], STREET)]))
    assert network.traits.tolist() == [Trait.STEPS | Trait.RAMP, Trait.STEPS | Trait.RAMP, 0]
    assert network.slope[:2].tolist() == [pytest.approx(-0.3)] * 2
    assert np.isnan(network.slope[2])
    assert network.node_osm_id is not None
    assert network.node_osm_id[network.source].tolist() == [1, 2, 2]


def test_who_crosses_a_carriageway_waits_once(tmp_path: Path) -> None:
    """The crossing 13 3 33 shares node 3 with the street; its longer half, to 33, is what waits."""
    street = (100, [2, 3, 4], STREET)
    crossing = (200, [13, 3, 33], {"highway": "footway", "footway": "crossing"})
    network = read_network(_osm(tmp_path / "a.osm", LATTICE, [street, crossing]))
    assert network.node_osm_id is not None
    (waiting,) = np.flatnonzero(network.traits & Trait.CROSSING)
    ends = {int(network.node_osm_id[end[waiting]]) for end in (network.source, network.target)}
    assert (ends, len(network.source)) == ({3, 33}, 4)


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
        ({"highway": "service", "access": "private"}, "walked", True),
        ({"highway": "service", "access": "no"}, "not_public", False),
        ({"highway": "footway", "foot": "private"}, "walked", True),
        ({"highway": "service", "access": "private", "foot": "no"}, "foot_forbidden", False),
        ({"highway": "motorway", "access": "private"}, "motor_only", False),
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
        ({"barrier": "bollard"}, True),
        ({"barrier": "bollard", "access": "private"}, False),
        ({"barrier": "bollard", "access": "private", "foot": "yes"}, True),
        ({"barrier": "chain", "locked": "yes"}, False),
        ({"barrier": "wall"}, False),
    ],
)
def test_the_barrier_table_decides(tags: Tags, passable: bool) -> None:
    assert decide(BARRIERS, tags).passable is passable


@pytest.mark.parametrize(
    ("tags", "access"),
    [
        ({"barrier": "gate"}, "public"),
        ({"barrier": "gate", "access": "private"}, "residents"),
        ({"barrier": "gate", "access": "private", "foot": "yes"}, "public"),
        ({"barrier": "gate", "access": "private", "locked": "yes"}, "residents"),
        ({"barrier": "gate", "locked": "yes"}, "closed"),
        ({"barrier": "turnstile", "foot": "permit"}, "residents"),
        ({"barrier": "gate", "foot": "no"}, "closed"),
        ({"barrier": "gate", "access": "emergency"}, "closed"),
        ({"entrance": "emergency"}, "closed"),
        ({"entrance": "yes"}, "public"),
    ],
)
def test_the_table_of_gates_decides(tags: Tags, access: str) -> None:
    assert is_gate(tags)
    assert gate_access(tags) == access


@pytest.mark.parametrize("tags", [{"barrier": "bollard"}, {"barrier": "wall"}, {"entrance": "no"}, {}])
def test_what_does_not_open_is_no_gate(tags: Tags) -> None:
    assert not is_gate(tags)


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


def test_lines_of_whole_ways_join_where_they_share_a_vertex(tmp_path: Path) -> None:
    """As shapefiles of the map have them: a way runs through its junctions, its kind stands in ``fclass``.

    ::

            12   13
            |    |
        1---2----3----4      street 1 2 3 4; path 12 2 ends on it; footway 13 3 23 goes across;
                 |           track 2.5 x passes between 2 and 3 without a vertex of the street
                 23
    """
    ways = {"residential": [1, 2, 3, 4], "path": [12, 2], "footway": [13, 3, 23], "motorway": [4, 14]}
    lines = [shapely.LineString([LATTICE[node] for node in nodes]) for nodes in ways.values()]
    over = shapely.LineString([(121.4025, 31.299), (121.4025, 31.301)])
    frame = gpd.GeoDataFrame({"fclass": [*ways, "track_grade2"]}, geometry=[*lines, over], crs=4326)
    frame.to_file(tmp_path / "roads.shp")
    network = read_network(tmp_path / "roads.shp").whole()
    assert network.way_id.tolist() == [1, 1, 1, 2, 3, 3, 5]
    assert sorted(np.bincount(network.node_component).tolist()) == [2, 7]
    assert network.details["ways_by_rule"] == {"walked": 4, "motor_only": 1}
    walked = sum(GEOD.geometry_length(line) for line in (*lines[:3], over))
    assert float(network.length_m.sum()) == pytest.approx(walked, abs=1e-6)


@pytest.mark.parametrize(("yes", "no"), [(True, False), ("T", "F"), ("yes", "no"), ("1", "0"), ("viaduct", None)])
def test_a_file_with_truth_values_says_which_streets_are_bridges(tmp_path: Path, yes: object, no: object) -> None:
    path = tmp_path / "streets.parquet"
    frame = {"highway": ["residential"] * 2, "bridge": [yes, no]}
    lines = [
        shapely.LineString([(121.4, 31.3), (121.401, 31.3)]),
        shapely.LineString([(121.401, 31.3), (121.402, 31.3)]),
    ]
    gpd.GeoDataFrame(frame, geometry=lines, crs="EPSG:4326").to_parquet(path)
    network = read_network(path)
    assert [bool(traits & Trait.BRIDGE) for traits in network.traits] == [True, False]


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
