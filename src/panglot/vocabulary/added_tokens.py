"""Added tokens and their ids.

The library `tokenizers` does not read the ids of added tokens: when it loads a file it gives each the id of the piece of the
same text, or else the next free id after the pieces. Pieces that are put behind the old ones would therefore move every
added token that lies beyond them. `absorb_added` makes such tokens pieces first, at the ids that they have.
"""

from dataclasses import replace
from typing import Any

from panglot.artifacts import InputError
from panglot.vocabulary.vocabulary import Vocabulary

_HOLE = "\ufdd0"


def absorb_added(vocabulary: Vocabulary) -> Vocabulary:
    """The same tokenizer, with every added token among the pieces too, at its own id. Encodings and ids stay.

    In Unigram an added token gets the lowest score there is (the score of the unknown token is the lowest less 10, so that it
    must not fall), and an id without a token gets a piece that no text can hold. In BPE it gets no merge.

    Args:
        vocabulary: its added tokens may lie beyond the pieces.

    Returns:
        A copy; the same object where there is nothing to do.

    Raises:
        InputError: an added token has the id of another piece.

    Example:
        >>> from panglot.vocabulary.byt5 import byt5_vocabulary
        >>> absorb_added(byt5_vocabulary()) == byt5_vocabulary()
        True
    """
    model = vocabulary.model
    pieces = model["vocab"]
    absent = {
        number: str(each["content"])
        for number, each in sorted(vocabulary.added.items())
        if (vocabulary.family == "unigram" and number >= len(pieces))
        or (vocabulary.family != "unigram" and each["content"] not in pieces)
    }
    if not absent:
        return vocabulary
    if vocabulary.family == "unigram":
        return vocabulary.with_document(model={**model, "vocab": _longer_list(pieces, absent)})
    taken = {number: token for token, number in pieces.items()}
    for number, token in absent.items():
        if number in taken:
            raise InputError(
                f"the added token {token!r} and the piece {taken[number]!r} have the same id {number}",
                where=vocabulary.place or None,
            )
    grown = dict(pieces) | {token: number for number, token in absent.items()}
    return vocabulary.with_document(model={**model, "vocab": grown})


def _longer_list(pieces: list[Any], absent: dict[int, str]) -> list[Any]:
    lowest = min(score for _, score in pieces)
    return [
        *pieces,
        *([absent.get(number, f"{_HOLE}{number}"), lowest] for number in range(len(pieces), max(absent) + 1)),
    ]


def with_given_ids(vocabulary: Vocabulary) -> Vocabulary:
    """The same tokenizer, with the ids of added tokens that the library gives them when it loads the file.

    Returns:
        A copy; the same object where the document has these ids already.

    Raises:
        InputError: an added token gets the id of another piece (ids with holes and added tokens behind them).

    Example:
        >>> from panglot.vocabulary.byt5 import byt5_vocabulary
        >>> with_given_ids(byt5_vocabulary()) == byt5_vocabulary()
        True
    """
    pieces = vocabulary.model["vocab"]
    known = {each[0]: number for number, each in enumerate(pieces)} if isinstance(pieces, list) else pieces
    highest = -1
    moved: list[dict[str, Any]] = []
    for each in vocabulary.document.get("added_tokens") or []:
        number = known.get(each["content"], max(len(known), highest + 1))
        highest = max(highest, number)
        moved.append(each if number == each["id"] else {**each, "id": number})
    taken = {number: token for token, number in known.items()}
    for each in moved:
        if taken.setdefault(each["id"], each["content"]) != each["content"]:
            raise InputError(
                f"the library that loads the tokenizer gives {each['content']!r} the id {each['id']}, "
                f"which {taken[each['id']]!r} has",
                where=vocabulary.place or None,
            )
    if moved == (vocabulary.document.get("added_tokens") or []):
        return vocabulary
    return replace(vocabulary, document={**vocabulary.document, "added_tokens": moved})


def check_ids(vocabulary: Vocabulary) -> None:
    """Check that the library gives every token the id that the document says.

    Raises:
        InputError: it does not; names the first token.
    """
    given = vocabulary.backend.get_vocab(with_added_tokens=True)
    if given == vocabulary.ids:
        return
    for token, number in sorted(vocabulary.ids.items(), key=lambda each: each[1]):
        if given.get(token) != number:
            said = "no id" if token not in given else f"the id {given[token]}"
            raise InputError(
                f"the tokenizer says that {token!r} has the id {number}, but the library that loads it gives it {said}",
                where=vocabulary.place or None,
                fix="save it again with AutoTokenizer.from_pretrained(folder).save_pretrained(folder)",
            )
    extra = min(set(given) - set(vocabulary.ids))
    raise InputError(f"the library that loads the tokenizer knows a token more, {extra!r}", where=vocabulary.place or None)
