"""The files beside `tokenizer.json`, kept true to it when ids move or rules change."""

import json
from collections.abc import Mapping
from typing import Any

CONFIG_FILE = "tokenizer_config.json"
TOKENS_FILE = "special_tokens_map.json"
AS_WRITTEN = "PreTrainedTokenizerFast"
ROLES = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")
# Its own code puts the language code into the template; it takes pieces and merges from tokenizer.json.
KEPT_CLASSES = ("NllbTokenizer", "NllbTokenizerFast")


def config_of(companions: Mapping[str, bytes]) -> dict[str, Any]:
    """What `tokenizer_config.json` says; empty where it is absent or no JSON object."""
    return _read(companions, CONFIG_FILE)


def roles(companions: Mapping[str, bytes]) -> dict[str, str]:
    """Role to token, such as `bos` to `<s>`, from `tokenizer_config.json` and `special_tokens_map.json`.

    Example:
        >>> roles({"tokenizer_config.json": b'{"bos_token": {"content": "<s>"}, "pad_token": null}'})
        {'bos': '<s>'}
    """
    said = tokens_of(companions)
    found = {role: content_of(said.get(f"{role}_token")) for role in ROLES}
    return {role: token for role, token in found.items() if token}


def tokens_of(companions: Mapping[str, bytes]) -> dict[str, Any]:
    """What both files say, `tokenizer_config.json` first."""
    config = {key: value for key, value in config_of(companions).items() if value is not None}
    return {**_read(companions, TOKENS_FILE), **config}


def loaded_as_written(companions: Mapping[str, bytes]) -> dict[str, bytes]:
    """The companions of a tokenizer that was changed: the class is one that loads `tokenizer.json` as it stands.

    Classes such as `XLMRobertaTokenizer` take only the pieces from the file and make the rest again by their own code.
    """
    config = config_of(companions)
    if config.get("tokenizer_class") in (AS_WRITTEN, *KEPT_CLASSES):
        return dict(companions)
    config = {key: value for key, value in config.items() if key not in ("tokenizer_class", "auto_map")}
    if not config:
        config = {f"{role}_token": token for role, token in roles(companions).items()}
    return {**companions, CONFIG_FILE: written({**config, "tokenizer_class": AS_WRITTEN})}


def renumbered(companions: Mapping[str, bytes], new_id: Mapping[int, int]) -> dict[str, bytes]:
    """The companions with the ids of `added_tokens_decoder` moved; entries whose id is gone are left out."""
    config = config_of(companions)
    said = config.get("added_tokens_decoder")
    if not isinstance(said, dict):
        return dict(companions)
    moved = {str(new_id[int(each)]): value for each, value in said.items() if each.isdecimal() and int(each) in new_id}
    if moved == said:
        return dict(companions)
    return {**companions, CONFIG_FILE: written({**config, "added_tokens_decoder": moved})}


def _read(companions: Mapping[str, bytes], name: str) -> dict[str, Any]:
    try:
        found = json.loads(companions.get(name, b"{}"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def content_of(said: Any) -> str:
    """The text of a token that is written as a string or as an object; "" for anything else."""
    return str(said.get("content") or "") if isinstance(said, dict) else said if isinstance(said, str) else ""


def written(config: dict[str, Any]) -> bytes:
    """The bytes of a `tokenizer_config.json`."""
    return (json.dumps(config, ensure_ascii=False, indent=2) + "\n").encode()
