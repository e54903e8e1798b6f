"""Storing service points."""

import geopandas as gpd

from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.frames import copy_rows
from gridmgmt.service_points.models import ServicePoint

_COLUMNS = ("code", "name", "type", "status", "capacity", "address", "attributes")


def store(session: Session, edition: Edition, frame: gpd.GeoDataFrame) -> int:
    """Store the points of an edition and return how many.

    Parameters
    ----------
    frame
        EPSG:4326, geometry POINT, columns ``code``, ``name``, ``type``, ``status``, ``capacity``, ``address``,
        ``attributes``.
    """
    values = (frame[name].astype(object).where(frame[name].notna(), None) for name in _COLUMNS)
    rows = ((edition.edition_id, *row) for row in zip(*values, frame.geometry, strict=True))
    return copy_rows(session, ServicePoint.__tablename__, ("edition_id", *_COLUMNS, "geom"), rows)
