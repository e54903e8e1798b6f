"""The register of managed components: files, history, cases, counts; on the district of the paper.

Component n of a type stands at a spot of the paper's squares; catalogue and departments are the built-in ones.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from gridmgmt.access.models import Change
from gridmgmt.access.rules import Actor, Grant, Permission, Role
from gridmgmt.areas.queries import area_in_force
from gridmgmt.catalogue.service import load_builtin
from gridmgmt.components import queries, service
from gridmgmt.components.queries import ComponentFilter
from gridmgmt.components.rules import (
    COMPONENT_16,
    CodePart,
    ComponentState,
    IdentifierScheme,
    check_identifier,
    scheme_of,
)
from gridmgmt.components.service import ComponentChange
from gridmgmt.db import Session, make_engine, make_sessions
from gridmgmt.errors import ConflictError, FileRefusedError, ForbiddenError, InputError, NotFoundError
from gridmgmt.imports import Labels, Outcome, import_components
from gridmgmt.ingest.components import read_components
from tests.support.actors import TESTER
from tests.support.division import block, spot
from tests.support.paper_district import DACHANG, FIRST, GUCUN, load_district

HEAD = "ObjID,ObjName,ObjState,DeptCode2,DeptCode3,ORDate,lon,lat,材质"
COVER, LAMP = "0102", "0114"
WATER = "310113-water"
MARCH, APRIL, MAY = date(2015, 3, 1), date(2015, 4, 1), date(2015, 5, 1)
EVERY = ComponentFilter()


def code(type_: str, number: int, county: str = "310113") -> str:
    return f"{county}{type_}{number:06d}"


def line(identifier: str, column: float, row: float, **said: str) -> str:
    lon, lat = spot(column, row)
    cells = [said.get(name, "") for name in ("name", "state", "owner", "maintainer", "begun")]
    return ",".join([identifier, *cells, f"{lon:.7f}", f"{lat:.7f}", said.get("material", "")])


def take(
    session: Session, folder: Path, lines: Sequence[str], on: date, *, name: str = "covers", **labels: object
) -> Outcome:
    file = folder / f"{name}.csv"
    file.write_text("\n".join([HEAD, *lines]) + "\n", encoding="gb18030")
    said = Labels(name, "bureau", on, synthetic=True, **labels)
    return import_components(session, TESTER, read_components(file), said)


@pytest.fixture(scope="module")
def drawn(module_database_url: str) -> Iterator[Engine]:
    """A database with the district and the built-in catalogue, which the tests leave as it is."""
    engine = make_engine(module_database_url)
    with make_sessions(engine).begin() as session:
        load_district(session)
        load_builtin(session, TESTER, today=FIRST)
    yield engine
    engine.dispose()


@pytest.fixture
def district(drawn: Engine) -> Iterator[Session]:
    with drawn.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()


COVERS = (
    line(code(COVER, 1), 0.5, 4.5, name="菊泉街1号", maintainer=WATER, begun="2008-05-12", material="铸铁"),
    line(code(COVER, 2), 0.5, 5.5, state="破损", begun="20080512"),
    line(code(LAMP, 1), 6.0, 1.0, name="路灯1"),
)


def test_a_file_becomes_the_register_with_cells_and_types(district: Session, tmp_path: Path) -> None:
    outcome = take(district, tmp_path, COVERS, MARCH)
    assert (outcome.read, outcome.taken, outcome.refused) == (3, 3, 0)
    found = queries.component_summaries(district, MARCH, EVERY)
    assert [(each.code, each.type_code, each.state, each.cell_code) for each in found] == [
        (code(COVER, 1), COVER, "in_use", f"{GUCUN}001001"),
        (code(COVER, 2), COVER, "damaged", f"{GUCUN}001001"),
        (code(LAMP, 1), LAMP, "in_use", None),
    ]
    assert (found[0].name, found[0].maintainer_code, found[0].put_in_service_on) == (
        "菊泉街1号",
        WATER,
        date(2008, 5, 12),
    )
    assert (found[0].lon, found[0].lat) == pytest.approx(spot(0.5, 4.5), abs=1e-7)
    kept = district.scalar(text("SELECT attributes FROM components WHERE code = :code"), {"code": code(COVER, 1)})
    assert kept == {"材质": "铸铁"}
    assert queries.component_summaries(district, MARCH - timedelta(days=1), EVERY) == []


def test_the_same_file_again_adds_nothing(district: Session, tmp_path: Path) -> None:
    take(district, tmp_path, COVERS, MARCH)
    assert take(district, tmp_path, COVERS, MARCH).new is False
    other = take(district, tmp_path, COVERS, APRIL, name="again")
    assert (other.new, other.taken) == (True, 0)
    assert district.scalar(text("SELECT count(*) FROM components")) == 3


def test_what_has_changed_begins_anew_and_the_rest_stays(district: Session, tmp_path: Path) -> None:
    take(district, tmp_path, COVERS, MARCH)
    changed = [line(code(COVER, 2), 0.5, 5.5, state="完好", begun="20080512"), line(code(COVER, 3), 1.5, 5.5)]
    assert take(district, tmp_path, [COVERS[0], *changed], APRIL, name="april").taken == 2
    assert [(each.state, each.valid_from, each.valid_to) for each in queries.history(district, code(COVER, 2))] == [
        ("in_use", APRIL, None),
        ("damaged", MARCH, APRIL),
    ]
    assert queries.component_on(district, code(COVER, 2), APRIL - timedelta(days=1)).state == "damaged"
    assert len(queries.component_summaries(district, APRIL, EVERY)) == 4


def test_an_edition_that_is_replaced_ends_what_the_new_one_lacks(district: Session, tmp_path: Path) -> None:
    take(district, tmp_path, COVERS, MARCH)
    take(district, tmp_path, COVERS[1:], APRIL, name="april", replaces="covers")
    left = queries.component_summaries(district, APRIL, EVERY)
    assert [each.code for each in left] == [code(COVER, 2), code(LAMP, 1)]
    assert queries.component_on(district, code(COVER, 1), MARCH).valid_to == APRIL


def test_every_bad_row_is_named_and_nothing_is_kept_by_half(district: Session, tmp_path: Path) -> None:
    lines = [
        COVERS[0],
        line("31011301020000", 0.5, 4.5),
        line("310113010200000A", 0.5, 4.5),
        line(code(COVER, 0), 0.5, 4.5),
        line(code(COVER, 2, county="310112"), 0.5, 4.5),
        line(code("0199", 1), 0.5, 4.5),
        line(code("1101", 1), 0.5, 4.5),
        line(code(COVER, 3), 0.5, 4.5, maintainer="nobody"),
        line(code(COVER, 4), 0.5, 4.5, state="旧"),
        line(code(COVER, 5), 0.5, 4.5, begun="2015-02-30"),
        line(code(COVER, 6), 0.5, 4.5),
        line(code(COVER, 6), 0.5, 4.5),
    ]
    with pytest.raises(FileRefusedError) as refused:
        take(district, tmp_path, lines, MARCH, partial=False)
    assert {(problem.row, problem.code) for problem in refused.value.problems} >= {
        (10, "value_unknown"), (11, "date_malformed"), (12, "code_repeated"), (13, "code_repeated"),
    }  # fmt: skip
    outcome = take(district, tmp_path, lines, MARCH, partial=True)
    assert outcome.taken == 1
    assert [(problem.row, problem.code) for problem in outcome.problems] == [
        (3, "component_code_length"),
        (4, "component_code_digits"),
        (5, "component_code_serial"),
        (6, "component_code_county"),
        (7, "component_type_unknown"),
        (8, "component_type_unknown"),
        (9, "component_department"),
        (10, "value_unknown"),
        (11, "date_malformed"),
        (12, "code_repeated"),
        (13, "code_repeated"),
    ]
    assert all(problem.message("en") and problem.message("zh") for problem in outcome.problems)


def test_history_is_not_rewritten_by_an_earlier_file(district: Session, tmp_path: Path) -> None:
    take(district, tmp_path, COVERS, APRIL)
    with pytest.raises(FileRefusedError) as refused:
        take(district, tmp_path, [line(code(COVER, 1), 0.5, 4.5)], MARCH, name="march")
    assert [problem.code for problem in refused.value.problems] == ["component_later"]
    with pytest.raises(DBAPIError, match="are kept"), district.begin_nested():
        district.execute(text("UPDATE components SET state = 'missing'"))


def test_lines_and_surfaces_are_components_too(district: Session, tmp_path: Path) -> None:
    file = tmp_path / "greenery.geojson"
    row = shapely.LineString([spot(0.2, 4.2), spot(0.8, 4.2)])
    frame = {"标识码": [code("0401", 1), code("0402", 1)], "type": ["0401", "0402"]}
    gpd.GeoDataFrame(frame, geometry=[row, block(1, 6, 2, 8)], crs=4326).to_file(file)
    import_components(district, TESTER, read_components(file), Labels("greenery", "bureau", MARCH, synthetic=True))
    found = queries.component_summaries(district, MARCH, EVERY)
    assert [(each.geometry_type, each.cell_code) for each in found] == [
        ("LINESTRING", f"{GUCUN}001001"),
        ("POLYGON", f"{GUCUN}002002"),
    ]
    assert queries.component_geojson(district, code("0402", 1), MARCH)["type"] == "Polygon"


def test_without_catalogue_and_district_the_file_is_believed(session: Session, tmp_path: Path) -> None:
    assert take(session, tmp_path, [line(code("0199", 1, county="420100"), 0.5, 4.5)], MARCH).taken == 1
    assert queries.component_on(session, code("0199", 1, county="420100"), MARCH).cell_code is None


# --- reading ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def register(district: Session, tmp_path: Path) -> Session:
    take(district, tmp_path, COVERS, MARCH)
    return district


def test_lists_follow_every_filter(register: Session) -> None:
    west, south = spot(0, 5)
    east, north = spot(1, 6)
    gucun = area_in_force(register, GUCUN, MARCH).area_id
    both, second, lamp = [code(COVER, 1), code(COVER, 2)], [code(COVER, 2)], [code(LAMP, 1)]
    for wanted, expected in (
        (ComponentFilter(type_code=COVER), both),
        (ComponentFilter(type_code="01"), [*both, *lamp]),
        (ComponentFilter(type_code="02"), []),
        (ComponentFilter(state=ComponentState.DAMAGED), second),
        (ComponentFilter(area_id=gucun), both),
        (ComponentFilter(box=(west, south, east, north)), second),
        (ComponentFilter(cell_code=f"{GUCUN}001001"), both),
        (ComponentFilter(maintainer_code=WATER), both[:1]),
        (ComponentFilter(q="路灯"), lamp),
        (ComponentFilter(q=code(LAMP, 1)[:12]), lamp),
        (ComponentFilter(q="%"), []),
    ):
        assert [each.code for each in queries.component_summaries(register, MARCH, wanted)] == expected, wanted
    second_page = queries.component_summaries(register, MARCH, EVERY, after=both[0], limit=1)
    assert [each.code for each in second_page] == second


def test_counts_by_cell_type_and_state(register: Session) -> None:
    found = queries.component_counts(register, MARCH, EVERY)
    assert [(each.cell_code, each.type_code, each.state, each.components) for each in found] == [
        (f"{GUCUN}001001", COVER, "damaged", 1),
        (f"{GUCUN}001001", COVER, "in_use", 1),
        (None, LAMP, "in_use", 1),
    ]


def test_a_component_lists_its_cases(register: Session) -> None:
    lon, lat = spot(0.5, 4.5)
    for number, state in (("C1", "closed"), ("C2", "reported"), ("C3", "closed")):
        register.execute(
            text(
                "INSERT INTO cases (case_no, kind, type, state, reported_at, component_code, geom) VALUES (:number,"
                " 'component', :type, :state, '2015-03-05T08:00+08:00', :code, ST_SetSRID(ST_MakePoint(:x, :y), 4326))"
            ),
            {"number": number, "type": COVER, "state": state, "code": code(COVER, 1), "x": lon, "y": lat},
        )
    assert [each.case_no for each in queries.cases_of(register, code(COVER, 1))] == ["C2", "C3", "C1"]
    assert queries.cases_of(register, code(COVER, 2)) == []


# --- single changes --------------------------------------------------------------------------------------------------


def of_town(town: str, department: str | None = None) -> Actor:
    grant = Grant(Role.DEPARTMENT, frozenset({Permission.COMPONENTS_WRITE}), "town", town, department)
    return Actor("account", "li", account_id=1, grants=(grant,))


def test_a_change_is_dated_bounded_by_area_and_in_the_log(register: Session) -> None:
    broken = ComponentChange({"state": ComponentState.DAMAGED}, APRIL, "开裂")
    with pytest.raises(ForbiddenError):
        service.change(register, of_town(DACHANG), code(COVER, 1), broken)
    with pytest.raises(ForbiddenError) as others:
        service.change(register, of_town(GUCUN, "310113-greening"), code(COVER, 1), broken)
    assert others.value.code == "component_of_others"
    service.change(register, of_town(GUCUN, WATER), code(COVER, 1), broken)
    past = queries.history(register, code(COVER, 1))
    assert [(each.state, each.valid_from, each.reason) for each in past] == [
        ("damaged", APRIL, "开裂"),
        ("in_use", MARCH, None),
    ]
    assert (past[0].name, past[0].cell_code) == (past[1].name, past[1].cell_code)
    told = register.query(Change).order_by(Change.change_id.desc()).first()
    assert told is not None
    assert (told.action, told.object, told.before) == (
        "component.change",
        f"component:{code(COVER, 1)}",
        {"state": "in_use"},
    )
    # A second thought on the same day replaces the first: what never held is no history.
    service.change(register, TESTER, code(COVER, 1), ComponentChange({"state": ComponentState.MISSING}, APRIL))
    assert [each.state for each in queries.history(register, code(COVER, 1))] == ["missing", "in_use"]


@pytest.mark.parametrize(
    ("facts", "on", "error", "named"),
    [
        ({"state": ComponentState.IN_USE}, APRIL, InputError, "component_unchanged"),
        ({"removed_on": MAY}, APRIL, InputError, "component_removed_state"),
        (
            {"removed_on": date(2000, 1, 1), "state": ComponentState.REMOVED},
            APRIL,
            InputError,
            "component_removed_early",
        ),
        ({"owner_code": "nobody"}, APRIL, NotFoundError, "department_unknown"),
        ({"name": "x"}, FIRST, NotFoundError, "component_unknown"),
    ],
)
def test_a_change_that_cannot_be_is_refused(register: Session, facts, on, error, named) -> None:
    with pytest.raises(error) as refused:
        service.change(register, TESTER, code(COVER, 1), ComponentChange(facts, on))
    assert refused.value.code == named


def test_nothing_is_said_before_what_was_said_last(register: Session) -> None:
    service.change(register, TESTER, code(COVER, 1), ComponentChange({"name": "新名"}, MAY))
    with pytest.raises(ConflictError):
        service.change(register, TESTER, code(COVER, 1), ComponentChange({"name": "旧名"}, APRIL))


# --- identifiers -----------------------------------------------------------------------------------------------------


def test_segments_of_identifiers_are_data(register: Session, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        service.use_scheme(register, TESTER, IdentifierScheme("short", ((CodePart.COUNTY, 6),)), source="-")
    service.use_scheme(
        register, TESTER, scheme_of("own", {"county": 6, "major": 2, "minor": 2, "serial": 4}), source="-"
    )
    assert queries.scheme_in_use(register).form == "6+2+2+4"
    assert take(register, tmp_path, [line("31011301020042", 0.5, 4.5)], APRIL, name="short").taken == 1
    assert queries.component_on(register, "31011301020042", APRIL).type_code == COVER


@pytest.mark.parametrize(
    ("identifier", "stated", "found"),
    [
        (code(COVER, 42), {"type_": COVER, "county": "310113"}, None),
        (code(COVER, 42), {}, None),
        (code(COVER, 42)[1:], {}, "component_code_length"),
        (code(COVER, 42)[:-1] + "４", {}, "component_code_digits"),
        (code(COVER, 0), {}, "component_code_serial"),
        (code(COVER, 42), {"type_": LAMP}, "component_code_type"),
        (code(COVER, 42), {"county": "310112"}, "component_code_county"),
    ],
)
def test_identifiers_of_sixteen_digits(identifier, stated, found) -> None:
    problem = check_identifier(identifier, COMPONENT_16, **stated)
    assert (problem and problem.code) == found
