"""The catalogue: every key in both languages, every code that is raised has its words, with the fields it gives."""

import ast
import json
import string
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from gridmgmt.settings import PROJECT_DIR
from gridmgmt.texts import LANGUAGES, catalogue

SOURCES = sorted(
    path for package in ("gridmgmt", "layers", "maps", "api") for path in (PROJECT_DIR / package).rglob("*.py")
    if "node_modules" not in path.parts
)  # fmt: skip
ERROR_NAMES = ("Error",)


def fields_of(template: str) -> set[str]:
    return {name.split(".")[0].split("[")[0] for _, name, _, _ in string.Formatter().parse(template) if name}


def raised() -> Iterator[tuple[Path, int, str, set[str] | None]]:
    """Yield the errors of the project that the sources make, with the fields they give (None when not literal)."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            code = node.args[0].value
            if (
                name.endswith(ERROR_NAMES)
                and name not in ("ValueError", "PydanticCustomError")
                and isinstance(code, str)
                and code.islower()
                and " " not in code
            ):
                given = None if any(k.arg is None for k in node.keywords) else {str(k.arg) for k in node.keywords}
                yield path, node.lineno, code, given


def test_every_entry_has_both_languages_and_the_same_fields() -> None:
    told = {key: entry for key, entry in catalogue().items() if set(entry) == set(LANGUAGES)}
    assert set(catalogue()) - set(told) == set()
    assert [key for key, entry in told.items() if not all(entry[lang].strip() for lang in LANGUAGES)] == []
    assert [key for key, entry in told.items() if fields_of(entry["zh"]) != fields_of(entry["en"])] == []


def test_no_file_of_texts_has_a_key_twice() -> None:
    for file in sorted((PROJECT_DIR / "gridmgmt" / "texts").glob("*.json")):
        keys = Counter(key for key, _ in json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=list))
        assert [key for key, times in keys.items() if times > 1] == [], file.name


def test_every_error_that_is_raised_has_its_words_and_gives_their_fields() -> None:
    lost = []
    for path, line, code, given in raised():
        entry = catalogue().get(f"error.{code}")
        where = f"{path.relative_to(PROJECT_DIR)}:{line} {code}"
        if entry is None:
            lost.append(f"{where}: not in the catalogue")
        elif given is not None and (missing := fields_of(entry["en"]) - given):
            lost.append(f"{where}: does not give {sorted(missing)}")
    assert not lost, "\n".join(lost)


def test_the_scan_sees_errors() -> None:
    assert len(list(raised())) > 50
