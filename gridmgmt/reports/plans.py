"""Plans as tables and files: one as it stands, several side by side, and what a re-run would change."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from gridmgmt.coverage.document import Part
from gridmgmt.reports.formatting import area_name, count_text, label, minutes_text
from gridmgmt.reports.governance import MEDIA_TYPES, Page, rendered
from gridmgmt.reports.render import Rendered
from gridmgmt.reports.siting_words import amount, band_name, bound_amount
from gridmgmt.reports.tables import Cell, Column, Kind, Table
from gridmgmt.siting.document import Chosen
from gridmgmt.siting.plan_document import (
    Adoption,
    Built,
    ComparedPlan,
    Cost,
    PlanChange,
    PlanComparison,
    PlanFigures,
    PlanReport,
)
from gridmgmt.siting.plan_rules import BUILT_WITHIN_M, SAME_WITHIN_M
from gridmgmt.texts import Language, text

__all__ = [
    "MEDIA_TYPES",
    "change_notes",
    "change_tables",
    "comparison_notes",
    "comparison_tables",
    "plan_notes",
    "plan_tables",
    "render_change",
    "render_comparison",
    "render_plan",
]

_KINDS: dict[str, Kind] = {
    "lon": "degrees",
    "lat": "degrees",
    "gap": "gap",
    **dict.fromkeys(("worst_ratio", "covered_ratio", "ratio_before"), "ratio"),
    **dict.fromkeys(
        ("points", "built", "rank", "rank_after", "distance_m", "newly_covered", "cost_yuan", "cost_unknown",
         "residents", "residents_now", "before", "plan_after", "rerun_after", "covered"),
        "count",
    ),
}  # fmt: skip


def render_plan(report: PlanReport, on: date, format_: str, lang: Language) -> Rendered:
    """Return a plan as it stands on a day in a format; CSV holds the targets.

    Raises
    ------
    InputError
        When there is no such format.
    """
    tables = plan_tables(report, lang)
    title = text("plans.title", lang, name=report.name, state=label("plan_state", report.state, lang), on=on)
    page = Page(f"plan-{report.name}-{on}", title, plan_notes(report, lang), tables, tables[-1], report.synthetic)
    return _rendered(page, report, format_, lang)


def render_comparison(comparison: PlanComparison, format_: str, lang: Language) -> Rendered:
    """Return plans side by side in a format; CSV holds what each of them achieves.

    Raises
    ------
    InputError
        When there is no such format.
    """
    tables = comparison_tables(comparison, lang)
    title = text("plans.comparison_title", lang, names=" · ".join(plan.name for plan in comparison.plans))
    whole = _table("plans", lang, (*_WHAT, *_FIGURES), [_side(plan, lang) for plan in comparison.plans])
    page = Page("plans", title, comparison_notes(comparison, lang), tables, whole, comparison.synthetic)
    return _rendered(page, comparison, format_, lang)


def render_change(change: PlanChange, format_: str, lang: Language) -> Rendered:
    """Return what a re-run would change in a format; CSV holds the points.

    Raises
    ------
    InputError
        When there is no such format.
    """
    tables = change_tables(change, lang)
    title = text("plans.change_title", lang, name=change.name, run_id=change.run_id, on=change.on)
    name = f"plan-{change.name}-rerun-{change.run_id}"
    page = Page(name, title, change_notes(change, lang), tables, tables[1], change.synthetic)
    return _rendered(page, change, format_, lang)


def plan_notes(report: PlanReport, lang: Language) -> tuple[str, ...]:
    """Return what to know first of a plan: how far it is, what its numbers rest on, and how it has ended."""
    return tuple(_plan_notes(report, lang))


def plan_tables(report: PlanReport, lang: Language) -> tuple[Table, ...]:
    """Return what a plan is; of an adopted one also milestones and targets."""
    tables = [_facts_table(report, lang)]
    if report.adoption is not None:
        tables += [_milestones_table(report.adoption, lang), _targets_table(report.adoption, lang)]
    return tuple(tables)


def comparison_notes(comparison: PlanComparison, lang: Language) -> tuple[str, ...]:
    """Return what the plans have in common."""
    terms = comparison.plans[0].terms
    common = {
        "minutes": minutes_text(terms.limit_s),
        "profile": label("profile", terms.profile, lang),
        "area": terms.area_code or text("report.everywhere", lang),
    }
    return (text("plans.compared_on", lang, **common, within_m=f"{SAME_WITHIN_M:g}"),)


def comparison_tables(comparison: PlanComparison, lang: Language) -> tuple[Table, ...]:
    """Return what each plan achieves, then residents by band, areas, and the chosen points of all."""
    names = [plan.name for plan in comparison.plans]
    afters = tuple(Column(text("plans.column.after_of", lang, name=name), "count") for name in names)
    ratios = tuple(Column(text("plans.column.ratio_of", lang, name=name), "ratio") for name in names)
    bands: Iterable[tuple[Cell, ...]] = (
        (band_name(row.band, lang), row.residents, row.covered_before, *row.covered_after) for row in comparison.bands
    )
    areas: Iterable[tuple[Cell, ...]] = (
        (row.code, area_name(row.name, lang), row.residents, row.ratio_before, *row.ratio_after)
        for row in comparison.areas
    )
    return (
        _table("plans", lang, _WHAT, [_what(plan, lang) for plan in comparison.plans]),
        _table(
            "achieved", lang, ("plan", *_FIGURES), [(p.name, *_achieved(p.figures, lang)) for p in comparison.plans]
        ),
        _table("bands", lang, ("band", "residents", "before"), bands, afters),
        _table("areas", lang, ("code", "name", "residents", "ratio_before"), areas, ratios),
        _table("points", lang, ("plan", *_POINT, "also_in"), _points(comparison.plans, lang)),
    )


def change_notes(change: PlanChange, lang: Language) -> tuple[str, ...]:
    """Return how many points are built, kept, left and new, and which inputs are others now."""
    counts = {name: len(getattr(change, name)) for name in ("built", "kept", "left", "new")}
    notes = [text("plans.change_told", lang, **counts, within_m=f"{SAME_WITHIN_M:g}")]
    if not change.inputs:
        notes.append(text("plans.change_same_inputs", lang))
    return tuple(notes)


def change_tables(change: PlanChange, lang: Language) -> tuple[Table, ...]:
    """Return the numbers of plan and re-run, the points of both, residents by band, and the inputs that changed."""
    sides = [
        (text(f"plans.side.{side}", lang), *_achieved(figures, lang))
        for side, figures in (("before", change.before), ("after", change.after))
    ]
    inputs = ((_input(each.name, lang), each.before or "", each.after or "") for each in change.inputs)
    bands = (
        (band_name(row.band, lang), row.residents, row.covered, row.residents_now, row.covered_now)
        for row in change.bands
    )
    return (
        _table("change", lang, ("side", *_FIGURES), sides),
        _table("changed_points", lang, ("fate", *_POINT, "rank_after", "distance_m"), _fates(change, lang)),
        _table("changed_bands", lang, ("band", "residents", "plan_after", "residents_now", "rerun_after"), bands),
        _table("changed_inputs", lang, ("input", "input_before", "input_after"), inputs),
    )


_FIGURES = (
    "points", "covered", "covered_ratio", "objective", "bound", "gap", "proven", "worst_area", "worst_ratio",
    "cost_yuan", "cost_unknown",
)  # fmt: skip
_WHAT = ("plan", "state", "author", "made_at", "model")
_POINT = ("rank", "code", "name", "area", "lon", "lat", "newly_covered", "cost_yuan", "sure")


def _rendered(page: Page, document: Part, format_: str, lang: Language) -> Rendered:
    return rendered(page, document.model_dump(mode="json"), format_, lang)


def _plan_notes(report: PlanReport, lang: Language) -> Iterator[str]:
    adoption, ending = report.adoption, report.ending
    if adoption is not None:
        counted = {"built": adoption.built, "points": report.points, "on": adoption.on}
        yield text("plans.built", lang, **counted, within_m=f"{BUILT_WITHIN_M:g}")
        if adoption.supersedes is not None:
            yield text("plans.supersedes", lang, name=adoption.supersedes)
        if adoption.left_yuan < 0:
            yield text("plans.over_budget", lang, yuan=f"{-adoption.left_yuan:,.0f}")
    if report.stale_because:
        yield text("plans.stale", lang, inputs="; ".join(_input(name, lang) for name in report.stale_because))
    if ending is not None and ending.superseded_by is not None:
        yield text("plans.superseded", lang, on=ending.on, name=ending.superseded_by)
    elif ending is not None:
        yield text("plans.withdrawn", lang, on=ending.on, by=ending.by, because=ending.because)
    if report.note:
        yield report.note


def _input(name: str, lang: Language) -> str:
    """Return an input, as ``areas: town: towns``, or the code, in words."""
    if name == "code_version":
        return text("report.code_version", lang)
    subject, *others = name.split(": ", 2)
    return " · ".join((label("subject", subject, lang), *(label("level", other, lang) for other in others)))


def _facts_table(report: PlanReport, lang: Language) -> Table:
    certificate, adoption = report.certificate, report.adoption
    rows: dict[str, Cell] = {
        "state": label("plan_state", report.state, lang),
        "author": report.author,
        "made_at": f"{report.made_at:%Y-%m-%d}",
        "run": str(report.run_id),
        "model": text(f"siting_model.{report.terms.model}", lang),
        "type": text(f"point_type.{report.terms.type}", lang),
        "area": report.terms.area_code or text("report.everywhere", lang),
        "points": str(report.points),
        "objective": amount(certificate.objective, certificate, lang),
        "bound": bound_amount(certificate, lang),
        "cost_yuan": count_text(_known(report.cost, report.points)),
        "cost_unknown": str(report.cost.unknown),
    }
    if adoption is not None:
        rows |= {
            "owner": " · ".join(filter(None, (adoption.owner_post, adoption.owner_name))),
            "adopted_on": f"{adoption.adopted_on} · {adoption.adopted_by}",
            "budget_yuan": f"{adoption.budget_yuan:,.0f}",
            "left_yuan": count_text(None if report.cost.unknown == report.points else adoption.left_yuan),
        }
    rows["document_sha256"] = report.document_sha256
    named = ((text(f"plans.column.{name}", lang), value) for name, value in rows.items())
    return _table("facts", lang, ("what", "value"), named)


def _milestones_table(adoption: Adoption, lang: Language) -> Table:
    rows = (
        (each.on.isoformat(), float(each.points), float(each.built), label("milestone_state", each.state, lang))
        for each in adoption.milestones
    )
    return _table("milestones", lang, ("due_on", "points", "built", "state"), rows)


def _targets_table(adoption: Adoption, lang: Language) -> Table:
    columns = (
        "rank", "code", "name", "area", "lon", "lat", "owner", "due_on", "cost_yuan", "built_by", "distance_m",
        "matched_by",
    )  # fmt: skip
    rows = (
        (
            *(float(each.rank), each.code, each.name, each.area_name, each.lon, each.lat, each.owner_post),
            *(each.due_on.isoformat(), each.cost_yuan, *_built(each.built, lang)),
        )
        for each in adoption.targets
    )
    return _table("targets", lang, columns, rows)


def _built(built: Built | None, lang: Language) -> tuple[Cell, ...]:
    if built is None:
        return (None, None, None)
    told = text("plans.by_code" if built.by_code else "plans.by_position", lang)
    return f"{built.code} {built.name}", built.distance_m, told


def _side(plan: ComparedPlan, lang: Language) -> tuple[Cell, ...]:
    return *_what(plan, lang), *_achieved(plan.figures, lang)


def _what(plan: ComparedPlan, lang: Language) -> tuple[Cell, ...]:
    """Return the cells of :data:`_WHAT`."""
    model = text(f"siting_model.{plan.terms.model}", lang)
    return plan.name, label("plan_state", plan.state, lang), plan.author, f"{plan.made_at:%Y-%m-%d}", model


def _achieved(figures: PlanFigures, lang: Language) -> tuple[Cell, ...]:
    """Return the cells of :data:`_FIGURES`."""
    certificate, worst = figures.certificate, figures.worst_area
    return (
        float(figures.points),
        figures.covered_after,
        figures.covered_after / figures.residents if figures.residents else None,
        amount(certificate.objective, certificate, lang),
        bound_amount(certificate, lang),
        certificate.gap,
        text("report.yes" if certificate.proven else "plans.not_proven", lang),
        None if worst is None else area_name(worst.name, lang),
        None if worst is None else worst.ratio_after,
        _known(figures.cost, figures.points),
        float(figures.cost.unknown),
    )


def _known(cost: Cost, points: int) -> float | None:
    """Return the known costs; nothing is known where no candidate says one."""
    return None if cost.unknown == points else cost.known_yuan


def _points(plans: Sequence[ComparedPlan], lang: Language) -> Iterator[tuple[Cell, ...]]:
    for plan in plans:
        for point in plan.points:
            yield plan.name, *_point(point.chosen, lang), " · ".join(point.also_in)


def _point(chosen: Chosen, lang: Language) -> tuple[Cell, ...]:
    """Return the cells of :data:`_POINT`."""
    sure = None if chosen.sure is None else text("report.yes" if chosen.sure else "plans.not_sure", lang)
    place = (chosen.code, chosen.name, chosen.area_name, chosen.lon, chosen.lat)
    return float(chosen.rank), *place, chosen.newly_covered, chosen.cost_yuan, sure


def _fates(change: PlanChange, lang: Language) -> Iterator[tuple[Cell, ...]]:
    """Yield the points of plan and re-run by what becomes of them."""
    for pair in change.kept:
        fate = text("plans.fate.kept", lang)
        yield fate, *_point(pair.before, lang), float(pair.after.rank), pair.distance_m
    for name in ("built", "left", "new"):
        for chosen in getattr(change, name):
            yield text(f"plans.fate.{name}", lang), *_point(chosen, lang), None, None


def _table(
    key: str, lang: Language, names: Sequence[str], rows: Iterable[Sequence[Cell]], more: Sequence[Column] = ()
) -> Table:
    columns = (*(Column(text(f"plans.column.{name}", lang), _KINDS.get(name, "text")) for name in names), *more)
    return Table(key, text(f"plans.{key}", lang), columns, tuple(tuple(row) for row in rows))
