"""The parts of the console about meetings, desks and bodies: each a whole way by clicks, in one served district."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from api.app import create_app
from api.gate import COOKIE
from gridmgmt.access.rules import Role
from gridmgmt.catalogue.service import load_builtin, load_builtin_matters
from gridmgmt.db import make_engine, make_sessions, transaction
from gridmgmt.settings import Settings
from tests.support.actors import PASSWORD, TESTER, add_account
from tests.support.browsing import Console, new_context
from tests.support.division import spot
from tests.support.paper_district import FIRST, GUCUN, load_district
from tests.support.serving import served

pytestmark = pytest.mark.browser

QUARTER = f"{GUCUN}001"
LON, LAT = spot(0.5, 5.0)
PLACE = f"{LON:.5f}, {LAT:.5f}"
FOUR = ("party_organisation", "residents_committee", "owners_committee", "property_firm")


@pytest.fixture(scope="module")
def console(browser: Browser, module_database_url: str) -> Iterator[Console]:
    """The drawn district with both lists and a meeting that never sat, in the browser of an administrator."""
    engine = make_engine(module_database_url)
    sessions = make_sessions(engine)
    with transaction(sessions) as session:
        load_district(session)
        load_builtin(session, TESTER, today=FIRST)
        load_builtin_matters(session, TESTER, today=FIRST)
    add_account(sessions, "chief", Role.ADMINISTRATOR)
    engine.dispose()
    with served(create_app(Settings(reading="accounts"), module_database_url)) as client:
        context = signed_in(browser, client, "chief")
        console = Console(context.new_page(), str(client.base_url).rstrip("/"))
        yield console
        context.close()
    # A browser tells each answer of 4xx, and these are meant.
    assert (console.outside, [each for each in console.errors if "status of 4" not in each]) == ([], [])


def signed_in(browser: Browser, client: httpx.Client, name: str) -> BrowserContext:
    given = {"name": name, "password": PASSWORD}
    answer = client.post("/api/v1/session", json=given, headers={"Sec-Fetch-Site": "same-origin"})
    cookie = answer.raise_for_status().cookies[COOKIE]
    context = new_context(browser)
    context.add_cookies([{"name": COOKIE, "value": cookie, "url": str(client.base_url)}])
    return context


def give(form: Locator, **fields: str) -> None:
    for name, value in fields.items():
        form.get_by_test_id(name.replace("__", "-")).fill(value)


def choose(page: Page, form: Locator, name: str, words: str) -> None:
    """Choose what is found by some words in a field that searches."""
    form.get_by_test_id(name).locator("input").fill(words)
    page.locator(".el-select-dropdown__item:visible").filter(has_text=words).first.click()


def send(form: Locator) -> None:
    form.get_by_test_id("send-form").click()


def test_a_topic_goes_from_its_proposal_to_its_result(console: Console) -> None:
    page = console.open("/systems?part=meetings&show=meetings")
    convene(page)
    propose(page)
    act(page, "option", **{"give-title": "刷卡门", "give-amount_yuan": "48000"})
    act(page, "objection", **{"give-office": "居委会", "give-objectors": "3", "give-said": "夜间安全"})
    act(page, "hearing", **{"heads-police": "1", "give-record": "已说明"})
    expect(page.get_by_test_id("timeline")).to_contain_text("已说明")
    sit(page)
    decide(page)
    page.get_by_test_id("task-1").click()
    form = page.get_by_test_id("task-form")
    give(form, **{"give-result": "已施工"})
    send(form)
    expect(page.get_by_test_id("topic")).to_contain_text("已施工")
    act(page, "finish", **{"give-note": "小门已启用"})
    expect(page.get_by_test_id("result")).to_contain_text("小门已启用")


def convene(page: Page) -> None:
    """Set up a meeting whose seats add up to the total only at the second try."""
    page.get_by_test_id("new-meeting").click()
    form = page.get_by_test_id("meeting-form")
    give(form, **{"give-code": "M1", "give-name": "菊一四位一体", "give-convenor": "居民区党总支", "give-seats": "5"})
    choose(page, form, "give-area", QUARTER)
    send(form)
    expect(form.locator("[data-refused=seats], [data-refused=members]")).to_contain_text("4")
    give(form, **{"give-seats": "4"})
    send(form)
    expect(page.locator("[data-meeting=M1]")).to_contain_text("4 席")


def propose(page: Page) -> None:
    """Bring a topic in and onto the agenda."""
    page.get_by_test_id("show-topics").click()
    page.get_by_test_id("propose").click()
    form = page.get_by_test_id("propose-form")
    give(form, **{"give-title": "开放小门", "give-at": PLACE})
    form.get_by_test_id("give-at").press("Tab")
    send(form)
    act(page, "support", **{"give-supporters": "1000"})
    page.get_by_test_id("act-schedule").click()
    form = page.get_by_test_id("act-form")
    form.get_by_test_id("give-meeting").select_option("M1")
    send(form)
    expect(page.get_by_test_id("topic")).to_contain_text("已列入议程")


def sit(page: Page) -> None:
    """Have the meeting sit twice, without two of its four and with all."""
    page.get_by_test_id("act-decide").click()
    expect(page.get_by_test_id("decide-form")).to_contain_text("尚无会议记录")
    page.keyboard.press("Escape")
    page.get_by_test_id("show-meetings").click()
    expect(page.get_by_test_id("agenda")).to_contain_text("开放小门")
    for roles in (FOUR[:2], FOUR):
        page.get_by_test_id("new-sitting").click()
        form = page.get_by_test_id("sitting-form")
        give(form, **{f"heads-{role}": "1" for role in roles})
        expect(form.get_by_test_id("quorum")).to_contain_text("可以作出决定" if roles == FOUR else "业委会、物业公司")
        send(form)
        expect(form).to_have_count(0)


def decide(page: Page) -> None:
    """Decide in the sitting that may, after what was forgotten and in the wrong sitting."""
    page.get_by_test_id("agenda").get_by_role("button").click()
    page.get_by_test_id("act-decide").click()
    form = page.get_by_test_id("decide-form")
    form.get_by_test_id("give-option_no").select_option("1")
    give(form, **{"give-resolution": "同意"})
    expect(form.get_by_test_id("give-amount_yuan")).to_have_value("48000")
    form.get_by_test_id("add-task").click()
    give(form, **{"give-task": "施工", "give-task-office": "物业", "give-task-due": "2099-06-01"})
    send(form)
    expect(form.locator("[data-refused=funding]")).to_have_count(1)
    give(form, **{"give-funding": "维修资金"})
    form.get_by_test_id("give-sitting_no").select_option("1")
    send(form)
    expect(form.locator("[data-refused=sitting_no]")).to_contain_text("第 1 次会议缺 业委会, 物业公司")
    form.get_by_test_id("give-sitting_no").select_option("2")
    send(form)
    expect(page.get_by_test_id("decision")).to_contain_text("48,000")


def act(page: Page, name: str, **fields: str) -> None:
    page.get_by_test_id(f"act-{name}").click()
    form = page.get_by_test_id("act-form")
    give(form, **fields)
    send(form)
    expect(form).to_have_count(0)


def test_a_desk_is_set_up_counted_found_and_closed(console: Console) -> None:
    page = console.open("/systems?part=desks&view=list")
    page.get_by_test_id("new-desk").click()
    form = page.get_by_test_id("desk-form")
    give(
        form,
        **{"desk-code": "E 1", "desk-name": "宝林四村延伸服务点", "desk-matters": "G01\n老年优待证", "desk-at": PLACE},
    )
    choose(page, form, "desk-area", GUCUN)
    send(form)
    expect(form.locator("[data-refused=code]")).to_have_count(1)
    give(form, **{"desk-code": "E1"})
    send(form)
    expect(page.locator("[data-desk=E1]")).to_contain_text("宝林四村延伸服务点")
    page.get_by_test_id("new-visits").click()
    form = page.get_by_test_id("visits-form")
    lines = "desk,month,visits\nE1,2025-12,40\nnone,2026-01,90\n"
    form.get_by_test_id("visits-file").set_input_files(
        {"name": "visits.csv", "mimeType": "text/csv", "buffer": lines.encode()}
    )
    expect(form.get_by_test_id("visits-source")).to_have_value("visits.csv")
    send(form)
    expect(form).to_contain_text("第 2 行")
    give(form, **{"visits-lines": lines.replace("none", "E1")})
    send(form)
    expect(form.get_by_test_id("visits-taken")).to_contain_text("新增 2")
    send(form)
    page.get_by_test_id("desks-ask").click()
    page.get_by_test_id("where").fill(PLACE)
    page.get_by_test_id("what").fill("群租")
    page.get_by_test_id("ask").click()
    expect(page.locator("[data-job=G01]")).to_contain_text("城市网格化综合管理中心")
    page.get_by_test_id("desks-list").click()
    page.locator("[data-desk=E1]").click()
    page.get_by_test_id("close-desk").click()
    page.locator(".el-popconfirm .el-button--primary").click()
    expect(page.locator("[data-desk=E1]")).to_have_count(0)


def test_a_body_gets_posts_that_serve_elsewhere_and_an_area_a_fact_with_its_bound(console: Console) -> None:
    page = console.open("/systems?part=bodies")
    for code, kind, name in (("O1", "owners_committee", "菊一业委会"), ("R1", "residents_committee", "菊一居委会")):
        page.get_by_test_id("body-add").click()
        form = page.get_by_test_id("body-form")
        form.get_by_test_id("body-kind").select_option(kind)
        give(form, **{"body-code": code, "body-name": name, "body-source": "名册"})
        choose(page, form, "body-area", QUARTER)
        send(form)
        expect(page.get_by_test_id("body")).to_contain_text(name)
    page.get_by_test_id("post-add").click()
    form = page.get_by_test_id("post-form")
    give(form, **{"post-code": "member", "post-name": "委员", "post-count": "5"})
    send(form)
    page.get_by_test_id("link-member").click()
    form = page.get_by_test_id("link-form")
    choose(page, form, "link-body", "菊一业委会")
    give(form, **{"link-count": "6"})
    send(form)
    expect(form.locator("[data-refused=count]")).to_contain_text("5")
    give(form, **{"link-count": "2"})
    send(form)
    expect(page.get_by_test_id("body-posts")).to_contain_text("其中 2 个交叉任职于")
    page.get_by_test_id("fact-add").click()
    form = page.get_by_test_id("fact-form")
    form.get_by_test_id("fact-kind").select_option("village_assets")
    choose(page, form, "fact-area", GUCUN)
    form.get_by_test_id("fact-bound").select_option("at_least")
    give(form, **{"fact-value": "310000000", "fact-source": "报道"})
    send(form)
    expect(page.locator("[data-fact=village_assets]")).to_contain_text("≥ 310,000,000")


def test_an_agreement_is_noted_and_ended_and_a_service_filled_in(console: Console) -> None:
    """Of two bodies with a service that one bought of the other, whose cost nobody knew yet."""
    page = console.open("/systems?part=bodies")
    for code, kind in (("S1", "social_organisation"), ("P1", "party_organisation")):
        body = {"code": code, "kind": kind, "name": f"菊一{code}", "area_code": QUARTER, "source": "名册"}
        ask(page, "/api/v1/bodies", body)
    bought = {"code": "B1", "organisation_code": "S1", "buyer_code": "P1", "name": "助老", "year": 2026}
    ask(page, "/api/v1/purchased-services", {**bought, "area_codes": [QUARTER], "source": "合同"})
    page = console.open("/systems?part=bodies&body=S1")
    page.get_by_test_id("fill-B1").click()
    form = page.get_by_test_id("service-fill-form")
    give(form, **{"fill-amount": "80000", "fill-delivered": "36"})
    send(form)
    expect(page.get_by_test_id("body")).to_contain_text("36")
    expect(page.get_by_test_id("services")).to_contain_text("80,000")
    page.get_by_test_id("agreement-add").click()
    form = page.get_by_test_id("body-agreement-form")
    give(form, **{"agreement-code": "A1", "agreement-name": "共建协议"})
    choose(page, form, "agreement-partner", "菊一P1")
    send(form)
    page.get_by_test_id("agreement-end-A1").click()
    page.locator(".el-popconfirm:visible .el-button--primary").click()
    expect(page.get_by_test_id("agreement-end-A1")).to_have_count(0)


def ask(page: Page, path: str, body: object) -> None:
    """Have the server take something as the page would."""
    home = page.url.partition("/systems")[0]
    answer = page.request.post(home + path, data=body, headers={"Origin": home})
    assert answer.ok, answer.text()
