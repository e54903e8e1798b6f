"""Bodies with posts, links, services and agreements, and facts of areas; on the district of the paper.

顾村镇 stands for a subdistrict here where one is needed.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from gridmgmt.access.models import Change
from gridmgmt.access.rules import Actor, Grant, Permission, Role
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.bodies import fact_queries, queries, service
from gridmgmt.bodies.fact_queries import FactFilter
from gridmgmt.bodies.queries import BodyFilter, ServiceFilter
from gridmgmt.bodies.rules import (
    CHOSEN_OFFICES,
    AgreementKind,
    FactBound,
    FactUnit,
    NewAgreement,
    NewBody,
    NewFact,
    NewFactKind,
    NewLink,
    NewPost,
    NewService,
    Office,
    OrganisationKind,
)
from gridmgmt.db import Session, make_engine, make_sessions
from gridmgmt.errors import (
    ConflictError,
    DuplicateCodeError,
    FileRefusedError,
    ForbiddenError,
    InputError,
    NotFoundError,
    RuleViolationError,
)
from gridmgmt.ingest.bodies import read_bodies, read_facts
from gridmgmt.uploads.records import BodiesFile, FactsFile, organisation_names
from tests.support.actors import TESTER
from tests.support.paper_district import DACHANG, FIRST, GUCUN, UNIT, load_district

MARCH, APRIL, MAY = date(2015, 3, 1), date(2015, 4, 1), date(2015, 5, 1)
QUARTER = f"{GUCUN}001"
ORG = OrganisationKind
STREET = "310113003"


@pytest.fixture(scope="module")
def drawn(module_database_url: str) -> Iterator[Engine]:
    """A database with the district, and a subdistrict beside it, which the tests leave as it is."""
    engine = make_engine(module_database_url)
    with make_sessions(engine).begin() as session:
        load_district(session)
        session.execute(
            text(
                "ALTER TABLE areas DISABLE TRIGGER ALL;"
                " INSERT INTO areas (edition_id, level, kind, code, name, geom) SELECT edition_id, level,"
                f" 'subdistrict', '{STREET}', '友谊路街道', geom FROM areas WHERE code = '{DACHANG}';"
                " ALTER TABLE areas ENABLE TRIGGER ALL"
            )
        )
    yield engine
    engine.dispose()


@pytest.fixture
def district(drawn: Engine) -> Iterator[Session]:
    with drawn.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()


def of_town(code: str) -> Actor:
    grant = Grant(Role.PLANNER, frozenset({Permission.GOVERNANCE_WRITE}), "town", code, None)
    return Actor("account", "planner", account_id=1, grants=(grant,))


def add(session: Session, code: str, kind: ORG, area: str = QUARTER, **said: object) -> None:
    said = {"name": f"机构{code}", "valid_from": FIRST, "source": "paper", **said}
    service.add_body(session, TESTER, NewBody(code=code, kind=kind, area_code=area, **said))


@pytest.fixture
def bodies(district: Session) -> Session:
    """A committee, an owners' committee and a firm in a quarter, a party organisation and a social one in the town."""
    add(district, "P1", ORG.PARTY_ORGANISATION, GUCUN, name="顾村镇党委")
    add(district, "R1", ORG.RESIDENTS_COMMITTEE, name="菊一居委会", parent_code="P1")
    add(district, "O1", ORG.OWNERS_COMMITTEE, name="菊一业委会")
    add(district, "F1", ORG.PROPERTY_FIRM, name="顾村物业")
    add(district, "S1", ORG.SOCIAL_ORGANISATION, GUCUN, name="乐龄服务社")
    add(district, "U1", ORG.PARTNER_UNIT, DACHANG, name="大场学校")
    service.set_post(district, TESTER, NewPost("R1", "member", "居委会委员", 5, FIRST))
    return district


def codes(session: Session, on: date = MAY, **wanted: object) -> list[str]:
    return [each.code for each in queries.body_summaries(session, on, BodyFilter(**wanted))]


# --- bodies ----------------------------------------------------------------------------------------------------------


def test_bodies_are_listed_by_area_kind_and_words(bodies: Session) -> None:
    assert codes(bodies) == ["F1", "O1", "P1", "R1", "S1", "U1"]
    assert codes(bodies, area=QUARTER) == ["F1", "O1", "R1"]
    assert codes(bodies, area=GUCUN) == ["F1", "O1", "P1", "R1", "S1"]
    assert codes(bodies, area=GUCUN, below=False) == ["P1", "S1"]
    assert codes(bodies, area=UNIT) == ["F1", "O1", "R1"]
    assert codes(bodies, kind=ORG.OWNERS_COMMITTEE) == ["O1"]
    assert codes(bodies, parent_code="P1") == ["R1"]
    assert codes(bodies, q="菊一") == ["O1", "R1"]
    assert codes(bodies, q="%") == []
    assert codes(bodies, on=date(2014, 12, 31)) == []
    page = queries.body_summaries(bodies, MAY, BodyFilter(), after="O1", limit=2)
    assert [each.code for each in page] == ["P1", "R1"]
    found = queries.body_on(bodies, "R1", MAY)
    assert (found.level, found.area_name, found.posts) == (AreaLevel.RESIDENTIAL_QUARTER, "菊一", 5)


def test_a_change_keeps_what_was_said_before(bodies: Session) -> None:
    service.change_body(bodies, TESTER, "R1", {"name": "菊泉居委会"}, APRIL)
    assert [(each.name, each.valid_from, each.valid_to) for each in queries.history(bodies, "R1")] == [
        ("菊泉居委会", APRIL, None),
        ("菊一居委会", FIRST, APRIL),
    ]
    assert queries.body_on(bodies, "R1", MARCH).name == "菊一居委会"
    told = bodies.query(Change).order_by(Change.change_id.desc()).first()
    assert told is not None
    assert (told.action, told.object, told.before["name"]) == ("body.change", "body:R1", "菊一居委会")
    moved = service.change_body(bodies, TESTER, "R1", {"area_code": GUCUN}, MAY)
    assert (moved.level, moved.area_code) == ("town", GUCUN)
    with pytest.raises(DBAPIError, match="are kept"), bodies.begin_nested():
        bodies.execute(text("UPDATE bodies SET name = 'x'"))


def test_who_may_act_on_a_town_sets_up_bodies_there_alone(bodies: Session) -> None:
    with pytest.raises(ForbiddenError):
        service.change_body(bodies, of_town(DACHANG), "R1", {"name": "别名"}, APRIL)
    with pytest.raises(ForbiddenError):  # nor takes one of its own over to another town
        service.change_body(bodies, of_town(GUCUN), "R1", {"area_code": DACHANG}, APRIL)
    service.change_body(bodies, of_town(GUCUN), "R1", {"name": "别名"}, APRIL)


@pytest.mark.parametrize(
    ("said", "error", "code"),
    [
        ({"code": "R1"}, DuplicateCodeError, "body_code_taken"),
        ({"code": "R 2"}, InputError, "body_code_malformed"),
        ({"area": "nowhere"}, NotFoundError, "body_area_unknown"),
        ({"parent_code": "none"}, NotFoundError, "body_unknown"),
        ({"name": "13912345678"}, InputError, "body_personal_number"),
        ({"name": " "}, InputError, "value_needed"),
        ({"office": Office.SAFETY}, InputError, "body_office_not_of_kind"),
        ({"kind": ORG.SUBDISTRICT_OFFICE}, InputError, "body_office_needed"),
        (
            {"kind": ORG.SUBDISTRICT_OFFICE, "office": Office.SAFETY, "area": GUCUN},
            RuleViolationError,
            "office_of_subdistrict",
        ),
    ],
)
def test_what_cannot_be_a_body_is_refused(bodies: Session, said, error, code) -> None:
    with pytest.raises(error) as refused:
        add(bodies, said.pop("code", "R2"), said.pop("kind", ORG.OTHER), **said)
    assert refused.value.code == code
    assert refused.value.message("en")


def test_a_body_does_not_belong_to_itself(bodies: Session) -> None:
    with pytest.raises(RuleViolationError) as refused:
        service.change_body(bodies, TESTER, "P1", {"parent_code": "R1"}, APRIL)
    assert refused.value.code == "body_parent_cycle"
    with pytest.raises(InputError) as same:
        service.change_body(bodies, TESTER, "P1", {"name": "顾村镇党委"}, APRIL)
    assert same.value.code == "body_unchanged"


def test_a_body_ends_with_its_posts_links_and_agreements(bodies: Session) -> None:
    service.link_post(bodies, TESTER, NewLink("R1", "member", "O1", 1, FIRST))
    agreed = NewAgreement("A1", "R1", "U1", AgreementKind.JOINT_BUILDING, "共建", FIRST)
    service.add_agreement(bodies, TESTER, agreed)
    with pytest.raises(RuleViolationError) as refused:
        service.end_body(bodies, TESTER, "P1", APRIL)
    assert (refused.value.code, refused.value.fields["codes"]) == ("body_has_bodies", "R1")
    service.end_body(bodies, TESTER, "R1", APRIL)
    assert "R1" not in codes(bodies)
    assert (queries.serving_in(bodies, "O1", MAY), queries.agreements_of(bodies, "U1", MAY)) == ([], [])
    assert queries.posts_of(bodies, "R1", MARCH)[0].count == 5
    with pytest.raises(DuplicateCodeError):  # a code is used once for all time
        add(bodies, "R1", ORG.RESIDENTS_COMMITTEE, valid_from=MAY)


def test_what_would_begin_after_a_body_has_ended_never_holds(bodies: Session) -> None:
    service.link_post(bodies, TESTER, NewLink("R1", "member", "O1", 3, MAY))
    service.add_agreement(bodies, TESTER, NewAgreement("A1", "R1", "U1", AgreementKind.JOINT_BUILDING, "共建", MAY))
    service.set_post(bodies, TESTER, NewPost("R1", "clerk", "社工", 2, MAY))
    with pytest.raises(RuleViolationError):  # three serve from May
        service.set_post(bodies, TESTER, NewPost("R1", "member", "居委会委员", 2, MARCH))
    service.end_body(bodies, TESTER, "R1", APRIL)
    later = date(2016, 1, 1)
    assert queries.posts_of(bodies, "R1", later) == []
    assert (queries.serving_in(bodies, "O1", later), queries.agreements_of(bodies, "U1", later)) == ([], [])


def test_a_body_does_not_end_while_a_post_ends_by_itself_later(bodies: Session) -> None:
    service.end_post(bodies, TESTER, "R1", "member", MAY)
    with pytest.raises(ConflictError) as refused:
        service.end_body(bodies, TESTER, "R1", APRIL)
    assert refused.value.code == "ended_already"


def test_a_subdistrict_has_six_offices_and_two_and_missing_ones_are_listed(district: Session) -> None:
    """街道内设机构 6 + 2: eight per subdistrict, the missing ones by name."""
    (none,) = queries.subdistrict_offices(district, MAY)
    assert (none.code, none.held, len(none.missing)) == (STREET, (), 8)
    for number, office in enumerate(Office):
        if office is not Office.DEVELOPMENT:
            add(district, f"{STREET}-N{number}", ORG.SUBDISTRICT_OFFICE, STREET, office=office)
    (found,) = queries.subdistrict_offices(district, MAY)
    assert found.missing == (Office.DEVELOPMENT,)
    add(district, "late", ORG.SUBDISTRICT_OFFICE, STREET, office=Office.DEVELOPMENT, valid_from=APRIL)
    assert queries.subdistrict_offices(district, MAY)[0].missing == ()
    assert queries.subdistrict_offices(district, MARCH)[0].missing == (Office.DEVELOPMENT,)
    assert set(CHOSEN_OFFICES) <= set(queries.subdistrict_offices(district, MAY)[0].held)


# --- posts -----------------------------------------------------------------------------------------------------------


def test_committee_members_serve_in_an_owners_committee_without_a_person(bodies: Session) -> None:
    """交叉任职: a link of posts, seen from both bodies; no more of them than there are."""
    service.link_post(bodies, TESTER, NewLink("R1", "member", "O1", 2, MARCH))
    (post,) = queries.posts_of(bodies, "R1", MAY)
    assert [(link.body_code, link.body_name, link.count) for link in post.serves] == [("O1", "菊一业委会", 2)]
    (there,) = queries.serving_in(bodies, "O1", MAY)
    assert (there.body_code, there.post_name, there.count) == ("R1", "居委会委员", 2)
    assert queries.serving_in(bodies, "O1", FIRST) == []
    for refused in (NewLink("R1", "member", "O1", 6, MAY), NewLink("R1", "member", "R1", 1, MAY)):
        with pytest.raises(RuleViolationError):
            service.link_post(bodies, TESTER, refused)
    with pytest.raises(RuleViolationError) as fewer:
        service.set_post(bodies, TESTER, NewPost("R1", "member", "居委会委员", 1, MAY))
    assert fewer.value.code == "post_links_exceed"
    service.end_link(bodies, TESTER, "R1", "member", "O1", on=APRIL)
    assert queries.serving_in(bodies, "O1", APRIL) == []
    service.end_post(bodies, TESTER, "R1", "member", MAY)
    assert queries.posts_of(bodies, "R1", MAY) == []
    with pytest.raises(NotFoundError):
        service.end_post(bodies, TESTER, "R1", "member", MAY)


def test_no_column_of_bodies_holds_a_person(district: Session) -> None:
    """The tables name codes, offices, counts, amounts and days, and what is free text is checked for numbers."""
    rows = district.execute(
        text(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name IN"
            " ('bodies', 'body_posts', 'post_links', 'body_agreements', 'purchased_services',"
            " 'purchased_service_areas', 'area_facts', 'fact_kinds') AND data_type IN ('text', 'character varying')"
        )
    )
    assert {row[0] for row in rows} == {
        "code", "kind", "office", "name", "level", "area_code", "parent_code", "source", "body_code", "post_code",
        "serves_code", "partner_code", "organisation_code", "buyer_code", "bound", "note", "name_zh", "name_en", "unit",
    }  # fmt: skip


# --- services and agreements -----------------------------------------------------------------------------------------


def test_services_of_social_organisations_tell_who_bought_what_where(bodies: Session) -> None:
    """社会组织服务购买: what, bought by, delivered where and how often."""
    new = NewService("B1", "S1", "P1", "助老上门", 2015, "paper", (QUARTER, f"{GUCUN}003"), 40_000.0)
    service.add_service(bodies, TESTER, new)
    service.add_service(bodies, TESTER, NewService("B2", "S1", "R1", "法律讲座", 2016, "paper", delivered=12))
    service.change_service(bodies, TESTER, "B1", {"delivered": 320})
    (first,) = queries.purchased_services(bodies, MAY, ServiceFilter(year=2015))
    assert (first.organisation_name, first.buyer_name) == ("乐龄服务社", "顾村镇党委")
    assert (first.area_codes, first.amount_yuan, first.delivered) == ((QUARTER, f"{GUCUN}003"), 40_000, 320)

    def of(**wanted: object) -> list[str]:
        return [each.code for each in queries.purchased_services(bodies, MAY, ServiceFilter(**wanted))]

    assert (of(body="S1"), of(body="R1"), of(area=UNIT), of(area=DACHANG)) == (["B1", "B2"], ["B2"], ["B1"], [])


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"organisation_code": "F1"}, "seller_no_organisation"),
        ({"buyer_code": "none"}, "body_unknown"),
        ({"amount_yuan": -1.0}, "fact_value_range"),
        ({"delivered": -1}, "body_count_range"),
        ({"year": 1900}, "body_count_range"),
        ({"area_codes": ("nowhere",)}, "body_area_unknown"),
    ],
)
def test_what_cannot_be_a_bought_service_is_refused(bodies: Session, said, code) -> None:
    plain = {"organisation_code": "S1", "buyer_code": "P1", "name": "助老", "year": 2015, "source": "paper"}
    with pytest.raises((InputError, NotFoundError, RuleViolationError)) as refused:
        service.add_service(bodies, TESTER, NewService("B1", **{**plain, **said}))
    assert refused.value.code == code


def test_agreements_are_seen_from_both_sides_until_they_end(bodies: Session) -> None:
    agreed = NewAgreement("A1", "R1", "U1", AgreementKind.SHARED_PREMISES, "操场共享", MARCH)
    service.add_agreement(bodies, TESTER, agreed)
    assert [each.partner_name for each in queries.agreements_of(bodies, "R1", MAY)] == ["大场学校"]
    assert [each.partner_code for each in queries.agreements_of(bodies, "U1", MAY)] == ["R1"]
    service.end_agreement(bodies, TESTER, "A1", APRIL)
    assert queries.agreements_of(bodies, "R1", MAY) == []
    with pytest.raises(DuplicateCodeError):
        service.add_agreement(bodies, TESTER, agreed)


# --- facts -----------------------------------------------------------------------------------------------------------


def fact(area: str, kind: str, value: float, **said: object) -> NewFact:
    said = {"valid_from": FIRST, "source": "source A", **said}
    return NewFact(area, kind, value, **said)


def shown(session: Session, on: date = MAY, **wanted: object) -> list[tuple[str, float, str, int | None]]:
    found = fact_queries.facts(session, on, FactFilter(**wanted))
    return [(each.kind, each.value, each.bound.sign, each.year) for each in found]


def test_work_funds_of_committees_and_villages_have_source_unit_and_year(district: Session) -> None:
    """经费: 100,000 and 50,000 yuan for a committee; a village's from 500,000 to 700,000 yuan."""
    for kind, value, year in (
        ("committee_work_fund", 100_000, 2015),
        ("committee_mass_work_fund", 50_000, 2015),
        ("village_work_fund", 500_000, 2014),
        ("village_work_fund", 700_000, 2015),
    ):
        said = fact("310113", kind, value, year=year, valid_from=date(year, 1, 1), unit=FactUnit.YUAN)
        service.add_fact(district, TESTER, said)  # that of 2014 too, when no boundaries were in force yet
    assert shown(district) == [
        ("committee_mass_work_fund", 50_000, "", 2015),
        ("committee_work_fund", 100_000, "", 2015),
        ("village_work_fund", 700_000, "", 2015),
    ]
    assert shown(district, date(2014, 6, 1)) == [("village_work_fund", 500_000, "", 2014)]
    (found,) = fact_queries.facts(district, MAY, FactFilter(kind="village_work_fund"))
    assert (found.unit, found.source, found.area_name) == (FactUnit.YUAN, "source A", "宝山区")


def test_a_bound_stays_a_bound_and_sums_keep_it(district: Session) -> None:
    """三资: what a village's assets, funds and land come to is no more exact than its parts."""
    for quarter, value, bound in ((f"{GUCUN}003", 3e7, FactBound.AT_LEAST), (f"{GUCUN}004", 1e7, FactBound.EXACT)):
        service.add_fact(district, TESTER, fact(quarter, "village_assets", value, bound=bound))
    service.add_fact(district, TESTER, fact(GUCUN, "village_assets", 9e7, source="source B"))
    service.add_fact(district, TESTER, fact(GUCUN, "stated_area", 27.22e6))
    sums = {each.source: (each.areas, each.value, each.bound) for each in fact_queries.totals(district, MAY, GUCUN)}
    assert sums == {"source A": (2, 4e7, FactBound.AT_LEAST), "source B": (1, 9e7, FactBound.EXACT)}


def test_a_later_number_of_the_same_source_ends_the_one_before_and_other_sources_stand_beside(
    district: Session,
) -> None:
    service.add_fact(district, TESTER, fact(GUCUN, "stated_area", 27.22e6))
    service.add_fact(district, TESTER, fact(GUCUN, "stated_area", 17.1e6, source="source B"))
    service.add_fact(district, TESTER, fact(GUCUN, "stated_area", 27.5e6, valid_from=APRIL))
    assert shown(district, MARCH) == [("stated_area", 27.22e6, "", None), ("stated_area", 17.1e6, "", None)]
    assert sorted(shown(district)) == [("stated_area", 17.1e6, "", None), ("stated_area", 27.5e6, "", None)]
    assert shown(district, q="source B") == [("stated_area", 17.1e6, "", None)]
    first = fact_queries.facts(district, MAY, FactFilter(area=GUCUN), limit=1)[0]
    rest = fact_queries.facts(district, MAY, FactFilter(), after=(first.area_code, first.kind, first.fact_id))
    assert len(rest) == 1
    service.end_fact(district, TESTER, first.fact_id, MAY)
    assert len(shown(district)) == 1
    with pytest.raises(NotFoundError):
        service.end_fact(district, TESTER, first.fact_id, MAY)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"kind": "nothing"}, "fact_kind_unknown"),
        ({"unit": FactUnit.PEOPLE}, "fact_unit_of_kind"),
        ({"value": -1.0}, "fact_value_range"),
        ({"kind": "committee_members", "value": 5.5}, "fact_value_whole"),
        ({"year": 2015, "valid_from": MARCH}, "fact_day_or_year"),
        ({"area_code": "nowhere"}, "body_area_unknown"),
    ],
)
def test_what_cannot_be_a_fact_is_refused(district: Session, said, code) -> None:
    plain = {"area_code": GUCUN, "kind": "village_assets", "value": 1.0, "valid_from": FIRST, "source": "source A"}
    with pytest.raises((InputError, NotFoundError)) as refused:
        service.add_fact(district, TESTER, NewFact(**{**plain, **said}))
    assert refused.value.code == code


def test_kinds_of_facts_are_data(district: Session) -> None:
    service.add_kind(district, TESTER, NewFactKind("lamps", "路灯数", "Lamps", FactUnit.COUNT, additive=True))
    service.add_fact(district, TESTER, fact(GUCUN, "lamps", 1200, bound=FactBound.ABOUT))
    assert shown(district) == [("lamps", 1200, "≈", None)]
    with pytest.raises(DuplicateCodeError):
        service.add_kind(district, TESTER, NewFactKind("lamps", "路灯", "Lamps", FactUnit.COUNT))
    with pytest.raises(ForbiddenError):
        service.add_kind(district, of_town(GUCUN), NewFactKind("trees", "树", "Trees", FactUnit.COUNT))


# --- files -----------------------------------------------------------------------------------------------------------

BODIES = (
    "代码,类别,名称,区划代码,上级代码,内设机构,来源,生效日期\n"
    "R9,居民委员会,菊一居委会,{quarter},P9,,名册,2015-01-01\n"
    "P9,party_organisation,顾村镇党委,{town},,,名册,\n"
    "N9,街道内设机构,社区发展办公室,{street},,社区发展办公室,名册,\n"
)


def bodies_file(tmp_path: Path, content: str = BODIES) -> Path:
    file = tmp_path / "bodies.csv"
    file.write_text(content.format(quarter=QUARTER, town=GUCUN, street=STREET), encoding="utf-8")
    return file


def test_a_file_of_bodies_is_taken_in_any_order_and_again_without_doubling(district: Session, tmp_path: Path) -> None:
    kind, names = BodiesFile(), organisation_names()
    file = bodies_file(tmp_path)
    labels = kind.labels(file, today=FIRST)
    for taken in (3, 0):
        assert kind.store(district, TESTER, kind.read(file, names), labels).taken == taken
    assert codes(district) == ["N9", "P9", "R9"]
    later = bodies_file(tmp_path, BODIES.replace("菊一居委会", "菊泉居委会").replace("2015-01-01", "2015-04-01"))
    assert kind.store(district, TESTER, kind.read(later, names), labels).taken == 1
    assert [each.name for each in queries.history(district, "R9")] == ["菊泉居委会", "菊一居委会"]
    other = bodies_file(tmp_path, BODIES.replace("顾村镇党委", "别的"))
    with pytest.raises(FileRefusedError) as refused:
        kind.store(district, TESTER, kind.read(other, names), labels)
    # What the first row says did hold on its day.
    assert [(each.row, each.code) for each in refused.value.problems] == [(3, "body_known_otherwise")]


def test_every_bad_row_of_bodies_is_named_and_nothing_is_kept_by_half(district: Session, tmp_path: Path) -> None:
    content = (
        "code,kind,name,area_code,source\n"
        "G1,other,好,{town},x\n"
        "G2,nobody,坏,{town},x\n"
        "G3,other,,{town},x\n"
        "G4,other,13912345678,{town},x\n"
        "G1,other,好,{town},x\n"
    )
    found = read_bodies(bodies_file(tmp_path, content), names=organisation_names())
    assert [(each.row, each.code) for each in found.problems] == [
        (2, "code_repeated"),
        (3, "value_unknown"),
        (4, "value_missing"),
        (5, "personal_number"),
        (6, "code_repeated"),
    ]
    lost = bodies_file(tmp_path, "code,kind,name,area_code,source\nG1,other,好,{town},x\nG2,other,坏,9,x\n")
    kind = BodiesFile()
    with pytest.raises(FileRefusedError) as refused:
        kind.store(district, TESTER, kind.read(lost, organisation_names()), kind.labels(lost, today=FIRST))
    assert [(each.row, each.code) for each in refused.value.problems] == [(3, "body_area_unknown")]
    assert refused.value.problems[0].message("zh")
    assert codes(district) == []
    with pytest.raises(InputError) as personal:
        read_bodies(bodies_file(tmp_path, "code,kind,name,area_code,联系人\nG1,other,好,1,x\n"), names={})
    assert personal.value.code == "personal_data_column"


def test_a_file_of_facts_is_taken_whole_with_bounds_and_years(district: Session, tmp_path: Path) -> None:
    file = tmp_path / "facts.csv"
    content = (
        "区划代码,类别,数值,单位,含义,年份,日期,来源,说明\n"
        f"{GUCUN},village_assets,30000000,元,不低于,2015,,名册,\n"
        f"{QUARTER},居（村）委会成员,5,,,,2015-03-01,名册,含书记岗位\n"
    )
    file.write_text(content, encoding="utf-8")
    kind = FactsFile()
    names = kind.names(district)
    labels = kind.labels(file, today=FIRST)
    for taken in (2, 0):
        assert kind.store(district, TESTER, kind.read(file, names), labels).taken == taken
    assert shown(district) == [("village_assets", 3e7, "≥", 2015), ("committee_members", 5, "", None)]
    file.write_text(
        content + f"{GUCUN},village_funds,x,,,2015,,名册,\n{GUCUN},village_funds,1,人,,2015,,名册,\n"
        f"{GUCUN},village_funds,1,,,2015,2015-03-01,名册,\n{GUCUN},village_funds,1,,,,,名册,\n",
        encoding="utf-8",
    )
    with pytest.raises(FileRefusedError) as refused:
        kind.store(district, TESTER, kind.read(file, names), labels)
    assert [(each.row, each.code) for each in refused.value.problems] == [
        (4, "number_malformed"),
        (6, "fact_day_or_year"),
        (7, "fact_day_or_year"),
    ]
    assert len(read_facts(file, names=names).rows) == 3
