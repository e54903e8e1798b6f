"""The demo's officer posts, and its responsibility grids of inspection and city management, on the cells of two areas.

Every grid lies in one quarter, in one piece, and is about as large as the others there. Posts and bodies are made up;
nobody fills them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely

from gridmgmt.access.rules import Actor, system_actor
from gridmgmt.analysis.adjacency import neighbour_pairs
from gridmgmt.analysis.balance import balanced, neighbour_lists, pieces_of
from gridmgmt.areas.queries import area_in_force
from gridmgmt.db import Session, transaction
from gridmgmt.demo.governance import JOINT_CENTRE_UNIT
from gridmgmt.ingest.grids import GridRow
from gridmgmt.jobs import service as jobs
from gridmgmt.jobs.worker import JobContext
from gridmgmt.responsibility import service
from gridmgmt.responsibility.queries import grids, metric_cells
from gridmgmt.responsibility.rules import NewPost
from gridmgmt.texts import text

JOB_KIND = "demo_grids"
AREAS = ("310113008", JOINT_CENTRE_UNIT)
"""张庙街道 and the unit 菊泉."""


@dataclass(frozen=True)
class _Kind:
    """A kind of the demo's grids: the letter in their codes, cells of each, and hours."""

    code: str
    letter: str
    cells: int
    hours: str


KINDS = (
    _Kind("inspection", "I", 12, "mon-fri 08:00-20:00; sat-sun 09:00-17:00"),
    _Kind("city_management", "C", 30, "mon-sun 06:00-22:00"),
)


def establish_grids(session: Session, actor: Actor, on: date) -> int:
    """Set up posts and grids in the two areas from a day on and return how many grids; none where some are there.

    Raises
    ------
    NotFoundError
        ``no_cells``, ``area_unknown`` when the cells of an area are not in force on the day.
    """
    if grids(session, on):
        return 0
    created = 0
    for area in AREAS:
        body = text("demo.grid_body", area=area_in_force(session, area, on).name)
        for kind in KINDS:
            rows = list(_rows(session, area, kind, on))
            posts = sorted({row.post: row.name for row in rows if row.post}.items())
            news = [
                (number, NewPost(code, text("demo.grid_post", grid=name), kind.code, body, on))
                for number, (code, name) in enumerate(posts, 1)
            ]
            source = text("demo.edition")
            service.import_posts(session, actor, news, source=source)
            created += service.import_grids(session, actor, rows, on, source=source).created
    return created


def ask_grids(session: Session, actor: Actor, on: date, *, after: int) -> int:
    """Have the worker set up the grids after the job that draws the cells, and return the job's id."""
    return jobs.enqueue(session, JOB_KIND, {"on": str(on), "actor": actor.name}, after=after).job_id


def perform(context: JobContext) -> Mapping[str, Any]:  # Any: what a job's result holds
    """Perform that job.

    Raises
    ------
    NotFoundError
        As :func:`establish_grids`.
    """
    arguments = context.claim.arguments
    context.progress("job_stage.writing", 0.1)
    with transaction(context.sessions) as session:
        jobs.hold(session, context.claim)
        found = establish_grids(session, system_actor(arguments["actor"]), date.fromisoformat(arguments["on"]))
        result = {"grids": found}
        jobs.finish(session, context.claim, result)
    return result


def _rows(session: Session, area: str, kind: _Kind, on: date) -> Iterator[GridRow]:
    """Yield each cell of an area in its grid, quarter by quarter."""
    cells = metric_cells(session, on, area)
    for quarter, inside in cells.groupby("parent_code", sort=True):
        district = _divided(inside.geometry.to_numpy(), inside["area_m2"].to_numpy(dtype=np.float64), kind.cells)
        count = int(district.max()) + 1
        for number, (code, own) in enumerate(zip(inside["code"], district.tolist(), strict=True), 1):
            grid, deputy = (f"{quarter}-{kind.letter}{each + 1:02d}" for each in (own, (own + 1) % count))
            yield GridRow(
                row=number,
                cell=code,
                kind=kind.code,
                code=grid,
                name=text(f"demo.grid.{kind.code}", quarter=str(quarter)[-3:], number=own + 1),
                post=f"P{grid}",
                backup=f"P{deputy}" if count > 1 else None,
                hours=kind.hours,
            )


def _divided(geometry: np.ndarray, area_m2: np.ndarray, cells_of_grid: int) -> np.ndarray:
    """Return the grid of each cell ``(n,)``: even in m², each in one piece of at most what the quarter's pieces are."""
    neighbours = neighbour_lists(len(geometry), neighbour_pairs(np.asarray(geometry, dtype=object)))
    district, first = np.full(len(geometry), -1, dtype=np.int64), 0
    west = shapely.get_x(shapely.centroid(geometry))
    for piece in pieces_of(range(len(geometry)), neighbours):
        count = max(1, round(len(piece) / cells_of_grid))
        eastward = sorted(piece, key=lambda unit: (west[unit], unit))
        seeds = [eastward[round((i + 0.5) * len(piece) / count - 0.5)] for i in range(count)]
        district[seeds] = range(first, first + count)
        first += count
    return balanced(area_m2, neighbours, district)
