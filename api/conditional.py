"""Answers that a client need not be sent again: known by what they hold."""

from hashlib import blake2b

from fastapi import Request, Response
from pydantic import BaseModel


def json_unless_held(request: Request, answer: BaseModel) -> Response:
    """Return an answer as JSON with its tag, or 304 where the client says that it has just that (RFC 9110 §13.1.2)."""
    body = answer.model_dump_json().encode()
    tag = f'W/"{blake2b(body, digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    held = {part.strip() for part in request.headers.get("if-none-match", "").split(",")}
    if tag in held or "*" in held:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
