"""The page of indicators on the demo's month: every number opens its cases, as a list, on the map and as a file."""

import csv
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pyogrio
import pytest
from playwright.sync_api import Browser, Locator, Page, Response, expect

from gridmgmt.clock import local_date, system_clock
from tests.support.browsing import Console, Served
from tests.support.serving import until

pytestmark = [pytest.mark.browser, pytest.mark.long]

MADE_S = 900.0
"""A worker makes the month of cases after the coverage."""
TODAY = local_date(system_clock())
WEEK = {"from": str(TODAY - timedelta(days=13)), "to": str(TODAY - timedelta(days=7))}
"""A week of the demo's month in which nothing becomes due any more."""
ASKED = urlencode(WEEK)
GUCUN = "310113109"


@pytest.fixture(scope="module")
def api(served_demo: Served) -> Iterator[httpx.Client]:
    """The interface, once the demo has its cases."""

    def made() -> bool:
        answers = (client.get(f"jobs/{job_id}") for job_id in range(1, 20))
        jobs = [answer.json() for answer in answers if answer.status_code == 200]
        return any((job["kind"], job["state"]) == ("demo_cases", "succeeded") for job in jobs)

    with httpx.Client(base_url=f"{served_demo.base_url}/api/v1/", timeout=60) as client:
        until(made, deadline_s=MADE_S, every_s=1.0)
        yield client


@pytest.fixture(scope="module")
def console(browser: Browser, served_demo: Served, api: httpx.Client) -> Iterator[Console]:
    """A leader's browser, signed in."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 900},
        locale="zh-CN",
        timezone_id="America/Los_Angeles",
        reduced_motion="reduce",
    )
    given = {"demo": "demo-duty-chief"}
    headers = {"Sec-Fetch-Site": "same-origin"}
    assert context.request.post(f"{served_demo.base_url}/api/v1/session", data=given, headers=headers).ok
    console = Console(context.new_page(), served_demo.base_url)
    yield console
    context.close()


Answer = Callable[..., Any]


@pytest.fixture(scope="module")
def answer(api: httpx.Client) -> Answer:
    """What the interface tells of the week."""

    def asked(path: str = "indicators", **more: str) -> Any:
        found = api.get(path, params={**WEEK, **more})
        assert found.status_code == 200, found.text
        return found.json()

    return asked


def rows_of(page: Page) -> dict[str, Locator]:
    rows = page.get_by_test_id("indicators").locator("tbody tr")
    expect(rows.first).to_be_visible()
    return {str(row.get_attribute("data-code")): row for row in rows.all()}


def cells_of(row: Locator) -> list[list[str]]:
    return [text.split("\n") for text in row.locator("td").all_inner_texts()]


def percent(numerator: int, denominator: int) -> str:
    if not denominator:
        return "—"
    return {0: "0 %", denominator: "100 %"}.get(numerator, f"{numerator / denominator * 100:.2f} %")


def test_rates_stand_over_their_two_numbers(console: Console, answer: Answer) -> None:
    told = {row["code"] or "": row for row in answer(by="department")["rows"]}
    page = console.open(f"/indicators?{ASKED}&by=department")
    rows = rows_of(page)
    assert set(rows) == set(told)
    undefined = 0
    for code, row in rows.items():
        reported, *_, rate = cells_of(row)[:5]
        ratio = told[code]["ratios"]["on_time_closing_rate"]
        numerator, denominator = ratio["numerator"], ratio["denominator"]
        assert reported == [f"{told[code]['counts']['reported']['value']:,}"]
        share = percent(numerator, denominator)
        assert rate == [share, f"{numerator:,} / {denominator:,}"]
        undefined += share == "—"
    assert undefined, "no body has a case that is not with it, so that row has nothing due"
    totals = answer(by="department")["total"]["counts"]
    assert sum(row["counts"]["due"]["value"] for row in told.values()) == totals["due"]["value"] > 0


def test_area_period_and_dimension_are_chosen(console: Console, answer: Answer) -> None:
    page = console.open(f"/indicators?{ASKED}")
    expect(page.get_by_test_id("basis")).to_contain_text(f"{TODAY - timedelta(days=13):%Y年%-m月%-d日}")
    page.get_by_test_id("by").select_option("source")
    expect(page.get_by_test_id("indicators").locator("thead th").first).to_contain_text("案件来源")
    page.get_by_test_id("area").click()
    page.keyboard.type("顾村")
    page.get_by_role("option", name=GUCUN).click()
    expect(page).to_have_url(re.compile(f"area={GUCUN}"))
    there = answer(by="source", area=GUCUN)["total"]["counts"]["reported"]["value"]
    expect(page.get_by_test_id("total").locator("td").first).to_have_text(f"{there:,}")
    page.get_by_test_id("compare").select_option("month")
    expect(page.get_by_test_id("basis")).to_contain_text("对比")
    page.get_by_test_id("preset-last_month").click()
    expect(page).to_have_url(re.compile(rf"to={TODAY.replace(day=1) - timedelta(days=1)}"))


class Drawn:
    """The tiles of cases that the map has asked for, as the browser got them."""

    def __init__(self, page: Page) -> None:
        self.tiles: dict[tuple[int, int, int], tuple[dict[str, list[str]], bytes]] = {}
        page.on("response", self._take)

    def _take(self, response: Response) -> None:
        address = urlsplit(response.url)
        if (found := re.fullmatch(r"/tiles/cases/(\d+)/(\d+)/(\d+)\.mvt", address.path)) and response.status == 200:
            z, x, y = map(int, found.groups())
            self.tiles[z, x, y] = parse_qs(address.query), response.body()

    def cases(self, folder: Path) -> int:
        """How many cases the last zoom shows; each is counted by the one tile that it lies in."""
        last = next(reversed(self.tiles))[0]
        count = 0
        for (z, x, y), (_, body) in self.tiles.items():
            if z == last:
                file = folder / "tile.pbf"
                file.write_bytes(body)
                count += int(pyogrio.read_dataframe(file, Z=z, X=x, Y=y, CLIP="NO")["cases"].sum())
        return count


def test_a_number_opens_its_cases_on_the_map_and_as_a_file(console: Console, answer: Answer, tmp_path: Path) -> None:
    page = console.open(f"/indicators?{ASKED}")
    due = answer()["total"]["ratios"]["on_time_closing_rate"]
    rate = page.get_by_test_id("total").locator("td").nth(4)
    expect(rate).to_contain_text(f"{due['numerator']:,} / {due['denominator']:,}")
    drawn = Drawn(page)
    with page.expect_response(re.compile("/tiles/cases/.*measure=due_closed_on_time")):
        rate.get_by_role("link").first.click()
    expect(page.get_by_test_id("case-count")).to_have_text(f"{due['numerator']:,} 件")
    expect(page.get_by_test_id("counted")).to_contain_text("按期结案数")
    console.drawn()
    page.wait_for_load_state("networkidle")
    assert all(query["measure"] == ["due_closed_on_time"] for query, _ in drawn.tiles.values())
    assert drawn.cases(tmp_path) == due["numerator"]
    page.locator("summary", has_text="导出").click()
    with page.expect_download() as started:
        page.get_by_test_id("export-csv").click()
    with Path(started.value.path()).open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == due["numerator"]
    page.get_by_test_id("clear-counted").click()
    expect(page.get_by_test_id("counted")).to_have_count(0)
    page.go_back()


def test_keys_alone_lead_from_a_rate_to_its_cases(console: Console, answer: Answer) -> None:
    page = console.open(f"/indicators?{ASKED}&part=bulletins")
    expect(page.get_by_test_id("bulletins")).to_be_visible()
    page.keyboard.press("2")
    expect(page.get_by_test_id("ranking")).to_be_visible()
    page.keyboard.press("1")
    first, *_ = rows_of(page).values()
    page.keyboard.press("j")
    expect(first).to_be_focused()
    code = first.get_attribute("data-code")
    count = next(row["counts"]["reported"]["value"] for row in answer(by="town")["rows"] if row["code"] == code)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("counted")).to_contain_text("上报数")
    expect(page.get_by_test_id("case-count")).to_have_text(f"{count:,} 件")


def test_the_chart_shows_the_column_that_is_chosen(console: Console, answer: Answer) -> None:
    page = console.open(f"/indicators?{ASKED}")
    charts = page.get_by_test_id("charts")
    bars = charts.get_by_test_id("chart")
    expect(charts.get_by_role("heading")).to_contain_text("按期结案率")
    expect(bars).to_contain_text("%")
    page.get_by_test_id("drawn").select_option("reported")
    expect(charts.get_by_role("heading")).to_contain_text("上报数")
    expect(page.get_by_test_id("legend")).to_contain_text("上报数")
    expect(bars).not_to_contain_text("%")
    most = max(row["counts"]["reported"]["value"] for row in answer(by="town")["rows"])
    expect(bars).to_contain_text(f"{most:,}")


def test_towns_are_ranked_by_their_rate(console: Console, answer: Answer) -> None:
    page = console.open(f"/indicators?{ASKED}&part=ranking")
    told = answer("indicators/ranking", by="town", ratio="on_time_closing_rate")
    rows = page.get_by_test_id("ranking").locator("tbody tr")
    expect(rows).to_have_count(len(told["rows"]))
    shown = [text.split("\t") for text in rows.all_inner_texts()]
    values = [float(cells[2].split()[0]) for cells in shown if cells[0] != "—"]
    assert values == sorted(values, reverse=True)
    assert len(values) >= 10
    least = [row["denominator"] for row in told["rows"] if row["rank"] is not None]
    assert min(least) >= told["min_cases"] == 10
    expect(page.get_by_test_id("legend")).to_contain_text("按期结案率")
    page.get_by_test_id("ratio-rework_rate").click()
    expect(page.get_by_text("越低越好")).to_be_visible()


def test_hot_spots_have_their_legend_and_places_their_cases(console: Console, answer: Answer) -> None:
    month = {"from": str(TODAY - timedelta(days=29)), "to": str(TODAY - timedelta(days=1))}
    page = console.open(f"/indicators?{urlencode(month)}&part=hot_spots")
    told = answer("hot-spots", level="quarter", **month)["items"]
    rows = page.get_by_test_id("hot-areas").locator("tbody tr")
    expect(rows).to_have_count(min(len(told), 100))
    legend = page.get_by_test_id("legend-hot-spots")
    expect(legend).to_contain_text("热点")
    expect(legend).to_contain_text("冷点")
    rows.first.click()
    expect(rows.first).to_have_attribute("aria-current", "true")
    expect(page).to_have_url(re.compile("camera="))
    place = page.get_by_test_id("repeated").locator("li").first
    count = place.get_by_role("link").inner_text()
    assert int(count) >= 3
    place.get_by_role("link").click()
    expect(page.get_by_test_id("case-count")).to_have_text(f"{count} 件")
    expect(page.get_by_test_id("counted")).to_contain_text("20 米")


def test_what_cannot_be_told_says_what_can(console: Console) -> None:
    page = console.open("/indicators?from=2014-01-01&to=2014-12-31")
    for part in ("table", "ranking", "hot_spots"):
        page.get_by_test_id(f"part-{part}").click()
        expect(page.get_by_test_id("too-early")).to_contain_text("2015-01-01")
    page.get_by_test_id("part-table").click()
    page.get_by_test_id("by").select_option("type")
    expect(page.get_by_text("这段时间没有案件")).to_be_visible()
    page.get_by_test_id("last-30-days").click()
    expect(page.get_by_test_id("total")).to_be_visible()


CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_everything_is_there_in_english(console: Console) -> None:
    page = console.open(f"/indicators?{ASKED}&by=source&compare=month&lang=en")
    words = page.get_by_test_id("indicators").inner_text() + page.get_by_test_id("basis").inner_text()
    words += page.get_by_test_id("ask").inner_text()
    assert not CHINESE.search(words), words
    page.get_by_test_id("part-bulletins").click()
    bulletin = page.get_by_test_id("bulletins").get_by_role("link").first
    expect(bulletin).to_contain_text("Bulletin of")
    assert not CHINESE.search(page.get_by_test_id("bulletins").inner_text())
    read = page.request.get(console.base_url + str(bulletin.get_attribute("href")))
    assert re.search(r"\b[0-9a-f]{64}\b", read.text()), "the hash of its content"


def test_nothing_from_outside_and_nothing_goes_wrong(console: Console) -> None:
    """The last of the file; only what was asked for before the first boundaries is an error."""
    assert console.outside == []
    assert [error for error in console.errors if "422" not in error] == []
