"""The component: what it writes, its determinism, its errors."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer

from panglot.alignment.contrastive import contrastive
from panglot.artifacts import InputError, PanglotError, digest_folder
from panglot.models.load import load

QUICK = {"epochs": 3, "batch_size": 4, "learning_rate": 1e-2, "precision": "fp32"}


def vectors(folder, texts):
    return SentenceTransformer(str(folder), device="cpu").encode(texts, normalize_embeddings=True)


def test_translations_come_together(tiny, some_pairs, a_step, texts, tmp_path, monkeypatch):
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    monkeypatch.chdir(empty)
    step = a_step()
    model = contrastive(model=tiny, pairs=some_pairs(), step=step, **{**QUICK, "epochs": 15})
    assert model.name == "tiny:bert+contrastive"
    assert model.path == step.out / "model"

    def right(folder):
        scores = vectors(folder, [each[0] for each in texts]) @ vectors(folder, [each[1] for each in texts]).T
        return (scores.argmax(axis=1) == np.arange(len(texts))).mean()

    assert right(model.path) > right(tiny.path)
    assert right(model.path) >= 0.8
    curve = json.loads((step.out / "curve.json").read_text())
    assert [each["step"] for each in curve] == list(range(1, 31))
    assert curve[-1]["epoch"] < 15
    assert curve[0]["learning_rate"] == pytest.approx(1e-2)
    assert curve[-1]["loss"] < curve[0]["loss"]
    assert all(each.keys() == {"step", "epoch", "loss", "learning_rate", "tokens"} for each in curve)
    figures = step.figures
    assert (figures["pairs"], figures["steps"], figures["batch_size"]) == (7, 30, 4)
    assert figures["tokens"] == sum(each["tokens"] for each in curve)
    assert (figures["loss_first"], figures["loss_last"]) == (curve[0]["loss"], curve[-1]["loss"])
    assert figures["precision"] == "fp32"
    assert 0 < figures["embedding_rows_trained"] < 261
    assert sorted(each.name for each in step.out.iterdir()) == ["curve.json", "model", "model.json"]
    assert not list(empty.iterdir())


def test_tokens_are_counted_without_padding(tiny, some_pairs, a_step, texts):
    step = a_step()
    contrastive(model=tiny, pairs=some_pairs(), step=step, **{**QUICK, "epochs": 1})
    # a byte tokenizer with two marks around each text
    assert step.figures["tokens"] == sum(len(each.encode()) + 2 for pair in texts for each in pair)


def test_equal_runs_give_equal_bytes(tiny, some_pairs, a_step):
    pairs = some_pairs()
    retain = some_pairs([("Guten Tag", "good day"), ("falsch", "wrong")], source="deu_Latn", name="retain")
    steps = [a_step(name, seed) for name, seed in (("one", 17), ("two", 17), ("three", 18))]
    for number, step in enumerate(steps):
        torch.manual_seed(number)  # what the caller did before must not matter
        contrastive(model=tiny, pairs=pairs, retain=retain, step=step, **QUICK)
    one, two, three = (digest_folder(each.out) for each in steps)
    assert one == two
    assert one != three
    assert steps[0].figures == steps[1].figures


def test_the_callers_random_state_is_left_alone(tiny, some_pairs, a_step):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    contrastive(model=tiny, pairs=some_pairs(), step=a_step(), **QUICK)
    assert torch.equal(torch.rand(3), expected)
    assert not torch.are_deterministic_algorithms_enabled()


def test_rows_of_tokens_that_never_occur_keep_their_bits(tiny, some_pairs, a_step):
    step = a_step()
    model = contrastive(model=tiny, pairs=some_pairs([("abc", "cba"), ("aab", "bba")]), step=step, **QUICK)
    name = "embeddings.word_embeddings.weight"
    before, after = (load_file(each.path / "model.safetensors")[name] for each in (tiny, model))
    changed = (before != after).any(dim=1).nonzero().flatten().tolist()
    tokenizer = SentenceTransformer(str(tiny.path), device="cpu").tokenizer
    assert set(changed) == {*tokenizer.convert_tokens_to_ids(["a", "b", "c", "<s>", "</s>"])}


def test_retained_languages_stay_nearer(tiny, some_pairs, a_step):
    kept = [("Guten Tag und willkommen", "good day"), ("falsches Kennwort", "wrong password"), ("öffnen", "open")]
    pairs, retain = some_pairs(), some_pairs(kept, source="deu_Latn", name="retain")
    settings = {**QUICK, "epochs": 5}
    free = contrastive(model=tiny, pairs=pairs, step=a_step("free"), **settings)
    held_step = a_step("held")
    held = contrastive(model=tiny, pairs=pairs, retain=retain, retention_weight=20.0, step=held_step, **settings)
    texts = [each for pair in kept for each in pair]
    before = vectors(tiny.path, texts)

    def drift(model):
        return float((1 - (before * vectors(model.path, texts)).sum(axis=1)).mean())

    assert drift(held) < drift(free) / 2
    curve = json.loads((held_step.out / "curve.json").read_text())
    assert curve[0]["retention_loss"] == pytest.approx(0, abs=1e-6)
    assert curve[-1]["retention_loss"] > 0
    assert held_step.figures["retained_texts"] == 6


def test_the_models_own_limit_and_prompts_are_kept(tiny, some_pairs, a_step):
    prompted = SentenceTransformer(str(tiny.path), device="cpu")
    prompted.prompts, prompted.default_prompt_name = {"query": "query: "}, "query"
    folder = a_step("prompted").out
    prompted.save(str(folder), create_model_card=False)
    base = load(name=str(folder), step=a_step("loaded"))
    step = a_step()
    model = contrastive(model=base, pairs=some_pairs(), max_tokens=16, step=step, **QUICK)
    trained = SentenceTransformer(str(model.path), device="cpu")
    assert trained.max_seq_length == prompted.max_seq_length == 512
    assert trained.default_prompt_name == "query"
    assert any("16 tokens" in each for each in step.notes)
    per_step = [each["tokens"] for each in json.loads((step.out / "curve.json").read_text())]
    assert max(per_step) <= 16 * 2 * 4


def test_plain_transformers_loads_it(tiny, some_pairs, a_step):
    from transformers import AutoModel, AutoTokenizer

    model = contrastive(model=tiny, pairs=some_pairs(), step=a_step(), **QUICK)
    states = AutoModel.from_pretrained(model.path)(**AutoTokenizer.from_pretrained(model.path)("ދިވެހި", return_tensors="pt"))
    assert torch.isfinite(states.last_hidden_state).all()


def test_a_decoder_can_be_trained(some_pairs, a_step):
    llama = load(name="tiny:llama", step=a_step("llama"))
    step = a_step()
    contrastive(model=llama, pairs=some_pairs(), step=step, **{**QUICK, "epochs": 10})
    assert step.figures["loss_last"] < step.figures["loss_first"]


def test_large_batches_are_cached_with_equal_results(tiny, some_pairs, a_step):
    # a run of equal size has equal dropout, so even the bytes agree
    plain, cached = a_step("plain"), a_step("cached")
    settings = {**QUICK, "batch_size": 7, "dropout": True}
    contrastive(model=tiny, pairs=some_pairs(), step=plain, **settings)
    contrastive(model=tiny, pairs=some_pairs(), cached_batch=16, step=cached, **settings)
    one, other = (load_file(each.out / "model" / "model.safetensors") for each in (plain, cached))
    assert all(torch.allclose(one[name], other[name], atol=1e-6) for name in one)


def test_a_full_memory_halves_what_is_encoded_at_a_time(tiny, some_pairs, a_step, monkeypatch):
    from panglot.alignment.info_nce import SymmetricInfoNCE

    real, seen = SymmetricInfoNCE._vectors, []

    def small(self, features, dropout):
        count = len(features["input_ids"])
        seen.append(count)
        if count > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return real(self, features, dropout)

    monkeypatch.setattr(SymmetricInfoNCE, "_vectors", small)
    step = a_step()
    contrastive(model=tiny, pairs=some_pairs(), step=step, **{**QUICK, "batch_size": 7})
    assert max(seen) == 7
    assert any("1 texts were encoded" in each or "3 texts" in each or "2 texts" in each for each in step.notes)
    assert step.figures["batch_size"] == 7

    monkeypatch.setattr(
        SymmetricInfoNCE, "_vectors", lambda *_: (_ for _ in ()).throw(torch.OutOfMemoryError("CUDA out of memory."))
    )
    with pytest.raises(PanglotError, match="memory is too small"):
        contrastive(model=tiny, pairs=some_pairs(), step=a_step("none"), **QUICK)


def test_fewer_pairs_than_a_batch(tiny, some_pairs, a_step):
    step = a_step()
    contrastive(model=tiny, pairs=some_pairs(), step=step, **{**QUICK, "batch_size": 32})
    assert step.figures["batch_size"] == 7
    assert any("fewer than a batch of 32" in each for each in step.notes)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_pairs(tiny, some_pairs, a_step, texts, count):
    with pytest.raises(InputError, match=f"there are {count} pairs"):
        contrastive(model=tiny, pairs=some_pairs(texts[:count]), step=a_step(), **QUICK)


def test_several_pivots(tiny, some_pairs, a_step, texts):
    pairs = some_pairs(target=["eng_Latn"] * 5 + ["fra_Latn"] * 2)
    with pytest.raises(InputError, match="several pivot languages: eng_Latn, fra_Latn"):
        contrastive(model=tiny, pairs=pairs, step=a_step(), **QUICK)


def test_several_languages_are_told(tiny, some_pairs, a_step):
    step = a_step()
    pairs = some_pairs(source=["khm_Khmr", "ckb_Arab", "fuf_Adlm", "div_Thaa", "hsb_Latn", "hsb_Latn", "hsb_Latn"])
    contrastive(model=tiny, pairs=pairs, step=step, **QUICK)
    assert any("ckb_Arab 1" in each and "hsb_Latn 3" in each for each in step.notes)


def test_only_equal_texts(tiny, some_pairs, a_step):
    # every pair shares its target: nothing is a negative of anything, and nothing may break
    step = a_step()
    contrastive(model=tiny, pairs=some_pairs([(each, "open") for each in "abcd"]), step=step, **QUICK)
    assert step.figures["loss_first"] == 0


def test_a_loss_that_is_not_finite(tiny, some_pairs, a_step):
    broken = SentenceTransformer(str(tiny.path), device="cpu")
    with torch.no_grad():
        broken[0].model.embeddings.LayerNorm.weight[0] = math.nan
    folder = a_step("broken").out
    broken.save(str(folder), create_model_card=False)
    base = load(name=str(folder), step=a_step("loaded"))
    step = a_step()
    with pytest.raises(PanglotError, match=r"nan in training step 1: lower learning_rate \(now 0\.01\)"):
        contrastive(model=base, pairs=some_pairs(), step=step, **QUICK)
    assert not list(step.out.iterdir())


def test_importing_the_component_is_light():
    heavy = ("torch", "transformers", "datasets", "sentence_transformers")
    code = f"import sys, panglot.alignment.contrastive; print([each for each in {heavy} if each in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
