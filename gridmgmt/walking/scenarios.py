"""Saving and deleting scenarios; each version is checked against the network before it is kept."""

from datetime import date

from sqlalchemy import func

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.analysis.walking.network import NetworkFinding, WalkNetwork
from gridmgmt.areas.queries import areas_at
from gridmgmt.db import Session
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from gridmgmt.service_points import queries as point_queries
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.walking import queries, service
from gridmgmt.walking.edits import (
    AddGate,
    AddPath,
    AddPoint,
    CloseStreet,
    Edits,
    MoveGate,
    MovePoint,
    as_json,
    positions,
    with_points,
)
from gridmgmt.walking.models import Scenario, ScenarioVersion
from gridmgmt.walking.queries import Planned
from gridmgmt.walking.rules import DEFAULT_CONNECTION_LIMIT_M

MOST_SCENARIOS = 1_000


def save(
    session: Session, actor: Actor, name: str, edits: Edits, *, on: date, seen_version: int | None = None
) -> Planned:
    """Save edits under a name, as its next version where there is one, and return it.

    Parameters
    ----------
    on
        The day whose network, gates and service points the edits change.
    seen_version
        The version that the edits were made from; another one in between refuses them. None saves in any case.

    Raises
    ------
    UnauthenticatedError, ForbiddenError
        When the actor may not plan there, or the scenario is somebody else's.
    ConflictError
        When another version was saved since, or there are too many scenarios.
    InputError
        When there are no edits, or one cannot be made: its number, what, where, and what to do.
    """
    require(actor, Permission.COVERAGE_RUN, areas=_areas_of(session, edits, on))
    if name in {".", ".."}:  # no address leads to these
        raise InputError("ck_scenarios_name_plain")
    edition_id = _check(session, edits, on)
    scenario = queries.scenario_named(session, name, hold=True)
    if scenario is None:
        if seen_version is not None:
            raise ConflictError("scenario_version_other", value=name, seen=seen_version, present="-")
        if (count := len(queries.scenarios(session))) >= MOST_SCENARIOS:
            raise ConflictError("too_many", field="scenarios", value=count, maximum=MOST_SCENARIOS)
        scenario = Scenario(name=name, owner=actor.name, version=1)
        session.add(scenario)
    else:
        _require_owner(actor, scenario)
        if seen_version not in (None, scenario.version):
            raise ConflictError("scenario_version_other", value=name, seen=seen_version, present=scenario.version)
        scenario.version += 1
    session.flush()
    version = ScenarioVersion(
        scenario_id=scenario.scenario_id,
        version=scenario.version,
        network_edition_id=edition_id,
        edits=as_json(edits),
        saved_by=actor.name,
    )
    session.add(version)
    session.flush()
    after = {"version": scenario.version, "edits": version.edits}
    record(session, actor, "scenario.save", f"scenario:{name}", after=after)
    return queries.planned(session, name)


def delete(session: Session, actor: Actor, name: str) -> Planned:
    """Delete a scenario and return its last version; what was computed with it keeps the versions that it names.

    Raises
    ------
    UnauthenticatedError, ForbiddenError
        When the actor may not plan, or the scenario is somebody else's.
    NotFoundError
        When there is none of that name.
    """
    found = queries.planned(session, name)
    require(actor, Permission.COVERAGE_RUN, areas=_areas_of(session, found.edits, found.saved_at.date()))
    scenario = queries.scenario_named(session, name, hold=True)
    if scenario is None:
        raise NotFoundError("scenario_unknown", value=name, known="-")
    _require_owner(actor, scenario)
    scenario.deleted_at = func.now()
    session.flush()
    record(session, actor, "scenario.delete", f"scenario:{name}", before={"version": scenario.version})
    return found


def _require_owner(actor: Actor, scenario: Scenario) -> None:
    if scenario.owner != actor.name and not actor.is_administrator:
        raise ForbiddenError("scenario_of_another", value=scenario.name, owner=scenario.owner)


def _areas_of(session: Session, edits: Edits, on: date) -> list[str]:
    """Return the codes of the areas that hold every position of the edits; none where there is no such area."""
    common: set[str] | None = None
    for lon, lat in positions(edits):
        here = {area.code for area in areas_at(session, lon, lat, on)}
        common = here if common is None else common & here
    return sorted(common or ())


def _check(session: Session, edits: Edits, on: date) -> int:
    """Refuse edits that cannot be made, and return the network edition that they change."""
    if not edits:
        raise InputError("scenario_empty", field="edits")
    editions = queries.editions_of(session, on)
    edition = service.last_edition(editions, Subject.NETWORK, on)
    present = point_queries.open_points(session, on, tuple(ServicePointType))
    with_points(present.to_pylist(), edits)
    network = service.network_of(session, on, edition.edition_id, edits)
    n_edges = int(network.base_edge.max(initial=-1)) + 1
    for number, edit in enumerate(edits, 1):
        if isinstance(edit, CloseStreet) and edit.edge is not None and edit.edge >= n_edges:
            raise InputError("scenario_edge_unknown", edit=number, value=edit.edge, last=n_edges - 1)
        if isinstance(edit, AddPoint | MovePoint):
            _check_point(network, number, edit)
    _check_findings(network.findings, edits)
    return edition.edition_id


def _check_point(network: WalkNetwork, number: int, edit: AddPoint | MovePoint) -> None:
    away_m = float(network.distance_m(edit.lon, edit.lat))
    if away_m > DEFAULT_CONNECTION_LIMIT_M:
        raise InputError(
            "point_off_network",
            edit=number, value=edit.code, lon=edit.lon, lat=edit.lat,
            distance_m=round(away_m), limit_m=DEFAULT_CONNECTION_LIMIT_M,
        )  # fmt: skip


def _check_findings(findings: tuple[NetworkFinding, ...], edits: Edits) -> None:
    """Refuse a path that joins nothing and a gate that stands on no way."""
    paths = {(edit.name or str(number)): number for number, edit in enumerate(edits, 1) if isinstance(edit, AddPath)}
    gates = {edit.code: number for number, edit in enumerate(edits, 1) if isinstance(edit, AddGate | MoveGate)}
    for finding in findings:
        number = {"path_joins_nothing": paths, "gate_off_network": gates}.get(finding.code, {}).get(finding.object)
        if number is not None:
            raise InputError(f"{finding.code}", edit=number, value=finding.object, lon=finding.lon, lat=finding.lat)
