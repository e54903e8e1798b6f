"""``gridmgmt cases``."""

import click

from gridmgmt.cli.case_moves import check, log, move, show


@click.group()
def cases() -> None:
    """Cases: what was reported, and what was done about it."""


for _command in (show, log, move, check):
    cases.add_command(_command)
