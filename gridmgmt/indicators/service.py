"""The one door to indicators: counts and rates of a period, beside those of another."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy.orm import sessionmaker

from gridmgmt.clock import local_date
from gridmgmt.db import Session, transaction
from gridmgmt.errors import InputError
from gridmgmt.indicators import folding, queries
from gridmgmt.indicators.naming import names_of
from gridmgmt.indicators.queries import Tallies, days_of_change
from gridmgmt.indicators.reading import count_all, of_areas
from gridmgmt.indicators.rules import AreaBasis, Compare, Indicators, Question, Window
from gridmgmt.texts import Language

WHOLE = Window()


def read(
    session: Session, question: Question, *, now: datetime, lang: Language = "zh", window: Window = WHOLE
) -> Indicators:
    """Return the indicators of a period, and those of the period that it is compared with.

    Where areas are asked for and the two periods saw different boundary editions, both are counted in the areas of
    the period's last day; the answer's questions have that day.

    Parameters
    ----------
    now
        Deadlines after it are not due yet.
    lang
        Of the rows' names.
    window
        Which rows are told; those of the other period are told by the same codes.

    Raises
    ------
    InputError
        ``period_before_editions`` where areas are asked for and none was in force in the whole period, or on the day.
    NotFoundError
        When the filter's area was never in force, or not on the day.
    """
    compared = replace(question, period=question.period.before(question.compare), compare=Compare.NONE)
    on = _areas_on(session, question, compared)
    basis = AreaBasis.AS_REPORTED if on is None else AreaBasis.ON if on == question.areas_on else AreaBasis.COMPARED
    question, compared = replace(question, areas_on=on), replace(compared, areas_on=on)
    asked = [question] if question.compare is Compare.NONE else [question, compared]
    counted = count_all(session, asked, now)
    codes = [_in_window(tallies, window) for tallies in counted]
    if window.most is not None:  # what is compared stands beside the rows of the page
        codes = [codes[0]] * len(counted)
    answers = [_answer(session, *each, basis, now, lang) for each in zip(asked, counted, codes, strict=True)]
    return replace(answers[0], compared=answers[1] if len(answers) > 1 else None)


def tallies(session: Session, questions: Sequence[Question], *, now: datetime) -> list[Tallies]:
    """Return the tallies of some questions by code without names; whatever they are compared with is not counted.

    Raises
    ------
    InputError
        ``period_before_editions`` where areas are asked for and none was in force on the last day.
    NotFoundError
        As :func:`read`.
    """
    if last := [each.areas_on or each.period.last for each in questions if of_areas(each)]:
        _check_in_force(days_of_change(session), min(last))
    return count_all(session, questions, now)


def _areas_on(session: Session, question: Question, compared: Question) -> date | None:
    """Return the day whose areas are counted in; None: each case in those that held it, or no area is asked for."""
    if not of_areas(question):
        return None
    changes, last = days_of_change(session), question.areas_on or question.period.last
    _check_in_force(changes, last, "to" if question.areas_on is None else "areas_on")
    if question.areas_on is not None or question.compare is Compare.NONE:
        return question.areas_on
    between = any(compared.period.first < day <= last for day in changes)
    return last if between else None


def _check_in_force(changes: Sequence[date], on: date, field: str = "to") -> None:
    if not changes or on < changes[0]:
        first = changes[0] if changes else "—"
        raise InputError("period_before_editions", field=field, value=on, first=first)


def _answer(
    session: Session,
    question: Question,
    tallies: Tallies,
    codes: Sequence[str | None],
    basis: AreaBasis,
    now: datetime,
    lang: Language,
) -> Indicators:
    """Return an answer with the rows of these codes, as far as it has them."""
    if question.by is None:
        return Indicators(question, now, basis, tallies.total, ())
    day = min(question.period.last, local_date(now))
    named = [code for code in codes if code is not None]
    names = names_of(session, question.by, named, day, lang, areas_on=question.areas_on)
    rows = [(code, names.get(code or "", code or ""), tallies[code]) for code in codes if code in tallies]
    return Indicators(question, now, basis, tallies.total, rows, row_count=len(tallies))


def _in_window(tallies: Tallies, window: Window) -> list[str | None]:
    """Return the codes of a window in order, None last."""
    after = window.after
    codes = sorted(code for code in tallies if code is not None and (after is None or code > after))
    return [*codes, *((None,) if None in tallies else ())][: window.most]


MOST_AT_ONCE = 5_000
"""Changes that one transaction takes into the tallies, so that a round is short."""


def fold_all(sessions: sessionmaker[Session]) -> None:
    """Take everything that waits into the tallies, a few thousand changes at a time."""
    taken = MOST_AT_ONCE
    while taken == MOST_AT_ONCE:
        with transaction(sessions) as session:
            taken = fold(session)


def fold(session: Session, *, most: int = MOST_AT_ONCE) -> int:
    """Take cases that have changed into the tallies, and return how many changes that were; 0 where none waits."""
    return folding.fold(session, most)


def rebuild(session: Session) -> int:
    """Count all cases anew into the tallies, and return how many."""
    return folding.rebuild(session, 50_000)


def waiting(session: Session) -> int:
    """Return how many changes of cases wait to be taken into the tallies."""
    return queries.waiting(session)
