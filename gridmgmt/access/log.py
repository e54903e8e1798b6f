"""The log of every change: append-only, each entry with the hash of the one before."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from gridmgmt.access import queries
from gridmgmt.access.models import Change
from gridmgmt.access.rules import CHAIN_START, Actor, ChainReport, as_kept, entry_sha256
from gridmgmt.db import Session

_LOCK = 3_101_131
"""Advisory lock of this database: held from an entry of the log to the end of its transaction."""


def record(
    session: Session,
    actor: Actor,
    action: str,
    object_: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> Change:
    """Append what was done to the log, in the transaction that does it.

    Writers of the log wait for each other from here to the end of their transactions, so this comes last.

    Parameters
    ----------
    action
        ``subject.verb``: ``account.create``, ``areas.approve``.
    object_
        ``subject:name``: ``account:lihua``, ``edition:2``.
    before, after
        What was and what is, as far as it changed; codes and numbers, no personal data of citizens, no secrets.

    Returns
    -------
    Change
        The entry, with its number and hash.
    """
    hold(session)
    last = session.execute(
        select(Change.change_id, Change.sha256).order_by(Change.change_id.desc()).limit(1)
    ).one_or_none()
    number, previous = (last.change_id + 1, last.sha256) if last else (1, CHAIN_START)
    entry = Change(
        change_id=number,
        at=session.scalar(select(func.clock_timestamp())),
        actor_kind=actor.kind,
        actor=actor.name,
        account_id=actor.account_id,
        key_prefix=actor.key_prefix,
        action=action,
        object=object_,
        before=as_kept(before),
        after=as_kept(after),
        previous_sha256=previous,
    )
    entry.sha256 = entry_sha256(previous, entry.content())
    session.add(entry)
    session.flush()
    return entry


def verify_changes(session: Session) -> ChainReport:
    """Check the whole log against its hashes."""
    return queries.chain_report(session)


def hold(session: Session) -> None:
    """Wait for other writers of the log, as also does whatever changes accounts and links, before it locks their rows.

    So all take their locks in one order, and decisions on administrators go one at a time.
    """
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
