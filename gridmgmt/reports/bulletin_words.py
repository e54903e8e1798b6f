"""What a bulletin says in words: its title, the figures at its head, the month told, how it was made."""

from collections.abc import Iterator

from gridmgmt.cases.measures import RATIOS, Measure, Ratio
from gridmgmt.indicators.rules import Tally
from gridmgmt.reports.bulletin_document import Bulletin, bulletin_sha256
from gridmgmt.reports.bulletin_tables import change_of, difference, sides_of
from gridmgmt.reports.coverage_html import KeyFigure
from gridmgmt.reports.formatting import change_text, count_text, points_text, rate_text, tenths_of_hours_text
from gridmgmt.reports.indicators_words import basis_note, moment_text, notes_of
from gridmgmt.texts import Language, text

_TOLD_COUNTS = (
    Measure.REPORTED, Measure.ACCEPTED, Measure.REGISTERED, Measure.DUE, Measure.DUE_CLOSED, Measure.DUE_CLOSED_ON_TIME,
)  # fmt: skip
_TOLD_RATES = (Ratio.REGISTRATION_RATE, Ratio.CLOSING_RATE, Ratio.ON_TIME_CLOSING_RATE)


def bulletin_title(bulletin: Bulletin, lang: Language) -> str:
    """Return the title with area and month."""
    first = bulletin.period.first
    area = bulletin.area_name or text("bulletin.everywhere", lang)
    return text("bulletin.title", lang, area=area, year=first.year, month=first.month)


def key_figures(bulletin: Bulletin, lang: Language) -> list[tuple[KeyFigure, str]]:
    """Return the figures at the head, each with the address of its list on the server itself."""
    month, before, year = sides_of(bulletin, "/cases")
    found = []
    for measure in (Measure.REPORTED, Measure.REGISTERED):
        now, *others = (side.tally.counts.get(measure, 0) for side in (month, before, year))
        changes = dict(zip(("month", "year"), (change_text(change_of(now, other)) for other in others), strict=True))
        beside = text("bulletin.beside", lang, **changes)
        found.append((KeyFigure(text(f"measure.{measure}", lang), count_text(now), beside), month.count(measure)[1]))
    for ratio in (Ratio.CLOSING_RATE, Ratio.ON_TIME_CLOSING_RATE):
        rate, (part, whole) = month.tally.ratio(ratio), RATIOS[ratio]
        points = points_text(difference(rate, before.tally.ratio(ratio)))
        made_of = " / ".join(count_text(month.tally.counts.get(measure, 0)) for measure in (part, whole))
        beside = f"{made_of} · {text('bulletin.points_on_month', lang, points=points)}"
        found.append((KeyFigure(text(f"ratio.{ratio}", lang), rate_text(rate), beside), month.count(whole)[1]))
    return [(figure, address or "") for figure, address in found]


def told(bulletin: Bulletin, lang: Language) -> list[str]:
    """Return the month told in sentences, in the order of a published bulletin."""
    return list(_told(bulletin, lang))


def _told(bulletin: Bulletin, lang: Language) -> Iterator[str]:
    month, before, year = (side.tally for side in sides_of(bulletin, ""))
    first = bulletin.period.first
    yield text("bulletin.told", lang, year=first.year, month=first.month, **_numbers(month))
    for _, name, tally in bulletin.whole.rows:
        if tally.counts.get(Measure.DUE):
            yield text("bulletin.told_kind", lang, kind=name, **_numbers(tally))
    now = month.counts.get(Measure.REPORTED, 0)
    for key, earlier in (("bulletin.told_change", before), ("bulletin.told_year_change", year)):
        if then := earlier.counts.get(Measure.REPORTED, 0):
            yield text(key, lang, before=count_text(then), change=change_text(change_of(now, then)))
    if month.mean_handling_s is not None:
        yield text("bulletin.told_mean", lang, hours=tenths_of_hours_text(month.mean_handling_s))


def notes(bulletin: Bulletin, lang: Language) -> list[str]:
    """Return what is to be known before the numbers."""
    open_month = [] if bulletin.over else [text("bulletin.month_open", lang)]
    lacks = notes_of(bulletin.whole, lang) if bulletin.over else notes_of(bulletin.whole, lang)[:-1]
    return [*open_month, *lacks]


def how_made(bulletin: Bulletin, lang: Language) -> list[str]:
    """Return period, areas, the state of the data and the hash."""
    period, moved = bulletin.period, bulletin.moved_at
    return [
        text("bulletin.period", lang, first=period.first, last=period.last),
        basis_note(bulletin.whole, lang),
        text("bulletin.no_data", lang) if moved is None else text("bulletin.data_until", lang, at=moment_text(moved)),
        hash_text(bulletin, lang),
    ]


def hash_text(bulletin: Bulletin, lang: Language) -> str:
    """Return the content's hash in words."""
    return text("bulletin.hash", lang, sha256=bulletin_sha256(bulletin))


def _numbers(tally: Tally) -> dict[str, str]:
    counts = {str(measure): count_text(tally.counts.get(measure, 0)) for measure in _TOLD_COUNTS}
    return counts | {str(ratio): rate_text(tally.ratio(ratio)) for ratio in _TOLD_RATES}
