"""Appeals against inspections: one that is upheld sets the inspection aside."""

from datetime import date

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, InputError, NotFoundError
from gridmgmt.premises import queries
from gridmgmt.premises.models import PremisesAppeal, PremisesInspection
from gridmgmt.premises.rubrics import rubric_named
from gridmgmt.premises.rules import PremisesAppealReason, PremisesAppealState, PremisesChange, check_day
from gridmgmt.premises.states import areas_of, begun, by_inspection, held_row, turn, uninspected, values_of


def appeal(
    session: Session, actor: Actor, code: str, reason: PremisesAppealReason, on: date, *, today: date
) -> PremisesAppeal:
    """Lodge an appeal against the inspection that gives premises their colour.

    The colour stays until it is decided; what is published counts red premises as on watch meanwhile.

    Raises
    ------
    NotFoundError, ConflictError, ForbiddenError
        As :func:`gridmgmt.premises.states.held_row`.
    InputError
        ``premises_uninspected`` where there is nothing to appeal against; ``premises_in_future``.
    ConflictError
        ``premises_appeal_open``; ``premises_appeal_decided`` when one against the same inspection was.
    """
    check_day(on, today)
    row = held_row(session, actor, code, on)
    if row.inspection_id is None:
        raise InputError("premises_uninspected", field="code", value=code)
    for each in queries.appeals_of(session, code):
        if each.inspection_id == row.inspection_id:
            is_open = each.state == PremisesAppealState.OPEN
            raise ConflictError(
                "premises_appeal_open" if is_open else "premises_appeal_decided", field="code", value=code
            )
    found = PremisesAppeal(
        premises_code=code, inspection_id=row.inspection_id, lodged_on=on, reason=reason, state=PremisesAppealState.OPEN
    )
    session.add(found)
    session.flush()
    record(session, actor, "premises.appeal", f"premises:{code}", after={"on": on, "reason": reason})
    return found


def decide(session: Session, actor: Actor, appeal_id: int, on: date, *, upheld: bool, today: date) -> PremisesAppeal:
    """Decide an appeal; where it is upheld, the inspection before counts again, or none.

    Raises
    ------
    NotFoundError
        ``premises_appeal_unknown``; when the premises are on the register no more.
    ConflictError
        ``premises_appeal_decided``; ``premises_later``.
    InputError
        ``premises_appeal_decided_early`` on a day before it was lodged; ``premises_in_future``.
    ForbiddenError
        Without the right to write premises there.
    """
    check_day(on, today)
    found = session.get(PremisesAppeal, appeal_id, with_for_update=True)
    if found is None:
        raise NotFoundError("premises_appeal_unknown", field="appeal_id", value=appeal_id)
    row = queries.last_rows(session, [found.premises_code]).get(found.premises_code)
    if row is None:
        raise NotFoundError("premises_unknown", field="code", value=found.premises_code, on=on)
    require(actor, Permission.PREMISES_WRITE, areas=areas_of(row))
    if found.state != PremisesAppealState.OPEN:
        raise ConflictError("premises_appeal_decided", field="appeal_id", value=found.premises_code)
    if on < found.lodged_on:
        raise InputError("premises_appeal_decided_early", field="on", value=on, lodged=found.lodged_on)
    found.state, found.decided_on = PremisesAppealState.UPHELD if upheld else PremisesAppealState.REFUSED, on
    session.flush()
    if upheld and row.inspection_id == found.inspection_id:
        _set_aside(session, actor, found.premises_code, on)
    after = {"on": on, "state": found.state}
    record(session, actor, "premises.decide_appeal", f"premises:{found.premises_code}", after=after)
    return found


def _set_aside(session: Session, actor: Actor, code: str, on: date) -> None:
    """Colour premises by the inspection that stands now; they are to be inspected again at once."""
    row = held_row(session, actor, code, on)
    standing: PremisesInspection | None = queries.standing_inspection(session, code, on)
    found = values_of(row) | uninspected(on)
    if standing is not None:
        rubric = rubric_named(session, standing.rubric)
        found |= by_inspection(standing, rubric, cooperating=row.cooperating) | {"due_on": on}
    turn(session, row, [begun(found, on, PremisesChange.APPEAL_UPHELD)])
