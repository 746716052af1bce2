"""ZeroSCROLLS and InfiniteBench: rows with their keys become items, and their scores are those of the papers' rules."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.artifacts import InputError
from panglot.evaluation import metrics, tasks
from panglot.evaluation.prompts import for_task
from panglot.evaluation.tasks.suite import find_suite


def lines(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in rows))


def scrolls(**more):
    return {"id": "1", "pid": "1", "input": "Read.\n\nText\n\nAnswer:", "output": "a", "document_start_index": 7, **more}


def test_rows_of_one_id_are_one_item_with_several_answers(tmp_path):
    rows = [scrolls(), scrolls(id="2", output="x"), scrolls(pid="1_1", output="b"), scrolls(pid="1_2")]
    lines(tmp_path / "zero_scrolls" / "qasper" / "validation.jsonl", rows)
    found = tasks.find("zeroscrolls-qasper").items("eng", "dev", tmp_path)
    assert [(each.id, each.references) for each in found.items] == [("1", ("a", "b")), ("2", ("x",))]
    assert found.left_out == {}


def test_a_test_without_answers_is_counted(tmp_path):
    rows = [scrolls(), scrolls(id="2", output=None)]
    lines(tmp_path / "zero_scrolls" / "qmsum" / "validation.jsonl", rows)
    found = tasks.find("zeroscrolls-qmsum").items("eng", "dev", tmp_path)
    assert len(found) == 1 and found.left_out == {"no right answer": 1}


def test_the_prompt_of_zeroscrolls_is_the_sets_own(tmp_path):
    lines(tmp_path / "zero_scrolls" / "quality" / "validation.jsonl", [scrolls(output="B")])
    task = tasks.find("zeroscrolls-quality")
    prompt = for_task(task, language="eng").prompt(task.items("eng", "dev", tmp_path).items[0])
    assert prompt.context == "Read.\n\nText\n\nAnswer:"


@pytest.mark.parametrize(
    ("name", "file", "language", "row", "shown", "references"),
    [
        ("passkey", "passkey", "eng", {"input": "What is the pass key?", "answer": ["71432"]}, "key?", ("71432",)),
        ("kv-retrieval", "kv_retrieval", "eng", {"input": 'Key: "a"', "answer": ["cb59-052b"]}, 'Key: "a"', ("cb59-052b",)),
        ("math-find", "math_find", "eng", {"input": "The largest number is", "answer": 97}, "largest", ("97",)),
        ("zh-qa", "longbook_qa_chn", "zho", {"input": "谁来了？", "answer": ["王老师"]}, "谁来了？", ("王老师",)),
        ("en-sum", "longbook_sum_eng", "eng", {"input": "", "answer": ["It ends."]}, "Summary:", ("It ends.",)),
    ],
)
def test_rows_of_infinitebench_become_items_and_prompts(tmp_path, name, file, language, row, shown, references):
    lines(tmp_path / "infinitebench" / f"{file}.jsonl", [{"id": 0, "context": "第一章 x", "options": [], **row}])
    task = tasks.find(f"infinitebench-{name}")
    item = task.items(language, "test", tmp_path).items[0]
    assert item.references == references
    context = for_task(task, language=next(iter(task.languages))).prompt(item).context
    assert context.index("第一章 x") < context.index(shown)


def test_the_right_option_may_be_a_list_of_one(tmp_path):
    row = {"id": 0, "context": "c", "input": "Who?", "options": ["Ann", "Bo", "Cy", "Di"]}
    rows = [{**row, "answer": answer} for answer in (["Cy"], "Di", [])]
    lines(tmp_path / "infinitebench" / "longbook_choice_eng.jsonl", rows[:2])
    found = tasks.find("infinitebench-en-mc").items("eng", "test", tmp_path)
    assert [each.label for each in found.items] == [2, 3]
    lines(tmp_path / "infinitebench" / "longbook_choice_eng.jsonl", rows)
    with pytest.raises(InputError, match="is outside the set"):
        tasks.find("infinitebench-en-mc").items("eng", "test", tmp_path)


def test_suites_name_their_metrics_and_what_is_absent():
    zero, infinite = find_suite("zeroscrolls"), find_suite("infinitebench")
    assert len(zero.tasks) == 10 and all(each.split == "dev" for each in zero.tasks.values())
    assert len(infinite.tasks) + len(infinite.absent) == 12
    known = {"rouge_geometric", "token_f1", "option_letter", "exponential_similarity", "concordance_index"}
    assert {tasks.find(each).metrics[0] for each in zero.tasks} == known


def test_the_geometric_mean_takes_the_best_reference_for_each_kind_by_itself():
    metric = metrics.find("rouge_geometric")
    said, right = "the cat sat", ("the cat ran off", "sat cat the")
    parts = [metrics.find(kind).corpus([said], [right]) for kind in ("rouge1", "rouge2", "rougeL")]
    # ROUGE-1 by the second reference, which has all words; ROUGE-2 and ROUGE-L by the first
    assert parts == [1.0, pytest.approx(0.4), pytest.approx(4 / 7)]
    assert metric.corpus([said], [right]) == pytest.approx((parts[0] * parts[1] * parts[2]) ** (1 / 3))
    assert metric.corpus([""], ["a"]) == 0


@pytest.mark.parametrize(("said", "value"), [("40%", 1), ("30 %", 0.5), ("Between 50% and 40%.", 0.5), ("40", 0), ("", 0)])
def test_ten_points_halve_the_similarity_and_what_is_no_percentage_has_none(said, value):
    assert metrics.find("exponential_similarity").corpus([said], ["40%"]) == pytest.approx(value)


@given(st.permutations(range(1, 7)))
def test_the_concordance_is_that_of_counted_inversions(order):
    said, right = ", ".join(map(str, order)), "1, 2, 3, 4, 5, 6"
    inversions = sum(first > second for first, second in itertools.combinations(order, 2))
    assert metrics.find("concordance_index").corpus([f"Order: {said}."], [right]) == pytest.approx(1 - inversions / 15)


@pytest.mark.parametrize("said", ["1, 2", "1, 2, 2", "1, 2, 3, 4", "", "first, second, third"])
def test_what_is_no_permutation_has_no_concordance(said):
    assert metrics.find("concordance_index").corpus([said], ["1, 2, 3"]) == 0


def test_the_mean_concordance_of_all_orders_is_a_half():
    orders = [", ".join(map(str, each)) for each in itertools.permutations(range(1, 5))]
    assert metrics.find("concordance_index").corpus(orders, ["1, 2, 3, 4"] * 24) == pytest.approx(0.5)


def test_letters_count_where_they_stand_alone():
    metric = metrics.find("option_letter")
    assert metric.corpus(["Because, (C).", "BAD", "d", "The answer is D, not A"], ["C", "B", "D", "(D)"]) == 0.5


def test_numbers_and_words_are_found_in_whole_answers():
    assert metrics.find("first_number").corpus(["It is 0071.", "71", "7.10 is it"], ["0071", "0071", "7.1"]) == pytest.approx(
        2 / 3
    )
    # a longer key that holds the right one is another key
    said = ['"cb59-052b"', "cb59-052b9", "value:cb59-052b."]
    assert metrics.find("word_stands").corpus(said, ["cb59-052b"] * 3) == pytest.approx(2 / 3)
