"""The names of the gazetteer in force, kept in memory by what determines them: the contents of its editions."""

from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from threading import Lock
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from gridmgmt.addresses import queries
from gridmgmt.addresses.lexicon import Lexicon
from gridmgmt.addresses.queries import Contents, KnownAs
from gridmgmt.db import Session

_NAMES = 200
_CALLED = 0.97
_KEPT_DAYS = 2
"""A million addresses with a hundred thousand names take some 250 MB."""


@dataclass(frozen=True)
class NamedSo:
    """A name that fits what was asked, how well (0–1), and the other name by which it was found, if so."""

    name_id: int
    name: str
    score: float
    called: KnownAs | None = None


@dataclass(frozen=True)
class _Names:
    lexicon: Lexicon
    known: Mapping[int, Sequence[KnownAs]]
    """By the id of the other name."""


_Kept = OrderedDict[tuple[tuple[int, str], ...], _Names]
_kept: WeakKeyDictionary[Engine, _Kept] = WeakKeyDictionary()
_reading = Lock()


def find_names(session: Session, wanted: str, on: date, here: Contents) -> list[NamedSo]:
    """Return the names in force on a day that fit a text, the best first, with what is or was called so.

    The first to ask after an edition came into force waits until its names are read: some seconds of a million
    addresses.

    Parameters
    ----------
    here
        What is in force on the day.
    """
    names = _names(session, on, here)
    found = [NamedSo(*one) for one in names.lexicon.find(wanted, most=_NAMES)]
    found += [
        NamedSo(known.name_id, known.name, _CALLED * named.score, known)
        for named in found
        for known in names.known.get(named.name_id, ())
    ]
    return sorted(found, key=lambda named: (-named.score, len(named.name), named.name_id))


def _names(session: Session, on: date, here: Contents) -> _Names:
    key = here.addresses
    engine = session.get_bind().engine
    kept = _kept.setdefault(engine, OrderedDict())
    if (names := kept.get(key)) is not None:
        return names
    with _reading:  # who asks meanwhile waits for the same
        if key not in kept:
            kept[key] = _read(session, on)
            while len(kept) > _KEPT_DAYS:
                kept.popitem(last=False)
        return kept[key]


def _read(session: Session, on: date) -> _Names:
    known: dict[int, list[KnownAs]] = defaultdict(list)
    for one in queries.known_as(session, on):
        known[one.other_id].append(one)
    return _Names(Lexicon(queries.all_names(session, on)), known)
