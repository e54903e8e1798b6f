"""The one door to what changes targets, projects and budgets."""

from gridmgmt.targets.budgets import NewBudget, set_budget
from gridmgmt.targets.items import (
    CHANGEABLE,
    FromPlan,
    NewItem,
    NewTarget,
    add_from_plan,
    add_item,
    change_item,
    note_milestone,
    set_target,
)
from gridmgmt.targets.projects import NewProject, set_project

__all__ = [
    "CHANGEABLE",
    "FromPlan",
    "NewBudget",
    "NewItem",
    "NewProject",
    "NewTarget",
    "add_from_plan",
    "add_item",
    "change_item",
    "note_milestone",
    "set_budget",
    "set_project",
    "set_target",
]
