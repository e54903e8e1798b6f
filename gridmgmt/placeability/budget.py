"""A budget of questions for those without exact results: many rounded answers together would tell what one does not.

Only how many were asked is kept, by account, or for all others together; never what about.
"""

from datetime import date

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import require
from gridmgmt.db import Session
from gridmgmt.errors import ForbiddenError
from gridmgmt.placeability.models import PlaceQuestions

EVERYBODY_ELSE = 0
"""Stands for all callers without an account together: they cannot be told apart, nor should they be."""


def left(session: Session, actor: Actor, on: date, allowed: int) -> int:
    """Return how many questions of a day an actor has left."""
    asked = select(PlaceQuestions.questions).where(
        PlaceQuestions.asked_on == on, PlaceQuestions.account_id == _account(actor)
    )
    return max(0, allowed - (session.scalar(asked) or 0))


def check(session: Session, actor: Actor, on: date, allowed: int) -> None:
    """Refuse an actor whose questions of a day have been asked, without counting one.

    Raises
    ------
    ForbiddenError
        When none is left.
    """
    if not left(session, actor, on, allowed):
        raise ForbiddenError("place_questions_spent", allowed=allowed, on=on)


def _account(actor: Actor) -> int:
    return EVERYBODY_ELSE if actor.account_id is None else actor.account_id


def spend(session: Session, actor: Actor, on: date, allowed: int) -> int:
    """Count one question of the actor on a day and return how many are left.

    It is counted and not logged: a log would tell who asks when. To be called last: others without an account wait
    until the transaction ends.

    Raises
    ------
    ForbiddenError
        When the day's questions have been asked.
    """
    require(actor, Permission.READ)
    statement = (
        insert(PlaceQuestions)
        .values(asked_on=on, account_id=_account(actor), questions=1)
        .on_conflict_do_update(
            index_elements=[PlaceQuestions.asked_on, PlaceQuestions.account_id],
            set_={"questions": PlaceQuestions.questions + 1},
            where=PlaceQuestions.questions < allowed,
        )
        .returning(PlaceQuestions.questions)
    )
    asked = session.scalar(statement) if allowed else None
    if asked is None:
        raise ForbiddenError("place_questions_spent", allowed=allowed, on=on)
    return allowed - asked
