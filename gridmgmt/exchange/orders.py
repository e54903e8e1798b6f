"""Orders of the partner: taken in once, corrected by number, and what is said of them afterwards."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from gridmgmt.access.queries import account_by_name, actor_of
from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.addresses import geocoding
from gridmgmt.cases.rules import ENDED, CaseSource, CaseState
from gridmgmt.casework import intake, transitions
from gridmgmt.casework.asking import MOST_CHARACTERS, MOST_CHARACTERS_OF_ADDRESS, ReportAsk, plain_text
from gridmgmt.casework.machine import Given
from gridmgmt.casework.moves import Move, Need
from gridmgmt.casework.queries import HeldCase, lock_case
from gridmgmt.casework.reporters import Reporter
from gridmgmt.casework.transitions import CaseParts, MoveAsk
from gridmgmt.clock import local_date
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, InputError, NotFoundError, RuleViolationError
from gridmgmt.exchange import queries
from gridmgmt.exchange.models import ExchangeFeedback, ExchangeOrder
from gridmgmt.exchange.rules import PARTNER, FeedbackKind, OrderAsk, changed, digests, moves

ACTS_WITH = frozenset(
    {Permission.CASES_REPORT, Permission.CASES_ACCEPT, Permission.CASES_REGISTER, Permission.CASES_CLOSE}
)
"""What the machine of cases asks for the moves that a partner's word makes: report, rate, reopen, void."""

_TEXTS: Mapping[str, int] = {"description": MOST_CHARACTERS, "address": MOST_CHARACTERS_OF_ADDRESS}
_NAMED = 3


@dataclass(frozen=True)
class Correction:
    """Other words of an order; ``sequence`` counts its corrections from 1, and what is None stays as it is."""

    order_no: str
    sequence: int
    description: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class Feedback:
    """What the partner says of an order under a number of its own."""

    order_no: str
    feedback_no: str
    kind: FeedbackKind
    reason: str | None = None


@dataclass(frozen=True)
class Heard:
    """What feedback has done: whether the case was opened again, and whether all this was done before."""

    reopened: bool
    new: bool


def receive(session: Session, actor: Actor, ask: OrderAsk, reporter: Reporter | None, now: datetime) -> bool:
    """Take an order in as a case, and tell whether it is new; the same order again changes nothing.

    Contact data go where those of every report go, and are no part of what is compared.

    Raises
    ------
    ConflictError
        ``hotline_order_differs`` where the number came before with another content, naming the first such field;
        ``hotline_order_taken`` where another account holds the order of this number.
    InputError, NotFoundError, RuleViolationError
        What cannot be taken, as :func:`gridmgmt.casework.intake.report`; ``hotline_order_place_missing``,
        ``hotline_order_place_unknown``.
    ForbiddenError, UnauthenticatedError
        When the actor may not use the exchange there, also for an order of theirs that is repeated.
    """
    partner = _acting(actor)
    queries.one_at_a_time(session, ask.order_no)
    content = digests(asdict(ask))
    if (held := queries.order_or_none(session, ask.order_no)) is not None:
        if not moves(actor, held.holder):
            raise ConflictError("hotline_order_taken", field="order_no", value=ask.order_no)
        _own_case(session, partner, held)
        if (field := changed(held.digests, content)) is not None:
            raise ConflictError("hotline_order_differs", field=field, value=ask.order_no)
        return False
    attached = intake.Attached(reporter=reporter)
    case = intake.report(session, partner, _report(session, ask), now=now, attached=attached)
    if not isinstance(case, intake.Reported):  # of a device's own name or a key, which no order gives
        raise TypeError("an order has neither client_id nor key")
    day = local_date(case.facts.reported_at)
    order = ExchangeOrder(order_no=ask.order_no, case_id=case.case_id, day=day, digests=content, received_at=now)
    order.holder = actor.name if actor.account_id is not None else None
    session.add(order)
    session.flush()
    record(session, actor, "exchange.receive", f"order:{ask.order_no}", after={"case_no": case.case_no})
    return True


def correct(session: Session, actor: Actor, ask: Correction, now: datetime) -> bool:
    """Put other words in the place of an order's, and tell whether that is new; what was asked for is supplemented.

    Raises
    ------
    NotFoundError
        ``hotline_order_unknown``, also for one that another account holds.
    ConflictError
        ``hotline_order_sequence`` unless the correction is the next one; ``hotline_order_differs`` when it came before
        with another content.
    RuleViolationError
        ``hotline_order_ended`` when the case has ended.
    InputError
        ``correction_empty``, ``text_too_long``.
    ForbiddenError, UnauthenticatedError
        When the actor may not use the exchange there.
    """
    partner = _acting(actor)
    queries.one_at_a_time(session, ask.order_no)
    order, content = _held(session, actor, ask.order_no), digests(asdict(ask))
    case = _own_case(session, partner, order)
    if ask.sequence == order.sequence:
        if (field := changed(order.correction, content)) is not None:
            raise ConflictError("hotline_order_differs", field=field, value=ask.order_no)
        return False
    if ask.sequence != order.sequence + 1:
        raise ConflictError("hotline_order_sequence", field="sequence", value=ask.sequence, expected=order.sequence + 1)
    given = {name: plain_text(name, getattr(ask, name), most) for name, most in _TEXTS.items()}
    words = {name: value for name, value in given.items() if value is not None}
    if not words:
        raise InputError("correction_empty", field="description", known=", ".join(_TEXTS))
    _reword(session, partner, case, ask.order_no, words, now)
    order.sequence, order.correction = ask.sequence, content
    session.flush()
    told = {"sequence": ask.sequence, "fields": sorted(words)}
    record(session, actor, "exchange.correct", f"order:{ask.order_no}", after=told)
    return True


def hear(session: Session, actor: Actor, ask: Feedback, now: datetime) -> Heard:
    """Take in what the partner says of an order: the case is rated, opened again where it may be, or voided.

    A case whose filing conditions were never chosen is opened again under the first of its type.

    Raises
    ------
    NotFoundError
        ``hotline_order_unknown``, also for one that another account holds.
    ConflictError
        ``hotline_order_differs`` when the number came before with another content; a move that is not legal now.
    InputError
        ``feedback_reason_missing``.
    ForbiddenError, UnauthenticatedError
        When the actor may not use the exchange there.
    """
    partner = _acting(actor)
    queries.one_at_a_time(session, ask.order_no)
    order, content = _held(session, actor, ask.order_no), digests(asdict(ask))
    case = _own_case(session, partner, order)
    if (held := queries.feedback_or_none(session, order.order_id, ask.feedback_no)) is not None:
        if (field := changed(held.digests, content)) is not None:
            raise ConflictError("hotline_order_differs", field=field, value=ask.feedback_no)
        return Heard(held.reopened, new=False)
    reason = plain_text("reason", ask.reason, MOST_CHARACTERS)
    if reason is None and ask.kind is not FeedbackKind.SATISFIED:
        raise InputError("feedback_reason_missing", field="reason", kind=ask.kind)
    reopened = _told(session, partner, case.case_no, ask.kind, reason, now)
    row = ExchangeFeedback(feedback_no=ask.feedback_no, kind=ask.kind, digests=content, reopened=reopened, at=now)
    row.order_id = order.order_id
    session.add(row)
    session.flush()
    told = {"kind": ask.kind, "reopened": reopened}
    record(session, actor, "exchange.feedback", f"order:{ask.order_no}", after=told)
    return Heard(reopened, new=True)


def hand_over(
    session: Session, actor: Actor, account: str, *, order_no: str | None = None, of: str | None = None
) -> int:
    """Let an account go on with an order, or with all that another holds (None: nobody), and return how many.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not manage webhooks.
    NotFoundError
        ``account_unknown``, ``hotline_order_unknown``.
    InputError
        ``exchange_holder_barred`` when the account may not use the exchange.
    """
    require(actor, Permission.WEBHOOKS_MANAGE)
    found = account_by_name(session, account)
    if not actor_of(session, found).holds(Permission.EXCHANGE_USE):
        raise InputError("exchange_holder_barred", field="account", value=account)
    if order_no is not None:
        queries.one_at_a_time(session, order_no)
        of = queries.order_row(session, order_no).holder
    count = queries.hand_over(session, found.name, order_no=order_no, of=of)
    about = f"order:{order_no}" if order_no is not None else f"exchange:{PARTNER}"
    record(session, actor, "exchange.hand_over", about, before={"holder": of}, after={"holder": found.name})
    return count


def _held(session: Session, actor: Actor, order_no: str) -> ExchangeOrder:
    """Return an order to whoever may move it; to others it is as unknown as one that never came."""
    order = queries.order_row(session, order_no)
    if not moves(actor, order.holder):
        raise NotFoundError("hotline_order_unknown", field="order_no", value=order_no)
    return order


def _acting(actor: Actor) -> Actor:
    """Return the partner as it moves its own orders: no further than it may use the exchange."""
    if not actor.holds(Permission.EXCHANGE_USE):
        require(actor, Permission.EXCHANGE_USE)
    reaching = [grant for grant in actor.grants if Permission.EXCHANGE_USE in grant.permissions]
    return replace(actor, grants=tuple(replace(grant, permissions=ACTS_WITH) for grant in reaching))


def _own_case(session: Session, partner: Actor, order: ExchangeOrder) -> HeldCase:
    """Return the case of an order, locked, to whoever acts where it lies; what is repeated is told to nobody else."""
    case = lock_case(session, queries.case_no_of(session, order.case_id))
    require(partner, Permission.CASES_REPORT, areas=case.facts.areas)
    return case


def _report(session: Session, ask: OrderAsk) -> ReportAsk:
    lon, lat = ask.lon, ask.lat
    if lon is None or lat is None:
        if lon is not lat or not ask.address:
            raise InputError("hotline_order_place_missing", field="lon", value=ask.order_no)
        lon, lat = _place(session, ask)
    return ReportAsk(
        lon, lat, ask.type, CaseSource.HOTLINE_12345, ask.description, ask.address, ask.fields,
        reported_at=ask.reported_at,
    )  # fmt: skip


def _place(session: Session, ask: OrderAsk) -> tuple[float, float]:
    """Return where the address of an order is; never one that is not sure, nor one of several."""
    asked = ask.address or ""
    geocoded = geocoding.geocode(session, asked, local_date(ask.reported_at))
    if geocoded.found is None:
        named = "; ".join(each.address for each in geocoded.candidates[:_NAMED]) or "—"
        raise InputError("hotline_order_place_unknown", field="address", value=asked[:80], candidates=named)
    return geocoded.found.lon, geocoded.found.lat


def _reword(
    session: Session, partner: Actor, case: HeldCase, order_no: str, words: dict[str, str], now: datetime
) -> None:
    """Change a case that has not ended; one that was sent back for what is missing is supplemented by it."""
    if case.facts.state is CaseState.SUPPLEMENT:
        transitions.move(session, partner, case.case_no, MoveAsk(Move.SUPPLEMENT), now)
    elif case.facts.state in ENDED:
        raise RuleViolationError("hotline_order_ended", field="order_no", value=order_no)
    queries.correct_case(session, case.case_id, words, now)


def _told(
    session: Session, partner: Actor, case_no: str, kind: FeedbackKind, reason: str | None, now: datetime
) -> bool:
    """Make the moves that feedback stands for, and tell whether the case was opened again."""
    if kind is FeedbackKind.WITHDRAWN:
        transitions.move(session, partner, case_no, MoveAsk(Move.VOID, Given(reason=reason)), now)
        return False
    given = Given(satisfied=kind is FeedbackKind.SATISFIED, reason=reason)
    rated = transitions.move(session, partner, case_no, MoveAsk(Move.RATE, given), now)
    legal = next((each for each in rated.moves if each.move is Move.REOPEN), None)
    if kind is FeedbackKind.SATISFIED or legal is None:
        return False
    number = _first_condition(rated) if Need.CONDITION_NO in legal.needs else None
    transitions.move(session, partner, case_no, MoveAsk(Move.REOPEN, Given(reason=reason, condition_no=number)), now)
    return True


def _first_condition(case: CaseParts) -> int:
    return min(condition.no for condition in case.catalogue.type(case.held.facts.type).conditions)
