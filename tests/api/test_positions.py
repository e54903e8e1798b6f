"""A plain question for a position is answered before its route is reached, in the very same words."""

import httpx
import pytest

from tests.api.conftest import Town
from tests.support import paper_town
from tests.support.actors import bearer

BORDER = paper_town.degrees([(1000, 300)])[0]
INSIDE = paper_town.degrees([(200, 20)])[0]
QUESTIONS = [
    {"lon": BORDER[0], "lat": BORDER[1], "on": "2026-01-01"},
    {"lon": INSIDE[0], "lat": INSIDE[1], "on": "2026-01-01"},
    {"lon": INSIDE[0], "lat": INSIDE[1]},
    {"lon": INSIDE[0], "lat": INSIDE[1], "on": "2025-12-31"},
    {"lon": INSIDE[0], "lat": INSIDE[1], "on": "2026-W01-4"},
    {"lon": INSIDE[0], "lat": INSIDE[1], "on": "20260101"},
    {"lon": INSIDE[0], "lat": INSIDE[1], "on": ""},
    {"lon": "0", "lat": "0"},
    {"lon": INSIDE[1], "lat": INSIDE[0]},
    {"lon": "NaN", "lat": "31"},
    {"lon": "Infinity", "lat": "31"},
    {"lon": "east", "lat": "31"},
    {"lon": "1_2", "lat": "3_1"},
    {"lon": "１２１", "lat": "31"},
    {"lon": " 121.4 ", "lat": "+31"},
    {"lon": "0x10", "lat": "1e1"},
    {"lat": "31"},
    {},
]


OF_ONE_ANSWER = ("date", "x-request-id", "content-length", "content-encoding", "vary")


def told(answer: httpx.Response) -> object:
    document = answer.json()
    for name in ("request_id", "instance"):
        document.pop(name, None)
    headers = {name: value for name, value in answer.headers.items() if name not in OF_ONE_ANSWER}
    return answer.status_code, headers, document


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_the_short_way_and_the_declared_one_answer_alike(
    public_client: httpx.Client, question: dict[str, object]
) -> None:
    """A language is nothing that the short way knows."""
    short = public_client.get("/api/v1/areas/at", params=question, headers={"Accept-Language": "en"})
    declared = public_client.get("/api/v1/areas/at", params={**question, "lang": "en"})
    assert told(short) == told(declared)


def test_the_border_falls_to_the_lower_code_on_both_ways(public_client: httpx.Client) -> None:
    for more in ({}, {"lang": "zh"}):
        items = public_client.get("/api/v1/areas/at", params={**QUESTIONS[0], **more}).json()["items"]
        assert [item["code"] for item in items] == ["310113001"]


def test_a_key_is_looked_at_although_nobody_needs_one(public_client: httpx.Client, town: Town) -> None:
    good = public_client.get("/api/v1/areas/at", params=QUESTIONS[1], headers=bearer(town.key))
    assert [item["code"] for item in good.json()["items"]] == ["310113001"]
    refused = public_client.get("/api/v1/areas/at", params=QUESTIONS[1], headers=bearer("gm_no_key"))
    assert refused.status_code == 401
