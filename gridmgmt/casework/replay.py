"""A case told from its log alone, and what its row says otherwise."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from gridmgmt.cases.rules import Urgency
from gridmgmt.casework.facts import CaseFacts, as_json, facts_of
from gridmgmt.casework.machine import Link, LogEntry
from gridmgmt.casework.moves import RULES, Move

_BIRTHS = frozenset({Move.REPORT, Move.IMPORT})
_ALARMS: Mapping[Move, Urgency] = {Move.DUE_SOON: Urgency.DUE_SOON, Move.OVERDUE: Urgency.OVERDUE}


def replay(entries: Iterable[LogEntry]) -> CaseFacts | None:
    """Return a case as its log tells it, oldest entry first; None when there is no entry."""
    told: dict[str, Any] = {}
    for entry in entries:
        told |= {name: value for name, value in entry.facts.items() if name != "used"}
        told |= {"version": entry.version, "state": entry.state}
        if entry.move is Move.ACCEPT:
            told.setdefault("accepted_at", entry.at)  # for logs that do not say so themselves
        if (used := entry.facts.get("used")) is not None:
            before = told.get("used_s", {})
            told["used_s"] = {**before, used["stage"]: before.get(used["stage"], 0) + used["s"]}
        if (urgency := _ALARMS.get(entry.move)) is not None:
            told["urgency"] = urgency
            told["next_alarm_at"] = told.get("due_at") if urgency is Urgency.DUE_SOON else None
    return facts_of(told) if told else None


def last_link(entries: Sequence[LogEntry]) -> Link | None:
    """Return where a case was when it was last linked to another, and when that was; None where it never was."""
    links = [Link(before.state, entry.at) for before, entry in pairwise(entries) if entry.move is Move.LINK_DUPLICATE]
    return links[-1] if links else None


def breaks(entries: Iterable[LogEntry]) -> list[str]:
    """Return what in a log the machine would not have written, such as ``3: close`` for its third entry.

    The first entry is a birth and no other is; each move is made from one of its states, its version the next.
    """
    found, before = [], None
    for number, entry in enumerate(entries, start=1):
        if before is None:
            fits = entry.move in _BIRTHS and entry.version == 1
        else:
            step = 0 if entry.move in _ALARMS else 1
            fits = before.state in RULES[entry.move].sources and entry.version == before.version + step
        if not fits:
            found.append(f"{number}: {entry.move}")
        before = entry
    return found


def differences(row: CaseFacts, told: CaseFacts) -> dict[str, tuple[Any, Any]]:
    """Return each fact that a row and its log do not agree on: the row's and the log's."""
    mine, its = as_json(row), as_json(told)
    return {name: (mine[name], its[name]) for name in mine if mine[name] != its[name]}
