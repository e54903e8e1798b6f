"""``gridmgmt grids``."""

import click


@click.group("grids")
def grids() -> None:
    """Responsibility grids: cells with an officer post, workload, balance."""
