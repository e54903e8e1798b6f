"""Whether areas agree with a table of official codes; no database."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gridmgmt.areas.rules import AreaLevel

DIGITS: Mapping[AreaLevel, int] = {
    AreaLevel.DISTRICT: 6,
    AreaLevel.TOWN: 9,
    AreaLevel.RESIDENTIAL_QUARTER: 12,
}
"""The digits of the official codes of a level's areas; the other levels have no rows in the table."""

_COMMITTEES = ("社区居民委员会", "居民委员会", "社区居委会", "居委会", "社区")
_VILLAGES = ("村民委员会", "村委会")


class CodeAgreement(StrEnum):
    """What an area and the table of official codes say of each other."""

    AGREES = "agrees"
    OTHER_NAME = "other_name"
    OTHER_CODE = "other_code"
    AREA_WITHOUT_ROW = "area_without_row"
    ROW_WITHOUT_AREA = "row_without_area"


@dataclass(frozen=True)
class Unit:
    """An area or a row of the table; the parent is the unit of the official level above."""

    code: str
    name: str
    parent_code: str | None


@dataclass(frozen=True)
class Compared:
    """An area and the row it was put beside; either may be missing."""

    agreement: CodeAgreement
    area: Unit | None
    row: Unit | None


def plain_name(name: str) -> str:
    """Return what a name says without what is written one time and left out another: spaces, 居委会, 村委会.

    Towns and subdistricts keep their 镇 and 街道, which are part of what they are.

    >>> plain_name("祁连二村 第一社区居委会"), plain_name("联合社区"), plain_name("星星村委会"), plain_name("顾村镇")
    ('祁连二村第一', '联合', '星星村', '顾村镇')
    """
    plain = "".join(unicodedata.normalize("NFKC", name).split())
    for ending in _VILLAGES:
        if plain.endswith(ending) and plain != ending:
            return plain.removesuffix(ending).removesuffix("村") + "村"
    for ending in _COMMITTEES:
        if plain.endswith(ending) and plain != ending:
            return plain.removesuffix(ending)
    return plain


def compare(areas: Sequence[Unit], rows: Sequence[Unit]) -> list[Compared]:
    """Put areas beside the rows of a table, by code and then by name, each area and each row in exactly one place.

    Two with one code agree when their plain names (:func:`plain_name`) are equal. Of the rest, an area and a row
    belong together when both alone have their plain name under the same parent; where several do, none is taken.

    Returns
    -------
    list
        By the kind of agreement in the order of :class:`CodeAgreement`, then by code.
    """
    row_of = {row.code: row for row in rows}
    found = [_same_code(area, row_of[area.code]) for area in areas if area.code in row_of]
    taken = {area.code for area in areas}
    left_areas = [area for area in areas if area.code not in row_of]
    left_rows = [row for row in rows if row.code not in taken]
    by_name = _alone(left_rows)
    pairs = {
        area.code: row for key, area in _alone(left_areas).items() if (row := by_name.get(key)) is not None
    }  # fmt: skip
    matched = {row.code for row in pairs.values()}
    for area in left_areas:
        row = pairs.get(area.code)
        found.append(Compared(CodeAgreement.OTHER_CODE if row else CodeAgreement.AREA_WITHOUT_ROW, area, row))
    found += [Compared(CodeAgreement.ROW_WITHOUT_AREA, None, row) for row in left_rows if row.code not in matched]
    order = list(CodeAgreement)
    return sorted(found, key=lambda each: (order.index(each.agreement), _code(each)))


def tally(compared: Iterable[Compared]) -> dict[CodeAgreement, int]:
    """Return how many there are of each kind of agreement, zeros included."""
    counted = Counter(each.agreement for each in compared)
    return {agreement: counted[agreement] for agreement in CodeAgreement}


def by_parent(compared: Iterable[Compared]) -> dict[str, dict[CodeAgreement, int]]:
    """Return the tallies below each parent, by the parent's code; the parent is the row's where there is a row."""
    groups: dict[str, list[Compared]] = defaultdict(list)
    for each in compared:
        unit = each.row or each.area
        groups[(unit and unit.parent_code) or ""].append(each)
    return {parent: tally(groups[parent]) for parent in sorted(groups)}


def _same_code(area: Unit, row: Unit) -> Compared:
    same = plain_name(area.name) == plain_name(row.name)
    return Compared(CodeAgreement.AGREES if same else CodeAgreement.OTHER_NAME, area, row)


def _alone(units: Iterable[Unit]) -> dict[tuple[str | None, str], Unit]:
    """Return the units by parent and plain name, without those that share them."""
    groups: dict[tuple[str | None, str], list[Unit]] = defaultdict(list)
    for unit in units:
        groups[unit.parent_code, plain_name(unit.name)].append(unit)
    return {key: group[0] for key, group in groups.items() if len(group) == 1}


def _code(compared: Compared) -> str:
    unit = compared.area or compared.row
    return unit.code if unit else ""
