"""Residents by age band from rasters: one place per cell in which anybody lives.

Cells hold fractions of people; they are added up in float64 and never rounded.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod
from rasterio.errors import RasterioIOError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from gridmgmt.crs import is_plain_lonlat, to_lonlat
from gridmgmt.errors import CrsError, FileRefusedError, InputError
from gridmgmt.ingest.files import check_file, digest
from gridmgmt.ingest.intake import Intake, Review
from gridmgmt.ingest.population import MAX_RESIDENTS, TOTAL_COLUMN
from gridmgmt.units import AGE_BANDS

Floats = NDArray[np.float64]

_SUFFIXES = (".tif", ".tiff", ".vrt", ".img")
_STRIPE_CELLS = 500_000
_GEOD = Geod(ellps="WGS84")


def read_population_rasters(rasters: Mapping[str, Sequence[Path]]) -> Intake:
    """Return places at cell centres: ``row place_no``, residents by band and in total, ``connect_extra_m``.

    ``rasters`` holds the files of each age band; several files of a band (female and male) add up, a band without
    files has no residents. All files must lie on one grid. ``row`` and ``place_no`` number the cells from 1 along the
    rows. ``connect_extra_m`` is half a cell's diagonal on the ellipsoid: people live up to that far from the centre.
    Read in stripes, so that memory does not grow with the raster.

    Raises
    ------
    InputError, FileRefusedError, CrsError
        No or unknown bands, several grids, no CRS, or cells that are negative, infinite or absurdly large.
    """
    if unknown := sorted(set(rasters) - set(AGE_BANDS)):
        raise InputError("value_unknown", field="band", value=", ".join(unknown), known=", ".join(AGE_BANDS))
    files = [(band, path) for band in AGE_BANDS for path in rasters.get(band, ())]
    if not files:
        raise InputError("rasters_missing", known=", ".join(AGE_BANDS))
    with ExitStack() as stack:
        opened = [(band, stack.enter_context(_open(path))) for band, path in files]
        _require_one_grid([dataset for _, dataset in opened])
        stripes = list(_stripes(opened))
        grid = opened[0][1]
        cell = np.concatenate([cells for cells, _ in stripes])
        residents = np.concatenate([values for _, values in stripes])
        lon, lat, half_diagonal_m = _places(grid, cell)
        declared = not is_plain_lonlat(CRS.from_user_input(grid.crs))
    review = Review(cell + 1)
    columns = {f"residents_{band}": residents[:, i] for i, band in enumerate(AGE_BANDS)}
    columns |= {TOTAL_COLUMN: residents.sum(axis=1), "connect_extra_m": half_diagonal_m}
    details = {
        "totals": {name: float(values.sum()) for name, values in columns.items() if name.startswith("residents")}
    }
    centres = np.asarray(shapely.points(lon, lat), dtype=object)
    return review.intake(
        {"place_no": cell + 1, **columns}, centres, file_sha256=digest(path for _, path in files),
        crs_declared=declared, details={**details, "bands": True},
    )  # fmt: skip


def _open(path: Path) -> DatasetReader:
    """Open a raster, or refuse it."""
    check_file(path, _SUFFIXES)
    try:
        dataset = rasterio.open(path)
    except RasterioIOError as error:
        raise FileRefusedError("file_unreadable", file=path.name, detail=str(error)) from error
    if dataset.crs is None:
        raise CrsError("crs_missing", file=path.name)
    return dataset


def _require_one_grid(datasets: Sequence[DatasetReader]) -> None:
    """Refuse rasters that do not share CRS, origin, cell size and shape with the first."""
    first = datasets[0]
    for other in datasets[1:]:
        if (other.crs, other.shape) != (first.crs, first.shape) or not other.transform.almost_equals(first.transform):
            raise FileRefusedError(
                "grids_differ", first=_grid(first), other=_grid(other),
                first_file=Path(first.name).name, other_file=Path(other.name).name,
            )  # fmt: skip


def _grid(dataset: DatasetReader) -> str:
    """Return a grid in words: CRS, shape, origin and cell size."""
    t = dataset.transform
    return f"{dataset.crs} {dataset.width}×{dataset.height} ({t.c:.6f}, {t.f:.6f}) {t.a:.6g}×{-t.e:.6g}"


def _stripes(opened: Sequence[tuple[str, DatasetReader]]) -> Iterator[tuple[NDArray[np.int64], Floats]]:
    """Yield for each stripe the numbers of its inhabited cells and their residents, one column per age band."""
    width, height = opened[0][1].width, opened[0][1].height
    step = max(1, _STRIPE_CELLS // width)
    for top in range(0, height, step):
        window = Window(0, top, width, min(step, height - top))
        sums = np.zeros((len(AGE_BANDS), width * int(window.height)))
        for band, dataset in opened:
            sums[AGE_BANDS.index(band)] += _people(dataset, window)
        cells = np.flatnonzero(sums.any(axis=0))
        yield cells + top * width, sums[:, cells].T


def _people(dataset: DatasetReader, window: Window) -> Floats:
    """Return a stripe's cells in float64 with 0 for no data; refuse what cannot be a number of people."""
    name = Path(dataset.name).name
    try:
        values: Floats = dataset.read(1, window=window, masked=True).filled(0).astype(np.float64).ravel()
    except RasterioIOError as error:
        raise FileRefusedError("file_unreadable", file=name, detail=str(error.__cause__ or error)) from error
    values[np.isnan(values)] = 0.0
    wrong = np.flatnonzero((values < 0) | (values > MAX_RESIDENTS))
    if len(wrong):
        row, column = divmod(int(wrong[0]), dataset.width)
        raise FileRefusedError(
            "cells_absurd", file=name, count=len(wrong), value=float(values[wrong[0]]),
            row=int(window.row_off) + row + 1, column=column + 1, high=round(MAX_RESIDENTS),
        )  # fmt: skip
    return values


def _places(grid: DatasetReader, cell: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Return longitude and latitude of cell centres in degrees and half the cells' diagonals in metres."""
    row, column = np.divmod(cell, grid.width)
    t = grid.transform
    to_degrees = to_lonlat(CRS.from_user_input(grid.crs))

    def lonlat(across: float, down: float) -> tuple[Floats, Floats]:
        x, y = column + across, row + down
        lon, lat = to_degrees.transform(t.a * x + t.b * y + t.c, t.d * x + t.e * y + t.f)
        return lon, lat

    diagonals_m: list[Floats] = [_GEOD.inv(*lonlat(0, 0), *lonlat(1, 1))[2], _GEOD.inv(*lonlat(1, 0), *lonlat(0, 1))[2]]
    lon, lat = lonlat(0.5, 0.5)
    half_m: Floats = np.maximum(*diagonals_m) / 2
    return lon, lat, half_m
