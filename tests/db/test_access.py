"""Accounts, ways in and the log on a real database, with a clock that the test moves."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from gridmgmt.access import credentials, queries, service
from gridmgmt.access.models import AccessSession, Account, ApiKey, Change, SetupToken
from gridmgmt.access.rules import Actor, Assignment, Permission, Role
from gridmgmt.db import Session
from gridmgmt.errors import (
    ConflictError,
    ForbiddenError,
    GridMgmtError,
    InputError,
    NotFoundError,
    UnauthenticatedError,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PASSWORD = "correct horse battery"
HERE = service.local_actor("root")
TOWN = Assignment(Role.PLANNER, "town", "310113109")
ADMINISTRATOR = Assignment(Role.ADMINISTRATOR)


def account(session: Session, name: str = "lihua", *grants: Assignment, password: str | None = PASSWORD) -> Account:
    made = service.create_account(session, HERE, name, name.title(), grants)
    if password:
        service.set_password(session, HERE, made, password)
    return made


def actor(session: Session, made: Account) -> Actor:
    return queries.actor_of(session, made)


def code_of(refused: pytest.ExceptionInfo[GridMgmtError]) -> str:
    return refused.value.code


def actions(session: Session) -> Sequence[str]:
    return [entry.action for entry in reversed(queries.changes(session))]


class TestRoles:
    def test_the_roles_come_with_the_schema(self, session) -> None:
        held = queries.role_permissions(session)
        assert set(held) == set(Role)
        assert held[Role.ADMINISTRATOR] == frozenset(Permission)
        assert held[Role.ANALYST] == {
            "read", "results.exact", "coverage.run", "premises.read", "gate_counts.read", "assessment.write",
        }  # fmt: skip
        assert held[Role.PLANNER] - held[Role.ANALYST] == {
            "areas.draft",
            "governance.write",
            "figures.write",
            "grids.write",
            "import",
            "jobs.cancel",
            "meetings.write",
            "targets.write",
        }
        assert held[Role.DISPATCHER] == {"read", "grids.write", "cases.report", "cases.dispatch"}
        assert held[Role.OPERATOR] == {"read", "cases.report", "cases.accept"}
        assert held[Role.INSPECTOR] == {"read", "cases.report", "cases.confirm", "premises.read", "premises.write"}
        assert held[Role.DEPARTMENT] == {"read", "cases.handle"}
        assert held[Role.DUTY_CHIEF] == {
            "read", "reporters.read", "premises.read", "meetings.write",
            *(f"cases.{move}" for move in ("report", "accept", "register", "dispatch", "close", "supervise")),
        }  # fmt: skip
        assert held[Role.GATE] == {"gate_counts.push"}
        assert held[Role.PARTNER] == {"read", "exchange.use"}
        assert held[Role.PUBLIC] == {"read"}

    def test_a_role_is_data_and_its_change_holds_at_once(self, session) -> None:
        lihua = account(session, "lihua", Assignment(Role.PLANNER))
        more = queries.role_permissions(session)[Role.PLANNER] | {Permission.AREAS_APPROVE}
        service.set_role(session, HERE, Role.PLANNER, more)
        assert actor(session, lihua).may(Permission.AREAS_APPROVE)
        assert queries.changes(session)[0].after["permissions"] == sorted(more)

    @pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.PUBLIC])
    def test_two_roles_are_fixed(self, session, role) -> None:
        with pytest.raises(InputError) as refused:
            service.set_role(session, HERE, role, [Permission.READ])
        assert code_of(refused) == "role_fixed"


class TestAccounts:
    def test_an_account_with_its_roles(self, session) -> None:
        lihua = account(session, " LiHua", TOWN, Assignment(Role.ANALYST))
        assert lihua.name == "lihua"
        who = actor(session, lihua)
        assert [(g.role, g.area_code) for g in who.grants] == [("planner", "310113109"), ("analyst", None)]
        assert who.may(Permission.AREAS_DRAFT, ["310113109", "310113"])
        assert not who.may(Permission.AREAS_DRAFT, ["310113001", "310113"])
        assert actions(session) == ["account.create", "account.password"]
        assert PASSWORD not in str([entry.content() for entry in queries.changes(session)])
        assert lihua.password_hash.startswith("$argon2id$")

    def test_a_name_stays_taken(self, session) -> None:
        service.disable_account(session, HERE, account(session), NOW)
        with pytest.raises(ConflictError) as refused:
            account(session, "LIHUA")
        assert code_of(refused) == "account_name_taken"

    def test_nobody_but_the_manager_of_accounts_adds_one(self, session) -> None:
        planner = actor(session, account(session, "lihua", Assignment(Role.PLANNER)))
        with pytest.raises(ForbiddenError, match=r"access\.manage"):
            service.create_account(session, planner, "x2", "x", [])
        with pytest.raises(UnauthenticatedError):
            service.create_account(session, service.anonymous(reading=True), "x2", "x", [])

    def manager(self, session: Session) -> Actor:
        """Return a department that manages accounts and reads, and may do nothing else."""
        service.set_role(session, HERE, Role.DEPARTMENT, [Permission.READ, Permission.ACCESS_MANAGE])
        return actor(session, account(session, "manager", Assignment(Role.DEPARTMENT)))

    def test_nobody_gives_more_than_they_hold(self, session) -> None:
        manager = self.manager(session)
        service.set_role(session, HERE, Role.INSPECTOR, [Permission.READ])
        service.create_account(session, manager, "reader", "Reader", [Assignment(Role.INSPECTOR)])
        for beyond in (ADMINISTRATOR, Assignment(Role.ANALYST), TOWN):
            with pytest.raises(ForbiddenError) as refused:
                service.create_account(session, manager, f"x{beyond.role}", "x", [beyond])
            assert code_of(refused) == "grant_beyond"
        with pytest.raises(ForbiddenError):
            service.set_role(session, manager, Role.INSPECTOR, [Permission.READ, Permission.IMPORT])

    def test_nobody_takes_over_an_account_that_holds_more(self, session) -> None:
        manager = self.manager(session)
        chief = account(session, "chief", ADMINISTRATOR)
        attempts = (
            lambda: service.set_password(session, manager, chief, "another long password"),
            lambda: service.offer_password(session, manager, chief, NOW),
            lambda: service.set_grants(session, manager, chief, []),
            lambda: service.disable_account(session, manager, chief, NOW),
            lambda: service.create_key(session, manager, chief, "k", [Permission.READ], NOW + timedelta(1), NOW),
        )
        for attempt in attempts:
            with pytest.raises(ForbiddenError) as refused:
                attempt()
            assert code_of(refused) == "grant_beyond"

    def test_the_last_administrator_stays(self, session) -> None:
        one, two = account(session, "one", ADMINISTRATOR), account(session, "two", ADMINISTRATOR)
        account(session, "bound", Assignment(Role.ADMINISTRATOR, "town", "310113109"))
        account(session, "without", ADMINISTRATOR, password=None)
        service.disable_account(session, HERE, one, NOW)
        for attempt in (
            lambda: service.disable_account(session, HERE, two, NOW),
            lambda: service.set_grants(session, HERE, two, [TOWN]),
            lambda: service.set_grants(session, HERE, two, []),
        ):
            with pytest.raises(ConflictError) as refused, session.begin_nested():
                attempt()
            assert code_of(refused) == "last_administrator"
        session.expire_all()
        assert actor(session, two).is_administrator
        assert two.disabled_at is None
        service.set_grants(session, HERE, two, [ADMINISTRATOR, TOWN])

    def test_roles_are_replaced_and_the_log_says_from_what_to_what(self, session) -> None:
        lihua = account(session, "lihua", TOWN)
        service.set_grants(session, HERE, lihua, [Assignment(Role.ANALYST, department="城管"), TOWN])
        last = queries.changes(session)[0]
        assert last.before["grants"] == [{"role": "planner", "area": "310113109", "department": None}]
        assert [grant["role"] for grant in last.after["grants"]] == ["analyst", "planner"]

    def test_the_public_is_no_role_to_give(self, session) -> None:
        with pytest.raises(InputError) as refused:
            account(session, "lihua", Assignment(Role.PUBLIC))
        assert code_of(refused) == "role_fixed"

    def test_ones_own_password_needs_no_manager_but_the_person(self, session) -> None:
        lihua = account(session, "lihua", Assignment(Role.INSPECTOR))
        me = actor(session, lihua)
        service.set_password(session, me, lihua, "another long password")
        assert service.sign_in(session, "lihua", PASSWORD, NOW) is None
        assert service.sign_in(session, "lihua", "another long password", NOW)
        key = Actor("key", "lihua", lihua.account_id, me.grants, key_prefix="gm_00000000")
        with pytest.raises(ForbiddenError):
            service.set_password(session, key, lihua, "a third long password")

    def test_unknown_accounts(self, session) -> None:
        for look_up in (lambda: queries.account_by_name(session, "no"), lambda: queries.account_by_id(session, 0)):
            with pytest.raises(NotFoundError) as refused:
                look_up()
            assert code_of(refused) == "account_unknown"


class TestSigningIn:
    def test_a_session_is_who_signed_in(self, session) -> None:
        lihua = account(session, "lihua", TOWN)
        token, who = service.sign_in(session, " LiHua ", PASSWORD, NOW)
        assert (who.kind, who.name, who.account_id) == ("account", "lihua", lihua.account_id)
        assert service.actor_of_session(session, token, NOW) == who
        assert service.actor_of_session(session, token + "x", NOW) is None
        kept = session.scalars(select(AccessSession.token_sha256)).all()
        assert len(kept) == 1
        assert token not in kept[0], "the token itself is nowhere"
        service.sign_out(session, token)
        assert service.actor_of_session(session, token, NOW) is None
        service.sign_out(session, token)

    def test_every_refusal_looks_the_same_and_costs_one_hash(self, session, monkeypatch) -> None:
        account(session, "lihua")
        account(session, "unset", password=None)
        service.disable_account(session, HERE, account(session, "gone"), NOW)
        locked = account(session, "locked")
        locked.locked_until = NOW + timedelta(seconds=1)
        session.flush()
        credentials.password_matches(None, "")  # the stand-in of this process is made once, before all others
        verified: list[str] = []
        verify = type(credentials._hasher).verify

        def counting(self: object, hash_: str, password: str) -> bool:
            verified.append(hash_.rpartition("$")[0].rpartition("$")[0])
            return verify(self, hash_, password)

        monkeypatch.setattr(type(credentials._hasher), "verify", counting)
        for name in ("lihua", "unset", "gone", "locked", "nobody", "no such ' name", ""):
            verified.clear()
            given = PASSWORD if name in ("gone", "locked") else "wrong password"
            assert service.sign_in(session, name, given, NOW) is None, name
            assert verified == ["$argon2id$v=19$m=64,t=1,p=1"], f"{name}: once, with the parameters of all"

    def test_wrong_passwords_lock_for_longer_and_longer(self, session) -> None:
        lihua, now = account(session), NOW
        for _ in range(4):
            assert service.sign_in(session, "lihua", "wrong password", now) is None
        assert lihua.locked_until is None
        for seconds in (30, 60, 120, 240, 480, 900, 900):
            assert service.sign_in(session, "lihua", "wrong password", now) is None
            assert lihua.locked_until == now + timedelta(seconds=seconds)
            almost = lihua.locked_until - timedelta(seconds=1)
            assert service.sign_in(session, "lihua", PASSWORD, almost) is None, "the right one does not pass either"
            now = lihua.locked_until
        assert lihua.failed_attempts == 11, "what is tried during a lock does not count"
        assert service.sign_in(session, "lihua", PASSWORD, now)
        assert (lihua.failed_attempts, lihua.locked_until) == (0, None)
        assert actions(session).count("account.lock") == 7

    def test_a_session_slides_and_ends(self, session) -> None:
        account(session)
        token, _ = service.sign_in(session, "lihua", PASSWORD, NOW)
        idle = timedelta(hours=12)
        assert service.actor_of_session(session, token, NOW + idle - timedelta(seconds=1))
        assert service.actor_of_session(session, token, NOW + 2 * idle - timedelta(seconds=2))
        assert service.actor_of_session(session, token, NOW + 3 * idle) is None
        token, _ = service.sign_in(session, "lihua", PASSWORD, NOW)
        for hour in range(0, 168, 11):
            assert service.actor_of_session(session, token, NOW + timedelta(hours=hour)), hour
        assert service.actor_of_session(session, token, NOW + timedelta(days=7, seconds=-1))
        assert service.actor_of_session(session, token, NOW + timedelta(days=7)) is None

    def test_use_within_five_minutes_writes_nothing(self, session) -> None:
        account(session)
        token, _ = service.sign_in(session, "lihua", PASSWORD, NOW)
        row = session.scalars(select(AccessSession)).one()
        service.actor_of_session(session, token, NOW + timedelta(minutes=4, seconds=59))
        assert row.last_used_at == NOW
        service.actor_of_session(session, token, NOW + timedelta(minutes=5))
        assert row.last_used_at == NOW + timedelta(minutes=5)

    def test_sessions_end_with_the_password_and_with_the_account(self, session) -> None:
        lihua = account(session)
        token, _ = service.sign_in(session, "lihua", PASSWORD, NOW)
        service.set_password(session, HERE, lihua, "another long password")
        assert service.actor_of_session(session, token, NOW) is None
        token, _ = service.sign_in(session, "lihua", "another long password", NOW)
        service.disable_account(session, HERE, lihua, NOW)
        assert service.actor_of_session(session, token, NOW) is None

    def test_ended_sessions_are_cleared_away(self, session) -> None:
        account(session)
        service.sign_in(session, "lihua", PASSWORD, NOW)
        service.sign_in(session, "lihua", PASSWORD, NOW + timedelta(days=1))
        assert len(session.scalars(select(AccessSession)).all()) == 1

    def test_a_hash_of_former_parameters_is_renewed(self, session, monkeypatch) -> None:
        lihua = account(session)
        monkeypatch.setattr(credentials, "_hasher", credentials.PasswordHasher(2, 128, 1))
        assert service.sign_in(session, "lihua", PASSWORD, NOW)
        assert "m=128,t=2" in lihua.password_hash
        assert service.sign_in(session, "lihua", PASSWORD, NOW)

    def test_keyboards_that_compose_differently_type_one_password(self, session) -> None:
        account(session, password="cafe\u0301 in the park")
        assert service.sign_in(session, "lihua", "caf\u00e9 in the park", NOW)


class TestDemo:
    def test_one_account_a_role_and_none_administers(self, session) -> None:
        service.ensure_demo_accounts(session)
        service.ensure_demo_accounts(session)
        names = [found.name for found in queries.demo_accounts(session)]
        assert names == [
            "demo-analyst",
            "demo-department",
            "demo-dispatcher",
            "demo-duty-chief",
            "demo-inspector",
            "demo-operator",
            "demo-planner",
        ]
        token, who = service.demo_sign_in(session, "demo-planner", NOW)
        assert who.demo
        assert who.may(Permission.AREAS_DRAFT)
        assert not who.may(Permission.ACCESS_MANAGE)
        assert service.actor_of_session(session, token, NOW) == who
        assert service.verify_changes(session).first_broken is None

    def test_a_demo_account_has_no_password_and_gets_none(self, session) -> None:
        service.ensure_demo_accounts(session)
        planner = queries.account_by_name(session, "demo-planner")
        assert service.sign_in(session, "demo-planner", "", NOW) is None
        for attempt in (
            lambda: service.set_password(session, HERE, planner, PASSWORD),
            lambda: service.offer_password(session, HERE, planner, NOW),
            lambda: service.set_grants(session, HERE, planner, [ADMINISTRATOR]),
        ):
            with pytest.raises(ConflictError) as refused:
                attempt()
            assert code_of(refused) == "account_of_demo"

    @pytest.mark.parametrize("name", ["lihua", "nobody", "demo-administrator"])
    def test_no_other_account_is_entered_so(self, session, name) -> None:
        service.ensure_demo_accounts(session)
        account(session, "lihua", ADMINISTRATOR)
        with pytest.raises(UnauthenticatedError):
            service.demo_sign_in(session, name, NOW)


class TestKeys:
    def test_a_key_does_no_more_than_its_scopes(self, session) -> None:
        lihua = account(session, "lihua", TOWN, Assignment(Role.ANALYST))
        end = NOW + timedelta(days=30)
        scopes = [Permission.AREAS_DRAFT, Permission.READ]
        secret = service.create_key(session, actor(session, lihua), lihua, "nightly import", scopes, end, NOW)
        assert re.fullmatch(r"gm_[0-9a-f]{8}_[\w-]{43}", secret)
        who = service.actor_of_key(session, secret, NOW)
        assert (who.kind, who.name, who.key_prefix) == ("key", "lihua", secret[:11])
        assert who.may(Permission.AREAS_DRAFT, ["310113109"])
        assert not who.may(Permission.AREAS_DRAFT, ["310113001"])
        assert not who.holds(Permission.COVERAGE_RUN)
        kept = session.scalars(select(ApiKey)).one()
        assert secret[12:] not in kept.secret_sha256
        assert kept.last_used_on == date(2026, 3, 2)
        assert secret[12:] not in str([entry.content() for entry in queries.changes(session)])

    def test_a_key_follows_its_account(self, session) -> None:
        lihua = account(session, "lihua", Assignment(Role.ANALYST))
        secret = service.create_key(session, HERE, lihua, "k", [Permission.COVERAGE_RUN], NOW + timedelta(1), NOW)
        service.set_grants(session, HERE, lihua, [Assignment(Role.INSPECTOR)])
        assert not service.actor_of_key(session, secret, NOW).holds(Permission.COVERAGE_RUN)
        service.disable_account(session, HERE, lihua, NOW)
        assert service.actor_of_key(session, secret, NOW) is None

    def test_a_key_ends_by_time_and_by_hand(self, session) -> None:
        lihua = account(session, "lihua", Assignment(Role.INSPECTOR))
        me, end = actor(session, lihua), NOW + timedelta(days=1)
        secret = service.create_key(session, me, lihua, "k", [Permission.READ], end, NOW)
        assert service.actor_of_key(session, secret, end - timedelta(seconds=1))
        assert service.actor_of_key(session, secret, end) is None
        key = queries.key_by_prefix(session, secret[:11])
        other = actor(session, account(session, "other", Assignment(Role.PLANNER)))
        with pytest.raises(ForbiddenError):
            service.revoke_key(session, other, key, NOW)
        service.revoke_key(session, me, key, NOW)
        service.revoke_key(session, me, key, NOW)
        assert service.actor_of_key(session, secret, NOW) is None
        assert actions(session).count("key.revoke") == 1

    @pytest.mark.parametrize("scopes", [[], [Permission.IMPORT], [Permission.READ, Permission.ACCESS_MANAGE]])
    def test_scopes_beyond_the_account(self, session, scopes) -> None:
        lihua = account(session, "lihua", Assignment(Role.ANALYST))
        with pytest.raises(InputError) as refused:
            service.create_key(session, HERE, lihua, "k", scopes, NOW + timedelta(1), NOW)
        assert code_of(refused) == "key_scopes_beyond"

    def test_a_key_makes_no_key_and_cannot_widen_itself(self, session) -> None:
        lihua = account(session, "lihua", Assignment(Role.PLANNER))
        end = NOW + timedelta(1)
        secret = service.create_key(session, actor(session, lihua), lihua, "k", [Permission.READ], end, NOW)
        with pytest.raises(ForbiddenError):
            service.create_key(
                session, service.actor_of_key(session, secret, NOW), lihua, "k2", [Permission.IMPORT], end, NOW
            )

    @pytest.mark.parametrize("text_", ["", "gm_", "gm_0_", "gm_00000000_" + "x" * 43, "anything", "gm_é_ü"])
    def test_what_is_no_key(self, session, text_) -> None:
        assert service.actor_of_key(session, text_, NOW) is None

    def test_a_known_prefix_with_another_secret(self, session) -> None:
        lihua = account(session, "lihua", Assignment(Role.INSPECTOR))
        secret = service.create_key(session, HERE, lihua, "k", [Permission.READ], NOW + timedelta(1), NOW)
        assert service.actor_of_key(session, secret[:-1] + ("a" if secret[-1] != "a" else "b"), NOW) is None

    def test_an_end_in_the_past(self, session) -> None:
        with pytest.raises(InputError, match="expires_at"):
            service.create_key(session, HERE, account(session), "k", [Permission.READ], NOW, NOW)


class TestSettingUp:
    def test_the_first_administrator_comes_by_a_link_that_works_once(self, session) -> None:
        earlier, token = service.offer_setup(session, NOW), service.offer_setup(session, NOW)
        with pytest.raises(UnauthenticatedError):
            service.use_setup(session, earlier, "chief", PASSWORD, NOW)
        with pytest.raises(InputError), session.begin_nested():
            service.use_setup(session, token, "chief", "short", NOW)
        entered, who = service.use_setup(session, token, "Chief", PASSWORD, NOW)
        assert who.is_administrator
        assert service.actor_of_session(session, entered, NOW) == who
        assert service.sign_in(session, "chief", PASSWORD, NOW)
        for name in ("chief", "second"):
            with pytest.raises(UnauthenticatedError) as refused:
                service.use_setup(session, token, name, PASSWORD, NOW)
            assert code_of(refused) == "setup_token_invalid"
        assert service.offer_setup(session, NOW) is None
        assert token not in session.scalars(select(SetupToken.token_sha256)).all()

    def test_a_link_is_good_for_a_day_and_while_nobody_administers(self, session) -> None:
        token = service.offer_setup(session, NOW)
        with pytest.raises(UnauthenticatedError):
            service.use_setup(session, token, "chief", PASSWORD, NOW + timedelta(days=1))
        account(session, "other", ADMINISTRATOR)
        with pytest.raises(UnauthenticatedError):
            service.use_setup(session, token, "chief", PASSWORD, NOW)

    def test_an_administrator_who_cannot_sign_in_counts_for_nothing(self, session) -> None:
        account(session, "without", ADMINISTRATOR, password=None)
        service.ensure_demo_accounts(session)
        account(session, "planner", Assignment(Role.PLANNER))
        assert service.offer_setup(session, NOW)

    def test_a_link_sets_the_password_of_its_account_alone(self, session) -> None:
        lihua = account(session, "lihua", TOWN, password=None)
        account(session, "chief", ADMINISTRATOR)
        token = service.offer_password(session, HERE, lihua, NOW)
        with pytest.raises(UnauthenticatedError):
            service.use_setup(session, token, "chief", PASSWORD, NOW)
        _, who = service.use_setup(session, token, "lihua", PASSWORD, NOW)
        assert who.name == "lihua"
        assert not who.is_administrator
        with pytest.raises(UnauthenticatedError):
            service.use_setup(session, token, "lihua", "another long password", NOW)


def break_log(session: Session, statement: str) -> None:
    """Change the log as only the owner of the database can: without its guard."""
    session.flush()
    session.execute(text("ALTER TABLE changes DISABLE TRIGGER refuse_change_of_log"))
    session.execute(text(statement))
    session.execute(text("ALTER TABLE changes ENABLE TRIGGER refuse_change_of_log"))


class TestLog:
    def test_entries_hold_who_what_and_from_what_to_what(self, session) -> None:
        entry = service.record(session, HERE, "areas.approve", "edition:2", before={"m2": 1.0}, after={"m2": 1e22})
        session.expire_all()
        kept = queries.changes(session, object_="edition:2")[0]
        assert (kept.actor_kind, kept.actor, kept.action) == ("local", "root", "areas.approve")
        assert (kept.before, kept.after) == ({"m2": 1.0}, {"m2": 1e22})
        assert kept.change_id == entry.change_id == 1
        assert service.verify_changes(session).head_sha256 == kept.sha256

    @pytest.mark.parametrize("statement", ["UPDATE changes SET actor = 'x'", "DELETE FROM changes", "TRUNCATE changes"])
    def test_the_database_refuses_to_change_it(self, session, statement) -> None:
        service.record(session, HERE, "a.b", "c:d")
        with pytest.raises(DBAPIError, match="append-only"):
            session.execute(text(statement))

    @pytest.mark.parametrize(
        ("statement", "first_broken"),
        [
            ("UPDATE changes SET actor = 'x' WHERE change_id = 3", 3),
            ("UPDATE changes SET at = at + interval '1 microsecond' WHERE change_id = 2", 2),
            ("UPDATE changes SET after = '{\"n\": 5}' WHERE change_id = 4", 4),
            ("UPDATE changes SET before = '{}' WHERE change_id = 1", 1),
            ("UPDATE changes SET key_prefix = 'gm_00000000' WHERE change_id = 5", 5),
            ("UPDATE changes SET sha256 = repeat('0', 64) WHERE change_id = 2", 2),
            ("DELETE FROM changes WHERE change_id = 1", 2),
            ("DELETE FROM changes WHERE change_id = 3", 4),
        ],
    )
    def test_a_change_behind_its_back_is_found(self, session, statement, first_broken) -> None:
        for n in range(1, 6):
            service.record(session, HERE, "a.b", "c:d", after={"n": n})
        assert (service.verify_changes(session).count, service.verify_changes(session).first_broken) == (5, None)
        break_log(session, statement)
        assert service.verify_changes(session).first_broken == first_broken

    def test_a_cut_off_end_shows_by_the_noted_head(self, session) -> None:
        for n in range(3):
            service.record(session, HERE, "a.b", "c:d", after={"n": n})
        noted = service.verify_changes(session).head_sha256
        break_log(session, "DELETE FROM changes WHERE change_id = 3")
        report = service.verify_changes(session)
        assert report.first_broken is None
        assert report.head_sha256 != noted

    def test_pages_and_filters(self, session) -> None:
        for n in range(5):
            service.record(session, HERE, "a.even" if n % 2 == 0 else "a.odd", f"c:{n}")
        assert [e.change_id for e in queries.changes(session, limit=2)] == [5, 4]
        assert [e.change_id for e in queries.changes(session, limit=2, before_id=4)] == [3, 2]
        assert [e.change_id for e in queries.changes(session, action="a.odd")] == [4, 2]
        later = session.scalar(select(Change.at).where(Change.change_id == 4))
        assert [e.change_id for e in queries.changes(session, since=later)] == [5, 4]

    def test_nothing_of_a_refused_deed_is_in_it(self, session) -> None:
        only = account(session, "only", ADMINISTRATOR)
        before = actions(session)
        with pytest.raises(ConflictError), session.begin_nested():
            service.disable_account(session, HERE, only, NOW)
        assert actions(session) == before
