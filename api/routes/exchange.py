"""The exchange of work orders with the 12345 hotline."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from api.access import Caller, asks
from api.context import Context, RequestSession
from api.exchange_schemas import (
    ExchangeAddressIn,
    ExchangeDeliveryOut,
    ExchangeHandedOver,
    ExchangeHolderIn,
    ExchangeHoldersIn,
    ExchangeOut,
    ExchangeRetried,
    HotlineCorrectionIn,
    HotlineFeedbackIn,
    HotlineFeedbackOut,
    HotlineOrderIn,
    HotlineOrderOut,
    NewExchangeSecret,
    ReconciliationIn,
    ReconciliationOut,
    ReconciliationSummary,
)
from api.language import Lang
from api.paging import Page, Pages
from api.routes import PREFIX
from gridmgmt.access.rules import Actor, Permission
from gridmgmt.db import Session
from gridmgmt.errors import InputError
from gridmgmt.exchange import comparisons, orders, outbox, partner, queries, reconciling
from gridmgmt.exchange.rules import PARTNER, HotlineState, sees_only

router = APIRouter(prefix=f"{PREFIX}/exchange/{PARTNER}", tags=["exchange"])
reads = [asks(Permission.READ)]
manages = [asks(Permission.WEBHOOKS_MANAGE)]

_MOST = 2**63 - 1
CSV = "text/csv; charset=utf-8"
ReconciliationId = Annotated[int, Path(ge=1, le=_MOST, description="Number of the comparison.")]
OrderNo = Annotated[str, Path(max_length=64, description="The order's number at the hotline.")]


async def _body(request: Request) -> bytes:
    return await request.body()


def _signed(
    session: RequestSession,
    context: Context,
    body: Annotated[bytes, Depends(_body)],
    signature: Annotated[
        str | None,
        Header(
            alias="X-Gridmgmt-Signature",
            description='`t=<Unix time>,v1=<hex HMAC-SHA256 of "<t>.<body>">`, at most five minutes old.',
        ),
    ] = None,
) -> None:
    partner.check_signed(session, partner.Signed(signature, body), context.settings.data, context.clock())


by_partner = [asks(Permission.EXCHANGE_USE), Depends(_signed)]
"""A key of the partner's, and its signature over the body."""


@router.get("", summary="How the exchange with the 12345 hotline stands", dependencies=reads)
def read_exchange(session: RequestSession, actor: Caller) -> ExchangeOut:
    """Return whether the hotline is set up, what it has not taken, and the last comparison; to a partner of its own."""
    own = sees_only(actor)
    last = comparisons.reconciliation_counts(session, of=own, limit=1)
    return ExchangeOut.of(
        queries.partner(session),
        queries.totals(session, of=own),
        last[0] if last else None,
        with_url=actor.may(Permission.WEBHOOKS_MANAGE),
    )


@router.post("/secret", summary="Give the hotline another secret", dependencies=manages)
def renew_exchange_secret(session: RequestSession, context: Context, actor: Caller) -> NewExchangeSecret:
    """Set the hotline up, or replace its secret: shown this once; the one before is taken for 24 hours more."""
    return NewExchangeSecret(secret=partner.renew_secret(session, actor, context.settings.data, context.clock()))


@router.put("/address", summary="Set where the hotline is told of states", dependencies=manages)
def set_exchange_address(session: RequestSession, actor: Caller, ask: ExchangeAddressIn) -> ExchangeAddressIn:
    """Tell the hotline at an address from now on, first what it has missed; nothing any more with null."""
    return ExchangeAddressIn(url=partner.set_address(session, actor, ask.url).url)


@router.post(
    "/orders",
    status_code=201,
    summary="Give a work order",
    dependencies=by_partner,
    responses={200: {"model": HotlineOrderOut, "description": "The order that was given before."}},
)
def receive_order(
    session: RequestSession, context: Context, actor: Caller, ask: HotlineOrderIn, response: Response
) -> HotlineOrderOut:
    """Take an order in as a case, the caller's own; sent again it is the same, with another content refused (409)."""
    reporter = ask.reporter.given() if ask.reporter else None
    new = orders.receive(session, actor, ask.asked(), reporter, context.clock())
    response.status_code = 201 if new else 200
    response.headers["Location"] = f"{router.prefix}/orders/{ask.order_no}"
    return _order(session, actor, ask.order_no)


@router.get("/orders", summary="Orders of the hotline", dependencies=reads)
def list_orders(
    session: RequestSession,
    actor: Caller,
    pages: Pages,
    day: Annotated[date | None, Query(description="Only calls of this day.")] = None,
    state: Annotated[list[HotlineState] | None, Query(description="Only in one of these states.")] = None,
    q: Annotated[
        str | None, Query(min_length=1, max_length=64, description="Beginning of the order's or the case's number.")
    ] = None,
) -> Page[HotlineOrderOut]:
    """List orders with their cases and what the hotline was told, the last received first; to a partner its own."""
    after = pages.after(int)
    found = queries.order_summaries(
        session, of=sees_only(actor), day=day, states=state or (), beginning=q, after=after[0] if after else None,
        limit=pages.limit + 1,
    )  # fmt: skip
    return pages.page(found, lambda order: HotlineOrderOut.of(order, actor), lambda order: (order.order_id,))


@router.get("/orders/{order_no}", summary="One order of the hotline", dependencies=reads)
def read_order(session: RequestSession, actor: Caller, order_no: OrderNo) -> HotlineOrderOut:
    """Return an order with its case and what the hotline was told; to a partner only its own."""
    return _order(session, actor, order_no)


@router.put("/orders/{order_no}/holder", summary="Hand an order over to another account", dependencies=manages)
def hand_order_over(
    session: RequestSession, actor: Caller, order_no: OrderNo, ask: ExchangeHolderIn
) -> HotlineOrderOut:
    """Let another account of the hotline's see, correct and answer for an order from now on, and it alone."""
    orders.hand_over(session, actor, ask.account, order_no=order_no)
    return _order(session, actor, order_no)


@router.post("/holders", summary="Hand all orders of an account over to another", dependencies=manages)
def hand_orders_over(session: RequestSession, actor: Caller, ask: ExchangeHoldersIn) -> ExchangeHandedOver:
    """Let another account go on with all orders that one holds, as when the hotline is given a new account."""
    return ExchangeHandedOver(count=orders.hand_over(session, actor, ask.account, of=ask.holder))


@router.patch("/orders/{order_no}", summary="Correct an order", dependencies=by_partner)
def correct_order(
    session: RequestSession, context: Context, actor: Caller, order_no: OrderNo, ask: HotlineCorrectionIn
) -> HotlineOrderOut:
    """Put other words in the place of an order's; place and type are the district's to correct."""
    _same(order_no, ask.order_no)
    orders.correct(session, actor, ask.asked(), context.clock())
    return _order(session, actor, order_no)


@router.post("/orders/{order_no}/feedback", summary="Say what became of an order", dependencies=by_partner)
def hear_feedback(
    session: RequestSession, context: Context, actor: Caller, order_no: OrderNo, ask: HotlineFeedbackIn
) -> HotlineFeedbackOut:
    """Rate the case; for who is not satisfied it is opened again, where the hotline withdraws it, it ends."""
    _same(order_no, ask.order_no)
    heard = orders.hear(session, actor, ask.asked(), context.clock())
    return HotlineFeedbackOut(**_order(session, actor, order_no).model_dump(), reopened=heard.reopened)


@router.post("/reconciliations", status_code=201, summary="Compare a day", dependencies=by_partner)
def reconcile_day(session: RequestSession, context: Context, actor: Caller, ask: ReconciliationIn) -> ReconciliationOut:
    """Compare the hotline's list of a day with the orders here, of a partner its own, and keep what differs."""
    return ReconciliationOut.of(reconciling.reconcile(session, actor, ask.day, ask.listed(), context.clock()))


@router.get("/reconciliations", summary="Comparisons of days", dependencies=reads)
def list_reconciliations(session: RequestSession, actor: Caller, pages: Pages) -> Page[ReconciliationSummary]:
    """List comparisons in numbers, the newest first; to a partner those of its own orders."""
    after = pages.after(int)
    found = comparisons.reconciliation_counts(
        session, of=sees_only(actor), after=after[0] if after else None, limit=pages.limit + 1
    )
    return pages.page(found, ReconciliationSummary.model_validate, lambda row: (row.reconciliation_id,))


@router.get("/reconciliations/{reconciliation_id}", summary="One comparison", dependencies=reads)
def read_reconciliation(
    session: RequestSession, actor: Caller, reconciliation_id: ReconciliationId
) -> ReconciliationOut:
    """Return a comparison with every difference."""
    return ReconciliationOut.of(comparisons.reconciliation_by_id(session, reconciliation_id, of=sees_only(actor)))


@router.get(
    "/reconciliations/{reconciliation_id}/differences.csv",
    summary="The differences of a comparison as CSV",
    dependencies=reads,
    response_class=Response,
    responses={200: {"content": {CSV: {}}}},
)
def differences_as_csv(
    session: RequestSession, actor: Caller, reconciliation_id: ReconciliationId, lang: Lang
) -> Response:
    """Return every difference in words, for a spreadsheet."""
    found = comparisons.reconciliation_by_id(session, reconciliation_id, of=sees_only(actor))
    name = f'attachment; filename="12345-{found.day}.csv"'
    return Response(reconciling.differences_csv(found, lang), 200, {"Content-Disposition": name}, CSV)


@router.get("/deliveries", summary="What the hotline has not taken", dependencies=reads)
def list_deliveries(
    session: RequestSession,
    actor: Caller,
    pages: Pages,
    failed: Annotated[bool | None, Query(description="Only what was given up, or only what waits.")] = None,
) -> Page[ExchangeDeliveryOut]:
    """List events that wait or were given up, the newest first; to a partner those of its own orders."""
    after = pages.after(int)
    found = queries.undelivered(
        session, of=sees_only(actor), failed=failed, after=after[0] if after else None, limit=pages.limit + 1
    )
    return pages.page(found, ExchangeDeliveryOut.model_validate, lambda each: (each.delivery_id,))


@router.post("/deliveries/retry", summary="Tell the hotline again all that was given up", dependencies=manages)
def retry_all(session: RequestSession, context: Context, actor: Caller) -> ExchangeRetried:
    """Try once more, from the beginning, all that the hotline has not taken for good."""
    return ExchangeRetried(count=outbox.retry(session, actor, context.clock()))


@router.post("/deliveries/{delivery_id}/retry", summary="Tell the hotline one event again", dependencies=manages)
def retry_one(
    session: RequestSession,
    context: Context,
    actor: Caller,
    delivery_id: Annotated[int, Path(ge=1, le=_MOST, description="Number of the delivery.")],
) -> ExchangeRetried:
    """Try one event once more, from the beginning, under its id."""
    return ExchangeRetried(count=outbox.retry(session, actor, context.clock(), delivery_id=delivery_id))


def _order(session: Session, actor: Actor, order_no: str) -> HotlineOrderOut:
    return HotlineOrderOut.of(queries.order_summary(session, order_no, of=sees_only(actor)), actor)


def _same(order_no: str, named: str) -> None:
    """Refuse a body about another order than its address: the signature is over the body alone."""
    if order_no != named:
        raise InputError("hotline_order_no_differs", field="order_no", value=named, expected=order_no)
