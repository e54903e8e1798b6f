"""The one door to what changes bodies and facts of areas.

Every function takes who acts, asks whether that actor may on the area, and notes what was there before and after. What
holds on a day is never changed: it ends there, and something new begins.
"""

from gridmgmt.bodies.changing import add_body, change_body, end_body, import_bodies
from gridmgmt.bodies.facts import add_fact, add_kind, end_fact, import_facts
from gridmgmt.bodies.posts import end_link, end_post, link_post, set_post
from gridmgmt.bodies.services import SERVICE_FACTS, add_agreement, add_service, change_service, end_agreement
from gridmgmt.bodies.taking import Taken

__all__ = [
    "SERVICE_FACTS",
    "Taken",
    "add_agreement",
    "add_body",
    "add_fact",
    "add_kind",
    "add_service",
    "change_body",
    "change_service",
    "end_agreement",
    "end_body",
    "end_fact",
    "end_link",
    "end_post",
    "import_bodies",
    "import_facts",
    "link_post",
    "set_post",
]
