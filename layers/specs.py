"""What can be drawn: each layer is one value, and :data:`LAYERS` holds them all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gridmgmt.access.rules import Permission
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import NotFoundError
from gridmgmt.land.rules import LandKind

FieldType = Literal["String", "Number", "Boolean"]
Parameter = Literal["on", "level", "run", "edition", "kind"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    """One layer of vector tiles; its rows come from ``layers/sql/<name>.sql``.

    Parameters
    ----------
    revised_as
        The name under which ``layer_revisions`` counts changes of the tables it draws; None for a live layer, whose
        tables change so often that counting would make their writers wait for each other: each of its tiles is drawn
        when it is asked for, and known by its content.
    subject
        Whose editions bound it and name its sources.
    fields
        The properties of a feature and their TileJSON type.
    min_zoom
        Below it every tile is empty.
    class_zooms
        For a layer drawn class by class: the zoom from which each class is drawn.
    other_classes_zoom
        The zoom from which classes that ``class_zooms`` does not name are drawn too; None for never.
    single_from_zoom
        Below it, neighbouring features of the same kind are drawn as one.
    parameters
        What a request may ask for besides the tile.
    of_cases
        Whether a request may filter it as lists of cases are filtered, see :mod:`layers.case_filter`.
    place_level
        Whether it shows small places exactly, which the public form of results must not.
    asks
        What a reader must be allowed, everywhere.
    """

    name: str
    revised_as: str | None
    subject: Subject
    geometry: Literal["point", "line", "polygon", "mixed"]
    fields: Mapping[str, FieldType]
    min_zoom: int = 0
    class_zooms: Mapping[str, int] = field(default_factory=dict)
    other_classes_zoom: int | None = None
    single_from_zoom: int = 0
    parameters: tuple[Parameter, ...] = ("on",)
    of_cases: bool = False
    place_level: bool = False
    asks: Permission = Permission.READ

    @property
    def is_private(self) -> bool:
        """Whether an answer is for its reader alone, and no cache between may keep it."""
        return self.place_level or self.asks is not Permission.READ

    def classes_at(self, zoom: int) -> list[str] | None:
        """Return the classes drawn at a zoom, None for every class there is."""
        if not self.class_zooms or (self.other_classes_zoom is not None and zoom >= self.other_classes_zoom):
            return None
        return [name for name, first in self.class_zooms.items() if zoom >= first]


_AREA_FIELDS: Mapping[str, FieldType] = {
    "code": "String",
    "name": "String",
    "level": "String",
    "kind": "String",
    "mode": "String",
    "overridden": "Boolean",
    "parent_code": "String",
    "area_m2": "Number",
}

_LEVEL_ZOOMS = {
    AreaLevel.DISTRICT.value: 0,
    AreaLevel.TOWN.value: 0,
    AreaLevel.BASIC_MANAGEMENT_UNIT.value: 11,
    AreaLevel.SECTOR.value: 11,
    AreaLevel.RESIDENTIAL_QUARTER.value: 12,
    AreaLevel.GRID_CELL.value: 15,
}

_HIGHWAY_ZOOMS = {
    "motorway": 7,
    "trunk": 7,
    "primary": 8,
    "motorway_link": 11,
    "trunk_link": 11,
    "primary_link": 11,
    "secondary": 10,
    "secondary_link": 12,
    "tertiary": 12,
    "tertiary_link": 12,
    "residential": 13,
    "unclassified": 13,
    "living_street": 13,
    "pedestrian": 13,
}

_LAND_ZOOMS = {
    LandKind.WATER.value: 7,
    LandKind.LANDUSE.value: 9,
    LandKind.RAIL.value: 9,
    LandKind.HAZARD.value: 11,
    LandKind.WALL.value: 14,
    LandKind.COMPOUND.value: 14,
}

LAYERS: Mapping[str, Layer] = {
    layer.name: layer
    for layer in (
        Layer(
            name="areas",
            revised_as="areas",
            subject=Subject.AREAS,
            geometry="polygon",
            fields=_AREA_FIELDS,
            class_zooms=_LEVEL_ZOOMS,
            parameters=("on", "level", "edition"),
        ),
        Layer(
            name="area_labels",
            revised_as="areas",
            subject=Subject.AREAS,
            geometry="point",
            fields=_AREA_FIELDS,
            class_zooms=_LEVEL_ZOOMS,
            parameters=("on", "level", "edition"),
        ),
        Layer(
            name="area_changes",
            revised_as="areas",
            subject=Subject.AREAS,
            geometry="polygon",
            fields={
                "change": "String",
                "level": "String",
                "code": "String",
                "name": "String",
                "was_code": "String",
                "was_name": "String",
                "area_m2": "Number",
            },
            class_zooms=_LEVEL_ZOOMS,
            parameters=("edition", "level"),
        ),
        Layer(
            name="topology",
            revised_as="areas",
            subject=Subject.AREAS,
            geometry="mixed",
            fields={
                "finding_no": "Number",
                "type": "String",
                "severity": "String",
                "level": "String",
                "codes": "String",
                "area_m2": "Number",
                "width_m": "Number",
            },
            parameters=("edition",),
        ),
        Layer(
            name="responsibility_grids",
            revised_as="areas",
            subject=Subject.AREAS,
            geometry="polygon",
            fields={
                "code": "String",
                "name": "String",
                "kind": "String",
                "post": "String",
                "backup": "String",
                "cells": "Number",
                "area_m2": "Number",
                "colour": "Number",
            },
            min_zoom=13,
            parameters=("on", "kind"),
        ),
        Layer(
            name="department_grids",
            revised_as="department_grids",
            subject=Subject.DEPARTMENT_GRIDS,
            geometry="polygon",
            fields={
                "department": "String",
                "edition": "String",
                "code": "String",
                "name": "String",
                "area_m2": "Number",
            },
            min_zoom=9,
        ),
        Layer(
            name="merge_conflicts",
            revised_as="merge_conflicts",
            subject=Subject.DEPARTMENT_GRIDS,
            geometry="mixed",
            fields={
                "merge_id": "Number",
                "conflict_no": "Number",
                "kind": "String",
                "area_m2": "Number",
                "outcome": "String",
                "decided": "Boolean",
            },
            min_zoom=9,
        ),
        Layer(
            name="service_points",
            revised_as="service_points",
            subject=Subject.SERVICE_POINTS,
            geometry="point",
            fields={
                "point_id": "Number",
                "code": "String",
                "name": "String",
                "type": "String",
                "status": "String",
                "capacity": "Number",
                "points": "Number",
            },
            min_zoom=6,
            single_from_zoom=12,
        ),
        Layer(
            name="cases",
            revised_as=None,
            subject=Subject.CASES,
            geometry="point",
            fields={
                "case_no": "String",
                "kind": "String",
                "type": "String",
                "state": "String",
                "urgency": "String",
                "cases": "Number",
                "open": "Number",
                "overdue": "Number",
                "due_soon": "Number",
            },
            min_zoom=6,
            single_from_zoom=14,
            parameters=(),
            of_cases=True,
        ),
        Layer(
            name="components",
            revised_as="components",
            subject=Subject.COMPONENTS,
            geometry="mixed",
            fields={
                "code": "String",
                "class": "String",
                "type": "String",
                "name": "String",
                "state": "String",
                "components": "Number",
            },
            min_zoom=12,
            single_from_zoom=16,
        ),
        Layer(
            name="premises",
            revised_as="premises",
            subject=Subject.AREAS,
            geometry="point",
            fields={
                "code": "String",
                "colour": "String",
                "score": "Number",
                "group_renting": "Boolean",
                "due_on": "String",
                "premises": "Number",
            },
            min_zoom=13,
            single_from_zoom=16,
            asks=Permission.PREMISES_READ,
        ),
        Layer(
            name="premises_quarters",
            revised_as="premises_quarters",
            subject=Subject.AREAS,
            geometry="polygon",
            fields={
                "code": "String",
                "name": "String",
                "month": "String",
                "premises": "Number",
                "green": "Number",
                "yellow": "Number",
                "watch": "Number",
                "red": "Number",
                "uninspected": "Number",
                "group_renting": "Number",
            },
            min_zoom=9,
        ),
        Layer(
            name="target_items",
            revised_as="target_items",
            subject=Subject.AREAS,
            geometry="point",
            fields={
                "target": "String",
                "item_no": "Number",
                "name": "String",
                "stage": "String",
                "late": "Boolean",
                "kinds": "String",
            },
            min_zoom=9,
        ),
        Layer(
            name="projects",
            revised_as="projects",
            subject=Subject.AREAS,
            geometry="polygon",
            fields={
                "code": "String",
                "name": "String",
                "begins_on": "String",
                "ends_on": "String",
                "running": "Boolean",
                "area_m2": "Number",
            },
            min_zoom=9,
        ),
        Layer(
            name="desks",
            revised_as="desks",
            subject=Subject.AREAS,
            geometry="point",
            fields={
                "code": "String",
                "name": "String",
                "kind": "String",
                "type": "String",
                "desks": "Number",
            },
            min_zoom=6,
            single_from_zoom=12,
        ),
        Layer(
            name="gate_communities",
            revised_as="gate_communities",
            subject=Subject.AREAS,
            geometry="polygon",
            fields={
                "code": "String",
                "name": "String",
                "day": "String",
                "occupancy_from": "Number",
                "occupancy_below": "Number",
                "ratio_from": "Number",
                "ratio_below": "Number",
            },
            min_zoom=9,
        ),
        Layer(
            name="counting_gates",
            revised_as="counting_gates",
            subject=Subject.AREAS,
            geometry="point",
            fields={"code": "String", "community": "String"},
            min_zoom=16,
        ),
        Layer(
            name="topics",
            revised_as="topics",
            subject=Subject.AREAS,
            geometry="point",
            fields={"code": "String", "title": "String", "state": "String", "origin": "String"},
            min_zoom=9,
        ),
        Layer(
            name="coverage",
            revised_as="coverage",
            subject=Subject.POPULATION,
            geometry="point",
            fields={
                "place_id": "Number",
                "status": "String",
                "band_s": "Number",
                "walk_time_s": "Number",
                "residents": "Number",
                "places": "Number",
            },
            min_zoom=8,
            single_from_zoom=14,
            parameters=("run",),
            place_level=True,
        ),
        Layer(
            name="streets",
            revised_as="streets",
            subject=Subject.NETWORK,
            geometry="line",
            fields={"highway": "String", "name": "String", "bridge": "Boolean"},
            min_zoom=7,
            class_zooms=_HIGHWAY_ZOOMS,
            other_classes_zoom=14,
            single_from_zoom=14,
        ),
        Layer(
            name="gates",
            revised_as="gates",
            subject=Subject.NETWORK,
            geometry="point",
            fields={"code": "String", "name": "String", "access": "String", "hours": "String", "from_table": "Boolean"},
            min_zoom=14,
        ),
        Layer(
            name="land",
            revised_as="land",
            subject=Subject.LAND,
            geometry="mixed",
            fields={"kind": "String", "name": "String", "class": "String"},
            min_zoom=7,
            class_zooms=_LAND_ZOOMS,
        ),
    )
}


def layer_named(name: str) -> Layer:
    """Return a layer by its name.

    Raises
    ------
    NotFoundError
        When there is no layer of that name.
    """
    if name not in LAYERS:
        raise NotFoundError("layer_unknown", field="layer", value=name, known=", ".join(LAYERS))
    return LAYERS[name]
