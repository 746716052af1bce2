"""The pass: all signals of a batch of texts of one language."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from panglot.corpus.segmentation.code_points import CodePoints
from panglot.corpus.segmentation.words import Words, find_words
from panglot.corpus.signals import quality, repetition, sentences
from panglot.corpus.signals.hashing import StretchHashes
from panglot.corpus.signals.layout import Layout
from panglot.corpus.signals.shares import share
from panglot.corpus.signals.table import GROUPS, SIGNALS, Group, columns

BATCH_CHARACTERS = 1 << 19
LONGEST = 1 << 21
"""Of a longer text only so many characters are measured, so that no text takes more memory; `characters` counts them all."""
UNDETERMINED = "und"


class Model(Protocol):
    """What is learned of a language from reference text; it gives the signals of the group `reference`."""

    def signals(self, words: Words) -> dict[str, NDArray[Any]]:
        """One value a text for each of `character_fit`, `known_words` and `word_order`."""
        ...


def signals_of(
    texts: Sequence[str],
    language: str = UNDETERMINED,
    *,
    stop_words: Sequence[str] = (),
    flagged_words: Sequence[str] = (),
    policies: Sequence[str] = (),
    words: Words | None = None,
    model: Model | None = None,
    back_end: str | None = None,
    groups: Sequence[Group] | None = None,
) -> dict[str, NDArray[Any]]:
    """The signals of texts of one language, in batches of about a million characters.

    Args:
        texts: any texts, empty ones too.
        language: tag, for the script; `und` where it is not known.
        stop_words: words as they stand in text; without a list what is asked of them is NaN.
        flagged_words: the same, of words that a text should not hold.
        policies: phrases of policy lines in this language.
        words: words of all texts, found already; then there is one batch.
        model: what the language's reference text taught.
        back_end: segmenter of words of scripts without spaces; without one, units take the place of their words.
        groups: which groups of signals to compute; all without it.

    Returns:
        For each signal of the groups, in the order of the table, int32 or float32 [texts]; NaN means that it cannot be said.

    Example:
        >>> found = signals_of(["कखग कखग कखग।", ""], "hin_Deva", stop_words=["कखग"])
        >>> found["words"].tolist(), found["script_share"].tolist(), found["stop_words_present"].tolist()
        ([3, 0], [1.0, nan], [1.0, 0.0])
    """
    wanted: tuple[Group, ...] = GROUPS if groups is None else tuple(groups)
    names = columns(wanted)
    found: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
    batches: Iterator[Words] | Sequence[Words]
    batches = (
        [words]
        if words is not None
        else (
            find_words(CodePoints.of(each), language=None if language == UNDETERMINED else language, back_end=back_end)
            for each in _batches(texts)
        )
    )
    for each in batches:
        signals = _measured(each, language, stop_words, flagged_words, policies, model, wanted)
        for name in names:
            found[name].append(signals[name].astype(np.int32 if SIGNALS[name].whole else np.float32))
    if "characters" in found and words is None:
        found["characters"] = [np.array([len(each) for each in texts], dtype=np.int32)]
    return {
        name: np.concatenate(each) if each else np.zeros(0, dtype=np.int32 if SIGNALS[name].whole else np.float32)
        for name, each in found.items()
    }


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    held: list[str] = []
    characters = 0
    for text in texts:
        size = min(len(text), LONGEST)
        if held and characters + size > BATCH_CHARACTERS:
            yield held
            held, characters = [], 0
        held.append(text if size == len(text) else text[:size])
        characters += size
    if held:
        yield held


def _measured(
    words: Words,
    language: str,
    stop_words: Sequence[str],
    flagged_words: Sequence[str],
    policies: Sequence[str],
    model: Model | None,
    groups: tuple[Group, ...],
) -> dict[str, NDArray[Any]]:
    layout = Layout.of(words.points)
    count = len(words.points)
    hashes = _once(lambda: StretchHashes.of(words.points))
    word_hashes = _once(lambda: hashes()(words.starts, words.ends))
    nothing = np.full(count, np.nan)
    found: dict[str, NDArray[Any]] = {}
    if "size" in groups:
        found |= quality.sizes(layout, words)
    if "gopher_quality" in groups:
        found |= quality.gopher_quality(layout, words)
    if "fineweb" in groups:
        found |= quality.fineweb(layout, words)
    if "gopher_repetition" in groups or "fineweb" in groups:
        found |= repetition.line_repetition(layout, hashes())
    if "gopher_repetition" in groups or "roots" in groups:
        found |= repetition.gram_repetition(repetition.WordGrams(words, word_hashes()))
    if "gopher_quality" in groups or "roots" in groups:
        listed, different = quality.listed(words, word_hashes(), stop_words)
        found["stop_words_present"] = different if stop_words else nothing
        found["stop_word_share"] = share(listed, words.counts) if stop_words else nothing
    if "roots" in groups:
        flagged, _ = quality.listed(words, word_hashes(), flagged_words)
        found["flagged_word_share"] = share(flagged, words.counts) if flagged_words else nothing
        found["character_repetition"] = repetition.character_repetition(layout, hashes())
        found["special_characters"] = quality.special_characters(layout)
        found["duplicate_bare_line_share"] = repetition.bare_line_repetition(layout, words, word_hashes())
    if "c4" in groups or "madlad" in groups:
        starts = sentences.sentence_starts(layout)
        if "c4" in groups:
            found |= sentences.c4(layout, words, starts, policies)
        if "madlad" in groups:
            found |= sentences.madlad(layout, words, starts)
            found["technical_characters"] = quality.technical(layout)
    if "damage" in groups:
        found |= quality.kinds(layout, None if language == UNDETERMINED else language[4:])
    if "reference" in groups:
        found |= dict.fromkeys(columns(("reference",)), nothing) if model is None else model.signals(words)
    return found


def _once(make: Callable[[], Any]) -> Callable[[], Any]:
    kept: list[Any] = []

    def get() -> Any:
        if not kept:
            kept.append(make())
        return kept[0]

    return get
