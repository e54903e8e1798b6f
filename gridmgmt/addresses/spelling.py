"""How names are looked for: pinyin and its initials, and how well two texts fit."""

from collections.abc import Mapping
from functools import lru_cache
from itertools import islice, product

_SEVERAL: Mapping[str, tuple[str, ...]] = {
    "长": ("chang", "zhang"),
    "行": ("hang", "xing"),
    "重": ("chong", "zhong"),
    "乐": ("le", "yue"),
    "朝": ("chao", "zhao"),
    "厦": ("xia", "sha"),
    "都": ("du", "dou"),
    "大": ("da", "dai"),
    "会": ("hui", "kuai"),
    "堡": ("bao", "pu", "bu"),
    "曾": ("zeng", "ceng"),
    "单": ("dan", "shan"),
    "解": ("jie", "xie"),
    "六": ("liu", "lu"),
    "薄": ("bo", "bao"),
    "绿": ("lv", "lu"),
    "莘": ("xin", "shen"),
    "陆": ("lu", "liu"),
    "宿": ("su", "xiu"),
    "尚": ("shang", "chang"),
}
"""Characters of place names that people read in several ways."""
_MOST_VARIANTS = 8
_TELLING = frozenset("东西南北中上下前后左右新老零一二三四五六七八九十")
_ANOTHER = 0.5
"""长江东路 is not a mistaken 长江西路, 泗塘二村 no mistaken 泗塘一村: at most this well they fit."""
_UNTOLD = 0.6
"""呼玛某村 may be any of the villages of Huma, more than it is 呼玛路."""
_SHORTEST_PART, _SHORTEST_ABRIDGED = 2, 3
_SWAPPED, _SOUNDS_SO = 0.6, 0.6
"""What a character costs that has changed places with its neighbour, or was written as another that sounds the same."""
_OFF, _OFF_LATIN = 0.9, 2.2
"""What is taken off for all characters mistaken; a letter of pinyin tells less than a character, and many are alike."""


def pinyin_spellings(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the spellings of a normalised name in full pinyin without tones, and in initials; at most 8 of each.

    >>> pinyin_spellings("长江路")
    (('changjianglu', 'zhangjianglu'), ('cjl', 'zjl'))
    """
    from pypinyin.seg.simpleseg import seg  # noqa: PLC0415 -- takes a tenth of a second to load

    usual = [said for word in seg(name) for said in _usual(word)]
    choices = [tuple(dict.fromkeys((said, *_SEVERAL.get(c, ())))) for c, said in zip(name, usual, strict=True)]
    variants = list(islice(product(*choices), _MOST_VARIANTS))
    full = sorted({"".join(variant) for variant in variants})
    initials = sorted({"".join(part[0] for part in variant) for variant in variants})
    return tuple(full), tuple(initials)


def distance(one: str, other: str) -> float:
    """Return how many characters have to be put in, left out or changed.

    Neighbours that changed places count 0.6, as does a character for another that sounds the same.

    >>> distance("长江西路", "长江路"), distance("呼码路", "呼玛路"), distance("江长路", "长江路")
    (1, 0.6, 0.6)
    """
    one, other = _differing(one, other)
    before: list[float] = []
    above: list[float] = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row: list[float] = [i]
        for j, b in enumerate(other, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + _changed(a, b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + _SWAPPED)
            row.append(cost)
        before, above = above, row
    return above[-1]


def _differing(one: str, other: str) -> tuple[str, str]:
    """Return two texts without what both begin and end with, which costs nothing and need not be counted."""
    same = _same(one, other)
    one, other = one[same:], other[same:]
    same = _same(one[::-1], other[::-1])
    return one[: len(one) - same], other[: len(other) - same]


def _same(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _changed(a: str, b: str) -> float:
    if a == b:
        return 0.0
    return 1.0 if a < "一" or b < "一" or _readings(a).isdisjoint(_readings(b)) else _SOUNDS_SO


@lru_cache(maxsize=30_000)
def _usual(word: str) -> tuple[str, ...]:
    """Return the usual reading of each character of a word; names share their words."""
    from pypinyin import lazy_pinyin  # noqa: PLC0415

    return tuple(lazy_pinyin([word], errors=list, v_to_u=False))  # type: ignore[arg-type]  # a list is a reading each


@lru_cache(maxsize=30_000)
def _readings(character: str) -> frozenset[str]:
    return frozenset(pinyin_spellings(character)[0])


def fit(asked: str, name: str) -> float:
    """Return how well a name fits what was asked, 0–1: 1 when equal, less for parts and for mistakes.

    >>> fit("长江西路", "长江西路"), round(fit("江西路", "长江西路"), 2), round(fit("呼某路", "呼玛路"), 2)
    (1.0, 0.88, 0.7)
    >>> fit("长江东路", "长江西路"), round(fit("和欣花园", "和欣国际花园"), 2)
    (0.5, 0.8)
    """
    if asked == name:
        return 1.0
    if len(asked) >= _SHORTEST_PART and asked in name:
        begins = 0.05 if name.startswith(asked) else 0.0
        return min(0.98, 0.5 + 0.5 * len(asked) / len(name) + begins)
    longer = max(len(asked), len(name), 1)
    off = _OFF_LATIN if asked.isascii() else _OFF
    likeness = max(0.0, 1.0 - off * distance(asked, name) / longer)
    if _abridged(asked, name):
        likeness = max(likeness, 0.5 + 0.45 * len(asked) / longer)
    likeness = min(likeness, _told(asked, name))
    if len(name) >= _SHORTEST_PART and name in asked:
        likeness = max(likeness, 0.4 + 0.4 * len(name) / longer)
    return likeness


def _abridged(asked: str, name: str) -> bool:
    """Tell whether characters of a name were left out, as 上大附中 is 上海大学附属中学; letters of pinyin are not."""
    if len(asked) < _SHORTEST_ABRIDGED or asked[0] != name[:1] or asked.isascii():
        return False
    rest = iter(name)
    return all(c in rest for c in asked)


def _told(asked: str, name: str) -> float:
    """Return how well a name can fit at most by the characters that tell it from its neighbours."""
    wanted, own = (sorted(c for c in text if c in _TELLING) for text in (asked, name))
    if wanted == own:
        return 1.0
    return _UNTOLD if not wanted and len(asked) == len(name) else _ANOTHER
