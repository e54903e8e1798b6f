"""What the gazetteer answers."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from api.schemas import Answer, Asked, Latitude, Longitude, Shape
from gridmgmt.addresses.rules import AddressKind, Basis, MatchState, OtherName
from gridmgmt.areas.rules import AreaLevel

MOST_AT_ONCE = 500
Confidence = Annotated[float, Field(ge=0, le=1, description="0–1: how sure the answer is.", examples=[0.8])]
Point = Annotated[
    tuple[float, float] | None,
    Field(
        description="Longitude and latitude in degrees; null for one without a point.", examples=[(121.4427, 31.3406)]
    ),
]


class AreaOfOut(Answer):
    """An area that a point lies in."""

    level: AreaLevel
    code: str = Field(examples=["310113008"])
    name: str = Field(examples=["张庙街道"])


class HitOut(Answer):
    """One answer of the search."""

    kind: AddressKind | Literal["area"]
    name: str = Field(examples=["长江西路"])
    address: str | None = Field(description="The whole address without a room; null for an area.")
    code: str | None
    score: Confidence
    address_id: int | None = Field(description="Null for an area.")
    level: AreaLevel | None = Field(description="The level of an area; null for an address.")
    point: Point
    areas: list[AreaOfOut] = Field(description="The areas that the point lies in that day, the highest first.")
    called: str | None = Field(description="The other name by which it was found.")


class HitList(Shape):
    """The answers of a search, areas that fit first, then the best."""

    items: list[HitOut]


class OtherNameOut(Answer):
    """Another name of a place or of its road, and the days on which it was called so, where they are known."""

    name: str
    other: str
    kind: OtherName
    called_from: date | None
    called_to: date | None = Field(description="The first day on which it was not called so any more.")


class AddressOut(Answer):
    """One address of the gazetteer; rooms are not kept."""

    address_id: int
    kind: AddressKind
    code: str | None
    name: str | None
    address: str
    district: str | None
    town: str | None
    lane: int | None
    sublane: int | None
    number: int | None
    number_to: int | None = Field(description="The last of several numbers: 14 of 12-14号.")
    suffix: str | None = Field(description="What stands behind the number: 甲 of 500甲号.")
    lon: Longitude | None
    lat: Latitude | None


class AddressDetail(AddressOut):
    """An address with its other names and its areas."""

    other_names: list[OtherNameOut]
    areas: list[AreaOfOut]


class CandidateOut(Answer):
    """A point that an address may mean."""

    lon: Longitude
    lat: Latitude
    confidence: Confidence
    basis: Basis = Field(description="What the point stands on.")
    address: str
    name: str | None
    address_id: int | None
    areas: list[AreaOfOut]


class GeocodedOut(Answer):
    """The point of an address, or why there is none; nothing is guessed."""

    asked: str
    state: MatchState
    reason: str = Field(description="What the answer stands on, or why there is none, in words.")
    found: CandidateOut | None = Field(description="Null unless one candidate is sure enough and stands alone.")
    candidates: list[CandidateOut] = Field(description="The best first, found or not.")


class GeocodeAsk(Asked):
    """Addresses to geocode at once."""

    addresses: list[Annotated[str, Field(max_length=200)]] = Field(
        min_length=1, max_length=MOST_AT_ONCE, examples=[["上海市宝山区张庙街道长江西路1568弄12号"]]
    )
    least: Confidence | None = Field(default=None, description="Least confidence of what is found; 0.6 without it.")


class GeocodedList(Shape):
    """The answers, in the order of what was asked."""

    items: list[GeocodedOut]


class NearOut(AddressOut):
    """An address near a point."""

    distance_m: float = Field(description="Metres on the ellipsoid.", examples=[12.5])


class AddressesAt(Shape):
    """What is near a point, and the areas that it lies in."""

    items: list[NearOut]
    areas: list[AreaOfOut]


def near_out(row: Any, distance_m: float) -> NearOut:  # Any: read from its attributes
    """Return an address with its distance."""
    return NearOut(**AddressOut.model_validate(row).model_dump(), distance_m=distance_m)
