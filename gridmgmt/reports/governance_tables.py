"""The mode report and the completeness matrix as tables, from which HTML, XLSX and CSV are made."""

from collections.abc import Iterable, Mapping, Sequence

from gridmgmt.governance.matrix import CompletenessMatrix
from gridmgmt.governance.modes import Decision, ModeReport, SectorReport, TownReport, UnitReport
from gridmgmt.governance.rules import SEVEN_CENTRES, TAG_VALUES, ModeRule, Override
from gridmgmt.reports.formatting import km2_text, label
from gridmgmt.reports.tables import Cell, Column, Kind, Table
from gridmgmt.texts import Language, text

_KINDS: Mapping[str, Kind] = {
    "area": "km2",
    **dict.fromkeys(
        (
            "residents", "unit_count", "sector_count", "quarters", "direct_quarters", "posts", "partner_agreements",
            "areas", "expected", "present", "faulty", "missing_count",
        ),
        "count",
    ),
}  # fmt: skip


def _table(key: str, lang: Language, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Table:
    """Return a table whose title and columns have their names in the catalogue."""
    named = tuple(Column(text(f"governance.column.{name}", lang), _KINDS.get(name, "text")) for name in columns)
    return Table(key, text(f"governance.{key}", lang), named, tuple(tuple(row) for row in rows))


def _number(value: int | None) -> float | None:
    return None if value is None else float(value)


def _listed(kind: str, values: Iterable[str], lang: Language) -> str:
    return text("governance.separator", lang).join(label(kind, str(value), lang) for value in values)


def mode_tables(report: ModeReport, lang: Language) -> tuple[Table, ...]:
    """Return towns, units, sectors, villages and courtyards, joint centres."""
    return (
        _towns_table(report, lang),
        _units_table(report, lang),
        _sectors_table(report, lang),
        _villages_table(report, lang),
        _joint_table(report, lang),
    )


def mode_notes(report: ModeReport, lang: Language) -> tuple[str, ...]:
    """Return what to know first: how many towns, gaps, conflicts and overrides; boundary editions; the rule."""
    applicable = [town for town in report.towns if town.applicable]
    summary = text(
        "governance.summary",
        lang,
        towns=len(applicable),
        gaps=len(report.gaps),
        conflicts=sum(len(town.conflicts) for town in applicable),
        overrides=sum(town.decision is not None and town.decision.override is not None for town in applicable),
    )
    editions = text("governance.editions", lang, editions=", ".join(report.editions))
    return (summary, editions, *(() if report.rule is None else (rule_text(report.rule, lang),)))


def rule_text(rule: ModeRule, lang: Language) -> str:
    """Return the rule of the unit mode in words."""
    return text(
        "governance.rule",
        lang,
        name=rule.name,
        valid_from=rule.valid_from,
        sign=">" if rule.strict else "≥",
        residents=f"{rule.min_residents:,}",
        area=km2_text(rule.min_area_m2),
        source=rule.source,
    )


def _towns_table(report: ModeReport, lang: Language) -> Table:
    """Return the towns by code, each with its mode or gap, the facts it was decided on, and conflicts."""
    columns = (
        "code", "name", "mode", "since", "verdict", "override", "x", "area", "residents", "counted", "unit_count",
        "sector_count", "quarters", "direct_quarters", "conflicts",
    )  # fmt: skip
    return _table("towns", lang, columns, (_town_row(town, lang) for town in report.towns))


def _town_row(town: TownReport, lang: Language) -> tuple[Cell, ...]:
    decision = town.decision
    residents = None if decision is None else decision.residents
    return (
        town.code,
        town.name,
        mode_text(town, lang),
        None if decision is None else decision.valid_from.isoformat(),
        None if decision is None else _verdict(decision, lang),
        None if decision is None or decision.override is None else override_text(decision.override, lang),
        _listed("x", town.x, lang),
        town.area_m2,
        None if residents is None else float(residents.number),
        None
        if residents is None
        else text("governance.counted", lang, on=residents.counted_on, source=residents.source),
        float(len(town.units)),
        float(len(town.sectors)),
        float(town.quarters),
        float(town.direct_quarters),
        _listed("mode_conflict", town.conflicts, lang),
    )


def mode_text(town: TownReport, lang: Language) -> str:
    """Return a town's main mode, or that it is not decided or does not apply."""
    if not town.applicable:
        return text("governance.not_applicable", lang)
    return text("governance.undecided", lang) if town.decision is None else text(f"mode.{town.decision.mode}", lang)


def override_text(override: Override, lang: Language) -> str:
    """Return who overrode the rule, by which document, when and why."""
    return text(
        "governance.overridden",
        lang,
        by=override.by,
        document=override.document,
        dated=override.dated,
        reason=override.reason,
    )


def _verdict(decision: Decision, lang: Language) -> str:
    name = {None: "not_asked", True: "passed", False: "failed"}[decision.passed]
    return text(f"governance.{name}", lang)


def _units_table(report: ModeReport, lang: Language) -> Table:
    columns = (
        "code", "name", "town", "area", "quarters", "organs", "organs_missing", "posts", "staffing", "branches_missing",
    )  # fmt: skip
    rows = (_unit_row(town, unit, lang) for town in report.towns for unit in town.units)
    return _table("units", lang, columns, rows)


def _unit_row(town: TownReport, unit: UnitReport, lang: Language) -> tuple[Cell, ...]:
    staffing = {None: "unknown", True: "plausible", False: "implausible"}[unit.posts_plausible]
    return (
        unit.code,
        unit.name,
        town.name,
        unit.area_m2,
        float(unit.quarters),
        _listed("name", unit.organs.values(), lang),
        _listed("organ", unit.organs_missing, lang),
        _number(unit.posts),
        text(f"governance.{staffing}", lang),
        _listed("centre_type", unit.branches_missing, lang),
    )


def _sectors_table(report: ModeReport, lang: Language) -> Table:
    columns = ("code", "name", "town", "type", "area", "quarters", "organs", "organs_missing", "service_points")
    rows = (_sector_row(town, sector, lang) for town in report.towns for sector in town.sectors)
    return _table("sectors", lang, columns, rows)


def _sector_row(town: TownReport, sector: SectorReport, lang: Language) -> tuple[Cell, ...]:
    points = (f"{label('point_type', type_, lang)} {count}" for type_, count in sector.service_points.items())
    return (
        sector.code,
        sector.name,
        town.name,
        None if sector.type is None else label("sector_type", sector.type, lang),
        sector.area_m2,
        float(sector.quarters),
        _listed("name", sector.organs.values(), lang),
        _listed("organ", sector.organs_missing, lang),
        _listed("name", points, lang),
    )


def _villages_table(report: ModeReport, lang: Language) -> Table:
    rows = (
        (
            tag.code,
            name,
            text(f"tag_kind.{tag.kind}", lang),
            label(str(tag.kind), tag.value, lang) if tag.kind in TAG_VALUES else tag.value,
        )
        for tag, name in report.villages
    )
    return _table("villages", lang, ("code", "name", "kind", "value"), rows)


def _joint_table(report: ModeReport, lang: Language) -> Table:
    columns = (
        "code", "name", "town", "area", "party_branch", "joint_service_centre", "partner_agreements", "note", "source",
    )  # fmt: skip
    rows = (
        (
            centre.code,
            centre.name,
            centre.town_code,
            centre.area_m2,
            centre.party_branch,
            centre.joint_service_centre,
            _number(centre.partner_agreements),
            centre.note,
            centre.source,
        )
        for centre in report.joint_centres
    )
    return _table("joint_centres", lang, columns, rows)


def matrix_tables(matrix: CompletenessMatrix, lang: Language) -> tuple[Table, ...]:
    """Return totals, the matrix itself, the missing centres by name, and those that are there but hang wrong."""
    return (
        _tallies_table(matrix, lang),
        cells_table(matrix, lang),
        _missing_table(matrix, lang),
        _findings_table(matrix, lang),
    )


def matrix_notes(matrix: CompletenessMatrix, lang: Language) -> tuple[str, ...]:
    """Return the sums over all rows."""
    names = ("expected", "present", "faulty", "missing")
    sums = {name: sum(getattr(tally, name) for tally in matrix.tallies) for name in names}
    return (text("governance.matrix_summary", lang, **sums),)


def cells_table(matrix: CompletenessMatrix, lang: Language) -> Table:
    """Return one row for each town, unit and subdistrict and one column for each type; blank where none is due."""
    columns = tuple(Column(text(f"governance.column.{name}", lang)) for name in ("group", "code", "name"))
    types = tuple(Column(text(f"centre_type.{type_}", lang)) for type_ in SEVEN_CENTRES)
    rows: list[tuple[Cell, ...]] = []
    for row in matrix.rows:
        states = {cell.type: text(f"cell_state.{cell.state}", lang) for cell in row.cells}
        body = row.body
        rows.append(
            (
                text(f"matrix_group.{body.group}", lang),
                body.code,
                body.name,
                *(states.get(type_) for type_ in SEVEN_CENTRES),
            )
        )
    return Table("matrix", text("governance.matrix", lang), columns + types, tuple(rows))


def _tallies_table(matrix: CompletenessMatrix, lang: Language) -> Table:
    columns = ("group", "areas", "expected", "present", "faulty", "missing_count")
    counts = ("areas", "expected", "present", "faulty", "missing")
    rows: list[tuple[Cell, ...]] = [
        (text(f"matrix_group.{tally.group}", lang), *(float(getattr(tally, name)) for name in counts))
        for tally in matrix.tallies
    ]
    return _table("tallies", lang, columns, rows)


def _missing_table(matrix: CompletenessMatrix, lang: Language) -> Table:
    rows = (
        (text(f"matrix_group.{row.body.group}", lang), row.body.code, row.body.name, label("centre_type", type_, lang))
        for row in matrix.rows
        for type_ in row.missing
    )
    return _table("missing", lang, ("group", "code", "name", "type"), rows)


def _findings_table(matrix: CompletenessMatrix, lang: Language) -> Table:
    rows = (
        (
            found.centre.code,
            found.centre.name,
            label("centre_type", found.centre.type, lang),
            found.centre.area_code,
            found.centre.parent_code,
            text(f"centre_finding.{found.code}", lang),
        )
        for found in matrix.findings
    )
    return _table("findings", lang, ("centre", "name", "type", "code", "parent", "finding"), rows)
