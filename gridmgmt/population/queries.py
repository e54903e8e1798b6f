"""Reading places."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import select

from gridmgmt.areas.queries import covered_by
from gridmgmt.db import Session
from gridmgmt.editions.queries import edition_ids_in_force
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import NotFoundError
from gridmgmt.frames import lonlat, read_numbers
from gridmgmt.population.models import RESIDENT_COLUMNS, PopulationPlace


@dataclass(frozen=True)
class PlaceSummary:
    """One place; ``residents_60_plus`` is None in an edition of places without counts."""

    place_id: int
    place_no: int
    lon: float
    lat: float
    residents_60_plus: float | None


def places(session: Session, on: date, *, area_id: int | None = None) -> pa.Table:
    """Return the places in force on a day, in order of their number, within one area where it is named.

    Columns ``place_id``, ``place_no``, ``lon``, ``lat``, the resident columns by band, ``residents_60_plus``,
    ``connect_extra_m``.
    """
    residents = [getattr(PopulationPlace, name) for name in (*RESIDENT_COLUMNS, "residents_60_plus")]
    statement = (
        select(
            PopulationPlace.place_id,
            PopulationPlace.place_no,
            *lonlat(PopulationPlace.geom),
            *residents,
            PopulationPlace.connect_extra_m,
        )
        .where(PopulationPlace.edition_id.in_(edition_ids_in_force(Subject.POPULATION, on)))
        .order_by(PopulationPlace.place_no)
    )
    if area_id is not None:
        statement = statement.where(covered_by(area_id, PopulationPlace.geom))
    return read_numbers(session, statement)


def spread_from(session: Session, on: date) -> NDArray[np.object_]:
    """Return the code of the area that each place's residents were spread from, in the order of :func:`places`.

    None for a place with a count of its own.
    """
    statement = (
        select(PopulationPlace.spread_from)
        .where(PopulationPlace.edition_id.in_(edition_ids_in_force(Subject.POPULATION, on)))
        .order_by(PopulationPlace.place_no)
    )
    return np.array(session.scalars(statement).all(), dtype=object)


def place_by_id(session: Session, place_id: int) -> PlaceSummary:
    """Return one place of any edition.

    Raises
    ------
    NotFoundError
        When there is no such place.
    """
    statement = select(
        PopulationPlace.place_id,
        PopulationPlace.place_no,
        *lonlat(PopulationPlace.geom),
        PopulationPlace.residents_60_plus,
    ).where(PopulationPlace.place_id == place_id)
    row = session.execute(statement).mappings().one_or_none()
    if row is None:
        raise NotFoundError("place_unknown", value=place_id)
    return PlaceSummary(**row)
