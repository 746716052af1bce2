"""The sentence-transformers files beside a transformers model: mean pooling, L2 normalisation, prompts."""

import json
from pathlib import Path
from typing import Any

_MODULES = (("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize"))


def write_json(path: Path, value: Any, *, indent: int | None = 2) -> None:
    """Write a JSON file; equal values give equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=indent) + "\n", encoding="utf-8")


def write_sentence_modules(
    folder: Path, *, width: int, max_tokens: int, prompts: dict[str, str] | None = None, default_prompt: str | None = None
) -> None:
    """Make a transformers folder a sentence encoder: mean over all tokens, then unit length.

    The names of the modules are those that every version of sentence-transformers knows.

    Args:
        folder: the transformers folder.
        width: of the hidden states.
        max_tokens: longer texts are cut.
        prompts: name to text that is put before a text.
        default_prompt: name of the prompt that is used unless another is asked for.
    """
    modules = [
        {"idx": index, "name": str(index), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for index, (path, kind) in enumerate(_MODULES)
    ]
    pooling = {
        "word_embedding_dimension": width,
        "pooling_mode_cls_token": False,
        "pooling_mode_mean_tokens": True,
        "pooling_mode_max_tokens": False,
        "pooling_mode_mean_sqrt_len_tokens": False,
    }
    settings = {"prompts": prompts or {}, "default_prompt_name": default_prompt, "similarity_fn_name": "cosine"}
    write_json(folder / "modules.json", modules)
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": max_tokens, "do_lower_case": False})
    write_json(folder / "1_Pooling" / "config.json", pooling)
    write_json(folder / "config_sentence_transformers.json", settings)
