"""The page of a merge: the conflict map, every conflict in a table, and the three ways to resolve side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely

from gridmgmt.merging.document import without_residents
from gridmgmt.merging.rules import ConflictKind
from gridmgmt.reports.coverage_geojson import rfc7946
from gridmgmt.reports.formatting import UNDEFINED, count_text
from gridmgmt.texts import LANGUAGES, Language, text
from maps.page import environment, table_map, whole_page

COLOURS: Mapping[str, str] = {
    ConflictKind.BORDER.value: "#D1495B",
    ConflictKind.GAP.value: "#E0A020",
    ConflictKind.OVERLAP.value: "#7B4FA3",
    ConflictKind.SLIVER.value: "#5A6675",
    ConflictKind.UNASSIGNED.value: "#A3ABB5",
}
"""Colour of each kind of conflict."""
LINES: Sequence[str] = ("#0B63CE", "#1B7F4B", "#B7791F", "#AA3377", "#0B5563")
"""Colours of departments' borders in the order of their names."""
_FIGURES = ("grids", "land_m2", "own_pieces", "own_m2", "grids_in_parts", "slivers", "left_out_m2")
_HEADERS = ("grids", "land", "own", "own_area", "parts", "slivers", "left_out")
_CHANGES = ("moved_m2", "moved_residents_60_plus", "moved_cases", "unheld_m2")
_CHANGE_HEADERS = ("moved", "moved_residents", "moved_cases", "unheld")


@dataclass(frozen=True)
class Merging:
    """What the page shows.

    Parameters
    ----------
    edition
        Name of the edition that holds the merged grids.
    document, conflicts
        As :class:`gridmgmt.merging.service.Compared` returns them.
    borders
        Department, code and surface of each grid, in degrees.
    ways
        Code and surface of each merged grid, by way.
    as_stored
        Whether all this is of the same data as when the merge was stored.
    """

    edition: str
    document: Mapping[str, Any]
    conflicts: Sequence[Mapping[str, Any]]
    borders: Sequence[tuple[str, str, shapely.Geometry]]
    ways: Mapping[str, Sequence[tuple[str, shapely.Geometry]]]
    as_stored: bool = True


def merging_page(found: Merging, lang: Language = "zh", *, public: bool = False) -> str:
    """Return a self-contained page in both languages, shown first in ``lang``; equal inputs give equal bytes.

    Raises
    ------
    UnavailableError
        When the set-up has not put Leaflet in its place.
    """
    document = without_residents(dict(found.document)) if public else dict(found.document)
    rows = [{name: value for name, value in row.items() if name != "geom"} for row in found.conflicts]
    rows = without_residents(rows) if public else rows
    names = {each["department"]: each["name"] or each["department"] for each in document["departments"]}
    data: dict[str, Any] = {
        "colours": COLOURS,
        "lines": {name: LINES[k % len(LINES)] for k, name in enumerate(sorted(names))},
        "departments": names,
        "conflicts": [
            {**row, "geometry": rfc7946(full["geom"])} for row, full in zip(rows, found.conflicts, strict=True)
        ],
        "borders": [[department, code, rfc7946(surface)] for department, code, surface in found.borders],
        "ways": {way: [[code, rfc7946(surface)] for code, surface in grids] for way, grids in found.ways.items()},
        "words": {language: _words(found.ways, language) for language in LANGUAGES},
    }
    panels = "\n".join(_panel(found, document, rows, names, language) for language in LANGUAGES)
    title = text("merging_map.title", lang)
    return whole_page(table_map(), "merging_page", title=title, lang=lang, body=panels, data=data)


def _words(ways: Mapping[str, object], lang: Language) -> dict[str, Any]:
    headers = ("number", "kind", "area", "width", "residents", "cases", "decided", "reason")
    return {
        "title": text("merging_map.title", lang),
        "kinds": {kind.value: text(f"conflict_kind.{kind}", lang) for kind in ConflictKind},
        "ways": {way: text(f"way.{way}", lang) for way in ways},
        "none": text("merging_map.none", lang),
        "headers": {name: text(f"merging.header_{name}", lang) for name in headers},
        "outcome": text("merging.header_outcome", lang, way="{way}"),
    }


def _panel(
    found: Merging,
    document: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    lang: Language,
) -> str:
    """Return header, the ways side by side, tables and legend in one language."""
    ways = document["ways"]
    figures = [
        (text(f"merging.header_{header}", lang), [count_text(way[name]) for way in ways])
        for name, header in zip(_FIGURES, _HEADERS, strict=True)
    ]
    figures += [
        (
            f"{names[each['department']]}: {text(f'merging.header_{header}', lang)}",
            [count_text(way["changes"][k][name]) for way in ways],
        )
        for k, each in enumerate(ways[0]["changes"])
        for name, header in zip(_CHANGES, _CHANGE_HEADERS, strict=True)
    ]
    return environment().get_template("merging_panel.html.j2").render(
        lang=lang,
        edition=found.edition,
        as_stored=found.as_stored,
        document=document,
        ways=[(way["way"], text(f"way.{way['way']}", lang)) for way in ways],
        figures=figures,
        kinds=[(COLOURS[k["kind"]], text(f"conflict_kind.{k['kind']}", lang), k) for k in document["conflicts"]],
        rows=rows,
        lines=[(LINES[k % len(LINES)], names[name]) for k, name in enumerate(sorted(names))],
        count=count_text,
        undefined=UNDEFINED,
    )  # fmt: skip
