"""CrossCodeEval: rows of the release, chunks of other files, prompts with and without them, and scores of both."""

import json
import math

import pytest
from asked_tasks import KnownEngine

from panglot.artifacts import InputError, step_folder
from panglot.evaluation import tasks
from panglot.evaluation.asking import component
from panglot.evaluation.asking.component import ask
from panglot.evaluation.asking.settings import Asking
from panglot.evaluation.cross_file import Chunk, as_comments, chunks, retrieve
from panglot.evaluation.prompts import for_task
from panglot.evaluation.prompts.checking import check
from panglot.evaluation.results import Results

SHAPES = """\
import math


class Circle:
    def __init__(self, radius):
        self.radius = radius

    def full_area(self):
        return math.pi * self.radius ** 2
"""


def line(number, prompt, truth, chunk="", path="lib/shapes.py", **more):
    about = {
        "task_id": f"own_python/{number}", "repository": "own", "file": "main.py", "context_start_lineno": 0,
        "groundtruth_start_lineno": 9, "right_context_start_lineno": 10,
    }  # fmt: skip
    listed = [{"retrieved_chunk": chunk, "filename": path, "score": 2.5}] if chunk else []
    context = {"crossfile_context": {"text": f"# Here\n# {chunk}", "list": listed}} if chunk else {}
    return {"prompt": prompt, "groundtruth": truth, "right_context": "\nend", "metadata": about, **context, **more}


OWN = [
    line(0, "from lib import Circle\n\nprint(Circle(2).", "full_area())", "def full_area(self):"),
    line(1, "from lib import गोला\n\nprint(गोला(2).", "आयतन())", "def आयतन(self):", "lib/गोला.py"),
    line(2, "def two():\n    ", "return 2"),
    line(3, "circle = Circle(2)\nprint(circle.", "full_area())", files={"lib/shapes.py": SHAPES, "main.py": "full_area"}),
    line(4, "x = 1\nprint(", "zzz)", files={"b.txt": "\n \n"}),
]


@pytest.fixture
def released(tmp_path):
    path = tmp_path / "crosscodeeval_data" / "python" / "line_completion_rg1_bm25.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in OWN), encoding="utf-8")
    return tmp_path


def test_rows_of_the_release_and_of_ones_own(released):
    items = tasks.find("crosscodeeval-python").items("eng", folder=released).items
    assert [each.id for each in items] == [f"own_python/{at}" for at in range(5)]
    shown = [each.fields.get("retrieved") for each in items]
    assert shown[:2] == ["# lib/shapes.py\n#\n# def full_area(self):\n", "# lib/गोला.py\n#\n# def आयतन(self):\n"]
    # the file that is being written is no other file, and a file without text has no chunk
    assert shown[2] is None and shown[4] is None and shown[3].startswith("# lib/shapes.py\n#\n# import math\n# class Circle:")
    assert items[0].fields["prompt"].endswith("Circle(2).") and items[0].references == ("full_area())",)


def test_a_line_of_another_form_is_told(tmp_path):
    path = tmp_path / "crosscodeeval_data" / "java" / "line_completion_rg1_bm25.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text('{"prompt": "x", "groundtruth": "y"}\n')
    with pytest.raises(InputError, match="'metadata' is missing"):
        tasks.find("crosscodeeval-java").items("eng", folder=tmp_path)


def test_chunks_and_their_ranking_by_hand():
    files = {"b.py": "\n".join(f"line {at}\n" for at in range(12)), "a.py": "def area(side):", "c.py": "area"}
    found = chunks(files, but="c.py")
    assert [(each.path, each.text.count("\n") + 1) for each in found] == [("a.py", 1), ("b.py", 10), ("b.py", 2)]
    pieces = [Chunk("a", "area side"), Chunk("b", "area area x y"), Chunk("c", "other")]
    # Jaccard with {area, print}: 1/3, 1/4
    assert [each.path for each in retrieve("print(area", pieces, by="jaccard")] == ["a", "b"]
    # mean length 7/3; idf of area in 2 of 3 is ln(1 + 1.5/2.5)
    idf = math.log(1.6)
    scores = [idf * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * size * 3 / 7)) for count, size in ((1, 2), (2, 4))]
    assert scores[1] > scores[0]
    assert [each.path for each in retrieve("print(area", pieces, by="bm25")] == ["b", "a"]
    assert retrieve("nothing", pieces) == [] and retrieve("", pieces) == [] and retrieve("x", []) == []
    # the query is the last ten lines with text
    assert retrieve("area\n" + "z\n" * 10, pieces) == [] and len(retrieve("area\n" + "z\n\n" * 9, pieces)) == 2
    assert len(retrieve("area", pieces, most=1)) == 1


def test_comments_of_each_language():
    assert as_comments([Chunk("A.java", "class A {\n}")], "java") == "// A.java\n//\n// class A {\n// }\n"
    assert as_comments([], "python") == ""


def test_prompts_keep_every_blank_and_show_other_files_where_asked(released):
    task = tasks.find("crosscodeeval-python")
    first, _, two, *_ = task.items("eng", folder=released).items
    alone, both = (for_task(task, language="eng", template=each) for each in ("in-file", "retrieved"))
    assert alone.prompt(two).context == both.prompt(two).context == "def two():\n    "
    assert both.prompt(first).context == first.fields["retrieved"] + "\n" + alone.prompt(first).context
    assert alone.solved(first) == ("from lib import Circle\n\nprint(Circle(2).", "full_area())")
    assert alone.prompt(first).stop == () and alone.prompt(first).max_new_tokens == 50


def test_a_model_that_reads_other_files_is_better_with_them(released, tmp_path, monkeypatch):
    def answer(prompt):
        if prompt.context.endswith("    "):
            return "return 2  # two\n\ndef three():"
        said = prompt.context.rpartition("def ")[2].partition("(")[0] if "def " in prompt.context else "area"
        return f"{said}())\nprint(zzz)"

    monkeypatch.setattr(component, "engine_of", lambda *_: KnownEngine(answer))
    scores = {}
    for template in ("in-file", "retrieved"):
        with step_folder(tmp_path / template, seed=17) as step:
            ask(task="crosscodeeval-python", data=str(released), how=Asking(template=template), step=step)
        rows = Results.open(tmp_path / template).table().to_pylist()
        scores[template] = {row["metric"]: row["value"] for row in rows}
        assert all("code:python" in row["signature"] for row in rows) and len(rows) == 4
    assert [scores[each]["completion_match"] for each in scores] == [0.2, 0.8]
    # what follows the first statement is cut, or the last would have its name right
    assert [scores[each]["identifier_match"] for each in scores] == [0.2, 0.8]
    assert scores["in-file"]["edit_similarity"] < scores["retrieved"]["edit_similarity"] < 1
    assert scores["retrieved"]["identifier_f1"] == pytest.approx(0.6)


@pytest.mark.parametrize("code", ["python", "java", "typescript", "csharp"])
def test_each_programming_language_is_a_task(code):
    task = tasks.find(f"crosscodeeval-{code}")
    assert task.languages == {"eng_Latn": code} and not check(task, languages=["eng_Latn"])
