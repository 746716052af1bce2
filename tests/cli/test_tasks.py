"""`panglot tasks`."""

import json
import subprocess
import sys

import pytest

ROWS = [{"text": "سلام دنیا", "label": "b"}, {"text": "خدا حافظ", "label": "a"}]


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in ROWS))
    return path


def test_the_list_and_a_search(panglot):
    said = panglot("tasks")
    assert said.code == 0
    assert "masakhaner" in said.out and "NC" in said.out
    found = json.loads(panglot("tasks", "nqo", "--json").out)
    assert [each["name"] for each in found] == ["sib200", "sib200-pairs"]
    assert {each["kind"] for each in json.loads(panglot("tasks", "tagging", "--json").out)} == {"tagging"}
    suite, *_ = (each for each in json.loads(panglot("tasks", "suite:xtreme", "--json").out) if each["name"] == "suite:xtreme")
    assert suite["kind"] == "suite" and "tatoeba" in suite["tasks"]
    shown = panglot("tasks", "show", "suite:xglue").out
    assert "mlqa" in shown and "7 languages" in shown and "QAM" in shown
    # a long name does not run into what is said of it
    assert "bbh-boolean-expressions  " in panglot("tasks", "show", "suite:bbh").out
    wrong = panglot("tasks", "xnlli")
    assert wrong.code == 2 and "did you mean 'xnli'" in wrong.last_error


def test_new_show_and_check_of_a_persons_own_task(panglot, own):
    made = panglot("tasks", "new", "mine", "--kind", "classification", "--from", str(own), "--language", "pes")
    assert made.code == 0, made.err
    file = own.with_name("mine.yaml")
    assert "2 items in pes_Arab" in made.out
    assert "prompts have no word for: a, b. Words that are missing are written into" in " ".join(made.out.split())
    shown = panglot("tasks", "show", str(file))
    assert "\u2068سلام دنیا\u2069" in shown.out and "50%" in shown.out
    found = json.loads(panglot("tasks", "show", str(file), "--json").out)
    assert found["items"]["pes_Arab"]["labels"] == {"a": 1, "b": 1}
    assert found["items"]["pes_Arab"]["first"][0]["fields"] == {"text": "سلام دنیا"}
    checked = json.loads(panglot("tasks", "check", str(file), "--json").out)
    assert checked["found"]["pes_Arab"]["test"]["items"] == 2
    own.write_text('{"text": "x", "label": "c"}\n')
    broken = panglot("tasks", "check", str(file))
    assert broken.code == 2
    assert "the label 'c' is outside the set" in broken.last_error and "mine.jsonl:1" in broken.last_error


def test_show_warns_of_licences_and_machine_translation(panglot):
    assert "does not allow commercial use (CC BY-NC 4.0)" in panglot("tasks", "show", "m-arc").out
    assert "machine translated" in panglot("tasks", "show", "m-arc").out
    assert "no files of this task are at hand" in panglot("tasks", "show", "m-arc").out


def test_bad_questions_are_one_line(panglot, own):
    for arguments, said in (
        (("show", "xnlli"), "did you mean 'xnli'"),
        (("show", "xnli", "--split", "tset"), "it has train, dev, test"),
        (("show", "xnli", "--languages", "tier:none"), "there is no tier 'none'"),
        (
            ("new", "mine", "--kind", "choice", "--from", str(own), "--language", "pes"),
            "no columns are known to be the choices",
        ),
        (("new", "mine", "--kind", "choice", "--from", str(own), "--language", "pes", "--column", "x"), "names no column"),
        (("check", "nowhere.yaml"), "there is no such task file"),
    ):
        outcome = panglot("tasks", *arguments)
        assert outcome.code == 2, arguments
        assert said in outcome.last_error


def test_real_files_print_in_their_scripts(panglot, shared):
    shown = panglot("tasks", "show", "sib200", "--languages", "nqo,tha,mya", "--data", str(shared))
    assert shown.code == 0
    assert shown.out.count("science/technology") >= 1 and "ߞ" in shown.out and "က" in shown.out
    counted = json.loads(panglot("tasks", "xcopa", "--count", "--json", "--data", str(shared)).out)
    assert counted[0]["items"] == 4000


def test_listing_imports_nothing_heavy():
    code = (
        "import sys; from panglot.evaluation import tasks; tasks.all(); import panglot.cli.tasks;"
        "print([name for name in ('torch', 'numpy', 'datasets', 'transformers', 'pyarrow') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_needles_are_written_for_texts_of_ones_own(panglot, tmp_path):
    (tmp_path / "zho.txt").write_text("今天天气很好。我们去市场买了三斤苹果。" * 60, encoding="utf-8")
    asked = ("tasks", "needle", "--from", f"zho={tmp_path / 'zho.txt'}", "--model", "tiny:llama", "--samples", "1")
    done = panglot(*asked, "--lengths", "256", "--depths", "0,100", "--out", tmp_path / "out", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["zho_Hans"]["items"] == 2
    again = panglot(*asked, "--out", tmp_path / "out")
    assert again.code == 2 and "exists already" in again.last_error
    assert "write LANGUAGE=TEXT" in panglot(*asked[:3], "zho", *asked[4:], "--out", tmp_path / "b").last_error
