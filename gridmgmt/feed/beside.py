"""What a worker does beside its jobs: deadlines and webhooks, each in a thread that no job keeps waiting."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from sqlalchemy.orm import sessionmaker

from gridmgmt.clock import system_clock
from gridmgmt.db import Session
from gridmgmt.feed.delivery import Courier
from gridmgmt.feed.sending import networks_of
from gridmgmt.feed.watcher import Watch
from gridmgmt.settings import Settings

EVERY_S = 1.0
"""How often deadlines and webhooks are looked at, in seconds."""

AWAY_S = 5.0
"""How long is waited after a failure, in seconds."""

MOST_SENDING = 8
"""Webhooks that are being sent to at a time; one that is slow keeps no other waiting."""

_log = logging.getLogger(__name__)


@contextmanager
def beside_the_jobs(
    sessions: sessionmaker[Session], settings: Settings, **others: Callable[[], object]
) -> Iterator[None]:
    """Watch deadlines, send to webhooks, and do what else is named, each about once a second, for the time of use."""
    stopping = Event()
    courier = Courier(sessions, settings.data, networks_of(settings.webhook_networks), system_clock)
    rounds = {"deadlines": Watch(sessions, system_clock).round, "webhooks": Posting(courier).round, **others}
    for name, do in rounds.items():
        # Daemons: what they are in the middle of may be broken off anywhere, and is taken up again.
        Thread(target=_repeat, args=(name, do, stopping), name=name, daemon=True).start()
    try:
        yield
    finally:
        stopping.set()


class Posting:
    """Sends to each webhook that has something due, each in a thread of its own."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier
        self._sending: dict[int, Thread] = {}

    def round(self) -> None:
        """Begin to send what is due, but for webhooks that are being sent to."""
        self._sending = {number: thread for number, thread in self._sending.items() if thread.is_alive()}
        for webhook_id in self._courier.due():
            if webhook_id not in self._sending and len(self._sending) < MOST_SENDING:
                thread = Thread(target=self._courier.deliver, args=(webhook_id,), name="webhook", daemon=True)
                self._sending[webhook_id] = thread
                thread.start()


def _repeat(name: str, do: Callable[[], object], stopping: Event) -> None:
    wait_s = 0.0
    while not stopping.wait(wait_s):
        try:
            do()
            wait_s = EVERY_S
        except Exception:  # noqa: BLE001 -- a watch that ends in silence would be worse than any defect
            _log.exception("%s: failed, and is tried again", name)
            wait_s = AWAY_S
