"""``gridmgmt hot-spots`` and ``gridmgmt repeated-places``."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import click

from gridmgmt.cases.rules import CaseKind
from gridmgmt.cli.context import database, print_json, print_table, say, settings_of
from gridmgmt.cli.options import DAY, JSON, day_or_today
from gridmgmt.clock import local_date
from gridmgmt.hotspots.rules import (
    FALSE_DISCOVERY,
    LEAST_CASES,
    WITHIN_M,
    HotSpotQuestion,
    RepeatQuestion,
    Span,
    SpotLevel,
)
from gridmgmt.texts import text

_A_YEAR = timedelta(days=364)
_SPANS = (
    click.option("--from", "first", type=DAY, help="First day of report; 364 days before the last if absent."),
    click.option("--to", "last", type=DAY, help="Last day, included; today if absent."),
    click.option("--type", "type", help="Only cases of this type, by its code."),
    click.option("--kind", type=click.Choice([str(kind) for kind in CaseKind]), help="Only events, or components."),
)


def spanned(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a period; it takes ``span``."""

    def with_span(*args: Any, first: date | None, last: date | None, **kwargs: Any) -> None:  # Any: what click passes
        end, type_, kind = day_or_today(last), kwargs.pop("type"), kwargs.pop("kind")
        span = Span(first or end - _A_YEAR, end, type_, None if kind is None else CaseKind(kind))
        command(*args, span=span, **kwargs)

    with_span.__name__, with_span.__doc__ = command.__name__, command.__doc__
    for option in reversed(_SPANS):
        with_span = option(with_span)
    return with_span


@click.command("hot-spots")
@click.option(
    "--level", type=click.Choice([str(level) for level in SpotLevel]), default="cell", show_default=True,
    help="Whose densities are compared.",
)  # fmt: skip
@click.option(
    "--false-discovery", type=float, default=FALSE_DISCOVERY, show_default=True,
    help="Share of the areas found that may be found by chance.",
)  # fmt: skip
@JSON
@click.pass_context
@spanned
def hot_spots(ctx: click.Context, *, span: Span, level: str, false_discovery: float, as_json: bool) -> None:
    """Show areas in and around which cases gather beyond chance (Getis–Ord Gi*)."""
    from gridmgmt.hotspots import service  # noqa: PLC0415 -- takes long to load

    question = HotSpotQuestion(span, SpotLevel(level), false_discovery)
    with database(ctx) as session:
        found = service.hot_spots(session, question)
    if as_json:
        print_json(asdict(found))
        return
    lang = settings_of(ctx).lang
    say(
        ctx, "hotspots.compared", first=span.first, last=span.last, areas=found.areas, cases=found.cases,
        outside=found.outside, unknown=found.unknown_place, found=len(found.spots),
    )  # fmt: skip
    names = ("area", "above", "class", "cases", "density", "score", "adjusted")
    rows = (
        (
            spot.code,
            spot.parent_name or "-",
            text(f"spot_class.{spot.spot}", lang),
            str(spot.count),
            f"{spot.density_per_km2:,.0f}",
            f"{spot.z:+.2f}",
            f"{spot.adjusted_p:.5f}",
        )
        for spot in found.spots
    )
    print_table([text(f"hotspots.header_{name}", lang) for name in names], rows, left=3)
    say(ctx, "hotspots.note")


@click.command("repeated-places")
@click.option(
    "--within", "within_m", type=float, default=WITHIN_M, show_default=True, help="Metres from the centre of a place."
)
@click.option("--least", type=int, default=LEAST_CASES, show_default=True, help="So many cases make a place.")
@click.option("--any-type", is_flag=True, help="Cases of different types make a place together.")
@click.option("--limit", type=int, default=20, show_default=True, help="So many places are shown.")
@JSON
@click.pass_context
@spanned
def repeated_places(
    ctx: click.Context, *, span: Span, within_m: float, least: int, any_type: bool, limit: int, as_json: bool
) -> None:
    """Show places to which cases come again and again."""
    from gridmgmt.hotspots.service import repeats  # noqa: PLC0415 -- takes long to load

    question = RepeatQuestion(span, within_m, least, not any_type, limit)
    with database(ctx) as session:
        found = repeats(session, question)
    if as_json:
        print_json(asdict(found))
        return
    lang = settings_of(ctx).lang
    say(
        ctx, "hotspots.looked_at", first=span.first, last=span.last, cases=found.cases, unknown=found.unknown_place,
        found=found.places_found, within_m=within_m, least=least,
    )  # fmt: skip
    names = ("address", "types", "cases", "last_day", "lon", "lat")
    rows = (
        (
            place.address or "-",
            ", ".join(f"{code} ({count})" for code, count in place.types[:3]),
            str(place.count),
            f"{local_date(place.last_at)}",
            f"{place.lon:.6f}",
            f"{place.lat:.6f}",
        )
        for place in found.places
    )
    print_table([text(f"hotspots.header_{name}", lang) for name in names], rows, left=2)
