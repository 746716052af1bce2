"""What a folder's sentence-transformers modules do with the token vectors, where it is simple enough to do ourselves."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from panglot.models.folder import ModelFolder

Pooling = Literal["mean", "cls"]
_SETTINGS = {"max_seq_length", "do_lower_case", "transformer_task", "modality_config", "module_output_name"}
_LEGACY = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}


@dataclass(frozen=True)
class SentenceRecipe:
    """How token vectors become a sentence vector.

    Attributes:
        pooling: the mean over all tokens, or the first token.
        normalise: whether the result gets unit length.
        max_tokens: longer texts are cut; None where the folder does not say.
    """

    pooling: Pooling
    normalise: bool
    max_tokens: int | None


def read_recipe(inspected: ModelFolder) -> SentenceRecipe | None:
    """Read the recipe of a folder; None where its modules do something else (dense layers, other pooling, lower case).

    A plain transformers folder gets mean pooling and unit length.
    """
    if not inspected.modules:
        return SentenceRecipe("mean", normalise=True, max_tokens=None)
    kinds = [str(each["type"]).rpartition(".")[2] for each in inspected.modules]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        return None
    settings = _read(inspected.network / "sentence_bert_config.json")
    if settings.keys() - _SETTINGS or settings.get("do_lower_case"):
        return None
    if settings.get("transformer_task", "feature-extraction") != "feature-extraction":
        return None
    if settings.get("modality_config", {"text": {}}).keys() != {"text"}:
        return None
    pooling = _pooling(_read(inspected.folder / inspected.modules[1]["path"] / "config.json"))
    if pooling is None:
        return None
    return SentenceRecipe(pooling, normalise=len(kinds) == 3, max_tokens=settings.get("max_seq_length"))


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _pooling(settings: dict[str, Any]) -> Pooling | None:
    if settings.get("include_prompt", True) is not True:
        return None
    modes: Any = settings.get("pooling_mode") or [mode for key, mode in _LEGACY.items() if settings.get(key)]
    modes = [modes] if isinstance(modes, str) else list(modes)
    if modes == ["mean"]:
        return "mean"
    return "cls" if modes == ["cls"] else None
