"""Every format gives the same pairs; unspaced, right-to-left, marked and four-byte texts first."""

import gzip
import json

import polib
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from panglot.corpus.read_pairs import read_pairs
from panglot.languages import Language

KHMER = Language.parse("khm")
ENGLISH = Language.parse("eng")
PAIRS = [
    ("តើអ្នកសុខសប្បាយទេ? 😀", "How are you? 😀"),
    ("អត្ថបទ “មាន​សម្រង់” នៅទីនេះ", 'Text "with quotes" is here'),
    ("<script>alert(1)</script> ទំព័រ", "<script>alert(1)</script> page"),
]


def tsv(path, header=""):
    path.write_text(header + "".join(f"{a}\t{b}\n" for a, b in PAIRS), encoding="utf-8")


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")


def write_tsv(path):
    tsv(path, "khm\teng\n")


def write_csv(path):
    import csv

    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["source", "target"])
        writer.writerows(PAIRS)


def write_jsonl(path):
    path.write_text("".join(json.dumps({"translation": {"km": a, "en": b}}) + "\n" for a, b in PAIRS), encoding="utf-8")


def write_parquet(path):
    pq.write_table(
        pa.table({"id": ["1", "2", "3"], "khm_Khmr": [a for a, _ in PAIRS], "eng_Latn": [b for _, b in PAIRS]}), path
    )


def write_tmx(path):
    units = "".join(
        f'<tu><tuv xml:lang="en-US"><seg>{escaped(b)}</seg></tuv><tuv xml:lang="km"><seg>{escaped(a)}</seg></tuv></tu>'
        for a, b in PAIRS
    )
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE tmx SYSTEM "tmx14.dtd">'
        f'<tmx version="1.4"><header/><body>{units}</body></tmx>',
        encoding="utf-8",
    )


def write_xliff(path):
    units = "".join(
        f'<trans-unit id="{i}"><source>{escaped(b)}</source><target>{escaped(a)}</target>'
        f"<alt-trans><source>no</source><target>ទេ</target></alt-trans></trans-unit>"
        for i, (a, b) in enumerate(PAIRS)
    )
    path.write_text(
        f'<xliff version="1.2"><file source-language="en" target-language="km"><body>{units}</body></file></xliff>',
        encoding="utf-8",
    )


def write_xliff2(path):
    units = "".join(
        f'<unit id="{i}"><segment><source>{escaped(a)}</source><target>{escaped(b)}</target></segment></unit>'
        for i, (a, b) in enumerate(PAIRS)
    )
    path.write_text(
        '<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.0" srcLang="km" trgLang="en">'
        f'<file id="f">{units}</file></xliff>',
        encoding="utf-8",
    )


def catalogue():
    made = polib.POFile()
    made.metadata = {"Content-Type": "text/plain; charset=UTF-8", "Language": "km"}
    made.extend(polib.POEntry(msgid=b, msgstr=a) for a, b in PAIRS)
    return made


WRITERS = {
    "a.tsv": write_tsv,
    "a.csv": write_csv,
    "a.jsonl": write_jsonl,
    "a.parquet": write_parquet,
    "a.tmx": write_tmx,
    "a.xlf": write_xliff,
    "b.xliff": write_xliff2,
    "a.po": lambda path: catalogue().save(str(path)),
    "a.mo": lambda path: catalogue().save_as_mofile(str(path)),
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_pairs(run, tmp_path, name, packed):
    path = tmp_path / name
    WRITERS[name](path)
    if packed:
        if name.endswith("parquet"):
            pytest.skip("Parquet packs by itself")
        path.with_name(f"{name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path = path.with_name(f"{name}.gz")
    ran = run(read_pairs, files=[str(path)], language=KHMER, pivot=ENGLISH)
    assert sorted(ran.texts) == sorted(PAIRS)
    assert {row["source_language"] for row in ran.artifact.rows()} == {"khm_Khmr"}
    assert {row["origin"] for row in ran.artifact.rows()} == {path.name}
    assert not ran.quarantine


def test_aligned_files_by_suffix_in_either_order(run, tmp_path):
    (tmp_path / "a.km").write_text("".join(f"{a}\n" for a, _ in PAIRS), encoding="utf-8")
    (tmp_path / "a.en").write_text("".join(f"{b}\n" for _, b in PAIRS), encoding="utf-8")
    for said in (f"{tmp_path}/a.km,{tmp_path}/a.en", f"{tmp_path}/a.en,{tmp_path}/a.km"):
        assert run(read_pairs, files=[said], language=KHMER, pivot=ENGLISH).texts == PAIRS


def test_folder_takes_all_formats_and_aligned_pairs_in_a_fixed_order(run, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, write in WRITERS.items():
        write(folder / name)
    (folder / "c.khm").write_text("ភាសា\n", encoding="utf-8")
    (folder / "c.eng").write_text("language\n", encoding="utf-8")
    (folder / "de.po").write_text('msgid "page"\nmsgstr "Seite"\n')
    (folder / "notes.md").write_text("nothing")
    ran = run(read_pairs, files=[str(folder)], language=KHMER, pivot=ENGLISH)
    assert len(ran.artifact) == len(WRITERS) * 3 + 1
    assert list(ran.step.figures["files"]) == sorted([*WRITERS, "c.khm"])
    again = run(read_pairs, files=[str(folder)], language=KHMER, pivot=ENGLISH)
    assert again.artifact.path.read_bytes() == ran.artifact.path.read_bytes()


def test_headerless_first_column_is_the_language(run, tmp_path):
    tsv(tmp_path / "a.tsv")
    ran = run(read_pairs, files=[str(tmp_path / "a.tsv")], language=KHMER, pivot=ENGLISH)
    assert ran.texts == PAIRS
    assert not ran.step.notes


def test_headerless_swapped_columns_are_noted(run, tmp_path):
    (tmp_path / "a.tsv").write_text("".join(f"{b}\t{a}\n" for a, b in PAIRS[:2]), encoding="utf-8")
    ran = run(read_pairs, files=[str(tmp_path / "a.tsv")], language=KHMER, pivot=ENGLISH)
    assert "seem to be swapped" in ran.step.notes[0]


@pytest.mark.parametrize(
    ("header", "swapped"),
    [
        ("source\ttarget", False),
        ("eng\tkhm", True),
        ("Khmer\tEnglish", False),
        ("en\tkm", True),
        ("tgt\tsrc", True),
        ("sentence_khm_Khmr\tsentence_eng_Latn", False),
        ("xyz\teng", False),
    ],
)
def test_headers(run, tmp_path, header, swapped):
    rows = [(b, a) if swapped else (a, b) for a, b in PAIRS]
    (tmp_path / "a.tsv").write_text(header + "\n" + "".join(f"{a}\t{b}\n" for a, b in rows), encoding="utf-8")
    assert run(read_pairs, files=[str(tmp_path / "a.tsv")], language=KHMER, pivot=ENGLISH).texts == PAIRS


def test_a_column_id_is_no_indonesian(run, tmp_path):
    (tmp_path / "a.tsv").write_text("id\tsource_text\ttarget_text\n1\tSelamat pagi\tGood morning\n")
    ran = run(read_pairs, files=[str(tmp_path / "a.tsv")], language=Language.parse("ind"), pivot=ENGLISH)
    assert ran.texts == [("Selamat pagi", "Good morning")]


def test_quotation_marks_are_ordinary_in_tsv(run, tmp_path):
    (tmp_path / "a.tsv").write_text('hsb\teng\n"Haj\t"Hi\nTo"\tThis"\n')
    ran = run(read_pairs, files=[str(tmp_path / "a.tsv")], language=Language.parse("hsb"), pivot=ENGLISH)
    assert ran.texts == [('"Haj', '"Hi'), ('To"', 'This"')]


def test_only_line_feeds_end_a_line(run, tmp_path):
    (tmp_path / "a.tsv").write_text("hsb\teng\r\njedyn\u2028dwaj\tone\u2028two\r\n", newline="")
    ran = run(read_pairs, files=[str(tmp_path / "a.tsv")], language=Language.parse("hsb"), pivot=ENGLISH)
    assert ran.texts == [("jedyn\u2028dwaj", "one\u2028two")]


def test_byte_order_mark_before_the_header(run, tmp_path):
    (tmp_path / "a.tsv").write_text("\ufeffhsb\teng\nhaj\thi\n", encoding="utf-8")
    ran = run(read_pairs, files=[str(tmp_path / "a.tsv")], language=Language.parse("hsb"), pivot=ENGLISH)
    assert ran.texts == [("haj", "hi")]


def test_our_own_table_is_read_back_with_scores(run, table):
    made = table(("ދިވެހި", "Dhivehi", "div_Thaa"), ("ខ្មែរ", "Khmer", "khm_Khmr"))
    ran = run(read_pairs, files=[str(made.path)], language=KHMER, pivot=ENGLISH)
    assert ran.texts == [("ខ្មែរ", "Khmer")]
    assert ran.step.quarantined == {"other languages": 1}


def test_tmx_inline_codes_are_left_out_and_highlights_stay(run, tmp_path):
    (tmp_path / "a.tmx").write_text(
        '<tmx><body><tu><tuv lang="hsb"><seg>To <bpt i="1">&lt;b></bpt>je<ept i="1">&lt;/b></ept> <hi>dobre</hi></seg></tuv>'
        '<tuv lang="en"><seg>This is good</seg></tuv></tu></body></tmx>'
    )
    ran = run(read_pairs, files=[str(tmp_path / "a.tmx")], language=Language.parse("hsb"), pivot=ENGLISH)
    assert ran.texts == [("To je dobre", "This is good")]


def test_tmx_in_utf_16(run, tmp_path):
    write_tmx(tmp_path / "a.tmx")
    text = (tmp_path / "a.tmx").read_text(encoding="utf-8").replace("UTF-8", "UTF-16")
    (tmp_path / "a.tmx").write_bytes(text.encode("utf-16"))
    assert run(read_pairs, files=[str(tmp_path / "a.tmx")], language=KHMER, pivot=ENGLISH).texts == PAIRS


def test_unfinished_xliff_units_are_left_out(run, tmp_path):
    (tmp_path / "a.xlf").write_text(
        '<xliff version="1.2"><file source-language="en" target-language="hsb"><body>'
        '<trans-unit><source>one</source><target state="needs-translation">one?</target></trans-unit>'
        '<trans-unit translate="no"><source>two</source><target>two!</target></trans-unit>'
        "<trans-unit><source>three</source></trans-unit>"
        '<trans-unit><source>four <ph id="1">%d</ph><g id="2">cats</g></source>'
        '<target>štyri <g id="2">kóčki</g></target></trans-unit>'
        "</body></file></xliff>"
    )
    ran = run(read_pairs, files=[str(tmp_path / "a.xlf")], language=Language.parse("hsb"), pivot=ENGLISH)
    assert ran.texts == [("štyri kóčki", "four cats")]


def test_fuzzy_obsolete_and_plural_entries(run, tmp_path):
    (tmp_path / "a.po").write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
        '"Plural-Forms: nplurals=4; plural=(n%100==1 ? 0 : n%100==2 ? 1 : n%100==3 || n%100==4 ? 2 : 3);\\n"\n\n'
        '#, fuzzy\nmsgid "maybe"\nmsgstr "snano"\n\n'
        'msgctxt "menu"\nmsgid "open"\nmsgstr "wočinić"\n\n'
        'msgid "%d day"\nmsgid_plural "%d days"\nmsgstr[0] "%d dźeń"\nmsgstr[1] "%d dnjej"\nmsgstr[2] "%d dny"\n'
        'msgstr[3] "%d dnjow"\n\n'
        '#~ msgid "old"\n#~ msgstr "stary"\n',
        encoding="utf-8",
    )
    ran = run(read_pairs, files=[str(tmp_path / "a.po")], language=Language.parse("hsb"), pivot=ENGLISH)
    assert ran.texts == [("wočinić", "open"), ("%d dźeń", "%d day"), ("%d dnjow", "%d days")]


def test_hub_is_read_only_when_named_and_streamed(run, monkeypatch):
    import datasets

    asked = []

    def load(name, config, **options):
        asked.append((name, config, options))
        return iter([{"translation": {"km": a, "en": b}} for a, b in PAIRS])

    monkeypatch.setattr(datasets, "load_dataset", load)
    ran = run(read_pairs, files=["hub:owner/set:en-km:validation"], language=KHMER, pivot=ENGLISH)
    assert ran.texts == PAIRS
    assert asked == [("owner/set", "en-km", {"split": "validation", "streaming": True})]


XML_TEXT = st.text(
    st.characters(min_codepoint=0x20, exclude_categories=("Cs", "Cn"), exclude_characters="\ufffe\uffff\x7f"),
    min_size=1,
    max_size=40,
).filter(lambda text: text.strip() and not any(0x7F <= ord(each) <= 0x9F for each in text))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(XML_TEXT, XML_TEXT), min_size=1, max_size=6))
def test_any_text_comes_through_every_format_unchanged(run, tmp_path, pairs):
    tab = "".join(f"{a}\t{b}\n" for a, b in pairs)
    files = {
        "p.tsv": "hsb\teng\n" + tab,
        "p.jsonl": "".join(json.dumps({"src": a, "tgt": b}, ensure_ascii=True) + "\n" for a, b in pairs),
        "p.tmx": "<tmx><body>"
        + "".join(
            f'<tu><tuv xml:lang="hsb"><seg>{escaped(a)}</seg></tuv><tuv xml:lang="en"><seg>{escaped(b)}</seg></tuv></tu>'
            for a, b in pairs
        )
        + "</body></tmx>",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8", newline="")
        assert run(read_pairs, files=[str(tmp_path / name)], language=Language.parse("hsb"), pivot=ENGLISH).texts == pairs
