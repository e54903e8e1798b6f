"""Storing located cases."""

import geopandas as gpd
from sqlalchemy import select

from gridmgmt.cases.models import Case
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.errors import DuplicateCodeError
from gridmgmt.frames import copy_rows

_COLUMNS = ("case_no", "kind", "type", "state", "reported_at", "due_at", "closed_at")


def store(session: Session, edition: Edition, frame: gpd.GeoDataFrame) -> int:
    """Store the cases of one import and return how many.

    Parameters
    ----------
    frame
        EPSG:4326, geometry POINT, columns ``case_no``, ``kind``, ``type``, ``state``, ``reported_at``, ``due_at``,
        ``closed_at`` (aware or missing).

    Raises
    ------
    DuplicateCodeError
        When a case number is already stored.
    """
    taken = session.scalar(select(Case.case_no).where(Case.case_no.in_(frame["case_no"].tolist())).limit(1))
    if taken is not None:
        raise DuplicateCodeError("case_no_taken", case_no=taken)
    values = (frame[name].astype(object).where(frame[name].notna(), None) for name in _COLUMNS)
    rows = ((edition.edition_id, *row) for row in zip(*values, frame.geometry, strict=True))
    return copy_rows(session, Case.__tablename__, ("edition_id", *_COLUMNS, "geom"), rows)
