"""Server-sent events as an answer: no thread and no connection to the database for a reader who waits."""

import asyncio
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gridmgmt.errors import GridMgmtError, UnavailableError
from gridmgmt.feed.hub import Batch, Following, Hub
from gridmgmt.feed.rules import RESET, EventFilter, Position

MEDIA_TYPE = "text/event-stream"
HEARTBEAT_S = 15.0
"""After so many seconds without an event a reader hears that the line is there; and is asked if it may read still."""

PATIENCE_S = 30.0
"""How long a reader may take nothing that is sent, in seconds."""

RETRY_MS = 1_000
"""When a browser comes back after it was cut off, in milliseconds."""


class EventStream(Response):
    """The events of cases from now on, or from a position on, until the reader leaves.

    Parameters
    ----------
    hub
        Where they come from.
    wanted
        Which.
    last
        What the reader has had already.
    still_allowed
        Raises when the reader may not read any more.
    """

    media_type = MEDIA_TYPE

    def __init__(
        self, hub: Hub, wanted: EventFilter, last: Position | None, *, still_allowed: Callable[[], Awaitable[object]]
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._hub, self._wanted, self._last = hub, wanted, last
        self._still_allowed = still_allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the reader leaves, falls behind, or may not read any more."""
        del scope
        async with self._hub.followed(self._wanted, self._last) as following:
            tasks = [asyncio.ensure_future(self._send(following, send)), asyncio.ensure_future(_departure(receive))]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                sending, _ = await asyncio.gather(*tasks, return_exceptions=True)
        if isinstance(sending, Exception):
            raise sending

    async def _send(self, following: Following, send: Send) -> None:
        async def write(text: str, *, more: bool = True) -> None:
            async with asyncio.timeout(PATIENCE_S):
                await send({"type": "http.response.body", "body": text.encode(), "more_body": more})

        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await write(f"retry: {RETRY_MS}\n\n")
            async for batch in following.missed():
                await write(event_text(batch))
            asked_at = time.monotonic()
            while True:
                batch = await following.take(asked_at + HEARTBEAT_S - time.monotonic())
                if time.monotonic() >= asked_at + HEARTBEAT_S:
                    with suppress(UnavailableError):  # nothing can be read meanwhile
                        await self._still_allowed()
                    asked_at = time.monotonic()
                await write(event_text(batch))
        except (EOFError, GridMgmtError):  # the reader comes back, and then hears why it may not read
            await write("", more=False)
        except TimeoutError:
            return


def event_text(batch: Batch) -> str:
    r"""Return a batch as a browser reads it.

    The position is told with the last event: whoever is cut off before has the whole batch again. Without events it is
    told alone, which is no event to a browser.

    >>> from gridmgmt.feed.rules import Snapshot
    >>> event_text(Batch((), Position("0123456789ab", Snapshot(7, 9, frozenset({7})))))
    ':\nid: 0123456789ab.7:9:7\n\n'
    """
    parts = [f"event: {event.kind}\ndata: {event.body}\n" for event in batch.events]
    if batch.reset:
        parts.append(f"event: {RESET}\ndata: {{}}\n")
    last = "" if batch.position is None else f"id: {batch.position}\n"
    return "\n".join(parts or [":\n"]) + last + "\n"


@contextmanager
def ended_by_signals(hub: Hub) -> Iterator[None]:
    """End all streams when the process is told to stop; the server would wait for them before it stops the application.

    To be entered in the running event loop, after the server has set its own handlers, which are called as before.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def hear(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(hub.end_all)
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number in before:
        signal.signal(number, hear)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def _departure(receive: Receive) -> None:
    """Return when the reader has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
