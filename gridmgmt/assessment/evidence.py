"""What the scores of a round stand on, gathered for all subjects at once: one question per kind of cases."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.assessment import queries
from gridmgmt.assessment.document import RoundFacts
from gridmgmt.assessment.queries import Entered
from gridmgmt.assessment.rules import MIN_RESPONDENTS, SIX, AssessmentDirection, AssessmentItem, EvidenceKind
from gridmgmt.assessment.scoring import Evidence
from gridmgmt.cases.measures import RATIOS, Dimension
from gridmgmt.cases.rules import CaseFilter, CaseKind, CaseSource
from gridmgmt.coverage.models import CoverageAreaResult
from gridmgmt.db import Session
from gridmgmt.errors import InputError
from gridmgmt.indicators import service as indicators
from gridmgmt.indicators.rules import Period, Question, Tally

Found = Mapping[tuple[str, str], Evidence]
"""Evidence by the codes of subject and item."""

BY: Mapping[AssessmentDirection, Dimension] = {
    AssessmentDirection.STREETS: Dimension.TOWN,
    AssessmentDirection.DEPARTMENTS: Dimension.DEPARTMENT,
}
"""Along what the cases of the subjects are told apart."""


def gather(
    session: Session,
    facts: RoundFacts,
    direction: AssessmentDirection,
    items: Sequence[AssessmentItem],
    *,
    now: datetime,
) -> Found:
    """Return all the evidence that there is for these items of a round's subjects; what has none is left out."""
    of_kind: dict[EvidenceKind, list[AssessmentItem]] = defaultdict(list)
    for item in items:
        of_kind[item.evidence].append(item)
    found: dict[tuple[str, str], Evidence] = {}
    if rates := of_kind[EvidenceKind.INDICATOR]:
        found.update(_counted(session, facts, direction, rates, now))
    if said := [*of_kind[EvidenceKind.SURVEY], *of_kind[EvidenceKind.MANUAL]]:
        found.update(_entered(session, facts.round_id, said))
    if covered := of_kind[EvidenceKind.COVERAGE]:
        found.update(_covered(session, facts, covered))
    return found


def question(direction: AssessmentDirection, first: date, last: date, item: AssessmentItem) -> Question:
    """Return what is asked of indicators for an item: cases as they were reported, told apart by subject.

    Raises
    ------
    InputError
        ``assessment_narrowed`` when a kind or source of cases is none.
    """
    return Question(Period(first, last), BY[direction], case_filter(item.narrowed))


def case_filter(narrowed: Mapping[str, str]) -> CaseFilter:
    """Return which cases an indicator counts.

    Raises
    ------
    InputError
        ``assessment_narrowed`` when a kind or source is none.
    """
    kind, source = narrowed.get("kind"), narrowed.get("source")
    try:
        return CaseFilter(
            kind=CaseKind(kind) if kind else None,
            source=CaseSource(source) if source else None,
            type=narrowed.get("type"),
            major=narrowed.get("major"),
        )
    except ValueError as error:
        value = ", ".join(each for each in (kind, source) if each)
        raise InputError("assessment_narrowed", field="narrowed", value=value) from error


def _counted(
    session: Session,
    facts: RoundFacts,
    direction: AssessmentDirection,
    items: Sequence[AssessmentItem],
    now: datetime,
) -> Iterator[tuple[tuple[str, str], Evidence]]:
    """Yield the rates of subjects; items of the same cases share one question."""
    asked: dict[Question, list[AssessmentItem]] = defaultdict(list)
    for item in items:
        asked[question(direction, facts.first, facts.last, item)].append(item)
    counted = indicators.tallies(session, list(asked), now=now)
    for tallies, sharing in zip(counted, asked.values(), strict=True):
        for code in facts.subjects:
            tally = tallies.get(code, Tally())
            for item in sharing:
                yield (code, item.code), _rate(item, tally)


def _rate(item: AssessmentItem, tally: Tally) -> Evidence:
    if item.ratio is None:  # of an indicator it never is: a constraint of the table
        return Evidence(None)
    part, whole = (tally.counts.get(measure, 0) for measure in RATIOS[item.ratio])
    value = (Decimal(part) / Decimal(whole)).quantize(SIX) if whole else None
    return Evidence(value, whole, {"numerator": part, "denominator": whole})


def _entered(
    session: Session, round_id: int, items: Sequence[AssessmentItem]
) -> Iterator[tuple[tuple[str, str], Evidence]]:
    known = {item.code: item for item in items}
    for key, entries in queries.entries_in_effect(session, round_id, known).items():
        item = known[key[1]]
        yield key, _pooled(item, entries) if item.evidence is EvidenceKind.SURVEY else _documented(entries[0])


def _pooled(item: AssessmentItem, entries: Sequence[Entered]) -> Evidence:
    """Return the mean of the judges' means, each street with one voice; a mean of too few respondents is not told."""
    sample = sum(each.sample or 0 for each in entries)
    if sample < item.min_sample:
        return Evidence(None, sample, {"judges": []})
    mean = (sum((each.value for each in entries), Decimal(0)) / len(entries)).quantize(SIX)
    hidden = _hidden(entries)
    judges = [
        {
            "judge_code": each.judge_code,
            "sample": each.sample,
            "value": None if each.judge_code in hidden else format(each.value.normalize(), "f"),
        }
        for each in entries
        if each.judge_code is not None
    ]
    return Evidence(mean, sample, {"judges": judges})


def _hidden(entries: Sequence[Entered]) -> set[str | None]:
    """Return the judges whose means are not told: of too few respondents, and one more where the mean of all tells."""
    by_sample = sorted(entries, key=lambda each: (each.sample or 0, each.judge_code or ""))
    few = sum((each.sample or 0) < MIN_RESPONDENTS for each in entries)
    return {each.judge_code for each in by_sample[: 2 if few == 1 else few]}


def _documented(entry: Entered) -> Evidence:
    return Evidence(entry.value, None, {"document": entry.document, "document_sha256": entry.document_sha256})


def _covered(
    session: Session, facts: RoundFacts, items: Sequence[AssessmentItem]
) -> Iterator[tuple[tuple[str, str], Evidence]]:
    """Yield the shares of a run over the whole district; of counts nothing is told, which may be small."""
    run_id = queries.coverage_run(session, facts.last)
    if run_id is None:
        return
    statement = select(CoverageAreaResult.code, CoverageAreaResult.figures).where(
        CoverageAreaResult.run_id == run_id,
        CoverageAreaResult.level == AreaLevel.TOWN,
        CoverageAreaResult.code.in_(facts.subjects),
    )
    for code, figures in session.execute(statement):
        residents, covered = figures["residents"], figures["covered"]
        share = (Decimal(str(covered)) / Decimal(str(residents))).quantize(Decimal("0.001")) if residents else None
        for item in items:
            yield (code, item.code), Evidence(share, None, {"coverage_run": run_id})
