"""Storing tables of official codes."""

from dataclasses import replace
from datetime import date

import numpy as np

from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.errors import Problem
from gridmgmt.frames import copy_columns
from gridmgmt.ingest.codes import CodeRows
from gridmgmt.ingest.intake import refused_rows
from gridmgmt.official_codes import queries
from gridmgmt.official_codes.models import OfficialCode

_TOPMOST_DIGITS = 6


def refuse_orphans(session: Session, rows: CodeRows, on: date) -> CodeRows:
    """Return the rows without those whose parent is neither stated, nor in the file, nor in force on a day.

    A table may begin with counties or districts, of which the city need not be known.
    """
    present = set(rows.code)
    wanted = ~rows.parent_stated & np.array(
        [
            len(code) > _TOPMOST_DIGITS and parent not in present
            for code, parent in zip(rows.code, rows.parent_code, strict=True)
        ],
        dtype=bool,
    )
    there: set[str] = queries.known(session, set(rows.parent_code[wanted]), on) if wanted.any() else set()
    lost = wanted & np.array([code not in there for code in rows.parent_code], dtype=bool)
    if not lost.any():
        return rows
    problems = [
        Problem(int(row), "official_parent_unknown", {"value": code, "parent": parent})
        for row, code, parent in zip(rows.row[lost], rows.code[lost], rows.parent_code[lost], strict=True)
    ]
    every = tuple(sorted([*rows.problems, *problems], key=lambda problem: (problem.row or 0, problem.code)))
    kept = {name: getattr(rows, name)[~lost] for name in ("row", "code", "name", "parent_code", "parent_stated")}
    return replace(rows, **kept, problems=every, read=int((~lost).sum()) + refused_rows(every))


def store(session: Session, edition: Edition, rows: CodeRows) -> int:
    """Store the rows of an edition and return how many."""
    columns = {"edition_id": edition.edition_id, "code": rows.code, "name": rows.name, "parent_code": rows.parent_code}
    return copy_columns(session, OfficialCode.__tablename__, columns)
