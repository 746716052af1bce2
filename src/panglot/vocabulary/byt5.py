"""ByT5's tokenizer as byte-level BPE without merges: the library `transformers` has it in slow Python only."""

import json
from typing import Any

from panglot.vocabulary.surface import byte_letters
from panglot.vocabulary.vocabulary import Vocabulary

_SPECIALS = ("<pad>", "</s>", "<unk>")
_SENTINELS = 125


def byt5_vocabulary(sentinels: int = _SENTINELS) -> Vocabulary:
    """The tokenizer of ByT5 (Xue et al., 2022, https://aclanthology.org/2022.tacl-1.17).

    The id of a byte is the byte plus 3; the special tokens are 0 to 2, the sentinels `<extra_id_0>`, … follow at 259. It gives
    the same ids as the slow class. Decoding differs for bytes that are no UTF-8: they become U+FFFD and are not dropped.

    Args:
        sentinels: how many sentinels.

    Example:
        >>> found = byt5_vocabulary()
        >>> found.encode(["é"], specials=True), found.size
        ([[198, 172, 1]], 384)
    """
    names = [f"<extra_id_{index}>" for index in range(sentinels)]
    order = [*_SPECIALS, *byte_letters().values(), *names]
    ids = {token: number for number, token in enumerate(order)}
    stripping = {"lstrip": True, "rstrip": True}
    marks = [_added(ids[each], each, **stripping) for each in _SPECIALS] + [_added(ids[each], each) for each in names]
    end = {"SpecialToken": {"id": "</s>", "type_id": 0}}
    first, second = ({"Sequence": {"id": each, "type_id": 0}} for each in "AB")
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    document: dict[str, Any] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": marks,
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [first, end],
            "pair": [first, end, second, end],
            "special_tokens": {"</s>": {"id": "</s>", "ids": [ids["</s>"]], "tokens": ["</s>"]}},
        },
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": ids,
            "merges": [],
        },
    }
    config = {
        "clean_up_tokenization_spaces": False,
        "eos_token": "</s>",
        "pad_token": "<pad>",
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": "<unk>",
    }
    text = json.dumps(config, indent=2) + "\n"
    return Vocabulary(document, {"tokenizer_config.json": text.encode()}, "ByT5")


def _added(number: int, content: str, *, lstrip: bool = False, rstrip: bool = False) -> dict[str, Any]:
    strips = {"lstrip": lstrip, "rstrip": rstrip}
    return {"id": number, "content": content, "single_word": False, **strips, "normalized": False, "special": True}
