"""What must be true of `tokenizer.json` before anything is done to it."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from panglot.artifacts import InputError

_MOST_IDS = 1 << 24
_HALF = re.compile("[\ud800-\udfff]")


def without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """For `json.loads(object_pairs_hook=…)`: an object in which no key stands twice.

    Raises:
        InputError: names the first that does.

    Example:
        >>> without_repeated_keys([("a", 0), ("b", 1)])
        {'a': 0, 'b': 1}
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InputError(f"{_first_twice([key for key, _ in pairs])!r} stands twice")
    return found


def check_document(document: Any, place: str) -> dict[str, Any]:
    """Check the parts that surgery relies on.

    Args:
        document: what `tokenizer.json` says.
        place: for messages.

    Returns:
        The document; a model without a `type`, as old files have it, is given one.

    Raises:
        InputError: a part is missing or of the wrong type, two tokens have one id, one token stands twice, or a merge names a
            piece that is not there.
    """
    if not isinstance(document, dict) or not isinstance(document.get("model"), dict):
        raise InputError("the file holds no tokenizer: the part `model` is missing", where=place)
    model = dict(document["model"])
    vocab = model.get("vocab")
    model.setdefault("type", _kind(model))
    if model["type"] == "Unigram":
        names = _check_list(vocab, place)
        unknown = model.get("unk_id")
        if unknown is not None and (not isinstance(unknown, int) or not 0 <= unknown < len(names)):
            raise InputError(f"`unk_id` {unknown!r} is the id of no piece", where=place)
    elif model["type"] in ("BPE", "WordPiece"):
        _check_map(vocab, place)
        if model["type"] == "BPE":
            _check_merges(model, place)
    _check_added(document.get("added_tokens"), place)
    _check_template(document, place)
    return document if "type" in document["model"] else {**document, "model": model}


def _kind(model: dict[str, Any]) -> str | None:
    if isinstance(model.get("vocab"), list):
        return "Unigram"
    if "merges" in model:
        return "BPE"
    return "WordPiece" if "max_input_chars_per_word" in model else None


def _check_list(vocab: Any, place: str) -> list[str]:
    if not isinstance(vocab, list) or not vocab:
        raise InputError("the pieces of a Unigram tokenizer must be a list of pieces and scores", where=place)
    for index, each in enumerate(vocab):
        if not (isinstance(each, list) and len(each) == 2 and isinstance(each[0], str) and _is_number(each[1])):
            raise InputError(f"piece {index} is damaged: {str(each)[:80]}", where=place)
    names = [each[0] for each in vocab]
    if len(set(names)) != len(names):
        raise InputError(f"the piece {_first_twice(names)!r} stands twice in the vocabulary", where=place)
    _check_letters(names, place)
    return names


def _check_map(vocab: Any, place: str) -> None:
    if not isinstance(vocab, dict):
        raise InputError("the pieces must be a table from piece to id", where=place)
    _check_letters(vocab, place)
    for piece, number in vocab.items():
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < _MOST_IDS:
            raise InputError(f"the piece {piece!r} has the id {str(number)[:80]}", where=place)
    if len(set(vocab.values())) != len(vocab):
        number = _first_twice(list(vocab.values()))
        both = [piece for piece, each in vocab.items() if each == number]
        raise InputError(f"the pieces {both[0]!r} and {both[1]!r} have the same id {number}", where=place)


def _check_merges(model: dict[str, Any], place: str) -> None:
    vocab, merges = model["vocab"], model.get("merges")
    if not isinstance(merges, list):
        raise InputError("a BPE tokenizer must have a list of merges", where=place)
    inner = len(model.get("continuing_subword_prefix") or "")
    for index, each in enumerate(merges):
        pair = each.split(" ") if isinstance(each, str) else each
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)):
            raise InputError(f"merge {index} is damaged: {str(each)[:80]}", where=place)
        left, right = pair
        for part in (left, right, left + right[inner:]):
            if part not in vocab:
                raise InputError(
                    f"merge {index} ({left!r} and {right!r}) names the piece {part!r}, which is absent", where=place
                )


def _check_added(added: Any, place: str) -> None:
    if added is None:
        return
    if not isinstance(added, list):
        raise InputError("`added_tokens` must be a list", where=place)
    for each in added:
        number = each.get("id") if isinstance(each, dict) else None
        if not isinstance(number, int) or not isinstance(each.get("content"), str) or not 0 <= number < _MOST_IDS:
            raise InputError(f"an added token is damaged: {str(each)[:80]}", where=place)
    for part, what in (("content", "stands twice among the added tokens"), ("id", "is the id of two added tokens")):
        values = [each[part] for each in added]
        if len(set(values)) != len(values):
            raise InputError(f"{_first_twice(values)!r} {what}", where=place)


def _check_template(document: dict[str, Any], place: str) -> None:
    """Ids that the post-processor puts around a text are ids of tokens."""
    vocab = document["model"].get("vocab")
    known = set(range(len(vocab))) if isinstance(vocab, list) else set((vocab or {}).values())
    known |= {each["id"] for each in document.get("added_tokens") or []}
    for number in _ids_in(document.get("post_processor")):
        if not isinstance(number, int) or number not in known:
            raise InputError(f"the post-processor names the id {str(number)[:80]}, which no token has", where=place)


def _ids_in(processor: Any) -> Iterator[Any]:
    """What stands where a post-processor has ids; a processor of a wrong form is left to the library that loads it."""
    if not isinstance(processor, dict):
        return
    for each in _items(processor.get("processors")):
        yield from _ids_in(each)
    marks = processor.get("special_tokens")
    for mark in marks.values() if isinstance(marks, dict) else ():
        yield from _items(mark.get("ids") if isinstance(mark, dict) else None)
    for part in ("sep", "cls"):
        yield from _items(processor.get(part))[1:]


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _check_letters(names: Iterable[str], place: str) -> None:
    """Half a UTF-16 character is valid in JSON, and in no text."""
    if _HALF.search("".join(names)):
        raise InputError("a piece holds half a UTF-16 character, which no text can", where=place)


def _first_twice(values: list[Any]) -> Any:
    seen: set[Any] = set()
    for each in values:
        if each in seen:
            return each
        seen.add(each)
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
