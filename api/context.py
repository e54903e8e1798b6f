"""What an application is made of, and what its routes ask for: a session, today, the form of the numbers."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, TypeVar

from anyio import CapacityLimiter, WouldBlock
from anyio.to_thread import run_sync
from fastapi import Depends, Query, Request
from fastapi.concurrency import contextmanager_in_threadpool

from api.gate import Gate
from gridmgmt.analysis.findings import Finding
from gridmgmt.clock import Clock, local_date
from gridmgmt.db import Session
from gridmgmt.feed.hub import Hub
from gridmgmt.reader import Reader
from gridmgmt.settings import Settings

T = TypeVar("T")
CheckedContent = tuple[tuple[int, ...], int | None, str | None]
"""Editions in force, a draft beside them, and its version."""


@dataclass(frozen=True)
class ApiContext:
    """The parts of one application, made by :func:`api.app.create_app`."""

    settings: Settings
    transaction: Callable[[], AbstractContextManager[Session]]
    clock: Clock
    gate: Gate
    reader: Reader
    hub: Hub
    at_once: CapacityLimiter
    """So many requests have a transaction at a time."""
    checks: dict[CheckedContent, list[Finding]] = field(default_factory=dict)
    """The last checks of topology; one of 27,000 cells takes seconds."""
    decoding: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(2))
    """So many photos are decoded at a time; one of 50 megapixels takes some 200 MB."""

    async def in_transaction(self, work: Callable[[Session], T]) -> T:
        """Return what is worked out in one transaction and one thread, committed before it is returned.

        For the few routes that are asked for so often that each step to a thread and back counts.
        """

        def perform() -> T:
            with self.transaction() as session:
                return work(session)

        async with _turn(self.at_once):
            return await run_sync(perform)

    def today(self) -> date:
        """Return the present date of the district."""
        return local_date(self.clock())


async def _context(request: Request) -> ApiContext:
    context: ApiContext = request.app.state.context
    return context


Context = Annotated[ApiContext, Depends(_context)]


async def _session(context: Context) -> AsyncIterator[Session]:
    """Open the one transaction of a request; it is committed before the answer is sent.

    A request waits for it without a thread. One that has a connection needs a thread for each of its next steps, so
    threads that wait for a connection must always find one that is given back without.
    """
    async with _turn(context.at_once), contextmanager_in_threadpool(context.transaction()) as session:
        yield session


@asynccontextmanager
async def _turn(at_once: CapacityLimiter) -> AsyncIterator[None]:
    """Wait for one of the turns, which is held by the request, whatever task it is worked on in."""
    turn = object()
    try:
        at_once.acquire_on_behalf_of_nowait(turn)
    except WouldBlock:
        await at_once.acquire_on_behalf_of(turn)
    try:
        yield
    finally:
        at_once.release_on_behalf_of(turn)


RequestSession = Annotated[Session, Depends(_session, scope="function")]


def _on(
    context: Context,
    on: Annotated[
        date | None, Query(description="The day whose editions count, as 2026-01-31; today without it.")
    ] = None,
) -> date:
    return on or context.today()


OnDate = Annotated[date, Depends(_on)]
