"""Siting and plans in the console, in a real browser, in the town of `tests.support.paper_town`.

A covers p1 and p2 (30.75 of 75.75 residents). The spot u at (1500, 400) is 100 m from p3 (30 residents), w at
(1400, 0) 600 m, v at (2500, 0) 1500 m, which is more than the 996 m of twenty minutes; p4, p5 and p6 join no street.
"""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from api.app import create_app
from api.gate import COOKIE
from gridmgmt.jobs import service as jobs
from gridmgmt.jobs.worker import JobContext, Worker
from gridmgmt.settings import Settings
from gridmgmt.siting.progress import SearchProgress, tell
from gridmgmt.work import HANDLERS
from tests.api.conftest import NOW, Town, make_town
from tests.support import planning
from tests.support.actors import PASSWORD
from tests.support.browsing import Console, new_context
from tests.support.paper_town import degrees
from tests.support.serving import served

pytestmark = pytest.mark.browser

RUNS = "/api/v1/siting/runs"
CAMERA = "camera=" + ",".join(map(str, degrees([(1500, 300)])[0])) + ",14"


def lines(*spots: tuple[float, float]) -> str:
    """Positions as the fields of coordinates take them."""
    return "\n".join(f"{lon}, {lat}" for lon, lat in degrees(spots))


@pytest.fixture(scope="module")
def town(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    town = make_town(module_database_url, tmp_path_factory.mktemp("town"))
    yield town
    town.sessions.kw["bind"].dispose()


@pytest.fixture(scope="module")
def planner(town: Town) -> Iterator[httpx.Client]:
    with served(create_app(Settings(), town.url, clock=lambda: NOW)) as client:
        client.headers["Sec-Fetch-Site"] = "same-origin"
        client.post("/api/v1/session", json={"name": "planner", "password": PASSWORD}).raise_for_status()
        yield client


def enter(context: BrowserContext, planner: httpx.Client) -> Console:
    base_url = str(planner.base_url).rstrip("/")
    context.add_cookies([{"name": COOKIE, "value": planner.cookies[COOKIE], "url": base_url}])
    return Console(context.new_page(), base_url)


@pytest.fixture
def console(context: BrowserContext, planner: httpx.Client) -> Console:
    return enter(context, planner)


def question(points: int = 1) -> dict[str, object]:
    (u, w) = degrees([(1500, 400), (1400, 0)])
    items = [{"lon": lon, "lat": lat, "name": name} for name, (lon, lat) in (("u", u), ("w", w))]
    candidates = {"source": "list", "items": items}
    return {"model": "max_coverage", "points": points, "type": planning.TYPE, "judge": False, "candidates": candidates}


def figures(page: Page, name: str) -> list[list[str]]:
    return [row.locator("td").all_inner_texts() for row in page.locator(f"[data-testid={name}] tbody tr").all()]


@pytest.mark.long
def test_the_steps_of_a_question_lead_to_its_certificate(console: Console, town: Town) -> None:
    page = console.open(f"/siting?{CAMERA}")
    page.get_by_test_id("new-siting").click()
    expect(page.get_by_test_id("ask-form").get_by_role("radio")).to_have_count(6)
    page.get_by_test_id("points").locator("input").fill("1")
    page.get_by_test_id("points").locator("input").press("Tab")
    page.get_by_test_id("next-step").click()
    page.get_by_test_id("next-step").click()
    page.locator("[data-source=list]").click()
    page.locator("[data-step=check]").click()
    expect(page.get_by_role("alert")).to_contain_text("还没有候选点")
    expect(page.get_by_test_id("submit-siting")).to_be_disabled()

    page.locator("[data-step=candidates]").click()
    fields = page.get_by_test_id("coordinates")
    fields.nth(0).fill(lines((1500, 400), (2500, 0)))
    fields.nth(0).blur()
    expect(page.get_by_test_id("listed")).to_contain_text("地图 2 个")
    fields.nth(1).fill(lines((2400, -50), (2600, -50), (2600, 50), (2400, 50)))
    fields.nth(1).blur()
    page.get_by_test_id("add-zone").click()
    expect(page.get_by_test_id("zones")).to_contain_text("禁设区 1（4 角）")
    page.get_by_test_id("judge").click()
    page.get_by_test_id("next-step").click()
    expect(page.get_by_test_id("ask-summary")).to_contain_text("2 个给定的候选点")
    expect(page.get_by_test_id("ask-summary")).to_contain_text("1 个禁设区")
    page.get_by_test_id("submit-siting").click()
    expect(page.get_by_test_id("progress")).to_contain_text("排队中")
    assert Worker(town.sessions, HANDLERS, lease_s=15).run_one()

    certificate = page.get_by_test_id("certificate")
    expect(certificate).to_have_attribute("data-proven", "true")
    expect(certificate).to_contain_text("已证明最优")
    expect(certificate).to_contain_text("任何 1 个点的方案都不会更好")
    expect(page.get_by_test_id("newly")).to_have_text("30")
    expect(page.get_by_test_id("ratio-after")).to_have_text("80.2%")  # 60.75 of 75.75
    assert [row[:2] for row in figures(page, "rejected")] == [["在禁设区内", "1"]]
    assert figures(page, "chosen")[0][2] == "30"
    page.locator("[data-rank='1']").click()
    page.wait_for_url("**rank=1**")
    console.drawn()
    expect(page.get_by_test_id("legend-siting")).to_contain_text("新点")
    expect(page.get_by_test_id("legend-tint")).to_contain_text("建成后")
    page.locator("[data-when=before]").click()
    expect(page.get_by_test_id("legend-tint")).to_contain_text("建成前")
    links = page.get_by_test_id("result-links").get_by_role("link")
    assert [link.inner_text() for link in links.all()] == ["HTML", "PDF", "XLSX", "GEOJSON", "JSON"]
    assert console.errors == []
    assert console.outside == []


@pytest.mark.long
def test_candidates_are_clicked_on_the_map(console: Console) -> None:
    page = console.open(f"/siting?step=candidates&{CAMERA}")
    page.locator("[data-source=list]").click()
    console.drawn()
    page.get_by_test_id("draw").first.click()
    console.click_map_centre()
    expect(page.get_by_test_id("listed")).to_contain_text("地图 1 个")
    expect(page.get_by_test_id("legend-siting")).to_contain_text("候选点")
    page.get_by_test_id("listed").get_by_role("button", name="清空").click()
    expect(page.get_by_test_id("listed")).to_have_count(0)


def test_a_file_of_candidates_is_read_or_says_which_row_is_wrong(console: Console) -> None:
    page = console.open("/siting?step=candidates")
    page.locator("[data-source=list]").click()
    (lon, lat) = degrees([(1500, 400)])[0]
    good = f"lon,lat,name,capacity\n{lon},{lat},甲,40\n"
    chooser = page.get_by_test_id("candidate-file")
    chooser.set_input_files(
        {"name": "bad.csv", "mimeType": "text/csv", "buffer": f"{good}{lon},{lat},乙,many\n".encode()}
    )
    expect(page.get_by_role("alert")).to_contain_text("第 3 行")
    chooser.set_input_files({"name": "good.csv", "mimeType": "text/csv", "buffer": good.encode()})
    expect(page.get_by_test_id("listed")).to_contain_text("文件 1 个")
    expect(page.get_by_test_id("listed")).to_contain_text("甲")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_search_tells_its_two_numbers_and_can_be_ended(console: Console, planner: httpx.Client, town: Town) -> None:
    asked = planner.post(RUNS, json=question()).json()
    with town.sessions.begin() as session:
        claim = jobs.claim(session, lease_s=60, job_id=asked["job_id"])
    assert claim is not None
    context = JobContext(claim, town.sessions)
    page = console.open(f"/siting?siting={asked['run_id']}&lang=en&{CAMERA}")
    spot = tuple(degrees([(1500, 400)])[0])

    def found(objective: float, bound: float, seconds: float) -> None:
        gap = (bound - objective) / objective
        told = SearchProgress(
            unit="residents", objective=objective, bound=bound, gap=gap, seconds=seconds, chosen=[spot]
        )
        tell(context, asked["run_id"], told, "job_stage.searching", 0.4)

    found(1000, 1100, 1)
    expect(page.get_by_test_id("bound")).to_have_text("1,100 residents")
    found(1040, 1056.4, 2)
    expect(page.get_by_test_id("incumbent")).to_have_text("1,040 residents")
    expect(page.get_by_test_id("bound")).to_have_text("1,057 residents")  # never told too low
    expect(page.get_by_test_id("gap")).to_have_text("1.58%")  # 16.4 / 1040, never told too small
    expect(page.get_by_role("img", name="Plan and bound come nearer")).to_be_visible()
    expect(page.get_by_test_id("legend-siting")).to_contain_text("Best plan so far")
    page.get_by_test_id("stop-keep").click()
    expect(page.get_by_text("It will end with the best plan so far")).to_be_visible()
    page.get_by_test_id("stop").click()
    expect(page.get_by_text("Cancelling…")).to_be_visible()
    assert planner.get(f"/api/v1/jobs/{asked['job_id']}").json()["cancel_requested"] is True


def test_a_run_that_is_refused_says_what_to_change(console: Console, planner: httpx.Client, town: Town) -> None:
    (u, near) = degrees([(1500, 400), (1500, 420)])
    items = [{"lon": lon, "lat": lat} for lon, lat in (u, near)]
    asked = {**question(points=2), "spacing_m": 100, "candidates": {"source": "list", "items": items}}
    run = planner.post(RUNS, json=asked).json()
    assert Worker(town.sessions, HANDLERS, lease_s=15).run_one()
    page = console.open(f"/siting?siting={run['run_id']}&lang=en")
    expect(page.get_by_test_id("ended")).to_contain_text("Failed")
    expect(page.get_by_test_id("ended")).to_contain_text("ask for fewer points")


@pytest.mark.long
def test_the_curve_is_read_by_keys(console: Console, town: Town) -> None:
    run_id = planning.run(town.sessions)
    page = console.open(f"/siting?siting={run_id}")
    said = page.get_by_test_id("curve-at")
    expect(said).to_contain_text("3 个点：覆盖 60.8 人（80.2%）")
    slider = page.get_by_role("slider", name="取舍曲线")
    slider.focus()
    slider.press("Home")
    expect(said).to_contain_text("1 个点：覆盖 60.8 人")
    slider.press("ArrowRight")
    expect(said).to_contain_text("2 个点")
    expect(said).to_contain_text("比少一个点多 0 人")
    assert slider.get_attribute("aria-valuenow") == "2"


def test_a_plan_is_kept_compared_adopted_and_asked_anew(console: Console, town: Town) -> None:
    run_id = planning.run(town.sessions)
    planning.keep(town.sessions, "one point", planning.run(town.sessions, 1, planning.CANDIDATES[1:]))
    page = console.open(f"/siting?siting={run_id}&lang=en")
    page.get_by_test_id("keep").locator("summary").click()
    page.get_by_test_id("plan-name").fill("three points")
    page.get_by_test_id("keep-plan").click()
    expect(page.get_by_test_id("plan-title")).to_have_text("three points")

    page.get_by_test_id("back").click()
    expect(page.get_by_test_id("compare")).to_be_disabled()
    for name in ("three points", "one point"):
        page.get_by_label(f"Compare “{name}”").check()
    page.get_by_test_id("compare").click()
    expect(page.get_by_test_id("compared-areas")).to_be_visible()
    rows = {row[0]: row[1:] for row in figures(page, "compared")}
    assert (rows["Points"], rows["Covered"], rows["Ratio"]) == (["3", "1"], ["60.8", "30.8"], ["80.2%", "40.6%"])
    shared = page.locator("[data-points='one point'] tbody tr")
    expect(shared.locator("td").last).to_have_text("A")  # which the plan of three points has too
    console.drawn()
    expect(page.get_by_test_id("legend-siting")).to_contain_text("B one point")

    page.get_by_test_id("back").click()
    page.locator("[data-plan='three points']").click()
    page.get_by_test_id("adopt").locator("summary").click()
    expect(page.get_by_test_id("adopt-plan")).to_be_disabled()
    page.get_by_test_id("owner").fill("office-of-ageing")
    page.get_by_test_id("budget").fill("400000")
    page.get_by_test_id("add-milestone").click()
    page.get_by_label("Day of milestone 1").fill("2026-06-30")
    page.get_by_label("Points of milestone 1").fill("1")
    page.get_by_label("Day of milestone 2").fill("2026-12-31")
    page.get_by_test_id("adopt-plan").click()
    expect(page.get_by_test_id("built")).to_have_text("0/3 built")
    expect(page.get_by_test_id("targets")).to_contain_text("50,000 yuan left")  # 400,000 - 300,000 - 50,000
    expect(page.get_by_test_id("milestones")).to_contain_text("Ahead")
    assert [row[2] for row in figures(page, "target-table")] == ["30 Jun 2026", "31 Dec 2026", "31 Dec 2026"]

    page.get_by_test_id("rerun-plan").click()
    expect(page.get_by_test_id("progress")).to_be_visible()
    assert Worker(town.sessions, HANDLERS, lease_s=15).run_one()
    changed = page.get_by_test_id("change")
    expect(changed).to_contain_text("The data are those of the plan")
    expect(changed.locator("[data-group=kept] li")).to_have_count(3)
    expect(changed.locator("[data-group=left]")).to_have_count(0)
    page.get_by_test_id("close-rerun").click()
    page.get_by_test_id("withdraw").locator("summary").click()
    page.get_by_test_id("reason").fill("sold")
    page.get_by_test_id("withdraw-plan").click()
    expect(page.get_by_text("Withdrawn")).to_be_visible()
    assert console.errors == []


@pytest.mark.long
def test_plans_that_cannot_stand_side_by_side_say_what_to_do(console: Console, town: Town) -> None:
    planning.keep(town.sessions, "ten minutes", planning.run(town.sessions, 1, minutes=10.0))
    planning.keep(town.sessions, "twenty minutes", planning.run(town.sessions, 1))
    page = console.open("/siting/plans?lang=en&compare=ten%20minutes%0Atwenty%20minutes")
    expect(page.get_by_role("alert")).to_contain_text("Run the siting again on the same terms")


def test_visitors_read_the_points_of_adopted_plans(context: BrowserContext, town: Town) -> None:
    planning.keep(town.sessions, "for all", planning.run(town.sessions))
    planning.take(town.sessions, "for all")
    settings = Settings(reading="open", results="public")
    with served(create_app(settings, town.url, clock=lambda: NOW)) as client:
        visitor = Console(context.new_page(), str(client.base_url).rstrip("/"))
        page = visitor.open("/siting?lang=en")
        expect(page.get_by_text("Siting runs need exact results")).to_be_visible()
        page.get_by_role("link", name="Plans and targets").click()
        page.locator("[data-plan='for all']").click()
        expect(page.get_by_test_id("built")).to_have_text("0/3 built")
        expect(page.get_by_test_id("public-plan").locator("tbody tr")).to_have_count(3)
        assert "residents" not in page.locator("main.list").inner_text()
        assert visitor.errors == []
        visitor.close()


@pytest.mark.long
def test_it_fits_a_narrow_screen(browser: Browser, planner: httpx.Client, town: Town) -> None:
    context = new_context(browser, width=360, height=740, locale="en-GB")
    console = enter(context, planner)
    planning.keep(town.sessions, "narrow", run_id := planning.run(town.sessions, 1))
    steps = [f"siting?step={step}" for step in ("model", "place", "candidates", "check")]
    for address in (*steps, "siting", f"siting?siting={run_id}", "siting/plans", "siting/plans?plan=narrow"):
        page = console.open(f"/{address}{'&' if '?' in address else '?'}lang=en")
        expect(page.locator("main.list h1")).to_be_visible()
        assert page.evaluate("document.querySelector('main.list').scrollWidth") <= 360, address
    context.close()
