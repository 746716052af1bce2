"""Methods of adaptation in the trainer: what is written, what goes on after an interruption, and in several processes."""

import json

import pytest
import torch
from language_cases import LINES, curve_of, documents, furthest, tiny, traced_compiling, weights_of
from several import HERE, torchrun

from panglot.adaptation.method import parse_method
from panglot.artifacts import step_folder
from panglot.models.model import Model
from panglot.objectives.opening import open_language_model
from panglot.training import checkpoint
from panglot.training.language_model import language_model

METHODS = [{"method": "lora", "rank": 2}, {"method": "ia3"}, {"method": "bitfit", "norms": True}, {"method": "layers"}]
SETTINGS = {"steps": 6, "batch_bytes": 256, "sequence_length": 64, "learning_rate": 3e-3, "precision": "fp32"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    found = tmp_path_factory.mktemp("adapted")
    for name in ("tiny:bert", "tiny:llama"):
        tiny(found / name[5:], name)
    documents(found / "text", {"hsb_Latn": LINES})
    documents(found / "replay", {"deu_Latn": ["eins zwei drei vier", "fünf sechs sieben acht"]})
    return found


def _train(place, out, name, method, **more):
    from panglot.corpus.documents import Documents

    settings = {**SETTINGS, **more}
    with step_folder(out, seed=17, volatile=Model.volatile) as step:
        language_model(
            model=Model(place / name), text=Documents(place / "text"), method=parse_method(method), step=step, **settings
        )
    return Model.open(out)


@pytest.mark.parametrize("name", ["bert", "llama"])
@pytest.mark.parametrize("method", METHODS, ids=lambda each: each["method"])
def test_what_a_method_leaves(place, tmp_path, name, method):
    import transformers

    trained = _train(place, tmp_path / "out", name, method)
    curve = curve_of(tmp_path / "out")
    assert curve[-1]["loss"] < curve[0]["loss"] + 0.5
    whole = parse_method(method).whole
    assert (tmp_path / "out" / "adapter").is_dir() is not whole
    loader = transformers.AutoModelForMaskedLM if name == "bert" else transformers.AutoModelForCausalLM
    network, facts = loader.from_pretrained(trained.path, output_loading_info=True)
    assert not facts["missing_keys"]
    assert not facts["unexpected_keys"]
    torch.manual_seed(0)
    before = open_language_model(Model(place / name), None).network
    changed = [
        one for one, each in before.state_dict().items() if one in network.state_dict()
        and not torch.equal(each, network.state_dict()[one])
    ]  # fmt: skip
    assert changed
    if method["method"] == "lora":
        assert all("layer" in each or "cls" in each for each in changed), changed
    if not whole:
        said = json.loads((tmp_path / "out" / "adapter" / "panglot.json").read_bytes())
        assert said["method"]["method"] == method["method"]


@pytest.mark.parametrize("method", METHODS[:2], ids=lambda each: each["method"])
def test_equal_runs_give_equal_bytes_also_after_an_interruption(place, tmp_path, monkeypatch, method):
    one = _train(place, tmp_path / "one", "llama", method)
    own, calls = checkpoint.save, []

    def save(folder, state, *more, **others):
        own(folder, state, *more, **others)
        calls.append(state.step)
        if state.step == 4:
            raise KeyboardInterrupt

    import panglot.training.language_trainer as trainer

    monkeypatch.setattr(trainer, "save", save)
    from panglot.artifacts.storage import scratch_place
    from panglot.corpus.documents import Documents

    for attempt in range(2):
        try:
            with step_folder(tmp_path / "two", seed=17, key="key", volatile=Model.volatile) as step:
                language_model(
                    model=Model(place / "llama"), text=Documents(place / "text"), method=parse_method(method),
                    checkpoint_every="2 steps", step=step, **SETTINGS,
                )  # fmt: skip
        except KeyboardInterrupt:
            assert attempt == 0
            found = scratch_place(tmp_path / "two", "key")
            largest = max((each.stat().st_size for each in found.rglob("*.safetensors")), default=0)
            # what does not learn is not in a checkpoint
            assert 0 < largest < (place / "llama" / "model" / "model.safetensors").stat().st_size / 2
    assert 4 in calls
    assert furthest(weights_of(tmp_path / "one"), weights_of(tmp_path / "two")) == 0
    assert one.digest == Model.open(tmp_path / "two").digest


@pytest.mark.parametrize("more", [{"gradient_checkpointing": True}, {"packing": "always"}, {"optimizer": "muon"}])
def test_ways_of_training_go_with_lora(place, tmp_path, more):
    _train(place, tmp_path / "plain", "llama", METHODS[0], learning_rate=1e-3)
    _train(place, tmp_path / "other", "llama", METHODS[0], learning_rate=1e-3, **more)
    losses = [[each["loss"] for each in curve_of(tmp_path / one)] for one in ("plain", "other")]
    assert losses[0] == pytest.approx(losses[1], abs=0.05 if "optimizer" in more else 1e-4)


@pytest.mark.slow
def test_lora_compiled(place, tmp_path, monkeypatch):
    _train(place, tmp_path / "plain", "llama", METHODS[0])
    compiled = traced_compiling(monkeypatch)
    _train(place, tmp_path / "other", "llama", METHODS[0], compile=True)
    assert compiled == ["LlamaDecoderLayer"] * 2
    losses = [[each["loss"] for each in curve_of(tmp_path / one)] for one in ("plain", "other")]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


@pytest.mark.slow
def test_two_processes_adapt_as_one_does(place):
    methods, ways = ("lora", "ia3", "madx"), ("ddp", "fsdp2")
    alone = torchrun(
        HERE / "several_processes.py", place, *(f"llama:auto:one_{each}:none::{each}" for each in methods), processes=1
    )
    assert alone.returncode == 0, alone.stderr
    cases = [f"llama:{way}:{way}_{each}:none::{each}" for way in ways for each in methods]
    both = torchrun(HERE / "several_processes.py", place, *cases)
    assert both.returncode == 0, both.stderr
    for each in methods:
        one = place / f"llama-auto-one_{each}-1"
        for way in ways:
            two = place / f"llama-{way}-{way}_{each}-2"
            pairs = list(zip(curve_of(one), curve_of(two), strict=True))
            assert max(abs(a["loss"] - b["loss"]) for a, b in pairs) < 1e-5
            assert furthest(weights_of(one), weights_of(two)) < 1e-5


def test_the_method_knows_which_languages_are_new(place):
    from panglot.corpus.documents import Documents
    from panglot.training.adapting import languages_of
    from panglot.training.learnt_text import learnt_from

    learnt = learnt_from(Documents(place / "text"), replay=Documents(place / "replay"))
    assert languages_of(learnt) == (["deu_Latn", "hsb_Latn"], ["hsb_Latn"])
    assert languages_of(learnt_from(Documents(place / "text"))) == (["hsb_Latn"], [])
