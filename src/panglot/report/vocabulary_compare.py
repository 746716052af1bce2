"""The report of a comparison of initialisations: who leads before training, and does the lead last?"""

from collections.abc import Collection
from typing import Any

from panglot import __version__
from panglot.artifacts import InputError, Step
from panglot.corpus.documents import Documents
from panglot.evaluation.bits_per_byte import METRIC
from panglot.evaluation.compare_trials import OVER, steps_of
from panglot.evaluation.results import Results, concatenate, write_table
from panglot.languages import Language
from panglot.report import account, wording
from panglot.report.comparison import describe, read_rows
from panglot.report.lineage import lineage
from panglot.report.page import CARD_FILE, FACTS_FILE, FORMAT, PAGE_FILE, Page, facts_json
from panglot.report.rendering import render
from panglot.report.text import markdown, shown
from panglot.report.trials_plot import trial_plot

KIND = "vocabulary-compare"
NONE = "none"
BASELINES = ("random", "mean")
LABELS = {
    "none": "No extension",
    "random": "Random",
    "mean": "Mean of all rows",
    "noisy_mean": "Noisy mean",
    "multivariate": "Multivariate",
    "subword_mean": "Subword mean",
    "merge_tree": "Merge tree",
    "align": "Align",
    "wechsel": "WECHSEL",
    "focus": "FOCUS",
    "ofa": "OFA",
    "convex_hull": "Convex hull",
    "omp": "OMP",
    "transmi": "TransMI",
}


def vocabulary_compare(
    *,
    compared: Results,
    trials: list[Results],
    text: Documents | None = None,
    language: Language | None = None,
    title: str = "",
    step: Step,
) -> Page:
    """Write the report of a comparison of initialisations.

    Args:
        compared: from `evaluation.compare_trials`.
        trials: the results that were compared, for the account of steps, seeds and costs.
        text: the text that was learnt; the language that it has most of comes first.
        language: the language that comes first, if it is another one.
        title: title of the page.

    Raises:
        InputError: the comparison is empty, or does not hold the language.
    """
    rows = read_rows(compared)
    steps_taken = lineage([*trials, compared])
    amounts = text.bytes if text is not None else {}
    measured = [tag for tag in sorted(amounts) if any(each["language"] == tag for each in rows)]
    most = max(measured, key=lambda tag: amounts[tag]) if measured else None
    facts = compare_facts(rows, language.tag if language else most, title, taught=amounts)
    facts["reproduce"] = account.reproduction(steps_taken)
    facts["seeds"] = sorted({each.manifest.seed for each in trials if each.manifest})
    facts["fell_short"] = _fell_short(trials, facts)
    facts["runs"] = _runs(trials)
    _add_runs(facts)
    (step.out / FACTS_FILE).write_text(facts_json(facts), encoding="utf-8")
    (step.out / PAGE_FILE).write_text(draw_compare(facts, account.cost(steps_taken)), encoding="utf-8")
    (step.out / CARD_FILE).write_text(
        f"# {markdown(facts['title'])}\n\n{markdown(facts['headline']['sentence'], 700)}\n", encoding="utf-8"
    )
    write_table(concatenate([compared, *trials]), step.out / "results.parquet")
    step.figures["headline"] = facts["headline"]["sentence"]
    return Page(step.out)


def compare_facts(
    rows: list[dict[str, Any]], language: str | None, title: str, *, taught: Collection[str] = ()
) -> dict[str, Any]:
    """Every figure of the page, from the rows of `evaluation.compare_trials`.

    Args:
        rows: of the result table.
        language: tag of the language that comes first; without it the one with the most documents.
        title: title of the page.
        taught: tags of the languages that were taught; without them the one that comes first.
    """
    if not rows:
        raise InputError("the comparison has no rows")
    tags = {each["language"]: each["n"] for each in rows}
    target = language or max(sorted(tags), key=lambda tag: tags[tag])
    if target not in tags:
        raise InputError(f"{target} was not measured", where="language", fix=f"measured were {', '.join(sorted(tags))}")
    steps = sorted({steps_of(each["metric"]) for each in rows})
    languages = []
    for tag in [target, *sorted(set(tags) - {target})]:
        found: dict[str, dict[str, Any]] = {each["condition"]: {} for each in rows if OVER not in each["condition"]}
        for each in rows:
            if each["language"] != tag:
                continue
            name, _, control = str(each["condition"]).partition(OVER)
            point = found[name].setdefault(str(steps_of(each["metric"])), {"over": {}})
            said = {"value": each["value"], "interval": [each["ci_low"], each["ci_high"]]}
            if control:
                point["over"][control] = {**said, "p": each["p_adjusted"]}
            else:
                point.update(said)
        last = str(steps[-1])
        arms = [
            {"name": name, "label": LABELS.get(name) or shown(name, 40), "kind": _kind(name), "points": points}
            for name, points in sorted(found.items(), key=lambda each: each[1][last]["value"])
        ]
        languages.append(
            {
                **describe(tag),
                "target": tag == target,
                "taught": tag in (taught or (target,)),
                "documents": tags[tag],
                "arms": arms,
            }
        )
    facts: dict[str, Any] = {
        "format": FORMAT,
        "kind": KIND,
        "title": title or "Initialisations compared",
        "language": describe(target),
        "steps": steps,
        "languages": languages,
        "headline": headline(languages, steps[-1]),
        "measure": {"signatures": sorted({str(each["signature"]) for each in rows if steps_of(each["metric"]) == steps[-1]})},
        "model": {"base": ""},
        "fell_short": [],
    }
    facts["summary"] = _summary(facts)
    return facts


def headline(languages: list[dict[str, Any]], last: int) -> dict[str, Any]:
    """What may be said: who leads before training, whether the lead lasts, and whether extension was worth it.

    Args:
        languages: as in the facts, the one that comes first being the subject; arms from the lowest to the highest at the end.
        last: the last number of steps.
    """
    arms = {each["name"]: each for each in languages[0]["arms"]}
    name = languages[0]["name"]
    control = next((each for each in BASELINES if each in arms), None)
    clever = [each for each in arms.values() if each["kind"] == "after"]
    if control is None or not clever:
        best = languages[0]["arms"][0]
        value = wording.number(best["points"][str(last)]["value"])
        sentence = f"{best['label']} ends lowest in {name}, at {value} bits per byte."
        return {"sentence": sentence, "more": _more(languages, arms, best, last)}
    against = "random rows" if control == "random" else "the mean of all rows"
    leader, before = _leader(clever, control, 0)
    then = f"after {wording.count(last, 'step')}"
    if before.verdict == "fell":
        after = _difference(leader["points"][str(last)]["over"].get(control))
        first = f"Before training {leader['label']} leads over {against} in {name} ({_facts(before)})"
        second = {
            "fell": f"{then} it still leads ({_facts(after)})",
            "rose": f"{then} it is behind ({_facts(after)})",
            "not shown": f"{then} its lead is not shown any more ({_facts(after)})",
        }[after.verdict]
        if after.verdict == "fell" and after.value > before.value:
            second += f", by {100 * after.value / before.value:.0f} % of what it was"
        if after.verdict != "fell":
            other, over = _leader(clever, control, last)
            second += f", and {other['label']} leads ({_facts(over)})" if over.verdict == "fell" else ""
    else:
        first = f"Before training no method leads over {against} in {name} (the lowest, {leader['label']}: {_facts(before)})"
        leader, after = _leader(clever, control, last)
        second = {
            "fell": f"{then} {leader['label']} leads ({_facts(after)})",
            "rose": f"{then} the lowest, {leader['label']}, is behind ({_facts(after)})",
            "not shown": f"{then} no lead is shown either (the lowest, {leader['label']}: {_facts(after)})",
        }[after.verdict]
    return {"sentence": f"{first}; {second}.", "more": _more(languages, arms, leader, last)}


def _leader(methods: list[dict[str, Any]], control: str, step: int) -> tuple[dict[str, Any], wording.Difference]:
    """The lowest of the methods that are shown to lead over a control; of all where none is."""
    over = {each["name"]: _difference(each["points"][str(step)]["over"].get(control)) for each in methods}
    lowest = min(methods, key=lambda each: (over[each["name"]].verdict != "fell", each["points"][str(step)]["value"]))
    return lowest, over[lowest["name"]]


def _more(languages: list[dict[str, Any]], arms: dict[str, Any], named: dict[str, Any], last: int) -> list[str]:
    """Further sentences.

    Args:
        languages: as in the facts.
        arms: of the first language, by name.
        named: the arm that the first sentence ends with.
        last: the last number of steps.
    """
    found = []
    best = languages[0]["arms"][0]
    if best["name"] not in (named["name"], NONE):
        found.append(f"{best['label']} ends lowest, at {wording.number(best['points'][str(last)]['value'])} bits per byte.")
    over_mean = named["points"][str(last)]["over"].get("mean")
    if over_mean is not None and "random" in arms and named["kind"] == "after":
        ends = _difference(over_mean)
        verdict = {"fell": "ends below", "rose": "ends above", "not shown": "is not shown to end apart from"}[ends.verdict]
        found.append(f"{named['label']} {verdict} the plain mean of all rows ({_facts(ends)}).")
    extended = next((each for each in languages[0]["arms"] if each["name"] != NONE), None)
    if NONE in arms and extended is not None:
        over = _difference(extended["points"][str(last)]["over"].get(NONE))
        said = {
            "fell": "Extension helps",
            "rose": "Extension hurts",
            "not shown": "Whether extension helps is not shown",
        }[over.verdict]
        found.append(f"{said} ({extended['label']} against the old vocabulary after the same text: {_facts(over)}).")
        for each in languages[1:]:
            arm = next((one for one in each["arms"] if one["name"] == extended["name"]), None)
            if arm is None:
                continue
            over = _difference(arm["points"][str(last)]["over"].get(NONE))
            if over.verdict != "not shown":
                word = "better" if over.verdict == "fell" else "worse"
                found.append(f"{each['name']} ends {word} than without extension ({_facts(over)}).")
    return found


def _difference(said: dict[str, Any] | None) -> wording.Difference:
    if said is None:
        return wording.Difference(0.0)
    return wording.Difference(said["value"], said["interval"][0], said["interval"][1], said["p"])


def _facts(said: wording.Difference) -> str:
    text = f"{wording.signed(said.value)}, 95 % interval {wording.interval(said.low, said.high)}"
    if said.verdict == "not shown" and said.low is not None and said.high is not None and (said.low > 0 or said.high < 0):
        text += f", corrected p = {wording.p_value(said.p)}"
    return text


def _kind(name: str) -> str:
    return "control" if name == NONE else "before" if name in BASELINES else "after"


def _fell_short(trials: list[Results], facts: dict[str, Any]) -> list[str]:
    """What makes the figures weaker than they look."""
    found = []
    if any(each.manifest is not None and each.manifest.figures.get("drawn_at_random") for each in trials):
        found.append(
            "The model has no head for predicting tokens, so one was drawn at random: the figures before training say how many "
            "tokens a text has, and nothing of what the model knows."
        )
    if len(facts["seeds"]) < 2:
        found.append("There is one seed, so the intervals hold the variance of the documents and not that of the training.")
    return found


def _runs(trials: list[Results]) -> dict[str, Any]:
    """Value of each run: by language, steps and arm."""
    found: dict[str, Any] = {}
    for each in trials:
        for row in read_rows(each):
            if str(row["metric"]).startswith(METRIC):
                place = found.setdefault(row["language"], {}).setdefault(str(steps_of(row["metric"])), {})
                place.setdefault(row["condition"], []).append(row["value"])
    return found


def _add_runs(facts: dict[str, Any]) -> None:
    runs = facts.pop("runs")
    for language in facts["languages"]:
        for arm in language["arms"]:
            for step, point in arm["points"].items():
                point["runs"] = runs.get(language["tag"], {}).get(step, {}).get(arm["name"], [point["value"]])


def _summary(facts: dict[str, Any]) -> dict[str, Any]:
    """What the terminal shows of the taught language."""
    steps = [str(each) for each in facts["steps"]]
    target = facts["languages"][0]
    control = next((each for each in BASELINES if any(arm["name"] == each for arm in target["arms"])), None)
    columns = ["arm", *("before" if each == "0" else f"after {each}" for each in steps)]
    columns += [f"over {control}", "95 % interval"] if control else []
    rows = []
    for arm in target["arms"]:
        row = [arm["label"], *(wording.number(arm["points"][each]["value"]) for each in steps)]
        if control:
            over = arm["points"][steps[-1]]["over"].get(control)
            row += [wording.signed(over["value"]), wording.interval(*over["interval"])] if over else ["–", "–"]
        rows.append(row)
    return {"columns": columns, "rows": rows}


def draw_compare(facts: dict[str, Any], cost: dict[str, Any] | None = None) -> str:
    """The page as HTML.

    Args:
        facts: as in `facts.json`.
        cost: from `account.cost`; without it the section is left out.
    """
    shown = sorted({0, facts["steps"][-1]} & set(facts["steps"]))
    plots = {
        each["tag"]: [trial_plot(each["arms"], shown, narrow=narrow) for narrow in (False, True)] for each in facts["languages"]
    }
    far = {tag: any(row.mark.beyond for panel in found[0].panels for row in panel.rows) for tag, found in plots.items()}
    kinds = list(dict.fromkeys(each["kind"] for each in facts["languages"][0]["arms"]))
    return render(
        "vocabulary_compare.html",
        facts=facts,
        cost=cost,
        plots=plots,
        far=far,
        kinds=[each for each in ("after", "before", "control") if each in kinds],
        version=__version__,
    )
