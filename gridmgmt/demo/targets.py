"""What 张庙 has said it will build and renew, and what the district spends on its subdistricts: through the services.

The numbers that the source documents tell are kept with their bounds; points, stages, days and surfaces are made up.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import chain, repeat

import geopandas as gpd

from gridmgmt.access.rules import Actor
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.db import Session
from gridmgmt.demo.governance import western_part
from gridmgmt.demo.towns import DISTRICT_CODE, ZHANGMIAO
from gridmgmt.service_points.rules import ELDERLY_TYPES
from gridmgmt.targets import service
from gridmgmt.targets.budget_queries import StatedPart
from gridmgmt.targets.rules import Amount, AmountBound, Reached, TargetStage
from gridmgmt.texts import text

TARGET, WANTED, YEAR = "ZM-2026-15", 15, 2026
SAID_ON = date(2026, 1, 5)
DUES = {TargetStage.LOCATED: date(2026, 6, 30), TargetStage.OPEN: date(2026, 12, 31)}
OPENED = 6
UNOPENED = (
    (TargetStage.BUILDING, 3),
    (TargetStage.APPROVED, 2),
    (TargetStage.LOCATED, 2),
    (TargetStage.PLANNED, 2),
)
"""How many of the others are how far; two of those planned are late from the middle of the year."""
DAYS = {
    TargetStage.LOCATED: date(2026, 2, 10),
    TargetStage.APPROVED: date(2026, 3, 20),
    TargetStage.BUILDING: date(2026, 4, 15),
    TargetStage.OPEN: date(2026, 6, 18),
}
BUDGET_YUAN = (260_000, 320_000, 480_000)
PROJECT, PROJECT_DAYS = "ZM-ST1", (date(2026, 3, 1), date(2028, 2, 29))
HOUSEHOLDS, PROJECT_M2 = 480, 40_000.0
BUDGET_YEAR, BUDGET_FROM = 2015, date(2015, 1, 1)
ADDITIONS = {"reform": "40780000", "innovation": "43500000", "service": "40000000", "extension": "20000000"}
BASE_YUAN, TOTAL_YUAN = Decimal(310_000_000), Decimal(460_000_000)


def establish_targets(
    session: Session, actor: Actor, areas: gpd.GeoDataFrame, points: gpd.GeoDataFrame, edition: str
) -> None:
    """Set the target of 15 points with its items, the project of 泗塘一村 and the budget 一保四增.

    Parameters
    ----------
    areas, points
        Areas and service points of the demo, as :class:`gridmgmt.demo.generator.DemoDistrict` has them.
    edition
        Name of the population edition in which everybody lives at home.
    """
    _set_target(session, actor, points)
    _set_project(session, actor, areas, edition)
    parts = (
        StatedPart(_said("budget.base"), Amount(BASE_YUAN, AmountBound.AT_LEAST), _said("budget.base_source")),
        *(
            StatedPart(_said(f"budget.{name}"), Amount(Decimal(yuan)), _said(f"budget.{name}_source"))
            for name, yuan in ADDITIONS.items()
        ),
    )
    total, source = Amount(TOTAL_YUAN, AmountBound.MORE_THAN), _said("budget.source")
    named = (_said("budget.name"), DISTRICT_CODE, BUDGET_YEAR)
    service.set_budget(session, actor, service.NewBudget(*named, parts, total, source, BUDGET_FROM))


def _set_target(session: Session, actor: Actor, points: gpd.GeoDataFrame) -> None:
    service.set_target(
        session,
        actor,
        service.NewTarget(
            TARGET, _said("name"), ZHANGMIAO, ELDERLY_TYPES, WANTED, YEAR, _said("owner"), _said("source"), SAID_ON
        ),
    )
    here = points[points["code"].str.startswith(f"{ZHANGMIAO}-")].sort_values("code")
    open_ = here[(here["status"] == "open") & here["type"].isin([str(type_) for type_ in ELDERLY_TYPES])]
    planned = here[here["status"] == "planned"]
    sites = [*_sites(open_.head(OPENED)), *_sites(planned.head(WANTED - OPENED))]
    stages = [TargetStage.OPEN] * OPENED + list(chain.from_iterable(repeat(stage, n) for stage, n in UNOPENED))
    for number, ((code, name, lonlat), stage) in enumerate(zip(sites, stages, strict=True), start=1):
        placed = number < WANTED
        item = service.NewItem(
            name if placed else _said("without_place"),
            SAID_ON,
            lonlat if placed else None,
            BUDGET_YUAN[number % len(BUDGET_YUAN)],
            DUES,
        )
        added = service.add_item(session, actor, TARGET, item)
        for reached in _way_to(stage, skipping=number == OPENED):
            point = code if reached.stage is TargetStage.OPEN else None
            service.note_milestone(
                session, actor, TARGET, added.item_no, reached, today=DAYS[TargetStage.OPEN], service_point_code=point
            )


def _way_to(stage: TargetStage, *, skipping: bool) -> Iterator[Reached]:
    """Yield the milestones up to a stage; one item opens without being built, for a reason."""
    for each in list(DAYS)[: list(TargetStage).index(stage)]:
        if skipping and each is TargetStage.BUILDING:
            continue
        reason = _said("skipped") if skipping and each is TargetStage.OPEN else None
        yield Reached(each, DAYS[each], reason)


def _set_project(session: Session, actor: Actor, areas: gpd.GeoDataFrame, edition: str) -> None:
    """Set the project on a part of the first quarter of 张庙."""
    quarters = areas[(areas["level"] == AreaLevel.RESIDENTIAL_QUARTER) & (areas["parent_code"] == ZHANGMIAO)]
    quarter = quarters.sort_values("code").geometry.to_numpy()[0]
    service.set_project(
        session,
        actor,
        service.NewProject(
            code=PROJECT,
            name=_said("project.name"),
            area_code=ZHANGMIAO,
            valid_from=SAID_ON,
            geometry=western_part(quarter, PROJECT_M2),
            begins_on=PROJECT_DAYS[0],
            ends_on=PROJECT_DAYS[1],
            source=_said("project.source"),
            households=HOUSEHOLDS,
            households_source=_said("project.households_source"),
            home_edition=edition,
        ),
    )


def _sites(points: gpd.GeoDataFrame) -> list[tuple[str, str, tuple[float, float]]]:
    places = zip(points.geometry.x, points.geometry.y, strict=True)
    return list(zip(points["code"], points["name"], places, strict=True))


def _said(key: str) -> str:
    return text(f"demo.targets.{key}")
