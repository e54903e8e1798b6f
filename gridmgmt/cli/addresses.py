"""``gridmgmt addresses``."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path

import click
import numpy as np

from gridmgmt.addresses import geocoding, matching
from gridmgmt.addresses.committees import Committee, with_towns
from gridmgmt.addresses.matching import Asked, MatchBy, MatchedRow
from gridmgmt.addresses.queries import AreaOf, known_as
from gridmgmt.addresses.queries import address_by_id as find
from gridmgmt.addresses.rules import FOUND_FROM
from gridmgmt.addresses.search import search as search_for
from gridmgmt.cli.context import columns_of, database, print_json, print_table, say, settings_of
from gridmgmt.cli.options import COORDINATES, JSON, ON, day_or_today
from gridmgmt.db import Session
from gridmgmt.errors import InputError
from gridmgmt.ingest.columns import find_column, keep_where, require_column
from gridmgmt.ingest.tables import read_table
from gridmgmt.ingest.values import texts
from gridmgmt.texts import text

_LEAST = click.option(
    "--least", type=click.FloatRange(0, 1), default=FOUND_FROM, show_default=True, help="Least confidence of a match."
)


@click.group("addresses")
def addresses() -> None:
    """Addresses: search, point of an address, address of a point."""


@addresses.command("search")
@click.argument("words")
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True, help="Answers at most.")
@ON
@JSON
@click.pass_context
def search(ctx: click.Context, words: str, *, limit: int, on: date | None, as_json: bool) -> None:
    """Find areas and addresses by WORDS: Chinese, pinyin or its initials, house number, code."""
    with database(ctx) as session:
        hits = search_for(session, words, day_or_today(on), limit=limit)
    if as_json:
        print_json([asdict(hit) for hit in hits])
    elif not hits:
        say(ctx, "addresses.nothing")
    else:
        lines = [
            [_kind(ctx, hit.kind), hit.name, hit.address or "", hit.code or "", f"{hit.score:.2f}"] for hit in hits
        ]
        print_table(_header(ctx, "kind", "name", "address", "code", "score"), lines, left=4)


@addresses.command("show")
@click.argument("address_id", type=int)
@ON
@click.pass_context
def show(ctx: click.Context, address_id: int, *, on: date | None) -> None:
    """Print an address with its other names and their days, and its areas, as JSON."""
    with database(ctx) as session:
        row = find(session, address_id)
        own = [name_id for name_id in (row.name_id, row.base_id) if name_id is not None]
        others = known_as(session, day_or_today(on), own=own)
        areas = _areas_of(session, row.lon, row.lat, day_or_today(on))
    print_json({**asdict(row), "other_names": [asdict(o) for o in others], "areas": [asdict(a) for a in areas]})


def _areas_of(session: Session, lon: float | None, lat: float | None, on: date) -> Sequence[AreaOf]:
    return () if lon is None or lat is None else geocoding.addresses_at(session, lon, lat, on).areas


@addresses.command("geocode")
@click.argument("address")
@_LEAST
@ON
@JSON
@click.pass_context
def geocode(ctx: click.Context, address: str, *, least: float, on: date | None, as_json: bool) -> None:
    """Show the point of ADDRESS, what it stands on and how sure it is, and the other candidates."""
    with database(ctx) as session:
        found = geocoding.geocode(session, address, day_or_today(on), least=least)
    if as_json:
        print_json(asdict(found))
        return
    lang = settings_of(ctx).lang
    prefix = "address_basis" if found.found is not None else "geocode_reason"
    state, reason = text(f"match_state.{found.state}", lang), text(f"{prefix}.{found.reason}", lang)
    say(ctx, "addresses.state", state=state, reason=reason)
    lines = [
        [
            c.name or c.address,
            text(f"address_basis.{c.basis}", lang),
            f"{c.confidence:.2f}",
            f"{c.lon:.6f}",
            f"{c.lat:.6f}",
        ]
        for c in found.candidates
    ]
    print_table(_header(ctx, "address", "basis", "confidence", "lon", "lat"), lines, left=2)


@addresses.command("at", context_settings=dict(COORDINATES))
@click.argument("lon", type=float)
@click.argument("lat", type=float)
@click.option(
    "--within-m", type=click.FloatRange(0, 5_000), default=200.0, show_default=True, help="Distance in metres."
)
@ON
@JSON
@click.pass_context
def at(ctx: click.Context, lon: float, lat: float, *, within_m: float, on: date | None, as_json: bool) -> None:
    """Show the addresses nearest to LON LAT (degrees), and the areas it lies in."""
    with database(ctx) as session:
        found = geocoding.addresses_at(session, lon, lat, day_or_today(on), within_m=within_m)
    if as_json:
        near = [{**asdict(row), "distance_m": away_m} for row, away_m in found.addresses]
        print_json({"addresses": near, "areas": [asdict(area) for area in found.areas]})
        return
    lines = [[_kind(ctx, row.kind), row.name or row.address, f"{away_m:.0f}"] for row, away_m in found.addresses]
    print_table(_header(ctx, "kind", "address", "distance"), lines, left=2)
    print_table(_header(ctx, "areas", "code"), [[area.name, area.code] for area in found.areas], left=2)


@addresses.command("match")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--by", type=click.Choice([str(by) for by in MatchBy]), required=True, help="What of a row is matched.")
@click.option("--against", multiple=True, type=click.Path(path_type=Path), help="Table of committees: code, name.")
@click.option("--codes", metavar="BEGINNING", help="Only codes that begin so; of the imported table without --against.")
@click.option("--column", "columns", multiple=True, metavar="ROLE=NAME", help="Column of a role (name, address).")
@click.option("--where", multiple=True, metavar="CONDITION", help="COLUMN=TEXT, !=, ~ (holds), !~.")
@click.option("--encoding", help="Encoding of the file's texts.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Result file; beside FILE if absent.")
@_LEAST
@ON
@JSON
@click.pass_context
def match(  # noqa: PLR0913  each is an option of the command
    ctx: click.Context,
    file: Path,
    *,
    by: str,
    against: tuple[Path, ...],
    codes: str | None,
    columns: tuple[str, ...],
    where: tuple[str, ...],
    encoding: str | None,
    output: Path | None,
    least: float,
    on: date | None,
    as_json: bool,
) -> None:
    """Match a table without coordinates: each row matched, ambiguous or unmatched, and why; nothing is guessed."""
    asked = _asked(file, MatchBy(by), columns_of(columns, "column"), where, encoding)
    with database(ctx) as session:
        if by == MatchBy.COMMITTEE:
            committees = _committees(session, against, codes, day_or_today(on))
            rows = matching.match_committees(session, asked, committees, day_or_today(on))
        else:
            rows = matching.match_addresses(session, asked, MatchBy(by), day_or_today(on), least=least)
    target = output or file.with_name(f"{file.name.split('.')[0]}.matched.csv")
    matching.write_matches(target, rows, settings_of(ctx).lang)
    _tell(ctx, rows, target, as_json=as_json)


def _tell(ctx: click.Context, rows: Sequence[MatchedRow], target: Path, *, as_json: bool) -> None:
    counts = {str(state): count for state, count in matching.tally(rows).items()}
    if as_json:
        print_json({"read": len(rows), **counts, "file": target, "rows": [asdict(row) for row in rows]})
    else:
        say(ctx, "addresses.matched", read=len(rows), **counts, file=target)


def _asked(
    file: Path, by: MatchBy, given: Mapping[str, str], where: Sequence[str], encoding: str | None
) -> list[Asked]:
    rows = read_table(file, encoding=encoding)
    rows = rows.where(keep_where(rows.columns, where, len(rows.row)))
    role = require_column if by is MatchBy.ADDRESS else find_column
    address = role(rows.columns, "address", given.get("address"))
    named_by = find_column if by is MatchBy.ADDRESS else require_column
    name = named_by(rows.columns, "point_name", given.get("name"))
    blank = np.full(len(rows.row), None, dtype=object)
    names, places = (blank if c is None else texts(rows.columns[c]) for c in (name, address))
    return [Asked(int(row), *pair) for row, *pair in zip(rows.row, names, places, strict=True)]


def _committees(session: Session, against: Iterable[Path], codes: str | None, on: date) -> list[Committee]:
    """Return the committees to match with, from files or from the imported table."""
    if codes is not None and not against:
        return matching.official_committees(session, on, codes)
    pairs: list[tuple[str, str]] = []
    for path in against:
        rows = read_table(path)
        code, name = (require_column(rows.columns, role) for role in ("point_code", "point_name"))
        pairs += zip(texts(rows.columns[code]), texts(rows.columns[name]), strict=True)
    pairs = [pair for pair in pairs if pair[0].startswith(codes or "")]
    if not pairs:
        raise InputError("match_against_missing", field="--against")
    return with_towns(pairs)


def _kind(ctx: click.Context, kind: str) -> str:
    lang = settings_of(ctx).lang
    return text("addresses.area", lang) if kind == "area" else text(f"address_kind.{kind}", lang)


def _header(ctx: click.Context, *columns: str) -> list[str]:
    return [text(f"addresses.header_{column}", settings_of(ctx).lang) for column in columns]
