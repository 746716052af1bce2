"""Facts of a tokenizer of transformers that objectives need."""

import re
from collections.abc import Mapping
from typing import Any

import torch

from panglot.artifacts import InputError
from panglot.languages import Language
from panglot.objectives.example import Architecture, Tokens

_SENTINEL = re.compile(r"<extra_id_(\d+)>", re.ASCII)
_CODE = re.compile(r"_*([a-z]{2,3}([_-][A-Za-z]{2,4})?)_*", re.ASCII)


def tokens_of(tokenizer: Any, config: Any = None, *, architecture: Architecture = "encoder") -> Tokens:
    """The facts.

    Args:
        tokenizer: of transformers.
        config: of the model; None where there is none.
        architecture: how the model reads.
    """
    special = frozenset(int(each) for each in tokenizer.all_special_ids)
    named = {str(piece): int(number) for piece, number in tokenizer.get_added_vocab().items()}
    sentinels = sorted((int(found[1]), number) for piece, number in named.items() if (found := _SENTINEL.fullmatch(piece)))
    special |= {number for _, number in sentinels}
    text = sorted({*tokenizer.get_vocab().values()} - special)
    start = next((each for each in (tokenizer.bos_token_id, tokenizer.cls_token_id) if each is not None), None)
    end = next((each for each in (tokenizer.eos_token_id, tokenizer.sep_token_id) if each is not None), None)
    if architecture != "seq2seq" and start is None:
        start = end
    padding = next((each for each in (tokenizer.pad_token_id, end, start) if each is not None), 0)
    decoder_start = getattr(config, "decoder_start_token_id", None)
    return Tokens(
        padding=padding,
        start=start,
        end=end,
        mask=tokenizer.mask_token_id,
        unknown=tokenizer.unk_token_id,
        special=special,
        drawable=torch.tensor(text, dtype=torch.long),
        sentinels=tuple(number for _, number in sentinels),
        languages=_languages(named),
        language_numbers=_numbers(config),
        named=named,
        architecture=architecture,
        decoder_start=padding if architecture == "seq2seq" and decoder_start is None else decoder_start,
    )


def _languages(named: Mapping[str, int]) -> dict[str, int]:
    """Tag to id, of added tokens that are the code of a language (`hsb_Latn`, `de_DE`, `__de__`)."""
    found: dict[str, int] = {}
    for piece, number in named.items():
        if (code := _CODE.fullmatch(piece)) and (tag := _tag(code[1])):
            found.setdefault(tag, number)
    return found


def _numbers(config: Any) -> dict[str, int]:
    """Tag to number, as a model with language embeddings lists them."""
    said = getattr(config, "lang2id", None) or {
        name: number for number, name in enumerate(getattr(config, "languages", None) or [])
    }
    found: dict[str, int] = {}
    for name, number in said.items() if isinstance(said, Mapping) else ():
        if tag := _tag(str(name)):
            found.setdefault(tag, int(number))
    return found


def _tag(code: str) -> str | None:
    try:
        # mBART's codes for languages of no one country: en_XX, ja_XX
        return Language.parse(code.removesuffix("_XX")).tag
    except InputError:
        return None
