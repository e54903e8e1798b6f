"""The demo's service desks: one at every centre and branch, a joint centre's, an extension desk in 宝林四村; visits.

That there is such an extension desk is told by the source; its place, all hours and all counts are made up.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import geopandas as gpd
from numpy.random import PCG64, Generator

from gridmgmt.access.rules import Actor
from gridmgmt.db import Session
from gridmgmt.demo.generator import DEFAULT_SEED
from gridmgmt.demo.governance import JOINT_CENTRE_UNIT
from gridmgmt.desks import service
from gridmgmt.desks.queries import desks_on
from gridmgmt.desks.rules import DeskKind, MonthCount, NewDesk, Offer, kind_at_centre, month_of
from gridmgmt.governance.queries import open_centres
from gridmgmt.governance.rules import CentreType
from gridmgmt.texts import text

BAOLIN_TOWN = "310113003"
"""友谊路街道, in which 宝林四村 lies."""
EXTENSION_DESK, JOINT_DESK = f"{BAOLIN_TOWN}-E1", "310113109-J1-D"
JOINT_CENTRE = "310113109-J1"
MONTHS = 12
WEEKDAYS = {"mon-fri": ["08:30-11:30", "13:00-17:00"]}
HOURS = {
    CentreType.COMMUNITY_AFFAIRS: {"mon-fri": ["08:30-17:00"], "sat": ["09:00-16:00"]},
    CentreType.HEALTH: {"mon-sun": ["08:00-20:00"]},
    CentreType.CULTURE: {"tue-sun": ["09:00-20:30"]},
    CentreType.GRID_MANAGEMENT: {"mon-sun": ["00:00-24:00"]},
}
LISTED = {
    CentreType.GRID_MANAGEMENT: ("G01", "G03", "G04"),
    CentreType.PUBLIC_SECURITY: ("H01", "P01"),
}
"""The items of the lists of matters that desks of a type take."""
USUAL_VISITS = {CentreType.COMMUNITY_AFFAIRS: 2600, CentreType.HEALTH: 4200, CentreType.CULTURE: 1500}
OTHER_VISITS = 420
BRANCH_SHARE = 0.4


def establish_desks(session: Session, actor: Actor, areas: gpd.GeoDataFrame, points: gpd.GeoDataFrame, on: date) -> int:
    """Set up the desks of the demo from a day on and return how many.

    Parameters
    ----------
    areas, points
        The areas and the service points of the demo, as :class:`gridmgmt.demo.generator.DemoDistrict` has them.
    """
    desks = [*_at_centres(session, on), _joint(areas, points, on), _extension(points, on)]
    for desk in desks:
        service.add_desk(session, actor, desk)
    return len(desks)


def count_visits(session: Session, actor: Actor, today: date, on: date) -> None:
    """Keep the visits of the desks of a day in the twelve months before a day's own."""
    rng = Generator(PCG64(DEFAULT_SEED))
    counts = []
    for desk in desks_on(session, on):
        usual = USUAL_VISITS.get(CentreType(desk.type)) if desk.type else 900
        level = (usual or OTHER_VISITS) * (BRANCH_SHARE if desk.kind != DeskKind.CENTRE else 1.0)
        level *= rng.uniform(0.6, 1.4)
        counts += [MonthCount(desk.code, month, int(level * rng.uniform(0.85, 1.15))) for month in _months(today)]
    service.record_visits(
        session, actor, list(enumerate(counts, start=1)), source=text("demo.desk_visits_source"), today=today
    )


def _at_centres(session: Session, on: date) -> Iterator[NewDesk]:
    for centre in open_centres(session, on):
        kind = kind_at_centre(centre.type, branch=centre.parent_code is not None)
        yield NewDesk(
            code=centre.code, kind=kind, name=centre.name, valid_from=on, site_code=centre.code,
            address=None, offer=_offer(centre.type),
        )  # fmt: skip


def _joint(areas: gpd.GeoDataFrame, points: gpd.GeoDataFrame, on: date) -> NewDesk:
    """Return the desk of the joint centre, at a service point in its unit."""
    unit = areas[areas["code"] == JOINT_CENTRE_UNIT].geometry.to_numpy()[0]
    inside = points[points.geometry.within(unit)].sort_values("code").iloc[0]
    matters = (*_offer(CentreType.COMMUNITY_AFFAIRS).matters, *_offer(CentreType.HEALTH).matters)
    return NewDesk(
        code=JOINT_DESK, kind=DeskKind.JOINT_SERVICE_CENTRE, name=text("demo.joint_centre.service_centre"),
        valid_from=on, site_code=JOINT_CENTRE, lonlat=(float(inside.geometry.x), float(inside.geometry.y)),
        offer=Offer(matters, WEEKDAYS),
    )  # fmt: skip


def _extension(points: gpd.GeoDataFrame, on: date) -> NewDesk:
    """Return the extension desk, at a service point of its subdistrict."""
    own = points[points["code"].str.startswith(f"{BAOLIN_TOWN}-") & (points["status"] == "open")]
    return NewDesk(
        code=EXTENSION_DESK, kind=DeskKind.EXTENSION_DESK, name=text("demo.extension_desk"), valid_from=on,
        site_code=str(own.sort_values("code").iloc[0]["code"]), area_code=BAOLIN_TOWN,
        type=CentreType.COMMUNITY_AFFAIRS, address=text("demo.extension_desk_address"),
        offer=Offer(_offer(CentreType.COMMUNITY_AFFAIRS).matters[:4], WEEKDAYS),
    )  # fmt: skip


def _offer(type_: CentreType) -> Offer:
    named = tuple(text(f"demo.desk_matters.{type_}").split("、"))
    return Offer((*named, *LISTED.get(type_, ())), HOURS.get(type_, WEEKDAYS))


def _months(today: date) -> list[date]:
    found, first = [], month_of(today)
    for _ in range(MONTHS):
        first = month_of(first - timedelta(days=1))
        found.append(first)
    return found[::-1]
