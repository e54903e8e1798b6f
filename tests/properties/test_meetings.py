"""Rules of meetings: what holds whoever sits in them."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmgmt.errors import InputError, RuleViolationError
from gridmgmt.meetings.rules import (
    MEMBER_GROUPS,
    MeetingKind,
    MeetingRole,
    Member,
    OwnersVote,
    check_attendance,
    check_members,
    check_vote,
    quorum,
)

few = settings(max_examples=40, deadline=None)
roles = st.sampled_from(MeetingRole)
heads = st.dictionaries(roles, st.integers(0, 3))
members = st.lists(
    st.builds(Member, roles, st.sampled_from("甲乙丙"), st.integers(1, 5)), min_size=1, max_size=6,
    unique_by=lambda each: (each.role, each.name),
)  # fmt: skip


@few
@given(st.sets(roles), heads, roles)
def test_a_quorum_lacks_just_the_roles_that_nobody_came_for(
    needed: set[MeetingRole], attendance: dict[MeetingRole, int], one_more: MeetingRole
) -> None:
    found = quorum(needed, attendance)
    assert set(found.missing) == {role for role in needed if not attendance.get(role)}
    assert found.met == (not found.missing)
    assert list(found.needed) == [role for role in MeetingRole if role in needed], "in one order, whatever the set"
    more = quorum(needed, {**attendance, one_more: attendance.get(one_more, 0) + 1})
    assert set(found.missing) - {one_more} == set(more.missing), "who comes too undoes no quorum"


@few
@given(members, st.integers(-3, 3))
def test_the_total_of_seats_is_their_sum_or_refused(given_: list[Member], off: int) -> None:
    total = sum(each.seats for each in given_)
    assert check_members(MeetingKind.JOINT_MEETING, given_, None) == total
    assert check_members(MeetingKind.JOINT_MEETING, given_[::-1], total) == total
    if off:
        with pytest.raises(RuleViolationError):
            check_members(MeetingKind.JOINT_MEETING, given_, total + off)
    outside = [each for each in given_ if each.role not in MEMBER_GROUPS]
    if outside:
        with pytest.raises(InputError):
            check_members(MeetingKind.MANAGEMENT_COMMITTEE, given_, None)


@few
@given(members, heads)
def test_no_more_of_a_role_attend_than_have_seats(given_: list[Member], attendance: dict[MeetingRole, int]) -> None:
    seats = Counter[MeetingRole]()
    for each in given_:
        seats[each.role] += each.seats
    possible = any(attendance.values()) and all(count <= seats[role] for role, count in attendance.items())
    if possible:
        check_attendance(attendance, seats)
    else:
        with pytest.raises(InputError):
            check_attendance(attendance, seats)


@st.composite
def counts(draw: st.DrawFn, whole: st.SearchStrategy[int]) -> tuple[int, int, int]:
    """How many there are, how many of them took part, and how many of these agreed."""
    of = draw(whole)
    took_part = draw(st.integers(0, of))
    return of, took_part, draw(st.integers(0, took_part))


@few
@given(counts(st.integers(1, 60)), counts(st.just(12)))
def test_a_vote_carries_by_whole_numbers_of_heads_and_twelfths_of_the_floor(
    heads_: tuple[int, int, int], floor: tuple[int, int, int]
) -> None:
    """Civil Code art. 278 in whole numbers: at least two thirds take part, more than half of these agree."""
    carried = all(3 * took_part >= 2 * of and 2 * said_yes > took_part for of, took_part, said_yes in (heads_, floor))
    twelfths, floor_voting, floor_agreed = floor
    vote = OwnersVote(*heads_, floor_voting / twelfths, floor_agreed / twelfths, "1")
    if carried:
        check_vote(vote, topic="T")
    else:
        with pytest.raises(RuleViolationError):
            check_vote(vote, topic="T")
