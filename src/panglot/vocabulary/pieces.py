"""Which pieces a text uses, and which of them are worth keeping."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain

import numpy as np

from panglot.artifacts import InputError, did_you_mean
from panglot.languages.scripts import script_of, share_in
from panglot.languages.tables import script_names
from panglot.vocabulary.closure import Closure
from panglot.vocabulary.surface import surfaces, unknown_id
from panglot.vocabulary.vocabulary import Vocabulary

_BATCH_TEXTS = 2048
_BATCH_CHARACTERS = 1 << 19
_MOST_CHARACTERS = 1 << 16
_UNREADABLE = 0.9
_MOST_COMPLETIONS = 512


def pieces_in(vocabulary: Vocabulary, texts: Iterable[str]) -> Counter[int]:
    """How often each token comes up in texts.

    Args:
        vocabulary: cuts the texts.
        texts: read once; memory is set by the batch. A text of more than 65,536 characters is cut at line ends or spaces.

    Returns:
        Id to count, without the special tokens of the template.

    Example:
        >>> from panglot.vocabulary.byt5 import byt5_vocabulary
        >>> pieces_in(byt5_vocabulary(), ["aab", "b"])
        Counter({100: 2, 101: 2})
    """
    counts = np.zeros(vocabulary.size, dtype=np.int64)
    for batch in _batches(texts):
        ids = np.fromiter(chain.from_iterable(vocabulary.encode(batch)), dtype=np.int64)
        counts += np.bincount(ids, minlength=vocabulary.size)
    return Counter({int(each): int(counts[each]) for each in np.flatnonzero(counts)})


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    characters = 0
    for text in texts:
        for each in _short(text):
            batch.append(each)
            characters += len(each)
            if len(batch) >= _BATCH_TEXTS or characters >= _BATCH_CHARACTERS:
                yield batch
                batch, characters = [], 0
    if batch:
        yield batch


def _short(text: str) -> Iterator[str]:
    start = 0
    while len(text) - start > _MOST_CHARACTERS:
        end = start + _MOST_CHARACTERS
        cut = max(text.rfind("\n", start, end), text.rfind(" ", start, end))
        end = cut if cut > start else end
        yield text[start:end]
        start = end
    yield text[start:]


def unknown_share(vocabulary: Vocabulary, counts: Mapping[int, int]) -> float:
    """Share of unknown tokens among the tokens that say something (a piece of spaces alone says nothing)."""
    unknown = unknown_id(vocabulary)
    if unknown is None or not counts.get(unknown):
        return 0.0
    spoken = surfaces(vocabulary)
    telling = sum(count for each, count in counts.items() if (text := spoken[each]) is not None and text.strip())
    return counts[unknown] / (counts[unknown] + telling)


def check_text(vocabulary: Vocabulary, counts: Mapping[int, int]) -> None:
    """Check that a text can be a guide to what matters.

    Raises:
        InputError: there is no text, or nine tokens in ten are unknown.
    """
    if not counts:
        raise InputError("the text is empty", where="text")
    share = unknown_share(vocabulary, counts)
    if share >= _UNREADABLE:
        raise InputError(
            f"the tokenizer cannot write this text: {share:.0%} of its tokens are unknown",
            where="text",
            fix="extend the tokenizer for this language first, or give text of a language that it knows",
        )


def choose_pieces(
    vocabulary: Vocabulary,
    *,
    counts: Mapping[int, int] | None = None,
    minimum_count: int = 2,
    size: int | None = None,
    scripts: Collection[str] = (),
    also: Collection[int] = (),
) -> set[int]:
    """The pieces that are worth keeping; each rule that is given narrows the choice.

    Args:
        vocabulary: to choose from.
        counts: from `pieces_in`; None for no such rule.
        minimum_count: with `counts`, how often a piece must come up.
        size: how many tokens the trimmed vocabulary may have, all that it cannot do without included; those that come up most
            often go first, then the lower ids.
        scripts: ISO 15924 codes; a piece goes if it has a letter of another script. Pieces without letters stay.
        also: ids that stay whatever the rules say.

    Returns:
        Ids for `trim_vocabulary`.

    Raises:
        InputError: no rule is given, nothing is left, or `size` is less than what no tokenizer can do without.
    """
    if counts is None and not scripts and size is None:
        raise InputError("nothing says which pieces to keep", fix="give text, scripts, languages or a size")
    chosen = [number for number, token in enumerate(vocabulary.tokens) if token is not None]
    if counts is not None:
        check_text(vocabulary, counts)
        chosen = [each for each in chosen if counts.get(each, 0) >= minimum_count]
        if not chosen:
            raise InputError(f"no piece comes up {minimum_count} times in the text", where="text", fix="give more text")
    if scripts:
        _check_scripts(scripts)
        written = in_scripts(vocabulary, scripts)
        chosen = [each for each in chosen if each in written]
        if not _has_letter(vocabulary, chosen):
            raise InputError(
                f"no piece is written in {', '.join(sorted(scripts))}",
                where="scripts",
                fix="name a script that the tokenizer knows, or extend it for the language first",
            )
    return {*chosen, *also} if size is None else _most_useful(vocabulary, chosen, counts or {}, size, also)


def _check_scripts(scripts: Collection[str]) -> None:
    known = script_names()
    for each in scripts:
        if each not in known:
            raise InputError(
                f"there is no script {each!r}",
                where="scripts",
                fix=did_you_mean(each, known) or "give ISO 15924 codes such as Latn or Deva",
            )


def _has_letter(vocabulary: Vocabulary, chosen: Iterable[int]) -> bool:
    """Whether a piece has a letter, or a part of one: digits and punctuation alone write no language."""
    spoken = surfaces(vocabulary)
    texts = (spoken[each] for each in chosen if each not in vocabulary.added)
    return any(text is not None and (script_of(text.decode("utf-8", "ignore")) or not _whole(text)) for text in texts)


def _whole(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _most_useful(
    vocabulary: Vocabulary, chosen: list[int], counts: Mapping[int, int], size: int, also: Collection[int]
) -> set[int]:
    closure = Closure(vocabulary)
    for each in sorted(also):
        closure.add(each)
    least = len(closure.kept)
    if size < least:
        raise InputError(
            f"the tokenizer cannot do without {least} of its tokens", where=f"size {size}", fix=f"allow {least} at least"
        )
    for each in sorted(chosen, key=lambda each: (-counts.get(each, 0), each)):
        needed = closure.needed_by(each)
        if len(closure.kept) + len(needed) <= size:
            closure.kept |= needed
        if len(closure.kept) == size:
            break
    return closure.kept


class _Allowed(dict[str, bool]):
    """Character to whether it may stand in a text of some scripts; each is looked up once."""

    def __init__(self, scripts: Collection[str]) -> None:
        super().__init__()
        self._scripts = sorted(scripts)

    def __missing__(self, character: str) -> bool:
        found = self[character] = script_of(character) is None or any(share_in(character, each) == 1 for each in self._scripts)
        return found


def in_scripts(vocabulary: Vocabulary, scripts: Collection[str]) -> set[int]:
    """Ids of the pieces without a letter of another script. A piece that ends inside a character counts by what it can become.

    Example:
        >>> from panglot.vocabulary.byt5 import byt5_vocabulary
        >>> chosen = in_scripts(byt5_vocabulary(), ["Thai"])
        >>> ord("5") + 3 in chosen, ord("a") + 3 in chosen
        (True, False)
    """
    allowed = _Allowed(scripts)
    tails: dict[bytes, bool] = {}
    return {
        number for number, text in enumerate(surfaces(vocabulary)) if text is not None and _may_be_written(text, allowed, tails)
    }


def _may_be_written(piece: bytes, allowed: _Allowed, tails: dict[bytes, bool]) -> bool:
    try:
        return all(map(allowed.__getitem__, piece.decode()))
    except UnicodeDecodeError:
        pass
    start = next((index for index, each in enumerate(piece) if each & 0xC0 != 0x80), len(piece))
    whole = piece[start:].decode("utf-8", "ignore")
    if not all(map(allowed.__getitem__, whole)):
        return False
    tail = piece[start + len(whole.encode()) :]
    if tail not in tails:
        tails[tail] = not tail or any(map(allowed.__getitem__, _completions(tail)))
    return tails[tail]


def _completions(lead: bytes) -> Iterator[str]:
    """Letters whose UTF-8 begins with some bytes: all, or five hundred at equal distances where there may be more."""
    length = 2 if lead[0] < 0xE0 else 3 if lead[0] < 0xF0 else 4
    missing = length - len(lead)
    for index in range(0, 64**missing, max(1, 64**missing // _MOST_COMPLETIONS)):
        rest = bytes(0x80 | (index >> 6 * place) & 0x3F for place in reversed(range(missing)))
        found = (lead + rest).decode("utf-8", "ignore")
        if found and script_of(found) is not None:
            yield found
