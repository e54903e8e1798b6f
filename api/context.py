"""What an application is made of, and what its routes ask for: a session, today, the form of the numbers."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

from fastapi import Depends, Query, Request

from api.gate import Gate
from gridmgmt.analysis.findings import Finding
from gridmgmt.clock import Clock, local_date
from gridmgmt.db import Session
from gridmgmt.reader import Reader
from gridmgmt.settings import Settings

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
    checks: dict[CheckedContent, list[Finding]] = field(default_factory=dict)
    """The last checks of topology; one of 27,000 cells takes seconds."""

    def today(self) -> date:
        """Return the present date of the district."""
        return local_date(self.clock())


async def _context(request: Request) -> ApiContext:
    context: ApiContext = request.app.state.context
    return context


Context = Annotated[ApiContext, Depends(_context)]


def _session(context: Context) -> Iterator[Session]:
    """Open the one transaction of a request; it is committed before the answer is sent."""
    with context.transaction() as session:
        yield session


RequestSession = Annotated[Session, Depends(_session, scope="function")]


def _on(
    context: Context,
    on: Annotated[
        date | None, Query(description="The day whose editions count, as 2026-01-31; today without it.")
    ] = None,
) -> date:
    return on or context.today()


OnDate = Annotated[date, Depends(_on)]
