"""Retries: a request that carries a key is performed once and answered alike for seven days."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from gridmgmt.access.rules import Actor
from gridmgmt.casework.intake_models import IdempotencyKey
from gridmgmt.casework.surroundings import KEYS_KEPT
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, InputError

_KEY = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True)
class Keyed:
    """A request under the key of one account, and the hash of all that it asks for."""

    actor: str
    key: str
    request_sha256: str


@dataclass(frozen=True)
class Answered:
    """What was answered to a request before: its HTTP status and its body."""

    status: int
    body: Mapping[str, Any]


def keyed(actor: Actor, key: str, *asked: object) -> Keyed:
    """Return a request under a key.

    Parameters
    ----------
    asked
        All that tells the request from another, such as its address and its body; equal as JSON is equal.

    Raises
    ------
    InputError
        ``idempotency_key_malformed`` unless the key is 1–200 visible characters of ASCII.
    """
    if _KEY.fullmatch(key) is None:
        raise InputError("idempotency_key_malformed", field="Idempotency-Key", value=key[:200])
    canonical = json.dumps(asked, sort_keys=True, separators=(",", ":"), default=str)
    return Keyed(actor.name, key, hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest())


def same(request: Keyed, request_sha256: str, status: int, body: Mapping[str, Any]) -> Answered:
    """Return what was answered under a key, unless that was another request.

    Raises
    ------
    ConflictError
        ``idempotency_key_of_another``.
    """
    if request_sha256 != request.request_sha256:
        raise ConflictError("idempotency_key_of_another", field="Idempotency-Key", value=request.key)
    return Answered(status, body)


def answered(session: Session, request: Keyed, now: datetime) -> Answered | None:
    """Return what was answered to a request before, None for a new one.

    Raises
    ------
    ConflictError
        ``idempotency_key_of_another`` when the key came with another request.
    """
    row = session.execute(
        select(IdempotencyKey.request_sha256, IdempotencyKey.status, IdempotencyKey.answer).where(
            *_is(request), IdempotencyKey.answered_at > now - KEYS_KEPT
        )
    ).one_or_none()
    return None if row is None else same(request, *row)


def keep(session: Session, request: Keyed, status: int, body: Mapping[str, Any], now: datetime) -> None:
    """Keep what is answered to a request, in the transaction that performs it.

    Raises
    ------
    ConflictError
        ``idempotency_key_at_work`` when the same key was answered meanwhile; nothing of this attempt may stay.
    """
    values = {"request_sha256": request.request_sha256, "status": status, "answer": body, "answered_at": now}
    statement = insert(IdempotencyKey).values(actor=request.actor, key=request.key, **values)
    put = statement.on_conflict_do_update(
        index_elements=["actor", "key"], set_=values, where=IdempotencyKey.answered_at <= now - KEYS_KEPT
    ).returning(IdempotencyKey.key)
    if session.scalar(put) is None:
        raise ConflictError("idempotency_key_at_work", field="Idempotency-Key", value=request.key)


def withdraw(session: Session, request: Keyed) -> None:
    """Forget a key that was taken in this transaction: what it would have answered did not come about."""
    session.execute(delete(IdempotencyKey).where(*_is(request)))


def _is(request: Keyed) -> tuple[Any, ...]:  # conditions
    return IdempotencyKey.actor == request.actor, IdempotencyKey.key == request.key
