"""Taking a file's rows into the database: whole or not at all, under an edition, with its datum checked first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.addresses import service as addresses
from gridmgmt.analysis.walking.gates import GATE_REACH_M
from gridmgmt.areas import service as areas
from gridmgmt.areas.queries import area_frame
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.casework import registers
from gridmgmt.cells.review import reviewed
from gridmgmt.components import service as components
from gridmgmt.crs import Datum
from gridmgmt.datums import check_datum, extent_of
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import editions
from gridmgmt.editions.rules import Counting, EditionDraft, Extent, Subject, content_sha256
from gridmgmt.editions.service import SUPERSEDING, add_to_draft, close_edition, open_edition
from gridmgmt.errors import NotFoundError, Problem
from gridmgmt.ingest.codes import CodeRows
from gridmgmt.ingest.intake import Intake, Objects, refused_rows, require_whole
from gridmgmt.ingest.network import NetworkIntake
from gridmgmt.ingest.population_by_area import Ground, PopulationByArea, spread
from gridmgmt.land import service as land
from gridmgmt.merging import service as merging
from gridmgmt.merging.rules import check_department
from gridmgmt.network import service as network
from gridmgmt.network.queries import gates_far_from, lived_along
from gridmgmt.official_codes import service as official_codes
from gridmgmt.population import service as population
from gridmgmt.service_points import service as service_points

Store = Callable[[Session, Edition, gpd.GeoDataFrame], int]
Warning_ = tuple[str, dict[str, Any]]
_GATES_NAMED = 10
_NAMED_AREAS = ("areas_without_buildings", "areas_without_residents")


@dataclass(frozen=True)
class Labels:
    """What the one who imports says of the data.

    ``datum`` is None when nothing was declared and the file's own CRS decided. ``partial`` takes the good rows of
    a file that has bad ones too. ``replaces`` names an edition that ends when this one begins.
    """

    name: str
    source: str
    valid_from: date
    datum: Datum | None = None
    synthetic: bool = False
    partial: bool = False
    replaces: str | None = None
    metric_crs: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of an import; ``new`` is False when the very same content was already there under that name."""

    subject: Subject
    edition: str
    read: int
    taken: int
    refused: int
    new: bool
    problems: tuple[Problem, ...]
    warnings: tuple[Warning_, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class _What:
    """Which part of which subject an import is, and how its residents came about."""

    subject: Subject
    part: str = ""
    counting: Counting | None = None


def import_areas(session: Session, actor: Actor, intake: Intake, labels: Labels, *, level: str) -> Outcome:
    """Take areas of one level into the draft of a boundary edition, opened where there is none of that name.

    ``labels.replaces`` names an edition whose areas of this level end where the file has them no more. What is in
    force stays as it is until the draft is activated.

    Raises
    ------
    ConflictError
        When the edition of that name is no draft any more, is planned for another day, or holds other areas of
        that level; when a retired code would be used again.
    """
    exact = AreaLevel(level)
    return _import_frame(
        session, actor, intake, labels, _What(Subject.AREAS, level),
        lambda session, edition, frame: areas.store(session, edition, frame, exact, replaces=labels.replaces),
    )  # fmt: skip


def import_cells(session: Session, actor: Actor, intake: Intake, labels: Labels) -> Outcome:
    """Take grid cells into the draft of a boundary edition: each in one quarter, with a code of the scheme in use.

    Raises
    ------
    As :func:`import_areas`; FileRefusedError
        With the rows that lie in several quarters or in none, or whose code is not one, see
        :func:`gridmgmt.cells.review.reviewed`.
    """
    require(actor, Permission.IMPORT)
    intake.whole(partial=labels.partial)
    _check_datum(session, intake.frame.geometry.to_numpy(), labels, declared=intake.crs_declared)
    found = reviewed(session, intake, labels.name, labels.valid_from)
    return import_areas(session, actor, found, labels, level=AreaLevel.GRID_CELL)


def import_features(session: Session, actor: Actor, intake: Intake, labels: Labels, *, kind: str) -> Outcome:
    """Take land features of one kind."""
    return _import_frame(session, actor, intake, labels, _What(Subject.LAND, kind), land.store)


def import_service_points(session: Session, actor: Actor, intake: Intake, labels: Labels) -> Outcome:
    """Take service points."""
    return _import_frame(session, actor, intake, labels, _What(Subject.SERVICE_POINTS), service_points.store)


def import_cases(session: Session, actor: Actor, intake: Intake, labels: Labels) -> Outcome:
    """Take what a register of cases brings that it has not brought before; its other rows are told and left.

    The register is the one that the mapping names, else the edition.

    Raises
    ------
    FileRefusedError
        When a number stands for a case of another register, or of none.
    """
    require(actor, Permission.IMPORT)
    register = str(intake.details.get(registers.REGISTER) or labels.name)
    numbers = intake.frame["case_no"]
    known, foreign = registers.numbers_taken(session, numbers.tolist(), register)
    taken = intake.frame[numbers.isin(foreign)]
    refused = (
        Problem(int(row), "case_no_taken", {"case_no": number})
        for row, number in zip(taken["row"], taken["case_no"], strict=True)
    )
    problems = tuple(sorted((*intake.problems, *refused), key=lambda p: (p.row or 0, p.code)))
    new = ~numbers.isin(known | foreign).to_numpy()
    fresh = intake.frame[new].reset_index(drop=True)
    stated = {name: cells[new] for name, cells in intake.stated_areas.items()}
    details = {**intake.details, registers.REGISTER: register}
    kept = replace(intake, frame=fresh, problems=problems, details=details, stated_areas=stated)
    told: tuple[Warning_, ...] = (("cases_known", {"count": len(known), "register": register}),) if known else ()
    if known and fresh.empty and (labels.partial or not problems):
        return Outcome(
            Subject.CASES, labels.name, intake.read, 0, refused_rows(problems), new=False, problems=problems,
            warnings=told, details=details,
        )  # fmt: skip
    outcome = _import_frame(
        session, actor, kept, labels, _What(Subject.CASES),
        lambda session, edition, frame: registers.store(session, actor, edition, frame),
    )  # fmt: skip
    return replace(outcome, warnings=outcome.warnings + told)


def import_population(session: Session, actor: Actor, intake: Intake, labels: Labels, *, counting: Counting) -> Outcome:
    """Take places, with residents or without."""
    what = _What(Subject.POPULATION, counting=counting)
    return _import_frame(session, actor, intake, labels, what, population.store)


def import_population_by_area(
    session: Session, actor: Actor, given: PopulationByArea, labels: Labels, *, level: str
) -> Outcome:
    """Spread residents of the areas of a level over buildings or streets, and take the places.

    The areas and the streets are those in force on the first day of the new edition.

    Raises
    ------
    FileRefusedError
        As :func:`gridmgmt.ingest.population_by_area.spread`.
    NotFoundError
        When no network is in force on that day.
    """
    require(actor, Permission.IMPORT)
    on = labels.valid_from
    streets = editions(session, subject=Subject.NETWORK, on=on)
    if not streets:
        raise NotFoundError("no_network_in_force", on=on)
    lines, length_m = lived_along(session, streets[-1].edition_id)
    known = area_frame(session, on, levels=[AreaLevel(level)])
    ground = Ground(known["code"].tolist(), known.geometry.to_numpy(), lines, length_m)
    intake = spread(given, ground, level=level, partial=labels.partial)
    what = _What(Subject.POPULATION, counting=Counting.SPREAD)
    outcome = _import_frame(session, actor, intake, replace(labels, partial=True), what, population.store)
    told: tuple[Warning_, ...] = tuple(
        (name, {"named": intake.details[name]}) for name in _NAMED_AREAS if name in intake.details
    )
    return replace(outcome, warnings=outcome.warnings + told)


def import_network(session: Session, actor: Actor, intake: NetworkIntake, labels: Labels) -> Outcome:
    """Take a walking network.

    Raises
    ------
    FileRefusedError
        When the file has bad rows and they may not be left out.
    """
    intake.whole(partial=labels.partial)
    content: dict[str, NDArray[Any]] = {
        "source": intake.source,
        "target": intake.target,
        "length_m": intake.length_m,
        "highway": np.asarray(intake.highway, dtype=object),
        "geometry": np.asarray(intake.geometry),
    }
    if intake.traits.any():
        content |= {"traits": intake.traits, "slope": intake.slope}
    if intake.gates:
        content["gates"] = np.array([(g.osm_id, str(g.access), g.hours_text) for g in intake.gates], dtype=object)
    outcome = _import(
        session,
        actor,
        intake,
        labels,
        _What(Subject.NETWORK),
        content=content,
        extent=extent_of(intake.node_lonlat),
        store=lambda edition: network.store(session, edition, intake),
    )
    unread = intake.details["gates_hours_unread"]
    told: tuple[Warning_, ...] = (("gate_hours_unread", {"count": unread}),) if unread else ()
    return replace(outcome, warnings=outcome.warnings + told)


def import_gates(session: Session, actor: Actor, intake: Intake, labels: Labels) -> Outcome:
    """Take a table of gates; one far from every street is told and taken: nobody passes it until a way leads there."""
    outcome = _import_frame(session, actor, intake, labels, _What(Subject.GATES), network.store_gates)
    streets = editions(session, subject=Subject.NETWORK, on=labels.valid_from)
    told: tuple[Warning_, ...] = () if streets else (("gates_without_network", {"on": labels.valid_from}),)
    if streets and (far := gates_far_from(session, labels.name, streets[-1].edition_id)):
        named = ", ".join(f"{code} ({distance_m:.0f} m)" for code, distance_m in far[:_GATES_NAMED])
        more = " …" if len(far) > _GATES_NAMED else ""
        told += (("gates_far", {"count": len(far), "limit_m": GATE_REACH_M, "named": named + more}),)
    return replace(outcome, warnings=outcome.warnings + told)


def import_components(session: Session, actor: Actor, intake: Intake, labels: Labels) -> Outcome:
    """Take managed components into their register: what is new begins, what has changed ends and begins anew.

    ``labels.replaces`` names an edition whose components end where the file has them no more.

    Raises
    ------
    FileRefusedError
        With the rows that cannot be components, see :func:`gridmgmt.components.service.reviewed`.
    """
    require(actor, Permission.COMPONENTS_WRITE)
    intake.whole(partial=labels.partial)
    found = components.reviewed(session, intake, labels.valid_from)
    return _import_frame(
        session, actor, found, labels, _What(Subject.COMPONENTS),
        lambda session, edition, frame: components.store(
            session, edition, frame, labels.valid_from, replaces=labels.replaces
        ),
    )  # fmt: skip


def import_codes(session: Session, actor: Actor, rows: CodeRows, labels: Labels) -> Outcome:
    """Take a table of official codes; each unit's parent is stated, in the file, or in force already.

    Raises
    ------
    FileRefusedError
        When the file has bad rows and they may not be left out.
    """
    found = official_codes.refuse_orphans(session, rows, labels.valid_from)
    require_whole(found.problems, read=found.read, taken=len(found.code), partial=labels.partial)
    return _import(
        session,
        actor,
        found,
        labels,
        _What(Subject.OFFICIAL_CODES),
        content={name: getattr(found, name) for name in ("code", "name", "parent_code")},
        extent=None,
        store=lambda edition: official_codes.store(session, edition, found),
    )


def import_department_grids(
    session: Session, actor: Actor, intake: Intake, labels: Labels, *, department: str
) -> Outcome:
    """Take the grids of one department beside those of the others; overlaps and gaps are told and taken.

    Raises
    ------
    InputError
        When the name of the department is none.
    """
    what = _What(Subject.DEPARTMENT_GRIDS, check_department(department))
    outcome = _import_frame(session, actor, intake, labels, what, merging.store)
    division = merging.division_of(intake.frame)
    told: tuple[Warning_, ...] = ()
    if division.overlaps:
        told += (("grids_overlap", {"count": division.overlaps, "area_m2": division.overlap_m2}),)
    if division.gaps:
        told += (("grids_gap", {"count": division.gaps, "area_m2": division.gap_m2}),)
    return replace(outcome, warnings=outcome.warnings + told)


def import_addresses(session: Session, actor: Actor, intake: Intake, labels: Labels) -> Outcome:
    """Take addresses into the gazetteer; those without a point are found by name and number all the same.

    Raises
    ------
    FileRefusedError
        When the file has bad rows and they may not be left out.
    """
    frame = intake.whole(partial=labels.partial).frame
    placed = ~shapely.is_missing(frame.geometry.to_numpy())
    points = frame.geometry.to_numpy()[placed]
    plain = {str(name): frame[name].to_numpy() for name in frame.columns if name != "geometry"}
    stated = {name: cells[placed] for name, cells in intake.stated_areas.items()}
    return _import(
        session,
        actor,
        replace(intake, stated_areas=stated),
        labels,
        _What(Subject.ADDRESSES),
        content={**plain, "placed": placed, "geometry": points},
        extent=extent_of(shapely.get_coordinates(points)) if len(points) else None,
        store=lambda edition: addresses.store(session, edition, frame),
    )


def _import_frame(session: Session, actor: Actor, intake: Intake, labels: Labels, what: _What, store: Store) -> Outcome:
    """Take the rows of a frame, see :func:`_import`."""
    frame = intake.frame
    intake.whole(partial=labels.partial)  # an empty frame has no extent
    return _import(
        session,
        actor,
        intake,
        labels,
        what,
        content={str(name): frame[name].to_numpy() for name in frame.columns},
        extent=extent_of(shapely.get_coordinates(frame.geometry)),
        store=lambda edition: store(session, edition, frame),
    )


def _import(
    session: Session,
    actor: Actor,
    intake: Intake | NetworkIntake | CodeRows,
    labels: Labels,
    what: _What,
    *,
    content: Mapping[str, NDArray[Any]],
    extent: Extent | None,
    store: Callable[[Edition], int],
) -> Outcome:
    """Take what was read, whole or not at all, under an edition of its own; the datum is checked first."""
    require(actor, Permission.IMPORT)
    warnings = _datum_warnings(session, intake, content, labels)
    draft = EditionDraft(
        subject=what.subject,
        part=what.part,
        name=labels.name,
        source=labels.source,
        synthetic=labels.synthetic,
        datum=labels.datum or "file",
        counting=what.counting,
        content_sha256=content_sha256(content),
        valid_from=labels.valid_from,
        extent=extent,
        details={k: v for k, v in intake.details.items() if isinstance(v, str | int | float | bool | dict)},
        metric_crs=labels.metric_crs,
    )
    if what.subject is Subject.AREAS:
        edition, new = add_to_draft(session, draft, actor=actor.name)
    else:
        if labels.replaces is not None:
            close_edition(session, draft.subject, draft.part, labels.replaces, labels.valid_from)
        warnings += _taken_over(session, draft)
        edition, new = open_edition(session, draft)
    outcome = Outcome(
        subject=what.subject,
        edition=labels.name,
        read=intake.read,
        taken=store(edition) if new else 0,
        refused=refused_rows(intake.problems),
        new=new,
        problems=intake.problems,
        warnings=warnings,
        details=intake.details,
    )
    if new:
        facts = {"part": what.part, "rows": outcome.taken, "content_sha256": draft.content_sha256}
        record(session, actor, "import", f"edition:{what.subject}/{labels.name}", after=facts)
    return outcome


def _taken_over(session: Session, draft: EditionDraft) -> tuple[Warning_, ...]:
    """Say which edition ends because only one of its subject is in force at a time."""
    if draft.subject not in SUPERSEDING:
        return ()
    present = editions(session, subject=Subject(draft.subject), on=draft.valid_from)
    return tuple(
        ("edition_taken_over", {"name": e.name, "on": draft.valid_from}) for e in present if e.name != draft.name
    )


def _datum_warnings(
    session: Session, intake: Intake | NetworkIntake | CodeRows, content: Mapping[str, NDArray[Any]], labels: Labels
) -> tuple[Warning_, ...]:
    """Compare the datum of what was read with the real data that is there; a table of codes lies nowhere."""
    if isinstance(intake, CodeRows):
        return ()
    stated = intake.stated_areas if isinstance(intake, Intake) else None
    return _check_datum(session, content["geometry"], labels, declared=intake.crs_declared, stated=stated)


def _check_datum(
    session: Session,
    geometry: NDArray[Any],
    labels: Labels,
    *,
    declared: bool,
    stated: Mapping[str, Objects] | None = None,
) -> tuple[Warning_, ...]:
    """Compare the datum with the real data that is there; what is synthetic has none to compare."""
    if labels.synthetic:
        return ()
    return check_datum(session, geometry, labels.datum, declared=declared, stated=stated)
