"""N-gram models: a second implementation, probabilities that add up to one, and a case by hand."""

from collections import Counter, defaultdict
from itertools import product

import numpy as np
import pytest

from panglot.artifacts import InputError
from panglot.evaluation.ngram import NgramModel


class Slow:
    """The same model from dictionaries, written from the formulas."""

    def __init__(self, sequences: list[list[int]], size: int, order: int) -> None:
        self.size, self.order = size, order
        pad = (-1,) * max(order - 1, 1)
        occurrences: list[Counter[tuple[int, ...]]] = [Counter() for _ in range(order + 1)]
        for each in sequences:
            whole = (*pad, *each, size)
            for place in range(len(pad), len(whole)):
                for k in range(1, order + 1):
                    occurrences[k][whole[place - k + 1 : place + 1]] += 1
        self.counts = [Counter[tuple[int, ...]]() for _ in range(order + 1)]
        self.counts[order] = occurrences[order]
        for k in range(1, order):
            self.counts[k] = Counter(gram[1:] for gram in occurrences[k + 1])
        self.after: list[dict[tuple[int, ...], Counter[int]]] = [defaultdict(Counter) for _ in range(order + 1)]
        self.discounts = [(0.0, 0.0, 0.0)]
        for k in range(1, order + 1):
            for gram, count in self.counts[k].items():
                self.after[k][gram[:-1]][gram[-1]] = count
            n1, n2, n3, n4 = (sum(count == times for count in self.counts[k].values()) for times in (1, 2, 3, 4))
            found = (0.5, 1.0, 1.5)
            if n1 and n2 and n3 and n4:
                y = n1 / (n1 + 2 * n2)
                estimated = (1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3)
                if all(0 < each <= most for most, each in enumerate(estimated, 1)):
                    found = estimated
            self.discounts.append(found)

    def p(self, symbol: int, context: tuple[int, ...], k: int) -> float:
        if k == 0:
            return 1 / (self.size + 1)
        history = context[len(context) - k + 1 :]
        lower = self.p(symbol, context, k - 1)
        seen = self.after[k].get(history)
        if not seen:
            return lower
        total = sum(seen.values())
        taken = sum(self.discounts[k][min(count, 3) - 1] for count in seen.values())
        count = seen.get(symbol, 0)
        share = (count - self.discounts[k][min(count, 3) - 1]) / total if count else 0.0
        return share + taken / total * lower

    def bits(self, sequence: list[int]) -> list[float]:
        whole = (*(-1,) * max(self.order - 1, 1), *sequence, self.size)
        start = len(whole) - len(sequence) - 1
        return [-np.log2(self.p(whole[at], whole[:at], self.order)) for at in range(start, len(whole))]


def text(seed: int, count: int, size: int, longest: int = 40) -> list[list[int]]:
    draw = np.random.default_rng(seed)
    return [(draw.geometric(0.4, draw.integers(0, longest)) % size).tolist() for _ in range(count)]


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize("size", [2, 7])
def test_like_the_formulas(order: int, size: int) -> None:
    train, test = text(1, 30, size), text(2, 6, size)
    fast, slow = NgramModel(train, size, order), Slow(train, size, order)
    expected = [bit for each in test for bit in slow.bits(each)]
    assert fast.bits_of_symbols(test) == pytest.approx(expected, rel=1e-12)
    assert fast.bits(test) == pytest.approx([sum(slow.bits(each)) for each in test], rel=1e-12)


def test_estimated_discounts_are_used() -> None:
    model, slow = NgramModel(text(5, 300, 7), 7, 3), Slow(text(5, 300, 7), 7, 3)
    assert slow.discounts[3] != (0.5, 1.0, 1.5)
    assert model.bits([[1, 2, 3]]) == pytest.approx([sum(slow.bits([1, 2, 3]))], rel=1e-12)


@pytest.mark.parametrize("order", [1, 2, 4])
def test_probabilities_add_up_to_one(order: int) -> None:
    size = 3
    model = NgramModel(text(3, 20, size), size, order)
    for context in product(range(size), repeat=3):
        # the next symbol's bits stand at the fourth place, the end's after a sequence of three
        next_bits = [model.bits_of_symbols([[*context, symbol]])[3] for symbol in range(size)]
        next_bits.append(model.bits_of_symbols([list(context)])[3])
        assert np.exp2(-np.array(next_bits)).sum() == pytest.approx(1, rel=1e-12)


def test_by_hand() -> None:
    # Two symbols, one text "0 0 1". Bigrams: start 0, 0 0, 0 1, 1 end, once each, so discounts are .5, 1, 1.5 (no n2).
    # Continuations: 0 after start and 0 (2), 1 after 0 (1), end after 1 (1); 4 in all.
    # p1(0) = (2 - 1)/4 + (1 + .5 + .5)/4 · 1/3 = 5/12; p1(1) = .5/4 + 1/6 = 7/24.
    # p2(1 | 0) = .5/2 + (.5 + .5)/2 · 7/24 = 19/48; p2(0 | start) = .5 + .5 · 5/12 = 17/24.
    model = NgramModel([[0, 0, 1]], size=2, order=2)
    found = np.exp2(-model.bits_of_symbols([[0, 1]]))
    assert found[:2] == pytest.approx([17 / 24, 19 / 48], rel=1e-12)


def test_symbols_that_were_never_seen_cost_a_finite_number_of_bits() -> None:
    model = NgramModel([[0, 1, 0]], size=1000, order=5)
    assert np.isfinite(model.bits([[999, 5, 0], []])).all()


def test_sequences_do_not_touch() -> None:
    train, size = text(4, 12, 5), 5
    model = NgramModel(train, size, 4)
    together = model.bits([[1, 2, 3], [0, 4]])
    assert together == pytest.approx([*model.bits([[1, 2, 3]]), *model.bits([[0, 4]])], rel=1e-12)


def test_without_any_text_all_symbols_are_alike() -> None:
    assert NgramModel([], size=3, order=2).bits([[0, 1]]) == pytest.approx([3 * 2.0])


def test_an_order_below_one() -> None:
    with pytest.raises(InputError, match="order of 1 or more"):
        NgramModel([[0]], size=1, order=0)
