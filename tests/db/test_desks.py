"""Desks of the district on paper, and of the town whose walks are known: history, counts, nearest, reach, whose job.

In the town (see `tests.support.paper_town`) one walks 0.83 m/s; p1 lives 230 m from A at (0, 10), p2 910 m, p3 2010 m.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import sessionmaker

from gridmgmt.access.rules import Actor, Grant, Permission, Role
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.catalogue import service as catalogue
from gridmgmt.catalogue.matters import Fate, ListKind
from gridmgmt.cluster import Cluster
from gridmgmt.db import Session, make_engine, make_sessions
from gridmgmt.desks import queries, service
from gridmgmt.desks.nearest import Walker, nearest_desks
from gridmgmt.desks.queries import DeskFilter
from gridmgmt.desks.reach import AreaReach, desk_reach, public
from gridmgmt.desks.rules import DeskKind, MonthCount, NewDesk, Offer, kind_at_centre
from gridmgmt.desks.whose_job import JobKind, whose_job
from gridmgmt.errors import (
    ConflictError,
    DuplicateCodeError,
    FileRefusedError,
    ForbiddenError,
    GridMgmtError,
    InputError,
    NotFoundError,
    RuleViolationError,
)
from gridmgmt.governance import service as governance
from gridmgmt.governance.queries import completeness_matrix, open_centres
from gridmgmt.governance.rules import SEVEN_CENTRES, SIX_CENTRES, CentreType, NewCentre
from tests.conftest import copy_of
from tests.support import governed, paper_town
from tests.support.actors import TESTER
from tests.support.governed import BEGIN, GUCUN, TOWNS, UNITS
from tests.support.paper_town import DAY

AFFAIRS, HEALTH = CentreType.COMMUNITY_AFFAIRS, CentreType.HEALTH
WEST_TOWN, EAST_TOWN = "310113001", "310113002"
LATER = date(2016, 7, 1)
BAOLIN = "310113003-E1"
OFFICE_HOURS = {"mon-fri": ["08:30-17:00"]}


def middle(code: str) -> tuple[float, float]:
    """Return a place in a town, or in the southern half of it where its units are."""
    column = 8 * list(TOWNS).index(code[:9]) + {"": 1, "U1": 1, "U2": 6}[code[10:]]
    return governed.WEST + (column + 0.5) * governed.STEP, governed.SOUTH + 2 * governed.STEP


def establish(session: Session) -> None:
    """Open every centre and branch with a desk each, and the extension desk of 宝林四村."""
    for code in (*TOWNS, *UNITS):
        town = code[:9]
        for type_ in SEVEN_CENTRES if town.startswith("31011300") else SIX_CENTRES:
            parent = f"{town}-{type_}" if code != town else None
            new = NewCentre(f"{code}-{type_}", type_, f"{code}{type_}", code, BEGIN, parent, lonlat=middle(code))
            governance.add_centre(session, TESTER, new)
    for centre in open_centres(session, BEGIN):
        kind = kind_at_centre(centre.type, branch=centre.parent_code is not None)
        service.add_desk(session, TESTER, NewDesk(centre.code, kind, centre.name, BEGIN, site_code=centre.code))
    service.add_desk(
        session, TESTER,
        NewDesk(
            BAOLIN, DeskKind.EXTENSION_DESK, "社区事务延伸服务点", BEGIN, area_code=BAOLIN[:9], type=AFFAIRS,
            address="宝林四村", lonlat=middle(BAOLIN[:9]), offer=Offer(("老年优待证",), OFFICE_HOURS),
        ),
    )  # fmt: skip


@pytest.fixture(scope="module")
def drawn(module_database_url: str) -> Iterator[Engine]:
    engine = make_engine(module_database_url)
    with make_sessions(engine).begin() as session:
        governed.build(session)
        establish(session)
        catalogue.load_builtin(session, TESTER, today=BEGIN)
        catalogue.load_builtin_matters(session, TESTER, today=BEGIN)
    yield engine
    engine.dispose()


def rolled_back(engine: Engine) -> Iterator[Session]:
    with engine.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()


@pytest.fixture
def district(drawn: Engine) -> Iterator[Session]:
    yield from rolled_back(drawn)


def bound_to(code: str) -> Actor:
    grant = Grant(Role.ADMINISTRATOR, frozenset({Permission.GOVERNANCE_WRITE}), AreaLevel.TOWN, code)
    return replace(TESTER, grants=(grant,))


def refused(code: str, action: object, *arguments: object) -> None:
    with pytest.raises(GridMgmtError) as error:
        action(*arguments)  # type: ignore[operator]  # a service
    assert error.value.code == code


def test_six_centres_and_their_branches_have_a_desk_each(district: Session) -> None:
    """六个中心 + 分中心: 4 units by 6 types are 24 branches, each with a desk under a centre of its type and town."""
    branches = queries.desks_on(district, BEGIN, DeskFilter(kind=DeskKind.BRANCH))
    assert {(desk.area_code, desk.type) for desk in branches} == {(unit, str(t)) for unit in UNITS for t in SIX_CENTRES}
    assert len(branches) == 24
    tallies = {tally.group: tally.present for tally in completeness_matrix(district, BEGIN).tallies}
    assert tallies == {"town": 54, "basic_management_unit": 24, "subdistrict": 21}


def test_subdistricts_have_six_centres_and_the_one_of_social_organisations(district: Session) -> None:
    """街道: 6 centres + 社会组织服务中心: 3 subdistricts by 7 are 21 desks, 3 of them of social organisations."""
    streets = [code for code in TOWNS if code.startswith("31011300")]
    desks = [desk for desk in queries.desks_on(district, BEGIN) if desk.area_code in streets and desk.site_code]
    assert len(desks) == 3 * 7 == 21
    social = [desk for desk in desks if desk.kind == DeskKind.SOCIAL_ORGANISATION_CENTRE]
    assert sorted(desk.area_code for desk in social) == streets


def test_the_extension_desk_of_baolin_is_found_and_drawn(district: Session) -> None:
    """社区事务延伸服务点 宝林四村: visible in layer and search."""
    for words in ("宝林四村", "延伸服务点", BAOLIN):
        assert [desk.code for desk in queries.desks_on(district, BEGIN, DeskFilter(q=words))] == [BAOLIN]
    lon, lat = middle(BAOLIN[:9])
    found = queries.desk_on(district, BAOLIN, BEGIN)
    assert (found.lon, found.lat) == pytest.approx((lon, lat), abs=1e-9)
    statement = text("SELECT kind FROM desks WHERE code = :code AND geom && ST_Expand(ST_Point(:x, :y, 4326), 0.001)")
    assert district.scalars(statement, {"code": BAOLIN, "x": lon, "y": lat}).all() == ["extension_desk"]


def test_powers_and_matters_are_two_lists_with_fates_of_their_own(district: Session) -> None:
    """权力清单/事权清单: in = kept + merged + moved + dropped, in each; cases go by that of matters alone."""
    start, end = date(2015, 6, 30), date(2015, 7, 1)
    for kind, before in ((ListKind.MATTERS, 11), (ListKind.POWERS, 8)):
        found = catalogue.matter_changes(district, start, end, kind)
        sums = found.sums
        assert sums.before == before == sums.kept + sums.merged + sums.moved + sums.dropped
        assert found.after.kind is kind
    codes = {kind: set(catalogue.matters_on(district, end, kind).by_code) for kind in ListKind}
    assert codes[ListKind.MATTERS].isdisjoint(codes[ListKind.POWERS])
    in_force = catalogue.catalogue_on(district, end).list_on(end)
    assert in_force is not None
    assert set(in_force.by_code) == codes[ListKind.MATTERS]
    refused("matters_missing", catalogue.matters_on, district, date(2013, 1, 1), ListKind.POWERS)


def test_one_desk_is_read_alone(district: Session) -> None:
    statements: list[str] = []
    event.listen(district.get_bind(), "before_cursor_execute", lambda *told: statements.append(told[2]))
    found = queries.desk_on(district, BAOLIN, BEGIN)
    read = [each for each in statements if "FROM desks" in each]
    assert ["desks.code = " in each for each in read] == [True]
    assert found == next(each for each in queries.desks_on(district, BEGIN) if each.code == BAOLIN)
    refused("desk_unknown", queries.desk_on, district, BAOLIN, date(2000, 1, 1))


def test_what_a_desk_offers_has_a_history_that_nobody_changes(district: Session) -> None:
    code = f"{GUCUN}-{AFFAIRS}"
    service.set_offer(district, TESTER, code, Offer(("G01", "居住证"), OFFICE_HOURS), LATER)
    assert [(row.valid_from, list(row.matters), row.hours) for row in queries.history(district, code)] == [
        (LATER, ["G01", "居住证"], OFFICE_HOURS),
        (BEGIN, [], None),
    ]
    assert queries.desk_on(district, code, BEGIN).matters == []
    refused("ended_already", service.set_offer, district, TESTER, code, Offer(), date(2015, 6, 1))
    service.close_desk(district, TESTER, code, date(2017, 1, 1))
    refused("desk_unknown", queries.desk_on, district, code, date(2017, 1, 1))
    with pytest.raises(DBAPIError), district.begin_nested():
        district.execute(text("UPDATE desks SET name = 'x' WHERE code = :code"), {"code": code})


def test_the_desks_of_a_centre_close_with_it(district: Session) -> None:
    """Also one that is set up at a centre whose end is known; one whose offer changes later is not closed before."""
    centre, branch = f"{GUCUN}-{AFFAIRS}", f"{GUCUN}-U1-{AFFAIRS}"
    end = date(2017, 1, 1)
    service.close_centre(district, TESTER, centre, end)
    refused("desk_unknown", queries.desk_on, district, centre, end)
    assert queries.desk_on(district, centre, LATER).valid_to == end
    assert queries.desk_on(district, branch, end).valid_to is None, "that of a branch stays with the branch"
    late = service.add_desk(district, TESTER, NewDesk("LATE", DeskKind.CENTRE, "x", LATER, site_code=centre))
    assert late.valid_to == end
    actions = district.execute(text("SELECT action FROM changes WHERE object = :o ORDER BY change_id"),
                               {"o": f"desk:{centre}"})  # fmt: skip
    assert list(actions.scalars()) == ["desk.add", "desk.close"]
    service.set_offer(district, TESTER, branch, Offer(("G01",)), end)
    refused("ended_already", service.close_centre, district, TESTER, branch, LATER)


@pytest.mark.parametrize(
    ("new", "error", "code"),
    [
        (NewDesk("a b", DeskKind.CENTRE, "x", BEGIN), InputError, "desk_code_malformed"),
        (NewDesk(BAOLIN, DeskKind.CENTRE, "x", BEGIN), DuplicateCodeError, "desk_code_taken"),
        (NewDesk("D", DeskKind.CENTRE, "x", BEGIN), RuleViolationError, "desk_site_needed"),
        (NewDesk("D", DeskKind.CENTRE, "x", BEGIN, "none"), NotFoundError, "desk_site_unknown"),
        (NewDesk("D", DeskKind.CENTRE, "x", BEGIN, f"{GUCUN}-U1-{HEALTH}"), RuleViolationError, "desk_kind_of_site"),
        (NewDesk("D", DeskKind.JOINT_SERVICE_CENTRE, "x", BEGIN, "none"), NotFoundError, "desk_site_unknown"),
        (NewDesk("D", DeskKind.EXTENSION_DESK, "x", BEGIN), InputError, "value_needed"),
        (NewDesk("D", DeskKind.EXTENSION_DESK, "x", BEGIN, area_code=GUCUN), InputError, "desk_place_missing"),
        (NewDesk("D", DeskKind.EXTENSION_DESK, "x", BEGIN, "none", GUCUN), NotFoundError, "desk_site_unknown"),
    ],
)
def test_a_desk_that_cannot_be_is_refused(district: Session, new: NewDesk, error: type[Exception], code: str) -> None:
    with pytest.raises(error):
        service.add_desk(district, TESTER, new)
    refused(code, service.add_desk, district, TESTER, new)


def test_who_is_bound_to_a_town_writes_for_its_desks_alone(district: Session) -> None:
    other, own = bound_to("310113101"), bound_to(GUCUN)
    code, january = f"{GUCUN}-{AFFAIRS}", date(2015, 1, 1)
    with pytest.raises(ForbiddenError):
        service.set_offer(district, other, code, Offer(), LATER)
    with pytest.raises(ForbiddenError):
        service.record_visits(district, other, [(1, MonthCount(code, january, 1))], source="s", today=LATER)
    service.set_offer(district, own, code, Offer(), LATER)
    taken = service.record_visits(district, own, [(1, MonthCount(code, january, 1))], source="s", today=LATER)
    assert (taken.added, taken.known) == (1, 0)


def test_visits_are_counts_that_come_again_without_harm(district: Session) -> None:
    january, february = date(2016, 1, 1), date(2016, 2, 1)
    rows = [(1, MonthCount(BAOLIN, january, 120)), (2, MonthCount(BAOLIN, february, 95))]

    def record(*counts: tuple[int, MonthCount]) -> tuple[int, int, int]:
        taken = service.record_visits(district, TESTER, counts, source="file", today=LATER)
        return taken.added, taken.changed, taken.known

    assert record(*rows) == (2, 0, 0)
    assert record(*rows) == (0, 0, 2)
    assert record((1, MonthCount(BAOLIN, january, 121)), rows[1]) == (0, 1, 1)
    assert queries.visits_of(district, [BAOLIN], january, february) == {BAOLIN: [(january, 121), (february, 95)]}
    with pytest.raises(FileRefusedError) as error:
        record(rows[0], (2, MonthCount("nobody", january, 1)))
    assert [(problem.row, problem.code) for problem in error.value.problems] == [(2, "desk_unknown")]


def test_no_column_of_desks_could_hold_a_person(district: Session) -> None:
    columns = district.scalars(
        text("SELECT column_name FROM information_schema.columns WHERE table_name = 'desk_visits' ORDER BY 1")
    ).all()
    assert columns == ["desk_code", "month", "source", "visits"]


def test_whose_job_it_is_with_its_past_and_without_a_network(district: Session) -> None:
    """Investment was the subdistrict's until the summer of 2015; where there is no network the answer has no walks."""
    lon, lat = middle("310113008")
    before = whose_job(district, Walker(lon, lat, date(2015, 6, 30)), "招商")
    after = whose_job(district, Walker(lon, lat, date(2015, 7, 1)), "招商")
    assert after.areas[AreaLevel.TOWN] == ("310113008", "张庙街道")

    def holder(found: object, code: str) -> str | None:
        job = next(job for job in found.jobs if job.code == code)  # type: ignore[attr-defined]
        return None if job.department is None else job.department.code

    assert holder(before, "2101") == "310113008-subdistrict_office"
    assert holder(after, "2101") == holder(after, "I01") == "310113-investment_centre"
    moved = next(job for job in after.jobs if job.code == "I01")
    assert [(each.matter.code, each.fate) for each in moved.forerunners] == [("S01", Fate.MOVED), ("S02", Fate.MOVED)]
    assert {job.kind for job in after.jobs} == {JobKind.CASE_TYPE, JobKind.MATTERS, JobKind.POWERS}
    assert (after.walks, after.counter) == (None, None)
    nobody = whose_job(district, Walker(lon, lat, date(2015, 7, 1)), "火星")
    assert nobody.jobs == ()
    assert nobody.territorial is not None
    assert nobody.territorial.area_code == "310113008"
    with pytest.raises(InputError, match="0"):
        whose_job(district, Walker(lon, lat, BEGIN), "  ")


# --- walks -----------------------------------------------------------------------------------------------------------


def at(x_m: float, y_m: float) -> tuple[float, float]:
    ((lon, lat),) = paper_town.degrees([(x_m, y_m)])
    return lon, lat


@pytest.fixture(scope="module")
def walked(test_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The town with desks: W at A, E at (1500, 490), both for community affairs; H for health at (800, 0)."""
    with copy_of(test_cluster) as url:
        engine = make_engine(url)
        load_town(make_sessions(engine), tmp_path_factory.mktemp("town"))
        yield engine
        engine.dispose()


def load_town(sessions: sessionmaker[Session], folder: Path) -> None:
    paper_town.load(sessions, folder)
    with sessions.begin() as session:
        for code, town, type_, place, hours in (
            ("W", WEST_TOWN, AFFAIRS, at(0, 10), OFFICE_HOURS),
            ("E", EAST_TOWN, AFFAIRS, at(1500, 490), None),
            ("H", WEST_TOWN, HEALTH, at(800, 0), {"wed": ["10:00-10:05"]}),
        ):
            governance.add_centre(session, TESTER, NewCentre(code, type_, code, town, DAY, lonlat=place))
            offer = Offer(("居住证" if type_ is AFFAIRS else "签约",), hours)
            service.add_desk(session, TESTER, NewDesk(code, DeskKind.CENTRE, code, DAY, site_code=code, offer=offer))


@pytest.fixture
def town(walked: Engine) -> Iterator[Session]:
    yield from rolled_back(walked)


def ranked(session: Session, place: tuple[float, float], **asked: object) -> list[tuple[str, int, bool | None]]:
    at_ = str(asked.pop("at", "wed 10:00"))
    found = nearest_desks(session, Walker(*place, DAY, at_), **asked)  # type: ignore[arg-type]  # of the test
    return [(each.desk.code, round(each.walk_time_s * 0.83), each.open) for each in found.desks]


def test_desks_are_ranked_by_the_walk_and_open_when_one_arrives(town: Session) -> None:
    """From p1: A is 230 m away, H 20 + 600 m (12.4 minutes: closed by then), E 20 + 1300 + 490 m."""
    assert ranked(town, at(200, 20)) == [("W", 230, True), ("H", 620, False), ("E", 1810, None)]
    assert ranked(town, at(200, 20), matter="居住证") == [("W", 230, True), ("E", 1810, None)]
    assert ranked(town, at(200, 20), wanted=DeskFilter(type=HEALTH)) == [("H", 620, False)]
    assert ranked(town, at(200, 20), matter="没有的事") == []
    assert ranked(town, at(200, 20), at="sun 10:00")[0] == ("W", 230, False)
    assert ranked(town, at(1500, 500))[0] == ("E", 10, None)


def test_the_walks_say_what_they_stand_on_and_off_the_network_there_are_none(town: Session) -> None:
    found = nearest_desks(town, Walker(*at(200, 20), DAY))
    assert [edition.subject for edition in found.inputs] == ["network"]
    assert found.speed_m_per_s == 0.83
    assert found.distance_m == pytest.approx(20, rel=1e-3)
    with pytest.raises(InputError) as error:
        nearest_desks(town, Walker(*at(5000, 0), DAY))
    assert error.value.code == "spot_off_network"


def row_of(rows: tuple[AreaReach, ...], code: str, type_: CentreType) -> AreaReach:
    return next(row for row in rows if (row.code, row.type) == (code, type_))


def test_reach_counts_those_within_fifteen_minutes_by_area_and_type(town: Session) -> None:
    """747 m in 15 minutes. West: p1 10.5, p2 20.25, p5 5 (joined to nothing); East: p3 30, p4 4 (on a lane apart).

    Of W, p1 is within reach; of H, p1 (620 m) and p2 (100 m); of E, p3.
    """
    found = desk_reach(town, DAY)
    west, east = (row_of(found.rows, code, AFFAIRS) for code in (WEST_TOWN, EAST_TOWN))
    assert (west.residents, west.reached, west.reached_own, west.desks) == (35.75, 10.5, 10.5, 1)
    assert (east.residents, east.reached, east.reached_own) == (34, 30, 30)
    assert east.ratio == pytest.approx(30 / 34)
    health = row_of(found.rows, WEST_TOWN, HEALTH)
    assert (health.reached, health.ratio_own) == (30.75, pytest.approx(30.75 / 35.75))
    far = row_of(found.rows, EAST_TOWN, HEALTH)
    assert (far.reached, far.reached_own, far.desks) == (0, 0, 0)
    assert row_of(desk_reach(town, DAY, minutes=12).rows, WEST_TOWN, HEALTH).reached == 20.25  # 12 minutes: 598 m


def test_small_numbers_of_reach_are_withheld_from_the_public(town: Session) -> None:
    """Four of the east town do not reach E, fewer than ten: neither they nor the thirty are told."""
    shown = public(desk_reach(town, DAY), 10)
    assert all(row.reached_own is None for row in shown.rows)
    assert row_of(shown.rows, EAST_TOWN, AFFAIRS).reached is None
    assert row_of(shown.rows, WEST_TOWN, AFFAIRS).reached == 10.5
    assert row_of(shown.rows, WEST_TOWN, HEALTH).ratio is None  # five do not reach it


def test_a_small_number_of_residents_is_withheld_for_every_type(town: Session) -> None:
    found = desk_reach(town, DAY)
    few = replace(row_of(found.rows, EAST_TOWN, AFFAIRS), residents=4.0, reached=0.0, reached_own=0.0)
    rows = tuple(replace(few, type=row.type) if row.code == EAST_TOWN else row for row in found.rows)
    shown = public(replace(found, rows=rows), 10)
    east = [row for row in shown.rows if row.code == EAST_TOWN]
    assert len(east) == len(CentreType)
    assert all((row.residents, row.reached, row.ratio) == (None, None, None) for row in east)
    assert row_of(shown.rows, WEST_TOWN, AFFAIRS).residents == 35.75


def test_a_town_gives_no_unit_away(town: Session) -> None:
    """Of a town's 35.75 residents 30.25 live in its unit: 5.5 elsewhere, whom the difference of the two would tell."""
    found = desk_reach(town, DAY)
    west = [row for row in found.rows if row.code == WEST_TOWN]
    units = tuple(
        replace(
            row, level=AreaLevel.BASIC_MANAGEMENT_UNIT, code=f"{WEST_TOWN}U1", parent=WEST_TOWN, residents=30.25,
            reached=row.reached * 30.25 / 35.75,
        )
        for row in west
    )  # fmt: skip
    shown = public(replace(found, rows=(*found.rows, *units)), 10)
    told = {row.code: row.residents for row in shown.rows if row.code in {WEST_TOWN, f"{WEST_TOWN}U1"}}
    assert None in told.values(), told
    apart = tuple(replace(row, parent="another") for row in units)
    untouched = public(replace(found, rows=(*found.rows, *apart)), 10)
    assert row_of(untouched.rows, WEST_TOWN, AFFAIRS).residents == 35.75


def test_conflicting_changes_of_a_desk_are_told(town: Session) -> None:
    service.close_desk(town, TESTER, "H", date(2026, 6, 1))
    with pytest.raises(ConflictError):
        service.close_desk(town, TESTER, "H", date(2026, 5, 1))
