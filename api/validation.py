"""The words for a request whose parameters or body do not fit: where, what was given, what would be right."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gridmgmt.texts import Language, catalogue, text

NUL = "\0"
"""Stands in no text of the database."""
_SHOWN_CHARACTERS = 80
_CHOICE = re.compile(r"'[^']*'")
_SECRET = frozenset({"password", "new_password", "token"})
Place = tuple[str | int, ...]


def validation_errors(found: Sequence[Mapping[str, Any]], lang: Language) -> list[dict[str, Any]]:
    """Return one entry for each wrong value.

    ``pointer`` is a JSON Pointer (RFC 6901) into the request as ``{"path": …, "query": …, "body": …}``.
    """
    return [
        {"pointer": _pointer(_place(error)), "code": error["type"], "detail": _detail(error, lang)} for error in found
    ]


def place_of(body: object, wrong: Callable[[str], bool]) -> Place | None:
    r"""Return where in an object of JSON the first text is that is wrong, or whose field's name is; None without one.

    >>> place_of({"tasks": [{"reason": "a"}, {"reason": "b\0"}]}, has_nul)
    ('tasks', 1, 'reason')
    """
    waiting: list[tuple[Place, object]] = [((), body)]  # no recursion: a body may be nested deeper than that may go
    while waiting:
        place, part = waiting.pop()
        if isinstance(part, str) and wrong(part):
            return place
        if isinstance(part, dict):
            if any(isinstance(name, str) and wrong(name) for name in part):
                return place
            waiting += [((*place, name), below) for name, below in reversed(part.items())]
        elif isinstance(part, list):
            waiting += [((*place, number), below) for number, below in reversed(list(enumerate(part)))]
    return None


def has_nul(text_: str) -> bool:
    """Tell whether a text holds a NUL."""
    return NUL in text_


def has_half_character(text_: str) -> bool:
    """Tell whether a text holds a lone surrogate.

    >>> has_half_character("\ud800"), has_half_character("路")
    (True, False)
    """
    return any("\ud800" <= character <= "\udfff" for character in text_)


def _place(error: Mapping[str, Any]) -> Place:
    """Return where a wrong value is; what is refused of a whole object tells itself where in it."""
    return (*error["loc"], *error.get("ctx", {}).get("within", ()))


def _pointer(location: Sequence[str | int]) -> str:
    """Return the JSON Pointer of a location.

    >>> _pointer(("body", "bands", 0)), _pointer(("query", "a/b~"))
    ('/body/bands/0', '/query/a~1b~0')
    """
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def _detail(error: Mapping[str, Any], lang: Language) -> str:
    key = f"validation.{error['type']}"
    if key not in catalogue():
        key = "validation.other"
    shown = "…" if error["loc"][-1] in _SECRET else repr(error.get("input"))
    if len(shown) > _SHOWN_CHARACTERS:
        shown = shown[:_SHOWN_CHARACTERS] + "…"
    told = {**error.get("ctx", {}), "value": shown, "reason": error["msg"]}
    if "expected" in told:  # "'a', 'b' or 'c'": the choices, without a word of English between them
        told["expected"] = ", ".join(_CHOICE.findall(told["expected"])) or told["expected"]
    return text(key, lang, **told)
