"""Every error as one shape: RFC 9457 problem details, in the reader's language."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from api.language import language_of
from api.limits import body_limit
from api.methods import refused_method
from api.validation import validation_errors
from gridmgmt.errors import (
    ConflictError,
    FileRefusedError,
    ForbiddenError,
    GridMgmtError,
    InputError,
    NotFoundError,
    RuleViolationError,
    StaleVersionError,
    TransitionNotAllowedError,
    UnauthenticatedError,
    UnavailableError,
    VersionMissingError,
)
from gridmgmt.texts import Language, text

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
"""What a client is told to wait when a part does not answer."""
CHALLENGE = 'Bearer realm="gridmgmt"'
"""What an unknown caller is asked for; a browser shows no window of its own for it, the console signs in."""

STATUS: Mapping[type[GridMgmtError], HTTPStatus] = {
    NotFoundError: HTTPStatus.NOT_FOUND,
    StaleVersionError: HTTPStatus.PRECONDITION_FAILED,
    VersionMissingError: HTTPStatus.PRECONDITION_REQUIRED,
    ConflictError: HTTPStatus.CONFLICT,
    RuleViolationError: HTTPStatus.UNPROCESSABLE_ENTITY,
    InputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    GridMgmtError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The status of each class of errors; a class without one has that of its nearest ancestor."""

_WITHOUT_INSIDES = {"database_unavailable": "error.database_away"}
"""Errors whose words name folders, hosts or users: the log gets those, a client the words of this catalogue key."""

_FRAMEWORK_CODES = {
    HTTPStatus.BAD_REQUEST: "request_malformed",
    HTTPStatus.NOT_FOUND: "route_unknown",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body_too_large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "body_encoded",
}
"""Codes for what the framework itself refuses."""


_log = logging.getLogger(__name__)


def status_of(error: GridMgmtError) -> HTTPStatus:
    """Return the HTTP status of an error by its class."""
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)


def problem_body(
    error: GridMgmtError, lang: Language, request_id: str, instance: str = ""
) -> tuple[int, dict[str, Any]]:
    """Return the status and the problem document of an error.

    Under ``errors`` a refused file lists its rows, and a move that is not legal those that are.
    """
    status = status_of(error)
    errors: list[dict[str, Any]] = []
    if isinstance(error, FileRefusedError):
        errors = [{"row": p.row, "code": p.code, "detail": p.message(lang)} for p in error.problems]
    if isinstance(error, TransitionNotAllowedError):
        errors = [{"pointer": "/body/move", "code": m, "detail": text(f"case_move.{m}", lang)} for m in error.legal]
    if (words := _WITHOUT_INSIDES.get(error.code)) is not None:
        _log.warning("%s: %s", request_id, error.message("en"))
    detail = text(words, lang) if words else error.message(lang)
    return status, _document(status, error.code, detail, lang, request_id, instance, errors)


def problem_headers(status: int) -> dict[str, str]:
    """Return the headers that belong to a problem of this status, beside its media type."""
    headers = {"Cache-Control": "no-store"}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = CHALLENGE
    return headers


def refusal_body(error: HTTPException, request: HTTPConnection) -> tuple[int, dict[str, Any]]:
    """Return the status and the problem document of what the framework itself refuses."""
    lang, path = language_of(request), request.url.path
    code = _FRAMEWORK_CODES.get(HTTPStatus(error.status_code), "request_malformed")
    allowed = (error.headers or {}).get("Allow", "")
    limit_mb = body_limit(path) // 1_000_000
    fields = {"path": path, "method": request.scope["method"], "allowed": allowed, "limit_mb": limit_mb}
    detail = text(f"error.{code}", lang, **fields)
    return error.status_code, _document(error.status_code, code, detail, lang, _request_id(request), path)


def unexpected_body(lang: Language, request_id: str, instance: str) -> tuple[int, dict[str, Any]]:
    """Return the problem of a defect: nothing of its inside, only the number under which the log has it."""
    detail = text("error.internal", lang, request_id=request_id)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return status, _document(status, "internal", detail, lang, request_id, instance)


def install_handlers(app: FastAPI) -> None:
    """Let the application answer every error of its routes as a problem."""
    app.add_exception_handler(GridMgmtError, known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)


def known(request: Request, error: Exception) -> JSONResponse:
    """Return the answer that tells an error of the project's own."""
    assert isinstance(error, GridMgmtError)  # noqa: S101 -- the type under which this handler is registered
    return _response(request, *problem_body(error, language_of(request), _request_id(request), request.url.path))


def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 -- as above
    lang, status = language_of(request), HTTPStatus.UNPROCESSABLE_ENTITY
    errors = validation_errors([_of_body(each, request) for each in error.errors()], lang)
    detail = text("error.request_invalid", lang, first=f"{errors[0]['pointer']}: {errors[0]['detail']}")
    body = _document(status, "request_invalid", detail, lang, _request_id(request), request.url.path, errors)
    return _response(request, status, body)


def _of_body(error: dict[str, Any], request: Request) -> dict[str, Any]:
    """Return an error; of a whole body that is no object because it was not sent as JSON, that one."""
    media_type = request.headers.get("content-type", "")
    if error["loc"] != ("body",) or error["type"] != "model_attributes_type" or "json" in media_type:
        return error
    return {**error, "type": "body_no_json", "input": media_type}


def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 -- as above
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        error = refused_method(request)
    return _response(request, *refusal_body(error, request), error.headers)


def _response(
    request: Request, status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None
) -> JSONResponse:
    request.state.problem_code = body["type"].rpartition("/")[2]
    return JSONResponse(body, status, {**(headers or {}), **problem_headers(status)}, MEDIA_TYPE)


def _request_id(request: HTTPConnection) -> str:
    return str(request.state.request_id)


def _document(
    status: int,
    code: str,
    detail: str,
    lang: Language,
    request_id: str,
    instance: str,
    errors: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": f"/problems/{code}",
        "title": text(f"title.{int(status)}", lang),
        "status": int(status),
        "detail": detail,
        "instance": instance,
        "request_id": request_id,
    }
    return {**body, "errors": list(errors)} if errors else body
