"""The one door to what changes kinds, posts and responsibility grids.

Every function takes who acts, asks whether that actor may where the cells lie, and notes what was there before and
after. What holds on a day is never changed: it ends there, and something new begins.
"""

from gridmgmt.responsibility.files import GridsOutcome, import_grids
from gridmgmt.responsibility.grids import (
    Assignment,
    assign_grid,
    create_grid,
    dissolve_grid,
    move_cells,
    set_members,
)
from gridmgmt.responsibility.posts import PostsOutcome, define_kind, define_post, end_post, import_posts

__all__ = [
    "Assignment",
    "GridsOutcome",
    "PostsOutcome",
    "assign_grid",
    "create_grid",
    "define_kind",
    "define_post",
    "dissolve_grid",
    "end_post",
    "import_grids",
    "import_posts",
    "move_cells",
    "set_members",
]
