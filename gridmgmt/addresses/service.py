"""Storing the addresses of an edition: each taken apart, its names shared with all others of the same name."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

import geopandas as gpd
import pyarrow as pa
import shapely
from sqlalchemy import func, select, text

from gridmgmt.addresses.models import Address, AddressName, AddressOtherName
from gridmgmt.addresses.parsing import Parsed, bare, parse
from gridmgmt.addresses.rules import OtherName, kind_of
from gridmgmt.addresses.spelling import pinyin_spellings
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.frames import copy_columns, copy_rows

Former = tuple[str, date | None, date | None]
"""A name that a place had, from a day until before another; None where that is not known."""
_ANALYZE_FROM = 1_000


class _Row(NamedTuple):
    """One address as it is stored, its names not yet numbers."""

    kind: str
    name: str | None
    own: str | None
    base: str | None
    parts: Parsed


def store(session: Session, edition: Edition, frame: gpd.GeoDataFrame) -> int:
    """Store the addresses of an edition and return how many.

    Parameters
    ----------
    frame
        EPSG:4326, geometry POINT or None, columns ``code``, ``kind``, ``name``, ``address`` (each None where not
        given, but name or address is), ``aliases`` (list of texts) and ``former`` (list of :data:`Former`).
    """
    columns = (_cells(frame, name) for name in ("kind", "name", "address"))
    rows = [_row(kind, name, address) for kind, name, address in zip(*columns, strict=True)]
    others = list(_other_names(rows, frame["aliases"], frame["former"]))
    known = _name_ids(session, _all_names(rows, others))
    count = copy_columns(session, Address.__tablename__, _columns(edition, frame, rows, known))
    copy_rows(
        session,
        AddressOtherName.__tablename__,
        ("edition_id", "name_id", "other_id", "kind", "called_from", "called_to"),
        ((edition.edition_id, known[own], known[other], kind, *days) for own, other, kind, *days in others),
    )
    if count >= _ANALYZE_FROM:  # what nobody has counted yet is planned as if it were empty
        session.execute(text("ANALYZE addresses, address_names, address_other_names"))
    return count


def _cells(frame: gpd.GeoDataFrame, column: str) -> list[str | None]:
    return frame[column].astype(object).where(frame[column].notna(), None).tolist()


def _row(kind: str | None, name: str | None, address: str | None) -> _Row:
    parts = parse(address or name or "")
    if not parts.numbered and name is None:
        name = parts.base or parts.town or parts.district or parts.kept
    if address is None and parts.numbered and parts.base:
        name = None if kind is None else name  # what is called a name is an address
    own = None if name is None else bare(name)
    base = parts.base if address is not None and (parts.numbered or parts.base != own) else None
    if own is None and base is None:
        base = parts.base or parts.kept
    return _Row(kind or kind_of(own), name, own, base, parts)


def _other_names(
    rows: Sequence[_Row], aliases: Iterable[Sequence[str]], former: Iterable[Sequence[Former]]
) -> Iterable[tuple[str, str, str, date | None, date | None]]:
    """Yield own name, other name, kind and days, once each."""
    seen = set()
    for row, alias_names, former_names in zip(rows, aliases, former, strict=True):
        own = row.own or row.base or ""
        found: list[tuple[str, OtherName, date | None, date | None]]
        found = [(bare(name), OtherName.ALIAS, None, None) for name in alias_names]
        found += [(bare(name), OtherName.FORMER, begins, ends) for name, begins, ends in former_names]
        for other, kind, begins, ends in found:
            one = (own, other, str(kind), begins, ends)
            if other and other != own and one not in seen:
                seen.add(one)
                yield one


def _all_names(rows: Sequence[_Row], others: Iterable[Sequence[object]]) -> list[str]:
    found = {name for row in rows for name in (row.own, row.base) if name is not None}
    return sorted(found | {str(other) for _, other, *_ in others})


def _name_ids(session: Session, names: Sequence[str]) -> dict[str, int]:
    """Return the ids of normalised names, adding those that are not there; imports wait for each other."""
    statement = select(AddressName.name, AddressName.name_id).where(AddressName.name == func.any(list(names)))
    known: dict[str, int] = dict(session.execute(statement).all())
    highest = session.scalar(select(func.max(AddressName.name_id))) or 0
    new = {name: highest + i for i, name in enumerate((n for n in names if n not in known), 1)}
    rows = ((name_id, name, *map(list, pinyin_spellings(name))) for name, name_id in new.items())
    copy_rows(session, AddressName.__tablename__, ("name_id", "name", "pinyin", "initials"), rows)
    return known | new


def _columns(
    edition: Edition, frame: gpd.GeoDataFrame, rows: Sequence[_Row], known: dict[str, int]
) -> dict[str, object]:
    points = shapely.to_wkb(shapely.set_srid(frame.geometry.to_numpy(), STORAGE_SRID), hex=True, include_srid=True)
    parts = [row.parts for row in rows]
    numbers = {
        "lane": [p.lane for p in parts],
        "sublane": [p.sublane for p in parts],
        "number": [p.loose if p.door is None else p.door for p in parts],
        "number_to": [p.number_to for p in parts],
        "building": [p.building for p in parts],
    }
    return {
        "edition_id": edition.edition_id,
        "kind": pa.array([row.kind for row in rows], pa.string()),
        "code": pa.array(_cells(frame, "code"), pa.string()),
        "name": pa.array([row.name for row in rows], pa.string()),
        "address": pa.array([row.parts.kept for row in rows], pa.string()),
        "district": pa.array([p.district for p in parts], pa.string()),
        "town": pa.array([p.town for p in parts], pa.string()),
        "name_id": pa.array([None if row.own is None else known[row.own] for row in rows], pa.int64()),
        "base_id": pa.array([None if row.base is None else known[row.base] for row in rows], pa.int64()),
        **{name: pa.array(values, pa.int64()) for name, values in numbers.items()},
        "suffix": pa.array([p.suffix for p in parts], pa.string()),
        "geom": pa.array(points.tolist(), pa.string()),
    }
