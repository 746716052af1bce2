"""Texts as examples: their tokens, cut to what fits into a row, with the words and the stretch of text that they are."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from panglot.artifacts import InputError
from panglot.objectives.contract import LanguageObjective
from panglot.objectives.example import Example, Located, Materials, Tokens
from panglot.objectives.units import word_numbers


def examples_of(
    materials: Materials, given: Sequence[Example], objective: LanguageObjective, *, limit: int, tokens: Tokens
) -> list[list[Example]]:
    """Texts as examples that fit into rows: for each text one or more, none for a text without tokens.

    A text that does not fit goes on in the next example, and only its last one ends the document. A pair is one example: each
    side that does not fit is cut at its end, because nobody knows which part of the one translates which of the other.

    Args:
        materials: the tokenizer.
        given: texts with their languages, and with their translations for objectives that read pairs; without ids.
        objective: what they are for.
        limit: most tokens in a row.
        tokens: facts of the tokenizer.

    Raises:
        InputError: a row has no room for text; text without a translation, for an objective that reads pairs.
    """
    room = objective.room(limit, tokens)
    if room < 1:
        raise InputError(
            f"rows of {limit} tokens have no room for text under {objective.objective}",
            where="sequence_length",
            fix="allow longer rows",
        )
    pairs = objective.reads == "pairs"
    texts = [each.text for each in given] + ([objective.pair(each).text for each in given] if pairs else [])
    if objective.needs_words:
        if materials.locate is None:
            raise InputError(f"{objective.objective} needs a tokenizer that says which characters its tokens stand for")
        located = materials.locate(texts)
        numbers = word_numbers(texts, [spans for _, spans in located])
    else:
        located = [(ids, []) for ids in materials.encode(texts)]
        numbers = [[] for _ in located]
    found: list[list[Example]] = []
    for at, each in enumerate(given):
        stretches = list(_stretches(each, located[at], numbers[at], room))
        if pairs:
            there = at + len(given)
            other = list(_stretches(objective.pair(each), located[there], numbers[there], room))[:1]
            stretches = [replace(stretches[0], last=True, other=replace(other[0], last=True))] if stretches and other else []
        found.append(stretches)
    return found


def _stretches(whole: Example, located: Located, numbers: Sequence[int], room: int) -> Iterator[Example]:
    ids, spans = located
    for start in range(0, len(ids), room):
        end = min(start + room, len(ids))
        last = whole.last and end == len(ids)
        if not spans:
            yield replace(whole, ids=ids[start:end], last=last, text=whole.text if end - start == len(ids) else "", other=None)
            continue
        # white space that no token stands for goes with what comes after it
        first = spans[start - 1][1] if start else 0
        final = len(whole.text) if end == len(ids) else spans[end - 1][1]
        first = min(first, spans[start][0])
        yield replace(
            whole,
            ids=ids[start:end],
            last=last,
            text=whole.text[first:final],
            other=None,
            words=[each - numbers[start] for each in numbers[start:end]],
            spans=[(max(0, a - first), max(0, b - first)) for a, b in spans[start:end]],
        )
