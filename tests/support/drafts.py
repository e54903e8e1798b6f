"""The short way of a boundary edition into force."""

from datetime import date

from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import boundary_edition
from gridmgmt.editions.rules import EditionState
from gridmgmt.editions.service import put_in_state
from tests.support.actors import TESTER


def take_into_force(session: Session, name: str, on: date | None = None) -> Edition:
    """Put a draft in force as if it had been checked and approved."""
    edition = boundary_edition(session, name)
    assert edition is not None
    for state in (EditionState.CHECKED, EditionState.APPROVED):
        put_in_state(session, edition, state, actor=TESTER.name)
    put_in_state(session, edition, EditionState.IN_FORCE, actor=TESTER.name, on=on)
    return edition
