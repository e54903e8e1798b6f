"""Reading bodies with their posts, links, services and agreements; and which offices subdistricts lack."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, func, or_, select, tuple_

from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import area_in_force, at_or_below, in_force_on
from gridmgmt.areas.rules import AreaKind, AreaLevel
from gridmgmt.bodies.models import (
    Body,
    BodyAgreement,
    BodyPost,
    PostLink,
    PurchasedService,
    PurchasedServiceArea,
)
from gridmgmt.bodies.rules import AgreementKind, Office, OfficesOf, OrganisationKind, offices_of
from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError
from gridmgmt.governance.queries import held, holds_on


@dataclass(frozen=True)
class BodyFilter:
    """What bodies must be; None and empty texts are no condition.

    ``area`` is an area's code, with all below it unless ``below`` is False; ``q`` is part of the name, or the beginning
    of the code.
    """

    area: str | None = None
    below: bool = True
    kind: OrganisationKind | None = None
    parent_code: str | None = None
    q: str | None = None


@dataclass(frozen=True)
class BodySummary:
    """A body as it is on a day; ``posts`` are all that it has, ``area_name`` None where the area is no more."""

    code: str
    kind: OrganisationKind
    office: Office | None
    name: str
    level: AreaLevel
    area_code: str
    area_name: str | None
    parent_code: str | None
    source: str
    valid_from: date
    valid_to: date | None
    posts: int


@dataclass(frozen=True)
class Link:
    """So many posts of one body that serve in another too, seen from either."""

    post_code: str
    post_name: str | None
    body_code: str
    body_name: str | None
    count: int


@dataclass(frozen=True)
class PostHeld:
    """Posts of a body under one name, with the bodies that some serve in too."""

    code: str
    name: str
    count: int
    valid_from: date
    valid_to: date | None
    serves: tuple[Link, ...]


@dataclass(frozen=True)
class ServiceFilter:
    """What bought services must be; None is no condition.

    ``body`` sells or buys them; ``area`` counts with all below it.
    """

    body: str | None = None
    area: str | None = None
    year: int | None = None


@dataclass(frozen=True)
class ServiceBought:
    """A bought service with the names of both bodies as of the end of its year, and where it is delivered."""

    code: str
    name: str
    organisation_code: str
    organisation_name: str | None
    buyer_code: str
    buyer_name: str | None
    year: int
    amount_yuan: float | None
    delivered: int | None
    source: str
    area_codes: tuple[str, ...]


@dataclass(frozen=True)
class Agreement:
    """An agreement, seen from one of its two bodies: ``partner`` is the other."""

    code: str
    kind: AgreementKind
    name: str
    partner_code: str
    partner_name: str | None
    valid_from: date
    valid_to: date | None


def body_summaries(
    session: Session, on: date, wanted: BodyFilter, *, after: str | None = None, limit: int = 100
) -> list[BodySummary]:
    """Return bodies of a day by code, at most ``limit``, behind the code ``after``.

    Raises
    ------
    NotFoundError
        ``area_unknown``.
    """
    statement = _select_bodies(on).where(holds_on(Body, on), *_conditions(session, wanted, on)).order_by(Body.code)
    if after is not None:
        statement = statement.where(Body.code > after)
    return [_summary(row) for row in session.execute(statement.limit(limit)).mappings()]


def body_on(session: Session, code: str, on: date) -> BodySummary:
    """Return a body as it is on a day.

    Raises
    ------
    NotFoundError
        ``body_unknown``.
    """
    row = session.execute(_select_bodies(on).where(Body.code == code, holds_on(Body, on))).mappings().one_or_none()
    if row is None:
        raise NotFoundError("body_unknown", field="code", value=code, on=on)
    return _summary(row)


def body_row(session: Session, code: str, on: date, *, field: str = "code") -> Body:
    """Return the row of a body that holds on a day.

    Raises
    ------
    NotFoundError
        ``body_unknown``.
    """
    row = held(session, Body, on, Body.code == code)
    if row is None:
        raise NotFoundError("body_unknown", field=field, value=code, on=on)
    return row


def was_ever(session: Session, code: str) -> bool:
    """Tell whether a code has ever been that of a body."""
    return session.scalar(select(Body.body_id).where(Body.code == code).limit(1)) is not None


def history(session: Session, code: str) -> list[BodySummary]:
    """Return all that was ever said of a body, the newest first; what never held is left out."""
    held_once = or_(Body.valid_to.is_(None), Body.valid_to > Body.valid_from)
    statement = _select_bodies(date.max).where(Body.code == code, held_once).order_by(Body.valid_from.desc())
    return [_summary(row) for row in session.execute(statement).mappings()]


def posts_of(session: Session, code: str, on: date) -> list[PostHeld]:
    """Return the posts of a body on a day by code, each with the bodies that some of them serve in too."""
    serving: dict[str, list[Link]] = defaultdict(list)
    for post_code, link in _links(session, on, PostLink.body_code == code, PostLink.serves_code):
        serving[post_code].append(link)
    statement = select(BodyPost).where(BodyPost.body_code == code, holds_on(BodyPost, on)).order_by(BodyPost.code)
    return [
        PostHeld(row.code, row.name, row.count, row.valid_from, row.valid_to, tuple(serving[row.code]))
        for row in session.scalars(statement)
    ]


def serving_in(session: Session, code: str, on: date) -> list[Link]:
    """Return the posts of other bodies that serve in a body on a day."""
    return [link for _, link in _links(session, on, PostLink.serves_code == code, PostLink.body_code)]


def purchased_services(
    session: Session, on: date, wanted: ServiceFilter, *, after: str | None = None, limit: int = 100
) -> list[ServiceBought]:
    """Return bought services by code, at most ``limit``; ``on`` is the day whose areas a filter means.

    Raises
    ------
    NotFoundError
        ``area_unknown``.
    """
    statement = _select_services().order_by(PurchasedService.code).limit(limit)
    if after is not None:
        statement = statement.where(PurchasedService.code > after)
    if wanted.body is not None:
        of_body = or_(PurchasedService.organisation_code == wanted.body, PurchasedService.buyer_code == wanted.body)
        statement = statement.where(of_body)
    if wanted.year is not None:
        statement = statement.where(PurchasedService.year == wanted.year)
    if wanted.area is not None:
        place = tuple_(PurchasedServiceArea.level, PurchasedServiceArea.area_code)
        there = select(PurchasedServiceArea.service_id).where(place.in_(places_below(session, wanted.area, on)))
        statement = statement.where(PurchasedService.service_id.in_(there))
    return [_service(row) for row in session.execute(statement).mappings()]


def purchased_service(session: Session, code: str) -> ServiceBought:
    """Return the bought service of a code.

    Raises
    ------
    NotFoundError
        ``purchased_service_unknown``.
    """
    row = session.execute(_select_services().where(PurchasedService.code == code)).mappings().one_or_none()
    if row is None:
        raise NotFoundError("purchased_service_unknown", field="code", value=code)
    return _service(row)


def agreements_of(session: Session, code: str, on: date) -> list[Agreement]:
    """Return the agreements of a body on a day, its own and those in which it is the partner, by code."""
    statement = (
        select(BodyAgreement)
        .where(or_(BodyAgreement.body_code == code, BodyAgreement.partner_code == code), holds_on(BodyAgreement, on))
        .order_by(BodyAgreement.code)
    )
    found = session.scalars(statement).all()
    others = {row.code: row.partner_code if row.body_code == code else row.body_code for row in found}
    names = names_of(session, others.values(), on)
    return [
        Agreement(
            row.code,
            AgreementKind(row.kind),
            row.name,
            others[row.code],
            names.get(others[row.code]),
            row.valid_from,
            row.valid_to,
        )
        for row in found
    ]


def names_of(session: Session, codes: Iterable[str], on: date) -> dict[str, str]:
    """Return the names that bodies have on a day, by code; none for those that are no more."""
    statement = select(Body.code, Body.name).where(Body.code == func.any(sorted(set(codes))), holds_on(Body, on))
    return {row.code: row.name for row in session.execute(statement)}


def subdistrict_offices(session: Session, on: date) -> list[OfficesOf]:
    """Return which of the 6 + 2 offices each subdistrict of a day has and lacks, by code."""
    held_by: dict[str, set[Office]] = defaultdict(set)
    offices = select(Body.area_code, Body.office).where(
        Body.kind == OrganisationKind.SUBDISTRICT_OFFICE, Body.level == AreaLevel.TOWN, holds_on(Body, on)
    )
    for area_code, office in session.execute(offices):
        if office is not None:
            held_by[area_code].add(Office(office))
    streets = (
        select(Area.code, Area.name)
        .where(Area.level == AreaLevel.TOWN, Area.kind == AreaKind.SUBDISTRICT, in_force_on(on))
        .order_by(Area.code)
    )
    return [offices_of(code, name, held_by[code]) for code, name in session.execute(streets)]


def area_of(session: Session, code: str, on: date, level: AreaLevel | None) -> Area:
    """Return the area that a body or fact is said to be of, the highest of its code without a level.

    Raises
    ------
    NotFoundError
        ``body_area_unknown``, which names the field.
    """
    try:
        return area_in_force(session, code, on, level=level)
    except NotFoundError as error:
        raise NotFoundError("body_area_unknown", field="area_code", value=code, on=on) from error


def places_below(session: Session, code: str, on: date) -> Select[str, str]:
    """Return the statement that selects level and code of an area of a day and of all below it.

    Raises
    ------
    NotFoundError
        ``area_unknown``.
    """
    area_id = area_in_force(session, code, on).area_id
    return select(Area.level, Area.code).where(Area.area_id.in_(at_or_below(area_id, on)))


def area_name(model: type[Body] | Any, on: date) -> ColumnElement[str | None]:  # Any: other tables that name an area
    """Return the name of the area that a row names by level and code, as of a day."""
    named = select(func.min(Area.name)).where(Area.level == model.level, Area.code == model.area_code, in_force_on(on))
    return named.scalar_subquery()


def _select_bodies(on: date) -> Select[*tuple[Any, ...]]:
    posts = select(func.coalesce(func.sum(BodyPost.count), 0).cast(Integer)).where(
        BodyPost.body_code == Body.code, holds_on(BodyPost, on)
    )
    return select(Body, area_name(Body, on).label("area_name"), posts.scalar_subquery().label("posts"))


def _summary(row: Any) -> BodySummary:  # Any: a mapping of the columns of the statement above
    body: Body = row["Body"]
    return BodySummary(
        code=body.code,
        kind=OrganisationKind(body.kind),
        office=None if body.office is None else Office(body.office),
        name=body.name,
        level=AreaLevel(body.level),
        area_code=body.area_code,
        area_name=row["area_name"],
        parent_code=body.parent_code,
        source=body.source,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        posts=row["posts"],
    )


def _conditions(session: Session, wanted: BodyFilter, on: date) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.area is not None and wanted.below:
        found.append(tuple_(Body.level, Body.area_code).in_(places_below(session, wanted.area, on)))
    elif wanted.area is not None:
        area = area_in_force(session, wanted.area, on)
        found.append(and_(Body.level == area.level, Body.area_code == area.code))
    if wanted.kind is not None:
        found.append(Body.kind == wanted.kind)
    if wanted.parent_code is not None:
        found.append(Body.parent_code == wanted.parent_code)
    if wanted.q:
        named = Body.name.contains(wanted.q, autoescape=True)
        found.append(or_(named, Body.code.startswith(wanted.q, autoescape=True)))
    return found


def _links(
    session: Session, on: date, condition: ColumnElement[bool], other: Any
) -> list[tuple[str, Link]]:  # Any: a column that names the other body
    """Return links of a day that a condition selects, each with its post, by post and other body."""
    post_name = select(BodyPost.name).where(
        BodyPost.body_code == PostLink.body_code, BodyPost.code == PostLink.post_code, holds_on(BodyPost, on)
    )
    statement = (
        select(PostLink.post_code, post_name.scalar_subquery(), other, PostLink.count)
        .where(condition, holds_on(PostLink, on))
        .order_by(PostLink.post_code, other)
    )
    found = session.execute(statement).all()
    names = names_of(session, [code for _, _, code, _ in found], on)
    return [(post, Link(post, name, code, names.get(code), count)) for post, name, code, count in found]


def _select_services() -> Select[*tuple[Any, ...]]:
    def name(code: Any) -> Any:  # a column, and a subquery
        last = select(Body.name).where(
            Body.code == code, Body.valid_from <= func.make_date(PurchasedService.year, 12, 31)
        )
        return last.order_by(Body.valid_from.desc()).limit(1).scalar_subquery()

    places = select(func.array_agg(PurchasedServiceArea.area_code)).where(
        PurchasedServiceArea.service_id == PurchasedService.service_id
    )
    plain = ("code", "name", "organisation_code", "buyer_code", "year", "amount_yuan", "delivered", "source")
    return select(
        *(getattr(PurchasedService, column) for column in plain),
        name(PurchasedService.organisation_code).label("organisation_name"),
        name(PurchasedService.buyer_code).label("buyer_name"),
        places.scalar_subquery().label("area_codes"),
    )


def _service(row: Any) -> ServiceBought:  # Any: a mapping of the columns of the statement above
    return ServiceBought(**{**row, "area_codes": tuple(sorted(row["area_codes"] or ()))})
