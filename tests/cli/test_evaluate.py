"""`panglot evaluate`."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from asked_tasks import TEXTS, write_nli
from calling import Panglot

from panglot.artifacts import InputError
from panglot.evaluation.tasks import choose_languages, find
from panglot.recipes.evaluate import Evaluation, evaluation_recipe


def test_two_conditions_of_ones_own_task(panglot: Panglot, tmp_path: Path) -> None:
    task = write_nli(tmp_path / "data", n=6)
    asked = (
        "evaluate", "--tasks", task, "--model", "tiny:llama", "--data", tmp_path / "data", "--languages", "tha,arb",
        "--condition", "native,english", "--limit", "5", "--out", tmp_path / "run", "--quiet",
    )  # fmt: skip
    done = panglot(*asked, "--json")
    assert done.code == 0, done.err
    said = json.loads(done.out)
    assert set(said["steps"]) == {"model", "mine-native", "mine-english", "report"}
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "mine, english" in page
    brief = Path(said["brief"])
    assert brief == tmp_path / "run" / "brief.html" and "without technical terms" in brief.read_text(encoding="utf-8")
    again = json.loads(panglot(*asked, "--json").out)
    assert {name: each["digest"] for name, each in again["steps"].items()} == {
        name: each["digest"] for name, each in said["steps"].items()
    }


def test_items_are_looked_up_in_training_text_when_asked_and_else_it_is_said(
    panglot: Panglot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The peers' defect: code that finds test items in training text is there, and nothing ever calls it."""
    premise = "It rained by the river for many long years before the season"
    monkeypatch.setitem(TEXTS, "eng_Latn", (premise, "It is dry."))
    task = write_nli(tmp_path / "data", n=6)
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "eng.txt").write_text(f"News of the day. {premise} 3. The end.\nAnother line.\n", encoding="utf-8")
    asked = (
        "evaluate", "--tasks", task, "--model", "tiny:llama", "--data", tmp_path / "data", "--languages", "eng,tha",
        "--out", tmp_path / "run", "--quiet", "--json",
    )  # fmt: skip
    done = panglot(*asked)
    assert done.code == 0, done.err
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "Not checked" in page
    assert "items seen" not in page
    done = panglot(*asked, "--training-text", tmp_path / "corpus")
    assert done.code == 0, done.err
    assert "mine-in-training-text" in json.loads(done.out)["steps"]
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "Not checked" not in page
    assert "mine: 1 of 12 items seen, 6 too short" in page
    assert "Warning: the training text holds test items (8.3 % of mine)" in page
    rows = pq.read_table(tmp_path / "run" / "results.parquet").to_pylist()
    without = {row["language"]: row["n"] for row in rows if row["condition"] == "native, items not seen"}
    assert without == {"eng_Latn": 5, "tha_Thai": 6}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "one of --model and --endpoint"),
        (["--model", "tiny:llama", "--endpoint", "a@http://x/v1"], "one of --model and --endpoint"),
        (["--endpoint", "nothing"], "write NAME@ADDRESS"),
        (["--model", "tiny:llama", "--set", "over_length"], "NAME=VALUE"),
        (["--model", "tiny:llama", "--set", "over_length=maybe"], "over_length"),
        (["--model", "tiny:llama", "--condition", "navite"], "native"),
        (["--model", "tiny:bert-ish"], "tiny:bert"),
        (["--model", "tiny:llama", "--languages", "tier:none"], "tier"),
        (["--model", "tiny:llama", "--tasks", "xcopy"], "xcopa"),
        (["--model", "tiny:llama", "--chat"], "no chat template"),
        (["--model", "tiny:llama", "--training-text", "nowhere"], "no such file or folder"),
    ],
)
def test_bad_input_is_one_line(panglot: Panglot, tmp_path: Path, more: list[str], said: str) -> None:
    task = write_nli(tmp_path / "data", n=3)
    done = panglot("evaluate", "--tasks", task, "--data", tmp_path / "data", "--out", tmp_path / "run", "--quiet", *more)
    assert done.code == 2, done.err
    assert said in done.last_error
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("second", "more", "said"),
    [
        (
            "xnli",
            ["--languages", "tha"],
            "xnli has no test items in tha_Thai: its data is not at hand, and HF_HUB_OFFLINE says",
        ),
        ("xnli", [], "xnli has no test items in any language"),
        ("masakhaner", [], "panglot transfer"),
        ("mexa:sib200", [], "no parallel sentences"),
        ("xcopa", ["--split", "trial"], "has no split 'trial'"),
    ],
)
def test_what_a_later_task_lacks_is_said_before_the_first_is_asked(
    panglot: Panglot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second: str, more: list[str], said: str
) -> None:
    monkeypatch.delenv("PANGLOT_DATA", raising=False)
    monkeypatch.delenv("PANGLOT_HUB_FOLDER", raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    task, out = write_nli(tmp_path / "data", n=3), tmp_path / "run"
    asked = (
        "evaluate",
        "--tasks",
        f"{task},{second}",
        "--model",
        "tiny:llama",
        "--data",
        tmp_path / "data",
        "--out",
        out,
        *more,
    )
    for last in ([], ["--dry-run"]):
        done = panglot(*asked, "--quiet", *last)
        assert done.code == 2 and said in done.last_error, done.err
    assert not list(out.glob("steps/*"))


def test_a_named_language_that_only_the_hub_has_is_left_to_the_hub(
    panglot: Panglot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PANGLOT_DATA", raising=False)
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "PANGLOT_HUB_FOLDER"):
        monkeypatch.delenv(name, raising=False)
    done = panglot("evaluate", "--tasks", "xnli", "--languages", "tha", "--model", "tiny:llama", "--dry-run", "--out", tmp_path)
    assert done.code == 0, done.err


def test_the_recipe_can_be_read(panglot: Panglot) -> None:
    done = panglot(
        "evaluate", "--tasks", "xcopa,mafand:into", "--endpoint", "m@http://127.0.0.1:1/v1", "--chat", "--show-recipe"
    )
    assert done.code == 0, done.err
    assert "use: evaluation.ask" in done.out
    assert "mafand-into:" in done.out
    assert "chat: true" in done.out


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """One task with data, one that needs a head, one whose data is nowhere, one that an encoder cannot do."""
    monkeypatch.delenv("PANGLOT_DATA", raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    task = write_nli(tmp_path / "data", n=3)
    path = tmp_path / "few.yaml"
    path.write_text(
        f"name: few\ntitle: Few\ncitation: me\ntasks:\n  {task}: {{group: nli, languages: 'tha,arb'}}\n"
        "  masakhaner: {}\n  xcopa: {}\n  mlqa: {}\nabsent: {lost: nobody has it}\n"
    )
    return f"suite:{path}"


def test_a_suite_has_a_mean_and_names_what_is_not_in_it(panglot: Panglot, tmp_path: Path, suite: str) -> None:
    done = panglot(
        "evaluate", "--tasks", suite, "--model", "tiny:llama", "--data", tmp_path / "data", "--out", tmp_path / "run",
        "--quiet", "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    facts = json.loads((tmp_path / "run" / "steps" / "report" / "facts.json").read_text(encoding="utf-8"))
    (found,) = facts["suites"]
    assert (found["tasks"], found["of"]) == (1, 5)
    mean = found["mean"]
    assert mean["value"] == pytest.approx(facts["tasks"][0]["mean"]) == pytest.approx(found["groups"]["nli"]["value"])
    rows = {
        row["metric"]: row
        for row in pq.read_table(tmp_path / "run" / "results.parquet").to_pylist()
        if row["language"] == "mul"
    }
    assert set(rows) == {"mean", "mean, nli"}
    assert rows["mean"]["ci_low"] == mean["low"] <= mean["value"] <= mean["high"] == rows["mean"]["ci_high"]
    assert {each["tag"] for each in facts["languages"]} == {"tha_Thai", "arb_Arab"}
    assert "panglot transfer" in found["left_out"]["masakhaner"]
    assert "HF_HUB_OFFLINE" in found["left_out"]["xcopa"] and "not at hand" in found["left_out"]["mlqa"]
    assert found["left_out"]["lost"] == "nobody has it"
    compared = panglot("compare", tmp_path / "run", tmp_path / "run", "--task", "suite:few")
    assert compared.code == 0 and "suite:few: B − A" in compared.out and "mean of" in compared.out, compared.err
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "masakhaner (tags need a head" in page and "1 of 5" in page


def test_what_a_suite_cannot_ask_is_one_line(panglot: Panglot, tmp_path: Path, suite: str) -> None:
    asked = ("evaluate", "--tasks", suite, "--model", "tiny:llama", "--show-recipe")
    nowhere = panglot(*asked, "--data", tmp_path / "data" / "none", "--languages", "yor")
    assert nowhere.code == 2 and "no task of the suite few can be run" in nowhere.last_error
    assert "no task of the suite few has items in lat" in panglot(*asked, "--languages", "lat").last_error
    shown = panglot(*asked, "--data", tmp_path / "data", "--languages", "tha,swh").out
    assert "all+tha_Thai" in shown and "all+arb_Arab" not in shown
    encoder = panglot("evaluate", "--tasks", suite, "--model", "tiny:bert", "--show-recipe", "--data", tmp_path / "data").out
    # lines are folded where the path of the folder leaves them room
    assert "mlqa: answers are to be written, and the model is an encoder" in " ".join(encoder.split())
    assert "did you mean 'xtreme'" in panglot("evaluate", "--tasks", "suite:xtrem", "--model", "tiny:llama").last_error


def test_each_of_several_tasks_is_asked_in_the_languages_that_it_has() -> None:
    """N'Ko and English are in one of the two; to take away what is not there takes nothing away."""

    def asked(languages: str) -> list[str]:
        recipe = evaluation_recipe(Evaluation(["sib200", "xcopa"], "tiny:llama", settings={"languages": languages}))
        return [recipe.steps[task].parameters["languages"] for task in ("sib200", "xcopa")]

    assert asked("all,-nqo") == ["all,-nqo", "all,-nqo"]
    assert choose_languages("all,-nqo", find("xcopa").languages) == tuple(find("xcopa").languages)
    assert asked("eng,script:Thai") == ["eng,script:Thai", "script:Thai"]
    with pytest.raises(InputError, match="no task has items in lat"):
        asked("tha,lat")
    with pytest.raises(InputError, match="xcopa has no language"):
        asked("script:Nkoo")


def test_wordings_layers_and_sizes_in_one_report(panglot: Panglot, tmp_path: Path) -> None:
    task = write_nli(tmp_path / "data", n=6, languages=("eng_Latn", "tha_Thai"))
    (tmp_path / "sizes.tsv").write_text("eng\t12000\n", encoding="utf-8")
    pairs = tmp_path / "data" / "pairs"
    pairs.mkdir()
    rows = [{"id": f"i{at}", "source": f"ฝน {at}", "target": f"rain {at}"} for at in range(4)]
    (pairs / "tha_Thai.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    own = tmp_path / "pairs.yaml"
    own.write_text(
        "name: pairs\ntitle: t\nkind: pairs\nlanguages: [tha_Thai]\npivots: [eng_Latn]\nmetrics: [recall@1]\nsplits: [test]\n"
        "translated: human\nlicence: CC0\nsource: own\ncitation: none\n"
        "files:\n  layout: json_lines\n  path: pairs/{code}.jsonl\n"
        "  columns: {id: id, fields: {source: source, target: target}}\n"
    )
    asked = (
        "evaluate", "--tasks", f"{task},mexa:{own}", "--model", "tiny:llama", "--data", tmp_path / "data",
        "--out", tmp_path / "run", "--quiet",
    )  # fmt: skip
    done = panglot(*asked, "--templates", "all", "--sizes", tmp_path / "sizes.tsv")
    assert done.code == 0, done.err
    assert "mexa_mean" in done.out and "Another wording moves the scores of mine by" in done.out
    facts = json.loads((tmp_path / "run" / "steps" / "report" / "facts.json").read_text(encoding="utf-8"))
    names = [each["name"] for each in facts["tasks"]]
    assert len(names) == len(set(names)) > 2 and facts["tasks"][-1]["others"] == ["mexa_max"]
    (wordings,), (layers,) = facts["wordings"], facts["layers"]
    assert {each["tag"] for each in wordings["rows"]} == {"eng_Latn", "tha_Thai"} and wordings["normalised"]
    assert [each["tag"] for each in layers["rows"]] == ["tha_Thai"] and len(layers["rows"][0]["layers"]) == layers["layers"]
    assert [each["by"] for each in facts["groups"]] == ["corpus size", "resource class", "speakers"]
    assert "No size of text is given of tha_Thai." in facts["notes"]
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    # the same page, drawn again from its figures
    assert panglot("report", tmp_path / "run", "--out", tmp_path / "again.html").code == 0
    assert "Other wordings" in (tmp_path / "again.html").read_text(encoding="utf-8")
    assert "panglot compare tests two runs" in panglot("report", tmp_path / "run", tmp_path / "run").last_error
    assert "Other wordings" in page and "Layers: the nearest sentence" in page and "size 14, about 16 GB" in page
    for more, said in (
        (("--templates", "nope"), "no template 'nope'"),
        (("--templates", "all", "--tasks", "suite:xtreme"), "a suite is asked in one wording"),
        (("--sizes", tmp_path / "nowhere.csv"), "no such sizes"),
        (("--sizes", tmp_path / "data"), "no documents whose text"),
        (("--tasks", "mexa:xnli"), "no parallel sentences"),
    ):
        assert said in panglot(*asked, *more).last_error


def test_prefixes_of_queries_and_passages_go_to_retrieval_alone(panglot: Panglot) -> None:
    asked = ("evaluate", "--model", "tiny:bert", "--query-prompt", "query: ", "--passage-prompt", "", "--show-recipe")
    steps = yaml.safe_load(panglot(*asked, "--tasks", "afriqa-retrieval,semrel").out)["steps"]
    assert (steps["afriqa-retrieval"]["query_prompt"], steps["afriqa-retrieval"]["passage_prompt"]) == ("query: ", "")
    assert "query_prompt" not in steps["semrel"]
    outcome = panglot(*asked, "--tasks", "semrel")
    assert outcome.code == 2 and "no task of retrieval is asked for" in outcome.err


def test_changed_words_are_asked_again_and_said_in_the_signature(panglot: Panglot, tmp_path: Path) -> None:
    task, words = write_nli(tmp_path / "data", n=3, languages=["tha_Thai"]), tmp_path / "words"
    words.mkdir()
    asked = (
        "evaluate",
        "--tasks",
        task,
        "--model",
        "tiny:llama",
        "--data",
        tmp_path / "data",
        "--out",
        tmp_path / "run",
        "--quiet",
    )
    signatures = []
    for said in (None, "จริง", "ใช่แล้ว"):
        if said is not None:
            (words / "tha_Thai.yaml").write_text(f"words:\n  'yes': [{said}, written]\n", encoding="utf-8")
        done = panglot(*asked, *(() if said is None else ("--words", words)))
        assert done.code == 0, done.err
        row = pq.read_table(tmp_path / "run" / "results.parquet").to_pylist()[0]
        signatures.append(row["signature"])
    assert "words:" not in signatures[0] and len(set(signatures)) == 3


def test_one_run_of_conditions_with_and_without_translations(panglot: Panglot, tmp_path: Path) -> None:
    task = write_nli(tmp_path / "data", n=3, languages=["tha_Thai", "eng_Latn"])
    asked = (
        "evaluate",
        "--tasks",
        task,
        "--data",
        tmp_path / "data",
        "--model",
        "tiny:llama",
        "--out",
        tmp_path / "run",
        "--quiet",
    )
    three = (*asked, "--condition", "native,english,translate-test")
    assert panglot(*three, "--translations", "parallel").code == 0
    rows = pq.read_table(tmp_path / "run" / "results.parquet").to_pylist()
    assert {row["condition"] for row in rows} >= {"native", "english", "translate-test"}
    itself = panglot(*three, "--translations", "self", "--set", "batch_tokens=512")
    assert itself.code == 0, itself.err
    again = panglot(*three, "--translations", "self", "--set", "batch_tokens=512", "--json")
    assert {each["state"] for each in json.loads(again.out)["steps"].values()} == {"kept"}
    assert "translations need a condition" in panglot(*asked, "--translations", "self").last_error


def test_programs_are_run_only_where_a_person_says_so(panglot: Panglot, tmp_path: Path) -> None:
    asked = ("evaluate", "--tasks", "small-programs", "--model", "tiny:llama", "--out", tmp_path / "run")
    done = panglot(*asked, "--dry-run")
    assert done.code == 2 and "--run-code" in done.err and done.err.count("\n") == 1
    assert not (tmp_path / "run").exists()
    done = panglot(*asked, "--run-code", "--show-recipe")
    assert done.code == 0, done.err
    assert yaml.safe_load(done.out)["steps"]["small-programs"]["how"] == {"run_code": True}


def test_a_suite_leaves_programs_out_unless_they_may_be_run(panglot: Panglot, tmp_path: Path) -> None:
    task, path = write_nli(tmp_path / "data", n=3), tmp_path / "few.yaml"
    path.write_text(f"name: few\ntitle: Few\ncitation: me\ntasks:\n  {task}: {{}}\n  small-programs: {{}}\n")
    asked = ("evaluate", "--tasks", f"suite:{path}", "--model", "tiny:llama", "--data", tmp_path / "data", "--show-recipe")
    without, allowed = (yaml.safe_load(panglot(*asked, *more).out)["steps"] for more in ((), ("--run-code",)))
    assert "small-programs" not in without and "--run-code" in without["suite-few"]["suite"]["left_out"]["small-programs"]
    assert "small-programs" in allowed and not allowed["suite-few"]["suite"]["left_out"]
