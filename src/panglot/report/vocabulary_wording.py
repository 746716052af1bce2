"""What may be said of a tokenizer's measures: the headline, the table of the terminal, the limits."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import inf, log
from statistics import median
from typing import Any

from panglot.report import wording
from panglot.vocabulary.measures import KINDS, Kind

_SAME_TEXTS = 0.01
_MOST_ROWS, _DEAREST, _CHEAPEST, _UNREADABLE = 24, 12, 6, 3


def figure(kind: Kind, value: float | None, *, sign: bool = False) -> str:
    """A value of a measure for people: shares in percent, large counts with separators.

    Example:
        >>> figure(KINDS["unknown"], 0.0312), figure(KINDS["pieces"], 5905), figure(KINDS["premium"], 0.25, sign=True)
        ('3.12\\xa0%', '5,905', '+0.25')
    """
    if value is None:
        return "–"
    if kind.share:
        return (wording.signed if sign else wording.number)(100 * value, kind.decimals) + "\N{NO-BREAK SPACE}%"
    if kind.decimals == 0:
        return f"{value:+,.0f}".replace("-", "\N{MINUS SIGN}") if sign else f"{value:,.0f}"
    return (wording.signed if sign else wording.number)(value, kind.decimals)


def headline(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The sentences at the top. A language that a tokenizer cannot represent is never said to be cheap.

    Args:
        facts: `tokenizers`, `languages`, `reference`, `main`.
    """
    names = [each["name"] for each in facts["tokenizers"]]
    languages = facts["languages"]
    sentence, more = _changed(names, languages) if len(names) > 1 else ("", [])
    paid, paid_more = _paid(names[-1], facts)
    found = [*more, paid, *paid_more] if sentence else [*more, *paid_more]
    if told := _blind(names[-1], languages):
        found.append(told)
    return {"sentence": sentence or paid, "more": found}


_SHORT = Kind("", "", 0, True)
_NAMED = 3


def _value(figures: Mapping[str, Mapping[str, float | None]], metric: str) -> float:
    return (figures.get(metric) or {}).get("value") or 0.0


def _blind(name: str, languages: Sequence[Mapping[str, Any]]) -> str:
    """Which languages a tokenizer cannot represent, those of which it knows least first."""
    worst = []
    for each in languages:
        if not each["readable"][name]:
            of = each["figures"][name]
            worst.append((_value(of, "coverage"), -_value(of, "unknown"), each["name"], _known(of)))
    if not worst:
        return ""
    said = _some([f"{label} ({share})" for _, _, label, share in sorted(worst)])
    return (
        f"Not represented whole (*), so that what {'they seem' if len(worst) > 1 else 'it seems'} to pay means nothing: {said}."
    )


def _known(figures: Mapping[str, Mapping[str, float | None]]) -> str:
    """How much of a language is represented: of its characters, or where all are known, of the tokens."""
    known = _value(figures, "coverage")
    unknown = figure(_SHORT, _value(figures, "unknown"))
    return f"{figure(_SHORT, known)} of its characters" if known < 0.99 else f"{unknown} unknown tokens"


def _some(names: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    rest = len(names) - _NAMED
    return wording.listed([*names[:_NAMED], f"{rest} more"]) if rest > 0 else wording.listed(list(names))


def _paid(name: str, facts: Mapping[str, Any]) -> tuple[str, list[str]]:
    languages, reference = facts["languages"], facts["reference"]
    clear = [each for each in languages if each["readable"][name]]
    if facts["main"] == "premium":
        if not any(each["tag"] == reference["tag"] for each in clear):
            return f"{reference['name']} is not represented whole in {name}, so nothing can be said of prices.", []
        paying = sorted(
            (each for each in clear if "premium" in each["figures"][name] and each["tag"] != reference["tag"]),
            key=lambda each: (-each["figures"][name]["premium"]["value"], each["tag"]),
        )
        if not paying:
            return f"No language but {reference['name']} is represented whole in {name}: nothing can be said of prices.", []
        top, said = paying[0], paying[0]["figures"][name]["premium"]
        sentence = (
            f"{top['name']} pays {said['value']:.2f} times what {reference['name']} pays in {name}{_between(said)}."
            if said["value"] > 1
            else f"No language pays more than {reference['name']} in {name}; "
            f"{top['name']} pays {said['value']:.2f} times as much."
        )
        more = [each for each in paying if (each["figures"][name]["premium"]["low"] or 0) > 1]
        half = median(each["figures"][name]["premium"]["value"] for each in paying)
        told = (
            f"All {len(paying)} other languages that it represents pay more than {reference['name']}"
            if len(more) == len(paying)
            else f"Of {len(paying)} other languages that it represents, {len(more) or 'none'} "
            f"{'pays' if len(more) < 2 else 'pay'} more than {reference['name']}"
        )
        return sentence, [f"{told}; the median is {half:.2f}."] if len(paying) > 1 else []
    if not clear:
        return f"No language is represented whole in {name}, so nothing can be said of prices.", []
    finest = sorted(clear, key=lambda each: (-_characters(each, name)["value"], each["tag"]))[0]
    said = _characters(finest, name)
    sentence = f"{finest['name']} takes {said['value']:.3f} tokens per character in {name}{_between(said, 3)}."
    if len(clear) > 1:
        whole = " that it represents whole" if len(clear) < len(languages) else ""
        sentence = sentence.removesuffix(".") + f", the most of {wording.count(len(clear), 'language')}{whole}."
    if len(languages) == 1:
        return sentence, []
    return sentence, ["Without parallel text in a reference language, prices of different languages cannot be compared."]


def _characters(each: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = each["figures"][name].get("tokens_per_character")
    return dict(found) if found else {"value": 0.0, "low": None, "high": None}


def _changed(names: Sequence[str], languages: Sequence[Mapping[str, Any]]) -> tuple[str, list[str]]:
    """From the first tokenizer to the last: whose tokens change most, who can be read now, who did not notice."""
    first, last = names[0], names[-1]
    changes = [(each, each["changes"][last]["tokens_change"]) for each in languages if "tokens_change" in each["changes"][last]]
    fair = [(each, said) for each, said in changes if each["readable"][first] and each["readable"][last]]
    sure = [(each, said) for each, said in fair if said["low"] is not None and (said["high"] < 0 or said["low"] > 0)]
    learnt = [each for each in languages if each["readable"][last] and not each["readable"][first]]
    forgot = [each for each in languages if each["readable"][first] and not each["readable"][last]]
    more = []
    if learnt:
        told = _some([f"{each['name']} (with {first} {_known(each['figures'][first])})" for each in learnt])
        more.append(f"Represented whole with {last} only: {told}.")
    if forgot:
        more.append(f"Represented whole with {first} only: {_some([each['name'] for each in forgot])}.")
    same = [each for each, _ in changes if _value(each["changes"][last], "texts_changed") <= _SAME_TEXTS]
    if same:
        more.append(
            f"{len(same)} {'languages' if len(same) > 1 else 'language'} of {len(changes)} hardly "
            f"{'notice' if len(same) > 1 else 'notices'}: at most 1 % of the texts are cut otherwise."
        )
    if not sure:
        return f"No language is shown to take more or fewer tokens with {last} than with {first}.", more
    fewer = sum(said["value"] < 0 for _, said in sure)
    if len(fair) > 1:
        more.insert(
            0,
            f"Of {len(fair)} languages that both represent, {fewer or 'none'} {'takes' if fewer < 2 else 'take'} fewer tokens, "
            f"{len(sure) - fewer or 'none'} more.",
        )
    top, said = max(sure, key=lambda each: (abs(log(1 + each[1]["value"])) if each[1]["value"] > -1 else inf, each[0]["tag"]))
    kind = KINDS["tokens_change"]
    word = "fewer" if said["value"] < 0 else "more"
    low, high = sorted((abs(said["low"]), abs(said["high"])))
    sentence = (
        f"{top['name']} takes {figure(kind, abs(said['value']))} {word} tokens with {last} than with {first} "
        f"(95 % interval {figure(kind, low)} to {figure(kind, high)})."
    )
    return sentence, more


def _between(said: Mapping[str, float | None], decimals: int = 2) -> str:
    if said["low"] is None:
        return ""
    return f" (95 % interval {wording.interval(said['low'], said['high'], decimals, sign=False)})"


def summary(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The table of the terminal: columns and rows of plain strings; a column without any figure is left out.

    Of more than 24 languages it shows the dearest and the cheapest, and a few of those that are not represented (`*`).
    With several tokenizers a cell goes from the first to the last.
    """
    names = [each["name"] for each in facts["tokenizers"]]
    first, last, main = names[0], names[-1], facts["main"]
    shown = _few(facts["languages"], last, main)
    currency = (facts["price"] or {}).get("currency", "")
    heads = {"premium": "premium", "tokens_per_character": "tokens/char", "fertility": "tokens/word", "unknown": "unknown",
             "cost_of_characters": f"{currency}/M chars"}  # fmt: skip
    columns: dict[str, list[str]] = {"language": [each if isinstance(each, str) else _row_name(each, last) for each in shown]}

    def column(head: str, cell: Callable[[Mapping[str, Any]], str]) -> None:
        columns[head] = ["" if isinstance(each, str) else cell(each) for each in shown]

    if len(names) > 1:
        # what follows from other columns is left out, so that a line is no wider than a terminal
        heads.pop("tokens_per_character" if main == "premium" else "premium")
        heads.pop("fertility")
        column("tokens", lambda each: _said(each["changes"][last], "tokens_change", sign=True))
    for metric, head in heads.items():
        column(head, partial(_both, metric=metric, first=first, last=last))
    if len(names) > 1:
        column("cut anew", lambda each: _said(each["changes"][last], "texts_changed"))
    kept = {head: cells for head, cells in columns.items() if any(each not in ("–", "") for each in cells)}
    return {"columns": list(kept), "rows": [list(row) for row in zip(*kept.values(), strict=True)]}


def _few(languages: Sequence[Mapping[str, Any]], name: str, main: str) -> list[Mapping[str, Any] | str]:
    """The languages of the table of the terminal, dearest first; a string stands for those left out."""
    whole = [each for each in languages if each["readable"][name]]
    whole.sort(key=lambda each: (-_value(each["figures"][name], main), each["tag"]))
    blind = [each for each in languages if not each["readable"][name]]
    blind.sort(key=lambda each: (_value(each["figures"][name], "coverage"), each["tag"]))
    if len(languages) <= _MOST_ROWS:
        return [*whole, *blind]
    found: list[Mapping[str, Any] | str] = [*whole]
    if (between := len(whole) - _DEAREST - _CHEAPEST) > 1:
        found = [*whole[:_DEAREST], f"… {between} between", *whole[-_CHEAPEST:]]
    if (left := len(blind) - _UNREADABLE) > 1:
        return [*found, *blind[:_UNREADABLE], f"… {left} more *"]
    return [*found, *blind]


def _both(each: Mapping[str, Any], *, metric: str, first: str, last: str) -> str:
    return from_to(_said(each["figures"][first], metric), _said(each["figures"][last], metric))


def _row_name(each: Mapping[str, Any], name: str) -> str:
    return str(each["name"]) + ("" if each["readable"][name] else " *")


def from_to(first: str, last: str) -> str:
    """Two figures, or the one where they are the same.

    Example:
        >>> from_to("1.46", "4.69"), from_to("–", "–")
        ('1.46 → 4.69', '–')
    """
    if first == last:
        return last
    return f"{without_unit(first) if last.endswith('%') else first} → {last}"


def without_unit(said: str) -> str:
    """A figure without its percent sign, where another one follows that has it."""
    return said.removesuffix("\N{NO-BREAK SPACE}%")


def _said(figures: Mapping[str, Mapping[str, float | None]], metric: str, *, sign: bool = False) -> str:
    return figure(KINDS[metric], figures[metric]["value"], sign=sign) if metric in figures else "–"


def limits(facts: Mapping[str, Any]) -> list[str]:
    """What the page does not show."""
    found = [
        "Fewer tokens are cheaper and leave more room; "
        "whether a model understands a language better does not follow from them.",
        "Intervals say how figures would vary over other documents of this kind. Text of another kind, such as speech or code, "
        "has other figures.",
    ]
    if any("fertility" in each["absent"] for each in facts["languages"]):
        found.append(
            "Tokens per word are given only where a script puts spaces between words; a word is a run of letters, marks and "
            "digits."
        )
    if facts["main"] != "premium":
        found.append("Characters of different scripts hold different amounts of meaning: tokens per character are no price.")
    else:
        found.append("Translations can be longer than what they translate for reasons that no tokenizer can help.")
    documents = {each["documents"] for each in facts["languages"]}
    found.append(
        "Pieces used, effective pieces, average rank and overlap grow with the text"
        + (", which has unequal numbers of documents here: compare them with care." if len(documents) > 1 else ".")
    )
    return found
