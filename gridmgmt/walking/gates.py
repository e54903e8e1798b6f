"""What if a gate were opened, closed, or kept other hours: minutes before and after, of those whom it concerns."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.suppression import suppress
from gridmgmt.analysis.walking.gates import Access, Gate, Span
from gridmgmt.analysis.walking.model import NO_WAY, WalkProfile, to_cs
from gridmgmt.analysis.walking.tally import from_fixed
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.db import Session
from gridmgmt.editions.rules import Counting
from gridmgmt.errors import ForbiddenError, NotFoundError
from gridmgmt.hours import text_of_span
from gridmgmt.units import AGE_BANDS
from gridmgmt.walking.live import Changed, changed_by_gates
from gridmgmt.walking.rules import DEFAULT_AT, WalkQuestion, make_question
from gridmgmt.walking.service import walk_state
from gridmgmt.walking.state import InputEdition, WalkState

LISTED_PLACES = 20
GROUPS = ("60_plus", *AGE_BANDS)
LEVELS = (AreaLevel.RESIDENTIAL_QUARTER, AreaLevel.BASIC_MANAGEMENT_UNIT, AreaLevel.TOWN)
"""By the first of these that there are areas of it is counted."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class GateState:
    """Who passes a gate, and in which stretches of the week (None: always)."""

    access: Access
    spans: tuple[Span, ...] | None


@dataclass(frozen=True)
class AgeFigures:
    """Affected residents of an age band: how many, and their mean walks, of those who have one before and after.

    ``covered_before`` and ``covered_after`` are those within the limit; None in the public form.
    """

    band: str
    residents: float
    mean_before_s: float | None
    mean_after_s: float | None
    covered_before: float | None
    covered_after: float | None


@dataclass(frozen=True)
class GroupFigures:
    """The affected places of an area (code None: of no area, or all of them), with figures of all residents and by age.

    ``places`` is None in the public form, and ``ages`` then holds no single band; ``suppressed`` tells that a small
    number is withheld.
    """

    code: str | None
    places: int | None
    ages: tuple[AgeFigures, ...]
    suppressed: bool = False


@dataclass(frozen=True)
class PlaceChange:
    """A place whose walk changes: seconds and nearest point before and after, None where none is reached."""

    place_no: int
    lon: float
    lat: float
    area_code: str | None
    residents: float
    before_s: float | None
    after_s: float | None
    before_point: str | None
    after_point: str | None


@dataclass(frozen=True)
class GateWhatIf:
    """What changes with a gate; ``by_area`` is of the areas of ``level``, those without change left out."""

    form: Literal["exact", "public"]
    question: WalkQuestion
    profile: WalkProfile
    scenario: str | None
    """With its version."""
    gate: Gate
    before: GateState
    after: GateState
    limit_s: float
    level: AreaLevel | None
    total: GroupFigures
    by_area: tuple[GroupFigures, ...]
    most_changed: tuple[PlaceChange, ...]
    inputs: tuple[InputEdition, ...]
    notes: tuple[str, ...]


def what_if(
    session: Session,
    question: WalkQuestion,
    code: str,
    *,
    access: Access | None = None,
    spans: Sequence[Span] | Literal["same"] | None = "same",
    limit_s: float = 1200.0,
) -> GateWhatIf:
    """Return what another access or other hours of a gate change, at the question's time of the week.

    Parameters
    ----------
    access
        Who would pass it; None as now.
    spans
        When it would be open; None for always.

    Raises
    ------
    NotFoundError
        When no gate has the code, or what :func:`gridmgmt.walking.service.walk_state` raises.
    """
    state = walk_state(session, question)
    meant = {index: gate for index, gate in enumerate(state.network.gates) if gate.code == code}
    if not meant:
        raise NotFoundError("gate_unknown", value=code, on=question.on)
    gate = next(iter(meant.values()))
    wanted_spans = gate.spans if spans == "same" else None if spans is None else tuple(spans)
    wanted = GateState(access or gate.access, wanted_spans)
    changed = changed_by_gates(
        state, {index: each.opened(wanted.access, wanted.spans) for index, each in meant.items()}
    )  # fmt: skip
    changes = _Changes(state, changed, limit_s)
    found = {finding.code for finding in state.network.findings if finding.object == code}
    if state.ground.counting is Counting.SPREAD:
        found.add("spread")
    return GateWhatIf(
        form="exact",
        question=question,
        profile=state.profile,
        scenario=None if (plan := state.ground.plan) is None else f"{plan.name}@{plan.version}",
        gate=gate,
        before=GateState(gate.access, gate.spans),
        after=wanted,
        limit_s=limit_s,
        level=changes.level,
        total=changes.figures(None, changed),
        by_area=tuple(changes.by_area()),
        most_changed=tuple(changes.most_changed()),
        inputs=state.inputs,
        notes=tuple(sorted(found)),
    )


def check_public_terms(question: WalkQuestion) -> None:
    """Refuse terms of one's own in the public form: the difference of two nearly equal answers is a small count.

    Raises
    ------
    ForbiddenError
        When anything but the day and the profile is asked.
    """
    if question != make_question(question.on, profile=question.profile):
        raise ForbiddenError("gate_terms_withheld", at=DEFAULT_AT)


def public_form(answer: GateWhatIf, threshold: float) -> GateWhatIf:
    """Return the answer for everybody: by area and in all, no age bands, no places, small numbers withheld.

    Residents are rounded to multiples of the threshold and walks to whole minutes, so that no two answers tell a small
    difference.
    """
    groups = answer.by_area
    values = np.array([answer.total.ages[0].residents, *(group.ages[0].residents for group in groups)])
    values[0] = values[1:].sum() if len(groups) else values[0]
    hidden = suppress(values, [(0, range(1, len(values)))] if len(groups) else [], threshold)
    total, *others = (
        _public(group, threshold, hidden=bool(h)) for group, h in zip((answer.total, *groups), hidden, strict=True)
    )
    return replace(answer, form="public", total=total, by_area=tuple(others), most_changed=())


def _public(group: GroupFigures, threshold: float, *, hidden: bool) -> GroupFigures:
    if hidden:
        return GroupFigures(group.code, None, (), suppressed=True)
    first = group.ages[0]
    before_s, after_s = (None if s is None else 60.0 * round(s / 60) for s in (first.mean_before_s, first.mean_after_s))
    residents = threshold * round(first.residents / threshold)
    # How many of the affected are covered may be as few as they like: it is not told.
    return GroupFigures(group.code, None, (AgeFigures(first.band, residents, before_s, after_s, None, None),))


class _Changes:
    """The places whose walk changes, and what is counted of them."""

    def __init__(self, state: WalkState, changed: Changed, limit_s: float) -> None:
        self.state, self.changed, self.limit_cs = state, changed, int(to_cs(limit_s))
        self.level = next((level for level in LEVELS if level in state.place_area), None)

    def by_area(self) -> list[GroupFigures]:
        """Return the figures of each area with affected places, by code; last those in none."""
        if self.level is None:
            return []
        grouping = self.state.place_area[self.level]
        area = grouping.index[self.changed.place]
        codes = [*grouping.codes, None]
        order = sorted(np.unique(area).tolist(), key=lambda index: index if index >= 0 else len(codes))
        return [self.figures(codes[index], self.changed.some(area == index)) for index in order]

    def figures(self, code: str | None, some: Changed) -> GroupFigures:
        """Return the figures of some affected places."""
        weights = from_fixed(self.state.weights[some.place])
        before, after = some.before_cs, some.after_cs
        both = (before < NO_WAY) & (after < NO_WAY)
        ages = []
        for column, band in enumerate(GROUPS):
            weight = weights[:, column]
            ages.append(
                AgeFigures(
                    band=band,
                    residents=float(weight.sum()),
                    mean_before_s=_mean_s(before[both], weight[both]),
                    mean_after_s=_mean_s(after[both], weight[both]),
                    covered_before=float(weight[before <= self.limit_cs].sum()),
                    covered_after=float(weight[after <= self.limit_cs].sum()),
                )
            )
        return GroupFigures(code, len(some.place), tuple(ages))

    def most_changed(self) -> list[PlaceChange]:
        """Return the places whose walk changes most, ties in order of their number."""
        changed = self.changed
        by_s = np.abs(changed.after_cs.astype(np.int64) - changed.before_cs)
        numbers = self.state.places["place_no"].to_numpy()
        return [self._change(row) for row in np.lexsort((numbers[changed.place], -by_s))[:LISTED_PLACES].tolist()]

    def _change(self, row: int) -> PlaceChange:
        places, codes, changed = self.state.places, self.state.points["code"], self.changed
        place = int(changed.place[row])
        area = -1 if self.level is None else int(self.state.place_area[self.level].index[place])
        times = [None if cs[row] >= NO_WAY else int(cs[row]) / 100 for cs in (changed.before_cs, changed.after_cs)]
        names = [
            None if point[row] < 0 else codes[int(point[row])].as_py()
            for point in (changed.before_point, changed.after_point)
        ]
        return PlaceChange(
            place_no=places["place_no"][place].as_py(),
            lon=places["lon"][place].as_py(),
            lat=places["lat"][place].as_py(),
            area_code=None if area < 0 or self.level is None else self.state.place_area[self.level].codes[area],
            residents=float(from_fixed(self.state.weights[place, 0])),
            before_s=times[0],
            after_s=times[1],
            before_point=names[0],
            after_point=names[1],
        )


def _mean_s(times_cs: NDArray[np.int32], weight: Floats) -> float | None:
    total = float(weight.sum())
    return float((times_cs / 100 * weight).sum() / total) if total > 0 else None


def as_json(answer: GateWhatIf) -> dict[str, Any]:
    """Return the answer as JSON has it."""
    question = answer.question
    return {
        "form": answer.form,
        "synthetic": any(edition.synthetic for edition in answer.inputs),
        "code": answer.gate.code,
        "name": answer.gate.name,
        "before": _state_json(answer.before),
        "after": _state_json(answer.after),
        "limit_s": answer.limit_s,
        "parameters": {
            "on": question.on,
            "profile": answer.profile.name,
            "profile_edition": answer.profile.edition,
            "speed_m_per_s": answer.profile.speed_m_per_s,
            "at": question.at,
            "trip": str(question.trip),
            "types": [str(type_) for type_ in question.types],
            "barriers": [str(kind) for kind in question.barriers],
            "scenario": answer.scenario,
            "connection_limit_m": question.connection_limit_m,
        },
        "level": None if answer.level is None else str(answer.level),
        "total": asdict(answer.total),
        "by_area": [asdict(group) for group in answer.by_area],
        "most_changed": [asdict(change) for change in answer.most_changed],
        "inputs": [asdict(edition) for edition in answer.inputs],
        "notes": list(answer.notes),
    }


def _state_json(state: GateState) -> dict[str, Any]:
    hours = None if state.spans is None else [text_of_span(span) for span in state.spans]
    return {"access": str(state.access), "hours": hours}
