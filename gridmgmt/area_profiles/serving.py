"""The sections about what serves residents: centres and desks, service points, and who reaches them on foot."""

from collections import Counter
from collections.abc import Iterator, Mapping

from gridmgmt.area_profiles import queries
from gridmgmt.area_profiles.ground import Ground
from gridmgmt.area_profiles.queries import AreaCoverage, Place, RunFacts
from gridmgmt.area_profiles.rules import (
    MOST_ENTRIES,
    Entry,
    Figure,
    Said,
    Section,
    Told,
    address,
    console,
    in_path,
    named,
    ratio_of,
)
from gridmgmt.areas.rules import AreaKind, AreaLevel
from gridmgmt.assessment.queries import coverage_run
from gridmgmt.coverage.queries import answer_of, run_by_id
from gridmgmt.desks.queries import DeskFilter, desks_on
from gridmgmt.editions.rules import Subject
from gridmgmt.governance.matrix import Body, completeness
from gridmgmt.governance.queries import open_centres


def centres(ground: Ground) -> Section:
    """Return the centres that the towns and units of the area have of those that they should, and the desks in it."""
    on, code = ground.on, ground.area.code
    matrix = completeness(on, list(_with_centres(ground)), open_centres(ground.session, on))
    cells = [cell for row in matrix.rows for cell in row.cells]
    page = console("/governance", on=on)
    figures: list[Figure] = []
    if cells:
        asked: Told = {"href": address("/centres/matrix", on=on), "page": page, "as_of": on}
        states = Counter(cell.state for cell in cells)
        expected = float(len(cells))
        figures += [
            ratio_of(
                Figure("complete", Said("area_profile.centres_complete"), "ratio", numerator=float(states["present"]),
                       denominator=expected, **asked)
            ),
            Figure("missing", Said("area_profile.centres_missing"), "count", float(states["missing"]), **asked),
            Figure("faulty", Said("area_profile.centres_faulty"), "count", float(states["faulty"]), **asked),
        ]  # fmt: skip
    desks = desks_on(ground.session, on, DeskFilter(area_id=ground.area.area_id))
    desk_page = console("/systems", part="desks", on=on)
    figures += [
        Figure("desks", Said("area_profile.desks"), "count", float(len(desks)), as_of=on,
               href=address("/desks", area=code, on=on), page=desk_page),
        *(
            Figure(f"desk.{kind}", Said(f"desk_kind.{kind}"), "count", float(count), as_of=on,
                   href=address("/desks", area=code, kind=kind, on=on), page=desk_page)
            for kind, count in sorted(Counter(desk.kind for desk in desks).items())
        ),
    ]  # fmt: skip
    entries = tuple(
        Entry(desk.name, Said(f"desk_kind.{desk.kind}"), address(f"/desks/{in_path(desk.code)}", on=on),
              console("/systems", part="desks", desk=desk.code, on=on))
        for desk in desks[:MOST_ENTRIES]
    )  # fmt: skip
    return Section("centres", tuple(figures), entries, len(desks))


def _with_centres(ground: Ground) -> Iterator[Body]:
    """Yield the towns, subdistricts and units of the area, itself among them."""
    area = ground.area
    if area.level == AreaLevel.TOWN:
        yield Body(area.level, area.code, area.name, _kind(area.kind), area.code)
    elif area.level == AreaLevel.BASIC_MANAGEMENT_UNIT:
        yield Body(area.level, area.code, area.name, _kind(area.kind), area.parent_code)
    for place in ground.governed:
        if place.level == AreaLevel.TOWN:
            yield Body(AreaLevel.TOWN, place.code, place.name, _kind(place.kind), place.code)
        elif place.level == AreaLevel.BASIC_MANAGEMENT_UNIT:
            yield Body(AreaLevel.BASIC_MANAGEMENT_UNIT, place.code, place.name, _kind(place.kind), place.parent_code)


def _kind(name: str | None) -> AreaKind | None:
    return None if name is None else AreaKind(name)


def points(ground: Ground) -> Section:
    """Return the open service points in the area by type, and those that are planned."""
    on, code = ground.on, ground.area.code
    edition = next(iter(queries.editions_of(ground.session, Subject.SERVICE_POINTS, on)), None)
    if edition is None:
        return Section("points", (Figure("open", Said("area_profile.points_open"), "count", as_of=on),))
    begun, source = edition.valid_from, named(edition.name)
    rows = queries.points_by_type(ground.session, ground.area.area_id, on)

    def figure(name: str, label: Said, count: int, **asked: str) -> Figure:
        href = address("/service-points", asked, area=code, on=on)
        page = console("/", select=f"area:{code}", on=on)
        return Figure(name, label, "count", float(count), as_of=begun, source=source, href=href, page=page)

    opened = [(type_, count) for type_, status, count in rows if status == "open"]
    planned = sum(count for _, status, count in rows if status == "planned")
    figures = [
        figure("open", Said("area_profile.points_open"), sum(count for _, count in opened), status="open"),
        figure("planned", Said("area_profile.points_planned"), planned, status="planned"),
        *(figure(type_, Said(f"point_type.{type_}"), count, type=type_, status="open") for type_, count in opened),
    ]
    return Section("points", tuple(figures))


def run_on(ground: Ground) -> RunFacts | None:
    """Return the newest run of the whole district that was asked on the day of a profile or before, as a rule asks."""
    run_id = coverage_run(ground.session, ground.on)
    return None if run_id is None else queries.run_facts(ground.session, run_id)


def covered(ground: Ground, run: RunFacts | None, places: list[Place]) -> Mapping[Place, AreaCoverage]:
    """Return who of some areas reaches a point, in the reader's form of numbers."""
    if run is None:
        return {}
    if ground.reader.form == "exact":
        return queries.covered_areas(ground.session, run.run_id, places)
    document = ground.reader.document(answer_of(run_by_id(ground.session, run.run_id)))
    found = {
        (str(level.level), area.code): AreaCoverage(area.figures.residents, area.figures.covered)
        for level in document.levels
        for area in level.areas
    }
    return {place: found[place] for place in places if place in found}


def coverage(ground: Ground, run: RunFacts | None) -> Section:
    """Return which share of the residents of 60 and over reaches an open point within the limit, and what it rests on.

    Unknown where no run was asked until the day, or where the run counted within other boundaries of this code.
    """
    label = Said("area_profile.covered")
    if run is None:
        href = address("/coverage/reports/latest")
        return Section(
            "coverage", (Figure("covered", label, "ratio", href=href),), notes=(Said("area_profile.note.no_run"),)
        )
    asked_on = run.asked_on
    href, page = (
        address(f"/coverage/runs/{run.run_id}"),
        console("/", run=run.run_id, select=f"area:{ground.area.code}"),
    )
    told: Told = {
        "as_of": asked_on,
        "source": Said("area_profile.run", fields={"run": run.run_id}),
        "href": href,
        "page": page,
    }
    place = (str(ground.area.level), ground.area.code)
    found = covered(ground, run, [place]).get(place) if ground.area.valid_from <= asked_on else None
    notes = [Said("area_profile.note.run", fields={"minutes": f"{run.limit_s / 60:g}", "on": asked_on})]
    if found is None:
        return Section(
            "coverage", (Figure("covered", label, "ratio", **told),), notes=(Said("area_profile.note.other_run"),)
        )
    withheld = ground.reader.form == "public"
    inputs = tuple(_inputs(run))
    people = (("residents_asked", found.residents), ("residents_covered", found.covered))
    figures = [
        _share(label, found, withheld, told),
        *(
            Figure(name, Said(f"area_profile.{name}"), "people", value, withheld=withheld and value is None, **told)
            for name, value in people
        ),
    ]
    return Section("coverage", tuple(figures), inputs, len(inputs), tuple(notes))


def _share(label: Said, found: AreaCoverage, withheld: bool, told: Told) -> Figure:
    hidden = withheld and (found.residents is None or found.covered is None)
    figure = Figure(
        "covered", label, "ratio", numerator=found.covered, denominator=found.residents, withheld=hidden, **told
    )
    return ratio_of(figure)


def _inputs(run: RunFacts) -> Iterator[Entry]:
    """Yield the editions that a run was computed from."""
    for each in run.inputs:
        if each["subject"] != Subject.AREAS or each.get("level") == AreaLevel.TOWN:
            remark = Said(f"subject.{each['subject']}")
            yield Entry(each["name"], remark, address("/editions", subject=each["subject"]))
