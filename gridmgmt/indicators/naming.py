"""What the codes of a dimension are called."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, String, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY

from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import in_force_on
from gridmgmt.cases.counting import LEVELS
from gridmgmt.cases.measures import Dimension
from gridmgmt.catalogue.service import catalogue_if_any
from gridmgmt.db import Session
from gridmgmt.responsibility.models import OfficerPost
from gridmgmt.texts import Language, catalogue, text

Names = Mapping[str, str]


def names_of(
    session: Session, by: Dimension, codes: Collection[str], day: date, lang: Language, *, areas_on: date | None = None
) -> Names:
    """Return what codes of a dimension are called on a day; what has no name is left out.

    Areas have the name of their last edition, or that of the day that they are asked for.
    """
    if by in LEVELS:
        return _areas(session, by, codes, areas_on)
    if by in (Dimension.SOURCE, Dimension.KIND):
        keys = {code: f"case_{by}.{code}" for code in codes}
        return {code: text(key, lang) for code, key in keys.items() if key in catalogue()}
    if by is Dimension.POST:
        held = select(OfficerPost.code, OfficerPost.name).where(OfficerPost.code == _any(codes))
        return dict(session.execute(held.order_by(OfficerPost.valid_from)).all())
    return _of_catalogue(session, by, day, lang)


def _areas(session: Session, by: Dimension, codes: Collection[str], on: date | None) -> Names:
    statement = select(Area.code, Area.name).where(Area.level.in_(LEVELS[by]), Area.code == _any(codes))
    if on is not None:
        statement = statement.where(in_force_on(on))
    return dict(session.execute(statement.order_by(Area.edition_id)).all())


def _of_catalogue(session: Session, by: Dimension, day: date, lang: Language) -> Names:
    held = catalogue_if_any(session, day)
    if held is None:
        return {}
    if by is Dimension.DEPARTMENT:
        words = {code: each.name for code, each in held.departments.items()}
    elif by is Dimension.TYPE:
        words = {code: each.name for code, each in held.types.items()}
    else:
        words = {code: each.name for code, each in held.classes.items()}
    return {code: name.said(lang) for code, name in words.items()}


def _any(codes: Collection[str]) -> ColumnElement[Any]:  # Any: SQLAlchemy gives ANY the type of its comparison
    return any_(bindparam("codes", sorted(codes), ARRAY(String)))
