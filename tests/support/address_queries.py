"""The quality set of the address search: questions made by rules from the small gazetteer, and such as people type."""

import csv
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from pypinyin import Style, lazy_pinyin

from gridmgmt.addresses.parsing import Parsed, parse

FIXTURES = Path(__file__).parents[1] / "fixtures"
GAZETTEER = FIXTURES / "gazetteer.csv"
BY_HAND = FIXTURES / "address_queries.csv"
BLIND = FIXTURES / "address_queries_blind.csv"
_FULL_WIDTH = {ord(str(d)): chr(ord("０") + d) for d in range(10)}
_CHINESE = {ord(str(d)): c for d, c in enumerate("〇一二三四五六七八九")}
_EACH = 16
_LONG = 4


@dataclass(frozen=True)
class Query:
    """A question, the codes of which one is a right answer (none: nothing is), and what it tries."""

    text: str
    expected: frozenset[str]
    what: str


def by_hand() -> list[Query]:
    """Return the questions written by hand."""
    return [replace(question, what="by hand") for question in _read(BY_HAND)]


def blind_set() -> list[Query]:
    """Return the questions that the search was not tuned on.

    Sixty are made by rules from the small gazetteer, sixty from the million of the benchmark (their codes begin with
    ``X``), forty are written by hand.
    """
    return _read(BLIND)


def _read(file: Path) -> list[Query]:
    with file.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return [Query(r["query"], frozenset(filter(None, r["expected"].split(";"))), r["what"]) for r in rows]


def by_rules() -> list[Query]:
    """Return the questions that rules make from rows of the gazetteer, at most 16 a rule."""
    with GAZETTEER.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    named = [row for row in rows if row["name"]]
    doors = [row for row in rows if row["kind"] == "door"]
    found = []
    for what, questions in (*_of_names(named), *_of_doors(doors)):
        every = list(questions)
        spread = islice(every, 0, None, max(1, len(every) // _EACH))
        found += [Query(text, frozenset({code}), what) for text, code in islice(spread, _EACH)]
    return found


def quality_set() -> list[Query]:
    """Return all questions."""
    return [*by_rules(), *by_hand()]


Questions = Iterator[tuple[str, str]]


def _of_names(rows: list[dict[str, str]]) -> Iterator[tuple[str, Questions]]:
    long = [r for r in rows if len(r["name"]) >= _LONG]
    yield "name", ((r["name"], r["code"]) for r in rows)
    yield "pinyin", (("".join(lazy_pinyin(r["name"])), r["code"]) for r in rows)
    yield "initials", (("".join(lazy_pinyin(r["name"], style=Style.FIRST_LETTER)), r["code"]) for r in rows)
    yield "first character left out", ((r["name"][1:], r["code"]) for r in long)
    yield "last character left out", ((r["name"][:-1], r["code"]) for r in long)
    yield "a character mistaken", ((_mistaken(r["name"], i), r["code"]) for i, r in enumerate(long))
    yield "two characters swapped", ((r["name"][1] + r["name"][0] + r["name"][2:], r["code"]) for r in long)
    yield "alias", ((r["aliases"], r["code"]) for r in rows if r["aliases"])
    yield "former name", ((r["former_names"].partition(" ")[0], r["code"]) for r in rows if r["former_names"])


def _of_doors(rows: list[dict[str, str]]) -> Iterator[tuple[str, Questions]]:
    yield "whole address", ((r["address"], r["code"]) for r in rows)
    yield "without what lies above", ((_short(r["address"]), r["code"]) for r in rows)
    yield "full width", ((_short(r["address"]).translate(_FULL_WIDTH), r["code"]) for r in rows)
    yield "Chinese digits", ((_short(r["address"]).translate(_CHINESE), r["code"]) for r in rows)
    yield "with a room", ((r["address"] + "301室", r["code"]) for r in rows)
    yield "pinyin and numbers", ((_latin(r["address"]), r["code"]) for r in rows)


def _mistaken(name: str, which: int) -> str:
    at = which % len(name)
    return f"{name[:at]}某{name[at + 1 :]}"


def _short(address: str) -> str:
    parsed = parse(address)
    return address[address.index(parsed.base or address) :]


def _latin(address: str) -> str:
    parsed: Parsed = parse(address)
    base = parsed.base or ""
    return "".join(lazy_pinyin(base)) + unicodedata.normalize("NFKC", _short(address)[len(base) :])
