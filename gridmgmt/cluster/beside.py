"""Photos in a backup: one tar of the dump of the database and of the photos, whose names tell their content."""

import hashlib
import os
import re
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from gridmgmt.errors import UnavailableError

_DUMP = "database.dump"
_END = bytes(1_024)
_PHOTO = re.compile(r"photos/(?P<shelf>[0-9a-f]{2})/(?P<sha256>[0-9a-f]{64})(?P<small>\.thumb)?\.jpg")


def pack(dump: Path, photos: Path, target: Path) -> Path:
    """Return a tar of a dump and all photos, or the dump itself where there are none."""
    held = sorted(path for path in photos.glob("??/*.jpg") if _PHOTO.fullmatch(_name(path)))
    if not held:
        return dump
    with tarfile.open(target, "w") as archive:
        archive.add(dump, _DUMP, filter=_nobody)
        for path in held:
            archive.add(path, _name(path), filter=_nobody)
    return target


def unpack(file: Path, photos: Path | None, folder: Path) -> Path:
    """Return the dump of a backup, its photos put where they belong; a backup without photos is the dump itself.

    Parameters
    ----------
    photos
        The folder of photos; those that it holds already stay. None leaves the photos out.
    folder
        Where to put the dump.

    Raises
    ------
    UnavailableError
        ``backup_damaged``, when the file is cut off, a photo is not what its name says, or it holds anything else.
    """
    if not tarfile.is_tarfile(file):
        return file
    try:
        _require_end(file)
        with tarfile.open(file) as archive:
            _unpack(archive, photos, folder)
    except (tarfile.TarError, EOFError) as error:
        raise UnavailableError("backup_damaged", value=file, detail=str(error)) from error
    return folder / _DUMP


def _require_end(file: Path) -> None:
    """Refuse a tar that was cut off, also between two of its members, where its reader would find nothing amiss."""
    with file.open("rb") as stream:
        stream.seek(-len(_END), os.SEEK_END)
        if stream.read() != _END:
            raise tarfile.TarError("…")


def _unpack(archive: tarfile.TarFile, photos: Path | None, folder: Path) -> None:
    """Write the members one by one: the dump first, photos only where they are whole."""
    if photos is not None:
        photos.mkdir(mode=0o700, parents=True, exist_ok=True)
    for member in archive:
        stream = archive.extractfile(member)
        if member.name == _DUMP and stream is not None:
            with (folder / _DUMP).open("wb") as target:
                while chunk := stream.read(1 << 20):
                    target.write(chunk)
        elif (named := _PHOTO.fullmatch(member.name)) is None or stream is None:
            raise tarfile.TarError(member.name)
        elif photos is not None:
            _put(
                photos / named["shelf"] / Path(member.name).name,
                stream.read(),
                None if named["small"] else named["sha256"],
            )
    if photos is not None:
        os.sync()  # once for all: each by itself would wait for the disk a hundred thousand times


def _put(path: Path, data: bytes, sha256: str | None) -> None:
    """Write a photo that is what its name says."""
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise tarfile.TarError(path.name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryDirectory(dir=path.parent, prefix=".restore-") as staging:
        unfinished = Path(staging) / path.name
        unfinished.write_bytes(data)
        unfinished.replace(path)


def _name(path: Path) -> str:
    return "/".join(("photos", *path.parts[-2:]))


def _nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out whose file it was."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
