"""The one door to what changes the register of components: whole files, and single changes.

What the register says holds from a day on and is never changed: it ends there, and something new begins.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import func, select, update

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.areas.queries import areas_at
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cases.rules import CaseKind
from gridmgmt.catalogue.rules import Catalogue
from gridmgmt.catalogue.service import catalogue_if_any
from gridmgmt.components import queries
from gridmgmt.components.models import Component, ComponentCodeScheme
from gridmgmt.components.rules import (
    FACTS,
    ComponentFacts,
    ComponentState,
    IdentifierScheme,
    check_identifier,
    impossible,
)
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import edition_named
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import ConflictError, ForbiddenError, InputError, Problem
from gridmgmt.frames import copy_rows
from gridmgmt.ingest.intake import Intake
from gridmgmt.texts import Language

if TYPE_CHECKING:
    import geopandas as gpd

_COLUMNS = ("edition_id", "code", "type_code", *FACTS, "cell_code", "attributes", "valid_from", "geom")
_COMPARED = ("type_code", *FACTS, "attributes")
_SAME = ("edition_id", "code", "type_code", "cell_code", "attributes", "geom")
"""What no single change touches."""
Objects = NDArray[np.object_]


def reviewed(session: Session, intake: Intake, on: date) -> Intake:
    """Return what was read of a file of components without the rows that cannot be components, each with its reason.

    An identifier is one of the scheme in use and names the district that the component lies in, and its type is one of
    components in the catalogue of the day; owner and maintainer are departments of it. Where no district or no
    catalogue is in force, the file is believed.

    Parameters
    ----------
    intake
        As :func:`gridmgmt.ingest.components.read_components` returns it.
    on
        The day from which it holds.

    Returns
    -------
    Intake
        Its frame has ``type_code`` and ``cell_code`` too.
    """
    frame = intake.frame
    judge = _Judge(queries.scheme_in_use(session), catalogue_if_any(session, on))
    districts, cells = (_areas_of(session, frame.geometry.to_numpy(), on, level) for level in _LEVELS)
    later = set(queries.ended_after(session, frame["code"].tolist(), on))
    begun = {code: row["valid_from"] for code, row in queries.last_rows(session, frame["code"].tolist()).items()}
    problems, good = list(intake.problems), np.ones(len(frame), dtype=bool)
    for k, row in enumerate(_records(frame)):
        problem = judge.problem(row, districts[k])
        if problem is None and (row["code"] in later or begun.get(row["code"], on) > on):
            problem = Problem(None, "component_later", {"value": row["code"], "on": on})
        if problem is not None:
            good[k] = False
            problems.append(Problem(int(row["row"]), problem.code, problem.fields))
    types = [judge.scheme.type_of(code) for code in frame["code"]]
    kept = frame.drop(columns="stated_type").assign(type_code=types, cell_code=cells)[good].reset_index(drop=True)
    ordered = tuple(sorted(problems, key=lambda p: (p.row or 0, p.code)))
    return replace(intake, frame=kept, problems=ordered)


def store(
    session: Session, edition: Edition, frame: "gpd.GeoDataFrame", on: date, *, replaces: str | None = None
) -> int:
    """Take the rows of a file into the register and return how many of them said something new.

    What is known and unchanged stays as it is; what is known and different ends, and begins anew.

    Parameters
    ----------
    frame
        As of :func:`reviewed`.
    replaces
        Name of an edition whose components end where the file has them no more.
    """
    known = queries.last_rows(session, frame["code"].tolist())
    rows = [_row(each, geom) for each, geom in zip(_records(frame), frame.geometry, strict=True)]
    new = [row for row in rows if _differs(row, known.get(row["code"]))]
    _end(session, [known[row["code"]]["component_id"] for row in new if row["code"] in known], on)
    if replaces is not None and (earlier := edition_named(session, Subject.COMPONENTS, "", replaces)) is not None:
        gone = select(Component.component_id).where(
            Component.edition_id == earlier.edition_id,
            Component.valid_to.is_(None),
            Component.code != func.all(frame["code"].tolist()),
        )
        _end(session, session.scalars(gone).all(), on)
    values = ({**row, "edition_id": edition.edition_id, "valid_from": on} for row in new)
    return copy_rows(session, Component.__tablename__, _COLUMNS, ([row[name] for name in _COLUMNS] for row in values))


def type_names(session: Session, on: date, lang: Language) -> dict[str, str]:
    """Return what the catalogue of a day calls each type; nothing where none is in force."""
    catalogue = catalogue_if_any(session, on)
    return {} if catalogue is None else {code: type_.name.said(lang) for code, type_ in catalogue.types.items()}


@dataclass(frozen=True)
class ComponentChange:
    """What is to be said of a component from a day on; names that are not in ``facts`` stay as they are.

    ``facts`` are some of :data:`gridmgmt.components.rules.FACTS`.
    """

    facts: Mapping[str, Any]
    on: date
    reason: str | None = None


def change(session: Session, actor: Actor, code: str, asked: ComponentChange) -> Component:
    """Change what the register says of a component from a day on.

    Raises
    ------
    NotFoundError
        ``component_unknown``; ``department_unknown``.
    ConflictError
        ``component_later`` when the register says something of it that begins, or ends, later.
    InputError
        ``component_removed_early``, ``component_removed_state``; ``component_unchanged``.
    ForbiddenError
        Without the right to write components where it stands; ``component_of_others`` when the right is that of a
        department to which it does not belong, and which does not keep it in order.
    """
    row = queries.component_row(session, code, asked.on)
    point = shapely.from_wkb(bytes(row.geom.data)).representative_point()
    areas = areas_at(session, point.x, point.y, asked.on)
    _require(actor, row, [area.code for area in areas])
    if row.valid_to is not None:
        raise ConflictError("component_later", value=code, on=asked.on)
    before = {name: getattr(row, name) for name in FACTS}
    after = _wanted(session, code, before, asked)
    row.valid_to = asked.on
    session.flush()
    same = {name: getattr(row, name) for name in _SAME}
    changed = Component(**same, **after, valid_from=asked.on, reason=asked.reason)
    session.add(changed)
    session.flush()
    told = [name for name in FACTS if after[name] != before[name]]
    record(
        session, actor, "component.change", f"component:{code}", before={name: before[name] for name in told},
        after={"on": asked.on, "reason": asked.reason, **{name: after[name] for name in told}},
    )  # fmt: skip
    return changed


def use_scheme(session: Session, actor: Actor, scheme: IdentifierScheme, *, source: str) -> None:
    """Use a scheme of identifiers from now on; identifiers that are registered stay.

    Raises
    ------
    InputError
        ``component_scheme_malformed`` when a segment has no digits, or there are not several.
    """
    require(actor, Permission.COMPONENTS_WRITE)
    if len(scheme.segments) < 2 or any(digits < 1 for _, digits in scheme.segments):
        raise InputError("component_scheme_malformed", field="segments", value=scheme.form)
    before = queries.scheme_in_use(session)
    session.execute(update(ComponentCodeScheme).values(in_use=False))
    segments = [[str(part), digits] for part, digits in scheme.segments]
    session.merge(ComponentCodeScheme(name=scheme.name, segments=segments, source=source, in_use=True))
    session.flush()
    record(
        session, actor, "component.use_scheme", f"component_scheme:{scheme.name}",
        before={"name": before.name, "form": before.form}, after={"form": scheme.form, "source": source},
    )  # fmt: skip


# --- a file's rows ---------------------------------------------------------------------------------------------------

_LEVELS = (AreaLevel.DISTRICT, AreaLevel.GRID_CELL)


@dataclass(frozen=True)
class _Judge:
    """What a row must keep to."""

    scheme: IdentifierScheme
    catalogue: Catalogue | None

    def problem(self, row: Mapping[str, Any], district: str | None) -> Problem | None:
        """Return why a row cannot be a component."""
        facts = ComponentFacts(**{name: row[name] for name in FACTS})
        found = check_identifier(row["code"], self.scheme, type_=row["stated_type"], county=district)
        return found or impossible(facts) or next(self._unknown(row), None)

    def _unknown(self, row: Mapping[str, Any]) -> Iterator[Problem]:
        if self.catalogue is None:
            return
        type_ = self.scheme.type_of(row["code"])
        known = self.catalogue.types.get(type_)
        if known is None or known.kind is not CaseKind.COMPONENT:
            yield Problem(None, "component_type_unknown", {"value": type_, "edition": self.catalogue.name})
        for name in ("owner_code", "maintainer_code"):
            if row[name] is not None and row[name] not in self.catalogue.departments:
                yield Problem(None, "component_department", {"field": name, "value": row[name]})


def _areas_of(session: Session, geometry: Objects, on: date, level: AreaLevel) -> Objects:
    """Return the code of the area of a level that holds a point on each geometry."""
    from gridmgmt.areas.placing import codes_of_points  # noqa: PLC0415 -- the compiler takes seconds, and few requests

    points = shapely.point_on_surface(geometry)
    return codes_of_points(session, shapely.get_x(points), shapely.get_y(points), on, level)


def _require(actor: Actor, row: Component, areas: Sequence[str]) -> None:
    """Ask for the right to write a component in these areas, and for a department's only on what is its own."""
    require(actor, Permission.COMPONENTS_WRITE, areas=areas)
    bodies = (None, row.owner_code, row.maintainer_code)
    if not any(
        grant.reaches(Permission.COMPONENTS_WRITE, areas) and grant.department in bodies for grant in actor.grants
    ):
        raise ForbiddenError("component_of_others", value=row.code, actor=actor.name)


def _wanted(session: Session, code: str, before: Mapping[str, Any], asked: ComponentChange) -> dict[str, Any]:
    """Return the facts of a component after a change, which must be possible and must change something."""
    facts = ComponentFacts(**{**before, "state": ComponentState(before["state"]), **asked.facts})
    after = {name: getattr(facts, name) for name in FACTS}
    if after == before:
        raise InputError("component_unchanged", value=code)
    if (problem := impossible(facts)) is not None:
        raise InputError(problem.code, **problem.fields)
    catalogue = catalogue_if_any(session, asked.on)
    for name in ("owner_code", "maintainer_code"):
        if catalogue is not None and (department := asked.facts.get(name)) is not None:
            catalogue.department(department)
    return after


def _records(frame: "gpd.GeoDataFrame") -> list[dict[str, Any]]:
    """Return the rows without their geometry."""
    columns = {str(name): frame[name].tolist() for name in frame.columns if name != "geometry"}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _row(said: Mapping[str, Any], geom: shapely.Geometry) -> dict[str, Any]:
    names = ("code", "type_code", *FACTS, "cell_code", "attributes")
    return {**{name: said[name] for name in names}, "geom": geom}


def _differs(row: Mapping[str, Any], known: Mapping[str, Any] | None) -> bool:
    if known is None:
        return True
    same = all(row[name] == known[name] for name in _COMPARED)
    return not same or shapely.to_wkb(row["geom"], hex=True, byte_order=1).lower() != known["wkb"]


def _end(session: Session, component_ids: Sequence[int], on: date) -> None:
    if not component_ids:
        return
    statement = update(Component).where(Component.component_id == func.any(list(component_ids))).values(valid_to=on)
    session.execute(statement, execution_options={"synchronize_session": False})
