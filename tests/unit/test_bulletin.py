"""The bulletin of a month, on the numbers of a published one: what it says, its links, its hash, its formats."""

import hashlib
import io
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime

import openpyxl
import pytest

from gridmgmt.cases.measures import Dimension, Measure, Ratio
from gridmgmt.cases.rules import CaseFilter, CaseKind
from gridmgmt.errors import InputError
from gridmgmt.hotspots.service import RepeatedPlace
from gridmgmt.indicators.rules import AreaBasis, Compare, Indicators, Period, Question, Tally
from gridmgmt.reports.bulletin import render_bulletin
from gridmgmt.reports.bulletin_document import Bulletin, bulletin_sha256, month_of
from gridmgmt.reports.bulletin_tables import sections
from gridmgmt.reports.bulletin_words import told
from gridmgmt.reports.indicators_ranking import BETTER, ranked
from gridmgmt.texts import Language, text
from tests.support.linked_tables import Numbers

MONTH = Period(date(2016, 12, 1), date(2016, 12, 31))
NOW = datetime(2017, 1, 5, 4, tzinfo=UTC)
EVENTS = Tally(
    {
        Measure.REPORTED: 1100, Measure.ACCEPTED: 1034, Measure.ACCEPTED_REGISTERED: 980, Measure.REGISTERED: 980,
        Measure.DUE: 956, Measure.DUE_CLOSED: 902, Measure.DUE_CLOSED_ON_TIME: 730, Measure.HANDLED: 900,
    },
    handling_s=900 * 90_000,
    handling_n=900,
)  # fmt: skip
COMPONENTS = Tally(
    {
        Measure.REPORTED: 24, Measure.ACCEPTED: 20, Measure.ACCEPTED_REGISTERED: 16, Measure.REGISTERED: 16,
        Measure.DUE: 16, Measure.DUE_CLOSED: 9, Measure.DUE_CLOSED_ON_TIME: 7,
    }
)  # fmt: skip
NOVEMBER = Tally({Measure.REPORTED: 1000, Measure.DUE: 500, Measure.DUE_CLOSED: 450, Measure.DUE_CLOSED_ON_TIME: 400})

Rows = tuple[tuple[str | None, str, Tally], ...]


def answer(by: Dimension, rows: Rows, compare: Compare, earlier: Tally) -> Indicators:
    """An answer of these rows, beside an earlier period of one row."""
    asked = Question(MONTH, by, CaseFilter(area="429006"), None, compare)
    other = Question(MONTH.before(compare), by, CaseFilter(area="429006"))
    total = sum((tally for *_, tally in rows), Tally())
    first = rows[0]
    compared = Indicators(other, NOW, AreaBasis.AS_REPORTED, earlier, [(first[0], first[1], earlier)])
    return Indicators(asked, NOW, AreaBasis.AS_REPORTED, total, rows, compared)


def published() -> Bulletin:
    """The bulletin of a city in December 2016."""
    kinds: Rows = (("component", "部件", COMPONENTS), ("event", "事件", EVENTS))
    parts: dict[Dimension, Rows] = {
        Dimension.KIND: kinds,
        Dimension.TOWN: (("429006001", "甲<街>道", EVENTS), ("429006002", "乙街道", COMPONENTS), (None, "", Tally())),
        Dimension.DEPARTMENT: (("W", "水务局", EVENTS), (None, "", COMPONENTS)),
        Dimension.SOURCE: (("inspector", "采集员", EVENTS), ("video", "视频", COMPONENTS)),
    }
    types: dict[CaseKind, Rows] = {
        CaseKind.EVENT: tuple((f"11{n:02}", f"类型{n}", Tally({Measure.REPORTED: n})) for n in range(20)),
        CaseKind.COMPONENT: (("0101", "井盖", Tally({Measure.REPORTED: 7})),),
    }
    return Bulletin(
        area_code="429006",
        area_name="天门市",
        period=MONTH,
        over=True,
        synthetic=True,
        year=answer(Dimension.KIND, kinds, Compare.YEAR, Tally()),
        by={by: answer(by, rows, Compare.MONTH, NOVEMBER) for by, rows in parts.items()},
        types={kind: answer(Dimension.TYPE, rows, Compare.MONTH, NOVEMBER) for kind, rows in types.items()},
        places=[RepeatedPlace(113.1, 30.6, 7, [("1119", 7)], NOW, NOW, 1, address="人民大道 1 号")],
    )


def page(lang: Language = "zh", address: str = "") -> str:
    return render_bulletin(published(), "html", lang, address=address).content.decode()


def test_the_month_is_told_as_it_was_published() -> None:
    assert told(published(), "overview", "zh") == [
        (
            "2016年12月，共上报案件 1,124 件，受理 1,054 件，立案 996 件（立案率 94.50 %）；应结案 972 件，"
            "其中已结案 911 件（结案率 93.72 %），按期结案 737 件（按期结案率 75.82 %），超期未结 61 件。"
        ),
        "上报数较上月（1,000 件）上升 12.4 %；结案率上升 3.72 个百分点，按期结案率下降 4.18 个百分点。",
        "平均处置时长 25.0 小时。",
    ]
    assert told(published(), "sources", "zh") == [
        "上报数居前的来源是：采集员（1,100 件，占 97.86 %）、视频（24 件，占 2.14 %）。"
    ]
    assert told(published(), "kinds", "zh") == [
        "事件类立案 980 件，占立案数的 98.39 %；应结案 956 件，已结案 902 件，结案率 94.35 %。",
        "部件类立案 16 件，占立案数的 1.61 %；应结案 16 件，已结案 9 件，结案率 56.25 %。",
    ]
    assert told(published(), "types", "zh") == [
        "事件类问题上报数量居前的依次是：类型19（19 件）、类型18（18 件）、类型17（17 件）。",
        "部件类问题上报数量居前的依次是：井盖（7 件）。",
    ]
    assert told(published(), "areas.town", "zh") == [
        "按期结案率居前的是：甲<街>道（76.36 %）；居后的是：乙街道（43.75 %）。"
    ]
    assert told(published(), "departments", "zh") == [], "nobody has enough cases for a place"


def test_every_count_of_the_page_opens_its_list() -> None:
    tables = Numbers(page()).tables
    assert list(tables) == [
        "counts", "rates", "source", "kind", "type_event", "type_component", "town", "department", "places",
        "definitions",
    ]  # fmt: skip
    counts = {row[0][0]: row for row in tables["counts"]}
    query = "counted_from=2016-12-01&counted_to=2016-12-31&area=429006&measure=reported"
    assert counts["上报数"][1] == ("1,124", f"/cases?{query}")
    assert counts["上报数"][2] == ("1,000", f"/cases?{query}".replace("2016-12", "2016-11").replace("-31", "-30"))
    assert [cell for cell, _ in counts["上报数"][3:]] == ["+12.4 %"], "nothing is told of a year without any case"
    assert counts["超期未结数"][1] == ("61", f"/cases?{query}&open=true".replace("reported", "due"))
    rates = {row[0][0]: [cell for cell, _ in row] for row in tables["rates"]}
    assert rates["结案率"][1:6] == ["93.72 %", "911", "972", "90.00 %", "+3.72"]
    assert rates["返工率"][1:4] == ["0 %", "0", "900"]
    assert rates["延期率"][1] == "0 %"
    assert rates["满意率"][1] == "—"
    whole = re.compile(r"[\d,]+")
    linked = [(cell, link) for name in ("kind", "town", "department") for row in tables[name][1:] for cell, link in row]
    assert {link is not None for cell, link in linked if whole.fullmatch(cell) and len(cell) > 1} == {True}
    assert all("measure=" in link for _, link in linked if link)
    assert 'href="/cases?' in page().split("</section>")[0], "the figures at the head too"
    assert 'href="https://grid.example/cases?' in page(address="https://grid.example")


def test_places_open_the_list_around_them() -> None:
    (_, (place, type_, cases, *_)) = Numbers(page()).tables["places"]
    assert (place[0], type_[0], cases[0]) == ("人民大道 1 号", "类型19", "7")
    assert "near=113.1,30.6,20" in str(cases[1])
    assert "without_flag=default_point" in str(cases[1])
    assert "state=duplicate" not in str(cases[1])


def test_areas_are_placed_and_what_has_none_comes_last() -> None:
    head, *rows = Numbers(page()).tables["town"]
    assert head[0][0] == "名次"
    assert [(row[0][0], row[1][0]) for row in rows] == [("1", "甲<街>道"), ("2", "乙街道"), ("—", "无"), ("—", "合计")]
    assert "甲<街>" not in page(), "names are escaped"
    types = Numbers(page()).tables["type_event"]
    assert [row[0][0] for row in types[1:]] == [f"类型{n}" for n in range(19, 9, -1)]
    assert "上报最多的 10 类，共 19 类。" in page()


def test_what_it_says_of_itself() -> None:
    bulletin = published()
    languages: tuple[Language, ...] = ("zh", "en")
    for lang in languages:
        shown = page(lang)
        assert text("report.synthetic_badge", lang) in shown
        assert bulletin_sha256(bulletin) in shown
        assert "<script" not in shown
    assert "一、总体情况" in page()
    assert "八、编制说明" in page()
    assert "1. Overall" in page("en")
    assert "本月尚未结束" not in page()


def test_a_month_that_is_not_over_is_told_beside_the_same_days() -> None:
    bulletin = published()
    half = replace(bulletin, over=False, period=Period(date(2016, 12, 1), date(2016, 12, 20)))
    shown = render_bulletin(half, "html", "zh")
    assert shown.file_name == "bulletin-429006-2016-12.html"
    words = shown.content.decode()
    assert "案件通报（2016年12月1—20日）" in words
    assert "本月尚未结束：只计至 2016-12-20" in words
    assert "上报数较上月同期（1,000 件）上升 12.4 %" in words
    assert [cell for cell, _ in Numbers(words).tables["counts"][0]] == ["项目", "本月", "上月同期", "环比"]
    assert "2016-12-01 to 20" in render_bulletin(half, "html", "en").content.decode()


def test_equal_numbers_have_one_hash_and_equal_bytes() -> None:
    one, other = published(), published()
    document = render_bulletin(one, "json", "zh").content
    assert hashlib.sha256(document).hexdigest() == bulletin_sha256(one)
    assert json.loads(document)["by"]["kind"]["total"]["counts"]["due_closed"] == 911
    for format_ in ("html", "json", "xlsx", "pdf"):
        made = [render_bulletin(each, format_, "zh") for each in (one, other)]
        assert made[0] == made[1]
        assert made[0].file_name == f"bulletin-429006-2016-12.{format_}"
    fewer = replace(one, by={**one.by, Dimension.TOWN: one.by[Dimension.KIND]})
    assert bulletin_sha256(fewer) != bulletin_sha256(one)


def test_the_workbook_has_numbers_and_the_paper_the_same_text() -> None:
    bulletin = published()
    book = openpyxl.load_workbook(io.BytesIO(render_bulletin(bulletin, "xlsx", "en").content))
    assert len(book.worksheets) == 11
    rates = {row[0]: row[1] for row in book["Rates"].iter_rows(min_row=2, values_only=True)}
    assert rates["Closing rate"] == pytest.approx(911 / 972, abs=1e-15)
    assert any(bulletin_sha256(bulletin) in str(row[0]) for row in book.worksheets[0].iter_rows(values_only=True))
    pdf = render_bulletin(bulletin, "pdf", "zh").content
    assert pdf.startswith(b"%PDF")


def test_without_areas_and_without_cases_it_is_still_a_page() -> None:
    bulletin = published()
    without = replace(
        bulletin, places=(), by={by: each for by, each in bulletin.by.items() if by is not Dimension.TOWN}
    )
    assert [section.title[:1] for section in sections(without, "zh")] == list("一二三四五")
    assert told(without, "areas.town", "zh") == []
    none = Indicators(Question(MONTH, Dimension.KIND, CaseFilter()), NOW, AreaBasis.AS_REPORTED, Tally(), ())
    empty = replace(
        bulletin, area_code=None, area_name=None, year=none, by=dict.fromkeys(without.by, none),
        types=dict.fromkeys(CaseKind, none), places=(),
    )  # fmt: skip
    shown = render_bulletin(empty, "html", "zh")
    assert "本月没有案件" in shown.content.decode()
    assert "全部区域" in shown.content.decode()
    assert shown.file_name == "bulletin-2016-12.html"


@pytest.mark.parametrize("value", ["2016-13", "2016-1", "201612", "0000-01", "2016-12-01", "", "２０１６-12"])
def test_what_is_no_month_is_refused(value: str) -> None:
    with pytest.raises(InputError) as refused:
        month_of(value, date(2026, 1, 1))
    assert refused.value.code == "month_malformed"


def test_a_month_to_come_is_refused() -> None:
    assert month_of("2026-01", date(2026, 1, 1)).last == date(2026, 1, 31)
    with pytest.raises(InputError) as refused:
        month_of("2026-02", date(2026, 1, 31))
    assert refused.value.code == "month_to_come"


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(InputError, match="html"):
        render_bulletin(published(), "docx", "zh")


def due(closed: int, of: int) -> Tally:
    return Tally({Measure.DUE: of, Measure.DUE_CLOSED: closed})


def test_places_of_a_ranking() -> None:
    rows = [
        ("A", "a", due(9, 10)), ("B", "b", due(18, 20)), ("C", "c", due(19, 20)), ("D", "d", due(5, 10)),
        ("E", "e", due(9, 9)), ("F", "f", due(0, 0)), (None, "", due(100, 100)),
    ]  # fmt: skip
    places = [(place.code, place.rank) for place in ranked(rows, Ratio.CLOSING_RATE)]
    assert places == [("C", 1), ("A", 2), ("B", 2), ("D", 4), ("E", None), ("F", None), (None, None)]
    assert ranked(rows, Ratio.CLOSING_RATE, min_cases=9)[0].code == "E"
    assert [place.value for place in ranked(rows, Ratio.CLOSING_RATE)][-2] is None


def test_of_some_rates_the_lowest_is_first() -> None:
    rows = [
        (code, code, Tally({Measure.HANDLED: 10, Measure.REWORKED: n})) for code, n in (("A", 3), ("B", 0), ("C", 3))
    ]
    assert [(place.code, place.rank) for place in ranked(rows, Ratio.REWORK_RATE)] == [("B", 1), ("A", 2), ("C", 2)]
    assert set(BETTER) == set(Ratio)
