"""The options by which commands ask about coverage, made into one question."""

import functools
from collections.abc import Callable
from typing import Any

import click

from gridmgmt.analysis.walking.model import Trip
from gridmgmt.coverage import rules
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.walking.rules import BARRIER_KINDS


def numbers(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[float, ...] | None:
    """Return numbers that are given with commas between them."""
    if value is None:
        return None
    try:
        return tuple(float(part) for part in value.split(","))
    except ValueError as error:
        raise click.BadParameter(f"{value!r}: 5,10,15,20") from error


_OPTIONS = (
    click.option("--minutes", type=float, default=rules.DEFAULT_MINUTES, show_default=True, help="Limit of the walk."),
    click.option("--bands", callback=numbers, metavar="5,10,15,20", help="Ends of the bands in minutes."),
    click.option("--profile", default=rules.DEFAULT_PROFILE, show_default=True, help="Walking profile."),
    click.option("--area", "area_code", help="Only places in the area of this code."),
    click.option(
        "--type", "types", multiple=True, type=click.Choice([str(v) for v in ServicePointType]), help="Types of points."
    ),
    click.option(
        "--time", "at", default=rules.DEFAULT_AT, show_default=True, metavar="'wed 10:00'",
        help="Day and time of the week at which gates are looked at.",
    ),
    click.option(
        "--trip", type=click.Choice([str(v) for v in Trip]), default=str(Trip.TO_POINT), show_default=True,
        help="Which way is timed.",
    ),
    click.option(
        "--barrier", "barriers", multiple=True, type=click.Choice([str(v) for v in BARRIER_KINDS]),
        help="Land that cannot be crossed.",
    ),
    click.option("--scenario", help="Planned changes of the network, by their name."),
    click.option(
        "--connection-limit", "connection_limit_m", type=float, default=rules.DEFAULT_CONNECTION_LIMIT_M,
        show_default=True, help="Farthest distance to a street, in metres.",
    ),
)  # fmt: skip


def coverage_question(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a coverage question, and the question as its argument ``question``."""

    @functools.wraps(command)
    def asking(*args: Any, **given: Any) -> None:  # Any: what click hands on
        names = ("minutes", "profile", "area_code", "types", "at", "trip", "barriers", "scenario", "connection_limit_m")
        parts = {name: given.pop(name) for name in names}
        command(*args, question=rules.make_request(bands_min=given.pop("bands"), **parts), **given)

    for option in reversed(_OPTIONS):
        asking = option(asking)
    return asking
