"""A district of square cells whose owners make its areas: boundaries and points that a person or a loop can count.

Cells are 0.001° wide and high, from 121.4° E 31.3° N; cell ``(column, row)`` counts eastward and northward.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import geopandas as gpd
import pandas as pd
import shapely

from gridmgmt.areas import service as areas
from gridmgmt.areas.queries import area_frame
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.casework import registers
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.rules import Counting, EditionDraft, Subject
from gridmgmt.editions.service import open_draft, open_edition
from gridmgmt.population import service as population
from gridmgmt.population.models import RESIDENT_COLUMNS
from gridmgmt.service_points import service as service_points
from tests.support.actors import TESTER

CELL_DEG = 0.001
WEST, SOUTH = 121.4, 31.3
EXTENT = (121.3, 31.2, 121.5, 31.4)

LonLat = tuple[float, float]


def spot(column: float, row: float) -> LonLat:
    """The corner of a cell, or with fractions a point in it."""
    return WEST + column * CELL_DEG, SOUTH + row * CELL_DEG


def block(west: float, south: float, east: float, north: float) -> shapely.Geometry:
    """The cells between two corners."""
    return shapely.box(*spot(west, south), *spot(east, north))


def draw(
    session: Session, name: str, on: date, surfaces: Mapping[str, shapely.Geometry], level: AreaLevel = AreaLevel.TOWN
) -> Edition:
    """A draft in which these are the areas of a level, by code; all others of the level end."""
    draft = open_draft(session, _described(Subject.AREAS, name, on))
    frame = gpd.GeoDataFrame(
        {"code": list(surfaces), "name": [f"{code}镇" for code in surfaces], "attributes": [{} for _ in surfaces]},
        geometry=[_multi(surface) for surface in surfaces.values()],
        crs=4326,
    )
    areas.store(session, draft, frame, level)
    seen = area_frame(session, on, levels=[level], draft=draft.edition_id)
    areas.end(session, draft, seen.loc[~seen["code"].isin(list(surfaces)), "area_id"].astype(int).tolist())
    session.flush()
    return draft


def add_service_points(session: Session, on: date, rows: Iterable[tuple[LonLat, str, str]]) -> None:
    """Service points: position, type, status."""
    spots, types, statuses = _columns(rows, 3)
    numbers = [str(number) for number in range(len(spots))]
    frame = _points(spots, code=numbers, name=numbers, type=types, status=statuses)
    frame = frame.assign(capacity=None, address=None, attributes=[{} for _ in numbers])
    service_points.store(session, _edition(session, Subject.SERVICE_POINTS, on), frame)


def add_cases(session: Session, on: date, rows: Iterable[tuple[LonLat, str, str, str]]) -> None:
    """Cases: position, type, state, moment of report."""
    spots, types, states, reported = _columns(rows, 4)
    frame = _points(spots, case_no=[f"C{n}" for n in range(len(spots))], kind="event", type=types, state=states)
    moments = pd.to_datetime(pd.Series(reported, dtype=object), utc=True)
    empty = pd.Series(pd.NaT, index=frame.index).dt.tz_localize("UTC")
    frame = frame.assign(reported_at=moments, due_at=empty, closed_at=empty)
    registers.store(session, TESTER, _edition(session, Subject.CASES, on), frame)


def add_residents(
    session: Session, on: date, rows: Iterable[tuple[LonLat, Sequence[float]]], counting: Counting = Counting.COUNTED
) -> None:
    """Places: position, and residents by age band, or the one number of 60 and over, or none."""
    spots, residents = _columns(rows, 2)
    frame = _points(spots, row=list(range(1, len(spots) + 1)))
    if residents and len(residents[0]) == len(RESIDENT_COLUMNS):
        for i, name in enumerate(RESIDENT_COLUMNS):
            frame[name] = [float(bands[i]) for bands in residents]
    if counting is not Counting.PLACES_ONLY:
        frame["residents_60_plus"] = [float(sum(each)) for each in residents]
    population.store(session, _edition(session, Subject.POPULATION, on, counting), frame)


def _columns(rows: Iterable[tuple[object, ...]], width: int) -> list[list]:  # type: ignore[type-arg]  # of many types
    table = list(rows)
    return [[row[i] for row in table] for i in range(width)]


def _points(spots: Sequence[LonLat], **columns: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=[shapely.Point(*each) for each in spots], crs=4326)


def _edition(session: Session, subject: Subject, on: date, counting: Counting | None = None) -> Edition:
    return open_edition(session, _described(subject, str(subject), on, counting))[0]


def _described(subject: Subject, name: str, on: date, counting: Counting | None = None) -> EditionDraft:
    return EditionDraft(
        subject=subject,
        name=name,
        source="paper",
        synthetic=True,
        datum="wgs84",
        content_sha256=name,
        valid_from=on,
        extent=EXTENT,
        counting=counting,
    )


def _multi(surface: shapely.Geometry) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([part for part in shapely.get_parts(surface) if part.geom_type == "Polygon"])
