"""What a register of cases means by its columns and values: a mapping that a file states once for all its exports."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from gridmgmt.clock import zone_of
from gridmgmt.errors import InputError
from gridmgmt.ingest.columns import Condition

ROLES = (
    "case_no", "case_type", "case_status", "reported_at", "due_at", "closed_at", "kind", "source", "department_code",
    "description", "address", "reason",
)  # fmt: skip
"""What a column of a register may hold, beside ``lon`` and ``lat``."""

KINDS = ("event", "component")
STATES = (
    "reported", "accepted", "confirmed", "registered", "dispatched", "handling", "handled", "verified", "closed",
    "supplement", "suspended", "rejected", "duplicate", "voided",
)  # fmt: skip
SOURCES = ("grid_officer", "inspector", "public", "hotline_12345", "community_hotline", "video", "leader", "other")

_KNOWN_KINDS = {"事件": "event", "部件": "component"}
_KNOWN_STATES = {
    **dict.fromkeys(("open", "new", "上报", "已上报"), "reported"),
    **dict.fromkeys(("受理", "已受理"), "accepted"),
    **dict.fromkeys(("立案", "已立案"), "registered"),
    **dict.fromkeys(("派遣", "已派遣"), "dispatched"),
    **dict.fromkeys(("in progress", "处置中", "处置"), "handling"),
    **dict.fromkeys(("已处置", "反馈"), "handled"),
    **dict.fromkeys(("已核查", "核查"), "verified"),
    **dict.fromkeys(("结案", "已结案"), "closed"),
    "挂账": "suspended",
    **dict.fromkeys(("作废", "已作废"), "voided"),
    "不予受理": "rejected",
}
_KNOWN_SOURCES = {
    **dict.fromkeys(("网格员", "网格巡查"), "grid_officer"),
    **dict.fromkeys(("采集员", "监督员"), "inspector"),
    **dict.fromkeys(("公众", "公众上报", "市民"), "public"),
    **dict.fromkeys(("12345", "12345热线", "12345 热线"), "hotline_12345"),
    "温馨12345": "community_hotline",
    **dict.fromkeys(("视频", "视频巡查"), "video"),
    **dict.fromkeys(("领导", "领导交办"), "leader"),
    "其他": "other",
}


def _zone(name: str) -> str:
    zone_of(name)
    return name


class CaseMapping(BaseModel):
    """How the rows of a register are cases of ours.

    A value of the file is known by the mapping's own tables first, then by our own identifiers and by what Chinese
    registers commonly write, whatever the case of its letters.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    register_name: str = Field(
        default="", alias="register", max_length=100,
        description="Name of the register; what it brought before is not taken twice. The edition's name without it.",
    )  # fmt: skip
    columns: Mapping[str, str] = Field(default={}, description=f"Column of each role: lon, lat, {', '.join(ROLES)}.")
    zone: Annotated[str, AfterValidator(_zone)] = Field(
        default="Asia/Shanghai", description="Time zone of times without an offset."
    )
    time_format: str | None = Field(
        default=None, description="Format of times, as strptime has it; found from the first cells without it."
    )
    kind: str = Field(default="event", pattern="event|component", description="Kind of rows that name none.")
    source: str = Field(
        default="other", pattern="|".join(SOURCES), description="Source of rows that name none, or an unknown one."
    )
    default_point: tuple[float, float] | None = Field(
        default=None, description="Longitude and latitude that stand for an unknown place: flagged `default_point`."
    )
    closed_before_s: float = Field(
        default=60.0, ge=0,
        description="A case closed by at most so many seconds before its report is kept and flagged "
        "`closed_before_reported`, an earlier one is refused.",
    )  # fmt: skip
    states: Mapping[str, str] = Field(default={}, description="State of each value of the file.")
    sources: Mapping[str, str] = Field(default={}, description="Source of each value of the file.")
    kinds: Mapping[str, str] = Field(default={}, description="Kind of each value of the file.")
    types: Mapping[str, str] = Field(default={}, description="Type of the catalogue for each value of the file.")
    flags: Mapping[str, str] = Field(
        default={}, description="Flags, each with the condition of its rows: COLUMN=TEXT, !=, ~ (holds), !~."
    )

    @property
    def time_zone(self) -> ZoneInfo:
        """The zone of times without an offset."""
        return zone_of(self.zone)

    def state_of(self) -> Mapping[str, str]:
        """Return the state of each value, folded."""
        return _folded(_KNOWN_STATES, {name: name for name in STATES}, self.states)

    def source_of(self) -> Mapping[str, str]:
        """Return the source of each value, folded."""
        return _folded(_KNOWN_SOURCES, {name: name for name in SOURCES}, self.sources)

    def kind_of(self) -> Mapping[str, str]:
        """Return the kind of each value, folded."""
        return _folded(_KNOWN_KINDS, {name: name for name in KINDS}, self.kinds)

    def conditions(self) -> Mapping[str, Condition]:
        """Return the condition of each flag."""
        return {flag: Condition.parse(condition) for flag, condition in self.flags.items()}


def read_mapping(path: Path) -> CaseMapping:
    """Return the mapping of a JSON or TOML file.

    Raises
    ------
    InputError
        When the file cannot be read, or says something that no mapping says.
    """
    try:
        content = path.read_text(encoding="utf-8")
        said: Any = tomllib.loads(content) if path.suffix.lower() == ".toml" else json.loads(content)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise InputError("mapping_unreadable", field="mapping", value=path, detail=str(error)) from error
    return make_mapping(said)


def make_mapping(said: Any) -> CaseMapping:
    """Return the mapping that a document says.

    Raises
    ------
    InputError
        When it says something that no mapping says.
    """
    try:
        mapping = CaseMapping.model_validate(said)
        mapping.conditions()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "mapping"
        raise InputError("mapping_refused", field=where, value=first.get("input"), detail=first["msg"]) from error
    for name, values, known in (
        ("columns", mapping.columns, ("lon", "lat", *ROLES)), ("states", mapping.states.values(), STATES),
        ("sources", mapping.sources.values(), SOURCES), ("kinds", mapping.kinds.values(), KINDS),
    ):  # fmt: skip
        for value in values:
            if value not in known:
                raise InputError("mapping_value_unknown", field=name, value=value, known=", ".join(known))
    return mapping


def _folded(*tables: Mapping[str, str]) -> Mapping[str, str]:
    return {value.strip().casefold(): meant for table in tables for value, meant in table.items()}
