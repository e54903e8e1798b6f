"""From a merge in the database to its map page."""

from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError
from gridmgmt.merging.models import GridMerge
from gridmgmt.merging.queries import edition_name, merge_by_id, newest_merges
from gridmgmt.merging.service import is_as_stored, resolved
from gridmgmt.texts import Language
from maps.merging_page import Merging, merging_page


def newest_merge(session: Session, merge_id: int | None) -> GridMerge:
    """Return the merge of an id, or the newest one where none is named.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    if merge_id is not None:
        return merge_by_id(session, merge_id)
    found = newest_merges(session, 1)
    if not found:
        raise NotFoundError("no_merge")
    return found[0][0]


def merging_map(session: Session, merge: GridMerge, *, lang: Language, public: bool) -> str:
    """Return the page of a merge: its conflicts, and its three ways side by side, made again from its sources.

    Where the data of its day have changed since, the page says so.

    Parameters
    ----------
    public
        The public form, in which numbers of residents are withheld.

    Raises
    ------
    UnavailableError
        When the set-up has not put the page's script libraries in their place.
    """
    found = resolved(session, merge)
    grids = found.comparison.grids
    return merging_page(
        Merging(
            edition=edition_name(session, merge),
            document=found.document(),
            conflicts=found.conflicts(),
            borders=[
                (department, code, surface)
                for department, code, surface in zip(grids.department, grids.code, grids.surfaces, strict=True)
            ],
            ways={way.value: [(grid.code, grid.surface) for grid in r.grids] for way, r in found.results.items()},
            as_stored=is_as_stored(merge, found),
        ),
        lang,
        public=public,
    )
