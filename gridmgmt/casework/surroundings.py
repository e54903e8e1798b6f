"""What lies at a place: its areas, those across a border, who answers for it, and the cases nearby; one statement.

Together with them come the serial of a case's number and what is known of the request, so that a report needs one
question and one answer of the database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from typing import Any
from uuid import UUID

from gridmgmt.areas.rules import RANK, AreaLevel, box_deg, check_position
from gridmgmt.clock import local_date
from gridmgmt.db import Session, prepared_rows

BORDER_M = 20.0
"""Within this of another town or quarter it is asked which of the two a place belongs to: a phone's position is no
better."""
MOST_NEAR = 50
"""Cases nearby that are ranked, the nearest first."""
KEYS_KEPT = timedelta(days=7)
"""How long a retry under the same key is known."""

SURROUNDINGS = resources.files(__package__).joinpath("sql/surroundings.sql").read_text(encoding="utf-8")
"""The one statement; all values are bound."""


@dataclass(frozen=True)
class Near:
    """Which cases near a place may be the same: of some types, within a radius, reported since a moment."""

    types: Sequence[str]
    radius_m: float
    since: datetime


@dataclass(frozen=True)
class Request:
    """What tells a request from others: who asks, under which key, with a device's name for its case."""

    actor: str = ""
    key: str | None = None
    client_id: UUID | None = None
    draw: bool = False
    """Draw the serial of a case number."""
    mark: str | None = None
    """Of the catalogue by which it was checked: while another holds no serial is drawn; None where that one does."""


@dataclass(frozen=True)
class Border:
    """An area that begins within :data:`BORDER_M` of a place."""

    level: AreaLevel
    code: str
    name: str
    distance_m: float


@dataclass(frozen=True)
class Post:
    """An officer post that answers for the cell, by the kind of its responsibility grid."""

    kind: str
    grid: str
    code: str
    name: str
    body: str


@dataclass(frozen=True)
class NearCase:
    """A case nearby."""

    case_no: str
    type: str
    state: str
    reported_at: datetime
    component_code: str | None
    distance_m: float


@dataclass(frozen=True)
class Surroundings:
    """What lies at a place on a day."""

    areas: Mapping[AreaLevel, tuple[str, str]]
    """Code and name of the area of each level, from the largest down; on a border the one with the lower code."""
    across: Sequence[Border]
    """The nearest first."""
    posts: Sequence[Post]
    near: Sequence[NearCase]
    calendar: UUID
    """Revision of the work calendar."""
    catalogue: str | None
    """Mark of all editions of the catalogue and of the lists of matters; None without any."""
    serial: int
    template: str
    client_case_no: str | None
    answered: tuple[str, int, Mapping[str, Any]] | None
    """Hash of the request that came under the key before, status and answer."""

    @property
    def codes(self) -> dict[AreaLevel, str]:
        """The code of the area of each level."""
        return {level: code for level, (code, _) in self.areas.items()}


def surroundings(
    session: Session,
    position: tuple[float, float],
    at: datetime,
    near: Near,
    *,
    now: datetime,
    request: Request = Request(),
) -> Surroundings:
    """Return what lies at a position (WGS 84 degrees) at a moment, by the areas in force on its day.

    Raises
    ------
    InputError
        When the position cannot be one.
    """
    lon, lat = position
    check_position(lon, lat)
    border_lon, border_lat = box_deg(lat, BORDER_M)
    near_lon, near_lat = box_deg(lat, near.radius_m)
    (row,) = prepared_rows(
        session,
        SURROUNDINGS,
        {
            "lon": lon,
            "lat": lat,
            "on": local_date(at),
            "border_lon": border_lon,
            "border_lat": border_lat,
            "near_lon": near_lon,
            "near_lat": near_lat,
            "since": near.since,
            "types": list(near.types),
            "most": MOST_NEAR,
            "draw": request.draw,
            "mark": request.mark,
            "today": local_date(now),
            "client_id": request.client_id,
            "actor": request.actor,
            "key": request.key,
            "keys_since": now - KEYS_KEPT,
        },
    )
    areas, across, posts, cases, calendar, catalogue, serial, template, client_case_no, answered = row
    return Surroundings(
        areas=_by_rank(areas or ()),
        across=[Border(AreaLevel(level), *rest) for level, *rest in across or () if rest[-1] <= BORDER_M],
        posts=[Post(*each) for each in posts or ()],
        near=[_near_case(each) for each in cases or () if each[-1] <= near.radius_m],
        calendar=calendar,
        catalogue=catalogue,
        serial=serial or 0,
        template=template,
        client_case_no=client_case_no,
        answered=tuple(answered) if answered else None,
    )


def _by_rank(rows: Sequence[tuple[str, str, str]]) -> dict[AreaLevel, tuple[str, str]]:
    areas = [(AreaLevel(level), (code, name)) for level, code, name in rows]
    return dict(sorted(areas, key=lambda each: RANK[each[0]]))


def _near_case(row: Sequence[Any]) -> NearCase:
    case_no, type_, state, reported_at, component_code, distance_m = row
    return NearCase(case_no, type_, state, datetime.fromisoformat(reported_at), component_code, distance_m)
