"""The warm state of walking: built from the editions in force, once, and given to all who ask the same."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import shapely

from gridmgmt.analysis.walking.assembly import assemble
from gridmgmt.analysis.walking.matrix import PlacesByEdge
from gridmgmt.analysis.walking.model import Trip
from gridmgmt.analysis.walking.network import Floats, Mask
from gridmgmt.analysis.walking.rounds import nearest_trip
from gridmgmt.analysis.walking.tally import to_fixed
from gridmgmt.areas.placing import codes_of_points
from gridmgmt.areas.rules import RANK, AreaLevel
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.rules import Counting, Subject
from gridmgmt.editions.service import metric_crs
from gridmgmt.errors import NotFoundError
from gridmgmt.network import queries as network_queries
from gridmgmt.population import queries as population_queries
from gridmgmt.population.models import RESIDENT_COLUMNS
from gridmgmt.service_points import queries as point_queries
from gridmgmt.walking import queries
from gridmgmt.walking.cache import WARM, bytes_of
from gridmgmt.walking.rules import WalkQuestion, make_question
from gridmgmt.walking.state import Ground, Grouping, InputEdition, WalkState

__all__ = ["WalkQuestion", "WalkState", "make_question", "walk_state"]

_LEVELS = tuple(sorted(frozenset(AreaLevel) - {AreaLevel.GRID_CELL}, key=lambda level: (RANK[level], level)))


def walk_state(session: Session, question: WalkQuestion) -> WalkState:
    """Return the warm state that answers a question, kept or built now.

    The editions in force decide what is kept: a new one is seen at the next question.

    Raises
    ------
    NotFoundError
        When the profile or the scenario is unknown, or no network or population is in force on the day.
    """
    profile = network_queries.profile(session, question.profile, question.on)
    editions = queries.editions_of(session, question.on)
    here = str(session.get_bind().engine.url)
    points = _identity(editions, (Subject.SERVICE_POINTS,))
    ground_key = (here, "ground", *_ground_key(question, editions))
    key = (here, "state", ground_key, profile, question, points)

    def build() -> WalkState:
        ground = WARM.get(ground_key, lambda: _ground(session, question, editions))
        return _state(session, question, ground, editions)

    return WARM.get(key, build)


def _ground_key(question: WalkQuestion, editions: Sequence[Edition]) -> tuple[object, ...]:
    subjects = (*queries.GROUND_SUBJECTS, Subject.AREAS)
    return (
        question.on,
        question.barriers,
        question.scenario,
        question.connection_limit_m,
        _identity(editions, subjects),
    )


def _identity(editions: Iterable[Edition], subjects: Sequence[Subject]) -> tuple[object, ...]:
    """Return what tells these editions from all others: an edition's content never changes but with its fingerprint."""
    return tuple(
        (e.edition_id, e.content_sha256, e.valid_from, e.imported_at) for e in editions if e.subject in subjects
    )


def _last(editions: Iterable[Edition], subject: Subject, question: WalkQuestion) -> Edition:
    found = [edition for edition in editions if edition.subject == subject]
    if not found:
        raise NotFoundError(f"no_{subject}_in_force", on=question.on)
    return found[-1]


def _ground(session: Session, question: WalkQuestion, editions: Sequence[Edition]) -> Ground:
    network_edition = _last(editions, Subject.NETWORK, question)
    population = _last(editions, Subject.POPULATION, question)
    network = assemble(
        queries.edges_of(session, network_edition.edition_id),
        metric_crs(session),
        gates=queries.gates_of(session, question.on, network_edition.edition_id),
        compounds=queries.outlines_of(session, question.on),
        barriers=queries.barriers_of(session, question.on, question.barriers),
    )
    places = population_queries.places(session, question.on)
    lonlat = lonlat_of(places)
    snap = network.snap_places(lonlat, places["connect_extra_m"].to_numpy(), question.connection_limit_m)
    counting = Counting(population.counting or Counting.COUNTED)
    used = [
        edition
        for edition in editions
        if edition.subject in {Subject.GATES, Subject.LAND, Subject.POPULATION, Subject.AREAS}
        or edition is network_edition
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
        notes=tuple(_notes(network_edition, editions)),
    )


def _state(session: Session, question: WalkQuestion, ground: Ground, editions: Sequence[Edition]) -> WalkState:
    profile = network_queries.profile(session, question.profile, question.on)
    network = ground.network
    costs = network.costs(profile, at=question.minute, leg=Trip.TO_POINT)
    back = network.costs(profile, at=question.minute, leg=Trip.FROM_POINT) if network.has_cards else costs
    points = point_queries.open_points(session, question.on, question.types)
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


def lonlat_of(table: pa.Table) -> Floats:
    """Return the positions of a table's rows in degrees, ``(n, 2)``."""
    return np.column_stack([table["lon"].to_numpy(), table["lat"].to_numpy()])


def _within(polygon: shapely.Geometry, lonlat: Floats) -> Mask:
    shapely.prepare(polygon)
    inside: Mask = shapely.intersects_xy(polygon, lonlat[:, 0], lonlat[:, 1])
    return inside


def _weights(places: pa.Table, counting: Counting) -> "np.ndarray[tuple[int, int], np.dtype[np.int64]]":
    if counting is Counting.PLACES_ONLY:
        residents = np.zeros((places.num_rows, 1 + len(RESIDENT_COLUMNS)))
        residents[:, 0] = 1
    else:
        columns = [places[name].to_numpy() for name in ("residents_60_plus", *RESIDENT_COLUMNS)]
        residents = np.nan_to_num(np.column_stack(columns))
    return to_fixed("residents", residents)


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


def _notes(network: Edition, editions: Sequence[Edition]) -> Iterable[tuple[str, Mapping[str, object]]]:
    """Yield what a reader must know: a network that is older than the boundaries it is counted by."""
    boundaries = [e.valid_from for e in editions if e.subject == Subject.AREAS and e.valid_from is not None]
    newest = max(boundaries, default=None)
    if newest is not None and network.valid_from is not None and network.valid_from < newest:
        yield "network_older_than_boundaries", {"network": network.valid_from, "boundaries": newest}


def _input(edition: Edition) -> InputEdition:
    names = ("edition_id", "subject", "part", "name", "source", "synthetic", "datum", "counting", "valid_from")
    return InputEdition(
        **{name: getattr(edition, name) for name in names}, content_sha256=edition.content_sha256
    )  # fmt: skip
