"""The watcher of deadlines: what has become due soon or overdue is so in the case and stands in its log."""

from datetime import datetime
from importlib import resources
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import sessionmaker

from gridmgmt.calendars.queries import revision
from gridmgmt.casework.transitions import provisional_cases, reschedule
from gridmgmt.clock import Clock
from gridmgmt.db import Session, transaction

MOST_AT_ONCE = 1_000
"""Cases that one transaction tells of, so that whoever moves one of them does not wait for long."""

MOST_RESCHEDULED = 100
"""Cases whose deadline one transaction works out anew, for the same reason."""

ACTOR = "deadline watcher"
_SOUND = text((resources.files(__package__) / "alarms.sql").read_text(encoding="utf-8"))


def sound_alarms(session: Session, now: datetime) -> int:
    """Move the urgency of cases on whose alarm is past, and return of how many.

    One that has passed both its moments, as after a long stop, becomes overdue and is told of once. A case that is
    being moved at this very time is left for the next look; of several watchers each case has one.
    """
    values = {"now": now, "most": MOST_AT_ONCE, "actor": ACTOR}
    return len(session.execute(_SOUND, values).all())


class Watch:
    """Looks after deadlines in one process.

    Parameters
    ----------
    sessions
        Where the cases are.
    clock
        Tells now.
    """

    def __init__(self, sessions: sessionmaker[Session], clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock
        self._calendar: UUID | None = None

    def round(self) -> None:
        """Work out deadlines anew where the calendar has changed since the last round, then sound what is past."""
        with transaction(self._sessions) as session:
            calendar = revision(session)
            waiting = provisional_cases(session) if calendar != self._calendar else ()
        for first in range(0, len(waiting), MOST_RESCHEDULED):
            with transaction(self._sessions) as session:
                reschedule(session, waiting[first : first + MOST_RESCHEDULED], self._clock())
        self._calendar = calendar
        told = MOST_AT_ONCE
        while told == MOST_AT_ONCE:
            with transaction(self._sessions) as session:
                told = sound_alarms(session, self._clock())
