"""Storing areas into a draft of a boundary edition and finding each one's parent."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import TYPE_CHECKING

import shapely
from sqlalchemy import (
    BigInteger,
    FromClause,
    Select,
    Text,
    and_,
    any_,
    column,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from gridmgmt.areas.models import Area, AreaEnding
from gridmgmt.areas.queries import area_frame, in_force_on
from gridmgmt.areas.rules import AreaLevel, kind_of_name, parents
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import boundary_edition
from gridmgmt.editions.rules import EditionState, Subject
from gridmgmt.errors import ConflictError, NotFoundError
from gridmgmt.frames import copy_rows

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

_COLUMNS = ("edition_id", "level", "kind", "code", "name", "attributes", "geom")
_NAMED = 5
_MANY = 1_000
"""Rows from which a change is worth telling the planner of."""


def store(
    session: Session, draft: Edition, frame: "gpd.GeoDataFrame", level: AreaLevel, *, replaces: str | None = None
) -> int:
    """Store areas of one level in a draft and return how many differ from what is in force.

    An area of the same level and code that will be in force is ended by the draft; one that is just the same stays.

    Parameters
    ----------
    frame
        EPSG:4326, columns ``code``, ``name``, ``attributes``, geometry MULTIPOLYGON.
    replaces
        End the areas of this level that the edition of this name brought in and the frame has no more.

    Raises
    ------
    ConflictError
        When the edition is no draft any more; when another edition has ended what it ends, or brought in a code that
        it brings in; when a retired code would be used again.
    """
    on = planned(draft)
    refuse_overtaken(session, draft)
    refuse_retired(session, draft, level, frame["code"].tolist())
    present = area_frame(session, on, levels=(level,), draft=draft.edition_id).set_index("code")
    if twice := present.index[present.index.duplicated()].unique().tolist():
        raise ConflictError("ex_areas_code_in_force_once", detail=_some(twice))
    known = present.reindex(frame["code"])
    same = (known["name"].to_numpy() == frame["name"].to_numpy()) & shapely.equals_identical(
        known.geometry.to_numpy(), frame.geometry.to_numpy()
    )
    changed = frame[~same]
    end(session, draft, known.loc[~same, "area_id"].dropna().astype(int).tolist())
    if replaces is not None:
        end(session, draft, _of_edition(session, present, replaces, kept=frame["code"].tolist()))
    rows = (
        (draft.edition_id, level, kind_of_name(level, name), code, name, attributes, geom)
        for code, name, attributes, geom in zip(
            changed["code"], changed["name"], changed["attributes"], changed.geometry, strict=True
        )
    )
    stored = copy_rows(session, Area.__tablename__, _COLUMNS, rows)
    _refresh_statistics(session, stored)
    link_parents(session, draft)
    return stored


def planned(draft: Edition) -> date:
    """Return the day on whose boundaries a draft is built.

    Raises
    ------
    ConflictError
        When the edition is no draft any more.
    """
    if draft.state != EditionState.DRAFT or draft.planned_from is None:
        raise ConflictError("edition_no_draft", name=draft.name, state=draft.state)
    return draft.planned_from


def end(session: Session, draft: Edition, area_ids: Collection[int]) -> None:
    """Let a draft end areas; those that the draft itself had brought in go without a trace."""
    if not area_ids:
        return
    asked, own = Area.area_id == any_(literal(list(area_ids), ARRAY(BigInteger))), draft.edition_id
    session.execute(delete(Area).where(asked, Area.edition_id == own).execution_options(synchronize_session=False))
    endings = select(literal(own), Area.area_id).where(asked, Area.edition_id != own)
    session.execute(insert(AreaEnding).from_select(["edition_id", "area_id"], endings))
    _refresh_statistics(session, len(area_ids))


def _refresh_statistics(session: Session, rows: int) -> None:
    """Have the database look at the tables again after a draft has changed many rows.

    A table that was emptied, by a draft that was given up, may still be taken for empty. Look-ups of endings are then
    planned as a loop over all of them for each area, which takes minutes for 27,000.
    """
    if rows >= _MANY:
        session.execute(text(f"ANALYZE {Area.__tablename__}, {AreaEnding.__tablename__}"))


def refuse_overtaken(session: Session, draft: Edition) -> None:
    """Refuse a draft that is built on areas which another edition has ended since.

    Raises
    ------
    ConflictError
        With their codes.
    """
    other = aliased(AreaEnding)
    gone = (
        select(Area.code)
        .join(AreaEnding, AreaEnding.area_id == Area.area_id)
        .join(other, and_(other.area_id == Area.area_id, other.edition_id != AreaEnding.edition_id))
        .join(Edition, Edition.edition_id == other.edition_id)
        .where(AreaEnding.edition_id == draft.edition_id, Edition.state == EditionState.IN_FORCE)
        .order_by(Area.code)
    )
    if codes := session.scalars(gone).all():
        raise ConflictError("ex_areas_base_in_force", detail=_some(codes))


def refuse_retired(session: Session, draft: Edition, level: AreaLevel, codes: Collection[str]) -> None:
    """Refuse codes that were in force before the draft's day, are not any more, and so must not be used again.

    Raises
    ------
    ConflictError
        When there is one.
    """
    on = planned(draft)
    asked = Area.code == any_(literal(list(codes), ARRAY(Text)))
    before = (Area.level == level, asked, Edition.valid_from <= on)
    once = select(Area.code).join(Edition, Edition.edition_id == Area.edition_id).where(*before)
    alive = select(Area.code).where(Area.level == level, in_force_on(on))
    retired = session.scalars(once.except_(alive, _ended_by(draft, level)).order_by("code")).all()
    if retired:
        raise ConflictError("code_retired", level=level, codes=_some(retired), count=len(retired))


def _some(codes: Sequence[str]) -> str:
    return ", ".join(codes[:_NAMED]) + (" …" if len(codes) > _NAMED else "")


def _ended_by(draft: Edition, level: AreaLevel) -> Select[str]:
    ending = AreaEnding.edition_id == draft.edition_id
    return select(Area.code).join(AreaEnding, AreaEnding.area_id == Area.area_id).where(ending, Area.level == level)


def link_parents(session: Session, draft: Edition) -> None:
    """Name the parent of each area on the land that a draft changes, see :func:`gridmgmt.areas.rules.parents`.

    Areas in force whose parent the draft changes are taken over into it, with the new parent's name.
    """
    import pandas as pd  # noqa: PLC0415 -- takes seconds, and a server starts without

    on, own = planned(draft), draft.edition_id
    changed = or_(Area.edition_id == own, Area.area_id.in_(_endings_of(own)))
    box = func.ST_Extent(Area.geom)
    edges = (func.ST_XMin(box), func.ST_YMin(box), func.ST_XMax(box), func.ST_YMax(box))
    west, south, east, north = session.execute(select(*edges).where(changed)).one()
    if west is None:
        return
    near = area_frame(session, on, draft=own, near=(west, south, east, north))
    level, code = near["level"].to_numpy(), near["code"].to_numpy()
    parent = parents(level, code, near["area_m2"].to_numpy(), near.geometry.to_numpy())
    now = [(level[p], code[p]) if p >= 0 else (None, None) for p in parent]
    named = near[["parent_level", "parent_code"]].astype(object).where(near["parent_code"].notna(), None)
    stale = [new != old for new, old in zip(now, named.itertuples(index=False, name=None), strict=True)]
    found = near[["area_id", "edition_id"]].join(
        pd.DataFrame(now, columns=named.columns, index=near.index, dtype=object)
    )[stale]
    mine = found["edition_id"] == own
    _name_parents(session, found[mine])
    _take_over(session, draft, found[~mine])


def _named(found: "pd.DataFrame") -> FromClause:
    """Return rows of (area_id, parent_level, parent_code) as a table to join."""
    columns = (
        (found["area_id"].astype(int).tolist(), ARRAY(BigInteger)),
        (found["parent_level"].tolist(), ARRAY(Text)),
        (found["parent_code"].tolist(), ARRAY(Text)),
    )
    arrays = [literal(values, type_) for values, type_ in columns]
    return (
        func.unnest(*arrays)
        .table_valued(
            column("area_id", BigInteger), column("parent_level", Text), column("parent_code", Text), name="named"
        )
        .render_derived()
    )


def _name_parents(session: Session, found: "pd.DataFrame") -> None:
    named = _named(found)
    session.execute(
        update(Area)
        .where(Area.area_id == named.c.area_id)
        .values(parent_level=named.c.parent_level, parent_code=named.c.parent_code)
        .execution_options(synchronize_session=False)
    )


def _take_over(session: Session, draft: Edition, found: "pd.DataFrame") -> None:
    end(session, draft, found["area_id"].astype(int).tolist())
    named = _named(found)
    copied = (*_COLUMNS[1:],)
    rows = select(
        literal(draft.edition_id),
        *(getattr(Area, name) for name in copied),
        named.c.parent_level,
        named.c.parent_code,
    ).join(named, named.c.area_id == Area.area_id)
    session.execute(insert(Area).from_select([*_COLUMNS, "parent_level", "parent_code"], rows))


def _of_edition(session: Session, present: "pd.DataFrame", name: str, *, kept: Collection[str]) -> list[int]:
    """Return the areas of a frame by code that an edition brought in and that are not kept.

    Raises
    ------
    NotFoundError
        When no boundary edition of that name is in force.
    """
    edition = boundary_edition(session, name)
    if edition is None or edition.state != EditionState.IN_FORCE:
        raise NotFoundError("edition_unknown", subject=Subject.AREAS, name=name)
    gone = present[(present["edition_id"] == edition.edition_id) & ~present.index.isin(list(kept))]
    return [int(area_id) for area_id in gone["area_id"]]


def _endings_of(edition_id: int) -> Select[int]:
    return select(AreaEnding.area_id).where(AreaEnding.edition_id == edition_id)
