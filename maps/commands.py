"""``gridmgmt map``: pages to look at without a server."""

from pathlib import Path

import click

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cli.context import database, say, settings_of
from gridmgmt.cli.hot_spots import spanned
from gridmgmt.clock import local_date, system_clock
from gridmgmt.hotspots.rules import Span
from gridmgmt.texts import Language
from maps.areas_map import areas_map
from maps.cases_map import cases_map
from maps.coverage_map import coverage_map, newest_run
from maps.merging_map import merging_map, newest_merge
from maps.siting_map import newest_siting, siting_map


@click.group("map")
def map_group() -> None:
    """Write maps as single pages that need no internet."""


_OUTPUT = click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The HTML file."
)
_LANG = click.option("--lang", type=click.Choice(["zh", "en"]), help="Language shown first; the page has both.")


@map_group.command()
@click.argument("run_id", metavar="[RUN]", type=int, required=False)
@_OUTPUT
@_LANG
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


@map_group.command()
@_OUTPUT
@click.option("--area", help="Only the area of this code and all below it.")
@click.option(
    "--level",
    "levels",
    type=click.Choice([level.value for level in AreaLevel]),
    multiple=True,
    help="Only this level, may be repeated; all but grid cells if absent.",
)
@_LANG
@click.pass_context
def areas(
    ctx: click.Context, *, output: Path, area: str | None, levels: tuple[str, ...], lang: Language | None
) -> None:
    """Write the map of areas, with a slider over the boundary editions."""
    with database(ctx) as session:
        page = areas_map(
            session,
            today=local_date(system_clock()),
            lang=lang or settings_of(ctx).lang,
            area=area,
            levels=[AreaLevel(level) for level in levels],
        )
    output.write_text(page, encoding="utf-8")
    say(ctx, "map.written", file=output)


@map_group.command()
@click.argument("merge_id", metavar="[MERGE]", type=int, required=False)
@_OUTPUT
@_LANG
@click.option("--public", is_flag=True, help="The public form: no numbers of residents.")
@click.pass_context
def merging(ctx: click.Context, merge_id: int | None, *, output: Path, lang: Language | None, public: bool) -> None:
    """Write the conflict map of a merge of departments' grids, of the newest where none is named."""
    with database(ctx) as session:
        page = merging_map(session, newest_merge(session, merge_id), lang=lang or settings_of(ctx).lang, public=public)
    output.write_text(page, encoding="utf-8")
    say(ctx, "map.written", file=output)


@map_group.command()
@click.option("--run", "run_id", type=click.IntRange(min=1), help="Number of the siting run, the newest if absent.")
@_OUTPUT
@_LANG
@click.pass_context
def siting(ctx: click.Context, run_id: int | None, *, output: Path, lang: Language | None) -> None:
    """Write the map of a siting run: new points by rank, and areas before and after."""
    with database(ctx) as session:
        page = siting_map(session, newest_siting(session, run_id), lang=lang or settings_of(ctx).lang)
    output.write_text(page, encoding="utf-8")
    say(ctx, "map.written", file=output)


@map_group.command()
@_OUTPUT
@_LANG
@click.pass_context
@spanned
def cases(ctx: click.Context, *, output: Path, lang: Language | None, span: Span) -> None:
    """Write the map of the cases of a period: clusters, hot spots, repeated places."""
    with database(ctx) as session:
        page = cases_map(session, span, lang=lang or settings_of(ctx).lang)
    output.write_text(page, encoding="utf-8")
    say(ctx, "map.written", file=output)
