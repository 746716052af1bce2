"""Another tokenizer: tokens are matched by the text that they stand for, special ones by role."""

import pytest
from shapes import SHAPES, added, bert, byt5, clip, gpt2, llama2, llama3, make, mt5, qwen, xlm_r

from panglot.vocabulary.replacement import replacement, role_ids
from panglot.vocabulary.surface import surfaces
from panglot.vocabulary.trim_tokenizer import trim_vocabulary

BUILD = {**dict(SHAPES), "clip": clip}


@pytest.mark.parametrize("name", list(BUILD))
def test_by_itself_is_the_identity(name: str) -> None:
    vocabulary = BUILD[name]()
    assert replacement(vocabulary, vocabulary).source.tolist() == list(range(vocabulary.size))


@pytest.mark.parametrize("name", list(BUILD))
def test_by_a_trimmed_one_is_the_trimming(name: str) -> None:
    vocabulary = BUILD[name]()
    change = trim_vocabulary(vocabulary, range(0, vocabulary.size, 3))
    assert replacement(vocabulary, change.new).source.tolist() == change.source.tolist()


@pytest.mark.parametrize("one", list(BUILD))
@pytest.mark.parametrize("other", ["xlm_r", "gpt2", "llama2", "bert", "byt5"])
def test_what_is_matched_stands_for_the_same(one: str, other: str) -> None:
    change = replacement(BUILD[one](), BUILD[other]())
    before, after = surfaces(change.old), surfaces(change.new)
    known = {text for text in before if text}
    for number, source in enumerate(change.source.tolist()):
        if source == -1:
            assert after[number] not in known
        else:
            assert before[source] == after[number]
    assert set(change.added) == {number for number, each in enumerate(change.source.tolist()) if each == -1}


def test_by_hand() -> None:
    change = replacement(gpt2(), xlm_r())
    old, new = change.old, change.new
    assert change.source[new.ids["▁market"]] == old.ids["Ġmarket"]
    change = replacement(bert(), llama3())
    assert change.source[change.new.ids["Ġmarket"]] == change.old.ids["market"]
    change = replacement(llama2(), byt5())
    assert change.source[0x41 + 3] == change.old.ids.get("A", change.old.ids["<0x41>"])
    assert change.source[0xE0 + 3] == change.old.ids["<0xE0>"]


def test_special_tokens_by_role_and_not_by_text() -> None:
    change = replacement(bert(), xlm_r())
    old, new = change.old.ids, change.new.ids
    pairs = {"<s>": "[CLS]", "</s>": "[SEP]", "<pad>": "[PAD]", "<unk>": "[UNK]", "<mask>": "[MASK]"}
    assert {token: change.source[new[token]] for token in pairs} == {token: old[other] for token, other in pairs.items()}
    assert role_ids(mt5()) == {"eos": 1, "unk": 2, "pad": 0}


def test_the_same_text_in_another_role_is_not_matched() -> None:
    model = {"type": "BPE", "vocab": {"<a>": 0, "<b>": 1, "x": 2}, "merges": []}
    marks = [added(0, "<a>"), added(1, "<b>")]
    one = make(model, marks, config={"bos_token": "<a>", "eos_token": "<b>"})
    other = make(model, marks, config={"bos_token": "<b>", "pad_token": "<a>"})
    assert replacement(one, other).source.tolist() == [-1, 0, 2]


def test_chat_marks_without_a_role_go_by_their_content() -> None:
    change = replacement(qwen(), trim_vocabulary(qwen(), []).new)
    mark = "<|im_start|>"
    assert change.source[change.new.ids[mark]] == change.old.ids[mark]


def test_a_text_piece_goes_before_a_byte_piece() -> None:
    model = {
        "type": "BPE",
        "vocab": {"<unk>": 0, "<0x41>": 1, "A": 2},
        "merges": [],
        "byte_fallback": True,
        "unk_token": "<unk>",
    }
    old = make(model, [added(0, "<unk>")], config={"unk_token": "<unk>"})
    change = replacement(old, byt5())
    assert change.source[0x41 + 3] == 2
    assert change.source[2] == 0
