"""Component `vocabulary.transliterate_tokenizer`: romanised pieces beside those of every other script (TransMI)."""

from collections.abc import Sequence

from panglot.artifacts import Step
from panglot.models import Model
from panglot.vocabulary.added_tokens import absorb_added
from panglot.vocabulary.extend_tokenizer import appended
from panglot.vocabulary.grow_unigram import with_pieces
from panglot.vocabulary.initialise_rows import model_vocabulary
from panglot.vocabulary.rows import Change
from panglot.vocabulary.tokenizer import TOKENIZER_FOLDER, Tokenizer
from panglot.vocabulary.transliteration import MergeMode, transliterated
from panglot.vocabulary.vocabulary import Vocabulary


def transliterate_vocabulary(vocabulary: Vocabulary, mode: MergeMode = "max", scripts: Sequence[str] | None = None) -> Change:
    """Add the romanised form of every piece that the vocabulary does not have yet.

    Liu et al. (2024), "TransMI: A Framework to Create Strong Baselines from Multilingual Pretrained Language Models for
    Transliterated Data". A new piece gets the score of its source; where several pieces are romanised alike, the highest,
    the lowest or the mean of their scores. New pieces follow the old ones, the highest score first, equal ones in the order of
    their letters. Text without Latin letters is cut as before; text with Latin letters may be cut differently, since it
    may hold new pieces.

    Args:
        vocabulary: of the family "unigram".
        mode: which of several sources counts; "max" did best in the paper.
        scripts: ISO 15924 codes of the pieces to romanise; None for all.

    Returns:
        The change; old ids stay.

    Raises:
        InputError: the vocabulary is not Unigram, or a script is unknown.

    Example:
        >>> model = {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["▁", -3.0], ["▁дом", -4.0], ["да", -2.0]]}
        >>> change = transliterate_vocabulary(Vocabulary({"model": model, "added_tokens": []}))
        >>> [change.new.tokens[each] for each in change.added]
        ['da', '▁dom']
    """
    new = transliterated(vocabulary, scripts)
    scored = sorted((-each.score(mode), each.piece) for each in new)
    grown = with_pieces(absorb_added(vocabulary), [(piece, -minus) for minus, piece in scored]) if scored else vocabulary
    return appended(vocabulary, grown)


def transliterate_tokenizer(
    *, tokenizer: Tokenizer | Model, mode: MergeMode = "max", scripts: list[str] | None = None, step: Step
) -> Tokenizer:
    """Add romanised pieces to a Unigram tokenizer, so that text in Latin letters meets what was learned in other scripts.

    Give the result to `vocabulary.initialise` with the method `transmi`, and with the same `mode` and `scripts`.

    Args:
        tokenizer: a Unigram tokenizer, or a model that has one.
        mode: which of several pieces that are romanised alike counts: the one with the highest score, the lowest, or all.
        scripts: ISO 15924 codes of the pieces to romanise; nothing for all.
        step: where to write.

    Raises:
        InputError: the tokenizer is not Unigram, or a script is unknown.
    """
    vocabulary = model_vocabulary(tokenizer) if isinstance(tokenizer, Model) else tokenizer.vocabulary
    with step.progress("romanising pieces"):
        change = transliterate_vocabulary(vocabulary, mode, scripts)
    step.figures.update(added=len(change.added), pieces=change.new.size)
    if not change.added:
        step.note("No piece is romanised to one that the tokenizer lacks: nothing was added.")
    change.new.save(step.out / TOKENIZER_FOLDER)
    change.write(step.out)
    return Tokenizer.open(step.out)
