"""The loss: by hand, against a second implementation, masks, and the cached form's gradient."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import MultipleNegativesSymmetricRankingLoss

from panglot.alignment.info_nce import SymmetricInfoNCE, info_nce, shared_texts


def test_two_pairs_by_hand():
    # cosines: s1·t1 = 1, s1·t2 = 0, s2·t1 = .6, s2·t2 = .8; the lengths must not matter
    source = torch.tensor([[2.0, 0.0], [0.3, 0.4]])
    target = torch.tensor([[5.0, 0.0], [0.0, 1.0]])
    tau = 0.5
    forward = [math.log(1 + math.exp((0 - 1) / tau)), math.log(1 + math.exp((0.6 - 0.8) / tau))]
    backward = [math.log(1 + math.exp((0.6 - 1) / tau)), math.log(1 + math.exp((0 - 0.8) / tau))]
    assert float(info_nce(source, target, temperature=tau)) == pytest.approx(sum(forward + backward) / 4, rel=1e-6)


def test_pairs_that_share_a_text_are_not_negatives():
    torch.manual_seed(0)
    source, target = torch.randn(4, 8), torch.randn(4, 8)
    # 0 and 1 share the target; 2 and 3 share nothing
    texts = torch.tensor([[0, 1], [2, 1], [3, 4], [5, 6]])
    scores = torch.nn.functional.normalize(source) @ torch.nn.functional.normalize(target).T / 0.1
    exp = scores.exp()
    kept = torch.ones(4, 4)
    kept[0, 1] = kept[1, 0] = 0
    masked = exp * kept
    expected = -(exp.diag() / masked.sum(1)).log().mean() / 2 - (exp.diag() / masked.sum(0)).log().mean() / 2
    assert float(info_nce(source, target, temperature=0.1, texts=texts)) == pytest.approx(float(expected), rel=1e-5)
    assert float(info_nce(source, target, temperature=0.1, texts=texts)) != pytest.approx(
        float(info_nce(source, target, temperature=0.1)), rel=1e-5
    )


def test_a_source_that_is_another_pairs_target_is_no_negative():
    same = shared_texts(torch.tensor([[0, 1], [2, 0], [3, 3]]))
    assert same.tolist() == [[False, True, False], [True, False, False], [False, False, False]]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=8), st.integers(0, 99))
def test_properties(numbers, seed):
    texts = torch.tensor(numbers)
    same = shared_texts(texts)
    assert torch.equal(same, same.T)
    assert not same.diag().any()
    torch.manual_seed(seed)
    source, target = torch.randn(len(texts), 5, requires_grad=True), torch.randn(len(texts), 5)
    loss = info_nce(source, target, temperature=0.05, texts=texts)
    loss.backward()
    loss = loss.detach()
    assert float(loss) >= 0
    assert torch.isfinite(source.grad).all()
    # fewer negatives never make it harder
    assert float(loss) <= float(info_nce(source, target, temperature=0.05)) + 1e-5
    # both directions count alike
    assert float(loss) == pytest.approx(
        float(info_nce(target, source, temperature=0.05, texts=texts.flip(1))), rel=1e-5, abs=1e-6
    )


@pytest.fixture
def encoder(tiny):
    return SentenceTransformer(str(tiny.path), device="cpu")


@pytest.fixture
def features(encoder, texts):
    return lambda: [encoder.preprocess([each[side] for each in texts]) for side in (0, 1)]


@pytest.fixture
def gradient(encoder, features):
    return lambda loss: value_and_gradient(encoder, loss, features())


def value_and_gradient(encoder, loss, batch):
    encoder.zero_grad()
    torch.manual_seed(3)
    value = loss(batch, None)
    value.backward()
    return float(value.detach()), {
        name: each.grad.clone() for name, each in encoder.named_parameters() if each.grad is not None
    }


def without_dropout(encoder):
    for each in encoder.modules():
        if isinstance(each, torch.nn.Dropout):
            each.p = 0.0
    for layer in encoder[0].model.encoder.layer:
        layer.attention.self.dropout.p = 0.0
    return encoder.train()


def test_equals_sentence_transformers(encoder, gradient):
    encoder = without_dropout(encoder)
    ours, our_gradient = gradient(SymmetricInfoNCE(encoder, temperature=0.05))
    theirs, their_gradient = gradient(MultipleNegativesSymmetricRankingLoss(encoder, scale=20.0))
    assert ours == pytest.approx(theirs, rel=1e-5)
    assert our_gradient.keys() == their_gradient.keys()
    for name, each in our_gradient.items():
        assert torch.allclose(each, their_gradient[name], atol=1e-5), name


@pytest.mark.parametrize("at_a_time", [1, 2, 3, 7, 100])
def test_runs_of_similar_length_change_nothing(encoder, gradient, at_a_time):
    encoder = without_dropout(encoder)
    whole, expected = gradient(SymmetricInfoNCE(encoder, temperature=0.05))
    split, found = gradient(SymmetricInfoNCE(encoder, temperature=0.05, texts_at_a_time=at_a_time))
    assert split == pytest.approx(whole, rel=1e-5)
    assert all(torch.allclose(each, expected[name], atol=1e-5) for name, each in found.items())


@pytest.mark.parametrize("at_a_time", [1, 3, 7])
def test_the_cached_form_has_the_same_gradient_with_dropout(encoder, gradient, at_a_time):
    encoder.train()
    plain, expected = gradient(SymmetricInfoNCE(encoder, temperature=0.05, texts_at_a_time=at_a_time))
    cached, found = gradient(SymmetricInfoNCE(encoder, temperature=0.05, texts_at_a_time=at_a_time, recompute=True))
    assert cached == pytest.approx(plain, rel=1e-6)
    assert all(torch.allclose(each, expected[name], atol=1e-5) for name, each in found.items())
    assert max(float(each.abs().max()) for each in found.values()) > 1e-3
    encoder.eval()
    again, _ = gradient(SymmetricInfoNCE(encoder, temperature=0.05, texts_at_a_time=at_a_time))
    assert again != pytest.approx(plain, rel=1e-6), "dropout was not at work"


def test_the_cached_form_keeps_one_run_in_memory(encoder, gradient, texts):
    encoder.train()
    alive, largest = 0, 0

    def count(module, args, output):
        nonlocal alive, largest
        alive += len(args[0])
        largest = max(largest, len(args[0]))

    handle = encoder[0].model.embeddings.word_embeddings.register_forward_hook(count)
    gradient(SymmetricInfoNCE(encoder, temperature=0.05, texts_at_a_time=2, recompute=True))
    handle.remove()
    assert largest == 2
    assert alive == 2 * 2 * len(texts)  # both sides, encoded twice


def retained(encoder, *, shift=0.0):
    texts = ["Guten Tag und willkommen", "ein falsches Kennwort", "mahalo"]
    vectors = torch.from_numpy(encoder.encode(texts, normalize_embeddings=True))
    return {**encoder.preprocess(texts), "teacher": torch.nn.functional.normalize(vectors + shift)}


def test_retention_is_zero_when_nothing_changed(encoder, features):
    rest = retained(encoder)
    encoder.train()
    loss = SymmetricInfoNCE(encoder, temperature=0.05, retention_weight=10.0, texts_at_a_time=2)
    torch.manual_seed(3)
    value = float(loss([*features(), rest]))
    torch.manual_seed(3)
    alone = float(loss(features()))
    assert loss.parts["retention_loss"] == pytest.approx(0, abs=1e-6)
    assert value == pytest.approx(alone, abs=1e-5)
    assert encoder.training
    assert all(each.training for each in encoder.modules())


@pytest.mark.parametrize("recompute", [False, True])
def test_retention_pulls_back(encoder, features, recompute):
    rest = retained(encoder, shift=0.5)
    encoder.train()
    loss = SymmetricInfoNCE(encoder, temperature=0.05, retention_weight=2.0, recompute=recompute)
    _ = loss([*features(), rest])
    expected = loss.parts["retention_loss"]
    assert expected > 0.01
    torch.manual_seed(3)
    with_it = float(loss([*features(), rest]))
    torch.manual_seed(3)
    assert with_it == pytest.approx(float(loss(features())) + 2 * expected, rel=1e-4)


def test_left_padding_is_kept(encoder):
    encoder.tokenizer.padding_side = "left"
    encoder = without_dropout(encoder)
    batch = encoder.preprocess(["a", "a much longer text"])
    assert batch["attention_mask"][0, 0] == 0
    found = SymmetricInfoNCE(encoder, temperature=0.05, texts_at_a_time=1).encode(batch)
    assert torch.allclose(found, encoder(dict(batch))["sentence_embedding"], atol=1e-6)
