"""Blocks of real extracts, read as columns and by the library, one object after the other."""

from pathlib import Path

import numpy as np
import pytest

from gridmgmt.ingest.osm_library import objects_by_library
from gridmgmt.ingest.pbf import read_objects

pytestmark = pytest.mark.shared_data


@pytest.mark.parametrize("name", ["helsinki_centre", "monaco", "porto_portugal", "shanghai_baoshan_dachang"])
def test_columns_and_the_library_read_the_same(shared_data: Path, name: str) -> None:
    file = shared_data / "networks" / f"{name}.osm.pbf"
    kept = ("name", "surface", "access", "bridge")
    own, library = (
        read(file, node_keys=("barrier", "entrance"), way_key="highway", kept=kept)
        for read in (read_objects, objects_by_library)
    )
    for column in ("node_id", "node_units", "way_id", "refs", "sizes"):
        assert np.array_equal(getattr(own, column), getattr(library, column)), column
    assert own.node_tags == library.node_tags
    assert own.way_tags == library.way_tags
    assert len(own.way_id) > 700
