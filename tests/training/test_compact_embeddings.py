"""Training on the rows in use equals training on all rows."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertConfig, BertForMaskedLM, BertModel, LlamaConfig, LlamaModel, XLMRobertaConfig, XLMRobertaModel

from panglot.training.compact_embeddings import compact_embeddings, why_not_compact

VOCABULARY = 60
SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}


def bert(seed=0):
    torch.manual_seed(seed)
    return BertModel(BertConfig(vocab_size=VOCABULARY, max_position_embeddings=32, **SIZES))


def xlm_r(seed=0):
    torch.manual_seed(seed)
    return XLMRobertaModel(XLMRobertaConfig(vocab_size=VOCABULARY, max_position_embeddings=40, **SIZES))


def llama(seed=0):
    torch.manual_seed(seed)
    return LlamaModel(LlamaConfig(vocab_size=VOCABULARY, **SIZES))


def train(model, batches, *, clip=1.0):
    """A few AdamW steps with dropout, as the trainer takes them."""
    torch.manual_seed(5)
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.0)
    for ids in batches:
        optimizer.zero_grad()
        padding = model.config.pad_token_id
        mask = torch.ones_like(ids) if padding is None else (ids != padding).long()
        states = model(input_ids=ids, attention_mask=mask).last_hidden_state
        (states * mask[..., None]).pow(2).sum(-1).sin().mean().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()


def batches_of(ids):
    padded = [1, 0, *ids, *ids[::-1]]
    return [torch.tensor([padded, [2, *padded[:0:-1]]]) for _ in range(3)]


@pytest.mark.parametrize("make", [bert, xlm_r, llama])
@settings(max_examples=8, deadline=None)
@given(ids=st.lists(st.integers(2, VOCABULARY - 1), min_size=1, max_size=8))
def test_training_on_the_rows_in_use_equals_full_training(make, ids):
    batches = batches_of(ids)
    used = {int(each) for batch in batches for each in batch.flatten()}
    full, compact, before = make(), make(), make().get_input_embeddings().weight
    train(full, batches)
    with compact_embeddings(compact, used) as rows:
        assert rows < VOCABULARY
        assert compact.get_input_embeddings().weight.shape[0] == rows
        train(compact, batches)
    for (name, one), (other_name, other) in zip(full.named_parameters(), compact.named_parameters(), strict=True):
        assert name == other_name
        assert torch.allclose(one, other, rtol=0, atol=1e-6), name
    unused = sorted(set(range(VOCABULARY)) - used)
    after = compact.get_input_embeddings().weight
    assert torch.equal(after[unused], before[unused])
    assert not torch.equal(after[sorted(used)], before[sorted(used)])


def test_the_same_output_inside_and_everything_restored_after():
    model = xlm_r().eval()
    embedding = model.get_input_embeddings()
    weight, state = embedding.weight, {name: each.clone() for name, each in model.state_dict().items()}
    ids = torch.tensor([[0, 7, 9, 2, 1, 1]])
    mask = torch.tensor([[1, 1, 1, 1, 0, 0]])
    expected = model(input_ids=ids, attention_mask=mask).last_hidden_state
    with compact_embeddings(model, [7, 9]) as rows:
        assert rows == 5  # and the special tokens 0, 1, 2
        assert embedding.padding_idx is not None
        assert torch.equal(model(input_ids=ids, attention_mask=mask).last_hidden_state, expected)
        assert list(model.state_dict()) == list(state)
    assert embedding.weight is weight
    assert (embedding.num_embeddings, embedding.padding_idx) == (VOCABULARY, 1)
    assert all(torch.equal(each, state[name]) for name, each in model.state_dict().items())
    assert torch.equal(model(input_ids=ids, attention_mask=mask).last_hidden_state, expected)


def test_an_error_inside_still_restores():
    model = bert()
    weight = model.get_input_embeddings().weight

    def interrupted():
        with compact_embeddings(model, [3]):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert model.get_input_embeddings().weight is weight
    assert model(input_ids=torch.tensor([[50]])).last_hidden_state.shape == (1, 1, 16)


def test_an_unknown_token_is_refused_not_looked_up_elsewhere():
    model = bert()
    with compact_embeddings(model, [3]), pytest.raises(ValueError, match="token 50 occurs"):
        model(input_ids=torch.tensor([[3, 50]]))
    with pytest.raises(ValueError, match="between 0 and 59"), compact_embeddings(model, [60]):
        pass


def test_the_padding_row_stays_without_gradient():
    model = bert()
    with compact_embeddings(model, [5]):
        embedding = model.get_input_embeddings()
        model(input_ids=torch.tensor([[0, 5]])).last_hidden_state.pow(2).sum().backward()
        assert not embedding.weight.grad[embedding.padding_idx].any()


def test_tied_heads_are_refused():
    model = BertForMaskedLM(BertConfig(vocab_size=VOCABULARY, max_position_embeddings=32, **SIZES))
    assert "tied" in why_not_compact(model)
    with pytest.raises(ValueError, match="tied"), compact_embeddings(model, [3]):
        pass
    assert why_not_compact(bert()) is None
    assert "no matrix" in why_not_compact(torch.nn.Linear(2, 2))
