"""What is published of a day: once, of all communities together, and never again.

A reader asks for what was released, and for nothing else: no other areas, no other hours, no second edition of a day.
A bin that comes after the release of its day changes what those see who answer for the community, and no release.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.analysis.publication import ROUNDING
from gridmgmt.clock import LOCAL_ZONE, end_of_day, local_date
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError
from gridmgmt.frames import copy_rows
from gridmgmt.gate_counts import queries
from gridmgmt.gate_counts.models import GateCommunity, GateRelease, ReleasedBand, ReleasedCount
from gridmgmt.gate_counts.queries import GateSeen
from gridmgmt.gate_counts.rules import BIN, Band, FlowClass, occupancy_band, ratio_band
from gridmgmt.gate_counts.service import BINS_KEPT_DAYS, inside_at
from gridmgmt.gate_counts.tables import Cell, Counts, day_table, published

WAIT = timedelta(hours=6)
"""So long after its end a day waits for late bins before it is released."""
_BINS_A_DAY = timedelta(days=1) // BIN
_COLUMNS = ("day", "community_id", "gate_id", "hour", "flow_class", "entered", "exited")


@dataclass(frozen=True)
class _Day:
    """What a release is made of."""

    day: date
    now: datetime
    threshold: int
    communities: Sequence[GateCommunity]
    gates: Mapping[int, Sequence[GateSeen]]
    starts: Mapping[int, int]
    """From how many quarters of an hour each gate has sent bins."""

    @property
    def begin(self) -> datetime:
        return _begin(self.day)

    @property
    def end(self) -> datetime:
        return end_of_day(self.day)

    @property
    def rounding(self) -> int:
        """The usual one, or the largest that goes with the threshold."""
        return min(ROUNDING, self.threshold - (self.threshold + 1) % 2)


def release(session: Session, actor: Actor, day: date, now: datetime, *, threshold: int) -> GateRelease:
    """Publish a day, jointly for all communities and gates that count on it.

    Parameters
    ----------
    threshold
        Counts above zero and below it are small, see :mod:`gridmgmt.analysis.publication`.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        Without the right to write governance everywhere.
    ConflictError
        ``gate_release_early`` before the day's late bins had their time; ``gate_release_made`` when it, or a later
        day, is released already.
    """
    require(actor, Permission.GOVERNANCE_WRITE)
    if day > _last_due(now):
        raise ConflictError("gate_release_early", field="day", value=day, due=_last_due(now))
    if (last := queries.last_release(session)) is not None and last.day >= day:
        raise ConflictError("gate_release_made", field="day", value=day, last=last.day)
    starts = queries.starts_counted(session, _begin(day), end_of_day(day))
    found = _Day(day, now, threshold, queries.communities_on(session, day), queries.gates_of(session, day), starts)
    shown = _counts(session, found)
    bands = [_bands(session, found, each) for each in found.communities]
    content = json.dumps([shown, [_said(band) for band in bands]], default=str, sort_keys=True)
    row = GateRelease(
        day=day, threshold=threshold, rounding=found.rounding, sha256=hashlib.sha256(content.encode()).hexdigest()
    )
    session.add(row)
    session.flush()
    copy_rows(session, ReleasedCount.__tablename__, _COLUMNS, shown)
    session.add_all(bands)
    session.flush()
    record(
        session, actor, "gate_counts.release", f"gate_release:{day}",
        after={"communities": len(bands), "counts": len(shown), "sha256": row.sha256},
    )  # fmt: skip
    return row


def release_due(session: Session, actor: Actor, now: datetime, *, threshold: int) -> list[date]:
    """Publish each day that is due since the last release, or the last one where none was ever made."""
    last, due = queries.last_release(session), _last_due(now)
    first = due if last is None else max(last.day + timedelta(days=1), due - timedelta(days=BINS_KEPT_DAYS - 1))
    days = [first + timedelta(days=n) for n in range((due - first).days + 1)]
    told = [day for day in days if queries.starts_counted(session, _begin(day), end_of_day(day))]
    for day in told:
        release(session, actor, day, now, threshold=threshold)
    return told


def _begin(day: date) -> datetime:
    return end_of_day(day - timedelta(days=1))


def _last_due(now: datetime) -> date:
    return local_date(now - WAIT) - timedelta(days=1)


def _counts(session: Session, found: _Day) -> list[tuple[object, ...]]:
    """Return the rows of all counts, withheld ones as None."""
    members = {
        each.community_id: [gate.gate_id for gate in found.gates.get(each.community_id, ())]
        for each in found.communities
    }
    members = {community: gates for community, gates in members.items() if gates}
    entered: dict[tuple[int, int, FlowClass], int] = {}
    left: dict[tuple[int, int, FlowClass], int] = {}
    gate_ids = [gate for gates in members.values() for gate in gates]
    for flow in queries.hourly_flows(session, gate_ids, found.begin, found.end):
        key = (flow.gate_id, flow.start.astimezone(LOCAL_ZONE).hour, flow.flow_class)
        entered[key], left[key] = flow.entered, flow.left
    if not members:
        return []
    shown_in, shown_out = (_shown(found, members, counts) for counts in (entered, left))
    return [
        (found.day, cell.community, cell.gate, cell.hour, cell.flow_class, count, shown_out[cell])
        for cell, count in shown_in.items()
    ]


def _shown(found: _Day, members: Mapping[int, Sequence[int]], counts: Counts) -> dict[Cell, int | None]:
    return published(day_table(members, counts), threshold=found.threshold, rounding=found.rounding)


def _bands(session: Session, found: _Day, community: GateCommunity) -> ReleasedBand:
    """Return the bands of a community as the day began.

    Two bands and the counts between them say something of those counts, unless a census, whose residual is not
    published, stands between them, or the counts are shown anyway. Else the bands are withheld.
    """
    number = community.community_id
    gates = found.gates.get(number, ())
    inside = inside_at(session, number, found.begin, found.now)
    last = queries.censuses(session, number, until=found.begin, limit=1)
    occupancy: Band | None = None
    ratio: Band | None = None
    if inside is not None and _is_apart(session, found, number, last[0].at if last else None):
        counts = {each: of.inside for each, of in inside.items()}
        occupancy, ratio = occupancy_band(counts, found.threshold), ratio_band(counts, found.threshold)
    return ReleasedBand(
        day=found.day,
        community_id=number,
        occupancy_from=None if occupancy is None else int(occupancy.at_least),
        occupancy_below=None if occupancy is None or occupancy.below is None else int(occupancy.below),
        ratio_from=None if ratio is None else ratio.at_least,
        ratio_below=None if ratio is None else ratio.below,
        gates=len(gates),
        gates_lost=sum(found.starts.get(gate.gate_id, 0) < _BINS_A_DAY for gate in gates),
        by_census=bool(last) and found.begin - last[0].at < timedelta(days=1),
    )


def _is_apart(session: Session, found: _Day, community: int, census_at: datetime | None) -> bool:
    """Tell whether the bands of a day say nothing of counts that are withheld."""
    before = queries.last_band(session, community, found.day)
    if before is None:
        return True
    if census_at is not None and census_at > end_of_day(before - timedelta(days=1)):
        return True
    return queries.whole_days(session, community, before, found.day) == (found.day - before).days


def _said(band: ReleasedBand) -> list[object]:
    columns = ("community_id", "occupancy_from", "occupancy_below", "ratio_from", "ratio_below", "gates", "gates_lost")
    return [getattr(band, name) for name in columns]
