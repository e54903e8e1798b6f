"""The Valhalla side of ``valhalla_matrix.py``: runs under a Python of its own that has pyvalhalla with its tools.

Builds tiles from an OpenStreetMap extract and answers, for each point, the metres to all nodes near it.
"""

import json
import subprocess
import sys
from pathlib import Path

NEUTRAL = {
    "walking_speed": 3.24,
    "walkway_factor": 1.0,
    "sidewalk_factor": 1.0,
    "alley_factor": 1.0,
    "driveway_factor": 1.0,
    "step_penalty": 0,
    "elevator_penalty": 0,
    "service_penalty": 0,
    "service_factor": 1.0,
    "gate_penalty": 0,
    "gate_cost": 0,
    "maneuver_penalty": 0,
    "private_access_penalty": 0,
    "destination_only_penalty": 0,
    "use_ferry": 0,
    "use_living_streets": 0.5,
    "use_tracks": 0.5,
    "use_hills": 1.0,
    "max_hiking_difficulty": 6,
}
"""A metre is a metre, wherever it is."""


def main(folder: Path, extract: Path) -> None:
    """Read ``asked.json`` in the folder, write ``answered.json`` beside it."""
    import valhalla  # noqa: PLC0415 -- this side alone has it

    (folder / "tiles").mkdir()
    config = valhalla.get_config(tile_extract="", tile_dir=str(folder / "tiles"), verbose=False)
    limits = config["service_limits"]
    limits["pedestrian"] |= {
        "max_matrix_distance": 50_000,
        "max_matrix_location_pairs": 10_000,
        "max_locations": 10_000,
    }
    (folder / "valhalla.json").write_text(json.dumps(config), encoding="utf-8")
    tool = Path(valhalla.__file__).with_name("bin") / "valhalla_build_tiles"
    subprocess.run([tool, "-c", folder / "valhalla.json", extract], check=True, capture_output=True)
    actor = valhalla.Actor(config)
    asked = json.loads((folder / "asked.json").read_text(encoding="utf-8"))
    answered = [_metres(actor, point, near) for point, near in asked]
    (folder / "answered.json").write_text(json.dumps(answered), encoding="utf-8")


def _metres(actor: object, point: list[float], near: list[list[float]]) -> list[float | None]:
    found: list[float | None] = []
    for first in range(0, len(near), 2_000):
        question = {
            "sources": [{"lon": point[0], "lat": point[1]}],
            "targets": [{"lon": lon, "lat": lat} for lon, lat in near[first : first + 2_000]],
            "costing": "pedestrian",
            "costing_options": {"pedestrian": NEUTRAL},
            "units": "kilometers",
        }
        row = actor.matrix(question)["sources_to_targets"][0]
        found += [None if cell["distance"] is None else 1000 * cell["distance"] for cell in row]
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
