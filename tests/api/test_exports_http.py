"""Areas as files over HTTP, of the town drawn on paper."""

import io
import json
import zipfile

import pytest

MEDIA = {
    "gpkg": (b"SQLite format 3\0", "application/geopackage+sqlite3"),
    "geojson": (b"{", "application/geo+json"),
    "shp": (b"PK", "application/zip"),
    "fgb": (b"fgb", "application/flatgeobuf"),
}


@pytest.mark.parametrize("format_", MEDIA)
def test_each_format(client, format_) -> None:
    answer = client.get("/api/v1/exports/areas", params={"level": "town", "format": format_, "crs": "cgcs2000"})
    assert answer.status_code == 200, answer.text
    start, media_type = MEDIA[format_]
    assert answer.content.startswith(start)
    assert answer.headers["content-type"] == media_type
    assert 'filename="town_cgcs2000.' in answer.headers["content-disposition"]


def test_what_a_receiver_must_know_is_in_the_header_and_in_the_file(client) -> None:
    answer = client.get("/api/v1/exports/areas", params={"level": "town", "format": "geojson", "crs": "gcj02"})
    assert answer.headers["gridmgmt-warnings"] == "export_geojson_not_rfc7946, export_gcj02"
    said = json.loads(answer.content)["gridmgmt"]
    assert [warning["code"] for warning in said["warnings"]] == ["export_geojson_not_rfc7946", "export_gcj02"]
    assert (said["on"], said["areas"], said["exported_at"]) == ("2026-01-15", 2, "2026-01-15T04:00:00+00:00")


def test_a_shapefile_is_a_zip_with_its_sidecar(client) -> None:
    answer = client.get("/api/v1/exports/areas", params={"level": "town", "format": "shp", "encoding": "gbk"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert sorted(archive.namelist()) == [
            f"town{ending}" for ending in (".cpg", ".dbf", ".metadata.json", ".prj", ".shp", ".shx")
        ]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"level": "grid_cell"}, 404),
        ({"level": "town", "within": "999"}, 404),
        ({"level": "town", "on": "2020-01-01"}, 404),
        ({"level": "town", "edition": "no such"}, 404),
        ({"level": "town", "edition": "towns", "on": "2026-01-01"}, 422),
        ({"level": "town", "crs": "bd09"}, 422),
        ({"level": "town", "format": "kml"}, 422),
        ({}, 422),
    ],
)
def test_what_cannot_be_is_a_problem(client, asked, status) -> None:
    answer = client.get("/api/v1/exports/areas", params=asked)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
