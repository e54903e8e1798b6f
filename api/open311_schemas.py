"""Open311's answers for the documentation of the interface; they are written by :mod:`api.open311_writing`."""

from typing import Any

from api.open311_writing import FIELDS, MEDIA_TYPES, Format, document

_REQUEST: dict[str, object] = {
    **dict.fromkeys(FIELDS),
    "service_request_id": "3101132026112300001",
    "status": "open",
    "status_notes": "处置中",
    "service_name": "雨水箅子",
    "service_code": "0102",
    "description": "箅子缺失，有人踩空",
    "agency_responsible": "区水务局",
    "requested_datetime": "2026-11-23T09:16:22+08:00",
    "updated_datetime": "2026-11-23T10:02:00+08:00",
    "expected_datetime": "2026-11-24T17:30:00+08:00",
    "address": "聚丰园路388弄",
    "lat": 31.3156,
    "long": 121.3802,
}
_EXAMPLES: dict[str, object] = {
    "discovery": {
        "changeset": "2026-11-23T00:00:00+08:00",
        "contact": "…",
        "key_service": "…",
        "endpoints": [
            {
                "specification": "http://wiki.open311.org/GeoReport_v2",
                "url": "http://127.0.0.1:8000/open311/v2",
                "changeset": "2026-11-23T00:00:00+08:00",
                "type": "production",
                "formats": ["text/xml", "application/json"],
            }
        ],
    },
    "services": [
        {
            "service_code": "0102",
            "service_name": "雨水箅子",
            "description": None,
            "metadata": True,
            "type": "realtime",
            "keywords": "雨水箅子, 公用设施, Rain grate, Public utilities",
            "group": "公用设施",
        }
    ],
    "service_definition": {
        "service_code": "0102",
        "attributes": [
            {
                "variable": True,
                "code": "danger",
                "datatype": "string",
                "required": False,
                "datatype_description": "短文本",
                "order": 1,
                "description": "危及谁",
                "values": [],
            }
        ],
    },
    "service_requests": [_REQUEST],
    "created": [{"service_request_id": "3101132026112300001", "service_notice": "…", "account_id": None}],
    "token": [{"service_request_id": "3101132026112300001", "token": "3101132026112300001"}],
    "errors": [{"code": 404, "description": "…"}],
}
_ROOTS = {"created": "service_requests", "token": "service_requests"}

FORM_FIELDS = (
    "api_key", "jurisdiction_id", "service_code", "lat", "long", "address_string", "address_id", "description",
    "media_url", "email", "phone", "first_name", "last_name", "device_id", "account_id",
)  # fmt: skip
"""Of a new request, beside ``attribute[CODE]``."""


def told(name: str) -> dict[int | str, dict[str, Any]]:
    """Return what the documentation says of the answers of a route, with an example of each format."""
    return {
        200: {"description": "The answer.", "content": _content(name)},
        "default": {"description": "Errors: 404, 403 for the key, 400 for all else.", "content": _content("errors")},
    }


def form_body(media_type: str) -> dict[str, Any]:
    """Return what the documentation says of the form of a new request."""
    schema = {
        "type": "object",
        "required": ["service_code"],
        "properties": {name: {"type": "string"} for name in FORM_FIELDS},
        "additionalProperties": {"type": "string", "description": "`attribute[CODE]`, `attribute[CODE][]`"},
    }
    return {"requestBody": {"required": True, "content": {media_type: {"schema": schema}}}}


def _content(name: str) -> dict[str, Any]:
    example = _EXAMPLES[name]
    kind = {"type": "array", "items": {"type": "object"}} if isinstance(example, list) else {"type": "object"}
    xml = document(Format.XML, _ROOTS.get(name, name), example).decode()
    return {
        _plain(Format.JSON): {"schema": kind, "example": example},
        _plain(Format.XML): {"schema": {"type": "string"}, "example": xml},
    }


def _plain(format_: Format) -> str:
    return MEDIA_TYPES[format_].partition(";")[0]
