"""The words for a request whose parameters or body do not fit: where, what was given, what would be right."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from gridmgmt.texts import Language, catalogue, text

_SHOWN_CHARACTERS = 80
_CHOICE = re.compile(r"'[^']*'")
_SECRET = frozenset({"password", "new_password", "token"})


def validation_errors(found: Sequence[Mapping[str, Any]], lang: Language) -> list[dict[str, Any]]:
    """Return one entry for each wrong value.

    ``pointer`` is a JSON Pointer (RFC 6901) into the request as ``{"path": …, "query": …, "body": …}``.
    """
    return [
        {"pointer": _pointer(error["loc"]), "code": error["type"], "detail": _detail(error, lang)} for error in found
    ]


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
