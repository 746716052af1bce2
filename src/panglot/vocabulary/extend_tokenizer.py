"""Component `vocabulary.extend_tokenizer`: new pieces for the languages of a text; all old ids stay."""

from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from panglot.artifacts import InputError, Step
from panglot.corpus.documents import UNDETERMINED, Documents
from panglot.languages import Language
from panglot.vocabulary.added_tokens import absorb_added
from panglot.vocabulary.effect import sample_texts, token_effect
from panglot.vocabulary.grow_bpe import grow_bpe
from panglot.vocabulary.grow_unigram import grow_unigram
from panglot.vocabulary.grow_wordpiece import grow_wordpiece
from panglot.vocabulary.piece_rules import PieceRules
from panglot.vocabulary.rows import NEW, Change
from panglot.vocabulary.tokenizer import TOKENIZER_FOLDER, Tokenizer
from panglot.vocabulary.vocabulary import Vocabulary
from panglot.vocabulary.word_counts import cut_words, word_counts

Texts = Callable[[], Iterator[str]]
_ZERO_WIDTH_SPACE = "\u200b"
Scripts = Literal["own", "any"]
"""Which letters new pieces may hold: those of the scripts of the text's languages, or all."""
_GROW = {"unigram": grow_unigram, "bpe": grow_bpe, "byte_bpe": grow_bpe, "wordpiece": grow_wordpiece}


def extend_vocabulary(
    vocabulary: Vocabulary, texts: Texts, add: int, *, minimum_count: int = 2, scripts: Collection[str] = ()
) -> Change:
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
        scripts: ISO 15924 codes of the letters that new pieces of several characters may hold; none for any.

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
    return _extended(vocabulary, texts, add, minimum_count, scripts)[0]


def unchanged(vocabulary: Vocabulary) -> Change:
    """The change that changes nothing."""
    return appended(vocabulary, vocabulary)


def appended(old: Vocabulary, new: Vocabulary) -> Change:
    """The change from a vocabulary to one whose new tokens follow the old ones."""
    source = np.full(new.size, NEW, np.int64)
    kept = [each for each in range(old.size) if old.tokens[each] is not None or new.tokens[each] is not None]
    source[kept] = kept
    return Change(old, new, source)


def _extended(
    vocabulary: Vocabulary, texts: Texts, add: int, minimum_count: int, scripts: Collection[str]
) -> tuple[Change, dict[str, int]]:
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
    whole = absorb_added(vocabulary)
    new = _GROW[vocabulary.family](whole, words, add, rules=PieceRules.of(whole, scripts), minimum_count=minimum_count)
    if new.size == vocabulary.size:
        of = f" of script {' or '.join(sorted(scripts))}" if scripts else ""
        raise InputError(
            f"the text gives no new piece: nothing{of} that is worth one stands in it {minimum_count} times",
            where="text",
            fix="give more text, or a lower minimum_count" + (", or scripts: any" if scripts else ""),
        )
    return appended(vocabulary, new), words


def extend_tokenizer(
    *,
    tokenizer: Tokenizer,
    text: Documents,
    add: Annotated[int, Field(ge=0)],
    minimum_count: Annotated[int, Field(ge=1)] = 2,
    scripts: Scripts = "own",
    retain: Documents | None = None,
    step: Step,
) -> Tokenizer:
    """Add pieces for the languages of a text to a tokenizer; all old ids stay.

    A text with zero-width spaces is learnt from in both forms, with them and without: Khmer and Burmese are written either way.

    Args:
        tokenizer: the tokenizer, of any family.
        text: text of the new languages.
        add: how many pieces to add.
        minimum_count: what is rarer in the text is not added.
        scripts: `own`: pieces of several characters hold letters of the scripts of the text's languages alone, so that names
            from other languages in the text give no pieces; `any`: all letters. Text without a language (`und`) has no script.
        retain: text of languages that should stay as they are: the share of it whose tokens change is reported.
        step: where to write.

    Raises:
        InputError: there is no text, or it does not support so many pieces: it says how many can be asked for.
    """
    change, words = extend_by(tokenizer.vocabulary, text, add, step, minimum_count=minimum_count, scripts=scripts)
    step.figures.update(added=len(change.added), pieces=change.new.size)
    if words:
        characters = sum(len(each) for each in _both_forms(text))
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
    vocabulary: Vocabulary, text: Documents, add: int, step: Step, *, minimum_count: int = 2, scripts: Scripts = "own"
) -> tuple[Change, dict[str, int]]:
    """Extend by so many pieces exactly.

    Returns:
        The change, and the words of the text with their counts.

    Raises:
        InputError: the text gives fewer pieces; it says how many can be asked for.
    """
    allowed = _scripts_of(text) if scripts == "own" else frozenset()
    texts = partial(_both_forms, text)
    with step.progress("finding new pieces"):
        change, words = _extended(vocabulary, texts, add, minimum_count, allowed)
        found, asked = len(change.added), add
        # with fewer to choose, fewer may turn out to be of use, and the advice must hold
        while found < asked:
            change, asked = _extended(vocabulary, texts, found, minimum_count, allowed)[0], found
            found = len(change.added)
    if found < add:
        raise InputError(
            f"the text supports {found:,} new {'piece' if found == 1 else 'pieces'} and not {add:,}",
            where="add",
            fix=f"add at most {found:,}, give more text, or a lower minimum_count",
        )
    return change, words


def _both_forms(text: Documents) -> Iterator[str]:
    """The texts, and without zero-width spaces those that have them.

    Khmer, Thai or Burmese is written with and without them, often in one text, and most tokenizers make a space of them: pieces
    learnt from one form do not fit the other.
    """
    for each in text.texts():
        yield each
        if _ZERO_WIDTH_SPACE in each:
            yield each.replace(_ZERO_WIDTH_SPACE, "")


def _scripts_of(text: Documents) -> frozenset[str]:
    """Scripts of the languages of a text; none where a document's language is not known."""
    tags = text.languages
    return frozenset() if UNDETERMINED in tags else frozenset(Language.parse(each).script for each in tags)


def _tokens(vocabulary: Vocabulary, words: dict[str, int]) -> int:
    cut = cut_words(vocabulary, list(words))
    return int((cut.lengths * np.fromiter(words.values(), np.int64, len(words))).sum())
