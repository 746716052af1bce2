"""Component `training.new_model`: a language model with random weights, for a tokenizer."""

from typing import Annotated, Any, Literal

from pydantic import Field

from panglot.artifacts import InputError, Step
from panglot.models.folder import inspect_folder
from panglot.models.model import MODEL_FOLDER, Model, write_model
from panglot.models.quiet import without_progress_bars
from panglot.vocabulary.tokenizer import Tokenizer

_POSITIONS = 512


def new_model(
    *,
    tokenizer: Tokenizer,
    kind: Literal["bert", "llama"] = "llama",
    layers: Annotated[int, Field(ge=1)] = 2,
    width: Annotated[int, Field(ge=8)] = 128,
    heads: Annotated[int, Field(ge=1)] = 4,
    tied: bool = True,
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0,
    step: Step,
) -> Model:
    """Make a language model with random weights: an encoder that predicts hidden tokens, or a decoder that continues text.

    Args:
        tokenizer: its vocabulary sets the rows of the embeddings.
        kind: `bert` (`BertForMaskedLM`) or `llama` (`LlamaForCausalLM`).
        layers: how many.
        width: of the hidden states; the feed-forward layers are four times as wide (`bert`), or 8/3 times (`llama`, gated).
        heads: of attention; a divisor of the width, with an even number of dimensions each.
        tied: whether the head shares the matrix of the embeddings.
        dropout: of hidden states and attention (`bert`; a `llama` has attention dropout only).
        step: where to write.

    Raises:
        InputError: the width cannot be divided among the heads, or the tokenizer lacks a mask that an encoder needs.
    """
    import torch
    import transformers

    from panglot.training.seeding import seeded

    if width % heads or (width // heads) % 2:
        raise InputError(f"a width of {width} cannot be divided among {heads} heads evenly", where="heads")
    loaded = transformers.AutoTokenizer.from_pretrained(str(tokenizer.path), local_files_only=True)
    if kind == "bert" and loaded.mask_token_id is None:
        raise InputError("an encoder that predicts hidden tokens needs a tokenizer with a mask token", where=tokenizer.path)
    sizes: dict[str, Any] = {
        "vocab_size": tokenizer.vocabulary.size,
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "max_position_embeddings": _POSITIONS,
        "tie_word_embeddings": tied,
        "pad_token_id": loaded.pad_token_id,
    }
    with seeded(step.seed), without_progress_bars():
        torch.manual_seed(step.seed)
        network: Any
        if kind == "bert":
            network = transformers.BertForMaskedLM(
                transformers.BertConfig(
                    **sizes,
                    intermediate_size=4 * width,
                    hidden_dropout_prob=dropout,
                    attention_probs_dropout_prob=dropout,
                )
            )
        else:
            network = transformers.LlamaForCausalLM(
                transformers.LlamaConfig(
                    **sizes,
                    intermediate_size=-(-8 * width // 3 // 8) * 8,
                    num_key_value_heads=heads,
                    attention_dropout=dropout,
                    bos_token_id=loaded.bos_token_id,
                    eos_token_id=loaded.eos_token_id,
                )
            )
        folder = step.out / MODEL_FOLDER
        network.save_pretrained(str(folder), safe_serialization=True)
    tokenizer.vocabulary.save(folder)
    step.figures["parameters"] = sum(each.numel() for each in network.parameters())
    return write_model(step.out, name=f"new-{kind}-{layers}x{width}", source="step", inspected=inspect_folder(folder))
