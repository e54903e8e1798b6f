"""Numbers, texts, fields, moments and the ranking of duplicates, without a database."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmgmt.cases.rules import CaseKind
from gridmgmt.casework.asking import checked_fields, moment_of, plain_text
from gridmgmt.casework.duplicates import DuplicateReason, ranked, sought
from gridmgmt.casework.numbering import STANDARD, number_rule
from gridmgmt.casework.surroundings import NearCase
from gridmgmt.catalogue.matters import Words
from gridmgmt.catalogue.rules import CaseType, FieldSpec, FieldType
from gridmgmt.errors import InputError

NOW = datetime(2026, 1, 5, 4, tzinfo=UTC)
TYPE = CaseType(
    code="0101", kind=CaseKind.COMPONENT, name=Words("井盖"), class_code="01", conditions=(), responsible={},
    supervising=None, legal_basis="", collection=Words(""), siblings=frozenset({"0102"}), fields=(),
    duplicate_radius_m=50.0, duplicate_window_h=100,
)  # fmt: skip


def near(no: str = "a", **changes: Any) -> NearCase:
    return replace(NearCase(no, "0101", "reported", NOW, None, 0.0), **changes)


def test_the_standard_number_has_nineteen_digits() -> None:
    assert number_rule(STANDARD).number("310113", date(2026, 11, 23), 42) == "3101132026112300042"
    assert number_rule(STANDARD).number("310113109", date(2026, 11, 23), 100_000) == "3101132026112300000"
    assert number_rule("BS-{date:%y%m}-{serial:03d}").number(None, date(2026, 11, 23), 7) == "BS-2611-007"


@pytest.mark.parametrize(
    "template",
    [
        "", "{date:%Y}", "{serial}", "{serial:5}", "{serial:05d}{serial:05d}", "{serial:05d}{town}", "{serial:05d",
        "{serial.real:05d}", "{serial!r:05d}", "{district:999999}{serial:05d}", "{serial:099d}", "案{serial:05d}",
        "{date:%c}{serial:05d}", "{0}{serial:05d}", "{serial:00d}",
    ],
)  # fmt: skip
def test_a_template_that_gives_no_plain_numbers_is_refused(template: str) -> None:
    with pytest.raises(InputError) as refused:
        number_rule(template)
    assert refused.value.code == "case_no_template"


@given(st.integers(0, 10**12), st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_a_number_tells_its_district_day_and_serial(serial: int, on: date) -> None:
    number = number_rule(STANDARD).number("310113", on, serial)
    assert (number[:6], number[6:14], int(number[14:])) == ("310113", on.strftime("%Y%m%d"), serial % 100_000)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("<script>alert(1)</script>井盖", "alert(1)井盖"),
        ("水深<5 cm，>3 处", "水深<5 cm，>3 处"),
        ("a < b > c", "a < b > c"),
        ("<<b>b>x", "x"),
        ("e\u0301", "é"),
        ("a\x00\x07b\r\nc\rd\te", "ab\nc\nd\te"),
        ("\u202eabc", "abc"),
        ("👨‍👩‍👧", "👨‍👩‍👧"),
        ("  \n ", None),
        ("<br/>", None),
        (None, None),
    ],
)
def test_texts_are_kept_as_text(value: str | None, kept: str | None) -> None:
    assert plain_text("description", value, 4000) == kept


@given(st.text())
def test_what_is_kept_stays_as_it_is(value: str) -> None:
    kept = plain_text("description", value, 4000)
    assert plain_text("description", kept, 4000) == kept


def test_four_thousand_characters_are_taken_and_no_more() -> None:
    assert plain_text("description", "井" * 4000 + " ", 4000) == "井" * 4000
    with pytest.raises(InputError, match="4001"):
        plain_text("description", "井" * 4001, 4000)


def test_tags_within_tags_do_not_keep_anybody_waiting() -> None:
    """Each round takes one tag out: with a million characters that would be minutes."""
    assert plain_text("description", "<a" * 6_000 + ">" * 6_000 + "井", 4000) == "井"
    with pytest.raises(InputError, match="20001"):
        plain_text("description", "<" * 20_001, 4000)


def test_a_report_is_made_now_or_in_the_thirty_days_before() -> None:
    assert moment_of(None, NOW) == NOW
    assert moment_of(NOW + timedelta(minutes=5), NOW) == NOW
    assert moment_of(NOW - timedelta(days=30), NOW) == NOW - timedelta(days=30)
    for wrong in (NOW + timedelta(minutes=5, seconds=1), NOW - timedelta(days=30, seconds=1)):
        with pytest.raises(InputError):
            moment_of(wrong, NOW)


def typed(kind: FieldType, *, required: bool = False) -> CaseType:
    values = (("s", Words("小")), ("l", Words("大"))) if kind.endswith("list") else ()
    return replace(TYPE, fields=(FieldSpec("f", kind, Words(""), required, True, 1, values),))


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        (FieldType.STRING, "<i>x</i>", "x"), (FieldType.TEXT, "x\ny", "x\ny"), (FieldType.NUMBER, 2.5, 2.5),
        (FieldType.DATETIME, "2026-01-05T12:00:00+08:00", "2026-01-05T12:00:00+08:00"),
        (FieldType.SINGLE_VALUE_LIST, "s", "s"), (FieldType.MULTI_VALUE_LIST, ["l", "s"], ["s", "l"]),
    ],
)  # fmt: skip
def test_a_field_takes_what_its_type_says(kind: FieldType, value: object, kept: object) -> None:
    assert checked_fields({"f": value}, typed(kind)) == {"f": kept}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (FieldType.STRING, 5), (FieldType.TEXT, ["x"]), (FieldType.NUMBER, "5"), (FieldType.NUMBER, True),
        (FieldType.NUMBER, float("nan")), (FieldType.NUMBER, float("inf")), (FieldType.NUMBER, 10**400),
        (FieldType.DATETIME, "2026-01-05"), (FieldType.DATETIME, 5),
        (FieldType.DATETIME, "2026-01-05T12:00:00"), (FieldType.SINGLE_VALUE_LIST, "x"),
        (FieldType.SINGLE_VALUE_LIST, ["s"]), (FieldType.MULTI_VALUE_LIST, "s"), (FieldType.MULTI_VALUE_LIST, [["s"]]),
    ],
)  # fmt: skip
def test_a_field_refuses_all_else(kind: FieldType, value: object) -> None:
    with pytest.raises(InputError) as refused:
        checked_fields({"f": value}, typed(kind))
    assert refused.value.code == "report_field_malformed"


def test_fields_are_known_and_those_needed_are_there() -> None:
    with pytest.raises(InputError) as unknown:
        checked_fields({"g": 1}, typed(FieldType.STRING))
    assert unknown.value.code == "report_field_unknown"
    for nothing in ({}, {"f": None}, {"f": ""}):
        assert checked_fields(nothing, typed(FieldType.STRING)) == {}
        with pytest.raises(InputError) as missing:
            checked_fields(nothing, typed(FieldType.STRING, required=True))
        assert missing.value.code == "report_field_missing"


def test_duplicates_are_sought_among_siblings_within_the_window() -> None:
    found = sought(TYPE, NOW)
    assert (found.types, found.radius_m, found.since) == (["0101", "0102"], 50.0, NOW - timedelta(hours=100))


@pytest.mark.parametrize(
    ("case", "component", "score"),
    [
        # 0.4 × nearness + 0.2 × recency + 0.2 × type + 0.2 × component
        (near(), None, 0.4 + 0.2 + 0.2 + 0.1),
        (near(component_code="M1"), "M1", 1.0),
        (near(component_code="M2"), "M1", 0.8),
        (near(component_code="M2"), None, 0.9),
        (near(distance_m=20.0), None, 0.24 + 0.2 + 0.2 + 0.1),
        (near(distance_m=50.0), None, 0.5),
        (near(reported_at=NOW - timedelta(hours=25)), None, 0.4 + 0.15 + 0.2 + 0.1),
        (near(reported_at=NOW - timedelta(hours=100)), None, 0.7),
        (near(type="0102"), None, 0.8),
        (near(type="0102", distance_m=50.0, reported_at=NOW - timedelta(hours=100), component_code="M2"), "M1", 0.1),
    ],
)
def test_scores_are_those_worked_out_by_hand(case: NearCase, component: str | None, score: float) -> None:
    (found,) = ranked([case], TYPE, NOW, component)
    assert found.score == pytest.approx(score, abs=1e-9)


def test_reasons_are_told() -> None:
    (found,) = ranked([near(state="closed", type="0102", component_code="M2", distance_m=10.0)], TYPE, NOW, "M1")
    assert set(found.reasons) == {
        DuplicateReason.CLOSED, DuplicateReason.SIBLING_TYPE, DuplicateReason.OTHER_COMPONENT,
        DuplicateReason.CLOSE_BY, DuplicateReason.SAME_DAY,
    }  # fmt: skip
    (plain,) = ranked([near(distance_m=10.1, reported_at=NOW - timedelta(hours=24, seconds=1))], TYPE, NOW)
    assert plain.reasons == (DuplicateReason.SAME_TYPE,)


CASES = st.builds(
    near,
    no=st.text("abc", min_size=1, max_size=4),
    distance_m=st.floats(0, 50),
    type=st.sampled_from(["0101", "0102"]),
    component_code=st.sampled_from([None, "M1", "M2"]),
    reported_at=st.timedeltas(timedelta(0), timedelta(hours=100)).map(lambda ago: NOW - ago),
)


@given(st.lists(CASES, max_size=30, unique_by=lambda case: case.case_no), st.sampled_from([None, "M1"]))
def test_the_ten_likeliest_are_told_in_order(cases: list[NearCase], component: str | None) -> None:
    found = ranked(cases, TYPE, NOW, component)
    scores = [each.score for each in found]
    assert len(found) == min(len(cases), 10)
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    left = ranked(
        [case for case in cases if case.case_no not in {each.case_no for each in found}], TYPE, NOW, component
    )
    assert max((each.score for each in left), default=0) <= min(scores, default=1)


@given(CASES, st.floats(0, 50), st.sampled_from([None, "M1"]))
def test_nearer_is_never_less_likely(case: NearCase, distance_m: float, component: str | None) -> None:
    (one,), (other,) = (
        ranked([replace(case, distance_m=d)], TYPE, NOW, component) for d in sorted([case.distance_m, distance_m])
    )
    assert one.score >= other.score
