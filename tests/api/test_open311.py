"""Open311 GeoReport v2 over real HTTP, sentence by sentence of its specification; `docs/open311.md` names these."""

import csv
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy import text as sql

from api.app import create_app
from gridmgmt.access.rules import Role
from gridmgmt.cases.rules import CaseState
from gridmgmt.cluster import libpq_url
from gridmgmt.open311.queries import unknown_type
from gridmgmt.settings import Settings
from tests.support import paper_grids
from tests.support.actors import add_account, add_key, bearer
from tests.support.division import spot
from tests.support.open311 import BASE, NOW, SECOND, Folder, open311_folder
from tests.support.serving import served

W3C = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
LISTS = {"services", "attributes", "values", "service_requests", "endpoints", "formats", "errors"}
"""What the specification writes as a list of elements (⇊)."""
REQUEST_FIELDS = [
    "service_request_id", "status", "status_notes", "service_name", "service_code", "description",
    "agency_responsible", "service_notice", "requested_datetime", "updated_datetime", "expected_datetime", "address",
    "address_id", "zipcode", "lat", "long", "media_url",
]  # fmt: skip
LOGGED = """
SELECT to_jsonb(c)::text || coalesce((SELECT string_agg(to_jsonb(m)::text, '') FROM case_moves AS m
    WHERE m.case_id = c.case_id), '') || coalesce((SELECT string_agg(to_jsonb(g)::text, '') FROM changes AS g), '')
FROM cases AS c WHERE case_no = %s
"""
"""A case with all that the logs say."""
PERSON = {
    "email": "zhang.wei@example.org", "phone": "13912345678", "first_name": "Xiaoming-Q", "last_name": "Ouyang-Z",
    "device_id": "tt222111-device", "account_id": "account-98765",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    """A folder with one district whose reading is open."""
    with open311_folder(module_database_url, tmp_path_factory.mktemp("open311")) as found:
        yield found


def spark(element: ET.Element) -> Any:
    """Return an element by the Spark convention."""
    if element.tag in LISTS:
        return [spark(each) for each in element]
    if len(element):
        return {each.tag: spark(each) for each in element}
    return element.text


def as_text(value: Any) -> Any:
    """Return a JSON value with its numbers and truths as XML writes them."""
    if isinstance(value, dict):
        return {key: as_text(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_text(each) for each in value]
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None else str(value)


def assert_errors(answer: httpx.Response, status: int, *words: str) -> list[dict[str, Any]]:
    """Check the error response of the specification: its shape in the wished format, and what it speaks of."""
    assert answer.status_code == status, answer.text
    if ".json" in answer.request.url.path:
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        found: list[dict[str, Any]] = answer.json()
    else:
        assert answer.headers["content-type"] == "text/xml; charset=utf-8"
        root = ET.fromstring(answer.text.encode())
        assert root.tag == "errors"
        found = [{**spark(each), "code": int(spark(each)["code"])} for each in root]
    assert all(set(each) == {"code", "description"} and each["description"] for each in found)
    assert any(each["code"] == status for each in found)
    for word in words:
        assert any(word in each["description"] for each in found), (word, found)
    return found


def stored(folder: Folder, case_no: str, at: datetime = NOW, **values: Any) -> str:
    """Store a case as an import might have left it."""
    lon, lat = spot(0.5, 0.5)
    row: dict[str, Any] = {
        "case_no": case_no, "kind": "event", "type": "1101", "state": "reported", "reported_at": at, "updated_at": at,
        "district_code": "310113", "geom": f"SRID=4326;POINT({lon} {lat})", **values,
    }  # fmt: skip
    names = ", ".join(row)
    with folder.sessions.begin() as session:
        session.execute(sql(f"INSERT INTO cases ({names}) VALUES ({', '.join(':' + name for name in row)})"), row)
    return case_no


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["service_request_id"] for each in answer.json()]


# Encoding, formats, discovery


@pytest.mark.parametrize(
    "path", ["discovery", "services", "services/1404", "requests", "requests/R-1", "request/R-1", "tokens/R-1"]
)
def test_json_is_the_xml_by_the_spark_convention(folder: Folder, path: str) -> None:
    with folder.sessions.begin() as session:
        there = session.scalar(sql("SELECT 1 FROM cases WHERE case_no = 'R-1'"))
    if not there:
        stored(folder, "R-1", description="深 < 5 cm & 宽\n10 cm ]]>", address="聚丰园路", due_at=NOW)
    xml, told = folder.get(f"{path}.xml", extensions="true"), folder.get(f"{path}.json", extensions="true")
    assert xml.headers["content-type"] == "text/xml; charset=utf-8"
    assert told.headers["content-type"] == "application/json; charset=utf-8"
    assert xml.content.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<')
    root = ET.fromstring(xml.content)
    assert "}" not in root.tag, "no namespace"
    assert spark(root) == as_text(told.json())


def test_discovery_has_every_field_at_both_addresses(folder: Folder) -> None:
    for path in ("/open311/discovery", f"{BASE}/discovery"):
        found = folder.client.get(f"{path}.json").json()
        assert set(found) == {"changeset", "contact", "key_service", "endpoints"}
        assert all(isinstance(found[name], str) and found[name] for name in ("changeset", "contact", "key_service"))
        (endpoint,) = found["endpoints"]
        assert set(endpoint) == {"specification", "url", "changeset", "type", "formats"}
        assert endpoint["specification"] == "http://wiki.open311.org/GeoReport_v2"
        assert endpoint["url"] == f"{str(folder.client.base_url).rstrip('/')}{BASE}"
        assert endpoint["type"] == "test", "the folder is made up"
        assert endpoint["formats"] == ["text/xml", "application/json"]
        assert W3C.fullmatch(endpoint["changeset"])
    for root in ("/open311", "/open311/", BASE, f"{BASE}/"):
        led = folder.client.get(root)
        assert (led.status_code, led.headers["location"]) == (307, "/open311/discovery.xml")


def test_reading_takes_no_key(folder: Folder) -> None:
    for path in ("discovery.xml", "services.xml", "services/0101.xml", "requests.xml"):
        assert folder.get(path).status_code == 200


# GET Service List, GET Service Definition


def test_services_are_the_types_of_the_catalogue(folder: Folder) -> None:
    services = {each["service_code"]: each for each in folder.get("services.json").json()}
    cover = services["0101"]
    assert list(cover) == ["service_code", "service_name", "description", "metadata", "type", "keywords", "group"]
    assert (cover["service_name"], cover["group"]) == ("Water supply manhole cover", "Public utilities")
    assert {each["type"] for each in services.values()} == {"realtime"}
    assert (cover["metadata"], services["1102"]["metadata"]) == (True, False)
    assert "上水井盖" in cover["keywords"].split(", ")
    chinese = {each["service_code"]: each for each in folder.get("services.json", lang="zh").json()}
    assert (chinese["0101"]["service_name"], chinese["0101"]["group"]) == ("上水井盖", "公用设施")


def test_a_definition_has_the_attributes_of_the_service(folder: Folder) -> None:
    found = folder.get("services/1404.json").json()
    assert found["service_code"] == "1404"
    number, several = found["attributes"]
    assert number == {
        "variable": True, "code": "vehicles", "datatype": "number", "required": False,
        "datatype_description": "Number", "order": 1, "description": "How many vehicles", "values": [],
    }  # fmt: skip
    assert (several["datatype"], several["order"]) == ("multivaluelist", 2)
    assert several["values"][0] == {"key": "roadway", "name": "Roadway"}
    (required,) = folder.get("services/1501.json").json()["attributes"]
    assert (required["code"], required["datatype"], required["required"]) == ("secured", "singlevaluelist", True)
    assert folder.get("services/1102.json").json() == {"service_code": "1102", "attributes": []}


def test_an_unknown_service_is_404(folder: Folder) -> None:
    assert_errors(folder.get("services/9999.xml"), 404, "9999")
    assert_errors(folder.post(service_code="9999"), 404, "9999")
    assert_errors(folder.get("requests.json", service_code="9999"), 404, "9999")


def test_a_long_list_of_unknown_services_is_looked_up_in_one_statement(folder: Folder) -> None:
    stored(folder, "R-OWN", type="own")
    codes = [f"none-{n}" for n in range(2_000)]
    statements: list[str] = []
    with folder.sessions() as session:
        event.listen(session.get_bind(), "before_cursor_execute", lambda *told: statements.append(told[2]))
        assert unknown_type(session, ["own", *codes]) == "none-0"
        assert unknown_type(session, ["own"]) is None
    assert len(statements) == 2


# POST Service Request


def test_a_request_is_made_and_its_id_told_at_once(folder: Folder) -> None:
    (made,) = folder.post(description="A large sinkhole").json()
    assert set(made) == {"service_request_id", "service_notice", "account_id"}, "no token beside an id"
    assert made["service_notice"]
    assert made["account_id"] is None
    root = ET.fromstring(folder.post("xml").content)
    assert root.tag == "service_requests"
    assert [each.tag for each in root] == ["request"]
    (read,) = folder.get(f"requests/{made['service_request_id']}.json").json()
    lon, lat = spot(0.5, 0.5)
    assert (read["status"], read["service_code"], read["description"]) == ("open", "0101", "A large sinkhole")
    assert (read["lat"], read["long"]) == (pytest.approx(lat, abs=1e-7), pytest.approx(lon, abs=1e-7))
    assert read["requested_datetime"] == "2026-01-05T12:00:00+08:00"


def test_a_request_is_a_case_like_any_other(folder: Folder) -> None:
    case = folder.client.get(f"/api/v1/cases/{folder.made(description='<b>Loose</b> cover')}").json()
    assert (case["state"], case["source"], case["type"]) == ("reported", "public", "0101")
    assert (case["town_code"], case["cell_code"]) == (paper_grids.TOWN, paper_grids.cell(0, 0))
    assert case["description"] == "Loose cover", "no html"


def test_the_example_of_the_specification_is_taken(folder: Folder) -> None:
    """Coordinates and an address together, attributes, and all that a client may say of a person."""
    lon, lat = spot(0.5, 0.5)
    body = (
        f"api_key={folder.key}&jurisdiction_id=310113&service_code=0101&lat={lat}&long={lon}"
        "&address_string=1234+5th+street&email=smit333%40sfgov.edu&device_id=tt222111&account_id=123456"
        "&first_name=john&last_name=smith&phone=111111111&description=A+large+sinkhole+is+destroying+the+street"
        "&media_url=http%3A%2F%2Ffarm3.static.flickr.com%2F2002%2F2212426634_5ed477a060.jpg&attribute[danger]=walkers"
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    answer = folder.client.post(f"{BASE}/requests.xml", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    made = spark(ET.fromstring(answer.content))[0]["service_request_id"]
    (read,) = folder.get(f"requests/{made}.json").json()
    assert (read["address"], read["media_url"]) == (
        "1234 5th street", "http://farm3.static.flickr.com/2002/2212426634_5ed477a060.jpg",
    )  # fmt: skip
    assert folder.client.get(f"/api/v1/cases/{made}").json()["fields"] == {"danger": "walkers"}


def test_attributes_of_every_datatype(folder: Folder) -> None:
    made = folder.made(
        service_code="1404", **{"attribute[vehicles]": "3", "attribute[blocked][]": ["tactile", "roadway"]}
    )
    fields = folder.client.get(f"/api/v1/cases/{made}").json()["fields"]
    assert fields == {"vehicles": 3, "blocked": ["roadway", "tactile"]}
    made = folder.made(service_code="1301", **{"attribute[heard_at]": "2026-01-05T11:00:00+08:00"})
    assert folder.client.get(f"/api/v1/cases/{made}").json()["fields"] == {"heard_at": "2026-01-05T11:00:00+08:00"}
    made = folder.made(service_code="1501", **{"attribute[secured]": "yes"})
    assert folder.client.get(f"/api/v1/cases/{made}").json()["fields"] == {"secured": "yes"}
    made = folder.made(service_code="2101", **{"attribute[enterprise]": "two\nlines"})
    assert folder.client.get(f"/api/v1/cases/{made}").json()["fields"] == {"enterprise": "two\nlines"}


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"service_code": "1501"}, ["secured"]),
        ({"service_code": "1501", "attribute[secured]": "perhaps"}, ["attribute[secured]", "perhaps"]),
        ({"service_code": "1404", "attribute[vehicles]": "many"}, ["attribute[vehicles]"]),
        ({"service_code": "1501", "attribute[colour]": "red"}, ["secured", "colour"]),
    ],
)
def test_an_attribute_that_is_missing_or_wrong_is_400(folder: Folder, form: dict[str, str], words: list[str]) -> None:
    assert_errors(folder.post(**form), 400, *words)


def test_all_that_is_wrong_is_told_at_once(folder: Folder) -> None:
    found = assert_errors(folder.post(service_code=None, lat=None, long=None), 400, "service_code", "lat and long")
    assert len(found) == 2
    found = assert_errors(folder.get("requests.xml", status="new", start_date="monday", page="0"), 400)
    assert len(found) == 3


def test_a_place_is_coordinates_or_an_address(folder: Folder) -> None:
    nowhere = {"lat": None, "long": None}
    door = folder.made(**nowhere, address_string="长江西路3号")
    (read,) = folder.get(f"requests/{door}.json").json()
    lon, lat = spot(1.5, 0.5)
    assert (read["lat"], read["long"]) == (pytest.approx(lat, abs=1e-6), pytest.approx(lon, abs=1e-6))
    assert read["address"] == "长江西路3号"
    with folder.sessions() as session:
        address_id = session.scalar(sql("SELECT address_id FROM addresses WHERE address = '长江西路1号'"))
    (read,) = folder.get(f"requests/{folder.made(**nowhere, address_id=address_id)}.json").json()
    assert (read["address"], read["lat"]) == ("长江西路1号", pytest.approx(spot(0.5, 0.5)[1], abs=1e-6))


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"lat": None, "long": None}, ["lat and long", "address_string", "address_id"]),
        ({"lat": None}, ["lat was not provided"]),
        ({"long": ""}, ["long was not provided"]),
        ({"lat": "north"}, ["lat", "north"]),
        ({"lat": "nan"}, ["nan"]),
        ({"lat": "91"}, ["91"]),
        ({"lat": None, "long": None, "address_string": "天上人间路9号"}, ["天上人间路9号"]),
        ({"lat": None, "long": None, "address_string": "和平小区"}, ["和平小区", "may be any of"]),
        ({"lat": None, "long": None, "address_id": "999999"}, ["999999"]),
        ({"lat": None, "long": None, "address_id": "first"}, ["first"]),
        ({"lat": 31.3019, "long": 121.4059, "address_string": "长江西路1号"}, ["长江西路1号", "m from the coo"]),
        ({"lat": 31.39, "long": 121.49}, ["张庙街道"]),
        ({"description": "x" * 4001}, ["description", "4000"]),
        ({"media_url": "javascript:alert(1)"}, ["media_url"]),
        ({"email": "nobody"}, ["email"]),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_400(folder: Folder, form: dict[str, Any], words: list[str]) -> None:
    assert_errors(folder.post(**form), 400, *words)
    assert_errors(folder.post("xml", **form), 400, *words)


@pytest.mark.parametrize("key", [None, "", "gm_nobody"])
def test_a_missing_or_wrong_key_is_403(folder: Folder, key: str | None) -> None:
    assert_errors(folder.post(api_key=key), 403, "api_key")
    assert_errors(folder.post("xml", api_key=key), 403, "key")


def test_a_key_without_the_permission_is_403(folder: Folder) -> None:
    assert_errors(folder.post(api_key=folder.reader), 403, "cases.report")


def test_a_key_may_stand_in_a_header_or_the_address(folder: Folder) -> None:
    assert folder.post(api_key=None, headers=bearer(folder.key)).status_code == 200
    lon, lat = spot(0.5, 0.5)
    form = {"service_code": "0101", "lat": lat, "long": lon}
    assert folder.client.post(f"{BASE}/requests.json", data=form, params={"api_key": folder.key}).status_code == 200


def test_a_body_that_is_no_form_is_400(folder: Folder) -> None:
    headers = bearer(folder.key)
    assert_errors(folder.client.post(f"{BASE}/requests.json", json={"service_code": "0101"}, headers=headers), 400)
    parts = {"api_key": (None, folder.key), "service_code": (None, "0101")}  # multipart, as `curl -F` sends it
    assert_errors(folder.client.post(f"{BASE}/requests.json", files=parts), 400, "x-www-form-urlencoded")
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    broken = folder.client.post(f"{BASE}/requests.xml", content=b"description=%ff", headers=headers)
    assert_errors(broken, 400, "UTF-8")
    large = folder.client.post(f"{BASE}/requests.xml", content=b"a=" + b"x" * 1_000_001, headers=headers)
    assert large.status_code == 400
    root = ET.fromstring(large.content)
    assert root.tag == "errors"
    assert (
        root.findtext("error/description")
        == f"the body of the request to {BASE}/requests.xml exceeds the limit of 1 MB"
    )


def test_a_retry_under_the_same_key_makes_nothing(folder: Folder) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    first, again = (folder.post(headers=headers, description="once", **PERSON) for _ in range(2))
    assert first.json() == again.json()
    assert_errors(folder.post(headers=headers, description="other"), 400)


def test_an_empty_value_counts_as_not_given(folder: Folder) -> None:
    assert folder.post(jurisdiction_id="", address_string="", email="", media_url="").status_code == 200
    assert folder.get("requests.json", status="", start_date="", page="", service_code="").status_code == 200


def test_what_is_at_media_url_is_not_fetched(folder: Folder) -> None:
    """An address on which nobody listens is as good as any."""
    made = folder.made(media_url="http://127.0.0.1:9/picture.jpg")
    assert folder.get(f"requests/{made}.json").json()[0]["media_url"] == "http://127.0.0.1:9/picture.jpg"


# GET service_request_id from a token


def test_an_id_stands_for_its_token(folder: Folder) -> None:
    made = folder.made()
    assert folder.get(f"tokens/{made}.json").json() == [{"service_request_id": made, "token": made}]
    assert_errors(folder.get("tokens/none.xml"), 404, "none")


# GET Service Requests


def test_a_request_has_all_fields_of_the_specification(folder: Folder) -> None:
    made = folder.made()
    for path in (f"requests/{made}.json", f"request/{made}.json"):
        (read,) = folder.get(path).json()
        assert list(read) == REQUEST_FIELDS
    listed = next(each for each in folder.get("requests.json").json() if each["service_request_id"] == made)
    assert listed == read


def test_an_unknown_request_is_404(folder: Folder) -> None:
    for path in ("requests/none.json", "request/none.xml", "requests/a%00b.xml", "requests/" + "9" * 3000 + ".json"):
        assert_errors(folder.get(path), 404)


def test_times_carry_their_offset(folder: Folder) -> None:
    stored(
        folder, "T-1", NOW - timedelta(days=1), state="closed", due_at=NOW, closed_at=NOW - timedelta(hours=2),
        updated_at=NOW,
    )  # fmt: skip
    (read,) = folder.get("requests/T-1.json").json()
    assert read["requested_datetime"] == "2026-01-04T12:00:00+08:00"
    assert read["updated_datetime"] == "2026-01-05T10:00:00+08:00", "of a closed one, when it was closed"
    assert read["expected_datetime"] == "2026-01-05T12:00:00+08:00"


@pytest.mark.parametrize("state", list(CaseState))
def test_each_state_is_told(folder: Folder, state: CaseState) -> None:
    """By hand: what nobody works on any more is closed."""
    closed = {"closed", "rejected", "duplicate", "voided"}
    received, refused = {"reported", "accepted", "confirmed", "supplement"}, {"rejected", "duplicate", "voided"}
    case_no = stored(folder, f"S-{state}", state=state)
    (read,) = folder.get(f"requests/{case_no}.json", extensions="true").json()
    assert read["status"] == ("closed" if state in closed else "open")
    detailed = read["extended_attributes"]["detailed_status"]
    expected = "RECEIVED" if state in received else "REJECTED" if state in refused else "IN_PROCESS"
    assert detailed == ("PROCESSED" if state == "closed" else expected)
    assert read["extended_attributes"]["state"] == state
    chinese = folder.get(f"requests/{case_no}.json", extensions="true", lang="zh").json()[0]
    assert re.search(r"[一-鿿]", chinese["status_notes"])
    assert chinese["extended_attributes"]["state_name"] == chinese["status_notes"]


def test_a_duplicate_names_the_request_that_goes_on(folder: Folder) -> None:
    first, second = folder.made(), folder.made()
    add_account(folder.sessions, "operator", Role.OPERATOR)
    move = {"move": "link_duplicate", "case_no": first, "version": 1}
    key = bearer(add_key(folder.sessions, "operator"))
    assert folder.client.post(f"/api/v1/cases/{second}/transitions", json=move, headers=key).status_code == 200
    (read,) = folder.get(f"requests/{second}.json", extensions="true").json()
    assert (read["status"], read["extended_attributes"]["duplicate_of"]) == ("closed", first)
    assert first in read["status_notes"]


def test_the_agency_is_the_department(folder: Folder) -> None:
    department = folder.client.get("/api/v1/departments").json()["items"][0]
    stored(folder, "A-1", state="dispatched", department_code=department["code"])
    assert folder.get("requests/A-1.json").json()[0]["agency_responsible"] == department["name"]


def test_a_photo_is_the_media_where_no_other_is_given(folder: Folder) -> None:
    stored(folder, "P-1")
    with folder.sessions.begin() as session:
        session.execute(sql("INSERT INTO photos (photo, width_px, height_px, bytes) VALUES (repeat('a', 64), 1, 1, 1)"))
        session.execute(
            sql(
                "INSERT INTO case_photos (case_id, photo, kind, actor)"
                " SELECT case_id, repeat('a', 64), 'near', 'tester' FROM cases WHERE case_no = 'P-1'"
            )
        )
    url = folder.get("requests/P-1.json").json()[0]["media_url"]
    assert url == f"{str(folder.client.base_url).rstrip('/')}/api/v1/photos/{'a' * 64}"


def test_lists_have_the_last_ninety_days_where_no_dates_are_given(folder: Folder) -> None:
    stored(folder, "D-89", NOW - timedelta(days=89, hours=23))
    stored(folder, "D-91", NOW - timedelta(days=90, hours=1))
    found = ids(folder.get("requests.json"))
    assert "D-89" in found
    assert "D-91" not in found
    assert found[-1] == "D-89", "the last reported first"


def test_dates_bound_when_it_was_requested(folder: Folder) -> None:
    for day in (1, 2, 3):
        stored(folder, f"B-{day}", datetime(2024, 5, day, 16, tzinfo=UTC))  # midnight after that day in the district
    span = {"start_date": "2024-05-02T00:00:00+08:00", "end_date": "2024-05-04T00:00:00+08:00"}
    assert ids(folder.get("requests.json", **span)) == ["B-3", "B-2", "B-1"], "both ends included"
    utc = {"start_date": "2024-05-01T16:00:01Z", "end_date": "2024-05-03T15:59:59Z"}
    assert ids(folder.get("requests.json", **utc)) == ["B-2"]
    days = {"start_date": "2024-05-03", "end_date": "2024-05-03"}
    assert ids(folder.get("requests.json", **days)) == ["B-2"], "days are those of the district"
    unescaped = folder.client.get(f"{BASE}/requests.json?start_date=2024-05-03T00:00:00+08:00&end_date=2024-05-04")
    assert ids(unescaped) == ["B-3", "B-2"]
    assert ids(folder.get("requests.json", start_date="2024-05-01")) == ["B-3", "B-2", "B-1"], "and 90 days from then"
    assert ids(folder.get("requests.json", end_date="2024-07-31T16:00:00Z")) == ["B-3", "B-2"], "and the 90 days before"


def test_a_span_of_more_than_ninety_days_is_400(folder: Folder) -> None:
    assert ids(folder.get("requests.json", start_date="2023-01-01T00:00:00Z", end_date="2023-04-01T00:00:00Z")) == []
    long = folder.get("requests.xml", start_date="2023-01-01T00:00:00Z", end_date="2023-04-01T00:00:01Z")
    assert_errors(long, 400, "90")
    reversed_ = folder.get("requests.json", start_date="2023-02-01T00:00:00Z", end_date="2023-01-01T00:00:00Z")
    assert_errors(reversed_, 400, "start_date")


@pytest.mark.parametrize(
    "value", ["yesterday", "2026-02-30", "2026-01-01T00:00:00", "2026-01-01T25:00:00Z", "1767225600"]
)
def test_a_date_without_its_offset_or_form_is_400(folder: Folder, value: str) -> None:
    for name in ("start_date", "end_date", "updated_after"):
        assert_errors(folder.get("requests.json", **{name: value}), 400, name)


def test_statuses_and_services_are_comma_lists(folder: Folder) -> None:
    span = {"start_date": "2024-01-01", "end_date": "2024-01-31"}
    for number, (state, type_) in enumerate([("handling", "1101"), ("closed", "1102"), ("voided", "0101")]):
        stored(folder, f"L-{number}", datetime(2024, 1, 10 + number, tzinfo=UTC), state=state, type=type_)

    def found(**asked: str) -> list[str]:
        return ids(folder.get("requests.json", **span, **asked))

    assert found(status="open") == ["L-0"]
    assert found(status="closed") == ["L-2", "L-1"]
    assert found(status="open,closed") == ["L-2", "L-1", "L-0"]
    assert found(service_code="1101, 0101") == ["L-2", "L-0"]
    assert found(service_code="0101,1102", status="closed") == ["L-2", "L-1"]
    assert found(detailed_status="REJECTED,IN_PROCESS") == ["L-2", "L-0"]
    assert found(detailed_status="REJECTED", status="open") == []
    assert_errors(folder.get("requests.json", status="open,done"), 400, "done")
    assert found(detailed_status="PENDING,REJECTED") == ["L-2"]
    assert found(detailed_status="PENDING,ARCHIVED") == []
    assert_errors(folder.get("requests.xml", detailed_status="DONE"), 400, "DONE")


def test_ids_override_all_other_arguments(folder: Folder) -> None:
    stored(folder, "O-1", datetime(2001, 1, 1, tzinfo=UTC), state="closed")
    stored(folder, "O-2", datetime(2002, 1, 1, tzinfo=UTC))
    asked = {"status": "open", "service_code": "0101", "start_date": "nonsense", "page": "9"}
    assert ids(folder.get("requests.json", service_request_id="O-1,O-2,none", **asked)) == ["O-2", "O-1"]
    assert ids(folder.get("requests.json", service_request_id="none")) == []
    many = ",".join(map(str, range(1001)))
    assert_errors(folder.get("requests.json", service_request_id=many), 400, "1000")


def test_no_answer_has_more_than_a_thousand_requests(folder: Folder) -> None:
    statement = (
        "INSERT INTO cases (case_no, kind, type, state, reported_at, updated_at, geom)"
        " SELECT 'M-' || n, 'event', '1101', 'closed', at, at, ST_Point(121.4, 31.3, 4326)"
        " FROM generate_series(1, 2005) AS n,"
        " LATERAL (SELECT timestamptz '2022-01-01T00:00Z' + n * interval '1 minute' AS at) AS moment"
    )
    with folder.sessions.begin() as session:
        session.execute(sql(statement))
    span = {"start_date": "2022-01-01", "end_date": "2022-02-01"}
    found = ids(folder.get("requests.json", **span))
    assert (len(found), found[0], found[-1]) == (1000, "M-2005", "M-1006")
    pages = [ids(folder.get("requests.json", **span, page=page)) for page in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [1000, 1000, 5, 0]
    assert [each for page in pages for each in page] == [f"M-{n}" for n in range(2005, 0, -1)]
    assert ids(folder.get("requests.json", **span, page=3, page_size=2)) == ["M-2001", "M-2000"]
    assert len(ET.fromstring(folder.get("requests.xml", **span).content)) == 1000


@pytest.mark.parametrize("asked", [{"page": "0"}, {"page": "-1"}, {"page": "1.5"}, {"page": "100001"}, {"page": "٣"},
                                   {"page_size": "0"}, {"page_size": "1001"}, {"page_size": "all"}])  # fmt: skip
def test_a_page_out_of_range_is_400(folder: Folder, asked: dict[str, str]) -> None:
    assert_errors(folder.get("requests.json", **asked), 400, *asked)


def test_updated_after_tells_what_has_changed_whenever_it_was_requested(folder: Folder) -> None:
    later = NOW + timedelta(days=300)
    stored(folder, "U-1", datetime(2020, 1, 1, tzinfo=UTC), updated_at=later)
    stored(folder, "U-2", datetime(2025, 12, 31, tzinfo=UTC), updated_at=later + timedelta(seconds=1))
    asked = {"updated_after": (later - timedelta(seconds=1)).isoformat()}
    assert ids(folder.get("requests.json", **asked)) == ["U-2", "U-1"]
    assert ids(folder.get("requests.json", updated_after=later.isoformat())) == ["U-2"], "later, not then"
    assert ids(folder.get("requests.json", **asked, start_date="2025-12-01")) == ["U-2"]


def test_extensions_come_when_they_are_asked_for(folder: Folder) -> None:
    made = folder.made()
    assert "extended_attributes" not in folder.get(f"requests/{made}.json").json()[0]
    (read,) = folder.get("requests.json", service_request_id=made, extensions="true").json()
    assert read["extended_attributes"] == {
        "detailed_status": "RECEIVED", "state": "reported", "state_name": "Reported", "source": "public",
        "source_name": "Public", "kind": "component", "duplicate_of": None, "town_code": paper_grids.TOWN,
        "cell_code": paper_grids.cell(0, 0),
    }  # fmt: skip


def test_what_xml_cannot_hold_is_left_out(folder: Folder) -> None:
    stored(folder, "X-1", description="a\x01b\x0b\x1f\ufffe<&>\"'\U0001f4a7", address="]]>", type="a<b", source="other")
    root = ET.fromstring(folder.get("requests/X-1.xml").content)
    assert root[0].findtext("description") == "ab<&>\"'\U0001f4a7"
    assert (root[0].findtext("address"), root[0].findtext("service_code")) == ("]]>", "a<b")
    assert folder.get("requests/X-1.json").json()[0]["description"] == "a\x01b\x0b\x1f\ufffe<&>\"'\U0001f4a7"


# Errors


@pytest.mark.parametrize(
    "path", ["nothing.xml", "nothing.json", "services", "services/0101", "requests.yaml", "requests"]
)
def test_what_is_no_resource_is_404(folder: Folder, path: str) -> None:
    assert_errors(folder.get(path), 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "requests.json"),
        ("DELETE", "requests/R-1.xml"),
        ("POST", "services.xml"),
        ("OPTIONS", "requests.json"),
    ],
)
def test_a_method_that_is_none_is_400(folder: Folder, method: str, path: str) -> None:
    assert_errors(folder.client.request(method, f"{BASE}/{path}"), 400, method)


def test_no_value_makes_the_server_fail(folder: Folder) -> None:
    names = ("service_request_id", "service_code", "status", "detailed_status", "start_date", "end_date",
             "updated_after", "page", "page_size", "extensions", "jurisdiction_id", "api_key")  # fmt: skip
    for name in names:
        for value in ("\x00", "x" * 5000, "'; DROP TABLE cases; --", "﷽", "nan", "-1", "0001-01-01", "9999-12-31"):
            answer = folder.get("requests.json", **{name: value})
            assert answer.status_code in {200, 400, 403, 404}, (name, value, answer.text)
            if answer.status_code != 200:
                assert_errors(answer, answer.status_code)
    for name in ("description", "address_string", "media_url", "attribute[danger]", "first_name", "jurisdiction_id"):
        for value in ("\x00", "\ud7ff", "x" * 5000, "'; DROP TABLE cases; --"):
            answer = folder.post(**{name: value})
            assert answer.status_code in {200, 400, 404}, (name, answer.text)


# The file of many requests


def test_the_bulk_file_has_the_columns_of_its_specification(folder: Folder) -> None:
    at = datetime(2021, 6, 1, tzinfo=UTC)
    stored(folder, "C-1", at, state="closed", closed_at=at + timedelta(hours=3), description='=1+1, "x"\n第二行')
    stored(folder, "C-2", at + timedelta(days=200), source="hotline_12345")
    answer = folder.get("requests.csv", start_date="2021-06-01", end_date="2022-05-31")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"service_request_id,requested_datetime,updated_datetime,closed_date,")
    rows = {row["service_request_id"]: row for row in csv.DictReader(io.StringIO(answer.content.decode(), newline=""))}
    assert list(rows["C-1"]) == [
        "service_request_id", "requested_datetime", "updated_datetime", "closed_date", "status_description",
        "status_notes", "source", "service_name", "service_subtype", "description", "agency_responsible", "address",
        "lat", "long",
    ]  # fmt: skip
    assert rows["C-1"]["closed_date"] == rows["C-1"]["updated_datetime"] == "2021-06-01T11:00:00+08:00"
    assert rows["C-1"]["description"] == '\'=1+1, "x"\n第二行', "no formula for a spreadsheet"
    assert (rows["C-2"]["closed_date"], rows["C-2"]["source"]) == ("", "Hotline 12345")
    assert (rows["C-1"]["status_description"], rows["C-2"]["status_description"]) == ("PROCESSED", "RECEIVED")


def test_the_bulk_file_is_not_cut_at_a_thousand(folder: Folder) -> None:
    answer = folder.get("requests.csv", start_date="2022-01-01", end_date="2022-12-31", status="closed")
    found = [row[0] for row in csv.reader(io.StringIO(answer.text))][1:]
    assert len([each for each in found if each.startswith("M-")]) == 2005
    assert_errors(folder.get("requests.csv", start_date="2020-01-01", end_date="2021-12-31"), 400, "366")


# Never a reporter


def test_no_call_ever_tells_who_reported(folder: Folder) -> None:
    """The person is kept where contact data are, and found nowhere in any answer of this interface."""
    with folder.sessions() as session:
        url = session.get_bind().engine.url.render_as_string(hide_password=False)
    answers = [folder.post(format_, **PERSON, description="cover gone") for format_ in ("json", "xml")]
    answers.append(folder.post(**{**PERSON, "email": "not-an-address"}))
    made = answers[0].json()[0]["service_request_id"]
    paths = [f"{path}.{end}" for path in ("discovery", "services", "services/0101", "requests", f"requests/{made}",
             f"request/{made}", f"tokens/{made}") for end in ("xml", "json")]  # fmt: skip
    answers += [folder.get(path, extensions="true") for path in (*paths, "requests.csv")]
    answers.append(folder.get("requests.json", service_request_id=made, extensions="true"))
    assert sum(made in answer.text for answer in answers) >= 7, "the case itself is told"
    for answer in answers:
        for name, value in PERSON.items():
            assert value.lower() not in answer.text.lower(), (answer.request.url, name)
    with psycopg.connect(libpq_url(url)) as connection:
        kept = connection.execute(
            "SELECT r.name, r.phone, r.email FROM case_reporters AS r JOIN cases USING (case_id) WHERE case_no = %s",
            [made],
        ).fetchone()
        everything = connection.execute(LOGGED, [made]).fetchone()
    assert kept == ("Xiaoming-Q Ouyang-Z", PERSON["phone"], PERSON["email"])
    assert everything is not None
    assert not [name for name, value in PERSON.items() if value in everything[0]], "not in the case, nor in any log"


# Several jurisdictions; reading for accounts alone


def test_of_several_districts_one_is_named(fresh_database_url: str, tmp_path: Any) -> None:
    with open311_folder(fresh_database_url, tmp_path, districts=2) as two:
        for path in (
            "services.xml",
            "services/0101.json",
            "requests.json",
            "requests/1.xml",
            "tokens/1.json",
            "requests.csv",
        ):
            assert_errors(two.get(path), 400, "jurisdiction_id")
            assert_errors(two.get(path, jurisdiction_id="sfgov.org"), 404, "sfgov.org")
        assert two.get("services.json", jurisdiction_id=SECOND).status_code == 200
        assert_errors(two.post(), 400, "jurisdiction_id")
        assert_errors(two.post(jurisdiction_id="sfgov.org"), 404, "sfgov.org")
        assert_errors(two.post(jurisdiction_id=SECOND), 400, SECOND, "310113")
        lon, lat = spot(6.5, 0.5)
        first = two.made(jurisdiction_id="310113")
        second = two.made(jurisdiction_id=SECOND, lat=lat, long=lon)
        assert_errors(in_address(two, SECOND), 400, SECOND, "310113")
        assert ids(two.get("requests.json", jurisdiction_id="310113")) == [first], "nothing of the refused one stayed"
        assert ids(two.get("requests.json", jurisdiction_id=SECOND)) == [second]
        assert_errors(two.get(f"requests/{first}.json", jurisdiction_id=SECOND), 404, first)
        table = two.get("requests.csv", jurisdiction_id=SECOND).text
        assert second in table
        assert first not in table


def test_a_jurisdiction_is_not_needed_where_there_is_one(folder: Folder) -> None:
    assert folder.get("services.json", jurisdiction_id="310113").json() == folder.get("services.json").json()
    assert_errors(folder.get("services.xml", jurisdiction_id="sfgov.org"), 404, "sfgov.org")
    assert_errors(folder.post(jurisdiction_id="sfgov.org"), 404, "sfgov.org")
    assert_errors(in_address(folder, "sfgov.org"), 404, "sfgov.org")
    assert in_address(folder, "310113").status_code == 200


def in_address(folder: Folder, jurisdiction_id: str) -> httpx.Response:
    """Make a request whose jurisdiction stands in the address."""
    lon, lat = spot(0.5, 0.5)
    form = {"api_key": folder.key, "service_code": "0101", "lat": lat, "long": lon}
    return folder.client.post(f"{BASE}/requests.json", params={"jurisdiction_id": jurisdiction_id}, data=form)


def test_a_folder_open_to_accounts_alone_asks_readers_for_a_key(folder: Folder, module_database_url: str) -> None:
    paths = ("services.xml", "services/0101.json", "requests.json", "requests/1.xml", "tokens/1.json", "requests.csv")
    with served(create_app(Settings(reading="accounts"), module_database_url, clock=lambda: NOW)) as closed:
        closed.headers["Accept-Language"] = "en"
        assert closed.get(f"{BASE}/discovery.xml").status_code == 200
        for path in paths:
            assert_errors(closed.get(f"{BASE}/{path}"), 403, "key")
            assert closed.get(f"{BASE}/{path}", params={"api_key": folder.reader}).status_code in {200, 404}


@pytest.mark.parametrize("path", ["requests.json", "requests.xml"])
@pytest.mark.parametrize(
    "query",
    [
        "", "page=1&page_size=2&extensions=true", "status=open,closed&service_code=1101,,0101", "status=",
        "service_request_id=R-1,%E4%BD%A0", "jurisdiction_id=310113&updated_after=2026-01-01T00:00:00%2B08:00",
        "page=0&start_date=monday", "jurisdiction_id=1", "service_code=nothing", "status=open&status=closed",
    ],
)  # fmt: skip
def test_a_plain_list_is_what_its_route_answers(folder: Folder, path: str, query: str) -> None:
    """Without a key a list is answered before its route is looked for, with one by the route."""
    stored(folder, f"PLAIN-{uuid4()}")
    plain = folder.client.get(f"{BASE}/{path}?{query}")
    keyed = folder.client.get(f"{BASE}/{path}?{query}", headers=bearer(folder.reader))
    assert (plain.status_code, plain.content) == (keyed.status_code, keyed.content)
    for name in ("content-type", "cache-control", "vary", "etag"):
        assert plain.headers.get(name) == keyed.headers.get(name)
