"""``gridmgmt demo``: the synthetic district."""

import click

from gridmgmt.cli.context import say, sessions
from gridmgmt.demo.generator import DEFAULT_SEED
from gridmgmt.demo.load import set_up_demo


@click.group()
def demo() -> None:
    """Make and load a synthetic district to try everything on."""


@demo.command()
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=DEFAULT_SEED, show_default=True)
@click.pass_context
def load(ctx: click.Context, seed: int) -> None:
    """Generate the synthetic district and load it; the same seed gives the same bytes."""
    with sessions(ctx) as factory:
        outcomes = set_up_demo(factory, seed=seed)
    for outcome in outcomes:
        say(ctx, "cli.demo_part", subject=outcome.subject, taken=outcome.taken)
    say(ctx, "cli.demo_loaded", seed=seed)
    say(ctx, "cli.cells_from_job")
