"""Reading what an export holds: the areas with their attributes and the editions that brought them in."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Text, any_, cast, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import area_frame, area_in_force
from gridmgmt.boundaries.queries import draft_named
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.errors import ConflictError, InputError, NotFoundError
from gridmgmt.exports.rules import ExportAsk
from gridmgmt.frames import read_table

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True)
class Holding:
    """The areas asked for, and the editions that they come from by id."""

    frame: "gpd.GeoDataFrame"
    """As :func:`gridmgmt.areas.queries.area_frame` has it."""
    attributes: Sequence[Mapping[str, Any]]
    editions: Mapping[int, Edition]
    on: date


def holding(session: Session, ask: ExportAsk, today: date) -> Holding:
    """Return the areas that are asked for.

    Raises
    ------
    NotFoundError
        When there is no such edition or area, or no area of the level on that day.
    InputError
        When both a day and an edition are given.
    """
    on, draft = _boundaries(session, ask, today)
    within = None if ask.within is None else area_in_force(session, ask.within, on, draft=draft).area_id
    frame = area_frame(session, on, within=within, levels=(ask.level,), draft=draft)
    if frame.empty:
        raise NotFoundError("export_nothing", level=ask.level, on=on, within=ask.within or "-")
    known = _attributes(session, frame["area_id"].tolist())
    attributes = [known[area_id] for area_id in frame["area_id"]]
    ids = sorted(set(frame["edition_id"].tolist()))
    editions = session.scalars(select(Edition).where(Edition.edition_id.in_(ids)).order_by(Edition.edition_id))
    return Holding(frame, attributes, {edition.edition_id: edition for edition in editions}, on)


def _boundaries(session: Session, ask: ExportAsk, today: date) -> tuple[date, int | None]:
    """Return the day to look at, and the draft to look at it with."""
    if ask.edition is None:
        return ask.on or today, None
    if ask.on is not None:
        raise InputError("day_or_edition", field="edition", edition=ask.edition, on=ask.on)
    edition = draft_named(session, ask.edition)
    if edition.valid_from is not None:
        return edition.valid_from, None
    if edition.planned_from is None:
        raise ConflictError("edition_no_draft", name=edition.name, state=edition.state)
    return edition.planned_from, edition.edition_id


def _attributes(session: Session, area_ids: list[int]) -> dict[int, dict[str, Any]]:
    asked = Area.area_id == any_(literal(area_ids, ARRAY(BigInteger)))
    table = read_table(session, select(Area.area_id, cast(Area.attributes, Text).label("attributes")).where(asked))
    texts = table["attributes"].to_pylist()
    return {
        area_id: json.loads(text or "{}") for area_id, text in zip(table["area_id"].to_pylist(), texts, strict=True)
    }
