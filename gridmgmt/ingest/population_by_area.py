"""Residents of whole areas from a table, and the places that they are spread over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis import spreading
from gridmgmt.analysis.location import area_of_points
from gridmgmt.analysis.walking.tally import from_fixed, to_fixed
from gridmgmt.crs import Datum
from gridmgmt.errors import Problem
from gridmgmt.ingest.areas import review_codes
from gridmgmt.ingest.buildings import Buildings, read_buildings
from gridmgmt.ingest.columns import require_column
from gridmgmt.ingest.intake import Intake, Mask, Objects, Review, refused_rows, require_whole
from gridmgmt.ingest.points import read_rows
from gridmgmt.ingest.population import RESIDENT_COLUMNS, TOTAL_COLUMN, residents_of
from gridmgmt.ingest.values import texts

Floats = NDArray[np.float64]
_NAMED = 10


@dataclass(frozen=True)
class PopulationByArea:
    """The good rows of a table of residents by area, and the buildings to spread them over, if any were given."""

    row: NDArray[np.int64]
    code: Objects
    residents: Mapping[str, Floats]
    """By column of residents; the bands are NaN where only the total is known."""
    buildings: Buildings | None
    problems: tuple[Problem, ...]
    read: int
    file_sha256: str
    details: Mapping[str, object] = field(default_factory=dict)

    def without(self, where: Mask, problems: Sequence[Problem]) -> "PopulationByArea":
        """Return the rows but those of a mask, which the problems tell of."""
        every = tuple(sorted([*self.problems, *problems], key=lambda problem: (problem.row or 0, problem.code)))
        residents = {name: values[~where] for name, values in self.residents.items()}
        read = int((~where).sum()) + refused_rows(every)
        return replace(
            self, row=self.row[~where], code=self.code[~where], residents=residents, problems=every, read=read
        )


@dataclass(frozen=True)
class Ground:
    """What residents are spread on: areas of one level in order of code, and streets with their lengths."""

    codes: Sequence[str]
    surfaces: Objects
    streets: NDArray[np.object_]
    length_m: Floats


def read_population_by_area(
    path: Path,
    *,
    buildings: Path | None = None,
    datum: Datum | None = None,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    layer: str | None = None,
) -> PopulationByArea:
    """Return residents of areas by code: all five age bands, or the total of 60 and over alone.

    Parameters
    ----------
    buildings
        A vector file of residential buildings or an OpenStreetMap extract, see
        :func:`gridmgmt.ingest.buildings.read_buildings`; ``datum`` is that of its coordinates.
    columns
        The names of the columns ``code``, of the bands (``60_64`` … ``80_plus``) and of ``residents_60_plus`` where
        they are not to be found by name.

    Raises
    ------
    InputError, FileRefusedError, CrsError
        When a file as a whole cannot be used; ``bands_incomplete`` when only some bands are there.
    """
    given = dict(columns or {})
    rows = read_rows(path, encoding=encoding, layer=layer)
    review = Review(rows.row, rows.problems)
    code_column = require_column(rows.columns, "code", given.get("code"))
    codes = texts(rows.columns[code_column])
    review_codes(review, codes, code_column)
    residents = residents_of(rows, review, given)
    good = review.good
    found = None if buildings is None else read_buildings(buildings, datum=datum)
    digest = rows.file_sha256 if found is None else f"{rows.file_sha256}+{found.file_sha256}"
    return PopulationByArea(
        row=rows.row[good],
        code=codes[good],
        residents={name: values[good] for name, values in residents.items()},
        buildings=found,
        problems=tuple(sorted(review.problems, key=lambda problem: (problem.row or 0, problem.code))),
        read=int(good.sum()) + refused_rows(review.problems),
        file_sha256=digest,
        details={} if found is None else found.details,
    )


def spread(given: PopulationByArea, ground: Ground, *, level: str, partial: bool = False) -> Intake:
    """Return the places of the areas: ``row``, residents with their bounds, ``spread_from`` and ``connect_extra_m``.

    An area's residents go to the buildings in it by floor area; where none were given or none lies in it, to its
    streets by frontage. ``details`` tells how many areas went which way, and names those without buildings and those
    without residents. A row is refused when no area of the level has its code, or its area has neither buildings nor
    streets.

    Raises
    ------
    FileRefusedError
        When there are bad rows and ``partial`` does not allow to leave them out.
    """
    rows = _known(given, ground.codes, level)
    require_whole(rows.problems, read=rows.read, taken=len(rows.code), partial=partial or len(rows.code) > 0)
    wanted = dict(zip(rows.code.tolist(), range(len(rows.code)), strict=True))
    surfaces = [surface for code, surface in zip(ground.codes, ground.surfaces, strict=True) if code in wanted]
    order = np.array([wanted[code] for code in ground.codes if code in wanted], dtype=np.int64)
    lived_in = rows.residents[TOTAL_COLUMN] > 0
    places, by_floor = _places(given.buildings, ground, surfaces, order)
    has_places = np.zeros(len(rows.code), dtype=bool)
    has_places[places.area] = True
    lost = lived_in & ~has_places
    told = [
        Problem(int(row), "area_without_places", {"value": code, "level": level})
        for row, code in zip(rows.row[lost], rows.code[lost], strict=True)
    ]
    every = rows.without(lost, told)
    require_whole(every.problems, read=every.read, taken=len(every.code), partial=partial)
    details = {**given.details, **_told(rows, lived_in, by_floor, has_places, given.buildings is not None)}
    return _intake(every, rows, places.of(lived_in[places.area]), details)


@dataclass(frozen=True)
class _Places:
    number: NDArray[np.int64]
    lonlat: Floats
    weight: Floats
    area: NDArray[np.int64]

    def of(self, where: Mask) -> "_Places":
        return _Places(self.number[where], self.lonlat[where], self.weight[where], self.area[where])


def _known(given: PopulationByArea, codes: Sequence[str], level: str) -> PopulationByArea:
    known = set(codes)
    unknown = np.array([code not in known for code in given.code], dtype=bool)
    problems = [
        Problem(int(row), "spread_area_unknown", {"value": code, "level": level})
        for row, code in zip(given.row[unknown], given.code[unknown], strict=True)
    ]
    return given.without(unknown, problems)


def _places(
    buildings: Buildings | None, ground: Ground, surfaces: Sequence[shapely.Geometry], order: NDArray[np.int64]
) -> tuple[_Places, Mask]:
    """Return the places of all areas, and which areas have buildings; places on streets are numbered behind them."""
    by_floor = np.zeros(len(order), dtype=bool)
    found = []
    offset = 0
    if buildings is not None:
        area = _area_of(surfaces, order, buildings.lonlat)
        house = _Places(buildings.number, buildings.lonlat, buildings.floor_area_m2, area)
        house = house.of((area >= 0) & (buildings.floor_area_m2 > 0))
        by_floor[house.area] = True
        offset = int(buildings.number.max(initial=0))
        found.append(house)
    lonlat, metres = spreading.frontage(ground.streets, ground.length_m)
    area = _area_of(surfaces, order, lonlat)
    street = _Places(offset + np.arange(1, len(lonlat) + 1), lonlat, metres, area)
    found.append(street.of((area >= 0) & ~by_floor[area]))
    names = ("number", "lonlat", "weight", "area")
    return _Places(*(np.concatenate([getattr(part, name) for part in found]) for name in names)), by_floor


def _area_of(surfaces: Sequence[shapely.Geometry], order: NDArray[np.int64], lonlat: Floats) -> NDArray[np.int64]:
    return np.append(order, -1)[area_of_points(surfaces, lonlat)]


def _told(rows: PopulationByArea, lived_in: Mask, by_floor: Mask, has_places: Mask, asked: bool) -> dict[str, object]:
    streets = lived_in & ~by_floor & has_places
    told: dict[str, object] = {
        "areas_by_floor_area": int((lived_in & by_floor).sum()),
        "areas_by_frontage": int(streets.sum()),
    }
    if asked and streets.any():
        told["areas_without_buildings"] = _rows(rows, streets)
    if not lived_in.all():
        told["areas_without_residents"] = _rows(rows, ~lived_in)
    return told


def _rows(rows: PopulationByArea, where: Mask) -> str:
    """Return the first codes of a mask with their rows, as text."""
    named = [f"{code} ({row})" for code, row in zip(rows.code[where], rows.row[where], strict=True)]
    return ", ".join(named[:_NAMED]) + (" …" if len(named) > _NAMED else "")


def _intake(every: PopulationByArea, rows: PopulationByArea, places: _Places, details: Mapping[str, object]) -> Intake:
    """Return the places as an intake: ``read`` and the problems are those of the table."""
    by_band = not any(np.isnan(rows.residents[name]).any() for name in RESIDENT_COLUMNS)
    names = RESIDENT_COLUMNS if by_band else (TOTAL_COLUMN,)
    fixed = np.column_stack([to_fixed(name, rows.residents[name]) for name in names])
    own = spreading.shares(fixed, places.area, places.weight)
    total = own.sum(axis=1)
    low, high = spreading.place_bounds(total, places.area)
    unknown = np.full(len(total), np.nan)
    bands: dict[str, Any] = {
        name: from_fixed(own[:, column]) if by_band else unknown for column, name in enumerate(RESIDENT_COLUMNS)
    }
    columns = {
        "place_no": places.number,
        **bands,
        TOTAL_COLUMN: from_fixed(total),
        f"{TOTAL_COLUMN}_low": from_fixed(low) / 2,
        f"{TOTAL_COLUMN}_high": from_fixed(high) / 2,
        "spread_from": rows.code[places.area],
        "connect_extra_m": np.zeros(len(total)),
    }
    spots = np.asarray(shapely.points(places.lonlat), dtype=object)
    intake = Review(places.number).intake(
        columns, spots, file_sha256=every.file_sha256, crs_declared=True, details=details
    )
    return replace(intake, problems=every.problems, read=every.read)
