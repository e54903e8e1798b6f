"""What was built with effort, kept for the next question: each thing built once, and the least used let go first."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import pyarrow as pa
import shapely

V = TypeVar("V")

DEFAULT_LIMIT_BYTES = 1_000_000_000

BUILDS_AT_ONCE = 2
"""By different threads: what is being built is not yet counted in the limit of bytes."""


@dataclass(frozen=True)
class CacheFigures:
    """What a cache holds and has done: entries and bytes now, the others since the process began."""

    entries: int
    bytes: int
    hits: int
    builds: int
    build_s: float
    evictions: int


@dataclass
class _Entry(Generic[V]):
    value: V
    nbytes: int


class WarmCache:
    """Keeps what is dear to build, up to a number of bytes, by the key that tells all it was built from.

    Threads that ask for one key at once wait for the first of them; where it fails, the next one tries. Of different
    keys :data:`BUILDS_AT_ONCE` are built at a time, each with all that it is built on. One thing is kept even where it
    alone is larger than the limit. A thing that holds others which are kept here too says its own bytes as ``nbytes``;
    of any other its arrays, tables and shapes are counted.
    """

    def __init__(self, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, _Entry[Any]] = OrderedDict()
        self._building: dict[Hashable, threading.Event] = {}
        self._turns = threading.BoundedSemaphore(BUILDS_AT_ONCE)
        self._mine = threading.local()
        self._hits = self._builds = self._evictions = 0
        self._build_s = 0.0

    def get(self, key: Hashable, build: Callable[[], V]) -> V:
        """Return what is kept under a key, built now where it is not."""
        while True:
            with self._lock:
                if (entry := self._kept.get(key)) is not None:
                    self._kept.move_to_end(key)
                    self._hits += 1
                    found: V = entry.value
                    return found
                waiting = self._building.get(key)
                if waiting is None and self._has_turn():
                    self._building[key] = threading.Event()
                    break
            if waiting is None:
                return self._in_turn(key, build)
            waiting.wait()
        return self._built(key, build)

    def _has_turn(self) -> bool:
        return getattr(self._mine, "turn", False)

    def _in_turn(self, key: Hashable, build: Callable[[], V]) -> V:
        """Look again when it is this thread's turn: what is being built always has one, so none waits for two."""
        with self._turns:
            self._mine.turn = True
            try:
                return self.get(key, build)
            finally:
                self._mine.turn = False

    def _built(self, key: Hashable, build: Callable[[], V]) -> V:
        started = time.perf_counter()
        try:
            value = build()
            with self._lock:
                self._builds += 1
                self._build_s += time.perf_counter() - started
                self._kept[key] = _Entry(value, int(getattr(value, "nbytes", None) or bytes_of(value)))
                self._let_go()
            return value
        finally:
            with self._lock:
                self._building.pop(key).set()

    def touch(self, key: Hashable) -> None:
        """Count what is kept under a key as used just now: what others are built on goes after them."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)

    def _let_go(self) -> None:
        while len(self._kept) > 1 and self._bytes() > self.limit_bytes:
            self._kept.popitem(last=False)
            self._evictions += 1

    def _bytes(self) -> int:
        return sum(entry.nbytes for entry in self._kept.values())

    def clear(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._kept.clear()

    def figures(self) -> CacheFigures:
        """Return what it holds and has done."""
        with self._lock:
            return CacheFigures(
                len(self._kept), self._bytes(), self._hits, self._builds, self._build_s, self._evictions
            )  # fmt: skip


WARM = WarmCache()
"""The one of this process; an entry point sets its limit."""


def bytes_of(value: object) -> int:
    """Return the bytes of the arrays, tables and shapes that a thing holds, each counted once."""
    return _bytes_of(value, set())


def _bytes_of(value: object, seen: set[int]) -> int:
    if isinstance(value, np.ndarray) and isinstance(value.base, np.ndarray):
        value = value.base
    if id(value) in seen:
        return 0
    seen.add(id(value))
    if isinstance(value, np.ndarray | pa.Table):
        return int(value.nbytes)
    if isinstance(value, shapely.Geometry):
        return 16 * int(shapely.get_num_coordinates(value))
    return sum(_bytes_of(part, seen) for part in _parts(value))


def _parts(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        return value.values()
    if isinstance(value, tuple | list):
        return value
    return [getattr(value, field.name) for field in fields(value)] if is_dataclass(value) else []
