"""Photos of cases on the disk and in the database, and contact data that nobody reads unrecorded and nothing keeps."""

import hashlib
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update

from gridmgmt.access.models import Change
from gridmgmt.access.queries import changes
from gridmgmt.access.rules import Actor, Grant, Permission, Role, system_actor
from gridmgmt.casework import photos, reporters
from gridmgmt.casework.photo_files import PhotoFolder
from gridmgmt.casework.photo_models import CaseReporter, Photo, PhotoKind
from gridmgmt.casework.pictures import Picture
from gridmgmt.casework.reporters import KnownReporter, Reporter
from gridmgmt.db import Session, make_engine, make_sessions, transaction
from gridmgmt.errors import (
    ConflictError,
    ForbiddenError,
    GridMgmtError,
    InputError,
    NotFoundError,
    UnauthenticatedError,
    UnavailableError,
)
from tests.support.actors import TESTER

NOW = datetime(2026, 1, 15, 4, tzinfo=UTC)
WANG = Reporter(name="王女士", phone="021-5610 0000", email="wang@example.org", consent=True)


def add_case(session: Session, case_no: str, state: str = "handling", **values: object) -> int:
    """Store a case of town 310113109 with a task of the body 310113-07."""
    given = {"town_code": "310113109", "district_code": "310113", "department_code": "310113-07", **values}
    columns, marks = ", ".join(given), ", ".join(f":{name}" for name in given)
    case_id: int = session.execute(
        text(
            f"INSERT INTO cases (case_no, kind, type, state, reported_at, geom, {columns}) VALUES (:case_no, 'event',"
            f" '0101', :state, '2026-01-01T08:00+08', ST_SetSRID(ST_MakePoint(121.4, 31.3), 4326), {marks})"
            " RETURNING case_id"
        ),
        {"case_no": case_no, "state": state, **given},
    ).scalar_one()
    return case_id


def picture(content: bytes = b"pixels") -> Picture:
    return Picture(content, content[:3], 40, 30, hashlib.sha256(content).hexdigest())


def somebody(
    *permissions: Permission, area: str | None = None, department: str | None = None, name: str = "lihua"
) -> Actor:
    grant = Grant(Role.OPERATOR, frozenset(permissions), area and "town", area, department)
    return Actor("account", name, grants=(grant,))


@pytest.fixture
def folder(tmp_path: Path) -> PhotoFolder:
    return PhotoFolder(tmp_path / "photos")


class TestPhotos:
    def test_a_photo_is_given_added_listed_and_read(self, session: Session, folder: PhotoFolder) -> None:
        case_id = add_case(session, "C-1")
        one, two = picture(b"one"), picture(b"two")
        for each in (one, two, one):
            kept = photos.keep(session, TESTER, folder, each)
            assert (kept.photo, kept.width_px, kept.height_px, kept.bytes) == (each.sha256, 40, 30, 3)
        photos.attach(session, TESTER, case_id, one.sha256, PhotoKind.NEAR)
        photos.attach(session, somebody(Permission.CASES_REPORT), case_id, two.sha256, PhotoKind.AFTER)
        photos.attach(session, TESTER, case_id, one.sha256, PhotoKind.NEAR)
        found = {each.photo: (each.kind, each.actor) for each in photos.of_case(session, "C-1")}
        assert found == {one.sha256: ("near", "tester"), two.sha256: ("after", "lihua")}
        assert (folder.read(one.sha256, "full"), folder.read(one.sha256, "thumb")) == (b"one", b"one"[:3])

    def test_the_folder_holds_whole_files_that_others_cannot_enter(
        self, folder: PhotoFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given = picture(b"12345")
        with monkeypatch.context() as broken:
            broken.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
            with pytest.raises(UnavailableError, match="已满"):
                folder.store(given)
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
        folder.store(given)
        shelf = tmp_path / "photos" / given.sha256[:2]
        assert sorted(path.name for path in shelf.iterdir()) == [f"{given.sha256}.jpg", f"{given.sha256}.thumb.jpg"]
        assert shelf.stat().st_mode & 0o777 == 0o700
        with pytest.raises(NotFoundError):
            folder.read("0" * 64, "full")

    def test_what_cannot_be_added(self, session: Session, folder: PhotoFolder) -> None:
        case_id = add_case(session, "C-1")
        given = photos.keep(session, TESTER, folder, picture())
        photos.attach(session, TESTER, case_id, given.photo, PhotoKind.NEAR)
        refused: list[tuple[type[GridMgmtError], str, int, str, PhotoKind]] = [
            (NotFoundError, "photo_unknown", case_id, "0" * 64, PhotoKind.NEAR),
            (NotFoundError, "case_unknown", -1, given.photo, PhotoKind.NEAR),
            (ConflictError, "photo_kind_taken", case_id, given.photo, PhotoKind.FAR),
        ]
        for error, code, to_case, photo, kind in refused:
            with pytest.raises(error) as raised:
                photos.attach(session, TESTER, to_case, photo, kind)
            assert raised.value.code == code
        for number in range(photos.MOST_PHOTOS - 1):
            other = photos.keep(session, TESTER, folder, picture(f"{number}".encode()))
            photos.attach(session, TESTER, case_id, other.photo, PhotoKind.FAR)
        last = photos.keep(session, TESTER, folder, picture(b"one too many"))
        with pytest.raises(ConflictError, match="20"):
            photos.attach(session, TESTER, case_id, last.photo, PhotoKind.FAR)

    @pytest.mark.parametrize(
        ("actor", "allowed"),
        [
            (somebody(Permission.CASES_REPORT), True),
            (somebody(Permission.CASES_HANDLE, area="310113109"), True),
            (somebody(Permission.CASES_HANDLE, area="310113110"), False),
            (somebody(Permission.CASES_HANDLE, department="310113-07"), True),
            (somebody(Permission.CASES_HANDLE, department="310113-09"), True),  # has a task in it
            (somebody(Permission.CASES_HANDLE, department="310113-08"), False),
            (somebody(Permission.CASES_REPORT, department="310113-08"), False),
            (somebody(Permission.READ, Permission.CASES_SUPERVISE), False),
        ],
    )
    def test_whoever_may_report_or_move_the_case_adds_photos(
        self, session: Session, folder: PhotoFolder, actor: Actor, *, allowed: bool
    ) -> None:
        case_id = add_case(session, "C-1")
        session.execute(
            text(
                "INSERT INTO case_tasks (case_id, round, department_code, lead, state)"
                " VALUES (:case_id, 1, '310113-09', false, 'dispatched')"
            ),
            {"case_id": case_id},
        )
        given = photos.keep(session, TESTER, folder, picture())
        if allowed:
            photos.attach(session, actor, case_id, given.photo, PhotoKind.AFTER)
        else:
            with pytest.raises(ForbiddenError):
                photos.attach(session, actor, case_id, given.photo, PhotoKind.AFTER)
        assert len(photos.of_case(session, "C-1")) == allowed

    def test_nobody_unknown_gives_a_photo(self, session: Session, folder: PhotoFolder) -> None:
        with pytest.raises(UnauthenticatedError):
            photos.keep(session, Actor("anonymous", "anonymous"), folder, picture())
        with pytest.raises(ForbiddenError):
            photos.keep(session, somebody(Permission.READ), folder, picture())

    def test_a_photo_taken_off_is_gone_at_once_unless_another_case_has_it(
        self, session: Session, folder: PhotoFolder
    ) -> None:
        given = photos.keep(session, TESTER, folder, picture())
        for case_no in ("C-1", "C-2"):
            photos.attach(session, TESTER, add_case(session, case_no), given.photo, PhotoKind.NEAR)
        with pytest.raises(ForbiddenError):
            photos.detach(session, somebody(Permission.CASES_REPORT), folder, "C-1", given.photo, "a face")
        photos.detach(session, TESTER, folder, "C-1", given.photo, "a face")
        assert folder.read(given.photo, "full")
        photos.detach(session, TESTER, folder, "C-2", given.photo, "a face")
        for size in ("full", "thumb"):
            with pytest.raises(NotFoundError):
                folder.read(given.photo, size)
        with pytest.raises(NotFoundError):
            photos.detach(session, TESTER, folder, "C-2", given.photo, "again")
        logged = [(each.action, each.object, each.after) for each in changes(session)]
        assert logged == [("cases.photo_remove", f"case:C-{n}", {"reason": "a face"}) for n in (2, 1)]

    def test_photos_of_no_case_are_forgotten_after_a_day(self, session: Session, folder: PhotoFolder) -> None:
        used, old, new = (photos.keep(session, TESTER, folder, picture(name)).photo for name in (b"u", b"o", b"n"))
        photos.attach(session, TESTER, add_case(session, "C-1"), used, PhotoKind.NEAR)
        given = {used: 48.0, old: 24.01, new: 23.99}
        for photo, hours in given.items():
            at = NOW - timedelta(hours=hours)
            session.execute(update(Photo).where(Photo.photo == photo).values(uploaded_at=at))
        assert photos.forget_unused(session, folder, NOW, 24) == 1
        assert set(session.scalars(select(Photo.photo))) == {used, new}
        assert folder.read(used, "full")
        with pytest.raises(NotFoundError):
            folder.read(old, "full")

    def test_files_that_nothing_knows_go_within_256_hours(
        self, session: Session, folder: PhotoFolder, tmp_path: Path
    ) -> None:
        known, stray, fresh = picture(b"known"), picture(b"stray"), picture(b"fresh")
        photos.keep(session, TESTER, folder, known)
        photos.attach(session, TESTER, add_case(session, "C-1"), known.sha256, PhotoKind.NEAR)
        folder.store(stray)
        folder.store(fresh)
        for path in (tmp_path / "photos").rglob("*.jpg"):
            at = (NOW - timedelta(days=0 if fresh.sha256 in path.name else 30)).timestamp() + 300 * 3600
            os.utime(path, (at, at))
        removed = [photos.forget_unused(session, folder, NOW + timedelta(hours=h + 300), 400) for h in range(256)]
        assert sum(removed) == 1
        assert folder.read(known.sha256, "full")
        assert folder.read(fresh.sha256, "full")
        with pytest.raises(NotFoundError):
            folder.read(stray.sha256, "full")

    def test_a_photo_given_again_while_it_is_forgotten_is_there(
        self, fresh_database_url: str, folder: PhotoFolder
    ) -> None:
        engine = make_engine(fresh_database_url)
        sessions, given = make_sessions(engine), picture()
        with transaction(sessions) as session:
            photos.keep(session, TESTER, folder, given)
        with transaction(sessions) as session:
            later = datetime.now(UTC) + timedelta(hours=25)
            assert photos.forget_unused(session, folder, later, 24) == 1
            again = threading.Thread(target=self._give, args=(sessions, folder, given))
            again.start()
            waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            while not session.scalar(text(waiting)):
                again.join(0.01)
                assert again.is_alive(), "it has not waited"
        again.join()
        engine.dispose()
        assert folder.read(given.sha256, "full") == given.data

    @staticmethod
    def _give(sessions: object, folder: PhotoFolder, given: Picture) -> None:
        with transaction(sessions) as session:  # type: ignore[arg-type]  # the factory of the test above
            photos.keep(session, TESTER, folder, given)


class TestReporters:
    @pytest.fixture(autouse=True)
    def case(self, session: Session) -> Iterator[int]:
        """A case that Ms Wang reported."""
        self.case_id = add_case(session, "C-1")
        reporters.keep(session, TESTER, self.case_id, WANG, NOW)
        yield self.case_id
        said = [(each.object, each.before, each.after) for each in changes(session)]
        assert not any(part in str(said) for part in ("王", "5610", "wang"))

    def test_reading_takes_a_right_of_its_own_and_is_recorded(self, session: Session) -> None:
        reader = somebody(Permission.REPORTERS_READ, area="310113109", name="chief")
        assert reporters.read(session, reader, "C-1") == KnownReporter(WANG, NOW, None, [])
        entry = session.execute(select(Change)).scalar_one()
        assert (entry.action, entry.object, entry.actor) == ("reporters.read", "case:C-1", "chief")
        for actor in (
            somebody(*set(Permission) - {Permission.REPORTERS_READ}),
            somebody(Permission.REPORTERS_READ, area="310113110"),
        ):
            for attempt in (
                lambda actor=actor: reporters.read(session, actor, "C-1"),
                lambda actor=actor: reporters.change(session, actor, "C-1", WANG, NOW),
                lambda actor=actor: reporters.forget(session, actor, "C-1"),
            ):
                with pytest.raises(ForbiddenError):
                    attempt()
        with pytest.raises(ForbiddenError):
            reporters.forget_ended(session, somebody(Permission.REPORTERS_READ, area="310113109"), NOW, 90)

    def test_reporting_records_nothing(self, session: Session) -> None:
        assert changes(session) == []
        with pytest.raises(ForbiddenError):
            reporters.keep(session, somebody(Permission.REPORTERS_READ), self.case_id, WANG, NOW)

    def test_what_is_kept_can_be_put_right_and_forgotten(self, session: Session) -> None:
        moved = Reporter(email="wang@example.com", consent=True, wants_notice=False)
        reporters.change(session, TESTER, "C-1", moved, NOW + timedelta(days=1))
        assert reporters.read(session, TESTER, "C-1") == KnownReporter(moved, NOW, None, [])
        reporters.forget(session, TESTER, "C-1")
        with pytest.raises(NotFoundError):
            reporters.read(session, TESTER, "C-1")
        reporters.change(session, TESTER, "C-1", WANG, NOW)
        reporters.change(session, TESTER, "C-1", Reporter(name="  "), NOW)
        assert session.scalar(select(CaseReporter.case_id)) is None
        actions = [each.action.removeprefix("reporters.") for each in reversed(changes(session))]
        assert actions == ["change", "read", "forget", "change", "change"]

    @pytest.mark.parametrize(
        ("changed", "code", "field"),
        [
            ({"consent": False}, "reporter_without_consent", "reporter.consent"),
            ({"phone": "call me"}, "reporter_malformed", "reporter.phone"),
            ({"phone": "1234"}, "reporter_malformed", "reporter.phone"),
            ({"email": "wang at example"}, "reporter_malformed", "reporter.email"),
            ({"email": "wang@example"}, "reporter_malformed", "reporter.email"),
            ({"name": "王" * 101}, "text_too_long", "reporter.name"),
        ],
    )
    def test_what_cannot_be_kept_is_refused_without_being_repeated(
        self, changed: dict[str, Any], code: str, field: str
    ) -> None:
        asked = replace(WANG, **changed)
        with pytest.raises(InputError) as refused:
            reporters.checked(asked)
        assert (refused.value.code, refused.value.fields["field"]) == (code, field)
        assert not {asked.name, asked.phone, asked.email} & set(refused.value.fields.values())

    @pytest.mark.parametrize("phone", ["13800138000", "+86 138 0013 8000", "021-56100000 转 12", "(021) 5610-0000"])
    def test_numbers_as_people_write_them(self, phone: str) -> None:
        assert reporters.checked(replace(WANG, phone=phone)) == replace(WANG, phone=phone)

    def test_names_are_plain_text(self) -> None:
        kept = reporters.checked(replace(WANG, name="<b>王</b>\u202e女士 "))
        assert kept is not None
        assert kept.name == "王女士"

    def test_reporters_of_duplicates_are_told_of_the_master(self, session: Session) -> None:
        for number, wanted in ((2, True), (3, False)):
            case_id = add_case(session, f"C-{number}", "duplicate", duplicate_of=self.case_id)
            reporters.keep(session, TESTER, case_id, replace(WANG, wants_notice=wanted), NOW)
        assert reporters.read(session, TESTER, "C-1").also_told == ["C-2"]
        assert reporters.read(session, TESTER, "C-2").told_with == "C-1"

    def test_contact_data_end_some_time_after_the_case(self, session: Session) -> None:
        """Ninety days: of what ended on the 17th of October 2025, 04:00, on the 15th of January 2026, 04:00."""
        day = NOW - timedelta(days=90)
        just, before = day - timedelta(seconds=1), day + timedelta(seconds=1)
        cases: dict[str, tuple[str, dict[str, Any]]] = {
            "closed in time": ("closed", {"closed_at": just, "updated_at": just}),
            "closed later": ("closed", {"closed_at": before, "updated_at": before}),
            "rated later": ("closed", {"closed_at": just, "updated_at": NOW}),
            "rejected": ("rejected", {"updated_at": just}),
            "voided later": ("voided", {"updated_at": before}),
            "open": ("suspended", {"updated_at": just}),
            "of an open case": ("duplicate", {"updated_at": just, "duplicate_of": self.case_id}),
        }
        ids = {name: add_case(session, name, state, **values) for name, (state, values) in cases.items()}
        for name, when in (("of one that ended", just), ("of one that ended later", before)):
            master = add_case(session, f"master {name}", "closed", closed_at=when, updated_at=when)
            ids[name] = add_case(session, name, "duplicate", updated_at=just, duplicate_of=master)
        for case_id in ids.values():
            reporters.keep(session, TESTER, case_id, WANG, NOW)
        program = system_actor("retention")
        assert reporters.forget_ended(session, program, NOW, 90) == 4
        left = set(session.scalars(select(CaseReporter.case_id))) - {self.case_id}
        gone = {"closed in time", "rated later", "rejected", "of one that ended"}
        assert left == {case_id for name, case_id in ids.items() if name not in gone}
        (entry,) = changes(session)
        assert (entry.action, entry.object, entry.actor) == ("reporters.forget_ended", "reporters", "retention")
        assert entry.after == {"count": 4, "ended_before": "2025-10-17T04:00:00.000000+00:00"}
        assert reporters.forget_ended(session, program, NOW, 90) == 0
        assert len(changes(session)) == 1
