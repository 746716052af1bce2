"""Soft labels and pseudo-labels: by hand, in pieces, early only, and a teacher that stays as it was."""

import pytest
import torch

from panglot.artifacts import InputError
from panglot.objectives import soft_labels
from panglot.objectives.batch import NO_LABEL, Batch
from panglot.objectives.clm import CausalLM
from panglot.objectives.mlm import MaskedLM
from panglot.objectives.salt import SmallModelLabels, learnable_scores
from panglot.objectives.self_training import SelfTraining


def _batch(bench, objective, architecture):
    tokens = bench.tokens(architecture)
    return objective.collate(bench.examples(objective, tokens), tokens, torch.Generator().manual_seed(17))


def test_early_only(bench):
    model, teacher = bench.model("llama"), bench.model("llama", seed=6)
    objective = SmallModelLabels(until=0.5).bound(bench.materials(teacher=teacher))
    batch = _batch(bench, objective, "decoder")
    plain = CausalLM().loss(model, batch)[0]
    assert torch.equal(objective.loss(model, batch, progress=0.5)[0], plain)
    early, figures = objective.loss(model, batch, progress=0.49)
    assert not torch.equal(early, plain)
    assert float(early.detach()) == pytest.approx((0.5 * figures["nats"] + 0.5 * figures["soft"]) / figures["labels"], rel=1e-6)
    # nobody listens to a teacher without weight
    assert torch.equal(SmallModelLabels(weight=0).loss(model, batch)[0], plain)


def test_the_model_itself_as_its_teacher_costs_its_entropy(bench):
    model = bench.model("llama")
    batch = _batch(bench, CausalLM(), "decoder")
    hard, soft = soft_labels.soft_nats(model, bench.model("llama"), batch)
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits[batch["labels"] != NO_LABEL]
    entropy = torch.distributions.Categorical(logits=logits).entropy().sum()
    torch.testing.assert_close(soft, entropy, atol=1e-2, rtol=1e-5)
    torch.testing.assert_close(hard, CausalLM().loss(model, batch)[0] * int((batch["labels"] >= 0).sum()), rtol=1e-5, atol=1e-2)
    # the one token that the teacher takes for most probable, alone
    top = soft_labels.soft_nats(model, bench.model("llama"), batch, top=1)[1]
    torch.testing.assert_close(top, -logits.log_softmax(dim=-1).max(dim=-1).values.sum(), rtol=1e-5, atol=1e-2)
    cold = soft_labels.soft_nats(model, bench.model("llama"), batch, temperature=1e-4)[1]
    torch.testing.assert_close(cold, top, rtol=1e-4, atol=1e-2)


def test_no_logits_of_a_whole_batch_are_ever_made(bench):
    model, teacher = bench.model("llama"), bench.model("llama", seed=6)
    batch = _batch(bench, CausalLM(), "decoder")
    labels = int((batch["labels"] != NO_LABEL).sum())
    shapes = []
    for each in (model, teacher):
        each.get_output_embeddings().register_forward_hook(lambda module, args, output: shapes.append(output.shape[-2]))
    hard, soft = soft_labels.soft_nats(model, teacher, batch, logits_at_once=1)
    (hard + soft).backward()
    assert labels > 200
    assert max(shapes) == 16
    pieces = -(-labels // 16)
    # both once on the way forward, and once again for the gradient
    assert sum(shapes) == 4 * labels
    assert len(shapes) == 4 * pieces
    whole = soft_labels.soft_nats(model, teacher, batch)
    torch.testing.assert_close(torch.stack(whole), torch.stack([hard, soft]), rtol=1e-5, atol=1e-3)


def test_the_teacher_stays_as_it_was(bench):
    model, teacher = bench.model("bert"), bench.model("bert", seed=6)
    teacher.train()
    objective = SmallModelLabels().bound(bench.materials(teacher=teacher))
    before = [each.clone() for each in teacher.parameters()]
    objective.loss(model, _batch(bench, objective, "encoder"))[0].backward()
    assert not teacher.training
    assert all(torch.equal(one, other) for one, other in zip(before, teacher.parameters(), strict=True))
    assert all(each.grad is None for each in teacher.parameters())


def test_no_teacher_and_one_with_another_tokenizer(bench):
    for objective in (SmallModelLabels(), SelfTraining()):
        with pytest.raises(InputError, match="learns from a second language model"):
            objective.bound(bench.materials())
        small = bench.model("llama")
        small.config.vocab_size = 7
        with pytest.raises(InputError, match="the teacher knows 7 tokens"):
            objective.bound(bench.materials(teacher=small))


def test_scores_by_hand(bench, monkeypatch):
    # three tokens of a vocabulary with these probabilities everywhere
    chances = torch.tensor([0.5, 0.3, 0.15, 0.05])
    monkeypatch.setattr(soft_labels, "_taught", lambda teacher, batch: torch.zeros(*batch["labels"].shape, 1))
    monkeypatch.setattr(soft_labels, "head_of", lambda teacher: lambda hidden: chances.log().expand(len(hidden), 4))
    monkeypatch.setattr(soft_labels, "_size", lambda teacher: 4)
    n = NO_LABEL
    labels = torch.tensor([[0, 1, 2], [3, n, n], [0, 3, n], [n, n, n]])
    batch = Batch(input_ids=labels.clamp(min=0), attention_mask=torch.ones_like(labels), labels=labels)
    found = learnable_scores(torch.nn.Module(), batch, top=3)
    # the fourth token is not among the first three
    assert found[0] == pytest.approx(-float(torch.tensor(0.3).log()), abs=1e-6)
    assert found[1] == float("-inf")
    assert found[2] == pytest.approx(-float(torch.tensor(0.5).log()), abs=1e-6)
    assert found[3] == float("-inf")


def test_a_teacher_that_is_sure_of_nothing(bench):
    model, teacher = bench.model("bert"), bench.model("bert", seed=6)
    objective = SelfTraining(threshold=1.0).bound(bench.materials(teacher=teacher))
    batch = _batch(bench, objective, "encoder")
    loss, figures = objective.loss(model, batch)
    loss.backward()
    assert float(loss.detach()) == 0.0
    assert figures["sure"] == 0
    assert figures["labels"] > 0
    assert all(each.grad is None or not each.grad.any() for each in model.parameters())


def test_pseudo_labels_are_the_teachers(bench):
    model, teacher = bench.model("bert"), bench.model("bert", seed=6)
    objective = SelfTraining(threshold=0.0).bound(bench.materials(teacher=teacher))
    batch = _batch(bench, objective, "encoder")
    before = batch["labels"].clone()
    loss, figures = objective.loss(model, batch)
    assert torch.equal(batch["labels"], before)
    guess = teacher(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits.argmax(dim=-1)
    expected = MaskedLM().loss(model, {**batch, "labels": torch.where(before >= 0, guess, before)})[0]
    assert float(loss.detach()) == pytest.approx(float(expected.detach()), abs=1e-6)
    assert figures["sure"] == figures["labels"] == int((before >= 0).sum())
    assert not torch.equal(guess[before >= 0], before[before >= 0])
