"""The demo's gazetteer: its streets, its quarters as compounds, its service points, and a door for every home."""

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridmgmt.addresses.rules import AddressKind
from gridmgmt.demo.frames import CRS, M_PER_DEGREE_LAT, M_PER_DEGREE_LON
from gridmgmt.demo.generator import DemoDistrict
from gridmgmt.demo.towns import DISTRICT_NAME
from gridmgmt.texts import text

DOOR_M = 6.0
"""Length of street that one number takes, in metres."""
FORMER_EACH = 97
"""One street in so many had another name before."""
_COLUMNS = ("code", "kind", "name", "address", "aliases", "former")
_SCALE = np.array([M_PER_DEGREE_LON, M_PER_DEGREE_LAT])

Streets = Mapping[str, shapely.MultiLineString]
Floats = NDArray[np.float64]


def gazetteer(district: DemoDistrict) -> gpd.GeoDataFrame:
    """Return the addresses of a district, the same for the same: ``code kind name address aliases former``, points."""
    named = district.streets[district.streets["name"].notna()]
    roads = _streets(named)
    parts = [_roads(roads), _compounds(district), _institutions(district), _doors(district, named, roads)]
    frame = pd.concat(parts, ignore_index=True)
    frame["aliases"] = _lists([[] if alias is None else [alias] for alias in frame["alias"]])
    frame["former"] = _lists([[] if name is None else [(name, None, None)] for name in frame["was"]])
    columns = {name: frame[name].astype(object).where(frame[name].notna(), None) for name in _COLUMNS}
    return gpd.GeoDataFrame(columns, geometry=frame["geometry"].to_numpy(), crs=CRS)


def _lists(values: list[list[object]]) -> NDArray[np.object_]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _rows(points: NDArray[np.object_], kind: AddressKind, letter: str, **columns: object) -> pd.DataFrame:
    codes = [f"{letter}{number:06d}" for number in range(1, len(points) + 1)]
    given = {"name": None, "address": None, "alias": None, "was": None, **columns}
    return pd.DataFrame({"code": codes, "kind": str(kind), "geometry": points, **given}, dtype=object)


def _streets(named: gpd.GeoDataFrame) -> Streets:
    """Return the stretches of each name as one line of several parts, by name."""
    which, names = pd.factorize(named["name"], sort=True)
    order = np.argsort(which, kind="stable")
    lines = np.asarray(shapely.multilinestrings(named.geometry.to_numpy()[order], indices=which[order]))
    return dict(zip(names, lines, strict=True))


def _roads(roads: Streets) -> pd.DataFrame:
    """Return each street at the point of it that is nearest to its middle."""
    lines = np.array(list(roads.values()), dtype=object)
    middles = shapely.get_point(shapely.shortest_line(lines, shapely.centroid(lines)), 0)
    names = list(roads)
    was = [text("demo.former_street", name=n) if i % FORMER_EACH == 0 else None for i, n in enumerate(names)]
    return _rows(middles, AddressKind.ROAD, "R", name=names, was=was)


def _compounds(district: DemoDistrict) -> pd.DataFrame:
    quarters = district.areas[district.areas["level"] == "residential_quarter"]
    names = [name.removesuffix(text("demo.quarter_name", stem="")) for name in quarters["name"]]
    inside = shapely.point_on_surface(quarters.geometry.to_numpy())
    return _rows(inside, AddressKind.COMPOUND, "C", name=names, alias=quarters["name"].tolist())


def _institutions(district: DemoDistrict) -> pd.DataFrame:
    points = district.service_points
    return _rows(
        points.geometry.to_numpy(), AddressKind.INSTITUTION, "I",
        name=points["name"].tolist(), address=points["address"].tolist(),
    )  # fmt: skip


def _doors(district: DemoDistrict, named: gpd.GeoDataFrame, roads: Streets) -> pd.DataFrame:
    """Return a door for each home on the nearest street: odd numbers on one side, even ones on the other."""
    homes = district.places.geometry.to_numpy()
    nearest = shapely.STRtree(named.geometry.to_numpy()).nearest(homes)
    streets = named["name"].to_numpy(dtype=object)[nearest]
    places = shapely.get_coordinates(homes) * _SCALE
    numbers = np.zeros(len(homes), dtype=np.int64)
    by_street = pd.Series(range(len(homes))).groupby(streets).indices
    for name in sorted(set(streets)):
        which = by_street[name]
        numbers[which] = _numbers(places[which], shapely.get_coordinates(roads[name]) * _SCALE)
    towns = _towns_of(district, homes)
    addresses = [f"{DISTRICT_NAME}{t}{s}{n}号" for t, s, n in zip(towns, streets, numbers, strict=True)]
    return _rows(homes, AddressKind.DOOR, "D", address=addresses)


def _numbers(doors_m: Floats, street_m: Floats) -> NDArray[np.int64]:
    """Return different numbers for doors (n, 2) along a street (k, 2), both in metres, rising along its longer axis."""
    origin = street_m[np.lexsort(street_m.T)][0]
    axis = np.linalg.svd(street_m - street_m.mean(axis=0), full_matrices=False)[2][0]
    axis = axis if axis[np.argmax(np.abs(axis))] > 0 else -axis
    along = (doors_m - origin) @ axis
    left = (doors_m - street_m.mean(axis=0)) @ np.array([-axis[1], axis[0]]) > 0
    wished = 2 * np.floor((along - along.min()) / DOOR_M).astype(np.int64) + 1 + left
    numbers = np.zeros(len(doors_m), dtype=np.int64)
    last = {0: 0, 1: -1}
    for i in np.lexsort((np.arange(len(along)), along)):
        side = int(wished[i] % 2)
        last[side] = numbers[i] = max(int(wished[i]), last[side] + 2)
    return numbers


def _towns_of(district: DemoDistrict, homes: NDArray[np.object_]) -> list[str]:
    towns = district.areas[district.areas["level"] == "town"]
    home, town = shapely.STRtree(towns.geometry.to_numpy()).query(homes, predicate="intersects")
    found = np.full(len(homes), "", dtype=object)
    found[home[::-1]] = towns["name"].to_numpy(dtype=object)[town[::-1]]
    return list(found)
