"""`panglot plan`: the tables, the JSON, and one line where it cannot plan."""

import json
from pathlib import Path

import pytest
from calling import Panglot

from panglot.training.size import parse_size

QUICK = ("--seconds", 0)


def test_a_table_that_says_what_is_not_known(panglot: Panglot) -> None:
    outcome = panglot("plan", "--size", "6M", "--vocabulary", 8000, "--gpu", "H100", "--gpu", "2xV100", *QUICK)
    assert outcome.code == 0
    for each in ("llama of 5.99M parameters", "120M tokens", "H100 SXM", "2 × V100 SXM 32 GB", "optimizer", "assumed"):
        assert each in outcome.out
    assert "- A token is taken for 4 bytes of text" in outcome.out


def test_json_holds_the_whole_plan(panglot: Panglot, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("ދިވެހި ރާއްޖެ\n\nDobry dźeń, wjazdna\n\n你好，世界\n" * 40, encoding="utf-8")
    outcome = panglot("plan", "--model", "tiny:llama", "--text", "notes.txt", "--gpu", "l4", "--seconds", 0.2, "--json")
    assert outcome.code == 0 and outcome.err == ""
    found = json.loads(outcome.out)
    assert found["text"]["tokens"] == found["text"]["bytes"] > 1000
    assert found["training"]["tokens"] == found["text"]["tokens"]
    here, there = found["machines"]
    assert here["measured"] and (here["kilowatt_hours"] is None) == (here["watts"] is None)
    assert there["machine"] == "L4" and len(there["kilowatt_hours"]) == 3
    assert there["memory_total"] == sum(each or 0 for each in there["memory"].values())
    assert found["probe"]["steps"] >= 3 and found["unknown"]
    assert not (tmp_path / "runs").exists()


def test_an_amount_of_ones_own(panglot: Panglot) -> None:
    outcome = panglot("plan", "--size", "6M", "--vocabulary", 8000, "--tokens", "50M", "--checkpointing", *QUICK, "--json")
    found = json.loads(outcome.out)["training"]
    assert found["tokens"] == parse_size("50M") and found["overridden"] == ["tokens"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("it is not said which model",)),
        (("--size", "6 M", "--vocabulary", 100), ("a number of parameters such as 6M", "'6 M'")),
        (("--size", "6M", "--vocabulary", 400_000), ("400,000 tokens leave too little", "tokens would fit")),
        (("--size", "6M", "--vocabulary", 8000, "--tokens", "many"), ("a number of tokens such as 50M",)),
        (("--size", "6M", "--vocabulary", 8000, "--gpu", "H1000"), ("no GPU is known as 'H1000'", "did you mean")),
        (("--size", "6M", "--vocabulary", 8000, "--text", "absent"), ("no such file or folder",)),
        (("--size", "6M", "--vocabulary", 8000, "--runs", "absent.tsv"), ("there is no such file",)),
        (("--size", "6M", "--vocabulary", 8000, "--gpu", "l4", "--utilisation", 2), ("no share of the peak",)),
        (("--model", "tiny:lama", "--tokens", "1M"), ("did you mean 'tiny:llama'",)),
    ],
)
def test_one_line_where_it_cannot_plan(panglot: Panglot, arguments: tuple[object, ...], words: tuple[str, ...]) -> None:
    outcome = panglot("plan", *arguments, *QUICK)
    assert outcome.code == 2 and outcome.out == ""
    assert len(outcome.err.strip().splitlines()) == 1
    for each in words:
        assert each in outcome.err
