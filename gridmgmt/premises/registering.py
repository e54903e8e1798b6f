"""Registering premises, saying that they are let to groups or cooperate, and taking them off the register."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import insert

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.areas.rules import AreaLevel, check_position
from gridmgmt.codes import is_code
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, GridMgmtError, InputError, Problem, RuleViolationError
from gridmgmt.premises import places, queries
from gridmgmt.premises.models import Premises, PremisesInspection
from gridmgmt.premises.rubrics import rubric_named
from gridmgmt.premises.rules import PremisesChange, check_address, check_day
from gridmgmt.premises.states import Values, begun, by_inspection, held_row, turn, uninspected, values_of

_REFUSALS: dict[str, type[GridMgmtError]] = {
    "premises_known": ConflictError,
    "premises_outside_quarter": RuleViolationError,
}


@dataclass(frozen=True)
class NewPremises:
    """Premises to be registered from a day on; position in WGS 84 degrees. ``row`` is that of a file."""

    code: str
    address: str
    lon: float
    lat: float
    on: date
    group_renting: bool = False
    cooperating: bool = True
    row: int | None = None


def register(session: Session, actor: Actor, new: NewPremises, *, today: date) -> None:
    """Register premises.

    Raises
    ------
    InputError
        ``premises_code_malformed``, ``premises_address``, ``premises_in_future``, a position that cannot be one.
    ConflictError
        ``premises_known`` when premises of the code are, or ever were, on the register: their history would be shown.
    RuleViolationError
        ``premises_outside_quarter`` where no quarter, town and district of the day hold the place.
    ForbiddenError
        Without the right to write premises there.
    """
    (problem,) = _registered(session, actor, [new], today) or (None,)
    if problem is not None:
        field = problem.fields.get("field", "code")
        said = {**problem.fields, "field": field}
        raise _REFUSALS.get(problem.code, InputError)(problem.code, **said)
    after = {"on": new.on, "group_renting": new.group_renting, "cooperating": new.cooperating}
    record(session, actor, "premises.register", f"premises:{new.code}", after=after)


def register_many(session: Session, actor: Actor, new: Sequence[NewPremises], *, today: date) -> list[Problem]:
    """Register all premises that can be, and return why the others cannot, by row.

    Raises
    ------
    ForbiddenError
        Without the right to write premises where one of them lies.
    """
    problems = _registered(session, actor, new, today)
    record(session, actor, "premises.import", "premises:*", after={"count": len(new) - len(problems)})
    return problems


def flag(
    session: Session,
    actor: Actor,
    code: str,
    on: date,
    *,
    today: date,
    group_renting: bool | None = None,
    cooperating: bool | None = None,
) -> None:
    """Say from a day on that premises are let to groups, or whether they cooperate; None leaves it as it is.

    The colour follows at once, by the rubric of the inspection that gave the score, and when they are due only with it.

    Raises
    ------
    NotFoundError, ConflictError, ForbiddenError
        As :func:`gridmgmt.premises.states.held_row`.
    InputError
        ``premises_unchanged``; ``premises_in_future``.
    """
    check_day(on, today)
    row = held_row(session, actor, code, on)
    before = {"group_renting": row.group_renting, "cooperating": row.cooperating, "colour": row.colour}
    wanted = {"group_renting": group_renting, "cooperating": cooperating}
    flags = {name: before[name] if value is None else value for name, value in wanted.items()}
    if all(flags[name] == before[name] for name in flags):
        raise InputError("premises_unchanged", field="code", value=code)
    found: Values = {**values_of(row), **flags}
    if row.inspection_id is not None:
        inspection = session.get_one(PremisesInspection, row.inspection_id)
        rubric = rubric_named(session, inspection.rubric)
        judged = by_inspection(inspection, rubric, cooperating=bool(flags["cooperating"]))
        if judged["colour"] != row.colour:
            found |= judged
    turn(session, row, [begun(found, on, PremisesChange.FLAGGED)])
    after = {"on": on, **flags, "colour": found["colour"]}
    record(session, actor, "premises.flag", f"premises:{code}", before=before, after=after)


def end(session: Session, actor: Actor, code: str, on: date, *, today: date) -> Premises:
    """Take premises off the register from a day on and return what was said of them last; it stays.

    Raises
    ------
    NotFoundError, ConflictError, ForbiddenError
        As :func:`gridmgmt.premises.states.held_row`.
    InputError
        ``premises_in_future``.
    """
    check_day(on, today)
    row = held_row(session, actor, code, on)
    row.valid_to = on
    session.flush()
    record(session, actor, "premises.end", f"premises:{code}", before={"from": row.valid_from}, after={"on": on})
    return row


def _registered(session: Session, actor: Actor, new: Sequence[NewPremises], today: date) -> list[Problem]:
    """Store those that can be registered and return the problems of the others."""
    good, problems = _judged(session, new, today)
    held_by: dict[str, dict[AreaLevel, str]] = {}
    for day in sorted({each.on for each in good}):
        of_day = [each for each in good if each.on == day]
        found = places.holders(session, [(each.lon, each.lat) for each in of_day], day)
        held_by.update(zip((each.code for each in of_day), found, strict=True))
    rows = []
    for each in good:
        areas = held_by[each.code]
        if not areas.keys() >= queries.LEVEL_COLUMNS.keys():
            said = {"value": each.code, "lon": each.lon, "lat": each.lat, "on": each.on}
            problems.append(Problem(each.row, "premises_outside_quarter", said))
        else:
            rows.append(_row(each, areas))
    for codes in {tuple(held_by[row["code"]].values()) for row in rows}:
        require(actor, Permission.PREMISES_WRITE, areas=codes)
    if rows:
        session.execute(insert(Premises), rows)
    return sorted(problems, key=lambda problem: problem.row or 0)


def _judged(session: Session, new: Iterable[NewPremises], today: date) -> tuple[list[NewPremises], list[Problem]]:
    """Return those that may be registered as far as one can tell without their place, and why the others may not."""
    asked = list(new)
    used = queries.used_codes(session, [each.code for each in asked])
    good: dict[str, NewPremises] = {}
    problems = []
    for each in asked:
        try:
            _check(each, today)
        except InputError as error:
            problems.append(Problem(each.row, error.code, error.fields))
            continue
        if each.code in used or each.code in good:
            problems.append(Problem(each.row, "premises_known", {"value": each.code}))
        else:
            good[each.code] = each
    return list(good.values()), problems


def _check(new: NewPremises, today: date) -> None:
    check_day(new.on, today)
    check_position(new.lon, new.lat)
    check_address(new.address)
    if not is_code(new.code):
        raise InputError("premises_code_malformed", field="code", value=new.code)


def _row(new: NewPremises, areas: dict[AreaLevel, str]) -> Values:
    return {
        "code": new.code,
        "address": check_address(new.address),
        "quarter_code": areas[AreaLevel.RESIDENTIAL_QUARTER],
        "middle_code": areas.get(AreaLevel.BASIC_MANAGEMENT_UNIT) or areas.get(AreaLevel.SECTOR),
        "town_code": areas[AreaLevel.TOWN],
        "district_code": areas[AreaLevel.DISTRICT],
        "group_renting": new.group_renting,
        "cooperating": new.cooperating,
        **uninspected(new.on),
        "change": str(PremisesChange.REGISTERED),
        "valid_from": new.on,
        "geom": f"SRID={STORAGE_SRID};POINT({new.lon!r} {new.lat!r})",
    }
