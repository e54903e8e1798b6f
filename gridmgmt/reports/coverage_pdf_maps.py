"""The maps of a coverage report on paper: areas by ratio, places by walking time, and who is not covered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.status import PlaceStatus
from gridmgmt.coverage.accessibility import question_of
from gridmgmt.coverage.document import NETWORK_HULL, AreaFlow, CoverageDocument
from gridmgmt.coverage.models import CoverageRun
from gridmgmt.coverage.queries import areas_of_run, place_results
from gridmgmt.db import Session
from gridmgmt.editions.queries import edition_named
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import GridMgmtError
from gridmgmt.frames import geometries
from gridmgmt.network import queries as network_queries
from gridmgmt.reports import pdf_maps
from gridmgmt.reports.formatting import count_text, label, minutes_text
from gridmgmt.reports.palette import (
    BAND_COLOURS,
    BEYOND,
    FLOW,
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
from gridmgmt.units import SECONDS_PER_MINUTE
from gridmgmt.walking.cache import WARM
from gridmgmt.walking.isochrones import GroundClass, guaranteed_areas, make_ask

if TYPE_CHECKING:
    import geopandas as gpd

MOST_GUARANTEED = 200
"""Up to so many points, the ground within their reach is drawn; of more it would keep the reader waiting."""
MANY_STREETS = 5_000
STREET, BORDER, POINT = "#9AA3AF", "#5A6675", "#0B63CE"

Layer = tuple[str, str]
"""A drawing by the name of its file."""


@dataclass(frozen=True, eq=False)
class Ground:
    """What the maps of a run are drawn from, in degrees; ``places`` is None in the public form.

    ``places`` has the columns of :func:`gridmgmt.coverage.queries.place_results`.
    """

    areas: "gpd.GeoDataFrame"
    streets: NDArray[np.object_]
    points: NDArray[np.float64]
    places: pa.Table | None
    guaranteed: Mapping[GroundClass, shapely.Geometry] | None = None
    """Ground within the limit of a point for certain, and possibly; None where there are too many points to draw it."""


@dataclass(frozen=True)
class Sign:
    """One line of a legend: a colour as a square, a dot or a circle of so many units' radius, and what it means."""

    words: str
    colour: str
    radius: float = 0.0


@dataclass(frozen=True)
class Label:
    """Words on a drawing: where, as shares of its width and height, in which size in units, on which side of there."""

    x: float
    y: float
    words: str
    size: float
    colour: str
    anchor: Literal["start", "middle", "end"] = "middle"


@dataclass(frozen=True)
class Drawn:
    """One map or chart: its drawings by name, the lowest first, its height over its width, and what stands beside it.

    A chart has no scale.
    """

    key: str
    title: str
    layers: tuple[Layer, ...]
    aspect: float
    signs: tuple[Sign, ...]
    scale: str
    scale_share: float
    note: str
    labels: tuple[Label, ...] = ()


def read_ground(session: Session, run: CoverageRun, document: CoverageDocument, *, with_streets: bool = True) -> Ground:
    """Return what the maps of a finished run show, as on the day it was asked; its streets where they are wanted."""
    on = date.fromisoformat(run.parameters["on"])
    network = next(edition for edition in document.inputs if edition.subject == Subject.NETWORK)
    edition = edition_named(session, Subject.NETWORK, "", network.name)
    streets = np.empty(0, dtype=object)
    if edition is not None and with_streets:
        streets = geometries(network_queries.edges(session, edition.edition_id)["geom"])
    points = open_points(session, on, run.types)
    return Ground(
        areas=areas_of_run(session, run),
        streets=streets,
        points=np.column_stack([points["lon"].to_numpy(), points["lat"].to_numpy()]),
        places=place_results(session, run.run_id) if document.form == "exact" else None,
        guaranteed=guaranteed_ground(session, run) if len(points) <= MOST_GUARANTEED else None,
    )


def guaranteed_ground(session: Session, run: CoverageRun) -> Mapping[GroundClass, shapely.Geometry] | None:
    """Return the ground within the limit by class, as the run's question has it; None where it cannot be had."""
    return WARM.get(("guaranteed ground", run.input_sha256), lambda: _ground_of(session, run))


def _ground_of(session: Session, run: CoverageRun) -> Mapping[GroundClass, shapely.Geometry] | None:
    request, on = question_of(run)
    try:
        ask = make_ask([request.limit_s / SECONDS_PER_MINUTE])
        found = guaranteed_areas(session, request.walk_on(on), ask)
    except GridMgmtError:  # too large, or what the run stood on is no longer there: the other maps do without
        return None
    return {area.ground: area.geometry for area in found.areas}


def coverage_maps(document: CoverageDocument, ground: Ground, lang: Language) -> list[Drawn]:
    """Return the maps: areas by ratio, guaranteed ground, and in the exact form places by walk and who is missed."""
    box = _box(document, ground)
    if box is None:
        return []
    sheet = _Sheet.of(document, ground, Frame.around(box), lang)
    maps = [_areas_map(sheet)]
    if ground.guaranteed is not None:
        maps.append(_guaranteed_map(sheet, ground.guaranteed))
    if ground.places is not None:
        maps += [_walks_map(sheet, ground.places), _missed_map(sheet, ground.places)]
    if document.flows is not None and document.flows.areas:
        maps.append(_flows_map(sheet, document.flows.areas))
    return maps


@dataclass(frozen=True, eq=False)
class _Sheet:
    """What all maps of a report have in common; drawings that they share are drawn, and kept in the PDF, once."""

    document: CoverageDocument
    ground: Ground
    frame: Frame
    lang: Language
    streets: Layer
    borders: Layer
    points: Layer

    @classmethod
    def of(cls, document: CoverageDocument, ground: Ground, frame: Frame, lang: Language) -> "_Sheet":
        """Draw streets, borders and points."""
        near = touching(ground.streets, frame)
        streets = pdf_maps.outlines(frame, near, STREET, 0.5 if len(near) > MANY_STREETS else 1.5) if len(near) else ""
        shared = {"streets": streets, "borders": _borders(ground, frame), "points": _points(ground, frame)}
        layers = {name: (f"{name}.svg", pdf_maps.drawing(frame, [svg])) for name, svg in shared.items()}
        return cls(document, ground, frame, lang, **layers)

    def layer(self, name: str, *drawn: str) -> Layer:
        """Return a drawing of one map alone."""
        return f"{name}.svg", pdf_maps.drawing(self.frame, drawn)

    def map(self, key: str, title: str, layers: Sequence[Layer], signs: Sequence[Sign], note: str = "") -> Drawn:
        """Return a map of layers, the lowest first, with the scale and the sign of points."""
        scale, share = scale_words(self.frame, self.lang)
        points = Sign(text("report.service_points", self.lang), POINT, 12.0)
        return Drawn(
            key=key,
            title=title,
            layers=tuple(layers),
            aspect=self.frame.height / pdf_maps.WIDTH,
            signs=(*signs, points),
            scale=scale,
            scale_share=share,
            note=note,
        )


def scale_words(frame: Frame, lang: Language) -> tuple[str, float]:
    """Return what a frame's scale bar says, and the bar's share of the width."""
    metres, share = frame.scale_bar()
    length = f"{metres} m" if metres < 1_000 else f"{metres / 1_000:g} km"
    return text("pdf.scale", lang, length=length), share


def _areas_map(sheet: _Sheet) -> Drawn:
    lowest, areas = sheet.document.levels[-1], sheet.ground.areas
    ratio = {area.code: area.figures.ratio for area in lowest.areas}
    of_level = areas[(areas["level"] == lowest.level) & areas["code"].isin(list(ratio))]
    colours = [ratio_colour(ratio[code]) for code in of_level["code"]]
    filled = pdf_maps.surfaces(sheet.frame, of_level.geometry.to_numpy(), colours) if len(of_level) else ""
    signs = [Sign(words, colour) for colour, words in ratio_legend() if colour in {*colours, NO_RATIO}]
    title = text("pdf.map_areas", sheet.lang, level=label("level", lowest.level, sheet.lang))
    return sheet.map("areas", title, [sheet.layer("areas", filled), sheet.streets, sheet.borders, sheet.points], signs)


def _guaranteed_map(sheet: _Sheet, guaranteed: Mapping[GroundClass, shapely.Geometry]) -> Drawn:
    *_, certain, possible = BAND_COLOURS
    colours = {GroundClass.POSSIBLE: possible, GroundClass.CERTAIN: certain}
    painted = [
        pdf_maps.surfaces(sheet.frame, np.array([guaranteed[kind]], dtype=object), [colour], rim="none")
        for kind, colour in colours.items()
        if kind in guaranteed
    ]
    title = text("pdf.map_guaranteed", sheet.lang, minutes=minutes_text(sheet.document.parameters.limit_s))
    layers = [sheet.layer("guaranteed", *painted), sheet.streets, sheet.borders, sheet.points]
    signs = [Sign(text(f"pdf.ground_{kind}", sheet.lang), colour) for kind, colour in reversed(colours.items())]
    return sheet.map("guaranteed", title, layers, signs)


def _walks_map(sheet: _Sheet, places: pa.Table) -> Drawn:
    asked, frame, lang = sheet.document.parameters, sheet.frame, sheet.lang
    bands = [band for band in sorted(asked.bands_s) if band <= asked.limit_s]
    colours = [*band_colours(len(bands)), BEYOND, NOT_CONNECTABLE, OUTSIDE]
    names = [
        *(text("report.within", lang, minutes=minutes_text(band)) for band in bands),
        text("map.beyond", lang, minutes=minutes_text(asked.limit_s)),
        *(text(f"place_status.{status}", lang) for status in ("not_connectable", "outside")),
    ]
    lonlat, residents, status = _places(places)
    time_s = np.nan_to_num(places["walk_time_s"].to_numpy(), nan=np.inf)
    class_ = np.where(
        status == PlaceStatus.COVERED, np.searchsorted(bands, time_s, side="left"), len(bands) - 1 + status
    )
    painted = pdf_maps.places(frame, lonlat, class_, residents, dict(enumerate(colours)))
    present = set(class_.tolist())
    signs = [Sign(name, colours[number]) for number, name in enumerate(names) if number in present]
    side = round(frame.width_m * pdf_maps.SQUARE / pdf_maps.WIDTH)
    note = ""
    if len(lonlat) > pdf_maps.MAX_DOTS:
        note = text("map.binned", lang, count=count_text(float(len(lonlat))), size=side)
    layers = [sheet.streets, sheet.layer("walks", painted), sheet.borders, sheet.points]
    return sheet.map("walks", text("pdf.map_walks", lang), layers, signs, note)


def _missed_map(sheet: _Sheet, places: pa.Table) -> Drawn:
    lang, counts = sheet.lang, sheet.document.counts
    lonlat, residents, status = _places(places)
    missed = (status != PlaceStatus.COVERED) & (residents > 0)
    lonlat, weight, largest, note = lonlat[missed], residents[missed], 34.0, ""
    if len(weight) > pdf_maps.MAX_CIRCLES:
        side = round(sheet.frame.width_m * pdf_maps.MERGED / pdf_maps.WIDTH)
        note = text("pdf.circles_merged", lang, count=count_text(float(len(weight))), size=side)
        (lonlat, weight), largest = pdf_maps.merged(sheet.frame, lonlat, weight), pdf_maps.MERGED / 2
    heaviest = float(weight.max(initial=0.0))
    steps = sorted({_round_number(heaviest), _round_number(heaviest / 5)} - {0.0}, reverse=True)
    radii = pdf_maps.radius_of(np.array(steps), heaviest, largest).tolist()
    modelled = sheet.document.counting == "modelled"
    signs = [
        Sign(text(f"pdf.circle_{counts}", lang, count=count_text(step, modelled=modelled)), BEYOND, radius)
        for step, radius in zip(steps, radii, strict=True)
    ]
    painted = pdf_maps.circles(sheet.frame, lonlat, weight, BEYOND, largest)
    layers = [sheet.streets, sheet.borders, sheet.layer("missed", painted), sheet.points]
    return sheet.map("missed", text("pdf.map_missed", lang), layers, signs, note)


def _flows_map(sheet: _Sheet, found: Sequence[AreaFlow]) -> Drawn:
    document, lang = sheet.document, sheet.lang
    begin, end = np.array([flow.begin for flow in found]), np.array([flow.end for flow in found])
    painted = pdf_maps.flows(sheet.frame, begin, end, np.array([flow.residents for flow in found]), FLOW)
    most = count_text(found[0].residents, modelled=document.counting == "modelled")
    signs = [Sign(text(f"map.flow_{document.counts}", lang, count=most), FLOW)]
    layers = [sheet.borders, sheet.layer("flows", painted), sheet.points]
    return sheet.map("flows", text("map.layer_flows", lang), layers, signs)


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


def touching(streets: NDArray[np.object_], frame: Frame) -> NDArray[np.object_]:
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


def _round_number(value: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is no more than a number.

    >>> [_round_number(value) for value in (0.0, 7.0, 49.0, 230.0)]
    [0.0, 5.0, 20.0, 200.0]
    """
    if value <= 0:
        return 0.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(max(step * power for step in (1, 2, 5) if step * power <= value))
