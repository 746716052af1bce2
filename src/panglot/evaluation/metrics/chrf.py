"""chrF and chrF++ (Popović 2015, 2017). Outputs are texts, targets one or several references each."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from panglot.evaluation.metrics.metric import Floats, Matches, divided, equally_many, references, triplets

_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_CHARACTERS = 6
_BETA = 2


class ChrF(Matches):
    """F2 of character n-grams up to 6 (`chrf`), and with word n-grams up to 2 beside them (`chrf++`), from 0 to 100.

    sacreBLEU's parameters and, to the last bit, its values: β = 2, white space left out, case kept, precision and recall
    averaged over the orders that exist on both sides. The value of a corpus is that of the summed counts, and not a mean of
    sentences. sacreBLEU's `corpus_chrf` gives chrF by default: some harnesses print it as chrF++.

    Args:
        words: most words of an n-gram: 0 is chrF, 2 is chrF++.

    Example:
        >>> round(ChrF(0).corpus(["Dobry dźeń"], ["Dobre ranje"]), 2), round(ChrF(2).corpus(["Dobry dźeń"], ["Dobre ranje"]), 2)
        (20.91, 15.68)
    """

    bounds = (0.0, 100.0)

    def __init__(self, words: int = 2) -> None:
        self.words = words
        self.name = "chrf" + "+" * words

    @property
    def signature(self) -> dict[str, str]:
        """sacreBLEU's fields."""
        return {"case": "mixed", "eff": "yes", "nc": str(_CHARACTERS), "nw": str(self.words), "space": "no", "beta": str(_BETA)}

    def statistics(self, outputs: Sequence[str], targets: Sequence[str | Sequence[str]]) -> Floats:
        """[n, 3 orders]: n-grams of the output, of the reference that gives the highest value, and of both."""
        equally_many(outputs, targets)
        rows = np.zeros((len(outputs), 3 * (_CHARACTERS + self.words)))
        for at, (output, target) in enumerate(zip(outputs, targets, strict=True)):
            said = self._counts(output)
            tried = np.array([_compared(said, self._counts(each)) for each in references(target, at)], dtype=np.float64)
            rows[at] = tried[int(self.value(tried).argmax())] if len(tried) > 1 else tried[0]
        return rows

    def _counts(self, text: str) -> list[Counter[str]]:
        solid = "".join(text.split())
        found = [Counter(solid[at : at + n] for at in range(len(solid) - n + 1)) for n in range(1, _CHARACTERS + 1)]
        if self.words:
            cut = _words(text)
            found += [Counter(" ".join(cut[at : at + n]) for at in range(len(cut) - n + 1)) for n in range(1, self.words + 1)]
        return found

    def value(self, sums: ArrayLike) -> Floats:
        """[..., 3 orders] -> [...]."""
        outputs, targets, matches = triplets(sums)
        precisions, recalls = divided(matches, outputs), divided(matches, targets)
        there = (outputs > 0) & (targets > 0)
        precision, recall = precisions[..., 0].copy(), recalls[..., 0].copy()
        # order by order, as numpy's sums over eight numbers add them in another order and differ in the last bit
        for order in range(1, there.shape[-1]):
            precision += precisions[..., order]
            recall += recalls[..., order]
        orders = there.shape[-1] if there.all() else there.sum(axis=-1)
        precision, recall = divided(precision, orders), divided(recall, orders)
        factor = _BETA**2
        return 100 * divided((1 + factor) * precision * recall, (factor * precision) + recall)


def _compared(said: list[Counter[str]], right: list[Counter[str]]) -> list[int]:
    counts = []
    for given, wanted in zip(said, right, strict=True):
        # without an n-gram of this order in the reference the output's are not counted against it
        counts += [given.total() if wanted else 0, wanted.total(), (given & wanted).total()]
    return counts


def _words(text: str) -> list[str]:
    """Words with one ASCII punctuation mark cut off at the end or else at the beginning, as chrF++ does it."""
    found: list[str] = []
    for word in text.split():
        if len(word) > 1 and word[-1] in _PUNCTUATION:
            found += [word[:-1], word[-1]]
        elif len(word) > 1 and word[0] in _PUNCTUATION:
            found += [word[0], word[1:]]
        else:
            found.append(word)
    return found
