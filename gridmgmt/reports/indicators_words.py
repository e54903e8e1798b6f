"""What is said of indicators beside their numbers: names, definitions, the basis of areas, notes."""

from datetime import datetime

from gridmgmt.cases.measures import Dimension, Measure, Ratio
from gridmgmt.clock import LOCAL_ZONE, local_date
from gridmgmt.indicators.rules import Indicators
from gridmgmt.texts import Language, text


def row_name(code: str | None, name: str, lang: Language) -> str:
    """Return what a row is called: that of cases without a value has no name of its own."""
    return text("indicators.none", lang) if code is None else name


def by_text(by: Dimension | None, lang: Language) -> str:
    """Return what a table of this dimension is called."""
    if by is None:
        return text("indicators.by_none", lang)
    return text("indicators.file_by", lang, by=text(f"dimension.{by}", lang))


def definition(ratio: Ratio, lang: Language) -> str:
    """Return what a rate says, with its denominator."""
    return text(f"indicator_definition.{ratio}", lang)


def moment_text(moment: datetime) -> str:
    """Return a moment in the district's time, to the minute."""
    return f"{moment.astimezone(LOCAL_ZONE):%Y-%m-%d %H:%M}"


def basis_note(found: Indicators, lang: Language) -> str:
    """Return in which areas cases are counted, and why where a comparison made them so."""
    return text(f"indicators.basis.{found.basis}", lang, on=found.question.areas_on)


def notes_of(found: Indicators, lang: Language) -> list[str]:
    """Return what else is to be known of an answer: what its cases lack, and whether its period is over."""
    counts, notes = found.total.counts, []
    if counts.get(Measure.REPORTED):
        if not counts.get(Measure.ACCEPTED) and not counts.get(Measure.REGISTERED):
            notes.append(text("indicators.note.without_acceptance", lang))
        if not counts.get(Measure.DUE):
            notes.append(text("indicators.note.without_deadline", lang))
    if found.question.period.last >= local_date(found.as_of):
        notes.append(text("indicators.note.period_open", lang, at=moment_text(found.as_of)))
    return notes
