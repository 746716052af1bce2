"""Scripts without spaces, right to left, with marks and outside the first plane come first."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.corpus.placeholders import language_only, placeholders
from panglot.corpus.scripts import letters, script_share
from panglot.corpus.text import key, regular, without_access_keys

TEXTS = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=60)


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",  # Persian: zero-width non-joiner
        "क्\u200dष",  # Hindi: zero-width joiner
        "ទំព័រ\u200bនេះ",  # Khmer: zero-width space between words
        "ދިވެހިބަސް",  # Thaana: every vowel is a mark
        "ᠮᠣᠩᠭᠣᠯ\u202fᠤᠨ",  # Mongolian: narrow no-break space before a suffix
        "กิน้ำ",
        "שָׁלוֹם",
        "𞤀𞤣𞤤𞤢𞤥",  # Adlam, four bytes a letter
        "👩\u200d👩\u200d👧",
        "text \u200fعربي",
        "Přidaj %(count)s <b>nowe</b> &amp; {x}",
    ],
)
def test_meaningful_characters_stay(text):
    assert regular(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\ufeffa\x00b\x85c\x9f", "ab c"),
        ("a\u00a0\u3000\t b\r\nc", "a b c"),
        ("re\u030cc\u030c", "rěč"),
        ("soft\u00adhyphen \u202eevil\u202c", "softhyphen evil"),
        ("ក\u200b\u200b\u200bខ\u200b", "ក\u200bខ"),
        ("plain  ascii ", "plain ascii"),
        ("line\nbreak", "line break"),
    ],
)
def test_noise_goes(text, expected):
    assert regular(text) == expected


@given(TEXTS)
def test_regular_is_idempotent_and_keeps_marks_and_letters(text):
    once = regular(text)
    assert regular(once) == once
    composed = unicodedata.normalize("NFC", text)

    def kept(said):
        return [each for each in said if unicodedata.category(each)[0] in "LM"]

    # Removing a character between two others may let them compose; compare after composing again.
    assert unicodedata.normalize("NFD", "".join(kept(once))) == unicodedata.normalize(
        "NFD", "".join(kept(unicodedata.normalize("NFC", "".join(kept(composed)))))
    )


@given(TEXTS)
def test_key_is_idempotent_and_blind_to_case(text):
    assert key(key(text)) == key(text)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Add users!", "ADD  USERS"),
        ("Add %(count)s users", "Add {n} users"),
        ("<b>Save</b> it", "save it…"),
        ("ﬁle 12", "FILE 7"),
        ("می\u200cروم", "می روم"),
        ("Straße", "STRASSE"),
    ],
)
def test_equal_keys(first, second):
    assert key(first) == key(second) != ""


@pytest.mark.parametrize(("first", "second"), [("กิน", "กน"), ("ދި", "ދު"), ("שָׁלוֹם", "שלום"), ("rěč", "rec"), ("कि", "की")])
def test_marks_make_different_keys(first, second):
    assert key(first) != key(second)


@pytest.mark.parametrize("text", ["", "123 %s", "…", "{count}", "😀"])
def test_nothing_to_compare_has_an_empty_key(text):
    assert key(text) == ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("%(name)s and %(name)s", {"%(name)s"}),
        ("%d/%s %1$s %.2f %%", {"%d", "%s", "%1$s", "%.2f"}),
        ("{} {0} {count:,} {{ user.name }} ${x}", {"{}", "{0}", "{count:,}", "{{user.name}}", "${x}"}),
        ("%sنى تاللاش", {"%s"}),
        ("100%de rabais, 50 % discount, 5% sale", set()),
        ("{not a placeholder}", set()),
        ("%(ဦး)s", {"%(ဦး)s"}),
    ],
)
def test_placeholders(text, found):
    assert placeholders(text) == found


def test_language_only_takes_out_what_is_no_language():
    text = '<a href="%(url)s">Stronu</a> &quot;{x}&quot; https://example.org/a?b=c wočinić'
    assert " ".join(language_only(text).split()) == "Stronu wočinić"


@pytest.mark.parametrize(
    ("text", "script", "share"),
    [
        ("ދިވެހި", "Thaa", 1.0),
        ("日本語のテキストー", "Jpan", 1.0),
        ("한국어 漢字", "Kore", 1.0),
        ("简体中文", "Hans", 1.0),
        ("简体中文", "Jpan", 1.0),
        ("كوردی", "Aran", 1.0),
        ("abc где", "Cyrl", 0.5),
        ("123", "Thai", 1.0),
        ("Latin only", "Khmr", 0.0),
        ("whatever", "Zzzz", 0.0),
    ],
)
def test_script_share(text, script, share):
    found = script_share(text, script)
    assert found == share or (script == "Zzzz" and 0 <= found <= 1)


def test_letters_counts_four_byte_letters_once():
    assert letters("𞤀𞤣1 👍") == 2


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("&File", "&Dataja", ("File", "Dataja")),
        ("Save &As", "Składować &jako", ("Save As", "Składować jako")),
        ("E&xit", "S&kónčić", ("Exit", "Skónčić")),
        ("_Open", "ផ្លូវ(_O)", ("Open", "ផ្លូវ")),
        ("R&D", "R&D", ("R&D", "R&D")),
        ("Q&A page", "Q&A strona", ("Q&A page", "Q&A strona")),
        ("a & b", "a & b", ("a & b", "a & b")),
        ("snake_Case", "had_Case", ("snake_Case", "had_Case")),
        ("&amp;x", "&amp;y", ("&amp;x", "&amp;y")),
        ("&File", "Dataja", ("&File", "Dataja")),
        ("&A &B", "&C &D", ("&A &B", "&C &D")),
        ("%(a_b)s _x", "%(a_b)s _y", ("%(a_b)s _x", "%(a_b)s _y")),
    ],
)
def test_access_keys_go_only_from_both_sides(first, second, expected):
    assert without_access_keys(first, second) == expected
