"""What a person at a terminal sees while something takes long; nothing in a pipe."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import click
from sqlalchemy.orm import sessionmaker
from tqdm import tqdm

from gridmgmt.cli.context import on_terminal, settings_of
from gridmgmt.db import Session, transaction
from gridmgmt.frames import rows_copied
from gridmgmt.jobs.queries import job_by_id
from gridmgmt.texts import text

_EVERY_S = 0.5


@contextmanager
def stage(ctx: click.Context, key: str, **fields: object) -> Iterator[None]:
    """Show what goes on, for how long, and how many rows the database has taken."""
    if not on_terminal():
        yield
        return
    words = text(key, settings_of(ctx).lang, **fields)
    with tqdm(desc=words, leave=False, bar_format="{desc} {postfix} [{elapsed}]") as bar:
        before = rows_copied.set(bar.update)
        try:
            with _repeated(lambda: bar.set_postfix_str(f"{bar.n:,}" if bar.n else "")):
                yield
        finally:
            rows_copied.reset(before)


@contextmanager
def job_progress(
    ctx: click.Context,
    factory: sessionmaker[Session],
    job_id: int,
    detail: Callable[[Session], str] = lambda _session: "",
) -> Iterator[None]:
    """Show the stage of a job and how much of it is done, with what ``detail`` tells beside it."""
    if not on_terminal():
        yield
        return
    lang = settings_of(ctx).lang
    with tqdm(total=100, leave=False, bar_format="{desc} {percentage:3.0f}%|{bar}|") as bar:

        def show() -> None:
            with transaction(factory) as session:
                job = job_by_id(session, job_id)
                bar.n = round(job.progress * 100)
                words = (text(job.stage, lang) if job.stage else "", detail(session))
                bar.set_description(" · ".join(filter(None, words)))

        with _repeated(show):
            yield


@contextmanager
def _repeated(tick: Callable[[], None]) -> Iterator[None]:
    """Call a function again and again from a second thread."""
    done = Event()

    def run() -> None:
        while not done.wait(_EVERY_S):
            tick()

    ticker = Thread(target=run, daemon=True)
    ticker.start()
    try:
        yield
    finally:
        done.set()
        ticker.join()
