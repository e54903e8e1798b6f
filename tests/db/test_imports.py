"""Imports: whole or not at all, once, under an edition, in one datum, and never real beside synthetic."""

import csv
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from gridmgmt import imports
from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import area_frame
from gridmgmt.boundaries import service
from gridmgmt.boundaries.queries import draft_named
from gridmgmt.crs import Datum, wgs84_to_bd09, wgs84_to_gcj02
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import metric_crs_text
from gridmgmt.editions.rules import Counting
from gridmgmt.errors import ConflictError, CrsError, FileRefusedError, NotFoundError
from gridmgmt.ingest.areas import read_areas
from gridmgmt.ingest.cases import read_cases
from gridmgmt.ingest.network import read_network
from gridmgmt.ingest.population import read_population_points
from gridmgmt.ingest.service_points import read_service_points
from gridmgmt.population.models import PopulationPlace
from tests.support import paper_town
from tests.support.actors import TESTER
from tests.support.drafts import take_into_force
from tests.support.paper_town import DAY, degrees, geojson, labels


def import_towns(session: Session, folder: Path, name: str = "towns", **changes: object) -> imports.Outcome:
    return imports.import_areas(
        session, TESTER, read_areas(paper_town.areas_file(folder)), labels(name, **changes), level="town"
    )


def count(session: Session, model: type) -> int:
    return session.scalar(select(func.count()).select_from(model))


def test_the_same_file_twice_changes_nothing(session, tmp_path) -> None:
    first, again = import_towns(session, tmp_path), import_towns(session, tmp_path)
    assert (first.new, first.taken, again.new, again.taken) == (True, 2, False, 0)
    assert count(session, Area) == 2


def test_the_same_file_under_a_withdrawn_name_is_not_called_already_there(session, tmp_path) -> None:
    import_towns(session, tmp_path)
    service.withdraw(session, TESTER, draft_named(session, "towns"), "a mistake")
    with pytest.raises(ConflictError) as refusal:
        import_towns(session, tmp_path)
    assert (refusal.value.code, refusal.value.fields["state"]) == ("edition_no_draft", "withdrawn")


def test_other_content_under_a_taken_name_is_refused(session, tmp_path) -> None:
    import_towns(session, tmp_path)
    other = geojson(
        tmp_path / "x.geojson", [({"code": "1", "name": "n"}, "Polygon", [degrees([(0, 0), (9, 0), (9, 9), (0, 0)])])]
    )
    with pytest.raises(ConflictError) as refusal:
        imports.import_areas(session, TESTER, read_areas(other), labels("towns"), level="town")
    assert refusal.value.code == "edition_name_taken"


def period(session: Session, code: str) -> list[tuple[date, date | None]]:
    found = session.execute(
        text("SELECT valid_from, valid_to FROM area_periods WHERE code = :code ORDER BY valid_from"), {"code": code}
    )
    return [tuple(row) for row in found]


def moved_town(folder: Path) -> Path:
    ring = degrees([(0, 0), (900, 0), (900, 900), (0, 0)])
    return geojson(folder / "x.geojson", [({"code": "310113001", "name": "n镇"}, "Polygon", [ring])])


def test_a_draft_changes_nothing_until_it_is_in_force_and_keeps_what_was(session, tmp_path) -> None:
    import_towns(session, tmp_path)
    assert area_frame(session, DAY).empty
    take_into_force(session, "towns")
    later = replace(labels("later"), valid_from=date(2026, 6, 1))
    imports.import_areas(session, TESTER, read_areas(moved_town(tmp_path)), later, level="town")
    assert set(area_frame(session, date(2026, 7, 1))["name"]) == {"310113001镇", "310113002镇"}
    take_into_force(session, "later")
    assert period(session, "310113001") == [(DAY, date(2026, 6, 1)), (date(2026, 6, 1), None)]
    assert set(area_frame(session, date(2026, 5, 31))["name"]) == {"310113001镇", "310113002镇"}
    assert set(area_frame(session, date(2026, 6, 1))["name"]) == {"n镇", "310113002镇"}


def test_a_code_cannot_be_in_force_twice(session, tmp_path) -> None:
    """Two drafts bring in the same new code: whatever comes second would overlap the first."""
    import_towns(session, tmp_path)
    take_into_force(session, "towns")
    ring = degrees([(0, 0), (900, 0), (900, 900), (0, 0)])
    new_town = geojson(tmp_path / "x.geojson", [({"code": "310113003", "name": "n镇"}, "Polygon", [ring])])
    for name, on in (("early", date(2026, 3, 1)), ("late", date(2026, 6, 1))):
        drafted = labels(name, valid_from=on)
        imports.import_areas(session, TESTER, read_areas(new_town), drafted, level="town")
    take_into_force(session, "late")
    with pytest.raises(ConflictError) as refusal, session.begin_nested():
        take_into_force(session, "early")
    assert refusal.value.code == "ex_areas_code_in_force_once"
    assert "310113003" in refusal.value.message("en")


def test_an_edition_takes_one_file_of_each_level_while_it_is_a_draft(session, tmp_path) -> None:
    import_towns(session, tmp_path)
    square = [degrees([(0, 0), (400, 0), (400, 400), (0, 0)])]
    quarter = geojson(tmp_path / "q.geojson", [({"code": "310113001001", "name": "q"}, "Polygon", square)])
    other_day = labels("towns", valid_from=date(2026, 6, 1))
    with pytest.raises(ConflictError) as refusal:
        imports.import_areas(session, TESTER, read_areas(quarter), other_day, level="residential_quarter")
    assert refusal.value.code == "edition_planned_otherwise"
    imports.import_areas(session, TESTER, read_areas(quarter), labels("towns"), level="residential_quarter")
    edition = take_into_force(session, "towns")
    assert set(edition.details["files"]) == {"town", "residential_quarter"}
    with pytest.raises(ConflictError) as refusal:
        imports.import_areas(session, TESTER, read_areas(quarter), labels("towns"), level="sector")
    assert refusal.value.code == "edition_no_draft"
    again = imports.import_areas(session, TESTER, read_areas(quarter), labels("towns"), level="residential_quarter")
    assert not again.new


def test_a_retired_code_is_not_used_again(session, tmp_path) -> None:
    import_towns(session, tmp_path)
    take_into_force(session, "towns")
    one = labels("one", replaces="towns", valid_from=date(2026, 6, 1))
    imports.import_areas(session, TESTER, read_areas(moved_town(tmp_path)), one, level="town")
    take_into_force(session, "one")
    assert period(session, "310113002") == [(DAY, date(2026, 6, 1))]
    with pytest.raises(ConflictError) as refusal:
        import_towns(session, tmp_path, name="again", valid_from=date(2026, 7, 1))
    assert refusal.value.code == "code_retired"
    assert "310113002" in refusal.value.message("en")


def test_a_replaced_edition_ends_with_all_its_areas_and_no_other_level(session, tmp_path) -> None:
    """One town takes in the other: the code that is gone must not stay in force beside the town that holds it now."""
    import_towns(session, tmp_path)
    square = [degrees([(0, 0), (400, 0), (400, 400), (0, 0)])]
    quarter = geojson(tmp_path / "q.geojson", [({"code": "310113001001", "name": "q"}, "Polygon", square)])
    imports.import_areas(session, TESTER, read_areas(quarter), labels("towns"), level="residential_quarter")
    take_into_force(session, "towns")
    merged = geojson(
        tmp_path / "m.geojson",
        [
            (
                {"code": "310113001", "name": "n镇"},
                "Polygon",
                [degrees([(-100, -100), (3100, -100), (3100, 1100), (-100, -100)])],
            )
        ],
    )
    later = labels("merged", replaces="towns", valid_from=date(2026, 6, 1))
    imports.import_areas(session, TESTER, read_areas(merged), later, level="town")
    take_into_force(session, "merged")
    before, after = area_frame(session, DAY), area_frame(session, date(2026, 6, 1))
    assert sorted(before["code"]) == ["310113001", "310113001001", "310113002"]
    assert sorted(after["code"]) == ["310113001", "310113001001"]


def test_an_edition_that_is_not_there_cannot_be_replaced_not_even_by_a_network(session, tmp_path) -> None:
    for take in (
        lambda wish: import_towns(session, tmp_path, replaces=wish),
        lambda wish: imports.import_network(
            session, TESTER, read_network(paper_town.streets_file(tmp_path)), labels("streets", replaces=wish)
        ),
    ):
        with pytest.raises(NotFoundError) as refusal:
            take("nothing")
        assert refusal.value.code == "edition_unknown"


def test_one_bad_row_keeps_all_out_unless_partial(session, tmp_path) -> None:
    square = [degrees([(0, 0), (900, 0), (900, 900), (0, 0)])]
    file = geojson(
        tmp_path / "x.geojson",
        [({"code": "310113001", "name": "a"}, "Polygon", square), ({"code": None, "name": "b"}, "Polygon", square)],
    )
    with pytest.raises(FileRefusedError) as refusal:
        imports.import_areas(session, TESTER, read_areas(file), labels("x"), level="town")
    assert [problem.row for problem in refusal.value.problems] == [2]
    assert count(session, Area) == count(session, Edition) == 0
    outcome = imports.import_areas(session, TESTER, read_areas(file), labels("x", partial=True), level="town")
    assert (outcome.taken, outcome.refused, count(session, Area)) == (1, 1, 1)


def test_real_and_synthetic_never_share_a_folder(session, tmp_path) -> None:
    import_towns(session, tmp_path, synthetic=True)
    with pytest.raises(ConflictError) as refusal:
        imports.import_network(session, TESTER, read_network(paper_town.streets_file(tmp_path)), labels("streets"))
    assert refusal.value.code == "folder_holds_demo"
    assert "--data" in refusal.value.message("en")


def test_children_find_their_parent_by_place_whatever_comes_first(session, tmp_path) -> None:
    quarter = geojson(
        tmp_path / "q.geojson",
        [({"code": "310113001001", "name": "q"}, "Polygon", [degrees([(0, 0), (400, 0), (400, 400), (0, 0)])])],
    )
    imports.import_areas(session, TESTER, read_areas(quarter), labels("q"), level="residential_quarter")
    take_into_force(session, "q")
    import_towns(session, tmp_path)
    take_into_force(session, "towns")
    parent = session.execute(
        text(
            "SELECT a.parent_code FROM areas AS a JOIN area_periods AS p USING (area_id)"
            " WHERE a.level = 'residential_quarter' AND p.valid_to IS NULL"
        )
    ).scalar_one()
    assert parent == "310113001"


def shifted(path: Path, folder: Path) -> Path:
    """Return the points of a CSV moved to GCJ-02."""
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lon, lat = wgs84_to_gcj02(*(np.array([float(row[name]) for row in rows]) for name in ("lon", "lat")))
    moved = folder / "gcj02.csv"
    with moved.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows({**row, "lon": x, "lat": y} for row, x, y in zip(rows, lon, lat, strict=True))
    return moved


@pytest.fixture
def streets_and_points(session, tmp_path) -> Path:
    """Real streets in the database, and 200 points that lie on them, as a CSV."""
    imports.import_network(session, TESTER, read_network(paper_town.streets_file(tmp_path)), labels("streets"))
    path = tmp_path / "on_streets.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["code", "name", "lon", "lat"])
        for i in range(200):
            at = (1500, i * 10) if i < 100 else ((i - 100) * 30, 0)
            writer.writerow([i, i, *degrees([at])[0]])
    return path


def test_points_that_look_like_gcj02_are_refused_with_the_remedy(session, streets_and_points, tmp_path) -> None:
    points = read_service_points(shifted(streets_and_points, tmp_path), type_="medical")
    with pytest.raises(CrsError) as refusal:
        imports.import_service_points(session, TESTER, points, labels("p"))
    assert refusal.value.code == "looks_like_gcj02"
    assert "--datum gcj02" in refusal.value.message("en")


def test_the_same_points_are_taken_when_they_are_declared(session, streets_and_points, tmp_path) -> None:
    file = shifted(streets_and_points, tmp_path)
    points = read_service_points(file, type_="medical", datum=Datum.GCJ02)
    outcome = imports.import_service_points(session, TESTER, points, labels("p", datum=Datum.GCJ02))
    assert (outcome.taken, outcome.warnings) == (200, ())


def test_points_where_they_should_be_are_taken_silently(session, streets_and_points) -> None:
    outcome = imports.import_service_points(
        session, TESTER, read_service_points(streets_and_points, type_="medical"), labels("p")
    )
    assert (outcome.taken, outcome.warnings) == (200, ())


def test_a_wrong_declaration_is_taken_with_a_warning(session, streets_and_points) -> None:
    points = read_service_points(streets_and_points, type_="medical", datum=Datum.GCJ02)
    outcome = imports.import_service_points(session, TESTER, points, labels("p", datum=Datum.GCJ02))
    assert [code for code, _ in outcome.warnings] == ["declared_gcj02_fits_unshifted"]


def test_residents_keep_every_digit(session, tmp_path) -> None:
    places = read_population_points(paper_town.places_file(tmp_path))
    imports.import_population(session, TESTER, places, labels("places"), counting=Counting.MODELLED)
    total, young = session.execute(
        select(func.sum(PopulationPlace.residents_60_plus), func.sum(PopulationPlace.residents_60_64))
    ).one()
    assert (total, young) == (75.75, 65.5)


def test_the_metric_crs_is_chosen_once_and_must_fit_what_comes_later(session, tmp_path) -> None:
    import_towns(session, tmp_path)
    assert metric_crs_text(session) == "EPSG:4549"
    ring = [[113.9, 30.5], [114.0, 30.5], [114.0, 30.6], [113.9, 30.5]]
    wuhan = geojson(tmp_path / "w.geojson", [({"code": "420100", "name": "w"}, "Polygon", [ring])])
    with pytest.raises(CrsError):
        imports.import_areas(session, TESTER, read_areas(wuhan), labels("w"), level="district")


def test_an_edition_does_not_end_itself(session, tmp_path) -> None:
    """Importing a file again in its own place would leave nothing in force."""
    streets = read_network(paper_town.streets_file(tmp_path))
    imports.import_network(session, TESTER, streets, labels("streets"))
    with pytest.raises(ConflictError) as refusal:
        imports.import_network(session, TESTER, streets, labels("streets", replaces="streets"))
    assert refusal.value.code == "edition_ended"


def test_content_that_has_ended_is_not_called_already_there(session, tmp_path) -> None:
    streets = read_network(paper_town.streets_file(tmp_path))
    imports.import_network(session, TESTER, streets, labels("first"))
    imports.import_network(session, TESTER, streets, labels("second", valid_from=date(2026, 6, 1)))
    with pytest.raises(ConflictError) as refusal:
        imports.import_network(session, TESTER, streets, labels("first", valid_from=date(2026, 7, 1)))
    assert (refusal.value.code, refusal.value.fields["ended"]) == ("edition_ended", date(2026, 6, 1))
    assert not imports.import_network(session, TESTER, streets, labels("first")).new


def test_a_new_population_says_which_edition_it_takes_over_from(session, tmp_path) -> None:
    places = read_population_points(paper_town.places_file(tmp_path))
    first = imports.import_population(session, TESTER, places, labels("old"), counting=Counting.COUNTED)
    second = imports.import_population(session, TESTER, places, labels("new"), counting=Counting.COUNTED)
    assert first.warnings == ()
    assert second.warnings == (("edition_taken_over", {"name": "old", "on": DAY}),)


@pytest.mark.parametrize("wish", ["no such crs", "EPSG:4326", "EPSG:2249"])
def test_a_metric_crs_must_be_one_in_metres(session, tmp_path, wish) -> None:
    with pytest.raises(CrsError) as refusal:
        import_towns(session, tmp_path, metric_crs=wish)
    assert refusal.value.code == "metric_crs_unknown"


@pytest.fixture
def stated_points(session, tmp_path) -> Callable[..., Path]:
    """Two real towns side by side, and points all over them whose rows state the town; the writer of such a file."""
    paper = [("310113001", "西镇", 0, 3_000), ("310113002", "东镇", 3_000, 6_000)]
    towns = geojson(
        tmp_path / "towns.geojson",
        [
            ({"code": code, "name": name}, "Polygon", [degrees([(w, 0), (e, 0), (e, 4_000), (w, 4_000), (w, 0)])])
            for code, name, w, e in paper
        ],
    )  # fmt: skip
    imports.import_areas(session, TESTER, read_areas(towns), labels("towns"), level="town")
    at = np.random.default_rng(11).uniform((1, 1), (5_999, 3_999), (400, 2))
    lonlat = np.array(degrees([tuple(each) for each in at]))

    def write(convert, *, state=lambda east: "310113002" if east else "310113001", header="街镇代码") -> Path:
        path = tmp_path / "stated.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(
                ["code", "name", "lon", "lat", header, "case_no", "case_type", "case_status", "reported_at"]
            )
            for i, (x, y, east) in enumerate(zip(*convert(*lonlat.T), at[:, 0] > 3_000, strict=True)):
                row = [i, i, x, y, state(bool(east)), i, "t", "open", "2026-01-01 08:00"]
                writer.writerow(row)
        return path

    return write


def medical(path: Path, datum: Datum | None = None, **columns: str):
    return read_service_points(path, type_="medical", datum=datum, columns=columns)


@pytest.mark.parametrize(("convert", "datum"), [(wgs84_to_gcj02, "gcj02"), (wgs84_to_bd09, "bd09")])
def test_points_outside_the_area_that_they_state_tell_their_datum(session, stated_points, convert, datum) -> None:
    file = stated_points(convert)
    with pytest.raises(CrsError) as refusal:
        imports.import_service_points(session, TESTER, medical(file), labels("p"))
    assert refusal.value.code == "looks_like_other_datum"
    assert f"--datum {datum}" in refusal.value.message("en")
    assert "街镇代码" in refusal.value.message("zh")
    with pytest.raises(CrsError):
        imports.import_cases(session, TESTER, read_cases(file), labels("c"))
    outcome = imports.import_service_points(
        session, TESTER, medical(file, Datum(datum)), labels("p", datum=Datum(datum))
    )
    assert (outcome.taken, outcome.warnings) == (400, ())


def test_points_inside_the_area_that_they_state_are_taken_silently(session, stated_points) -> None:
    """By name in a column that is named, though nothing but the statement tells: the outlines are far from most."""
    file = stated_points(lambda x, y: (x, y), state=lambda east: "东镇" if east else "西镇", header="片")
    outcome = imports.import_service_points(session, TESTER, medical(file, area_name="片"), labels("p"))
    assert (outcome.taken, outcome.warnings) == (400, ())


def test_a_declaration_against_the_stated_areas_is_taken_with_a_warning(session, stated_points) -> None:
    file = stated_points(wgs84_to_gcj02)
    outcome = imports.import_service_points(session, TESTER, medical(file, Datum.BD09), labels("p", datum=Datum.BD09))
    ((code, facts),) = outcome.warnings
    assert (code, facts["declared"], facts["fits"]) == ("declared_datum_contradicted", "bd09", "gcj02")
    assert facts["share_best"] == 1.0


def test_statements_of_areas_that_are_not_there_leave_it_to_the_outlines(session, stated_points) -> None:
    file = stated_points(lambda x, y: (x, y), state=lambda _: "青浦区", header="行政区")
    outcome = imports.import_service_points(session, TESTER, medical(file), labels("p"))
    assert [code for code, _ in outcome.warnings] == ["datum_inconclusive"]
