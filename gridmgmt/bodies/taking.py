"""Taking the rows of a file whole or not at all, each bad one told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from gridmgmt.access.rules import Actor
from gridmgmt.access.service import record
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, FileRefusedError, InputError, NotFoundError, Problem, RuleViolationError

What = Literal["added", "changed", "known"]
Row = TypeVar("Row")


@dataclass(frozen=True)
class Taken:
    """What came of a file; ``known`` rows said what was there before already."""

    read: int
    added: int
    changed: int
    known: int


@dataclass(frozen=True)
class Source:
    """What a file holds (``bodies``) and what it is called, for the log."""

    subject: str
    name: str


def take_all(
    session: Session,
    actor: Actor,
    rows: Sequence[tuple[int, Row]],
    take: Callable[[Session, Actor, Row], What],
    source: Source,
) -> Taken:
    """Take all rows in their order, or none.

    Parameters
    ----------
    rows
        Each with its number in the file.

    Raises
    ------
    FileRefusedError
        ``rows_refused`` with a problem for each row that ``take`` has refused.
    """
    with session.begin_nested():
        counted, problems = _taken(session, actor, rows, take)
        if problems:
            raise FileRefusedError("rows_refused", problems=problems, read=len(rows), refused=len(problems))
    taken = Taken(len(rows), counted["added"], counted["changed"], counted["known"])
    record(session, actor, f"{source.subject}.import", f"file:{source.name}", after=vars(taken))
    return taken


def _taken(
    session: Session, actor: Actor, rows: Sequence[tuple[int, Row]], take: Callable[[Session, Actor, Row], What]
) -> tuple[dict[What, int], list[Problem]]:
    """Take each row by itself and return how many came to what, and the problems of the others by row."""
    counted: dict[What, int] = dict.fromkeys(("added", "changed", "known"), 0)
    problems: list[Problem] = []
    for number, row in rows:
        try:
            with session.begin_nested():
                counted[take(session, actor, row)] += 1
        except (NotFoundError, RuleViolationError, ConflictError, InputError) as error:
            problems.append(Problem(number, error.code, error.fields))
    return counted, sorted(problems, key=lambda problem: problem.row or 0)
