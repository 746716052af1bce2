"""Component `vocabulary.trim`: a model with fewer pieces, for the languages that matter."""

import json
from pathlib import Path
from typing import Annotated

from pydantic import Field

from panglot.artifacts import Step
from panglot.corpus.documents import Documents
from panglot.languages import Language
from panglot.models import Model
from panglot.vocabulary.chat_templates import chat_templates, template_texts
from panglot.vocabulary.effect import agreement, sample_texts
from panglot.vocabulary.initialise_rows import DEFAULT_METHOD, PadToMultiple, apply, model_vocabulary
from panglot.vocabulary.matrices import find_tensors
from panglot.vocabulary.token_ids import ids_with_a_place
from panglot.vocabulary.trim_tokenizer import trim_by
from panglot.vocabulary.vocabulary import Vocabulary

_CHAT_ROLES = ("system", "user", "assistant", "tool")


def trim(
    *,
    model: Model,
    text: Documents | None = None,
    languages: list[Language] | None = None,
    scripts: list[str] | None = None,
    minimum_count: Annotated[int, Field(ge=1)] = 2,
    size: Annotated[int, Field(ge=1)] | None = None,
    pad_to_multiple_of: PadToMultiple = None,
    step: Step,
) -> Model:
    """Keep the rows that a text, some scripts or a size ask for; text whose tokens all survive gets the vectors it had.

    The rules are those of `vocabulary.trim_tokenizer`; the pieces of the model's own prompts and chat template stay too, and
    the tokens that its configuration names.
    Nothing is trained and no row is changed. Logits of kept tokens stay, so that probabilities are those of before,
    renormalised over what is kept.

    Args:
        model: the model before.
        text: keep what comes up in it.
        languages: with text, of these languages only; without text, keep what is written in their scripts.
        scripts: ISO 15924 codes such as `Thai`; a piece with a letter of another script goes.
        minimum_count: with text, how often a piece must come up.
        size: how many tokens may stay; those that come up most often go first.
        pad_to_multiple_of: round the number of rows up to a multiple of this (64 for tensor parallelism).
        step: where to write.

    Returns:
        The model; the figures hold its size, tokens per character before and after, and for a sentence encoder with text the
        agreement of its vectors with those of before.

    Raises:
        InputError: nothing says what to keep; nothing would be left; what `change_model` refuses.
    """
    found = find_tensors(model)
    vocabulary = model_vocabulary(model)
    change = trim_by(
        vocabulary,
        step,
        text=text,
        languages=languages,
        scripts=scripts,
        minimum_count=minimum_count,
        size=size,
        also=spoken_by_itself(model, vocabulary) | named_by_configuration(found.inspected.network, vocabulary),
    )
    sampled = None if text is None else sample_texts(text, languages=[each.tag for each in languages or []])
    result = apply(model, change, DEFAULT_METHOD, step, sampled=sampled, pad_to_multiple_of=pad_to_multiple_of, found=found)
    if sampled is not None and found.inspected.modules:
        with step.progress("comparing sentence vectors"):
            step.figures["agreement"] = agreement(model, result, sampled)
    return result


def spoken_by_itself(model: Model, vocabulary: Vocabulary) -> set[int]:
    """Ids of the pieces that the model puts around texts by itself: prompts, and what a chat template says.

    Without the pieces of `query: ` every vector of a sentence encoder would change.
    """
    prompts = list(dict(model.facts.get("prompts") or {}).values())
    # a prompt's last piece depends on what follows it
    texts = [text for each in prompts for text in (each, each.rstrip(), f"{each}a")]
    templates = chat_templates(vocabulary.companions)
    texts += [text for each in templates for text in template_texts(each)]
    texts += [f"{role}{end}" for role in _CHAT_ROLES for end in ("", "\n", ":") if templates]
    return {number for ids in vocabulary.encode(texts) for number in ids}


def named_by_configuration(network: Path, vocabulary: Vocabulary) -> set[int]:
    """Ids that `config.json` and `generation_config.json` name: a model without its first token cannot begin."""
    found: set[int] = set()
    for name in ("config.json", "generation_config.json"):
        path = network / name
        said = json.loads(path.read_bytes()) if path.is_file() else {}
        found |= ids_with_a_place(said) if isinstance(said, dict) else set()
    return {each for each in found if each < vocabulary.size and vocabulary.tokens[each] is not None}
