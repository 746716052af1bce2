"""BIG-Bench Hard: rows of the release, its worked answers, prompts and the suite."""

import json

import pytest
from asked_tasks import KnownEngine

from panglot.artifacts import InputError, step_folder
from panglot.evaluation import tasks
from panglot.evaluation.asking import component
from panglot.evaluation.asking.component import ask
from panglot.evaluation.asking.settings import Asking
from panglot.evaluation.prompts.checking import check
from panglot.evaluation.results import Results
from panglot.evaluation.tasks.suite import find_suite

OPTIONS = "Which is a fruit?\nOptions:\n(A) a shoe\n(B) a pear"
COT = """\
A line that is no part of the prompt
-----
Find the fruit.

Q: Which is a fruit?
Options:
(A) a plum
(B) a hat
A: Let's think step by step.
If the answer is (B), people eat hats.
Plums grow on trees. So the answer is (A).

Q: Which is a fruit?
Options:
(A) a coat
(B) a fig
A: Let's think step by step.
Figs are eaten. So the answer is (B).

Q: Which is a fruit? 我们
A: Let's think step by step. None is. So the answer is ] ).
"""
COT_TASK = "bbh-snarks"


@pytest.fixture
def released(tmp_path):
    for folder in ("bbh", "cot-prompts"):
        (tmp_path / folder).mkdir()
    rows = [{"input": OPTIONS, "target": "(B)"}, {"input": OPTIONS + "?", "target": "(A)"}]
    (tmp_path / "bbh" / "snarks.json").write_text(json.dumps({"canary": "c", "examples": rows}))
    (tmp_path / "cot-prompts" / "snarks.txt").write_text(COT, encoding="utf-8")
    return tmp_path


def test_worked_answers_of_the_makers(released):
    found = tasks.find(COT_TASK).items("eng", "exemplars", released)
    assert [each.references for each in found.items] == [("(A)",), ("(B)",), ("] )",)]
    assert found.items[0].fields["question"].endswith("(B) a hat") and "Let's" not in found.items[0].fields["reasoning"]
    assert found.items[2].fields["question"] == "Which is a fruit? 我们"


@pytest.mark.parametrize(("text", "said"), [("no question", "no line that begins"), ("Q: a\nA: b.", "no worked answer")])
def test_a_file_that_holds_no_worked_answers(released, text, said):
    (released / "cot-prompts" / "snarks.txt").write_text(text)
    with pytest.raises(InputError, match=said):
        tasks.find(COT_TASK).items("eng", "exemplars", released)


def asked(folder, data, monkeypatch, answer, how):
    engine = KnownEngine(answer)
    monkeypatch.setattr(component, "engine_of", lambda *_: engine)
    with step_folder(folder, seed=17) as step:
        ask(task=COT_TASK, data=str(data), how=how, step=step)
    (row, *_) = Results.open(folder).table().to_pylist()
    return row, engine.asked, json.loads((folder / "manifest.json").read_text())


def test_three_worked_answers_then_the_chain_is_read_at_its_end(released, tmp_path, monkeypatch):
    how = Asking(condition="native+native-cot", shots=3, shots_from="exemplars")
    chains = ["It may be (A). So the answer is (B)", "I do not know: (A)."]
    row, prompts, manifest = asked(tmp_path / "s", released, monkeypatch, lambda _: chains.pop(0), how)
    assert (row["metric"], row["value"], row["n"]) == ("literal_match", 0.5, 2)
    context = prompts[0].context
    assert context.count("So the answer is") == 3 and context.count("The answer is") == 0
    assert context.endswith(f"{OPTIONS}\nStep-by-Step Answer:") and "no part" not in context
    assert any("no answer in them" in each for each in manifest["notes"])


def test_asked_directly(released, tmp_path, monkeypatch):
    row, prompts, _ = asked(tmp_path / "s", released, monkeypatch, lambda _: " (B)\n", Asking())
    assert row["value"] == 0.5 and prompts[0].context == f"Question: {OPTIONS}\nAnswer:" and prompts[0].stop == ("\n",)


def test_the_suite_has_all_27_and_their_prompts_can_be_asked():
    members = find_suite("bbh").tasks
    assert len(members) == 27 and set(members) == {each for each in tasks.all() if each.startswith("bbh-")}
    for name in members:
        task = tasks.find(name)
        assert task.languages["eng_Latn"] == name.removeprefix("bbh-").replace("-", "_")
        assert task.hub.files.startswith("{code}/")
    assert not [each for each in check(tasks.find(COT_TASK), languages=["eng_Latn"]) if each.severity == "error"]
