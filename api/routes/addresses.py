"""The gazetteer: search in one box, address → point, point → address."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.access import asks
from api.address_schemas import (
    AddressDetail,
    AddressesAt,
    AddressOut,
    AreaOfOut,
    GeocodeAsk,
    GeocodedList,
    GeocodedOut,
    HitList,
    HitOut,
    OtherNameOut,
    near_out,
)
from api.context import OnDate, RequestSession
from api.language import Lang
from api.routes import PREFIX
from gridmgmt.access.rules import Permission
from gridmgmt.addresses import geocoding, queries
from gridmgmt.addresses.rules import FOUND_FROM
from gridmgmt.addresses.search import LONGEST_ASKED, search
from gridmgmt.texts import Language, text

router = APIRouter(prefix=f"{PREFIX}/addresses", tags=["addresses"], dependencies=[asks(Permission.READ)])

_POSITION = r"^-?\d{1,3}(\.\d{1,15})?,-?\d{1,3}(\.\d{1,15})?$"

Least = Annotated[float, Query(ge=0, le=1, description="Least confidence of what is given as found.")]


@router.get("", summary="Areas and addresses by name, pinyin, number or code")
def search_addresses(
    session: RequestSession,
    on: OnDate,
    q: Annotated[
        str,
        Query(
            min_length=1,
            max_length=LONGEST_ASKED,
            description="Any part of a Chinese name, an address, pinyin or a part of it, initials, a code; one "
            "character of three or more may be mistaken, missing, too many or swapped with its neighbour.",
            openapi_examples={"an address": {"value": "长江西路1568弄12号"}, "initials": {"value": "cjxl1568"}},
        ),
    ],
    limit: Annotated[int, Query(ge=1, le=10, description="Answers at most.")] = 10,
    near: Annotated[
        str | None,
        Query(
            pattern=_POSITION,
            description="Degrees east and north, apart by a comma: of what fits equally well the nearest comes first, "
            "as many names do of which only initials are given.",
            openapi_examples={"the middle of a map": {"value": "121.4427,31.3406"}},
        ),
    ] = None,
) -> HitList:
    """Find areas first where they fit as well, then addresses, the best first; former names find them too."""
    place = None if near is None else (float(near.partition(",")[0]), float(near.partition(",")[2]))
    return HitList(items=[HitOut.model_validate(hit) for hit in search(session, q, on, limit=limit, near=place)])


@router.get("/geocode", summary="The point of an address")
def geocode_address(
    session: RequestSession,
    on: OnDate,
    lang: Lang,
    address: Annotated[
        str,
        Query(
            min_length=1,
            max_length=200,
            description="An address or the name of a place.",
            openapi_examples={"an address": {"value": "张庙街道长江西路1568弄12号"}},
        ),
    ],
    least: Least = FOUND_FROM,
) -> GeocodedOut:
    """Return the point with its confidence and what it stands on, or only the candidates; nothing is guessed."""
    return _geocoded(geocoding.geocode(session, address, on, least=least), lang)


@router.post("/geocode", summary="The points of many addresses")
def geocode_addresses(session: RequestSession, on: OnDate, lang: Lang, asked: GeocodeAsk) -> GeocodedList:
    """Geocode up to 500 addresses, each as for one alone; tables of any length: ``gridmgmt addresses match``."""
    least = FOUND_FROM if asked.least is None else asked.least
    found = (geocoding.geocode(session, each, on, least=least) for each in asked.addresses)
    return GeocodedList(items=[_geocoded(one, lang) for one in found])


@router.get("/at", summary="The addresses nearest to a point")
def read_addresses_at(
    session: RequestSession,
    on: OnDate,
    lon: Annotated[float, Query(description="Degrees east.", openapi_examples={"a place": {"value": 121.4427}})],
    lat: Annotated[float, Query(description="Degrees north.", openapi_examples={"a place": {"value": 31.3406}})],
    within_m: Annotated[float, Query(ge=0, le=5_000, description="Metres from the point at most.")] = 200.0,
) -> AddressesAt:
    """List doors, compounds and other places around a point, nearest first, and the areas that it lies in."""
    found = geocoding.addresses_at(session, lon, lat, on, within_m=within_m)
    return AddressesAt(
        items=[near_out(row, away_m) for row, away_m in found.addresses],
        areas=[AreaOfOut.model_validate(area) for area in found.areas],
    )


@router.get("/{address_id}", summary="One address with its other names and its areas")
def read_address(
    session: RequestSession, on: OnDate, address_id: Annotated[int, Path(ge=1, le=2**63 - 1, description="Its number.")]
) -> AddressDetail:
    """Return an address of any edition; other names as of the day, with the days on which they were used."""
    row = queries.address_by_id(session, address_id)
    own = [name_id for name_id in (row.name_id, row.base_id) if name_id is not None]
    areas = queries.areas_of(session, on, [(row.lon, row.lat)] if row.lon is not None and row.lat is not None else [])
    return AddressDetail(
        **AddressOut.model_validate(row).model_dump(),
        other_names=[OtherNameOut.model_validate(other) for other in queries.known_as(session, on, own=own)],
        areas=[AreaOfOut.model_validate(area) for each in areas for area in each],
    )


def _geocoded(found: geocoding.Geocoded, lang: Language) -> GeocodedOut:
    prefix = "geocode_reason" if found.found is None else "address_basis"
    return GeocodedOut.model_validate(found).model_copy(update={"reason": text(f"{prefix}.{found.reason}", lang)})
