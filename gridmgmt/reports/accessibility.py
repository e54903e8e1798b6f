"""Accessibility as tables and files: JSON, CSV, XLSX, HTML, and GeoJSON for a map."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from gridmgmt.coverage.access_document import AccessDocument, EquityGroup, EquityRow, canonical_json, document_sha256
from gridmgmt.reports.coverage_geojson import rfc7946
from gridmgmt.reports.formatting import label, minutes_text, note_text
from gridmgmt.reports.governance import MEDIA_TYPES as PAGE_MEDIA_TYPES
from gridmgmt.reports.governance import Page, rendered
from gridmgmt.reports.render import MEDIA_TYPES as ALL_MEDIA_TYPES
from gridmgmt.reports.render import Rendered
from gridmgmt.reports.tables import Cell, Column, Kind, Table
from gridmgmt.texts import Language, text

if TYPE_CHECKING:
    import geopandas as gpd

MEDIA_TYPES: Mapping[str, str] = {**PAGE_MEDIA_TYPES, "geojson": ALL_MEDIA_TYPES["geojson"]}
"""The formats; CSV holds the areas of the lowest level, GeoJSON the areas of all levels."""
NAME = "accessibility"
PER = 1_000
"""People read capacity for so many residents."""

_NUMBERS: Mapping[str, Kind] = {
    "residents": "count",
    "mean": "decimal",
    "least": "decimal",
    "without": "count",
    "gini": "decimal",
}
_LABEL_OF = {"town_mode": "mode", "land_use": "land_use"}


def render_accessibility(
    document: AccessDocument, areas: "gpd.GeoDataFrame", format_: str, *, lang: Language
) -> Rendered:
    """Return the answer in a format; equal answers give equal bytes.

    Raises
    ------
    InputError
        When there is no such format.
    """
    if format_ == "json":
        return Rendered(canonical_json(document).encode(), MEDIA_TYPES[format_], f"{NAME}.json")
    if format_ == "geojson":
        return Rendered(access_geojson(document, areas).encode(), MEDIA_TYPES[format_], f"{NAME}.geojson")
    tables = access_tables(document, lang)
    by_level = [group for group in document.groups if group.by not in _LABEL_OF and group.rows]
    main = group_table(by_level[-1], lang) if by_level else tables[0]
    title = text("accessibility.title", lang, minutes=minutes_text(document.parameters.limit_s))
    page = Page(NAME, title, access_notes(document, lang), tables, main, document.synthetic)
    return rendered(page, {}, format_, lang)


def access_notes(document: AccessDocument, lang: Language) -> tuple[str, ...]:
    """Return how the numbers are to be read."""
    method = text(f"access_method.{document.parameters.method}", lang)
    return (
        *(note_text(note, lang) for note in document.notes),
        text("accessibility.how", lang, method=method, per=PER),
        text("pdf.hash", lang, sha256=document_sha256(document)),
    )


def access_tables(document: AccessDocument, lang: Language) -> tuple[Table, ...]:
    """Return everybody, every kind of groups, the points, what was asked, and the inputs."""
    everybody = document.everybody.model_copy(update={"name": text("report.total", lang)})
    return (
        _equity_table("everybody", text("report.total", lang), [everybody], lang),
        *(group_table(group, lang) for group in document.groups if group.assessed),
        points_table(document, lang),
        parameters_table(document, lang),
        inputs_table(document, lang),
    )


def group_table(group: EquityGroup, lang: Language) -> Table:
    """Return the groups of one kind, those of a mode or a use of land by their words."""
    rows = list(group.rows)
    if (kind := _LABEL_OF.get(group.by)) is not None:
        rows = [row.model_copy(update={"name": label(kind, row.code, lang)}) for row in rows]
        title = text(f"accessibility.by_{group.by}", lang)
    else:
        title = label("level", group.by, lang)
    return _equity_table(group.by, title, rows, lang)


def _equity_table(key: str, title: str, rows: Iterable[EquityRow], lang: Language) -> Table:
    columns = (
        Column(text("report.code", lang)),
        Column(text("report.name", lang)),
        *(Column(text(f"accessibility.{name}", lang, per=PER), kind) for name, kind in _NUMBERS.items()),
    )
    return Table(key, title, columns, tuple(_cells(row) for row in rows))


def _cells(row: EquityRow) -> tuple[Cell, ...]:
    scaled = (None if value is None else value * PER for value in (row.mean, row.least))
    return (row.code, row.name, row.residents, *scaled, row.without, row.gini)


def points_table(document: AccessDocument, lang: Language) -> Table:
    """Return how many points take part, and what of their capacity anybody reaches."""
    rows = tuple(
        (text(f"accessibility.points_{name}", lang), float(value))
        for name, value in document.points.model_dump().items()
    )
    columns = (Column(text("report.service_points", lang)), Column(text("report.value", lang), "count"))
    return Table("service_points", text("report.service_points", lang), columns, rows)


def parameters_table(document: AccessDocument, lang: Language) -> Table:
    """Return what was asked, one name and one value a row."""
    asked = document.parameters
    none = text("reading.none", lang)
    zones = zip(asked.zones_s, asked.zone_weights, strict=True)
    given = ", ".join(f"{text(f'point_type.{type_}', lang)} {value:g}" for type_, value in asked.capacities.items())
    rows: dict[str, Cell] = {
        "report.area": asked.area_code or text("report.everywhere", lang),
        "accessibility.method": text(f"access_method.{asked.method}", lang),
        "report.limit_minutes": minutes_text(asked.limit_s),
        "accessibility.zones": ", ".join(f"≤ {minutes_text(end)}: {weight:.3f}" for end, weight in zones) or none,
        "accessibility.exponent": none if asked.exponent is None else f"{asked.exponent:g}",
        "accessibility.capacities": given or text("accessibility.left_out", lang),
        "report.types": ", ".join(text(f"point_type.{type_}", lang) for type_ in asked.types),
        "report.profile": label("profile", asked.profile, lang),
        "reading.profile_edition": asked.profile_edition,
        "report.speed": f"{asked.speed_m_per_s:g}",
        "reading.evidence": asked.evidence,
        "reading.trip": text(f"trip.{asked.trip}", lang),
        "reading.at": asked.at,
        "reading.barriers": ", ".join(label("land_kind", kind, lang) for kind in asked.barriers) or none,
        "reading.scenario": asked.scenario or none,
        "report.connection_limit": f"{asked.connection_limit_m:g}",
        "accessibility.on": document.on.isoformat(),
        "report.code_version": document.code_version,
    }
    columns = (Column(text("report.parameter", lang)), Column(text("report.value", lang)))
    named = tuple((text(key, lang), value) for key, value in rows.items())
    return Table("parameters", text("report.how", lang), columns, named)


def inputs_table(document: AccessDocument, lang: Language) -> Table:
    """Return the editions the numbers come from, each with the label of its source."""
    rows = tuple(
        (text(f"subject.{e.subject}", lang), e.name, e.source, e.valid_from.isoformat(), e.content_sha256)
        for e in document.inputs
    )
    names = ("subject", "edition", "source", "valid_from", "content_sha256")
    return Table(
        "inputs", text("report.inputs", lang), tuple(Column(text(f"report.{n}", lang)) for n in names), rows
    )  # fmt: skip


def access_geojson(document: AccessDocument, areas: "gpd.GeoDataFrame") -> str:
    """Return a FeatureCollection (RFC 7946) of the areas of all levels with their values, for a map.

    ``areas`` has the columns ``level`` and ``code`` and geometries in degrees; what is true of all stands beside.
    """
    surface = dict(zip(zip(areas["level"], areas["code"], strict=True), areas.geometry, strict=True))
    features = [
        {
            "type": "Feature",
            "geometry": rfc7946(surface[group.by, row.code]) if (group.by, row.code) in surface else None,
            "properties": {"level": group.by, **row.model_dump(mode="json")},
        }
        for group in document.groups
        if group.by not in _LABEL_OF
        for row in group.rows
    ]
    common: dict[str, Any] = document.model_dump(mode="json", exclude={"groups"})
    collection = {"type": "FeatureCollection", "features": features, **common}
    return json.dumps(collection, separators=(",", ":"), ensure_ascii=False, allow_nan=False, sort_keys=True)
