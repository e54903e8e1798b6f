"""Standing orders: coverage reports that are kept fresh by rule."""

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Response

from api.access import Caller, asks
from api.answers import Form
from api.context import Context, RequestSession
from api.language import Lang
from api.order_schemas import OrderIn, OrderList, OrderOut, OrderRunOut
from api.routes import PREFIX
from api.schemas import JobError
from gridmgmt.access.rules import Permission
from gridmgmt.errors import ForbiddenError, GridMgmtError
from gridmgmt.texts import Language

if TYPE_CHECKING:
    from gridmgmt.coverage.orders import OrderReport

router = APIRouter(prefix=f"{PREFIX}/coverage/orders", tags=["coverage"], dependencies=[asks(Permission.READ)])

Name = Annotated[str, Path(min_length=1, max_length=64, description="Name of the order.")]
WRITES = [asks(Permission.COVERAGE_RUN)]


@router.get("", summary="Standing orders")
def list_orders(session: RequestSession, context: Context, lang: Lang) -> OrderList:
    """List the reports that are kept fresh, each with its newest runs."""
    from gridmgmt.coverage.orders import order_reports  # noqa: PLC0415 -- takes seconds to load

    return OrderList(items=[_order_out(order, lang) for order in order_reports(session, context.today())])


@router.post("", status_code=201, summary="Keep a coverage report fresh", dependencies=WRITES)
def add_order(
    session: RequestSession, context: Context, actor: Caller, form: Form, lang: Lang, ask: OrderIn, response: Response
) -> OrderOut:
    """Ask for a report now and whenever one of its inputs has changed.

    Not taken (403) in the public form, as single runs are not.
    """
    from gridmgmt.coverage import orders  # noqa: PLC0415 -- as above

    _refuse_public(form)
    order = orders.add_order(session, actor, ask.name, ask.question(), on=context.today())
    response.headers["Location"] = f"{PREFIX}/coverage/orders/{quote(order.name)}"
    return _order_out(orders.order_report(session, order.name, context.today()), lang)


@router.get("/{name}", summary="One standing order")
def read_order(session: RequestSession, context: Context, lang: Lang, name: Name) -> OrderOut:
    """Return how an order stands, with its newest runs and what had changed before each."""
    from gridmgmt.coverage.orders import order_report  # noqa: PLC0415 -- as above

    return _order_out(order_report(session, name, context.today()), lang)


@router.post("/{name}/renewals", status_code=202, summary="Ask for a standing order's report anew", dependencies=WRITES)
def renew_order(
    session: RequestSession, context: Context, actor: Caller, form: Form, lang: Lang, name: Name
) -> OrderOut:
    """Have the report asked once more though no input has changed, as after a failure."""
    from gridmgmt.coverage import orders  # noqa: PLC0415 -- as above

    _refuse_public(form)
    orders.renew_order(session, actor, name, on=context.today())
    return _order_out(orders.order_report(session, name, context.today()), lang)


@router.delete("/{name}", summary="Drop a standing order", dependencies=WRITES)
def drop_order(
    session: RequestSession, context: Context, actor: Caller, form: Form, lang: Lang, name: Name
) -> OrderOut:
    """Keep the report fresh no longer, and return the order as it last stood; its runs stay."""
    from gridmgmt.coverage import orders  # noqa: PLC0415 -- as above

    _refuse_public(form)
    last = _order_out(orders.order_report(session, name, context.today()), lang)
    orders.drop_order(session, actor, name, on=context.today())
    return last


def _refuse_public(form: str) -> None:
    if form == "public":
        raise ForbiddenError("runs_withheld")


def _order_out(order: "OrderReport", lang: Language) -> OrderOut:
    asked = order.request
    return OrderOut(
        name=order.name,
        state=order.state.value,
        error=_error(order.error, lang),
        limit_s=asked.limit_s,
        profile=asked.profile,
        at=asked.at,
        trip=asked.trip,
        area_code=asked.area_code,
        types=list(asked.types),
        created_by=order.created_by,
        created_at=order.created_at,
        runs=[
            OrderRunOut(
                run_id=run.run_id,
                job_state=run.job_state,
                because=list(run.because),
                asked_at=run.asked_at,
                finished_at=run.finished_at,
                result_sha256=run.result_sha256,
                error=_error(run.error, lang),
                links={"self": f"{PREFIX}/coverage/runs/{run.run_id}"},
            )
            for run in order.runs
        ],
    )


def _error(error: dict[str, Any] | None, lang: Language) -> JobError | None:
    if error is None:
        return None
    return JobError(code=error["code"], detail=GridMgmtError(error["code"], **error["fields"]).message(lang))
