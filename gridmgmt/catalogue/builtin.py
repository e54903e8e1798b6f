"""The built-in catalogue: a starting point to be replaced by the district's own.

Classes and types follow the order of GB/T 30428.2 and CJ/T 214, of which editions and cities number differently: events
begin at class 11 here, so that a code tells a component from an event. Time limits of a burst water pipe and of illegal
parking are those of a published catalogue; the others are plausible and no norm. Departments have the names that are
usual in Shanghai.
"""

from collections.abc import Iterable, Iterator, Mapping
from csv import DictReader
from datetime import date
from functools import cache
from importlib import resources

from gridmgmt.areas.rules import AreaKind, AreaLevel
from gridmgmt.catalogue.matters import ListKind
from gridmgmt.catalogue.queries import Place
from gridmgmt.catalogue.rows import Record, Tables
from gridmgmt.catalogue.rules import BodyKind
from gridmgmt.catalogue.tables import COLUMNS

BEGINS = date(2000, 1, 1)
"""Before every case that a data folder is likely to hold."""
LISTS: Mapping[str, tuple[date, tuple[str, ...]]] = {
    "2014": (date(2014, 1, 1), ("matters",)),
    "2015": (date(2015, 7, 1), ("matters", "fates")),
}
"""The lists of the demo by name, which are there of each kind: the day they begin, and their tables."""

_LEVEL = {
    BodyKind.DISTRICT_DEPARTMENT: AreaLevel.DISTRICT,
    BodyKind.TOWN_BODY: AreaLevel.TOWN,
    BodyKind.UNIT_BODY: AreaLevel.BASIC_MANAGEMENT_UNIT,
}
_OFFICES = {"subdistrict_office": {AreaKind.SUBDISTRICT}, "town_government": {AreaKind.TOWN, AreaKind.TOWNSHIP}}
"""Bodies that only some kinds of areas have."""


def catalogue_tables(places: Iterable[Place]) -> Tables:
    """Return the tables of the catalogue, with a department of each body in each area that has one."""
    tables = {name: _read(name) for name in COLUMNS if name != "departments"}
    departments = tuple(_departments(tables["bodies"], list(places)))
    return {**tables, "departments": tuple(Record(i, each) for i, each in enumerate(departments, start=2))}


def matters_tables(name: str, kind: ListKind = ListKind.MATTERS) -> Tables:
    """Return the tables of one of :data:`LISTS`."""
    prefix = "powers_" if kind is ListKind.POWERS else ""
    return {table: _read(f"{prefix}{table}_{name}") for table in LISTS[name][1]}


def _departments(bodies: Iterable[Record], places: list[Place]) -> Iterator[dict[str, str]]:
    for body in (record.cells for record in bodies):
        level = _LEVEL.get(BodyKind(body["kind"]))
        if level is None:
            yield {"code": body["code"], "body": body["code"], **_named("", body)}
        kinds = _OFFICES.get(body["code"])
        for place in places:
            if place.level is level and (kinds is None or place.kind in kinds):
                code = f"{place.code}-{body['code']}"
                area = {"area_level": str(level), "area_code": place.code}
                yield {"code": code, "body": body["code"], **_named(place.name, body), **area}


def _named(area: str, body: Mapping[str, str]) -> dict[str, str]:
    english = f"{body['name_en']}, {area}" if area else body["name_en"]
    return {"name_zh": f"{area}{body['name_zh']}", "name_en": english}


@cache
def _read(name: str) -> tuple[Record, ...]:
    """Return the rows of one of the files beside this module, blank cells left out."""
    file = resources.files("gridmgmt.catalogue") / "data" / f"{name}.csv"
    reader = DictReader(file.read_text(encoding="utf-8").splitlines())
    return tuple(
        Record(number, {column: cell for column, cell in row.items() if cell})
        for number, row in enumerate(reader, start=2)
    )
