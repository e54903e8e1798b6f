"""Writing files that are there when they are said to be: space looked after, folders written through, faults told."""

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gridmgmt.errors import UnavailableError

SPARE_BYTES = 1_000_000_000
"""So much of the disk is left to the database."""


def require_space(folder: Path) -> None:
    """Refuse to fill the disk on which a folder lies.

    Raises
    ------
    UnavailableError
        ``upload_disk_full``, when less than :data:`SPARE_BYTES` are free.
    """
    if shutil.disk_usage(folder).free < SPARE_BYTES:
        raise UnavailableError("upload_disk_full")


def sync_folder(folder: Path) -> None:
    """Write through which names a folder holds."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that is there whole, through to the disk, or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f".{uuid.uuid4().hex}.unfinished")
    try:
        with unfinished.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


@contextmanager
def disk_errors() -> Iterator[None]:
    """Tell what the disk refuses as :class:`UnavailableError`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UnavailableError("upload_disk_full") from error
        raise UnavailableError("upload_folder_unusable", detail=error.strerror or type(error).__name__) from error
