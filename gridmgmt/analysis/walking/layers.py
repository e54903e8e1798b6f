"""Compounds with several gates twice: as those who live there walk in them, and as all others do.

Where one gate is open to all and another to residents alone, nobody else may come in by the one and leave by the
other. So such a compound's ways are laid twice. Visitors pass the gates that are open to all; residents start on ways
of their own and leave by any gate (and come home by any). What lies inside is on the visitors' ways, to which the
residents' are joined at every node.
"""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from gridmgmt.analysis.walking.draft import Draft
from gridmgmt.analysis.walking.network import BY_OWN, BY_RESIDENTS, BY_VISITORS, WALLED

LONGEST_PIECE_M = 20.0
"""Between nodes residents cannot change to the visitors' ways: what lies on their own piece is this far off at most."""


@dataclass
class _Compound:
    """The ways of a compound, and the passages into it and inside it, by number."""

    ways: list[int] = field(default_factory=list)
    borders: list[int] = field(default_factory=list)
    inside: list[int] = field(default_factory=list)


def lay_twice(draft: Draft, n_compounds: int) -> None:
    """Lay the ways of each compound with passages by more than one gate twice."""
    for _, compound in sorted(_compounds(draft, n_compounds).items()):
        passages = [draft.new[edge - draft.n_base] for edge in compound.borders]
        if len({passage.gate for passage in passages if passage.passage != WALLED}) > 1:
            _lay_twice(draft, compound)


def _compounds(draft: Draft, n_compounds: int) -> dict[int, _Compound]:
    edges = draft.living()
    zone = draft.zones_of(edges)
    within = (zone >= 0) & (zone < n_compounds)
    found: dict[int, _Compound] = defaultdict(_Compound)
    of_node: dict[int, int] = {}
    source, target = draft.ends_of(edges[within])
    for row in zip(edges[within].tolist(), zone[within].tolist(), source.tolist(), target.tolist(), strict=True):
        edge, number, first, last = row
        found[number].ways.append(edge)
        of_node |= {first: number, last: number}
    for i, new in enumerate(draft.new):
        if new.is_passage:
            zones = [of_node.get(node, -1) for node in (new.source, new.target)]
            if zones[0] == zones[1] >= 0:
                found[zones[0]].inside.append(draft.n_base + i)
            else:
                for number in (number for number in zones if number >= 0):
                    found[number].borders.append(draft.n_base + i)
    return found


def _lay_twice(draft: Draft, compound: _Compound) -> None:
    ways = []
    for edge in compound.ways:
        pieces = int(np.ceil(draft.line(edge).length / LONGEST_PIECE_M))
        before = draft.n_edges
        draft.cut(edge, [piece / pieces for piece in range(1, pieces)])
        ways += list(range(before, draft.n_edges)) or [edge]
    nodes = sorted({node for edge in ways for node in draft.ends(edge)})
    own = {node: draft.add_node(draft.position(node)) for node in nodes}
    for edge in (*ways, *compound.inside):
        draft.copy(edge, own)
    for edge in compound.borders:
        visited = draft.new[edge - draft.n_base]
        if visited.passage != WALLED:
            copied = draft.new[draft.copy(edge, own) - draft.n_base]
            visited.passage, copied.passage = BY_VISITORS, BY_OWN
    for node, copied_node in own.items():
        draft.add_passage(node, copied_node, draft.position(node), gate=-1, passage=BY_RESIDENTS, inner=1)
