"""The application: composed here and nowhere else, from settings and the address of a database."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio.to_thread
from anyio import CapacityLimiter
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from api import pages
from api.compression import Compression
from api.context import ApiContext
from api.envelope import Envelope
from api.event_stream import ended_by_signals
from api.gate import LOOK_UP_LIMIT_MS, LOOK_UPS_AT_ONCE, Gate
from api.methods import HeadsAsGets
from api.metrics import Metrics
from api.moves import CasesFirst
from api.open311_answers import KeptNames
from api.open311_lists import RequestListsFirst
from api.pages import OPENAPI_PATH
from api.positions import PositionsFirst
from api.problems import MEDIA_TYPE, install_handlers
from api.routes import (
    accounts,
    addresses,
    area_profiles,
    areas,
    assessment,
    bodies,
    bulletins,
    calendar,
    case_intake,
    case_moves,
    cases,
    catalogue,
    cells,
    changes,
    components,
    coverage,
    coverage_access,
    coverage_orders,
    desks,
    drafts,
    editions,
    events,
    exchange,
    exports,
    facts,
    folder,
    gate_counts,
    gates,
    governance,
    health,
    hot_spots,
    imports,
    indicators,
    isochrones,
    jobs,
    keys,
    meetings,
    merging,
    official_codes,
    open311,
    photos,
    placeability,
    plans,
    points,
    premises,
    reporters,
    responsibility,
    session,
    single_case,
    siting,
    statistics,
    targets,
    topics,
    topology,
    walking,
    webhooks,
)
from api.schemas import Problem
from api.tiles import TileApp, TilesFirst
from gridmgmt import __version__
from gridmgmt.clock import Clock, system_clock
from gridmgmt.db import make_engine, make_sessions, transaction
from gridmgmt.feed.hub import Hub
from gridmgmt.reader import Reader
from gridmgmt.settings import Settings
from gridmgmt.walking.cache import WARM

TITLE = "gridmgmt"
DESCRIPTION = (
    "Urban grid management on PostGIS. Positions are longitude and latitude in WGS 84, areas in m², lengths in m, "
    "durations in s, ratios 0–1, times RFC 3339. Errors are problem details (RFC 9457)."
)

_MODULES = (
    case_intake, case_moves, folder, editions, drafts, topology, areas, addresses, statistics, governance,
    responsibility, official_codes, placeability, plans, points, gates, calendar, photos, reporters, cases,
    single_case, catalogue, components, desks, cells, indicators, coverage_orders, coverage_access, coverage,
    isochrones, siting, imports, exports, jobs, session, accounts, keys, changes, merging, walking, events, webhooks,
    bulletins, exchange, gate_counts, hot_spots, assessment, targets, premises, meetings, topics, bodies, facts,
    area_profiles, health,
)  # fmt: skip
"""In the order in which an address is looked for among them: what is asked for most comes first."""


def create_app(settings: Settings, url: str, *, clock: Clock = system_clock) -> FastAPI:
    """Return the application for one database; it connects when it is first asked.

    Parameters
    ----------
    url
        The database, at the present schema.
    clock
        Tells today, whose editions count where a request names no day.
    """
    WARM.limit_bytes = settings.walk_state_bytes
    engine = make_engine(url, pool_size=settings.pool_size)
    opened = partial(transaction, make_sessions(engine))
    credentials = Reader(url, pool_size=LOOK_UPS_AT_ONCE, statement_timeout_ms=LOOK_UP_LIMIT_MS)
    gate = Gate(settings, opened, clock, credentials)
    tiles = TileApp(settings, url, gate, clock=clock)
    hub = Hub(url, most_readers=settings.event_readers)
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # One thread a connection: more would wait in them for connections.
        anyio.to_thread.current_default_thread_limiter().total_tokens = 2 * settings.pool_size
        await credentials.open()
        await tiles.startup()
        await hub.open()
        with ended_by_signals(hub):
            yield
        await hub.close()
        await tiles.shutdown()
        await credentials.close()
        engine.dispose()

    app = FastAPI(
        title=TITLE,
        version=__version__,
        description=DESCRIPTION,
        openapi_url=OPENAPI_PATH,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    # The rest of the connections is for those who open and close one in a single step, such as the look-up of a key.
    at_once = CapacityLimiter(max(1, 2 * settings.pool_size - 2))
    context = ApiContext(settings, opened, clock, gate, tiles.reader, hub, at_once)
    app.state.context = context
    app.state.metrics = metrics
    app.state.open311 = names = KeptNames()
    install_handlers(app)
    app.router.routes.extend(_routes())
    app.add_middleware(RequestListsFirst, context=context, names=names)  # its answers are compressed like all
    app.add_middleware(Compression)
    app.add_middleware(CasesFirst, context=context)
    app.add_middleware(PositionsFirst, context=context)
    app.add_middleware(HeadsAsGets)
    app.add_middleware(TilesFirst, tiles=tiles)  # which answers HEAD itself
    app.add_middleware(Envelope, metrics=metrics)
    app.openapi = partial(_openapi, app)  # type: ignore[method-assign]  # FastAPI's own way to replace the document
    return app


def _routes() -> Iterator[BaseRoute]:
    """Give the routes as they are declared; a router that is included has each of its own worked out once more."""
    for module in (*_MODULES, open311, pages):
        yield from module.router.routes


def _openapi(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, in which every error is a problem unless a route tells its own."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes,
            separate_input_output_schemas=False,
        )  # fmt: skip
        schemas = document["components"]["schemas"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        definitions = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(definitions.pop("$defs"), Problem=definitions)
        content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for operations in document["paths"].values():
            for operation in operations.values():
                operation["responses"].pop("422", None)
                operation["responses"].setdefault("default", {"description": "A problem.", "content": content})
        document["components"]["schemas"] = dict(sorted(schemas.items()))
        app.openapi_schema = document
    return app.openapi_schema
