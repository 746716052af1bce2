"""A model translates items, and is then asked in the translation."""

import json

import pytest
from asked_tasks import TEXTS, KnownEngine, write_nli

from panglot.artifacts import InputError, step_folder
from panglot.evaluation.asking import component, translate_items
from panglot.evaluation.asking.component import ask
from panglot.evaluation.asking.languages import outside
from panglot.evaluation.asking.settings import Asking
from panglot.evaluation.asking.translations import Translations
from panglot.evaluation.results import Results
from panglot.languages import Language

KNOWN = {text: english for tag in TEXTS for text, english in zip(TEXTS[tag], TEXTS["eng_Latn"], strict=True)}


def english(prompt):
    """What a good translator writes of the last line that is not empty behind a language's name."""
    line = prompt.context.strip().split("\n")[-2].partition(":")[2].strip()
    for text, translation in KNOWN.items():
        line = line.replace(text, translation)
    return f" {line}\nThai: "


@pytest.fixture
def translate(tmp_path, monkeypatch):
    task = write_nli(tmp_path / "data", n=3)

    def made(engine, name="t", **given):
        monkeypatch.setattr(translate_items, "engine_of", lambda *_: engine)
        given.setdefault("task", str(task))
        with step_folder(tmp_path / "steps" / name, key="k", seed=17) as step:
            translate_items.translate_items(data=str(tmp_path / "data"), step=step, **given)
        found = Translations.open(tmp_path / "steps" / name)
        lines = [json.loads(each) for each in found.path.read_text(encoding="utf-8").splitlines()]
        manifest = json.loads((tmp_path / "steps" / name / "manifest.json").read_text())
        return found, lines, manifest

    return made


def test_every_text_that_is_shown_is_translated_once_and_the_pivot_is_left_alone(translate):
    engine = KnownEngine(english)
    _, lines, manifest = translate(engine)
    assert {each["language"] for each in lines} == {"tha_Thai", "arb_Arab", "amh_Ethi"} and len(lines) == 9
    for each in lines:
        number = each["id"].removeprefix("i")
        assert each["fields"] == {"premise": f"It rains. {number}", "hypothesis": "It is dry."}
    # three premises and one hypothesis that they share
    assert len(engine.asked) == 12
    assert manifest["figures"]["translated"]["tha_Thai"] == {"texts": 4, "nothing_written": 0, "as_it_was": 0}


def test_a_prompt_names_both_languages_and_shows_pairs_first(translate, tmp_path):
    (tmp_path / "data" / "pairs").mkdir()
    for tag, text in (("tha_Thai", "แมว {}"), ("eng_Latn", "cat {}")):
        rows = "".join(f"{number}\ttrain\t{text.format(number)}\n" for number in range(5))
        (tmp_path / "data" / "pairs" / f"{tag}.tsv").write_text("id\tsplit\ttext\n" + rows, encoding="utf-8")
    pairs = tmp_path / "data" / "pairs.yaml"
    pairs.write_text(
        "name: pairs\ntitle: Pairs\nkind: pairs\nlanguages: [tha_Thai]\npivots: [eng_Latn]\nmetrics: [recall@1]\n"
        "splits: [train]\ntranslated: human\nlicence: CC0 1.0\nsource: mine\ncitation: none\nfiles:\n  layout: joined\n"
        "  path: pairs/{code}.tsv\n  key: id\n  text: text\n  only: {split: '{split}'}\n",
        encoding="utf-8",
    )
    engine = KnownEngine(english)
    how = translate_items.Translating(examples=str(pairs), shots=2)
    translate(engine, languages="tha", how=how)
    context = engine.asked[0].context
    assert context.count("แมว") == 2 and context.count("English: cat") == 2
    assert context.endswith("ไทย: ฝนตก 0\nEnglish:")
    with pytest.raises(InputError, match="no pairs of Standard Arabic and English"):
        translate(engine, name="u", languages="arb", how=how)


def test_lines_stay_lines_and_a_text_of_which_nothing_is_written_stays_and_is_counted(translate, tmp_path):
    rows = [{"id": "i0", "premise": "ฝนตก\n\nแดดออก", "hypothesis": "ฟ้า", "label": "neutral"}]
    (tmp_path / "data" / "mine" / "tha_Thai.test.jsonl").write_text(json.dumps(rows[0]) + "\n", encoding="utf-8")
    _, lines, manifest = translate(KnownEngine(lambda p: "" if "ฟ้า" in p.context else english(p)), languages="tha")
    assert lines[0]["fields"] == {"premise": "It rains.\n\nIt is dry.", "hypothesis": "ฟ้า"}
    assert manifest["figures"]["translated"]["tha_Thai"]["nothing_written"] == 1
    assert any("wrote nothing for 1 of 3 texts" in each for each in manifest["notes"])


def test_an_interruption_asks_only_what_is_missing(translate):
    def stops(prompt):
        if len(first.asked) == 3:
            raise KeyboardInterrupt
        return english(prompt)

    first = KnownEngine(stops)
    with pytest.raises(KeyboardInterrupt):
        translate(first, languages="tha")
    second = KnownEngine(english)
    _, lines, _ = translate(second, languages="tha")
    assert len(second.asked) == 2 and len(lines) == 3


def test_the_same_items_are_translated_as_are_asked_and_the_signature_says_by_whom(translate, tmp_path, monkeypatch):
    found, lines, _ = translate(KnownEngine(english), languages="tha", limit=2)
    assert len(lines) == 2
    asked = KnownEngine(lambda prompt: 0)
    monkeypatch.setattr(component, "engine_of", lambda *_: asked)
    given = {"task": str(tmp_path / "data" / "mine.yaml"), "data": str(tmp_path / "data"), "languages": "tha"}
    how = Asking(condition="translate-test")
    with step_folder(tmp_path / "steps" / "a", key="k", seed=17) as step:
        ask(**given, how=how, translated=found, limit=2, step=step)
    assert all("It rains." in each.context and "ฝน" not in each.context for each in asked.asked)
    signature = Results.open(tmp_path / "steps" / "a").table().to_pylist()[0]["signature"]
    assert "|trans:" in signature and "trans:parallel" not in signature
    # a judge finds them beside the answers
    assert (tmp_path / "steps" / "a" / "translations.jsonl").read_bytes() == found.path.read_bytes()
    with (
        step_folder(tmp_path / "steps" / "b", key="k", seed=17) as step,
        pytest.raises(InputError, match="translations and translated are both given"),
    ):
        ask(**given, how=how, translated=found, translations="parallel", step=step)


def test_a_sentence_with_a_gap_and_a_task_that_is_not_asked_are_refused(translate, tmp_path):
    engine = KnownEngine(english)
    task = tmp_path / "data" / "gaps.yaml"
    text = (tmp_path / "data" / "mine.yaml").read_text(encoding="utf-8").replace("name: mine", "name: gaps")
    task.write_text(text.replace("{premise: premise,", "{sentence: premise, premise: premise,"), encoding="utf-8")
    rows = [{"id": "i0", "premise": "ฝน _ ตก", "hypothesis": "ฟ้า", "label": "neutral"}]
    (tmp_path / "data" / "mine" / "tha_Thai.test.jsonl").write_text(json.dumps(rows[0]) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="a gap in a sentence, which a translation would not keep"):
        translate(engine, name="g", task=str(task), languages="tha")
    with pytest.raises(InputError, match="not asked in words"):
        translate(engine, task="masakhaner", into=Language("eng_Latn"))
    assert not engine.asked


def test_a_persons_words_and_translations_are_read_from_outside(tmp_path):
    words = tmp_path / "words"
    words.mkdir()
    (words / "tha_Thai.yaml").write_text("words: {}\n")
    (tmp_path / "t.jsonl").write_text("{}\n")
    given = {"task": None, "words": str(words), "translations": str(tmp_path / "t.jsonl")}
    before = outside(**given)
    (words / "tha_Thai.yaml").write_text("words: {a: [b, written]}\n")
    assert outside(**given)["words"] != before["words"]
    (tmp_path / "t.jsonl").write_text("{}\n{}\n")
    assert outside(**given)["translations"] != before["translations"]
    assert outside(task=None, translations="parallel") == {}
