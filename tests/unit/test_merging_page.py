"""The page of a merge: all that it needs inside, the public form without residents, names that stay text."""

import dataclasses
import re

import numpy as np

from gridmgmt.merging.comparison import Points, compare
from gridmgmt.merging.document import comparison_document, conflict_rows, way_document
from gridmgmt.merging.rules import MergeAsk, Way
from gridmgmt.merging.ways import resolve
from gridmgmt.texts import text
from maps.merging_page import Merging, merging_page
from tests.support.departments import DEPARTMENTS, grids, ground
from tests.support.division import block, spot

ASK = MergeAsk(tuple(DEPARTMENTS))


def merging() -> Merging:
    cells = [block(k, 0, k + 1, 4) for k in range(8)]
    on = ground(
        places=Points(np.array([spot(4.5, 1.5)]), np.array([4321.0])),
        cell_codes=tuple("abcdefgh"),
        cells=np.array(cells, dtype=object),
    )
    comparison = compare(grids(DEPARTMENTS), on, lead=ASK.leading, sliver_width_m=2.0)
    results = {way: found for way in Way if (found := resolve(comparison, ASK, {}, way)) is not None}
    document = comparison_document(comparison)
    for each in document["departments"]:
        each["name"] = None
    document |= {
        "parameters": ASK.parameters(),
        "sources": [{"source": "on paper", "name": "2016"}],
        "synthetic": True,
        "ways": [way_document(result, 2.0) for result in results.values()],
    }
    outcomes = {way: result.outcomes() for way, result in results.items()}
    of = comparison.grids
    return Merging(
        edition="一网统管",
        document=document,
        conflicts=conflict_rows(comparison, outcomes, {}),
        borders=list(zip(of.department, of.code, of.surfaces, strict=True)),
        ways={way.value: [(grid.code, grid.surface) for grid in result.grids] for way, result in results.items()},
    )


def test_equal_inputs_give_equal_pages_that_link_nothing() -> None:
    page = merging_page(merging())
    assert page == merging_page(merging())
    assert not re.search(r"<(script|link|img|iframe)[^>]*(src|href)=", page)
    assert not re.search(r"url\((?!#)|@import|sourceMappingURL", page)


def test_the_ways_stand_side_by_side_in_both_languages() -> None:
    page = merging_page(merging())
    for way in Way:
        assert page.count(f'data-way="{way}"') == 2


def test_a_page_of_other_data_than_were_stored_says_so() -> None:
    warning = text("merging_map.changed", "en")
    assert warning not in merging_page(merging())
    assert warning in merging_page(dataclasses.replace(merging(), as_stored=False))


def test_the_public_form_tells_nobody_who_lives_there() -> None:
    assert "4321" in merging_page(merging())
    assert "4,321" in merging_page(merging())
    hidden = merging_page(merging(), public=True)
    assert "4321" not in hidden
    assert "4,321" not in hidden


def test_names_cannot_break_out_of_the_page() -> None:
    evil = "</script><img src=x onerror=alert(1)>"
    page = merging_page(dataclasses.replace(merging(), edition=evil, borders=[("police", evil, block(0, 0, 1, 1))]))
    assert evil not in page
    assert page.count("</script>") == page.count("<script>")
