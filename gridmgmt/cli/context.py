"""What every command shares: settings, the database, printing, and errors as one line."""

import json
import os
import pwd
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from gridmgmt.access.rules import Actor, local_actor
from gridmgmt.errors import FileRefusedError, GridMgmtError
from gridmgmt.settings import Settings
from gridmgmt.texts import Language, text

if TYPE_CHECKING:
    from sqlalchemy.orm import sessionmaker

    from gridmgmt.db import Session

SHOWN_PROBLEMS = 3


def settings_of(ctx: click.Context) -> Settings:
    """Return the settings that the command was started with."""
    found = ctx.find_object(Settings)
    if found is None:  # a sub-command used without the main group
        raise RuntimeError("the main command builds the settings")
    return found


@contextmanager
def sessions(ctx: click.Context) -> "Iterator[sessionmaker[Session]]":
    """Open the database, bring it to the present schema, and give the factory of sessions."""
    import gridmgmt.schema  # noqa: F401, PLC0415 -- what is written may point to any table
    from gridmgmt.cluster import open_database  # noqa: PLC0415 -- help is told without what opens a database
    from gridmgmt.db import migrated_sessions  # noqa: PLC0415 -- as above

    with open_database(settings_of(ctx)) as url, migrated_sessions(url) as factory:
        yield factory


@contextmanager
def database(ctx: click.Context) -> "Iterator[Session]":
    """Open the database and give one session in one transaction, committed when the command has done its work."""
    from gridmgmt.db import transaction  # noqa: PLC0415 -- as above

    with sessions(ctx) as factory, transaction(factory) as session:
        yield session


def actor() -> Actor:
    """Return who acts on the command line: the user of this machine, by the login name."""
    user = os.getuid()
    try:
        return local_actor(pwd.getpwuid(user).pw_name)
    except KeyError:  # no entry in the list of users, as in some containers
        return local_actor(f"uid-{user}")


def say(ctx: click.Context, key: str, **fields: object) -> None:
    """Print a line of the catalogue on standard output."""
    click.echo(text(key, settings_of(ctx).lang, **fields))


def warn(ctx: click.Context, key: str, **fields: object) -> None:
    """Print a line of the catalogue on standard error."""
    click.echo(text(key, settings_of(ctx).lang, **fields), err=True)


def write_content(ctx: click.Context, content: bytes, output: Path | None) -> None:
    """Write a document to a file and say so, or to standard output where there is none."""
    if output is None:
        click.echo(content, nl=False)
        return
    output.write_bytes(content)
    say(ctx, "cli.report_written", file=output)


@contextmanager
def content_stream(ctx: click.Context, output: Path | None) -> Iterator[TextIO]:
    """Give a stream for a long document, to a file, which is said then, or to standard output where there is none."""
    if output is None:
        sys.stdout.flush()
        stream = TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
        try:
            yield stream
        finally:
            stream.detach()  # what it wraps stays open
        return
    with output.open("w", encoding="utf-8", newline="") as file:
        yield file
    say(ctx, "cli.report_written", file=output)


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1) -> None:
    """Print columns, the first ``left`` flush left and the others flush right, wide characters counted as two."""
    table = [[_visible(cell) for cell in row] for row in (header, *rows)]
    widths = [max(_width(row[i]) for row in table) for i in range(len(header))]
    for row in table:
        cells = [_padded(cell, widths[i], left=i < left) for i, cell in enumerate(row)]
        click.echo("  ".join(cells).rstrip())


def _visible(cell: str) -> str:
    """Return a cell without what steers a terminal: names come from everybody who may give one."""
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(char)[0] == "C" else char for char in cell)


def _width(cell: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in cell)


def _padded(cell: str, width: int, *, left: bool) -> str:
    space = " " * (width - _width(cell))
    return cell + space if left else space + cell


def error_line(error: GridMgmtError, lang: Language) -> str:
    """Return an error as one line; a refused file names its first problems with their rows."""
    line = error.message(lang)
    if isinstance(error, FileRefusedError) and error.problems:
        shown = [
            text("cli.problem", lang, row="-" if p.row is None else p.row, reason=p.message(lang))
            for p in error.problems[:SHOWN_PROBLEMS]
        ]
        line += " " + "; ".join(shown)
    return " ".join(line.split())


def columns_of(pairs: Sequence[str], field: str) -> Mapping[str, str]:
    """Return ``ROLE=NAME`` arguments as a mapping.

    Raises
    ------
    click.BadParameter
        When an argument holds no ``=``.
    """
    found = {}
    for pair in pairs:
        role, sign, name = pair.partition("=")
        if not (sign and role and name):
            raise click.BadParameter(f"{pair!r}: {field}=…", param_hint=f"--{field}")
        found[role] = name
    return found


def on_terminal() -> bool:
    """Tell whether a person watches standard error."""
    return sys.stderr.isatty()
