"""All names of a gazetteer in memory, to be found by any part, by sound and in spite of mistakes, in some milliseconds.

A million doors share some hundred thousand names. Whole texts are found by their hash, beginnings and parts by a scan
of all names written one after another, mistaken ones by the groups of characters that they share with what was asked.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import numpy as np

from gridmgmt.addresses.spelling import fit, pinyin_spellings

Integers: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.int64]]"
Floats: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"

_BREAK = "\n"
_BEGINNING_SO, _HOLDING, _LIKE = 200, 300, 40
"""Most texts that one way of looking brings, the shortest first."""
_READ_FOR_LIKENESS = 60_000
"""Of the commonest groups of characters only some are looked at: what fits well shares a rarer one too."""
_SHORTEST_LIKE, _SHORTEST_LATIN_LIKE, _SHORTEST_LATIN_PART = 3, 5, 4
_LEAST = 0.45
_SOUNDS_SO, _PINYIN, _INITIALS = 0.9, 0.97, 0.93
"""Pinyin fits a little less than the characters, initials less than pinyin."""


class Texts:
    """Texts, the shortest first, each a spelling of the name with a number.

    Parameters
    ----------
    texts
        Without line breaks, in ascending length.
    names
        The number of the name of each.
    group_sizes
        How many neighbouring characters make a group by which texts are alike, the ends of a text being one too; none
        for texts that are never looked for by likeness.
    """

    def __init__(self, texts: Sequence[str], names: Sequence[int], group_sizes: Sequence[int] = ()) -> None:
        self._joined = _BREAK + "".join(text + _BREAK for text in texts)
        lengths = np.fromiter(map(len, texts), np.int64, len(texts)) + 1
        self._starts = np.concatenate(([1], 1 + np.cumsum(lengths)))
        self._names = np.asarray(names, np.int64)
        hashes = np.fromiter(map(hash, texts), np.int64, len(texts))
        self._by_hash = np.argsort(hashes, kind="stable")
        self._hashes = hashes[self._by_hash]
        self._groups = [_Groups(self._joined, lengths, size) for size in group_sizes]

    def whole(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield number and spelling of the names that are spelt so."""
        low, high = (int(np.searchsorted(self._hashes, hash(text), side)) for side in ("left", "right"))
        yield from (pair for pair in self._pairs(self._by_hash[low:high]) if pair[1] == text)

    def beginning(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield those that begin so, at most 200."""
        return self._pairs(self._scan(_BREAK + text, _BEGINNING_SO))

    def holding(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield those that hold a text anywhere, at most 300."""
        return self._pairs(self._scan(text, _HOLDING))

    def like(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield the 40 that share the most with a text: what both have over what each has, the rare weighing more."""
        count = len(self._names)
        shared, own, asked = np.zeros(count), np.zeros(count), 0.0
        for groups in self._groups:
            each_shared, each_asked = groups.shared(text, count)
            shared += each_shared
            own += groups.weights
            asked += each_asked
        some = np.flatnonzero(shared)
        likeness = 2 * shared[some] / (own[some] + asked)
        if len(some) > _LIKE:
            some = some[np.argpartition(-likeness, _LIKE)[:_LIKE]]
        return self._pairs(np.sort(some))

    def _scan(self, wanted: str, most: int) -> list[int]:
        found: list[int] = []
        at = self._joined.find(wanted)
        while at >= 0 and len(found) < most:
            i = bisect_right(self._starts, at + wanted.startswith(_BREAK)) - 1
            found.append(i)
            at = self._joined.find(wanted, int(self._starts[i + 1]) - 1)
        return found

    def _pairs(self, which: Iterable[int]) -> Iterator[tuple[int, str]]:
        for i in which:
            yield int(self._names[i]), self._joined[self._starts[i] : self._starts[i + 1] - 1]


class _Groups:
    """For each group of neighbouring characters the texts that have it, and how much it tells: log(texts / those)."""

    def __init__(self, joined: str, lengths: Integers, size: int) -> None:
        self._size = size
        texts = np.concatenate(([0], np.repeat(np.arange(len(lengths)), lengths)))
        keys = self._keys(joined)
        # No group reaches over the break into the next text.
        inside = keys != ord(_BREAK) if size == 1 else texts[1 : len(keys) + 1] == texts[size - 1 :]
        order = np.lexsort((texts[size - 1 :][inside], keys[inside]))
        keys, texts = keys[inside][order], texts[size - 1 :][inside][order]
        first = np.concatenate(([True], (keys[1:] != keys[:-1]) | (texts[1:] != texts[:-1])))[: len(keys)]
        keys, self._texts = keys[first], texts[first].astype(np.int32)
        self._keys_of, self._begins = np.unique(keys, return_index=True)
        self._begins = np.append(self._begins, len(keys))
        counts = np.diff(self._begins)
        self._tells = np.log1p(len(lengths) / np.maximum(counts, 1))
        self.weights = _sums(self._texts, np.repeat(self._tells, counts), len(lengths))

    def _keys(self, text: str) -> Integers:
        """Return a number for each group of a text."""
        codes = np.frombuffer(text.encode("utf-32-le"), np.uint32).astype(np.int64)
        keys = codes[: max(0, len(codes) - self._size + 1)].copy()
        for k in range(1, self._size):
            keys = (keys << 21) | codes[k : len(codes) - self._size + 1 + k]
        return keys

    def shared(self, text: str, count: int) -> tuple[Floats, float]:
        """Return for each text the weight of the groups it shares with one, and of all groups of that one."""
        ends = _BREAK if self._size > 1 else ""
        keys = np.unique(self._keys(ends + text + ends))
        at = np.minimum(np.searchsorted(self._keys_of, keys), max(0, len(self._keys_of) - 1))
        known = at[self._keys_of[at] == keys] if len(self._keys_of) else at[:0]
        sizes = self._begins[known + 1] - self._begins[known]
        rarest = known[np.argsort(sizes, kind="stable")]
        read = np.cumsum(np.sort(sizes)) <= _READ_FOR_LIKENESS
        read[:1] = True
        lists = [self._texts[self._begins[k] : self._begins[k + 1]] for k in rarest[read]]
        if not lists:
            return np.zeros(count), 0.0
        weights = np.repeat(self._tells[rarest[read]], [len(each) for each in lists])
        unknown = len(keys) - len(known)
        asked = float(self._tells[known].sum()) + unknown * float(self._tells.max())
        return _sums(np.concatenate(lists), weights, count), asked


def _sums(which: Integers, weights: Floats, count: int) -> Floats:
    return np.bincount(which, weights, minlength=count).astype(np.float64, copy=False)


class Lexicon:
    """The names of a gazetteer with how they are said.

    Parameters
    ----------
    entries
        For each name its id, the normalised name, its readings in full pinyin and in initials.
    """

    def __init__(self, entries: Sequence[tuple[int, str, Sequence[str], Sequence[str]]]) -> None:
        self._ids = [name_id for name_id, *_ in entries]
        self._names = [name for _, name, *_ in entries]
        by_length = sorted(range(len(entries)), key=lambda i: len(self._names[i]))
        self._plain = Texts([self._names[i] for i in by_length], by_length, (1, 2))
        self._full = _spelt(((i, said) for i, entry in enumerate(entries) for said in entry[2]), (3,))
        self._initials = _spelt(((i, said) for i, entry in enumerate(entries) for said in entry[3]), ())

    def find(self, wanted: str, *, most: int) -> list[tuple[int, str, float]]:
        """Return id, name and fit (0–1) of the names that fit a normalised text, the best first, then the shortest."""
        if not wanted:
            return []
        ways = self._of_latin(wanted) if wanted.isascii() else self._of_chinese(wanted)
        best: dict[int, float] = {}
        for i, score in ways:
            if score >= _LEAST and score > best.get(i, 0.0):
                best[i] = score
        top = sorted(best.items(), key=lambda item: (-item[1], len(self._names[item[0]]), self._names[item[0]]))
        return [(self._ids[i], self._names[i], score) for i, score in top[:most]]

    def _of_chinese(self, wanted: str) -> Iterator[tuple[int, float]]:
        yield from ((i, fit(wanted, name)) for i, name in self._plain.holding(wanted))
        for said in pinyin_spellings(wanted)[0]:
            yield from ((i, _SOUNDS_SO) for i, _ in self._full.whole(said))
        if len(wanted) >= _SHORTEST_LIKE and not any(self._plain.whole(wanted)):
            yield from ((i, fit(wanted, name)) for i, name in self._plain.like(wanted))

    def _of_latin(self, wanted: str) -> Iterator[tuple[int, float]]:
        yield from ((i, fit(wanted, name)) for i, name in self._plain.holding(wanted))
        yield from ((i, _INITIALS * fit(wanted, said)) for i, said in self._initials.beginning(wanted))
        yield from ((i, _PINYIN * fit(wanted, said)) for i, said in self._full.beginning(wanted))
        if len(wanted) >= _SHORTEST_LATIN_PART:
            yield from ((i, _PINYIN * fit(wanted, said)) for i, said in self._full.holding(wanted))
        if len(wanted) >= _SHORTEST_LATIN_LIKE and not any(self._full.whole(wanted)):
            yield from ((i, _PINYIN * fit(wanted, said)) for i, said in self._full.like(wanted))


def _spelt(pairs: Iterable[tuple[int, str]], group_sizes: Sequence[int]) -> Texts:
    ordered = sorted(pairs, key=lambda pair: len(pair[1]))
    return Texts([said for _, said in ordered], [i for i, _ in ordered], group_sizes)
