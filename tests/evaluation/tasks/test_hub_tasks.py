"""Data sets of the hub: rows of their published columns become items, through `datasets` where that can be shown here."""

import json

import pytest

from panglot.artifacts import InputError, digest_value
from panglot.evaluation import tasks
from panglot.evaluation.running.solutions import Judged
from panglot.evaluation.tasks.hub import Hub

CHOICES = {f"option_{letter}": letter * 2 for letter in "abcd"}
ANSWERS = {"text": ["ndege"], "answer_start": [2]}
WRONG = {f"Incorrect Answer {at}": at * "w" for at in (1, 2, 3)}
LONG = {
    "id": "1", "pid": "1_0", "input": "Summarize.", "output": "s", "document_start_index": 0, "document_end_index": 9,
    "query_start_index": 9, "query_end_index": 9, "truncation_seperator": "...",
}  # fmt: skip
BOOK = {"id": 0, "context": "c", "input": "q", "answer": ["bb"], "options": ["aa", "bb", "cc", "dd"]}
BOXED = r"As $1 = \boxed{1}$, it is $\boxed{\frac{1}{2}}$."
CASES = "[{'input': '1', 'output': ['2']}]"
PROBLEM = {
    "src_uid": "u", "description": "d", "input_specification": "i", "output_specification": "o", "sample_inputs": "['1']",
    "sample_outputs": "['2']", "testcases": CASES,
}  # fmt: skip
FUNCTION = {
    "task_id": "HumanEval/0", "prompt": "def f(x):\n", "canonical_solution": "    return x\n", "entry_point": "f",
    "test": "def check(candidate):\n    assert candidate(1) == 1\n",
}  # fmt: skip
ROWS = {
    "xnli": ("swh", [{"premise": "p", "hypothesis": "h", "label": 2}]),
    "pawsx": ("kor", [{"id": each, "sentence1": "a", "sentence2": "b", "label": each} for each in (1, -1)]),
    "xstorycloze": (
        "mya",
        [
            {
                "story_id": "s", "sentence_quiz1": "x", "sentence_quiz2": "y", "answer_right_ending": 2,
                **{f"input_sentence_{number}": f"{number}." for number in (1, 2, 3, 4)},
            }
        ],
    ),
    "belebele": (
        "urd_Latn",
        [
            {
                "link": "l", "question_number": 1, "flores_passage": "p", "question": "q", "correct_answer_num": "3",
                "dialect": "urd_Latn", "ds": "2023-05-03", **{f"mc_answer{number}": str(number) for number in (1, 2, 3, 4)},
            }
        ],
    ),
    "global-mmlu": ("amh", [{"sample_id": "a/test/0", "subject": "s", "question": "q", **CHOICES, "answer": "D"}]),
    "m-arc": ("zho", [{"id": "A_1", "instruction": "q", **CHOICES, "option_e": None, "answer": "B"}]),
    "m-hellaswag": (
        "tel",
        [
            {"ind": 1, "ctx": "c", "activity_label": "a", "endings": ["1", "2", "3", "4"], "label": "3"},
            {"ind": 2, "ctx": "c", "activity_label": "a", "endings": ["1", None, "3", "4"], "label": "3"},
        ],
    ),
    "xlsum": ("amh", [{"id": "i", "url": "u", "title": "t", "summary": "s", "text": "x"}]),
    "tydiqa": (
        "swh",
        [
            {"id": "arabic-1-1", "title": "t", "context": "c", "question": "q", "answers": ANSWERS},
            {"id": "swahili-1-1", "title": "t", "context": "ya ndege", "question": "q", "answers": ANSWERS},
        ],
    ),
    "wikiann": ("urd", [{"tokens": ["a", "b"], "ner_tags": [3, 4], "langs": ["ur", "ur"], "spans": ["ORG: a b"]}]),
    "bucc": ("rus", [{"sentence1": "один", "sentence2": "one"}]),
    "multi-if": (
        "hin",
        [
            {
                "key": "1:hi", "language": language, "turn_1_prompt": json.dumps({"role": "user", "content": "नमस्ते"}),
                "turn_1_instruction_id_list": '["length_constraints:number_words"]', "turn_1_kwargs": '["{}"]',
                "turn_2_prompt": {"role": "user", "content": "और?"}, "turn_2_instruction_id_list": ["punctuation:no_comma"],
                "turn_2_kwargs": ["{}"], "turn_3_prompt": "", "turn_3_instruction_id_list": None, "turn_3_kwargs": "",
            }
            for language in ("Hindi", "French")
        ],
    ),
    **{
        name: ("eng", [FUNCTION])
        for name in ("humaneval", "humaneval-plus")
    },
    "mbpp": (
        "eng",
        [
            {
                "task_id": 11, "text": "t", "code": "def f(): pass", "test_list": ["assert f()", "assert g()"],
                "test_setup_code": "", "challenge_test_list": [],
            }
        ],
    ),
    "mbpp-plus": (
        "eng",
        [
            {
                "task_id": 2, "code": "def f(): pass", "prompt": "p", "source_file": "s", "test_imports": ["import math"],
                "test_list": ["assert f()"], "test": "import numpy as np\nassert f()",
            }
        ],
    ),
    "codescope-synthesis": ("eng", [{**PROBLEM, "notes": None, "lang_cluster": "Go", "difficulty": 800}]),
    "codescope-repair": (
        "eng", [{**PROBLEM, "source_code": "x", "execute_outcome": "e", "lang": "GNU C++17", "lang_cluster": "C++"}],
    ),
    "codescope-translation": (
        "eng",
        [
            {
                "src_uid": "u", "source_code": "puts 1", "source_lang_cluster": "Ruby", "target_lang_cluster": "C#",
                "testcases": CASES,
            }
        ],
    ),
    "codescope-summary": ("eng", [{"id": 1, "lang_cluster": "Ada", "source_code": "x", "human_summarization": "s"}]),
    "codescope-smell": ("eng", [{"id": 1, "lang_cluster": "Java", "smell_code": "x", "source_code": "y", "smell": "blob"}]),
    "sib200": ("nqo", [{"index_id": 7, "category": "travel", "text": "ߞ"}]),
    "xcopa": (
        "hat",
        [{"premise": "p", "choice1": "a", "choice2": "b", "question": "cause", "label": 1, "idx": 0, "changed": False}],
    ),
    "xquad": ("ell", [{"id": "i", "context": "ya ndege", "question": "q", "answers": ANSWERS}]),
    "mmmlu": ("yor", [{"Question": "q", "A": "a", "B": "b", "C": "c", "D": "d", "Answer": "C", "Subject": "s"}]),
    "mmlu": ("eng", [{"question": "q", "subject": "s", "choices": ["a", "b", "c", "d"], "answer": 2}]),
    "arc-challenge": (
        "eng", [{"id": "i", "question": "q", "choices": {"text": ["a", "b", "c"], "label": ["1", "2", "3"]}, "answerKey": "3"}],
    ),
    "hellaswag": (
        "eng",
        [{"ind": 1, "ctx": "c", "activity_label": "a", "endings": ["1", "2", "3", "4"], "source_id": "s", "label": "3"}],
    ),
    "gsm8k": ("eng", [{"question": "q", "answer": "48/2 = <<48/2=24>>24\n#### 1,072"}]),
    "mnli": (
        "eng", [{"premise": "p", "hypothesis": "h", "label": label, "idx": label} for label in (2, -1)],
    ),
    "qnli": ("eng", [{"question": "q", "sentence": "s", "label": 1, "idx": 0}]),
    "qqp": ("eng", [{"question1": "a", "question2": "b", "label": 1, "idx": 0}]),
    "sst2": ("eng", [{"sentence": "s", "label": 1, "idx": 0}]),
    "mmlu-pro": (
        "eng",
        [{"question_id": 7, "question": "q", "options": [*"abcdefghij"], "answer": "I", "answer_index": 8, "category": "law"}],
    ),
    "ifeval": (
        "eng",
        [
            {
                "key": 1000, "prompt": "Write.", "instruction_id_list": ["length_constraints:number_words"],
                "kwargs": [{"relation": "at least", "num_words": 300, "num_bullets": None}],
            }
        ],
    ),
    "aya-human": (
        "yor",
        [{"id": at, "inputs": "q", "targets": "a", "language": each, "script": "Latn"}
            for at, each in enumerate(["yor", "eng"])],
    ),
    "aya-dolly": ("hin", [{"id": 1, "inputs": "q", "targets": "a", "language": "hin", "script": "Deva", "source_id": 2}]),
    "wmt14": ("hin", [{"translation": {"hi": "एक", "en": "one"}}]),
    "wmt16": ("tur", [{"translation": {"tr": "bir", "en": "one"}}]),
    "wmt24pp": (
        "swh",
        [{"lp": "en-sw_KE", "is_bad_source": bad, "source": "one", "target": "moja"} for bad in (True, False)],
    ),
    "superglue-cb": ("eng", [{"premise": "p", "hypothesis": "h", "label": each, "idx": each} for each in (1, -1)]),
    "superglue-rte": ("eng", [{"premise": "p", "hypothesis": "h", "label": 1, "idx": 0}]),
    "superglue-copa": (
        "eng", [{"premise": "p", "choice1": "a", "choice2": "b", "question": "effect", "label": 1, "idx": 0}],
    ),
    "superglue-boolq": ("eng", [{"question": "q", "passage": "p", "idx": at, "label": at} for at in (1, -1)]),
    "superglue-wic": (
        "eng",
        [
            {
                "word": "w", "sentence1": "a w", "sentence2": "w", "start1": 2, "start2": 0, "end1": 3, "end2": 1, "idx": 0,
                "label": 1,
            }
        ],
    ),
    "superglue-wsc": (
        "eng",
        [
            {
                "text": "A cup. It is.", "span1_index": 0, "span2_index": 2, "span1_text": "A cup", "span2_text": "It",
                "idx": 0, "label": 1,
            }
        ],
    ),
    "superglue-multirc": (
        "eng",
        [
            {
                "paragraph": "p", "question": "q", "answer": "a", "idx": {"paragraph": 0, "question": 1, "answer": 3 - at},
                "label": at,
            }
            for at in (1, -1)
        ],
    ),
    "superglue-record": (
        "eng",
        [
            {
                "passage": "p", "query": "@placeholder b", "entities": ["x", "y", "z"], "answers": answers,
                "idx": {"passage": at, "query": 0}, "entity_spans": {"text": ["x"], "start": [0], "end": [1]},
            }
            for at, answers in enumerate((["y", "z"], []))
        ],
    ),
    "drop": (
        "eng",
        [
            {
                "section_id": "s", "query_id": "i", "passage": "p", "question": "q",
                "answers_spans": {"spans": ["3", "3", "three"], "types": ["number", "number", "span"]},
            }
        ],
    ),
    **{
        name: ("eng", [{"Question": "q", "Correct Answer": each, "Explanation": "e", **WRONG} for each in ("right\n", "w")])
        for name in ("gpqa", "gpqa-diamond")
    },
    **{name: ("eng", [LONG]) for name in tasks.all() if name.startswith("zeroscrolls-")},
    **{name: ("eng", [BOOK]) for name in tasks.all() if name.startswith("infinitebench-") and "zh" not in name},
    "infinitebench-zh-qa": ("zho", [BOOK]),
    **{name: ("eng", [{"input": "q\nOptions:\n(A) a", "target": "(A)"}]) for name in tasks.all() if name.startswith("bbh-")},
    "math": ("eng", [{"problem": "q", "level": "Level 5", "type": "Algebra", "solution": each} for each in (BOXED, "none")]),
    "math-500": (
        "eng",
        [
            {
                "problem": "q", "solution": BOXED, "answer": "\\frac{1}{2}", "subject": "Algebra", "level": 5,
                "unique_id": "test/algebra/7.json",
            }
        ],
    ),
    # queries and definitions come from two tables, of whose columns these have all
    "nexus": (
        "eng",
        [
            {
                "dataset": "d", "prompt": "q", "python_function_name": "f", "python_args_dict": '{"x": 1}',
                "context_functions": ["f"], "name": "f", "description": "does",
                "args_dicts": [{"name": "x", "type": "int"}, {"name": "y", "type": "str", "default": "'a'"}],
            }
        ],
    ),
    "teca": ("cat", [{"id": 3247, "premise": "p", "hypothesis": "h", "label": "2"}]),
    "flores": ("tha", [{"id": 7, "iso_639_3": "x", "iso_15924": "y", "text": "ข้อความ"}]),
}  # fmt: skip
GPQA = sorted(("right\n", "w", "ww", "www"), key=lambda each: digest_value(["0", each])).index("right\n")
LABELS = {
    "codescope-smell": 3,
    "xnli": 2,
    "pawsx": 1,
    "xstorycloze": 1,
    "belebele": 2,
    "global-mmlu": 3,
    "m-arc": 1,
    "m-hellaswag": 3,
    "xcopa": 1,
    "sib200": 1,
    "mmmlu": 2,
    "mmlu": 2,
    "arc-challenge": 2,
    "hellaswag": 3,
    "mnli": 2,
    "qnli": 1,
    "qqp": 1,
    "sst2": 1,
    "mmlu-pro": 8,
    "teca": 2,
    "infinitebench-en-mc": 1,
    "superglue-cb": 1,
    "superglue-rte": 1,
    "superglue-copa": 1,
    "superglue-boolq": 1,
    "superglue-wic": 1,
    "superglue-wsc": 1,
    "superglue-multirc": 1,
    "superglue-record": 1,
    "gpqa": GPQA,
    "gpqa-diamond": GPQA,
}
FILTERED = ("tydiqa", "multi-if", "aya-human", "wmt24pp")


def test_every_hub_task_has_rows_here():
    # what is retrieved has three tables, see test_passages
    assert {name for name, task in tasks.all().items() if task.hub and task.kind != "retrieval"} == set(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_published_columns_become_items(monkeypatch, name):
    language, rows = ROWS[name]
    asked = []
    monkeypatch.setattr(Hub, "_stream", lambda hub, said, place: asked.append(said) or iter(rows))
    monkeypatch.delenv("PANGLOT_DATA", raising=False)
    task = tasks.find(name)
    split = "test" if "test" in task.hub.splits else "dev"
    found = task.items(language, split)
    assert len(found) == 1
    item = found.items[0]
    assert item.label == LABELS.get(name)
    assert len(found) + sum(found.left_out.values()) == (1 if name in FILTERED else len(rows))
    assert asked[0].startswith(f"hub:{task.hub.name}:")
    expected = {
        "m-arc": lambda: item.choices == ("aa", "bb", "cc", "dd"),
        "wikiann": lambda: item.tags == ("B-ORG", "I-ORG"),
        "multi-if": lambda: (
            (item.fields["prompt"], item.fields["prompt_2"], "prompt_3" in item.fields) == ("नमस्ते", "और?", False)
        ),
        "bucc": lambda: item.fields == {"source": "один", "target": "one"},
        "flores": lambda: item.fields == {"source": "ข้อความ", "target": "ข้อความ"} and item.id == "7",
        "tydiqa": lambda: item.id == "swahili-1-1" and found.mended == {"the answer stands elsewhere than at its offset": 1},
        "humaneval": lambda: item.id == "HumanEval/0" and Judged.of(item.fields, "").tests.endswith("check(f)\n"),
        "mbpp": lambda: item.fields["tests"] == "assert f()\nassert g()" and "setup" not in item.fields,
        "mbpp-plus": lambda: Judged.of(item.fields, "").tests.startswith("import math\n\nimport numpy"),
        "codescope-synthesis": lambda: Judged.of(item.fields, "").cases[0].outputs == ("2",),
        "gsm8k": lambda: item.references == ("1,072",),
        "xlsum": lambda: item.references == ("s",),
        "wmt24pp": lambda: item.fields == {"source": "moja", "target": "one"},
        "wmt14": lambda: item.fields == {"source": "एक", "target": "one"},
        "drop": lambda: (item.id, item.references) == ("i", ("3", "three")),
        "gpqa": lambda: item.choices[GPQA] == "right\n" and found.left_out == {"the right choice stands twice": 1},
        "superglue-wsc": lambda: item.fields["text"] == "A cup. *It* is.",
        "superglue-multirc": lambda: (item.id, item.fields["question_number"]) == ("0.1.2", "1"),
        "superglue-record": lambda: (item.references, item.fields["after"]) == (("y", "z"), " b"),
        "nexus": lambda: item.references == ('[{"f": {"x": [1], "y": ["a", ""]}}]',),
        "math": lambda: item.references == (r"\frac{1}{2}",) and found.left_out == {"no right answer": 1},
        "math-500": lambda: (item.id, item.fields["level"]) == ("test/algebra/7.json", "5"),
        "bbh-snarks": lambda: item.references == ("(A)",),
        "aya-human": lambda: (item.fields["prompt"], item.references) == ("q", ("a",)),
    }
    assert expected.get(name, lambda: True)()


@pytest.mark.slow
def test_copies_of_data_sets_are_read_through_datasets(tmp_path, monkeypatch):
    import pyarrow as pa
    import pyarrow.parquet as pq

    monkeypatch.setenv("PANGLOT_HUB_FOLDER", str(tmp_path))
    monkeypatch.delenv("PANGLOT_DATA", raising=False)
    arc = tmp_path / "alexandrainst" / "m_arc" / "data" / "zh"
    arc.mkdir(parents=True)
    (arc / "test.jsonl").write_text("".join(json.dumps(each) + "\n" for each in ROWS["m-arc"][1]))
    assert tasks.find("m-arc").items("zho").items[0].choices == ("aa", "bb", "cc", "dd")
    news = tmp_path / "csebuetnlp" / "xlsum" / "amharic" / "test"
    news.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(ROWS["xlsum"][1]), news / "0000.parquet")
    assert tasks.find("xlsum").items("amh").items[0].references == ("s",)
    with pytest.raises(InputError, match="there is no such data set in the folder of copies"):
        tasks.find("pawsx").items("kor")


@pytest.mark.slow
def test_without_a_network_one_line_says_so(monkeypatch):
    monkeypatch.delenv("PANGLOT_DATA", raising=False)
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match="pawsx in kor_Hang: the hub data set cannot be loaded") as caught:
        tasks.find("pawsx").items("kor")
    assert "\n" not in str(caught.value)
    assert "--data or PANGLOT_DATA" in str(caught.value)


def test_what_the_hub_refuses_is_said_with_where_files_would_lie(monkeypatch, tmp_path):
    def refuse(hub, said, place):
        raise InputError("the hub data set cannot be loaded: offline", where=said)

    monkeypatch.setattr(Hub, "_stream", refuse)
    with pytest.raises(InputError, match=r"xnli in hin_Deva: the hub .* not among the files: .*xnli/hin.test.jsonl"):
        tasks.find("xnli").items("hin", folder=tmp_path)
    with pytest.raises(InputError, match="its terms have to be accepted"):
        tasks.find("flores").items("hin", folder=tmp_path)


def test_the_hub_is_not_asked_for_a_language_or_split_that_it_has_not(monkeypatch):
    monkeypatch.delenv("PANGLOT_DATA", raising=False)
    with pytest.raises(InputError, match="xnli has no test items in eus_Latn here"):
        tasks.find("xnli").items("eus")
    with pytest.raises(InputError, match="m-hellaswag has no split 'test': it has dev"):
        tasks.find("m-hellaswag").items("zho")
