import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from surgery_models import KINDS, write_model_of

from panglot.artifacts import InputError
from panglot.models import Model
from panglot.models.model import MODEL_FOLDER, open_model
from panglot.vocabulary.checkpoint import read_checkpoint
from panglot.vocabulary.matrices import find_tensors, read_matrices
from panglot.vocabulary.reading import read_vocabulary

ROLES = {
    "bert-masked": {"input", "bias"}, "bert": {"input"}, "xlm-r": {"input", "bias"}, "llama-tied": {"input"},
    "llama-untied": {"input", "output"}, "qwen-padded": {"input", "output"}, "gpt2": {"input"}, "t5-tied": {"input"},
    "mt5-untied": {"input", "output"}, "bart": {"input", "bias"}, "m2m100": {"input"}, "gemma3-vision": {"input"},
    "sentence-encoder": {"input"},
}  # fmt: skip


def loaded(model: Model) -> torch.nn.Module:
    import transformers

    config = json.loads((model.path / "config.json").read_bytes())
    return getattr(transformers, config["architectures"][0]).from_pretrained(model.path)  # type: ignore[no-any-return]


def rewrite(model: Model, change: object) -> Model:
    """The model again after a function has changed its tensors."""
    path = model.path / "model.safetensors"
    tensors = load_file(path)
    change(tensors)  # type: ignore[operator]
    save_file({name: each.contiguous() for name, each in tensors.items()}, path, metadata={"format": "pt"})
    return open_model(model.folder, name=model.name)


@pytest.mark.parametrize("kind", KINDS)
def test_the_matrices_are_those_that_transformers_loads(kind: str, tmp_path: Path) -> None:
    model = write_model_of(kind, tmp_path)
    found = read_matrices(model)
    assert set(found) == ROLES[kind]
    network = loaded(model)
    expected = network.get_input_embeddings().weight.detach()
    assert np.array_equal(found["input"], expected)
    head = network.get_output_embeddings()
    if "output" in found:
        assert np.array_equal(found["output"], head.weight.detach())
        assert not np.array_equal(found["output"], found["input"])
    if "bias" in found:
        bias = network.final_logits_bias.T if kind == "bart" else head.bias.detach()[:, None]
        assert np.array_equal(found["bias"], bias)
        assert found["bias"].std() > 0.1


def test_padded_rows_are_not_tokens(tmp_path: Path) -> None:
    model = write_model_of("qwen-padded", tmp_path)
    assert find_tensors(model).rows == read_vocabulary(model.path).size + 19


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_number_formats(dtype: torch.dtype, tmp_path: Path) -> None:
    model = write_model_of("llama-untied", tmp_path, dtype)
    found = read_matrices(model)
    stored = load_file(model.path / "model.safetensors")
    assert np.array_equal(found["output"], stored["lm_head.weight"].float())
    assert found["input"].dtype == np.float32


def test_a_tensor_of_as_many_rows_but_of_another_role_is_not_touched(tmp_path: Path) -> None:
    from transformers import BertConfig, BertForMaskedLM

    model = write_model_of("bert-masked", tmp_path)
    size = read_vocabulary(model.path).size
    config = BertConfig(vocab_size=size, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=size,
                        max_position_embeddings=size)  # fmt: skip
    BertForMaskedLM(config).save_pretrained(model.path)
    model = open_model(model.folder, name="wide")
    names = {each.name for tensors in find_tensors(model).stored.values() for each in tensors}
    assert names == {"bert.embeddings.word_embeddings.weight", "cls.predictions.bias"}


def test_checkpoint_without_the_prefix_of_its_class(tmp_path: Path) -> None:
    model = write_model_of("bert-masked", tmp_path)
    before = read_matrices(model)

    def strip(tensors: dict[str, torch.Tensor]) -> None:
        for name in list(tensors):
            tensors[name.removeprefix("bert.")] = tensors.pop(name)

    after = read_matrices(rewrite(model, strip))
    assert all(np.array_equal(after[role], before[role]) for role in ("input", "bias"))


def test_encoder_saved_with_the_prefix_of_a_head_class(tmp_path: Path) -> None:
    model = write_model_of("bert", tmp_path)

    def add(tensors: dict[str, torch.Tensor]) -> None:
        for name in list(tensors):
            tensors["bert." + name] = tensors.pop(name)

    assert set(read_matrices(rewrite(model, add))) == {"input"}


def test_a_head_that_the_class_does_not_have_is_found_in_the_file(tmp_path: Path) -> None:
    model = write_model_of("bert-masked", tmp_path)
    config = json.loads((model.path / "config.json").read_bytes())
    (model.path / "config.json").write_text(json.dumps({**config, "architectures": ["BertModel"]}))
    assert set(read_matrices(open_model(model.folder, name="encoder"))) == {"input", "bias"}


def test_a_tied_head_that_is_stored_too_is_a_copy(tmp_path: Path) -> None:
    model = write_model_of("llama-tied", tmp_path)

    def copy(tensors: dict[str, torch.Tensor]) -> None:
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"].clone()

    found = find_tensors(rewrite(model, copy))
    assert found.tied
    assert {each.name for each in found.stored["input"]} == {"model.embed_tokens.weight", "lm_head.weight"}


def test_a_head_that_differs_is_untied_whatever_the_configuration_says(tmp_path: Path) -> None:
    model = write_model_of("llama-tied", tmp_path)

    def head(tensors: dict[str, torch.Tensor]) -> None:
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"] * 2

    model = rewrite(model, head)
    found = read_matrices(model)
    assert np.array_equal(found["output"], found["input"] * 2)
    assert np.array_equal(found["output"], loaded(model).get_output_embeddings().weight.detach())


def test_shards(tmp_path: Path) -> None:
    model = write_model_of("llama-untied", tmp_path / "shards", max_shard_size="20KB")
    assert len(read_checkpoint(model.path).files) > 2
    whole = write_model_of("llama-untied", tmp_path / "whole")
    for role, each in read_matrices(whole).items():
        assert np.array_equal(read_matrices(model)[role], each)


def edit_config(model: Model, **entries: object) -> None:
    path = model.path / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **entries}))


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}}, ["quantised"]),
        ({"model_type": "berd"}, ["berd", "bert"]),
        ({"architectures": ["BertForNothing"]}, ["BertForNothing"]),
        ({"vocab_size": 77}, ["rows", "config.json"]),
        ({"vocab_size_per_layer_input": 77}, ["each layer"]),
        ({"num_attention_heads": 5}, ["configuration"]),
    ],
)
def test_refused(entries: dict[str, object], words: list[str], tmp_path: Path) -> None:
    model = write_model_of("bert-masked", tmp_path)
    edit_config(model, **entries)
    with pytest.raises(InputError) as caught:
        find_tensors(model.folder / MODEL_FOLDER)
    for each in words:
        assert each in str(caught.value)
    assert "\n" not in str(caught.value)


def test_quantised_matrix(tmp_path: Path) -> None:
    model = write_model_of("llama-tied", tmp_path)

    def quantise(tensors: dict[str, torch.Tensor]) -> None:
        tensors["model.embed_tokens.weight"] = (tensors["model.embed_tokens.weight"] * 50).to(torch.int8)

    with pytest.raises(InputError, match="quantised"):
        find_tensors(rewrite(model, quantise))


def test_two_different_input_matrices(tmp_path: Path) -> None:
    model = write_model_of("bart", tmp_path)

    def split(tensors: dict[str, torch.Tensor]) -> None:
        tensors["model.decoder.embed_tokens.weight"] = tensors["model.shared.weight"] * 2

    with pytest.raises(InputError, match="several input matrices"):
        find_tensors(rewrite(model, split))
