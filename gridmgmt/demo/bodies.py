"""The demo's bodies, posts, services and facts of areas, from a day on.

What the source documents tell is kept: the offices 6 + 2 (the two that the district chose by name), 杨行's guidance
centre, supervision committees and 三资 of villages, work funds, posts and firms with their bounds. Organisations,
services and the wealth of villages are made up, and their source says so.
"""

from collections.abc import Iterator
from datetime import date

import geopandas as gpd
from sqlalchemy import insert

from gridmgmt.access.rules import Actor
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.bodies import service
from gridmgmt.bodies.models import Body, BodyPost, PostLink
from gridmgmt.bodies.rules import (
    AgreementKind,
    FactBound,
    NewAgreement,
    NewBody,
    NewFact,
    NewPost,
    NewService,
    Office,
    OrganisationKind,
)
from gridmgmt.db import Session
from gridmgmt.demo.towns import DISTRICT_CODE, TOWNS, UNITS
from gridmgmt.governance.queries import tags
from gridmgmt.governance.rules import TagKind
from gridmgmt.texts import text

KIND = OrganisationKind
GUIDED_TOWN = "310113103"
"""杨行, whose sectors an autonomy guidance centre guides."""
SHARED_TOWN = "310113112"
"""庙行, where the demo has committee members serve in owners' committees."""
SOLD = (
    ("elders", "310113008", 180_000.0, 2_460),
    ("mediation", "310113103", 120_000.0, 310),
    ("children", "310113109", 95_000.0, 1_280),
    ("newcomers", "310113112", 60_000.0, 540),
    ("fitness", "310113003", None, None),
)
"""Made up: what each organisation sells, to whom, for how many yuan, and how often it was delivered."""
OF_SOURCE = (
    ("committee_work_fund", 100_000, FactBound.EXACT, 2015, None),
    ("committee_mass_work_fund", 50_000, FactBound.EXACT, 2015, None),
    ("village_work_fund", 500_000, FactBound.EXACT, 2014, "demo.bodies.fund_before"),
    ("village_work_fund", 700_000, FactBound.EXACT, 2015, None),
    ("reserved_posts", 170, FactBound.MORE_THAN, 2015, None),
    ("posts_cut_ratio", 0.05, FactBound.EXACT, 2015, None),
    ("investment_staff", 204, FactBound.EXACT, 2015, None),
    ("development_zones", 9, FactBound.EXACT, 2015, None),
    ("managed_firms", 8_000, FactBound.MORE_THAN, 2015, None),
)
"""What source A states of the district: kind, value, bound, year, note."""
WEALTH = (
    ("village_assets", 42_000_000.0, FactBound.AT_LEAST),
    ("village_funds", 8_600_000.0, FactBound.EXACT),
    ("village_resources", 310_000.0, FactBound.ABOUT),
)


def establish_bodies(session: Session, actor: Actor, areas: gpd.GeoDataFrame, on: date) -> None:
    """Set up the bodies of the demo and state the facts of its areas.

    Parameters
    ----------
    areas
        The areas of the demo, as :class:`gridmgmt.demo.generator.DemoDistrict` has them, in force on the day.
    """
    for new in (*_offices(on), *_others(on)):
        service.add_body(session, actor, new)
    for unit in UNITS:
        service.set_post(session, actor, NewPost(f"{unit.code}-UC", "member", text("demo.bodies.member"), 9, on))
    _add_committees(session, areas, on)
    villages = sorted({tag.code for tag in tags(session, on) if tag.kind in (TagKind.VILLAGE_TYPE, TagKind.COURTYARD)})
    for number, village in enumerate(villages):
        _add_village(session, actor, village, on, wealth=1 + 0.35 * number)
    for kind, value, bound, year, note in OF_SOURCE:
        said = None if note is None else text(note)
        source = text("demo.bodies.source_a")
        fact = NewFact(DISTRICT_CODE, kind, value, date(year, 1, 1), source, bound, year=year, note=said)
        service.add_fact(session, actor, fact)
    for name, town, amount_yuan, delivered in SOLD:
        _sell(session, actor, areas, (name, town, amount_yuan, delivered), on)
    partner = NewAgreement(
        f"{GUIDED_TOWN}-AG1", f"{GUIDED_TOWN}-GC", f"{GUIDED_TOWN}-PU", AgreementKind.JOINT_BUILDING,
        text("demo.bodies.agreement"), on,
    )  # fmt: skip
    service.add_agreement(session, actor, partner)


def _offices(on: date) -> Iterator[NewBody]:
    """Yield the 6 + 2 offices of each subdistrict."""
    for town in TOWNS:
        if town.kind != "subdistrict":
            continue
        for number, office in enumerate(Office, start=1):
            name = town.name + text(f"office.{office}")
            yield NewBody(
                f"{town.code}-N{number}", KIND.SUBDISTRICT_OFFICE, name, town.code, on, _made_up(), office=office
            )


def _others(on: date) -> Iterator[NewBody]:
    """Yield what towns and units have: committees, police, the guidance centre, a partner, organisations."""
    for town in TOWNS:
        stem = town.name.removesuffix("街道").removesuffix("镇")
        yield NewBody(
            f"{town.code}-PO",
            KIND.PARTY_ORGANISATION,
            text("demo.bodies.party", area=town.name),
            town.code,
            on,
            _made_up(),
        )
        yield NewBody(
            f"{town.code}-PS", KIND.POLICE_STATION, text("demo.bodies.police", area=stem), town.code, on, _made_up()
        )
    for unit in UNITS:
        named = text("demo.bodies.unit_committee", area=unit.name.removesuffix("社区"))
        yield NewBody(f"{unit.code}-UC", KIND.UNIT_COMMITTEE, named, unit.code, on, _made_up())
    guided, source = text("demo.bodies.guidance"), text("demo.bodies.source_a")
    yield NewBody(f"{GUIDED_TOWN}-GC", KIND.AUTONOMY_GUIDANCE_CENTRE, guided, GUIDED_TOWN, on, source)
    partner = text("demo.bodies.partner")
    yield NewBody(f"{GUIDED_TOWN}-PU", KIND.PARTNER_UNIT, partner, GUIDED_TOWN, on, _made_up())
    for name, code, *_ in SOLD:
        named = text(f"demo.bodies.organisation.{name}")
        yield NewBody(f"{code}-SO", KIND.SOCIAL_ORGANISATION, named, code, on, _made_up())


def _add_committees(session: Session, areas: gpd.GeoDataFrame, on: date) -> None:
    """Store the committee of every quarter with its members; where they are shared, owners' committees and firms too.

    Stored at once: one by one they would take longer than all else of the demo's government.
    """
    quarters = areas[areas["level"] == AreaLevel.RESIDENTIAL_QUARTER]
    bodies, posts, links = [], [], []
    for code, name in zip(quarters["code"], quarters["name"], strict=True):
        stem = str(name).removesuffix("居民区")
        kinds = [(KIND.RESIDENTS_COMMITTEE, "RC", "demo.bodies.committee")]
        if str(code).startswith(SHARED_TOWN):
            kinds.append((KIND.OWNERS_COMMITTEE, "OC", "demo.bodies.owners"))
            kinds.append((KIND.PROPERTY_FIRM, "PF", "demo.bodies.firm"))
            links.append({"body_code": f"{code}-RC", "post_code": "member", "serves_code": f"{code}-OC", "count": 2})
        bodies += [
            {"code": f"{code}-{short}", "kind": str(kind), "name": text(words, area=stem), "area_code": str(code)}
            for kind, short, words in kinds
        ]
        posts.append({"body_code": f"{code}-RC", "code": "member", "name": text("demo.bodies.member"), "count": 7})
    level = {"level": str(AreaLevel.RESIDENTIAL_QUARTER), "source": _made_up(), "valid_from": on}
    session.execute(insert(Body), [{**body, **level} for body in bodies])
    session.execute(insert(BodyPost), [{**post, "valid_from": on} for post in posts])
    session.execute(insert(PostLink), [{**link, "valid_from": on} for link in links])


def _add_village(session: Session, actor: Actor, code: str, on: date, *, wealth: float) -> None:
    """Give a village a supervision committee, and state its 三资 as made up."""
    service.add_body(
        session,
        actor,
        NewBody(
            f"{code}-SC", KIND.VILLAGE_SUPERVISION_COMMITTEE, text("demo.bodies.supervision"), code, on, _made_up()
        ),
    )
    service.set_post(session, actor, NewPost(f"{code}-SC", "member", text("demo.bodies.member"), 3, on))
    for kind, value, bound in WEALTH:
        service.add_fact(
            session, actor, NewFact(code, kind, round(value * wealth), on, _made_up(), bound, year=on.year)
        )


def _sell(
    session: Session, actor: Actor, areas: gpd.GeoDataFrame, sold: tuple[str, str, float | None, int | None], on: date
) -> None:
    """Note a service that a town's party organisation has bought for its first quarters."""
    name, town, amount_yuan, delivered = sold
    quarters = areas[areas["level"] == AreaLevel.RESIDENTIAL_QUARTER]["code"]
    there = tuple(sorted(code for code in quarters if str(code).startswith(town)))[:4]
    new = NewService(
        f"{town}-B{on.year}", f"{town}-SO", f"{town}-PO", text(f"demo.bodies.service.{name}"), on.year, _made_up(),
        area_codes=there, amount_yuan=amount_yuan, delivered=delivered,
    )  # fmt: skip
    service.add_service(session, actor, new)


def _made_up() -> str:
    return text("demo.bodies.made_up")
