"""``gridmgmt cases``."""

import click

from gridmgmt.cli.case_lists import stats
from gridmgmt.cli.case_moves import check, log, move, show
from gridmgmt.cli.case_reports import number, report

_IMPORT = "import"


class _Cases(click.Group):
    """The group; what reads files takes a second to load, and only the import and the list of commands need it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted((*super().list_commands(ctx), _IMPORT))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == _IMPORT:
            from gridmgmt.cli.imports import import_cases  # noqa: PLC0415 -- see the class

            return import_cases
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Cases)
def cases() -> None:
    """Cases: what was reported, and what was done about it."""


for _command in (report, number, show, log, move, check, stats):
    cases.add_command(_command)
