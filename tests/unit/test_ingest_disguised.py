"""Files that are orders to read other files: GDAL would follow them, whoever sends them."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely

from gridmgmt.errors import FileRefusedError
from gridmgmt.ingest.areas import read_areas


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


def test_gdal_itself_would_follow_the_order(tmp_path: Path) -> None:
    """What the refusals are good for; when this fails they may go."""
    secret = tmp_path / "secret.geojson"
    gpd.GeoDataFrame({"code": ["1"]}, geometry=[shapely.box(121, 31, 122, 32)], crs=4326).to_file(secret)
    assert pyogrio.read_dataframe(as_database(tmp_path, secret))["code"].tolist() == ["1"]
