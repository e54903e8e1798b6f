"""How long counts are kept: bins for 30 days, hours for a year, days for good."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, delete, text

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.clock import LOCAL_ZONE
from gridmgmt.db import Session
from gridmgmt.gate_counts.models import GateHour
from gridmgmt.gate_counts.service import HOURS_KEPT_DAYS, oldest_bin

_FOLD = text("""
WITH folded AS (
    DELETE FROM gate_bins
    WHERE start < :before
    RETURNING gate_id, start, flow_class, entered, exited
),

by_hour AS (
    INSERT INTO gate_hours AS held (gate_id, start, flow_class, entered, exited)
    SELECT gate_id, date_trunc('hour', start), flow_class, sum(entered), sum(exited)
    FROM folded
    GROUP BY gate_id, date_trunc('hour', start), flow_class
    ON CONFLICT (gate_id, start, flow_class) DO UPDATE
    SET entered = held.entered + excluded.entered, exited = held.exited + excluded.exited
),

by_day AS (
    INSERT INTO gate_days AS held (gate_id, day, flow_class, entered, exited)
    SELECT gate_id, date(timezone(:zone, start)), flow_class, sum(entered), sum(exited)
    FROM folded
    GROUP BY gate_id, date(timezone(:zone, start)), flow_class
    ON CONFLICT (gate_id, day, flow_class) DO UPDATE
    SET entered = held.entered + excluded.entered, exited = held.exited + excluded.exited
)

SELECT count(*) FROM folded
""")
"""In one statement, so that a bin that comes meanwhile is folded the next time, and not deleted unseen."""


@dataclass(frozen=True)
class Forgotten:
    """How many bins were folded into hours and days, and how many hours were too old."""

    bins: int
    hours: int


def forget_old(session: Session, actor: Actor, now: datetime) -> Forgotten:
    """Fold bins that are too old into hours and days, and delete them and hours that are too old.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        Without the right to write governance everywhere.
    """
    require(actor, Permission.GOVERNANCE_WRITE)
    before = oldest_bin(now)
    bins = int(session.execute(_FOLD, {"before": before, "zone": str(LOCAL_ZONE)}).scalar_one())
    hours = session.execute(delete(GateHour).where(GateHour.start < now - timedelta(days=HOURS_KEPT_DAYS)))
    assert isinstance(hours, CursorResult)  # noqa: S101 -- what a DELETE returns
    forgotten = Forgotten(bins, hours.rowcount)
    if forgotten != Forgotten(0, 0):
        record(session, actor, "gate_counts.forget", "gate_counts:old", after={"before": before, **vars(forgotten)})
    return forgotten
