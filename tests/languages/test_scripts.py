import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.languages.scripts import script_of, script_shares, share_in


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("ئەمە کوردییە", "Arab"),
        ("ދިވެހި ބަސް", "Thaa"),
        ("ߒߞߏ", "Nkoo"),
        ("𞤆𞤵𞤤𞤢𞤪", "Adlm"),
        ("𐴀𐴝𐴎", "Rohg"),
        ("ภาษาไทย", "Thai"),
        ("ភាសាខ្មែរ", "Khmr"),
        ("བོད་སྐད", "Tibt"),
        ("မြန်မာဘာသာ", "Mymr"),
        ("தமிழ்", "Taml"),
        ("አማርኛ", "Ethi"),
        ("日本語を話す", "Jpan"),
        ("カタカナ", "Jpan"),
        ("漢字かな交じり文", "Jpan"),
        ("대한민국(大韓民國)", "Hang"),
        ("这个汉语句子没有问题", "Hans"),
        ("這個漢語句子沒有問題", "Hant"),
        ("中文", "Hani"),
        ("ㄅㄆㄇ", "Bopo"),
        ("ᠮᠣᠩᠭᠣᠯ", "Mong"),
        ("ⵜⴰⵎⴰⵣⵉⵖⵜ", "Tfng"),
        ("hornjoserbšćina", "Latn"),
        ("hornjoserbs\u030cc\u0301ina", "Latn"),
        ("Ελληνικά", "Grek"),
        ("", None),
        ("12, 34! 😀 ́", None),
    ],
)
def test_script_of(text, script):
    assert script_of(text) == script


def test_a_chinese_text_with_one_kana_stays_chinese():
    assert script_of("這是一個很好的漢語句子沒有問題の") == "Hant"


def test_shares_by_hand():
    # 6 Latin, 2 Cyrillic and 2 Hebrew letters; the digits and blanks do not count
    assert script_shares("abcdef дд שש 123") == {"Latn": 0.6, "Cyrl": 0.2, "Hebr": 0.2}


def test_combining_marks_do_not_change_the_shares():
    assert script_shares("каки\u0301е") == script_shares("какие") == {"Cyrl": 1.0}


def test_share_in_takes_the_parts_of_a_compound_script():
    assert share_in("日本語のABC", "Jpan") == pytest.approx(4 / 7)
    assert share_in("日本語のABC", "Hani") == pytest.approx(3 / 7)
    assert share_in("한국어 漢字", "Hang") == share_in("한국어 漢字", "Kore") == 1.0
    assert share_in("汉语", "Hans") == share_in("汉语", "Hant") == 1.0
    assert share_in("Fraktur", "Latf") == 1.0
    assert share_in("ܫܠܡܐ", "Syrn") == 1.0
    assert share_in("123", "Latn") == 0.0


@given(st.text())
def test_shares_are_a_distribution(text):
    shares = script_shares(text)
    assert not shares or sum(shares.values()) == pytest.approx(1)
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
    assert script_of(text) == next(iter(shares), None)


@given(st.text(), st.sampled_from(["Jpan", "Hang", "Hans", "Latn", "Arab", "Qaaa"]))
def test_share_in_is_a_share(text, script):
    assert 0 <= share_in(text, script) <= 1
