"""``gridmgmt gates``."""

from dataclasses import asdict
from datetime import date

import click

from gridmgmt.analysis.walking.gates import Access
from gridmgmt.cli.context import database, print_json, print_table, say, settings_of
from gridmgmt.cli.gate_what_if import what_if
from gridmgmt.cli.options import JSON, ON, day_or_today
from gridmgmt.hours import text_of_rules
from gridmgmt.ingest.opening_hours import rules_of_opening_hours
from gridmgmt.network.queries import GateSummary, gate_summaries
from gridmgmt.texts import Language, text

_HEADER = ("code", "name", "access", "hours", "from")


@click.group()
def gates() -> None:
    """Gates: passages with hours and access; what opening or closing one changes."""


gates.add_command(what_if)


@gates.command("list")
@click.option("--access", type=click.Choice([str(each) for each in Access]), help="Only gates that these pass.")
@click.option("--limit", type=click.IntRange(1), default=1000, show_default=True, help="Gates at most.")
@ON
@JSON
@click.pass_context
def list_gates(ctx: click.Context, access: str | None, limit: int, on: date | None, *, as_json: bool) -> None:
    """List the gates in force: those of the network and those of tables, with access and hours."""
    day = day_or_today(on)
    with database(ctx) as session:
        found = gate_summaries(session, day, access=Access(access) if access else None, limit=limit)
    if as_json:
        print_json([asdict(gate) for gate in found])
        return
    if not found:
        say(ctx, "gates.none", on=day)
        return
    lang = settings_of(ctx).lang
    print_table(
        [text(f"gates.header.{name}", lang) for name in _HEADER], (_cells(gate, lang) for gate in found), left=5
    )


def _cells(gate: GateSummary, lang: Language) -> list[str]:
    return [
        gate.code,
        gate.name or "-",
        text(f"gate_access.{gate.access}", lang),
        _hours(gate, lang),
        text("gates.from_table" if gate.from_table else "gates.from_network", lang),
    ]


def _hours(gate: GateSummary, lang: Language) -> str:
    if gate.hours is not None:
        return text_of_rules(gate.hours)
    stated = gate.hours_text
    if stated is not None and not gate.from_table and rules_of_opening_hours(stated) is None:
        return text("gates.hours_unread", lang, value=stated)
    return text("gates.always", lang)
