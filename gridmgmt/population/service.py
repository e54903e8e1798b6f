"""Storing places with their residents."""

import geopandas as gpd
import numpy as np

from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.frames import copy_columns
from gridmgmt.population.models import BOUND_COLUMNS, RESIDENT_COLUMNS, PopulationPlace


def store(session: Session, edition: Edition, frame: gpd.GeoDataFrame) -> int:
    """Store the places of an edition and return how many; nothing is rounded.

    Parameters
    ----------
    frame
        EPSG:4326, geometry POINT, column ``row`` (the place's number in its file); resident columns by band and
        ``residents_60_plus`` where the source counts people; ``connect_extra_m`` for raster cells; ``spread_from`` and
        the bounds of ``residents_60_plus`` where residents of whole areas were spread.
    """
    columns: dict[str, object] = {"edition_id": edition.edition_id, "place_no": frame["row"].to_numpy()}
    for name in (*RESIDENT_COLUMNS, "residents_60_plus", *BOUND_COLUMNS, "connect_extra_m"):
        if name in frame:
            columns[name] = frame[name].to_numpy(dtype=np.float64)
    if "spread_from" in frame:
        columns["spread_from"] = frame["spread_from"].to_numpy(dtype=object)
    columns["geom"] = frame.geometry.to_numpy()
    return copy_columns(session, PopulationPlace.__tablename__, columns)
