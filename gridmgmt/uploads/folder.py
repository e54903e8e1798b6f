"""Given files on the disk: each in a folder of a random name, written through before anybody is told it is there."""

import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from gridmgmt.disk import disk_errors, require_space, sync_folder
from gridmgmt.errors import FileRefusedError, InputError, Problem
from gridmgmt.settings import Settings
from gridmgmt.uploads.rules import Received, disk_name, kept_problem, problem_of

_SECONDS_PER_DAY = 86_400
_LOOK_EVERY_BYTES = 16_000_000


class UploadFolder:
    """The folder of given files in the data folder.

    Parameters
    ----------
    root
        Made where it is not there.
    limit_bytes
        How large a file may be.
    keep_days
        How long a file is kept that was not taken.
    """

    def __init__(self, root: Path, *, limit_bytes: int, keep_days: float) -> None:
        self._root = root
        self.limit_bytes = limit_bytes
        self._keep_s = keep_days * _SECONDS_PER_DAY

    def begin(self, name: str) -> "Incoming":
        """Begin to write a file; what was kept for longer than it should be goes first.

        Raises
        ------
        UnavailableError
            When the disk is full or the folder cannot be made.
        """
        with disk_errors():
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._sweep()
            require_space(self._root)
            return Incoming(self._root / uuid.uuid4().hex, name, self.limit_bytes)

    def path(self, stored_as: str, name: str) -> Path:
        """Return where a file is, or was."""
        return self._root / stored_as / disk_name(name)

    def discard(self, stored_as: str) -> None:
        """Remove a file with all that is kept beside it."""
        shutil.rmtree(self._root / stored_as, ignore_errors=True)

    def release(self, stored_as: str, name: str) -> None:
        """Remove a file that was taken; its refused rows stay as long as they are kept."""
        path = self.path(stored_as, name)
        path.unlink(missing_ok=True)
        with suppress(OSError):  # not empty, or gone already
            path.parent.rmdir()

    def keep_problems(self, stored_as: str, upload_id: int, problems: Sequence[Problem]) -> None:
        """Keep all refused rows beside the file; where there are none, nothing."""
        target = self._problems(stored_as, upload_id)
        target.unlink(missing_ok=True)
        if not problems:
            return
        with disk_errors(), target.open("w", encoding="utf-8") as stream:
            stream.writelines(json.dumps(kept_problem(each), ensure_ascii=False) + "\n" for each in problems)

    def problems(self, stored_as: str, upload_id: int) -> Iterator[Problem] | None:
        """Return all refused rows, None when they are kept no more."""
        source = self._problems(stored_as, upload_id)
        return self._read(source) if source.is_file() else None

    def _problems(self, stored_as: str, upload_id: int) -> Path:
        return self._root / stored_as / f"{upload_id}.refused.jsonl"

    @staticmethod
    def _read(source: Path) -> Iterator[Problem]:
        with source.open(encoding="utf-8") as stream:
            for line in stream:
                yield problem_of(json.loads(line))

    def _sweep(self) -> None:
        """Remove what nobody has asked for within the days, and what a broken transmission has left."""
        oldest = time.time() - self._keep_s
        for each in self._root.iterdir():
            try:
                stale = each.is_dir() and not each.is_symlink() and each.stat().st_mtime < oldest
            except FileNotFoundError:  # another process sweeps too
                continue
            if stale:
                shutil.rmtree(each, ignore_errors=True)


def upload_folder(settings: Settings) -> UploadFolder:
    """Return the folder of given files of a data folder."""
    limit, days = settings.upload_limit_bytes, settings.upload_keep_days
    return UploadFolder(settings.data / "uploads", limit_bytes=limit, keep_days=days)


class Incoming:
    """A file that is being received."""

    def __init__(self, folder: Path, name: str, limit_bytes: int) -> None:
        folder.mkdir(mode=0o700)
        self._folder, self._name, self._limit_bytes = folder, name, limit_bytes
        self._bytes, self._sha256 = 0, hashlib.sha256()
        self._stream = (folder / disk_name(name)).open("xb")

    def write(self, chunk: bytes) -> None:
        """Write the next part.

        Raises
        ------
        InputError
            When the file is larger than it may be.
        UnavailableError
            When the disk is full.
        """
        before, self._bytes = self._bytes, self._bytes + len(chunk)
        if self._bytes > self._limit_bytes:
            raise InputError("upload_too_large", field="file", maximum_mb=self._limit_bytes // 1_000_000)
        self._sha256.update(chunk)
        with disk_errors():
            if before // _LOOK_EVERY_BYTES != self._bytes // _LOOK_EVERY_BYTES:
                require_space(self._folder)  # others send files at the same time
            self._stream.write(chunk)

    def finish(self) -> Received:
        """Write all through to the disk and return what was received.

        Raises
        ------
        FileRefusedError
            ``file_empty``.
        """
        if self._bytes == 0:
            raise FileRefusedError("file_empty", file=self._name)
        with disk_errors():
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
            for folder in (self._folder, self._folder.parent):
                sync_folder(folder)
        return Received(self._folder.name, self._bytes, self._sha256.hexdigest())

    def discard(self) -> None:
        """Forget what was received."""
        self._stream.close()
        shutil.rmtree(self._folder, ignore_errors=True)
