"""Lists of matters (权力清单/事权清单): who holds what, and what became of each matter in the next; no database."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property

from gridmgmt.errors import Problem
from gridmgmt.texts import Language


@dataclass(frozen=True)
class Words:
    """What something is called; where no English is given, the Chinese stands for it."""

    zh: str
    en: str = ""

    def said(self, lang: Language) -> str:
        """Return it in a language.

        >>> Words("道路破损", "Damaged road").said("en"), Words("道路破损").said("en")
        ('Damaged road', '道路破损')
        """
        return (self.en or self.zh) if lang == "en" else self.zh


class ListKind(StrEnum):
    """Which of the two lists an edition is of: each has its own editions, and cases go by that of matters alone."""

    POWERS = "powers"
    """权力清单: what a body may do by law."""
    MATTERS = "matters"
    """事权清单: what a body has to see to."""


class Fate(StrEnum):
    """What became of a matter in the list that followed; in the order of how far it reaches."""

    KEPT = "kept"
    MERGED = "merged"
    MOVED = "moved"
    DROPPED = "dropped"


@dataclass(frozen=True)
class Matter:
    """One item of a list: a body holds it, in every area where it has a department.

    ``types`` are the case types that it lets that body handle; a matter without any stands in the list alone.
    """

    code: str
    name: Words
    body: str
    types: frozenset[str] = frozenset()


@dataclass(frozen=True)
class MatterFate:
    """What became of one matter of the list before; ``into`` is a matter of the new list, None for a dropped one."""

    code: str
    fate: Fate
    into: str | None = None


@dataclass(frozen=True)
class FateSums:
    """How two lists add up: ``before = kept + merged + moved + dropped``; ``added`` ones come from no old matter."""

    before: int
    kept: int
    merged: int
    moved: int
    dropped: int
    added: int
    after: int


@dataclass(frozen=True, eq=False)
class MattersList:
    """One edition of a list, in force from a day until the next one of its kind begins."""

    name: str
    valid_from: date
    matters: tuple[Matter, ...]
    fates: tuple[MatterFate, ...] = ()
    """Of the matters of the list before; none for the first list."""
    kind: ListKind = ListKind.MATTERS

    @cached_property
    def by_code(self) -> Mapping[str, Matter]:
        """The matters by code."""
        return {matter.code: matter for matter in self.matters}

    def matters_with(self, words: str) -> list[Matter]:
        """Return the matters whose name in either language has some words in it, or whose code they are."""
        wanted = words.strip().casefold()
        return [
            each
            for each in self.matters
            if wanted == each.code.casefold() or wanted in each.name.zh.casefold() or wanted in each.name.en.casefold()
        ]

    @cached_property
    def by_type(self) -> Mapping[str, tuple[Matter, ...]]:
        """The matters by each case type that they name."""
        found: dict[str, tuple[Matter, ...]] = {}
        for matter in self.matters:
            for code in matter.types:
                found[code] = (*found.get(code, ()), matter)
        return found


def fate_problems(
    old: Mapping[str, Matter], new: Mapping[str, Matter], fates: Sequence[tuple[int | None, MatterFate]]
) -> Iterator[Problem]:
    """Yield what is wrong with the fates of the matters of a list, each given with its row.

    Each old matter has exactly one. A kept one goes on by itself with the same body, a moved one with another; a merged
    one is part of another matter; a dropped one goes nowhere.
    """
    times = Counter(fate.code for _, fate in fates)
    heirs = Counter(fate.into for _, fate in fates if fate.fate is Fate.KEPT)
    for code in sorted(old.keys() - times.keys()):
        yield Problem(None, "fate_missing", {"value": code, "name": old[code].name.zh})
    for row, fate in fates:
        if fate.code not in old:
            yield Problem(row, "fate_of_no_matter", {"value": fate.code})
        elif times[fate.code] > 1:
            yield Problem(row, "fate_repeated", {"value": fate.code, "count": times[fate.code]})
        elif fate.fate is Fate.KEPT and heirs[fate.into] > 1:
            yield Problem(row, "fate_kept_together", {"value": fate.code, "into": fate.into or "-"})
        elif (fault := _contradiction(old[fate.code], fate, new)) is not None:
            yield Problem(row, fault, {"value": fate.code, "into": fate.into or "-", "body": old[fate.code].body})


def _contradiction(matter: Matter, fate: MatterFate, new: Mapping[str, Matter]) -> str | None:
    if fate.fate is Fate.DROPPED:
        return None if fate.into is None else "fate_dropped_into"
    heir = new.get(fate.into or "")
    if heir is None:
        return "fate_into_unknown"
    if fate.fate is Fate.KEPT and heir.body != matter.body:
        return "fate_kept_elsewhere"
    if fate.fate is Fate.MOVED and heir.body == matter.body:
        return "fate_moved_nowhere"
    return None


def fate_sums(old: Collection[str], new: Collection[str], fates: Iterable[MatterFate]) -> FateSums:
    """Return how many matters had which fate, between lists with these codes of matters."""
    given = list(fates)
    counts = Counter(fate.fate for fate in given)
    added = len(set(new) - {fate.into for fate in given})
    return FateSums(
        before=len(old),
        kept=counts[Fate.KEPT],
        merged=counts[Fate.MERGED],
        moved=counts[Fate.MOVED],
        dropped=counts[Fate.DROPPED],
        added=added,
        after=len(new),
    )


def composed(first: Iterable[MatterFate], then: Iterable[MatterFate]) -> tuple[MatterFate, ...]:
    """Return what became of the matters of a list two lists later; of two fates the one that reaches farther counts.

    >>> composed([MatterFate("a", Fate.KEPT, "b")], [MatterFate("b", Fate.MOVED, "c")])[0].fate.value
    'moved'
    """
    reach = list(Fate)
    later = {fate.code: fate for fate in then}
    found = []
    for fate in first:
        if fate.into is None:
            found.append(fate)
            continue
        next_ = later[fate.into]
        found.append(MatterFate(fate.code, max(fate.fate, next_.fate, key=reach.index), next_.into))
    return tuple(found)


@dataclass(frozen=True)
class Forerunner:
    """What a matter was in an earlier list: it was ``matter`` there, and had this fate when the next list began."""

    list_name: str
    valid_from: date
    matter: Matter
    fate: Fate


def forerunners(lists: Sequence[MattersList], code: str) -> tuple[Forerunner, ...]:
    """Return what a matter of the last of some lists was in those before, the newest first.

    Parameters
    ----------
    lists
        Of one kind, by the day they begin.
    """
    found: list[Forerunner] = []
    codes = {code}
    for before, after in zip(reversed(lists[:-1]), reversed(lists), strict=False):
        fates = [each for each in after.fates if each.into in codes]
        found += [Forerunner(before.name, before.valid_from, before.by_code[f.code], f.fate) for f in fates]
        codes = {each.code for each in fates}
    return tuple(found)


@dataclass(frozen=True)
class Changes:
    """What became of the matters of one list in another; ``before`` is None where none was in force yet."""

    before: MattersList | None
    after: MattersList
    fates: tuple[MatterFate, ...]
    sums: FateSums


def changes_between(lists: Sequence[MattersList], start: date, end: date) -> Changes | None:
    """Return what became of the matters in force on one day until another, through all lists that began in between.

    Parameters
    ----------
    lists
        By the day they begin.

    Returns
    -------
    Changes or None
        None where no list is in force on the later day.
    """
    begun = [each for each in lists if each.valid_from <= end]
    if not begun:
        return None
    before = next((each for each in reversed(begun) if each.valid_from <= start), None)
    fates = tuple(MatterFate(each.code, Fate.KEPT, each.code) for each in before.matters) if before else ()
    for each in begun:
        if before is not None and each.valid_from > before.valid_from:
            fates = composed(fates, each.fates)
    after = begun[-1]
    return Changes(before, after, fates, fate_sums(before.by_code if before else (), after.by_code, fates))
