"""The 216 activity rooms of Baoshan against the 567 committees of the official table: none is guessed."""

import csv
import gzip
from collections import Counter
from pathlib import Path

import pytest

from gridmgmt.addresses.committees import CommitteeMatch, index, match, with_towns
from gridmgmt.addresses.rules import MatchState

BAOSHAN = "310113"

LOOKED_AT = {
    "沈杨村老年活动室": "沈杨村村委会",
    "友谊路街道同济公寓活动室": "同济公寓居委会",
    "上海市宝山区杨行镇西街村老年活动室": "西街村村委会",
    "临江公园老年活动室": "临江公园居委会",
    "富丽居委老年活动室": "富丽居委会",
    "月浦镇盛桥四村老年活动室": "盛桥四村居委会",
    "宝林八村临江佳园活动室": "宝林八村居委会",
    "上海市宝山区淞南镇淞南七村第一居委会老年活动室": "淞南七村一居委会",
    "宝山区淞南镇淞南六村居民委员会老年活动室": "淞南六村居委会",
    "宝山区淞南镇五村第一居委老年活动室": "淞南五村一居委会",
    "大场镇大华四村四居委老年活动室": "大华四村第四居委会",
    "乐业四村二居委老年活动室": "乐业四村二居委会",
    "福地苑二居委老年活动室": "福地苑第二居委会",
    "大华二村铂金华府居委老年活动室": "大华二村铂金华府居委会",
    "天馨二居委老年活动室": "天馨花园第二居委会",
    "上海宝山区友谊家园一居委老年活动室": "友谊家园第一居委会",
    "宝山区扬行镇三汀沟村老年活动室": "三汀沟村村委会",
    "张庙街道新桥老年活动室": "新桥居委会",
    "共康六村第二居民区老年活动室": "共康六村二居委会",
    "大场镇乾溪二居多功能老年活动室": "乾溪新村二居委会",
    "高境共和五居老年活动室": "共和五村居委会",
    "高境逸仙一村三居老年活动室": "逸仙一村三居委会",
    "髙境镇逸仙二村五居老年活动室": "逸仙二村五居委会",
    "宝山区淞南镇华浜新村居委老年活动室": "华浜居委会",
    "金星二居委老年活动室": "金星第二居委会",
    "菊泉一居委老年活动室": "菊泉新城第一居委会",
    "好日子一居委老年活动室": "好日子大家园第一居委会",
    "盛桥三村老年活动室": "盛桥三村居委会",
    "通河八村二/居委老年活动室": "通河八村二居委会",
    "宝山区张庙街道虎林第二居委会老年活动室": "虎林二居委会",
}
"""Thirty that a person read beside the table: what each name says, and so what a match has to be."""


@pytest.fixture(scope="module")
def matches(shared_data: Path) -> dict[str, CommitteeMatch]:
    """What came of each room, by its name."""
    pairs: list[tuple[str, str]] = []
    for name in ("shanghai_streets.csv", "shanghai_villages.csv"):
        with (shared_data / "admin_codes" / name).open(encoding="utf-8") as stream:
            pairs += [(r["code"], r["name"]) for r in csv.DictReader(stream) if r["code"].startswith(BAOSHAN)]
    committees = with_towns(pairs)
    assert len(committees) == 567
    table = index(committees)
    rooms = shared_data / "service_points" / "shanghai_elder_activity_rooms_2016.csv.gz"
    with gzip.open(rooms, "rt", encoding="utf-8") as stream:
        rows = [(r["名称"], r["地址"]) for r in csv.DictReader(stream) if r["区县"] == "宝山区"]
    found = [(name, match(name, address, table)) for name, address in rows]
    assert len(found) == 216
    assert Counter(one.state for _, one in found) == {
        MatchState.MATCHED: 161,
        MatchState.AMBIGUOUS: 15,
        MatchState.UNMATCHED: 40,
    }
    return dict(found)


@pytest.mark.parametrize("room", LOOKED_AT)
def test_thirty_that_a_person_read_are_right(matches, room) -> None:
    assert [c.name for c in matches[room].candidates] == [LOOKED_AT[room]]


def test_a_match_is_one_committee_and_an_ambiguous_one_lists_all(matches) -> None:
    for one in matches.values():
        assert (len(one.candidates) == 1) or one.state is not MatchState.MATCHED
        assert one.candidates or one.state is MatchState.UNMATCHED
    several = matches["通河六村老年活动室"]
    assert [c.name for c in several.candidates] == ["通河六村一居委会", "通河六村二居委会"]
    assert {c.town for c in matches["新桥居委活动室"].candidates} == {"张庙街道", "罗店镇"}
