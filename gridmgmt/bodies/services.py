"""Services bought of social organisations, and agreements with partner units."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from gridmgmt.access.rules import Actor
from gridmgmt.access.service import record
from gridmgmt.bodies import queries
from gridmgmt.bodies.changing import acted_on
from gridmgmt.bodies.models import BodyAgreement, PurchasedService, PurchasedServiceArea
from gridmgmt.bodies.rules import (
    MAX_DELIVERED,
    MAX_VALUE,
    NewAgreement,
    NewService,
    OrganisationKind,
    check_code,
    check_count,
    check_name,
)
from gridmgmt.db import Session
from gridmgmt.errors import DuplicateCodeError, InputError, NotFoundError, RuleViolationError
from gridmgmt.governance.history import ended, shown
from gridmgmt.governance.queries import held
from gridmgmt.governance.rules import require_text

FIRST_YEAR, LAST_YEAR = 1949, 2200
SERVICE_FACTS = ("name", "amount_yuan", "delivered", "source")
"""What of a bought service may be put right or filled in later; who, for whom and when stay."""


def add_service(session: Session, actor: Actor, new: NewService) -> PurchasedService:
    """Note a service that a body has bought of a social organisation for a year; who may act on the buyer's area may.

    Both must be bodies on the last day of the year, whose areas are meant.

    Raises
    ------
    NotFoundError
        ``body_unknown``, ``body_area_unknown``.
    RuleViolationError
        ``seller_no_organisation`` when the seller is no social organisation.
    DuplicateCodeError
        ``purchased_service_code_taken``.
    InputError, CodeFormatError
        ``body_count_range``, ``fact_value_range``; when code, name or source cannot be such.
    """
    if not FIRST_YEAR <= new.year <= LAST_YEAR:
        raise InputError("body_count_range", field="year", value=new.year, low=FIRST_YEAR, high=LAST_YEAR)
    on = date(new.year, 12, 31)
    acted_on(session, actor, new.buyer_code, on, field="buyer_code")
    seller = queries.body_row(session, new.organisation_code, on, field="organisation_code")
    if seller.kind != OrganisationKind.SOCIAL_ORGANISATION:
        raise RuleViolationError("seller_no_organisation", field="organisation_code", value=seller.code)
    if _service(session, check_code(new.code)) is not None:
        raise DuplicateCodeError("purchased_service_code_taken", field="code", value=new.code)
    _check_numbers(new.amount_yuan, new.delivered)
    row = PurchasedService(
        code=new.code,
        organisation_code=new.organisation_code,
        buyer_code=new.buyer_code,
        name=check_name(new.name),
        year=new.year,
        amount_yuan=new.amount_yuan,
        delivered=new.delivered,
        source=require_text("source", new.source),
    )
    session.add(row)
    session.flush()
    for code in sorted(set(new.area_codes)):
        area = queries.area_of(session, code, on, None)
        session.add(PurchasedServiceArea(service_id=row.service_id, level=area.level, area_code=area.code))
    session.flush()
    record(session, actor, "purchased_service.add", f"purchased_service:{new.code}", after=_said(row))
    return row


def change_service(session: Session, actor: Actor, code: str, facts: Mapping[str, Any]) -> PurchasedService:
    """Fill in or put right what a bought service cost, and how often it was delivered.

    Parameters
    ----------
    facts
        Some of :data:`SERVICE_FACTS`.

    Raises
    ------
    NotFoundError
        ``purchased_service_unknown``.
    InputError
        As :func:`add_service`.
    """
    row = _service(session, code)
    if row is None:
        raise NotFoundError("purchased_service_unknown", field="code", value=code)
    acted_on(session, actor, row.buyer_code, date(row.year, 12, 31), field="buyer_code")
    before = _said(row)
    for name in facts.keys() & set(SERVICE_FACTS):
        setattr(row, name, facts[name])
    _check_numbers(row.amount_yuan, row.delivered)
    row.name, row.source = check_name(row.name), require_text("source", row.source)
    session.flush()
    record(session, actor, "purchased_service.change", f"purchased_service:{code}", before=before, after=_said(row))
    return row


def add_agreement(session: Session, actor: Actor, new: NewAgreement) -> BodyAgreement:
    """Note an agreement of a body with a partner unit from a day on.

    Raises
    ------
    NotFoundError
        ``body_unknown``.
    RuleViolationError
        ``agreement_of_one_body``.
    DuplicateCodeError
        ``agreement_code_taken``; a code is used once for all time.
    InputError, CodeFormatError
        When code or name cannot be such.
    """
    acted_on(session, actor, new.body_code, new.valid_from, field="body_code")
    queries.body_row(session, new.partner_code, new.valid_from, field="partner_code")
    if new.partner_code == new.body_code:
        raise RuleViolationError("agreement_of_one_body", field="partner_code", value=new.partner_code)
    taken = select(BodyAgreement.agreement_id).where(BodyAgreement.code == check_code(new.code)).limit(1)
    if session.scalar(taken) is not None:
        raise DuplicateCodeError("agreement_code_taken", field="code", value=new.code)
    row = BodyAgreement(
        code=new.code,
        body_code=new.body_code,
        partner_code=new.partner_code,
        kind=new.kind,
        name=check_name(new.name),
        valid_from=new.valid_from,
    )
    session.add(row)
    session.flush()
    record(session, actor, "agreement.add", f"agreement:{new.code}", after=shown(row))
    return row


def end_agreement(session: Session, actor: Actor, code: str, on: date) -> BodyAgreement:
    """End an agreement on a day.

    Raises
    ------
    NotFoundError
        ``agreement_unknown`` when it does not hold that day.
    """
    row = held(session, BodyAgreement, on, BodyAgreement.code == code)
    if row is None:
        raise NotFoundError("agreement_unknown", field="code", value=code, on=on)
    acted_on(session, actor, row.body_code, on, field="body_code")
    return ended(session, actor, row, on, ("agreement.end", f"agreement:{code}"))


def _service(session: Session, code: str) -> PurchasedService | None:
    return session.scalar(select(PurchasedService).where(PurchasedService.code == code))


def _check_numbers(amount_yuan: float | None, delivered: int | None) -> None:
    if amount_yuan is not None and not 0 <= amount_yuan <= MAX_VALUE:
        raise InputError("fact_value_range", field="amount_yuan", value=amount_yuan, low=0, high=MAX_VALUE)
    if delivered is not None:
        check_count(delivered, field_="delivered", low=0, high=MAX_DELIVERED)


def _said(row: PurchasedService) -> dict[str, Any]:
    names = ("organisation_code", "buyer_code", "year", *SERVICE_FACTS)
    return {name: value for name in names if (value := getattr(row, name)) is not None}
