"""Places as a light map layer: one dot a place, or squares where there are too many places for a page."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridmgmt.analysis.status import PlaceStatus, band_of
from gridmgmt.coverage.document import CoverageDocument
from gridmgmt.reports.formatting import minutes_text
from gridmgmt.reports.palette import BEYOND, NOT_CONNECTABLE, OUTSIDE, band_colours
from gridmgmt.texts import Language, text

MAX_DOTS = 50_000
"""A page draws every place up to this many (about 1.5 MB); more are merged into squares."""

MAX_SQUARES = 20_000

_MICRODEGREES = 1_000_000
_METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True)
class PlaceLayer:
    """What the page draws of the places.

    ``rows`` are flat: microdegrees of lon and lat, class, residents, and the walk in seconds (-1 where there is no
    way). ``square`` holds the sides of a square in degrees of lon and lat where places are merged, None where each is
    a dot.
    """

    rows: list[float]
    square: tuple[float, float] | None
    n_places: int

    @property
    def size_m(self) -> int:
        """The side of a square in metres."""
        return 0 if self.square is None else round(self.square[1] * _METRES_PER_DEGREE)


def classes(document: CoverageDocument, lang: Language) -> list[tuple[str, str]]:
    """Return colour and name of each class of places: bands up to the limit, beyond it, not connectable, outside."""
    bands = _bands(document)
    names = [text("report.within", lang, minutes=minutes_text(band)) for band in bands]
    limit = minutes_text(document.parameters.limit_s)
    return [
        *zip(band_colours(len(bands)), names, strict=True),
        (BEYOND, text("map.beyond", lang, minutes=limit)),
        (NOT_CONNECTABLE, text("place_status.not_connectable", lang)),
        (OUTSIDE, text("place_status.outside", lang)),
    ]


def place_layer(document: CoverageDocument, places: pd.DataFrame) -> PlaceLayer:
    """Return the layer of the places (columns as in :func:`maps.coverage_page.coverage_page`)."""
    time_s = places["walk_time_s"].to_numpy(dtype=np.float64, na_value=np.nan)
    residents = places["residents"].to_numpy(dtype=np.float64, na_value=1.0)
    lonlat = places[["lon", "lat"]].to_numpy(dtype=np.float64)
    class_ = _class_of(document, places["status"].to_numpy(), time_s)
    if len(places) > MAX_DOTS:
        return _merged(lonlat, class_, residents)
    columns = (
        *np.round(lonlat * _MICRODEGREES).astype(np.int64).T,
        class_,
        np.round(residents, 1),
        np.where(np.isfinite(time_s), np.round(np.nan_to_num(time_s, posinf=0)), -1).astype(np.int64),
    )
    return PlaceLayer(_flat(columns), None, len(places))


def _bands(document: CoverageDocument) -> list[float]:
    return [band for band in sorted(document.parameters.bands_s) if band <= document.parameters.limit_s]


def _class_of(document: CoverageDocument, status: NDArray[np.int8], time_s: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the number of each place's class, in the order of :func:`classes`."""
    bands = _bands(document)
    by_time = np.minimum(band_of(np.nan_to_num(time_s, nan=np.inf), bands), len(bands) - 1)
    by_status = {PlaceStatus.UNCOVERED: 0, PlaceStatus.NOT_CONNECTABLE: 1, PlaceStatus.OUTSIDE: 2}
    class_ = by_time.astype(np.int64)
    for member, offset in by_status.items():
        class_[status == member] = len(bands) + offset
    return class_


def _merged(lonlat: NDArray[np.float64], class_: NDArray[np.int64], residents: NDArray[np.float64]) -> PlaceLayer:
    """Return squares, each with the class that most of its residents belong to and all its residents."""
    low, high = lonlat.min(axis=0), lonlat.max(axis=0)
    shrink = np.array([1.0, np.cos(np.radians((low[1] + high[1]) / 2))])  # a degree of lon is shorter than one of lat
    side = np.sqrt(np.prod(high - low) * shrink[1] / MAX_SQUARES)
    sides = side / shrink[::-1]
    cells = np.floor((lonlat - low) / sides).astype(np.int64)
    number = cells[:, 0] * (cells[:, 1].max() + 1) + cells[:, 1]
    squares, square = np.unique(number, return_inverse=True)
    n_classes = int(class_.max()) + 1
    weight = np.bincount(square * n_classes + class_, residents, len(squares) * n_classes).reshape(-1, n_classes)
    row = squares // (cells[:, 1].max() + 1), squares % (cells[:, 1].max() + 1)
    centre = low + (np.column_stack(row) + 0.5) * sides
    columns = (
        *np.round(centre * _MICRODEGREES).astype(np.int64).T,
        weight.argmax(axis=1),
        np.round(weight.sum(axis=1), 1),
        np.full(len(squares), -1),
    )
    return PlaceLayer(_flat(columns), (float(sides[0]), float(sides[1])), len(lonlat))


def _flat(columns: tuple[Any, ...]) -> list[float]:  # Any: arrays of whole numbers and of decimals
    """Return rows one after another; whole numbers as such, they are shorter."""
    return [
        value if isinstance(value, int) or value % 1 else int(value)
        for row in zip(*(column.tolist() for column in columns), strict=True)
        for value in row
    ]
