"""What the profile of an area is made of, and how two of them are set side by side."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal, TypedDict
from urllib.parse import quote, urlencode

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.texts import Language, catalogue, text

API = "/api/v1"
SectionName = Literal[
    "land", "population", "government", "bodies", "facts", "centres", "points", "coverage", "cases", "premises",
    "premises_register", "topics", "targets", "budgets", "assessment", "gates",
]  # fmt: skip
"""The sections in their order; one that does not apply to an area is left out."""
ProfileUnit = Literal["count", "people", "m2", "ratio", "yuan", "posts", "points", "rank", "times", "word"]
ProfileBound = Literal["exact", "at_least", "more_than", "about"]
FigureState = Literal["known", "unknown", "withheld"]
MOST_ENTRIES = 12
"""So many things of a section are named; the link behind it leads to all of them."""


@dataclass(frozen=True)
class Said:
    """Words in both languages: an entry of the catalogue, or words that the data have themselves."""

    key: str
    zh: str = ""
    en: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)

    def in_(self, lang: Language) -> str:
        """Return the words in a language.

        >>> Said("level.town").in_("en"), Said("", "甲", "A").in_("zh"), Said("no.such_key").in_("en")
        ('Town or subdistrict', '甲', 'such_key')
        """
        if not self.key:
            return self.zh if lang == "zh" else self.en
        return text(self.key, lang, **self.fields) if self.key in catalogue() else self.key.partition(".")[2]


def named(words: str) -> Said:
    """Return words that are the same in both languages, as names of the data are."""
    return Said("", words, words)


class Told(TypedDict, total=False):
    """What several figures of a section have alike: the day, who says so, and the two ways to the evidence."""

    as_of: date | None
    source: Said | None
    href: str
    page: str | None


@dataclass(frozen=True)
class Figure:
    """One number of an area.

    Parameters
    ----------
    value
        In its unit; None where it is unknown or withheld, never 0 for that. Of a band its lower end.
    below
        The upper end of a band, which is not part of it.
    word
        What is said instead of a number.
    numerator, denominator
        The two numbers of a ratio, in cases, residents, or whatever it is a ratio of.
    as_of, source
        The day it describes and who or which edition says so.
    href, page
        Its evidence: the address of the interface, and that of the console.
    """

    name: str
    label: Said
    unit: ProfileUnit
    value: float | None = None
    below: float | None = None
    word: Said | None = None
    bound: ProfileBound = "exact"
    numerator: float | None = None
    denominator: float | None = None
    as_of: date | None = None
    source: Said | None = None
    href: str = ""
    page: str | None = None
    withheld: bool = False

    @property
    def state(self) -> FigureState:
        """Whether it is known, unknown, or known but withheld from this reader."""
        if self.withheld:
            return "withheld"
        return "unknown" if self.value is None and self.word is None else "known"


@dataclass(frozen=True)
class Entry:
    """A thing of an area by its name, with one remark and the way to it."""

    name: str
    note: Said | None
    href: str
    page: str | None = None


@dataclass(frozen=True)
class Section:
    """The figures of one subject; ``total`` is how many things there are of which ``entries`` are the first."""

    name: SectionName
    figures: tuple[Figure, ...]
    entries: tuple[Entry, ...] = ()
    total: int = 0
    notes: tuple[Said, ...] = ()


@dataclass(frozen=True)
class ChildRow:
    """One of the areas directly below, with a few figures: cases of the month, covered residents and all of them."""

    code: str
    name: str
    level: AreaLevel
    area_m2: float
    reported: int | None
    covered_ratio: float | None


@dataclass(frozen=True)
class LeftOut:
    """A section that this reader does not get, and why."""

    section: SectionName
    why: Said


@dataclass(frozen=True)
class Change:
    """A figure on another day: its value then, and the difference now less then where both are exact numbers."""

    figure: Figure | None
    difference: float | None


def address(path: str, asked: Mapping[str, object] | None = None, /, *, root: str = API, **more: object) -> str:
    """Return the address of evidence with what it is asked; what is None is left out.

    >>> address("/topics", area="310113109", state=None, on=date(2026, 1, 31))
    '/api/v1/topics?area=310113109&on=2026-01-31'
    """
    query = {name: str(value) for name, value in {**(asked or {}), **more}.items() if value is not None}
    return root + path + (f"?{urlencode(query)}" if query else "")


def console(path: str, asked: Mapping[str, object] | None = None, /, **more: object) -> str:
    """Return the address of a page of the console.

    >>> console("/systems", part="bodies", area="310113109")
    '/systems?part=bodies&area=310113109'
    """
    return address(path, asked, root="", **more)


def in_path(code: str) -> str:
    """Return a code as part of an address.

    >>> in_path("A/1")
    'A%2F1'
    """
    return quote(code, safe="")


def month_before(day: date) -> tuple[date, date]:
    """Return the first and last day of the last month that is over on a day; nothing is before the first of all days.

    >>> month_before(date(2026, 3, 31)), month_before(date(2026, 4, 1))
    ((datetime.date(2026, 2, 1), datetime.date(2026, 2, 28)), (datetime.date(2026, 3, 1), datetime.date(2026, 3, 31)))
    """
    first = day.replace(day=1)
    last = date.min if first == date.min else first - timedelta(days=1)
    return last.replace(day=1), last


def ratio_of(figure: Figure) -> Figure:
    """Return a ratio with its value from its two numbers: None where one is unknown or there is nothing to divide by.

    >>> ratio_of(Figure("r", named("r"), "ratio", numerator=3, denominator=4)).value
    0.75
    >>> ratio_of(Figure("r", named("r"), "ratio", numerator=0, denominator=0)).value is None
    True
    """
    over, under = figure.numerator, figure.denominator
    return replace(figure, value=None if over is None or not under else over / under)


def first_of(entries: Sequence[Entry]) -> tuple[tuple[Entry, ...], int]:
    """Return the entries that are named, and how many there are."""
    return tuple(entries[:MOST_ENTRIES]), len(entries)


def bound_of(value: str) -> ProfileBound:
    """Return how a number is meant.

    >>> bound_of("more_than"), bound_of("exact")
    ('more_than', 'exact')
    """
    known: Mapping[str, ProfileBound] = {"at_least": "at_least", "more_than": "more_than", "about": "about"}
    return known.get(value, "exact")


def change_of(now: Figure, then: Figure | None) -> Change:
    """Return a figure beside the same one of another day.

    A difference is only told of two exact numbers of one unit: not of bounds, bands, words, ranks that rest on other
    fields, or what is unknown.

    >>> change_of(Figure("n", named("n"), "count", 5.0), Figure("n", named("n"), "count", 3.0)).difference
    2.0
    >>> change_of(Figure("n", named("n"), "count", 5.0), Figure("n", named("n"), "count")).difference is None
    True
    """
    if then is None or not (_plain(now) and _plain(then)) or now.unit != then.unit:
        return Change(then, None)
    return Change(then, (now.value or 0.0) - (then.value or 0.0))


def changes(now: Iterable[Section], then: Iterable[Section]) -> dict[tuple[SectionName, str], Change]:
    """Return every figure of a profile beside that of another day, by section and name."""
    before = {(section.name, figure.name): figure for section in then for figure in section.figures}
    return {
        (section.name, figure.name): change_of(figure, before.get((section.name, figure.name)))
        for section in now
        for figure in section.figures
    }


def _plain(figure: Figure) -> bool:
    return figure.state == "known" and figure.value is not None and figure.below is None and figure.bound == "exact"
