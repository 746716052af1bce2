"""What the objectives hide, and what they do not."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from panglot.artifacts import InputError, step_folder
from panglot.models.load import load
from panglot.models.model import Model
from panglot.objectives.batch import NO_LABEL, part
from panglot.objectives.clm import CausalLM
from panglot.objectives.example import Example, Tokens
from panglot.objectives.mlm import MaskedLM
from panglot.objectives.objective import Objective
from panglot.objectives.opening import open_language_model

TOKENS = Tokens(
    padding=0, start=1, end=2, mask=3, unknown=4, special=frozenset(range(5)), drawable=torch.arange(5, 200, dtype=torch.long)
)


def _generator(seed=17):
    return torch.Generator().manual_seed(seed)


@given(
    rows=st.lists(st.lists(st.integers(0, 199), min_size=1, max_size=40), min_size=1, max_size=6),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=80, deadline=None)
def test_masked(rows, share, seed):
    batch = MaskedLM(share=share).collate([Example(each) for each in rows], TOKENS, _generator(seed))
    again = MaskedLM(share=share).collate([Example(each) for each in rows], TOKENS, _generator(seed))
    assert all(torch.equal(batch[key], again[key]) for key in batch)
    for at, ids in enumerate(rows):
        row = [TOKENS.start, *ids, TOKENS.end]
        text = [place for place, each in enumerate(row) if each not in TOKENS.special]
        label = batch["labels"][at, : len(row)].tolist()
        chosen = [place for place, each in enumerate(label) if each != NO_LABEL]
        assert set(chosen) <= set(text)
        assert len(chosen) == (max(1, round(share * len(text))) if text else 0)
        for place, each in enumerate(row):
            if place in chosen:
                assert label[place] == each
                assert int(batch["input_ids"][at, place]) not in TOKENS.special - {TOKENS.mask}
            else:
                assert int(batch["input_ids"][at, place]) == each
        assert batch["attention_mask"][at].tolist() == [1] * len(row) + [0] * (batch["labels"].shape[1] - len(row))


def test_eighty_ten_ten():
    rows = [Example(range(5, 200)) for _ in range(100)]
    batch = MaskedLM().collate(rows, TOKENS, _generator())
    chosen = batch["labels"] != NO_LABEL
    ids, labels = batch["input_ids"][chosen], batch["labels"][chosen]
    count = len(labels)
    assert count == 100 * 29
    assert abs(int((ids == TOKENS.mask).sum()) / count - 0.8) < 0.02
    # one random token in 195 is the token itself
    assert abs(int((ids == labels).sum()) / count - 0.1) < 0.02


def test_no_random_and_no_kept():
    batch = MaskedLM(masked=1, random=0, share=0.5).collate([Example(range(5, 25))], TOKENS, _generator())
    assert bool((batch["input_ids"][batch["labels"] != NO_LABEL] == TOKENS.mask).all())


def test_causal_labels_are_the_next_tokens_and_padding_has_none():
    batch = CausalLM().collate([Example([10, 11]), Example([12], last=False)], TOKENS, _generator())
    assert batch["labels"].tolist() == [[10, 11, 2, NO_LABEL], [12, NO_LABEL, NO_LABEL, NO_LABEL]]


@pytest.mark.parametrize("said", ["mlm", {"objective": "mlm", "share": 0.3}, "clm"])
def test_an_objective_by_name_or_with_parameters(said):
    found = TypeAdapter(Objective).validate_python(said)
    assert found.objective == (said if isinstance(said, str) else said["objective"])


@pytest.mark.parametrize("said", ["tml", {"objective": "mlm", "masked": 0.95}, {"objective": "clm", "share": 0.3}])
def test_what_is_no_objective(said):
    with pytest.raises(ValidationError):
        TypeAdapter(Objective).validate_python(said)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    found = {}
    for name in ("bert", "llama"):
        place = tmp_path_factory.mktemp("models") / name
        with step_folder(place) as step:
            load(name=f"tiny:{name}", step=step)
        found[name] = Model.open(place)
    return found


@pytest.mark.parametrize(("name", "objective"), [("bert", "mlm"), ("llama", "clm")])
def test_parts_of_a_batch_add_up_to_its_loss_and_gradient(tiny, name, objective):
    opened = open_language_model(tiny[name], None)
    assert opened.objective.objective == objective
    rows = [Example(each) for each in opened.ids(["Witajće k nam!", "ދިވެހި", "𞤀𞤁𞤂𞤃", "a"])]
    batch = opened.objective.collate(rows, opened.tokens, _generator())
    loss, figures = opened.objective.loss(opened.network, batch)
    loss.backward()
    whole = {key: each.grad.clone() for key, each in opened.network.named_parameters() if each.grad is not None}
    opened.network.zero_grad()
    added = 0.0
    for places in ([2], [0, 3], [1]):
        piece, _ = opened.objective.loss(opened.network, part(batch, places), total=figures["labels"])
        piece.backward()
        added += float(piece.detach())
    assert added == pytest.approx(float(loss.detach()), abs=1e-5)
    for key, each in opened.network.named_parameters():
        if key in whole:
            torch.testing.assert_close(each.grad, whole[key], atol=1e-5, rtol=1e-3)


def test_an_encoder_has_a_fresh_head_and_is_no_causal_model(tiny):
    assert any("transform" in each for each in open_language_model(tiny["bert"], MaskedLM()).fresh)
    assert open_language_model(tiny["llama"], CausalLM()).fresh == []
    with pytest.raises(InputError, match="sees the text after a position"):
        open_language_model(tiny["bert"], CausalLM())


def test_a_decoder_is_no_masked_model(tiny):
    with pytest.raises(InputError, match="is a decoder, and mlm trains encoders"):
        open_language_model(tiny["llama"], MaskedLM())
