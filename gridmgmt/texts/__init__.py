"""The one catalogue of everything people read: each key in Chinese and in English.

The entries lie in the ``*.json`` files beside this module, one file a subject, each a flat object
``{"key": {"zh": "…", "en": "…"}}``. Values may hold ``str.format`` fields. The console reads the same files.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """Return all entries of all files; a key that stands in two files is refused.

    Raises
    ------
    ValueError
        When two files hold the same key.
    """
    entries: dict[str, Mapping[str, str]] = {}
    for file in sorted(resources.files(__name__).iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".json"):
            continue
        loaded = json.loads(file.read_text(encoding="utf-8"))
        if twice := entries.keys() & loaded.keys():
            raise ValueError(f"{file.name} repeats {sorted(twice)}")
        entries |= loaded
    return entries


def text(key: str, lang: Language = "zh", /, **fields: object) -> str:
    """Return the text of a key in one language, with its fields filled in.

    Raises
    ------
    KeyError
        When the catalogue has no such key, or the text needs a field that was not given.
    """
    return catalogue()[key][lang].format(**fields)
