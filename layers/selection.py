"""What a request asks of a layer besides the tile: a date or a boundary edition, a level, a run, which cases."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cases.rules import CaseFilter
from gridmgmt.codes import is_code
from gridmgmt.errors import InputError
from layers.case_filter import ALL_CASES, CASE_PARAMETERS, day_of, parse_case_filter
from layers.specs import Layer

_RUN = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
_SEVERAL = "state"
"""The one parameter that may be given more than once."""


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
        The kind of responsibility grids, None for those of inspection.
    cases
        Which cases.
    """

    on: date
    level: str | None = None
    run: int | None = None
    edition: str | None = None
    kind: str | None = None
    cases: CaseFilter = ALL_CASES


def parse_selection(layer: Layer, given: Iterable[tuple[str, str]], *, today: date) -> Selection:
    """Return the selection that the parameters of a request's query make.

    Raises
    ------
    InputError
        When a parameter is not one of the layer's, is given twice, has an impossible value, or does not go with
        another.
    """
    known = CASE_PARAMETERS if layer.of_cases else layer.parameters
    texts: dict[str, list[str]] = {}
    for name, value in given:
        if name not in known:
            raise InputError(
                "layer_parameter_unknown", field=name, value=value, layer=layer.name, known=", ".join(known)
            )
        if name in texts and name != _SEVERAL:
            raise InputError("layer_parameter_twice", field=name, value=value)
        texts.setdefault(name, []).append(value)
    if layer.of_cases:
        return Selection(on=today, cases=parse_case_filter(texts))
    values = {name: value for name, (value,) in texts.items()}
    if "on" in values and "edition" in values:
        raise InputError("layer_date_and_edition", field="edition", value=values["edition"], on=values["on"])
    return Selection(
        on=day_of("on", values["on"]) if "on" in values else today,
        level=_level(values["level"]) if "level" in values else None,
        run=_run(values["run"]) if "run" in values else None,
        edition=values.get("edition"),
        kind=_kind(values["kind"]) if "kind" in values else None,
    )


def query_text(given: Iterable[tuple[str, str]]) -> str:
    """Return checked parameters as the query of an address, with its question mark, empty where there are none."""
    encoded = urlencode(list(given))
    return f"?{encoded}" if encoded else ""


def _level(value: str) -> str:
    if value not in set(AreaLevel):
        raise InputError("layer_level_unknown", field="level", value=value, known=", ".join(AreaLevel))
    return value


def _kind(value: str) -> str:
    if not is_code(value):
        raise InputError("layer_kind_malformed", field="kind", value=value)
    return value


def _run(value: str) -> int:
    if _RUN.fullmatch(value) is None:
        raise InputError("layer_run_malformed", field="run", value=value)
    return int(value)
