"""``gridmgmt profiles``."""

from dataclasses import asdict, fields, replace
from datetime import date
from typing import Any

import click

from gridmgmt.analysis.walking.model import WalkProfile
from gridmgmt.cli.context import actor, database, print_json, print_table, say, settings_of
from gridmgmt.cli.options import DAY, JSON, ON, day_or_today
from gridmgmt.errors import InputError
from gridmgmt.network import queries, service
from gridmgmt.texts import Language, text

_HEADER = ("name", "edition", "speed", "steps", "crossing", "slope", "evidence", "source")


@click.group()
def profiles() -> None:
    """Tell who walks how fast, with editions and evidence."""


@profiles.command("list")
@ON
@click.option("--all", "every", is_flag=True, help="All editions, also those not in force that day.")
@JSON
@click.pass_context
def list_profiles(ctx: click.Context, on: date | None, *, every: bool, as_json: bool) -> None:
    """List the profiles in force: speed, steps, crossings, slopes, and what they stand on."""
    day = day_or_today(on)
    with database(ctx) as session:
        if every:
            names = [*(field.name for field in fields(WalkProfile)), "valid_from", "valid_to"]
            rows = [{name: getattr(row, name) for name in names} for row in queries.profile_editions(session)]
        else:
            rows = [asdict(profile) for profile in queries.profiles(session, day)]
    if as_json:
        print_json(rows)
        return
    lang = settings_of(ctx).lang
    header = [text(f"profiles.header.{name}", lang) for name in _HEADER]
    print_table(header, (_cells(row, lang) for row in rows), left=len(header))


@profiles.command()
@click.argument("name")
@click.option("--edition", required=True, help="Name of the new edition.")
@click.option("--source", required=True, help="What its numbers stand on.")
@click.option("--evidence", required=True, help="Class of the evidence or key of the source: S38, R, C, J …")
@click.option("--valid-from", type=DAY, help="First day in force; today if absent.")
@click.option("--speed", "speed_m_per_s", type=float, help="Metres per second.")
@click.option("--sd", "sd_m_per_s", type=float, help="Standard deviation of the speed, metres per second.")
@click.option("--steps-factor", type=float, help="Time on steps over time on the flat.")
@click.option("--no-steps", is_flag=True, help="Steps are no way, unless with a ramp or a lift.")
@click.option("--crossing-s", type=float, help="Seconds waited at a crossing.")
@click.option("--unpaved-factor", type=float, help="Time on unpaved surfaces over time on paved ones.")
@click.option("--rough-factor", type=float, help="Time on rough surfaces over time on smooth ones.")
@click.option("--slope/--no-slope", default=None, help="Whether known slopes change the speed (Tobler 1993).")
@click.option("--most-slope", type=float, help="The steepest way walked, rise over run: 0.0833 is 1 in 12.")
@click.option("--wheelchair/--no-wheelchair", default=None, help="Whether ways not fit for wheelchairs are left out.")
@click.pass_context
def add(ctx: click.Context, /, name: str, valid_from: date | None, *, no_steps: bool, **given: Any) -> None:
    """Put a new edition of a profile in force; what is not said stays as in the one before, or plain for a new name."""
    day = day_or_today(valid_from)
    said = {key: value for key, value in given.items() if value is not None}
    if no_steps:
        said["steps_factor"] = None
    with database(ctx) as session:
        before = next((each for each in queries.profiles(session, day) if each.name == name), None)
        if before is None and "speed_m_per_s" not in said:
            raise InputError("profile_speed_missing", field="speed", name=name)
        profile = replace(before or _plain(name), **said)
        service.add_profile(session, actor(), profile, day)
    say(ctx, "profiles.added", name=name, edition=profile.edition, valid_from=day)


def _plain(name: str) -> WalkProfile:
    """Return a profile that is a speed alone."""
    return WalkProfile(
        name, "", speed_m_per_s=1.0, sd_m_per_s=None, steps_factor=1.0, crossing_s=0.0, unpaved_factor=1.0,
        rough_factor=1.0, slope=False, most_slope=None, wheelchair=False, evidence="", source="",
    )  # fmt: skip


def _speed(mean: float, sd: float | None) -> str:
    return f"{mean:.2f}" if sd is None else f"{mean:.2f} ± {sd:.2f}"


def _cells(row: dict[str, Any], lang: Language) -> list[str]:
    factor, most = row["steps_factor"], row["most_slope"]
    slope = "ignored" if not row["slope"] and most is None else "any" if most is None else "most"
    return [
        row["name"],
        row["edition"],
        _speed(row["speed_m_per_s"], row["sd_m_per_s"]),
        text("profiles.steps_forbidden", lang) if factor is None else f"×{factor:g}",
        f"{row['crossing_s']:g}",
        text(f"profiles.slope_{slope}", lang, most=most),
        row["evidence"],
        row["source"],
    ]
