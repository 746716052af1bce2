"""The families of `tiny:NAME`: class, configuration and settings of each, one entry a family."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

WIDTH, HEADS, LAYERS, POSITIONS = 32, 2, 2, 512

_KEYS: dict[str, dict[str, int]] = {
    "standard": {
        "hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "intermediate_size": 2 * WIDTH,
        "max_position_embeddings": POSITIONS,
    },
    "gpt": {"n_embd": WIDTH, "n_layer": LAYERS, "n_head": HEADS, "n_inner": 2 * WIDTH, "n_positions": POSITIONS},
    "bloom": {"hidden_size": WIDTH, "n_layer": LAYERS, "n_head": HEADS},
    "xglm": {
        "d_model": WIDTH, "num_layers": LAYERS, "attention_heads": HEADS, "ffn_dim": 2 * WIDTH,
        "max_position_embeddings": POSITIONS,
    },
    "xlm": {"emb_dim": WIDTH, "n_layers": LAYERS, "n_heads": HEADS, "max_position_embeddings": POSITIONS},
    "distilbert": {
        "dim": WIDTH, "n_layers": LAYERS, "n_heads": HEADS, "hidden_dim": 2 * WIDTH, "max_position_embeddings": POSITIONS,
    },
    "t5": {"d_model": WIDTH, "num_layers": LAYERS, "num_heads": HEADS, "d_kv": WIDTH // HEADS, "d_ff": 2 * WIDTH},
    "bart": {
        "d_model": WIDTH, "encoder_layers": LAYERS, "decoder_layers": LAYERS, "encoder_attention_heads": HEADS,
        "decoder_attention_heads": HEADS, "encoder_ffn_dim": 2 * WIDTH, "decoder_ffn_dim": 2 * WIDTH,
        "max_position_embeddings": POSITIONS,
    },
}  # fmt: skip


@dataclass(frozen=True)
class TinyFamily:
    """How a tiny model of a family is made.

    Attributes:
        kind: encoder, decoder or seq2seq.
        model: transformers' class.
        config: transformers' class.
        keys: which names the sizes have.
        more: further settings.
        ids: which special tokens the configuration takes.
        pieces: special tokens that the tokenizer has beside the usual ones.
        tokenizer: "bytes", a `tokenizer.json` of bytes, or "byt5", which has no file.
        sentences: whether it is a sentence encoder.
    """

    kind: Literal["encoder", "decoder", "seq2seq"]
    model: str
    config: str
    keys: str = "standard"
    more: Mapping[str, Any] = field(default_factory=dict)
    ids: tuple[str, ...] = ("pad_token_id", "bos_token_id", "eos_token_id")
    pieces: tuple[str, ...] = ()
    tokenizer: Literal["bytes", "byt5"] = "bytes"
    sentences: bool = False

    @property
    def sizes(self) -> dict[str, Any]:
        """Settings that all tiny models of the family have."""
        return {**_KEYS[self.keys], **self.more}


def _encoder(model: str, **more: Any) -> TinyFamily:
    given = {name: more.pop(name) for name in ("keys", "ids") if name in more}
    return TinyFamily("encoder", f"{model}ForMaskedLM", f"{model}Config", more=more, **given)


def _decoder(model: str, **more: Any) -> TinyFamily:
    given = {name: more.pop(name) for name in ("keys", "ids") if name in more}
    return TinyFamily("decoder", f"{model}ForCausalLM", f"{model}Config", more=more, **given)


def _seq2seq(model: str, pieces: tuple[str, ...], *, tokenizer: Literal["bytes", "byt5"] = "bytes", **more: Any) -> TinyFamily:
    keys = "bart" if model in ("MBart", "M2M100") else "t5"
    return TinyFamily(
        "seq2seq", f"{model}ForConditionalGeneration", f"{model}Config", keys, more, pieces=pieces, tokenizer=tokenizer
    )


_KEY_VALUE: dict[str, Any] = {"num_key_value_heads": 1, "head_dim": WIDTH // HEADS}
_EXPERTS: dict[str, Any] = {"num_local_experts": 4, "num_experts_per_tok": 2}
_SENTINELS = tuple(f"<extra_id_{number}>" for number in range(100))
_GATED: dict[str, Any] = {"feed_forward_proj": "gated-gelu"}

TINY_FAMILIES: dict[str, TinyFamily] = {
    "bert": TinyFamily("encoder", "BertModel", "BertConfig", ids=("pad_token_id",), sentences=True),
    "llama": _decoder("Llama", num_key_value_heads=HEADS, tie_word_embeddings=True),
    "modernbert": _encoder("ModernBert", local_attention=32),
    "xlm-roberta": _encoder("XLMRoberta", max_position_embeddings=POSITIONS + 2, type_vocab_size=1),
    "distilbert": _encoder("DistilBert", keys="distilbert", ids=("pad_token_id",)),
    "albert": _encoder("Albert", embedding_size=WIDTH // 2),
    "rembert": _encoder("RemBert", input_embedding_size=WIDTH // 2, output_embedding_size=WIDTH // 2),
    "deberta-v2": _encoder(
        "DebertaV2", relative_attention=True, pos_att_type=["p2c", "c2p"], position_biased_input=False, type_vocab_size=0
    ),
    "xmod": _encoder(
        "Xmod",
        max_position_embeddings=POSITIONS + 2,
        type_vocab_size=1,
        languages=["en_XX", "de_DE", "hi_IN"],
        default_language="en_XX",
        adapter_reduction_factor=2,
    ),
    "xlm": TinyFamily(
        "encoder",
        "XLMWithLMHeadModel",
        "XLMConfig",
        keys="xlm",
        more={"causal": False, "n_langs": 3, "lang2id": {"de": 0, "en": 1, "hi": 2}, "use_lang_emb": True},
    ),
    "gpt2": TinyFamily("decoder", "GPT2LMHeadModel", "GPT2Config", keys="gpt"),
    "gpt-neox": _decoder("GPTNeoX", tie_word_embeddings=False),
    "gpt-bigcode": _decoder("GPTBigCode", keys="gpt", multi_query=True),
    # it cuts its attention into four parts
    "codegen": _decoder("CodeGen", keys="gpt", n_head=4, rotary_dim=8, tie_word_embeddings=False),
    "starcoder2": _decoder("Starcoder2", num_key_value_heads=1, sliding_window=None),
    "bloom": _decoder("Bloom", keys="bloom"),
    "xglm": _decoder("XGLM", keys="xglm"),
    "mistral": _decoder("Mistral", **_KEY_VALUE, sliding_window=64),
    "mixtral": _decoder("Mixtral", **_KEY_VALUE, **_EXPERTS),
    "phi3": _decoder("Phi3", num_key_value_heads=HEADS),
    "gemma": _decoder("Gemma", **_KEY_VALUE),
    "gemma2": _decoder("Gemma2", **_KEY_VALUE, query_pre_attn_scalar=WIDTH // HEADS, sliding_window=64),
    "gemma3": TinyFamily(
        "decoder",
        "Gemma3ForCausalLM",
        "Gemma3TextConfig",
        more={**_KEY_VALUE, "query_pre_attn_scalar": WIDTH // HEADS, "sliding_window": 64},
    ),
    "olmo": _decoder("Olmo", num_key_value_heads=HEADS),
    "olmo2": _decoder("Olmo2", num_key_value_heads=HEADS),
    "olmoe": _decoder("Olmoe", num_key_value_heads=HEADS, num_experts=4, num_experts_per_tok=2),
    "qwen2": _decoder("Qwen2", num_key_value_heads=1, tie_word_embeddings=True),
    "qwen3": _decoder("Qwen3", **_KEY_VALUE, tie_word_embeddings=True),
    "cohere": _decoder("Cohere", num_key_value_heads=1),
    "t5": _seq2seq("T5", _SENTINELS, **_GATED),
    "mt5": _seq2seq("MT5", _SENTINELS, **_GATED),
    "umt5": _seq2seq("UMT5", _SENTINELS, **_GATED),
    "byt5": _seq2seq("T5", (), tokenizer="byt5", **_GATED),
    "mbart": _seq2seq("MBart", ("en_XX", "de_DE", "hi_IN")),
    "m2m100": _seq2seq("M2M100", ("__en__", "__de__", "__hi__")),
}
"""Name to family, encoders first; those that stood here first keep their bytes."""
