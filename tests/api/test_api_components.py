"""The register of components over HTTP, as a given file, and on the command line, on one district of paper."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from gridmgmt.catalogue.service import load_builtin
from gridmgmt.cli.main import root
from gridmgmt.errors import FileRefusedError, InputError, NotFoundError
from gridmgmt.imports import Labels, import_components
from gridmgmt.ingest.components import read_components
from tests.api.conftest import District
from tests.support.actors import TESTER
from tests.support.division import spot
from tests.support.paper_district import FIRST, GUCUN

COMPONENTS = "/api/v1/components"
COVER, BIN, LAMP = "3101130102000001", "3101130303000001", "3101130114000001"
PLACES = {COVER: (0.5, 4.5), BIN: (0.5, 5.5), LAMP: (6.0, 1.0)}
NAMES = {COVER: "菊泉街1号井", BIN: "果壳箱", LAMP: "路灯1"}

Run = Callable[..., Result]


def table(*codes: str) -> str:
    rows = (f"{code},{NAMES[code]},{spot(*PLACES[code])[0]:.7f},{spot(*PLACES[code])[1]:.7f}" for code in codes)
    return "\n".join(["标识码,部件名称,lon,lat", *rows]) + "\n"


@pytest.fixture(scope="module")
def register(shared_district: District, tmp_path_factory: pytest.TempPathFactory) -> District:
    file = tmp_path_factory.mktemp("components") / "components.csv"
    file.write_text(table(*PLACES), encoding="utf-8")
    lon, lat = spot(*PLACES[COVER])
    with shared_district.sessions.begin() as session:
        load_builtin(session, TESTER, today=FIRST)
        import_components(session, TESTER, read_components(file), Labels("2015", "bureau", FIRST, synthetic=True))
        session.execute(
            text(
                "INSERT INTO cases (case_no, kind, type, state, reported_at, component_code, geom)"
                " VALUES ('C1', 'component', '0102', 'reported', '2026-01-05T08:00+08:00', :code,"
                " ST_SetSRID(ST_MakePoint(:x, :y), 4326))"
            ),
            {"code": COVER, "x": lon, "y": lat},
        )
    return shared_district


@pytest.fixture(scope="module")
def run(register: District) -> Run:
    url = register.sessions.kw["bind"].url.render_as_string(hide_password=False).replace("+psycopg", "")
    return lambda *arguments: CliRunner().invoke(
        root, ["--lang", "en", *map(str, arguments)], env={"DATABASE_URL": url}
    )


def codes(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["code"] for item in answer.json()["items"]]


def test_components_are_listed_in_pages_by_any_filter(register: District) -> None:
    visitor = register.visitor
    first = visitor.get(COMPONENTS, params={"limit": 2})
    assert codes(first) == [COVER, LAMP]
    assert codes(visitor.get(first.json()["next"])) == [BIN]
    shown = first.json()["items"][0]
    assert (shown["type_name"], shown["state"], shown["cell_code"]) == ("污水井盖", "in_use", f"{GUCUN}001001")
    west, south = spot(0, 5)
    east, north = spot(1, 6)
    for asked, expected in (
        ({"type": "01"}, [COVER, LAMP]),
        ({"type": "0303"}, [BIN]),
        ({"area": GUCUN}, [COVER, BIN]),
        ({"bbox": f"{west},{south},{east},{north}"}, [BIN]),
        ({"q": "果壳"}, [BIN]),
        ({"cell": f"{GUCUN}001001"}, [COVER, BIN]),
        ({"state": "missing"}, []),
        ({"maintainer": "nobody"}, []),
        ({"on": "2014-12-31"}, []),
    ):
        assert codes(visitor.get(COMPONENTS, params=asked)) == expected, asked


@pytest.mark.parametrize(
    ("asked", "status", "problem"),
    [
        ({"type": "1x"}, 422, "component_type_malformed"),
        ({"bbox": "1,2,3"}, 422, "box_malformed"),
        ({"area": "nowhere"}, 404, "area_unknown"),
        ({"state": "lost"}, 422, "request_invalid"),
    ],
)
def test_filters_that_are_none_are_refused(register: District, asked, status, problem) -> None:
    answer = register.visitor.get(COMPONENTS, params=asked)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{problem}")


def test_counts_by_cell_and_class(register: District) -> None:
    answer = register.visitor.get(f"{COMPONENTS}/counts").json()
    assert (answer["total"], answer["by_class"]) == (3, {"01": 2, "03": 1})
    assert {(item["cell_code"], item["type_code"], item["components"]) for item in answer["items"]} == {
        (f"{GUCUN}001001", "0102", 1),
        (f"{GUCUN}001001", "0303", 1),
        (None, "0114", 1),
    }


def test_a_component_tells_its_place_history_and_cases_and_is_changed_by_those_who_may(register: District) -> None:
    address = f"{COMPONENTS}/{COVER}"
    found = register.visitor.get(address).json()
    assert found["geometry"]["coordinates"] == pytest.approx(spot(*PLACES[COVER]), abs=1e-7)
    assert [case["case_no"] for case in found["cases"]] == ["C1"]
    assert [each["valid_from"] for each in found["history"]] == ["2015-01-01"]
    ask = {"state": "damaged", "reason": "开裂", "on": "2026-01-10"}
    assert register.visitor.patch(address, json=ask).status_code == 401
    assert register.administrator.patch(address, json=ask).json()["state"] == "damaged"
    after = register.visitor.get(address).json()
    assert [(each["state"], each["reason"]) for each in after["history"]] == [("damaged", "开裂"), ("in_use", None)]
    assert register.visitor.get(address, params={"on": "2026-01-09"}).json()["state"] == "in_use"
    again = register.administrator.patch(address, json=ask)
    assert (again.status_code, again.json()["type"]) == (422, "/problems/component_unchanged")
    assert register.visitor.get(f"{COMPONENTS}/3101130102999999").status_code == 404


def test_a_component_of_the_register_is_looked_at_on_the_command_line(run: Run) -> None:
    listed = run("components", "list", "--search", "果壳", "--json").output
    assert [each["code"] for each in json.loads(listed)] == [BIN]
    shown = run("components", "show", COVER, "--on", "2016-01-01").output
    assert all(word in shown for word in (COVER, "菊泉街1号井", "In use", "C1"))
    assert "0303" in run("components", "counts", "--area", GUCUN).output
    assert "3" in run("components", "list", "--type", "03").output
    assert "no such components" in run("components", "list", "--state", "removed").output
    assert run("components", "scheme").output == "scheme of identifiers component_16: 6+2+2+6\n"
    assert json.loads(run("components", "scheme", "--json").output)["segments"]["serial"] == 6
    assert isinstance(run("components", "scheme", "county=six", "serial=6").exception, InputError)
    assert isinstance(run("components", "show", "3101130102999999").exception, NotFoundError)


def test_a_component_is_changed_on_the_command_line(run: Run) -> None:
    changed = run(
        "components", "change", LAMP, "--state", "removed", "--removed-on", "2016-03-01", "--from", "2016-03-01"
    )
    assert changed.output == f"component {LAMP} is changed from 2016-03-01 on\n"
    assert json.loads(run("components", "show", LAMP, "--json").output)["removed_on"] == "2016-03-01"
    assert [each["code"] for each in json.loads(run("components", "list", "--state", "removed", "--json").output)] == [
        LAMP
    ]


def test_components_are_taken_on_the_command_line(fresh_database_url: str, tmp_path: Path) -> None:
    """A folder of real data without areas or a catalogue: the file is believed."""
    lon, lat = spot(1.5, 5.5)
    file = tmp_path / "more.csv"
    file.write_text(f"code,lon,lat\n{COVER},{lon},{lat}\n310113019900001,{lon},{lat}\n")
    asked = ["--lang", "en", "import", "components", str(file), "--valid-from", "2015-02-01"]
    environment = {"DATABASE_URL": fresh_database_url}
    refused = CliRunner().invoke(root, [*asked, "--refused", str(tmp_path / "bad.csv")], env=environment)
    assert isinstance(refused.exception, FileRefusedError)
    assert "component_code_length" in (tmp_path / "bad.csv").read_text(encoding="utf-8-sig")
    partial = [*asked, "--partial", "--json", "--refused", str(tmp_path / "bad.csv")]
    told = json.loads(CliRunner().invoke(root, partial, env=environment).output)
    assert (told["subject"], told["taken"], told["refused"]) == ("components", 1, 1)


def test_components_can_be_given_as_a_file(register: District) -> None:
    forms = register.administrator.get("/api/v1/imports/kinds").json()
    form = next((each for each in forms["items"] if each["kind"] == "components"), None)
    assert form is not None
    assert ".xlsx" in form["suffixes"]
