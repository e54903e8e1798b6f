"""Sums over one area that no other room asks for: bodies, points, residents, topics and results of a run."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import JSON, ColumnElement, Integer, Text, cast, func, select, tuple_
from sqlalchemy.dialects.postgresql import JSONB

from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import AreaSummary, covered_by, in_force_on
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.bodies.models import Body, BodyPost
from gridmgmt.cases.models import Case
from gridmgmt.clock import local_date
from gridmgmt.coverage.models import CoverageAreaResult, CoverageRun
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import edition_ids_in_force
from gridmgmt.editions.rules import Subject
from gridmgmt.governance.queries import holds_on
from gridmgmt.meetings.models import Topic
from gridmgmt.meetings.topic_queries import state_on
from gridmgmt.population.models import RESIDENT_COLUMNS, PopulationPlace
from gridmgmt.service_points.models import ServicePoint

MOST_KEPT = 256
_lock = Lock()
_KEPT: dict[str, Sequence[Mapping[str, Any]]] = {}
"""The inputs of answers by the hash of the answer: an answer takes a while to parse and never changes."""
_COUNTED: dict[tuple[object, ...], Mapping[str, float | None]] = {}
"""The residents inside an area by it and the contents of the editions: neither ever changes."""

BANDS = (*RESIDENT_COLUMNS, "residents_60_plus")
"""What residents are told by: the age bands, and all of 60 and over."""
Key = TypeVar("Key")
Value = TypeVar("Value")
Place = tuple[str, str]
"""Level and code of an area."""


_GOVERNED = (AreaLevel.TOWN, AreaLevel.BASIC_MANAGEMENT_UNIT, AreaLevel.SECTOR, AreaLevel.RESIDENTIAL_QUARTER)


class AreaBelow(NamedTuple):
    """An area that lies in another, without its boundary; ``valid_from`` is the day its edition came into force."""

    level: str
    code: str
    name: str
    kind: str | None
    parent_level: str | None
    parent_code: str | None
    area_m2: float
    valid_from: date


def areas_below(session: Session, level: str, code: str, on: date) -> list[AreaBelow]:
    """Return the towns to quarters that lie in an area on a day, at any depth, by code; cells are left out."""
    columns = (getattr(Area, name) for name in AreaBelow._fields[:-1])
    statement = (
        select(*columns, Edition.valid_from)
        .join(Edition, Edition.edition_id == Area.edition_id)
        .where(in_force_on(on), Area.level.in_(_GOVERNED))
    )
    by_parent: dict[tuple[str | None, str | None], list[AreaBelow]] = defaultdict(list)
    for row in session.execute(statement):
        by_parent[row.parent_level, row.parent_code].append(AreaBelow._make(row))
    found = list(by_parent[level, code])
    for each in found:  # grows while it is walked
        found += by_parent[each.level, each.code]
    return sorted(found, key=lambda each: each.code)


@dataclass(frozen=True)
class Residents:
    """Residents by :data:`BANDS`, and the newest edition that counts them."""

    counts: Mapping[str, float | None]
    edition: Edition | None


def points_by_type(session: Session, area_id: int, on: date) -> list[tuple[str, str, int]]:
    """Return type, status and number of the service points that an area covers on a day."""
    statement = (
        select(ServicePoint.type, ServicePoint.status, func.count())
        .where(
            ServicePoint.edition_id.in_(edition_ids_in_force(Subject.SERVICE_POINTS, on)),
            covered_by(area_id, ServicePoint.geom),
        )
        .group_by(ServicePoint.type, ServicePoint.status)
        .order_by(ServicePoint.type, ServicePoint.status)
    )
    return [(type_, status, count) for type_, status, count in session.execute(statement)]


def residents_inside(session: Session, area: AreaSummary, on: date) -> Residents:
    """Return how many residents live in the places that an area covers on a day, by :data:`BANDS`.

    None where no edition in force counts them.
    """
    used = editions_of(session, Subject.POPULATION, on)
    key = (area.area_id, area.code, area.area_m2, *(each.content_sha256 for each in used))
    counts = _COUNTED.get(key)
    if counts is None:
        sums = [func.sum(getattr(PopulationPlace, name)).label(name) for name in BANDS]
        statement = select(*sums).where(
            PopulationPlace.edition_id == func.any([each.edition_id for each in used]),
            covered_by(area.area_id, PopulationPlace.geom),
        )
        counts = dict(session.execute(statement).mappings().one())
        _keep(_COUNTED, key, counts)
    return Residents(counts, used[0] if used else None)


def editions_of(session: Session, subject: Subject, on: date) -> Sequence[Edition]:
    """Return the editions of a subject in force on a day, the newest first."""
    ids = edition_ids_in_force(subject, on)
    statement = select(Edition).where(Edition.edition_id.in_(ids)).order_by(Edition.valid_from.desc(), Edition.name)
    return session.scalars(statement).all()


def bodies_by_kind(session: Session, places: Sequence[Place], on: date) -> list[tuple[str, int, int]]:
    """Return kind, number and posts of the bodies of some areas on a day."""
    posts = (
        select(BodyPost.body_code, func.sum(BodyPost.count).cast(Integer).label("posts"))
        .where(holds_on(BodyPost, on))
        .group_by(BodyPost.body_code)
        .subquery()
    )
    statement = (
        select(Body.kind, func.count(), func.coalesce(func.sum(posts.c.posts), 0))
        .outerjoin(posts, posts.c.body_code == Body.code)
        .where(holds_on(Body, on), _among(places, Body.level, Body.area_code))
        .group_by(Body.kind)
        .order_by(Body.kind)
    )
    return [(kind, count, int(held)) for kind, count, held in session.execute(statement)]


def bodies_first(session: Session, places: Sequence[Place], on: date, most: int) -> list[tuple[str, str, str]]:
    """Return code, name and kind of the first bodies of some areas on a day, those of the largest area first."""
    rank = func.length(Body.area_code)
    statement = (
        select(Body.code, Body.name, Body.kind)
        .where(holds_on(Body, on), _among(places, Body.level, Body.area_code))
        .order_by(rank, Body.area_code, Body.code)
        .limit(most)
    )
    return [(code, name, kind) for code, name, kind in session.execute(statement)]


def first_case_on(session: Session) -> date | None:
    """Return the day from which cases are registered, None while there are none."""
    first = session.scalar(select(func.min(Case.reported_at)))
    return None if first is None else local_date(first)


def topics_by_state(session: Session, places: Sequence[Place], on: date) -> dict[str, int]:
    """Return how many topics of some areas were in each state on a day: by their last step until then."""
    last = state_on(on).label("state")
    states = select(last).select_from(Topic).where(_among(places, Topic.level, Topic.area_code)).subquery()
    statement = select(states.c.state, func.count()).where(states.c.state.is_not(None)).group_by(states.c.state)
    return {state: count for state, count in session.execute(statement)}  # noqa: C416 -- typed


def topics_last(session: Session, places: Sequence[Place], on: date, most: int) -> list[tuple[str, str, str]]:
    """Return code, title and state then of the newest topics of some areas that were proposed until a day."""
    state = state_on(on)
    statement = (
        select(Topic.code, Topic.title, state.label("state"))
        .where(_among(places, Topic.level, Topic.area_code), state.is_not(None))
        .order_by(Topic.proposed_on.desc(), Topic.topic_id.desc())
        .limit(most)
    )
    return [(code, title, state) for code, title, state in session.execute(statement)]


@dataclass(frozen=True)
class AreaCoverage:
    """Who of an area reaches a point within the limit of a run; None where the run does not tell."""

    residents: float | None
    covered: float | None


@dataclass(frozen=True)
class RunFacts:
    """What a finished run was asked, on which day, and the editions that its answer was computed from."""

    run_id: int
    asked_on: date
    limit_s: float
    inputs: Sequence[Mapping[str, Any]]  # Any: values of JSON


def run_facts(session: Session, run_id: int) -> RunFacts:
    """Return what a profile tells of a finished run, without reading the rest of its answer, which may be large."""
    statement = select(CoverageRun.parameters, CoverageRun.result_sha256).where(CoverageRun.run_id == run_id)
    parameters, sha256 = session.execute(statement).one()
    inputs = _KEPT.get(sha256)
    if inputs is None:
        statement = select(cast(CoverageRun.document, JSON)["inputs"]).where(CoverageRun.run_id == run_id)
        inputs = session.scalars(statement).one()
        _keep(_KEPT, sha256, inputs)
    return RunFacts(run_id, date.fromisoformat(parameters["on"]), parameters["limit_s"], inputs)


def covered_areas(session: Session, run_id: int, places: Sequence[Place]) -> dict[Place, AreaCoverage]:
    """Return what a run found for some areas, exactly; those that it was not asked about are missing."""
    statement = select(CoverageAreaResult.level, CoverageAreaResult.code, CoverageAreaResult.figures).where(
        CoverageAreaResult.run_id == run_id, _among(places, CoverageAreaResult.level, CoverageAreaResult.code)
    )
    return {
        (level, code): AreaCoverage(figures["residents"], figures["covered"])
        for level, code, figures in session.execute(statement)
    }


def _among(places: Sequence[Place], level: Any, code: Any) -> ColumnElement[bool]:  # Any: columns that name areas
    """Return the condition that a row is of one of some areas; they may be hundreds, so they go as one value."""
    pair = func.jsonb_array_elements(cast(places, JSONB)).column_valued("pair")
    return tuple_(level, code).in_(select(pair.op("->>")(0).cast(Text), pair.op("->>")(1).cast(Text)))


def _keep(kept: dict[Key, Value], key: Key, value: Value) -> None:
    """Keep a value that never changes, and forget the oldest of too many."""
    with _lock:
        while len(kept) >= MOST_KEPT:
            kept.pop(next(iter(kept)))
        kept[key] = value
