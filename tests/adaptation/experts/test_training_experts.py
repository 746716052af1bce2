"""Experts in the trainer: both stages, with checkpointing, compiled, in several processes."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from language_cases import LINES, curve_of, documents, furthest, tiny, traced_compiling, weights_of
from safetensors.torch import load_file
from several import torchrun

from panglot.adaptation.method import parse_method
from panglot.artifacts import InputError, step_folder
from panglot.corpus.documents import Documents
from panglot.evaluation.routing import routing
from panglot.models.model import Model
from panglot.objectives.opening import open_language_model
from panglot.training.language_model import language_model

SETTINGS: dict[str, Any] = {
    "steps": 6, "batch_bytes": 256, "sequence_length": 64, "precision": "fp32", "learning_rate": 3e-3, "checkpoint_every": None,
}  # fmt: skip
STAGE_1 = {"method": "experts", "experts": 4}
STAGE_2 = {"method": "experts_review", "inference_experts": 1}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("experts")
    tiny(found / "model", "tiny:llama")
    tiny(found / "encoder", "tiny:xlm-roberta")
    documents(found / "new", {"div_Thaa": [LINES[1]] * 6, "khm_Khmr": [LINES[3]] * 6})
    documents(found / "old", {"eng_Latn": [LINES[6]] * 6, "heb_Hebr": [LINES[7]] * 6})
    return found


def train(out: Path, model: Path, method: Any, place: Path, *, replay: bool = False, **more: Any) -> Model:
    with step_folder(out, seed=17, volatile=Model.volatile) as step:
        language_model(
            model=Model.open(model),
            text=Documents(place / "new"),
            replay=Documents(place / "old") if replay else None,
            method=parse_method(method),
            step=step,
            **{**SETTINGS, **more},
        )
    return Model.open(out)


def state_of(step: Path) -> dict[str, torch.Tensor]:
    """Weights as the network has them: in files each expert lies apart."""
    return open_language_model(Model.open(step), None).network.state_dict()


def test_both_stages_of_a_decoder(place: Path, tmp_path: Path) -> None:
    one = train(tmp_path / "1", place / "model", STAGE_1, place)
    config = json.loads((tmp_path / "1" / "model" / "config.json").read_text())
    assert (config["architectures"], config["num_local_experts"]) == (["MixtralForCausalLM"], 4)
    assert (tmp_path / "1" / "adapter" / "adapter_model.safetensors").is_file()
    old, new = state_of(place / "model"), state_of(tmp_path / "1")
    for layer in range(2):
        gate_up = new[f"model.layers.{layer}.mlp.experts.gate_up_proj"]
        mine = [old[f"model.layers.{layer}.mlp.{each}_proj.weight"] for each in ("gate", "up")]
        assert torch.equal(gate_up[0], torch.cat(mine))
        assert all(not torch.equal(gate_up[0], gate_up[number]) for number in (1, 2, 3))
        assert torch.equal(
            new[f"model.layers.{layer}.self_attn.q_proj.weight"], old[f"model.layers.{layer}.self_attn.q_proj.weight"]
        )
    with pytest.raises(InputError, match="which languages are old"):
        train(tmp_path / "no", one.folder, STAGE_2, place)
    train(tmp_path / "2", one.folder, STAGE_2, place, replay=True, steps=30, learning_rate=0.05)
    after = state_of(tmp_path / "2")
    assert {name for name in after if not torch.equal(after[name], new[name])} == {
        f"model.layers.{layer}.mlp.gate.weight" for layer in range(2)
    }
    assert json.loads((tmp_path / "2" / "model" / "config.json").read_text())["num_experts_per_tok"] == 1
    assert one.manifest.figures["parameters_trained"] > 3 * 2 * 3 * 32 * 64
    # old languages, in scripts of their own, go to the old network; new ones need not
    with step_folder(tmp_path / "routes", seed=17) as step:
        routing(model=Model.open(tmp_path / "2"), text=[Documents(place / "old"), Documents(place / "new")], step=step)
        first = {tag: each["first_expert_0"] for tag, each in step.figures["language"].items()}
    assert min(first["eng_Latn"], first["heb_Hebr"]) >= 0.9


def test_both_stages_of_an_encoder_are_adapters(place: Path, tmp_path: Path) -> None:
    train(tmp_path / "1", place / "encoder", STAGE_1, place)
    two = train(tmp_path / "2", tmp_path / "1", STAGE_2, place, replay=True)
    folder = tmp_path / "2" / "model" / "adapters"
    assert [each.name for each in sorted(folder.iterdir())] == ["01-experts", "02-experts_review"]
    opened = open_language_model(two, None)
    assert [each.method.method for each in opened.adapted] == ["experts", "experts_review"]
    assert opened.tokens.other_language is None


def test_layers_computed_again_learn_the_same(place: Path, tmp_path: Path) -> None:
    """Languages are known in the backward pass too, where layers are computed again."""
    for method, start in ((STAGE_1, place / "model"), (STAGE_2, tmp_path / "STAGE_1-plain")):
        name = "STAGE_1" if method is STAGE_1 else "STAGE_2"
        for way, more in (("plain", {}), ("again", {"gradient_checkpointing": True})):
            train(tmp_path / f"{name}-{way}", start, method, place, replay=method is STAGE_2, **more)
        curves = [[each["loss"] for each in curve_of(tmp_path / f"{name}-{way}")] for way in ("plain", "again")]
        assert curves[0] == pytest.approx(curves[1], abs=1e-6)
        assert furthest(weights_of(tmp_path / f"{name}-plain"), weights_of(tmp_path / f"{name}-again")) < 1e-5


@pytest.mark.slow
def test_compiled_layers_learn_the_same(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = traced_compiling(monkeypatch)
    for way, more in (("plain", {}), ("compiled", {"compile": True})):
        train(tmp_path / f"1-{way}", place / "model", STAGE_1, place, steps=2, **more)
        train(tmp_path / f"2-{way}", tmp_path / "1-plain", STAGE_2, place, replay=True, steps=2, **more)
    assert len(compiled) == 2 * 2
    for stage in "12":
        assert furthest(weights_of(tmp_path / f"{stage}-plain"), weights_of(tmp_path / f"{stage}-compiled")) < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("name", ["experts", "experts_review", "plugins"])
def test_two_processes_learn_what_one_does(place: Path, tmp_path: Path, name: str) -> None:
    script = Path(__file__).with_name("expert_processes.py")
    # each process balances its own tokens, so that the balance of one process is another
    methods = {
        "experts": {**STAGE_1, "balance": 0},
        "experts_review": STAGE_2,
        "plugins": {"method": "plugins", "groups": "language"},
    }
    start = place / "model"
    if name == "experts_review":
        start = train(tmp_path / "first", place / "model", STAGE_1, place).folder
    for link, folder in (("model", start), ("new", place / "new"), ("old", place / "old")):
        (tmp_path / link).symlink_to(folder, target_is_directory=True)
    said = json.dumps(methods[name])
    alone = torchrun(script, tmp_path, said, "auto", processes=1)
    assert alone.returncode == 0, alone.stderr
    both = torchrun(script, tmp_path, said, "ddp", "fsdp2")
    assert both.returncode == 0, both.stderr
    one = tmp_path / f"{said}-auto-1-0"
    # the prior loss is weighted by the labels of a pass, and counted by its tokens
    exact = name != "experts_review"
    for way in ("ddp", "fsdp2"):
        two = tmp_path / f"{said}-{way}-2-0"
        losses = [[each["loss"] for each in curve_of(each)] for each in (one, two)]
        assert losses[0] == pytest.approx(losses[1], abs=1e-5 if exact else 1e-2)
        learnt = [load_file(each / "adapter" / "adapter_model.safetensors") for each in (one, two)]
        assert furthest(*learnt) < (1e-5 if exact else 1e-2)
