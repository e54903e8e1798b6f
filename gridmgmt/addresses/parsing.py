"""Chinese addresses taken apart: 上海市宝山区张庙街道长江西路1568弄12号302室 into district, town, road, lane, number.

Rooms are passed over: nothing below the building is kept, so that no person's door is.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_DIGITS: Mapping[str, int] = {
    **{digit: value for value, digit in enumerate("零一二三四五六七八九")},
    "〇": 0,
    "○": 0,
    "两": 2,
}
_POWERS: Mapping[str, int] = {"十": 10, "百": 100, "千": 1000}
_NUMERAL = "零〇○一二三四五六七八九十百千两"
_VARIANTS = str.maketrans({"髙": "高", "邨": "村", "衖": "弄", "—": "-", "~": "-", "–": "-", "－": "-", "至": "-"})
_BRACKETED = re.compile(r"[(\[【<〈][^)\]】>〉]*[)\]】>〉]?")
_UNIT = r"(?:支弄|弄|号楼|号|幢|栋|座|单元|室|楼|层)"
_NUMERAL_BEFORE_UNIT = re.compile(rf"(?<![第{_NUMERAL}])[{_NUMERAL}]{{1,12}}(?={_UNIT})")
_DIGITS_IN_NAME = re.compile(r"\d{1,2}(?=(?:村|居|期|街坊|区|组|队))")
_DIGITS_BEFORE_NAME = re.compile(rf"^\d{{2,4}}(?![\d\-、,]|{_UNIT})(?=[一-鿿])")
_AS_CHINESE = str.maketrans("0123456789", "零一二三四五六七八九")
_PROVINCE = re.compile(
    r"^(?:中国)?(?:[一-鿿]{2,3}省|[一-鿿]{2}自治区)?"
    r"(?:上海市?(?=[一-鿿]{1,5}(?:区|县|镇|街道))|[一-鿿]{2,3}(?<!城)市(?![场区政民]))?"
)
_DISTRICT = re.compile(r"^(?P<district>[一-鿿]{1,6}?(?<![小社园街景住片])(?:区|县))(?!块|域|间)")
_TOWN = re.compile(r"^(?P<town>[一-鿿]{2,6}?(?:街道(?!办)|镇|乡|工业园区))(?![路街弄新东西南北])")
_PART = re.compile(
    r"(?P<first>\d+)(?P<suffix>[甲乙丙丁]?)(?:[-、,](?P<last>\d+))?[甲乙丙丁]?"
    rf"(?P<unit>{_UNIT})?(?P<after>[甲乙丙丁](?![一-鿿]))?"
)
_LONGEST_NUMBER = 6
_PLACES = 4


@dataclass(frozen=True)
class Parsed:
    """The parts of an address; ``base`` is what the numbers count on: a road, a compound or a village."""

    district: str | None = None
    town: str | None = None
    base: str | None = None
    lane: int | None = None
    sublane: int | None = None
    number: int | None = None
    number_to: int | None = None
    suffix: str | None = None
    building: int | None = None
    loose: int | None = None
    """A number that does not say whether it counts lanes or doors."""
    kept: str = ""
    """The address without its room, normalised."""

    @property
    def numbered(self) -> bool:
        """Tell whether there is any number."""
        return any(value is not None for value in (self.lane, self.number, self.building, self.loose))

    @property
    def door(self) -> int | None:
        """Return the number of the door; where only a building has one, that of the building."""
        return self.building if self.number is None else self.number


def numeral_value(numeral: str) -> int:
    """Return the value of a Chinese numeral, by places or digit by digit.

    >>> numeral_value("十二"), numeral_value("一五六八"), numeral_value("二百零三"), numeral_value("三千")
    (12, 1568, 203, 3000)
    """
    if not any(c in _POWERS for c in numeral):
        return int("".join(str(_DIGITS[c]) for c in numeral))
    total, digit = 0, 0
    for c in numeral:
        if c in _POWERS:
            total += (digit or 1) * _POWERS[c]
            digit = 0
        else:
            digit = _DIGITS[c]
    return total + digit


def chinese_numeral(number: int) -> str:
    """Return a number from 0 to 99 in Chinese.

    >>> chinese_numeral(3), chinese_numeral(10), chinese_numeral(12), chinese_numeral(20)
    ('三', '十', '十二', '二十')
    """
    tens, ones = divmod(number, 10)
    digits = "零一二三四五六七八九"
    if tens == 0:
        return digits[ones]
    return (digits[tens] if tens > 1 else "") + "十" + (digits[ones] if ones else "")


def normalised(text: str) -> str:
    """Return a text in half width and small letters, without blanks and brackets, numerals before units as digits.

    >>> normalised("长江西路１５６８弄 十二号（北门）"), normalised("盛桥3村48号"), normalised("髙境镇")
    ('长江西路1568弄12号', '盛桥三村48号', '高境镇')
    """
    plain = unicodedata.normalize("NFKC", text).translate(_VARIANTS).casefold()
    plain = "".join(_BRACKETED.sub("", plain).split()).strip(",.;:。·-")
    plain = _NUMERAL_BEFORE_UNIT.sub(lambda m: str(numeral_value(m[0])), plain)
    return _DIGITS_IN_NAME.sub(lambda m: chinese_numeral(int(m[0])), plain)


def parse(text: str) -> Parsed:
    """Return the parts of an address.

    >>> p = parse("上海市宝山区张庙街道长江西路1568弄12号302室")
    >>> p.district, p.town, p.base, p.lane, p.number, p.kept[-3:]
    ('宝山区', '张庙街道', '长江西路', 1568, 12, '12号')
    >>> parse("呼玛三村486甲号").suffix, parse("长江西路12-14号").number_to, parse("长江西路1568").loose
    ('甲', 14, 1568)
    """
    plain = normalised(text)
    district, town, rest = _above(plain)
    rest = _DIGITS_BEFORE_NAME.sub(lambda m: m[0].translate(_AS_CHINESE), rest)
    first = re.search(r"\d", rest)
    if first is None:
        return Parsed(district, town, rest or None, kept=plain)
    base, tail = rest[: first.start()], rest[first.start() :]
    found, end = _numbers(tail)
    return Parsed(district, town, base or None, **found, kept=plain[: len(plain) - len(tail) + end])


def bare(name: str) -> str:
    """Return a normalised name without the district and town before it.

    >>> bare("宝山区张庙街道泗塘一村"), bare("张庙街道")
    ('泗塘一村', '张庙街道')
    """
    plain = normalised(name)
    return _above(plain)[2] or plain


def _above(plain: str) -> tuple[str | None, str | None, str]:
    """Return district, town and what is left of a normalised address."""
    rest = plain
    if (province := _PROVINCE.match(plain)) and len(province[0]) < len(plain):
        rest = plain[province.end() :]
    district = town = None
    if (match := _DISTRICT.match(rest)) and match.end() <= len(rest):
        district, rest = match["district"], rest[match.end() :]
    if match := _TOWN.match(rest):
        town, rest = match["town"], rest[match.end() :]
    return district, town, rest


def _numbers(tail: str) -> tuple[dict[str, Any], int]:
    """Return the parts of :class:`Parsed` that follow the base, and where what is kept of them ends."""
    found: dict[str, Any] = {}
    end, at = 0, 0
    while (part := _PART.match(tail, at)) and len(part["first"]) <= _LONGEST_NUMBER:
        role = _role(part["unit"], found)
        if role is None:
            break
        found[role] = int(part["first"])
        if role == "number":
            found |= _refined(part)
        at = end = part.end()
    return found, end


def _role(unit: str | None, found: Mapping[str, object]) -> str | None:
    """Return what a number counts by its unit, None for what is not kept or was there before."""
    roles = {"弄": "lane", "支弄": "sublane", "号": "number"} | dict.fromkeys(("号楼", "幢", "栋", "座"), "building")
    role = roles.get(unit or "")
    if unit is None:
        role = "number" if "lane" in found else "loose"
        if "number" in found or "building" in found:
            return None
    return None if role in found else role


def _refined(part: re.Match[str]) -> dict[str, Any]:
    """Return the end of a range of numbers, and what stands behind the number: 12-14号, 500甲号, 53-1号."""
    first, last = int(part["first"]), part["last"]
    suffix = part["suffix"] or part["after"] or None
    if last is None or len(last) > _LONGEST_NUMBER:
        return {"suffix": suffix}
    if int(last) > first and len(last) <= _PLACES:
        return {"number_to": int(last), "suffix": suffix}
    return {"suffix": f"-{int(last)}"}
