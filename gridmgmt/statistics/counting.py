"""How many points lie in each area, on any boundary edition."""

from datetime import date

import numpy as np

from gridmgmt.analysis.location import area_of_points
from gridmgmt.areas.queries import area_frame
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.db import Session
from gridmgmt.statistics import queries
from gridmgmt.statistics.rules import SUBJECTS, AreaCounts, CountedSubject, Counts, Period, tallies


def counts(
    session: Session,
    on: date,
    level: AreaLevel,
    *,
    subject: CountedSubject,
    draft: int | None = None,
    period: Period | None = None,
    data_on: date | None = None,
) -> Counts:
    """Return how many of a subject lie in each area of a level, on the boundaries of a day or of a draft.

    Every point lies in one area of the level or outside all of them; on a common border in the one with the lower
    code. Cases keep their place, so that any past month can be counted on any boundaries.

    Parameters
    ----------
    on
        The day whose boundaries count; for a draft the day it is planned from.
    draft
        The id of a draft whose boundaries count as if it were in force.
    period
        Only cases reported within these days.
    data_on
        The day whose points count; ``on`` without it.

    Raises
    ------
    NotFoundError
        When there is no boundary edition of that id.
    """
    draft_name, day = queries.draft_name(session, draft), data_on or on
    points = queries.counted_points(session, subject, day, period)
    areas = area_frame(session, on, draft=draft, levels=[level])
    lies_in = area_of_points(np.asarray(areas.geometry.values, dtype=object), points.lonlat)
    group = np.where(lies_in < 0, len(areas), lies_in)[points.point]
    *of_areas, outside = tallies(group, points.kind, points.value, len(areas) + 1, points.kinds)
    (total,) = tallies(np.zeros_like(group), points.kind, points.value, 1, points.kinds)
    rows = zip(areas["code"], areas["name"], of_areas, strict=True)
    return Counts(
        subject=subject,
        level=level,
        on=on,
        draft=draft_name,
        data_on=day,
        period=period,
        areas=tuple(AreaCounts(code, name, tally) for code, name, tally in rows),
        outside=outside,
        total=total,
        area_editions=queries.used_editions(session, areas["edition_id"]),
        data_editions=queries.data_editions(session, SUBJECTS[subject], day),
    )
