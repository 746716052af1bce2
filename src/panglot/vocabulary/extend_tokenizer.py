"""Component `vocabulary.extend_tokenizer`: new pieces for the languages of a text; all old ids stay."""

from collections.abc import Callable, Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from panglot.artifacts import InputError, Step
from panglot.corpus.documents import Documents
from panglot.vocabulary.added_tokens import absorb_added
from panglot.vocabulary.effect import sample_texts, token_effect
from panglot.vocabulary.grow_bpe import grow_bpe
from panglot.vocabulary.grow_unigram import grow_unigram
from panglot.vocabulary.grow_wordpiece import grow_wordpiece
from panglot.vocabulary.rows import NEW, Change
from panglot.vocabulary.tokenizer import TOKENIZER_FOLDER, Tokenizer
from panglot.vocabulary.vocabulary import Vocabulary
from panglot.vocabulary.word_counts import cut_words, word_counts

Texts = Callable[[], Iterator[str]]
_GROW = {"unigram": grow_unigram, "bpe": grow_bpe, "byte_bpe": grow_bpe, "wordpiece": grow_wordpiece}


def extend_vocabulary(vocabulary: Vocabulary, texts: Texts, add: int, *, minimum_count: int = 2) -> Change:
    """Add pieces for new text to a tokenizer of any family.

    Every old token keeps its id, and what decoded to itself does so afterwards. New ids begin after the highest old one
    (`vocabulary.size`), so rows that only padded a matrix are used first. Added tokens beyond the model's vocabulary (chat
    marks, language codes) become part of it first, as the library would number them anew otherwise. How pieces are found is
    the family's matter: [`grow_unigram`][panglot.vocabulary.grow_unigram.grow_unigram],
    [`grow_bpe`][panglot.vocabulary.grow_bpe.grow_bpe] (byte models too) and
    [`grow_wordpiece`][panglot.vocabulary.grow_wordpiece.grow_wordpiece]. Equal texts give equal bytes.

    Args:
        vocabulary: the tokenizer.
        texts: gives the texts from their beginning.
        add: how many pieces; 0 changes nothing at all.
        minimum_count: what is rarer in the text is not added.

    Returns:
        The change; `len(change.added)` is how many were found.

    Raises:
        InputError: `add` is negative; there is no text, nothing of it is left by the tokenizer's own normaliser, or nothing in
            it is worth a piece.

    Example:
        >>> import json
        >>> from tokenizers import Tokenizer, models, pre_tokenizers
        >>> backend = Tokenizer(models.Unigram([("<unk>", 0.0), ("▁", -2.0), ("ߒ", -5.0), ("ߞ", -5.0)], unk_id=0))
        >>> backend.pre_tokenizer = pre_tokenizers.Metaspace()
        >>> change = extend_vocabulary(Vocabulary(json.loads(backend.to_str())), lambda: iter(["ߒߞߏ ߒߞߏ ߞߊ߲"]), 2)
        >>> [change.new.tokens[each] for each in change.added]
        ['▁ߒߞߏ', 'ߏ']
    """
    return _extended(vocabulary, texts, add, minimum_count)[0]


def unchanged(vocabulary: Vocabulary) -> Change:
    """The change that changes nothing."""
    return appended(vocabulary, vocabulary)


def appended(old: Vocabulary, new: Vocabulary) -> Change:
    """The change from a vocabulary to one whose new tokens follow the old ones."""
    source = np.full(new.size, NEW, np.int64)
    kept = [each for each in range(old.size) if old.tokens[each] is not None or new.tokens[each] is not None]
    source[kept] = kept
    return Change(old, new, source)


def _extended(vocabulary: Vocabulary, texts: Texts, add: int, minimum_count: int) -> tuple[Change, dict[str, int]]:
    """The change and the words of the text."""
    if add < 0:
        raise InputError(f"{add} pieces cannot be added", where="add", fix="give 0 or more")
    if minimum_count < 1:
        raise InputError("the smallest count must be at least 1", where="minimum_count")
    if add == 0:
        return unchanged(vocabulary), {}
    words = word_counts(vocabulary, texts())
    if not words:
        if not any(each.strip() for each in texts()):
            raise InputError("there is no text to take pieces from", where="text")
        raise InputError("the tokenizer's own normaliser leaves nothing of this text", where=vocabulary.place or "text")
    new = _GROW[vocabulary.family](absorb_added(vocabulary), words, add, minimum_count=minimum_count)
    if new.size == vocabulary.size:
        raise InputError(
            f"the text gives no new piece: nothing that is worth one stands in it {minimum_count} times",
            where="text",
            fix="give more text, or a lower minimum_count",
        )
    return appended(vocabulary, new), words


def extend_tokenizer(
    *,
    tokenizer: Tokenizer,
    text: Documents,
    add: Annotated[int, Field(ge=0)],
    minimum_count: Annotated[int, Field(ge=1)] = 2,
    retain: Documents | None = None,
    step: Step,
) -> Tokenizer:
    """Add pieces for the languages of a text to a tokenizer; all old ids stay.

    Args:
        tokenizer: the tokenizer, of any family.
        text: text of the new languages.
        add: how many pieces to add.
        minimum_count: what is rarer in the text is not added.
        retain: text of languages that should stay as they are: the share of it whose tokens change is reported.
        step: where to write.

    Raises:
        InputError: there is no text, or it does not support so many pieces: it says how many can be asked for.
    """
    change, words = extend_by(tokenizer.vocabulary, text.texts, add, step, minimum_count=minimum_count)
    step.figures.update(added=len(change.added), pieces=change.new.size)
    if words:
        characters = sum(len(each) for each in text.texts())
        step.figures["tokens_per_character"] = {
            "before": round(_tokens(change.old, words) / characters, 6),
            "after": round(_tokens(change.new, words) / characters, 6),
        }
    if retain is not None:
        with step.progress("comparing retained text"):
            step.figures["retained"] = token_effect(change, sample_texts(retain))
    change.new.save(step.out / TOKENIZER_FOLDER)
    change.write(step.out)
    return Tokenizer.open(step.out)


def extend_by(
    vocabulary: Vocabulary, texts: Texts, add: int, step: Step, *, minimum_count: int = 2
) -> tuple[Change, dict[str, int]]:
    """Extend by so many pieces exactly.

    Returns:
        The change, and the words of the text with their counts.

    Raises:
        InputError: the text gives fewer pieces; it says how many can be asked for.
    """
    with step.progress("finding new pieces"):
        change, words = _extended(vocabulary, texts, add, minimum_count)
        found, asked = len(change.added), add
        # with fewer to choose, fewer may turn out to be of use, and the advice must hold
        while found < asked:
            change, asked = _extended(vocabulary, texts, found, minimum_count)[0], found
            found = len(change.added)
    if found < add:
        raise InputError(
            f"the text supports {found:,} new {'piece' if found == 1 else 'pieces'} and not {add:,}",
            where="add",
            fix=f"add at most {found:,}, give more text, or a lower minimum_count",
        )
    return change, words


def _tokens(vocabulary: Vocabulary, words: dict[str, int]) -> int:
    cut = cut_words(vocabulary, list(words))
    return int((cut.lengths * np.fromiter(words.values(), np.int64, len(words))).sum())
