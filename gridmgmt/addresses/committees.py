"""Names of residents' and villagers' committees as people write them, matched with those of the official table.

泗塘五村第二居委会老年活动室 means 泗塘五村二居委会. A name tells a base (泗塘五村) and, where several
committees share a base, an ordinal (2). Only what is told decides: a base with several committees and no ordinal is
ambiguous, never the first.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from gridmgmt.addresses.parsing import normalised, numeral_value, parse
from gridmgmt.addresses.rules import MatchState
from gridmgmt.addresses.spelling import pinyin_spellings

_FACILITY = re.compile(
    r"(?:老年?人?|社区|多功能|综合|文化)*(?:活动[室时]?|活动中心|棋牌室|会议室|图书馆|分中心|服务中心|日间服务中心|会所)"
    r"(?:兼活动室|图书馆|分中心)*[一二三四五六七八九\d]*$"
)
_ELDERS = re.compile(r"(?:老年|老人|老年人|文化)+\d*$")
_COMMITTEE = re.compile(
    r"(?:社区)?(?:居民区委员会|居民委员会|村民委员会|村委会|居委会|居委回|居委|居民区|居)(?:筹备组)?$"
)
_ORDINAL = re.compile(r"第?(?P<ordinal>[一二三四五六七八九十]{1,3}|\d{1,2})(?:街坊)?$")
_BRACKETED_ORDINAL = re.compile(r"[(（]([一二三四五六七八九十]{1,3}|\d{1,2})[)）](?=居)")
_TRAILING_DOOR = re.compile(r"\d+号.*$")
_NOISE = ("筹建", "小区", "社区")
_OPTIONAL = ("花园", "新村", "大家园", "家园", "新城", "小城", "苑")
_DISTRICT = re.compile(r"^(?:上海市?[一-鿿]{2}区|上海市(?:宝山区?)?|[一-鿿]{2}(?<![社小])区)")
_NUMBERED_VILLAGE = re.compile(r"(?:[一二三四五六七八九十]|新)村$")
_SHORTEST = 2
_TOWN_CODE = 9


@dataclass(frozen=True)
class Committee:
    """One committee of the table."""

    code: str
    name: str
    town: str | None = None


@dataclass(frozen=True)
class NameKey:
    """What a name tells: the base, an ordinal, whether it is a village's.

    ``written`` tells that this is the whole name of a committee, with no 花园 or 新村 left out.
    """

    base: str
    ordinal: int | None = None
    village: bool = False
    written: bool = False


@dataclass(frozen=True)
class CommitteeMatch:
    """What came of one name; ``reason`` is a key of the catalogue under ``match_reason.``."""

    state: MatchState
    reason: str
    candidates: tuple[Committee, ...] = ()


@dataclass
class CommitteeIndex:
    """Committees by base; made once for a table by :func:`index`."""

    by_base: dict[str, list[tuple[NameKey, Committee]]] = field(default_factory=dict)
    towns: tuple[str, ...] = ()


def index(committees: Sequence[Committee]) -> CommitteeIndex:
    """Return the committees by what their names tell."""
    found = CommitteeIndex(towns=tuple(sorted({c.town for c in committees if c.town})))
    for committee in committees:
        for key in _keys_of_table(committee.name):
            found.by_base.setdefault(key.base, []).append((key, committee))
    return found


def with_towns(rows: Sequence[tuple[str, str]]) -> list[Committee]:
    """Return the 12-digit rows of a table of codes and names, each with the name of its town by its first 9 digits."""
    towns = {code: name for code, name in rows if len(code) == _TOWN_CODE}
    return [Committee(code, name, towns.get(code[:_TOWN_CODE])) for code, name in rows if len(code) > _TOWN_CODE]


def match(name: str, address: str | None, committees: CommitteeIndex) -> CommitteeMatch:
    """Return the committee that a name means; where the name tells none, the one whose compound the address names.

    Parameters
    ----------
    name
        Of an activity room, a service point or a committee, as people write it.
    address
        Its address, or None. It also tells the town where the name does not.
    """
    plain = normalised(_BRACKETED_ORDINAL.sub(r"\1", name))
    town = _town(plain, committees.towns) or _town(normalised(address or ""), committees.towns)
    for reason, keys in (("by_name", _keys(plain, town, committees.towns)), ("by_address", _keys_of_address(address))):
        for key in keys:
            if (found := _decided(key, town, committees, reason)) is not None:
                return found
    return CommitteeMatch(MatchState.UNMATCHED, "no_committee_of_that_name")


def _decided(key: NameKey, town: str | None, committees: CommitteeIndex, reason: str) -> CommitteeMatch | None:
    """Return what one key decides, None where it tells nothing."""
    found = [pair for pair in committees.by_base.get(key.base, ()) if town is None or pair[1].town in (None, town)]
    found = [pair for pair in found if pair[0].village == key.village] or found
    if not found:
        return None
    every = _sorted(c for _, c in found)
    told = _sorted(c for k, c in found if k.ordinal == key.ordinal)
    written = _sorted(c for k, c in found if k.ordinal == key.ordinal and k.written)
    if len(told) == 1 and (key.ordinal is not None or len(every) == 1):
        return CommitteeMatch(MatchState.MATCHED, reason, told)
    if key.ordinal is None and key.written and len(written) == 1:
        return CommitteeMatch(MatchState.MATCHED, reason, written)
    if len(told) > 1:
        return CommitteeMatch(MatchState.AMBIGUOUS, "several_towns", told)
    if key.ordinal is None:
        return CommitteeMatch(MatchState.AMBIGUOUS, "several_of_that_base", every)
    state = MatchState.AMBIGUOUS if len(every) == 1 else MatchState.UNMATCHED
    return CommitteeMatch(state, "ordinal_unknown", every)


def _sorted(committees: Iterable[Committee]) -> tuple[Committee, ...]:
    return tuple(sorted({c.code: c for c in committees}.values(), key=lambda c: c.code))


def _keys_of_table(name: str) -> Iterator[NameKey]:
    """Yield the keys under which a committee of the table is found: as written, and without 花园, 新村 or the like."""
    plain = normalised(name)
    village = plain.endswith(("村委会", "村民委员会"))
    core = _COMMITTEE.sub("", plain)
    key = _split(core, village=village, committee=True)
    yield key
    for end in _OPTIONAL:
        if key.base.endswith(end) and len(key.base) - len(end) >= _SHORTEST:
            yield NameKey(key.base.removesuffix(end), key.ordinal, village)


def _split(core: str, *, village: bool, committee: bool) -> NameKey:
    """Return base and ordinal of a name without its ending; 一村 is part of a base, what stands behind it no more."""
    match_ = _ORDINAL.search(core) if committee else None
    if match_ and len(core) - len(match_[0]) >= _SHORTEST:
        return NameKey(core[: match_.start()], _value(match_["ordinal"]), village, committee)
    return NameKey(core, None, village, committee)


def _value(ordinal: str) -> int:
    return int(ordinal) if ordinal.isdigit() else numeral_value(ordinal)


def _town(plain: str, towns: Sequence[str]) -> str | None:
    """Return the town that a text names, if only by its sound: 扬行镇 is 杨行镇."""
    for town in towns:
        if town in plain:
            return town
    stated = re.search(r"(?:区|^)([一-鿿]{2,4}?(?:街道|镇))", plain)
    if stated is None:
        return None
    sounding = [town for town in towns if pinyin_spellings(town)[0] == pinyin_spellings(stated[1])[0]]
    return sounding[0] if len(sounding) == 1 else None


def _keys(plain: str, town: str | None, towns: Sequence[str]) -> Iterator[NameKey]:
    """Yield what a name tells, the fullest first: without the facility; with the town's stem before it, or without."""
    core = _without_above(plain, town)
    core = _TRAILING_DOOR.sub("", core) if re.search(r"\d+号", core) else core
    core = _FACILITY.sub("", core)
    core = _ELDERS.sub("", core)
    committee = bool(_COMMITTEE.search(core))
    village = core.endswith(("村", "村委会"))
    core = _COMMITTEE.sub("", core)
    for noise in _NOISE:
        core = core.removesuffix(noise)
    core = core.strip("-/0123456789")
    if len(core) < _SHORTEST:
        return
    key = _split(core, village=village, committee=committee)
    yield key
    if town is not None and not key.base.startswith(_stem(town)):
        yield NameKey(_stem(town) + key.base, key.ordinal, village)
    for stem in map(_stem, towns):
        if key.base.startswith(stem) and len(key.base) - len(stem) >= _SHORTEST:
            yield NameKey(key.base.removeprefix(stem), key.ordinal, village)
    for end in _OPTIONAL:
        if key.base.endswith(end) and len(key.base) - len(end) >= _SHORTEST:
            yield NameKey(key.base.removesuffix(end), key.ordinal, village)


def _without_above(plain: str, town: str | None) -> str:
    core = _DISTRICT.sub("", plain)
    if town is not None:
        core = re.sub(rf"^(?:{town}|[一-鿿]{{{len(_stem(town))}}}(?:街道|镇))", "", core)
    return core


def _stem(town: str) -> str:
    return town.removesuffix("街道").removesuffix("镇")


def _keys_of_address(address: str | None) -> Iterator[NameKey]:
    """Yield the compound that an address names; a road names no committee."""
    base = parse(address).base if address else None
    if base is None or len(base) <= _SHORTEST:
        return
    if _NUMBERED_VILLAGE.search(base) or not base.endswith(("路", "街", "弄", "村")):
        yield NameKey(base)
