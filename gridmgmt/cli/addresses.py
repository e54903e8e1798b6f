"""``gridmgmt addresses``."""

import click


@click.group("addresses")
def addresses() -> None:
    """Addresses: search, point of an address, address of a point."""
