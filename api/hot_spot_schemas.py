"""Hot spots and repeated places as the interface answers them."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode

from pydantic import Field

from api.case_schemas import type_name
from api.indicator_schemas import Cases, CountedPeriodOut
from api.routes import PREFIX
from api.schemas import Answer, Box, Latitude, Longitude
from gridmgmt.cases.rules import CaseKind
from gridmgmt.catalogue.rules import Catalogue
from gridmgmt.hotspots.rules import COUNTED, UNKNOWN_PLACE, Span, SpotClass, SpotLevel
from gridmgmt.texts import Language, text

if TYPE_CHECKING:
    from gridmgmt.hotspots.service import HotSpot, HotSpots, RepeatedPlace, RepeatedPlaces


def list_address(span: Span, **where: object) -> str:
    """Return the address of the list of the cases of a span that also meet what is given."""
    named = {
        "measure": "reported",
        "counted_from": span.first,
        "counted_to": span.last,
        "type": span.type,
        "kind": span.kind,
        "without_flag": UNKNOWN_PLACE,
        **where,
        "state": [str(state) for state in COUNTED],
    }
    given = {name: value for name, value in named.items() if value is not None}
    return f"{PREFIX}/cases?{urlencode(given, doseq=True, safe=',')}"


class HotSpotFilters(Answer):
    """What the cases were narrowed by."""

    type: str | None
    kind: CaseKind | None


class HotSpotBasis(Answer):
    """What was compared, and what was left out."""

    areas_on: date = Field(description="The day whose areas were compared: the last of the period.")
    redrawn: bool = Field(description="Boundaries changed after the first day: every case is placed anew by its point.")
    areas: int = Field(description="How many areas were compared.", examples=[24211])
    cases: int = Field(description="Cases in them: reported in the period, neither rejected, void nor duplicates.")
    outside: int = Field(description="Cases in none of the areas; left out.")
    unknown_place: int = Field(description="Cases whose point stands for an unknown place; left out.")
    permutations: int
    least_p: float = Field(description="No p-value is smaller: 2 / (permutations + 1).", examples=[0.00002])


class HotSpotOut(Answer):
    """One significant area."""

    code: str = Field(examples=["310113109001001"])
    name: str
    parent_name: str | None = Field(description="The area above it, such as the quarter of a cell.")
    spot: SpotClass
    spot_text: str = Field(examples=["热点"])
    count: int = Field(description="Its own cases.", examples=[37])
    cases: str = Cases
    area_m2: float
    density_per_km2: float = Field(description="Its own cases per km².")
    z: float = Field(description="Gi*, in standard deviations.", examples=[6.31])
    p: float = Field(
        description="Two-sided, the greater of two: of conditional permutations, and of cases strewn over the land."
    )
    adjusted_p: float = Field(description="The least false discovery rate at which it is found (Benjamini–Hochberg).")
    neighbours: int = Field(description="How many areas touch it.")
    lon: Longitude
    lat: Latitude
    bbox: Box


class HotSpotsOut(Answer):
    """The significant areas: hot ones by z from the highest, then cold ones by z from the lowest."""

    period: CountedPeriodOut
    level: SpotLevel
    filters: HotSpotFilters
    false_discovery: float
    basis: HotSpotBasis
    synthetic: bool
    note: str = Field(description="What the test says and does not say.")
    items: list[HotSpotOut]


class HotSpotFeature(Answer):
    """One significant area with its surface; `properties` as in the list."""

    type: Literal["Feature"] = "Feature"
    id: str
    geometry: dict[str, Any]
    properties: HotSpotOut


class HotSpotFeatures(Answer):
    """The significant areas as a layer of the map."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[HotSpotFeature]


class TypeCount(Answer):
    """Cases of one type."""

    code: str
    name: str | None
    count: int


class RepeatedPlaceOut(Answer):
    """One place to which cases come again."""

    lon: Longitude
    lat: Latitude
    count: int = Field(description="Cases no further than `within_m` from it.", examples=[12])
    cases: str = Cases
    types: list[TypeCount] = Field(description="The most frequent first.")
    first_at: datetime
    last_at: datetime
    last_case_no: str
    address: str | None = Field(description="Of the case reported last.")
    town_code: str | None


class RepeatedPlacesOut(Answer):
    """The fullest places, by number of cases."""

    period: CountedPeriodOut
    filters: HotSpotFilters
    within_m: float
    least: int
    same_type: bool
    cases: int = Field(description="Cases that were looked at.")
    unknown_place: int = Field(description="Cases left out: their point stands for an unknown place.")
    places_found: int = Field(description="How many places there are; `items` has the fullest.")
    synthetic: bool
    note: str
    items: list[RepeatedPlaceOut]


def hot_spots_out(found: "HotSpots", lang: Language, *, synthetic: bool) -> HotSpotsOut:
    """Return hot spots as the interface answers them."""
    question = found.question
    return HotSpotsOut(
        period=period_out(question.span),
        level=question.level,
        filters=HotSpotFilters.model_validate(question.span),
        false_discovery=question.false_discovery,
        basis=HotSpotBasis.model_validate({**vars(found), "least_p": 2 / (found.permutations + 1)}),
        synthetic=synthetic,
        note=text("hotspots.note", lang),
        items=[hot_spot_out(spot, found, lang) for spot in found.spots],
    )


def hot_spot_out(spot: "HotSpot", found: "HotSpots", lang: Language) -> HotSpotOut:
    """Return one significant area."""
    placed = {"areas_on": found.areas_on} if found.redrawn else {}
    lon, lat = spot.centre
    return HotSpotOut.model_validate(
        {
            **vars(spot),
            "spot_text": text(f"spot_class.{spot.spot}", lang),
            "cases": list_address(found.question.span, area=spot.code, **placed),
            "lon": lon,
            "lat": lat,
            "bbox": spot.bounds,
        }
    )


def repeated_places_out(
    found: "RepeatedPlaces", known: Catalogue | None, lang: Language, *, synthetic: bool
) -> RepeatedPlacesOut:
    """Return repeated places as the interface answers them."""
    question = found.question
    return RepeatedPlacesOut(
        period=period_out(question.span),
        filters=HotSpotFilters.model_validate(question.span),
        within_m=question.within_m,
        least=question.least,
        same_type=question.same_type,
        cases=found.cases,
        unknown_place=found.unknown_place,
        places_found=found.places_found,
        synthetic=synthetic,
        note=text("hotspots.repeats_note", lang),
        items=[_place_out(place, found, known, lang) for place in found.places],
    )


def _place_out(
    place: "RepeatedPlace", found: "RepeatedPlaces", known: Catalogue | None, lang: Language
) -> RepeatedPlaceOut:
    near = f"{place.lon!r},{place.lat!r},{found.question.within_m!r}"
    of_type = {"type": place.types[0][0]} if found.question.same_type else {}
    types = [TypeCount(code=code, name=type_name(known, code, lang), count=count) for code, count in place.types]
    return RepeatedPlaceOut.model_validate(
        {**vars(place), "types": types, "cases": list_address(found.question.span, near=near, **of_type)}
    )


def period_out(span: Span) -> CountedPeriodOut:
    """Return the days of a span."""
    return CountedPeriodOut(first=span.first, last=span.last)
