"""Address → point with a confidence and what it stands on; point → the nearest addresses. Never a guess."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pyproj import Geod

from gridmgmt.addresses import queries
from gridmgmt.addresses.areas import area_hits
from gridmgmt.addresses.names import NamedSo, find_names
from gridmgmt.addresses.parsing import Parsed, parse
from gridmgmt.addresses.queries import AddressRow, AreaOf, Contents
from gridmgmt.addresses.rules import APART_M, CONFIDENCE, FOUND_FROM, MAX_GAP, AddressKind, Basis, MatchState
from gridmgmt.areas.rules import check_position
from gridmgmt.db import Session

_ELLIPSOID = Geod(ellps="WGS84")
_NAME_FITS, _SAME_NAME = 0.6, 0.9
_AS_SURE = 0.02
_MOST = 5
_BASES = 5
_OTHER_TOWN, _OTHER_SUFFIX = 0.5, 0.97
"""What the confidence is multiplied by where another town is named, or 12甲号 is asked for and only 12号 is there."""


@dataclass(frozen=True)
class Candidate:
    """A point that an address may mean, in degrees, and what it stands on; areas from the highest down."""

    lon: float
    lat: float
    confidence: float
    basis: Basis
    address: str
    """What it was taken for: the address of the row, or the name of the area."""
    name: str | None = None
    address_id: int | None = None
    areas: tuple[AreaOf, ...] = ()


@dataclass(frozen=True)
class Geocoded:
    """The answer to one address.

    ``found`` is None unless ``state`` is matched: the best candidate reaches the threshold and no other as sure lies
    apart from it. ``candidates`` are the best first, found or not.
    """

    asked: str
    state: MatchState
    reason: str
    """Key of the catalogue under ``geocode_reason.``."""
    found: Candidate | None
    candidates: tuple[Candidate, ...]


def geocode(session: Session, asked: str, on: date, *, least: float = FOUND_FROM) -> Geocoded:
    """Return the point of an address on a day, or why there is none.

    Parameters
    ----------
    least
        Least confidence (0–1) of what is given as found.
    """
    parsed = parse(asked)
    wanted = parsed.base or parsed.town or parsed.district
    if wanted is None:
        return Geocoded(asked, MatchState.UNMATCHED, "no_name", None, ())
    here = queries.contents(session, on)
    names = [n for n in find_names(session, wanted, on, here) if n.score >= _NAME_FITS][:_BASES]
    candidates = [c for named in names for c in _of_name(session, on, parsed, named)]
    candidates += _of_areas(session, on, here, wanted, parsed)
    best = _best(candidates)
    areas = queries.areas_of(session, on, [(c.lon, c.lat) for c in best])
    return _judged(asked, [replace(c, areas=a) for c, a in zip(best, areas, strict=True)], least)


def _judged(asked: str, candidates: Sequence[Candidate], least: float) -> Geocoded:
    """Decide whether the best candidate is the answer."""
    listed = tuple(candidates)
    if not listed:
        return Geocoded(asked, MatchState.UNMATCHED, "nothing_like_it", None, ())
    first = listed[0]
    if first.confidence < least:
        return Geocoded(asked, MatchState.UNMATCHED, "not_sure_enough", None, listed)
    if any(c.confidence >= first.confidence - _AS_SURE and _elsewhere(first, c) for c in listed[1:]):
        return Geocoded(asked, MatchState.AMBIGUOUS, "several_places", None, listed)
    return Geocoded(asked, MatchState.MATCHED, str(first.basis), first, listed)


def _elsewhere(one: Candidate, other: Candidate) -> bool:
    """Tell whether two candidates are two places: far apart, or two doors of different addresses."""
    doors = one.basis == other.basis == Basis.EXACT_DOOR and one.address != other.address
    return doors or _apart_m(one, other) > APART_M


def trust(score: float) -> float:
    """Return how far a name is trusted that fits so well; one that is incomplete or mistaken only when it is long.

    >>> trust(1.0), trust(0.9), round(trust(0.775), 2), round(trust(0.89), 2)
    (1.0, 0.9, 0.36, 0.63)
    """
    return score if score >= _SAME_NAME else score**4


def _of_name(session: Session, on: date, asked: Parsed, named: NamedSo) -> Iterator[Candidate]:
    """Yield the candidates of one name: the door, else between its neighbours, else the lane, else the road."""
    exact = False
    if asked.numbered:
        for row in queries.numbered(session, on, [named.name_id], asked):
            if asked.loose is not None or asked.lane == row.lane:  # else in a lane that nobody named
                exact = True
                yield from _candidate(row, asked, named, _basis_of(row, asked))
        if not exact and asked.door is not None:
            yield from _between(session, on, asked, named)
        if not exact and asked.lane is not None:
            yield from _middle(queries.placed_of_base(session, on, named.name_id, lane=asked.lane), named, Basis.LANE)
    if exact:
        return
    rows = queries.named(session, on, [named.name_id], limit=20)
    for row in rows:
        road = row.kind == AddressKind.ROAD or asked.numbered
        yield from _candidate(row, asked, named, Basis.ROAD_MIDDLE if road else Basis.PLACE)
    if not rows and not asked.numbered:
        yield from _middle(queries.placed_of_base(session, on, named.name_id), named, Basis.ROAD_MIDDLE)


def _basis_of(row: AddressRow, asked: Parsed) -> Basis:
    if asked.door is None and asked.loose is None:
        return Basis.PLACE if row.kind == AddressKind.COMPOUND and row.number is None else Basis.LANE
    return Basis.EXACT_DOOR


def _candidate(row: AddressRow, asked: Parsed, named: NamedSo, basis: Basis) -> Iterator[Candidate]:
    if row.lon is None or row.lat is None:
        return
    confidence = CONFIDENCE[basis] * trust(named.score)
    if asked.town is not None and row.town is not None and asked.town != row.town:
        confidence *= _OTHER_TOWN
    if asked.suffix != row.suffix and asked.numbered and row.number is not None:
        confidence *= _OTHER_SUFFIX
    if asked.sublane is not None and asked.sublane != row.sublane:
        confidence *= _OTHER_TOWN
    yield Candidate(row.lon, row.lat, round(confidence, 4), basis, row.address, row.name, row.address_id)


def _between(session: Session, on: date, asked: Parsed, named: NamedSo) -> Iterator[Candidate]:
    """Yield the point between the nearest doors on the same side of the road: odd and even numbers face each other."""
    number = asked.door
    if number is None:
        return
    rows = queries.neighbours(session, on, named.name_id, asked.lane, number)
    same = [r for r in rows if r.number is not None and (r.number - number) % 2 == 0]
    if asked.town is not None:
        same = [r for r in same if r.town in (None, asked.town)]
    low = max((r for r in same if (r.number or 0) < number), key=lambda r: r.number or 0, default=None)
    high = min((r for r in same if (r.number or 0) > number), key=lambda r: r.number or 0, default=None)
    if low is None or high is None or low.lon is None or high.lon is None or low.lat is None or high.lat is None:
        return
    gap = (high.number or 0) - (low.number or 0)
    if gap > MAX_GAP:
        return
    share = (number - (low.number or 0)) / gap
    lon, lat = low.lon + share * (high.lon - low.lon), low.lat + share * (high.lat - low.lat)
    confidence = round(CONFIDENCE[Basis.INTERPOLATED] * trust(named.score), 4)
    yield Candidate(lon, lat, confidence, Basis.INTERPOLATED, f"{low.address} – {high.address}")


def _middle(rows: Sequence[AddressRow], named: NamedSo, basis: Basis) -> Iterator[Candidate]:
    """Yield the place of the middle one of some doors, which unlike their mean is a place of one of them."""
    if not rows:
        return
    lon, lat = (sum((getattr(r, axis) or 0.0) for r in rows) / len(rows) for axis in ("lon", "lat"))
    row = min(rows, key=lambda r: ((r.lon or 0.0) - lon) ** 2 + ((r.lat or 0.0) - lat) ** 2)
    if row.lon is not None and row.lat is not None:
        yield Candidate(
            row.lon, row.lat, round(CONFIDENCE[basis] * trust(named.score), 4), basis, row.address, row.name,
            row.address_id,
        )  # fmt: skip


def _of_areas(session: Session, on: date, here: Contents, wanted: str, asked: Parsed) -> Iterator[Candidate]:
    for hit in area_hits(session, wanted, on, here, limit=_MOST):
        confidence = CONFIDENCE[Basis.AREA_CENTRE] * hit.score * (0.5 if asked.numbered else 1.0)
        yield Candidate(*hit.centre, round(confidence, 4), Basis.AREA_CENTRE, hit.area.name)


def _best(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the best candidates, of those at one place the surest."""
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda c: (-c.confidence, c.address, c.address_id or 0)):
        if all((c.lon, c.lat) != (candidate.lon, candidate.lat) for c in kept):
            kept.append(candidate)
    return kept[:_MOST]


def _apart_m(one: Candidate, other: Candidate) -> float:
    return float(_ELLIPSOID.inv(one.lon, one.lat, other.lon, other.lat)[2])


@dataclass(frozen=True)
class Nearby:
    """The addresses around a point, nearest first with their distance in m, and the areas that it lies in."""

    addresses: tuple[tuple[AddressRow, float], ...]
    areas: tuple[AreaOf, ...]


def addresses_at(session: Session, lon: float, lat: float, on: date, *, within_m: float = 200.0) -> Nearby:
    """Return the doors, compounds and places within a distance of a point (degrees), and its areas on a day.

    Raises
    ------
    InputError
        When this is no position.
    """
    check_position(lon, lat)
    (areas,) = queries.areas_of(session, on, [(lon, lat)])
    return Nearby(tuple(queries.near(session, on, lon, lat, within_m=within_m)), areas)
