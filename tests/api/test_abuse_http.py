"""What callers who mean no good ask of spots, gates, scenarios and standing orders; numbers as in `paper_town`."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from api.app import create_app
from gridmgmt.analysis.walking.paths import MOST_CROSSINGS
from gridmgmt.settings import Settings
from gridmgmt.walking.cache import WARM
from gridmgmt.walking.edits import MOST_VERTICES
from tests.api.conftest import NOW, Town
from tests.support.actors import bearer
from tests.support.paper_gates import load_gates
from tests.support.paper_town import degrees
from tests.support.serving import served

SPOTS = "/api/v1/placeability"
SCENARIOS = "/api/v1/walking/scenarios"
ORDERS = "/api/v1/coverage/orders"
WHAT_IF = "/api/v1/walking/gates/G1/what-if"
QUESTIONS = 3
LON, LAT = degrees([(1400, 20)])[0]
PATH = {"kind": "add_path", "line": degrees([(500, 0), (1500, 500)])}


@pytest.fixture(scope="module")
def gated(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The town with its gate."""
    load_gates(town.sessions, tmp_path_factory.mktemp("gates"))
    yield town
    WARM.clear()


@pytest.fixture(scope="module")
def coarse(gated: Town) -> Iterator[httpx.Client]:
    """A planner's client where exact results are shown to nobody, with few questions a day."""
    settings = Settings(reading="open", results="public", place_questions_per_day=QUESTIONS)
    with served(create_app(settings, gated.url, clock=lambda: NOW)) as client:
        client.headers.update(bearer(gated.key))
        yield client


@pytest.mark.parametrize(
    "terms",
    [
        {"at": "wed 10:01"},
        {"trip": "round"},
        {"types": ["meal_point"]},
        {"barriers": ["water"]},
        {"connection_limit_m": 99.5},
        {"scenario": "mine"},
    ],
)
def test_the_public_form_of_a_gate_takes_no_terms_that_could_be_told_apart(coarse: httpx.Client, terms) -> None:
    refused = coarse.post(WHAT_IF, json={"access": "closed", **terms})
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/gate_terms_withheld")


def test_gates_and_spots_are_asked_about_out_of_one_budget(coarse: httpx.Client) -> None:
    spot = {"lon": LON, "lat": LAT, "type": "elderly_service_point"}
    assert coarse.post(SPOTS, json=spot).status_code in {200, 403}
    answers = [coarse.post(WHAT_IF, json={"access": "closed"}) for _ in range(QUESTIONS + 1)]
    assert coarse.get(f"{SPOTS}/questions").json()["left"] == 0
    spent = coarse.post(WHAT_IF, json={"access": "closed"})
    assert (spent.status_code, spent.json()["type"]) == (403, "/problems/place_questions_spent")
    assert coarse.post(SPOTS, json=spot).json()["type"] == "/problems/place_questions_spent"
    assert all(answer.json()["total"]["places"] is None for answer in answers if answer.status_code == 200)


def test_an_unknown_gate_takes_no_question(gated: Town) -> None:
    settings = Settings(reading="open", results="public", place_questions_per_day=10**6)
    with served(create_app(settings, gated.url, clock=lambda: NOW)) as client:
        client.headers.update(bearer(gated.key))
        before = client.get(f"{SPOTS}/questions").json()["left"]
        assert client.post("/api/v1/walking/gates/G9/what-if", json={}).status_code == 404
        assert client.get(f"{SPOTS}/questions").json()["left"] == before
        assert client.post(WHAT_IF, json={}).status_code == 200
        assert client.get(f"{SPOTS}/questions").json()["left"] == before - 1


@pytest.mark.parametrize("name", [".", "..", "a/b", " ", "x\x00y"])
def test_names_that_no_address_leads_to_are_refused(client: httpx.Client, name: str) -> None:
    assert client.post(ORDERS, json={"name": name}).status_code == 422
    if name != " ":
        assert client.post(SCENARIOS, json={"name": name, "edits": [PATH]}).status_code == 422


@pytest.mark.parametrize(
    "attributes",
    [
        '{"capacity": 1e-320}',
        '{"cost_yuan": 5, "budget_yuan": 1e-320}',
        '{"floor_area_m2": 1e308}',
        '{"lease_years": NaN}',
        '{"cost_yuan": -1}',
        f'{{"storey": {"9" * 400}}}',
    ],
)
def test_attributes_that_cannot_be_reckoned_with_are_refused(client: httpx.Client, attributes: str) -> None:
    body = f'{{"lon": {LON}, "lat": {LAT}, "type": "elderly_service_point", "attributes": {attributes}}}'
    refused = client.post(SPOTS, content=body, headers={"Content-Type": "application/json"})
    assert refused.status_code == 422


def test_a_path_to_and_fro_over_the_streets_is_refused(client: httpx.Client) -> None:
    to_and_fro = degrees([(300 + 1200 * (i % 2) + 0.1 * i, -50 if i % 2 else 60) for i in range(MOST_VERTICES)])
    assert len(to_and_fro) > MOST_CROSSINGS + 1
    refused = client.post(SCENARIOS, json={"name": "to and fro", "edits": [{"kind": "add_path", "line": to_and_fro}]})
    assert (refused.status_code, refused.json().get("type")) == (422, "/problems/path_crosses_too_much")


def test_names_are_no_markup_and_no_formulas(client: httpx.Client) -> None:
    spot = {"lon": LON, "lat": LAT, "name": "=cmd|'/C calc'!A0<script>#eval()$x$"}
    page = client.post(SPOTS, params={"format": "html"}, json={**spot, "type": "elderly_service_point"}).text
    assert "&lt;script&gt;#eval()$x$" in page
    assert "<script>#eval" not in page
    ranked = client.post(
        f"{SPOTS}/candidates", params={"format": "csv"}, json={"type": "elderly_service_point", "candidates": [spot]}
    )
    assert ranked.text.splitlines()[1].split(",")[1].lstrip('"').startswith("'=cmd")


@pytest.mark.parametrize("address", [SPOTS, f"{SPOTS}/candidates", SCENARIOS, WHAT_IF, ORDERS, "/api/v1/isochrones"])
def test_bodies_nested_without_end_are_refused(client: httpx.Client, address: str) -> None:
    for body in ("[" * 400_000 + "]" * 400_000, '{"a":' * 150_000 + "1" + "}" * 150_000, b"\xff\xfe", '{"lon": 1'):
        refused = client.post(address, content=body, headers={"Content-Type": "application/json"})
        assert refused.status_code in {400, 422}


def test_a_hundred_what_ifs_at_once_answer_as_one_after_another(gated: Town, client: httpx.Client) -> None:
    asks = [
        {"access": access, "at": at, "trip": trip, "profile": profile}
        for access in ("closed", "residents", "public")
        for at in ("wed 10:00", "sun 10:00")
        for trip in ("to_point", "round")
        for profile in ("elder", "age_80_plus")
    ]

    def answer(ask: dict[str, str]) -> object:
        found = client.post(WHAT_IF, json=ask, timeout=120)
        assert found.status_code == 200, found.text
        return found.json()

    WARM.clear()
    builds = WARM.figures().builds
    hundred = [asks[i % len(asks)] for i in range(100)]
    with ThreadPoolExecutor(50) as pool:
        together = list(pool.map(answer, hundred))
    built = WARM.figures().builds - builds
    assert together == [answer(ask) for ask in hundred]
    assert WARM.figures().builds - builds == built  # nothing was let go or built twice
