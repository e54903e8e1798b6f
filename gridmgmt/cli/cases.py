"""``gridmgmt cases``."""

import click

from gridmgmt.cli.case_lists import stats
from gridmgmt.cli.case_moves import check, log, move, show
from gridmgmt.cli.case_reports import number, report
from gridmgmt.cli.imports import import_cases


@click.group()
def cases() -> None:
    """Cases: what was reported, and what was done about it."""


for _command in (report, number, show, log, move, check, stats):
    cases.add_command(_command)
cases.add_command(import_cases, "import")
