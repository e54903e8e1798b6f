"""Assessments of the demo: two that are signed, and one of the streets in the month of its cases that is still open.

Signed are departments before that month, and the streets in its first half. The schemes are the examples of the
package. All that is entered, the deduction and the veto are made up.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from gridmgmt.access.rules import Actor
from gridmgmt.assessment import queries, service
from gridmgmt.assessment.files import example_schemes
from gridmgmt.assessment.rules import (
    AppealState,
    AssessmentDirection,
    AssessmentItem,
    EventCause,
    EventEffect,
    EvidenceKind,
    Named,
    NewEntry,
    NewEvent,
    NewScheme,
)
from gridmgmt.assessment.service import Appeal, NewRound
from gridmgmt.clock import local_date
from gridmgmt.db import Session
from gridmgmt.demo.month import DAYS
from gridmgmt.demo.towns import DISTRICT_CODE, TOWNS
from gridmgmt.texts import text

DEPARTMENTS = tuple(
    f"{DISTRICT_CODE}-{body}" for body in ("water", "greening", "housing", "construction", "environment")
)
JUDGES = tuple(town.code for town in TOWNS[:4])
"""The streets that judge departments: three subdistricts and a town."""
VETOED, DEDUCTED, FEW = "310113106", "310113111", "310113112"
"""Whom the veto and the deduction are held against, and where too few answered."""
FEW_RESPONDENTS = 18


def establish_assessments(session: Session, actor: Actor, *, now: datetime) -> None:
    """Keep the example schemes and two rounds; nothing where there are schemes already."""
    if queries.scheme_summaries(session, limit=1):
        return
    today = local_date(now)
    begins = today - timedelta(days=DAYS - 1)
    streets, departments = example_schemes()
    _assess_departments(session, actor, departments, begins, now)
    _assess_streets(session, actor, streets, begins, today, now)


def _assess_departments(session: Session, actor: Actor, scheme: NewScheme, before: date, now: datetime) -> None:
    scheme_id = service.add_scheme(session, actor, scheme, now=now)
    known = queries.subjects_on(session, AssessmentDirection.DEPARTMENTS, before)
    subjects = [code for code in DEPARTMENTS if code in known] or list(known)[: len(DEPARTMENTS)]
    period = (before - timedelta(days=DAYS), before - timedelta(days=1))
    round_id = service.open_round(session, actor, NewRound(scheme_id, _named("departments"), *period, subjects))
    for entry in _entries(scheme, subjects):
        service.enter(session, actor, round_id, entry)
    service.sign(session, actor, round_id, now=now)


def _assess_streets(session: Session, actor: Actor, scheme: NewScheme, first: date, last: date, now: datetime) -> None:
    scheme_id = service.add_scheme(session, actor, scheme, now=now)
    half = NewRound(scheme_id, _named("streets_half"), first, first + timedelta(days=DAYS // 2 - 1))
    signed_id = service.open_round(session, actor, half)
    round_id = service.open_round(session, actor, NewRound(scheme_id, _named("streets"), first, last))
    for entry in _entries(scheme, [town.code for town in TOWNS]):
        service.enter(session, actor, signed_id, entry)
        service.enter(session, actor, round_id, entry)
    service.sign(session, actor, signed_id, now=now)
    document = text("demo.assessment.document")
    veto = NewEvent(VETOED, EventEffect.VETO, EventCause.ILLEGAL_LAND, first + timedelta(days=9), document)
    service.hold_against(session, actor, round_id, veto)
    day = first + timedelta(days=15)
    taken = NewEvent(DEDUCTED, EventEffect.DEDUCTION, EventCause.OTHER, day, document, Decimal("1.5"))
    event_id = service.hold_against(session, actor, round_id, taken)
    service.appeal(session, actor, round_id, Appeal(event_id, AppealState.OPEN, text("demo.assessment.appeal")))


def _entries(scheme: NewScheme, subjects: Sequence[str]) -> Iterator[NewEntry]:
    """Yield what is entered for every survey and every document of a scheme."""
    for at, subject in enumerate(subjects):
        for number, item in enumerate(scheme.items):
            if item.evidence is EvidenceKind.MANUAL:
                value = Decimal(70 + (5 * at + 7 * number) % 29) / 100
                yield NewEntry(subject, item.code, value, document=text("demo.assessment.document"))
            elif item.evidence is EvidenceKind.SURVEY:
                yield from _surveys(scheme.direction, subject, item, (at, number))


def _surveys(
    direction: AssessmentDirection, subject: str, item: AssessmentItem, place: tuple[int, int]
) -> Iterator[NewEntry]:
    at, number = place
    if direction is AssessmentDirection.STREETS:
        mean = Decimal(36 + (7 * at + 3 * number) % 13) / 10
        sample = FEW_RESPONDENTS if subject == FEW else 60 + (31 * at + 17 * number) % 140
        yield NewEntry(subject, item.code, mean, sample)
        return
    for voice, judge in enumerate(JUDGES):
        mean = Decimal(34 + (7 * at + 3 * number + 5 * voice) % 15) / 10
        yield NewEntry(subject, item.code, mean, 10 + (3 * at + voice) % 7, judge)


def _named(direction: str) -> Named:
    key = f"demo.assessment.{direction}"
    return Named(text(key, "zh"), text(key, "en"))
