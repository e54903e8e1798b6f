"""Planned changes and what-ifs of gates on the town drawn in `tests.support.paper_town`; at 0.83 m/s."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from gridmgmt import imports
from gridmgmt.access.rules import Actor, Grant, Permission, Role
from gridmgmt.analysis.walking.gates import Access
from gridmgmt.db import make_engine, make_sessions, transaction
from gridmgmt.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from gridmgmt.ingest.network import read_network
from gridmgmt.walking import queries, scenarios
from gridmgmt.walking.cache import WARM
from gridmgmt.walking.edits import MOST_EDITS, read_edits
from gridmgmt.walking.gates import GateWhatIf, public_form, what_if
from gridmgmt.walking.service import make_question, walk_state
from tests.support import paper_town
from tests.support.actors import TESTER
from tests.support.paper_gates import load_gates
from tests.support.paper_town import DAY, degrees

QUESTION = make_question(DAY)
PLANNER = Actor("account", "lihua", 1, (Grant(Role.PLANNER, frozenset({Permission.COVERAGE_RUN})),))
IN_WEST = Grant(Role.PLANNER, frozenset({Permission.COVERAGE_RUN}), "town", "310113001")
SPEED = 0.83


@pytest.fixture
def sessions(paper_town_url: str) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(paper_town_url)
    factory = make_sessions(engine)
    yield factory
    engine.dispose()
    WARM.clear()


def at(x: float, y: float) -> dict[str, float]:
    ((lon, lat),) = degrees([(x, y)])
    return {"lon": lon, "lat": lat}


def save(sessions, name, *edits, actor=TESTER, **more) -> queries.Planned:
    with transaction(sessions) as session:
        return scenarios.save(session, actor, name, read_edits(list(edits)), on=DAY, **more)


def metres(sessions, scenario: str | None) -> list[float]:
    with sessions() as session:
        state = walk_state(session, replace(QUESTION, scenario=scenario))
    return [cs / 100 * SPEED if cs < 1 << 30 else np.inf for cs in state.nearest.place_cs.tolist()]


def around(*lengths: float) -> object:
    return pytest.approx(list(lengths), rel=1e-3)


def ask(sessions, code="G1", question=QUESTION, **change) -> GateWhatIf:
    with sessions() as session:
        return what_if(session, question, code, **change)


PATH = {"kind": "add_path", "line": degrees([(500, 0), (1500, 500)]), "name": "short cut"}
NEW_POINT = {"kind": "add_point", "code": "B", "type": "elderly_service_point", **at(1500, 510)}


def test_each_kind_of_edit_changes_the_walks_as_on_paper(sessions, tmp_path) -> None:
    load_gates(sessions, tmp_path)
    plain = around(230, 910, 2010, np.inf, np.inf, np.inf)
    assert metres(sessions, None) == plain
    # From (500, 0) straight to (1500, 500) are 1118.03 m; p5 is 44.72 m from the path, 581.38 m along it.
    save(sessions, "path", PATH)
    assert metres(sessions, "path") == around(230, 910, 510 + 1118.03, np.inf, 510 + 581.38 + 44.72, np.inf)
    save(sessions, "closed", {"kind": "close_street", "line": degrees([(950, -5), (950, 5)])})
    assert metres(sessions, "closed") == around(230, np.inf, np.inf, np.inf, np.inf, np.inf)
    save(sessions, "edge", {"kind": "close_street", "edge": 4})
    assert metres(sessions, "edge") == around(230, 910, np.inf, np.inf, np.inf, np.inf)
    save(sessions, "point", NEW_POINT)
    assert metres(sessions, "point") == around(230, 910, 10, np.inf, np.inf, np.inf)
    save(sessions, "moved", {"kind": "move_point", "code": "A", **at(900, 20)})
    assert metres(sessions, "moved") == around(740, 20, 20 + 600 + 500, np.inf, np.inf, np.inf)
    save(sessions, "none", {"kind": "close_point", "code": "A"})
    assert metres(sessions, "none") == [np.inf] * 6
    save(sessions, "shut", {"kind": "set_gate", "code": "G1", "access": "closed"})
    assert metres(sessions, "shut") == around(230, *[np.inf] * 5)
    save(sessions, "weekend", {"kind": "set_gate", "code": "G1", "hours": {"sat-sun": ["08:00-12:00"]}})
    assert metres(sessions, "weekend") == around(230, *[np.inf] * 5)
    save(
        sessions, "gates", {"kind": "move_gate", "code": "G1", **at(1500, 700)},
        {"kind": "add_gate", "code": "G2", "access": "closed", **at(1200, 0)},
    )  # fmt: skip
    assert metres(sessions, "gates") == around(230, 910, *[np.inf] * 4)
    assert metres(sessions, None) == plain, "what is planned is not yet so"


def test_versions_are_kept_and_the_last_one_is_meant(sessions) -> None:
    assert save(sessions, "plan", PATH).version == 1
    assert metres(sessions, "plan")[2] == pytest.approx(1628, rel=1e-3)
    second = save(sessions, "plan", NEW_POINT, seen_version=1)
    assert (second.version, second.owner, second.network_edition) == (2, "tester", "streets")
    assert metres(sessions, "plan")[2] == pytest.approx(10, rel=1e-2)
    assert metres(sessions, "plan@1")[2] == pytest.approx(1628, rel=1e-3)
    with pytest.raises(ConflictError):
        save(sessions, "plan", PATH, seen_version=1)
    with sessions() as session:
        assert [each.version for each in queries.versions_of(session, second.scenario_id)] == [2, 1]
        assert [(each.name, each.version) for each in queries.scenarios(session)] == [("plan", 2)]
        logged = session.execute(text("SELECT actor, action, object FROM changes WHERE action LIKE 'scenario%'"))
        assert [tuple(row) for row in logged] == [("tester", "scenario.save", "scenario:plan")] * 2


def test_what_is_deleted_is_gone_and_its_name_free(sessions) -> None:
    save(sessions, "plan", PATH)
    with sessions.begin() as session:
        scenarios.delete(session, TESTER, "plan")
    with pytest.raises(NotFoundError):
        metres(sessions, "plan")
    assert save(sessions, "plan", NEW_POINT).version == 1


def test_others_plans_are_not_overwritten_and_rights_end_at_borders(sessions) -> None:
    save(sessions, "mine", PATH)
    with pytest.raises(ForbiddenError, match="mine"):
        save(sessions, "mine", NEW_POINT, actor=PLANNER)
    west = replace(PLANNER, grants=(IN_WEST,))
    save(sessions, "west", {"kind": "move_point", "code": "A", **at(100, 0)}, actor=west)
    with pytest.raises(ForbiddenError):
        save(sessions, "east", NEW_POINT, actor=west)
    with pytest.raises(ForbiddenError):
        save(sessions, "theirs", PATH, actor=replace(PLANNER, grants=()))


REFUSED = [
    ({"kind": "add_path", "line": degrees([(300, 300), (400, 300)])}, "path_joins_nothing"),
    ({"kind": "add_gate", "code": "G", **at(300, 300)}, "gate_off_network"),
    ({"kind": "move_gate", "code": "G", **at(300, 0)}, "planned_gate_unknown"),
    ({"kind": "set_gate", "code": "G", "access": "closed"}, "planned_gate_unknown"),
    ({"kind": "set_gate", "code": "G"}, "scenario_edit_invalid"),
    ({"kind": "add_gate", "code": "G", "hours": {"xyz": ["1"]}, **at(300, 0)}, "scenario_edit_invalid"),
    ({"kind": "close_street", "edge": 99}, "scenario_edge_unknown"),
    ({"kind": "close_street"}, "scenario_edit_invalid"),
    ({"kind": "add_point", "code": "B", "type": "medical", **at(300, 300)}, "point_off_network"),
    ({"kind": "add_point", "code": "A", "type": "medical", **at(300, 0)}, "point_code_taken"),
    ({"kind": "add_point", "code": "B", "type": "pub", **at(300, 0)}, "scenario_edit_invalid"),
    ({"kind": "close_point", "code": "P"}, "service_point_not_open"),
    ({"kind": "add_point", "code": "B", "type": "medical", "lon": 200, "lat": 0}, "scenario_edit_invalid"),
    ({"kind": "dig"}, "scenario_edit_invalid"),
]


def test_edits_that_cannot_be_are_refused_with_their_number(sessions) -> None:
    for edit, code in REFUSED:
        with pytest.raises(InputError) as refused:
            save(sessions, "plan", PATH, edit)
        assert (refused.value.code, refused.value.fields["edit"]) == (code, 2), edit
        with sessions() as session:
            assert queries.scenarios(session) == []


def test_documents_that_are_no_lists_of_edits_are_refused(sessions) -> None:
    for document, code in [
        ("edits", "scenario_document_invalid"), ({"type": "Point"}, "scenario_document_invalid"),
        ([PATH] * (MOST_EDITS + 1), "too_many"),
    ]:  # fmt: skip
        with pytest.raises(InputError) as refused:
            read_edits(document)
        assert refused.value.code == code
    with pytest.raises(InputError) as refused:
        save(sessions, "plan")
    assert refused.value.code == "scenario_empty"
    with pytest.raises(InputError) as refused:
        save(sessions, "a@b", PATH)
    assert refused.value.code == "ck_scenarios_name_plain"


def test_geojson_tells_the_same_edits() -> None:
    lon, lat = degrees([(0, 0)])[0]
    features = [
        {"type": "Feature", "properties": {"kind": "add_path", "name": "short cut"},
         "geometry": {"type": "LineString", "coordinates": PATH["line"]}},
        {"type": "Feature", "properties": {"kind": "add_gate", "code": "G"},
         "geometry": {"type": "Point", "coordinates": [lon, lat, 3.5]}},
    ]  # fmt: skip
    assert read_edits({"type": "FeatureCollection", "features": features}) == read_edits(
        [PATH, {"kind": "add_gate", "code": "G", "lon": lon, "lat": lat}]
    )


def test_a_plan_over_another_network_is_not_taken_for_one_over_this(sessions, tmp_path, monkeypatch) -> None:
    save(sessions, "plan", PATH)
    monkeypatch.setattr(paper_town, "STREETS", [*paper_town.STREETS, [(3000, 0), (3100, 0)]])
    later = DAY + timedelta(days=30)
    with sessions.begin() as session:
        streets = read_network(paper_town.streets_file(tmp_path))
        imports.import_network(session, TESTER, streets, paper_town.labels("newer", valid_from=later))
    with sessions() as session, pytest.raises(ConflictError) as refused:
        walk_state(session, replace(QUESTION, scenario="plan", on=later))
    assert (refused.value.code, refused.value.fields["planned"]) == ("scenario_network_changed", "streets")


def test_closing_a_gate_tells_whom_it_concerns(sessions, tmp_path) -> None:
    load_gates(sessions, tmp_path)
    found = ask(sessions, access=Access.CLOSED)
    assert (found.before.access, found.after.access) == (Access.PUBLIC, Access.CLOSED)
    # p2 (20.25 residents, town 1) and p3 (30, town 2) reach A no more; p2 was within 20 minutes.
    assert {place.place_no: (place.after_s, place.before_point, place.after_point) for place in found.most_changed} == {
        3: (None, "A", None), 4: (None, "A", None),
    }  # fmt: skip
    total = {figures.band: figures for figures in found.total.ages}
    assert (total["60_plus"].residents, found.total.places) == (50.25, 2)
    assert (total["60_plus"].covered_before, total["60_plus"].covered_after) == (20.25, 0)
    assert total["80_plus"].residents == 10.25
    assert total["60_plus"].mean_after_s is None
    assert [(group.code, group.ages[0].residents) for group in found.by_area] == [
        ("310113001", 20.25), ("310113002", 30),
    ]  # fmt: skip


def test_opening_a_gate_tells_minutes_before_and_after(sessions, tmp_path) -> None:
    """A second street from (0, 0) by (0, 400) and (1000, 400) to (1000, 0), with a gate in the first one shut."""
    with sessions.begin() as session:
        lines = [*paper_town.STREETS[:4], [(0, 0), (0, 400)], [(0, 400), (1000, 400)], [(1000, 400), (1000, 0)]]
        rows = [({"highway": "residential"}, "LineString", degrees(line)) for line in lines]
        streets = read_network(paper_town.geojson(tmp_path / "more.geojson", rows))
        later = DAY + timedelta(days=1)
        imports.import_network(session, TESTER, streets, paper_town.labels("more", valid_from=later))
    load_gates(sessions, tmp_path, [("G1", 600, 0, "closed", "")])
    found = ask(sessions, question=replace(QUESTION, on=later), access=Access.PUBLIC, spans=None)
    (change,) = [place for place in found.most_changed if place.place_no == 3]
    # A is on the new street. p2 (900, 0): 390 + 1000 + 400 + 100 = 1890 m around, 910 m by the gate.
    assert (change.before_s * SPEED, change.after_s * SPEED) == around_pair(1890, 910)
    first = found.total.ages[0]
    assert first.mean_after_s < first.mean_before_s
    assert found.total.ages[0].covered_after == 20.25


def around_pair(*lengths: float) -> object:
    return pytest.approx(lengths, rel=1e-3)


def test_what_changes_nothing_concerns_nobody(sessions, tmp_path) -> None:
    load_gates(sessions, tmp_path)
    found = ask(sessions, access=Access.PUBLIC, spans="same")
    assert (found.total.places, found.total.ages[0].residents, found.by_area, found.most_changed) == (0, 0, (), ())
    with pytest.raises(NotFoundError) as unknown:
        ask(sessions, code="G9")
    assert unknown.value.code == "gate_unknown"


def test_the_public_form_has_no_places_no_bands_and_no_small_numbers(sessions, tmp_path) -> None:
    load_gates(sessions, tmp_path)
    found = ask(sessions, access=Access.CLOSED)
    public = public_form(found, threshold=10)
    assert (public.most_changed, public.total.places) == ((), None)
    assert [group.ages[0].band for group in (public.total, *public.by_area)] == ["60_plus"] * 3
    assert {group.ages[0].covered_before for group in (public.total, *public.by_area)} == {None}
    assert [group.ages[0].residents for group in (public.total, *public.by_area)] == [50, 20, 30]
    withheld = public_form(found, threshold=25)
    # 20.25 is small; with the total it could be told from the other.
    assert [group.suppressed for group in withheld.by_area] == [True, True]
    assert [group.ages for group in withheld.by_area] == [(), ()]
