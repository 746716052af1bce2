"""What a changed vocabulary does to texts and to a model's size: the figures that every surgery reports."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from panglot.artifacts import digest_bytes
from panglot.corpus.documents import Documents
from panglot.models import Model
from panglot.vocabulary.rows import Change
from panglot.vocabulary.surface import unknown_id
from panglot.vocabulary.vocabulary import Vocabulary

_TEXTS_A_LANGUAGE = 1000
_CHARACTERS = 500
_LOADED_SUFFIXES = (".json", ".safetensors", ".txt", ".model", ".jinja")
_AGREEMENT_TEXTS = 128


def sample_texts(
    documents: Documents, count: int = _TEXTS_A_LANGUAGE, *, languages: Sequence[str] = ()
) -> dict[str, list[str]]:
    """Some texts of each language, chosen by a hash of their content; long ones are cut after 500 characters.

    Args:
        documents: to choose from.
        count: of each language.
        languages: tags, to choose from these only.

    Returns:
        Language tag to texts; the same documents give the same texts in the same order.
    """
    heaps: dict[str, list[tuple[int, str]]] = {}
    for language, text in _cut(documents, languages or documents.languages):
        heap = heaps.setdefault(language, [])
        entry = (-int(digest_bytes(text.encode("utf-8", "replace"))[:16], 16), text)
        if len(heap) < count:
            heapq.heappush(heap, entry)
        elif entry > heap[0]:
            heapq.heapreplace(heap, entry)
    return {language: [text for _, text in sorted(heap, reverse=True)] for language, heap in sorted(heaps.items())}


def _cut(documents: Documents, languages: Sequence[str]) -> Iterator[tuple[str, str]]:
    for language in languages:
        for text in documents.texts(language):
            if found := text[:_CHARACTERS].strip():
                yield language, found


def token_effect(change: Change, sampled: Mapping[str, list[str]]) -> dict[str, dict[str, Any]]:
    """Tokens before and after, by language.

    Args:
        change: vocabularies before and after.
        sampled: language tag to texts.

    Returns:
        Language tag to `texts` (how many), `tokens_per_character` (`before`, `after`), `changed` (the share of texts whose
        tokens are other ones than before) and, where there are any, `unknown` (`before`, `after`): the share of tokens that
        are unknown. A word that was one unknown token may well become several that say something.
    """
    found: dict[str, dict[str, Any]] = {}
    for language, texts in sampled.items():
        before, after = change.old.encode(texts), change.new.encode(texts)
        moved = [change.source[np.asarray(each, np.int64)].tolist() for each in after]
        characters = max(sum(map(len, texts)), 1)
        unknown = {"before": _unknown_share(change.old, before), "after": _unknown_share(change.new, after)}
        found[language] = {
            "texts": len(texts),
            "tokens_per_character": {
                "before": round(sum(map(len, before)) / characters, 4),
                "after": round(sum(map(len, after)) / characters, 4),
            },
            "changed": round(sum(one != other for one, other in zip(before, moved, strict=True)) / max(len(texts), 1), 4),
        }
        if any(unknown.values()):
            found[language]["unknown"] = unknown
    return found


def _unknown_share(vocabulary: Vocabulary, texts: list[list[int]]) -> float:
    number = unknown_id(vocabulary)
    return 0.0 if number is None else round(sum(each.count(number) for each in texts) / max(sum(map(len, texts)), 1), 4)


def size_effect(before: Model, after: Model, change: Change) -> dict[str, Any]:
    """Parameters, size on disk in MiB of what is loaded, and pieces, each before and after."""
    pieces = [sum(each is not None for each in vocabulary.tokens) for vocabulary in (change.old, change.new)]
    return {
        "parameters": {"before": before.facts["parameters"], "after": after.facts["parameters"]},
        "disk_mib": {"before": _mebibytes(before.path), "after": _mebibytes(after.path)},
        "pieces": {"before": pieces[0], "after": pieces[1]},
    }


def _mebibytes(folder: Path) -> float:
    files = [each for each in folder.rglob("*") if each.suffix in _LOADED_SUFFIXES and each.is_file()]
    return round(sum(each.stat().st_size for each in files) / 2**20, 1)


def agreement(before: Model, after: Model, sampled: Mapping[str, list[str]]) -> dict[str, Any]:
    """How far the sentence vectors of two models agree: mean and worst cosine over up to 128 texts, all languages alike.

    Args:
        before: a sentence encoder.
        after: one of the same width.
        sampled: language tag to texts.
    """
    from panglot.models.encoder import Encoder

    share = max(1, _AGREEMENT_TEXTS // max(len(sampled), 1))
    texts = [each for found in sampled.values() for each in found[:share]]
    one, other = (Encoder(each.path, device="cpu", precision="fp32").encode(texts) for each in (before, after))
    cosines = (one * other).sum(axis=1) / np.maximum(np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1), 1e-12)
    return {"texts": len(texts), "mean": round(float(cosines.mean()), 4), "worst": round(float(cosines.min()), 4)}
