"""The log of a case, and whether every case is what its log tells."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from gridmgmt.casework import queries
from gridmgmt.casework.machine import LogEntry
from gridmgmt.casework.replay import breaks, differences, replay
from gridmgmt.casework.transitions import catalogue_of
from gridmgmt.catalogue.rules import Catalogue
from gridmgmt.db import Session


@dataclass(frozen=True)
class CaseFinding:
    """A case that is not what its log tells: what differs (the row's, the log's), and entries that do not follow."""

    case_no: str
    differences: dict[str, tuple[Any, Any]]
    breaks: list[str]


@dataclass(frozen=True)
class CheckReport:
    """What a check of all cases has found."""

    cases: int
    entries: int
    findings: list[CaseFinding]


def log_of(session: Session, case_no: str) -> tuple[list[LogEntry], Catalogue]:
    """Return the log of a case, the oldest entry first, and the catalogue of the day of its report.

    Raises
    ------
    NotFoundError
        ``case_unknown``.
    """
    held = queries.read_case(session, case_no)
    return queries.log_of(session, held.case_id), catalogue_of(session, held)


def check(session: Session, *, most: int = 1_000, on_case: Callable[[int], None] = lambda _: None) -> CheckReport:
    """Replay the log of every case and compare it with the case's row.

    Parameters
    ----------
    most
        So many findings are kept.
    on_case
        Told how many cases are through.
    """
    cases, entries = 0, 0
    findings: list[CaseFinding] = []
    for (case_no, facts), log in _with_logs(session):
        cases, entries = cases + 1, entries + len(log)
        told = replay(log)
        found = CaseFinding(case_no, {"log": (1, 0)} if told is None else differences(facts, told), breaks(log))
        if (found.differences or found.breaks) and len(findings) < most:
            findings.append(found)
        on_case(cases)
    return CheckReport(cases, entries, findings)


def _with_logs(session: Session) -> Iterator[tuple[tuple[str, Any], list[LogEntry]]]:
    """Yield every case with its log; both come ordered by the id of the case, so neither is ever whole in memory."""
    logs = groupby(queries.every_log(session), key=itemgetter(0))
    ahead = next(logs, None)
    for case_id, case_no, facts in queries.every_case(session):
        log: list[LogEntry] = []
        if ahead is not None and ahead[0] == case_id:
            log = [entry for _, entry in ahead[1]]
            ahead = next(logs, None)
        yield (case_no, facts), log
