"""The report of a tokenizer: what each language pays, how its text is cut, which languages share pieces, what it costs."""

from collections.abc import Mapping, Sequence
from typing import Any

from panglot import __version__
from panglot.artifacts import Step
from panglot.corpus.documents import UNDETERMINED
from panglot.report import account
from panglot.report.comparison import describe
from panglot.report.lineage import lineage
from panglot.report.page import CARD_FILE, FACTS_FILE, FORMAT, PAGE_FILE, Page, facts_json
from panglot.report.rendering import render
from panglot.report.text import markdown
from panglot.report.vocabulary_plots import heat_map, price_plot
from panglot.report.vocabulary_tables import absences, change_table, nearest, price_table, table
from panglot.report.vocabulary_wording import headline, limits, summary
from panglot.vocabulary.measures import KINDS, Measures, against, represented

KIND = "vocabulary"
MARKS = ("before", "control", "relative", "after")
_EXAMPLES = 8
_MOST_IN_HEAT_MAP = 150
_CHANGE = "change"


def vocabulary_page(*, measures: Measures, title: str = "", step: Step) -> Page:
    """Write the report of one tokenizer, or of several side by side.

    Args:
        measures: from `vocabulary.measure`.
        title: title of the page.
        step: where to write.

    Raises:
        InputError: the measures are missing or damaged.
    """
    steps = lineage([measures])
    facts = vocabulary_facts(measures, title)
    facts["reproduce"] = account.reproduction(steps)
    (step.out / FACTS_FILE).write_text(facts_json(facts), encoding="utf-8")
    (step.out / PAGE_FILE).write_text(draw_vocabulary(facts, account.cost(steps)), encoding="utf-8")
    card = f"# {markdown(facts['title'])}\n\n{markdown(facts['headline']['sentence'], 600)}\n"
    (step.out / CARD_FILE).write_text(card, encoding="utf-8")
    step.figures["headline"] = facts["headline"]["sentence"]
    return Page(step.out)


def vocabulary_facts(measures: Measures, title: str = "") -> dict[str, Any]:
    """Every figure of the page.

    Args:
        measures: from `vocabulary.measure`.
        title: title of the page.
    """
    more = measures.more
    names = measures.tokenizers
    found: dict[str, dict[str, dict[str, dict[str, float | None]]]] = {}
    difference = against(names[0])
    for row in measures.rows:
        key = row["model"] + (f"/{_CHANGE}" if row["condition"] == difference else "")
        said = {"value": row["value"], "low": row["ci_low"], "high": row["ci_high"]}
        found.setdefault(row["language"], {}).setdefault(key, {})[row["metric"]] = said
    languages = []
    for each in more["languages"]:
        of = found[each["tag"]]
        figures = {name: of.get(name, {}) for name in names}
        languages.append(
            {
                **_described(each["tag"]),
                "documents": each["documents"],
                "characters": each["characters"],
                "parallel": each["parallel"],
                "figures": figures,
                "changes": {name: of.get(f"{name}/{_CHANGE}", {}) for name in names[1:]},
                "readable": {name: _readable(figures[name]) for name in names},
                "absent": more["absent"].get(each["tag"], {}),
            }
        )
    _tell_apart(languages)
    facts: dict[str, Any] = {
        "format": FORMAT,
        "kind": KIND,
        "title": title or f"What each language pays in {' and '.join(names)}",
        "tokenizers": more["tokenizers"],
        "reference": describe(more["reference"]),
        "price": more["price"],
        "languages": languages,
        "main": "premium" if _any_premium(languages, names[0], more["reference"]) else "tokens_per_character",
        "examples": _examples(more["examples"], languages, more["reference"], names),
        "overlap": {name: _overlap(measures, name, [each for each in languages if each["readable"][name]]) for name in names},
        "measure": {"signatures": _signatures(measures)},
        "model": {"base": ""},
        "fell_short": [],
    }  # fmt: skip
    if facts["main"] == "premium":
        # what stands beside each other says the same
        aligned = {each["tag"] for each in languages if each["parallel"]}
        facts["examples"] = [each for each in facts["examples"] if each["language"] in aligned]
    facts["headline"] = headline(facts)
    facts["summary"] = summary(facts)
    facts["limits"] = limits(facts)
    return facts


def draw_vocabulary(facts: dict[str, Any], cost: dict[str, Any] | None = None) -> str:
    """The page as HTML.

    Args:
        facts: as in `facts.json`.
        cost: from `account.cost`; without it the section is left out.
    """
    names = [each["name"] for each in facts["tokenizers"]]
    marks = _marks(names)
    labels = {each["tag"]: each for each in facts["languages"]}
    return render(
        "vocabulary_page.html",
        facts=facts,
        cost=cost,
        names=names,
        marks=marks,
        main=KINDS[facts["main"]],
        plots=[price_plot(facts, marks, narrow=narrow) for narrow in (False, True)],
        changes=change_table(facts) if len(names) > 1 else None,
        tables=[table(facts, name, number) for number, name in enumerate(names)],
        prices=[price_table(facts, name) for name in names] if facts["price"] else [],
        examples=[{**each, **labels[each["language"]], "cuts": each["cuts"]} for each in facts["examples"]],
        maps=[
            {"name": name, "map": heat_map(said, labels), "nearest": nearest(said, labels)}
            for name, said in facts["overlap"].items()
            if said
        ],
        absences=absences(facts["languages"]),
        kinds=KINDS,
        version=__version__,
    )


def _described(tag: str) -> dict[str, str]:
    return {**describe(tag), **({"name": "unknown language"} if tag == UNDETERMINED else {})}


def _any_premium(languages: Sequence[Mapping[str, Any]], name: str, reference: str) -> bool:
    return any("premium" in each["figures"][name] and each["tag"] != reference for each in languages)


def _marks(names: Sequence[str]) -> dict[str, str]:
    """Shapes and colours of the tokenizers in the plot: the last is what it is about, the first what it came from.

    Four can be told apart; of more, those after the third and before the last are left to the tables.
    """
    drawn = [*names[: len(MARKS) - 1], names[-1]] if len(names) > len(MARKS) else names
    shapes = {1: ("after",), 2: ("before", "after"), 3: ("before", "control", "after")}.get(len(drawn), MARKS)
    return dict(zip(drawn, shapes, strict=True))


def _readable(figures: Mapping[str, Mapping[str, float | None]]) -> bool:
    return represented({metric: value for metric, each in figures.items() if (value := each["value"]) is not None})


def _tell_apart(languages: list[dict[str, Any]]) -> None:
    """Put the tag's script behind the names of languages that are there in two scripts."""
    names = [each["name"] for each in languages]
    for each in languages:
        if names.count(each["name"]) > 1:
            each["name"] = f"{each['name']} ({each['tag'][4:]})"


def _signatures(measures: Measures) -> list[str]:
    """One for each measure that people quote, of the language with most documents."""
    quoted = ("premium", "fertility", "tokens_per_character")
    found: dict[str, tuple[int, str]] = {}
    for row in measures.rows:
        metric = row["metric"]
        if metric in quoted and not row["condition"] and row["ci_low"] is not None and row["n"] > found.get(metric, (0, ""))[0]:
            found[metric] = (row["n"], row["signature"])
    return [found[each][1] for each in quoted if each in found]


def _examples(
    examples: Sequence[dict[str, Any]], languages: Sequence[dict[str, Any]], reference: str, names: Sequence[str]
) -> list[dict[str, Any]]:
    """The same text in a few languages: the reference, the dearest, those that changed most, and a range of scripts."""
    by_language: dict[str, dict[str, Any]] = {}
    for each in examples:
        by_language.setdefault(each["language"], each)

    def paid(each: dict[str, Any]) -> float:
        found = each["figures"][names[-1]]
        said = found.get("premium") or found.get("tokens_per_character")
        return said["value"] if said else 0.0

    def changed(each: dict[str, Any]) -> float:
        said = each["changes"].get(names[-1], {}).get("tokens_change")
        return abs(said["value"]) if said else 0.0

    dear = sorted(languages, key=lambda each: (-paid(each), each["tag"]))
    clear = [each for each in dear if each["readable"][names[-1]]]
    moved = sorted((each for each in languages if changed(each) > 0.02), key=lambda each: (-changed(each), each["tag"]))
    wanted = [each["tag"] for each in [*moved[:2], *clear[:2]]]
    wanted += [each["tag"] for each in clear if each["direction"] == "rtl"][:1]
    wanted += [each["tag"] for each in clear if "fertility" in each["absent"]][:1]
    wanted += [each["tag"] for each in dear if not each["readable"][names[-1]]][:1]
    wanted += [each["tag"] for each in clear if each["tag"].endswith(("Deva", "Ethi", "Taml", "Khmr", "Thaa"))][:1]
    order = [tag for tag in dict.fromkeys([reference, *wanted, *(each["tag"] for each in dear)]) if tag in by_language]
    scripts: dict[str, str] = {}
    for tag in order[1:]:
        scripts.setdefault(tag.partition("_")[2], tag)
    kept = set(list(dict.fromkeys([*order[:1], *scripts.values(), *order]))[:_EXAMPLES])
    return [by_language[tag] for tag in order if tag in kept]


def _overlap(measures: Measures, name: str, languages: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Languages, neighbours together, and their overlap, 1 − divergence; None for one language or too many to draw.

    A language of which a tokenizer knows only digits and commas shares these with all others, so it is left out.
    """
    tags = sorted(each["tag"] for each in languages)
    if not 1 < len(tags) <= _MOST_IN_HEAT_MAP:
        return None
    place = {tag: number for number, tag in enumerate(tags)}
    divergence = [[0.0] * len(tags) for _ in tags]
    for each in measures.overlap().to_pylist():
        i, j = place.get(each["language"]), place.get(each["other"])
        if each["tokenizer"] == name and i is not None and j is not None:
            divergence[i][j] = divergence[j][i] = each["divergence"]
    order = _neighbours(divergence)
    return {
        "languages": [tags[i] for i in order],
        "overlap": [[round(1 - divergence[i][j], 4) for j in order] for i in order],
    }


def _neighbours(divergence: Sequence[Sequence[float]]) -> list[int]:
    """An order in which languages that share pieces stand together: average linkage, leaves ordered."""
    if len(divergence) < 3:
        return list(range(len(divergence)))
    import numpy as np
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    condensed = squareform(np.array(divergence), checks=False)
    return [int(each) for each in leaves_list(linkage(condensed, "average", optimal_ordering=True))]
