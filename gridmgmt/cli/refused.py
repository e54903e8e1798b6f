"""The rows of a file that were refused, as a file of their own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from gridmgmt.cli.context import error_line, settings_of, warn
from gridmgmt.errors import FileRefusedError, InputError, Problem
from gridmgmt.ingest.intake import write_refused


def refused_file(file: Path, target: Path | None) -> Path:
    """Return where the refused rows of a file go: to ``target``, else beside where the command was called."""
    return target or Path.cwd() / f"{file.name.split('.')[0]}.refused.csv"


def keep_refused(ctx: click.Context, file: Path, target: Path | None, problems: Sequence[Problem]) -> Path | None:
    """Write the refused rows of a file and return where, see :func:`refused_file`.

    Raises
    ------
    InputError
        When that cannot be written.
    """
    if not problems:
        return None
    target = refused_file(file, target)
    try:
        write_refused(target, problems, settings_of(ctx).lang)
    except OSError as error:
        raise InputError("refused_not_writable", field="--refused", value=target, detail=error.strerror) from error
    return target


@contextmanager
def telling_refused(ctx: click.Context, file: Path, target: Path | None) -> Iterator[None]:
    """Write the refused rows of a file that is refused as a whole and say where.

    That it cannot be done must not hide why the file was refused.
    """
    try:
        yield
    except FileRefusedError as refusal:
        if refusal.problems:
            try:
                warn(ctx, "cli.refused_rows_in", file=keep_refused(ctx, file, target, refusal.problems))
            except InputError as error:
                click.echo(error_line(error, settings_of(ctx).lang), err=True)
        raise
