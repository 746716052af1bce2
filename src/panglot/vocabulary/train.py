"""Component `vocabulary.train`: a tokenizer from text."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import regex
from pydantic import Field

from panglot.artifacts import InputError, Step
from panglot.corpus.balance.shares import Shares, Temperature
from panglot.corpus.documents import Documents
from panglot.vocabulary import assembly
from panglot.vocabulary.cutting_rules import Cutting, Digits, Normalisation, Whitespace
from panglot.vocabulary.drawing import Draw, draw
from panglot.vocabulary.gathering import Gathered, gather
from panglot.vocabulary.learning import Algorithm, Learner, summed
from panglot.vocabulary.special_tokens import SPECIAL_TOKENS, Preset
from panglot.vocabulary.surface import has_byte_fallback, unknown_id
from panglot.vocabulary.tokenizer import TOKENIZER_FOLDER, Tokenizer
from panglot.vocabulary.vocabulary import Vocabulary

Symbols = Literal["bytes", "characters"]
_PRESETS: dict[Algorithm, Preset] = {"bpe": "llama", "unigram": "roberta", "wordpiece": "bert", "byte": "t5"}
_AT_ONCE = 512


def train(
    *,
    text: Documents | None = None,
    size: Annotated[int, Field(ge=1)] = 32_000,
    algorithm: Algorithm = "bpe",
    shares: Shares = Temperature(),  # noqa: B008
    clusters: Annotated[int, Field(ge=2)] | None = None,
    symbols: Symbols = "bytes",
    digits: Digits | None = None,
    whitespace: Whitespace | None = None,
    normalisation: Normalisation | None = None,
    lowercase: bool = False,
    special_tokens: Preset | None = None,
    byte_fallback: bool | None = None,
    minimum_count: Annotated[int, Field(ge=1)] = 2,
    longest_piece: Annotated[int, Field(ge=1)] = 16,
    model_max_length: Annotated[int, Field(ge=1)] | None = None,
    step: Step,
) -> Tokenizer:
    """Train a tokenizer. The same text, parameters and seed give the same bytes in every process.

    No character of the text is unknown to it: bytes write everything; over characters all that stand in the text are pieces,
    also those of documents that were not drawn. With byte fallback, characters rarer than `minimum_count` are left to bytes,
    and the rarest ones too where the characters would take more than nine tenths of the room.

    Args:
        text: documents with their languages; `byte` needs none.
        size: tokens in all, special ones included. Not asked of `byte`, which has 256 and the special ones.
        algorithm: `bpe` (byte pairs), `unigram` (Kudo 2018), `wordpiece` (BERT's greedy longest match; pieces learnt as byte
            pairs), `byte` (ByT5's; nothing is learnt).
        shares: how much of each language: `{method: temperature, alpha: 0.3}`, `{method: unimax, epochs: 5}` or
            `{method: fixed, weights: {hsb_Latn: 1, deu_Latn: 2}}`, of the characters of the text.
        clusters: train one vocabulary for each of so many clusters of languages and join them (XLM-V).
        symbols: what `bpe` begins with: bytes (GPT-2, Llama 3, Qwen), or characters with bytes to fall back on (Llama 2).
        digits: each digit by itself, up to three together, or all together; single, and together for `wordpiece`, without it.
        whitespace: keep all spaces and line breaks (`bpe`, `byte`), or make runs of them one space (`unigram`).
        normalisation: nfc, nfkc or none; nfc without it, and none for `byte`.
        lowercase: fold letters to lower case.
        special_tokens: a family's special tokens and template: llama for `bpe`, roberta for `unigram`, bert for `wordpiece` and
            t5 for `byte` without it.
        byte_fallback: for `unigram` and for `bpe` over characters (there on without it): write characters that are no pieces
            in bytes, so that nothing at all is unknown.
        minimum_count: how often a piece must stand in the text; of byte pairs repetitions count too.
        longest_piece: most characters of a piece; over bytes three bytes count as one.
        model_max_length: what the configuration says about the longest input; 512, and 2048 for llama, without it.
        step: where to write `tokenizer/`.

    Raises:
        InputError: no text, fewer pieces in it than asked, no room for its characters, or parameters that do not go together.
    """
    cutting = _cutting(algorithm, symbols, digits, whitespace, normalisation, lowercase, byte_fallback)
    preset = special_tokens or _PRESETS[algorithm]
    tokens = SPECIAL_TOKENS[preset]
    if algorithm == "byte":
        if clusters:
            raise InputError("a byte model has no pieces to learn, so there are no clusters", where="clusters")
        vocabulary = assembly.bytes_alone(cutting, tokens, model_max_length)
        vocabulary.save(step.out / TOKENIZER_FOLDER)
        step.figures.update(size=vocabulary.size, algorithm=algorithm, special_tokens=preset)
        return Tokenizer(step.out)
    if text is None:
        raise InputError("there is no text to learn from", where="text", fix="give documents, or algorithm: byte")
    drawn = draw(text, shares, step.seed)
    gathered = gather(drawn, assembly.skeleton(cutting, tokens), step)
    if gathered.floor:
        step.note(f"Words that stand in the text {gathered.floor} times or less were dropped on the way, to bound the memory.")
    weighted = {
        tag: {word: count * drawn.weights[tag] for word, count in sorted(gathered.words[tag].items())} for tag in gathered.words
    }
    weighted = {tag: words for tag, words in weighted.items() if words}
    seen: dict[str, float] = summed(gathered.words.values())
    alphabet = _alphabet(gathered, seen, cutting, len(tokens.all), size, minimum_count)
    if gathered.characters - set(alphabet) and cutting.form != "bytes":
        weighted = {tag: _without_rare(words, alphabet) for tag, words in weighted.items()}
        seen = _without_rare(seen, alphabet)
    together = summed(weighted.values())
    learner = Learner(algorithm, cutting, tokens, size, alphabet, minimum_count, longest_piece, model_max_length, seen)
    if learner.room < 0:
        needed = size - learner.room
        raise InputError(
            f"a size of {size:,} has no room for the {len(learner.symbols):,} characters and {len(tokens.all)} special tokens",
            where="size",
            fix=f"ask for at least {needed:,}" + _other_way(cutting),
        )
    with step.progress("learning pieces"):
        if clusters:
            vocabulary, clustering = learner.learn_by_cluster(weighted, clusters, step.seed)
            step.figures["clusters"] = clustering.figures()
        else:
            vocabulary = learner.learn(together)
    vocabulary.save(step.out / TOKENIZER_FOLDER)
    step.figures.update(
        size=vocabulary.size,
        algorithm=algorithm,
        special_tokens=preset,
        characters=len(gathered.characters),
        characters_in_pieces=len(alphabet),
        different_words=len(together),
        languages=_by_language(vocabulary, drawn, gathered),
    )
    return Tokenizer(step.out)


def _cutting(
    algorithm: Algorithm,
    symbols: Symbols,
    digits: Digits | None,
    whitespace: Whitespace | None,
    normalisation: Normalisation | None,
    lowercase: bool,
    byte_fallback: bool | None,
) -> Cutting:
    marked = algorithm == "unigram" or (algorithm == "bpe" and symbols == "characters")
    if byte_fallback and not marked:
        raise InputError(
            f"{algorithm} has no byte fallback" + (" over bytes, and needs none" if algorithm != "wordpiece" else ""),
            where="byte_fallback",
            fix="it goes with unigram, and with bpe over characters",
        )
    if whitespace == "keep" and algorithm == "wordpiece":
        raise InputError("WordPiece keeps no spaces", where="whitespace", fix="take bpe or unigram")
    return Cutting(
        form="marked" if marked else "hashed" if algorithm == "wordpiece" else "bytes",
        digits=digits or ("together" if algorithm == "wordpiece" else "single"),
        whitespace=whitespace or ("keep" if algorithm in ("bpe", "byte") else "collapse"),
        normalisation=normalisation or ("none" if algorithm == "byte" else "nfc"),
        lowercase=lowercase,
        byte_fallback=(algorithm == "bpe" and marked) if byte_fallback is None else byte_fallback,
    )


def _other_way(cutting: Cutting) -> str:
    return ", or set byte_fallback" if cutting.form == "marked" else ", or take bpe over bytes"


def _alphabet(
    gathered: Gathered, words: Mapping[str, float], cutting: Cutting, specials: int, size: int, minimum_count: int
) -> list[str]:
    """Characters that become pieces, sorted: all of them, or with byte fallback those that are frequent and find room."""
    if cutting.form == "bytes":
        return []
    if not cutting.byte_fallback:
        return sorted(gathered.characters)
    counts = dict.fromkeys(sorted(gathered.characters), 0.0)
    for word, weight in words.items():
        for each in word:
            counts[each] += weight
    spelling = set(assembly.SPELLING)
    ranked = sorted((each for each in counts if counts[each] >= minimum_count and each not in spelling), key=counts.get)  # type: ignore[arg-type]
    room = max((size - specials - 256) * 9 // 10 - len(spelling), 0)
    return sorted(spelling | set(ranked[::-1][:room]))


def _without_rare(words: Mapping[str, float], alphabet: list[str]) -> dict[str, float]:
    """Words cut where characters stand that are no pieces."""
    inside = regex.compile("[^" + "".join(map(regex.escape, alphabet)) + "]+")
    found: dict[str, float] = {}
    for word, weight in words.items():
        for part in inside.split(word) if inside.search(word) else (word,):
            if part:
                found[part] = found.get(part, 0.0) + weight
    return found


def _by_language(vocabulary: Vocabulary, drawn: Draw, gathered: Gathered) -> dict[str, dict[str, Any]]:
    """Shares, bytes per token and unknowns of each language, on the first 200,000 characters of its text."""
    unknown = None if has_byte_fallback(vocabulary) else unknown_id(vocabulary)
    found = {}
    for tag, texts in gathered.samples.items():
        count = unknowns = 0
        for at in range(0, len(texts), _AT_ONCE):
            for ids in vocabulary.encode(texts[at : at + _AT_ONCE]):
                count += len(ids)
                unknowns += ids.count(unknown) if unknown is not None else 0
        size = sum(len(each.encode()) for each in texts)
        found[tag] = {
            "characters": drawn.sizes[tag],
            "share_asked": round(drawn.asked[tag], 6),
            "share_realised": round(drawn.realised[tag], 6),
            "times": round(drawn.weights[tag], 4),
            "bytes_per_token": round(size / max(count, 1), 4),
            "unknown": unknowns,
        }
    return found
