"""Families of architectures by name: what transformers calls their sizes. A family more is an entry in the table here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from panglot.artifacts import InputError

Kind = Literal["encoder", "decoder", "seq2seq"]
Architecture = Literal[
    "encoder", "decoder", "seq2seq",
    "modernbert", "bert", "xlm-roberta",
    "llama", "qwen3", "mistral", "olmo2", "gpt-neox", "gpt2", "bloom",
    "t5", "umt5", "mbart",
]  # fmt: skip
"""A kind, which means its first family, or a family."""


@dataclass(frozen=True)
class Family:
    """How a family is asked for in transformers, and what its layers consist of.

    Attributes:
        kind: encoder (predicts hidden tokens), decoder (continues text) or seq2seq.
        model: its class with a head for tokens.
        config: its configuration's class.
        width: key of the width of hidden states.
        layers: keys of the number of layers; for a seq2seq of each of its two sides.
        heads: keys of the number of heads, those of keys and values among them.
        head_width: key of the dimensions of a head, where it is not width / heads by itself.
        feed_forward: keys of the width of the feed-forward layers; none where it is fixed at four times the width.
        positions: key of the longest row; None where there is no limit.
        dropouts: keys that take the dropout.
        gated: whether the feed-forward layers have three matrices instead of two.
        learned_positions: whether positions have rows of their own.
        head_matrices: square matrices between the last layer and the tokens.
        residual_outputs: how the names of the matrices end that write into the residual stream.
        scaled: whether transformers scales these by the depth by itself.
        always_tied: whether transformers shares the matrix whatever one asks.
        more: further settings.
    """

    kind: Kind
    model: str
    config: str
    width: str = "hidden_size"
    layers: tuple[str, ...] = ("num_hidden_layers",)
    heads: tuple[str, ...] = ("num_attention_heads",)
    head_width: str | None = None
    feed_forward: tuple[str, ...] = ("intermediate_size",)
    positions: str | None = "max_position_embeddings"
    dropouts: tuple[str, ...] = ("attention_dropout",)
    gated: bool = True
    learned_positions: bool = False
    head_matrices: int = 0
    residual_outputs: tuple[str, ...] = ("o_proj.weight", "down_proj.weight")
    scaled: bool = False
    always_tied: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)


_BERT_DROPOUTS = ("hidden_dropout_prob", "attention_probs_dropout_prob")
_WITH_KEYS = ("num_attention_heads", "num_key_value_heads")
_T5: dict[str, Any] = {
    "width": "d_model",
    "layers": ("num_layers", "num_decoder_layers"),
    "heads": ("num_heads",),
    "head_width": "d_kv",
    "feed_forward": ("d_ff",),
    "positions": None,
    "dropouts": ("dropout_rate",),
    "residual_outputs": (".o.weight", ".wo.weight"),
    "more": {"feed_forward_proj": "gated-gelu"},
}

FAMILIES: dict[str, Family] = {
    "modernbert": Family(
        "encoder",
        "ModernBertForMaskedLM",
        "ModernBertConfig",
        dropouts=("attention_dropout", "mlp_dropout", "embedding_dropout"),
        head_matrices=1,
        residual_outputs=("attn.Wo.weight", "mlp.Wo.weight"),
    ),
    "bert": Family(
        "encoder",
        "BertForMaskedLM",
        "BertConfig",
        dropouts=_BERT_DROPOUTS,
        gated=False,
        learned_positions=True,
        head_matrices=1,
        residual_outputs=("output.dense.weight",),
    ),
    "xlm-roberta": Family(
        "encoder",
        "XLMRobertaForMaskedLM",
        "XLMRobertaConfig",
        dropouts=_BERT_DROPOUTS,
        gated=False,
        learned_positions=True,
        head_matrices=1,
        residual_outputs=("output.dense.weight",),
        more={"type_vocab_size": 1},
    ),
    "llama": Family("decoder", "LlamaForCausalLM", "LlamaConfig", heads=_WITH_KEYS),
    "qwen3": Family("decoder", "Qwen3ForCausalLM", "Qwen3Config", heads=_WITH_KEYS, head_width="head_dim"),
    "mistral": Family(
        "decoder", "MistralForCausalLM", "MistralConfig", heads=_WITH_KEYS, head_width="head_dim", more={"sliding_window": None}
    ),
    "olmo2": Family("decoder", "Olmo2ForCausalLM", "Olmo2Config", heads=_WITH_KEYS),
    "gpt-neox": Family(
        "decoder",
        "GPTNeoXForCausalLM",
        "GPTNeoXConfig",
        dropouts=("attention_dropout", "hidden_dropout"),
        gated=False,
        residual_outputs=("attention.dense.weight", "dense_4h_to_h.weight"),
    ),
    "gpt2": Family(
        "decoder",
        "GPT2LMHeadModel",
        "GPT2Config",
        width="n_embd",
        layers=("n_layer",),
        heads=("n_head",),
        feed_forward=("n_inner",),
        positions="n_positions",
        dropouts=("resid_pdrop", "embd_pdrop", "attn_pdrop"),
        gated=False,
        learned_positions=True,
        residual_outputs=("c_proj.weight",),
        scaled=True,
    ),
    "bloom": Family(
        "decoder",
        "BloomForCausalLM",
        "BloomConfig",
        layers=("n_layer",),
        heads=("n_head",),
        feed_forward=(),
        positions=None,
        dropouts=("hidden_dropout", "attention_dropout"),
        gated=False,
        residual_outputs=("self_attention.dense.weight", "dense_4h_to_h.weight"),
    ),
    "t5": Family("seq2seq", "T5ForConditionalGeneration", "T5Config", always_tied=True, **_T5),
    "umt5": Family("seq2seq", "UMT5ForConditionalGeneration", "UMT5Config", **_T5),
    "mbart": Family(
        "seq2seq",
        "MBartForConditionalGeneration",
        "MBartConfig",
        width="d_model",
        layers=("encoder_layers", "decoder_layers"),
        heads=("encoder_attention_heads", "decoder_attention_heads"),
        feed_forward=("encoder_ffn_dim", "decoder_ffn_dim"),
        dropouts=("dropout", "attention_dropout"),
        gated=False,
        learned_positions=True,
        residual_outputs=("out_proj.weight", "fc2.weight"),
    ),
}
"""The first family of a kind is what the kind's name means."""


def family_of(architecture: str) -> str:
    """The family's name; for a kind that of its first.

    Example:
        >>> family_of("encoder"), family_of("decoder"), family_of("seq2seq"), family_of("gpt2")
        ('modernbert', 'llama', 't5', 'gpt2')
    """
    return (
        architecture if architecture in FAMILIES else next(name for name, each in FAMILIES.items() if each.kind == architecture)
    )


@dataclass(frozen=True)
class Special:
    """Ids of a tokenizer's special tokens, None for those that it lacks."""

    padding: int | None = None
    start: int | None = None
    end: int | None = None
    first: int | None = None
    separator: int | None = None

    @classmethod
    def of(cls, tokenizer: Any) -> "Special":
        """Those of a tokenizer of transformers."""
        said = tokenizer
        return cls(said.pad_token_id, said.bos_token_id, said.eos_token_id, said.cls_token_id, said.sep_token_id)


def configuration(
    name: str,
    *,
    vocabulary: int,
    layers: int,
    width: int,
    heads: int,
    feed_forward: int,
    tied: bool,
    dropout: float = 0.0,
    positions: int | None = None,
    special: Special | None = None,
) -> Any:
    """The configuration of a model of a family.

    Args:
        name: of the family.
        vocabulary: rows of the embeddings.
        layers: of an encoder or decoder, or of each side.
        width: of hidden states.
        heads: of attention.
        feed_forward: width of the feed-forward layers, where the family leaves it free.
        tied: whether the head shares the matrix of the embeddings.
        dropout: everywhere where the family has one.
        positions: longest row; None for a family without a limit.
        special: the tokenizer's special tokens.

    Raises:
        InputError: the family always shares its matrix, or needs a padding token that the tokenizer lacks.
    """
    import transformers

    family, ids = FAMILIES[name], special or Special()
    if family.always_tied and not tied:
        raise InputError(
            f"transformers always shares the matrix of a {name}'s embeddings with its head", where="tied", fix="choose umt5"
        )
    settings: dict[str, Any] = {"vocab_size": vocabulary, family.width: width, "tie_word_embeddings": tied}
    settings |= dict.fromkeys(family.layers, layers) | dict.fromkeys(family.heads, heads)
    settings |= dict.fromkeys(family.feed_forward, feed_forward) | dict.fromkeys(family.dropouts, dropout)
    if family.head_width:
        settings[family.head_width] = width // heads
    if family.positions:
        settings[family.positions] = positions
    settings |= {"pad_token_id": ids.padding}
    if name == "xlm-roberta":
        if ids.padding is None:
            raise InputError("an xlm-roberta counts its positions from the padding token, which the tokenizer lacks")
        # positions start behind the id of the padding
        settings["max_position_embeddings"] = (positions or 0) + ids.padding + 1
    if name != "bert":
        # a BERT has no use for them, and its configuration says so
        settings |= {"bos_token_id": ids.start, "eos_token_id": ids.end}
    if name == "modernbert":
        settings |= {"cls_token_id": ids.first, "sep_token_id": ids.separator}
    if family.kind == "seq2seq":
        known = [each for each in (ids.padding, ids.end, ids.start) if each is not None] or [0]
        # T5 starts its decoder with the padding, mBART with the end of the text before
        settings["decoder_start_token_id"] = ids.end if name == "mbart" and ids.end is not None else known[0]
    return getattr(transformers, family.config)(**settings, **family.more)


def count_parameters(name: str, **sizes: Any) -> int:
    """Parameters of a model, counted by transformers' own class without making any weights.

    Args:
        name: of the family.
        **sizes: those of `configuration`.
    """
    import torch
    import transformers

    config = configuration(name, **sizes)
    with torch.device("meta"):
        network = getattr(transformers, FAMILIES[name].model)(config)
    return sum(each.numel() for each in network.parameters())
