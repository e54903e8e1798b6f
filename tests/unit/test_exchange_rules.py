"""Proofs, what the hotline is told of a case, and how two lists of a day differ."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmgmt.cases.rules import CaseState
from gridmgmt.casework.moves import Move
from gridmgmt.errors import ForbiddenError, InputError, UnauthenticatedError
from gridmgmt.exchange.rules import (
    EXTENDED,
    STATES,
    DifferenceKind,
    HeldOrder,
    HotlineState,
    ListedOrder,
    changed,
    check_proof,
    differences,
    digests,
    told,
)
from gridmgmt.feed.rules import signature

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
DAY, OTHER = date(2026, 11, 23), date(2026, 11, 22)
BODY = '{"order_no":"SH1"}'
S = HotlineState


def test_what_either_secret_has_signed_is_taken() -> None:
    check_proof(signature("old", BODY, NOW), BODY.encode(), ["new", "old"], NOW)


@pytest.mark.parametrize("apart_s", [-300, 0, 300])
def test_a_signature_is_taken_within_five_minutes_both_ends_included(apart_s: int) -> None:
    check_proof(signature("s", BODY, NOW), BODY.encode(), ["s"], NOW + timedelta(seconds=apart_s))


@pytest.mark.parametrize("apart_s", [-301, 301])
def test_a_signature_is_stale_after_five_minutes(apart_s: int) -> None:
    with pytest.raises(ForbiddenError) as refused:
        check_proof(signature("s", BODY, NOW), BODY.encode(), ["s"], NOW + timedelta(seconds=apart_s))
    assert (refused.value.code, refused.value.fields["apart_s"]) == ("signature_stale", 301)


@pytest.mark.parametrize(
    ("header", "body", "code"),
    [
        (None, BODY, "signature_missing"),
        ("v1=00", BODY, "signature_missing"),
        (signature("s", BODY, NOW) + ",v1=00", BODY, "signature_missing"),
        (signature("other", BODY, NOW), BODY, "signature_wrong"),
        (signature("s", BODY, NOW), BODY + " ", "signature_wrong"),
        (signature("s", BODY, NOW).replace("t=1", "t=2"), BODY, "signature_wrong"),
    ],
)
def test_what_nobody_has_signed_is_refused(header: str | None, body: str, code: str) -> None:
    with pytest.raises(UnauthenticatedError) as refused:
        check_proof(header, body.encode(), ["s"], NOW)
    assert refused.value.code == code


def test_every_state_of_a_case_is_one_that_the_hotline_knows() -> None:
    assert set(STATES) == set(CaseState)
    assert set(STATES.values()) == set(HotlineState)


def test_the_hotline_is_told_when_its_state_changes_and_of_extensions() -> None:
    assert told(S.RECEIVED, Move.ACCEPT, CaseState.ACCEPTED) == "accepted"
    assert told(S.ACCEPTED, Move.CONFIRM, CaseState.CONFIRMED) is None
    assert told(S.DISPATCHED, Move.GRANT_EXTENSION, CaseState.HANDLING) == EXTENDED
    assert told(S.HANDLED, Move.REWORK, CaseState.HANDLING) == "dispatched"
    assert told(S.RECEIVED, Move.REJECT, CaseState.REJECTED) == "returned"
    assert told(S.CLOSED, Move.RATE, CaseState.CLOSED) is None
    assert told(S.CLOSED, Move.REOPEN, CaseState.REGISTERED) == "registered"


def test_lists_differ_in_what_is_missing_on_a_side_and_in_states() -> None:
    """Worked out by hand: B is missing here, C there, D differs; E is of another day, and nobody's loss."""
    there = [ListedOrder("A", S.CLOSED), ListedOrder("B", S.RECEIVED), ListedOrder("D", S.CLOSED)]
    here = [
        HeldOrder("A", "1", DAY, S.CLOSED), HeldOrder("C", "3", DAY, S.ACCEPTED),
        HeldOrder("D", "4", OTHER, S.RETURNED), HeldOrder("E", "5", OTHER, S.CLOSED),
    ]  # fmt: skip
    found = [(each.kind, each.order_no, each.state_there, each.state_here) for each in differences(DAY, there, here)]
    assert found == [
        (DifferenceKind.MISSING_HERE, "B", S.RECEIVED, None),
        (DifferenceKind.MISSING_THERE, "C", None, S.ACCEPTED),
        (DifferenceKind.STATE_DIFFERS, "D", S.CLOSED, S.RETURNED),
    ]


def test_an_order_that_stands_twice_is_refused() -> None:
    with pytest.raises(InputError):
        differences(DAY, [ListedOrder("A", S.CLOSED)] * 2, [])


@given(
    st.dictionaries(st.text(max_size=3), st.sampled_from(S)), st.dictionaries(st.text(max_size=3), st.sampled_from(S))
)
def test_lists_agree_exactly_when_they_are_equal(there: dict[str, S], here: dict[str, S]) -> None:
    listed = [ListedOrder(*each) for each in there.items()]
    held = [HeldOrder(number, "1", DAY, state) for number, state in here.items()]
    found = differences(DAY, listed, held)
    assert (found == []) == (there == here)
    assert len({each.order_no for each in found}) == len(found)


@given(st.dictionaries(st.text(max_size=3), st.none() | st.integers() | st.text()))
def test_the_same_content_has_the_same_digests(values: dict[str, object]) -> None:
    assert changed(digests(values), digests(dict(reversed(values.items())))) is None
    assert changed(digests(values), digests({**values, "more": 1})) == "more" or values.get("more") == 1
