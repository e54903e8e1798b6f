"""Areas by name, pinyin and code, among those in force on a day; grid cells by code alone."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import date
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, func, select

from gridmgmt.addresses.parsing import normalised
from gridmgmt.addresses.queries import AreaOf, Contents
from gridmgmt.addresses.spelling import fit, pinyin_spellings
from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import in_force_on
from gridmgmt.areas.rules import RANK, AreaLevel
from gridmgmt.db import Session

_SUFFIXES = ("社区居民委员会", "居民委员会", "村民委员会", "居委会", "村委会", "居民区", "街道", "镇", "区")
_KEPT_DAYS = 8
_LEAST = 0.7
_SHORTEST_CODE = 3
_LATIN = 0.97


@dataclass(frozen=True)
class AreaHit:
    """An area that fits, how well, and a point inside it in degrees."""

    area: AreaOf
    score: float
    centre: tuple[float, float]


@dataclass(frozen=True)
class _Entry:
    area: AreaOf
    centre: tuple[float, float]
    spellings: tuple[str, ...]


_Kept = OrderedDict[tuple[tuple[int, str], ...], tuple[_Entry, ...]]
_kept: WeakKeyDictionary[Engine, _Kept] = WeakKeyDictionary()
"""The names of areas by what determines them: the contents of the boundary editions in force, which never change."""


def area_hits(session: Session, asked: str, on: date, here: Contents, *, limit: int) -> list[AreaHit]:
    """Return the areas in force on a day whose name, pinyin or code fits a text: the best, then the highest first.

    Parameters
    ----------
    here
        What is in force on the day.
    """
    plain = normalised(asked)
    if plain.isdigit() and len(plain) >= _SHORTEST_CODE:
        return _by_code(session, plain, on, limit)
    hits = [
        AreaHit(entry.area, score, entry.centre)
        for entry in _entries(session, on, here.areas)
        if (score := _fit(plain, entry)) >= _LEAST
    ]
    return sorted(hits, key=lambda hit: (-hit.score, RANK[AreaLevel(hit.area.level)], hit.area.code))[:limit]


def _fit(asked: str, entry: _Entry) -> float:
    """Return how well an area fits: by the beginning of a spelling in Latin letters, by any part in Chinese."""
    if asked.isascii():
        return max((_LATIN * fit(asked, s) for s in entry.spellings if s.startswith(asked)), default=0.0)
    return max((fit(asked, s) for s in entry.spellings if asked in s), default=0.0)


def _entries(session: Session, on: date, key: tuple[tuple[int, str], ...]) -> tuple[_Entry, ...]:
    kept = _kept.setdefault(session.get_bind().engine, OrderedDict())
    if (entries := kept.get(key)) is None:
        entries = kept[key] = _read(session, on)
        while len(kept) > _KEPT_DAYS:
            kept.popitem(last=False)
    return entries


def _read(session: Session, on: date) -> tuple[_Entry, ...]:
    inside = func.ST_PointOnSurface(Area.geom)
    statement = select(Area.level, Area.code, Area.name, func.ST_X(inside), func.ST_Y(inside)).where(
        in_force_on(on), Area.level != AreaLevel.GRID_CELL
    )
    return tuple(
        _Entry(AreaOf(level, code, name), (lon, lat), _spellings(name))
        for level, code, name, lon, lat in session.execute(statement)
    )


def _spellings(name: str) -> tuple[str, ...]:
    plain = normalised(name)
    short = next((plain.removesuffix(s) for s in _SUFFIXES if plain.endswith(s) and len(plain) > len(s) + 1), plain)
    found = {plain, short}
    for each in (plain, short):
        full, initials = pinyin_spellings(each)
        found |= {*full, *initials}
    return tuple(sorted(found))


def _by_code(session: Session, code: str, on: date, limit: int) -> list[AreaHit]:
    inside = func.ST_PointOnSurface(Area.geom)
    statement = (
        select(Area.level, Area.code, Area.name, func.ST_X(inside), func.ST_Y(inside))
        .where(in_force_on(on), Area.code.startswith(code, autoescape=True))
        .order_by(func.length(Area.code), Area.code)
        .limit(limit)
    )
    return [
        AreaHit(AreaOf(level, found, name), 1.0 if found == code else 0.9, (lon, lat))
        for level, found, name, lon, lat in session.execute(statement)
    ]
