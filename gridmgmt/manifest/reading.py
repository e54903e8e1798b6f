"""Judging a manifest before anything is done: all that is wrong at once, each with its place and the remedy."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pyproj import CRS
from pyproj.exceptions import CRSError

from gridmgmt.clock import zone_of
from gridmgmt.coverage.rules import CoverageRequest, make_request
from gridmgmt.errors import FileRefusedError, GridMgmtError, Problem
from gridmgmt.file_kinds import AreasFile, FeaturesFile, FileKind, edition_of
from gridmgmt.ingest.columns import Condition
from gridmgmt.manifest.document import Document, Loc, read_document
from gridmgmt.manifest.schema import (
    Addresses,
    Areas,
    Cases,
    Catalogue,
    Codes,
    Components,
    Coverage,
    Features,
    Gates,
    Manifest,
    ManifestSettings,
    Matters,
    Population,
    ServicePoints,
)
from gridmgmt.texts import Language, text
from gridmgmt.uploads.records import EditionFile

Part = TypeVar("Part", bound=BaseModel)

_LISTS: Mapping[str, type[FileKind] | type[EditionFile]] = {
    "codes": Codes,
    "areas": Areas,
    "gates": Gates,
    "features": Features,
    "service_points": ServicePoints,
    "catalogue": Catalogue,
    "matters": Matters,
    "components": Components,
    "cases": Cases,
    "addresses": Addresses,
}
_BESIDE_DEMO = ("district", "settings", "demo", "coverage")
_SINGLE = ("network", "population", "population_by_area")
_MAPPING = ("model_type", "dict_type", "model_attributes_type", "mapping_type")
_LIST = ("tuple_type", "list_type")
_EXPECTED: Mapping[str, str] = {
    "bool_parsing": "true, false",
    "int_parsing": "2015",
    "float_parsing": "12.5",
    "string_type": "“…”",
    "string_too_short": "“…”",
    **dict.fromkeys(("date_parsing", "date_from_datetime_parsing", "date_type"), "2026-01-31"),
    **dict.fromkeys(_LIST, "[…]"),
    **dict.fromkeys(_MAPPING, "key: value"),
}


@dataclass(frozen=True)
class Refusal(Problem):
    """A value that a rule of its own refuses, in that rule's words."""

    error: GridMgmtError | None = None

    def message(self, lang: Language = "zh") -> str:
        """Return the reason in words."""
        reason = "" if self.error is None else self.error.message(lang)
        return text("problem.manifest_refusal", lang, **self.fields, reason=reason)


@dataclass(frozen=True)
class Read:
    """A manifest that can be used, and the folder that its files are named from."""

    path: Path
    files: Path
    manifest: Manifest

    def file(self, name: str | Path) -> Path:
        """Return where a file lies."""
        return self.files / name

    def files_of(self, entry: Any) -> list[Path]:
        """Return the files of an entry: its file, with that of buildings, or its rasters by band."""
        if entry.file is not None:
            return [self.file(name) for name in (entry.file, getattr(entry, "buildings", None)) if name is not None]
        return [self.file(path) for band in sorted(entry.rasters) for path in entry.rasters[band]]


def read_manifest(path: Path, *, files: Path | None = None, variables: Mapping[str, str] | None = None) -> Read:
    """Return a manifest.

    Parameters
    ----------
    files
        The folder that file names are relative to; the manifest's own without it.
    variables
        What ``${NAME}`` stands for. A value that names a file or folder is made absolute.

    Raises
    ------
    InputError
        When there is no such file.
    FileRefusedError
        With all that is wrong: unknown and missing keys, values of the wrong kind, files that are not there, editions
        that nobody makes. A problem's row is the line, its fields name column, place, value and what would be right.
    """
    here = {name: _absolute(value) for name, value in (variables or {}).items()}
    document = read_document(path, here)
    folder = (files or path.parent).resolve()
    problems = [*document.problems, *_missing_files(document, folder), *_dangling(document)]
    manifest = None
    try:
        manifest = Manifest.model_validate({} if document.data is None else document.data)
    except ValidationError as error:
        problems += [_problem(document, each) for each in error.errors(include_url=False)]
    problems += _inconsistent(document)
    if problems or manifest is None:
        ordered = sorted(problems, key=lambda p: (p.row or 0, str(p.fields.get("column", "")).rjust(6)))
        raise FileRefusedError("manifest_refused", problems=ordered, file=path.name, count=len(ordered))
    return Read(path, folder, manifest)


def coverage_request(entry: Coverage) -> CoverageRequest:
    """Return the question of an entry.

    Raises
    ------
    InputError
        When a number is out of its range, the time of the week malformed, or land no barrier.
    """
    return make_request(
        minutes=entry.minutes,
        bands_min=entry.bands,
        profile=entry.profile,
        area_code=entry.area,
        types=entry.types,
        connection_limit_m=entry.connection_limit_m,
        at=entry.time,
        trip=entry.trip,
        barriers=entry.barriers,
        scenario=entry.scenario,
    )


def _absolute(value: str) -> str:
    return str(Path(value).resolve()) if Path(value).exists() else value


def _problem(document: Document, error: ErrorDetails) -> Problem:
    """Return what the schema found as a problem with its place."""
    loc: Loc = tuple(error["loc"])
    kind, value = error["type"], _shown(error["input"])
    if kind == "extra_forbidden":
        name = str(loc[-1])
        known = [each for each in _known_keys(loc[:-1]) if each not in _keys_at(document.data, loc[:-1])]
        nearest = get_close_matches(name, known, n=1)
        return document.problem(loc, "manifest_unknown_key", at_key=True, value=name, known=", ".join(nearest or known))
    if kind == "missing":
        return document.problem(loc, "manifest_missing_key", value=loc[-1])
    context = error.get("ctx", {})
    expected = context.get("expected") or _EXPECTED.get(kind) or _limits(context) or error["msg"]
    return document.problem(loc, "manifest_value", value=value, expected=_plain(str(expected)))


def _plain(expected: str) -> str:
    """Return a list of values without quotes.

    >>> _plain("'town', 'sector' or 'district'")
    'town, sector, district'
    """
    return expected.replace(" or ", ", ").replace("'", "")


def _shown(value: object) -> str:
    shown = str(value)
    return shown if len(shown) <= 60 else f"{shown[:60]}…"


def _limits(context: Mapping[str, Any]) -> str:
    signs = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
    return ", ".join(f"{sign} {context[name]}" for name, sign in signs.items() if name in context)


def _known_keys(loc: Loc) -> list[str]:
    """Return the keys that may stand at a place."""
    model: Any = Manifest
    for step in loc:
        if isinstance(step, str):
            model = _model_in(model.model_fields[step].annotation)
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel]:
    """Return the one model that an annotation speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(_model_in(part) for part in annotation.__args__ if part not in (type(None), ...))


def _keys_at(data: Any, loc: Loc) -> set[str]:
    for step in loc:
        data = data[step]
    return set(data)


def _entries(data: Any, names: tuple[str, ...]) -> Iterator[tuple[Loc, Mapping[str, Any]]]:
    """Yield the entries of sections with their places, as far as they have the right form."""
    for name in names:
        section = data.get(name) if isinstance(data, dict) else None
        if isinstance(section, dict):
            yield (name,), section
        for i, entry in enumerate(section if isinstance(section, list) else ()):
            if isinstance(entry, dict):
                yield (name, i), entry


def _missing_files(document: Document, folder: Path) -> Iterator[Problem]:
    for loc, entry in _entries(document.data, (*_LISTS, *_SINGLE)):
        named: list[tuple[Loc, object]] = [((*loc, "file"), entry.get("file"))]
        named.append(((*loc, "buildings"), entry.get("buildings")))
        rasters = entry.get("rasters")
        for band, paths in rasters.items() if isinstance(rasters, dict) else ():
            listed = paths if isinstance(paths, list) else []
            named += [((*loc, "rasters", band, i), path) for i, path in enumerate(listed)]
        for place, name in named:
            if isinstance(name, str) and name and "${" not in name and not _is_file(folder / name):
                yield document.problem(place, "manifest_file_missing", value=name, path=folder / name)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file can have
        return False


def _dangling(document: Document) -> Iterator[Problem]:
    """Yield the activations of editions that nothing in the manifest makes."""
    made = []
    for _, entry in _entries(document.data, ("areas", "cells")):
        file = entry.get("file")
        made.append(entry.get("edition") or (edition_of(Path(file)) if isinstance(file, str) else None))
    for loc, entry in _entries(document.data, ("activate",)):
        if (name := entry.get("edition")) is not None and name not in made:
            known = ", ".join(str(each) for each in made if each) or "-"
            yield document.problem((*loc, "edition"), "manifest_edition_unknown", value=name, known=known)


def _inconsistent(document: Document) -> Iterator[Problem]:
    """Yield what the parts allow and a rule or the whole does not; parts that are wrong themselves are passed over."""
    data = document.data if isinstance(document.data, dict) else {}
    others = [name for name in data if name in Manifest.model_fields and name not in _BESIDE_DEMO and data[name]]
    if data.get("demo") is not None and others:
        yield document.problem(("demo",), "manifest_demo_alone", at_key=True, value=", ".join(others))
    for loc, population in _understood(data, "population", Population):
        if (population.file is None) == (not population.rasters or not all(population.rasters.values())):
            yield document.problem(loc, "manifest_file_or_rasters", at_key=True)
    for loc, settings in _understood(data, "settings", ManifestSettings):
        if settings.metric_crs is not None and not _is_metric(settings.metric_crs):
            place = (*loc, "metric_crs")
            yield document.problem(place, "manifest_value", value=settings.metric_crs, expected="EPSG:4549")
    yield from _repeated(document, data)
    for loc, points in _understood(data, "service_points", ServicePoints):
        for j, condition in enumerate(points.where):
            yield from _refused(document, (*loc, "where", j), Condition.parse, condition)
    for loc, cases in _understood(data, "cases", Cases):
        yield from _refused(document, (*loc, "zone"), zone_of, cases.zone)
    for loc, run in _understood(data, "coverage", Coverage):
        yield from _refused(document, loc, coverage_request, run)


def _is_metric(name: str) -> bool:
    try:
        crs = CRS.from_user_input(name)
    except CRSError:
        return False
    return crs.is_projected and {axis.unit_name for axis in crs.axis_info} == {"metre"}


def _understood(data: Any, section: str, model: type[Part]) -> Iterator[tuple[Loc, Part]]:
    """Yield the entries of a section that have the form of a model, with their places."""
    for loc, entry in _entries(data, (section,)):
        try:
            yield loc, model.model_validate(entry)
        except ValidationError:
            continue


def _refused(document: Document, loc: Loc, check: Callable[[Any], object], value: object) -> Iterator[Problem]:
    try:
        check(value)
    except GridMgmtError as error:
        plain = document.problem(loc, "manifest_refusal")
        yield Refusal(plain.row, plain.code, plain.fields, error)


def _repeated(document: Document, data: Any) -> Iterator[Problem]:
    """Yield the entries whose edition another entry of the same kind makes already."""
    for section, model in _LISTS.items():
        seen: set[tuple[str, ...]] = set()
        for loc, entry in _understood(data, section, model):
            name = name_of(entry)
            if (key := (name, part_of(entry))) in seen:
                yield document.problem(loc, "manifest_edition_twice", value=name)
            seen.add(key)


def name_of(entry: FileKind | EditionFile) -> str:
    """Return the name of the edition that an entry makes."""
    file = getattr(entry, "file", None)
    rasters = getattr(entry, "rasters", {})
    first = Path(file) if file else next(iter(rasters.values()))[0]
    return entry.edition or edition_of(Path(first))


def part_of(entry: FileKind | EditionFile) -> str:
    """Return the part of its subject that an entry is: the level of areas, the kind of features."""
    if isinstance(entry, AreasFile):
        return str(entry.level)
    return str(entry.kind) if isinstance(entry, FeaturesFile) else ""
