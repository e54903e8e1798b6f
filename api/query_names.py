"""The names in an address: one that its route does not declare is refused.

A misspelt filter would otherwise narrow nothing, and the whole list be taken for the filtered one. Open311, tiles and
pages have rules of their own for what they do not know.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from itertools import islice
from typing import Any, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.params import Query
from fastapi.routing import APIRoute
from starlette.requests import HTTPConnection

from api.language import PARAMETER
from api.routes import PREFIX
from api.validation import NUL

_MOST_TOLD = 10
_COMPARED_CHARACTERS = 64
"""So much of a name is compared with those that are known: whoever sends a longer one misspells nothing."""

_known: dict[str, Mapping[str, bool]] = {}


def is_plain(request: HTTPConnection) -> bool:
    """Tell whether an address names nothing but the language, once."""
    if not request.scope["query_string"]:
        return True
    return [name for name, _ in request.query_params.multi_items()] == [PARAMETER]


def check_address(request: Request) -> None:
    """Refuse an unknown name, one given twice that counts once, and a value that holds a NUL; under the API's root.

    Raises
    ------
    RequestValidationError
        Which names the first ten.
    """
    route = request.scope["route"]
    if not route.path.startswith(f"{PREFIX}/"):
        return
    errors = [_error("nul_character", "path", *each) for each in request.path_params.items() if NUL in each[1]]
    if request.scope["query_string"] and (given := request.query_params.multi_items()):
        errors += islice(_wrong(given, _names_of(route)), _MOST_TOLD)
    if errors:
        raise RequestValidationError(errors)


def _wrong(given: list[tuple[str, str]], known: Mapping[str, bool]) -> Iterator[dict[str, Any]]:
    for name, times in Counter(name for name, _ in given).items():
        if name not in known:
            nearest = get_close_matches(name[:_COMPARED_CHARACTERS], known, 1, cutoff=0)
            yield _error("query_unknown", "query", name, name, nearest=nearest[0], known=", ".join(known))
        elif times > 1 and not known[name]:
            yield _error("query_twice", "query", name, name)
    for name, value in given:
        if name in known and NUL in value:
            yield _error("nul_character", "query", name, value)


def _names_of(route: APIRoute) -> Mapping[str, bool]:
    """Return the names that a route declares for its address, and whether each may be given more than once."""
    if (known := _known.get(route.unique_id)) is None:
        fields = [each for each in get_flat_params(route.dependant) if isinstance(each.field_info, Query)]
        several = {each.alias: _is_list(each.field_info.annotation) for each in fields}
        known = _known[route.unique_id] = {**several, PARAMETER: False}
    return known


def _is_list(annotation: object) -> bool:
    """Tell whether several values are taken.

    >>> _is_list(list[str]), _is_list(list[str] | None), _is_list(str | None)
    (True, True, False)
    """
    return list in (get_origin(each) for each in (annotation, *get_args(annotation)))


def _error(kind: str, place: str, name: str, value: object, **told: str) -> dict[str, Any]:
    return {"type": kind, "loc": (place, name), "input": value, "msg": kind, "ctx": told}
