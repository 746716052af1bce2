import pytest

from panglot.models import precision


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("fpu avx2 avx512f avx512_vnni", "fp32"),
        ("fpu avx512f avx512_bf16", "bf16"),
        ("fpu amx_tile amx_bf16", "bf16"),
        ("", "fp32"),
    ],
)
def test_bfloat16_only_where_the_processor_has_it(tmp_path, monkeypatch, flags, expected):
    facts = tmp_path / "cpuinfo"
    facts.write_text(f"processor\t: 0\nflags\t\t: {flags}\n\nprocessor\t: 1\nflags\t\t: {flags}\n")
    found = precision.processor_flags(facts)
    monkeypatch.setattr(precision, "processor_flags", lambda: found)
    assert precision.best_precision("cpu") == expected
    assert precision.choose_precision("cpu").reason


def test_a_system_that_does_not_say(tmp_path):
    assert precision.processor_flags(tmp_path / "missing") == frozenset()
