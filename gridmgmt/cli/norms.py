"""``gridmgmt norms``."""

import click


@click.group()
def norms() -> None:
    """Norm sets: what a service point must keep, with editions."""
