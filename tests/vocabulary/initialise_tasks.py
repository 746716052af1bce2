"""Small tasks of initialisation, on the shapes of well-known tokenizers."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from shapes import TEXTS

from panglot.vocabulary.added_tokens import absorb_added
from panglot.vocabulary.extend_tokenizer import extend_vocabulary
from panglot.vocabulary.initialise.task import Task
from panglot.vocabulary.rows import NEW, Change
from panglot.vocabulary.vocabulary import Vocabulary

WIDTH = 12
NEW_TEXTS = [
    "ខ្ញុំស្រលាញ់ភាសាខ្មែរ ភាសាខ្មែរពិរោះណាស់ ខ្ញុំស្រលាញ់ភាសាខ្មែរ",
    "ສະບາຍດີ ພາສາລາວ ສະບາຍດີ ພາສາລາວ ງາມ",
    "ߒߞߏ ߞߊ߲ ߦߋ߫ ߞߊ߲ ߢߌߡߊ߫ ߟߋ߬ ߘߌ߫ ߒߞߏ ߞߊ߲",
    "ދިވެހި ބަހަކީ ދިވެހިރާއްޖޭގެ ބަހެއް ދިވެހި ބަހަކީ",
    "שלום עולם שלום עולם יפה", "𐐀𐐁𐐂 𐐀𐐁𐐂 😀👍🏽", "wikowanje wikowanje rjane wjedro market markets",
]  # fmt: skip


def matrices(
    rows: int, seed: int = 0, roles: Iterable[str] = ("input", "output", "bias"), width: int = WIDTH
) -> dict[Any, Any]:
    """Random matrices of a model with a head of its own."""
    random = np.random.default_rng(seed)
    return {role: random.normal(0.5, 1.0, (rows, 1 if role == "bias" else width)).astype(np.float32) for role in roles}


def extended(vocabulary: Vocabulary, add: int = 30, texts: list[str] = NEW_TEXTS) -> Change:
    """The vocabulary with new pieces."""
    return extend_vocabulary(vocabulary, lambda: iter(texts), add, minimum_count=1)


def task_of(change: Change, *, seed: int = 3, padding: int = 0, texts: list[str] | None = NEW_TEXTS, **more: Any) -> Task:
    """A task with random matrices; `padding` rows that belong to no token are huge, so that using them shows."""
    found = matrices(change.old.size + padding, **more)
    for each in found.values():
        each[change.old.size :] = 1e6
    return Task(change, found, None if texts is None else (lambda: iter(texts)), seed)


def unigram(pieces: dict[str, float], **more: Any) -> Vocabulary:
    """A Unigram vocabulary by hand; `<unk>` is id 0."""
    vocab = [["<unk>", 0.0], *([piece, score] for piece, score in pieces.items())]
    return Vocabulary(
        {
            "version": "1.0", "truncation": None, "padding": None, "normalizer": None, "post_processor": None,
            "added_tokens": [],
            "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
            "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
            "model": {"type": "Unigram", "unk_id": 0, "vocab": vocab, "byte_fallback": False},
            **more,
        }
    )  # fmt: skip


def grown(vocabulary: Vocabulary, pieces: list[str], merges: list[list[str]] | None = None) -> Change:
    """A vocabulary with given pieces at the end."""
    old = absorb_added(vocabulary)
    model = dict(old.model)
    if model["type"] == "Unigram":
        model["vocab"] = [*model["vocab"], *([each, -1.0] for each in pieces)]
    else:
        model["vocab"] = {**model["vocab"], **{each: old.size + index for index, each in enumerate(pieces)}}
    if merges:
        model["merges"] = [*model["merges"], *merges]
    new = old.with_document(model=model)
    source = np.concatenate([np.arange(vocabulary.size), np.full(len(pieces), NEW)]).astype(np.int64)
    return Change(vocabulary, new, source)


__all__ = ["NEW_TEXTS", "TEXTS", "extended", "grown", "matrices", "task_of", "unigram"]
