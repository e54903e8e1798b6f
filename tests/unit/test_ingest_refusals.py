"""What broken and unlucky files are refused with: the word that names the fault, never a failure of ours."""

import os
import tempfile
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from gridmgmt.errors import FileRefusedError, InputError
from gridmgmt.ingest.areas import read_areas
from gridmgmt.ingest.intake import require_whole
from gridmgmt.ingest.raster import read_population_rasters
from gridmgmt.ingest.service_points import read_service_points

PORTO = (-8.78, 40.98, -8.35, 41.40)
SQUARE = shapely.box(121.40, 31.30, 121.41, 31.31)
NOBODY = 65534


def _shapefile(folder: Path) -> Path:
    folder.mkdir()
    towns = gpd.GeoDataFrame({"code": ["310113109"], "name": ["顾村镇"]}, geometry=[SQUARE], crs=4326)
    towns.to_file(folder / "towns.shp", encoding="gbk")
    (folder / "towns.cpg").unlink(missing_ok=True)
    return folder


def _zip(path: Path, shapefile: Path, *inner: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for folder in inner:
            for part in shapefile.glob("towns.*"):
                archive.write(part, f"{folder}{part.name}")
    return path


@pytest.mark.parametrize("inner", ["", "towns/", "乡镇/边界 2026/"])
def test_a_zipped_shapefile_is_read_wherever_it_lies_in_the_zip(tmp_path: Path, inner: str) -> None:
    intake = read_areas(_zip(tmp_path / "t.zip", _shapefile(tmp_path / "s"), inner))
    assert intake.frame["name"].tolist() == ["顾村镇"]


def test_a_zip_without_one_folder_of_shapefiles_is_refused(tmp_path: Path) -> None:
    several = _zip(tmp_path / "t.zip", _shapefile(tmp_path / "s"), "a/", "b/")
    with pytest.raises(FileRefusedError) as refusal:
        read_areas(several)
    assert (refusal.value.code, refusal.value.fields["found"]) == ("archive_several_folders", "a, b")
    with pytest.raises(FileRefusedError) as refusal:
        read_areas(_zip(tmp_path / "none.zip", tmp_path, ""))
    assert refusal.value.code == "archive_without_shapefile"


def test_a_polygon_is_called_a_polygon(tmp_path: Path) -> None:
    path = tmp_path / "p.geojson"
    gpd.GeoDataFrame({"name": ["a"]}, geometry=[SQUARE], crs=4326).to_file(path)
    (problem,) = read_service_points(path, type_="medical").problems
    assert (problem.code, problem.fields["found"]) == ("geometry_type", "Polygon")


def test_a_file_that_is_json_but_no_map_is_refused_without_advice_for_programmers(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text("[1, 2]", encoding="utf-8")
    with pytest.raises(FileRefusedError) as refusal:
        read_areas(path)
    assert refusal.value.code == "file_unreadable"
    assert "driver" not in refusal.value.message("en")


def test_an_encoding_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refusal:
        read_areas(_shapefile(tmp_path / "s") / "towns.shp", encoding="gbk2000")
    assert (refusal.value.code, refusal.value.fields["encoding"]) == ("encoding_unknown", "gbk2000")


def test_a_raster_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.tif"
    cells = np.random.default_rng(1).random((200, 200))
    grid = {"height": 200, "width": 200, "count": 1, "crs": 4326, "transform": from_origin(121, 32, 0.001, 0.001)}
    with rasterio.open(path, "w", driver="GTiff", dtype="float64", **grid) as raster:
        raster.write(cells, 1)
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(FileRefusedError) as refusal:
        read_population_rasters({"60_64": [path]})
    assert (refusal.value.code, refusal.value.fields["file"]) == ("file_unreadable", "r.tif")


def test_nothing_read_is_not_called_bad_rows() -> None:
    with pytest.raises(FileRefusedError) as refusal:
        require_whole((), read=0, taken=0, partial=True)
    assert refusal.value.code == "nothing_to_take"


@pytest.mark.parametrize("suffix", ["csv", "geojson"])
def test_points_that_are_swapped_are_told_by_where_the_data_belong(tmp_path: Path, suffix: str) -> None:
    """Porto's mirror image is a place too, in the Indian Ocean; only the extent tells."""
    path = tmp_path / f"p.{suffix}"
    if suffix == "csv":
        path.write_text("name,lon,lat\na,41.15,-8.61\nb,-8.62,41.16\n", encoding="utf-8")
    else:
        points = gpd.points_from_xy([41.15, -8.62], [-8.61, 41.16])
        gpd.GeoDataFrame({"name": ["a", "b"]}, geometry=points, crs=4326).to_file(path)
    intake = read_service_points(path, type_="medical", extent=PORTO)
    assert [problem.code for problem in intake.problems] == ["coordinates_swapped"]
    assert intake.frame["name"].tolist() == ["b"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not read")
def test_a_file_that_may_not_be_read_is_named() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "p.csv"
        path.write_text("name,lon,lat\na,121.4,31.3\n", encoding="utf-8")
        path.chmod(0o600)
        os.setresuid(NOBODY, NOBODY, 0)
        try:
            with pytest.raises(InputError) as refusal:
                read_service_points(path, type_="medical")
        finally:
            os.setresuid(0, 0, 0)
    assert (refusal.value.code, refusal.value.fields["path"]) == ("file_no_permission", str(path))
