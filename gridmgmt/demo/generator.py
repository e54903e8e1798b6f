"""The demo district, whole: a pure function of a seed."""

import hashlib
from dataclasses import dataclass, fields

import geopandas as gpd
import pandas as pd
import shapely
from numpy.random import PCG64, Generator

from gridmgmt.demo import frames, gates
from gridmgmt.demo.blocks import build_blocks
from gridmgmt.demo.hierarchy import build_quarters
from gridmgmt.demo.lattice import build_skeleton
from gridmgmt.demo.names import street_names
from gridmgmt.demo.services import build_service_points
from gridmgmt.demo.settlement import farmsteads, settle
from gridmgmt.demo.streets import barrier_areas, build_streets
from gridmgmt.demo.towns import TOWNS

DEFAULT_SEED = 2015
SOURCE, EDITION = "demo.source", "demo.edition"
"""Keys in the catalogue of what to call the data's source (takes the seed) and its edition."""


@dataclass(frozen=True)
class DemoDistrict:
    """A synthetic district as frames in EPSG:4326; the columns are told by the functions of `demo.frames`."""

    seed: int
    areas: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    walls: gpd.GeoDataFrame
    water: gpd.GeoDataFrame
    rail: gpd.GeoDataFrame
    landuse: gpd.GeoDataFrame
    hazards: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    service_points: gpd.GeoDataFrame
    compounds: gpd.GeoDataFrame
    gates: gpd.GeoDataFrame

    def frames(self) -> dict[str, gpd.GeoDataFrame]:
        """Return all frames by name."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "seed"}

    def digest(self) -> str:
        """Return a SHA-256 over every value and coordinate of all frames, as hexadecimal text."""
        digest = hashlib.sha256()
        for name, part in self.frames().items():
            digest.update(name.encode())
            digest.update(pd.DataFrame(part.drop(columns="geometry")).to_csv().encode())
            for shape in shapely.to_wkb(part.geometry.to_numpy(), byte_order=1):
                digest.update(shape)
        return digest.hexdigest()


def generate(seed: int = DEFAULT_SEED) -> DemoDistrict:
    """Return the synthetic district of a seed: areas, streets, homes and service points.

    The same seed gives the same bytes with the same versions of numpy, shapely and GEOS.
    """
    rng = Generator(PCG64(seed))
    names = street_names(rng)
    skeleton = build_skeleton(names, rng)
    arrangement = skeleton.arrangement
    blocks = build_blocks(skeleton, names, rng)
    quarters = build_quarters(arrangement, blocks)
    barriers = shapely.union_all(list(barrier_areas(arrangement).values()))
    compounds = settle(arrangement, blocks, barriers, rng)
    streets = build_streets(arrangement, skeleton.crossings, barriers)
    lone_homes = {
        town.code: farmsteads(arrangement, [block for block in blocks if block.town is town], rng) for town in TOWNS
    }
    areas = frames.areas_frame(arrangement, quarters, rng)
    places = frames.places_frame(compounds, lone_homes, rng)
    points = build_service_points(arrangement, compounds, rng)
    gated = gates.gated_compounds(arrangement, compounds, points)
    street_frame, point_frame = frames.streets_frame(streets), frames.service_points_frame(points)
    gates.named_after(gated, street_frame, point_frame)
    return DemoDistrict(
        seed=seed,
        areas=areas,
        streets=street_frame,
        walls=frames.walls_frame(compounds),
        water=frames.water_frame(arrangement, streets),
        rail=frames.rail_frame(arrangement),
        landuse=frames.landuse_frame(arrangement, blocks),
        hazards=frames.hazards_frame(arrangement),
        places=places,
        service_points=point_frame,
        compounds=gates.compounds_frame(arrangement, gated),
        gates=gates.gates_frame(arrangement, gated),
    )
