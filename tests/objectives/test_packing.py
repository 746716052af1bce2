"""Packed rows against the same rows alone, on every kind of attention that the models have."""

import pytest
import torch
import transformers
from transformers import (
    BertConfig,
    BloomConfig,
    Gemma3TextConfig,
    GPT2Config,
    LlamaConfig,
    MistralConfig,
    ModernBertConfig,
    Qwen2Config,
    XLMRobertaConfig,
)

from panglot.objectives import packing
from panglot.objectives.batch import NO_LABEL, packed, stacked
from panglot.objectives.example import Row
from panglot.objectives.heads import head_of
from panglot.objectives.labelled import hidden_states, model_inputs, summed_nats
from panglot.objectives.packing import document_mask, own_document_mask, packs

V, TIME = 131, 32
_SIZES = {"vocab_size": V, "hidden_size": 16, "num_hidden_layers": 4, "num_attention_heads": 2, "intermediate_size": 24}
_LLAMA = {**_SIZES, "num_key_value_heads": 1, "head_dim": 8, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
_MODERN = dict.fromkeys(("pad_token_id", "cls_token_id", "sep_token_id", "bos_token_id", "eos_token_id"), 0)
CONFIGURATIONS = {
    "bert": BertConfig(**_SIZES),
    "xlm-roberta": XLMRobertaConfig(**_SIZES, pad_token_id=1),
    # windows shorter than the documents
    "modernbert": ModernBertConfig(**_SIZES, **_MODERN, local_attention=8),
    "mistral": MistralConfig(**_LLAMA, sliding_window=4),
    "gemma3": Gemma3TextConfig(**_LLAMA, sliding_window=4),
    "llama": LlamaConfig(**_LLAMA),
    "qwen2": Qwen2Config(**_LLAMA),
    "gpt2": GPT2Config(vocab_size=V, n_embd=16, n_layer=2, n_head=2, n_positions=64, bos_token_id=1, eos_token_id=2),
    "bloom": BloomConfig(vocab_size=V, hidden_size=16, n_layer=2, n_head=2),
}
ENCODERS = ("bert", "xlm-roberta", "modernbert")
PACKED = [(name, attention) for name in CONFIGURATIONS if name != "bloom" for attention in ("sdpa", "eager")]


def _model(name, attention):
    torch.manual_seed(3)
    loader = "AutoModelForMaskedLM" if name in ENCODERS else "AutoModelForCausalLM"
    model = getattr(transformers, loader).from_config(CONFIGURATIONS[name], attn_implementation=attention).eval()
    with torch.no_grad():
        for each in model.parameters():
            each.add_(torch.randn_like(each) * 0.1)
    return model


def _rows():
    made = torch.Generator().manual_seed(1)
    rows = []
    for length in (19, 9, 12, 17, 3):
        ids = torch.randint(3, V, (length,), generator=made).tolist()
        rows.append(Row(ids, [*ids[1:], NO_LABEL]))
    return rows


@pytest.mark.parametrize(("name", "attention"), PACKED)
@torch.no_grad()
def test_packed_logits_are_those_of_each_document_alone(name, attention):
    model = _model(name, attention)
    assert packs(model, time=TIME)
    rows = _rows()
    batch = packed(stacked(rows, 0), TIME, 0)
    assert batch["input_ids"].shape[0] == 2
    logits = head_of(model)(hidden_states(model, batch).flatten(0, 1)).view(2, TIME, V)
    # the model's own answer, without anything of ours
    alone = {tuple(row.ids): model(input_ids=torch.tensor([row.ids])).logits[0] for row in rows}
    found = 0
    for row, numbers in enumerate(batch["documents"]):
        for document in range(1, int(numbers.max()) + 1):
            chosen = numbers == document
            expected = alone[tuple(batch["input_ids"][row][chosen].tolist())]
            assert torch.allclose(logits[row][chosen], expected, atol=1e-5, rtol=1e-5)
            found += 1
    assert found == len(rows)


@pytest.mark.parametrize(("name", "attention"), PACKED)
def test_loss_and_gradient_of_packed_rows_are_those_of_the_rows(name, attention):
    model = _model(name, attention)
    gradients = []
    for batch in (stacked(_rows(), 0), packed(stacked(_rows(), 0), TIME, 0)):
        model.zero_grad()
        nats = summed_nats(model, batch)
        nats.backward()
        gradients.append((nats.detach(), [each.grad.clone() for each in model.parameters() if each.grad is not None]))
    (one, first), (other, second) = gradients
    assert torch.allclose(one, other, rtol=1e-5)
    assert all(torch.allclose(a, b, atol=1e-4, rtol=1e-4) for a, b in zip(first, second, strict=True))


def test_a_model_that_counts_positions_from_its_mask_is_not_packed():
    model = _model("bloom", "eager")
    assert not packs(model, time=TIME)


@pytest.mark.parametrize("name", ["bert", "llama"])
def test_booleans_hide_nothing_from_eager_attention_and_it_is_seen(name, monkeypatch):
    monkeypatch.setattr(packing, "document_mask", lambda model, documents, causal: own_document_mask(documents, causal=causal))
    monkeypatch.setattr("panglot.objectives.labelled.document_mask", packing.document_mask)
    assert packs(_model(name, "sdpa"), time=TIME)
    assert not packs(_model(name, "eager"), time=TIME)


@pytest.mark.parametrize("name", ["modernbert", "mistral", "gemma3"])
def test_a_lost_window_is_seen_where_rows_are_longer_than_it(name, monkeypatch):
    monkeypatch.setattr(
        "panglot.objectives.labelled.document_mask",
        lambda model, documents, causal: own_document_mask(documents, causal=causal),
    )
    model = _model(name, "sdpa")
    assert not packs(model, time=TIME)
    assert packs(model, time=6)


def test_positions_begin_where_the_model_begins(monkeypatch):
    model = _model("xlm-roberta", "sdpa")
    rows = _rows()[:2]
    counted = stacked([Row(each.ids, each.labels, positions=list(range(len(each.ids)))) for each in rows], 1)
    assert torch.equal(model_inputs(model, counted)["position_ids"][0, :3], torch.tensor([2, 3, 4]))
    assert torch.allclose(hidden_states(model, counted)[0], hidden_states(model, stacked(rows, 1))[0], atol=1e-6)
    monkeypatch.setattr("panglot.objectives.labelled.first_position", lambda model: 0)
    assert not packs(_model("xlm-roberta", "sdpa"), time=TIME)


def test_the_model_is_left_in_its_mode_and_random_state():
    model = _model("llama", "sdpa").train()
    before = torch.get_rng_state()
    assert packs(model, time=TIME)
    assert model.training
    assert torch.equal(torch.get_rng_state(), before)
    assert packs(model, time=TIME)


def test_other_attention_gets_no_mask():
    model = _model("llama", "sdpa")
    model.config._attn_implementation = "flash_attention_2"
    assert document_mask(model, torch.tensor([[1, 1, 2]]), causal=True) is None
