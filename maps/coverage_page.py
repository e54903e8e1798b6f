"""The coverage map as one page: areas by ratio, places by walking time, points, and the table beside the map."""

from collections.abc import Mapping, Sequence
from typing import Any

import folium
import geopandas as gpd
import pandas as pd

from gridmgmt.analysis.walking.gates import Access
from gridmgmt.coverage.document import AreaFigures, CoverageDocument, LevelFigures
from gridmgmt.reports.coverage_geojson import rfc7946
from gridmgmt.reports.coverage_html import how_text, key_figures, public_note, title
from gridmgmt.reports.formatting import WITHHELD, area_name, count_text, label, note_text, ratio_text
from gridmgmt.reports.palette import ratio_colour, ratio_legend
from gridmgmt.reports.tables import Table, cell_text, level_table, who
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.texts import LANGUAGES, Language, text
from gridmgmt.walking.isochrones import GroundClass
from maps.offline import OfflineMap
from maps.page import environment, table_map, whole_page
from maps.place_layer import PlaceLayer, classes, place_layer
from maps.walk_layers import Surroundings, WalkLayer, walk_layers

POINT_SHAPES: Mapping[ServicePointType, str] = {
    ServicePointType.ELDERLY_SERVICE_POINT: "M12 4a8 8 0 1 0 0 16a8 8 0 1 0 0-16z",
    ServicePointType.ELDERLY_SERVICE_CENTRE: "M12 2l2.9 6.6 7.1.7-5.4 4.7 1.6 7L12 17.3 5.8 21l1.6-7L2 9.3l7.1-.7z",
    ServicePointType.MEAL_POINT: "M12 3.5L21 19.5H3z",
    ServicePointType.COMMUNITY_CANTEEN: "M3 4.5h18L12 20.5z",
    ServicePointType.DAY_CARE_CENTRE: "M5 5h14v14H5z",
    ServicePointType.ELDERLY_CARE_HOME: "M12 3L21 9.8L17.5 20.2H6.5L3 9.8z",
    ServicePointType.ACTIVITY_ROOM: "M7 3.8h10L22 12L17 20.2H7L2 12z",
    ServicePointType.MEDICAL: "M9 3h6v6h6v6h-6v6H9v-6H3V9h6z",
    ServicePointType.SERVICE_DESK: "M12 2.5L21.5 12L12 21.5L2.5 12z",
}
"""SVG paths in a box of 24 by 24, one for each type of service points; the same as on the console."""


def coverage_page(
    document: CoverageDocument,
    areas: gpd.GeoDataFrame,
    places: pd.DataFrame | None,
    points: pd.DataFrame,
    lang: Language = "zh",
    *,
    around: Surroundings | None = None,
) -> str:
    """Return a self-contained page in both languages, shown first in ``lang``; equal inputs give equal bytes.

    Parameters
    ----------
    document
        Exact or public; a public one is drawn without places whatever is given.
    areas
        Columns ``level``, ``code`` and geometries in degrees; areas missing here are in the table but not on the map.
    places
        Columns ``lon``, ``lat``, ``status`` (:class:`gridmgmt.analysis.status.PlaceStatus`), ``walk_time_s`` and
        ``residents`` (both NaN where there is none).
    points
        Columns ``code``, ``name``, ``type``, ``lon``, ``lat``; types that were not asked for are left out.
    around
        Gates and guaranteed ground; without it neither is on the map.

    Raises
    ------
    UnavailableError
        When the set-up has not put Leaflet in its place.
    """
    known = None if document.form == "public" else places
    layer = None if known is None else place_layer(document, known)
    walks = walk_layers(document, known, around, LANGUAGES)
    page_map = table_map()
    for level in document.levels:
        _add_areas(page_map, level, areas)
    data: dict[str, Any] = {
        "levels": [_level_data(document, level) for level in document.levels],
        "places": None if layer is None else {"rows": layer.rows, "square": layer.square},
        "points": _points(document, points),
        "walks": {each.name: each.data for each in walks if each.data is not None},
        "shapes": _shapes(document),
        "words": {lang: _words(document, lang) | {"walks": _names(document, lang)} for lang in LANGUAGES},
    }
    panels = "\n".join(_panel(document, layer, walks, language) for language in LANGUAGES)
    return whole_page(page_map, "coverage_page", title=title(document, lang), lang=lang, body=panels, data=data)


def _add_areas(page_map: OfflineMap, level: LevelFigures, areas: gpd.GeoDataFrame) -> None:
    """Add the areas of a level to the map; the page's script finds them by the layer's name."""
    figures = {area.code: area for area in level.areas}
    of_level = areas[(areas["level"] == level.level) & areas["code"].isin(list(figures))]
    features = [
        {"type": "Feature", "id": code, "properties": {"level": level.level}, "geometry": rfc7946(geometry)}
        for code, geometry in zip(of_level["code"], of_level.geometry, strict=True)
    ]
    if features:
        folium.GeoJson(
            {"type": "FeatureCollection", "features": features},
            name=level.level,
            style_function=lambda feature: {"fillColor": ratio_colour(figures[feature["id"]].figures.ratio)},
        ).add_to(page_map)


def _level_data(document: CoverageDocument, level: LevelFigures) -> dict[str, Any]:
    """Return what the map says of each area of a level, by language and code."""
    said = {lang: {area.code: _said(document, area, lang) for area in level.areas} for lang in LANGUAGES}
    return {"level": level.level, "said": said}


def _said(document: CoverageDocument, area: AreaFigures, lang: Language) -> list[str]:
    """Return an area's name, its ratio, and the ratio's two numbers."""
    figures, modelled = area.figures, document.counting == "modelled"
    part, whole = (
        count_text(WITHHELD if count is None else count, modelled=modelled)
        for count in (figures.covered, figures.residents)
    )
    ratio = WITHHELD if figures.ratio is None and WITHHELD in (part, whole) else figures.ratio
    return [area_name(area.name, lang), ratio_text(ratio), text("report.of", lang, part=part, whole=whole)]


def _shapes(document: CoverageDocument) -> list[str]:
    """Return the shape of each type that was asked for, in that order."""
    return [POINT_SHAPES[type_] for type_ in document.parameters.types]


def _points(document: CoverageDocument, points: pd.DataFrame) -> list[list[Any]]:
    """Return lon, lat, number of the type, code and name of each point of the asked types."""
    types = [str(type_) for type_ in document.parameters.types]
    asked = points[points["type"].isin(types)]
    columns = (asked[name] for name in ("lon", "lat", "type", "code", "name"))
    return [
        [round(lon, 6), round(lat, 6), types.index(type_), code, name]
        for lon, lat, type_, code, name in zip(*columns, strict=True)
    ]


def _words(document: CoverageDocument, lang: Language) -> dict[str, Any]:
    """Return what the page's script needs of one language."""
    return {
        "ground": {kind: text(f"map.ground_{kind}", lang) for kind in GroundClass},
        "gates": {access: text(f"map.gate_{access}", lang) for access in Access},
        "title": title(document, lang),
        "layers": text("map.layers", lang),
        "classes": classes(document, lang),
        "types": [label("point_type", type_, lang) for type_ in document.parameters.types],
        "areas": text("map.areas_by_ratio", lang),
        "places": text("map.places", lang),
        "points": text("map.points", lang),
        "who": who(document, lang),
        "minutes": text("report.walk_minutes", lang),
    }


def _names(document: CoverageDocument, lang: Language) -> dict[str, str]:
    """Return the names of the layers of walks."""
    names = {name: text(f"map.layer_{name}", lang) for name in ("ground", "flows", "missed")}
    return names | {"gates": text("map.layer_gates", lang, at=document.parameters.at or "")}


def _panel(document: CoverageDocument, layer: PlaceLayer | None, walks: Sequence[WalkLayer], lang: Language) -> str:
    """Return header, notes, tables and legend in one language."""
    return environment().get_template("coverage_panel.html.j2").render(
        lang=lang,
        document=document,
        title=title(document, lang),
        figures=key_figures(document, lang),
        notes=[note_text(note, lang) for note in document.notes] + _form_notes(document, layer, lang),
        left_out=[note for each in walks for note in each.notes[lang]],
        walks=[(each.name, _names(document, lang)[each.name], each.signs[lang]) for each in walks if each.data],
        how=how_text(document, lang),
        levels=[_level_rows(document, level, lang) for level in document.levels],
        place_classes=[] if layer is None else classes(document, lang),
        ratio_classes=ratio_legend(),
        point_types=list(zip(_shapes(document), _words(document, lang)["types"], strict=True)),
    )  # fmt: skip


def _form_notes(document: CoverageDocument, layer: PlaceLayer | None, lang: Language) -> list[str]:
    """Return what must be known of how the places are shown."""
    if document.form == "public":
        return [public_note(document, lang) or "", text("map.no_places", lang)]
    if layer is not None and layer.square is not None:
        return [text("map.binned", lang, count=count_text(layer.n_places), size=layer.size_m)]
    return []


def _level_rows(document: CoverageDocument, level: LevelFigures, lang: Language) -> tuple[Table, list[Any]]:
    """Return a level's table and its rows as (area code or None, pairs of shown text and value to sort by)."""
    table = level_table(document, level, lang)
    codes = [area.code for area in level.areas] + [None] * (len(table.rows) - len(level.areas))
    modelled = document.counting == "modelled"
    rows = [
        (code, [(cell_text(c.kind, v, modelled=modelled), v) for c, v in zip(table.columns, row, strict=True)])
        for code, row in zip(codes, table.rows, strict=True)
    ]
    return table, rows
