"""``gridmgmt merging``."""

import click


@click.group("merging")
def merging() -> None:
    """Grids of several departments: where they differ, and one edition of them."""
