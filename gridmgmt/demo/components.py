"""The demo's managed components: lamps, covers, bins, signs and rows of trees beside its streets.

They are taken through the same import as a user's file, once the cells are drawn that they are registered in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.random import PCG64, Generator
from numpy.typing import NDArray

from gridmgmt.access.rules import Actor, system_actor
from gridmgmt.catalogue.rules import Catalogue
from gridmgmt.catalogue.service import catalogue_on
from gridmgmt.components.queries import scheme_in_use
from gridmgmt.components.rules import CodePart, ComponentState
from gridmgmt.db import Session, transaction
from gridmgmt.demo.generator import DEFAULT_SEED, EDITION, SOURCE
from gridmgmt.demo.towns import DISTRICT_CODE
from gridmgmt.editions.queries import editions
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import NotFoundError
from gridmgmt.frames import geometries
from gridmgmt.imports import Labels, import_components
from gridmgmt.ingest.intake import Intake
from gridmgmt.jobs import service as jobs
from gridmgmt.jobs.worker import JobContext
from gridmgmt.network.queries import edges
from gridmgmt.texts import text

JOB_KIND = "demo_components"
COMPONENTS = 4_000
STATES: Mapping[ComponentState, float] = {
    ComponentState.IN_USE: 0.95,
    ComponentState.DAMAGED: 0.03,
    ComponentState.MISSING: 0.01,
    ComponentState.ABANDONED: 0.01,
}
OLDEST = date(1998, 1, 1)
_DEGREE_M = 111_000.0
_TREES_LENGTH = 0.2
"""How much of its stretch of street a row of trees stands along."""


@dataclass(frozen=True)
class _Kind:
    """A type of the demo's components: its share of all, and metres from the middle of the street."""

    share: float
    aside_m: float
    is_row: bool = False


KINDS: Mapping[str, _Kind] = {
    "0102": _Kind(0.2, 1.5),
    "0103": _Kind(0.2, 2.5),
    "0114": _Kind(0.25, 5.0),
    "0203": _Kind(0.1, 5.0),
    "0303": _Kind(0.1, 5.5),
    "0401": _Kind(0.15, 6.0, is_row=True),
}
"""Sewer and storm drain covers, lamps, signs, bins, trees."""


def establish_components(session: Session, actor: Actor, on: date, *, count: int = COMPONENTS) -> int:
    """Register components along the streets from a day on and return how many; none where the demo's are there.

    Raises
    ------
    NotFoundError
        ``no_network_in_force``; ``catalogue_missing``.
    """
    if any(each.synthetic for each in editions(session, subject=Subject.COMPONENTS)):
        return 0
    streets = editions(session, subject=Subject.NETWORK, on=on)
    if not streets:
        raise NotFoundError("no_network_in_force", on=on)
    table = edges(session, streets[-1].edition_id)
    lines, length_m = geometries(table["geom"]), table["length_m"].to_numpy()
    rng = Generator(PCG64(DEFAULT_SEED))
    chosen = lines[rng.choice(len(lines), count, p=length_m / length_m.sum())]
    frame = _frame(session, chosen, catalogue_on(session, on), rng, on)
    labels = Labels(text(EDITION), text(SOURCE, seed=DEFAULT_SEED), on, synthetic=True)
    intake = Intake(frame, (), len(frame), file_sha256="", crs_declared=True, details={"seed": DEFAULT_SEED})
    return import_components(session, actor, intake, labels).taken


def ask_components(session: Session, actor: Actor, on: date, *, after: int) -> None:
    """Have a worker register the components after the job that draws the cells."""
    jobs.enqueue(session, JOB_KIND, {"on": str(on), "actor": actor.name}, after=after)


def perform(context: JobContext) -> Mapping[str, Any]:  # Any: what a job's result holds
    """Perform that job.

    Raises
    ------
    NotFoundError
        As :func:`establish_components`.
    """
    arguments = context.claim.arguments
    context.progress("job_stage.writing", 0.1)
    with transaction(context.sessions) as session:
        jobs.hold(session, context.claim)
        found = establish_components(session, system_actor(arguments["actor"]), date.fromisoformat(arguments["on"]))
        result = {"components": found}
        jobs.finish(session, context.claim, result)
    return result


def _frame(
    session: Session, lines: NDArray[np.object_], catalogue: Catalogue, rng: Generator, on: date
) -> gpd.GeoDataFrame:
    """Return a component of each line, as :func:`gridmgmt.ingest.components.read_components` returns a file's."""
    count = len(lines)
    types = rng.choice(list(KINDS), count, p=[kind.share for kind in KINDS.values()])
    serials = pd.Series(types).groupby(types).cumcount().to_numpy() + 1
    digits = dict(scheme_in_use(session).segments)[CodePart.SERIAL]
    days = rng.integers(0, (on - OLDEST).days, count)
    bodies = [_department(catalogue, type_) for type_ in types]
    columns = {
        "row": np.arange(1, count + 1),
        "code": [f"{DISTRICT_CODE}{type_}{n:0{digits}d}" for type_, n in zip(types, serials, strict=True)],
        "stated_type": types,
        "name": [
            text("demo.component", type=catalogue.type(type_).name.zh, number=n)
            for type_, n in zip(types, serials, strict=True)
        ],
        "state": rng.choice([str(state) for state in STATES], count, p=list(STATES.values())),
        "owner_code": bodies,
        "maintainer_code": bodies,
        "put_in_service_on": [OLDEST + timedelta(days=int(day)) for day in days],
        "removed_on": [None] * count,
        "attributes": [{} for _ in types],
    }
    return gpd.GeoDataFrame(
        {
            name: pd.Series(values, dtype=None if name == "row" else object, index=range(count))
            for name, values in columns.items()
        },
        geometry=_places(lines, types, rng),
        crs="EPSG:4326",
    )


def _department(catalogue: Catalogue, type_: str) -> str | None:
    """Return the department that the catalogue names for a type in the whole district."""
    bodies = set(catalogue.type(type_).responsible.values())
    found = (code for code, each in catalogue.departments.items() if each.body in bodies)
    return next((code for code in found if catalogue.departments[code].area_code in (None, DISTRICT_CODE)), None)


def _places(lines: NDArray[np.object_], types: NDArray[Any], rng: Generator) -> NDArray[np.object_]:
    """Return where each component stands, beside its stretch of street, rounded to seven decimals."""
    kinds = [KINDS[type_] for type_ in types.tolist()]
    side_deg = np.array([kind.aside_m for kind in kinds]) / _DEGREE_M * rng.choice([-1.0, 1.0], len(lines))
    first = rng.uniform(0.05, 0.7, len(lines))
    aside = np.column_stack([side_deg, side_deg])
    ends = [
        shapely.get_coordinates(shapely.line_interpolate_point(lines, share, normalized=True)) + aside
        for share in (first, first + _TREES_LENGTH)
    ]
    begin, end = (points.round(7) for points in ends)
    rows = np.array([kind.is_row for kind in kinds])
    trees = np.asarray(shapely.linestrings(np.stack([begin, end], axis=1)), dtype=object)
    return np.where(rows, trees, np.asarray(shapely.points(begin), dtype=object))
