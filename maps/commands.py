"""``gridmgmt map``: pages to look at without a server."""

from pathlib import Path

import click

from gridmgmt.cli.context import database, say, settings_of
from gridmgmt.texts import Language
from maps.coverage_map import coverage_map, newest_run


@click.group("map")
def map_group() -> None:
    """Write maps as single pages that need no internet."""


@map_group.command()
@click.argument("run_id", metavar="[RUN]", type=int, required=False)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The HTML file.")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language shown first; the page has both.")
@click.option("--public", is_flag=True, help="The public form: no places, small counts suppressed.")
@click.pass_context
def coverage(ctx: click.Context, run_id: int | None, *, output: Path, lang: Language | None, public: bool) -> None:
    """Write the map of a coverage run, of the newest finished one where none is named."""
    settings = settings_of(ctx)
    with database(ctx) as session:
        page = coverage_map(
            session,
            newest_run(session, run_id),
            lang=lang or settings.lang,
            form="public" if public else "exact",
            threshold=settings.suppression_threshold,
        )
    output.write_text(page, encoding="utf-8")
    say(ctx, "map.written", file=output)
