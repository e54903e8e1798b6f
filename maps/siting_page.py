"""The siting map as one page: new points by rank, areas before and after, open points, what is out, zones."""

from collections.abc import Sequence
from typing import Any

import folium
import geopandas as gpd
import pandas as pd

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.reports.coverage_geojson import rfc7946
from gridmgmt.reports.formatting import area_name, count_text, label, ratio_text
from gridmgmt.reports.palette import ratio_colour, ratio_legend
from gridmgmt.reports.pdf_maps import inline
from gridmgmt.reports.siting_drawings import CHOSEN, FORBIDDEN, LEFT_OUT, UNCOVERABLE, curve_drawn, shape_of
from gridmgmt.reports.siting_html import lead_texts
from gridmgmt.reports.siting_tables import area_tables, areas_by_level, chosen_table, reason_text, verdict_text
from gridmgmt.reports.siting_words import (
    how_texts,
    is_modelled,
    point_name,
    siting_figures,
    siting_notes,
    siting_sha256,
    siting_title,
)
from gridmgmt.reports.tables import Table, cell_text
from gridmgmt.siting.document import AreaBefore, Chosen, SitingDocument
from gridmgmt.texts import LANGUAGES, Language, text
from maps.coverage_page import POINT_SHAPES
from maps.offline import OfflineMap
from maps.page import environment, table_map, whole_page


def siting_page(document: SitingDocument, areas: gpd.GeoDataFrame, points: pd.DataFrame, lang: Language = "zh") -> str:
    """Return a self-contained page in both languages, shown first in ``lang``; equal inputs give equal bytes.

    Parameters
    ----------
    areas
        Columns ``level``, ``code`` and geometries in degrees; areas missing here are in the table but not on the map.
    points
        Open points: columns ``code``, ``name``, ``type``, ``lon``, ``lat``; types that do not count are left out.

    Raises
    ------
    UnavailableError
        When the set-up has not put Leaflet in its place.
    """
    page_map = table_map()
    for level, of_level in areas_by_level(document).items():
        _add_areas(page_map, level, of_level, areas)
    types = [str(type_) for type_ in document.terms.types]
    data: dict[str, Any] = {
        "levels": [_level_data(document, level, found) for level, found in areas_by_level(document).items()],
        "chosen": [[round(p.lon, 6), round(p.lat, 6), p.rank, p.sure is not False] for p in document.chosen],
        "open": _open(types, points),
        "rejected": [
            [round(lon, 6), round(lat, 6), number]
            for number, each in enumerate(document.rejected)
            for lon, lat in each.positions
        ],
        "uncoverable": [[round(p.lon, 6), round(p.lat, 6), p.residents] for p in document.uncoverable.listed],
        "zones": [rfc7946(shape_of(zone)) for zone in document.terms.forbidden],
        "shapes": [POINT_SHAPES[type_] for type_ in document.terms.types],
        "colours": {"chosen": CHOSEN, "rejected": LEFT_OUT, "zones": FORBIDDEN, "uncoverable": UNCOVERABLE},
        "words": {language: _words(document, language) for language in LANGUAGES},
    }
    panels = "\n".join(_panel(document, language) for language in LANGUAGES)
    return whole_page(page_map, "siting_page", title=siting_title(document, lang), lang=lang, body=panels, data=data)


def _add_areas(page_map: OfflineMap, level: AreaLevel, found: Sequence[AreaBefore], areas: gpd.GeoDataFrame) -> None:
    """Add the areas of a level to the map; the page's script finds them by their level and fills them."""
    codes = [area.code for area in found]
    of_level = areas[(areas["level"] == level) & areas["code"].isin(codes)]
    features = [
        {"type": "Feature", "id": code, "properties": {"level": level}, "geometry": rfc7946(geometry)}
        for code, geometry in zip(of_level["code"], of_level.geometry, strict=True)
    ]
    if features:
        folium.GeoJson({"type": "FeatureCollection", "features": features}, name=level.value).add_to(page_map)


def _level_data(document: SitingDocument, level: AreaLevel, found: Sequence[AreaBefore]) -> dict[str, Any]:
    """Return the colours of each area before and after by code, and what the map says of it by language."""
    return {
        "level": level,
        "colours": {area.code: [ratio_colour(area.ratio_before), ratio_colour(area.ratio_after)] for area in found},
        "said": {lang: {area.code: _said(document, area, lang) for area in found} for lang in LANGUAGES},
    }


def _said(document: SitingDocument, area: AreaBefore, lang: Language) -> list[str]:
    modelled = is_modelled(document)
    after, whole = (count_text(count, modelled=modelled) for count in (area.covered_after, area.residents))
    ratios = " → ".join(ratio_text(ratio) for ratio in (area.ratio_before, area.ratio_after))
    return [area_name(area.name, lang), ratios, text("report.of", lang, part=after, whole=whole)]


def _open(types: Sequence[str], points: pd.DataFrame) -> list[list[Any]]:
    """Return lon, lat, number of the type, code and name of each open point that counts."""
    asked = points[points["type"].isin(types)]
    columns = (asked[name] for name in ("lon", "lat", "type", "code", "name"))
    return [
        [round(lon, 6), round(lat, 6), types.index(type_), code, name]
        for lon, lat, type_, code, name in zip(*columns, strict=True)
    ]


def _words(document: SitingDocument, lang: Language) -> dict[str, Any]:
    """Return what the page's script needs of one language."""
    layers = ("chosen", "open", "rejected", "zones", "uncoverable")
    return {
        "title": siting_title(document, lang),
        "layers": text("map.layers", lang),
        "modes": [text(f"siting_map.{mode}", lang) for mode in ("after", "before")],
        "names": {name: text(f"siting_map.{name}", lang) for name in layers},
        "types": [label("point_type", type_, lang) for type_ in document.terms.types],
        "reasons": [reason_text(each.reason, lang) for each in document.rejected],
        "residents": text("siting_column.residents", lang),
        "chosen": [_told(document, point, lang) for point in document.chosen],
    }


def _told(document: SitingDocument, point: Chosen, lang: Language) -> list[str]:
    """Return what the map says of a new point."""
    modelled = is_modelled(document)
    facts = {
        "newly_covered": count_text(point.newly_covered, modelled=modelled),
        "served": count_text(point.served, modelled=modelled),
        "verdict": verdict_text(point, lang),
        "sure": text("report.yes", lang) if point.sure else "",
    }
    told = [f"{text(f'siting_column.{name}', lang)}: {value}" for name, value in facts.items() if value]
    return [f"{point.rank} · {point_name(point.name, point.lon, point.lat)}", *told]


def _panel(document: SitingDocument, lang: Language) -> str:
    """Return header, certificate, figures, tables and legend in one language."""
    curve = curve_drawn(document, lang)
    return environment().get_template("siting_panel.html.j2").render(
        lang=lang,
        document=document,
        title=siting_title(document, lang),
        lead=lead_texts(document, lang),
        figures=siting_figures(document, lang),
        notes=siting_notes(document, lang),
        how=list(how_texts(document, lang)),
        tables=_tables(document, lang),
        curve=[] if curve is None else [(curve, [inline(svg) for _, svg in curve.layers])],
        ratio_classes=ratio_legend(),
        point_types=[(POINT_SHAPES[type_], label("point_type", type_, lang)) for type_ in document.terms.types],
        colours={"chosen": CHOSEN, "rejected": LEFT_OUT, "zones": FORBIDDEN, "uncoverable": UNCOVERABLE},
        unsure=any(point.sure is False for point in document.chosen),
        sha256=siting_sha256(document),
    )  # fmt: skip


def _tables(document: SitingDocument, lang: Language) -> list[tuple[Table, list[tuple[str, list[tuple[str, Any]]]]]]:
    """Return the tables of new points and areas, with the code of each row and its cells as shown and as sorted."""
    chosen = [str(point.rank) for point in document.chosen]
    areas = [[area.code for area in found] for found in areas_by_level(document).values()]
    tables = (chosen_table(document, lang), *area_tables(document, lang))
    modelled = is_modelled(document)
    return [
        (
            table,
            [
                (code, [(cell_text(c.kind, v, modelled=modelled), v) for c, v in zip(table.columns, row, strict=True)])
                for code, row in zip(codes, table.rows, strict=True)
            ],
        )
        for table, codes in zip(tables, [chosen, *areas], strict=True)
    ]
