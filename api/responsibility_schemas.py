"""What the interface asks and says about officer posts and responsibility grids."""

from datetime import date
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from api.schemas import Answer, Asked, Shape
from gridmgmt.responsibility.cover import Gone, InPieces, OffDuty
from gridmgmt.responsibility.duty import Responsible
from gridmgmt.responsibility.proposals import CellMove

Code = Annotated[str, Field(max_length=64, description="Code.", examples=["310113008-I01"])]
CellCode = Annotated[str, Field(max_length=64, description="Code of a cell.", examples=["310113008001001"])]
Words = Annotated[str, Field(min_length=1, max_length=500)]
FromDay = Annotated[date | None, Field(description="The first day; today without it.")]
Hours = Annotated[
    dict[str, list[str]],
    Field(
        description="Opening rules by day or days; a span that ends before it begins runs into the next day.",
        examples=[{"mon-fri": ["08:30-17:30"], "sat": ["22:00-06:00"]}],
        max_length=7,
    ),
]
Cells = Annotated[list[CellCode], Field(min_length=1, max_length=5_000)]


class KindAsk(Asked):
    """The names of a kind of grids and the hours that each of its grids has to keep."""

    code: Code = Field(examples=["inspection"])
    name_zh: Words
    name_en: Words
    required_hours: Hours | None = None


class KindOut(Answer):
    """A kind of responsibility grids; a cell is in one grid of each at most."""

    code: str = Field(examples=["inspection"])
    name_zh: str
    name_en: str
    required_hours: dict[str, list[str]] | None


class Kinds(Shape):
    """All kinds by code."""

    items: list[KindOut]


class PostAsk(Asked):
    """An officer post by its office; there is no place for who fills it."""

    code: Code
    name: Words
    kind: Code = Field(examples=["inspection"])
    body: Words
    on: FromDay = None


class PostOut(Answer):
    """An officer post, from its first day until before its last."""

    code: str
    name: str
    kind: str
    body: str
    valid_from: date
    valid_to: date | None


class Posts(Shape):
    """The posts of a day by code."""

    items: list[PostOut]


class GridAsk(Asked):
    """A responsibility grid with its cells."""

    code: Code
    name: Words
    kind: Code = Field(examples=["inspection"])
    cells: Cells
    on: FromDay = None
    post: Code | None = None
    backup: Code | None = None
    hours: Hours = Field(default_factory=dict)


class AssignmentAsk(Asked):
    """What changes of a grid from a day on; null keeps it, an empty text or no rules take it away."""

    on: FromDay = None
    name: Words | None = None
    post: str | None = Field(default=None, max_length=64)
    backup: str | None = Field(default=None, max_length=64)
    hours: Hours | None = None


class CellsAsk(Asked):
    """Exactly the cells that a grid has from a day on."""

    cells: Cells
    on: FromDay = None


class MovesAsk(Asked):
    """The new grid of each of some cells, as a proposal has them."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "inspection", "cells": {"310113008001001": "310113008-I02"}}]}
    )

    kind: Code
    cells: dict[CellCode, Code] = Field(min_length=1, max_length=30_000)
    on: FromDay = None


class CellsChanged(Shape):
    """How many cells change their grid."""

    changed: int


class GridOut(Answer):
    """A responsibility grid on a day; m² of its cells in force, on the ellipsoid."""

    code: str
    name: str
    kind: str
    post: str | None
    backup: str | None
    hours: dict[str, list[str]]
    valid_from: date
    valid_to: date | None
    cells: int
    area_m2: float


class GridState(Answer):
    """What was said of a grid for some time."""

    name: str
    post_code: str | None
    backup_code: str | None
    hours: dict[str, list[str]]
    valid_from: date
    valid_to: date | None


class GridDetail(GridOut):
    """A grid with its cells, their union and all that it was."""

    cell_codes: list[str]
    geometry: dict[str, Any] | None = Field(description="GeoJSON of the cells in force as one, 7 decimals.")
    history: list[GridState]


class CoverOut(Answer):
    """What is wrong with the grids of a kind on a day."""

    kind: str
    on: date
    cells: int
    grids: int
    findings: int
    without_grid: list[str] = Field(description="Cells in no grid of the kind.")
    gone: list[Gone] = Field(description="Cells of grids that are no cells of the day.")
    in_pieces: list[InPieces] = Field(description="Grids whose cells do not all lie beside each other.")
    without_cells: list[str]
    without_post: list[str] = Field(description="Grids whose post is not named or does not hold.")
    without_backup: list[str]
    idle_posts: list[str] = Field(description="Posts of the kind that no grid names.")
    off_duty: list[OffDuty] = Field(description="What of the hours laid down a grid does not keep.")


class BalanceOut(Shape):
    """How even loads are: 1, 0 and 0 when all are equal."""

    max_over_mean: float
    gini: float
    variation: float = Field(description="Coefficient of variation.")


class PeriodOut(Shape):
    """Days from `begins` until before `ends`."""

    begins: date
    ends: date


class GridLoadOut(Shape):
    """What a grid has to do; null where nothing is known."""

    grid: str
    name: str
    cells: int
    cases: float
    residents_60_plus: float | None
    residents: float | None = Field(description="Of all ages, where it is known of each of its cells.")
    street_m: float | None = Field(description="Metres of street on the ellipsoid; along a border shared equally.")
    area_m2: float
    load: float = Field(description="Share of the workload of all cells looked at.")


class WorkloadOut(Shape):
    """The workload of the grids of a kind, by code."""

    kind: str
    on: date
    area: str | None
    period: PeriodOut | None
    weights: dict[str, float] = Field(description="Those really used, 1 in all.")
    grids: list[GridLoadOut]
    unassigned: GridLoadOut | None = Field(description="What lies in cells of no grid.")
    balance: dict[str, BalanceOut | None] = Field(description="Of the load and of each measure.")
    synthetic: bool


class ProposalOut(Shape):
    """A more even division into the same grids, each in one piece; nothing of it is stored."""

    before: WorkloadOut
    after: WorkloadOut
    moves: list[CellMove]
    least_max_over_mean: float | None = Field(
        description="What the largest load over the mean one cannot be less than: no grid is lighter than its heaviest "
        "cell. Null where there is no load."
    )


class WhoOut(Shape):
    """Who answers for a cell on the day of a moment, by kind of grid."""

    cell: str | None = Field(description="Null where no cell lies.")
    on: date
    kinds: dict[str, Responsible]
