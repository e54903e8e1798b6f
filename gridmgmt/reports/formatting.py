"""How numbers and names are written for people; display only, the documents keep every digit."""

from decimal import ROUND_HALF_UP, Decimal
from math import ceil

from gridmgmt.coverage.document import NETWORK_HULL, Note
from gridmgmt.texts import Language, catalogue, text
from gridmgmt.units import M2_PER_KM2, SECONDS_PER_HOUR, SECONDS_PER_MINUTE

WITHHELD = "*"
"""Stands for a count withheld from the public form."""

UNDEFINED = "—"
"""Stands for a number that does not exist, such as the ratio of nobody."""

_SMALL = 100
_TENTH_S = SECONDS_PER_MINUTE / 10


def count_text(count: float | str | None, *, modelled: bool = False) -> str:
    """Return a count with thousands separators: whole, but with one decimal where it is modelled and below 100.

    >>> count_text(12345.4), count_text(3.26, modelled=True), count_text(None), count_text(WITHHELD)
    ('12,345', '3.3', '—', '*')
    """
    if count is None or isinstance(count, str):
        return count or UNDEFINED
    return f"{count:,.1f}" if modelled and 0 < count < _SMALL else f"{count:,.0f}"


def ratio_text(ratio: float | str | None) -> str:
    """Return a ratio (0-1) in per cent with one decimal; only all is 100 % and only nothing is 0 %.

    >>> ratio_text(0.8344), ratio_text(0.99996), ratio_text(0.0001), ratio_text(1.0), ratio_text(None)
    ('83.4 %', '> 99.9 %', '< 0.1 %', '100 %', '—')
    """
    if ratio is None or isinstance(ratio, str):
        return ratio or UNDEFINED
    if ratio in {0.0, 1.0}:
        return f"{ratio:.0%}".replace("%", " %")
    if ratio < 0.0005:
        return "< 0.1 %"
    return "> 99.9 %" if ratio >= 0.9995 else f"{ratio * 100:.1f} %"


def rate_text(rate: float | str | None) -> str:
    """Return a rate (0-1) in per cent with two decimals, halves up; only all is 100 % and only nothing is 0 %.

    >>> rate_text(911 / 972), rate_text(996 / 1054), rate_text(9 / 16), rate_text(1 / 32)
    ('93.72 %', '94.50 %', '56.25 %', '3.13 %')
    >>> rate_text(99_999 / 100_000), rate_text(1 / 100_000), rate_text(1.0), rate_text(0.0), rate_text(None)
    ('> 99.99 %', '< 0.01 %', '100 %', '0 %', '—')
    """
    if rate is None or isinstance(rate, str):
        return rate or UNDEFINED
    if rate in {0.0, 1.0}:
        return f"{rate:.0%}".replace("%", " %")
    shown = (Decimal(repr(rate)) * 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
    if not shown:
        return "< 0.01 %"
    return "> 99.99 %" if shown == 100 else f"{shown} %"


def change_text(change: float | str | None) -> str:
    """Return by which share of itself a number has changed, in per cent with its sign.

    >>> change_text(0.0321), change_text(-0.5), change_text(0.0), change_text(None)
    ('+3.2 %', '-50.0 %', '0.0 %', '—')
    """
    if change is None or isinstance(change, str):
        return change or UNDEFINED
    return f"{change * 100:+.1f} %" if round(change, 3) else "0.0 %"


def points_text(change: float | str | None) -> str:
    """Return the difference of two rates (0-1) in percentage points with its sign and no unit.

    >>> points_text(-0.0213), points_text(0.5), points_text(0.0), points_text(None)
    ('-2.13', '+50.00', '0.00', '—')
    """
    if change is None or isinstance(change, str):
        return change or UNDEFINED
    return f"{change * 100:+.2f}" if round(change, 4) else "0.00"


def gap_text(gap: float | str | None) -> str:
    """Return a share (0-1) by which something could be better in per cent, rounded up: it is never told too small.

    >>> gap_text(0.0), gap_text(0.012301), gap_text(1e-9), gap_text(None)
    ('0 %', '1.24 %', '0.01 %', '—')
    """
    if gap is None or isinstance(gap, str):
        return gap or UNDEFINED
    return f"{max(1, ceil(round(gap * 10_000, 6))) / 100:.2f} %" if gap > 0 else "0 %"


def minutes_text(seconds: float | str | None) -> str:
    """Return seconds as minutes with at most one decimal and no unit.

    >>> minutes_text(1200.0), minutes_text(1259.0), minutes_text(None)
    ('20', '21', '—')
    """
    if seconds is None or isinstance(seconds, str):
        return seconds or UNDEFINED
    return f"{seconds / SECONDS_PER_MINUTE:.1f}".removesuffix(".0")


def minutes_beyond_text(seconds: float | str | None) -> str:
    """Return seconds above a limit as minutes, rounded up to a tenth: 20 minutes and a second are not told as 20.

    >>> minutes_beyond_text(1200.01), minutes_beyond_text(1206.0), minutes_beyond_text(None)
    ('20.1', '20.1', '—')
    """
    if isinstance(seconds, float | int):
        return minutes_text(ceil(round(seconds, 2) / _TENTH_S) * _TENTH_S)
    return minutes_text(seconds)


def hours_text(seconds: float | str | None) -> str:
    """Return seconds as whole hours with no unit.

    >>> hours_text(9_000_000.0), hours_text(None)
    ('2,500', '—')
    """
    if seconds is None or isinstance(seconds, str):
        return seconds or UNDEFINED
    return f"{seconds / SECONDS_PER_HOUR:,.0f}"


def tenths_of_hours_text(seconds: float | str | None) -> str:
    """Return seconds as hours with one decimal and no unit.

    >>> tenths_of_hours_text(97_200.0), tenths_of_hours_text(None)
    ('27.0', '—')
    """
    if seconds is None or isinstance(seconds, str):
        return seconds or UNDEFINED
    return f"{seconds / SECONDS_PER_HOUR:,.1f}"


def km2_text(area_m2: float | str | None) -> str:
    """Return square metres as square kilometres, with enough decimals for a quarter.

    >>> km2_text(41_640_000.0), km2_text(131_000.0)
    ('41.64', '0.131')
    """
    if area_m2 is None or isinstance(area_m2, str):
        return area_m2 or UNDEFINED
    area_km2 = area_m2 / M2_PER_KM2
    return f"{area_km2:,.2f}" if area_km2 >= 1 else f"{area_km2:.3f}"


def label(kind: str, value: str, lang: Language) -> str:
    """Return the name of an enum's value (``kind`` as in the catalogue), the value itself where it has none.

    Walking profiles are data of the folder, so not every name is in the catalogue.

    >>> label("level", "sector", "en"), label("profile", "my_profile", "zh")
    ('Sector', 'my_profile')
    """
    key = f"{kind}.{value}"
    return text(key, lang) if key in catalogue() else value


def area_name(name: str, lang: Language) -> str:
    """Return an area's name, in words where the network's hull stands in for areas."""
    return label("level", name, lang) if name == NETWORK_HULL else name


def note_text(note: Note, lang: Language) -> str:
    """Return a note in words; a type of service points by its name, numbers with separators."""
    fields = {
        name: label("point_type", value, lang) if isinstance(value, str) else f"{value:,}"
        for name, value in note.fields.items()
    }
    return text(f"note.{note.code}", lang, **fields)
