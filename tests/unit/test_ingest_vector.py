"""Vector files with known flaws, and the formats and encodings they come in."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from pyproj import CRS

from gridmgmt.crs import Datum, wgs84_to_gcj02
from gridmgmt.errors import FileRefusedError, InputError
from gridmgmt.ingest.areas import read_areas
from gridmgmt.ingest.features import read_features
from gridmgmt.ingest.intake import Intake
from gridmgmt.ingest.service_points import read_service_points

SQUARE = shapely.box(121.40, 31.30, 121.41, 31.31)
BOW_TIE = shapely.Polygon([(121.40, 31.30), (121.41, 31.31), (121.41, 31.30), (121.40, 31.31)])


def _geojson(path: Path, *features: tuple[Mapping[str, object], Any]) -> Path:
    listed = [
        {
            "type": "Feature",
            "properties": p,
            "geometry": g if g is None or isinstance(g, dict) else shapely.geometry.mapping(g),
        }
        for p, g in features
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": listed}), encoding="utf-8")
    return path


def _found(intake: Intake) -> dict[int | None, str]:
    return {problem.row: problem.code for problem in intake.problems}


def _towns() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"code": ["310113109"], "name": ["顾村镇"]}, geometry=[SQUARE], crs=4326)


@pytest.mark.filterwarnings("error")
def test_bad_rows_are_refused_one_by_one(tmp_path: Path) -> None:
    short_ring = {"type": "Polygon", "coordinates": [[[121.4, 31.3], [121.41, 31.31]]]}
    path = _geojson(
        tmp_path / "a.geojson",
        ({"code": 310101, "name": "good"}, SQUARE),
        ({"code": "2", "name": "null"}, None),
        ({"code": "3", "name": "empty"}, shapely.Polygon()),
        ({"code": "4", "name": "bow tie"}, BOW_TIE),
        ({"code": "5", "name": "line"}, shapely.LineString([(121, 31), (122, 32)])),
        ({"code": None, "name": "no code"}, SQUARE),
        ({"code": "7", "name": "twice"}, SQUARE),
        ({"code": "7", "name": "twice"}, SQUARE),
        ({"code": "9", "name": None}, SQUARE),
        ({"code": "1 0", "name": "malformed"}, SQUARE),
        ({"code": "11", "name": "swapped"}, shapely.box(31.30, 121.40, 31.31, 121.41)),
        ({"code": "12", "name": "metres"}, shapely.box(350000, 3460000, 350100, 3460100)),
        ({"code": "13", "name": "ring"}, short_ring),
    )
    intake = read_areas(path)
    assert _found(intake) == {
        2: "geometry_missing", 3: "geometry_empty", 4: "geometry_invalid", 5: "geometry_type", 6: "code_missing",
        7: "code_repeated", 8: "code_repeated", 9: "value_missing", 10: "code_malformed", 11: "coordinates_swapped",
        12: "coordinates_out_of_range", 13: "geometry_malformed",
    }  # fmt: skip
    assert intake.read == 13
    assert intake.frame["code"].tolist() == ["310101"]
    assert not intake.crs_declared


def test_an_invalid_ring_is_reported_with_its_place_and_not_repaired(tmp_path: Path) -> None:
    intake = read_areas(_geojson(tmp_path / "a.geojson", ({"code": "1", "name": "x"}, BOW_TIE)))
    message = intake.problems[0].message("en")
    assert "Self-intersection" in message
    assert "121.405 31.305" in message
    assert len(intake.frame) == 0


def test_broken_json_is_named_by_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text('{"type": "FeatureCollection",\n"features": [\n{"type": "Feature", m"x": 1}]}', encoding="utf-8")
    with pytest.raises(FileRefusedError) as refusal:
        read_areas(path)
    assert (refusal.value.code, refusal.value.fields["line"], refusal.value.fields["column"]) == (
        "json_malformed",
        3,
        21,
    )


@pytest.mark.parametrize("content", ['{"type":"FeatureCollection","features":[]}', ""])
def test_empty_files_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.geojson").write_text(content, encoding="utf-8")
    with pytest.raises(FileRefusedError) as refusal:
        read_areas(tmp_path / "a.geojson")
    assert refusal.value.code == "file_empty"


def test_json_that_is_no_geojson_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}", encoding="utf-8")
    with pytest.raises(FileRefusedError) as refusal:
        read_areas(tmp_path / "a.json")
    assert refusal.value.code == "file_unreadable"


@pytest.mark.parametrize("suffix", [".gpkg", ".fgb", ".geojson", ".shp", ".parquet"])
def test_all_formats_give_the_same_area(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"towns{suffix}"
    if suffix == ".parquet":
        _towns().to_parquet(path)
    else:
        pyogrio.write_dataframe(_towns(), path, encoding="UTF-8" if suffix == ".shp" else None)
    frame = read_areas(path).frame
    assert frame[["row", "code", "name"]].to_numpy().tolist() == [[1, "310113109", "顾村镇"]]
    assert frame.geometry[0].geom_type == "MultiPolygon"
    assert frame.geometry[0].equals(SQUARE)


def _gbk_shapefile(folder: Path, cpg: str | None) -> Path:
    path = folder / "towns.shp"
    pyogrio.write_dataframe(_towns(), path, encoding="GBK")
    (folder / "towns.cpg").unlink()
    if cpg:
        (folder / "towns.cpg").write_text(cpg, encoding="ascii")
    return path


@pytest.mark.parametrize("cpg", ["GBK", "936", "GB18030", None])
def test_gbk_shapefiles_are_read_with_and_without_their_cpg(tmp_path: Path, cpg: str | None) -> None:
    path = _gbk_shapefile(tmp_path, cpg)
    assert read_areas(path).frame["name"].tolist() == ["顾村镇"]


def test_a_lying_cpg_is_refused_with_the_remedy_that_works(tmp_path: Path) -> None:
    path = _gbk_shapefile(tmp_path, "UTF-8")
    with pytest.raises(FileRefusedError, match="--encoding") as refusal:
        read_areas(path)
    assert refusal.value.code == "file_undecodable"
    assert read_areas(path, encoding="gb18030").frame["name"].tolist() == ["顾村镇"]


def test_a_zipped_shapefile_and_a_truncated_one(tmp_path: Path) -> None:
    _gbk_shapefile(tmp_path, "GBK")
    packed = tmp_path / "宝山 街镇.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for part in tmp_path.glob("towns.*"):
            archive.write(part, part.name)
    assert read_areas(packed).frame["name"].tolist() == ["顾村镇"]
    (tmp_path / "cut.zip").write_bytes(packed.read_bytes()[:-60])
    with pytest.raises(FileRefusedError) as refusal:
        read_areas(tmp_path / "cut.zip")
    assert refusal.value.code == "archive_broken"


def test_several_layers_need_a_name(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    for layer, crs in (("towns", 4326), ("other", 4549)):
        pyogrio.write_dataframe(_towns().to_crs(crs), path, layer=layer)
    with pytest.raises(FileRefusedError, match="--layer"):
        read_areas(path)
    assert read_areas(path, layer="other").crs_declared
    with pytest.raises(InputError):
        read_areas(path, layer="none")


def test_a_projected_file_is_brought_to_wgs84_and_counts_as_declared(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    pyogrio.write_dataframe(_towns().to_crs(4549), path)
    intake = read_areas(path)
    assert intake.crs_declared
    assert intake.frame.crs == CRS(4326)
    assert intake.frame.geometry[0].symmetric_difference(SQUARE).area < 1e-12


def test_a_declared_datum_is_inverted(tmp_path: Path) -> None:
    shifted = shapely.transform(SQUARE, lambda xy: np.column_stack(wgs84_to_gcj02(*xy.T)))
    path = _geojson(tmp_path / "a.geojson", ({"code": "1", "name": "x"}, shifted))
    back = read_areas(path, datum=Datum.GCJ02).frame.geometry[0]
    assert back.equals_exact(shapely.MultiPolygon([SQUARE]), 1e-9)


def test_heights_are_dropped_and_names_preferred(tmp_path: Path) -> None:
    high = shapely.force_3d(SQUARE, 12.0)
    properties = {"code": "1", "name": "顾村", "admin_name": "顾村镇", "center": [121, 31], "n": 3}
    frame = read_areas(_geojson(tmp_path / "a.geojson", (properties, high))).frame
    assert not frame.geometry.has_z.any()
    assert frame["name"].tolist() == ["顾村镇"]
    assert frame["attributes"].tolist() == [{"name": "顾村", "n": 3}]
    explicit = read_areas(tmp_path / "a.geojson", name_field="name").frame
    assert explicit["name"].tolist() == ["顾村"]


def test_a_file_without_a_code_column_names_those_it_has(tmp_path: Path) -> None:
    path = _geojson(tmp_path / "a.geojson", ({"name": "联合社区", "admin_level": 10}, SQUARE))
    with pytest.raises(InputError, match="admin_level") as refusal:
        read_areas(path)
    assert refusal.value.code == "column_missing"


def test_features_keep_to_the_shapes_of_their_kind(tmp_path: Path) -> None:
    line = shapely.LineString([(121.4, 31.3), (121.41, 31.31)])
    path = _geojson(
        tmp_path / "a.geojson", ({"name": "蕰藻浜"}, line), ({"name": None}, SQUARE), ({}, shapely.Point(121, 31))
    )
    water = read_features(path, kind="water")
    assert _found(water) == {3: "geometry_type"}
    assert water.frame["name"].tolist() == ["蕰藻浜", None]
    assert _found(read_features(path, kind="rail")) == {2: "geometry_type", 3: "geometry_type"}
    with pytest.raises(InputError) as refusal:
        read_features(path, kind="lava")
    assert refusal.value.code == "value_unknown"


def test_service_points_from_a_vector_file(tmp_path: Path) -> None:
    points = (
        shapely.Point(121.4, 31.3),
        shapely.MultiPoint([(121.5, 31.3)]),
        shapely.MultiPoint([(121, 31), (122, 31)]),
    )
    path = _geojson(tmp_path / "a.geojson", *[({"name": str(i)}, point) for i, point in enumerate(points)])
    intake = read_service_points(path, type_="meal_point")
    assert _found(intake) == {3: "geometry_type"}
    assert shapely.get_coordinates(intake.frame.geometry).tolist() == [[121.4, 31.3], [121.5, 31.3]]
