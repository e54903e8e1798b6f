"""A siting answer of four quarters that a person has counted, and the ground its maps are drawn on.

1,000 residents; 400 of them have a point, 850 when three points are added: 250, 150 and 50. 80 can have none.
"""

from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gridmgmt.analysis.siting.model import SitingModel
from gridmgmt.analysis.walking.model import Trip
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.coverage.document import InputEdition, Note, Provenance
from gridmgmt.editions.rules import Subject
from gridmgmt.placeability.rules import PlaceVerdict
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.siting.document import (
    AgeCount,
    AreaBefore,
    Certificate,
    Chosen,
    CurvePoint,
    PlanStress,
    Rejected,
    SitingDocument,
    Terms,
    Totals,
    Uncoverable,
    Uncoverables,
)

WEST, SOUTH, SIZE_DEG = 121.40, 31.30, 0.02
TOWN, QUARTERS = "310113007", ("310113007001", "310113007002", "310113007003", "310113007004")
ZONE = {
    "type": "Polygon",
    "coordinates": [[[121.405, 31.305], [121.41, 31.305], [121.41, 31.31], [121.405, 31.31], [121.405, 31.305]]],
}
AREAS = (
    AreaBefore(level=AreaLevel.TOWN, code=TOWN, name="张庙街道", residents=1000.0, covered_before=400.0,
               covered_after=850.0, ratio_before=0.4, ratio_after=0.85),
    *(
        AreaBefore(level=AreaLevel.RESIDENTIAL_QUARTER, code=code, name=name, residents=residents,
                   covered_before=before, covered_after=after, ratio_before=before / residents,
                   ratio_after=after / residents)
        for code, name, residents, before, after in zip(
            QUARTERS, ("一居", "二居", "三居", "<b>四居</b>"), (400.0, 300.0, 200.0, 100.0), (300.0, 100.0, 0.0, 0.0),
            (400.0, 300.0, 150.0, 0.0), strict=True,
        )
    ),
)  # fmt: skip


def point(rank: int, new: float, **changes: Any) -> Chosen:
    """Return a new point in the middle of the quarter of its rank."""
    values: dict[str, Any] = {
        "rank": rank, "candidate": 10 + rank, "code": f"C{rank}", "name": f"候选点{rank}",
        "lon": WEST + (rank % 2 + 0.5) * SIZE_DEG, "lat": SOUTH + (rank // 2 + 0.5) * SIZE_DEG, "gain": new,
        "newly_covered": new,
        "by_age": (AgeCount(band="60_64", residents=new - 20), AgeCount(band="80_plus", residents=20.0)),
        "served": new + 30, "capacity": None, "cost_yuan": 100_000.0 * rank, "verdict": PlaceVerdict.PASS,
        "warnings": (), "area_code": QUARTERS[rank], "area_name": AREAS[1 + rank].name, "sure": rank == 1,
    }  # fmt: skip
    return Chosen(**(values | changes))


def edition(subject: Subject, name: str) -> InputEdition:
    """Return an edition of made-up data."""
    return InputEdition(
        subject=subject, name=name, source="示例", synthetic=True, datum="wgs84", counting=None,
        valid_from=date(2026, 1, 1), content_sha256="ab" * 32,
    )  # fmt: skip


TERMS = Terms(
    on=date(2026, 3, 1), model=SitingModel.MAX_COVERAGE, points=3, type=ServicePointType.ELDERLY_SERVICE_POINT,
    types=(ServicePointType.ELDERLY_SERVICE_POINT, ServicePointType.MEAL_POINT), limit_s=1200.0, residents="60_plus",
    area_code=TOWN, profile="elder", profile_edition="2024", profile_evidence="B", speed_m_per_s=0.83, at="wed 10:00",
    trip=Trip.TO_POINT, barriers=(), scenario=None, connection_limit_m=100.0, source="list", spacing_m=300.0,
    forbidden=(ZONE,), forbidden_land=("water",), judged=True, capacity=None, max_s=60.0, enough_gap=0.01, seed=1,
)  # fmt: skip
CERTIFICATE = Certificate(
    objective=850.0, unit="residents", bound=859.2, gap=9.2 / 850, proven=False, solver="interchange+lagrangian",
    nodes=41, stopped="time",
)  # fmt: skip
PROVEN = CERTIFICATE.model_copy(update={"bound": 850.0, "gap": 0.0, "proven": True, "stopped": "proven"})


def make_siting(**changes: Any) -> SitingDocument:
    """Return the answer, with some of its parts changed."""
    values: dict[str, Any] = {
        "synthetic": True,
        "notes": (Note(code="synthetic"),),
        "terms": TERMS,
        "candidates": 20,
        "eligible": 17,
        "rejected": (
            Rejected(reason="forbidden_zone", count=2, examples=("候选点8", "候选点9"),
                     positions=((121.406, 31.306), (121.409, 31.308))),
            Rejected(reason="check.ground", count=1, examples=("121.41000, 31.31000",),
                     positions=((121.41, 31.31),)),
        ),
        "certificate": CERTIFICATE,
        "chosen": (point(1, 250.0), point(2, 150.0, verdict=PlaceVerdict.WARN, warnings=("gain",)), point(3, 50.0)),
        "totals": (
            Totals(band="60_plus", residents=1000.0, reachable=920.0, covered_before=400.0, covered_after=850.0),
            Totals(band="60_64", residents=700.0, reachable=650.0, covered_before=300.0, covered_after=690.0),
            Totals(band="80_plus", residents=300.0, reachable=270.0, covered_before=100.0, covered_after=160.0),
        ),
        "areas": AREAS,
        "worst_area": AREAS[-1],
        "curve": (
            CurvePoint(points=1, objective=650.0, bound=650.0, covered=650.0, ratio=0.65),
            CurvePoint(points=2, objective=800.0, bound=804.0, covered=800.0, ratio=0.8),
            CurvePoint(points=3, objective=850.0, bound=859.2, covered=850.0, ratio=0.85),
        ),
        "uncoverable": Uncoverables(
            places=2,
            residents=80.0,
            listed=(
                Uncoverable(lon=121.435, lat=31.335, residents=60.0, area_code=QUARTERS[3], area_name="四居"),
                Uncoverable(lon=121.436, lat=31.336, residents=20.0, area_code=QUARTERS[3], area_name="四居"),
            ),
        ),
        "stresses": (
            PlanStress(kind="speed", words={"speed_m_per_s": 0.61}, residents=1000.0, covered_before=250.0,
                   covered_after=640.0),
            PlanStress(kind="gate", words={"gate": "G01-1", "name": "东门"}, residents=1000.0, covered_before=390.0,
                   covered_after=835.0),
        ),
        "inputs": (edition(Subject.NETWORK, "道路"), edition(Subject.POPULATION, "人口")),
        "provenance": Provenance(code_version="0.7.0", input_sha256="cd" * 32),
    }  # fmt: skip
    return SitingDocument(**(values | changes))


def siting_areas() -> gpd.GeoDataFrame:
    """Return the town and its quarters, two by two, in degrees."""
    squares = [
        shapely.box(WEST + x * SIZE_DEG, SOUTH + y * SIZE_DEG, WEST + (x + 1) * SIZE_DEG, SOUTH + (y + 1) * SIZE_DEG)
        for y in (0, 1)
        for x in (0, 1)
    ]
    return gpd.GeoDataFrame(
        {"level": ["town"] + ["residential_quarter"] * 4, "code": [TOWN, *QUARTERS]},
        geometry=[shapely.union_all(np.array(squares)), *squares],
        crs=4326,
    )
