"""What the interface asks and says about bodies, their posts and services, and facts of areas."""

from datetime import date
from typing import Annotated

from pydantic import Field, StrictInt

from api.schemas import Answer, Asked, Shape
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.bodies.rules import (
    MAX_COUNT,
    MAX_DELIVERED,
    MAX_VALUE,
    AgreementKind,
    FactBound,
    FactUnit,
    Office,
    OrganisationKind,
)

BodyCode = Annotated[str, Field(max_length=64, description="Code of a body.", examples=["310113003-N8"])]
AreaCode = Annotated[str, Field(max_length=64, description="Code of an area.", examples=["310113003"])]
Words = Annotated[str, Field(min_length=1, max_length=500)]
FromDay = Annotated[date | None, Field(description="The first day; today without it.")]
Level = Annotated[AreaLevel | None, Field(description="Level of the area; the highest of that code without it.")]
Count = Annotated[StrictInt, Field(ge=1, le=MAX_COUNT)]
Yuan = Annotated[float | None, Field(ge=0, le=MAX_VALUE, description="Yuan; null where the price is not known.")]
Delivered = Annotated[
    StrictInt | None, Field(ge=0, le=MAX_DELIVERED, description="How often; null where nobody has counted.")
]


class BodyOut(Answer):
    """A body of an area as it is on a day."""

    code: str
    kind: OrganisationKind
    kind_name: str
    office: Office | None = Field(description="Which office it is, of a subdistrict's office.")
    name: str
    level: AreaLevel
    area_code: str
    area_name: str | None = Field(description="Null where the area is not in force that day.")
    parent_code: str | None = Field(description="The body that it belongs to.")
    source: str
    valid_from: date
    valid_to: date | None
    posts: int = Field(description="All posts that it has.")


class BodyVersion(Answer):
    """What was said of a body from a day until before another."""

    name: str
    area_code: str
    parent_code: str | None
    source: str
    valid_from: date
    valid_to: date | None


class PostLinkOut(Answer):
    """So many posts of a body that serve in another too; `body_code` is that of the other side."""

    post_code: str
    post_name: str | None
    body_code: str
    body_name: str | None
    count: int


class BodyPostOut(Answer):
    """So many posts of a body under one name; never who fills them."""

    code: str
    name: str
    count: int
    valid_from: date
    valid_to: date | None
    serves: list[PostLinkOut] = Field(description="The bodies that some of them serve in too.")


class PurchasedServiceOut(Answer):
    """A service that a body has bought of a social organisation for a year."""

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
    area_codes: list[str] = Field(description="Where it is delivered.")


class BodyAgreementOut(Answer):
    """An agreement, seen from one of its two bodies."""

    code: str
    kind: AgreementKind
    name: str
    partner_code: str
    partner_name: str | None
    valid_from: date
    valid_to: date | None


class BodyDetail(BodyOut):
    """A body with all that belongs to it on a day."""

    post_list: list[BodyPostOut]
    serving_here: list[PostLinkOut] = Field(description="Posts of other bodies that serve in this one.")
    services: list[PurchasedServiceOut] = Field(description="What it has sold or bought, of all years; 100 at most.")
    agreements: list[BodyAgreementOut]
    history: list[BodyVersion] = Field(description="All that was ever said of it, the newest first.")


class BodyAsk(Asked):
    """A body to be set up; its name is never that of a person."""

    code: BodyCode
    kind: OrganisationKind
    name: Words
    area_code: AreaCode
    level: Level = None
    parent_code: BodyCode | None = None
    office: Office | None = Field(default=None, description="Needed of a subdistrict's office, and of nothing else.")
    source: Words
    on: FromDay = None


class BodyChangeAsk(Asked):
    """What is to be said of a body from a day on; what is not given stays as it is."""

    name: Words | None = None
    area_code: AreaCode | None = None
    level: Level = None
    parent_code: BodyCode | None = None
    office: Office | None = None
    source: Words | None = None
    on: FromDay = None


class BodyPostAsk(Asked):
    """So many posts of a body under one name from a day on; an office, never a person."""

    code: BodyCode
    name: Words
    count: Count
    on: FromDay = None


class PostLinkAsk(Asked):
    """So many of these posts serve in another body too from a day on."""

    serves_code: BodyCode
    count: Count
    on: FromDay = None


class PurchasedServiceAsk(Asked):
    """A service bought of a social organisation for a year."""

    code: BodyCode
    organisation_code: BodyCode
    buyer_code: BodyCode
    name: Words
    year: StrictInt
    source: Words
    area_codes: list[AreaCode] = Field(default=[], max_length=1000)
    amount_yuan: Yuan = None
    delivered: Delivered = None


class PurchasedServiceChangeAsk(Asked):
    """What a bought service cost and how often it was delivered, filled in or put right."""

    name: Words | None = None
    source: Words | None = None
    amount_yuan: Yuan = None
    delivered: Delivered = None


class BodyAgreementAsk(Asked):
    """An agreement with a partner unit from a day on."""

    code: BodyCode
    partner_code: BodyCode
    kind: AgreementKind
    name: Words
    on: FromDay = None


class SubdistrictOfficesOut(Answer):
    """Which of the 6 + 2 offices a subdistrict has, and which it lacks."""

    code: str
    name: str
    held: list[Office]
    missing: list[Office]


class SubdistrictOffices(Shape):
    """The offices of the subdistricts of a day, by code; `expected` are 8 for each."""

    items: list[SubdistrictOfficesOut]
    expected: int
    held: int


class FactKindOut(Answer):
    """A kind of facts."""

    code: str
    name_zh: str
    name_en: str
    unit: FactUnit
    additive: bool = Field(description="Its numbers may be added up over areas.")


class FactKinds(Shape):
    """Kinds of facts by code."""

    items: list[FactKindOut]


class FactKindAsk(Asked):
    """A kind of facts to be added."""

    code: BodyCode
    name_zh: Words
    name_en: Words
    unit: FactUnit
    additive: bool = False


class AreaFactOut(Answer):
    """A number that a source states of an area; `shown` has the sign of its bound."""

    fact_id: int
    level: AreaLevel
    area_code: str
    area_name: str | None
    kind: str
    kind_name: str
    value: float
    unit: FactUnit
    unit_name: str
    bound: FactBound = Field(description="How the source means the number; never an equality where it is a bound.")
    shown: str = Field(examples=["≥ 310,000,000"])
    year: int | None = Field(description="Where the source names no more than a year.")
    source: str
    note: str | None
    valid_from: date
    valid_to: date | None


class AreaFactAsk(Asked):
    """A number that a source states of an area for a day (`on`) or a year; today without either."""

    area_code: AreaCode
    level: Level = None
    kind: Annotated[str, Field(max_length=64, description="Code of a kind of facts.", examples=["village_assets"])]
    value: float = Field(ge=0, le=MAX_VALUE, allow_inf_nan=False)
    unit: FactUnit | None = Field(default=None, description="As the source has it; refused where it is another.")
    bound: FactBound = FactBound.EXACT
    on: date | None = None
    year: StrictInt | None = None
    source: Words
    note: Words | None = None


class FactTotalOut(Answer):
    """What the facts of a kind, a source and a level add up to, with the bound of the sum."""

    level: AreaLevel
    kind: str
    kind_name: str
    unit: FactUnit
    source: str
    areas: int
    value: float
    bound: FactBound
    shown: str


class FactTotals(Shape):
    """Sums of the additive kinds over an area and all below it."""

    items: list[FactTotalOut]
