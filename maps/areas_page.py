"""The map of areas as one page: boundaries by edition behind a slider, towns by mode, and the table beside the map."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import folium
import geopandas as gpd
import pandas as pd
import shapely

from gridmgmt.areas.rules import RANK, AreaKind, AreaLevel, TownMode
from gridmgmt.boundaries.rules import EditionStatus
from gridmgmt.governance.modes import Decision
from gridmgmt.reports.coverage_geojson import rfc7946
from gridmgmt.texts import LANGUAGES, Language, text
from maps.offline import OfflineMap
from maps.page import environment, table_map, whole_page

UNDECIDED, NOT_APPLICABLE, PLAIN = "undecided", "not_applicable", "plain"
CLASSES: Mapping[str, str] = {
    TownMode.BASIC_MANAGEMENT_UNIT.value: "#4477AA",
    TownMode.SECTOR.value: "#AA3377",
    TownMode.DIRECT.value: "#2E9C6E",
    UNDECIDED: "#E0A020",
    NOT_APPLICABLE: "#A3ABB5",
    PLAIN: "#FFFFFF",
}
"""Colour of each way in which an area is managed; the same as on the console."""

_OF_PARENT = {
    AreaLevel.BASIC_MANAGEMENT_UNIT.value: TownMode.BASIC_MANAGEMENT_UNIT.value,
    AreaLevel.SECTOR.value: TownMode.SECTOR.value,
}
_POSITION_DECIMALS = 6


@dataclass(frozen=True)
class Stop:
    """One place of the slider: a day on which boundaries changed.

    Parameters
    ----------
    on
        The day.
    modes_on
        The day whose modes of towns are shown.
    editions
        Name and status of each boundary edition that begins on the day.
    area_ids
        The areas in force on it.
    decisions
        The mode of each town that has one, by code.
    subdistricts
        The codes of those towns to which modes do not apply.
    """

    on: date
    modes_on: date
    editions: tuple[tuple[str, EditionStatus], ...]
    area_ids: tuple[int, ...]
    decisions: Mapping[str, Decision]
    subdistricts: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Timeline:
    """What the page shows.

    Parameters
    ----------
    stops
        In order of their days, at least one.
    areas
        Every version of every area at any stop, once, by ``area_id``: columns of
        :func:`gridmgmt.areas.queries.area_frame` and ``edition``, ``valid_from``; geometries as they are drawn.
    now
        Which stop is shown first.
    sources, synthetic
        Who made the boundaries, and whether any is synthetic.
    simplified_m
        By how much borders are simplified for drawing; None where they are exact.
    """

    stops: Sequence[Stop]
    areas: gpd.GeoDataFrame
    now: int
    sources: Sequence[str]
    synthetic: bool
    simplified_m: int | None = None


def areas_page(timeline: Timeline, lang: Language = "zh") -> str:
    """Return a self-contained page in both languages, shown first in ``lang``; equal inputs give equal bytes.

    Raises
    ------
    UnavailableError
        When the set-up has not put Leaflet in its place.
    """
    areas = timeline.areas
    levels = sorted(set(areas["level"]), key=lambda level: (RANK[AreaLevel(level)], level))
    page_map = table_map()
    numbers = {area_id: number for number, area_id in enumerate(areas.index)}
    for level in levels:
        _add_level(page_map, level, areas, numbers)
    data: dict[str, Any] = {
        "levels": levels,
        "colours": CLASSES,
        "areas": _areas(areas),
        "stops": [_stop(stop, areas, numbers) for stop in timeline.stops],
        "now": timeline.now,
        "words": {language: _words(language) for language in LANGUAGES},
    }
    panels = "\n".join(_panel(timeline, levels, language) for language in LANGUAGES)
    return whole_page(page_map, "areas_page", title=text("areas_map.title", lang), lang=lang, body=panels, data=data)


def area_classes(areas: pd.DataFrame, modes: Mapping[str, str], subdistricts: Collection[str]) -> list[str]:
    """Return how each area of one day is managed, a key of :data:`CLASSES`.

    A town by its mode, a unit and a sector by what they are, a quarter by what it lies in: the unit, the sector, or
    the town itself.

    Parameters
    ----------
    modes
        The mode of each town that has one, by code.
    subdistricts
        The codes of those towns to which modes do not apply, whether they are among the areas or not.
    """

    def of_town(code: str) -> str:
        return NOT_APPLICABLE if code in subdistricts else modes.get(code, UNDECIDED)

    def of_area(level: str, code: str, parent_level: str | None, parent_code: str) -> str:
        if level == AreaLevel.TOWN:
            return of_town(code)
        if level in _OF_PARENT:
            return _OF_PARENT[level]
        if level != AreaLevel.RESIDENTIAL_QUARTER or parent_level not in {*_OF_PARENT, AreaLevel.TOWN}:
            return PLAIN
        if parent_level in _OF_PARENT:
            return _OF_PARENT[parent_level]
        town = of_town(parent_code)
        return town if town in {NOT_APPLICABLE, UNDECIDED} else TownMode.DIRECT.value

    columns = areas[["level", "code", "parent_level", "parent_code"]]
    return [of_area(*row) for row in columns.itertuples(index=False, name=None)]


def _add_level(page_map: OfflineMap, level: str, areas: gpd.GeoDataFrame, numbers: Mapping[int, int]) -> None:
    """Add all versions of a level's areas to the map; the page's script finds each by its number."""
    of_level = areas[areas["level"] == level]
    features = [
        {"type": "Feature", "id": numbers[area_id], "properties": {}, "geometry": rfc7946(geometry)}
        for area_id, geometry in zip(of_level.index, of_level.geometry, strict=True)
    ]
    folium.GeoJson({"type": "FeatureCollection", "features": features}, name=level).add_to(page_map)


def _areas(areas: gpd.GeoDataFrame) -> list[list[Any]]:
    """Return level, code, name, kind, parent's level and code, m², edition, first day, and where the name is put."""
    places = shapely.get_coordinates(shapely.point_on_surface(areas.geometry.to_numpy())).round(_POSITION_DECIMALS)
    columns = ("level", "code", "name", "kind", "parent_level", "parent_code", "area_m2", "edition", "valid_from")
    plain = areas[list(columns)].astype(object).where(areas[list(columns)].notna(), None)
    return [
        [*row[:6], round(row[6], 1), row[7], row[8].isoformat(), *place]
        for row, place in zip(plain.itertuples(index=False, name=None), places.tolist(), strict=True)
    ]


def _stop(stop: Stop, areas: gpd.GeoDataFrame, numbers: Mapping[int, int]) -> dict[str, Any]:
    shown = areas.loc[list(stop.area_ids)]
    modes = {code: decision.mode.value for code, decision in stop.decisions.items()}
    classes = area_classes(shown, modes, stop.subdistricts)
    return {
        "on": stop.on.isoformat(),
        "modes_on": stop.modes_on.isoformat(),
        "editions": [[name, status.value] for name, status in stop.editions],
        "areas": [[numbers[area_id], class_] for area_id, class_ in zip(stop.area_ids, classes, strict=True)],
        "overrides": {
            code: [o.by, o.document, o.dated.isoformat(), o.reason]
            for code, decision in stop.decisions.items()
            if (o := decision.override) is not None
        },
    }


def _words(lang: Language) -> dict[str, Any]:
    """Return what the page's script needs of one language."""
    return {
        "title": text("areas_map.title", lang),
        "levels": {level.value: text(f"level.{level}", lang) for level in AreaLevel},
        "kinds": {kind.value: text(f"kind.{kind}", lang) for kind in AreaKind},
        "classes": _class_names(lang),
        "statuses": {status.value: text(f"edition_status.{status}", lang) for status in EditionStatus},
        "from": text("areas_map.from", lang, day="{day}"),
        "modes_on": text("areas_map.modes_on", lang, day="{day}"),
        "first": text("areas_map.first", lang),
        "changed": text("areas_map.changed", lang, added="{added}", ended="{ended}", altered="{altered}"),
        "unchanged": text("areas_map.unchanged", lang),
        "count": text("areas_map.count", lang, level="{level}", count="{count}", km2="{km2}"),
        "override": text("areas_map.override", lang, by="{by}", document="{document}", dated="{dated}"),
        "reason": text("areas_map.reason", lang, reason="{reason}"),
        "by_override": text("areas_map.by_override", lang),
        "until": text("areas_map.until", lang, day="{day}"),
        "detail": {
            name: text(f"areas_map.{name}", lang)
            for name in ("code", "level", "surface", "edition", "in_force", "parent", "mode")
        },
    }  # fmt: skip


def _class_names(lang: Language) -> dict[str, str]:
    return {
        **{mode.value: text(f"mode.{mode}", lang) for mode in TownMode},
        UNDECIDED: text("areas_map.undecided", lang),
        NOT_APPLICABLE: text("areas_map.not_applicable", lang),
        PLAIN: "",
    }


def _panel(timeline: Timeline, levels: Sequence[str], lang: Language) -> str:
    """Return header, slider, table and legend in one language."""
    return environment().get_template("areas_panel.html.j2").render(
        lang=lang,
        timeline=timeline,
        levels=[(level, text(f"level.{level}", lang)) for level in levels],
        columns=_columns(lang),
        classes=[(CLASSES[key], name) for key, name in _class_names(lang).items() if name],
    )  # fmt: skip


def _columns(lang: Language) -> list[tuple[str, str, str]]:
    """Return name, kind and heading of each column of the table."""
    return [
        (name, kind, text(f"areas_map.{name}", lang))
        for name, kind in (
            ("name", "text"), ("code", "text"), ("km2", "number"), ("parent", "text"), ("mode", "text"),
            ("edition", "text"),
        )
    ]  # fmt: skip
