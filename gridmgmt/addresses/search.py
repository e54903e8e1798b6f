"""One box for everything that has a name or a number: areas, roads, compounds, doors; Chinese, pinyin, codes."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from gridmgmt.addresses import queries
from gridmgmt.addresses.areas import area_hits
from gridmgmt.addresses.names import NamedSo, find_names
from gridmgmt.addresses.parsing import Parsed, parse
from gridmgmt.addresses.queries import AddressRow, AreaOf, Contents
from gridmgmt.addresses.rules import AddressKind
from gridmgmt.areas.rules import check_position
from gridmgmt.db import Session

LONGEST_ASKED = 120
"""Characters of a question that are looked at."""
_WELL = 0.75
"""Areas that fit as well as this come before any address."""
_BASES, _BASES_OF_LANES = 40, 200
"""Of so many names at most the doors are looked through; a lane is found by an index, a number among all of a name."""
_CODE = re.compile(r"(?=[^一-鿿]*\d)[0-9A-Za-z][0-9A-Za-z-]{2,}")
_DIGITS_OF_CODE = 6
_LATIN_UNITS = ((re.compile(r"(?<=\d)\s*(?:nong|lane)\b"), "弄"), (re.compile(r"(?<=\d)\s*hao?\b"), "号"))
_AREA = "area"


@dataclass(frozen=True)
class Hit:
    """One answer of the search; ``kind`` is that of an address or ``area``, the point in degrees or None."""

    kind: str
    name: str
    address: str | None
    code: str | None
    score: float
    address_id: int | None = None
    level: str | None = None
    point: tuple[float, float] | None = None
    areas: tuple[AreaOf, ...] = ()
    called: str | None = None
    """The other name by which it was found."""


def search(
    session: Session, asked: str, on: date, *, limit: int = 10, near: tuple[float, float] | None = None
) -> list[Hit]:
    """Return at most ``limit`` areas and addresses in force on a day that fit a text, areas first, then the best.

    What fits equally well, as many names do of which only initials are given, comes by its distance from ``near``
    (degrees); without it roads come first, then compounds, landmarks, institutions and doors, the shorter address
    first.

    Parameters
    ----------
    asked
        A name or any part of one, an address, pinyin or a part of it, the beginning of its initials, a code or its
        beginning. One character of three or more may be mistaken, missing, too many or swapped with its neighbour.

    Raises
    ------
    InputError
        When ``near`` is no position.
    """
    if near is not None:
        check_position(*near)
    asked = _without_latin_units(asked.strip()[:LONGEST_ASKED])
    if not asked:
        return []
    here = queries.contents(session, on)
    areas = area_hits(session, asked, on, here, limit=limit)
    found = [
        Hit(_AREA, a.area.name, None, a.area.code, a.score, level=a.area.level, point=a.centre, areas=(a.area,))
        for a in areas
    ]
    addresses = search_addresses(session, asked, on, here, limit=limit, near=near)
    best = addresses[0][1] if addresses else 0.0
    first = [hit for hit in found if hit.score >= min(best, _WELL)]
    within = _areas_by_id(session, on, [row for row, *_ in addresses]) if here.areas else {}
    rest = [_hit(row, score, called, within.get(row.address_id, ())) for row, score, called in addresses]
    return (first + rest)[:limit]


def search_addresses(
    session: Session, asked: str, on: date, here: Contents, *, limit: int, near: tuple[float, float] | None = None
) -> list[tuple[AddressRow, float, str | None]]:
    """Return the addresses that fit a text best, each with its score and the other name by which it was found."""
    code = asked.upper()
    if _CODE.fullmatch(code) and (coded := queries.by_code(session, on, code, limit=limit)):
        return [(row, 1.0 if row.code == code else 0.9, None) for row in coded]
    if asked.isdigit() and len(asked) >= _DIGITS_OF_CODE:
        return []
    parsed = parse(asked)
    if parsed.base is None and parsed.numbered:
        return [(row, 0.5, None) for row in queries.numbered(session, on, None, parsed, limit=limit)]
    wanted = parsed.base or parsed.town or parsed.district or parsed.kept
    names = find_names(session, wanted, on, here)
    rows = _rows_of(session, on, parsed, names, limit)
    scores = {named.name_id: named for named in reversed(names)}
    ranked = sorted(
        ((row, *_score(row, parsed, scores)) for row in rows),
        key=lambda one: (-one[1], _order(one[0], near), len(one[0].address), one[0].address_id),
    )
    return _once(ranked)[:limit]


def _rows_of(session: Session, on: date, asked: Parsed, names: Sequence[NamedSo], limit: int) -> list[AddressRow]:
    ids = list(dict.fromkeys(named.name_id for named in names))
    if not asked.numbered:
        rows = queries.named(session, on, ids)
        if len(rows) < limit:
            rows += queries.first_of_base(session, on, ids[:3], limit=limit - len(rows))
        return rows
    bases = ids[: _BASES if asked.lane is None else _BASES_OF_LANES]
    rows = queries.numbered(session, on, bases, asked)
    if not rows and asked.lane is not None and asked.door is not None:
        rows = queries.numbered(session, on, bases, Parsed(lane=asked.lane))
    return rows or queries.named(session, on, ids)


_RANKS: Mapping[AddressKind, int] = {
    AddressKind.ROAD: 0,
    AddressKind.COMPOUND: 1,
    AddressKind.LANDMARK: 2,
    AddressKind.INSTITUTION: 3,
    AddressKind.DOOR: 4,
}


def _order(row: AddressRow, near: tuple[float, float] | None) -> float:
    """Return what decides between addresses that fit equally well; of distances only the order counts."""
    if near is None:
        return _RANKS[row.kind]
    if row.lon is None or row.lat is None:
        return math.inf
    return math.hypot((row.lon - near[0]) * math.cos(math.radians(near[1])), row.lat - near[1])


def _score(row: AddressRow, asked: Parsed, names: Mapping[int, NamedSo]) -> tuple[float, str | None]:
    """Return how well an address fits, and the other name by which it was found."""
    named: NamedSo | None
    own = names.get(row.name_id) if row.name_id is not None else None
    base = names.get(row.base_id) if row.base_id is not None else None
    if asked.numbered and base is not None and row.number is not None:
        named, score = base, base.score - _misses(row, asked)
    elif own is not None:
        named, score = own, own.score - (0.25 if asked.numbered else 0.0)
    else:
        named, score = base, 0.0 if base is None else base.score - 0.15
    if asked.town is not None and row.town is not None:
        score += 0.02 if row.town == asked.town else -0.12
    called = None if named is None or named.called is None else named.called.other
    return max(0.0, min(1.0, score)), called


def _misses(row: AddressRow, asked: Parsed) -> float:
    """Return what is taken off for numbers that differ from those asked for."""
    if asked.loose is not None:
        return 0.0 if asked.loose in (row.lane, row.number) else 0.3
    off = 0.0
    if asked.lane != row.lane:
        off += 0.1 if asked.lane is None else 0.3
    if asked.door is not None and asked.door != row.number and not _in_range(asked.door, row):
        off += 0.2
    if asked.sublane != row.sublane and asked.sublane is not None:
        off += 0.1
    return off + (0.02 if asked.suffix != row.suffix else 0.0)


def _in_range(number: int, row: AddressRow) -> bool:
    return row.number is not None and row.number_to is not None and row.number <= number <= row.number_to


def _once(
    ranked: Sequence[tuple[AddressRow, float, str | None]],
) -> list[tuple[AddressRow, float, str | None]]:
    """Leave out what comes twice."""
    seen: set[int] = set()
    return [one for one in ranked if not (one[0].address_id in seen or seen.add(one[0].address_id))]  # type: ignore[func-returns-value]


def _without_latin_units(asked: str) -> str:
    if not asked.isascii():
        return asked
    for pattern, unit in _LATIN_UNITS:
        asked = pattern.sub(unit, asked.casefold())
    return asked


def _areas_by_id(session: Session, on: date, rows: Sequence[AddressRow]) -> dict[int, tuple[AreaOf, ...]]:
    placed = [(row.address_id, (row.lon, row.lat)) for row in rows if row.lon is not None and row.lat is not None]
    areas = queries.areas_of(session, on, [point for _, point in placed])
    return {address_id: found for (address_id, _), found in zip(placed, areas, strict=True)}


def _hit(row: AddressRow, score: float, called: str | None, areas: tuple[AreaOf, ...]) -> Hit:
    point = None if row.lon is None or row.lat is None else (row.lon, row.lat)
    return Hit(
        row.kind, row.name or row.address, row.address, row.code, round(score, 4),
        address_id=row.address_id, point=point, areas=areas, called=called,
    )  # fmt: skip
