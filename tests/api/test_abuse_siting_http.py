"""What callers who mean no good ask of siting and of plans; numbers as in `paper_town`."""

import re
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import httpx
import openpyxl
import pytest

from gridmgmt.access.rules import Permission, Role
from gridmgmt.db import transaction
from gridmgmt.jobs import service as jobs
from gridmgmt.jobs.worker import Worker
from gridmgmt.placeability.rules import MAX_CANDIDATES
from gridmgmt.siting.service import MAX_OPEN_RUNS
from gridmgmt.work import HANDLERS
from tests.api.conftest import Town
from tests.api.test_api_siting import RUNS, answered, ask, item
from tests.support.actors import TESTER, add_account, add_key, bearer
from tests.support.paper_town import degrees

PLANS = "/api/v1/plans"
EVIL = "=cmd|'/C calc'!A0</script><script>x()</script>#eval()$x$\"\u202e"
TERMS = {"owner_post": EVIL, "budget_yuan": 0, "milestones": [{"on": "9999-12-31", "points": 1}]}


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


@pytest.fixture(scope="module")
def evil(client: httpx.Client, town: Town) -> str:
    """Return the address of a run whose only candidate has a name that is markup, a formula and a program."""
    return answered(client, town, ask(item(EVIL, (1500, 400), code=EVIL[:40], cost_yuan=1e12)))


def cells(content: bytes) -> list[object]:
    book = openpyxl.load_workbook(BytesIO(content))
    return [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]


def test_names_are_no_markup_no_formulas_and_no_programs(client: httpx.Client, evil: str) -> None:
    assert client.get(f"{evil}/result.json").json()["chosen"][0]["name"] == EVIL
    for kind in ("html", "geojson"):
        assert client.get(f"{evil}/result.{kind}").status_code == 200
    assert "<script>x()" not in client.get(f"{evil}/result.html").text
    assert client.get(f"{evil}/result.pdf").content.startswith(b"%PDF")
    written = cells(client.get(f"{evil}/result.xlsx").content)
    assert any(cell.value == EVIL for cell in written)
    assert all(cell.data_type != "f" for cell in written)


def test_plans_of_such_names_are_harmless_too(client: httpx.Client, evil: str) -> None:
    name = EVIL.replace("/", "").replace("\u202e", "")
    run_id = int(evil.rsplit("/", 1)[1])
    made = client.post(PLANS, json={"name": name, "run_id": run_id, "note": EVIL})
    assert made.status_code == 201, made.text
    here = made.headers["location"]
    adopted = client.post(f"{here}/adopt", json=TERMS)
    assert adopted.status_code == 200, adopted.text
    assert adopted.json()["adoption"]["left_yuan"] == -(10**12)
    page = client.get(f"{here}/report?format=html")
    assert "<script>x()" not in page.text
    assert re.fullmatch(r"inline; filename\*=UTF-8''[\w%.~-]+", page.headers["content-disposition"])
    table = client.get(f"{here}/report?format=csv").text
    assert not re.search(r"(^|,)\"?[=+@-]cmd", table)
    assert all(cell.data_type != "f" for cell in cells(client.get(f"{here}/report?format=xlsx").content))
    assert client.get(f"{PLANS}/..%2f..%2fetc").status_code == 404
    assert client.post(f"{here}/withdraw", json={"reason": "test"}).status_code == 200


@pytest.mark.parametrize("address", [RUNS, PLANS, f"{PLANS}/x/adopt", f"{RUNS}/1/stop", f"{PLANS}/x/withdraw"])
def test_bodies_nested_without_end_are_refused(client: httpx.Client, address: str) -> None:
    for body in ("[" * 400_000 + "]" * 400_000, '{"a":' * 150_000 + "1" + "}" * 150_000, b"\xff\xfe", '{"lon": 1'):
        refused = client.post(address, content=body, headers={"Content-Type": "application/json"})
        assert refused.status_code in {400, 422}


def test_one_key_at_once_starts_one_run(client: httpx.Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: client.post(RUNS, json=ask(), headers={"Idempotency-Key": "once"}), range(8)))
    assert {answer.status_code for answer in found} == {202}
    assert len({answer.json()["run_id"] for answer in found}) == 1
    other = client.post(RUNS, json=ask(seed=1), headers={"Idempotency-Key": "once"})
    assert problem(other) == (409, "idempotency_key_reused")


def test_no_more_runs_wait_than_may_however_many_ask_at_once(client: httpx.Client, town: Town) -> None:
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda seed: client.post(RUNS, json=ask(seed=seed)), range(3 * MAX_OPEN_RUNS)))
    full = [problem(answer) for answer in found if answer.status_code != 202]
    assert set(full) == {(503, "queue_full")}
    waiting = [run for run in client.get(RUNS, params={"limit": 100}).json()["items"] if run["state"] == "queued"]
    for run in waiting:
        with transaction(town.sessions) as session:
            jobs.cancel(session, TESTER, run["job_id"])
    assert len(waiting) <= MAX_OPEN_RUNS
    assert client.post(RUNS, json=ask()).status_code == 202
    assert Worker(town.sessions, HANDLERS, lease_s=15).run_one()


def test_those_without_exact_results_learn_nothing_of_runs_and_drafts(
    client: httpx.Client, public_client: httpx.Client, town: Town, evil: str
) -> None:
    add_account(town.sessions, "east", Role.PLANNER, area=("town", "310113002"))
    east = bearer(add_key(town.sessions, "east"))
    reader = bearer(add_key(town.sessions, "planner", {Permission.READ, Permission.COVERAGE_RUN}))
    run_id = int(evil.rsplit("/", 1)[1])
    draft = client.post(PLANS, json={"name": "secret", "run_id": run_id}).headers["location"]
    for asker, headers in ((public_client, {}), (client, reader), (client, east)):
        for path in ("", *(f"/result.{kind}" for kind in ("json", "html", "pdf", "xlsx", "geojson"))):
            assert asker.get(f"{evil}{path}", headers=headers).status_code in {401, 403}, path
        assert asker.post(f"{evil}/stop", json={"keep": True}, headers=headers).status_code in {401, 403}
        assert asker.get(draft, headers=headers).status_code == 404
        for path in ("/report", "/document", "/change"):
            assert asker.get(f"{draft}{path}", headers=headers).status_code == 403, path
        assert asker.get(f"{PLANS}/compare?plan=secret&plan=secret2", headers=headers).status_code == 403
        for path, body in (("/adopt", TERMS), ("/rerun", None), ("/withdraw", {"reason": "x"})):
            assert asker.post(f"{draft}{path}", json=body, headers=headers).status_code in {401, 403}, path
        assert "secret" not in asker.get(PLANS, headers=headers).text
        job = asker.get(client.get(evil).json()["links"]["job"], headers=headers)
        assert "60.75" not in job.text
    assert "secret" in client.get(PLANS).text


def test_as_many_candidates_as_may_be_go_from_a_file_into_a_question(client: httpx.Client, town: Town) -> None:
    """2000 spots of long names and with all that can be known of them, on 500 m of street: most join it."""
    (west, lat), (east, _) = degrees([(1500, 0), (2000, 0)])
    step = (east - west) / MAX_CANDIDATES
    known = "120.5,2,true,false,40,owned,10.5,agreed,300000,500000,2027-12-31"
    names = "floor_area_m2,storey,lift,daylight,capacity,tenure,lease_years,candidate_status,cost_yuan,budget_yuan"
    rows = [f"{west + i * step!r},{lat!r},C-{i:09},{'甲' * 60}{i},{known}" for i in range(MAX_CANDIDATES)]
    content = "\n".join([f"lon,lat,code,name,{names},milestone_on", *rows]).encode()
    read = client.post("/api/v1/siting/candidates?file=spots.csv", content=content)
    assert read.status_code == 200, read.text[:500]
    asked = client.post(RUNS, json=ask(*read.json()["items"]))
    assert asked.status_code == 202, asked.text[:500]
    assert Worker(town.sessions, HANDLERS, lease_s=15).run_one()
    certificate = client.get(asked.json()["links"]["self"]).json()["certificate"]
    assert (certificate["objective"], certificate["proven"]) == (60.75, True)


@pytest.mark.parametrize(("name", "code"), [("x" * 201, ""), ("", "x" * 101)])
def test_names_of_a_file_that_no_question_takes_are_refused(client: httpx.Client, name: str, code: str) -> None:
    lon, lat = degrees([(1500, 400)])[0]
    content = f"lon,lat,name,code\n{lon},{lat},{name},{code}\n".encode()
    refused = client.post("/api/v1/siting/candidates?file=spots.csv", content=content)
    assert refused.status_code == 422, refused.text[:500]
    assert [each["row"] for each in refused.json()["errors"]] == [2]
    swapped = client.post("/api/v1/siting/candidates?file=spots.csv", content=f"lon,lat\n{lat},{lon}\n".encode())
    assert swapped.status_code == 422, swapped.text[:500]
