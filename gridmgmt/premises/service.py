"""The one door to what changes the register of rental premises, and to who may read which of them."""

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import require
from gridmgmt.premises.appealing import appeal, decide
from gridmgmt.premises.inspecting import Judged, NewInspection, inspect, inspect_many
from gridmgmt.premises.publishing import publish, publish_due
from gridmgmt.premises.registering import NewPremises, end, flag, register, register_many
from gridmgmt.premises.rubrics import add_rubric

__all__ = [
    "Judged",
    "NewInspection",
    "NewPremises",
    "add_rubric",
    "appeal",
    "decide",
    "end",
    "flag",
    "inspect",
    "inspect_many",
    "publish",
    "publish_due",
    "readable",
    "register",
    "register_many",
]


def readable(actor: Actor) -> frozenset[str] | None:
    """Return the codes of the areas whose premises an actor may read; None for everywhere.

    Raises
    ------
    ForbiddenError
        When the actor may read none.
    """
    if actor.may(Permission.PREMISES_READ):
        return None
    found = frozenset(
        grant.area_code
        for grant in actor.grants
        if Permission.PREMISES_READ in grant.permissions and grant.area_code is not None
    )
    if not found:
        require(actor, Permission.PREMISES_READ)
    return found
