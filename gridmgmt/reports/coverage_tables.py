"""What a coverage answer tells beyond its figures, as tables and words: sensitivity, gaps, flows."""

from collections.abc import Iterable, Iterator

from gridmgmt.coverage.document import AgeGap, CoverageDocument, Flows, Gap, Gaps, SensitivityRow
from gridmgmt.reports.formatting import WITHHELD, area_name, count_text, label, minutes_beyond_text, minutes_text
from gridmgmt.reports.tables import Cell, Column, Table, who
from gridmgmt.texts import Language, text

TOLD_GAPS = 10
"""How many gaps are told in words."""


def sensitivity_table(document: CoverageDocument, lang: Language) -> Table:
    """Return the share covered within each band, and how many within the limit, at every speed and for every trip."""
    asked = document.parameters
    columns = (
        Column(text("reading.trip", lang)),
        Column(text("report.speed", lang)),
        Column(text("reading.asked", lang)),
        *(
            Column(text("report.within", lang, minutes=minutes_text(band.limit_s)), "ratio")
            for band in document.totals.bands
        ),
        Column(text("report.reached", lang, minutes=minutes_text(asked.limit_s)), "count"),
    )
    rows = tuple(_sensitivity_row(document, row, lang) for row in document.sensitivity)
    return Table("sensitivity", text("reading.sensitivity", lang), columns, rows)


def _sensitivity_row(document: CoverageDocument, row: SensitivityRow, lang: Language) -> tuple[Cell, ...]:
    asked = document.parameters
    withheld = document.form == "public"
    own = (row.trip, row.speed_m_per_s) == (asked.trip, asked.speed_m_per_s)
    within = [band.covered for band in row.bands if band.limit_s == asked.limit_s]
    return (
        text(f"trip.{row.trip}", lang),
        f"{row.speed_m_per_s:g}",
        text("report.yes", lang) if own else "",
        *(WITHHELD if withheld and band.ratio is None else band.ratio for band in row.bands),
        *(WITHHELD if count is None else count for count in within),
    )


def gaps_table(document: CoverageDocument, gaps: Iterable[Gap], lang: Language) -> Table:
    """Return the given areas with residents without a point, each followed by its age bands."""
    rows = tuple(
        (
            gap.code,
            gap_area(gap, lang),
            _who(document, part, lang),
            part.residents,
            part.nearest_s,
            part.nearest_point_name,
            part.gate,
        )
        for gap in gaps
        for part in _parts(gap)
    )
    columns = (
        Column(text("report.code", lang)),
        Column(text("report.name", lang)),
        Column(text("reading.who", lang)),
        Column(text("reading.without_point", lang), "count"),
        Column(text("reading.nearest_minutes", lang), "minutes_beyond"),
        Column(text("report.nearest_point", lang)),
        Column(text("reading.gate", lang)),
    )
    return Table("gaps", text("reading.gaps", lang), columns, rows)


def _parts(gap: Gap) -> tuple[Gap | AgeGap, ...]:
    return (gap, *gap.age_bands)


def gap_texts(document: CoverageDocument, gaps: Gaps, lang: Language) -> Iterator[str]:
    """Yield the largest gaps in words: everybody, then the oldest."""
    for gap in gaps.listed[:TOLD_GAPS]:
        yield gap_text(document, gap, gap, lang)
        if gap.age_bands and gap.age_bands[-1].band == "80_plus":
            yield gap_text(document, gap, gap.age_bands[-1], lang)


def gap_text(document: CoverageDocument, gap: Gap, part: Gap | AgeGap, lang: Language) -> str:
    """Return in words who of an area has no point within the limit, and how far the nearest of them have to walk."""
    limit = minutes_text(document.parameters.limit_s)
    count = count_text(part.residents, modelled=document.counting == "modelled")
    key = "reading.gap_places" if document.counts == "places" else "reading.gap"
    said = text(key, lang, count=count, who=_who(document, part, lang), area=gap_area(gap, lang), limit=limit)
    if part.nearest_s is None:
        return text("reading.gap_no_way", lang, said=said)
    way = {"said": said, "minutes": minutes_beyond_text(part.nearest_s), "point": part.nearest_point_name or ""}
    if part.gate is None:
        return text("reading.gap_way", lang, **way)
    return text("reading.gap_gate", lang, **way, gate=part.gate)


def gap_area(gap: Gap, lang: Language) -> str:
    """Return the name of a gap's area."""
    return area_name(gap.name, lang) if gap.code else text("report.remainder", lang)


def _who(document: CoverageDocument, part: Gap | AgeGap, lang: Language) -> str:
    if isinstance(part, AgeGap):
        return text("reading.aged", lang, age=label("age_band", part.band, lang))
    return text(f"reading.who.{document.counts}", lang)


def point_flows_table(document: CoverageDocument, flows: Flows, lang: Language) -> Table:
    """Return who has each service point as the nearest, and how long they walk."""
    names = {point.code: point.name for point in document.service_points.listed}
    rows = tuple(
        (flow.code, names.get(flow.code, ""), flow.residents, flow.mean_s, flow.most_s, flow.beyond)
        for flow in flows.points
    )
    columns = (
        Column(text("report.nearest_point_code", lang)),
        Column(text("report.nearest_point", lang)),
        Column(text("reading.served", lang), "count"),
        Column(text("reading.mean_minutes", lang), "minutes"),
        Column(text("reading.most_minutes", lang), "minutes"),
        Column(text("reading.beyond", lang), "count"),
    )
    return Table("point_flows", text("reading.point_flows", lang), columns, rows)


def area_flows_table(document: CoverageDocument, flows: Flows, lang: Language) -> Table:
    """Return how many walk from which area to which point."""
    points = {point.code: point.name for point in document.service_points.listed}
    areas = {area.code: area.name for level in document.levels for area in level.areas}
    rows = tuple(
        (
            flow.area_code,
            area_name(areas.get(flow.area_code, ""), lang),
            flow.point_code,
            points.get(flow.point_code, ""),
            flow.residents,
            flow.mean_s,
        )
        for flow in flows.areas
    )
    columns = (
        Column(text("report.code", lang)),
        Column(text("report.name", lang)),
        Column(text("report.nearest_point_code", lang)),
        Column(text("report.nearest_point", lang)),
        Column(who(document, lang), "count"),
        Column(text("reading.mean_minutes", lang), "minutes"),
    )
    return Table("area_flows", text("reading.area_flows", lang), columns, rows)


def ranges_table(document: CoverageDocument, lang: Language) -> Table:
    """Return how few and how many residents of each area may have a point within the limit, where they were spread."""
    named = [("", text("report.total", lang), document.totals)]
    named += [(a.code, area_name(a.name, lang), a.figures) for level in document.levels for a in level.areas]
    rows = []
    for code, name, figures in named:
        of_covered = [each for each in figures.ranges if each.name == "covered"]
        rows += [(code, name, figures.residents, figures.covered, each.least, each.most) for each in of_covered]
    columns = (
        Column(text("report.code", lang)),
        Column(text("report.name", lang)),
        Column(who(document, lang), "count"),
        Column(text("report.reached", lang, minutes=minutes_text(document.parameters.limit_s)), "count"),
        Column(text("reading.least", lang), "count"),
        Column(text("reading.most", lang), "count"),
    )
    return Table("ranges", text("reading.ranges", lang), columns, tuple(rows))


def reading_tables(document: CoverageDocument, lang: Language) -> tuple[Table, ...]:
    """Return all tables of this module that the document has something for."""
    found = []
    if document.totals.ranges:
        found.append(ranges_table(document, lang))
    if document.sensitivity:
        found.append(sensitivity_table(document, lang))
    if document.gaps is not None:
        found.append(gaps_table(document, document.gaps.listed, lang))
    if document.flows is not None:
        found += [point_flows_table(document, document.flows, lang), area_flows_table(document, document.flows, lang)]
    return tuple(found)
