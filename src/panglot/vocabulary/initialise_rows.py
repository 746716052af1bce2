"""Component `vocabulary.initialise`: give a model another tokenizer, with rows for the tokens that it did not have."""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, TypedDict

from pydantic import Field

from panglot.artifacts import InputError, Step, reads
from panglot.corpus.documents import Documents
from panglot.models import Model
from panglot.models.folder import ModelFolder, inspect_folder
from panglot.vocabulary.change_model import change_model, changed_name, check_size
from panglot.vocabulary.class_defaults import forced_class
from panglot.vocabulary.effect import sample_texts, size_effect, token_effect
from panglot.vocabulary.initialise.methods import Initialise, files_read
from panglot.vocabulary.initialise.subword_mean import SubwordMean
from panglot.vocabulary.initialise.task import Matrix, Method, Role, Task
from panglot.vocabulary.matrices import VocabularyTensors, find_tensors
from panglot.vocabulary.reading import read_vocabulary
from panglot.vocabulary.replacement import replacement
from panglot.vocabulary.rows import ROWS_FILE, Change
from panglot.vocabulary.surface import surfaces
from panglot.vocabulary.tokenizer import Tokenizer
from panglot.vocabulary.vocabulary import Vocabulary

PadToMultiple = Annotated[int, Field(ge=1)] | None
Texts = Callable[[], Iterator[str]] | None
DEFAULT_METHOD = SubwordMean()
_SOME_PIECES = 200


@reads(files_read)
def initialise(
    *,
    model: Model,
    tokenizer: Tokenizer,
    initialise: Initialise = DEFAULT_METHOD,
    text: Documents | None = None,
    pad_to_multiple_of: PadToMultiple = None,
    step: Step,
) -> Model:
    """Give a model another tokenizer: one that was extended, trimmed or merged from its own, or any other.

    Rows of tokens that both have are carried over; a tokenizer of another origin is matched by the text that a token stands
    for, and special tokens by their role. The other rows are made by `initialise`.

    Args:
        model: the model before.
        tokenizer: the tokenizer after.
        initialise: how new rows are made.
        text: text of the new languages, for the methods that learn from it, and to report what the change does to it.
        pad_to_multiple_of: round the number of rows up to a multiple of this (64 for tensor parallelism).
        step: where to write.

    Raises:
        InputError: the tokenizer was made from another one than the model's; the method needs text; what `change_model`
            refuses.
    """
    old = model_vocabulary(model)
    if (tokenizer.folder / ROWS_FILE).is_file():
        change = Change.read(tokenizer.folder, old, tokenizer.vocabulary)
    else:
        change = replacement(old, tokenizer.vocabulary)
    return apply(model, change, initialise, step, **about(text), pad_to_multiple_of=pad_to_multiple_of)


def model_vocabulary(model: Model) -> Vocabulary:
    """The tokenizer of a model."""
    return read_vocabulary(inspect_folder(model.path).network)


class About(TypedDict, total=False):
    """What `apply` is told of a text."""

    texts: Texts
    sampled: dict[str, list[str]]


def about(text: Documents | None) -> About:
    """A text as `apply` takes it: whole for the method, sampled for the figures."""
    return {} if text is None else {"texts": text.texts, "sampled": sample_texts(text)}


def apply(
    model: Model,
    change: Change,
    method: Method,
    step: Step,
    *,
    texts: Texts = None,
    sampled: Mapping[str, list[str]] | None = None,
    pad_to_multiple_of: int | None = None,
    found: VocabularyTensors | None = None,
) -> Model:
    """Make the new rows, write the model and `rows.parquet`, and say what changed.

    Args:
        model: the model before.
        change: its vocabulary before and after.
        method: how new rows are made.
        step: where to write.
        texts: gives the text from its beginning, for the methods that need it.
        sampled: some texts by language tag; what the change does to them goes into the figures.
        pad_to_multiple_of: see `plan_rows`.
        found: the model's tensors, where they are known already.
    """
    found = found or find_tensors(model)
    check_size(change, found)
    rows = new_rows(change, method, found, texts, step) if change.added else {}
    change.write(step.out)
    with step.progress("writing the model"):
        result = change_model(
            model, change, rows, step, name=changed_name(model, change), pad_to_multiple_of=pad_to_multiple_of, found=found
        )
    _check_loading(inspect_folder(result.path), change.new, step)
    step.figures.update(size_effect(model, result, change))
    step.figures["tokens"] = {"added": len(change.added), "dropped": len(change.dropped)}
    if sampled is not None:
        step.figures["languages"] = token_effect(change, sampled)
    return result


def _check_loading(inspected: ModelFolder, vocabulary: Vocabulary, step: Step) -> None:
    """Say so where the library loads the tokenizer by code of its own, which the file cannot change."""
    kind = str(inspected.config.get("model_type"))
    name = forced_class(kind)
    if name is None:
        return
    from transformers import AutoTokenizer

    spoken = [each for each in surfaces(vocabulary) if each is not None]
    texts = [each.decode("utf-8", "ignore") for each in spoken[:: max(1, len(spoken) // _SOME_PIECES)]]
    loaded = AutoTokenizer.from_pretrained(inspected.network)
    if loaded(texts, add_special_tokens=False)["input_ids"] != vocabulary.encode(texts):
        step.note(
            f"AutoTokenizer loads any tokenizer beside a model of the type {kind} as {name}, which cuts text otherwise than "
            "this one: load it with PreTrainedTokenizerFast.from_pretrained."
        )


def new_rows(change: Change, method: Method, found: VocabularyTensors, texts: Texts, step: Step) -> dict[Role, Matrix]:
    """The rows of the new tokens, with the method's figures and notes handed to the step.

    Raises:
        InputError: the method needs text and there is none.
    """
    name = getattr(method, "method", type(method).__name__)
    if method.needs_text and texts is None:
        raise InputError(
            f"the method {name} learns from text, and none is given", where="text", fix="give text, or another method"
        )
    task = Task(change, {role: found.matrix(role) for role in found.stored}, texts, step.seed)
    with step.progress(f"making {len(change.added):,} rows by {name}"):
        rows = method.rows(task)
    for each in task.notes:
        step.note(each)
    step.figures["initialise"] = {"method": name, **task.figures}
    return rows
