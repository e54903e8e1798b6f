"""The watcher of deadlines: what has become due soon or overdue is so in the case and stands in its log."""

from datetime import datetime
from importlib import resources

from sqlalchemy import text

from gridmgmt.db import Session

MOST_AT_ONCE = 1_000
"""Cases that one transaction tells of, so that whoever moves one of them does not wait for long."""

ACTOR = "deadline watcher"
_SOUND = text((resources.files(__package__) / "alarms.sql").read_text(encoding="utf-8"))


def sound_alarms(session: Session, now: datetime) -> int:
    """Move the urgency of cases on whose alarm is past, and return of how many.

    One that has passed both its moments, as after a long stop, becomes overdue and is told of once. A case that is
    being moved at this very time is left for the next look; of several watchers each case has one.
    """
    values = {"now": now, "most": MOST_AT_ONCE, "actor": ACTOR}
    return len(session.execute(_SOUND, values).all())
