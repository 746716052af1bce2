"""The training loop of BPE, against a plain one that counts all pairs anew in every round."""

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from panglot.vocabulary.pair_merges import BARRIER, Cut, PairMerges

WORDS = st.lists(st.lists(st.integers(-1, 4), max_size=12), max_size=8)


def plainly(words: list[list[int]], counts: list[int], minimum: int) -> tuple[list[tuple[str, str]], list[list[str]]]:
    cut = [["" if each == BARRIER else "abcde"[each] for each in word] for word in words]
    texts, merges = set("abcde"), []
    banned: set[tuple[str, str]] = set()
    while True:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, count in zip(cut, counts, strict=True):
            for pair in pairwise(word):
                if all(pair) and pair not in banned:
                    pairs[pair] += count
        best = min(((-count, pair) for pair, count in pairs.items() if count >= minimum), default=None)
        if best is None:
            return merges, cut
        left, right = best[1]
        if left + right in texts:
            banned.add(best[1])
            continue
        texts.add(left + right)
        merges.append((left, right))
        for word in cut:
            index = 0
            while index + 1 < len(word):
                if (word[index], word[index + 1]) == (left, right):
                    word[index : index + 2] = [left + right]
                index += 1


@given(WORDS, st.data())
def test_merges_are_those_of_the_plain_loop(words: list[list[int]], data: st.DataObject) -> None:
    counts = data.draw(st.lists(st.integers(1, 4), min_size=len(words), max_size=len(words)))
    minimum = data.draw(st.integers(1, 4))
    texts = set("abcde")

    def join(left: str, right: str) -> str | None:
        if left + right in texts:
            return None
        texts.add(left + right)
        return left + right

    merges = PairMerges(Cut.of(words), counts, "abcde", join, minimum_count=minimum)
    found = [(merges.texts[each.left], merges.texts[each.right]) for each in merges]
    expected, cut = plainly(words, counts, minimum)
    assert found == expected
    usage: Counter[str] = Counter()
    for word, count in zip(cut, counts, strict=True):
        for each in filter(None, word):
            usage[each] += count
    assert {text: number for text, number in zip(merges.texts, merges.usage().tolist(), strict=True) if number} == dict(usage)


def test_by_hand() -> None:
    """`aaaa` twice, `ab` three times: the pair aa stands at three places in `aaaa`, so 6 times, and ab 3 times."""
    merges = PairMerges(Cut.of([[0, 0, 0, 0], [0, 1]]), [2, 3], "ab", lambda left, right: left + right, minimum_count=2)
    assert [(merges.texts[each.made], each.times) for each in merges] == [("aa", 6), ("ab", 3), ("aaaa", 2)]
