"""Responsibility grids on real PostGIS: history, cover, who answers for a place and when, files taken whole."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gridmgmt.access.models import Change
from gridmgmt.access.rules import Actor, Grant, Permission, Role
from gridmgmt.areas import service as areas
from gridmgmt.areas.queries import area_in_force
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.editions.service import open_draft
from gridmgmt.errors import (
    FileRefusedError,
    ForbiddenError,
    GridMgmtError,
    InputError,
    NotFoundError,
)
from gridmgmt.ingest.grids import GridRows, read_grids, read_posts
from gridmgmt.responsibility import service
from gridmgmt.responsibility.cover import cover_check
from gridmgmt.responsibility.duty import who_is_responsible
from gridmgmt.responsibility.models import GridMember, OfficerPost, ResponsibilityGrid
from gridmgmt.responsibility.queries import (
    cells_of_grid,
    grid_geojson,
    grid_of_cell,
    grid_summary,
    history,
    kind_names,
    kinds,
)
from gridmgmt.responsibility.rules import NewKind, NewPost
from gridmgmt.responsibility.service import Assignment
from tests.support import paper_grids
from tests.support.actors import TESTER
from tests.support.division import block, spot
from tests.support.drafts import take_into_force
from tests.support.paper_district import add_areas, described
from tests.support.paper_grids import (
    CELLS,
    DAY,
    EASTERN,
    INSPECTION,
    LATER,
    TOWN,
    WEST,
    WESTERN,
    cell,
    grid,
    halves,
)

NEXT = date(2026, 6, 1)
HEADER = ("cell_code", "kind", "grid_code", "grid_name", "post_code", "backup_code", "hours")


@pytest.fixture
def town(session: Session) -> Session:
    paper_grids.build(session)
    return session


def refusal(session: Session, act, *arguments, **named) -> str:
    """The code of the error, and nothing kept."""
    before = counts(session)
    with pytest.raises(GridMgmtError) as refused:
        act(session, TESTER, *arguments, **named)
    assert refused.value.message("en")
    assert refused.value.message("zh")
    assert counts(session) == before
    return refused.value.code


def counts(session: Session) -> list[int]:
    return [session.scalar(select(func.count()).select_from(m)) or 0 for m in (GridMember, ResponsibilityGrid, Change)]


def test_the_kinds_of_the_city_are_there_and_may_be_added_to(town) -> None:
    assert [kind.code for kind in kinds(town)] == ["city_management", "comprehensive", "inspection", "party", "police"]
    service.define_kind(town, TESTER, NewKind("sanitation", "环卫", "Sanitation", {"mon-sun": ["04:00-22:00"]}))
    assert kind_names(town)["环卫"] == kind_names(town)["sanitation"] == "sanitation"


def test_a_grid_keeps_what_it_was(town) -> None:
    """Cell by cell by hand: W has 6 until March, then 5 and E 7; January is not rewritten."""
    halves(town)
    border = cell(2, 1)
    assert service.set_members(town, TESTER, "E", [*EASTERN, border], LATER) == 1
    assert (len(cells_of_grid(town, "W", DAY)), len(cells_of_grid(town, "W", LATER))) == (6, 5)
    assert grid_of_cell(town, INSPECTION, DAY)[border] == "W"
    assert grid_of_cell(town, INSPECTION, LATER)[border] == "E"
    row = service.assign_grid(
        town, TESTER, "W", LATER, Assignment(post="P2", backup="P1", hours={"sat": ["09:00-12:00"]})
    )
    assert (row.post_code, row.backup_code, row.name) == ("P2", "P1", "网格 W")
    assert [(r.post_code, r.valid_to) for r in history(town, "W").grid] == [("P1", LATER), ("P2", None)]
    before = town.scalars(select(Change.before).order_by(Change.change_id.desc()).limit(1)).one()
    assert before["post_code"] == "P1"


def test_a_dissolved_grid_leaves_its_cells_and_its_code_is_never_used_again(town) -> None:
    halves(town)
    service.dissolve_grid(town, TESTER, "E", LATER)
    assert cells_of_grid(town, "E", LATER) == []
    assert set(cover_check(town, INSPECTION, LATER).without_grid) == EASTERN
    assert refusal(town, service.create_grid, grid("E", EASTERN, valid_from=NEXT)) == "grid_code_taken"
    service.create_grid(town, TESTER, grid("E2", EASTERN, "P3", "P4", valid_from=LATER))
    assert cover_check(town, INSPECTION, LATER).findings == 0
    assert refusal(town, service.set_members, "E", EASTERN, LATER) == "grid_unknown"


def test_the_union_of_the_cells_is_the_shape_of_a_grid(town) -> None:
    halves(town)
    shape = grid_geojson(town, "W", DAY)
    assert shape["type"] == "Polygon"
    ring = {tuple(point) for point in shape["coordinates"][0]}
    corners = {tuple(round(v, 7) for v in spot(*corner)) for corner in ((0, 0), (3, 0), (3, 2), (0, 2))}
    assert corners <= ring
    # Three by two cells of 0.001°: 95.3 m by 110.9 m each at 31.3° N.
    assert grid_summary(town, "W", DAY).area_m2 == pytest.approx(6 * 95.28 * 110.87, rel=2e-3)


REFUSED = {
    "grid_kind_unknown": {"kind": "fishing"},
    "post_unknown": {"holder": "P9"},
    "post_of_other_kind": {"holder": "J1"},
    "backup_is_post": {"backup": "P1"},
    "cells_unknown": {"cells": frozenset({"310113008001999"})},
    "grid_without_cells": {"cells": frozenset()},
    "hours_span_malformed": {"hours": {"mon": ["8:30-17:30"]}},
    "hours_overlap": {"hours": {"mon": ["08:00-12:00", "11:00-15:00"]}},
    "value_needed": {"name": " "},
    "grid_code_malformed": {"code": "W 1"},
}


@pytest.mark.parametrize(("code", "changes"), REFUSED.items())
def test_what_cannot_be_a_grid_is_refused_and_nothing_kept(town, code, changes) -> None:
    values = {"code": "W", "cells": WESTERN, **changes}
    assert refusal(town, service.create_grid, grid(**values)) == code


def test_a_cell_is_in_one_grid_of_a_kind(town) -> None:
    halves(town)
    assert refusal(town, service.create_grid, grid("X", frozenset({cell(0, 0)}))) == "cells_in_other_grid"
    police = grid("POL", frozenset(CELLS), "J1", None, kind="police")
    service.create_grid(town, TESTER, police)
    assert set(grid_of_cell(town, "police", DAY)) == set(CELLS)


def test_the_database_itself_holds_one_grid_a_day_and_the_past(town) -> None:
    halves(town)
    twice = "INSERT INTO grid_members (kind, grid_code, cell_code, valid_from) VALUES ('inspection', 'E', :cell, :on)"
    with pytest.raises(DBAPIError, match="ex_grid_members_once"), town.begin_nested():
        town.execute(text(twice), {"cell": cell(0, 0), "on": LATER})
    for statement in ("UPDATE grid_members SET grid_code = 'E'", "DELETE FROM grid_members"):
        with pytest.raises(DBAPIError, match="are kept"), town.begin_nested():
            town.execute(text(statement))


def test_what_is_laid_down_for_later_is_not_written_over(town) -> None:
    halves(town)
    service.set_members(town, TESTER, "E", [*EASTERN, cell(2, 1)], NEXT)
    assert refusal(town, service.set_members, "W", WESTERN - {cell(2, 1)}, LATER) == "membership_planned"
    assert refusal(town, service.dissolve_grid, "W", LATER) == "membership_planned"
    service.assign_grid(town, TESTER, "W", NEXT, Assignment(name="西"))
    assert refusal(town, service.assign_grid, "W", LATER, Assignment(name="西西")) == "ended_already"


def test_a_town_s_dispatcher_writes_in_that_town_alone(town) -> None:
    def dispatcher(code: str) -> Actor:
        return Actor("account", "d", grants=(Grant(Role.DISPATCHER, frozenset({Permission.GRIDS_WRITE}), "x", code),))

    service.create_grid(town, dispatcher(TOWN), grid("W", WESTERN))
    for act in (
        lambda: service.create_grid(town, dispatcher("310113009"), grid("E", EASTERN)),
        lambda: service.set_members(town, dispatcher(WEST), "W", [*WESTERN, cell(3, 0)], LATER),
        lambda: service.dissolve_grid(town, dispatcher("310113009"), "W", LATER),
        lambda: service.define_post(town, dispatcher(TOWN), paper_grids.post("P9")),
    ):
        with pytest.raises(ForbiddenError):
            act()
    assert service.set_members(town, dispatcher(WEST), "W", WESTERN - {cell(0, 0)}, LATER) == 1


def test_the_cover_check_lists_all_that_is_wrong(town) -> None:
    halves(town)
    assert cover_check(town, INSPECTION, DAY).findings == 0
    corner, opposite = cell(0, 1), cell(5, 0)
    service.set_members(town, TESTER, "E", [*(EASTERN - {opposite}), corner], LATER)
    service.assign_grid(town, TESTER, "W", LATER, Assignment(backup=""))
    service.end_post(town, TESTER, "P3", LATER)
    service.define_post(town, TESTER, paper_grids.post("P5"))
    service.define_kind(
        town,
        TESTER,
        NewKind(INSPECTION, "巡查采集", "Inspection", {"mon-fri": ["08:30-18:00"], "sat": ["09:00-10:00"]}),
    )
    found = cover_check(town, INSPECTION, LATER)
    assert (found.cells, found.grids) == (12, 2)
    assert found.without_grid == (opposite,)
    assert [(p.grid, sorted(map(len, p.pieces))) for p in found.in_pieces] == [("E", [1, 5])]
    assert (found.without_post, found.without_backup) == (("E",), ("W",))
    assert found.idle_posts == ("P2", "P5")
    # Half an hour on five days, and an hour on Saturday.
    assert [(each.grid, each.minutes) for each in found.off_duty] == [("E", 210), ("W", 210)]
    assert found.off_duty[0].spans[-1] == "sat 09:00-10:00"


def test_cells_that_touch_at_a_corner_are_not_one_piece(town) -> None:
    service.create_grid(town, TESTER, grid("D", frozenset({cell(0, 0), cell(1, 1)})))
    (pieces,) = cover_check(town, INSPECTION, DAY).in_pieces
    assert len(pieces.pieces) == 2


def test_a_new_edition_of_cells_shows_in_the_cover(town) -> None:
    """Cell 006 of the west becomes 007: the grid still names the old one, and nobody has the new one."""
    halves(town)
    old, new = cell(2, 0), f"{WEST}007"
    draft = open_draft(town, described("2026", LATER))
    add_areas(town, draft, AreaLevel.GRID_CELL, {new: ("网格", block(2, 0, 3, 1))})
    areas.end(town, draft, [area_in_force(town, old, LATER).area_id])
    take_into_force(town, "2026")
    assert cover_check(town, INSPECTION, DAY).findings == 0
    found = cover_check(town, INSPECTION, LATER)
    assert found.without_grid == (new,)
    assert [(gone.cell, gone.grid) for gone in found.gone] == [(old, "W")]
    service.set_members(town, TESTER, "W", [*(WESTERN - {old}), new], LATER)
    assert cover_check(town, INSPECTION, LATER).findings == 0


MOMENTS = [
    (datetime(2026, 1, 5, 0, 29, tzinfo=UTC), False),  # Monday 08:29 in Shanghai
    (datetime(2026, 1, 5, 0, 30, tzinfo=UTC), True),
    (datetime(2026, 1, 5, 9, 29, tzinfo=UTC), True),
    (datetime(2026, 1, 5, 9, 30, tzinfo=UTC), False),
    (datetime(2026, 1, 10, 2, 0, tzinfo=UTC), False),  # Saturday
]


@pytest.mark.parametrize(("at", "on_duty"), MOMENTS)
def test_who_answers_for_a_place(town, at, on_duty) -> None:
    halves(town)
    service.create_grid(town, TESTER, grid("POL", frozenset(CELLS), "J1", None, kind="police", hours={}))
    found = who_is_responsible(town, at, lonlat=spot(0.5, 0.5))
    assert (found.cell, sorted(found.kinds)) == (cell(0, 0), [INSPECTION, "police"])
    mine = found.kinds[INSPECTION]
    assert (mine.grid, mine.post.code, mine.backup.code, mine.on_duty) == ("W", "P1", "P2", on_duty)
    assert (found.kinds["police"].on_duty, found.kinds["police"].backup) == (None, None)
    assert who_is_responsible(town, at, cell=cell(0, 0)) == found


def test_the_day_of_a_moment_is_the_district_s_and_outside_there_is_nobody(town) -> None:
    halves(town)
    service.set_members(town, TESTER, "E", [*EASTERN, cell(2, 1)], LATER)
    midnight = datetime(2026, 2, 28, 16, 0, tzinfo=UTC)  # the first moment of March in Shanghai
    assert who_is_responsible(town, midnight, cell=cell(2, 1)).kinds[INSPECTION].grid == "E"
    assert (
        who_is_responsible(town, datetime(2026, 2, 28, 15, 59, tzinfo=UTC), cell=cell(2, 1)).kinds[INSPECTION].grid
        == "W"
    )
    assert who_is_responsible(town, midnight, lonlat=(121.9, 31.3)).cell is None
    with pytest.raises(NotFoundError):
        who_is_responsible(town, midnight, cell="310113008001999")
    with pytest.raises(InputError):
        who_is_responsible(town, midnight)


def rows_of(code: str, cells: frozenset[str], *said: str) -> Iterator[list[str]]:
    for member in sorted(cells):
        yield [member, "inspection", code, *said]


def read(session: Session, file: Path, rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> GridRows:
    book = openpyxl.Workbook()
    for line in (header, *rows):
        book.active.append(list(line))
    book.save(file)
    return read_grids(file, kinds=kind_names(session))


def take(session: Session, found: GridRows, on: date = DAY) -> service.GridsOutcome:
    assert found.problems == ()
    return service.import_grids(session, TESTER, found.rows, on, source="grids.xlsx")


def test_a_file_of_grids_is_taken_and_again_changes_nothing(town, tmp_path) -> None:
    west = list(rows_of("W", WESTERN, "西网格", "P1", "P2", "mon-fri 08:30-12:00,13:00-17:30"))
    east = [[code, "巡查采集", grid_code, "", "P3", "", ""] for code, _, grid_code in rows_of("E", EASTERN)]
    found = read(town, tmp_path / "g.xlsx", west + east)
    outcome = take(town, found)
    assert (outcome.read, outcome.created, outcome.cells_changed) == (12, 2, 12)
    assert grid_summary(town, "W", DAY).hours == {"mon-fri": ["08:30-12:00", "13:00-17:30"]}
    again = take(town, found, LATER)
    assert (again.created, again.changed, again.known, again.cells_changed) == (0, 0, 2, 0)
    moved = take(town, read(town, tmp_path / "h.xlsx", [*west[:-1], *east, ["310113008001006", *east[0][1:]]]), NEXT)
    assert (moved.changed, moved.known, moved.cells_changed) == (0, 2, 1)
    assert len(cells_of_grid(town, "E", NEXT)) == 7


def test_bad_rows_of_a_file_are_named_and_nothing_is_kept(town, tmp_path) -> None:
    halves(town)
    before = counts(town)
    rows = [
        ["310113008001999", "inspection", "A", "", "", "", ""],
        [cell(0, 0), "inspection", "B", "", "P9", "", ""],
        [cell(0, 1), "inspection", "W", "", "", "", "mon-fri 8-17"],
    ]
    with pytest.raises(FileRefusedError) as refused:
        take(town, read(town, tmp_path / "g.xlsx", rows))
    assert [(problem.row, problem.code) for problem in refused.value.problems] == [
        (2, "cell_unknown"), (3, "post_unknown"), (4, "hours_span_malformed"),
    ]  # fmt: skip
    assert all(p.message("en") and p.message("zh") for p in refused.value.problems)
    assert counts(town) == before


def test_a_cell_of_a_grid_that_the_file_leaves_out_is_refused(town, tmp_path) -> None:
    halves(town)
    with pytest.raises(FileRefusedError) as refused:
        take(town, read(town, tmp_path / "g.xlsx", [[cell(0, 0), "inspection", "N", "", "", "", ""]]))
    assert [(p.row, p.code, p.fields["grid"]) for p in refused.value.problems] == [(2, "cell_in_other_grid", "W")]


def test_rows_that_cannot_be_read_are_refused_by_line(town, tmp_path) -> None:
    rows = [
        [cell(0, 0), "inspection", "A", "", "", "", ""],
        [cell(0, 0), "inspection", "B", "", "", "", ""],
        [cell(0, 0), "police", "C", "", "", "", ""],
        [cell(0, 1), "fishing", "A", "", "", "", ""],
        [cell(1, 1), "inspection", "", "", "", "", ""],
    ]
    found = read(town, tmp_path / "g.xlsx", rows)
    assert [(problem.row, problem.code) for problem in found.problems] == [
        (2, "cell_repeated"), (3, "cell_repeated"), (5, "value_unknown"), (6, "value_missing"),
    ]  # fmt: skip
    assert found.problems[0].fields["rows"] == "3"
    assert (found.read, len(found.rows)) == (5, 1)


@pytest.mark.parametrize(
    "column", ["姓名", "网格员姓名", "手机", "联系电话", "officer_name", "phone", "mobile", "身份证号", "id_card"]
)
def test_a_file_about_persons_is_refused(town, tmp_path, column) -> None:
    file = tmp_path / "posts.csv"
    file.write_text(f"code,name,kind,body,{column}\nP7,岗,inspection,城运,x\n", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_posts(file, kinds=kind_names(town))
    assert (refused.value.code, refused.value.fields["columns"]) == ("personal_column", column)


def test_posts_come_from_a_file_once(town, tmp_path) -> None:
    file = tmp_path / "posts.csv"
    lines = [
        "岗位代码,岗位名称,网格类型,所属单位",
        "P1,巡查员岗 P1,巡查采集,张庙街道城运中心",
        "P8,夜班岗,police,派出所",
    ]
    file.write_text("\n".join(lines) + "\n", encoding="gb18030")
    found = read_posts(file, kinds=kind_names(town))
    news = [(r.row, NewPost(r.code, r.name, r.kind, r.body, DAY)) for r in found.rows]
    outcome = service.import_posts(town, TESTER, news, source="posts.csv")
    assert (outcome.read, outcome.added, outcome.known) == (2, 1, 1)
    assert town.scalar(select(func.count()).select_from(OfficerPost)) == 6
    file.write_text("code,name,kind,body\nP9,张三 13812345678,inspection,城运\n", encoding="utf-8")
    assert [(p.row, p.code) for p in read_posts(file, kinds=kind_names(town)).problems] == [(2, "personal_number")]


def test_a_post_keeps_its_kind(town) -> None:
    assert refusal(town, service.define_post, paper_grids.post("P1", "police")) == "post_kind_fixed"
