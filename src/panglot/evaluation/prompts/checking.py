"""Find wrong, missing or unfair prompts before they cost a run."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from panglot.artifacts import InputError
from panglot.evaluation.prompts import check_words
from panglot.evaluation.prompts.binding import for_task
from panglot.evaluation.prompts.check_words import Encode, Finding, Severity, Told
from panglot.evaluation.prompts.families import Asked, Family, TemplateText, family, family_of
from panglot.evaluation.prompts.specimen import specimen_item
from panglot.evaluation.prompts.template import Template
from panglot.evaluation.prompts.words import Words
from panglot.evaluation.prompts.words import languages as packaged
from panglot.evaluation.tasks.item import Item
from panglot.languages import Language

_ORDER = {"error": 0, "warning": 1, "note": 2}


def check(
    task: Asked,
    *,
    languages: Iterable[Language | str] | None = None,
    family_name: str | None = None,
    items: Mapping[str, Sequence[Item]] | None = None,
    texts: Sequence[TemplateText] | None = None,
    encode: Encode | None = None,
    folder: Path | str | None = None,
) -> tuple[Finding, ...]:
    """Check the prompts of a task.

    Found are: a word that is missing, without a known source, in another script, left in English, machine-translated, of
    another sense than CLDR's (the Arabic "number" for "no"), or with invisible marks of direction; label words that are
    equal after normalisation and case folding, begin one another, or differ much in tokens; a class that the task or its
    items dropped; an empty table; words that stand in a template itself; too few letters; items that a template cannot show.

    Args:
        task: anything with a name, a kind and labels.
        languages: to be checked; else those of `items`, of the task (`languages`), or all in which one template has its words.
        family_name: which family the task is of, where its name and labels do not say so.
        items: some of each language, to be shown by every template.
        texts: wordings instead of the family's.
        encode: a tokenizer: texts to ids.
        folder: files `TAG.yaml` with a person's own words.

    Returns:
        Findings, by language, errors first.

    Example:
        >>> from panglot.evaluation.prompts.families import PlainTask
        >>> dropped = check(PlainTask("xnli", "classification", ("entailment", "contradiction")), languages=["deu_Latn"])
        >>> [each.code for each in dropped if each.severity == "error"]
        ['dropped-class']
    """
    found = family(family_name) if family_name else family_of(task)
    wordings = tuple(texts) if texts is not None else tuple(found.templates.values())
    tags = _languages(task, found, wordings, languages, items, folder)
    findings = [
        each for tag in tags for each in _language(task, found, wordings, tag, (items or {}).get(tag, ()), encode, folder)
    ]
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=lambda each: (each.language, _ORDER[each.severity])))


def _languages(
    task: Asked,
    found: Family,
    wordings: Sequence[TemplateText],
    asked: Iterable[Language | str] | None,
    items: Mapping[str, Sequence[Item]] | None,
    folder: Path | str | None,
) -> list[str]:
    if asked is not None:
        return sorted({str(Language.parse(each)) for each in asked})
    if items:
        return sorted(items)
    if own := getattr(task, "languages", None):
        return sorted(str(Language.parse(each)) for each in own)
    labels = tuple(task.labels or ()) or found.labels
    return [tag for tag in packaged() if any(not _missing(each, found, labels, Words.of(tag, folder)) for each in wordings)]


def _language(
    task: Asked,
    found: Family,
    wordings: Sequence[TemplateText],
    tag: str,
    items: Sequence[Item],
    encode: Encode | None,
    folder: Path | str | None,
) -> Iterator[Finding]:
    def told(each: Told, template: str = "") -> Iterator[Finding]:
        for severity, code, what in each:
            yield Finding(severity, code, tag, template, what)

    try:
        words = Words.of(tag, folder)
    except InputError as error:
        yield Finding("error", "no-words", tag, "", str(error))
        return
    yield from told(check_words.empty(words))
    labels = tuple(task.labels or ()) or found.labels
    yield from told(_classes(found, labels, items))
    yield from told(_choices(items))
    missing = {each.name: _missing(each, found, labels, words) for each in wordings}
    usable = [each for each in wordings if not missing[each.name]]
    for name, lacking in missing.items():
        if lacking:
            what = f"no word for: {', '.join(lacking)}" + ("" if usable else "; no template of the family can be asked")
            yield Finding("warning" if usable else "error", "missing-word", tag, f"{found.name}/{name}", what)
    used: dict[str, str] = {}
    for text in wordings:
        where = f"{found.name}/{text.name}"
        yield from told(check_words.foreign_scaffold(words, text.context + " " + text.continuation), where)
        if text not in usable:
            continue
        used |= {each: words.get(each) for each in found.words_of(text, labels)}
        if found.kind == "classification":
            chosen = {label: words.get(found.word_of(text, label)) for label in labels}
            yield from told(check_words.distinct(chosen, last=text.continuation.endswith("ption}")), where)
            if encode is not None:
                yield from told(check_words.token_balance(chosen, encode, words.marks["gap"]), where)
        yield from told(_shown(task, found, text, tag, items, folder), where)
    if found.answer in ("number", "literal", "formula"):
        chain = ["step_by_step", "the_answer_is"]
        used |= {each: words.get(each) for each in chain if each in words.words}
        if lacking := [each for each in chain if each not in words.words]:
            what = f"no word for: {', '.join(lacking)}; the condition native+native-cot cannot be asked"
            yield Finding("warning", "missing-word", tag, found.name, what)
    for rule in (
        check_words.right_script, check_words.left_in_english, check_words.other_sense, check_words.provenance,
        check_words.direction,
    ):  # fmt: skip
        yield from told(rule(words, used))
    if found.kind in ("classification", "choice"):
        yield from told(check_words.option_letters(words))


def _classes(found: Family, labels: Sequence[str], items: Sequence[Item]) -> Told:
    canonical = {found.canonical(each) for each in labels}
    dropped = [each for each in found.labels if each not in canonical]
    if dropped:
        severity: Severity = "warning" if found.subset else "error"
        yield severity, "dropped-class", f"the task has no label {', '.join(dropped)}, which tasks of {found.name} have"
    counts = Counter(each.label for each in items if each.label is not None)
    if found.kind != "classification" or not counts:
        return
    if outside := sorted(set(counts) - set(range(len(labels)))):
        yield "error", "unknown-label", f"items have the label number {outside[0]}, and the task has {len(labels)} labels"
    absent = [label for n, label in enumerate(labels) if not counts[n]]
    if absent and sum(counts.values()) >= 10 * len(labels):
        yield "error", "absent-class", f"none of {sum(counts.values())} items is {', '.join(absent)}"


def _choices(items: Sequence[Item]) -> Told:
    doubled = [item.id for item in items if len(set(item.choices)) < len(item.choices)]
    if doubled:
        yield (
            "warning",
            "same-choice",
            f"{len(doubled)} of {len(items)} items have the same choice twice, the first is {doubled[0]}",
        )


def _missing(text: TemplateText, found: Family, labels: Sequence[str], words: Words) -> list[str]:
    return [each for each in found.words_of(text, labels) if each not in words.words]


def _shown(task: Asked, found: Family, text: TemplateText, tag: str, items: Sequence[Item], folder: Path | str | None) -> Told:
    """Every item, or else a specimen, is shown in every formulation of the template."""
    items = items or [specimen_item(found, tag)]
    for formulation in text.formulations if found.kind in ("classification", "choice") else ("cloze",):
        try:
            template = for_task(task, language=tag, family_name=found.name, formulation=formulation, folder=folder)
        except InputError as error:
            yield "error", "cannot-be-asked", str(error)
            continue
        failures = [each for each in (_failure(template, text, item) for item in items) if each is not None]
        if failures:
            yield "error", "cannot-be-shown", f"{len(failures)} of {len(items)} items as {formulation}: {failures[0]}"
    words = Words.of(tag, folder)
    doubled = sum(_doubled(text, found, item, words) for item in items)
    if doubled:
        yield (
            "warning",
            "doubled-word",
            f"{doubled} of {len(items)} items begin with the very word that the template puts before them",
        )


def _failure(template: Template, text: TemplateText, item: Item) -> str | None:
    try:
        replace(template, text=text).prompt(item)
    except InputError as error:
        return str(error)
    return None


def _doubled(text: TemplateText, found: Family, item: Item, words: Words) -> bool:
    # of a maths problem the template takes such a word away
    for line in text.context.split("\n") if found.answer != "number" else ():
        for name in found.fields:
            word, mark, rest = line.partition("}{colon} {")
            if mark and rest.startswith(name) and word.lstrip("?{").lower() in words.words:
                shown = words.get(word.lstrip("?{").lower())
                values = [item.fields[each] for each in found.fields[name] if each in item.fields]
                if any(each.casefold().startswith((shown + words.marks["colon"]).casefold()) for each in values):
                    return True
    return False
