"""``gridmgmt place``."""

import click


@click.command()
def place() -> None:
    """Whether a spot is placeable for a new service point, with evidence."""
