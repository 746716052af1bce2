"""MATH: one problem a file, the boxed answer, solutions as worked answers, and scores by subject and level."""

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
from panglot.evaluation.tasks.task_file import parse

PROBLEMS = {
    "test/algebra/2": ("What is $x$?", "Level 1", "Algebra", r"It is $\boxed{\frac{1}{2}}$."),
    "test/algebra/10": ("And $y$?", "Level 5", "Algebra", r"So $\boxed{3}$."),
    "test/geometry/1": ("Area?", "Level 5", "Geometry", r"Thus $\boxed{12\text{ cm}^2}$."),
    "test/geometry/2": ("Unknown?", "Level 5", "Geometry", "No box here."),
    **{f"train/algebra/{at}": (f"{at}+1?", "Level 1", "Algebra", rf"Add: $\boxed{{{at + 1}}}$.") for at in range(5)},
}


@pytest.fixture
def released(tmp_path):
    for name, values in PROBLEMS.items():
        path = tmp_path / "MATH" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(dict(zip(("problem", "level", "type", "solution"), values, strict=True))))
    return tmp_path


def test_one_problem_a_file(released):
    found = tasks.find("math").items("eng", "test", released)
    assert [each.id for each in found.items] == ["algebra/2", "algebra/10", "geometry/1"]
    assert [each.references for each in found.items] == [(r"\frac{1}{2}",), ("3",), (r"12\text{ cm}^2",)]
    assert found.left_out == {"no right answer": 1}
    (released / "MATH" / "test" / "geometry" / "2.json").write_text("[]")
    with pytest.raises(InputError, match="not a JSON object"):
        tasks.find("math").items("eng", "test", released)


def test_without_files_the_hub_is_asked(tmp_path, monkeypatch):
    monkeypatch.setattr("panglot.evaluation.tasks.hub.Hub._stream", lambda *_: iter([]))
    with pytest.raises(InputError, match="no items"):
        tasks.find("math").items("eng", "test", tmp_path)


def test_four_solutions_then_the_last_box_counts_by_subject_and_level(released, tmp_path, monkeypatch):
    said = {
        "What is": r"First $\boxed{3}$. No: $\boxed{.5}$",
        "And": "The final answer is $x=٣$. I hope it is correct.",
        "Area": r"It is \boxed{13",
    }
    engine = KnownEngine(lambda prompt: next(text for asked, text in said.items() if asked in prompt.context))
    monkeypatch.setattr(component, "engine_of", lambda *_: engine)
    with step_folder(tmp_path / "step", seed=17) as step:
        ask(task="math", data=str(released), how=Asking(condition="native+native-cot", shots=4), step=step)
    (row, *_) = Results.open(tmp_path / "step").table().to_pylist()
    assert row["metric"] == "formula_match" and row["value"] == pytest.approx(2 / 3)
    context = engine.asked[0].context
    assert context.count(r"$. The answer is $") == 4 and context.endswith("Step-by-Step Answer:")
    figures = json.loads((tmp_path / "step" / "manifest.json").read_text())["figures"]
    assert figures["breakdown"]["eng_Latn"] == {
        "subject": {"Algebra": {"value": 1.0, "n": 2}, "Geometry": {"value": 0.0, "n": 1}},
        "level": {"Level 1": {"value": 1.0, "n": 1}, "Level 5": {"value": 0.5, "n": 2}},
    }


def test_a_breakdown_names_fields():
    text = (
        "name: a\ntitle: t\nkind: generation\nlanguages: [eng_Latn]\nmetrics: [formula_match]\nsplits: [test]\n"
        "translated: native\nlicence: l\nsource: s\ncitation: c\nbreakdown: [subject]\n"
        "files: {layout: json_lines, path: a, columns: {fields: {question: q}, references: a}}\n"
    )
    with pytest.raises(InputError, match="breakdown names 'subject', which is no field"):
        parse(text, "a.yaml")


@pytest.mark.parametrize("name", ["math", "math-500"])
@pytest.mark.parametrize("language", ["eng_Latn", "tha_Thai", "arb_Arab"])
def test_prompts_can_be_asked_in_other_languages_too(name, language):
    assert not [each for each in check(tasks.find(name), languages=[language]) if each.severity == "error"]
