"""Storing areas of an edition and finding each one's parent."""

import geopandas as gpd
from sqlalchemy import case, func, select, update

from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import in_force_on
from gridmgmt.areas.rules import RANK, AreaLevel, kind_of_name
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.errors import ConflictError
from gridmgmt.frames import copy_rows

_COLUMNS = ("edition_id", "level", "kind", "code", "name", "mode", "valid_from", "attributes", "geom")


def store(session: Session, edition: Edition, frame: gpd.GeoDataFrame) -> int:
    """Store the areas of one level and return how many; the level is the edition's part.

    An area of the same level and code that is in force is closed on the day the new one begins.

    Parameters
    ----------
    frame
        EPSG:4326, columns ``code``, ``name``, ``attributes``, geometry MULTIPOLYGON; ``mode`` where known.

    Raises
    ------
    ConflictError
        When an area in force begins after the new edition does.
    """
    level = AreaLevel(edition.part)
    _close_earlier(session, edition, frame["code"].tolist())
    modes = frame["mode"] if "mode" in frame else [None] * len(frame)
    rows = (
        (edition.edition_id, level, kind_of_name(level, name), code, name, mode, edition.valid_from, attributes, geom)
        for code, name, mode, attributes, geom in zip(
            frame["code"], frame["name"], modes, frame["attributes"], frame.geometry, strict=True
        )
    )
    stored = copy_rows(session, Area.__tablename__, _COLUMNS, rows)
    link_parents(session, edition)
    return stored


def close(session: Session, edition: Edition) -> None:
    """Take the areas of an edition that are still in force out of it on the day the edition ends."""
    open_ones = (Area.edition_id == edition.edition_id, Area.valid_to.is_(None))
    session.execute(update(Area).where(*open_ones).values(valid_to=edition.valid_to))


def link_parents(session: Session, edition: Edition) -> None:
    """Set each area's parent: the deepest area of a higher level that holds a point inside it, the smallest of several.

    Only areas in force on the day the edition begins are looked at, so that earlier editions keep their hierarchy.
    """
    current = select(Area, case(RANK, value=Area.level).label("rank")).where(in_force_on(edition.valid_from))
    child, parent = current.subquery("child"), current.subquery("parent")
    nearest = (
        select(parent.c.area_id)
        .where(parent.c.rank < child.c.rank, func.ST_Covers(parent.c.geom, func.ST_PointOnSurface(child.c.geom)))
        .order_by(parent.c.rank.desc(), parent.c.area_m2, parent.c.code)
        .limit(1)
        .scalar_subquery()
    )
    found = select(child.c.area_id, nearest.label("parent_id")).subquery("found")
    session.execute(
        update(Area)
        .where(Area.area_id == found.c.area_id, Area.parent_id.is_distinct_from(found.c.parent_id))
        .values(parent_id=found.c.parent_id)
        .execution_options(synchronize_session=False)
    )


def _close_earlier(session: Session, edition: Edition, codes: list[str]) -> None:
    same = (Area.level == edition.part, Area.code.in_(codes), Area.valid_to.is_(None))
    latest = session.scalar(select(func.max(Area.valid_from)).where(*same))
    if latest is not None and latest > edition.valid_from:
        raise ConflictError("edition_begins_too_early", name=edition.name, valid_from=edition.valid_from, latest=latest)
    session.execute(update(Area).where(*same).values(valid_to=edition.valid_from))
