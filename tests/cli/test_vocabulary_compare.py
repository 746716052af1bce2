"""`panglot vocabulary compare`: a real run, what is kept of it, and everything that a person can get wrong."""

import json
import random
from pathlib import Path

import pytest
from calling import Outcome, Panglot

KHMER = ["ទឹក", "ផ្ទះ", "សាលា", "កុមារ", "សៀវភៅ", "ភាសា", "ទីក្រុង", "ផ្សារ", "បាយ", "ត្រី", "ដើមឈើ", "ផ្លូវ", "ម្តាយ", "ឪពុក"]
NKO = ["ߒߞߏ", "ߖߌ", "ߓߏ߲", "ߞߊ߬ߙߊ߲", "ߘߋ߲", "ߟߍߙߍ", "ߕߟߋ", "ߞߊ߲", "ߛߏ", "ߟߐ߯ߝߍ߫", "ߞߣߌ߲", "ߖߍ߮", "ߦߙߌ", "ߛߌߟߊ"]
GOOD = ("--text", "khm=khm.txt", "--retain", "nqo.txt", "--add", 20, "--steps", 3, "--seeds", 1, "--test", 8)
SMALL = ("--batch-bytes", 512, "--sequence-length", 48, "--methods", "random,subword_mean")


@pytest.fixture(autouse=True)
def texts(tmp_path: Path) -> None:
    draw = random.Random(3)
    for name, words, space in (("khm", KHMER, ""), ("nqo", NKO, " ")):
        lines = [space.join(draw.choices(words, k=6)) for _ in range(36)]
        (tmp_path / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def compare(panglot: Panglot, *more: object, model: str = "tiny:llama", out: str = "run") -> Outcome:
    return panglot("vocabulary", "compare", "--model", model, "--out", out, *more)


def refused(outcome: Outcome, *words: str) -> None:
    assert outcome.code == 2, outcome
    assert "Traceback" not in outcome.err
    assert outcome.out == ""
    assert outcome.last_error.startswith("panglot: ")
    for each in words:
        assert each in outcome.last_error, outcome.last_error
    assert not list(Path("run").glob("**/.partial"))
    assert not list(Path("run").glob("**/.trial"))
    assert not Path("run/report.html").exists()


def test_a_run_its_object_its_files_and_a_second_run_that_keeps_everything(panglot: Panglot) -> None:
    first = compare(panglot, *GOOD, *SMALL, "--measure-after", "1", "--json")
    assert first.code == 0, first.err
    said = json.loads(first.out)
    assert {each["state"] for each in said["steps"].values()} == {"ran"}
    facts = said["figures"]
    assert facts["steps"] == [0, 1, 3]
    assert facts["seeds"] == [17]
    assert [each["tag"] for each in facts["languages"]] == ["khm_Khmr", "nqo_Nkoo"]
    assert [each["taught"] for each in facts["languages"]] == [True, False]
    taught = facts["languages"][0]
    assert {each["name"] for each in taught["arms"]} == {"random", "subword_mean", "none"}
    assert taught["documents"] == 8
    assert ["one seed" in each for each in said["fell_short"]] == [True]
    for name in ("report.html", "results.parquet", "recipe.yaml", "run.json"):
        assert Path("run", name).is_file()
    assert said["report"] == str(Path("run") / "report.html")
    assert json.loads(Path("run/steps/report/facts.json").read_text(encoding="utf-8")) == facts
    # only figures stay of the arms
    assert not list(Path("run/steps").glob("*-1/**/*.safetensors"))

    second = compare(panglot, *GOOD, *SMALL, "--measure-after", "1", "--json")
    assert {each["state"] for each in json.loads(second.out)["steps"].values()} == {"kept"}
    assert json.loads(second.out)["figures"] == facts

    third = compare(panglot, *GOOD, *SMALL, "--measure-after", "1", "--no-control", "--quiet")
    assert third.code == 0, third.err
    assert third.err == ""
    for word in ("Subword mean", "after 3", "over random", "report.html", facts["summary"]["rows"][0][0]):
        assert word in third.out
    assert "No extension" not in third.out


def test_the_recipe_is_shown_and_can_be_planned(panglot: Panglot, tmp_path: Path) -> None:
    outcome = compare(panglot, *GOOD, *SMALL, "--show-recipe")
    assert outcome.code == 0
    assert not Path("run").exists()
    (tmp_path / "recipe.yaml").write_text(outcome.out, encoding="utf-8")
    planned = panglot("run", "recipe.yaml", "--dry-run", "--json")
    assert planned.code == 0, planned.err
    names = [each["name"] for each in json.loads(planned.out)["steps"]]
    assert [each for each in names if each.endswith("-1")] == ["random-1", "subword_mean-1", "none-1"]
    dry = compare(panglot, *GOOD, *SMALL, "--dry-run", "--json")
    assert [each["name"] for each in json.loads(dry.out)["steps"]] == names
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--methods", "fokus"), ["'fokus'", "focus", "--methods"]),
        (("--methods", " , "), ["no method is named", "--methods"]),
        (("--methods", "all,focus"), ["'all'"]),
        (("--measure-after", "x"), ["'x' is no list of numbers", "--measure-after"]),
        (("--measure-after", "7"), ["no step 7 in a training of 3"]),
        (("--dictionary", "absent.tsv"), ["no such file", "absent.tsv"]),
        (("--language", "xyzzy"), ["xyzzy"]),
        (("--learning-rate", "0"), ["learning_rate", "greater than 0"]),
        (("--learning-rate", "nan"), ["learning_rate"]),
        (("--test", "0"), ["test", "greater than 0"]),
        (("--retain", "gone.txt"), ["gone.txt", "--retain"]),
        (("--text", "hsb=gone.txt"), ["gone.txt", "--text"]),
    ],
)
def test_bad_input_is_said_before_anything_is_run(panglot: Panglot, arguments: tuple[str, ...], words: list[str]) -> None:
    refused(compare(panglot, *GOOD, *arguments), *words)
    assert not Path("run").exists() or not list(Path("run").glob("steps/*-1"))


def test_no_text(panglot: Panglot) -> None:
    refused(compare(panglot), "no text is given", "--text")


def test_a_folder_that_holds_something_else(panglot: Panglot, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.md").write_text("mine")
    refused(compare(panglot, *GOOD, *SMALL, out="mine"), "in use", "--out")
    assert [each.name for each in Path("mine").iterdir()] == ["notes.md"]


def test_a_model_that_is_not_there(panglot: Panglot) -> None:
    refused(compare(panglot, *GOOD, *SMALL, model="tiny:lama"), "tiny:lama", "tiny:llama")


def test_more_pieces_than_the_text_supports(panglot: Panglot) -> None:
    refused(compare(panglot, *GOOD, *SMALL, "--add", 5000), "5,000", "add at most", "step extended")


def test_a_text_that_a_method_cannot_use_is_said_before_the_others_are_trained(panglot: Panglot) -> None:
    # no word of an unspaced text stands there often enough
    refused(compare(panglot, *GOOD, *SMALL, "--methods", "random,wechsel"), "step wechsel-1")
    assert not Path("run/steps/random-1").exists()
    assert not Path("run/steps/wechsel-1").exists()


def test_a_rate_that_breaks_the_model(panglot: Panglot) -> None:
    outcome = compare(panglot, *GOOD, *SMALL, "--learning-rate", "1e38")
    assert outcome.code != 0
    assert "Traceback" not in outcome.err
    assert "learning_rate" in outcome.last_error
    assert not list(Path("run").glob("**/.trial"))
