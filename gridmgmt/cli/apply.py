"""``gridmgmt apply``."""

import click


@click.group("apply")
def apply() -> None:
    """Bring a folder to what a manifest says."""
