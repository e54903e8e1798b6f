"""Guaranteed areas over HTTP, over the town drawn in `tests.support.paper_town`."""

import httpx
import pytest
import shapely

from tests.support.paper_town import degrees

ADDRESS = "/api/v1/isochrones"
LON, LAT = degrees([(500, 20)])[0]


def test_one_question_in_an_address_and_in_a_body(client: httpx.Client) -> None:
    answer = client.get(ADDRESS, params={"lon": LON, "lat": LAT, "minutes": [3, 10], "time": "sun 20:00"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/geo+json")
    body = {"at": [[LON, LAT]], "minutes": [10, 3], "time": "sun 20:00"}
    assert client.post(ADDRESS, json=body).json() == answer.json()
    document = answer.json()
    found = [(f["properties"]["class"], f["properties"]["minutes"]) for f in document["features"]]
    assert found == [("certain", 3), ("possible", 3), ("certain", 10), ("possible", 10)]
    near, strip, far, farther = (shapely.geometry.shape(feature["geometry"]) for feature in document["features"])
    assert shapely.union(far, farther).covers(near)
    assert shapely.contains_xy(near, LON, LAT)
    assert not shapely.contains_xy(strip, LON, LAT)
    # 149.4 m of which 20 to the street: 129 m along it are within three minutes, 131 m are not.
    assert shapely.contains_xy(near, *degrees([(628, 0)])[0])
    assert not shapely.contains_xy(shapely.union(near, strip), *degrees([(631, 0)])[0])
    assert document["parameters"]["time"] == "sun 20:00"
    assert document["editions"] == [
        {"subject": "network", "name": "streets", "source": "paper", "valid_from": "2026-01-01", "synthetic": False}
    ]


def test_all_open_points_without_a_name(client: httpx.Client) -> None:
    named = client.post(ADDRESS, json={"points": ["A"]}).json()
    assert [target["code"] for target in named["targets"]] == ["A"]
    assert client.post(ADDRESS, json={}).json()["features"] == named["features"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"at": [[121.3, 31.3]]}, 422, "spot_off_network"),
        ({"at": [[31.3, 121.4]]}, 422, "position_swapped"),
        ({"points": ["Z"]}, 404, "open_point_unknown"),
        ({"at": [[LON, LAT]], "minutes": [600]}, 422, "number_out_of_range"),
        ({"at": [[LON, LAT]], "minutes": []}, 422, "request_invalid"),
        ({"at": [[LON, LAT]] * 101}, 422, "request_invalid"),
        ({"at": [[LON, LAT]], "profile": "nobody"}, 404, "profile_unknown"),
        ({"at": [[LON, LAT]], "time": "noon"}, 422, "time_of_week_malformed"),
        ({"at": [[LON, LAT]], "barriers": ["compound"]}, 422, "barrier_unknown"),
    ],
)
def test_questions_that_cannot_be_answered(client: httpx.Client, body, status, code) -> None:
    answer = client.post(ADDRESS, json=body)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{code}")
