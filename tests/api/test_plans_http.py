"""Plans over HTTP, on the town drawn in `tests.support.paper_town`."""

import hashlib

import httpx
import pytest

from gridmgmt.access.rules import Role
from gridmgmt.jobs.worker import Worker
from gridmgmt.work import HANDLERS
from tests.api.conftest import Town
from tests.support.actors import add_account, add_key, bearer
from tests.support.planning import CANDIDATES, run

PLANS = "/api/v1/plans"
TERMS = {
    "owner_post": "office-of-ageing",
    "budget_yuan": 400_000,
    "milestones": [{"on": "2026-06-30", "points": 1}, {"on": "2026-12-31", "points": 3}],
}


@pytest.fixture(scope="module")
def runs(town: Town) -> tuple[int, int]:
    """A run of three points and one of one."""
    return run(town.sessions), run(town.sessions, 1, CANDIDATES[1:])


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


def test_a_plan_from_the_draft_to_the_rerun(
    client: httpx.Client, public_client: httpx.Client, town: Town, runs: tuple[int, int]
) -> None:
    made = client.post(PLANS, json={"name": "张庙 3", "run_id": runs[0], "note": "first"})
    assert (made.status_code, made.json()["state"], made.json()["points"]) == (201, "draft", 3)
    here = made.headers["location"]
    assert "%20" in here, "an address that any client takes"
    stored = client.get(f"{here}/document").content
    assert hashlib.sha256(stored).hexdigest() == made.json()["document_sha256"]
    assert problem(public_client.get(here)) == (404, "plan_unknown"), "drafts are nobody's business"
    assert public_client.get(PLANS).json()["items"] == []

    adopted = client.post(f"{here}/adopt", json=TERMS)
    assert adopted.status_code == 200
    adoption = adopted.json()["adoption"]
    assert (adopted.json()["state"], adoption["built"], adoption["left_yuan"]) == ("adopted", 0, 50_000)
    assert [m["state"] for m in adoption["milestones"]] == ["ahead", "ahead"]
    assert problem(client.post(f"{here}/adopt", json=TERMS)) == (409, "plan_not_draft")
    late = client.get(here, params={"on": "2027-01-01"}).json()["adoption"]
    assert [m["state"] for m in late["milestones"]] == ["late", "late"]
    assert client.get(here).headers["cache-control"] == "private, no-cache"

    shown = public_client.get(here).json()
    assert (shown["built"], [point["name"] for point in shown["points"]]) == (0, ["u", "v", "w"])
    (listed,) = public_client.get(PLANS).json()["items"]
    assert (listed["points"], listed["built"], listed["author"], listed["model"]) == (3, 0, None, None)
    (listed,) = client.get(PLANS, params={"type": "elderly_service_point"}).json()["items"]
    assert (listed["author"], listed["model"], listed["run_id"]) == ("planner", "max_coverage", runs[0])
    assert client.get(PLANS, params={"type": "meal_point"}).json()["items"] == []

    asked = client.post(f"{here}/rerun")
    assert asked.status_code == 202
    changed = asked.json()["links"]["change"]
    assert problem(client.get(changed)) == (404, "plan_rerun_unknown"), "it has not finished"
    assert Worker(town.sessions, HANDLERS, lease_s=15).run_one()
    found = client.get(changed).json()
    assert ([len(found[name]) for name in ("built", "kept", "left", "new")], found["inputs"]) == ([0, 3, 0, 0], [])
    (again,) = client.get(here).json()["reruns"]
    assert (again["run_id"], again["finished"]) == (asked.json()["run_id"], True)

    gone = client.post(f"{here}/withdraw", json={"reason": "sold"})
    assert (gone.json()["state"], gone.json()["ending"]["because"]) == ("withdrawn", "sold")
    assert problem(public_client.get(here)) == (404, "plan_unknown")


def test_two_plans_side_by_side_and_as_files(client: httpx.Client, runs: tuple[int, int]) -> None:
    for name, run_id in (("a", runs[0]), ("b", runs[1])):
        assert client.post(PLANS, json={"name": name, "run_id": run_id}).status_code == 201
    found = client.get(f"{PLANS}/compare", params={"plan": ["a", "b"]}).json()
    assert [plan["figures"]["covered_after"] for plan in found["plans"]] == [60.75, 30.75]
    assert [point["also_in"] for point in found["plans"][0]["points"]] == [[], ["b"], []]
    assert problem(client.get(f"{PLANS}/compare", params={"plan": ["a"]})) == (422, "plans_compared")
    assert problem(client.get(f"{PLANS}/compare", params={"plan": ["a", "nobody"]})) == (404, "plan_unknown")
    for address in (f"{PLANS}/compare?plan=a&plan=b", f"{PLANS}/a/report"):
        for format_ in ("json", "html", "xlsx", "csv"):
            file = client.get(f"{address}{'&' if '?' in address else '?'}format={format_}")
            assert file.status_code == 200, (address, format_)
            assert f".{format_}" in file.headers["content-disposition"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "a/b"}, 422, "plan_name"),
        ({"name": "compare"}, 422, "plan_name"),
        ({"name": "x", "run_id": 999}, 404, "siting_run_unknown"),
        ({"name": "x", "run_id": 0}, 422, None),
        ({"name": "x", "colour": "red"}, 422, None),
    ],
)
def test_what_makes_no_draft_is_told(
    client: httpx.Client, runs: tuple[int, int], body: dict[str, object], status: int, code: str | None
) -> None:
    refused = client.post(PLANS, json={"run_id": runs[0]} | body)
    assert refused.status_code == status
    if code:
        assert problem(refused) == (status, code)


def test_adoption_says_which_milestone_is_wrong(client: httpx.Client, runs: tuple[int, int]) -> None:
    client.post(PLANS, json={"name": "m", "run_id": runs[0]})
    wrong = {**TERMS, "milestones": [{"on": "2026-06-30", "points": 2}, {"on": "2026-06-30", "points": 3}]}
    refused = client.post(f"{PLANS}/m/adopt", json=wrong)
    assert problem(refused) == (422, "milestone_day")
    assert "2026-07-01" in refused.json()["detail"]
    assert problem(client.post(f"{PLANS}/m/adopt", json={**TERMS, "budget_yuan": -1})) == (422, "number_out_of_range")
    assert client.get(f"{PLANS}/m").json()["state"] == "draft"


def test_analysts_draft_and_planners_adopt(client: httpx.Client, town: Town, runs: tuple[int, int]) -> None:
    add_account(town.sessions, "analyst", Role.ANALYST)
    add_account(town.sessions, "operator", Role.OPERATOR)
    analyst, operator = (bearer(add_key(town.sessions, name)) for name in ("analyst", "operator"))
    body = {"name": "by an analyst", "run_id": runs[0]}
    assert client.post(PLANS, json=body, headers=operator).status_code == 403
    assert client.post(PLANS, json=body, headers=analyst).status_code == 201
    here = f"{PLANS}/by an analyst"
    assert client.post(f"{here}/adopt", json=TERMS, headers=analyst).status_code == 403
    assert problem(client.get(f"{here}/report", headers=operator)) == (403, "plans_withheld")
    assert client.post(f"{here}/adopt", json=TERMS).status_code == 200


def test_visitors_write_and_compare_nothing(public_client: httpx.Client, client: httpx.Client) -> None:
    assert public_client.post(PLANS, json={"name": "x", "run_id": 1}).status_code == 401
    assert problem(public_client.get(f"{PLANS}/compare", params={"plan": ["a", "b"]})) == (403, "plans_withheld")
    assert problem(public_client.get(f"{PLANS}/a/change")) == (403, "plans_withheld")
    assert problem(public_client.get(f"{PLANS}/a/document")) == (403, "plans_withheld")
