"""One look at the log for all readers of the feed in a process, in its event loop.

The log is asked every :data:`POLL_S` while anybody reads, and not at all while nobody does: a NOTIFY in the
transaction of each move would make their commits wait for each other (decision record 0015). What a reader has missed
comes from the log as well, so nothing depends on what this process has in memory.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace

from gridmgmt.errors import UnavailableError
from gridmgmt.feed.queries import BEGIN_EPOCH, EVENTS, news_of, question, unknown_identity
from gridmgmt.feed.rules import CaseEvent, EventFilter, News, Position, Snapshot
from gridmgmt.reader import Reader

POLL_S = 0.05
AWAY_S = 1.0
"""How long a database is left alone that does not answer, in seconds."""

MOST_HELD = 5_000
"""Events that are held for a reader who does not take them; with more, the reader is cut off and may resume."""

MOST_MISSED_PAGES = 20
"""Pages of the log that a reader is given who was away; with more to tell, it is quicker to load everything anew."""

MOST_MISSED_TRANSACTIONS = 200_000
"""With more since its position, the log is not even looked through for a reader."""

_CONNECTIONS = 2
"""For readers who have missed something; all at once after a restart, and they keep nobody else waiting."""

_TIMEOUT_MS = 10_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Batch:
    """Events for one reader.

    ``position`` is where to resume once all of it is there; None when more of the same follows. With ``reset`` the
    reader is to load everything anew.
    """

    events: tuple[CaseEvent, ...]
    position: Position | None
    reset: bool = False


class Follower:
    """What is held for one reader; ended when it does not keep up or the server stops."""

    def __init__(self, wanted: EventFilter) -> None:
        self._wanted = wanted
        self._batches: deque[Batch] = deque()
        self._held = 0
        self._ready = asyncio.Event()
        self._ended = False
        self._given: Snapshot | None = None

    def offer(self, batch: Batch) -> None:
        """Hold what the reader wants of a batch."""
        batch = replace(batch, events=self.wanted(batch.events))
        if self._ended or not (batch.events or batch.reset):
            return
        self._held += len(batch.events)
        self._batches.append(batch)
        self._ready.set()
        if self._held > MOST_HELD:
            self.end()

    def wanted(self, events: Iterable[CaseEvent]) -> tuple[CaseEvent, ...]:
        """Return those events that the reader wants."""
        return tuple(event for event in events if self._wanted.wants(event))

    def gave(self, missed: Snapshot) -> None:
        """Note up to where the reader has been given what it had missed, so that it is not given that twice."""
        self._given = missed

    def end(self) -> None:
        """Give the reader nothing any more."""
        self._ended = True
        self._batches.clear()
        self._ready.set()

    async def take(self, within_s: float) -> Batch | None:
        """Return the next batch; None when none has come within a time.

        Raises
        ------
        EOFError
            When there will be no more.
        """
        if not self._batches and not self._ended:
            self._ready.clear()
            # Not wait_for: in Python 3.11 it forgets that it was cancelled when a batch comes at the same time.
            with suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._ready.wait()
        if self._ended:
            raise EOFError
        if not self._batches:
            return None
        batch = self._batches.popleft()
        self._held -= len(batch.events)
        return replace(batch, events=tuple(event for event in batch.events if self._is_new(event)))

    def _is_new(self, event: CaseEvent) -> bool:
        return self._given is None or not self._given.sees(event.transaction_id)


class Hub:
    """The feed of one database in one process; open it in the event loop that uses it.

    Parameters
    ----------
    url
        The database, in the spelling of libpq or SQLAlchemy.
    most_readers
        How many read at a time.
    """

    def __init__(self, url: str, *, most_readers: int) -> None:
        self._live = Reader(url, pool_size=1, statement_timeout_ms=_TIMEOUT_MS)
        self._past = Reader(url, pool_size=_CONNECTIONS, statement_timeout_ms=_TIMEOUT_MS)
        self._most_readers = most_readers
        self._followers: set[Follower] = set()
        self._position: Position | None = None
        self._begun: asyncio.Future[None] | None = None
        self._looking: asyncio.Task[None] | None = None

    @property
    def position(self) -> Position | None:
        """How far all who read have been given what they want; None while nobody reads."""
        return self._position

    async def open(self) -> None:
        """Open the connections, without waiting for the database."""
        await self._live.open()
        await self._past.open()

    async def close(self) -> None:
        """End all who read, and close the connections."""
        self.end_all()
        await self._rest()
        await self._live.close()
        await self._past.close()

    def end_all(self) -> None:
        """Tell all who read that there is no more; they resume elsewhere or later."""
        for follower in self._followers:
            follower.end()

    @asynccontextmanager
    async def followed(self, wanted: EventFilter, last: Position | None) -> AsyncIterator["Following"]:
        """Let somebody read from a position on, or from now on where it is None.

        Raises
        ------
        UnavailableError
            When too many read already, or the database does not answer.
        """
        if len(self._followers) >= self._most_readers:
            raise UnavailableError("feed_full", most=self._most_readers)
        follower = Follower(wanted)
        self._followers.add(follower)
        try:
            yield Following(self, follower, last, await self._start())
        finally:
            self._followers.discard(follower)
            if not self._followers:
                await self._rest()

    def missed(self, since: Snapshot) -> AsyncIterator[News]:
        """Yield what was committed since a snapshot, page by page, for one who was away."""
        return _pages(self._past, since)

    async def _start(self) -> Position:
        """Begin to look where nobody did, and return how far the log has been looked at."""
        if self._begun is None:
            self._begun = asyncio.get_running_loop().create_future()
            self._begun.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
            self._looking = asyncio.create_task(self._look(self._begun), name="feed of cases")
            self._looking.add_done_callback(_tell_defect)
        await asyncio.shield(self._begun)
        if self._position is None:
            raise UnavailableError("feed_stopping")
        return self._position

    async def _rest(self) -> None:
        looking, self._looking, self._begun, self._position = self._looking, None, None, None
        if looking is not None:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    async def _look(self, begun: "asyncio.Future[None]") -> None:
        """Look at the log for as long as anybody reads; whatever ends this ends all who read."""
        try:
            self._position = (await _news(self._live, None)).position
            begun.set_result(None)
            while True:
                await asyncio.sleep(POLL_S)
                await self._look_when_there(self._position)
        except UnavailableError as error:
            begun.set_exception(error)
        finally:
            if self._begun is begun:
                self._begun = self._looking = self._position = None
                self.end_all()

    async def _look_when_there(self, last: Position) -> None:
        try:
            await self._look_once(last)
        except UnavailableError as error:
            _log.warning("the log of cases cannot be read: %s", error.message("en"))
            await asyncio.sleep(AWAY_S)

    async def _look_once(self, last: Position) -> None:
        async for found in _pages(self._live, last.snapshot):
            if found.position.epoch != last.epoch:
                self._position = found.position
                self._offer(Batch((), found.position, reset=True))
                return
            if found.is_last:
                self._position = found.position
            if found.events:
                self._offer(Batch(found.events, found.position if found.is_last else None))

    def _offer(self, batch: Batch) -> None:
        for follower in self._followers:
            follower.offer(batch)


class Following:
    """What one reader is given: first what it has missed, then all as it comes."""

    def __init__(self, hub: Hub, follower: Follower, last: Position | None, begun: Position) -> None:
        self._hub, self._follower, self._last, self._begun = hub, follower, last, begun

    async def missed(self) -> AsyncIterator[Batch]:
        """Yield what the reader has missed, a reset where that is very much; an empty batch where there is nothing."""
        if self._last is None:
            yield Batch((), self._begun)
            return
        if self._begun.snapshot.xmax - self._last.snapshot.xmax > MOST_MISSED_TRANSACTIONS:
            yield Batch((), self._begun, reset=True)
            return
        given = 0
        # Whatever these pages do not hold is committed later than the follower was there.
        async for found in self._hub.missed(self._last.snapshot):
            if _is_foreign(self._last, found.position):
                yield Batch((), found.position, reset=True)
                return
            given += 1
            if found.is_last or given > MOST_MISSED_PAGES:
                self._follower.gave(found.position.snapshot)
            if given > MOST_MISSED_PAGES:
                yield Batch((), found.position, reset=True)
                return
            yield Batch(self._follower.wanted(found.events), found.position if found.is_last else None)

    async def take(self, within_s: float) -> Batch:
        """Return the next batch; after a time, an empty one that tells how far the log has been looked at.

        Raises
        ------
        EOFError
            When the reader does not keep up, or the server stops.
        """
        return await self._follower.take(within_s) or Batch((), self._hub.position)


async def _pages(reader: Reader, since: Snapshot) -> AsyncIterator[News]:
    found = await _news(reader, since)
    yield found
    while not found.is_last:
        found = await _news(reader, since, until=found.position.snapshot, after=found.events[-1].move_id)
        yield found


async def _news(reader: Reader, since: Snapshot | None, *, until: Snapshot | None = None, after: int = 0) -> News:
    asked = question(since, until=until, after=after)
    rows = await reader.rows(EVENTS, asked)
    if (identity := unknown_identity(rows)) is not None:
        await reader.rows(BEGIN_EPOCH, {"identity": identity})
        rows = await reader.rows(EVENTS, asked)
    return news_of(rows)


def _tell_defect(ended: "asyncio.Task[None]") -> None:
    if not ended.cancelled() and (error := ended.exception()) is not None:
        _log.error("the feed of cases has ended", exc_info=error)


def _is_foreign(last: Position, now: Position) -> bool:
    """Tell whether a position is of another feed: of another epoch, or of a time that has not been here."""
    return last.epoch != now.epoch or last.snapshot.xmax > now.snapshot.xmax
