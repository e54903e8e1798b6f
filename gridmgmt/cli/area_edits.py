"""The verbs of ``gridmgmt areas`` that edit a draft of a boundary edition."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import shapely
from shapely.geometry import shape

from gridmgmt.analysis.findings import Finding, Tolerances
from gridmgmt.areas.service import planned
from gridmgmt.boundaries import service
from gridmgmt.boundaries.check import check_around
from gridmgmt.boundaries.findings import tolerances_of
from gridmgmt.boundaries.queries import draft_named
from gridmgmt.boundaries.rules import Named
from gridmgmt.cli.area_editions import print_findings
from gridmgmt.cli.context import actor, database, say, settings_of
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import steps_of
from gridmgmt.errors import GeometryError

_DRAFT = click.argument("draft")
_CODE = click.argument("code")
_LINES, _SURFACES = ("LineString", "MultiLineString"), ("Polygon", "MultiPolygon")


class _Named(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.2, of which earlier ones know nothing
    """A code and a name, as ``310113009=菊泉街道``."""

    name = "code=name"

    def convert(self, value: str | Named, param: click.Parameter | None, ctx: click.Context | None) -> Named:
        """Return the two."""
        if isinstance(value, Named):
            return value
        code, sign, name = value.partition("=")
        if not (sign and code and name):
            self.fail(f"{value!r}: 310113009=菊泉街道", param, ctx)
        return Named(code, name)


NAMED = _Named()


def drawn(value: str, kinds: tuple[str, ...], field: str) -> Any:
    """Return the geometry, in degrees of WGS 84, that a GeoJSON file holds or a WKT text says.

    Raises
    ------
    GeometryError
        When it cannot be read, or is of another kind.
    """
    try:
        found = _of_geojson(json.loads(Path(value).read_text(encoding="utf-8"))) if Path(value).is_file() else None
        geometry = found if found is not None else shapely.from_wkt(value)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, shapely.errors.ShapelyError) as error:
        raise GeometryError("drawing_unreadable", field=field, value=value[:80]) from error
    if geometry.geom_type not in kinds or geometry.is_empty or not geometry.is_valid:
        raise GeometryError("drawing_of_other_kind", field=field, kind=geometry.geom_type, wanted=", ".join(kinds))
    return geometry


def _of_geojson(document: dict[str, Any]) -> Any:
    """Return the geometry of a GeoJSON object, the only one of a collection."""
    if document["type"] == "FeatureCollection":
        (document,) = document["features"]
    return shape(document["geometry"] if document["type"] == "Feature" else document)


@contextmanager
def _on(ctx: click.Context, name: str) -> Iterator[tuple[Session, Edition]]:
    """Open the draft of a name, and say afterwards what is wrong where it was edited and where to see what changed."""
    with database(ctx) as session:
        draft = draft_named(session, name)
        yield session, draft
        findings = _around_last_edit(session, draft, tolerances_of(settings_of(ctx)))
    if findings:
        print_findings(ctx, findings)
    say(ctx, "cli.draft_edited", name=name)


def _around_last_edit(session: Session, draft: Edition, tolerances: Tolerances) -> list[Finding]:
    """Return what is wrong where the last edit moved borders."""
    box = steps_of(session, draft.edition_id)[-1].details.get("box")
    if box is None:
        return []
    return check_around(session, planned(draft), tuple(box), draft=draft.edition_id, tolerances=tolerances)


def _described(help_: str) -> Callable[[Callable[..., None]], click.Command]:
    def command(function: Callable[..., None]) -> click.Command:
        name = function.__name__.replace("_", "-")
        return click.command(name, help=help_)(click.pass_context(function))

    return command


@_described("Cut the area of CODE in a draft by a line, into pieces named from west to east, then north to south.")
@_DRAFT
@_CODE
@click.option("--line", required=True, help="WKT or a GeoJSON file, degrees of WGS 84.")
@click.option("--piece", "pieces", type=NAMED, multiple=True, required=True, help="CODE=NAME of each piece in turn.")
def split(ctx: click.Context, draft: str, code: str, line: str, pieces: tuple[Named, ...]) -> None:
    """Cut an area by a line."""
    with _on(ctx, draft) as (session, edition):
        service.split(session, actor(), edition, code, drawn(line, _LINES, "line"), pieces)


@_described("Make the areas of CODES, of one level, into one.")
@_DRAFT
@click.argument("codes", nargs=-1, required=True)
@click.option("--into", type=NAMED, required=True, help="CODE=NAME of the whole; the code of one of them or a new one.")
def merge(ctx: click.Context, draft: str, codes: tuple[str, ...], into: Named) -> None:
    """Make areas into one."""
    with _on(ctx, draft) as (session, edition):
        service.merge(session, actor(), edition, codes, into)


@_described("Move the border between the areas of ONE and OTHER: by a new line, or by a piece that ONE gives.")
@_DRAFT
@click.argument("one")
@click.argument("other")
@click.option("--line", help="The new border, WKT or a GeoJSON file, degrees of WGS 84.")
@click.option("--piece", help="The surface given away, WKT or a GeoJSON file.")
def move_border(ctx: click.Context, draft: str, one: str, other: str, line: str | None, piece: str | None) -> None:
    """Move a border."""
    with _on(ctx, draft) as (session, edition):
        border = None if line is None else drawn(line, _LINES, "line")
        given = None if piece is None else drawn(piece, _SURFACES, "piece")
        service.move_border(session, actor(), edition, one, other, line=border, piece=given)


@_described("Move the area of CODE, such as a quarter, to another unit, sector or town.")
@_DRAFT
@_CODE
@click.option("--to", "parent", required=True, help="Code of the new parent.")
@click.option("--code", "new_code", help="Another code for the area; those below that embed the old one follow.")
def move(ctx: click.Context, draft: str, code: str, parent: str, new_code: str | None) -> None:
    """Move an area to another parent."""
    with _on(ctx, draft) as (session, edition):
        service.move_to_parent(session, actor(), edition, code, parent, new_code=new_code)


@_described("Make the basic management unit of CODE a subdistrict of its own (析出街道).")
@_DRAFT
@_CODE
@click.option("--into", type=NAMED, required=True, help="CODE=NAME of the subdistrict.")
def promote(ctx: click.Context, draft: str, code: str, into: Named) -> None:
    """Make a unit a subdistrict."""
    with _on(ctx, draft) as (session, edition):
        service.promote(session, actor(), edition, code, into)


@_described("Give the area of CODE another NAME.")
@_DRAFT
@_CODE
@click.argument("name")
def rename(ctx: click.Context, draft: str, code: str, name: str) -> None:
    """Rename an area."""
    with _on(ctx, draft) as (session, edition):
        service.rename(session, actor(), edition, code, name)


@_described("Give the area of CODE, and those below that embed it, another code.")
@_DRAFT
@_CODE
@click.argument("new_code")
def recode(ctx: click.Context, draft: str, code: str, new_code: str) -> None:
    """Recode an area."""
    with _on(ctx, draft) as (session, edition):
        service.recode(session, actor(), edition, code, new_code)


@_described("End the area of CODE without a successor; its code is never used again.")
@_DRAFT
@_CODE
def retire(ctx: click.Context, draft: str, code: str) -> None:
    """End an area."""
    with _on(ctx, draft) as (session, edition):
        service.retire(session, actor(), edition, code)


COMMANDS = (split, merge, move_border, move, promote, rename, recode, retire)
