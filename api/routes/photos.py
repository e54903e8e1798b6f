"""Photos: given first, as the body of a request, then added to cases; and shown."""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Query, Request, Response

from api.access import Caller, asks
from api.context import ApiContext, Context, RequestSession
from api.photo_schemas import CasePhotoAsk, CasePhotoList, CasePhotoOut, PhotoOut
from api.routes import PREFIX
from gridmgmt.access.rules import Actor, Permission
from gridmgmt.casework import photos
from gridmgmt.casework.photo_files import MEDIA_TYPE, PhotoSize, photo_folder
from gridmgmt.casework.photo_models import Photo, PhotoKind
from gridmgmt.casework.photo_queries import PhotoOfCase, named_case
from gridmgmt.casework.photos import ADDING
from gridmgmt.casework.queries import check_shown
from gridmgmt.errors import InputError

if TYPE_CHECKING:
    from gridmgmt.casework.pictures import Picture

router = APIRouter(prefix=PREFIX, tags=["cases"])

CaseNo = Annotated[str, Path(max_length=64, description="Number of the case.")]
PhotoName = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256 of the photo.")]

_FOREVER = "private, max-age=31536000, immutable"
_TAKEN = {"content": {"image/jpeg": {}, "image/png": {}, "image/webp": {}}, "required": True}
_SHOWN: dict[int | str, dict[str, Any]] = {200: {"description": "The photo.", "content": {MEDIA_TYPE: {}}}}


@router.post(
    "/photos",
    status_code=201,
    summary="Give a photo",
    dependencies=[asks(*ADDING)],
    openapi_extra={"requestBody": _TAKEN},
)
async def give_photo(request: Request, context: Context, actor: Caller, response: Response) -> PhotoOut:
    """Take the body of the request, a JPEG, PNG or WebP, without any name that it had on the phone.

    What is kept is made anew from its pixels: upright, in sRGB, without EXIF, place or thumbnail. The same photo again
    is the same. One that is added to no case is removed after a day.
    """
    settings = context.settings
    data = await _body(request, settings.photo_limit_bytes)
    cleaning = partial(_clean, data, limit_bytes=settings.photo_limit_bytes, limit_pixels=settings.photo_limit_pixels)
    picture = await run_sync(cleaning, limiter=context.decoding)
    out = await run_sync(_keep, context, actor, picture)
    response.headers["Location"] = out.links["self"]
    return out


@router.get(
    "/photos/{photo}",
    summary="A photo",
    dependencies=[asks(Permission.READ)],
    response_class=Response,
    responses=_SHOWN,
)
def read_photo(
    context: Context,
    photo: PhotoName,
    size: Annotated[PhotoSize, Query(description="`thumb`: 480 pixels at most.")] = "full",
) -> Response:
    """Return a photo as JPEG; what stands under a name never changes, so it is asked for once."""
    data = photo_folder(context.settings).read(photo, size)
    headers = {"Cache-Control": _FOREVER, "Content-Disposition": f'inline; filename="{photo[:12]}.jpg"'}
    return Response(data, media_type=MEDIA_TYPE, headers=headers)


@router.get("/cases/{case_no:path}/photos", summary="The photos of a case", dependencies=[asks(Permission.READ)])
def list_photos(session: RequestSession, actor: Caller, case_no: CaseNo) -> CasePhotoList:
    """List the photos of a case in the order in which they were added, with who added them."""
    check_shown(session, case_no, works_on_cases=actor.works_on_cases)
    return _list(photos.of_case(session, case_no))


@router.post(
    "/cases/{case_no:path}/photos", status_code=201, summary="Add a photo to a case", dependencies=[asks(*ADDING)]
)
def add_photo(session: RequestSession, actor: Caller, case_no: CaseNo, ask: CasePhotoAsk) -> CasePhotoList:
    """Add a photo that was given before; the same one again as the same kind changes nothing."""
    check_shown(session, case_no, works_on_cases=actor.works_on_cases)
    photos.attach(session, actor, named_case(session, case_no).case_id, ask.photo, ask.kind)
    return _list(photos.of_case(session, case_no))


@router.delete(
    "/cases/{case_no:path}/photos/{photo}",
    summary="Take a photo off a case",
    dependencies=[asks(Permission.CASES_SUPERVISE)],
)
def remove_photo(
    session: RequestSession,
    context: Context,
    actor: Caller,
    case_no: CaseNo,
    photo: PhotoName,
    reason: Annotated[str, Query(min_length=1, max_length=400, description="Kept in the log of the folder.")],
) -> CasePhotoList:
    """Remove a photo at once, such as one that shows a face; it stays where another case has it too."""
    photos.detach(session, actor, photo_folder(context.settings), case_no, photo, reason)
    return _list(photos.of_case(session, case_no))


async def _body(request: Request, limit_bytes: int) -> bytes:
    """Return the body of a request, broken off where it becomes too large."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > limit_bytes:
            raise InputError("photo_too_large", field="photo", maximum_mb=limit_bytes / 1_000_000)
    return bytes(data)


def _clean(data: bytes, *, limit_bytes: int, limit_pixels: int) -> "Picture":
    from gridmgmt.casework.pictures import clean  # noqa: PLC0415 -- decoders are loaded when the first photo comes

    return clean(data, limit_bytes=limit_bytes, limit_pixels=limit_pixels)


def _keep(context: ApiContext, actor: Actor, picture: "Picture") -> PhotoOut:
    with context.transaction() as session:
        kept = photos.keep(session, actor, photo_folder(context.settings), picture)
        return PhotoOut(**_facts(kept))


def _list(found: Iterable[PhotoOfCase]) -> CasePhotoList:
    items = [CasePhotoOut(**_facts(each), kind=PhotoKind(each.kind), at=each.at, actor=each.actor) for each in found]
    return CasePhotoList(items=items)


def _facts(photo: Photo | PhotoOfCase) -> dict[str, Any]:
    here = f"{PREFIX}/photos/{photo.photo}"
    facts = {name: getattr(photo, name) for name in ("photo", "width_px", "height_px", "bytes")}
    return {**facts, "links": {"self": here, "thumb": f"{here}?size=thumb"}}
