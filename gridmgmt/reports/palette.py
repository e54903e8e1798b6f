"""Colours that maps and reports share; the console has the same."""

RATIO_CLASSES: tuple[tuple[float, str], ...] = (
    (0.95, "#1F7A72"),
    (0.8, "#5FAF97"),
    (0.6, "#B5DBBE"),
    (0.4, "#F2D9B8"),
    (0.2, "#EBA27F"),
    (0.0, "#D9683F"),
)
"""Least ratio and colour of each class of areas, the highest first."""

NO_RATIO = "#E3E3E6"
"""The colour of an area whose ratio is withheld or undefined."""

BAND_COLOURS = ("#0B5563", "#2A8C82", "#7CC1A2", "#CFE6C8")
BEYOND, NOT_CONNECTABLE, OUTSIDE = "#E07B54", "#8E8E93", "#C7C7CC"
FLOW = "#3B4C9B"


def band_colours(count: int) -> list[str]:
    """Return a colour for each of so many bands, the nearest first.

    >>> band_colours(2)
    ['#0B5563', '#CFE6C8']
    """
    last = len(BAND_COLOURS) - 1
    return [BAND_COLOURS[round(i * last / max(count - 1, 1))] for i in range(count)]


def ratio_colour(ratio: float | None) -> str:
    """Return the colour of a ratio, that of :data:`NO_RATIO` for one that is withheld or undefined.

    >>> ratio_colour(0.8), ratio_colour(None)
    ('#5FAF97', '#E3E3E6')
    """
    return NO_RATIO if ratio is None else next(colour for least, colour in RATIO_CLASSES if ratio >= least)


def ratio_legend() -> list[tuple[str, str]]:
    """Return colour and range of each class of ratios, that of no ratio last."""
    ends = [1.0, *(least for least, _ in RATIO_CLASSES)]
    ranges = [f"{least * 100:.0f}–{end * 100:.0f} %" for (least, _), end in zip(RATIO_CLASSES, ends, strict=False)]
    return [*zip((colour for _, colour in RATIO_CLASSES), ranges, strict=True), (NO_RATIO, "— / *")]
