"""The normal form of texts: what it makes equal, and what it must not."""

import csv
import gzip
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panglot.corpus.duplicates.folding import SEPARATOR
from panglot.corpus.duplicates.normal_form import NormalForm, batches
from panglot.corpus.duplicates.shingles import shingles, whole_hashes, windows


def normal(*texts):
    return NormalForm.of(list(texts)).texts()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("กิน ข้าว", "กินข้าว"),
        ("ข้าว ABC ข้าว", "ข้าว abc ข้าว"),
        ("日本 語、テスト。", "日本語テスト"),
        ("ﾃﾞｰﾀ", unicodedata.normalize("NFKD", "データ")),
        ("မြန်မာ", "မြန်မာ"),
        ("हिन्दी में १२३", "हिन्दी में 123"),
        ("مُحَمَّدٌ ـــ كِتَابٌ", "محمد كتاب"),
        ("شَدَّة", "شدة"),
        ("שָׁלוֹם", "שלום"),
        ("می\u200cشود", "میشود"),
        ("ọ̀rọ̀ Yorùbá", unicodedata.normalize("NFD", "ọ̀rọ̀ yorùbá")),
        ("tiếng Việt", unicodedata.normalize("NFD", "tiếng việt")),
        ("ﬁne ²³ Ⅳ ½", "fine 23 iv 1 2"),
        ("ΟΔΟΣ οδός", unicodedata.normalize("NFD", "οδοσ οδόσ")),
        ("L’été c'est `o´", unicodedata.normalize("NFD", "lʼété cʼest o")),
        ("'quoted' rock'n'roll", "quoted rockʼnʼroll"),
        ("\u1112\u1161\u11ab\uae00", "한글"),
        ("ㅋㅋㅋ ﾡ", "ㅋㅋㅋ ㄱ"),
        ("a\u00adb c\u200bd", "ab c d"),
        ("👍🏽 ok ✓", "ok"),
        ("col·lecció", unicodedata.normalize("NFD", "col lecció")),
        ("𞤀𞤣𞤤𞤢𞤥 𐐀", "𞤢𞤣𞤤𞤢𞤥 𐐨"),
        ("", ""),
        ("?!… 。", ""),
    ],
)
def test_by_hand(text, wanted):
    assert normal(text) == [wanted]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ma má mà mả mã mạ", "ma ma ma ma ma ma"),  # Vietnamese: tones are letters
        ("ọkọ́ ọkọ̀ ọkọ", "ọkọ ọkọ ọkọ"),  # Yoruba
        ("कि की", "क क"),
        ("ข่าว", "ข้าว"),  # Thai: news, rice
        ("မာ", "မ"),
        ("أب", "اب"),  # the hamza is no vowel
        ("كٲشُر", "كاشر"),  # Kashmiri writes a vowel with U+0672
        ("ދި", "ދ"),  # Thaana vowels are not optional
        ("ߞߊ߲", "ߞߊ"),
        ("o'zbek", "ozbek"),
        ("ıı", "ii"),
        ("かき", "がき"),
        ("é", "e"),
    ],
)
def test_different_words_stay_different(one, other):
    assert normal(one) != normal(other)


ALPHABETS = "aéÀßİıΣς ʼ'’.-1१๓٣กิข้งာြမ日本ガがﾞー한\u1112\u1161\u11abㅎأبُـشְּ\u0301\u0323\u200d\u200b\u00ad½ﬁ\U0001f44d\U0001e922゙́\n"


@settings(max_examples=400)
@given(st.one_of(st.text(max_size=30), st.text(ALPHABETS, max_size=20)))
def test_idempotent(text):
    once = normal(text)
    assert normal(*once) == once


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=30), st.text(ALPHABETS, max_size=20)), st.sampled_from(["NFC", "NFD"]))
def test_canonical_equivalents_are_one(text, form):
    if any(0xD800 <= ord(each) < 0xE000 for each in text):
        return
    assert normal(unicodedata.normalize(form, text)) == normal(text)


@settings(max_examples=150)
@given(st.lists(st.text(ALPHABETS, max_size=12), max_size=8))
def test_texts_do_not_touch_each_other(texts):
    together = NormalForm.of(texts)
    assert together.texts() == [each for text in texts for each in normal(text)]
    tokens, alone = together.tokens(), [NormalForm.of([text]).tokens() for text in texts]
    assert tokens.hashes.tolist() == [each for one in alone for each in one.hashes.tolist()]
    assert tokens.counts.tolist() == [len(one.hashes) for one in alone]
    found = shingles(texts)
    assert found.hashes.tolist() == [each for text in texts for each in shingles([text]).hashes.tolist()]
    whole, _ = whole_hashes(texts)
    assert np.array_equal(whole, np.array([whole_hashes([text])[0][0] for text in texts], dtype=np.uint64).reshape(-1, 2))


@settings(max_examples=150)
@given(st.text(ALPHABETS, max_size=30))
def test_hashes_say_what_the_text_says(text):
    """Equal normal forms and equal hashes are the same thing; the second text is the first one put together again."""
    if normal(text) == [""]:
        return
    first, _ = whole_hashes([text])
    second, _ = whole_hashes(normal(text))
    assert np.array_equal(first, second)
    changed, _ = whole_hashes([text + " zusatz"])
    assert not (first == changed).any()


def test_windows_by_script():
    assert windows(5).tolist() == [0, 5, 8, 20]
    thai, chinese, english = "ก" * 25, "日" * 9 + "本", "one two three four five six seven"
    assert np.diff(shingles([thai, chinese, english]).bounds).tolist() == [6, 3, 3]


def test_short_documents_have_a_shingle():
    texts = ["ok", "กิน", "日本", "one two", "", "!", "?"]
    found = shingles(texts)
    assert np.diff(found.bounds).tolist() == [1] * len(texts)
    assert len(set(found.hashes.tolist())) == len(texts), "documents without a word are told apart by their bytes"


def test_batches_hold_every_text_once():
    texts = ["a" * each for each in (0, 5, 100, 3, 3, 0, 50)]
    found = list(batches(texts, characters=10))
    assert [text for _, some in found for text in some] == texts
    assert all(sum(map(len, some)) <= 10 or len(some) == 1 for _, some in found)


def test_lone_surrogates_and_controls_are_no_words():
    assert normal("a\ud800b\x00c") == ["a b c"]
    assert (NormalForm.of(["\ud800"]).kinds == SEPARATOR).all()


def word_types(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as stream:
        rows = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        words = {word for row in rows for word in unicodedata.normalize("NFC", row["text"].lower()).split()}
    stripped = {word.strip("".join({c for c in word if unicodedata.category(c)[0] in "PSZ"})) for word in words}
    return sorted(stripped - {""})


def merged(words, fold):
    return 1 - len({fold(each) for each in words}) / len(words)


@pytest.mark.parametrize("tag", ["vie_Latn", "yor_Latn", "hin_Deva", "eng_Latn", "tel_Telu", "mya_Mymr", "tha_Thai"])
def test_few_word_types_are_merged(shared, tag):
    path = shared / "sib200" / f"{tag}.tsv.gz"
    if not path.is_file():
        pytest.skip(f"no {tag} in the data")
    words = word_types(path)
    form = dict(zip(words, normal(*words), strict=True))
    assert merged(words, form.__getitem__) <= 0.01

    def without_marks(word):
        said = unicodedata.normalize("NFD", word)
        return "".join(each for each in said if unicodedata.category(each) != "Mn")

    if tag in ("vie_Latn", "yor_Latn", "hin_Deva"):
        assert merged(words, without_marks) > 0.05, "what stripping all Mn marks does"
