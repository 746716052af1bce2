"""Token ids in a model's configuration: found by their keys, and carried over to another vocabulary."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from panglot.vocabulary.rows import NEW, Change

_ID_KEYS = ("_token_id", "_token_index")
_ID_LIST_KEYS = ("suppress_tokens", "begin_suppress_tokens", "bad_words_ids", "force_words_ids", "_token_ids")
_PLACED_KEYS = ("forced_decoder_ids",)
_NAMED_KEYS = ("lang_to_id", "task_to_id")
_OTHER_MODALITIES = ("vision_config", "audio_config", "vision_encoder", "audio_encoder")
_ROLES = ("bos", "eos", "pad", "unk", "sep", "cls", "mask")


def ids_with_a_place(said: Mapping[str, Any]) -> set[int]:
    """Ids of tokens that a configuration gives a place of their own (`eos_token_id`, `decoder_start_token_id`, language codes).

    Lists of tokens that must not come up (`suppress_tokens`, `bad_words_ids`) give none.

    Example:
        >>> sorted(ids_with_a_place({"eos_token_id": [2, 7], "suppress_tokens": [9], "text_config": {"pad_token_id": 0}}))
        [0, 2, 7]
    """
    found: set[int] = set()
    for key, value in said.items():
        if key.endswith(_ID_KEYS):
            found |= {each for each in (value if isinstance(value, list) else [value]) if _is_id(each)}
        elif key in _PLACED_KEYS and isinstance(value, list):
            found |= {each[1] for each in value if isinstance(each, list) and len(each) == 2 and _is_id(each[1])}
        elif key in _NAMED_KEYS and isinstance(value, dict):
            found |= {each for each in value.values() if _is_id(each)}
        elif isinstance(value, dict) and key not in _OTHER_MODALITIES:
            found |= ids_with_a_place(value)
    return found


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


class MovedIds:
    """Old ids to new ids.

    An old id whose token is gone becomes the new tokenizer's token of the same role (`eos_token_id`: its `eos_token`), else
    null; in a list it is left out. An id behind all tokens of both, which a class may have by default, stays.

    Args:
        change: vocabularies before and after.
    """

    def __init__(self, change: Change) -> None:
        self._new: dict[int, int] = {}
        for number in np.flatnonzero(change.source != NEW)[::-1]:
            self._new[int(change.source[number])] = int(number)
        self._in_place = not change.dropped
        self._behind = max(change.old.size, change.new.size)
        self._by_role = _role_ids(change)

    def of(self, old: int, key: str = "") -> int | None:
        """The new id of an old one."""
        if old < 0 or old >= self._behind or (self._in_place and old not in self._new):
            return old
        if old in self._new:
            return self._new[old]
        return self._by_role.get(key.removesuffix("_token_id"))

    def applied(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """A configuration with all its token ids moved; nothing else changes."""
        return {key: self._value(key, value) for key, value in said.items()}

    def _value(self, key: str, value: Any) -> Any:
        if key.endswith(_ID_KEYS):
            return self._moved(value, key)
        if key.endswith(_ID_LIST_KEYS):
            return self._moved(value, "")
        if key in _PLACED_KEYS and isinstance(value, list):
            return [[place, self._moved(each, "")] for place, each in value]
        if key in _NAMED_KEYS and isinstance(value, dict):
            moved = {name: self._moved(each, "") for name, each in value.items()}
            return {name: each for name, each in moved.items() if each is not None}
        if isinstance(value, dict) and key not in _OTHER_MODALITIES:
            return self.applied(value)
        return value

    def _moved(self, value: Any, key: str) -> Any:
        if isinstance(value, bool):
            return value
        if isinstance(value, int):
            return self.of(value, key)
        if isinstance(value, list):
            if value and all(isinstance(each, list) for each in value):
                # a sequence that has lost one of its tokens cannot come up any more
                return [new for each in value if None not in (new := [self._moved(one, "") for one in each])]
            return [new for each in value if (new := self._moved(each, key)) is not None]
        return value


def _role_ids(change: Change) -> dict[str, int]:
    try:
        said = json.loads(change.new.companions.get("tokenizer_config.json", b"{}"))
    except ValueError:
        return {}
    found: dict[str, int] = {}
    for role in _ROLES:
        token = said.get(f"{role}_token") if isinstance(said, dict) else None
        token = token.get("content") if isinstance(token, dict) else token
        if isinstance(token, str) and token in change.new.ids:
            found[role] = change.new.ids[token]
    return found
