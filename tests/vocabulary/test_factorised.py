"""Low-rank embeddings: exact where they can be, bounded where they cannot, saved, loaded, trained, written as a plain model."""

import json

import numpy as np
import pytest
import torch
import transformers as hf
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from panglot.artifacts import InputError, step_folder
from panglot.models.load import load as load_model
from panglot.models.model import Model
from panglot.vocabulary.factorised import FactorisedEmbedding, FactorisedHead, factorise, load, materialise, save
from panglot.vocabulary.factorised_model import FactorisedModel, factorise_model, materialise_model
from panglot.vocabulary.factors import factorise_matrix, principal_directions

TOKENS, WIDTH = 50, 16
SMALL = {"vocab_size": TOKENS, "hidden_size": WIDTH, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
SMALL |= {"max_position_embeddings": 32}
SEQUENCE = {"vocab_size": TOKENS, "d_model": WIDTH}
BART = {"encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
BART |= {"encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "max_position_embeddings": 32, "scale_embedding": True}
T5 = {"num_layers": 1, "num_heads": 2, "d_ff": 32, "d_kv": 8, "decoder_start_token_id": 0}
GPT2 = {
    "vocab_size": TOKENS,
    "n_embd": WIDTH,
    "n_layer": 1,
    "n_head": 2,
    "n_positions": 32,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
MODELS = {
    "encoder": lambda: hf.BertModel(hf.BertConfig(**SMALL)),
    "bert": lambda: hf.BertForMaskedLM(hf.BertConfig(**SMALL)),
    "xlm-r": lambda: hf.XLMRobertaForMaskedLM(hf.XLMRobertaConfig(**SMALL)),
    "tied llama": lambda: hf.LlamaForCausalLM(hf.LlamaConfig(**SMALL, tie_word_embeddings=True)),
    "untied llama": lambda: hf.LlamaForCausalLM(hf.LlamaConfig(**SMALL, tie_word_embeddings=False)),
    "gemma": lambda: hf.Gemma3ForCausalLM(hf.Gemma3TextConfig(**SMALL, num_key_value_heads=1, head_dim=8)),
    "gpt2": lambda: hf.GPT2LMHeadModel(hf.GPT2Config(**GPT2)),
    "t5": lambda: hf.T5ForConditionalGeneration(hf.T5Config(**SEQUENCE, **T5)),
    "bart": lambda: hf.BartForConditionalGeneration(hf.BartConfig(**SEQUENCE, **BART)),
}
IDS = torch.arange(5, 19).reshape(2, 7)


def made(name, seed=0):
    torch.manual_seed(seed)
    return MODELS[name]().eval()


def answer(model):
    more = {"decoder_input_ids": IDS} if model.config.is_encoder_decoder else {}
    with torch.no_grad():
        found = model(input_ids=IDS, **more)
    return found.logits if "logits" in found else found.last_hidden_state


def parameters(model):
    return sum(each.numel() for each in model.parameters())


# Matrices


@given(st.integers(0, 20), st.integers(1, 6), st.integers(1, 9))
def test_the_error_is_the_least_that_the_rank_allows(seed, dimension, rows):
    matrix = np.random.default_rng(seed).standard_normal((rows, 6)).astype(np.float32)
    coordinates, primitives = factorise_matrix(matrix, dimension)
    left_out = np.linalg.svd(matrix.astype(float), compute_uv=False)[dimension:]
    assert np.linalg.norm(matrix - coordinates @ primitives) == pytest.approx(np.sqrt((left_out**2).sum()), abs=1e-5)


def test_factors_by_hand():
    coordinates, primitives = factorise_matrix(np.array([[3, 0], [0, 4], [0, 0]], np.float32), 1)
    assert coordinates == pytest.approx(np.array([[0], [1], [0]]))
    assert primitives == pytest.approx(np.array([[0, 4]]))


def test_directions_equal_those_of_a_decomposition(monkeypatch):
    monkeypatch.setattr("panglot.vocabulary.factors._ROWS", 7)
    matrix = np.random.default_rng(0).standard_normal((40, 5)).astype(np.float32)
    values, directions = principal_directions(matrix)
    _, expected, turned = np.linalg.svd(matrix.astype(float), full_matrices=False)
    assert values == pytest.approx(expected)
    assert np.abs(directions.T @ turned.T) == pytest.approx(np.eye(5), abs=1e-6)


def test_a_matrix_of_lower_rank_and_one_of_zeros():
    thin = np.outer(np.arange(1, 9), [1, 2, 3]).astype(np.float32)
    coordinates, primitives = factorise_matrix(thin, 3)
    assert coordinates @ primitives == pytest.approx(thin, abs=1e-4)
    assert np.isfinite(factorise_matrix(np.zeros((4, 3), np.float32), 2)[0]).all()
    for dimension in (0, 4):
        with pytest.raises(ValueError, match="from 1 to 3"):
            factorise_matrix(thin, dimension)


# Models


@pytest.mark.parametrize("name", MODELS)
def test_at_full_rank_nothing_changes_and_the_tie_holds(name):
    model = made(name)
    before, tied = answer(model), model.get_output_embeddings() is not None and model.config.tie_word_embeddings
    factorise(model, WIDTH)
    assert torch.allclose(answer(model), before, atol=1e-5)
    model.tie_weights()
    model.resize_token_embeddings(TOKENS)
    assert torch.allclose(answer(model), before, atol=1e-5)
    assert isinstance(model.get_input_embeddings(), FactorisedEmbedding)
    assert model.get_input_embeddings().weight.shape == (TOKENS, WIDTH)
    if tied:
        assert isinstance(model.get_output_embeddings(), FactorisedHead)
        assert model.get_output_embeddings().coordinates is model.get_input_embeddings().coordinates


@pytest.mark.parametrize("name", MODELS)
def test_saved_and_loaded_it_is_the_same(name, tmp_path):
    model = factorise(made(name), 4)
    save(model, tmp_path)
    again = load(tmp_path)
    assert type(again) is type(model)
    assert parameters(again) == parameters(model)
    for (key, one), (other_key, other) in zip(model.state_dict().items(), again.state_dict().items(), strict=True):
        assert key == other_key
        assert torch.equal(one, other)
    assert torch.equal(answer(again), answer(model))


@pytest.mark.parametrize("name", MODELS)
def test_materialised_it_loads_without_panglot(name, tmp_path):
    model = factorise(made(name), 4)
    save(model, tmp_path / "small")
    with pytest.raises(OSError, match="model.safetensors"):
        type(model).from_pretrained(tmp_path / "small")
    (tmp_path / "plain").mkdir()
    model.config.save_pretrained(tmp_path / "plain")
    materialise(tmp_path / "small", tmp_path / "plain")
    plain, told = type(model).from_pretrained(tmp_path / "plain", output_loading_info=True)
    assert not any(told.values())
    assert torch.allclose(answer(plain.eval()), answer(model), atol=1e-5)


@pytest.mark.parametrize("name", ["bert", "tied llama", "untied llama"])
def test_parameters_are_those_of_the_factors(name):
    model = made(name)
    before = parameters(model)
    matrices = 2 if name == "untied llama" else 1
    factorise(model, 4)
    assert parameters(model) == before - matrices * (TOKENS * WIDTH - TOKENS * 4 - 4 * WIDTH)


def test_a_training_step_moves_the_factors_and_keeps_the_tie():
    model = factorise(made("bert"), 4).train()
    coordinates = model.get_input_embeddings().coordinates
    before = coordinates.detach().clone()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.5)
    model(input_ids=IDS, labels=IDS).loss.backward()
    assert coordinates.grad.abs().sum() > 0
    assert model.get_input_embeddings().primitives.grad.abs().sum() > 0
    optimiser.step()
    assert not torch.equal(coordinates, before)
    assert model.get_output_embeddings().coordinates is coordinates


def test_the_padding_row_gets_no_gradient_from_the_input():
    embedding = FactorisedEmbedding(nn.Parameter(torch.ones(5, 2)), nn.Parameter(torch.ones(2, 3)), padding_idx=1)
    embedding(torch.tensor([0, 1, 1])).sum().backward()
    assert embedding.coordinates.grad.tolist() == [[3, 3], [0, 0], [0, 0], [0, 0], [0, 0]]


def test_the_head_never_multiplies_the_matrix_out():
    tokens, rank, width = 1000, 2, 64
    head = FactorisedHead(
        nn.Parameter(torch.randn(tokens, rank)), nn.Parameter(torch.randn(rank, width)), nn.Parameter(torch.ones(tokens))
    )
    hidden = torch.randn(3, width)
    largest = 0

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            nonlocal largest
            found = function(*args, **(kwargs or {}))
            largest = max(largest, found.numel() if isinstance(found, torch.Tensor) else 0)
            return found

    with torch.no_grad(), Watch():
        logits = head(hidden)
    assert torch.allclose(logits, hidden @ head.weight.T + 1, atol=1e-4)
    assert largest < tokens * width


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(dtype, tmp_path):
    model = made("bert")
    before = answer(model)
    factorise(model.to(dtype), WIDTH)
    assert model.get_input_embeddings().coordinates.dtype == dtype
    assert torch.allclose(answer(model).float(), before, atol=0.05)
    save(model, tmp_path)
    assert torch.equal(answer(load(tmp_path)), answer(model))


def test_transformers_saves_it_too(tmp_path):
    # A trainer's checkpoints go through save_pretrained, which refuses shared tensors that it was not told of.
    factorise(made("bert"), 4).save_pretrained(tmp_path)
    assert (tmp_path / "model.safetensors").is_file()


@pytest.mark.parametrize("dimension", [0, WIDTH + 1])
def test_a_dimension_out_of_range(dimension):
    with pytest.raises(InputError, match="coordinates"):
        factorise(made("encoder"), dimension)


def test_what_cannot_be_factorised(tmp_path):
    model = factorise(made("encoder"), 4)
    with pytest.raises(InputError, match="already"):
        factorise(model, 4)
    with pytest.raises(InputError, match="not factorised"):
        save(made("encoder"), tmp_path)
    other = made("encoder")
    other.set_input_embeddings(nn.EmbeddingBag(TOKENS, WIDTH))
    with pytest.raises(InputError, match="EmbeddingBag"):
        factorise(other, 4)


def test_damaged_folders(tmp_path):
    with pytest.raises(InputError, match=r"factorised\.json"):
        load(tmp_path)
    save(factorise(made("encoder"), 4), tmp_path)
    weights = (tmp_path / "factorised.safetensors").read_bytes()
    (tmp_path / "factorised.safetensors").write_bytes(weights[:-7])
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path)
    (tmp_path / "factorised.safetensors").write_bytes(weights)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"vocab_size": TOKENS + 1}))
    with pytest.raises(InputError, match="do not fit"):
        load(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(config | {"architectures": ["os"]}))
    with pytest.raises(InputError, match="no model class"):
        load(tmp_path)
    (tmp_path / "factorised.json").write_text(json.dumps({"format": 2}))
    with pytest.raises(InputError, match="format"):
        load(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", None, '{"model_type": "unheard-of"}'])
def test_a_damaged_configuration_is_told_in_one_line(tmp_path, content):
    save(factorise(made("encoder"), 4), tmp_path)
    (tmp_path / "config.json").unlink()
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(InputError, match=r"config\.json") as found:
        load(tmp_path)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("rank", [None, "4", -1, 0, 5, 10**9, True])
def test_a_rank_that_is_not_that_of_the_weights(tmp_path, rank):
    # 10^9 would ask for 200 GB before the weights are looked at
    save(factorise(made("encoder"), 4), tmp_path)
    said = json.loads((tmp_path / "factorised.json").read_text())
    (tmp_path / "factorised.json").write_text(json.dumps(said | {"rank": rank}))
    with pytest.raises(InputError, match="damaged|otherwise"):
        load(tmp_path)


def test_code_that_lies_in_the_folder_is_never_run(tmp_path):
    save(factorise(made("encoder"), 4), tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "own.py").write_text("raise SystemExit('run')\n")
    (tmp_path / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoConfig": "own.Config"}}))
    assert type(load(tmp_path)).__name__ == "BertModel"
    (tmp_path / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoConfig": "own.Config"}, "model_type": "own"}))
    with pytest.raises(InputError, match="no model of the type"):
        load(tmp_path)


# Components


def test_a_model_is_factorised_and_made_plain_again(tmp_path):
    from sentence_transformers import SentenceTransformer

    texts = ["ދިވެހި", "ขอบคุณ", "𞤢𞤣"]
    with step_folder(tmp_path / "base") as step:
        load_model(name="tiny:bert", step=step)
    base = Model.open(tmp_path / "base")
    for dimension in (32, 8):
        place = tmp_path / f"small-{dimension}"
        with step_folder(place) as step:
            factorise_model(model=base, dimension=dimension, step=step)
        assert step.figures["embedding_parameters"] == dimension * (261 + 32)
        assert step.figures["energy_kept"] == 1 if dimension == 32 else 0.2 < step.figures["energy_kept"] < 1
        small = FactorisedModel.open(place)
        assert load(small.path).get_input_embeddings().coordinates.shape == (261, dimension)
        with step_folder(tmp_path / f"plain-{dimension}") as step:
            materialise_model(model=small, step=step)
        plain = Model.open(tmp_path / f"plain-{dimension}")
        assert plain.name == f"tiny:bert+factorised-{dimension}"
        assert plain.facts["parameters"] == base.facts["parameters"]
        found = SentenceTransformer(str(plain.path), device="cpu").encode(texts)
        expected = SentenceTransformer(str(base.path), device="cpu").encode(texts)
        assert (np.abs(found - expected).max() < 1e-5) == (dimension == 32)


def test_components_write_the_same_bytes_again(tmp_path):
    with step_folder(tmp_path / "base") as step:
        load_model(name="tiny:llama", step=step)
    for name in ("one", "two"):
        with step_folder(tmp_path / name) as step:
            factorise_model(model=Model.open(tmp_path / "base"), dimension=8, step=step)
    assert FactorisedModel.open(tmp_path / "one").digest == FactorisedModel.open(tmp_path / "two").digest
