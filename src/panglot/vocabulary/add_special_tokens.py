"""Component `vocabulary.add_special_tokens`: marks that an objective needs, in a model's tokenizer, with a row for each."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from panglot.artifacts import InputError, Step, reads
from panglot.languages import Language
from panglot.models import Model
from panglot.models.folder import inspect_folder
from panglot.vocabulary.added_tokens import check_ids, with_given_ids
from panglot.vocabulary.companions import CONFIG_FILE, config_of, content_of, tokens_of, written
from panglot.vocabulary.extend_tokenizer import appended
from panglot.vocabulary.initialise.methods import Initialise, files_read
from panglot.vocabulary.initialise.multivariate import Multivariate
from panglot.vocabulary.initialise_rows import PadToMultiple, apply, model_vocabulary
from panglot.vocabulary.rows import Change
from panglot.vocabulary.vocabulary import Vocabulary

_FLAGS = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
_LISTS = ("extra_special_tokens", "additional_special_tokens")
_DRAWN = Multivariate()


@reads(files_read)
def add_special_tokens(
    *,
    model: Model,
    tokens: list[str] = [],  # noqa: B006
    sentinels: Annotated[int, Field(ge=0, le=1000)] = 0,
    languages: list[str] = [],  # noqa: B006
    initialise: Initialise = _DRAWN,
    pad_to_multiple_of: PadToMultiple = None,
    step: Step,
) -> Model:
    """Add special tokens to a model's tokenizer, with a row for each; every old id and row stays.

    What objectives ask for: `span` needs sentinels, `ul2` sentinels and tokens of its modes, `mbart` and `translation` may have
    a token for each language. A token that is there already stays as it is; a piece of the same text becomes a special token
    at its own id. No new token is ever cut, none is drawn where an objective replaces text at random, and
    `skip_special_tokens` leaves them out of decoded text.

    Args:
        model: the model before.
        tokens: texts of tokens, such as `[R]`, `[S]`, `[X]` (the modes of `ul2`) or `<2hsb>`.
        sentinels: so many of `<extra_id_0>`, `<extra_id_1>`, … there are afterwards; T5 has 100.
        languages: codes or names of languages; each gets its tag as its token (`hsb_Latn`).
        initialise: how new rows are made. Nothing is known of such tokens: by default their rows are drawn closely around the
            mean of the old ones (Hewitt 2021), so that none is likelier than others before it is trained, and they differ.
        pad_to_multiple_of: round the number of rows up to a multiple of this (64 for tensor parallelism).
        step: where to write.

    Returns:
        The model; the figures say what was added and what was there.

    Raises:
        InputError: nothing is asked for, a token is empty or begins or ends with a space, a language is unknown, or the method
            needs text.
    """
    wanted = _wanted(tokens, sentinels, languages)
    old = model_vocabulary(model)
    change = with_special_tokens(old, wanted)
    there = [each for each in wanted if each in old.ids]
    result = apply(model, change, initialise, step, pad_to_multiple_of=pad_to_multiple_of)
    step.figures["special_tokens"] = {"added": [each for each in wanted if each not in old.ids], "there": there}
    if not change.added:
        step.note("The tokenizer has all of these tokens already: no row was added.")
    _check_as_loaded(result, change.new, wanted)
    return result


def with_special_tokens(vocabulary: Vocabulary, wanted: Sequence[str]) -> Change:
    """Add special tokens behind all others.

    Args:
        vocabulary: of any family.
        wanted: texts, each once; those that are special tokens already change nothing.

    Returns:
        The change; old ids stay.

    Example:
        >>> from panglot.vocabulary.byt5 import byt5_vocabulary
        >>> change = with_special_tokens(byt5_vocabulary(0), ["[R]", "</s>"])
        >>> [change.new.tokens[each] for each in change.added], change.new.encode(["a[R]"])
        (['[R]'], [[100, 259]])
    """
    listed = list(vocabulary.document.get("added_tokens") or [])
    known = {each["content"] for each in listed if each.get("special")}
    new = [each for each in wanted if each not in known]
    if not new:
        return appended(vocabulary, vocabulary)
    # one that was matched before the pieces, and was no special token
    kept = [{**each, "special": True} if each["content"] in new else each for each in listed]
    present = {each["content"] for each in kept}
    entries = [{"id": -1, "content": each, **_FLAGS} for each in new if each not in present]
    wider = with_given_ids(vocabulary.with_document(added_tokens=[*kept, *entries]))
    found = wider.with_added(sorted(wider.document["added_tokens"], key=lambda each: int(each["id"])))
    found = Vocabulary(found.document, _named(found.companions, new), found.place, found.loader)
    check_ids(found)
    return appended(vocabulary, found)


def _wanted(tokens: Sequence[str], sentinels: int, languages: Sequence[str]) -> list[str]:
    for each in tokens:
        if not each or each != each.strip():
            raise InputError(f"{each!r} cannot be a token: it is empty, or begins or ends with a space", where="tokens")
    found = [
        *tokens,
        *(f"<extra_id_{number}>" for number in range(sentinels)),
        *(Language.parse(each).tag for each in languages),
    ]
    if not found:
        raise InputError("no token is asked for", where="tokens", fix="give tokens, sentinels or languages")
    return list(dict.fromkeys(found))


def _named(companions: dict[str, bytes], new: Sequence[str]) -> dict[str, bytes]:
    """The companions with the new tokens among the special tokens without a role, which is where the loader looks for them."""
    said, config = tokens_of(companions), config_of(companions)
    key = next((each for each in _LISTS if said.get(each)), _LISTS[1])
    before = said.get(key) or []
    if isinstance(before, dict):
        # by name; the name of a token is its own text
        more: Any = {**before, **{each: each for each in new if each not in map(content_of, before.values())}}
    else:
        more = [*before, *(each for each in new if each not in map(content_of, before))]
    return {**companions, CONFIG_FILE: written({**config, key: more})}


def _check_as_loaded(model: Model, vocabulary: Vocabulary, wanted: Sequence[str]) -> None:
    from transformers import AutoTokenizer

    network = inspect_folder(model.path).network
    loaded = AutoTokenizer.from_pretrained(str(network), local_files_only=True)
    for each in wanted:
        number = vocabulary.ids[each]
        if loaded.convert_tokens_to_ids(each) != number or number not in loaded.all_special_ids:
            raise InputError(
                f"AutoTokenizer does not load {each!r} as the special token {number}",
                where=network,
                fix="give a model whose tokenizer is loaded from its tokenizer.json",
            )
