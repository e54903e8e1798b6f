"""Asking whether a spot is placeable: one spot, or many under the same terms."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import require
from gridmgmt.areas.queries import areas_at
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.coverage.document import InputEdition
from gridmgmt.db import Session
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import InputError
from gridmgmt.placeability import budget, queries
from gridmgmt.placeability.card import CardForm, CardTerms, NormSetUsed, PlaceabilityCard, SpotJudged, Street
from gridmgmt.placeability.checks import Case, check_all
from gridmgmt.placeability.finding import Finder, Spot, spot_at
from gridmgmt.placeability.models import NormSet
from gridmgmt.placeability.public import check_terms, lattice_position, public_facts
from gridmgmt.placeability.rules import MAX_CANDIDATES, Candidate, Terms, worst
from gridmgmt.placeability.warm import prepared
from gridmgmt.walking.service import make_question, walk_state
from gridmgmt.walking.state import InputEdition as StateEdition
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
class _Desk:
    """What one set of terms is answered with."""

    state: WalkState
    finder: Finder
    norm_sets: Sequence[NormSet]
    terms: CardTerms
    inputs: tuple[InputEdition, ...]

    def card(self, candidate: Candidate, spot: Spot, street: Street, reader: Reader) -> PlaceabilityCard:
        facts = self.finder.facts(spot, street, candidate.attributes)
        if reader.form == "public":
            facts = public_facts(facts, reader.threshold)
        checks = check_all(Case(facts, candidate.attributes, self.finder.norms, self.terms.on))
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
                **asdict(candidate.attributes),
            ),
            checks=checks,
            facts=facts,
            terms=self.terms,
            norm_sets=tuple(NormSetUsed.model_validate(each, from_attributes=True) for each in self.norm_sets),
            inputs=self.inputs,
        )


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
    desk = _desk(session, terms, on)
    if reader.form == "public":
        candidates = [_on_lattice(each, desk.state) for each in candidates]
    spots = [spot_at(desk.state, each.lon, each.lat) for each in candidates]
    streets = _named(session, desk.state, [spot.street for spot in spots])
    cards = []
    for candidate, spot, street in zip(candidates, spots, streets, strict=True):
        cards.append(desk.card(candidate, spot, street, reader))
        if progress is not None:
            progress(len(cards))
    return cards


def _desk(session: Session, terms: Terms, on: date) -> _Desk:
    question = make_question(
        on, types=terms.types, trip=terms.trip, barriers=terms.barriers, profile=terms.profile, at=terms.at,
        scenario=terms.scenario, connection_limit_m=terms.connection_limit_m,
    )  # fmt: skip
    state = walk_state(session, question)
    sets = queries.norm_sets(session, on, terms.norms)
    norms = tuple(norm for norm in queries.norms_of(sets) if norm.is_for(terms.type))
    return _Desk(
        state=state,
        finder=Finder(state, prepared(session, state, terms.limit_s), terms, norms),
        norm_sets=sets,
        terms=_card_terms(terms, state, on),
        inputs=tuple(_input(edition) for edition in state.inputs),
    )


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


def _input(edition: StateEdition) -> InputEdition:
    fields = asdict(edition)
    fields.pop("edition_id")
    part = fields.pop("part")
    return InputEdition(**fields, level=AreaLevel(part) if edition.subject == Subject.AREAS and part else None)


def _on_lattice(candidate: Candidate, state: WalkState) -> Candidate:
    lon, lat = lattice_position(candidate.lon, candidate.lat, state.network.crs)
    return replace(candidate, lon=lon, lat=lat)


def _named(session: Session, state: WalkState, streets: Sequence[Street]) -> list[Street]:
    """Return the streets with their names and kinds."""
    edition_id = next(edition.edition_id for edition in state.inputs if edition.subject == Subject.NETWORK)
    edges = {street.edge for street in streets if street.edge is not None}
    names = queries.street_names(session, edition_id, edges)
    found = []
    for street in streets:
        name, highway = names.get(-1 if street.edge is None else street.edge, (None, None))
        found.append(street.model_copy(update={"name": name, "highway": highway}))
    return found
