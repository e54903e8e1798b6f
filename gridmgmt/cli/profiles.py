"""``gridmgmt profiles``."""

import click


@click.group()
def profiles() -> None:
    """Tell who walks how fast, with editions and evidence."""
