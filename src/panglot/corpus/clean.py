"""Component `corpus.clean`: regular text, and pairs that are not pairs left out, in any script."""

import math
from collections import Counter
from statistics import median
from typing import Annotated, Any, NamedTuple

import pyarrow as pa
import regex
from pydantic import Field

from panglot.artifacts import InputError, Step
from panglot.corpus.pairs import PAIRS_FILE, SCHEMA, Pairs, PairWriter, pair_id
from panglot.corpus.placeholders import language_only
from panglot.corpus.scripts import letters, script_share
from panglot.corpus.text import regular, without_access_keys
from panglot.languages import Language

DROPPED_FILE = "dropped.parquet"
_LETTERS_PER_WORD = 2
_SLACK_CHARACTERS = 10
_PAIRS_FOR_A_MEDIAN = 10
_KEPT_CHARACTERS = 2000
_CATALOGUE_SUFFIXES = (".po", ".mo", ".xlf", ".xliff", ".po.gz", ".mo.gz", ".xlf.gz", ".xliff.gz")
_WORD = regex.compile(r"\p{L}[^\s\u200b]*")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class Limits(NamedTuple):
    """What a pair must keep to."""

    min_words: int
    max_characters: int
    max_length_ratio: float
    min_script_share: float


def clean(
    *,
    of: Pairs,
    min_words: Annotated[int, Field(ge=0)] = 3,
    max_characters: Annotated[int, Field(ge=1)] = 2000,
    max_length_ratio: Annotated[float, Field(gt=1)] = 3.0,
    min_script_share: Annotated[float, Field(ge=0, le=1)] = 0.2,
    step: Step,
) -> Pairs:
    """Make the text regular and leave out what is no sentence pair; every pair left out is kept with its reason.

    Text becomes NFC, without control characters, and runs of spaces become one. Marks, joiners, zero-width spaces and
    placeholders stay. Left out, in this order: texts with U+FFFD, empty sides, equal sides, too long ones, texts without a
    letter, too short ones, texts in another script than the language's, odd length ratios, exact duplicates.

    A ratio of lengths means another thing in each script, so it is judged against the language's own median: with m the
    median of characters(source) / characters(target), a pair is odd when (source + 10) / (m · target + 10), or its inverse,
    is above `max_length_ratio`. The 10 forgives short texts. A language with fewer than ten pairs is not judged by length.

    Args:
        of: pairs, of one or more languages.
        min_words: fewest words of the pivot side; where the pivot is written without spaces, of the other side; where both
            are, twice as many letters. Placeholders and markup are not counted.
        max_characters: most characters of a side.
        max_length_ratio: how far a ratio of lengths may be from the language's median, as a factor.
        min_script_share: least share of a side's letters that must be in the script of its language; low, since names and
            terms are often written in another one.
        step: where to write. `dropped.parquet` holds what was left out, with the column `reason`.

    Raises:
        InputError: no pair is left.
    """
    limits = Limits(min_words, max_characters, max_length_ratio, min_script_share)
    medians = _median_ratios(of, max_characters, step)
    languages = {tag: Language.parse(tag) for tag in {*of.languages, *of.pivots}}
    dropped: dict[str, Counter[str]] = {tag: Counter() for tag in of.languages}
    kept: Counter[str] = Counter()
    seen: set[bytes] = set()
    schema = pa.schema([*SCHEMA, pa.field("reason", pa.string(), nullable=False)])
    with (
        PairWriter(step.out / PAIRS_FILE) as writer,
        PairWriter(step.out / DROPPED_FILE, schema) as aside,
        step.progress("cleaning pairs", total=len(of)) as progress,
    ):
        for row in progress.track(of.rows()):
            before = row["source_text"], row["target_text"]
            source, target = _regular_pair(row)
            tag = row["source_language"]
            row = {**row, "source_text": source, "target_text": target}
            reason = _reason(row, before, languages, medians.get(tag), limits)
            if not reason:
                row["id"] = pair_id(tag, row["target_language"], source, target)
                digest = bytes.fromhex(row["id"])
                reason = "duplicate" if digest in seen else ""
                seen.add(digest)
            if reason:
                dropped[tag][reason] += 1
                shown = {side: before[at][:_KEPT_CHARACTERS] for at, side in enumerate(("source_text", "target_text"))}
                aside.row({**row, **shown, "reason": reason})
            else:
                kept[tag] += 1
                writer.row(row)
    step.figures.update(
        kept={tag: kept[tag] for tag in dropped},
        dropped={tag: dict(sorted(reasons.items())) for tag, reasons in dropped.items()},
        median_length_ratio={tag: round(value, 4) for tag, value in medians.items()},
    )
    _complain(kept, dropped, step)
    return Pairs(step.out)


def _complain(kept: Counter[str], dropped: dict[str, Counter[str]], step: Step) -> None:
    totals: Counter[str] = Counter()
    for reasons in dropped.values():
        totals.update(reasons)
    if not kept.total():
        said = ", ".join(f"{reason}: {count}" for reason, count in totals.most_common()) or "there were none"
        raise InputError(f"no pair is left after cleaning ({said})", fix="give more pairs, or set min_words lower")
    for tag in dropped:
        if not kept[tag]:
            said = ", ".join(f"{reason}: {count}" for reason, count in dropped[tag].most_common())
            step.note(f"No {Language.parse(tag).name} pair is left after cleaning ({said}).")


def _regular_pair(row: dict[str, Any]) -> tuple[str, str]:
    source, target = regular(row["source_text"]), regular(row["target_text"])
    if ("&" in source and "&" in target) or ("_" in source and "_" in target):
        origin = row["origin"].lower()
        if origin.startswith("gettext:") or origin.endswith(_CATALOGUE_SUFFIXES):
            return without_access_keys(source, target)
    return source, target


def _median_ratios(pairs: Pairs, max_characters: int, step: Step) -> dict[str, float]:
    """Median of characters(source) / characters(target) of the languages that have enough pairs of a usable length."""
    logs: dict[str, list[float]] = {tag: [] for tag in pairs.languages}
    with step.progress("measuring lengths", total=len(pairs)) as progress:
        for row in progress.track(pairs.rows()):
            first, second = len(row["source_text"].strip()), len(row["target_text"].strip())
            if _SLACK_CHARACTERS <= max(first, second) <= max_characters and min(first, second):
                logs[row["source_language"]].append(math.log(first / second))
    return {tag: math.exp(median(each)) for tag, each in logs.items() if len(each) >= _PAIRS_FOR_A_MEDIAN}


def _reason(
    row: dict[str, Any], before: tuple[str, str], languages: dict[str, Language], usual_ratio: float | None, limits: Limits
) -> str:
    source, target = row["source_text"], row["target_text"]
    if _REPLACEMENT in before[0] or _REPLACEMENT in before[1]:
        return "replacement character"
    if not source or not target:
        return "empty side"
    if source == target:
        return "identical sides"
    if max(len(source), len(target)) > limits.max_characters:
        return "too long"
    mine, pivot = languages[row["source_language"]], languages[row["target_language"]]
    said, translated = language_only(source), language_only(target)
    if not letters(said) or not letters(translated):
        return "no letters"
    if not _long_enough(said, mine, translated, pivot, limits.min_words):
        return "too short"
    if script_share(said, mine.script) < limits.min_script_share:
        return "other script"
    if script_share(translated, pivot.script) < limits.min_script_share:
        return "other script in the pivot"
    if usual_ratio is None:
        return ""
    ratio = (len(source) + _SLACK_CHARACTERS) / (usual_ratio * len(target) + _SLACK_CHARACTERS)
    if max(ratio, 1 / ratio) > limits.max_length_ratio:
        return "length ratio"
    return ""


def _long_enough(source: str, mine: Language, target: str, pivot: Language, min_words: int) -> bool:
    if pivot.spaces:
        return count_words(target) >= min_words
    if mine.spaces:
        return count_words(source) >= min_words
    return letters(source) >= _LETTERS_PER_WORD * min_words and letters(target) >= _LETTERS_PER_WORD * min_words


def count_words(text: str) -> int:
    """Number of stretches between spaces that hold a letter; only for languages that are written with spaces.

    Example:
        >>> count_words("Přidaj 3 nowe strony – hižo nětko")
        5
    """
    return len(_WORD.findall(text))
