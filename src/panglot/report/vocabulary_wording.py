"""What may be said of a tokenizer's measures: the headline, the table of the terminal, the limits."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from panglot.report import wording
from panglot.vocabulary.measures import KINDS, Kind

_SAME_TEXTS = 0.01


def figure(kind: Kind, value: float | None, *, sign: bool = False) -> str:
    r"""A value of a measure for people: shares in percent, large counts with separators.

    Example:
        >>> figure(KINDS["unknown"], 0.0312), figure(KINDS["pieces"], 5905), figure(KINDS["premium"], 0.25, sign=True)
        ('3.12\xa0%', '5,905', '+0.25')
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
    blind = [each for each in languages if not each["readable"][names[-1]]]
    if blind:
        worst = sorted((each["figures"][names[-1]]["coverage"]["value"], each["name"]) for each in blind)
        said = ", ".join(f"{name} ({figure(_SHORT, share)} of its characters)" for share, name in worst[:3])
        rest = f" and {len(blind) - 3} more" if len(blind) > 3 else ""
        found.append(f"Not represented whole, so that what they seem to pay means nothing: {said}{rest}.")
    return {"sentence": sentence or paid, "more": found}


_SHORT = Kind("", "", 0, True)


def _paid(name: str, facts: Mapping[str, Any]) -> tuple[str, list[str]]:
    languages, reference = facts["languages"], facts["reference"]
    clear = [each for each in languages if each["readable"][name] and each["tag"] != reference["tag"]]
    if facts["main"] == "premium":
        paying = sorted(
            (each for each in clear if "premium" in each["figures"][name]),
            key=lambda each: (-each["figures"][name]["premium"]["value"], each["tag"]),
        )
        if not paying:
            return f"No language is represented whole in {name}, so nothing can be said of prices.", []
        top, said = paying[0], paying[0]["figures"][name]["premium"]
        sentence = (
            f"{top['name']} pays {said['value']:.2f} times what {reference['name']} pays in {name}{_between(said)}."
            if said["value"] > 1
            else f"No language pays more than {reference['name']} in {name}; "
            f"{top['name']} pays {said['value']:.2f} times as much."
        )
        more = [each for each in paying if (each["figures"][name]["premium"]["low"] or 0) > 1]
        half = median(each["figures"][name]["premium"]["value"] for each in paying)
        told = f"Of {len(paying)} languages that it represents, {len(more)} pay more than {reference['name']}; "
        told += f"the median is {half:.2f}."
        return sentence, [told] if len(paying) > 1 else []
    finest = sorted(clear or languages, key=lambda each: (-_characters(each, name)["value"], each["tag"]))[0]
    said = _characters(finest, name)
    sentence = f"{finest['name']} takes {said['value']:.3f} tokens per character in {name}{_between(said, 3)}."
    if len(languages) > 1:
        sentence = sentence.removesuffix(".") + f", the most of {wording.count(len(languages), 'language')}."
    return sentence, ["Without parallel text in a reference language, prices of different languages cannot be compared."]


def _characters(each: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = each["figures"][name].get("tokens_per_character")
    return dict(found) if found else {"value": 0.0, "low": None, "high": None}


def _changed(names: Sequence[str], languages: Sequence[Mapping[str, Any]]) -> tuple[str, list[str]]:
    """From the first tokenizer to the last: who takes fewer tokens, who can be read now, who did not notice."""
    first, last = names[0], names[-1]
    changes = [(each, each["changes"][last]["tokens_change"]) for each in languages if "tokens_change" in each["changes"][last]]
    fair = [(each, said) for each, said in changes if each["readable"][first] and each["readable"][last]]
    sure = [(each, said) for each, said in fair if said["low"] is not None and (said["high"] < 0 or said["low"] > 0)]
    learnt = [each for each in languages if each["readable"][last] and not each["readable"][first]]
    forgot = [each for each in languages if each["readable"][first] and not each["readable"][last]]
    more = []
    if learnt:
        said = wording.listed(
            [
                f"{each['name']} (unknown tokens from {figure(KINDS['unknown'], each['figures'][first]['unknown']['value'])} "
                f"to {figure(KINDS['unknown'], each['figures'][last]['unknown']['value'])})"
                for each in learnt[:3]
            ]
        )
        more.append(f"Now represented whole: {said}{f' and {len(learnt) - 3} more' if len(learnt) > 3 else ''}.")
    if forgot:
        said = wording.listed([each["name"] for each in forgot[:3]])
        more.append(f"No longer represented whole: {said}{f' and {len(forgot) - 3} more' if len(forgot) > 3 else ''}.")
    same = [each for each, _ in changes if each["changes"][last]["texts_changed"]["value"] <= _SAME_TEXTS]
    if same:
        word = "languages" if len(same) > 1 else "language"
        more.append(f"{len(same)} {word} of {len(changes)} hardly notice: at most 1 % of their texts are cut otherwise.")
    if not sure:
        return f"No language is shown to take more or fewer tokens with {last} than with {first}.", more
    top, said = min(
        sure, key=lambda each: (each[1]["value"] if each[1]["value"] < 0 else 1 / (1 + each[1]["value"]), each[0]["tag"])
    )
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
    """The table of the terminal: columns and rows of plain strings; a column without any figure is left out."""
    names = [each["name"] for each in facts["tokenizers"]]
    last, main = names[-1], facts["main"]
    shown = ["fertility", "tokens_per_character", "premium", "unknown", "cost_of_characters"]
    heads = {"fertility": "tokens/word", "tokens_per_character": "tokens/char", "premium": "premium", "unknown": "unknown"}
    currency = (facts["price"] or {}).get("currency", "")
    columns: dict[str, list[str]] = {"language": []}

    def order(each: Mapping[str, Any]) -> tuple[float, str]:
        said = each["figures"][last].get(main)
        return (-said["value"] if said else 0.0, each["tag"])

    languages = sorted(facts["languages"], key=order)
    columns["language"] = [each["name"] + ("" if each["readable"][last] else " *") for each in languages]
    for metric in shown:
        head = heads.get(metric, f"{currency}/M chars")
        for name in dict.fromkeys((names[0], last)):
            label = head if len(names) == 1 else f"{head} {'before' if name == names[0] else 'after'}"
            if len(names) > 1 and metric not in ("tokens_per_character", "unknown"):
                if name != last:
                    continue
                label = head
            columns[label] = [_said(each["figures"][name], metric) for each in languages]
    if len(names) > 1:
        columns["tokens"] = [_said(each["changes"][last], "tokens_change", sign=True) for each in languages]
        columns["cut otherwise"] = [_said(each["changes"][last], "texts_changed") for each in languages]
    kept = {head: cells for head, cells in columns.items() if any(each != "–" for each in cells)}
    return {"columns": list(kept), "rows": [list(row) for row in zip(*kept.values(), strict=True)]}


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
