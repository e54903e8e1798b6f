"""Answers that a client need not be sent again: known by what they hold."""

from collections.abc import Mapping
from hashlib import blake2b

from fastapi import Request, Response
from pydantic import BaseModel


def json_unless_held(request: Request, answer: BaseModel) -> Response:
    """Return an answer as JSON with its tag, or 304 where the client says that it has just that (RFC 9110 §13.1.2)."""
    body = answer.model_dump_json(by_alias=True).encode()
    return unless_held(request, body, body)


def unless_held(
    request: Request,
    body: bytes,
    told: bytes,
    media_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a body with the tag of what it tells, or 304 where the client says that it has just that.

    Parameters
    ----------
    told
        What makes two bodies equal; the moment of the answer may be left out of it.
    """
    tag = f'W/"{blake2b(told, digest_size=12).hexdigest()}"'
    headers = {"Cache-Control": "no-cache", **(headers or {}), "ETag": tag}
    held = {part.strip() for part in request.headers.get("if-none-match", "").split(",")}
    if tag in held or "*" in held:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)
