"""What a model answered, read from the text that it wrote: a number, a letter, one of several options."""

import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal

import regex

from panglot.evaluation.formulas import last_boxed
from panglot.evaluation.prompts.words import Words

Rule = Literal["last", "first"]

_CONTROLS = regex.compile(r"[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
_SPACES = "\u00a0\u202f\u2009"
_SAME = str.maketrans({"٫": ".", "٬": ",", "，": ",", "．": ".", "−": "-", "－": "-", "’": "'"})
# a mark belongs to a number only between digits; a blank only before just three of them
_NUMBER = regex.compile(rf"(?<![\d\p{{L}}])-?\d+(?:[.,'{_SPACES}]\d+|[ ]\d{{3}}(?!\d))*")


def parse_number(text: str, words: Words, *, chain: Words | None = None, rule: Rule = "last") -> Decimal | None:
    """The number that answers, whatever digits it is written in.

    The first number behind the last marker ("The answer is", in the language of the chain or of the question) counts. Without a
    marker it is the last number of the text, or the first. Digits of every script are read. Marks are read as the
    language writes them, where the number allows: `1.500` is 1500 in German and 1.5 in English, `3.5` is 3.5 in both, since no
    group has one digit. Where both marks stand in a number, the last one is the decimal mark, whatever the language. A number
    of the form `1,00,000` is one.

    Args:
        text: what the model wrote.
        words: language of the question.
        chain: language of the chain of thought, if it is another.
        rule: which number counts where no marker stands.

    Returns:
        The number; None where there is none. Number words and Chinese numerals are not read.

    Example:
        >>> parse_number("৫ + ৬ = ১১। উত্তর হল ১১।", Words.of("ben_Beng"))
        Decimal('11')
        >>> parse_number("Die Antwort lautet 1.500 €, nicht 2.000.", Words.of("deu_Latn"))
        Decimal('1500')
    """
    of = chain or words
    numbers = _numbers(_behind_marker(text, _markers(words, chain)) or "", of)
    if numbers:
        return numbers[0]
    numbers = _numbers(text, of)
    return (numbers[-1] if rule == "last" else numbers[0]) if numbers else None


def parse_letter(text: str, letters: Sequence[str], *, markers: Iterable[str] = (), rule: Rule = "last") -> int | None:
    """Number (from 0) of the option whose letter the text names; None where it names none.

    A letter counts that stands alone, in brackets, before `.`, `)` or `:`, at the end of a line, or just behind a marker;
    so the English article in "A dog" is no answer. Latin letters are read too where the options have others and none of
    these stands there.

    Example:
        >>> parse_letter("A dog barks, so (C) is right.", "ABCD"), parse_letter("คำตอบคือ ข", "กขคง", markers=["คำตอบคือ"])
        (2, 1)
        >>> parse_letter("A dog barks.", "ABCD") is None
        True
    """
    found = _letter(text, letters, markers, rule)
    latin = [chr(ord("A") + n) for n in range(len(letters))]
    return _letter(text, latin, markers, rule) if found is None and list(letters) != latin else found


def parse_option(text: str, options: Sequence[str], *, markers: Iterable[str] = (), rule: Rule = "last") -> int | None:
    """Number (from 0) of the option whose text stands in what the model wrote; None where none does.

    Compared without regard to case, Unicode form and doubled blanks. Of options that contain one another the longest
    counts, and in scripts with blanks an option counts as whole words only.

    Example:
        >>> parse_option("It is not true; it is untrue.", ["true", "untrue"])
        1
        >>> parse_option("不是", ["是", "不是"])
        1
    """
    plain = [_plain(each) for each in options]
    ordered = sorted((each for each in plain if each), key=len, reverse=True)
    if not ordered:
        return None
    pattern = regex.compile("|".join(_bounded(each) for each in ordered))
    for part in (_behind_marker(text, markers), text):
        hits = [each.group() for each in pattern.finditer(_plain(part or ""))]
        if hits:
            return plain.index(hits[0] if part is not text or rule == "first" else hits[-1])
    return None


def parse_literal(text: str, words: Words, *, chain: Words | None = None) -> str | None:
    """The answer as it stands: what follows the last marker ("the answer is") on its line, or on the next one with text.

    An answer that a chain of thought says on its way does not count, as it does for a search for the first marker. Without a
    marker there is no answer at the end of a chain; where the answer was asked for directly it is the first line with text.

    Args:
        text: what the model wrote.
        words: language of the question.
        chain: language of the chain of thought; None where there is none.

    Example:
        >>> english = Words.of("eng_Latn")
        >>> parse_literal("If the answer is (A), 2 < 1. So the answer is (B).", english, chain=english)
        '(B).'
        >>> parse_literal("Hm. (A)?", english, chain=english) is None
        True
    """
    behind = _behind_marker(text, _markers(words, chain))
    said = behind if behind is not None and behind.strip(" \t\n:：*") else text if chain is None else ""
    lines = [each.strip() for each in said.splitlines()]
    return next((each for each in lines if each.strip(":：* ")), None)


def parse_formula(text: str, words: Words, *, chain: Words | None = None) -> str | None:
    r"""The formula that answers: in the last box whose braces close, or behind the last marker, whichever stands later.

    Behind a marker ("The answer is") it is what stands between dollar signs, or the first sentence. Without both there is no
    answer at the end of a chain of thought; where the answer was asked for directly it is the first line with text.

    Args:
        text: what the model wrote.
        words: language of the question.
        chain: language of the chain of thought; None where there is none.

    Example:
        >>> english = Words.of("eng_Latn")
        >>> parse_formula(r"So $\boxed{\frac{1}{2}}$ of it.", english, chain=english)
        '\\frac{1}{2}'
        >>> parse_formula("The final answer is $[2,5)$. I hope it is correct.", english, chain=english)
        '[2,5)'
    """
    text = _CONTROLS.sub("", text)
    boxed, behind = last_boxed(text), _behind_marker(text, _markers(words, chain))
    found = None if behind is None else _formula_of(behind)
    if boxed is not None and (not found or behind is None or boxed[0] >= len(text) - len(behind)):
        return boxed[1].strip()
    return found if found or chain is not None else _formula_of(text)


def parse_calls(text: str) -> str | None:
    """The calls of functions that a model wrote: its whole text, or its beginning up to a blank line, or its first line.

    The first of these that holds calls and nothing else counts (`panglot.evaluation.metrics.calls`), so that a model which
    goes on writing is read too. Where none does, the whole text is the answer; None where there is none.

    Example:
        >>> parse_calls(' [f(x=1)]\\nQuestion: next'), parse_calls("I would call f(x=1).")
        ('[f(x=1)]', 'I would call f(x=1).')
    """
    from panglot.evaluation.metrics.calls import calls_of

    whole = text.strip()
    beginnings = (whole, whole.partition("\n\n")[0], whole.partition("\n")[0])
    return next((each for each in beginnings if each and calls_of(each) is not None), whole or None)


def _formula_of(text: str) -> str | None:
    line = next((each.strip(" :：*") for each in text.splitlines() if each.strip(" :：*")), "")
    between = regex.search(r"\$+([^$]+)\$|\\\((.+?)\\\)", line)
    if between:
        return str(between[1] or between[2]).strip()
    return str(regex.split(r"[.。।۔።](?=\s|$)", line)[0]).strip() or None


def _markers(words: Words, chain: Words | None) -> list[str]:
    both = [each for each in (chain, words) if each is not None]
    return [word.text for each in both for name, word in each.words.items() if name.startswith("the_answer_is")]


def _behind_marker(text: str, markers: Iterable[str]) -> str | None:
    lower = _CONTROLS.sub("", text).lower()
    # lower() may change a text's length (İ): then places in it would not be places in the text
    whole = _CONTROLS.sub("", text)
    searched = lower if len(lower) == len(whole) else whole
    ends = [searched.rfind(each.lower()) + len(each) for each in markers if each.lower() in searched]
    return whole[max(ends) :] if ends else None


def _letter(text: str, letters: Sequence[str], markers: Iterable[str], rule: Rule) -> int | None:
    one = "|".join(regex.escape(each) for each in sorted(letters, key=len, reverse=True))
    behind = _behind_marker(text, markers)
    if behind is not None:
        near = regex.match(rf"[\s:：\p{{P}}]*({one})(?![\p{{L}}\p{{M}}\p{{N}}])", behind)
        if near:
            return list(letters).index(near.group(1))
    alone = regex.compile(rf"(?<![\p{{L}}\p{{M}}\p{{N}}])({one})(?=[.):：。）]|\s*$)", regex.MULTILINE)
    hits = [each.group(1) for each in alone.finditer(_CONTROLS.sub("", text))]
    return list(letters).index(hits[-1] if rule == "last" else hits[0]) if hits else None


def _plain(text: str) -> str:
    return str(regex.sub(r"\s+", " ", unicodedata.normalize("NFKC", _CONTROLS.sub("", text)).casefold())).strip()


def _bounded(option: str) -> str:
    spaced = regex.fullmatch(r"[^\p{Han}\p{Hira}\p{Kana}\p{Thai}\p{Laoo}\p{Khmr}\p{Mymr}]*", option) is not None
    return rf"(?<![\p{{L}}\p{{M}}]){regex.escape(option)}(?![\p{{L}}\p{{M}}])" if spaced else regex.escape(option)


def _numbers(text: str, words: Words) -> list[Decimal]:
    plain = _CONTROLS.sub("", text).translate(_SAME)
    digits = "".join(str(unicodedata.decimal(each)) if each.isdecimal() else each for each in plain)
    return [each for found in _NUMBER.findall(digits) for each in _read(found, words)]


def _read(token: str, words: Words) -> list[Decimal]:
    sign = "-" if token.startswith("-") else ""
    parts = regex.split(rf"([.,'{_SPACES} ])", token.lstrip("-"))
    groups, marks = parts[::2], ["␣" if each in _SPACES + " " else each for each in parts[1::2]]
    decimal, group = words.decimal, "␣" if words.group in _SPACES + " " else words.group
    if not marks:
        return [Decimal(sign + groups[0])]
    whole = sign + "".join(groups)
    fraction = Decimal(f"{sign}{''.join(groups[:-1])}.{groups[-1]}")
    if len(set(marks)) == 1:
        mark, grouped = marks[0], _grouped(groups)
        if len(marks) > 1 or mark in ("␣", "'"):
            return [Decimal(whole)] if grouped else [Decimal(each) for each in groups]
        return [Decimal(whole)] if grouped and mark == group and mark != decimal else [fraction]
    if marks[-1] in ".," and marks.count(marks[-1]) == 1 and len(set(marks[:-1])) == 1 and _grouped(groups[:-1]):
        return [fraction]
    return [Decimal(each) for each in groups]


def _grouped(groups: Sequence[str]) -> bool:
    """Whether digits stand in groups of three, or as in India of two and a last one of three."""
    first, *middle, last = groups
    return len(first) <= 3 and first != "" and len(last) == 3 and all(len(each) in (2, 3) for each in middle)
