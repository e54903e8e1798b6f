"""Accounts, keys and the log as a person at the machine keeps them."""

import json
import os
import pwd
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import psycopg
import pytest

from gridmgmt.access import service
from gridmgmt.cluster import Cluster
from gridmgmt.db import Session, make_engine
from tests.support import paper_town
from tests.support.command import run_here
from tests.support.drafts import take_into_force
from tests.support.folders import data_folder

COMMAND = Path(sys.executable).with_name("gridmgmt")
LINK = re.compile(r"http://127\.0\.0\.1:8000/setup#([\w-]{43})/([a-z0-9._-]+)\n")


class Machine:
    """A data folder and who works on it; standard input is no terminal unless a test makes one."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.environment = {**os.environ, "GRIDMGMT_LANG": "en"}
        self.environment.pop("DATABASE_URL", None)

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run_here("--data", self.data, *arguments, environment=self.environment)

    def ok(self, *arguments: str) -> str:
        done = self(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *arguments: str) -> str:
        done = self(*arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        return done.stderr

    @property
    def url(self) -> str:
        return Cluster(self.data).url()


def in_database(machine: Machine) -> Session:
    return Session(make_engine(machine.url), expire_on_commit=False)


@pytest.fixture(scope="module")
def machine(tmp_path_factory) -> Iterator[Machine]:
    with data_folder() as data:
        found = Machine(data)
        found.ok("db", "start")
        files = tmp_path_factory.mktemp("files")
        found.ok("import", "areas", str(paper_town.areas_file(files)), "--level", "town", "--valid-from", "2026-01-01")
        with in_database(found) as session, session.begin():
            take_into_force(session, "towns")
        yield found
        found.ok("db", "stop")


def _read_until(stream: IO[bytes], end: bytes) -> None:
    shown = b""
    while not shown.endswith(end):
        block = os.read(stream.fileno(), 1)
        assert block, f"ended after {shown!r}"
        shown += block
    assert b"horse" not in shown


def test_an_account_from_its_link_to_its_end(machine) -> None:
    said = machine("user", "add", "LiHua", "--role", "planner", "--area", "310113001", "--display-name", "李华")
    assert said.returncode == 0, said.stderr
    token, name = LINK.search(said.stdout).groups()
    assert name == "lihua", "the page needs not ask for it"
    [lihua] = [a for a in json.loads(machine.ok("user", "list", "--json")) if a["name"] == "lihua"]
    assert lihua["state"] == "no_password"
    assert lihua["grants"] == [{"role": "planner", "area_code": "310113001", "department": None}]
    with in_database(machine) as session, session.begin():
        service.use_setup(session, token, "lihua", "correct horse battery", datetime.now(UTC))
    machine.ok("user", "grant", "lihua", "--role", "analyst", "--role", "inspector")
    listed = machine.ok("user", "list")
    assert re.search(r"^lihua +李华 +enabled +analyst, inspector$", listed, re.MULTILINE)
    machine.ok("user", "disable", "lihua")
    assert re.search(r"^lihua .* disabled ", machine.ok("user", "list"), re.MULTILINE)


def test_a_password_is_asked_for_on_a_terminal_and_not_shown(machine) -> None:
    """A pseudo-terminal stands for the person's keyboard and screen."""
    ours, theirs = os.openpty()
    command = [COMMAND, "--data", machine.data, "user", "add", "typist", "--role", "inspector"]
    process = subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=machine.environment,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    for prompt in (b"one-time link): ", b"Once more: "):
        _read_until(process.stderr, prompt)
        os.write(ours, b"correct horse battery\n")
    said, _ = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == 0
    assert said == b"the account typist is added\n", "no link"
    with in_database(machine) as session, session.begin():
        assert service.sign_in(session, "typist", "correct horse battery", datetime.now(UTC))


def test_a_key_is_printed_once_and_works_until_revoked(machine) -> None:
    machine.ok("user", "add", "robot", "--role", "analyst")
    key = machine.ok("token", "new", "robot", "--scope", "read", "--expires", "2999-12-31", "--label", "nightly")
    prefix = key[:11]
    assert re.fullmatch(r"gm_[0-9a-f]{8}_[\w-]{43}\n", key)
    [listed] = json.loads(machine.ok("token", "list", "robot", "--json"))
    assert (listed["prefix"], listed["label"], listed["scopes"]) == (prefix, "nightly", ["read"])
    assert listed["expires_at"] == "2999-12-31 16:00:00+00:00", "to the end of the day in Shanghai"
    with in_database(machine) as session, session.begin():
        assert service.actor_of_key(session, key.strip(), datetime.now(UTC)).name == "robot"
    machine.ok("token", "revoke", prefix)
    with in_database(machine) as session, session.begin():
        assert service.actor_of_key(session, key.strip(), datetime.now(UTC)) is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("user", "add", "x!"), "x!"),
        (("user", "add", "new", "--role", "planner", "--area", "999"), "999"),
        (("user", "grant", "nobody"), "nobody"),
        (("user", "role", "administrator", "--permission", "read"), "administrator"),
        (("token", "new", "nobody", "--scope", "read", "--expires", "2999-12-31"), "nobody"),
        (("token", "revoke", "gm_00000000"), "gm_00000000"),
    ],
)
def test_a_mistake_is_one_line(machine, arguments, said) -> None:
    assert said in machine.refused(*arguments)


@pytest.mark.long
def test_a_key_in_the_past_or_beyond_its_account(machine) -> None:
    machine.ok("user", "add", "reader", "--role", "inspector")
    assert "future" in machine.refused("token", "new", "reader", "--scope", "read", "--expires", "2020-01-01")
    assert "import" in machine.refused("token", "new", "reader", "--scope", "import", "--expires", "2999-12-31")


def test_the_log_shows_who_at_the_machine_did_what(machine) -> None:
    machine.ok("user", "add", "watched", "--role", "inspector")
    machine.ok("user", "disable", "watched")
    me = pwd.getpwuid(os.getuid()).pw_name
    entries = json.loads(machine.ok("audit", "show", "--object", "account:watched", "--json"))
    assert [entry["action"] for entry in entries] == ["account.disable", "account.offer_password", "account.create"]
    assert {(entry["actor_kind"], entry["actor"]) for entry in entries} == {("local", me)}
    assert entries[2]["after"]["grants"] == [{"role": "inspector", "area": None, "department": None}]
    table = machine.ok("audit", "show", "--object", "account:watched", "--since", "2020-01-01", "--limit", "1")
    assert re.search(rf" {me} +account\.disable +account:watched$", table, re.MULTILINE)
    assert len(table.splitlines()) == 2
    assert json.loads(machine.ok("audit", "show", "--since", "2999-01-01", "--json")) == []


def test_what_others_have_named_does_not_steer_the_terminal(machine) -> None:
    with in_database(machine) as session, session.begin():
        service.record(
            session, service.local_actor("planner"), "areas.open", "edition:areas/\x1b[2J\n1  \u202e析出　街道"
        )
    assert "  edition:areas/\ufffd[2J\ufffd1  \ufffd析出　街道\n" in machine.ok("audit", "show", "--limit", "1")


@pytest.mark.long
def test_a_log_that_was_tampered_with_is_told(machine) -> None:
    machine.ok("user", "add", "honest", "--role", "inspector")
    assert re.search(r"whole: \d+ entries, hash of the last [0-9a-f]{64}", machine.ok("audit", "verify"))
    with psycopg.connect(machine.url) as connection:
        connection.execute("ALTER TABLE changes DISABLE TRIGGER refuse_change_of_log")
        connection.execute("UPDATE changes SET actor = 'somebody else' WHERE change_id = 2")
        connection.execute("ALTER TABLE changes ENABLE TRIGGER refuse_change_of_log")
    assert "entry 2 of the log" in machine.refused("audit", "verify")


def test_what_roles_may_do_can_be_seen_and_changed(machine) -> None:
    before = machine.ok("user", "role", "department").splitlines()[1].split()
    assert before == ["department", "cases.handle", "read"]
    machine.ok("user", "role", "department", "--permission", "read", "--permission", "log.read")
    assert "department     log.read read" in machine.ok("user", "role")
