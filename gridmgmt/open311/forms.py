"""What the form of a new request says; no database."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from gridmgmt.casework.asking import checked_fields
from gridmgmt.catalogue.rules import CaseType, FieldSpec, FieldType
from gridmgmt.errors import InputError
from gridmgmt.open311.rules import Errors

MOST_CHARACTERS_OF_URL = 2_000
CONTACT = ("first_name", "last_name", "phone", "email")
"""What a form may say of whoever reports and is kept, apart from the case. ``device_id`` and ``account_id`` are not."""

Pairs = Sequence[tuple[str, str]]

_URL = re.compile(r"https?://[^\s\x00-\x20<>\"']+", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"attribute\[([^\[\]]{1,64})\](?:\[\d{0,4}\])?")
_PLACE = frozenset({"lat", "long", "address_string", "address_id"})
_SHOWN = 80


@dataclass(frozen=True)
class Form:
    """What a new request says: texts as they came, contact data apart, the values of attributes by their codes.

    ``lon`` and ``lat`` (WGS 84 degrees) are both given or both None.
    """

    service_code: str = ""
    jurisdiction_id: str | None = None
    lon: float | None = None
    lat: float | None = None
    address_string: str | None = None
    address_id: int | None = None
    description: str | None = None
    media_url: str | None = None
    contact: Mapping[str, str] = field(default_factory=dict, repr=False)
    attributes: Mapping[str, Sequence[str]] = field(default_factory=dict)


def form_of(pairs: Pairs) -> Form:
    """Return what the pairs of a form say; an empty value counts as not given, of several of a name the last.

    Raises
    ------
    ExceptionGroup
        Of one `InputError` for each value that is missing or cannot be used.
    """
    given = {name: value.strip() for name, value in pairs if value.strip()}
    errors = Errors()
    errors.value(lambda: _require(given), None)
    lon, lat = errors.value(lambda: _position(given), (None, None))
    address_id = errors.value(lambda: _address_id(given.get("address_id")), None)
    media_url = errors.value(lambda: _media_url(given.get("media_url")), None)
    if not given.keys() & _PLACE:
        errors.value(_no_place, None)
    errors.raise_any()
    return Form(
        given["service_code"], given.get("jurisdiction_id"), lon, lat, given.get("address_string"), address_id,
        given.get("description"), media_url, {name: given[name] for name in CONTACT if name in given},
        _attributes(pairs),
    )  # fmt: skip


def fields_of(attributes: Mapping[str, Sequence[str]], type_: CaseType) -> dict[str, object]:
    """Return the further fields that the attributes of a form make.

    Raises
    ------
    ExceptionGroup
        Of one `InputError` for each attribute that is unknown, missing or malformed.
    """
    errors, kept = Errors(), dict[str, object]()
    specs = {spec.code: spec for spec in type_.fields if spec.variable}
    for code, spec in specs.items():
        given = {code: _value(spec, attributes[code])} if code in attributes else {}
        kept.update(errors.value(partial(checked_fields, given, replace(type_, fields=(spec,))), {}))
    optional = replace(type_, fields=tuple(replace(spec, required=False) for spec in specs.values()))
    errors.value(partial(checked_fields, dict.fromkeys(attributes.keys() - specs.keys()), optional), {})
    errors.raise_any()
    return kept


def full_name(contact: Mapping[str, str]) -> str | None:
    """Return a person's name: the family name first and without a space where it is Chinese.

    >>> full_name({"first_name": "小明", "last_name": "王"}), full_name({"first_name": "John", "last_name": "Smith"})
    ('王小明', 'John Smith')
    """
    parts = [contact[name] for name in ("first_name", "last_name") if name in contact]
    joined = " ".join(parts) if all(map(str.isascii, parts)) else "".join(reversed(parts))
    return joined or None


def _require(given: Mapping[str, str]) -> None:
    if "service_code" not in given:
        raise InputError("open311_service_code_missing", field="service_code")


def _no_place() -> None:
    raise InputError("open311_location_missing", field="lat")


def _position(given: Mapping[str, str]) -> tuple[float | None, float | None]:
    """Return longitude and latitude, both or neither; which there are, the intake knows."""
    lon, lat = (_degrees(name, given.get(name)) for name in ("long", "lat"))
    if (lon is None) != (lat is None):
        raise InputError("open311_coordinate_missing", field="long" if lon is None else "lat")
    return lon, lat


def _degrees(name: str, value: str | None) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError as error:
        raise InputError("open311_degrees_malformed", field=name, value=str(value)[:_SHOWN]) from error


def _address_id(value: str | None) -> int | None:
    if value is None:
        return None
    if not (value.isascii() and value.isdecimal() and len(value) < 19):
        raise InputError("open311_address_unknown", field="address_id", value=value[:_SHOWN], candidates="—")
    return int(value)


def _media_url(value: str | None) -> str | None:
    if value is not None and (len(value) > MOST_CHARACTERS_OF_URL or _URL.fullmatch(value) is None):
        shown, most = value[:_SHOWN], MOST_CHARACTERS_OF_URL
        raise InputError("open311_media_url_malformed", field="media_url", value=shown, maximum=most)
    return value


def _attributes(pairs: Pairs) -> dict[str, list[str]]:
    """Return the values of ``attribute[CODE]`` and ``attribute[CODE][]`` by code."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        if (match := _ATTRIBUTE.fullmatch(name)) is not None and value.strip():
            found.setdefault(match[1], []).append(value)
    return found


def _value(spec: FieldSpec, values: Sequence[str]) -> object:
    """Return the values of an attribute in the type of its field; what is none of it stays a text, to be refused."""
    if spec.type is FieldType.MULTI_VALUE_LIST:
        return list(values)
    if spec.type is FieldType.NUMBER:
        try:
            number = float(values[-1])
        except ValueError:
            return values[-1]
        return int(number) if number.is_integer() else number
    return values[-1].strip()
