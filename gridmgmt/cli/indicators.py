"""``gridmgmt indicators``: counts and rates of cases, as a table or a file, and their tallies counted anew."""

import json
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gridmgmt.cases.measures import RATIOS, Dimension, Measure, Ratio
from gridmgmt.cases.rules import CaseFilter, CaseKind, CaseSource
from gridmgmt.cli.context import database, print_json, print_table, say, settings_of, write_content
from gridmgmt.cli.options import DAY, JSON
from gridmgmt.clock import local_date, system_clock
from gridmgmt.indicators.rules import Compare, Indicators, Question, Tally, asked_period
from gridmgmt.texts import Language, text

if TYPE_CHECKING:
    from gridmgmt.reports.tables import Kind

_SHOWN = (
    Measure.REPORTED, Measure.ACCEPTED, Measure.REGISTERED, Measure.DISPATCHED, Measure.HANDLED, Measure.CLOSED,
    Measure.DUE,
)  # fmt: skip
"""The counts of the table; files and JSON have all."""

_OPTIONS = (
    click.option("--from", "first", type=DAY, help="First day; without both, the present month up to today."),
    click.option("--to", "last", type=DAY, help="Last day, included; at most 1,098 days."),
    click.option("--by", type=click.Choice([str(each) for each in Dimension]), help="What the rows are."),
    click.option("--area", help="Only cases of the area of this code, of any level."),
    click.option("--department", help="Only cases of this department, by its code."),
    click.option("--type", "type", help="Only cases of this type, by its code."),
    click.option("--major", help="Only cases of this class: the first two digits of a type's code."),
    click.option("--source", type=click.Choice([str(each) for each in CaseSource])),
    click.option("--kind", type=click.Choice([str(each) for each in CaseKind]), help="Only events, or components."),
    click.option("--post", help="Only cases of cells that this officer post answered for."),
    click.option("--areas-on", type=DAY, help="Place every case anew in the areas in force on this day."),
    click.option(
        "--compare", type=click.Choice([str(each) for each in Compare]), default=str(Compare.NONE), show_default=True,
        help="Beside the period before, or the same days a year earlier.",
    ),
)  # fmt: skip


def asking(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a question; it takes ``question`` unless a subcommand of it is called."""

    def with_question(
        ctx: click.Context, *args: Any, first: date | None, last: date | None, **options: Any
    ) -> None:  # Any: what click passes
        names = CaseFilter.__dataclass_fields__.keys() & options.keys() - {"areas_on"}
        wanted = CaseFilter(**{name: options.pop(name) for name in names})
        by, compare, areas_on = (options.pop(name) for name in ("by", "compare", "areas_on"))
        if ctx.invoked_subcommand is None:
            period = asked_period(first, last, local_date(system_clock()))
            question = Question(period, by and Dimension(by), wanted, areas_on, Compare(compare))
            command(ctx, *args, question=question, **options)

    with_question.__name__, with_question.__doc__ = command.__name__, command.__doc__
    for option in reversed(_OPTIONS):
        with_question = option(with_question)
    return with_question


@click.group(invoke_without_command=True)
@JSON
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path),
    help="File of all numbers; its name ends in .csv or .xlsx.",
)  # fmt: skip
@click.pass_context
@asking
def indicators(ctx: click.Context, *, question: Question, as_json: bool, output: Path | None) -> None:
    """Count the cases of a period, and tell the rates made of the counts, each with what it is made of."""
    # They take long to load, and the list of commands does not need them.
    from gridmgmt.casework.known import check_known  # noqa: PLC0415
    from gridmgmt.editions.queries import holds_synthetic  # noqa: PLC0415
    from gridmgmt.indicators import service  # noqa: PLC0415
    from gridmgmt.reports.indicators import render_indicators  # noqa: PLC0415
    from gridmgmt.reports.indicators_json import Told  # noqa: PLC0415

    lang, now = settings_of(ctx).lang, system_clock()
    with database(ctx) as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        check_known(session, question.wanted, now=now)
        found = service.read(session, question, now=now, lang=lang)
        synthetic = bool(holds_synthetic(session))
    if output is not None:
        write_content(ctx, render_indicators(found, output.suffix.removeprefix("."), lang).content, output)
    elif as_json:
        table = json.loads(Told(found, synthetic, lang).table(found.rows, None))
        print_json({"as_of": found.as_of.isoformat(), **table})
    else:
        _print(ctx, found, lang)


@indicators.command()
@click.pass_context
def rebuild(ctx: click.Context) -> None:
    """Count all cases anew into the tallies; no answer changes unless one was wrong."""
    from gridmgmt.indicators import service  # noqa: PLC0415 -- takes long to load

    with database(ctx) as session:
        say(ctx, "indicators.rebuilt", cases=service.rebuild(session))


def _print(ctx: click.Context, found: Indicators, lang: Language) -> None:
    from gridmgmt.reports.indicators_words import basis_note, notes_of, row_name  # noqa: PLC0415 -- takes long to load

    before = {} if found.compared is None else {code: tally for code, _, tally in found.compared.rows}
    rows = [(code or "-", row_name(code, name, lang), tally, before.get(code)) for code, name, tally in found.rows]
    total = None if found.compared is None else found.compared.total
    rows.append(("", text("indicators.total", lang), found.total, total))
    named = [text("indicators.code", lang), text("indicators.name", lang)]
    period = found.question.period
    say(ctx, "indicators.file_title", first=period.first, last=period.last)
    measures = [text(f"measure.{measure}", lang) for measure in _SHOWN]
    hours = text("indicators.mean_handling_hours", lang)
    print_table([*named, *measures, hours], ([*row[:2], *_counts(row[2])] for row in rows), left=2)
    click.echo()
    ratios = [text(f"ratio.{ratio}", lang) for ratio in Ratio]
    print_table([*named, *ratios], ([*row[:2], *_rates(*row[2:])] for row in rows), left=2)
    click.echo()
    if found.compared is not None:
        earlier = found.compared.question.period
        say(ctx, "indicators.compared_with", first=earlier.first, last=earlier.last)
    for line in (basis_note(found, lang), *notes_of(found, lang)):
        click.echo(line)


def _counts(tally: Tally) -> Sequence[str]:
    counts = [_text("count", tally.counts.get(measure, 0)) for measure in _SHOWN]
    return [*counts, _text("tenths_of_hours", tally.mean_handling_s)]


def _rates(tally: Tally, before: Tally | None) -> Sequence[str]:
    """Return each rate with what it is made of, and by how many points it has changed."""
    cells = []
    for ratio, (numerator, denominator) in RATIOS.items():
        rate, earlier = tally.ratio(ratio), None if before is None else before.ratio(ratio)
        parts = [_text("rate", rate)]
        if rate is not None:
            parts.append(f"{tally.counts.get(numerator, 0)}/{tally.counts.get(denominator, 0)}")
        if rate is not None and earlier is not None:
            parts.append(f"({_text('points', rate - earlier)})")
        cells.append(" ".join(parts))
    return cells


def _text(kind: "Kind", value: float | None) -> str:
    from gridmgmt.reports.tables import cell_text  # noqa: PLC0415 -- takes long to load

    return cell_text(kind, value, modelled=False)
