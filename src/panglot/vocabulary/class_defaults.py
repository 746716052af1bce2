"""What a tokenizer's class knows and its files leave out: special tokens, inputs of the model, the side of the padding.

Old models of the hub (BERT, GPT-2, XLM-R, RoBERTa) say in `tokenizer_config.json` little more than a length; `[MASK]` or
`<|endoftext|>` stands in the code of their class. A changed tokenizer is loaded by a class without such knowledge, so that it
must be written down first.
"""

import inspect
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from panglot.vocabulary.companions import AS_WRITTEN, CONFIG_FILE, KEPT_CLASSES, config_of, roles, written

_PLAIN = (AS_WRITTEN, "TokenizersBackend", "PreTrainedTokenizer", "PythonBackend")
_ROLE_ENDING = "_token"


def with_class_defaults(companions: Mapping[str, bytes], loader: str, tokens: Collection[str]) -> dict[str, bytes]:
    """The companions with what the class of the tokenizer would add to them.

    Args:
        companions: files beside `tokenizer.json`; `tokenizer_config.json` may name a class.
        loader: a class, or a model's type (`bert`), that counts where no class is named.
        tokens: what the tokenizer has; a special token that is not among them is not named, as this would add it.

    Returns:
        A copy. What the files say stays. A class that none of these tokens fits (`LlamaTokenizer` in the files of Llama 3) adds
        nothing.

    Example:
        >>> import json
        >>> found = with_class_defaults({}, "bert", ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
        >>> said = json.loads(found["tokenizer_config.json"])
        >>> said["mask_token"], said["model_input_names"]
        ('[MASK]', ['input_ids', 'token_type_ids', 'attention_mask'])
    """
    config = config_of(companions)
    named = str(config.get("tokenizer_class") or loader)
    if not named or named in (*_PLAIN, *KEPT_CLASSES):
        return dict(companions)
    marks, rest = _defaults(named)
    present = {key: token for key, token in marks.items() if token in tokens}
    if marks and not present:
        return dict(companions)
    has = roles(companions)
    found = {key: token for key, token in present.items() if key.removesuffix(_ROLE_ENDING) not in has and key not in config}
    more = {**found, **{key: value for key, value in rest.items() if key not in config}}
    return {**companions, CONFIG_FILE: written({**config, **more})} if more else dict(companions)


def forced_class(model_type: str) -> str | None:
    """The class in which `AutoTokenizer` loads whatever tokenizer lies beside a model of a type, or None.

    Example:
        >>> forced_class("qwen2"), forced_class("bert")
        ('Qwen2Tokenizer', None)
    """
    from transformers.models.auto import tokenization_auto

    forced = getattr(tokenization_auto, "MODELS_WITH_INCORRECT_HUB_TOKENIZER_CLASS", ())
    name = str(tokenization_auto.TOKENIZER_MAPPING_NAMES.get(model_type) or "")
    return name if model_type in forced and name and name not in _PLAIN else None


@cache
def _defaults(named: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Special tokens, and other settings that are not those of every class."""
    import transformers
    from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING_NAMES

    name = str(TOKENIZER_MAPPING_NAMES.get(named) or named)
    kind = getattr(transformers, name.removesuffix("Fast"), None) or getattr(transformers, name, None)
    plain = getattr(transformers, AS_WRITTEN)
    if not isinstance(kind, type) or kind is plain or not hasattr(kind, "model_input_names"):
        return {}, {}
    said = {key: each.default for key, each in inspect.signature(kind.__init__).parameters.items()}  # type: ignore[misc]
    marks = {key: str(value) for key, value in said.items() if key.endswith(_ROLE_ENDING) and _is_token(value)}
    settings = ("model_input_names", "padding_side", "truncation_side")
    rest = {key: getattr(kind, key) for key in settings if getattr(kind, key, None) != getattr(plain, key, None)}
    return marks, rest


def _is_token(value: Any) -> bool:
    return isinstance(value, str) or type(value).__name__ == "AddedToken"
