"""What holds of the exchange without a database: proofs, what the partner is told, and how two lists differ."""

import hashlib
import hmac
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from gridmgmt.access.rules import Actor, Permission, Role
from gridmgmt.cases.rules import CaseState
from gridmgmt.casework.moves import Move
from gridmgmt.errors import ForbiddenError, InputError, UnauthenticatedError

PARTNER = "12345"
"""The partner's name in addresses, in the database and in the log."""

REPLAY_WINDOW = timedelta(minutes=5)
"""A signature is taken this long before and after the moment that it names, both ends included."""

OLD_SECRET_FOR = timedelta(hours=24)
"""So long after the secret was renewed what is signed with the one before is still taken."""

MOST_ITEMS = 10_000
"""Orders of one day's list."""

_PROOF = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})", re.ASCII)


class HotlineState(StrEnum):
    """Where an order is, as the partner is told."""

    RECEIVED = "received"
    SUPPLEMENT = "supplement"
    """The partner is asked for what is missing."""
    ACCEPTED = "accepted"
    REGISTERED = "registered"
    DISPATCHED = "dispatched"
    SUSPENDED = "suspended"
    HANDLED = "handled"
    CLOSED = "closed"
    RETURNED = "returned"
    """Sent back to the hotline, with the reason."""
    MERGED = "merged"
    """Goes on with another case about the same."""


EXTENDED = "extended"
"""The one event that leaves the state as it is: the deadline has moved."""

WITH_REASON = frozenset({HotlineState.RETURNED, HotlineState.SUPPLEMENT, HotlineState.SUSPENDED, HotlineState.MERGED})
"""States that the partner is told the reason of; what else stands in the log stays inside."""

STATES: Mapping[CaseState, HotlineState] = {
    CaseState.REPORTED: HotlineState.RECEIVED,
    CaseState.SUPPLEMENT: HotlineState.SUPPLEMENT,
    CaseState.ACCEPTED: HotlineState.ACCEPTED,
    CaseState.CONFIRMED: HotlineState.ACCEPTED,
    CaseState.REGISTERED: HotlineState.REGISTERED,
    CaseState.DISPATCHED: HotlineState.DISPATCHED,
    CaseState.HANDLING: HotlineState.DISPATCHED,
    CaseState.SUSPENDED: HotlineState.SUSPENDED,
    CaseState.HANDLED: HotlineState.HANDLED,
    CaseState.VERIFIED: HotlineState.HANDLED,
    CaseState.CLOSED: HotlineState.CLOSED,
    CaseState.REJECTED: HotlineState.RETURNED,
    CaseState.VOIDED: HotlineState.RETURNED,
    CaseState.DUPLICATE: HotlineState.MERGED,
}


class FeedbackKind(StrEnum):
    """What the partner says of an order afterwards."""

    SATISFIED = "satisfied"
    DISSATISFIED = "dissatisfied"
    """The case is opened again, within the time in which one is."""
    WITHDRAWN = "withdrawn"
    """The hotline takes the order back."""


class DifferenceKind(StrEnum):
    """How the partner's list of a day and the orders here differ in one order."""

    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    STATE_DIFFERS = "state_differs"


@dataclass(frozen=True)
class OrderAsk:
    """A work order of the hotline: its number there, what it is about, where; without whoever called.

    ``lon`` and ``lat`` (WGS 84 degrees) are both given, or the address tells the place. ``reported_at`` is when the
    hotline took the call; its day in the district is the order's day.
    """

    order_no: str
    type: str
    reported_at: datetime
    lon: float | None = None
    lat: float | None = None
    address: str | None = None
    description: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ListedOrder:
    """An order in the partner's list of a day."""

    order_no: str
    state: HotlineState


@dataclass(frozen=True)
class HeldOrder:
    """An order that is held here, with the day on which the hotline took the call."""

    order_no: str
    case_no: str
    day: date
    state: HotlineState


@dataclass(frozen=True)
class Difference:
    """One order in which the lists differ."""

    kind: DifferenceKind
    order_no: str
    case_no: str | None = None
    state_there: HotlineState | None = None
    state_here: HotlineState | None = None


def sees_only(actor: Actor) -> str | None:
    """Return the account whose orders alone an actor sees; None for whoever reads as more than a partner.

    >>> from gridmgmt.access.rules import Grant, local_actor
    >>> reading = frozenset({Permission.READ})
    >>> sees_only(Actor("key", "hotline", grants=(Grant(Role.PARTNER, reading),)))
    'hotline'
    >>> sees_only(local_actor("somebody"))
    """
    if any(Permission.READ in grant.permissions and grant.role is not Role.PARTNER for grant in actor.grants):
        return None
    return actor.name


def moves(actor: Actor, holder: str | None) -> bool:
    """Tell whether an actor may move the orders of an account: its own, or any for whoever manages the exchange."""
    return actor.name == holder or actor.may(Permission.WEBHOOKS_MANAGE)


def check_proof(header: str | None, body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """Refuse a body that none of the secrets has signed, or that was signed too long ago or ahead of time.

    The header is ``t=<Unix time>,v1=<hex HMAC-SHA256 of "<t>.<body>">``, as webhooks carry it.

    Raises
    ------
    UnauthenticatedError
        ``signature_missing``, also for one of another form; ``signature_wrong``.
    ForbiddenError
        ``signature_stale`` when it is right, and more than :data:`REPLAY_WINDOW` away from now.
    """
    found = _PROOF.fullmatch(header or "")
    if found is None:
        raise UnauthenticatedError("signature_missing", field="X-Gridmgmt-Signature")
    signed = f"{found[1]}.".encode() + body
    if not any(hmac.compare_digest(_hex(secret, signed), found[2]) for secret in secrets):
        raise UnauthenticatedError("signature_wrong", field="X-Gridmgmt-Signature")
    apart_s = abs(now.timestamp() - int(found[1]))
    if apart_s > REPLAY_WINDOW.total_seconds():
        raise ForbiddenError(
            "signature_stale", value=found[1], apart_s=round(apart_s), most_s=round(REPLAY_WINDOW.total_seconds())
        )


def digests(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the SHA-256 of each value, so that another content is known without a second copy of any text.

    >>> digests({"a": 1, "b": None})["a"] == digests({"a": 1})["a"]
    True
    """
    return {name: hashlib.sha256(_canonical(value)).hexdigest() for name, value in values.items() if value is not None}


def changed(kept: Mapping[str, str], given: Mapping[str, str]) -> str | None:
    """Return the first field, by name, whose digests are not the same; None where all are.

    >>> changed({"a": "1", "b": "2"}, {"a": "1"})
    'b'
    """
    return next((name for name in sorted({*kept, *given}) if kept.get(name) != given.get(name)), None)


def told(before: HotlineState, move: str, state: CaseState) -> str | None:
    """Return what the partner is told of an entry of a case's log: a state, or that it was extended; None for nothing.

    >>> told(HotlineState.RECEIVED, "accept", CaseState.ACCEPTED)
    'accepted'
    >>> told(HotlineState.ACCEPTED, "confirm", CaseState.CONFIRMED)
    """
    if move == Move.GRANT_EXTENSION:
        return EXTENDED
    after = STATES[state]
    return None if after is before else str(after)


def differences(day: date, there: Collection[ListedOrder], here: Collection[HeldOrder]) -> list[Difference]:
    """Return in which orders the partner's list of a day and the orders here differ, by order number.

    Parameters
    ----------
    here
        All orders of the day, and those of other days that the list names: an order that both know is never missing.

    Raises
    ------
    InputError
        ``reconciliation_order_twice``.
    """
    listed: dict[str, ListedOrder] = {}
    for item in there:
        if item.order_no in listed:
            raise InputError("reconciliation_order_twice", field="items", value=item.order_no)
        listed[item.order_no] = item
    held = {order.order_no: order for order in here}
    found = (_difference(day, listed.get(order_no), held.get(order_no)) for order_no in sorted({*listed, *held}))
    return [each for each in found if each is not None]


def _difference(day: date, listed: ListedOrder | None, held: HeldOrder | None) -> Difference | None:
    if listed is None:
        if held is None or held.day != day:
            return None
        return Difference(DifferenceKind.MISSING_THERE, held.order_no, held.case_no, state_here=held.state)
    if held is None:
        return Difference(DifferenceKind.MISSING_HERE, listed.order_no, state_there=listed.state)
    if listed.state is held.state:
        return None
    return Difference(DifferenceKind.STATE_DIFFERS, held.order_no, held.case_no, listed.state, held.state)


def _hex(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def _canonical(value: object) -> bytes:
    plain = value.isoformat() if isinstance(value, datetime) else value
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return text.encode("utf-8", "surrogatepass")
