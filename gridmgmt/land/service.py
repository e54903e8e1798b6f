"""Storing land features."""

import geopandas as gpd

from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.frames import copy_rows
from gridmgmt.land.models import LandFeature


def store(session: Session, edition: Edition, frame: gpd.GeoDataFrame) -> int:
    """Store the features of one kind (the edition's part) and return how many.

    Parameters
    ----------
    frame
        EPSG:4326, columns ``name`` and ``attributes``, any 2-D geometry.
    """
    rows = (
        (edition.edition_id, edition.part, name, attributes, geom)
        for name, attributes, geom in zip(frame["name"], frame["attributes"], frame.geometry, strict=True)
    )
    return copy_rows(session, LandFeature.__tablename__, ("edition_id", "kind", "name", "attributes", "geom"), rows)
