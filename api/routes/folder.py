"""The data folder and its editions, walking profiles."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.access import Caller, asks
from api.context import Context, RequestSession
from api.gate import form_for
from api.routes import PREFIX
from api.schemas import EditionOut, Editions, FolderOut, ProfileOut, Profiles
from gridmgmt import __version__
from gridmgmt.access.rules import Permission
from gridmgmt.editions import queries
from gridmgmt.editions.rules import Subject
from gridmgmt.network.queries import profiles

router = APIRouter(prefix=PREFIX, tags=["folder"], dependencies=[asks(Permission.READ)])


@router.get("/folder", summary="What this server shows: editions, extent, the form of its numbers")
def read_folder(session: RequestSession, context: Context, actor: Caller) -> FolderOut:
    """Tell whether the data are synthetic, which editions there are, and in which form numbers are given."""
    synthetic = queries.holds_synthetic(session)
    return FolderOut(
        synthetic=bool(synthetic),
        empty=synthetic is None,
        form=form_for(context.settings.results, synthetic, actor),
        suppression_threshold=context.settings.suppression_threshold,
        extent=queries.extent(session),
        metric_crs=queries.metric_crs_text(session),
        version=__version__,
        editions=[EditionOut.model_validate(edition) for edition in queries.editions(session)],
    )


@router.get("/editions", summary="The editions of all inputs, in force or not")
def read_editions(
    session: RequestSession, subject: Annotated[Subject | None, Query(description="Only this subject.")] = None
) -> Editions:
    """List what was imported, when, and from when to when it counts."""
    found = queries.editions(session, subject=subject)
    return Editions(items=[EditionOut.model_validate(edition) for edition in found])


@router.get("/profiles", summary="Walking profiles: who walks, how fast")
def read_profiles(session: RequestSession) -> Profiles:
    """List the named walking profiles that a coverage run can use."""
    return Profiles(items=[ProfileOut.model_validate(profile) for profile in profiles(session)])
