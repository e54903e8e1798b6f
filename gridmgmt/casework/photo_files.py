"""Photos on the disk, each under the name that its content gives it, in the folder of photos of the data folder."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gridmgmt.disk import disk_errors, require_space, write_whole
from gridmgmt.errors import NotFoundError
from gridmgmt.settings import Settings

if TYPE_CHECKING:  # decoders are loaded when the first photo comes
    from gridmgmt.casework.pictures import Picture

PhotoSize = Literal["thumb", "full"]
MEDIA_TYPE = "image/jpeg"

_NAME = re.compile(r"([0-9a-f]{64})\.jpg")
_SUFFIXES: dict[PhotoSize, str] = {"full": ".jpg", "thumb": ".thumb.jpg"}


class PhotoFolder:
    """The folder of photos: ``ab/abcd….jpg`` and, beside it, the small one."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def store(self, picture: "Picture") -> None:
        """Keep a photo; one that is there already stays as it is.

        Raises
        ------
        UnavailableError
            When the disk is full or the folder cannot be written.
        """
        with disk_errors():
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            require_space(self._root)
            sizes: dict[PhotoSize, bytes] = {"thumb": picture.thumb, "full": picture.data}
            for size, data in sizes.items():
                path = self._path(picture.sha256, size)
                if not path.is_file():
                    write_whole(path, data)

    def read(self, photo: str, size: PhotoSize) -> bytes:
        """Return a photo.

        Raises
        ------
        NotFoundError
            When it is not here.
        """
        try:
            return self._path(photo, size).read_bytes()
        except FileNotFoundError as error:
            raise NotFoundError("photo_unknown", field="photo", value=photo) from error

    def discard(self, photo: str) -> None:
        """Remove a photo in both sizes."""
        with disk_errors():
            for size in _SUFFIXES:
                self._path(photo, size).unlink(missing_ok=True)

    def older_than(self, shelf: str, moment_s: float) -> list[str]:
        """Return the photos of one folder (``ab``) that were written before a moment (seconds since 1970)."""
        named = ((_NAME.fullmatch(path.name), path) for path in (self._root / shelf).glob("*.jpg"))
        return sorted(name[1] for name, path in named if name and path.stat().st_mtime < moment_s)

    def _path(self, photo: str, size: PhotoSize) -> Path:
        return self._root / photo[:2] / f"{photo}{_SUFFIXES[size]}"


def photo_folder(settings: Settings) -> PhotoFolder:
    """Return the folder of photos of a data folder."""
    return PhotoFolder(settings.data / "photos")
