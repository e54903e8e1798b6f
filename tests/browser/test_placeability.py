"""Spots judged in the console, in a real browser, in the town of `tests.support.paper_town` with one gate.

The candidate at (1400, 20) joins the street 20 m north of it and walks 600 m to p3 (30 residents), who have nobody
within twenty minutes; p2 (20.25) are 520 m from it and 910 m from A, so that they are newly covered
within fifteen minutes but not within twenty, unless the gate between A and them is closed.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, expect

from api.app import create_app
from api.gate import COOKIE
from gridmgmt.settings import Settings
from tests.api.conftest import NOW, make_town
from tests.support.actors import PASSWORD
from tests.support.browsing import Console, new_context
from tests.support.paper_gates import load_gates
from tests.support.paper_town import degrees
from tests.support.serving import served

pytestmark = pytest.mark.browser

ASKED = "/api/v1/placeability"


def written(east_m: float, north_m: float) -> str:
    """A spot as the address bar has it."""
    return ",".join(map(str, degrees([(east_m, north_m)])[0]))


PAGE = f"/placeability?spot={written(1400, 20)}&camera={written(1400, 20)},14"


@pytest.fixture(scope="module")
def planner(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A planner at a server of the town with its gate."""
    folder = tmp_path_factory.mktemp("town")
    town = make_town(module_database_url, folder)
    load_gates(town.sessions, folder)
    with served(create_app(Settings(), module_database_url, clock=lambda: NOW)) as client:
        client.headers["Sec-Fetch-Site"] = "same-origin"
        client.post("/api/v1/session", json={"name": "planner", "password": PASSWORD}).raise_for_status()
        yield client
    town.sessions.kw["bind"].dispose()


@pytest.fixture
def console(context: BrowserContext, planner: httpx.Client) -> Console:
    base_url = str(planner.base_url).rstrip("/")
    context.add_cookies([{"name": COOKIE, "value": planner.cookies[COOKIE], "url": base_url}])
    return Console(context.new_page(), base_url)


@pytest.fixture
def visitor(context: BrowserContext, planner: httpx.Client, module_database_url: str) -> Iterator[Console]:
    """Somebody without an account, who has two questions a day."""
    settings = Settings(reading="open", results="public", place_questions_per_day=2)
    with served(create_app(settings, module_database_url, clock=lambda: NOW)) as client:
        console = Console(context.new_page(), str(client.base_url).rstrip("/"))
        yield console
        console.close()


def check(page: Page, name: str) -> Locator:
    return page.locator(f"[data-testid=checks] [data-check={name}]")


def gain(page: Page) -> Locator:
    """The newly covered residents, as the list tells them."""
    return page.locator("main.list").get_by_test_id("gain")


def spot_of(page: Page) -> list[float]:
    return [float(value) for value in parse_qs(urlsplit(page.url).query)["spot"][0].split(",")]


def asked(page: Page) -> list[Request]:
    """All requests for cards from now on, as they are sent."""
    found: list[Request] = []
    page.on("request", lambda request: found.append(request) if urlsplit(request.url).path == ASKED else None)
    return found


def middle(marker: Locator) -> tuple[float, float]:
    box = marker.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_card_of_a_spot_stands_beside_its_map(console: Console) -> None:
    page = console.open(PAGE)
    expect(gain(page)).to_have_text("30")
    rows = page.locator("[data-testid=gain-table] tbody tr")
    assert [row.locator("td").all_inner_texts()[:3] for row in rows.all()] == [
        ["5 分钟", "0", "0"], ["10 分钟", "0", "0"], ["15 分钟", "50.3", "40"], ["20 分钟", "30", "30"],
    ]  # fmt: skip
    expect(page.locator("[data-testid=checks] > li")).to_have_count(12)
    assert len({check.get_attribute("data-verdict") for check in page.locator("[data-testid=checks] > li").all()}) > 2
    expect(page.get_by_test_id("street")).to_contain_text("20 米")
    expect(page.get_by_test_id("gate")).to_contain_text("G1 · 公共 · 此时开放 · 16.5 分钟")  # 820 m at 0.83 m/s
    expect(page.get_by_test_id("nearest")).to_contain_text("点A")
    closed = page.locator("[data-testid=robustness] tr", has_text="G1")
    expect(closed).to_contain_text("50.3")  # 30 of p3, and 20.25 of p2, whom A does not reach through a closed gate
    expect(page.get_by_test_id("legend-planning")).to_contain_text("20 分钟内一定能到")
    expect(page.get_by_test_id("card-terms")).to_contain_text("0.83 m/s")
    assert console.errors == []
    assert console.outside == []


@pytest.mark.long
def test_what_is_told_of_the_candidate_turns_gaps_into_answers(console: Console) -> None:
    page = console.open(PAGE)
    expect(check(page, "tenure")).to_have_attribute("data-verdict", "not_assessed")
    check(page, "tenure").get_by_role("button", name="权属").click()
    expect(page.locator("#attribute-tenure")).to_be_focused()
    page.locator("#attribute-tenure").select_option("disputed")
    expect(check(page, "tenure")).to_have_attribute("data-verdict", "fail")
    page.locator("#attribute-floor_area_m2").fill("20")
    page.locator("#attribute-floor_area_m2").press("Enter")
    expect(check(page, "building")).to_contain_text("建筑面积（平方米）为 20")
    page.reload()
    expect(check(page, "tenure")).to_contain_text("权属有争议")  # a link tells the same to everybody
    page.get_by_test_id("attributes").get_by_role("button", name="清空").click()
    expect(check(page, "tenure")).to_have_attribute("data-verdict", "not_assessed")
    assert console.errors == []


def test_a_spot_is_chosen_on_the_map_by_its_menu_and_by_coordinates(console: Console) -> None:
    page = console.open(f"/?camera={written(1400, 20)},14")
    console.drawn()
    box = page.get_by_test_id("map").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, button="right")
    page.get_by_test_id("assess-here").click()
    expect(gain(page)).to_have_text("30")
    assert spot_of(page) == pytest.approx(degrees([(1400, 20)])[0], abs=2e-5)
    before = f"spot={spot_of(page)[0]:.6f}"
    page.mouse.click(box["x"] + box["width"] / 2 + 60, box["y"] + box["height"] / 2 + 200)
    page.wait_for_url(lambda url: before not in url)
    page.get_by_test_id("position").fill("nowhere")
    page.get_by_test_id("position").press("Enter")
    expect(page.get_by_text("请写成“经度, 纬度”")).to_be_visible()
    page.get_by_test_id("position").fill(written(5000, 5000))
    page.get_by_test_id("position").press("Enter")
    expect(check(page, "connection")).to_have_attribute("data-verdict", "fail")
    expect(page.get_by_test_id("street")).to_contain_text("在路网范围之外")
    assert console.errors == []


@pytest.mark.long
def test_a_dragged_marker_is_judged_as_it_goes_one_question_at_a_time(console: Console) -> None:
    page = console.open(PAGE)
    expect(page.get_by_test_id("legend-planning")).to_contain_text("一定能到")
    requests, under_way, most = asked(page), 0, 0

    def count(step: int, request: Request) -> None:
        nonlocal under_way, most
        if urlsplit(request.url).path == ASKED:
            under_way += step
            most = max(most, under_way)

    page.on("request", lambda request: count(1, request))
    page.on("requestfinished", lambda request: count(-1, request))
    x, y = middle(page.get_by_test_id("spot"))
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 41):
        page.mouse.move(x - step * 3, y)
    expect(gain(page)).not_to_have_text("30")  # before it is let go
    assert json.loads(requests[0].post_data or "")["detail"] == "brief"
    with page.expect_response(lambda response: '"detail":"full"' in (response.request.post_data or "")):
        page.mouse.up()
    last = json.loads(requests[-1].post_data or "")
    assert (last["detail"], [last["lon"], last["lat"]]) == ("full", pytest.approx(spot_of(page), abs=1e-6))
    assert most == 1
    assert len(requests) < 40
    assert console.errors == []


@pytest.mark.long
def test_the_keyboard_moves_the_marker(console: Console) -> None:
    page = console.open(PAGE)
    expect(gain(page)).to_have_text("30")
    marker = page.get_by_test_id("spot")
    marker.focus()
    before = spot_of(page)
    marker.press("Shift+ArrowLeft")
    marker.press("ArrowLeft")
    page.wait_for_url(lambda url: written(1400, 20).split(",")[0] not in url.split("camera")[0])
    assert spot_of(page)[0] < before[0] - 0.001
    assert spot_of(page)[1] == pytest.approx(before[1], abs=1e-5)


@pytest.mark.long
def test_the_card_is_saved_as_a_page_and_as_data(console: Console) -> None:
    page = console.open(PAGE)
    contents = {}
    for name in ("save-page", "save-json"):
        with page.expect_download() as download:
            page.get_by_test_id(name).click()
        contents[download.value.suggested_filename] = Path(download.value.path()).read_text(encoding="utf-8")
    assert "十二项检查" in contents["placeability-elderly_service_point.html"]
    card = json.loads(contents["placeability-elderly_service_point.json"])
    assert (card["schema"], card["facts"]["gain"]["residents"]) == ("placeability-card/1", 30)
    assert console.errors == []


def test_a_visitor_reads_rounded_answers_and_how_many_questions_are_left(visitor: Console) -> None:
    page = visitor.open(f"/placeability?lang=en&camera={written(1400, 20)},14")
    questions = page.get_by_test_id("questions")
    expect(questions).to_contain_text("2 of 2 questions are left")
    requests = asked(page)
    visitor.drawn()
    visitor.click_map_centre()
    expect(gain(page)).to_have_text("30")
    expect(questions).to_contain_text("1 of 2 questions are left")
    expect(page.get_by_text("Judged at the nearest corner of 100 m squares")).to_be_visible()
    expect(page.get_by_test_id("taken")).to_have_count(0)  # whose nearest point changes is a list of small counts
    x, y = middle(page.get_by_test_id("spot"))
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(x - step * 10, y)
    expect(page.get_by_role("status").filter(has_text="Let go of the marker to ask")).to_be_visible()
    assert len(requests) == 1
    page.mouse.up()
    expect(questions).to_contain_text("All 2 questions of today have been asked")
    page.get_by_test_id("position").fill(written(900, 0))
    page.get_by_test_id("position").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("have been asked")
    assert len(requests) == 3
    assert visitor.outside == []


@pytest.mark.long
def test_it_fits_a_narrow_screen(browser: Browser, planner: httpx.Client) -> None:
    context = new_context(browser, width=360, height=740, locale="en-GB")
    base_url = str(planner.base_url).rstrip("/")
    context.add_cookies([{"name": COOKIE, "value": planner.cookies[COOKIE], "url": base_url}])
    page = Console(context.new_page(), base_url).open(PAGE + "&lang=en")
    expect(gain(page)).to_have_text("30")
    assert page.evaluate("document.querySelector('main.list').scrollWidth") <= 360
    page.get_by_role("tab", name="Map").click()
    summary = page.locator("section.pane").get_by_test_id("verdict")
    expect(summary).to_be_visible()
    box = summary.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 360
    context.close()
