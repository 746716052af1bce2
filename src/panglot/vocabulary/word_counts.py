"""The words of a text as a tokenizer sees them: after its normaliser and its pre-tokenizer, before its model."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from panglot.vocabulary.pair_merges import Cut
from panglot.vocabulary.surface import SPACE_MARK, byte_letters
from panglot.vocabulary.vocabulary import Vocabulary, cannot_write

BYTE_SPACE = byte_letters()[0x20]
_BATCH = 1 << 14


def word_counts(vocabulary: Vocabulary, texts: Iterable[str]) -> Counter[str]:
    """How often each word stands in the texts.

    A word is what the model gets at once: a pre-token, written as the pieces write it (`▁` or `Ġ` for a space, bytes as
    letters where the tokenizer does so). Tokenizers that do not split (Gemma, ByT5) would see a whole document as one word;
    there, and everywhere, words are cut before each run of space markers, so that no new piece reaches across a space. The
    texts of added tokens (`<s>`, chat marks) belong to no word.

    Example:
        >>> from tokenizers import Tokenizer, models, pre_tokenizers
        >>> backend = Tokenizer(models.Unigram([("<unk>", 0.0)], unk_id=0))
        >>> backend.pre_tokenizer = pre_tokenizers.Metaspace()
        >>> import json
        >>> sorted(word_counts(Vocabulary(json.loads(backend.to_str())), ["ເຈົ້າ ສະບາຍ ເຈົ້າ"]).items())
        [('▁ສະບາຍ', 1), ('▁ເຈົ້າ', 2)]
    """
    normalise, cut = _normaliser(vocabulary), _cutter(vocabulary)
    found: Counter[str] = Counter()
    added = _added_pattern(vocabulary)
    for text in texts:
        for part in added.split(text) if added else (text,):
            found.update(cut(normalise(part)))
    del found[""]
    return found


def space_marker(vocabulary: Vocabulary) -> str:
    """The character that stands for a space inside pieces; "" for WordPiece, whose words hold none."""
    return {"byte_bpe": BYTE_SPACE, "wordpiece": ""}.get(vocabulary.family, SPACE_MARK)


def _normaliser(vocabulary: Vocabulary) -> Callable[[str], str]:
    normaliser = vocabulary.backend.normalizer
    return (lambda text: text) if normaliser is None else normaliser.normalize_str


def _cutter(vocabulary: Vocabulary) -> Callable[[str], Iterable[str]]:
    marker = space_marker(vocabulary)
    pattern = re.compile(f"[{marker} \n]+[^{marker} \n]*|[^{marker} \n]+").findall if marker else None
    said = vocabulary.document.get("pre_tokenizer") or {}
    if pattern and _is_plain_metaspace(said):
        # The library's own splitting of these gives the same words (tested), ten times slower.
        prepends = said.get("prepend_scheme", "always") != "never"
        return lambda text: pattern(_marked(text, prepends))
    splitter = vocabulary.backend.pre_tokenizer
    if splitter is None:
        return pattern or (lambda text: [text])
    if pattern is None:
        return lambda text: [word for word, _ in splitter.pre_tokenize_str(text)]
    return lambda text: [part for word, _ in splitter.pre_tokenize_str(text) for part in pattern(word)]


def _is_plain_metaspace(said: dict[str, Any]) -> bool:
    return said.get("type") == "Metaspace" and said.get("replacement") == SPACE_MARK and bool(said.get("split", True))


def _marked(text: str, prepends: bool) -> str:
    text = text.replace(" ", SPACE_MARK)
    return SPACE_MARK + text if prepends and text and not text.startswith(SPACE_MARK) else text


def _added_pattern(vocabulary: Vocabulary) -> "re.Pattern[str] | None":
    contents = sorted((each["content"] for each in vocabulary.added.values()), key=lambda each: (-len(each), each))
    return re.compile("|".join(map(re.escape, filter(None, contents)))) if any(contents) else None


def by_count(words: Mapping[str, int]) -> tuple[list[str], list[int]]:
    """Words and their counts, the most frequent first, equal ones by text: whatever the order in which they were met."""
    ordered = sorted(words.items(), key=lambda each: (-each[1], each[0]))
    return [word for word, _ in ordered], [count for _, count in ordered]


def character_counts(words: Mapping[str, int]) -> dict[str, int]:
    """How often each character stands in words that stand so often in a text."""
    points = np.frombuffer("".join(words).encode("utf-32-le"), np.uint32)
    weights = np.repeat(np.fromiter(words.values(), np.int64, len(words)), [len(each) for each in words])
    found = np.zeros(int(points.max(initial=0)) + 1, np.int64)
    np.add.at(found, points, weights)
    return {chr(each): int(found[each]) for each in np.flatnonzero(found)}


def cut_words(vocabulary: Vocabulary, words: list[str]) -> Cut:
    """Ids that the model cuts each word into, without normaliser, pre-tokenizer and added tokens."""
    return cut_with(vocabulary.backend.model, words)


def cut_with(model: Any, words: list[str]) -> Cut:
    """Ids that a model of the library `tokenizers` cuts each word into."""
    from tokenizers import Tokenizer as Backend

    bare = Backend(model)
    parts = []
    for start in range(0, len(words), _BATCH):
        try:
            batch = bare.encode_batch_fast(words[start : start + _BATCH], add_special_tokens=False)
        except Exception as error:
            raise cannot_write(error, "") from None
        parts.append(Cut.of(each.ids for each in batch))
    return Cut.joined(parts)
