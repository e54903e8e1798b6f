"""What holds of the feed without a database: positions in it, who wants which event, back-off and signatures."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gridmgmt.casework.moves import Move
from gridmgmt.errors import InputError

RESET = "reset"
"""Name of the event that tells a reader to load everything anew: its position is of another feed."""

LONGEST_POSITION = 4_000
"""Characters; a snapshot names each transaction that is open, and a server has some hundred connections."""

FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(hours=1)
MOST_ATTEMPTS = 10
"""A delivery is given up after so many: by the waits between them, after some three and a half hours."""

MOST_FAILED_IN_A_ROW = 20
"""A webhook is paused when so many deliveries were given up with none that succeeded between."""

_EPOCH = re.compile(r"[0-9a-f]{12}")
_SNAPSHOT = re.compile(r"(\d{1,20}):(\d{1,20}):((?:\d{1,20}(?:,\d{1,20})*)?)", re.ASCII)


class EventKind(StrEnum):
    """What an event of the feed tells."""

    NEW = "new"
    MOVED = "moved"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"


class DeliveryProblem(StrEnum):
    """Why a webhook did not take an event at the last attempt."""

    UNRESOLVED = "unresolved"
    """No address is known for its name."""
    FORBIDDEN_ADDRESS = "forbidden_address"
    UNREACHABLE = "unreachable"
    INSECURE = "insecure"
    """Its certificate does not hold."""
    TOO_SLOW = "too_slow"
    REFUSED = "refused"
    """It answered with another status than 2xx."""


class PauseReason(StrEnum):
    """Why a webhook is told nothing."""

    BY_HAND = "by_hand"
    FAILING = "failing"
    KEY_CHANGED = "key_changed"
    """The key in the data folder is not the one that its secret came from."""


_KINDS: Mapping[str, EventKind] = {
    Move.REPORT: EventKind.NEW,
    Move.DUE_SOON: EventKind.DUE_SOON,
    Move.OVERDUE: EventKind.OVERDUE,
}


def event_kind(move: str) -> EventKind:
    """Return what an entry of the log is in the feed.

    >>> event_kind("report"), event_kind("close")
    (<EventKind.NEW: 'new'>, <EventKind.MOVED: 'moved'>)
    """
    return _KINDS.get(move, EventKind.MOVED)


@dataclass(frozen=True)
class Snapshot:
    """Which transactions had ended at a moment, as PostgreSQL's ``pg_snapshot``.

    All below ``xmin`` had ended, none from ``xmax`` on had begun, and of those between, all but the ``open`` ones had
    ended.
    """

    xmin: int
    xmax: int
    open: frozenset[int] = frozenset()

    def sees(self, transaction_id: int) -> bool:
        """Tell whether a transaction that has been committed was so already then.

        >>> then = Snapshot(10, 15, frozenset({10, 12}))
        >>> [then.sees(number) for number in (9, 10, 11, 12, 14, 15)]
        [True, False, True, False, True, False]
        """
        return transaction_id < self.xmax and transaction_id not in self.open

    def __str__(self) -> str:
        return f"{self.xmin}:{self.xmax}:{','.join(map(str, sorted(self.open)))}"


@dataclass(frozen=True)
class Position:
    """How far a reader of the feed has come: a snapshot, and the epoch of the database in which it holds."""

    epoch: str
    snapshot: Snapshot

    def __str__(self) -> str:
        return f"{self.epoch}.{self.snapshot}"


def parse_snapshot(text: str) -> Snapshot | None:
    """Return a snapshot from PostgreSQL's spelling, None when it is none.

    >>> str(parse_snapshot("10:15:10,12")), parse_snapshot("15:10:"), parse_snapshot("10:15:15")
    ('10:15:10,12', None, None)
    """
    found = _SNAPSHOT.fullmatch(text)
    if found is None:
        return None
    xmin, xmax = int(found[1]), int(found[2])
    still = frozenset(map(int, filter(None, found[3].split(","))))
    within = 0 < xmin <= xmax < 2**63 and all(xmin <= number < xmax for number in still)
    return Snapshot(xmin, xmax, still) if within else None


def parse_position(text: str) -> Position:
    """Return a position from the ``id`` of an event.

    Raises
    ------
    InputError
        When it is not one that a feed has given.
    """
    epoch, _, rest = text.partition(".")
    snapshot = parse_snapshot(rest) if len(text) <= LONGEST_POSITION else None
    if snapshot is None or _EPOCH.fullmatch(epoch) is None:
        raise InputError("feed_position_invalid", field="Last-Event-ID", value=text[:100])
    return Position(epoch, snapshot)


@dataclass(frozen=True)
class CaseEvent:
    """One entry of the log as the feed tells it; nothing of whoever reported the case, nor their words."""

    move_id: int
    transaction_id: int
    kind: EventKind
    case_no: str
    areas: frozenset[str]
    """Codes of the cell and all areas that the case lies in."""
    departments: frozenset[str]
    """Codes of the bodies that handle it or have handled it."""
    body: str
    """What readers are given, as one line of JSON."""


@dataclass(frozen=True)
class News:
    """What one look at the log has found, in the order of the log."""

    position: Position
    """All up to here is known when the last page has come."""
    events: tuple[CaseEvent, ...]
    is_last: bool
    """Whether no page follows."""


@dataclass(frozen=True)
class EventFilter:
    """Which events a reader wants; what is None or empty does not matter to it."""

    area_code: str | None = None
    department_code: str | None = None
    kinds: frozenset[EventKind] = frozenset()

    def wants(self, event: CaseEvent) -> bool:
        """Tell whether the reader wants an event."""
        return (
            (self.area_code is None or self.area_code in event.areas)
            and (self.department_code is None or self.department_code in event.departments)
            and (not self.kinds or event.kind in self.kinds)
        )


def wait_after(attempts: int) -> timedelta | None:
    """Return how long a delivery waits after so many attempts, None when it is given up.

    >>> [wait_after(n).total_seconds() for n in range(1, 10)]
    [1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 3600.0, 3600.0, 3600.0]
    >>> wait_after(10)
    """
    if attempts >= MOST_ATTEMPTS:
        return None
    return min(FIRST_WAIT * (1 << 2 * (attempts - 1)), LONGEST_WAIT)


def signature(secret: str, body: str, at: datetime) -> str:
    """Return the header that proves who sends a body and when: ``t=<Unix time>,v1=<HMAC-SHA256 of "t.body">``.

    >>> from datetime import UTC
    >>> signature("whsec_x", "{}", datetime(2026, 1, 1, tzinfo=UTC))[:17]
    't=1767225600,v1=5'
    """
    seconds = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{seconds}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"
