"""What is counted and how numbers of areas are told, without a database."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.clock import LOCAL_ZONE
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import InputError

PUBLISHED_AREA = "published_area_m2"
"""The surface of an area as somebody published it, to be shown beside the one its boundary has."""

_FIGURE = re.compile(r"[a-z][a-z0-9_]{0,62}")


class CountedSubject(StrEnum):
    """What is counted over the areas of a level."""

    SERVICE_POINTS = "service_points"
    CASES = "cases"
    RESIDENTS = "residents"


SUBJECTS: Mapping[CountedSubject, Subject] = {
    CountedSubject.SERVICE_POINTS: Subject.SERVICE_POINTS,
    CountedSubject.CASES: Subject.CASES,
    CountedSubject.RESIDENTS: Subject.POPULATION,
}
"""Whose editions hold what is counted."""


class Weighting(StrEnum):
    """By what the number of an area that is cut is shared among its pieces."""

    AREA = "area"
    RESIDENTS = "residents"


def check_figure(name: str) -> str:
    """Return the name of a figure.

    Raises
    ------
    InputError
        When it is not 1 to 63 small letters, digits and underscores, a letter first.
    """
    if _FIGURE.fullmatch(name) is None:
        raise InputError("figure_name_malformed", field="figure", value=name)
    return name


@dataclass(frozen=True)
class Period:
    """Days in the district's time zone, from ``begins`` until before ``ends``."""

    begins: date
    ends: date

    def __post_init__(self) -> None:
        if self.ends <= self.begins:
            raise InputError("period_empty", field="ends", begins=self.begins, ends=self.ends)

    def moments(self) -> tuple[datetime, datetime]:
        """Return the first moment of the period and the first after it."""
        begins, ends = (datetime.combine(day, time(), LOCAL_ZONE) for day in (self.begins, self.ends))
        return begins, ends


@dataclass(frozen=True)
class Count:
    """How many there are of one kind, told by the dimensions of what is counted (type, status, age band)."""

    by: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class Tally:
    """How many there are, in all and of each kind of which there are any."""

    total: float
    counts: tuple[Count, ...]

    def of(self, **kind: str) -> float:
        """Return how many there are of all kinds with these dimensions."""
        return sum(c.value for c in self.counts if all(c.by[name] == value for name, value in kind.items()))


@dataclass(frozen=True)
class AreaCounts:
    """The tally of one area."""

    code: str
    name: str
    tally: Tally


@dataclass(frozen=True)
class UsedEdition:
    """An edition that a number rests on.

    ``valid_from`` is None for a draft; ``counting`` is how its residents came about, None for other subjects.
    """

    subject: str
    name: str
    valid_from: date | None
    synthetic: bool
    source: str
    counting: str | None


@dataclass(frozen=True)
class Counts:
    """How many lie in each area of a level on a day; every one counted lies in one area or in ``outside``.

    Of an edition of places without counts the places are counted. ``method`` is the key of the catalogue that tells
    how points are given to areas.
    """

    subject: CountedSubject
    level: AreaLevel
    on: date
    draft: str | None
    data_on: date
    period: Period | None
    areas: tuple[AreaCounts, ...]
    outside: Tally
    total: Tally
    area_editions: tuple[UsedEdition, ...]
    data_editions: tuple[UsedEdition, ...]
    method: str = "statistics.point_in_area"


def tallies(
    group: NDArray[np.int64],
    kind: NDArray[np.int64],
    value: NDArray[np.float64],
    n_groups: int,
    kinds: Sequence[Mapping[str, str]],
) -> list[Tally]:
    """Return the tally of each group; ``group``, ``kind`` (its number in ``kinds``) and ``value`` are ``(n,)``."""
    table = np.bincount(group * len(kinds) + kind, value, n_groups * len(kinds)).reshape(n_groups, len(kinds))
    return [
        Tally(
            total=float(row.sum()),
            counts=tuple(Count(by, float(number)) for by, number in zip(kinds, row, strict=True) if number > 0),
        )
        for row in table
    ]


@dataclass(frozen=True)
class Boundaries:
    """The areas of a level on a day; with the id of a draft, as if it were in force on that day."""

    level: AreaLevel
    on: date
    draft: int | None = None


@dataclass(frozen=True)
class Amount:
    """An estimate in the figure's unit and the bounds between which the truth lies for certain; both are included."""

    estimate: float
    low: float
    high: float

    @property
    def certain(self) -> bool:
        """Whether the bounds leave no doubt."""
        return self.low == self.high


@dataclass(frozen=True)
class ApportionedArea:
    """What one area holds of a figure that was counted on other boundaries."""

    code: str
    name: str
    amount: Amount


@dataclass(frozen=True)
class Apportionment:
    """A figure of the areas of one level and day, carried to those of another.

    ``outside`` is what falls on land outside all new areas; the estimates of all areas and it sum to ``total``.
    """

    figure: str
    weighting: Weighting
    known: Boundaries
    wanted: Boundaries
    areas: tuple[ApportionedArea, ...]
    outside: Amount
    total: float
    counted_on: tuple[date, date]
    """The first and the last day that the numbers describe."""
    sources: tuple[str, ...]
    without_figure: tuple[str, ...]
    """Codes of areas of which no number is known; what they hold is in no sum."""
    other_boundaries: tuple[str, ...]
    """Codes of areas whose number was counted within another boundary than that of ``known``; left out as well."""
    shared_by_land: tuple[str, ...]
    """Codes of areas that were cut where nobody lives, and so were shared by land although residents should weigh."""
    editions_from: tuple[UsedEdition, ...]
    editions_to: tuple[UsedEdition, ...]
    data_editions: tuple[UsedEdition, ...]
    """The editions of the residents that weigh; none where land does."""

    @property
    def method(self) -> str:
        """The key of the catalogue that tells the method."""
        return f"statistics.apportioned_by_{self.weighting}"


@dataclass(frozen=True)
class Published:
    """A surface as somebody published it."""

    area_m2: float
    source: str
    counted_on: date


@dataclass(frozen=True)
class Surface:
    """The surface of an area as its boundary has it on the ellipsoid, beside all that were published."""

    code: str
    name: str
    area_m2: float
    published: tuple[Published, ...]


def kinds_of(columns: Mapping[str, Sequence[str]]) -> tuple[NDArray[np.int64], list[dict[str, str]]]:
    """Return for each row the number of its kind, and the kinds: the distinct rows of text columns, in order.

    >>> number, kinds = kinds_of({"type": ["b", "a", "b"], "status": ["open", "open", "open"]})
    >>> number.tolist(), kinds[1]
    ([1, 0, 1], {'type': 'b', 'status': 'open'})
    """
    rows = list(zip(*columns.values(), strict=True))
    distinct = sorted(set(rows))
    numbers = {row: number for number, row in enumerate(distinct)}
    kinds = [dict(zip(columns, row, strict=True)) for row in distinct]
    return np.array([numbers[row] for row in rows], dtype=np.int64), kinds
