"""Who has a desk of each type within a quarter of an hour on foot, by town, subdistrict and unit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.suppression import Relation, suppress
from gridmgmt.analysis.walking.matrix import SparseTimes, times_to_places
from gridmgmt.analysis.walking.model import Trip, to_cs
from gridmgmt.analysis.walking.tally import from_fixed
from gridmgmt.areas.placing import codes_of_points
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.db import Session
from gridmgmt.desks import queries
from gridmgmt.desks.nearest import ground_on, snapped
from gridmgmt.desks.queries import DeskFacts
from gridmgmt.desks.rules import DEFAULT_REACH_S
from gridmgmt.errors import InputError
from gridmgmt.governance.rules import CentreType
from gridmgmt.hours import minute_of_week
from gridmgmt.network.queries import profile
from gridmgmt.units import minutes_to_s
from gridmgmt.walking.rules import DEFAULT_AT, DEFAULT_PROFILE
from gridmgmt.walking.state import Ground, InputEdition

MOST_MINUTES = 60.0
_ROUNDING = 1e-6
LEVELS = (AreaLevel.DISTRICT, AreaLevel.TOWN, AreaLevel.BASIC_MANAGEMENT_UNIT)


@dataclass(frozen=True)
class AreaReach:
    """Who of an area's residents reaches a desk of a type within the limit (inclusive).

    Shares are of all ``residents`` of the area, those too from whom no way leads anywhere.
    ``reached`` counts desks wherever they stand, ``reached_own`` those that stand in the area. What is withheld from
    the public is None.
    """

    level: AreaLevel
    code: str
    name: str
    type: CentreType
    desks: int
    residents: float | None
    reached: float | None
    reached_own: float | None
    parent: str | None = None
    """Code of the area above, whose residents are among others those of this one."""

    @property
    def ratio(self) -> float | None:
        """The share of residents who reach one, 0-1; None of nobody."""
        return _share(self.reached, self.residents)

    @property
    def ratio_own(self) -> float | None:
        """The share of residents who reach one in their own area, 0-1."""
        return _share(self.reached_own, self.residents)


@dataclass(frozen=True)
class DeskReach:
    """The reach of every area and type, by level, code and type, and what it stands on.

    ``counting`` says who is counted: residents of 60 and over as population editions have them, or places alone.
    """

    on: date
    limit_s: float
    profile: str
    profile_edition: str
    speed_m_per_s: float
    counting: str
    rows: tuple[AreaReach, ...]
    inputs: tuple[InputEdition, ...]

    @property
    def synthetic(self) -> bool:
        """Whether any input was made up."""
        return any(edition.synthetic for edition in self.inputs)


def desk_reach(
    session: Session, on: date, *, minutes: float = DEFAULT_REACH_S / 60, profile_name: str = DEFAULT_PROFILE
) -> DeskReach:
    """Return the share of residents within some minutes on foot of a desk, by area and type.

    Gates are looked at on a Wednesday at ten, as in every question about coverage that names no time.

    Raises
    ------
    InputError
        When the minutes are out of their range.
    NotFoundError
        When the profile is unknown, or no network or population is in force on the day.
    """
    if not 0 < minutes <= MOST_MINUTES:
        raise InputError("number_out_of_range", field="minutes", value=minutes, minimum=0, maximum=MOST_MINUTES)
    ground, walking = ground_on(session, on), profile(session, profile_name, on)
    desks = [each for each in queries.desks_on(session, on) if each.type is not None]
    limit_s = minutes_to_s(minutes)
    times = times_to_places(
        ground.network.graph,
        ground.network.costs(walking, at=minute_of_week(DEFAULT_AT), leg=Trip.TO_POINT),
        points=snapped(ground, desks),
        places=ground.place_snap,
        limit_cs=int(to_cs(limit_s)),
    )
    homes = {level: _homes(session, desks, on, level) for level in LEVELS}
    areas = queries.served_areas(session, on)
    count = _Count(ground, desks, times, homes)
    rows = tuple(count.row(*area, type_) for area in areas for type_ in CentreType)
    return DeskReach(
        on, limit_s, profile_name, walking.edition, walking.speed_m_per_s, str(ground.counting),
        tuple(row for row in rows if row is not None), ground.inputs,
    )  # fmt: skip


def public(found: DeskReach, threshold: int) -> DeskReach:
    """Return the reach as the public gets it: no small number of residents, reached or not, can be worked out from it.

    Those who reach a desk of their own area are left out.
    """
    numberless: set[str] = set()  # the residents of an area are the same whatever the type
    withheld: set[tuple[CentreType, str]] = set()
    for type_ in CentreType:
        areas, reached = _withheld([row for row in found.rows if row.type is type_], threshold)
        numberless |= areas
        withheld |= {(type_, code) for code in reached}
    shown = (
        replace(
            row,
            residents=None if row.code in numberless else row.residents,
            reached=None if (row.type, row.code) in withheld else row.reached,
            reached_own=None,
        )
        for row in found.rows
    )
    return replace(found, rows=tuple(shown))


def _share(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else min(part / whole, 1.0)


def _withheld(rows: Sequence[AreaReach], threshold: int) -> tuple[set[str], set[str]]:
    """Return the areas of one type whose residents, and those whose reached, must not be told.

    Small ones, and those that would give them away.
    """
    known = [(row, row.residents, row.reached) for row in rows if row.residents is not None and row.reached is not None]
    values = [number for _, residents, reached in known for number in (residents, reached, residents - reached)]
    relations: list[Relation] = [(3 * i, (3 * i + 1, 3 * i + 2)) for i in range(len(known))]
    for whole, (row, *_) in enumerate(known):
        below = [i for i, (other, *_) in enumerate(known) if _is_part(other, row)]
        for part in range(3 if below else 0):
            rest = values[3 * whole + part] - sum(values[3 * i + part] for i in below)
            if rest < -_ROUNDING:  # parts that overlap make no sum that would tell anything
                continue
            values.append(max(round(rest, 6), 0.0))  # sums of decimals: what is left of them may be no count
            relations.append((3 * whole + part, (*(3 * i + part for i in below), len(values) - 1)))
    hidden = suppress(np.array(values), relations, threshold)
    codes = [row.code for row, *_ in known]
    return (
        {code for i, code in enumerate(codes) if hidden[3 * i]},
        {code for i, code in enumerate(codes) if hidden[3 * i : 3 * i + 3].any()},
    )


def _is_part(row: AreaReach, of: AreaReach) -> bool:
    """Tell whether the residents of an area are among those of another: of a unit its town's, of a town all."""
    if of.level is AreaLevel.DISTRICT:
        return row.level is AreaLevel.TOWN
    return of.level is AreaLevel.TOWN and row.level is AreaLevel.BASIC_MANAGEMENT_UNIT and row.parent == of.code


def _homes(session: Session, desks: Sequence[DeskFacts], on: date, level: AreaLevel) -> list[str | None]:
    """Return the code of the area of a level that each desk stands in."""
    lonlat = np.array([(each.lon, each.lat) for each in desks], dtype=np.float64).reshape(-1, 2)
    codes: list[str | None] = codes_of_points(session, lonlat[:, 0], lonlat[:, 1], on, level).tolist()
    return codes


class _Count:
    """Counts the residents of areas who reach desks, from the pairs of desk and place within the limit."""

    def __init__(
        self,
        ground: Ground,
        desks: Sequence[DeskFacts],
        times: SparseTimes,
        homes: dict[AreaLevel, list[str | None]],
    ) -> None:
        self._ground, self._homes = ground, homes
        self._desk = np.repeat(np.arange(len(desks)), np.diff(times.indptr))
        self._place = times.place
        self._types = np.array([each.type for each in desks], dtype=object)
        self._weight = ground.weights[:, 0]

    def row(self, level: AreaLevel, code: str, name: str, parent: str | None, type_: CentreType) -> AreaReach | None:
        """Return the reach of an area; None where no place is in it."""
        grouping = self._ground.place_area.get(level)
        if grouping is None or code not in grouping.codes:
            return None
        here = grouping.index == grouping.codes.index(code)
        of_type = self._types == type_
        own = of_type & (np.array(self._homes[level], dtype=object) == code)
        return AreaReach(
            level, code, name, type_, desks=int(own.sum()), residents=self._sum(here),
            reached=self._sum(here & self._reached(of_type)), reached_own=self._sum(here & self._reached(own)),
            parent=parent,
        )  # fmt: skip

    def _reached(self, desks: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which places reach one of some desks."""
        found = np.zeros(len(self._weight), dtype=bool)
        if len(desks):
            found[self._place[desks[self._desk]]] = True
        return found

    def _sum(self, places: NDArray[np.bool_]) -> float:
        return float(from_fixed(self._weight[places].sum()))
