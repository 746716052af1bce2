"""What a training takes: operations, memory and hours by hand, a probe through the trainer, amounts of text."""

import math

import numpy as np
import pytest
import torch

from panglot.artifacts import InputError, Step, step_folder
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.models.load import load
from panglot.models.model import Model
from panglot.models.tiny_families import TINY_FAMILIES
from panglot.training.estimates import Work, on_gpus
from panglot.training.families import FAMILIES
from panglot.training.machines import GIB, GPUS, find_gpus
from panglot.training.memory import activation_bytes, training_memory
from panglot.training.plan import plan_training
from panglot.training.planned_model import PlannedModel, planned_model, planned_shape
from panglot.training.shape import shape_of
from panglot.training.text_amount import amount_of_text

LINES = ["ދިވެހި ރާއްޖެ ", "ပြည်ထောင်စု ", "Dobry dźeń, wjazdna ", "你好世界再见"]


def a_model(**more):
    sizes = {
        "name": "made", "kind": "decoder", "build": lambda: None, "parameters": 1_000_000_000, "body": 900_000_000,
        "head": 100_000_000, "vocabulary": 50_000, "layers": 20, "width": 2000, "positions": 2048,
    }  # fmt: skip
    return PlannedModel(**(sizes | more))


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    place = tmp_path_factory.mktemp("text")
    with DocumentWriter(place / DOCUMENTS_FILE) as writer:
        for at in range(60):
            writer.document(
                LINES[at % 4] * (1 + at % 7), ("div_Thaa", "mya_Mymr", "hsb_Latn", "zho_Hans")[at % 4], source="made"
            )
    return Documents(place)


def test_operations_by_hand():
    model = a_model()
    assert model.operations(1000) == 6e9 + 12 * 20 * 2000 * 1000
    # the head counts where something is predicted
    assert model.operations(1000, labelled=0.5) == 6 * 950e6 + 12 * 20 * 2000 * 1000


def test_memory_by_hand():
    found = training_memory(a_model(), tokens=4096, a_token=1_000_000, precision="bf16")
    assert (found.weights, found.gradients, found.optimizer, found.casts) == (4e9, 4e9, 8e9, 2e9)
    assert found.activations == 4_096_000_000
    rows = (1 << 25) // 50_000
    assert found.logits == 2 * 4 * rows * 50_000 + 4 * 100_000_000
    assert found.total == found.lasting + found.activations
    plain = training_memory(a_model(), tokens=4096, a_token=1_000_000)
    assert plain.casts == 0
    few = training_memory(a_model(), tokens=100, a_token=1_000_000, labelled=0.15, trained=1000)
    assert few.logits == 2 * 4 * 15 * 50_000 + 4 * 100_000_000
    assert (few.gradients, few.optimizer) == (4000, 8000)
    held = training_memory(a_model(), tokens=1, a_token=1_000_000, checkpointing=True)
    assert held.activations == 20 * 2000 * 4 + 50_000
    assert training_memory(a_model(), tokens=1, a_token=None).activations is None


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_activations_are_those_that_autograd_keeps(family, precision):
    """Against a real forward pass."""
    model = planned_shape(shape_of(family, 300, layers=2, width=32, heads=2))
    counted = activation_bytes(model.build, row=64, precision=precision)
    network = model.build().train()
    weights = {each.untyped_storage().data_ptr() for each in network.parameters()}
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = (storage.nbytes(), tensor)
        return tensor

    ids = torch.ones((1, 64), dtype=torch.long)
    given = {"decoder_input_ids": ids} if model.kind == "seq2seq" else {}
    autocast = torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16")
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda each: each), autocast:
        network.base_model(input_ids=ids, **given)
    # where masks are left out because nothing is masked, that is known only with data
    assert counted * 64 == pytest.approx(sum(size for size, _ in kept.values()), rel=0.06)


def test_a_llama_keeps_forty_bytes_a_width_and_sixteen_a_feed_forward():
    def of(**sizes):
        return activation_bytes(planned_shape(shape_of("llama", 300, heads=2, **sizes)).build, row=128)

    per_layer = of(layers=4, width=64, feed_forward=256) - of(layers=3, width=64, feed_forward=256)
    assert per_layer == pytest.approx(40 * 64 + 16 * 256, rel=0.01)


@pytest.mark.parametrize("name", ["bert", "xlm-roberta", "albert", "llama", "gpt2", "mixtral", "olmoe", "t5", "mbart"])
def test_models_that_exist(name, tmp_path):
    with step_folder(tmp_path / "model") as step:
        load(name=f"tiny:{name}", step=step)
    model = Model.open(tmp_path / "model")
    found = planned_model(model)
    assert found.kind == TINY_FAMILIES[name].kind
    assert found.head > 0 and found.width == 32
    assert found.layers == (4 if found.kind == "seq2seq" else 2)
    # half of the four experts sleep
    experts = {"mixtral": 24_576, "olmoe": 24_576}.get(name, 0)
    assert found.body < found.parameters - experts // 2
    assert (activation_bytes(found.build, row=16) is None) == bool(experts)


def test_gpus_by_name():
    assert str(find_gpus("8xH100")) == "8 × H100 SXM"
    assert find_gpus("NVIDIA GeForce RTX 4090").gpu is GPUS["4090"]
    assert find_gpus("a100 80gb").gpu is GPUS["a100"] and find_gpus("A100-40GB").gpu is GPUS["a100-40gb"]
    assert find_gpus("2 × V100").count == 2
    with pytest.raises(InputError, match=r"no GPU is known as 'H1000'.*did you mean"):
        find_gpus("H1000")
    for wrong in ("", "0xH100", "x", "8x"):
        with pytest.raises(InputError):
            find_gpus(wrong)
    assert all(each.precision == "bf16" or each.peak < 20e12 for each in GPUS.values())


def test_hours_and_energy_by_hand():
    work = Work(tokens=1e9, batch_tokens=100_000, row=1000)
    found = on_gpus(a_model(), find_gpus("2xA100"), work, a_token=500_000, utilisation=0.5)
    speed = 2 * 312e12 * 0.5 / (6e9 + 12 * 20 * 2000 * 1000)
    assert found.tokens_per_second == pytest.approx(speed)
    assert found.hours == pytest.approx(1e9 / speed / 3600)
    assert (found.slow, found.fast) == pytest.approx((speed * 0.8, speed * 1.2))
    assert found.hours_low < found.hours < found.hours_high
    assert found.kilowatt_hours[0] == pytest.approx(0.8 * found.hours)
    slower = on_gpus(
        a_model(), find_gpus("2xA100"), Work(1e9, 100_000, 1000, checkpointing=True), a_token=500_000, utilisation=0.5
    )
    assert slower.hours == pytest.approx(found.hours * 4 / 3)


def test_tokens_at_a_time_are_halved_until_they_fit():
    # 18.7 GB last, and 500 kB a token
    work = Work(tokens=1e9, batch_tokens=1e6, row=1000)
    found = on_gpus(a_model(), find_gpus("a40"), work, a_token=500_000)
    assert found.fits == "yes" and found.tokens_at_a_time == 32768
    assert found.memory.total <= 0.92 * 48 * GIB < found.memory.total + 32768 * 500_000
    assert on_gpus(a_model(), find_gpus("t4"), work, a_token=500_000).fits == "no"
    spread = on_gpus(a_model(), find_gpus("4xT4"), work, a_token=500_000)
    assert spread.fits == "sharded" and spread.memory.weights == 1e9


@pytest.mark.parametrize("utilisation", [0, -0.1, 1.5])
def test_a_utilisation_that_is_none(utilisation):
    with pytest.raises(InputError, match="is no share of the peak"):
        on_gpus(a_model(), find_gpus("h100"), Work(1e9, 1e5, 512), a_token=1, utilisation=utilisation)


def test_amounts_of_text(text):
    found = amount_of_text(text, lambda texts: [list(each.encode()) for each in texts])
    assert found.bytes == found.tokens == sum(len(each.encode()) for each in text.texts())
    assert (found.documents, found.languages, found.sampled, found.error) == (60, 4, 60, 0)
    assert found.bytes_a_token == 1


def test_a_sample_knows_how_wrong_it_may_be(tmp_path):
    generator = np.random.default_rng(3)
    with DocumentWriter(tmp_path / DOCUMENTS_FILE) as writer:
        for _ in range(3000):
            kind = generator.integers(0, 2)
            writer.document(("ab" if kind else "ߒߞߏ ") * int(generator.integers(1, 60)), "hsb_Latn", source="made")
    text = Documents(tmp_path)

    def characters(texts):
        return [list(each) for each in texts]

    truth = sum(map(len, text.texts()))
    found = amount_of_text(text, characters)
    assert found.sampled == 200 and found.error > 0
    assert abs(found.tokens - truth) < 1.5 * found.error < 0.3 * truth


def test_no_text(tmp_path):
    with DocumentWriter(tmp_path / DOCUMENTS_FILE):
        pass
    with pytest.raises(InputError, match="there is no text"):
        amount_of_text(Documents(tmp_path), lambda texts: [[] for _ in texts])


def a_plan(tmp_path, **more):
    folder = tmp_path / "plan"
    folder.mkdir()
    return plan_training(step=Step(folder, seed=17), **({"seconds": 0} | more))


def test_a_plan_of_a_new_model(tmp_path, text):
    found = a_plan(tmp_path, architecture="encoder", size="1M", tokenizer="tiny:bert", text=text, gpus=["H100", "2xL4"])
    assert found.shape.family == "modernbert" and found.model.parameters == pytest.approx(1e6, rel=0.03)
    assert found.text.tokens == found.text.bytes
    # four passes over little text
    assert found.dial.tokens == 4 * found.text.bytes
    assert [each.machine for each in found.machines] == ["H100 SXM", "2 × L4"]
    assert found.operations == pytest.approx(found.model.operations(512, 0.15) * found.dial.tokens)
    assert found.probed is None
    assert any("assumed utilisation of 0.4" in each for each in found.unknown)
    assert any("seldom keeps a large GPU" in each for each in found.unknown)


@pytest.mark.parametrize(
    "given",
    [
        {"model": "tiny:llama"},
        {"size": "200K", "vocabulary": 500},
        {"size": "200K", "tokenizer": "tiny:bert", "checkpointing": True},
        {"model": "tiny:t5"},
    ],
)
def test_a_probe_runs_real_steps(tmp_path, text, given):
    found = a_plan(tmp_path, text=text, seconds=0.3, sequence_length=64, **given)
    probed, (here,) = found.probed, found.machines
    assert probed.steps >= 3 and probed.low <= probed.tokens_per_second <= probed.high
    assert probed.device == "cpu" or torch.cuda.is_available()
    # the median of the steps against their mean, on a machine that may be busy
    assert 0.1 < probed.tokens_per_second * probed.seconds / (probed.batch_tokens * probed.steps) < 10
    assert here.measured and here.hours == pytest.approx(found.dial.tokens / probed.tokens_per_second / 3600)
    assert probed.peak_memory > 0 and found.probe_memory.total > 0
    if probed.device == "cpu":
        assert here.kilowatt_hours is None
        assert any("power that this machine draws is not known" in each for each in found.unknown)
    assert any("made up of numbers" in each for each in found.unknown) == ("vocabulary" in given)


def test_nothing_is_measured_where_memory_is_too_small(tmp_path, monkeypatch):
    monkeypatch.setattr("panglot.training.plan.free_memory", lambda: 1_000_000)
    monkeypatch.setattr("panglot.models.precision.best_device", lambda: "cpu")
    found = a_plan(tmp_path, model="tiny:llama", tokens=10_000, seconds=1, gpus=["h200"])
    assert found.probed is None and len(found.machines) == 1
    assert any("Nothing was measured here" in each for each in found.unknown)


def test_what_the_trainer_refuses_is_said_and_stops_nothing(tmp_path, text):
    # its tokenizer has no token for the language of the text, which the usual objective needs
    found = a_plan(tmp_path, model="tiny:mbart", text=text, seconds=0.3, gpus=["l4"])
    assert found.probed is None and len(found.machines) == 1
    assert any("Nothing was measured here: the tokenizer has no token for" in each for each in found.unknown)


def test_losses_from_runs(tmp_path):
    rows = ["parameters\tdata\tloss"]
    for n in (1e6, 3e6, 1e7, 3e7):
        rows += [f"{n}\t{n * r}\t{1.7 + 400 / n**0.34 + 400 / (n * r) ** 0.28}" for r in (5, 20, 80)]
    (tmp_path / "runs.tsv").write_text("\n".join(rows) + "\n")
    found = a_plan(tmp_path, size="6M", vocabulary=4000, runs=tmp_path / "runs.tsv")
    (loss,) = found.losses
    n, d = found.model.parameters, found.dial.tokens
    assert loss.loss == pytest.approx(1.7 + 400 / n**0.34 + 400 / d**0.28, rel=1e-3)
    assert math.isfinite(loss.low) and loss.low <= loss.loss <= loss.high


def test_too_few_runs_are_said_and_stop_nothing(tmp_path):
    (tmp_path / "runs.tsv").write_text("parameters\tdata\tloss\n1e6\t1e7\t3.0\n2e6\t1e7\t2.9\n")
    found = a_plan(tmp_path, size="6M", vocabulary=4000, runs=tmp_path / "runs.tsv")
    assert not found.losses
    assert any("The loss is not forecast: the law of the loss has five unknowns" in each for each in found.unknown)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "it is not said which model"),
        ({"size": "6M"}, "needs a tokenizer or the number"),
        ({"size": "6M", "vocabulary": 100, "tokenizer": "tiny:bert"}, "needs a tokenizer or the number"),
        ({"size": "6 M", "vocabulary": 100}, "a number of parameters such as 6M"),
        ({"size": "6M", "vocabulary": 3}, "has no room for text"),
        ({"size": "6M", "vocabulary": 300_000}, "leave too little"),
        ({"size": "6M", "vocabulary": 4000, "architecture": "lama"}, "did you mean 'llama'"),
        ({"model": "tiny:llama", "size": "6M"}, "has its own architecture"),
        ({"model": "tiny:llama"}, "it is not said how much"),
        ({"model": "tiny:lama", "tokens": 1000}, "did you mean 'tiny:llama'"),
        ({"model": "tiny:llama", "tokens": 1000, "gpus": ["H1000"]}, "no GPU is known"),
    ],
)
def test_what_cannot_be_planned(tmp_path, given, message):
    with pytest.raises(InputError, match=message):
        a_plan(tmp_path, **given)
