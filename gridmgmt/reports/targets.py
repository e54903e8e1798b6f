"""Targets, renewal projects and budgets in their formats, as bytes to send or to write to a file."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal

from gridmgmt.reports.governance import Page, rendered
from gridmgmt.reports.render import Rendered
from gridmgmt.reports.tables import Cell, Column, Kind, Table
from gridmgmt.targets.budget_queries import BudgetView
from gridmgmt.targets.project_queries import ProjectView
from gridmgmt.targets.queries import Item, TargetView
from gridmgmt.targets.rules import STAGES, Amount, TargetStage
from gridmgmt.texts import Language, text


def render_target(target: TargetView, on: date, format_: str, *, lang: Language, synthetic: bool) -> Rendered:
    """Return a target with its progress, items and what is late in a format; CSV holds the items.

    Raises
    ------
    InputError
        When there is no such format.
    """
    items = items_table(target, lang)
    tables = (stages_table(target, lang), lates_table(target, on, lang), items)
    title = text("targets.title", lang, name=target.name, on=on)
    page = Page(f"target-{target.code}-{on}", title, tuple(target_notes(target, lang)), tables, items, synthetic)
    found = target.progress
    document = asdict(target) | {"progress": str(found), "by_stage": found.by_stage, "late": found.late, "on": on}
    return rendered(page, document | {"synthetic": synthetic}, format_, lang)


def render_projects(
    projects: Sequence[ProjectView], on: date, format_: str, *, lang: Language, synthetic: bool
) -> Rendered:
    """Return renewal projects in a format.

    Raises
    ------
    InputError
        When there is no such format.
    """
    table = projects_table(projects, lang)
    page = Page(f"projects-{on}", text("targets.projects_title", lang, on=on), (), (table,), table, synthetic)
    document = {"on": on, "projects": [asdict(each) for each in projects], "synthetic": synthetic}
    return rendered(page, document, format_, lang)


def render_budgets(
    budgets: Sequence[BudgetView], on: date, format_: str, *, lang: Language, synthetic: bool
) -> Rendered:
    """Return every part of budgets with its bound in a format, then what the parts come to and the stated total.

    Raises
    ------
    InputError
        When there is no such format.
    """
    table = budgets_table(budgets, lang)
    notes = tuple(note for each in budgets for note in budget_notes(each, lang))
    page = Page(f"budgets-{on}", text("targets.budgets_title", lang, on=on), notes, (table,), table, synthetic)
    document = {"on": on, "budgets": [asdict(each) for each in budgets], "synthetic": synthetic}
    return rendered(page, document, format_, lang)


def target_notes(target: TargetView, lang: Language) -> Iterator[str]:
    """Yield how far a target is and who says so, in sentences."""
    found = target.progress
    yield text("targets.progress", lang, progress=str(found), open=found.open, wanted=found.wanted)
    area = target.area_name or target.area_code
    yield text("targets.of", lang, area=area, year=target.year, owner=target.owner_post)
    kinds = "、" if lang == "zh" else ", "
    yield text("targets.kinds", lang, kinds=kinds.join(text(f"point_type.{kind}", lang) for kind in target.kinds))
    if found.unlisted:
        yield text("targets.unlisted", lang, count=found.unlisted)
    if found.late:
        yield text("targets.late_count", lang, count=found.late)
    if target.budget_yuan:
        yield text("targets.budget", lang, yuan=f"{target.budget_yuan:,}")
    yield text("targets.source", lang, source=target.source)


def budget_notes(budget: BudgetView, lang: Language) -> Iterator[str]:
    """Yield whether the stated total of a budget agrees with its parts; nothing where none is stated."""
    check = budget.check
    if check.stated is not None and check.consistent and check.left_open_yuan:
        fields = {"total": str(check.stated), "parts": str(check.parts), "open": f"{check.left_open_yuan:,}"}
        yield text("targets.consistent", lang, **fields)
    yield text("targets.source", lang, source=budget.source)


def stages_table(target: TargetView, lang: Language) -> Table:
    """Return how many items are at each stage, in order."""
    counts = target.progress.by_stage
    rows = tuple((text(f"target_stage.{stage}", lang), float(counts[stage])) for stage in STAGES)
    return Table("stages", text("targets.stages", lang), _columns(lang, stage="text", count="count"), rows)


def lates_table(target: TargetView, on: date, lang: Language) -> Table:
    """Return the stages that items have missed, with how many days ago each was due."""
    rows = tuple(
        (
            str(item.item_no),
            item.name,
            text(f"target_stage.{stage}", lang),
            str(item.dues[stage]),
            _days(item, stage, on),
        )
        for item in target.items
        for stage in item.late
    )
    columns = _columns(lang, no="text", name="text", stage="text", due_on="text", days="count")
    return Table("lates", text("targets.lates", lang), columns, rows)


def items_table(target: TargetView, lang: Language) -> Table:
    """Return the items of a target by number."""
    rows = tuple(_item_row(item, lang) for item in target.items)
    columns = _columns(
        lang, no="text", name="text", stage="text", since="text", due="text", budget_yuan="count", lon="degrees",
        lat="degrees", plan="text", point="text", verdict="text",
    )  # fmt: skip
    return Table("items", text("targets.items", lang), columns, rows)


def projects_table(projects: Sequence[ProjectView], lang: Language) -> Table:
    """Return renewal projects by code."""
    rows = tuple(
        (
            each.code,
            each.name,
            each.area_name or each.area_code,
            str(each.begins_on),
            str(each.ends_on or ""),
            _count(each.households),
            each.households_source,
            _count(each.moved_60_plus),
            each.away_edition,
            each.home_edition,
            each.area_m2,
            each.source,
        )
        for each in projects
    )
    columns = _columns(
        lang, code="text", name="text", area="text", begins_on="text", ends_on="text", households="count",
        households_source="text", moved="count", away_edition="text", home_edition="text", area_m2="count",
        source="text",
    )  # fmt: skip
    return Table("projects", text("targets.projects", lang), columns, rows)


def budgets_table(budgets: Sequence[BudgetView], lang: Language) -> Table:
    """Return the parts of budgets, each followed by their sum and the stated total, with the sign of every bound."""
    rows: list[tuple[Cell, ...]] = []
    for each in budgets:
        head = (str(each.year), each.area_name or each.area_code, each.name)
        rows += [(*head, part.name, *_amount(part.amount), part.source) for part in each.parts]
        rows.append((*head, text("targets.sum", lang), *_amount(each.check.parts), None))
        if each.total is not None:
            rows.append((*head, text("targets.total", lang), *_amount(each.total), each.source))
    columns = _columns(
        lang, year="text", area="text", budget="text", part="text", bound="text", yuan="text", source="text"
    )
    return Table("budgets", text("targets.budgets", lang), columns, tuple(rows))


def _columns(lang: Language, **kinds: Kind) -> tuple[Column, ...]:
    return tuple(Column(text(f"targets.column.{name}", lang), kind) for name, kind in kinds.items())


def _item_row(item: Item, lang: Language) -> tuple[Cell, ...]:
    verdict = (item.card or {}).get("verdict")
    due = item.dues.get(TargetStage.OPEN)
    return (
        str(item.item_no),
        item.name,
        text(f"target_stage.{item.stage}", lang),
        str(item.since or ""),
        str(due or ""),
        _count(item.budget_yuan),
        item.lon,
        item.lat,
        None if item.plan_name is None else f"{item.plan_name} · {item.plan_rank}",
        item.service_point_code,
        None if verdict is None else text(f"verdict.{verdict}", lang),
    )


def _days(item: Item, stage: TargetStage, on: date) -> float:
    return float((on - item.dues[stage]).days)


def _count(value: int | None) -> float | None:
    return None if value is None else float(value)


def _amount(amount: Amount) -> tuple[str, str]:
    return amount.sign or "=", f"{amount.yuan.quantize(Decimal('0.01')):,}"
