"""Registers of cases by a mapping: what is taken, flagged and refused, and that taking one again adds nothing."""

from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from gridmgmt import imports
from gridmgmt.cases.models import Case
from gridmgmt.cases.rules import CaseKind, CaseSource, CaseState
from gridmgmt.casework.history import check
from gridmgmt.casework.models import CaseMove
from gridmgmt.casework.queries import every_case, every_log
from gridmgmt.casework.replay import breaks, differences, replay
from gridmgmt.errors import FileRefusedError, InputError
from gridmgmt.feed.watcher import sound_alarms
from gridmgmt.imports import Labels, Outcome
from gridmgmt.ingest.case_mapping import KINDS, SOURCES, STATES, CaseMapping, make_mapping, read_mapping
from gridmgmt.ingest.cases import read_cases
from gridmgmt.settings import PROJECT_DIR
from tests.support.actors import TESTER
from tests.support.division import block, draw, spot
from tests.support.drafts import take_into_force

MAPPING = """
register = "hotline"
zone = "America/New_York"
time_format = "%m/%d/%Y %I:%M:%S %p"
default_point = [121.405, 31.305]
source = "leader"

[columns]
case_no = "NO"
case_type = "WHAT"
case_status = "HOW"
reported_at = "IN"
due_at = "BY"
closed_at = "OUT"
source = "VIA"
lon = "X"
lat = "Y"

[states]
"in work" = "handling"
done = "closed"

[sources]
App = "public"

[types]
Lamp = "0114"

[flags]
loud = "WHAT~Noise"
"""
HEAD = "NO,WHAT,HOW,IN,BY,OUT,VIA,X,Y\n"
FILE = (
    "A-1,Lamp,DONE,01/02/2015 12:00:00 AM,01/02/2015 06:00:00 AM,01/02/2015 05:00:00 AM,App,121.401,31.301\n"
    "A-2,Noise,in work,07/02/2015 01:30:00 PM,07/03/2015 01:30:00 PM,,Radio,121.405,31.305\n"
    "A-3,Lamp,done,01/03/2015 08:00:00 AM,,01/03/2015 07:59:30 AM,app,121.402,31.303\n"
)
BAD = (
    "B-1,Lamp,lost,01/02/2015 12:00:00 AM,,,App,121.401,31.301\n"
    "B-2,Lamp,done,02/30/2015 12:00:00 AM,,,App,121.401,31.301\n"
    "B-3,Lamp,done,01/03/2015 08:00:00 AM,,01/03/2015 07:58:59 AM,App,121.401,31.301\n"
)
FIRST, SECOND = date(2014, 1, 1), date(2015, 7, 1)


@pytest.fixture
def mapping(tmp_path: Path) -> CaseMapping:
    file = tmp_path / "map.toml"
    file.write_text(MAPPING, encoding="utf-8")
    return read_mapping(file)


def take(session: Session, folder: Path, rows: str, mapping: CaseMapping, name: str = "hotline 2015") -> Outcome:
    file = folder / "register.csv"
    file.write_text(HEAD + rows, encoding="utf-8")
    return imports.import_cases(
        session, TESTER, read_cases(file, mapping), Labels(name, "paper", FIRST, synthetic=True)
    )


def test_what_a_mapping_may_say_is_what_cases_are() -> None:
    assert (set(STATES), set(SOURCES), set(KINDS)) == (set(CaseState), set(CaseSource), set(CaseKind))


def test_a_register_is_taken_with_its_areas_flags_and_log(
    session: Session, tmp_path: Path, mapping: CaseMapping
) -> None:
    """Midnight in Boston in winter is 05:00 UTC, 13:30 in summer 17:30; the towns changed hands on July 1st."""
    draw(session, "2014", FIRST, {"310A": block(0, 0, 8, 8)})
    take_into_force(session, "2014")
    draw(session, "2015", SECOND, {"310B": block(0, 0, 8, 8)})
    take_into_force(session, "2015")
    assert spot(1, 1) == pytest.approx((121.401, 31.301))
    outcome = take(session, tmp_path, FILE, mapping)
    assert (outcome.taken, outcome.new, outcome.details["flagged"]) == (
        3, True, {"loud": 1, "default_point": 1, "closed_before_reported": 1},
    )  # fmt: skip
    first, second, third = session.scalars(select(Case).order_by(Case.case_no))
    assert (first.reported_at, first.due_at, first.closed_at) == (
        datetime(2015, 1, 2, 5, tzinfo=UTC), datetime(2015, 1, 2, 11, tzinfo=UTC), datetime(2015, 1, 2, 10, tzinfo=UTC),
    )  # fmt: skip
    assert second.reported_at == datetime(2015, 7, 2, 17, 30, tzinfo=UTC)
    assert [(c.type, c.state, c.source, c.urgency, c.town_code) for c in (first, second, third)] == [
        ("0114", "closed", "public", "on_time", "310A"),
        ("Noise", "handling", "leader", "overdue", "310B"),
        ("0114", "closed", "public", "no_deadline", "310A"),
    ]
    assert [sorted(c.flags) for c in (first, second, third)] == [
        [],
        ["default_point", "loud"],
        ["closed_before_reported"],
    ]
    logs = {
        case_id: [entry for _, entry in own] for case_id, own in groupby(every_log(session), key=lambda pair: pair[0])
    }
    for case_id, _, facts in every_case(session):
        assert breaks(logs[case_id]) == []
        assert differences(facts, replay(logs[case_id])) == {}


def test_open_cases_of_a_register_are_warned_of(session: Session, tmp_path: Path, mapping: CaseMapping) -> None:
    """Eighty years from the report to the deadline leave a quarter of it, 7,305 days, twenty years before."""
    span = "07/02/2015 01:30:00 PM,07/02/2095 01:30:00 PM"
    rows = [
        f"{no},Lamp,{state},{span},{closed},App,121.401,31.301\n"
        for no, state, closed in [("O-1", "in work", ""), ("O-2", "put off", ""), ("O-3", "new", ""),
                                  ("O-4", "done", "07/03/2015 01:30:00 PM")]
    ]  # fmt: skip
    states = {**mapping.states, "put off": "suspended", "new": "accepted"}
    take(session, tmp_path, "".join(rows), mapping.model_copy(update={"states": states}))
    soon, due = datetime(2075, 7, 2, 17, 30, tzinfo=UTC), datetime(2095, 7, 2, 17, 30, tzinfo=UTC)
    columns = select(Case.due_soon_at, Case.next_alarm_at, Case.paused_at.is_not(None)).order_by(Case.case_no)
    assert session.execute(columns).all() == [
        (soon, soon, False), (soon, None, True), (soon, None, False), (None, None, False),
    ]  # fmt: skip
    moment = timedelta(microseconds=1)
    assert [sound_alarms(session, at) for at in (soon, soon + moment, due, due + moment)] == [0, 1, 0, 1]
    moves = select(CaseMove.move).join(Case, Case.case_id == CaseMove.case_id).where(Case.case_no == "O-1")
    assert session.scalars(moves.order_by(CaseMove.move_id)).all() == ["import", "due_soon", "overdue"]
    assert check(session).findings == []


def test_words_of_a_register_are_kept_as_those_of_a_report(
    session: Session, tmp_path: Path, mapping: CaseMapping
) -> None:
    file, row = tmp_path / "words.csv", FILE[: FILE.index("\n")]
    words = ["<b>井盖</b>缺失，水深<5 cm", "\u202egnp.exe\x07", "<script></script>", "<i>" + "井" * 3_996 + "缺失"]
    rows = [f"{row},{word}".replace("A-1", f"W-{k}") for k, word in enumerate(words)]
    file.write_text(HEAD.rstrip() + ",description\n" + "\n".join(rows), encoding="utf-8")
    imports.import_cases(session, TESTER, read_cases(file, mapping), Labels("words", "paper", FIRST, synthetic=True))
    kept = session.scalars(select(Case.description).order_by(Case.case_no)).all()
    assert kept == ["井盖缺失，水深<5 cm", "gnp.exe", None, "井" * 3_996 + "缺"]


def test_taking_a_register_again_adds_what_is_new_and_nothing_else(
    session: Session, tmp_path: Path, mapping: CaseMapping
) -> None:
    take(session, tmp_path, FILE, mapping)
    again = take(session, tmp_path, FILE, mapping)
    assert (again.taken, again.new, again.warnings) == (
        0,
        False,
        (("cases_known", {"count": 3, "register": "hotline"}),),
    )
    grown = take(session, tmp_path, FILE + FILE[: FILE.index("\n") + 1].replace("A-1", "A-4"), mapping, "later")
    assert (grown.taken, grown.new) == (1, True)
    assert session.scalar(select(func.count()).select_from(Case)) == 4
    assert session.scalar(select(func.count()).select_from(CaseMove).where(CaseMove.move == "import")) == 4


def test_a_number_of_another_register_is_refused_with_its_line(
    session: Session, tmp_path: Path, mapping: CaseMapping
) -> None:
    take(session, tmp_path, FILE, mapping)
    other = mapping.model_copy(update={"register_name": "other"})
    with pytest.raises(FileRefusedError) as refusal:
        take(session, tmp_path, FILE, other, "other")
    assert [(problem.row, problem.code) for problem in refusal.value.problems] == [
        (row, "case_no_taken") for row in (2, 3, 4)
    ]


def test_rows_that_cannot_be_are_refused_with_their_lines(
    session: Session, tmp_path: Path, mapping: CaseMapping
) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        take(session, tmp_path, BAD + FILE, mapping)
    assert [(problem.row, problem.code) for problem in refusal.value.problems] == [
        (2, "value_unknown"), (3, "moment_malformed"), (4, "closed_before_reported"),
    ]  # fmt: skip
    assert session.scalar(select(func.count()).select_from(Case)) == 0


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"register": "r", "colour": "red"}, "mapping_refused"),
        ({"zone": "Mars"}, "zone_unknown"),
        ({"states": {"x": "lost"}}, "mapping_value_unknown"),
        ({"columns": {"weight": "W"}}, "mapping_value_unknown"),
        ({"flags": {"f": "no condition"}}, "filter_malformed"),
        ([], "mapping_refused"),
    ],
)
def test_a_mapping_that_says_what_none_says_is_refused(said: object, code: str) -> None:
    with pytest.raises(InputError) as refusal:
        make_mapping(said)
    assert refusal.value.code == code
    assert refusal.value.message("en")


def test_a_mapping_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text("{", encoding="utf-8")
    for name in ("m.json", "none.toml"):
        with pytest.raises(InputError) as refusal:
            read_mapping(tmp_path / name)
        assert refusal.value.code == "mapping_unreadable"


@pytest.mark.long
def test_the_boston_year_is_taken_whole_and_once(session: Session, shared_data: Path) -> None:
    """The numbers are those of the file's description."""
    said = read_mapping(PROJECT_DIR / "docs" / "examples" / "boston_311.toml")
    intake = read_cases(shared_data / "incidents" / "boston_311_2015.csv.gz", said)
    labels = Labels("boston", "City of Boston, ODC PDDL", date(2015, 1, 1))
    outcome = imports.import_cases(session, TESTER, intake, labels)
    assert (outcome.read, outcome.taken, outcome.refused) == (121_145, 121_145, 0)
    flags = dict(session.execute(text("SELECT unnest(flags) AS flag, count(*) FROM cases GROUP BY 1")).all())
    assert flags == {
        "default_point": 17_070, "closed_before_reported": 197, "overdue_by_register": 30_446,
    }  # fmt: skip
    states = dict(session.execute(select(Case.state, func.count()).group_by(Case.state)).all())
    assert states == {"closed": 101_272, "reported": 19_873}
    assert session.scalar(select(func.count(Case.due_at))) == 94_154
    assert session.scalar(select(func.min(Case.reported_at))) == datetime(2015, 1, 1, 5, 20, 9, tzinfo=UTC)
    assert session.scalar(select(func.count()).select_from(CaseMove)) == 121_145
    again = imports.import_cases(session, TESTER, intake, labels)
    assert (again.taken, again.new) == (0, False)
