"""Reading coverage runs and their results."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa
from sqlalchemy import cast, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased, defer

from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import area_frame, area_in_force, at_or_below
from gridmgmt.areas.queries import in_force_on as area_in_force_on
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.coverage.document import InputEdition
from gridmgmt.coverage.models import CoveragePlaceResult, CoverageRun
from gridmgmt.coverage.rules import CoverageRequest
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import in_force_on
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import NotFoundError
from gridmgmt.frames import lonlat, read_numbers, read_table
from gridmgmt.land.models import LandFeature
from gridmgmt.land.rules import LandKind
from gridmgmt.population.models import RESIDENT_COLUMNS, PopulationPlace
from gridmgmt.service_points.models import ServicePoint
from gridmgmt.service_points.rules import PointStatus

if TYPE_CHECKING:
    import geopandas as gpd


_REPORTED = frozenset(AreaLevel) - {AreaLevel.GRID_CELL}


def run_by_id(session: Session, run_id: int) -> CoverageRun:
    """Return a run.

    Raises
    ------
    NotFoundError
        When there is no such run.
    """
    found = session.get(CoverageRun, run_id)
    if found is None:
        raise NotFoundError("run_unknown", run_id=run_id)
    return found


def run_by_key(session: Session, idempotency_key: str) -> CoverageRun | None:
    """Return the run that was asked for with this key."""
    return session.scalar(select(CoverageRun).where(CoverageRun.idempotency_key == idempotency_key))


def areas_of_run(session: Session, run: CoverageRun) -> "gpd.GeoDataFrame":
    """Return the areas that a run was asked over, as on the day it was asked (see :func:`area_frame`)."""
    return areas_reported(session, date.fromisoformat(run.parameters["on"]), run.area_code)


def area_table(session: Session, on: date, area_code: str | None) -> pa.Table:
    """Return the areas of :func:`areas_reported` as a table, by level and code.

    Columns ``level``, ``code``, ``name``, ``parent_code``, ``area_m2`` and ``geom``: a frame would load its library.
    """
    columns = (Area.level, Area.code, Area.name, Area.parent_code, Area.area_m2, Area.geom)
    statement = select(*columns).where(area_in_force_on(on)).order_by(Area.level, Area.code)
    levels = _REPORTED
    if area_code is not None:
        area = area_in_force(session, area_code, on)
        levels |= {AreaLevel(area.level)}
        statement = statement.where(Area.area_id.in_(at_or_below(area.area_id, on)))
    return read_table(session, statement.where(Area.level.in_(list(levels))))


def areas_reported(session: Session, on: date, area_code: str | None) -> "gpd.GeoDataFrame":
    """Return the areas that an answer has figures of: the one of a code with all below it, or all without one.

    Grid cells are too many and too small for a report; only one that is asked about itself is among them.
    """
    if area_code is None:
        return area_frame(session, on, levels=_REPORTED)
    area = area_in_force(session, area_code, on)
    return area_frame(session, on, within=area.area_id, levels=_REPORTED | {AreaLevel(area.level)})


def newest_runs(session: Session, limit: int, *, before: int | None = None) -> Sequence[CoverageRun]:
    """Return the newest runs, finished or not, the newest first, without reading their answers.

    With ``before``, only runs older than the one of this id.
    """
    statement = (
        select(CoverageRun).options(defer(CoverageRun.document)).order_by(CoverageRun.run_id.desc()).limit(limit)
    )
    if before is not None:
        statement = statement.where(CoverageRun.run_id < before)
    return session.scalars(statement).all()


def latest_finished(
    session: Session, *, area_code: str | None = None, types: Sequence[str] | None = None
) -> CoverageRun | None:
    """Return the newest finished run for an area (None: everything) and, where named, exactly these types.

    Runs of scenarios are of what is not, so none of them.
    """
    statement = (
        select(CoverageRun)
        .where(CoverageRun.finished_at.is_not(None), CoverageRun.area_code.is_not_distinct_from(area_code))
        .where(CoverageRun.scenario.is_(None))
        .order_by(CoverageRun.run_id.desc())
        .limit(1)
    )
    if types is not None:
        statement = statement.where(CoverageRun.types == sorted(types))
    return session.scalar(statement)


def latest_answer(session: Session, request: CoverageRequest) -> CoverageRun | None:
    """Return the newest finished run that was asked just this, on whatever day."""
    asked = cast(asdict(request), JSONB)
    statement = (
        select(CoverageRun)
        .where(CoverageRun.finished_at.is_not(None), CoverageRun.parameters.op("-")("on") == asked)
        .order_by(CoverageRun.run_id.desc())
        .limit(1)
    )
    return session.scalar(statement)


def input_editions(
    session: Session, on: date, types: Sequence[str], barriers: Sequence[str] = ()
) -> list[InputEdition]:
    """Return the editions that a run on a day would be computed from, in order of subject, part and name.

    Land counts where it holds outlines of compounds, or barriers of the asked kinds.
    """
    of_areas = select(Area.edition_id).where(area_in_force_on(on), Area.level.in_(_REPORTED))
    of_points = (
        select(ServicePoint.edition_id)
        .join(Edition, Edition.edition_id == ServicePoint.edition_id)
        .where(in_force_on(on), ServicePoint.type.in_(list(types)), ServicePoint.status == PointStatus.OPEN)
    )
    of_land = (
        select(LandFeature.edition_id)
        .join(Edition, Edition.edition_id == LandFeature.edition_id)
        .where(in_force_on(on), LandFeature.kind.in_([LandKind.COMPOUND, *barriers]))
    )
    whole = select(Edition.edition_id).where(
        Edition.subject.in_([Subject.NETWORK, Subject.POPULATION, Subject.GATES]), in_force_on(on)
    )
    statement = (
        select(Edition)
        .where(Edition.edition_id.in_(of_areas.union(of_points, of_land, whole)))
        .order_by(Edition.subject, Edition.part, Edition.name)
    )
    return [_input(edition) for edition in session.scalars(statement)]


def answer_of(run: CoverageRun) -> str:
    """Return the answer of a finished run as its canonical text.

    Raises
    ------
    NotFoundError
        When the run has no answer (yet).
    """
    if run.document is None:
        raise NotFoundError("run_not_finished", run_id=run.run_id)
    return run.document


def inputs_of(run: CoverageRun) -> list[InputEdition]:
    """Return what a finished run was computed from, without checking the rest of its answer, which may be large.

    Raises
    ------
    NotFoundError
        When the run has no answer (yet).
    """
    return [InputEdition.model_validate(entry) for entry in json.loads(answer_of(run))["inputs"]]


def stale_inputs(session: Session, run: CoverageRun, *, on: date) -> list[str]:
    """Return the names of the inputs that differ between a finished run and a run of today; none when it is valid."""
    then = {_key(edition) for edition in inputs_of(run)}
    barriers = run.parameters.get("barriers", ())
    now = {_key(edition) for edition in input_editions(session, on, run.types, barriers)}
    return sorted({f"{subject}: {name}" for subject, name, _ in then ^ now})


def _key(edition: InputEdition) -> tuple[str, str, str]:
    return edition.subject, edition.name, edition.content_sha256


def _input(edition: Edition) -> InputEdition:
    fields = ("subject", "name", "source", "synthetic", "datum", "counting", "valid_from", "content_sha256")
    level = edition.part or None if edition.subject == Subject.AREAS else None
    return InputEdition(**{name: getattr(edition, name) for name in fields}, level=level)


def place_result(session: Session, run_id: int, place_id: int) -> CoveragePlaceResult:
    """Return what a run found for one place.

    Raises
    ------
    NotFoundError
        When the run has no such place.
    """
    found = session.get(CoveragePlaceResult, (run_id, place_id))
    if found is None:
        raise NotFoundError("run_place_unknown", run_id=run_id, place_id=place_id)
    return found


def place_id_of(session: Session, run_id: int, place_no: int) -> int:
    """Return the id of the place that has a number in its source.

    Raises
    ------
    NotFoundError
        When the run has no such place.
    """
    statement = (
        select(CoveragePlaceResult.place_id)
        .join(PopulationPlace, PopulationPlace.place_id == CoveragePlaceResult.place_id)
        .where(CoveragePlaceResult.run_id == run_id, PopulationPlace.place_no == place_no)
    )
    found = session.scalar(statement)
    if found is None:
        raise NotFoundError("run_place_unknown", run_id=run_id, place_id=place_no)
    return found


def places_of_both(session: Session, run_a: int, run_b: int) -> pa.Table:
    """Return the places that two runs were asked about, by place.

    Columns ``status_a``, ``status_b``, ``lon``, ``lat``, the resident columns by band, ``residents_60_plus``.
    """
    a, b = aliased(CoveragePlaceResult), aliased(CoveragePlaceResult)
    residents = (getattr(PopulationPlace, name) for name in (*RESIDENT_COLUMNS, "residents_60_plus"))
    statement = (
        select(a.status.label("status_a"), b.status.label("status_b"), *lonlat(PopulationPlace.geom), *residents)
        .join(b, b.place_id == a.place_id)
        .join(PopulationPlace, PopulationPlace.place_id == a.place_id)
        .where(a.run_id == run_a, b.run_id == run_b)
        .order_by(a.place_id)
    )
    return read_numbers(session, statement)


def place_results(session: Session, run_id: int) -> pa.Table:
    """Return what a run found for all its places, by place.

    Columns ``lon``, ``lat``, ``status``, ``walk_time_s``, ``residents`` (null in an edition of places without counts).
    """
    statement = (
        select(
            *lonlat(PopulationPlace.geom),
            CoveragePlaceResult.status,
            CoveragePlaceResult.walk_time_s,
            PopulationPlace.residents_60_plus.label("residents"),
        )
        .join(PopulationPlace, PopulationPlace.place_id == CoveragePlaceResult.place_id)
        .where(CoveragePlaceResult.run_id == run_id)
        .order_by(CoveragePlaceResult.place_id)
    )
    return read_table(session, statement)
