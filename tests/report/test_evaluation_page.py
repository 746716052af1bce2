import json

import pytest

from panglot.artifacts import InputError, step_folder
from panglot.evaluation.results import Measurement, write_results
from panglot.report import account
from panglot.report.evaluation_page import draw_evaluation, evaluation_facts, evaluation_page
from panglot.report.page import FACTS_FILE, PAGE_FILE


def row(language, value, p=0.001, n=200, task="xnli", metric="accuracy", condition="native", model="m"):
    return {
        "model": model, "task": task, "revision": "r", "language": language, "condition": condition, "metric": metric,
        "value": value, "n": n, "ci_low": max(0.0, value - 0.05), "ci_high": min(1.0, value + 0.05), "p_value": p,
        "p_adjusted": p, "signature": f"task:{task}|metric:{metric}",
    }  # fmt: skip


XNLI = [
    row("eng_Latn", 0.7),
    row("urd_Arab", 0.4, p=0.4),
    row("swh_Latn", 0.5),
    row("tha_Thai", 0.6),
    row("eng_Latn", 0.69, metric="macro_f1", p=None),
]
FIGURES = {"headline_metric": "accuracy", "chance": 0.3333}


def test_what_the_average_hides():
    facts = evaluation_facts([XNLI], [FIGURES])
    task = facts["tasks"][0]
    assert task["mean"] == pytest.approx(0.55)
    gap = facts["breakdown"][0]["hidden"]["gap"]
    assert (gap["here"], gap["rest"]) == (0.7, pytest.approx(0.5))
    assert task["at_chance"] == ["Urdu"]
    assert task["others"] == ["macro_f1"]
    said = " ".join([facts["headline"]["sentence"], *facts["headline"]["more"]])
    assert "0.550" in said and "chance is 0.333" in said
    assert "Above chance in three of four languages" in said
    assert "English against the rest: 0.700 and 0.500 (difference +0.200" in said
    # half of the way from a third to 0.7 is 0.517
    assert "The average hides English (0.700) and Urdu (0.400); 2 of 4 languages gain less than half" in said


def test_languages_stand_by_resource_class_and_classes_have_means():
    facts = evaluation_facts([XNLI], [FIGURES])
    groups = [each["group"] for each in facts["languages"]]
    assert groups == sorted(groups, reverse=True)
    assert facts["languages"][0]["tag"] == "eng_Latn"
    assert [each["by"] for each in facts["groups"]] == ["resource class", "speakers"]
    for table in facts["groups"]:
        assert sum(each["n"] for each in table["rows"]) == 4
    assert facts["groups"][0]["rows"][0]["cells"] == [{"mean": 0.7, "low": None, "high": None}]


def test_several_tasks_conditions_and_holes():
    english = [row("swh_Latn", 0.3, condition="english"), row("eng_Latn", 0.7, condition="english")]
    choice = [row("swh_Latn", 0.5, task="xcopa", p=0.2)]
    facts = evaluation_facts([XNLI, english, choice], [FIGURES, FIGURES, FIGURES | {"chance": 0.5}])
    assert [each["name"] for each in facts["tasks"]] == ["xnli, native", "xnli, english", "xcopa, native"]
    assert facts["headline"]["sentence"].startswith("m is above chance in five of seven pairs")
    page = draw_evaluation({**facts, "notes": [], "reproduce": account.reproduction({})})
    assert page.count("xnli, english") >= 3


def test_few_items_are_said():
    facts = evaluation_facts([[row("eng_Latn", 0.8, n=5), row("tha_Thai", 0.8)]], [FIGURES])
    assert any("English: with 5 items" in each for each in facts["limits"])


def test_what_data_says_is_escaped():
    # of two models the name stands in every row, in those of the breakdown too
    evil = [row(tag, 0.5, model="<script>alert(1)</script>") for tag in ("eng_Latn", "tha_Thai")]
    facts = evaluation_facts([evil, XNLI], [FIGURES] * 2, checks=[looked_up(), None])
    page = draw_evaluation({**facts, "notes": [], "reproduce": account.reproduction({})})
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_the_step(tmp_path):
    with step_folder(tmp_path / "measured") as step:
        write_results(step.out, [Measurement(**each) for each in XNLI])
        step.figures.update(FIGURES)
        step.note("xnli: almost all answers are the same one in urd_Arab (99% neutral).")
    from panglot.evaluation.results import Results

    with step_folder(tmp_path / "report") as step:
        evaluation_page(results=[Results.open(tmp_path / "measured")], step=step)
    facts = json.loads((tmp_path / "report" / FACTS_FILE).read_text())
    assert facts["notes"] == ["xnli: almost all answers are the same one in urd_Arab (99% neutral)."]
    assert "99% neutral" in (tmp_path / "report" / PAGE_FILE).read_text()


def test_other_results_are_refused(tmp_path):
    with step_folder(tmp_path / "measured") as step:
        write_results(step.out, [Measurement(**each) for each in XNLI])
    from panglot.evaluation.results import Results

    with pytest.raises(InputError, match=r"no results of evaluation\.ask"), step_folder(tmp_path / "report") as step:
        evaluation_page(results=[Results.open(tmp_path / "measured")], step=step)


def test_consistency_stands_beside_accuracy(tmp_path):
    """Swahili and Urdu are wrong in the same way: consistent, and not right."""
    from panglot.evaluation.asking.agreement import Agreement
    from panglot.report.consistency_section import consistency_maps, task_facts

    pairs = [
        Agreement("swh_Latn", "eng_Latn", 200, 0.5, 0.43, 0.57, 0.45, 0.4, 0.1, 0.5, 0.7),
        Agreement("urd_Arab", "eng_Latn", 200, 0.4, 0.33, 0.47, 0.2, 0.3, 0.1, 0.4, 0.7),
        Agreement("urd_Arab", "swh_Latn", 200, 0.9, 0.85, 0.94, 0.3, 0.35, 0.55, 0.4, 0.5),
    ]
    told = [row(each.language, each.value, metric="answer_consistency", p=None) for each in pairs[:2]]
    told += [row(each.language, each.expected, metric="answer_consistency_expected", p=None) for each in pairs[:2]]
    told += [row(tag, 0.6, metric="answer_consistency_all_pairs", p=None) for tag in ("eng_Latn", "swh_Latn", "urd_Arab")]
    facts = evaluation_facts([[*XNLI, *told]], [FIGURES])
    assert facts["tasks"][0]["others"] == ["macro_f1"]
    found = task_facts("xnli", pairs, told, "eng_Latn", facts["languages"])
    shown = {each["tag"]: each for each in found["rows"]}
    assert set(shown) == {"eng_Latn", "swh_Latn", "urd_Arab"} and shown["eng_Latn"]["pair"] is None
    assert (
        shown["swh_Latn"]["accuracy"] == 0.5
        and shown["eng_Latn"]["accuracy"] == 0.7
        and shown["swh_Latn"]["pair"]["pivot"] == 0.7
    )
    assert shown["urd_Arab"]["pair"]["beyond"] == pytest.approx((0.4 - 0.2) / 0.8)
    assert (
        "Urdu and Swahili" in found["sentence"] and "55 %" in found["sentence"] and "90 % (expected 30 %)" in found["sentence"]
    )
    facts["consistency"] = [found]
    wide = consistency_maps(facts)[0][0]
    assert len(wide.cells) == 6
    # Swahili with English is no more than expected
    assert sum(each.at_chance for each in wide.cells) == 2
    page = draw_evaluation({**facts, "notes": [], "reproduce": account.reproduction({})})
    assert "The same answers in every language?" in page and "Consistent is not the same as right" in page
    without = draw_evaluation({**evaluation_facts([XNLI], [FIGURES]), "notes": [], "reproduce": account.reproduction({})})
    assert "The same answers" not in without


def looked_up(*without):
    counts = {tag: {"items": 200, "looked": 150, "seen": 0} for tag in ("eng_Latn", "urd_Arab", "swh_Latn", "tha_Thai")}
    counts["eng_Latn"]["seen"], counts["tha_Thai"]["seen"] = 50, 200
    return list(without), {"results": [], "contamination": counts, "documents": 1000, "words": 13}


def test_items_in_training_text_are_warned_of_with_the_score_without_them():
    check = looked_up(row("eng_Latn", 0.6, n=150, condition="native, items not seen", p=None))
    facts = evaluation_facts([XNLI], [FIGURES], checks=[check])
    page = draw_evaluation({**facts, "notes": [], "reproduce": account.reproduction({})})
    assert facts["headline"]["more"][0].startswith("Warning: the training text holds test items (31.2 % of xnli)")
    assert "xnli: 250 of 800 items seen, 200 too short" in page
    assert "50 of 200, 150 long enough" in page
    seen = facts["tasks"][0]["seen"]["cells"]
    assert seen[0]["without"]["value"] == 0.6
    # of Thai all items were seen, so that there is no score without them
    thai = next(at for at, each in enumerate(facts["languages"]) if each["tag"] == "tha_Thai")
    assert seen[thai]["without"] is None
    assert "Not checked" not in page


def test_what_was_not_looked_up_is_said():
    choice = [row("swh_Latn", 0.5, task="xcopa")]
    facts = evaluation_facts([XNLI, choice], [FIGURES, FIGURES], checks=[looked_up(), None])
    assert facts["limits"][0].startswith("Not checked for xcopa: whether the items stand in the text")
    assert evaluation_facts([XNLI], [FIGURES])["limits"][0].startswith("Not checked: whether")


def test_an_error_rate_is_not_broken_down_as_if_more_were_better():
    rates = [row(tag, value, metric="cer", p=None) for tag, value in (("eng_Latn", 0.1), ("tha_Thai", 0.4))]
    facts = evaluation_facts([rates], [FIGURES | {"headline_metric": "cer", "chance": None}])
    assert facts["breakdown"] == [None]
    page = draw_evaluation({**facts, "notes": [], "reproduce": account.reproduction({})})
    assert "What the average hides" not in page


def test_demand_is_measured_by_the_best_score_on_the_page():
    other = [{**each, "model": "better", "value": min(1.0, each["value"] + 0.1)} for each in XNLI]
    facts = evaluation_facts([XNLI, other], [FIGURES, FIGURES])
    assert [each["best"] for each in facts["breakdown"]] == [pytest.approx(0.8)] * 2
    assert facts["breakdown"][0]["demand"]["per_language"] < facts["breakdown"][1]["demand"]["per_language"]


def drawn(facts):
    return draw_evaluation({**facts, "notes": [], "reproduce": account.reproduction({})})


def test_parts_of_a_task_by_hand_and_escaped():
    def part(algebra, other):
        return {"subject": {"<b>Algebra</b>": {"value": algebra, "n": 3}, "": {"value": other, "n": 1}}}

    breakdown = {"eng_Latn": part(0.25, 0.5), "urd_Arab": part(0.75, 0.0)}
    facts = evaluation_facts([XNLI], [FIGURES | {"breakdown": breakdown}])
    (found,) = facts["tasks"][0]["parts"]
    assert (found["field"], found["languages"], found["count"]) == ("subject", ["English", "Urdu"], 2)
    assert [(each["name"], each["n"], each["mean"]) for each in found["rows"]] == [
        ("<b>Algebra</b>", 6, 0.5),
        ("not said", 2, 0.25),
    ]
    assert found["rows"][0]["values"] == [0.25, 0.75] and found["rows"][0]["least"] == [0.25, "English"]
    page = drawn(facts)
    assert "Parts of the tasks" in page and "&lt;b&gt;Algebra" in page and "<b>Algebra" not in page
    assert "Parts of the tasks" not in drawn(evaluation_facts([XNLI], [FIGURES]))
    many = {each["tag"]: part(0.1, 0.2) for each in facts["languages"]} | {
        f"{code}_Latn": part(0.3, 0.4) for code in ("deu", "fra", "ita")
    }
    table = [*XNLI, *(row(f"{code}_Latn", 0.5) for code in ("deu", "fra", "ita"))]
    of_many = evaluation_facts([table], [FIGURES | {"breakdown": many}])
    assert of_many["tasks"][0]["parts"][0]["languages"] == [] and "Least" in drawn(of_many)


def test_facts_of_earlier_runs_have_no_parts():
    facts = evaluation_facts([XNLI], [FIGURES])
    for each in facts["tasks"]:
        del each["parts"]
    assert "Parts of the tasks" not in drawn(facts)
