"""What a catalogue says, without a database: reading its tables, who answers for what, and the fates of matters."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmgmt.areas.rules import AreaKind, AreaLevel
from gridmgmt.calendars.rules import TimeLimit, TimeUnit
from gridmgmt.cases.rules import CaseKind
from gridmgmt.catalogue import builtin, files
from gridmgmt.catalogue.matters import (
    Fate,
    Matter,
    MatterFate,
    MattersList,
    Words,
    changes_between,
    fate_problems,
    fate_sums,
)
from gridmgmt.catalogue.queries import Place
from gridmgmt.catalogue.rows import Record, Tables
from gridmgmt.catalogue.rules import Catalogue, HoldingReason
from gridmgmt.catalogue.tables import kept, read_catalogue, read_matters
from gridmgmt.clock import LOCAL_ZONE
from gridmgmt.errors import FileRefusedError, InputError, NotFoundError, Problem
from gridmgmt.texts import LANGUAGES

DISTRICT, TOWN, SUBDISTRICT = "310113", "310113109", "310113008"
PLACES = [
    Place(AreaLevel.DISTRICT, None, DISTRICT, "宝山区"),
    Place(AreaLevel.TOWN, AreaKind.TOWN, TOWN, "顾村镇"),
    Place(AreaLevel.TOWN, AreaKind.SUBDISTRICT, SUBDISTRICT, "张庙街道"),
]
IN_TOWN = {AreaLevel.DISTRICT: DISTRICT, AreaLevel.TOWN: TOWN}
IN_SUBDISTRICT = {AreaLevel.DISTRICT: DISTRICT, AreaLevel.TOWN: SUBDISTRICT}
INVESTMENT = "2101"
LAST_BEFORE = datetime(2015, 6, 30, 23, 59, tzinfo=LOCAL_ZONE)
FIRST_AFTER = datetime(2015, 7, 1, 0, 0, tzinfo=LOCAL_ZONE)


def read(tables: Tables) -> Catalogue:
    catalogue, problems = read_catalogue(tables, name="test", valid_from=date(2000, 1, 1))
    assert [problem.message("en") for problem in problems] == []
    return catalogue


def with_lists(catalogue: Catalogue, *lists: MattersList) -> Catalogue:
    return Catalogue(
        catalogue.name, catalogue.valid_from, catalogue.classes, catalogue.types, catalogue.bodies,
        catalogue.departments, lists=lists,
    )  # fmt: skip


@pytest.fixture(scope="module")
def plain() -> Catalogue:
    """The built-in catalogue without any list of matters."""
    return read(builtin.catalogue_tables(PLACES))


@pytest.fixture(scope="module")
def listed(plain: Catalogue) -> Catalogue:
    """The same with both lists of the demo."""
    lists: list[MattersList] = []
    for name, (begins, _) in builtin.LISTS.items():
        found, problems = read_matters(
            builtin.matters_tables(name), name=name, valid_from=begins, before=lists[-1] if lists else None,
            catalogue=plain,
        )  # fmt: skip
        assert problems == ()
        lists.append(found)
    return with_lists(plain, *lists)


def tables(**changed: list[dict[str, str]]) -> Tables:
    """The smallest catalogue, with some tables changed."""
    content = {
        "classes": [{"code": "01", "kind": "component", "name_zh": "公用设施"}],
        "types": [{"code": "0101", "name_zh": "上水井盖", "body_district": "water"}],
        "conditions": [GOOD],
        "bodies": [{"code": "water", "kind": "company", "name_zh": "自来水公司"}],
        "departments": [{"code": "water", "body": "water", "name_zh": "自来水公司"}],
    } | changed
    return {name: tuple(Record(i, row) for i, row in enumerate(rows, start=2)) for name, rows in content.items()}


def codes(given: Tables) -> list[str]:
    return told(read_catalogue(given, name="test", valid_from=date(2000, 1, 1))[1])


def told(problems: Iterable[Problem]) -> list[str]:
    """The codes of problems, each of which has its words in both languages."""
    found = list(problems)
    assert all(problem.message(lang) for problem in found for lang in LANGUAGES)
    return [problem.code for problem in found]


GOOD = {"type": "0101", "no": "1", "text_zh": "缺失", "amount": "3", "unit": "urgent_hours"}
TYPE = {"code": "0101", "name_zh": "x"}
DEPARTMENT = {"code": "a", "body": "water", "name_zh": "x"}
FIELD = {"code": "a", "datatype": "string", "description_zh": "x"}


class TestBuiltin:
    def test_it_has_the_classes_of_the_standard_and_the_extension(self, plain: Catalogue) -> None:
        kinds = Counter(each.kind for each in plain.classes.values())
        assert kinds == {CaseKind.COMPONENT: 5, CaseKind.EVENT: 6}
        assert [each.code for each in plain.classes.values() if each.extension] == ["21"]
        assert len(plain.types) > 60

    def test_every_type_is_whole_in_both_languages(self, plain: Catalogue) -> None:
        for each in plain.types.values():
            assert each.code[:2] == each.class_code
            assert each.kind is plain.classes[each.class_code].kind
            assert each.responsible
            assert [condition.no for condition in each.conditions] == list(range(1, len(each.conditions) + 1))
            said = [
                each.name,
                each.collection,
                *(c.text for c in each.conditions),
                *(c.closing for c in each.conditions),
            ]
            assert all(words.zh and words.en for words in said), each.code

    def test_published_time_limits_stand_as_they_are(self, plain: Catalogue) -> None:
        urgent, days = TimeUnit.URGENT_HOURS, TimeUnit.WORKING_DAYS
        pipe = [each.limit for each in plain.type("1501").conditions]
        assert pipe == [TimeLimit(3, urgent), TimeLimit(8, urgent), TimeLimit(5, days)]
        assert [each.limit for each in plain.type("1404").conditions] == [TimeLimit(3, urgent)]

    def test_departments_are_made_for_the_areas_that_there_are(self, plain: Catalogue) -> None:
        assert plain.department("310113-water").name.zh == "宝山区水务局"
        assert plain.department("310113109-grid_centre").name.zh == "顾村镇城市网格化综合管理中心"
        assert "310113109-subdistrict_office" not in plain.departments  # 顾村 is a town
        assert plain.department("310113008-subdistrict_office").name.zh == "张庙街道办事处"
        assert plain.department("power_company").area_code is None

    def test_siblings_are_mutual_and_fields_of_a_class_are_its_types(self, plain: Catalogue) -> None:
        assert "1402" in plain.type("1403").siblings
        assert "1403" in plain.type("1402").siblings
        assert all(code not in plain.type(code).siblings for code in plain.types)
        assert [each.code for each in plain.type("0114").fields] == ["danger", "lamps_out"]
        assert [each.code for each in plain.type("0101").fields] == ["danger"]

    def test_what_is_not_there_is_named(self, plain: Catalogue) -> None:
        with pytest.raises(NotFoundError, match="9999"):
            plain.type("9999")
        with pytest.raises(NotFoundError, match="nobody"):
            plain.department("nobody")
        with pytest.raises(NotFoundError, match="1, 2, 3"):
            plain.type("1501").condition(4)
        assert plain.type("1501").condition(3).limit.amount == 5


class TestHolder:
    def test_the_body_of_the_lowest_level_comes_first(self, plain: Catalogue) -> None:
        found = plain.holder("1101", IN_TOWN, FIRST_AFTER)
        assert found is not None
        assert (found.department_code, found.level) == ("310113109-grid_centre", AreaLevel.TOWN)
        assert (found.why, found.matter_code, found.passed_over) == (HoldingReason.RESPONSIBLE, None, ())

    def test_without_the_town_the_district_answers(self, plain: Catalogue) -> None:
        found = plain.holder("1101", {AreaLevel.DISTRICT: DISTRICT}, FIRST_AFTER)
        assert found is not None
        assert found.department_code == "310113-greening"

    def test_a_company_serves_everywhere(self, plain: Catalogue) -> None:
        found = plain.holder("0105", IN_TOWN, FIRST_AFTER)
        assert found is not None
        assert (found.department_code, found.level) == ("power_company", None)

    def test_outside_all_areas_there_is_none(self, plain: Catalogue) -> None:
        assert plain.holder("1101", {}, FIRST_AFTER) is None

    def test_where_there_is_no_list_everybody_holds(self, plain: Catalogue, listed: Catalogue) -> None:
        assert plain.holds("power_company", INVESTMENT, FIRST_AFTER)
        assert listed.holds("power_company", INVESTMENT, datetime(2013, 12, 31, tzinfo=LOCAL_ZONE))
        assert listed.holds("power_company", "1101", FIRST_AFTER)  # no list has ever spoken of it

    def test_investment_moves_away_from_the_subdistricts(self, listed: Catalogue) -> None:
        subdistrict, centre = "310113008-subdistrict_office", "310113-investment_centre"
        assert listed.holds(subdistrict, INVESTMENT, LAST_BEFORE)
        assert not listed.holds(centre, INVESTMENT, LAST_BEFORE)
        assert not listed.holds(subdistrict, INVESTMENT, FIRST_AFTER)
        assert listed.holds(centre, INVESTMENT, FIRST_AFTER)
        before = listed.holder(INVESTMENT, IN_SUBDISTRICT, LAST_BEFORE)
        after = listed.holder(INVESTMENT, IN_SUBDISTRICT, FIRST_AFTER)
        assert before is not None
        assert after is not None
        assert (before.department_code, before.matter_code, before.why) == (
            subdistrict,
            "S01",
            HoldingReason.RESPONSIBLE,
        )
        assert (after.department_code, after.matter_code, after.why) == (centre, "I01", HoldingReason.LISTED)
        assert after.passed_over == (subdistrict,)

    def test_the_towns_keep_theirs(self, listed: Catalogue) -> None:
        for moment in (LAST_BEFORE, FIRST_AFTER):
            assert listed.holds("310113109-town_government", INVESTMENT, moment)
            found = listed.holder(INVESTMENT, IN_TOWN, moment)
            assert found is not None
            assert found.department_code == (
                "310113109-town_government" if moment is LAST_BEFORE else "310113-investment_centre"
            )

    def test_a_dropped_matter_is_held_by_nobody(self, plain: Catalogue) -> None:
        old = MattersList("old", date(2014, 1, 1), (Matter("a", Words("甲"), "greening", frozenset({"1101"})),))
        new = MattersList(
            "new", date(2015, 1, 1), (Matter("b", Words("乙"), "water"),), (MatterFate("a", Fate.DROPPED),)
        )
        catalogue = with_lists(plain, old, new)
        assert catalogue.holds("310113-greening", "1101", date(2014, 12, 31))
        assert not catalogue.holds("310113-greening", "1101", date(2015, 1, 1))
        assert catalogue.holder("1101", IN_TOWN, date(2015, 1, 1)) is None
        before = catalogue.holder("1101", IN_TOWN, date(2014, 12, 31))
        assert before is not None
        assert (before.department_code, before.passed_over) == ("310113-greening", ("310113109-grid_centre",))


class TestReading:
    def test_the_smallest_catalogue_is_good(self) -> None:
        found = read(tables()).type("0101")
        assert (found.duplicate_radius_m, found.duplicate_window_h) == (50, 168)

    def test_codes_get_back_the_zeros_that_a_spreadsheet_took(self) -> None:
        changed = tables(
            classes=[{"code": "1", "kind": "部件", "name_zh": "公用设施"}],
            types=[{"code": "101", "name_zh": "上水井盖"}],
            conditions=[{"type": "101", "no": "1", "text_zh": "缺失", "amount": "1.5", "unit": "working_days"}],
        )
        found = read(changed)
        assert found.type("0101").kind is CaseKind.COMPONENT
        assert found.type("0101").conditions[0].limit == TimeLimit(1.5, TimeUnit.WORKING_DAYS)

    def test_where_extensions_begin_is_said_in_the_table_of_settings(self) -> None:
        assert not read(tables()).classes["01"].extension
        assert read(tables(settings=[{"key": "extension_from", "value": "1"}])).classes["01"].extension

    @pytest.mark.parametrize(
        ("changed", "expected"),
        [
            ({"types": [], "conditions": []}, ["table_empty"]),
            ({"types": [TYPE | {"code": "0201"}], "conditions": [GOOD | {"type": "0201"}]}, ["class_unknown"]),
            ({"conditions": []}, ["type_without_condition"]),
            ({"types": [TYPE | {"code": "010A"}], "conditions": [GOOD | {"type": "010A"}]}, ["code_not_of_digits"]),
            ({"types": [{"code": "0101"}]}, ["value_missing"]),
            ({"types": [TYPE | {"body_town": "nobody"}]}, ["code_not_in_catalogue"]),
            ({"types": [TYPE | {"siblings": "0102"}]}, ["code_not_in_catalogue"]),
            ({"types": [TYPE | {"duplicate_radius_m": "-1"}]}, ["number_out_of_bounds"]),
            ({"types": [TYPE] * 2}, ["code_twice"]),
            ({"classes": [{"code": "01", "kind": "thing", "name_zh": "x"}]}, ["choice_of_known"]),
            ({"departments": [DEPARTMENT | {"code": c} for c in "ab"]}, ["department_twice"] * 2),
            ({"departments": [DEPARTMENT | {"area_code": "1"}]}, ["area_by_level_and_code"]),
            ({"departments": [DEPARTMENT | {"parent": "b"}]}, ["code_not_in_catalogue"]),
            ({"settings": [{"key": "extension_from", "value": "0"}]}, ["number_out_of_bounds"]),
            ({"settings": [{"key": "extensions", "value": "21"}]}, ["code_not_in_catalogue"]),
            ({"fields": [FIELD | {"datatype": "singlevaluelist"}]}, ["values_of_lists"]),
            ({"fields": [FIELD | {"values": "a=b"}]}, ["values_of_lists"]),
            (
                {"fields": [FIELD | {"datatype": "singlevaluelist", "values": "ab"}]},
                ["values_malformed", "values_of_lists"],
            ),
            ({"fields": [FIELD | {"type": "0102"}]}, ["code_not_in_catalogue"]),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_told(self, changed: dict[str, list[dict[str, str]]], expected: list[str]) -> None:
        assert codes(tables(**changed)) == expected

    @pytest.mark.parametrize(
        ("cells", "expected"),
        [
            ({"amount": "0"}, "number_out_of_bounds"),
            ({"amount": "1.25"}, "number_not_of_tenths"),
            ({"amount": "soon"}, "number_out_of_bounds"),
            ({"no": "2.5"}, "number_not_whole"),
            ({"unit": "weeks"}, "choice_of_known"),
            ({"type": "0199"}, "code_not_in_catalogue"),
        ],
    )
    def test_a_bad_condition_is_told_with_its_row(self, cells: dict[str, str], expected: str) -> None:
        changed = tables(conditions=[GOOD, {**GOOD, "no": "2", **cells}])
        _, problems = read_catalogue(changed, name="test", valid_from=date(2000, 1, 1))
        assert [(problem.row, problem.code) for problem in problems] == [(3, expected)]
        assert "conditions." in problems[0].message("en")


OLD = {code: Matter(code, Words(code), "town") for code in "abcde"}
NEW = OLD | {"m": Matter("m", Words("m"), "town"), "y": Matter("y", Words("y"), "district")}
FATES = st.builds(
    lambda code, fate: MatterFate(
        code, fate, {Fate.KEPT: code, Fate.MERGED: "m", Fate.MOVED: "y", Fate.DROPPED: None}[fate]
    ),
    st.sampled_from("abcdef"),
    st.sampled_from(Fate),
)


class TestFates:
    @given(st.lists(FATES, max_size=8))
    def test_taken_exactly_when_each_old_matter_has_one_fate(self, fates: list[MatterFate]) -> None:
        problems = told(fate_problems(OLD, NEW, list(enumerate(fates, start=2))))
        assert (not problems) == (sorted(fate.code for fate in fates) == list("abcde"))

    @given(st.permutations("abcde"), st.lists(st.sampled_from(Fate), min_size=5, max_size=5))
    def test_one_fate_each_adds_up(self, order: list[str], given_fates: list[Fate]) -> None:
        into = {Fate.MERGED: "m", Fate.MOVED: "y", Fate.DROPPED: None}
        fates = [MatterFate(c, f, into.get(f, c)) for c, f in zip(order, given_fates, strict=True)]
        assert list(fate_problems(OLD, NEW, list(enumerate(fates)))) == []
        sums = fate_sums(OLD, NEW, fates)
        assert sums.before == 5 == sums.kept + sums.merged + sums.moved + sums.dropped
        assert sums.after == 7 == sums.added + len({fate.into for fate in fates} - {None})

    def test_matters_without_and_with_two_fates_are_listed(self) -> None:
        fates = [
            (2, MatterFate("a", Fate.KEPT, "a")),
            (3, MatterFate("b", Fate.DROPPED)),
            (4, MatterFate("b", Fate.KEPT, "b")),
        ]
        found = [(each.row, each.code, each.fields["value"]) for each in fate_problems(OLD, NEW, fates)]
        missing = [(None, "fate_missing", code) for code in "cde"]
        assert found == [*missing, (3, "fate_repeated", "b"), (4, "fate_repeated", "b")]

    @pytest.mark.parametrize(
        ("fate", "expected"),
        [
            (MatterFate("a", Fate.KEPT, "y"), "fate_kept_elsewhere"),
            (MatterFate("a", Fate.MOVED, "m"), "fate_moved_nowhere"),
            (MatterFate("a", Fate.MERGED, "z"), "fate_into_unknown"),
            (MatterFate("a", Fate.KEPT), "fate_into_unknown"),
            (MatterFate("a", Fate.DROPPED, "a"), "fate_dropped_into"),
            (MatterFate("a", Fate.KEPT, "b"), "fate_kept_together"),
        ],
    )  # fmt: skip
    def test_a_fate_that_contradicts_the_lists_is_refused(self, fate: MatterFate, expected: str) -> None:
        rest = [(i, MatterFate(code, Fate.KEPT, code)) for i, code in enumerate("bcde")]
        assert expected in told(fate_problems(OLD, NEW, [(9, fate), *rest]))

    def test_the_demo_lists_add_up(self, listed: Catalogue) -> None:
        found = changes_between(listed.lists, date(2015, 6, 30), date(2015, 7, 1))
        assert found is not None
        sums = found.sums
        assert (sums.before, sums.kept, sums.merged, sums.moved, sums.dropped) == (11, 5, 2, 3, 1)
        assert (sums.added, sums.after) == (2, 9)

    def test_fates_go_on_through_several_lists(self) -> None:
        first = MattersList("1", date(2014, 1, 1), tuple(OLD.values()))
        merged = tuple(MatterFate(code, Fate.MERGED, "m") for code in "ab")
        kept_ones = tuple(MatterFate(code, Fate.KEPT, code) for code in "cde")
        second = MattersList("2", date(2015, 1, 1), tuple(NEW.values()), merged + kept_ones)
        last = {**dict.fromkeys("abcdy", Fate.KEPT), "m": Fate.MOVED, "e": Fate.DROPPED}
        fates = tuple(
            MatterFate(code, fate, {Fate.MOVED: "y", Fate.DROPPED: None}.get(fate, code)) for code, fate in last.items()
        )
        third = MattersList("3", date(2016, 1, 1), tuple(NEW[code] for code in "abcdy"), fates)
        found = changes_between([first, second, third], date(2014, 6, 1), date(2016, 6, 1))
        assert found is not None
        assert {each.code: each.fate for each in found.fates} == {
            "a": Fate.MOVED, "b": Fate.MOVED, "c": Fate.KEPT, "d": Fate.KEPT, "e": Fate.DROPPED,
        }  # fmt: skip
        assert found.sums.before == 5 == found.sums.kept + found.sums.merged + found.sums.moved + found.sums.dropped

    def test_before_the_first_list_all_is_new(self, listed: Catalogue) -> None:
        found = changes_between(listed.lists, date(2013, 1, 1), date(2014, 1, 1))
        assert found is not None
        assert (found.before, found.sums.before, found.sums.added, found.sums.after) == (None, 0, 11, 11)
        assert changes_between(listed.lists, date(2012, 1, 1), date(2013, 1, 1)) is None


class TestFiles:
    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_a_workbook_comes_back_as_it_was(self, tmp_path: Path, lang: str) -> None:
        given_tables = builtin.catalogue_tables(PLACES)
        (tmp_path / "c.xlsx").write_bytes(files.workbook(given_tables, lang))  # type: ignore[arg-type]
        assert kept(files.read_catalogue_tables(tmp_path / "c.xlsx")) == kept(given_tables)
        matters = builtin.matters_tables("2015")
        (tmp_path / "m.xlsx").write_bytes(files.workbook(matters, lang))  # type: ignore[arg-type]
        assert kept(files.read_matters_tables(tmp_path / "m.xlsx")) == kept(matters)

    def test_a_table_comes_back_from_csv(self, tmp_path: Path) -> None:
        given_tables = builtin.catalogue_tables(PLACES)
        (tmp_path / "types.csv").write_bytes(files.csv_table(given_tables, "types", "zh"))
        assert kept(files.read_catalogue_tables(tmp_path / "types.csv")) == {"types": kept(given_tables)["types"]}
        (tmp_path / "x.csv").write_bytes(files.csv_table(given_tables, "bodies", "en"))
        assert files.read_catalogue_tables(tmp_path / "x.csv", table="bodies").keys() == {"bodies"}
        with pytest.raises(InputError, match="x"):
            files.read_catalogue_tables(tmp_path / "x.csv")

    def test_matters_and_fates_come_from_two_files(self, tmp_path: Path) -> None:
        matters = builtin.matters_tables("2015")
        for table in ("matters", "fates"):
            (tmp_path / f"{table}.csv").write_bytes(files.csv_table(matters, table, "zh"))
        found = files.read_matters_tables(tmp_path / "matters.csv", fates=tmp_path / "fates.csv")
        assert kept(found) == kept(matters)

    def test_numbers_of_a_spreadsheet_are_read_as_people_mean_them(self, tmp_path: Path) -> None:
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.title = "立案条件"
        sheet.append(["小类代码", "序号", "立案条件说明", "时限", "时限单位"])
        sheet.append([101, 1, "缺失", 1.5, "working_days"])
        book.save(tmp_path / "c.xlsx")
        found = read({**tables(), **files.read_catalogue_tables(tmp_path / "c.xlsx")})
        assert found.type("0101").conditions[0].limit == TimeLimit(1.5, TimeUnit.WORKING_DAYS)

    def test_columns_are_told_that_are_missing_or_not_known(self, tmp_path: Path) -> None:
        file = tmp_path / "classes.csv"
        file.write_text("code,kind,title\n01,event,x\n", encoding="utf-8")
        with pytest.raises(FileRefusedError, match="title"):
            files.read_catalogue_tables(file)
        file.write_text("code,kind\n01,event\n", encoding="utf-8")
        with pytest.raises(FileRefusedError, match="name_zh"):
            files.read_catalogue_tables(file)
