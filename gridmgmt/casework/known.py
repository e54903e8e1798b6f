"""What a filter of cases names and nobody has: refused, rather than taken for a filter that no case happens to meet."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from gridmgmt.cases.queries import list_cases
from gridmgmt.cases.rules import CaseFilter
from gridmgmt.catalogue.service import catalogue_if_any
from gridmgmt.components.models import Component
from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError
from gridmgmt.responsibility.models import OfficerPost
from gridmgmt.texts import catalogue as texts

_CODES = {
    "department": "indicator_department_unknown",
    "type": "indicator_type_unknown",
    "major": "indicator_major_unknown",
    "post": "indicator_post_unknown",
    "component": "case_component_unknown",
    "flag": "case_flag_unknown",
    "without_flag": "case_flag_unknown",
}
"""How what is unknown is refused, by the attribute of the filter that names it."""


def check_known(session: Session, wanted: CaseFilter, *, now: datetime) -> None:
    """Refuse a department, type, class, officer post, component or flag that nobody knows.

    An area is looked for where the cases are.

    Raises
    ------
    NotFoundError
        When neither a catalogue, a register or a plan of posts, nor any case has it.
    """
    for name, code in _CODES.items():
        value = getattr(wanted, name)
        if value is None or value in _known(session, name, value, now):
            continue
        alike = CaseFilter(with_internal=wanted.with_internal, **{name.removeprefix("without_"): value})
        if not list_cases(session, alike, now=now, limit=1):
            raise NotFoundError(code, field=name, value=value)


def _known(session: Session, name: str, value: str, now: datetime) -> Collection[str]:
    """Return codes among which a value is where it is known beside the cases."""
    if name == "post":
        return session.scalars(select(OfficerPost.code).where(OfficerPost.code == value).limit(1)).all()
    if name == "component":
        return session.scalars(select(Component.code).where(Component.code == value).limit(1)).all()
    if name.endswith("flag"):
        return [value] if f"case_flag.{value}" in texts() else []
    catalogue = catalogue_if_any(session, now)
    if catalogue is None:
        return []
    return {"department": catalogue.departments, "type": catalogue.types, "major": catalogue.classes}[name]
