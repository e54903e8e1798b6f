"""``gridmgmt export``."""

import click


@click.group("export")
def export() -> None:
    """Areas as files."""
