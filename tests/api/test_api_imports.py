"""Files given over HTTP: on the disk before the answer, read by a job, told row by row; hostile ones are refused."""

import gzip
import io
import json
import stat
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.orm import sessionmaker

from api.app import create_app
from gridmgmt import disk
from gridmgmt.access.queries import account_by_name, keys
from gridmgmt.access.rules import Role
from gridmgmt.access.service import revoke_key, set_grants
from gridmgmt.db import Session, make_engine, make_sessions, transaction
from gridmgmt.editions.queries import editions
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import UnavailableError
from gridmgmt.jobs import service as jobs
from gridmgmt.jobs.worker import Worker
from gridmgmt.settings import Settings
from gridmgmt.texts import LANGUAGES, catalogue
from gridmgmt.uploads import folder
from gridmgmt.uploads.folder import upload_folder
from gridmgmt.uploads.records import UPLOAD_KINDS
from gridmgmt.work import handlers
from tests.api.test_api_draft_files import towns_file
from tests.api.test_api_drafts import problem
from tests.contracts.test_catalogue import fields_of
from tests.support import paper_grids
from tests.support.actors import FAR_AWAY, TESTER, add_account, add_key, bearer
from tests.support.drafts import take_into_force
from tests.support.serving import served

HEADER = "name,type,lon,lat\n"
GOOD = HEADER + "甲食堂,community_canteen,121.401,31.301\n乙食堂,community_canteen,121.402,31.302\n"
BAD = GOOD.replace("121.402", "没有")
"""The second row, line 3, has no longitude."""


class Desk:
    """A planner at a server with a folder of given files; the worker works when it is told to."""

    def __init__(self, client: httpx.Client, sessions: sessionmaker[Session], settings: Settings) -> None:
        self.client, self.sessions, self.settings = client, sessions, settings

    def worker(self) -> Worker:
        return Worker(self.sessions, handlers(self.settings), lease_s=15)

    def give(self, content: bytes | str, **query: Any) -> httpx.Response:
        asked = {"file": "食堂.csv", "kind": "service-points", **query}
        asked["options"] = json.dumps(asked.get("options", {}))
        return self.client.post("/api/v1/imports", params=asked, content=content)

    def work(self) -> None:
        while self.worker().run_one():
            pass

    def taken(self, content: bytes | str, **query: Any) -> dict[str, Any]:
        answer = self.give(content, **query)
        assert answer.status_code == 202, answer.text
        self.work()
        return self.read(answer.json()["links"]["self"])

    def read(self, path: str) -> dict[str, Any]:
        answer = self.client.get(path, headers={"Accept-Language": "en"})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def editions(self) -> list[str]:
        with self.sessions() as session:
            return [edition.name for edition in editions(session, subject=Subject.SERVICE_POINTS)]

    @property
    def files(self) -> list[str]:
        """The given files that are kept, without the lists of refused rows."""
        found = (self.settings.data / "uploads").rglob("*")
        return sorted(path.name for path in found if path.is_file() and path.suffix != ".jsonl")


@contextmanager
def set_up(url: str, folder: Path) -> Iterator[Desk]:
    engine = make_engine(url)
    sessions = make_sessions(engine)
    add_account(sessions, "planner", Role.PLANNER)
    settings = Settings(data=folder, upload_limit_bytes=2_000_000, reading="accounts")
    with served(create_app(settings, url)) as client:
        client.headers.update(bearer(add_key(sessions, "planner")))
        yield Desk(client, sessions, settings)
    engine.dispose()


@pytest.fixture
def desk(fresh_database_url: str, tmp_path: Path) -> Iterator[Desk]:
    """A desk of one test."""
    with set_up(fresh_database_url, tmp_path) as desk:
        yield desk


@pytest.fixture(scope="module")
def shared_desk(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk of the tests that do not mind what others have given."""
    with set_up(module_database_url, tmp_path_factory.mktemp("desk")) as desk:
        yield desk


def test_a_file_is_on_the_disk_before_the_answer_and_gone_when_it_is_taken(desk: Desk) -> None:
    answer = desk.give(GOOD)
    assert answer.status_code == 202, answer.text
    given = answer.json()
    assert (given["state"], given["kept"], given["bytes"]) == ("queued", True, len(GOOD.encode()))
    assert answer.headers["location"] == given["links"]["self"]
    [kept] = [path for path in (desk.settings.data / "uploads").rglob("*") if path.is_file()]
    assert kept.read_bytes() == GOOD.encode()
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    desk.work()
    taken = desk.read(given["links"]["self"])
    assert (taken["state"], taken["progress"], taken["error"]) == ("succeeded", 1.0, None)
    assert taken["outcome"] == {
        "subject": "service_points",
        "edition": "食堂",
        "read": 2,
        "taken": 2,
        "refused": 0,
        "new": True,
    }
    assert taken["found"] == {
        "columns": ["name", "type", "lon", "lat"],
        "extent": [121.401, 31.301, 121.402, 31.302],
        "read": 2,
    }
    assert (desk.files, desk.editions()) == ([], ["食堂"])


def test_the_same_file_again_is_already_there(desk: Desk) -> None:
    assert desk.taken(GOOD)["outcome"]["new"]
    again = desk.taken(GOOD)
    assert (again["state"], again["outcome"]["new"], again["outcome"]["taken"]) == ("succeeded", False, 0)
    assert [each["upload_id"] for each in desk.read("/api/v1/imports")["items"]] == [
        again["upload_id"],
        again["upload_id"] - 1,
    ]


def test_bad_rows_are_listed_and_the_corrected_file_is_taken(desk: Desk) -> None:
    refused = desk.taken(BAD)
    assert (refused["state"], refused["error"]["code"], refused["problem_count"]) == ("failed", "rows_refused", 1)
    assert (refused["outcome"], refused["kept"], desk.editions()) == (None, True, [])
    [row] = desk.read(refused["links"]["problems"])["items"]
    assert (row["row"], row["field"], row["value"], row["code"]) == (3, "lon", "没有", "number_malformed")
    assert desk.taken(GOOD)["outcome"]["taken"] == 2


def test_a_preview_tells_what_would_come_and_keeps_nothing(desk: Desk) -> None:
    seen = desk.taken(GOOD, dry_run=True)
    assert (seen["state"], seen["outcome"]["taken"], seen["kept"]) == ("succeeded", 2, True)
    assert desk.editions() == []
    answer = desk.client.post(seen["links"]["again"], json={"options": {"edition": "2026"}})
    assert answer.status_code == 202, answer.text
    desk.work()
    assert desk.read(answer.json()["links"]["self"])["outcome"]["edition"] == "2026"
    assert (desk.editions(), desk.files) == (["2026"], [])
    gone = desk.client.post(seen["links"]["again"], json={"options": {}})
    assert problem(gone) == (404, "upload_gone")


@pytest.mark.long
def test_a_preview_of_bad_rows_counts_the_good_ones_and_partial_takes_them(desk: Desk) -> None:
    seen = desk.taken(BAD, dry_run=True)
    assert (seen["state"], seen["error"]["code"]) == ("failed", "rows_refused")
    assert (seen["outcome"]["read"], seen["outcome"]["taken"], seen["outcome"]["refused"]) == (2, 1, 1)
    assert (seen["problem_count"], desk.editions()) == (1, [])
    desk.client.post(seen["links"]["again"], json={"options": {"partial": True}}).raise_for_status()
    desk.work()
    newest = desk.read("/api/v1/imports")["items"][0]
    assert (newest["state"], newest["outcome"]["taken"], newest["problem_count"]) == ("succeeded", 1, 1)


@pytest.mark.long
def test_all_refused_rows_are_in_a_table_in_the_readers_language(desk: Desk) -> None:
    rows = 1_203
    content = HEADER + "".join(f"堂{n},community_canteen,=1+{n},31.3\n" for n in range(rows))
    refused = desk.taken(content)
    assert refused["problem_count"] == rows
    first = desk.read(f"{refused['links']['problems']}?limit=1000")
    assert (len(first["items"]), first["next"]) == (1_000, None)
    lines = desk.client.get(refused["links"]["refused.csv"], headers={"Accept-Language": "en"}).text.splitlines()
    assert lines[0].lstrip("\ufeff") == 'row,column,value,code,"reason, and what would be right"'
    assert (len(lines), lines[1].split(",")[:4]) == (rows + 1, ["2", "lon", "'=1+0", "number_malformed"])
    chinese = desk.client.get(refused["links"]["refused.csv"]).text.splitlines()
    assert chinese[0].lstrip("\ufeff") == "行,列,值,代码,原因与改法"


def test_areas_go_into_a_draft_and_ask_for_drafting_too(desk: Desk) -> None:
    options = {"level": "town", "edition": "2040", "valid_from": "2040-01-01"}
    taken = desk.taken(towns_file(), file="镇.geojson", kind="areas", options=options)
    assert (taken["outcome"]["taken"], taken["outcome"]["subject"]) == (2, "areas")
    draft = desk.read(f"/api/v1/drafts/{taken['draft_id']}")
    assert (draft["name"], draft["state"], draft["areas"]) == ("2040", "draft", {"town": 2})


def test_what_is_wrong_is_said_before_the_file_is_read(desk: Desk) -> None:
    no_level = desk.give(b"{}", file="a.geojson", kind="areas")
    assert problem(no_level) == (422, "request_invalid")
    assert no_level.json()["errors"][0]["pointer"] == "/query/options/level"
    assert problem(desk.give(GOOD, kind="photographs")) == (422, "upload_kind_unknown")
    assert problem(desk.give(GOOD, options={"colour": "red"})) == (422, "request_invalid")
    assert problem(desk.give(GOOD, options=["a"])) == (422, "upload_options_malformed")
    assert problem(desk.give(GOOD, file="a.exe")) == (422, "format_unknown")
    assert problem(desk.give(b"", file="a.csv")) == (422, "file_empty")
    assert problem(desk.give(b"x" * 2_000_001)) == (422, "upload_too_large")
    assert desk.files == []
    assert desk.read("/api/v1/imports")["items"] == []


def test_no_file_of_the_server_can_be_named(shared_desk: Desk) -> None:
    rasters = {"rasters": {"60_64": ["/etc/passwd"]}}
    assert problem(shared_desk.give(GOOD, kind="population", options=rasters)) == (422, "upload_option_hidden")
    houses = {"level": "town", "buildings": "/etc/passwd"}
    given = shared_desk.give(GOOD, kind="population-by-area", options=houses)
    assert problem(given) == (422, "upload_option_hidden")


@pytest.mark.parametrize(
    ("name", "shown"),
    [("../../../etc/cron.d/a.csv", "a.csv"), ("C:\\tmp\\食 堂?.csv", "食 堂?.csv"), ("-rf *.csv", "-rf *.csv"),
     ("x" * 150 + ".csv", "x" * 150 + ".csv"), ("a\u202egpj\n.csv", "agpj.csv")],
)  # fmt: skip
def test_odd_names_stay_in_the_folder(shared_desk: Desk, name: str, shown: str) -> None:
    taken = shared_desk.taken(GOOD, file=name, options={"edition": "e"})
    assert (taken["file"], taken["state"]) == (shown, "succeeded")
    outside = [path for path in shared_desk.settings.data.rglob("*") if path.is_file() and "uploads" not in path.parts]
    assert outside == []


@pytest.mark.parametrize("name", ["", "...", " ", "/", "x" * 201 + ".csv"])
def test_names_that_are_none(shared_desk: Desk, name: str) -> None:
    assert problem(shared_desk.give(GOOD, file=name))[0] == 422


def zipped(members: Mapping[str, bytes], *, link: bool = False) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if link:
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, content)
    return stream.getvalue()


BLANKS = b" " * 60_000_000
HOSTILE: list[tuple[str, str, Callable[[], bytes], str]] = [
    ("bomb.zip", "areas", lambda: zipped({"a.shp": BLANKS}), "archive_too_large"),
    ("bomb.csv.gz", "service-points", lambda: gzip.compress(BLANKS), "archive_too_large"),
    ("many.zip", "areas", lambda: zipped({f"{n}.shp": b"" for n in range(1_001)}), "archive_too_large"),
    ("parent.zip", "areas", lambda: zipped({"../../a.shp": b"x"}), "archive_path_unsafe"),
    ("absolute.zip", "areas", lambda: zipped({"/etc/a.shp": b"x"}), "archive_path_unsafe"),
    ("link.zip", "areas", lambda: zipped({"a.shp": b"/etc/passwd"}, link=True), "archive_path_unsafe"),
    ("none.zip", "areas", lambda: b"PK no zip at all", "archive_broken"),
    ("cut.csv.gz", "service-points", lambda: gzip.compress(GOOD.encode())[:-9], "archive_broken"),
    ("order.gpkg", "areas", lambda: b"<OGRVRTDataSource/>", "file_unreadable"),
    ("header.csv", "service-points", HEADER.encode, "file_empty"),
    ("huge.csv", "service-points", (HEADER + "x" * 200_000 + ",y,1,2\n").encode, "table_malformed"),
]


@pytest.mark.parametrize(("name", "kind", "content", "code"), HOSTILE, ids=[each[0] for each in HOSTILE])
def test_hostile_files_end_in_words(
    shared_desk: Desk, name: str, kind: str, content: Callable[[], bytes], code: str
) -> None:
    options = {"level": "town"} if kind == "areas" else {}
    refused = shared_desk.taken(content(), file=name, kind=kind, options=options)
    assert (refused["state"], refused["error"]["code"]) == ("failed", code)
    assert refused["outcome"] is None


def test_an_upload_that_breaks_off_leaves_nothing(desk: Desk) -> None:
    def half() -> Iterator[bytes]:
        yield GOOD.encode()
        raise ConnectionError("the plug is pulled")

    asked = {"file": "a.csv", "kind": "service-points"}
    with pytest.raises(ConnectionError, match="plug"):
        desk.client.post("/api/v1/imports", params=asked, content=half())
    desk.taken(GOOD)  # by then the server has seen it
    assert (desk.files, len(desk.read("/api/v1/imports")["items"])) == ([], 1)


def test_a_worker_that_dies_is_followed_by_another_that_takes_the_file_once(desk: Desk) -> None:
    given = desk.give(GOOD).json()
    with transaction(desk.sessions) as session:
        claim = jobs.claim(session, lease_s=0.001, job_id=given["job_id"])
    assert claim is not None
    desk.work()
    assert desk.read(given["links"]["self"])["outcome"]["taken"] == 2
    assert desk.editions() == ["食堂"]


def test_a_file_that_is_gone_ends_in_words(desk: Desk) -> None:
    given = desk.give(GOOD).json()
    for path in (desk.settings.data / "uploads").rglob("*.csv"):
        path.unlink()
    desk.work()
    assert desk.read(given["links"]["self"])["error"]["code"] == "upload_gone"


def test_a_cancelled_import_stores_nothing_and_its_file_is_kept(desk: Desk) -> None:
    given = desk.give(GOOD).json()
    assert desk.client.delete(given["links"]["job"]).json()["state"] == "cancelled"
    desk.work()
    cancelled = desk.read(given["links"]["self"])
    assert (cancelled["state"], cancelled["kept"], desk.editions()) == ("cancelled", True, [])


def test_two_at_once_are_two(desk: Desk) -> None:
    one, other = (
        desk.give(GOOD, options={"edition": "one"}).json(),
        desk.give(GOOD, options={"edition": "other"}).json(),
    )
    desk.work()
    states = [desk.read(each["links"]["self"])["outcome"]["new"] for each in (one, other)]
    assert (states, sorted(desk.editions())) == ([True, True], ["one", "other"])


def test_whoever_may_import_no_more_is_refused_when_the_job_is_performed(desk: Desk) -> None:
    given = desk.give(GOOD).json()
    with transaction(desk.sessions) as session:
        set_grants(session, TESTER, account_by_name(session, "planner"), [])
    desk.work()
    with desk.sessions() as session:
        job = session.get(jobs.Job, given["job_id"])
        assert job is not None
        assert (job.error or {})["code"] == "permission_missing"


def test_made_up_data_and_real_data_do_not_mix(desk: Desk) -> None:
    assert desk.taken(GOOD, synthetic=True)["state"] == "succeeded"
    real = desk.taken(GOOD.replace("甲", "丙"), file="b.csv")
    assert (real["state"], real["error"]["code"]) == ("failed", "folder_holds_demo")


def test_every_kind_has_its_form_and_its_name(shared_desk: Desk) -> None:
    found = shared_desk.read("/api/v1/imports/kinds")
    assert found["limit_bytes"] == 2_000_000
    assert [each["kind"] for each in found["items"]] == list(UPLOAD_KINDS)
    assert all(f"file_kind.{kind}" in catalogue() for kind in UPLOAD_KINDS)
    options = {o["name"]: o for each in found["items"] if each["kind"] == "areas" for o in each["options"]}
    assert (options["level"]["required"], options["level"]["type"]) == (True, "choice")
    assert "town" in options["level"]["choices"]
    assert (options["partial"]["type"], options["valid_from"]["type"]) == ("flag", "day")
    assert all(f"file_option.{o['name']}" in catalogue() for each in found["items"] for o in each["options"])


def test_what_a_person_is_told_names_no_option_of_the_command_line(desk: Desk) -> None:
    """Each refusal that a form can mend has words of its own, with no other fields than the refusal gives."""
    known = catalogue()
    own = {key.removeprefix("upload_error.") for key in known if key.startswith("upload_error.")}
    for code in own:
        for lang in LANGUAGES:
            assert "--" not in known[f"upload_error.{code}"][lang]
            assert fields_of(known[f"upload_error.{code}"][lang]) <= fields_of(known[f"error.{code}"][lang])
    desk.taken(GOOD)
    taken = desk.taken(GOOD.replace("甲", "丙"))
    assert taken["error"]["code"] == "edition_name_taken"
    assert "under “Name of the edition”" in taken["error"]["detail"]


def test_centres_come_whole_or_not_at_all(desk: Desk) -> None:
    """Rows without an edition: what the service refuses is told row by row too."""
    drawn = {"level": "town", "edition": "2020", "valid_from": "2020-01-01"}
    desk.taken(towns_file(), file="镇.geojson", kind="areas", options=drawn)
    with transaction(desk.sessions) as session:
        take_into_force(session, "2020")
    rows = "code,type,name,area_code\nC1,community_affairs,甲中心,310113001\nC2,党建服务中心,乙中心,{town}\n"
    wrong = desk.taken(rows.format(town="310113009"), file="中心.csv", kind="centres")
    assert (wrong["state"], wrong["error"]["code"], wrong["problem_count"]) == ("failed", "rows_refused", 1)
    assert [row["row"] for row in desk.read(wrong["links"]["problems"])["items"]] == [3]
    seen = desk.taken(rows.format(town="310113002"), file="中心.csv", kind="centres", dry_run=True)
    assert (seen["state"], seen["outcome"]["taken"]) == ("succeeded", 2)
    taken = desk.taken(rows.format(town="310113002"), file="中心.csv", kind="centres")
    assert (taken["outcome"]["subject"], taken["outcome"]["taken"], taken["outcome"]["new"]) == ("centres", 2, True)
    again = desk.taken(rows.format(town="310113002"), file="中心.csv", kind="centres")
    assert (again["outcome"]["taken"], again["outcome"]["new"]) == (0, False)


def test_posts_and_grids_come_from_tables_too(desk: Desk) -> None:
    with transaction(desk.sessions) as session:
        paper_grids.build(session)
    said = {"valid_from": "2026-01-05"}
    posts = desk.taken("code,name,kind,body\nP5,夜班岗,巡查采集,城运中心\n", file="岗.csv", kind="posts", options=said)
    assert (posts["state"], posts["outcome"]["taken"]) == ("succeeded", 1)
    header = "cell_code,kind,grid_code,grid_name,post_code\n"
    cells = sorted(paper_grids.WESTERN)
    rows = [f"{code},inspection,W,西,P5\n" for code in cells]
    unknown = desk.taken(header + "".join(rows) + "1,inspection,W,西,P5\n", file="网.csv", kind="grids", options=said)
    assert unknown["error"]["code"] == "rows_refused"
    [row] = desk.read(unknown["links"]["problems"])["items"]
    assert (row["row"], row["value"]) == (len(cells) + 2, "1")
    taken = desk.taken(header + "".join(rows), file="网.csv", kind="grids", options=said)
    assert (taken["outcome"]["read"], taken["outcome"]["new"]) == (len(cells), True)
    assert not desk.taken(header + "".join(rows), file="网.csv", kind="grids", options=said)["outcome"]["new"]


def test_a_planner_of_one_town_sees_no_files_of_others(desk: Desk) -> None:
    given = desk.taken(BAD, file="nobody.csv")
    add_account(desk.sessions, "town", Role.PLANNER, area=("town", "310113008"))
    key = bearer(add_key(desk.sessions, "town"))
    assert desk.client.get("/api/v1/imports", headers=key).json()["items"] == []
    for path in ("", "/problems", "/refused.csv"):
        answer = desk.client.get(given["links"]["self"] + path, headers=key)
        assert problem(answer) == (403, "permission_missing")
    again = desk.client.post(given["links"]["again"], headers=key, json={"options": {}})
    assert problem(again) == (403, "permission_missing")


def test_readers_of_a_job_learn_nothing_of_a_refused_file(desk: Desk) -> None:
    content = GOOD.encode("utf-8") + "13812345678,b,é".encode("latin-1")
    given = desk.taken(content, file="nobody.csv", options={"encoding": "utf-8"})
    assert "13812345678" in given["error"]["detail"]
    add_account(desk.sessions, "analyst", Role.ANALYST)
    told = desk.client.get(given["links"]["job"], headers=bearer(add_key(desk.sessions, "analyst")))
    assert told.status_code == 200
    assert told.json()["error"]["code"] == "upload_withheld"
    assert "13812345678" not in told.text


def test_a_file_of_a_key_that_is_revoked_before_it_is_read_is_not_taken(desk: Desk) -> None:
    given = desk.give(GOOD).json()
    with transaction(desk.sessions) as session:
        [(key, _)] = keys(session)
        revoke_key(session, TESTER, key, FAR_AWAY)
    add_account(desk.sessions, "other", Role.PLANNER)
    desk.client.headers.update(bearer(add_key(desk.sessions, "other")))
    desk.work()
    ended = desk.read(given["links"]["self"])
    assert (ended["state"], ended["error"]["code"], desk.editions()) == ("failed", "permission_missing", [])


def test_a_file_that_would_fill_the_disk_breaks_off(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is looked at while a file comes, since others send theirs at the same time."""
    monkeypatch.setattr(folder, "_LOOK_EVERY_BYTES", 1_000)
    incoming = upload_folder(desk.settings).begin("a.csv")
    incoming.write(b"a" * 999)
    monkeypatch.setattr(disk, "SPARE_BYTES", 2**62)
    with pytest.raises(UnavailableError, match="已满"):
        incoming.write(b"a")
    incoming.discard()
    assert desk.files == []


def test_gates_are_given_like_any_table_and_listed(desk: Desk) -> None:
    rows = "code,name,lon,lat,access,hours\nG1,东门,121.401,31.301,居民,mon-fri 06:00-22:00\nG2,,121.402,31.302,,{}\n"
    refused = desk.taken(rows.format("daytime"), file="门.csv", kind="gates")
    assert (refused["state"], refused["error"]["code"], refused["problem_count"]) == ("failed", "rows_refused", 1)
    [row] = desk.read(refused["links"]["problems"])["items"]
    assert (row["row"], row["code"]) == (3, "gate_hours_malformed")
    taken = desk.taken(rows.format(""), file="门.csv", kind="gates", options={"valid_from": "2026-01-01"})
    assert (taken["outcome"]["subject"], taken["outcome"]["taken"]) == ("gates", 2)
    page = desk.read("/api/v1/gates?on=2026-01-01&limit=1")
    assert [(gate["code"], gate["access"], gate["hours"]) for gate in page["items"]] == [
        ("G1", "residents", {"mon-fri": ["06:00-22:00"]})
    ]
    assert [gate["code"] for gate in desk.read(page["next"])["items"]] == ["G2"]
    assert page["items"][0]["is_open"] is None, "no time was asked for"
    for at, open_then in {"fri 21:59": [True, True], "fri 22:00": [False, True], "sat 10:00": [False, True]}.items():
        looked = desk.read(f"/api/v1/gates?on=2026-01-01&at={at.replace(' ', '%20')}")
        assert [gate["is_open"] for gate in looked["items"]] == open_then, at
    assert desk.read("/api/v1/gates?on=2025-12-31")["items"] == []
