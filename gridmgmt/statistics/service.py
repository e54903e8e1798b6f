"""Recording figures of whole areas."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from sqlalchemy import func, select

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.areas.queries import ancestors, area_frame
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.db import Session
from gridmgmt.errors import FileRefusedError, InputError, Problem
from gridmgmt.frames import copy_columns
from gridmgmt.ingest.figures import FigureRows
from gridmgmt.ingest.intake import require_whole
from gridmgmt.statistics import queries
from gridmgmt.statistics.models import AreaFigure
from gridmgmt.statistics.rules import check_figure

_RECORD_LOCK = 3_101_134
"""Held by one recorder of figures at a time, so that two of the same file do not both find nothing there."""


@dataclass(frozen=True)
class FigureLabels:
    """What the one who records figures says of them, see :class:`~gridmgmt.statistics.models.AreaFigure`."""

    figure: str
    level: AreaLevel
    counted_on: date
    areas_on: date
    source: str

    def __post_init__(self) -> None:
        check_figure(self.figure)
        if not self.source.strip():
            raise InputError("figure_source_missing", field="source")


@dataclass(frozen=True)
class FiguresRecorded:
    """What came of recording figures; those that stood there already are ``unchanged``."""

    read: int
    added: int
    unchanged: int


def record_figures(session: Session, actor: Actor, rows: FigureRows, labels: FigureLabels) -> FiguresRecorded:
    """Add figures of areas, whole or not at all; one that is there already with the same number is not added again.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not write figures of one of the areas.
    FileRefusedError
        With the rows that are bad, or name an area that is not in force on the day of the boundaries.
    """
    codes: Sequence[str] = rows.code.tolist()
    _require(session, actor, codes, labels)
    require_whole(rows.problems, read=rows.read, taken=len(codes), partial=False)
    _refuse_unknown(session, rows, labels)
    session.execute(select(func.pg_advisory_xact_lock(_RECORD_LOCK)))
    there = queries.recorded(session, _figure(labels))
    new = np.array([there.get(code) != value for code, value in zip(codes, rows.value, strict=True)], dtype=bool)
    if new.any():
        shared = {name: getattr(labels, name) for name in ("figure", "level", "counted_on", "areas_on", "source")}
        copy_columns(
            session, AreaFigure.__tablename__, {**shared, "area_code": rows.code[new], "value": rows.value[new]}
        )
        record(session, actor, "figures.record", f"figure:{labels.figure}", after={**shared, "areas": int(new.sum())})
    return FiguresRecorded(read=rows.read, added=int(new.sum()), unchanged=int((~new).sum()))


def _figure(labels: FigureLabels) -> AreaFigure:
    return AreaFigure(**labels.__dict__)


def _require(session: Session, actor: Actor, codes: Sequence[str], labels: FigureLabels) -> None:
    if actor.may(Permission.FIGURES_WRITE) or not codes:
        require(actor, Permission.FIGURES_WRITE)
        return
    for code in codes:
        above = ancestors(session, labels.level, code, labels.areas_on)
        require(actor, Permission.FIGURES_WRITE, areas=above)


def _refuse_unknown(session: Session, rows: FigureRows, labels: FigureLabels) -> None:
    known = set(area_frame(session, labels.areas_on, levels=[labels.level])["code"])
    problems = [
        Problem(int(row), "area_unknown", {"value": code, "level": str(labels.level), "on": labels.areas_on})
        for row, code in zip(rows.row, rows.code, strict=True)
        if code not in known
    ]
    if problems:
        raise FileRefusedError("rows_refused", problems=problems, read=rows.read, refused=len(problems))
