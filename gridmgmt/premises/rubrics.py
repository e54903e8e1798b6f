"""The editions of the rubric: which one holds on a day, and adding one."""

from datetime import date

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, NotFoundError
from gridmgmt.premises import queries
from gridmgmt.premises.models import PremisesRubric
from gridmgmt.premises.rules import Factor, PremisesColour, Rubric, check_rubric


def rubric_on(rubrics: list[Rubric], on: date) -> Rubric:
    """Return the edition in force on a day.

    Raises
    ------
    NotFoundError
        ``rubric_missing`` before the first.
    """
    held = [rubric for rubric in rubrics if rubric.valid_from <= on]
    if not held:
        raise NotFoundError("rubric_missing", field="on", value=on)
    return max(held, key=lambda rubric: rubric.valid_from)


def rubric_named(session: Session, name: str) -> Rubric:
    """Return an edition by its name, which is that of an inspection and so known."""
    return next(rubric for rubric in queries.rubrics(session) if rubric.name == name)


def add_rubric(session: Session, actor: Actor, rubric: Rubric) -> None:
    """Add an edition of the rubric; inspections before its first day keep the one they were scored by.

    Raises
    ------
    InputError
        As :func:`gridmgmt.premises.rules.check_rubric`.
    ConflictError
        ``rubric_known`` when the name or the day is taken; ``rubric_early`` unless it begins after every inspection,
        as those that are recorded keep the edition they were scored by.
    ForbiddenError
        Without the right to write premises everywhere.
    """
    require(actor, Permission.PREMISES_WRITE)
    check_rubric(rubric)
    if any(rubric.name == each.name or rubric.valid_from == each.valid_from for each in queries.rubrics(session)):
        raise ConflictError("rubric_known", field="name", value=rubric.name, on=rubric.valid_from)
    last = queries.last_inspected_on(session)
    if last is not None and rubric.valid_from <= last:
        raise ConflictError("rubric_early", field="valid_from", value=rubric.valid_from, last=last)
    session.add(
        PremisesRubric(
            name=rubric.name,
            valid_from=rubric.valid_from,
            weights=[rubric.weights[factor] for factor in Factor],
            maxima=[rubric.maxima[factor] for factor in Factor],
            cut=rubric.cut,
            cut_inclusive=rubric.cut_inclusive,
            green_from=rubric.green_from,
            full_score=rubric.full_score,
            due_days=[rubric.due_days[colour] for colour in PremisesColour],
            reinspection_type=rubric.reinspection_type,
            source=rubric.source,
        )
    )
    session.flush()
    after = {"from": rubric.valid_from, "cut": rubric.cut, "cut_inclusive": rubric.cut_inclusive}
    record(session, actor, "premises.rubric", f"premises_rubric:{rubric.name}", after=after)
