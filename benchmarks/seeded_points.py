"""Writes service points at random places along the streets of a file: made up, but the same for the same seed.

::

    python benchmarks/seeded_points.py STREETS --count 500 --seed 1 -o points.csv
"""

import argparse
import csv
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

LON_LAT_DECIMALS = 7


def seeded_points(streets: gpd.GeoDataFrame, count: int, seed: int) -> NDArray[np.float64]:
    """Return ``(count, 2)`` lon/lat, spread along the streets in proportion to their length."""
    rng = np.random.default_rng(seed)
    lines = streets.geometry.to_numpy()
    lengths = shapely.length(lines)
    chosen = rng.choice(len(lines), size=count, p=lengths / lengths.sum())
    on_line = shapely.line_interpolate_point(lines[chosen], rng.random(count), normalized=True)
    return shapely.get_coordinates(gpd.GeoSeries(on_line, crs=streets.crs).to_crs(4326))


def main() -> None:
    """Read the streets, write the points."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("streets", type=Path)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    read = gpd.read_parquet if args.streets.suffix == ".parquet" else gpd.read_file
    points = seeded_points(read(args.streets), args.count, args.seed)
    with args.output.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["code", "name", "type", "lon", "lat"])
        for number, (lon, lat) in enumerate(points, 1):
            code = f"S{number:04d}"
            row = [code, f"seeded point {code}", "elderly_service_point"]
            writer.writerow([*row, f"{lon:.{LON_LAT_DECIMALS}f}", f"{lat:.{LON_LAT_DECIMALS}f}"])


if __name__ == "__main__":
    main()
