"""The synthetic demo district: its counts, its topology and its look, each checked on what `generate` returns."""

import os
import subprocess
import sys

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Geod
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from gridmgmt.demo.generator import EDITION, SOURCE, DemoDistrict
from gridmgmt.demo.lattice import build_skeleton
from gridmgmt.demo.names import street_names
from gridmgmt.demo.towns import TOWNS
from gridmgmt.texts import LANGUAGES, text
from gridmgmt.units import AGE_BANDS
from tests.support.demo import generated

METRES = 95_112.0, 110_872.0
"""Length of a degree of longitude and latitude at 31.4° N."""


@pytest.fixture(scope="module")
def demo() -> DemoDistrict:
    return generated(2015)


def level(demo: DemoDistrict, name: str) -> gpd.GeoDataFrame:
    return demo.areas[demo.areas["level"] == name].set_index("code")


def area_km2(shapes: gpd.GeoSeries) -> pd.Series:
    geod = Geod(ellps="GRS80")
    return shapes.map(lambda shape: abs(geod.geometry_area_perimeter(shape)[0]) / 1e6)


def in_metres(shapes: gpd.GeoSeries) -> np.ndarray:
    return shapely.transform(shapes.to_numpy(), lambda points: points * METRES)


@pytest.mark.long
def test_another_process_on_a_plainer_processor_gives_the_same_bytes(demo):
    """Other string hashes, and numpy and BLAS as on a processor without the newer instructions."""
    program = "from gridmgmt.demo.generator import generate; print(generate(2015).digest())"
    newer = "AVX2 FMA3 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR"
    plainer = {"OPENBLAS_CORETYPE": "Nehalem", "NPY_DISABLE_CPU_FEATURES": newer}
    environment = {**os.environ, "PYTHONHASHSEED": "7", **plainer}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == demo.digest()


def test_another_seed_gives_another_district():
    one, same, other = (
        build_skeleton(street_names(rng), rng).arrangement.points
        for rng in (np.random.Generator(np.random.PCG64(seed)) for seed in (2015, 2015, 2016))
    )
    assert one == same
    assert one != other


def test_towns_have_the_public_names_codes_and_about_the_public_sizes(demo):
    towns = level(demo, "town")
    public = {
        "310113003": ("友谊路街道", 10.45),
        "310113007": ("吴淞街道", 7.52),
        "310113008": ("张庙街道", 5.19),
        "310113101": ("罗店镇", 44.2),
        "310113102": ("大场镇", 27.22),
        "310113103": ("杨行镇", 37.9),
        "310113104": ("月浦镇", 45.3),
        "310113106": ("罗泾镇", 48.2),
        "310113109": ("顾村镇", 41.66),
        "310113111": ("高境镇", 7.1),
        "310113112": ("庙行镇", 5.96),
        "310113113": ("淞南镇", 13.65),
    }
    assert towns["name"].to_dict() == {code: name for code, (name, _) in public.items()}
    sizes = area_km2(towns.geometry)
    for code, (_, published_km2) in public.items():
        assert sizes[code] == pytest.approx(published_km2, rel=0.15)
    assert (towns["kind"] == "subdistrict").sum() == 3
    assert level(demo, "district").index.tolist() == ["310113"]


def test_the_district_lies_where_the_real_one_does(demo):
    west, south, east, north = demo.areas.total_bounds
    assert 121.26 < west < east < 121.53
    assert 31.27 < south < north < 31.53


def test_middle_levels(demo):
    units = level(demo, "basic_management_unit")
    assert sorted(zip(units["name"], units["parent_code"], strict=True)) == sorted(
        [("大华社区", "310113102"), ("菊泉社区", "310113109"), ("共泰社区", "310113109"), ("罗家园社区", "310113101")]
    )
    one, two = units[units["parent_code"] == "310113109"].geometry
    assert one.disjoint(two)
    assert all(len(shape.geoms) == 1 for shape in units.geometry)
    sectors = level(demo, "sector")
    assert set(sectors["parent_code"]) == {"310113103"}
    assert sorted(sectors["housing_type"]) == ["commercial", "mixed", "old_estate", "resettlement"]
    assert max(len(shape.geoms) for shape in sectors.geometry) > 1


def test_quarters_are_counted_as_the_issue_says(demo):
    quarters = level(demo, "residential_quarter")
    assert 550 <= len(quarters) <= 570
    assert quarters.index.is_unique
    assert quarters["name"].is_unique
    per_town = quarters.index.str[:9].value_counts()
    assert per_town["310113103"] == 40
    assert per_town["310113112"] == 19
    assert set(quarters.loc[quarters.index.str.startswith("310113103"), "parent_code"]) == set(
        level(demo, "sector").index
    )
    assert set(quarters.loc[quarters.index.str.startswith("310113112"), "parent_code"]) == {"310113112"}
    assert all(code.startswith(parent[:9]) for code, parent in quarters["parent_code"].items())


def test_no_gap_and_no_overlap(demo):
    for name in ("residential_quarter", "town"):
        shapes = level(demo, name).geometry.to_numpy()
        assert shapely.is_valid(shapes).all()
        assert shapely.coverage_is_valid(shapes)
    whole = area_km2(level(demo, "district").geometry).iloc[0]
    assert area_km2(level(demo, "residential_quarter").geometry).sum() == pytest.approx(whole, rel=1e-9)
    assert area_km2(level(demo, "town").geometry).sum() == pytest.approx(whole, rel=1e-9)


def test_every_area_is_exactly_the_union_of_its_children(demo):
    areas = demo.areas.set_index("code")
    towns = areas[areas["level"] == "town"]
    below_town = areas[areas["level"] == "residential_quarter"]
    for code, shape in towns.geometry.items():
        children = below_town.geometry[below_town.index.str.startswith(code)]
        assert shapely.coverage_union_all(children.to_numpy()).equals(shape)
    for name in ("basic_management_unit", "sector"):
        for code, shape in level(demo, name).geometry.items():
            children = areas.geometry[areas["parent_code"] == code]
            assert shapely.coverage_union_all(children.to_numpy()).equals(shape)
    assert shapely.coverage_union_all(towns.geometry.to_numpy()).equals(areas.geometry["310113"])


def test_coordinates_have_seven_decimals(demo):
    for part in demo.frames().values():
        points = shapely.get_coordinates(part.geometry.to_numpy())
        assert np.array_equal(points, np.round(points, 7))
        assert part.geometry.is_valid.all()


def test_quarter_borders_follow_streets_or_barriers(demo):
    """Nearly all of the border between two quarters lies within 1 m of a street's middle, or in water, or on rails."""
    quarters = level(demo, "residential_quarter").geometry
    outer = level(demo, "district").geometry.iloc[0].boundary
    borders = shapely.union_all(quarters.boundary.to_numpy()).difference(outer.buffer(1e-5))
    pieces = shapely.segmentize(in_metres(gpd.GeoSeries(shapely.get_parts(borders))), 20.0)
    points = shapely.points(np.unique(shapely.get_coordinates(pieces), axis=0))
    streets = shapely.STRtree(in_metres(demo.streets.geometry))
    on_street = np.unique(streets.query(points, predicate="dwithin", distance=1.0)[0])
    barriers = shapely.union_all([*in_metres(demo.water.geometry), *shapely.buffer(in_metres(demo.rail.geometry), 15)])
    on_barrier = np.flatnonzero(shapely.intersects(barriers, points))
    assert len(np.union1d(on_street, on_barrier)) > 0.995 * len(points)


def test_streets_meet_only_at_shared_ends(demo):
    lines = demo.streets.geometry.to_numpy()
    assert shapely.is_simple(lines).all()
    ends = [{line.coords[0], line.coords[-1]} for line in lines]
    assert all(len(pair) == 2 for pair in ends)
    one, two = shapely.STRtree(lines).query(lines, predicate="intersects")
    one, two = one[one < two], two[one < two]
    met = shapely.intersection(lines[one], lines[two])
    for a, b, place in zip(one, two, met, strict=True):
        assert set(shapely.get_coordinates(place).view("f8,f8").ravel().tolist()) <= ends[a] & ends[b]


def test_nearly_all_of_the_walk_network_hangs_together(demo):
    walkable = demo.streets[demo.streets["gate"] != "closed"].geometry
    ends = np.array([(line.coords[0], line.coords[-1]) for line in walkable]).reshape(-1, 2)
    nodes, number = np.unique(ends, axis=0, return_inverse=True)
    pairs = number.reshape(-1, 2)
    graph = coo_matrix((np.ones(len(pairs)), pairs.T), shape=(len(nodes), len(nodes)))
    _, component = connected_components(graph, directed=False)
    assert np.bincount(component).max() > 0.97 * len(nodes)


def test_some_towns_are_well_covered_and_some_badly(demo):
    """Share of residents within 1000 m on foot of an open point, node to node: a rough witness, not the rule itself."""
    streets = demo.streets[demo.streets["gate"] != "closed"].geometry
    ends = np.array([(line.coords[0], line.coords[-1]) for line in streets]).reshape(-1, 2)
    nodes, number = np.unique(ends, axis=0, return_inverse=True)
    near = cKDTree(nodes * METRES)
    pairs, lengths = number.reshape(-1, 2).T, shapely.length(in_metres(streets))
    graph = coo_matrix((lengths, pairs), shape=(len(nodes), len(nodes))).tocsr()
    points = demo.service_points[demo.service_points["status"] == "open"]
    starts = near.query(shapely.get_coordinates(in_metres(points.geometry)))[1]
    away_m = dijkstra(graph, directed=False, indices=starts, min_only=True)
    leg_m, node = near.query(shapely.get_coordinates(in_metres(demo.places.geometry)))
    residents = demo.places[[f"residents_{band}" for band in AGE_BANDS]].sum(axis=1).to_numpy()
    towns = level(demo, "town").geometry
    place, town = shapely.STRtree(demo.places.geometry.to_numpy()).query(towns.to_numpy(), predicate="contains")[::-1]
    covered = (away_m[node] + leg_m <= 1000.0)[place]
    totals = np.bincount(town, residents[place])
    shares = np.bincount(town, residents[place] * covered) / totals
    assert shares.min() < 0.4
    assert shares.max() > 0.95
    assert 0.65 < (shares * totals).sum() / totals.sum() < 0.85


def test_only_bridges_cross_the_water(demo):
    water = shapely.union_all(in_metres(demo.water.geometry)).buffer(-0.5)
    wet = demo.streets[shapely.intersects(in_metres(demo.streets.geometry), water)]
    assert len(wet) > 0
    assert wet["bridge"].all()
    river = shapely.buffer(in_metres(demo.water.geometry[demo.water["kind"] == "river"]), -0.5)
    over_river = shapely.intersects(in_metres(wet.geometry), river[0])
    assert 3 <= over_river.sum() <= 8


def test_walls_are_crossed_only_at_gates_and_open_gates_have_openings(demo):
    streets, walls = demo.streets.geometry.to_numpy(), demo.walls.geometry.to_numpy()
    crossing, _ = shapely.STRtree(walls).query(streets, predicate="intersects")
    assert len(crossing) > 0
    assert set(demo.streets["gate"].iloc[crossing]) == {"closed"}
    assert (demo.streets["gate"] == "open").sum() > 5000


def test_one_compound_has_a_shut_side_gate_towards_a_service_point(demo):
    """天馨花园 in 杨行: its side gate is nearer to the nearest open point than the main gate, and within 500 m."""
    gates, points = demo.gates.set_index("name"), demo.service_points
    name = demo.compounds["name"].iloc[0]
    assert (name, len(demo.compounds)) == ("天馨花园", 40)
    assert gates.loc["红林路小门", "access"] == "closed"
    assert gates.loc["天馨花园正门", ["access", "hours"]].tolist() == ["public", None]
    near = cKDTree(shapely.get_coordinates(in_metres(points[points["status"] == "open"].geometry)))
    away_m, _ = near.query(shapely.get_coordinates(in_metres(gates.geometry[["红林路小门", "天馨花园正门"]])))
    assert away_m[0] + 100 < away_m[1]
    assert away_m[0] < 520  # the gate stands some metres behind the street
    side = in_metres(gates.geometry[["红林路小门"]])[0]
    outside = in_metres(demo.streets.geometry[demo.streets["name"] == "红林路"])
    assert shapely.distance(side, outside).min() < 50


def test_every_gate_stands_in_the_wall_of_a_compound(demo):
    walls = shapely.union_all(shapely.boundary(in_metres(demo.compounds.geometry)))
    assert shapely.distance(in_metres(demo.gates.geometry), walls).max() < 0.05
    assert demo.gates["code"].is_unique
    assert set(demo.gates["access"]) == {"public", "residents", "closed"}
    assert set(demo.gates.loc[demo.gates["access"] == "residents", "hours"]) == {"mon-sun 06:00-22:00"}
    homes = shapely.STRtree(demo.places.geometry.to_numpy())
    lived_in, _ = homes.query(demo.compounds.geometry.to_numpy(), predicate="contains")
    assert set(lived_in) == set(range(40))


def test_built_up_quarters_have_nine_kilometres_of_streets_and_walls_per_km2(demo):
    quarters = level(demo, "residential_quarter")
    built_up = quarters[[attributes["built_up"] for attributes in quarters["attributes"]]]
    assert len(built_up) > 350
    lines = np.concatenate([in_metres(demo.streets.geometry), in_metres(demo.walls.geometry)])
    middles = shapely.line_interpolate_point(lines, 0.5, normalized=True)
    inside = shapely.buffer(in_metres(built_up.geometry), -1.0)
    quarter, line = shapely.STRtree(middles).query(inside, predicate="contains")
    within_km = np.bincount(quarter, shapely.length(lines)[line], minlength=len(built_up)) / 1000
    border_km = shapely.length(in_metres(built_up.geometry)) / 1000
    density = (within_km + border_km / 2) / area_km2(built_up.geometry).to_numpy()
    assert density.min() >= 9.0


def test_places_hold_a_third_of_about_two_million_residents(demo):
    bands = [f"residents_{band}" for band in AGE_BANDS]
    assert len(demo.places) >= 20_000
    assert demo.places["place_no"].is_unique
    assert (demo.places[bands] >= 0).all(axis=None)
    assert 600_000 < demo.places[bands].to_numpy().sum() < 660_000
    district = level(demo, "district").geometry.iloc[0]
    shapely.prepare(district)
    assert shapely.contains(district, demo.places.geometry.to_numpy()).all()
    near = shapely.STRtree(in_metres(demo.streets.geometry)).query(
        in_metres(demo.places.geometry), predicate="dwithin", distance=100.0
    )[0]
    assert 0.98 < len(np.unique(near)) / len(demo.places) < 1.0


def test_service_points(demo):
    points = demo.service_points
    assert points["code"].is_unique
    planned = points[points["status"] == "planned"]
    assert len(planned) == 15
    assert planned["code"].str.startswith("310113008").all()
    assert set(points.loc[points["status"] == "open", "code"].str[:9]) == {town.code for town in TOWNS}
    assert (points["capacity"] > 0).all()
    towns = level(demo, "town").geometry
    assert all(towns[code[:9]].contains(place) for code, place in zip(points["code"], points.geometry, strict=True))


def test_three_property_service_stations_are_open(demo):
    """一站服务 物业工作室: a type of service points of its own."""
    stations = demo.service_points[demo.service_points["type"] == "property_service_station"]
    assert stations["status"].tolist() == ["open"] * 3
    assert stations["code"].str[:9].is_unique


@pytest.mark.parametrize("lang", LANGUAGES)
def test_names_of_source_and_edition_say_that_it_is_synthetic(lang):
    word = {"zh": "合成", "en": "synthetic"}[lang]
    assert word in text(SOURCE, lang, seed=2015)
    assert word in text(EDITION, lang)
