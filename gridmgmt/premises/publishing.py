"""Publishing the counts of a month: once, suppressed, and never changed."""

from datetime import date, datetime, timedelta

from sqlalchemy import insert

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.clock import local_date
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, InputError
from gridmgmt.premises import queries
from gridmgmt.premises.models import PremisesPublication, PremisesPublished
from gridmgmt.premises.suppressing import published

WAIT = timedelta(days=3)
"""So long after its last day a month waits for inspections that are entered late before it is published by itself."""
MOST_MONTHS = 12
"""Of more months that were missed the last ones are published by themselves."""


def publish(session: Session, actor: Actor, month: date, *, threshold: int, now: datetime) -> PremisesPublication:
    """Publish the counts of a month as of its last day.

    What was wrong is not published anew: two looks at one month would tell by their difference what each withholds.
    It is right in the month after.

    Parameters
    ----------
    month
        Any day of it.
    threshold
        Counts above zero and below it are withheld, and what they could be worked out from.

    Raises
    ------
    InputError
        ``month_not_over``.
    ConflictError
        ``month_published``.
    ForbiddenError
        Without the right to write premises everywhere.
    """
    require(actor, Permission.PREMISES_WRITE)
    first = month.replace(day=1)
    as_of = _last_day(first)
    if as_of >= local_date(now):
        raise InputError("month_not_over", field="month", value=f"{first:%Y-%m}", ends=as_of)
    if session.get(PremisesPublication, first) is not None:
        raise ConflictError("month_published", field="month", value=f"{first:%Y-%m}")
    found = PremisesPublication(month=first, as_of=as_of, threshold=threshold, published_at=now)
    session.add(found)
    session.flush()
    areas = published(queries.quarter_counts(session, as_of), threshold)
    if areas:
        rows = [
            {"month": first, "level": str(each.level), "area_code": each.area_code, "premises": each.premises}
            | dict(each.counts)
            for each in areas
        ]
        session.execute(insert(PremisesPublished), rows)
    after = {"as_of": as_of, "threshold": threshold, "areas": len(areas)}
    record(session, actor, "premises.publish", f"premises_publication:{first:%Y-%m}", after=after)
    return found


def publish_due(session: Session, actor: Actor, now: datetime, *, threshold: int) -> list[date]:
    """Publish each month that is due since the last publication, or the last one where none was ever made.

    A month without premises is not published. Return the first days of those that were.

    Raises
    ------
    ForbiddenError
        As :func:`publish`.
    """
    due = _before((local_date(now) - WAIT).replace(day=1))
    last = queries.publication_of(session, local_date(now))
    months, month = [due], due
    while last is not None and (month := _before(month)) > last.month and len(months) < MOST_MONTHS:
        months.append(month)
    wanted = [each for each in reversed(months) if last is None or each > last.month]
    told = [each for each in wanted if queries.quarter_counts(session, _last_day(each))]
    for each in told:
        publish(session, actor, each, threshold=threshold, now=now)
    return told


def _last_day(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _before(first: date) -> date:
    """Return the first day of the month before."""
    return (first - timedelta(days=1)).replace(day=1)
