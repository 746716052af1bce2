"""Metrics by name."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from panglot.artifacts import InputError, did_you_mean
from panglot.evaluation.metrics.across_languages import AnswerConsistency, InformationParity, LanguageFidelity, RankC
from panglot.evaluation.metrics.answers import ExactMatch, SequenceAccuracy, TokenF1
from panglot.evaluation.metrics.attachment import Attachment
from panglot.evaluation.metrics.bleu import Bleu, SpBleu
from panglot.evaluation.metrics.calibration import Brier, CalibrationError
from panglot.evaluation.metrics.calls import CallsMatch
from panglot.evaluation.metrics.chrf import ChrF
from panglot.evaluation.metrics.comet import Comet
from panglot.evaluation.metrics.completions import CompletionMatch, EditSimilarity, IdentifierF1, IdentifierMatch
from panglot.evaluation.metrics.correlation import Pearson, Spearman
from panglot.evaluation.metrics.error_rates import ErrorRate
from panglot.evaluation.metrics.formula import FormulaMatch
from panglot.evaluation.metrics.grouped import GroupMatch, PositiveF1
from panglot.evaluation.metrics.instructions_followed import InstructionsFollowed
from panglot.evaluation.metrics.labels import Accuracy, MacroF1, MicroF1
from panglot.evaluation.metrics.literal import LiteralMatch
from panglot.evaluation.metrics.long_texts import (
    ConcordanceIndex,
    ExponentialSimilarity,
    FirstNumber,
    OptionLetter,
    RougeGeometric,
    WordStands,
)
from panglot.evaluation.metrics.metric import Floats, Mean, Metric
from panglot.evaluation.metrics.pass_at_k import PassAtK
from panglot.evaluation.metrics.ranking import NDCG, Recall, RecallInTokens, ReciprocalRank
from panglot.evaluation.metrics.rouge import Rouge
from panglot.evaluation.metrics.spans import SpanF1

METRICS: dict[str, Callable[..., Metric]] = {
    "accuracy": Accuracy,
    "macro_f1": MacroF1,
    "micro_f1": MicroF1,
    "positive_f1": PositiveF1,
    "group_match": GroupMatch,
    "span_f1": SpanF1,
    "span_f1_strict": partial(SpanF1, strict=True),
    "las": Attachment,
    "uas": partial(Attachment, labelled=False),
    "las_no_punct": partial(Attachment, punctuation=False),
    "exact_match": ExactMatch,
    "sequence_accuracy": SequenceAccuracy,
    "calls_match": CallsMatch,
    "literal_match": LiteralMatch,
    "formula_match": FormulaMatch,
    "completion_match": CompletionMatch,
    "edit_similarity": EditSimilarity,
    "identifier_match": IdentifierMatch,
    "identifier_f1": IdentifierF1,
    "token_f1": TokenF1,
    "chrf": partial(ChrF, 0),
    "chrf++": partial(ChrF, 2),
    "bleu": Bleu,
    "spbleu": SpBleu,
    "comet": Comet,
    "rouge1": partial(Rouge, "rouge1"),
    "rouge2": partial(Rouge, "rouge2"),
    "rougeL": partial(Rouge, "rougeL"),
    "rougeLsum": partial(Rouge, "rougeLsum"),
    "rouge_geometric": RougeGeometric,
    "option_letter": OptionLetter,
    "exponential_similarity": ExponentialSimilarity,
    "concordance_index": ConcordanceIndex,
    "first_number": FirstNumber,
    "word_stands": WordStands,
    "wer": partial(ErrorRate, "word"),
    "cer": partial(ErrorRate, "grapheme"),
    "cer_code_points": partial(ErrorRate, "code point"),
    "cer_nfkc": partial(ErrorRate, "code point", form="NFKC"),
    "pearson": Pearson,
    "spearman": Spearman,
    "recall": Recall,
    "mrr": ReciprocalRank,
    "ndcg": NDCG,
    "ece": CalibrationError,
    "brier": Brier,
    "pass": PassAtK,
    "rankc": RankC,
    "answer_consistency": AnswerConsistency,
    "information_parity": InformationParity,
    "language_fidelity": LanguageFidelity,
    "instructions_followed": partial(InstructionsFollowed, "instructions"),
    "instructions_followed_loose": partial(InstructionsFollowed, "instructions", loose=True),
    "prompts_followed": partial(InstructionsFollowed, "prompts"),
    "prompts_followed_loose": partial(InstructionsFollowed, "prompts", loose=True),
}
_IN_TOKENS = re.compile(r"recall@([1-9]\d*)kt")
_AT = re.compile(r"(recall|mrr|ndcg|pass|(?:instructions|prompts)_followed(?:_loose)?)@([1-9]\d*)")


def names() -> list[str]:
    """Every metric; `recall`, `mrr`, `ndcg`, `pass` take what they look at (`recall@10`), `…_followed` a turn.

    `recall@2kt` looks at the first 2,000 tokens of what was found.
    """
    return [*METRICS]


def find(name: str, **options: Any) -> Metric:
    """A metric by name; capitals do not matter.

    Args:
        name: one of `names()`, `recall@K`, `recall@Kkt`, `mrr@K`, `ndcg@K`, `pass@K`, `instructions_followed@TURN`, …
        options: what the metric is told, such as `language="zho_Hans"` for `token_f1`.

    Raises:
        InputError: there is no such metric or option, or the metric lacks something, such as spBLEU its model file.

    Example:
        >>> find("chrF++").name, find("ndcg@10").name, find("token_f1", language="Thai").signature
        ('chrf++', 'ndcg@10', {'norm': 'script'})
    """
    known = {each.lower(): each for each in METRICS}
    if at := _IN_TOKENS.fullmatch(name.lower()):
        return RecallInTokens(int(at[1]))
    if at := _AT.fullmatch(name.lower()):
        name, options = at[1], {"turn" if "followed" in at[1] else "k": int(at[2]), **options}
    if name.lower() not in known:
        raise InputError(
            f"there is no metric {name!r}", fix=did_you_mean(name.lower(), known) or f"one of {', '.join(METRICS)}"
        )
    try:
        return METRICS[known[name.lower()]](**options)
    except TypeError as error:
        # the metric's own signature says best what it takes
        said = str(error).replace("__init__() ", "")
        raise InputError(f"the metric {name} cannot be made: {said}", where=", ".join(options) or "no options") from None


class KnownMean(Mean):
    """A mean of values that are there already: outputs are the values, targets are not looked at.

    Args:
        name: of the metric.
        bounds: of the values; None where there are none.

    Example:
        >>> KnownMean("accuracy_cosine").corpus([1.0, 0.5], [None, None])
        0.75
    """

    def __init__(self, name: str, bounds: tuple[float, float] | None = (0.0, 1.0)) -> None:
        self.name = name
        self.bounds = bounds

    def values(self, outputs: Sequence[float], targets: Sequence[object]) -> Floats:
        """The outputs."""
        return np.asarray(outputs, dtype=np.float64)


_OF_VALUES = ("exact_match", "token_f1", "answer_consistency_all_pairs", "mexa_mean")


def of_statistics(name: str) -> Metric:
    """A metric for statistics that are there already: no language, model file or identifier is asked for.

    Raises:
        InputError: there is no such metric.

    Example:
        >>> of_statistics("spbleu").value([[4, 4, 4, 3, 2, 1, 4, 3, 2, 1]]).tolist()
        [100.0]
    """
    if name in _OF_VALUES:
        return KnownMean(name)
    if name == "spbleu":
        return Bleu("none")
    if name == "comet":
        return KnownMean(name, bounds=None)
    return find(name)
