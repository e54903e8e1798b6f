"""Grid cells into a draft of a boundary edition: asked for, drawn, coded, stored, reported; and the scheme in use."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import delete, func, select

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require, system_actor
from gridmgmt.areas import service as areas
from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import ancestors, area_frame, area_in_force
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.boundaries import service as boundaries
from gridmgmt.boundaries.edits import EDITED
from gridmgmt.boundaries.models import TopologyFinding
from gridmgmt.cells import queries
from gridmgmt.cells.making import (
    TARGET_M2,
    Drawn,
    Progress,
    Quarters,
    dominant,
    draw,
    kernel_version,
    options_for,
    report,
)
from gridmgmt.cells.models import CellCodeScheme, CellGeneration
from gridmgmt.cells.rules import CodeScheme, next_codes
from gridmgmt.db import Session, transaction
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import boundary_edition, boundary_edition_of, version_of
from gridmgmt.editions.rules import EditionState, combined_sha256, content_sha256
from gridmgmt.editions.service import metric_crs, note_step, reopen
from gridmgmt.errors import ConflictError, InputError, NotFoundError
from gridmgmt.jobs import service as jobs
from gridmgmt.jobs.worker import JobContext
from gridmgmt.land.rules import LandKind
from gridmgmt.texts import text

if TYPE_CHECKING:
    import geopandas as gpd

Objects = NDArray[np.object_]

JOB_KIND = "cell_generation"
VERB = "generate_cells"
"""What the step of an edition and its log entry say was done."""
_CODES_LOCK = 3_101_150
"""Advisory lock of this database: codes are issued to one draft at a time."""
_AWAY_DEG = 0.001
"""Barriers are read so far beyond the area, about 100 m: a cell's border may lie along one just outside."""


@dataclass(frozen=True)
class GenerationAsk:
    """What cells are asked for.

    Parameters
    ----------
    area_code
        A district, town, unit, sector or quarter: the cells of its quarters are drawn.
    edition
        The draft of boundaries that takes them, opened where there is none of that name.
    planned_from
        The day from which a draft that is opened is to be in force.
    barriers_on
        The day whose streets, walls, water and rails bound them.
    target_m2
        The size that is aimed at.
    management_level
        The code of the management level that the new cells get; none without it.
    """

    area_code: str
    edition: str
    planned_from: date
    barriers_on: date
    target_m2: float = TARGET_M2
    management_level: str | None = None

    def parameters(self) -> dict[str, Any]:
        """Return what bears on the cells, as JSON can hold it."""
        return {
            "target_m2": self.target_m2,
            "barriers_on": self.barriers_on.isoformat(),
            "management_level": self.management_level,
        }


def use_scheme(session: Session, actor: Actor, name: str) -> CellCodeScheme:
    """Code cells by a scheme from now on; the codes that there are stay, and the check of cells tells which differ.

    Raises
    ------
    NotFoundError
        When there is no such scheme.
    """
    require(actor, Permission.AREAS_DRAFT)
    row, before = queries.scheme_row(session, name), queries.scheme_in_use(session).name
    for _, other in queries.schemes(session):
        other.in_use = False
    session.flush()
    row.in_use = True
    session.flush()
    record(session, actor, "cells.use_scheme", f"cell_scheme:{name}", before={"scheme": before}, after={"scheme": name})
    return row


def request_generation(
    session: Session, actor: Actor, ask: GenerationAsk, *, document: str | None = None, after: int | None = None
) -> CellGeneration:
    """Enqueue a generation in the caller's transaction and return it, not yet finished.

    Parameters
    ----------
    document
        Check, approve by this document and activate the draft at once, as an administrator may.
    after
        The job that must have succeeded before.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not draft there.
    NotFoundError
        When there is no such area, or nothing in force that could bound cells.
    InputError
        When the area holds no quarters, or the size cannot be one.
    CodeFormatError
        When the code of a quarter cannot begin the codes of cells.
    ConflictError
        When the edition is no draft any more.
    """
    options_for(ask.target_m2)
    if document is not None:
        require(actor, Permission.AREAS_APPROVE)
        require(actor, Permission.AREAS_ACTIVATE)
    draft = _draft(session, actor, ask)
    area = _area(session, actor, draft, ask.area_code)
    quarters, scheme = _quarters_of(session, draft, area), queries.scheme_in_use(session)
    if not len(quarters):
        raise InputError("area_without_quarters", field="area", value=ask.area_code, level=area.level)
    for code in quarters["code"]:
        next_codes(code, scheme, 0, 0)  # refused before anything is drawn
    if not queries.barrier_editions(session, ask.barriers_on):
        raise NotFoundError("no_barriers", on=ask.barriers_on)
    generation = _noted(session, draft, ask)
    arguments = {"generation_id": generation.generation_id, "actor": actor.name, "document": document}
    generation.job_id = jobs.enqueue(session, JOB_KIND, arguments, after=after).job_id
    session.flush()
    asked = {"area": ask.area_code, "edition": draft.name, **ask.parameters()}
    record(session, actor, "cells.request", f"cell_generation:{generation.generation_id}", after=asked)
    return generation


def generate(
    session: Session,
    actor: Actor,
    draft: Edition,
    ask: GenerationAsk,
    *,
    progress: Progress | None = None,
    processes: int | None = None,
) -> CellGeneration:
    """Draw the cells of an area and store them in a draft, all in the caller's transaction.

    Raises
    ------
    As :func:`request_generation`; RuleViolationError
        When a quarter has no codes left.
    """
    started = time.perf_counter()
    area = _area(session, actor, draft, ask.area_code)
    inputs = _read(session, draft, ask)
    drawn = draw(inputs.quarters, progress, processes=processes)
    generation = _noted(session, draft, ask)
    _write(session, actor.name, draft, generation, inputs, drawn, started)
    after = {"verb": VERB, "area": area.code, "content_sha256": generation.content_sha256}
    record(session, actor, "areas.edit", f"edition:areas/{draft.name}", after=after)
    return generation


def perform(context: JobContext) -> Mapping[str, Any]:
    """Perform a generation: read in one snapshot, draw, and write once; a draft that has changed meanwhile is left."""
    started = time.perf_counter()
    generation_id = int(context.claim.arguments["generation_id"])
    actor = system_actor(str(context.claim.arguments["actor"]))
    context.progress("job_stage.reading", 0.0)
    with transaction(context.sessions) as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        generation = queries.generation_by_id(session, generation_id)
        draft = boundary_edition_of(session, generation.edition_id)
        seen, inputs = version_of(session, draft.edition_id), _read(session, draft, _asked(generation, draft))
    drawn = draw(inputs.quarters, lambda done, all_: context.progress("job_stage.cells", 0.05 + 0.8 * done / all_))
    context.progress("job_stage.writing", 0.9)
    with transaction(context.sessions) as session:
        jobs.hold(session, context.claim)
        generation = queries.generation_by_id(session, generation_id)
        draft = boundary_edition_of(session, generation.edition_id)
        session.refresh(draft, with_for_update=True)
        if version_of(session, draft.edition_id) != seen:
            raise ConflictError("draft_changed_meanwhile", name=draft.name)
        _write(session, actor.name, draft, generation, inputs, drawn, started)
        result = {"generation_id": generation_id, "edition": draft.name, "cells": sum(len(d.surfaces) for d in drawn)}
        after = {"verb": VERB, "area": generation.area_code, "content_sha256": generation.content_sha256}
        if (document := context.claim.arguments["document"]) is not None:
            _take_into_force(session, actor, draft, document)
        jobs.finish(session, context.claim, result)
        record(session, actor, "areas.edit", f"edition:areas/{draft.name}", after=after)
    return result


def _take_into_force(session: Session, actor: Actor, draft: Edition, document: str) -> None:
    boundaries.check(session, actor, draft)
    boundaries.approve(session, actor, draft, document, _day(draft), document)
    boundaries.activate(session, actor, draft)


# What is read


@dataclass(frozen=True, eq=False)
class _Inputs:
    """All that a generation needs of the database before it draws."""

    quarters: Quarters
    present: "gpd.GeoDataFrame"
    land_use: "gpd.GeoDataFrame"
    scheme: CodeScheme
    editions: Sequence[Mapping[str, str]]
    area: Mapping[str, str]


def _draft(session: Session, actor: Actor, ask: GenerationAsk) -> Edition:
    draft = boundary_edition(session, ask.edition)
    if draft is None:
        source = text("cells.source", actor=actor.name)
        return boundaries.open_draft(session, actor, ask.edition, ask.planned_from, source)
    if draft.state in {EditionState.IN_FORCE, EditionState.WITHDRAWN}:
        raise ConflictError("edition_no_draft", name=draft.name, state=draft.state)
    return draft


def _area(session: Session, actor: Actor, draft: Edition, code: str) -> Area:
    """Return the area of a code as a draft has it, when the actor may draft there."""
    if not actor.holds(Permission.AREAS_DRAFT):
        require(actor, Permission.AREAS_DRAFT)
    on, own = _day(draft), draft.edition_id
    area = area_in_force(session, code, on, draft=own)
    require(actor, Permission.AREAS_DRAFT, areas=ancestors(session, area.level, area.code, on, draft=own))
    return area


def _day(draft: Edition) -> date:
    if draft.planned_from is None:  # a check constraint of the table forbids it
        raise ValueError(f"edition {draft.name} has no day")
    return draft.planned_from


def _quarters_of(session: Session, draft: Edition, area: Area) -> "gpd.GeoDataFrame":
    level = AreaLevel.RESIDENTIAL_QUARTER
    return area_frame(session, _day(draft), within=area.area_id, levels=(level,), draft=draft.edition_id)


def _present(session: Session, draft: Edition, quarters: "gpd.GeoDataFrame") -> "gpd.GeoDataFrame":
    """Return the cells that lie in quarters as a draft has them, with the code of the ``quarter`` of each.

    They are found on the map: a quarter may have got another code by an edition that did not know of its cells.
    """
    west, south, east, north = (float(edge) for edge in quarters.total_bounds)
    near = (west, south, east, north)
    cells = area_frame(session, _day(draft), levels=(AreaLevel.GRID_CELL,), near=near, draft=draft.edition_id)
    tree = shapely.STRtree(quarters.geometry.to_numpy())
    cell, quarter = tree.query(shapely.point_on_surface(cells.geometry.to_numpy()), "within")
    found: gpd.GeoDataFrame = cells.iloc[cell].assign(quarter=quarters["code"].to_numpy()[quarter])
    return found


def _noted(session: Session, draft: Edition, ask: GenerationAsk) -> CellGeneration:
    generation = CellGeneration(edition_id=draft.edition_id, area_code=ask.area_code, parameters=ask.parameters())
    session.add(generation)
    session.flush()
    return generation


def _asked(generation: CellGeneration, draft: Edition) -> GenerationAsk:
    given = dict(generation.parameters)
    barriers_on = date.fromisoformat(given.pop("barriers_on"))
    return GenerationAsk(generation.area_code, draft.name, _day(draft), barriers_on, **given)


def _read(session: Session, draft: Edition, ask: GenerationAsk) -> _Inputs:
    on, own = areas.planned(draft) if draft.state == EditionState.DRAFT else _day(draft), draft.edition_id
    area = area_in_force(session, ask.area_code, on, draft=own)
    quarters = _quarters_of(session, draft, area)
    if quarters.empty:
        raise InputError("area_without_quarters", field="area", value=area.code, level=area.level)
    west, south, east, north = (float(edge) for edge in quarters.total_bounds)
    near = (west - _AWAY_DEG, south - _AWAY_DEG, east + _AWAY_DEG, north + _AWAY_DEG)
    barriers = queries.barriers(session, ask.barriers_on, near)
    if not len(barriers):
        raise NotFoundError("no_barriers", on=ask.barriers_on)
    editions = queries.barrier_editions(session, ask.barriers_on)
    return _Inputs(
        quarters=Quarters(
            codes=quarters["code"].tolist(),
            names=quarters["name"].tolist(),
            surfaces=quarters.geometry.to_numpy(),
            barriers=barriers,
            crs=metric_crs(session),
            options=options_for(ask.target_m2, walled=any(each["part"] == LandKind.WALL for each in editions)),
        ),
        present=_present(session, draft, quarters),
        land_use=queries.land_use(session, ask.barriers_on, near),
        scheme=queries.scheme_in_use(session),
        editions=editions,
        area={"code": area.code, "name": area.name, "level": area.level},
    )


# What is written


@dataclass(frozen=True, eq=False)
class _Coded:
    """The cells of one quarter with their codes; those that keep theirs are as they were."""

    codes: list[str]
    is_new: NDArray[np.bool_]
    ended: list[int]

    @property
    def counts(self) -> dict[str, int]:
        new = int(self.is_new.sum())
        return {"kept": len(self.codes) - new, "new": new, "ended": len(self.ended)}


def _write(
    session: Session,
    actor: str,
    draft: Edition,
    generation: CellGeneration,
    inputs: _Inputs,
    drawn: Sequence[Drawn],
    started: float,
) -> None:
    """Give the cells their codes, put them into the draft in place of those that were there, and keep the report."""
    session.execute(select(func.pg_advisory_xact_lock(_CODES_LOCK)))
    reopen(session, draft, actor=actor)
    last = queries.last_sequences(session, inputs.quarters.codes, inputs.scheme)
    coded = [_coded(each, inputs, last.get(each.code, 0)) for each in drawn]
    codes = np.array([code for each in coded for code in each.codes], dtype=object)
    surfaces = np.concatenate([each.surfaces for each in drawn])
    is_new = np.concatenate([each.is_new for each in coded])
    ended = [area_id for each in coded for area_id in each.ended]
    areas.end(session, draft, ended)
    if is_new.any():
        level = generation.parameters["management_level"]
        areas.store(session, draft, _frame(codes[is_new], surfaces[is_new], inputs, level), AreaLevel.GRID_CELL)
    content = content_sha256({"code": codes, "geometry": surfaces})
    if ended or is_new.any():
        _note(session, actor, draft, generation, content)
    generation.kernel_version, generation.content_sha256 = kernel_version(), content
    generation.document = {
        "area": dict(inputs.area),
        "edition": draft.name,
        "on": _day(draft).isoformat(),
        "scheme": inputs.scheme.name,
        "parameters": generation.parameters,
        "options": asdict(inputs.quarters.options),
        "inputs": [dict(edition) for edition in inputs.editions],
        "kernel_version": generation.kernel_version,
        "content_sha256": content,
        **report(inputs.quarters, drawn, [each.counts for each in coded]),
    }
    generation.seconds = time.perf_counter() - started
    generation.finished_at = func.clock_timestamp()
    session.flush()


def _coded(drawn: Drawn, inputs: _Inputs, last: int) -> _Coded:
    """Let the cells that are there already keep their codes, and number the others after all that ever were."""
    present = inputs.present[inputs.present["quarter"] == drawn.code]
    known = dict(zip(_shapes(present.geometry.to_numpy()), present["code"], strict=True))
    found = [_kept(known.get(shape), drawn.code, inputs.scheme) for shape in _shapes(drawn.surfaces)]
    is_new = np.array([code is None for code in found], dtype=bool)
    fresh = iter(next_codes(drawn.code, inputs.scheme, last, int(is_new.sum())))
    codes = [next(fresh) if code is None else code for code in found]
    return _Coded(codes, is_new, present["area_id"][~present["code"].isin(codes)].astype(int).tolist())


def _kept(code: str | None, quarter: str, scheme: CodeScheme) -> str | None:
    return code if code is not None and len(code) == scheme.digits and code.startswith(quarter) else None


def _shapes(surfaces: Objects) -> list[bytes]:
    """Return what is equal for equal surfaces, wherever their rings begin."""
    return list(shapely.to_wkb(shapely.normalize(surfaces), byte_order=1)) if len(surfaces) else []


def _frame(codes: Objects, surfaces: Objects, inputs: _Inputs, management_level: str | None) -> "gpd.GeoDataFrame":
    import geopandas as gpd  # noqa: PLC0415 -- takes seconds, and a server starts without

    given = {} if management_level is None else {"management_level": management_level}
    uses = dominant(surfaces, inputs.land_use.geometry.to_numpy(), inputs.land_use["code"].tolist())
    attributes = [given | ({} if use is None else {"land_use": use}) for use in uses]
    digits = inputs.scheme.sequence_digits
    names = [text("cells.name", number=code[-digits:]) for code in codes]
    return gpd.GeoDataFrame({"code": codes, "name": names, "attributes": attributes}, geometry=surfaces, crs=4326)


def _note(session: Session, actor: str, draft: Edition, generation: CellGeneration, content: str) -> None:
    """Record that the draft was edited, and forget what its last check found."""
    session.execute(delete(TopologyFinding).where(TopologyFinding.edition_id == draft.edition_id))
    draft.content_sha256 = combined_sha256({"before": draft.content_sha256, "cells": content})
    facts = {"verb": VERB, "codes": [generation.area_code], **generation.parameters, "content_sha256": content}
    note_step(session, draft, EDITED, actor=actor, details=facts)
