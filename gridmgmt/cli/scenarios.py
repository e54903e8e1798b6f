"""``gridmgmt scenarios``."""

import click


@click.group()
def scenarios() -> None:
    """Scenarios: planned changes of the network and of service points."""
