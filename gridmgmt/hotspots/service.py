"""Hot spots: areas in and around which cases gather beyond chance. Repeated places: where they come again and again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyproj import Geod
from scipy.spatial import cKDTree

from gridmgmt.analysis.hotspots import PERMUTATIONS, Gathering, gathering_of_points
from gridmgmt.analysis.repeats import repeated_places
from gridmgmt.areas.placing import codes_of_points
from gridmgmt.db import Session
from gridmgmt.hotspots import queries
from gridmgmt.hotspots.queries import Described, Ground
from gridmgmt.hotspots.rules import HotSpotQuestion, RepeatQuestion, SpotClass

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_M2_PER_KM2 = 1e6
_WIDER = 1.001
"""The plane's metres are the ellipsoid's within half of this."""
_WGS84 = Geod(ellps="WGS84")


@dataclass(frozen=True)
class HotSpot:
    """One significant area.

    Parameters
    ----------
    z
        ``Gi*`` in standard deviations.
    p, adjusted_p
        By permutations, two-sided; the least false discovery rate at which the area is found.
    neighbours
        How many areas touch it.
    """

    area_id: int
    code: str
    name: str
    parent_name: str | None
    spot: SpotClass
    count: int
    area_m2: float
    density_per_km2: float
    z: float
    p: float
    adjusted_p: float
    neighbours: int
    centre: tuple[float, float]
    bounds: tuple[float, float, float, float]


@dataclass(frozen=True)
class HotSpots:
    """The significant areas, hot ones first, and what they were found among.

    Parameters
    ----------
    areas_on
        The day whose areas were compared.
    redrawn
        Whether boundaries changed after the first day, so that every case was placed anew by its point.
    areas, cases
        How many areas were compared, and how many cases lie in them.
    outside, unknown_place
        Cases that lie in none of the areas, and those whose point stands for an unknown place; both are left out.
    """

    question: HotSpotQuestion
    areas_on: date
    redrawn: bool
    permutations: int
    areas: int
    cases: int
    outside: int
    unknown_place: int
    spots: Sequence[HotSpot]


def hot_spots(session: Session, question: HotSpotQuestion, *, permutations: int = PERMUTATIONS) -> HotSpots:
    """Return where cases gather: by area, cases per km² on the areas in force on the last day, ``Gi*`` of each.

    The same cases and areas give the same answer.

    Raises
    ------
    InputError
        When no boundary edition was in force on the last day.
    """
    span, level = question.span, question.level.area_level
    ground = queries.ground(session, span.last, level)
    counted, unknown_place = _counted(session, question)
    counts = np.array([counted[code] for code in ground.code], dtype=np.int64)
    tested = gathering_of_points(counts, ground.area_m2, ground.neighbours, permutations=permutations)
    return HotSpots(
        question=question,
        areas_on=span.last,
        redrawn=_redrawn(session, question),
        permutations=permutations,
        areas=len(counts),
        cases=int(counts.sum()),
        outside=counted.total() - int(counts.sum()),
        unknown_place=unknown_place,
        spots=_spots(session, question, _Tested(ground, counts, tested)),
    )


@dataclass(frozen=True, eq=False)
class _Tested:
    """Areas, their cases, and what the test says of them."""

    ground: Ground
    counts: Integers
    found: Gathering


def _spots(session: Session, question: HotSpotQuestion, tested: _Tested) -> list[HotSpot]:
    """Return the significant areas, hot ones first, those of the farthest scores at the top."""
    hot, cold = (_by_score(found, tested.found.z) for found in tested.found.found(question.false_discovery))
    area_id = tested.ground.area_id
    described = queries.described(session, area_id[[*hot, *cold]].tolist(), question.span.last)
    classed = [*((at, SpotClass.HOT) for at in hot), *((at, SpotClass.COLD) for at in cold)]
    return [_spot(tested, at, spot, described[area_id[at]]) for at, spot in classed]


def _spot(tested: _Tested, at: int, spot: SpotClass, described: Described) -> HotSpot:
    ground, found = tested.ground, tested.found
    count, area_m2 = int(tested.counts[at]), float(ground.area_m2[at])
    return HotSpot(
        area_id=int(ground.area_id[at]),
        code=ground.code[at],
        spot=spot,
        count=count,
        area_m2=area_m2,
        density_per_km2=count / area_m2 * _M2_PER_KM2,
        z=float(found.z[at]),
        p=float(found.p[at]),
        adjusted_p=float(found.adjusted_p[at]),
        neighbours=int(ground.neighbours.counts[at]),
        **vars(described),
    )


def _by_score(found: Integers, z: Floats) -> list[int]:
    """Return places by how far their score is from 0, the farthest first."""
    ordered: list[int] = found[np.lexsort((found, -np.abs(z[found])))].tolist()
    return ordered


def _redrawn(session: Session, question: HotSpotQuestion) -> bool:
    span = question.span
    return span.begins_at < queries.redrawn_at(session, span.last)


def _counted(session: Session, question: HotSpotQuestion) -> tuple[Counter[str | None], int]:
    """Return how many cases each area has, and how many lie nobody knows where.

    A case is in the area that it was stored with; where boundaries changed since the first day, in that of its point,
    as the list of the area has it.
    """
    span, level = question.span, question.level.area_level
    if _redrawn(session, question):
        codes = codes_of_points(session, *queries.points(session, span.wanted), span.last, level)
        return Counter(codes.tolist()), queries.unknown_places(session, span.wanted)
    by_code = queries.counts_by_code(session, span.wanted, level)
    counted: Counter[str | None] = Counter({code: known for code, (known, _) in by_code.items()})
    return counted, sum(lost for _, lost in by_code.values())


@dataclass(frozen=True)
class RepeatedPlace:
    """One place.

    Parameters
    ----------
    count
        Cases no further than ``within_m`` from the centre, on the ellipsoid, of its type where one makes the place.
    types
        Types with how many cases, the most frequent first.
    address, town_code, last_case_no
        Of the case reported last.
    """

    lon: float
    lat: float
    count: int
    types: Sequence[tuple[str, int]]
    first_at: datetime
    last_at: datetime
    last_case_id: int
    last_case_no: str = ""
    address: str | None = None
    town_code: str | None = None


@dataclass(frozen=True)
class RepeatedPlaces:
    """The fullest places, and what they were found among.

    Parameters
    ----------
    places_found
        How many places there are, those that are not named too.
    cases, unknown_place
        How many cases were looked at, and how many more were left out because nobody knows their place.
    """

    question: RepeatQuestion
    cases: int
    unknown_place: int
    places_found: int
    places: Sequence[RepeatedPlace]


def repeats(session: Session, question: RepeatQuestion) -> RepeatedPlaces:
    """Return the places to which cases come again: each is the cases around one of them.

    Every place has so many cases as are asked for that no place found before it has; a case between two places counts
    at both, so that the number of each is that of the list around its centre.
    """
    wanted = question.span.wanted
    types = queries.types_of(session, wanted)
    reports = _reports(session, queries.typed_points(session, wanted, types))
    group = reports.type if question.same_type else np.zeros_like(reports.type)
    x, y = reports.xy.T
    centres = repeated_places(x, y, reports.weight, group, reach=question.within_m, least=question.least)
    named = centres[: question.most]
    places = [
        _place(reports, int(centre), held, types)
        for centre, held in zip(named, reports.around(named, group, question.within_m), strict=True)
    ]
    found = [place for place in places if place.count >= question.least]
    return RepeatedPlaces(
        question=question,
        cases=int(reports.weight.sum()),
        unknown_place=queries.unknown_places(session, wanted),
        places_found=len(centres) - len(places) + len(found),
        places=_told(session, sorted(found, key=lambda place: (-place.count, place.lon, place.lat, place.types))),
    )


@dataclass(frozen=True, eq=False)
class _Reports:
    """Cases by type and point: the rows of point ``i`` are those from ``begins[i]`` until before ``begins[i + 1]``."""

    type: Integers
    lonlat: Floats
    xy: Floats
    begins: Integers
    case_id: Integers
    at: Floats

    @property
    def weight(self) -> Integers:
        """How many cases each point has."""
        return np.diff(self.begins)

    def around(self, centres: Integers, group: Integers, within_m: float) -> list[Integers]:
        """Return the points of its group around each centre, as far as the ellipsoid has it."""
        tree = cKDTree(self.xy)
        near = tree.query_ball_point(self.xy[centres], within_m * _WIDER, return_sorted=True)
        found = []
        for centre, members in zip(centres.tolist(), near, strict=True):
            held = np.array(members, dtype=np.int64)
            held = held[group[held] == group[centre]]
            from_centre = np.broadcast_to(self.lonlat[centre], (len(held), 2))
            *_, apart_m = _WGS84.inv(*from_centre.T, *self.lonlat[held].T)
            found.append(held[apart_m <= within_m])
        return found


def _reports(session: Session, table: pa.Table) -> _Reports:
    type_, lon, lat = (table[name].to_numpy() for name in ("type", "lon", "lat"))
    order = np.lexsort((lat, lon, type_))
    type_, lonlat = type_[order], np.column_stack([lon, lat])[order]
    new = np.append(True, (np.diff(type_) != 0) | (np.diff(lonlat, axis=0) != 0).any(axis=1))[: len(type_)]
    first = np.flatnonzero(new)
    return _Reports(
        type=type_[first],
        lonlat=lonlat[first],
        xy=queries.on_plane(session, lonlat[first]) if len(first) else lonlat,
        begins=np.append(first, len(type_)),
        case_id=table["case_id"].to_numpy()[order],
        at=table["at"].to_numpy()[order],
    )


def _place(reports: _Reports, centre: int, held: Integers, types: Sequence[str]) -> RepeatedPlace:
    """Return a place, without what its last case tells of it."""
    of_point = [np.arange(reports.begins[each], reports.begins[each + 1]) for each in held]
    rows = np.concatenate(of_point)
    number: Counter[str] = Counter()
    for type_, cases in zip(reports.type[held].tolist(), of_point, strict=True):
        number[types[type_ - 1]] += len(cases)
    last = rows[np.lexsort((reports.case_id[rows], reports.at[rows]))[-1]]
    lon, lat = reports.lonlat[centre].tolist()
    return RepeatedPlace(
        lon=lon,
        lat=lat,
        count=len(rows),
        types=sorted(number.items(), key=lambda each: (-each[1], each[0])),
        first_at=_moment(reports.at[rows].min()),
        last_at=_moment(reports.at[rows].max()),
        last_case_id=int(reports.case_id[last]),
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _told(session: Session, places: Sequence[RepeatedPlace]) -> list[RepeatedPlace]:
    """Return places with what the last case of each tells of it."""
    named = queries.named_cases(session, [place.last_case_id for place in places])
    rows = (named[place.last_case_id] for place in places)
    return [
        replace(place, last_case_no=row.case_no, address=row.address, town_code=row.town_code)
        for place, row in zip(places, rows, strict=True)
    ]
