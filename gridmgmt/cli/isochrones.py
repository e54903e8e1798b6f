"""``gridmgmt isochrone``."""

import click


@click.command()
def isochrone() -> None:
    """Draw the ground from which a spot is certainly, or possibly, reached in time."""
