"""The report of a generation of cells: as JSON as it is kept, or as one page with tables and a map drawn as SVG."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.areas.queries import area_frame, area_in_force
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cells.models import CellGeneration
from gridmgmt.cells.queries import barriers, report_of
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import boundary_edition_of
from gridmgmt.errors import InputError, NotFoundError
from gridmgmt.reports.coverage_html import template
from gridmgmt.reports.render import MEDIA_TYPES, Rendered
from gridmgmt.reports.tables import Cell, Column, Kind, Table, cell_text
from gridmgmt.texts import Language, text

FORMATS = ("json", "html")
MOST_CELLS = 4_000
"""More cells than this are not drawn: a page of them would be some megabytes of lines."""
WIDTH = 1_056
"""Of the map, in CSS pixels."""
_SHARES = {"share_outside_band", "share_5_20", "share_of_border_on_barriers", "share_compactness_below_0_3"}
_FIGURES = (
    "count", "mean_m2", "median_m2", "share_5_20", "share_outside_band", "border_m", "share_of_border_on_barriers",
    "times_naive", "share_compactness_below_0_3", "mean_compactness",
)  # fmt: skip


def render_cells(session: Session, generation: CellGeneration, format_: str, *, lang: Language) -> Rendered:
    """Return the report of a finished generation.

    The page draws the cells as the edition has them now; a draft may have been edited since.

    Raises
    ------
    InputError
        When there is no such format.
    NotFoundError
        When the generation has not ended well.
    """
    if format_ not in FORMATS:
        raise InputError("report_format_unknown", value=format_, known=", ".join(FORMATS))
    document = report_of(session, generation.generation_id)
    name = f"cells-{generation.generation_id}.{format_}"
    if format_ == "json":
        content = json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1).encode()
        return Rendered(content, MEDIA_TYPES["json"], name)
    edition = boundary_edition_of(session, generation.edition_id)
    page = cells_html(document, _map(session, edition, document), synthetic=edition.synthetic, lang=lang)
    return Rendered(page.encode(), MEDIA_TYPES["html"], name)


@dataclass(frozen=True)
class CellMap:
    """Lines of an SVG in pixels: what bounds cells, the cells, the quarters."""

    height: int
    barriers: str
    cells: str
    quarters: str


def cells_html(document: Mapping[str, Any], drawn: CellMap | None, *, synthetic: bool, lang: Language) -> str:
    """Return the page of a report; without a map where there are too many cells for one."""
    tables = (_quality(document, lang), _sizes(document, lang))
    failing = [row for row in document["quarters"] if row["failed"]]
    quarters = tuple(
        _quarters(key, rows, lang)
        for key, rows in (("failed", failing), ("all_quarters", document["quarters"]))
        if rows
    )
    return template("cells.html.j2").render(
        lang=lang,
        title=text("cell_report.title", lang, area=document["area"]["name"]),
        notes=_notes(document, lang),
        tables=tables,
        quarters=quarters,
        map=drawn,
        width=WIDTH,
        cells=document["quality"]["count"],
        most=MOST_CELLS,
        synthetic=synthetic,
        cell_text=lambda kind, cell: cell_text(kind, cell, modelled=False),
    )


def _notes(document: Mapping[str, Any], lang: Language) -> list[str]:
    given = document["parameters"]
    inputs = "、".join(
        f"{text('subject.' + each['subject'], lang)} {each['part']} {each['name']}".replace("  ", " ")
        for each in document["inputs"]
    )
    about = text(
        "cell_report.about",
        lang,
        edition=document["edition"],
        on=document["on"],
        target_m2=f"{given['target_m2']:,.0f}",
        barriers_on=given["barriers_on"],
        scheme=document["scheme"],
    )
    hashes = text("cell_report.hashes", lang, kernel=document["kernel_version"], sha256=document["content_sha256"])
    return [about, text("cell_report.inputs", lang, inputs=inputs), hashes]


def _columns(lang: Language, **kinds: Kind) -> tuple[Column, ...]:
    return tuple(Column(text(f"cell_column.{name}", lang), kind) for name, kind in kinds.items())


def _quality(document: Mapping[str, Any], lang: Language) -> Table:
    limits = {bar["name"]: bar for bar in document["bars"]}
    rows = tuple(
        (
            text(f"cell_figure.{name}", lang),
            _figure(name, document["quality"].get(name)),
            _figure(name, document["naive"].get(name)),
            *_verdict(limits.get(name), lang),
        )
        for name in _FIGURES
    )
    columns = _columns(lang, bar="text", value="count", naive="count", limit="text", passed="text")
    return Table("quality", text("cell_report.quality", lang), columns, rows)


def _figure(name: str, value: float | None) -> str | None:
    if value is None:
        return None
    if name in _SHARES:
        return f"{value:.1%}"
    return f"{value:,.0f}" if name.endswith(("_m2", "_m", "count")) else f"{value:.2f}"


def _verdict(bar: Mapping[str, Any] | None, lang: Language) -> tuple[str, str]:
    if bar is None:
        return "", ""
    least, most = (_figure(bar["name"], bar[side]) for side in ("least", "most"))
    key = "between" if least and most else "at_least" if least else "at_most"
    verdict = text(f"cell_report.{'passed' if bar['passed'] else 'missed'}", lang)
    return text(f"cell_report.{key}", lang, least=least, most=most), verdict


def _sizes(document: Mapping[str, Any], lang: Language) -> Table:
    whole = document["quality"]["count"]
    rows: list[tuple[Cell, ...]] = []
    for bin_ in document["quality"]["histogram"]:
        low, high, count = bin_["from_m2"], bin_["below_m2"], bin_["count"]
        size = f"{low:,.0f} – {high:,.0f}" if high is not None else f"{low:,.0f} –"
        share = count / whole if whole else 0.0
        rows.append((size, f"{count:,}", f"{share:.1%}", "█" * round(share * 40)))
    columns = (*_columns(lang, size="text", count="count", share="count"), Column(""))
    return Table("sizes", text("cell_report.sizes", lang), columns, tuple(rows))


def _quarters(key: str, found: Sequence[Mapping[str, Any]], lang: Language) -> Table:
    names: Mapping[str, Kind] = {
        "code": "text", "name": "text", "count": "count", "new": "count", "kept": "count", "ended": "count",
        "mean_m2": "count", "failed": "text",
    }  # fmt: skip
    rows = tuple(
        (
            *(row[name] for name in ("code", "name")),
            *(f"{row[name]:,.0f}" for name in ("count", "new", "kept", "ended", "mean_m2")),
            "、".join(text(f"cell_figure.{name}", lang) for name in row["failed"]),
        )
        for row in found
    )
    return Table(key, text(f"cell_report.{key}", lang), _columns(lang, **names), rows)


# The map


def _map(session: Session, edition: Edition, document: Mapping[str, Any]) -> CellMap | None:
    if document["quality"]["count"] > MOST_CELLS:
        return None
    on = date.fromisoformat(document["on"])
    draft = None if edition.valid_from else edition.edition_id
    try:
        within = area_in_force(session, document["area"]["code"], on, draft=draft).area_id
    except NotFoundError:  # recoded since, or the draft was given up
        return None
    levels = (AreaLevel.RESIDENTIAL_QUARTER, AreaLevel.GRID_CELL)
    frame = area_frame(session, on, within=within, levels=levels, draft=draft)
    if frame.empty:
        return None
    west, south, east, north = (float(edge) for edge in frame.total_bounds)
    lines = barriers(session, date.fromisoformat(document["parameters"]["barriers_on"]), (west, south, east, north))
    narrowing = math.cos(math.radians((south + north) / 2))
    scale = WIDTH / ((east - west) * narrowing)

    def pixels(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([(lonlat[:, 0] - west) * narrowing, north - lonlat[:, 1]]) * scale

    def path(geometries: NDArray[np.object_]) -> str:
        return _path(np.asarray(shapely.transform(geometries, pixels), dtype=object))

    surfaces, level_of = frame.geometry.to_numpy(), frame["level"].to_numpy()
    of_level = {level: surfaces[level_of == level] for level in levels}
    return CellMap(
        height=max(1, math.ceil((north - south) * scale)),
        barriers=path(np.asarray(lines, dtype=object)),
        cells=path(np.asarray(shapely.boundary(of_level[AreaLevel.GRID_CELL]), dtype=object)),
        quarters=path(np.asarray(shapely.boundary(of_level[AreaLevel.RESIDENTIAL_QUARTER]), dtype=object)),
    )


def _path(lines: NDArray[np.object_]) -> str:
    """Return lines in pixels as the data of one SVG path, to a tenth of a pixel."""
    parts = []
    for line in shapely.get_parts(lines):
        xy = np.round(shapely.get_coordinates(line), 1)
        parts.append("M" + "L".join(f"{x:g} {y:g}" for x, y in xy.tolist()))
    return "".join(parts)
