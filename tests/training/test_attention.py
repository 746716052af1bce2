"""Attention by products while a network trains in bf16 on a processor, and its own otherwise."""

import pytest
from language_cases import LINES, documents, tiny

from panglot.artifacts import Step
from panglot.objectives.opening import open_language_model
from panglot.training.attention import QuickestAttention
from panglot.training.language_training import train
from panglot.training.settings import Training


@pytest.mark.parametrize(
    ("device", "precision", "longest", "expected"),
    [("cpu", "bf16", 256, "eager"), ("cpu", "bf16", 257, "sdpa"), ("cpu", "fp32", 64, "sdpa"), ("cuda", "bf16", 64, "sdpa")],
)
def test_where_it_is_quicker(tmp_path, device, precision, longest, expected):
    network = open_language_model(tiny(tmp_path / "model", "tiny:llama"), None, longest=64).network
    assert network.config._attn_implementation == "sdpa"
    found = QuickestAttention(network, device=device, precision=precision, longest=longest)
    assert network.config._attn_implementation == expected
    with found.own():
        assert network.config._attn_implementation == "sdpa"
    assert network.config._attn_implementation == expected
    found.give_back()
    assert network.config._attn_implementation == "sdpa"


def test_measured_on_the_way_and_left_behind_with_its_own(tmp_path):
    opened = open_language_model(tiny(tmp_path / "model", "tiny:llama"), None, longest=32)
    text, out = documents(tmp_path / "text", LINES), tmp_path / "out"
    out.mkdir()
    seen = []
    settings = Training(steps=3, batch_bytes=200, sequence_length=32, precision="bf16")
    train(
        opened,
        text,
        settings,
        Step(out, seed=5),
        measure=lambda _: seen.append(opened.network.config._attn_implementation),
        measure_after=[2],
    )
    assert seen == ["sdpa"]
    assert opened.network.config._attn_implementation == "sdpa"
