"""Reading layer revisions."""

from sqlalchemy import select

from gridmgmt.db import Session
from gridmgmt.revisions.models import LayerRevision


def revisions(session: Session) -> dict[str, int]:
    """Return the revision of every layer by its name."""
    return dict(session.execute(select(LayerRevision.layer, LayerRevision.revision)).all())
