"""A comparison of departments' grids or a merge of them, as tables and files."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import shapely

from gridmgmt.merging.document import without_residents
from gridmgmt.merging.models import GridMerge, MergeConflict
from gridmgmt.reports.coverage_geojson import rfc7946
from gridmgmt.reports.governance import MEDIA_TYPES as PAGE_MEDIA_TYPES
from gridmgmt.reports.governance import Page, rendered
from gridmgmt.reports.render import MEDIA_TYPES as ALL_MEDIA_TYPES
from gridmgmt.reports.render import Rendered
from gridmgmt.reports.tables import Cell, Column, Kind, Table
from gridmgmt.texts import Language, text

Values = Mapping[str, Any]
MEDIA_TYPES: Mapping[str, str] = {**PAGE_MEDIA_TYPES, "geojson": ALL_MEDIA_TYPES["geojson"]}
"""The formats of the report of a merge; CSV and GeoJSON hold the conflicts."""
CONFLICT_FIELDS = (
    "conflict_no", "kind", "grids", "area_m2", "width_m", "residents_60_plus", "cases", "outcomes", "decided_to",
    "reason",
)  # fmt: skip


def conflict_values(conflict: MergeConflict) -> dict[str, Any]:
    """Return a stored conflict as values of JSON, without its geometry."""
    return {name: getattr(conflict, name) for name in CONFLICT_FIELDS}


def render_merge(
    merge: GridMerge,
    edition: str,
    conflicts: Sequence[tuple[Values, shapely.Geometry]],
    format_: str,
    *,
    lang: Language,
    public: bool = False,
) -> Rendered:
    """Return the report of a merge in a format; equal merges give equal bytes.

    Parameters
    ----------
    conflicts
        Each as :func:`conflict_values` has it, with its surface in degrees.
    public
        The public form, in which numbers of residents are withheld.

    Raises
    ------
    InputError
        When there is no such format.
    """
    document = {**merge.document, "edition": edition, "merge_id": merge.merge_id}
    document |= {"input_sha256": merge.input_sha256, "result_sha256": merge.result_sha256}
    rows: list[dict[str, Any]] = [dict(values) for values, _ in conflicts]
    if public:
        document, rows = without_residents(document), without_residents(rows)
    name = f"merge-{merge.merge_id}"
    if format_ == "geojson":
        content = conflicts_geojson(rows, [surface for _, surface in conflicts])
        return Rendered(json.dumps(content, ensure_ascii=False).encode(), MEDIA_TYPES[format_], f"{name}.geojson")
    tables = (
        ways_table(document, lang),
        changes_table(document, lang),
        kinds_table(document, lang),
        departments_table(document, lang),
        conflicts_table(rows, lang),
        sources_table(document, lang),
    )
    title = text("merging.title", lang, edition=edition)
    page = Page(name, title, notes(document, lang), tables, tables[4], bool(document["synthetic"]))
    return rendered(page, {**document, "conflict_list": rows}, format_, lang)


def conflicts_geojson(rows: Sequence[Values], surfaces: Sequence[shapely.Geometry]) -> dict[str, Any]:
    """Return conflicts as a GeoJSON feature collection (RFC 7946)."""
    features = [
        {
            "type": "Feature",
            "id": row["conflict_no"],
            "properties": {name: value for name, value in row.items() if name != "geom"},
            "geometry": rfc7946(surface),
        }
        for row, surface in zip(rows, surfaces, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}


def notes(document: Values, lang: Language) -> tuple[str, ...]:
    """Return how the numbers are to be read."""
    width_m = document["parameters"]["sliver_width_m"]
    said = [text("merging.note_measure", lang), text("merging.note_sliver", lang, width_m=width_m)]
    if "input_sha256" in document:
        hashes = {"input": document["input_sha256"], "result": document["result_sha256"]}
        said.append(text("merging.note_hash", lang, **hashes))
    return tuple(said)


def departments_table(document: Values, lang: Language) -> Table:
    """Return each department's grids and land, and where it has several grids or none."""
    rows = [
        (each["name"] or each["department"], *_numbers(each, "grids", "land_m2", "overlap_m2", "gap_m2"))
        for each in document["departments"]
    ]
    return _table("departments", lang, rows, department="text", grids="count", land="count", overlap="count",
                  gap="count")  # fmt: skip


def kinds_table(document: Values, lang: Language) -> Table:
    """Return the conflicts by kind."""
    rows = [
        (text(f"conflict_kind.{each['kind']}", lang),
         *_numbers(each, "conflicts", "area_m2", "residents_60_plus", "cases"))
        for each in document["conflicts"]
    ]  # fmt: skip
    return _table("kinds", lang, rows, kind="text", count="count", area="count", residents="count", cases="count")


def ways_table(document: Values, lang: Language) -> Table:
    """Return the ways side by side."""
    names = ("grids", "land_m2", "own_pieces", "own_m2", "grids_in_parts", "slivers", "left_out_m2")
    rows = [(text(f"way.{way['way']}", lang), *_numbers(way, *names)) for way in document["ways"]]
    return _table("ways", lang, rows, way="text", grids="count", land="count", own="count", own_area="count",
                  parts="count", slivers="count", left_out="count")  # fmt: skip


def changes_table(document: Values, lang: Language) -> Table:
    """Return what each way would have each department give."""
    names = _names(document)
    columns = ("moved_m2", "moved_residents_60_plus", "moved_cases", "unheld_m2")
    rows = [
        (text(f"way.{way['way']}", lang), names[each["department"]], *_numbers(each, *columns))
        for way in document["ways"]
        for each in way["changes"]
    ]
    return _table("changes", lang, rows, way="text", department="text", moved="count", moved_residents="count",
                  moved_cases="count", unheld="count")  # fmt: skip


def conflicts_table(rows: Sequence[Values], lang: Language) -> Table:
    """Return the conflicts by number: who has what there, and what each way makes of it."""
    ways = list(rows[0]["outcomes"]) if rows else []
    departments = list(rows[0]["grids"]) if rows else []
    found = [
        (
            str(row["conflict_no"]),
            text(f"conflict_kind.{row['kind']}", lang),
            *_numbers(row, "area_m2"),
            f"{row['width_m']:.1f}",
            *_numbers(row, "residents_60_plus", "cases"),
            *(_listed(row["grids"][department]) for department in departments),
            *(_listed(row["outcomes"][way]) for way in ways),
            row["decided_to"] or "",
            row["reason"] or "",
        )
        for row in rows
    ]
    head = [
        *_columns(lang, number="text", kind="text", area="count", width="text", residents="count", cases="count"),
        *(Column(department) for department in departments),
        *(Column(text("merging.header_outcome", lang, way=text(f"way.{way}", lang))) for way in ways),
        *_columns(lang, decided="text", reason="text"),
    ]
    return Table("conflicts", text("merging.table_conflicts", lang), tuple(head), tuple(found))


def sources_table(document: Values, lang: Language) -> Table:
    """Return the departments' editions that were compared."""
    names = _names(document)
    rows = [
        (names[each["department"]], each["name"], each["source"], each["content_sha256"])
        for each in document["sources"]
    ]
    return _table("sources", lang, rows, department="text", edition="text", source="text", sha256="text")


def _names(document: Values) -> dict[str, str]:
    return {each["department"]: each["name"] or each["department"] for each in document["departments"]}


def _numbers(values: Values, *names: str) -> tuple[float | None, ...]:
    return tuple(None if (value := values[name]) is None else float(value) for name in names)


def _listed(codes: Sequence[str]) -> str:
    return ", ".join(codes)


def _columns(lang: Language, **kinds: Kind) -> list[Column]:
    return [Column(text(f"merging.header_{name}", lang), kind) for name, kind in kinds.items()]


def _table(key: str, lang: Language, rows: Sequence[tuple[Cell, ...]], **kinds: Kind) -> Table:
    return Table(key, text(f"merging.table_{key}", lang), tuple(_columns(lang, **kinds)), tuple(rows))


PRINTED: Sequence[Callable[[Values, Language], Table]] = (departments_table, kinds_table, ways_table, changes_table)
"""What a terminal shows of a document before the conflicts."""
