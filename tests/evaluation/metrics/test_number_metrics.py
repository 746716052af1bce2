"""Correlations, rankings, calibration and what is measured over languages; and what all metrics share."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import brier_score_loss, ndcg_score

from panglot.artifacts import InputError
from panglot.evaluation.instructions.instruction import Conversation, Instruction
from panglot.evaluation.metrics import find, names
from panglot.evaluation.metrics.registry import of_statistics

DRAW = np.random.default_rng(7)
X, Y = DRAW.integers(0, 9, 80).astype(float), DRAW.normal(size=80)


def test_correlations_equal_scipy_with_ties_and_far_from_zero() -> None:
    assert find("pearson").corpus(X + 1e6, Y) == pytest.approx(stats.pearsonr(X, Y)[0], abs=1e-9)
    assert find("spearman").corpus(X, Y) == pytest.approx(stats.spearmanr(X, Y)[0], abs=1e-12)


@pytest.mark.parametrize("name", ["pearson", "spearman"])
def test_correlations_of_samples_are_those_of_the_items_drawn(name: str) -> None:
    metric, oracle = find(name), {"pearson": stats.pearsonr, "spearman": stats.spearmanr}[name]
    counts = DRAW.multinomial(80, np.full(80, 1 / 80), size=20).astype(float)
    found = metric.value_of_sample(metric.statistics(X, Y), counts)
    for value, count in zip(found, counts.astype(int), strict=True):
        assert value == pytest.approx(oracle(np.repeat(X, count), np.repeat(Y, count))[0], abs=1e-9)


def test_a_constant_system_correlates_with_nothing() -> None:
    for name in ("pearson", "spearman"):
        assert find(name).corpus([0.3] * 5, [1, 2, 3, 4, 5]) == 0


def test_ranked_lists_by_hand_and_against_scikit_learn() -> None:
    assert find("recall@1").corpus([1, 2, 0, 1], [None] * 4) == 0.5
    assert find("mrr").corpus([1, 3, 0, 2], [None] * 4) == pytest.approx((1 + 1 / 3 + 1 / 2) / 4)
    gains, scores = DRAW.integers(0, 4, (20, 8)), DRAW.normal(size=(20, 8))
    found = np.take_along_axis(gains, np.argsort(-scores), axis=1)
    assert find("ndcg@5").corpus(found.tolist(), gains.tolist()) == pytest.approx(ndcg_score(gains, scores, k=5))
    assert find("ndcg").corpus(found.tolist(), gains.tolist()) == pytest.approx(ndcg_score(gains, scores))


def test_calibration_by_hand() -> None:
    # bin (.7, .8]: two items, confidence .8, right 1/2; bin (.9, 1]: one, confidence 1, right
    said, right = [[0.8, 0.2], [0.2, 0.8], [1.0, 0.0]], [0, 0, 0]
    assert find("ece", bins=10).corpus(said, right) == pytest.approx(2 * 0.3 / 3)
    binary = DRAW.random(30)
    truth = DRAW.integers(0, 2, 30)
    both = np.stack([1 - binary, binary], axis=1)
    assert find("brier").corpus(both.tolist(), truth.tolist()) == pytest.approx(2 * brier_score_loss(truth, binary))
    with pytest.raises(InputError, match="do not add up to 1"):
        find("brier").corpus([[0.5, 0.1]], [0])


@given(st.permutations(range(6)), st.permutations(range(6)))
@settings(max_examples=40, deadline=None)
def test_rankc_is_the_papers_sum_and_symmetric(here: list[int], there: list[int]) -> None:
    n = len(here)
    weights = np.exp(n - np.arange(1, n + 1)) / np.exp(n - np.arange(1, n + 1)).sum()
    expected = sum(weights[j - 1] * len({*here[:j]} & {*there[:j]}) / j for j in range(1, n + 1))
    assert find("rankc").corpus([here], [there]) == pytest.approx(expected)
    assert find("rankc").corpus([here], [there]) == find("rankc").corpus([there], [here])
    assert find("rankc").corpus([here], [here]) == 1


def test_consistency_is_not_accuracy() -> None:
    right, here, there = [0, 1, 2, 0], [1, 2, 0, 1], [1, 2, 0, 1]
    assert find("accuracy").corpus(here, right) == 0
    assert find("answer_consistency").corpus(here, there) == 1


def test_information_parity_of_a_language_with_itself_is_one() -> None:
    assert find("information_parity").corpus([3.0, 5.5], [3.0, 5.5]) == 1
    with pytest.raises(InputError, match="finite"):
        find("information_parity").corpus([float("nan")], [1.0])


def test_fidelity_asks_the_identifier_and_counts_silence_as_missed() -> None:
    tags = {"sawubona": "zul_Latn", "hello": "eng_Latn", "": "zul_Latn"}
    metric = find("language_fidelity", identify=lambda texts: [tags[each] for each in texts])
    assert metric.corpus(["sawubona", "hello", ""], ["zul_Latn"] * 3) == pytest.approx(1 / 3)
    assert metric.signature == {"identifier": "given", "letters": "20"}
    assert find("language_fidelity").signature == {"identifier": "panglot", "letters": "20"}


def test_fidelity_leaves_out_what_is_too_short_to_tell_and_misses_what_is_long_and_unknown() -> None:
    texts = ["12", "OK", "Vrumm lagga dosk hirren plimp.", "ዛሬ በከተማው ዝናብ ዘነበ።", ""]
    metric = find("language_fidelity", identify=lambda texts: ["und"] * 3 + ["amh_Ethi", "und"])
    assert metric.statistics(texts, ["amh_Ethi"] * 5).tolist() == [[0, 0], [0, 0], [0, 1], [1, 1], [0, 1]]
    # Panglot's own identifier takes "OK" for Turkish with a confidence of a half
    assert find("language_fidelity").statistics(texts[:2], ["eng_Latn"] * 2).tolist() == [[0, 0], [0, 0]]


def test_unknown_metrics_and_options_are_one_clear_line() -> None:
    with pytest.raises(InputError, match="did you mean 'chrf"):
        find("chrff")
    with pytest.raises(InputError, match="cannot be made"):
        find("accuracy", tokenise="13a")
    with pytest.raises(InputError, match="language"):
        find("token_f1")
    with pytest.raises(InputError, match="one target for each output"):
        find("accuracy").corpus([1], [1, 0])


NO_COMMAS = Conversation("eng_Latn", ((Instruction("punctuation:no_comma"),),) * 2)
EXAMPLES: dict[str, tuple[list[object], list[object]]] = {
    "labels": ([0, 1, 1], [0, 1, 2]),
    "spans": ([["B-A", "O"], ["O", "O"]], [["B-A", "O"], ["O", "B-B"]]),
    "trees": ([["2:det", "0:root"], ["0:root"]], [["2:det", "0:root"], ["0:obj"]]),
    "texts": (["the cat sat here", "a dog"], ["the cat sat there", "one dog"]),
    "numbers": ([1.0, 2.0, 4.0], [2.0, 1.0, 9.0]),
    "ranks": ([1, 4, 0], [None] * 3),
    "programs": ([(4, 1), (2, 2)], [None] * 2),
    "gains": ([[0, 1], [1]], [[1], [1, 1]]),
    "probabilities": ([[0.9, 0.1], [0.4, 0.6]], [0, 0]),
    "orders": ([[0, 1, 2], [1, 0, 2]], [[0, 2, 1], [1, 0, 2]]),
    "languages": (["hello there", "x"], ["eng_Latn", "zul_Latn"]),
    "calls": (["f(x=1)", "no"], ["f(x=1)", "g()"]),
    "instructions": ([("no, yes", "no"), ("no",)], [NO_COMMAS, NO_COMMAS]),
}
KINDS = {
    "positive_f1": "labels", "group_match": "labels",
    "accuracy": "labels", "macro_f1": "labels", "micro_f1": "labels", "answer_consistency": "labels", "span_f1": "spans",
    "span_f1_strict": "spans", "pearson": "numbers", "spearman": "numbers", "information_parity": "numbers",
    "pass@2": "programs",
    "recall@3": "ranks", "mrr": "ranks", "ndcg@2": "gains", "ece": "probabilities", "brier": "probabilities", "rankc": "orders",
    "language_fidelity": "languages", "calls_match": "calls", "las": "trees", "uas": "trees", "las_no_punct": "trees",
    "instructions_followed": "instructions", "instructions_followed_loose": "instructions",
    "prompts_followed": "instructions", "prompts_followed_loose": "instructions",
}  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [*(each for each in names() if each not in ("spbleu", "comet", "recall", "ndcg", "pass")), "recall@3", "ndcg@2", "pass@2"],
)
def test_every_metric_keeps_the_contract(name: str) -> None:
    options: dict[str, object] = {"language": "eng_Latn"} if name in ("exact_match", "token_f1") else {}
    if name == "language_fidelity":
        options = {"identify": lambda texts: ["eng_Latn"] * len(texts)}
    metric = find(name, **options)
    outputs, targets = EXAMPLES[KINDS.get(name, "texts")]
    rows = metric.statistics(outputs, targets)
    assert metric.name == name
    assert rows.dtype == np.float64 and rows.shape[0] == len(outputs)
    assert metric.value(np.stack([rows.sum(axis=0)] * 6).reshape(2, 3, -1)).shape == (2, 3)
    assert not np.isnan(metric.value(np.zeros(rows.shape[1])))
    assert metric.corpus(outputs, targets) == of_statistics(name).value(rows.sum(axis=0))
    if metric.bounds is not None:
        assert metric.bounds[0] <= metric.corpus(outputs, targets) <= metric.bounds[1]
    extremes = metric.extremes(rows)
    if extremes is not None:
        worst, best = metric.value(100 * extremes + rows.sum(axis=0)) * (1 if metric.higher_is_better else -1)
        assert worst < best
