"""What a request asks of a layer besides the tile: a date or a boundary edition, a level, a run."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from urllib.parse import urlencode

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cases.rules import CaseState
from gridmgmt.codes import is_code
from gridmgmt.errors import InputError
from layers.specs import Layer

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_RUN = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
_COLUMNS = ("type", "source", "urgency", "department")
"""Columns of cases by which a request may choose."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What to draw of a layer.

    Parameters
    ----------
    on
        The day whose editions are drawn.
    level
        The one level of areas to draw at every zoom; None for the levels that belong to the zoom.
    run
        The coverage run; None for the newest finished one.
    edition
        The boundary edition to look at, by its name: one in force as on its first day, another as it would be on the
        day it is planned for. None for whatever is in force on the day.
    kind
        The kind of responsibility grids, None for those of inspection; or the kind of cases.
    states
        Of cases, any of these; all without any.
    only_open
        Only cases that are still to be worked on.
    values
        What a case must have in columns, as pairs of name and value.
    """

    on: date
    level: str | None = None
    run: int | None = None
    edition: str | None = None
    kind: str | None = None
    states: tuple[str, ...] = ()
    only_open: bool = False
    values: tuple[tuple[str, str], ...] = ()


def parse_selection(layer: Layer, given: Iterable[tuple[str, str]], *, today: date) -> Selection:
    """Return the selection that the parameters of a request's query make.

    Raises
    ------
    InputError
        When a parameter is not one of the layer's, is given twice, has an impossible value, or does not go with
        another.
    """
    values: dict[str, str] = {}
    states: list[str] = []
    for name, value in given:
        if name not in layer.parameters:
            known = ", ".join(layer.parameters)
            raise InputError("layer_parameter_unknown", field=name, value=value, layer=layer.name, known=known)
        if name == "state":
            states.append(_member("state", value, CaseState))
        elif name in values:
            raise InputError("layer_parameter_twice", field=name, value=value)
        values[name] = value
    if "on" in values and "edition" in values:
        raise InputError("layer_date_and_edition", field="edition", value=values["edition"], on=values["on"])
    return Selection(
        on=_date(values["on"]) if "on" in values else today,
        level=_level(values["level"]) if "level" in values else None,
        run=_run(values["run"]) if "run" in values else None,
        edition=values.get("edition"),
        kind=_kind(values["kind"]) if "kind" in values else None,
        states=tuple(sorted(set(states))),
        only_open=_open(values["open"]) if "open" in values else False,
        values=tuple(sorted((name, values[name]) for name in _COLUMNS if name in values)),
    )


def query_text(given: Iterable[tuple[str, str]]) -> str:
    """Return checked parameters as the query of an address, with its question mark, empty where there are none."""
    encoded = urlencode(list(given))
    return f"?{encoded}" if encoded else ""


def _date(value: str) -> date:
    try:
        if _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise InputError("layer_date_malformed", field="on", value=value)


def _level(value: str) -> str:
    if value not in set(AreaLevel):
        raise InputError("layer_level_unknown", field="level", value=value, known=", ".join(AreaLevel))
    return value


def _member(name: str, value: str, known: type[StrEnum]) -> str:
    if value not in set(known):
        raise InputError("layer_value_unknown", field=name, value=value, known=", ".join(known))
    return value


def _open(value: str) -> bool:
    if value not in ("true", "false"):
        raise InputError("layer_value_unknown", field="open", value=value, known="true, false")
    return value == "true"


def _kind(value: str) -> str:
    if not is_code(value):
        raise InputError("layer_kind_malformed", field="kind", value=value)
    return value


def _run(value: str) -> int:
    if _RUN.fullmatch(value) is None:
        raise InputError("layer_run_malformed", field="run", value=value)
    return int(value)
