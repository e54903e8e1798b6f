"""The map page of a siting answer: all that it needs inside, both languages, names that stay text."""

import json
import re

import pandas as pd

from gridmgmt.reports.siting_words import certificate_text
from maps.siting_page import siting_page
from tests.support.siting_example import QUARTERS, TOWN, make_siting, point, siting_areas

POINTS = pd.DataFrame(
    [
        (121.415, 31.305, "elderly_service_point", "P1", "一号点"),
        (121.408, 31.312, "meal_point", "P2", "二号点"),
        (121.409, 31.313, "medical", "P3", "不计入"),
    ],
    columns=["lon", "lat", "type", "code", "name"],
)


def page_of(**changes: object) -> str:
    return siting_page(make_siting(**changes), siting_areas(), POINTS)


def data_of(page: str) -> dict[str, object]:
    found = re.search(r"const PAGE = (.*);\n", page)
    assert found is not None
    values: dict[str, object] = json.loads(found[1])
    return values


def test_equal_answers_give_equal_pages_that_link_nothing() -> None:
    page = page_of()
    assert page == page_of()
    assert not re.search(r"<(script|link|img|iframe)[^>]*(src|href)=", page)
    assert not re.search(r"url\((?!#)|@import|sourceMappingURL", page)


def test_the_page_holds_the_answer() -> None:
    page = page_of()
    data = data_of(page)
    assert data["chosen"] == [[121.43, 31.31, 1, True], [121.41, 31.33, 2, False], [121.43, 31.33, 3, False]]
    assert data["rejected"] == [[121.406, 31.306, 0], [121.409, 31.308, 0], [121.41, 31.31, 1]]
    assert data["open"] == [[121.415, 31.305, 0, "P1", "一号点"], [121.408, 31.312, 1, "P2", "二号点"]]
    town, quarters = data["levels"]  # type: ignore[misc]
    assert town["colours"] == {TOWN: ["#F2D9B8", "#5FAF97"]}  # type: ignore[has-type]  # 40 % before, 85 % after
    assert [quarters["colours"][code][1] for code in QUARTERS[:2]] == ["#1F7A72"] * 2  # type: ignore[has-type]
    assert quarters["said"]["en"][QUARTERS[2]] == ["三居", "0 % → 75.0 %", "150 of 200"]  # type: ignore[has-type]
    for lang in ("zh", "en"):
        assert certificate_text(make_siting(), lang) in page  # type: ignore[arg-type]  # plain texts


def test_names_cannot_break_out_of_the_page() -> None:
    evil = "</script><img src=x onerror=alert(1)>"
    page = page_of(chosen=(point(1, 250.0, name=evil, area_name=evil),))
    assert evil not in page
    assert page.count("</script>") == page.count("<script>")


def test_a_plan_without_points_areas_or_zones_is_a_page_too() -> None:
    assert data_of(page_of(chosen=(), areas=(), worst_area=None, curve=(), rejected=()))["chosen"] == []
