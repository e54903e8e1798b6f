"""The page of one area on a served demo: the district, a town and a quarter, alone and beside a year before.

It is asked of a server that runs: `scripts/serve`, then this with its address. Before it is timed, the cases on the
page are compared with the indicators that they lead to, and the covered residents with the report of the run.
"""

import argparse
import statistics
import time
from typing import Any

import httpx
from harness import publish, require

DISTRICT, TOWN, QUARTER = "310113", "310113109", "310113102001"
WARM_UP, ROUNDS = 3, 20
MOST_MS = 300.0
Answer = dict[str, Any]  # Any: values of JSON


def figures(profile: Answer, section: str) -> dict[str, Answer]:
    """Return the figures of a section by name."""
    found = next(each for each in profile["sections"] if each["name"] == section)
    return {each["name"]: each for each in found["figures"]}


def agrees(client: httpx.Client, code: str) -> None:
    """Require the page to tell what the rooms behind it tell."""
    profile = client.get(f"/api/v1/areas/{code}/profile").json()
    cases, share = figures(profile, "cases"), figures(profile, "coverage")["covered"]
    counts = client.get(cases["closing_rate"]["href"]).json()["total"]["counts"]
    for name in ("reported", "registered", "closed", "due"):
        require(cases[name]["value"] == counts[name]["value"], f"{code}: {name} differs")
    report = client.get(share["href"]).json()["report"]
    area = next(each for level in report["levels"] for each in level["areas"] if each["code"] == code)
    require(share["numerator"] == area["figures"]["covered"], f"{code}: covered residents differ")


def timed(client: httpx.Client, path: str) -> list[float]:
    """Return the milliseconds of each round, after some that are not counted."""
    spent = []
    for number in range(WARM_UP + ROUNDS):
        began = time.perf_counter()
        client.get(path).raise_for_status()
        if number >= WARM_UP:
            spent.append(1000 * (time.perf_counter() - began))
    return spent


def main() -> None:
    """Measure the pages, print and keep the result."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--address", default="http://127.0.0.1:8000", help="of a server with the demo")
    address = options.parse_args().address
    with httpx.Client(base_url=address, timeout=60) as client:
        try:
            client.get("/health/ready").raise_for_status()
        except httpx.HTTPError as error:
            raise SystemExit(f"no demo is served at {address} ({error}): start scripts/serve and wait for it") from None
        for code in (DISTRICT, TOWN, QUARTER):
            agrees(client, code)
        paths = {
            name: f"/api/v1/areas/{code}/profile"
            for name, code in (("district", DISTRICT), ("town", TOWN), ("quarter", QUARTER))
        }
        paths["district_beside"] = f"{paths['district']}?compare_on=2025-11-24"
        paths["district_yearbook"] = f"/api/v1/areas/{DISTRICT}/yearbook?year=2026"
        found = {name: timed(client, path) for name, path in paths.items()}
    median = {name: statistics.median(spent) for name, spent in found.items()}
    worst = {name: max(spent) for name, spent in found.items()}
    bars = {"district in ms": (median["district"], MOST_MS)}
    publish("area_profile", {"rounds": ROUNDS, "median_ms": median, "worst_ms": worst}, bars)


if __name__ == "__main__":
    main()
