"""The loss at labelled positions against the model's own."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import (
    BertConfig,
    BertForMaskedLM,
    DistilBertConfig,
    DistilBertForMaskedLM,
    Gemma2Config,
    Gemma2ForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    ModernBertConfig,
    ModernBertForMaskedLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
)

from panglot.objectives.batch import NO_LABEL, Batch, part
from panglot.objectives.heads import head_of
from panglot.objectives.labelled import label_nats, summed_nats

V, D = 131, 16
_SIZES = {"vocab_size": V, "hidden_size": D, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
_MODERN_IDS = ("pad_token_id", "cls_token_id", "sep_token_id", "bos_token_id", "eos_token_id")
_ENCODERS = {
    "bert": lambda tied: BertForMaskedLM(BertConfig(**_SIZES, tie_word_embeddings=tied)),
    "xlm-r": lambda tied: XLMRobertaForMaskedLM(XLMRobertaConfig(**_SIZES, tie_word_embeddings=tied, pad_token_id=1)),
    "modernbert": lambda tied: ModernBertForMaskedLM(
        ModernBertConfig(**_SIZES, tie_word_embeddings=tied, **dict.fromkeys(_MODERN_IDS, 0))
    ),
    "distilbert": lambda tied: DistilBertForMaskedLM(
        DistilBertConfig(vocab_size=V, dim=D, n_layers=2, n_heads=2, hidden_dim=24, tie_word_embeddings=tied)
    ),
}  # fmt: skip
_LLAMA = {**_SIZES, "num_key_value_heads": 1, "head_dim": 8, "pad_token_id": 0}
_DECODERS = {
    "llama": lambda tied: LlamaForCausalLM(LlamaConfig(**_LLAMA, tie_word_embeddings=tied)),
    "qwen2": lambda tied: Qwen2ForCausalLM(Qwen2Config(**_LLAMA, tie_word_embeddings=tied)),
    "gpt2": lambda tied: GPT2LMHeadModel(
        GPT2Config(vocab_size=V, n_embd=D, n_layer=2, n_head=2, n_positions=32, tie_word_embeddings=tied)
    ),
    # its logits are squashed after the head
    "gemma2": lambda tied: Gemma2ForCausalLM(Gemma2Config(**_LLAMA, tie_word_embeddings=tied, final_logit_softcapping=2.0)),
}


def _case(name, tied):
    torch.manual_seed(5)
    model = {**_ENCODERS, **_DECODERS}[name](tied).eval()
    with torch.no_grad():
        for each in model.parameters():
            each.add_(torch.randn_like(each) * 0.05)
    ids = torch.randint(3, V, (3, 9))
    mask = torch.ones_like(ids)
    mask[1, 6:] = 0
    ids[1, 6:] = model.config.pad_token_id or 0
    labels = torch.full_like(ids, NO_LABEL)
    if name in _ENCODERS:
        labels[0, [1, 4]], labels[1, 2], labels[2, :] = ids[0, [2, 5]], ids[1, 3], ids[2, :]
        theirs = labels
    else:
        theirs = torch.where(mask.bool(), ids, NO_LABEL)
        labels[:, :-1] = theirs[:, 1:]
    return model, Batch(input_ids=ids, attention_mask=mask, labels=labels), theirs


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("name", [*_ENCODERS, *_DECODERS])
def test_loss_and_gradient_are_the_models_own(name, tied):
    model, batch, theirs = _case(name, tied)
    expected = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=theirs).loss
    expected.backward()
    gradients = {key: each.grad.clone() for key, each in model.named_parameters() if each.grad is not None}
    model.zero_grad()

    count = int((batch["labels"] != NO_LABEL).sum())
    # pieces of 16 positions: the smallest that there are
    found = summed_nats(model, batch, logits_at_once=1) / count
    found.backward()
    assert abs(float(found.detach()) - float(expected.detach())) < 1e-5
    assert {key for key, each in model.named_parameters() if each.grad is not None} == gradients.keys()
    for key, each in model.named_parameters():
        if key in gradients:
            torch.testing.assert_close(each.grad, gradients[key], atol=1e-5, rtol=1e-4)
    alone = label_nats(model, batch, logits_at_once=1)
    assert alone.shape == (count,)
    torch.testing.assert_close(alone.mean(), expected.detach(), atol=1e-5, rtol=1e-5)


class _Largest(TorchDispatchMode):
    """Records how many rows of logits the largest tensor holds."""

    def __init__(self):
        super().__init__()
        self.rows = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        for each in found if isinstance(found, tuple) else (found,):
            if isinstance(each, torch.Tensor) and each.ndim and each.shape[-1] == V:
                self.rows = max(self.rows, each.numel() // V)
        return found


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("name", [*_ENCODERS, *_DECODERS])
def test_nothing_of_rows_by_time_by_vocabulary_is_made(name, tied):
    model, batch, _ = _case(name, tied)
    many = part(batch, [0, 1, 2] * 10)
    many["labels"] = many["input_ids"].clone()
    with _Largest() as largest:
        summed_nats(model, many, logits_at_once=1).backward()
    # 16 rows are held at a time; a matrix of the head has 16 columns and may be V rows long
    assert 16 <= largest.rows <= 17 < many["labels"].numel()
    with _Largest() as largest:
        label_nats(model, many, logits_at_once=1)
    assert 16 <= largest.rows <= 17


def test_the_model_is_left_as_it_was():
    model, batch, _ = _case("llama", True)
    before = model(input_ids=batch["input_ids"]).logits
    summed_nats(model, batch)
    assert "forward" not in model.model.__dict__
    torch.testing.assert_close(model(input_ids=batch["input_ids"]).logits, before)


def test_the_model_is_left_as_it_was_when_the_head_fails():
    model, _, _ = _case("llama", True)
    with pytest.raises(RuntimeError):
        head_of(model)(torch.zeros(2, D + 1))
    assert "forward" not in model.model.__dict__


def test_frozen_body_and_frozen_head():
    model, batch, _ = _case("bert", True)
    for key, each in model.named_parameters():
        each.requires_grad = key.endswith("word_embeddings.weight")
    summed_nats(model, batch).backward()
    assert [key for key, each in model.named_parameters() if each.grad is not None] == [
        "bert.embeddings.word_embeddings.weight"
    ]


@pytest.mark.parametrize("name", ["xlm-r", "llama"])
def test_autocast_in_pieces(name):
    model, batch, theirs = _case(name, True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = summed_nats(model, batch, logits_at_once=1)
        expected = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=theirs).loss
    loss.backward()
    labelled = int((batch["labels"] != NO_LABEL).sum())
    assert abs(float(loss.detach()) / labelled - float(expected.detach())) < 0.05
    assert all(each.grad is None or bool(torch.isfinite(each.grad).all()) for each in model.parameters())


def test_no_label_is_an_error():
    model, batch, _ = _case("bert", True)
    with pytest.raises(ValueError, match="nothing in the batch is labelled"):
        summed_nats(model, Batch(**{**batch, "labels": torch.full_like(batch["labels"], NO_LABEL)}))
