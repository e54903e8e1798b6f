"""Names that sound like the district's and belong to nothing real."""

from collections.abc import Iterator

from numpy.random import Generator

FIRST = "安宝昌春德福光国海和恒虹华嘉建江金锦康兰乐龙明宁平启青庆荣瑞盛泰天文新兴秀永裕云泽正"
SECOND = "安波昌成川达栋芳丰岗谷桂河恒湖吉景俊康岚林龙梅宁鹏平泉荣山盛松泰棠文祥兴雅阳源远苑泽"
STREET_ENDS = ("路", "街", "支路", "弄")
QUARTER_ENDS = ("苑", "里", "园", "庭", "坊", "新村")
VILLAGE_ENDS = ("宅", "浜", "桥", "湾", "塘")
DIGITS = "零一二三四五六七八九"


def street_names(rng: Generator) -> Iterator[str]:
    """Yield street names, each once: the short ones (路) first, for the main streets."""
    stems = _stems(rng)
    for end in STREET_ENDS:
        for stem in stems:
            yield stem + end


def quarter_stems(rng: Generator) -> Iterator[str]:
    """Yield two-character stems for the names of quarters, each once."""
    yield from _stems(rng)


def numeral(number: int) -> str:
    """Return a number from 1 to 99 in Chinese.

    >>> numeral(3), numeral(10), numeral(12), numeral(20), numeral(45)
    ('三', '十', '十二', '二十', '四十五')
    """
    tens, ones = divmod(number, 10)
    if tens == 0:
        return DIGITS[ones]
    return (DIGITS[tens] if tens > 1 else "") + "十" + (DIGITS[ones] if ones else "")


def _stems(rng: Generator) -> list[str]:
    stems = [first + second for first in FIRST for second in SECOND if first != second]
    return [stems[k] for k in rng.permutation(len(stems))]
