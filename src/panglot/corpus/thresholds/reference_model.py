"""What a reference text teaches about a language, small enough to travel with its thresholds, and what it says of other
texts."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from panglot.corpus.segmentation.code_points import CodePoints
from panglot.corpus.segmentation.optional_marks import without_vowels
from panglot.corpus.segmentation.words import Words, find_words
from panglot.corpus.thresholds import characters as character_model
from panglot.corpus.thresholds import word_order
from panglot.corpus.thresholds.characters import CharacterModel, characters_of
from panglot.corpus.thresholds.rules import SHUFFLED
from panglot.corpus.thresholds.word_order import Units, units_of

SIGNALS = ("character_fit", "known_characters", "known_words", "word_order")
"""The signals that a model gives, each low where a text is not of the language."""

_VOCABULARY = 1 << 13
_NEGATIVES = 10
_PAIRS = 200_000
_SURENESS = 2.0
_CHANCE, _UNSURE, _PRIOR_PAIRS = 2.9, 2.0, 5
_NEARER, _NEAREST = 0.25, 1.7


@dataclass(frozen=True)
class ReferenceModel:
    """Tables of hashed n-grams of one language: characters, known words, and word order; about 400 kB in memory.

    Attributes:
        spaces: whether the language separates words; where it does not, the units of word order are characters with their
            marks.
        characters: the character model.
        vocabulary: uint32, sorted hashes of the known words, or of pairs of characters where words are not separated.
        order: int8 weights of word order, and `scale`, what one step of them is worth.
        effect: how many standard deviations of one pair of neighbours the order of clean text is expected to beat that of its
            words shuffled, in text of another kind; 0 where that is not known, and then word order condemns nothing.
        doubt: standard deviation of sources of text around that.
    """

    spaces: bool
    characters: CharacterModel
    vocabulary: NDArray[np.uint32]
    order: NDArray[np.int8]
    scale: float
    effect: float = 0.0
    doubt: float = 0.0

    def signals(self, words: Words) -> dict[str, NDArray[np.float32]]:
        """Four signals a text, float32 [texts], each an upper bound (two standard errors), so that a short text is not
        condemned.

        - `character_fit`: mean of log2 p(c | three before) − log2 p(c) over the known letters; low where the letters are the
          language's and their order is not: gibberish, other languages.
        - `known_characters`: share of the letters that the reference text knows; low for mojibake and other scripts.
        - `known_words`: share of the words that the reference text knows.
        - `word_order`: how many standard errors likelier neighbours are in this order than in the same words shuffled: about
          0 for shuffled words, whatever the text is about and however much the model knows; and what a clean text of this
          length may fall short of the bound by chance, so that short texts, and languages of which little is known, are not
          condemned.

        NaN where a text has no letter, or no two words. Vowel marks that a writer may leave out (harakat, niqqud) do not count.

        Example:
            >>> model = train_model(["the cat sat on the mat. the dog sat on the cat."] * 9)
            >>> found = model.signals(find_words(["the dog sat on the mat", "mat the the on dog sat", "xq zzv"]))
            >>> bool(found["word_order"][0] > found["word_order"][1]), found["known_words"].round(2).tolist()[2] < 1
            (True, True)
        """
        found, pairs = self.measured(words)
        found["word_order"] = found["word_order"] + allowance(pairs, self.effect, self.doubt)
        return {name: found[name].astype(np.float32) for name in SIGNALS}

    def measured(self, words: Words) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64]]:
        """The signals without the allowance for word order, and the pairs of neighbours that were looked at in each text."""
        bare = without_vowels(words.points)
        if bare is not words.points:
            words = find_words(bare)
        count = len(words.points)
        units = units_of(words, spaces=self.spaces)
        found = self._characters(words.points)
        known = np.isin(_names(units), self.vocabulary)
        found["known_words"] = _share(known, np.repeat(np.arange(count), np.diff(units.bounds)), count)
        found["word_order"], pairs = self._order(units, count)
        return found, pairs

    def _order(self, units: Units, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        odds, text = word_order.log_odds(units, self.order.astype(np.float32) * np.float32(self.scale))
        size = np.bincount(text, minlength=count).astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.bincount(text, odds, count) / size
            squares = np.maximum(np.bincount(text, odds.astype(np.float64) ** 2, count) - size * mean**2, 0)
            # a few pairs tell little of their own spread
            spread = np.sqrt((squares + _PRIOR_PAIRS) / (size + _PRIOR_PAIRS))
            return mean / spread * np.sqrt(size), size

    def _characters(self, points: CodePoints) -> dict[str, NDArray[np.float64]]:
        characters = characters_of(points)
        letters = characters.letters
        alone = self.characters.unordered(characters)[letters]
        gain = self.characters.log2(characters)[letters] - alone
        text = characters.text[letters]
        known = alone > character_model.UNKNOWN
        fit = _upper(gain[known], text[known], len(points))
        share = _share(known, text, len(points))
        return {"character_fit": np.where(np.isnan(fit) & ~np.isnan(share), 0.0, fit), "known_characters": share}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything, as arrays."""
        return {
            "spaces": np.array(self.spaces),
            "prints": self.characters.prints,
            "values": self.characters.values,
            "vocabulary": self.vocabulary,
            "order": self.order,
            "scale": np.array(self.scale),
            "effect": np.array(self.effect),
            "doubt": np.array(self.doubt),
        }

    def save(self, path: Path) -> None:
        """Write the arrays as a compressed `.npz` of always the same bytes."""
        stream = io.BytesIO()
        np.savez_compressed(stream, **self.arrays())  # type: ignore[arg-type]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(stream.getvalue())

    @classmethod
    def load(cls, path: Path) -> "ReferenceModel":
        """Read what `save` wrote; nothing in the file is executed."""
        with np.load(path, allow_pickle=False) as found:
            return cls.of(found)

    @classmethod
    def of(cls, found: Mapping[str, NDArray[Any]]) -> "ReferenceModel":
        """From arrays."""
        characters = CharacterModel(found["prints"], found["values"])
        return cls(
            bool(found["spaces"]),
            characters,
            found["vocabulary"],
            found["order"],
            float(found["scale"]),
            float(found["effect"]),
            float(found["doubt"]),
        )


def train_model(
    texts: Sequence[str], *, spaces: bool = True, seed: int = 0, effect: float = 0.0, doubt: float = 0.0
) -> ReferenceModel:
    """The model of reference texts of one language: documents of some paragraphs each, in Unicode NFC.

    Twenty documents are enough for the characters; word order wants more, and knows little where words have many forms.
    """
    points = without_vowels(CodePoints.of(texts))
    units = units_of(find_words(points), spaces=spaces)
    pairs = max(len(units.starts), 1)
    weights = word_order.train(units, seed=seed, negatives=int(np.clip(_PAIRS // pairs, 2, _NEGATIVES)))
    scale = max(float(np.abs(weights).max(initial=0.0)), 1e-6) / 127
    names, counts = np.unique(_names(units), return_counts=True)
    vocabulary = np.sort(names[np.lexsort((names, -counts))[:_VOCABULARY]])
    order = np.round(weights / scale).astype(np.int8)
    return ReferenceModel(spaces, character_model.train(points), vocabulary, order, scale, effect, doubt)


def _names(units: Units) -> NDArray[np.uint32]:
    names: NDArray[np.uint32] = (units.columns[0] >> np.uint64(32)).astype(np.uint32)
    return names


def _upper(values: NDArray[Any], text: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Mean of each text, and two standard errors more; NaN for none."""
    size = np.bincount(text, minlength=count).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(text, values, count) / size
        spread = np.sqrt(np.maximum(np.bincount(text, values.astype(np.float64) ** 2, count) / size - mean**2, 0))
        return np.asarray(mean + _SURENESS * spread / np.sqrt(size))


def allowance(pairs: NDArray[np.float64], effect: float, doubt: float = 0.0) -> NDArray[np.float64]:
    """What is added to the word order of a text of so many pairs, so that one bound fits all: how far below the bound a clean
    one would hardly ever lie; where that is above the bound, a quarter of the distance is taken away, at most 1.7.

    A clean text scores effect · √pairs, give or take chance (2.9: one in a thousand) and the doubt about the effect (two
    standard deviations), added as squares.

    Example:
        >>> allowance(np.array([30.0, 300.0]), 0.35).round(2).tolist()
        [3.28, -0.22]
    """
    root = np.sqrt(pairs)
    least = effect * root - np.sqrt(_CHANCE**2 + (_UNSURE * doubt * root) ** 2)
    return np.clip(np.where(least < SHUFFLED, 1.0, _NEARER) * (SHUFFLED - least), -_NEAREST, None)


def _share(known: NDArray[np.bool_], text: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Share of each text, and two standard errors more (one item counts as half known), at most 1; NaN for none."""
    size = np.bincount(text, minlength=count).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.bincount(text, known, count) / size
        middle = (share * size + 0.5) / (size + 1)
        return np.asarray(np.minimum(share + _SURENESS * np.sqrt(middle * (1 - middle) / size), 1))
