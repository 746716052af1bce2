"""Component `vocabulary.extend`: a model with more pieces, for the text of new languages."""

from typing import Annotated

from pydantic import Field

from panglot.artifacts import Step, reads
from panglot.corpus.documents import Documents
from panglot.models import Model
from panglot.vocabulary.effect import sample_texts, token_effect
from panglot.vocabulary.extend_tokenizer import Scripts, extend_by
from panglot.vocabulary.initialise.methods import Initialise, files_read
from panglot.vocabulary.initialise_rows import DEFAULT_METHOD, PadToMultiple, about, apply, model_vocabulary


@reads(files_read)
def extend(
    *,
    model: Model,
    text: Documents,
    add: Annotated[int, Field(ge=0)],
    initialise: Initialise = DEFAULT_METHOD,
    retain: Documents | None = None,
    minimum_count: Annotated[int, Field(ge=1)] = 2,
    scripts: Scripts = "own",
    pad_to_multiple_of: PadToMultiple = None,
    step: Step,
) -> Model:
    """Add pieces for a text to a model's vocabulary, with a row for each; every old id and row stays.

    A text with zero-width spaces is learnt from in both forms, with them and without: Khmer and Burmese are written either way.

    Args:
        model: the model before.
        text: text of the new languages.
        add: how many pieces.
        initialise: how new rows are made.
        retain: text of languages that should not notice; the share of it whose tokens change is reported.
        minimum_count: a new piece occurs at least so often in the text.
        scripts: `own`: new pieces of several characters hold letters of the scripts of the text's languages alone; `any`: all.
        pad_to_multiple_of: round the number of rows up to a multiple of this (64 for tensor parallelism).
        step: where to write.

    Returns:
        The model; the figures hold its size, and tokens per character before and after.

    Raises:
        InputError: the text does not support so many pieces, says how many it does; the method needs more than is given; what
            `change_model` refuses.
    """
    old = model_vocabulary(model)
    change, _ = extend_by(old, text, add, step, minimum_count=minimum_count, scripts=scripts)
    result = apply(model, change, initialise, step, **about(text), pad_to_multiple_of=pad_to_multiple_of)
    if retain is not None:
        step.figures["retained"] = token_effect(change, sample_texts(retain))
    return result
