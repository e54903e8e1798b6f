"""The parts of the console about premises, assessment, targets and gates: each a way by clicks, in one district."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import shapely
from playwright.sync_api import Browser, Locator, Page, expect

from api.app import create_app
from gridmgmt.access.rules import Role
from gridmgmt.catalogue.service import load_builtin
from gridmgmt.clock import end_of_day, local_date, system_clock
from gridmgmt.db import Session, make_engine, make_sessions, transaction
from gridmgmt.gate_counts import releases
from gridmgmt.gate_counts import service as counts
from gridmgmt.gate_counts.rules import Bin, FlowClass
from gridmgmt.settings import Settings
from tests.browser.test_governance_systems import give, send, signed_in
from tests.support.actors import TESTER, add_account
from tests.support.browsing import Console
from tests.support.division import spot
from tests.support.paper_district import DACHANG, FIRST, GUCUN, load_district
from tests.support.serving import served

pytestmark = pytest.mark.browser

FACTORS = (
    "population_information", "sanitation", "fire_safety", "public_security", "neighbour_relations",
    "care_of_property", "family_planning",
)  # fmt: skip
SCHEME: dict[str, Any] = {
    "name": {"zh": "方案", "en": "Scheme"}, "direction": "streets", "valid_from": str(FIRST), "source": "test",
    "groups": {"own": {"zh": "本组", "en": "Own"}},
    "items": [
        {"code": "S", "group": "own", "name": {"zh": "满意度", "en": "Survey"}, "weight": "60", "evidence": "survey",
         "zero_at": "1", "full_at": "5", "min_sample": 30},
        {"code": "M", "group": "own", "name": {"zh": "材料", "en": "Paper"}, "weight": "40", "evidence": "manual"},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def console(browser: Browser, module_database_url: str) -> Iterator[Console]:
    """The drawn district with the catalogue and a released day of 星星村, in an administrator's browser."""
    engine = make_engine(module_database_url)
    sessions = make_sessions(engine)
    now = system_clock()
    with transaction(sessions) as session:
        load_district(session)
        load_builtin(session, TESTER, today=FIRST)
        release_a_day(session, now)
    add_account(sessions, "chief", Role.ADMINISTRATOR)
    engine.dispose()
    with served(create_app(Settings(reading="accounts"), module_database_url)) as client:
        context = signed_in(browser, client, "chief")
        console = Console(context.new_page(), str(client.base_url).rstrip("/"))
        yield console
        context.close()
    assert (console.outside, [each for each in console.errors if "422" not in each]) == ([], [])


def release_a_day(session: Session, now: datetime) -> None:
    """Two days ago 16 residents came through the gate of 星星村 from eight to nine, and 124 left."""
    day = local_date(now) - timedelta(days=2)
    surface = shapely.Polygon([spot(3, 1), spot(4, 1), spot(4, 2), spot(3, 2)])
    counts.add_community(session, TESTER, counts.NewCommunity("XX", "星星村", surface, day))
    counts.add_gate(session, TESTER, "XX", "XX-G1", spot(3.5, 1), day)
    begin = end_of_day(day - timedelta(days=1))
    nobody = dict.fromkeys(FlowClass, 0)
    counts.take_census(session, TESTER, "XX", begin, {**nobody, FlowClass.RESIDENT: 700}, now)
    bins = [
        Bin("XX-G1", begin + timedelta(minutes=15 * n), each, *passed(each, n)) for n in range(96) for each in FlowClass
    ]
    counts.push(session, TESTER, bins, now)
    releases.release(session, TESTER, day, now, threshold=10)


def passed(flow_class: FlowClass, quarter: int) -> tuple[int, int]:
    return (4, 31) if flow_class == FlowClass.RESIDENT and 32 <= quarter < 36 else (0, 0)


def at(column: float, row: float) -> str:
    return "{:.5f}, {:.5f}".format(*spot(column, row))


def drawn(page: Page, *corners: str) -> None:
    """Type what could be drawn, and go on to the form."""
    field = page.get_by_test_id("coordinates")
    field.fill("\n".join(corners))
    field.press("Tab")
    page.get_by_test_id("placed").click()


def gone(form: Locator) -> None:
    send(form)
    expect(form).to_have_count(0)


def test_premises_are_registered_inspected_and_appealed_for(console: Console) -> None:
    """A four of ten in all factors is red where uncooperative; what is upheld is set aside."""
    page = console.open("/systems?part=premises")
    expect(page.get_by_test_id("legend-premises")).to_be_visible()
    page.get_by_test_id("register").click()
    drawn(page, at(0.5, 5))
    form = page.get_by_test_id("register-form")
    give(form, **{"register-code": "R1", "register-address": "菊泉街1弄13800000000"})
    send(form)
    expect(form.locator("[data-refused=address]")).to_contain_text("七位数字")
    give(form, **{"register-address": "菊泉街1弄2号303室"})
    gone(form)
    card = page.get_by_test_id("premises-card")
    card.get_by_test_id("inspect").click()
    form = page.get_by_test_id("inspect-form")
    give(form, **{f"score-{factor}": "4" for factor in FACTORS})
    form.get_by_test_id("inspect-cooperating").click()
    gone(form)
    expect(card.get_by_test_id("inspections").locator("tbody tr")).to_contain_text(["红色4.00"])
    card.get_by_test_id("appeal").click()
    page.get_by_role("menuitem", name="评分有误").click()
    card.get_by_role("button", name="成立", exact=True).click()
    expect(card.locator("dl")).to_contain_text("未评")
    rubric = page.get_by_test_id("rubric")
    rubric.locator("summary").click()
    expect(rubric.locator("tbody").first.locator("tr")).to_have_count(7)
    expect(rubric).to_contain_text("5 分及以下且不配合为红色")
    rubric.get_by_test_id("add-rubric").click()
    form = page.get_by_test_id("rubric-form")
    give(form, **{"rubric-name": "next", "rubric-day": "2126-01-01", "rubric-source": "文件", "rubric-cut": "9"})
    send(form)
    expect(form.locator("[data-refused=cut]")).to_contain_text("9 / 8 / 10")
    give(form, **{"rubric-cut": "5.5"})
    gone(form)
    expect(rubric.get_by_test_id("rubric-next")).to_contain_text("2126")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_test_id("publish").click()
    expect(page.get_by_test_id("publish")).to_have_count(0)


def test_a_round_is_opened_filled_appealed_and_signed(console: Console) -> None:
    """A mean of 4 on 1–5 earns 45 of 60, a half 20 of 40; 1.5 are taken away, and 63.5 are signed."""
    page = console.open("/systems?part=assessment")
    keep_scheme(page)
    form = page.get_by_test_id("round-form")
    form.get_by_test_id("round-scheme").select_option("1")
    give(form, **{"round-zh": "一月", "round-en": "January", "round-from": "2026-01-01", "round-to": "2026-01-07"})
    gone(form)
    enter(page, "S", **{"entry-value": "4", "entry-sample": "30"})
    page.get_by_test_id("add-entry").click()
    form = page.get_by_test_id("entry-form")
    form.get_by_test_id("entry-subject").select_option(GUCUN)
    form.get_by_test_id("entry-item").select_option("M")
    give(form, **{"entry-value": "0.5", "give-document": "宝城管〔2026〕1号", "give-sha256": "short"})
    send(form)
    expect(form.locator("[data-refused=document_sha256]")).to_be_visible()
    form.get_by_test_id("give-file").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"abc"})
    expect(form.get_by_test_id("give-sha256")).to_have_value(
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    gone(form)
    first = page.locator(f"[data-subject='{GUCUN}']")
    expect(first).to_contain_text("1顾村镇65")
    expect(page.locator(f"[data-subject='{DACHANG}']")).to_contain_text("—")
    hold(page, "deduction", **{"event-points": "1.5"})
    hold(page, "veto")
    expect(first).to_contain_text("63.50")
    expect(first).to_contain_text("否决")
    page.get_by_test_id("table-events").click()
    for step in ("appeal_open", "appeal_upheld"):
        page.locator(f"[data-testid^={step}-]").last.click()
        form = page.get_by_test_id("appeal-form")
        give(form, **{"appeal-document": "申诉书"})
        gone(form)
    page.get_by_test_id("table-matrix").click()
    page.locator(f"[data-score='{GUCUN}~M']").click()
    expect(page.get_by_test_id("score-detail")).to_contain_text("ba7816bf")
    page.keyboard.press("Escape")
    page.once("dialog", lambda asked: asked.accept())
    page.get_by_test_id("sign").click()
    page.get_by_test_id("verify").click()
    expect(page.get_by_test_id("verified")).to_contain_text("与签发时一致")
    expect(page.get_by_test_id("add-entry")).to_have_count(0)
    page.get_by_test_id("table-ranking").click()
    expect(first.locator("td").first).to_have_text("1")


def keep_scheme(page: Page) -> None:
    """Keep the scheme from a file, after two that are refused; the form of a round follows."""
    page.get_by_test_id("add-scheme").click()
    form = page.get_by_test_id("scheme-form")
    light, heavy = (
        {**SCHEME, "items": [{**SCHEME["items"][0], "weight": each}, SCHEME["items"][1]]} for each in ("50", "60")
    )
    bring(form, "{")
    expect(form).to_contain_text("不是可读的 JSON")
    bring(form, json.dumps(light))
    expect(form.get_by_test_id("scheme-said")).to_contain_text("2 项，权重合计 90")
    send(form)
    expect(form).to_contain_text("各项权重之和为 90，应正好为 100")
    bring(form, json.dumps(heavy))
    gone(form)


def bring(form: Locator, content: str) -> None:
    """Choose a file of a scheme."""
    file = {"name": "scheme.json", "mimeType": "application/json", "buffer": content.encode()}
    form.get_by_test_id("scheme-file").set_input_files(file)


def enter(page: Page, item: str, **fields: str) -> None:
    page.get_by_test_id("add-entry").click()
    form = page.get_by_test_id("entry-form")
    form.get_by_test_id("entry-subject").select_option(GUCUN)
    form.get_by_test_id("entry-item").select_option(item)
    give(form, **fields)
    gone(form)


def hold(page: Page, effect: str, **fields: str) -> None:
    page.get_by_test_id("add-event").click()
    form = page.get_by_test_id("event-form")
    form.get_by_test_id("event-subject").select_option(GUCUN)
    form.get_by_test_id("event-effect").select_option(effect)
    give(form, **{"give-document": "通报", **fields})
    gone(form)


def test_a_target_a_project_and_a_budget_are_set(console: Console) -> None:
    """A stage is skipped only with a reason; at least 310 and 40.78 million are at least 350.78, and no 300."""
    page = console.open("/systems?part=targets")
    page.get_by_test_id("new-target").click()
    form = page.get_by_test_id("target-form")
    form.locator("[data-kind=elderly_service_point]").check()
    give(
        form,
        **{"give-code": "坏 码", "give-area": GUCUN, "give-name": "新增两处", "give-wanted": "2",
           "give-owner": "老龄岗", "give-source": "计划"},
    )  # fmt: skip
    send(form)
    expect(form.locator("[data-refused=code]")).to_be_visible()
    give(form, **{"give-code": "T-2"})
    gone(form)
    page.get_by_test_id("new-item").click()
    form = page.get_by_test_id("item-form")
    give(form, **{"give-name": "菊一老年助餐点", "give-at": at(0.5, 5), "due-open": "2026-12-31"})
    gone(form)
    page.get_by_test_id("milestone").click()
    form = page.get_by_test_id("milestone-form")
    form.get_by_test_id("milestone-stage").select_option("approved")
    expect(form.get_by_test_id("send-form")).to_be_disabled()
    give(form, **{"milestone-reason": "选址与批准同日"})
    gone(form)
    expect(page.get_by_test_id("target-item")).to_contain_text("选址与批准同日")
    expect(page.get_by_test_id("target-progress")).to_have_text("0/2")
    page.get_by_test_id("new-project").click()
    drawn(page, at(0, 4), at(1, 4), at(1, 5), at(0, 5))
    form = page.get_by_test_id("project-form")
    given = {"give-code": "P-1", "give-area": GUCUN, "give-name": "泗塘一村", "give-source": "计划"}
    give(form, **given, **{"give-households": "300"})
    send(form)
    expect(form.locator("[data-refused=households_source]")).to_be_visible()
    give(form, **{"give-households": ""})
    gone(form)
    expect(page.locator("[data-project='P-1']")).to_contain_text("泗塘一村")
    budget(page)


def budget(page: Page) -> None:
    page.get_by_test_id("new-budget").click()
    form = page.get_by_test_id("budget-form")
    give(form, **{"give-name": "街道经费", "give-area": GUCUN, "give-source": "源文"})
    form.get_by_test_id("add-part").click()
    give(form, **{"part-0-name": "基数", "part-0-amount": "31000", "part-1-name": "增量", "part-1-amount": "4078"})
    form.get_by_test_id("part-0-bound").select_option("at_least")
    give(form, **{"total-amount": "30000"})
    send(form)
    expect(form.locator(".refused")).to_contain_text("350")
    form.get_by_test_id("total-bound").select_option("more_than")
    give(form, **{"total-amount": "46000"})
    gone(form)
    expect(page.get_by_test_id("budget-sum")).to_have_text("≥ 35,078")
    expect(page.get_by_test_id("budget-total")).to_have_text("> 46,000")


def test_a_released_day_is_shown_and_a_gate_and_a_census_are_added(console: Console) -> None:
    """Published are 15 in and 125 out, rounded to 5; 700 less 108 are inside, and a census begins anew."""
    page = console.open("/systems?part=gates&community=XX")
    expect(page.get_by_test_id("gate-hours").locator("tbody tr").nth(8)).to_have_text("8 时15125")
    exact = page.get_by_test_id("gate-exact")
    expect(exact.locator("tbody").first.locator("tr").first).to_contain_text("592")
    expect(exact).to_contain_text("失联")
    page.get_by_test_id("take-census").click()
    form = page.get_by_test_id("census-form")
    form.get_by_test_id("census-hour").select_option("0")
    give(form, **{"census-resident": "600", "census-newcomer": "0", "census-visitor": "0", "census-vehicle": "0"})
    gone(form)
    expect(exact.locator("tbody").first.locator("tr").first).to_contain_text("+8")
    page.get_by_test_id("add-community").click()
    drawn(page, at(0, 0), at(1, 0), at(1, 1), at(0, 1))
    form = page.get_by_test_id("gate-place-form")
    give(form, **{"give-code": "YY", "give-name": "月月村"})
    gone(form)
    expect(page.locator("[data-community=YY]")).to_contain_text("尚未发布")
    page.get_by_test_id("add-gate").click()
    drawn(page, at(0.5, 0))
    form = page.get_by_test_id("gate-place-form")
    give(form, **{"give-code": "YY-G1"})
    gone(form)
    expect(page.get_by_test_id("gate-exact")).to_contain_text("YY-G1")
    expect(page.get_by_test_id("legend-gate-communities")).to_be_visible()
