"""The language of an answer: ``?lang=`` first, then the browser's wish, Chinese without either."""

from functools import lru_cache
from typing import Annotated

from fastapi import Depends, Query, Request
from starlette.requests import HTTPConnection

from gridmgmt.texts import LANGUAGES, Language

DEFAULT: Language = "zh"
PARAMETER = "lang"
"""What an address names the language by; every address takes it."""


@lru_cache(maxsize=256)
def preferred(accept_language: str) -> Language:
    """Return the language of the catalogue that an ``Accept-Language`` header likes best.

    >>> preferred("en-GB,en;q=0.9"), preferred("fr;q=0.9, en;q=0.3, zh;q=0.5"), preferred("fr"), preferred("")
    ('en', 'zh', 'zh', 'zh')
    """
    best, weight = DEFAULT, 0.0
    for part in accept_language.split(","):
        tag, _, parameter = part.strip().partition(";")
        known = next((lang for lang in LANGUAGES if tag.lower().split("-")[0] == lang), None)
        if known and (quality := _quality(parameter)) > weight:
            best, weight = known, quality
    return best


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name != "q":
        return 1.0
    digits = value.strip()
    return float(digits) if digits.replace(".", "", 1).isdecimal() and digits.isascii() else 0.0


def language_of(request: HTTPConnection) -> Language:
    """Return the language of the answer to a request, also where its parameters are invalid."""
    wish = request.query_params.get(PARAMETER)
    named = next((lang for lang in LANGUAGES if lang == wish), None)
    return named or preferred(request.headers.get("accept-language", ""))


def _language(
    request: Request,
    lang: Annotated[  # noqa: ARG001 -- declared for the documentation and its check; read by language_of
        Language | None, Query(description="Language of the texts in the answer; otherwise by Accept-Language.")
    ] = None,
) -> Language:
    return language_of(request)


Lang = Annotated[Language, Depends(_language)]
