"""What is read: the folder, areas, service points, cases, profiles."""

import httpx
import pyproj
import pytest
import shapely

from tests.support.paper_town import TOWNS, degrees

WEST, EAST = TOWNS


def at(east_m: float, north_m: float) -> dict[str, float]:
    lon, lat = degrees([(east_m, north_m)])[0]
    return {"lon": lon, "lat": lat}


def every_page(client: httpx.Client, address: str, **query: str | int) -> list[dict[str, object]]:
    """Follow ``next`` from the first page to the last."""
    page = client.get(address, params=query).json()
    items = page["items"]
    while page["next"]:
        page = client.get(page["next"]).json()
        items += page["items"]
    return list(items)


def test_the_folder_says_what_it_holds(client: httpx.Client, public_client: httpx.Client) -> None:
    folder = client.get("/api/v1/folder").json()
    assert (folder["synthetic"], folder["empty"], folder["form"], folder["metric_crs"]) == (
        False,
        False,
        "exact",
        "EPSG:4549",
    )
    assert {e["subject"] for e in folder["editions"]} == {"areas", "network", "population", "service_points", "cases"}
    assert public_client.get("/api/v1/folder").json()["form"] == "public"
    networks = client.get("/api/v1/editions", params={"subject": "network"}).json()["items"]
    assert [edition["name"] for edition in networks] == ["streets"]


def test_areas_by_filters(client: httpx.Client) -> None:
    def codes(**query: str) -> list[str]:
        return [area["code"] for area in client.get("/api/v1/areas", params=query).json()["items"]]

    assert codes() == codes(level="town") == [WEST, EAST]
    assert codes(q=f"{EAST}镇") == codes(q=EAST) == [EAST]
    assert codes(q="%") == codes(level="district") == codes(parent=WEST) == codes(on="2025-12-31") == []


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("areas?parent=X", "area_unknown"),
        ("centres?area=X", "area_unknown"),
        ("officer-posts?kind=X", "grid_kind_unknown"),
        ("responsibility-grids?kind=X", "grid_kind_unknown"),
    ],
)
def test_what_nobody_has_is_no_empty_list(client: httpx.Client, address: str, code: str) -> None:
    refused = client.get(f"/api/v1/{address}")
    assert (refused.status_code, refused.json()["type"]) == (404, f"/problems/{code}")


def test_an_area_with_its_boundary(client: httpx.Client) -> None:
    area = client.get(f"/api/v1/areas/{WEST}").json()
    outline = shapely.Polygon(degrees(TOWNS[WEST]))
    expected_m2 = abs(pyproj.Geod(ellps="WGS84").geometry_area_perimeter(outline)[0])
    assert area["area_m2"] == pytest.approx(expected_m2, rel=1e-6)
    assert shapely.geometry.shape(area["geometry"]).symmetric_difference(outline).area < 1e-8
    assert area["bbox"] == pytest.approx(outline.bounds)
    assert outline.contains(shapely.Point(area["centre"]))
    assert area["children"] == []


def test_areas_at_a_position(client: httpx.Client) -> None:
    def codes(**query: float | str) -> list[str]:
        return [area["code"] for area in client.get("/api/v1/areas/at", params=query).json()["items"]]

    assert codes(**at(200, 20)) == [WEST]
    assert codes(**at(1500, 20)) == [EAST]
    assert codes(**at(9000, 20)) == []
    assert codes(**at(200, 20), on="2025-12-31") == []


def test_a_border_belongs_to_the_lower_code(client: httpx.Client) -> None:
    corner = dict(zip(("lon", "lat"), degrees([(1000, 300)])[0], strict=True))
    assert [area["code"] for area in client.get("/api/v1/areas/at", params=corner).json()["items"]] == [WEST]


def test_a_position_that_cannot_be_one(client: httpx.Client) -> None:
    def refusal(**query: float | str) -> tuple[int, str]:
        answer = client.get("/api/v1/areas/at", params=query)
        return answer.status_code, answer.json()["type"]

    assert refusal(lon=31.3, lat=121.4) == (422, "/problems/position_swapped")
    for lon, lat in (("nan", 31), ("inf", 31), (181, 31), (121, "-inf"), (-200, 100)):
        assert refusal(lon=lon, lat=lat) == (422, "/problems/position_out_of_range")
    assert refusal(lon="east", lat=31) == (422, "/problems/request_invalid")
    assert refusal(lon=121) == (422, "/problems/request_invalid")


def test_service_points_by_filters(client: httpx.Client) -> None:
    def codes(**query: str) -> list[str]:
        return [point["code"] for point in client.get("/api/v1/service-points", params=query).json()["items"]]

    assert codes() == codes(type="elderly_service_point") == ["A", "P"]
    assert codes(status="planned") == codes(area=EAST) == ["P"]
    assert codes(type="meal_point") == codes(on="2025-12-31") == []
    point = client.get("/api/v1/service-points", params={"area": WEST}).json()["items"][0]
    assert {"lon": point["lon"], "lat": point["lat"]} == pytest.approx(at(0, 10))
    assert (point["status"], point["edition"]) == ("open", "points")


def test_cases_the_last_reported_first(client: httpx.Client) -> None:
    def numbers(**query: str) -> list[str]:
        return [case["case_no"] for case in client.get("/api/v1/cases", params=query).json()["items"]]

    assert numbers() == numbers(type="litter") == ["C-2", "C-3", "C-1"]
    assert numbers(state="closed") == ["C-3"]
    assert numbers(area=WEST) == ["C-1"]


def test_a_case_names_the_areas_it_falls_in(client: httpx.Client) -> None:
    inside, outside = (client.get(f"/api/v1/cases/{number}").json() for number in ("C-2", "C-3"))
    assert [area["code"] for area in inside["areas"]] == [EAST]
    assert (inside["reported_at"], inside["state"]) == ("2026-01-03T00:00:00Z", "handling")
    assert outside["areas"] == []


def test_a_case_number_may_hold_slashes(client: httpx.Client) -> None:
    unknown = client.get("/api/v1/cases/BS%2F2015%2F1")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/case_unknown")


@pytest.mark.parametrize("address", ["/api/v1/areas", "/api/v1/service-points", "/api/v1/cases"])
def test_pages_together_are_the_list(client: httpx.Client, address: str) -> None:
    whole = client.get(address).json()
    assert whole["next"] is None
    assert every_page(client, address, limit=1) == every_page(client, address, limit=2) == whole["items"]


def test_the_next_page_keeps_the_filters(client: httpx.Client) -> None:
    towns = every_page(client, "/api/v1/areas", limit=1, level="town", q="镇")
    assert [area["code"] for area in towns] == [WEST, EAST]


LONE_SURROGATE = "WyJcdWQ4MDAiLCAxXQ"
NO_NUMBER = "WyJhIiwgSW5maW5pdHld"


@pytest.mark.parametrize(
    "cursor", ["x", "!!", "WyJhIl0", "bnVsbA", "WzEsMiwzXQ", "e30", "WyJhIiwiYiJd", "é", LONE_SURROGATE, NO_NUMBER]
)
def test_a_made_up_cursor_is_refused(client: httpx.Client, cursor: str) -> None:
    answer = client.get("/api/v1/areas", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/cursor_invalid")


def test_profiles(client: httpx.Client) -> None:
    profiles = {p["name"]: p for p in client.get("/api/v1/profiles").json()["items"]}
    elder, wheelchair = profiles["elder"], profiles["wheelchair"]
    assert (elder["speed_m_per_s"], elder["edition"], elder["evidence"]) == (0.83, "2026", "S39")
    assert (wheelchair["steps_factor"], wheelchair["wheelchair"]) == (None, True)
    assert client.get("/api/v1/profiles", params={"on": "1850-01-01"}).json()["items"] == []


def test_a_town_of_streets_alone_has_no_gates(client: httpx.Client) -> None:
    assert client.get("/api/v1/gates").json() == {"items": [], "next": None}
    assert client.get("/api/v1/gates", params={"access": "everybody"}).status_code == 422


def test_head_is_get_without_its_body_and_a_wrong_method_hears_of_the_right_ones(client: httpx.Client) -> None:
    for path in ("/api/v1/profiles", "/docs", "/open311/v2/services.json", "/health", "/api/v1/areas/none"):
        head, got = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (got.status_code, b""), path
        told = ("content-type", "content-length", "cache-control")
        assert [head.headers.get(name) for name in told] == [got.headers.get(name) for name in told], path
    assert 'method="HEAD",route="/api/v1/profiles"' in client.get("/metrics").text
    for method, path, allowed in (
        ("DELETE", "/api/v1/cases", "GET, HEAD, POST"),
        ("HEAD", "/api/v1/events", "GET"),
        ("POST", "/docs", "GET, HEAD"),
    ):
        refused = client.request(method, path)
        assert (refused.status_code, refused.headers["allow"]) == (405, allowed)
    assert client.delete("/api/v1/cases").json()["detail"].endswith("GET, HEAD, POST")
    assert client.post("/api/v1/nothing").status_code == 404


def test_a_tile_asked_with_a_huge_body_and_a_wrong_method_are_problems_like_any(client: httpx.Client) -> None:
    huge = client.request("GET", "/tiles/areas/11/1715/836.mvt", content=bytes(3_000_000))
    wrong = client.post("/tiles/areas/11/1715/836.mvt")
    assert (huge.status_code, huge.json()["type"]) == (413, "/problems/body_too_large")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD")
    for answer in (huge, wrong):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert 'route="/tiles"' in client.get("/metrics").text
