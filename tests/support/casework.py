"""A small world for cases: a catalogue of three types and five departments, and people who may do everything."""

from datetime import date, datetime, timedelta

from gridmgmt.access.rules import Permission
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.calendars.rules import TimeLimit, TimeUnit, WorkCalendar
from gridmgmt.cases.rules import CaseKind, CaseState
from gridmgmt.casework.facts import CaseFacts
from gridmgmt.casework.machine import Mover, Scene
from gridmgmt.catalogue.matters import Matter, MattersList, Words
from gridmgmt.catalogue.rules import Body, BodyKind, CaseType, Catalogue, Department, FilingCondition
from gridmgmt.clock import LOCAL_ZONE

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=LOCAL_ZONE)
"""A plain week of five working days begins; hours are 08:30–12:00 and 13:00–17:30."""
CALENDAR = WorkCalendar()
COVER, STALL, INVESTMENT = "0101", "1101", "2101"
TOWN = "310113109"


def _condition(no: int, amount: float, unit: TimeUnit) -> FilingCondition:
    return FilingCondition(no, Words(f"条件{no}"), TimeLimit(amount, unit), Words("已处置"))


def _type(code: str, kind: CaseKind, body: str | None, *conditions: FilingCondition) -> CaseType:
    responsible = {AreaLevel.DISTRICT: body} if body else {}
    name = Words(f"类型{code}", f"type {code}")
    return CaseType(code, kind, name, code[:2], conditions, responsible, None, "", Words(""), (), frozenset())


def _department(code: str, body: str, level: AreaLevel, area: str) -> Department:
    return Department(code, Words(f"部门{code}", f"department {code}"), body, level, area, None)


CATALOGUE = Catalogue(
    "test",
    date(2000, 1, 1),
    {},
    {
        COVER: _type(
            COVER, CaseKind.COMPONENT, "water",
            _condition(1, 2, TimeUnit.WORKING_DAYS), _condition(2, 3, TimeUnit.URGENT_HOURS),
        ),
        STALL: _type(STALL, CaseKind.EVENT, "police", _condition(1, 8, TimeUnit.WORKING_HOURS)),
        INVESTMENT: _type(INVESTMENT, CaseKind.EVENT, None, _condition(1, 5, TimeUnit.CALENDAR_DAYS)),
    },
    {code: Body(code, BodyKind.DISTRICT_DEPARTMENT, Words(code)) for code in ("water", "police", "grid", "roads")},
    {
        "W": _department("W", "water", AreaLevel.DISTRICT, "310113"),
        "P": _department("P", "police", AreaLevel.DISTRICT, "310113"),
        "R": _department("R", "roads", AreaLevel.DISTRICT, "310113"),
        "T": _department("T", "grid", AreaLevel.TOWN, TOWN),
        "U": _department("U", "grid", AreaLevel.TOWN, "310113008"),
    },
    lists=(
        MattersList("2015", date(2015, 7, 1), (Matter("M1", Words("招商"), "nobody", frozenset({INVESTMENT})),)),
    ),
)  # fmt: skip


def case(type_: str = COVER, source: str = "inspector", state: CaseState = CaseState.REPORTED) -> CaseFacts:
    """Return a case of the town, as reported on Monday."""
    kind = CATALOGUE.types[type_].kind
    return CaseFacts(
        state, kind, type_, source, MONDAY, cell_code="310113109001001", quarter_code="310113109001", town_code=TOWN,
        district_code="310113",
    )  # fmt: skip


def anybody(name: str = "chief", **other: object) -> Mover:
    """Return somebody who may do everything, for every body."""
    return Mover(name, "duty_chief", frozenset(Permission), **other)  # type: ignore[arg-type]  # of the dataclass


def scene(after: timedelta = timedelta()) -> Scene:
    """Return what holds so long after Monday 9:00."""
    return Scene(CALENDAR, CATALOGUE, MONDAY + after)
