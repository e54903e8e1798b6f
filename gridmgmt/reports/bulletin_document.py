"""The bulletin of one month: what is asked for it, and what it holds, whatever it is written as."""

import hashlib
import json
import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from gridmgmt.areas import queries as area_queries
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cases.measures import Dimension
from gridmgmt.cases.rules import CaseFilter, CaseKind
from gridmgmt.clock import local_date
from gridmgmt.db import Session
from gridmgmt.editions.queries import holds_synthetic
from gridmgmt.errors import InputError
from gridmgmt.hotspots.rules import MOST_PLACES, RepeatQuestion, Span
from gridmgmt.hotspots.service import RepeatedPlace, repeats
from gridmgmt.indicators import service
from gridmgmt.indicators.rules import Compare, Indicators, Period, Question, Tally
from gridmgmt.texts import Language

FORMAT = "gridmgmt-bulletin-1"
PLACES = 10
"""So many of the places to which cases came again are listed."""

_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])", re.ASCII)
_BELOW = {AreaLevel.DISTRICT: Dimension.TOWN, AreaLevel.TOWN: Dimension.QUARTER}


@dataclass(frozen=True)
class Bulletin:
    """The numbers of a month, of the running one its days up to now; the parts stand beside the month before.

    Parameters
    ----------
    area_code, area_name
        Of the area that was asked for; the name of the only district where none was.
    over
        Whether the month was over when it was made.
    year
        The month by kind of case beside the same month a year earlier.
    types
        The types of each kind of case.
    places
        To which cases came again and again, the fullest first.
    """

    area_code: str | None
    area_name: str | None
    period: Period
    over: bool
    synthetic: bool
    year: Indicators
    by: dict[Dimension, Indicators]
    types: Mapping[CaseKind, Indicators] = field(default_factory=dict)
    places: Sequence[RepeatedPlace] = ()

    @property
    def whole(self) -> Indicators:
        """The month by kind of case beside the month before."""
        return self.by[Dimension.KIND]

    @property
    def areas_by(self) -> Dimension | None:
        """The dimension of its areas, None where no areas are in force."""
        return next((by for by in (Dimension.TOWN, Dimension.QUARTER) if by in self.by), None)


def month_of(value: str, today: date) -> Period:
    """Return the days of a month such as ``2026-10``.

    >>> month_of("2026-02", date(2026, 3, 1))
    Period(first=datetime.date(2026, 2, 1), last=datetime.date(2026, 2, 28))

    Raises
    ------
    InputError
        When it names no month, or one that has not begun.
    """
    if not (found := _MONTH.fullmatch(value)) or not int(found[1]):
        raise InputError("month_malformed", field="month", value=value)
    year, month = int(found[1]), int(found[2])
    if date(year, month, 1) > today:
        raise InputError("month_to_come", field="month", value=value)
    return Period(date(year, month, 1), date(year, month, monthrange(year, month)[1]))


def make_bulletin(session: Session, month: str, area: str | None, *, now: datetime, lang: Language = "zh") -> Bulletin:
    """Return the bulletin of a month, of a district or town, or of all cases; names in a language.

    It takes several readings, which tell of one moment where the transaction sees one.

    Raises
    ------
    InputError
        When there is no such month yet, or the area is smaller than a town.
    NotFoundError
        When no area of the code is in force on the last day.
    """
    today = local_date(now)
    period = month_of(month, today)
    over = period.last < today
    period = replace(period, last=min(period.last, today))
    code, name, areas = _area(session, area, period.last)
    asked = Question(period, Dimension.KIND, CaseFilter(area=code), None, Compare.YEAR)
    year = service.read(session, asked, now=now, lang=lang)
    # Where a year saw two editions, all numbers are told in the areas of the last day.
    asked = replace(asked, areas_on=year.question.areas_on, compare=Compare.MONTH)

    def read(by: Dimension, kind: CaseKind | None = None) -> Indicators:
        own = replace(asked, by=by, wanted=replace(asked.wanted, kind=kind))
        return service.read(session, own, now=now, lang=lang)

    return Bulletin(
        area_code=code,
        area_name=name,
        period=period,
        over=over,
        synthetic=bool(holds_synthetic(session)),
        year=year,
        by={by: read(by) for by in (Dimension.KIND, *areas, Dimension.DEPARTMENT, Dimension.SOURCE)},
        types={kind: read(Dimension.TYPE, kind) for kind in CaseKind},
        places=_places(session, period, code, areas),
    )


def _area(session: Session, code: str | None, on: date) -> tuple[str | None, str | None, Sequence[Dimension]]:
    """Return code and name of the area, and the dimension of the areas that it is told by."""
    if code is None:
        districts = area_queries.area_summaries(session, on, level=AreaLevel.DISTRICT, limit=2)
        towns = area_queries.area_summaries(session, on, level=AreaLevel.TOWN, limit=1)
        name = districts[0].name if len(districts) == 1 else None
        return None, name, [Dimension.TOWN] if towns else []
    found = area_queries.area_summary(session, code, on)
    below = _BELOW.get(AreaLevel(found.level))
    if below is None:
        raise InputError("bulletin_area_too_small", field="area", value=code)
    return code, found.name, [below]


def _places(session: Session, period: Period, code: str | None, areas: Sequence[Dimension]) -> list[RepeatedPlace]:
    """Return the fullest places of the month; of a town those whose last case was reported there."""
    found = repeats(session, RepeatQuestion(Span(period.first, period.last), most=MOST_PLACES)).places
    of_town = code is not None and Dimension.QUARTER in areas
    return [place for place in found if not of_town or place.town_code == code][:PLACES]


def document_of(bulletin: Bulletin) -> dict[str, Any]:  # Any: JSON
    """Return what a bulletin holds as values of JSON: counts and sums, from which all else follows.

    Neither when it was made nor the names of rows, so that equal numbers have one hash in every language and whatever
    happens after the month.
    """
    on = bulletin.whole.question.areas_on
    return {
        "format": FORMAT,
        "area": {"code": bulletin.area_code, "name": bulletin.area_name},
        "from": bulletin.period.first.isoformat(),
        "to": bulletin.period.last.isoformat(),
        "over": bulletin.over,
        "synthetic": bulletin.synthetic,
        "areas_on": None if on is None else on.isoformat(),
        "year": _numbers(bulletin.year),
        "by": {str(by): _numbers(found) for by, found in bulletin.by.items()},
        "types": {str(kind): _numbers(found) for kind, found in bulletin.types.items()},
        "places": [
            {"lon": place.lon, "lat": place.lat, "count": place.count, "types": [type_ for type_, _ in place.types]}
            for place in bulletin.places
        ],
    }


def _numbers(found: Indicators) -> dict[str, Any]:
    def told(tally: Tally) -> dict[str, Any]:
        counts = {str(measure): number for measure, number in tally.counts.items() if number}
        return {"counts": counts, "handling_s": tally.handling_s, "handling_n": tally.handling_n}

    return {
        "total": told(found.total),
        "rows": [{"code": code, **told(tally)} for code, _, tally in found.rows],
        "compared": None if found.compared is None else _numbers(found.compared),
    }


def canonical_json(bulletin: Bulletin) -> str:
    """Return the document as JSON with sorted keys and no spaces: the text that is hashed."""
    return json.dumps(document_of(bulletin), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def bulletin_sha256(bulletin: Bulletin) -> str:
    """Return the SHA-256 of the canonical text, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(bulletin).encode()).hexdigest()
