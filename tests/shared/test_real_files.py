"""The real files beside the checkout, at the level of reading: counts and flaws as their README measured them."""

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod

from gridmgmt.crs import Datum, choose_metric_crs, wgs84_to_gcj02
from gridmgmt.errors import FileRefusedError, InputError
from gridmgmt.ingest.areas import read_areas
from gridmgmt.ingest.case_mapping import CaseMapping
from gridmgmt.ingest.cases import read_cases
from gridmgmt.ingest.homes import read_homes
from gridmgmt.ingest.network import NetworkIntake, read_network
from gridmgmt.ingest.raster import read_population_rasters
from gridmgmt.ingest.registration import Verdict, assess, sample_points
from gridmgmt.ingest.service_points import read_service_points

pytestmark = pytest.mark.shared_data

Objects = NDArray[np.object_]
SHANGHAI = choose_metric_crs((120.85, 30.67, 122.25, 31.87))
WUHAN = choose_metric_crs((113.69, 29.97, 115.08, 31.37))


def _geometry(frame: gpd.GeoDataFrame) -> Objects:
    return np.asarray(frame.geometry.values, dtype=object)


@pytest.fixture(scope="module")
def towns(shared_data: Path) -> Objects:
    return _geometry(read_areas(shared_data / "boundaries" / "shanghai_towns_osm_wgs84.geojson.gz").frame)


@pytest.fixture(scope="module")
def dachang(shared_data: Path) -> NetworkIntake:
    return read_network(shared_data / "networks" / "shanghai_baoshan_dachang.osm.pbf")


def test_baoshan_towns_eight_taken_and_the_union_refused(shared_data: Path) -> None:
    intake = read_areas(shared_data / "boundaries" / "baoshan_towns_osm_wgs84.geojson")
    assert (intake.read, len(intake.frame)) == (9, 8)
    assert [(problem.row, problem.code) for problem in intake.problems] == [(9, "code_missing")]
    assert intake.frame.set_index("code")["name"]["310113109"] == "顾村镇"
    areas_km2 = [abs(Geod(ellps="WGS84").geometry_area_perimeter(g)[0]) / 1e6 for g in intake.frame.geometry]
    assert areas_km2 == pytest.approx([41.64, 4.76, 14.17, 7.11, 39.31, 44.33, 48.60, 41.12], rel=1e-3)


def test_all_109_towns_and_the_wuhan_outline_are_taken_whole(shared_data: Path) -> None:
    shanghai = read_areas(shared_data / "boundaries" / "shanghai_towns_osm_wgs84.geojson.gz").whole()
    assert len(set(shanghai.frame["code"])) == 109
    outline = read_areas(shared_data / "population" / "wuhan_worldpop" / "wuhan_boundary.geojson").whole()
    assert outline.frame[["code", "name"]].to_numpy().tolist() == [["-3076268", "武汉市"]]


def test_the_broken_outline_is_refused_at_line_5(shared_data: Path) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        read_areas(shared_data / "population" / "wuhan_worldpop" / "wuhan_boundary_broken.geojson")
    assert refusal.value.code == "json_malformed"
    assert refusal.value.fields["line"] == 5


def test_districts_have_number_codes_as_text(shared_data: Path) -> None:
    path = shared_data / "boundaries" / "shanghai_districts_datav_gcj02.json"
    intake = read_areas(path, datum=Datum.GCJ02).whole()
    assert len(intake.frame) == 16
    assert "310113" in set(intake.frame["code"])
    assert not intake.crs_declared


def test_committees_without_codes_are_refused_with_the_columns_found(shared_data: Path) -> None:
    with pytest.raises(InputError, match="admin_level"):
        read_areas(shared_data / "boundaries" / "baoshan_dachang_4_juweihui_osm_wgs84.geojson")


def test_canteens_come_over_from_gcj02(shared_data: Path) -> None:
    path = shared_data / "service_points" / "shanghai_elderly_canteens_official.csv"
    with pytest.raises(InputError) as undeclared:
        read_service_points(path, type_="community_canteen")
    assert undeclared.value.code == "datum_contradicted"
    frame = read_service_points(path, datum=Datum.GCJ02, type_="community_canteen").whole().frame
    assert len(frame) == 97
    with path.open(encoding="utf-8", newline="") as stream:
        source = np.array([[float(r["lon_gcj02"]), float(r["lat_gcj02"])] for r in csv.DictReader(stream)])
    there = np.column_stack(wgs84_to_gcj02(frame.geometry.x.to_numpy(), frame.geometry.y.to_numpy()))
    assert np.abs(there - source).max() < 1e-9


def test_only_human_medicine_is_kept(shared_data: Path) -> None:
    path = shared_data / "service_points" / "shanghai_medical_poi_wgs84.csv.gz"
    intake = read_service_points(path, type_="medical", filters=["type!~动物医疗"]).whole()
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        human = sum("动物医疗" not in row["type"] for row in csv.DictReader(stream))
    assert len(intake.frame) == human
    assert human + intake.details["filtered_out"] == 7513  # type: ignore[operator]  # details are untyped
    assert intake.frame["code"].is_unique


@pytest.mark.parametrize("name", ["shanghai_elder_activity_rooms_2016.csv.gz", "shanghai_nursing_homes_2016.csv.gz"])
def test_lists_without_coordinates_are_refused(shared_data: Path, name: str) -> None:
    with pytest.raises(InputError) as refusal:
        read_service_points(shared_data / "service_points" / name, type_="activity_room")
    assert refusal.value.code == "column_missing"


def test_boston_cases_with_their_default_point(shared_data: Path) -> None:
    path = shared_data / "incidents" / "boston_311_2015.csv.gz"
    intake = read_cases(path, CaseMapping(zone="America/New_York")).whole()
    assert len(intake.frame) == 121_145
    assert intake.frame["state"].value_counts().to_dict() == {"closed": 101_272, "reported": 19_873}
    assert intake.frame["due_at"].notna().sum() == 94_154
    assert (intake.frame["closed_at"] < intake.frame["reported_at"]).sum() == 197
    assert intake.details["stacked"] == {"lon": -71.0587, "lat": 42.3594, "count": 17_070}
    assert intake.frame["reported_at"].iloc[0].isoformat() == "2015-01-01T05:20:09+00:00"


def test_worldpop_keeps_every_fraction_of_a_person(shared_data: Path) -> None:
    folder = shared_data / "population" / "wuhan_worldpop"
    ages = {"60_64": 60, "65_69": 65, "70_74": 70, "75_79": 75, "80_plus": 80}
    intake = read_population_rasters(
        {band: [folder / f"pop_{age}_{sex}_wuhan.tif" for sex in "fm"] for band, age in ages.items()}
    )
    assert len(intake.frame) == 494_676
    sums = {band: intake.frame[f"residents_{band}"].sum() for band in ages}
    measured = {"60_64": 654_972, "65_69": 551_412, "70_74": 341_358, "75_79": 207_067, "80_plus": 187_844}
    assert sums == pytest.approx(measured, abs=1.5)
    assert intake.frame["residents_60_plus"].sum() == pytest.approx(sum(sums.values()), abs=1e-6)
    assert intake.frame["residents_60_plus"].median() == pytest.approx(1.8, abs=0.05)


def test_homes_of_dachang_are_few_and_no_university_halls(shared_data: Path) -> None:
    homes = read_homes(shared_data / "networks" / "shanghai_baoshan_dachang.osm.pbf")
    left_out: dict[str, int] = homes.details["left_out"]  # type: ignore[assignment]  # details are untyped
    assert left_out["building=university"] == 57
    assert left_out["building=dormitory"] == 40
    assert len(homes.frame) + sum(left_out.values()) == homes.details["buildings"]
    assert len(homes.frame) > 0


def test_porto_is_split_as_the_osm_file_says(shared_data: Path) -> None:
    network = read_network(shared_data / "networks" / "porto_portugal.osm.pbf").whole()
    assert network.read == 51_349
    assert len(network.source) == pytest.approx(93_938, rel=0.02)
    assert network.details["largest_component_ratio"] == pytest.approx(0.975, abs=0.01)
    _sound(network)


def test_wuhan_lines_join_by_their_ends(shared_data: Path) -> None:
    network = read_network(shared_data / "networks" / "wuhan_streets.parquet").whole()
    by_rule: dict[str, int] = network.details["ways_by_rule"]  # type: ignore[assignment]  # details are untyped
    assert network.read == 92_667 == sum(by_rule.values())
    assert by_rule["motor_only"] == 2_080 + 2_879 + 6_373 + 6_592
    assert network.details["largest_component_ratio"] == pytest.approx(0.988, abs=0.002)
    assert network.crs_declared
    _sound(network)


def _sound(network: NetworkIntake) -> None:
    """Geometry ends where the nodes lie, lengths are geodesic, components hold together, nothing loops."""
    for nodes, end in ((network.source, 0), (network.target, -1)):
        ends = shapely.get_coordinates(shapely.get_point(network.geometry, end))
        assert np.abs(ends - network.node_lonlat[nodes]).max() <= 1.01e-7
    assert np.all(network.source != network.target)
    assert np.array_equal(network.node_component[network.source], network.node_component[network.target])
    some = np.linspace(0, len(network.source) - 1, 500).astype(int)
    geod = Geod(ellps="WGS84")
    lengths = [geod.geometry_length(line) for line in network.geometry[some]]
    assert network.length_m[some] == pytest.approx(lengths, abs=1e-6)
    assert np.bincount(network.node_component)[0] == np.bincount(network.node_component).max()


def test_the_undeclared_district_file_is_seen_to_be_gcj02(shared_data: Path, towns: Objects) -> None:
    source = json.loads(
        (shared_data / "boundaries" / "shanghai_districts_datav_gcj02.json").read_text(encoding="utf-8")
    )
    districts = np.array([shapely.geometry.shape(feature["geometry"]) for feature in source["features"]], dtype=object)
    found = assess(sample_points(districts), towns, SHANGHAI)
    assert found.verdict is Verdict.GCJ02
    assert found.shift_m == pytest.approx((-420, 240), abs=60)
    baoshan = read_areas(shared_data / "boundaries" / "baoshan_towns_osm_wgs84.geojson").frame
    assert assess(sample_points(districts), _geometry(baoshan), SHANGHAI).verdict is Verdict.GCJ02


def _of(name: str) -> Callable[[Path], Objects]:
    if name.endswith((".pbf", ".osm.gz", ".parquet")):
        return lambda folder: read_network(folder / name).geometry
    if name.startswith("service_points"):
        return lambda folder: _geometry(read_service_points(folder / name, type_="medical").frame)
    code_field = "admin_level" if "juweihui" in name else None
    if code_field:
        return lambda folder: _geometry(gpd.read_file(folder / name))
    return lambda folder: _geometry(read_areas(folder / name).frame)


_BAOSHAN = "boundaries/baoshan_towns_osm_wgs84.geojson"
_TOWNS = "boundaries/shanghai_towns_osm_wgs84.geojson.gz"
_COMMITTEES = "boundaries/baoshan_dachang_4_juweihui_osm_wgs84.geojson"
_MEDICAL = "service_points/shanghai_medical_poi_wgs84.csv.gz"
_DACHANG = "networks/shanghai_baoshan_dachang.osm.pbf"
_CENTRE = "networks/shanghai_center_roads.osm.gz"
_STREETS = "networks/wuhan_streets.parquet"
_OUTLINE = "population/wuhan_worldpop/wuhan_boundary.geojson"


@pytest.mark.parametrize(
    ("name", "reference", "crs"),
    [
        (_BAOSHAN, _TOWNS, SHANGHAI),
        pytest.param(_TOWNS, _BAOSHAN, SHANGHAI, marks=pytest.mark.long),
        (_COMMITTEES, _DACHANG, SHANGHAI),
        pytest.param(_COMMITTEES, _TOWNS, SHANGHAI, marks=pytest.mark.long),
        pytest.param(_MEDICAL, _TOWNS, SHANGHAI, marks=pytest.mark.long),
        (_MEDICAL, _DACHANG, SHANGHAI),
        pytest.param(_MEDICAL, _CENTRE, SHANGHAI, marks=pytest.mark.long),
        pytest.param(_DACHANG, _TOWNS, SHANGHAI, marks=pytest.mark.long),
        pytest.param(_CENTRE, _TOWNS, SHANGHAI, marks=pytest.mark.long),
        pytest.param(_TOWNS, _CENTRE, SHANGHAI, marks=pytest.mark.long),
        (_TOWNS, _DACHANG, SHANGHAI),
        (_OUTLINE, _STREETS, WUHAN),
        pytest.param(_STREETS, _OUTLINE, WUHAN, marks=pytest.mark.long),
    ],
)
def test_no_wgs84_file_is_taken_for_gcj02(shared_data: Path, name: str, reference: str, crs: CRS) -> None:
    found = assess(sample_points(_of(name)(shared_data)), _of(reference)(shared_data), crs)
    assert found.verdict is not Verdict.GCJ02


def test_towns_that_lie_right_are_recognised(shared_data: Path, towns: Objects) -> None:
    baoshan = read_areas(shared_data / "boundaries" / "baoshan_towns_osm_wgs84.geojson").frame
    points = sample_points(_geometry(baoshan))
    assert assess(points, towns, SHANGHAI).verdict is Verdict.UNSHIFTED
    planted = np.column_stack(wgs84_to_gcj02(*points.T))
    assert assess(planted, towns, SHANGHAI).verdict is Verdict.GCJ02


def test_undeclared_canteens_are_never_confirmed(shared_data: Path, towns: Objects) -> None:
    path = shared_data / "service_points" / "shanghai_elderly_canteens_official.csv"
    columns = {"lon": "lon_gcj02", "lat": "lat_gcj02"}
    raw = read_service_points(path, columns=columns, type_="community_canteen").frame
    centre = read_network(shared_data / "networks" / "shanghai_center_roads.osm.gz").geometry
    for reference in (towns, centre):
        assert assess(sample_points(_geometry(raw)), reference, SHANGHAI).verdict is not Verdict.UNSHIFTED
