"""The audit of a corpus: its figures by hand, parts that are not there, and texts that mean harm."""

import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made_corpus import TEXTS, account, hostile_run, make_run, row, write

from panglot.artifacts import InputError, step_folder
from panglot.corpus.documents import Documents
from panglot.report.comparison import describe
from panglot.report.corpus_audit import audit_facts, audit_run, corpus_audit, draw_audit
from panglot.report.corpus_labels import declared_otherwise, labels_by_language, suspicions
from panglot.report.corpus_signals import BINS, spreads
from panglot.report.corpus_texts import read_texts
from panglot.report.corpus_wording import percent
from panglot.report.lineage import all_steps
from panglot.report.page import Page

LANGUAGES = list(TEXTS)


def test_figures_by_hand(tmp_path):
    facts, _ = audit_run(make_run(tmp_path, LANGUAGES))
    by_tag = {each["tag"]: each for each in facts["languages"]}
    # 12, 11, 10, 9, 8 and 7 documents were read; every fourth, from the second, was dropped
    assert [by_tag[tag]["read"]["documents"] for tag in LANGUAGES] == [12, 11, 10, 9, 8, 7]
    assert facts["total"]["read"] == 57
    assert facts["total"]["documents"] == 57 - 14
    assert sum(each["kept"]["documents"] for each in facts["languages"]) == 43
    assert sum(each["share"] for each in facts["languages"]) == pytest.approx(1, abs=1e-5)
    assert facts["flow"][1]["dropped"] == {"duplicate_lines": 5, "few_stop_words": 5, "few_words": 4}
    assert {each["reason"]: each["documents"] for each in facts["reasons"]} == facts["flow"][1]["dropped"]
    arabic = by_tag["arb_Arab"]
    assert arabic["kept"]["documents"] + sum(arabic["dropped"].values()) == 12
    assert arabic["dropped_share"] == 0.25
    size = f"{facts['total']['bytes'] / 1e3:.1f} kB"
    assert facts["headline"] == f"43 documents in six languages, {size}: 75.4\u00a0% of the documents that were read."
    assert json.dumps(facts, allow_nan=False)


def test_shares_of_scripture_and_of_what_says_it_is_machine_made(tmp_path):
    rows = [
        row("tha_Thai", "ก" * 10, "https://www.bible.com/bible/1"),
        row("tha_Thai", "ข" * 20, "https://news.example.org/bible-museum-opens"),
        row("tha_Thai", "ค" * 30, None, source="Quran-verses.tsv"),
        row("tha_Thai", "ง" * 40, "https://site-example-org.translate.goog/x"),
    ]
    write(tmp_path / "d", rows)
    found = read_texts(Documents(tmp_path / "d"), samples=1)["tha_Thai"]
    # a path that speaks of the Bible is no host of scripture
    assert (found.scripture, found.machine, found.characters) == (40, 40, 100)
    assert found.hosts["bible.com"] == [1, 10]
    assert found.hosts["Quran-verses.tsv"] == [1, 30]


def test_hosts(tmp_path):
    urls = [
        "HTTPS://WWW.Example.ORG:8080/a?b",
        "http://user:pw@example.org/x",
        "//example.org",
        "example.org/no-scheme",
        "",
        None,
    ]
    write(tmp_path / "d", [row("tha_Thai", f"ก{number}", url) for number, url in enumerate(urls)])
    found = read_texts(Documents(tmp_path / "d"), samples=1)["tha_Thai"]
    assert {host: n for host, (n, _) in found.hosts.items()} == {"example.org": 3, "crawl": 3}


def test_samples_do_not_depend_on_the_order_and_stand_beside_their_reasons(tmp_path):
    facts, _ = audit_run(make_run(tmp_path / "a", LANGUAGES))
    thai = next(each for each in facts["languages"] if each["tag"] == "tha_Thai")
    assert len(thai["samples"]["kept"]) == 2
    assert {each["reason"] for each in thai["samples"]["dropped"]} == set(thai["dropped"])
    rows = [row("tha_Thai", f"ก{number}") for number in range(5000)]
    write(tmp_path / "forth", rows)
    write(tmp_path / "back", rows[::-1])
    one, other = (read_texts(Documents(tmp_path / name), samples=3)["tha_Thai"].samples[""] for name in ("forth", "back"))
    assert [each["id"] for each in one] == [each["id"] for each in other]


def test_histograms_count_every_document_and_know_the_bounds(tmp_path):
    facts, _ = audit_run(make_run(tmp_path, LANGUAGES))
    arabic = next(each for each in facts["languages"] if each["tag"] == "arb_Arab")
    by_name = {each["signal"]: each for each in arabic["signals"]}
    words = by_name["words"]
    assert (words["rejected"], words["documents"], sum(words["counts"])) == (2, 12, 12)
    assert (words["min"], words["max"], len(words["counts"])) == (2.0, None, BINS)
    assert words["low"] <= 2.0 <= words["high"]
    # a signal that could not be measured has no histogram
    assert "mean_word_length" not in by_name


def test_bounds_are_compared_as_the_filter_compares_them(tmp_path):
    write(tmp_path / "d", [row("tha_Thai", str(number)) for number in range(3)])
    table = pa.table(
        {"id": ["a", "b", "c"], "duplicate_line_share": pa.array([0.3, 0.3, np.nextafter(np.float32(0.3), 1)], pa.float32())}
    )
    pq.write_table(table, tmp_path / "s.parquet")
    shards = Documents(tmp_path / "d").shards
    said = spreads(shards, [tmp_path / "s.parquet"], {"tha_Thai": {"duplicate_line_share:max": 0.3}})
    assert said["tha_Thai"][0]["rejected"] == 1
    assert spreads(shards, [], {}) == {}


@pytest.mark.parametrize("without", [(), ("copies",), ("labels",), ("filtered",), ("copies", "labels", "filtered")])
def test_a_part_that_was_not_run_says_so(tmp_path, without):
    facts, cost = audit_run(make_run(tmp_path, LANGUAGES, without=without))
    page = draw_audit(facts, cost)
    assert ("Duplicates were not looked for in this run" in page) == ("copies" in without)
    assert ("nothing is known of this" in page) == ("labels" in without)
    assert ("No step of this run dropped documents" in page) == ("filtered" in without)
    assert ("there are no histograms" in page) == ("filtered" in without)


def test_languages_of_little_confidence_are_doubted(tmp_path):
    make_run(tmp_path, LANGUAGES, documents=60)
    facts = audit_facts(all_steps(tmp_path / "run"), "t")
    assert [each["tag"] for each in facts["doubtful"]] == ["eng_Latn"]
    assert "comes second" in facts["doubtful"][0]["why"][0]
    first = next(each for each in facts["languages"] if each["tag"] == "arb_Arab")
    assert first["label"]["mixed"] == pytest.approx(1 / 60)
    assert facts["doubtful"][0]["why"] == next(each for each in facts["languages"] if each["tag"] == "eng_Latn")["doubts"]


def test_labels_by_language(tmp_path):
    path = tmp_path / "00000.parquet"
    pq.write_table(
        pa.table({"id": ["1", "2", "3"], "language": ["tha_Thai", "tha_Thai", None], "confidence": [0.2, 0.8, 0.1]}), path
    )
    assert labels_by_language([path]) == {
        "tha_Thai": {"documents": 2, "confidence": 0.5, "unsure": 0.5, "second": "", "second_share": 0.0, "mixed": 0.0}
    }
    pq.write_table(pa.table({"id": ["1"]}), path)
    assert labels_by_language([path]) == {}


def test_flags_of_the_check_of_corpora_are_told():
    rows = {
        "hsb_Latn": {"language": "hsb_Latn", "flags": ["same_language"], "nearest": "ces_Latn"},
        "kur_Arab": {"language": "kur_Arab", "flags": ["script"], "nearest": None, "script": "Latn", "script_share": 0.1},
        "deu_Latn": {"language": "deu_Latn", "flags": []},
    }
    said = suspicions({}, rows)
    assert [each["tag"] for each in said] == ["hsb_Latn", "kur_Arab"]
    assert said[0]["why"] == ["reads like another language (ces_Latn)"]
    assert said[1]["why"] == ["most letters are not of its script (10%; most are Latn)"]


def test_what_means_harm_stays_text(tmp_path):
    facts, cost = audit_run(hostile_run(tmp_path))
    page = draw_audit(facts, cost)
    assert "<script" not in page
    assert "<img" not in page
    assert not re.search(r"<[^>]*onmouseover", page)
    assert "\u202e" not in page
    assert "\x00" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "{{7*7}}" in page
    assert len(page) < 200_000
    assert 'dir="auto"' in page


def test_every_text_has_its_language_and_direction(tmp_path):
    facts, _ = audit_run(make_run(tmp_path, LANGUAGES))
    page = draw_audit(facts)
    for tag in ("arb_Arab", "nqo_Nkoo", "tha_Thai"):
        said = describe(tag)
        assert f'<div class="text" lang="{said["lang"]}" dir="{said["direction"]}">' in page
    # what was dropped may be of any language
    assert '<div class="text" lang="und" dir="auto">' in page


def test_sections_are_open_for_few_languages_and_closed_for_many(tmp_path):
    few, _ = audit_run(make_run(tmp_path / "a", LANGUAGES[:2]))
    many, _ = audit_run(make_run(tmp_path / "b", LANGUAGES))
    assert draw_audit(few).count('<details class="lang" open>') == 2
    assert draw_audit(many).count('<details class="lang" open>') == 0
    assert draw_audit(many).count('<details class="lang">') == len(LANGUAGES)


def test_four_hundred_languages_are_a_page_of_a_few_megabytes(tmp_path):
    from panglot.languages import tables

    tags = [f"{code}_{tables.default_script(code)}" for code in sorted(tables.rows())[:400]]
    facts, cost = audit_run(make_run(tmp_path, tags, documents=9))
    page = draw_audit(facts, cost)
    assert page.count('<details class="lang">') == 400
    assert len(page.encode()) < 6_000_000


def test_the_component_writes_page_facts_and_card(tmp_path):
    run = make_run(tmp_path, LANGUAGES)
    with step_folder(run / "steps" / "audit", component="report.corpus_audit") as step:
        corpus_audit(of=Documents(run / "steps" / "filtered"), title="<Audit>", step=step)
    page = Page.open(run / "steps" / "audit")
    assert page.facts["kind"] == "corpus"
    assert "&lt;Audit&gt;" in page.html.read_text()
    assert page.card.read_text().startswith("# &lt;Audit&gt;")
    # labels are no part of what led to the documents: the page of a step is about its own lineage
    assert page.facts["has"]["signals"]
    assert not page.facts["has"]["identification"]


def test_the_same_run_gives_the_same_page(tmp_path):
    run = make_run(tmp_path, LANGUAGES)
    one, other = (draw_audit(audit_run(run)[0]) for _ in range(2))
    assert one == other


def test_test_data_and_plans_have_their_place(tmp_path):
    run = make_run(tmp_path, LANGUAGES)
    with step_folder(run / "steps" / "clean", component="corpus.decontaminate", inputs={"$filtered": "0"}) as step:
        rows = [row("tha_Thai", "ก")]
        write(step.out, rows)
        step.figures["documents"] = {**account(rows, []), "cut": 3}
        step.figures["tasks"] = {"xnli": {"items": 10, "too_short": 2, "leaked": 1, "documents": 4}}
    with step_folder(run / "steps" / "plan", component="corpus.balance", inputs={"$clean": "0"}) as step:
        step.figures["languages"] = {"tha_Thai": {"share": 0.5, "epochs": 6.25}}
    facts, _ = audit_run(run)
    assert facts["decontaminated"] == [{"task": "xnli", "items": 10, "too_short": 2, "leaked": 1, "documents": 4}]
    assert facts["flow"][-1]["changed"] == 3
    page = draw_audit(facts)
    assert "6.25" in page
    assert "Epochs planned" in page
    assert 'id="tests"' in page


def test_folders_that_are_no_run(tmp_path):
    with pytest.raises(InputError, match="no step of this run is finished"):
        audit_run(tmp_path)
    with step_folder(tmp_path / "steps" / "plan", component="corpus.balance"):
        pass
    with pytest.raises(InputError, match="no step of this run wrote documents"):
        audit_run(tmp_path)


def test_percentages():
    assert [percent(each) for each in (0.5, 0.00999, 0.99999, 0.0001)] == ["50.0 %", "1.00 %", "100 %", "0.01 %"]


def test_a_table_of_known_shares(tmp_path):
    """As Llama 2 tells its languages (Touvron et al. 2023), those of unknown language included."""
    known = {"eng_Latn": 8970, "und": 838, "deu_Latn": 17, "tha_Thai": 175}
    thai = "ก" * 35 + "x" * 70
    rows = [row(tag, thai if tag == "tha_Thai" else "x" * size) for tag, size in known.items()]
    with step_folder(tmp_path / "run" / "steps" / "read", component="corpus.read_text") as step:
        write(step.out, rows)
    facts, _ = audit_run(tmp_path / "run")
    assert {each["tag"]: each["share"] for each in facts["languages"]} == {tag: size / 10_000 for tag, size in known.items()}
    page = draw_audit(facts)
    assert all(f">{shown}</td>" in page for shown in ("89.7 %", "8.4 %", "1.8 %", "0.17 %"))
    assert "unknown language" in page


def test_other_text_of_the_run_is_not_taken_for_the_corpus(tmp_path):
    run = make_run(tmp_path, LANGUAGES)
    before, _ = audit_run(run)
    # text that was read for something else, under names that sort first and last
    for name in ("a_reference", "z_reference"):
        with step_folder(run / "steps" / name, component="corpus.read_text") as step:
            write(step.out, [row("zho_Hans", "参考")])
    after, _ = audit_run(run)
    assert (after["first"], after["last"]) == ("read", "filtered")
    assert after["total"] == before["total"]
    assert after["flow"] == before["flow"]


def test_documents_that_are_surely_of_another_language_than_declared(tmp_path):
    declared = ["hsb_Latn"] * 30 + ["und"] * 5
    write(tmp_path / "d", [row(tag, str(number)) for number, tag in enumerate(declared)])
    found = ["ces_Latn"] * 2 + ["dsb_Latn"] * 4 + ["hsb_Latn"] * 20 + ["ces_Latn"] * 3 + ["und"] + ["deu_Latn"] * 5
    # three are called Czech without certainty
    sure = [0.9] * 26 + [0.3] * 3 + [0.9] * 6
    pq.write_table(pa.table({"id": declared, "language": found, "confidence": sure}), tmp_path / "l.parquet")
    said = declared_otherwise(Documents(tmp_path / "d").shards, [tmp_path / "l.parquet"])
    assert said == {"hsb_Latn": {"documents": 30, "share": 0.2, "as": "dsb_Latn"}}
    assert [each["tag"] for each in suspicions({}, {}, said)] == ["hsb_Latn"]
    assert (
        "20% of 30 documents that were read under this name were identified as another language, mostly dsb_Latn"
        in suspicions({}, {}, said)[0]["why"][0]
    )
    assert declared_otherwise([], [tmp_path / "l.parquet"]) == {}
