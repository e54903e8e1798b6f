"""What the coverage map shows beside areas, places and points: who is missed, sure ground, flows and gates.

Each layer has its own bound, so that a page of any city stays light; what a bound leaves out is said on the page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridmgmt.analysis.status import PlaceStatus
from gridmgmt.analysis.walking.gates import Access, Gate
from gridmgmt.coverage.document import CoverageDocument, Flows
from gridmgmt.hours import minute_of_week
from gridmgmt.reports.coverage_pdf_maps import MOST_GUARANTEED
from gridmgmt.reports.formatting import count_text
from gridmgmt.reports.palette import BAND_COLOURS, BEYOND, FLOW
from gridmgmt.texts import Language, text
from gridmgmt.walking.isochrones import GroundClass

MAX_CIRCLES = 2_000
"""So many places that are not covered are circles of their own; more are merged by squares."""
MAX_FLOWS = 2_000
MAX_GATES = 5_000
MAX_VERTICES = 100_000
"""Ground with more vertices is not drawn: a page would take megabytes for it."""

TOLERANCE_M = 2.0
"""How far the border of ground is drawn from where it is."""

GROUND_COLOURS: Mapping[GroundClass, str] = {
    GroundClass.POSSIBLE: BAND_COLOURS[3],
    GroundClass.CERTAIN: BAND_COLOURS[1],
}
"""From the lowest to the highest."""
GATE_COLOURS: Mapping[Access, str] = {
    Access.PUBLIC: "#2A8C82",
    Access.RESIDENTS: "#B7791F",
    Access.CLOSED: "#A8431D",
}

_MICRODEGREES = 1_000_000
_METRES_PER_DEGREE = 111_320.0

Rows = list[list[Any]]
Sign = tuple[str, str, str]
"""Shape (``circle``, ``square``, ``line``), colour and words of a line of a legend."""


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What the map takes from beyond the run's answer: ground by class and gates, as they were for the run's question.

    ``guaranteed`` is as :func:`light_ground` gives it, None where there is too much of it; ``at`` is the run's time of
    the week. ``changed`` tells that inputs have changed since the run, so that neither can be had any more.
    """

    guaranteed: Mapping[GroundClass, shapely.Geometry] | None
    gates: Sequence[Gate]
    at: str
    changed: bool = False


@dataclass(frozen=True)
class WalkLayer:
    """One layer: what the page's script draws (None: nothing), its legend by language, and what was left out."""

    name: str
    data: Any  # Any: what JSON can hold
    signs: Mapping[Language, Sequence[Sign]]
    notes: Mapping[Language, Sequence[str]]


def light_ground(ground: Mapping[GroundClass, shapely.Geometry]) -> dict[GroundClass, shapely.Geometry]:
    """Return ground with fewer vertices that promises no more: what is certain smaller, what is possible around it all.

    Borders are moved by no more than twice :data:`TOLERANCE_M`; geometries are in degrees.
    """
    certain, possible = (ground[kind] for kind in (GroundClass.CERTAIN, GroundClass.POSSIBLE))
    whole = shapely.union(certain, possible)
    if whole.is_empty:
        return {}
    to_m = _METRES_PER_DEGREE * np.array([np.cos(np.radians(shapely.bounds(whole)[[1, 3]].mean())), 1.0])
    light: dict[GroundClass, shapely.Geometry] = {}
    for kind, shape, side in ((GroundClass.POSSIBLE, whole, 1.0), (GroundClass.CERTAIN, certain, -1.0)):
        in_m = shapely.transform(shape, lambda lonlat: lonlat * to_m)
        moved = shapely.buffer(in_m, side * TOLERANCE_M, join_style="mitre")
        # What simplifying and rounding move together stays below what the border was moved by.
        light[kind] = shapely.transform(shapely.simplify(moved, 0.9 * TOLERANCE_M), lambda xy: xy / to_m)
    return light


def walk_layers(
    document: CoverageDocument, places: pd.DataFrame | None, around: Surroundings | None, langs: Sequence[Language]
) -> list[WalkLayer]:
    """Return the layers that have something to show, the lowest first; in the public form no residents.

    Parameters
    ----------
    places
        As :func:`maps.coverage_page.coverage_page` takes them; None in the public form.
    """
    layers = [
        *([] if around is None else [_ground(around, langs)]),
        _flows(document, langs),
        *([] if places is None else [_missed(document, places, langs)]),
        *([] if around is None else [_gates(around, langs)]),
    ]
    return [layer for layer in layers if layer.data or any(layer.notes.values())]


def _layer(name: str, data: Any, signs: Any, notes: Any, langs: Sequence[Language]) -> WalkLayer:
    """Return a layer of signs and notes that are told in a language."""
    return WalkLayer(name, data or None, {lang: signs(lang) for lang in langs}, {lang: notes(lang) for lang in langs})


def _ground(around: Surroundings, langs: Sequence[Language]) -> WalkLayer:
    shapes = around.guaranteed or {}
    vertices = sum(shapely.get_num_coordinates(shape) for shape in shapes.values())
    drawn = [] if vertices > MAX_VERTICES else [kind for kind in GROUND_COLOURS if kind in shapes]
    data = [[kind, GROUND_COLOURS[kind], _rings(shapes[kind])] for kind in drawn]

    def notes(lang: Language) -> list[str]:
        if around.changed:
            return [text("map.inputs_changed", lang)]
        if around.guaranteed is None or vertices > MAX_VERTICES:
            return [text("map.ground_left_out", lang, maximum=MOST_GUARANTEED)]
        return [text("map.ground_drawn", lang, distance=f"{TOLERANCE_M:g}")] if drawn else []

    return _layer(
        "ground",
        data,
        lambda lang: [("square", GROUND_COLOURS[kind], text(f"map.ground_{kind}", lang)) for kind in reversed(drawn)],
        notes,
        langs,
    )


def _rings(ground: shapely.Geometry) -> list[list[list[int]]]:
    """Return the rings of each polygon: microdegrees of lon and lat of the first vertex, then steps to each next."""
    return [[_steps(ring) for ring in (part.exterior, *part.interiors)] for part in shapely.get_parts(ground).tolist()]


def _steps(ring: shapely.LinearRing) -> list[int]:
    at = np.round(shapely.get_coordinates(ring) * _MICRODEGREES).astype(np.int64)
    steps: list[int] = np.diff(at, axis=0, prepend=np.zeros((1, 2), dtype=np.int64)).ravel().tolist()
    return steps


def _flows(document: CoverageDocument, langs: Sequence[Language]) -> WalkLayer:
    found = document.flows or Flows(points=(), areas=())
    listed = found.areas[:MAX_FLOWS]
    data = [
        [*(round(degrees, 6) for degrees in (*flow.begin, *flow.end)), round(flow.residents, 1), round(flow.mean_s),
         flow.level, flow.area_code, flow.point_code]
        for flow in listed
    ]  # fmt: skip
    most = count_text(listed[0].residents, modelled=document.counting == "modelled") if listed else ""
    return _layer(
        "flows",
        data,
        lambda lang: [("line", FLOW, text(f"map.flow_{document.counts}", lang, count=most))],
        lambda lang: (
            [text("map.flows_left_out", lang, shown=len(listed), total=count_text(float(len(found.areas))))]
            if len(found.areas) > len(listed)
            else []
        ),
        langs,
    )


def _missed(document: CoverageDocument, places: pd.DataFrame, langs: Sequence[Language]) -> WalkLayer:
    residents = places["residents"].to_numpy(dtype=np.float64, na_value=1.0)
    missed = (places["status"].to_numpy() != PlaceStatus.COVERED) & (residents > 0)
    lonlat, weight = places.loc[missed, ["lon", "lat"]].to_numpy(dtype=np.float64), residents[missed]
    count, size_m = len(weight), 0
    if count > MAX_CIRCLES:
        lonlat, weight, size_m = _merged(lonlat, weight)
    order = np.argsort(-weight, kind="stable")
    data = [
        [*np.round(at * _MICRODEGREES).astype(np.int64).tolist(), round(of, 1)]
        for at, of in zip(lonlat[order], weight[order].tolist(), strict=True)
    ]
    most = count_text(float(weight.max(initial=0.0)), modelled=document.counting == "modelled")
    return _layer(
        "missed",
        data,
        lambda lang: [("circle", BEYOND, text(f"map.missed_{document.counts}", lang, count=most))],
        lambda lang: [text("map.missed_merged", lang, count=count_text(float(count)), size=size_m)] if size_m else [],
        langs,
    )


def _merged(
    lonlat: "np.ndarray[Any, np.dtype[np.float64]]", weight: "np.ndarray[Any, np.dtype[np.float64]]"
) -> tuple[Any, Any, int]:
    """Return the middle and the sum of the weights in each square, and the squares' side in metres."""
    low, high = lonlat.min(axis=0), lonlat.max(axis=0)
    shrink = np.array([np.cos(np.radians((low[1] + high[1]) / 2)), 1.0])  # a degree of lon is shorter than one of lat
    side = np.sqrt(np.prod((high - low) * shrink) / MAX_CIRCLES)
    _, square = np.unique(np.floor((lonlat - low) * shrink / side).astype(np.int64), axis=0, return_inverse=True)
    total = np.bincount(square.ravel(), weight)
    middle = np.column_stack([np.bincount(square.ravel(), weight * lonlat[:, axis]) / total for axis in (0, 1)])
    return middle, total, round(float(side) * _METRES_PER_DEGREE)


def _gates(around: Surroundings, langs: Sequence[Language]) -> WalkLayer:
    minute = minute_of_week(around.at)
    states = [gate.access if gate.open_at(minute) else Access.CLOSED for gate in around.gates]
    data = [
        [round(gate.lon, 6), round(gate.lat, 6), state, GATE_COLOURS[state], gate.name or gate.code]
        for gate, state in zip(around.gates, states, strict=True)
    ][:MAX_GATES]
    return _layer(
        "gates",
        data,
        lambda lang: [
            ("square", colour, text(f"map.gate_{state}", lang))
            for state, colour in GATE_COLOURS.items()
            if state in states
        ],
        lambda lang: (
            [text("map.gates_left_out", lang, shown=MAX_GATES, total=count_text(float(len(states))))]
            if len(states) > MAX_GATES
            else []
        ),
        langs,
    )
