"""``gridmgmt plans``."""

import click


@click.group()
def plans() -> None:
    """Plans of new points: drafts, comparison, adoption."""
