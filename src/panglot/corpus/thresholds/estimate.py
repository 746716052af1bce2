"""Estimating the thresholds of every language from reference text, with a gate on what they reject of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from panglot.artifacts import InputError, Step
from panglot.corpus.documents import Documents
from panglot.corpus.noise import Kind, spaces_of
from panglot.corpus.thresholds.artifact import Thresholds, loosest, relatives_of, write_thresholds
from panglot.corpus.thresholds.gate import Gate
from panglot.corpus.thresholds.measuring import NOISY, Measured, foreign_of, measure
from panglot.corpus.thresholds.priors import Pool
from panglot.corpus.thresholds.reference_text import references_of
from panglot.corpus.thresholds.rules import LEARNED, RULES, Method, Rule
from panglot.corpus.thresholds.statistics import bound, spread_of_bound
from panglot.corpus.thresholds.stop_words import LEAST

SEGMENTER = "words"
_DRAWS = 50
_FEW, _SOME = 20, 200
_DIGITS = 4

Chosen = Literal["quantile", "mean_sd", "tail", "median_ratio", "fixed"]


def estimate_thresholds(
    reference: Documents,
    methods: Mapping[str, Chosen] | None = None,
    rejection: float = 0.01,
    documents: int = 120,
    noise: int = NOISY,
    prior: Thresholds | None = None,
    models: bool = True,
    *,
    step: Step,
) -> Thresholds:
    """Thresholds, stop words and reference models of every language of clean reference text: what FineWeb2 did not publish.

    The English bound of each rule is carried to a language by the rule's method (quantile for lines, word lengths and
    letters, mean and standard deviation for repetition, median ratio for lengths; see `rules.RULES`). A bound is never
    tighter than what next to no clean document of an unseen source passes: mean ± 3 to 5 standard deviations, where the
    deviation holds the spread of documents, the shift between sources, and the uncertainty of the mean, which is drawn
    towards the nearest relatives where text is scarce. Between 3 and 5 it goes as far as the noise allows that this signal is
    to find: noise of seven kinds is planted in the reference text. All bounds are clipped to the metric's range.

    What a reference model says of a source that it has not seen is measured by leaving sources out, or expected where there
    is one source (`unseen`); bounds on it keep that distance.

    The gate: bounds estimated without a third of each source may reject no more than `rejection` of it. Until that holds the
    rule whose relaxing lets least noise through is relaxed by half a standard deviation; all of it is reported. Bounds hold
    for the segmenter that they were estimated with.

    Args:
        reference: clean text; the column `source` tells its sources apart, and several sources a language are far better than
            one.
        methods: another method for some signals.
        rejection: the greatest share of held-out reference documents that may be rejected, in every language.
        documents: how many documents of about 1,500 characters to take of each source.
        noise: how many noisy documents of each kind to make in each language.
        prior: thresholds to take spreads, shifts and relatives from, for a reference of few languages; their reference text,
            where it comes with them, is one more source of the languages that are estimated.
        models: whether to keep the reference models beside the thresholds.

    Raises:
        InputError: there is no text, or a method is named for a signal without a rule.

    Example:
        >>> import tempfile; from pathlib import Path
        >>> from panglot.corpus.documents import DocumentWriter
        >>> place = Path(tempfile.mkdtemp())
        >>> with DocumentWriter(place / "documents.parquet") as writer:
        ...     for number in range(40):
        ...         writer.document(f"Wšitcy ludźo su wot naroda swobodni a {number} jenacy.", "hsb_Latn", source="example")
        >>> (place / "out").mkdir()
        >>> found = estimate_thresholds(Documents(place), step=Step(place / "out")).of("hsb_Latn")
        >>> found.origin, found.bounds["words"][1]
        ('language', None)
    """
    known = prior.texts if prior else {}
    references = {tag: each for tag, each in references_of(reference, documents, known).items() if each.texts}
    if not references:
        raise InputError("the reference holds no text", where=reference.folder)
    rules = _rules(methods or {})
    measured: dict[str, Measured] = {}
    with step.progress("languages", len(references)) as progress:
        for tag, each in references.items():
            measured[tag] = measure(each, foreign_of(tag, references), step.seed, noise, keep_model=models)
            progress.advance()
    pool = Pool.of(measured, rules, prior)
    languages: dict[str, Any] = {}
    report: dict[str, Any] = {}
    for tag, found in measured.items():
        languages[tag], report[tag] = _language(found, pool, _rules_of(tag, rules), rejection, step)
    scripts = {
        script: {"rules": loosest([entry for tag, entry in languages.items() if tag[4:] == script])}
        for script in sorted({tag[4:] for tag in languages})
    }
    default = {"rules": loosest(languages.values(), without=LEARNED)}
    step.figures["thresholds"] = report
    content = {
        "segmenter": SEGMENTER, "languages": languages, "scripts": scripts, "default": default, "prior": pool.as_json(),
    }  # fmt: skip
    return write_thresholds(step.out, content, {tag: each.model for tag, each in measured.items()} if models else {})


def _rules(methods: Mapping[str, Method]) -> tuple[Rule, ...]:
    known = {rule.signal for rule in RULES}
    for signal in methods:
        if signal not in known:
            raise InputError(
                f"no rule looks at the signal {signal!r}", where="methods", fix=f"there are {', '.join(sorted(known))}"
            )
    return tuple(replace(rule, method=methods.get(rule.signal, rule.method)) for rule in RULES)


def _rules_of(tag: str, rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules as they hold for a language that separates words, or does not."""
    if spaces_of(tag):
        return tuple(rules)
    return tuple(rule if rule.tightest_of_units is None else replace(rule, tightest=rule.tightest_of_units) for rule in rules)


def _language(
    each: Measured, pool: Pool, rules: Sequence[Rule], rejection: float, step: Step
) -> tuple[dict[str, Any], dict[str, Any]]:
    tag, count = each.reference.tag, len(each.reference.texts)
    if count < _FEW:
        step.note(
            f"{tag}: {count} reference documents only; its thresholds lean on the spread and shift of other "
            "languages, and word order may find little"
        )
    gate = Gate(each, pool, rules, rejection)
    looser = gate.relax()
    relaxed = {rule.name: round(steps, 1) for rule, steps in zip(rules, looser, strict=True) if steps}
    entry: dict[str, dict[str, Any]] = {}
    rng = np.random.default_rng(step.seed)
    draws = [_resampled(each, rng) for _ in range(_DRAWS)]
    for rule, steps in zip(rules, looser, strict=True):
        prior, noise = pool.prior(tag, rule), gate.noise[rule.name]
        learned = rule.signal in LEARNED
        values, source = each.clean[rule.signal], each.source
        value, by_method = bound(rule, values, source, prior, noise, learned=learned, looser=steps)
        error = spread_of_bound(
            [bound(rule, values[some], source[some], prior, noise, learned=learned, looser=steps)[0] for some in draws]
        )
        found = entry.setdefault(rule.signal, {"min": None, "max": None})
        found[rule.side] = _rounded(value)
        found[f"{rule.side}_method"] = rule.method
        found[f"{rule.side}_error"] = _rounded(error)
        if by_method is not None:
            found[f"{rule.side}_by_method"] = _rounded(by_method)
        if steps:
            found[f"{rule.side}_relaxed"] = round(steps, 1)
    if len(each.stop_words) < 2 * LEAST or len(each.reference.sources) < 2:
        # of one source function words cannot be told from those of its matter; the words of a short list many texts lack
        entry["stop_words_present"] = {"min": None, "max": None}
    elif len(each.stop_words) < 4 * LEAST and entry["stop_words_present"]["min"] is not None:
        # two of eight words are more to ask for than two of sixty
        entry["stop_words_present"]["min"] = min(entry["stop_words_present"]["min"], 1.0)
    if len(each.reference.sources) < 2:
        # whether others end their sentences with the same marks one source does not tell: Armenian is written with : too
        entry["punctuated_line_share"] = {"min": None, "max": None}
    recall = gate.recall(looser)
    held_out = gate.rejected(looser)
    facts = {
        "documents": count,
        "sources": each.reference.sources,
        "scarce": count < _SOME,
        "held_out_rejection": round(held_out, 4),
        "relaxed": relaxed,
        "word_order_effect": round(each.model.effect, 4),
        "word_order_doubt": round(each.model.doubt, 4),
        "noise_recall": {kind: round(share, 3) for kind, share in recall.items()},
    }
    missed = [kind for kind, share in recall.items() if share < 0.95]
    if missed:
        step.note(f"{tag}: with these thresholds less than 95 % of this noise is found: {', '.join(missed)}")
    return {"rules": entry, "stop_words": each.stop_words, **facts}, facts


def _resampled(each: Measured, rng: np.random.Generator) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Documents drawn anew inside every source."""
    source = each.source
    return np.concatenate([rng.choice(np.flatnonzero(source == one), (source == one).sum()) for one in np.unique(source)])


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}")


__all__ = ["Kind", "estimate_thresholds", "relatives_of"]
