"""Official codes of areas.

The statistical code of the national bureau is 6 digits for a county or district, 9 for a town-level area
and 12 for a residents' or villagers' committee; a basic management grid cell has 15 (6+3+3+3).
"""

import re

_CODE = re.compile(r"[0-9A-Za-z_.\-]{1,64}")
OFFICIAL_LENGTHS = (2, 4, 6, 9, 12)
"""Digits of the codes of provinces, prefectures, counties and districts, town-level units, and committees."""
_PROVINCE = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[12]")
"""The first two digits that an official code can have (GB/T 2260)."""
_PADDING = {12: 3, 9: 3, 6: 2, 4: 2}


def is_code(value: str) -> bool:
    """Tell whether a text can serve as a code: 1 to 64 letters, digits, dots, dashes or underscores.

    >>> is_code("310113109"), is_code("3101 13"), is_code("")
    (True, False, False)
    """
    return _CODE.fullmatch(value) is not None


def begins_with_province(code: str) -> bool:
    """Tell whether an official code begins with the two digits of a province.

    >>> begins_with_province("310113"), begins_with_province("130131"), begins_with_province("001131")
    (True, True, False)
    """
    return _PROVINCE.match(code) is not None


def shortest(code: str) -> str:
    """Return an official code without the groups of zeros that stand for no unit of their level.

    Tables write a higher unit at the full length too: 310113109000 is the town 310113109, 310100 the city 3101. The
    two mean one unit, so that one of them is kept.

    >>> shortest("310113109000"), shortest("310000"), shortest("441900003"), shortest("310113109001")
    ('310113109', '31', '441900003', '310113109001')
    """
    while (group := _PADDING.get(len(code))) and code.endswith("0" * group):
        code = code[:-group]
    return code


def parent_code(code: str) -> str | None:
    """Return the official code of the unit above, None for a province.

    >>> parent_code("310113109001"), parent_code("441900003"), parent_code("31")
    ('310113109', '4419', None)
    """
    group = _PADDING.get(len(code))
    return None if group is None else shortest(code[:-group])
