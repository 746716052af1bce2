"""Tokens that the files beside `tokenizer.json` name, and that it does not hold.

The library `transformers` adds them behind the last token when it loads a tokenizer. Whoever looks at `tokenizer.json` alone
would give their ids to new pieces, and every such token would move.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from panglot.vocabulary.added_tokens import with_given_ids
from panglot.vocabulary.companions import ROLES, config_of, content_of, tokens_of
from panglot.vocabulary.vocabulary import Vocabulary

_PLAIN: dict[str, Any] = {"single_word": False, "lstrip": False, "rstrip": False}


def with_named_tokens(vocabulary: Vocabulary, added_file: Mapping[str, Any], rows: int | None = None) -> Vocabulary:
    """The same tokenizer, with the tokens that its companions name among its added tokens, at the ids that they get.

    Args:
        vocabulary: as `tokenizer.json` has it.
        added_file: what an `added_tokens.json` says: token to id; old tokenizers have one.
        rows: rows of the matrix beside it, where that is known. A token behind the last row is none that the model
            could know, and is left out.

    Returns:
        A copy; the same object where there is nothing to do.

    Example:
        >>> from panglot.vocabulary.byt5 import byt5_vocabulary
        >>> found = byt5_vocabulary()
        >>> named = Vocabulary(found.document, {"special_tokens_map.json": b'{"mask_token": "<mask>"}'})
        >>> with_named_tokens(named, {}).ids["<mask>"], with_named_tokens(named, {}, 384) == named
        (384, True)
    """
    listed = list(vocabulary.document.get("added_tokens") or [])
    known = {each["content"] for each in listed}
    named: dict[str, dict[str, Any]] = {}
    for each in _named(vocabulary, added_file):
        if each["content"] not in known:
            named.setdefault(each["content"], each)
    if not named:
        return vocabulary
    wider = with_given_ids(vocabulary.with_added([*listed, *({"id": -1, **each} for each in named.values())]))
    found = wider.document["added_tokens"]
    kept = [each for each in found if rows is None or each["content"] in known or each["id"] < rows]
    if len(kept) == len(listed):
        return vocabulary
    return vocabulary.with_added(sorted(kept, key=lambda each: int(each["id"])))


def _named(vocabulary: Vocabulary, added_file: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Entries in the order in which the library adds them, without their ids."""
    config, said = config_of(vocabulary.companions), tokens_of(vocabulary.companions)
    extra = said.get("extra_special_tokens") or said.get("additional_special_tokens") or []
    own = {key: each for key, each in said.items() if key.endswith("_token") and key.removesuffix("_token") not in ROLES}
    special = [
        *(said.get(f"{role}_token") for role in ROLES),
        *own.values(),
        *(extra.values() if isinstance(extra, dict) else extra if isinstance(extra, list) else []),
    ]
    marks = [{**_PLAIN, "normalized": False, **_flags(each), "content": content_of(each), "special": True} for each in special]
    names = {each["content"] for each in marks}
    decoder = config.get("added_tokens_decoder")
    if isinstance(decoder, dict):
        entries = [each for _, each in sorted(_numbered(decoder)) if isinstance(each, dict)]
        yield from (
            {**_PLAIN, "normalized": True, "special": False, **_flags(each), "content": content_of(each)} for each in entries
        )
    else:
        for _, token in sorted((number, token) for token, number in added_file.items() if isinstance(number, int)):
            yield {**_PLAIN, "normalized": token not in names, "content": token, "special": token in names}
    yield from (each for each in marks if each["content"])


def _numbered(decoder: dict[str, Any]) -> Iterator[tuple[int, Any]]:
    return ((int(number), each) for number, each in decoder.items() if number.isdecimal())


def _flags(said: Any) -> dict[str, bool]:
    names = ("single_word", "lstrip", "rstrip", "normalized", "special")
    return (
        {key: value for key, value in said.items() if key in names and isinstance(value, bool)}
        if isinstance(said, dict)
        else {}
    )
