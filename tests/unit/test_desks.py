"""What holds for service desks without a database: offers, hours, likeness to words, counts, fates behind a matter."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmgmt.catalogue.matters import Fate, Matter, MatterFate, MattersList, Words, forerunners
from gridmgmt.desks.rules import (
    DeskKind,
    MonthCount,
    Offer,
    checked_offer,
    count_problems,
    kind_at_centre,
    likeness,
    open_at,
    public_counts,
    takes,
)
from gridmgmt.errors import InputError
from gridmgmt.governance.rules import CentreType
from gridmgmt.ingest.desk_visits import read_desk_visits

TODAY = date(2026, 3, 15)


def test_an_offer_has_each_matter_once_and_hours_that_can_be() -> None:
    assert checked_offer(Offer((" G01", "G01", "老年优待证 "))) == Offer(("G01", "老年优待证"))
    for offer, code in (
        (Offer(("",)), "desk_matter_malformed"),
        (Offer(tuple(map(str, range(501)))), "desk_matters_too_many"),
        (Offer((), {"mon": ["17:00"]}), "hours_span_malformed"),
    ):
        with pytest.raises(InputError) as error:
            checked_offer(offer)
        assert error.value.code == code


def test_the_end_of_the_hours_is_closed_and_untold_hours_are_unknown() -> None:
    hours = {"mon-fri": ["08:30-11:30", "13:00-17:00"]}
    wednesday = 2 * 1440
    assert [open_at(hours, wednesday + minute) for minute in (509, 510, 689, 690, 780, 1020)] == [
        False, True, True, False, True, False,
    ]  # fmt: skip
    assert open_at(None, wednesday) is None


def test_the_kind_of_a_desk_follows_from_its_centre() -> None:
    assert kind_at_centre(CentreType.SOCIAL_ORGANISATIONS, branch=False) is DeskKind.SOCIAL_ORGANISATION_CENTRE
    assert kind_at_centre(CentreType.HEALTH, branch=True) is DeskKind.BRANCH
    assert kind_at_centre(CentreType.HEALTH, branch=False) is DeskKind.CENTRE


def test_a_desk_takes_a_matter_by_code_or_part_of_its_name_in_either_language() -> None:
    names = {"G01": Words("群租巡查", "Overcrowded letting")}
    assert all(takes(["G01", "居住证"], names, asked) for asked in ("g01", "群租", "letting", "居住"))
    assert not any(takes(["G01"], names, asked) for asked in ("G0", "居住证", " "))


@pytest.mark.parametrize(
    ("words", "name", "found"),
    [
        ("井盖坏了", "污水井盖", True),
        ("有人群租", "群租", True),
        ("lamp broken", "Street lamp", True),
        ("路灯", "污水井盖", False),
    ],
)
def test_words_of_citizens_find_what_the_catalogue_calls_otherwise(words: str, name: str, found: bool) -> None:
    assert (likeness(words, name) > 0) is found


@given(st.text(max_size=20), st.text(max_size=20))
def test_likeness_is_a_share_and_whole_for_the_same(words: str, name: str) -> None:
    assert 0 <= likeness(words, name) <= 1
    assert likeness(words, words) == (1 if words.strip() else 0)


def test_a_letter_is_like_nothing_and_more_of_the_words_is_liker() -> None:
    """By hand: one of a name's three pairs is all of the question, (1 + 1/3) / 2; one of two words, (1 + 1/2) / 2."""
    names = ("Quick repair of sewers", "Q", "污水井盖", "井盖", "道路破损")
    assert [likeness("q", name) for name in names] == [0, 1, 0, 0, 0]
    assert [likeness(asked, "污水井盖") for asked in ("井盖", "井", "井盖坏了")] == pytest.approx([2 / 3, 1 / 4, 2 / 9])
    assert likeness("lamp", "Street lamp") == 0.75
    assert likeness("dra", "Drainage") == pytest.approx(3 / 8 * (1 + 3 / 8) / 2)
    assert likeness("井盖", "井盖") > likeness("井盖", "污水井盖") > likeness("井盖坏了", "污水井盖") > 0


def test_counts_are_of_known_desks_past_months_and_stand_once() -> None:
    january, april = date(2026, 1, 1), date(2026, 4, 1)
    rows = [
        (2, MonthCount("D1", january, 10)),
        (3, MonthCount("D1", date(2026, 1, 9), 11)),
        (4, MonthCount("D2", january, 5)),
        (5, MonthCount("D1", april, 5)),
        (6, MonthCount("D1", date(2026, 2, 1), -1)),
    ]
    found = [(problem.row, problem.code) for problem in count_problems(rows, {"D1"}, TODAY)]
    assert found == [
        (3, "desk_visits_twice"), (4, "desk_unknown"), (5, "desk_visits_ahead"), (6, "desk_visits_negative"),
    ]  # fmt: skip


@given(st.lists(st.integers(0, 40), max_size=12), st.integers(1, 20))
def test_no_small_count_is_told_nor_left_over(counts: list[int], threshold: int) -> None:
    shown, total = public_counts(counts, threshold)
    assert all(told is None or not 0 < told < threshold for told in shown)
    assert [told for told in shown if told is not None] == [each for each in counts if not 0 < each < threshold]
    assert total is None or None not in shown


def test_visits_are_read_from_a_table_and_bad_rows_named(tmp_path: Path) -> None:
    file = tmp_path / "visits.csv"
    lines = ["窗口代码,年月,接待人次", "D1,2026-01,120", "D1,2026年2月,95", "D2,2026-13,1", "D2,2026-01,1.5"]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = read_desk_visits(file)
    assert found.rows == ((2, "D1", date(2026, 1, 1), 120), (3, "D1", date(2026, 2, 1), 95))
    assert [(problem.row, problem.code) for problem in found.problems] == [
        (4, "month_malformed"), (5, "number_out_of_range"),
    ]  # fmt: skip


def test_what_a_matter_was_before_goes_back_through_all_lists() -> None:
    """S01 moved to I01, which was then merged with I02 into I03: all three stand behind I03."""

    def listed(name: str, year: int, *codes: str, fates: tuple[MatterFate, ...] = ()) -> MattersList:
        matters = tuple(Matter(code, Words(code), "body") for code in codes)
        return MattersList(name, date(year, 1, 1), matters, fates)

    first = listed("1", 2014, "S01", "S02")
    second = listed(
        "2", 2015, "I01", "I02",
        fates=(MatterFate("S01", Fate.MOVED, "I01"), MatterFate("S02", Fate.DROPPED)),
    )  # fmt: skip
    third = listed(
        "3", 2016, "I03", fates=(MatterFate("I01", Fate.MERGED, "I03"), MatterFate("I02", Fate.MERGED, "I03"))
    )
    found = [(each.list_name, each.matter.code, each.fate) for each in forerunners([first, second, third], "I03")]
    assert found == [("2", "I01", Fate.MERGED), ("2", "I02", Fate.MERGED), ("1", "S01", Fate.MOVED)]
    assert forerunners([first], "S01") == ()
