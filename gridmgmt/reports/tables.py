"""The report as tables that do not know how they are drawn; HTML and XLSX are made from the same ones."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from gridmgmt.coverage.document import (
    STATUSES,
    CoverageDocument,
    Figures,
    InputEdition,
    LevelFigures,
    UncoveredPlace,
    result_sha256,
)
from gridmgmt.reports.formatting import (
    WITHHELD,
    area_name,
    change_text,
    count_text,
    gap_text,
    hours_text,
    km2_text,
    label,
    minutes_beyond_text,
    minutes_text,
    points_text,
    rate_text,
    ratio_text,
    tenths_of_hours_text,
)
from gridmgmt.texts import Language, text

Kind = Literal[
    "text", "whole", "count", "ratio", "rate", "change", "points", "gap", "minutes", "minutes_beyond", "hours",
    "tenths_of_hours", "km2", "degrees", "decimal",
]  # fmt: skip
Cell = str | float | None
"""A text, a number in SI units, :data:`WITHHELD`, or None for what is undefined."""


@dataclass(frozen=True)
class Column:
    """One column; ``kind`` says what its numbers are."""

    label: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Table:
    """One table; ``key`` names it in every language."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


def cell_text(kind: Kind, cell: Cell, *, modelled: bool) -> str:
    """Return a cell as people read it."""
    if (write := _WRITERS.get(kind)) is not None:
        return write(cell)
    if kind == "text" and isinstance(cell, str):
        return cell
    return count_text(cell, modelled=modelled and kind == "count")


def _decimals(places: str) -> Callable[[Cell], str]:
    return lambda cell: f"{cell:{places}}" if isinstance(cell, float) else count_text(cell)


_WRITERS: Mapping[Kind, Callable[[Cell], str]] = {
    "whole": count_text,
    "ratio": ratio_text,
    "rate": rate_text,
    "change": change_text,
    "points": points_text,
    "gap": gap_text,
    "minutes": minutes_text,
    "minutes_beyond": minutes_beyond_text,
    "hours": hours_text,
    "tenths_of_hours": tenths_of_hours_text,
    "km2": km2_text,
    "degrees": _decimals(".6f"),
    "decimal": _decimals(",.3f"),
}


def numbers_tables(document: CoverageDocument, lang: Language) -> tuple[Table, ...]:
    """Return the tables of figures: bands, age bands where there are any, then one table per level."""
    tables = [bands_table(document, lang)]
    if document.totals.age_bands:
        tables.append(age_bands_table(document, lang))
    return (*tables, *(level_table(document, level, lang) for level in document.levels))


def bands_table(document: CoverageDocument, lang: Language) -> Table:
    """Return who reaches a point within each band, of all residents."""
    totals = document.totals
    rows = tuple(
        (
            text("report.within", lang, minutes=minutes_text(band.limit_s)),
            _shown(band.covered, band.name, totals),
            _shown_ratio(band.ratio, band.name, totals),
        )
        for band in totals.bands
    )
    columns = (
        Column(text("report.walk_time", lang)),
        Column(text("place_status.covered", lang), "count"),
        Column(text("report.ratio", lang), "ratio"),
    )
    return Table("bands", text("report.bands", lang), columns, rows)


def age_bands_table(document: CoverageDocument, lang: Language) -> Table:
    """Return the counts of each age band."""
    rows = tuple(
        (
            label("age_band", figures.band, lang),
            figures.residents,
            figures.covered,
            figures.ratio,
            figures.uncovered,
            figures.not_connectable,
            figures.outside,
        )
        for figures in document.totals.age_bands
    )
    columns = (Column(text("report.age_band", lang)), *_count_columns(document, lang))
    return Table("age_bands", text("report.age_bands", lang), columns, rows)


def level_table(document: CoverageDocument, level: LevelFigures, lang: Language) -> Table:
    """Return the areas of one level by code, then what lies in none of them, then the total of all."""
    bands = document.totals.bands
    rows: list[tuple[Cell, ...]] = [
        (area.code, area_name(area.name, lang), area.area_m2, *_figure_cells(area.figures)) for area in level.areas
    ]
    if level.remainder is not None:
        rows.append(("", text("report.remainder", lang), None, *_figure_cells(level.remainder)))
    rows.append(("", text("report.total", lang), None, *_figure_cells(document.totals)))
    columns = (
        Column(text("report.code", lang)),
        Column(text("report.name", lang)),
        Column(text("report.area_km2", lang), "km2"),
        *_count_columns(document, lang),
        *(Column(text("report.within", lang, minutes=minutes_text(band.limit_s)), "count") for band in bands),
    )
    return Table(level.level, label("level", level.level, lang), columns, tuple(rows))


def uncovered_table(document: CoverageDocument, places: Iterable[UncoveredPlace], lang: Language) -> Table:
    """Return the given places that are not covered, with the reason and the nearest point."""
    rows = tuple(
        (
            str(place.place_no),
            place.lon,
            place.lat,
            place.residents,
            text(f"place_status.{place.status}", lang),
            place.walk_time_s,
            place.nearest_point_name,
            place.nearest_point_code,
            " ".join(dict.fromkeys(place.area_codes.values())),
        )
        for place in places
    )
    columns = (
        Column(text("report.place_no", lang)),
        Column(text("report.lon", lang), "degrees"),
        Column(text("report.lat", lang), "degrees"),
        Column(who(document, lang), "count"),
        Column(text("report.status", lang)),
        Column(text("report.walk_minutes", lang), "minutes"),
        Column(text("report.nearest_point", lang)),
        Column(text("report.nearest_point_code", lang)),
        Column(text("report.area_codes", lang)),
    )
    return Table("uncovered_places", text("report.uncovered_places", lang), columns, rows)


def points_table(document: CoverageDocument, lang: Language) -> Table:
    """Return the service points that were asked for and whether they join the network."""
    rows = tuple(
        (
            point.code,
            point.name,
            text(f"point_type.{point.type}", lang),
            text(f"point_status.{point.status}", lang),
            text("report.yes", lang) if point.connectable else label("point_reason", point.reason or "", lang),
        )
        for point in document.service_points.listed
    )
    names = ("code", "name", "type", "status", "connectable")
    columns = tuple(Column(text(f"report.{name}", lang)) for name in names)
    return Table("service_points", text("report.service_points", lang), columns, rows)


def inputs_table(inputs: Iterable[InputEdition], lang: Language) -> Table:
    """Return the editions that numbers come from, each with the label of its source."""
    rows = tuple(
        (
            _subject(edition, lang),
            edition.name,
            edition.source,
            text("report.synthetic", lang) if edition.synthetic else text("report.real", lang),
            text(f"counting.{edition.counting}", lang) if edition.counting else None,
            text(f"datum.{edition.datum}", lang) if edition.datum else None,
            edition.valid_from.isoformat(),
            edition.content_sha256,
        )
        for edition in inputs
    )
    names = ("subject", "edition", "source", "nature", "counting", "datum", "valid_from", "content_sha256")
    columns = tuple(Column(text(f"report.{name}", lang)) for name in names)
    return Table("inputs", text("report.inputs", lang), columns, rows)


def who(document: CoverageDocument, lang: Language) -> str:
    """Return what is counted: residents of 60 and over, or places."""
    return text(f"report.who.{document.counts}", lang)


def _subject(edition: InputEdition, lang: Language) -> str:
    """Return what an edition is of, with the level for areas."""
    subject = text(f"subject.{edition.subject}", lang)
    return f"{subject} · {label('level', edition.level, lang)}" if edition.level else subject


def _count_columns(document: CoverageDocument, lang: Language) -> tuple[Column, ...]:
    """Return the columns of residents, covered, ratio and the other statuses."""
    covered, *others = (Column(text(f"place_status.{status}", lang), "count") for status in STATUSES)
    return (Column(who(document, lang), "count"), covered, Column(text("report.ratio", lang), "ratio"), *others)


def _figure_cells(figures: Figures) -> tuple[Cell, ...]:
    """Return the cells of one row of a level's table."""
    return (
        _shown(figures.residents, "residents", figures),
        _shown(figures.covered, "covered", figures),
        _shown_ratio(figures.ratio, "covered", figures),
        _shown(figures.uncovered, "uncovered", figures),
        _shown(figures.not_connectable, "not_connectable", figures),
        _shown(figures.outside, "outside", figures),
        *(_shown(band.covered, band.name, figures) for band in figures.bands),
    )


def _shown(count: float | None, name: str, figures: Figures) -> Cell:
    """Return a count, or the sign that it is withheld."""
    return WITHHELD if name in figures.suppressed else count


def _shown_ratio(ratio: float | None, name: str, figures: Figures) -> Cell:
    """Return a ratio, or the sign that one of its two numbers is withheld."""
    return WITHHELD if {name, "residents"} & set(figures.suppressed) else ratio


def parameters_table(document: CoverageDocument, lang: Language) -> Table:
    """Return what was asked and by which code it was answered, one name and one value a row."""
    asked, made = document.parameters, document.provenance
    rows: dict[str, Cell] = {
        "area": asked.area_code or text("report.everywhere", lang),
        "limit_minutes": minutes_text(asked.limit_s),
        "band_minutes": ", ".join(minutes_text(band) for band in asked.bands_s),
        "profile": label("profile", asked.profile, lang),
        "speed": f"{asked.speed_m_per_s:g}",
        **_walk_rows(document, lang),
        "types": ", ".join(text(f"point_type.{type_}", lang) for type_ in asked.types),
        "connection_limit": f"{asked.connection_limit_m:g}",
        "counting": text(f"counting.{document.counting}", lang),
        "form": text(f"form.{document.form}", lang),
        "code_version": made.code_version,
        "input_sha256": made.input_sha256,
        "result_sha256": result_sha256(document),
    }
    columns = (Column(text("report.parameter", lang)), Column(text("report.value", lang)))
    return Table(
        "parameters",
        text("report.how", lang),
        columns,
        tuple((text(name if "." in name else f"report.{name}", lang), value) for name, value in rows.items()),
    )


def _walk_rows(document: CoverageDocument, lang: Language) -> dict[str, Cell]:
    """Return what was asked of walking beside the speed; nothing in an answer of the first version."""
    asked = document.parameters
    if asked.at is None:
        return {}
    none = text("reading.none", lang)
    return {
        "reading.profile_edition": asked.profile_edition,
        "reading.evidence": asked.evidence,
        "reading.sd": None if asked.sd_m_per_s is None else f"{asked.sd_m_per_s:g}",
        "reading.trip": text(f"trip.{asked.trip}", lang),
        "reading.at": asked.at,
        "reading.barriers": ", ".join(label("land_kind", kind, lang) for kind in asked.barriers) or none,
        "reading.scenario": asked.scenario or none,
    }
