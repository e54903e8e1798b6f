"""The tile route below ``/tiles``: plain ASGI, since a tile is drawn often and must cost little.

``/{layer}/{z}/{x}/{y}.mvt`` is a vector tile, ``/{layer}.json`` the TileJSON of a layer. Whether a tile is still the
same is asked of the database each time, in one short statement: nobody is shown rows older than the last commit.
"""

import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from isal import igzip
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from api.gate import Gate, form_for
from api.language import language_of
from api.problems import MEDIA_TYPE, problem_body, problem_headers, refusal_body
from gridmgmt.access.rules import Permission
from gridmgmt.access.service import require
from gridmgmt.clock import Clock, local_date, system_clock
from gridmgmt.coverage.rules import result_form
from gridmgmt.errors import ForbiddenError, GridMgmtError, InputError, NotFoundError, UnavailableError
from gridmgmt.reader import Reader
from gridmgmt.settings import Settings
from gridmgmt.texts import text
from layers.cache import ByteCache, SingleFlight
from layers.mvt import DrawnRun
from layers.revisions import content_tag, entity_tag
from layers.selection import Selection, parse_selection, query_text
from layers.specs import Layer, layer_named
from layers.store import LayerState, LayerStore
from layers.tilejson import tilejson
from layers.tiles import Tile, parse_tile

ROOT = "/tiles"
CACHE_BYTES = 64_000_000
_COMPRESSION_LEVEL = 2
_LOOP_BYTES = 65_536
"""Compressing more than this takes long enough to be done beside the event loop."""

_MOST_TRIES = 4
_TILE_PATH = re.compile(r"/([^/]+)/([^/]+)/([^/]+)/([^/]+)\.mvt")
_TILEJSON_PATH = re.compile(r"/([^/]+)\.json")
_WEIGHT = re.compile(r"q\s*=\s*([01](?:\.[0-9]{0,3})?)", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9.\-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?", re.ASCII)

T = TypeVar("T")
Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    headers: tuple[Header, ...] = ()
    body: bytes = b""


class TileRequest:
    """What a request for a tile says, read from its ASGI scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.root: str = scope.get("root_path", "")
        self.path: str = scope["path"].removeprefix(self.root)
        self.query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        self.headers: dict[bytes, bytes] = dict(scope["headers"])

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """Return the query without the language, which does not change a tile."""
        return [(name, value) for name, value in self.query if name != "lang"]

    @property
    def takes_gzip(self) -> bool:
        """Tell whether the client takes compressed bodies."""
        return takes_gzip(self.headers.get(b"accept-encoding", b"").decode("latin-1"))

    @property
    def holds_some(self) -> bool:
        """Tell whether the client holds some state of what it asks for."""
        return b"if-none-match" in self.headers

    def holds(self, tag: str) -> bool:
        """Tell whether the client already has what a tag stands for (RFC 9110 §13.1.2, weak comparison)."""
        held = self.headers.get(b"if-none-match", b"").decode("latin-1")
        opaque = tag.removeprefix("W/")
        return held.strip() == "*" or opaque in {part.strip().removeprefix("W/") for part in held.split(",")}

    @property
    def base_url(self) -> str:
        """Return the address under which the client reached the tiles."""
        host = self.headers.get(b"host", b"").decode("latin-1")
        if _HOST.fullmatch(host) is None:
            name, port = self.scope.get("server") or ("localhost", None)
            host = f"{name}:{port}" if port else name
        return f"{self.scope['scheme']}://{host}{self.root}"


class TilesFirst:
    """Middleware that hands what lies below ``/tiles`` to its application, past all that a tile has no need of."""

    def __init__(self, app: ASGIApp, tiles: "TileApp") -> None:
        self._app = app
        self._tiles = tiles

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["path"].startswith(f"{ROOT}/"):
            await self._tiles({**scope, "root_path": scope.get("root_path", "") + ROOT}, receive, send)
        else:
            await self._app(scope, receive, send)


class TileApp:
    """The tiles of one database, as an ASGI application.

    Parameters
    ----------
    settings
        ``results`` decides whether layers of single places are given; ``pool_size`` bounds the connections.
    url
        The database.
    gate
        Tells who may read.
    clock
        Tells today, whose editions are drawn when a request names no date.
    """

    def __init__(self, settings: Settings, url: str, gate: Gate, *, clock: Clock = system_clock) -> None:
        self._settings = settings
        self._gate = gate
        self._clock = clock
        self._store = LayerStore(url, pool_size=settings.pool_size, clock=clock)
        self._cache = ByteCache(limit_bytes=CACHE_BYTES)
        self._flights: SingleFlight[tuple[str, bytes]] = SingleFlight()
        self._stamps: dict[str, str] = {}

    ASKS = Permission.READ
    """What every tile asks of its caller, as the routes declare it; a layer may ask for more."""

    @property
    def reader(self) -> Reader:
        """What the tiles are read with, for others that read in the event loop."""
        return self._store.reader

    async def startup(self) -> None:
        """Open the database pool in the running event loop."""
        await self._store.open()

    async def shutdown(self) -> None:
        """Close the database pool."""
        await self._store.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = TileRequest(scope)
        try:
            answer = await _while_connected(receive, self._answer(request))
        except GridMgmtError as error:
            answer = _problem(error, scope)
        except HTTPException as error:
            answer = _problem_answer(scope, *refusal_body(error, HTTPConnection(scope)), error.headers)
        if answer is not None:
            await _send(send, answer, with_body=request.method != "HEAD")

    async def _answer(self, request: TileRequest) -> Answer:
        if request.method not in {"GET", "HEAD"}:
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        if b"authorization" in request.headers or not await self._gate.reads_openly():
            await self._require(request, self.ASKS)
        if found := _TILE_PATH.fullmatch(request.path):
            layer = await self._layer(request, found[1])
            tile = parse_tile(found[2], found[3], found[4])
            return await self._tile(request, layer, tile, self._selection(request, layer))
        if found := _TILEJSON_PATH.fullmatch(request.path):
            layer = await self._layer(request, found[1])
            return await self._tilejson(request, layer, self._selection(request, layer))
        raise NotFoundError("tile_address_unknown", field="path", value=request.path)

    async def _layer(self, request: TileRequest, name: str) -> Layer:
        """Return a layer, once whoever asks for it is known to be allowed what it asks for beside reading."""
        layer = layer_named(name)
        if layer.asks is not self.ASKS:
            await self._require(request, layer.asks)
        return layer

    async def _require(self, request: TileRequest, permission: Permission) -> None:
        require(await self._gate.caller(HTTPConnection(request.scope)), permission)

    def _selection(self, request: TileRequest, layer: Layer) -> Selection:
        return parse_selection(layer, request.parameters, today=local_date(self._clock()))

    async def _live_tile(self, request: TileRequest, layer: Layer, tile: Tile, selection: Selection) -> Answer:
        """Answer with a tile of a live layer, drawn after the request has come and kept by the client alone."""
        _, drawn = (None, b"") if tile.z < layer.min_zoom else await self._store.tile(layer, tile, selection, None)
        if request.holds(tag := content_tag(drawn)):
            return Answer(304, _tile_headers(layer, tag))
        body = await _beside_the_loop(_compress, drawn) if drawn else b""
        return await _tile_answer(request, layer, tag, body)

    async def _tile(self, request: TileRequest, layer: Layer, tile: Tile, selection: Selection) -> Answer:
        if layer.revised_as is None:
            return await self._live_tile(request, layer, tile, selection)
        if (drawn := await self._first_drawing(request, layer, tile, selection)) is not None:
            stamp, body = drawn
            return await _tile_answer(request, layer, entity_tag(layer, selection, None, stamp), body)
        for _ in range(_MOST_TRIES):
            state = await self._store.state(layer, selection)
            await self._refuse_withheld(request, layer, state)
            if request.holds(tag := entity_tag(layer, selection, state.run, state.stamp)):
                return Answer(304, _tile_headers(layer, tag))
            stamp, body = await self._body(layer, tile, selection, state)
            # A layer of places may only be shown by the state it was judged by: its form, its newest run.
            if stamp == state.stamp or not layer.place_level:
                return await _tile_answer(request, layer, entity_tag(layer, selection, state.run, stamp), body)
        raise UnavailableError("layer_changing", value=layer.name)

    async def _first_drawing(
        self, request: TileRequest, layer: Layer, tile: Tile, selection: Selection
    ) -> tuple[str, bytes] | None:
        """Draw a tile that is neither held here nor by the client, without asking for the layer's state before.

        None where the state decides what may be drawn, where nothing has to be drawn, or where another request has
        begun to draw the same: what that gets may be older than this request.
        """
        if layer.place_level or "run" in layer.parameters or tile.z < layer.min_zoom or request.holds_some:
            return None
        if (layer.name, tile, selection, None, self._stamps.get(layer.name)) in self._cache:
            return None
        first = (layer.name, tile, selection)
        if first in self._flights:
            await self._flights.run(first, lambda: self._draw(layer, tile, selection, None))
            return None
        return await self._flights.run(first, lambda: self._draw(layer, tile, selection, None))

    async def _body(self, layer: Layer, tile: Tile, selection: Selection, state: LayerState) -> tuple[str, bytes]:
        """Return a tile, compressed, and the stamp it was drawn at; empty when nothing is there."""
        if tile.z < layer.min_zoom or ("run" in layer.parameters and state.run is None):
            return state.stamp, b""
        key = (layer.name, tile, selection, state.run, state.stamp)
        if (held := self._cache.get(key)) is not None:
            return state.stamp, held
        return await self._flights.run(key, lambda: self._draw(layer, tile, selection, state.run))

    async def _draw(self, layer: Layer, tile: Tile, selection: Selection, run: DrawnRun | None) -> tuple[str, bytes]:
        stamp, drawn = await self._store.tile(layer, tile, selection, run)
        body = await _beside_the_loop(_compress, drawn) if drawn else b""
        self._cache.put((layer.name, tile, selection, run, stamp), body)
        self._stamps[layer.name] = stamp
        return stamp, body

    async def _tilejson(self, request: TileRequest, layer: Layer, selection: Selection) -> Answer:
        await self._refuse_withheld(request, layer, await self._store.state(layer, selection))
        extent = await self._store.extent(layer, selection)
        url = f"{request.base_url}/{layer.name}/{{z}}/{{x}}/{{y}}.mvt{query_text(request.parameters)}"
        body = json.dumps(tilejson(layer, url, extent), ensure_ascii=False).encode()
        return Answer(200, ((b"content-type", b"application/json"), _cache_control(layer)), body)

    async def _refuse_withheld(self, request: TileRequest, layer: Layer, state: LayerState) -> None:
        """Refuse a layer of single places to a reader of the public form; only where that decides, ask who reads."""
        setting = self._settings.results
        if not layer.place_level or result_form(setting, synthetic=state.synthetic) == "exact":
            return
        actor = await self._gate.caller(HTTPConnection(request.scope))
        if form_for(setting, state.synthetic, actor) == "public":
            raise ForbiddenError("layer_withheld", field="layer", value=layer.name)


def takes_gzip(accept_encoding: str) -> bool:
    """Tell whether an ``Accept-Encoding`` allows gzip (RFC 9110 §12.5.3).

    >>> takes_gzip("br, gzip;q=0.5"), takes_gzip("gzip;q=0, *"), takes_gzip("*"), takes_gzip("")
    (True, False, True, False)
    """
    weights: dict[str, float] = {}
    for part in accept_encoding.lower().split(","):
        coding, _, weight = part.partition(";")
        found = _WEIGHT.fullmatch(weight.strip())
        weights[coding.strip()] = float(found[1]) if found else 1.0
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _problem(error: GridMgmtError, scope: Scope) -> Answer:
    """Return an error as a problem; what names no possible tile is a malformed request (400)."""
    language = language_of(HTTPConnection(scope))
    status, body = problem_body(error, language, scope["state"]["request_id"], scope["path"])
    if isinstance(error, InputError):
        status = HTTPStatus.BAD_REQUEST
        body |= {"status": int(status), "title": text(f"title.{int(status)}", language)}
    return _problem_answer(scope, status, body)


def _problem_answer(
    scope: Scope, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Answer:
    scope["state"]["problem_code"] = body["type"].rpartition("/")[2]
    headers = {**(headers or {}), "content-type": MEDIA_TYPE, **problem_headers(status)}
    encoded = tuple((name.lower().encode(), value.encode()) for name, value in headers.items())
    return Answer(status, encoded, json.dumps(body, ensure_ascii=False).encode())


async def _tile_answer(request: TileRequest, layer: Layer, tag: str, body: bytes) -> Answer:
    headers = _tile_headers(layer, tag)
    if not body:
        return Answer(204, headers)
    headers += ((b"content-type", b"application/vnd.mapbox-vector-tile"),)
    if request.takes_gzip:
        return Answer(200, (*headers, (b"content-encoding", b"gzip")), body)
    return Answer(200, headers, await _beside_the_loop(igzip.decompress, body))


def _tile_headers(layer: Layer, tag: str) -> tuple[Header, ...]:
    return ((b"etag", tag.encode()), (b"vary", b"Accept-Encoding"), _cache_control(layer))


def _cache_control(layer: Layer) -> Header:
    return b"cache-control", b"private, no-cache" if layer.is_private else b"no-cache"


def _compress(body: bytes) -> bytes:
    return igzip.compress(body, _COMPRESSION_LEVEL, mtime=0)


async def _beside_the_loop(change: Callable[[bytes], bytes], body: bytes) -> bytes:
    """Apply a function to a body, in a thread where the body is large."""
    return change(body) if len(body) <= _LOOP_BYTES else await asyncio.to_thread(change, body)


async def _while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T | None:
    """Return the result of the work; when the client leaves first, cancel it and return None."""
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_departure(receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return await working
        leaving.result()  # raises what was wrong with the rest of the request
        return None
    finally:
        working.cancel()
        leaving.cancel()


async def _departure(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, answer: Answer, *, with_body: bool) -> None:
    headers = list(answer.headers)
    if answer.status not in {204, 304}:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body if with_body else b""})
