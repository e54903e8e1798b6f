"""How names are looked for: pinyin and its initials, pairs of characters, and how well two texts fit."""

from collections.abc import Iterator, Mapping
from itertools import islice, pairwise, product

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
_SHORTEST_PAIR = 2


def pinyin_spellings(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the spellings of a normalised name in full pinyin without tones, and in initials; at most 8 of each.

    >>> pinyin_spellings("长江路")
    (('changjianglu', 'zhangjianglu'), ('cjl', 'zjl'))
    """
    from pypinyin import lazy_pinyin  # noqa: PLC0415 -- takes a tenth of a second to load

    usual = lazy_pinyin(name, errors=list, v_to_u=False)  # type: ignore[arg-type]  # a list is a reading a character
    choices = [tuple(dict.fromkeys((said, *_SEVERAL.get(c, ())))) for c, said in zip(name, usual, strict=True)]
    variants = list(islice(product(*choices), _MOST_VARIANTS))
    full = sorted({"".join(variant) for variant in variants})
    initials = sorted({"".join(part[0] for part in variant) for variant in variants})
    return tuple(full), tuple(initials)


def tokens(name: str) -> list[str]:
    """Return the pairs of neighbouring characters of a name, and the pairs around each single character.

    Whatever one character of a name of three or more is mistaken, one of them stays the same.

    >>> tokens("呼玛路")
    ['呼_路', '呼玛', '玛路']
    """
    return sorted(set(_pairs(name)))


def parts(name: str) -> list[str]:
    """Return the pairs of neighbouring characters of a text: a name that holds the text has them all.

    >>> parts("江西路"), parts("江")
    (['江西', '西路'], [])
    """
    return sorted({a + b for a, b in pairwise(name)})


def _pairs(name: str) -> Iterator[str]:
    yield from (a + b for a, b in pairwise(name))
    yield from (f"{a}_{b}" for a, b in zip(name, name[2:], strict=False))


def distance(one: str, other: str) -> int:
    """Return how many characters have to be put in, left out, changed or swapped with their neighbour.

    >>> distance("长江西路", "长江路"), distance("呼码路", "呼玛路"), distance("江长路", "长江路")
    (1, 1, 1)
    """
    before: list[int] = []
    above = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, above = above, row
    return above[-1]


def fit(asked: str, name: str) -> float:
    """Return how well a name fits what was asked, 0–1: 1 when equal, less for parts and for mistakes.

    >>> fit("长江西路", "长江西路"), round(fit("江西路", "长江西路"), 2), round(fit("呼码路", "呼玛路"), 2)
    (1.0, 0.88, 0.7)
    >>> fit("长江东路", "长江西路")
    0.5
    """
    if asked == name:
        return 1.0
    shorter, longer = sorted((asked, name), key=len)
    if len(shorter) >= _SHORTEST_PAIR and shorter in longer:
        share = len(shorter) / len(longer)
        begins = 0.05 if longer.startswith(shorter) else 0.0
        return min(0.98, 0.5 + 0.5 * share + begins)
    likeness = max(0.0, 1.0 - 0.9 * distance(asked, name) / max(len(longer), 1))
    other = sorted(_telling(asked)) != sorted(_telling(name))
    return min(likeness, _ANOTHER) if other else likeness


def _telling(name: str) -> str:
    return "".join(c for c in name if c in _TELLING)
