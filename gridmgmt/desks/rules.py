"""What holds for service desks without a database: their kinds, what they offer, when, and which comes first."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from gridmgmt.catalogue.matters import Words
from gridmgmt.errors import InputError, Problem
from gridmgmt.governance.rules import CentreType
from gridmgmt.hours import Rules, parse_hours

MOST_MATTERS = 500
MOST_CHARACTERS = 200
"""Of the name of a matter that no list has."""
DEFAULT_REACH_S = 900.0
"""Fifteen minutes."""
MOST_WALK_S = 7200.0
"""Desks farther than two hours on foot are not looked for."""

_CHINESE = re.compile(r"[\u4e00-\u9fff]+")
_WORD = re.compile(r"[a-z]+")


class DeskKind(StrEnum):
    """What a desk stands on, and so whose it is."""

    CENTRE = "centre"
    BRANCH = "branch"
    EXTENSION_DESK = "extension_desk"
    JOINT_SERVICE_CENTRE = "joint_service_centre"
    SOCIAL_ORGANISATION_CENTRE = "social_organisation_centre"


AT_CENTRES = (DeskKind.CENTRE, DeskKind.BRANCH, DeskKind.SOCIAL_ORGANISATION_CENTRE)
"""Desks of a centre or branch; they share its type and area."""


@dataclass(frozen=True)
class Offer:
    """What a desk takes and when: codes of matters or their names, and weekly hours (None: not told)."""

    matters: tuple[str, ...] = ()
    hours: Rules | None = None


@dataclass(frozen=True)
class NewDesk:
    """A desk to be set up.

    Parameters
    ----------
    site_code
        The centre, joint centre or service point that it stands on.
    area_code, type, lonlat
        Of a desk on no centre; a desk of a centre has those of the centre, and its own place where it is told.
    """

    code: str
    kind: DeskKind
    name: str
    valid_from: date
    site_code: str | None = None
    area_code: str | None = None
    type: CentreType | None = None
    address: str | None = None
    lonlat: tuple[float, float] | None = None
    offer: Offer = Offer()


@dataclass(frozen=True)
class MonthCount:
    """How many visits a desk had in the month of a day."""

    desk_code: str
    month: date
    visits: int


def kind_at_centre(type_: CentreType, *, branch: bool) -> DeskKind:
    """Return the kind of a desk at a centre or branch.

    >>> kind_at_centre(CentreType.HEALTH, branch=True).value
    'branch'
    """
    if type_ is CentreType.SOCIAL_ORGANISATIONS:
        return DeskKind.SOCIAL_ORGANISATION_CENTRE
    return DeskKind.BRANCH if branch else DeskKind.CENTRE


def checked_offer(offer: Offer) -> Offer:
    """Return an offer with each matter once and without blanks at its ends.

    Raises
    ------
    InputError
        ``desk_matters_too_many``, ``desk_matter_malformed``; ``hours_…`` as :func:`gridmgmt.hours.parse_hours`.
    """
    matters = tuple(dict.fromkeys(each.strip() for each in offer.matters))
    if len(matters) > MOST_MATTERS:
        raise InputError("desk_matters_too_many", field="matters", value=len(matters), maximum=MOST_MATTERS)
    for each in matters:
        if not 0 < len(each) <= MOST_CHARACTERS:
            raise InputError("desk_matter_malformed", field="matters", value=each[:40], maximum=MOST_CHARACTERS)
    if offer.hours is not None:
        parse_hours(offer.hours)
    return Offer(matters, offer.hours)


def open_at(hours: Rules | None, minute: int) -> bool | None:
    """Tell whether a desk is open at a minute of the week; None where its hours are not told.

    >>> open_at({"mon-fri": ["08:30-17:00"]}, 510), open_at({"mon-fri": ["08:30-17:00"]}, 1020), open_at(None, 0)
    (True, False, None)
    """
    return None if hours is None else parse_hours(hours).open_at(minute)


def takes(offered: Collection[str], names: Mapping[str, Words], matter: str) -> bool:
    """Tell whether a desk takes a matter, given by its code or a part of its name.

    Parameters
    ----------
    offered
        What the desk offers.
    names
        What the codes of lists are called.

    >>> takes(["G01"], {"G01": Words("群租巡查", "Rounds")}, "群租"), takes(["老年优待证"], {}, "优待证")
    (True, True)
    """
    wanted = matter.strip().casefold()
    if not wanted:
        return False
    for each in offered:
        name = names.get(each) or Words(each)
        if wanted == each.casefold() or wanted in name.zh.casefold() or wanted in name.en.casefold():
            return True
    return False


def likeness(words: str, *names: str) -> float:
    """Return how like a name is to what somebody asks for, 0-1: the best of several names.

    Chinese is compared by pairs of characters, other words whole or by their beginning from three letters on, so that
    "井盖坏了" finds a well's cover. How much of the question is found counts, and half of it how much of the name that
    is: only the same parts are wholly like. A single Chinese character is like a name by its share of it; one or two
    letters are like nothing but themselves.

    >>> [round(likeness(asked, "污水井盖"), 2) for asked in ("污水井盖", "井盖", "井盖坏了", "井", "路灯")]
    [1.0, 0.67, 0.22, 0.25, 0.0]
    >>> likeness("q", "Quick repair"), likeness("repair", "Quick repair")
    (0.0, 0.75)
    """
    asked = words.strip().casefold()
    return max((_like(asked, name.strip().casefold()) for name in names), default=0.0) if asked else 0.0


def _like(asked: str, name: str) -> float:
    if asked == name:
        return 1.0
    parts, own = _parts(asked), _parts(name)
    if not parts:
        return 1 / len(name) if len(asked) == 1 and _CHINESE.match(asked) and asked in name else 0.0
    found = sum(max((_begun(part, each) for each in own), default=0.0) for part in parts)
    return found / len(parts) * (1 + min(found / len(own), 1.0)) / 2 if found else 0.0


def _begun(part: str, word: str) -> float:
    """Return which share of a word begins with a part; a pair of characters is the same or is not."""
    return len(part) / len(word) if word.startswith(part) else 0.0


def _parts(text: str) -> set[str]:
    """Return the pairs of Chinese characters of a text, and its other words of three letters or more."""
    found = {word for word in _WORD.findall(text) if len(word) > 2}
    for run in _CHINESE.findall(text):
        found |= {run[i : i + 2] for i in range(len(run) - 1)}
    return found


def month_of(day: date) -> date:
    """Return the first day of the month of a day.

    >>> month_of(date(2026, 1, 31)).isoformat()
    '2026-01-01'
    """
    return day.replace(day=1)


def count_problems(counts: Iterable[tuple[int, MonthCount]], known: Collection[str], today: date) -> list[Problem]:
    """Return what is wrong with monthly counts, each given with its row.

    A count is of a desk that there is, not below 0, of a month that has begun, and stands once.
    """
    found, seen = [], set()
    for row, each in counts:
        key = each.desk_code, month_of(each.month)
        if each.desk_code not in known:
            found.append(Problem(row, "desk_unknown", {"value": each.desk_code}))
        elif each.visits < 0:
            found.append(Problem(row, "desk_visits_negative", {"value": each.visits}))
        elif key[1] > today:
            found.append(Problem(row, "desk_visits_ahead", {"value": f"{key[1]:%Y-%m}", "today": today}))
        elif key in seen:
            found.append(Problem(row, "desk_visits_twice", {"value": each.desk_code, "month": f"{key[1]:%Y-%m}"}))
        seen.add(key)
    return found


def public_counts(counts: Sequence[int], threshold: int) -> tuple[list[int | None], int | None]:
    """Return monthly counts and their sum with small ones withheld, and the sum too where one is.

    A count above 0 and below the threshold is None; without the sum none can be worked out from the others.

    >>> public_counts([0, 4, 25], 10), public_counts([0, 12, 25], 10)
    (([0, None, 25], None), ([0, 12, 25], 37))
    """
    shown = [None if 0 < each < threshold else each for each in counts]
    return shown, None if None in shown else sum(counts)
