"""A round of twelve streets by sixty items, made anew from its evidence, in a district with a month of 20,000 cases.

Thirty items are rates of cases, narrowed in ten ways; fifteen are surveys, fourteen documents, one is coverage. All is
written in one transaction that is rolled back. The statements of a read are counted too: they must not grow with
subjects or items, only with the ways in which cases are narrowed.
"""

import argparse
import statistics
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from harness import publish, require
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session
from tiles_cold import demo_database

from gridmgmt.access.rules import system_actor
from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import in_force_on
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.assessment import queries, service
from gridmgmt.assessment.rules import (
    AssessmentDirection,
    AssessmentItem,
    EvidenceKind,
    Named,
    NewEntry,
    NewScheme,
)
from gridmgmt.assessment.service import NewRound
from gridmgmt.cases.measures import Ratio
from gridmgmt.clock import local_date
from gridmgmt.db import make_engine
from gridmgmt.indicators import service as indicators

CASES, ROUNDS, SUBJECTS = 20_000, 9, 12
MOST_MS = 1000.0
NARROWED: tuple[dict[str, str], ...] = (
    {}, {"kind": "event"}, {"kind": "component"}, {"source": "grid_officer"}, {"source": "hotline_12345"},
    {"source": "public"}, {"source": "video"}, {"kind": "event", "source": "public"}, {"type": "1101"}, {"major": "11"},
)  # fmt: skip
RATES = (Ratio.ON_TIME_CLOSING_RATE, Ratio.REWORK_RATE, Ratio.RIGHT_DISPATCH_RATE)
SURVEYS, DOCUMENTS = 15, 14
NAME = Named("基准", "benchmark")
FILL = """
INSERT INTO cases (
    case_no, kind, type, source, state, reported_at, dispatched_at, handled_at, closed_at, due_at, town_code,
    rework_count, send_back_count, geom
)
SELECT
    'B' || n, CASE WHEN (n / :towns) % 3 = 0 THEN 'component' ELSE 'event' END,
    CASE WHEN (n / :towns) % 3 = 0 THEN '0101' ELSE '1101' END,
    (ARRAY['grid_officer', 'hotline_12345', 'public', 'video'])[1 + (n / (3 * :towns)) % 4], 'closed', reported,
    reported + interval '1 hour', reported + interval '1 day', reported + interval '1 day' * (1 + n % 5),
    reported + interval '4 days', town.code, (n % 11 = 0)::int, (n % 13 = 0)::int, town.inside
FROM (
    SELECT n, now() - interval '5 days' - (n * 1.0 / :cases) * interval '22 days' AS reported
    FROM generate_series(1, :cases) AS n
) AS drawn
INNER JOIN (
    SELECT row_number() OVER (ORDER BY code) - 1 AS place, code, ST_PointOnSurface(geom) AS inside
    FROM areas WHERE area_id = ANY(:areas)
) AS town ON town.place = n % :towns
"""


def items() -> list[AssessmentItem]:
    """Return sixty items that weigh 100 together."""
    rates = [(EvidenceKind.INDICATOR, {"ratio": ratio, "narrowed": each}) for each in NARROWED for ratio in RATES]
    surveys = [(EvidenceKind.SURVEY, {"full_at": Decimal(5), "min_sample": 30})] * SURVEYS
    kinds: list[tuple[EvidenceKind, dict[str, Any]]] = [
        *rates,
        *surveys,
        *[(EvidenceKind.MANUAL, {})] * DOCUMENTS,
        (EvidenceKind.COVERAGE, {}),
    ]
    weights = [Decimal("1.6")] * (len(kinds) - 1)
    weights.append(100 - sum(weights, Decimal(0)))
    return [
        AssessmentItem(f"I{at}", "own", NAME, weight, kind, **more)
        for at, (weight, (kind, more)) in enumerate(zip(weights, kinds, strict=True))
    ]


def measure(session: Session, now: datetime) -> dict[str, float]:
    """Return what a read takes in milliseconds, how many statements it makes, and what it was of."""
    actor, today = system_actor("benchmark"), local_date(now)
    towns = list(queries.streets(session, today))
    areas = session.scalars(select(Area.area_id).where(Area.level == AreaLevel.TOWN, in_force_on(today))).all()
    require(len(areas) == len(towns) == SUBJECTS, f"{len(areas)} areas of {len(towns)} towns")
    session.execute(text(FILL), {"cases": CASES, "areas": areas, "towns": len(areas)})
    while indicators.fold(session, most=50_000):
        pass
    session.execute(text("ANALYZE cases, counted_cases, day_tallies"))
    scheme = NewScheme(
        NAME, AssessmentDirection.STREETS, today - timedelta(days=60), items(), "-", groups={"own": NAME}
    )
    scheme_id = service.add_scheme(session, actor, scheme, now=now)
    round_id = service.open_round(session, actor, NewRound(scheme_id, NAME, today - timedelta(days=30), today))
    for town in towns:
        for item in scheme.items:
            survey = item.evidence is EvidenceKind.SURVEY
            if survey or item.evidence is EvidenceKind.MANUAL:
                entry = NewEntry(
                    town, item.code, Decimal("0.8"), 100 if survey else None, None, None if survey else "-"
                )
                service.enter(session, actor, round_id, entry)
    statements: list[str] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *told: statements.append(told[2]))
    spent_ms = []
    for _ in range(ROUNDS):
        session.expire_all()
        began = time.perf_counter()
        found = service.result(session, round_id, now=now)
        spent_ms.append(1000 * (time.perf_counter() - began))
    scores = found["scores"]
    require(len(scores) == len(towns) * len(scheme.items), "scores are missing")
    require(sum(each["points"] is not None for each in scores) >= len(towns) * (len(scheme.items) - 1), "not judged")
    return {
        "subjects": len(towns), "items": len(scheme.items), "cases": CASES,
        "first_ms": spent_ms[0], "median_ms": statistics.median(spent_ms), "worst_ms": max(spent_ms),
        "statements": len(statements) / ROUNDS,
    }  # fmt: skip


def main() -> None:
    """Measure, print and keep the result."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument(
        "--url", help="a database with the demo to use; without it, an embedded one is made and filled"
    )
    with demo_database(options.parse_args().url) as url:
        engine = make_engine(url)
        with Session(engine) as session:
            figures = measure(session, datetime.now(UTC))
            session.rollback()
        engine.dispose()
    publish("assessment", figures, {"median in ms": (figures["median_ms"], MOST_MS)})


if __name__ == "__main__":
    main()
