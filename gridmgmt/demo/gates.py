"""Walled compounds with their gates, around one whose shut side gate would bring its residents nearer to a point.

In the town that stands for 杨行 such a compound is called 天馨花园, its side gate 红林路小门 after the street outside:
the demo of a hearing on opening a gate. It and those next to it have gates with access and hours; all other compounds
of the demo are as before, open at every open gate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from gridmgmt.demo.arrangement import Arrangement
from gridmgmt.demo.frames import frame
from gridmgmt.demo.services import ServicePoint, street_outside
from gridmgmt.demo.settlement import Compound, Entrance
from gridmgmt.texts import text

TOWN = "310113103"
COMPOUNDS = 40
REACH_M = 500.0
"""The side gate leads to a service point this near, as the crow flies."""
SIDE_GATE_STREET = "红林路"
CARD_HOURS = "mon-sun 06:00-22:00"
"""When the gates for residents alone are open."""


@dataclass(frozen=True)
class Gated:
    """Compounds with gates, the one with the side gate first, and the street outside the side gate."""

    compounds: tuple[Compound, ...]
    side_gate: Entrance
    street: str


def gated_compounds(arrangement: Arrangement, compounds: Sequence[Compound], points: Sequence[ServicePoint]) -> Gated:
    """Return the compounds that get gates: the one of 杨行 that a side gate would save most metres, and those around.

    Saved are, as the crow flies, the metres from the gate to the nearest open point, times the homes.
    """
    lived_in = [c for c in compounds if c.wall is not None and len(c.homes)]
    places = np.array([point.place for point in points if point.status == "open"])

    def away_m(entrance: Entrance) -> float:
        return float(np.hypot(*(places - arrangement.points[entrance.street]).T).min())

    def saved(compound: Compound) -> float:
        shut = [away_m(e) for e in compound.entrances if e.gate == "closed"]
        if not shut or shut[0] > REACH_M:
            return 0.0
        return len(compound.homes) * (min(away_m(e) for e in compound.entrances if e.gate == "open") - shut[0])

    first = max((c for c in lived_in if c.block.town.code == TOWN), key=saved)
    near = sorted(lived_in, key=lambda c: float(np.hypot(*(c.block.centre - first.block.centre))))
    side_gate = first.entrances[-1]
    return Gated(tuple(near[:COMPOUNDS]), side_gate, street_outside(arrangement, first, side_gate))


def named_after(gated: Gated, streets: gpd.GeoDataFrame, points: gpd.GeoDataFrame) -> None:
    """Give the street outside the side gate its name, on the map and in addresses."""
    streets.loc[streets["name"] == gated.street, "name"] = SIDE_GATE_STREET
    points["address"] = points["address"].str.replace(gated.street, SIDE_GATE_STREET, regex=False)


def compounds_frame(arrangement: Arrangement, gated: Gated) -> gpd.GeoDataFrame:
    """Return the outlines of the compounds with their names."""
    names = _names(arrangement, gated)
    rows = [{"kind": "compound", "name": name} for name in names]
    return frame(rows, [compound.yard for compound in gated.compounds])


def gates_frame(arrangement: Arrangement, gated: Gated) -> gpd.GeoDataFrame:
    """Return the gates: ``code name access hours``, each where its lane passes the wall; hours None for always.

    The main gate is for all, further open ones are for residents, and those that are kept shut are closed.
    """
    rows, places = [], []
    for number, (compound, name) in enumerate(zip(gated.compounds, _names(arrangement, gated), strict=True), start=1):
        for k, entrance in enumerate(compound.entrances, start=1):
            rows.append({"code": f"{TOWN}-G{number:02d}-{k}", **_gate(gated, entrance, name, k)})
            lane = arrangement.segment((entrance.street, entrance.ring))
            places.append(shapely.get_parts(lane.intersection(compound.yard.exterior))[0])
    return frame(rows, places)


def _gate(gated: Gated, entrance: Entrance, compound: str, number: int) -> Mapping[str, str | None]:
    if entrance.gate == "closed":
        name = text("demo.side_gate") if entrance is gated.side_gate else text("demo.gate_shut", compound=compound)
        return {"name": name, "access": "closed", "hours": None}
    if number == 1:
        return {"name": text("demo.gate_main", compound=compound), "access": "public", "hours": None}
    named = text("demo.gate_further", compound=compound, number=number)
    return {"name": named, "access": "residents", "hours": CARD_HOURS}


def _names(arrangement: Arrangement, gated: Gated) -> list[str]:
    streets = [street_outside(arrangement, c, c.entrances[0]) for c in gated.compounds]
    streets = [SIDE_GATE_STREET if street == gated.street else street for street in streets]
    names = [text("demo.compound_name", street=street, number=50 + 8 * i) for i, street in enumerate(streets)]
    return [text("demo.side_gate_compound"), *names[1:]]
