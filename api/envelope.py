"""What surrounds every request: its number, the security headers, the size limit, its count, and the last net."""

import json
import logging
import re
import time
import uuid
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.language import language_of
from api.limits import body_limit
from api.metrics import Metrics
from api.problems import MEDIA_TYPE, unexpected_body

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "worker-src 'self' blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Nothing from elsewhere, no inline script; pages that inline a script bring a policy with its hash."""

_SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_SANE_ID = re.compile(r"[A-Za-z0-9._\-]{1,64}")
_log = logging.getLogger("api.requests")


class Envelope:
    """The outermost middleware.

    Parameters
    ----------
    app
        What answers.
    metrics
        Where requests are counted.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send)
        started = time.perf_counter()
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception:  # the last net: a defect of any route becomes a 500 that the log explains
            _log.exception("%s: %s %s", exchange.request_id, scope["method"], quote(scope["path"]))
            if exchange.status:
                raise
            await exchange.send_unexpected()
        duration_s = time.perf_counter() - started
        self._metrics.observe(_method(scope), _route(scope), exchange.status, duration_s)
        exchange.log(duration_s)


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._body_bytes, self._limit = 0, body_limit(scope["path"])
        self.status = 0
        headers = Headers(scope=scope)
        self._coding = headers.get("content-encoding", "").strip().lower()
        self.request_id = _request_id(headers.get("x-request-id", ""))
        # A copy: the server hands the same mapping to all requests of one lifespan.
        scope["state"] = {**scope.get("state", {}), "request_id": self.request_id}

    async def receive(self) -> Message:
        message = await self._receive()
        body = message.get("body", b"")
        if body and self._coding not in ("", "identity"):
            raise HTTPException(415, headers={"Accept-Encoding": "identity"})
        self._body_bytes += len(body)
        if self._body_bytes > self._limit:
            raise HTTPException(413)
        return message

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self.request_id
            for name, value in _SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            if self._scope["state"].get("for_caller"):
                _keep_private(headers)
        await self._send(message)

    async def send_unexpected(self) -> None:
        """Answer a defect."""
        lang = language_of(HTTPConnection(self._scope))
        status, document = unexpected_body(lang, self.request_id, self._scope["path"])
        body = json.dumps(document, ensure_ascii=False).encode()
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    def log(self, duration_s: float) -> None:
        """Log the exchange: the path, on one line, but no values of its query."""
        values = (self.request_id, self._scope["method"], quote(self._scope["path"]), self.status, duration_s * 1000)
        level = logging.INFO if self.status >= 400 else logging.DEBUG
        _log.log(level, "%s: %s %s → %d in %.1f ms", *values)


def _keep_private(headers: MutableHeaders) -> None:
    """Keep an answer that depends on who asks out of shared caches, and apart from that of another reader."""
    headers.add_vary_header("Cookie, Authorization")
    kept = headers.get("Cache-Control", "no-cache")
    headers["Cache-Control"] = kept if kept.startswith(("private", "no-store")) else f"private, {kept}"


def _request_id(given: str) -> str:
    """Return the client's own number for a request where it is sane, a new one otherwise."""
    return given if _SANE_ID.fullmatch(given) else uuid.uuid4().hex


def _route(scope: Scope) -> str:
    """Return the pattern that matched, so that counts do not grow with every address asked for."""
    pattern = getattr(scope.get("route"), "path", None)
    if pattern is not None:
        return str(pattern)
    return "/tiles" if scope["path"].startswith("/tiles/") else "other"


def _method(scope: Scope) -> str:
    known = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    return scope["method"] if scope["method"] in known else "other"
