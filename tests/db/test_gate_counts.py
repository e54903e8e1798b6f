"""Counts at the five gates of 星星村: pushed, summed, counted, lost, late, published, forgotten; never a person.

The community is a square of the district of the paper, in quarter 003 of 顾村镇.
"""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import TypeVar

import pytest
import shapely
from sqlalchemy import JSON, Engine, LargeBinary, String, Uuid, event, inspect, select, text
from sqlalchemy.exc import DBAPIError

from gridmgmt.access.models import Change
from gridmgmt.access.rules import Actor, Grant, Permission, Role
from gridmgmt.clock import LOCAL_ZONE
from gridmgmt.db import Base, Session, make_engine, make_sessions
from gridmgmt.errors import ConflictError, DuplicateCodeError, ForbiddenError, GeometryError, InputError, NotFoundError
from gridmgmt.gate_counts import queries, service
from gridmgmt.gate_counts.models import GateBin, GateDay, GateHour, ReleasedCount
from gridmgmt.gate_counts.releases import release, release_due
from gridmgmt.gate_counts.retention import forget_old
from gridmgmt.gate_counts.rules import BIN, Bin, FlowClass, Occupancy
from gridmgmt.gate_counts.service import NewCommunity, Pushed
from tests.support.actors import TESTER
from tests.support.division import spot
from tests.support.paper_district import DACHANG, FIRST, GUCUN, load_district

FREE = (String, JSON, LargeBinary, Uuid)
VILLAGE = "XX"
GATES = tuple(f"XX-G{n}" for n in range(1, 6))
DAY = date(2026, 1, 5)
MIDNIGHT = datetime(2026, 1, 5, tzinfo=LOCAL_ZONE)
EIGHT = MIDNIGHT + timedelta(hours=8)
NINE = MIDNIGHT + timedelta(hours=9)
CENSUS = {FlowClass.RESIDENT: 100, FlowClass.NEWCOMER: 800, FlowClass.VISITOR: 0, FlowClass.VEHICLE: 40}
RESIDENT, VISITOR = FlowClass.RESIDENT, FlowClass.VISITOR
Answer = TypeVar("Answer")


def _square(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    return shapely.box(*spot(west, south), *spot(east, north))


@pytest.fixture(scope="module")
def drawn(module_database_url: str) -> Iterator[Engine]:
    """A database with the district and 星星村, which the tests leave as it is."""
    engine = make_engine(module_database_url)
    with make_sessions(engine).begin() as session:
        load_district(session)
        service.add_community(session, TESTER, NewCommunity(VILLAGE, "星星村", _square(3, 1, 4, 2), FIRST))
        for number, code in enumerate(GATES):
            service.add_gate(session, TESTER, VILLAGE, code, spot(3 + number / 5, 1), FIRST)
    yield engine
    engine.dispose()


@pytest.fixture
def village(drawn: Engine) -> Iterator[Session]:
    with drawn.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()


def one(gate: int, quarters: int, entered: int, left: int, name: FlowClass = RESIDENT) -> Bin:
    """The bin of a gate so many quarters of an hour after eight."""
    return Bin(GATES[gate], EIGHT + quarters * BIN, name, entered, left)


def push(session: Session, *bins: Bin, now: datetime = NINE) -> Pushed:
    return service.push(session, TESTER, bins, now)


def take_census(session: Session, at: datetime, now: datetime | None = None, **other: int) -> queries.Census:
    counted = {**CENSUS, **{FlowClass(name): number for name, number in other.items()}}
    return service.take_census(session, TESTER, VILLAGE, at, counted, now or at)


def inside(session: Session, at: datetime, now: datetime | None = None) -> dict[FlowClass, Occupancy] | None:
    return service.inside_at(session, queries.community_named(session, VILLAGE).community_id, at, now or at)


def while_open(engine: Engine, first: Callable[[Session], object], second: Callable[[Session], Answer]) -> Answer:
    """What a second session answers that began before the first one ended, which it does once the second waits."""
    sessions = make_sessions(engine)

    def answer() -> Answer:
        with sessions.begin() as session:
            return second(session)

    with ThreadPoolExecutor(1) as pool:
        with sessions.begin() as session, engine.connect() as watch:
            first(session)
            asked = pool.submit(answer)
            until = time.monotonic() + 5
            while not watch.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                assert time.monotonic() < until, "it does not wait"
                time.sleep(0.01)
        return asked.result(10)


@pytest.fixture
def swept(drawn: Engine) -> Iterator[Engine]:
    """The same database, for tests that commit; what they count and draw is taken away after them."""
    yield drawn
    with make_sessions(drawn).begin() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        for table in ("gate_bins", "gate_censuses", "gate_communities WHERE code <> 'XX'"):
            session.execute(text(f"DELETE FROM {table}"))


def guard(area: tuple[str, str] | None, permission: Permission, gate: str | None = None) -> Actor:
    level, code = area or (None, None)
    grant = Grant(Role.GATE, frozenset({permission}), level, code, gate)
    return Actor("key", "guard", grants=(grant,))


def a_whole_day(session: Session, day: datetime, *, without: int | None = None) -> None:
    """Every bin of a day at all gates, busy enough by day and nearly empty by night."""
    bins = [
        Bin(gate, day + k * BIN, name, busy // 4 if 24 <= k < 88 else k % 3, busy // 4 if 24 <= k < 88 else number % 2)
        for number, gate in enumerate(GATES)
        if number != without
        for k in range(96)
        for name, busy in zip(FlowClass, (40, 120, 12, 30), strict=True)
    ]
    for at in range(0, len(bins), 960):
        push(session, *bins[at : at + 960], now=day + timedelta(days=1))


def test_three_bins_give_who_is_inside_exactly(village: Session) -> None:
    """星星村 五个岗亭: 3 bins of known in and out → O exact, by class."""
    take_census(village, EIGHT)
    push(village, one(0, 0, 4, 31), one(1, 1, 10, 2), one(4, 2, 3, 1, VISITOR))
    assert inside(village, EIGHT + BIN) == {
        RESIDENT: Occupancy(73),
        FlowClass.NEWCOMER: Occupancy(800),
        VISITOR: Occupancy(0),
        FlowClass.VEHICLE: Occupancy(40),
    }
    at_nine = inside(village, NINE)
    assert at_nine is not None
    assert (at_nine[RESIDENT].inside, at_nine[VISITOR].inside) == (100 + 4 - 31 + 10 - 2, 2)


def test_nobody_is_inside_less_than_never(village: Session) -> None:
    """Never negative: shown as 0 with the residual; before the first census nothing is known."""
    assert inside(village, NINE) is None
    take_census(village, EIGHT)
    push(village, one(0, 0, 0, 7, VISITOR))
    at_nine = inside(village, NINE)
    assert at_nine is not None
    assert at_nine[VISITOR] == Occupancy(0, -7)


def test_a_repeated_bin_is_ignored_and_a_differing_one_refused(village: Session) -> None:
    """星星村 五个岗亭: a duplicate bin id is ignored (idempotent); one with other counts → 409, nothing kept."""
    assert push(village, one(0, 0, 4, 31), one(0, 1, 1, 1)) == Pushed(2, 0, 0)
    assert push(village, one(0, 0, 4, 31), one(0, 2, 1, 1)) == Pushed(1, 1, 0)
    with pytest.raises(ConflictError) as refused, village.begin_nested():
        push(village, one(0, 3, 9, 9), one(0, 0, 5, 31))
    assert refused.value.code == "bin_differs"
    assert refused.value.fields["value"] == "XX-G1/20260105T0000Z/resident"
    assert len(village.scalars(select(GateBin)).all()) == 3
    with pytest.raises(InputError, match="两次"):
        push(village, one(0, 3, 1, 1), one(0, 3, 1, 1))


def test_a_late_bin_recomputes_who_is_inside_and_the_residual(village: Session) -> None:
    """星星村 五个岗亭: a late bin re-computes; a census resets the sums, and its residual is kept."""
    take_census(village, EIGHT)
    push(village, one(0, 0, 0, 20))
    taken = take_census(village, NINE, resident=85)
    assert (taken.residual[RESIDENT], taken.residual[VISITOR]) == (85 - 80, 0)
    after_nine = inside(village, NINE)
    assert after_nine is not None
    assert after_nine[RESIDENT].inside == 85, "the sums begin anew"
    assert push(village, one(1, 1, 5, 0), now=NINE + BIN) == Pushed(1, 0, 1)
    village.expire_all()
    number = queries.community_named(village, VILLAGE).community_id
    last, first = queries.censuses(village, number)
    assert (last.residual[RESIDENT], first.residual[RESIDENT]) == (85 - 85, None)
    at_eight = inside(village, EIGHT + 2 * BIN)
    assert at_eight is not None
    assert at_eight[RESIDENT].inside == 100 - 20 + 5


def test_the_same_census_again_changes_nothing_and_another_is_refused(village: Session) -> None:
    take_census(village, EIGHT)
    take_census(village, EIGHT)
    with pytest.raises(ConflictError, match="清点"):
        take_census(village, EIGHT, resident=101)
    with pytest.raises(InputError, match="整点"):
        take_census(village, EIGHT + BIN)


def test_two_who_take_the_same_census_at_once_are_told_the_same(swept: Engine) -> None:
    def taken(session: Session) -> queries.Census:
        return take_census(session, EIGHT)

    assert while_open(swept, taken, taken).counted == CENSUS


def test_a_bin_that_comes_with_a_census_is_in_its_residual(swept: Engine) -> None:
    with make_sessions(swept).begin() as session:
        take_census(session, EIGHT)
    taken = while_open(
        swept,
        lambda session: push(session, one(0, 0, 0, 20)),
        lambda session: take_census(session, NINE, resident=85),
    )
    assert taken.residual[RESIDENT] == 85 - 80


def test_a_key_for_one_gate_takes_no_census_of_the_community(village: Session) -> None:
    quarter = ("residential_quarter", f"{GUCUN}003")
    own = guard(quarter, Permission.GATE_COUNTS_PUSH, GATES[0])
    with pytest.raises(ForbiddenError) as refused:
        service.take_census(village, own, VILLAGE, EIGHT, CENSUS, EIGHT)
    assert refused.value.code == "census_of_others"
    of_all = guard(quarter, Permission.GATE_COUNTS_PUSH)
    assert service.take_census(village, of_all, VILLAGE, EIGHT, CENSUS, EIGHT).counted == CENSUS


def test_a_lost_gate_makes_the_community_stale(village: Session) -> None:
    """星星村 五个岗亭: no bin for more than two → the occupancy is stale, and the gate is named."""
    take_census(village, EIGHT)
    push(village, *(one(gate, 3, 1, 1) for gate in range(5)), now=NINE)
    found = service.own_counts(village, TESTER, VILLAGE, DAY, NINE + 2 * BIN)
    assert (len(found.gates), list(found.lost)) == (5, [])
    push(village, *(one(gate, 4, 0, 0) for gate in range(4)), now=NINE + BIN)
    found = service.own_counts(village, TESTER, VILLAGE, DAY, NINE + 2 * BIN + timedelta(seconds=1))
    assert list(found.lost) == ["XX-G5"]
    number = queries.community_named(village, VILLAGE).community_id
    assert service.lost_gates(village, DAY, NINE + 2 * BIN + timedelta(seconds=1)) == {number: (5, 1)}


def test_a_gate_pushes_and_reads_for_itself_alone(village: Session) -> None:
    quarter = ("residential_quarter", f"{GUCUN}003")
    own = guard(quarter, Permission.GATE_COUNTS_PUSH, GATES[0])
    service.push(village, own, [one(0, 0, 1, 1)], NINE)
    assert len(service.own_bins(village, own, GATES[0], DAY, NINE)) == 1
    elsewhere = guard(("residential_quarter", f"{DACHANG}001"), Permission.GATE_COUNTS_PUSH)
    for actor, gate in ((own, 1), (elsewhere, 0)):
        with pytest.raises(ForbiddenError):
            service.push(village, actor, [one(gate, 1, 1, 1)], NINE)
        with pytest.raises(ForbiddenError):
            service.own_bins(village, actor, GATES[gate], DAY, NINE)
    with pytest.raises(NotFoundError):
        service.push(village, own, [Bin("XX-G9", EIGHT, RESIDENT, 1, 1)], NINE)


def test_exact_counts_are_for_those_who_answer_for_the_community_and_each_look_is_logged(village: Session) -> None:
    inside_it = guard(("town", GUCUN), Permission.GATE_COUNTS_READ)
    service.own_counts(village, inside_it, VILLAGE, DAY, NINE)
    entry = village.scalars(select(Change).order_by(Change.change_id.desc())).first()
    assert entry is not None
    assert (entry.actor, entry.action, entry.object) == ("guard", "gate_counts.read", "gate_community:XX")
    with pytest.raises(ForbiddenError):
        service.own_counts(village, guard(("town", DACHANG), Permission.GATE_COUNTS_READ), VILLAGE, DAY, NINE)


def test_a_day_is_released_once_and_a_late_bin_changes_no_release(village: Session) -> None:
    take_census(village, MIDNIGHT)
    a_whole_day(village, MIDNIGHT, without=4)
    tomorrow = MIDNIGHT + timedelta(days=1)
    with pytest.raises(ConflictError, match="迟到"):
        release(village, TESTER, DAY, tomorrow + timedelta(hours=5), threshold=10)
    assert release_due(village, TESTER, tomorrow + timedelta(hours=7), threshold=10) == [DAY]
    flows = queries.released_flows(village, DAY, community=VILLAGE)
    shown = {(row.gate, row.hour, row.flow_class): (row.entered, row.left) for row in flows}
    assert shown["XX-G1", 8, "persons"] == (170, 170), "40 + 120 + 12, rounded to 5"
    assert shown["XX-G1", 1, "vehicle"] == (None, 0), "4 and 0"
    band = queries.community_bands(village, DAY, DAY)[0]
    assert (band.occupancy_from, band.occupancy_below, band.ratio_from) == (500, 1000, 8)
    assert (band.gates, band.gates_lost, band.by_census) == (5, 1, True)
    push(village, one(4, 0, 500, 0), now=tomorrow)
    assert queries.released_flows(village, DAY, community=VILLAGE) == flows
    for day in (DAY, DAY - timedelta(days=1)):
        with pytest.raises(ConflictError) as refused:
            release(village, TESTER, day, tomorrow + timedelta(days=2), threshold=10)
        assert refused.value.code == "gate_release_made"
    with pytest.raises(DBAPIError, match="kept as they were published"), village.begin_nested():
        village.execute(text("UPDATE gate_released_counts SET entered = 7 WHERE entered IS NULL"))
    assert not village.scalars(select(ReleasedCount).where(ReleasedCount.entered.between(1, 9))).all()


def test_bands_are_withheld_where_they_would_tell_of_counts_that_are(village: Session) -> None:
    """Without a census between them, two bands and the counts of a day hang together."""
    second, third = MIDNIGHT + timedelta(days=1), MIDNIGHT + timedelta(days=2)
    take_census(village, MIDNIGHT)
    push(village, one(0, 0, 4, 3), now=second)
    push(village, Bin(GATES[0], second, RESIDENT, 3, 3), now=third)
    release(village, TESTER, DAY, third, threshold=10)
    release(village, TESTER, DAY + timedelta(days=1), third + timedelta(days=1), threshold=10)
    bands = [queries.community_bands(village, DAY, DAY + timedelta(days=n))[0].occupancy_from for n in (0, 1)]
    assert bands == [500, None]
    take_census(village, third)
    release(village, TESTER, DAY + timedelta(days=2), third + timedelta(days=2), threshold=10)
    assert queries.community_bands(village, DAY, DAY + timedelta(days=2))[0].occupancy_from == 500


def test_a_low_threshold_rounds_to_less(village: Session) -> None:
    push(village, one(0, 0, 7, 3))
    for day, (threshold, rounding) in enumerate([(3, 3), (4, 3), (1, 1)]):
        now = MIDNIGHT + timedelta(days=4)
        assert release(village, TESTER, DAY + timedelta(days=day), now, threshold=threshold).rounding == rounding


def test_bins_are_kept_30_days_hours_a_year_and_days_for_good(village: Session) -> None:
    take_census(village, EIGHT)
    push(village, one(0, 0, 4, 1), one(0, 1, 3, 1), one(0, 4, 2, 1), now=NINE + timedelta(hours=1))
    at_ten = EIGHT + timedelta(hours=2)
    before = inside(village, at_ten)
    forget_old(village, TESTER, EIGHT + timedelta(days=30))
    assert len(village.scalars(select(GateBin)).all()) == 3
    later = EIGHT + timedelta(days=31)
    said: list[str] = []
    event.listen(village.get_bind(), "before_cursor_execute", lambda *given: said.append(given[2]))
    assert forget_old(village, TESTER, later).bins == 3
    assert sum("gate_bins" in each for each in said) == 1, "no bin can come between folding and deleting"
    hours = village.scalars(select(GateHour).order_by(GateHour.start)).all()
    assert [(row.entered, row.left) for row in hours] == [(7, 2), (2, 1)]
    assert inside(village, at_ten) == before, "hours tell what their bins told"
    assert service.oldest_bin(later) > EIGHT
    assert forget_old(village, TESTER, EIGHT + timedelta(days=367)).hours == 2
    days = village.scalars(select(GateDay)).all()
    assert [(row.day, row.entered, row.left) for row in days] == [(DAY, 9, 3)]
    assert inside(village, EIGHT + timedelta(days=367)) is None, "the base is older than what is kept"
    assert inside(village, at_ten, EIGHT + timedelta(days=367)) is None, "and says nothing of its own day either"


def test_communities_are_apart_and_lie_in_a_quarter(village: Session) -> None:
    for code, surface, error in (
        ("YY", _square(3, 1, 4, 1.5), ConflictError),
        (VILLAGE, _square(0, 0, 1, 1), DuplicateCodeError),
        ("ZZ", _square(20, 20, 21, 21), GeometryError),
        ("ZZ", _square(1.5, 3, 4, 4), GeometryError),
    ):
        with pytest.raises(error):
            service.add_community(village, TESTER, NewCommunity(code, "他村", surface, FIRST))
    with pytest.raises(InputError) as refused:
        service.add_community(village, TESTER, NewCommunity("ZZ", "他村", _square(4, 1, 5, 2), date(1, 1, 1)))
    assert refused.value.code == "gate_day_outside"
    assert service.add_community(village, TESTER, NewCommunity("YY", "邻村", _square(4, 1, 5, 2), FIRST)).code == "YY"


def test_of_two_that_overlap_and_are_drawn_at_once_one_is_refused(swept: Engine) -> None:
    def draw(code: str, west: float) -> Callable[[Session], object]:
        new = NewCommunity(code, "他村", _square(west, 3, west + 1, 4), FIRST)
        return lambda session: service.add_community(session, TESTER, new)

    with pytest.raises(ConflictError) as refused:
        while_open(swept, draw("YA", 3), draw("YB", 3.5))
    assert refused.value.code == "gate_community_overlaps"


@pytest.mark.parametrize(
    ("place", "day", "code"),
    [
        ((math.nan, 31.3), FIRST, "position_out_of_range"),
        (spot(3, 3), FIRST, "counting_gate_far"),
        (spot(3, 1), date(2014, 12, 31), "gate_day_outside"),
    ],
)
def test_a_gate_stands_at_its_community_while_there_is_one(
    village: Session, place: tuple[float, float], day: date, code: str
) -> None:
    with pytest.raises(InputError) as refused:
        service.add_gate(village, TESTER, VILLAGE, "XX-G8", place, day)
    assert refused.value.code == code
    near = spot(3, 2.8)
    assert service.add_gate(village, TESTER, VILLAGE, "XX-G8", near, FIRST).code == "XX-G8"


def test_no_table_can_hold_a_person(drawn: Engine) -> None:
    """Schema proof: numbers, moments and members of fixed lists; text is codes and names of places."""
    ours = {name for name in Base.metadata.tables if name.startswith(("gate_", "counting_gates"))}
    assert len(ours) == 9
    texts = {
        "gate_communities": {"code", "name", "quarter_code"},
        "counting_gates": {"code"},
        "gate_releases": {"sha256"},
    }
    schema = inspect(drawn)
    for table in ours:
        free = {each["name"] for each in schema.get_columns(table) if isinstance(each["type"], FREE)}
        free -= {"flow_class"}
        assert free == texts.get(table, set()), table
        assert {key["referred_table"] for key in schema.get_foreign_keys(table)} <= ours
        if any(column["name"] == "flow_class" for column in schema.get_columns(table)):
            assert any("flow_class" in check["sqltext"] for check in schema.get_check_constraints(table))
