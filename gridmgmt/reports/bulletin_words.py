"""What a bulletin says in words: its title, the figures at its head, the sentences of its parts, how it was made."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from gridmgmt.cases.measures import RATIOS, Dimension, Measure, Ratio
from gridmgmt.indicators.rules import Indicators, Tally
from gridmgmt.reports.bulletin_document import Bulletin, bulletin_sha256
from gridmgmt.reports.bulletin_tables import change_of, difference, overdue_of, sides_of
from gridmgmt.reports.coverage_html import KeyFigure
from gridmgmt.reports.formatting import change_text, count_text, points_text, rate_text, tenths_of_hours_text
from gridmgmt.reports.indicators_ranking import ranked
from gridmgmt.reports.indicators_words import basis_note, notes_of, row_name
from gridmgmt.texts import Language, text

NAMED = 3
"""So many sources, types and places of a ranking are told by name."""

_TOLD_COUNTS = (
    Measure.REPORTED, Measure.ACCEPTED, Measure.REGISTERED, Measure.DUE, Measure.DUE_CLOSED, Measure.DUE_CLOSED_ON_TIME,
)  # fmt: skip
_TOLD_RATES = (Ratio.REGISTRATION_RATE, Ratio.CLOSING_RATE, Ratio.ON_TIME_CLOSING_RATE)
_CHANGING = (Ratio.CLOSING_RATE, Ratio.ON_TIME_CLOSING_RATE)


def bulletin_title(bulletin: Bulletin, lang: Language) -> str:
    """Return the title with area and month."""
    area = bulletin.area_name or text("bulletin.everywhere", lang)
    return text("bulletin.title", lang, area=area, month=_month(bulletin, lang))


def key_figures(bulletin: Bulletin, lang: Language) -> list[tuple[KeyFigure, str]]:
    """Return the figures at the head, each with the address of its list on the server itself."""
    month, *others = sides_of(bulletin, "/cases")
    beside = [
        (name, side.tally)
        for name, side in zip(("bulletin.on_month", "bulletin.on_year"), others, strict=True)
        if any(side.tally.counts.values())
    ]
    found = []
    for measure in (Measure.REPORTED, Measure.REGISTERED):
        now = month.tally.counts.get(measure, 0)
        changes = ((name, change_text(change_of(now, tally.counts.get(measure, 0)))) for name, tally in beside)
        detail = " · ".join(text(name, lang, change=change) for name, change in changes)
        found.append((KeyFigure(text(f"measure.{measure}", lang), count_text(now), detail), month.count(measure)[1]))
    for ratio in _CHANGING:
        rate, (part, whole) = month.tally.ratio(ratio), RATIOS[ratio]
        made_of = " / ".join(count_text(month.tally.counts.get(measure, 0)) for measure in (part, whole))
        points = (points_text(difference(rate, tally.ratio(ratio))) for _, tally in beside[:1])
        told = (text(beside[0][0], lang, change=text("bulletin.points_short", lang, points=each)) for each in points)
        figure = KeyFigure(text(f"ratio.{ratio}", lang), rate_text(rate), " · ".join((made_of, *told)))
        found.append((figure, month.count(whole)[1]))
    return [(figure, address or "") for figure, address in found]


def told(bulletin: Bulletin, name: str, lang: Language) -> list[str]:
    """Return what a part says in sentences, in the words of a published bulletin."""
    write = _WRITERS.get(name)
    return [] if write is None else list(write(bulletin, lang))


def notes(bulletin: Bulletin, lang: Language) -> list[str]:
    """Return what is to be known before the numbers."""
    if not any(bulletin.whole.total.counts.values()):
        return [text("bulletin.no_cases", lang)]
    open_month = [] if bulletin.over else [text("bulletin.month_open", lang, last=bulletin.period.last)]
    lacks = notes_of(bulletin.whole, lang) if bulletin.over else notes_of(bulletin.whole, lang)[:-1]
    return [*open_month, *lacks]


def how_made(bulletin: Bulletin, lang: Language) -> list[str]:
    """Return period, areas and the hash."""
    period = bulletin.period
    return [
        text("bulletin.period", lang, first=period.first, last=period.last),
        basis_note(bulletin.whole, lang),
        hash_text(bulletin, lang),
    ]


def hash_text(bulletin: Bulletin, lang: Language) -> str:
    """Return the content's hash in words."""
    return text("bulletin.hash", lang, sha256=bulletin_sha256(bulletin))


def _month(bulletin: Bulletin, lang: Language) -> str:
    last = bulletin.period.last
    key = "bulletin.month" if bulletin.over else "bulletin.month_so_far"
    return text(key, lang, year=last.year, month=last.month, day=last.day)


def _overview(bulletin: Bulletin, lang: Language) -> Iterator[str]:
    month, before, year = (side.tally for side in sides_of(bulletin, ""))
    overdue = count_text(overdue_of(month))
    yield text("bulletin.told", lang, period=_month(bulletin, lang), overdue=overdue, **_numbers(month))
    on_month = "bulletin.told_change" if bulletin.over else "bulletin.told_change_so_far"
    for key, earlier in ((on_month, before), ("bulletin.told_year_change", year)):
        if then := earlier.counts.get(Measure.REPORTED, 0):
            change = _moved(change_text(change_of(month.counts.get(Measure.REPORTED, 0), then)), lang)
            rates = {str(ratio): _moved_points(month, earlier, ratio, lang) for ratio in _CHANGING}
            yield text(key, lang, before=count_text(then), change=change, **rates)
    if month.mean_handling_s is not None:
        yield text("bulletin.told_mean", lang, hours=tenths_of_hours_text(month.mean_handling_s))


def _sources(bulletin: Bulletin, lang: Language) -> Iterator[str]:
    found = bulletin.by[Dimension.SOURCE]
    whole = found.total.counts.get(Measure.REPORTED, 0)
    names = [
        text("bulletin.told_source", lang, name=name, count=count_text(count), share=rate_text(count / whole))
        for name, count in _most_reported(found, lang)
    ]
    if names:
        yield text("bulletin.told_sources", lang, names=text("bulletin.list", lang).join(names))


def _kinds(bulletin: Bulletin, lang: Language) -> Iterator[str]:
    whole = bulletin.whole.total.counts.get(Measure.REGISTERED, 0)
    for _, name, tally in reversed(bulletin.whole.rows):  # events first
        registered = tally.counts.get(Measure.REGISTERED, 0)
        share = rate_text(registered / whole if whole else None)
        if registered or tally.counts.get(Measure.DUE):
            yield text("bulletin.told_kind", lang, kind=name, share=share, **_numbers(tally))


def _types(bulletin: Bulletin, lang: Language) -> Iterator[str]:
    for kind, found in bulletin.types.items():
        names = [
            text("bulletin.told_type", lang, name=name, count=count_text(count))
            for name, count in _most_reported(found, lang)
        ]
        if names:
            kind_name, listed = text(f"case_kind.{kind}", lang), text("bulletin.list", lang).join(names)
            yield text("bulletin.told_types", lang, kind=kind_name, names=listed)


def _areas(bulletin: Bulletin, lang: Language) -> Iterator[str]:
    if bulletin.areas_by is not None:
        yield from _ranks(bulletin.by[bulletin.areas_by], Ratio.ON_TIME_CLOSING_RATE, lang)


def _departments(bulletin: Bulletin, lang: Language) -> Iterator[str]:
    yield from _ranks(bulletin.by[Dimension.DEPARTMENT], Ratio.ON_TIME_HANDLING_RATE, lang)


_WRITERS: Mapping[str, Callable[[Bulletin, Language], Iterable[str]]] = {
    "overview": _overview,
    "sources": _sources,
    "kinds": _kinds,
    "types": _types,
    "areas.town": _areas,
    "areas.residential_quarter": _areas,
    "departments": _departments,
}


def _ranks(found: Indicators, ratio: Ratio, lang: Language) -> Iterator[str]:
    """Tell who comes first and last by a rate, as many of each as leave nobody in both."""
    places = [place for place in ranked(found.rows, ratio) if place.rank is not None]
    most = min(NAMED, len(places) // 2)
    ends = {"first": places[:most], "last": places[len(places) - most :]}
    names = {
        end: text("bulletin.list", lang).join(
            text("bulletin.told_rank", lang, name=place.name, rate=rate_text(place.value)) for place in held
        )
        for end, held in ends.items()
    }
    if most:
        yield text("bulletin.told_ranks", lang, ratio=text(f"ratio.{ratio}", lang), **names)


def _most_reported(found: Indicators, lang: Language) -> list[tuple[str, int]]:
    counts = [(row_name(code, name, lang), tally.counts.get(Measure.REPORTED, 0)) for code, name, tally in found.rows]
    return sorted((row for row in counts if row[1]), key=lambda row: -row[1])[:NAMED]


def _moved_points(now: Tally, before: Tally, ratio: Ratio, lang: Language) -> str:
    points = difference(now.ratio(ratio), before.ratio(ratio))
    if points is None:
        return text("bulletin.not_comparable", lang)
    return _moved(text("bulletin.points", lang, points=points_text(points)), lang)


def _moved(written: str, lang: Language) -> str:
    """Return a change that is written with its sign as what the number did."""
    key = {"+": "bulletin.rose", "-": "bulletin.fell"}.get(written[0], "bulletin.stayed")
    return text(key, lang, much=written[1:])


def _numbers(tally: Tally) -> dict[str, str]:
    counts = {str(measure): count_text(tally.counts.get(measure, 0)) for measure in _TOLD_COUNTS}
    return counts | {str(ratio): rate_text(tally.ratio(ratio)) for ratio in _TOLD_RATES}
