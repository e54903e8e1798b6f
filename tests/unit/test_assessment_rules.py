"""考核 65/100 + 一票否决: weights, scales, points, deductions, vetoes and ranks, by hand and as properties."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import reduce
from operator import getitem

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmgmt.assessment.document import canonical, sha256_of
from gridmgmt.assessment.files import example_schemes, read_scheme, scheme_of
from gridmgmt.assessment.rules import (
    AppealState,
    AssessmentDirection,
    AssessmentItem,
    EventCause,
    EventEffect,
    EvidenceKind,
    Named,
    NewEntry,
    NewEvent,
    NewScheme,
    SchemePreset,
    check_entry,
    check_event,
    check_scheme,
)
from gridmgmt.assessment.scoring import Evidence, Held, ScoreState, Standing, assessed, ranked, score
from gridmgmt.cases.measures import Ratio
from gridmgmt.errors import GridMgmtError, InputError, RuleViolationError

NAME = Named("项", "item")
DAY = date(2015, 7, 1)
STREETS, DEPARTMENTS = AssessmentDirection.STREETS, AssessmentDirection.DEPARTMENTS


def item(code: str, weight: str, group: str = "other", **more: object) -> AssessmentItem:
    given = {"evidence": EvidenceKind.MANUAL, **more}
    return AssessmentItem(code, group, NAME, Decimal(weight), **given)  # type: ignore[arg-type]  # the cases name them


def scheme(*items: AssessmentItem, preset: SchemePreset | None = None) -> NewScheme:
    return NewScheme(NAME, STREETS, DAY, items, "test", preset, {"other": NAME})


def core(management: str, service: str, safety: str, rest: str) -> NewScheme:
    groups = zip(("public_management", "public_service", "public_safety"), (management, service, safety), strict=True)
    items = [item(group, weight, group) for group, weight in groups]
    return scheme(*items, item("rest", rest), preset=SchemePreset.SUBDISTRICTS_2015)


@pytest.mark.parametrize("weights", [("60", "39.99"), ("60", "40.0001"), ("100", "0.1"), ("50", "49")])
def test_weights_other_than_100_are_refused(weights: Sequence[str]) -> None:
    """考核 65/100 + 一票否决: weights ≠ 100 refused, to the last decimal."""
    with pytest.raises(RuleViolationError) as refused:
        check_scheme(scheme(*(item(f"i{at}", weight) for at, weight in enumerate(weights))))
    assert refused.value.code == "assessment_weights"
    check_scheme(scheme(item("a", "33.3"), item("b", "33.3"), item("c", "33.4")))  # binary fractions would not do


@pytest.mark.parametrize(("split", "rest"), [(("25", "22", "17.9"), "35.1"), (("25", "22", "19"), "34")])
def test_the_preset_of_2015_wants_65_in_its_three_groups(split: tuple[str, str, str], rest: str) -> None:
    """考核 65/100 + 一票否决: three groups ≠ 65 refused in the 2015 preset; the split inside 65 is free."""
    with pytest.raises(RuleViolationError) as refused:
        check_scheme(core(*split, rest))
    assert (refused.value.code, refused.value.fields["due"]) == ("assessment_core_weights", 65)
    check_scheme(core("25", "22", "18", "35"))
    check_scheme(core("1", "63.5", "0.5", "35"))
    check_scheme(replace(core(*split, rest), preset=None))


def test_a_preset_of_streets_is_none_of_departments() -> None:
    with pytest.raises(RuleViolationError):
        check_scheme(replace(core("25", "22", "18", "35"), direction=DEPARTMENTS))


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"weight": Decimal(0)}, "assessment_weight"),
        ({"weight": Decimal("NaN")}, "assessment_weight"),
        ({"code": "a b"}, "assessment_code_malformed"),
        ({"zero_at": Decimal(1)}, "assessment_scale"),
        ({"ratio": Ratio.CLOSING_RATE}, "assessment_ratio"),
        ({"evidence": EvidenceKind.INDICATOR}, "assessment_ratio"),
        ({"narrowed": {"major": "01"}}, "assessment_narrowed"),
        ({"evidence": EvidenceKind.SURVEY, "min_sample": 9}, "assessment_min_sample"),
        ({"group": "unnamed"}, "assessment_group_unnamed"),
        ({"name": Named("", "x")}, "value_needed"),
    ],
)
def test_an_item_that_cannot_be_is_refused(wrong, code) -> None:
    with pytest.raises(InputError) as refused:
        check_scheme(scheme(replace(item("a", "100"), **wrong)))
    assert refused.value.code == code


def test_an_item_stands_once_and_departments_have_no_coverage() -> None:
    for wrong, code in (
        (scheme(item("a", "50"), item("a", "50")), "assessment_item_twice"),
        (scheme(), "assessment_items"),
        (
            replace(scheme(item("a", "100", evidence=EvidenceKind.COVERAGE)), direction=DEPARTMENTS),
            "assessment_coverage_direction",
        ),
    ):
        with pytest.raises(InputError) as refused:
            check_scheme(wrong)
        assert refused.value.code == code


def test_the_examples_of_the_package_keep_the_rules() -> None:
    streets, departments = example_schemes()
    for each in (streets, departments):
        check_scheme(each)
    assert (streets.preset, departments.direction) == (SchemePreset.SUBDISTRICTS_2015, DEPARTMENTS)


@pytest.mark.parametrize("given", ["[]", "{", '{"direction": "up"}', '{"direction": 3, "items": 4}'])
def test_what_is_no_scheme_is_refused(given: str) -> None:
    with pytest.raises(InputError) as refused:
        read_scheme(given)
    assert refused.value.code in ("assessment_scheme_malformed", "assessment_scheme_incomplete")
    with pytest.raises(InputError):
        scheme_of({"name": {"zh": "a", "en": "b"}, "direction": "streets", "valid_from": "2015-13-01", "source": "s"})


@pytest.mark.parametrize(
    ("way", "value", "code"),
    [
        ("valid_from", "2015-13-01", "assessment_scheme_malformed"),
        ("items/0/weight", "a third", "assessment_scheme_malformed"),
        ("items/0/name/en", None, "assessment_scheme_incomplete"),
        ("items/1", 4, "assessment_scheme_incomplete"),
    ],
)
def test_what_is_wrong_in_a_scheme_is_told_by_the_way_to_it(way: str, value: object, code: str) -> None:
    name = {"zh": "甲", "en": "A"}
    item_ = {"code": "a", "group": "g", "name": dict(name), "weight": 50, "evidence": "manual"}
    plain = {"name": name, "direction": "streets", "valid_from": "2015-01-01", "source": "s", "items": [item_, item_]}
    given = json.loads(json.dumps(plain))
    assert len(scheme_of(given).items) == 2
    *path, last = [int(step) if step.isdigit() else step for step in way.split("/")]
    reduce(getitem, path, given)[last] = value
    with pytest.raises(InputError) as refused:
        scheme_of(given)
    assert (refused.value.code, refused.value.fields["field"].startswith(way)) == (code, True)


# --- scores and standings --------------------------------------------------------------------------------------------

SURVEY = item("s", "20", evidence=EvidenceKind.SURVEY, zero_at=Decimal(1), full_at=Decimal(5), min_sample=30)
MANUAL = item("m", "80")


def test_too_small_a_sample_is_not_judged_and_not_0() -> None:
    assert score("A", SURVEY, Evidence(Decimal(4), 30)).points == 15
    few = score("A", SURVEY, Evidence(None, 29))
    assert (few.state, few.points, few.share) == (ScoreState.INSUFFICIENT, None, None)
    assert score("A", SURVEY, None).state is ScoreState.MISSING
    [standing], _ = assessed(
        ["A"], [SURVEY, MANUAL], {("A", "s"): Evidence(None, 29), ("A", "m"): Evidence(Decimal("0.9"))}, []
    )
    assert (standing.points, standing.judged_weight, standing.total) == (72, 80, Decimal("90.00"))


def test_less_than_half_judged_gets_no_total() -> None:
    [standing], _ = assessed(["A"], [SURVEY, MANUAL], {("A", "s"): Evidence(Decimal(5), 99)}, [])
    assert (standing.points, standing.total, standing.rank) == (20, None, None)


def points(**by_subject: str) -> dict[tuple[str, str], Evidence]:
    return {(subject, "all"): Evidence(Decimal(value) / 100) for subject, value in by_subject.items()}


ALL = [item("all", "100")]
VETO = Held("A", EventEffect.VETO, None, None)
DEDUCTION = Held("A", EventEffect.DEDUCTION, Decimal(3), None)


def placed(standings: Sequence[Standing]) -> list[tuple[str, str, int | None, bool]]:
    return [(each.subject_code, str(each.total), each.rank, each.vetoed) for each in standings]


def test_98_points_and_a_veto_are_out_of_the_ranking_with_the_points_shown() -> None:
    """考核 65/100 + 一票否决: 98 points + veto → vetoed, out of ranking, points shown."""
    found, _ = assessed(["A", "B", "C"], ALL, points(A="98", B="90", C="85"), [VETO])
    assert placed(found) == [("B", "90.00", 1, False), ("C", "85.00", 2, False), ("A", "98.00", None, True)]
    assert next(each for each in found if each.vetoed).points == 98


def test_a_deduction_keeps_a_rank() -> None:
    """考核 65/100 + 一票否决: a deduction keeps its subject in the ranking, at what is left."""
    found, _ = assessed(["A", "B", "C"], ALL, points(A="98", B="90", C="95.5"), [DEDUCTION])
    assert placed(found) == [("C", "95.50", 1, False), ("A", "95.00", 2, False), ("B", "90.00", 3, False)]
    assert found[1].deducted == 3


@pytest.mark.parametrize(
    ("appeal", "vetoed"),
    [(None, True), (AppealState.OPEN, True), (AppealState.REFUSED, True), (AppealState.UPHELD, False)],
)
def test_a_veto_counts_until_an_appeal_is_upheld(appeal: AppealState | None, vetoed: bool) -> None:
    [standing], _ = assessed(["A"], ALL, points(A="98"), [replace(VETO, appeal=appeal)])
    assert (standing.vetoed, standing.rank) == (vetoed, None if vetoed else 1)


def test_equal_totals_share_a_rank_and_the_next_is_left_out() -> None:
    found, _ = assessed(["D", "B", "C", "A"], ALL, points(A="90.001", B="90.004", C="95", D="80"), [])
    assert [(each.subject_code, each.rank) for each in found] == [("C", 1), ("A", 2), ("B", 2), ("D", 4)]


def test_nothing_falls_below_0() -> None:
    found, _ = assessed(["A"], ALL, points(A="2"), [DEDUCTION])
    assert found[0].total == 0


totals = st.one_of(st.none(), st.decimals(0, 100, places=2))
standings = st.lists(st.tuples(totals, st.booleans()), max_size=12).map(
    lambda rows: [
        Standing(f"S{at}", Decimal(0), Decimal(100), Decimal(0), total, vetoed)
        for at, (total, vetoed) in enumerate(rows)
    ]
)


@given(standings)
def test_a_rank_is_one_more_than_how_many_stand_better(given: list[Standing]) -> None:
    found = ranked(given)
    assert sorted(each.subject_code for each in found) == sorted(each.subject_code for each in given)
    competing = [each.total for each in found if each.total is not None and not each.vetoed]
    for each in found:
        if each.total is None or each.vetoed:
            assert each.rank is None
        else:
            assert each.rank == 1 + sum(other > each.total for other in competing)


@given(st.decimals(0, 1, places=4), st.decimals(0, 1, places=4), st.booleans())
def test_a_better_value_never_earns_less(one: Decimal, other: Decimal, lower_is_better: bool) -> None:
    low, high = Decimal("0.3"), Decimal("0.9")
    ends = {"zero_at": high, "full_at": low} if lower_is_better else {"zero_at": low, "full_at": high}
    scaled = item("a", "7", **ends)
    worse, better = sorted((one, other), reverse=lower_is_better)
    assert 0 <= scaled.share(worse) <= scaled.share(better) <= 1


# --- entries and events ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "of", "direction", "code"),
    [
        ({"sample": 40}, SURVEY, STREETS, None),
        ({}, SURVEY, STREETS, "assessment_sample_needed"),
        ({"sample": 0}, SURVEY, STREETS, "assessment_sample_needed"),
        ({"sample": 40, "judge_code": "B"}, SURVEY, STREETS, "assessment_judge_unused"),
        ({"sample": 40}, SURVEY, DEPARTMENTS, "assessment_judge_needed"),
        ({"sample": 40, "judge_code": "B"}, SURVEY, DEPARTMENTS, None),
        ({"sample": 40, "value": Decimal("5.1")}, SURVEY, STREETS, "assessment_value_off_scale"),
        ({"value": Decimal(1)}, MANUAL, STREETS, "assessment_document_needed"),
        ({"value": Decimal(1), "document": "1号"}, MANUAL, DEPARTMENTS, None),
        ({"value": Decimal(1), "document": "1号", "sample": 3}, MANUAL, STREETS, "assessment_sample_unused"),
        (
            {"value": Decimal(1), "document": "1号", "document_sha256": "A"},
            MANUAL,
            STREETS,
            "assessment_sha256_malformed",
        ),
        ({}, item("c", "5", evidence=EvidenceKind.COVERAGE), STREETS, "assessment_not_entered"),
    ],
)
def test_an_entry_suits_its_item(entry, of, direction, code) -> None:
    given = NewEntry("A", of.code, **{"value": Decimal(4), **entry})
    if code is None:
        check_entry(given, of, direction)
        return
    with pytest.raises(InputError) as refused:
        check_entry(given, of, direction)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("effect", "cause", "taken", "document", "code"),
    [
        (EventEffect.VETO, EventCause.ILLEGAL_LAND, None, "1号", None),
        (EventEffect.DEDUCTION, EventCause.OTHER, "0.5", "1号", None),
        (EventEffect.VETO, EventCause.ILLEGAL_LAND, "5", "1号", "assessment_points"),
        (EventEffect.VETO, EventCause.OTHER, None, "1号", "assessment_veto_cause"),
        (EventEffect.DEDUCTION, EventCause.OTHER, None, "1号", "assessment_points"),
        (EventEffect.DEDUCTION, EventCause.OTHER, "0", "1号", "assessment_points"),
        (EventEffect.DEDUCTION, EventCause.OTHER, "3", " ", "assessment_document_needed"),
    ],
)
def test_an_event_has_a_cause_points_and_a_document(effect, cause, taken, document, code) -> None:
    event = NewEvent("A", effect, cause, DAY, document, None if taken is None else Decimal(taken))
    found: str | None = None
    try:
        check_event(event)
    except GridMgmtError as error:
        found = error.code
    assert found == code


def test_the_hash_is_over_one_text_whatever_the_order() -> None:
    one, other = {"b": [1, {"街": None}], "a": "1.50"}, {"a": "1.50", "b": [1, {"街": None}]}
    assert sha256_of(canonical(one)) == sha256_of(canonical(other))
    assert sha256_of(canonical({**one, "a": "1.5"})) != sha256_of(canonical(one))
