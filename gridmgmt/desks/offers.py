"""What desks take, by the lists of matters and of powers that hold on a day."""

from collections.abc import Mapping
from datetime import date

from gridmgmt.catalogue.matters import ListKind, MattersList, Words
from gridmgmt.catalogue.service import matter_lists
from gridmgmt.db import Session
from gridmgmt.desks import queries
from gridmgmt.desks.queries import ANY, DeskFacts, DeskFilter
from gridmgmt.desks.rules import takes


def lists_on(session: Session, on: date) -> dict[ListKind, tuple[MattersList, ...]]:
    """Return the lists of each kind that have begun by a day, the one in force last."""
    return {kind: tuple(each for each in matter_lists(session, kind) if each.valid_from <= on) for kind in ListKind}


def matter_names(session: Session, on: date) -> dict[str, Words]:
    """Return what the items of both lists in force on a day are called, by code."""
    begun = (lists[-1].matters for lists in lists_on(session, on).values() if lists)
    return {matter.code: matter.name for matters in begun for matter in matters}


def said(code: str, names: Mapping[str, Words]) -> Words:
    """Return what a matter is called; one that no list has is its own name."""
    return names.get(code) or Words(code)


def desks_taking(session: Session, on: date, matter: str | None = None, wanted: DeskFilter = ANY) -> list[DeskFacts]:
    """Return the desks of a day that take a matter, given by its code or a part of its name, by code; all for None."""
    found = queries.desks_on(session, on, wanted)
    if matter is None:
        return found
    names = matter_names(session, on)
    return [desk for desk in found if takes(desk.matters, names, matter)]
