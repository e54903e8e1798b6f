"""The boundaries that a request asks for: those of a day, or those that an edition shows or would show."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import Depends, Query

from api.context import Context
from gridmgmt.boundaries.queries import draft_named
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, InputError


@dataclass(frozen=True)
class Boundaries:
    """The boundaries of a day; with the id of a draft, as if it were in force on that day."""

    on: date
    draft: int | None = None


@dataclass(frozen=True)
class Asked:
    """What a request says of the boundaries it wants."""

    today: date
    on: date | None
    edition: str | None

    def boundaries(self, session: Session) -> Boundaries:
        """Return the boundaries asked for: by the edition, else by the day, else those of today.

        Raises
        ------
        NotFoundError
            When there is no boundary edition of that name.
        InputError
            When both a day and an edition are given.
        """
        if self.edition is None:
            return Boundaries(self.on or self.today)
        if self.on is not None:
            raise InputError("day_or_edition", field="edition", edition=self.edition, on=self.on)
        found = draft_named(session, self.edition)
        if found.valid_from is not None:
            return Boundaries(found.valid_from)
        if found.planned_from is None:
            raise ConflictError("edition_no_draft", name=found.name, state=found.state)
        return Boundaries(found.planned_from, found.edition_id)


async def _asked(
    context: Context,
    on: Annotated[
        date | None, Query(description="The day whose boundaries count, as 2026-01-31; today without it.")
    ] = None,
    edition: Annotated[
        str | None,
        Query(
            max_length=200,
            description="Instead of a day: name of a boundary edition, whose first day counts; a draft's would-be one.",
        ),
    ] = None,
) -> Asked:
    return Asked(context.today(), on, edition)


AskedBoundaries = Annotated[Asked, Depends(_asked)]
