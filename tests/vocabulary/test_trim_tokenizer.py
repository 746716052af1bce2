"""Trimming: text whose tokens all survive is cut as before, merges stay closed, ids stay true."""

import json
import random
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import SHAPES, TEXTS, added, byt5, clip, gpt2, llama3, make, xlm_r
from text_strategy import HARD, known_texts, texts
from transformers import AutoTokenizer

from panglot.artifacts import InputError, step_folder
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.languages import Language
from panglot.vocabulary.added_tokens import check_ids
from panglot.vocabulary.closure import always, closed, merges_of
from panglot.vocabulary.pieces import choose_pieces, in_scripts, pieces_in, unknown_share
from panglot.vocabulary.rows import Change
from panglot.vocabulary.surface import surfaces, unknown_id
from panglot.vocabulary.tokenizer import Tokenizer
from panglot.vocabulary.trim_tokenizer import trim_tokenizer, trim_vocabulary
from panglot.vocabulary.vocabulary import Vocabulary

BUILD = {**dict(SHAPES), "clip": clip}
NAMES = list(BUILD)
EVERY = pytest.mark.parametrize("name", NAMES)


@cache
def shape(name: str) -> Vocabulary:
    return BUILD[name]()


def kept_by(vocabulary: Vocabulary, kept: list[str]) -> set[int]:
    return {each for ids in vocabulary.encode(kept) for each in ids}


def check_same_where_all_survive(change: Change, found: list[str]) -> int:
    """How many of the texts survive whole."""
    surviving, unknown = set(change.source.tolist()), unknown_id(change.old)
    whole = 0
    for specials in (False, True):
        before, after = (each.encode(found, specials=specials) for each in (change.old, change.new))
        for text, old, new in zip(found, before, after, strict=True):
            # a word that WordPiece could not write may become writable; see trim_vocabulary
            if not set(old) <= surviving or (change.old.family == "wordpiece" and unknown in old):
                continue
            whole += 1
            assert change.source[np.asarray(new, np.int64)].tolist() == old, text
    return whole


def check_whole(change: Change) -> None:
    old, new = change.old, change.new
    check_ids(new)
    assert [new.tokens[index] for index in range(new.size)] == [old.tokens[each] for each in change.source]
    assert (np.diff(change.source) > 0).all()
    assert {old.tokens[each] for each in old.added} == {new.tokens[each] for each in new.added}
    assert set(always(old)) <= set(change.source.tolist())
    if "merges" in new.model:
        pieces, inner = set(new.model["vocab"]), len(new.model.get("continuing_subword_prefix") or "")
        assert all({left, right, left + right[inner:]} <= pieces for left, right in merges_of(new))
        left = iter(merges_of(old))
        assert all(each in left for each in merges_of(new)), "merges keep their order"


@EVERY
@settings(max_examples=20, deadline=None)
@given(kept=st.lists(known_texts(), min_size=1, max_size=4), others=st.lists(texts(), max_size=6))
def test_text_whose_tokens_survive_is_cut_as_before(name: str, kept: list[str], others: list[str]) -> None:
    vocabulary = shape(name)
    change = trim_vocabulary(vocabulary, kept_by(vocabulary, kept))
    check_whole(change)
    assert check_same_where_all_survive(change, [*kept, *others]) > 0 or name == "bert"


@EVERY
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0.05, 0.95), found=st.lists(texts(), max_size=6))
def test_any_pieces_may_be_kept(name: str, seed: int, share: float, found: list[str]) -> None:
    vocabulary = shape(name)
    ids = [number for number, token in enumerate(vocabulary.tokens) if token is not None]
    keep = random.Random(seed).sample(ids, round(share * len(ids)))
    change = trim_vocabulary(vocabulary, keep)
    check_whole(change)
    assert set(keep) <= set(change.source.tolist())
    check_same_where_all_survive(change, [*found, *HARD, *TEXTS])


@EVERY
def test_trimming_by_nothing_is_the_identity(name: str) -> None:
    vocabulary = shape(name)
    change = trim_vocabulary(vocabulary, [number for number, token in enumerate(vocabulary.tokens) if token is not None])
    assert (change.new, change.dropped) == (vocabulary, [])
    assert change.source.tolist() == list(range(vocabulary.size))


@EVERY
def test_trimming_again_by_what_was_kept_changes_nothing(name: str) -> None:
    once = trim_vocabulary(shape(name), kept_by(shape(name), TEXTS[:3])).new
    assert trim_vocabulary(once, range(once.size)).new == once
    assert trim_vocabulary(once, kept_by(once, TEXTS[:3])).new.size == once.size


@EVERY
def test_saved_tokenizer_loads_without_panglot(name: str, tmp_path: Path) -> None:
    vocabulary = shape(name)
    new = trim_vocabulary(vocabulary, kept_by(vocabulary, TEXTS[::3])).new
    new.save(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert loaded.get_vocab() == new.ids
    assert [loaded(text)["input_ids"] for text in TEXTS] == new.encode(TEXTS, specials=True)
    assert (loaded.chat_template is None) == (name not in ("llama3", "qwen", "gemma"))
    config = json.loads((tmp_path / "tokenizer_config.json").read_bytes())
    for number, each in config.get("added_tokens_decoder", {}).items():
        assert new.ids[each["content"]] == int(number)


def test_pieces_on_the_way_stay() -> None:
    model = {
        "type": "BPE", "vocab": {each: index for index, each in enumerate(["a", "b", "c", "ab", "bc", "abc", "cab"])},
        "merges": [["b", "c"], ["a", "b"], ["ab", "c"], ["a", "bc"], ["c", "ab"]],
    }  # fmt: skip
    vocabulary = make(model, [], config={})
    # b c joins first, so abc is a + bc: ab is not on the way although it could be
    assert {vocabulary.tokens[each] for each in closed(vocabulary, [5])} == {"a", "b", "c", "bc", "abc"}
    assert {vocabulary.tokens[each] for each in closed(vocabulary, [6])} == {"a", "b", "c", "ab", "cab"}
    change = trim_vocabulary(vocabulary, [5])
    assert change.new.model["merges"] == [["b", "c"], ["a", "bc"]]
    assert [change.new.tokens[each] for each in change.new.encode(["abc"])[0]] == ["abc"]


def test_a_merge_without_its_pieces_goes_with_them() -> None:
    """The public tool for this filtered the pieces and left the merges, which the library then refuses to load."""
    change = trim_vocabulary(gpt2(), kept_by(gpt2(), ["the market"]))
    assert 0 < len(change.new.model["merges"]) < len(gpt2().model["merges"])
    assert change.new.decode(change.new.encode(["the market"])[0]) == "the market"


@pytest.mark.parametrize("written", ["text", "pairs"])
def test_both_ways_to_write_merges(written: str) -> None:
    vocabulary = gpt2()
    merges = [f"{left} {right}" if written == "text" else [left, right] for left, right in vocabulary.model["merges"]]
    vocabulary = vocabulary.with_document(model={**vocabulary.model, "merges": merges})
    change = trim_vocabulary(vocabulary, kept_by(vocabulary, TEXTS[:5]))
    assert all(isinstance(each, str if written == "text" else list) for each in change.new.model["merges"])
    assert check_same_where_all_survive(change, TEXTS) >= 10


def test_the_unknown_token_keeps_its_price() -> None:
    """Unigram: were the lowest score lost, `<unk>` would beat pieces that it did not beat before."""
    pieces = [["<unk>", 0.0], ["▁", -2.0], ["a", -3.0], ["b", -30.0], ["ab", -40.5], ["c", -3.0]]
    vocabulary = make(
        {"type": "Unigram", "unk_id": 0, "vocab": pieces, "byte_fallback": False},
        [added(0, "<unk>")],
        config={"unk_token": "<unk>"},
    )
    change = trim_vocabulary(vocabulary, [vocabulary.ids["a"], vocabulary.ids["c"]])
    assert min(score for _, score in change.new.model["vocab"]) == -40.5
    before, after = (each.encode(["axc"])[0] for each in (vocabulary, change.new))
    assert change.source[after].tolist() == before


def test_a_gap_of_wordpiece_is_as_said() -> None:
    vocab = {each: index for index, each in enumerate(["[UNK]", "a", "ab", "##bc", "##b", "##c", "##x"])}
    model: dict[str, Any] = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##"}
    vocabulary = make(
        {**model, "max_input_chars_per_word": 100, "vocab": vocab}, [added(0, "[UNK]")], config={"unk_token": "[UNK]"}
    )
    change = trim_vocabulary(vocabulary, [vocab["a"], vocab["##bc"]])
    assert [change.new.tokens[each] for each in change.new.encode(["abc"])[0]] == ["a", "##bc"]


def test_ids_in_every_place_of_the_document() -> None:
    vocabulary = xlm_r()
    processors = [
        {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": True, "add_prefix_space": False},
        {"type": "BertProcessing", "sep": ["<mask>", vocabulary.ids["<mask>"]], "cls": ["<s>", 0]},
    ]
    padding = {
        "strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": None, "pad_id": vocabulary.ids["<mask>"],
        "pad_type_id": 0, "pad_token": "<mask>",
    }  # fmt: skip
    vocabulary = vocabulary.with_document(post_processor={"type": "Sequence", "processors": processors}, padding=padding)
    new = trim_vocabulary(vocabulary, kept_by(vocabulary, TEXTS[:1])).new
    mask = new.ids["<mask>"]
    assert mask < vocabulary.ids["<mask>"]
    assert new.document["post_processor"]["processors"][1]["sep"] == ["<mask>", mask]
    assert new.document["post_processor"]["processors"][0]["sep"] == ["</s>", 2]
    assert new.document["padding"]["pad_id"] == mask


def test_holes_in_the_ids_close() -> None:
    vocab = {"a": 0, "b": 3, "ab": 7, "c": 9}
    vocabulary = make({"type": "BPE", "vocab": vocab, "merges": [["a", "b"]]}, [], config={})
    assert trim_vocabulary(vocabulary, [0, 3, 7, 9]).new == vocabulary
    change = trim_vocabulary(vocabulary, [7])
    assert change.new.model["vocab"] == {"a": 0, "b": 1, "ab": 2}
    assert change.source.tolist() == [0, 3, 7]


def test_an_id_that_is_not_there() -> None:
    with pytest.raises(InputError, match="no token with the id 99999"):
        trim_vocabulary(gpt2(), [99_999])


def test_counts_do_not_depend_on_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    vocabulary, found = gpt2(), TEXTS * 3
    expected = Counter(each for ids in vocabulary.encode(found) for each in ids)
    assert pieces_in(vocabulary, iter(found)) == expected
    monkeypatch.setattr("panglot.vocabulary.pieces._BATCH_TEXTS", 2)
    assert pieces_in(vocabulary, iter(found)) == expected
    monkeypatch.setattr("panglot.vocabulary.pieces._MOST_CHARACTERS", 20)
    parted = pieces_in(byt5(), iter(found))
    assert parted == Counter(each for ids in byt5().encode(found) for each in ids)


def test_pieces_by_count_and_size() -> None:
    vocabulary = llama3()
    counts = pieces_in(vocabulary, TEXTS)
    assert choose_pieces(vocabulary, counts=counts) == {each for each, count in counts.items() if count >= 2}
    assert choose_pieces(vocabulary, counts=counts, minimum_count=1) == set(counts)
    for size in (600, 700):
        chosen = choose_pieces(vocabulary, counts=counts, size=size, minimum_count=1)
        assert trim_vocabulary(vocabulary, chosen).new.size == size
        least = min(counts[each] for each in chosen - set(always(vocabulary)) if each in counts)
        assert least >= 1
    rare = max(each for each in range(vocabulary.size) if each not in counts and each not in vocabulary.added)
    also = choose_pieces(vocabulary, counts=counts, size=600, minimum_count=1, also=[rare])
    assert rare in also
    assert trim_vocabulary(vocabulary, also).new.size == 600
    assert rare in choose_pieces(vocabulary, counts=counts, also=[rare])
    with pytest.raises(InputError, match="cannot do without 512"):
        choose_pieces(vocabulary, counts=counts, size=100)


def test_pieces_by_script() -> None:
    vocabulary = xlm_r()
    thai = in_scripts(vocabulary, ["Thai"])
    tokens = {vocabulary.tokens[each] for each in thai}
    assert "▁" in tokens
    assert any("ต" in (each or "") for each in tokens)
    assert not any("m" in (each or "") or "市" in (each or "") for each in tokens)
    assert vocabulary.ids["市場"] in in_scripts(vocabulary, ["Jpan"]) if "市場" in vocabulary.ids else True
    spoken = surfaces(llama3())
    for each in in_scripts(llama3(), ["Thai", "Latn"]):
        text = spoken[each]
        assert text is not None
        assert not any("\u0600" <= letter <= "\u06ff" for letter in text.decode("utf-8", "ignore") if letter.isalpha())
    with pytest.raises(InputError, match="nothing says"):
        choose_pieces(vocabulary)
    with pytest.raises(InputError, match="written in Tibt"):
        choose_pieces(vocabulary, scripts=["Tibt"], counts=pieces_in(vocabulary, ["market"]), minimum_count=1)


def test_text_that_cannot_be_written() -> None:
    santali = ["ᱥᱟᱱᱛᱟᱲᱤ ᱯᱟᱹᱨᱥᱤ ᱫᱚ ᱵᱷᱟᱨᱚᱛ"]
    counts = pieces_in(xlm_r(), santali)
    assert unknown_share(xlm_r(), counts) == 1
    with pytest.raises(InputError, match="cannot write this text: 100%"):
        choose_pieces(xlm_r(), counts=counts)
    with pytest.raises(InputError, match="the text is empty"):
        choose_pieces(xlm_r(), counts=pieces_in(xlm_r(), [""]))
    with pytest.raises(InputError, match="comes up 50 times"):
        choose_pieces(xlm_r(), counts=pieces_in(xlm_r(), ["ตลาด"]), minimum_count=50)


def documents(folder: Path, rows: list[tuple[str, str]]) -> Documents:
    with DocumentWriter(folder / DOCUMENTS_FILE) as writer:
        for text, language in rows:
            writer.document(text, language, source="test")
    return Documents(folder)


def tokenizer(folder: Path, name: str) -> Tokenizer:
    shape(name).save(folder / "tokenizer")
    return Tokenizer(folder)


def test_component(tmp_path: Path) -> None:
    text = documents(tmp_path / "text", [(TEXTS[0], "tha_Thai"), (TEXTS[1], "tha_Thai"), (TEXTS[25], "eng_Latn")])
    before = tokenizer(tmp_path / "before", "xlm_r")
    with step_folder(tmp_path / "after") as step:
        trim_tokenizer(tokenizer=before, text=text, languages=[Language("tha_Thai")], minimum_count=1, step=step)
        assert step.figures["pieces"]["after"] < step.figures["pieces"]["before"]
        assert step.figures["surviving_tokens"] == 1
        assert step.figures["languages"]["tha_Thai"]["changed"] == 0
        assert step.figures["languages"]["eng_Latn"]["changed"] == 1
    after = Tokenizer.open(tmp_path / "after")
    change = Change.read(after.folder, before.vocabulary, after.vocabulary)
    check_whole(change)
    assert check_same_where_all_survive(change, TEXTS) >= 4
    with pytest.raises(InputError, match="belongs to another tokenizer"):
        Change.read(after.folder, before.vocabulary, before.vocabulary)
    with pytest.raises(InputError, match="made from another one"):
        Change.read(after.folder, shape("bert"), after.vocabulary)
    with step_folder(tmp_path / "error") as step, pytest.raises(InputError, match="no text of hin_Deva"):
        trim_tokenizer(tokenizer=before, text=text, languages=[Language("hin_Deva")], step=step)


def test_component_by_script_needs_no_text(tmp_path: Path) -> None:
    before = tokenizer(tmp_path / "before", "mt5")
    with step_folder(tmp_path / "after") as step:
        found = trim_tokenizer(tokenizer=before, languages=[Language("khm_Khmr")], step=step)
        assert "surviving_tokens" not in step.figures
        words = found.vocabulary
    khmer = [each for each in TEXTS if "ផ" in each]
    assert [len(each) for each in words.encode(khmer)] == [len(each) for each in shape("mt5").encode(khmer)]
    assert words.size < before.vocabulary.size
