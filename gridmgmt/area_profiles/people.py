"""The sections about the land, who lives there, how it is governed, and by which bodies."""

from collections import Counter
from collections.abc import Iterator

from gridmgmt.area_profiles import queries
from gridmgmt.area_profiles.ground import Ground
from gridmgmt.area_profiles.rules import (
    MOST_ENTRIES,
    Entry,
    Figure,
    ProfileUnit,
    Said,
    Section,
    Told,
    address,
    bound_of,
    console,
    in_path,
    named,
)
from gridmgmt.areas.rules import AreaKind, AreaLevel
from gridmgmt.bodies.fact_queries import Fact, FactFilter, FactTotal, facts, totals
from gridmgmt.bodies.rules import FactUnit
from gridmgmt.governance.modes import SectorReport, UnitReport
from gridmgmt.governance.queries import RESIDENTS, decisions, mode_report, tags
from gridmgmt.governance.rules import TagKind, mode_conflicts
from gridmgmt.statistics.queries import figure_of
from gridmgmt.statistics.rules import PUBLISHED_AREA

_LEVELS = (AreaLevel.TOWN, AreaLevel.BASIC_MANAGEMENT_UNIT, AreaLevel.SECTOR, AreaLevel.RESIDENTIAL_QUARTER)
_UNITS: dict[FactUnit, ProfileUnit] = {
    FactUnit.YUAN: "yuan",
    FactUnit.SQUARE_METRES: "m2",
    FactUnit.PEOPLE: "people",
    FactUnit.POSTS: "posts",
    FactUnit.COUNT: "count",
    FactUnit.RATIO: "ratio",
}
_TYPES = (TagKind.VILLAGE_TYPE, TagKind.SECTOR_TYPE)
MOST_FACTS = 500


def land(ground: Ground) -> Section:
    """Return the surface, computed and published, and how many areas of each level lie below."""
    area, on = ground.area, ground.on
    here = address(f"/areas/{in_path(area.code)}", on=on)
    page = console("/areas", select=f"area:{area.code}", on=on)
    since: Told = {"as_of": area.valid_from, "source": ground.edition, "href": here, "page": page}
    figures = [Figure("surface", Said("area_profile.surface"), "m2", area.area_m2, **since)]
    if published := figure_of(ground.session, area.level, area.code, PUBLISHED_AREA, on):
        figures.append(
            Figure(
                "published_surface", Said("area_profile.published_surface"), "m2", published.value,
                as_of=published.counted_on, source=named(published.source),
                href=address("/statistics/surfaces", level=area.level, on=on), page=page,
            )
        )  # fmt: skip
    below = Counter(place.level for place in ground.governed)
    figures += [
        Figure(
            str(level), Said(f"level.{level}"), "count", float(below[level]), as_of=on, source=ground.edition,
            href=_areas_below(ground, level), page=page,
        )
        for level in _LEVELS if below[level]
    ]  # fmt: skip
    return Section("land", tuple(figures))


def _areas_below(ground: Ground, level: AreaLevel) -> str:
    direct = {child.level for child in ground.children} == {level}
    if direct:
        return address("/areas", level=level, parent=ground.area.code, on=ground.on)
    return address("/town-modes", on=ground.on)


def population(ground: Ground) -> Section:
    """Return the residents as last published, and those of 60 and over by age.

    In the public form the ages are withheld here: they would refine the tables of coverage.
    """
    area, on = ground.area, ground.on
    last = figure_of(ground.session, area.level, area.code, RESIDENTS, on)
    figures = [
        Figure(
            "residents", Said("area_profile.residents"), "people", None if last is None else last.value,
            as_of=None if last is None else last.counted_on, source=None if last is None else named(last.source),
            href=address("/statistics/figures", figure=RESIDENTS, level=area.level, on=on),
        )
    ]  # fmt: skip
    if ground.reader.form == "public":
        href = address("/coverage/reports/latest")
        figures.append(
            Figure("residents_60_plus", Said("area_profile.residents_60_plus"), "people", withheld=True, href=href)
        )
        return Section("population", tuple(figures), notes=(Said("area_profile.note.public"),))
    counted = queries.residents_inside(ground.session, area, on)
    found, edition = counted.counts, counted.edition
    href = address("/statistics/counts", subject="residents", level=area.level, on=on)
    told: Told = {
        "as_of": None if edition is None else edition.valid_from,
        "source": None if edition is None else named(edition.name),
        "href": href,
    }
    figures += [
        Figure(name, Said(f"area_profile.{name}"), "people", found[name], **told)
        for name in ("residents_60_plus", *queries.BANDS[:-1])
        if name == "residents_60_plus" or found[name] is not None
    ]
    return Section("population", tuple(figures))


def government(ground: Ground) -> Section | None:
    """Return how a town, unit or sector is governed, or how the towns of a district are; None for a quarter without."""
    level = ground.area.level
    if ground.is_district:
        return Section("government", tuple(_modes(ground)))
    if level == AreaLevel.TOWN:
        return Section("government", tuple(_town(ground)))
    if level == AreaLevel.RESIDENTIAL_QUARTER:
        found = tuple(_tags(ground))
        return Section("government", found) if found else None
    bodies: list[UnitReport | SectorReport] = []
    for town in mode_report(ground.session, ground.on).towns:
        bodies += [*town.units, *town.sectors]
    body = next((each for each in bodies if each.code == ground.area.code), None)
    return None if body is None else Section("government", tuple(_organs(body, ground)))


def _modes(ground: Ground) -> Iterator[Figure]:
    href, page = address("/town-modes", on=ground.on), console("/governance", on=ground.on)
    decided, counted = decisions(ground.session, ground.on), Counter[str]()
    for place in ground.governed:
        if place.level == AreaLevel.TOWN and place.kind != AreaKind.SUBDISTRICT:
            counted[str(decided[place.code].mode) if place.code in decided else ""] += 1
    for mode, count in sorted(counted.items(), reverse=True):
        label = Said(f"mode.{mode}" if mode else "area_profile.mode_open")
        yield Figure(f"mode.{mode or 'none'}", label, "count", float(count), as_of=ground.on, href=href, page=page)
    if subdistricts := sum(place.kind == AreaKind.SUBDISTRICT for place in ground.governed):
        label, without = Said("area_profile.no_mode"), float(subdistricts)
        yield Figure("mode.not_applicable", label, "count", without, as_of=ground.on, href=href, page=page)


def _town(ground: Ground) -> Iterator[Figure]:
    code, on = ground.area.code, ground.on
    href, page = address("/town-modes", on=on), console("/governance", on=on)
    label, decided = Said("area_profile.mode"), decisions(ground.session, on).get(code)
    if ground.area.kind == AreaKind.SUBDISTRICT:
        yield Figure("mode", label, "word", word=Said("area_profile.mode_not_applicable"), href=href, page=page)
    elif decided is None:
        yield Figure("mode", label, "word", href=href, page=page)
    else:
        since, by = decided.valid_from, named(decided.decided_by)
        yield Figure(
            "mode", label, "word", word=Said(f"mode.{decided.mode}"), as_of=since, source=by, href=href, page=page
        )
    yield from _tags(ground)
    levels = Counter(place.level for place in ground.children)
    direct = float(levels[AreaLevel.RESIDENTIAL_QUARTER])
    yield Figure(
        "direct_quarters", Said("area_profile.direct_quarters"), "count", direct, as_of=on, href=href, page=page
    )
    conflicts = mode_conflicts(
        None if decided is None else decided.mode, units=levels[AreaLevel.BASIC_MANAGEMENT_UNIT],
        sectors=levels[AreaLevel.SECTOR],
    )  # fmt: skip
    if ground.area.kind != AreaKind.SUBDISTRICT:
        yield Figure(
            "conflicts", Said("area_profile.conflicts"), "count", float(len(conflicts)), as_of=on, href=href, page=page
        )


def _tags(ground: Ground) -> Iterator[Figure]:
    page = console("/governance", on=ground.on)
    own = [tag for tag in tags(ground.session, ground.on) if tag.code == ground.area.code]
    for tag in sorted(own, key=lambda tag: (tag.kind, tag.value)):
        word = Said(f"{tag.kind}.{tag.value}") if tag.kind in _TYPES else named(tag.value)
        href = address("/tags", kind=tag.kind, on=ground.on)
        label, name = Said(f"tag_kind.{tag.kind}"), f"{tag.kind}.{tag.value}"
        yield Figure(name, label, "word", word=word, as_of=ground.on, href=href, page=page)


def _organs(body: UnitReport | SectorReport, ground: Ground) -> Iterator[Figure]:
    href, page = address("/organs", on=ground.on), console("/governance", on=ground.on)
    if isinstance(body, UnitReport):
        posts = None if body.posts is None else float(body.posts)
        staffing = address("/staffing", on=ground.on)
        yield Figure("posts", Said("area_profile.unit_posts"), "posts", posts, href=staffing, page=page)
    elif body.type is not None:
        word = Said(f"sector_type.{body.type}")
        yield Figure("sector_type", Said("tag_kind.sector_type"), "word", word=word, href=href, page=page)
    for organ in sorted({*body.organs, *body.organs_missing}):
        word = Said("area_profile.missing") if organ not in body.organs else named(body.organs[organ])
        yield Figure(f"organ.{organ}", Said(f"organ.{organ}"), "word", word=word, href=href, page=page)


def bodies(ground: Ground) -> Section:
    """Return how many bodies of each kind the area and what lies in it have, with their posts, and the first names."""
    code, on = ground.area.code, ground.on
    kinds = queries.bodies_by_kind(ground.session, ground.places, on)
    page = console("/systems", {"part": "bodies", "in": code, "on": on})
    figures = [
        Figure("bodies", Said("area_profile.bodies"), "count", float(sum(count for _, count, _ in kinds)), as_of=on,
               href=address("/bodies", area=code, on=on), page=page),
        Figure("posts", Said("area_profile.posts"), "posts", float(sum(posts for *_, posts in kinds)), as_of=on,
               href=address("/bodies", area=code, on=on), page=page),
        *(
            Figure(f"kind.{kind}", Said(f"organisation_kind.{kind}"), "count", float(count), as_of=on,
                   href=address("/bodies", area=code, kind=kind, on=on),
                   page=console("/systems", {"part": "bodies", "in": code, "kind": kind, "on": on}))
            for kind, count, _ in kinds
        ),
    ]  # fmt: skip
    named_ = queries.bodies_first(ground.session, ground.places, on, MOST_ENTRIES)
    entries = tuple(
        Entry(
            name,
            Said(f"organisation_kind.{kind}"),
            address(f"/bodies/{in_path(body)}", on=on),
            console("/systems", {"part": "bodies", "in": code, "body": body, "on": on}),
        )
        for body, name, kind in named_
    )
    return Section("bodies", tuple(figures), entries, sum(count for _, count, _ in kinds))


def area_facts(ground: Ground) -> Section | None:
    """Return what sources state of the area itself, and what they state of its parts added up; bounds stay bounds."""
    code, on, session = ground.area.code, ground.on, ground.session
    own = facts(session, on, FactFilter(area=code, below=False), limit=MOST_FACTS)
    kinds = {fact.kind for fact in own}
    sums = [each for each in totals(session, on, code) if each.kind not in kinds]
    page = console("/systems", {"part": "bodies", "in": code, "on": on})
    figures = [_fact(each, ground, page) for each in own]
    figures += [_total(each, code, ground, page) for each in sums]
    return Section("facts", tuple(figures)) if figures else None


def _fact(fact: Fact, ground: Ground, page: str) -> Figure:
    return Figure(
        f"{fact.kind}.{fact.source}", Said("", fact.kind_zh, fact.kind_en), _UNITS[fact.unit], fact.value,
        bound=bound_of(fact.bound), as_of=fact.valid_from, source=named(fact.source),
        href=address("/facts", area=fact.area_code, below="false", kind=fact.kind, on=ground.on), page=page,
    )  # fmt: skip


def _total(each: FactTotal, code: str, ground: Ground, page: str) -> Figure:
    of = Said("area_profile.of_areas", fields={"count": each.areas})
    label = Said("", each.kind_zh + of.in_("zh"), each.kind_en + of.in_("en"))
    return Figure(
        f"{each.kind}.{each.source}.{each.level}", label, _UNITS[each.unit], each.value, bound=bound_of(each.bound),
        as_of=ground.on, source=named(each.source), href=address("/facts/totals", area=code, on=ground.on), page=page,
    )  # fmt: skip
