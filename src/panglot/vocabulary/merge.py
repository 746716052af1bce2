"""Component `vocabulary.merge`: a model with the pieces of another tokenizer beside its own."""

from panglot.artifacts import Step, reads
from panglot.corpus.documents import Documents
from panglot.models import Model
from panglot.vocabulary.initialise.methods import Initialise, files_read
from panglot.vocabulary.initialise_rows import DEFAULT_METHOD, PadToMultiple, about, apply, model_vocabulary
from panglot.vocabulary.merge_tokenizers import merge_by
from panglot.vocabulary.tokenizer import Tokenizer


@reads(files_read)
def merge(
    *,
    model: Model,
    other: Tokenizer,
    initialise: Initialise = DEFAULT_METHOD,
    text: Documents | None = None,
    pad_to_multiple_of: PadToMultiple = None,
    step: Step,
) -> Model:
    """Add the pieces of another tokenizer to a model's vocabulary, with a row for each; every old id and row stays.

    Args:
        model: the model before.
        other: the tokenizer whose pieces are added.
        initialise: how new rows are made.
        text: text of the new languages, for the methods that learn from it, and to report what the merge does to it.
        pad_to_multiple_of: round the number of rows up to a multiple of this (64 for tensor parallelism).
        step: where to write.

    Raises:
        InputError: the tokenizers cannot be merged; the method needs text; what `change_model` refuses.
    """
    change = merge_by(model_vocabulary(model), other.vocabulary, step)
    return apply(model, change, initialise, step, **about(text), pad_to_multiple_of=pad_to_multiple_of)
