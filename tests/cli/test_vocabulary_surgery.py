"""`panglot vocabulary extend`, `trim` and `merge`: the whole road, and everything that a person can get wrong."""

import json
import os
import shutil
from pathlib import Path

import pytest
from calling import Outcome, Panglot

THAI = ["น้ำอยู่ในแก้ว เขากินข้าว", "เขาดื่มน้ำ น้ำเย็น", "ข้าวและน้ำ", "เขาอยู่ในบ้าน"]
ENGLISH = ["the small house stands by the river", "a small boat on the river", "the house and the boat"]


@pytest.fixture(autouse=True)
def texts(tmp_path: Path) -> None:
    (tmp_path / "thai.txt").write_text("\n".join(THAI * 4) + "\n", encoding="utf-8")
    (tmp_path / "both").mkdir()
    (tmp_path / "both" / "tha_Thai.txt").write_text("\n".join(THAI * 4) + "\n", encoding="utf-8")
    (tmp_path / "both" / "eng_Latn.txt").write_text("\n".join(ENGLISH * 4) + "\n", encoding="utf-8")


def extend(panglot: Panglot, *more: object, model: str = "tiny:bert", out: str = "run") -> Outcome:
    return panglot("vocabulary", "extend", "--model", model, "--out", out, *more)


GOOD = ("--text", "tha=thai.txt", "--add", 12)


def refused(outcome: Outcome, *words: str) -> None:
    assert outcome.code == 2, outcome
    assert "Traceback" not in outcome.err
    assert outcome.last_error.startswith("panglot: ")
    for each in words:
        assert each.lower() in outcome.last_error.lower(), outcome.last_error
    assert not list(Path("run").glob("**/.partial"))
    assert not Path("run/model").exists()


def test_extension_trimming_and_merging_one_after_another(panglot: Panglot) -> None:
    from transformers import AutoModel, AutoTokenizer

    first = extend(panglot, *GOOD, "--retain", "both/eng_Latn.txt", "--pad-to", 64, "--json", out="extended")
    assert first.code == 0, first.err
    said = json.loads(first.out)
    assert said["figures"]["tokens"] == {"added": 12, "dropped": 0}
    assert said["figures"]["rows"]["after"] % 64 == 0
    assert said["figures"]["retained"]["eng_Latn"]["changed"] == 0
    assert (
        AutoModel.from_pretrained("extended/model").get_input_embeddings().weight.shape[0] == said["figures"]["rows"]["after"]
    )
    assert len(AutoTokenizer.from_pretrained("extended/model")) == 261 + 12

    trimmed = panglot(
        "vocabulary", "trim", "--model", "extended/model", "--keep", "tha", "--text", "both", "--size", 266, "--out", "trimmed"
    )
    assert trimmed.code == 0, trimmed.err
    for word in ("pieces", "266", "tokens per character, tha_Thai", "cosine", "trimmed/model"):
        assert word in trimmed.out
    assert "eng_Latn" not in trimmed.out

    merged = panglot("vocabulary", "merge", "--model", "trimmed/model", "--with", "extended/model", "--out", "merged", "--json")
    assert merged.code == 0, merged.err
    assert json.loads(merged.out)["figures"]["pieces"]["after"] == 261 + 12
    assert len(AutoTokenizer.from_pretrained("merged/model")) == 261 + 12


def test_second_run_keeps_every_step_and_a_deleted_model_comes_back(panglot: Panglot) -> None:
    first = json.loads(extend(panglot, *GOOD, "--json").out)
    assert {each["state"] for each in first["steps"].values()} == {"ran"}
    weights = Path("run/model/model.safetensors").read_bytes()
    shutil.rmtree("run/model")
    second = json.loads(extend(panglot, *GOOD, "--json").out)
    assert {each["state"] for each in second["steps"].values()} == {"kept"}
    assert second["figures"] == first["figures"]
    assert Path("run/model/model.safetensors").read_bytes() == weights
    third = json.loads(extend(panglot, "--text", "tha=thai.txt", "--add", 11, "--json").out)
    assert [name for name, each in third["steps"].items() if each["state"] == "ran"] == ["extended"]
    assert third["figures"]["tokens"]["added"] == 11


def test_the_recipe_that_a_command_writes_runs_by_itself(panglot: Panglot) -> None:
    extend(panglot, *GOOD, "--initialise", "mean")
    outcome = panglot("run", "run/recipe.yaml", "--out", "again", "--json")
    assert outcome.code == 0, outcome.err
    one, other = (Path(each, "model", "model.safetensors").read_bytes() for each in ("run", "again"))
    assert one == other


def test_dry_run_writes_nothing(panglot: Panglot) -> None:
    outcome = extend(panglot, *GOOD, "--dry-run")
    assert outcome.code == 0 and "vocabulary.extend" in outcome.out
    assert not Path("run").exists()


def test_quiet(panglot: Panglot) -> None:
    outcome = panglot("vocabulary", "trim", "--model", "tiny:llama", "--size", 261, "--out", "run", "--quiet")
    assert outcome.code == 0 and outcome.err == ""


def test_parameters_of_a_method(panglot: Panglot) -> None:
    outcome = extend(panglot, *GOOD, "--initialise", "{method: noisy_mean}", "--json")
    assert json.loads(outcome.out)["figures"]["initialise"]["method"] == "noisy_mean"


def test_missing_model(panglot: Panglot) -> None:
    refused(extend(panglot, *GOOD, model="./absent"), "absent")
    refused(extend(panglot, *GOOD, model="tiny:brt"), "tiny:bert")


def test_missing_text(panglot: Panglot) -> None:
    refused(extend(panglot, "--add", 5), "--text")
    refused(extend(panglot, "--text", "absent.txt", "--add", 5), "absent.txt")
    refused(extend(panglot, "--text", "tha=absent.txt", "--add", 5), "absent.txt")
    refused(extend(panglot, *GOOD, "--retain", "gone.txt"), "gone.txt", "--retain")


def test_empty_text(panglot: Panglot, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("")
    refused(extend(panglot, "--text", "empty.txt", "--add", 5), "empty.txt")


def test_more_pieces_than_the_text_supports(panglot: Panglot) -> None:
    outcome = extend(panglot, "--text", "tha=thai.txt", "--add", 5000)
    refused(outcome, "supports", "5,000", "add at most")
    found = int(outcome.last_error.split("supports ")[1].split()[0].replace(",", ""))
    assert extend(panglot, "--text", "tha=thai.txt", "--add", found).code == 0


def test_unknown_method(panglot: Panglot) -> None:
    refused(extend(panglot, *GOOD, "--initialise", "fokus"), "initialise", "fokus")


def model_folder(panglot: Panglot) -> Path:
    """A model of one's own, to spoil."""
    panglot("vocabulary", "trim", "--model", "tiny:llama", "--size", 261, "--out", "made")
    shutil.copytree("made/model", "own")
    return Path("own")


def test_mismatched_tokenizer_and_matrix(panglot: Panglot) -> None:
    own = model_folder(panglot)
    said = json.loads((own / "tokenizer.json").read_bytes())
    said["model"]["vocab"]["ต้น"] = 300
    (own / "tokenizer.json").write_text(json.dumps(said))
    refused(extend(panglot, *GOOD, model="own"), "mismatched tokenizer and matrix")


def test_unknown_model_type(panglot: Panglot) -> None:
    own = model_folder(panglot)
    said = json.loads((own / "config.json").read_bytes())
    (own / "config.json").write_text(json.dumps({**said, "model_type": "lama"}))
    refused(extend(panglot, *GOOD, model="own"), "lama", "llama")


def test_unknown_tokenizer_type(panglot: Panglot) -> None:
    own = model_folder(panglot)
    said = json.loads((own / "tokenizer.json").read_bytes())
    said["model"] = {"type": "WordLevel", "vocab": {"a": 0, "<unk>": 1}, "unk_token": "<unk>"}
    (own / "tokenizer.json").write_text(json.dumps(said))
    refused(extend(panglot, *GOOD, model="own"), "WordLevel")


def test_quantised_model(panglot: Panglot) -> None:
    own = model_folder(panglot)
    said = json.loads((own / "config.json").read_bytes())
    (own / "config.json").write_text(json.dumps({**said, "quantization_config": {"quant_method": "gptq"}}))
    refused(extend(panglot, *GOOD, model="own"), "quantised")


def test_folders_that_hold_something_else(panglot: Panglot) -> None:
    own = model_folder(panglot)
    before = sorted(own.rglob("*"))
    outcome = extend(panglot, *GOOD, out="own")
    refused(outcome, "in use", "--out")
    assert sorted(own.rglob("*")) == before
    refused(extend(panglot, *GOOD, out="made"), "in use", "trim-vocabulary")
    refused(extend(panglot, *GOOD, out="thai.txt"), "file")


def test_folder_that_another_process_works_in(panglot: Panglot) -> None:
    from panglot.artifacts import locked

    with locked(Path("run")):
        outcome = extend(panglot, *GOOD)
    refused(outcome, "another process", str(os.getpid()))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ["--keep"]),
        (("--keep", "xyzzy"), ["xyzzy"]),
        (("--keep", "khm", "--text", "both"), ["khm_Khmr", "tha_Thai"]),
    ],
)
def test_trimming_that_cannot_be(panglot: Panglot, arguments: tuple[str, ...], words: list[str]) -> None:
    refused(panglot("vocabulary", "trim", "--model", "tiny:llama", "--out", "run", *arguments), *words)


def test_merging_with_nothing(panglot: Panglot) -> None:
    refused(panglot("vocabulary", "merge", "--model", "tiny:llama", "--with", "./absent", "--out", "run"), "absent")
