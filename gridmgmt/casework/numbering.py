"""Numbers of cases: a template that is data, filled with the district, the day and a serial.

The template is a format string over ``district`` (the code of the district, empty where none is known), ``date`` (the
day on which the case is taken in, the district's own) and ``serial``. Serials count up and begin again when the width
of their field is used up; a number that is taken then is drawn again.
"""

from dataclasses import dataclass
from datetime import date
from string import Formatter

from gridmgmt.errors import InputError

STANDARD = "{district:0<6.6}{date:%Y%m%d}{serial:05d}"
"""19 digits: six of the district (zeros where none is known), eight of the day, five of the serial."""

FIELDS = frozenset({"district", "date", "serial"})
MOST_CHARACTERS = 40
_SAMPLES = (("310113", date(2026, 1, 31), 0), ("310113", date(2026, 1, 31), 1))


@dataclass(frozen=True)
class NumberRule:
    """One template, checked; ``width`` is how many digits its serial has."""

    template: str
    width: int

    def number(self, district: str | None, on: date, serial: int) -> str:
        """Return the number of a case.

        >>> number_rule(STANDARD).number("310113", date(2026, 11, 23), 1_234_567)
        '3101132026112334567'
        >>> number_rule(STANDARD).number(None, date(2026, 11, 23), 8)
        '0000002026112300008'
        """
        return self.template.format(district=district or "", date=on, serial=serial % 10**self.width)


def number_rule(template: str) -> NumberRule:
    """Return the rule that a template states.

    Raises
    ------
    InputError
        ``case_no_template`` when it names other fields, no serial of a fixed width such as ``{serial:05d}`` or several,
        or gives numbers that are longer than 40 characters or not of letters, digits and hyphens alone.
    """
    rule = NumberRule(template, _serial_width(template))
    try:
        first, second = (rule.number(*sample) for sample in _SAMPLES)
    except (ValueError, KeyError, IndexError, AttributeError) as error:
        raise _refused(template) from error
    plain = all(len(no) <= MOST_CHARACTERS and no.replace("-", "").isalnum() and no.isascii() for no in (first, second))
    if not plain or first == second:
        raise _refused(template)
    return rule


def _serial_width(template: str) -> int:
    try:
        fields = [(name, spec) for _, name, spec, _ in Formatter().parse(template) if name is not None]
    except ValueError as error:
        raise _refused(template) from error
    widths = [spec or "" for name, spec in fields if name == "serial"]
    if len(widths) != 1 or not {name for name, _ in fields} <= FIELDS:
        raise _refused(template)
    width = widths[0].removeprefix("0").removesuffix("d")
    if not (widths[0].startswith("0") and widths[0].endswith("d") and width.isdecimal() and 1 <= int(width) <= 12):
        raise _refused(template)
    return int(width)


def _refused(template: str) -> InputError:
    return InputError("case_no_template", field="template", value=template, standard=STANDARD)
