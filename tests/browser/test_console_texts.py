"""Every text that the console names is in the catalogue, and none of its own is left over."""

import re
from pathlib import Path

from gridmgmt.texts import catalogue

SOURCES = Path(__file__).parents[2] / "maps" / "console" / "src"
NAMED = re.compile(r"""t\(\s*(['"`])(console\.[^'"`]+)\1""")
"""A call of ``t`` with a key; in a template text ``${…}`` stands for one part of the key."""


def patterns() -> set[str]:
    files = [*SOURCES.rglob("*.vue"), *SOURCES.rglob("*.ts")]
    keys = {match[2] for file in files for match in NAMED.finditer(file.read_text(encoding="utf-8"))}
    return {re.sub(r"\\\$\\\{.+?\\\}", "[^.]+", re.escape(key)) for key in keys}


def test_every_key_that_is_named_exists() -> None:
    known = [key for key in catalogue() if key.startswith("console.")]
    missing = [pattern for pattern in patterns() if not any(re.fullmatch(pattern, key) for key in known)]
    assert len(known) > 100
    assert missing == []


def test_no_text_of_the_console_is_left_over() -> None:
    used = re.compile("|".join(sorted(patterns(), key=len)))
    own = [key for key in catalogue() if key.startswith("console.")]
    assert [key for key in own if not used.fullmatch(key)] == []
