"""``gridmgmt site``."""

import click


@click.group()
def site() -> None:
    """Where the next points should go."""
