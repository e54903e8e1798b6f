"""Asking whether a spot is placeable: one spot, or many under the same terms."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import require
from gridmgmt.areas.queries import areas_at
from gridmgmt.coverage.document import InputEdition
from gridmgmt.db import Session
from gridmgmt.errors import InputError, NotFoundError
from gridmgmt.placeability import budget, queries
from gridmgmt.placeability.card import (
    CardForm,
    CardTerms,
    CheckResult,
    Facts,
    NormSetUsed,
    PlaceabilityCard,
    SpotJudged,
)
from gridmgmt.placeability.checks import Case, check_all
from gridmgmt.placeability.finding import Finder
from gridmgmt.placeability.public import check_terms, lattice_position, public_facts
from gridmgmt.placeability.rules import (
    MAX_CANDIDATES,
    STANDING_CHECKS,
    Attributes,
    Candidate,
    NormSetValue,
    Terms,
    worst,
)
from gridmgmt.placeability.standing import Spot, standing_facts
from gridmgmt.placeability.warm import prepared
from gridmgmt.walking.cache import WARM
from gridmgmt.walking.service import make_question, walk_state
from gridmgmt.walking.state import WalkState

USUAL_THRESHOLD = 10


@dataclass(frozen=True)
class Reader:
    """Who reads the answer: in which form, from which count on, and with how many questions of today.

    Questions are counted on ``today``, whatever day they ask about; None is the day that is asked about.
    """

    form: CardForm = "exact"
    threshold: int = USUAL_THRESHOLD
    questions_per_day: int = 0
    today: date | None = None


@dataclass(frozen=True, eq=False)
class Desk:
    """What one set of terms is answered with; it asks the database nothing any more."""

    state: WalkState
    finder: Finder
    norm_sets: tuple[NormSetUsed, ...]
    terms: CardTerms
    inputs: tuple[InputEdition, ...]

    def card(self, candidate: Candidate, reader: Reader = Reader()) -> PlaceabilityCard:
        """Return the card of a spot."""
        if reader.form == "public":
            candidate = _on_lattice(candidate, self.state)
        facts = self.finder.facts(self.finder.spot_at(candidate.lon, candidate.lat), candidate.attributes)
        if reader.form == "public":
            facts = public_facts(facts, reader.threshold)
        checks = self._checks(facts, candidate.attributes)
        return PlaceabilityCard(
            form=reader.form,
            suppression_threshold=reader.threshold if reader.form == "public" else None,
            synthetic=any(edition.synthetic for edition in self.inputs),
            verdict=worst([check.verdict for check in checks]),
            candidate=SpotJudged(
                lon=candidate.lon,
                lat=candidate.lat,
                name=candidate.name,
                type=self.finder.terms.type,
                **vars(candidate.attributes),
            ),
            checks=checks,
            facts=facts,
            terms=self.terms,
            norm_sets=self.norm_sets,
            inputs=self.inputs,
        )

    def standing(self, candidate: Candidate, spot: Spot) -> tuple[CheckResult, ...]:
        """Return the checks of :data:`~gridmgmt.placeability.rules.STANDING_CHECKS`, without searching for anybody."""
        checks = self._checks(standing_facts(self.state, self.finder.prepared, spot), candidate.attributes)
        return tuple(check for check in checks if check.check in STANDING_CHECKS)

    def _checks(self, facts: Facts, attributes: Attributes) -> tuple[CheckResult, ...]:
        return check_all(Case(facts, attributes, self.finder.norms, self.terms.on))


def place(
    session: Session, actor: Actor, candidate: Candidate, terms: Terms, *, on: date, reader: Reader = Reader()
) -> PlaceabilityCard:
    """Return the card of one spot.

    Those without exact results get rounded, thresholded numbers of a spot moved to the nearest corner of 100 m squares,
    under the usual terms, and a budget of questions a day.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not ask this, or the day's questions have been asked.
    NotFoundError
        When a profile, scenario or norm set is unknown, or no network or population is in force on the day.
    """
    if reader.form == "exact":
        require(actor, Permission.COVERAGE_RUN, areas=_codes_at(session, actor, candidate, on))
        return _cards(session, [candidate], terms, on, reader)[0]
    require(actor, Permission.READ)
    check_terms(terms)
    budget.check(session, actor, reader.today or on, reader.questions_per_day)
    card = _cards(session, [candidate], terms, on, reader)[0]
    budget.spend(session, actor, reader.today or on, reader.questions_per_day)
    return card


def place_many(
    session: Session,
    actor: Actor,
    candidates: Sequence[Candidate],
    terms: Terms,
    *,
    on: date,
    progress: Callable[[int], object] | None = None,
) -> list[PlaceabilityCard]:
    """Return the exact cards of many spots under the same terms, in their order.

    Parameters
    ----------
    progress
        Hears how many spots are done.

    Raises
    ------
    InputError
        When there are none, or more than :data:`~gridmgmt.placeability.rules.MAX_CANDIDATES`.
    ForbiddenError, UnauthenticatedError, NotFoundError
        As :func:`place`.
    """
    require(actor, Permission.COVERAGE_RUN)
    if not 0 < len(candidates) <= MAX_CANDIDATES:
        raise InputError("candidates_count", value=len(candidates), maximum=MAX_CANDIDATES)
    return _cards(session, candidates, terms, on, Reader(), progress)


def _codes_at(session: Session, actor: Actor, candidate: Candidate, on: date) -> list[str]:
    """Return the codes of the areas of a spot, where the actor's right may be bound to one of them."""
    if actor.may(Permission.COVERAGE_RUN):
        return []
    return [area.code for area in areas_at(session, candidate.lon, candidate.lat, on)]


def _cards(
    session: Session,
    candidates: Sequence[Candidate],
    terms: Terms,
    on: date,
    reader: Reader,
    progress: Callable[[int], object] | None = None,
) -> list[PlaceabilityCard]:
    asked = desk(session, terms, on=on)
    cards = []
    for candidate in candidates:
        cards.append(asked.card(candidate, reader))
        if progress is not None:
            progress(len(cards))
    return cards


def desk(session: Session, terms: Terms, *, on: date) -> Desk:
    """Return what answers any number of spots under one set of terms; whoever may ask has been asked before.

    Raises
    ------
    NotFoundError
        As :func:`place`.
    """
    question = make_question(
        on, types=terms.types, trip=terms.trip, barriers=terms.barriers, profile=terms.profile, at=terms.at,
        scenario=terms.scenario, connection_limit_m=terms.connection_limit_m,
    )  # fmt: skip
    state = walk_state(session, question)
    sets = _norm_sets(session, terms, on)
    norms = tuple(norm for each in sets for norm in each.norms if norm.is_for(terms.type))
    ready = prepared(session, state, terms.limit_s)
    return Desk(
        state=state,
        finder=Finder(state, ready, terms, norms),
        norm_sets=tuple(NormSetUsed.model_validate(each, from_attributes=True) for each in sets),
        terms=_card_terms(terms, state, on),
        inputs=ready.inputs,
    )


def _norm_sets(session: Session, terms: Terms, on: date) -> Sequence[NormSetValue]:
    """Return the norm sets that the terms name, or all in force; sets never change, so they are kept by their ids."""
    ids = queries.ids_in_force(session, on)
    here = str(session.get_bind().engine.url)
    found = WARM.get((here, "norms", ids), lambda: queries.norm_set_values(session, ids))
    known = [each.name for each in found]
    for name in terms.norms:
        if name not in known:
            raise NotFoundError("norm_set_unknown", value=name, known=", ".join(known) or "-")
    return [each for each in found if not terms.norms or each.name in terms.norms]


def _card_terms(terms: Terms, state: WalkState, on: date) -> CardTerms:
    profile = state.profile
    return CardTerms(
        on=on,
        limit_s=terms.limit_s,
        bands_s=terms.bands_s,
        types=terms.types,
        profile=profile.name,
        profile_edition=profile.edition,
        profile_evidence=profile.evidence,
        speed_m_per_s=profile.speed_m_per_s,
        sd_m_per_s=profile.sd_m_per_s,
        at=state.question.at,
        trip=terms.trip,
        barriers=terms.barriers,
        scenario=terms.scenario,
        connection_limit_m=terms.connection_limit_m,
    )


def _on_lattice(candidate: Candidate, state: WalkState) -> Candidate:
    lon, lat = lattice_position(candidate.lon, candidate.lat, state.network.crs)
    return replace(candidate, lon=lon, lat=lat)
