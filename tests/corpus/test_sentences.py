"""Sentences of every script."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.corpus.segmentation.sentences import find_sentences

# One sentence a line.
CASES = {
    "danda": "यह है।\nवह है॥",
    "pipe as danda": "यह है|\nवह है|",
    "ideographic": "他說：“走吧。”\n我走了。\n真的嗎？\n好！",
    "quotation goes on": "“走吧。”，他說。",
    "Japanese": "「はい。」と言った。\n終わり！",
    "opening mark behind a stop": "他走了。\n“好的”，她說。",
    "Ethiopic": "ሰላም ነው።\nደህና፡፡\nእሺ፧",
    "Arabic and Urdu": "كيف حالك؟\nبخير.\nیہ ہے۔\nاچھا!",
    "Khmer": "នេះជា​ផ្ទះ។\nចប់៕",
    "Burmese, whose comma is no end": "မြန်မာ၊ စကား။\nကောင်းတယ်။",
    "Tibetan": "བོད་སྐད།\nཡིན་ནོ༎",
    "Armenian": "Բարև, ինչպե՞ս ես։\nԼավ եմ:\nԱյո։",
    "Greek question mark": "Τι κάνεις;\nΚαλά.",
    "Georgian, whose small letters start sentences": "ეს არის.\nის არის.",
    "N'Ko": "ߒ ߓߘߊ߫ ߣߊ߫.\nߌ ߣߌ߫ ߗߋ߫߹",
    "German closing mark": "„Halt!“\nDann ging er.",
    "quotation inside": 'He cried "Stop!" and left.\n"Now?"\nHe ran.',
    "brackets": "It was so (really!) good.\n(It was.)\nYes.",
    "numbers": "It costs 3.50 or 1,000.25 here.\nVersion 2.0 is out.",
    "initials": "J. K. Rowling met D. Trump.\nThe end.",
    "abbreviation by shape": "Herr Dr. Schmidt und Mr. Smith.\nDie Katze.",
    "ordinal": "Im 19. Jahrhundert war es so.\nDie Zeit.",
    "list": "1. Punkt eins.\n2. Punkt zwei.",
    "domain": "See example.org for more.\nThe end.",
    "ellipsis": "Well... maybe.\nOr not...\nNo.",
    "several marks": "What?!\nNo!!!\nYes.",
    "lower case only": "what is it?\nno idea.\nok",
    "line breaks": "Title without a stop\nText of it",
    "French spaces": "Vraiment\u202f?\nOui\u00a0!\nBon.",
    "Tamil initialism": "ஐ.நா. சென்றார்.\nவந்தார்.",
}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_sentences(text):
    wanted = text.split("\n")
    joint = "" if any("\u3000" <= each <= "\uffef" for each in text) or "བོད" in text else " "
    if text.startswith(("1.", "Title", "what")):
        joint = "\n"
    assert find_sentences([joint.join(wanted)]).lists() == [wanted]


def test_a_stop_behind_initials_ends_before_a_word_known_in_lower_case():
    text = "He is in the U.S. The others left, as the paper said. In the U.S. Congress met."
    assert find_sentences([text]).lists()[0] == [
        "He is in the U.S.",
        "The others left, as the paper said.",
        "In the U.S. Congress met.",
    ]


def test_abbreviations_are_learned_from_the_texts():
    text = "Der Verf. Anna schrieb. Er ging."
    assert find_sentences([text]).lists()[0][0] == "Der Verf."
    assert find_sentences([text, "Der Verf. hat, als Verf. dieses Buchs, recht."]).lists()[0][0] == "Der Verf. Anna schrieb."


def test_titles_are_learned_from_the_texts():
    text = "Here Prof. Smith spoke. He left."
    assert find_sentences([text]).lists()[0][0] == "Here Prof."
    assert find_sentences([text, text, text]).lists() == [["Here Prof. Smith spoke.", "He left."]] * 3


def test_thai_by_spaces_and_length():
    phrase = "ประโยคภาษาไทยที่ยาวพอสมควรเพื่อให้ตัดได้ตรงนี้"
    short = "สั้น มาก"
    assert find_sentences([f"{phrase} {phrase}"]).lists() == [[phrase, phrase]]
    assert find_sentences([short, f"{phrase} 25 {phrase}"]).lists() == [[short], [f"{phrase} 25 {phrase}"]]


def test_nothing():
    assert find_sentences([]).lists() == []
    assert find_sentences(["", " \n ", "a"]).lists() == [[], [], ["a"]]
    assert find_sentences(["..."]).lists() == [["..."]]


@given(st.lists(st.text(st.sampled_from("aB1 .!?…।。“”\"'()\n\u200bกข๑ʼ,;|:Աα፡"), max_size=25), max_size=5))
def test_all_ink_is_in_one_sentence(texts):
    found = find_sentences(texts)
    for text, sentences in zip(texts, found.lists(), strict=True):
        assert "".join("".join(sentences).split()).replace("\u200b", "") == "".join(text.split()).replace("\u200b", "")
    assert (found.starts < found.ends).all()
    assert (found.starts[1:] >= found.ends[:-1]).all()


@pytest.mark.parametrize(("name", "least"), [("hin", 0.97), ("arb", 0.97), ("tur", 0.97), ("deu", 0.97), ("zho_Hant", 0.97)])
def test_sentences_of_parallel_treebanks(shared, name, least):
    with gzip.open(shared / "ud_pud" / f"{name}.conllu.gz", "rt", encoding="utf-8") as stream:
        gold = [line[9:].strip() for line in stream if line.startswith("# text = ")]
    joint = "" if name.startswith("zho") else " "
    texts = [joint.join(gold[at : at + 5]) for at in range(0, len(gold), 5)]
    found = {each for said in find_sentences(texts).lists() for each in said}
    assert len(found & set(gold)) / len(set(gold)) > least


@given(st.lists(st.text(st.sampled_from("aB1 .!?…。।“”\"'()\n\u200bกข๑ʼ,;|:Աα፡"), max_size=25), max_size=5))
def test_apart_a_text_does_not_depend_on_those_beside_it(texts):
    assert find_sentences(texts, apart=True).lists() == [find_sentences([each]).lists()[0] for each in texts]


def test_a_mark_that_opens_a_text_touches_no_word_of_the_text_before_it():
    assert find_sentences(["1", ".\u200b1"]).lists() == [["1"], [".", "1"]]
    assert find_sentences(["1", "。:"]).lists()[1] == find_sentences(["。:"]).lists()[0]


def test_apart_nothing_is_learned_from_other_texts():
    texts = ["He came to Prof. Smith met him.", "the prof. is smith and smith is here"]
    assert find_sentences(texts, apart=True).lists() == [find_sentences([each]).lists()[0] for each in texts]
    others = ["They met in U.S. The law changed.", "the law"]
    assert find_sentences(others).lists()[0] != find_sentences(others, apart=True).lists()[0]
