"""Reading text: formats, languages by name, and bad input of every kind."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.artifacts import InputError, outside_of
from panglot.artifacts.memory import peak_memory_bytes, reset_peak_memory
from panglot.corpus.read_text import language_in_name, read_text
from panglot.languages import Language

HSB = Language.parse("hsb")


def rows(ran):
    return [(row["language"], row["text"]) for row in ran.artifact.rows()]


def refused(run, *files, **parameters):
    with pytest.raises(InputError) as caught:
        run(read_text, files=[str(each) for each in files], **parameters)
    message = str(caught.value)
    assert "\n" not in message
    return message


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


SAID = ["दुनिया की", "ߞߊ߲ ߠߎ߬", "می\u200cروم", "ක්\u200dෂ", "e\u0301  x", "𞤀𞤣𞤤𞤢𞤥"]
LINES = "".join(f"{each}\n" for each in SAID)
JSONL = "".join(json.dumps({"id": str(n), "text": each}) + "\n" for n, each in enumerate(SAID))
TSV = "index_id\tsplit\tcategory\ttext\n" + "".join(f"{n}\ttrain\tx\t{each}\n" for n, each in enumerate(SAID))
CSV = "id,text\n" + "".join(f'{n},"{each}"\n' for n, each in enumerate(SAID))


def parquet():
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"id": range(len(SAID)), "text": SAID}), sink)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("hsb.txt", LINES),
        ("hsb.md", LINES),
        ("hsb.txt.gz", gzip.compress(LINES.encode())),
        ("hsb_Latn.jsonl", JSONL),
        ("hsb.train.jsonl.gz", gzip.compress(JSONL.encode())),
        ("hsb.tsv", TSV),
        ("hsb.csv", CSV),
        ("hsb.parquet", parquet()),
        ("hsb.leipzig.tsv", "".join(f"{n}\t{each}\n" for n, each in enumerate(SAID))),
        ("hsb.one.tsv", LINES),
        ("hsb.named.tsv", "eng\thsb\n" + "".join(f"x\t{each}\n" for each in SAID)),
        ("hsb.crlf.txt", LINES.replace("\n", "\r\n")),
        ("hsb.bom.txt", b"\xef\xbb\xbf" + LINES.encode()),
    ],
)
def test_every_format_gives_the_text_unchanged(run, tmp_path, name, content):
    ran = run(read_text, files=[str(write(tmp_path / name, content))])
    assert rows(ran) == [("hsb_Latn", each) for each in SAID]
    assert ran.step.figures["documents"] == {"hsb_Latn": len(SAID)}


def test_control_characters_go_and_nothing_else(run, tmp_path):
    text = "\u200ba\u0301\x07b\x01 \u00ad \u202ec\u200d"
    ran = run(read_text, files=[str(write(tmp_path / "hsb.jsonl", json.dumps({"text": text}) + '\n{"text": "\\u0007 "}\n'))])
    assert rows(ran) == [("hsb_Latn", "\u200ba\u0301b  c\u200d")]


def test_languages_of_a_folder(run, tmp_path):
    folder = tmp_path / "texts"
    for name in (
        "eng_Latn/part-1.txt",
        "eng_Latn/part-0.txt",
        "hsb.txt",
        "zh-TW.dev.txt",
        "notes.txt",
        ".hidden.txt",
        "a.docx",
    ):
        write(folder / name, f"{name}\n")
    ran = run(read_text, files=[str(folder)])
    assert rows(ran) == [
        ("eng_Latn", "eng_Latn/part-0.txt"),
        ("eng_Latn", "eng_Latn/part-1.txt"),
        ("hsb_Latn", "hsb.txt"),
        ("und", "notes.txt"),
        ("zho_Hant", "zh-TW.dev.txt"),
    ]
    assert "of notes.txt" in ran.step.notes[0]
    assert next(row["source"] for row in ran.artifact.rows()) == "eng_Latn/part-0.txt"
    asked = run(read_text, files=[str(folder)], language=HSB)
    assert ("hsb_Latn", "notes.txt") in rows(asked)
    assert not asked.step.notes


def test_what_the_entry_says_beats_the_name(run, tmp_path):
    path = write(tmp_path / "eng.txt", "haj\n")
    assert rows(run(read_text, files=[f"Upper Sorbian={path}"])) == [("hsb_Latn", "haj")]
    assert rows(run(read_text, files=[f"und={path}"])) == [("und", "haj")]
    assert "no language has the code or name 'Sorbanish'" in refused(run, f"Sorbanish={path}")


def test_what_the_row_says(run, tmp_path):
    lines = [{"text": "haj", "lang": "hsb"}, {"text": "hi", "lang": "en"}, {"text": "?", "lang": "Klingonese"}]
    path = write(tmp_path / "mixed.jsonl", "".join(json.dumps(each) + "\n" for each in lines))
    ran = run(read_text, files=[str(path)])
    assert rows(ran) == [("hsb_Latn", "haj"), ("eng_Latn", "hi")]
    assert ran.step.quarantined == {"a language that nothing knows": 1}
    only = run(read_text, files=[f"hsb={path}"])
    assert rows(only) == [("hsb_Latn", "haj"), ("hsb_Latn", "?")]


def test_a_folder_of_documents_is_read_as_it_is(run, tmp_path):
    first = run(read_text, files=[str(write(tmp_path / "hsb.txt", LINES)), str(write(tmp_path / "deu.txt", "ja\n"))])
    again = run(read_text, files=[str(first.folder)])
    assert rows(again) == rows(first)
    assert [row["id"] for row in again.artifact.rows()] == [row["id"] for row in first.artifact.rows()]


def test_limit_counts_by_language(run, tmp_path):
    files = [str(write(tmp_path / "a" / "hsb.txt", "1\n2\n3\n")), str(write(tmp_path / "deu.txt", "4\n5\n6\n"))]
    assert rows(run(read_text, files=files, limit=2)) == [
        ("hsb_Latn", "1"), ("hsb_Latn", "2"), ("deu_Latn", "4"), ("deu_Latn", "5"),
    ]  # fmt: skip


def test_paragraphs(run, tmp_path):
    path = write(tmp_path / "hsb.txt", "\n\na\nb\n \n\nc")
    ran = run(read_text, files=[str(path)], unit="paragraph")
    assert rows(ran) == [("hsb_Latn", "a\nb"), ("hsb_Latn", "c")]


def test_a_column_by_its_name(run, tmp_path):
    path = write(tmp_path / "hsb.tsv", "text\tstory\nno\tyes\n")
    assert rows(run(read_text, files=[str(path)], column="story")) == [("hsb_Latn", "yes")]
    assert "no column holds the text: there are 'text', 'story'" in refused(run, path, column="stories")


CASES = {
    "empty.txt": (b"", "the file is empty"),
    "blank.txt": (b"\n \n\t\n", "no document was found (nothing to read)"),
    "latin1.txt": (b"d\xf3n\n", "not UTF-8: 1"),
    "utf16.txt": ("haj\n".encode("utf-16"), "UTF-16"),
    "binary.txt": (b"\x7fELF\0\0\n", "not text"),
    "short.txt.gz": (gzip.compress(b"haj, kak so wam dze?\n" * 999)[:-9], "truncated"),
    "bad.txt.gz": (b"haj\n", "damaged"),
    "long.txt": (b"a" * (50 << 20), "line longer than 16 MiB: 1"),
    "bad.jsonl": (b"{\n[1]\nnull\n", "not JSON: 1; not a JSON object: 2"),
    "keys.jsonl": (b'{"a": "x", "b": "y"}\n', "no column holds the text: there are 'a', 'b'"),
    "numbers.jsonl": (b'{"text": 1}\n', "a text is not a string: 1"),
    "surrogate.jsonl": (b'{"text": "\\ud800"}\n', "lone surrogate: 1"),
    "wrong.tsv": (b"verse\tbook\nMAT\tx\n", "no column holds the text: there are 'verse', 'book'"),
    "header.tsv": (b"id\ttext\n", "no document was found"),
    "wrong.csv": (b"a,b,c\n1,2,3\n", "there are 'a', 'b', 'c'"),
    "bad.parquet": (b"PAR1 nothing", "no whole Parquet file"),
    "hsb_Latm.txt": (b"haj\n", "'hsb_Latm': ISO 15924 has no script 'Latm'"),
    "xqz_Latn.txt": (b"haj\n", "'xqz_Latn': "),
    "data.xlsx": (b"x", "unknown format: .xlsx"),
    "data.jsonk": (b"x", "did you mean"),
}


@pytest.mark.parametrize("name", CASES)
def test_one_bad_file_is_one_clear_line(run, tmp_path, name):
    content, expected = CASES[name]
    message = refused(run, write(tmp_path / name, content))
    assert expected in message
    assert name in message


@pytest.mark.parametrize("name", [each for each in CASES if not each.startswith(("data", "hsb_Latm", "xqz"))])
def test_one_bad_file_among_good_ones_is_set_aside(run, tmp_path, name):
    good = write(tmp_path / "hsb.txt", "haj\n")
    ran = run(read_text, files=[str(write(tmp_path / "x" / name, CASES[name][0])), str(good)])
    found = rows(ran)
    assert found.pop() == ("hsb_Latn", "haj")
    # what stands before the place where a file was cut is kept
    assert found == ([("und", "haj, kak so wam dze?")] * 999 if name == "short.txt.gz" else [])
    assert len(ran.quarantine) >= (name not in ("blank.txt", "header.tsv"))
    assert all(name in each["where"] for each in ran.quarantine)


def test_missing_file_and_empty_folder(run, tmp_path):
    write(tmp_path / "text.txt", "haj\n")
    assert "did you mean 'text.txt'?" in refused(run, tmp_path / "test.txt")
    assert "there is no such file" in refused(run, f"hsb={tmp_path / 'nothing.txt'}")
    (tmp_path / "empty").mkdir()
    assert "holds no usable file: no file" in refused(run, tmp_path / "empty")
    assert "no file is given" in refused(run)


def test_unknown_tag_inside_a_folder_names_the_file(run, tmp_path):
    write(tmp_path / "t" / "hsb.txt", "haj\n")
    write(tmp_path / "t" / "qqq_Latn.txt", "haj\n")
    message = refused(run, tmp_path / "t")
    assert "qqq_Latn.txt" in message
    assert "the name says 'qqq_Latn'" in message


def test_a_long_line_does_not_fill_the_memory(run, tmp_path):
    path = write(tmp_path / "hsb.txt", b"haj\n" + b"a" * (300 << 20) + b"\nwitaj\n")
    if not reset_peak_memory():
        pytest.skip("the system cannot measure the peak")
    before = peak_memory_bytes()
    ran = run(read_text, files=[str(path)])
    assert rows(ran) == [("hsb_Latn", "haj"), ("hsb_Latn", "witaj")]
    assert peak_memory_bytes() - before < 70 << 20


def test_outside_inputs_change_with_the_bytes(tmp_path):
    outside = outside_of(read_text)
    path = write(tmp_path / "hsb.txt", "haj\n")
    said = [f"hsb={path}", str(tmp_path)]
    before = outside(files=said)
    assert set(before) == set(said)
    write(path, "witaj\n")
    after = outside(files=said)
    assert all(before[each] != after[each] for each in said)


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=20))
def test_any_name_is_understood_or_refused_in_a_line(name):
    try:
        found = language_in_name([f"{name}.txt", name])
    except InputError:
        return
    assert found is None or str(Language(found)) == found


@pytest.mark.parametrize("name", ["my_text.txt", "dev.txt", "raw.txt", "in_the_end.txt", "train.tsv", "set.jsonl", "README.md"])
def test_ordinary_names_are_no_languages(name):
    assert language_in_name([name]) is None


def test_sib200_and_bible(run, shared):
    ran = run(read_text, files=[str(shared / "sib200"), f"hye={shared / 'bible_nt' / 'hye.tsv.gz'}"], limit=30)
    assert len(ran.artifact.languages) >= 60
    assert set(ran.artifact.counts.values()) == {30}
    assert "und" not in ran.artifact.languages


def test_files_that_cannot_be_read_are_named(run, tmp_path):
    (tmp_path / "hsb.txt").write_text("Dobry dźeń wšitkim!\n", encoding="utf-8")
    for name in ("a", "b", "c", "d"):
        (tmp_path / f"{name}.jsonl").write_text('{"page": "x", "html": "y"}\n', encoding="utf-8")
    notes = run(read_text, files=[str(tmp_path)]).step.notes
    assert any(
        note.startswith("4 files of 5 could not be read to the end: ") and note.endswith("; and 1 more") for note in notes
    )
