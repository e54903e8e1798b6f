"""``gridmgmt calendar``."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import click

from gridmgmt.calendars import service
from gridmgmt.calendars.rules import CalendarDay, DayKind, LocalDay, TimeLimit, TimeUnit
from gridmgmt.cli.context import actor, database, print_json, print_table, say, settings_of
from gridmgmt.cli.options import DAY, JSON, day_or_today
from gridmgmt.cli.refused import telling_refused
from gridmgmt.clock import LOCAL_ZONE
from gridmgmt.errors import InputError
from gridmgmt.texts import text

_KIND = click.Choice([str(kind) for kind in DayKind])
_REASON = click.option("--reason", help="Why, such as the number of a notice.")


@click.group()
def calendar() -> None:
    """Working days and hours, and when time limits end."""


@calendar.command()
@click.option("--from", "first", type=DAY, help="First day; today if absent.")
@click.option("--to", "last", type=DAY, help="Last day; 30 days later if absent.")
@JSON
@click.pass_context
def show(ctx: click.Context, first: date | None, last: date | None, *, as_json: bool) -> None:
    """Show which days are worked, and what says so."""
    first = day_or_today(first)
    with database(ctx) as session:
        found = service.load(session)
    days = found.days_between(first, last or first + timedelta(days=30))
    if as_json:
        print_json({"known_until": found.known_until, "days": [day._asdict() for day in days]})
        return
    lang = settings_of(ctx).lang
    header = [text(f"calendar.header.{name}", lang) for name in ("day", "weekday", "kind", "source", "name", "hours")]
    print_table(header, [_cells(day, found.hours_on(day.day), ctx) for day in days], left=6)
    if any(day.provisional for day in days):
        say(ctx, "calendar.provisional_from", known_until=found.known_until)


@calendar.command("set-day")
@click.argument("day", type=DAY)
@click.argument("kind", type=_KIND)
@click.option("--name", help="What the day is called.")
@_REASON
@click.pass_context
def set_day(ctx: click.Context, day: date, kind: str, *, name: str | None, reason: str | None) -> None:
    """Say that DAY is worked or not, whatever the week and the State Council say."""
    with database(ctx) as session:
        service.set_day(session, actor(), day, DayKind(kind), name=name, reason=reason)
    say(ctx, "calendar.day_set", day=day, kind=text(f"day_kind.{kind}", settings_of(ctx).lang))


@calendar.command("clear-day")
@click.argument("day", type=DAY)
@click.pass_context
def clear_day(ctx: click.Context, day: date) -> None:
    """Leave DAY to the week and the State Council again."""
    with database(ctx) as session:
        service.clear_day(session, actor(), day)
    say(ctx, "calendar.day_cleared", day=day)


@calendar.command("set-year")
@click.argument("year", type=int)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--source", required=True, help="The notice that announced the holidays.")
@click.option("--encoding", help="Encoding of the file's texts.")
@click.option("--refused", type=click.Path(path_type=Path), help="Where to write the refused rows.")
@click.pass_context
def set_year(
    ctx: click.Context, year: int, file: Path, *, source: str, encoding: str | None, refused: Path | None
) -> None:
    """Set all holidays and make-up working days of YEAR from a table: day, kind (work, holiday), name."""
    from gridmgmt.ingest.calendar_days import read_calendar_days  # noqa: PLC0415 -- takes a second to load

    with telling_refused(ctx, file, refused):
        rows = read_calendar_days(file, encoding=encoding)
    days = {row.day: LocalDay(DayKind.WORK if row.worked else DayKind.HOLIDAY, row.name, source) for row in rows}
    with database(ctx) as session:
        service.set_year(session, actor(), year, days, source=source)
        known_until = service.load(session).known_until
    say(ctx, "calendar.year_set", year=year, count=len(days), known_until=known_until)


@calendar.command()
@JSON
@click.pass_context
def hours(ctx: click.Context, *, as_json: bool) -> None:
    """List the hours of a working day, each from a day on."""
    with database(ctx) as session:
        found = service.load(session).hours_from
    if as_json:
        print_json([{"valid_from": day, "spans": list(spans)} for day, spans in found.items()])
        return
    lang = settings_of(ctx).lang
    header = [text(f"calendar.header.{name}", lang) for name in ("valid_from", "hours")]
    print_table(header, [[str(day), ", ".join(spans)] for day, spans in found.items()], left=2)


@calendar.command("set-hours")
@click.argument("valid_from", type=DAY)
@click.argument("spans", nargs=-1, required=True)
@_REASON
@click.pass_context
def set_hours(ctx: click.Context, valid_from: date, spans: Sequence[str], *, reason: str | None) -> None:
    """Set the hours of a working day from a day on: 08:30-12:00 13:00-17:30."""
    with database(ctx) as session:
        service.set_hours(session, actor(), valid_from, spans, reason=reason)
    say(ctx, "calendar.hours_set", valid_from=valid_from, hours=", ".join(spans))


@calendar.command()
@click.option("--from", "begin", required=True, help="As 2027-01-29T16:30, in the district's time without an offset.")
@click.option("--limit", "amount", type=float, required=True, help="How much, in tenths of the unit.")
@click.option("--unit", type=click.Choice([str(unit) for unit in TimeUnit]), required=True)
@JSON
@click.pass_context
def deadline(ctx: click.Context, begin: str, amount: float, unit: str, *, as_json: bool) -> None:
    """Tell when a time limit ends."""
    limit, moment = TimeLimit(amount, TimeUnit(unit)), _moment(begin)
    with database(ctx) as session:
        found = service.load(session)
    end = found.deadline(moment, limit)
    soon = found.due_soon(moment, end.at, limit).astimezone(LOCAL_ZONE)
    at = end.at.astimezone(LOCAL_ZONE)
    if as_json:
        print_json({"begin": moment, "at": at, "due_soon_at": soon, "provisional": end.provisional})
        return
    say(ctx, "calendar.deadline", at=f"{at:%Y-%m-%d %H:%M:%S %z}", soon=f"{soon:%Y-%m-%d %H:%M:%S %z}")
    if end.provisional:
        say(ctx, "calendar.provisional_from", known_until=found.known_until)


def _cells(day: CalendarDay, spans: Sequence[str], ctx: click.Context) -> list[str]:
    lang = settings_of(ctx).lang
    return [
        str(day.day),
        text(f"weekday.{day.day.weekday()}", lang),
        text(f"day_kind.{day.kind}", lang),
        text("calendar.provisional" if day.provisional else f"day_source.{day.source}", lang),
        day.name or "-",
        ", ".join(spans) if day.kind is DayKind.WORK else "-",
    ]


def _moment(value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise InputError("moment_malformed", field="--from", value=value) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=LOCAL_ZONE)
