"""The words and the characters of a sample of documents, by language."""

from collections import Counter
from dataclasses import dataclass

from panglot.artifacts import Step
from panglot.vocabulary.drawing import Draw
from panglot.vocabulary.vocabulary import Vocabulary
from panglot.vocabulary.word_counts import word_counts

_DOCUMENTS_AT_ONCE = 2000
_CHARACTERS_AT_ONCE = 2_000_000
_SAMPLE_CHARACTERS = 200_000
MOST_WORDS = 8_000_000


@dataclass(frozen=True)
class Gathered:
    """What a training learns from.

    Attributes:
        words: language to its words, each with how often it stands in the documents that were drawn.
        characters: all characters of all documents after normalisation, of those that were not drawn too; empty over bytes.
        samples: language to its first texts, about 200,000 characters of them, to measure with.
        floor: words that stood so often or less were dropped on the way, to bound the memory; 0 where none was.
    """

    words: dict[str, Counter[str]]
    characters: set[str]
    samples: dict[str, list[str]]
    floor: int


def gather(drawn: Draw, skeleton: Vocabulary, step: Step) -> Gathered:
    """Count the words that the rules of a tokenizer cut the documents into.

    Memory is set by the different words: above eight million, those of the smallest counts are dropped.
    """
    over_bytes = skeleton.family == "byte_bpe"
    normalizer = skeleton.backend.normalizer
    words: dict[str, Counter[str]] = {tag: Counter() for tag in drawn.sizes if drawn.realised[tag]}
    samples: dict[str, list[str]] = {tag: [] for tag in drawn.sizes}
    sampled: Counter[str] = Counter()
    waiting: dict[str, list[str]] = {}
    lengths: Counter[str] = Counter()
    characters: set[str] = set()
    seen: set[str] = set()
    floor = 0

    def flush(tag: str) -> None:
        nonlocal floor
        found = word_counts(skeleton, waiting.pop(tag, []))
        del lengths[tag]
        if not over_bytes:
            characters.update("".join(found))
        words[tag].update(found)
        while sum(map(len, words.values())) > MOST_WORDS:
            floor += 1
            for each in words.values():
                for word in [word for word, count in each.items() if count <= floor]:
                    del each[word]

    with step.progress("reading words", total=sum(drawn.sizes.values())) as progress:
        for tag, text, taken in drawn.documents():
            progress.advance(len(text))
            if sampled[tag] < _SAMPLE_CHARACTERS:
                samples[tag].append(text)
                sampled[tag] += len(text)
            if taken:
                waiting.setdefault(tag, []).append(text)
                lengths[tag] += len(text)
                if len(waiting[tag]) >= _DOCUMENTS_AT_ONCE or lengths[tag] >= _CHARACTERS_AT_ONCE:
                    flush(tag)
            elif not over_bytes:
                normal = set(text if normalizer is None else normalizer.normalize_str(text))
                if not normal <= seen:
                    seen |= normal
                    characters.update("".join(word_counts(skeleton, [text])))
        for tag in list(waiting):
            flush(tag)
    return Gathered(words, characters, samples, floor)
