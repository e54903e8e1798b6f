"""Recording inspections: scored by the rubric of the day, coloured, and followed by a re-inspection where red."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import func, insert, select

from gridmgmt.access.rules import Actor, Permission, system_actor
from gridmgmt.access.service import record, require
from gridmgmt.cases.models import Case
from gridmgmt.cases.rules import ENDED, CaseSource
from gridmgmt.casework.asking import OLDEST, ReportAsk
from gridmgmt.casework.intake import Reported, report
from gridmgmt.casework.queries import keep_internal
from gridmgmt.catalogue.service import catalogue_if_any
from gridmgmt.clock import local_date
from gridmgmt.codes import is_code
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, GridMgmtError, InputError, NotFoundError, Problem
from gridmgmt.premises import places, queries
from gridmgmt.premises.models import Premises, PremisesInspection
from gridmgmt.premises.rubrics import rubric_on
from gridmgmt.premises.rules import Factor, PremisesChange, PremisesColour, Rubric, Scores, colour_of, due_on, score
from gridmgmt.premises.states import Values, areas_of, begun, turn_many, values_of
from gridmgmt.texts import text

_REFUSALS: dict[str, type[GridMgmtError]] = {
    "premises_unknown": NotFoundError,
    "premises_later": ConflictError,
    "premises_inspected": ConflictError,
    "rubric_missing": NotFoundError,
}


@dataclass(frozen=True)
class NewInspection:
    """An inspection of premises on a day; ``post_code`` is the office that inspected. ``row`` is that of a file."""

    code: str
    on: date
    scores: Scores
    cooperating: bool
    post_code: str | None = None
    row: int | None = None


@dataclass(frozen=True)
class Judged:
    """An inspection with its score and colour, both None where it is incomplete."""

    asked: NewInspection
    rubric: Rubric
    score: float | None
    colour: PremisesColour | None
    case_no: str | None = None


def inspect(session: Session, actor: Actor, asked: NewInspection, *, now: datetime) -> Judged:
    """Record an inspection; a complete one gives the premises its colour, a red one asks for a re-inspection.

    Raises
    ------
    NotFoundError
        ``premises_unknown``; ``rubric_missing``.
    ConflictError
        ``premises_later``; ``premises_inspected`` when there is an inspection of that day.
    InputError
        ``factor_score_range``; ``premises_code_malformed`` of a post; ``inspected_in_future``.
    ForbiddenError
        Without the right to write premises there.
    """
    judged, problems = _recorded(session, actor, [asked], now)
    for problem in problems:
        said = {"field": "on", **problem.fields}
        raise _REFUSALS.get(problem.code, InputError)(problem.code, **said)
    (found,) = judged
    after = {"on": asked.on, "score": found.score, "colour": found.colour, "cooperating": asked.cooperating}
    record(session, actor, "premises.inspect", f"premises:{asked.code}", after={**after, "case": found.case_no})
    return found


def inspect_many(
    session: Session, actor: Actor, asked: Sequence[NewInspection], *, now: datetime, follow_up: bool = True
) -> list[Problem]:
    """Record all inspections that can be, and return why the others cannot, by row.

    Parameters
    ----------
    follow_up
        Whether premises that end up red, by an inspection of the last 30 days, are to be re-inspected as cases.

    Raises
    ------
    ForbiddenError
        Without the right to write premises where one of them lies.
    """
    judged, problems = _recorded(session, actor, asked, now, follow_up=follow_up)
    record(session, actor, "premises.import_inspections", "premises:*", after={"count": len(judged)})
    return problems


def _recorded(
    session: Session, actor: Actor, asked: Sequence[NewInspection], now: datetime, *, follow_up: bool = True
) -> tuple[list[Judged], list[Problem]]:
    rows = queries.last_rows(session, {each.code for each in asked})
    for areas in {tuple(areas_of(row)) for row in rows.values()}:
        require(actor, Permission.PREMISES_WRITE, areas=areas)
    judged, problems = _judged(session, asked, rows, local_date(now))
    if follow_up:
        last = {each.asked.code: each for each in judged}
        tasks = {code: _task(session, rows[code], each, now) for code, each in last.items()}
        judged = [
            replace(each, case_no=tasks[each.asked.code]) if each is last[each.asked.code] else each for each in judged
        ]
    _store(session, judged, rows)
    return judged, problems


def _judged(
    session: Session, asked: Sequence[NewInspection], rows: Mapping[str, Premises], today: date
) -> tuple[list[Judged], list[Problem]]:
    """Return the inspections that can be recorded by day, and why the others cannot, by row."""
    rubrics, done = queries.rubrics(session), _done(session, list(rows))
    judged, problems = [], []
    for each in sorted(asked, key=lambda one: (one.on, one.row or 0)):
        try:
            _check(each, rows.get(each.code), done, today)
            rubric = rubric_on(rubrics, each.on)
            found = score(rubric, each.scores)
        except GridMgmtError as error:
            problems.append(Problem(each.row, error.code, error.fields))
            continue
        done.add((each.code, each.on))
        judged.append(Judged(each, rubric, found, colour_of(rubric, found, cooperating=each.cooperating)))
    return judged, sorted(problems, key=lambda problem: problem.row or 0)


def _check(asked: NewInspection, row: Premises | None, done: set[tuple[str, date]], today: date) -> None:
    if row is None:
        raise NotFoundError("premises_unknown", field="code", value=asked.code, on=asked.on)
    if asked.on > today:
        raise InputError("inspected_in_future", field="on", value=asked.on, today=today)
    if (asked.code, asked.on) in done:
        raise ConflictError("premises_inspected", field="on", value=asked.code, on=asked.on)
    if row.valid_from > asked.on:
        raise ConflictError("premises_later", field="on", value=asked.code, on=asked.on, begun=row.valid_from)
    if asked.post_code is not None and not is_code(asked.post_code):
        raise InputError("premises_code_malformed", field="post_code", value=asked.post_code)


def _done(session: Session, codes: Sequence[str]) -> set[tuple[str, date]]:
    statement = select(PremisesInspection.premises_code, PremisesInspection.inspected_on)
    found = session.execute(statement.where(PremisesInspection.premises_code == func.any(list(codes))))
    return {(code, on) for code, on in found}


def _store(session: Session, judged: Sequence[Judged], rows: Mapping[str, Premises]) -> None:
    """Store inspections by day, and what they say of their premises."""
    if not judged:
        return
    statement = insert(PremisesInspection).returning(PremisesInspection.inspection_id, sort_by_parameter_order=True)
    keys = session.scalars(statement, [_inspection(each) for each in judged]).all()
    said: dict[str, list[Values]] = {}
    for each, inspection_id in zip(judged, keys, strict=True):
        code = each.asked.code
        before = said[code][-1] if code in said else values_of(rows[code])
        said.setdefault(code, []).append(_after(before, each, inspection_id))
    turn_many(session, [(rows[code], changes) for code, changes in said.items()])


def _after(before: Values, judged: Judged, inspection_id: int) -> Values:
    """Return what is said of premises after an inspection; an incomplete one leaves score and colour as they were.

    Whether they cooperate, it tells in any case; so a colour at the cut may turn to red or from it.
    """
    asked, found = judged.asked, {**before, "cooperating": judged.asked.cooperating}
    if judged.colour is not None:
        found |= {
            "inspection_id": inspection_id,
            "inspected_on": asked.on,
            "score": judged.score,
            "colour": str(judged.colour),
            "due_on": due_on(judged.rubric, judged.colour, asked.on),
        }
    elif found["colour"] in _AT_THE_CUT:
        found["colour"] = str(PremisesColour.WATCH if asked.cooperating else PremisesColour.RED)
    return begun(found, asked.on, PremisesChange.INSPECTED)


_AT_THE_CUT = (PremisesColour.WATCH, PremisesColour.RED)


def _inspection(judged: Judged) -> Values:
    asked = judged.asked
    return {
        "premises_code": asked.code,
        "inspected_on": asked.on,
        **{str(factor): asked.scores.get(factor) for factor in Factor},
        "cooperating": asked.cooperating,
        "rubric": judged.rubric.name,
        "score": judged.score,
        "colour": judged.colour,
        "post_code": asked.post_code,
        "case_no": judged.case_no,
    }


def _task(session: Session, row: Premises, judged: Judged, now: datetime) -> str | None:
    """Return the number of the case that asks for a re-inspection; None where none is due.

    One that is still open is not asked for twice. The system reports it: whoever inspects need not be one who may.
    Only who works on cases is told of it. Not all of them may read premises: it says neither which ones nor why, and
    lies at a point of their quarter. Which premises it is about, their inspection alone tells.
    """
    recent = local_date(now) - judged.asked.on <= OLDEST
    if judged.colour is not PremisesColour.RED or not recent:
        return None
    catalogue = catalogue_if_any(session, now)
    if catalogue is None or judged.rubric.reinspection_type not in catalogue.types:
        return None
    if (open_ := next(_open_tasks(session, row.code), None)) is not None:
        return open_
    if (point := places.point_in_quarter(session, row.quarter_code, local_date(now))) is None:
        return None
    asked = ReportAsk(
        *point,
        type=judged.rubric.reinspection_type,
        source=CaseSource.INSPECTOR,
        description=text("premises.task", due=due_on(judged.rubric, PremisesColour.RED, judged.asked.on)),
    )
    case = report(session, system_actor("premises"), asked, now=now)
    if not isinstance(case, Reported):
        return None
    keep_internal(session, case.case_id)
    return case.case_no


def _open_tasks(session: Session, code: str) -> Iterator[str]:
    statement = (
        select(Case.case_no)
        .join(PremisesInspection, PremisesInspection.case_no == Case.case_no)
        .where(PremisesInspection.premises_code == code, Case.state.not_in([str(state) for state in ENDED]))
    )
    yield from session.scalars(statement)
