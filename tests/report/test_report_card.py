"""The model card: what the hub reads, and the figures of the page."""

import ast
import re

import yaml
from huggingface_hub import ModelCard
from huggingface_hub.repocard_data import model_index_to_eval_results
from markdown_it import MarkdownIt

from panglot.report.card import front_matter
from panglot.report.page import Page


def test_the_hub_reads_the_front_matter(sorbian: Page) -> None:
    card = ModelCard(sorbian.card.read_text())
    assert card.data.language == ["hsb", "de", "cs", "pl", "swh", "en"]
    assert card.data.library_name == "sentence-transformers"
    assert card.data.pipeline_tag == "sentence-similarity"
    assert card.data.get("base_model") is None
    said = card.data.to_dict()
    name, results = model_index_to_eval_results(said["model-index"])
    assert name == sorbian.facts["title"]
    facts = {each["tag"]: each for each in sorbian.facts["languages"]}
    assert len(results) == 2 * len(facts)
    for each in results:
        row = facts[each.dataset_config]
        wanted = row["before"] if each.metric_type.endswith("_before") else row["after"]
        assert each.metric_value == wanted["value"]


def test_a_hub_model_is_named_as_the_base(sorbian: Page) -> None:
    facts = {**sorbian.facts, "model": {**sorbian.facts["model"], "base": "hub:intfloat/multilingual-e5-small"}}
    assert front_matter(facts)["base_model"] == "intfloat/multilingual-e5-small"
    facts["model"]["base"] = "/home/someone/model"
    assert "base_model" not in front_matter(facts)


def test_figures_are_those_of_the_facts(sorbian: Page) -> None:
    text = sorbian.card.read_text()
    for row in sorbian.facts["languages"]:
        line = next(each for each in text.splitlines() if f"`{row['tag']}`" in each)
        cells = [each.strip() for each in line.strip("|").split("|")]
        assert cells[1] == str(row["n"])
        shown = [float(each.replace("−", "-")) for each in (cells[2], cells[3], cells[4], cells[5])]
        wanted = [row["before"]["value"], row["control"]["value"], row["after"]["value"], row["change"]["value"]]
        assert shown == [round(each, 3) for each in wanted]
    assert "rose from 0.604 to 0.946" in text.replace("\\", "")


def test_usage_is_python_and_knows_prompt_pooling_and_norm(sorbian: Page) -> None:
    blocks = re.findall(r"```python\n(.*?)```", sorbian.card.read_text(), re.S)
    assert len(blocks) == 2
    for each in blocks:
        ast.parse(each)
    assert '"query: ' in blocks[1]
    assert "normalize" in blocks[1]
    assert "max_length=512" in blocks[1]


def test_data_cannot_become_markup_in_the_card(hostile: Page) -> None:
    text = hostile.card.read_text()
    yaml.safe_load(text.split("---\n")[1])
    body = text.split("---\n", 2)[2]
    for each in re.findall(r"```python\n(.*?)```", body, re.S):
        ast.parse(each)
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    inline = [child for each in tokens for child in each.children or []]
    assert not [each for each in tokens + inline if each.type in ("html_block", "html_inline", "link_open", "image")]


def test_markdown_has_the_sections_without_control_and_data(null: Page) -> None:
    body = null.card.read_text().split("---\n", 2)[2]
    headings = re.findall(r"^## (.*)$", body, re.M)
    assert headings == ["Use", "Figures", "Data", "Limits"]
    assert "None" not in body
