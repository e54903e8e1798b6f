"""Options that several commands share."""

from datetime import date

import click

from gridmgmt.areas.rules import AreaLevel

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


LEVEL = _Level()
DAY = _Day()
