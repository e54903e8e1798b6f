"""Planned changes: paths, streets, gates and service points that are not yet what they may become.

Positions are longitude and latitude. Whoever reads them as JSON gets whole sentences of what is wrong with which one.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import shapely
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from gridmgmt.analysis.walking.changes import Changes, NewPath
from gridmgmt.analysis.walking.gates import Access, Gate
from gridmgmt.analysis.walking.model import Trait
from gridmgmt.errors import InputError
from gridmgmt.hours import parse_hours
from gridmgmt.service_points.rules import ServicePointType

MOST_EDITS = 500
MOST_VERTICES = 500
"""Of one line: the work of laying it over itself grows with their square."""

Lon = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Lat = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Line = Annotated[tuple[tuple[Lon, Lat], ...], Field(min_length=2, max_length=MOST_VERTICES)]
Code = Annotated[str, Field(min_length=1, max_length=64)]
Name = Annotated[str, Field(max_length=200)]
Rules = Annotated[dict[str, list[str]], Field(description="As mon-fri: [06:00-22:00]; null is always open.")]
PathTrait = Literal[
    "steps", "ramp", "lift", "crossing", "unpaved", "rough", "wheelchair_no", "wheelchair_yes", "bridge", "tunnel",
    "private",
]  # fmt: skip


class _Edit(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AddPath(_Edit):
    """A new path along a line; it joins ways at its ends, and on the ground each way that it crosses."""

    kind: Literal["add_path"]
    name: Name = ""
    line: Line
    traits: tuple[PathTrait, ...] = ()


class CloseStreet(_Edit):
    """A street closed to all: an edge of the network, or what a line drawn across it crosses."""

    kind: Literal["close_street"]
    edge: int | None = Field(default=None, ge=0)
    line: Line | None = None


class AddGate(_Edit):
    """A new gate."""

    kind: Literal["add_gate"]
    code: Code
    name: Name | None = None
    lon: Lon
    lat: Lat
    access: Access = Access.PUBLIC
    hours: Rules | None = None


class MoveGate(_Edit):
    """A gate in a new place."""

    kind: Literal["move_gate"]
    code: Code
    lon: Lon
    lat: Lat


class SetGate(_Edit):
    """Who passes a gate, or when; what is not said stays. Hours of null are always."""

    kind: Literal["set_gate"]
    code: Code
    access: Access | None = None
    hours: Rules | None = None


class AddPoint(_Edit):
    """A new service point."""

    kind: Literal["add_point"]
    code: Code
    name: Name = ""
    type: ServicePointType
    lon: Lon
    lat: Lat


class MovePoint(_Edit):
    """A service point in a new place."""

    kind: Literal["move_point"]
    code: Code
    lon: Lon
    lat: Lat


class ClosePoint(_Edit):
    """A service point that closes."""

    kind: Literal["close_point"]
    code: Code


Edit = Annotated[
    AddPath | CloseStreet | AddGate | MoveGate | SetGate | AddPoint | MovePoint | ClosePoint,
    Field(discriminator="kind"),
]
Edits = tuple[Edit, ...]
_READER: TypeAdapter[Edits] = TypeAdapter(Edits)


def read_edits(document: object) -> Edits:
    """Return the edits of a JSON document: a list of them, or a GeoJSON collection with their fields as properties.

    Raises
    ------
    InputError
        ``scenario_edit_invalid`` with the number of the edit, the field and what is wrong.
    """
    rows = _of_features(document) if isinstance(document, Mapping) else document
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise InputError("scenario_document_invalid", field="edits", value=type(document).__name__)
    if len(rows) > MOST_EDITS:
        raise InputError("too_many", field="edits", value=len(rows), maximum=MOST_EDITS)
    try:
        edits = _READER.validate_python(rows)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        number, *where = first["loc"] or (0,)
        field = ".".join(str(part) for part in where) or "edits"
        raise InputError("scenario_edit_invalid", edit=int(number) + 1, field=field, reason=first["msg"]) from error
    for number, edit in enumerate(edits, 1):
        _check(number, edit)
    return edits


def as_json(edits: Edits) -> list[dict[str, Any]]:
    """Return edits as they are kept: what was said, and no more."""
    kept: list[dict[str, Any]] = _READER.dump_python(edits, mode="json", exclude_unset=True)
    return kept


def _check(number: int, edit: Edit) -> None:
    """Refuse what each field alone does not tell."""
    if isinstance(edit, CloseStreet) and (edit.edge is None) == (edit.line is None):
        raise InputError("scenario_edit_invalid", edit=number, field="edge", reason="edge | line")
    if isinstance(edit, SetGate) and not edit.model_fields_set & {"access", "hours"}:
        raise InputError("scenario_edit_invalid", edit=number, field="access", reason="access | hours")
    if isinstance(edit, AddGate | SetGate) and edit.hours is not None:
        try:
            parse_hours(edit.hours)
        except InputError as error:
            raise InputError(
                "scenario_edit_invalid", edit=number, field="hours", reason=error.message("en")
            ) from error  # fmt: skip


def _of_features(document: Mapping[str, Any]) -> object:
    """Return the rows of a GeoJSON collection: the properties with the position or line of each feature."""
    features = document.get("features", document.get("edits"))
    if not isinstance(features, Sequence):
        return None
    return [_of_feature(feature) if isinstance(feature, Mapping) else feature for feature in features]


def _of_feature(feature: Mapping[str, Any]) -> Mapping[str, Any]:
    geometry = feature.get("geometry")
    if not isinstance(geometry, Mapping):
        return feature.get("properties") or feature
    row = dict(feature.get("properties") or {})
    if geometry.get("type") == "Point":
        row["lon"], row["lat"] = geometry.get("coordinates", [None, None])[:2]
    else:
        row["line"] = [tuple(vertex[:2]) for vertex in geometry.get("coordinates", [])]
    return row


def positions(edits: Edits) -> list[tuple[float, float]]:
    """Return a position of each edit that has one, in degrees."""
    found = []
    for edit in edits:
        if isinstance(edit, AddPath | CloseStreet):
            found += list(edit.line or ())
        elif not isinstance(edit, SetGate | ClosePoint):
            found.append((edit.lon, edit.lat))
    return found


def changes_of(edits: Edits) -> Changes:
    """Return what the edits do to the streets."""
    return Changes(
        paths=[
            NewPath(edit.name or f"{number}", shapely.LineString(edit.line), _traits(edit.traits))
            for number, edit in enumerate(edits, 1)
            if isinstance(edit, AddPath)
        ],
        closed_edges=[edit.edge for edit in edits if isinstance(edit, CloseStreet) and edit.edge is not None],
        closed_lines=[shapely.LineString(e.line) for e in edits if isinstance(e, CloseStreet) and e.line is not None],
    )


def _traits(names: Sequence[str]) -> int:
    return int(sum(Trait[name.upper()] for name in set(names)))


def with_gates(gates: Sequence[Gate], edits: Edits) -> list[Gate]:
    """Return the gates after the edits.

    Raises
    ------
    InputError
        ``gate_code_taken`` or ``planned_gate_unknown`` with the number of the edit.
    """
    known = list(gates)
    for number, edit in enumerate(edits, 1):
        if isinstance(edit, AddGate):
            if any(gate.code == edit.code for gate in known):
                raise InputError("gate_code_taken", edit=number, value=edit.code)
            spans = None if edit.hours is None else parse_hours(edit.hours).spans
            known.append(Gate(None, edit.code, edit.name, edit.access, spans, edit.lon, edit.lat))
        elif isinstance(edit, MoveGate | SetGate):
            if not any(gate.code == edit.code for gate in known):
                raise InputError("planned_gate_unknown", edit=number, value=edit.code)
            known = [_changed(gate, edit) if gate.code == edit.code else gate for gate in known]
    return known


def _changed(gate: Gate, edit: MoveGate | SetGate) -> Gate:
    if isinstance(edit, MoveGate):
        return gate.moved(edit.lon, edit.lat)
    spans = gate.spans
    if "hours" in edit.model_fields_set:
        spans = None if edit.hours is None else parse_hours(edit.hours).spans
    return gate.opened(edit.access or gate.access, spans)


def with_points(points: Sequence[Mapping[str, Any]], edits: Edits) -> list[dict[str, Any]]:
    """Return rows of service points after the edits, by code; planned ones have negative numbers.

    Raises
    ------
    InputError
        ``point_code_taken`` or ``service_point_not_open`` with the number of the edit.
    """
    known = [dict(row) for row in points]
    for number, edit in enumerate(edits, 1):
        if isinstance(edit, AddPoint):
            if any(row["code"] == edit.code for row in known):
                raise InputError("point_code_taken", edit=number, value=edit.code)
            new = {"code": edit.code, "name": edit.name, "type": str(edit.type), "status": "open"}
            known.append({**new, "point_id": -number, "edition_id": -1, "lon": edit.lon, "lat": edit.lat})
        elif isinstance(edit, MovePoint | ClosePoint):
            meant = [row for row in known if row["code"] == edit.code]
            if not meant:
                raise InputError("service_point_not_open", edit=number, value=edit.code)
            if isinstance(edit, MovePoint):
                known = [{**row, "lon": edit.lon, "lat": edit.lat} if row in meant else row for row in known]
            else:
                known = [row for row in known if row not in meant]
    return sorted(known, key=lambda row: (row["code"], row["edition_id"], row["point_id"]))
