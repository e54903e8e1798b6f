"""Editions of all inputs; of boundary editions how far each is in its life."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from api.access import asks
from api.boundary_schemas import EditionDetail, EditionList, StepOut
from api.context import Context, RequestSession
from api.routes import PREFIX
from api.schemas import EditionOut
from gridmgmt.access.rules import Permission
from gridmgmt.boundaries.queries import EditionOverview, statuses
from gridmgmt.boundaries.rules import EditionStatus
from gridmgmt.db import Session
from gridmgmt.editions import queries
from gridmgmt.editions.models import Edition
from gridmgmt.editions.rules import Subject

router = APIRouter(prefix=PREFIX, tags=["editions"], dependencies=[asks(Permission.READ)])

CHANGEABLE = frozenset({EditionStatus.DRAFT, EditionStatus.CHECKED, EditionStatus.APPROVED})
"""What is on its way into force, and may still change."""


@router.get("/editions", summary="The editions of all inputs, in force or not")
def read_editions(
    session: RequestSession,
    context: Context,
    subject: Annotated[Subject | None, Query(description="Only this subject.")] = None,
) -> EditionList:
    """List what was imported or drafted, from when to when it counts, and each step of the boundary editions."""
    today = context.today()
    found = queries.editions(session, subject=subject)
    lives = overviews(session, today)
    return EditionList(items=[edition_detail(edition, lives, today) for edition in found])


def overviews(session: Session, on: date) -> dict[str, EditionOverview]:
    """Return how far each boundary edition is, by its name."""
    return {overview.name: overview for overview in statuses(session, on)}


def edition_detail(edition: Edition, lives: Mapping[str, EditionOverview], on: date) -> EditionDetail:
    """Return an edition with how far it is on a day."""
    plain = {name: getattr(edition, name) for name in (*EditionOut.model_fields, "planned_from")}
    if edition.subject != Subject.AREAS:
        return EditionDetail(
            **plain, state=_status(edition, on), version=None, areas={}, ended={}, errors=0, warnings=0, steps=[]
        )
    life = lives[edition.name]
    return EditionDetail(
        **plain,
        state=life.status,
        version=str(len(life.steps)),
        areas=life.areas,
        ended=life.ended,
        errors=life.errors,
        warnings=life.warnings,
        steps=[StepOut.model_validate(step) for step in life.steps],
    )


def _status(edition: Edition, on: date) -> EditionStatus:
    if edition.valid_from is not None and edition.valid_from > on:
        return EditionStatus.SCHEDULED
    over = edition.valid_to is not None and edition.valid_to <= on
    return EditionStatus.SUPERSEDED if over else EditionStatus.IN_FORCE
