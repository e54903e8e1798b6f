"""How the figures of an area's profile are written for people."""

from collections.abc import Sequence
from datetime import date

from gridmgmt.area_profiles.rules import Change, Figure
from gridmgmt.area_profiles.service import Comparison
from gridmgmt.boundaries.queries import Passage
from gridmgmt.reports.formatting import UNDEFINED, WITHHELD, count_text, km2_text, points_text, rate_text
from gridmgmt.texts import Language, text

_SIGNS = {"exact": "", "at_least": "≥ ", "more_than": "> ", "about": "≈ "}
_LARGE_M2 = 100_000
MOST_NAMED = 5


def figure_text(figure: Figure, lang: Language) -> str:
    """Return a figure as people read it: with the sign of its bound, its unit, and both numbers of a ratio.

    >>> from gridmgmt.area_profiles.rules import named
    >>> plain = named("n")
    >>> figure_text(Figure("n", plain, "count", 8000.0, bound="more_than"), "en")
    '> 8,000'
    >>> figure_text(Figure("n", plain, "ratio", 0.75, numerator=3, denominator=4), "en")
    '75.00 % (3 / 4)'
    >>> figure_text(Figure("n", plain, "people", 20.0, below=40.0, bound="at_least"), "en")
    '≥ 20, < 40'
    >>> figure_text(Figure("n", plain, "count"), "zh"), figure_text(Figure("n", plain, "count", withheld=True), "zh")
    ('—', '*')
    """
    if figure.state != "known":
        return WITHHELD if figure.withheld else UNDEFINED
    if figure.word is not None:
        return figure.word.in_(lang)
    said = _SIGNS[figure.bound] + _number(figure.value, figure, lang)
    if figure.below is not None:
        return f"{said}, < {_number(figure.below, figure, lang)}"
    if figure.unit == "rank" and figure.denominator is not None:
        return f"{said} / {count_text(figure.denominator)}"
    if figure.numerator is None or figure.denominator is None:
        return said
    return f"{said} ({count_text(figure.numerator)} / {count_text(figure.denominator)})"


def change_text(figure: Figure, change: Change, lang: Language) -> str:
    """Return a difference with its sign and unit, the sign of nothing where there is none.

    >>> from gridmgmt.area_profiles.rules import named
    >>> five = Figure("n", named("n"), "count", 5.0)
    >>> change_text(five, Change(five, -2.0), "en"), change_text(five, Change(None, None), "en")
    ('-2', '—')
    """
    value = change.difference
    if value is None:
        return UNDEFINED
    if figure.unit == "ratio":
        return text("area_profile.unit.points_of_percent", lang, value=points_text(value))
    if not value:
        return "0"
    return ("+" if value > 0 else "-") + _number(abs(value), figure, lang)


def comparison_note(found: Comparison, now: date, lang: Language) -> str | None:
    """Return why there is nothing beside, and where the land came from or went; None where there is."""
    if found.then is not None:
        return None
    passages = found.ends if found.on > now else found.origins
    key = "area_profile.then_ended" if found.on > now else "area_profile.then_absent"
    return text(key, lang, on=found.on, origins=_named(passages, ended=found.on > now, lang=lang))


def _named(passages: Sequence[Passage], *, ended: bool, lang: Language) -> str:
    names = dict.fromkeys(
        f"{each.to_name} {each.to_code}" if ended else f"{each.from_name} {each.from_code}" for each in passages
    )
    return text("area_profile.comma", lang).join([*names][:MOST_NAMED]) or UNDEFINED


def _number(value: float | None, figure: Figure, lang: Language) -> str:
    if value is None:
        return UNDEFINED
    if figure.unit == "m2":
        return f"{km2_text(value)} km²" if value >= _LARGE_M2 else f"{value:,.0f} m²"
    if figure.unit == "ratio":
        return rate_text(value)
    if figure.unit == "yuan":
        return text("area_profile.unit.yuan", lang, value=count_text(value))
    if figure.unit in ("points", "times"):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return count_text(value, modelled=figure.unit == "people" and not value.is_integer())
