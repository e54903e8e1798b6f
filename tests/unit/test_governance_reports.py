"""The completeness matrix and the mode report of the source documents' district, made up on paper."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from gridmgmt.areas.rules import AreaKind, AreaLevel, TownMode
from gridmgmt.governance.matrix import Body, CompletenessMatrix, OpenCentre, completeness
from gridmgmt.governance.modes import Decision, ModeReport, Place, Said, Tag, TownReport, report
from gridmgmt.governance.rules import SEVEN_CENTRES, SIX_CENTRES, CentreType, Organ, Override, TagKind

DAY = date(2015, 6, 1)
TOWN, UNIT = AreaLevel.TOWN, AreaLevel.BASIC_MANAGEMENT_UNIT
SECTOR, QUARTER = AreaLevel.SECTOR, AreaLevel.RESIDENTIAL_QUARTER
TOWNS = ("101", "102", "103", "104", "106", "109", "111", "112", "113")
UNITS = {"102-U1": "102", "109-U1": "109", "109-U2": "109", "101-U1": "101"}
SUBDISTRICTS = ("003", "007", "008")


def bodies() -> list[Body]:
    towns = [Body(TOWN, code, f"{code}镇", AreaKind.TOWN, code) for code in TOWNS]
    streets = [Body(TOWN, code, f"{code}街道", AreaKind.SUBDISTRICT, code) for code in SUBDISTRICTS]
    return [*towns, *streets, *(Body(UNIT, code, code, None, town) for code, town in UNITS.items())]


def centres() -> list[OpenCentre]:
    found = [_centre(TOWN, code, type_) for code in TOWNS for type_ in SIX_CENTRES]
    found += [_centre(TOWN, code, type_) for code in SUBDISTRICTS for type_ in SEVEN_CENTRES]
    return found + [
        _centre(UNIT, code, type_, f"{town}-{type_}") for code, town in UNITS.items() for type_ in SIX_CENTRES
    ]


def _centre(level: AreaLevel, area: str, type_: CentreType, parent: str | None = None) -> OpenCentre:
    return OpenCentre(f"{area}-{type_}", type_, "中心", level, area, parent)


def tallies(matrix: CompletenessMatrix) -> dict[str, tuple[int, int, int, int, int]]:
    return {t.group: (t.areas, t.expected, t.present, t.faulty, t.missing) for t in matrix.tallies}


def cell(matrix: CompletenessMatrix, area: str, type_: CentreType) -> str:
    row = next(row for row in matrix.rows if row.body.code == area)
    return next(cell.state for cell in row.cells if cell.type == type_)


def changed(code: str, **change: object) -> list[OpenCentre]:
    return [replace(centre, **change) if centre.code == code else centre for centre in centres()]


def test_nine_towns_four_units_three_subdistricts_expect_54_24_and_21() -> None:
    empty = completeness(DAY, bodies(), [])
    assert tallies(empty) == {
        "town": (9, 54, 0, 0, 54),
        "basic_management_unit": (4, 24, 0, 0, 24),
        "subdistrict": (3, 21, 0, 0, 21),
    }
    full = completeness(DAY, bodies(), centres())
    assert [(t.present, t.faulty, t.missing) for t in full.tallies] == [(54, 0, 0), (24, 0, 0), (21, 0, 0)]
    assert full.findings == ()


def test_a_missing_branch_is_named() -> None:
    matrix = completeness(DAY, bodies(), [c for c in centres() if c.code != "109-U2-health"])
    assert tallies(matrix)["basic_management_unit"] == (4, 24, 23, 0, 1)
    assert [(row.body.code, row.missing) for row in matrix.rows if row.missing] == [("109-U2", (CentreType.HEALTH,))]


def test_a_branch_under_a_centre_of_another_type_is_a_finding() -> None:
    matrix = completeness(DAY, bodies(), changed("109-U1-health", parent_code="109-culture"))
    assert [(f.code, f.centre.code) for f in matrix.findings] == [("parent_type", "109-U1-health")]
    assert cell(matrix, "109-U1", CentreType.HEALTH) == "faulty"
    assert tallies(matrix)["basic_management_unit"] == (4, 24, 23, 1, 0)


def test_a_branch_under_a_centre_of_another_town_is_a_finding() -> None:
    matrix = completeness(DAY, bodies(), changed("109-U1-health", parent_code="101-health"))
    assert [(f.code, f.centre.code) for f in matrix.findings] == [("parent_town", "109-U1-health")]


def test_a_branch_under_another_branch_hangs_wrong() -> None:
    matrix = completeness(DAY, bodies(), changed("109-U1-health", parent_code="109-U2-health"))
    assert [(f.code, f.centre.code) for f in matrix.findings] == [("parent_town", "109-U1-health")]


def test_the_branches_of_a_closed_centre_are_findings() -> None:
    matrix = completeness(DAY, bodies(), [c for c in centres() if c.code != "109-culture"])
    assert [(f.code, f.centre.code) for f in matrix.findings] == [
        ("parent_closed", "109-U1-culture"),
        ("parent_closed", "109-U2-culture"),
    ]
    assert cell(matrix, "109", CentreType.CULTURE) == "missing"


def test_a_unit_that_becomes_a_subdistrict_needs_seven_of_its_own_and_its_branches_are_findings() -> None:
    later = [b for b in bodies() if b.code != "109-U1"] + [Body(TOWN, "009", "菊泉街道", AreaKind.SUBDISTRICT, "009")]
    matrix = completeness(DAY, later, centres())
    assert tallies(matrix) == {
        "town": (9, 54, 54, 0, 0),
        "basic_management_unit": (3, 18, 18, 0, 0),
        "subdistrict": (4, 28, 21, 0, 7),
    }
    assert {(f.code, f.centre.area_code) for f in matrix.findings} == {("area_gone", "109-U1")}
    assert len(matrix.findings) == 6


def test_a_cell_is_present_when_one_of_several_is_right() -> None:
    wrong = OpenCentre("extra", CentreType.HEALTH, "分中心", UNIT, "109-U1", "101-health")
    matrix = completeness(DAY, bodies(), [*centres(), wrong])
    assert cell(matrix, "109-U1", CentreType.HEALTH) == "present"
    assert [f.centre.code for f in matrix.findings] == ["extra"]


def place(level: AreaLevel, code: str, parent: tuple[AreaLevel, str] | None = None, **more: object) -> Place:
    above = parent or (None, None)
    values = {"name": code, "kind": AreaKind.TOWN if level == TOWN else None, "area_m2": 1e6, **more}
    return Place(level=level, code=code, parent_level=above[0], parent_code=above[1], **values)


def quarters(count: int, parent: tuple[AreaLevel, str], first: int = 1) -> list[Place]:
    town = parent[1][:3]
    return [place(QUARTER, f"{town}{number:03d}", parent) for number in range(first, first + count)]


def yanghang() -> list[Place]:
    """杨行: 40 quarters in four sectors by housing: 12 old estates, 13 commercial, 9 resettlement, 6 mixed."""
    sizes = {"103-S1": 12, "103-S2": 13, "103-S3": 9, "103-S4": 6}
    found, first = [place(TOWN, "103")], 1
    for code, size in sizes.items():
        found += [place(SECTOR, code, (TOWN, "103")), *quarters(size, (SECTOR, code), first)]
        first += size
    return found


TYPES = [
    Tag(SECTOR, f"103-S{number}", TagKind.SECTOR_TYPE, value)
    for number, value in enumerate(("old_estate", "commercial", "resettlement", "mixed"), 1)
]


def reported(places: Sequence[Place], said: Said = Said()) -> ModeReport:  # noqa: B008 -- frozen and empty
    return report(DAY, ["2015"], None, places, said)


def only_town(places: Sequence[Place], mode: TownMode | None = None, **said: object) -> TownReport:
    code = next(p.code for p in places if p.level == TOWN)
    decisions = {} if mode is None else {code: Decision(mode, DAY, "tests")}
    return reported(places, Said(decisions=decisions, **said)).towns[0]


def sizes(town: TownReport) -> dict[str | None, int]:
    return {sector.type: sector.quarters for sector in town.sectors}


def test_yanghang_has_forty_quarters_in_four_types_each_in_exactly_one() -> None:
    town = only_town(yanghang(), TownMode.SECTOR, tags=TYPES)
    assert sizes(town) == {"old_estate": 12, "commercial": 13, "resettlement": 9, "mixed": 6}
    assert (town.quarters, town.direct_quarters, town.conflicts) == (40, 0, ())
    assert sum(sizes(town).values()) == 40


def test_moving_one_quarter_changes_two_totals_only() -> None:
    moved = [replace(p, parent_code="103-S4") if p.code == "103001" else p for p in yanghang()]
    before, after = (only_town(places, TownMode.SECTOR, tags=TYPES) for places in (yanghang(), moved))
    assert {t: after_ - sizes(before)[t] for t, after_ in sizes(after).items()} == {
        "old_estate": -1, "commercial": 0, "resettlement": 0, "mixed": 1,
    }  # fmt: skip
    assert after.quarters == 40


def test_miaohang_has_nineteen_quarters_no_middle_level_and_a_sector_there_is_a_conflict() -> None:
    miaohang = [place(TOWN, "112"), *quarters(19, (TOWN, "112"))]
    town = only_town(miaohang, TownMode.DIRECT)
    assert (town.quarters, town.direct_quarters, town.sectors, town.conflicts) == (19, 19, (), ())
    crowded = only_town([*miaohang, place(SECTOR, "112-S1", (TOWN, "112"))], TownMode.DIRECT)
    assert crowded.conflicts == ("direct_with_sector",)


def test_quarters_of_gucun_outside_its_units_are_direct_and_no_conflict() -> None:
    units = [place(UNIT, f"109-U{number}", (TOWN, "109")) for number in (1, 2)]
    inside = [*quarters(18, (UNIT, "109-U1")), *quarters(16, (UNIT, "109-U2"), 19)]
    town = only_town(
        [place(TOWN, "109"), *units, *inside, *quarters(55, (TOWN, "109"), 35)], TownMode.BASIC_MANAGEMENT_UNIT
    )
    assert (town.quarters, town.direct_quarters, town.conflicts) == (89, 55, ())
    assert [unit.quarters for unit in town.units] == [18, 16]


def test_a_unit_lacks_bodies_posts_and_branches_by_name() -> None:
    places = [place(TOWN, "102"), place(UNIT, "102-U1", (TOWN, "102"))]
    town = only_town(
        places,
        TownMode.BASIC_MANAGEMENT_UNIT,
        organs={"102-U1": {Organ.PARTY_COMMITTEE: "大华社区党委"}},
        posts={"102-U1": 6},
        branches_missing={"102-U1": (CentreType.HEALTH,)},
    )
    unit = town.units[0]
    assert unit.organs_missing == (Organ.COMMUNITY_COMMITTEE, Organ.COMMUNITY_CENTRE)
    assert (unit.posts, unit.posts_plausible, unit.branches_missing) == (6, False, (CentreType.HEALTH,))
    unknown = only_town(places, TownMode.BASIC_MANAGEMENT_UNIT).units[0]
    assert (unknown.posts, unknown.posts_plausible) == (None, None)


def test_a_sector_lacks_branch_meeting_and_convenor_and_counts_its_points_by_type() -> None:
    town = only_town(yanghang(), TownMode.SECTOR, service_points={"103-S1": {"meal_point": 3}})
    assert town.sectors[0].organs_missing == (Organ.PARTY_BRANCH, Organ.JOINT_MEETING, Organ.CONVENOR)
    assert [dict(sector.service_points) for sector in town.sectors] == [{"meal_point": 3}, {}, {}, {}]


def test_towns_without_a_mode_are_gaps_and_subdistricts_are_not() -> None:
    places = [place(TOWN, "104"), place(TOWN, "106"), place(TOWN, "008", kind=AreaKind.SUBDISTRICT)]
    decided = Said(decisions={"106": Decision(TownMode.DIRECT, DAY, "tests")})
    found = reported(places, decided)
    assert found.gaps == ("104",)
    assert [(town.code, town.applicable) for town in found.towns] == [("008", False), ("104", True), ("106", True)]


def test_a_town_has_any_number_of_x_beside_its_mode() -> None:
    practices = [Tag(TOWN, "109", TagKind.X, value) for value in ("小马拉大车", "温馨12345")]
    town = only_town([place(TOWN, "109")], TownMode.DIRECT, tags=practices)
    assert town.x == ("小马拉大车", "温馨12345")


def test_villages_and_courtyards_are_listed_with_their_names() -> None:
    places = [place(TOWN, "112"), place(QUARTER, "112201", (TOWN, "112"), name="茂盛村")]
    said = [
        Tag(QUARTER, "112201", TagKind.COURTYARD, "院落式自治"),
        Tag(QUARTER, "gone", TagKind.VILLAGE_TYPE, "urban_village"),
    ]
    found = reported(places, Said(tags=said)).villages
    assert [(tag.kind, name) for tag, name in found] == [("courtyard", "茂盛村")]


def test_an_override_is_part_of_the_decision_that_the_report_shows() -> None:
    order = Override("区委", "1号", "大华", date(2014, 12, 1))
    decision = Decision(TownMode.BASIC_MANAGEMENT_UNIT, DAY, "tests", passed=False, override=order)
    town = reported([place(TOWN, "102")], Said(decisions={"102": decision})).towns[0]
    assert town.decision is not None
    assert town.decision.override == order
    assert town.conflicts == ("unit_mode_without_unit",)
