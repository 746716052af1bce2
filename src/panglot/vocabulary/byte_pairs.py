"""Training byte-pair merges with the library's trainer, in a way that is the same in every process."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

_FIRST_SYMBOL = 0x10000
_MOST_WORDS = 50_000_000
_WORDS_AT_ONCE = 4096


@dataclass(frozen=True)
class Merges:
    """Symbols and the merges that were learnt.

    Attributes:
        symbols: the alphabet, sorted.
        pairs: left and right of each merge as pieces, in the order in which they were learnt.
        pieces: what each merge makes.
    """

    symbols: list[str]
    pairs: list[tuple[str, str]]
    pieces: list[str]


def learn_merges(
    words: Mapping[str, float],
    merges: int,
    *,
    hashed: bool = False,
    longest: int | None = None,
    minimum_count: float = 2,
) -> Merges:
    """Learn byte-pair merges from weighted words (Sennrich et al. 2016, https://aclanthology.org/P16-1162).

    The most frequent pair of neighbours is merged, again and again; of equal ones the pair whose symbols came first. The
    trainer of `tokenizers` numbers symbols with a `##` in the order of a hash table, which differs from process to process, so
    it is given symbols that are numbered here, each as one character of its own.

    Args:
        words: word to weight, written in symbols of one character.
        merges: how many to learn; fewer are found where the text has no more pairs.
        hashed: whether a character inside a word is another symbol than at its begin, `##x`, as in WordPiece.
        longest: most symbols of a piece.
        minimum_count: least weighted count of a pair.

    Example:
        >>> learn_merges({"abab": 3.0, "cd": 2.0}, 9).pairs
        [('a', 'b'), ('ab', 'ab'), ('c', 'd')]
        >>> learn_merges({"abab": 3.0, "cd": 2.0}, 9, hashed=True).pieces[:2]
        ['##ab', '##bab']
    """
    spell = _hashed_symbols if hashed else list
    symbols = sorted({symbol for word in words for symbol in spell(word)})
    code = {symbol: chr(_FIRST_SYMBOL + index) for index, symbol in enumerate(symbols)}
    if merges <= 0 or not symbols:
        return Merges(symbols, [], [])
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    scale = min(1.0, _MOST_WORDS / max(sum(words.values()), 1.0))
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Split(" ", "removed")
    trainer = trainers.BpeTrainer(
        vocab_size=len(symbols) + merges,
        min_frequency=max(1, round(minimum_count * scale)),
        max_token_length=longest,
        show_progress=False,
    )
    backend.train_from_iterator(_repeated(words, spell, code, scale), trainer)
    name = {each: symbol for symbol, each in code.items()}
    pairs = []
    for left, right in json.loads(backend.to_str())["model"]["merges"]:
        pairs.append((_joined(left, name, hashed=hashed), _joined(right, name, hashed=hashed)))
    return Merges(symbols, pairs, [left + (right[2:] if hashed else right) for left, right in pairs])


def _repeated(
    words: Mapping[str, float], spell: Callable[[str], list[str]], code: Mapping[str, str], scale: float
) -> Iterator[str]:
    """Each word as often as it counts: the trainer takes text, not counts."""
    for word in sorted(words):
        count = round(words[word] * scale)
        written = "".join(code[symbol] for symbol in spell(word)) + " "
        for at in range(0, count, _WORDS_AT_ONCE):
            yield written * min(_WORDS_AT_ONCE, count - at)


def _hashed_symbols(word: str) -> list[str]:
    return [word[:1], *(f"##{each}" for each in word[1:])]


def _joined(piece: str, name: Mapping[str, str], *, hashed: bool) -> str:
    symbols = [name[each] for each in piece]
    return symbols[0] + "".join(each[2:] for each in symbols[1:]) if hashed else "".join(symbols)
