"""Static vectors: counting, information, decomposition, words of any script, files."""

import gzip

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from panglot.artifacts import InputError
from panglot.vocabulary import static_vectors_training as training
from panglot.vocabulary.static_vectors import StaticVectors
from panglot.vocabulary.static_vectors_alignment import anchors, rotation, same_width
from panglot.vocabulary.static_vectors_file import read_dictionary, read_vectors, texts_at, write_vectors
from panglot.vocabulary.static_vectors_subwords import piece_vectors
from panglot.vocabulary.static_vectors_training import (
    TokenStream,
    cooccurrences,
    decompose,
    positive_information,
    train_vectors,
)
from panglot.vocabulary.static_vectors_words import train_on_words, words_of
from panglot.vocabulary.vocabulary import Vocabulary


def characters(*more):
    """A WordPiece tokenizer that knows every word as its characters, and some longer pieces."""
    letters = sorted({*"abcdefgh", *"ขาวดีมากตลำ", *"ខ្មែរ", *"北京大学", *"दिन", *"א", *"𞤢𞤣"})
    pieces = ["[UNK]", *letters, *(f"##{each}" for each in letters), *more]
    model = {"type": "WordPiece", "vocab": {piece: number for number, piece in enumerate(pieces)}, "unk_token": "[UNK]"}
    model |= {"continuing_subword_prefix": "##", "max_input_chars_per_word": 100}
    flags = {"special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    added = [{"id": 0, "content": "[UNK]", **flags}]
    return Vocabulary({"version": "1.0", "model": model, "added_tokens": added, "pre_tokenizer": {"type": "BertPreTokenizer"}})


TEXTS = st.lists(st.lists(st.integers(0, 5), max_size=12), max_size=6)


@given(TEXTS, st.integers(1, 4), st.integers(1, 9))
def test_cooccurrences_equal_a_plain_loop_whatever_the_chunks(texts, window, chunk):
    expected = np.zeros((6, 6))
    for text in texts:
        for i, one in enumerate(text):
            for j, other in enumerate(text):
                if 0 < abs(i - j) <= window:
                    expected[one, other] += (window - abs(i - j) + 1) / window
    before = training._CHUNK_TOKENS
    try:
        training._CHUNK_TOKENS = chunk
        found = cooccurrences(TokenStream.gather(texts), 6, window=window)
    finally:
        training._CHUNK_TOKENS = before
    assert found.toarray() == pytest.approx(expected)


@given(TEXTS)
def test_information_equals_its_formula(texts):
    counts = cooccurrences(TokenStream.gather(texts), 6, window=2).toarray()
    found = positive_information(csr_array(counts), shift=2.0).toarray()
    totals = counts.sum(axis=1)
    for one, other in np.ndindex(6, 6):
        expected = 0.0
        if counts[one, other]:
            chance = totals[one] * totals[other] ** 0.75 / (totals**0.75).sum()
            expected = max(0.0, np.log(counts[one, other] / chance) - np.log(2.0))
        assert found[one, other] == pytest.approx(expected, abs=1e-5)


def test_decomposition_finds_a_matrix_of_low_rank():
    random = np.random.default_rng(0)
    matrix = (random.random((40, 3)) @ random.random((3, 30))).astype(np.float32)
    found = decompose(csr_array(matrix), 3, seed=1)
    left, singular, _ = np.linalg.svd(matrix)
    # U Σ^½ up to signs: its products do not depend on them.
    expected = left[:, :3] * np.sqrt(singular[:3])
    assert found @ found.T == pytest.approx(expected @ expected.T, abs=1e-3)
    assert (found == decompose(csr_array(matrix), 3, seed=1)).all()


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (3, 3)])
def test_decomposition_of_next_to_nothing(shape):
    found = decompose(csr_array(shape, dtype=np.float32), 5, seed=0)
    assert found.shape == (shape[0], min(5, *shape))
    assert not found.any()


def test_rare_tokens_are_passed_over_as_if_they_were_not_there():
    texts = [[0, 9, 1, 0, 1, 2, 2, 0], [1, 2, 8, 0]] * 3
    without = [[each for each in text if each < 8] for text in texts]
    ids, found = train_vectors(TokenStream.gather(texts), 10, dimension=2, minimum_count=4)
    _, expected = train_vectors(TokenStream.gather(without), 10, dimension=2, minimum_count=4)
    assert ids.tolist() == [0, 1, 2]
    assert (found == expected).all()


def test_words_in_like_company_come_out_near():
    random = np.random.default_rng(0)
    texts = [[kind, *(2 + 4 * (kind % 2) + random.integers(0, 4, 4)), kind] for kind in random.integers(0, 2, 400)]
    texts += [[10 if each == 0 else each for each in text] for text in texts]
    ids, found = train_vectors(TokenStream.gather(texts), 11, dimension=5)
    unit = found / np.linalg.norm(found, axis=1, keepdims=True)
    place = {int(each): row for row, each in enumerate(ids)}
    assert unit[place[0]] @ unit[place[10]] > unit[place[0]] @ unit[place[1]] + 0.3


def test_reading_stops_at_the_limit():
    stream = TokenStream.gather([[1, 2], [3, 4], [5, 6]], most=5)
    assert stream.ids.tolist() == [1, 2, 3, 4]
    assert stream.truncated


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("דבר, דָּבָר!", ["דבר", "דָּבָר"]),
        ("दिन-दिन (किताबें)", ["दिन", "दिन", "किताबें"]),
        ("می‌خواهم که", ["می‌خواهم", "که"]),
        ("𞤢𞤣𞤢𞤥. 𞤢", ["𞤢𞤣𞤢𞤥", "𞤢"]),
        ("п'ять, l’eau 12", ["п'ять", "l’eau", "12"]),
        ("ޖޭ އަށް", ["ޖޭ", "އަށް"]),
        ("", []),
        ("👩‍👩‍👧 …", []),
    ],
)
def test_words_of_scripts_with_spaces(text, expected):
    assert list(words_of([text], characters())) == [expected]


def test_scripts_without_spaces_are_cut_by_the_tokenizer():
    vocabulary = characters("ตลาด", "##ตลาด", "##มาก", "##大学")
    assert list(words_of(["ตลาดดีมาก, abc", "北京大学"], vocabulary)) == [["ตลาด", "ด", "ี", "มาก", "abc"], ["北", "京", "大学"]]


@given(st.text(st.sampled_from("ขาวดีตลำ ្មែរខ北京 abדָ𞤢‌"), max_size=30))
def test_words_lose_no_letter_and_no_mark(text):
    found = "".join(next(words_of([text], characters("ตลาด", "##ดี"))))
    kept = regex.sub(r"[^\p{L}\p{M}\p{N}]", "", text)
    assert regex.sub(r"[^\p{L}\p{M}\p{N}]", "", found) == kept


def test_training_on_words_counts_them():
    found = train_on_words(["b a", "b a", "b c"], characters(), dimension=2, minimum_count=2)
    assert found.words == ["b", "a"]
    assert found.counts.tolist() == [3, 2]
    assert train_on_words(["b"], characters(), minimum_count=5).words == []


# Files


def written(folder, text, name="v.vec"):
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["v.vec", "v.vec.gz"])
@pytest.mark.parametrize("header", ["", "4 2\n"])
def test_vectors_with_and_without_a_header(tmp_path, name, header):
    found = read_vectors(written(tmp_path, header + "ดี 1 0\nNew York 0 1\n𞤢 .5 -2e-1\nดี 9 9\n", name))
    assert found.words == ["ดี", "New York", "𞤢"]
    assert found.matrix[found.index["𞤢"]] == pytest.approx([0.5, -0.2])
    assert found.matrix[0].tolist() == [1, 0]


def test_only_the_first_vectors_are_read(tmp_path):
    assert read_vectors(written(tmp_path, "3 1\na 1\nb 2\nc 3\n"), most=2).words == ["a", "b"]


def test_a_bad_line_is_passed_over_and_many_are_an_error(tmp_path):
    good = "".join(f"w{each} 1 {each}\n" for each in range(20))
    assert len(read_vectors(written(tmp_path, good + "bad 1\nworse 1 nan\nworst 1 x\n")).words) == 20
    with pytest.raises(InputError, match="line 21: 1 numbers"):
        read_vectors(written(tmp_path, good + "bad 1\n" * 11))


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "empty"),
        (b"2 9999999\na 1\n", "9999999 dimensions"),
        (b"\x00\x01\x02", "not text"),
        (b"5 3\n", "only a header"),
        (b"\n \n", "only a header, or nothing"),
        (b"2 " + b"9" * 5000 + b"\na 1\n", "dimensions are not read"),
        (b"a " + b"1 " * 5000 + b"\n", "5000 dimensions are not read"),
        ("a 1 2\nb 3 4\n".encode("utf-16"), "not text"),
        (b"word\nword\n", "no word with"),
        (b"\xff\xfe 1 2\n\xff 1 2\n", "not UTF-8"),
    ],
)
def test_files_that_hold_no_vectors(tmp_path, content, match):
    (tmp_path / "v.vec").write_bytes(content)
    with pytest.raises(InputError, match=match):
        read_vectors(tmp_path / "v.vec")


def test_a_truncated_gzip_file_and_a_missing_file(tmp_path):
    whole = gzip.compress(b"".join(b"w%d 1 2\n" % each for each in range(5000)))
    (tmp_path / "v.vec.gz").write_bytes(whole[:-50])
    with pytest.raises(InputError, match="truncated"):
        read_vectors(tmp_path / "v.vec.gz")
    for path in (tmp_path / "none.vec", tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(InputError):
            read_vectors(path)


@pytest.mark.parametrize(
    "text", ["\ufeff2 2\nดี 1 0\n𞤢 0 1\n", "\ufeffดี 1 0\n𞤢 0 1\n", "2\t2\nดี\t1\t0\n𞤢\t0\t1\n", "2 2\r\nดี 1 0\r\n𞤢 0 1"]
)
def test_a_byte_order_mark_tabs_and_other_line_ends(tmp_path, text):
    # a mark before the header made it a word with one number, and every later line a word with spaces and one number
    found = read_vectors(written(tmp_path, text))
    assert (found.words, found.matrix.tolist()) == (["ดี", "𞤢"], [[1, 0], [0, 1]])


def test_what_a_header_claims_takes_no_memory(tmp_path):
    found = read_vectors(written(tmp_path, "1000000000 4096\n" + "ດີ" + " 1" * 4096 + "\n"))
    assert found.matrix.shape == (1, 4096)


def test_reading_ends_after_so_many_lines_though_all_are_one_word(tmp_path, monkeypatch):
    from panglot.vocabulary import static_vectors_file as files

    read = []
    lines = files._lines
    monkeypatch.setattr(files, "_lines", lambda stream: (read.append(each) or each for each in lines(stream)))
    assert read_vectors(written(tmp_path, "a 1 2\n" * 5000), most=100).words == ["a"]
    assert len(read) == 101


def test_a_number_that_is_too_large_is_a_bad_line_without_a_warning(tmp_path, recwarn):
    assert read_vectors(written(tmp_path, "a 1e300 1\nb 1 1\n")).words == ["b"]
    assert not recwarn.list


def test_safetensors_come_back_and_damage_is_told(tmp_path):
    given = StaticVectors(["ข้าว", "𠀀", "a b"], np.arange(6, dtype=np.float32).reshape(3, 2), np.array([5, 2, 1]))
    path = tmp_path / "v.safetensors"
    write_vectors(given, path)
    found = read_vectors(path)
    assert (found.words, found.matrix.tolist(), found.counts.tolist()) == (given.words, given.matrix.tolist(), [5, 2, 1])
    assert read_vectors(path, most=1).words == ["ข้าว"]
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(InputError, match="cannot be read"):
        read_vectors(path)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"counts": np.array([1])}, "one count a word"),
        ({"counts": np.array([1, -1])}, "none below zero"),
        ({"vectors": np.array(1, np.float32)}, "one vector a word"),
        ({"vectors": np.ones(2, np.float32)}, "one vector a word"),
        ({"vectors": np.ones((2, 0), np.float32)}, "one vector a word"),
        ({"vectors": np.ones((3, 2), np.float32)}, "one vector a word"),
        ({"words": np.frombuffer(b"a\na", np.uint8)}, "no word twice"),
        ({"words": np.frombuffer(b"\xff\na", np.uint8)}, "cannot be read"),
        ({"vectors": np.full((2, 2), 1e300)}, "not finite"),
    ],
)
def test_safetensors_that_contradict_themselves(tmp_path, change, match):
    from safetensors.numpy import save_file

    good = {
        "vectors": np.eye(2, dtype=np.float32),
        "words": np.frombuffer("ด\nb".encode(), np.uint8),
        "counts": np.array([1, 2]),
    }
    save_file(good | change, tmp_path / "v.safetensors")
    with pytest.raises(InputError, match=match):
        read_vectors(tmp_path / "v.safetensors")


def test_dictionaries(tmp_path):
    path = written(tmp_path, "\ufeffhouse\tdom\nhot dog\thotdog\n\ncat kocka\nbad\n", "d.tsv")
    assert read_dictionary(path) == [("house", "dom"), ("hot dog", "hotdog"), ("cat", "kocka")]
    with pytest.raises(InputError, match="the first is line 1"):
        read_dictionary(written(tmp_path, "one\ntwo\n", "d.tsv"))


@pytest.mark.parametrize(
    "content", [b"\xff\t\xfe\n", b"a\tb\tc\n", "a\tb\n".encode("utf-16"), b"a" * (3 << 20), b"\t\n", b"\0\0"]
)
def test_files_that_hold_no_pairs(tmp_path, content):
    (tmp_path / "d.tsv").write_bytes(content)
    with pytest.raises(InputError, match="no two columns of UTF-8") as found:
        read_dictionary(tmp_path / "d.tsv")
    assert "\n" not in str(found.value)


def test_a_truncated_dictionary_and_a_long_one(tmp_path, monkeypatch):
    (tmp_path / "d.tsv.gz").write_bytes(gzip.compress(b"a\tb\n" * 5000)[:-9])
    with pytest.raises(InputError, match="truncated"):
        read_dictionary(tmp_path / "d.tsv.gz")
    monkeypatch.setattr("panglot.vocabulary.static_vectors_file.MOST_PAIRS", 3)
    assert len(read_dictionary(written(tmp_path, "a\tb\n" * 9, "d.tsv"))) == 3


def test_text_of_a_file(tmp_path):
    texts = texts_at(written(tmp_path, "ดี\n\n b \n", "t.txt.gz"))
    assert list(texts()) == list(texts()) == ["ดี", "b"]
    with pytest.raises(InputError):
        texts_at(tmp_path / "none.txt")


# Alignment


@given(st.integers(0, 30), st.integers(2, 6))
def test_procrustes_finds_the_rotation(seed, width):
    random = np.random.default_rng(seed)
    truth = np.linalg.qr(random.standard_normal((width, width)))[0]
    source = random.standard_normal((20, width)).astype(np.float32)
    words = [str(each) for each in range(20)]
    target = StaticVectors(words, (source @ truth).astype(np.float32))
    found = rotation(StaticVectors(words, source), target, (np.arange(20), np.arange(20)))
    assert found == pytest.approx(truth, abs=1e-4)


@pytest.mark.parametrize(("left", "right"), [(3, 5), (5, 3), (4, 4)])
def test_only_the_wider_side_is_reduced(left, right):
    # The reference implementation reduces the source once more where the target is the wider side, and then fails.
    random = np.random.default_rng(1)
    one, other = (
        StaticVectors(list("abcdefg"), random.standard_normal((7, width)).astype(np.float32)) for width in (left, right)
    )
    source, target = same_width(one, other)
    assert source.dimension == target.dimension == min(left, right)
    assert (source.matrix is one.matrix) == (left <= right)
    assert (target.matrix is other.matrix) == (right <= left)


def test_reduction_keeps_products_that_fit():
    random = np.random.default_rng(2)
    flat = (random.standard_normal((9, 2)) @ random.standard_normal((2, 6))).astype(np.float32)
    found = StaticVectors(list("abcdefghi"), flat).reduced(2).matrix
    assert found @ found.T == pytest.approx(flat @ flat.T, abs=1e-4)


def test_forms_of_a_dictionary():
    source = StaticVectors(["Ab", "ab"], np.eye(2, dtype=np.float32))
    target = StaticVectors(["cd"], np.ones((1, 2), np.float32))
    rows, columns = anchors(source, target, [("AB", "CD"), ("nothing", "cd")])
    assert sorted(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 0), (1, 0)]
    with pytest.raises(InputError, match="no pair"):
        rotation(source, target, anchors(source, target, []))


# Pieces


@settings(max_examples=30)
@given(
    st.lists(st.text(st.sampled_from("abcdดี北"), min_size=1, max_size=5), unique=True, min_size=1, max_size=8), st.booleans()
)
def test_piece_vectors_equal_a_plain_loop(words, weighted):
    vocabulary = characters("ab", "##cd")
    random = np.random.default_rng(len(words))
    counts = random.integers(1, 9, len(words))
    vectors = StaticVectors(words, random.standard_normal((len(words), 3)).astype(np.float32), counts)
    found = piece_vectors(vocabulary, vectors, weighted=weighted)
    for piece in range(vocabulary.size):
        total, weight = np.zeros(3), 0.0
        for row, word in enumerate(words):
            cuts = [set(vocabulary.encode([form])[0]) for form in (word, f" {word}")]
            times = sum(piece in cut for cut in cuts) * counts[row] if weighted else float(any(piece in cut for cut in cuts))
            if piece not in vocabulary.special:
                total, weight = total + times * vectors.matrix[row], weight + times
        assert found[piece] == pytest.approx(total / weight if weight else np.zeros(3), abs=1e-5)


def test_capital_forms_count_where_a_word_has_one():
    vocabulary = characters("Ab", "ab", "ד")
    vectors = StaticVectors(["ab", "ד"], np.array([[1, 0], [0, 1]], np.float32))
    plain, cased = (piece_vectors(vocabulary, vectors, weighted=False, cased=each) for each in (False, True))
    assert plain[vocabulary.ids["Ab"]].tolist() == [0, 0]
    assert cased[vocabulary.ids["Ab"]].tolist() == cased[vocabulary.ids["ab"]].tolist() == [1, 0]
    assert cased[vocabulary.ids["ד"]].tolist() == [0, 1]
