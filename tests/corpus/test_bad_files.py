"""Bad input ends in one clear line, or in the quarantine; never in a traceback."""

import gzip
import os

import pytest

from panglot.artifacts import InputError
from panglot.artifacts.memory import peak_memory_bytes, reset_peak_memory
from panglot.corpus.clean import clean
from panglot.corpus.read_pairs import read_pairs
from panglot.corpus.reading import unpacking
from panglot.languages import Language

HSB, ENGLISH, KHMER = Language.parse("hsb"), Language.parse("eng"), Language.parse("khm")
BOMB = '<!DOCTYPE tmx [<!ENTITY a "haha">' + "".join(
    f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)
)
BOMB += ']><tmx><body><tu><tuv xml:lang="hsb"><seg>&j;</seg></tuv><tuv xml:lang="en"><seg>x</seg></tuv></tu></body></tmx>'
OUTSIDE = BOMB.replace(BOMB[13 : BOMB.index("]>") + 1], 'tmx [<!ENTITY j SYSTEM "file:///etc/passwd">]')


def refused(run, *said, language=HSB):
    with pytest.raises(InputError) as caught:
        run(read_pairs, files=[str(each) for each in said], language=language, pivot=ENGLISH)
    message = str(caught.value)
    assert "\n" not in message
    return message


CASES = {
    "empty.tsv": (b"", "the file is empty"),
    "empty.tsv.gz": (gzip.compress(b""), "the file is empty"),
    "one.tsv": (b"haj\nwitaj\n", "cannot tell the two sides from the columns 'haj'"),
    "three.tsv": (b"a\tb\tc\n1\t2\t3\n", "columns 'a', 'b', 'c'"),
    "verse.tsv": (b"verse\ttext\nMAT.1.1\thaj\n", "columns 'verse', 'text'"),
    "other.tsv": (b"deu\tfra\nja\toui\n", "name them hsb_Latn and eng_Latn"),
    "half.tsv": (b"hsb\teng\n\thi\n\tyou\n", "one side is empty: 2"),
    "header.tsv": (b"hsb\teng\n", "nothing to read"),
    "latin1.tsv": (b"hsb\teng\nd\xf3n\tx\n", "not UTF-8: 1"),
    "utf16.tsv": ("hsb\teng\n".encode("utf-16"), "UTF-16"),
    "binary.tsv": (b"\x7fELF\0\0\0\tx\n", "not text"),
    "cut.tsv.gz": (gzip.compress(b"hsb\teng\nhaj\thi\n" * 999)[:-9], "truncated"),
    "bad.tsv.gz": (b"hsb\teng\nhaj\thi\n", "damaged"),
    "bad.po": (b'msgid "a"\nmsgstr "b\n\nthis is nothing\n', "malformed gettext catalogue"),
    "latin.po": (b'msgid "a"\nmsgstr "\xe9\xff"\n', "malformed gettext catalogue"),
    "bad.mo": (b"not a catalogue", "malformed gettext catalogue"),
    "huge.mo": (b"\xde\x12\x04\x95" + b"\0" * 4 + b"\xff\xff\xff\x7f" + b"\0" * 16, "more entries than it has room for"),
    "bad.tmx": (b"<tmx><body><tu></body></tmx>", "malformed XML: mismatched tag"),
    "cut.tmx": (b"<tmx><body><tu>", "malformed XML"),
    "bomb.tmx": (BOMB.encode(), "refused: it declares an XML entity"),
    "outside.tmx": (OUTSIDE.encode(), "refused: it declares an XML entity"),
    "german.tmx": (b'<tmx><body><tu><tuv xml:lang="de"><seg>ja</seg></tuv></tu></body></tmx>', "the file has de"),
    "german.xlf": (
        b'<xliff><file source-language="en" target-language="de"><body/></file></xliff>',
        "translates from en to de",
    ),
    "bad.parquet": (b"PAR1 nothing", "no whole Parquet file"),
    "bad.jsonl": (b"{\n[1]\nnull\n", "not JSON: 1; not a JSON object: 2"),
    "keys.jsonl": (b'{"de": "ja", "fr": "oui"}\n', "columns 'de', 'fr'"),
    "numbers.jsonl": (b'{"hsb": 1, "en": null}\n', "a text is not a string: 1"),
    "surrogate.jsonl": (b'{"hsb": "\\ud800", "en": "x"}\n', "lone surrogate: 1"),
    "data.xlsx": (b"x", "unknown format: .xlsx"),
    "data.jsonk": (b"x", "did you mean"),
}


@pytest.mark.parametrize("name", CASES)
def test_one_bad_file_is_one_clear_line(run, tmp_path, name):
    content, expected = CASES[name]
    (tmp_path / name).write_bytes(content)
    message = refused(run, tmp_path / name)
    assert expected in message
    assert name in message


def test_missing_file_with_a_suggestion(run, tmp_path):
    (tmp_path / "pairs.tsv").write_text("hsb\teng\nhaj\thi\n")
    assert "did you mean 'pairs.tsv'?" in refused(run, tmp_path / "pears.tsv")


def test_place_of_a_bad_byte(run, tmp_path):
    (tmp_path / "a.tsv").write_bytes("hsb\teng\nrěč\tspeech\n".encode() + b"d\xf3n\tx\n")
    ran = run(read_pairs, files=[str(tmp_path / "a.tsv")], language=HSB, pivot=ENGLISH)
    assert ran.texts == [("rěč", "speech")]
    assert ran.quarantine[0]["where"].endswith("a.tsv:3, byte 22")


def test_aligned_files_of_different_length(run, tmp_path):
    (tmp_path / "a.hsb").write_text("jedyn\ndwaj\n")
    (tmp_path / "a.en").write_text("one\n")
    assert "a.hsb has 2, a.en has 1" in refused(run, f"{tmp_path}/a.hsb,{tmp_path}/a.en")


def test_one_of_two_aligned_files_is_missing(run, tmp_path):
    (tmp_path / "a.hsb").write_text("jedyn\n")
    assert "there is no such file" in refused(run, f"{tmp_path}/a.hsb,{tmp_path}/a.en")


def test_bad_line_in_an_aligned_file_does_not_shift_the_rest(run, tmp_path):
    (tmp_path / "a.hsb").write_bytes(b"jedyn\n\xff\ntri\n\n")
    (tmp_path / "a.en").write_text("one\ntwo\nthree\n\n")
    ran = run(read_pairs, files=[f"{tmp_path}/a.hsb,{tmp_path}/a.en"], language=HSB, pivot=ENGLISH)
    assert ran.texts == [("jedyn", "one"), ("tri", "three")]


def test_pivot_given_as_the_language(run, tmp_path):
    (tmp_path / "a.tsv").write_text("hsb\teng\nhaj\thi\n")
    assert "both English (eng_Latn)" in refused(run, tmp_path / "a.tsv", language=ENGLISH)


def test_folder_without_usable_files(run, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    assert "holds no usable file: no file" in refused(run, folder)
    (folder / "a.docx").write_text("x")
    assert "holds no usable file: docx (1)" in refused(run, folder)


def test_links_in_a_circle(run, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "again").symlink_to(folder)
    (folder / "self.tsv").symlink_to(folder / "self.tsv")
    assert "in a circle" in refused(run, folder / "self.tsv")
    assert "no usable file" in refused(run, folder)
    (folder / "a.tsv").write_text("hsb\teng\nhaj\thi\n")
    assert run(read_pairs, files=[str(folder)], language=HSB, pivot=ENGLISH).texts == [("haj", "hi")]


def test_unreadable_file(run, tmp_path, monkeypatch):
    path = tmp_path / "a.tsv"
    path.write_text("hsb\teng\nhaj\thi\n")
    path.chmod(0)
    if os.access(path, os.R_OK):  # a superuser may read it all the same
        really = type(path).open

        def refuse(self, *how, **options):
            if self == path:
                raise PermissionError(13, "Permission denied", str(self))
            return really(self, *how, **options)

        monkeypatch.setattr(type(path), "open", refuse)
    assert "permission denied" in refused(run, path)


def test_one_bad_file_among_good_ones_is_set_aside(run, tmp_path):
    (tmp_path / "a.tsv").write_text("hsb\teng\nhaj\thi\n")
    (tmp_path / "b.tmx").write_text("<tmx>")
    (tmp_path / "c.tsv.gz").write_bytes(gzip.compress(b"hsb\teng\nhaj\thi\n")[:12])
    files = [str(tmp_path / name) for name in ("a.tsv", "b.tmx", "c.tsv.gz")]
    ran = run(read_pairs, files=files, language=HSB, pivot=ENGLISH)
    assert ran.texts == [("haj", "hi")]
    assert [each["where"].rpartition("/")[2] for each in ran.quarantine] == ["b.tmx:1", "c.tsv.gz"]
    message = refused(run, *files[1:])
    assert "malformed XML" in message
    assert "truncated" in message


def test_rows_with_other_widths_are_set_aside_with_their_line(run, tmp_path):
    (tmp_path / "a.tsv").write_text("hsb\teng\nhaj\thi\nhaj\nx\ty\tz\n")
    ran = run(read_pairs, files=[str(tmp_path / "a.tsv")], language=HSB, pivot=ENGLISH)
    assert [(each["reason"], each["where"][-7:]) for each in ran.quarantine] == [
        ("1 columns in place of 2", "a.tsv:3"),
        ("3 columns in place of 2", "a.tsv:4"),
    ]


@pytest.mark.parametrize("name", ["a.tsv", "a.jsonl", "a.tmx"])
def test_a_line_of_fifty_megabytes_is_set_aside_in_little_memory(run, tmp_path, name):
    long = b"x" * (50 << 20)
    if name == "a.tmx":
        unit = b'<tu><tuv xml:lang="hsb"><seg>%b</seg></tuv><tuv xml:lang="en"><seg>hi</seg></tuv></tu>'
        content = b"<tmx><body>" + unit % long + unit % b"haj" + b"</body></tmx>"
    elif name == "a.tsv":
        content = b"hsb\teng\n" + long + b"\thi\nhaj\thi\n"
    else:
        content = b'{"hsb": "' + long + b'", "en": "hi"}\n{"hsb": "haj", "en": "hi"}\n'
    (tmp_path / name).write_bytes(content)
    del content, long
    if not reset_peak_memory():
        pytest.skip("this system cannot measure the peak of a stretch of work")
    before = peak_memory_bytes()
    ran = run(read_pairs, files=[str(tmp_path / name)], language=HSB, pivot=ENGLISH)
    assert ran.texts == [("haj", "hi")]
    assert list(ran.step.quarantined.values()) == [1]
    assert peak_memory_bytes() - before < 40 << 20


def test_gzip_bomb_is_refused(run, tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "RATIO_COUNTS_FROM", 1 << 20)
    (tmp_path / "a.tsv.gz").write_bytes(gzip.compress(b"hsb\teng\n" + (b"haj " * 999 + b"\thi\n") * 2000))
    message = refused(run, tmp_path / "a.tsv.gz")
    assert "unpacks to more than" in message


def test_many_bad_lines_keep_a_bounded_quarantine(run, tmp_path):
    (tmp_path / "a.tsv").write_text("hsb\teng\nhaj\thi\n" + "x\n" * 500)
    ran = run(read_pairs, files=[str(tmp_path / "a.tsv")], language=HSB, pivot=ENGLISH)
    assert ran.step.quarantined == {"1 columns in place of 2": 500}
    assert len(ran.quarantine) == 100


def test_hub_without_a_network(run, monkeypatch):
    import datasets

    def load(*_, **__):
        raise ConnectionError("Couldn't reach the Hub\nwith details")

    monkeypatch.setattr(datasets, "load_dataset", load)
    message = refused(run, "hub:owner/set")
    assert "cannot be loaded: Couldn't reach the Hub" in message


def test_no_pair_left_after_cleaning_counts_the_reasons(run, table):
    pairs = table(("haj", "hi"), ("page not found", "page not found"), ("", "one two three"))
    with pytest.raises(InputError, match=r"too short: 1.*set min_words lower"):
        run(clean, of=pairs)


def test_nothing_given(run):
    with pytest.raises(InputError, match="no file is given"):
        run(read_pairs, files=[], language=HSB, pivot=ENGLISH)
