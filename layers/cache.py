"""A cache of drawn tiles bounded by bytes, and one drawing for all who ask for the same at once."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

_ENTRY_BYTES = 512
"""What an entry costs beside its body."""

T = TypeVar("T")


class ByteCache:
    """Bodies by key; the least recently used go when the bytes exceed the limit.

    >>> cache = ByteCache(limit_bytes=2_000)
    >>> for key in "abc":
    ...     cache.put(key, bytes(300))
    >>> cache.get("a") is None, len(cache.get("c") or b"")
    (True, 300)
    """

    def __init__(self, *, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._bytes = 0
        self._bodies: OrderedDict[Hashable, bytes] = OrderedDict()

    def get(self, key: Hashable) -> bytes | None:
        """Return the body of a key, None when it is not held."""
        if (body := self._bodies.get(key)) is not None:
            self._bodies.move_to_end(key)
        return body

    def put(self, key: Hashable, body: bytes) -> None:
        """Hold a body, unless it alone exceeds the limit."""
        if (before := self._bodies.pop(key, None)) is not None:
            self._bytes -= len(before) + _ENTRY_BYTES
        if len(body) + _ENTRY_BYTES > self._limit_bytes:
            return
        self._bodies[key] = body
        self._bytes += len(body) + _ENTRY_BYTES
        while self._bytes > self._limit_bytes:
            _, dropped = self._bodies.popitem(last=False)
            self._bytes -= len(dropped) + _ENTRY_BYTES

    def __contains__(self, key: Hashable) -> bool:
        """Tell whether the body of a key is held."""
        return key in self._bodies

    @property
    def held_bytes(self) -> int:
        """Return the bytes held, the cost of keeping them included."""
        return self._bytes


@dataclass
class _Flight(Generic[T]):
    task: asyncio.Task[T]
    waiting: int = 0


class SingleFlight(Generic[T]):
    """Equal concurrent questions are answered by one piece of work, which is cancelled when all askers have left."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, _Flight[T]] = {}

    def __contains__(self, key: Hashable) -> bool:
        """Tell whether work is under way for a key."""
        return key in self._flights

    async def run(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return the result of the work under way for a key, or begin it.

        Parameters
        ----------
        work
            Called when nothing is under way for the key; its errors go to all who wait.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight(asyncio.create_task(work()))
            flight.task.add_done_callback(lambda _: self._forget(key, flight))
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if flight.waiting == 0 and not flight.task.done():
                self._forget(key, flight)
                flight.task.cancel()

    def _forget(self, key: Hashable, flight: _Flight[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
