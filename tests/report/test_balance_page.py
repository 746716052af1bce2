"""The page of a plan: its figures, a plan of many languages, and in a browser."""

import json

import pytest
from headless import browser

from panglot.artifacts import step_folder
from panglot.corpus.balance.plan import Plan, balance
from panglot.corpus.balance.shares import Temperature
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.report.balance_page import balance_facts, balance_page, draw_balance, share_plot
from panglot.report.page import Page


def plan_of(folder, sizes, **parameters):
    with DocumentWriter(folder / "d" / DOCUMENTS_FILE) as writer:
        for tag, size in sizes.items():
            writer.document("ก" * size, tag, source="test")
    with step_folder(folder / "plan", component="corpus.balance") as step:
        balance(of=Documents(folder / "d"), strategy=Temperature(alpha=0), step=step, **parameters)
    return Plan.open(folder / "plan")


def test_headline_and_rows(tmp_path):
    facts = balance_facts(plan_of(tmp_path, {"tha_Thai": 900, "nqo_Nkoo": 100, "lao_Laoo": 80}))
    assert facts["headline"]["sentence"] == "1,080 characters in three languages: one language above 4 epochs, Lao with 4.5."
    assert [each["tag"] for each in facts["languages"]] == ["lao_Laoo", "nqo_Nkoo", "tha_Thai"]
    assert facts["summary"]["rows"][0] == ["Lao", "7.4 %", "33.3 %", "4.50"]
    calm = balance_facts(plan_of(tmp_path / "b", {"tha_Thai": 900, "nqo_Nkoo": 800}))
    assert calm["headline"]["sentence"] == "1,700 characters in two languages, none above 4 epochs."


def test_of_many_languages_the_most_repeated_and_the_largest_are_drawn():
    languages = [
        {"name": str(n), "tag": f"{n:03}", "share_available": 1 / 400, "share": (400 - n) / 80200, "epochs": float(n)}
        for n in range(400)
    ]
    drawn = [int(row.label) for row in share_plot(languages, narrow=False).rows]
    assert len(drawn) == 80
    assert set(range(40)) <= set(drawn)
    assert set(range(360, 400)) <= set(drawn)
    assert drawn == sorted(drawn)


def test_a_language_without_text_has_no_mark(tmp_path):
    facts = balance_facts(plan_of(tmp_path, {"tha_Thai": 9, "lao_Laoo": 0}))
    row = next(each for each in share_plot(facts["languages"], narrow=False).rows if each.label == "Lao")
    assert row.now is row.planned is None


def test_the_component_and_the_law(tmp_path):
    plan = plan_of(tmp_path, {"tha_Thai": 9, "lao_Laoo": 5})
    with step_folder(tmp_path / "page", component="report.balance_page") as step:
        balance_page(plan=plan, title="<b>", step=step)
    page = Page.open(tmp_path / "page")
    assert "&lt;b&gt;" in page.html.read_text()
    facts = json.loads((tmp_path / "page" / "facts.json").read_text())
    said = {"gamma": 0.1, "gamma_interval": [0.05, 0.2], "constant": 2.0, "share": 0.4, "share_interval": [0.3, 0.5],
            "shares_in_runs": [0.1, 0.9], "rows": 5}  # fmt: skip
    drawn = draw_balance({**facts, "law": {"<i>": said}})
    assert "0.050 to 0.200" in drawn
    assert "&lt;i&gt;" in drawn


@pytest.mark.browser
def test_silent_and_within_the_window(tmp_path):
    from panglot.languages import tables

    codes = sorted(tables.rows())[:120]
    facts = balance_facts(plan_of(tmp_path, {f"{code}_{tables.default_script(code)}": 1 + n for n, code in enumerate(codes)}))
    path = tmp_path / "page.html"
    path.write_text(draw_balance({**facts, "reproduce": {"seeds": [], "versions": {}, "steps": [], "notes": []}}))
    outside = (
        "[...document.querySelectorAll('figure svg text')].filter(each => {"
        " const box = each.getBoundingClientRect(), svg = each.ownerSVGElement.getBoundingClientRect();"
        " return svg.width && (box.left < svg.left - 1 || box.right > svg.right + 1) }).map(each => each.textContent)"
    )
    with browser() as tab:
        for width in (360, 1280):
            tab.open(path, width=width)
            assert tab.complaints() == []
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
            assert tab.evaluate(outside) == []
