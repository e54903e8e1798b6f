"""What a person at a terminal sees while a file is read and stored."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import click
from tqdm import tqdm

from gridmgmt.cli.context import on_terminal, settings_of
from gridmgmt.frames import rows_copied
from gridmgmt.texts import text

_EVERY_S = 0.5


@contextmanager
def stage(ctx: click.Context, key: str, **fields: object) -> Iterator[None]:
    """Show on a terminal what goes on, for how long, and how many rows the database has taken; nothing in a pipe."""
    if not on_terminal():
        yield
        return
    done = Event()
    words = text(key, settings_of(ctx).lang, **fields)
    with tqdm(desc=words, leave=False, bar_format="{desc} {postfix} [{elapsed}]") as bar:

        def tick() -> None:
            while not done.wait(_EVERY_S):
                bar.set_postfix_str(f"{bar.n:,}" if bar.n else "")

        ticker = Thread(target=tick, daemon=True)
        ticker.start()
        before = rows_copied.set(bar.update)
        try:
            yield
        finally:
            rows_copied.reset(before)
            done.set()
            ticker.join()
