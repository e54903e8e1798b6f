"""Desks over HTTP, as a table and on the command line, on one district of paper without a network."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from api.app import create_app
from gridmgmt.catalogue.service import load_builtin, load_builtin_matters
from gridmgmt.cli.main import root
from gridmgmt.settings import Settings
from tests.api.conftest import NOW, District
from tests.support.actors import TESTER
from tests.support.division import spot
from tests.support.paper_district import FIRST, GUCUN
from tests.support.serving import served

DESKS, JOB = "/api/v1/desks", "/api/v1/whose-job"
CODE = f"{GUCUN}-E1"
LON, LAT = spot(0.5, 4.5)
NEW = {
    "code": CODE, "kind": "extension_desk", "name": "宝林四村社区事务延伸服务点", "area_code": GUCUN,
    "type": "community_affairs", "lonlat": [LON, LAT], "on": "2015-01-01", "matters": ["G01", "老年优待证"],
    "hours": {"mon-fri": ["08:30-17:00"]},
}  # fmt: skip
DECEMBER = {"desk": CODE, "month": "2025-12", "visits": 4}
COUNTS = {"source": "中心", "counts": [DECEMBER, {"desk": CODE, "month": "2026-01", "visits": 90}]}
UNKNOWN = {"source": "s", "counts": [{**DECEMBER, "desk": "none"}]}


@pytest.fixture(scope="module")
def register(shared_district: District) -> District:
    with shared_district.sessions.begin() as session:
        load_builtin(session, TESTER, today=FIRST)
        load_builtin_matters(session, TESTER, today=FIRST)
    made = shared_district.administrator.post(DESKS, json=NEW)
    assert made.status_code == 201, made.text
    assert shared_district.administrator.post(f"{DESKS}/visits", json=COUNTS).json() == {
        "read": 2, "added": 2, "changed": 0, "known": 0,
    }  # fmt: skip
    return shared_district


@pytest.fixture
def run(register: District) -> Callable[..., Result]:
    url = url_of(register)
    return lambda *arguments: CliRunner().invoke(
        root, ["--lang", "en", *map(str, arguments)], env={"DATABASE_URL": url}
    )


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, [CODE]),
        ({"q": "宝林四村"}, [CODE]),
        ({"matter": "群租"}, [CODE]),
        ({"matter": "优待证", "type": "community_affairs", "kind": "extension_desk", "area": GUCUN}, [CODE]),
        ({"matter": "招商"}, []),
        ({"type": "health"}, []),
        ({"on": "2014-12-31"}, []),
    ],
)
def test_desks_are_listed_by_any_filter(register: District, asked: dict[str, str], found: list[str]) -> None:
    answer = register.visitor.get(DESKS, params=asked)
    assert [item["code"] for item in answer.json()["items"]] == found, answer.text


def url_of(register: District) -> str:
    return register.sessions.kw["bind"].url.render_as_string(hide_password=False).replace("+psycopg", "")


def test_one_desk_tells_matters_by_name_and_withholds_small_counts_from_the_public(register: District) -> None:
    exact = register.administrator.get(f"{DESKS}/{CODE}", params={"lang": "zh"}).json()
    assert exact["matters"][0] == {"code": "G01", "name": "群租巡查与投诉受理"}
    assert [month["visits"] for month in exact["months"]] == [4, 90]
    assert exact["visits"] == 94
    with served(create_app(Settings(results="public", reading="open"), url_of(register), clock=lambda: NOW)) as public:
        shown = public.get(f"{DESKS}/{CODE}").json()
        table = public.get(f"{DESKS}.csv", params={"lang": "zh"}).text
    assert ([month["visits"] for month in shown["months"]], shown["visits"]) == ([None, 90], None)
    assert "宝林四村" in table
    assert ",94," not in table


@pytest.mark.parametrize(
    ("who", "path", "body", "status"),
    [
        ("visitor", DESKS, NEW, 401),
        ("administrator", DESKS, NEW, 409),
        ("administrator", f"{DESKS}/visits", {**COUNTS, "visitor": "x"}, 422),
        ("administrator", f"{DESKS}/visits", {"source": "s", "counts": [{**DECEMBER, "name": "x"}]}, 422),
        ("administrator", f"{DESKS}/visits", UNKNOWN, 422),
    ],
)  # fmt: skip
def test_what_may_not_be_written_is_refused(register: District, who: str, path: str, body: object, status: int) -> None:
    assert getattr(register, who).post(path, json=body).status_code == status


def test_an_offer_holds_from_its_day_on(register: District) -> None:
    ask = {"on": "2026-01-10", "matters": ["G03"], "hours": None}
    answer = register.administrator.put(f"{DESKS}/{CODE}/offer", json=ask)
    assert answer.status_code == 200, answer.text
    before = register.visitor.get(f"{DESKS}/{CODE}", params={"on": "2026-01-09"}).json()
    assert [each["code"] for each in before["matters"]] == ["G01", "老年优待证"]
    assert [each["valid_from"] for each in before["history"]] == ["2026-01-10", "2015-01-01"]


def test_whose_job_and_who_does_what_where(register: District) -> None:
    """权力清单/事权清单: a search finds items of both lists, told apart, with who holds them and what they were."""
    found = register.visitor.get(JOB, params={"lon": LON, "lat": LAT, "q": "群租", "lang": "zh"}).json()
    assert [area["level"] for area in found["areas"]][:2] == ["district", "town"]
    kinds = {item["kind"]: item["department_code"] for item in found["items"] if item["code"] in ("G01", "Q03")}
    assert kinds == {"matters": f"{GUCUN}-grid_centre", "powers": "310113-housing"}
    merged = next(item for item in found["items"] if item["code"] == "G01")
    assert [each["matter"]["code"] for each in merged["forerunners"]] == ["G01", "G02"]
    items = register.visitor.get("/api/v1/matters/search", params={"q": "群租", "area": GUCUN, "lang": "zh"}).json()[
        "items"
    ]
    assert [(each["kind"], each["matter"]["code"]) for each in items] == [
        ("matters", "G01"), ("matters", "H01"), ("powers", "Q03"),
    ]  # fmt: skip
    assert [each["code"] for each in items[0]["departments"]] == [f"{GUCUN}-grid_centre"]
    lists = register.visitor.get("/api/v1/matters/lists", params={"list": "powers"}).json()["items"]
    assert [(each["name"], each["count"]) for each in lists] == [("2014", 8), ("2015", 6)]
    off = register.visitor.get(f"{DESKS}/nearest", params={"lon": LON, "lat": LAT})
    assert (off.status_code, off.json()["type"]) == (404, "/problems/no_network_in_force")


def test_the_same_on_the_command_line(run: Callable[..., Result], tmp_path: Path) -> None:
    assert "宝林四村" in run("desks", "list", "--search", "宝林").output
    told = run("whose-job", LON, LAT, "群租").output
    assert "Grid management centre" in told
    file = tmp_path / "visits.csv"
    file.write_text(f"desk,month,visits\n{CODE},2025-11,30\n", encoding="utf-8")
    assert "1 rows read: 1 added" in run("desks", "visits", file).output
    assert run("matters", "list", "--list", "powers").output.count("Q0") >= 5
