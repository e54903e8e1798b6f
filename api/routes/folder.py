"""The data folder, walking profiles."""

from fastapi import APIRouter

from api.access import Caller, asks
from api.context import Context, OnDate, RequestSession
from api.gate import form_for
from api.routes import PREFIX
from api.schemas import EditionOut, FolderOut, ProfileOut, Profiles
from gridmgmt import __version__
from gridmgmt.access.rules import Permission
from gridmgmt.editions import queries
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
        editions=[EditionOut.model_validate(edition) for edition in queries.editions(session) if edition.valid_from],
    )


@router.get("/profiles", summary="Walking profiles: who walks, how fast")
def read_profiles(session: RequestSession, on: OnDate) -> Profiles:
    """List the named walking profiles in force on a day, with their editions and evidence."""
    return Profiles(items=[ProfileOut.model_validate(profile) for profile in profiles(session, on)])
