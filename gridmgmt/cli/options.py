"""Options that several commands share."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.clock import local_date, system_clock

_ALIASES = {"unit": AreaLevel.BASIC_MANAGEMENT_UNIT, "quarter": AreaLevel.RESIDENTIAL_QUARTER}


class _Level(click.Choice):  # type: ignore[type-arg]  # generic since click 8.2, of which earlier ones know nothing
    """A level of areas, by its name or a short one."""

    def __init__(self) -> None:
        super().__init__([*(str(level) for level in AreaLevel), *_ALIASES])

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> AreaLevel:
        """Return the level."""
        name = super().convert(value, param, ctx)
        return _ALIASES.get(name) or AreaLevel(name)


class _Day(click.ParamType):  # type: ignore[type-arg]  # as above
    """A day, as 2026-01-31."""

    name = "date"

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r}: 2026-01-31", param, ctx)


COORDINATES: Mapping[str, Any] = {"ignore_unknown_options": True}
"""Settings of a command with longitude and latitude as arguments: west and south begin with a dash, as options do."""

LEVEL = _Level()
DAY = _Day()

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
ON = click.option("--on", type=DAY, help="The day to look at; today if absent.")
OUTPUT = click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File; standard output if absent."
)


def day_or_today(given: date | None) -> date:
    """Return the day of an option that means today where it is absent."""
    return given or local_date(system_clock())
