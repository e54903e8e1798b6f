"""What the interface asks and says about managed components."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from api.schemas import Answer, Asked, Latitude, Longitude, Shape
from gridmgmt.cases.rules import CaseState, Urgency
from gridmgmt.components.rules import ComponentState

DepartmentCode = Annotated[str | None, Field(max_length=64, description="Code of a department.")]


class ComponentOut(Answer):
    """A managed component as the register has it on a day."""

    code: str = Field(description="Its identifier.", examples=["3101130102000042"])
    type_code: str = Field(description="Type of the catalogue.", examples=["0102"])
    type_name: str | None = Field(default=None, description="Null where the catalogue has no such type.")
    name: str | None
    state: ComponentState
    owner_code: str | None
    maintainer_code: str | None
    put_in_service_on: date | None
    removed_on: date | None
    cell_code: str | None = Field(description="The grid cell that held it when it was registered.")
    geometry_type: str = Field(examples=["POINT"])
    lon: Longitude
    lat: Latitude
    edition: str = Field(description="The import that brought it.")
    valid_from: date
    valid_to: date | None


class ComponentVersion(ComponentOut):
    """What the register said of a component from a day until before another."""

    reason: str | None = Field(description="Why it was changed.")


class ComponentCaseOut(Answer):
    """A case about a component."""

    case_no: str
    type: str
    state: CaseState
    urgency: Urgency
    reported_at: datetime
    closed_at: datetime | None


class ComponentDetail(ComponentOut):
    """A component with its place, its history and its cases."""

    geometry: dict[str, Any] = Field(description="GeoJSON, WGS 84.")
    history: list[ComponentVersion] = Field(description="All that was ever said of it, the newest first.")
    cases: list[ComponentCaseOut] = Field(description="Open ones first, then the newest; 50 at most.")


class ComponentChangeAsk(Asked):
    """What is to be said of a component from a day on; what is not given stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"state": "damaged", "reason": "井盖开裂"}]})

    on: date | None = Field(default=None, description="The first day; today without it.")
    reason: str | None = Field(default=None, min_length=1, max_length=500)
    name: str | None = Field(default=None, max_length=200)
    state: ComponentState | None = None
    owner_code: DepartmentCode = None
    maintainer_code: DepartmentCode = None
    put_in_service_on: date | None = None
    removed_on: date | None = None


class ComponentCountOut(Answer):
    """How many components of a type are in a state in a cell."""

    cell_code: str | None = Field(description="Null for those in no cell.")
    type_code: str
    state: ComponentState
    components: int


class ComponentCounts(Shape):
    """Components of a day by cell, type and state."""

    on: date
    total: int
    by_class: dict[str, int] = Field(description="By the first two digits of the type.")
    items: list[ComponentCountOut]
