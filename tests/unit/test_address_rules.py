"""Addresses taken apart, names spelt and compared, committees named in many ways: all without a database."""

import doctest
from importlib import import_module

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gridmgmt.addresses.committees import Committee, index, match, with_towns
from gridmgmt.addresses.parsing import chinese_numeral, normalised, numeral_value, parse
from gridmgmt.addresses.rules import AddressKind, MatchState, kind_of
from gridmgmt.addresses.spelling import distance, fit, pinyin_spellings

HANZI = st.text(st.sampled_from("安宝昌春德福光国海和恒虹华嘉建江金锦康兰"), min_size=2, max_size=4)
NUMBER = st.integers(1, 9_999)


@pytest.mark.parametrize("module", ["rules", "parsing", "spelling", "geocoding"])
def test_the_examples_in_the_texts_hold(module) -> None:
    tested = doctest.testmod(import_module(f"gridmgmt.addresses.{module}"))
    assert tested.attempted > 0
    assert tested.failed == 0


def parts(address: str) -> dict[str, object]:
    """What is there of an address."""
    parsed = parse(address)
    names = ("district", "town", "base", "lane", "sublane", "number", "number_to", "suffix", "building", "loose")
    return {name: value for name in names if (value := getattr(parsed, name)) is not None}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (
            "上海市宝山区张庙街道长江西路1568弄12号302室",
            {"district": "宝山区", "town": "张庙街道", "base": "长江西路", "lane": 1568, "number": 12},
        ),
        ("长江西路一五六八弄十二号", {"base": "长江西路", "lane": 1568, "number": 12}),
        ("长江西路１５６８弄１２号", {"base": "长江西路", "lane": 1568, "number": 12}),
        ("逸仙路1321弄1支弄5号", {"base": "逸仙路", "lane": 1321, "sublane": 1, "number": 5}),
        ("友谊路12-14号", {"base": "友谊路", "number": 12, "number_to": 14}),
        ("友谊路12～14号", {"base": "友谊路", "number": 12, "number_to": 14}),
        ("泗塘八村53-1号", {"base": "泗塘八村", "number": 53, "suffix": "-1"}),
        ("呼玛三村486甲号", {"base": "呼玛三村", "number": 486, "suffix": "甲"}),
        ("绥化路50弄16号甲", {"base": "绥化路", "lane": 50, "number": 16, "suffix": "甲"}),
        ("富南路199弄55号2幢2室", {"base": "富南路", "lane": 199, "number": 55, "building": 2}),
        ("通河三村15号楼", {"base": "通河三村", "building": 15}),
        ("盛桥3村48号", {"base": "盛桥三村", "number": 48}),
        ("一二八纪念路688弄16号101", {"base": "一二八纪念路", "lane": 688, "number": 16}),
        ("128纪念路688弄", {"base": "一二八纪念路", "lane": 688}),
        ("长江西路1568", {"base": "长江西路", "loose": 1568}),
        ("沪太路4838号（北门）", {"base": "沪太路", "number": 4838}),
        ("阳光小区12号", {"base": "阳光小区", "number": 12}),
        ("镇泰路1000号", {"base": "镇泰路", "number": 1000}),
        ("新镇路10号", {"base": "新镇路", "number": 10}),
        ("上海大学", {"base": "上海大学"}),
        ("上海市共和新路5000弄", {"base": "共和新路", "lane": 5000}),
        ("浦东新区世纪大道1号", {"district": "浦东新区", "base": "世纪大道", "number": 1}),
        ("宝山区髙境镇逸仙路1321弄", {"district": "宝山区", "town": "高境镇", "base": "逸仙路", "lane": 1321}),
        ("", {}),
    ],
)
def test_an_address_is_taken_apart(address, expected) -> None:
    assert parts(address) == expected


@given(HANZI, NUMBER, NUMBER, st.integers(101, 2_999))
def test_what_is_put_together_is_taken_apart_and_rooms_are_lost(stem, lane, number, room) -> None:
    assume("区" not in stem)
    parsed = parse(f"上海市宝山区张庙街道{stem}路{lane}弄{number}号{room}室")
    assert (parsed.town, parsed.base, parsed.lane, parsed.number) == ("张庙街道", f"{stem}路", lane, number)
    assert parsed.kept.endswith(f"{number}号")


@given(st.text(max_size=40))
def test_any_text_can_be_taken_apart_and_what_is_kept_of_it_begins_it(text) -> None:
    assert normalised(text).startswith(parse(text).kept)


@given(st.integers(1, 99))
def test_numerals_there_and_back(number) -> None:
    assert numeral_value(chinese_numeral(number)) == number


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_distance_is_nothing_for_equals_alike_both_ways_and_at_most_the_length(one, other) -> None:
    assert distance(one, one) == 0
    assert distance(one, other) == distance(other, one)
    assert abs(len(one) - len(other)) <= distance(one, other) <= max(len(one), len(other))
    assert (distance(one, other) == 0) == (one == other)
    assert 0 <= fit(one, other) <= 1


def test_readings_of_a_character_are_all_there() -> None:
    full, initials = pinyin_spellings("朝阳河路")
    assert {"chaoyanghelu", "zhaoyanghelu"} <= set(full)
    assert {"cyhl", "zyhl"} <= set(initials)
    assert pinyin_spellings("128号")[0] == ("128hao",)


def test_kinds_by_name() -> None:
    assert kind_of("宝林七村") is AddressKind.COMPOUND
    assert kind_of("一二八纪念路") is AddressKind.ROAD
    assert kind_of(None) is AddressKind.DOOR


TABLE = with_towns(
    [
        ("310113008", "张庙街道"), ("310113101", "罗店镇"), ("310113103", "杨行镇"), ("310113112", "庙行镇"),
        ("310113008002", "新桥居委会"), ("310113101004", "新桥居委会"),
        ("310113008008", "泗塘五村一居委会"), ("310113008009", "泗塘五村二居委会"),
        ("310113008011", "泗塘七村居委会"), ("310113008016", "泗塘七村三居委会"),
        ("310113101009", "金星居委会"), ("310113101012", "金星第二居委会"), ("310113101208", "金星村村委会"),
        ("310113103006", "天馨花园第一居委会"), ("310113103017", "天馨花园第二居委会"), ("310113103014", "梅林居委会"),
        ("310113008018", "通河一村居委会"),
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "address", "codes"),
    [
        ("泗塘五村第二居委会老年活动室", None, ["310113008009"]),
        ("上海市宝山区张庙街道泗塘五村一居委会老年活动室", "泗塘五村34号", ["310113008008"]),
        ("张庙街道新桥老年活动室", "泗塘一村67号乙室", ["310113008002"]),
        ("新桥居委活动室", "罗店镇市一路1号", ["310113101004"]),
        ("金星居委老年活动室", None, ["310113101009"]),
        ("金星二居委老年活动室", None, ["310113101012"]),
        ("宝山区罗店镇金星村老年活动室", None, ["310113101208"]),
        ("天馨二居委老年活动室", None, ["310113103017"]),
        ("宝山区扬行镇梅林居委老年活动室", None, ["310113103014"]),
        ("通河１村社区活动中心", None, ["310113008018"]),
        ("临江佳园活动室", "通河一村14号1幢", ["310113008018"]),
    ],
)
def test_a_committee_is_found_by_what_its_name_tells(name, address, codes) -> None:
    found = match(name, address, index(TABLE))
    assert (found.state, [c.code for c in found.candidates]) == (MatchState.MATCHED, codes)


@pytest.mark.parametrize(
    ("name", "state", "reason", "count"),
    [
        ("新桥居委活动室", MatchState.AMBIGUOUS, "several_towns", 2),
        ("泗塘五村老年活动室", MatchState.AMBIGUOUS, "several_of_that_base", 2),
        ("泗塘七村（二）居委会老年活动室", MatchState.UNMATCHED, "ordinal_unknown", 2),
        ("通河一村二居委老年活动室", MatchState.AMBIGUOUS, "ordinal_unknown", 1),
        ("火星村老年活动室", MatchState.UNMATCHED, "no_committee_of_that_name", 0),
        ("老年活动室", MatchState.UNMATCHED, "no_committee_of_that_name", 0),
        ("", MatchState.UNMATCHED, "no_committee_of_that_name", 0),
    ],
)
def test_nothing_is_guessed(name, state, reason, count) -> None:
    found = match(name, None, index(TABLE))
    assert (found.state, found.reason, len(found.candidates)) == (state, reason, count)


@given(st.sampled_from([c for c in TABLE if not c.name.startswith("新桥")]))
def test_each_committee_is_found_by_its_own_name(committee: Committee) -> None:
    found = match(committee.name, None, index(TABLE))
    assert found.candidates == (committee,)


@pytest.mark.parametrize(
    ("address", "number"),
    [
        (f"长江西路1-{'9' * 5_000}号", 1),
        (f"路{'一' * 5_000}号", None),
        ("一" * 100_000, None),
        ("长江西路一千二百三十号", 1230),
    ],
)
def test_numbers_without_end_are_no_numbers(address, number) -> None:
    """They would take minutes, or more digits than Python reads."""
    assert parse(address).number == number
