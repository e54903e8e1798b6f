"""Files that are orders to read other files: GDAL would follow them, whoever sends them."""

import json
import os
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely

from gridmgmt.errors import FileRefusedError
from gridmgmt.ingest.areas import read_areas
from gridmgmt.ingest.stated import FORM, MEMBER
from gridmgmt.ingest.tables import read_table
from gridmgmt.ingest.vector import read_vector


def order(secret: Path) -> str:
    source = f'<SrcDataSource relativeToVRT="0">{secret}</SrcDataSource>'
    return f'<OGRVRTDataSource><OGRVRTLayer name="secret">{source}</OGRVRTLayer></OGRVRTDataSource>'


def as_json(folder: Path, secret: Path) -> Path:
    path = folder / "a.geojson"
    path.write_text(order(secret))
    return path


def as_pipeline(folder: Path, secret: Path) -> Path:
    path = folder / "a.json"
    path.write_text(json.dumps({"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read {secret}"}))
    return path


def as_database(folder: Path, secret: Path) -> Path:
    path = folder / "a.gpkg"
    path.write_text(order(secret))
    return path


def as_zip(folder: Path, secret: Path) -> Path:
    path = folder / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.shp", order(secret))
    return path


@pytest.mark.parametrize("disguise", [as_json, as_pipeline, as_database, as_zip])
def test_no_file_has_another_one_read(tmp_path: Path, disguise: Callable[[Path, Path], Path]) -> None:
    secret = tmp_path / "secret.geojson"
    gpd.GeoDataFrame({"code": ["1"], "name": ["a"]}, geometry=[shapely.box(121, 31, 122, 32)], crs=4326).to_file(secret)
    with pytest.raises(FileRefusedError) as refusal:
        read_areas(disguise(tmp_path, secret))
    assert refusal.value.code in {"file_unreadable", "json_malformed"}


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("a.geojson", '{"type": "FeatureCollection", "features": []}\n'),
        ("b.geojson", "{"),
        ("c.json", "[<!-- -->"),
        ("d.fgb", "fgb"),
        ("e.fgb", "fgb\x03fgb\x01"),
    ],
)
def test_no_order_is_followed_that_stands_behind_another_beginning(tmp_path: Path, name: str, before: str) -> None:
    """GDAL looks for the order anywhere in the first thousand bytes."""
    secret = tmp_path / "secret.geojson"
    gpd.GeoDataFrame({"code": ["1"], "name": ["a"]}, geometry=[shapely.box(121, 31, 122, 32)], crs=4326).to_file(secret)
    path = tmp_path / name
    path.write_text(before + order(secret))
    with pytest.raises(FileRefusedError) as refusal:
        read_areas(path)
    assert refusal.value.code in {"file_unreadable", "json_malformed", "file_empty"}
    assert str(tmp_path) not in refusal.value.message("en")


def test_drivers_that_follow_orders_are_switched_off() -> None:
    assert not pyogrio.list_drivers().keys() & set(os.environ["GDAL_SKIP"].split())
    assert {"GeoJSON", "GPKG", "ESRI Shapefile", "FlatGeobuf"} <= pyogrio.list_drivers().keys()


def test_a_database_with_a_view_is_refused(tmp_path: Path) -> None:
    """A view may compute without end, and no one could stop its reading."""
    path = tmp_path / "a.gpkg"
    gpd.GeoDataFrame({"code": ["1"], "name": ["a"]}, geometry=[shapely.box(121, 31, 122, 32)], crs=4326).to_file(path)
    assert len(read_areas(path).frame) == 1
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "CREATE VIEW endless AS WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t"
        )
    with pytest.raises(FileRefusedError, match="view endless"):
        read_areas(path)


@pytest.mark.parametrize(
    "content", ['{"a": ' + "[" * 100_000, '{"type": "FeatureCollection", "gridmgmt":' + "[" * 100_000]
)
def test_json_of_endless_depth_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(content)
    with pytest.raises(FileRefusedError) as refusal:
        read_areas(path)
    assert refusal.value.code in {"file_unreadable", "json_too_deep"}


@pytest.mark.parametrize("said", [{"datum": {}}, {"datum": "mars"}, {"level": 7}, {"own_columns": [[]]}])
def test_what_a_file_says_of_itself_is_not_believed_unless_it_has_the_form_of_an_export(
    tmp_path: Path, said: dict[str, object]
) -> None:
    path = tmp_path / "a.geojson"
    frame = gpd.GeoDataFrame({"code": ["1"], "name": ["a"]}, geometry=[shapely.box(121, 31, 122, 32)], crs=4326)
    own = {"form": FORM, "level": "town", "datum": "gcj02", "own_columns": ["code"], **said}
    path.write_text(
        json.dumps({"type": "FeatureCollection", MEMBER: own, **json.loads(frame.to_json())}, separators=(",", ":"))
    )
    found = read_areas(path)
    assert "stated_datum" not in found.details
    assert found.frame.total_bounds.tolist() == [121, 31, 122, 32]


def test_a_file_of_too_many_columns_is_refused(tmp_path: Path) -> None:
    """Reading takes time with the square of their number."""
    path = tmp_path / "a.geojson"
    properties = {f"c{i}": 1 for i in range(2_001)}
    feature = {"type": "Feature", "properties": properties, "geometry": {"type": "Point", "coordinates": [121, 31]}}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    with pytest.raises(FileRefusedError, match="2001"):
        read_vector(path)
    table = tmp_path / "a.csv"
    table.write_text(",".join(properties) + "\n" + ",".join("1" for _ in properties) + "\n")
    with pytest.raises(FileRefusedError, match="2001"):
        read_table(table)
