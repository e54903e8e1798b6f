"""The verbs that edit a draft of a boundary edition, each keeping all land and nesting the areas above along.

Every verb refuses an edition that is in force or withdrawn; one that was checked or approved goes back to draft.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import shapely
from geoalchemy2.shape import from_shape, to_shape
from sqlalchemy import delete, insert, select

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.analysis import boundaries as surfaces
from gridmgmt.analysis.boundaries import Line, Surface, surface_of
from gridmgmt.areas import service as areas
from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import ancestors, area_frame, area_in_force, in_force_on, names_above
from gridmgmt.areas.rules import RANK, AreaLevel, kind_of_name
from gridmgmt.boundaries.models import TopologyFinding
from gridmgmt.boundaries.rules import Edit, Named, check_moves_up, recoded
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.rules import combined_sha256
from gridmgmt.editions.service import note_step, reopen
from gridmgmt.errors import ConflictError, DuplicateCodeError, InputError

if TYPE_CHECKING:
    import geopandas as gpd

EDITED = "edited"
"""The step that an edit leaves in the life of an edition."""

_OWN = {"area_id", "edition_id", "parent_level", "parent_code", "area_m2"}
_CARRIED = tuple(column.name for column in Area.__table__.columns if column.name not in _OWN)
"""What an area keeps when an edit changes something else about it."""


def split(session: Session, actor: Actor, draft: Edition, code: str, line: Line, pieces: Sequence[Named]) -> list[Area]:
    """Cut an area by a line; one of the pieces may keep its code.

    Where a town is cut, the codes below that embed its code take on that of their piece.

    Parameters
    ----------
    line
        In degrees; both ends reach over the border.
    pieces
        As many as the line makes, from west to east, above each other from north to south.

    Raises
    ------
    GeometryError
        When the line leaves the area whole.
    InputError
        When the line makes another number of pieces.
    """
    with _editing(session, actor, draft, Edit.SPLIT, [code], line=line, pieces=_plain(pieces)) as desk:
        area = desk.area(code)
        found = surfaces.split(desk.surface(area), line)
        desk.land += found
        if len(found) != len(pieces):
            raise InputError("split_pieces", field="pieces", made=len(found), named=len(pieces))
        desk.replace([area], [(area, named, surface) for named, surface in zip(pieces, found, strict=True)])
        if area.level == AreaLevel.TOWN:
            for named, surface in zip(pieces, found, strict=True):
                desk.reissue(AreaLevel.TOWN, area.code, named.code, surface)
        return desk.areas(named.code for named in pieces)


def merge(session: Session, actor: Actor, draft: Edition, codes: Sequence[str], into: Named) -> Area:
    """Make areas of one level into one, under the code of one of them or a new one.

    Raises
    ------
    InputError
        With fewer than two areas, or areas of different levels.
    """
    with _editing(session, actor, draft, Edit.MERGE, codes, into=_plain([into])[0]) as desk:
        found = desk.areas(dict.fromkeys(codes))
        levels = {area.level for area in found}
        if len(found) < 2 or len(levels) > 1:
            raise InputError("merge_needs_one_level", field="codes", codes=", ".join(codes))
        kept = next((area for area in found if area.code == into.code), found[0])
        desk.land.append(desk.merged(found))
        desk.replace(found, [(kept, into, desk.land[0])])
        return desk.area(into.code)


def move_border(
    session: Session,
    actor: Actor,
    draft: Edition,
    one: str,
    other: str,
    *,
    line: Line | None = None,
    piece: Surface | None = None,
) -> None:
    """Move the border between two areas of one level: a line becomes the border, or a piece goes from one to the other.

    What moves also moves between the areas above, where the two lie in different ones.

    Raises
    ------
    InputError
        When not exactly one of ``line`` and ``piece`` is given, or the two are of different levels.
    GeometryError
        When the line does not cut the two into exactly two pieces; when the giver has nothing of the piece or
        nothing else.
    """
    if (line is None) == (piece is None):
        raise InputError("line_or_piece", field="line")
    with _editing(session, actor, draft, Edit.MOVE_BORDER, [one, other], line=line, piece=piece) as desk:
        left, right = desk.area(one), desk.area(other)
        if left.level != right.level or left.code == right.code:
            raise InputError("border_needs_one_level", field="other", one=one, other=other)
        old = desk.surface(left), desk.surface(right)
        if line is not None:
            new = surfaces.redraw(*old, line)
        elif piece is not None:
            new = surfaces.give(*old, piece)
        lost = surfaces.movements({"one": old[0]}, {"one": new[0]})
        above = desk.above(left), desk.above(right)
        desk.redraw([(left, new[0]), (right, new[1])])
        if "one" in lost:
            desk.land += [lost["one"].lost, lost["one"].gained]
            desk.transfer(lost["one"].lost, *above)
            desk.transfer(lost["one"].gained, *reversed(above))


def move_to_parent(
    session: Session, actor: Actor, draft: Edition, code: str, parent: str, *, new_code: str | None = None
) -> Area:
    """Move a whole area, such as a quarter, to another parent, such as a unit, a sector or a town.

    The area's own boundary stays; every area above it that it leaves loses its surface, every one that it comes to
    gains it. With a new code, the codes below that embed the old one take it on.

    Raises
    ------
    InputError
        When the parent is not of a higher level.
    ConflictError
        When the area lies there already.
    GeometryError
        When nothing would be left of an area that it leaves: that one is to be retired or merged.
    """
    with _editing(session, actor, draft, Edit.MOVE_TO_PARENT, [code, parent], parent=parent, new_code=new_code) as desk:
        area, to = desk.area(code), desk.area(parent)
        check_moves_up(area.level, to.level, RANK)
        if (area.parent_level, area.parent_code) == (to.level, to.code):
            raise ConflictError("parent_already", code=code, parent=parent)
        surface = desk.surface(area)
        desk.land.append(surface)
        desk.transfer(surface, desk.above(area), [(to.level, to.code), *desk.above(to)])
        if new_code is not None:
            desk.recode(area, new_code)
        return desk.area(new_code or code)


def promote(session: Session, actor: Actor, draft: Edition, unit: str, into: Named) -> Area:
    """Make a basic management unit a subdistrict of its own (析出街道).

    The town it lay in shrinks, the unit is retired, and the codes below that embed the town's code are reissued.

    Raises
    ------
    InputError
        When the area is no basic management unit in a town.
    """
    with _editing(session, actor, draft, Edit.PROMOTE, [unit], into=_plain([into])[0]) as desk:
        area = desk.area(unit)
        if area.level != AreaLevel.BASIC_MANAGEMENT_UNIT or area.parent_level != AreaLevel.TOWN:
            raise InputError("promote_needs_unit", field="unit", code=unit, level=area.level)
        town = desk.area(str(area.parent_code), AreaLevel.TOWN)
        surface = desk.surface(area)
        desk.land.append(surface)
        left, _ = surfaces.cut_out(desk.surface(town), surface)
        desk.redraw([(town, left)])
        desk.replace([area], [])
        desk.add(AreaLevel.TOWN, into, surface)
        desk.reissue(AreaLevel.TOWN, town.code, into.code, surface)
        desk.facts |= {"from": [area.level, area.code], "to": [AreaLevel.TOWN, into.code]}
        return desk.area(into.code)


def rename(session: Session, actor: Actor, draft: Edition, code: str, name: str) -> Area:
    """Give an area another name; a town-level area's kind follows the name's last characters."""
    with _editing(session, actor, draft, Edit.RENAME, [code], name=name) as desk:
        area = desk.area(code)
        desk.replace([area], [(area, Named(code, name), desk.surface(area))])
        return desk.area(code)


def recode(session: Session, actor: Actor, draft: Edition, code: str, new_code: str) -> Area:
    """Give an area another code, and those below that embed the old one likewise; the old codes are retired."""
    with _editing(session, actor, draft, Edit.RECODE, [code], new_code=new_code) as desk:
        desk.recode(desk.area(code), new_code)
        return desk.area(new_code)


def retire(session: Session, actor: Actor, draft: Edition, code: str) -> None:
    """End an area without a successor; what lay in it belongs to the area above. Its code is never used again."""
    with _editing(session, actor, draft, Edit.RETIRE, [code]) as desk:
        area = desk.area(code)
        desk.land.append(desk.surface(area))
        desk.replace([area], [])


@dataclass
class _Desk:
    """A draft under an edit: reading areas as it has them, and replacing them."""

    session: Session
    draft: Edition
    on: date
    facts: dict[str, Any] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    added: dict[str, str] = field(default_factory=dict)
    land: list[Surface] = field(default_factory=list)
    """Where borders are other than before."""

    def area(self, code: str, level: str | None = None) -> Area:
        """Return the area of a code as the draft has it, the one of the highest level where no level is named."""
        return area_in_force(self.session, code, self.on, draft=self.draft.edition_id, level=level)

    def areas(self, codes: Iterable[str]) -> list[Area]:
        return [self.area(code) for code in codes]

    def surface(self, area: Area) -> Surface:
        return surface_of(to_shape(area.geom))

    def above(self, area: Area) -> list[tuple[str, str]]:
        """Return level and code of the areas above one, the nearest first."""
        return names_above(self.session, area.level, area.code, self.on, draft=self.draft.edition_id)[1:]

    def merged(self, found: Sequence[Area], *more: Surface) -> Surface:
        """Return the union of areas and surfaces; vertices that an area beside them has stay."""
        joined = [*(self.surface(area) for area in found), *more]
        near = self._near(joined)
        beside = near[~near["area_id"].isin([area.area_id for area in found])]
        return surfaces.merge(joined, list(beside["geometry"]))

    def replace(self, old: Sequence[Area], new: Sequence[tuple[Area, Named, Surface]]) -> None:
        """End areas of one level and bring in others, each like one of the old."""
        rows = [self._row(like, named, surface) for like, named, surface in new]
        areas.end(self.session, self.draft, [area.area_id for area in old])
        self.ended |= {area.code: area.name for area in old}
        self._insert(AreaLevel(old[0].level), rows)

    def redraw(self, new: Sequence[tuple[Area, Surface]]) -> None:
        """Give areas other boundaries."""
        for area, surface in new:
            self.replace([area], [(area, Named(area.code, area.name), surface)])

    def add(self, level: AreaLevel, named: Named, surface: Surface) -> None:
        """Bring in an area that is like no other."""
        self._insert(level, [self._plain_row(level, named, surface)])

    def transfer(self, piece: Surface, leaves: Sequence[tuple[str, str]], comes_to: Sequence[tuple[str, str]]) -> None:
        """Take a piece from the areas of one chain and give it to another's; common ones stay as they are."""
        if piece.is_empty:
            return
        lose = [self.area(code, level) for level, code in leaves if (level, code) not in comes_to]
        win = [self.area(code, level) for level, code in comes_to if (level, code) not in leaves]
        less = [(area, surfaces.cut_out(self.surface(area), piece)[0]) for area in lose]
        more = [(area, self.merged([area], piece)) for area in win]
        self.redraw([*less, *more])

    def recode(self, area: Area, new_code: str) -> None:
        """Give an area and what embeds its code below it another code."""
        surface = self.surface(area)
        self.replace([area], [(area, Named(new_code, area.name), surface)])
        self.reissue(AreaLevel(area.level), area.code, new_code, surface)

    def reissue(self, level: AreaLevel, old_code: str, new_code: str, surface: Surface) -> None:
        """Reissue the codes of areas inside a surface, deeper than a level, that embed an old code of that level."""
        if old_code == new_code:
            return
        frame = self._near([surface])
        deeper = frame[(frame["level"].map(RANK) > RANK[level]) & frame["code"].str.startswith(old_code)]
        deeper = deeper[deeper["code"] != old_code]
        inside = deeper[shapely.covers(surface, shapely.point_on_surface(deeper.geometry.to_numpy()))]
        ids = [int(area_id) for area_id in inside["area_id"]]
        for each in inside["level"].unique():
            found = self.session.scalars(select(Area).where(Area.area_id.in_(ids), Area.level == each)).all()
            renamed = [
                (a, Named(recoded(a.code, old_code, new_code) or a.code, a.name), self.surface(a)) for a in found
            ]
            self.replace(found, renamed)

    def _near(self, found: Sequence[Surface]) -> "gpd.GeoDataFrame":
        west, south, east, north = (float(edge) for edge in shapely.total_bounds(found))
        return area_frame(self.session, self.on, draft=self.draft.edition_id, near=(west, south, east, north))

    def _row(self, like: Area, named: Named, surface: Surface) -> dict[str, Any]:
        carried = {name: getattr(like, name) for name in _CARRIED}
        return carried | self._plain_row(AreaLevel(like.level), named, surface, kind=like.kind)

    def _plain_row(
        self, level: AreaLevel, named: Named, surface: Surface, *, kind: str | None = None
    ) -> dict[str, Any]:
        return {
            "edition_id": self.draft.edition_id,
            "level": level,
            "code": named.code,
            "name": named.name,
            "kind": kind_of_name(level, named.name) or kind,
            "geom": from_shape(surface_of(surface), srid=STORAGE_SRID),
        }

    def _insert(self, level: AreaLevel, rows: Sequence[Mapping[str, Any]]) -> None:
        if not rows:
            return
        codes = [row["code"] for row in rows]
        areas.refuse_retired(self.session, self.draft, level, codes)
        taken = select(Area.code).where(
            Area.level == level, Area.code.in_(codes), in_force_on(self.on, self.draft.edition_id)
        )
        twice = sorted({*self.session.scalars(taken), *(code for code in codes if codes.count(code) > 1)})
        if twice:
            raise DuplicateCodeError("area_code_taken", level=level, codes=", ".join(twice))
        self.session.execute(insert(Area), list(rows))
        self.added |= {row["code"]: row["name"] for row in rows}


@contextmanager
def _editing(
    session: Session, actor: Actor, draft: Edition, verb: Edit, codes: Collection[str], **asked: Any
) -> Iterator[_Desk]:
    """Open a draft for one edit by an actor who may change the areas of some codes; afterwards link and record."""
    if not actor.holds(Permission.AREAS_DRAFT):
        require(actor, Permission.AREAS_DRAFT)
    reopen(session, draft, actor=actor.name)
    on = areas.planned(draft)
    areas.refuse_overtaken(session, draft)
    desk = _Desk(session, draft, on)
    for code in codes:
        area = desk.area(code)
        chain = ancestors(session, area.level, area.code, on, draft=draft.edition_id)
        require(actor, Permission.AREAS_DRAFT, areas=chain)
    yield desk
    areas.link_parents(session, draft)
    session.execute(delete(TopologyFinding).where(TopologyFinding.edition_id == draft.edition_id))
    session.expire_all()  # parents were named beside the session
    if desk.land:
        desk.facts["box"] = shapely.total_bounds(desk.land).tolist()
    facts = {"verb": verb, "codes": list(codes)} | {k: _kept(v) for k, v in asked.items() if v is not None} | desk.facts
    draft.content_sha256 = combined_sha256({"before": draft.content_sha256, "edit": _fingerprint(facts)})
    note_step(session, draft, EDITED, actor=actor.name, details=facts)
    after = {"verb": verb, "areas": _few(desk.added)}
    record(session, actor, "areas.edit", f"edition:areas/{draft.name}", before={"areas": _few(desk.ended)}, after=after)


def _plain(named: Sequence[Named]) -> list[list[str]]:
    return [[each.code, each.name] for each in named]


def _kept(value: Any) -> Any:
    """Return what was asked as JSON can keep it; geometries as GeoJSON."""
    return json.loads(shapely.to_geojson(value)) if isinstance(value, shapely.Geometry) else value


def _fingerprint(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


_MANY = 50


def _few(codes: Mapping[str, str]) -> dict[str, str] | int:
    """Return codes with names for the log, or only how many there are of a great number."""
    return dict(sorted(codes.items())) if len(codes) <= _MANY else len(codes)
