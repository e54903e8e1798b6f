"""Rasters of a few cells worked out by hand, and the homes of a hand-drawn quarter."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from pyproj import Geod
from rasterio import Affine

from gridmgmt.errors import CrsError, FileRefusedError, InputError
from gridmgmt.ingest.homes import read_homes
from gridmgmt.ingest.raster import read_population_rasters

GEOD = Geod(ellps="WGS84")
CELL_DEG = 0.001


def _raster(
    path: Path,
    cells: NDArray[np.float32],
    *,
    nodata: float | None = -9999.0,
    crs: str | None = "EPSG:4326",
    west: float = 114.0,
) -> Path:
    shape = {"height": cells.shape[0], "width": cells.shape[1], "count": 1, "dtype": "float32"}
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        crs=crs,
        transform=Affine(CELL_DEG, 0, west, 0, -CELL_DEG, 30.6),
        nodata=nodata,
        **shape,
    ) as out:
        out.write(cells, 1)
    return path


CELLS = np.array([[0.4, 0.0, -9999.0], [np.nan, 1.8, 0.25]], dtype=np.float32)


def test_each_inhabited_cell_is_a_place_and_files_of_a_band_add_up(tmp_path: Path) -> None:
    female = _raster(tmp_path / "f.tif", CELLS)
    male = _raster(tmp_path / "m.tif", np.where(CELLS < 0, CELLS, CELLS * 2))
    old = _raster(tmp_path / "o.tif", np.array([[0, 0.5, 0], [0, 0, 0]], dtype=np.float32))
    intake = read_population_rasters({"60_64": [female, male], "80_plus": [old]})
    frame = intake.frame
    assert frame["place_no"].tolist() == [1, 2, 5, 6]
    assert frame["residents_60_64"].tolist() == pytest.approx([1.2, 0, 5.4, 0.75], abs=1e-6)
    assert frame["residents_80_plus"].tolist() == [0, 0.5, 0, 0]
    assert frame["residents_70_74"].tolist() == [0, 0, 0, 0]
    assert frame["residents_60_plus"].sum() == pytest.approx(1.2 + 0.5 + 5.4 + 0.75, abs=1e-6)
    assert (frame.geometry.x[2], frame.geometry.y[2]) == pytest.approx((114.0015, 30.5985), abs=1e-9)
    assert not intake.crs_declared


def test_half_the_diagonal_is_geodesic(tmp_path: Path) -> None:
    frame = read_population_rasters({"60_64": [_raster(tmp_path / "f.tif", CELLS)]}).frame
    _, _, diagonal_m = GEOD.inv(114.0, 30.6, 114.001, 30.599)
    assert frame["connect_extra_m"][0] == pytest.approx(diagonal_m / 2, rel=1e-6)
    assert frame["connect_extra_m"][0] == pytest.approx(73.2, abs=0.3)


@pytest.mark.parametrize(
    ("value", "nodata"),
    [(-3.0, -9999.0), (np.inf, None), (2e6, None), (-3.4e38, None)],
    ids=["negative", "inf", "crowd", "unmarked"],
)
def test_cells_that_cannot_be_people_are_refused_by_row_and_column(
    tmp_path: Path, value: float, nodata: float | None
) -> None:
    cells = np.array([[1, 1, 1], [1, value, 1]], dtype=np.float32)
    with pytest.raises(FileRefusedError) as refusal:
        read_population_rasters({"60_64": [_raster(tmp_path / "f.tif", cells, nodata=nodata)]})
    assert refusal.value.code == "cells_absurd"
    assert (refusal.value.fields["row"], refusal.value.fields["column"], refusal.value.fields["count"]) == (2, 2, 1)


def test_rasters_must_share_grid_and_have_a_crs(tmp_path: Path) -> None:
    first = _raster(tmp_path / "a.tif", CELLS)
    for other in (
        _raster(tmp_path / "b.tif", CELLS, west=114.0005),
        _raster(tmp_path / "c.tif", CELLS[:, :2]),
        _raster(tmp_path / "d.tif", CELLS, crs="EPSG:4490"),
    ):
        with pytest.raises(FileRefusedError) as refusal:
            read_population_rasters({"60_64": [first], "65_69": [other]})
        assert refusal.value.code == "grids_differ"
    with pytest.raises(CrsError):
        read_population_rasters({"60_64": [_raster(tmp_path / "e.tif", CELLS, crs=None)]})


def test_bands_are_named_and_files_are_rasters(tmp_path: Path) -> None:
    for bands, code in (({}, "rasters_missing"), ({"60-64": [tmp_path / "a.tif"]}, "value_unknown")):
        with pytest.raises(InputError) as refusal:
            read_population_rasters(bands)
        assert refusal.value.code == code
    (tmp_path / "x.tif").write_bytes(b"no raster")
    with pytest.raises(FileRefusedError) as unreadable:
        read_population_rasters({"60_64": [tmp_path / "x.tif"]})
    assert unreadable.value.code == "file_unreadable"


def test_homes_are_told_from_halls_by_tags_and_ground(tmp_path: Path) -> None:
    """A campus from (0, 0) to (10, 10) with a hall, a canteen and flats on it; two houses outside; all in 1e-4°."""
    boxes = {
        1: ((0, 0, 10, 10), {"amenity": "university"}),
        2: ((1, 1, 2, 2), {"building": "yes"}),
        3: ((3, 3, 4, 4), {"building": "apartments"}),
        4: ((20, 1, 21, 2), {"building": "yes"}),
        5: ((22, 1, 23, 2), {"building": "yes", "shop": "supermarket"}),
        6: ((24, 1, 25, 2), {"building": "dormitory"}),
    }
    lines, node = ['<?xml version="1.0"?><osm version="0.6">'], 0
    ways = []
    for way, ((west, south, east, north), tags) in boxes.items():
        corners = [(west, south), (east, south), (east, north), (west, north)]
        lines += [
            f'<node id="{node + i}" lon="{121.4 + x * 1e-4}" lat="{31.3 + y * 1e-4}"/>'
            for i, (x, y) in enumerate(corners, 1)
        ]
        refs = "".join(f'<nd ref="{node + i}"/>' for i in (1, 2, 3, 4, 1))
        ways.append(f'<way id="{way}">{refs}' + "".join(f'<tag k="{k}" v="{v}"/>' for k, v in tags.items()) + "</way>")
        node += 4
    (tmp_path / "a.osm").write_text("\n".join([*lines, *ways, "</osm>"]), encoding="utf-8")
    homes = read_homes(tmp_path / "a.osm")
    assert homes.frame["place_no"].tolist() == [6, 8]
    assert homes.frame["residents_60_plus"].isna().all()
    assert homes.details["left_out"] == {"on amenity=university": 1, "shop=supermarket": 1, "building=dormitory": 1}
    assert homes.details["buildings"] == 5
    assert 121.4003 < homes.frame.geometry.x[0] < 121.4004
    assert 31.3003 < homes.frame.geometry.y[0] < 31.3004
