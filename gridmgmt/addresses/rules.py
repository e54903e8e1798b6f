"""What an address is, what an answer stands on, and how sure each kind of answer can be."""

import re
from collections.abc import Mapping
from enum import StrEnum


class AddressKind(StrEnum):
    """What a row of the gazetteer is."""

    ROAD = "road"
    COMPOUND = "compound"
    DOOR = "door"
    LANDMARK = "landmark"
    INSTITUTION = "institution"


class OtherName(StrEnum):
    """Why a place is found under another name than its own."""

    ALIAS = "alias"
    FORMER = "former"


class Basis(StrEnum):
    """What the point of a geocoded address stands on, the surest first."""

    EXACT_DOOR = "exact_door"
    PLACE = "place"
    INTERPOLATED = "interpolated"
    LANE = "lane"
    ROAD_MIDDLE = "road_middle"
    AREA_CENTRE = "area_centre"


class MatchState(StrEnum):
    """What came of one row of a table that was matched with the gazetteer or with names of committees."""

    MATCHED = "matched"
    AMBIGUOUS = "ambiguous"
    UNMATCHED = "unmatched"


CONFIDENCE: Mapping[Basis, float] = {
    Basis.EXACT_DOOR: 1.0,
    Basis.PLACE: 0.9,
    Basis.INTERPOLATED: 0.8,
    Basis.LANE: 0.7,
    Basis.ROAD_MIDDLE: 0.4,
    Basis.AREA_CENTRE: 0.2,
}
"""Confidence 0–1 of an answer whose name fits; one that fits in part lowers it. Set by judgement, not fitted."""

FOUND_FROM = 0.6
"""Least confidence of an answer that is given as found; below it there are only candidates."""

APART_M = 150.0
"""Answers of one confidence farther apart than this are several places, and none of them is chosen."""

MAX_GAP = 40
"""Most numbers between two doors among which a third is interpolated."""

_ROAD = re.compile(r"(?:路|街|大道|公路|巷|弄|支路|道)$")
_COMPOUND = re.compile(r"(?:小区|新村|[一二三四五六七八九十]村|苑|花园|家园|公寓|里|坊|庭|新城|佳园|园)$")
_INSTITUTION = re.compile(
    r"(?:学校|小学|中学|幼儿园|医院|中心|派出所|居委会|村委会|委员会|银行|公司|图书馆|活动室|服务站|办事处)$"
)


def kind_of(name: str | None) -> AddressKind:
    """Return what a row is whose file does not say, by the last characters of its name; without a name it is a door.

    >>> [kind_of(name).value for name in ("长江西路", "泗塘一村", "张庙小学", "临江门", None)]
    ['road', 'compound', 'institution', 'landmark', 'door']
    """
    if name is None:
        return AddressKind.DOOR
    for pattern, kind in (
        (_INSTITUTION, AddressKind.INSTITUTION),
        (_ROAD, AddressKind.ROAD),
        (_COMPOUND, AddressKind.COMPOUND),
    ):
        if pattern.search(name):
            return kind
    return AddressKind.LANDMARK
