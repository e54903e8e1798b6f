"""``gridmgmt cases stats`` and ``gridmgmt export cases``: many cases at once, by the filters of the list."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import click

from gridmgmt.cases.rules import CaseFilter, CaseKind, CaseSource, CaseState, ListOrder, Urgency
from gridmgmt.cases.summaries import case_statistics
from gridmgmt.cli.context import database, print_json, print_table, say, settings_of
from gridmgmt.cli.options import JSON
from gridmgmt.cli.progress import stage
from gridmgmt.clock import LOCAL_ZONE, system_clock
from gridmgmt.texts import Language, catalogue, text

_WORDS = {"state": "case_state", "source": "case_source", "kind": "case_kind", "urgency": "urgency"}


def _moment(_ctx: click.Context, _param: click.Parameter, value: datetime | None) -> datetime | None:
    return value and value.replace(tzinfo=LOCAL_ZONE)


_OPTIONS = (
    click.option(
        "--state", "states", multiple=True, type=click.Choice([str(v) for v in CaseState]), help="Any of these."
    ),
    click.option("--open/--ended", "is_open", default=None, help="Only what is to be worked on, or what has ended."),
    click.option("--kind", type=click.Choice([str(v) for v in CaseKind])),
    click.option("--type", "type", help="Code of a type."),
    click.option("--source", type=click.Choice([str(v) for v in CaseSource])),
    click.option("--urgency", type=click.Choice([str(v) for v in Urgency])),
    click.option("--supervised/--unsupervised", default=None, help="Only under a supervision order, or only others."),
    click.option("--department", help="Code of a department."),
    click.option("--area", help="Code of an area of any level that held the case when it was reported."),
    click.option("--component", help="Identifier of a component."),
    click.option("--flag", help="What is doubtful: default_point …"),
    click.option("--without-flag", help="What must not be."),
    click.option(
        "--from", "reported_from", type=click.DateTime(), callback=_moment, help="Reported at this time or later."
    ),
    click.option("--to", "reported_to", type=click.DateTime(), callback=_moment, help="Reported before this time."),
)


def filtered(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the filters of the list; it takes ``wanted``."""

    def with_filter(*args: Any, **options: Any) -> None:
        names = CaseFilter.__dataclass_fields__.keys() & options.keys()
        wanted = CaseFilter(**{name: options.pop(name) for name in names})
        command(*args, wanted=wanted, **options)

    with_filter.__doc__, with_filter.__name__ = command.__doc__, command.__name__
    for option in reversed(_OPTIONS):
        with_filter = option(with_filter)
    return with_filter


@click.command()
@JSON
@click.pass_context
@filtered
def stats(ctx: click.Context, *, wanted: CaseFilter, as_json: bool) -> None:
    """Count cases by state, source, department, type, kind and urgency."""
    with database(ctx) as session:
        found = case_statistics(session, wanted, now=system_clock())
    if as_json:
        print_json(found)
        return
    lang = settings_of(ctx).lang
    rows = [
        (text(f"case_column.{_COLUMN.get(by, by)}", lang), _word(by, value, lang), str(number))
        for by, counts in found.items()
        for value, number in counts.items()
    ]
    print_table([text(f"cases.header.{name}", lang) for name in ("by", "value", "count")], rows, left=2)


_COLUMN = {"department": "department_code"}


def _word(by: str, value: str, lang: Language) -> str:
    key = f"{_WORDS.get(by, by)}.{value}"
    return text(key, lang) if key in catalogue() else value or "—"


@click.command("cases")
@click.option("--order", type=click.Choice(get_args(ListOrder)), default="newest", show_default=True)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True,
    help="File; its name ends in .csv, .xlsx or .geojson.",
)  # fmt: skip
@click.pass_context
@filtered
def export_cases(ctx: click.Context, *, wanted: CaseFilter, order: ListOrder, output: Path) -> None:
    """Write the cases of a filter to a file; contact data of reporters are in none."""
    from gridmgmt.exports.cases import write_cases  # noqa: PLC0415 -- takes long to load

    lang = settings_of(ctx).lang
    with stage(ctx, "cli.stage_storing", file=output.name), database(ctx) as session:
        count = write_cases(session, output, wanted, now=system_clock(), order=order, lang=lang)
    say(ctx, "cases.exported", count=count, file=output)
