"""The map of cases as one page: clusters of cases, hot spots with their significance, places that come again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import folium
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gridmgmt.catalogue.matters import Words
from gridmgmt.clock import local_date
from gridmgmt.hotspots.rules import SpotClass
from gridmgmt.hotspots.service import HotSpot, HotSpots, RepeatedPlace, RepeatedPlaces
from gridmgmt.texts import LANGUAGES, Language, text
from maps.page import environment, table_map, whole_page

MOST_PLACES = 50_000
"""A page holds every position of cases up to this many; more are brought together in squares."""

COLOURS: Mapping[str, str] = {
    SpotClass.HOT.value: "#C8442E",
    SpotClass.COLD.value: "#3A78B8",
    "open": "#E0A020",
    "ended": "#4F7F86",
    "repeated": "#6B2D8C",
}
_MICRODEGREES = 1_000_000
_COARSER = 2
_LISTED = 300
"""So many significant areas are listed; the map has all."""


@dataclass(frozen=True)
class CasesDrawn:
    """What the page shows.

    Parameters
    ----------
    surfaces
        GeoJSON geometry of each of the significant areas, in their order.
    points
        Columns ``lon``, ``lat`` and ``open`` (0 or 1) of the cases.
    towns
        Code, name and GeoJSON geometry of each.
    types
        Names of types by their codes.
    """

    spots: HotSpots
    surfaces: Sequence[Mapping[str, Any]]
    repeats: RepeatedPlaces
    points: pa.Table
    towns: Sequence[tuple[str, str, Mapping[str, Any]]]
    types: Mapping[str, Words]
    synthetic: bool


def cases_page(drawn: CasesDrawn, lang: Language = "zh") -> str:
    """Return a self-contained page in both languages, shown first in ``lang``; equal inputs give equal bytes.

    Raises
    ------
    UnavailableError
        When the set-up has not put Leaflet in its place.
    """
    page_map = table_map()
    features = [
        {"type": "Feature", "id": code, "properties": {"name": name}, "geometry": geometry}
        for code, name, geometry in drawn.towns
    ]
    if features:
        folium.GeoJson({"type": "FeatureCollection", "features": features}, name="towns").add_to(page_map)
    rows, square_m = placed(drawn.points)
    data: dict[str, Any] = {
        "colours": COLOURS,
        "cases": rows,
        "spots": [
            [spot.code, spot.spot, surface] for spot, surface in zip(drawn.spots.spots, drawn.surfaces, strict=True)
        ],
        "repeats": [[round(place.lon, 6), round(place.lat, 6)] for place in drawn.repeats.places],
        "within_m": drawn.repeats.question.within_m,
        "words": {language: _words(drawn, language) for language in LANGUAGES},
    }
    panels = "\n".join(_panel(drawn, square_m, language) for language in LANGUAGES)
    return whole_page(page_map, "cases_page", title=_title(drawn, lang), lang=lang, body=panels, data=data)


def placed(points: pa.Table) -> tuple[list[int], float | None]:
    """Return flat rows of microdegrees, cases and open cases; and the side of a square where they are merged, in m.

    Cases at one position are one row. Above :data:`MOST_PLACES` positions they are merged into squares, each drawn in
    the middle of its cases.
    """
    lonlat = np.column_stack([points["lon"].to_numpy(), points["lat"].to_numpy()])
    still = points["open"].to_numpy()
    step = 1
    while True:
        key = np.round(lonlat * _MICRODEGREES).astype(np.int64) // step
        squares, square = np.unique(key, axis=0, return_inverse=True)
        if len(squares) <= MOST_PLACES:
            break
        step = max(step * _COARSER, 64)
    count = np.bincount(square.ravel(), minlength=len(squares))
    middle = [np.bincount(square.ravel(), each, len(squares)) / count for each in lonlat.T] if len(squares) else []
    rows: list[NDArray[np.int64]] = [np.round(each * _MICRODEGREES).astype(np.int64) for each in middle]
    rows += [count, np.bincount(square.ravel(), still, len(squares)).astype(np.int64)]
    flat: list[int] = np.column_stack(rows).ravel().tolist() if len(squares) else []
    return flat, None if step == 1 else step * 0.111


def _title(drawn: CasesDrawn, lang: Language) -> str:
    span = drawn.spots.question.span
    return text("cases_map.title", lang, first=span.first, last=span.last)


def _words(drawn: CasesDrawn, lang: Language) -> dict[str, Any]:
    """Return what the page's script needs of one language."""
    return {
        "title": _title(drawn, lang),
        "layers": text("map.layers", lang),
        "names": {name: text(f"cases_map.layer_{name}", lang) for name in ("cases", "spots", "repeated")},
        "cases": text("cases_map.cases", lang, count="{count}", open="{open}"),
        "spots": [_spot_told(spot, lang) for spot in drawn.spots.spots],
        "repeats": [_place_told(place, drawn.types, lang) for place in drawn.repeats.places],
        "towns": {code: name for code, name, _ in drawn.towns},
    }


def _spot_told(spot: HotSpot, lang: Language) -> list[str]:
    """Return what the map says of a significant area."""
    name = spot.code if spot.parent_name is None else f"{spot.parent_name} · {spot.code}"
    return [
        text(f"spot_class.{spot.spot}", lang),
        name,
        text("cases_map.spot", lang, count=spot.count, density=f"{spot.density_per_km2:,.0f}"),
        f"Gi* {spot.z:+.2f} · p {spot.adjusted_p:.5f}",
    ]


def _place_told(place: RepeatedPlace, types: Mapping[str, Words], lang: Language) -> list[str]:
    """Return what the map says of a repeated place."""
    named = [f"{_type_name(code, types, lang)} ({count})" for code, count in place.types[:3]]
    days = f"{local_date(place.first_at)} – {local_date(place.last_at)}"
    return [text("cases_map.again", lang, count=place.count), place.address or "—", ", ".join(named), days]


def _type_name(code: str, types: Mapping[str, Words], lang: Language) -> str:
    return types[code].said(lang) if code in types else code


def _panel(drawn: CasesDrawn, square_m: float | None, lang: Language) -> str:
    """Return header, figures, tables and legend in one language."""
    hot = sum(spot.spot is SpotClass.HOT for spot in drawn.spots.spots)
    places = [
        (place, _type_name(place.types[0][0], drawn.types, lang), local_date(place.last_at))
        for place in drawn.repeats.places
    ]
    return (
        environment()
        .get_template("cases_panel.html.j2")
        .render(
            lang=lang,
            title=_title(drawn, lang),
            found=drawn.spots,
            hot=hot,
            cold=len(drawn.spots.spots) - hot,
            listed=list(enumerate(drawn.spots.spots[:_LISTED])),
            repeats=drawn.repeats,
            places=list(enumerate(places)),
            square_m=square_m,
            synthetic=drawn.synthetic,
            colours=COLOURS,
        )
    )
