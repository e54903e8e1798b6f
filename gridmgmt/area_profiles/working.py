"""The sections about what happens in an area: cases, premises, topics, targets, budgets, assessment, gates."""

from collections.abc import Iterator, Sequence
from datetime import date

from gridmgmt.access.rules import Permission
from gridmgmt.area_profiles import queries
from gridmgmt.area_profiles.ground import Ground
from gridmgmt.area_profiles.rules import (
    MOST_ENTRIES,
    Entry,
    Figure,
    Said,
    Section,
    Told,
    address,
    bound_of,
    console,
    first_of,
    in_path,
    month_before,
    named,
    ratio_of,
)
from gridmgmt.areas.queries import ancestors
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.assessment import queries as assessment_queries
from gridmgmt.assessment.queries import RoundSummary
from gridmgmt.assessment.rules import RoundState
from gridmgmt.assessment.service import result
from gridmgmt.cases.measures import RATIOS, Measure, Ratio
from gridmgmt.cases.rules import CaseFilter
from gridmgmt.clock import local_date
from gridmgmt.gate_counts.queries import CommunityBand, community_bands, last_release
from gridmgmt.indicators.queries import Tallies, days_of_change
from gridmgmt.indicators.rules import Period, Question, Tally
from gridmgmt.indicators.service import tallies
from gridmgmt.meetings.rules import TopicState
from gridmgmt.premises import queries as premises_queries
from gridmgmt.premises.queries import LEVEL_COLUMNS
from gridmgmt.premises.suppressing import MEASURES as PREMISES_MEASURES
from gridmgmt.targets import budget_queries, project_queries
from gridmgmt.targets import queries as target_queries
from gridmgmt.targets.rules import Amount

TOLD_MEASURES = (Measure.REPORTED, Measure.REGISTERED, Measure.CLOSED, Measure.DUE)
TOLD_RATIOS = (
    Ratio.REGISTRATION_RATE, Ratio.CLOSING_RATE, Ratio.ON_TIME_CLOSING_RATE, Ratio.REWORK_RATE, Ratio.SATISFACTION_RATE,
)  # fmt: skip
MOST_ROUNDS = 50


def case_question(ground: Ground, period: Period | None) -> Question:
    """Return the question for the cases of a period, else of the last whole month.

    They are counted in the areas of the day where boundaries have changed since the period began.
    """
    asked = period or Period(*month_before(ground.on))
    changed = any(asked.first < day <= ground.on for day in days_of_change(ground.session))
    return Question(asked, None, CaseFilter(area=ground.area.code), ground.on if changed else None)


def cases(ground: Ground, question: Question, tally: Tally | None) -> Section:
    """Return counts and rates of the cases of a period, unknown where nothing tells of that time."""
    code, period = ground.area.code, question.period
    narrowed = {"area": code, "areas_on": question.areas_on}
    counted = {"counted_from": period.first, "counted_to": period.last, **narrowed}

    def evidence(measure: Measure) -> Told:
        href, page = address("/cases", counted, measure=measure), console("/cases", counted, measure=measure)
        return {"as_of": period.last, "href": href, "page": page}

    def number(measure: Measure) -> float | None:
        return None if tally is None else float(tally.counts.get(measure, 0))

    figures = [
        Figure(str(each), Said(f"measure.{each}"), "count", number(each), **evidence(each)) for each in TOLD_MEASURES
    ]
    asked = {"from": period.first, "to": period.last, **narrowed}
    indicators, page = address("/indicators", asked), console("/indicators", asked)
    for ratio in TOLD_RATIOS:
        over, under = RATIOS[ratio]
        figures.append(
            ratio_of(
                Figure(str(ratio), Said(f"ratio.{ratio}"), "ratio", numerator=number(over), denominator=number(under),
                       as_of=period.last, href=indicators, page=page)
            )
        )  # fmt: skip
    fields = {"first": period.first, "last": period.last}
    return Section("cases", tuple(figures), notes=(Said("area_profile.note.period", fields=fields),))


def case_tallies(ground: Ground, asked: Sequence[Question]) -> list[Tallies] | None:
    """Return the tallies of some questions; None for a period before boundaries or cases were kept, or one to come."""
    changes, first = days_of_change(ground.session), queries.first_case_on(ground.session)
    period = asked[0].period
    last = asked[0].areas_on or period.last
    if not changes or last < changes[0] or first is None:
        return None
    if period.last < first or period.first > local_date(ground.reader.now):
        return None
    return tallies(ground.session, asked, now=ground.reader.now)


def premises(ground: Ground) -> Section | None:
    """Return what was published of the rental premises of a district, town or quarter; nothing else is told here."""
    level = AreaLevel(ground.area.level)
    found = premises_queries.publication_of(ground.session, ground.on)
    if level not in LEVEL_COLUMNS or found is None:
        return None
    href, page = (
        address("/premises/summary", level=level, on=ground.on),
        console("/systems", part="premises", on=ground.on),
    )
    told: Told = {
        "as_of": found.as_of,
        "source": Said("area_profile.published_month", fields={"month": f"{found.month:%Y-%m}"}),
        "href": href,
        "page": page,
    }
    areas = premises_queries.published_areas(ground.session, found, level)
    row = next((each for each in areas if each.area_code == ground.area.code), None)
    counted = ground.area.valid_from <= found.as_of  # without a row it has no premises, unless it is younger
    values: dict[str, int | None] = dict.fromkeys(("premises", *PREMISES_MEASURES), 0 if counted else None)
    if row is not None:
        values = {"premises": row.premises, **row.counts}
    figures = tuple(
        Figure(name, _premises_label(name), "count", None if value is None else float(value),
               withheld=row is not None and value is None, **told)
        for name, value in values.items()
    )  # fmt: skip
    return Section(
        "premises", figures, notes=(Said("area_profile.note.premises", fields={"threshold": found.threshold}),)
    )


def _premises_label(name: str) -> Said:
    return Said(f"area_profile.{name}") if name in ("premises", "group_renting") else Said(f"premises_colour.{name}")


def may_read_premises(ground: Ground) -> bool:
    """Tell whether the reader may read the premises of this area one by one, by the areas of today."""
    today, area = local_date(ground.reader.now), ground.area
    above = ancestors(ground.session, area.level, area.code, today)
    return ground.reader.actor.may(Permission.PREMISES_READ, areas=above)


def premises_register(ground: Ground) -> Section:
    """Return the exact counts of the register on the day, for who may read premises here."""
    code, on = ground.area.code, ground.on
    rows = premises_queries.area_counts(ground.session, on, AreaLevel.DISTRICT, frozenset([code]))
    values = {"premises": sum(row.premises for row in rows)}
    values |= {name: sum(row.counts[name] for row in rows) for name in PREMISES_MEASURES}
    figures = []
    for name, value in values.items():
        colour = name if name in PREMISES_MEASURES and name not in ("group_renting", "uninspected") else None
        renting = "true" if name == "group_renting" else None
        asked = {"colour": colour, "group_renting": renting, "area": code, "on": on}
        page = console("/systems", part="premises", colour=colour, area=code, on=on)
        href = address("/premises", asked)
        figures.append(Figure(name, _premises_label(name), "count", float(value), as_of=on, href=href, page=page))
    return Section("premises_register", tuple(figures))


def topics(ground: Ground) -> Section:
    """Return how many topics of the area were in each state on the day, and the newest ones."""
    code, on = ground.area.code, ground.on
    counts = queries.topics_by_state(ground.session, ground.places, on)
    page = console("/systems", part="meetings", on=on)

    def of_state(state: TopicState) -> Told:
        page = console("/systems", part="meetings", state=state, on=on)
        return {"as_of": on, "href": address("/topics", area=code, state=state, on=on), "page": page}

    figures = [
        Figure("topics", Said("area_profile.topics"), "count", float(sum(counts.values())), as_of=on,
               href=address("/topics", area=code, on=on), page=page),
        *(
            Figure(f"state.{state}", Said(f"topic_state.{state}"), "count", float(counts[state]), **of_state(state))
            for state in TopicState
            if counts.get(state)
        ),
    ]  # fmt: skip
    found = queries.topics_last(ground.session, ground.places, on, MOST_ENTRIES)
    entries = tuple(
        Entry(title, Said(f"topic_state.{state}"), address(f"/topics/{in_path(topic)}"),
              console("/systems", part="meetings", topic=topic))
        for topic, title, state in found
    )  # fmt: skip
    return Section("topics", tuple(figures), entries, sum(counts.values()))


def targets(ground: Ground) -> Section | None:
    """Return how many of the wanted points are open, target by target, and the renewal projects; None without any."""
    session, area, on = ground.session, ground.area, ground.on
    found = target_queries.targets(session, on, area_id=area.area_id)
    projects = project_queries.projects(session, on, area_id=area.area_id)
    if not found and not projects:
        return None
    page = console("/systems", part="targets", on=on)
    figures = [
        ratio_of(
            Figure(f"target.{each.code}", named(f"{each.name}（{each.year}）"), "ratio",
                   numerator=float(each.progress.open), denominator=float(each.wanted), as_of=on,
                   source=named(each.source), href=address(f"/targets/{in_path(each.code)}", on=on),
                   page=console("/systems", part="targets", target=each.code, on=on))
        )
        for each in found
    ]  # fmt: skip
    late = sum(each.progress.late for each in found)
    href = address("/targets", area=area.code, on=on)
    if found:
        figures.append(Figure("late", Said("area_profile.late"), "count", float(late), as_of=on, href=href, page=page))
    href = address("/projects", area=area.code, on=on)
    count = float(len(projects))
    figures.append(Figure("projects", Said("area_profile.projects"), "count", count, as_of=on, href=href, page=page))
    entries, total = first_of(
        [
            Entry(each.name, None if each.area_name is None else named(each.area_name),
                  address(f"/projects/{in_path(each.code)}", on=on), page)
            for each in projects
        ]
    )  # fmt: skip
    return Section("targets", tuple(figures), entries, total)


def budgets(ground: Ground) -> Section | None:
    """Return the budgets of the area itself with the bounds of their sources; None without any."""
    area, on = ground.area, ground.on
    found = budget_queries.budgets(ground.session, on, area_id=area.area_id)
    own = [each for each in found if (each.level, each.area_code) == (area.level, area.code)]
    href, page = address("/budgets", area=area.code, on=on), console("/systems", part="targets", on=on)

    def figure(name: str, label: Said, amount: Amount, source: str) -> Figure:
        value, bound = float(amount.yuan), bound_of(amount.bound)
        return Figure(name, label, "yuan", value, bound=bound, as_of=on, source=named(source), href=href, page=page)

    figures: list[Figure] = []
    for each in own:
        head = f"{each.name} {each.year}"
        if each.total is not None:
            fields = {"name": head}
            figures.append(
                figure(f"{head}.total", Said("area_profile.budget_total", fields=fields), each.total, each.source)
            )
        parts = Said("area_profile.budget_parts", fields={"name": head})
        figures.append(figure(f"{head}.parts", parts, each.check.parts, each.source))
        figures += [figure(f"{head}.{part.name}", named(part.name), part.amount, part.source) for part in each.parts]
    return Section("budgets", tuple(figures)) if figures else None


def assessment(ground: Ground) -> Section | None:
    """Return how a street stands in the last round that was signed until the day; None for what is never assessed.

    A round that is still open is named and leads to its present result; its standings may change, so no figure of
    them is told.
    """
    if ground.area.level not in (AreaLevel.TOWN, AreaLevel.DISTRICT):
        return None
    found = assessment_queries.round_summaries(ground.session, limit=MOST_ROUNDS, streets_until=ground.on)
    newest = sorted(found, key=lambda each: (each.last, each.round_id), reverse=True)
    signed = next((each for each in newest if each.state is RoundState.SIGNED), None)
    figures = [] if signed is None else list(_standing(ground, signed))
    if signed is None and ground.area.level == AreaLevel.TOWN:
        href = address("/assessment/rounds")
        figures = [
            Figure("rank", Said("area_profile.rank"), "rank", href=href, page=console("/systems", part="assessment"))
        ]
    entries, total = first_of([_round(each) for each in newest])
    return Section("assessment", tuple(figures), entries, total) if figures or entries else None


def _standing(ground: Ground, signed: RoundSummary) -> Iterator[Figure]:
    document = result(ground.session, signed.round_id, now=ground.reader.now)
    standings = document["standings"]
    told: Told = {
        "as_of": signed.last,
        "source": Said("", signed.name.zh, signed.name.en),
        "href": address(f"/assessment/rounds/{signed.round_id}"),
        "page": console("/systems", part="assessment", round=signed.round_id),
    }
    if ground.is_district:
        yield Figure("streets", Said("area_profile.streets_assessed"), "count", float(len(standings)), **told)
        return
    own = next((each for each in standings if each["subject_code"] == ground.area.code), None)
    if own is None:
        yield Figure("rank", Said("area_profile.rank"), "rank", **told)
        return
    ranked = float(sum(each["rank"] is not None for each in standings))
    rank = None if own["rank"] is None else float(own["rank"])
    yield Figure("rank", Said("area_profile.rank"), "rank", rank, denominator=ranked, **told)
    for name in ("total", "points", "judged_weight", "deducted"):
        value = None if own[name] is None else float(own[name])
        yield Figure(name, Said(f"assessment.column.{name}"), "points", value, **told)
    word = Said("assessment.vetoed" if own["vetoed"] else "area_profile.not_vetoed")
    yield Figure("vetoed", Said("assessment.column.vetoed"), "word", word=word, **told)


def _round(each: RoundSummary) -> Entry:
    note, page = Said(f"round_state.{each.state}"), console("/systems", part="assessment", round=each.round_id)
    name = f"{each.name.zh} {each.first}–{each.last}"
    return Entry(name, note, address(f"/assessment/rounds/{each.round_id}"), page)


def gates(ground: Ground) -> Section | None:
    """Return the released bands of the communities of a quarter, as anybody may read them; None without any."""
    if ground.area.level != AreaLevel.RESIDENTIAL_QUARTER:
        return None
    release = last_release(ground.session, ground.on)
    rows = community_bands(ground.session, ground.on, None if release is None else release.day)
    own = [row for row in rows if row.quarter_code == ground.area.code]
    return Section("gates", tuple(each for row in own for each in _bands(row))) if own else None


def _bands(row: CommunityBand) -> Iterator[Figure]:
    day: date | None = row.day
    told: Told = {
        "as_of": day,
        "href": address("/gate-counts/communities"),
        "page": console("/systems", part="gates", community=row.code),
    }
    below = None if row.occupancy_below is None else float(row.occupancy_below)
    value = None if row.occupancy_from is None else float(row.occupancy_from)
    hidden = day is not None
    fields = {"name": row.name}
    label = Said("area_profile.occupancy", fields=fields)
    yield Figure(f"{row.code}.occupancy", label, "people", value, below=below, bound="at_least",
                 withheld=hidden and value is None, **told)  # fmt: skip
    label = Said("area_profile.newcomers", fields=fields)
    yield Figure(f"{row.code}.newcomers", label, "times", row.ratio_from, below=row.ratio_below, bound="at_least",
                 withheld=hidden and row.ratio_from is None, **told)  # fmt: skip
