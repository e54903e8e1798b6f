"""``gridmgmt gates what-if``."""

from datetime import date
from typing import TYPE_CHECKING, Any

import click

from gridmgmt.analysis.walking.gates import Access
from gridmgmt.analysis.walking.model import Trip
from gridmgmt.cli.context import database, print_json, print_table, say, settings_of
from gridmgmt.cli.options import JSON, ON, day_or_today
from gridmgmt.hours import parse_hours, rules_of_text, text_of_spans
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.texts import Language, text
from gridmgmt.units import minutes_to_s
from gridmgmt.walking.rules import BARRIER_KINDS, DEFAULT_AT, DEFAULT_PROFILE, make_question

if TYPE_CHECKING:
    from gridmgmt.walking.gates import AgeFigures, GateState, GateWhatIf, GroupFigures

_HEADER = ("area", "residents", "before", "after", "covered_before", "covered_after")


@click.command("what-if")
@click.argument("code")
@click.option("--open", "opened", is_flag=True, help="As if it were open to all at all times.")
@click.option("--close", "closed", is_flag=True, help="As if it were closed.")
@click.option("--access", type=click.Choice([str(each) for each in Access]), help="As if these passed it.")
@click.option("--hours", help="As if it were open then: 'mon-fri 06:00-22:00; sat 07:00-21:00', or always.")
@click.option("--minutes", type=click.FloatRange(0, 240, min_open=True), default=20.0, show_default=True)
@click.option("--profile", default=DEFAULT_PROFILE, show_default=True, help="Walking profile.")
@click.option("--time", "at", default=DEFAULT_AT, show_default=True, help="Day and time of the week.")
@click.option("--trip", type=click.Choice([str(each) for each in Trip]), default=str(Trip.TO_POINT), show_default=True)
@click.option("--type", "types", multiple=True, type=click.Choice([str(each) for each in ServicePointType]))
@click.option("--barrier", "barriers", multiple=True, type=click.Choice([str(kind) for kind in BARRIER_KINDS]))
@click.option("--scenario", help="Planned changes to walk over.")
@ON
@JSON
@click.pass_context
def what_if(ctx: click.Context, /, code: str, on: date | None, minutes: float, *, as_json: bool, **asked: Any) -> None:
    """Tell what opening, closing or other hours of a gate would change, for those alone whom it concerns."""
    from gridmgmt.walking import gates  # noqa: PLC0415 -- compiles for seconds

    change = _change(asked)
    question = make_question(day_or_today(on), **asked)
    with database(ctx) as session:
        found = gates.what_if(session, question, code, limit_s=minutes_to_s(minutes), **change)
    if as_json:
        print_json(gates.as_json(found))
        return
    _tell(ctx, found)


def _change(asked: dict[str, Any]) -> dict[str, Any]:
    """Take what is said of the gate out of the options and return it as the domain has it."""
    opened, closed, access, hours = (asked.pop(name) for name in ("opened", "closed", "access", "hours"))
    if sum((opened, closed, access is not None or hours is not None)) != 1:
        raise click.UsageError("--open | --close | --access, --hours")
    if opened:
        return {"access": Access.PUBLIC, "spans": None}
    if closed:
        return {"access": Access.CLOSED}
    found: dict[str, Any] = {} if access is None else {"access": Access(access)}
    if hours is not None:
        found["spans"] = None if hours == "always" else parse_hours(rules_of_text(hours)).spans
    return found


def _tell(ctx: click.Context, found: "GateWhatIf") -> None:
    lang = settings_of(ctx).lang
    states = (_state(state, lang) for state in (found.before, found.after))
    say(ctx, "what_if.gate", code=found.gate.code, before=next(states), after=next(states))
    say(
        ctx, "what_if.question",
        profile=found.profile.name, edition=found.profile.edition, speed=found.profile.speed_m_per_s,
        at=found.question.at, trip=text(f"trip.{found.question.trip}", lang), minutes=found.limit_s / 60,
    )  # fmt: skip
    if not found.total.places:
        say(ctx, "what_if.nobody")
        return
    say(ctx, "what_if.affected", places=found.total.places, residents=f"{found.total.ages[0].residents:.1f}")
    rows = [_row(group, group.code or text("what_if.no_area", lang)) for group in found.by_area]
    rows.append(_row(found.total, text("what_if.total", lang)))
    rows += [_row(found.total, text(f"age_band.{ages.band}", lang), ages) for ages in found.total.ages[1:]]
    print_table([text(f"what_if.header.{name}", lang) for name in _HEADER], rows)
    for place in found.most_changed[:5]:
        say(
            ctx, "what_if.place",
            place_no=place.place_no, residents=f"{place.residents:.1f}",
            before=_minutes(place.before_s), after=_minutes(place.after_s),
        )  # fmt: skip


def _state(state: "GateState", lang: Language) -> str:
    hours = text("gates.always", lang) if state.spans is None else text_of_spans(state.spans)
    return f"{text(f'gate_access.{state.access}', lang)} ({hours})"


def _row(group: "GroupFigures", name: str, ages: "AgeFigures | None" = None) -> list[str]:
    """Return the cells of a group's residents, or of those of an age."""
    who = ages or group.ages[0]
    return [
        name,
        f"{who.residents:.1f}",
        _minutes(who.mean_before_s),
        _minutes(who.mean_after_s),
        f"{who.covered_before:.1f}",
        f"{who.covered_after:.1f}",
    ]


def _minutes(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds / 60:.1f}"
