"""Answers are compressed where the client takes it, and mean the same."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from api.compression import FROM_BYTES, Compression

LONG = json.dumps([{"code": f"310113{n:06d}", "cases": f"/api/v1/cases?area={n}"} for n in range(20_000)]).encode()


async def whole(request: Request) -> Response:
    return Response(LONG[: int(request.query_params["bytes"])], media_type=request.query_params["type"])


async def streamed(_request: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(LONG), 300_000):
            yield LONG[start : start + 300_000]

    return StreamingResponse(parts(), media_type="application/geo+json")


def got(path: str, accepted: str) -> httpx.Response:
    app = Starlette(routes=[Route("/whole", whole), Route("/streamed", streamed)])
    transport = httpx.ASGITransport(Compression(app))

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            async with client.stream("GET", path, headers={"Accept-Encoding": accepted}) as answer:
                raw = b"".join([part async for part in answer.aiter_raw()])
            return httpx.Response(200, headers=answer.headers, extensions={"raw": raw})

    return asyncio.run(ask())


@pytest.mark.parametrize("media_type", ["application/json", "text/xml", "text/javascript", "image/svg+xml"])
def test_a_long_answer_is_compressed_and_the_same(media_type: str) -> None:
    answer = got(f"/whole?bytes={len(LONG)}&type={media_type}", "br, gzip;q=0.5")
    raw = answer.extensions["raw"]
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(raw) < len(LONG) / 4
    assert gzip.decompress(raw) == LONG
    assert "accept-encoding" in answer.headers["vary"].lower()


def test_a_streamed_answer_is_compressed_part_by_part() -> None:
    answer = got("/streamed", "gzip")
    assert answer.headers["content-encoding"] == "gzip"
    assert "content-length" not in answer.headers
    assert gzip.decompress(answer.extensions["raw"]) == LONG


@pytest.mark.parametrize(("size", "accepted"), [(len(LONG), "gzip;q=0"), (len(LONG), ""), (FROM_BYTES - 1, "gzip")])
def test_it_is_left_as_it_is_where_gzip_is_not_taken_or_not_worth_it(size: int, accepted: str) -> None:
    answer = got(f"/whole?bytes={size}&type=application/json", accepted)
    assert "content-encoding" not in answer.headers
    assert answer.extensions["raw"] == LONG[:size]
