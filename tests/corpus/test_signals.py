"""Signals: cases by hand, a second implementation in plain Python, the defects of other implementations."""

import math
import unicodedata
from collections import Counter

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from panglot.corpus.segmentation.code_points import CodePoints
from panglot.corpus.segmentation.words import find_words
from panglot.corpus.signals import GROUPS, SIGNALS, columns, measure, signals_of
from panglot.corpus.signals.hashing import StretchHashes, earlier, hashes_of, repeated

STOP_WORDS = ["na", "ка", "और", "ไป", "a"]
CLOSERS = "\"'`’”»«“‘„›‹*_"
BULLETS = "•-‣◦▪●■–*·"
# pieces that make repetition, lines, sentences and damage likely, in scripts of all sorts
WORD_PIECES = ["na", "ка", "और", "ไป", "漢字", "हिन्दी", "שלום", "مرحبا", "ދިވެހި", "a", "B", "Ünï", "x1", "12", "𝔘𞤀", "မြန်မာ"]
DAMAGED_PIECES = ["É»", "Ã©", "à¤®", "aaaa", "JavaScript", "lorem ipsum", "\x00", "\ufffd", "\ud800", "\u200d", "\x85", "\x1c"]
MARK_PIECES = ["•", "...", "…", ".", "!", "。", "।", "؟", ")", "”", "»", "#", "{", "|", "(", "/", " - "]
SPACE_PIECES = [" ", " ", " ", "\n", "\n\n", "\r\n", "\t", "\u2028", "\u3000"]
PIECES = st.sampled_from([*WORD_PIECES, *MARK_PIECES, *SPACE_PIECES, *DAMAGED_PIECES])
MIXED = st.lists(PIECES, max_size=60).map("".join)
REPETITIVE = st.tuples(st.lists(PIECES, max_size=12).map("".join), st.integers(2, 8), st.sampled_from(["", " ", "\n"]))
TEXTS = st.lists(st.one_of(MIXED, REPETITIVE.map(lambda each: (each[0] + each[2]) * each[1]), st.text(max_size=40)), max_size=6)


def test_every_signal_is_measured_and_in_the_order_of_the_table():
    found = signals_of(["a"])
    assert list(found) == columns() == [name for name in SIGNALS if name != "bits_per_byte"]
    assert {name for name, each in found.items() if each.dtype == np.int32} == {n for n, s in SIGNALS.items() if s.whole}
    assert list(signals_of(["a"], groups=("c4",))) == columns(("c4",))
    assert {each.group for each in SIGNALS.values()} == {*GROUPS, "language_model"}


@given(TEXTS)
@settings(max_examples=150)
def test_agrees_with_a_second_implementation(texts):
    found = signals_of(texts, "hin_Deva", stop_words=STOP_WORDS)
    lists = find_words(texts).lists()
    for place, (text, words) in enumerate(zip(texts, lists, strict=True)):
        for name, expected in oracle(text, words).items():
            value = float(found[name][place])
            assert value == pytest.approx(expected, abs=1e-6, nan_ok=True), (name, text, words)


@given(TEXTS)
@settings(max_examples=60)
def test_a_text_has_the_same_signals_in_any_batch(texts):
    together = signals_of(texts, "hin_Deva", stop_words=STOP_WORDS)
    alone = [signals_of([each], "hin_Deva", stop_words=STOP_WORDS) for each in texts]
    for name, each in together.items():
        np.testing.assert_array_equal(each, np.concatenate([one[name] for one in alone]) if texts else each, err_msg=name)


@pytest.mark.parametrize("size", [1, 7, 50])
def test_batches_of_any_size_give_the_same(monkeypatch, size):
    texts = ["na na. ка", "", "हिन्दी\nहिन्दी", "漢字。漢字。" * 30, "x" * 60, "a b c d e f g " * 9]
    whole = signals_of(texts, stop_words=STOP_WORDS)
    monkeypatch.setattr(measure, "BATCH_CHARACTERS", size)
    for name, each in signals_of(texts, stop_words=STOP_WORDS).items():
        np.testing.assert_array_equal(each, whole[name], err_msg=name)


@given(TEXTS)
@settings(max_examples=60)
def test_values_are_in_the_range_of_the_table(texts):
    for name, each in signals_of(texts, "und", stop_words=STOP_WORDS).items():
        known = each[~np.isnan(each)]
        signal = SIGNALS[name]
        assert (known >= signal.low).all() and (signal.high is None or (known <= signal.high).all()), name


@pytest.mark.parametrize("text", ["", " ", "\n", "\x00", "\ud800", "a", "ก", "।", "...", "\u200b", "\r\n\r\n"])
def test_a_text_of_nearly_nothing_has_all_signals(text):
    # others divide by the number of characters, lines or words
    for name, each in signals_of([text], "eng_Latn", stop_words=STOP_WORDS).items():
        assert len(each) == 1 and not math.isinf(each[0]), name


def test_a_million_closing_marks_are_no_loop():
    texts = ["。" + "”" * 1_000_000, ("”" * 1000 + "\n") * 300]
    found = signals_of(texts, groups=("fineweb", "madlad"))
    assert found["punctuated_line_share"].tolist() == [1, 0] and found["sentences"].tolist() == [1, 300]


def test_of_a_very_long_text_the_beginning_is_measured(monkeypatch):
    monkeypatch.setattr(measure, "LONGEST", 12)
    found = signals_of(["na na na na na na na", "na na"], groups=("size",))
    assert found["characters"].tolist() == [20, 5] and found["words"].tolist() == [4, 2]


def test_nothing_is_read_of_the_text_before():
    # a line that is a full stop, behind a text that ends with two
    found = signals_of(["..", ".", "”", "a."], groups=("gopher_quality", "fineweb", "size"))
    assert found["ellipsis_line_share"].tolist() == [0, 0, 0, 0] and found["longest_run"].tolist() == [2, 1, 1, 1]
    assert found["punctuated_line_share"].tolist() == [1, 1, 0, 1]


def test_no_text_at_all():
    assert all(len(each) == 0 for each in signals_of([]).values())


def test_terminals_of_all_scripts_end_lines():
    # others know . ? ! " ' only
    lines = [
        "Это так.",
        "यह सच है।",
        "这是真的。",
        "هل هذا صحيح؟",
        "ይህ እውነት ነው።",
        "これは本当です！",
        "Սա ճիշտ է։",
        "နေကောင်းလား။",
    ]
    found = signals_of(lines, groups=("fineweb", "c4"))
    assert found["punctuated_line_share"].tolist() == [1] * len(lines)
    assert signals_of(["यह सच है", "这是真的"], groups=("fineweb",))["punctuated_line_share"].tolist() == [0, 0]


def test_closing_quotation_marks_and_brackets_stand_behind_the_terminal():
    lines = ["«Так.»", "“Go!”", "（是的。）", "(no)", "”"]
    assert signals_of(lines, groups=("fineweb",))["punctuated_line_share"].tolist() == [1, 1, 1, 0, 0]


def test_vowel_signs_and_joiners_are_no_special_characters():
    # ROOTS counts Indic vowel signs as special
    found = signals_of(["हिन्दी में", "বাংলা ভাষা", "می‌روم", "กำลัง", "a-b!"], groups=("roots",))
    assert found["special_characters"].tolist() == [0, 0, 0, 0, 0.5]


def test_a_short_text_is_not_repetitive_because_it_is_short():
    # elsewhere the 4-gram that stands in a text once makes up too much of it
    found = signals_of(["Das ist gut so."], groups=("gopher_repetition",))
    assert found["top_4_gram_characters"][0] == 0 == found["top_2_gram_characters"][0]


def test_duplicate_grams_by_hand():
    # a b c d e | a b c d e: the second five words are one duplicate 5-gram of 5 characters in a text of 19
    found = signals_of(["a b c d e a b c d e"], groups=("gopher_repetition", "roots"))
    assert found["duplicate_5_gram_characters"][0] == pytest.approx(5 / 19)
    assert found["duplicate_6_gram_characters"][0] == 0
    assert found["top_2_gram_characters"][0] == pytest.approx(3 * 2 / 19)
    assert found["word_repetition"][0] == pytest.approx(2 / 6)
    # 10-grams of characters: 10 of them; only "a b c d e " … are unlike: nothing repeats but "a b c d e" (9 characters)
    assert found["character_repetition"][0] == 0


def test_character_repetition_by_hand():
    # "abab…" of 20 characters: 11 grams, two different ones, 6 and 5 times; the top min(int(√2), 2) = 1 is taken
    assert signals_of(["ab" * 10], groups=("roots",))["character_repetition"][0] == pytest.approx(6 / 11)


def test_lists_are_of_the_language_and_without_one_nothing_is_said():
    found = signals_of(["на и ка", ""], groups=("gopher_quality", "roots", "c4"))
    assert np.isnan(found["stop_word_share"]).all() and np.isnan(found["flagged_word_share"]).all()
    assert np.isnan(found["policy_line_share"]).all()
    found = signals_of(["на и ка ка", ""], stop_words=["ка", "и"], policies=["на и"], groups=("gopher_quality", "roots", "c4"))
    assert found["stop_word_share"].tolist() == [0.75, 0] and found["stop_words_present"].tolist() == [2, 0]
    assert found["policy_line_share"].tolist() == [1, 0]


def test_list_case_is_asked_of_cased_scripts_only():
    names = "Anna Bert Carl Dora Emil Fred Gina Hans Ida Jan Karl Lina und mehr"
    digits = "१ २ ३ ४ ५ ६ ७ ८ ९ १० ११ १२ १३ कखग"
    found = signals_of([names, names.lower(), digits], groups=("madlad",))
    assert found["questionable_sentence_share"].tolist() == [1, 0, 0]


def test_sentences_of_spaced_and_unspaced_scripts():
    texts = ["One. Two! (Three?) 3.5 four", "一。二！三", "एक। दो। तीन", "“一。”二", "a\nb"]
    assert signals_of(texts, groups=("madlad",))["sentences"].tolist() == [4, 3, 3, 2, 2]
    assert signals_of(["。", ")na", "“。”。x"], groups=("madlad",))["sentences"].tolist() == [1, 1, 2]


def test_mojibake_is_told_from_the_letters_that_it_is_made_of():
    clean = ["déjà vu à la carte", "São João não é", "«Où?» — “là”", "Đây là tiếng Việt", "ÉCOLE »", "İstanbul'da güneş"]
    damaged = [each.encode().decode(code) for each in ("привет мир", "यह सच", "Привет") for code in ("latin-1",)]
    found = signals_of(clean + damaged, groups=("damage",))["mojibake_share"]
    assert (found[: len(clean)] == 0).all() and (found[len(clean) :] > 0.8).all()


def test_script_share_takes_the_scripts_of_the_tag():
    texts = ["日本語です", "latin", "123"]
    assert signals_of(texts, "jpn_Jpan", groups=("damage",))["script_share"].tolist()[:2] == [1, 0]
    assert np.isnan(signals_of(texts, "jpn_Jpan", groups=("damage",))["script_share"][2])
    assert np.isnan(signals_of(texts, "und", groups=("damage",))["script_share"]).all()


def test_hashes_are_those_of_words_and_of_lists():
    words = find_words(["na ка हिन्दी", "漢字 na"])
    found = StretchHashes.of(words.points)(words.starts, words.ends)
    assert found.tolist() == words.hashes().tolist() == hashes_of([each for some in words.lists() for each in some]).tolist()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=60))
def test_repeated_against_a_dictionary(items):
    items = sorted(items, key=lambda each: each[0])
    texts = np.array([text for text, _ in items], dtype=np.int64)
    hashes = np.array([value for _, value in items], dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(1)
    places, groups = repeated(hashes, texts)
    counts = Counter(items)
    assert sorted(places.tolist()) == [place for place, each in enumerate(items) if counts[each] > 1]
    keys = {group: items[place] for place, group in zip(places.tolist(), groups.tolist(), strict=True)}
    assert len(set(keys.values())) == len(keys) and [items[p] for p in places.tolist()] == [keys[g] for g in groups.tolist()]
    seen: set[tuple[int, int]] = set()
    assert earlier(hashes, texts).tolist() == [each in seen or seen.add(each) is not None for each in items]


def test_windows_do_not_reach_into_the_next_text():
    apart = signals_of(["abcdefghij", "abcdefghij"], groups=("roots", "gopher_repetition"))
    assert apart["character_repetition"].tolist() == [0, 0] and apart["duplicate_line_share"].tolist() == [0, 0]
    assert CodePoints.of(["a"]).codes.tolist() == [97]


OPTIONAL = regex.compile(
    "[\\u0591-\\u05bd\\u05bf\\u05c1\\u05c2\\u05c4\\u05c5\\u05c7\\u0610-\\u061a\\u0640\\u064b-\\u0652\\u0670"
    "\\u06d6-\\u06dc\\u06df-\\u06e4\\u06e7\\u06e8\\u06ea-\\u06ed\\u0730-\\u074a\\u08d4-\\u08e1\\u08f0-\\u08f2]"
)


def test_vowel_marks_that_may_be_left_out_make_no_word_longer():
    for plain, marked in (("كتب الولد", "كَتَبَ ٱلْوَلَدُ"), ("שלום עולם", "שָׁלוֹם עוֹלָם")):
        bare, full = (signals_of([each], groups=("size",)) for each in (plain, marked))
        for name in ("mean_word_length", "median_word_length", "longest_word"):
            assert bare[name].tolist() == full[name].tolist()
    assert signals_of(["các"], groups=("size",))["longest_word"].tolist() == [3]


def oracle(text: str, words: list[str]) -> dict[str, float]:
    """The same signals in plain Python."""
    lines = [each.strip() for each in split_lines(text)]
    held = [each for each in lines if each]
    found: dict[str, float] = {"characters": len(text), "words": len(words), "lines": len(held)}
    lengths = sorted(sum(not OPTIONAL.match(each) for each in word) for word in words)
    found["mean_word_length"] = sum(lengths) / len(words) if words else math.nan
    found["median_word_length"] = (lengths[(len(lengths) - 1) // 2] + lengths[len(lengths) // 2]) / 2 if lengths else math.nan
    found["longest_word"] = max(lengths, default=0)
    found["longest_run"] = max(
        (len(m[0]) for m in regex.finditer(r"(.)\1*", text, regex.S) if not is_space(m[0][0])), default=0
    )
    found["hashes_per_word"] = ratio(text.count("#"), len(words))
    found["ellipses_per_word"] = ratio(text.count("...") + text.count("…"), len(words))
    found["bullet_line_share"] = ratio(sum(each[0] in BULLETS for each in held), len(held))
    found["ellipsis_line_share"] = ratio(sum(each.endswith(("...", "…")) for each in held), len(held))
    found["alphabetic_word_share"] = ratio(sum(any(map(str.isalpha, each)) for each in words), len(words))
    found["stop_words_present"] = len(set(words) & set(STOP_WORDS))
    found["stop_word_share"] = ratio(sum(each in STOP_WORDS for each in words), len(words))
    again = duplicates(held)
    found["duplicate_line_share"] = ratio(len(again), len(held))
    found["duplicate_line_characters"] = ratio(sum(map(len, again)), len(text))
    found["repeated_line_characters"] = ratio(sum(map(len, again)), len(text) - newlines(text))
    paragraphs = split_paragraphs(text)
    again = duplicates(paragraphs)
    found["paragraphs"] = len(paragraphs)
    found["duplicate_paragraph_share"] = ratio(len(again), len(paragraphs))
    found["duplicate_paragraph_characters"] = ratio(sum(map(len, again)), len(text))
    for n in (2, 3, 4):
        grams = [" ".join(words[i : i + n]) for i in range(len(words) - n + 1)]
        top = [each for each in Counter(grams).most_common(1) if each[1] > 1]
        found[f"top_{n}_gram_characters"] = ratio(len(top[0][0]) * top[0][1], len(text)) if top else 0
    for n in range(5, 11):
        met: set[tuple[str, ...]] = set()
        place, size = 0, 0
        while place < len(words) - n + 1:
            gram = tuple(words[place : place + n])
            if gram in met:
                size += sum(map(len, gram))
                place += n
            else:
                met.add(gram)
                place += 1
        found[f"duplicate_{n}_gram_characters"] = ratio(size, len(text))
    ended = [ends(each) for each in held]
    found["punctuated_line_share"] = ratio(sum(ended), len(held))
    found["short_line_share"] = ratio(sum(len(each) <= 30 for each in held), len(held))
    found["newlines_per_word"] = ratio(newlines(text), len(words))
    found["curly_brackets"] = text.count("{")
    found["lorem_ipsum"] = len(regex.findall("lorem ipsum", text, regex.I | regex.A))
    scripts = [regex.search("javascript", each, regex.I | regex.A) is not None for each in held]
    found["javascript_line_share"] = ratio(sum(scripts), len(held))
    kept = [
        end and not each.endswith(("...", "…")) and len(find_words([each])) >= 3 and not script
        for each, end, script in zip(held, ended, scripts, strict=True)
    ]
    found["c4_line_share"] = ratio(sum(kept), len(held))
    grams10 = Counter(text[i : i + 10] for i in range(len(text) - 9))
    often = sorted(grams10.values(), reverse=True)
    taken = min(int(math.sqrt(len(often))), sum(each > 1 for each in often))
    found["character_repetition"] = ratio(sum(often[:taken]), sum(often))
    grams5 = Counter(tuple(words[i : i + 5]) for i in range(len(words) - 4))
    found["word_repetition"] = ratio(sum(each for each in grams5.values() if each > 1), grams5.total())
    plain = sum(unicodedata.category(each)[0] in "LMZ" or unicodedata.category(each) == "Cf" or each.isspace() for each in text)
    found["special_characters"] = ratio(len(text) - plain, len(text))
    bare = [tuple(find_words([each]).lists()[0]) for each in held]
    bare = [each for each in bare if each]
    found["duplicate_bare_line_share"] = ratio(len(duplicates(bare)), len(bare))
    found["technical_characters"] = ratio(sum(each in "0123456789{}+/()>" for each in text), len(text))
    letters = [each for each in text if each.isalpha()]
    found["script_share"] = (
        ratio(len(regex.findall(r"[\p{L}&&\p{scx=Deva}]", text, regex.V1)), len(letters)) if letters else math.nan
    )
    found["digit_share"] = ratio(sum(unicodedata.category(each) == "Nd" for each in text), len(text))
    found["punctuation_share"] = ratio(sum(unicodedata.category(each)[0] == "P" for each in text), len(text))
    found["whitespace_share"] = ratio(sum(map(is_space, text)), len(text))
    upper = sum(unicodedata.category(each) in ("Lu", "Lt") for each in text)
    cased = upper + sum(unicodedata.category(each) == "Ll" for each in text)
    found["uppercase_share"] = upper / cased if cased else math.nan
    found["replacement_characters"] = text.count("\ufffd")
    found["control_characters"] = sum(unicodedata.category(each) in ("Cc", "Cs") and not each.isspace() for each in text)
    tables = [
        len(regex.findall(r"\s{2,}|\t|\|", each)) >= 2 or 2 * sum(map(is_digit, each)) > sum(not is_space(c) for c in each)
        for each in held
    ]
    found["tabular_line_share"] = ratio(sum(tables), len(held))
    return found


def ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0


def is_space(character: str) -> bool:
    return character.isspace() or unicodedata.category(character)[0] == "Z"


def is_digit(character: str) -> bool:
    return unicodedata.category(character) == "Nd"


def split_lines(text: str) -> list[str]:
    return text.splitlines()


def newlines(text: str) -> int:
    return len((text + "|").splitlines()) - 1


def split_paragraphs(text: str) -> list[str]:
    blocks: list[list[str]] = [[]]
    for line in text.splitlines(keepends=True):
        if line.strip():
            blocks[-1].append(line)
        else:
            blocks.append([])
    return ["".join(each).strip() for each in blocks if each]


def duplicates(items):
    seen, again = set(), []
    for each in items:
        if each in seen:
            again.append(each)
        seen.add(each)
    return again


def ends(line: str) -> bool:
    while line and not regex.match(r"[\p{STerm}…།༎\u037e]", line[-1]):
        if line[-1] not in CLOSERS and unicodedata.category(line[-1]) not in ("Pe", "Pf"):
            return False
        line = line[:-1]
    return bool(line)


def test_sentences_with_a_bar_for_a_full_stop_are_no_table():
    sentence = "यह एक लंबा वाक्य है जिसमें कई शब्द हैं और जो किसी तालिका का खाना नहीं हो सकता है"
    found = signals_of(
        [f"{sentence} | {sentence} | {sentence} |", "नाम | आयु | नगर", "नाम  आयु  नगर", f"{sentence}  {sentence}  {sentence}"],
        "hin_Deva",
    )
    assert found["tabular_line_share"].tolist() == [0, 1, 1, 0]


def test_without_a_list_nothing_is_said_of_stop_words():
    assert np.isnan(signals_of(["one two"], "eng_Latn")["stop_words_present"]).all()
    assert signals_of(["one two"], "eng_Latn", stop_words=["the"])["stop_words_present"].tolist() == [0]
