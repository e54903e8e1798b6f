"""Standing orders, accessibility and the PDF over HTTP, on the town drawn in `tests.support.paper_town`."""

from datetime import date

import httpx
import pytest

from api.app import create_app
from gridmgmt.coverage import orders
from gridmgmt.jobs.worker import Worker
from gridmgmt.settings import Settings
from gridmgmt.work import HANDLERS
from tests.api.conftest import NOW, Town
from tests.support.serving import served

ORDERS = "/api/v1/coverage/orders"
ACCESS = "/api/v1/coverage/accessibility"
TODAY = date(2026, 1, 15)


def test_an_order_from_asking_to_dropping(client: httpx.Client, town: Town) -> None:
    made = client.post(ORDERS, json={"name": "西镇 20", "area": "310113001", "at": "sun 19:00", "trip": "round"})
    assert (made.status_code, made.json()["state"]) == (201, "waiting")
    here = made.headers["location"]
    with town.sessions.begin() as session:
        (run_id,) = orders.keep_fresh(session, TODAY)
    assert client.get(here).json()["state"] == "running"
    assert Worker(town.sessions, HANDLERS, lease_s=15).run_one()
    found = client.get(here).json()
    assert (found["state"], found["at"], found["trip"], found["error"]) == ("fresh", "sun 19:00", "round", None)
    (run,) = found["runs"]
    assert run["run_id"] == run_id
    assert client.get(run["links"]["self"]).json()["report"]["parameters"]["trip"] == "round"
    assert [order["name"] for order in client.get(ORDERS).json()["items"]] == ["西镇 20"]
    again = client.post(f"{here}/renewals")
    assert (again.status_code, again.json()["state"]) == (202, "waiting")
    dropped = client.delete(here)
    assert (dropped.status_code, dropped.json()["name"]) == (200, "西镇 20")
    assert client.get(here).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "a/b"}, 422, "order_name"),
        ({"name": "x", "area": "nowhere"}, 404, "area_unknown"),
        ({"name": "x", "profile": "runner"}, 404, "profile_unknown"),
        ({"name": "x", "at": "someday"}, 422, None),
        ({"name": ""}, 422, None),
    ],
)
def test_what_cannot_be_ordered_is_told(client: httpx.Client, body: dict[str, str], status: int, code: str) -> None:
    refused = client.post(ORDERS, json=body)
    assert refused.status_code == status
    if code:
        assert refused.json()["type"].endswith(code)


def test_one_name_is_one_order(client: httpx.Client) -> None:
    assert client.post(ORDERS, json={"name": "once"}).status_code == 201
    assert client.post(ORDERS, json={"name": "once"}).status_code == 409
    assert client.delete(f"{ORDERS}/once").status_code == 200


def test_accessibility(client: httpx.Client, town: Town) -> None:
    """A of 15 is reached by 30.75 of 75.75 residents."""
    asked = {"capacity": "elderly_service_point=15"}
    found = client.get(ACCESS, params=asked).json()
    assert found["everybody"]["without"] == 45
    assert found["everybody"]["mean"] == pytest.approx(15 / 75.75)
    assert found["everybody"]["gini"] == pytest.approx(45 / 75.75)
    of_run = client.get(ACCESS, params={**asked, "run": town.run_id, "minutes": 1}).json()
    assert of_run["parameters"]["limit_s"] == 1200
    west = client.get(ACCESS, params={**asked, "area": "310113001"}).json()
    assert west["everybody"]["residents"] == 35.75
    for format_ in ("html", "xlsx", "csv", "geojson"):
        file = client.get(ACCESS, params={**asked, "format": format_})
        assert (file.status_code, f'accessibility.{format_}"' in file.headers["content-disposition"]) == (200, True)


def test_bad_accessibility_questions(client: httpx.Client) -> None:
    assert client.get(ACCESS, params={"method": "4sfca"}).status_code == 422
    bad = client.get(ACCESS, params={"capacity": "meal_point"})
    assert (bad.status_code, bad.json()["type"].rsplit("/", 1)[-1]) == (422, "capacity_malformed")


def test_the_report_on_paper(client: httpx.Client, town: Town) -> None:
    """The same question, asked and computed once more, gives the same bytes."""
    again = client.post("/api/v1/coverage/runs", json={}).json()
    assert Worker(town.sessions, HANDLERS, lease_s=15).run_one()
    first, second = (
        client.get(f"/api/v1/coverage/runs/{run_id}/report", params={"format": "pdf", "lang": "zh"})
        for run_id in (town.run_id, again["run_id"])
    )
    assert (first.status_code, first.headers["content-type"]) == (200, "application/pdf")
    assert first.content == second.content
    assert first.content.startswith(b"%PDF-")


def test_the_public_form_starts_nothing_and_gives_no_accessibility(town: Town) -> None:
    with served(create_app(Settings(results="public", reading="open"), town.url, clock=lambda: NOW)) as visitor:
        assert visitor.get(ACCESS).status_code == 403
        assert visitor.post(ORDERS, json={"name": "x"}).status_code in (401, 403)
        assert visitor.get(ORDERS).status_code == 200
        public = visitor.get(f"/api/v1/coverage/runs/{town.run_id}/report", params={"format": "pdf"})
        assert public.content.startswith(b"%PDF-")
