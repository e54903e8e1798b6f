"""Placeability in a siting run: candidates that cannot stand where they do are out, those chosen get their whole card.

A check that speaks of what a spot is (:data:`~gridmgmt.placeability.rules.STANDING_CHECKS`) and fails puts a candidate
out. What a spot would add, double or take from others is no reason to leave it out: that is what the models weigh.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gridmgmt.db import Session
from gridmgmt.placeability import rules as place_rules
from gridmgmt.placeability.rules import PlaceVerdict
from gridmgmt.placeability.service import Desk, desk
from gridmgmt.siting.candidates import Field
from gridmgmt.siting.rules import SiteCandidate, SitingTerms
from gridmgmt.units import SECONDS_PER_MINUTE


@dataclass(frozen=True)
class Judged:
    """What is kept of a card: its verdict, and the checks that warn or fail."""

    verdict: PlaceVerdict
    warnings: tuple[str, ...]


def desk_of(session: Session, terms: SitingTerms) -> Desk:
    """Return what judges the candidates of a question, by the walk and the limit of that question."""
    walk = terms.walk
    names = ("profile", "at", "trip", "barriers", "scenario", "connection_limit_m")
    asked = place_rules.make_terms(
        terms.type,
        types=walk.types,
        minutes=terms.limit_s / SECONDS_PER_MINUTE,
        walk={name: getattr(walk, name) for name in names},
    )
    return desk(session, asked, on=walk.on)


def sifted(judge: Desk, field: Field, progress: Callable[[int], object]) -> Field:
    """Return the field without the candidates that cannot stand where they do, the first failed check as the reason.

    Parameters
    ----------
    progress
        Hears how many candidates are judged.
    """
    index, out = field.eligible, {}
    spots = judge.finder.spots(field.lonlat[index], field.snap_of(index))
    for done, (i, spot) in enumerate(zip(index.tolist(), spots, strict=True), start=1):
        checks = judge.standing(_candidate(field.given[i]), spot)
        failed = [check.check for check in checks if check.verdict is PlaceVerdict.FAIL]
        if failed:
            out[i] = f"check.{failed[0]}"
        progress(done)
    return field.without(out)


def judged(judge: Desk, field: Field, index: Iterable[int]) -> dict[int, Judged]:
    """Return what is kept of the whole cards of some candidates, by their index."""
    found = {}
    for i in index:
        card = judge.card(_candidate(field.given[i]))
        bad = (str(check.check) for check in card.checks if check.verdict in (PlaceVerdict.WARN, PlaceVerdict.FAIL))
        found[i] = Judged(card.verdict, tuple(bad))
    return found


def _candidate(given: SiteCandidate) -> place_rules.Candidate:
    return place_rules.Candidate(given.lon, given.lat, given.name, given.attributes, given.code)
