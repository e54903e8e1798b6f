"""Which Chinese typeface a PDF is set in: one of those that systems have, embedded as the characters it uses."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gridmgmt.errors import UnavailableError

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "Noto Sans CJK SC": (
        "NotoSansCJK-Regular.ttc",
        "NotoSansCJK-Bold.ttc",
        "NotoSansCJKsc-Regular.otf",
        "NotoSansCJKsc-Bold.otf",
    ),
    "Source Han Sans SC": ("SourceHanSansSC-Regular.otf", "SourceHanSansSC-Bold.otf", "SourceHanSans.ttc"),
    "WenQuanYi Micro Hei": ("wqy-microhei.ttc",),
    "WenQuanYi Zen Hei": ("wqy-zenhei.ttc",),
    "Droid Sans Fallback": ("DroidSansFallbackFull.ttf", "DroidSansFallback.ttf"),
}
"""Families in order of preference, each with the files that hold it."""

PACKAGES = "fonts-droid-fallback / fonts-noto-cjk / fonts-wqy-microhei"


@dataclass(frozen=True)
class Typeface:
    """A family by its name, and its files."""

    family: str
    files: tuple[Path, ...]


def font_folders() -> tuple[Path, ...]:
    """Return the folders that typefaces are installed in, the user's own first."""
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    folders = (f"{data}/fonts", "~/.fonts", "~/Library/Fonts", "/usr/local/share/fonts", "/usr/share/fonts",
               "/Library/Fonts", "/System/Library/Fonts")  # fmt: skip
    return tuple(Path(folder).expanduser() for folder in folders)


def chinese_typeface(folders: Sequence[Path] | None = None) -> Typeface:
    """Return the first Chinese typeface that is installed.

    Raises
    ------
    UnavailableError
        When there is none, with the packages that have one.
    """
    return _chinese_typeface(tuple(font_folders() if folders is None else folders))


@cache
def _chinese_typeface(folders: tuple[Path, ...]) -> Typeface:
    found = _files(folders)
    for family, names in FAMILIES.items():
        if files := tuple(found[name] for name in names if name in found):
            return Typeface(family, files)
    raise UnavailableError("pdf_font_missing", packages=PACKAGES, folders=", ".join(map(str, folders)))


def _files(folders: Iterable[Path]) -> dict[str, Path]:
    """Return each known file where it was found first."""
    wanted = {name for names in FAMILIES.values() for name in names}
    found: dict[str, Path] = {}
    for folder in folders:
        for file in sorted(folder.rglob("*.[ot]t[cf]")):
            if file.name in wanted:
                found.setdefault(file.name, file)
    return found
