"""Test data in documents: found in every script, not where it is not, and taken out with an account of it."""

import gzip
import json
import unicodedata

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from panglot.artifacts import InputError, Step
from panglot.corpus.decontamination.decontaminate import decontaminate
from panglot.corpus.decontamination.index import TEMPLATE, Finder, Index
from panglot.corpus.decontamination.items import Item, items_of, items_of_file
from panglot.corpus.decontamination.units import DENSE, LONG, SPACED, Units, grams, kind_of
from panglot.corpus.documents import DOCUMENTS_FILE, SHARDS_FOLDER, Documents, DocumentWriter

THAI = "ชาวนาปลูกข้าวในฤดูฝนและเก็บเกี่ยวเมื่อน้ำลดลงก่อนจะนำผลผลิตไปขายที่ตลาดในเมือง"
KHMER = "កសិករដាំស្រូវនៅរដូវវស្សាហើយច្រូតកាត់នៅពេលទឹកស្រកមុនពេលយកផលទៅលក់នៅផ្សារក្នុងទីក្រុង"
CHINESE = "农民在雨季种植水稻，等到洪水退去以后才收割，然后把收成运到城里的市场出售。"
JAPANESE = "農家は雨季に稲を植え、水が引いてから刈り取り、その後町の市場へ運んで売る。"
HINDI = "किसान बरसात के मौसम में धान बोते हैं और पानी उतरने के बाद काटकर शहर की मंडी में बेचने ले जाते हैं"
ARABIC = "يزرع الفلاحون الأرز في موسم الأمطار ثم يحصدونه بعد انحسار الماء وينقلون المحصول إلى سوق المدينة لبيعه"
YORUBA = "Àwọn àgbẹ̀ máa ń gbin ìrẹsì ní ìgbà òjò wọ́n sì máa ń kórè rẹ̀ nígbà tí omi bá ti lọ kí wọ́n tó tà á"
TIBETAN = "ཞིང་པ་ཚོས་ཆར་དུས་སུ་འབྲས་འདེབས་ཤིང་ཆུ་ཟད་རྗེས་བརྔས་ཏེ་གྲོང་ཁྱེར་གྱི་ཁྲོམ་དུ་བཙོང་"
NKO = "ߛߣߍߞߍߟߊ ߟߎ߫ ߦߋ߫ ߡߊߟߏ ߟߊߞߊ߬ ߟߊ߫ ߛߊ߲ߖߌ ߕߎߡߊ ߟߊ߫ ߞߵߊ߬ ߞߊ߲߬ ߞߊ߬ ߥߊ߫ ߊ߬ ߝߎ߬ߙߊ߲߬ ߕߟߏ"
ENGLISH = "Farmers plant rice in the rainy season, cut it once the water has gone, and sell it on the market in town."
ITEMS = {
    "tha": THAI, "khm": KHMER, "zho": CHINESE, "jpn": JAPANESE, "hin": HINDI, "arb": ARABIC, "yor": YORUBA, "bod": TIBETAN,
    "nqo": NKO, "eng": ENGLISH,
}  # fmt: skip
AROUND = {
    "tha": "วันนี้อากาศดีมาก", "khm": "ថ្ងៃនេះអាកាសធាតុល្អណាស់", "zho": "今天天气非常好", "jpn": "今日はとてもいい天気です",
    "hin": "आज मौसम बहुत अच्छा है", "arb": "الطقس جميل جدا اليوم", "yor": "Ojú ọjọ́ dára gan-an lónìí",
    "bod": "དེ་རིང་གནམ་གཤིས་ཡག་པོ་འདུག",
    "nqo": "ߓߌ߬ ߕߟߋ ߞߊ߬ߣߌ߲߬", "eng": "The weather is very fine today",
}  # fmt: skip


def index_of(*texts, words=13, shortest=8, task="t"):
    return Index.of([Item(task, f"{number}", text) for number, text in enumerate(texts)], words=words, shortest=shortest)


def found(index, *texts, least_share=0.0):
    leaks = Finder(index).find(Units.of(texts), least_share)
    return sorted(zip(leaks.text.tolist(), leaks.item.tolist(), strict=True))


@pytest.mark.parametrize("code", ITEMS)
def test_an_item_is_found_in_the_middle_of_a_document_and_without_it_nothing_is(code):
    index, around = index_of(ITEMS[code]), AROUND[code]
    glue = "" if code in ("tha", "khm", "zho", "jpn") else " "
    assert found(index, f"{around}{glue}{ITEMS[code]}{glue}{around}") == [(0, 0)]
    assert found(index, around, glue.join([around] * 30)) == []
    assert found(index, *(text for other, text in ITEMS.items() if other != code)) == []


@pytest.mark.parametrize("code", ITEMS)
def test_case_width_composition_and_punctuation_do_not_hide_an_item(code):
    text = ITEMS[code]
    written = unicodedata.normalize("NFD", text.upper().replace(",", " –").replace("，", "、").replace("、", " "))
    assert found(index_of(text), f"{AROUND[code]} {written} {AROUND[code]}") == [(0, 0)]
    assert found(index_of(written), f"{AROUND[code]} {text} {AROUND[code]}") == [(0, 0)]


def test_full_width_letters_are_letters():
    wide = "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in ENGLISH)
    assert found(index_of(ENGLISH), wide) == [(0, 0)]


def test_marks_make_words_different():
    # without its marks the Thai sentence, and with other tones the Yoruba one, is another text
    bare = "".join(each for each in THAI if not unicodedata.combining(each) and unicodedata.category(each) != "Mn")
    assert found(index_of(THAI), bare) == []
    toneless = "".join(each for each in unicodedata.normalize("NFD", YORUBA) if unicodedata.category(each) != "Mn")
    assert found(index_of(YORUBA), toneless) == []


def test_kinds_of_units():
    assert [kind_of(Units.of([ITEMS[code]]).kinds) for code in ("eng", "zho", "jpn", "tha", "khm", "bod", "nqo")] == [
        SPACED, DENSE, DENSE, LONG, LONG, SPACED, SPACED,
    ]  # fmt: skip
    # Latin letters in Chinese text are a word
    assert np.diff(Units.of(["用GPU训练"]).bounds).tolist() == [4]


TEXTS = st.lists(st.sampled_from(["a", "b", "c", "é", "ก", "中", "ދި", "’"]), max_size=40).map(" ".join)


@settings(max_examples=150)
@given(st.lists(TEXTS, min_size=1, max_size=4), st.lists(TEXTS, min_size=1, max_size=4), st.integers(2, 6))
@example(items=["a ก ก"], texts=["a", "ก ก"], n=2)
def test_runs_agree_with_comparing_lists(items, texts, n):
    """An oracle: n-grams as lists of units, compared one with another."""
    index = Index.of([Item("t", str(number), text) for number, text in enumerate(items)], words=n, shortest=n)
    said = {(text, item) for text, item in found(index, *texts)}

    def units(text):
        whole = Units.of([text])
        folded = unicodedata.normalize("NFC", text)
        return [folded[a:b] for a, b in zip(whole.starts.tolist(), whole.ends.tolist(), strict=True)], whole.kinds

    numbers = {}
    expected = set()
    seen = set()
    for item in items:
        parts, kinds = units(item)
        if not parts:
            continue
        size = index.lengths[kind_of(kinds)]
        if len(parts) < size or tuple(parts) in seen:
            continue
        seen.add(tuple(parts))
        numbers[len(numbers)] = (parts, size)
    for at, text in enumerate(texts):
        parts, _ = units(text)
        for number, (wanted, size) in numbers.items():
            runs = {tuple(wanted[start : start + size]) for start in range(len(wanted) - size + 1)}
            if any(tuple(parts[start : start + size]) in runs for start in range(len(parts) - size + 1)):
                expected.add((at, number))
    assert said == expected


@given(st.lists(st.text("ab กิ中", max_size=12), max_size=6))
def test_units_do_not_depend_on_the_batch(texts):
    whole = Units.of(texts)
    for number, text in enumerate(texts):
        alone = Units.of([text])
        low, high = whole.bounds[number], whole.bounds[number + 1]
        assert whole.hashes[low:high].tolist() == alone.hashes.tolist()
        offset = whole.points.bounds[number]
        assert (whole.starts[low:high] - offset).tolist() == alone.starts.tolist()
        if high - low >= 2:
            ours = grams(whole.sums(), np.arange(low, high - 1), 2)
            assert ours.tolist() == grams(alone.sums(), np.arange(high - low - 1), 2).tolist()


def test_a_run_never_goes_from_one_document_into_the_next():
    words = ENGLISH.split()
    assert found(index_of(ENGLISH), " ".join(words[:10]), " ".join(words[10:])) == []


# Short items


def test_a_short_item_must_stand_alone():
    short = "Which river flows through the old town of Bautzen?"
    index = index_of(short)
    assert found(index, f"Question 7: {short} Answer: the Spree") == [(0, 0)]
    assert found(index, f"first line\n{short.rstrip('?')}\nlast line") == [(0, 0)]
    assert found(index, short) == [(0, 0)]
    assert found(index, "he asked which river flows through the old town of Bautzen today") == []
    assert found(index, f"Tell me: {short.rstrip('?')} and of Kamenz?") == []


@pytest.mark.parametrize(
    ("text", "longer"), [("农民什么时候收割他们种的水稻呢", "邻居"), ("ชาวนาเก็บเกี่ยวข้าวที่ปลูกไว้เมื่อไหร่กันแน่", "เพื่อน")]
)
def test_a_short_item_without_spaces_is_no_part_of_a_longer_stretch(text, longer):
    index = index_of(text)
    assert found(index, f"问：{text}？答") == [(0, 0)]
    assert found(index, f"{longer}{text}{longer}") == []


def test_what_is_too_short_is_counted_and_labels_are_not():
    index = index_of("entailment", "yes", "The cat sat on the mat.", "猫坐在垫子上", "中", ENGLISH)
    assert index.passed_over == {"t": 2}
    assert found(index, "The cat sat on the mat. 猫坐在垫子上") == []


def test_templates_are_not_looked_for():
    opening = "What is the correct answer to the following question about the history of the town, given that"
    items = [f"{opening} {name} was its mayor?" for name in "abcdefghijklmnop"]
    assert len(items) > TEMPLATE
    index = index_of(*items)
    assert index.templates > 0
    assert found(index, f"{opening} nothing is known?") == []
    assert found(index, f"xx {items[3]}") == [(0, 3)]


def test_the_share_of_an_item_that_must_be_there():
    words = [f"w{number}" for number in range(40)]
    index = index_of(" ".join(words))
    part = " ".join(words[:20])
    leaks = Finder(index).find(Units.of([part]))
    # 8 of 28 runs of 13 words
    assert leaks.share.tolist() == [pytest.approx(8 / 28)]
    assert found(index, part, least_share=0.5) == []
    # the same run twice is one run
    twice = Finder(index).find(Units.of([f"{part} x {part}"]))
    assert twice.share.tolist() == [pytest.approx(8 / 28)]


def test_equal_texts_are_one_item():
    assert len(index_of(ENGLISH, ENGLISH.upper(), THAI).tasks) == 2


# Reading evaluation sets


def texts_of(path, columns=()):
    return [(each.where, each.text) for each in items_of_file(str(path), columns, Step(path.parent))]


def test_every_text_of_every_format_is_an_item(tmp_path):
    (tmp_path / "a.tsv").write_text("premise\thypothesis\nกิน ข้าว\tx\n")
    assert ("a.tsv:2 premise", "กิน ข้าว") in texts_of(tmp_path / "a.tsv")
    assert texts_of(tmp_path / "a.tsv", ["hypothesis"]) == [("a.tsv:2 hypothesis", "x")]
    (tmp_path / "b.csv").write_text('question,choices\n"one, two",三\n')
    assert ("b.csv:2 question", "one, two") in texts_of(tmp_path / "b.csv")
    record = {"question": "q", "answers": {"text": ["a1", "a2"]}, "n": 3, "none": None}
    with gzip.open(tmp_path / "c.jsonl.gz", "wt") as stream:
        stream.write(json.dumps(record) + "\nbroken\n" + json.dumps("alone") + "\n")
    assert [text for _, text in texts_of(tmp_path / "c.jsonl.gz")] == ["q", "a1", "a2", "alone"]
    assert [text for _, text in texts_of(tmp_path / "c.jsonl.gz", ["answers"])] == ["a1", "a2", "alone"]
    pq.write_table(pa.table({"id": ["1"], "choices": [["x", "y"]]}), tmp_path / "d.parquet")
    assert [text for _, text in texts_of(tmp_path / "d.parquet")] == ["1", "x", "y"]
    (tmp_path / "e.txt").write_text("one\n\ntwo\n")
    assert texts_of(tmp_path / "e.txt") == [("e.txt:1", "one"), ("e.txt:3", "two")]
    (tmp_path / "f.html").write_text("<p>x</p>")
    with pytest.raises(InputError, match="html is not read as an evaluation set"):
        texts_of(tmp_path / "f.html")
    with pytest.raises(InputError, match="none of the columns"):
        texts_of(tmp_path / "a.tsv", ["text"])
    assert {each.task for each in items_of_file(str(tmp_path), (), Step(tmp_path))} == {tmp_path.name}


def test_a_damaged_file_in_a_folder_is_set_aside(tmp_path):
    place = tmp_path / "sets"
    place.mkdir()
    (place / "a.txt").write_text(ENGLISH + "\n")
    (place / "b.parquet").write_bytes(b"PAR1 no more")
    step = Step(tmp_path)
    assert len(list(items_of_file(str(place), (), step))) == 1
    assert step.quarantined.total() == 1


def test_pairs_and_documents_are_evaluation_sets_too(table, tmp_path):
    pairs = table(("Dobry dźeń", "Good day"))
    assert [each.text for each in items_of(pairs)] == ["Dobry dźeń", "Good day"]


# The component


def documents(folder, said, *, shards=1):
    size = -(-len(said) // shards)
    for at in range(shards):
        path = folder / DOCUMENTS_FILE if shards == 1 else folder / SHARDS_FOLDER / f"{at:05}.parquet"
        with DocumentWriter(path) as writer:
            for tag, text in said[at * size : (at + 1) * size]:
                writer.document(text, tag, source="web", url="https://e.org/1")
    return Documents(folder)


SAID = [
    ("eng_Latn", "A clean document about something else altogether."),
    ("tha_Thai", f"{AROUND['tha']}{THAI}"),
    ("eng_Latn", f"Before. {ENGLISH} After."),
    ("tha_Thai", AROUND["tha"]),
    ("zho_Hans", CHINESE),
    ("eng_Latn", ""),
]


@pytest.fixture
def sets(tmp_path):
    folder = tmp_path / "sets"
    folder.mkdir()
    (folder / "farming.tsv").write_text(f"id\ttext\n1\t{ENGLISH}\n2\t{THAI}\n3\tunseen {HINDI}\n")
    (folder / "chinese.jsonl").write_text(json.dumps({"question": CHINESE, "label": "yes"}) + "\n")
    return [str(folder / "farming.tsv"), str(folder / "chinese.jsonl")]


def test_documents_are_dropped_and_every_leak_is_told(run, sets, tmp_path):
    ran = run(decontaminate, of=documents(tmp_path / "d", SAID), files=sets)
    assert [row["text"] for row in ran.artifact.rows()] == [SAID[0][1], SAID[3][1], ""]
    dropped = pq.read_table(ran.artifact.dropped.path).to_pylist()
    assert [row["reason"] for row in dropped] == ["test data: farming", "test data: farming", "test data: chinese"]
    leaks = ran.artifact.leaks.to_pylist()
    assert [(each["task"], each["item"]) for each in leaks] == [
        ("farming", "farming.tsv:3 text"),
        ("farming", "farming.tsv:2 text"),
        ("chinese", "chinese.jsonl:1 question"),
    ]
    assert leaks[0]["text"] == THAI
    assert leaks[1]["text"] == ENGLISH.rstrip(".")
    assert leaks[1]["url"] == "https://e.org/1"
    figures = ran.step.figures
    assert figures["documents"] == {
        "in": 6, "kept": 3, "cut": 0, "quarantined": 0, "dropped": {"test data: chinese": 1, "test data: farming": 2},
    }  # fmt: skip
    assert figures["by_language"]["tha_Thai"] == {
        "in": 2, "kept": 1, "cut": 0, "quarantined": 0, "dropped": {"test data: farming": 1},
    }  # fmt: skip
    assert figures["tasks"]["farming"] == {"items": 3, "too_short": 0, "leaked": 2, "documents": 2}


def test_shards_change_nothing(run, sets, tmp_path):
    one = run(decontaminate, of=documents(tmp_path / "a", SAID), files=sets)
    three = run(decontaminate, of=documents(tmp_path / "b", SAID, shards=3), files=sets)
    assert [row["id"] for row in one.artifact.rows()] == [row["id"] for row in three.artifact.rows()]
    assert one.artifact.leaks.equals(three.artifact.leaks)
    assert one.step.figures == three.step.figures


def test_cutting_takes_the_passage_with_its_margin_and_keeps_the_rest(run, sets, tmp_path):
    before = "".join(f"Sentence {number} comes before. " for number in range(30))
    after = "".join(f"Sentence {number} comes after. " for number in range(30))
    said = [("eng_Latn", f"{before}{ENGLISH} {after}"), ("eng_Latn", f"short {ENGLISH}"), ("tha_Thai", "กข" * 300 + THAI)]
    ran = run(decontaminate, of=documents(tmp_path / "d", said), files=sets, action="cut")
    rows = list(ran.artifact.rows())
    assert len(rows) == 2
    assert "Farmers" not in rows[0]["text"]
    assert rows[0]["text"].startswith("Sentence 0 comes before.")
    assert rows[0]["text"].endswith("Sentence 29 comes after.")
    assert len(before) + len(after) - len(rows[0]["text"]) == pytest.approx(400, abs=20)
    assert rows[0]["id"] != document_id_of(said[0])
    assert rows[1]["text"] == "กข" * 200
    assert ran.step.figures["documents"]["cut"] == 2
    assert ran.step.figures["documents"]["dropped"] == {"test data: farming": 1}
    assert ran.artifact.leaks.num_rows == 3


def document_id_of(said):
    from panglot.corpus.documents import document_id

    return document_id(*said)


def test_a_cut_never_leaves_a_mark_without_its_letter():
    from panglot.corpus.decontamination.search import _tidy

    assert _tidy("ิ่น กิน ") == "น กิน"
    assert _tidy("\u0301") == ""


def test_what_is_refused(run, sets, tmp_path):
    of = documents(tmp_path / "d", SAID)
    with pytest.raises(InputError, match="no evaluation set is given"):
        run(decontaminate, of=of)
    (tmp_path / "labels.tsv").write_text("text\nyes of course\nno\n")
    with pytest.raises(InputError, match="no item is long enough to be looked for: 1 have fewer than 8 words"):
        run(decontaminate, of=of, files=[str(tmp_path / "labels.tsv")])
    with pytest.raises(InputError, match="unknown format"):
        (tmp_path / "x.bin").write_bytes(b"x")
        run(decontaminate, of=of, files=[str(tmp_path / "x.bin")])


def test_documents_with_anything_in_them(run, sets, tmp_path):
    strange = ["\x00", "\ufeff" * 3, "\u200d\u200c", "x" * 100_000, "ก" * 50_000, "\n" * 1000, "👩‍👩‍👧‍👦 " * 500, "’’'"]
    ran = run(decontaminate, of=documents(tmp_path / "d", [("und", each) for each in strange]), files=sets)
    assert ran.step.figures["documents"]["kept"] == len(strange)


def test_sets_of_the_shared_data_do_not_leak_into_one_another(shared, tmp_path):
    if not (shared / "sib200").is_dir():
        pytest.skip("there is no sib200")
    step = Step(tmp_path)
    picked = [
        name
        for name in ("tha_Thai", "hin_Deva", "zho_Hans", "arb_Arab", "khm_Khmr")
        if (shared / "sib200" / f"{name}.tsv.gz").is_file()
    ]
    items = [each for name in picked for each in items_of_file(str(shared / "sib200" / f"{name}.tsv.gz"), ["text"], step)]
    finder = Finder(Index.of(items, words=13, shortest=8))
    texts = [each.text for each in items_of_file(str(shared / "udhr" / "udhr.jsonl.gz"), ["text"], step)]
    assert len(finder.find(Units.of(texts)).text) == 0
    planted = [f"{text}\n{item.text}\n{text}" for text, item in zip(texts, items[::20], strict=False)]
    assert len(set(finder.find(Units.of(planted)).text.tolist())) == len(planted)


def test_the_same_bytes_for_any_number_of_workers(sets, tmp_path):
    from panglot.artifacts import Engine, step_folder

    of = documents(tmp_path / "d", SAID * 5, shards=4)
    digests = []
    for workers in (1, 3):
        with step_folder(tmp_path / f"s{workers}", engine=Engine("local", workers)) as step:
            decontaminate(of=of, files=sets, step=step)
        digests.append(Documents.open(tmp_path / f"s{workers}").digest)
    assert digests[0] == digests[1]
