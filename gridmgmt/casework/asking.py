"""What a report says, and what of it can be taken: texts, moments, further fields. No database."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from gridmgmt.areas.rules import check_position
from gridmgmt.cases.rules import CaseSource
from gridmgmt.casework.facts import replace
from gridmgmt.catalogue.rules import CaseType, FieldSpec, FieldType
from gridmgmt.errors import InputError

MOST_CHARACTERS = 4_000
"""Of a description, as Open311 GeoReport v2 has it."""
MOST_CHARACTERS_OF_ADDRESS = 200
MOST_CHARACTERS_OF_FIELD = 1_000

SKEW = timedelta(minutes=5)
"""A device's clock may be fast by this much; what it reports then is reported now."""
OLDEST = timedelta(days=30)
"""What was captured without a network is taken for this long."""

_TOO_LARGE = 1e15
"""No field's number reaches this; beyond it not every whole number is one of floating point."""
_MUCH_LONGER = 5
"""A text that comes with more than so many times its characters is refused unseen: tags within tags take long."""

_TAG = re.compile(r"<(?:[a-z/!?][^<>]*)>", re.IGNORECASE)
_UNSEEN = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
"""What turns the direction of writing, so that a text may show other words than it holds."""
_CONTROLS = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0)))) - {"\n", "\t"}
_TAKEN_OUT = str.maketrans(dict.fromkeys(_UNSEEN | _CONTROLS))


@dataclass(frozen=True)
class ReportAsk:
    """A report: where (WGS 84 degrees), of what type, through whom.

    ``client_id`` is made by the device, so that the same report sent twice is one case. ``reported_at`` is when it was
    captured (aware), now where it is None.
    """

    lon: float
    lat: float
    type: str
    source: CaseSource
    description: str | None = None
    address: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    component_code: str | None = None
    client_id: UUID | None = None
    reported_at: datetime | None = None


def checked(ask: ReportAsk, type_: CaseType) -> ReportAsk:
    """Return a report with its texts and further fields as they are kept.

    Raises
    ------
    InputError
        When the position cannot be one, a text is too long, or a field is unknown, missing or malformed.
    """
    check_position(ask.lon, ask.lat)
    return replace(
        ask,
        description=plain_text("description", ask.description, MOST_CHARACTERS),
        address=plain_text("address", ask.address, MOST_CHARACTERS_OF_ADDRESS),
        fields=checked_fields(ask.fields, type_),
    )


def moment_of(reported_at: datetime | None, now: datetime) -> datetime:
    """Return when a report was made: not after now, and at most 30 days before.

    Raises
    ------
    InputError
        ``reported_in_future`` beyond the five minutes that a clock may be fast, ``reported_too_old``.
    """
    if reported_at is None:
        return now
    if reported_at > now + SKEW:
        raise InputError("reported_in_future", field="reported_at", value=reported_at.isoformat(), now=now.isoformat())
    if reported_at < now - OLDEST:
        raise InputError("reported_too_old", field="reported_at", value=reported_at.isoformat(), days=OLDEST.days)
    return min(reported_at, now)


def plain_text(name: str, value: str | None, most: int) -> str | None:
    r"""Return a text as it is kept: NFC, without tags and control characters; None where nothing is left.

    A report is never refused for markup, which a phone's keyboard or another program may have put there: tags are taken
    out, their content stays, and a ``<`` that begins no tag is a character like any other. Whoever shows the text
    escapes it nevertheless.

    >>> plain_text("description", "<b>井盖</b>缺失\x00，水深<5 cm\r\n", 4000)
    '井盖缺失，水深<5 cm'

    Raises
    ------
    InputError
        ``text_too_long``.
    """
    if value is not None and len(value) > _MUCH_LONGER * most:
        raise InputError("text_too_long", field=name, value=len(value), maximum=most)
    text = unicodedata.normalize("NFC", value or "").replace("\r\n", "\n").replace("\r", "\n")
    text = text.translate(_TAKEN_OUT)
    while (bare := _TAG.sub("", text)) != text:
        text = bare
    if len(text := text.strip()) > most:
        raise InputError("text_too_long", field=name, value=len(text), maximum=most)
    return text or None


def checked_fields(given: Mapping[str, Any], type_: CaseType) -> dict[str, Any]:
    """Return the further fields of a report that hold something.

    Raises
    ------
    InputError
        ``report_field_unknown``, ``report_field_missing``, ``report_field_malformed``.
    """
    specs = {spec.code: spec for spec in type_.fields if spec.variable}
    for name in given:
        if name not in specs:
            raise InputError(
                "report_field_unknown", field=f"fields.{name}", type=type_.code, known=", ".join(specs) or "—"
            )
    kept = {}
    for name, spec in specs.items():
        value = given.get(name)
        if value is None or value in ("", []):
            if spec.required:
                raise InputError("report_field_missing", field=f"fields.{name}", type=type_.code)
            continue
        kept[name] = _field_value(spec, value)
    return kept


def _field_value(spec: FieldSpec, value: Any) -> Any:
    """Return one value as it is kept."""
    keys = [key for key, _ in spec.values]
    fits: bool
    match spec.type:
        case FieldType.STRING | FieldType.TEXT:
            fits = isinstance(value, str)
            value = plain_text(f"fields.{spec.code}", value, MOST_CHARACTERS_OF_FIELD) if fits else value
        case FieldType.NUMBER:
            fits = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _TOO_LARGE
        case FieldType.DATETIME:
            fits = isinstance(value, str) and _is_moment(value)
        case FieldType.SINGLE_VALUE_LIST:
            fits = value in keys
        case FieldType.MULTI_VALUE_LIST:
            fits = isinstance(value, list) and all(each in keys for each in value)
            value = [key for key in keys if key in value] if fits else value
    if not fits:
        raise InputError(
            "report_field_malformed",
            field=f"fields.{spec.code}",
            value=str(value)[:100],
            type=spec.type,
            values=", ".join(keys) or "—",
        )
    return value


def _is_moment(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False
