"""Reading land features."""

from collections.abc import Collection
from datetime import date

import pyarrow as pa
from sqlalchemy import select

from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import in_force_on
from gridmgmt.frames import read_table
from gridmgmt.land.models import LandFeature
from gridmgmt.land.rules import LandKind


def features(session: Session, on: date, kinds: Collection[LandKind]) -> pa.Table:
    """Return the land features of some kinds in force on a day, in order of their id.

    Columns ``feature_id``, ``kind``, ``name`` (null where there is none), ``edition`` and ``geom`` (any 2-D geometry,
    degrees).
    """
    statement = (
        select(
            LandFeature.feature_id, LandFeature.kind, LandFeature.name, Edition.name.label("edition"), LandFeature.geom
        )
        .join(Edition, Edition.edition_id == LandFeature.edition_id)
        .where(in_force_on(on), LandFeature.kind.in_([str(kind) for kind in kinds]))
        .order_by(LandFeature.feature_id)
    )
    return read_table(session, statement)


def compounds(session: Session, on: date) -> pa.Table:
    """Return the outlines of walled compounds in force on a day, as :func:`features`."""
    return features(session, on, (LandKind.COMPOUND,))
