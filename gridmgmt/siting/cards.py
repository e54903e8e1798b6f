"""Placeability cards of candidates: those that fail a check are out, with the check as the reason."""

from collections.abc import Callable
from dataclasses import dataclass

from gridmgmt.db import Session
from gridmgmt.placeability import rules as place_rules
from gridmgmt.placeability.card import PlaceabilityCard
from gridmgmt.placeability.rules import PlaceVerdict
from gridmgmt.placeability.service import each_card
from gridmgmt.siting.candidates import Field
from gridmgmt.siting.rules import SitingTerms
from gridmgmt.units import SECONDS_PER_MINUTE


@dataclass(frozen=True)
class Judged:
    """What is kept of a card: its verdict, and the checks that warn; ``failed`` is the first check that fails."""

    verdict: PlaceVerdict
    failed: str | None
    warnings: tuple[str, ...]


def judge(
    session: Session, terms: SitingTerms, field: Field, progress: Callable[[int], object]
) -> tuple[Field, dict[int, Judged]]:
    """Return the field without the candidates that fail a check, and what is kept of all cards by candidate.

    Parameters
    ----------
    progress
        Hears how many cards are made.
    """
    index = field.eligible.tolist()
    asked = [
        place_rules.Candidate(each.lon, each.lat, each.name, each.attributes)
        for each in (field.given[i] for i in index)
    ]
    found = {}
    for i, card in zip(index, each_card(session, asked, card_terms(terms), on=terms.walk.on), strict=True):
        found[i] = _judged(card)
        progress(len(found))
    return field.without({i: f"check.{each.failed}" for i, each in found.items() if each.failed}), found


def card_terms(terms: SitingTerms) -> place_rules.Terms:
    """Return by what the candidates of a question are judged."""
    walk = terms.walk
    names = ("profile", "at", "trip", "barriers", "scenario", "connection_limit_m")
    return place_rules.make_terms(
        terms.type,
        types=walk.types,
        minutes=terms.limit_s / SECONDS_PER_MINUTE,
        walk={name: getattr(walk, name) for name in names},
    )


def _judged(card: PlaceabilityCard) -> Judged:
    def ending_in(verdict: PlaceVerdict) -> tuple[str, ...]:
        return tuple(str(check.check) for check in card.checks if check.verdict is verdict)

    return Judged(card.verdict, next(iter(ending_in(PlaceVerdict.FAIL)), None), ending_in(PlaceVerdict.WARN))
