"""Whether the server lives, whether it can work, and what it counts."""

from contextlib import suppress

from fastapi import APIRouter, Request, Response

from api import metrics
from api.access import open_to_all
from api.context import Context, RequestSession
from api.schemas import Shape
from gridmgmt.db import check_schema
from gridmgmt.errors import UnavailableError
from gridmgmt.indicators.service import waiting
from gridmgmt.walking.cache import WARM

router = APIRouter(tags=["health"], dependencies=[open_to_all])


class Health(Shape):
    """The server answers."""

    status: str = "ok"


@router.get("/health/live", summary="The process lives")
def read_live() -> Health:
    """Answer without looking at anything else."""
    return Health()


@router.get("/health/ready", summary="The database answers and has the present schema")
def read_ready(session: RequestSession) -> Health:
    """Answer 503 while the database is away or its schema is behind."""
    check_schema(session)
    return Health()


@router.get(
    "/metrics",
    summary="Counts and durations of requests, for Prometheus",
    response_class=Response,
    responses={200: {"description": "Prometheus text format.", "content": {"text/plain": {}}}},
)
async def read_metrics(request: Request, context: Context) -> Response:
    """Return the counts of this process, and how many changed cases wait to be tallied while the database answers."""
    parts = [request.app.state.metrics.text(), metrics.warm_text(WARM.figures())]
    with suppress(UnavailableError):
        parts.append(metrics.waiting_text(await context.in_transaction(waiting)))
    return Response("".join(parts), media_type=metrics.MEDIA_TYPE)
