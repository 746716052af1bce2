"""SuperGLUE: rows of the release and of the hub, prompts as they are shown, and scores by its definitions."""

import json

import pytest
from asked_tasks import KnownEngine

from panglot.artifacts import InputError, step_folder
from panglot.evaluation import tasks
from panglot.evaluation.asking import component
from panglot.evaluation.asking.component import ask
from panglot.evaluation.asking.settings import Asking
from panglot.evaluation.prompts import for_task
from panglot.evaluation.prompts.checking import check
from panglot.evaluation.results import Results
from panglot.evaluation.tasks.suite import find_suite

NEWS = "Ada met Bo.\n@highlight\nAda is tall"
ENTITIES = [{"start": 0, "end": 2}, {"start": 8, "end": 9}, {"start": 23, "end": 25}]
QUERIES = [("@placeholder is short", ["Bo"]), ("@placeholder met @placeholder", ["Ada"]), ("The one is @placeholder.", ["Zed"])]
RELEASE = {
    "BoolQ": [
        {"question": "is ice cold", "passage": "Ice is frozen.", "idx": 0, "label": True},
        {"question": "is ice hot?", "passage": "Ice is frozen.", "idx": 1, "label": False},
    ],
    "WiC": [
        {
            "word": "cell", "sentence1": "A cell divides.", "sentence2": "He sat in his cell.", "idx": 0, "label": False,
            "start1": 2, "start2": 14, "end1": 6, "end2": 18, "version": 1.1,
        }
    ],
    "WSC": [
        {"text": text, "target": dict(zip(("span1_index", "span1_text", "span2_index", "span2_text"), spans, strict=True)),
         "idx": at, "label": True}
        for at, (text, spans) in enumerate(
            [
                ("It is said that it, the cup, holds it.", (5, "the cup", 8, "it")),
                ('Ann told Bea "She won".', (0, "Ann", 3, "She")),
                ("The men theyscold ran.", (0, "The men", 3, "they")),
            ]
        )
    ],
    "MultiRC": [
        {
            "idx": 4, "version": 1.1,
            "passage": {
                "text": "Ann has a cat and a dog.",
                "questions": [
                    {"question": "What has Ann?", "idx": 7, "answers": [
                        {"text": "A cat", "idx": 20, "label": 1}, {"text": "A dog.", "idx": 21, "label": 1},
                        {"text": "A cow", "idx": 22, "label": 0}]},
                    {"question": "Who has a dog?", "idx": 8, "answers": [
                        {"text": "Ann", "idx": 23, "label": 1}, {"text": "Bea", "idx": 24, "label": 0}]},
                ],
            },
        }
    ],
    "ReCoRD": [
        {
            "idx": 3, "source": "Daily mail", "passage": {"text": NEWS, "entities": ENTITIES},
            "qas": [
                {"query": query, "idx": at, "answers": [{"start": 0, "end": 2, "text": each} for each in answers]}
                for at, (query, answers) in enumerate(QUERIES)
            ],
        }
    ],
}  # fmt: skip


@pytest.fixture
def released(tmp_path):
    for name, rows in RELEASE.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "val.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))
    return tmp_path


def found(name, folder):
    return tasks.find(f"superglue-{name}").items("eng", "dev", folder)


def shown(name, item, **how):
    return for_task(tasks.find(f"superglue-{name}"), language="eng", **how).prompt(item)


def test_yes_and_no(released):
    first, second = found("boolq", released).items
    assert [first.label, second.label] == [1, 0]
    prompt = shown("boolq", second)
    assert prompt.context == "Ice is frozen.\nQuestion: is ice hot?\nAnswer:" and prompt.continuations == (" no", " yes")
    assert shown("boolq", first).context == "Ice is frozen.\nQuestion: is ice cold?\nAnswer:"


def test_the_sense_of_a_word(released):
    (item,) = found("wic", released).items
    prompt = shown("wic", item)
    assert item.label == 0 and prompt.context.endswith(
        "Question: Is this word used in the same sense in both texts? cell\nAnswer:"
    )


def test_the_pronoun_that_is_asked_about_is_marked_where_the_same_word_stands_elsewhere(released):
    read = found("wsc", released)
    assert [each.fields["text"] for each in read.items] == [
        "It is said that it, the cup, holds *it*.",
        'Ann told Bea "*She* won".',
    ]
    assert read.left_out == {"the word is not at its place": 1}
    context = shown("wsc", read.items[0]).context
    assert context.endswith("Question: *it* = the cup, right?\nAnswer:")


def test_answers_are_judged_one_by_one(released):
    items = found("multirc", released).items
    assert [each.id for each in items] == ["4.7.20", "4.7.21", "4.7.22", "4.8.23", "4.8.24"]
    assert [each.label for each in items] == [1, 1, 0, 1, 0]
    context = shown("multirc", items[1]).context
    assert context == "Ann has a cat and a dog.\nQuestion: What has Ann?\nA dog, right?\nAnswer:"


def test_the_gap_is_filled_by_each_name(released):
    read = found("record", released)
    (item,) = read.items
    assert item.choices == ("Ada", "Bo") and item.references == ("Bo",) and item.label == 1
    # the gap is not there just once, and a right name is none of those in the news
    assert read.left_out == {"not one @placeholder in the sentence": 1, "no known answer": 1}
    prompt = shown("record", item)
    assert prompt.context == "Ada met Bo.\n- Ada is tall\n" and prompt.continuations == ("Ada is short", "Bo is short")
    asked = shown("record", item, formulation="letters")
    assert "Question: … is short\nA. Ada\nB. Bo" in asked.context


@pytest.mark.parametrize(("name", "line"), [("MultiRC", {"idx": 1, "passage": {"text": "t"}}), ("ReCoRD", {"idx": 1})])
def test_a_line_of_another_form_is_told(released, name, line):
    (released / name / "val.jsonl").write_text(json.dumps(line))
    with pytest.raises(InputError, match="not as SuperGLUE has it"):
        found(name.lower(), released)


def rows_of(name, released, tmp_path, monkeypatch, choice):
    monkeypatch.setattr(component, "engine_of", lambda *_: KnownEngine(choice))
    with step_folder(tmp_path / "step", seed=17) as step:
        ask(task=f"superglue-{name}", data=str(released), split="dev", how=Asking(), step=step)
    return {row["metric"]: (round(row["value"], 6), row["n"]) for row in Results.open(tmp_path / "step").table().to_pylist()}


def test_multirc_is_scored_over_answers_and_over_questions(released, tmp_path, monkeypatch):
    rows = rows_of("multirc", released, tmp_path, monkeypatch, lambda prompt: int("Bea," not in prompt.context))
    # said of 4 to be right, 3 of them are, and there are 3: F1 6/7; the cow spoils the first question
    assert rows == {"positive_f1": (round(6 / 7, 6), 5), "group_match": (0.5, 2), "accuracy": (0.8, 5)}


def test_each_of_several_right_names_counts_and_f1_is_the_best_over_them(tmp_path, monkeypatch):
    news = "The Bo Diaz met Bo and Ann Diaz."
    spans = [(4, 10), (16, 17), (23, 30)]
    line = {
        "idx": 0, "passage": {"text": news, "entities": [{"start": a, "end": b} for a, b in spans]},
        "qas": [{"query": "@placeholder came", "idx": 1, "answers": [{"text": "Bo Diaz"}, {"text": "Bo"}]}],
    }  # fmt: skip
    (tmp_path / "ReCoRD").mkdir()
    (tmp_path / "ReCoRD" / "val.jsonl").write_text(json.dumps(line))
    scores = []
    for at in range(3):
        (tmp_path / str(at)).mkdir()
        scores.append(rows_of("record", tmp_path, tmp_path / str(at), monkeypatch, lambda _, at=at: at))
    # choices in order: Ann Diaz (shares one word of two), Bo, Bo Diaz
    assert [each["token_f1"][0] for each in scores] == [0.5, 1.0, 1.0]
    assert [each["exact_match"][0] for each in scores] == [0.0, 1.0, 1.0]


def test_the_suite_has_all_eight_and_prompts_can_be_asked():
    members = find_suite("superglue").tasks
    assert len(members) == 8 and set(members) == {each for each in tasks.all() if each.startswith("superglue-")}
    for name in members:
        assert not [each for each in check(tasks.find(name), languages=["eng_Latn"]) if each.severity == "error"]
