"""Learned rows inside the convex hull of the old ones."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from initialise_tasks import NEW_TEXTS, extended, grown, task_of, unigram
from shapes import SHAPES, xlm_r

from panglot.artifacts import InputError
from panglot.vocabulary.initialise.convex_hull import ConvexHull
from panglot.vocabulary.initialise.skip_grams import count_skip_grams, thinned

QUICK = ConvexHull(steps=4, batch=64, rank=8, candidates=64)


@pytest.mark.parametrize(("name", "build"), SHAPES)
def test_weights_are_positive_and_sum_to_one(name, build):
    task = task_of(extended(build(), 20))
    weights = QUICK.weights(task)
    assert weights.keys() == {"input", "output", "bias"}
    for each in weights.values():
        assert each.shape == (len(task.targets), task.change.old.size)
        assert (each.data >= 0).all()
        np.testing.assert_allclose(each.sum(axis=1), 1)
    rows = QUICK.rows(task_of(extended(build(), 20)))
    for role, found in QUICK.rows(task).items():
        np.testing.assert_array_equal(found, rows[role])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_greedy_decoding_on_old_text_does_not_change(seed):
    # whatever the state of the model is, no new logit is above the highest old one, bias included
    hidden = np.random.default_rng(seed).normal(size=(40, 12)) * 5
    task, rows = _LEARNED
    old = hidden @ task.old("output").T.astype(float) + task.old("bias")[:, 0]
    new = hidden @ rows["output"].T.astype(float) + rows["bias"][:, 0]
    assert (new.max(axis=1) <= old.max(axis=1) + 1e-5).all()


_LEARNED = (lambda task: (task, QUICK.rows(task)))(task_of(extended(xlm_r(), 20)))


def test_a_tiny_model_decodes_the_same_after_it():
    from transformers import LlamaConfig, LlamaForCausalLM

    change = extended(xlm_r(), 20)
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=change.old.size, tie_word_embeddings=False, **sizes)).eval()
    task = task_of(change, roles=("input", "output"), width=16)
    task.matrices["input"] = model.get_input_embeddings().weight.detach().numpy()
    task.matrices["output"] = model.get_output_embeddings().weight.detach().numpy()
    rows = QUICK.rows(task)
    ids = torch.tensor([change.old.encode(["今天天气很好，我们去市场"])[0]])
    with torch.no_grad():
        before = model(ids).logits.argmax(dim=-1)
        model.resize_token_embeddings(change.new.size, mean_resizing=False)
        model.get_input_embeddings().weight[change.added] = torch.from_numpy(rows["input"])
        model.get_output_embeddings().weight[change.added] = torch.from_numpy(rows["output"])
        after = model(ids).logits
        assert torch.equal(after.argmax(dim=-1), before)
        model.get_output_embeddings().weight[change.added] *= 50  # outside the hull
        assert not torch.equal(model(ids).logits.argmax(dim=-1), before)


def softmax(rows):
    powers = np.exp(rows - rows.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def test_weights_are_the_softmax_of_the_product_of_two_factors():
    # without a step the factors are as they were drawn: A1, A2 of the input, then B1, B2 of the output
    task = task_of(extended(xlm_r(), 20))
    weights = ConvexHull(steps=0, rank=8, candidates=64).weights(task)
    random = torch.Generator().manual_seed(task.seed)
    for role in ("input", "output"):
        count = task.figures["candidates"]
        first, second = (torch.rand(*shape, generator=random).double().numpy() for shape in ((20, 8), (8, count)))
        found = weights[role].toarray()
        seen = [row for row in range(20) if (found[row] > 0).sum() == count]  # the others are means of pieces
        assert len(seen) >= 15
        expected = np.sort(softmax(first @ second), axis=1)
        np.testing.assert_allclose(np.sort(found[seen], axis=1)[:, -count:], expected[seen], rtol=1e-4)


@pytest.mark.parametrize("roles", [("input", "output"), ("input",)])
def test_the_loss_is_that_of_skip_grams_over_all_neighbours(roles):
    # every neighbour is in so large a batch, so that the estimate is the sum itself
    change = extended(unigram({"▁": -3.0, "ខ": -1.0, "ម": -1.0, "្": -1.5, "ក": -2.0}), 4, ["ខ្មែរ ខ្មក មក្ខ"] * 9)
    task = task_of(change, texts=["ខ្មកម ខ្ម មក្ខ កមក"] * 30, roles=roles)
    method = ConvexHull(steps=1, batch=60_000, rank=4, candidates=5)
    learned = method.rows(task_of(change, texts=["ខ្មកម ខ្ម មក្ខ កមក"] * 30, roles=roles))
    assert all(np.isfinite(each).all() for each in learned.values())
    start = ConvexHull(steps=0, rank=4, candidates=5).rows(task)
    pairs = count_skip_grams(change.new, task.texts()).with_one_of(task.targets)

    def whole(role):
        found = np.zeros((change.new.size, 12))
        kept = change.source >= 0
        found[kept] = task.old(role)[change.source[kept]]
        found[task.targets] = start[role]
        return found

    seen = np.unique(pairs.context)
    logits = whole("input")[pairs.centre] @ whole(roles[-1])[seen].T
    loss = -np.log(softmax(logits))[np.arange(len(pairs.centre)), np.searchsorted(seen, pairs.context)]
    other = task_of(change, texts=["ខ្មកម ខ្ម មក្ខ កមក"] * 30, roles=roles)
    method.rows(other)
    assert other.figures["steps"] == 1
    assert other.figures["loss"][0] == pytest.approx(np.average(loss, weights=pairs.count), rel=0.03)


def test_learning_lowers_the_loss_and_tells_tokens_apart():
    # "ខ" stands beside a, "ម" beside b: their rows must end nearer to what predicts these
    old = unigram({"▁": -3.0, "a": -1.0, "b": -1.0, "ក": -2.0, "គ": -2.0})
    change = grown(old, ["ខ", "ម"])
    method = ConvexHull(steps=300, batch=8, rank=8)
    task = task_of(change, texts=["aខaខaខa", "bមbមbមb"] * 50, roles=("input",), width=5)
    task.matrices["input"] = (3 * np.eye(6, 5, k=-1)).astype(np.float32)
    weights = method.weights(task)["input"].toarray()
    assert task.figures["loss"][1] < task.figures["loss"][0]
    a, b = old.ids["a"], old.ids["b"]
    assert weights[0, a] > weights[0, b] and weights[1, b] > weights[1, a]


def test_tokens_without_neighbours_get_the_mean_of_their_pieces():
    old = unigram({"▁": -3.0, "ខ": -1.0, "ម": -1.0})
    task = task_of(grown(old, ["ខម", "ߒߞ"]), texts=["nothing"])
    weights = QUICK.weights(task)["input"].toarray()
    np.testing.assert_allclose(weights[0], [0, 0, 0.5, 0.5])
    assert weights[1].sum() == pytest.approx(1) and task.figures["unseen"] == 2 and task.figures["steps"] == 0


def test_tied_matrices_have_one_pair_of_factors_and_the_bias_follows():
    task = task_of(extended(xlm_r(), 20), roles=("input", "bias"))
    weights = QUICK.weights(task)
    assert (weights["input"] != weights["bias"]).nnz == 0


def test_candidates_are_bounded():
    task = task_of(extended(xlm_r(), 20))
    weights = ConvexHull(steps=2, batch=32, rank=4, candidates=5).weights(task)["output"]
    learned = [row for row in range(weights.shape[0]) if len(weights[[row]].indices) <= 5]
    assert len(learned) >= 15 and task.figures["candidates"] == 5


def test_special_tokens_are_no_candidates():
    task = task_of(extended(xlm_r(), 20))
    weights = QUICK.weights(task)["output"]
    assert not set(weights.indices) & task.change.old.special


def test_without_text_it_says_what_is_missing():
    with pytest.raises(InputError, match="needs text"):
        QUICK.rows(task_of(extended(xlm_r(), 5), texts=None))


def test_skip_grams_by_hand():
    vocabulary = unigram({"▁": -30.0, "▁a": -1.0, "b": -1.0, "ខ": -1.0})
    found = count_skip_grams(vocabulary, iter(["abខb", "", "a"]))
    a, b, kh = (vocabulary.ids[each] for each in ("▁a", "b", "ខ"))
    pairs = dict(zip(zip(found.centre.tolist(), found.context.tolist(), strict=True), found.count.tolist(), strict=True))
    assert pairs == {(a, b): 1, (b, a): 1, (b, kh): 2, (kh, b): 2}
    assert found.frequency.tolist() == [0, 0, 2, 2, 1]
    kept = found.with_one_of([kh])
    assert set(zip(kept.centre.tolist(), kept.context.tolist(), strict=True)) == {(b, kh), (kh, b)}


@given(st.lists(st.text(min_size=1, max_size=5), max_size=30), st.integers(1, 60))
def test_thinning_keeps_evenly_and_at_least_one(texts, characters):
    kept = list(thinned(lambda: iter(texts), characters))
    assert kept == texts[:: max(1, -(-sum(map(len, texts)) // characters))]
    assert bool(kept) == bool(texts)


def test_pairs_across_batches_are_counted_once_each():
    vocabulary = unigram({"▁": -30.0, "▁a": -1.0, "b": -1.0})
    one = count_skip_grams(vocabulary, iter(["ab" * 400_000, "ab"]))
    assert int(one.count.sum()) == 2 * (len(vocabulary.encode(["ab" * 400_000])[0]) - 1 + len(vocabulary.encode(["ab"])[0]) - 1)
    assert len(NEW_TEXTS) > 5
