"""Routes of Open311: its key in a parameter, and its errors in its own shape.

The specification has 404 for what does not exist, 403 for a wrong or missing key and 400 for all else; an error is told
in the format that the address ends with, in XML where it ends with none.
"""

import logging
from collections.abc import Callable, Coroutine, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Message

from api.language import language_of
from api.open311_writing import MEDIA_TYPES, Format, document
from api.problems import refusal_body
from api.validation import validation_errors
from gridmgmt.errors import (
    ForbiddenError,
    GridMgmtError,
    InputError,
    NotFoundError,
    UnauthenticatedError,
    UnavailableError,
)
from gridmgmt.texts import Language, text

FORM = "application/x-www-form-urlencoded"
KEY = "api_key"
MOST_FIELDS = 1_000

_STATUS: dict[type[GridMgmtError], HTTPStatus] = {
    NotFoundError: HTTPStatus.NOT_FOUND,
    UnauthenticatedError: HTTPStatus.FORBIDDEN,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    GridMgmtError: HTTPStatus.BAD_REQUEST,
}
_CODES: dict[type[GridMgmtError], HTTPStatus] = {UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE, **_STATUS}
"""What an error tells as its code: more than the status where the specification leaves that no choice."""
_NAMES = {
    "lon": "long", "type": "service_code", "address": "address_string", "reporter.phone": "phone",
    "reporter.email": "email", "reporter.name": "first_name",
}  # fmt: skip
"""Names of the specification for those of our own fields."""
_OTHER_WORDS = {"database_unavailable": "error.database_away", "key_refused": "open311.key_refused"}
"""Catalogue keys for errors whose own words name insides or headers; the log gets those."""
_CLIENTS_WORDS = {"sign_in_needed": "open311.key_missing"}
"""Catalogue keys for errors that speak of accounts where a client of Open311 knows of keys alone."""

_log = logging.getLogger(__name__)
Told = list[dict[str, object]]


class Open311Route(APIRoute):
    """A route that takes ``api_key`` for the key of the caller and answers errors as Open311 has them."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        answer = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await answer(await _with_key(request))
            except ExceptionGroup as group:
                return refused(request, [each for each in group.exceptions if isinstance(each, GridMgmtError)])
            except GridMgmtError as error:
                return refused(request, [error])
            except RequestValidationError as error:
                return _invalid(request, error)
            except HTTPException as error:
                _, problem = refusal_body(error, request)
                return _told(request, HTTPStatus.BAD_REQUEST, [_entry(error.status_code, problem["detail"])])
            except Exception:  # noqa: BLE001 -- the last net, as of all other routes; the log explains it
                _log.exception("%s: %s", request.state.request_id, request.url.path)
                words = text("error.internal", language_of(request), request_id=request.state.request_id)
                return _told(request, HTTPStatus.INTERNAL_SERVER_ERROR, [_entry(500, words)])

        return answered


def form_pairs(content: bytes) -> list[tuple[str, str]]:
    """Return the names and values of a form.

    Raises
    ------
    InputError
        ``open311_form_malformed`` when it is no UTF-8 or has too many fields.
    """
    try:
        return parse_qsl(content.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise InputError("open311_form_malformed", field="body", maximum=MOST_FIELDS) from error


def refused(request: Request, errors: Sequence[GridMgmtError]) -> Response:
    """Return the answer that tells errors, with the status of the gravest."""
    lang = language_of(request)
    told = [_entry(_of(_CODES, each), _words(each, lang)) for each in errors]
    status = max((_of(_STATUS, each) for each in errors), key=_GRAVITY.index)
    request.state.problem_code = errors[0].code
    return _told(request, status, told)


_GRAVITY = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN)


async def _with_key(request: Request) -> Request:
    """Return a request whose key stands where the gate looks for it."""
    content = await request.body() if request.method == "POST" else b""
    key = request.query_params.get(KEY)
    type_ = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if type_ == FORM:
        key = dict(form_pairs(content)).get(KEY) or key
    elif content and not key and "authorization" not in request.headers:  # its key may stand where it cannot be read
        raise InputError("open311_form_expected", field="Content-Type", expected=FORM)
    headers = request.scope["headers"]
    if key and "authorization" not in request.headers:
        headers = [*headers, (b"authorization", b"Bearer " + key.strip().encode())]

    async def again() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    return Request({**request.scope, "headers": headers}, again)


def _of(known: dict[type[GridMgmtError], HTTPStatus], error: GridMgmtError) -> HTTPStatus:
    return next(known[cls] for cls in type(error).__mro__ if cls in known)


def _words(error: GridMgmtError, lang: Language) -> str:
    """Return an error in words, with the names that the specification has for what they are about."""
    if (words := _OTHER_WORDS.get(error.code)) is not None:
        _log.warning("%s", error.message("en"))
        return text(words, lang)
    if (words := _CLIENTS_WORDS.get(error.code)) is not None:
        return text(words, lang)
    named = str(error.fields.get("field", ""))
    if named.startswith("fields."):
        error.fields["field"] = f"attribute[{named.removeprefix('fields.')}]"
    elif named in _NAMES:
        error.fields["field"] = _NAMES[named]
    return error.message(lang)


def _invalid(request: Request, error: RequestValidationError) -> Response:
    lang, found = language_of(request), error.errors()
    if any(each["loc"][:2] == ("path", "format") for each in found):
        unknown = NotFoundError("open311_format_unknown", field="format", known=", ".join(Format))
        return refused(request, [unknown])
    told = validation_errors(found, lang)
    return _told(request, HTTPStatus.BAD_REQUEST, [_entry(400, f"{e['pointer']}: {e['detail']}") for e in told])


def _entry(code: int, description: str) -> dict[str, object]:
    return {"code": int(code), "description": description}


def _told(request: Request, status: HTTPStatus, errors: Told) -> Response:
    format_ = Format.JSON if request.url.path.endswith(f".{Format.JSON}") else Format.XML
    headers = {"Cache-Control": "no-store"}
    if any(each["code"] == HTTPStatus.SERVICE_UNAVAILABLE for each in errors):
        headers["Retry-After"] = "2"
    return Response(document(format_, "errors", errors), status, headers, media_type=MEDIA_TYPES[format_])
