"""Who may do what where, which passwords are taken, how locks grow, and that the log's chain shows every change."""

from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY
from hypothesis import given
from hypothesis import strategies as st

from gridmgmt.access.rules import (
    CHAIN_START,
    DEMO_ROLES,
    LONGEST_LOCK,
    Actor,
    Assignment,
    Grant,
    Permission,
    Role,
    account_name,
    anonymous,
    as_kept,
    check_chain,
    check_password,
    covers,
    entry_sha256,
    local_actor,
    lock_after,
    require,
    session_end,
    system_actor,
)
from gridmgmt.errors import ForbiddenError, InputError, UnauthenticatedError

KNOWN_SHA256 = "3519537649800ae772dfadd26fcbaa1397164f7863c8081377bc69b00ef14921"
CODES = ("310113", "310113001", "310113109", "310113109-U1")
PERMISSIONS = st.sampled_from(list(Permission))
GRANTS = st.builds(
    lambda role, permissions, code: Grant(role, permissions, code and "town", code),
    st.sampled_from(list(Role)),
    st.frozensets(PERMISSIONS),
    st.none() | st.sampled_from(CODES),
)
AREAS = st.sets(st.sampled_from(CODES))


def somebody(*grants: Grant) -> Actor:
    return Actor("account", "somebody", 1, grants)


@given(st.lists(GRANTS, max_size=4), PERMISSIONS, AREAS)
def test_may_is_what_one_grant_allows_there(grants, permission, areas) -> None:
    """The rule again in the words of the brief: the permission, and everywhere or one of the areas or mere reading."""
    expected = False
    for grant in grants:
        if permission in grant.permissions and (
            grant.area_code is None or permission == "read" or bool({grant.area_code} & areas)
        ):
            expected = True
    assert somebody(*grants).may(permission, areas) is expected


@given(st.lists(GRANTS, max_size=4), GRANTS, PERMISSIONS, AREAS)
def test_one_more_grant_or_area_takes_nothing_away(grants, more, permission, areas) -> None:
    if somebody(*grants).may(permission, areas):
        assert somebody(*grants, more).may(permission, areas)
        assert somebody(*grants).may(permission, {*areas, "310113009"})


@given(st.lists(GRANTS, max_size=4), st.frozensets(PERMISSIONS), PERMISSIONS, AREAS)
def test_a_key_may_do_what_both_its_account_and_its_scopes_allow(grants, scopes, permission, areas) -> None:
    person = somebody(*grants)
    key = Actor("key", person.name, 1, person.cut_to(scopes))
    assert key.may(permission, areas) is (person.may(permission, areas) and permission in scopes)


@given(st.lists(GRANTS, max_size=3), st.lists(GRANTS, max_size=3), PERMISSIONS, AREAS)
def test_whoever_is_given_only_what_the_giver_covers_may_never_do_more(held, given_, permission, areas) -> None:
    giver = somebody(*held)
    if covers(giver, given_) and somebody(*given_).may(permission, areas):
        assert giver.may(permission, areas)


def test_only_an_administrator_makes_one() -> None:
    """Who holds every permission by other roles may still not approve a draft of their own."""
    everything = frozenset(Permission)
    role, bound = Grant(Role.ADMINISTRATOR, everything), Grant(Role.ADMINISTRATOR, everything, "town", "310113109")
    almost = somebody(Grant(Role.DEPARTMENT, everything))
    assert not covers(almost, [role])
    assert covers(almost, [bound])
    assert covers(somebody(role), [role])


def test_a_bound_grant_acts_on_its_area_and_below_and_reads_everywhere() -> None:
    planner = somebody(Grant(Role.PLANNER, frozenset({Permission.READ, Permission.AREAS_DRAFT}), "town", "310113109"))
    unit_and_above = ["310113109-U1", "310113109", "310113"]
    assert planner.may(Permission.AREAS_DRAFT, unit_and_above)
    assert not planner.may(Permission.AREAS_DRAFT, ["310113001", "310113"])
    assert not planner.may(Permission.AREAS_DRAFT, ["310113"]), "the district is more than its town"
    assert not planner.may(Permission.AREAS_DRAFT), "everywhere is more than its town"
    assert planner.holds(Permission.AREAS_DRAFT)
    assert planner.may(Permission.READ)


def test_a_refusal_names_who_what_and_where() -> None:
    with pytest.raises(ForbiddenError) as refused:
        require(somebody(), Permission.AREAS_DRAFT, areas=["310113109", "310113"])
    assert refused.value.code == "permission_missing"
    assert refused.value.fields == {
        "actor": "somebody",
        "permission": "areas.draft",
        "areas": "310113109, 310113",
    }
    with pytest.raises(UnauthenticatedError, match=r"areas\.draft"):
        require(anonymous(reading=True), Permission.AREAS_DRAFT)


def test_what_those_without_an_account_may_do() -> None:
    def held(actor: Actor) -> set[str]:
        return {str(p) for p in Permission if actor.may(p)}

    assert held(anonymous(reading=False)) == set()
    assert held(anonymous(reading=False, demo=True)) == set()
    assert held(anonymous(reading=True)) == {"read"}
    assert held(anonymous(reading=True, demo=True)) == {"read", "results.exact", "coverage.run", "jobs.cancel"}
    assert held(local_actor("root")) == held(system_actor("demo")) == set(Permission)


@pytest.mark.parametrize(
    ("actor", "allowed"),
    [
        (Actor("account", "lihua", 1, (Grant(Role.PLANNER, frozenset({Permission.AREAS_APPROVE})),)), False),
        (Actor("key", "lihua", 1, (Grant(Role.PLANNER, frozenset({Permission.AREAS_APPROVE})),)), False),
        (Actor("account", "lihua", 1, (Grant(Role.ADMINISTRATOR, frozenset(Permission)),)), True),
        (Actor("account", "lihua", 1, (Grant(Role.ADMINISTRATOR, frozenset(Permission), "town", "1"),)), False),
        (Actor("account", "wangfang", 2, (Grant(Role.PLANNER, frozenset()),)), True),
        (local_actor("lihua"), True),
    ],
)
def test_four_eyes_on_a_draft_of_lihua(actor, allowed) -> None:
    assert actor.may_approve_draft_of("lihua") is allowed


def test_an_area_has_level_and_code() -> None:
    with pytest.raises(InputError, match="area_code"):
        Assignment(Role.PLANNER, area_level="town")


def test_the_demo_has_no_account_that_administers() -> None:
    assert len(DEMO_ROLES) == 7
    assert not {Role.ADMINISTRATOR, Role.PUBLIC} & set(DEMO_ROLES)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short-pw9", "password_length"),
        ("x1" * 101, "password_length"),
        ("li.hua-2026", "password_is_name"),
        ("LI.HUA-2026", "password_is_name"),
        ("Li.Hua-2026 !!", "password_is_name"),
        ("aaaaaaaaaaaa", "password_obvious"),
        ("1234567890", "password_obvious"),
        ("0987654321", "password_obvious"),
        ("qwertyuiop", "password_obvious"),
        ("Password123!", "password_obvious"),
        ("２０２６Ａｄｍｉｎ２０２６", "password_obvious"),
    ],
)
def test_passwords_that_are_refused(password, code) -> None:
    with pytest.raises(InputError) as refused:
        check_password("li.hua-2026", password)
    assert refused.value.code == code
    assert password not in str(refused.value)


@pytest.mark.parametrize("password", ["correct horse battery", "菊泉街道二〇三〇年一月", "a1b2c3d4e5", "x" * 7 + "yzw"])
def test_passwords_that_are_taken(password) -> None:
    check_password("lihua", password)


def test_a_guess_costs_what_rfc_9106_recommends(own_hasher: PasswordHasher) -> None:
    assert extract_parameters(own_hasher.hash("correct horse battery")) == RFC_9106_LOW_MEMORY


def test_names_are_kept_in_one_form() -> None:
    assert account_name("  LiHua ") == "lihua"
    for bad in ("", "x", "-lihua", "li hua", "李华", "a" * 65, "li\nhua"):
        with pytest.raises(InputError, match="name"):
            account_name(bad)


@given(st.integers(0, 10_000))
def test_a_lock_never_shrinks_and_never_passes_a_quarter_of_an_hour(failures) -> None:
    none = timedelta(0)
    lock, next_ = lock_after(failures) or none, lock_after(failures + 1) or none
    assert (lock == none) is (failures < 5)
    assert lock <= next_ <= LONGEST_LOCK == timedelta(minutes=15)


def test_a_session_slides_for_twelve_hours_and_ends_after_seven_days() -> None:
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    assert session_end(begun, begun) == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert session_end(begun, datetime(2026, 1, 7, 11, tzinfo=UTC)) == datetime(2026, 1, 7, 23, tzinfo=UTC)
    assert session_end(begun, datetime(2026, 1, 7, 13, tzinfo=UTC)) == datetime(2026, 1, 8, tzinfo=UTC)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
CONTENTS = st.fixed_dictionaries({"action": st.text(), "object": st.text(), "after": VALUES})
Entry = tuple[int, str, str, dict[str, object]]


def chain(contents: list[dict[str, object]]) -> list[Entry]:
    entries: list[Entry] = []
    head = CHAIN_START
    for number, content in enumerate(contents, 1):
        sha256 = entry_sha256(head, content)
        entries.append((number, head, sha256, content))
        head = sha256
    return entries


@given(st.lists(CONTENTS, max_size=6))
def test_a_chain_as_written_is_whole(contents) -> None:
    entries = chain(contents)
    report = check_chain(entries)
    assert (report.count, report.first_broken) == (len(entries), None)
    assert report.head_sha256 == (entries[-1][2] if entries else CHAIN_START)


@given(st.lists(CONTENTS, min_size=1, max_size=6), CONTENTS, st.data())
def test_a_changed_entry_is_found_even_with_a_hash_that_fits_it(contents, other, data) -> None:
    entries = chain(contents)
    at = data.draw(st.integers(0, len(entries) - 1))
    number, previous, sha256, _ = entries[at]
    if entry_sha256(previous, other) == sha256:
        return  # the same content again
    entries[at] = (number, previous, sha256, other)
    assert check_chain(entries).first_broken == number
    entries[at] = (number, previous, entry_sha256(previous, other), other)
    report = check_chain(entries)
    if at + 1 < len(entries):
        assert report.first_broken == number + 1, "the next one holds the hash that was"
    else:
        assert report.head_sha256 != sha256, "the last one shows by the head that was noted down"


@given(st.lists(CONTENTS, min_size=2, max_size=6), st.data())
def test_an_entry_left_out_or_moved_is_found(contents, data) -> None:
    entries = chain(contents)
    at = data.draw(st.integers(0, len(entries) - 2))
    assert check_chain(entries[:at] + entries[at + 1 :]).first_broken is not None
    entries[at], entries[at + 1] = entries[at + 1], entries[at]
    assert check_chain(entries).first_broken is not None


def test_the_hash_is_that_of_the_canonical_text() -> None:
    """Worked out with sha256sum: 64 zeros, a line feed, {"action":"a","at":"2026-01-01T00:00:00.000000+00:00"}."""
    moment = datetime(2026, 1, 1, 8, tzinfo=UTC) - timedelta(hours=8)
    assert entry_sha256(CHAIN_START, {"at": moment, "action": "a"}) == KNOWN_SHA256


@given(st.dictionaries(st.text(), VALUES))
def test_what_is_kept_does_not_change_by_keeping(values) -> None:
    kept = as_kept(values)
    assert as_kept(kept) == kept == values
