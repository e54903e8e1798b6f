"""Names found in memory: by any part, by sound, in spite of one mistake; against plain loops over all names."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gridmgmt.addresses.lexicon import Lexicon, Texts
from gridmgmt.addresses.spelling import fit, pinyin_spellings

STEMS = st.text(st.sampled_from("安宝昌春德福光国海和恒虹华嘉建江金锦康兰"), min_size=2, max_size=4)
NAMES = st.lists(STEMS.map(lambda stem: f"{stem}路"), min_size=1, max_size=30, unique=True)


def lexicon(names: list[str]) -> Lexicon:
    """A lexicon of names whose ids begin with 100."""
    return Lexicon([(100 + i, name, *pinyin_spellings(name)) for i, name in enumerate(names)])


def found(names: list[str], wanted: str) -> dict[str, float]:
    """The names that are found and how well they fit."""
    return {name: score for _, name, score in lexicon(names).find(wanted, most=1000)}


ROADS = ["长江路", "长江西路", "呼玛路", "呼兰路", "国权北路", "富浩河滨花园", "和欣国际花园", "泗塘一村", "泗塘二村"]


@pytest.mark.parametrize(
    ("wanted", "first", "score"),
    [
        ("长江西路", "长江西路", 1.0),
        ("江西路", "长江西路", 0.5 + 0.5 * 3 / 4),  # the first character left out
        ("江长西路", "长江西路", 1 - 0.9 * 0.6 / 4),  # neighbours swapped
        ("国权路北", "国权北路", 1 - 0.9 * 0.6 / 4),
        ("呼某路", "呼玛路", None),  # as well 呼兰路, which comes after
        ("富浩河浜花园", "富浩河滨花园", 1 - 0.9 * 1 / 6),
        ("和欣花园", "和欣国际花园", 0.5 + 0.45 * 4 / 6),
        ("changjiangxilu", "长江西路", 0.97),
        ("jiangxilu", "长江西路", 0.97 * (0.5 + 0.5 * 9 / 14)),  # the middle of the pinyin
        ("changjianxilu", "长江西路", 0.97 * (1 - 2.2 / 14)),  # a letter left out
        ("cjxl", "长江西路", 0.93),
        ("zjl", "长江路", 0.93),
        ("四塘一村", "泗塘一村", 0.9),
    ],
)
def test_a_name_is_found_and_how_well_it_fits(wanted, first, score) -> None:
    (_, name, best), *_ = lexicon(ROADS).find(wanted, most=5)
    assert name == first or (score is None and best == pytest.approx(0.7))
    assert score is None or best == pytest.approx(score)


def test_a_village_is_not_its_neighbour_and_another_road_is_not_the_road() -> None:
    assert found(ROADS, "泗塘三村") == {"泗塘一村": 0.5, "泗塘二村": 0.5}
    assert found(ROADS, "泗塘某村") == {"泗塘一村": 0.6, "泗塘二村": 0.6}
    assert found(ROADS, "长江东路")["长江西路"] == 0.5


@given(NAMES, STEMS)
def test_whatever_holds_the_text_is_found_as_a_loop_finds_it(names, part) -> None:
    expected = {name: fit(part, name) for name in names if part in name}
    got = found(names, part)
    assert {name: got.get(name) for name in expected} == expected


@given(NAMES, st.data())
def test_a_mistake_in_a_name_leaves_it_found(names, data) -> None:
    name = data.draw(st.sampled_from(names))
    at = data.draw(st.integers(0, len(name) - 1))
    assert name in found(names, name[:at] + "某" + name[at + 1 :])
    swapped = name[: max(0, at - 1)] + name[max(0, at - 1) : at + 1][::-1] + name[at + 1 :]
    assume(swapped not in names)
    assert found(names, swapped)[name] >= 1 - 0.9 * 0.6 / len(name)


@given(
    st.lists(st.text("abc", max_size=5), max_size=30).map(lambda texts: sorted(texts, key=len)),
    st.text("abc", min_size=1, max_size=3),
)
def test_texts_are_found_whole_by_their_beginning_and_by_any_part(texts, wanted) -> None:
    kept = Texts(texts, range(len(texts)), (2,))
    for ways, plain in (
        (kept.whole, [i for i, text in enumerate(texts) if text == wanted]),
        (kept.beginning, [i for i, text in enumerate(texts) if text.startswith(wanted)]),
        (kept.holding, [i for i, text in enumerate(texts) if wanted in text]),
    ):
        got = list(ways(wanted))
        assert sorted(i for i, _ in got) == plain
        assert all(texts[i] == text for i, text in got)
    if wanted in texts:
        assert wanted in {text for _, text in kept.like(wanted)}


def test_an_empty_gazetteer_and_an_empty_question_find_nothing() -> None:
    assert lexicon([]).find("长江西路", most=5) == []
    assert lexicon([]).find("changjiang", most=5) == []
    assert lexicon(ROADS).find("", most=5) == []
