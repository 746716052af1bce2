"""Calls of functions: BFCL's two files, Nexus' two tables, what a model writes, and five calls of our own."""

import json

import pytest
from asked_tasks import KnownEngine

from panglot.artifacts import InputError, step_folder
from panglot.evaluation import tasks
from panglot.evaluation.asking import component
from panglot.evaluation.asking.component import ask
from panglot.evaluation.asking.settings import Asking
from panglot.evaluation.metrics import find
from panglot.evaluation.prompts.answers import parse_calls
from panglot.evaluation.prompts.checking import check
from panglot.evaluation.results import Results
from panglot.evaluation.tasks.function_calls import nexus_rows
from panglot.evaluation.tasks.rows import Row

FUNCTION = {"name": "map.find", "description": "d", "parameters": {"type": "dict", "properties": {"place": {"type": "string"}}}}
PLACES = ["Wien", "北京", "القاهرة", "กรุงเทพ"]


@pytest.fixture
def released(tmp_path):
    (tmp_path / "bfcl" / "possible_answer").mkdir(parents=True)
    questions, answers = [], []
    for at, place in enumerate(PLACES):
        said = [{"role": "system", "content": "Be brief."}] * (at == 1) + [{"role": "user", "content": f"Where is {place}?"}]
        questions.append({"id": f"simple_{at}", "question": [said], "function": [FUNCTION]})
        answers.append({"id": f"simple_{at}", "ground_truth": [{"map.find": {"place": [place], "zoom": [3, ""]}}]})
    questions.append({"id": "simple_9", "question": [[{"role": "user", "content": "Unanswered"}]], "function": [FUNCTION]})
    for folder, rows in (("", questions), ("possible_answer", answers)):
        text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in rows)
        (tmp_path / "bfcl" / folder / "BFCL_v4_simple_python.json").write_text(text, encoding="utf-8")
    return tmp_path


def test_questions_and_answers_are_joined(released):
    found = tasks.find("bfcl-simple").items("eng", folder=released)
    assert [each.id for each in found.items] == [f"simple_{at}" for at in range(4)] and found.left_out == {"no right answer": 1}
    assert found.items[1].fields["question"] == "Be brief.\n\nWhere is 北京?"
    assert json.loads(found.items[0].fields["functions"]) == FUNCTION
    (released / "bfcl" / "BFCL_v4_simple_python.json").write_text('{"id": "a", "question": []}')
    with pytest.raises(InputError, match="not as BFCL has it"):
        tasks.find("bfcl-simple").items("eng", folder=released)


def test_what_a_model_calls_is_compared_and_never_run(released, tmp_path, monkeypatch):
    def answer(prompt):
        place = prompt.context.rpartition("Where is ")[2].partition("?")[0]
        return {
            "Wien": f'[map.find(place="{place}")]\nQuestion: next',
            "北京": f'```json\n[{{"name": "map.find", "arguments": {{"place": "{place}", "zoom": 3}}}}]\n```',
            "القاهرة": f'map.find(place="{place}", zoom=4)',
        }.get(place, "__import__('os').system('true')")

    engine = KnownEngine(answer)
    monkeypatch.setattr(component, "engine_of", lambda *_: engine)
    with step_folder(tmp_path / "step", seed=17) as step:
        ask(task="bfcl-simple", data=str(released), how=Asking(), step=step)
    (row,) = Results.open(tmp_path / "step").table().to_pylist()
    assert (row["metric"], row["value"], row["n"]) == ("calls_match", 0.5, 4)
    context = engine.asked[0].context
    assert context.startswith('Functions:\n{"name": "map.find"') and context.endswith("Answer:")
    assert 'Answer with calls alone, in the form [name(argument="value")].' in context


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (" f(x=1)\n\nf(x=2)", "f(x=1)"),
        ("[f(x=1),\n g()]\n\nDone.", "[f(x=1),\n g()]"),
        ("f(x=1)\nDone.", "f(x=1)"),
        ("No call.", "No call."),
        (" \n", None),
    ],
)
def test_calls_are_read_though_a_model_goes_on(text, read):
    assert parse_calls(text) == read


def test_defaults_that_are_written_out_are_right_in_nexus():
    arguments = [
        {"name": "ip", "type": "str"},
        {"name": "limit", "type": "int", "default": "5"},
        {"name": "at", "default": "None"},
    ]
    functions = [Row("f", {"dataset": "d", "name": "scan", "description": "s", "args_dicts": arguments})]
    query = {"dataset": "d", "prompt": "q", "python_function_name": "scan", "context_functions": ["scan"]}
    query["python_args_dict"] = '{"ip": "1.2"}'
    (row,) = nexus_rows([Row("q", query)], functions)
    metric, right = find("calls_match"), row.values["calls"]
    for said in ('scan(ip="1.2")', 'scan(ip="1.2", limit=5)', 'scan(ip="1.2", limit=5, at=None)'):
        assert metric.corpus([said], [right]) == 1.0
    for said in ('scan(ip="1.2", limit=6)', "scan(limit=5)", 'scan("1.2")'):
        assert metric.corpus([said], [right]) == 0.0
    with pytest.raises(InputError, match="not as Nexus has it"):
        list(nexus_rows([Row("q", {**query, "python_function_name": "gone"})], functions))


@pytest.mark.parametrize("name", ["nexus", *(each for each in tasks.all() if each.startswith("bfcl-"))])
def test_prompts_can_be_asked(name):
    assert not [each for each in check(tasks.find(name), languages=["eng_Latn"]) if each.severity == "error"]
