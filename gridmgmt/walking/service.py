"""The warm state of walking: built from the editions in force, once, and given to all who ask the same."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import numpy as np
import pyarrow as pa
import shapely

from gridmgmt.analysis.walking.assembly import assemble
from gridmgmt.analysis.walking.matrix import PlacesByEdge
from gridmgmt.analysis.walking.model import Trip, WalkProfile
from gridmgmt.analysis.walking.network import Floats, Mask, WalkNetwork
from gridmgmt.analysis.walking.rounds import nearest_trip
from gridmgmt.analysis.walking.tally import to_fixed
from gridmgmt.areas.placing import codes_of_points
from gridmgmt.areas.rules import RANK, AreaLevel
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.rules import Counting, Subject
from gridmgmt.editions.service import metric_crs
from gridmgmt.errors import ConflictError, NotFoundError, UnavailableError
from gridmgmt.land.rules import LandKind
from gridmgmt.network import queries as network_queries
from gridmgmt.population import queries as population_queries
from gridmgmt.population.models import RESIDENT_COLUMNS
from gridmgmt.service_points import queries as point_queries
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.walking import queries
from gridmgmt.walking.cache import WARM, bytes_of
from gridmgmt.walking.edits import Edits, changes_of, with_gates, with_points
from gridmgmt.walking.queries import Planned
from gridmgmt.walking.rules import WalkQuestion, make_question
from gridmgmt.walking.state import Ground, Grouping, InputEdition, WalkState

__all__ = ["WalkQuestion", "WalkState", "make_question", "walk_state"]

_TRIES = 5
_NAMED = 3

Note = tuple[str, Mapping[str, object]]

_LEVELS = tuple(sorted(frozenset(AreaLevel) - {AreaLevel.GRID_CELL}, key=lambda level: (RANK[level], level)))


def walk_state(session: Session, question: WalkQuestion) -> WalkState:
    """Return the warm state that answers a question, kept or built now.

    The editions in force decide what is kept: a new one is seen at the next question.

    Raises
    ------
    NotFoundError
        When the profile or the scenario is unknown, or no network or population is in force on the day.
    """
    for _ in range(_TRIES):
        try:
            return _walk_state(session, question)
        except _EditionsChangedError:
            continue
    raise UnavailableError("editions_changing")


class _EditionsChangedError(Exception):
    """Editions came or went while they were read."""


def _walk_state(session: Session, question: WalkQuestion) -> WalkState:
    profile = network_queries.profile(session, question.profile, question.on)
    editions = queries.editions_of(session, question.on)
    plan = None if question.scenario is None else queries.planned(session, question.scenario)
    here, seen = str(session.get_bind().engine.url), _identity(editions)
    planned = None if plan is None else (plan.scenario_id, plan.version)
    of_ground = _identity(_of_ground(editions, question))
    ground_key = (here, planned, question.barriers, question.connection_limit_m, of_ground)

    def check() -> None:
        if _identity(queries.editions_of(session, question.on)) != seen:
            raise _EditionsChangedError

    def ground() -> Ground:
        built = build_ground(session, question, plan, editions)
        check()
        return built

    def state() -> WalkState:
        built = _state(session, question, profile, WARM.get(ground_key, ground), editions)
        check()
        return built

    found = WARM.get((ground_key, profile, question, seen), state)
    WARM.touch(ground_key)
    return found


def _of_ground(editions: Iterable[Edition], question: WalkQuestion) -> list[Edition]:
    """Return the editions that a ground is made of: of the land, compounds and the barriers that are asked for."""
    land = {LandKind.COMPOUND, *question.barriers}
    return [
        edition
        for edition in editions
        if edition.subject != Subject.SERVICE_POINTS and (edition.subject != Subject.LAND or edition.part in land)
    ]


def _identity(editions: Iterable[Edition]) -> tuple[object, ...]:
    """Return what tells these editions from all others: an edition's content never changes but with its fingerprint."""
    return tuple((e.edition_id, e.content_sha256, e.valid_from, e.imported_at) for e in editions)


def last_edition(editions: Iterable[Edition], subject: Subject, on: date) -> Edition:
    """Return the edition of a subject that counts: of several in force the one that began last.

    Raises
    ------
    NotFoundError
        When none is in force on the day.
    """
    found = [edition for edition in editions if edition.subject == subject]
    if not found:
        raise NotFoundError(f"no_{subject}_in_force", on=on)
    return found[-1]


def build_ground(session: Session, question: WalkQuestion, plan: Planned | None, editions: Sequence[Edition]) -> Ground:
    """Return the network of a question with the places on it, built now.

    Raises
    ------
    NotFoundError
        When no network or population is in force on the day.
    ConflictError
        When the plan was made over another network edition than the one in force.
    InputError
        When the plan names a gate that is not known (any more), or adds one that is.
    """
    network_edition = last_edition(editions, Subject.NETWORK, question.on)
    population = last_edition(editions, Subject.POPULATION, question.on)
    edits = () if plan is None else plan.edits
    if plan is not None and plan.network_edition_id != network_edition.edition_id:
        raise ConflictError(
            "scenario_network_changed",
            value=plan.name, planned=plan.network_edition, present=network_edition.name, on=question.on,
        )  # fmt: skip
    network = network_of(session, question.on, network_edition.edition_id, edits, question.barriers)
    places = population_queries.places(session, question.on)
    lonlat = lonlat_of(places)
    snap = network.snap_places(lonlat, places["connect_extra_m"].to_numpy(), question.connection_limit_m)
    counting = Counting(population.counting or Counting.COUNTED)
    used = [
        edition
        for edition in _of_ground(editions, question)
        if edition.subject != Subject.NETWORK or edition is network_edition
    ]
    return Ground(
        network=network,
        places=places,
        place_snap=snap,
        inside=(snap.edge >= 0) | _within(network.hull, lonlat),
        by_edge=PlacesByEdge.build(snap, network.graph.n_edges),
        weights=_weights(places, counting),
        place_area=_place_area(session, question, lonlat),
        counting=counting,
        inputs=tuple(_input(edition) for edition in used),
        notes=tuple(_notes(network_edition, editions, network)),
        plan=plan,
    )


def network_of(
    session: Session, on: date, edition_id: int, edits: Edits = (), barriers: Sequence[LandKind] = ()
) -> WalkNetwork:
    """Return a network edition with the gates, compounds and barriers in force on a day, and planned edits.

    Raises
    ------
    InputError
        When an edit names a gate that is not known, or adds one that is.
    """
    return assemble(
        queries.edges_of(session, edition_id),
        metric_crs(session),
        gates=with_gates(queries.gates_of(session, on, edition_id), edits),
        compounds=queries.outlines_of(session, on),
        barriers=queries.barriers_of(session, on, barriers),
        changes=changes_of(edits),
    )


def _state(
    session: Session, question: WalkQuestion, profile: WalkProfile, ground: Ground, editions: Sequence[Edition]
) -> WalkState:
    network = ground.network
    costs = network.costs(profile, at=question.minute, leg=Trip.TO_POINT)
    back = network.costs(profile, at=question.minute, leg=Trip.FROM_POINT) if network.has_cards else costs
    points = _points(session, question, ground.plan)
    point_snap = network.snap_points(lonlat_of(points), question.connection_limit_m)
    found = nearest_trip(
        network.graph, costs, back, points=point_snap, places=ground.place_snap, trip=question.trip
    )  # fmt: skip
    used = set(points["edition_id"].to_pylist())
    return WalkState(
        question=question,
        ground=ground,
        profile=profile,
        costs=costs,
        back_costs=back,
        points=points,
        point_snap=point_snap,
        nearest=found,
        point_inputs=tuple(_input(edition) for edition in editions if edition.edition_id in used),
        nbytes=bytes_of((costs, back, points, point_snap, found)),
    )


def _points(session: Session, question: WalkQuestion, plan: Planned | None) -> pa.Table:
    """Return the open points of the question's types, after the plan's edits of points of any type."""
    if plan is None:
        return point_queries.open_points(session, question.on, question.types)
    present = point_queries.open_points(session, question.on, tuple(ServicePointType))
    rows = [row for row in with_points(present.to_pylist(), plan.edits) if row["type"] in question.types]
    return pa.Table.from_pylist(rows, schema=present.schema)


def lonlat_of(table: pa.Table) -> Floats:
    """Return the positions of a table's rows in degrees, ``(n, 2)``."""
    return np.column_stack([table["lon"].to_numpy(), table["lat"].to_numpy()])


def _within(polygon: shapely.Geometry, lonlat: Floats) -> Mask:
    shapely.prepare(polygon)
    inside: Mask = shapely.intersects_xy(polygon, lonlat[:, 0], lonlat[:, 1])
    return inside


def _weights(places: pa.Table, counting: Counting) -> "np.ndarray[tuple[int, int], np.dtype[np.int64]]":
    names = ("residents_60_plus", *RESIDENT_COLUMNS)
    weights = np.zeros((places.num_rows, len(names)), dtype=np.int64)
    if counting is Counting.PLACES_ONLY:
        weights[:, 0] = to_fixed("places", 1.0)
        return weights
    for column, name in enumerate(names):
        weights[:, column] = to_fixed(name, np.nan_to_num(places[name].to_numpy()))
    return weights


def _place_area(session: Session, question: WalkQuestion, lonlat: Floats) -> Mapping[AreaLevel, Grouping]:
    found = {}
    for level in _LEVELS:
        of_places = codes_of_points(session, lonlat[:, 0], lonlat[:, 1], question.on, level)
        known = of_places[of_places != None]  # noqa: E711 -- an array of objects
        if len(known):
            codes = sorted(set(known.tolist()))
            number = {code: index for index, code in enumerate(codes)} | {None: -1}
            index = np.array([number[code] for code in of_places.tolist()], dtype=np.int32)
            found[level] = Grouping(index, tuple(codes))
    return found


def _notes(network: Edition, editions: Sequence[Edition], built: WalkNetwork) -> Iterable[Note]:
    """Yield what a reader must know: an old network, what barriers close, gates and compounds that are not as drawn."""
    boundaries = [e.valid_from for e in editions if e.subject == Subject.AREAS and e.valid_from is not None]
    newest = max(boundaries, default=None)
    if newest is not None and network.valid_from is not None and network.valid_from < newest:
        yield "network_older_than_boundaries", {"network": network.valid_from, "boundaries": newest}
    for kind, edges in built.barrier_edges.items():
        yield "barrier_edges", {"barrier": kind, "edges": edges}
    # A gate at the end of a way is of no consequence: most of the map's lead into buildings.
    told = [finding for finding in built.findings if finding.code != "gate_at_dead_end"]
    for code, count in sorted(Counter(finding.code for finding in told).items()):
        named = [finding.object for finding in told if finding.code == code][:_NAMED]
        yield f"walk_{code}", {"count": count, "named": ", ".join(named) + (" …" if count > _NAMED else "")}


def _input(edition: Edition) -> InputEdition:
    names = ("edition_id", "subject", "part", "name", "source", "synthetic", "datum", "counting", "valid_from")
    return InputEdition(
        **{name: getattr(edition, name) for name in names}, content_sha256=edition.content_sha256
    )  # fmt: skip
