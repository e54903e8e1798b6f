"""``gridmgmt serve`` and ``gridmgmt worker``."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType

import click

from api.gate import reads_openly
from api.server import announced, listen, revived_database, run_web, set_up_logging, supervised_workers
from gridmgmt.access.rules import setup_path
from gridmgmt.access.service import ensure_demo_accounts, offer_setup
from gridmgmt.cells.queries import unfinished_generations
from gridmgmt.cli.context import settings_of
from gridmgmt.clock import local_date, system_clock
from gridmgmt.cluster import exclusive_server, open_database
from gridmgmt.coverage.queries import latest_finished
from gridmgmt.coverage.rules import result_form
from gridmgmt.db import Session, migrated_sessions, transaction
from gridmgmt.editions.queries import holds_synthetic
from gridmgmt.jobs.rules import Lane
from gridmgmt.jobs.worker import Worker
from gridmgmt.settings import Settings
from gridmgmt.texts import text

PATIENT_NICE = 10
"""How far work that nobody waits for stands back behind requests and answers."""


@click.command()
@click.option("--host", help="Address to listen on (GRIDMGMT_HOST).")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (GRIDMGMT_PORT).")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Web processes.")
@click.option("--demo", is_flag=True, help="Load the synthetic district when the database is empty.")
@click.pass_context
def serve(ctx: click.Context, *, host: str | None, port: int | None, workers: int, demo: bool) -> None:
    """Serve the console, the interface and the tiles until Ctrl-C, with a worker for the jobs."""
    set_up_logging()
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = settings_of(ctx).model_copy(update=given)
    with (
        _until_signalled(),
        exclusive_server(settings.data),
        listen(settings.host, settings.port) as listening,
        open_database(settings) as url,
    ):
        notices = _prepare(settings, url, demo=demo)
        with revived_database(settings), supervised_workers(settings), announced(settings, notices):
            run_web(settings, url, listening, workers=workers)


@click.command()
@click.option("--supervised", is_flag=True, hidden=True, help="Stop when standard input closes: the server is gone.")
@click.option(
    "--lane",
    type=click.Choice([str(each) for each in Lane]),
    help="Only jobs that somebody waits for, or only the others.",
)
@click.pass_context
def worker(ctx: click.Context, *, supervised: bool, lane: str | None) -> None:
    """Perform jobs until Ctrl-C; a server has two workers of its own, more help on more cores."""
    from gridmgmt.demo import components, grids, month  # noqa: PLC0415 -- takes seconds, which a web process has no use for
    from gridmgmt.exchange.outbox import Outbox  # noqa: PLC0415 -- as above
    from gridmgmt.feed.beside import beside_the_jobs  # noqa: PLC0415 -- as above
    from gridmgmt.feed.sending import networks_of  # noqa: PLC0415 -- as above
    from gridmgmt.indicators.service import fold_all  # noqa: PLC0415 -- as above
    from gridmgmt.work import Hourly, handlers, in_lane, keep_reports_fresh, tidy  # noqa: PLC0415 -- as above

    set_up_logging()
    if lane == Lane.PATIENT:
        os.nice(PATIENT_NICE)
    settings = settings_of(ctx)
    with open_database(settings) as url, migrated_sessions(url) as sessions:
        of_the_demo = {each.JOB_KIND: each.perform for each in (components, grids, month)}
        known = in_lane({**handlers(settings), **of_the_demo}, lane)
        tidying = Hourly(partial(tidy, sessions, settings))
        chore = tidying if lane == Lane.PATIENT else partial(keep_reports_fresh, sessions)
        performing = Worker(sessions, known, lease_s=settings.job_lease_s, chore=chore)
        performing.stop_on_signals()
        if supervised:
            threading.Thread(target=_stop_when_input_closes, daemon=True).start()
        outbox = Outbox(sessions, settings.data, networks_of(settings.webhook_networks), system_clock)
        with beside_the_jobs(sessions, settings, tallies=partial(fold_all, sessions), hotline=outbox.round):
            performing.run()


@contextmanager
def _until_signalled() -> Iterator[None]:
    """End what is inside in order when Ctrl-C or SIGTERM comes; only the first counts."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        return


def _prepare(settings: Settings, url: str, *, demo: bool) -> list[str]:
    """Bring the schema up, load the demo into an empty database, and return what to say once the server answers."""
    with migrated_sessions(url) as sessions:
        with transaction(sessions) as session:
            complete = holds_synthetic(session) is False or latest_finished(session) is not None
        if demo and not complete:
            from gridmgmt.demo.load import ensure_demo  # noqa: PLC0415 -- takes seconds, and only the first start needs it

            click.echo(text("serve.loading_demo", settings.lang))
            ensure_demo(sessions, today=local_date(system_clock()), lease_s=settings.job_lease_s)
        with transaction(sessions) as session:
            return [text(key, settings.lang, **fields) for key, fields in _notices(session, settings)]


def _notices(session: Session, settings: Settings) -> Iterator[tuple[str, dict[str, str]]]:
    """Say who may read and what, which accounts there are, and where a report lies ready."""
    synthetic, base = holds_synthetic(session), settings.base_url
    if synthetic is not None and result_form(settings.results, synthetic=synthetic) == "public":
        yield "serve.public_form", {}
    reading = "open" if reads_openly(settings.reading, synthetic=synthetic) else "accounts"
    yield f"serve.reading_{reading}", {}
    if synthetic:
        ensure_demo_accounts(session)
        yield "serve.demo_accounts", {}
        if unfinished_generations(session):
            yield "serve.demo_cells", {}
    if (token := offer_setup(session, system_clock())) is not None:
        yield "serve.setup", {"url": base + setup_path(token)}
    if (run := latest_finished(session)) is not None:
        report = f"{base}/api/v1/coverage/runs/{run.run_id}/report?format=html&lang={settings.lang}"
        yield "serve.report", {"url": report}


def _stop_when_input_closes() -> None:
    # Not through sys.stdin: a thread that waits in it at the interpreter's end holds its lock.
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
