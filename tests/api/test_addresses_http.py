"""The gazetteer over HTTP: the box of the console's top bar, geocoding both ways, limits of what is asked."""

from collections.abc import Iterator

import httpx
import pytest

from api.app import create_app
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.settings import Settings
from tests.support import paper_town
from tests.support.actors import TESTER
from tests.support.drafts import take_into_force
from tests.support.gazetteer import DAY, take
from tests.support.serving import served


@pytest.fixture(scope="module")
def client(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of the whole application over the gazetteer and the two drawn towns."""
    from gridmgmt import imports  # noqa: PLC0415
    from gridmgmt.ingest.areas import read_areas  # noqa: PLC0415

    engine = make_engine(module_database_url)
    with make_sessions(engine).begin() as session:
        file = paper_town.areas_file(tmp_path_factory.mktemp("areas"))
        imports.import_areas(session, TESTER, read_areas(file), paper_town.labels("towns"), level="town")
        take_into_force(session, "towns")
        take(session)
    engine.dispose()
    with served(create_app(Settings(reading="open"), module_database_url), "/api/v1") as client:
        client.params = {"on": DAY.isoformat()}
        yield client


def test_the_box_finds_doors_with_their_code_and_point(client) -> None:
    (first, *_) = client.get("/addresses", params={"q": "cjxl1568"}).json()["items"]
    assert (first["kind"], first["address"]) == ("door", "上海市宝山区长江西路1568号")
    assert len(first["point"]) == 2
    assert first["score"] == pytest.approx(0.93)


def test_of_what_fits_equally_well_the_nearest_comes_first(client) -> None:
    def first(**where: str) -> list[str]:
        return [hit["code"] for hit in client.get("/addresses", params={"q": "hll", **where}).json()["items"]][:2]

    # 呼兰路 lies at 121.432, 31.3000, 虎林路 at 121.472, 31.3000, 华灵路 at 121.464, 31.3240.
    assert first(near="121.43,31.3001") == ["R005", "R010"]
    assert first(near="121.47,31.3300") == ["R033", "R010"]
    assert client.get("/addresses", params={"q": "hll", "near": "31.3,121.4"}).status_code == 422
    assert client.get("/addresses", params={"q": "hll", "near": "here"}).status_code == 422


def test_areas_come_first_by_name_and_by_code(client) -> None:
    by_code = client.get("/addresses", params={"q": "310113001"}).json()["items"]
    assert [(hit["kind"], hit["code"]) for hit in by_code][:1] == [("area", "310113001")]
    by_name = client.get("/addresses", params={"q": by_code[0]["name"]}).json()["items"]
    assert by_name[0]["code"] == "310113001"


def test_at_most_ten_and_a_former_name_is_told(client) -> None:
    assert len(client.get("/addresses", params={"q": "泗塘"}).json()["items"]) == 10
    (first, *_) = client.get("/addresses", params={"q": "场中东路"}).json()["items"]
    assert (first["name"], first["called"]) == ("一二八纪念路", "场中东路")
    detail = client.get(f"/addresses/{first['address_id']}").json()
    assert [(o["other"], o["called_from"]) for o in detail["other_names"]] == [("场中东路", "1960-01-01")]


def test_geocoding_says_in_words_what_it_stands_on(client) -> None:
    asked = {"address": "长江西路104号"}
    found = client.get("/addresses/geocode", params=asked, headers={"Accept-Language": "en"}).json()
    assert (found["state"], found["reason"]) == ("matched", "between neighbouring doors")
    assert found["found"]["confidence"] == 0.8
    nothing = client.get("/addresses/geocode", params={"address": "火星大道1号"}).json()
    assert (nothing["state"], nothing["found"], nothing["candidates"]) == ("unmatched", None, [])


def test_many_addresses_at_once_keep_their_order(client) -> None:
    asked = ["长江西路100号", "火星大道1号", "逸仙路1321弄5号"]
    items = client.post("/addresses/geocode", json={"addresses": asked}).json()["items"]
    assert [item["asked"] for item in items] == asked
    assert [item["state"] for item in items] == ["matched", "unmatched", "ambiguous"]
    too_many = client.post("/addresses/geocode", json={"addresses": ["x"] * 501})
    assert too_many.status_code == 422
    assert too_many.headers["content-type"].startswith("application/problem+json")


def test_a_point_gets_its_addresses(client) -> None:
    near = client.get("/addresses/at", params={"lon": 121.402, "lat": 31.3}).json()
    assert near["items"][0]["address"] == "上海市宝山区长江西路100号"
    assert near["items"][0]["distance_m"] < 0.01
    assert client.get("/addresses/at", params={"lon": 31.3, "lat": 121.4}).status_code == 422


@pytest.mark.parametrize("path", ["/addresses/999999", "/addresses/9223372036854775807"])
def test_an_unknown_address_is_not_found(client, path) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["type"].endswith("address_unknown")


@pytest.mark.parametrize("params", [{}, {"q": ""}, {"q": "x" * 121}, {"q": "路", "limit": 11}])
def test_what_cannot_be_asked_is_refused(client, params) -> None:
    assert client.get("/addresses", params=params).status_code == 422


@pytest.mark.parametrize("q", ["\x00", "%00", "长\x00江", "'", "_%"])
def test_odd_characters_are_no_fault(client, q) -> None:
    assert client.get("/addresses", params={"q": q}).status_code in {200, 422}
