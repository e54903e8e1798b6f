"""The one door to what changes the government of towns.

Every function takes who acts, asks whether that actor may, and notes what was there before and after. What holds on a
day is never changed: it ends there, and something new begins.
"""

from gridmgmt.governance.centres import CentresOutcome, add_centre, add_joint_centre, close_centre, import_centres
from gridmgmt.governance.decisions import decide_mode, end_mode, set_organ, set_staffing, tag, untag

__all__ = [
    "CentresOutcome",
    "add_centre",
    "add_joint_centre",
    "close_centre",
    "decide_mode",
    "end_mode",
    "import_centres",
    "set_organ",
    "set_staffing",
    "tag",
    "untag",
]
