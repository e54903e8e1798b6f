"""``gridmgmt codes``."""

import click


@click.group("codes")
def codes() -> None:
    """Official codes: the table of names, and how the areas agree with it."""
