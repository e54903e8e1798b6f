"""Where a form says that something is: by coordinates, by an address in words, or by its number in the gazetteer."""

from dataclasses import dataclass
from datetime import date

from pyproj import Geod

from gridmgmt.addresses import geocoding
from gridmgmt.addresses.queries import address_by_id
from gridmgmt.addresses.rules import Basis, MatchState
from gridmgmt.db import Session
from gridmgmt.errors import InputError, NotFoundError
from gridmgmt.open311.forms import Form

APART_M = 500.0
"""An address that is known to the door may lie this far from the coordinates that are given with it."""

_ELLIPSOID = Geod(ellps="WGS84")
_MOST_NAMED = 3


@dataclass(frozen=True)
class Place:
    """A point in WGS 84 degrees with its address."""

    lon: float
    lat: float
    address: str | None


def place_of(session: Session, form: Form, on: date) -> Place:
    """Return the place that a form means: its coordinates where it gives them, else that of its address.

    Raises
    ------
    InputError
        ``open311_address_unknown``, ``open311_address_ambiguous``; ``open311_address_apart`` where an address that is
        known to the door lies elsewhere than the coordinates.
    """
    if form.lon is None or form.lat is None:
        known = _of_id(session, form) or _of_words(session, form, on)
        return Place(known.lon, known.lat, form.address_string or known.address)
    beside = _of_id(session, form) or _door(session, form, on)
    if beside is None:
        return Place(form.lon, form.lat, form.address_string)
    apart_m = _ELLIPSOID.inv(form.lon, form.lat, beside.lon, beside.lat)[2]
    if apart_m > APART_M:
        far = {"distance_m": round(apart_m), "maximum_m": round(APART_M)}
        raise InputError("open311_address_apart", field="address_string", value=beside.address, **far)
    return Place(form.lon, form.lat, form.address_string or beside.address)


def _of_id(session: Session, form: Form) -> Place | None:
    """Return the place of an address by its number, None where the form gives none."""
    if form.address_id is None:
        return None
    try:
        row = address_by_id(session, form.address_id)
    except NotFoundError:
        row = None
    if row is None or row.lon is None or row.lat is None:
        raise InputError("open311_address_unknown", field="address_id", value=form.address_id, candidates="—")
    return Place(row.lon, row.lat, row.address)


def _of_words(session: Session, form: Form, on: date) -> Place:
    """Return the place of an address in words; never one that is not sure, nor one of several."""
    asked = form.address_string or ""
    geocoded = geocoding.geocode(session, asked, on)
    if (at := geocoded.found) is not None:
        return Place(at.lon, at.lat, at.address)
    named = "; ".join(each.address for each in geocoded.candidates[:_MOST_NAMED]) or "—"
    if geocoded.state is MatchState.AMBIGUOUS:
        raise InputError("open311_address_ambiguous", field="address_string", value=asked[:80], candidates=named)
    raise InputError("open311_address_unknown", field="address_string", value=asked[:80], candidates=named)


def _door(session: Session, form: Form, on: date) -> Place | None:
    """Return the place of an address in words that is known to the door, None for any other."""
    at = None if form.address_string is None else geocoding.geocode(session, form.address_string, on).found
    return Place(at.lon, at.lat, at.address) if at is not None and at.basis is Basis.EXACT_DOOR else None
