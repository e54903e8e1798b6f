"""Plans side by side, as they stand, and as re-runs would change them: tables and files, by numbers counted by hand."""

import csv
import io
import json
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
import pytest

from gridmgmt.errors import ConflictError, InputError
from gridmgmt.reports.plans import (
    change_notes,
    comparison_tables,
    plan_notes,
    render_change,
    render_comparison,
    render_plan,
)
from gridmgmt.reports.tables import Table
from gridmgmt.siting.comparison import WALKS, cost_of, side_by_side
from gridmgmt.siting.document import SitingDocument, Terms, canonical_json, text_sha256
from gridmgmt.siting.plan_document import Adoption, Built, Ending, MilestoneStanding, PlanReport, Target
from gridmgmt.siting.plan_models import Plan, PlanRerun
from gridmgmt.siting.plan_rules import MilestoneState, PlanState
from gridmgmt.siting.reruns import changed
from gridmgmt.texts import LANGUAGES, Language
from tests.support.siting_example import CERTIFICATE, PROVEN, TERMS, edition, make_siting, point

MADE = datetime(2026, 3, 2, 1, tzinfo=UTC)
DUE, LAST, LOOKED = date(2026, 6, 30), date(2026, 12, 31), date(2026, 7, 15)
EVIL = "</script><img src=x onerror=alert(1)>"
TWO = make_siting(
    terms=TERMS.model_copy(update={"points": 2}),
    certificate=PROVEN.model_copy(update={"objective": 800.0, "bound": 800.0}),
    chosen=(point(1, 250.0), point(2, 150.0, cost_yuan=None)),
)
METRE = 1 / 110_904.0
"""Degrees of latitude near 31.3°N."""


def plan(name: str, document: SitingDocument) -> Plan:
    text = canonical_json(document)
    return Plan(
        plan_id=1, name=name, note=None, author="wang", made_at=MADE, run_id=1, document=text,
        document_sha256=text_sha256(text), model="max_coverage", points=len(document.chosen), type=document.terms.type,
    )  # fmt: skip


def report(**changes: Any) -> PlanReport:
    """The plan of the example, adopted; its first target is built."""
    document = make_siting()
    targets = tuple(
        Target(
            rank=p.rank, code=p.code or "", name=p.name, lon=p.lon, lat=p.lat, area_code=p.area_code,
            area_name=p.area_name, owner_post="P1", due_on=DUE if p.rank < 3 else LAST, cost_yuan=p.cost_yuan,
            built=Built(code="B", name="新点", distance_m=12.4, by_code=False) if p.rank == 1 else None,
        )
        for p in document.chosen
    )  # fmt: skip
    adoption = Adoption(
        adopted_on=date(2026, 3, 5), adopted_by="li", owner_post="P1", owner_name="张庙街道 · 专员",
        budget_yuan=500_000, left_yuan=-100_000, supersedes="旧规划", on=LOOKED, built=1, targets=targets,
        milestones=(
            MilestoneStanding(on=DUE, points=2, built=1, state=MilestoneState.LATE),
            MilestoneStanding(on=LAST, points=3, built=1, state=MilestoneState.AHEAD),
        ),
    )  # fmt: skip
    values: dict[str, Any] = {
        "name": "张庙 3", "state": PlanState.ADOPTED, "note": None, "author": "wang", "made_at": MADE, "run_id": 7,
        "document_sha256": "ab" * 32, "synthetic": True, "terms": TERMS, "certificate": CERTIFICATE, "points": 3,
        "cost": cost_of(document.chosen), "stale_because": ("population: 人口",), "adoption": adoption, "ending": None,
        "reruns": (),
    }  # fmt: skip
    return PlanReport(**(values | changes))


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def named(tables: tuple[Table, ...], key: str) -> Table:
    return next(table for table in tables if table.key == key)


def test_what_each_plan_achieves_stands_in_one_row() -> None:
    found = side_by_side([plan("three", make_siting()), plan("two", TWO)])
    assert [each.figures.cost.known_yuan for each in found.plans] == [600_000, 100_000]
    assert [each.figures.cost.unknown for each in found.plans] == [0, 1]
    assert [p.also_in for p in found.plans[0].points] == [("two",), ("two",), ()]
    table = rows(render_comparison(found, "csv", "en").content)
    told = [(row["Plan"], row["Points"], row["Covered"], row["Proven best"], row["Lowest area"]) for row in table]
    assert told == [("three", "3", "850", "no", "<b>四居</b>"), ("two", "2", "850", "yes", "<b>四居</b>")]
    assert [float(row["Ratio"]) for row in table] == [0.85, 0.85]


def test_costs_that_nobody_tells_are_no_nought() -> None:
    free = make_siting(chosen=(point(1, 250.0, cost_yuan=None),))
    row, told = rows(render_comparison(side_by_side([plan("a", free), plan("b", TWO)]), "csv", "en").content)
    assert [(each["Cost (yuan)"], each["Points without a cost"]) for each in (row, told)] == [
        ("", "1"),
        ("100000", "1"),
    ]


def test_areas_and_ages_stand_side_by_side() -> None:
    better = make_siting(areas=[area.model_copy(update={"covered_after": area.residents, "ratio_after": 1.0})
                                for area in make_siting().areas])  # fmt: skip
    tables = comparison_tables(side_by_side([plan("a", make_siting()), plan("b", better)]), "en")
    assert named(tables, "areas").rows[3] == ("310113007003", "三居", 200.0, 0.0, 0.75, 1.0)
    assert named(tables, "bands").rows[2] == ("80 and over", 300.0, 100.0, 160.0, 160.0)
    assert [row[0] for row in named(tables, "points").rows] == ["a"] * 3 + ["b"] * 3


def test_a_point_that_is_moved_by_more_than_50_m_is_another() -> None:
    here = point(1, 250.0, code=None)
    for metres, also in ((49.9, ("b",)), (50.1, ())):
        other = make_siting(chosen=(here.model_copy(update={"lat": here.lat + metres * METRE}),))
        found = side_by_side([plan("a", make_siting(chosen=(here,))), plan("b", other)])
        assert found.plans[0].points[0].also_in == also


@pytest.mark.parametrize("name", WALKS)
def test_every_term_of_walking_forbids_comparison(name: str) -> None:
    value = getattr(TERMS, name)
    others = {"types": (*value, "medical")} if name == "types" else {"barriers": ("rail",)}
    wide = {"type": "medical", "trip": "round", "at": "sun 08:00", "residents": "80_plus"}
    other = others.get(name) or wide.get(name) or (value + 1 if isinstance(value, float) else "another")
    terms = Terms.model_validate(TERMS.model_dump() | {name: other})
    with pytest.raises(ConflictError) as refused:
        side_by_side([plan("a", make_siting()), plan("b", make_siting(terms=terms))])
    assert refused.value.code == "plans_of_other_walks"
    assert str(refused.value.fields["differences"]).startswith(f"{name}: ")


def test_model_points_and_search_may_differ() -> None:
    free = {
        "model": "p_median",
        "points": 9,
        "source": "network",
        "spacing_m": 0.0,
        "max_s": 5.0,
        "seed": 9,
        "on": LAST,
    }
    terms = Terms.model_validate(TERMS.model_dump() | free)
    assert len(side_by_side([plan("a", make_siting()), plan("b", make_siting(terms=terms))]).plans) == 2


def test_another_input_is_named_with_the_remedy() -> None:
    moved = edition(make_siting().inputs[1].subject, "人口").model_copy(update={"content_sha256": "ef" * 32})
    other = make_siting(inputs=(make_siting().inputs[0], moved))
    with pytest.raises(ConflictError) as refused:
        side_by_side([plan("a", make_siting()), plan("b", other)])
    assert refused.value.fields["differences"] == "population: 人口"
    assert "plans rerun" in refused.value.message("zh")


def test_a_change_tells_what_becomes_of_each_point() -> None:
    """The first target is built; the second stays 30 m away, the third is left for one elsewhere."""
    second, elsewhere = point(2, 150.0, code=None), point(3, 60.0, code="N", lon=121.5)
    before = make_siting(chosen=(point(1, 250.0), second, point(3, 50.0)))
    after = make_siting(
        chosen=(second.model_copy(update={"rank": 1, "lat": second.lat + 30 * METRE}),
                elsewhere.model_copy(update={"rank": 2})),
        inputs=(before.inputs[0],), certificate=PROVEN,
    )  # fmt: skip
    found = changed(plan("town", before), PlanRerun(run_id=9, built=[1]), after)
    assert [(p.rank, p.code) for p in found.built] == [(1, "C1")]
    assert [(k.before.rank, k.after.rank, round(k.distance_m)) for k in found.kept] == [(2, 1, 30)]
    assert ([p.code for p in found.left], [p.code for p in found.new]) == (["C3"], ["N"])
    assert [(i.name, i.after) for i in found.inputs] == [("population: 人口", None)]
    assert "1 are built; 1 stay, 1 are left, 1 are new" in change_notes(found, "en")[0]
    table = rows(render_change(found, "csv", "en").content)
    assert [(row["What becomes of it"], row["Rank"], row["Rank in the re-run"]) for row in table] == [
        ("stays", "2", "1"),
        ("built", "1", ""),
        ("left", "3", ""),
        ("new", "2", ""),
    ]


def test_a_plan_says_how_far_it_is_before_its_numbers() -> None:
    built, supersedes, budget, stale = plan_notes(report(), "en")
    assert built.startswith("On 2026-07-15, 1 of 3 are built")
    assert "150 m" in built
    assert "旧规划" in supersedes
    assert "100,000 yuan" in budget
    assert "Residents · 人口" in stale
    ending = Ending(on=LOOKED, by="li", because=None, superseded_by="新规划")
    assert "Superseded on 2026-07-15" in plan_notes(report(ending=ending), "en")[-1]
    ending = Ending(on=LOOKED, by="li", because="售出", superseded_by=None)
    assert plan_notes(report(ending=ending), "zh")[-1].endswith("售出")


def test_targets_are_one_row_each() -> None:
    table = rows(render_plan(report(), LOOKED, "csv", "en").content)
    assert [(row["Code"], row["Due on"], row["Built by"], row["Told by"]) for row in table] == [
        ("C1", "2026-06-30", "B 新点", "position"),
        ("C2", "2026-06-30", "", ""),
        ("C3", "2026-12-31", "", ""),
    ]
    assert [row["Distance (m)"] for row in table] == ["12", "", ""]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_files_are_the_same_each_time_and_hold_what_the_document_holds(lang: Language) -> None:
    found = side_by_side([plan("a", make_siting()), plan("b", TWO)])
    for format_ in ("json", "html", "xlsx", "csv"):
        assert render_comparison(found, format_, lang).content == render_comparison(found, format_, lang).content
        assert render_plan(report(), LOOKED, format_, lang).file_name == f"plan-张庙 3-2026-07-15.{format_}"
    assert json.loads(render_plan(report(), LOOKED, "json", lang).content) == report().model_dump(mode="json")
    book = openpyxl.load_workbook(io.BytesIO(render_plan(report(), LOOKED, "xlsx", lang).content))
    assert [cell.value for cell in book.worksheets[2]["B"]][1:] == ["C1", "C2", "C3"]
    with pytest.raises(InputError):
        render_comparison(found, "docx", lang)


def test_names_of_others_are_text_on_a_page_and_no_formula_in_a_table() -> None:
    evil = make_siting(chosen=(point(1, 250.0, name=EVIL, code="=1+1"),))
    found = side_by_side([plan(EVIL[2:10], evil), plan("b", TWO)])
    page = render_comparison(found, "html", "en").content.decode()
    assert EVIL not in page
    assert "&lt;img src=x" in page
    sheet = render_plan(report(note=EVIL, adoption=None), LOOKED, "html", "en").content.decode()
    assert EVIL not in sheet
    told = render_change(changed(plan("p", evil), PlanRerun(run_id=9, built=[]), TWO), "csv", "en").content
    assert next(row["Code"] for row in rows(told)) == "'=1+1"
