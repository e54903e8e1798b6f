"""The maps of a coverage report on paper: areas by ratio, places by walking time, and who is not covered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.status import PlaceStatus
from gridmgmt.coverage.document import NETWORK_HULL, CoverageDocument
from gridmgmt.coverage.models import CoverageRun
from gridmgmt.coverage.queries import areas_of_run, place_results
from gridmgmt.db import Session
from gridmgmt.editions.queries import edition_named
from gridmgmt.editions.rules import Subject
from gridmgmt.frames import geometries
from gridmgmt.network import queries as network_queries
from gridmgmt.reports import pdf_maps
from gridmgmt.reports.formatting import count_text, label, minutes_text
from gridmgmt.reports.palette import (
    BEYOND,
    NO_RATIO,
    NOT_CONNECTABLE,
    OUTSIDE,
    band_colours,
    ratio_colour,
    ratio_legend,
)
from gridmgmt.reports.pdf_maps import Frame
from gridmgmt.service_points.queries import open_points
from gridmgmt.texts import Language, text

if TYPE_CHECKING:
    import geopandas as gpd

STREET, BORDER, POINT = "#9AA3AF", "#5A6675", "#0B63CE"


@dataclass(frozen=True, eq=False)
class Ground:
    """What the maps of a run are drawn from, in degrees; ``places`` is None in the public form.

    ``places`` has the columns of :func:`gridmgmt.coverage.queries.place_results`.
    """

    areas: "gpd.GeoDataFrame"
    streets: NDArray[np.object_]
    points: NDArray[np.float64]
    places: pa.Table | None


@dataclass(frozen=True)
class Sign:
    """One line of a legend: a colour as a square, a dot or a circle of so many units' radius, and what it means."""

    words: str
    colour: str
    radius: float = 0.0


@dataclass(frozen=True)
class Drawn:
    """One map: its drawing, its height over its width, and what stands beside it."""

    key: str
    title: str
    svg: str
    aspect: float
    signs: tuple[Sign, ...]
    scale: str
    scale_share: float
    note: str


def read_ground(session: Session, run: CoverageRun, document: CoverageDocument) -> Ground:
    """Return what the maps of a finished run show, as on the day it was asked."""
    on = date.fromisoformat(run.parameters["on"])
    network = next(edition for edition in document.inputs if edition.subject == Subject.NETWORK)
    edition = edition_named(session, Subject.NETWORK, "", network.name)
    streets = np.empty(0, dtype=object)
    if edition is not None:
        streets = geometries(network_queries.edges(session, edition.edition_id)["geom"])
    points = open_points(session, on, run.types)
    return Ground(
        areas=areas_of_run(session, run),
        streets=streets,
        points=np.column_stack([points["lon"].to_numpy(), points["lat"].to_numpy()]),
        places=place_results(session, run.run_id) if document.form == "exact" else None,
    )


def coverage_maps(document: CoverageDocument, ground: Ground, lang: Language) -> list[Drawn]:
    """Return the maps: areas by ratio, and in the exact form places by walking time and residents not covered."""
    box = _box(document, ground)
    if box is None:
        return []
    frame = Frame.around(box)
    near = _touching(ground.streets, frame)
    streets = pdf_maps.outlines(frame, near, STREET, 0.8 if len(near) > 5_000 else 1.5) if len(near) else ""
    maps = [_areas_map(document, ground, frame, streets, lang)]
    if ground.places is not None:
        maps += [
            _walks_map(document, ground, ground.places, frame, streets, lang),
            _missed_map(document, ground, ground.places, frame, streets, lang),
        ]
    return maps


def _areas_map(document: CoverageDocument, ground: Ground, frame: Frame, streets: str, lang: Language) -> Drawn:
    lowest = document.levels[-1]
    ratio = {area.code: area.figures.ratio for area in lowest.areas}
    of_level = ground.areas[(ground.areas["level"] == lowest.level) & ground.areas["code"].isin(list(ratio))]
    colours = [ratio_colour(ratio[code]) for code in of_level["code"]]
    filled = pdf_maps.surfaces(frame, of_level.geometry.to_numpy(), colours) if len(of_level) else ""
    signs = [Sign(words, colour) for colour, words in ratio_legend() if colour in {*colours, NO_RATIO}]
    title = text("pdf.map_areas", lang, level=label("level", lowest.level, lang))
    layers = [filled, streets, _borders(ground, frame), _points(ground, frame)]
    return _drawn("areas", title, frame, layers, [*signs, _point_sign(lang)], lang)


def _walks_map(
    document: CoverageDocument, ground: Ground, places: pa.Table, frame: Frame, streets: str, lang: Language
) -> Drawn:
    bands = [band for band in sorted(document.parameters.bands_s) if band <= document.parameters.limit_s]
    colours = [*band_colours(len(bands)), BEYOND, NOT_CONNECTABLE, OUTSIDE]
    lonlat, residents, status = _places(places)
    time_s = np.nan_to_num(places["walk_time_s"].to_numpy(), nan=np.inf)
    class_ = np.minimum(np.searchsorted(bands, time_s, side="left"), len(bands))
    class_ = np.where(status == PlaceStatus.UNCOVERED, len(bands), class_)
    class_ = np.where(status == PlaceStatus.NOT_CONNECTABLE, len(bands) + 1, class_)
    class_ = np.where(status == PlaceStatus.OUTSIDE, len(bands) + 2, class_)
    painted = pdf_maps.places(frame, lonlat, class_, residents, dict(enumerate(colours)))
    limit = minutes_text(document.parameters.limit_s)
    names = [
        *(text("report.within", lang, minutes=minutes_text(band)) for band in bands),
        text("map.beyond", lang, minutes=limit),
        *(text(f"place_status.{status}", lang) for status in ("not_connectable", "outside")),
    ]
    present = set(class_.tolist())
    signs = [Sign(name, colours[number]) for number, name in enumerate(names) if number in present]
    side = frame.width_m * pdf_maps.SQUARE / pdf_maps.WIDTH
    note = text("map.binned", lang, count=count_text(float(len(lonlat))), size=round(side))
    layers = [streets, painted, _borders(ground, frame), _points(ground, frame)]
    return _drawn(
        "walks", text("pdf.map_walks", lang), frame, layers, [*signs, _point_sign(lang)], lang,
        note if len(lonlat) > pdf_maps.MAX_DOTS else "",
    )  # fmt: skip


def _missed_map(
    document: CoverageDocument, ground: Ground, places: pa.Table, frame: Frame, streets: str, lang: Language
) -> Drawn:
    lonlat, residents, status = _places(places)
    missed = (status != PlaceStatus.COVERED) & (residents > 0)
    weight = residents[missed]
    painted = pdf_maps.circles(frame, lonlat[missed], weight, BEYOND)
    heaviest = float(weight.max(initial=0.0))
    steps = sorted({_round_number(heaviest), _round_number(heaviest / 5)} - {0.0}, reverse=True)
    radii = pdf_maps.radius_of(np.array(steps), heaviest).tolist() if steps else []
    modelled = document.counting == "modelled"
    signs = [
        Sign(text(f"pdf.circle_{document.counts}", lang, count=count_text(step, modelled=modelled)), BEYOND, radius)
        for step, radius in zip(steps, radii, strict=True)
    ]
    note = text("pdf.circles_left_out", lang, drawn=pdf_maps.MAX_CIRCLES, count=count_text(float(len(weight))))
    layers = [streets, _borders(ground, frame), painted, _points(ground, frame)]
    return _drawn(
        "missed", text("pdf.map_missed", lang), frame, layers, [*signs, _point_sign(lang)], lang,
        note if len(weight) > pdf_maps.MAX_CIRCLES else "",
    )  # fmt: skip


def _drawn(
    key: str, title: str, frame: Frame, layers: Sequence[str], signs: Sequence[Sign], lang: Language, note: str = ""
) -> Drawn:
    metres, share = frame.scale_bar()
    scale = f"{metres} m" if metres < 1_000 else f"{metres / 1_000:g} km"
    return Drawn(
        key, title, pdf_maps.drawing(frame, layers), frame.height / pdf_maps.WIDTH, tuple(signs),
        text("pdf.scale", lang, length=scale), share, note,
    )  # fmt: skip


def _box(document: CoverageDocument, ground: Ground) -> pdf_maps.Box | None:
    """Return the box of the areas of the report; of the places and points where there are none."""
    if len(ground.areas):
        return _bounds(shapely.total_bounds(ground.areas.geometry.to_numpy()))
    if document.levels[-1].level == NETWORK_HULL and len(ground.streets):
        return _bounds(shapely.total_bounds(ground.streets))
    known = [ground.points] if ground.places is None else [_places(ground.places)[0], ground.points]
    lonlat = np.concatenate(known)
    return _bounds(np.concatenate([lonlat.min(axis=0), lonlat.max(axis=0)])) if len(lonlat) else None


def _bounds(found: NDArray[np.float64]) -> pdf_maps.Box:
    west, south, east, north = found.tolist()
    return west, south, east, north


def _places(places: pa.Table) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return positions, residents (1 where places are counted) and statuses."""
    lonlat = np.column_stack([places["lon"].to_numpy(), places["lat"].to_numpy()])
    residents = places["residents"].to_numpy().astype(np.float64)
    return lonlat, np.where(np.isnan(residents), 1.0, residents), places["status"].to_numpy()


def _touching(streets: NDArray[np.object_], frame: Frame) -> NDArray[np.object_]:
    """Return the streets whose box touches the frame."""
    if not len(streets):
        return streets
    west, south, east, north = frame.box
    bounds = shapely.bounds(streets)
    return streets[(bounds[:, 0] <= east) & (bounds[:, 2] >= west) & (bounds[:, 1] <= north) & (bounds[:, 3] >= south)]


def _borders(ground: Ground, frame: Frame) -> str:
    """Return the borders of all levels, the larger areas' stronger."""
    drawn = []
    levels = list(dict.fromkeys(ground.areas["level"])) if len(ground.areas) else []
    for level in levels:
        of_level = ground.areas[ground.areas["level"] == level].geometry.to_numpy()
        drawn.append(pdf_maps.outlines(frame, of_level, BORDER, 6.0 if len(of_level) <= 30 else 1.5))
    return "".join(drawn)


def _points(ground: Ground, frame: Frame) -> str:
    return pdf_maps.dots(frame, ground.points, 12.0 if len(ground.points) <= 200 else 7.0, POINT, "#FFFFFF")


def _point_sign(lang: Language) -> Sign:
    return Sign(text("report.service_points", lang), POINT, 12.0)


def _round_number(value: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is no more than a number.

    >>> [_round_number(value) for value in (0.0, 7.0, 49.0, 230.0)]
    [0.0, 5.0, 20.0, 200.0]
    """
    if value <= 0:
        return 0.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(max(step * power for step in (1, 2, 5) if step * power <= value))
