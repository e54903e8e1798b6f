"""``gridmgmt cells``."""

import click


@click.group("cells")
def cells() -> None:
    """Grid cells: made along streets and barriers, with codes."""
