"""The government of towns: modes 3+X, tags, organs, staffing, joint centres, centres and branches."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from api.access import Caller, asks
from api.context import Context, OnDate, RequestSession
from api.geometries import surface
from api.governance_schemas import (
    CentreAsk,
    CentreFinding,
    CentreOut,
    DecisionAsk,
    EndedMode,
    JointCentreAsk,
    JointCentres,
    MatrixOut,
    MatrixRowOut,
    ModesOut,
    ModeTable,
    OrganAsk,
    OrganOut,
    Organs,
    ReportFormat,
    StaffingAsk,
    StaffingOut,
    Staffings,
    TagAsk,
    TagOut,
    Tags,
    TallyRow,
    TownOut,
    VillageOut,
)
from api.inline import inline_policy
from api.language import Lang
from api.paging import Page, Pages
from api.routes import PREFIX
from gridmgmt.access.rules import Permission
from gridmgmt.areas.queries import area_in_force
from gridmgmt.desks import service as desks
from gridmgmt.editions.queries import holds_synthetic
from gridmgmt.governance import queries, service
from gridmgmt.governance.matrix import CompletenessMatrix, OpenCentre
from gridmgmt.governance.models import AreaTag, Centre
from gridmgmt.governance.modes import Decision, JointCentreFacts, ModeReport, SectorReport, TownReport, UnitReport
from gridmgmt.governance.rules import CentreType, NewCentre, NewJointCentre, TagKind, posts_plausible
from gridmgmt.texts import Language, text

if TYPE_CHECKING:
    from gridmgmt.reports.render import Rendered

router = APIRouter(prefix=PREFIX, tags=["governance"], dependencies=[asks(Permission.READ)])
writes = [asks(Permission.GOVERNANCE_WRITE)]

PathCode = Annotated[str, Path(max_length=64, description="Official code.")]
Format = Annotated[ReportFormat, Query(description="What to write it as; CSV holds one table.")]
_FILES: dict[str, dict[str, object]] = {
    "text/csv": {},
    "text/html": {},
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {},
}
_AS_FILE: dict[int | str, dict[str, Any]] = {200: {"description": "The report.", "content": _FILES}}


@router.get("/town-modes", summary="The mode report", response_model=ModesOut, responses=_AS_FILE)
def read_modes(
    session: RequestSession,
    on: OnDate,
    lang: Lang,
    format: Format = "json",  # noqa: A002 -- its name outside
    table: Annotated[ModeTable, Query(description="The table that CSV holds.")] = "towns",
) -> ModesOut | Response:
    """Show each town's main mode or gap, its X, units and sectors with what they lack, conflicts and overrides."""
    report, synthetic = queries.mode_report(session, on), bool(holds_synthetic(session))
    if format == "json":
        return _modes(report, lang, synthetic=synthetic)
    from gridmgmt.reports.governance import render_modes  # noqa: PLC0415 -- takes seconds to load

    return _file(render_modes(report, format, lang=lang, synthetic=synthetic, table=table))


@router.post("/town-modes/{code}", status_code=201, summary="Decide the mode of a town", dependencies=writes)
def decide_mode(session: RequestSession, context: Context, actor: Caller, code: PathCode, ask: DecisionAsk) -> Decision:
    """Give a town its main mode from a day on; what it has had until then ends.

    Against the rule of the unit mode it is refused (422) without an override.
    """
    on = ask.on or context.today()
    service.decide_mode(
        session, actor, code, ask.mode, on, delineable=ask.delineable, residents=ask.residents, override=ask.override
    )
    return queries.decisions(session, on)[code]


@router.delete("/town-modes/{code}", summary="End the mode of a town", dependencies=writes)
def end_mode(session: RequestSession, actor: Caller, on: OnDate, code: PathCode) -> EndedMode:
    """Leave a town without a decided mode from a day on."""
    row = service.end_mode(session, actor, code, on)
    return EndedMode(**{name: getattr(row, name) for name in EndedMode.model_fields})


@router.get("/tags", summary="Tags of areas")
def list_tags(
    session: RequestSession,
    on: OnDate,
    kind: Annotated[TagKind | None, Query(description="Only this kind.")] = None,
) -> Tags:
    """List the X of towns, types of villages and sectors, and courtyards."""
    found = sorted(queries.tags(session, on), key=lambda tag: (tag.kind, tag.code, tag.value))
    return Tags(items=[TagOut(**asdict(tag)) for tag in found if kind in (None, tag.kind)])


@router.post("/tags", status_code=201, summary="Tag an area", dependencies=writes)
def add_tag(session: RequestSession, context: Context, actor: Caller, ask: TagAsk) -> TagOut:
    """Say something of an area from a day on; of village and sector types the one before ends."""
    return _tag(service.tag(session, actor, ask.code, ask.kind, ask.value, ask.on or context.today()))


@router.delete("/tags", summary="Take a tag off an area", dependencies=writes)
def end_tag(
    session: RequestSession,
    actor: Caller,
    on: OnDate,
    code: Annotated[str, Query(max_length=64, description="Code of the area.")],
    kind: Annotated[TagKind, Query(description="Kind of the tag.")],
    value: Annotated[str, Query(max_length=500, description="Its value.")],
) -> TagOut:
    """End a tag on a day."""
    return _tag(service.untag(session, actor, code, kind, value, on))


@router.get("/organs", summary="Organs of units and sectors, and those that are missing")
def list_organs(session: RequestSession, on: OnDate) -> Organs:
    """List every organ that the units and sectors of a day have to have, with its name or without."""
    towns = queries.mode_report(session, on).towns
    bodies: list[UnitReport | SectorReport] = []
    for town in towns:
        bodies += [*town.units, *town.sectors]
    return Organs(
        items=[
            OrganOut(code=body.code, organ=organ, name=body.organs.get(organ))
            for body in bodies
            for organ in sorted({*body.organs, *body.organs_missing})
        ]
    )


@router.post("/organs", status_code=201, summary="Set up or dissolve an organ", dependencies=writes)
def set_organ(session: RequestSession, context: Context, actor: Caller, ask: OrganAsk) -> OrganOut:
    """Give a unit or sector a body, or a post by its office, from a day on."""
    service.set_organ(session, actor, ask.code, ask.organ, ask.name, ask.on or context.today())
    return OrganOut(code=ask.code, organ=ask.organ, name=ask.name)


@router.get("/staffing", summary="Administrative posts of units")
def list_staffing(session: RequestSession, on: OnDate) -> Staffings:
    """List how many posts each unit has, and whether that is what is laid down."""
    units = [unit for town in queries.mode_report(session, on).towns for unit in town.units]
    return Staffings(items=[StaffingOut(code=u.code, posts=u.posts, plausible=u.posts_plausible) for u in units])


@router.post("/staffing", status_code=201, summary="Say how many posts a unit has", dependencies=writes)
def set_staffing(session: RequestSession, context: Context, actor: Caller, ask: StaffingAsk) -> StaffingOut:
    """Set the posts of a unit from a day on; what is unusual is taken and told."""
    row = service.set_staffing(session, actor, ask.code, ask.posts, ask.on or context.today())
    return StaffingOut(code=row.unit_code, posts=row.posts, plausible=posts_plausible(row.posts))


@router.get("/joint-centres", summary="Joint centres")
def list_joint_centres(session: RequestSession, on: OnDate) -> JointCentres:
    """List joint centres with their service areas: GeoJSON with 7 decimals, m² on the ellipsoid."""
    return JointCentres(items=queries.joint_centres_on_map(session, on))


@router.post("/joint-centres", status_code=201, summary="Set up a joint centre", dependencies=writes)
def add_joint_centre(session: RequestSession, context: Context, actor: Caller, ask: JointCentreAsk) -> JointCentreFacts:
    """Set up a joint centre with its service area, which is no level of its own; one of the same code ends."""
    plain = ask.model_dump(exclude={"on", "geometry"})
    on = ask.on or context.today()
    service.add_joint_centre(
        session, actor, NewJointCentre(**plain, valid_from=on, geometry=surface(ask.geometry, "geometry"))
    )
    return next(centre for centre in queries.joint_centres(session, on) if centre.code == ask.code)


@router.get("/centres", summary="Centres and branches, by code")
def list_centres(
    session: RequestSession,
    on: OnDate,
    pages: Pages,
    type: Annotated[CentreType | None, Query(description="Only this type.")] = None,  # noqa: A002 -- its name outside
    area: Annotated[str | None, Query(max_length=64, description="Only of the area of this code.")] = None,
) -> Page[OpenCentre]:
    """List what is open on a day."""
    after = pages.after(str)
    found = [
        centre
        for centre in queries.open_centres(session, on)
        if type in (None, centre.type) and area in (None, centre.area_code) and (not after or centre.code > after[0])
    ]
    if area is not None and not found:
        area_in_force(session, area, on)  # or there is none that could have one
    return pages.page(found, lambda centre: centre, lambda centre: (centre.code,))


@router.post("/centres", status_code=201, summary="Open a centre or branch", dependencies=writes)
def add_centre(session: RequestSession, context: Context, actor: Caller, ask: CentreAsk) -> CentreOut:
    """Open a centre of a town or subdistrict, or a branch in a unit under a centre of its type and town."""
    plain = ask.model_dump(exclude={"on"})
    return _centre(service.add_centre(session, actor, NewCentre(**plain, valid_from=ask.on or context.today())))


@router.get("/centres/matrix", summary="The completeness matrix", response_model=MatrixOut, responses=_AS_FILE)
def read_matrix(session: RequestSession, on: OnDate, lang: Lang, format: Format = "json") -> MatrixOut | Response:  # noqa: A002 -- its name outside
    """Show which centres and branches towns, units and subdistricts have and lack, and what is wrong with some."""
    matrix, synthetic = queries.completeness_matrix(session, on), bool(holds_synthetic(session))
    if format == "json":
        return _matrix(matrix, lang, synthetic=synthetic)
    from gridmgmt.reports.governance import render_matrix  # noqa: PLC0415 -- takes seconds to load

    return _file(render_matrix(matrix, format, lang=lang, synthetic=synthetic))


@router.delete("/centres/{code}", summary="Close a centre or branch", dependencies=writes)
def close_centre(session: RequestSession, actor: Caller, on: OnDate, code: PathCode) -> CentreOut:
    """Close a centre and its desks from a day on; branches of a closed centre stay, as findings of the matrix."""
    return _centre(desks.close_centre(session, actor, code, on))


def _modes(report: ModeReport, lang: Language, *, synthetic: bool) -> ModesOut:
    return ModesOut(
        on=report.on,
        editions=list(report.editions),
        rule=report.rule,
        towns=[_town(town, lang) for town in report.towns],
        gaps=list(report.gaps),
        villages=[
            VillageOut(code=tag.code, name=name, kind=tag.kind, value=tag.value) for tag, name in report.villages
        ],
        joint_centres=list(report.joint_centres),
        synthetic=synthetic,
    )


def _town(town: TownReport, lang: Language) -> TownOut:
    words = [text(f"mode_conflict.{code}", lang) for code in town.conflicts]
    return TownOut(**town.__dict__, undecided=town.undecided, conflict_texts=words)


def _matrix(matrix: CompletenessMatrix, lang: Language, *, synthetic: bool) -> MatrixOut:
    rows = [
        MatrixRowOut(
            group=row.body.group,
            code=row.body.code,
            name=row.body.name,
            town_code=row.body.town_code,
            cells=[asdict(cell) for cell in row.cells],
        )
        for row in matrix.rows
    ]
    findings = [
        CentreFinding(code=found.code, text=text(f"centre_finding.{found.code}", lang), centre=found.centre)
        for found in matrix.findings
    ]
    tallies = [TallyRow(**asdict(tally)) for tally in matrix.tallies]
    return MatrixOut(on=matrix.on, rows=rows, tallies=tallies, findings=findings, synthetic=synthetic)


def _tag(row: AreaTag) -> TagOut:
    return TagOut(level=row.level, code=row.area_code, kind=row.kind, value=row.value)


def _centre(row: Centre) -> CentreOut:
    return CentreOut(**{name: getattr(row, name) for name in CentreOut.model_fields})


def _file(rendered: "Rendered") -> Response:
    headers = {"Content-Disposition": f'inline; filename="{rendered.file_name}"'}
    if rendered.media_type.startswith("text/html"):
        headers["Content-Security-Policy"] = inline_policy(rendered.content.decode())
    return Response(rendered.content, media_type=rendered.media_type, headers=headers)
