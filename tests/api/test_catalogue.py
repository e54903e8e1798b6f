"""The catalogue, departments and lists of matters over HTTP, as given files, and on the command line."""

import io
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner, Result

from gridmgmt.access.rules import Role
from gridmgmt.catalogue import builtin, files, service
from gridmgmt.cli.main import root
from tests.api.test_api_drafts import problem
from tests.api.test_api_imports import Desk, set_up
from tests.support.actors import TESTER, add_account, add_key, bearer
from tests.support.paper_district import load_district

CATALOGUE, DEPARTMENTS, MATTERS = "/api/v1/catalogue", "/api/v1/departments", "/api/v1/matters"
BEFORE, AFTER = {"on": "2015-06-30"}, {"on": "2015-07-01"}
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def desk(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """An administrator at the drawn district with the built-in catalogue and both lists."""
    with set_up(module_database_url, tmp_path_factory.mktemp("desk")) as desk:
        with desk.sessions.begin() as session:
            load_district(session)
            service.load_builtin(session, TESTER, today=date(2026, 1, 15))
            service.load_builtin_matters(session, TESTER, today=date(2026, 1, 15))
        add_account(desk.sessions, "chief", Role.ADMINISTRATOR)
        desk.client.headers.update(bearer(add_key(desk.sessions, "chief")))
        yield desk


@pytest.fixture
def run(module_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line on the same database."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Result:
        environment = {"DATABASE_URL": module_database_url, "GRIDMGMT_DATA": str(tmp_path)}
        return CliRunner(env=environment).invoke(root, ["--lang", "en", *map(str, arguments)])

    return run


def read(desk: Desk, path: str, **asked: Any) -> Any:
    answer = desk.client.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_tree_of_classes_and_types_in_both_languages(desk: Desk) -> None:
    tree = read(desk, CATALOGUE, lang="en")
    assert (tree["name"], tree["valid_from"], tree["extension_from"]) == ("内置目录", "2000-01-01", 21)
    kinds = [(each["kind"], each["extension"]) for each in tree["classes"]]
    assert kinds == [("component", False)] * 5 + [("event", False)] * 5 + [("event", True)]
    condition = tree["classes"][9]["types"][0]["conditions"][0]
    assert (condition["no"], condition["amount"], condition["unit"]) == (1, 3, "urgent_hours")
    assert (condition["text"], condition["closing"]) == ("The site is not secured", "The site is secured")
    assert read(desk, CATALOGUE, lang="zh")["classes"][9]["types"][0]["name"] == "自来水管破裂"
    before = desk.client.get(CATALOGUE, params={"on": "1999-12-31"})
    assert problem(before) == (404, "catalogue_missing")


def test_one_type_says_who_answers_and_what_is_asked(desk: Desk) -> None:
    found = read(desk, f"{CATALOGUE}/types/1404", lang="en")
    assert found["responsible"] == [{"level": "district", "body": "police", "body_name": "Police"}]
    assert (found["duplicate_radius_m"], found["duplicate_window_h"]) == (30, 24)
    assert [(each["code"], each["datatype"], len(each["values"])) for each in found["fields"]] == [
        ("vehicles", "number", 0), ("blocked", "multivaluelist", 4),
    ]  # fmt: skip
    assert problem(desk.client.get(f"{CATALOGUE}/types/9999")) == (404, "case_type_unknown")
    names = [each["name"] for each in read(desk, f"{CATALOGUE}/types", q="井盖", lang="zh")["items"]]
    assert len(names) == 8
    assert all("井盖" in name for name in names)


def test_a_department_answers_for_types_and_holds_matters_of_its_day(desk: Desk) -> None:
    towns = read(desk, DEPARTMENTS, body="town_government", lang="zh")["items"]
    assert {each["level"] for each in towns} == {"town"}
    code, centre = towns[0]["code"], "310113-investment_centre"
    assert [each["code"] for each in read(desk, f"{DEPARTMENTS}/{code}")["matters"]] == ["T01"]
    assert read(desk, f"{DEPARTMENTS}/{centre}", **BEFORE)["matters"] == []
    after = read(desk, f"{DEPARTMENTS}/{centre}", **AFTER, lang="en")
    assert [(each["code"], each["types"][0]["name"]) for each in after["matters"]] == [("I01", "Investment matter")]
    grid_centre = read(desk, f"{DEPARTMENTS}/{towns[0]['area_code']}-grid_centre")
    assert "1101" in [each["code"] for each in grid_centre["types"]]
    assert {each["area_code"] for each in read(desk, DEPARTMENTS, area=towns[0]["area_code"])["items"]} == {
        towns[0]["area_code"]
    }
    assert problem(desk.client.get(f"{DEPARTMENTS}/nobody")) == (404, "department_unknown")


def test_matters_and_what_became_of_them(desk: Desk) -> None:
    assert [(each["name"], each["count"]) for each in read(desk, f"{MATTERS}/lists")["items"]] == [
        ("2014", 11),
        ("2015", 9),
    ]
    assert len(read(desk, MATTERS, **BEFORE)["items"]) == 11
    mine = read(desk, MATTERS, **AFTER, department="310113-investment_centre")["items"]
    assert [each["code"] for each in mine] == ["I01"]
    changes = read(desk, f"{MATTERS}/changes", **{"from": "2015-06-30", "to": "2015-07-01"})
    sums = changes["sums"]
    assert sums["before"] == 11 == sums["kept"] + sums["merged"] + sums["moved"] + sums["dropped"]
    fates = {each["matter"]["code"]: (each["fate"], each["into"] and each["into"]["body"]) for each in changes["items"]}
    assert fates["S01"] == ("moved", "investment_centre")
    assert fates["S03"] == ("dropped", None)
    assert len(fates) == 11
    assert problem(desk.client.get(MATTERS, params={"on": "2013-01-01"})) == (404, "matters_missing")


def test_a_catalogue_is_downloaded_changed_and_given_back(desk: Desk) -> None:
    answer = desk.client.get(f"{CATALOGUE}.xlsx", params={"lang": "zh"})
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    sheet = book["小类"]
    row = next(each for each in sheet.iter_rows(min_row=2) if each[0].value == "1101")
    said = {"edition": "2027 版", "valid_from": "2027-01-01"}

    def given(name: str, **asked: Any) -> dict[str, Any]:
        row[1].value = name
        buffer = io.BytesIO()
        book.save(buffer)
        return desk.taken(buffer.getvalue(), file="目录.xlsx", kind="catalogue", options=said, **asked)

    refused = given("")
    assert (refused["state"], refused["error"]["code"], refused["problem_count"]) == ("failed", "rows_refused", 1)
    [told] = desk.read(refused["links"]["problems"])["items"]
    assert (told["row"], told["field"]) == (row[1].row, "types.name_zh")
    seen = given("暴露垃圾桶", dry_run=True)
    assert (seen["state"], seen["outcome"]["new"]) == ("succeeded", True)
    assert read(desk, CATALOGUE, on="2027-01-01")["name"] == "内置目录"
    assert given("暴露垃圾桶")["outcome"]["new"]
    assert not given("暴露垃圾桶")["outcome"]["new"]
    assert read(desk, f"{CATALOGUE}/types/1101", on="2027-01-01")["name"] == "暴露垃圾桶"
    assert read(desk, f"{CATALOGUE}/types/1101", on="2026-12-31")["name"] == "暴露垃圾"


def test_a_list_that_does_not_add_up_is_refused_with_its_matters(desk: Desk) -> None:
    book = openpyxl.load_workbook(
        io.BytesIO(desk.client.get(f"{MATTERS}.xlsx", params={"lang": "en", **AFTER}).content)
    )
    book["Fates"].delete_rows(book["Fates"].max_row)
    buffer = io.BytesIO()
    book.save(buffer)
    given = desk.taken(buffer.getvalue(), file="m.xlsx", kind="matters", options={"valid_from": "2027-02-01"})
    assert given["error"]["code"] == "rows_refused"
    told = [(each["code"], each["value"]) for each in desk.read(given["links"]["problems"])["items"]]
    assert sorted(told) == [
        *(("fate_missing", code) for code in ("G04", "I01", "P01")),
        *(("fate_of_no_matter", code) for code in ("E02", "G02", "S01", "S02")),
    ]
    assert len(read(desk, f"{MATTERS}/lists")["items"]) == 2


def test_whoever_may_not_write_the_catalogue_gives_none(desk: Desk) -> None:
    planner = bearer(add_key(desk.sessions, "planner"))
    asked = {"file": "types.csv", "kind": "catalogue", "options": "{}"}
    answer = desk.client.post("/api/v1/imports", params=asked, content=b"code,name_zh\n", headers=planner)
    assert problem(answer) == (403, "permission_missing")


def test_the_command_line_shows_exports_and_takes(desk: Desk, run: Run, tmp_path: Path) -> None:
    shown = json.loads(run("catalogue", "show", "1501", "--json").output)
    assert [each["limit"]["amount"] for each in shown["conditions"]] == [3, 8, 5]
    assert "8 urgent hours" in run("catalogue", "show", "1501").output
    tree = json.loads(run("catalogue", "show", "--json").output)
    assert len(tree["classes"]) == 11
    assert [each["code"] for each in json.loads(run("catalogue", "search", "lamp", "--json").output)] == [
        "0106",
        "0114",
    ]
    assert "Power company" in run("catalogue", "departments").output
    assert run("catalogue", "export", "-o", "conditions.csv", "--table", "conditions").exit_code == 0
    file = tmp_path / "conditions.csv"
    file.write_text(file.read_text("utf-8-sig").replace("1101,1,散落面积不足 1 平方米", "1101,1,散落面积很小"), "utf-8")
    taken = run("catalogue", "import", file, "--from", "2028-01-01", "--edition", "2028")
    assert (taken.exit_code, "2028 holds from 2028-01-01" in taken.output) == (0, True)
    again = run("catalogue", "import", file, "--from", "2028-01-01", "--edition", "2028")
    assert "nothing is changed" in again.output
    small = json.loads(run("catalogue", "show", "1101", "--on", "2028-01-01", "--json").output)
    assert small["conditions"][0]["text"]["zh"] == "散落面积很小"
    file.write_text("type,no,text_zh,amount,unit\n1101,1,x,-1,urgent_hours\n", "utf-8")
    refused = run("catalogue", "import", file, "--from", "2029-01-01")
    assert refused.exit_code == 1
    told = (tmp_path / "conditions.refused.csv").read_text("utf-8-sig").splitlines()
    assert [line for line in told if line.startswith("2,number_out_of_bounds")]


def test_matters_on_the_command_line(desk: Desk, run: Run, tmp_path: Path) -> None:
    listed = json.loads(run("matters", "list", "--on", "2015-06-30", "--json").output)
    assert (listed["name"], len(listed["matters"])) == ("2014", 11)
    changes = run("matters", "changes", "--from", "2015-06-30", "--to", "2015-07-01")
    assert "11 before = 5 kept + 2 merged + 3 moved + 1 dropped; 2 added, 9 now" in changes.output
    tables = builtin.matters_tables("2015")
    (tmp_path / "m.csv").write_bytes(files.csv_table(tables, "matters", "en"))
    kept = "".join(f"{each.cells['code']},kept,{each.cells['code']}\n" for each in tables["matters"])
    (tmp_path / "f.csv").write_text(f"code,fate,into\n{kept}", "utf-8")
    asked = (
        "matters",
        "import",
        tmp_path / "m.csv",
        "--fates",
        tmp_path / "f.csv",
        "--from",
        "2030-01-01",
        "--edition",
        "2030",
    )
    assert run(*asked).exit_code == 0
    sums = json.loads(run("matters", "changes", "--from", "2029-01-01", "--to", "2030-01-01", "--json").output)["sums"]
    assert (sums["before"], sums["kept"], sums["added"], sums["after"]) == (9, 9, 0, 9)
