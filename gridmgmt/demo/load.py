"""Loading the synthetic district through the same imports that real files take."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy.orm import sessionmaker

from gridmgmt import imports
from gridmgmt.access.rules import system_actor
from gridmgmt.areas.rules import RANK, AreaLevel
from gridmgmt.catalogue import service as catalogue
from gridmgmt.cells.queries import newest_generations
from gridmgmt.cells.service import GenerationAsk, request_generation
from gridmgmt.clock import local_date, system_clock
from gridmgmt.coverage.queries import latest_finished
from gridmgmt.coverage.rules import make_request
from gridmgmt.db import Session, transaction
from gridmgmt.demo.addresses import gazetteer
from gridmgmt.demo.assessment import establish_assessments
from gridmgmt.demo.bodies import establish_bodies
from gridmgmt.demo.components import ask_components
from gridmgmt.demo.desks import count_visits, establish_desks
from gridmgmt.demo.gate_counts import count_at_gates
from gridmgmt.demo.generator import DEFAULT_SEED, EDITION, SOURCE, DemoDistrict, generate
from gridmgmt.demo.governance import (
    NEW_SUBDISTRICT,
    SPLIT_OFF_ON,
    establish,
    plan_subdistrict,
    take_into_force,
)
from gridmgmt.demo.grids import ask_grids
from gridmgmt.demo.meetings import establish_meetings, measure_side_gate
from gridmgmt.demo.merging import ask_merge, load_department_grids
from gridmgmt.demo.month import ask_cases
from gridmgmt.demo.premises import establish_premises
from gridmgmt.demo.targets import establish_targets
from gridmgmt.demo.towns import DISTRICT_CODE
from gridmgmt.editions.queries import holds_synthetic
from gridmgmt.editions.rules import Counting
from gridmgmt.errors import ConflictError
from gridmgmt.imports import Labels, Outcome
from gridmgmt.ingest.gates import read_gates
from gridmgmt.ingest.intake import Intake
from gridmgmt.ingest.network import NetworkIntake, read_network
from gridmgmt.land.rules import LandKind
from gridmgmt.texts import text
from gridmgmt.work import ask_coverage, finish_coverage

DEMO_ACTOR = system_actor(text("demo.actor"))
IN_FORCE_FROM = date(2015, 1, 1)
"""A fixed day, so that the same seed gives the same editions whenever it is loaded."""


def load_demo(factory: sessionmaker[Session], *, seed: int = DEFAULT_SEED) -> list[Outcome]:
    """Generate the district of a seed and load it in one transaction; loading it twice changes nothing.

    Raises
    ------
    ConflictError
        When the folder holds real data, or the demo of another seed.
    """
    with transaction(factory) as session:  # before the seconds that making it takes
        if holds_synthetic(session) is False:
            raise ConflictError("folder_holds_real_data")
    district = generate(seed)
    labels = Labels(name=text(EDITION), source=text(SOURCE, seed=seed), valid_from=IN_FORCE_FROM, synthetic=True)
    with transaction(factory) as session:
        return list(_load(session, district, labels, system_clock()))


def set_up_demo(factory: sessionmaker[Session], *, seed: int = DEFAULT_SEED) -> list[Outcome]:
    """Load the district as :func:`load_demo` and ask for what workers do with it, see :func:`ask_demo_cells`."""
    outcomes = load_demo(factory, seed=seed)
    ask_demo_cells(factory)
    return outcomes


def ensure_demo(factory: sessionmaker[Session], *, today: date, lease_s: float) -> None:
    """Load the demo into an empty folder, and compute its 20-minute coverage where no answer is there yet.

    A folder with real data is left alone; a start that was cut short is completed by the next.
    """
    with transaction(factory) as session:
        synthetic, answered = holds_synthetic(session), latest_finished(session) is not None
    if synthetic is None:
        load_demo(factory)
    if synthetic is not False and not answered:
        ask_demo_cells(factory)
        run_id, job_id = ask_coverage(factory, DEMO_ACTOR, make_request(), on=today)
        finish_coverage(factory, run_id, job_id, lease_s=lease_s)
    if synthetic is not False:
        measure_side_gate(factory, DEMO_ACTOR)


def ask_demo_cells(factory: sessionmaker[Session]) -> None:
    """Have workers draw the cells of the whole district, which takes a minute, and put them in force.

    They come in editions of their own: one from the demo's first day, and one for the subdistrict that is split
    off, whose quarters have other codes. Once there are cells come the responsibility grids, a month of cases
    (:mod:`gridmgmt.demo.month`) whose posts they tell, and the components, and the departments' grids are merged.
    Each job waits for the one that it needs, however many workers there are. What was asked for before is not
    asked for again.
    """
    with transaction(factory) as session:
        if newest_generations(session, 1):
            return
        drawn = _ask_cells(session, "demo.edition_cells", DISTRICT_CODE, IN_FORCE_FROM, None)
        last = _ask_cells(session, "demo.edition_cells_split_off", NEW_SUBDISTRICT, SPLIT_OFF_ON, drawn)
        ask_cases(session, DEMO_ACTOR, after=ask_grids(session, DEMO_ACTOR, IN_FORCE_FROM, after=last))
        ask_components(session, DEMO_ACTOR, IN_FORCE_FROM, after=drawn)
        ask_merge(session, DEMO_ACTOR, IN_FORCE_FROM, after=drawn)


def _ask_cells(session: Session, edition: str, area: str, on: date, after: int | None) -> int:
    """Ask for the cells of an area in an edition of their own and return the job's id."""
    ask = GenerationAsk(area, text(edition), on, barriers_on=IN_FORCE_FROM)
    generation = request_generation(session, DEMO_ACTOR, ask, document=text("demo.document"), after=after)
    if generation.job_id is None:
        raise ValueError(f"generation {generation.generation_id} has no job")
    return generation.job_id


def _load(session: Session, district: DemoDistrict, labels: Labels, now: datetime) -> Iterator[Outcome]:
    for level in sorted(RANK, key=lambda level: (RANK[level], level)):
        of_level = district.areas[district.areas["level"] == level]
        if len(of_level):
            yield imports.import_areas(session, DEMO_ACTOR, _intake(of_level, district), labels, level=AreaLevel(level))
    new = take_into_force(session, DEMO_ACTOR, labels.name)
    if new:
        establish(session, DEMO_ACTOR, district.areas, labels.valid_from)
        establish_bodies(session, DEMO_ACTOR, district.areas, labels.valid_from)
        plan_subdistrict(session, DEMO_ACTOR, district.areas, labels.source)
    catalogue.load_builtin(session, DEMO_ACTOR, today=labels.valid_from)
    catalogue.load_builtin_matters(session, DEMO_ACTOR, today=labels.valid_from)
    establish_assessments(session, DEMO_ACTOR, now=now)
    for kind, frame in _land(district).items():
        yield imports.import_features(session, DEMO_ACTOR, _intake(frame, district), labels, kind=kind)
    yield imports.import_network(session, DEMO_ACTOR, _network(district), labels)
    gates = imports.import_gates(session, DEMO_ACTOR, _gates(district), labels)
    yield gates
    if gates.new:
        establish_meetings(session, DEMO_ACTOR, district.areas)
    places = district.places
    bands = places.filter(like="residents_")
    places = places.assign(residents_60_plus=bands.sum(axis=1))
    yield imports.import_population(session, DEMO_ACTOR, _intake(places, district), labels, counting=Counting.COUNTED)
    yield imports.import_service_points(session, DEMO_ACTOR, _intake(district.service_points, district), labels)
    if new:
        establish_desks(session, DEMO_ACTOR, district.areas, district.service_points, labels.valid_from)
        count_visits(session, DEMO_ACTOR, local_date(now), labels.valid_from)
        establish_targets(session, DEMO_ACTOR, district.areas, district.service_points, labels.name)
        count_at_gates(session, DEMO_ACTOR, district.areas, labels.valid_from, now=now)
        establish_premises(session, DEMO_ACTOR, district.areas, district.places, labels.valid_from, now=now)
    yield imports.import_addresses(session, DEMO_ACTOR, _intake(gazetteer(district), district), labels)
    yield from load_department_grids(session, DEMO_ACTOR, district.areas, labels)


def _land(district: DemoDistrict) -> dict[LandKind, gpd.GeoDataFrame]:
    return {
        LandKind.WATER: district.water,
        LandKind.RAIL: district.rail,
        LandKind.WALL: district.walls,
        LandKind.HAZARD: district.hazards,
        LandKind.LANDUSE: district.landuse,
        LandKind.COMPOUND: district.compounds,
    }


def _intake(frame: gpd.GeoDataFrame, district: DemoDistrict) -> Intake:
    """Return a frame as if it had been read from a file; every row of the generator is good."""
    rows = frame.reset_index(drop=True).assign(row=np.arange(1, len(frame) + 1))
    for name in ("name", "address"):
        if name not in rows:
            rows[name] = None
    if "attributes" not in rows:
        kinds = rows["kind"] if "kind" in rows else [None] * len(rows)
        rows["attributes"] = pd.Series([{"class": kind} if kind else {} for kind in kinds], dtype=object)
    return Intake(rows, (), len(rows), file_sha256="", crs_declared=True, details={"seed": district.seed})


def _gates(district: DemoDistrict) -> Intake:
    """Read the gates back from a table, so that access and hours are read as any user's."""
    places = shapely.get_coordinates(district.gates.geometry.to_numpy())
    table = pd.DataFrame(district.gates.drop(columns="geometry")).assign(lon=places[:, 0], lat=places[:, 1])
    with TemporaryDirectory() as folder:
        file = Path(folder) / "gates.csv"
        table.to_csv(file, index=False)
        return read_gates(file)


def _network(district: DemoDistrict) -> NetworkIntake:
    """Read the streets back from a file, so that nodes and lengths are made as for any user's streets.

    Lanes through gates that are kept shut are no way for a walker.
    """
    walkable = district.streets[district.streets["gate"] != "closed"]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "streets.parquet"
        walkable.to_parquet(file)
        return read_network(file)
