"""Words of every script."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.artifacts import InputError
from panglot.corpus.segmentation import back_ends, units
from panglot.corpus.segmentation.code_points import CATEGORIES, CodePoints, categories, lower_case
from panglot.corpus.segmentation.words import find_words


def words(text, **said):
    return find_words([text], **said).lists()[0]


CASES = {
    "apostrophes": ("L'été c’est rock’n’roll 'quoted' dogs’ o`zbek", "L'été c’est rock’n’roll quoted dogs o`zbek"),
    "middle dot of Catalan": ("col·legi · fi", "col·legi fi"),
    "initials": ("U.S. e.g. end.Next www.example", "U.S e.g end Next www example"),
    "numbers": ("3.14 3,14 1\u202f000 2\u00a0500 ١٢٫٥ 12. 5,a", "3.14 3,14 1\u202f000 2\u00a0500 ١٢٫٥ 12 5 a"),
    "hyphens and slashes part": ("covid-19 well‑known and/or 12/05 a:b", "covid 19 well known and or 12 05 a b"),
    "underscores": ("__init__ snake_case", "init snake_case"),
    "emoji": ("1️⃣ ❤️ 👨‍👩‍👧 👍🏽 🇸🇪 7 a", "7 a"),
    "keycap behind a digit": ("23⃣ 12", "23 12"),
    "soft hyphen and direction marks": ("a\u00adb a\u200fb ab\u200f", "a\u00adb a\u200fb ab"),
    "zero-width space": ("ទៅ\u200bណា", "ទៅ ណា"),
    "mark without a letter": ("\u0301abc x\u0301y \u0301", "abc x\u0301y"),
    "Hindi": ("मुश्किल, कर्\u200dया। दुःख", "मुश्किल कर्\u200dया दुःख"),
    "Malayalam with a joiner at the end": ("അവന്\u200d വന്നു", "അവന്\u200d വന്നു"),
    "Persian with a non-joiner": ("می\u200cروم، کتاب‌ها", "می\u200cروم کتاب‌ها"),
    "Arabic tatweel": ("العـــربية؟", "العـــربية"),
    "Hebrew": ('צה"ל, ג׳ירפה דו"חות "שלום" אב־בית', 'צה"ל ג׳ירפה דו"חות שלום אב בית'),
    "Hebrew points": ("שָׁלוֹם", "שָׁלוֹם"),
    "Armenian marks inside": ("ինչո՞ւ բարև՛։", "ինչո՞ւ բարև"),
    "Ethiopic wordspace": ("ሰላም፡ለዓለም።", "ሰላም ለዓለም"),
    "Tibetan": ("བོད་སྐད་ཡིག།", "བོད སྐད ཡིག"),
    "N'Ko": ("ߒߞߏ ߞߊ߲߫", "ߒߞߏ ߞߊ߲߫"),
    "Mongolian suffix": ("ᠮᠣᠩᠭᠣᠯ\u202fᠤᠨ", "ᠮᠣᠩᠭᠣᠯ\u202fᠤᠨ"),
    "Yoruba with free marks": ("ẹ̀kọ́ ọmọ", "ẹ̀kọ́ ọmọ"),
    "Adlam": ("𞤀𞤣𞤤𞤢𞤥", "𞤀𞤣𞤤𞤢𞤥"),
    "Thaana": ("ދިވެހި", "ދިވެހި"),
    "Han": ("漢字2020年ABC々", "漢 字 2020 年 ABC 々"),
    "iteration and variation": ("人々 葛󠄀城 𠮷野", "人々 葛󠄀 城 𠮷 野"),
    "kana": ("コーヒーを飲むらーめんABCガ", "コーヒー を 飲 むらーめん ABC ガ"),
    "Hangul beside Han": ("한국어漢字는", "한국어 漢 字 는"),
    "Thai": ("ก็ได้เก็บเปล่า สิทธิ์การ์ตูน ไทย๑๒", "ก็ ได้ เก็บ เปล่า สิ ทธิ์ การ์ ตู น ไท ย ๑๒"),
    "Thai vowels around": ("เธอเคยมียาเขียน", "เธอ เคย มี ยา เขีย น"),
    "Lao": ("ພາສາ ເຮົາ ກັນ", "ພາ ສາ ເຮົາ ກັນ"),
    "Khmer": ("ភាសាខ្មែរចាស់", "ភា សា ខ្មែ រ ចាស់"),
    "Burmese": ("မြန်မာ သတ္တဝါ အင်္ဂလိပ် နဲ့၁၂", "မြန် မာ သတ္တ ဝါ အင်္ဂ လိပ် နဲ့ ၁၂"),
    "Javanese": ("ꦧꦱꦗꦮ ꦏꦤ꧀ꦛꦶ", "ꦧ ꦱ ꦗ ꦮ ꦏ ꦤ꧀ꦛꦶ"),
    "Balinese": ("ᬩᬲᬩᬮᬶ", "ᬩ ᬲ ᬩ ᬮᬶ"),
    "Batak": ("ᯅᯖᯂ᯲", "ᯅ ᯖᯂ᯲"),
}


@pytest.mark.parametrize(("text", "wanted"), CASES.values(), ids=CASES)
def test_words(text, wanted):
    assert words(text) == wanted.split(" ")


TEXTS = st.text(
    st.one_of(
        st.sampled_from("a'’.,-_ 12\u0301\u200d\u200bกเ็้์ัཀ་કขក្ខ់ပ့်္漢ーカかא\"\u202f\u20e3\ufe0f"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=30,
)


@given(st.lists(TEXTS, max_size=6))
def test_a_text_has_the_same_words_in_any_batch(texts):
    assert find_words(texts).lists() == [words(each) for each in texts]


@given(st.lists(TEXTS, max_size=5))
def test_no_letter_digit_or_mark_on_a_letter_is_lost(texts):
    for text, found in zip(texts, find_words(texts).lists(), strict=True):
        left = "".join(found)
        if "\u20e3" in text:
            continue
        kept, inside = [], False
        for character in text:
            kind = unicodedata.category(character)[0]
            if kind in "LN" or (kind == "M" and inside):
                inside = True
                kept.append(character)
            else:
                inside = inside and character in "\u200c\u200d"
        tell = iter(left)
        assert all(any(each == other for other in tell) for each in kept)


@given(st.lists(TEXTS, max_size=5))
def test_words_lie_in_their_texts_in_order_and_apart(texts):
    found = find_words(texts)
    assert (found.starts < found.ends).all()
    assert (found.starts[1:] >= found.ends[:-1]).all()
    assert found.bounds[-1] == len(found)
    for place in range(len(texts)):
        mine = slice(found.bounds[place], found.bounds[place + 1])
        assert (found.starts[mine] >= found.points.bounds[place]).all()
        assert (found.ends[mine] <= found.points.bounds[place + 1]).all()


def slow_hash(word):
    """The formula of the docstring, in whole numbers."""
    modulus = 1 << 64

    def mix(value):
        value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) % modulus
        value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) % modulus
        return value ^ (value >> 31)

    total = sum(mix(ord(each) + 1) * pow(0x9E3779B97F4A7C15, place + 1, modulus) for place, each in enumerate(word))
    return mix(total % modulus)


@given(st.lists(TEXTS, max_size=5))
def test_hashes_are_those_of_the_formula(texts):
    found = find_words(texts)
    assert found.hashes().tolist() == [slow_hash(each) for said in found.lists() for each in said]


def test_hashes_across_blocks(monkeypatch):
    from panglot.corpus.segmentation import words as module

    texts = ["ab abc " * 9, "x" * 50, "ab ก็ " * 7]
    wanted = find_words(texts).hashes().tolist()
    monkeypatch.setattr(module, "_BLOCK", 16)
    assert find_words(texts).hashes().tolist() == wanted == [slow_hash(w) for each in find_words(texts).lists() for w in each]


def test_tables_agree_with_unicodedata():
    wanted = [unicodedata.category(chr(each)) for each in range(0x110000)]
    assert np.array(CATEGORIES)[categories()].tolist() == wanted
    assert CodePoints.of(["ÀЖԱ𐐀ßǅİ"]).lowered().texts() == ["àжա𐐨ßǆİ"]
    assert lower_case()[0x4E00] == 0x4E00


def test_lone_surrogates_and_nothing():
    assert words("a\ud800b") == ["a", "b"]
    assert find_words([]).lists() == []
    assert find_words(["", "a", ""]).lists() == [[], ["a"], []]
    assert len(find_words(["", " "]).hashes()) == 0


def test_gold_boundaries_of_thai_words_are_boundaries_of_clusters(shared):
    """No dictionary parts a cluster: at most 1 % of the boundaries that people set fall inside one."""
    import gzip

    inside = total = 0
    with gzip.open(shared / "wisesight" / "tha.words.txt.gz", "rt", encoding="utf-8") as stream:
        for line in stream:
            pieces = line.rstrip("\n").split("|")
            found = find_words(["".join(pieces)])
            bounds = set(found.starts.tolist()) | set(found.ends.tolist())
            ends = np.cumsum([len(each) for each in pieces])[:-1].tolist()
            thai = [
                end for end, left, right in zip(ends, pieces, pieces[1:], strict=False) if _thai(left[-1:]) and _thai(right[:1])
            ]
            total += len(thai)
            inside += sum(each not in bounds for each in thai)
    assert total > 10_000
    assert inside / total < 0.01


def _thai(character):
    return "\u0e01" <= character <= "\u0e3a" or "\u0e40" <= character <= "\u0e4e"


class Thirds:
    """A back-end of tests: pieces of three characters, without spaces."""

    PACKAGE, INSTALL, LANGUAGES = "numpy", "numpy", {"tha": "", "": ""}

    @staticmethod
    def cutter(language):
        return lambda text: [part for run in text.split() for part in (run[at : at + 3] for at in range(0, len(run), 3))]


def test_a_back_end_decides_inside_unspaced_scripts_only(monkeypatch):
    monkeypatch.setattr(back_ends, "_module", lambda name: Thirds)
    monkeypatch.setattr(back_ends, "_cutter", lambda name, code: Thirds.cutter(""))
    assert words("กขคงจ abcdef กขx", back_end="thirds") == ["กขค", "งจ", "abcdef", "กข", "x"]
    # a mark is never parted from its letter
    assert words("กขค\u0e38ง", back_end="thirds") == ["กขค\u0e38ง"]


def test_back_ends_say_what_is_wrong():
    with pytest.raises(InputError, match="did you mean 'jieba'"):
        find_words(["漢"], back_end="jeiba")
    with pytest.raises(InputError, match="does not know the language deu"):
        find_words(["a"], back_end="icu", language="deu_Latn")
    with pytest.raises(InputError, match="has to be told the language"):
        find_words(["a"], back_end="budoux")
    for name, installed in back_ends.back_ends().items():
        if not installed:
            language = max(back_ends._module(name).LANGUAGES)
            with pytest.raises(
                InputError, match=f"needs the package {back_ends._module(name).INSTALL}, which is not installed"
            ):
                find_words(["漢"], back_end=name, language=language)


def test_each_back_end_that_is_installed_cuts(monkeypatch):
    said = {"bod": "བོད་སྐད", "cmn": "我来到北京清华大学", "jpn": "日本語を話します", "khm": "ខ្ញុំស្រឡាញ់ភាសាខ្មែរ"}
    said |= {"kor": "나는 학교에 갔습니다", "lao": "ຂ້ອຍຮັກພາສາລາວ", "mya": "မြန်မာဘာသာစကား", "tha": "ฉันรักภาษาไทย"}
    for code, text in said.items():
        for name, installed in back_ends.back_ends(code).items():
            if installed and name != "botok":
                found = words(text, language=code, back_end=name)
                assert "".join(found) == text.replace(" ", "")
                assert len(found) > 1


def test_units_and_classes_have_room():
    assert units._pairs().shape == (32 * 32,)


def test_a_word_longer_than_a_block():
    word = "กa" * 40_000
    assert find_words(["b", "x" * 70_000, word]).hashes()[1] == slow_hash("x" * 70_000)
    assert len(find_words([word])) == 80_000
