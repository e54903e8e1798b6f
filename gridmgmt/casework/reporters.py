"""How to reach whoever reported a case: the only place that reads or writes it, with a right and a record of its own.

No list, log, tile, export or feed joins this table. What is kept of it in the log of the folder are the numbers of
cases, never a name.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.casework import photo_queries as queries
from gridmgmt.casework.asking import plain_text
from gridmgmt.casework.photo_models import CaseReporter
from gridmgmt.casework.queries import check_shown
from gridmgmt.db import Session
from gridmgmt.errors import InputError, NotFoundError

MOST_CHARACTERS = {"name": 100, "phone": 40, "email": 254}

_PHONE = re.compile(r"\+?[0-9(][0-9 ()./-]{3,38}[0-9](?: ?(?:ext\.?|转|x) ?[0-9]{1,6})?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")


@dataclass(frozen=True)
class Reporter:
    """How somebody can be reached about a case.

    ``consent`` is their agreement that this is kept until some time after the case has ended; without it nothing is.
    """

    name: str | None = None
    phone: str | None = None
    email: str | None = None
    consent: bool = False
    wants_notice: bool = True


@dataclass(frozen=True)
class KnownReporter:
    """What is kept, with the cases whose outcome matters to them and the duplicates whose reporters are told too."""

    reporter: Reporter
    consented_at: datetime
    told_with: str | None
    """The case that this one was linked to as a duplicate: its outcome is what they are told."""
    also_told: Sequence[str]
    """Cases linked to this one whose reporters want notice."""


def checked(reporter: Reporter) -> Reporter | None:
    """Return contact data as they are kept, None where nothing is given.

    Raises
    ------
    InputError
        ``reporter_without_consent``, ``reporter_malformed``, ``text_too_long``.
    """
    kept = {
        name: plain_text(f"reporter.{name}", getattr(reporter, name), MOST_CHARACTERS[name]) for name in MOST_CHARACTERS
    }
    if not any(kept.values()):
        return None
    if not reporter.consent:
        raise InputError("reporter_without_consent", field="reporter.consent")
    for name, pattern, example in (("phone", _PHONE, "021-56100000"), ("email", _EMAIL, "name@example.org")):
        value = kept[name]
        if value is not None and pattern.fullmatch(value) is None:
            # The value is not told: what goes wrong with somebody's number is nothing for a log.
            raise InputError("reporter_malformed", field=f"reporter.{name}", example=example)
    return Reporter(**kept, consent=True, wants_notice=reporter.wants_notice)


def keep(session: Session, actor: Actor, case_id: int, reporter: Reporter, now: datetime) -> None:
    """Keep how to reach whoever reports a case, in the transaction of the report; no entry of it goes into any log.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not report there.
    InputError
        As :func:`checked`.
    """
    require(actor, Permission.CASES_REPORT, areas=queries.case_of_id(session, case_id).areas)
    _write(session, case_id, checked(reporter), now)


def _shown(session: Session, actor: Actor, case_no: str) -> queries.NamedCase:
    """Return a case that the actor may read contact data of."""
    check_shown(session, case_no, works_on_cases=actor.works_on_cases)
    case = queries.named_case(session, case_no)
    require(actor, Permission.REPORTERS_READ, areas=case.areas)
    return case


def read(session: Session, actor: Actor, case_no: str) -> KnownReporter:
    """Return how to reach whoever reported a case, and record that it was read.

    Raises
    ------
    NotFoundError
        When there is no such case, or nothing is kept of its reporter.
    ForbiddenError, UnauthenticatedError
        When the actor may not read contact data there.
    """
    case = _shown(session, actor, case_no)
    row = _known(session, case.case_id, case_no)
    told_with = None if case.duplicate_of is None else queries.number_of(session, case.duplicate_of)
    known = KnownReporter(
        Reporter(row.name, row.phone, row.email, consent=True, wants_notice=row.wants_notice),
        row.consented_at,
        told_with,
        queries.also_told(session, case.case_id),
    )
    record(session, actor, "reporters.read", f"case:{case_no}")
    return known


def change(session: Session, actor: Actor, case_no: str, reporter: Reporter, now: datetime) -> list[str]:
    """Put other contact data in the place of those of a case, and return the names of what is kept now.

    Raises as :func:`read`, but for a case without any, and :func:`checked`.
    """
    case = _shown(session, actor, case_no)
    kept = checked(reporter)
    _write(session, case.case_id, kept, now)
    given = [] if kept is None else [name for name in MOST_CHARACTERS if getattr(kept, name)]
    record(session, actor, "reporters.change", f"case:{case_no}", after={"given": given})
    return given


def forget(session: Session, actor: Actor, case_no: str) -> None:
    """Delete how to reach whoever reported a case, as they may ask at any time; raises as :func:`read`."""
    case = _shown(session, actor, case_no)
    session.delete(_known(session, case.case_id, case_no))
    session.flush()
    record(session, actor, "reporters.forget", f"case:{case_no}")


def forget_ended(session: Session, actor: Actor, now: datetime, keep_days: float) -> int:
    """Delete the contact data of all cases that ended some days ago, and return how many; told to the log as a count.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not read contact data everywhere.
    """
    require(actor, Permission.REPORTERS_READ)
    before = now - timedelta(days=keep_days)
    count = queries.drop_reporters(session, before)
    if count:
        record(session, actor, "reporters.forget_ended", "reporters", after={"count": count, "ended_before": before})
    return count


def _known(session: Session, case_id: int, case_no: str) -> CaseReporter:
    row = session.get(CaseReporter, case_id)
    if row is None:
        raise NotFoundError("reporter_unknown", field="case_no", value=case_no)
    return row


def _write(session: Session, case_id: int, kept: Reporter | None, now: datetime) -> None:
    row = session.get(CaseReporter, case_id)
    if kept is None:
        if row is not None:
            session.delete(row)
    else:
        values = {"name": kept.name, "phone": kept.phone, "email": kept.email, "wants_notice": kept.wants_notice}
        session.merge(CaseReporter(case_id=case_id, **values, consented_at=now if row is None else row.consented_at))
    session.flush()
