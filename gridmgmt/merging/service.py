"""Storing departments' grids, comparing them, and merging them into an edition of their own."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
import shapely

from gridmgmt.access.rules import Actor, Permission, system_actor
from gridmgmt.access.service import record, require
from gridmgmt.analysis.ellipsoid import areas_m2
from gridmgmt.analysis.overlay import faces_of
from gridmgmt.areas.queries import bounds_of
from gridmgmt.db import Session, transaction
from gridmgmt.editions.models import Edition
from gridmgmt.editions.rules import EditionDraft, Subject, combined_sha256, content_sha256
from gridmgmt.editions.service import open_edition
from gridmgmt.errors import ConflictError, NotFoundError, UnavailableError
from gridmgmt.frames import copy_columns, copy_rows
from gridmgmt.jobs import queries as job_queries
from gridmgmt.jobs import service as jobs
from gridmgmt.jobs.models import Job
from gridmgmt.jobs.worker import JobContext
from gridmgmt.merging import queries
from gridmgmt.merging.comparison import Comparison, Grids, Ground, compare
from gridmgmt.merging.document import Values, comparison_document, conflict_rows, way_document
from gridmgmt.merging.models import DepartmentGrid, GridMerge, MergeConflict
from gridmgmt.merging.rules import MERGED, MergeAsk, Way, check_decisions
from gridmgmt.merging.ways import Result, resolve

JOB_KIND = "grid_merge"
MOST_AT_ONCE = 2_000
"""Merges of more grids take longer than a request should, and become jobs."""
MAX_OPEN_JOBS = 100
_CONFLICT_COLUMNS = (
    "conflict_no", "kind", "grids", "area_m2", "width_m", "residents_60_plus", "cases", "outcomes", "decided_to",
    "reason", "geom",
)  # fmt: skip


@dataclass(frozen=True)
class Division:
    """How one department's grids divide the land: their number, m², and where they overlap or leave enclosed gaps."""

    grids: int
    land_m2: float
    overlaps: int
    overlap_m2: float
    gaps: int
    gap_m2: float


@dataclass(frozen=True)
class Compared:
    """A comparison with the editions that it is made of and the three ways to resolve it."""

    ask: MergeAsk
    on: date
    sources: Sequence[Edition]
    comparison: Comparison
    results: dict[Way, Result]
    decided: dict[int, tuple[str, str]]

    def conflicts(self) -> list[Values]:
        """Return the conflicts with what each way makes of them."""
        outcomes = {way: result.outcomes() for way, result in self.results.items()}
        return conflict_rows(self.comparison, outcomes, self.decided)

    def document(self) -> Values:
        """Return the figures of the comparison and of the ways side by side."""
        names = {each.part: each.details.get("department_name") for each in self.sources}
        found = comparison_document(self.comparison)
        for each in found["departments"]:
            each["name"] = names.get(each["department"])
        ways = [way_document(result, self.ask.sliver_width_m) for result in self.results.values()]
        return {
            **found,
            "compared_on": self.on.isoformat(),
            "parameters": self.ask.parameters(),
            "sources": _sources(self.sources),
            "synthetic": any(each.synthetic for each in self.sources),
            "ways": ways,
        }


def store(session: Session, edition: Edition, frame: gpd.GeoDataFrame) -> int:
    """Store the grids of one department's edition and return how many.

    Parameters
    ----------
    frame
        EPSG:4326, columns ``code``, ``name``, ``attributes``, geometry MULTIPOLYGON.
    """
    columns: dict[str, object] = {
        "edition_id": edition.edition_id,
        "code": frame["code"].to_numpy(),
        "name": frame["name"].to_numpy(dtype=object),
        "attributes": frame["attributes"].tolist(),
        "area_m2": areas_m2(frame.geometry.to_numpy()),
        "geom": frame.geometry.to_numpy(),
    }
    return copy_columns(session, DepartmentGrid.__tablename__, columns)


def division_of(frame: gpd.GeoDataFrame) -> Division:
    """Return how the grids of one department divide the land; overlaps and gaps are reported, never refused."""
    faces = faces_of(frame.geometry.to_numpy())
    times = np.bincount(faces.face, minlength=len(faces))
    several, none = times > 1, times == 0
    m2 = faces.area_m2
    return Division(
        grids=len(frame),
        land_m2=float(m2[times > 0].sum()),
        overlaps=int(several.sum()),
        overlap_m2=float(m2[several].sum()),
        gaps=int(none.sum()),
        gap_m2=float(m2[none].sum()),
    )


def compare_departments(session: Session, ask: MergeAsk, on: date) -> Compared:
    """Compare the grids of departments in force on a day and resolve their conflicts in each way.

    Without grid cells in force there is no way by cells.

    Raises
    ------
    NotFoundError
        When the area is unknown, when a department has no grids in force there, or when a decision names a conflict or
        a merged grid that there is not.
    ConflictError
        When a department has one code twice, or a conflict is decided twice.
    """
    return _compared(session, ask, on, queries.sources_of(session, ask.departments, on))


def merge(session: Session, actor: Actor, ask: MergeAsk, on: date, name: str) -> GridMerge:
    """Merge the grids of departments into an edition of a name, in force from the day compared on.

    The same merge again under the same name changes nothing.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not write grids there.
    NotFoundError
        As :func:`compare_departments`; also when whole cells are wanted and none are in force.
    ConflictError
        As :func:`compare_departments`; also when the name is taken by another merge.
    """
    require(actor, Permission.GRIDS_WRITE, areas=bounds_of(session, ask.area, on))
    return _keep(session, actor, _prepared(session, ask, on), name)


def request_merge(session: Session, actor: Actor, ask: MergeAsk, on: date, name: str) -> GridMerge | Job:
    """Merge at once, or enqueue a job where there are more than :data:`MOST_AT_ONCE` grids; see :func:`merge`.

    Raises
    ------
    UnavailableError
        When the queue is full.
    """
    require(actor, Permission.GRIDS_WRITE, areas=bounds_of(session, ask.area, on))
    sources = queries.sources_of(session, ask.departments, on)
    if queries.grid_count(session, sources) <= MOST_AT_ONCE:
        return merge(session, actor, ask, on, name)
    if (waiting := job_queries.open_count(session)) >= MAX_OPEN_JOBS:
        raise UnavailableError("queue_full", value=waiting, maximum=MAX_OPEN_JOBS)
    return enqueue_merge(session, actor, ask, on, name)


def enqueue_merge(
    session: Session, actor: Actor, ask: MergeAsk, on: date, name: str, *, after: int | None = None
) -> Job:
    """Have a worker merge, once the job ``after`` has succeeded where one is given.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not write grids there.
    """
    require(actor, Permission.GRIDS_WRITE, areas=bounds_of(session, ask.area, on))
    arguments = {"ask": ask.parameters(), "on": on.isoformat(), "name": name, "actor": actor.name}
    job = jobs.enqueue(session, JOB_KIND, arguments, after=after)
    record(session, actor, "grids.merge_request", f"job:{job.job_id}", after=arguments)
    return job


def perform(context: JobContext) -> Values:
    """Perform the job of a merge: compute, and write the answer once."""
    asked = context.claim.arguments
    context.progress("job_stage.merging", 0.0)
    with transaction(context.sessions) as session:
        prepared = _prepared(session, MergeAsk.of(asked["ask"]), date.fromisoformat(asked["on"]))
        jobs.hold(session, context.claim)
        found = _keep(session, system_actor(asked["actor"]), prepared, asked["name"])
        result = {"merge_id": found.merge_id}
        jobs.finish(session, context.claim, result)
    return result


@dataclass(frozen=True)
class _Prepared:
    compared: Compared
    result: Result
    input_sha256: str
    result_sha256: str


def _prepared(session: Session, ask: MergeAsk, on: date) -> _Prepared:
    """Return a merge before it is written."""
    compared = compare_departments(session, ask, on)
    result = compared.results.get(ask.way)
    if result is None:
        raise NotFoundError("no_cells_in_force", on=on, area=ask.area or "*")
    if not result.grids:
        raise NotFoundError("nothing_to_merge", on=on, area=ask.area or "*")
    return _Prepared(compared, result, _input_sha256(compared), _result_sha256(result))


def _keep(session: Session, actor: Actor, prepared: _Prepared, name: str) -> GridMerge:
    """Write a merge, unless it is there already."""
    compared, result, on = prepared.compared, prepared.result, prepared.compared.on
    hashes = {"input": prepared.input_sha256, "result": prepared.result_sha256}
    west, south, east, north = (float(e) for e in shapely.total_bounds([grid.surface for grid in result.grids]))
    draft = EditionDraft(
        subject=Subject.DEPARTMENT_GRIDS,
        part=MERGED,
        name=name,
        source=" · ".join(sorted({edition.source for edition in compared.sources})),
        synthetic=any(edition.synthetic for edition in compared.sources),
        datum="wgs84",
        content_sha256=combined_sha256(hashes),
        valid_from=on,
        extent=(west, south, east, north),
        details={"way": compared.ask.way.value, "departments": list(compared.ask.departments)},
    )
    edition, new = open_edition(session, draft)
    if not new:
        return queries.merge_of_edition(session, edition.edition_id)
    _store_result(session, edition, result)
    found = GridMerge(
        edition_id=edition.edition_id,
        compared_on=on,
        parameters=compared.ask.parameters(),
        sources=_sources(compared.sources),
        input_sha256=prepared.input_sha256,
        result_sha256=prepared.result_sha256,
        document=compared.document(),
        actor=actor.name,
    )
    session.add(found)
    session.flush()
    rows = ((found.merge_id, *(row[column] for column in _CONFLICT_COLUMNS)) for row in compared.conflicts())
    copy_rows(session, MergeConflict.__tablename__, ("merge_id", *_CONFLICT_COLUMNS), rows)
    after = {**compared.ask.parameters(), "on": on.isoformat(), "edition": name, **hashes}
    record(session, actor, "grids.merge", f"grid_merge:{found.merge_id}", after=after)
    return found


def resolved(session: Session, merge: GridMerge) -> Compared:
    """Return a merge anew from its sources, with the surfaces of all ways.

    Cells, residents and cases of its day are those that are known now; :func:`is_as_stored` tells whether they changed.
    """
    ids = [source["edition_id"] for source in merge.sources]
    sources = [session.get_one(Edition, edition_id) for edition_id in ids]
    return _compared(session, MergeAsk.of(merge.parameters), merge.compared_on, sources)


def is_as_stored(merge: GridMerge, again: Compared) -> bool:
    """Tell whether a merge that was made anew had the same inputs as when it was stored."""
    return _input_sha256(again) == merge.input_sha256


def cells_of(session: Session, merge: GridMerge) -> list[tuple[str, str, str | None]]:
    """Return cell code, grid code and grid name of each cell of a merge by whole cells, by grid and cell.

    Raises
    ------
    ConflictError
        When the merge did not give whole cells.
    """
    grids = queries.merged_grids(session, merge)
    if any(grid.cells is None for grid in grids):
        raise ConflictError("merge_not_by_cells", value=merge.merge_id, way=merge.parameters["way"])
    return [(cell, grid.code, grid.name) for grid in grids for cell in sorted(grid.cells or ())]


def _compared(session: Session, ask: MergeAsk, on: date, sources: Sequence[Edition]) -> Compared:
    within = queries.surface_within(session, ask.area, on)
    grids = queries.grids_of(session, sources, within)
    for department in ask.departments:
        if department not in grids.department:
            raise NotFoundError("department_not_here", field="department", value=department, area=ask.area or "*")
    comparison = compare(
        grids, _ground(session, ask, on, within, grids), lead=ask.leading, sliver_width_m=ask.sliver_width_m
    )
    codes = {core.code: number for number, core in enumerate(comparison.cores)}
    numbers = range(1, len(comparison.conflicts) + 1)
    decided = check_decisions(ask.decisions, numbers, codes)
    results = {way: resolve(comparison, ask, decided, way) for way in Way}
    return Compared(
        ask=ask,
        on=on,
        sources=sources,
        comparison=comparison,
        results={way: result for way, result in results.items() if result is not None},
        decided={each.conflict: (each.grid, each.reason.strip()) for each in ask.decisions},
    )


def _ground(session: Session, ask: MergeAsk, on: date, within: shapely.Geometry | None, grids: Grids) -> Ground:
    west, south, east, north = shapely.total_bounds(grids.surfaces if within is None else within)
    return queries.ground_of(session, ask, on, within, (float(west), float(south), float(east), float(north)))


def _sources(editions: Sequence[Edition]) -> list[Values]:
    return [
        {
            "department": edition.part,
            "edition_id": edition.edition_id,
            "name": edition.name,
            "source": edition.source,
            "synthetic": edition.synthetic,
            "content_sha256": edition.content_sha256,
        }
        for edition in editions
    ]


def _store_result(session: Session, edition: Edition, result: Result) -> None:
    columns = ("edition_id", "code", "name", "attributes", "cells", "area_m2", "geom")
    rows = (
        (
            edition.edition_id,
            grid.code,
            grid.name,
            {"members": dict(grid.members), "conflict": grid.conflict, "cases": grid.cases, "parts": grid.parts},
            None if grid.cells is None else list(grid.cells),
            grid.area_m2,
            grid.surface,
        )
        for grid in result.grids
    )
    copy_rows(session, DepartmentGrid.__tablename__, columns, rows)


def _input_sha256(compared: Compared) -> str:
    ground = compared.comparison.ground
    columns = {
        "places": ground.places.lonlat,
        "residents": ground.places.weight,
        "cases": ground.cases.lonlat,
        "cells": np.array(ground.cell_codes, dtype=object),
        "surfaces": np.empty(0, dtype=object) if ground.cells is None else ground.cells,
        "within": np.array([shapely.to_wkt(ground.within)], dtype=object),
    }
    parts = {f"source:{each.part}:{each.name}": each.content_sha256 for each in compared.sources}
    parts["ground"] = content_sha256(columns)
    parts["parameters"] = json.dumps(compared.ask.parameters(), sort_keys=True, ensure_ascii=False)
    return combined_sha256(parts)


def _result_sha256(result: Result) -> str:
    surfaces = np.empty(len(result.grids), dtype=object)
    surfaces[:] = [grid.surface for grid in result.grids]
    codes = np.array([grid.code for grid in result.grids], dtype=object)
    return content_sha256({"code": codes, "geometry": surfaces})
