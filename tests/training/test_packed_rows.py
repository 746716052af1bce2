"""Trainings whose rows hold several passages against those of one passage a row."""

import dataclasses

import pytest
import torch
import transformers
from language_cases import LINES, curve_of, documents, furthest, tiny, weights_of, without_dropout

from panglot.artifacts import InputError, Step
from panglot.objectives.batch import row_lengths
from panglot.objectives.objective import parse_objectives
from panglot.objectives.opening import open_language_model
from panglot.training.language_batches import LanguageBatches
from panglot.training.language_model import save_language_model
from panglot.training.language_training import train
from panglot.training.loss_module import LossModule
from panglot.training.packed_rows import packed_length, rows_of_passes
from panglot.training.seeding import seeded
from panglot.training.settings import Training
from panglot.training.text_stream import Passage

SETTINGS = {"steps": 4, "batch_bytes": 400, "sequence_length": 96, "learning_rate": 3e-3, "precision": "fp32"}
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return {name: tiny(tmp_path_factory.mktemp("models") / name, f"tiny:{name}") for name in ("bert", "modernbert", "llama")}


@pytest.fixture
def text(tmp_path):
    return documents(tmp_path / "text", LINES)


def _train(place, model, text, attention="sdpa", **more):
    place.mkdir()
    step = Step(place, seed=17, scratch=place.parent / f"{place.name}-scratch")
    with seeded(17):
        opened = open_language_model(model, None, longest=96)
        opened.network.set_attn_implementation(attention)
        without_dropout(opened.network)
        train(opened, text, Training(**{**SETTINGS, **more}), step)
    save_language_model(opened, step, name="trained")
    return step


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("name", ["bert", "modernbert", "llama"])
def test_packed_rows_train_the_same(models, text, tmp_path, name, attention):
    alone = _train(tmp_path / "alone", models[name], text, attention)
    together = _train(tmp_path / "together", models[name], text, attention, packing="always")
    assert (alone.figures["packed"], together.figures["packed"]) == (False, True)
    for one, other in zip(curve_of(alone.out), curve_of(together.out), strict=True):
        assert (one["tokens"], one["labels"]) == (other["tokens"], other["labels"])
        assert other["loss"] == pytest.approx(one["loss"], abs=1e-5)
        assert other["gradient_norm"] == pytest.approx(one["gradient_norm"], abs=1e-4)
    assert furthest(weights_of(alone.out), weights_of(together.out)) < 1e-4


@pytest.mark.slow
def test_compiled_layers_take_packed_rows(models, text, tmp_path):
    alone = _train(tmp_path / "alone", models["llama"], text)
    together = _train(tmp_path / "together", models["llama"], text, packing="always", compile=True)
    assert [each["loss"] for each in curve_of(together.out)] == pytest.approx(
        [each["loss"] for each in curve_of(alone.out)], abs=1e-4
    )


def test_passages_of_a_mixture_are_packed_by_objective(models):
    """Losses and gradients of a step, of its rows and of its passes."""
    opened = open_language_model(models["bert"], parse_objectives("mlm,tlm"), longest=96)
    without_dropout(opened.network)
    both = zip(LINES, reversed(LINES), range(len(LINES)), strict=True)
    passages = [Passage(one, other=other if number % 2 else None, objective=number % 2) for one, other, number in both]
    batches = LanguageBatches(opened, [passages], seed=3)
    parts = batches.parts(0)
    assert [each.objective for each in parts] == [0, 1]
    module = LossModule(opened.network, batches.objectives)
    found = []
    for length in (None, opened.limit):
        opened.network.zero_grad()
        pieces = [
            (each.objective, piece)
            for each in parts
            for piece in rows_of_passes(each.batch, tokens=192, length=length, padding=opened.tokens.padding)
        ]
        loss = sum(module(objective, piece, 50) for objective, piece in pieces)
        loss.backward()
        rows = sum(len(piece["input_ids"]) for _, piece in pieces)
        found.append((rows, loss.detach(), [each.grad for each in opened.network.parameters() if each.grad is not None]))
    (rows, one, first), (fewer, other, second) = found
    assert fewer < rows
    torch.testing.assert_close(other, one, atol=1e-5, rtol=0)
    for a, b in zip(first, second, strict=True):
        torch.testing.assert_close(b, a, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("tokens", [8, 40, 1000])
def test_every_row_is_learnt_once_whatever_fits(models, tokens):
    opened = open_language_model(models["llama"], None, longest=32)
    (part,) = LanguageBatches(opened, [[Passage(each) for each in LINES]], seed=3).parts(0)
    longest = max(row_lengths(part.batch))

    def documents_of(batch):
        numbers = batch.get("documents", batch["attention_mask"])
        return [
            (ids[number == which].tolist(), labels[number == which].tolist())
            for ids, labels, number in zip(batch["input_ids"], batch["labels"], numbers, strict=True)
            for which in range(1, int(number.max()) + 1)
        ]

    pieces = rows_of_passes(part.batch, tokens=tokens, length=32, padding=opened.tokens.padding)
    assert sorted(each for piece in pieces for each in documents_of(piece)) == sorted(documents_of(part.batch))
    for piece in pieces:
        rows, time = piece["input_ids"].shape
        assert time <= max(longest, min(32, tokens))
        assert rows == 1 or rows * time <= tokens


def test_a_full_memory_makes_packed_rows_shorter(models, text, tmp_path, monkeypatch):
    from panglot.training import language_trainer

    shapes = []

    def refusing(self, objective, batch, total, progress=0.0):
        shapes.append(tuple(batch["input_ids"].shape))
        if batch["input_ids"].numel() > 120:
            raise RuntimeError("CUDA out of memory.")
        return forward(self, objective, batch, total, progress)

    forward = LossModule.forward
    expected = curve_of(_train(tmp_path / "alone", models["llama"], text, steps=1).out)
    monkeypatch.setattr(language_trainer.LossModule, "forward", refusing)
    found = curve_of(_train(tmp_path / "together", models["llama"], text, packing="always", steps=1).out)
    assert max(rows * time for rows, time in shapes) > 120
    assert found[0]["loss"] == pytest.approx(expected[0]["loss"], abs=1e-5)


def _config(**more):
    sizes = {"vocab_size": 64, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
    return {**sizes, **more}


def test_what_cannot_be_packed_is_refused_in_one_line(models):
    opened = open_language_model(models["llama"], None, longest=96)
    bloom = transformers.BloomForCausalLM(transformers.BloomConfig(vocab_size=64, hidden_size=16, n_layer=2, n_head=2))
    t5 = transformers.T5ForConditionalGeneration(
        transformers.T5Config(vocab_size=64, d_model=16, d_kv=8, d_ff=24, num_layers=2, num_heads=2, decoder_start_token_id=0)
    )
    other = transformers.LlamaForCausalLM(transformers.LlamaConfig(**_config(num_key_value_heads=1)))
    other.config._attn_implementation = "flash_attention_2"
    cases = [
        (bloom, opened.objective, "bloom.* does not keep the texts of a row apart"),
        (t5, opened.objective, "encoder-decoder"),
        (other, opened.objective, "tested with sdpa and eager"),
        (opened.network, parse_objectives("translico"), "translico learns from rows that belong together"),
        (opened.network, _Taught(teacher=bloom), "the teacher .bloom. does not keep"),
    ]
    for network, objective, said in cases:
        given = (network, [objective])
        with pytest.raises(InputError, match=said) as caught:
            packed_length("always", *given, limit=32, device=CPU)
        assert "\n" not in str(caught.value)
        assert packed_length("auto", *given, limit=32, device=torch.device("cuda")) is None
        assert packed_length("none", *given, limit=32, device=CPU) is None


@dataclasses.dataclass
class _Taught:
    teacher: torch.nn.Module
    objective: str = "salt"
    packable: bool = True

    @property
    def also_read_by(self):
        return (self.teacher,)


def test_auto_packs_on_a_gpu_alone(models):
    opened = open_language_model(models["llama"], None, longest=96)
    given = (opened.network, [opened.objective])
    assert packed_length("auto", *given, limit=96, device=CPU) is None
    # only the name of the device is asked
    assert packed_length("auto", *given, limit=96, device=torch.device("cuda")) == 96


def test_an_encoder_that_chooses_weights_by_the_language_of_a_row_is_not_packed():
    config = transformers.XmodConfig(**_config(languages=["en_XX", "de_DE"], default_language="en_XX", pad_token_id=1))
    network = transformers.XmodForMaskedLM(config)
    with pytest.raises(InputError, match="xmod"):
        packed_length("always", network, [parse_objectives("mlm")], limit=32, device=CPU)
