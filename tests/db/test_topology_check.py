"""The check of a boundary edition in the database: what it sees, what it keeps, and how it is told."""

import json

import pytest
import shapely
from geoalchemy2.shape import to_shape
from sqlalchemy import select

from gridmgmt.analysis.ellipsoid import area_m2
from gridmgmt.analysis.findings import Tolerances
from gridmgmt.areas.models import Area
from gridmgmt.boundaries.check import check_around, check_day, check_edition
from gridmgmt.boundaries.findings import findings_geojson, tolerances_of
from gridmgmt.boundaries.models import TopologyFinding
from gridmgmt.editions.models import Edition
from gridmgmt.editions.service import open_draft
from gridmgmt.settings import Settings
from tests.support.paper_district import FIRST, GUCUN, SECOND, described, load_district


@pytest.fixture
def draft(session) -> Edition:
    load_district(session)
    return open_draft(session, described("next", SECOND))


def add_town(session, draft: Edition, surface: shapely.Geometry) -> None:
    """Add a town 310113900 with this surface to a draft."""
    geom = shapely.to_wkt(shapely.MultiPolygon([surface]), rounding_precision=-1)
    session.add(
        Area(
            edition_id=draft.edition_id, level="town", code="310113900", name="新镇", parent_level="district",
            parent_code="310113", geom=f"SRID=4326;{geom}",
        )
    )  # fmt: skip
    session.flush()


def surface_of(session, code: str) -> shapely.Geometry:
    return to_shape(session.scalars(select(Area.geom).where(Area.code == code)).one())


def kept(session, draft: Edition) -> list[TopologyFinding]:
    statement = select(TopologyFinding).where(TopologyFinding.edition_id == draft.edition_id)
    return list(session.scalars(statement.order_by(TopologyFinding.finding_no)))


def test_the_paper_district_is_clean(session, draft) -> None:
    assert check_day(session, FIRST) == []
    assert check_edition(session, draft) == []
    assert kept(session, draft) == []


def test_a_draft_is_seen_beside_what_is_in_force(session, draft) -> None:
    town = surface_of(session, GUCUN)
    piece = shapely.intersection(town, shapely.Point(shapely.point_on_surface(town)).buffer(0.001, quad_segs=2))
    add_town(session, draft, piece)
    findings = check_edition(session, draft)
    assert [(f.type, f.codes) for f in findings] == [("overlap", (GUCUN, "310113900"))]
    assert findings[0].area_m2 == pytest.approx(area_m2(piece), rel=1e-9)
    assert check_day(session, SECOND) == []
    [row] = kept(session, draft)
    assert (row.finding_no, row.type, row.severity, row.level) == (1, "overlap", "error", "town")
    assert row.codes == [GUCUN, "310113900"]
    assert row.area_m2 == findings[0].area_m2
    assert row.width_m == findings[0].width_m
    place = to_shape(row.location)
    assert shapely.equals(to_shape(row.geom), findings[0].geometry)
    assert shapely.contains(piece, place)


def test_only_the_last_check_is_kept(session, draft) -> None:
    town = surface_of(session, GUCUN)
    add_town(session, draft, shapely.point_on_surface(town).buffer(0.0005))
    check_edition(session, draft)
    assert len(check_edition(session, draft)) == len(kept(session, draft)) == 1
    generous = Tolerances(least_m2=1e9)
    assert check_edition(session, draft, generous) == kept(session, draft) == []


def test_in_a_box_the_same_is_found(session, draft) -> None:
    add_town(session, draft, shapely.point_on_surface(surface_of(session, GUCUN)).buffer(0.0005))
    whole = check_edition(session, draft)
    west, south, east, north = shapely.bounds(whole[0].geometry)
    assert check_around(session, SECOND, (west, south, east, north), draft=draft.edition_id) == whole
    assert check_around(session, SECOND, (0, 0, 1, 1), draft=draft.edition_id) == []


def test_findings_are_json(session, draft) -> None:
    add_town(session, draft, shapely.point_on_surface(surface_of(session, GUCUN)).buffer(0.0005))
    [feature] = json.loads(json.dumps(findings_geojson(check_edition(session, draft)), allow_nan=False))["features"]
    assert feature["properties"]["codes"] == [GUCUN, "310113900"]
    assert feature["properties"]["text"].startswith(f"{GUCUN}, 310113900：重叠 ")
    assert shapely.geometry.shape(feature["geometry"]).contains(
        shapely.Point(feature["properties"]["lon"], feature["properties"]["lat"])
    )


def test_an_empty_folder_has_no_findings(session) -> None:
    assert check_day(session, FIRST) == []


def test_tolerances_are_settings(tmp_path, monkeypatch) -> None:
    assert tolerances_of(Settings(data=tmp_path)) == Tolerances()
    monkeypatch.setenv("GRIDMGMT_TOPOLOGY_ERROR_FROM_M2", "25")
    monkeypatch.setenv("GRIDMGMT_TOPOLOGY_NARROW_M", "0.5")
    assert tolerances_of(Settings(data=tmp_path)) == Tolerances(error_from_m2=25, narrow_m=0.5)
