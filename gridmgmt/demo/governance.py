"""What the demo's towns have decided and set up, and the subdistrict that is to be split off: through the services.

What the source documents tell is kept: the modes of the towns, the four units, the four sectors of 杨行, 大场 by
override, the joint centre 馨佳园 with its 22 agreements. Names, places and documents beside that are made up.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import cycle

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from gridmgmt.access.rules import Actor
from gridmgmt.areas.rules import AreaLevel, TownMode
from gridmgmt.boundaries import service as boundaries
from gridmgmt.boundaries.rules import Named
from gridmgmt.db import Session
from gridmgmt.demo.frames import DECIMALS
from gridmgmt.demo.towns import COUNTED_ON, TOWNS, UNITS, Town, Unit
from gridmgmt.editions.queries import boundary_edition
from gridmgmt.editions.rules import EditionState
from gridmgmt.governance import service as governance
from gridmgmt.governance.rules import (
    ORGANS,
    SEVEN_CENTRES,
    SIX_CENTRES,
    CentreType,
    NewCentre,
    NewJointCentre,
    Organ,
    Override,
    TagKind,
    VillageType,
)
from gridmgmt.ingest.figures import FigureRows
from gridmgmt.statistics.service import FigureLabels, record_figures
from gridmgmt.texts import text
from gridmgmt.units import M2_PER_KM2

POSTS = {"310113102-U1": 5, "310113109-U1": 4, "310113109-U2": 4, "310113101-U1": 3}
OVERRIDDEN = "310113102"
"""大场, whose surface is below the rule's 40 km²."""
PRACTICES = {
    "310113109": ("demo.practice.joint_centre", "demo.practice.joint_forces"),
    "310113112": ("demo.practice.one_stop", "demo.practice.rental_colours"),
    "310113103": ("demo.practice.four_in_one",),
    "310113104": ("demo.practice.courtyards",),
}
"""The X of 3+X: what towns try beside their main mode."""
VILLAGES = {
    "310113109": VillageType.URBAN_VILLAGE,
    "310113106": VillageType.EMPTY_SHELL_VILLAGE,
    "310113101": VillageType.HOLLOW_VILLAGE,
}
COURTYARD_TOWN = "310113104"
JOINT_CENTRE_TOWN, JOINT_CENTRE_UNIT = "310113109", "310113109-U1"
JOINT_CENTRE_KM2, AGREEMENTS = 1.52, 22
SPLIT_OFF_ON = date(2030, 1, 1)
"""Ahead of every reader, so that the boundaries of today stay those of the source documents."""
NEW_SUBDISTRICT = "310113009"

_GEOD = pyproj.Geod(ellps="WGS84")
_BISECTIONS = 60


def take_into_force(session: Session, actor: Actor, name: str) -> bool:
    """Check, approve and activate a boundary edition of the demo, and tell whether that was still to be done."""
    edition = boundary_edition(session, name)
    if edition is None or edition.state == EditionState.IN_FORCE:
        return False
    boundaries.check(session, actor, edition)
    boundaries.approve(
        session, actor, edition, text("demo.document"), edition.planned_from or SPLIT_OFF_ON, text("demo.reason")
    )
    boundaries.activate(session, actor, edition)
    return True


def establish(session: Session, actor: Actor, areas: gpd.GeoDataFrame, on: date) -> None:
    """Record the figures of the towns, decide their modes and set up what belongs to them, from a day on.

    Parameters
    ----------
    areas
        The areas of the demo, as :class:`gridmgmt.demo.generator.DemoDistrict` has them, in force on the day.
    """
    _record_figures(session, actor, on)
    for town in TOWNS:
        _decide_mode(session, actor, town, on)
        for practice in PRACTICES.get(town.code, ()):
            governance.tag(session, actor, town.code, TagKind.X, text(practice), on)
    sectors = areas[areas["level"] == AreaLevel.SECTOR]
    for code, name, housing in zip(sectors["code"], sectors["name"], sectors["housing_type"], strict=True):
        governance.tag(session, actor, code, TagKind.SECTOR_TYPE, housing, on)
        _set_organs(session, actor, code, name, AreaLevel.SECTOR, on)
    for unit in UNITS:
        _set_organs(session, actor, unit.code, unit.name, AreaLevel.BASIC_MANAGEMENT_UNIT, on)
        governance.set_staffing(session, actor, unit.code, POSTS[unit.code], on)
    _tag_villages(session, actor, areas, on)
    for centre in _centres(areas, on):
        governance.add_centre(session, actor, centre)
    governance.add_joint_centre(session, actor, _joint_centre(areas, JOINT_CENTRE_TOWN, on))


def plan_subdistrict(session: Session, actor: Actor, areas: gpd.GeoDataFrame, source: str) -> None:
    """Schedule the edition by which the unit 菊泉 becomes a subdistrict, and what changes with it.

    Its branches close; what the subdistrict needs instead is not decided and shows as missing from that day on.
    """
    name = text("demo.edition_split_off")
    draft = boundaries.open_draft(session, actor, name, SPLIT_OFF_ON, source)
    boundaries.promote(session, actor, draft, JOINT_CENTRE_UNIT, Named(NEW_SUBDISTRICT, text("demo.new_subdistrict")))
    take_into_force(session, actor, name)
    for type_ in SIX_CENTRES:
        governance.close_centre(session, actor, _centre_code(JOINT_CENTRE_UNIT, type_), SPLIT_OFF_ON)
    governance.add_joint_centre(session, actor, _joint_centre(areas, NEW_SUBDISTRICT, SPLIT_OFF_ON))


def _record_figures(session: Session, actor: Actor, on: date) -> None:
    figures = {
        "residents": ([town.residents for town in TOWNS], "demo.residents_source"),
        "published_area_m2": ([town.area_km2 * M2_PER_KM2 for town in TOWNS], "demo.published_area_source"),
    }
    for figure, (values, source) in figures.items():
        rows = FigureRows(
            row=np.arange(1, len(TOWNS) + 1),
            code=np.array([town.code for town in TOWNS], dtype=object),
            value=np.array(values, dtype=np.float64),
            problems=(),
            read=len(TOWNS),
        )
        labels = FigureLabels(figure, AreaLevel.TOWN, counted_on=COUNTED_ON, areas_on=on, source=text(source))
        record_figures(session, actor, rows, labels)


def _decide_mode(session: Session, actor: Actor, town: Town, on: date) -> None:
    if town.mode is None:
        return
    override = None
    if town.code == OVERRIDDEN:
        override = Override(
            by=text("demo.override_by"),
            document=text("demo.override_document"),
            reason=text("demo.override_reason"),
            dated=on,
        )
    mode = TownMode(town.mode)
    delineable = mode is TownMode.BASIC_MANAGEMENT_UNIT
    governance.decide_mode(session, actor, town.code, mode, on, delineable=delineable, override=override)


def _set_organs(session: Session, actor: Actor, code: str, name: str, level: AreaLevel, on: date) -> None:
    """Set up the organs of a body under its name; the convenor is an office, never a person."""
    for organ in ORGANS[level]:
        kind = text(f"organ.{organ}")
        own = name.removesuffix(kind[:2]) + kind
        governance.set_organ(session, actor, code, organ, text("demo.convenor") if organ is Organ.CONVENOR else own, on)


def _tag_villages(session: Session, actor: Actor, areas: gpd.GeoDataFrame, on: date) -> None:
    for town, type_ in VILLAGES.items():
        governance.tag(session, actor, _village(areas, town), TagKind.VILLAGE_TYPE, type_, on)
    governance.tag(
        session, actor, _village(areas, COURTYARD_TOWN), TagKind.COURTYARD, text("demo.practice.courtyards"), on
    )


def _village(areas: gpd.GeoDataFrame, town: str) -> str:
    """Return the code of a quarter directly under a town, outside its built-up part where there is one."""
    quarters = areas[(areas["level"] == AreaLevel.RESIDENTIAL_QUARTER) & (areas["parent_code"] == town)]
    ranked = [
        (bool(facts["built_up"]), code) for facts, code in zip(quarters["attributes"], quarters["code"], strict=True)
    ]
    return str(min(ranked)[1])


def _centres(areas: gpd.GeoDataFrame, on: date) -> Iterator[NewCentre]:
    """Yield every town's centres, then every unit's branches, each in a quarter of its own where there are enough."""
    for town in TOWNS:
        types = SEVEN_CENTRES if town.kind == "subdistrict" else SIX_CENTRES
        sites = _sites(areas, town.code, len(types))
        for type_, site in zip(types, sites, strict=True):
            yield NewCentre(_centre_code(town.code, type_), type_, _named(town.name, type_), town.code, on, lonlat=site)
    for unit in UNITS:
        yield from _branches(areas, unit, on)


def _branches(areas: gpd.GeoDataFrame, unit: Unit, on: date) -> Iterator[NewCentre]:
    town = unit.code.partition("-")[0]
    for type_, site in zip(SIX_CENTRES, _sites(areas, unit.code, len(SIX_CENTRES)), strict=True):
        name = text("demo.branch_name", centre=_named(unit.name, type_))
        parent = _centre_code(town, type_)
        yield NewCentre(_centre_code(unit.code, type_), type_, name, unit.code, on, parent_code=parent, lonlat=site)


def _sites(areas: gpd.GeoDataFrame, code: str, count: int) -> Sequence[tuple[float, float]]:
    """Return places inside an area, in quarters of it spread over their order."""
    home = areas[areas["code"] == code].geometry.to_numpy()[0]
    quarters = areas[areas["level"] == AreaLevel.RESIDENTIAL_QUARTER].sort_values("code")
    points = shapely.point_on_surface(quarters.geometry.to_numpy())
    points = points[shapely.covers(home, points)]
    chosen = cycle(points[np.linspace(0, len(points) - 1, min(count, len(points))).astype(int)])
    return [
        (round(float(point.x), DECIMALS), round(float(point.y), DECIMALS))
        for point, _ in zip(chosen, range(count), strict=False)
    ]


def _joint_centre(areas: gpd.GeoDataFrame, town_code: str, on: date) -> NewJointCentre:
    unit = areas[areas["code"] == JOINT_CENTRE_UNIT].geometry.to_numpy()[0]
    return NewJointCentre(
        code="310113109-J1",
        name=text("demo.joint_centre.name"),
        town_code=town_code,
        valid_from=on,
        geometry=western_part(unit, JOINT_CENTRE_KM2 * M2_PER_KM2),
        source=text("demo.joint_centre.source"),
        party_branch=text("demo.joint_centre.party_branch"),
        joint_service_centre=text("demo.joint_centre.service_centre"),
        partner_agreements=AGREEMENTS,
        note=text("demo.joint_centre.note"),
    )


def western_part(shape: shapely.Polygon | shapely.MultiPolygon, area_m2: float) -> shapely.MultiPolygon:
    """Return the part of a polygon (WGS 84 degrees) west of the meridian that leaves so many m² of the ellipsoid."""
    west, south, east, north = shape.bounds
    low, high = west, east
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        part = shapely.intersection(shape, shapely.box(west, south, middle, north))
        if abs(_GEOD.geometry_area_perimeter(part)[0]) < area_m2:
            low = middle
        else:
            high = middle
    part = shapely.intersection(shape, shapely.box(west, south, round(high, DECIMALS), north))
    return shapely.MultiPolygon([p for p in shapely.get_parts(part) if p.geom_type == "Polygon"])


def _named(area: str, type_: CentreType) -> str:
    return text("demo.centre_name", area=area, type=text(f"centre_type.{type_}"))


def _centre_code(area: str, type_: CentreType) -> str:
    return f"{area}-C{SEVEN_CENTRES.index(type_) + 1}"
