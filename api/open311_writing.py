"""Answers of Open311 as bytes: XML, and JSON by the Spark convention, which maps each to the other.

In XML a list is an element with one child element for each of its members, whose name is that of the list in the
singular; in JSON it is an array. What is empty is an empty element and ``null``. Requests come by the thousand, so
their text is put together by one template a row; all else goes through :func:`document`.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from functools import lru_cache
from json.encoder import encode_basestring

from api.routes import PREFIX
from gridmgmt.cases.rules import CaseState
from gridmgmt.clock import LOCAL_ZONE
from gridmgmt.open311.queries import RequestRow
from gridmgmt.open311.rules import DETAILED, status_of
from gridmgmt.open311.service import Names
from gridmgmt.texts import Language, text

FIELDS = (
    "service_request_id", "status", "status_notes", "service_name", "service_code", "description",
    "agency_responsible", "service_notice", "requested_datetime", "updated_datetime", "expected_datetime", "address",
    "address_id", "zipcode", "lat", "long", "media_url",
)  # fmt: skip
"""Of a request, in the order of the specification."""
EXTENDED = (
    "detailed_status", "state", "state_name", "source", "source_name", "kind", "duplicate_of", "town_code",
    "cell_code",
)  # fmt: skip
"""Of the extended attributes of a request."""

_MEMBERS = {
    "services": "service", "attributes": "attribute", "values": "value", "service_requests": "request",
    "endpoints": "endpoint", "formats": "format", "errors": "error",
}  # fmt: skip
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""
_NOT_PLAIN = re.compile("[^\t\n\r\x20-%'-;=?-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""That, and what has to be escaped."""


class Format(StrEnum):
    """In what an answer is written, as the end of an address names it."""

    XML = "xml"
    JSON = "json"


MEDIA_TYPES = {Format.XML: "text/xml; charset=utf-8", Format.JSON: "application/json; charset=utf-8"}


def document(format_: Format, root: str, value: object) -> bytes:
    r"""Return an answer; ``root`` is the name of its outermost element, which JSON does not have.

    >>> document(Format.XML, "errors", [{"code": 404, "description": "a < b"}]).decode().partition("\n")[2]
    '<errors><error><code>404</code><description>a &lt; b</description></error></errors>'
    """
    if format_ is Format.JSON:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return (_HEAD + _element(root, value)).encode()


def requests_document(
    format_: Format, rows: Sequence[RequestRow], names: Names, lang: Language, base_url: str, *, extended: bool = False
) -> bytes:
    """Return requests as an answer.

    Parameters
    ----------
    base_url
        Of this server, for the addresses of photos.
    extended
        With `EXTENDED`.
    """
    style = _STYLES[format_]
    write = _RowWriter(style, names, lang, base_url, extended=extended)
    return style.begin + style.between.join(map(write, rows)) + style.end


def xml_text(value: str | None) -> str:
    r"""Return a text as the content of an element.

    >>> xml_text("a < b & c\x00"), xml_text(None)
    ('a &lt; b &amp; c', '')
    """
    if value is None:
        return ""
    if _NOT_PLAIN.search(value) is None:
        return value
    kept = _FORBIDDEN.sub("", value)
    return kept.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def told_moment(moment: datetime) -> str:
    """Return a moment in the district's time, with its offset, to the second.

    >>> told_moment(datetime.fromisoformat("2026-01-31T16:05:09.9+00:00"))
    '2026-02-01T00:05:09+08:00'
    """
    beginning, end = _hour(moment.year, moment.month, moment.day, moment.hour, moment.tzinfo)
    if end is None:
        return moment.astimezone(LOCAL_ZONE).isoformat(timespec="seconds")
    return f"{beginning}{_TWO[moment.minute]}:{_TWO[moment.second]}{end}"


_TWO = tuple(f"{number:02d}" for number in range(60))


@lru_cache(maxsize=20_000)
def _hour(year: int, month: int, day: int, hour: int, zone: tzinfo | None) -> tuple[str, str | None]:
    """Return what the moments of an hour begin and end with; the end is None where the hours of zones are not in step.

    Many thousand moments of an answer share some hundred hours, and working out each takes most of the time.
    """
    local = datetime(year, month, day, hour, tzinfo=zone).astimezone(LOCAL_ZONE)
    text_ = local.isoformat(timespec="seconds")
    in_step = local.minute == local.second == 0 and len(text_) == len("2026-02-01T00:00:00+08:00")
    return text_[:14], text_[19:] if in_step else None


def status_notes(row: RequestRow, lang: Language) -> str:
    """Return the state of the case in words; of a duplicate with the request that goes on."""
    words = text(f"case_state.{row.state}", lang)
    if row.duplicate_of is None:
        return words
    return text("open311.duplicate", lang, state=words, case_no=row.duplicate_of)


def media_url(row: RequestRow, base_url: str) -> str | None:
    """Return the address that whoever made a request gave, else that of the first photo."""
    if row.media_url is None and row.photo is not None:
        return f"{base_url}{PREFIX}/photos/{row.photo}"
    return row.media_url


def _element(name: str, value: object) -> str:
    return f"<{name}>{_content(name, value)}</{name}>"


def _content(name: str, value: object) -> str:
    if isinstance(value, Mapping):
        return "".join(_element(key, each) for key, each in value.items())
    if isinstance(value, list | tuple):
        return "".join(_element(_MEMBERS[name], each) for each in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return xml_text(None if value is None else str(value))


def _xml_bytes(value: str | None) -> bytes:
    return xml_text(value).encode()


def _json_bytes(value: str | None) -> bytes:
    return b"null" if value is None else encode_basestring(value).encode()


@dataclass(frozen=True)
class _Style:
    """How requests are written in one of the formats; ``row`` is a template of `FIELDS` and what is extended.

    They are put together as bytes: what an answer has most of are the names of fields, which need no encoding.
    """

    begin: bytes
    between: bytes
    end: bytes
    row: bytes
    extended: bytes
    text: Callable[[str | None], bytes]
    moment: bytes


def _xml_row(names: Sequence[str]) -> bytes:
    return "".join(f"<{name}>{_place_of(name)}</{name}>" for name in names).encode()


def _json_row(names: Sequence[str]) -> bytes:
    return ",".join(f'"{name}":{_place_of(name)}' for name in names).encode()


def _place_of(name: str) -> str:
    """Return the place of a value in a template: of a number as Python writes it, of any other its bytes."""
    return "%a" if name in {"lat", "long"} else "%b"


_STYLES = {
    Format.XML: _Style(
        begin=_HEAD.encode() + b"<service_requests>",
        between=b"\n",
        end=b"</service_requests>",
        row=b"<request>" + _xml_row(FIELDS) + b"%b</request>",
        extended=b"<extended_attributes>" + _xml_row(EXTENDED) + b"</extended_attributes>",
        text=_xml_bytes,
        moment=b"%b",
    ),
    Format.JSON: _Style(
        begin=b"[",
        between=b",\n",
        end=b"]",
        row=b"{" + _json_row(FIELDS) + b"%b}",
        extended=b',"extended_attributes":{' + _json_row(EXTENDED) + b"}",
        text=_json_bytes,
        moment=b'"%b"',
    ),
}


class _RowWriter:
    """Writes one request after another; what many have in common is put into words once."""

    def __init__(self, style: _Style, names: Names, lang: Language, base_url: str, *, extended: bool) -> None:
        self._style, self._names, self._lang, self._base_url = style, names, lang, base_url
        self._extended = self._extension if extended else None
        self._nothing = style.text(None)
        self._services = _Once(lambda code: style.text(names.service(code, lang)))
        self._agencies = _Once(lambda code: style.text(names.agency(code, lang)))
        self._texts = _Once(style.text)
        self._states = _Once(lambda state: style.text(status_of(CaseState(state))))
        self._notes = _Once(lambda state: style.text(text(f"case_state.{state}", lang)))

    def __call__(self, row: RequestRow) -> bytes:
        write, nothing, once = self._style.text, self._nothing, self._texts
        return self._style.row % (
            write(row.case_no),
            self._states[row.state],
            self._notes[row.state] if row.duplicate_of is None else write(status_notes(row, self._lang)),
            self._services[row.type],
            once[row.type],
            write(row.description),
            nothing if row.department_code is None else self._agencies[row.department_code],
            nothing,
            self._moment(row.requested_at),
            self._moment(row.updated_at),
            nothing if row.expected_at is None else self._moment(row.expected_at),
            write(row.address),
            nothing,
            nothing,
            row.lat,
            row.lon,
            nothing if row.media_url is row.photo is None else write(media_url(row, self._base_url)),
            b"" if self._extended is None else self._extended(row),
        )

    def _moment(self, moment: datetime) -> bytes:
        return self._style.moment % told_moment(moment).encode()

    def _extension(self, row: RequestRow) -> bytes:
        told = (
            str(DETAILED[CaseState(row.state)]), row.state, text(f"case_state.{row.state}", self._lang), row.source,
            text(f"case_source.{row.source}", self._lang), row.kind, row.duplicate_of, row.town_code, row.cell_code,
        )  # fmt: skip
        return self._style.extended % tuple(map(self._style.text, told))


class _Once(dict[str, bytes]):
    """Works a text out when it is first asked for."""

    def __init__(self, work: Callable[..., bytes]) -> None:
        super().__init__()
        self._work = work

    def __missing__(self, key: str) -> bytes:
        found = self[key] = self._work(key)
        return found
