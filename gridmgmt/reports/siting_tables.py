"""A siting answer as tables; HTML, PDF, XLSX and the map page are made from the same ones."""

from collections.abc import Iterator, Sequence

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.reports.formatting import area_name, gap_text, label, minutes_text
from gridmgmt.reports.siting_words import UNITS, band_name, has_gain, point_name, siting_sha256
from gridmgmt.reports.tables import Cell, Column, Kind, Table, inputs_table
from gridmgmt.siting.document import AreaBefore, Chosen, CurvePoint, PlanStress, SitingDocument
from gridmgmt.texts import Language, catalogue, text

_LEVELS = list(AreaLevel)


def chosen_table(document: SitingDocument, lang: Language) -> Table:
    """Return the new points in their order of gain, with the sum of what they add where it can be summed."""
    gain: list[tuple[str, Kind]] = [("gain", UNITS[document.certificate.unit].kind)] if has_gain(document) else []
    columns = _columns(
        [
            ("rank", "whole"), ("sure", "text"), ("name", "text"), ("code", "text"), ("area", "text"),
            ("newly_covered", "count"), *gain,
            ("served", "count"), ("capacity", "count"), ("cost", "whole"), ("verdict", "text"),
            ("lon", "degrees"), ("lat", "degrees"),
        ],
        lang,
    )  # fmt: skip
    rows = tuple(_chosen_row(document, point, lang) for point in document.chosen)
    return _said(Table("chosen", text("siting_report.chosen", lang), columns, rows))


def _chosen_row(document: SitingDocument, point: Chosen, lang: Language) -> tuple[Cell, ...]:
    gain = [point.gain] if has_gain(document) else []
    return (
        float(point.rank), text("report.yes", lang) if point.sure else "",
        point_name(point.name, point.lon, point.lat), point.code or "", point.area_name or "", point.newly_covered,
        *gain, point.served, point.capacity, point.cost_yuan, verdict_text(point, lang), point.lon, point.lat,
    )  # fmt: skip


def _said(table: Table) -> Table:
    """Return a table without the columns that say nothing in any row."""
    kept = [k for k in range(len(table.columns)) if any(row[k] is not None and row[k] != "" for row in table.rows)]
    columns = tuple(table.columns[k] for k in kept)
    return Table(table.key, table.title, columns, tuple(_cells(row, kept) for row in table.rows))


def _cells(row: tuple[Cell, ...], kept: Sequence[int]) -> tuple[Cell, ...]:
    return tuple(row[k] for k in kept)


def verdict_text(point: Chosen, lang: Language) -> str:
    """Return what the point's placeability card says, with the checks that do not pass."""
    if point.verdict is None:
        return ""
    warned = ", ".join(label("place_check", check, lang) for check in point.warnings)
    verdict = text(f"verdict.{point.verdict}", lang)
    return text("siting_report.verdict_see", lang, verdict=verdict, checks=warned) if warned else verdict


def ages_table(document: SitingDocument, lang: Language) -> Table:
    """Return whom each new point newly covers by age."""
    bands = [age.band for age in document.chosen[0].by_age] if document.chosen else []
    columns = (
        *_columns([("rank", "whole"), ("name", "text")], lang),
        *(Column(band_name(band, lang), "count") for band in bands),
    )
    return Table("ages", text("siting_report.ages", lang), columns, tuple(map(_ages_row, document.chosen)))


def _ages_row(point: Chosen) -> tuple[Cell, ...]:
    ages: list[Cell] = [age.residents for age in point.by_age]
    return (float(point.rank), point_name(point.name, point.lon, point.lat), *ages)


def totals_table(document: SitingDocument, lang: Language) -> Table:
    """Return everybody who is asked about, before and after, by age."""
    columns = _columns(
        [
            ("who", "text"), ("residents", "count"), ("reachable", "count"), ("covered_before", "count"),
            ("covered_after", "count"), ("new", "count"), ("ratio_before", "ratio"), ("ratio_after", "ratio"),
        ],
        lang,
    )  # fmt: skip
    rows = tuple(
        (
            band_name(each.band, lang), each.residents, each.reachable, each.covered_before, each.covered_after,
            each.covered_after - each.covered_before, _ratio(each.covered_before, each.residents),
            _ratio(each.covered_after, each.residents),
        )
        for each in document.totals
    )  # fmt: skip
    return Table("totals", text("siting_report.totals", lang), columns, rows)


def _ratio(part: float, whole: float) -> float | None:
    return min(1.0, part / whole) if whole else None


def area_tables(document: SitingDocument, lang: Language) -> tuple[Table, ...]:
    """Return the areas before and after, one table a level, the largest areas first."""
    return tuple(_area_table(level, of_level, lang) for level, of_level in areas_by_level(document).items())


def areas_by_level(document: SitingDocument) -> dict[AreaLevel, list[AreaBefore]]:
    """Return the areas of each level that has some, the level of the largest areas first."""
    found: dict[AreaLevel, list[AreaBefore]] = {}
    for area in sorted(document.areas, key=lambda area: _LEVELS.index(area.level)):
        found.setdefault(area.level, []).append(area)
    return found


def _area_table(level: AreaLevel, areas: Sequence[AreaBefore], lang: Language) -> Table:
    columns = _columns(
        [
            ("code", "text"), ("name", "text"), ("residents", "count"), ("covered_before", "count"),
            ("covered_after", "count"), ("new", "count"), ("ratio_before", "ratio"), ("ratio_after", "ratio"),
        ],
        lang,
    )  # fmt: skip
    rows = tuple(
        (
            area.code, area_name(area.name, lang), area.residents, area.covered_before, area.covered_after,
            area.covered_after - area.covered_before, area.ratio_before, area.ratio_after,
        )
        for area in areas
    )  # fmt: skip
    return Table(level.value, label("level", level, lang), columns, rows)


def curve_table(document: SitingDocument, lang: Language) -> Table:
    """Return the best plan of each number of points and what one more point adds."""
    kind = UNITS[document.certificate.unit].kind
    columns = _columns(
        [
            ("points", "whole"), ("objective", kind), ("bound", kind), ("gap", "gap"), ("covered", "count"),
            ("ratio", "ratio"), ("one_more", "count"),
        ],
        lang,
    )  # fmt: skip
    before = [None, *(point.covered for point in document.curve)]
    rows = tuple(
        (
            float(point.points), point.objective, point.bound, _gap(point), point.covered, point.ratio,
            None if previous is None else point.covered - previous,
        )
        for point, previous in zip(document.curve, before, strict=False)
    )  # fmt: skip
    return Table("curve", text("siting_report.curve", lang), columns, rows)


def _gap(point: CurvePoint) -> float | None:
    off = abs(point.bound - point.objective)
    return off / abs(point.objective) if point.objective else (None if off else 0.0)


def rejected_table(document: SitingDocument, lang: Language) -> Table:
    """Return why candidates are out, how many for each reason, and some of them by name."""
    rows = tuple(
        (reason_text(each.reason, lang), float(each.count), "; ".join(each.examples)) for each in document.rejected
    )
    columns = _columns([("reason", "text"), ("count", "whole"), ("examples", "text")], lang)
    return Table("rejected", text("siting_report.rejected", lang), columns, rows)


def reason_text(reason: str, lang: Language) -> str:
    """Return in words why a candidate is out."""
    if reason.startswith("check."):
        check = label("place_check", reason.removeprefix("check."), lang)
        return text("siting_report.fails_check", lang, check=check)
    return label("siting_rejected", reason, lang)


def stresses_table(document: SitingDocument, lang: Language) -> Table:
    """Return the plan under other circumstances."""
    columns = _columns(
        [
            ("circumstance", "text"), ("residents", "count"), ("covered_before", "count"), ("covered_after", "count"),
            ("new", "count"), ("ratio_before", "ratio"), ("ratio_after", "ratio"),
        ],
        lang,
    )  # fmt: skip
    rows = tuple(
        (
            stress_text(each, lang), each.residents, each.covered_before, each.covered_after,
            each.covered_after - each.covered_before, _ratio(each.covered_before, each.residents),
            _ratio(each.covered_after, each.residents),
        )
        for each in document.stresses
    )  # fmt: skip
    return Table("stresses", text("siting_report.stresses", lang), columns, rows)


def stress_text(stress: PlanStress, lang: Language) -> str:
    """Return a circumstance in words."""
    key = f"siting_stress.{stress.kind}"
    told = {name: f"{value:g}" if isinstance(value, float) else value for name, value in stress.words.items()}
    if key not in catalogue():
        return " ".join([stress.kind, *(str(value) for value in told.values() if value is not None)])
    return text(key, lang, **told)


def uncoverable_table(document: SitingDocument, lang: Language) -> Table:
    """Return the places that nothing can cover, most residents first."""
    columns = _columns(
        [("lon", "degrees"), ("lat", "degrees"), ("residents", "count"), ("area", "text"), ("code", "text")], lang
    )
    rows = tuple(
        (place.lon, place.lat, place.residents, place.area_name or "", place.area_code or "")
        for place in document.uncoverable.listed
    )
    return Table("uncoverable", text("siting_report.uncoverable", lang), columns, rows)


def terms_table(document: SitingDocument, lang: Language) -> Table:
    """Return what was asked and by which code it was answered, one name and one value a row."""
    columns = (Column(text("report.parameter", lang)), Column(text("report.value", lang)))
    rows = tuple((text(name, lang), value) for name, value in _terms(document, lang))
    return Table("parameters", text("report.how", lang), columns, rows)


def _terms(document: SitingDocument, lang: Language) -> Iterator[tuple[str, Cell]]:
    terms, made, none = document.terms, document.provenance, text("reading.none", lang)
    yield "siting_report.model", text(f"siting_model.{terms.model}", lang)
    yield "siting_report.points", none if terms.points is None else str(terms.points)
    yield "siting_report.type", label("point_type", terms.type, lang)
    yield "siting_report.types", ", ".join(label("point_type", type_, lang) for type_ in terms.types)
    yield "siting_report.residents", band_name(terms.residents, lang)
    yield "report.area", terms.area_code or text("report.everywhere", lang)
    yield "report.limit_minutes", minutes_text(terms.limit_s)
    yield "siting_report.on", terms.on.isoformat()
    yield from _walk_terms(document, lang)
    yield "siting_report.source", label("siting_source", terms.source, lang)
    yield "siting_report.layer", terms.layer or none
    yield "siting_report.every", none if terms.every_m is None else f"{terms.every_m:g}"
    yield "siting_report.horizon", none if terms.horizon_s is None else minutes_text(terms.horizon_s)
    yield "siting_report.spacing", f"{terms.spacing_m:g}"
    yield "siting_report.forbidden", str(len(terms.forbidden))
    yield "siting_report.forbidden_land", ", ".join(label("land_kind", k, lang) for k in terms.forbidden_land) or none
    yield "siting_report.judged", text("report.yes" if terms.judged else "place.no", lang)
    yield "siting_report.default_capacity", none if terms.capacity is None else f"{terms.capacity:g}"
    yield "siting_report.max_s", f"{terms.max_s:g}"
    yield "siting_report.enough_gap", gap_text(terms.enough_gap)
    yield "siting_report.seed", str(terms.seed)
    yield "report.code_version", made.code_version
    yield "report.input_sha256", made.input_sha256
    yield "report.result_sha256", siting_sha256(document)


def _walk_terms(document: SitingDocument, lang: Language) -> Iterator[tuple[str, Cell]]:
    terms, none = document.terms, text("reading.none", lang)
    yield "report.profile", label("profile", terms.profile, lang)
    yield "reading.profile_edition", terms.profile_edition
    yield "reading.evidence", terms.profile_evidence
    yield "report.speed", f"{terms.speed_m_per_s:g}"
    yield "reading.trip", text(f"trip.{terms.trip}", lang)
    yield "reading.at", terms.at
    yield "reading.barriers", ", ".join(label("land_kind", kind, lang) for kind in terms.barriers) or none
    yield "reading.scenario", terms.scenario or none
    yield "report.connection_limit", f"{terms.connection_limit_m:g}"


def front_tables(document: SitingDocument, lang: Language) -> tuple[Table, ...]:
    """Return the tables that answer the question, those alone that have rows: the points, everybody, the curve."""
    return _filled(chosen_table(document, lang), totals_table(document, lang), curve_table(document, lang))


def further_tables(document: SitingDocument, lang: Language) -> tuple[Table, ...]:
    """Return all other tables that have rows but terms and inputs."""
    return _filled(
        ages_table(document, lang), stresses_table(document, lang), rejected_table(document, lang),
        *area_tables(document, lang), uncoverable_table(document, lang),
    )  # fmt: skip


def sources_table(document: SitingDocument, lang: Language) -> Table:
    """Return the editions that the numbers come from."""
    return inputs_table(document.inputs, lang)


def _filled(*tables: Table) -> tuple[Table, ...]:
    return tuple(table for table in tables if table.rows)


def _columns(named: Sequence[tuple[str, Kind]], lang: Language) -> tuple[Column, ...]:
    return tuple(Column(text(f"siting_column.{name}", lang), kind) for name, kind in named)
