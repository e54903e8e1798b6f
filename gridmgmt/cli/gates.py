"""``gridmgmt gates``."""

import click


@click.group()
def gates() -> None:
    """Gates: passages with hours and access; what opening or closing one changes."""
