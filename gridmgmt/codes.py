"""Official codes of areas.

The statistical code of the national bureau is 6 digits for a county or district, 9 for a town-level area
and 12 for a residents' or villagers' committee; a basic management grid cell has 15 (6+3+3+3).
"""

import re

_CODE = re.compile(r"[0-9A-Za-z_.\-]{1,64}")


def is_code(value: str) -> bool:
    """Tell whether a text can serve as a code: 1 to 64 letters, digits, dots, dashes or underscores.

    >>> is_code("310113109"), is_code("3101 13"), is_code("")
    (True, False, False)
    """
    return _CODE.fullmatch(value) is not None
