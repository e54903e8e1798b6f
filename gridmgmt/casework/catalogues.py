"""Catalogues that this process keeps for cases, under a mark of all editions that is read together with a case.

As long as the mark stays, so does what held on any day. A report is checked by the catalogue of the mark that was seen
last, before its own statement tells the present one; where the two differ it is checked again.
"""

from datetime import date

from gridmgmt.catalogue.rules import Catalogue
from gridmgmt.catalogue.service import catalogue_anew
from gridmgmt.db import Session

_NO_CATALOGUE = Catalogue("", date.min, {}, {}, {}, {})
"""Where a folder has none: cases of any type, no conditions, no bodies."""
_MOST_KEPT = 4_096
_kept: dict[tuple[str, date], Catalogue] = {}
_seen_last: dict[date, str] = {}


def catalogue_of(session: Session, mark: str | None, day: date) -> Catalogue:
    """Return the catalogue of a day under a mark; an empty one where none held, or there are no editions.

    Parameters
    ----------
    mark
        Read in this transaction. What is kept under it is read after it: an edition that comes in between has another
        mark, and this one is not seen again.
    """
    if mark is None:
        return _NO_CATALOGUE
    found = _kept.get((mark, day))
    if found is None:
        found = catalogue_anew(session, day) or _NO_CATALOGUE
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
            _seen_last.clear()
        _kept[mark, day] = found
    _seen_last[day] = mark
    return found


def likely_catalogue(day: date) -> tuple[str, Catalogue] | None:
    """Return the catalogue of a day that was seen last by this process, with its mark; None where none was seen."""
    mark = _seen_last.get(day)
    found = None if mark is None else _kept.get((mark, day))
    return None if mark is None or found is None else (mark, found)
